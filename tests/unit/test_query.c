/* What a query may be asked, which SQL and parameters come of it, and how it ends. */
#include "query_fake.h"

static void refused(const char *kind, const char *name, const char *value)
{
    ticker_query *query = ticker_query_new(kind);
    ticker_error error;

    ck_assert_ptr_nonnull(query);
    ti_error_init(&error);
    ck_assert_msg(ticker_query_set(query, name, value, &error) == TICKER_FATAL, "%s %s=%s was taken", kind, name,
                  value);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_str_ne(error.message, "");
    ticker_query_free(query);
}

START_TEST(quotes_ask_in_a_total_order)
{
    fake store = FAKE_SOME(sqlite_quotes, QUOTE_GIVEN, QUOTE_CELLS);
    ticker_query *query = ASK("quotes");
    output out = {.discard = true};

    ck_assert_int_eq(ticker_query_run(query, &store.store, "csv", take, &out, NULL, NULL, NULL), TICKER_OK);
    ck_assert_str_eq(store.sql,
                     "SELECT ticker, trade_date, market, bdi, name, specification, term_days, currency, open, high, "
                     "low, average, close, bid, ask, trades, volume, turnover, turnover_rest, strike, strike_points, "
                     "correction, expiry, factor, isin, distribution, source" QUOTE_REST_SQL
                     " FROM {quotes} AS q ORDER BY trade_date, "
                     "ticker, market NULLS FIRST, term_days NULLS FIRST, occurrence");
    ck_assert_str_eq(store.asked, "");
    ticker_query_free(query);
}
END_TEST

START_TEST(quotes_conditions_are_bound)
{
    fake store = LIMITED;
    ticker_query *query = ASK("quotes", "ticker=PET 2, x' OR '1'='1,PET 2", "from=2016-01-04", "to=2016-01-06",
                              "date=2016-01-05", "market=010", "limit=7", "order=desc");
    output out = {.discard = true};

    ck_assert_int_eq(ticker_query_run(query, &store.store, "csv", take, &out, NULL, NULL, NULL), TICKER_OK);
    ck_assert_ptr_nonnull(strstr(store.sql, " FROM {quotes} AS q WHERE ticker IN ($1, $2) AND trade_date = $3 AND "
                                            "trade_date >= $4 AND trade_date <= $5 AND market = $6 ORDER BY trade_date "
                                            "DESC, ticker DESC, market DESC NULLS LAST, term_days DESC NULLS LAST, "
                                            "occurrence DESC LIMIT $7"));
    ck_assert_str_eq(store.asked, "text:PET 2 text:x' OR '1'='1 date:16805 date:16804 date:16806 text:010 integer:8 ");
    ticker_query_free(query);
}
END_TEST

