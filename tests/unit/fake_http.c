#include "fake_http.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

#define ANSWERS_MAX 4096
#define BEGIN INT64_C(1795694400000) /* 2026-11-26T12:00:00Z */

typedef enum answer_kind { WHOLE, BROKEN, CUT, REFUSED, SILENT, FAILED } answer_kind;

typedef struct answer {
    answer_kind kind;
    bool used;
    char *match, *headers, *body; /* of one that fails: message and hint */
    ticker_status failure;
    ticker_error_kind error_kind;
    size_t size, cut;
    int status;
} answer;

typedef struct asked {
    char *method, *url, *headers; /* headers as "name: value\n" */
    char *body;
    size_t size;
} asked;

struct fake_http {
    pthread_mutex_t lock;
    answer answers[ANSWERS_MAX];
    size_t answer_count;
    asked requests[ANSWERS_MAX];
    size_t request_count;
    ti_http_request last;
    int64_t now, slept, delay;
};

static char *copy_bytes(const void *data, size_t size)
{
    char *copy = malloc(size + 1);

    ck_assert_ptr_nonnull(copy);
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    return copy;
}

static char *copy_text(const char *text)
{
    return copy_bytes(text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

fake_http *fake_http_new(void)
{
    fake_http *fake = calloc(1, sizeof(*fake));

    ck_assert_ptr_nonnull(fake);
    ck_assert_int_eq(pthread_mutex_init(&fake->lock, NULL), 0);
    fake->now = BEGIN;
    return fake;
}

void fake_http_free(fake_http *fake)
{
    for (size_t i = 0; i < fake->answer_count; i++) {
        free(fake->answers[i].match);
        free(fake->answers[i].headers);
        free(fake->answers[i].body);
    }
    for (size_t i = 0; i < fake->request_count; i++) {
        free(fake->requests[i].method);
        free(fake->requests[i].url);
        free(fake->requests[i].headers);
        free(fake->requests[i].body);
    }
    ck_assert_int_eq(pthread_mutex_destroy(&fake->lock), 0);
    free(fake);
}

static int64_t tell(void *payload)
{
    fake_http *fake = payload;
    int64_t now;

    ck_assert_int_eq(pthread_mutex_lock(&fake->lock), 0);
    now = fake->now;
    ck_assert_int_eq(pthread_mutex_unlock(&fake->lock), 0);
    return now;
}

/* --- What is answered ----------------------------------------------------------------------------------------------------------- */

static void add_answer(fake_http *fake, const answer *given, const char *match, const char *headers, const void *body)
{
    answer *mine;

    ck_assert_int_eq(pthread_mutex_lock(&fake->lock), 0);
    ck_assert_uint_lt(fake->answer_count, ANSWERS_MAX);
    mine = &fake->answers[fake->answer_count++];
    *mine = *given;
    mine->match = match != NULL ? copy_text(match) : NULL;
    mine->headers = copy_text(headers);
    mine->body = copy_bytes(body, given->size);
    ck_assert_int_eq(pthread_mutex_unlock(&fake->lock), 0);
}

void fake_http_answer_bytes(fake_http *fake, int status, const char *headers, const void *body, size_t size)
{
    add_answer(fake, &(answer){.status = status, .size = size}, NULL, headers, body);
}

void fake_http_answer(fake_http *fake, int status, const char *headers, const char *body)
{
    fake_http_answer_bytes(fake, status, headers, body, body != NULL ? strlen(body) : 0);
}

void fake_http_answer_for(fake_http *fake, const char *match, int status, const char *headers, const char *body)
{
    add_answer(fake, &(answer){.status = status, .size = body != NULL ? strlen(body) : 0}, match, headers, body);
}

void fake_http_break(fake_http *fake)
{
    add_answer(fake, &(answer){.kind = BROKEN}, NULL, NULL, NULL);
}

void fake_http_refuse(fake_http *fake)
{
    add_answer(fake, &(answer){.kind = REFUSED}, NULL, NULL, NULL);
}

void fake_http_time_out(fake_http *fake)
{
    add_answer(fake, &(answer){.kind = SILENT}, NULL, NULL, NULL);
}

void fake_http_fail(fake_http *fake, ticker_status status, ticker_error_kind kind, const char *message,
                    const char *hint)
{
    add_answer(fake, &(answer){.kind = FAILED, .failure = status, .error_kind = kind, .size = strlen(hint)}, NULL,
               message, hint);
}

void fake_http_cut(fake_http *fake, const char *headers, const void *body, size_t size, size_t bytes)
{
    ck_assert_uint_le(bytes, size);
    add_answer(fake, &(answer){.kind = CUT, .status = 200, .size = size, .cut = bytes}, NULL, headers, body);
}

/* --- One exchange --------------------------------------------------------------------------------------------------------------- */

static void note_body(asked *mine, const ti_http_body *body, ticker_status *status, ticker_error *error)
{
    ti_buffer bytes;
    char piece[700]; /* odd on purpose */
    size_t got;

    bytes_init(&bytes);
    if (body->read == NULL && body->size > 0)
        add_bytes(&bytes, body->data, (size_t)body->size);
    while (body->read != NULL) {
        got = 0;
        *status = body->read(body->self, piece, sizeof(piece), &got, error);
        if (*status != TICKER_OK)
            break;
        ck_assert_uint_gt(got, 0);
        ck_assert_uint_le(got, sizeof(piece));
        add_bytes(&bytes, piece, got);
    }
    *status = *status == TICKER_DONE ? TICKER_OK : *status;
    if (*status == TICKER_OK && body->size >= 0)
        ck_assert_uint_eq(bytes.size, (size_t)body->size);
    mine->body = copy_bytes(bytes.data, bytes.size);
    mine->size = bytes.size;
    ti_buffer_free(&bytes);
}

static bool plain(ti_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < 0x20)
            return false;
    return true;
}

static void note_headers(asked *mine, const ti_http_request *request)
{
    ti_buffer lines;

    bytes_init(&lines);
    for (size_t i = 0; i < request->header_count; i++) {
        ti_slice name = request->headers[i].name, value = request->headers[i].value;

        ck_assert_uint_gt(name.size, 0);
        /* No assertion for each byte: Check writes a word into a file for every one. */
        ck_assert(plain(name) && plain(value));
        add(&lines, "%.*s: %.*s\n", (int)name.size, name.data, (int)value.size, value.data);
    }
    mine->headers = copy_bytes(lines.data, lines.size);
    ti_buffer_free(&lines);
}

/* The next answer that is for this request. */
static answer *take_answer(fake_http *fake, const ti_http_request *request)
{
    char line[16384];
    int length = snprintf(line, sizeof(line), "%s %s", request->method, request->url);

    ck_assert(length > 0 && (size_t)length < sizeof(line));
    for (size_t i = 0; i < fake->answer_count; i++) {
        answer *mine = &fake->answers[i];

        if (!mine->used && (mine->match == NULL || strstr(line, mine->match) != NULL)) {
            mine->used = true;
            return mine;
        }
    }
    ck_abort_msg("no answer is left for %s", line);
    return NULL;
}

static void give_head(fake_http *fake, const answer *mine, ti_http_response *response)
{
    char line[64];
    const char *at = mine->headers;

    ck_assert_int_gt(snprintf(line, sizeof(line), "HTTP/1.1 %d Made Up\r\n", mine->status), 0);
    ck_assert(ti_http_response_line(response, ti_slice_of(line)));
    while (*at != '\0') {
        size_t size = strcspn(at, "\n");

        ck_assert(ti_http_response_line(response, (ti_slice){at, size}));
        at += size + (at[size] != '\0');
    }
    response->answered = tell(fake);
}

/* The first `size` bytes, in pieces. */
static ticker_status give_body(const answer *mine, size_t size, const ti_http_request *request,
                               ti_http_response *response, ticker_error *error)
{
    bool sink = request->sink.write != NULL && mine->status >= 200 && mine->status < 300;
    size_t at = 0, piece = size / 3 + 1;
    ticker_status status = TICKER_OK;

    while (status == TICKER_OK && at < size) {
        piece = piece < size - at ? piece : size - at;
        if (sink)
            status = request->sink.write(request->sink.self, mine->body + at, piece, error);
        else if (response->body.size + piece > request->max_body)
            status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the made-up answer is too long");
        else
            add_bytes(&response->body, mine->body + at, piece);
        at += piece;
        response->received = (int64_t)at;
    }
    return status;
}

static ticker_status give(fake_http *fake, const answer *mine, const ti_http_request *request,
                          ti_http_response *response, ticker_error *error)
{
    ticker_status status;

    response->unsent = mine->kind == REFUSED;
    response->timed_out = mine->kind == SILENT;
    fake_http_advance(fake, mine->kind == SILENT ? request->timeout : fake->delay);
    if (mine->kind == FAILED) {
        (void)ti_fail(error, mine->failure, mine->error_kind, "%s", mine->headers);
        if (mine->size > 0)
            ti_error_hint(error, "%s", mine->body);
        return mine->failure;
    }
    if (mine->kind == BROKEN || mine->kind == REFUSED || mine->kind == SILENT)
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "the made-up connection broke");
    give_head(fake, mine, response);
    if (strcmp(request->method, "HEAD") == 0)
        return TICKER_OK;
    status = give_body(mine, mine->kind == CUT ? mine->cut : mine->size, request, response, error);
    if (status == TICKER_OK && mine->kind == CUT)
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "the made-up answer was cut off");
    return status;
}

