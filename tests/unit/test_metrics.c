/* Metrics: exact text, labels of any bytes, caps, and threads that count while others write. */
#include "support.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "metrics/metrics.h"

/* --- Memory that runs out (linked with --wrap) ----------------------------------------------------------------------------------- */

static atomic_bool no_memory;

void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    return no_memory ? NULL : __real_aligned_alloc(align, size);
}

/* --- Helpers --------------------------------------------------------------------------------------------------------------------- */

static int append(const void *data, size_t size, void *payload)
{
    return ti_buffer_append(payload, data, size) ? 0 : 1;
}

static int refuse(const void *data, size_t size, void *payload)
{
    (void)data, (void)size, (void)payload;
    return 1;
}

static const char *written(ticker_metrics *metrics, ti_buffer *text)
{
    const char *string;

    ti_buffer_clear(text);
    ck_assert_int_eq(ticker_metrics_write(metrics, append, text, NULL), TICKER_OK);
    string = ti_buffer_string(text);
    ck_assert_ptr_nonnull(string);
    return string;
}

static void shows(ticker_metrics *metrics, const char *line)
{
    ti_buffer text;

    bytes_init(&text);
    ck_assert_msg(strstr(written(metrics, &text), line) != NULL, "not there: %s\nbut:\n%s", line, text.data);
    ti_buffer_free(&text);
}

static size_t times(const char *text, const char *what)
{
    size_t count = 0;

    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        count++;
    return count;
}

static ticker_series *series1(ticker_metrics *metrics, ticker_metric metric, const char *value)
{
    return ticker_metrics_series(metrics, metric, &value, 1);
}

static int64_t number_behind(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    int64_t number = -1;

    ck_assert_msg(at != NULL, "no %s", name);
    at += strlen(name);
    ck_assert(at[0] == ' ');
    for (at++, number = 0; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (*at - '0');
    return number;
}

/* --- Tests ----------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_new_registry_shows_the_build_and_the_process)
{
    ticker_metrics *metrics = ticker_metrics_new();
    ti_buffer text;

    ck_assert_ptr_nonnull(metrics);
    bytes_init(&text);
    /* All families are announced; one has a series. */
    ck_assert_uint_eq(times(written(metrics, &text), "# TYPE ticker_"), TI_METRIC_COUNT);
    ck_assert_uint_eq(times(text.data, "\nticker_"), 1);
    shows(metrics,
          "# HELP ticker_build_info Always 1; the labels say which build this is.\n# TYPE ticker_build_info gauge\n"
          "ticker_build_info{version=\"" TICKER_VERSION "\",revision=\"");
    ck_assert_uint_eq(times(text.data, "# TYPE process_"), 8);
    ck_assert_int_gt(number_behind(text.data, "\nprocess_open_fds"), 2);
    ck_assert_int_ge(number_behind(text.data, "\nprocess_threads"), 1);
    ck_assert_int_gt(number_behind(text.data, "\nprocess_resident_memory_bytes"), 100000);
    ck_assert_int_ge(number_behind(text.data, "\nprocess_virtual_memory_bytes"),
                     number_behind(text.data, "\nprocess_resident_memory_bytes"));
    /* The clock may have been set since the machine started. */
    ck_assert_int_lt(llabs(number_behind(text.data, "\nprocess_start_time_seconds") - (int64_t)time(NULL)), 3600);
    ck_assert_int_ge(number_behind(text.data, "\nprocess_cpu_seconds_total"), 0);
    ck_assert_uint_eq(times(text.data, "\nprocess_max_fds "), 1);
    ck_assert_uint_eq(times(text.data, "\nprocess_virtual_memory_max_bytes "), 1);
    ti_buffer_free(&text);
    ticker_metrics_free(metrics);
    ticker_metrics_free(NULL);
}
END_TEST

START_TEST(open_files_are_counted)
{
    ticker_metrics *metrics = ticker_metrics_new();
    int64_t before, after;
    ti_buffer text;
    int copy;

    bytes_init(&text);
    before = number_behind(written(metrics, &text), "\nprocess_open_fds");
    copy = dup(STDIN_FILENO);
    ck_assert_int_ge(copy, 0);
    after = number_behind(written(metrics, &text), "\nprocess_open_fds");
    ck_assert_int_eq(after, before + 1);
    ck_assert_int_eq(close(copy), 0);
    ck_assert_int_eq(number_behind(written(metrics, &text), "\nprocess_open_fds"), before);
    ti_buffer_free(&text);
    ticker_metrics_free(metrics);
}
END_TEST

