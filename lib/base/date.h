/* Days since 1970-01-01 (proleptic Gregorian) and milliseconds since midnight. */
#ifndef TI_BASE_DATE_H
#define TI_BASE_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define TI_DATE_TEXT_MAX 16  /* "YYYY-MM-DD" and NUL */
#define TI_TIME_TEXT_MAX 16  /* "HH:MM:SS.mmm" and NUL */
#define TI_DATE_NONE 2932896 /* 9999-12-31, which COTAHIST writes for "no expiry" */

int32_t ti_date_from_civil(int year, unsigned month, unsigned day);
void ti_date_to_civil(int64_t days, int *year, unsigned *month, unsigned *day);
/* Year 1 … 9999, a real month and day. */
bool ti_date_valid(int year, unsigned month, unsigned day);

/* "YYYYMMDD" (8 digits) and "YYYY-MM-DD". False when it is no real date. */
bool ti_parse_date_digits(ti_slice text, int64_t *days);
bool ti_parse_date_iso(ti_slice text, int64_t *days);
/* "HHMMSSmmm" (9 digits) to milliseconds; seconds up to 59. */
bool ti_parse_time_digits(ti_slice text, int64_t *milliseconds);

/* NUL-terminated; return the length. `days` within year 1 … 9999. */
size_t ti_format_date(int64_t days, char text[TI_DATE_TEXT_MAX]);
size_t ti_format_time(int64_t milliseconds, char text[TI_TIME_TEXT_MAX]);

#endif
