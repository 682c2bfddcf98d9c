/* FastCGI records: reading them from bytes that come in any pieces, and the name-value pairs in them. It knows no sockets. */
#ifndef SERVER_FCGI_H
#define SERVER_FCGI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FCGI_HEAD_SIZE 8
#define FCGI_CONTENT_MAX 65535
#define FCGI_ASIDE_MAX 512 /* bytes of FCGI_GET_VALUES; more is no FastCGI */

/* Types of records. */
enum {
    FCGI_BEGIN_REQUEST = 1,
    FCGI_ABORT_REQUEST = 2,
    FCGI_END_REQUEST = 3,
    FCGI_PARAMS = 4,
    FCGI_STDIN = 5,
    FCGI_STDOUT = 6,
    FCGI_STDERR = 7,
    FCGI_DATA = 8,
    FCGI_GET_VALUES = 9,
    FCGI_GET_VALUES_RESULT = 10,
    FCGI_UNKNOWN_TYPE = 11
};
enum { FCGI_RESPONDER = 1 };
enum { FCGI_REQUEST_COMPLETE = 0, FCGI_CANT_MPX_CONN = 1, FCGI_OVERLOADED = 2, FCGI_UNKNOWN_ROLE = 3 };
enum { FCGI_KEEP_CONN = 1 };

typedef enum fcgi_kind {
    FCGI_EVENT_NONE = 0, /* more bytes are needed */
    FCGI_EVENT_BEGIN,    /* id, role, keep */
    FCGI_EVENT_ABORT,    /* id */
    FCGI_EVENT_PARAMS,   /* id, data; size 0: the end of them */
    FCGI_EVENT_STDIN,    /* id, data; size 0: the end of it */
    FCGI_EVENT_VALUES,   /* data: the names asked for, whole */
    FCGI_EVENT_UNKNOWN,  /* type: of management records */
    FCGI_EVENT_BROKEN    /* not FastCGI: the connection is of no use any more, whatever comes */
} fcgi_kind;

typedef struct fcgi_event {
    fcgi_kind kind;
    unsigned id, type, role;
    bool keep;
    const uint8_t *data; /* in the bytes that were handed in, or in the reader */
    size_t size;
} fcgi_event;

/* Zeros begin it. */
typedef struct fcgi_reader {
    uint8_t head[FCGI_HEAD_SIZE];
    uint8_t aside[FCGI_ASIDE_MAX]; /* contents that are needed whole */
    size_t head_size, aside_size;
    size_t content, padding; /* bytes of the record that are still to come */
    bool broken;
} fcgi_reader;

/* Looks at the bytes until something happens or they end. Returns how many it took, which may be none when an event needs none. */
size_t fcgi_next(fcgi_reader *reader, const uint8_t *data, size_t size, fcgi_event *event);

/* The head of a record. */
void fcgi_head(uint8_t head[FCGI_HEAD_SIZE], unsigned type, unsigned id, size_t content, size_t padding);
#define FCGI_END_SIZE (2 * FCGI_HEAD_SIZE)
/* A whole FCGI_END_REQUEST. */
void fcgi_end(uint8_t record[FCGI_END_SIZE], unsigned id, unsigned protocol_status);
#define FCGI_VALUES_MAX 128
/* The whole FCGI_GET_VALUES_RESULT to the names in `data`; its size. */
size_t fcgi_values(uint8_t record[FCGI_VALUES_MAX], const uint8_t *data, size_t size, unsigned connections);

/* The pairs in data[0 … size) as texts with a NUL, made in place. Returns false when they are not whole or hold a NUL. `size`
 * must be less than the room in `data`, so that the last value gets its NUL. */
typedef void fcgi_pair(void *payload, char *name, const char *value);
bool fcgi_pairs(char *data, size_t size, fcgi_pair *pair, void *payload);

#endif
