/* The one clock: a table of functions, so that tests move time by hand and never wait. Also the forms in which HTTP and AWS write it. */
#ifndef TI_BASE_CLOCK_H
#define TI_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

typedef struct ti_clock {
    int64_t (*now)(void *self);       /* milliseconds since 1970-01-01 UTC */
    int64_t (*monotonic)(void *self); /* milliseconds from anywhere, never back */
    void (*sleep)(void *self, int64_t milliseconds);
    void *self;
} ti_clock;

extern const ti_clock ti_clock_system;

/* Microseconds from anywhere, never back: to measure with. */
int64_t ti_clock_microseconds(void);

#define TI_TIME_BASIC_MAX 17    /* "20150830T123600Z" and NUL */
#define TI_TIME_EXTENDED_MAX 25 /* "2015-08-30T12:36:00.000Z" and NUL */
#define TI_TIME_HTTP_MAX 30     /* "Sun, 30 Aug 2015 12:36:00 GMT" and NUL */

/* `milliseconds` since 1970 within the years 1 … 9999. */
void ti_time_basic(int64_t milliseconds, char text[TI_TIME_BASIC_MAX]);
void ti_time_extended(int64_t milliseconds, char text[TI_TIME_EXTENDED_MAX]);
void ti_time_http(int64_t milliseconds, char text[TI_TIME_HTTP_MAX]);
/* "20150830T123600Z"; "2015-08-30T12:36:00Z" with 0 to 9 decimals (or an offset "+hh:mm"); RFC 9110's IMF-fixdate. */
bool ti_time_parse_basic(ti_slice text, int64_t *milliseconds);
bool ti_time_parse_extended(ti_slice text, int64_t *milliseconds);
bool ti_time_parse_http(ti_slice text, int64_t *milliseconds);

#endif
