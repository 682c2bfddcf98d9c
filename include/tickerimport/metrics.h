/* Counters, gauges and histograms as Prometheus reads them.
 *
 * Which families there are stands in ONE table of the library; their names, labels and units are part of its interface. A series is
 * resolved once, when a part starts or a new label value turns up, and is from then on counted with atomic operations only: no lock,
 * no allocation, from any number of threads. */
#ifndef TICKERIMPORT_METRICS_H
#define TICKERIMPORT_METRICS_H

#include <tickerimport/query.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_metrics ticker_metrics;
/* One family with one set of label values. Lives as long as its metrics. */
typedef struct ticker_series ticker_series;

/* The families; behind each its name and labels. Later versions add some at the end. */
typedef enum ticker_metric {
    TICKER_METRIC_HTTP_REQUESTS = 0,           /* ticker_http_requests_total{method,route,status} */
    TICKER_METRIC_HTTP_REQUEST_DURATION = 1,   /* ticker_http_request_duration_seconds{method,route} */
    TICKER_METRIC_HTTP_REQUESTS_IN_FLIGHT = 2, /* ticker_http_requests_in_flight */
    TICKER_METRIC_HTTP_RESPONSE_BYTES = 3,     /* ticker_http_response_bytes_total */
    TICKER_METRIC_UPLOAD_BYTES = 4,            /* ticker_upload_bytes_total */
    TICKER_METRIC_IMPORT_FILES = 5,            /* ticker_import_files_total{format,result} */
    TICKER_METRIC_IMPORT_ROWS = 6,             /* ticker_import_rows_total{format,result} */
    TICKER_METRIC_IMPORT_BYTES = 7,            /* ticker_import_bytes_total{format} */
    TICKER_METRIC_IMPORT_DURATION = 8,         /* ticker_import_duration_seconds{format} */
    TICKER_METRIC_QUEUE_MESSAGES = 9,          /* ticker_queue_messages_total{result} */
    TICKER_METRIC_QUEUE_IN_FLIGHT = 10,        /* ticker_queue_in_flight */
    TICKER_METRIC_QUEUE_MESSAGE_AGE = 11,      /* ticker_queue_message_age_seconds */
    TICKER_METRIC_CACHE_REQUESTS = 12,         /* ticker_cache_requests_total{result} */
    TICKER_METRIC_CACHE_BUMPS = 13,            /* ticker_cache_bumps_total{result} */
    TICKER_METRIC_CACHE_BYTES = 14,            /* ticker_cache_bytes */
    TICKER_METRIC_CACHE_UP = 15,               /* ticker_cache_up */
    TICKER_METRIC_DB_QUERY_DURATION = 16,      /* ticker_db_query_duration_seconds{query} */
    TICKER_METRIC_DB_CONNECTIONS = 17,         /* ticker_db_connections{state} */
    TICKER_METRIC_DB_UP = 18,                  /* ticker_db_up */
    TICKER_METRIC_AWS_REQUESTS = 19,           /* ticker_aws_requests_total{service,operation,result} */
    TICKER_METRIC_BUILD_INFO = 20,          /* ticker_build_info{version,revision}: 1, made by ticker_metrics_new() */
    TICKER_METRIC_IMPORTS_IN_PROGRESS = 21, /* ticker_imports_in_progress */
    TICKER_METRIC_IMPORT_LAST_SUCCESS = 22, /* ticker_import_last_success_timestamp_seconds{format} */
    TICKER_METRIC_IMPORT_LAST_DAY = 23,     /* ticker_import_last_trading_day_timestamp_seconds{format} */
    TICKER_METRIC_QUEUE_DEPTH = 24,         /* ticker_queue_depth{state}: "waiting", "working", "dead" */
    TICKER_METRIC_QUEUE_UP = 25             /* ticker_queue_up */
} ticker_metric;

/* Without series but ticker_build_info; NULL when memory is short. ticker_metrics_free() accepts NULL and frees all series: no thread may
 * count any more. */
TICKER_API ticker_metrics *ticker_metrics_new(void);
TICKER_API void ticker_metrics_free(ticker_metrics *metrics);

/* The series of `metric` with these label values, `count` of them in the order of the table above (NULL and 0 for none). The first call
 * makes it, and it is shown from then on, at 0 at first; equal values give the same series. Any thread at any time; one that exists is
 * found without a lock.
 * Values are copied: at most TICKER_LABEL_MAX bytes are kept, what is not UTF-8 becomes U+FFFD, NULL is "". A family has at most
 * TICKER_METRICS_SERIES_MAX series: values that come after that, or when memory is short, are all counted in one series whose labels
 * are "other". So NULL is returned only for NULL `metrics`, a family that does not exist, or a wrong `count`. */
TICKER_API ticker_series *ticker_metrics_series(ticker_metrics *metrics, ticker_metric metric,
                                                const char *const *values, size_t count);

/* Counting. Any thread, atomic, no lock; a NULL series is counted nowhere, so that parts without metrics need no second way.
 * What does not fit the kind of the family does nothing: counters only grow, only gauges are set, only histograms observe. */
TICKER_API void ticker_series_add(ticker_series *series, int64_t amount); /* counters (amount > 0) and gauges */
TICKER_API void ticker_series_set(ticker_series *series, int64_t value);  /* gauges */
/* Histograms; less than 0 counts as 0. */
TICKER_API void ticker_series_observe(ticker_series *series, int64_t microseconds);
/* What a counter or gauge stands at, or how often a histogram observed. 0 for NULL. */
TICKER_API int64_t ticker_series_value(const ticker_series *series);

/* The media type of what ticker_metrics_write() writes, for Content-Type. */
#define TICKER_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Writes all series and the standard process_* metrics of this process as Prometheus's text format 0.0.4, in a few blocks. Any thread,
 * while others count. TICKER_RETRY with TICKER_ERROR_CANCELLED: `write` said stop. TICKER_FATAL with TICKER_ERROR_USAGE: NULL
 * `metrics` or `write`; with TICKER_ERROR_MEMORY: out of memory. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_metrics_write(ticker_metrics *metrics, ticker_write write,
                                                                void *payload, ticker_error *error);

#ifdef __cplusplus
}
#endif
#endif
