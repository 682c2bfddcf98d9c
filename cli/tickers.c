/* ticker-cli tickers: which tickers there are. */
#include "query.h"

static front_exit run(cli_context *cli)
{
    const char *pattern = cli->args.positional_count > 0 ? cli->args.positional[0] : NULL;
    cli_question question = {
        "tickers", "pattern", pattern, "no tickers", pattern == NULL && !front_args_given(&cli->args, "market"), NULL};

    return cli_ask(cli, &question);
}

static const front_flag flags[] = {
    CLI_FLAG_MARKET, CLI_FLAG_LIMIT,  {"order", 0, false, "asc|desc", "in the order of the codes, or the opposite one"},
    CLI_FLAG_CURSOR, CLI_FLAG_FORMAT, CLI_FLAG_JSON,
};

const cli_command cli_command_tickers = {
    .name = "tickers",
    .arguments = "[PATTERN]",
    .summary = "list the tickers that are in the database",
    .text = "PATTERN is a part of the code, of the name or of the ISIN, in any case; with * or ? (in\n"
            "quotes, for the shell) it is the whole of it. Ends with 1 when none fits.\n",
    .examples = "  " CLI_PROGRAM " tickers petr\n"
                "  " CLI_PROGRAM " tickers 'PETR?' --json\n"
                "  " CLI_PROGRAM " tickers --market 070 --limit 100\n",
    .options = cli_query_options,
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .max = 1,
    .run = run,
};
