/* The cache suite on Redis, and what can go wrong with a Redis: each of these tests has a server of its own, which it pauses, kills or
 * fills. */
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache_suite.h"

extern char **environ;

/* --- A server ------------------------------------------------------------------------------------------------------------------ */

static char folder[128], place[160], url[128];
static ticker_cache *cache;

#define WORDS_MAX 6

/* tests/services/redis COMMAND the server's folder, and more words, ended by NULL. */
__attribute__((sentinel)) static void service(const char *command, ...)
{
    char script[512], output[192];
    char *words[WORDS_MAX + 4] = {script, (char *)(uintptr_t)command, place};
    size_t count = 3;
    va_list list;
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;

    va_start(list, command);
    do {
        ck_assert_uint_lt(count, WORDS_MAX + 4);
        words[count] = va_arg(list, char *);
    } while (words[count++] != NULL);
    va_end(list);
    (void)snprintf(script, sizeof(script), "%s/tests/services/redis", getenv("TICKER_SOURCE"));
    (void)snprintf(output, sizeof(output), "%s/url", folder);
    ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
    ck_assert_int_eq(posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0600), 0);
    ck_assert_int_eq(posix_spawn(&child, script, &actions, NULL, words, environ), 0);
    ck_assert_int_eq(posix_spawn_file_actions_destroy(&actions), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(status == 0, "redis %s ended with %d", command, status);
    if (strcmp(command, "start") == 0) {
        FILE *file = fopen(output, "r");

        ck_assert_ptr_nonnull(file);
        ck_assert_ptr_nonnull(fgets(url, sizeof(url), file));
        url[strcspn(url, "\n")] = '\0';
        (void)fclose(file);
    }
}

static void set_up(void)
{
    (void)snprintf(folder, sizeof(folder), "%s/XXXXXX", getenv("TICKER_TEST_FOLDER"));
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(place, sizeof(place), "%s/server", folder);
    cache = NULL;
}

/* Also what a test left paused. */
static void tear_down(void)
{
    char output[192];

    ticker_cache_free(cache);
    service("remove", NULL);
    (void)snprintf(output, sizeof(output), "%s/url", folder);
    (void)unlink(output);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void start(const char *setting, const char *value)
{
    service("start", "0", setting, value, NULL);
    cache = cache_open(url, "cache-timeout=200", "cache-connect-timeout=300", NULL);
}

static uint64_t counted(ticker_cache_event event)
{
    return ticker_cache_count(cache, event);
}

static void check_says(ticker_status wanted, ticker_error_kind kind, const char *message)
{
    ticker_error error;

    ti_error_init(&error);
    ck_assert_str_eq(ticker_status_name(ticker_cache_check(cache, &error)), ticker_status_name(wanted));
    ck_assert_int_eq(ticker_error_get_kind(&error), kind);
    ck_assert_msg(strstr(ticker_error_message(&error), message) != NULL, "%s", ticker_error_message(&error));
}

/* Until it answers again; at most five seconds. */
static void wait_until_it_answers(void)
{
    int64_t until = cache_clock() + 5000;

    while (ticker_cache_check(cache, NULL) != TICKER_OK) {
        ck_assert_msg(cache_clock() < until, "Redis is back and is still left out");
        cache_sleep(20);
    }
}

/* --- What goes wrong ----------------------------------------------------------------------------------------------------------- */

/* The time-out is paid once, then not: the requests go on without Redis. */
START_TEST(slow)
{
    int64_t begun;

    start(NULL, NULL);
    cache_fill(cache, "k", "A", "x");
    service("pause", NULL);
    begun = cache_clock();
    ck_assert_ptr_null(cache_get(cache, "k", "A"));
    ck_assert_int_ge(cache_clock() - begun, 190);
    ck_assert_int_lt(cache_clock() - begun, 1500);
    ck_assert_uint_eq(counted(TICKER_CACHE_ERROR), 1);
    begun = cache_clock();
    for (int i = 0; i < 1000; i++)
        ck_assert_str_eq(cache_fetch_text(cache, "k", "A", "from the database"), "from the database");
    ck_assert_int_lt(cache_clock() - begun, 5000); /* some trials may be among them */
    ck_assert_uint_ge(counted(TICKER_CACHE_SKIPPED), 980);
    ck_assert_uint_le(counted(TICKER_CACHE_ERROR), 10);
    check_says(TICKER_RETRY, TICKER_ERROR_SERVICE, "in time");
    service("resume", NULL);
    wait_until_it_answers();
    ck_assert_str_eq(cache_get(cache, "k", "A"), "x");
}
END_TEST

/* Threads that find out at the same time pay at the same time. */
static void *get(void *payload)
{
    (void)payload;
    (void)cache_get(cache, "k", "A");
    return NULL;
}

START_TEST(slow_for_many)
{
    pthread_t threads[32];
    int64_t begun;

    start(NULL, NULL);
    cache_fill(cache, "k", "A", "x");
    service("pause", NULL);
    begun = cache_clock();
    for (size_t i = 0; i < 32; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, get, NULL), 0);
    for (size_t i = 0; i < 32; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_lt(cache_clock() - begun, 3000); /* and not 32 * 200 */
    ck_assert_uint_eq(counted(TICKER_CACHE_ERROR) + counted(TICKER_CACHE_SKIPPED), 32);
}
END_TEST

/* An import that cannot tell Redis says so, each time, and without being kept from trying by others' failures. */
START_TEST(a_bump_that_fails)
{
    const char *tag = "A";
    ticker_error error;

    start(NULL, NULL);
    cache_fill(cache, "k", "A", "x");
    service("pause", NULL);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_cache_bump(cache, &tag, 1, &error), TICKER_RETRY);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_SERVICE);
    ck_assert_int_eq(ticker_cache_bump_all(cache, NULL), TICKER_RETRY);
    ck_assert_uint_eq(counted(TICKER_CACHE_UNBUMPED), 2);
    service("resume", NULL);
    ck_assert_int_eq(ticker_cache_bump(cache, &tag, 1, &error), TICKER_OK); /* although the breaker is open */
    ck_assert_ptr_null(cache_get(cache, "k", "A"));
}
END_TEST

