/* Exact numbers as text and back: integers, decimals with a fixed scale, 128-bit sums. */
#ifndef TI_BASE_NUMBER_H
#define TI_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

typedef __int128 ti_int128;

#define TI_NUMBER_TEXT_MAX 64 /* bytes that any number below takes as text, NUL included */

/* 10^exponent, exponent 0 … 18. */
int64_t ti_power10(unsigned exponent);

/* Digits only (or "-" and digits when `sign`), no blanks, within int64_t and not INT64_MIN. */
bool ti_parse_integer(ti_slice text, bool sign, int64_t *value);

/* "-12,345" or "-12.345" to a mantissa of `scale`; at least one digit before the point; more decimals than `scale` only when they
 * are zeros. False when it is no such number or does not fit. */
bool ti_parse_decimal(ti_slice text, char point, unsigned scale, int64_t *mantissa);

/* Writes mantissa / 10^scale with at least `digits` (≤ scale) decimals and no more than needed; NUL-terminated. `text` has room for
 * TI_NUMBER_TEXT_MAX bytes. Returns the length. */
size_t ti_format_decimal(ti_int128 mantissa, unsigned scale, unsigned digits, char *text);
size_t ti_format_integer(int64_t value, char *text);

#endif
