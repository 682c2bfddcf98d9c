/* Which format the client wants, and whether it has the answer already. */
#include <string.h>
#include <strings.h>

#include "server.h"

static const struct {
    server_format format;
    const char *name, *type, *range; /* range: the media type alone */
} formats[] = {
    {SERVER_JSON, "json", "application/json", "application/json"},
    {SERVER_CSV, "csv", "text/csv; charset=utf-8; header=present", "text/csv"},
    {SERVER_NDJSON, "ndjson", "application/x-ndjson", "application/x-ndjson"},
};
#define FORMATS (sizeof formats / sizeof formats[0])

const char *format_name(server_format format)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (formats[i].format == format)
            return formats[i].name;
    return formats[0].name;
}

const char *format_type(server_format format)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (formats[i].format == format)
            return formats[i].type;
    return formats[0].type;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

bool etag_matches(const exchange *x, const char *etag)
{
    const char *at = exchange_header_of(x, "if-none-match");
    size_t size;

    if (at == NULL)
        return false;
    if (strncmp(etag, "W/", 2) == 0)
        etag += 2;
    size = strlen(etag);
    at = skip_blanks(at);
    if (at[0] == '*' && *skip_blanks(at + 1) == '\0')
        return true;
    /* A list of "…" and W/"…"; the weak comparison is the one meant for If-None-Match. */
    while (*at != '\0') {
        const char *end;

        if (strncmp(at, "W/", 2) == 0)
            at += 2;
        end = *at == '"' ? strchr(at + 1, '"') : NULL;
        if (end == NULL)
            return false;
        if ((size_t)(end + 1 - at) == size && memcmp(at, etag, size) == 0)
            return true;
        at = skip_blanks(end + 1);
        if (*at != ',')
            return false;
        at = skip_blanks(at + 1);
    }
    return false;
}

/* "q=0.5" in thousandths; -1: no such thing. */
static int quality(const char *text, size_t size)
{
    int value, scale = 100;

    if (size < 3 || size > 7 || (text[0] != 'q' && text[0] != 'Q') || text[1] != '=' ||
        (text[2] != '0' && text[2] != '1') || (size > 3 && text[3] != '.'))
        return -1;
    value = (text[2] - '0') * 1000;
    for (size_t i = 4; i < size; i++, scale /= 10) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value += (text[i] - '0') * scale;
    }
    return value <= 1000 ? value : -1;
}

/* How exactly a range means the type: 3 "text/csv", 2 "text/ *", 1 "* / *", 0 not at all. */
static int range_rank(const char *range, size_t size, const char *type)
{
    size_t main = strcspn(type, "/") + 1;

    if (size == strlen(type) && strncasecmp(range, type, size) == 0)
        return 3;
    if (size == main + 1 && range[main] == '*' && strncasecmp(range, type, main) == 0)
        return 2;
    return size == 3 && memcmp(range, "*/*", 3) == 0 ? 1 : 0;
}

/* The quality of one element of Accept, which ends at `end`; *size is set to the bytes of its range. */
static int element(const char *at, const char *end, size_t *size)
{
    const char *stop = memchr(at, ';', (size_t)(end - at));
    int found = 1000;

    *size = (size_t)((stop != NULL ? stop : end) - at);
    while (*size > 0 && strchr(" \t", at[*size - 1]) != NULL)
        (*size)--;
    while (stop != NULL) {
        const char *start = stop + 1, *next = memchr(start, ';', (size_t)(end - start));
        size_t length;

        while (start < end && strchr(" \t", *start) != NULL)
            start++;
        length = (size_t)((next != NULL ? next : end) - start);
        while (length > 0 && strchr(" \t", start[length - 1]) != NULL)
            length--;
        if (length > 0 && (start[0] == 'q' || start[0] == 'Q')) {
            found = quality(start, length);
            break; /* what follows the quality is no part of the type */
        }
        stop = next;
    }
    return found;
}

/* What Accept thinks of a type: its quality in thousandths, that of the range that means it most exactly. */
static int accepts(const char *header, const char *type, int *rank)
{
    int best = 0;

    *rank = 0;
    for (const char *at = skip_blanks(header); *at != '\0';) {
        const char *end = strchr(at, ',');
        size_t size;
        int value, exact;

        if (end == NULL)
            end = at + strlen(at);
        value = element(at, end, &size);
        exact = range_rank(at, size, type);
        if (value >= 0 && exact > *rank) {
            *rank = exact;
            best = value;
        }
        at = *end == ',' ? skip_blanks(end + 1) : end;
    }
    return best;
}

static bool by_name(exchange *x, request *r, const char *name)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (strcmp(formats[i].name, name) == 0 && (formats[i].format & r->route->formats) != 0) {
            r->format = formats[i].format;
            return true;
        }
    problem_printf(x, 400, "the format cannot be \"%.32s\"; use json%s%s", name,
                   (r->route->formats & SERVER_CSV) != 0 ? ", csv" : "",
                   (r->route->formats & SERVER_NDJSON) != 0 ? ", ndjson" : "");
    return false;
}

bool negotiate_format(exchange *x, request *r)
{
    const char *name = request_value(r, "format"), *header = exchange_header_of(x, "accept");
    int best = 0, best_rank = 0;

    r->format = SERVER_JSON;
    if (r->route->formats == 0)
        return true;
    if (name != NULL && name[0] != '\0')
        return by_name(x, r, name);
    if (header == NULL || *skip_blanks(header) == '\0' || strcmp(header, "*/*") == 0)
        return true;
    for (size_t i = 0; i < FORMATS; i++) {
        int rank = 0,
            value = (formats[i].format & r->route->formats) != 0 ? accepts(header, formats[i].range, &rank) : 0;

        if (value > best || (value == best && value > 0 && rank > best_rank)) {
            best = value;
            best_rank = rank;
            r->format = formats[i].format;
        }
    }
    if (best > 0)
        return true;
    problem_printf(x, 406, "this is there as application/json%s%s",
                   (r->route->formats & SERVER_CSV) != 0 ? ", text/csv" : "",
                   (r->route->formats & SERVER_NDJSON) != 0 ? ", application/x-ndjson" : "");
    return false;
}
