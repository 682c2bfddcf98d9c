/* ticker-cli tickers: which tickers there are. */
#include "query.h"

static front_exit run(cli_context *cli)
{
    const char *pattern = cli->args.positional_count > 0 ? cli->args.positional[0] : NULL;
    cli_question question = {"tickers", "pattern", pattern, "no tickers", pattern == NULL};

    return cli_ask(cli, &question);
}

static const front_flag flags[] = {CLI_FLAG_LIMIT, CLI_FLAG_FORMAT, CLI_FLAG_JSON};

const cli_command cli_command_tickers = {
    .name = "tickers",
    .arguments = "[PATTERN]",
    .summary = "list the tickers that are in the database",
    .text = "PATTERN is a part of the code or of the name, in any case; with * or ? (in quotes, for\n"
            "the shell) it is the whole of it. Ends with 1 when none fits.\n",
    .examples = "  " CLI_PROGRAM " tickers petr\n"
                "  " CLI_PROGRAM " tickers 'PETR?' --json\n",
    .options = cli_query_options,
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .max = 1,
    .run = run,
};