static ticker_status perform(void *payload, const ti_http_request *request, ti_http_response *response,
                             ticker_error *error)
{
    fake_http *fake = payload;
    asked mine = {.method = copy_text(request->method), .url = copy_text(request->url)};
    ticker_status status = TICKER_OK;
    answer *answered;

    ck_assert_ptr_nonnull(strstr(request->url, "://"));
    ck_assert_ptr_null(strpbrk(request->url, " \r\n\t#"));
    ck_assert_int_gt(request->connect_timeout, 0);
    ck_assert_int_gt(request->timeout, 0);
    ti_http_response_clear(response);
    note_headers(&mine, request);
    note_body(&mine, &request->body, &status, error);
    ck_assert_int_eq(pthread_mutex_lock(&fake->lock), 0);
    ck_assert_uint_lt(fake->request_count, ANSWERS_MAX);
    fake->requests[fake->request_count++] = mine;
    fake->last = *request;
    response->started = fake->now;
    answered = status == TICKER_OK ? take_answer(fake, request) : NULL;
    ck_assert_int_eq(pthread_mutex_unlock(&fake->lock), 0);
    return answered != NULL ? give(fake, answered, request, response, error) : status;
}

static void close_nothing(void *payload)
{
    (void)payload;
}

ti_http fake_http_seam(fake_http *fake)
{
    return (ti_http){perform, close_nothing, fake};
}

