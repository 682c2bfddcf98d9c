/* The pool on a PostgreSQL server that stops and comes back. TICKER_TEST_SERVICE is the program that starts and stops it
 * (tests/services/postgres), TICKER_TEST_FOLDER the folder it runs in, TICKER_TEST_POSTGRES its URL. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tickerimport/import.h>
#include <tickerimport/pool.h>

#include "base/clock.h"
#include "store_suite.h"
#include "unit/support.h"

#define TEST_SECONDS 60
#define POOL_SIZE 3
#define AT_ONCE 2000     /* milliseconds */
#define BACK_WITHIN 2000 /* milliseconds after the server is there */
#define TRIES_WHILE_DOWN 100
#define STRUCK_FILES 15
#define STRUCK_TRADES 40 /* of the first file; each has one more */
#define STRUCK_TRIES 500

static ticker_pool *pool;
static ticker_error error;

static int64_t now(void)
{
    return ti_clock_system.monotonic(ti_clock_system.self);
}

static void pause_for(int64_t milliseconds)
{
    ti_clock_system.sleep(ti_clock_system.self, milliseconds);
}

/* "start" or "stop"; comes back when that is done. */
static void service(const char *command)
{
    const char *program = getenv("TICKER_TEST_SERVICE"), *folder = getenv("TICKER_TEST_FOLDER");
    const char *port = strrchr(getenv("TICKER_TEST_POSTGRES"), ':') + 1;
    char digits[16] = "";
    int result = -1;
    pid_t child;

    (void)snprintf(digits, sizeof(digits), "%.*s", (int)strspn(port, "0123456789"), port);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (strcmp(command, "start") == 0)
            (void)execl(program, program, command, folder, digits, (char *)NULL);
        else
            (void)execl(program, program, command, folder, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_msg(WIFEXITED(result) && WEXITSTATUS(result) == 0, "%s ended with %d", command, result);
}

static void open_pool(const char *url, size_t size)
{
    ticker_options *options = ticker_options_new();

    ck_assert_ptr_nonnull(options);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_options_set(options, "database-url", url, &error), TICKER_OK);
    ck_assert_int_eq(ticker_pool_open(options, size, &pool, &error), TICKER_OK);
    ticker_options_free(options);
}

static ticker_status take(int wait, ticker_store **store)
{
    *store = NULL;
    ti_error_init(&error);
    return ticker_pool_take(pool, wait, store, &error);
}

static ticker_store *take_now(void)
{
    ticker_store *store;

    store_suite_ok(take(0, &store), &error, "take");
    return store;
}

static void counts(size_t open, size_t taken)
{
    size_t found_open = 99, found_taken = 99;

    ticker_pool_counts(pool, &found_open, &found_taken);
    ck_assert_uint_eq(found_open, open);
    ck_assert_uint_eq(found_taken, taken);
}

/* While it is down each take fails, and none of them waits. */
static void fails_at_once(void)
{
    int64_t begun = now();
    ticker_store *store;

    for (int i = 0; i < TRIES_WHILE_DOWN; i++) {
        ck_assert_int_eq(take(10000, &store), TICKER_RETRY);
        ck_assert_msg(ticker_error_get_kind(&error) == TICKER_ERROR_SERVICE, "%s", error.message);
    }
    ck_assert_int_lt(now() - begun, AT_ONCE);
}

static void comes_back(void)
{
    int64_t begun = now();
    ticker_store *store;

    while (take(1000, &store) != TICKER_OK) {
        ck_assert_int_lt(now() - begun, BACK_WITHIN);
        pause_for(10);
    }
    store_suite_expect(store, "i", "SELECT count(*) FROM {quotes} AS q", "0;");
    ticker_pool_give(pool, store);
}

