/* Stage 1: the canonical request, a text that client and server both make from the same request. */
#include <stdlib.h>
#include <tickerimport/limits.h>

#include "aws/sigv4_parts.h"
#include "base/encode.h"
#include "base/error.h"

#define OWN_HEADERS 3     /* x-amz-content-sha256, x-amz-date, x-amz-security-token */
#define OWN_PARAMETERS 7  /* X-Amz-Algorithm … X-Amz-SignedHeaders */
#define FEW_PARAMETERS 24 /* that need no memory of their own */
#define OWN_BYTES 2048    /* more than the names and dates that are added to a request take */
#define EXPIRES_MAX 604800
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* Room for what will most likely be all: a buffer that grows leaves copies of session tokens behind. */
static void make_room_for(ti_buffer *buffer, size_t bytes)
{
    size_t left = buffer->max > buffer->size ? buffer->max - buffer->size : 0;

    (void)ti_buffer_reserve(buffer, bytes < left ? bytes : left);
}

/* --- Headers -------------------------------------------------------------------------------------------------------------------- */

typedef struct headers {
    ti_http_header
        list[TICKER_SIGNING_HEADERS_MAX + OWN_HEADERS]; /* by name; equal names in the order of the request */
    size_t count;
    char time[TI_TIME_BASIC_MAX];
} headers;

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter | 0x20) : letter;
}

static int compare_names(ti_slice a, ti_slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;

    for (size_t i = 0; i < common; i++) {
        unsigned char x = (unsigned char)lower(a.data[i]), y = (unsigned char)lower(b.data[i]);

        if (x != y)
            return x < y ? -1 : 1;
    }
    return a.size == b.size ? 0 : a.size < b.size ? -1 : 1;
}

static bool named(ti_slice name, const char *expected, size_t size)
{
    return name.size == size && compare_names(name, (ti_slice){expected, size}) == 0;
}

#define NAMED(name, literal) named(name, literal, sizeof(literal) - 1)

/* What proxies and HTTP libraries add, change or take away on the way. */
static bool never_signed(ti_slice name)
{
    static const char websocket[] = "sec-websocket-";
    ti_slice head = {name.data, sizeof(websocket) - 1};

    switch (name.size) {
    case 6:
        return NAMED(name, "expect");
    case 7:
        return NAMED(name, "upgrade");
    case 10:
        return NAMED(name, "connection") || NAMED(name, "user-agent");
    case 13:
        return NAMED(name, "authorization");
    case 15:
        return NAMED(name, "x-amzn-trace-id");
    default:
        return NAMED(name, "transfer-encoding") || (name.size > head.size && NAMED(head, websocket));
    }
}

static void put_header(headers *to, ti_slice name, ti_slice value)
{
    size_t at = to->count++;

    for (; at > 0 && compare_names(to->list[at - 1].name, name) > 0; at--)
        to->list[at] = to->list[at - 1];
    to->list[at] = (ti_http_header){name, value};
}

/* The hash of the payload that is signed when the caller gave none. */
static ti_slice payload_hash(const ti_sigv4_scope *scope, const ti_sigv4_request *request)
{
    if (request->payload_hash.size > 0)
        return request->payload_hash;
    return ti_slice_of(scope->s3 && request->expires > 0 ? TI_UNSIGNED_PAYLOAD : EMPTY_HASH);
}

static ticker_status collect_headers(const ti_sigv4_scope *scope, const ti_sigv4_request *request, headers *to,
                                     ticker_error *error)
{
    bool host = false, date = request->expires > 0, hash = date || !scope->s3,
         token = date || scope->omit_token || scope->session_token.size == 0;

    to->count = 0;
    if (request->header_count > TICKER_SIGNING_HEADERS_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT, "a request with more than %d headers cannot be signed",
                       TICKER_SIGNING_HEADERS_MAX);
    for (size_t i = 0; i < request->header_count; i++) {
        ti_slice name = request->headers[i].name;

        if (never_signed(name))
            continue;
        host = host || NAMED(name, "host");
        date = date || NAMED(name, "x-amz-date");
        hash = hash || NAMED(name, "x-amz-content-sha256");
        token = token || NAMED(name, "x-amz-security-token");
        put_header(to, name, request->headers[i].value);
    }
    if (!host)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a request without a Host header cannot be signed");
    ti_time_basic(scope->time, to->time);
    if (!date)
        put_header(to, ti_slice_of("x-amz-date"), ti_slice_of(to->time));
    if (!hash)
        put_header(to, ti_slice_of("x-amz-content-sha256"), payload_hash(scope, request));
    if (!token)
        put_header(to, ti_slice_of("x-amz-security-token"), scope->session_token);
    return TICKER_OK;
}

