/* What the threads of the worker know of each other: how the consumer does, in numbers and as a line of text. */
#ifndef WORKER_STATE_H
#define WORKER_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <tickerimport.h>

#define STATE_TEXT_MAX 640    /* bytes of a status line */
#define STATE_REASON_MAX 200  /* bytes of a reason in it */
#define STATE_STUCK_MS 300000 /* a thread that shows no life for so long hangs, when systemd says no other time */
#define STATE_SAMPLES 13      /* of the rate: one … */
#define STATE_SAMPLE_MS 5000  /* … each so many milliseconds */

typedef struct worker_state {
    ticker_consumer *consumer;
    int64_t stuck_ms;
    int64_t began; /* monotonic milliseconds */
    atomic_bool stopping;
    atomic_int_fast64_t files, failed, rows, messages; /* that came to their end */
    int wake; /* an eventfd: something changed that the main thread tells others */

    pthread_mutex_t lock;           /* of what follows */
    char trouble[STATE_REASON_MAX]; /* "": there is none */
    int64_t trouble_began;

    /* The main thread's own. */
    int64_t sampled;
    int64_t samples[STATE_SAMPLES]; /* rows, the newest last */
    size_t sample_count;
    int64_t stop_at; /* monotonic milliseconds when files are rolled back */
} worker_state;

int64_t state_clock(void); /* monotonic milliseconds */

/* False: out of memory or descriptors. */
bool state_init(worker_state *self);
void state_end(worker_state *self);
/* Wakes the main thread. Any thread. */
void state_wake(worker_state *self);
/* NULL: all is well again. Returns how many milliseconds it was not. */
int64_t state_trouble(worker_state *self, const char *reason);

bool state_is_live(worker_state *self);
bool state_is_ready(worker_state *self);
bool state_is_stopping(worker_state *self);
/* "importing 2: a.zip 45 %, b.txt 12 %; 31 files, 2.1 M rows/min". The main thread. */
const char *state_describe(worker_state *self, char text[STATE_TEXT_MAX]);

#endif