START_TEST(the_server_stops_and_comes_back)
{
    ticker_store *taken, *idle, *other;

    open_pool(getenv("TICKER_TEST_POSTGRES"), POOL_SIZE);
    taken = take_now();
    idle = take_now();
    other = take_now();
    ticker_pool_give(pool, idle);
    ticker_pool_give(pool, other);
    counts(3, 1);
    service("stop");
    ck_assert_int_eq(ticker_store_version(taken, NULL, NULL, &error), TICKER_RETRY);
    ticker_pool_give(pool, taken); /* is not kept */
    counts(2, 0);
    fails_at_once();
    counts(0, 0); /* what nobody used has been found broken */
    pause_for(1200);
    fails_at_once();
    service("start");
    comes_back();
    counts(1, 0);
    ticker_pool_free(pool);
}
END_TEST

/* A restart that nobody noticed costs nobody a failure. */
START_TEST(restarted_between_two_uses)
{
    ticker_store *store;

    open_pool(getenv("TICKER_TEST_POSTGRES"), POOL_SIZE);
    ticker_pool_give(pool, take_now());
    service("stop");
    service("start");
    store = take_now();
    store_suite_expect(store, "i", "SELECT count(*) FROM {quotes} AS q", "0;");
    ticker_pool_give(pool, store);
    counts(1, 0);
    ticker_pool_free(pool);
}
END_TEST

static void *give_later(void *store)
{
    pause_for(200);
    ticker_pool_give(pool, store);
    return NULL;
}

/* A server that takes no more connections: those that are open are shared meanwhile. */
START_TEST(fewer_connections_than_places)
{
    char limited[256];
    const char *at = strchr(getenv("TICKER_TEST_POSTGRES"), '@');
    ticker_store *admin = store_suite_open_migrated(getenv("TICKER_TEST_POSTGRES")), *first, *second;
    pthread_t thread;

    store_suite_run_sql(admin, "CREATE ROLE ticker_limited LOGIN SUPERUSER");
    store_suite_run_sql(admin, "ALTER ROLE ticker_limited NOSUPERUSER CONNECTION LIMIT 1");
    store_suite_run_sql(admin, "GRANT ALL ON ALL TABLES IN SCHEMA public TO ticker_limited");
    (void)snprintf(limited, sizeof(limited), "postgres://ticker_limited%s", at);
    open_pool(limited, 2);
    first = take_now();
    ck_assert_int_eq(take(0, &second), TICKER_RETRY);
    ck_assert_str_eq(ticker_error_sqlstate(&error), "53300");
    ck_assert_int_eq(pthread_create(&thread, NULL, give_later, first), 0);
    store_suite_ok(take(10000, &second), &error, "take");
    ck_assert_ptr_eq(first, second);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    counts(1, 1);
    ticker_pool_give(pool, second);
    ticker_pool_free(pool);
    ticker_store_free(admin);
}
END_TEST

/* --- Connections that are lost at any moment --------------------------------------------------------------------------------------- */

static atomic_bool struck_enough;
static atomic_int struck; /* since something was done */
static unsigned struck_in_all;

/* Hangs up on everybody else, again and again; the less often the less is done, so that slow machines come to an end too. */
static void *strike(void *unused)
{
    ticker_store *admin = store_suite_open(getenv("TICKER_TEST_POSTGRES"));
    uint64_t state = 1;

    while (!atomic_load(&struck_enough)) {
        char *answer = store_suite_ask(admin, "i",
                                       "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE"
                                       " application_name = 'ticker_lost'",
                                       NULL);

        free(answer);
        state = state * 6364136223846793005u + 1442695040888963407u;
        pause_for((int64_t)(state >> 40) % (40 + 20 * atomic_load(&struck)));
    }
    ticker_store_free(admin);
    return unused;
}

/* What was not done because the connection is gone is to be done again, and nothing else. */
static bool lost(ticker_status status)
{
    if (status == TICKER_OK)
        return false;
    (void)atomic_fetch_add(&struck, 1);
    struck_in_all++;
    ck_assert_msg(status == TICKER_RETRY, "%s: %s %s", ticker_status_name(status), error.sqlstate, error.message);
    pause_for(5); /* a pool that was refused a connection says no for a moment */
    return true;
}

