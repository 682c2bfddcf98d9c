#include "fcgi.h"

#include <string.h>

#define FCGI_VERSION 1
#define BEGIN_SIZE 8

static unsigned type_of(const fcgi_reader *self)
{
    return self->head[1];
}

static unsigned id_of(const fcgi_reader *self)
{
    return (unsigned)self->head[2] << 8 | self->head[3];
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void set_event(const fcgi_reader *self, fcgi_event *event, fcgi_kind kind, const uint8_t *data, size_t size)
{
    *event = (fcgi_event){.kind = kind, .id = id_of(self), .type = type_of(self), .data = data, .size = size};
}

static void set_broken(fcgi_reader *self, fcgi_event *event)
{
    self->broken = true;
    set_event(self, event, FCGI_EVENT_BROKEN, NULL, 0);
}

/* A type that is sent in pieces, as they come. */
static bool is_stream(unsigned type)
{
    return type == FCGI_PARAMS || type == FCGI_STDIN;
}

/* What a web server may send, and how long it may be. Types that are not known must be of no request. */
static bool head_is_good(const fcgi_reader *self)
{
    unsigned type = type_of(self);
    bool of_request = id_of(self) != 0;

    if (self->head[0] != FCGI_VERSION)
        return false;
    switch (type) {
    case FCGI_BEGIN_REQUEST:
        return of_request && self->content == BEGIN_SIZE;
    case FCGI_ABORT_REQUEST:
        return of_request && self->content == 0;
    case FCGI_PARAMS:
    case FCGI_STDIN:
    case FCGI_DATA: /* of filters; left out */
        return of_request;
    case FCGI_GET_VALUES:
        return !of_request && self->content <= FCGI_ASIDE_MAX;
    default:
        return !of_request && type != 0;
    }
}

static fcgi_kind stream_kind(unsigned type)
{
    return type == FCGI_PARAMS ? FCGI_EVENT_PARAMS : FCGI_EVENT_STDIN;
}

/* The record's content is all there (in self->aside, where it is kept). */
static void whole_record(fcgi_reader *self, fcgi_event *event)
{
    switch (type_of(self)) {
    case FCGI_BEGIN_REQUEST:
        set_event(self, event, FCGI_EVENT_BEGIN, NULL, 0);
        event->role = (unsigned)self->aside[0] << 8 | self->aside[1];
        event->keep = (self->aside[2] & FCGI_KEEP_CONN) != 0;
        break;
    case FCGI_ABORT_REQUEST:
        set_event(self, event, FCGI_EVENT_ABORT, NULL, 0);
        break;
    case FCGI_GET_VALUES:
        set_event(self, event, FCGI_EVENT_VALUES, self->aside, self->aside_size);
        break;
    case FCGI_PARAMS:
    case FCGI_STDIN:
    case FCGI_DATA:
        break;
    default:
        set_event(self, event, FCGI_EVENT_UNKNOWN, NULL, 0);
    }
}

/* After the head: an event when the record has no content. */
static void begin_record(fcgi_reader *self, fcgi_event *event)
{
    self->content = (size_t)self->head[4] << 8 | self->head[5];
    self->padding = self->head[6];
    self->aside_size = 0;
    if (!head_is_good(self))
        set_broken(self, event);
    else if (self->content == 0 && is_stream(type_of(self)))
        set_event(self, event, stream_kind(type_of(self)), NULL, 0);
    else if (self->content == 0)
        whole_record(self, event);
}

static void take_content(fcgi_reader *self, const uint8_t *data, size_t size, fcgi_event *event)
{
    size_t room = FCGI_ASIDE_MAX - self->aside_size;

    self->content -= size;
    if (is_stream(type_of(self))) {
        set_event(self, event, stream_kind(type_of(self)), data, size);
        return;
    }
    /* Of unknown types it may be more than fits; nobody looks at it. */
    memcpy(self->aside + self->aside_size, data, least(size, room));
    self->aside_size += least(size, room);
    if (self->content == 0)
        whole_record(self, event);
}

size_t fcgi_next(fcgi_reader *self, const uint8_t *data, size_t size, fcgi_event *event)
{
    size_t at = 0;

    *event = (fcgi_event){.kind = FCGI_EVENT_NONE};
    if (self->broken) {
        set_broken(self, event);
        return size;
    }
    while (event->kind == FCGI_EVENT_NONE && at < size) {
        size_t part;

        if (self->head_size < FCGI_HEAD_SIZE) {
            part = least(FCGI_HEAD_SIZE - self->head_size, size - at);
            memcpy(self->head + self->head_size, data + at, part);
            self->head_size += part;
            if (self->head_size == FCGI_HEAD_SIZE)
                begin_record(self, event);
        } else if (self->content > 0) {
            part = least(self->content, size - at);
            take_content(self, data + at, part, event);
        } else {
            part = least(self->padding, size - at);
            self->padding -= part;
        }
        at += part;
        if (self->head_size == FCGI_HEAD_SIZE && self->content == 0 && self->padding == 0)
            self->head_size = 0;
    }
    return at;
}

void fcgi_head(uint8_t head[FCGI_HEAD_SIZE], unsigned type, unsigned id, size_t content, size_t padding)
{
    head[0] = FCGI_VERSION;
    head[1] = (uint8_t)type;
    head[2] = (uint8_t)(id >> 8);
    head[3] = (uint8_t)id;
    head[4] = (uint8_t)(content >> 8);
    head[5] = (uint8_t)content;
    head[6] = (uint8_t)padding;
    head[7] = 0;
}

void fcgi_end(uint8_t record[FCGI_END_SIZE], unsigned id, unsigned protocol_status)
{
    fcgi_head(record, FCGI_END_REQUEST, id, FCGI_HEAD_SIZE, 0);
    memset(record + FCGI_HEAD_SIZE, 0, FCGI_HEAD_SIZE);
    record[FCGI_HEAD_SIZE + 4] = (uint8_t)protocol_status;
}

/* --- Name-value pairs ----------------------------------------------------------------------------------------------------------- */

/* A length of one or four bytes at *at. */
static bool take_length(const uint8_t *data, size_t size, size_t *at, size_t *length)
{
    const uint8_t *from = data + *at;

    if (*at >= size)
        return false;
    if (from[0] < 128) {
        *length = from[0];
        *at += 1;
        return true;
    }
    if (size - *at < 4)
        return false;
    *length = (size_t)(from[0] & 127) << 24 | (size_t)from[1] << 16 | (size_t)from[2] << 8 | from[3];
    *at += 4;
    return true;
}

/* Both lengths, and whether so many bytes are there. */
static bool take_lengths(const uint8_t *data, size_t size, size_t *at, size_t *name, size_t *value)
{
    return take_length(data, size, at, name) && take_length(data, size, at, value) && *name <= size - *at &&
           *value <= size - *at - *name;
}

bool fcgi_pairs(char *data, size_t size, fcgi_pair *pair, void *payload)
{
    size_t at = 0, name = 0, value = 0;
    bool more = size > 0;

    if (more && !take_lengths((const uint8_t *)data, size, &at, &name, &value))
        return false;
    while (more) {
        /* The name moves over the lengths, which take two bytes at least, and so has room for its NUL. */
        char *text = data + at - 1, *worth = data + at + name;
        size_t end = at + name + value, next_name = 0, next_value = 0;

        at = end;
        more = at < size;
        if (more && !take_lengths((const uint8_t *)data, size, &at, &next_name, &next_value))
            return false;
        memmove(text, text + 1, name);
        text[name] = '\0';
        data[end] = '\0'; /* a length that was read */
        if (memchr(text, '\0', name) != NULL || memchr(worth, '\0', value) != NULL)
            return false;
        pair(payload, text, worth);
        name = next_name;
        value = next_value;
    }
    return true;
}

typedef struct asked {
    bool connections, requests, multiplexing;
} asked;

static size_t put_pair(uint8_t *to, const char *name, const char *value)
{
    size_t name_size = strlen(name), value_size = strlen(value);

    to[0] = (uint8_t)name_size;
    to[1] = (uint8_t)value_size;
    memcpy(to + 2, name, name_size);
    memcpy(to + 2 + name_size, value, value_size);
    return 2 + name_size + value_size;
}

static void note_name(asked *names, const uint8_t *name, size_t size)
{
    static const char connections[] = "FCGI_MAX_CONNS", requests[] = "FCGI_MAX_REQS", mpxs[] = "FCGI_MPXS_CONNS";

    if (size == sizeof(connections) - 1 && memcmp(name, connections, size) == 0)
        names->connections = true;
    else if (size == sizeof(requests) - 1 && memcmp(name, requests, size) == 0)
        names->requests = true;
    else if (size == sizeof(mpxs) - 1 && memcmp(name, mpxs, size) == 0)
        names->multiplexing = true;
}

static const char *decimal(unsigned value, char text[12])
{
    size_t at = 11;

    text[at] = '\0';
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return text + at;
}

size_t fcgi_values(uint8_t record[FCGI_VALUES_MAX], const uint8_t *data, size_t size, unsigned connections)
{
    size_t at = 0, name, value, used = FCGI_HEAD_SIZE;
    asked names = {false, false, false};
    char text[12];

    while (at < size && take_lengths(data, size, &at, &name, &value)) {
        note_name(&names, data + at, name);
        at += name + value;
    }
    if (names.connections)
        used += put_pair(record + used, "FCGI_MAX_CONNS", decimal(connections, text));
    if (names.requests)
        used += put_pair(record + used, "FCGI_MAX_REQS", decimal(connections, text));
    if (names.multiplexing)
        used += put_pair(record + used, "FCGI_MPXS_CONNS", "0");
    fcgi_head(record, FCGI_GET_VALUES_RESULT, 0, used - FCGI_HEAD_SIZE, 0);
    return used;
}
