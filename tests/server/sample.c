#include "sample.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

#define BYTES_MAX ((int64_t)1 << 33)
#define WHOLE_MAX ((int64_t)1 << 23)
#define TEXT_MAX 4096
#define PIECE_MAX 100000

struct server {
    atomic_uint_fast64_t begun, ended, whole, broken, cancelled, long_ones, wrong;
    pthread_mutex_t lock;
    char *pattern; /* WHOLE_MAX bytes of it; made when it is needed */
};

/* What an exchange allocates: one text, and its headers' values. */
typedef struct notes {
    char text[TEXT_MAX];
    char values[8][128];
    size_t used;
} notes;

/* --- exchange.h ----------------------------------------------------------------------------------------------------------------- */

const char *exchange_header_of(const exchange *x, const char *name)
{
    for (size_t i = 0; i < x->header_count; i++)
        if (strcmp(x->headers[i].name, name) == 0)
            return x->headers[i].value;
    return NULL;
}

bool exchange_set(exchange *x, const char *name, const char *value)
{
    notes *own = (notes *)x->memory;

    if (x->answer_count == EXCHANGE_ANSWER_HEADERS_MAX || own->used == sizeof(own->values) / sizeof(own->values[0]))
        return false;
    (void)snprintf(own->values[own->used], sizeof(own->values[0]), "%s", value);
    x->answer[x->answer_count++] = (exchange_header){name, own->values[own->used++]};
    return true;
}

void exchange_answer(exchange *x, int status, const char *type, const void *body, size_t size, void (*release)(void *),
                     void *owner)
{
    x->status = status;
    if (type != NULL)
        (void)exchange_set(x, "Content-Type", type);
    x->body = body;
    x->body_size = size;
    x->release = release;
    x->owner = owner;
}

const char *exchange_reason(int status)
{
    static const struct {
        int status;
        const char *words;
    } table[] = {{200, "OK"},
                 {201, "Created"},
                 {204, "No Content"},
                 {304, "Not Modified"},
                 {400, "Bad Request"},
                 {404, "Not Found"},
                 {408, "Request Timeout"},
                 {411, "Length Required"},
                 {413, "Content Too Large"},
                 {422, "Unprocessable Content"},
                 {431, "Request Header Fields Too Large"},
                 {501, "Not Implemented"},
                 {503, "Service Unavailable"}};

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].status == status)
            return table[i].words;
    return "Something";
}

/* --- Answers -------------------------------------------------------------------------------------------------------------------- */

static int64_t asked(const exchange *x, const char *name, int64_t otherwise)
{
    const char *at = strstr(x->query, name);
    char digits[24];
    size_t size;
    int64_t value;

    if (at == NULL || at[strlen(name)] != '=')
        return otherwise;
    at += strlen(name) + 1;
    size = strcspn(at, "&");
    if (size >= sizeof(digits))
        return otherwise;
    memcpy(digits, at, size);
    digits[size] = '\0';
    return front_parse_number(digits, 0, BYTES_MAX, &value) ? value : otherwise;
}

static void answer_text(exchange *x, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void answer_text(exchange *x, int status, const char *format, ...)
{
    notes *own = (notes *)x->memory;
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(own->text, sizeof(own->text), format, arguments);
    va_end(arguments);
    exchange_answer(x, status, "text/plain; charset=utf-8", own->text,
                    size < 0                           ? 0
                    : (size_t)size < sizeof(own->text) ? (size_t)size
                                                       : sizeof(own->text) - 1,
                    NULL, NULL);
}

static void echo(exchange *x)
{
    static const char *const names[] = {"accept", "content-type", "x-one", "x-two", "authorization", "if-none-match"};
    char shown[TEXT_MAX / 2] = "";
    size_t used = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = exchange_header_of(x, names[i]);
        int size = value != NULL ? snprintf(shown + used, sizeof(shown) - used, "%s=%s\n", names[i], value) : 0;

        used += size > 0 && (size_t)size < sizeof(shown) - used ? (size_t)size : 0;
        shown[used] = '\0';
    }
    answer_text(x, 200, "%s\n%.800s\n%.800s\n%s\n%lld\n%s", x->method, x->path, x->query, x->scheme,
                (long long)x->content_length, shown);
}

