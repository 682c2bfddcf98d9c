/* Bytes as text and back: hex, base64, percent-encoding. Nothing here depends on the locale. */
#ifndef TI_BASE_ENCODE_H
#define TI_BASE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"

/* Lower case, NUL-terminated: 2 * size + 1 bytes at `text`. */
void ti_hex(const void *data, size_t size, char *text);
/* Exactly `size` bytes from 2 * size digits of either case. */
bool ti_unhex(ti_slice text, void *data, size_t size);

/* RFC 4648 with padding, no line ends. */
bool ti_buffer_base64(ti_buffer *buffer, const void *data, size_t size);
/* False when it is not base64; nothing is appended then. */
bool ti_buffer_unbase64(ti_buffer *buffer, ti_slice text);

/* RFC 3986: A-Z a-z 0-9 - . _ ~ stay, and '/' when `keep_slash`; the rest becomes %XX in upper case. */
bool ti_buffer_percent(ti_buffer *buffer, ti_slice text, bool keep_slash);
/* %XX to bytes, '+' to a blank when `plus`; a '%' without two digits stays as it is. */
bool ti_buffer_unpercent(ti_buffer *buffer, ti_slice text, bool plus);

#endif