START_TEST(a_parameter_can_be_set_again)
{
    fake store = LIMITED;
    ticker_query *query = ASK("quotes", "ticker=A,B,C", "ticker=PETR4", "limit=3", "limit=1", "order=desc",
                              "order=asc");
    output out = {.discard = true};
    int more = 0;

    ck_assert_int_eq(ticker_query_set(query, "ticker", "", NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_query_run(query, &store.store, "csv", take, &out, NULL, &more, NULL), TICKER_OK);
    ck_assert_ptr_nonnull(strstr(store.sql, " WHERE ticker = $1 ORDER BY trade_date, "));
    ck_assert_str_eq(store.asked, "text:PETR4 integer:2 ");
    ck_assert_int_eq(more, 1);
    ticker_query_free(query);
}
END_TEST

START_TEST(the_limit_says_whether_it_cut)
{
    fake store = LIMITED;
    ticker_query *one = ASK("quotes", "ticker=A", "limit=1"), *two = ASK("quotes", "ticker=A", "limit=2");
    output out = {.discard = true};
    uint64_t rows = 0;
    int more = 0;

    ck_assert_int_eq(ticker_query_run(one, &store.store, "ndjson", take, &out, &rows, &more, NULL), TICKER_OK);
    ck_assert_uint_eq(rows, 1);
    ck_assert_int_eq(more, 1);
    ck_assert_int_eq(ticker_query_run(two, &store.store, "ndjson", take, &out, &rows, &more, NULL), TICKER_OK);
    ck_assert_uint_eq(rows, 2);
    ck_assert_int_eq(more, 0);
    ck_assert_int_eq(store.cursors, 0);
    ticker_query_free(one);
    ticker_query_free(two);
}
END_TEST

/* Two rows of one day, a day without prices, and volumes whose sum passes 64 bits. */
static const ti_cell history[] = {
    INT(16804),
    INT(7000000),
    INT(6800000),
    INT(6870000),
    INT(999999999999999999),
    INT(16804),
    INT(7100000),
    NIL,
    INT(1),
    INT(999999999999999999),
    STR("2016-01-05"),
    STR("7.05"),
    STR("5.5"),
    STR("5.500000"),
    STR("9223372036854775806"),
    INT(16806),
    NIL,
    NIL,
    NIL,
    NIL,
    STR("2016-01-07"),
    NIL,
    NIL,
    NIL,
    INT(1),
    INT(16807),
    INT(6000000),
    INT(6000000),
    INT(6010000),
    INT(2),
    INT(16807),
    INT(6000000),
    INT(6000000),
    INT(9990000),
    INT(2),
};

START_TEST(a_summary_is_exact)
{
    fake store = FAKE(history, 5);
    ticker_query *open = ASK("summary", "ticker=PETR4");
    ticker_query *closed = ASK("summary", "ticker=PETR4", "from=2016-01-01", "to=2016-12-31");

    expect(open, &store, "json",
           "{\"ticker\":\"PETR4\",\"from\":\"2016-01-04\",\"to\":\"2016-01-07\",\"max_range_value\":7.10,"
           "\"max_daily_volume\":9223372036854775806,\"min_range_value\":5.50,\"last_close\":6.01,"
           "\"first_date\":\"2016-01-04\",\"last_date\":\"2016-01-07\",\"days\":3,"
           "\"total_volume\":11223372036854775809,\"average_volume\":3741124012284925269.67,\"high_52_weeks\":7.10,"
           "\"low_52_weeks\":5.50}\n",
           1, 0);
    ck_assert_str_eq(store.sql,
                     "SELECT trade_date, high, low, close, volume FROM {quotes} AS q WHERE ticker = $1 ORDER "
                     "BY trade_date, ticker, market NULLS FIRST, term_days NULLS FIRST, occurrence");
    ck_assert_str_eq(store.asked, "text:PETR4 ");
    expect(closed, &store, "csv",
           "ticker,from,to,max_range_value,max_daily_volume,min_range_value,last_close,first_date,last_date,days,"
           "total_volume,average_volume,high_52_weeks,low_52_weeks\nPETR4,2016-01-01,2016-12-31,7.10,"
           "9223372036854775806,5.50,6.01,2016-01-04,2016-01-07,3,11223372036854775809,3741124012284925269.67,7.10,"
           "5.50\n",
           1, 0);
    /* The 52 weeks that end with the last day begin before the days that were asked for. */
    ck_assert_str_eq(store.asked, "text:PETR4 date:16444 date:16807 ");
    expect(open, &store, "table",
           "ticker            PETR4\nfrom              2016-01-04\nto                2016-01-07\n"
           "max_range_value   7.10\nmax_daily_volume  9223372036854775806\nmin_range_value   5.50\n"
           "last_close        6.01\nfirst_date        2016-01-04\nlast_date         2016-01-07\n"
           "days              3\ntotal_volume      11223372036854775809\n"
           "average_volume    3741124012284925269.67\nhigh_52_weeks     7.10\nlow_52_weeks      5.50\n",
           1, 0);
    ticker_query_free(open);
    ticker_query_free(closed);
}
END_TEST

START_TEST(a_summary_refuses_what_it_cannot_read)
{
    static const ti_cell odd[] = {INT(16804), STR("NaN"), NIL, NIL, NIL};
    fake store = FAKE(odd, 5);
    ticker_query *query = ASK("summary", "ticker=PETR4");
    output out = {0};
    ticker_error error;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_query_run(query, &store.store, "json", take, &out, NULL, NULL, &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_DATABASE);
    ck_assert_int_eq(store.cursors, 0);
    ck_assert_uint_eq(out.total, 0);
    ticker_query_free(query);
}
END_TEST

/* Each pattern and what LIKE is given for it. */
START_TEST(patterns_become_like)
{
    static const char *const pairs[][2] = {
        {"petr", "text:%PETR% text:%PETR% text:%PETR% "},
        {"PET*", "text:PET% text:PET% text:PET% "},
        {"P?TR4", "text:P_TR4 text:P_TR4 text:P_TR4 "},
        {"50%_!", "text:%50!%!_!!% text:%50!%!_!!% text:%50!%!_!!% "},
        {"**a**", "text:%A% text:%A% text:%A% "},
        {"mudrir\xc3\xa9", "text:%MUDRIR\xc3\x89% text:%MUDRIR\xc3\x89% text:%MUDRIR\xc3\x89% "},
        {"\xc3\xb7", "text:%\xc3\xb7% text:%\xc3\xb7% text:%\xc3\xb7% "},
    };
    static const ti_cell row[] = {STR("PETR4"), STR("PETROBRAS"), STR("PN"),        STR("010"),
                                  NIL,          INT(0),           STR("2016-01-04")};

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        fake store = FAKE(row, 7);
        ticker_query *query = ASK("tickers", "limit=10");

        ck_assert_int_eq(ticker_query_set(query, "pattern", pairs[i][0], NULL), TICKER_OK);
        expect(query, &store, "ndjson",
               "{\"ticker\":\"PETR4\",\"name\":\"PETROBRAS\",\"specification\":\"PN\",\"market\":\"010\","
               "\"isin\":null,\"first_date\":\"1970-01-01\",\"last_date\":\"2016-01-04\"}\n",
               1, 0);
        ck_assert_ptr_eq(strstr(store.asked, pairs[i][1]), store.asked);
        ck_assert_ptr_nonnull(strstr(store.sql, " FROM {instruments} AS i WHERE (UPPER(ticker) LIKE $1 ESCAPE '!' OR "
                                                "UPPER(name) LIKE $2 ESCAPE '!' OR UPPER(isin) LIKE $3 ESCAPE '!') "
                                                "ORDER BY ticker LIMIT $4"));
        ticker_query_free(query);
    }
}
END_TEST

