#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

#define FIRST_CAPACITY 256

void ti_buffer_init(ti_buffer *buffer, size_t max)
{
    *buffer = (ti_buffer){.max = max};
}

void ti_buffer_free(ti_buffer *buffer)
{
    if (buffer->secret && buffer->data != NULL)
        explicit_bzero(buffer->data, buffer->capacity);
    free(buffer->data);
    *buffer = (ti_buffer){.max = buffer->max, .secret = buffer->secret};
}

void ti_buffer_clear(ti_buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
}

bool ti_buffer_failed(const ti_buffer *buffer)
{
    return buffer->failed;
}

ticker_status ti_buffer_fail(const ti_buffer *buffer, ticker_status status, const char *what, ticker_error *error)
{
    if (!buffer->full)
        return ti_fail_memory(error);
    return ti_fail(error, status, TICKER_ERROR_LIMIT, "%s is longer than %zu bytes", what, buffer->max);
}

static char *fail(ti_buffer *buffer, bool full)
{
    buffer->size = 0;
    buffer->failed = true;
    buffer->full = full;
    return NULL;
}

/* realloc() would leave a copy of the old bytes behind. */
static char *move_secret(const ti_buffer *buffer, size_t capacity)
{
    char *data = malloc(capacity);

    if (data == NULL || buffer->data == NULL)
        return data;
    memcpy(data, buffer->data, buffer->capacity);
    explicit_bzero(buffer->data, buffer->capacity);
    free(buffer->data);
    return data;
}

char *ti_buffer_reserve(ti_buffer *buffer, size_t extra)
{
    size_t needed, capacity;
    char *data;

    if (buffer->failed)
        return NULL;
    if (extra > buffer->max || buffer->size > buffer->max - extra)
        return fail(buffer, true);
    needed = buffer->size + extra;
    if (needed > buffer->capacity || buffer->data == NULL) {
        capacity = buffer->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : buffer->capacity;
        while (capacity < needed)
            capacity = capacity > buffer->max / 2 ? buffer->max : capacity * 2;
        data = buffer->secret ? move_secret(buffer, capacity) : realloc(buffer->data, capacity);
        if (data == NULL)
            return fail(buffer, false);
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

bool ti_buffer_append(ti_buffer *buffer, const void *data, size_t size)
{
    char *to = ti_buffer_reserve(buffer, size);

    if (to == NULL)
        return false;
    if (size > 0)
        memcpy(to, data, size);
    buffer->size += size;
    return true;
}

bool ti_buffer_text(ti_buffer *buffer, const char *text)
{
    return ti_buffer_append(buffer, text, strlen(text));
}

bool ti_buffer_slice(ti_buffer *buffer, ti_slice slice)
{
    return ti_buffer_append(buffer, slice.data, slice.size);
}

bool ti_buffer_byte(ti_buffer *buffer, char byte)
{
    return ti_buffer_append(buffer, &byte, 1);
}

bool ti_buffer_printf(ti_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    char *to;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        return fail(buffer, false) != NULL;
    to = ti_buffer_reserve(buffer, (size_t)length + 1);
    if (to == NULL)
        return false;
    va_start(arguments, format);
    (void)vsnprintf(to, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)length;
    return true;
}

static bool plain_json(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

bool ti_buffer_json(ti_buffer *buffer, ti_slice text)
{
    const unsigned char *data = (const unsigned char *)text.data;
    size_t start = 0, at = 0, length;

    (void)ti_buffer_byte(buffer, '"');
    while (at < text.size) {
        if (plain_json(data[at])) {
            at++;
            continue;
        }
        (void)ti_buffer_append(buffer, text.data + start, at - start);
        length = ti_utf8_length((ti_slice){text.data + at, text.size - at});
        if (data[at] == '"' || data[at] == '\\')
            (void)ti_buffer_printf(buffer, "\\%c", data[at]);
        else if (data[at] < 0x20 || data[at] == 0x7f)
            (void)ti_buffer_printf(buffer, "\\u%04x", (unsigned)data[at]);
        else if (length == 0)
            (void)ti_buffer_text(buffer, TI_UTF8_REPLACEMENT);
        else
            (void)ti_buffer_append(buffer, text.data + at, length);
        at += length > 0 ? length : 1;
        start = at;
    }
    (void)ti_buffer_append(buffer, text.size > 0 ? text.data + start : "", at - start);
    return ti_buffer_byte(buffer, '"');
}

const char *ti_buffer_string(ti_buffer *buffer)
{
    char *end = ti_buffer_reserve(buffer, 1);

    if (end == NULL)
        return NULL;
    *end = '\0';
    return buffer->data;
}
