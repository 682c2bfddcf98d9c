/* Prometheus's text format, version 0.0.4. */
#include <inttypes.h>

#include "metrics/metrics.h"

#include "base/error.h"

#define BLOCK ((size_t)64 << 10)    /* bytes handed to the caller at once, about */
#define TEXT_MAX ((size_t)64 << 20) /* more than all families at their cap write */
#define MICROSECONDS 1000000

bool ti_metrics_head(ti_buffer *text, const char *name, const char *kind, const char *help)
{
    return ti_buffer_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

bool ti_metrics_seconds(ti_buffer *text, int64_t microseconds)
{
    int64_t part = microseconds % MICROSECONDS;
    int digits = 6;

    if (part == 0)
        return ti_buffer_printf(text, "%" PRId64, microseconds / MICROSECONDS);
    for (; part % 10 == 0; digits--)
        part /= 10;
    return ti_buffer_printf(text, "%" PRId64 ".%0*" PRId64, microseconds / MICROSECONDS, digits, part);
}

/* 'name_suffix{labels,le="' or without what is not there. */
static void begin_line(ti_buffer *text, const ticker_series *series, const char *suffix)
{
    (void)ti_buffer_text(text, series->metric->name);
    (void)ti_buffer_text(text, suffix);
    if (series->labels[0] != '\0')
        (void)ti_buffer_printf(text, "{%s}", series->labels);
    (void)ti_buffer_byte(text, ' ');
}

/* The buckets are read once, and +Inf and the count are their sum: they agree whatever is counted meanwhile. */
static void write_histogram(ti_buffer *text, const ticker_series *series)
{
    const int64_t *bounds = series->metric->buckets;
    const char *comma = series->labels[0] != '\0' ? "," : "";
    int64_t count = 0, sum = atomic_load_explicit(&series->value, memory_order_relaxed);

    for (size_t i = 0; i == 0 || bounds[i - 1] != INT64_MAX; i++) {
        count += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
        (void)ti_buffer_printf(text, "%s_bucket{%s%sle=\"", series->metric->name, series->labels, comma);
        if (bounds[i] == INT64_MAX)
            (void)ti_buffer_text(text, "+Inf");
        else
            (void)ti_metrics_seconds(text, bounds[i]);
        (void)ti_buffer_printf(text, "\"} %" PRId64 "\n", count);
    }
    begin_line(text, series, "_sum");
    (void)ti_metrics_seconds(text, sum >= 0 ? sum : INT64_MAX); /* for the moment until it is put back */
    (void)ti_buffer_byte(text, '\n');
    begin_line(text, series, "_count");
    (void)ti_buffer_printf(text, "%" PRId64 "\n", count);
}

static ticker_status hand_out(ti_buffer *text, ticker_write write, void *payload, ticker_error *error)
{
    if (ti_buffer_failed(text))
        return ti_fail_memory(error);
    if (text->size > 0 && write(text->data, text->size, payload) != 0)
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "the metrics were not wanted to their end");
    ti_buffer_clear(text);
    return TICKER_OK;
}

static ticker_status write_family(ti_buffer *text, const ticker_series *series, ticker_write write, void *payload,
                                  ticker_error *error)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    const ti_metric *metric = series->metric;
    ticker_status status = TICKER_OK;

    /* Also of a family that has no series yet: who looks at a program that has just started sees what it will count. */
    (void)ti_metrics_head(text, metric->name, kinds[metric->kind], metric->help);
    for (; series != NULL && status == TICKER_OK;
         series = atomic_load_explicit(&series->following, memory_order_acquire)) {
        if (!atomic_load_explicit(&series->shown, memory_order_relaxed))
            continue;
        if (metric->kind == TI_METRIC_HISTOGRAM) {
            write_histogram(text, series);
        } else {
            begin_line(text, series, "");
            (void)ti_buffer_printf(text, "%" PRId64 "\n", atomic_load_explicit(&series->value, memory_order_relaxed));
        }
        if (text->size >= BLOCK || ti_buffer_failed(text))
            status = hand_out(text, write, payload, error);
    }
    return status;
}

ticker_status ticker_metrics_write(ticker_metrics *metrics, ticker_write write, void *payload, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    ti_buffer text;

    if (metrics == NULL || write == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "metrics are written from a registry to a function");
    ti_buffer_init(&text, TEXT_MAX);
    for (size_t i = 0; i < TI_METRIC_COUNT && status == TICKER_OK; i++)
        status = write_family(&text, metrics->families[i].other, write, payload, error);
    if (status == TICKER_OK) {
        ti_metrics_process(&text, metrics->started);
        status = hand_out(&text, write, payload, error);
    }
    ti_buffer_free(&text);
    return status;
}
