/* One call over several attempts: what is repeated and how often, and who may end it. */
#include "aws_scene.h"
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOW_DOWN "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"

/* --- What is repeated ----------------------------------------------------------------------------------------------------------- */

START_TEST(trouble_is_repeated)
{
    static const struct {
        int status;
        const char *headers, *body;
    } troubles[] = {
        {500, NULL, ""},
        {502, "Content-Type: text/html\n", "<html><body>Bad Gateway</body></html>"},
        {503, NULL, SLOW_DOWN},
        {504, NULL, NULL},
        {429, NULL, ""},
        {400, NULL, "<Error><Code>RequestTimeout</Code></Error>"},
        {403, NULL, "<Error><Code>ThrottledException</Code></Error>"},
        {400, NULL, "{\"__type\":\"com.amazonaws.sqs#RequestThrottled\"}"},
        {400, "x-amzn-query-error: Throttling;Sender\n", "{}"},
        {400, "x-amzn-errortype: ThrottlingException:http://internal/\n", ""},
        {400, NULL, "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code></Error></ErrorResponse>"}};
    scene mine;

    for (size_t i = 0; i < COUNT(troubles); i++) {
        open_scene(&mine, NULL);
        fake_http_answer(mine.fake, troubles[i].status, troubles[i].headers, troubles[i].body);
        fake_http_answer(mine.fake, troubles[i].status, troubles[i].headers, troubles[i].body);
        fake_http_answer(mine.fake, 200, NULL, "done");
        succeeds(&mine, 3);
        ck_assert_uint_eq(mine.response.attempts, 3);
        ck_assert_int_le(fake_http_slept(mine.fake), 100 + 200);
        ck_assert_str_eq(ti_buffer_string(&mine.response.body), "done");
        close_scene(&mine);
    }
}
END_TEST

START_TEST(broken_connections_are_repeated)
{
    scene mine;

    open_scene(&mine, "aws-max-attempts=5");
    fake_http_break(mine.fake);
    fake_http_refuse(mine.fake);
    fake_http_time_out(mine.fake);
    fake_http_cut(mine.fake, NULL, "half", 4, 2);
    fake_http_answer(mine.fake, 200, NULL, "whole");
    succeeds(&mine, 5);
    ck_assert_str_eq(ti_buffer_string(&mine.response.body), "whole");
    ck_assert_int_eq(mine.aws->retry.tokens, TI_RETRY_TOKENS - 3 * 5 - 10 + 5);
    close_scene(&mine);
}
END_TEST

START_TEST(attempts_end)
{
    scene mine;

    open_scene(&mine, NULL);
    for (int i = 0; i < 3; i++)
        fake_http_answer(mine.fake, 503, NULL, SLOW_DOWN);
    fails(&mine, TICKER_RETRY, TICKER_ERROR_SERVICE, 3);
    ck_assert_int_eq(mine.error.http_status, 503);
    ck_assert_str_eq(mine.error.aws_code, "SlowDown");
    ck_assert_ptr_nonnull(strstr(mine.error.message, "3 attempts"));
    for (int i = 0; i < 3; i++)
        fake_http_break(mine.fake);
    fails(&mine, TICKER_RETRY, TICKER_ERROR_SERVICE, 6);
    ck_assert_ptr_nonnull(strstr(mine.error.message, "3 attempts"));
    ck_assert_ptr_nonnull(strstr(mine.error.message, "GetObject"));
    close_scene(&mine);
}
END_TEST

START_TEST(one_attempt_when_told_so)
{
    scene mine;

    open_scene(&mine, "aws-max-attempts=1");
    fake_http_answer(mine.fake, 503, NULL, "");
    fails(&mine, TICKER_RETRY, TICKER_ERROR_SERVICE, 1);
    ck_assert_int_eq(fake_http_slept(mine.fake), 0);
    close_scene(&mine);
}
END_TEST

START_TEST(what_will_not_change_is_not_repeated)
{
    static const struct {
        int http;
        const char *body;
        ticker_status status;
    } cases[] = {{404, "<Error><Code>NoSuchKey</Code></Error>", TICKER_FAILED},
                 {412, "<Error><Code>PreconditionFailed</Code></Error>", TICKER_FAILED},
                 {403, "<Error><Code>AccessDenied</Code></Error>", TICKER_FATAL},
                 {404, "<Error><Code>NoSuchBucket</Code></Error>", TICKER_FATAL},
                 {400, "<Error><Code>OverLimit</Code></Error>", TICKER_RETRY},
                 {501, "", TICKER_FATAL},
                 {400, "no xml <", TICKER_FAILED},
                 {599, "", TICKER_RETRY}};
    scene mine;

    for (size_t i = 0; i < COUNT(cases); i++) {
        open_scene(&mine, NULL);
        fake_http_answer(mine.fake, cases[i].http, NULL, cases[i].body);
        ck_assert_int_eq(performs(&mine), cases[i].status);
        ck_assert_uint_eq(fake_http_count(mine.fake), 1);
        ck_assert_int_eq(mine.error.http_status, cases[i].http);
        close_scene(&mine);
    }
}
END_TEST

