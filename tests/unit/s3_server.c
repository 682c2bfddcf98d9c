#include "s3_server.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "s3_keeper.h"

static void lock(s3_server *server)
{
    ck_assert_int_eq(pthread_mutex_lock(&server->lock), 0);
}

static void unlock(s3_server *server)
{
    ck_assert_int_eq(pthread_mutex_unlock(&server->lock), 0);
}

/* --- Faults --------------------------------------------------------------------------------------------------------------------- */

static s3_plan *planned(s3_server *server, const s3_asked *asked)
{
    for (size_t i = 0; i < server->fault_count; i++) {
        s3_plan *mine = &server->faults[i];

        if (mine->count == 0 || strstr(asked->line, mine->match) == NULL)
            continue;
        if (mine->skip > 0) {
            mine->skip--;
            continue;
        }
        mine->count--;
        return mine;
    }
    return NULL;
}

static s3_plan choose(s3_server *server, const s3_asked *asked)
{
    static const s3_plan any[] = {{.fault = S3_ANSWER, .status = 500, .code = "InternalError"},
                                  {.fault = S3_ANSWER, .status = 503, .code = "SlowDown"},
                                  {.fault = S3_UNHEARD},
                                  {.fault = S3_UNSAID},
                                  {.fault = S3_CUT}};
    const s3_plan *mine = planned(server, asked);

    if (mine != NULL)
        return *mine;
    if (server->percent > 0 && next_random(&server->seed) % 100 < server->percent)
        return any[next_random(&server->seed) % COUNT(any)];
    return (s3_plan){.fault = S3_RIGHT};
}

static void change(s3_server *server, const s3_asked *asked, s3_fault fault)
{
    s3_stored *object = s3_keeper_find(server, asked->key);

    if (object == NULL)
        return;
    if (fault == S3_DELETED)
        s3_keeper_drop(object);
    else if (object->size > 0)
        object->data[0]++, object->etag[0] = object->etag[0] == 'a' ? 'b' : 'a';
}

static ticker_status broken(ticker_error *error)
{
    return ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "the made-up connection broke");
}

static ticker_status send(const s3_asked *asked, const s3_answer *answer, s3_fault fault, ti_http_response *response,
                          ticker_error *error)
{
    const ti_http_sink *sink = &asked->request->sink;
    size_t size = strcmp(asked->request->method, "HEAD") != 0 ? answer->body.size : 0, at = 0, piece;
    ticker_status status = TICKER_OK;
    char line[64];

    if (fault == S3_UNSAID)
        return broken(error);
    (void)snprintf(line, sizeof(line), "HTTP/1.1 %d Made Up", answer->status);
    ck_assert(ti_http_response_line(response, ti_slice_of(line)));
    for (const char *from = answer->headers; *from != '\0'; from += strcspn(from, "\n") + 1)
        ck_assert(ti_http_response_line(response, (ti_slice){from, strcspn(from, "\n")}));
    if (fault == S3_SPOILED && size > 0)
        answer->body.data[size / 2] ^= 1;
    size = fault == S3_CUT ? size / 2 : size;
    while (at < size && status == TICKER_OK) {
        piece = size - at < 65536 ? size - at : 65536;
        if (asked->request->stop != NULL && atomic_load(asked->request->stop))
            return ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "the request was stopped");
        if (sink->write != NULL && answer->status < 300)
            status = sink->write(sink->self, answer->body.data + at, piece, error);
        else
            add_bytes(&response->body, answer->body.data + at, piece);
        at += piece;
        response->received = (int64_t)at;
    }
    return status == TICKER_OK && fault == S3_CUT ? broken(error) : status;
}

static void note(s3_server *server, const s3_asked *asked)
{
    ti_buffer headers;

    ck_assert_uint_lt(server->line_count, LINES_MAX);
    bytes_init(&headers);
    for (size_t i = 0; i < asked->request->header_count; i++)
        add(&headers, "%.*s: %.*s\n", (int)asked->request->headers[i].name.size, asked->request->headers[i].name.data,
            (int)asked->request->headers[i].value.size, asked->request->headers[i].value.data);
    server->headers[server->line_count] = ti_slice_copy((ti_slice){headers.data, headers.size});
    server->lines[server->line_count++] = strdup(asked->line);
    ti_buffer_free(&headers);
}

static _Thread_local bool within;

bool s3_server_within(void)
{
    return within;
}

