/* The pool on a PostgreSQL server that stops and comes back. TICKER_TEST_SERVICE is the program that starts and stops it
 * (tests/services/postgres), TICKER_TEST_FOLDER the folder it runs in, TICKER_TEST_POSTGRES its URL. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tickerimport/pool.h>

#include "base/clock.h"
#include "store_suite.h"

#define TEST_SECONDS 60
#define POOL_SIZE 3
#define AT_ONCE 2000     /* milliseconds */
#define BACK_WITHIN 2000 /* milliseconds after the server is there */
#define TRIES_WHILE_DOWN 100

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
    suite_add_tcase(made, tests);
    runner = srunner_create(made);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