START_TEST(not_modified_is_an_answer)
{
    scene mine;

    open_scene(&mine, NULL);
    fake_http_answer(mine.fake, 304, NULL, NULL);
    succeeds(&mine, 1);
    ck_assert_int_eq(mine.response.status, 304);
    close_scene(&mine);
}
END_TEST

START_TEST(a_success_may_be_a_failure)
{
    scene mine;

    open_scene(&mine, NULL);
    mine.request.operation = "CompleteMultipartUpload";
    mine.request.error_in_body = true;
    fake_http_answer(mine.fake, 200, NULL,
                     "\n <?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code><Message>m</Message></Error>");
    fake_http_answer(mine.fake, 200, NULL,
                     "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>");
    succeeds(&mine, 2);
    fake_http_answer(mine.fake, 200, NULL, "<Error><Code>InvalidPart</Code><Message>m</Message></Error>");
    fails(&mine, TICKER_FAILED, TICKER_ERROR_INPUT, 3);
    ck_assert_str_eq(mine.error.aws_code, "InvalidPart");
    mine.request.error_in_body = false;
    fake_http_answer(mine.fake, 200, NULL, "<Error><Code>InternalError</Code></Error>"); /* an object may be that */
    succeeds(&mine, 4);
    close_scene(&mine);
}
END_TEST

START_TEST(a_web_page_is_no_service)
{
    scene mine;

    open_scene(&mine, NULL);
    fake_http_answer(mine.fake, 200, "Content-Type: text/html\n", "<html></html>"); /* an object may be one */
    succeeds(&mine, 1);
    mine.request = (ti_aws_request){.service = TI_AWS_SQS, .operation = "ListQueues", .method = "POST"};
    fake_http_answer(mine.fake, 200, "Content-Type: text/html\n", "<html></html>");
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 2);
    close_scene(&mine);
}
END_TEST

/* --- Waits ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(the_server_says_how_long_to_wait)
{
    scene mine;

    open_scene(&mine, NULL);
    fake_http_answer(mine.fake, 503, "Retry-After: 7\n", "");
    fake_http_answer(mine.fake, 503, "Retry-After: 7000\n", "");
    fake_http_answer(mine.fake, 200, NULL, "");
    succeeds(&mine, 3);
    ck_assert_int_eq(fake_http_slept(mine.fake), 7000 + 20000);
    close_scene(&mine);
}
END_TEST

START_TEST(a_service_that_is_down_is_not_stormed)
{
    scene mine;
    size_t requests = 0;

    open_scene(&mine, "aws-max-attempts=100");
    for (int i = 0; i < 210; i++)
        fake_http_answer(mine.fake, 500, NULL, "");
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(performs(&mine), TICKER_RETRY);
        requests = fake_http_count(mine.fake);
    }
    /* A hundred repetitions for all calls together, and each call's own attempt. */
    ck_assert_uint_eq(requests, 100 + 50);
    close_scene(&mine);
}
END_TEST

START_TEST(adaptive_clients_slow_down)
{
    scene mine;
    int64_t begin;

    open_scene(&mine, "aws-retry-mode=adaptive");
    fake_http_delay(mine.fake, 100);
    for (int i = 0; i < 40; i++)
        fake_http_answer(mine.fake, 200, NULL, "");
    for (size_t i = 1; i <= 40; i++)
        succeeds(&mine, i); /* ten a second */
    ck_assert_int_eq(fake_http_slept(mine.fake), 0);
    fake_http_answer(mine.fake, 503, NULL, SLOW_DOWN);
    for (int i = 0; i < 8; i++)
        fake_http_answer(mine.fake, 200, NULL, "");
    fake_http_delay(mine.fake, 1);
    begin = fake_http_clock(mine.fake).now(mine.fake);
    for (size_t i = 0; i < 7; i++)
        succeeds(&mine, 42 + i);
    ck_assert_int_ge(fake_http_clock(mine.fake).now(mine.fake) - begin, 600);
    ck_assert_int_gt(fake_http_slept(mine.fake), 500);
    close_scene(&mine);
}
END_TEST

