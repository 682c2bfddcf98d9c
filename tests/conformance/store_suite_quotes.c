/* Quotes, the ledger and the instruments. */
#include <stdio.h>
#include <string.h>

#include "store_suite_parts.h"

/* --- Quotes -------------------------------------------------------------------------------------------------------------------- */

#define ALL_OF_A_QUOTE                                                                                                 \
    "SELECT ticker, trade_date, market, bdi, name, specification, term_days, currency, open, high, low, average, "     \
    "close, bid, ask,"                                                                                                 \
    " trades, volume, turnover, turnover_rest, strike, strike_points, correction, expiry, factor, isin, "              \
    "distribution, source, segment, reference_price, oscillation, settlement, settlement_tax, open_interest,"          \
    " occurrence, import_id FROM {quotes} AS q ORDER BY ticker, trade_date"

START_TEST(test_quote_round_trip)
{
    uint32_t row = store_suite_quote(suite.quotes, "PETR4", "2016-01-04", "010");
    int64_t id;

    suite.quotes->i64[TICKER_QUOTE_BID][row] = TICKER_NULL;
    row = store_suite_quote(suite.quotes, "PETRA25 \xc3\x89'\"\\;|", "1986-12-31", "070");
    suite.quotes->i64[TICKER_QUOTE_TERM_DAYS][row] = 0;
    suite.quotes->i64[TICKER_QUOTE_VOLUME][row] = 999999999999999999;
    suite.quotes->i64[TICKER_QUOTE_TURNOVER][row] = 999999999999;
    suite.quotes->i64[TICKER_QUOTE_TURNOVER_REST][row] = 1234;
    suite.quotes->i64[TICKER_QUOTE_STRIKE][row] = 99999999999990000;
    suite.quotes->i64[TICKER_QUOTE_STRIKE_POINTS][row] = 1;
    suite.quotes->i64[TICKER_QUOTE_CORRECTION][row] = 8;
    suite.quotes->i64[TICKER_QUOTE_EXPIRY][row] = store_suite_day("2024-02-29");
    suite.quotes->i64[TICKER_QUOTE_OSCILLATION][row] = -770000;
    suite.quotes->i64[TICKER_QUOTE_REFERENCE_PRICE][row] = 113150000;
    suite.quotes->i64[TICKER_QUOTE_SETTLEMENT][row] = 1;
    suite.quotes->i64[TICKER_QUOTE_SETTLEMENT_TAX][row] = 999999999999999999;
    suite.quotes->i64[TICKER_QUOTE_OPEN_INTEREST][row] = 999999999999999999;
    store_suite_text(suite.quotes, TICKER_QUOTE_SEGMENT, row, "EQUITY CALL");
    row = store_suite_quote(suite.quotes, "X", "2016-01-04", "");
    for (unsigned i = TICKER_QUOTE_TERM_DAYS; i < TICKER_QUOTE_COLUMNS; i++) {
        if (suite.quotes->i64[i] != NULL)
            suite.quotes->i64[i][row] = TICKER_NULL;
        else
            suite.quotes->text[i][row].size = 0;
    }
    for (unsigned i = TICKER_QUOTE_BDI; i <= TICKER_QUOTE_SPECIFICATION; i++)
        suite.quotes->text[i][row].size = 0;
    store_suite_text(suite.quotes, TICKER_QUOTE_SOURCE, row, "somewhere else");
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &id), TICKER_OK);
    ck_assert_int_eq(id, 1);
    store_suite_expect(
        suite.store, "tdttttitpppppppiimppidittttppppiii", ALL_OF_A_QUOTE,
        "PETR4|2016-01-04|010|02|PETROBRAS|PN      N2|null|R$|6950000|6960000|6970000|6980000|6990000|null|7010000|"
        "35480|60127200|411234567000000|null|null|null|null|1|BRPETRACNPR6|007|cotahist|null|null|null|null|null|null|"
        "0|1;"
        "PETRA25 \xc3\x89'\"\\;||1986-12-31|070|02|PETROBRAS|PN      N2|0|R$|6950000|6960000|6970000|6980000|6990000|"
        "7000000|7010000|35480|999999999999999999|9999999999991234|99999999999990000|1|8|2024-02-29|1|BRPETRACNPR6|007|"
        "cotahist|EQUITY CALL|113150000|-770000|1|999999999999999999|999999999999999999|0|1;"
        "X|2016-01-04|null|null|null|null|null|null|null|null|null|null|null|null|null|null|null|null|null|null|null|"
        "null|null|null|null|somewhere else|null|null|null|null|null|null|0|1;");
}
END_TEST