/* A body that is not in memory, put there; to be freed. What it fails with is as if the connection had broken. */
static ticker_status read_body(s3_asked *asked, char **read, ticker_error *error)
{
    const ti_http_body *body = &asked->request->body;
    ticker_status status = TICKER_OK;
    size_t at = 0, got;

    if (body->read == NULL)
        return TICKER_OK;
    *read = malloc(asked->size + 1);
    ck_assert_ptr_nonnull(*read);
    while (status == TICKER_OK && at < asked->size) {
        got = 0;
        status = body->read(body->self, *read + at, asked->size - at < 65536 ? asked->size - at : 65536, &got, error);
        at += got;
    }
    asked->body = *read;
    return status;
}

static ticker_status serve(void *self, const ti_http_request *request, ti_http_response *response, ticker_error *error)
{
    s3_server *server = self;
    struct timespec nap = {0};
    ticker_status status;
    s3_answer answer = {0};
    char *read = NULL;
    s3_asked asked;
    s3_plan plan;

    ti_http_response_clear(response);
    s3_keeper_take_apart(&asked, request);
    status = read_body(&asked, &read, error);
    if (status != TICKER_OK) {
        free(read);
        return status;
    }
    bytes_init(&answer.body);
    lock(server);
    note(server, &asked);
    server->now++;
    server->most = server->now > server->most ? server->now : server->most;
    plan = choose(server, &asked);
    if (plan.fault == S3_REPLACED || plan.fault == S3_DELETED)
        change(server, &asked, plan.fault);
    if (plan.fault == S3_ANSWER || plan.fault == S3_INSIDE)
        s3_keeper_refuse(&answer, plan.fault == S3_INSIDE ? 200 : plan.status, plan.code);
    else if (plan.fault != S3_UNHEARD && plan.fault != S3_UNSENT)
        s3_keeper_serve(server, &asked, &answer);
    nap.tv_nsec = (long)server->slow * 1000000;
    unlock(server);
    if (nap.tv_nsec > 0)
        (void)nanosleep(&nap, NULL);
    response->unsent = plan.fault == S3_UNSENT;
    status = plan.fault == S3_UNHEARD || plan.fault == S3_UNSENT ? broken(error)
                                                                 : send(&asked, &answer, plan.fault, response, error);
    lock(server);
    server->now--;
    unlock(server);
    ti_buffer_free(&answer.body);
    free(read);
    return status;
}

static ticker_status perform(void *self, const ti_http_request *request, ti_http_response *response,
                             ticker_error *error)
{
    ticker_status status;

    within = true;
    status = serve(self, request, response, error);
    within = false;
    return status;
}

/* --- For the tests -------------------------------------------------------------------------------------------------------------- */

s3_server *s3_server_new(void)
{
    s3_server *server = calloc(1, sizeof(*server));

    ck_assert_ptr_nonnull(server);
    ck_assert_int_eq(pthread_mutex_init(&server->lock, NULL), 0);
    server->fake = fake_http_new();
    return server;
}

void s3_server_free(s3_server *server)
{
    for (size_t i = 0; i < OBJECTS_MAX; i++)
        s3_keeper_drop(&server->objects[i]);
    for (size_t i = 0; i < UPLOADS_MAX; i++)
        s3_keeper_end(&server->uploads[i]);
    for (size_t i = 0; i < server->line_count; i++) {
        free(server->lines[i]);
        free(server->headers[i]);
    }
    fake_http_free(server->fake);
    ck_assert_int_eq(pthread_mutex_destroy(&server->lock), 0);
    free(server);
}

/* The clock is the server's too. */
static int64_t tell(void *self)
{
    const s3_server *server = self;
    ti_clock clock = fake_http_clock(server->fake);
    int64_t now;

    within = true;
    now = clock.now(clock.self);
    within = false;
    return now;
}

static void nap(void *self, int64_t milliseconds)
{
    const s3_server *server = self;
    ti_clock clock = fake_http_clock(server->fake);

    within = true;
    clock.sleep(clock.self, milliseconds);
    within = false;
}

static const char *no_environment(void *payload, const char *name)
{
    (void)payload;
    (void)name;
    return NULL;
}

static uint64_t no_jitter(void *payload)
{
    (void)payload;
    return 1;
}

static void close_nothing(void *self)
{
    (void)self;
}

