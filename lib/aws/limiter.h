/* The rate at which a client in adaptive mode sends: unlimited until a server throttles, then cut to seven tenths and raised
 * again along a cubic curve. After "Retry behavior" (AWS SDKs and Tools Reference Guide). In integers: rates are requests
 * in 1000 seconds, times are milliseconds. Not locked: the caller sees to that. */
#ifndef TI_AWS_LIMITER_H
#define TI_AWS_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct ti_limiter {
    bool enabled; /* a server has throttled */
    /* What has been sent of late. */
    int64_t measured, window_start;
    unsigned window_count;
    /* The curve. */
    int64_t last_max, last_throttle, until_max;
    /* The bucket of permits: a million are one request. */
    int64_t rate, capacity, permits, filled;
} ti_limiter;

void ti_limiter_init(ti_limiter *limiter, int64_t now);
/* A request wants to go: 0, it may, and its permit is taken; else the milliseconds after which to ask again. */
int64_t ti_limiter_take(ti_limiter *limiter, int64_t now);
/* An answer came. */
void ti_limiter_answer(ti_limiter *limiter, bool throttled, int64_t now);

#endif