static void put_name(ti_buffer *to, ti_slice name)
{
    char *at = ti_buffer_reserve(to, name.size);

    if (at == NULL)
        return;
    for (size_t i = 0; i < name.size; i++)
        at[i] = lower(name.data[i]);
    to->size += name.size;
}

/* A blank, a tab, or the line end of a folded header; nothing else below it belongs into a header. */
static bool blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Without the blanks around it, and with one blank for several inside. */
static void put_value(ti_buffer *to, ti_slice value)
{
    char *start = ti_buffer_reserve(to, value.size), *at = start;
    size_t i = 0, size = value.size;

    if (start == NULL)
        return;
    while (size > 0 && blank(value.data[size - 1]))
        size--;
    while (i < size && blank(value.data[i]))
        i++;
    while (i < size) {
        if (!blank(value.data[i])) {
            *at++ = value.data[i++];
            continue;
        }
        *at++ = ' ';
        while (blank(value.data[i])) /* the last byte is none */
            i++;
    }
    to->size += (size_t)(at - start);
}

static bool repeats(const headers *from, size_t i)
{
    return i > 0 && compare_names(from->list[i].name, from->list[i - 1].name) == 0;
}

static void put_headers(ti_buffer *to, const headers *from)
{
    for (size_t i = 0; i < from->count; i++) {
        if (repeats(from, i)) {
            (void)ti_buffer_byte(to, ',');
        } else {
            if (i > 0)
                (void)ti_buffer_byte(to, '\n');
            put_name(to, from->list[i].name);
            (void)ti_buffer_byte(to, ':');
        }
        put_value(to, from->list[i].value);
    }
    (void)ti_buffer_byte(to, '\n');
}

static void put_names(ti_buffer *to, const headers *from)
{
    for (size_t i = 0; i < from->count; i++) {
        if (repeats(from, i))
            continue;
        if (i > 0)
            (void)ti_buffer_byte(to, ';');
        put_name(to, from->list[i].name);
    }
}

/* --- Path ----------------------------------------------------------------------------------------------------------------------- */

/* Takes ".", ".." and empty segments out, as the services do. Appends a path that begins with '/'. */
static void put_normal_path(ti_buffer *to, ti_slice path)
{
    size_t start = to->size, at = 0;

    while (at < path.size) {
        size_t end = at;
        ti_slice segment;

        while (end < path.size && path.data[end] != '/')
            end++;
        segment = (ti_slice){path.data + at, end - at};
        if (ti_slice_is(segment, "..")) {
            while (to->size > start && to->data[--to->size] != '/')
                continue;
        } else if (segment.size > 0 && !ti_slice_is(segment, ".")) {
            (void)ti_buffer_byte(to, '/');
            (void)ti_buffer_slice(to, segment);
        }
        at = end + 1;
    }
    if (to->size == start || path.data[path.size - 1] == '/')
        (void)ti_buffer_byte(to, '/');
}

/* S3 signs the path as it is sent. The others sign it encoded once more, although it is encoded already. */
static ticker_status put_path(const ti_sigv4_scope *scope, ti_slice path, ti_buffer *to, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    ti_buffer normal;

    if (scope->s3 || scope->no_normalize || path.size <= 1) {
        if (path.size == 0 || path.data[0] != '/')
            (void)ti_buffer_byte(to, '/');
        (void)(scope->s3 ? ti_buffer_slice(to, path) : ti_buffer_percent(to, path, true));
        return TICKER_OK;
    }
    ti_buffer_init(&normal, TICKER_SIGNED_BYTES_MAX);
    put_normal_path(&normal, path);
    if (ti_buffer_failed(&normal))
        status = ti_fail_memory(error);
    else
        (void)ti_buffer_percent(to, (ti_slice){normal.data, normal.size}, true);
    ti_buffer_free(&normal);
    return status;
}

/* --- Query ---------------------------------------------------------------------------------------------------------------------- */

typedef struct parameter {
    ti_slice name, value; /* encoded; in the buffer below */
} parameter;

typedef struct parameters {
    parameter few[FEW_PARAMETERS], *list;
    size_t count;
    ti_buffer plain; /* of one name or value at a time */
    ti_buffer text;  /* has room for all from the beginning on, so that it never moves */
} parameters;

