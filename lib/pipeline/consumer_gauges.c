/* What a consumer shows beside what it counts as it goes: what the queue holds, files that are imported, what came last. */
#include <string.h>

#include <time.h>

#include "base/date.h"
#include "format/format.h"
#include "pipeline/consumer.h"

#define SECONDS_PER_DAY 86400
/* Milliseconds between two looks at the queue. SQS takes money for each. */
#define LOOK_DATABASE 15000
#define LOOK_SQS 60000

static ticker_series *series(const ticker_consumer *consumer, ticker_metric family, const char *const *labels,
                             size_t count)
{
    return ticker_metrics_series(consumer->metrics, family, labels, count);
}

/* What may become of files of a format. */
static void begin_files(const ticker_consumer *consumer, const char *format)
{
    static const char *const results[] = {"imported", "duplicate", "failed"};
    const char *labels[2] = {format};

    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        labels[1] = results[i];
        (void)series(consumer, TICKER_METRIC_IMPORT_FILES, labels, 2);
    }
}

void ti_gauges_begin(const ticker_consumer *consumer)
{
    static const char *const rows[] = {"imported", "rejected", "superseded"};
    static const char *const messages[] = {"done", "retried", "dead", "ignored", "released", "missing", "lost"};
    const ti_format *format;
    const char *labels[2];

    for (size_t i = 0; (format = ti_format_at(i)) != NULL; i++) {
        labels[0] = format->name;
        begin_files(consumer, format->name);
        (void)series(consumer, TICKER_METRIC_IMPORT_DURATION, labels, 1);
        (void)series(consumer, TICKER_METRIC_IMPORT_BYTES, labels, 1);
        for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
            labels[1] = rows[j];
            (void)series(consumer, TICKER_METRIC_IMPORT_ROWS, labels, 2);
        }
    }
    begin_files(consumer, "unknown"); /* no rows can come of them */
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        (void)series(consumer, TICKER_METRIC_QUEUE_MESSAGES, &messages[i], 1);
    (void)series(consumer, TICKER_METRIC_QUEUE_IN_FLIGHT, NULL, 0);
    (void)series(consumer, TICKER_METRIC_QUEUE_MESSAGE_AGE, NULL, 0);
    (void)series(consumer, TICKER_METRIC_IMPORTS_IN_PROGRESS, NULL, 0);
}

void ti_gauges_importing(const ticker_consumer *consumer, int64_t change)
{
    ticker_series_add(series(consumer, TICKER_METRIC_IMPORTS_IN_PROGRESS, NULL, 0), change);
}

void ti_gauges_imported(ticker_consumer *consumer, const char *format, const char *last_date)
{
    ticker_series *last = series(consumer, TICKER_METRIC_IMPORT_LAST_DAY, &format, 1);
    int64_t day;

    ticker_series_set(series(consumer, TICKER_METRIC_IMPORT_LAST_SUCCESS, &format, 1), (int64_t)time(NULL));
    if (last_date[0] == '\0' || !ti_parse_date_iso(ti_slice_of(last_date), &day))
        return;
    /* Old files may come in later than new ones, and at the same time. */
    (void)pthread_mutex_lock(&consumer->lock);
    if (day * SECONDS_PER_DAY > ticker_series_value(last))
        ticker_series_set(last, day * SECONDS_PER_DAY);
    (void)pthread_mutex_unlock(&consumer->lock);
}

bool ti_gauges_wanted(const ticker_consumer *consumer)
{
    if (consumer->metrics == NULL || consumer->gear->once || ti_consumer_stopping(consumer))
        return false;
    /* SQLite: not even a new connection while an import writes. */
    for (unsigned i = 0; i < consumer->threads && consumer->gear->serial; i++)
        if (atomic_load_explicit(&consumer->importers[i].begun, memory_order_relaxed) != 0)
            return false;
    return true;
}

static bool interrupted(void *payload)
{
    ticker_consumer *consumer = payload;

    atomic_store_explicit(&consumer->keeper_beat, ti_consumer_now(), memory_order_relaxed);
    return ti_consumer_stopping(consumer);
}

int64_t ti_gauges_look(ticker_consumer *consumer)
{
    static const char *const states[] = {"waiting", "working", "dead"};
    int64_t counts[3] = {0, 0, 0};
    ti_services services = {NULL, NULL, NULL};
    int64_t pause = LOOK_DATABASE;
    ticker_status status = ti_services_open(consumer, &services, NULL, false, interrupted, NULL);

    if (status == TICKER_OK)
        status = ticker_queue_counts(services.queue, &counts[0], &counts[1], &counts[2], NULL);
    ticker_series_set(series(consumer, TICKER_METRIC_QUEUE_UP, NULL, 0), status == TICKER_OK);
    for (size_t i = 0; i < 3 && status == TICKER_OK; i++)
        ticker_series_set(series(consumer, TICKER_METRIC_QUEUE_DEPTH, &states[i], 1), counts[i]);
    if (services.gear != NULL && !services.gear->database_queue)
        pause = LOOK_SQS;
    ti_services_close(&services);
    return ti_consumer_now() + pause;
}
