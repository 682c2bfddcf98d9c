#include "upload_body.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Browsers and programs call the same files by many names; what it is, its bytes tell. These say that it is surely nothing else. */
static const char *const types[] = {
    "application/octet-stream",
    "binary/octet-stream",
    "application/zip",
    "application/x-zip",
    "application/x-zip-compressed",
    "application/gzip",
    "application/x-gzip",
    "text/plain",
    "text/csv",
    "application/csv",
    "application/vnd.ms-excel", /* what Windows calls .csv */
    "text/xml",
    "application/xml",
};

static bool refuse(upload_body *body, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The first that is wrong counts. */
static bool refuse(upload_body *body, int status, const char *format, ...)
{
    va_list list;

    if (body->status != 0)
        return false;
    body->status = status;
    va_start(list, format);
    (void)vsnprintf(body->detail, sizeof body->detail, format, list);
    va_end(list);
    return false;
}

static ticker_status refuse_size(upload_body *body, ticker_error *error)
{
    (void)refuse(body, 413, "an upload has at most %lld bytes", (long long)body->max);
    return ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the upload is too large");
}

/* --- What comes in. */

/* The body of the request. */
static ticker_status read_exchange(void *from, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    upload_body *body = from;
    ticker_error *own = error != NULL ? NULL : ticker_error_new();
    ticker_error *said = error != NULL ? error : own;
    ticker_status status = body->x->ops->read(body->x, buffer, capacity, got, said);

    if (status == TICKER_FAILED && ticker_error_get_kind(said) == TICKER_ERROR_LIMIT)
        status = refuse_size(body, said);
    else if (status < TICKER_OK && ticker_error_get_kind(said) == TICKER_ERROR_CANCELLED)
        (void)refuse(body, 503, "the server is stopping; try again in a moment");
    else if (status < TICKER_OK)
        (void)refuse(body, 400, "the body broke off before its end");
    ticker_error_free(own);
    return status;
}

/* A form that is none is the client's fault; what its source said has been noted already. */
static ticker_status from_form(upload_body *body, ticker_status status, const ticker_error *error)
{
    if (status < TICKER_OK)
        (void)refuse(body, 400, "%s", ticker_error_message(error));
    return status;
}

/* Behind the file: no second one may come, and the form has to end. */
static ticker_status finish_form(upload_body *body, ticker_error *error)
{
    ticker_status status;

    while ((status = from_form(body, multipart_next(body->form, error), error)) == TICKER_OK)
        if (strcmp(multipart_disposition(body->form)->name, UPLOAD_FIELD) == 0) {
            (void)refuse(body, 400, "the form has more than one field \"%s\"; send one file in a request",
                         UPLOAD_FIELD);
            return ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_INPUT, "a second file");
        }
    return status;
}

/* The next bytes of the file. */
static ticker_status read_file(upload_body *body, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    ticker_status status;

    *got = 0;
    if (body->ended)
        return TICKER_DONE;
    if (body->form != NULL) {
        status = from_form(body, multipart_read(body->form, buffer, capacity, got, error), error);
        if (status == TICKER_DONE)
            status = finish_form(body, error);
    } else {
        status = read_exchange(body, buffer, capacity, got, error);
    }
    body->ended = status == TICKER_DONE;
    body->taken += (int64_t)*got;
    return status == TICKER_OK && body->taken > body->max ? refuse_size(body, error) : status;
}

static ticker_status read_source(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    upload_body *body = self;
    size_t left = body->head_size - body->head_at;

    if (left == 0)
        return read_file(body, buffer, capacity, got, error);
    *got = left < capacity ? left : capacity;
    memcpy(buffer, body->head + body->head_at, *got);
    body->head_at += *got;
    return TICKER_OK;
}

ticker_source *upload_body_source(upload_body *body)
{
    static const ticker_source_ops ops = {.size = sizeof ops, .read = read_source};

    return ticker_source_new(&ops, body, body->name, body->ended ? (int64_t)body->head_size : -1);
}

/* --- What it is. */

static bool take_type(upload_body *body, const char *type)
{
    size_t size = strcspn(type, ";");

    while (size > 0 && (type[size - 1] == ' ' || type[size - 1] == '\t'))
        size--;
    if (size >= sizeof body->type)
        return refuse(body, 415, "the content type is too long");
    memcpy(body->type, type, size);
    body->type[size] = '\0';
    if (size == 0)
        return true;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (header_is(type, size, types[i]))
            return true;
    return refuse(
        body, 415,
        "files of the type %.80s are not taken; send a form (multipart/form-data) with the field \"%s\", or the "
        "file itself as application/octet-stream",
        body->type, UPLOAD_FIELD);
}

/* Moves to the field of the file. */
static bool find_file(upload_body *body, ticker_error *error)
{
    const disposition *field;
    ticker_status status;

    while ((status = from_form(body, multipart_next(body->form, error), error)) == TICKER_OK) {
        field = multipart_disposition(body->form);
        if (strcmp(field->name, UPLOAD_FIELD) != 0)
            continue;
        memcpy(body->name, field->file, sizeof body->name);
        return take_type(body, multipart_type(body->form));
    }
    return refuse(body, 400, "the form has no field \"%s\"", UPLOAD_FIELD);
}

