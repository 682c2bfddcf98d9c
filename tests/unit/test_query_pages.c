/* Where a page ends and the next one begins, the canonical text of a question, the windows of days, and candles. */
#include "base/number.h"
#include "query/place.h"
#include "query/run.h"
#include "query/value.h"
#include "query_fake.h"

#include <time.h>

static void run(ticker_query *query, fake *store, uint64_t rows, int more)
{
    output out = {.discard = true};
    uint64_t got_rows = 99;
    int got_more = 99;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_msg(ticker_query_run(query, &store->store, "csv", take, &out, &got_rows, &got_more, &error) == TICKER_OK,
                  "%s", error.message);
    ck_assert_uint_eq(got_rows, rows);
    ck_assert_int_eq(got_more, more);
    ck_assert_int_eq(store->cursors, 0);
}

static void refused_cursor(ticker_query *query, const char *cursor)
{
    ticker_error error;

    ti_error_init(&error);
    if (ticker_query_set(query, "cursor", cursor, &error) == TICKER_OK)
        ck_assert_msg(ticker_query_check(query, &error) == TICKER_FATAL, "\"%s\" was taken", cursor);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
}

START_TEST(a_cut_answer_has_a_cursor)
{
    fake store = LIMITED;
    ticker_query *query = ASK("quotes", "ticker=PETR4", "limit=1"), *whole = ASK("quotes", "ticker=PETR4", "limit=2");
    char *cursor;

    ck_assert_ptr_null(ticker_query_cursor(query));
    ck_assert_ptr_null(ticker_query_cursor(NULL));
    run(whole, &store, 2, 0);
    ck_assert_ptr_null(ticker_query_cursor(whole));
    run(query, &store, 1, 1);
    ck_assert_ptr_nonnull(ticker_query_cursor(query));
    ck_assert_uint_lt(strlen(ticker_query_cursor(query)), TICKER_QUERY_CURSOR_MAX);
    cursor = strdup(ticker_query_cursor(query));
    ck_assert_ptr_nonnull(cursor);
    ck_assert_int_eq(ticker_query_set(query, "cursor", cursor, NULL), TICKER_OK);
    ck_assert_ptr_null(ticker_query_cursor(query));
    ck_assert_int_eq(ticker_query_check(query, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_query_set(query, "limit", "5", NULL), TICKER_OK); /* may be another */
    run(query, &store, 2, 0);
    ck_assert_ptr_nonnull(strstr(store.sql, " WHERE ticker = $1 AND trade_date >= $2 AND (trade_date, ticker, "
                                            "COALESCE(market, ''), COALESCE(term_days, -1), occurrence) > "
                                            "($3, $4, $5, $6, $7) ORDER BY trade_date, "));
    ck_assert_str_eq(store.asked,
                     "text:PETR4 date:16804 date:16804 text:PETR4 text:010 integer:-1 integer:0 integer:6 ");
    free(cursor);
    ticker_query_free(query);
    ticker_query_free(whole);
}
END_TEST

START_TEST(a_cursor_belongs_to_its_question)
{
    fake store = LIMITED;
    ticker_query *query = ASK("quotes", "ticker=PETR4,VALE5", "order=desc", "limit=1");
    char cursor[TICKER_QUERY_CURSOR_MAX], changed[TICKER_QUERY_CURSOR_MAX];
    ticker_query *same = ASK("quotes", "order=desc", "ticker=VALE5,PETR4,VALE5");
    ticker_query *others[] = {
        ASK("quotes", "ticker=PETR4", "order=desc"),
        ASK("quotes", "ticker=PETR4,VALE5"),
        ASK("quotes", "ticker=PETR4,VALE5", "order=desc", "market=010"),
        ASK("quotes", "ticker=PETR4,VALE5", "order=desc", "interval=1d"),
        ASK("quotes", "order=desc"),
        ASK("trades", "ticker=PETR4", "date=2016-01-04", "order=desc"),
        ASK("tickers"),
        ASK("imports"),
    };

    run(query, &store, 1, 1);
    (void)snprintf(cursor, sizeof(cursor), "%s", ticker_query_cursor(query));
    ck_assert_int_eq(ticker_query_set(same, "cursor", cursor, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_query_check(same, NULL), TICKER_OK);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        output out = {.discard = true};

        refused_cursor(others[i], cursor);
        ck_assert_int_eq(ticker_query_run(others[i], &store.store, "csv", take, &out, NULL, NULL, NULL), TICKER_FATAL);
        ck_assert_uint_eq(out.total, 0);
        ticker_query_free(others[i]);
    }
    /* Every letter counts. */
    for (size_t i = 0; i < strlen(cursor); i++) {
        memcpy(changed, cursor, sizeof(cursor));
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        refused_cursor(same, changed);
        memcpy(changed, cursor, sizeof(cursor));
        changed[i] = '\0';
        refused_cursor(same, changed);
    }
    ticker_query_free(query);
    ticker_query_free(same);
}
END_TEST

/* Fields with a right hash that no row has: whoever makes them by hand is refused too. */
START_TEST(fields_that_cannot_be)
{
    ticker_query *query = ASK("quotes", "ticker=PETR4");
    static const ti_place bad[] = {
        {.number = {INT64_MAX, 0, 0, 0, 0}, .text = {"", "A"}},
        {.number = {-719163, 0, 0, 0, 0}, .text = {"", "A"}},
        {.number = {2932897, 0, 0, 0, 0}, .text = {"", "A"}},
        {.number = {0}, .text = {"", "\xff"}},
        {.number = {0}, .text = {"", "A", "\xc3"}},
    };
    static const ti_place good = {.number = {2932896, 0, 0, -1, INT64_MAX}, .text = {"", "", "a,b%\xc3\xa9"}};
    ti_place read;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_int_eq(ti_place_write(query, &bad[i], NULL), TICKER_OK);
        refused_cursor(query, ticker_query_cursor(query));
    }
    ck_assert_int_eq(ti_place_write(query, &good, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_query_set(query, "cursor", query->next, NULL), TICKER_OK);
    ck_assert_int_eq(ti_place_read(query, &read, NULL), TICKER_OK);
    ck_assert_mem_eq(&read, &good, sizeof(good));
    refused_cursor(query, "");
    refused_cursor(query, "c");
    refused_cursor(query, "cAAAAAAAAAAA");
    refused_cursor(query, "cAAAAAAAAAAAA==");
    refused_cursor(query, "cAAAAAAAAAAA+/");
    ticker_query_free(query);
}
END_TEST

/* Each kind of list goes on behind its own key. */
START_TEST(each_kind_has_its_place)
{
    static const ti_cell trades[] = {STR("A"),   INT(1),     STR("10:00:00.1"),
                                     STR("1.5"), INT(1),     STR("77"),
                                     INT(0),     STR("6"),   NIL,
                                     NIL,        INT(16805), NIL,
                                     STR("A"),   INT(1),     INT(2),
                                     INT(3),     INT(4),     INT(5),
                                     INT(6),     STR("1"),   NIL,
                                     NIL,        INT(7),     NIL};
    static const ti_cell tickers[] = {STR("T1"), NIL, NIL, NIL, NIL, INT(0), INT(0),
                                      STR("T2"), NIL, NIL, NIL, NIL, INT(0), INT(0)};
    fake trade_store = FAKE_SOME(trades, TRADE_GIVEN, TRADE_CELLS), code_store = FAKE(tickers, 7);
    ticker_query *trade = ASK("trades", "ticker=A", "date=2016-01-04", "limit=1", "order=desc", "from=09:00",
                              "to=17:59:59.999");
    ticker_query *ticker = ASK("tickers", "q=pet", "market=010", "ticker=T1,T2", "limit=1");

    run(trade, &trade_store, 1, 1);
    ck_assert_ptr_nonnull(strstr(trade_store.sql, " WHERE ticker = $1 AND trade_date = $2 AND trade_time >= $3 AND "
                                                  "trade_time <= $4 ORDER BY trade_time DESC, "));
    ck_assert_int_eq(ticker_query_set(trade, "cursor", ticker_query_cursor(trade), NULL), TICKER_OK);
    run(trade, &trade_store, 1, 1);
    ck_assert_ptr_nonnull(strstr(trade_store.sql, " AND trade_time <= $5 AND (trade_time, trade_id, action, session, "
                                                  "reference_date) < ($6, $7, $8, $9, $10) ORDER BY"));
    ck_assert_str_eq(trade_store.asked, "text:A date:16804 time:32400000 time:64799999 time:36000100 time:36000100 "
                                        "integer:77 integer:0 text:6 date:16805 integer:2 ");
    run(ticker, &code_store, 1, 1);
    ck_assert_int_eq(ticker_query_set(ticker, "cursor", ticker_query_cursor(ticker), NULL), TICKER_OK);
    run(ticker, &code_store, 1, 1);
    ck_assert_ptr_nonnull(strstr(code_store.sql, " WHERE ticker IN ($1, $2) AND (UPPER(ticker) LIKE $3 ESCAPE '!' OR "
                                                 "UPPER(name) LIKE $4 ESCAPE '!' OR UPPER(isin) LIKE $5 ESCAPE '!') "
                                                 "AND market = $6 AND (ticker) > ($7) ORDER BY ticker LIMIT $8"));
    ck_assert_str_eq(code_store.asked, "text:T1 text:T2 text:PET% text:%PET% text:PET% text:010 text:T1 integer:2 ");
    ticker_query_free(trade);
    ticker_query_free(ticker);
}
END_TEST

START_TEST(imports_go_on)
{
    ti_cell cells[44] = {INT(9)};
    fake store = {.store = {.ops = &fake_ops}, .cells = cells, .count = 2};
    ticker_query *query = ASK("imports", "status=failed", "limit=1"), *oldest = ASK("imports", "order=asc", "limit=1");
    ti_query_columns columns;

    ti_query_columns_of(query, &columns);
    store.columns = columns.cells;
    store.repeat = true;
    run(query, &store, 1, 1);
    ck_assert_int_eq(ticker_query_set(query, "cursor", ticker_query_cursor(query), NULL), TICKER_OK);
    ck_assert_int_eq(ticker_query_set(query, "location", "key", NULL), TICKER_OK); /* however locations are shown */
    run(query, &store, 1, 1);
    ck_assert_ptr_nonnull(strstr(store.sql, " WHERE status = $1 AND (id) < ($2) ORDER BY id DESC LIMIT $3"));
    ck_assert_str_eq(store.asked, "text:failed integer:9 integer:2 ");
    run(oldest, &store, 1, 1);
    ck_assert_int_eq(ticker_query_set(oldest, "cursor", ticker_query_cursor(oldest), NULL), TICKER_OK);
    run(oldest, &store, 1, 1);
    ck_assert_ptr_nonnull(strstr(store.sql, " WHERE (id) > ($1) ORDER BY id LIMIT $2"));
    ticker_query_free(query);
    ticker_query_free(oldest);
}
END_TEST

static void same_key(ticker_query *a, ticker_query *b, const char *key)
{
    ck_assert_str_eq(ticker_query_key(a), key);
    ck_assert_str_eq(ticker_query_key(b), key);
    ck_assert_ptr_eq(ticker_query_key(a), ticker_query_key(a));
    ticker_query_free(a);
    ticker_query_free(b);
}

START_TEST(equal_questions_have_equal_keys)
{
    ticker_query *query = ASK("quotes", "ticker= PET 2 ,B&C,PET 2");

    same_key(ASK("quotes"), ASK("quotes", "order=asc"), "quotes");
    same_key(ASK("quotes", "ticker=PET 2,A", "limit=5", "order=desc", "interval=1mo", "from=2016-01-04"),
             ASK("quotes", "from=2016-01-04", "interval=1mo", "order=desc", "limit=7", "limit=5", "ticker=A,PET 2"),
             "quotes?ticker=A,PET%202&from=2016-01-04&limit=5&interval=1mo&order=desc");
    same_key(ASK("trades", "ticker=A", "date=2016-01-04", "from=10:00", "to=11:00"),
             ASK("trades", "ticker=A", "date=2016-01-04", "from=10:00:00.000", "to=11:00:00"),
             "trades?ticker=A&from=10:00:00.000&to=11:00:00.000&date=2016-01-04");
    same_key(ASK("tickers", "q=petr", "pattern=x"), ASK("tickers", "pattern=X", "q=PETR "),
             "tickers?pattern=%25X%25&q=PETR%25");
    same_key(ASK("imports", "id=3", "order=desc"), ASK("imports", "id=3"), "imports?id=3");
    same_key(ASK("imports", "order=asc", "status=queued"), ASK("imports", "status=queued", "order=asc"),
             "imports?status=queued&order=asc");
    same_key(ASK("imports", "location=url"), ASK("imports"), "imports");
    same_key(ASK("imports", "location=url", "location=key"), ASK("imports", "location=key"), "imports?location=key");
    ck_assert_str_eq(ticker_query_key(query), "quotes?ticker=B%26C,PET%202");
    ck_assert_str_eq(ticker_query_tickers(query, 0), "PET 2");
    ck_assert_str_eq(ticker_query_tickers(query, 1), "B&C");
    ck_assert_ptr_null(ticker_query_tickers(query, 2));
    ck_assert_ptr_null(ticker_query_tickers(NULL, 0));
    ck_assert_ptr_null(ticker_query_key(NULL));
    ck_assert_int_eq(ticker_query_set(query, "limit", "2", NULL), TICKER_OK);
    ck_assert_str_eq(ticker_query_key(query), "quotes?ticker=B%26C,PET%202&limit=2");
    ticker_query_free(query);
}
END_TEST

START_TEST(a_question_can_be_checked)
{
    ticker_query *query = ASK("trades", "ticker=A");
    ticker_error error;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_query_check(NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_query_check(query, &error), TICKER_FATAL);
    ck_assert_str_eq(error.message, "a query for trades needs the parameter \"date\"");
    ck_assert_int_eq(ticker_query_set(query, "date", "2016-01-04", NULL), TICKER_OK);
    ck_assert_int_eq(ticker_query_check(query, NULL), TICKER_OK);
    ticker_query_free(query);
}
END_TEST

START_TEST(periods)
{
    ck_assert_int_eq(ti_interval_first(TI_INTERVAL_WEEK, 0), -3); /* 1970-01-01: a Thursday */
    ck_assert_int_eq(ti_interval_first(TI_INTERVAL_WEEK, -3), -3);
    ck_assert_int_eq(ti_interval_first(TI_INTERVAL_WEEK, -4), -10);
    ck_assert_int_eq(ti_interval_last(TI_INTERVAL_WEEK, -3), 3);
    ck_assert_int_eq(ti_interval_first(TI_INTERVAL_MONTH, 16860), 16832); /* 2016-02-29, 2016-02-01 */
    ck_assert_int_eq(ti_interval_last(TI_INTERVAL_MONTH, 16832), 16860);  /* 2016-02-29 */
    ck_assert_int_eq(ti_interval_last(TI_INTERVAL_MONTH, 2932896), 2932896);
    ck_assert_int_eq(ti_interval_last(TI_INTERVAL_WEEK, 2932896), 2932896);
    ck_assert_int_eq(ti_interval_first(TI_INTERVAL_DAY, 5), 5);
    ck_assert_int_eq(ti_interval_last(TI_INTERVAL_NONE, 5), 5);
}
END_TEST

/* All days from 1900 to 2052, told by the system's own calendar: ISO weeks of years with 53 of them, and months. */
START_TEST(periods_of_all_days)
{
    unsigned wrong = 0;
    int64_t monday = -25570, month = monday; /* 1899-12-29; known some weeks later */

    for (int64_t day = monday; day < 30000; day++) {
        time_t seconds = (time_t)day * 86400;
        struct tm civil;

        wrong += gmtime_r(&seconds, &civil) == NULL;
        monday = civil.tm_wday == 1 ? day : monday;
        month = civil.tm_mday == 1 ? day : month;
        if (day < -25500)
            continue;
        wrong += ti_interval_first(TI_INTERVAL_WEEK, day) != monday ||
                 ti_interval_last(TI_INTERVAL_WEEK, day) != monday + 6;
        wrong += ti_interval_first(TI_INTERVAL_MONTH, day) != month;
        wrong += civil.tm_mday == 1 && ti_interval_last(TI_INTERVAL_MONTH, day - 1) != day - 1;
    }
    ck_assert_uint_eq(wrong, 0);
    /* The 53rd week of 2020 is half in 2021. */
    ck_assert_int_eq(ti_interval_first(TI_INTERVAL_WEEK, 18630), 18624); /* 2021-01-03, 2020-12-28 */
    ck_assert_int_eq(ti_interval_first(TI_INTERVAL_WEEK, 18631), 18631);
}
END_TEST

/* Windows leave no day out and take none twice. */
START_TEST(windows_cover_all_days)
{
    for (unsigned i = 0; i < 4; i++) {
        ti_windows windows = {.from = -20,
                              .to = 2000,
                              .span = i < 2,
                              .bounded = true,
                              .interval = i < 2 ? TI_INTERVAL_NONE : TI_INTERVAL_WEEK,
                              .descending = i % 2 == 1};
        ti_part part = {0};
        int64_t expected = i % 2 == 1 ? 2000 : -20, days = 0;

        while (ti_windows_next(NULL, &windows, &part, NULL) == TICKER_OK) {
            ck_assert(part.windowed);
            ck_assert_int_eq(i % 2 == 1 ? part.to : part.from, expected);
            ck_assert_int_le(part.from, part.to);
            if (i >= 2)
                ck_assert_int_eq(ti_interval_first(TI_INTERVAL_WEEK, part.from),
                                 ti_interval_first(TI_INTERVAL_WEEK, part.to));
            days += part.to - part.from + 1;
            expected = i % 2 == 1 ? part.from - 1 : part.to + 1;
        }
        ck_assert_int_eq(days, 2021);
    }
}
END_TEST

/* A store of instruments only: it counts how often it was asked for their days, which are those of 2016. */
static int asked_bounds, asked_rows;

static ticker_status bounds_query(ticker_store *store, const char *sql, const ti_parameter *parameters, size_t count,
                                  ti_cursor **cursor, ticker_error *error)
{
    static const ti_cell days[] = {INT(16801), INT(17166)};
    fake *self = (fake *)store;
    bool bounds = strstr(sql, "MIN(first_date)") != NULL;

    self->cells = days;
    self->columns = bounds ? 2 : QUOTE_CELLS + (strstr(sql, ", occurrence FROM") != NULL);
    self->count = bounds;
    asked_bounds += bounds;
    asked_rows += !bounds;
    if (!bounds && count > 2 && parameters[1].type == TICKER_TYPE_DATE)
        ck_assert_int_le(parameters[0].number, parameters[1].number);
    return fake_query(store, sql, parameters, count, cursor, error);
}

static void count_questions(ticker_query *query, int bounds, int rows)
{
    static const ti_store_ops ops = {.size = sizeof(ops), .name = "bounds", .query = bounds_query};
    fake store = {.store = {.ops = &ops}};

    asked_bounds = asked_rows = 0;
    run(query, &store, 0, 0);
    ck_assert_int_eq(asked_bounds, bounds);
    ck_assert_int_eq(asked_rows, rows);
    ticker_query_free(query);
}

/* How many questions it takes to find nothing in any day; the days that there are end the search. */
START_TEST(windows_end)
{
    count_questions(ASK("quotes", "limit=5"), 1, 9);
    count_questions(ASK("quotes", "limit=5", "order=desc"), 1, 9);
    count_questions(ASK("quotes", "limit=5", "from=2016-12-01", "to=2016-12-31"), 0, 5);
    count_questions(ASK("quotes", "limit=5", "from=2016-12-01"), 1, 5);
    count_questions(ASK("quotes", "limit=5", "from=2020-01-01"), 1, 5);
    count_questions(ASK("quotes", "limit=5", "to=2016-01-10", "order=desc"), 1, 5);
    count_questions(ASK("quotes", "limit=5", "date=2016-12-01"), 0, 1);
    count_questions(ASK("quotes", "from=2016-12-02", "to=2016-12-01", "limit=5"), 0, 0);
    count_questions(ASK("quotes"), 0, 1);
}
END_TEST

#define CANDLE_CELLS 11

/* Two tickers over two weeks, with rows that have no price and sums that pass 64 bits; as both databases deliver them. */
static const ti_cell days[] = {
    INT(16804),
    STR("A"),
    NIL,
    INT(7000000),
    INT(6800000),
    NIL,
    INT(9),
    INT(9000000000000000000),
    INT(900000000000000000),
    INT(1234),
    INT(1),
    INT(16804),
    STR("B"),
    INT(1),
    INT(2),
    INT(1),
    INT(2),
    NIL,
    NIL,
    NIL,
    NIL,
    NIL,
    STR("2016-01-05"),
    STR("A"),
    STR("6.9"),
    STR("7.1"),
    STR("6.900000"),
    STR("7.05"),
    STR("1"),
    STR("9000000000000000000"),
    STR("9000000000000000.0001"),
    NIL,
    STR("1000"),
    STR("2016-01-05"),
    STR("A"),
    STR("5"),
    STR("7.1"),
    STR("6.9"),
    STR("4"),
    STR("1"),
    STR("0"),
    STR("-0.5"),
    NIL,
    STR("1000"),
    INT(16811),
    STR("A"),
    INT(1000000),
    INT(1000000),
    INT(1000000),
    INT(1000000),
    INT(1),
    INT(1),
    INT(1),
    INT(0),
    INT(1),
    /* Not traded: no candle. */
    INT(16818),
    STR("A"),
    NIL,
    NIL,
    NIL,
    NIL,
    NIL,
    NIL,
    NIL,
    NIL,
    NIL,
};

START_TEST(candles_are_exact)
{
    fake store = FAKE(days, CANDLE_CELLS);
    ticker_query *query = ASK("quotes", "ticker=B,A", "interval=1w"),
                 *first = ASK("quotes", "ticker=B,A", "interval=1w", "limit=2");

    expect(
        query, &store, "csv",
        "ticker,date,open,high,low,close,trades,volume,turnover,factor,days,first_date,last_date\n"
        "A,2016-01-04,6.90,7.10,6.80,7.05,11,18000000000000000000,17999999999999999.501334,,2,2016-01-04,2016-01-05\n"
        "B,2016-01-04,0.000001,0.000002,0.000001,0.000002,0,0,0.00,,1,2016-01-04,2016-01-04\n"
        "A,2016-01-11,1.00,1.00,1.00,1.00,1,1,0.01,1,1,2016-01-11,2016-01-11\n",
        3, 0);
    ck_assert_ptr_nonnull(strstr(store.sql,
                                 "SELECT trade_date, ticker, open, high, low, close, trades, volume, turnover, "
                                 "turnover_rest, factor FROM {quotes} AS q WHERE ticker IN ($1, $2) ORDER BY "
                                 "trade_date, ticker, "));
    run(first, &store, 2, 1);
    ck_assert_int_eq(ticker_query_set(first, "cursor", ticker_query_cursor(first), NULL), TICKER_OK);
    run(first, &store, 2, 1);
    ck_assert_ptr_nonnull(strstr(store.sql, " AND trade_date >= $3 AND (trade_date > $4 OR ticker > $5) ORDER BY"));
    ck_assert_str_eq(store.asked, "text:B text:A date:16804 date:16810 text:B ");
    ticker_query_free(query);
    ticker_query_free(first);
}
END_TEST

START_TEST(candles_of_trades)
{
    static const ti_cell cells[] = {
        INT(36000000), INT(5970000), INT(100),        STR("1"),          INT(36059999),
        INT(5990500),  INT(7),       STR("1"),        STR("10:01:00.5"), STR("5.9"),
        STR("1"),      STR("6"),     STR("10:05:00"), STR("-1"),         STR("9223372036854775807"),
        STR("1"),
    };
    static const ti_cell odd[] = {NIL, INT(1), INT(1), STR("1")};
    fake store = FAKE(cells, 4), bad = FAKE(odd, 4);
    ticker_query *query = ASK("trades", "ticker=A", "date=2016-01-04", "interval=1m");
    ticker_query *page = ASK("trades", "ticker=A", "date=2016-01-04", "interval=5m", "limit=1");
    output out = {.discard = true};

    expect(query, &store, "csv",
           "ticker,date,time,open,high,low,close,trades,volume,turnover\n"
           "A,2016-01-04,10:00:00.000,5.970,5.9905,5.970,5.9905,2,107,638.9335\n"
           "A,2016-01-04,10:01:00.000,,,,,1,1,5.90\n"
           "A,2016-01-04,10:05:00.000,-1.000,-1.000,-1.000,-1.000,1,9223372036854775807,-9223372036854775807.00\n",
           3, 0);
    run(page, &store, 1, 1);
    ck_assert_int_eq(ticker_query_set(page, "cursor", ticker_query_cursor(page), NULL), TICKER_OK);
    run(page, &store, 1, 1);
    ck_assert_ptr_nonnull(
        strstr(store.sql, " WHERE ticker = $1 AND trade_date = $2 AND trade_time >= $3 AND action = 0 "));
    ck_assert_ptr_nonnull(strstr(store.asked, "time:36300000 "));
    ck_assert_int_eq(ticker_query_run(query, &bad.store, "csv", take, &out, NULL, NULL, NULL), TICKER_FAILED);
    ck_assert_int_eq(bad.cursors, 0);
    ticker_query_free(query);
    ticker_query_free(page);
}
END_TEST

/* The newest candle first is the same candle. */
START_TEST(candles_backwards)
{
    ti_cell reversed[sizeof(days) / sizeof(days[0])];
    size_t rows = sizeof(days) / sizeof(days[0]) / CANDLE_CELLS;
    fake store = FAKE(reversed, CANDLE_CELLS);
    ticker_query *query = ASK("quotes", "ticker=B,A", "interval=1w", "order=desc");

    for (size_t i = 0; i < rows; i++)
        memcpy(reversed + i * CANDLE_CELLS, days + (rows - 1 - i) * CANDLE_CELLS, CANDLE_CELLS * sizeof(ti_cell));
    expect(
        query, &store, "csv",
        "ticker,date,open,high,low,close,trades,volume,turnover,factor,days,first_date,last_date\n"
        "A,2016-01-11,1.00,1.00,1.00,1.00,1,1,0.01,1,1,2016-01-11,2016-01-11\n"
        "B,2016-01-04,0.000001,0.000002,0.000001,0.000002,0,0,0.00,,1,2016-01-04,2016-01-04\n"
        "A,2016-01-04,6.90,7.10,6.80,7.05,11,18000000000000000000,17999999999999999.501334,,2,2016-01-04,2016-01-05\n",
        3, 0);
    ticker_query_free(query);
}
END_TEST

START_TEST(a_stored_value_that_is_none)
{
    static const char *const wrong[] = {"", "-", "x", "1.", "1.0000001", "9223372036854775808", "1e3", ".5"};
    static const char *const times[] = {"10:00", "10-00-00", "24:00:00", "10:00:00.", "10:00:00.1234", "1a:00:00"};
    ti_int128 turnover;
    int64_t value;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const ti_cell cells[] = {{.kind = TI_CELL_TEXT, .text = ti_slice_of(wrong[i])}, NIL};

        ck_assert_msg(!ti_value_of_turnover(cells, &turnover), "%s", wrong[i]);
    }
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        const ti_cell cell = {.kind = TI_CELL_TEXT, .text = ti_slice_of(times[i])};

        ck_assert_msg(!ti_value_of(&cell, TICKER_TYPE_TIME, 0, &value), "%s", times[i]);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_cut_answer_has_a_cursor,
        a_cursor_belongs_to_its_question,
        fields_that_cannot_be,
        each_kind_has_its_place,
        imports_go_on,
        equal_questions_have_equal_keys,
        a_question_can_be_checked,
        periods,
        periods_of_all_days,
        windows_cover_all_days,
        windows_end,
        candles_are_exact,
        candles_of_trades,
        candles_backwards,
        a_stored_value_that_is_none,
    };

    return run_tests("query pages", tests, sizeof(tests) / sizeof(tests[0]));
}