START_TEST(down_and_back)
{
    ticker_metrics *metrics = ticker_metrics_new();
    const ticker_series *up = ticker_metrics_series(metrics, TICKER_METRIC_CACHE_UP, NULL, 0);
    int64_t begun;

    start(NULL, NULL);
    ticker_cache_measure(cache, metrics);
    ck_assert_int_eq(ticker_series_value(up), 1);
    cache_fill(cache, "k", "A", "x");
    service("kill", NULL);
    begun = cache_clock();
    for (int i = 0; i < 1000; i++)
        ck_assert_str_eq(cache_fetch_text(cache, "k", "A", "from the database"), "from the database");
    ck_assert_int_lt(cache_clock() - begun, 5000);
    ck_assert_uint_ge(counted(TICKER_CACHE_SKIPPED), 980);
    check_says(TICKER_RETRY, TICKER_ERROR_SERVICE, "Redis");
    ck_assert_int_eq(ticker_series_value(up), 0);
    service("start", NULL);
    wait_until_it_answers();
    ck_assert_int_eq(ticker_series_value(up), 1);
    ck_assert_str_eq(cache_fetch_text(cache, "k", "A", "new"), "new");
    ck_assert_str_eq(cache_get(cache, "k", "A"), "new");
    ticker_cache_free(cache);
    cache = NULL;
    ticker_metrics_free(metrics);
}
END_TEST

/* Connections that were idle meanwhile are noticed, and nothing is missed because of them. */
START_TEST(restarted_unnoticed)
{
    ticker_cache_ticket *ticket;

    start(NULL, NULL);
    cache_fill(cache, "k", "A", "x");
    ticket = cache_miss(cache, "before", "A");
    service("kill", NULL);
    service("start", NULL);
    cache_put(cache, ticket, "from another life");
    ck_assert_ptr_null(cache_get(cache, "before", "A"));
    cache_fill(cache, "k", "A", "y");
    ck_assert_uint_eq(counted(TICKER_CACHE_ERROR), 0);
    ck_assert_uint_eq(counted(TICKER_CACHE_SKIPPED), 0);
}
END_TEST

/* A server that comes back with what it had saved has the old epoch with the old entry, and has never heard of the bump. */
START_TEST(restarted_with_what_it_had_saved)
{
    start("--appendonly", "yes");
    cache_fill(cache, "k", "A", "old");
    service("stop", NULL);
    service("start", "--appendonly", "yes", NULL);
    ck_assert_ptr_null(cache_get(cache, "k", "A"));
    cache_fill(cache, "k", "A", "new");
}
END_TEST

