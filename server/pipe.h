/* Bytes between an event loop, which never waits, and a worker, which may: a body on its way in and a body on its way out, each in
 * a buffer of fixed size. When there is nothing for the loop to do it parks the connection, and the worker wakes it. */
#ifndef SERVER_PIPE_H
#define SERVER_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct body_pipe body_pipe;

/* park() is called in the loop's thread, wake() in the worker's, never both at once and always in turn; both under the
 * pipe's lock: they must not call the pipe. */
typedef struct body_pipe_loop {
    void (*park)(void *connection);
    void (*wake)(void *connection);
    void *connection;
} body_pipe_loop;

/* How long the worker waits for the client: `stall_ms` at once; and in all that, and a second more for each `rate` bytes that came or
 * went. */
typedef struct body_pipe_patience {
    unsigned stall_ms, rate;
} body_pipe_patience;

typedef enum body_result {
    BODY_MORE = 0, /* some bytes */
    BODY_END,      /* no more, and that is well */
    BODY_BROKEN,   /* the client is gone */
    BODY_LATE,     /* it took too long */
    BODY_STOPPED,  /* the server stops */
    BODY_PARKED    /* the loop's: nothing now; wake() will come */
} body_result;

/* How far the worker is. */
typedef enum body_phase {
    BODY_HEAD = 0, /* it has asked for nothing */
    BODY_READING,  /* it reads the body of the request */
    BODY_STARTED,  /* it writes the body of the answer */
    BODY_ANSWERED  /* it is done, without having started: the answer is whole */
} body_phase;

/* NULL: no memory. */
body_pipe *body_pipe_new(size_t capacity, body_pipe_loop loop, body_pipe_patience patience);
/* When both sides are done with it. */
void body_pipe_free(body_pipe *pipe);

/* --- The loop's side. */
/* How far the worker is. When that is no further than `seen`: parks, and *parked is set. */
body_phase body_pipe_await(body_pipe *pipe, body_phase seen, bool *parked);
body_phase body_pipe_phase(body_pipe *pipe);
/* Takes in bytes that the client sent; how many. Less than all: full, and parked. After the worker is done all are taken and dropped. */
size_t body_pipe_put(body_pipe *pipe, const void *data, size_t size);
/* The body of the request came whole. */
void body_pipe_put_end(body_pipe *pipe);
/* Bytes for the client: BODY_MORE, BODY_END, BODY_BROKEN (the worker could not finish it), BODY_PARKED. */
body_result body_pipe_take(body_pipe *pipe, void *buffer, size_t capacity, size_t *got);
/* The client is gone (BODY_BROKEN) or the server stops (BODY_STOPPED): the worker's calls fail from here on. A parked
 * connection is woken when `wake` says so. */
void body_pipe_cut(body_pipe *pipe, body_result why, bool wake);

/* --- The worker's side. */
/* BODY_MORE with *got > 0, or one of the others but BODY_PARKED. */
body_result body_pipe_read(body_pipe *pipe, void *buffer, size_t capacity, size_t *got);
void body_pipe_start(body_pipe *pipe);
/* False: the client is gone, was too slow, or the server stops. */
bool body_pipe_write(body_pipe *pipe, const void *data, size_t size);
/* Whether the body of the request came whole. */
bool body_pipe_has_all(body_pipe *pipe);
/* The worker is done: the answer is whole, or its body ends here, well or (`failed`) not. */
void body_pipe_finish(body_pipe *pipe, bool failed);

#endif
