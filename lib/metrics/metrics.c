#include "metrics/metrics.h"

#include <stdlib.h>
#include <string.h>

#include <tickerimport/version.h>

#include "base/slice.h"
#include "base/utf8.h"

#include <revision.h>

static const int64_t buckets_none[] = {INT64_MAX};
/* Requests and queries: 100 us to 10 s. */
static const int64_t buckets_quick[] = {100,    250,    500,    1000,    2500,    5000,    10000,    25000,    50000,
                                        100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, INT64_MAX};
/* Imports: 100 ms to an hour. */
static const int64_t buckets_slow[] = {100000,    250000,    500000,     1000000,    2500000,
                                       5000000,   10000000,  30000000,   60000000,   120000000,
                                       300000000, 600000000, 1800000000, 3600000000, INT64_MAX};
/* Messages that wait: 100 ms to a day. */
static const int64_t buckets_long[] = {100000,    500000,    1000000,    5000000,     15000000,    60000000,
                                       300000000, 900000000, 3600000000, 21600000000, 86400000000, INT64_MAX};

const ti_metric ti_metrics_table[TI_METRIC_COUNT] = {
#define LABELS(...)                                                                                                    \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define METRIC(id, name, kind, buckets, labels, help) {name, TI_METRIC_##kind, buckets_##buckets, labels, help},
#include "metrics/metrics.def"
#undef METRIC
#undef LABELS
};

#define METRIC(id, name, kind, buckets, labels, help)                                                                  \
    _Static_assert((int)TICKER_METRIC_##id == (int)TI_METRIC_##id, "metrics.def is in the order of enum "              \
                                                                   "ticker_metric");
#include "metrics/metrics.def"
#undef METRIC

static size_t bucket_count(const ti_metric *metric)
{
    size_t count = 1;

    while (metric->buckets[count - 1] != INT64_MAX)
        count++;
    return count;
}

static size_t label_count(const ti_metric *metric)
{
    size_t count = 0;

    while (count < TI_METRIC_LABELS_MAX && metric->labels[count] != NULL)
        count++;
    return count;
}

/* Appends with a backslash where the format wants one. There is room: see TI_METRIC_TEXT_MAX. */
static char *put_escaped(char *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '"' || *text == '\n')
            *to++ = '\\';
        *to++ = *text == '\n' ? 'n' : *text;
    }
    return to;
}

/* What makes a series: its labels as they are written. */
static void write_labels(const ti_metric *metric, const char *const *values, char text[TI_METRIC_TEXT_MAX])
{
    char value[TICKER_LABEL_MAX + 1];
    char *to = text;

    for (size_t i = 0; i < TI_METRIC_LABELS_MAX && metric->labels[i] != NULL; i++) {
        size_t name = strlen(metric->labels[i]);
        const char *given = values[i] != NULL ? values[i] : "";

        (void)ti_utf8_copy(value, sizeof(value), (ti_slice){given, strnlen(given, TI_UTF8_ROOM(sizeof(value)))});
        if (i > 0)
            *to++ = ',';
        memcpy(to, metric->labels[i], name);
        to += name;
        *to++ = '=';
        *to++ = '"';
        to = put_escaped(to, value);
        *to++ = '"';
    }
    *to = '\0';
}

static ticker_series *make_series(const ti_metric *metric, const char *labels)
{
    size_t buckets = metric->kind == TI_METRIC_HISTOGRAM ? bucket_count(metric) : 0, text = strlen(labels) + 1;
    size_t head = sizeof(ticker_series) + buckets * sizeof(int64_t);
    size_t align = _Alignof(ticker_series), size = (head + text + align - 1) / align * align;
    ticker_series *series = aligned_alloc(align, size);
    char *copy;

    if (series == NULL)
        return NULL;
    copy = (char *)series + head;
    memcpy(copy, labels, text);
    series->metric = metric;
    series->labels = copy;
    series->chain = NULL;
    atomic_init(&series->value, 0);
    atomic_init(&series->following, NULL);
    atomic_init(&series->shown, false);
    for (size_t i = 0; i < buckets; i++)
        atomic_init(&series->buckets[i], 0);
    return series;
}

static size_t chain_of(const char *labels)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (; *labels != '\0'; labels++)
        hash = (hash ^ (unsigned char)*labels) * 16777619U;
    return (hash ^ hash >> 16) % TI_METRIC_CHAINS;
}

static ticker_series *find(const ti_family *family, size_t chain, const char *labels)
{
    ticker_series *series = atomic_load_explicit(&family->chains[chain], memory_order_acquire);

    while (series != NULL && strcmp(series->labels, labels) != 0)
        series = series->chain;
    return series;
}

/* Under the lock, or before anybody else knows the family. */
static void enter(ti_family *family, ticker_series *series, size_t chain)
{
    series->chain = atomic_load_explicit(&family->chains[chain], memory_order_relaxed);
    if (family->newest != NULL)
        atomic_store_explicit(&family->newest->following, series, memory_order_release);
    family->newest = series;
    family->count++;
    atomic_store_explicit(&family->chains[chain], series, memory_order_release);
}

