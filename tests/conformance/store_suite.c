#include "store_suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/schema.h"

#define ROWS 64
#define TEXT_BYTES 256
#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define MANY_BATCHES 120

#define COUNT_QUOTES "SELECT count(*) FROM {quotes} AS q"
#define COUNT_TRADES "SELECT count(*) FROM {trades} AS t"
#define COUNT_IMPORTS "SELECT count(*) FROM {imports} AS i"

static const store_backend *backend;
static const char *url;
static ticker_store *store;
static ticker_batch *quotes, *trades;
static ticker_error error;

static void set_up(void)
{
    ti_error_init(&error);
    url = backend->set_up();
    store = store_suite_open_migrated(url);
    quotes = ti_batch_new(TICKER_QUOTES, ROWS, TEXT_BYTES);
    trades = ti_batch_new(TICKER_TRADES, ROWS, TEXT_BYTES);
    ck_assert_ptr_nonnull(quotes);
    ck_assert_ptr_nonnull(trades);
}

static void tear_down(void)
{
    ti_batch_free(quotes);
    ti_batch_free(trades);
    ticker_store_free(store);
    backend->tear_down();
}

static void ok(ticker_status status, const char *what)
{
    store_suite_ok(status, &error, what);
}

static bool no_instruments(void *payload, ti_instrument *instrument)
{
    (void)payload;
    (void)instrument;
    return false;
}

/* Imports what the batch holds and empties it. */
static ticker_status import(ticker_batch *batch, const char *sha256, int64_t *id)
{
    ticker_status status = store_suite_import(store, &batch, 1, sha256, id);

    ti_batch_clear(batch);
    return status;
}

static ti_ledger_row ledger_row(const char *status)
{
    return (ti_ledger_row){.file = "COTAHIST_A2016.ZIP", .member = "COTAHIST_A2016.TXT", .format = "cotahist", .sha256 = SHA_A,
                           .status = status, .error = "", .problems = "[{\"line\": 3, \"column\": 1, \"reason\": \"short\"}]",
                           .turnover = "123456789012345678901.25", .bytes = 5000000000, .records = 10, .imported = 9, .rejected = 1,
                           .repaired = 2, .first_date = store_suite_day("2016-01-04"), .last_date = store_suite_day("2016-01-05"),
                           .trades = 35480, .volume = 60127200, .declared = 12, .microseconds = 1500000, .forced = true};
}

/* --- Opening ------------------------------------------------------------------------------------------------------------------- */

START_TEST(test_versions)
{
    ticker_store *fresh;
    int found = -1, wanted = -1;

    ck_assert_str_eq(ticker_store_backend(store), backend->name);
    ok(ticker_store_version(store, &found, &wanted, &error), "version");
    ck_assert_int_eq(found, TI_SCHEMA_VERSION);
    ck_assert_int_eq(wanted, TI_SCHEMA_VERSION);
    ok(ticker_store_migrate(store, &error), "migrate again");
    ticker_store_free(store);
    backend->tear_down();
    url = backend->set_up();
    fresh = store_suite_open(url);
    ok(ticker_store_version(fresh, &found, NULL, &error), "version of an empty database");
    ck_assert_int_eq(found, 0);
    ticker_store_free(fresh);
    store = store_suite_open_migrated(url);
    store_suite_expect(store, "i", COUNT_QUOTES, "0;");
    store_suite_expect(store, "i", COUNT_TRADES, "0;");
    store_suite_expect(store, "i", COUNT_IMPORTS, "0;");
}
END_TEST

/* Runs `work` in processes of their own at once; each must exit with 0. */
static void run_together(int processes, void (*work)(int number))
{
    for (int i = 0; i < processes; i++) {
        pid_t child = fork();

        ck_assert_int_ge(child, 0);
        if (child == 0) {
            work(i);
            _exit(0);
        }
    }
    for (int i = 0; i < processes; i++) {
        int result = -1;

        ck_assert_int_gt(wait(&result), 0);
        ck_assert_msg(WIFEXITED(result) && WEXITSTATUS(result) == 0, "a process ended with %d", result);
    }
}

static void migrate_alone(int number)
{
    ticker_options *options = ticker_options_new();
    ticker_store *own = NULL;

    (void)number;
    if (options == NULL || ticker_options_set(options, "database-url", url, NULL) != TICKER_OK ||
        ticker_store_open(options, &own, NULL) != TICKER_OK || ticker_store_migrate(own, NULL) != TICKER_OK)
        _exit(1);
    ticker_store_free(own);
    ticker_options_free(options);
}

START_TEST(test_migrate_together)
{
    ticker_store_free(store);
    backend->tear_down();
    url = backend->set_up();
    run_together(4, migrate_alone);
    store = store_suite_open_migrated(url);
    store_suite_expect(store, "i", COUNT_QUOTES, "0;");
}
END_TEST

/* --- Quotes -------------------------------------------------------------------------------------------------------------------- */

#define ALL_OF_A_QUOTE                                                                                                             \
    "SELECT ticker, trade_date, market, bdi, name, specification, term_days, currency, open, high, low, average, close, bid, ask," \
    " trades, volume, turnover, turnover_rest, strike, strike_points, correction, expiry, factor, isin, distribution, source,"     \
    " occurrence, import_id FROM {quotes} AS q ORDER BY ticker, trade_date"

