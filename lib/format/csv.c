#include "format/csv.h"

#include <string.h>

/* Nothing may be added to NULL, not even nothing. */
static const char *end_of(ti_slice text)
{
    return text.size > 0 ? text.data + text.size : text.data;
}

unsigned ti_csv_split(ti_slice line, ti_slice cells[TICKER_CSV_COLUMNS_MAX])
{
    const char *at = line.data, *end = end_of(line);
    unsigned count = 0;

    for (;;) {
        const char *next = at < end ? memchr(at, ';', (size_t)(end - at)) : NULL;

        if (count == TICKER_CSV_COLUMNS_MAX)
            return 0;
        cells[count++] = (ti_slice){at, (size_t)((next != NULL ? next : end) - at)};
        if (next == NULL)
            return count;
        at = next + 1;
    }
}

/* The cell that begins with a quote at `at`. Returns where it ends, behind its last quote; NULL: it has none. */
static const char *unquote(const char *at, const char *end, char *to, size_t *size)
{
    *size = 0;
    for (at++; at < end; at++) {
        if (*at == '"' && (at + 1 == end || at[1] != '"'))
            return at + 1;
        to[(*size)++] = *at;
        at += *at == '"';
    }
    return NULL;
}

unsigned ti_csv_split_quoted(ti_slice line, char *unquoted, ti_slice cells[TICKER_CSV_COLUMNS_MAX], const char **why)
{
    const char *at = line.data, *end = end_of(line), *next;
    unsigned count = 0;

    *why = NULL;
    for (;;) {
        if (count == TICKER_CSV_COLUMNS_MAX)
            return 0;
        if (at < end && *at == '"') {
            size_t size;

            next = unquote(at, end, unquoted, &size);
            *why = next == NULL                 ? "a quote is not closed"
                   : next < end && *next != ';' ? "text stands behind a closing quote"
                                                : NULL;
            if (*why != NULL)
                return 0;
            cells[count++] = (ti_slice){unquoted, size};
            unquoted += size;
        } else {
            next = at < end ? memchr(at, ';', (size_t)(end - at)) : NULL;
            next = next != NULL ? next : end;
            cells[count++] = (ti_slice){at, (size_t)(next - at)};
        }
        if (next == end)
            return count;
        at = next + 1;
    }
}