/* --- Bodies and sinks ----------------------------------------------------------------------------------------------------------- */

typedef struct stream {
    size_t size, at;
    unsigned rewinds;
    ticker_status fail;
    bool stuck;
} stream;

static ticker_status read_stream(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    stream *mine = self;

    if (mine->fail != TICKER_OK)
        return ti_fail(error, mine->fail, TICKER_ERROR_SERVICE, "the stream failed");
    if (mine->at == mine->size)
        return TICKER_DONE;
    *got = capacity < mine->size - mine->at ? capacity : mine->size - mine->at;
    memset(buffer, 'x', *got);
    mine->at += *got;
    return TICKER_OK;
}

static bool rewind_stream(void *self)
{
    stream *mine = self;

    if (mine->stuck)
        return false;
    mine->rewinds++;
    mine->at = 0;
    return true;
}

static ticker_status write_stream(void *self, const void *data, size_t size, ticker_error *error)
{
    stream *mine = self;

    (void)data;
    mine->at += size;
    return mine->fail == TICKER_OK ? TICKER_OK : ti_fail(error, mine->fail, TICKER_ERROR_SERVICE, "the sink failed");
}

START_TEST(bodies_are_rewound)
{
    stream body = {.size = 1500};
    scene mine;
    size_t size;

    open_scene(&mine, NULL);
    mine.request.method = "PUT";
    mine.request.body = (ti_http_body){.size = 1500, .read = read_stream, .rewind = rewind_stream, .self = &body};
    fake_http_answer(mine.fake, 500, NULL, "");
    fake_http_answer(mine.fake, 200, NULL, "");
    succeeds(&mine, 2);
    ck_assert_uint_eq(body.rewinds, 1);
    (void)fake_http_body(mine.fake, 1, &size);
    ck_assert_uint_eq(size, 1500);
    ck_assert_str_eq(fake_http_header(mine.fake, 0, "X-Amz-Content-Sha256"), TI_UNSIGNED_PAYLOAD);
    body = (stream){.size = 1500, .stuck = true};
    fake_http_answer(mine.fake, 500, NULL, "");
    fails(&mine, TICKER_RETRY, TICKER_ERROR_SERVICE, 3);
    body = (stream){.size = 1500};
    mine.request.body.rewind = NULL;
    fake_http_answer(mine.fake, 500, NULL, "");
    fails(&mine, TICKER_RETRY, TICKER_ERROR_SERVICE, 4);
    body = (stream){.fail = TICKER_RETRY};
    fails(&mine, TICKER_RETRY, TICKER_ERROR_SERVICE, 5);
    ck_assert_str_eq(mine.error.message, "the stream failed");
    close_scene(&mine);
}
END_TEST

START_TEST(sinks_start_again)
{
    stream sink = {0};
    scene mine;

    open_scene(&mine, NULL);
    mine.request.sink = (ti_http_sink){.write = write_stream, .restart = rewind_stream, .self = &sink};
    fake_http_cut(mine.fake, NULL, "0123456789", 10, 5);
    fake_http_answer(mine.fake, 200, NULL, "0123456789");
    succeeds(&mine, 2);
    ck_assert_uint_eq(sink.at, 10);
    ck_assert_uint_eq(sink.rewinds, 1);
    /* Nothing has been delivered: there is nothing to start again. */
    sink = (stream){.stuck = true};
    fake_http_break(mine.fake);
    fake_http_answer(mine.fake, 500, NULL, "trouble");
    fake_http_answer(mine.fake, 200, NULL, "0123456789");
    succeeds(&mine, 5);
    ck_assert_uint_eq(sink.at, 10);
    fake_http_cut(mine.fake, NULL, "0123456789", 10, 5);
    fails(&mine, TICKER_RETRY, TICKER_ERROR_SERVICE, 6);
    mine.request.sink.restart = NULL;
    fake_http_cut(mine.fake, NULL, "0123456789", 10, 5);
    fails(&mine, TICKER_RETRY, TICKER_ERROR_SERVICE, 7);
    /* Whatever a sink fails with is what the call ends with. */
    mine.request.sink.restart = rewind_stream;
    for (size_t i = 0; i < 3; i++) {
        static const ticker_status statuses[] = {TICKER_RETRY, TICKER_FAILED, TICKER_DONE};

        sink = (stream){.fail = statuses[i]};
        fake_http_answer(mine.fake, 200, NULL, "0123456789");
        ck_assert_int_eq(performs(&mine), statuses[i]);
        ck_assert_str_eq(mine.error.message, "the sink failed");
        ck_assert_uint_eq(fake_http_count(mine.fake), 8 + i);
    }
    close_scene(&mine);
}
END_TEST

