/* The store suite on SQLite, and what only SQLite has: its file, its views, its URL. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* nftw */
#endif
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_suite.h"

#define SHA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static char folder[64], url[128];
static ticker_error error;

static const char *set_up(void)
{
    (void)snprintf(folder, sizeof(folder), "/tmp/ticker-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(url, sizeof(url), "sqlite:%s/deep/down/ticker.db", folder);
    ti_error_init(&error);
    return url;
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status;
    (void)flag;
    (void)place;
    return remove(path);
}

static void tear_down(void)
{
    ck_assert_int_eq(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* How many files a folder below the test's has. */
static int count_files(const char *below)
{
    struct dirent *entry;
    char path[128];
    int count = 0;
    DIR *files;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, below);
    files = opendir(path);
    ck_assert_ptr_nonnull(files);
    while ((entry = readdir(files)) != NULL)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    ck_assert_int_eq(closedir(files), 0);
    return count;
}

static void set_up_alone(void)
{
    (void)set_up();
}

static const store_backend sqlite_backend = {.name = "sqlite", .set_up = set_up, .tear_down = tear_down};

static ticker_status try_open(const char *database, ticker_store **store)
{
    ticker_options *options = ticker_options_new();
    ticker_status status;

    ck_assert_ptr_nonnull(options);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_options_set(options, "database-url", database, &error), TICKER_OK);
    status = ticker_store_open(options, store, &error);
    ticker_options_free(options);
    return status;
}

/* Statements that change something; what they answer does not matter. */
static void run(ticker_store *store, const char *sql)
{
    ti_cell cells[TI_COLUMNS_MAX];
    ti_cursor *cursor;

    store_suite_ok(store->ops->query(store, sql, NULL, 0, &cursor, &error), &error, sql);
    while (cursor->ops->next(cursor, cells, &error) == TICKER_OK)
        ;
    cursor->ops->close(cursor);
}

/* --- The URL ------------------------------------------------------------------------------------------------------------------- */

START_TEST(test_wrong_urls)
{
    static const char *const wrong[] = {"sqlite:", "mysql://user:secret@host/db", "/tmp/ticker.db", "postgres:"};
    ticker_store *store = NULL;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[1024];

        ck_assert_int_eq(try_open(wrong[i], &store), TICKER_FATAL);
        ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_USAGE);
        (void)ticker_error_format(&error, text, sizeof(text));
        ck_assert_ptr_null(strstr(text, "secret"));
        ck_assert_ptr_nonnull(strstr(text, "sqlite:PATH"));
    }
    ck_assert_ptr_null(store);
}
END_TEST

START_TEST(test_default_path)
{
    char expected[128];
    ticker_store *store = NULL;

    ck_assert_int_eq(setenv("HOME", folder, 1), 0);
    ck_assert_int_eq(setenv("XDG_DATA_HOME", "relative/is/ignored", 1), 0);
    ti_error_init(&error);
    store_suite_ok(ticker_store_open(NULL, &store, &error), &error, "open in HOME");
    ticker_store_free(store);
    (void)snprintf(expected, sizeof(expected), "%s/.local/share/ticker", folder);
    ck_assert_int_eq(access(expected, W_OK), 0);
    (void)snprintf(expected, sizeof(expected), "%s/data", folder);
    ck_assert_int_eq(setenv("XDG_DATA_HOME", expected, 1), 0);
    store_suite_ok(try_open("", &store), &error, "open in XDG_DATA_HOME");
    store_suite_ok(ticker_store_migrate(store, &error), &error, "migrate");
    ticker_store_free(store);
    (void)snprintf(expected, sizeof(expected), "%s/data/ticker/ticker.db", folder);
    ck_assert_int_eq(access(expected, W_OK), 0);
    ck_assert_int_eq(unsetenv("HOME"), 0);
    ck_assert_int_eq(unsetenv("XDG_DATA_HOME"), 0);
    ck_assert_int_eq(try_open("", &store), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_USAGE);
}
END_TEST

static const char *resolve(ti_slice name)
{
    return ti_slice_is(name, "quotes") ? "quote_values" : NULL;
}

START_TEST(test_expand)
{
    char *text = ti_store_expand("SELECT 1 FROM {quotes} JOIN {quotes}", resolve);

    ck_assert_str_eq(text, "SELECT 1 FROM quote_values JOIN quote_values");
    free(text);
    text = ti_store_expand("", resolve);
    ck_assert_str_eq(text, "");
    free(text);
    ck_assert_ptr_null(ti_store_expand("SELECT 1 FROM {other}", resolve));
    ck_assert_ptr_null(ti_store_expand("SELECT 1 FROM {quotes", resolve));
    ck_assert_ptr_null(ti_store_expand("{}", resolve));
}
END_TEST

