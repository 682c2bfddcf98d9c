#include "query.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "interrupt.h"
#include "text.h"

const char *const cli_query_options[] = {"database-url", NULL};

static int write_out(const void *data, size_t size, void *payload)
{
    return front_output_write(payload, data, size) ? 0 : 1;
}

/* Says what failed, with the flag's name in front when it was a flag's value. */
static front_exit refuse(cli_context *cli, const ticker_error *error, const char *flag)
{
    char where[64];

    (void)snprintf(where, sizeof where, "--%s", flag != NULL ? flag : "");
    front_report(&cli->console, error, flag != NULL ? where : NULL);
    return front_exit_of(error);
}

static front_exit set_parameters(cli_context *cli, ticker_query *query, const cli_question *question,
                                 ticker_error *error)
{
    static const char *const names[] = {"from",  "to",    "date",   "market", "status", "interval",
                                        "limit", "order", "cursor", "ticker", "both"};

    if (question->value != NULL && ticker_query_set(query, question->parameter, question->value, error) != TICKER_OK)
        return refuse(cli, error, NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = front_args_value(&cli->args, names[i]);

        if (value != NULL && ticker_query_set(query, names[i], value, error) != TICKER_OK)
            return refuse(cli, error, names[i]);
    }
    return FRONT_OK;
}

static const char *format_of(const cli_context *cli)
{
    const char *format = front_args_value(&cli->args, "format");

    if (format != NULL)
        return format;
    return front_args_given(&cli->args, "json") ? "json" : "table";
}

/* "no quotes for petr4 from 2030-01-01; the codes are in capitals: PETR4" */
static front_exit nothing_found(cli_context *cli, const cli_question *question, bool no_schema)
{
    const char *from = front_args_value(&cli->args, "from"), *to = front_args_value(&cli->args, "to");
    const char *date = front_args_value(&cli->args, "date"), *market = front_args_value(&cli->args, "market");
    char text[512], hint[160] = "", capitals[64];
    size_t size = 0;
    bool lower = false;

    (void)snprintf(text, sizeof text, "%s%s%.64s%s%.16s%s%.16s%s%.16s%s%.16s", question->nothing,
                   question->value != NULL ? " for " : "", question->value != NULL ? question->value : "",
                   market != NULL ? " in market " : "", market != NULL ? market : "", date != NULL ? " on " : "",
                   date != NULL ? date : "", from != NULL ? " from " : "", from != NULL ? from : "",
                   to != NULL ? " to " : "", to != NULL ? to : "");
    for (; question->value != NULL && question->value[size] != '\0' && size + 1 < sizeof capitals; size++) {
        lower = lower || islower((unsigned char)question->value[size]);
        capitals[size] = (char)toupper((unsigned char)question->value[size]);
    }
    capitals[size] = '\0';
    if (no_schema)
        (void)snprintf(hint, sizeof hint, "; nothing has been imported into this database yet");
    else if (lower && question->parameter != NULL && strcmp(question->parameter, "ticker") == 0)
        (void)snprintf(hint, sizeof hint, "; the codes are in capitals: %s", capitals);
    if (question->may_be_empty) {
        front_note(&cli->console, "%s%s", text, hint);
        return FRONT_OK;
    }
    front_error(&cli->console, "%s%s", text, hint);
    return FRONT_FAILED;
}

static front_exit run_query(cli_context *cli, ticker_query *query, ticker_store *store, const cli_question *question,
                            ticker_error *error)
{
    const char *format = format_of(cli);
    uint64_t rows = 0;
    int more = 0;

    if (ticker_query_run(query, store, format, write_out, &cli->output, &rows, &more, error) != TICKER_OK) {
        /* When the output is what failed, that is told at the end, or it is no failure at all. */
        if (cli->output.error != 0)
            return FRONT_OK;
        front_report(&cli->console, error, NULL);
        return front_exit_of(error);
    }
    if (question->judge != NULL)
        return question->judge(cli, query, rows);
    if (rows == 0)
        return nothing_found(cli, question, false);
    if (more)
        front_note(&cli->console, "the limit of %" PRIu64 " rows cut the answer; it goes on with --cursor %s", rows,
                   ticker_query_cursor(query));
    return FRONT_OK;
}

/* A query needs the tables of this version. It does not make them: reading should not change a database. */
static front_exit ask_store(cli_context *cli, ticker_query *query, ticker_store *store, const cli_question *question,
                            ticker_error *error)
{
    int found = 0, wanted = 0;

    if (ticker_store_version(store, &found, &wanted, error) != TICKER_OK) {
        front_report(&cli->console, error, NULL);
        return front_exit_of(error);
    }
    if (found == 0) {
        bool single = strcmp(question->kind, "summary") == 0 ||
                      (question->parameter != NULL && question->value != NULL &&
                       strcmp(question->parameter, "id") == 0);

        if (strcmp(format_of(cli), "json") == 0)
            (void)front_output_text(&cli->output, single ? "null\n" : "[]\n");
        return question->judge != NULL ? question->judge(cli, query, 0) : nothing_found(cli, question, true);
    }
    if (found < wanted) {
        front_error(&cli->console, "the database has schema version %d, this program needs %d; run '%s db migrate'",
                    found, wanted, CLI_PROGRAM);
        return FRONT_USAGE;
    }
    if (found > wanted) {
        front_error(&cli->console, "the database has schema version %d, this program knows only %d; use a newer %s",
                    found, wanted, CLI_PROGRAM);
        return FRONT_USAGE;
    }
    return run_query(cli, query, store, question, error);
}

front_exit cli_ask(cli_context *cli, const cli_question *question)
{
    ticker_query *query = ticker_query_new(question->kind);
    ticker_error *error = ticker_error_new();
    ticker_store *store = NULL;
    front_exit result = FRONT_FAILED;

    if (query == NULL || error == NULL) {
        front_error(&cli->console, "out of memory");
        goto out;
    }
    front_interrupt_at_once(); /* nothing to undo */
    result = set_parameters(cli, query, question, error);
    if (result != FRONT_OK)
        goto out;
    if (ticker_store_open(cli->options, &store, error) != TICKER_OK) {
        front_report(&cli->console, error, NULL);
        result = front_exit_of(error);
        goto out;
    }
    result = ask_store(cli, query, store, question, error);

out:
    ticker_store_free(store);
    ticker_query_free(query);
    ticker_error_free(error);
    return result;
}
