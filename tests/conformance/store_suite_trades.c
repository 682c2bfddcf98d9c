/* Trades, and the quotes that are made from them. */
#include <stdio.h>
#include <string.h>

#include "store_suite_parts.h"

/* --- Trades -------------------------------------------------------------------------------------------------------------------- */

#define ALL_OF_A_TRADE                                                                                                 \
    "SELECT ticker, trade_date, reference_date, session, trade_id, action, trade_time, price, volume, buyer, seller, " \
    "channel, buyer_aggressor, seller_aggressor, cross_trade,"                                                         \
    " import_id FROM {trades} AS t ORDER BY ticker, trade_date, reference_date, trade_id, action"
#define TRADE_TYPES "tddtiihpiiitiiii"

START_TEST(test_trade_round_trip)
{
    uint32_t row = store_suite_trade(suite.trades, "DIIF27J27", "2025-04-29", 10, 0);
    int64_t id;

    suite.trades->i64[TICKER_TRADE_PRICE][row] = -35000;
    suite.trades->i64[TICKER_TRADE_TIME][row] = 0;
    suite.trades->i64[TICKER_TRADE_REFERENCE_DATE][row] = store_suite_day("2025-04-30");
    row = store_suite_trade(suite.trades, "WINM25", "2025-04-29", 999999999999, 2);
    store_suite_text(suite.trades, TICKER_TRADE_SESSION, row, "06");
    store_suite_text(suite.trades, TICKER_TRADE_CHANNEL, row, "1");
    suite.trades->i64[TICKER_TRADE_TIME][row] = 86399999;
    suite.trades->i64[TICKER_TRADE_BUYER][row] = 3;
    suite.trades->i64[TICKER_TRADE_SELLER][row] = 6003;
    suite.trades->i64[TICKER_TRADE_VOLUME][row] = 999999999999999999;
    suite.trades->i64[TICKER_TRADE_BUYER_AGGRESSOR][row] = 2;
    suite.trades->i64[TICKER_TRADE_SELLER_AGGRESSOR][row] = 1;
    suite.trades->i64[TICKER_TRADE_CROSS][row] = 0;
    ck_assert_int_eq(suite_import(suite.trades, SHA_A, &id), TICKER_OK);
    store_suite_expect(
        suite.store, TRADE_TYPES, ALL_OF_A_TRADE,
        "DIIF27J27|2025-04-29|2025-04-30|1|10|0|0|-35000|100|null|null|null|null|null|null|1;"
        "WINM25|2025-04-29|2025-04-29|06|999999999999|2|86399999|5970000|999999999999999999|3|6003|1|2|1|0|1;");
}
END_TEST

START_TEST(test_last_trade_of_a_key_wins)
{
    int64_t id;

    suite_put_trade("A", "2025-04-29", 10, 0, 1);
    suite_put_trade("A", "2025-04-29", 20, 0, 2);
    suite_put_trade("A", "2025-04-29", 10, 2, 3);
    suite_put_trade("A", "2025-04-29", 10, 0, 4);
    suite_put_trade("A", "2025-04-29", 10, 0, 5);
    ck_assert_int_eq(suite_import(suite.trades, SHA_A, &id), TICKER_OK);
    suite_put_trade("A", "2025-04-29", 20, 0, 6);
    ck_assert_int_eq(suite_import(suite.trades, SHA_B, &id), TICKER_OK);
    store_suite_expect(suite.store, "iipi",
                       "SELECT trade_id, action, price, import_id FROM {trades} AS t ORDER BY trade_id, action",
                       "10|0|5000000|1;10|2|3000000|1;20|0|6000000|2;");
}
END_TEST

/* Of distributed tables nobody knows that a day is new. */
static void day_is(bool new, const char *date)
{
    bool known = getenv("TICKER_TEST_DISTRIBUTE") == NULL || strcmp(suite.backend->name, "postgresql") != 0;

    ck_assert_int_eq(suite.store->ops->day_is_new(suite.store, store_suite_day(date)), known && new);
}

START_TEST(test_days_that_are_new)
{
    suite_put_trade("A", "2025-04-29", 10, 0, 1);
    suite_put_trade("A", "2025-04-30", 10, 0, 1);
    suite_put_trade("A", "2025-04-30", 10, 0, 1);
    suite_begin_and_settle(suite.trades);
    day_is(true, "2025-04-29");
    day_is(false, "2025-04-30");
    suite_finish(SHA_A);
    suite_put_trade("B", "2025-04-29", 10, 0, 1);
    suite_put_trade("B", "2025-05-02", 10, 0, 1);
    suite_begin_and_settle(suite.trades);
    day_is(false, "2025-04-29");
    day_is(true, "2025-05-02");
    suite.store->ops->rollback(suite.store);
    suite_put_trade("B", "2025-05-02", 10, 0, 1);
    suite_begin_and_settle(suite.trades);
    day_is(true, "2025-05-02");
    suite_finish(SHA_B);
}
END_TEST