static void import_until_done(int trades)
{
    ticker_store *store;
    ti_buffer file;
    int tries = 0;

    bytes_init(&file);
    make_trades(&file, (unsigned)trades, "\n");
    for (bool again = true; again; tries++) {
        ck_assert_int_lt(tries, STRUCK_TRIES);
        again = lost(take(1000, &store));
        if (again)
            continue;
        again = lost(
            ticker_import_source(store, ticker_source_open_memory(file.data, file.size, "file"), NULL, NULL, &error));
        ticker_pool_give(pool, store);
    }
    atomic_store(&struck, 0);
    ti_buffer_free(&file);
}

/* All trades of the files so far, and nothing of the next one. */
static void count_until_known(int64_t trades)
{
    ticker_store *store;
    ti_cursor *cursor;
    ti_cell cell;
    int64_t found = -1;

    for (int tries = 0; found < 0; tries++) {
        ck_assert_int_lt(tries, STRUCK_TRIES);
        if (lost(take(1000, &store)))
            continue;
        if (!lost(store->ops->query(store, "SELECT count(*) FROM {trades} AS t", NULL, 0, &cursor, &error))) {
            if (!lost(cursor->ops->next(cursor, &cell, &error)))
                ck_assert(ti_parse_integer(cell.text, false, &found));
            cursor->ops->close(cursor);
        }
        ticker_pool_give(pool, store);
    }
    ck_assert_int_eq(found, trades);
}

START_TEST(connections_lost_at_any_moment)
{
    char named[512], expected[32];
    ticker_store *admin = store_suite_open_migrated(getenv("TICKER_TEST_POSTGRES"));
    const char *server = getenv("TICKER_TEST_POSTGRES");
    pthread_t thread;

    (void)snprintf(named, sizeof(named), "%s%sapplication_name=ticker_lost", server,
                   strchr(server, '?') != NULL ? "&" : "?");
    open_pool(named, 2);
    ck_assert_int_eq(pthread_create(&thread, NULL, strike, NULL), 0);
    for (int i = 0; i < STRUCK_FILES; i++) {
        import_until_done(STRUCK_TRADES + i);
        count_until_known(STRUCK_TRADES + i);
    }
    atomic_store(&struck_enough, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ticker_pool_free(pool);
    ck_assert_uint_gt(struck_in_all, 0);
    /* Each once, whether or not its COMMIT was answered. */
    (void)snprintf(expected, sizeof(expected), "%d|%d;", STRUCK_FILES, STRUCK_FILES);
    store_suite_expect(
        admin, "ii", "SELECT count(*), count(DISTINCT sha256) FROM {imports} AS i WHERE status = 'imported'", expected);
    store_suite_expect(admin, "i", "SELECT count(*) FROM {imports} AS i WHERE status = 'failed'", "0;");
    ticker_store_free(admin);
}
END_TEST

int main(void)
{
    Suite *made = suite_create("pool");
    TCase *tests = tcase_create("postgresql");
    SRunner *runner;
    int failed;

    if (getenv("TICKER_TEST_SERVICE") == NULL || getenv("TICKER_TEST_FOLDER") == NULL ||
        getenv("TICKER_TEST_POSTGRES") == NULL) {
        (void)fprintf(stderr, "run tests/conformance/pool.sh\n");
        return EXIT_FAILURE;
    }
    tcase_set_timeout(tests, TEST_SECONDS);
    tcase_add_test(tests, the_server_stops_and_comes_back);
    tcase_add_test(tests, restarted_between_two_uses);
    tcase_add_test(tests, fewer_connections_than_places);
    tcase_add_test(tests, connections_lost_at_any_moment);
    suite_add_tcase(made, tests);
    runner = srunner_create(made);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
