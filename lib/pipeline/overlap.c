#include "pipeline/overlap.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"

#define DEPTH 4               /* batches between the threads: some 300 KiB each */
#define ASK_MILLISECONDS 100L /* between two questions whether to stop */

typedef struct ti_overlap_item {
    ticker_batch *batch; /* NULL: the place is free */
    ticker_report report;
} ti_overlap_item;

struct ti_overlap {
    ticker_store *store;
    ti_day_quotes *days;
    ti_overlap_ask ask;
    void *payload;
    bool (*interrupted)(void *payload); /* what the store asked before */
    void *interrupted_payload;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    ti_overlap_item items[DEPTH];
    size_t taken, put; /* how many batches were taken out and put in */
    ticker_batch *empty[DEPTH + 1];
    size_t empty_count;
    bool last; /* no more come */
    atomic_bool stop;
    /* Of the second thread, until it has ended: */
    ticker_status status;
    ticker_error error;
    int64_t microseconds;
};

static bool is_stopped(void *payload)
{
    return atomic_load(&((ti_overlap *)payload)->stop);
}

/* The next batch, or NULL at the end. */
static ti_overlap_item *await_item(ti_overlap *overlap)
{
    ti_overlap_item *item = NULL;

    (void)pthread_mutex_lock(&overlap->lock);
    while (overlap->taken == overlap->put && !overlap->last)
        (void)pthread_cond_wait(&overlap->changed, &overlap->lock);
    if (overlap->taken < overlap->put && !is_stopped(overlap))
        item = &overlap->items[overlap->taken % DEPTH];
    (void)pthread_mutex_unlock(&overlap->lock);
    return item;
}

/* The batch is in, or it failed: then it stays where it is, for its report. */
static void end_item(ti_overlap *overlap, ti_overlap_item *item, ticker_status status)
{
    (void)pthread_mutex_lock(&overlap->lock);
    overlap->status = status;
    if (status == TICKER_OK) {
        overlap->empty[overlap->empty_count++] = item->batch;
        item->batch = NULL;
        overlap->taken++;
    }
    (void)pthread_cond_broadcast(&overlap->changed);
    (void)pthread_mutex_unlock(&overlap->lock);
}

ticker_status ti_put_batch(ticker_store *store, ti_day_quotes *days, const ticker_batch *batch, int64_t snapshot,
                           int64_t *microseconds, ticker_error *error)
{
    int64_t since = ti_clock_microseconds();
    ticker_status status = TICKER_OK;

    if (store != NULL) {
        store->snapshot = snapshot;
        status = store->ops->put(store, batch, error);
    }
    if (status == TICKER_OK && days != NULL && batch->table == TICKER_TRADES)
        status = ti_day_quotes_add(days, batch, error);
    *microseconds += ti_clock_microseconds() - since;
    return status;
}

static void *put_all(void *self)
{
    ti_overlap *overlap = self;
    ticker_status status = TICKER_OK;
    ti_overlap_item *item;

    while (status == TICKER_OK && (item = await_item(overlap)) != NULL) {
        status = ti_put_batch(overlap->store, overlap->days, item->batch, item->report.snapshot, &overlap->microseconds,
                              &overlap->error);
        end_item(overlap, item, status);
    }
    return NULL;
}

