/* ticker-cli summary: a ticker in a few numbers. */
#include "query.h"

static front_exit run(cli_context *cli)
{
    cli_question question = {"summary", "ticker", cli->args.positional[0], "no quotes", false, NULL};

    return cli_ask(cli, &question);
}

static const front_flag flags[] = {CLI_FLAG_FROM, CLI_FLAG_TO, CLI_FLAG_FORMAT, CLI_FLAG_JSON};

const cli_command cli_command_summary = {
    .name = "summary",
    .arguments = "TICKER",
    .summary = "show highest price, highest daily volume and more of a ticker",
    .text = "Over all its days, or those between --from and --to.\n"
            "Ends with 1 when there is no quote.\n",
    .examples = "  " CLI_PROGRAM " summary PETR4\n"
                "  " CLI_PROGRAM " summary PETR4 --from 2021-06-25 --json\n",
    .options = cli_query_options,
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .min = 1,
    .max = 1,
    .run = run,
};
