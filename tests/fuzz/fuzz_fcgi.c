/* What a web server may send to FastCGI: records, and the variables in them. What is read must not depend on the pieces in which the bytes
 * come, and a request that is not refused has all its texts. */
#include "fuzz.h"

#include <string.h>

#include "fcgi.h"
#include "gateway.h"

#define PARAMS_MAX 32768

typedef struct outcome {
    uint64_t sum;
    size_t events;
    char params[PARAMS_MAX + 1];
    size_t params_size;
} outcome;

static void add(outcome *to, unsigned value)
{
    for (int shift = 0; shift < 32; shift += 8)
        to->sum = (to->sum ^ (value >> shift & 0xff)) * UINT64_C(1099511628211);
}

static void check_values(const fcgi_event *event)
{
    uint8_t record[FCGI_VALUES_MAX];
    size_t size = fcgi_values(record, event->data, event->size, UINT32_MAX);
    fcgi_reader reader = {.broken = false};
    fcgi_event back;

    CHECK(size >= FCGI_HEAD_SIZE && size <= sizeof(record));
    CHECK(record[0] == 1 && record[1] == FCGI_GET_VALUES_RESULT);
    CHECK(((size_t)record[4] << 8 | record[5]) == size - FCGI_HEAD_SIZE);
    CHECK(fcgi_next(&reader, record, size, &back) == size && back.kind == FCGI_EVENT_UNKNOWN);
}

static void take(outcome *to, const fcgi_event *event)
{
    bool stream = event->kind == FCGI_EVENT_PARAMS || event->kind == FCGI_EVENT_STDIN;

    to->events++;
    if (!stream || event->size == 0) {
        add(to, (unsigned)event->kind);
        add(to, event->id);
        add(to, event->kind == FCGI_EVENT_BEGIN ? event->role * 2 + event->keep : event->type);
    }
    for (size_t i = 0; i < event->size; i++) {
        add(to, (unsigned)event->kind << 24 | event->id << 8 | event->data[i]);
        if (event->kind == FCGI_EVENT_PARAMS && to->params_size < PARAMS_MAX)
            to->params[to->params_size++] = (char)event->data[i];
    }
    if (event->kind == FCGI_EVENT_VALUES)
        check_values(event);
    CHECK(event->kind != FCGI_EVENT_BEGIN || event->id != 0);
    CHECK(!stream || event->id != 0);
}

/* Every piece in memory of its own, so that a checker sees a byte read behind it. */
static void read_pieces(outcome *to, const uint8_t *data, size_t size, size_t piece)
{
    fcgi_reader reader = {.broken = false};
    bool broken = false;

    memset(to, 0, sizeof(*to));
    for (size_t at = 0; at < size; at += piece) {
        size_t part = size - at < piece ? size - at : piece, used = 0;
        uint8_t *copy = malloc(part);

        CHECK(copy != NULL);
        memcpy(copy, data + at, part);
        while (used < part && !broken) {
            fcgi_event event;
            size_t took = fcgi_next(&reader, copy + used, part - used, &event);

            CHECK(took > 0 && took <= part - used);
            used += took;
            if (event.kind != FCGI_EVENT_NONE)
                take(to, &event);
            broken = event.kind == FCGI_EVENT_BROKEN;
        }
        free(copy);
    }
}

static void take_pair(void *payload, char *name, const char *value)
{
    gateway_variable(payload, name, value);
}

static void check_request(char *params, size_t size)
{
    static gateway_request request;
    char head[GATEWAY_HEAD_MAX];
    exchange x;
    int refused;

    memset(&x, 0, sizeof(x));
    gateway_start(&request);
    if (!fcgi_pairs(params, size, take_pair, &request))
        return;
    refused = gateway_finish(&request, &x);
    CHECK(refused == 0 || refused == 400 || refused == 431);
    CHECK(x.method != NULL && x.path != NULL && x.query != NULL && x.remote != NULL && x.scheme != NULL);
    CHECK(refused != 0 || (x.path[0] == '/' && x.method[0] != '\0' && x.content_length >= -1));
    CHECK(refused != 0 || request.uri == NULL || request.uri[0] != '/' || strchr(x.path, '?') == NULL);
    CHECK(x.header_count <= EXCHANGE_HEADERS_MAX);
    for (size_t i = 0; i < x.header_count; i++) {
        CHECK(x.headers[i].value != NULL && strchr(x.headers[i].name, '_') == NULL);
        for (const char *at = x.headers[i].name; *at != '\0'; at++)
            CHECK(*at < 'A' || *at > 'Z');
    }
    /* The answer's head, with some of the request's texts in it. */
    x.status = 200;
    for (size_t i = 0; i < x.header_count && i < EXCHANGE_ANSWER_HEADERS_MAX; i++)
        x.answer[x.answer_count++] = x.headers[i];
    CHECK(gateway_head(&x, 5, head) <= sizeof(head));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static outcome whole, pieces;

    read_pieces(&whole, data, size, size > 0 ? size : 1);
    for (size_t piece = 1; piece < 16; piece = piece * 2 + 1) {
        read_pieces(&pieces, data, size, piece);
        CHECK(pieces.sum == whole.sum && pieces.params_size == whole.params_size);
    }
    check_request(whole.params, whole.params_size);
    return 0;
}
