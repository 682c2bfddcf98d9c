/* ticker-cli verify: the day from its trades against the day of COTAHIST. */
#include "query.h"

#include <inttypes.h>

#include "text.h"

static front_exit judge(cli_context *cli, const ticker_query *query, uint64_t rows)
{
    const char *date = front_args_value(&cli->args, "date");
    uint64_t compared = ticker_query_compared(query);
    char tickers[FRONT_NUMBER_MAX], differences[FRONT_NUMBER_MAX];

    if (rows == 0 && compared == 0) {
        front_error(&cli->console,
                    "nothing to compare on %s: import the day's trades and a COTAHIST file with that day", date);
        return FRONT_FAILED;
    }
    (void)front_text_count((int64_t)compared, tickers);
    (void)front_text_count((int64_t)rows, differences);
    front_note(&cli->console, "%s: %s %s compared, %s %s", date, tickers, compared == 1 ? "ticker" : "tickers",
               rows == 0 ? "no" : differences, rows == 1 ? "difference" : "differences");
    return rows == 0 ? FRONT_OK : FRONT_FAILED;
}

static front_exit run(cli_context *cli)
{
    cli_question question = {"verify", NULL, NULL, NULL, false, judge};

    if (!front_args_given(&cli->args, "date")) {
        front_error(&cli->console, "which day? give --date YYYY-MM-DD");
        return FRONT_USAGE;
    }
    return cli_ask(cli, &question);
}

static const front_flag flags[] = {
    {"date", 0, false, "DAY", "the day, YYYY-MM-DD (needed)"},
    {"ticker", 0, false, "TICKER,…", "only these tickers"},
    {"market", 0, false, "CODE", "only COTAHIST's rows of this market, and their tickers"},
    {"both", 0, false, "yes|no", "yes: only tickers that both sides have (default: no)"},
    CLI_FLAG_FORMAT,
    CLI_FLAG_JSON,
};

const cli_command cli_command_verify = {
    .name = "verify",
    .arguments = "--date DAY",
    .summary = "compare a day made from its trades with the day of COTAHIST",
    .text = "Open, high, low and close are those of the trades in the regular session; number of\n"
            "trades, units and money those of all sessions; cancelled trades do not count. Every\n"
            "difference is listed: ticker, field, value from the trades, value of COTAHIST. When only\n"
            "one side has a ticker, the other's number of trades is empty.\n"
            "COTAHIST counts trades up to 99,999 and begins anew, and keeps two decimals: what comes\n"
            "of that alone is no difference.\n"
            "Ends with 0 when all agrees and with 1 when something differs.\n",
    .examples = "  " CLI_PROGRAM " verify --date 2024-11-08\n"
                "  " CLI_PROGRAM " verify --date 2024-11-08 --ticker PETR4 --json\n"
                "  " CLI_PROGRAM " verify --date 2024-11-08 --both yes --format csv >differences.csv\n",
    .options = cli_query_options,
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .run = run,
};