static void free_parameters(parameters *all)
{
    if (all->list != all->few)
        free(all->list);
    ti_sigv4_wipe(&all->text);
    ti_buffer_free(&all->text);
    ti_buffer_free(&all->plain);
}

static bool make_room(parameters *all, ti_slice query, size_t own_bytes)
{
    size_t most = OWN_PARAMETERS + 1;

    all->count = 0;
    all->list = all->few;
    ti_buffer_init(&all->plain, TICKER_SIGNED_BYTES_MAX);
    ti_buffer_init(&all->text, TICKER_SIGNED_BYTES_MAX);
    for (size_t i = 0; i < query.size; i++)
        most += query.data[i] == '&';
    if (most > FEW_PARAMETERS)
        all->list = malloc(most * sizeof(*all->list));
    return all->list != NULL && ti_buffer_reserve(&all->text, 3 * (query.size + own_bytes)) != NULL;
}

static ti_slice encoded(parameters *all, ti_slice plain)
{
    size_t start = all->text.size;

    (void)ti_buffer_percent(&all->text, plain, false);
    return (ti_slice){all->text.data + start, all->text.size - start};
}

/* What came encoded in any manner ("%c3", "%41", raw UTF-8) leaves encoded in the only right one. A '+' is a plus here. */
static ti_slice encoded_again(parameters *all, ti_slice given)
{
    ti_buffer_clear(&all->plain);
    (void)ti_buffer_unpercent(&all->plain, given, false);
    return encoded(all, (ti_slice){all->plain.data, all->plain.size});
}

static void read_query(parameters *all, ti_slice query)
{
    const char *at = query.data, *end = query.data + query.size;

    while (at < end) {
        const char *next = memchr(at, '&', (size_t)(end - at)), *equals;
        size_t size = (size_t)((next != NULL ? next : end) - at);

        if (size > 0) {
            equals = memchr(at, '=', size);
            ti_slice name = {at, equals != NULL ? (size_t)(equals - at) : size};
            ti_slice value = {at + size, 0};

            if (equals != NULL)
                value = (ti_slice){equals + 1, size - name.size - 1};
            name = encoded_again(all, name);
            all->list[all->count++] = (parameter){name, encoded_again(all, value)};
        }
        at += size + (next != NULL);
    }
}

static void add_parameter(parameters *all, const char *name, ti_slice value)
{
    all->list[all->count++] = (parameter){ti_slice_of(name), encoded(all, value)};
}

static ticker_status add_own(parameters *all, const ti_sigv4_scope *scope, const ti_sigv4_request *request,
                             ti_slice signed_headers, ticker_error *error)
{
    char text[TI_SIGV4_SCOPE_MAX], time[TI_TIME_BASIC_MAX];
    ticker_status status = ti_sigv4_scope_text(scope, text, error);

    if (status != TICKER_OK)
        return status;
    add_parameter(all, "X-Amz-Algorithm", ti_slice_of(TI_SIGV4_ALGORITHM));
    ti_buffer_clear(&all->plain);
    (void)ti_buffer_slice(&all->plain, scope->access_key);
    (void)ti_buffer_byte(&all->plain, '/');
    (void)ti_buffer_text(&all->plain, text);
    add_parameter(all, "X-Amz-Credential", (ti_slice){all->plain.data, all->plain.size});
    ti_time_basic(scope->time, time);
    add_parameter(all, "X-Amz-Date", ti_slice_of(time));
    ti_buffer_clear(&all->plain);
    (void)ti_buffer_printf(&all->plain, "%lld", (long long)request->expires);
    add_parameter(all, "X-Amz-Expires", (ti_slice){all->plain.data, all->plain.size});
    add_parameter(all, "X-Amz-SignedHeaders", signed_headers);
    if (scope->session_token.size > 0 && !scope->omit_token)
        add_parameter(all, "X-Amz-Security-Token", scope->session_token);
    return TICKER_OK;
}

static int compare_slices(ti_slice a, ti_slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

    return order != 0 ? order : a.size == b.size ? 0 : a.size < b.size ? -1 : 1;
}

static int compare_parameters(const void *a, const void *b)
{
    const parameter *x = a, *y = b;
    int order = compare_slices(x->name, y->name);

    return order != 0 ? order : compare_slices(x->value, y->value);
}

static void put_parameters(ti_buffer *to, const parameters *all)
{
    for (size_t i = 0; i < all->count; i++) {
        if (i > 0)
            (void)ti_buffer_byte(to, '&');
        (void)ti_buffer_slice(to, all->list[i].name);
        (void)ti_buffer_byte(to, '=');
        (void)ti_buffer_slice(to, all->list[i].value);
    }
}

