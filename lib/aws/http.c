#include "aws/http.h"

#include <stdio.h>

#include "base/clock.h"

void ti_http_response_init(ti_http_response *response)
{
    *response = (ti_http_response){0};
    ti_buffer_init(&response->headers, TI_HTTP_HEADER_BYTES_MAX);
    ti_buffer_init(&response->body, SIZE_MAX / 2);
}

void ti_http_response_free(ti_http_response *response)
{
    ti_buffer_free(&response->headers);
    ti_buffer_free(&response->body);
    ti_http_response_clear(response);
}

void ti_http_response_clear(ti_http_response *response)
{
    response->status = 0;
    ti_buffer_clear(&response->headers);
    ti_buffer_clear(&response->body);
    response->header_count = 0;
    response->timed_out = response->unsent = false;
    response->received = response->date = response->started = response->answered = 0;
}

/* Names of headers are ASCII; the C library's comparison asks the locale. */
static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool same_name(ti_slice a, ti_slice b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

static ti_slice trimmed(ti_slice text)
{
    while (text.size > 0 && strchr(" \t\r\n", text.data[text.size - 1]) != NULL)
        text.size--;
    while (text.size > 0 && (*text.data == ' ' || *text.data == '\t')) {
        text.data++;
        text.size--;
    }
    return text;
}

ti_slice ti_http_response_header(const ti_http_response *response, const char *name)
{
    const char *at = response->headers.data;
    const char *end = at != NULL ? at + response->headers.size : NULL;
    ti_slice wanted = ti_slice_of(name);

    while (at < end) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        const char *colon = memchr(at, ':', (size_t)(line - at));

        if (same_name((ti_slice){at, (size_t)(colon - at)}, wanted))
            return trimmed((ti_slice){colon + 1, (size_t)(line - colon - 1)});
        at = line + 1;
    }
    return (ti_slice){"", 0};
}

/* "HTTP/1.1 200 OK" */
static bool status_line(ti_http_response *response, ti_slice line)
{
    const char *blank;

    if (line.size < 5 || memcmp(line.data, "HTTP/", 5) != 0)
        return false;
    blank = memchr(line.data, ' ', line.size);
    ti_buffer_clear(&response->headers);
    response->header_count = 0;
    response->status = 0;
    response->date = 0;
    if (blank == NULL || line.size - (size_t)(blank - line.data) < 4)
        return true;
    for (const char *at = blank + 1; at <= blank + 3; at++) {
        if (*at < '0' || *at > '9') {
            response->status = 0;
            return true;
        }
        response->status = response->status * 10 + (*at - '0');
    }
    return true;
}

/* A date says the server's time only when no cache kept the answer. */
static void note_date(ti_http_response *response)
{
    if (ti_http_response_header(response, "Age").size > 0 ||
        !ti_time_parse_http(ti_http_response_header(response, "Date"), &response->date))
        response->date = 0;
}

bool ti_http_response_line(ti_http_response *response, ti_slice line)
{
    const char *colon;
    ti_slice name;

    if (status_line(response, line))
        return true;
    colon = line.size > 0 ? memchr(line.data, ':', line.size) : NULL;
    if (colon == NULL || colon == line.data || *line.data == ' ' || *line.data == '\t')
        return true;
    name = (ti_slice){line.data, (size_t)(colon - line.data)};
    line = trimmed(line);
    if (memchr(line.data, '\n', line.size) != NULL || memchr(line.data, '\0', line.size) != NULL)
        return true;
    if (response->header_count == TI_HTTP_HEADERS_MAX || !ti_buffer_slice(&response->headers, line) ||
        !ti_buffer_byte(&response->headers, '\n'))
        return false;
    response->header_count++;
    if (same_name(name, ti_slice_of("Date")) || same_name(name, ti_slice_of("Age")))
        note_date(response);
    return true;
}

void ti_http_place(const char *url, char *place, size_t size)
{
    const char *host = strstr(url, "://"), *path, *at;
    int scheme;

    host = host != NULL && host < url + strcspn(url, "/?#") + 1 ? host + 3 : url;
    scheme = host - url < 16 ? (int)(host - url) : 0;
    path = host + strcspn(host, "/?#");
    for (at = host; at < path; at++) /* a user and a password end at the last '@' */
        host = *at == '@' ? at + 1 : host;
    (void)snprintf(place, size, "%.*s%.*s", scheme, url, (int)strcspn(host, "?#"), host);
}