START_TEST(test_extreme_turnovers)
{
    static const int64_t turnovers[][2] = {{-1, 0}, {0, -5000}, {-12, -1}, {5, 9999}, {999999999999999999, 0}};
    int64_t id;

    for (size_t i = 0; i < 5; i++) {
        char ticker[2] = {(char)('A' + i), '\0'};
        uint32_t row = store_suite_quote(suite.quotes, ticker, "2016-01-04", "010");
        suite.quotes->i64[TICKER_QUOTE_TURNOVER][row] = turnovers[i][0];
        suite.quotes->i64[TICKER_QUOTE_TURNOVER_REST][row] = turnovers[i][1];
    }
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &id), TICKER_OK);
    store_suite_expect(suite.store, "m",
                       "SELECT turnover, turnover_rest FROM {quotes} AS q WHERE ticker <> 'E' ORDER BY ticker",
                       "-10000;-5000;-120001;59999;");
}
END_TEST

START_TEST(test_blank_term_is_not_zero)
{
    uint32_t row;
    int64_t id;

    (void)store_suite_quote(suite.quotes, "VALE3", "2016-01-04", "030");
    row = store_suite_quote(suite.quotes, "VALE3", "2016-01-04", "030");
    suite.quotes->i64[TICKER_QUOTE_TERM_DAYS][row] = 0;
    row = store_suite_quote(suite.quotes, "VALE3", "2016-01-04", "030");
    suite.quotes->i64[TICKER_QUOTE_TERM_DAYS][row] = 30;
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &id), TICKER_OK);
    store_suite_expect(suite.store, "ii",
                       "SELECT term_days, occurrence FROM {quotes} AS q ORDER BY term_days NULLS FIRST",
                       "null|0;0|0;30|0;");
}
END_TEST

START_TEST(test_equal_keys_keep_file_order)
{
    int64_t id;

    suite_put_quote("VGO 2", "1986-10-10", "030", 1);
    suite_put_quote("AAA 1", "1986-10-10", "030", 2);
    suite_put_quote("VGO 2", "1986-10-10", "030", 3);
    suite_put_quote("VGO 2", "1986-10-10", "", 4);
    suite_put_quote("VGO 2", "1986-10-10", "", 5);
    suite_put_quote("VGO 2", "1986-10-09", "030", 6);
    suite_put_quote("VGO 2", "1986-10-10", "030", 7);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &id), TICKER_OK);
    store_suite_expect(suite.store, "tdtip",
                       "SELECT ticker, trade_date, market, occurrence, close FROM {quotes} AS q"
                       " ORDER BY ticker, trade_date, market NULLS FIRST, occurrence",
                       "AAA 1|1986-10-10|030|0|2000000;VGO 2|1986-10-09|030|0|6000000;VGO 2|1986-10-10|null|0|4000000;"
                       "VGO 2|1986-10-10|null|1|5000000;VGO 2|1986-10-10|030|0|1000000;VGO 2|1986-10-10|030|1|3000000;"
                       "VGO 2|1986-10-10|030|2|7000000;");
}
END_TEST

