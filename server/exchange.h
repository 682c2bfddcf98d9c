/* One request and its answer, whichever transport brought it. Handlers know nothing else of HTTP, FastCGI or CGI. */
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tickerimport.h>

#define EXCHANGE_METHOD_MAX 16
#define EXCHANGE_PATH_MAX 1024          /* bytes as sent; more: 414 */
#define EXCHANGE_QUERY_MAX 4096         /* bytes as sent; more: 414 */
#define EXCHANGE_HEADERS_MAX 100        /* more: 431 */
#define EXCHANGE_HEADER_BYTES_MAX 16384 /* names and values of one request; more: 431 */
#define EXCHANGE_ANSWER_HEADERS_MAX 24
#define EXCHANGE_ID_MAX 40

typedef struct exchange exchange;
typedef struct server server;

typedef struct exchange_header {
    const char *name; /* of a request in lower case, of an answer as it is sent */
    const char *value;
} exchange_header;

/* What the transport does for server_work(). Each may block the calling thread, each ends when the client is gone, the
 * transport's time is over or the server stops. */
typedef struct exchange_ops {
    /* The next bytes of the body. TICKER_OK with *got > 0; TICKER_DONE: it ended as it was announced; TICKER_RETRY with
     * TICKER_ERROR_IO: it broke off, which never looks like an end; with TICKER_ERROR_CANCELLED: the server stops;
     * TICKER_FAILED with TICKER_ERROR_LIMIT: longer than exchange.body_max. */
    ticker_status (*read)(exchange *x, void *buffer, size_t capacity, size_t *got, ticker_error *error);
    /* Sends x->status and the headers; the body follows through write(), `length` bytes of it or (-1) until the end. Once at most. */
    bool (*start)(exchange *x, int64_t length);
    /* False: the client is gone. */
    bool (*write)(exchange *x, const void *data, size_t size);
} exchange_ops;

struct exchange {
    const exchange_ops *ops;

    /* --- The request: the transport fills this in before server_begin(), and it lives until server_end(). Texts are
     * NUL-terminated and hold no other NUL, never NULL. */
    const char *method; /* "GET" */
    const char *path;   /* as sent: still percent-encoded, begins with '/' */
    const char *query;  /* as sent, without '?'; "" none */
    const char *remote; /* the client's address; "" not known */
    const char *scheme; /* "http" or "https" */
    const exchange_header *headers;
    size_t header_count;
    int64_t content_length; /* -1: not known before the end (chunked); 0: no body */

    /* --- Set by server_begin(): what read() lets through. */
    int64_t body_max;

    /* --- The answer. */
    int status; /* 0: none yet */
    exchange_header answer[EXCHANGE_ANSWER_HEADERS_MAX];
    size_t answer_count;
    /* A whole body. `release`, when not NULL, is called with `owner` in server_end(). */
    const void *body;
    size_t body_size;
    void (*release)(void *owner);
    void *owner;
    bool streamed; /* start() was called: there is no whole body */
    bool failed;   /* a streamed body could not be finished: the transport must cut the connection, not end it well */
    bool head;     /* HEAD: send the headers of the answer, with its Content-Length, and no body */
    uint64_t sent; /* bytes of the body that went out; the transport counts */

    char id[EXCHANGE_ID_MAX]; /* request id */
    int64_t began;            /* monotonic microseconds */
    void *route;              /* the router's own */
    void *memory;             /* texts made for the answer; freed in server_end() */
    void *transport;          /* the transport's own */
};

typedef enum server_step { SERVER_ANSWERED = 0, SERVER_WORK } server_step;

/* Reads the request's head and answers what can be answered without waiting. Any thread; never blocks. After
 * SERVER_ANSWERED the answer is whole: send status, headers, body. */
server_step server_begin(server *server, exchange *x);
/* Does the rest on a thread that may wait. Afterwards the answer is whole or was streamed. */
void server_work(server *server, exchange *x);
/* Once for each server_begin() or server_refuse(), when the answer went out or the client is gone. */
void server_end(server *server, exchange *x);
/* Instead of server_begin(), for a request that a transport could not even read (400) or waited for too long (408), or instead of
 * server_work(), for one that it has no thread for (503): fills in the answer. What the transport knows of the request is there; the
 * rest is "" and not NULL. */
void server_refuse(server *server, exchange *x, int status);

/* The value of a request's header (name in lower case), or NULL. */
const char *exchange_header_of(const exchange *x, const char *name);
/* The answer's. The first two copy what they get; false: no room or memory, the answer is then 500. */
bool exchange_set(exchange *x, const char *name, const char *value);
bool exchange_set_format(exchange *x, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A body that lives long enough (`release` NULL) or is released in server_end(). */
void exchange_answer(exchange *x, int status, const char *type, const void *body, size_t size, void (*release)(void *),
                     void *owner);
/* The standard words of a status: "Not Found". */
const char *exchange_reason(int status);

#endif
