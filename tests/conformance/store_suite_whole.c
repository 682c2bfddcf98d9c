/* Opening and migrating, undoing, many at once, queries and misuse. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_suite_parts.h"

/* --- Opening ------------------------------------------------------------------------------------------------------------------- */

START_TEST(test_versions)
{
    ticker_store *fresh;
    int found = -1, wanted = -1;

    ck_assert_str_eq(ticker_store_backend(suite.store), suite.backend->name);
    suite_ok(ticker_store_version(suite.store, &found, &wanted, &suite.error), "version");
    ck_assert_int_eq(found, TI_SCHEMA_VERSION);
    ck_assert_int_eq(wanted, TI_SCHEMA_VERSION);
    suite_ok(ticker_store_migrate(suite.store, &suite.error), "migrate again");
    ticker_store_free(suite.store);
    suite.backend->tear_down();
    suite.url = suite.backend->set_up();
    fresh = store_suite_open(suite.url);
    suite_ok(ticker_store_version(fresh, &found, NULL, &suite.error), "version of an empty database");
    ck_assert_int_eq(found, 0);
    ticker_store_free(fresh);
    suite.store = store_suite_open_migrated(suite.url);
    store_suite_expect(suite.store, "i", COUNT_QUOTES, "0;");
    store_suite_expect(suite.store, "i", COUNT_TRADES, "0;");
    store_suite_expect(suite.store, "i", COUNT_IMPORTS, "0;");
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
    if (options == NULL || ticker_options_set(options, "database-url", suite.url, NULL) != TICKER_OK ||
        ticker_store_open(options, &own, NULL) != TICKER_OK || ticker_store_migrate(own, NULL) != TICKER_OK)
        _exit(1);
    ticker_store_free(own);
    ticker_options_free(options);
}

START_TEST(test_migrate_together)
{
    ticker_store_free(suite.store);
    suite.backend->tear_down();
    suite.url = suite.backend->set_up();
    run_together(4, migrate_alone);
    suite.store = store_suite_open_migrated(suite.url);
    store_suite_expect(suite.store, "i", COUNT_QUOTES, "0;");
}
END_TEST

/* --- Undoing ------------------------------------------------------------------------------------------------------------------- */

START_TEST(test_rollback)
{
    int64_t id;

    suite_put_quote("A", "2016-01-04", "010", 1);
    suite_ok(suite.store->ops->begin(suite.store, &id, &suite.error), "begin");
    suite_ok(suite.store->ops->put(suite.store, suite.quotes, &suite.error), "put");
    suite.store->ops->rollback(suite.store);
    store_suite_expect(suite.store, "i", COUNT_QUOTES, "0;");
    suite_ok(suite.store->ops->begin(suite.store, &id, &suite.error), "begin again");
    suite_ok(suite.store->ops->put(suite.store, suite.quotes, &suite.error), "put");
    suite_ok(suite.store->ops->settle(suite.store, &suite.error), "settle");
    suite.store->ops->rollback(suite.store);
    suite.store->ops->rollback(suite.store);
    store_suite_expect(suite.store, "i", COUNT_QUOTES, "0;");
    store_suite_expect(suite.store, "i", COUNT_IMPORTS, "0;");
    store_suite_expect(suite.store, "i", "SELECT count(*) FROM {instruments} AS i", "0;");
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &id), TICKER_OK);
    store_suite_expect(suite.store, "i", COUNT_QUOTES, "1;");
}
END_TEST

START_TEST(test_free_rolls_back)
{
    int64_t id;

    suite_put_quote("A", "2016-01-04", "010", 1);
    suite_ok(suite.store->ops->begin(suite.store, &id, &suite.error), "begin");
    suite_ok(suite.store->ops->put(suite.store, suite.quotes, &suite.error), "put");
    suite_ok(suite.store->ops->settle(suite.store, &suite.error), "settle");
    ticker_store_free(suite.store);
    suite.store = store_suite_open_migrated(suite.url);
    store_suite_expect(suite.store, "i", COUNT_QUOTES, "0;");
    store_suite_expect(suite.store, "i", COUNT_IMPORTS, "0;");
}
END_TEST

/* Dies as by kill -9 with everything done but the commit. */
static void die_before_commit(int number)
{
    ticker_store *own = store_suite_open_migrated(suite.url);
    int64_t id;

    if (own->ops->begin(own, &id, &suite.error) != TICKER_OK ||
        own->ops->put(own, number == 0 ? suite.quotes : suite.trades, &suite.error) != TICKER_OK ||
        own->ops->settle(own, &suite.error) != TICKER_OK)
        _exit(1);
    (void)raise(SIGKILL);
}

