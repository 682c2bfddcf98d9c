/* Parts of a transfer: a bounded number of buffers go round between their owner, who fills or empties them in order, and
 * threads that send or fetch them. Uploads and downloads stand on it; it knows nothing of S3.
 *
 * One thread owns a pool. Threads are started when there is work for them and block all signals. */
#ifndef TI_AWS_PARTS_H
#define TI_AWS_PARTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tickerimport/error.h>

#define TI_PARTS_THREADS_MAX 64

/* A buffer and what it holds. `filled` and `done` change under the pool's lock while a thread works on it. */
typedef struct ti_part {
    char *data;
    size_t capacity;
    int64_t index, offset; /* the owner's */
    size_t size;           /* bytes that it has or is to get */
    size_t filled;         /* a download's: bytes that are there */
    bool done;
    bool used;
    struct ti_part *next;
} ti_part;

typedef struct ti_parts ti_parts;

/* Does one part, in a thread of the pool. Anything but TICKER_OK ends the whole transfer: ti_parts_stop() says so to the
 * others, and the error comes out of the owner's next wait. */
typedef ticker_status (*ti_part_work)(void *self, ti_part *part, ticker_error *error);

/* `threads` at most (1 to TI_PARTS_THREADS_MAX). `keep`: a part that is done stays the owner's until ti_parts_give();
 * else its buffer is free at once. NULL: no memory. */
ti_parts *ti_parts_new(unsigned threads, bool keep, ti_part_work work, void *self);
/* Tells the threads to stop and waits for them; accepts NULL. All parts are gone then. */
void ti_parts_free(ti_parts *parts);
/* True once the transfer has failed or is given up: what ti_aws_request.stop points to. */
const atomic_bool *ti_parts_stop(const ti_parts *parts);

/* How many buffers there may be from now on, at most TI_PARTS_THREADS_MAX (at first: as many as threads, but two for one
 * thread, so that its owner has something to do meanwhile). */
void ti_parts_limit(ti_parts *parts, size_t buffers);
/* A free buffer of at least `capacity` bytes with size, filled and done at 0. TICKER_DONE: all are in use; TICKER_FATAL:
 * no memory. */
ticker_status ti_parts_take(ti_parts *parts, size_t capacity, ti_part **part, ticker_error *error);
/* More room in a taken part; its bytes stay. */
ticker_status ti_part_grow(ti_part *part, size_t capacity, ticker_error *error);
/* Hands a taken part to the threads. TICKER_RETRY: not even one thread can be started; the part is given back. */
ticker_status ti_parts_submit(ti_parts *parts, ti_part *part, ticker_error *error);
/* A taken or done part that is not needed any more. */
void ti_parts_give(ti_parts *parts, ti_part *part);

/* Changes that the other side waits for are made between these two. */
void ti_parts_lock(ti_parts *parts);
void ti_parts_unlock(ti_parts *parts, bool wake_owner);
/* Waits until `ready` says so (it is asked under the lock), at most so many milliseconds (-1: for ever). TICKER_OK: it is
 * ready; TICKER_DONE: the time is over; else what a part failed with. */
ticker_status ti_parts_wait(ti_parts *parts, bool (*ready)(void *self), void *self, int64_t milliseconds,
                            ticker_error *error);
/* For `ready`: nothing is left to do; a buffer is free. */
bool ti_parts_idle(void *parts);
bool ti_parts_available(void *parts);
/* Bytes (size) of the parts that are done; takes the lock. */
int64_t ti_parts_finished(ti_parts *parts);

#endif
