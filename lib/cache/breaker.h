/* A circuit breaker: what does not answer is left out for a while, so that its time-out is not paid each time. */
#ifndef TI_CACHE_BREAKER_H
#define TI_CACHE_BREAKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define TI_BREAKER_PAUSE_FIRST 250 /* milliseconds after the first failure; doubled with each trial that fails */
#define TI_BREAKER_PAUSE_MAX 4000

/* Closed while all is well. Open it lets one thread through at the end of each pause, to try. Times are monotonic milliseconds. */
typedef struct ti_breaker {
    pthread_mutex_t lock;
    atomic_bool open;
    bool trying;
    int64_t until, pause;
    ticker_error why;
} ti_breaker;

bool ti_breaker_init(ti_breaker *breaker);
void ti_breaker_end(ti_breaker *breaker);
/* Whether to go on; if not, `error` says what failed. `*trial`: the breaker is open, and one of the next three must follow. */
bool ti_breaker_pass(ti_breaker *breaker, int64_t now, bool *trial, ticker_error *error);
void ti_breaker_went_well(ti_breaker *breaker);
void ti_breaker_went_wrong(ti_breaker *breaker, int64_t now, const ticker_error *why);
void ti_breaker_not_tried(ti_breaker *breaker);

#endif