START_TEST(test_correction_replaces)
{
    int64_t first, second;

    suite_put_quote("A", "2016-01-04", "010", 1);
    suite_put_quote("A", "2016-01-04", "010", 2);
    suite_put_quote("B", "2016-01-04", "", 3);
    suite_put_quote("A", "2015-12-30", "010", 4);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &first), TICKER_OK);
    suite_put_quote("B", "2016-01-04", "", 13);
    suite_put_quote("A", "2016-01-04", "010", 11);
    suite_put_quote("A", "2016-01-05", "010", 15);
    suite.quotes->text[TICKER_QUOTE_NAME][1].size = 0;
    ck_assert_int_eq(suite_import(suite.quotes, SHA_B, &second), TICKER_OK);
    ck_assert_int_eq(first, 1);
    ck_assert_int_eq(second, 2);
    store_suite_expect(
        suite.store, "tdipti",
        "SELECT ticker, trade_date, occurrence, close, name, import_id FROM {quotes} AS q"
        " ORDER BY ticker, trade_date, occurrence",
        "A|2015-12-30|0|4000000|PETROBRAS|1;A|2016-01-04|0|11000000|null|2;A|2016-01-04|1|2000000|PETROBRAS|1;"
        "A|2016-01-05|0|15000000|PETROBRAS|2;B|2016-01-04|0|13000000|PETROBRAS|2;");
}
END_TEST

START_TEST(test_many_quotes)
{
    char expected[64];
    char *counted, *highest;

    for (int round = 0; round < 2; round++) {
        uint64_t state = 1;
        int64_t id;
        ti_ledger_row row = suite_ledger_row("imported");

        row.sha256 = round == 0 ? SHA_A : SHA_B;
        suite_ok(suite.store->ops->begin(suite.store, &id, &suite.error), "begin");
        for (int i = 0; i < SUITE_MANY_BATCHES; i++) {
            suite_put_many(suite.quotes, &state);
            suite_ok(suite.store->ops->put(suite.store, suite.quotes, &suite.error), "put");
        }
        suite_ok(suite.store->ops->settle(suite.store, &suite.error), "settle");
        suite_ok(suite.store->ops->commit(suite.store, &row, suite_no_instruments, NULL, &id, &suite.error), "commit");
        (void)snprintf(expected, sizeof(expected), "%d|%lld;", SUITE_MANY_BATCHES * SUITE_ROWS, (long long)id);
        store_suite_expect(suite.store, "ii", "SELECT count(*), max(import_id) FROM {quotes} AS q", expected);
        store_suite_expect(suite.store, "i",
                           "SELECT count(*) FROM {quotes} AS q WHERE import_id <> (SELECT max(id) FROM {imports} AS i)",
                           "0;");
    }
    counted = store_suite_ask(suite.store, "i", "SELECT count(*) FROM {quotes} AS q WHERE ticker = $1", "T007", NULL);
    highest = store_suite_ask(suite.store, "i",
                              "SELECT count(*) FROM (SELECT DISTINCT trade_date, occurrence FROM {quotes} AS q"
                              " WHERE ticker = $1) AS d",
                              "T007", NULL);
    ck_assert_str_eq(counted, highest);
    free(counted);
    free(highest);
}
END_TEST

/* --- The ledger ---------------------------------------------------------------------------------------------------------------- */

START_TEST(test_same_bytes_once)
{
    int64_t first, second, found = 0;

    suite_put_quote("A", "2016-01-04", "010", 1);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &first), TICKER_OK);
    suite_put_quote("A", "2016-01-04", "010", 2);
    suite_put_quote("NEW3", "2016-01-04", "010", 2);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &second), TICKER_DONE);
    ck_assert_int_eq(second, first);
    store_suite_expect(suite.store, "tpi", "SELECT ticker, close, import_id FROM {quotes} AS q", "A|1000000|1;");
    store_suite_expect(suite.store, "i", COUNT_IMPORTS, "1;");
    suite_ok(suite.store->ops->find_import(suite.store, 1, SHA_A, "", &found, &suite.error), "find by hash");
    ck_assert_int_eq(found, first);
    ck_assert_int_eq(suite.store->ops->find_import(suite.store, 1, SHA_A, "other", &found, &suite.error), TICKER_DONE);
    ck_assert_int_eq(suite.store->ops->find_import(suite.store, 1, SHA_B, "", &found, &suite.error), TICKER_DONE);
    suite_ok(suite.store->ops->find_import(suite.store, 1, NULL, NULL, &found, &suite.error), "find by size");
    ck_assert_int_eq(suite.store->ops->find_import(suite.store, 2, NULL, NULL, &found, &suite.error), TICKER_DONE);
    suite_put_quote("A", "2016-01-04", "010", 3);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_B, &second), TICKER_OK);
    ck_assert_int_gt(second, first);
    store_suite_expect(suite.store, "tp", "SELECT ticker, close FROM {quotes} AS q", "A|3000000;");
    store_suite_expect(suite.store, "i",
                       "SELECT count(*) FROM {quotes} AS q WHERE import_id = (SELECT max(id) FROM {imports} AS i)",
                       "1;");
}
END_TEST