START_TEST(counters_only_grow)
{
    static const char *const labels[] = {"cotahist", "imported"};
    ticker_metrics *metrics = ticker_metrics_new();
    ticker_series *rows = ticker_metrics_series(metrics, TICKER_METRIC_IMPORT_ROWS, labels, 2);

    shows(metrics, "# TYPE ticker_import_rows_total counter\n"
                   "ticker_import_rows_total{format=\"cotahist\",result=\"imported\"} 0\n");
    ticker_series_add(rows, 3);
    ticker_series_add(rows, INT64_C(9000000000));
    ticker_series_add(rows, 0);
    ticker_series_add(rows, -1);
    ticker_series_set(rows, 5);
    ticker_series_observe(rows, 5);
    ck_assert_int_eq(ticker_series_value(rows), INT64_C(9000000003));
    shows(metrics, "\nticker_import_rows_total{format=\"cotahist\",result=\"imported\"} 9000000003\n");
    ticker_metrics_free(metrics);
}
END_TEST

START_TEST(gauges_go_up_and_down)
{
    ticker_metrics *metrics = ticker_metrics_new();
    ticker_series *flight = ticker_metrics_series(metrics, TICKER_METRIC_QUEUE_IN_FLIGHT, NULL, 0);

    ticker_series_add(flight, 2);
    ticker_series_add(flight, -3);
    ticker_series_observe(flight, 7);
    shows(metrics, "# TYPE ticker_queue_in_flight gauge\nticker_queue_in_flight -1\n");
    ticker_series_set(flight, 12);
    ck_assert_int_eq(ticker_series_value(flight), 12);
    shows(metrics, "\nticker_queue_in_flight 12\n");
    ticker_metrics_free(metrics);
}
END_TEST

START_TEST(histograms_cumulate)
{
    ticker_metrics *metrics = ticker_metrics_new();
    ticker_series *age = ticker_metrics_series(metrics, TICKER_METRIC_QUEUE_MESSAGE_AGE, NULL, 0);
    static const int64_t seen[] = {-5, 0, 100000, 100001, 1500000, INT64_C(86400000000), INT64_C(86400000001)};

    for (size_t i = 0; i < COUNT(seen); i++)
        ticker_series_observe(age, seen[i]);
    ticker_series_add(age, 1);
    ticker_series_set(age, 1);
    ck_assert_int_eq(ticker_series_value(age), COUNT(seen));
    shows(metrics, "# TYPE ticker_queue_message_age_seconds histogram\n"
                   "ticker_queue_message_age_seconds_bucket{le=\"0.1\"} 3\n"
                   "ticker_queue_message_age_seconds_bucket{le=\"0.5\"} 4\n"
                   "ticker_queue_message_age_seconds_bucket{le=\"1\"} 4\n"
                   "ticker_queue_message_age_seconds_bucket{le=\"5\"} 5\n"
                   "ticker_queue_message_age_seconds_bucket{le=\"15\"} 5\n"
                   "ticker_queue_message_age_seconds_bucket{le=\"60\"} 5\n"
                   "ticker_queue_message_age_seconds_bucket{le=\"300\"} 5\n"
                   "ticker_queue_message_age_seconds_bucket{le=\"900\"} 5\n"
                   "ticker_queue_message_age_seconds_bucket{le=\"3600\"} 5\n"
                   "ticker_queue_message_age_seconds_bucket{le=\"21600\"} 5\n"
                   "ticker_queue_message_age_seconds_bucket{le=\"86400\"} 6\n"
                   "ticker_queue_message_age_seconds_bucket{le=\"+Inf\"} 7\n"
                   "ticker_queue_message_age_seconds_sum 172801.700002\n"
                   "ticker_queue_message_age_seconds_count 7\n");
    ticker_series_observe(series1(metrics, TICKER_METRIC_DB_QUERY_DURATION, "quotes"), 250);
    shows(metrics, "\nticker_db_query_duration_seconds_bucket{query=\"quotes\",le=\"0.0001\"} 0\n"
                   "ticker_db_query_duration_seconds_bucket{query=\"quotes\",le=\"0.00025\"} 1\n");
    shows(metrics, "\nticker_db_query_duration_seconds_sum{query=\"quotes\"} 0.00025\n");
    ticker_metrics_free(metrics);
}
END_TEST

