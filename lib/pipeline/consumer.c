/* The consumer as its caller sees it: opening, running, stopping, and looking at it from outside. */
#include "pipeline/consumer.h"

#include <stdlib.h>
#include <string.h>

#include "base/options.h"

#define CONDITIONS 4

/* --- Opening -------------------------------------------------------------------------------------------------------------------- */

static bool make_condition(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    bool made;

    if (pthread_condattr_init(&monotonic) != 0)
        return false;
    made = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 && pthread_cond_init(condition, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    return made;
}

/* All or nothing. */
static bool make_locks(ticker_consumer *made)
{
    pthread_cond_t *const conditions[] = {&made->to_importers, &made->to_holders, &made->to_receiver, &made->to_keeper};
    size_t count = 0;

    if (pthread_mutex_init(&made->lock, NULL) != 0)
        return false;
    if (pthread_mutex_init(&made->telling, NULL) == 0) {
        while (count < CONDITIONS && make_condition(conditions[count]))
            count++;
        if (count == CONDITIONS)
            return true;
        while (count > 0)
            (void)pthread_cond_destroy(conditions[--count]);
        (void)pthread_mutex_destroy(&made->telling);
    }
    (void)pthread_mutex_destroy(&made->lock);
    return false;
}

static void begin(ticker_consumer *made)
{
    atomic_init(&made->stopping, false);
    atomic_init(&made->deadline, TI_NEVER);
    atomic_init(&made->receiver_beat, TI_NEVER);
    atomic_init(&made->keeper_beat, TI_NEVER);
    atomic_init(&made->keeper_until, TI_NEVER);
    ti_error_init(&made->failure);
    for (size_t i = 0; i < TI_IMPORTERS_MAX; i++) {
        ti_importer *importer = &made->importers[i];

        importer->consumer = made;
        ti_error_init(&importer->error);
        atomic_init(&importer->beat, TI_NEVER);
        atomic_init(&importer->begun, 0);
        atomic_init(&importer->row, 0);
        atomic_init(&importer->bytes, -1);
        atomic_init(&importer->position, 0);
        atomic_init(&importer->records, 0);
    }
}

ticker_status ticker_consumer_open(const ticker_options *options, ticker_cache *cache, ticker_metrics *metrics,
                                   const ticker_consumer_events *events, ticker_consumer **consumer,
                                   ticker_error *error)
{
    ticker_consumer *made;
    ticker_status status;

    if (consumer == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a consumer needs a place to go");
    *consumer = NULL;
    made = calloc(1, sizeof(*made));
    if (made == NULL || !make_locks(made)) {
        free(made);
        return ti_fail_memory(error);
    }
    begin(made);
    made->cache = cache;
    made->metrics = metrics;
    if (events != NULL)
        memcpy(&made->events, events, events->size < sizeof(made->events) ? events->size : sizeof(made->events));
    status = ti_gear_new(made, options, &made->gear, error);
    if (status != TICKER_OK) {
        ticker_consumer_free(made);
        return status;
    }
    made->threads = (unsigned)ti_option_number(options, TI_OPTION_CONCURRENCY);
    ti_gauges_begin(made);
    *consumer = made;
    return TICKER_OK;
}

void ticker_consumer_free(ticker_consumer *consumer)
{
    if (consumer == NULL)
        return;
    ti_gear_leave(consumer->gear);
    (void)pthread_cond_destroy(&consumer->to_importers);
    (void)pthread_cond_destroy(&consumer->to_holders);
    (void)pthread_cond_destroy(&consumer->to_receiver);
    (void)pthread_cond_destroy(&consumer->to_keeper);
    (void)pthread_mutex_destroy(&consumer->telling);
    (void)pthread_mutex_destroy(&consumer->lock);
    free(consumer);
}

/* --- Running -------------------------------------------------------------------------------------------------------------------- */

/* With the lock: so no thread begins before all of them are known. */
static bool start_threads(ticker_consumer *consumer, bool *keeper)
{
    bool started;

    (void)pthread_mutex_lock(&consumer->lock);
    consumer->receiver = pthread_self();
    started = *keeper = pthread_create(&consumer->keeper, NULL, ti_keeper_run, consumer) == 0;
    for (unsigned i = 0; i < consumer->threads && started; i++)
        started = consumer->importers[i].started = pthread_create(&consumer->importers[i].thread, NULL, ti_importer_run,
                                                                  &consumer->importers[i]) == 0;
    (void)pthread_mutex_unlock(&consumer->lock);
    return started;
}

static void stop_all(ticker_consumer *consumer)
{
    (void)pthread_mutex_lock(&consumer->lock);
    atomic_store_explicit(&consumer->stopping, true, memory_order_release);
    ti_consumer_wake(consumer);
    (void)pthread_mutex_unlock(&consumer->lock);
}

static void join_threads(ticker_consumer *consumer, bool keeper)
{
    for (unsigned i = 0; i < consumer->threads; i++)
        if (consumer->importers[i].started)
            (void)pthread_join(consumer->importers[i].thread, NULL);
    (void)pthread_mutex_lock(&consumer->lock);
    consumer->importers_ended = true;
    (void)pthread_cond_broadcast(&consumer->to_keeper);
    (void)pthread_mutex_unlock(&consumer->lock);
    if (keeper)
        (void)pthread_join(consumer->keeper, NULL);
}

static ticker_status end_run(ticker_consumer *consumer, bool started, ticker_error *error)
{
    ticker_status status;

    (void)pthread_mutex_lock(&consumer->lock);
    consumer->running = false;
    status = consumer->result;
    if (status != TICKER_OK && error != NULL)
        ti_error_copy(error, &consumer->failure);
    if (status == TICKER_OK && consumer->gear->once && consumer->some_not_done)
        status = TICKER_WARN;
    (void)pthread_mutex_unlock(&consumer->lock);
    if (!started)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "the consumer's threads cannot be started");
    return status;
}

ticker_status ticker_consumer_run(ticker_consumer *consumer, ticker_error *error)
{
    bool keeper = false, started, before;

    if (consumer == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "there is no consumer to run");
    (void)pthread_mutex_lock(&consumer->lock);
    before = consumer->run_before;
    consumer->run_before = consumer->running = true;
    (void)pthread_mutex_unlock(&consumer->lock);
    if (before)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a consumer runs only once");
    started = start_threads(consumer, &keeper);
    if (started)
        ti_receiver_run(consumer);
    stop_all(consumer);
    join_threads(consumer, keeper);
    return end_run(consumer, started, error);
}

/* --- From outside --------------------------------------------------------------------------------------------------------------- */

void ticker_consumer_stop(ticker_consumer *consumer, int64_t milliseconds)
{
    int64_t now = ti_consumer_now(), until = milliseconds <= 0 ? now : TI_NEVER;

    if (milliseconds > 0 && milliseconds < TI_NEVER - now)
        until = now + milliseconds;
    (void)pthread_mutex_lock(&consumer->lock);
    if (until < atomic_load_explicit(&consumer->deadline, memory_order_relaxed))
        atomic_store_explicit(&consumer->deadline, until, memory_order_relaxed);
    atomic_store_explicit(&consumer->stopping, true, memory_order_release);
    ti_consumer_wake(consumer);
    (void)pthread_mutex_unlock(&consumer->lock);
}

ticker_status ticker_consumer_reload(ticker_consumer *consumer, const ticker_options *options, ticker_error *error)
{
    ti_gear *made = NULL, *old;
    ticker_status status = ti_gear_new(consumer, options, &made, error);

    if (status != TICKER_OK)
        return status;
    (void)pthread_mutex_lock(&consumer->lock);
    old = consumer->gear;
    consumer->gear = made;
    if (!ti_gear_same_queue(old, made)) /* there the ids of messages mean others */
        memset(consumer->remembered, 0, sizeof(consumer->remembered));
    ti_consumer_wake(consumer);
    (void)pthread_mutex_unlock(&consumer->lock);
    ti_gear_leave(old);
    return TICKER_OK;
}

static int64_t silence(const atomic_llong *beat, int64_t now)
{
    int64_t at = atomic_load_explicit(beat, memory_order_relaxed);

    return at < now ? now - at : 0;
}

int64_t ticker_consumer_idle_ms(ticker_consumer *consumer)
{
    int64_t now = ti_consumer_now(), longest = silence(&consumer->receiver_beat, now), one;

    one = silence(&consumer->keeper_beat, now);
    longest = one > longest ? one : longest;
    for (unsigned i = 0; i < consumer->threads; i++) {
        one = silence(&consumer->importers[i].beat, now);
        longest = one > longest ? one : longest;
    }
    return longest;
}

size_t ticker_consumer_files(ticker_consumer *consumer,
                             void (*visit)(void *payload, const char *name, int64_t import_id, uint64_t position,
                                           int64_t bytes, uint64_t records, int64_t milliseconds),
                             void *payload)
{
    int64_t now;
    size_t count = 0;

    (void)pthread_mutex_lock(&consumer->lock);
    for (unsigned i = 0; i < consumer->threads; i++) {
        const ti_importer *importer = &consumer->importers[i];
        int64_t begun = atomic_load_explicit(&importer->begun, memory_order_relaxed);

        if (begun == 0 || importer->name[0] == '\0')
            continue;
        count++;
        now = ti_consumer_now(); /* not before it was begun */
        if (visit != NULL)
            visit(payload, importer->name, atomic_load_explicit(&importer->row, memory_order_relaxed),
                  atomic_load_explicit(&importer->position, memory_order_relaxed),
                  atomic_load_explicit(&importer->bytes, memory_order_relaxed),
                  atomic_load_explicit(&importer->records, memory_order_relaxed), now - begun);
    }
    (void)pthread_mutex_unlock(&consumer->lock);
    return count;
}

bool ticker_consumer_is_ready(ticker_consumer *consumer)
{
    bool ready;

    (void)pthread_mutex_lock(&consumer->lock);
    ready = consumer->running && consumer->looked && consumer->trouble == 0 && !ti_consumer_stopping(consumer);
    (void)pthread_mutex_unlock(&consumer->lock);
    return ready;
}