/* --- The file ------------------------------------------------------------------------------------------------------------------ */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(test_not_a_database)
{
    ticker_store *store = NULL;
    char path[128], database[160];

    (void)snprintf(path, sizeof(path), "%s/text.db", folder);
    (void)snprintf(database, sizeof(database), "sqlite:%s", path);
    write_file(
        path,
        "This is a text of more than a hundred bytes, so that nobody takes it for the beginning of a database file"
        " that is only just being made.\n");
    ck_assert_int_eq(try_open(database, &store), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_DATABASE);
    (void)snprintf(database, sizeof(database), "sqlite:%s", folder);
    ck_assert_int_eq(try_open(database, &store), TICKER_RETRY);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_SERVICE);
    (void)snprintf(database, sizeof(database), "sqlite:%s/text.db/under/a/file.db", folder);
    ck_assert_int_eq(try_open(database, &store), TICKER_RETRY);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_SERVICE);
    ck_assert_ptr_null(store);
}
END_TEST

START_TEST(test_newer_and_foreign)
{
    ticker_store *store = store_suite_open_migrated(url);
    int found = 0;

    run(store, "PRAGMA user_version = 99");
    store_suite_ok(ticker_store_version(store, &found, NULL, &error), &error, "version");
    ck_assert_int_eq(found, 99);
    ck_assert_int_eq(ticker_store_migrate(store, &error), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_DATABASE);
    ck_assert_str_ne(ticker_error_hint(&error), "");
    run(store, "PRAGMA application_id = 7");
    ti_error_init(&error);
    ck_assert_int_eq(ticker_store_migrate(store, &error), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_DATABASE);
    ticker_store_free(store);
}
END_TEST

START_TEST(test_not_migrated)
{
    ticker_store *store = store_suite_open(url);
    int64_t id;

    ti_error_init(&error);
    ck_assert_int_eq(store->ops->begin(store, &id, &error), TICKER_FATAL);
    ck_assert_ptr_nonnull(strstr(ticker_error_hint(&error), "migrate"));
    ticker_store_free(store);
}
END_TEST

/* --- The views ----------------------------------------------------------------------------------------------------------------- */

static void import(ticker_store *store, ticker_batch *batch, const char *sha256)
{
    int64_t id;

    ck_assert_int_eq(store_suite_import(store, &batch, 1, sha256, &id), TICKER_OK);
    ti_batch_free(batch);
}

START_TEST(test_quotes_view)
{
    ticker_store *store = store_suite_open_migrated(url);
    ticker_batch *batch = ti_batch_new(TICKER_QUOTES, 4, 256);
    uint32_t row = store_suite_quote(batch, "IBOVG139", "2024-11-08", "070");

    batch->i64[TICKER_QUOTE_OPEN][row] = 6870000;
    batch->i64[TICKER_QUOTE_HIGH][row] = 1;
    batch->i64[TICKER_QUOTE_LOW][row] = -1230000;
    batch->i64[TICKER_QUOTE_AVERAGE][row] = 99999999999990000;
    batch->i64[TICKER_QUOTE_CLOSE][row] = 7123400;
    batch->i64[TICKER_QUOTE_BID][row] = TICKER_NULL;
    batch->i64[TICKER_QUOTE_ASK][row] = 0;
    batch->i64[TICKER_QUOTE_STRIKE_POINTS][row] = 139000000000;
    batch->i64[TICKER_QUOTE_EXPIRY][row] = store_suite_day("2024-12-18");
    batch->i64[TICKER_QUOTE_TERM_DAYS][row] = 0;
    row = store_suite_quote(batch, "IBOVG140", "2024-11-08", "");
    batch->i64[TICKER_QUOTE_TURNOVER][row] = -1;
    batch->i64[TICKER_QUOTE_TURNOVER_REST][row] = 5000; /* signs that differ */
    import(store, batch, SHA);
    store_suite_expect(
        store, "ttttttttttttt",
        "SELECT ticker, trade_date, market, open, high, low, average, close, bid, ask, turnover, strike_points, expiry"
        " FROM quotes ORDER BY ticker LIMIT 1",
        "IBOVG139|2024-11-08|070|6.87|0.000001|-1.23|99999999999.99|7.1234|null|0.00|411234567.00|139000.000000|"
        "2024-12-18;");
    store_suite_expect(
        store, "titti",
        "SELECT market, term_days, turnover, source, occurrence FROM quotes ORDER BY ticker DESC LIMIT 1",
        "null|null|-0.005|cotahist|0;");
    ticker_store_free(store);
}
END_TEST