START_TEST(test_quote_round_trip)
{
    uint32_t row = store_suite_quote(quotes, "PETR4", "2016-01-04", "010");
    int64_t id;

    quotes->i64[TICKER_QUOTE_BID][row] = TICKER_NULL;
    row = store_suite_quote(quotes, "PETRA25 \xc3\x89'\"\\;|", "1986-12-31", "070");
    quotes->i64[TICKER_QUOTE_TERM_DAYS][row] = 0;
    quotes->i64[TICKER_QUOTE_VOLUME][row] = 999999999999999999;
    quotes->i64[TICKER_QUOTE_TURNOVER][row] = 999999999999;
    quotes->i64[TICKER_QUOTE_TURNOVER_REST][row] = 1234;
    quotes->i64[TICKER_QUOTE_STRIKE][row] = 99999999999990000;
    quotes->i64[TICKER_QUOTE_STRIKE_POINTS][row] = 1;
    quotes->i64[TICKER_QUOTE_CORRECTION][row] = 8;
    quotes->i64[TICKER_QUOTE_EXPIRY][row] = store_suite_day("2024-02-29");
    row = store_suite_quote(quotes, "X", "2016-01-04", "");
    for (unsigned i = TICKER_QUOTE_TERM_DAYS; i < TICKER_QUOTE_SOURCE; i++) {
        if (quotes->i64[i] != NULL)
            quotes->i64[i][row] = TICKER_NULL;
        else
            quotes->text[i][row].size = 0;
    }
    for (unsigned i = TICKER_QUOTE_BDI; i <= TICKER_QUOTE_SPECIFICATION; i++)
        quotes->text[i][row].size = 0;
    store_suite_text(quotes, TICKER_QUOTE_SOURCE, row, "somewhere else");
    ck_assert_int_eq(import(quotes, SHA_A, &id), TICKER_OK);
    ck_assert_int_eq(id, 1);
    store_suite_expect(store, "tdttttitpppppppiimppididtttii", ALL_OF_A_QUOTE,
                       "PETR4|2016-01-04|010|02|PETROBRAS|PN      N2|null|R$|6950000|6960000|6970000|6980000|6990000|null|7010000|"
                       "35480|60127200|411234567000000|null|null|null|null|1|BRPETRACNPR6|007|cotahist|0|1;"
                       "PETRA25 \xc3\x89'\"\\;||1986-12-31|070|02|PETROBRAS|PN      N2|0|R$|6950000|6960000|6970000|6980000|6990000|"
                       "7000000|7010000|35480|999999999999999999|9999999999991234|99999999999990000|1|8|2024-02-29|1|BRPETRACNPR6|007|"
                       "cotahist|0|1;"
                       "X|2016-01-04|null|null|null|null|null|null|null|null|null|null|null|null|null|null|null|null|null|null|null|"
                       "null|null|null|null|somewhere else|0|1;");
}
END_TEST

START_TEST(test_extreme_turnovers)
{
    static const int64_t turnovers[][2] = {{-1, 0}, {0, -5000}, {-12, -1}, {5, 9999}, {999999999999999999, 0}};
    int64_t id;

    for (size_t i = 0; i < 5; i++) {
        char ticker[2] = {(char)('A' + i), '\0'};
        uint32_t row = store_suite_quote(quotes, ticker, "2016-01-04", "010");
        quotes->i64[TICKER_QUOTE_TURNOVER][row] = turnovers[i][0];
        quotes->i64[TICKER_QUOTE_TURNOVER_REST][row] = turnovers[i][1];
    }
    ck_assert_int_eq(import(quotes, SHA_A, &id), TICKER_OK);
    store_suite_expect(store, "m", "SELECT turnover, turnover_rest FROM {quotes} AS q WHERE ticker <> 'E' ORDER BY ticker",
                       "-10000;-5000;-120001;59999;");
}
END_TEST

START_TEST(test_blank_term_is_not_zero)
{
    uint32_t row;
    int64_t id;

    (void)store_suite_quote(quotes, "VALE3", "2016-01-04", "030");
    row = store_suite_quote(quotes, "VALE3", "2016-01-04", "030");
    quotes->i64[TICKER_QUOTE_TERM_DAYS][row] = 0;
    row = store_suite_quote(quotes, "VALE3", "2016-01-04", "030");
    quotes->i64[TICKER_QUOTE_TERM_DAYS][row] = 30;
    ck_assert_int_eq(import(quotes, SHA_A, &id), TICKER_OK);
    store_suite_expect(store, "ii", "SELECT term_days, occurrence FROM {quotes} AS q ORDER BY term_days NULLS FIRST",
                       "null|0;0|0;30|0;");
}
END_TEST

/* Prices tell which row of the file it was. */
static void put_priced(const char *ticker, const char *date, const char *market, int64_t price)
{
    uint32_t row = store_suite_quote(quotes, ticker, date, market);

    quotes->i64[TICKER_QUOTE_CLOSE][row] = price * 1000000;
}