START_TEST(full)
{
    char *data = calloc(1, 100000);

    start("--maxmemory", "2mb"); /* and noeviction, which is the default */
    cache_fill(cache, "first", "A", "x");
    for (int i = 0; i < 50; i++) {
        char key[16];
        ticker_cache_ticket *ticket;

        (void)snprintf(key, sizeof(key), "%d", i);
        ticket = cache_miss(cache, key, "A");
        ck_assert_int_eq(ticker_cache_store(cache, ticket, data, 100000, 0, NULL), TICKER_OK);
        ticker_cache_ticket_free(ticket);
    }
    ck_assert_uint_gt(counted(TICKER_CACHE_REFUSED), 10);
    ck_assert_str_eq(cache_get(cache, "first", "A"), "x"); /* it still reads … */
    ck_assert_str_eq(cache_fetch_text(cache, "n", "NEW", "from the database"), "from the database");
    cache_bump(cache, "A"); /* … and hears of imports */
    ck_assert_ptr_null(cache_get(cache, "first", "A"));
    ck_assert_int_eq(ticker_cache_check(cache, NULL), TICKER_OK);
    free(data);
}
END_TEST

START_TEST(evicting)
{
    char *data = calloc(1, 100000);

    service("start", "0", "--maxmemory", "3mb", "--maxmemory-policy", "allkeys-random", NULL);
    cache = cache_open(url, NULL);
    for (int i = 0; i < 300; i++) {
        char key[16], tag[16];

        (void)snprintf(key, sizeof(key), "%d", i);
        (void)snprintf(tag, sizeof(tag), "T%d", i % 7);
        {
            ticker_cache_ticket *ticket = cache_miss(cache, key, tag);

            ck_assert_int_eq(ticker_cache_store(cache, ticket, data, 50000, 0, NULL), TICKER_OK);
            ticker_cache_ticket_free(ticket);
        }
        (void)cache_fetch_text(cache, "again", tag, "x");
    }
    ck_assert_uint_eq(counted(TICKER_CACHE_REFUSED), 0);
    ck_assert_uint_le(counted(TICKER_CACHE_ERROR), 5); /* an epoch that was evicted as soon as it was made */
    free(data);
}
END_TEST

/* The URL with something before the host, and another database. */
static void open_as(const char *login, const char *database)
{
    char other[256];
    const char *host = url + strlen("redis://");

    (void)snprintf(other, sizeof(other), "redis://%s%.*s/%s", login, (int)strcspn(host, "/"), host, database);
    ticker_cache_free(cache);
    cache = cache_open(other, NULL);
}

START_TEST(passwords)
{
    static const char *const wrong[] = {"", ":wrong-password@", "nobody:s3cret@"};

    start("--requirepass", "s3cr%t");
    for (size_t i = 0; i < 3; i++) {
        open_as(wrong[i], "0");
        ck_assert_str_eq(cache_fetch_text(cache, "k", "A", "from the database"), "from the database");
        ck_assert_str_eq(cache_fetch_text(cache, "k", "A", "again"), "again");
        ck_assert_uint_eq(counted(TICKER_CACHE_ERROR), 1);
        ck_assert_uint_eq(counted(TICKER_CACHE_SKIPPED), 1);
        check_says(TICKER_FATAL, TICKER_ERROR_USAGE, i == 0 ? "NOAUTH" : "WRONGPASS");
    }
    open_as(":s3cr%25t@", "0");
    cache_fill(cache, "k", "A", "x");
    open_as("default:s3cr%25t@", "0");
    ck_assert_str_eq(cache_get(cache, "k", "A"), "x");
}
END_TEST

START_TEST(databases)
{
    start(NULL, NULL);
    cache_fill(cache, "k", "A", "x");
    open_as("", "3");
    ck_assert_ptr_null(cache_get(cache, "k", "A"));
    cache_fill(cache, "k", "A", "y");
    open_as("", "0");
    ck_assert_str_eq(cache_get(cache, "k", "A"), "x");
    open_as("", "99999");
    ck_assert_ptr_null(cache_get(cache, "k", "A"));
    check_says(TICKER_FATAL, TICKER_ERROR_USAGE, "DB index");
    ck_assert_uint_eq(counted(TICKER_CACHE_ERROR), 1);
}
END_TEST