START_TEST(once_is_once)
{
    scene mine;

    open_scene(&mine, NULL);
    mine.request.once = true;
    fake_http_break(mine.fake);
    fails(&mine, TICKER_RETRY, TICKER_ERROR_SERVICE, 1);
    fake_http_time_out(mine.fake);
    fails(&mine, TICKER_RETRY, TICKER_ERROR_SERVICE, 2);
    fake_http_answer(mine.fake, 500, NULL, "");
    fails(&mine, TICKER_RETRY, TICKER_ERROR_SERVICE, 3);
    /* The server surely did nothing. */
    fake_http_refuse(mine.fake);
    fake_http_answer(mine.fake, 503, NULL, SLOW_DOWN);
    fake_http_answer(mine.fake, 200, NULL, "");
    succeeds(&mine, 6);
    close_scene(&mine);
}
END_TEST

/* --- Who may end it ------------------------------------------------------------------------------------------------------------- */

typedef struct watcher {
    fake_http *fake;
    int64_t stop_at; /* of the clock; 0: never */
    unsigned asked;
    char seen[512];
} watcher;

static int interrupt(void *payload)
{
    watcher *mine = payload;
    ti_clock clock = fake_http_clock(mine->fake);

    mine->asked++;
    return mine->stop_at != 0 && clock.now(clock.self) >= mine->stop_at;
}

static void note_attempt(void *payload, const char *service, const char *operation, int http_status, unsigned attempt,
                         int64_t microseconds)
{
    watcher *mine = payload;
    size_t size = strlen(mine->seen);

    ck_assert_int_gt(snprintf(mine->seen + size, sizeof(mine->seen) - size, "%s %s %d %u %lld|", service, operation,
                              http_status, attempt, (long long)microseconds),
                     0);
}

static void open_watched(scene *mine, watcher *watch)
{
    const ticker_aws_events events = {sizeof(events), watch, interrupt, note_attempt};
    static const char *const options[] = {"aws-access-key-id=AKIDEXAMPLE", "aws-secret-access-key=secret", NULL};

    open_scene(mine, NULL);
    ticker_aws_free(mine->aws);
    watch->fake = mine->fake;
    ck_assert_int_eq(fake_http_setup(mine->fake, &(fake_setup){NULL, options, &events}, &mine->aws, NULL), TICKER_OK);
}

START_TEST(attempts_are_told)
{
    watcher watch = {0};
    scene mine;

    open_watched(&mine, &watch);
    fake_http_delay(mine.fake, 25);
    fake_http_answer(mine.fake, 503, NULL, "");
    fake_http_break(mine.fake);
    fake_http_answer(mine.fake, 200, NULL, "");
    succeeds(&mine, 3);
    ck_assert_str_eq(watch.seen, "s3 GetObject 503 1 25000|s3 GetObject 0 2 25000|s3 GetObject 200 3 25000|");
    close_scene(&mine);
}
END_TEST

START_TEST(a_wait_can_be_ended)
{
    watcher watch = {0};
    int64_t begin;
    scene mine;

    open_watched(&mine, &watch);
    begin = fake_http_clock(mine.fake).now(mine.fake);
    watch.stop_at = begin + 1000;
    fake_http_answer(mine.fake, 503, "Retry-After: 10\n", "");
    fails(&mine, TICKER_RETRY, TICKER_ERROR_CANCELLED, 1);
    ck_assert_int_ge(fake_http_slept(mine.fake), 1000);
    ck_assert_int_le(fake_http_slept(mine.fake), 1250);
    ck_assert_uint_ge(watch.asked, 5);
    fails(&mine, TICKER_RETRY, TICKER_ERROR_CANCELLED, 1); /* and nothing is begun */
    close_scene(&mine);
}
END_TEST

START_TEST(another_thread_can_end_one_call)
{
    atomic_bool stop;
    scene mine;

    atomic_init(&stop, true);
    open_scene(&mine, NULL);
    mine.request.stop = &stop;
    fails(&mine, TICKER_RETRY, TICKER_ERROR_CANCELLED, 0);
    ck_assert_str_eq(mine.error.message, "GetObject was cancelled");
    close_scene(&mine);
}
END_TEST

