/* The FastCGI transport's own: a connection of the web server and the loop it belongs to.
 *
 * A connection is its loop's, or, from SERVER_WORK to the end of the answer, a worker's: then the worker itself reads from and writes
 * to the socket, and the loop does not look at it. So what is in a connection needs no lock, but for how it is given back.
 *
 * Most are given back with nothing left to be done. Waking the loop for each of them would cost more than the answer: it finds them when
 * it wakes for something else, which the next request on such a connection is too, as the loop's epoll still has it. */
#ifndef SERVER_FASTCGI_H
#define SERVER_FASTCGI_H

#include <pthread.h>
#include <sys/uio.h>

#include "fcgi.h"
#include "gateway.h"
#include "transport_parts.h"

#define FASTCGI_IN_MAX 262144
#define FASTCGI_PARAMS_MAX 32768 /* names and values of all variables of a request; more: 431 */
#define FASTCGI_RECORD_MAX 65528 /* content of a record that is sent: full ones need no padding */
#define FASTCGI_IOV_MAX 48

typedef struct fastcgi fastcgi;
typedef struct fastcgi_loop fastcgi_loop;

typedef struct fastcgi_connection {
    struct fastcgi_connection *next, *previous; /* of the loop */
    struct fastcgi_connection *returned; /* of those that workers gave back; under the loop's lock, as the next two */
    bool back;                           /* it is one of them */
    bool noticed;                        /* the loop waits for it, and is to be woken */
    fastcgi_loop *loop;
    int descriptor;   /* -1: closed */
    bool working;     /* a worker's */
    bool writing;     /* the answer's rest waits until more can be sent */
    uint32_t watched; /* what the loop's epoll looks for; 0: it is not in there */
    bool broken;      /* of no use any more: gone, too slow, or not FastCGI */
    bool late;
    int64_t deadline; /* ms; looked at by the loop */
    int64_t end;      /* ms; of the time for a whole answer */

    fcgi_reader reader;
    size_t in_at, in_size;

    /* The request. */
    unsigned id;
    bool active, keep, aborted;
    bool body_end;    /* of standard input */
    bool params_over; /* more variables than there is room for */
    size_t params_size;
    const uint8_t *piece; /* of the body, in `in` */
    size_t piece_size;
    int64_t body_got;
    int64_t waited_ms; /* for the client, by the worker */
    int64_t idle_ms;   /* of that, since the last bytes came or went */
    uint64_t moved;    /* bytes of bodies */
    gateway_request request;
    exchange x;

    /* The answer: `head_size` bytes in `out` and then x.body; how much of its records went out. */
    size_t head_size, body_size, sent;
    size_t out_size; /* streamed: bytes in `out` that wait */

    uint8_t in[FASTCGI_IN_MAX];
    char params[FASTCGI_PARAMS_MAX + 1];
    uint8_t out[FCGI_HEAD_SIZE + FASTCGI_RECORD_MAX];
} fastcgi_connection;

struct fastcgi_loop {
    fastcgi *owner;
    pthread_t thread;
    int epoll, wake;
    bool started, listening;
    unsigned count; /* of connections */
    fastcgi_connection *first;
    fastcgi_connection *closed; /* to be freed when no event that was fetched can name them any more */
    pthread_mutex_t lock;
    fastcgi_connection *returned; /* under the lock */
};

struct fastcgi {
    transport base;
    int listener;
    unsigned loop_count, per_loop;
    fastcgi_loop loops[TRANSPORT_LOOPS_MAX];
};

typedef enum fastcgi_next {
    FASTCGI_READ = 0, /* wait for bytes */
    FASTCGI_WRITE,    /* wait until bytes can be sent */
    FASTCGI_WORKING,  /* a worker has it */
    FASTCGI_CLOSE
} fastcgi_next;

/* --- fastcgi_request.c: the loop's thread. */
/* Looks at the bytes in `in`. */
fastcgi_next fastcgi_parse(fastcgi_connection *c);
/* Sends more of the answer. */
fastcgi_next fastcgi_send(fastcgi_connection *c);
/* The worker gave it back. */
fastcgi_next fastcgi_resume(fastcgi_connection *c);
/* --- The same, whoever has the connection. */
/* Takes one event that does not belong to a body: what does, is left in c->piece, c->body_end and c->aborted. */
void fastcgi_event(fastcgi_connection *c, const fcgi_event *event);
/* The answer's head into `out`; its body is x.body. */
void fastcgi_prepare(fastcgi_connection *c);
/* What is still to be sent of the answer; 0: nothing. */
size_t fastcgi_rest(const fastcgi_connection *c, struct iovec parts[FASTCGI_IOV_MAX],
                    uint8_t heads[FASTCGI_IOV_MAX][FCGI_HEAD_SIZE], uint8_t tail[FCGI_HEAD_SIZE + FCGI_END_SIZE]);

/* --- fastcgi_work.c: a worker's thread. */
extern const exchange_ops fastcgi_ops;
void fastcgi_work(void *connection);
/* --- fastcgi.c */
/* Before a worker gets it. False: it cannot be. */
bool fastcgi_lend(fastcgi_connection *c);
/* Back to the loop. The connection is not the worker's any more. */
void fastcgi_give_back(fastcgi_connection *c);

#endif