START_TEST(test_equal_keys_keep_file_order)
{
    int64_t id;

    put_priced("VGO 2", "1986-10-10", "030", 1);
    put_priced("AAA 1", "1986-10-10", "030", 2);
    put_priced("VGO 2", "1986-10-10", "030", 3);
    put_priced("VGO 2", "1986-10-10", "", 4);
    put_priced("VGO 2", "1986-10-10", "", 5);
    put_priced("VGO 2", "1986-10-09", "030", 6);
    put_priced("VGO 2", "1986-10-10", "030", 7);
    ck_assert_int_eq(import(quotes, SHA_A, &id), TICKER_OK);
    store_suite_expect(store, "tdtip",
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

    put_priced("A", "2016-01-04", "010", 1);
    put_priced("A", "2016-01-04", "010", 2);
    put_priced("B", "2016-01-04", "", 3);
    put_priced("A", "2015-12-30", "010", 4);
    ck_assert_int_eq(import(quotes, SHA_A, &first), TICKER_OK);
    put_priced("B", "2016-01-04", "", 13);
    put_priced("A", "2016-01-04", "010", 11);
    put_priced("A", "2016-01-05", "010", 15);
    quotes->text[TICKER_QUOTE_NAME][1].size = 0;
    ck_assert_int_eq(import(quotes, SHA_B, &second), TICKER_OK);
    ck_assert_int_eq(first, 1);
    ck_assert_int_eq(second, 2);
    store_suite_expect(store, "tdipti",
                       "SELECT ticker, trade_date, occurrence, close, name, import_id FROM {quotes} AS q"
                       " ORDER BY ticker, trade_date, occurrence",
                       "A|2015-12-30|0|4000000|PETROBRAS|1;A|2016-01-04|0|11000000|null|2;A|2016-01-04|1|2000000|PETROBRAS|1;"
                       "A|2016-01-05|0|15000000|PETROBRAS|2;B|2016-01-04|0|13000000|PETROBRAS|2;");
}
END_TEST

/* More rows than the store keeps in memory, out of order and over years, twice over. */
static void put_many(ticker_batch *batch, uint64_t *state)
{
    static const char *const dates[] = {"2015-12-30", "2016-01-04", "2014-06-01", "2016-12-31"};
    char ticker[16];

    ti_batch_clear(batch);
    for (unsigned i = 0; i < ROWS; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        (void)snprintf(ticker, sizeof(ticker), "T%03u", (unsigned)(*state >> 33) % 500);
        if (batch->table == TICKER_QUOTES)
            (void)store_suite_quote(batch, ticker, dates[*state >> 61 & 3], "010");
        else
            (void)store_suite_trade(batch, ticker, dates[*state >> 61 & 3], (int64_t)(*state >> 20 & 0xffffff), 0);
    }
}

START_TEST(test_many_quotes)
{
    char expected[64];
    char *counted, *highest;

    for (int round = 0; round < 2; round++) {
        uint64_t state = 1;
        int64_t id;
        ti_ledger_row row = ledger_row("imported");

        row.sha256 = round == 0 ? SHA_A : SHA_B;
        ok(store->ops->begin(store, &id, &error), "begin");
        for (int i = 0; i < MANY_BATCHES * 20; i++) {
            put_many(quotes, &state);
            ok(store->ops->put(store, quotes, &error), "put");
        }
        ok(store->ops->settle(store, &error), "settle");
        ok(store->ops->commit(store, &row, no_instruments, NULL, &id, &error), "commit");
        (void)snprintf(expected, sizeof(expected), "%d|%lld;", MANY_BATCHES * 20 * ROWS, (long long)id);
        store_suite_expect(store, "ii", "SELECT count(*), max(import_id) FROM {quotes} AS q", expected);
        store_suite_expect(store, "i", "SELECT count(*) FROM {quotes} AS q WHERE import_id <> (SELECT max(id) FROM {imports} AS i)", "0;");
    }
    counted = store_suite_ask(store, "i", "SELECT count(*) FROM {quotes} AS q WHERE ticker = $1", "T007", NULL);
    highest = store_suite_ask(store, "i", "SELECT count(*) FROM (SELECT DISTINCT trade_date, occurrence FROM {quotes} AS q"
                                          " WHERE ticker = $1) AS d", "T007", NULL);
    ck_assert_str_eq(counted, highest);
    free(counted);
    free(highest);
}
END_TEST

/* --- The ledger ---------------------------------------------------------------------------------------------------------------- */

START_TEST(test_same_bytes_once)
{
    int64_t first, second, found = 0;

    put_priced("A", "2016-01-04", "010", 1);
    ck_assert_int_eq(import(quotes, SHA_A, &first), TICKER_OK);
    put_priced("A", "2016-01-04", "010", 2);
    put_priced("NEW3", "2016-01-04", "010", 2);
    ck_assert_int_eq(import(quotes, SHA_A, &second), TICKER_DONE);
    ck_assert_int_eq(second, first);
    store_suite_expect(store, "tpi", "SELECT ticker, close, import_id FROM {quotes} AS q", "A|1000000|1;");
    store_suite_expect(store, "i", COUNT_IMPORTS, "1;");
    ok(store->ops->find_import(store, 1, SHA_A, "", &found, &error), "find by hash");
    ck_assert_int_eq(found, first);
    ck_assert_int_eq(store->ops->find_import(store, 1, SHA_A, "other", &found, &error), TICKER_DONE);
    ck_assert_int_eq(store->ops->find_import(store, 1, SHA_B, "", &found, &error), TICKER_DONE);
    ok(store->ops->find_import(store, 1, NULL, NULL, &found, &error), "find by size");
    ck_assert_int_eq(store->ops->find_import(store, 2, NULL, NULL, &found, &error), TICKER_DONE);
    put_priced("A", "2016-01-04", "010", 3);
    ck_assert_int_eq(import(quotes, SHA_B, &second), TICKER_OK);
    store_suite_expect(store, "tpi", "SELECT ticker, close, import_id FROM {quotes} AS q", "A|3000000|2;");
}
END_TEST

#define ALL_OF_AN_IMPORT                                                                                                           \
    "SELECT id, file, member, format, sha256, bytes, status, records, imported, rejected, repaired, first_date, last_date, trades," \
    " volume, declared, error FROM {imports} AS i ORDER BY id"

START_TEST(test_ledger_round_trip)
{
    ti_ledger_row row = ledger_row("imported");
    char *text;
    int64_t id, failed;

    ok(store->ops->begin(store, &id, &error), "begin");
    put_priced("A", "2016-01-04", "010", 1);
    ok(store->ops->put(store, quotes, &error), "put");
    ok(store->ops->settle(store, &error), "settle");
    ok(store->ops->commit(store, &row, no_instruments, NULL, &id, &error), "commit");
    row = ledger_row("failed");
    row.error = "it's truncated";
    row.first_date = row.last_date = row.declared = TICKER_NULL;
    ok(store->ops->record_failure(store, &row, &failed, &error), "record a failure");
    ok(store->ops->record_failure(store, &row, &failed, &error), "record it again");
    ck_assert_int_gt(failed, id);
    text = store_suite_ask(store, "ittttitiiiiddiiit", ALL_OF_AN_IMPORT, NULL);
    ck_assert_str_eq(text, "1|COTAHIST_A2016.ZIP|COTAHIST_A2016.TXT|cotahist|" SHA_A "|5000000000|imported|10|9|1|2|2016-01-04|2016-01-05|"
                           "35480|60127200|12|;"
                           "2|COTAHIST_A2016.ZIP|COTAHIST_A2016.TXT|cotahist|" SHA_A "|5000000000|failed|10|9|1|2|null|null|"
                           "35480|60127200|null|it's truncated;"
                           "3|COTAHIST_A2016.ZIP|COTAHIST_A2016.TXT|cotahist|" SHA_A "|5000000000|failed|10|9|1|2|null|null|"
                           "35480|60127200|null|it's truncated;");
    free(text);
    store_suite_expect(store, "tp", "SELECT turnover, seconds FROM {imports} AS i WHERE id = 1", "123456789012345678901.25|1500000;");
    text = store_suite_ask(store, "t", "SELECT problems FROM {imports} AS i WHERE id = 1", NULL);
    ck_assert_ptr_nonnull(strstr(text, "short"));
    free(text);
}
END_TEST

START_TEST(test_failure_does_not_block)
{
    ti_ledger_row row = ledger_row("failed");
    int64_t id, found;

    row.sha256 = SHA_A;
    row.member = "";
    ok(store->ops->record_failure(store, &row, &id, &error), "record a failure");
    ck_assert_int_eq(store->ops->find_import(store, row.bytes, SHA_A, "", &found, &error), TICKER_DONE);
    ck_assert_int_eq(store->ops->find_import(store, row.bytes, NULL, NULL, &found, &error), TICKER_DONE);
    put_priced("A", "2016-01-04", "010", 1);
    ck_assert_int_eq(import(quotes, SHA_A, &id), TICKER_OK);
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

static void add_instrument(instrument_list *list, const char *ticker, const char *name, const char *first, const char *last)
{
    list->item[list->count++] = (ti_instrument){.ticker = ti_slice_of(ticker), .market = ti_slice_of("010"), .name = ti_slice_of(name),
                                                .specification = ti_slice_of("PN"), .isin = ti_slice_of(""),
                                                .first_date = store_suite_day(first), .last_date = store_suite_day(last)};
}

static void import_with(instrument_list *list, const char *sha256)
{
    ti_ledger_row row = ledger_row("imported");
    int64_t id;

    row.sha256 = sha256;
    ok(store->ops->begin(store, &id, &error), "begin");
    if (quotes->rows > 0)
        ok(store->ops->put(store, quotes, &error), "put");
    ok(store->ops->settle(store, &error), "settle");
    ok(store->ops->commit(store, &row, next_of_list, list, &id, &error), "commit");
    ti_batch_clear(quotes);
}

START_TEST(test_instruments)
{
    instrument_list list = {.count = 0};

    add_instrument(&list, "A", "FIRST", "2016-01-04", "2016-01-05");
    add_instrument(&list, "B", "OTHER", "2016-01-04", "2016-01-04");
    put_priced("A", "2016-01-04", "010", 1);
    put_priced("A", "2016-01-05", "010", 1);
    put_priced("B", "2016-01-04", "010", 1);
    import_with(&list, SHA_A);
    list = (instrument_list){.count = 0};
    add_instrument(&list, "A", "OLDER", "2015-01-02", "2015-01-02"); /* an older file, imported later */
    put_priced("A", "2015-01-02", "010", 1);
    import_with(&list, SHA_B);
    list = (instrument_list){.count = 0};
    add_instrument(&list, "B", "RENAMED", "2016-01-06", "2016-01-06");
    put_priced("B", "2016-01-06", "010", 1);
    import_with(&list, SHA_C);
    store_suite_expect(store, "tttttdd",
                       "SELECT ticker, market, name, specification, isin, first_date, last_date FROM {instruments} AS i ORDER BY ticker",
                       "A|010|FIRST|PN|null|2015-01-02|2016-01-05;B|010|RENAMED|PN|null|2016-01-04|2016-01-06;");
}
END_TEST

/* --- Undoing ------------------------------------------------------------------------------------------------------------------- */

START_TEST(test_rollback)
{
    int64_t id;

    put_priced("A", "2016-01-04", "010", 1);
    ok(store->ops->begin(store, &id, &error), "begin");
    ok(store->ops->put(store, quotes, &error), "put");
    store->ops->rollback(store);
    store_suite_expect(store, "i", COUNT_QUOTES, "0;");
    ok(store->ops->begin(store, &id, &error), "begin again");
    ok(store->ops->put(store, quotes, &error), "put");
    ok(store->ops->settle(store, &error), "settle");
    store->ops->rollback(store);
    store->ops->rollback(store);
    store_suite_expect(store, "i", COUNT_QUOTES, "0;");
    store_suite_expect(store, "i", COUNT_IMPORTS, "0;");
    store_suite_expect(store, "i", "SELECT count(*) FROM {instruments} AS i", "0;");
    ck_assert_int_eq(import(quotes, SHA_A, &id), TICKER_OK);
    store_suite_expect(store, "i", COUNT_QUOTES, "1;");
}
END_TEST

START_TEST(test_free_rolls_back)
{
    int64_t id;

    put_priced("A", "2016-01-04", "010", 1);
    ok(store->ops->begin(store, &id, &error), "begin");
    ok(store->ops->put(store, quotes, &error), "put");
    ok(store->ops->settle(store, &error), "settle");
    ticker_store_free(store);
    store = store_suite_open_migrated(url);
    store_suite_expect(store, "i", COUNT_QUOTES, "0;");
    store_suite_expect(store, "i", COUNT_IMPORTS, "0;");
}
END_TEST

/* Dies as by kill -9 with everything done but the commit. */
static void die_before_commit(int number)
{
    ticker_store *own = store_suite_open_migrated(url);
    int64_t id;

    if (own->ops->begin(own, &id, &error) != TICKER_OK || own->ops->put(own, number == 0 ? quotes : trades, &error) != TICKER_OK ||
        own->ops->settle(own, &error) != TICKER_OK)
        _exit(1);
    (void)raise(SIGKILL);
}

START_TEST(test_killed)
{
    int64_t id;

    put_priced("A", "2016-01-04", "010", 1);
    (void)store_suite_trade(trades, "A", "2016-01-04", 10, 0);
    ticker_store_free(store);
    for (int i = 0; i < 2; i++) {
        int result = -1;
        pid_t child = fork();

        ck_assert_int_ge(child, 0);
        if (child == 0) {
            die_before_commit(i);
            _exit(1);
        }
        ck_assert_int_eq(waitpid(child, &result, 0), child);
        ck_assert_msg(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL, "the process ended with %d", result);
        store = store_suite_open_migrated(url);
        store_suite_expect(store, "i", COUNT_QUOTES, "0;");
        store_suite_expect(store, "i", COUNT_TRADES, "0;");
        store_suite_expect(store, "i", COUNT_IMPORTS, "0;");
        ticker_store_free(store);
    }
    store = store_suite_open_migrated(url);
    ck_assert_int_eq(import(quotes, SHA_A, &id), TICKER_OK);
    store_suite_expect(store, "i", COUNT_QUOTES, "1;");
}
END_TEST

/* Imports the same file or, for higher numbers, another one. */
static void import_alone(int number)
{
    char sha256[] = SHA_A;
    int64_t id;

    store = store_suite_open_migrated(url);
    if (number > 3)
        sha256[0] = (char)('0' + number);
    put_priced("A", "2016-01-04", "010", 1);
    put_priced("B", "2016-01-04", "010", number);
    (void)import(quotes, sha256, &id);
    ticker_store_free(store);
}

START_TEST(test_imports_together)
{
    ticker_store_free(store);
    run_together(8, import_alone);
    store = store_suite_open_migrated(url);
    store_suite_expect(store, "i", "SELECT count(*) FROM {imports} AS i WHERE status = 'imported'", "5;");
    store_suite_expect(store, "i", COUNT_IMPORTS, "5;");
    store_suite_expect(store, "i", COUNT_QUOTES, "2;");
    store_suite_expect(store, "i", "SELECT count(DISTINCT import_id) FROM {quotes} AS q", "1;");
}
END_TEST

/* --- Trades -------------------------------------------------------------------------------------------------------------------- */

#define ALL_OF_A_TRADE                                                                                                             \
    "SELECT ticker, trade_date, reference_date, session, trade_id, action, trade_time, price, volume, buyer, seller, channel,"     \
    " import_id FROM {trades} AS t ORDER BY ticker, trade_date, reference_date, trade_id, action"
#define TRADE_TYPES "tddtiihpiiiti"

START_TEST(test_trade_round_trip)
{
    uint32_t row = store_suite_trade(trades, "DIIF27J27", "2025-04-29", 10, 0);
    int64_t id;

    trades->i64[TICKER_TRADE_PRICE][row] = -35000;
    trades->i64[TICKER_TRADE_TIME][row] = 0;
    trades->i64[TICKER_TRADE_REFERENCE_DATE][row] = store_suite_day("2025-04-30");
    row = store_suite_trade(trades, "WINM25", "2025-04-29", 999999999999, 2);
    store_suite_text(trades, TICKER_TRADE_SESSION, row, "06");
    store_suite_text(trades, TICKER_TRADE_CHANNEL, row, "1");
    trades->i64[TICKER_TRADE_TIME][row] = 86399999;
    trades->i64[TICKER_TRADE_BUYER][row] = 3;
    trades->i64[TICKER_TRADE_SELLER][row] = 6003;
    trades->i64[TICKER_TRADE_VOLUME][row] = 999999999999999999;
    ck_assert_int_eq(import(trades, SHA_A, &id), TICKER_OK);
    store_suite_expect(store, TRADE_TYPES, ALL_OF_A_TRADE,
                       "DIIF27J27|2025-04-29|2025-04-30|1|10|0|0|-35000|100|null|null|null|1;"
                       "WINM25|2025-04-29|2025-04-29|06|999999999999|2|86399999|5970000|999999999999999999|3|6003|1|1;");
}
END_TEST

static void put_trade(const char *ticker, const char *date, int64_t id, int64_t action, int64_t price)
{
    uint32_t row = store_suite_trade(trades, ticker, date, id, action);

    trades->i64[TICKER_TRADE_PRICE][row] = price * 1000000;
}

START_TEST(test_last_trade_of_a_key_wins)
{
    int64_t id;

    put_trade("A", "2025-04-29", 10, 0, 1);
    put_trade("A", "2025-04-29", 20, 0, 2);
    put_trade("A", "2025-04-29", 10, 2, 3);
    put_trade("A", "2025-04-29", 10, 0, 4);
    put_trade("A", "2025-04-29", 10, 0, 5);
    ck_assert_int_eq(import(trades, SHA_A, &id), TICKER_OK);
    put_trade("A", "2025-04-29", 20, 0, 6);
    ck_assert_int_eq(import(trades, SHA_B, &id), TICKER_OK);
    store_suite_expect(store, "iipi", "SELECT trade_id, action, price, import_id FROM {trades} AS t ORDER BY trade_id, action",
                       "10|0|5000000|1;10|2|3000000|1;20|0|6000000|2;");
}
END_TEST

static void begin_and_settle(ticker_batch *batch)
{
    int64_t id;

    ok(store->ops->begin(store, &id, &error), "begin");
    ok(store->ops->put(store, batch, &error), "put");
    ok(store->ops->settle(store, &error), "settle");
    ti_batch_clear(batch);
}

static void finish(const char *sha256)
{
    ti_ledger_row row = ledger_row("imported");
    int64_t id;

    row.sha256 = sha256;
    ok(store->ops->commit(store, &row, no_instruments, NULL, &id, &error), "commit");
}

START_TEST(test_days_that_are_new)
{
    put_trade("A", "2025-04-29", 10, 0, 1);
    put_trade("A", "2025-04-30", 10, 0, 1);
    put_trade("A", "2025-04-30", 10, 0, 1);
    begin_and_settle(trades);
    ck_assert(store->ops->day_is_new(store, store_suite_day("2025-04-29")));
    ck_assert(!store->ops->day_is_new(store, store_suite_day("2025-04-30")));
    finish(SHA_A);
    put_trade("B", "2025-04-29", 10, 0, 1);
    put_trade("B", "2025-05-02", 10, 0, 1);
    begin_and_settle(trades);
    ck_assert(!store->ops->day_is_new(store, store_suite_day("2025-04-29")));
    ck_assert(store->ops->day_is_new(store, store_suite_day("2025-05-02")));
    store->ops->rollback(store);
    put_trade("B", "2025-05-02", 10, 0, 1);
    begin_and_settle(trades);
    ck_assert(store->ops->day_is_new(store, store_suite_day("2025-05-02")));
    finish(SHA_B);
}
END_TEST

typedef struct seen_trades {
    char text[512];
    size_t size;
} seen_trades;

static ticker_status see_trade(const ti_trade *trade, void *payload, ticker_error *why)
{
    seen_trades *seen = payload;

    (void)why;
    seen->size += (size_t)snprintf(seen->text + seen->size, sizeof(seen->text) - seen->size, "%zu:%.*s:%lld:%lld:%lld:%lld:%lld;",
                                   trade->day, (int)trade->session.size, trade->session.data, (long long)trade->id,
                                   (long long)trade->action, (long long)trade->time, (long long)trade->price, (long long)trade->volume);
    return trade->id == 666 ? TICKER_FAILED : TICKER_OK;
}

START_TEST(test_scan_trades)
{
    const ti_ticker_day days[] = {{{"B", 1}, store_suite_day("2025-04-29")},
                                  {{"A", 1}, store_suite_day("2025-04-29")},
                                  {{"NONE", 4}, store_suite_day("2025-04-29")},
                                  {{"A", 1}, store_suite_day("2025-04-28")}};
    seen_trades seen = {.size = 0};

    put_trade("A", "2025-04-29", 30, 0, 1);
    put_trade("A", "2025-04-29", 20, 2, 2);
    put_trade("B", "2025-04-29", 10, 0, 3);
    begin_and_settle(trades);
    finish(SHA_A);
    put_trade("A", "2025-04-29", 25, 0, 4);
    put_trade("A", "2025-04-28", 5, 0, 5);
    begin_and_settle(trades);
    ok(store->ops->scan_trades(store, days, 4, see_trade, &seen, &error), "scan");
    ck_assert_str_eq(seen.text, "0:1:10:0:36000123:3000000:100;1:1:20:2:36000123:2000000:100;1:1:25:0:36000123:4000000:100;"
                                "1:1:30:0:36000123:1000000:100;3:1:5:0:36000123:5000000:100;");
    finish(SHA_B);
    put_trade("B", "2025-04-30", 666, 0, 1);
    begin_and_settle(trades);
    ck_assert_int_eq(store->ops->scan_trades(store, &(ti_ticker_day){{"B", 1}, store_suite_day("2025-04-30")}, 1, see_trade, &seen, &error),
                     TICKER_FAILED);
    store->ops->rollback(store);
}
END_TEST

START_TEST(test_many_trades)
{
    for (int round = 0; round < 2; round++) {
        uint64_t state = 7;
        int64_t id;
        char *counted, *distinct;

        ok(store->ops->begin(store, &id, &error), "begin");
        for (int i = 0; i < MANY_BATCHES * 20; i++) {
            put_many(trades, &state);
            ok(store->ops->put(store, trades, &error), "put");
        }
        ok(store->ops->settle(store, &error), "settle");
        finish(round == 0 ? SHA_A : SHA_B);
        counted = store_suite_ask(store, "i", COUNT_TRADES, NULL);
        distinct = store_suite_ask(store, "i", "SELECT count(*) FROM (SELECT DISTINCT ticker, trade_date, reference_date, session,"
                                               " trade_id, action FROM {trades} AS t) AS d", NULL);
        ck_assert_str_eq(counted, distinct);
        free(counted);
        free(distinct);
        store_suite_expect(store, "i", "SELECT count(DISTINCT import_id) FROM {trades} AS t", "1;");
    }
}
END_TEST

/* --- Quotes made from trades --------------------------------------------------------------------------------------------------- */

static void put_day_quote(const char *ticker, const char *date, int64_t count, int64_t price)
{
    uint32_t row = store_suite_quote(quotes, ticker, date, "");

    store_suite_text(quotes, TICKER_QUOTE_SOURCE, row, "trades");
    quotes->i64[TICKER_QUOTE_TRADES][row] = count;
    quotes->i64[TICKER_QUOTE_CLOSE][row] = price * 1000000;
}

/* An import of one trade and of the day's quotes put before. */
static void import_day_quotes(const char *sha256, int64_t trade)
{
    put_trade("A", "2025-04-29", trade, 0, 1);
    begin_and_settle(trades);
    ok(store->ops->put_day_quotes(store, quotes, &error), "put_day_quotes");
    ti_batch_clear(quotes);
    finish(sha256);
}

#define DAY_QUOTES "SELECT ticker, trade_date, market, close, source, import_id FROM {quotes} AS q ORDER BY ticker, trade_date, market"

START_TEST(test_day_quotes)
{
    put_day_quote("A", "2025-04-29", 2, 1);
    put_day_quote("B", "2025-04-29", 1, 2);
    import_day_quotes(SHA_A, 10);
    store_suite_expect(store, "tdtpti", DAY_QUOTES, "A|2025-04-29|null|1000000|trades|1;B|2025-04-29|null|2000000|trades|1;");
    put_day_quote("A", "2025-04-29", 3, 3);
    put_day_quote("B", "2025-04-29", 0, 0);
    put_day_quote("C", "2025-04-29", 0, 0);
    put_day_quote("C", "2025-04-28", 1, 4);
    import_day_quotes(SHA_B, 20);
    store_suite_expect(store, "tdtpti", DAY_QUOTES, "A|2025-04-29|null|3000000|trades|2;C|2025-04-28|null|4000000|trades|2;");
}
END_TEST

START_TEST(test_day_quotes_give_way)
{
    int64_t id;

    put_day_quote("A", "2025-04-29", 2, 1);
    put_day_quote("B", "2025-04-29", 1, 2);
    put_day_quote("C", "2025-04-29", 1, 2);
    import_day_quotes(SHA_A, 10);
    put_priced("A", "2025-04-29", "010", 5);
    put_priced("B", "2025-04-30", "010", 6);
    put_priced("C", "2025-04-29", "", 7); /* the same key */
    ck_assert_int_eq(import(quotes, SHA_B, &id), TICKER_OK);
    store_suite_expect(store, "tdtpti", DAY_QUOTES,
                       "A|2025-04-29|010|5000000|cotahist|2;B|2025-04-29|null|2000000|trades|1;B|2025-04-30|010|6000000|cotahist|2;"
                       "C|2025-04-29|null|7000000|cotahist|2;");
    put_day_quote("A", "2025-04-29", 9, 9);
    put_day_quote("B", "2025-04-29", 9, 8);
    put_day_quote("C", "2025-04-29", 9, 9);
    import_day_quotes(SHA_C, 20);
    store_suite_expect(store, "tdtpti", DAY_QUOTES,
                       "A|2025-04-29|010|5000000|cotahist|2;B|2025-04-29|null|8000000|trades|3;B|2025-04-30|010|6000000|cotahist|2;"
                       "C|2025-04-29|null|7000000|cotahist|2;");
}
END_TEST

/* --- Queries and misuse -------------------------------------------------------------------------------------------------------- */

START_TEST(test_queries)
{
    ti_parameter parameters[] = {{.type = TICKER_TYPE_DATE, .number = store_suite_day("2016-01-05")},
                                 {.type = TICKER_TYPE_INTEGER, .number = 1},
                                 {.type = TICKER_TYPE_TEXT, .null = true},
                                 {.type = TICKER_TYPE_TEXT, .text = {"Ax", 1}}};
    ti_cursor *cursor = NULL;
    ti_cell cells[4];
    int64_t id;

    put_priced("A", "2016-01-04", "010", 1);
    put_priced("A", "2016-01-05", "010", 2);
    put_priced("A", "2016-01-06", "010", 3);
    ck_assert_int_eq(import(quotes, SHA_A, &id), TICKER_OK);
    ok(store->ops->query(store, "SELECT ticker, name FROM {quotes} AS q WHERE trade_date >= $1 AND ticker = $4 AND trade_date >= $1"
                                " ORDER BY trade_date DESC LIMIT $2", parameters, 4, &cursor, &error), "query");
    ck_assert_uint_eq(cursor->columns, 2);
    ck_assert_int_eq(cursor->ops->next(cursor, cells, &error), TICKER_OK);
    ck_assert(ti_slice_is(cells[0].text, "A"));
    ck_assert_int_eq(cursor->ops->next(cursor, cells, &error), TICKER_DONE);
    cursor->ops->close(cursor);
    ok(store->ops->query(store, COUNT_QUOTES, NULL, 0, &cursor, &error), "query");
    cursor->ops->close(cursor); /* before its end */
    store_suite_expect(store, "i", COUNT_QUOTES, "3;");
    ck_assert_int_lt(store->ops->query(store, "SELECT nothing FROM {nowhere} AS n", NULL, 0, &cursor, &error), TICKER_OK);
}
END_TEST

START_TEST(test_misuse)
{
    int64_t id;
    ticker_error why;

    put_priced("A", "2016-01-04", "010", 1);
    put_trade("A", "2016-01-04", 10, 0, 1);
    ti_error_init(&why);
    ck_assert_int_eq(store->ops->put(store, quotes, &why), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&why), TICKER_ERROR_INTERNAL);
    ok(store->ops->begin(store, &id, &error), "begin");
    ck_assert_int_eq(store->ops->begin(store, &id, NULL), TICKER_FATAL);
    ok(store->ops->put(store, quotes, &error), "put");
    ck_assert_int_eq(store->ops->put(store, trades, NULL), TICKER_FATAL);
    store->ops->rollback(store);
    store_suite_expect(store, "i", COUNT_QUOTES, "0;");
    ok(store->ops->begin(store, &id, &error), "begin");
    ok(store->ops->settle(store, &error), "settle nothing");
    finish(SHA_A);
    store_suite_expect(store, "i", COUNT_IMPORTS, "1;");
}
END_TEST

/* --- The suite ----------------------------------------------------------------------------------------------------------------- */

static TCase *group(Suite *suite, const char *name)
{
    TCase *made = tcase_create(name);

    tcase_add_checked_fixture(made, set_up, tear_down);
    tcase_set_timeout(made, 120);
    suite_add_tcase(suite, made);
    return made;
}

Suite *store_suite(const store_backend *of)
{
    Suite *suite = suite_create(of->name);
    TCase *tests = group(suite, "opening");

    backend = of;
    tcase_add_test(tests, test_versions);
    tcase_add_test(tests, test_migrate_together);
    tests = group(suite, "quotes");
    tcase_add_test(tests, test_quote_round_trip);
    tcase_add_test(tests, test_extreme_turnovers);
    tcase_add_test(tests, test_blank_term_is_not_zero);
    tcase_add_test(tests, test_equal_keys_keep_file_order);
    tcase_add_test(tests, test_correction_replaces);
    tcase_add_test(tests, test_many_quotes);
    tests = group(suite, "ledger");
    tcase_add_test(tests, test_same_bytes_once);
    tcase_add_test(tests, test_ledger_round_trip);
    tcase_add_test(tests, test_failure_does_not_block);
    tcase_add_test(tests, test_instruments);
    tests = group(suite, "undoing");
    tcase_add_test(tests, test_rollback);
    tcase_add_test(tests, test_free_rolls_back);
    tcase_add_test(tests, test_killed);
    tcase_add_test(tests, test_imports_together);
    tests = group(suite, "trades");
    tcase_add_test(tests, test_trade_round_trip);
    tcase_add_test(tests, test_last_trade_of_a_key_wins);
    tcase_add_test(tests, test_days_that_are_new);
    tcase_add_test(tests, test_scan_trades);
    tcase_add_test(tests, test_many_trades);
    tcase_add_test(tests, test_day_quotes);
    tcase_add_test(tests, test_day_quotes_give_way);
    tests = group(suite, "use");
    tcase_add_test(tests, test_queries);
    tcase_add_test(tests, test_misuse);
    return suite;
}