START_TEST(a_socket)
{
    char path[192], socket_url[256];

    (void)snprintf(path, sizeof(path), "%s/socket", place);
    start("--unixsocket", path);
    (void)snprintf(socket_url, sizeof(socket_url), "unix:%s?db=2", path);
    ticker_cache_free(cache);
    cache = cache_open(socket_url, NULL);
    cache_fill(cache, "k", "A", "x");
    open_as("", "2");
    ck_assert_str_eq(cache_get(cache, "k", "A"), "x");
}
END_TEST

static void run_script(char *script)
{
    char program[] = "redis-cli", option[] = "-u", command[] = "EVAL", none[] = "0";
    char *words[] = {program, option, url, command, script, none, NULL};
    pid_t child;
    int status;

    ck_assert_int_eq(posix_spawnp(&child, "redis-cli", NULL, NULL, words, environ), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

/* What was asked for a moment ago is not sent again, and is good for as long as the epochs are, and for a second at most. */
START_TEST(copies_at_hand)
{
    char no_entries[] = "for _,k in ipairs(redis.call('KEYS','ticker:*:a:*')) do redis.call('DEL',k) end";
    ticker_cache *other;

    start(NULL, NULL);
    cache_fill(cache, "k", "A", "x");
    run_script(no_entries);
    ck_assert_str_eq(cache_get(cache, "k", "A"), "x");
    other = cache_open(url, NULL);
    ck_assert_ptr_null(cache_get(other, "k", "A"));
    cache_bump(other, "A");
    ck_assert_ptr_null(cache_get(cache, "k", "A"));
    cache_fill(cache, "k", "A", "y");
    ck_assert_str_eq(cache_get(other, "k", "A"), "y"); /* a copy of what was sent */
    run_script(no_entries);
    ck_assert_str_eq(cache_get(other, "k", "A"), "y");
    cache_sleep(1100);
    ck_assert_ptr_null(cache_get(other, "k", "A"));
    cache_fill(cache, "k", "A", "z");
    ck_assert_int_eq(ticker_cache_bump_all(other, NULL), TICKER_OK);
    ck_assert_ptr_null(cache_get(cache, "k", "A"));
    ticker_cache_free(other);
}
END_TEST

/* Somebody else's keys, or damage, where ours are expected. */
START_TEST(foreign_values)
{
    char script[] = "for _,k in ipairs(redis.call('KEYS','ticker:*:a:*')) do redis.call('SET',k,'TIC') end "
                    "for _,k in ipairs(redis.call('KEYS','ticker:*:e:*')) do redis.call('SET',k,'short') end";

    start(NULL, NULL);
    cache_fill(cache, "k", "A", "x");
    run_script(script);
    ck_assert_str_eq(cache_fetch_text(cache, "k", "A", "from the database"), "from the database");
    ck_assert_ptr_null(cache_get(cache, "k", "A"));
    cache_bump(cache, "A"); /* takes the foreign epoch away */
    cache_fill(cache, "k", "A", "y");
}
END_TEST

int main(void)
{
    static cache_backend backend = {.name = "redis", .shared = true};
    const TTest *const faults[] = {slow,
                                   slow_for_many,
                                   a_bump_that_fails,
                                   down_and_back,
                                   restarted_unnoticed,
                                   restarted_with_what_it_had_saved,
                                   full,
                                   evicting,
                                   passwords,
                                   databases,
                                   a_socket,
                                   copies_at_hand,
                                   foreign_values};
    TCase *group = tcase_create("faults");
    Suite *suite;

    backend.url = getenv("TICKER_TEST_REDIS");
    if (backend.url == NULL || getenv("TICKER_SOURCE") == NULL || getenv("TICKER_TEST_FOLDER") == NULL) {
        (void)fprintf(stderr, "this test needs a server: run tests/conformance/redis.sh\n");
        return 1;
    }
    suite = cache_suite(&backend);
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_set_timeout(group, 60);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        tcase_add_test(group, faults[i]);
    suite_add_tcase(suite, group);
    return cache_suite_run(suite);
}
