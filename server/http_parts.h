/* The HTTP listener's own: a connection, a request on it, and who has it. libmicrohttpd is known to http.c only. */
#ifndef SERVER_HTTP_PARTS_H
#define SERVER_HTTP_PARTS_H

#include <netinet/in.h>
#include <pthread.h>

#include "http_watch.h"
#include "pipe.h"
#include "transport_parts.h"

#define HTTP_URI_MAX (EXCHANGE_PATH_MAX + EXCHANGE_QUERY_MAX + 256) /* more is cut, and is then still too long */
#define HTTP_PIPE_MAX 131072 /* bytes of a body on their way, in each direction */
#define HTTP_CLOSE_MS 2000   /* from an answer to the end of an upload that nobody reads */

typedef struct http http;
typedef struct http_connection http_connection;

typedef enum http_state {
    HTTP_NEW = 0,   /* the head was not looked at */
    HTTP_LAST,      /* no body: the next call is the last one */
    HTTP_DRAIN,     /* answered; what comes of the body is dropped */
    HTTP_WAIT_HEAD, /* a worker has it and has not asked for the body */
    HTTP_UPLOAD,    /* it has */
    HTTP_WAIT       /* all of the request is here */
} http_state;

typedef struct http_exchange {
    struct http_exchange *next, *previous; /* of those that workers have */
    http *owner;
    http_connection *connection; /* NULL: gone. Under the owner's lock when a worker has it */
    struct MHD_Connection *handle;
    http_state state;
    bool begun, queued;
    body_pipe *pipe;  /* a worker has it, or had */
    unsigned holders; /* loop and worker; under the owner's lock */
    int64_t length;   /* of a streamed answer */
    int64_t body_got;
    int64_t end; /* of the time for a whole answer that goes out in blocks; ms */
    size_t header_bytes;
    int refused;
    exchange x;
    exchange_header headers[EXCHANGE_HEADERS_MAX];
    char uri[HTTP_URI_MAX + 1];
    char method[EXCHANGE_METHOD_MAX];
    char remote[INET6_ADDRSTRLEN];
    char texts[EXCHANGE_HEADER_BYTES_MAX + 2 * EXCHANGE_HEADERS_MAX]; /* of the headers */
} http_exchange;

struct http_connection {
    http_guard guard; /* first */
    http_exchange *spare;
    http_exchange *fresh; /* whose head libmicrohttpd still reads */
    char remote[INET6_ADDRSTRLEN];
};

struct http {
    transport base;
    struct MHD_Daemon *daemon;
    http_watch watch;
    bool watching;
    pthread_mutex_t lock;
    pthread_cond_t fewer;
    http_exchange *first; /* those that workers have, or had and the loop has not finished */
    unsigned working;     /* how many workers have */
    bool closed;          /* no more of them */
};

const transport_limits *http_limits(const http *self);
/* When the connection has had its time: in so many milliseconds, or HTTP_NEVER. */
void http_deadline(http_connection *connection, int64_t in_ms);

/* --- http_head.c: what the client says. Each sets `refused` to the status of what is wrong. */
/* One header, copied: the texts of libmicrohttpd go with the connection, which a worker may outlive. False: no room. */
bool http_take_header(http_exchange *h, const char *name, const char *value);
/* The target, the method and the headers that were taken become the exchange. */
void http_take_head(http_exchange *h, const char *method, const char *version);

/* --- http_work.c: between the loop and a worker. */
/* Gives it to a worker; the loop's functions park and wake the connection. False: the server stops, or there is no room; the exchange
 * is the loop's as before. */
bool http_hand_over(http_exchange *h, body_pipe_loop loop);
/* The loop is done with an exchange that was begun. */
void http_let_go(http_exchange *h);
/* To be used by the next request of its connection, if that is still there. */
void http_give_up(http_exchange *h);
/* Cuts those that workers have, takes no more, and waits until no worker has one. */
void http_cut_workers(http *self);

#endif