/* --- The clock ------------------------------------------------------------------------------------------------------------------ */

static void nap(void *payload, int64_t milliseconds)
{
    fake_http *fake = payload;

    ck_assert_int_ge(milliseconds, 0);
    fake_http_advance(fake, milliseconds);
    ck_assert_int_eq(pthread_mutex_lock(&fake->lock), 0);
    fake->slept += milliseconds;
    ck_assert_int_eq(pthread_mutex_unlock(&fake->lock), 0);
}

ti_clock fake_http_clock(fake_http *fake)
{
    return (ti_clock){tell, tell, nap, fake};
}

int64_t fake_http_slept(const fake_http *fake)
{
    return fake->slept;
}

void fake_http_advance(fake_http *fake, int64_t milliseconds)
{
    ck_assert_int_eq(pthread_mutex_lock(&fake->lock), 0);
    fake->now += milliseconds;
    ck_assert_int_eq(pthread_mutex_unlock(&fake->lock), 0);
}

void fake_http_delay(fake_http *fake, int64_t milliseconds)
{
    fake->delay = milliseconds;
}

/* --- What was asked ------------------------------------------------------------------------------------------------------------- */

size_t fake_http_count(const fake_http *fake)
{
    return fake->request_count;
}

const ti_http_request *fake_http_last(const fake_http *fake)
{
    ck_assert_uint_gt(fake->request_count, 0);
    return &fake->last;
}

static const asked *request_at(const fake_http *fake, size_t index)
{
    ck_assert_uint_lt(index, fake->request_count);
    return &fake->requests[index];
}

const char *fake_http_method(const fake_http *fake, size_t index)
{
    return request_at(fake, index)->method;
}

const char *fake_http_url(const fake_http *fake, size_t index)
{
    return request_at(fake, index)->url;
}

const char *fake_http_body(const fake_http *fake, size_t index, size_t *size)
{
    if (size != NULL)
        *size = request_at(fake, index)->size;
    return request_at(fake, index)->body;
}

const char *fake_http_header(const fake_http *fake, size_t index, const char *name)
{
    static char values[8][4096];
    static unsigned next;
    const char *at = request_at(fake, index)->headers;
    size_t size = strlen(name);

    while (*at != '\0') {
        size_t line = strcspn(at, "\n");

        if (line > size + 1 && strncasecmp(at, name, size) == 0 && at[size] == ':') {
            char *value = values[next++ % COUNT(values)];

            ck_assert_uint_lt(line - size, sizeof(values[0]));
            memcpy(value, at + size + 2, line - size - 2);
            value[line - size - 2] = '\0';
            return value;
        }
        at += line + (at[line] != '\0');
    }
    return NULL;
}
