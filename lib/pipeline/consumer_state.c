/* What the consumer's threads share: waiting and stopping, trouble, and telling the caller. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pipeline/consumer.h"

#define SETTLE_GRACE 5000 /* milliseconds after the deadline in which the queue is still told of what ended */
#define SAY_AGAIN 60000   /* milliseconds between two words about the same trouble */

/* --- Waiting and stopping ------------------------------------------------------------------------------------------------------- */

void ti_consumer_wake(ticker_consumer *consumer)
{
    (void)pthread_cond_broadcast(&consumer->to_importers);
    (void)pthread_cond_broadcast(&consumer->to_holders);
    (void)pthread_cond_broadcast(&consumer->to_receiver);
    (void)pthread_cond_broadcast(&consumer->to_keeper);
}

bool ti_consumer_stopping(const ticker_consumer *consumer)
{
    return atomic_load_explicit(&consumer->stopping, memory_order_acquire);
}

bool ti_consumer_late(const ticker_consumer *consumer)
{
    int64_t deadline = atomic_load_explicit(&consumer->deadline, memory_order_relaxed);

    return deadline != TI_NEVER && ti_consumer_now() >= deadline;
}

bool ti_consumer_too_late(const ticker_consumer *consumer)
{
    int64_t deadline = atomic_load_explicit(&consumer->deadline, memory_order_relaxed);

    return deadline != TI_NEVER && ti_consumer_now() >= deadline + SETTLE_GRACE;
}

void ti_consumer_wait(ticker_consumer *consumer, pthread_cond_t *wake, int64_t until)
{
    struct timespec at = {.tv_sec = (time_t)(until / 1000), .tv_nsec = (long)(until % 1000) * 1000000};

    if (until == TI_NEVER)
        (void)pthread_cond_wait(wake, &consumer->lock);
    else
        (void)pthread_cond_timedwait(wake, &consumer->lock, &at);
}

/* --- Trouble -------------------------------------------------------------------------------------------------------------------- */

static void tell_trouble(ticker_consumer *consumer, const ticker_error *why, int64_t pause)
{
    if (consumer->events.trouble == NULL)
        return;
    (void)pthread_mutex_lock(&consumer->telling);
    consumer->events.trouble(consumer->events.payload, why, pause);
    (void)pthread_mutex_unlock(&consumer->telling);
}

void ti_trouble_begin(ticker_consumer *consumer, unsigned who, const ticker_error *why, int64_t pause)
{
    int64_t now = ti_consumer_now();
    bool say;

    (void)pthread_mutex_lock(&consumer->lock);
    consumer->trouble |= who;
    say = !ti_consumer_stopping(consumer) && (!consumer->trouble_told || now - consumer->trouble_said >= SAY_AGAIN);
    if (say) {
        consumer->trouble_told = true;
        consumer->trouble_said = now;
    }
    (void)pthread_mutex_unlock(&consumer->lock);
    if (say)
        tell_trouble(consumer, why, pause);
}

void ti_trouble_end(ticker_consumer *consumer, unsigned who)
{
    bool say = false;

    (void)pthread_mutex_lock(&consumer->lock);
    if ((consumer->trouble & who) != 0) {
        consumer->trouble &= ~who;
        say = consumer->trouble == 0 && consumer->trouble_told;
        if (say)
            consumer->trouble_told = false;
        (void)pthread_cond_broadcast(&consumer->to_receiver);
    }
    (void)pthread_mutex_unlock(&consumer->lock);
    if (say)
        tell_trouble(consumer, NULL, 0);
}

void ti_consumer_fail(ticker_consumer *consumer, const ticker_error *why)
{
    (void)pthread_mutex_lock(&consumer->lock);
    if (consumer->result == TICKER_OK && !ti_consumer_stopping(consumer)) {
        consumer->result = why->status;
        consumer->failure = *why;
    }
    atomic_store_explicit(&consumer->stopping, true, memory_order_release);
    ti_consumer_wake(consumer);
    (void)pthread_mutex_unlock(&consumer->lock);
}

/* --- Telling and counting ------------------------------------------------------------------------------------------------------- */

