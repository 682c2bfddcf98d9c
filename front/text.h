/* Text for people: numbers, sizes, times, names that are safe on a terminal, and the nearest of some names. */
#ifndef FRONT_TEXT_H
#define FRONT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRONT_NUMBER_MAX 40 /* bytes any of the texts below takes, NUL included */

/* "1,234,567" */
const char *front_text_count(int64_t value, char text[FRONT_NUMBER_MAX]);
/* "1.8 MB": powers of ten, as disks and networks are sold */
const char *front_text_bytes(uint64_t bytes, char text[FRONT_NUMBER_MAX]);
/* "0.12 s", "1:05", "2:10:00" */
const char *front_text_duration(uint64_t microseconds, char text[FRONT_NUMBER_MAX]);

/* Copies text so that a terminal shows it and nothing else happens: control characters and invalid UTF-8 become '?'.
 * At most size - 1 bytes, cut between characters. Returns `to`. */
const char *front_text_clean(const char *from, char *to, size_t size);
/* Columns that clean text takes on a terminal. */
size_t front_text_width(const char *text);
/* Cuts clean text to `columns`, its beginning replaced by "…" (the end of a path says more). Returns where the text
 * starts. */
const char *front_text_tail(const char *text, size_t columns, char *to, size_t size);

/* The byte length of the UTF-8 character at `text`; 0 when it is none. */
size_t front_utf8_length(const char *text);

/* The candidate that was probably meant, or NULL when none is near. `candidates` ends with NULL. */
const char *front_nearest(const char *word, const char *const *candidates);

/* A whole number within the limits; false when the text is something else. */
bool front_parse_number(const char *text, int64_t min, int64_t max, int64_t *value);

#endif
