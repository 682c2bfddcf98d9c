/* Answers of S3. The first line of the input says to what: "list", "uploads", "notify" (the rest is the body of every
 * answer), or "get" (the rest is the answer's status line and headers, an empty line, and its body). */
#include "fuzz.h"

#include <string.h>
#include <tickerimport/s3.h>

#include "aws/client.h"
#include "base/error.h"
#include "input/source.h"

#define REQUESTS_MAX 1000
#define ARN "arn:aws:sns:us-east-1:000000000000:files"

/* What every request gets. */
typedef struct made_up {
    ti_slice head, body;
    ti_buffer written; /* the body of the last PUT */
    unsigned requests;
} made_up;

static const char *no_environment(void *payload, const char *name)
{
    (void)payload;
    (void)name;
    return NULL;
}

static uint64_t no_random(void *payload)
{
    (void)payload;
    return 0;
}

static int64_t same_time(void *payload)
{
    (void)payload;
    return INT64_C(1795694400000);
}

static void no_sleep(void *payload, int64_t milliseconds)
{
    (void)payload;
    (void)milliseconds;
}

static void give_head(ti_slice head, ti_http_response *response)
{
    CHECK(ti_http_response_line(response, ti_slice_of("HTTP/1.1 200 OK")));
    while (head.size > 0) {
        const char *end = memchr(head.data, '\n', head.size);
        size_t size = end != NULL ? (size_t)(end - head.data) + 1 : head.size;

        if (!ti_http_response_line(response, (ti_slice){head.data, size}))
            return;
        head = (ti_slice){head.data + size, head.size - size};
    }
}

static ticker_status answer(void *self, const ti_http_request *request, ti_http_response *response, ticker_error *error)
{
    made_up *mine = self;

    CHECK(++mine->requests <= REQUESTS_MAX);
    ti_http_response_clear(response);
    give_head(mine->head, response);
    if (strcmp(request->method, "PUT") == 0) {
        ti_buffer_clear(&mine->written);
        CHECK(ti_buffer_append(&mine->written, request->body.data, (size_t)request->body.size));
        return TICKER_OK;
    }
    if (strcmp(request->method, "HEAD") == 0)
        return TICKER_OK;
    if (request->sink.write != NULL && response->status >= 200 && response->status < 300)
        return mine->body.size > 0 ? request->sink.write(request->sink.self, mine->body.data, mine->body.size, error)
                                   : TICKER_OK;
    response->body.max = request->max_body;
    if (mine->body.size > request->max_body)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "too long");
    CHECK(ti_buffer_slice(&response->body, mine->body));
    return TICKER_OK;
}

static void close_nothing(void *self)
{
    (void)self;
}

static ticker_aws *new_client(made_up *server)
{
    ticker_options *options = ticker_options_new();
    ti_aws_setup setup = {.options = options,
                          .http = {answer, close_nothing, server},
                          .clock = {same_time, same_time, no_sleep, NULL},
                          .environment = no_environment,
                          .random = no_random};
    ticker_aws *aws = NULL;

    CHECK(options != NULL);
    CHECK(ticker_options_set(options, "aws-access-key-id", "AKIDEXAMPLE", NULL) == TICKER_OK);
    CHECK(ticker_options_set(options, "aws-secret-access-key", "secret", NULL) == TICKER_OK);
    CHECK(ticker_options_set(options, "aws-region", "us-east-1", NULL) == TICKER_OK);
    CHECK(ticker_options_set(options, "s3-part-size", "5MiB", NULL) == TICKER_OK);
    CHECK(ticker_options_set(options, "s3-concurrency", "1", NULL) == TICKER_OK);
    CHECK(ti_aws_new(&setup, &aws, NULL) == TICKER_OK);
    ticker_options_free(options);
    return aws;
}

/* A failure says what it is. */
static void check_error(ticker_status status, const ticker_error *error)
{
    if (status >= TICKER_OK)
        return;
    CHECK(error->status == status && error->message[0] != '\0');
    CHECK(status == TICKER_RETRY || status == TICKER_FAILED || status == TICKER_FATAL);
}