static bool open_family(ti_family *family, const ti_metric *metric)
{
    static const char *const other[TI_METRIC_LABELS_MAX] = {"other", "other", "other"};
    char labels[TI_METRIC_TEXT_MAX];

    write_labels(metric, other, labels);
    family->other = make_series(metric, labels);
    if (family->other != NULL)
        enter(family, family->other, chain_of(labels));
    return family->other != NULL;
}

ticker_metrics *ticker_metrics_new(void)
{
    static const char *const build[] = {TICKER_VERSION, TICKER_REVISION};
    ticker_metrics *metrics = calloc(1, sizeof(*metrics));
    bool opened = true;

    if (metrics == NULL)
        return NULL;
    if (pthread_mutex_init(&metrics->lock, NULL) != 0) {
        free(metrics);
        return NULL;
    }
    for (size_t i = 0; opened && i < TI_METRIC_COUNT; i++)
        opened = open_family(&metrics->families[i], &ti_metrics_table[i]);
    if (!opened) {
        ticker_metrics_free(metrics);
        return NULL;
    }
    metrics->started = ti_metrics_started();
    ticker_series_set(ticker_metrics_series(metrics, TICKER_METRIC_BUILD_INFO, build, 2), 1);
    return metrics;
}

void ticker_metrics_free(ticker_metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (size_t i = 0; i < TI_METRIC_COUNT; i++) {
        ticker_series *series = metrics->families[i].other;

        while (series != NULL) {
            ticker_series *following = atomic_load_explicit(&series->following, memory_order_acquire);

            free(series);
            series = following;
        }
    }
    (void)pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

/* Another thread may have made it since it was looked for. */
static ticker_series *find_or_make(ticker_metrics *metrics, ti_family *family, size_t chain, const char *labels)
{
    ticker_series *series;

    (void)pthread_mutex_lock(&metrics->lock); /* a plain mutex that is held for a moment cannot fail */
    series = find(family, chain, labels);
    if (series == NULL && family->count <= TICKER_METRICS_SERIES_MAX) {
        series = make_series(family->other->metric, labels);
        if (series != NULL)
            enter(family, series, chain);
    }
    (void)pthread_mutex_unlock(&metrics->lock);
    return series != NULL ? series : family->other;
}

ticker_series *ticker_metrics_series(ticker_metrics *metrics, ticker_metric metric, const char *const *values,
                                     size_t count)
{
    char labels[TI_METRIC_TEXT_MAX];
    ticker_series *series;
    ti_family *family;
    size_t chain;

    if (metrics == NULL || (unsigned)metric >= TI_METRIC_COUNT || count != label_count(&ti_metrics_table[metric]) ||
        (count > 0 && values == NULL))
        return NULL;
    family = &metrics->families[metric];
    write_labels(&ti_metrics_table[metric], values, labels);
    chain = chain_of(labels);
    series = find(family, chain, labels);
    if (series == NULL)
        series = find_or_make(metrics, family, chain, labels);
    if (!atomic_load_explicit(&series->shown, memory_order_relaxed))
        atomic_store_explicit(&series->shown, true, memory_order_relaxed);
    return series;
}

void ticker_series_add(ticker_series *series, int64_t amount)
{
    if (series == NULL || series->metric->kind == TI_METRIC_HISTOGRAM ||
        (series->metric->kind == TI_METRIC_COUNTER && amount <= 0))
        return;
    (void)atomic_fetch_add_explicit(&series->value, amount, memory_order_relaxed);
}

void ticker_series_set(ticker_series *series, int64_t value)
{
    if (series != NULL && series->metric->kind == TI_METRIC_GAUGE)
        atomic_store_explicit(&series->value, value, memory_order_relaxed);
}

void ticker_series_observe(ticker_series *series, int64_t microseconds)
{
    size_t bucket = 0;
    int64_t before;

    if (series == NULL || series->metric->kind != TI_METRIC_HISTOGRAM)
        return;
    if (microseconds < 0)
        microseconds = 0;
    while (microseconds > series->metric->buckets[bucket]) /* the last holds all */
        bucket++;
    before = atomic_fetch_add_explicit(&series->value, microseconds, memory_order_relaxed);
    if (before > INT64_MAX - microseconds) /* it stays there: ages that others tell may be anything */
        atomic_store_explicit(&series->value, INT64_MAX, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&series->buckets[bucket], 1, memory_order_relaxed);
}

int64_t ticker_series_value(const ticker_series *series)
{
    int64_t count = 0;

    if (series == NULL)
        return 0;
    if (series->metric->kind != TI_METRIC_HISTOGRAM)
        return atomic_load_explicit(&series->value, memory_order_relaxed);
    for (size_t i = 0, buckets = bucket_count(series->metric); i < buckets; i++)
        count += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
    return count;
}
