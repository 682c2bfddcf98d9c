/* The pool, on SQLite: who gets which store, waiting, failures and their end, threads. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* nftw */
#endif
#include "support.h"

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store.h"

#define THREADS 8
#define ROUNDS 200
#define POOL_SIZE 3
#define BACK_OFF 50 /* milliseconds after the first failure */

static char folder[64], url[128], in_the_way[128];
static ticker_error error;
static ticker_pool *pool;

/* --- Helpers --------------------------------------------------------------------------------------------------------------------- */

static int64_t now(void)
{
    return ti_clock_system.monotonic(ti_clock_system.self);
}

static void pause_for(int64_t milliseconds)
{
    ti_clock_system.sleep(ti_clock_system.self, milliseconds);
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status, (void)flag, (void)place;
    return remove(path);
}

static void open_pool(size_t size)
{
    ticker_options *options = ticker_options_new();

    ck_assert_ptr_nonnull(options);
    (void)snprintf(folder, sizeof(folder), "/tmp/ticker-pool-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(in_the_way, sizeof(in_the_way), "%s/data", folder);
    (void)snprintf(url, sizeof(url), "sqlite:%s/data/ticker.db", folder);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_options_set(options, "database-url", url, &error), TICKER_OK);
    ck_assert_int_eq(ticker_pool_open(options, size, &pool, &error), TICKER_OK);
    ticker_options_free(options); /* the pool has its own */
}

static void close_pool(void)
{
    ticker_pool_free(pool);
    ck_assert_int_eq(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static ticker_store *take(void)
{
    ticker_store *store = NULL;

    ti_error_init(&error);
    ck_assert_msg(ticker_pool_take(pool, 0, &store, &error) == TICKER_OK, "%s", error.message);
    ck_assert_ptr_nonnull(store);
    return store;
}

static void fails(int wait, ticker_status status, ticker_error_kind kind)
{
    ticker_store *store = NULL;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_pool_take(pool, wait, &store, &error), status);
    ck_assert_int_eq(ticker_error_get_kind(&error), kind);
    ck_assert_str_ne(ticker_error_message(&error), "");
    ck_assert_ptr_null(store);
}

static void counts(size_t open, size_t taken)
{
    size_t found_open = 99, found_taken = 99;

    ticker_pool_counts(pool, &found_open, &found_taken);
    ck_assert_uint_eq(found_open, open);
    ck_assert_uint_eq(found_taken, taken);
}

/* A file where the folder of the database should be made. */
static void put_in_the_way(void)
{
    FILE *file = fopen(in_the_way, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fclose(file), 0);
}

/* --- Who gets what --------------------------------------------------------------------------------------------------------------- */

START_TEST(sizes)
{
    ticker_pool *none = NULL;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_pool_open(NULL, 0, &none, &error), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_USAGE);
    ck_assert_int_eq(ticker_pool_open(NULL, TICKER_POOL_MAX + 1, &none, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_pool_open(NULL, 1, NULL, NULL), TICKER_FATAL);
    ck_assert_ptr_null(none);
    ck_assert_int_eq(ticker_pool_open(NULL, TICKER_POOL_MAX, &none, &error), TICKER_OK);
    ticker_pool_free(none);
    ticker_pool_free(NULL);
}
END_TEST

START_TEST(opened_when_needed_and_used_again)
{
    ticker_store *first, *second;
    int found = 0, wanted = 0;

    open_pool(2);
    counts(0, 0);
    ck_assert_int_ne(access(in_the_way, F_OK), 0);
    first = take();
    counts(1, 1);
    ck_assert_int_eq(ticker_store_version(first, &found, &wanted, &error), TICKER_OK);
    ck_assert_int_eq(found, wanted); /* brought up to date */
    second = take();
    ck_assert_ptr_ne(first, second);
    counts(2, 2);
    fails(0, TICKER_RETRY, TICKER_ERROR_LIMIT);
    ticker_pool_give(pool, first);
    counts(2, 1);
    ck_assert_ptr_eq(take(), first);
    ticker_pool_give(pool, second);
    ticker_pool_give(pool, first);
    ticker_pool_give(pool, NULL);
    counts(2, 0);
    ticker_pool_counts(pool, NULL, NULL);
    ck_assert_ptr_eq(take(), first); /* the one in front, so that few are used when few are needed */
    ticker_pool_give(pool, first);
    close_pool();
}
END_TEST

START_TEST(what_was_open_is_undone)
{
    ticker_store *store;
    int64_t id;

    open_pool(1);
    store = take();
    store->adopt = 7;
    ck_assert_int_eq(store->ops->begin(store, &id, &error), TICKER_OK);
    ck_assert(!store->ops->usable(store));
    ticker_pool_give(pool, store);
    ck_assert_ptr_eq(take(), store);
    ck_assert_int_eq(store->adopt, 0);
    ck_assert(store->ops->usable(store));
    ck_assert_int_eq(store->ops->begin(store, &id, &error), TICKER_OK);
    ck_assert_int_eq(id, 1);
    ticker_pool_give(pool, store);
    close_pool();
}
END_TEST

START_TEST(reset_closes)
{
    ticker_store *idle, *taken;

    open_pool(2);
    taken = take();
    idle = take();
    ticker_pool_give(pool, idle);
    ticker_pool_reset(pool);
    counts(1, 1);
    ck_assert(taken->ops->usable(taken)); /* until it is given back */
    ticker_pool_give(pool, taken);
    counts(0, 0);
    ticker_pool_give(pool, take());
    counts(1, 0);
    close_pool();
}
END_TEST

/* Who reads from the pool is not kept waiting by the first import of another program, which has the file for itself otherwise. */
START_TEST(readers_are_not_kept_waiting)
{
    ticker_options *options = ticker_options_new();
    ticker_store *store, *other = NULL;
    int64_t id, epoch, begun;
    ti_cursor *cursor;
    ti_cell cell;

    open_pool(1);
    ck_assert_int_eq(ticker_options_set(options, "database-url", url, NULL), TICKER_OK);
    store = take();
    ck_assert_int_eq(ticker_store_open(options, &other, &error), TICKER_OK);
    ck_assert_int_eq(other->ops->begin(other, &id, &error), TICKER_OK);
    begun = now();
    ck_assert_int_eq(store->ops->epoch(store, &epoch, &error), TICKER_OK);
    ck_assert_int_eq(store->ops->query(store, "PRAGMA journal_mode", NULL, 0, &cursor, &error), TICKER_OK);
    ck_assert_int_eq(cursor->ops->next(cursor, &cell, &error), TICKER_OK);
    ck_assert(ti_slice_is(cell.text, "wal"));
    cursor->ops->close(cursor);
    ck_assert_int_lt(now() - begun, 2000);
    other->ops->rollback(other);
    ticker_store_free(other);
    ticker_pool_give(pool, store);
    ticker_options_free(options);
    close_pool();
}
END_TEST

/* --- Failures -------------------------------------------------------------------------------------------------------------------- */

START_TEST(backs_off_and_comes_back)
{
    int64_t begun, ended;

    open_pool(2);
    put_in_the_way();
    begun = now();
    fails(10000, TICKER_RETRY, TICKER_ERROR_SERVICE); /* nobody waits for a database that is down */
    counts(0, 0);
    ck_assert_int_eq(unlink(in_the_way), 0);
    for (;;) { /* not even tried again for a while */
        ticker_store *store = NULL;
        ticker_status status;

        ti_error_init(&error);
        status = ticker_pool_take(pool, 10000, &store, &error);
        ended = now();
        if (status == TICKER_OK) {
            ticker_pool_give(pool, store);
            break;
        }
        ck_assert_int_eq(status, TICKER_RETRY);
        ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_SERVICE);
        ck_assert_int_lt(ended - begun, 2000);
        pause_for(1);
    }
    ck_assert_int_ge(ended - begun, BACK_OFF);
    close_pool();
}
END_TEST

