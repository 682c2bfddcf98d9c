/* The reader of multipart/form-data.
 *
 * A part ends where a line begins with "--", the boundary and nothing else but blanks ("--" behind it: the last one).
 * The line end before it belongs to it. Bytes that look like that and are not (another letter behind, a bare line feed
 * before) are data. The body is read into a window; what is surely data goes out of it, what may be the beginning of
 * such a line stays until more has come. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* memmem() */
#endif
#include "multipart.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WINDOW_BYTES ((size_t)128 * 1024)
#define CRLF "\r\n"
/* CRLF, "--", the boundary; and behind it "--", blanks, CRLF. */
#define DELIMITER_MAX (4 + MULTIPART_BOUNDARY_MAX)

typedef enum place {
    BEFORE, /* the first boundary */
    PART,
    BETWEEN, /* a part was read to its end, and the next one not asked for */
    ENDED,
    BROKEN
} place;

struct multipart {
    multipart_source read;
    void *from;
    char delimiter[DELIMITER_MAX + 1];
    size_t delimiter_size;

    unsigned char *window;
    size_t begin, end; /* what of the window has not gone out */
    size_t plain;      /* bytes from `begin` on that are surely data */
    bool source_ended;
    bool fresh; /* nothing of the part went out: the window begins with the line end before it */

    place place;
    bool last; /* BETWEEN: the boundary was the closing one */
    size_t parts, around;
    disposition disposition;
    char type[MULTIPART_TYPE_MAX];
};

/* --- The boundary -------------------------------------------------------------------------------------------------------------- */

static bool is_boundary(const char *text, size_t size)
{
    static const char others[] = "'()+_,-./:=? ";

    if (size == 0 || size > MULTIPART_BOUNDARY_MAX || text[size - 1] == ' ')
        return false;
    for (size_t i = 0; i < size; i++) {
        char byte = text[i];
        bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');

        if (!plain && strchr(others, byte) == NULL)
            return false;
    }
    return true;
}

int multipart_boundary(const char *content_type, char boundary[MULTIPART_BOUNDARY_MAX + 1])
{
    size_t size = strlen(content_type);
    char found[MULTIPART_BOUNDARY_MAX + 1];
    int length;

    if (!header_is(content_type, size, "multipart/form-data"))
        return 0;
    length = header_parameter(content_type, size, "boundary", found, sizeof(found));
    if (length < 0 || !is_boundary(found, (size_t)length))
        return -1;
    memcpy(boundary, found, (size_t)length + 1);
    return 1;
}

multipart *multipart_new(const char *boundary, multipart_source read, void *from)
{
    size_t size = strlen(boundary);
    multipart *form;

    if (!is_boundary(boundary, size))
        return NULL;
    form = calloc(1, sizeof(*form));
    if (form == NULL)
        return NULL;
    form->window = malloc(WINDOW_BYTES);
    if (form->window == NULL) {
        free(form);
        return NULL;
    }
    form->read = read;
    form->from = from;
    memcpy(form->delimiter, CRLF "--", 4);
    memcpy(form->delimiter + 4, boundary, size + 1);
    form->delimiter_size = 4 + size;
    /* The first boundary has no line end before it: this one stands for it. */
    memcpy(form->window, CRLF, 2);
    form->end = 2;
    return form;
}

void multipart_free(multipart *form)
{
    if (form == NULL)
        return;
    free(form->window);
    free(form);
}

const disposition *multipart_disposition(const multipart *form)
{
    return &form->disposition;
}

const char *multipart_type(const multipart *form)
{
    return form->type;
}

/* --- The window ---------------------------------------------------------------------------------------------------------------- */

static ticker_status broken(multipart *form, ticker_error_kind kind, const char *why, ticker_error *error)
{
    form->place = BROKEN;
    return ticker_error_set(error, TICKER_FAILED, kind, why);
}

/* More bytes behind those that are there. TICKER_OK also at the end of the source. */
static ticker_status fill(multipart *form, ticker_error *error)
{
    size_t got = 0;
    ticker_status status;

    if (form->begin > 0) {
        memmove(form->window, form->window + form->begin, form->end - form->begin);
        form->end -= form->begin;
        form->begin = 0;
    }
    status = form->read(form->from, form->window + form->end, WINDOW_BYTES - form->end, &got, error);
    if (status == TICKER_OK && got > 0 && got <= WINDOW_BYTES - form->end) {
        form->end += got;
        return TICKER_OK;
    }
    if (status == TICKER_DONE) {
        form->source_ended = true;
        return TICKER_OK;
    }
    form->place = BROKEN;
    return status < TICKER_OK ? status
                              : ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a source gave no bytes");
}