static void set_option(ticker_options *options, const char *setting)
{
    char name[64];
    const char *equals = strchr(setting, '=');

    ck_assert(equals != NULL && equals - setting < (ptrdiff_t)sizeof(name));
    (void)snprintf(name, sizeof(name), "%.*s", (int)(equals - setting), setting);
    ck_assert_int_eq(ticker_options_set(options, name, equals + 1, NULL), TICKER_OK);
}

ticker_aws *s3_server_client(s3_server *server, const ticker_aws_events *events, ...)
{
    ti_aws_setup setup = {.http = {perform, close_nothing, server},
                          .clock = {tell, tell, nap, server},
                          .environment = no_environment,
                          .random = no_jitter,
                          .events = events};
    ticker_options *options = ticker_options_new();
    ticker_aws *aws = NULL;
    ticker_error error;
    va_list settings;

    ck_assert_ptr_nonnull(options);
    ti_error_init(&error);
    set_option(options, "aws-access-key-id=AKIDEXAMPLE");
    set_option(options, "aws-secret-access-key=secret");
    set_option(options, "aws-region=us-east-1");
    set_option(options, "aws-endpoint-url-s3=http://127.0.0.1:9");
    set_option(options, "s3-part-size=5MiB");
    va_start(settings, events);
    for (const char *one; (one = va_arg(settings, const char *)) != NULL;)
        set_option(options, one);
    va_end(settings);
    setup.options = options;
    ck_assert_msg(ti_aws_new(&setup, &aws, &error) == TICKER_OK, "%s", error.message);
    ticker_options_free(options);
    return aws;
}

void s3_server_fault(s3_server *server, const char *match, s3_fault kind, int status, const char *code, int skip,
                     int count)
{
    s3_plan *mine = &server->faults[server->fault_count++];

    ck_assert_uint_le(server->fault_count, FAULTS_MAX);
    *mine = (s3_plan){.fault = kind, .status = status, .skip = skip, .count = count};
    (void)snprintf(mine->match, sizeof(mine->match), "%s", match);
    (void)snprintf(mine->code, sizeof(mine->code), "%s", code != NULL ? code : "");
}

void s3_server_chance(s3_server *server, unsigned percent, uint64_t seed)
{
    server->percent = percent;
    server->seed = seed;
}

void s3_server_store(s3_server *server, const char *key, const void *data, size_t size, const char *etag,
                     const char *headers)
{
    s3_stored *object = s3_keeper_make(server, key);

    s3_keeper_keep(object, key, data, size, etag);
    object->headers = headers != NULL ? strdup(headers) : NULL;
}

const char *s3_server_object(s3_server *server, const char *key, size_t *size)
{
    const s3_stored *object = s3_keeper_find(server, key);

    *size = object != NULL ? object->size : 0;
    return object != NULL ? object->data : NULL;
}

const char *s3_server_etag(s3_server *server, const char *key)
{
    const s3_stored *object = s3_keeper_find(server, key);

    return object != NULL ? object->etag : NULL;
}

size_t s3_server_uploads(const s3_server *server)
{
    size_t count = 0;

    for (size_t i = 0; i < UPLOADS_MAX; i++)
        count += server->uploads[i].key != NULL;
    return count;
}

const char *s3_server_begin(s3_server *server, const char *key, int64_t age)
{
    return s3_keeper_begin(server, key, age)->id;
}

size_t s3_server_count(s3_server *server, const char *match)
{
    size_t count = 0;

    for (size_t i = 0; i < server->line_count; i++)
        count += strstr(server->lines[i], match) != NULL;
    return count;
}

unsigned s3_server_most(const s3_server *server)
{
    return server->most;
}

const char *s3_server_header(s3_server *server, const char *match, const char *name)
{
    static char value[4096];
    size_t size = strlen(name);

    value[0] = '\0';
    for (size_t i = server->line_count; i-- > 0;) {
        if (strstr(server->lines[i], match) == NULL)
            continue;
        for (const char *at = server->headers[i]; *at != '\0'; at += strcspn(at, "\n") + 1)
            if (strncasecmp(at, name, size) == 0 && at[size] == ':')
                (void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + size + 2, "\n"), at + size + 2);
        break;
    }
    return value;
}

void s3_server_without_ranges(s3_server *server)
{
    server->no_ranges = true;
}

void s3_server_without_preconditions(s3_server *server)
{
    server->no_preconditions = true;
}

void s3_server_slow(s3_server *server, unsigned milliseconds)
{
    lock(server);
    server->slow = milliseconds;
    unlock(server);
}
