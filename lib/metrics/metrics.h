/* Inside view of the metrics: the table of families, and a registry that only grows, so that readers need no lock. */
#ifndef TI_METRICS_METRICS_H
#define TI_METRICS_METRICS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <tickerimport/limits.h>
#include <tickerimport/metrics.h>

#include "base/buffer.h"

#define TI_METRIC_LABELS_MAX 3
#define TI_METRIC_NAME_MAX 16 /* bytes of a label's name, at most */
/* name="value", with every byte of the value escaped */
#define TI_METRIC_TEXT_MAX (TI_METRIC_LABELS_MAX * (TI_METRIC_NAME_MAX + 4 + 2 * TICKER_LABEL_MAX))
#define TI_METRIC_CHAINS 64

typedef enum ti_metric_kind { TI_METRIC_COUNTER, TI_METRIC_GAUGE, TI_METRIC_HISTOGRAM } ti_metric_kind;

typedef enum ti_metric_id {
#define METRIC(id, name, kind, buckets, labels, help) TI_METRIC_##id,
#include "metrics/metrics.def"
#undef METRIC
    TI_METRIC_COUNT
} ti_metric_id;

typedef struct ti_metric {
    const char *name;
    ti_metric_kind kind;
    const int64_t *buckets; /* upper bounds in microseconds, rising; INT64_MAX is the last: +Inf */
    const char *labels[TI_METRIC_LABELS_MAX + 1];
    const char *help;
} ti_metric;

extern const ti_metric ti_metrics_table[TI_METRIC_COUNT];

/* Each has cache lines of its own: threads that count different things do not slow each other down. */
struct ticker_series {
    _Alignas(64) _Atomic int64_t value; /* of a histogram: the sum in microseconds */
    const ti_metric *metric;
    const char *labels;                 /* 'method="GET",route="/"', as it is written; "" none */
    ticker_series *chain;               /* of the same hash; never changes once it can be seen */
    _Atomic(ticker_series *) following; /* in the order they were made */
    atomic_bool shown;
    _Atomic int64_t buckets[]; /* of a histogram: how many fell into each, not cumulated */
};

typedef struct ti_family {
    _Atomic(ticker_series *) chains[TI_METRIC_CHAINS];
    ticker_series *other;  /* made first: there when there is no room or memory for another */
    ticker_series *newest; /* under the lock */
    size_t count;          /* under the lock */
} ti_family;

struct ticker_metrics {
    pthread_mutex_t lock; /* over making a series */
    int64_t started;      /* of the process, in microseconds since 1970; -1: not known */
    ti_family families[TI_METRIC_COUNT];
};

/* Microseconds as seconds without needless zeros: "0.0025", "1". */
bool ti_metrics_seconds(ti_buffer *text, int64_t microseconds);
/* The head of a family: # HELP and # TYPE. */
bool ti_metrics_head(ti_buffer *text, const char *name, const char *kind, const char *help);
/* The process_* metrics; what the system does not tell is left out. */
void ti_metrics_process(ti_buffer *text, int64_t started);
/* When the process started, in microseconds since 1970; -1: not known. */
int64_t ti_metrics_started(void);

#endif