static ticker_status look_at_object(void *payload, const ticker_s3_object *object, ticker_error *error)
{
    size_t size = strlen(ticker_s3_object_key(object));

    (void)payload;
    (void)error;
    CHECK(size < 4 * TICKER_KEY_MAX);
    CHECK(ticker_s3_object_bytes(object) >= 0);
    CHECK(ticker_s3_object_etag(object) != NULL && ticker_s3_object_version(object)[0] == '\0');
    return TICKER_OK;
}

static void list(ticker_aws *aws)
{
    ticker_error error;
    ticker_status status;

    ti_error_init(&error);
    status = ticker_s3_list(aws, "bucket", "", 0, look_at_object, NULL, &error);
    CHECK(status <= TICKER_OK);
    check_error(status, &error);
}

static void abort_uploads(ticker_aws *aws)
{
    ticker_error error;
    int64_t count = 0;

    ti_error_init(&error);
    check_error(ticker_s3_abort_uploads(aws, "bucket", "a", 0, &count, &error), &error);
    CHECK(count >= 0);
}

static ticker_status count_events(void *payload, const char *id, const char *arn, const char *event, const char *prefix,
                                  ticker_error *error)
{
    (void)error;
    CHECK(id != NULL && arn != NULL && event != NULL && prefix != NULL);
    ++*(unsigned *)payload;
    return TICKER_OK;
}

static unsigned events_of(ticker_aws *aws)
{
    unsigned count = 0;

    CHECK(ticker_s3_notifications(aws, "bucket", count_events, &count, NULL) == TICKER_OK);
    return count;
}

/* What was written is read as it was meant: nothing is lost, and nothing has to be changed any more. */
static void notify(ticker_aws *aws, made_up *server)
{
    ticker_error error;
    unsigned before = 0, after;
    int changed = -1;
    ticker_status status;

    ti_error_init(&error);
    status = ticker_s3_notify(aws, "bucket", "ticker", ARN, "in/", &changed, &error);
    check_error(status, &error);
    if (status != TICKER_OK || !changed)
        return;
    before = events_of(aws);
    server->body = (ti_slice){server->written.data, server->written.size};
    after = events_of(aws);
    CHECK(after >= 1 && after + 1 + 100 >= before); /* ours has one; the one in whose place it came had 100 at most */
    CHECK(ticker_s3_notify(aws, "bucket", "ticker", ARN, "in/", &changed, &error) == TICKER_OK && changed == 0);
}

static void get(ticker_aws *aws, const made_up *server)
{
    ticker_source *source = NULL;
    char buffer[4096];
    ticker_error error;
    ticker_status status;
    size_t got, all = 0;

    ti_error_init(&error);
    status = ticker_s3_get(aws, "bucket", "key", NULL, NULL, &source, &error);
    CHECK((source != NULL) == (status == TICKER_OK));
    while (status == TICKER_OK) {
        status = ticker_source_read(source, buffer, sizeof(buffer), &got, &error);
        all += got;
    }
    CHECK(status != TICKER_DONE || all <= server->body.size);
    check_error(status, &error);
    ticker_source_free(source);
}

/* The bytes of a head, its last line end with it. */
static size_t head_size(ti_slice text)
{
    size_t size = 0;

    while (size < text.size && !(text.data[size] == '\n' && (size + 1 == text.size || text.data[size + 1] == '\n')))
        size++;
    return size < text.size ? size + 1 : size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    ti_slice rest = {end != NULL ? (const char *)end + 1 : "", end != NULL ? size - (size_t)(end - data) - 1 : 0};
    ti_slice what = {(const char *)data, end != NULL ? (size_t)(end - data) : 0};
    made_up server = {.head = {"", 0}, .body = rest};
    ticker_aws *aws;

    ti_buffer_init(&server.written, (size_t)64 << 20);
    aws = new_client(&server);
    if (ti_slice_is(what, "list")) {
        list(aws);
    } else if (ti_slice_is(what, "uploads")) {
        abort_uploads(aws);
    } else if (ti_slice_is(what, "notify")) {
        notify(aws, &server);
    } else if (ti_slice_is(what, "get")) {
        server.head = (ti_slice){rest.data, head_size(rest)};
        server.body = (ti_slice){rest.data + server.head.size, rest.size - server.head.size};
        if (server.body.size > 0) /* the empty line */
            server.body = (ti_slice){server.body.data + 1, server.body.size - 1};
        get(aws, &server);
    }
    ticker_aws_free(aws);
    ti_buffer_free(&server.written);
    return 0;
}