/* What stands at a delimiter: the length of its whole line; 0: it is none; -1: more bytes will tell. */
static int line_at(const multipart *form, size_t at, bool *last)
{
    const unsigned char *data = form->window + at + form->delimiter_size;
    size_t size = form->end - at - form->delimiter_size, used = 0;

    *last = false;
    if (size >= 2 && data[0] == '-' && data[1] == '-') {
        *last = true;
        used = 2;
    } else if (size < 2 && (size == 0 || data[0] == '-')) {
        return form->source_ended ? 0 : -1;
    }
    for (size_t blanks = 0; used < size && (data[used] == ' ' || data[used] == '\t'); used++)
        if (++blanks > MULTIPART_PADDING_MAX)
            return 0;
    if (used == size)
        return !form->source_ended ? -1 : *last ? (int)(form->delimiter_size + used) : 0;
    if (data[used] != '\r')
        return 0;
    if (used + 1 == size)
        return form->source_ended ? 0 : -1;
    return data[used + 1] == '\n' ? (int)(form->delimiter_size + used + 2) : 0;
}

/* As memmem(), but from line end to line end, which is several times as fast: lines are what most uploads have. */
static const unsigned char *find_delimiter(const multipart *form, size_t at)
{
    const unsigned char *end = form->window + form->end, *hit = form->window + at;

    while ((hit = memchr(hit, '\r', (size_t)(end - hit))) != NULL && (size_t)(end - hit) >= form->delimiter_size) {
        if (memcmp(hit, form->delimiter, form->delimiter_size) == 0)
            return hit;
        hit++;
    }
    return NULL;
}

/* Looks for a boundary line. Sets form->plain to the bytes before it, or before what may become one; with none of them the line is here:
 * its length in *line. Both 0: more bytes will tell. */
static void look(multipart *form, size_t *line, bool *last)
{
    size_t at = form->begin;

    *line = 0;
    for (;;) {
        const unsigned char *hit = find_delimiter(form, at);
        int length;

        if (hit == NULL)
            break;
        at = (size_t)(hit - form->window);
        length = line_at(form, at, last);
        if (length != 0) {
            form->plain = at - form->begin;
            *line = form->plain == 0 && length > 0 ? (size_t)length : 0;
            return;
        }
        at += 2;
    }
    form->plain = form->end - form->begin;
    form->plain -= form->plain < form->delimiter_size ? form->plain : form->delimiter_size - 1;
}

/* Until some bytes are data (TICKER_OK) or a boundary line was taken (TICKER_DONE). */
static ticker_status advance(multipart *form, bool *last, ticker_error *error)
{
    size_t least = form->fresh ? 2 : 1; /* the line end before a part that is not empty has to go first */

    while (form->plain < least) {
        ticker_status status;
        size_t line;

        look(form, &line, last);
        if (line > 0) {
            form->begin += line;
            form->plain = 0;
            return TICKER_DONE;
        }
        if (form->plain >= least)
            break;
        if (form->source_ended)
            return broken(form, TICKER_ERROR_INPUT, "the form ends before its closing boundary", error);
        status = fill(form, error);
        if (status != TICKER_OK)
            return status;
    }
    if (form->fresh) {
        form->begin += 2;
        form->plain -= 2;
        form->fresh = false;
    }
    return TICKER_OK;
}

/* --- Headers ------------------------------------------------------------------------------------------------------------------- */