/* Each failed try doubles the time until the next one, up to a second. */
START_TEST(backs_off_longer_and_longer)
{
    ticker_store *store = NULL;
    int64_t begun;

    open_pool(1);
    put_in_the_way();
    fails(0, TICKER_RETRY, TICKER_ERROR_SERVICE);
    pause_for(BACK_OFF + 10);
    begun = now();
    fails(0, TICKER_RETRY, TICKER_ERROR_SERVICE); /* the second try: 100 ms from now */
    ck_assert_int_eq(unlink(in_the_way), 0);
    while (ticker_pool_take(pool, 0, &store, NULL) != TICKER_OK)
        pause_for(1);
    ck_assert_int_ge(now() - begun, 2 * BACK_OFF);
    ticker_pool_give(pool, store);
    close_pool();
}
END_TEST

START_TEST(reset_forgets_failures)
{
    open_pool(1);
    put_in_the_way();
    fails(0, TICKER_RETRY, TICKER_ERROR_SERVICE);
    ck_assert_int_eq(unlink(in_the_way), 0);
    ticker_pool_reset(pool);
    ticker_pool_give(pool, take());
    close_pool();
}
END_TEST

START_TEST(a_wrong_url)
{
    ticker_options *options = ticker_options_new();

    ti_error_init(&error);
    ck_assert_int_eq(ticker_options_set(options, "database-url", "mysql://user:s3cret@host/db", &error), TICKER_OK);
    ck_assert_int_eq(ticker_pool_open(options, 1, &pool, &error), TICKER_OK);
    for (int i = 0; i < 3; i++) {
        fails(0, TICKER_FATAL, TICKER_ERROR_USAGE);
        ck_assert_ptr_null(strstr(ticker_error_message(&error), "s3cret"));
    }
    ticker_pool_free(pool);
    ticker_options_free(options);
}
END_TEST

