#include "http_try.h"

#include "support.h"

#define TIMEOUT 5000
#define BODY_MAX 65536

void make_attempt(attempt *mine, const char *method, const char *url)
{
    *mine = (attempt){
        .request = {
            .method = method, .url = url, .connect_timeout = TIMEOUT, .timeout = TIMEOUT, .max_body = BODY_MAX}};
    ti_http_response_init(&mine->response);
    ti_error_init(&mine->error);
}

void drop_attempt(attempt *mine)
{
    ti_http_response_free(&mine->response);
}

ticker_status try_attempt(const ti_http *http, attempt *mine)
{
    ti_error_init(&mine->error);
    return http->perform(http->self, &mine->request, &mine->response, &mine->error);
}

void check_attempt(const ti_http *http, attempt *mine, int status, const char *body)
{
    ticker_status result = try_attempt(http, mine);

    ck_assert_msg(result == TICKER_OK, "%d: %s", result, mine->error.message);
    ck_assert_int_eq(mine->error.kind, TICKER_ERROR_NONE);
    ck_assert_int_eq(mine->response.status, status);
    if (body != NULL)
        ck_assert_str_eq(ti_buffer_string(&mine->response.body), body);
}

void check_failure(const ti_http *http, attempt *mine, ticker_status status, ticker_error_kind kind)
{
    ticker_status result = try_attempt(http, mine);

    ck_assert_msg(result == status && mine->error.kind == kind, "%d, kind %d: %s", result, mine->error.kind,
                  mine->error.message);
    ck_assert_str_ne(mine->error.message, "");
}

ti_http open_curl(bool (*interrupted)(void *payload), void *payload)
{
    ti_http http;

    ck_assert_int_eq(ti_http_curl(interrupted, payload, &http, NULL), TICKER_OK);
    return http;
}

void close_curl(ti_http *http)
{
    http->close(http->self);
}

static ticker_status make_bytes(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    made_body *mine = self;
    size_t count = (int64_t)capacity < mine->size - mine->at ? capacity : (size_t)(mine->size - mine->at);

    mine->reads++;
    if (mine->fail_at > 0 && mine->at >= mine->fail_at)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_IO, "the body is gone");
    if (count == 0 || (mine->end_at > 0 && mine->at >= mine->end_at))
        return TICKER_DONE;
    for (size_t i = 0; i < count; i++)
        ((unsigned char *)buffer)[i] = (unsigned char)((mine->at + (int64_t)i) * 2654435761 >> 7);
    mine->sum = checksum_of(mine->sum, buffer, count);
    mine->at += (int64_t)count;
    *got = count;
    return TICKER_OK;
}

static bool rewind_bytes(void *self)
{
    made_body *mine = self;

    mine->rewinds++;
    mine->at = 0;
    mine->sum = 0;
    return true;
}

ti_http_body body_of(made_body *made, bool known)
{
    return (ti_http_body){.size = known ? made->size : -1, .read = make_bytes, .rewind = rewind_bytes, .self = made};
}

static ticker_status keep_bytes(void *self, const void *data, size_t size, ticker_error *error)
{
    kept_body *mine = self;

    mine->sum = checksum_of(mine->sum, data, size);
    mine->size += (int64_t)size;
    if (mine->fail_at > 0 && mine->size >= mine->fail_at)
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "the sink is full");
    return TICKER_OK;
}

ti_http_sink sink_of(kept_body *kept)
{
    return (ti_http_sink){.write = keep_bytes, .self = kept};
}