static bool is_name(const char *data, size_t size)
{
    if (size == 0)
        return false;
    for (size_t i = 0; i < size; i++)
        if (data[i] <= ' ' || data[i] >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", data[i]) != NULL)
            return false;
    return true;
}

static bool is_header(const char *line, size_t name, const char *wanted)
{
    return name == strlen(wanted) && strncasecmp(line, wanted, name) == 0;
}

/* One line without its end. NULL, or what is wrong with it. */
static const char *take_header(multipart *form, const char *line, size_t size, bool *disposed)
{
    const char *colon = memchr(line, ':', size), *value;
    size_t name = colon != NULL ? (size_t)(colon - line) : 0, rest;

    if (colon == NULL || !is_name(line, name))
        return "a line of a part's headers is no header";
    value = colon + 1;
    rest = size - name - 1;
    for (; rest > 0 && (*value == ' ' || *value == '\t'); rest--)
        value++;
    while (rest > 0 && (value[rest - 1] == ' ' || value[rest - 1] == '\t'))
        rest--;
    if (is_header(line, name, "content-disposition")) {
        if (*disposed || !disposition_parse(value, rest, &form->disposition))
            return "a part's Content-Disposition is not form-data with a name";
        *disposed = true;
    } else if (is_header(line, name, "content-type")) {
        if (rest >= sizeof(form->type))
            return "a part's Content-Type is too long";
        memcpy(form->type, value, rest);
        form->type[rest] = '\0';
    } else if (is_header(line, name, "content-transfer-encoding")) {
        if (!header_is(value, rest, "binary") && !header_is(value, rest, "8bit") && !header_is(value, rest, "7bit"))
            return "a part has a Content-Transfer-Encoding, which forms do not have";
    }
    return NULL;
}

/* The lines of `size` bytes, each with its CRLF; those that go on in the next one are joined. */
static const char *take_headers(multipart *form, char *data, size_t size)
{
    bool disposed = false;
    unsigned count = 0;

    for (size_t i = 0; i < size; i++) {
        bool end = data[i] == '\r' && i + 1 < size && data[i + 1] == '\n';

        if (data[i] == '\0' || data[i] == '\n' || (data[i] == '\r' && !end))
            return "a part's headers have a control character";
        if (end && i + 2 < size && (data[i + 2] == ' ' || data[i + 2] == '\t'))
            data[i] = data[i + 1] = ' ';
        else if (end)
            i++;
    }
    while (size > 0) {
        char *end = memmem(data, size, CRLF, 2);
        const char *wrong;
        size_t line;

        if (end == NULL || ++count > MULTIPART_HEADERS_MAX)
            return "a part has too many headers";
        line = (size_t)(end - data);
        wrong = take_header(form, data, line, &disposed);
        if (wrong != NULL)
            return wrong;
        data += line + 2;
        size -= line + 2;
    }
    return disposed ? NULL : "a part has no Content-Disposition";
}

/* Reads the headers of the part that begins here. Their last line end stays: it may belong to the boundary of a part without a body. */
static ticker_status begin_part(multipart *form, ticker_error *error)
{
    const char *wrong = NULL;
    unsigned char *start, *end;

    if (++form->parts > MULTIPART_PARTS_MAX)
        return broken(form, TICKER_ERROR_LIMIT, "the form has too many parts", error);
    memset(&form->disposition, 0, sizeof(form->disposition));
    form->type[0] = '\0';
    for (;;) {
        size_t size = form->end - form->begin;
        ticker_status status;

        start = form->window + form->begin;
        if (size >= 2 && memcmp(start, CRLF, 2) == 0)
            return broken(form, TICKER_ERROR_INPUT, "a part has no Content-Disposition", error);
        end = memmem(start, size, CRLF CRLF, 4);
        if ((end != NULL ? (size_t)(end - start) : size) > MULTIPART_HEADER_BYTES_MAX)
            return broken(form, TICKER_ERROR_LIMIT, "the headers of a part are too long", error);
        if (end != NULL)
            break;
        if (form->source_ended)
            return broken(form, TICKER_ERROR_INPUT, "the form ends before its closing boundary", error);
        status = fill(form, error);
        if (status != TICKER_OK)
            return status;
    }
    wrong = take_headers(form, (char *)start, (size_t)(end - start) + 2);
    if (wrong != NULL)
        return broken(form, TICKER_ERROR_INPUT, wrong, error);
    form->begin += (size_t)(end - start) + 2;
    form->fresh = true;
    form->place = PART;
    return TICKER_OK;
}

/* --- The way through ----------------------------------------------------------------------------------------------------------- */

/* Behind a boundary line. */
static void pass(multipart *form, bool last)
{
    form->fresh = false;
    form->last = last;
    form->place = BETWEEN;
}

/* What stands before the first boundary, or what is left of a part, is of no interest. */
static ticker_status skip_to_boundary(multipart *form, ticker_error *error)
{
    bool last = false;
    ticker_status status;

    while ((status = advance(form, &last, error)) == TICKER_OK) {
        if (form->place == BEFORE && (form->around += form->plain) > MULTIPART_AROUND_BYTES_MAX)
            return broken(form, TICKER_ERROR_LIMIT, "there is too much before the first boundary of the form", error);
        form->begin += form->plain;
        form->plain = 0;
    }
    if (status != TICKER_DONE)
        return status;
    pass(form, last);
    return TICKER_OK;
}

/* Behind the closing boundary nothing counts, but it is read: the body has to end as it was announced. */
static ticker_status skip_rest(multipart *form, ticker_error *error)
{
    form->around = 0;
    for (;;) {
        ticker_status status;

        form->around += form->end - form->begin;
        form->begin = form->end;
        if (form->around > MULTIPART_AROUND_BYTES_MAX)
            return broken(form, TICKER_ERROR_LIMIT, "there is too much behind the last boundary of the form", error);
        if (form->source_ended)
            break;
        status = fill(form, error);
        if (status != TICKER_OK)
            return status;
    }
    form->place = ENDED;
    return TICKER_DONE;
}

ticker_status multipart_next(multipart *form, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    if (form->place == BROKEN)
        return broken(form, TICKER_ERROR_INPUT, "the form is broken", error);
    if (form->place == ENDED)
        return TICKER_DONE;
    if (form->place == BEFORE || form->place == PART)
        status = skip_to_boundary(form, error);
    if (status != TICKER_OK)
        return status;
    return form->last ? skip_rest(form, error) : begin_part(form, error);
}

ticker_status multipart_read(multipart *form, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    bool last = false;
    ticker_status status;

    *got = 0;
    if (form->place == BROKEN)
        return broken(form, TICKER_ERROR_INPUT, "the form is broken", error);
    if (form->place != PART)
        return TICKER_DONE;
    while ((status = advance(form, &last, error)) == TICKER_OK && form->plain == 0)
        ; /* only the line end before the part went out */
    if (status == TICKER_DONE)
        pass(form, last);
    if (status != TICKER_OK)
        return status;
    *got = form->plain < capacity ? form->plain : capacity;
    memcpy(buffer, form->window + form->begin, *got);
    form->begin += *got;
    form->plain -= *got;
    return TICKER_OK;
}