START_TEST(measured)
{
    static const char *const idle[] = {"idle"}, *const taken[] = {"taken"};
    ticker_metrics *metrics = ticker_metrics_new();
    const ticker_series *up, *are_idle, *are_taken;
    ticker_store *first, *second;

    open_pool(2);
    ticker_pool_measure(pool, metrics);
    up = ticker_metrics_series(metrics, TICKER_METRIC_DB_UP, NULL, 0);
    are_idle = ticker_metrics_series(metrics, TICKER_METRIC_DB_CONNECTIONS, idle, 1);
    are_taken = ticker_metrics_series(metrics, TICKER_METRIC_DB_CONNECTIONS, taken, 1);
    first = take();
    second = take();
    ck_assert_int_eq(ticker_series_value(up), 1);
    ck_assert_int_eq(ticker_series_value(are_taken), 2);
    ticker_pool_give(pool, first);
    ck_assert_int_eq(ticker_series_value(are_taken), 1);
    ck_assert_int_eq(ticker_series_value(are_idle), 1);
    ticker_pool_reset(pool);
    ticker_pool_give(pool, second);
    ck_assert_int_eq(ticker_series_value(are_taken), 0);
    ck_assert_int_eq(ticker_series_value(are_idle), 0);
    ck_assert_int_eq(nftw(in_the_way, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    put_in_the_way();
    fails(0, TICKER_RETRY, TICKER_ERROR_SERVICE);
    ck_assert_int_eq(ticker_series_value(up), 0);
    close_pool();
    ticker_metrics_free(metrics);
}
END_TEST

/* --- Threads --------------------------------------------------------------------------------------------------------------------- */

static void *give_later(void *store)
{
    pause_for(100);
    ticker_pool_give(pool, store);
    return NULL;
}

START_TEST(waits_for_one_that_is_given_back)
{
    ticker_store *store, *again = NULL;
    int64_t begun;
    pthread_t thread;

    open_pool(1);
    store = take();
    begun = now();
    fails(50, TICKER_RETRY, TICKER_ERROR_LIMIT);
    ck_assert_int_ge(now() - begun, 50);
    ck_assert_int_eq(pthread_create(&thread, NULL, give_later, store), 0);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_pool_take(pool, 10000, &again, &error), TICKER_OK);
    ck_assert_ptr_eq(again, store);
    ck_assert_int_lt(now() - begun, 5000);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ticker_pool_give(pool, again);
    close_pool();
}
END_TEST

static atomic_int in_use, most_in_use, refused;

/* What threads do with it: a statement, under the eyes of a count of those that have a store. */
static void use_one(ticker_store *store)
{
    int used = atomic_fetch_add(&in_use, 1) + 1, most = atomic_load(&most_in_use), found = 0;

    while (used > most && !atomic_compare_exchange_weak(&most_in_use, &most, used))
        ;
    ck_assert_int_eq(ticker_store_version(store, &found, NULL, NULL), TICKER_OK);
    ck_assert_int_eq(found, TI_SCHEMA_VERSION);
    (void)atomic_fetch_sub(&in_use, 1);
}

static void *take_and_give(void *number)
{
    for (int i = 0; i < ROUNDS; i++) {
        bool hurry = (i + *(int *)number) % 10 == 0;
        ticker_store *store = NULL;
        ticker_error why;
        ticker_status status;

        ti_error_init(&why);
        status = ticker_pool_take(pool, hurry ? 0 : 60000, &store, &why);
        if (status == TICKER_OK) {
            use_one(store);
            ticker_pool_give(pool, store);
        } else {
            ck_assert(hurry);
            ck_assert_int_eq(ticker_error_get_kind(&why), TICKER_ERROR_LIMIT);
            (void)atomic_fetch_add(&refused, 1);
        }
        if (i % 50 == 49 && *(int *)number == 0)
            ticker_pool_reset(pool);
    }
    return NULL;
}

START_TEST(many_threads)
{
    int numbers[THREADS];
    pthread_t threads[THREADS];

    open_pool(POOL_SIZE);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_and_give, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_le(most_in_use, POOL_SIZE);
    ck_assert_int_ge(most_in_use, 1);
    ck_assert_int_lt(refused, THREADS * ROUNDS);
    ticker_pool_reset(pool);
    counts(0, 0);
    close_pool();
}
END_TEST

/* All of them find the database down at once; then one of them at a time tries again, and all go on. */
static void *take_when_it_is_back(void *unused)
{
    int64_t begun = now();
    ticker_store *store = NULL;

    (void)unused;
    while (ticker_pool_take(pool, 1000, &store, NULL) != TICKER_OK) {
        ck_assert_int_lt(now() - begun, 10000);
        pause_for(5);
    }
    use_one(store);
    ticker_pool_give(pool, store);
    return NULL;
}

START_TEST(threads_while_it_is_down)
{
    pthread_t threads[THREADS];

    open_pool(POOL_SIZE);
    put_in_the_way();
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_when_it_is_back, NULL), 0);
    pause_for(200);
    ck_assert_int_eq(unlink(in_the_way), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    close_pool();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {sizes,
                                  opened_when_needed_and_used_again,
                                  what_was_open_is_undone,
                                  reset_closes,
                                  readers_are_not_kept_waiting,
                                  backs_off_and_comes_back,
                                  backs_off_longer_and_longer,
                                  reset_forgets_failures,
                                  a_wrong_url,
                                  measured,
                                  waits_for_one_that_is_given_back,
                                  many_threads,
                                  threads_while_it_is_down};

    return run_tests("pool", tests, COUNT(tests));
}
