#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void ti_error_init(ticker_error *error)
{
    if (error == NULL)
        return;
    memset(error, 0, sizeof(*error));
    error->offset = -1;
}

ticker_error *ticker_error_new(void)
{
    ticker_error *error = malloc(sizeof(*error));

    ti_error_init(error);
    return error;
}

void ticker_error_free(ticker_error *error)
{
    free(error);
}

void ticker_error_clear(ticker_error *error)
{
    ti_error_init(error);
}

/* One line, whatever it holds. */
static void one_line(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
}

/* Messages quote bytes of the input and of other programs. */
__attribute__((format(printf, 2, 0))) static void put_text(char to[TICKER_ERROR_MESSAGE_MAX], const char *format,
                                                           va_list arguments)
{
    char text[TI_UTF8_ROOM(TICKER_ERROR_MESSAGE_MAX)];

    if (vsnprintf(text, sizeof(text), format, arguments) < 0)
        text[0] = '\0';
    (void)ti_utf8_copy(to, TICKER_ERROR_MESSAGE_MAX, ti_slice_of(text));
    one_line(to);
}

ticker_status ti_fail(ticker_error *error, ticker_status status, ticker_error_kind kind, const char *format, ...)
{
    va_list arguments;

    if (error == NULL || error->kind != TICKER_ERROR_NONE)
        return status;
    error->status = status;
    error->kind = kind;
    va_start(arguments, format);
    put_text(error->message, format, arguments);
    va_end(arguments);
    return status;
}

ticker_status ti_fail_memory(ticker_error *error)
{
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "out of memory");
}

ticker_status ticker_error_set(ticker_error *error, ticker_status status, ticker_error_kind kind, const char *message)
{
    if (kind == TICKER_ERROR_NONE)
        kind = TICKER_ERROR_INTERNAL;
    return ti_fail(error, status, kind, "%s", message != NULL ? message : "");
}

void ti_error_hint(ticker_error *error, const char *format, ...)
{
    va_list arguments;

    if (error == NULL || error->kind == TICKER_ERROR_NONE || error->hint[0] != '\0')
        return;
    va_start(arguments, format);
    put_text(error->hint, format, arguments);
    va_end(arguments);
}

void ti_error_file(ticker_error *error, const char *file)
{
    if (error == NULL || error->kind == TICKER_ERROR_NONE || error->file[0] != '\0' || file == NULL)
        return;
    (void)snprintf(error->file, sizeof(error->file), "%s", file);
    one_line(error->file);
}

void ti_error_rename(ticker_error *error, const char *file)
{
    (void)ti_utf8_copy(error->file, sizeof(error->file), ti_slice_of(file));
    one_line(error->file);
}

void ti_error_place(ticker_error *error, uint64_t line, uint64_t column, int64_t offset)
{
    if (error == NULL || error->kind == TICKER_ERROR_NONE || error->line != 0 || error->offset >= 0)
        return;
    error->line = line;
    error->column = column;
    error->offset = offset;
}

void ti_error_sqlstate(ticker_error *error, const char *sqlstate)
{
    if (error == NULL || error->kind == TICKER_ERROR_NONE || error->sqlstate[0] != '\0' || sqlstate == NULL)
        return;
    (void)snprintf(error->sqlstate, sizeof(error->sqlstate), "%s", sqlstate);
}

void ti_error_http(ticker_error *error, int status, const char *aws_code)
{
    if (error == NULL || error->kind == TICKER_ERROR_NONE || error->http_status != 0 || error->aws_code[0] != '\0')
        return;
    error->http_status = status;
    (void)ti_utf8_copy(error->aws_code, sizeof(error->aws_code), ti_slice_of(aws_code));
    one_line(error->aws_code);
}

void ti_error_copy(ticker_error *to, const ticker_error *from)
{
    if (to != NULL && to->kind == TICKER_ERROR_NONE)
        *to = *from;
}

ticker_status ticker_error_status(const ticker_error *error)
{
    return error != NULL ? error->status : TICKER_OK;
}

ticker_error_kind ticker_error_get_kind(const ticker_error *error)
{
    return error != NULL ? error->kind : TICKER_ERROR_NONE;
}

const char *ticker_error_message(const ticker_error *error)
{
    return error != NULL ? error->message : "";
}

const char *ticker_error_hint(const ticker_error *error)
{
    return error != NULL ? error->hint : "";
}

const char *ticker_error_file(const ticker_error *error)
{
    return error != NULL ? error->file : "";
}

uint64_t ticker_error_line(const ticker_error *error)
{
    return error != NULL ? error->line : 0;
}

uint64_t ticker_error_column(const ticker_error *error)
{
    return error != NULL ? error->column : 0;
}

int64_t ticker_error_offset(const ticker_error *error)
{
    return error != NULL ? error->offset : -1;
}

const char *ticker_error_sqlstate(const ticker_error *error)
{
    return error != NULL ? error->sqlstate : "";
}

int ticker_error_http_status(const ticker_error *error)
{
    return error != NULL ? error->http_status : 0;
}

const char *ticker_error_aws_code(const ticker_error *error)
{
    return error != NULL ? error->aws_code : "";
}

size_t ticker_error_format(const ticker_error *error, char *text, size_t size)
{
    char place[64] = "";
    int length;

    if (error == NULL || error->kind == TICKER_ERROR_NONE) {
        if (size > 0)
            text[0] = '\0';
        return 0;
    }
    if (error->line > 0 && error->column > 0)
        (void)snprintf(place, sizeof(place), ":%llu:%llu", (unsigned long long)error->line,
                       (unsigned long long)error->column);
    else if (error->line > 0)
        (void)snprintf(place, sizeof(place), ":%llu", (unsigned long long)error->line);
    length = snprintf(text, size, "%s%s%s%s%s%s", error->file, place,
                      error->file[0] != '\0' || place[0] != '\0' ? ": " : "", error->message,
                      error->hint[0] != '\0' ? "; " : "", error->hint);
    return length < 0 ? 0 : (size_t)length;
}
