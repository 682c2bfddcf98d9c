/* The ways requests come in: the built-in listener (libmicrohttpd), FastCGI, CGI. Each fills an exchange and calls
 * server_begin(), server_work() and server_end(); main() opens and closes them and knows nothing else. */
#ifndef SERVER_TRANSPORT_H
#define SERVER_TRANSPORT_H

#include <stdbool.h>

#include "console.h"
#include "exchange.h"
#include "workers.h"

/* What a client may take of the server. 0 in a field: the default, named behind it. */
typedef struct transport_limits {
    unsigned loops;       /* threads with an event loop: as many as there are processors, at most 4 */
    unsigned connections; /* open at once: 1024; others wait in the kernel's queue */
    unsigned per_address; /* HTTP: open at once from one address: no limit (a proxy's all come from one) */
    unsigned head_ms;     /* from the connection to the end of its first request's head: 10 seconds */
    unsigned idle_ms;     /* from an answer to the end of the next request's head: 60 seconds */
    unsigned
        stall_ms; /* waiting for bytes of a body, or for the client to take some: 30 seconds at once; in all as long, */
    unsigned rate; /* and one second more for each so many bytes that came or went: 1024 */
} transport_limits;

/* Lives longer than the transports. */
typedef struct transport_setup {
    server *server;
    workers *workers;
    front_console *console;
    transport_limits limits;
} transport_setup;

typedef struct transport transport;

/* Serves a listening socket (see sockets.h), which belongs to the transport from here on, also when this fails. NULL
 * after saying why. */
transport *http_open(const transport_setup *setup, int listener);
transport *fastcgi_open(const transport_setup *setup, int listener);

/* No new connections; those that are open end with the answer they are at. Idle ones are closed. */
void transport_drain(transport *transport);
/* Requests between server_begin() and server_end(). */
unsigned transport_running(transport *transport);
/* Cuts what still runs (its operations fail with TICKER_ERROR_CANCELLED), waits for it, and ends. NULL is accepted. */
void transport_free(transport *transport);

/* Whether the process was started as a CGI program: GATEWAY_INTERFACE is set. */
bool cgi_wanted(void);
/* Serves the one request of the environment, standard input and standard output. What the process should exit with: 0, or 1 when the
 * answer could not be sent or finished. */
int cgi_run(server *server);

#endif
