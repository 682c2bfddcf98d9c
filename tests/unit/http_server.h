/* A server on a loopback port, a thread for each connection, for what only a real socket shows. */
#ifndef TESTS_HTTP_SERVER_H
#define TESTS_HTTP_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct http_server http_server;

/* A request whose head has been read. */
typedef struct http_exchange {
    http_server *server;
    int socket;
    unsigned connection, number; /* of all so far, from 1 on */
    char head[32768];
    bool close; /* set by the handler: the connection ends with this exchange */
} http_exchange;

typedef void (*http_handler)(void *payload, http_exchange *exchange);

http_server *http_server_start(http_handler handler, void *payload);
/* Ends the connections too, whatever their handlers wait for. */
void http_server_stop(http_server *server);
unsigned http_server_port(const http_server *server);
unsigned http_server_connections(http_server *server);
unsigned http_server_requests(http_server *server);
/* "http://127.0.0.1:PORT" and the path; good for the next four calls. */
const char *http_server_url(const http_server *server, const char *path);

/* What the head says, NULL: nothing. Good until the next call. */
const char *exchange_header(const http_exchange *exchange, const char *name);
/* Reads the body (Content-Length or chunked) and returns its size; `sum` (may be NULL) gets a checksum of it. -1: it broke
 * off. */
long exchange_body(http_exchange *exchange, unsigned *sum);
unsigned checksum_of(unsigned sum, const void *data, size_t size);
/* False: the other side is gone. */
bool exchange_say(http_exchange *exchange, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool exchange_write(http_exchange *exchange, const void *data, size_t size);
/* An answer with Content-Length. */
bool exchange_answer(http_exchange *exchange, int status, const char *headers, const char *body);
/* Waits; false: the server is being stopped. */
bool exchange_sleep(http_exchange *exchange, int milliseconds);

#endif