#define ENTRIES 4

/* What was seen of each entry of the list. */
typedef struct seen_trades {
    char text[ENTRIES][256];
    size_t last; /* the entry that came last, and how many times another one came */
    int changes;
} seen_trades;

static ticker_status see_trade(const ti_trade *trade, void *payload, ticker_error *why)
{
    seen_trades *seen = payload;
    char *text = seen->text[trade->day];
    size_t size = strlen(text);

    (void)why;
    ck_assert_uint_lt(trade->day, ENTRIES);
    if (seen->changes == 0 || seen->last != trade->day)
        seen->changes++;
    seen->last = trade->day;
    (void)snprintf(text + size, sizeof(seen->text[0]) - size, "%.*s:%lld:%lld:%lld:%lld:%lld:%lld;",
                   (int)trade->session.size, trade->session.data, (long long)trade->reference_date,
                   (long long)trade->id, (long long)trade->action, (long long)trade->time, (long long)trade->price,
                   (long long)trade->volume);
    return trade->id == 666 ? TICKER_FAILED : TICKER_OK;
}

static void put_scanned_trades(void)
{
    suite_put_trade("A", "2025-04-29", 30, 0, 1);
    suite_put_trade("A", "2025-04-29", 20, 2, 2);
    suite_put_trade("B", "2025-04-29", 10, 0, 3);
    suite_begin_and_settle(suite.trades);
    suite_finish(SHA_A);
    suite_put_trade("A", "2025-04-29", 25, 0, 4);
    suite_put_trade("A", "2025-04-28", 5, 0, 5);
    suite_begin_and_settle(suite.trades);
}

static void check_scan(const ti_ticker_day *days, size_t count, const char *const *expected, int entries)
{
    seen_trades seen = {.changes = 0};

    suite_ok(suite.store->ops->scan_trades(suite.store, days, count, see_trade, &seen, &suite.error), "scan");
    for (size_t i = 0; i < count; i++)
        ck_assert_str_eq(seen.text[i], expected[i]);
    ck_assert_int_eq(seen.changes, entries); /* the rows of one entry come together */
}

START_TEST(test_scan_trades)
{
    const int64_t day = store_suite_day("2025-04-29");
    const ti_ticker_day days[] = {{{"B", 1}, day, TICKER_NULL},
                                  {{"A", 1}, day, TICKER_NULL},
                                  {{"NONE", 4}, day, TICKER_NULL},
                                  {{"A", 1}, day - 1, TICKER_NULL}};
    const ti_ticker_day numbers[] = {{{"A", 1}, day, 25}, {{"A", 1}, day, 26}, {{"A", 1}, day, 20}};

    put_scanned_trades();
    check_scan(
        days, 4,
        (const char *const[]){
            "1:20207:10:0:36000123:3000000:100;",
            "1:20207:20:2:36000123:2000000:100;1:20207:25:0:36000123:4000000:100;1:20207:30:0:36000123:1000000:100;",
            "", "1:20206:5:0:36000123:5000000:100;"},
        3);
    check_scan(numbers, 3,
               (const char *const[]){"1:20207:25:0:36000123:4000000:100;", "", "1:20207:20:2:36000123:2000000:100;"},
               2);
    suite_finish(SHA_B);
}
END_TEST

START_TEST(test_scan_stops)
{
    const ti_ticker_day day = {{"B", 1}, store_suite_day("2025-04-30"), TICKER_NULL};
    seen_trades seen = {.changes = 0};

    suite_put_trade("B", "2025-04-30", 666, 0, 1);
    suite_put_trade("B", "2025-04-30", 667, 0, 1);
    suite_begin_and_settle(suite.trades);
    ck_assert_int_eq(suite.store->ops->scan_trades(suite.store, &day, 1, see_trade, &seen, &suite.error),
                     TICKER_FAILED);
    ck_assert_ptr_null(strstr(seen.text[0], "667"));
    suite.store->ops->rollback(suite.store);
    store_suite_expect(suite.store, "i", COUNT_TRADES, "0;");
}
END_TEST

START_TEST(test_many_trades)
{
    for (int round = 0; round < 2; round++) {
        uint64_t state = 7;
        int64_t id;
        char *counted, *distinct;

        suite_ok(suite.store->ops->begin(suite.store, &id, &suite.error), "begin");
        for (int i = 0; i < SUITE_MANY_BATCHES; i++) {
            suite_put_many(suite.trades, &state);
            suite_ok(suite.store->ops->put(suite.store, suite.trades, &suite.error), "put");
        }
        suite_ok(suite.store->ops->settle(suite.store, &suite.error), "settle");
        suite_finish(round == 0 ? SHA_A : SHA_B);
        counted = store_suite_ask(suite.store, "i", COUNT_TRADES, NULL);
        distinct = store_suite_ask(suite.store, "i",
                                   "SELECT count(*) FROM (SELECT DISTINCT ticker, trade_date, reference_date, session,"
                                   " trade_id, action FROM {trades} AS t) AS d",
                                   NULL);
        ck_assert_str_eq(counted, distinct);
        free(counted);
        free(distinct);
        store_suite_expect(suite.store, "i", "SELECT count(DISTINCT import_id) FROM {trades} AS t", "1;");
    }
}
END_TEST