/* A service that tells nonsense about times leaves a large sum, and no broken text. */
START_TEST(a_sum_stays_within_its_range)
{
    ticker_metrics *metrics = ticker_metrics_new();
    ticker_series *age = ticker_metrics_series(metrics, TICKER_METRIC_QUEUE_MESSAGE_AGE, NULL, 0);

    for (int i = 0; i < 5; i++) {
        ticker_series_observe(age, INT64_MAX - 1);
        ticker_series_observe(age, i);
    }
    ck_assert_int_eq(ticker_series_value(age), 10);
    shows(metrics, "ticker_queue_message_age_seconds_bucket{le=\"86400\"} 5\n"
                   "ticker_queue_message_age_seconds_bucket{le=\"+Inf\"} 10\n"
                   "ticker_queue_message_age_seconds_sum 9223372036854.775807\n"
                   "ticker_queue_message_age_seconds_count 10\n");
    ticker_metrics_free(metrics);
}
END_TEST

START_TEST(labels_hold_any_bytes)
{
    ticker_metrics *metrics = ticker_metrics_new();
    char long_one[3 * TICKER_LABEL_MAX], line[2 * TICKER_LABEL_MAX + 64];

    ticker_series_add(series1(metrics, TICKER_METRIC_CACHE_REQUESTS, "a\\b\"c\ne"), 1);
    shows(metrics, "\nticker_cache_requests_total{result=\"a\\\\b\\\"c\\ne\"} 1\n");
    ticker_series_add(series1(metrics, TICKER_METRIC_CACHE_REQUESTS, "x\xff\xc3y"), 2);
    shows(metrics, "{result=\"x\xef\xbf\xbd\xef\xbf\xbdy\"} 2\n");
    ticker_series_add(series1(metrics, TICKER_METRIC_CACHE_REQUESTS, NULL), 3);
    shows(metrics, "{result=\"\"} 3\n");
    /* Two-byte characters behind an odd byte: the cap falls into the middle of one. */
    memset(long_one, 0, sizeof(long_one));
    long_one[0] = 'L';
    for (size_t i = 1; i + 2 < sizeof(long_one); i += 2)
        memcpy(long_one + i, "\xc3\xa9", 2);
    ticker_series_add(series1(metrics, TICKER_METRIC_CACHE_REQUESTS, long_one), 4);
    (void)snprintf(line, sizeof(line), "{result=\"%.*s\"} 4\n", TICKER_LABEL_MAX - 1, long_one);
    shows(metrics, line);
    /* The worst one in all places: every byte is escaped. */
    memset(long_one, '"', sizeof(long_one) - 1);
    {
        const char *const worst[] = {long_one, long_one, long_one};
        ticker_series *series = ticker_metrics_series(metrics, TICKER_METRIC_AWS_REQUESTS, worst, 3);

        ck_assert_uint_eq(strlen(series->labels),
                          strlen("service=\"\",operation=\"\",result=\"\"") + 6 * TICKER_LABEL_MAX);
    }
    ticker_metrics_free(metrics);
}
END_TEST

START_TEST(equal_labels_are_one_series)
{
    static const char *const one[] = {"GET", "/api/quotes", "200"}, *const two[] = {"GET", "/api/quotes", "404"};
    ticker_metrics *metrics = ticker_metrics_new();
    ticker_series *series = ticker_metrics_series(metrics, TICKER_METRIC_HTTP_REQUESTS, one, 3);

    ck_assert_ptr_eq(ticker_metrics_series(metrics, TICKER_METRIC_HTTP_REQUESTS, one, 3), series);
    ck_assert_ptr_ne(ticker_metrics_series(metrics, TICKER_METRIC_HTTP_REQUESTS, two, 3), series);
    /* What a value holds cannot be taken for another label. */
    ck_assert_ptr_ne(series1(metrics, TICKER_METRIC_CACHE_REQUESTS, "a\",b=\"c"),
                     series1(metrics, TICKER_METRIC_CACHE_REQUESTS, "a"));
    ck_assert_uint_eq((uintptr_t)series % 64, 0);
    ticker_metrics_free(metrics);
}
END_TEST

