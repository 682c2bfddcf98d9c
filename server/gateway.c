#include "gateway.h"

#include <string.h>
#include <strings.h>

#include "text.h"

void gateway_start(gateway_request *request)
{
    request->count = 0;
    request->method = request->uri = request->query = request->script = request->path_info = NULL;
    request->remote = request->scheme = request->https = request->length = NULL;
    request->too_many = false;
}

static void header(gateway_request *request, char *name, const char *value)
{
    if (request->count == EXCHANGE_HEADERS_MAX) {
        request->too_many = true;
        return;
    }
    for (char *at = name; *at != '\0'; at++)
        *at = (char)(*at == '_' ? '-' : *at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
    request->headers[request->count++] = (exchange_header){name, value};
}

/* A slot for each variable that is no header. */
static const char **slot(gateway_request *request, const char *name)
{
    switch (name[0]) {
    case 'R':
        return strcmp(name, "REQUEST_METHOD") == 0   ? &request->method
               : strcmp(name, "REQUEST_URI") == 0    ? &request->uri
               : strcmp(name, "REMOTE_ADDR") == 0    ? &request->remote
               : strcmp(name, "REQUEST_SCHEME") == 0 ? &request->scheme
                                                     : NULL;
    case 'Q':
        return strcmp(name, "QUERY_STRING") == 0 ? &request->query : NULL;
    case 'S':
        return strcmp(name, "SCRIPT_NAME") == 0 ? &request->script : NULL;
    case 'P':
        return strcmp(name, "PATH_INFO") == 0 ? &request->path_info : NULL;
    case 'H':
        return strcmp(name, "HTTPS") == 0 ? &request->https : NULL;
    default:
        return NULL;
    }
}

void gateway_variable(gateway_request *request, char *name, const char *value)
{
    const char **place;

    if (strncmp(name, "HTTP_", 5) == 0) {
        /* They come as variables of their own, and a client's copy would be in the way of them. */
        if (strcmp(name + 5, "CONTENT_LENGTH") != 0 && strcmp(name + 5, "CONTENT_TYPE") != 0)
            header(request, name + 5, value);
        return;
    }
    if (strcmp(name, "CONTENT_TYPE") == 0) {
        if (value[0] != '\0')
            header(request, name, value);
        return;
    }
    if (strcmp(name, "CONTENT_LENGTH") == 0) {
        request->length = value;
        return;
    }
    place = slot(request, name);
    if (place != NULL)
        *place = value;
}

/* The path as the client sent it: REQUEST_URI (*raw). Where the program is mounted below a path of its own (PATH_INFO is there), what
 * comes before it is left out. */
static const char *path_of(const gateway_request *request, bool *raw)
{
    const char *uri = request->uri, *script = request->script, *info = request->path_info;
    size_t size = script != NULL ? strlen(script) : 0;

    *raw = uri != NULL && uri[0] == '/';
    if (!*raw)
        return info != NULL && info[0] != '\0' ? info : script; /* decoded, but all there is */
    if (info != NULL && info[0] == '/' && size > 0 && strncmp(uri, script, size) == 0 && uri[size] == '/')
        return uri + size;
    return uri;
}

static bool body_length(const gateway_request *request, const exchange *x, int64_t *length)
{
    const char *coding = exchange_header_of(x, "transfer-encoding");

    *length = 0;
    if (request->length == NULL || request->length[0] == '\0') {
        /* A server that passes chunks on does not know where they end. */
        *length = coding != NULL ? -1 : 0;
        return true;
    }
    return front_parse_number(request->length, 0, GATEWAY_LENGTH_MAX, length);
}

int gateway_finish(gateway_request *request, exchange *x)
{
    bool raw;
    const char *path = path_of(request, &raw);
    char *mark = raw ? strchr((char *)(uintptr_t)path, '?') : NULL;

    x->method = request->method != NULL ? request->method : "";
    x->remote = request->remote != NULL ? request->remote : "";
    x->scheme = (request->https != NULL && strcasecmp(request->https, "on") == 0) ||
                        (request->scheme != NULL && strcasecmp(request->scheme, "https") == 0)
                    ? "https"
                    : "http";
    x->headers = request->headers;
    x->header_count = request->count;
    x->query = request->query != NULL ? request->query : "";
    x->path = path != NULL ? path : "";
    x->content_length = 0;
    if (mark != NULL) {
        *mark = '\0';
        x->query = mark + 1;
    }
    if (request->too_many)
        return 431;
    return x->method[0] != '\0' && x->path[0] == '/' && body_length(request, x, &x->content_length) ? 0 : 400;
}

bool gateway_has_length(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

bool gateway_has_body(const exchange *x)
{
    return !x->head && gateway_has_length(x->status);
}

typedef struct writer {
    char *text;
    size_t size;
    bool full;
} writer;

static void add(writer *to, const char *text)
{
    size_t size = strlen(text);

    if (to->full || size > GATEWAY_HEAD_MAX - to->size) {
        to->full = true;
        return;
    }
    memcpy(to->text + to->size, text, size);
    to->size += size;
}

static void add_number(writer *to, uint64_t value)
{
    char digits[24];
    size_t at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    add(to, digits + at);
}

size_t gateway_head(const exchange *x, int64_t length, char text[GATEWAY_HEAD_MAX])
{
    writer to = {.text = text};

    add(&to, "Status: ");
    add_number(&to, (uint64_t)x->status);
    add(&to, " ");
    add(&to, exchange_reason(x->status));
    for (size_t i = 0; i < x->answer_count; i++) {
        add(&to, "\r\n");
        add(&to, x->answer[i].name);
        add(&to, ": ");
        add(&to, x->answer[i].value);
    }
    if (length >= 0 && gateway_has_length(x->status)) {
        add(&to, "\r\nContent-Length: ");
        add_number(&to, (uint64_t)length);
    }
    add(&to, "\r\n\r\n");
    return to.full ? 0 : to.size;
}