START_TEST(a_writer_that_stops_ends_it)
{
    fake store = {.store = {.ops = &fake_ops},
                  .cells = sqlite_quotes,
                  .columns = QUOTE_CELLS,
                  .given = QUOTE_GIVEN,
                  .count = 50000,
                  .repeat = true};
    ticker_query *query = ASK("quotes");
    output out = {.discard = true, .stop_after = 2};
    uint64_t rows = 77;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_query_run(query, &store.store, "csv", take, &out, &rows, NULL, &error), TICKER_RETRY);
    ck_assert_int_eq(error.kind, TICKER_ERROR_CANCELLED);
    ck_assert_int_eq(out.writes, 2);
    ck_assert_uint_eq(rows, 77);
    ck_assert_int_eq(store.cursors, 0);
    ticker_query_free(query);
}
END_TEST

START_TEST(a_store_that_fails)
{
    ticker_query *query = ASK("quotes");
    fake dead = {.store = {.ops = &fake_ops}, .columns = QUOTE_CELLS, .fail_query = TICKER_RETRY};
    fake dying = FAKE_SOME(sqlite_quotes, QUOTE_GIVEN, QUOTE_CELLS), other = FAKE(sqlite_quotes, 1);
    output out = {.discard = true};
    ticker_error error;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_query_run(query, &dead.store, "json", take, &out, NULL, NULL, &error), TICKER_RETRY);
    ck_assert_str_eq(error.message, "no such server");
    dying.fail_next = TICKER_RETRY;
    ticker_error_clear(&error);
    ck_assert_int_eq(ticker_query_run(query, &dying.store, "json", take, &out, NULL, NULL, &error), TICKER_RETRY);
    ck_assert_str_eq(error.message, "gone");
    ticker_error_clear(&error);
    ck_assert_int_eq(ticker_query_run(query, &other.store, "json", take, &out, NULL, NULL, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_INTERNAL);
    ck_assert_int_eq(dead.cursors + dying.cursors + other.cursors, 0);
    ticker_query_free(query);
}
END_TEST