static void stats(server *self, exchange *x)
{
    answer_text(x, 200,
                "{\"begun\":%llu,\"ended\":%llu,\"whole\":%llu,\"broken\":%llu,\"cancelled\":%llu,\"long\":%llu,"
                "\"wrong\":%llu}\n",
                (unsigned long long)atomic_load(&self->begun), (unsigned long long)atomic_load(&self->ended),
                (unsigned long long)atomic_load(&self->whole), (unsigned long long)atomic_load(&self->broken),
                (unsigned long long)atomic_load(&self->cancelled), (unsigned long long)atomic_load(&self->long_ones),
                (unsigned long long)atomic_load(&self->wrong));
}

static const char *pattern_of(server *self)
{
    (void)pthread_mutex_lock(&self->lock);
    if (self->pattern == NULL) {
        self->pattern = (char *)malloc((size_t)WHOLE_MAX);
        if (self->pattern == NULL)
            abort();
        for (int64_t i = 0; i < WHOLE_MAX; i++)
            self->pattern[i] = (char)(i % 64 == 63 ? '\n' : '!' + i % 89);
    }
    (void)pthread_mutex_unlock(&self->lock);
    return self->pattern;
}

static void answer_bytes(server *self, exchange *x)
{
    int64_t size = asked(x, "n", 1000);

    (void)exchange_set(x, "ETag", "\"abc\"");
    exchange_answer(x, 200, "application/octet-stream", pattern_of(self), (size_t)(size < WHOLE_MAX ? size : WHOLE_MAX),
                    NULL, NULL);
}

static void stream(server *self, exchange *x)
{
    int64_t size = asked(x, "n", 1000), at = 0, piece = asked(x, "piece", 7777);
    const char *pattern = pattern_of(self);

    x->status = 200;
    (void)exchange_set(x, "Content-Type", "text/csv");
    if (!x->ops->start(x, asked(x, "length", 0) != 0 ? size : -1))
        x->failed = true;
    while (at < size && !x->failed) {
        int64_t from = at % (WHOLE_MAX / 2), part = size - at < piece ? size - at : piece;

        if (x->ops->write(x, pattern + from, (size_t)part))
            at += part;
        else
            x->failed = true;
    }
    if (asked(x, "fail", 0) != 0)
        x->failed = true;
}

/* "/api/quotes/upload/X" is "/X": the path that nginx lets uploads through at. */
static const char *path_of(const exchange *x)
{
    static const char prefix[] = "/api/quotes/upload/";

    return strncmp(x->path, prefix, sizeof(prefix) - 1) == 0 ? x->path + sizeof(prefix) - 2 : x->path;
}

static void upload(server *self, exchange *x)
{
    char *piece = (char *)malloc(PIECE_MAX);
    ticker_error *error = ticker_error_new();
    ticker_status status = piece != NULL && error != NULL ? TICKER_OK : TICKER_FATAL;
    uint64_t hash = UINT64_C(14695981039346656037), bytes = 0;
    size_t got = 0;

    while (status == TICKER_OK) {
        status = x->ops->read(x, piece, PIECE_MAX, &got, error);
        for (size_t i = 0; i < got; i += 64) /* some of them */
            hash = (hash ^ (uint8_t)piece[i]) * UINT64_C(1099511628211);
        bytes += got;
        if (strcmp(path_of(x), "/sniff") == 0 && got > 0)
            break;
    }
    if (status == TICKER_DONE) {
        (void)atomic_fetch_add(&self->whole, 1);
        answer_text(x, 201, "%llu\n", (unsigned long long)bytes);
    } else if (status == TICKER_FAILED && ticker_error_get_kind(error) == TICKER_ERROR_LIMIT) {
        (void)atomic_fetch_add(&self->long_ones, 1);
        answer_text(x, 413, "too long\n");
    } else if (status == TICKER_RETRY) {
        (void)atomic_fetch_add(
            ticker_error_get_kind(error) == TICKER_ERROR_CANCELLED ? &self->cancelled : &self->broken, 1);
        answer_text(x, 400, "%s\n", ticker_error_message(error));
    } else {
        answer_text(x, 422, "not a file of quotes\n");
    }
    ticker_error_free(error);
    free(piece);
}