/* `query` (may be NULL) gets the same text for a presigned request. */
static ticker_status put_query(const ti_sigv4_scope *scope, const ti_sigv4_request *request, ti_slice signed_headers,
                               ti_buffer *to, ti_buffer *query, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    parameters all;
    size_t room;

    if (request->query.size == 0 && request->expires == 0)
        return TICKER_OK;
    if (!make_room(&all, request->query,
                   OWN_BYTES + signed_headers.size + scope->access_key.size + scope->session_token.size)) {
        status = ti_fail_memory(error);
        goto out;
    }
    if (request->query.size > 0)
        read_query(&all, request->query);
    if (request->expires > 0)
        status = add_own(&all, scope, request, signed_headers, error);
    if (status != TICKER_OK)
        goto out;
    if (ti_buffer_failed(&all.plain)) {
        status = ti_fail_memory(error);
        goto out;
    }
    qsort(all.list, all.count, sizeof(*all.list), compare_parameters);
    room = all.text.size + 2 * all.count + OWN_BYTES;
    make_room_for(to, room);
    put_parameters(to, &all);
    if (request->expires > 0 && query != NULL) {
        make_room_for(query, room);
        put_parameters(query, &all);
    }
out:
    free_parameters(&all);
    return status;
}

/* --- All of it ------------------------------------------------------------------------------------------------------------------ */

/* Whatever a third of the cap holds fits, however it has to be encoded. */
static ticker_status check(const ti_sigv4_scope *scope, const ti_sigv4_request *request, size_t *bytes,
                           ticker_error *error)
{
    const size_t most = TICKER_SIGNED_BYTES_MAX / 3 - 2 * OWN_BYTES;
    size_t size = 0;
    const size_t sizes[] = {request->method.size,   request->path.size,        request->query.size,
                            scope->access_key.size, scope->session_token.size, request->payload_hash.size};

    if (request->expires < 0 || request->expires > EXPIRES_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "a presigned request is valid for 1 to %d seconds (7 days)", EXPIRES_MAX);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && size <= most; i++)
        size += sizes[i] <= most ? sizes[i] : most + 1;
    for (size_t i = 0; i < request->header_count && size <= most; i++) {
        ti_http_header header = request->headers[i];

        size += header.name.size <= most ? header.name.size + 2 : most + 1;
        size += header.value.size <= most ? header.value.size : most + 1;
    }
    if (size > most)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT,
                       "a request whose path, query and headers have more than %zu bytes cannot be signed", most);
    *bytes = size;
    return TICKER_OK;
}

ticker_status ti_sigv4_canonical(const ti_sigv4_scope *scope, const ti_sigv4_request *request, ti_buffer *canonical,
                                 ti_buffer *signed_headers, ti_buffer *query, ticker_error *error)
{
    size_t bytes = 0;
    ticker_status status = check(scope, request, &bytes, error);
    ti_buffer own, *names = signed_headers != NULL ? signed_headers : &own;
    size_t first = names == &own ? 0 : names->size;
    ti_slice name_list;
    headers all;

    ti_buffer_init(&own, TICKER_SIGNED_BYTES_MAX);
    if (status == TICKER_OK)
        status = collect_headers(scope, request, &all, error);
    if (status != TICKER_OK)
        return status;
    put_names(names, &all);
    if (ti_buffer_failed(names)) {
        ti_buffer_free(&own);
        return ti_fail_memory(error);
    }
    name_list = (ti_slice){names->data + first, names->size - first};

    make_room_for(canonical, bytes + name_list.size + OWN_BYTES);
    (void)ti_buffer_slice(canonical, request->method);
    (void)ti_buffer_byte(canonical, '\n');
    status = put_path(scope, request->path, canonical, error);
    (void)ti_buffer_byte(canonical, '\n');
    if (status == TICKER_OK)
        status = put_query(scope, request, name_list, canonical, query, error);
    (void)ti_buffer_byte(canonical, '\n');
    put_headers(canonical, &all);
    (void)ti_buffer_byte(canonical, '\n');
    (void)ti_buffer_slice(canonical, name_list);
    (void)ti_buffer_byte(canonical, '\n');
    (void)ti_buffer_slice(canonical, payload_hash(scope, request));
    if (status == TICKER_OK && (ti_buffer_failed(canonical) || (query != NULL && ti_buffer_failed(query))))
        status = ti_fail_memory(error);
    ti_buffer_free(&own);
    return status;
}