#define ALL_OF_AN_IMPORT                                                                                               \
    "SELECT id, file, member, format, sha256, bytes, status, records, imported, rejected, repaired, first_date, "      \
    "last_date, trades,"                                                                                               \
    " volume, declared, error FROM {imports} AS i ORDER BY id"

START_TEST(test_ledger_round_trip)
{
    ti_ledger_row row = suite_ledger_row("imported");
    char *text;
    int64_t id, failed;

    suite_ok(suite.store->ops->begin(suite.store, &id, &suite.error), "begin");
    suite_put_quote("A", "2016-01-04", "010", 1);
    suite_ok(suite.store->ops->put(suite.store, suite.quotes, &suite.error), "put");
    suite_ok(suite.store->ops->settle(suite.store, &suite.error), "settle");
    suite_ok(suite.store->ops->commit(suite.store, &row, suite_no_instruments, NULL, &id, &suite.error), "commit");
    row = suite_ledger_row("failed");
    row.error = "it's truncated";
    row.first_date = row.last_date = row.declared = TICKER_NULL;
    suite_ok(suite.store->ops->record(suite.store, &row, &failed, &suite.error), "record a failure");
    suite_ok(suite.store->ops->record(suite.store, &row, &failed, &suite.error), "record it again");
    ck_assert_int_gt(failed, id);
    text = store_suite_ask(suite.store, "ittttitiiiiddiiit", ALL_OF_AN_IMPORT, NULL);
    ck_assert_str_eq(text,
                     "1|COTAHIST_A2016.ZIP|COTAHIST_A2016.TXT|cotahist|" SHA_A
                     "|5000000000|imported|10|9|1|2|2016-01-04|2016-01-05|"
                     "35480|60127200|12|;"
                     "2|COTAHIST_A2016.ZIP|COTAHIST_A2016.TXT|cotahist|" SHA_A "|5000000000|failed|10|9|1|2|null|null|"
                     "35480|60127200|null|it's truncated;"
                     "3|COTAHIST_A2016.ZIP|COTAHIST_A2016.TXT|cotahist|" SHA_A "|5000000000|failed|10|9|1|2|null|null|"
                     "35480|60127200|null|it's truncated;");
    free(text);
    store_suite_expect(suite.store, "tp", "SELECT turnover, seconds FROM {imports} AS i WHERE id = 1",
                       "123456789012345678901.25|1500000;");
    text = store_suite_ask(suite.store, "t", "SELECT problems FROM {imports} AS i WHERE id = 1", NULL);
    ck_assert_ptr_nonnull(strstr(text, "short"));
    free(text);
}
END_TEST

START_TEST(test_failure_does_not_block)
{
    ti_ledger_row row = suite_ledger_row("failed");
    int64_t id, found;

    row.sha256 = SHA_A;
    row.member = "";
    suite_ok(suite.store->ops->record(suite.store, &row, &id, &suite.error), "record a failure");
    ck_assert_int_eq(suite.store->ops->find_import(suite.store, row.bytes, SHA_A, "", &found, &suite.error),
                     TICKER_DONE);
    ck_assert_int_eq(suite.store->ops->find_import(suite.store, row.bytes, NULL, NULL, &found, &suite.error),
                     TICKER_DONE);
    suite_put_quote("A", "2016-01-04", "010", 1);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &id), TICKER_OK);
    ck_assert_int_eq(id, 2);
}
END_TEST

