/* ticker-cli trades: the trades of a ticker on a day. */
#include "query.h"

static front_exit run(cli_context *cli)
{
    cli_question question = {"trades", "ticker", cli->args.positional[0], "no trades", false, NULL};

    if (!front_args_given(&cli->args, "date")) {
        front_error(&cli->console, "which day? give --date YYYY-MM-DD");
        return FRONT_USAGE;
    }
    return cli_ask(cli, &question);
}

static const front_flag flags[] = {
    {"date", 0, false, "DAY", "the day of the trades, YYYY-MM-DD (needed)"},
    {"from", 0, false, "TIME", "from this time on, HH:MM[:SS[.mmm]]"},
    {"to", 0, false, "TIME", "up to and with this time"},
    {"interval", 0, false, "1m|5m|15m|1h", "candles of so many minutes, or of an hour"},
    CLI_FLAG_LIMIT,
    CLI_FLAG_ORDER,
    CLI_FLAG_CURSOR,
    CLI_FLAG_FORMAT,
    CLI_FLAG_JSON,
};

const cli_command cli_command_trades = {
    .name = "trades",
    .arguments = "TICKER --date DAY",
    .summary = "show the trades of a ticker on one day",
    .text = "Every row of the day's trade files, in the order of their time. A cancelled trade has\n"
            "two rows: the trade (action 0) and its cancellation (action 2).\n"
            "With --interval the trades that count are put together: cancelled ones do not, and as in\n"
            "the day's quote those outside the regular session count for the sums but make no prices.\n"
            "Ends with 1 when there is no such trade.\n",
    .examples = "  " CLI_PROGRAM " trades WINV26 --date 2026-09-10\n"
                "  " CLI_PROGRAM " trades WINV26 --date 2026-09-10 --limit 100 --format csv\n"
                "  " CLI_PROGRAM " trades WINV26 --date 2026-09-10 --from 10:00 --interval 5m\n",
    .options = cli_query_options,
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .min = 1,
    .max = 1,
    .run = run,
};