START_TEST(usage)
{
    fake store = FAKE_SOME(sqlite_quotes, QUOTE_GIVEN, QUOTE_CELLS);
    ticker_query *query = ASK("trades", "ticker=A");
    output out = {0};
    ticker_error error;

    ti_error_init(&error);
    ck_assert_ptr_null(ticker_query_new("nonsense"));
    ck_assert_ptr_null(ticker_query_new(NULL));
    ticker_query_free(NULL);
    ck_assert_int_eq(ticker_query_run(query, &store.store, "json", take, &out, NULL, NULL, &error), TICKER_FATAL);
    ck_assert_str_eq(error.message, "a query for trades needs the parameter \"date\"");
    ck_assert_int_eq(ticker_query_set(query, "date", "2025-04-29", NULL), TICKER_OK);
    ticker_error_clear(&error);
    ck_assert_int_eq(ticker_query_run(query, &store.store, "xml", take, &out, NULL, NULL, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_int_eq(ticker_query_run(query, NULL, "csv", take, &out, NULL, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_query_run(query, &store.store, NULL, take, &out, NULL, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_query_run(query, &store.store, "csv", NULL, NULL, NULL, NULL, NULL), TICKER_FATAL);
    ck_assert_uint_eq(out.total, 0);
    ck_assert_str_eq(store.sql, "");
    ticker_query_free(query);
}
END_TEST

START_TEST(words_that_are_none)
{
    refused("imports", "status", "Failed");
    refused("imports", "status", "");
    refused("imports", "q", "x");
    refused("tickers", "q", "");
    refused("tickers", "q", "  ");
    refused("tickers", "q", "a\tb");
    refused("tickers", "interval", "1d");
    refused("quotes", "interval", "1m");
    refused("quotes", "interval", "");
    refused("quotes", "interval", "1D");
    refused("trades", "interval", "1d");
    refused("trades", "interval", "2m");
    refused("trades", "from", "2016-01-04");
    refused("trades", "from", "24:00");
    refused("trades", "from", "10:00:00.1");
    refused("trades", "to", "10:60");
    refused("trades", "to", "10.00");
    refused("summary", "cursor", "AAAAAAAAAAAAAAAA");
}
END_TEST

START_TEST(values_that_cannot_be)
{
    char list[TICKER_QUERY_TICKERS_MAX * 8 + 16] = "T0";

    refused("quotes", "ticker", "");
    refused("quotes", "ticker", "A,,B");
    refused("quotes", "ticker", "A,");
    refused("quotes", "ticker", ",");
    refused("quotes", "ticker", "  ");
    refused("quotes", "ticker", "A\nB");
    refused("quotes", "ticker", "\xff");
    refused("trades", "ticker", "123456789012345678901234567890123456789012345678901");
    refused("quotes", "from", "2016-02-30");
    refused("quotes", "to", "20160104");
    refused("quotes", "date", "today");
    refused("quotes", "market", "10");
    refused("quotes", "market", "01x");
    refused("quotes", "market", "-10");
    refused("quotes", "limit", "0");
    refused("quotes", "limit", "-1");
    refused("quotes", "limit", "9223372036854775807");
    refused("quotes", "limit", "99999999999999999999");
    refused("quotes", "limit", "1 ");
    refused("quotes", "order", "ASC");
    refused("quotes", "pattern", "x");
    refused("imports", "id", "x");
    refused("imports", "ticker", "A");
    refused("imports", "location", "");
    refused("imports", "location", "Key");
    refused("tickers", "location", "key");
    refused("tickers", "pattern", "");
    refused("tickers", "pattern", "\xc3");
    refused("summary", "limit", "1");
    refused("summary", "nonsense", "1");
    refused("quotes", "ticker", NULL);
    refused("quotes", NULL, "1");
    for (unsigned i = 1; i <= TICKER_QUERY_TICKERS_MAX; i++) {
        size_t used = strlen(list);

        (void)snprintf(list + used, sizeof(list) - used, ",T%u", i);
    }
    refused("quotes", "ticker", list);
    *strrchr(list, ',') = '\0';
    ticker_query_free(ASK("quotes", "limit=9223372036854775806"));
    {
        ticker_query *query = ticker_query_new("quotes");

        ck_assert_int_eq(ticker_query_set(query, "ticker", list, NULL), TICKER_OK);
        ck_assert_uint_eq(query->tickers, TICKER_QUERY_TICKERS_MAX);
        ticker_query_free(query);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        quotes_ask_in_a_total_order,  quotes_conditions_are_bound,
        a_parameter_can_be_set_again, the_limit_says_whether_it_cut,
        a_summary_is_exact,           a_summary_refuses_what_it_cannot_read,
        patterns_become_like,         a_writer_that_stops_ends_it,
        a_store_that_fails,           usage,
        words_that_are_none,          values_that_cannot_be,
    };

    return run_tests("query", tests, sizeof(tests) / sizeof(tests[0]));
}
