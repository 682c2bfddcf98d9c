/* Requests and answers, whichever transport carries them. */
#include "exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "server.h"

#define HEADER_TEXT_MAX 2048 /* bytes of one header's value made from a format */

const char *exchange_header_of(const exchange *x, const char *name)
{
    for (size_t i = 0; i < x->header_count; i++)
        if (strcmp(x->headers[i].name, name) == 0)
            return x->headers[i].value;
    return NULL;
}

/* A line break in a value would begin a header of somebody else's choice. */
static bool valid_value(const char *value)
{
    for (; *value != '\0'; value++)
        if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
            return false;
    return true;
}

bool exchange_put(exchange *x, const char *name, const char *value)
{
    size_t at = 0;

    if (value == NULL || !valid_value(value))
        return false;
    while (at < x->answer_count && strcasecmp(x->answer[at].name, name) != 0)
        at++;
    if (at == EXCHANGE_ANSWER_HEADERS_MAX)
        return false;
    x->answer[at].name = name;
    x->answer[at].value = value;
    if (at == x->answer_count)
        x->answer_count++;
    return true;
}

const char *exchange_answer_header(const exchange *x, const char *name)
{
    for (size_t i = 0; i < x->answer_count; i++)
        if (strcasecmp(x->answer[i].name, name) == 0)
            return x->answer[i].value;
    return NULL;
}

/* An answer that lacks a header it should have had is none. */
static bool fail(exchange *x)
{
    if (!x->streamed)
        problem_answer(x, 500, NULL);
    return false;
}

bool exchange_set(exchange *x, const char *name, const char *value)
{
    char *name_copy = exchange_copy(x, name, strlen(name));
    char *value_copy = exchange_copy(x, value, strlen(value));

    if (name_copy == NULL || value_copy == NULL || !exchange_put(x, name_copy, value_copy))
        return fail(x);
    return true;
}

bool exchange_set_format(exchange *x, const char *name, const char *format, ...)
{
    char text[HEADER_TEXT_MAX];
    va_list list;
    int size;

    va_start(list, format);
    size = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (size < 0 || (size_t)size >= sizeof text)
        return fail(x);
    return exchange_set(x, name, text);
}

void exchange_release(exchange *x)
{
    if (x->release != NULL)
        x->release(x->owner);
    x->release = NULL;
    x->owner = NULL;
    x->body = NULL;
    x->body_size = 0;
}

void exchange_reset(exchange *x)
{
    const request *r = x->route;

    exchange_release(x);
    x->status = 0;
    if (r != NULL && x->answer_count > r->common)
        x->answer_count = r->common;
}

void exchange_answer(exchange *x, int status, const char *type, const void *body, size_t size, void (*release)(void *),
                     void *owner)
{
    exchange_release(x);
    x->status = status;
    if (type != NULL)
        (void)exchange_put(x, "Content-Type", type);
    x->body = body;
    x->body_size = size;
    x->release = release;
    x->owner = owner;
}

void exchange_empty(exchange *x, int status)
{
    exchange_release(x);
    x->status = status;
}

const char *exchange_reason(int status)
{
    static const struct {
        int status;
        const char *words;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].words;
    return status >= 200 && status < 400 ? "OK" : status < 500 ? "Bad Request" : "Internal Server Error";
}

int64_t server_clock(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