static void add_to(const ticker_consumer *consumer, ticker_metric family, const char *const *labels, size_t count,
                   int64_t value)
{
    ticker_series_add(ticker_metrics_series(consumer->metrics, family, labels, count), value);
}

static void count_import(ticker_consumer *consumer, const ticker_report *report)
{
    const char *format = ticker_report_text(report, TICKER_REPORT_FORMAT);
    const char *labels[] = {format[0] != '\0' ? format : "unknown", ticker_report_text(report, TICKER_REPORT_STATUS)};
    int64_t bytes = ticker_report_integer(report, TICKER_REPORT_MEMBER_BYTES);

    add_to(consumer, TICKER_METRIC_IMPORT_FILES, labels, 2, 1);
    if (bytes > 0)
        add_to(consumer, TICKER_METRIC_IMPORT_BYTES, labels, 1, bytes);
    ticker_series_observe(ticker_metrics_series(consumer->metrics, TICKER_METRIC_IMPORT_DURATION, labels, 1),
                          ticker_report_integer(report, TICKER_REPORT_MICROSECONDS));
    if (strcmp(labels[1], "imported") != 0)
        return;
    add_to(consumer, TICKER_METRIC_IMPORT_ROWS, labels, 2, ticker_report_integer(report, TICKER_REPORT_IMPORTED));
    ti_gauges_imported(consumer, labels[0], ticker_report_text(report, TICKER_REPORT_LAST_DATE));
    labels[1] = "rejected";
    add_to(consumer, TICKER_METRIC_IMPORT_ROWS, labels, 2, ticker_report_integer(report, TICKER_REPORT_REJECTED));
    labels[1] = "superseded";
    add_to(consumer, TICKER_METRIC_IMPORT_ROWS, labels, 2,
           ticker_report_integer(report, TICKER_REPORT_SUPERSEDED) +
               ticker_report_integer(report, TICKER_REPORT_REPLACED));
}

void ti_tell_file(ticker_consumer *consumer, const ticker_report *report)
{
    count_import(consumer, report);
    if (consumer->events.file == NULL)
        return;
    (void)pthread_mutex_lock(&consumer->telling);
    consumer->events.file(consumer->events.payload, report);
    (void)pthread_mutex_unlock(&consumer->telling);
}

void ti_tell_message(ticker_consumer *consumer, const ti_job *job)
{
    static const char *const words[] = {[TICKER_CONSUMED_DONE] = "done",         [TICKER_CONSUMED_RETRIED] = "retried",
                                        [TICKER_CONSUMED_DEAD] = "dead",         [TICKER_CONSUMED_IGNORED] = "ignored",
                                        [TICKER_CONSUMED_RELEASED] = "released", [TICKER_CONSUMED_MISSING] = "missing",
                                        [TICKER_CONSUMED_LOST] = "lost"};

    add_to(consumer, TICKER_METRIC_QUEUE_MESSAGES, &words[job->what], 1, 1);
    if (consumer->events.message == NULL)
        return;
    (void)pthread_mutex_lock(&consumer->telling);
    consumer->events.message(consumer->events.payload, job->message, job->what, &job->why,
                             (ti_consumer_now() - job->received) * 1000);
    (void)pthread_mutex_unlock(&consumer->telling);
}

void ti_tell_left(ticker_consumer *consumer, int64_t id)
{
    if (consumer->events.left == NULL)
        return;
    (void)pthread_mutex_lock(&consumer->telling);
    consumer->events.left(consumer->events.payload, id);
    (void)pthread_mutex_unlock(&consumer->telling);
}

void ti_count_received(ticker_consumer *consumer, const ticker_message *message)
{
    int64_t sent = ticker_message_sent(message), age;
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    age = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - sent;
    if (sent > 0 && age >= 0)
        ticker_series_observe(ticker_metrics_series(consumer->metrics, TICKER_METRIC_QUEUE_MESSAGE_AGE, NULL, 0),
                              age * 1000);
    ti_count_in_flight(consumer, 1);
}

void ti_count_in_flight(ticker_consumer *consumer, int64_t change)
{
    add_to(consumer, TICKER_METRIC_QUEUE_IN_FLIGHT, NULL, 0, change);
}