/* The name of a file that is the body: from the path, from the query string, or as a download would have it. */
static void take_name(upload_body *body, const request *r)
{
    const char *header = exchange_header_of(body->x, "content-disposition"), *name = r->segment;
    char value[1024];

    if (name == NULL)
        name = request_value(r, "name");
    if (name == NULL && header != NULL &&
        header_parameter(header, strlen(header), "filename", value, sizeof value) >= 0)
        name = value;
    if (name != NULL)
        clean_file_name(name, strlen(name), body->name);
}

static bool find_body(upload_body *body, const request *r, ticker_error *error)
{
    const char *type = exchange_header_of(body->x, "content-type");
    char boundary[MULTIPART_BOUNDARY_MAX + 1];
    int form = type != NULL ? multipart_boundary(type, boundary) : 0;

    if (form < 0)
        return refuse(body, 400, "the Content-Type names no boundary that a form can have");
    if (form == 0) {
        if (body->x->content_length > body->max)
            (void)refuse_size(body, NULL);
        take_name(body, r);
        return body->status == 0 && take_type(body, type != NULL ? type : "");
    }
    body->form = multipart_new(boundary, read_exchange, body);
    if (body->form == NULL)
        return refuse(body, 503, "the server is short of memory; try again in a moment");
    return find_file(body, error);
}

/* Fills the head up to `size` bytes, or to the end of the file. */
static bool fill_head(upload_body *body, size_t size, ticker_error *error)
{
    while (body->head_size < size && !body->ended) {
        size_t got = 0;

        if (read_file(body, body->head + body->head_size, size - body->head_size, &got, error) < TICKER_OK)
            return refuse(body, 500, "the body cannot be read");
        body->head_size += got;
    }
    return true;
}

static const char *format_named(const char *name)
{
    static const char *const formats[] = {"cotahist", "trades", "neg", "consolidated", "bvbg086"};

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(name, formats[i]) == 0)
            return formats[i];
    return "";
}

/* Looks into a packed file as far as the head goes. Only when that is all of it can it be refused: who knows what else
 * there is. */
static bool look_inside(upload_body *body, ticker_error *error)
{
    ticker_source *source = ticker_source_open_memory(body->head, body->head_size, body->name);
    ticker_reader *reader = source != NULL ? ticker_reader_new(source, body->options) : NULL;
    ticker_status status = TICKER_FATAL;
    char reason[UPLOAD_DETAIL_MAX / 2] = "it is empty";
    bool failed = false;

    while (reader != NULL && (status = ticker_reader_next_member(reader, error)) == TICKER_FAILED) {
        if (!failed)
            (void)snprintf(reason, sizeof reason, "%s", ticker_error_message(error));
        failed = true;
        if (!body->ended || ticker_error_get_kind(error) != TICKER_ERROR_INPUT)
            break;
        ticker_error_clear(error);
    }
    if (status == TICKER_OK)
        body->format = format_named(ticker_report_text(ticker_reader_report(reader), TICKER_REPORT_FORMAT));
    else if (body->ended && (status == TICKER_FAILED || status == TICKER_DONE))
        (void)refuse(body, 422, "there is no file of B3 in it: %s", reason);
    ticker_reader_free(reader);
    ticker_error_clear(error);
    return body->status == 0;
}

static bool recognise(upload_body *body, ticker_error *error)
{
    const char *guess;

    if (!fill_head(body, TICKER_FORMAT_GUESS_MAX, error))
        return false;
    if (body->head_size == 0)
        return refuse(body, body->form != NULL && body->name[0] == '\0' ? 400 : 422,
                      body->form != NULL && body->name[0] == '\0' ? "no file was chosen" : "the file is empty");
    guess = ticker_format_guess(body->head, body->head_size);
    if (guess == NULL)
        return refuse(body, 422,
                      "this is no file of B3: it is neither COTAHIST nor trades (NEGOCIOSAVISTA), nor a zip or gzip");
    body->format = format_named(guess);
    if (body->format[0] != '\0')
        return true;
    return fill_head(body, UPLOAD_HEAD_BYTES, error) && look_inside(body, error);
}

bool upload_body_open(upload_body *body, server *s, exchange *x, const request *r)
{
    ticker_error *error = ticker_error_new();
    bool opened;

    memset(body, 0, sizeof *body);
    body->x = x;
    body->options = s->options;
    body->max = s->upload_max;
    body->format = "";
    body->head = malloc(UPLOAD_HEAD_BYTES);
    if (error == NULL || body->head == NULL)
        opened = refuse(body, 503, "the server is short of memory; try again in a moment");
    else
        opened = find_body(body, r, error) && recognise(body, error);
    if (body->name[0] == '\0')
        memcpy(body->name, "upload", sizeof "upload");
    ticker_error_free(error);
    return opened;
}

void upload_body_close(upload_body *body)
{
    multipart_free(body->form);
    free(body->head);
    body->form = NULL;
    body->head = NULL;
}
