/* What the commands that ask the database share. */
#ifndef CLI_QUERY_H
#define CLI_QUERY_H

#include "cli.h"

/* The flags of these commands that are parameters of a query, by the same name. */
#define CLI_FLAG_FROM                                                                                                  \
    {                                                                                                                  \
        "from", 0, false, "DAY", "from this day on, YYYY-MM-DD"                                                        \
    }
#define CLI_FLAG_TO                                                                                                    \
    {                                                                                                                  \
        "to", 0, false, "DAY", "up to and with this day, YYYY-MM-DD"                                                   \
    }
#define CLI_FLAG_MARKET                                                                                                \
    {                                                                                                                  \
        "market", 0, false, "CODE", "only this market: 010 cash, 020 odd lots, 030 forward, 070 calls …"             \
    }
#define CLI_FLAG_LIMIT                                                                                                 \
    {                                                                                                                  \
        "limit", 0, false, "N", "N rows at most (default: all of them)"                                                \
    }
#define CLI_FLAG_ORDER                                                                                                 \
    {                                                                                                                  \
        "order", 0, false, "asc|desc", "oldest first (asc, the default) or newest first"                               \
    }
#define CLI_FLAG_CURSOR                                                                                                \
    {                                                                                                                  \
        "cursor", 0, false, "TEXT", "go on where an answer was cut: what it said"                                      \
    }
#define CLI_FLAG_FORMAT                                                                                                \
    {                                                                                                                  \
        "format", 0, false, "table|csv|json|ndjson", "how the answer is printed (default: table)"                      \
    }
#define CLI_FLAG_JSON                                                                                                  \
    {                                                                                                                  \
        "json", 0, false, NULL, "the same as --format json"                                                            \
    }

typedef struct cli_question {
    const char *kind;      /* for ticker_query_new() */
    const char *parameter; /* what the argument is: "ticker", "pattern", "id"; NULL when there is none */
    const char *value;     /* the argument, or NULL */
    const char *nothing;   /* what to say when there are no rows: "no quotes" */
    bool may_be_empty;     /* no rows are an answer, not a failure */
    /* What becomes of the answer, in the place of what is said when there are no rows; NULL: nothing else. */
    front_exit (*judge)(cli_context *cli, const ticker_query *query, uint64_t rows);
} cli_question;

/* Asks and prints. FRONT_FAILED after a word on standard error when there is nothing that fits. */
front_exit cli_ask(cli_context *cli, const cli_question *question);

extern const char *const cli_query_options[]; /* of the library's table */

#endif