/* Signals are for the threads that the caller knows of. */
static bool start(ti_overlap *overlap)
{
    sigset_t all, before;
    bool started;

    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    started = pthread_create(&overlap->thread, NULL, put_all, overlap) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static bool make_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    bool made = pthread_condattr_init(&attributes) == 0;

    if (!made)
        return false;
    made = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(condition, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    return made;
}

ti_overlap *ti_overlap_begin(ticker_store *store, ti_day_quotes *days, ti_overlap_ask ask, void *payload)
{
    ti_overlap *overlap = calloc(1, sizeof(*overlap));

    if (overlap == NULL)
        return NULL;
    overlap->store = store;
    overlap->days = days;
    overlap->ask = ask;
    overlap->payload = payload;
    overlap->interrupted = store->interrupted;
    overlap->interrupted_payload = store->interrupted_payload;
    ti_error_init(&overlap->error);
    if (pthread_mutex_init(&overlap->lock, NULL) != 0) {
        free(overlap);
        return NULL;
    }
    if (!make_condition(&overlap->changed)) {
        (void)pthread_mutex_destroy(&overlap->lock);
        free(overlap);
        return NULL;
    }
    store->interrupted = is_stopped;
    store->interrupted_payload = overlap;
    if (start(overlap))
        return overlap;
    store->interrupted = overlap->interrupted;
    store->interrupted_payload = overlap->interrupted_payload;
    (void)pthread_cond_destroy(&overlap->changed);
    (void)pthread_mutex_destroy(&overlap->lock);
    free(overlap);
    return NULL;
}

/* Under the lock, which is given up meanwhile: waits for the other thread, not for long, and asks the caller. */
static void wait_a_little(ti_overlap *overlap)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ASK_MILLISECONDS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (pthread_cond_timedwait(&overlap->changed, &overlap->lock, &until) == 0)
        return;
    (void)pthread_mutex_unlock(&overlap->lock);
    if (overlap->ask(overlap->payload))
        atomic_store(&overlap->stop, true);
    (void)pthread_mutex_lock(&overlap->lock);
}

ticker_status ti_overlap_put(ti_overlap *overlap, ticker_batch *batch, const ticker_report *report,
                             ticker_batch **empty, ticker_error *error)
{
    ticker_status status;

    *empty = NULL;
    (void)pthread_mutex_lock(&overlap->lock);
    while (overlap->status == TICKER_OK && overlap->put - overlap->taken == DEPTH && !is_stopped(overlap))
        wait_a_little(overlap);
    status = overlap->status;
    if (status == TICKER_OK && is_stopped(overlap))
        status = ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "cancelled");
    if (status == TICKER_OK) {
        ti_overlap_item *item = &overlap->items[overlap->put % DEPTH];

        item->batch = batch;
        item->report = *report;
        overlap->put++;
        if (overlap->empty_count > 0)
            *empty = overlap->empty[--overlap->empty_count];
        (void)pthread_cond_broadcast(&overlap->changed);
    }
    (void)pthread_mutex_unlock(&overlap->lock);
    return status;
}

static void await_end(ti_overlap *overlap, bool wanted)
{
    if (!wanted)
        atomic_store(&overlap->stop, true);
    (void)pthread_mutex_lock(&overlap->lock);
    overlap->last = true;
    (void)pthread_cond_broadcast(&overlap->changed);
    while (overlap->status == TICKER_OK && overlap->taken < overlap->put && !is_stopped(overlap))
        wait_a_little(overlap);
    (void)pthread_mutex_unlock(&overlap->lock);
    (void)pthread_join(overlap->thread, NULL);
}

ticker_status ti_overlap_end(ti_overlap *overlap, ticker_status status, ticker_report *report, ticker_error *error)
{
    bool cancelled = status < TICKER_OK && (is_stopped(overlap) || overlap->ask(overlap->payload));

    /* A failure of reading comes after the batches that were read before it. */
    await_end(overlap, !cancelled);
    if (overlap->status != TICKER_OK) {
        int64_t stages[TI_STAGES];

        memcpy(stages, report->stages, sizeof(stages));
        *report = overlap->items[overlap->taken % DEPTH].report;
        memcpy(report->stages, stages, sizeof(stages));
        status = overlap->status;
        ticker_error_clear(error);
        ti_error_copy(error, &overlap->error);
    } else if (is_stopped(overlap) && status >= TICKER_OK) {
        status = ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "cancelled");
    }
    report->stages[TI_STAGE_LOADING] += overlap->microseconds;
    overlap->store->interrupted = overlap->interrupted;
    overlap->store->interrupted_payload = overlap->interrupted_payload;
    for (size_t i = 0; i < DEPTH; i++)
        ti_batch_free(overlap->items[i].batch);
    for (size_t i = 0; i < overlap->empty_count; i++)
        ti_batch_free(overlap->empty[i]);
    (void)pthread_cond_destroy(&overlap->changed);
    (void)pthread_mutex_destroy(&overlap->lock);
    free(overlap);
    return status;
}