/* --- Instruments --------------------------------------------------------------------------------------------------------------- */

typedef struct instrument_list {
    ti_instrument item[4];
    size_t count, next;
} instrument_list;

static bool next_of_list(void *payload, ti_instrument *instrument)
{
    instrument_list *list = payload;

    if (list->next == list->count)
        return false;
    *instrument = list->item[list->next++];
    return true;
}

static void add_instrument(instrument_list *list, const char *ticker, const char *name, const char *first,
                           const char *last)
{
    list->item[list->count++] = (ti_instrument){.ticker = ti_slice_of(ticker),
                                                .market = ti_slice_of("010"),
                                                .name = ti_slice_of(name),
                                                .specification = ti_slice_of("PN"),
                                                .isin = ti_slice_of(""),
                                                .first_date = store_suite_day(first),
                                                .last_date = store_suite_day(last)};
}

static void import_with(instrument_list *list, const char *sha256)
{
    ti_ledger_row row = suite_ledger_row("imported");
    int64_t id;

    row.sha256 = sha256;
    suite_ok(suite.store->ops->begin(suite.store, &id, &suite.error), "begin");
    if (suite.quotes->rows > 0)
        suite_ok(suite.store->ops->put(suite.store, suite.quotes, &suite.error), "put");
    suite_ok(suite.store->ops->settle(suite.store, &suite.error), "settle");
    suite_ok(suite.store->ops->commit(suite.store, &row, next_of_list, list, &id, &suite.error), "commit");
    ti_batch_clear(suite.quotes);
}

START_TEST(test_instruments)
{
    instrument_list list = {.count = 0};

    add_instrument(&list, "A", "FIRST", "2016-01-04", "2016-01-05");
    add_instrument(&list, "B", "OTHER", "2016-01-04", "2016-01-04");
    suite_put_quote("A", "2016-01-04", "010", 1);
    suite_put_quote("A", "2016-01-05", "010", 1);
    suite_put_quote("B", "2016-01-04", "010", 1);
    import_with(&list, SHA_A);
    list = (instrument_list){.count = 0};
    add_instrument(&list, "A", "OLDER", "2015-01-02", "2015-01-02"); /* an older file, imported later */
    suite_put_quote("A", "2015-01-02", "010", 1);
    import_with(&list, SHA_B);
    list = (instrument_list){.count = 0};
    add_instrument(&list, "B", "RENAMED", "2016-01-06", "2016-01-06");
    suite_put_quote("B", "2016-01-06", "010", 1);
    import_with(&list, SHA_C);
    store_suite_expect(suite.store, "tttttdd",
                       "SELECT ticker, market, name, specification, isin, first_date, last_date FROM {instruments} AS "
                       "i ORDER BY ticker",
                       "A|010|FIRST|PN|null|2015-01-02|2016-01-05;B|010|RENAMED|PN|null|2016-01-04|2016-01-06;");
}
END_TEST

void suite_add_quotes(Suite *to)
{
    TCase *tests;

    tests = suite_group(to, "quotes");
    tcase_add_test(tests, test_quote_round_trip);
    tcase_add_test(tests, test_extreme_turnovers);
    tcase_add_test(tests, test_blank_term_is_not_zero);
    tcase_add_test(tests, test_equal_keys_keep_file_order);
    tcase_add_test(tests, test_correction_replaces);
    tcase_add_test(tests, test_many_quotes);
    tests = suite_group(to, "ledger");
    tcase_add_test(tests, test_same_bytes_once);
    tcase_add_test(tests, test_ledger_round_trip);
    tcase_add_test(tests, test_failure_does_not_block);
    tcase_add_test(tests, test_instruments);
}
