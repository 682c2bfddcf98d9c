/* Bytes that belong to somebody else. Passed by value; never NUL-terminated by contract. */
#ifndef TI_BASE_SLICE_H
#define TI_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct ti_slice {
    const char *data;
    size_t size;
} ti_slice;

static inline ti_slice ti_slice_of(const char *text)
{
    return (ti_slice){text, text != NULL ? strlen(text) : 0};
}

/* A copy with a NUL behind it, to be freed; NULL: no memory. (strndup() may look for a NUL that is not there.) */
static inline char *ti_slice_copy(ti_slice text)
{
    char *copy = malloc(text.size + 1);

    if (copy == NULL)
        return NULL;
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

static inline bool ti_slice_equal(ti_slice a, ti_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool ti_slice_is(ti_slice a, const char *text)
{
    return ti_slice_equal(a, ti_slice_of(text));
}

#endif
