/* The one seam to HTTP: a request goes in, an answer comes out. curl stands behind it in one file; tests put a script
 * behind it. */
#ifndef TI_AWS_HTTP_H
#define TI_AWS_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <tickerimport/error.h>

#include "base/buffer.h"
#include "base/slice.h"

typedef struct ti_http_header {
    ti_slice name, value;
} ti_http_header;

/* A body that is sent. Memory, or pieces from a function; `rewind` starts it again for another attempt. */
typedef struct ti_http_body {
    const void *data;
    int64_t size; /* bytes in all; -1: unknown (chunked) */
    /* NULL: `data`. TICKER_OK with *got > 0, TICKER_DONE at the end, or a failure that ends the request. */
    ticker_status (*read)(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error);
    bool (*rewind)(void *self);
    void *self;
} ti_http_body;

/* Where an answer's body goes. NULL write: into ti_http_response.body. Called only for 2xx answers; others go into the
 * body. When it is called, the response has its status and headers. */
typedef struct ti_http_sink {
    ticker_status (*write)(void *self, const void *data, size_t size, ticker_error *error);
    /* A new attempt begins: forget what came. False: cannot. NULL: a request that delivered bytes is not repeated. */
    bool (*restart)(void *self);
    void *self;
} ti_http_sink;

typedef struct ti_http_request {
    const char *method;
    const char *url; /* may hold a signature: never in messages (use ti_http_place()) */
    const ti_http_header *headers;
    size_t header_count;
    ti_http_body body; /* size 0 and no data: none */
    ti_http_sink sink;
    int64_t connect_timeout; /* milliseconds */
    int64_t timeout; /* milliseconds without progress (below 1 byte a second); long polls set it above their wait */
    int64_t total_timeout; /* milliseconds in all; 0: no limit */
    const char *ca_bundle; /* NULL: the system's */
    bool expect_continue;  /* send "Expect: 100-continue" and wait up to a second */
    bool no_proxy;         /* link-local credential endpoints */
    bool once;       /* over a new connection: one that was idle may be dead, and then the request is sent twice */
    size_t max_body; /* cap of the answer's body in memory */
    /* Another thread sets it to end this exchange as cancelled, looked at as often as `interrupted`; may be NULL. */
    const atomic_bool *stop;
    bool cleanup; /* must go on although the caller wants to stop: `interrupted` is not asked */
} ti_http_request;

#define TI_HTTP_HEADERS_MAX 128              /* of an answer */
#define TI_HTTP_HEADER_BYTES_MAX (64 * 1024) /* of all headers of an answer */

typedef struct ti_http_response {
    int status;        /* 0: none came */
    ti_buffer headers; /* "Name: value\n" lines as they came */
    size_t header_count;
    ti_buffer body;
    int64_t received;  /* bytes of the body, wherever they went */
    unsigned attempts; /* that ti_aws_perform() made; more than one: the server may have done it more than once */
    int64_t date;      /* the Date header in milliseconds, 0 when there is none or an Age header says it is old */
    /* Why no (whole) answer came: a time-out; and whether it is sure that the server got nothing of the request. */
    bool timed_out, unsent;
    /* When the attempt began and when the answer's headers were there, by the clock of ti_http. */
    int64_t started, answered;
} ti_http_response;

void ti_http_response_init(ti_http_response *response);
void ti_http_response_free(ti_http_response *response);
/* Empty again, for another attempt; keeps the memory. */
void ti_http_response_clear(ti_http_response *response);
/* Takes one line of an answer's head as it came, with or without its line end: a status line (which forgets what came
 * before, as after "100 Continue"), a header, or the empty line. Sets status, headers and date. What is neither is
 * skipped. False: more or longer headers than the caps below, or no memory. */
bool ti_http_response_line(ti_http_response *response, ti_slice line);
/* The value of a header (any case); empty when it is not there. Borrowed from the response. */
ti_slice ti_http_response_header(const ti_http_response *response, const char *name);

/* `perform` does one exchange and may be called from several threads at once; it clears the response first. TICKER_OK: an
 * answer came, whatever its status. TICKER_RETRY with TICKER_ERROR_SERVICE: no (whole) answer; with
 * TICKER_ERROR_CANCELLED: interrupted. TICKER_FAILED with TICKER_ERROR_LIMIT: the answer is longer than `max_body`, or
 * its headers pass the caps. TICKER_FATAL: TLS refused the peer, or wrong use. What a body or a sink failed with comes
 * back as it is. */
typedef struct ti_http {
    ticker_status (*perform)(void *self, const ti_http_request *request, ti_http_response *response,
                             ticker_error *error);
    void (*close)(void *self);
    void *self;
} ti_http;

/* curl, with its connections kept. `interrupted` (may be NULL) is asked at least four times a second while something
 * goes on. TICKER_FATAL with UNSUPPORTED in a build without libcurl. */
ticker_status ti_http_curl(bool (*interrupted)(void *payload), void *payload, ti_http *http, ticker_error *error);

/* "https://host/path" of a URL without its query and user, for messages. */
void ti_http_place(const char *url, char *place, size_t size);

#endif
