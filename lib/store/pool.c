/* Open stores shared by threads. One lock guards the list; nothing that can wait for the database is done while it is held. */
#include <tickerimport/pool.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/options.h"
#include "store/store.h"

#define DELAY_MIN 50 /* milliseconds after a failure until the next try */
#define DELAY_MAX 1000
#define TOO_MANY_CONNECTIONS "53300" /* PostgreSQL's SQLSTATE */

typedef struct place {
    ticker_store *store; /* NULL: nothing is open here */
    bool taken;          /* by a thread, or by one that is about to open the store */
    unsigned generation; /* of the pool when it was opened */
} place;

struct ticker_pool {
    ticker_options *options;
    ticker_series *idle_series, *taken_series, *up_series;
    pthread_mutex_t lock;
    pthread_cond_t given; /* a place may be free, or the database is known to be down */
    size_t size;
    unsigned generation; /* one more with each reset */
    bool migrated;       /* in this generation */
    /* Failures to open a store since the last success. */
    bool down, trying;
    int64_t delay, due; /* monotonic milliseconds */
    ticker_error why;
    place places[];
};

static int64_t monotonic(void)
{
    return ti_clock_system.monotonic(ti_clock_system.self);
}

/* --- Making and ending --------------------------------------------------------------------------------------------------------- */

