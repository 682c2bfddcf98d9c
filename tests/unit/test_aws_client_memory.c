/* Memory that runs out under a client: each allocation of the library fails once, and every time the call says so, frees what
 * it had (a leak would show under a sanitizer), and works the next time. */
#include "failing_memory.h"

#include "support.h"

#include "aws/client.h"

/* A server that refuses, throttles and redirects before it says yes; it allocates nothing but the answer. */
static ticker_status answer(void *self, const ti_http_request *request, ti_http_response *response, ticker_error *error)
{
    static const struct {
        const char *head, *region, *body;
    } answers[] = {
        {"HTTP/1.1 503 Slow", "A: b", "<Error><Code>SlowDown</Code><Message>slow</Message></Error>"},
        {"HTTP/1.1 301 Moved", "x-amz-bucket-region: eu-west-1", "<Error><Code>PermanentRedirect</Code></Error>"},
        {"HTTP/1.1 400 Bad", "Date: Thu, 26 Nov 2026 13:00:00 GMT", "{\"__type\":\"RequestTimeTooSkewed\"}"},
        {"HTTP/1.1 200 OK", "A: b", "yes"}};
    unsigned *next = self, now = (*next)++ % COUNT(answers);

    (void)request;
    ti_http_response_clear(response);
    response->started = response->answered = INT64_C(1795694400000);
    if (!ti_http_response_line(response, ti_slice_of(answers[now].head)) ||
        !ti_http_response_line(response, ti_slice_of(answers[now].region)) ||
        !ti_buffer_text(&response->body, answers[now].body))
        return ti_fail_memory(error);
    return TICKER_OK;
}

static void close_nothing(void *self)
{
    (void)self;
}

static int64_t noon(void *self)
{
    (void)self;
    return INT64_C(1795694400000); /* 2026-11-26T12:00:00Z */
}

static void no_sleep(void *self, int64_t milliseconds)
{
    (void)self;
    (void)milliseconds;
}

static const char *environment(void *payload, const char *name)
{
    (void)payload;
    return strcmp(name, "AWS_ACCESS_KEY_ID") == 0       ? "AKIDEXAMPLE"
           : strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0 ? "secret"
           : strcmp(name, "AWS_SESSION_TOKEN") == 0     ? "token"
           : strcmp(name, "AWS_CA_BUNDLE") == 0         ? "/ca.pem"
           : strcmp(name, "AWS_ENDPOINT_URL_SQS") == 0  ? "http://localhost:4566"
                                                        : NULL;
}

/* Everything that a client does. */
static ticker_status use(unsigned *next, ticker_error *error)
{
    ti_aws_setup setup = {
        .http = {answer, close_nothing, next}, .clock = {noon, noon, no_sleep, NULL}, .environment = environment};
    ti_aws_request request = {.operation = "PutObject",
                              .method = "PUT",
                              .bucket = ti_slice_of("files"),
                              .path = ti_slice_of("k"),
                              .body = {.data = "hello", .size = 5}};
    ti_http_response response;
    ticker_aws *aws = NULL;
    ticker_status status;
    ti_buffer url;
    char *text = NULL, *key = NULL;

    ti_http_response_init(&response);
    ti_buffer_init(&url, TICKER_URL_MAX);
    status = ti_aws_new(&setup, &aws, error);
    if (status == TICKER_OK)
        status = ti_aws_perform(aws, &request, &response, error);
    if (status == TICKER_OK)
        status = ti_aws_presign(aws, &request, 60, &url, error);
    if (status == TICKER_OK)
        status = ticker_aws_endpoint(aws, "sqs", &text, error);
    if (status == TICKER_OK)
        status = ticker_aws_keys(aws, NULL, &key, error);
    ticker_free(text);
    ticker_free(key);
    ti_buffer_free(&url);
    ti_http_response_free(&response);
    ticker_aws_free(aws);
    return status;
}

START_TEST(a_client_without_memory)
{
    unsigned long n = 0, used;
    ticker_error error;

    do {
        unsigned next = 0;
        ticker_status status;

        ti_error_init(&error);
        allocations = 0;
        fail_at = ++n;
        status = use(&next, &error);
        fail_at = 0;
        used = allocations;
        if (status == TICKER_OK)
            continue; /* nothing failed, or it could be done without */
        /* An answer that could not be read for want of memory is told as it was understood. */
        ck_assert_msg(error.kind == TICKER_ERROR_MEMORY || error.http_status != 0, "allocation %lu: %s", n,
                      error.message);
    } while (used >= n);
    ck_assert_uint_gt(n, 20);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_client_without_memory};

    return run_tests("aws_client_memory", tests, COUNT(tests));
}