/* --- Quotes made from trades --------------------------------------------------------------------------------------------------- */

static void put_day_quote(const char *ticker, const char *date, int64_t count, int64_t price)
{
    uint32_t row = store_suite_quote(suite.quotes, ticker, date, "");

    store_suite_text(suite.quotes, TICKER_QUOTE_SOURCE, row, "trades");
    suite.quotes->i64[TICKER_QUOTE_TRADES][row] = count;
    suite.quotes->i64[TICKER_QUOTE_CLOSE][row] = price * 1000000;
}

/* An import of one trade and of the day's quotes put before. */
static void import_day_quotes(const char *sha256, int64_t trade)
{
    suite_put_trade("A", "2025-04-29", trade, 0, 1);
    suite_begin_and_settle(suite.trades);
    suite_ok(suite.store->ops->put_day_quotes(suite.store, suite.quotes, &suite.error), "put_day_quotes");
    ti_batch_clear(suite.quotes);
    suite_finish(sha256);
}

#define DAY_QUOTES                                                                                                     \
    "SELECT ticker, trade_date, market, close, source, import_id FROM {quotes} AS q ORDER BY ticker, trade_date, "     \
    "market"

START_TEST(test_day_quotes)
{
    put_day_quote("A", "2025-04-29", 2, 1);
    put_day_quote("B", "2025-04-29", 1, 2);
    import_day_quotes(SHA_A, 10);
    store_suite_expect(suite.store, "tdtpti", DAY_QUOTES,
                       "A|2025-04-29|null|1000000|trades|1;B|2025-04-29|null|2000000|trades|1;");
    put_day_quote("A", "2025-04-29", 3, 3);
    put_day_quote("B", "2025-04-29", 0, 0);
    put_day_quote("C", "2025-04-29", 0, 0);
    put_day_quote("C", "2025-04-28", 1, 4);
    import_day_quotes(SHA_B, 20);
    store_suite_expect(suite.store, "tdtpti", DAY_QUOTES,
                       "A|2025-04-29|null|3000000|trades|2;C|2025-04-28|null|4000000|trades|2;");
}
END_TEST

START_TEST(test_day_quotes_give_way)
{
    int64_t id;

    put_day_quote("A", "2025-04-29", 2, 1);
    put_day_quote("B", "2025-04-29", 1, 2);
    put_day_quote("C", "2025-04-29", 1, 2);
    import_day_quotes(SHA_A, 10);
    suite_put_quote("A", "2025-04-29", "010", 5);
    suite_put_quote("B", "2025-04-30", "010", 6);
    suite_put_quote("C", "2025-04-29", "", 7); /* the same key */
    ck_assert_int_eq(suite_import(suite.quotes, SHA_B, &id), TICKER_OK);
    store_suite_expect(
        suite.store, "tdtpti", DAY_QUOTES,
        "A|2025-04-29|010|5000000|cotahist|2;B|2025-04-29|null|2000000|trades|1;B|2025-04-30|010|6000000|cotahist|2;"
        "C|2025-04-29|null|7000000|cotahist|2;");
    put_day_quote("A", "2025-04-29", 9, 9);
    put_day_quote("B", "2025-04-29", 9, 8);
    put_day_quote("C", "2025-04-29", 9, 9);
    import_day_quotes(SHA_C, 20);
    store_suite_expect(
        suite.store, "tdtpti", DAY_QUOTES,
        "A|2025-04-29|010|5000000|cotahist|2;B|2025-04-29|null|8000000|trades|3;B|2025-04-30|010|6000000|cotahist|2;"
        "C|2025-04-29|null|7000000|cotahist|2;");
}
END_TEST

void suite_add_trades(Suite *to)
{
    TCase *tests;

    tests = suite_group(to, "trades");
    tcase_add_test(tests, test_trade_round_trip);
    tcase_add_test(tests, test_last_trade_of_a_key_wins);
    tcase_add_test(tests, test_days_that_are_new);
    tcase_add_test(tests, test_scan_trades);
    tcase_add_test(tests, test_scan_stops);
    tcase_add_test(tests, test_many_trades);
    tcase_add_test(tests, test_day_quotes);
    tcase_add_test(tests, test_day_quotes_give_way);
}