START_TEST(test_killed)
{
    int64_t id;

    suite_put_quote("A", "2016-01-04", "010", 1);
    (void)store_suite_trade(suite.trades, "A", "2016-01-04", 10, 0);
    ticker_store_free(suite.store);
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
        suite.store = store_suite_open_migrated(suite.url);
        store_suite_expect(suite.store, "i", COUNT_QUOTES, "0;");
        store_suite_expect(suite.store, "i", COUNT_TRADES, "0;");
        store_suite_expect(suite.store, "i", COUNT_IMPORTS, "0;");
        ticker_store_free(suite.store);
    }
    suite.store = store_suite_open_migrated(suite.url);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &id), TICKER_OK);
    store_suite_expect(suite.store, "i", COUNT_QUOTES, "1;");
}
END_TEST

/* Imports the same file or, for higher numbers, another one. */
static void import_alone(int number)
{
    char sha256[] = SHA_A;
    int64_t id;

    suite.store = store_suite_open_migrated(suite.url);
    if (number > 3)
        sha256[0] = (char)('0' + number);
    suite_put_quote("A", "2016-01-04", "010", 1);
    suite_put_quote("B", "2016-01-04", "010", number);
    (void)suite_import(suite.quotes, sha256, &id);
    ticker_store_free(suite.store);
}

START_TEST(test_imports_together)
{
    ticker_store_free(suite.store);
    run_together(8, import_alone);
    suite.store = store_suite_open_migrated(suite.url);
    store_suite_expect(suite.store, "i", "SELECT count(*) FROM {imports} AS i WHERE status = 'imported'", "5;");
    store_suite_expect(suite.store, "i", COUNT_IMPORTS, "5;");
    store_suite_expect(suite.store, "i", COUNT_QUOTES, "2;");
    store_suite_expect(suite.store, "i", "SELECT count(DISTINCT import_id) FROM {quotes} AS q", "1;");
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

    suite_put_quote("A", "2016-01-04", "010", 1);
    suite_put_quote("A", "2016-01-05", "010", 2);
    suite_put_quote("A", "2016-01-06", "010", 3);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &id), TICKER_OK);
    suite_ok(suite.store->ops->query(
                 suite.store,
                 "SELECT ticker, name FROM {quotes} AS q WHERE trade_date >= $1 AND ticker = $4 AND trade_date >= $1"
                 " ORDER BY trade_date DESC LIMIT $2",
                 parameters, 4, &cursor, &suite.error),
             "query");
    ck_assert_uint_eq(cursor->columns, 2);
    ck_assert_int_eq(cursor->ops->next(cursor, cells, &suite.error), TICKER_OK);
    ck_assert(ti_slice_is(cells[0].text, "A"));
    ck_assert_int_eq(cursor->ops->next(cursor, cells, &suite.error), TICKER_DONE);
    cursor->ops->close(cursor);
    suite_ok(suite.store->ops->query(suite.store, COUNT_QUOTES, NULL, 0, &cursor, &suite.error), "query");
    cursor->ops->close(cursor); /* before its end */
    store_suite_expect(suite.store, "i", COUNT_QUOTES, "3;");
    ck_assert_int_lt(
        suite.store->ops->query(suite.store, "SELECT nothing FROM {nowhere} AS n", NULL, 0, &cursor, &suite.error),
        TICKER_OK);
}
END_TEST

START_TEST(test_misuse)
{
    int64_t id;
    ticker_error why;

    suite_put_quote("A", "2016-01-04", "010", 1);
    suite_put_trade("A", "2016-01-04", 10, 0, 1);
    ti_error_init(&why);
    ck_assert_int_eq(suite.store->ops->put(suite.store, suite.quotes, &why), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&why), TICKER_ERROR_INTERNAL);
    suite_ok(suite.store->ops->begin(suite.store, &id, &suite.error), "begin");
    ck_assert_int_eq(suite.store->ops->begin(suite.store, &id, NULL), TICKER_FATAL);
    suite_ok(suite.store->ops->put(suite.store, suite.quotes, &suite.error), "put");
    ck_assert_int_eq(suite.store->ops->put(suite.store, suite.trades, NULL), TICKER_FATAL);
    suite.store->ops->rollback(suite.store);
    store_suite_expect(suite.store, "i", COUNT_QUOTES, "0;");
    suite_ok(suite.store->ops->begin(suite.store, &id, &suite.error), "begin");
    suite_ok(suite.store->ops->settle(suite.store, &suite.error), "settle nothing");
    suite_finish(SHA_A);
    store_suite_expect(suite.store, "i", COUNT_IMPORTS, "1;");
}
END_TEST

void suite_add_whole(Suite *to)
{
    TCase *tests;

    tests = suite_group(to, "opening");
    tcase_add_test(tests, test_versions);
    tcase_add_test(tests, test_migrate_together);
    tests = suite_group(to, "undoing");
    tcase_add_test(tests, test_rollback);
    tcase_add_test(tests, test_free_rolls_back);
    tcase_add_test(tests, test_killed);
    tcase_add_test(tests, test_imports_together);
    tests = suite_group(to, "use");
    tcase_add_test(tests, test_queries);
    tcase_add_test(tests, test_misuse);
}
