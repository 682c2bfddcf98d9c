/* A growing byte buffer with a hard cap. A failed append (no memory, cap passed) makes the buffer empty and sticks, so that a
 * writer may check once at the end with ti_buffer_failed(). */
#ifndef TI_BASE_BUFFER_H
#define TI_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tickerimport/error.h>

#include "base/slice.h"

typedef struct ti_buffer {
    char *data;
    size_t size;
    size_t capacity;
    size_t max;
    bool failed;
    bool full;   /* it failed because of the cap, not of memory */
    bool secret; /* set by who puts secrets in: memory that it outgrows or gives back is wiped */
} ti_buffer;

void ti_buffer_init(ti_buffer *buffer, size_t max);
void ti_buffer_free(ti_buffer *buffer);
/* Keeps the memory, forgets the bytes and a failure. */
void ti_buffer_clear(ti_buffer *buffer);
bool ti_buffer_failed(const ti_buffer *buffer);
/* Says why a buffer failed: TICKER_FATAL with TICKER_ERROR_MEMORY, or `status` with TICKER_ERROR_LIMIT: "`what` is longer than N bytes". */
ticker_status ti_buffer_fail(const ti_buffer *buffer, ticker_status status, const char *what, ticker_error *error);

/* Makes room for `extra` more bytes and returns where they go; NULL on failure. The caller adds to ->size what it wrote. */
char *ti_buffer_reserve(ti_buffer *buffer, size_t extra);
bool ti_buffer_append(ti_buffer *buffer, const void *data, size_t size);
bool ti_buffer_text(ti_buffer *buffer, const char *text);
bool ti_buffer_slice(ti_buffer *buffer, ti_slice slice);
bool ti_buffer_byte(ti_buffer *buffer, char byte);
bool ti_buffer_printf(ti_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; control characters escaped, invalid UTF-8 replaced by U+FFFD. */
bool ti_buffer_json(ti_buffer *buffer, ti_slice text);
/* NUL-terminates without counting the NUL and returns the text; NULL on failure. */
const char *ti_buffer_string(ti_buffer *buffer);

#endif