START_TEST(test_trades_view)
{
    ticker_store *store = store_suite_open_migrated(url);
    ticker_batch *batch = ti_batch_new(TICKER_TRADES, 4, 256);
    uint32_t row = store_suite_trade(batch, "DIIF27J27", "2025-04-29", 10, 0);

    batch->i64[TICKER_TRADE_PRICE][row] = -35000;
    row = store_suite_trade(batch, "WINM25", "2025-04-29", 20, 2);
    batch->i64[TICKER_TRADE_TIME][row] = 86399999;
    batch->i64[TICKER_TRADE_PRICE][row] = 4399000125;
    import(store, batch, SHA);
    store_suite_expect(
        store, "ttttiitti",
        "SELECT ticker, trade_date, reference_date, session, trade_id, action, trade_time, price, volume FROM trades"
        " ORDER BY ticker",
        "DIIF27J27|2025-04-29|2025-04-29|1|10|0|10:00:00.123|-0.035|100;"
        "WINM25|2025-04-29|2025-04-29|1|20|2|23:59:59.999|4399.000125|100;");
    store_suite_expect(store, "ittt", "SELECT id, status, seconds, first_date FROM imports", "1|imported|0.000|null;");
    ticker_store_free(store);
}
END_TEST

/* What SQLite says it would do: through a key, and never over all rows. */
static void check_plan(ticker_store *store, const char *sql, const char *wanted)
{
    char *plan = store_suite_ask(store, "iiit", sql, NULL);

    ck_assert_msg(strstr(plan, wanted) != NULL, "%s\n%s", sql, plan);
    ck_assert_msg(strstr(plan, "SCAN r") == NULL && strstr(plan, "SCAN t") == NULL, "%s\n%s", sql, plan);
    free(plan);
}

START_TEST(test_plans)
{
    ticker_store *store = store_suite_open_migrated(url);

    ticker_store_free(store);
    store = store_suite_open(url);
    check_plan(store, "EXPLAIN QUERY PLAN SELECT * FROM quotes WHERE ticker = 'PETR4'",
               "r USING PRIMARY KEY (instrument_id=?");
    check_plan(store, "EXPLAIN QUERY PLAN SELECT * FROM quotes WHERE ticker = 'PETR4' AND trade_date = '2024-01-02'",
               "r USING PRIMARY KEY (instrument_id=? AND trade_date=?)");
    check_plan(store, "EXPLAIN QUERY PLAN SELECT * FROM quotes WHERE trade_date = '2024-01-02'",
               "i USING INDEX instruments_by_date");
    check_plan(store, "EXPLAIN QUERY PLAN SELECT * FROM {quotes} AS q WHERE ticker = 'PETR4' AND trade_date >= 19000",
               "r USING PRIMARY KEY (instrument_id=? AND trade_date>?");
    check_plan(store, "EXPLAIN QUERY PLAN SELECT * FROM {quotes} AS q WHERE trade_date = 19000",
               "i USING INDEX instruments_by_date");
    check_plan(store, "EXPLAIN QUERY PLAN SELECT * FROM trades WHERE ticker = 'PETR4' AND trade_date = '2024-01-02'",
               "r USING PRIMARY KEY (trade_date=? AND instrument_id=?)");
    check_plan(store, "EXPLAIN QUERY PLAN SELECT * FROM {trades} AS t WHERE ticker = 'PETR4' AND trade_date = 19000",
               "r USING PRIMARY KEY (trade_date=? AND instrument_id=?)");
    ticker_store_free(store);
}
END_TEST

START_TEST(test_journal_and_leftovers)
{
    ticker_store *store = store_suite_open_migrated(url);
    ticker_batch *batch = ti_batch_new(TICKER_QUOTES, 4, 256);

    (void)store_suite_quote(batch, "A", "2024-11-08", "010");
    import(store, batch, SHA);
    store_suite_expect(store, "t", "PRAGMA journal_mode", "wal;");
    store_suite_expect(store, "t", "PRAGMA integrity_check", "ok;");
    ticker_store_free(store);
    ck_assert_int_eq(count_files("deep/down"), 1); /* no journal, no temporary file */
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("sqlite alone");

    tcase_add_checked_fixture(tests, set_up_alone, tear_down);
    tcase_add_test(tests, test_wrong_urls);
    tcase_add_test(tests, test_default_path);
    tcase_add_test(tests, test_expand);
    tcase_add_test(tests, test_not_a_database);
    tcase_add_test(tests, test_newer_and_foreign);
    tcase_add_test(tests, test_not_migrated);
    tcase_add_test(tests, test_quotes_view);
    tcase_add_test(tests, test_trades_view);
    tcase_add_test(tests, test_plans);
    tcase_add_test(tests, test_journal_and_leftovers);
    return store_suite_run(&sqlite_backend, tests);
}