START_TEST(too_many_are_counted_together)
{
    ticker_metrics *metrics = ticker_metrics_new();
    ticker_series *first = series1(metrics, TICKER_METRIC_CACHE_REQUESTS, "0"), *other;
    char value[16];
    ti_buffer text;

    ck_assert_uint_eq(times(written(metrics, (bytes_init(&text), &text)), "{result=\"other\"}"), 0);
    for (int i = 1; i < 3 * TICKER_METRICS_SERIES_MAX; i++) {
        (void)snprintf(value, sizeof(value), "%d", i);
        ticker_series_add(series1(metrics, TICKER_METRIC_CACHE_REQUESTS, value), 1);
    }
    ck_assert_uint_eq(times(written(metrics, &text), "\nticker_cache_requests_total{"), TICKER_METRICS_SERIES_MAX + 1);
    other = series1(metrics, TICKER_METRIC_CACHE_REQUESTS, "other");
    ck_assert_int_eq(ticker_series_value(other), 2 * TICKER_METRICS_SERIES_MAX);
    ck_assert_ptr_eq(series1(metrics, TICKER_METRIC_CACHE_REQUESTS, "0"), first);
    ck_assert_ptr_ne(series1(metrics, TICKER_METRIC_CACHE_BUMPS, "0"),
                     ticker_metrics_series(metrics, TICKER_METRIC_CACHE_BUMPS, (const char *const[]){"other"}, 1));
    ti_buffer_free(&text);
    ticker_metrics_free(metrics);
}
END_TEST

START_TEST(without_memory_they_are_counted_together_too)
{
    ticker_metrics *metrics = ticker_metrics_new(), *none;
    ticker_series *lost, *found;

    no_memory = true;
    lost = series1(metrics, TICKER_METRIC_CACHE_REQUESTS, "hit");
    none = ticker_metrics_new();
    no_memory = false;
    ck_assert_ptr_null(none);
    ck_assert_ptr_eq(lost, series1(metrics, TICKER_METRIC_CACHE_REQUESTS, "other"));
    found = series1(metrics, TICKER_METRIC_CACHE_REQUESTS, "hit");
    ck_assert_ptr_ne(found, lost);
    ticker_metrics_free(metrics);
}
END_TEST

START_TEST(wrong_use_does_nothing)
{
    static const char *const labels[] = {"a", "b", "c", "d"};
    ticker_metrics *metrics = ticker_metrics_new();
    ticker_error error;
    ti_buffer text;

    ck_assert_ptr_null(ticker_metrics_series(NULL, TICKER_METRIC_DB_UP, NULL, 0));
    ck_assert_ptr_null(ticker_metrics_series(metrics, (ticker_metric)TI_METRIC_COUNT, NULL, 0));
    ck_assert_ptr_null(ticker_metrics_series(metrics, (ticker_metric)-1, NULL, 0));
    ck_assert_ptr_null(ticker_metrics_series(metrics, TICKER_METRIC_DB_UP, labels, 1));
    ck_assert_ptr_null(ticker_metrics_series(metrics, TICKER_METRIC_AWS_REQUESTS, labels, 2));
    ck_assert_ptr_null(ticker_metrics_series(metrics, TICKER_METRIC_AWS_REQUESTS, labels, 4));
    ck_assert_ptr_null(ticker_metrics_series(metrics, TICKER_METRIC_AWS_REQUESTS, NULL, 3));
    ticker_series_add(NULL, 1);
    ticker_series_set(NULL, 1);
    ticker_series_observe(NULL, 1);
    ck_assert_int_eq(ticker_series_value(NULL), 0);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_metrics_write(NULL, append, NULL, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_int_eq(ticker_metrics_write(metrics, NULL, NULL, NULL), TICKER_FATAL);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_metrics_write(metrics, refuse, NULL, &error), TICKER_RETRY);
    ck_assert_int_eq(error.kind, TICKER_ERROR_CANCELLED);
    bytes_init(&text);
    ck_assert_uint_eq(times(written(metrics, &text), "\nticker_"), 1);
    ti_buffer_free(&text);
    ticker_metrics_free(metrics);
}
END_TEST

