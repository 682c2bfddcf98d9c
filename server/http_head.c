/* The head of an HTTP request, as libmicrohttpd has taken it apart. What it lets through and a proxy in front may read in another way is
 * refused here: that is how requests are smuggled. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gateway.h"
#include "http_parts.h"
#include "text.h"

/* libmicrohttpd takes "Transfer-Encoding : chunked" for a header whose name ends with a blank, others for what it looks like. */
static bool is_name(const char *name)
{
    static const char known[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";

    return name[0] != '\0' && name[strspn(name, known)] == '\0';
}

/* A line that begins with a blank goes on with the one before. libmicrohttpd 0.9.75 adds it to that header's name in place of its value,
 * so that "Transfer-Encod: chunked" with "ing" below it would be what it is for nobody else. It shows in where both are: the name was
 * moved behind all that was received. Such lines, and line breaks and their like in values, are nothing that anybody has to send. */
static bool is_value(const char *name, const char *value)
{
    if ((uintptr_t)value < (uintptr_t)name)
        return false;
    for (; *value != '\0'; value++)
        if (((unsigned char)*value < ' ' && *value != '\t') || *value == 127)
            return false;
    return true;
}

bool http_take_header(http_exchange *h, const char *name, const char *value)
{
    size_t size = strlen(name) + 1, value_size = value != NULL ? strlen(value) + 1 : 1;
    char *copy = h->texts + h->header_bytes;

    if (h->x.header_count == EXCHANGE_HEADERS_MAX || size + value_size > sizeof(h->texts) - h->header_bytes) {
        h->refused = 431;
        return false;
    }
    if (!is_name(name) || (value != NULL && !is_value(name, value)))
        h->refused = 400;
    for (size_t i = 0; i < size; i++)
        copy[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    memcpy(copy + size, value != NULL ? value : "", value_size);
    h->header_bytes += size + value_size;
    h->headers[h->x.header_count++] = (exchange_header){copy, copy + size};
    return true;
}

/* Whose request it is and how long its body, or what is wrong with that: of two hosts or lengths libmicrohttpd would take the first. */
static void look_at_headers(http_exchange *h, bool old)
{
    const char *length = NULL, *host = NULL;
    bool chunked = false;

    for (size_t i = 0; i < h->x.header_count; i++) {
        const exchange_header *header = &h->headers[i];

        if (strcmp(header->name, "content-length") == 0) {
            h->refused = length != NULL ? 400 : h->refused;
            length = header->value;
        } else if (strcmp(header->name, "host") == 0) {
            h->refused = host != NULL ? 400 : h->refused;
            host = header->value;
        } else if (strcmp(header->name, "transfer-encoding") == 0) {
            /* HTTP/1.0 knows no chunks: whoever passed them on did not see where the request ends. */
            h->refused = chunked || old ? 400 : strcasecmp(header->value, "chunked") != 0 ? 501 : h->refused;
            chunked = true;
        }
    }
    h->x.content_length = chunked ? -1 : 0;
    if (length != NULL && (chunked || !front_parse_number(length, 0, GATEWAY_LENGTH_MAX, &h->x.content_length)))
        h->refused = 400;
}

/* The target of the request: "/path?query", or with "http://host" before it. */
static void look_at_uri(http_exchange *h)
{
    char *uri = h->uri, *mark;

    if (strncasecmp(uri, "http://", 7) == 0 || strncasecmp(uri, "https://", 8) == 0) {
        uri = strchr(strchr(uri, ':') + 3, '/');
        uri = uri != NULL ? uri : h->uri; /* no path: refused below */
    }
    for (const unsigned char *at = (const unsigned char *)uri; *at != '\0'; at++)
        if (*at <= ' ' || *at == 127)
            h->refused = 400;
    if (uri[0] != '/')
        h->refused = 400;
    mark = strchr(uri, '?');
    h->x.query = "";
    if (mark != NULL) {
        *mark = '\0';
        h->x.query = mark + 1;
    }
    h->x.path = uri;
}

void http_take_head(http_exchange *h, const char *method, const char *version)
{
    exchange *x = &h->x;

    (void)snprintf(h->method, sizeof(h->method), "%s", method);
    if (!is_name(method))
        h->refused = 400;
    memcpy(h->remote, h->connection->remote, sizeof(h->remote));
    x->transport = h;
    x->method = h->method;
    x->remote = h->remote;
    x->scheme = "http";
    x->headers = h->headers;
    look_at_uri(h);
    look_at_headers(h, strcmp(version, "HTTP/1.0") == 0);
}
