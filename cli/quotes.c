/* ticker-cli quotes: the quotes of tickers. */
#include "query.h"

static front_exit run(cli_context *cli)
{
    bool all = front_args_given(&cli->args, "all"), named = cli->args.positional_count > 0;
    cli_question question = {"quotes", "ticker", named ? cli->args.positional[0] : NULL, "no quotes", false, NULL};

    if (all == named) {
        front_error(&cli->console, "%s; try '%s help quotes'",
                    all ? "either a ticker or --all, not both" : "which ticker? name one, or say --all", CLI_PROGRAM);
        return FRONT_USAGE;
    }
    question.may_be_empty = all;
    return cli_ask(cli, &question);
}

static const front_flag flags[] = {
    {"all", 0, false, NULL, "the quotes of all tickers"},
    CLI_FLAG_FROM,
    CLI_FLAG_TO,
    {"date", 0, false, "DAY", "on this day only, YYYY-MM-DD"},
    CLI_FLAG_MARKET,
    {"interval", 0, false, "1d|1w|1mo", "candles of days, weeks (from Monday on) or months"},
    CLI_FLAG_LIMIT,
    CLI_FLAG_ORDER,
    CLI_FLAG_CURSOR,
    CLI_FLAG_FORMAT,
    CLI_FLAG_JSON,
};

const cli_command cli_command_quotes = {
    .name = "quotes",
    .arguments = "TICKER[,TICKER...]",
    .summary = "show the daily quotes of a ticker, oldest first",
    .text = "TICKER is B3's trading code as in the file (PETR4); several have commas between them.\n"
            "All rows are shown unless --limit is given; the numbers have the exact digits of the\n"
            "file. A table shows the main columns; csv, json and ndjson have all of them.\n"
            "With --interval the days of a period are one candle: the open of the first day, the close\n"
            "of the last, the highest and lowest price, and exact sums of trades, volume and turnover.\n"
            "Ends with 1 when there is no such quote.\n",
    .examples = "  " CLI_PROGRAM " quotes PETR4\n"
                "  " CLI_PROGRAM " quotes PETR4,VALE5 --from 2016-01-01 --to 2016-12-31\n"
                "  " CLI_PROGRAM " quotes PETR4 --interval 1mo --order desc --limit 12\n"
                "  " CLI_PROGRAM " quotes --all --date 2016-01-04 --format csv > day.csv\n"
                "  " CLI_PROGRAM " quotes PETR4 --json | jq '.[-1].close'\n",
    .options = cli_query_options,
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .max = 1,
    .run = run,
};