static void wait_a_while(const exchange *x)
{
    int64_t left = asked(x, "ms", 0);
    struct timespec time = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};

    if (left > 0)
        (void)nanosleep(&time, NULL);
}

/* --- The server ----------------------------------------------------------------------------------------------------------------- */

static bool prepare(server *self, exchange *x)
{
    (void)atomic_fetch_add(&self->begun, 1);
    x->memory = calloc(1, sizeof(notes));
    if (x->memory == NULL)
        abort();
    x->head = strcmp(x->method, "HEAD") == 0;
    if (x->method == NULL || x->path == NULL || x->query == NULL || x->remote == NULL || x->scheme == NULL)
        (void)atomic_fetch_add(&self->wrong, 1);
    for (size_t i = 0; i < x->header_count; i++)
        if (x->headers[i].name == NULL || x->headers[i].value == NULL)
            (void)atomic_fetch_add(&self->wrong, 1);
    return exchange_set(x, "X-Request-Id", "1");
}

server_step server_begin(server *self, exchange *x)
{
    const char *path = path_of(x);

    if (!prepare(self, x) || x->path[0] != '/')
        (void)atomic_fetch_add(&self->wrong, 1);
    x->body_max = asked(x, "max", BYTES_MAX);
    if (strcmp(path, "/hello") == 0)
        exchange_answer(x, 200, "text/plain", "hello\n", 6, NULL, NULL);
    else if (strcmp(path, "/bytes") == 0)
        answer_bytes(self, x);
    else if (strncmp(path, "/echo", 5) == 0)
        echo(x);
    else if (strcmp(path, "/stats") == 0)
        stats(self, x);
    else if (strcmp(path, "/304") == 0)
        (void)exchange_set(x, "ETag", "\"abc\""), exchange_answer(x, 304, NULL, NULL, 0, NULL, NULL);
    else if (strcmp(path, "/204") == 0)
        exchange_answer(x, 204, NULL, NULL, 0, NULL, NULL);
    else if (strcmp(path, "/early") == 0)
        answer_text(x, 413, "too large\n");
    else if (strncmp(path, "/work", 5) == 0 || strncmp(path, "/stream", 7) == 0 || strncmp(path, "/upload", 7) == 0 ||
             strcmp(path, "/sniff") == 0 || strcmp(path, "/ignore") == 0)
        return SERVER_WORK;
    else
        answer_text(x, 404, "nothing here\n");
    return SERVER_ANSWERED;
}

void server_work(server *self, exchange *x)
{
    const char *path = path_of(x);

    wait_a_while(x);
    if (strncmp(path, "/stream", 7) == 0)
        stream(self, x);
    else if (strncmp(path, "/work", 5) == 0)
        answer_bytes(self, x);
    else if (strcmp(path, "/ignore") == 0)
        answer_text(x, 422, "not looked at\n");
    else
        upload(self, x);
}

void server_refuse(server *self, exchange *x, int status)
{
    if (x->memory == NULL && !prepare(self, x))
        (void)atomic_fetch_add(&self->wrong, 1);
    if (status == 503)
        (void)exchange_set(x, "Retry-After", "1");
    answer_text(x, status, "refused\n");
}

void server_end(server *self, exchange *x)
{
    if (x->release != NULL)
        x->release(x->owner);
    free(x->memory);
    x->memory = NULL;
    (void)atomic_fetch_add(&self->ended, 1);
}

server *sample_new(void)
{
    server *self = (server *)calloc(1, sizeof(*self));

    if (self != NULL)
        (void)pthread_mutex_init(&self->lock, NULL);
    return self;
}

void sample_free(server *self)
{
    if (self == NULL)
        return;
    (void)pthread_mutex_destroy(&self->lock);
    free(self->pattern);
    free(self);
}
