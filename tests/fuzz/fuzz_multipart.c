/* The reader of forms. The input's first line is a Content-Type, the rest a body. What is read must not depend on the pieces in which the
 * body comes; names are text without folders; and the rest as a file in a form of our own comes out as it went in. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* memmem() */
#endif
#include "fuzz.h"

#include <string.h>
#include <tickerimport.h>

#include "multipart.h"
#include "text.h"

#define OWN "own-boundary"

typedef struct body {
    const char *data;
    size_t size, at, piece;
} body;

typedef struct outcome {
    ticker_status status;
    size_t parts, bytes;
    uint64_t sum;
} outcome;

static ticker_status read_body(void *from, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    body *self = from;
    size_t left = self->size - self->at;

    (void)error;
    *got = left < self->piece ? left : self->piece;
    *got = *got < capacity ? *got : capacity;
    memcpy(buffer, self->data + self->at, *got);
    self->at += *got;
    return *got > 0 ? TICKER_OK : TICKER_DONE;
}

static void add(outcome *to, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to->sum = (to->sum ^ ((const uint8_t *)data)[i]) * 1099511628211u;
}

static void check_name(const char *name, size_t max)
{
    CHECK(strlen(name) < max);
    CHECK(strpbrk(name, "/\\") == NULL && strcmp(name, "..") != 0 && strcmp(name, ".") != 0);
    for (size_t length; *name != '\0'; name += length) {
        length = front_utf8_length(name);
        CHECK(length > 0 && (unsigned char)name[0] >= ' ' && name[0] != 0x7f);
    }
}

static void read_part(multipart *form, outcome *to, ticker_error *error)
{
    const disposition *about = multipart_disposition(form);
    char block[300];
    size_t got;

    check_name(about->file, FILE_NAME_MAX);
    CHECK(about->has_file || about->file[0] == '\0');
    CHECK(strlen(about->name) < FIELD_NAME_MAX && strlen(multipart_type(form)) < MULTIPART_TYPE_MAX);
    add(to, about->name, strlen(about->name) + 1);
    add(to, about->file, strlen(about->file) + 1);
    add(to, multipart_type(form), strlen(multipart_type(form)) + 1);
    while ((to->status = multipart_read(form, block, sizeof(block), &got, error)) == TICKER_OK) {
        CHECK(got > 0 && got <= sizeof(block));
        add(to, block, got);
        to->bytes += got;
    }
}

static outcome read_form(const char *boundary, const char *data, size_t size, size_t piece)
{
    body from = {data, size, 0, piece};
    multipart *form = multipart_new(boundary, read_body, &from);
    ticker_error *error = ticker_error_new();
    outcome to = {0};

    CHECK(form != NULL && error != NULL);
    while ((to.status = multipart_next(form, error)) == TICKER_OK) {
        CHECK(++to.parts <= MULTIPART_PARTS_MAX);
        if (to.parts % 3 != 0) /* each third one is skipped */
            read_part(form, &to, error);
        if (to.status < TICKER_OK)
            break;
    }
    CHECK(to.status == TICKER_DONE || to.status == TICKER_FAILED);
    CHECK(to.status == TICKER_DONE || ticker_error_get_kind(error) == TICKER_ERROR_INPUT ||
          ticker_error_get_kind(error) == TICKER_ERROR_LIMIT);
    CHECK(to.bytes <= size);
    if (to.status == TICKER_DONE)
        CHECK(from.at == size && multipart_next(form, error) == TICKER_DONE);
    else
        CHECK(multipart_next(form, error) == TICKER_FAILED);
    multipart_free(form);
    ticker_error_free(error);
    return to;
}

static void check_pieces(const char *boundary, const char *data, size_t size)
{
    static const size_t pieces[] = {1, 7, 300};
    outcome whole = read_form(boundary, data, size, SIZE_MAX);

    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        outcome other = read_form(boundary, data, size, pieces[i]);

        CHECK(other.status == whole.status);
        /* How much of a broken part goes out before it shows depends on the pieces. */
        CHECK(whole.status == TICKER_FAILED ||
              (other.sum == whole.sum && other.parts == whole.parts && other.bytes == whole.bytes));
    }
}

static void check_own(const char *data, size_t size)
{
    static const char head[] = "--" OWN "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n",
                      tail[] = "\r\n--" OWN "--\r\n";
    size_t first = sizeof(head) - 1, last = sizeof(tail) - 1;
    outcome wanted = {0}, found;
    char *form;

    if (memmem(data, size, "--" OWN, sizeof(OWN) + 1) != NULL)
        return;
    form = malloc(first + size + last);
    CHECK(form != NULL);
    memcpy(form, head, first);
    memcpy(form + first, data, size);
    memcpy(form + first + size, tail, last);
    add(&wanted, "file\0x\0", 8);
    add(&wanted, data, size);
    found = read_form(OWN, form, first + size + last, 64);
    CHECK(found.status == TICKER_DONE && found.parts == 1 && found.bytes == size && found.sum == wanted.sum);
    free(form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *end = size > 0 ? memchr(text, '\n', size) : NULL;
    size_t line = end != NULL ? (size_t)(end - text) : 0;
    char type[512], boundary[MULTIPART_BOUNDARY_MAX + 1] = "b", clean[FILE_NAME_MAX];

    snprintf(type, sizeof(type), "%.*s", (int)(line < 500 ? line : 500), line > 0 ? text : "");
    if (multipart_boundary(type, boundary) != 1)
        memcpy(boundary, "b", 2);
    CHECK(boundary[0] != '\0');
    clean_file_name(text, size, clean);
    check_name(clean, sizeof(clean));
    if (end != NULL) {
        text += line + 1;
        size -= line + 1;
    }
    check_pieces(boundary, text, size);
    check_own(text, size);
    return 0;
}