/* Each family with all that belongs to it in one place, and each name once. */
START_TEST(families_are_written_in_one_piece)
{
    static const char *const labels[] = {"x", "y", "z"};
    ticker_metrics *metrics = ticker_metrics_new();
    char line[160];
    ti_buffer text;

    for (size_t i = 0; i < TI_METRIC_COUNT; i++) {
        size_t count = 0;

        while (count < TI_METRIC_LABELS_MAX && ti_metrics_table[i].labels[count] != NULL)
            count++;
        ck_assert_ptr_nonnull(ticker_metrics_series(metrics, (ticker_metric)i, labels, count));
    }
    bytes_init(&text);
    (void)written(metrics, &text);
    for (size_t i = 0; i < TI_METRIC_COUNT; i++) {
        const ti_metric *metric = &ti_metrics_table[i];

        (void)snprintf(line, sizeof(line), "# HELP %s %s\n# TYPE %s ", metric->name, metric->help, metric->name);
        ck_assert_uint_eq(times(text.data, line), 1);
        ck_assert_int_eq(metric->kind == TI_METRIC_COUNTER,
                         strcmp(metric->name + strlen(metric->name) - 6, "_total") == 0);
    }
    ck_assert_uint_eq(times(text.data, "# TYPE ticker_"), TI_METRIC_COUNT);
    ck_assert_str_eq(TICKER_METRICS_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    ti_buffer_free(&text);
    ticker_metrics_free(metrics);
}
END_TEST

/* --- Threads --------------------------------------------------------------------------------------------------------------------- */

#define THREADS 4
#define ROUNDS 5000

typedef struct crowd {
    ticker_metrics *metrics;
    atomic_int running;
} crowd;

static void *count_along(void *payload)
{
    crowd *all = payload;
    char value[16];

    for (int i = 0; i < ROUNDS; i++) {
        /* The same few for all of them, which are new to each of them at about the same time. */
        (void)snprintf(value, sizeof(value), "%d", i / 100);
        ticker_series_add(series1(all->metrics, TICKER_METRIC_CACHE_REQUESTS, value), 1);
        ticker_series_observe(series1(all->metrics, TICKER_METRIC_DB_QUERY_DURATION, "quotes"), i);
        ticker_series_add(ticker_metrics_series(all->metrics, TICKER_METRIC_QUEUE_IN_FLIGHT, NULL, 0), i % 2 ? 1 : -1);
    }
    atomic_fetch_sub(&all->running, 1);
    return NULL;
}

START_TEST(threads_lose_nothing)
{
    crowd all = {.metrics = ticker_metrics_new(), .running = THREADS};
    pthread_t threads[THREADS];
    ti_buffer text;
    int64_t sum = 0;
    char value[16];

    bytes_init(&text);
    (void)series1(all.metrics, TICKER_METRIC_DB_QUERY_DURATION, "quotes");
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_along, &all), 0);
    while (atomic_load(&all.running) > 0) {
        const char *now = written(all.metrics, &text);

        ck_assert_int_eq(number_behind(now, "\nticker_db_query_duration_seconds_bucket{query=\"quotes\",le=\"+Inf\"}"),
                         number_behind(now, "\nticker_db_query_duration_seconds_count{query=\"quotes\"}"));
    }
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < ROUNDS / 100; i++) {
        (void)snprintf(value, sizeof(value), "%d", i);
        sum = ticker_series_value(series1(all.metrics, TICKER_METRIC_CACHE_REQUESTS, value));
        ck_assert_int_eq(sum, THREADS * 100);
    }
    ck_assert_uint_eq(times(written(all.metrics, &text), "\nticker_cache_requests_total{"), ROUNDS / 100);
    ck_assert_int_eq(number_behind(text.data, "\nticker_db_query_duration_seconds_count{query=\"quotes\"}"),
                     THREADS * ROUNDS);
    shows(all.metrics, "\nticker_queue_in_flight 0\n");
    ti_buffer_free(&text);
    ticker_metrics_free(all.metrics);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_new_registry_shows_the_build_and_the_process,
        open_files_are_counted,
        counters_only_grow,
        gauges_go_up_and_down,
        histograms_cumulate,
        a_sum_stays_within_its_range,
        labels_hold_any_bytes,
        equal_labels_are_one_series,
        too_many_are_counted_together,
        without_memory_they_are_counted_together_too,
        wrong_use_does_nothing,
        families_are_written_in_one_piece,
        threads_lose_nothing,
    };

    return run_tests("metrics", tests, COUNT(tests));
}