START_TEST(cleaning_up_goes_on)
{
    watcher watch = {.stop_at = 1};
    scene mine;

    open_watched(&mine, &watch);
    mine.request.cleanup = true;
    fake_http_answer(mine.fake, 503, NULL, "");
    fake_http_answer(mine.fake, 204, NULL, NULL);
    succeeds(&mine, 2);
    mine.request.cleanup = false;
    fails(&mine, TICKER_RETRY, TICKER_ERROR_CANCELLED, 2);
    close_scene(&mine);
}
END_TEST

START_TEST(old_callers_have_shorter_tables)
{
    watcher watch = {.stop_at = 1};
    ticker_aws_events events = {offsetof(ticker_aws_events, interrupted), &watch, interrupt, note_attempt};
    scene mine;

    open_scene(&mine, NULL);
    ticker_aws_free(mine.aws);
    ck_assert_int_eq(fake_http_setup(mine.fake, &(fake_setup){NULL, NULL, &events}, &mine.aws, NULL), TICKER_OK);
    ck_assert(!ti_aws_interrupted(mine.aws));
    ck_assert_ptr_null(mine.aws->events.attempt);
    close_scene(&mine);
}
END_TEST

/* --- Threads -------------------------------------------------------------------------------------------------------------------- */

#define THREADS 8
#define CALLS 40

static void *call_often(void *payload)
{
    ti_aws_request request = {.operation = "GetObject", .method = "GET", .path = ti_slice_of("k")};
    ti_http_response response;
    char bucket[32];

    ti_http_response_init(&response);
    for (int i = 0; i < CALLS; i++) {
        ck_assert_int_gt(snprintf(bucket, sizeof(bucket), "bucket-%d", i), 0);
        request.bucket = ti_slice_of(bucket);
        request.region = i % 2 == 0 ? "eu-west-1" : NULL;
        ck_assert_int_eq(ti_aws_perform(payload, &request, &response, NULL), TICKER_OK);
    }
    ti_http_response_free(&response);
    return NULL;
}

START_TEST(threads_share_a_client)
{
    pthread_t threads[THREADS];
    scene mine;

    open_scene(&mine, "aws-retry-mode=adaptive");
    for (int i = 0; i < THREADS * CALLS; i++)
        fake_http_answer(mine.fake, 200, "Date: Thu, 26 Nov 2026 12:00:00 GMT\n", "");
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call_often, mine.aws), 0);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_eq(fake_http_count(mine.fake), THREADS * CALLS);
    ck_assert_int_eq(mine.aws->retry.tokens, TI_RETRY_TOKENS);
    close_scene(&mine);
}
END_TEST

/* Each attempt, by what came of it. */
START_TEST(attempts_are_counted)
{
    static const struct {
        int status; /* 0: no answer */
        const char *result;
    } cases[] = {{200, "ok"},     {304, "ok"},      {503, "throttled"}, {429, "throttled"},
                 {500, "failed"}, {404, "refused"}, {0, "unanswered"}};
    ticker_metrics *metrics = ticker_metrics_new();

    ck_assert_ptr_nonnull(metrics);
    ticker_aws_measure(NULL, metrics);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const labels[] = {"s3", "GetObject", cases[i].result};
        ticker_series *series = ticker_metrics_series(metrics, TICKER_METRIC_AWS_REQUESTS, labels, 3);
        int64_t before = ticker_series_value(series);
        scene mine;

        open_scene(&mine, "aws-max-attempts=1");
        ticker_aws_measure(mine.aws, metrics);
        if (cases[i].status != 0)
            fake_http_answer(mine.fake, cases[i].status, NULL, "");
        else
            fake_http_break(mine.fake);
        (void)performs(&mine);
        ck_assert_int_eq(ticker_series_value(series), before + 1);
        close_scene(&mine);
    }
    ticker_metrics_free(metrics);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {attempts_are_counted,
                                  trouble_is_repeated,
                                  broken_connections_are_repeated,
                                  attempts_end,
                                  one_attempt_when_told_so,
                                  what_will_not_change_is_not_repeated,
                                  not_modified_is_an_answer,
                                  a_success_may_be_a_failure,
                                  a_web_page_is_no_service,
                                  the_server_says_how_long_to_wait,
                                  a_service_that_is_down_is_not_stormed,
                                  adaptive_clients_slow_down,
                                  bodies_are_rewound,
                                  sinks_start_again,
                                  once_is_once,
                                  attempts_are_told,
                                  a_wait_can_be_ended,
                                  another_thread_can_end_one_call,
                                  cleaning_up_goes_on,
                                  old_callers_have_shorter_tables,
                                  threads_share_a_client};

    return run_tests("aws_perform", tests, COUNT(tests));
}