static bool init_lock(ticker_pool *pool)
{
    pthread_condattr_t attributes;
    bool made = pthread_condattr_init(&attributes) == 0;

    if (!made)
        return false;
    made = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(&pool->given, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    if (made && pthread_mutex_init(&pool->lock, NULL) != 0) {
        (void)pthread_cond_destroy(&pool->given);
        made = false;
    }
    return made;
}

ticker_status ticker_pool_open(const ticker_options *options, size_t size, ticker_pool **pool, ticker_error *error)
{
    ticker_pool *made;

    if (pool == NULL || size < 1 || size > TICKER_POOL_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a pool holds 1 to %d stores", TICKER_POOL_MAX);
    made = calloc(1, sizeof(*made) + size * sizeof(made->places[0]));
    if (made == NULL)
        return ti_fail_memory(error);
    made->size = size;
    made->options = ticker_options_copy(options);
    if (made->options == NULL || !init_lock(made)) {
        ticker_options_free(made->options);
        free(made);
        return ti_fail_memory(error);
    }
    *pool = made;
    return TICKER_OK;
}

void ticker_pool_free(ticker_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->size; i++)
        ticker_store_free(pool->places[i].store);
    (void)pthread_cond_destroy(&pool->given);
    (void)pthread_mutex_destroy(&pool->lock);
    ticker_options_free(pool->options);
    free(pool);
}

/* --- With the lock held -------------------------------------------------------------------------------------------------------- */

static void count(const ticker_pool *pool, size_t *open, size_t *taken)
{
    *open = *taken = 0;
    for (size_t i = 0; i < pool->size; i++) {
        *open += pool->places[i].store != NULL;
        *taken += pool->places[i].store != NULL && pool->places[i].taken;
    }
}

static void measure(ticker_pool *pool)
{
    size_t open, taken;

    count(pool, &open, &taken);
    ticker_series_set(pool->idle_series, (int64_t)(open - taken));
    ticker_series_set(pool->taken_series, (int64_t)taken);
}

/* A place to take: one with an open store first, and of those the one in front, so that few connections are used when few are needed.
 * NULL: all are taken. */
static place *find_place(ticker_pool *pool)
{
    place *empty = NULL;

    for (size_t i = 0; i < pool->size; i++) {
        if (pool->places[i].taken)
            continue;
        if (pool->places[i].store != NULL)
            return &pool->places[i];
        if (empty == NULL)
            empty = &pool->places[i];
    }
    return empty;
}

/* Whether to answer that the database is down instead of trying it: it is not due yet, or another thread is at it. */
static bool holds_off(const ticker_pool *pool)
{
    return pool->down && (pool->trying || monotonic() < pool->due);
}

/* The server takes no more connections, but those that are open are good. */
static bool is_crowded(const ticker_pool *pool)
{
    size_t open, taken;

    count(pool, &open, &taken);
    return taken > 0 && strcmp(pool->why.sqlstate, TOO_MANY_CONNECTIONS) == 0;
}

/* `again`: it was known to be down before this try. Of several threads that find it down at once, the first one counts. */
static void note_failure(ticker_pool *pool, bool again, const ticker_error *why)
{
    if (again)
        pool->delay *= 2;
    else if (!pool->down)
        pool->delay = DELAY_MIN;
    if (pool->delay > DELAY_MAX)
        pool->delay = DELAY_MAX;
    pool->due = monotonic() + pool->delay;
    pool->down = true;
    ticker_error_clear(&pool->why);
    ti_error_copy(&pool->why, why);
    ticker_series_set(pool->up_series, is_crowded(pool) ? 1 : 0);
    (void)pthread_cond_broadcast(&pool->given); /* nobody needs to wait any more */
}

static void note_success(ticker_pool *pool)
{
    pool->down = false;
    ticker_series_set(pool->up_series, 1);
}

static void free_place(ticker_pool *pool, place *at)
{
    at->taken = false;
    measure(pool);
    (void)pthread_cond_signal(&pool->given);
}

/* Closes a store that the calling thread has taken. The lock is held before and after, not in between. */
static void close_place(ticker_pool *pool, place *at)
{
    ticker_store *store = at->store;

    at->store = NULL; /* the place stays taken meanwhile */
    (void)pthread_mutex_unlock(&pool->lock);
    ticker_store_free(store);
    (void)pthread_mutex_lock(&pool->lock);
    free_place(pool, at);
}

/* --- Taking -------------------------------------------------------------------------------------------------------------------- */

/* Without the lock. */
static ticker_status open_store(const ticker_pool *pool, bool migrate, ticker_store **store, ticker_error *error)
{
    ticker_status status = ticker_store_open(pool->options, store, error);

    if (status == TICKER_OK && (*store)->ops->share != NULL)
        (*store)->ops->share(*store);
    if (status == TICKER_OK && migrate) {
        int found = 0, wanted = 0;

        status = ticker_store_version(*store, &found, &wanted, error);
        if (status == TICKER_OK && found != wanted)
            status = ticker_store_migrate(*store, error);
        if (status != TICKER_OK)
            ticker_store_free(*store);
    }
    return status;
}

/* Fills a taken place that is empty. The lock is held before and after, not in between. Who began before a reset may end after it. */
static ticker_status fill_place(ticker_pool *pool, place *at, ticker_error *error)
{
    unsigned generation = pool->generation;
    bool migrate = !pool->migrated, was_down = pool->down;
    ticker_store *store = NULL;
    ticker_error why;
    ticker_status status;

    ti_error_init(&why);
    pool->trying |= was_down;
    (void)pthread_mutex_unlock(&pool->lock);
    status = open_store(pool, migrate, &store, &why);
    (void)pthread_mutex_lock(&pool->lock);
    if (was_down)
        pool->trying = false;
    if (status != TICKER_OK) {
        note_failure(pool, was_down, &why);
        ti_error_copy(error, &why);
        return status;
    }
    note_success(pool);
    if (generation == pool->generation)
        pool->migrated = true;
    at->store = store;
    at->generation = generation;
    return TICKER_OK;
}

/* Waits until a place may be free. False: the time is over. */
static bool wait_given(ticker_pool *pool, int64_t until)
{
    const struct timespec end = {.tv_sec = (time_t)(until / 1000), .tv_nsec = (long)(until % 1000) * 1000000};

    if (monotonic() >= until)
        return false;
    (void)pthread_cond_timedwait(&pool->given, &pool->lock, &end);
    return true;
}

/* Takes a place, with a store that is open or not. With the lock held. */
static ticker_status take_place(ticker_pool *pool, int64_t until, place **at, ticker_error *error)
{
    for (;;) {
        place *found = find_place(pool);

        if (found != NULL && (found->store != NULL || !holds_off(pool))) {
            found->taken = true;
            *at = found;
            return TICKER_OK;
        }
        if (holds_off(pool) && !is_crowded(pool)) {
            ti_error_copy(error, &pool->why);
            return pool->why.status;
        }
        if (!wait_given(pool, until)) {
            (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_LIMIT, "all %zu connections to the database are in use",
                          pool->size);
            ti_error_hint(error, "try again later");
            return TICKER_RETRY;
        }
    }
}

ticker_status ticker_pool_take(ticker_pool *pool, int wait, ticker_store **store, ticker_error *error)
{
    int64_t until = monotonic() + (wait > 0 ? wait : 0);
    ticker_error why;
    ticker_status status;
    place *at = NULL;

    ti_error_init(&why);
    (void)pthread_mutex_lock(&pool->lock);
    for (;;) {
        at = NULL;
        status = take_place(pool, until, &at, error);
        if (status != TICKER_OK)
            break;
        if (at->store == NULL) {
            status = fill_place(pool, at, &why);
            if (status == TICKER_OK || !is_crowded(pool) || monotonic() >= until)
                break;
            free_place(pool, at); /* others give theirs back */
            ticker_error_clear(&why);
            continue;
        }
        if (at->store->ops->usable(at->store))
            break;
        close_place(pool, at); /* it broke while nobody used it, and so may others have */
    }
    if (status == TICKER_OK) {
        *store = at->store;
        measure(pool);
    } else if (at != NULL) {
        free_place(pool, at);
        ti_error_copy(error, &why);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return status;
}

/* --- Giving back --------------------------------------------------------------------------------------------------------------- */

static place *place_of(ticker_pool *pool, const ticker_store *store)
{
    for (size_t i = 0; i < pool->size; i++)
        if (pool->places[i].store == store)
            return &pool->places[i];
    return NULL;
}

void ticker_pool_give(ticker_pool *pool, ticker_store *store)
{
    bool good;
    place *at;

    if (store == NULL)
        return;
    store->ops->rollback(store);
    store->sha256 = store->member = NULL;
    store->adopt = 0;
    store->interrupted = NULL;
    good = store->ops->usable(store);
    (void)pthread_mutex_lock(&pool->lock);
    at = place_of(pool, store);
    if (at != NULL && (!good || at->generation != pool->generation))
        close_place(pool, at);
    else if (at != NULL)
        free_place(pool, at);
    (void)pthread_mutex_unlock(&pool->lock);
}

void ticker_pool_reset(ticker_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    pool->generation++;
    pool->migrated = false;
    pool->down = false;
    for (size_t i = 0; i < pool->size; i++) {
        place *at = &pool->places[i];

        if (at->store == NULL || at->taken)
            continue;
        at->taken = true;
        close_place(pool, at);
    }
    (void)pthread_mutex_unlock(&pool->lock);
}

void ticker_pool_counts(ticker_pool *pool, size_t *open, size_t *taken)
{
    size_t all, used;

    (void)pthread_mutex_lock(&pool->lock);
    count(pool, &all, &used);
    (void)pthread_mutex_unlock(&pool->lock);
    if (open != NULL)
        *open = all;
    if (taken != NULL)
        *taken = used;
}

void ticker_pool_measure(ticker_pool *pool, ticker_metrics *metrics)
{
    static const char *const idle[] = {"idle"}, *const taken[] = {"taken"};

    pool->idle_series = ticker_metrics_series(metrics, TICKER_METRIC_DB_CONNECTIONS, idle, 1);
    pool->taken_series = ticker_metrics_series(metrics, TICKER_METRIC_DB_CONNECTIONS, taken, 1);
    pool->up_series = ticker_metrics_series(metrics, TICKER_METRIC_DB_UP, NULL, 0);
}
