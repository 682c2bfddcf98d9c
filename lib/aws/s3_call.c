#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/s3.h"
#include "base/error.h"
#include "base/utf8.h"

#define PAUSE_SLICE 100 /* milliseconds between two looks whether to go on */

/* What stands in a URL or a host name as it is. */
static bool bucket_letters(const char *bucket, size_t size)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";

    return strspn(bucket, allowed) == size && bucket[0] != '.' && strstr(bucket, "..") == NULL;
}

static bool valid_utf8(const char *text, size_t size)
{
    size_t length;

    for (size_t at = 0; at < size; at += length) {
        length = ti_utf8_length((ti_slice){text + at, size - at});
        if (length == 0)
            return false;
    }
    return true;
}

ticker_status ti_s3_check_bucket(const ticker_aws *aws, const char *bucket, ticker_error *error)
{
    size_t size;

    if (aws == NULL || bucket == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "S3 needs a client and a bucket");
    size = strnlen(bucket, TICKER_BUCKET_MAX);
    if (size < 1 || size == TICKER_BUCKET_MAX || !bucket_letters(bucket, size)) {
        (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "there cannot be a bucket \"%.*s\"", (int)size, bucket);
        ti_error_hint(error, "a bucket's name has letters, digits, dots and dashes, and is not an ARN or a URL");
        return TICKER_FATAL;
    }
    return TICKER_OK;
}

ticker_status ti_s3_check_key(const ticker_aws *aws, const char *bucket, const char *key, ticker_error *error)
{
    ticker_status status = ti_s3_check_bucket(aws, bucket, error);
    size_t size;

    if (status != TICKER_OK)
        return status;
    size = key != NULL ? strnlen(key, TICKER_KEY_MAX) : 0;
    if (size < 1 || size == TICKER_KEY_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an object's key has 1 to %d bytes",
                       TICKER_KEY_MAX - 1);
    if (!valid_utf8(key, size))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an object's key is UTF-8");
    return TICKER_OK;
}

ticker_status ti_s3_check_prefix(const char *prefix, ticker_error *error)
{
    size_t size = prefix != NULL ? strnlen(prefix, TICKER_KEY_MAX) : TICKER_KEY_MAX;

    if (size == TICKER_KEY_MAX || !valid_utf8(prefix, size))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a prefix is UTF-8 of at most %d bytes",
                       TICKER_KEY_MAX - 1);
    return TICKER_OK;
}

/* --- One request ---------------------------------------------------------------------------------------------------------------- */

void ti_s3_call_begin(ti_s3_call *call, const char *operation, const char *method, const char *bucket, const char *key)
{
    *call = (ti_s3_call){.request = {
                             .service = TI_AWS_S3,
                             .operation = operation,
                             .method = method,
                             .bucket = ti_slice_of(bucket),
                             .path = ti_slice_of(key),
                         }};
    ti_http_response_init(&call->response);
}

/* The tables have room for what any call in here adds; one that is full would show in the tests of that call. */
void ti_s3_call_header(ti_s3_call *call, const char *name, const char *value)
{
    if (call->request.header_count < TI_S3_HEADERS_MAX)
        call->headers[call->request.header_count++] = (ti_http_header){ti_slice_of(name), ti_slice_of(value)};
}

void ti_s3_call_query(ti_s3_call *call, const char *name, const char *value)
{
    if (call->request.query_count < TI_S3_QUERY_MAX)
        call->query[call->request.query_count++] = (ti_aws_parameter){ti_slice_of(name), ti_slice_of(value)};
}

void ti_s3_call_body(ti_s3_call *call, const void *data, size_t size)
{
    call->request.body = (ti_http_body){.data = data, .size = (int64_t)size};
}

ticker_status ti_s3_call_perform(ticker_aws *aws, ti_s3_call *call, ticker_error *error)
{
    ticker_status status;
    char place[TICKER_NAME_MAX];

    call->request.headers = call->headers;
    call->request.query = call->query;
    status = ti_aws_perform(aws, &call->request, &call->response, error);
    if (status != TICKER_OK) {
        ti_s3_place(place, sizeof(place), call->request.bucket.data, call->request.path.data);
        ti_error_file(error, place);
    }
    return status;
}

void ti_s3_call_end(ti_s3_call *call)
{
    ti_http_response_free(&call->response);
}

void ti_s3_call_again(ti_s3_call *call)
{
    ti_http_response_clear(&call->response);
}

ti_slice ti_s3_call_answer(const ti_s3_call *call)
{
    return (ti_slice){call->response.body.data, call->response.body.size};
}

static bool given_up(ticker_aws *aws, const ti_aws_request *request)
{
    return (request->stop != NULL && atomic_load(request->stop)) || (!request->cleanup && ti_aws_interrupted(aws));
}

bool ti_s3_pause(ticker_aws *aws, const ti_aws_request *request, int64_t milliseconds)
{
    const ti_clock *clock = ti_aws_clock(aws);

    while (milliseconds > 0 && !given_up(aws, request)) {
        int64_t slice = milliseconds < PAUSE_SLICE ? milliseconds : PAUSE_SLICE;

        clock->sleep(clock->self, slice);
        milliseconds -= slice;
    }
    return !given_up(aws, request);
}

/* --- Texts ---------------------------------------------------------------------------------------------------------------------- */

void ti_s3_place(char *place, size_t size, const char *bucket, const char *key)
{
    (void)snprintf(place, size, "s3://%s%s%s", bucket, key != NULL ? "/" : "", key != NULL ? key : "");
}

char *ti_s3_header_text(const ti_http_response *response, const char *name, size_t max)
{
    ti_slice value = ti_http_response_header(response, name);

    return value.size <= max ? ti_slice_copy(value) : NULL;
}

ti_slice ti_s3_unquoted(ti_slice etag)
{
    if (etag.size >= 2 && memcmp(etag.data, "W/", 2) == 0)
        etag = (ti_slice){etag.data + 2, etag.size - 2};
    if (etag.size >= 2 && etag.data[0] == '"' && etag.data[etag.size - 1] == '"')
        etag = (ti_slice){etag.data + 1, etag.size - 2};
    return etag;
}
