/* From the head of a request to the handler that answers it. */
#include <string.h>
#include <strings.h>

#include "server.h"

/* --- What every request goes through. */

static bool sane_id(const char *id)
{
    size_t size = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    return size > 0 && size < EXCHANGE_ID_MAX && id[size] == '\0';
}

static char *hex(char *to, uint64_t value, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; value >>= 4)
        to[i] = "0123456789abcdef"[value & 15];
    return to + digits;
}

/* A client may name its request, so that it finds it in the log of each server that it went through. */
static void set_id(server *s, exchange *x)
{
    const char *given = exchange_header_of(x, "x-request-id");
    char *at;

    if (given != NULL && sane_id(given)) {
        memcpy(x->id, given, strlen(given) + 1);
        return;
    }
    at = hex(x->id, s->id_begin, 16);
    at = hex(at, atomic_fetch_add_explicit(&s->id_count, 1, memory_order_relaxed), 8);
    *at = '\0';
}

static request *prepare(server *s, exchange *x)
{
    request *r;

    x->began = server_clock();
    count_begin(s);
    x->answer_count = 0;
    x->status = 0;
    x->body_max = 0;
    x->head = strcmp(x->method, "HEAD") == 0;
    x->memory = NULL;
    x->route = NULL;
    set_id(s, x);
    r = exchange_memory(x, sizeof *r);
    if (r == NULL) {
        problem_answer(x, 500, NULL);
        return NULL;
    }
    memset(r, 0, sizeof *r);
    x->route = r;
    (void)exchange_put(x, "X-Request-Id", x->id);
    (void)exchange_put(x, "X-Content-Type-Options", "nosniff");
    (void)exchange_put(x, "Referrer-Policy", "no-referrer");
    (void)exchange_put(x, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    guard_cors(s, x);
    r->common = x->answer_count;
    return r;
}

static bool within_limits(exchange *x)
{
    size_t bytes = 0;

    if (strnlen(x->path, EXCHANGE_PATH_MAX + 1) > EXCHANGE_PATH_MAX ||
        strnlen(x->query, EXCHANGE_QUERY_MAX + 1) > EXCHANGE_QUERY_MAX) {
        problem_answer(x, 414, NULL);
        return false;
    }
    for (size_t i = 0; i < x->header_count && i < EXCHANGE_HEADERS_MAX; i++)
        bytes += strlen(x->headers[i].name) + strlen(x->headers[i].value);
    if (x->header_count > EXCHANGE_HEADERS_MAX || bytes > EXCHANGE_HEADER_BYTES_MAX) {
        problem_answer(x, 431, NULL);
        return false;
    }
    return true;
}

/* --- Paths. */

typedef struct path {
    char *segments[SERVER_SEGMENTS_MAX]; /* decoded */
    size_t count;
} path;

/* "/api/quotes/PETR4" as its three segments; "/" as none. A segment that holds "%2F" keeps it to itself. */
static bool split_path(exchange *x, path *p)
{
    char *text = x->path[0] == '/' ? exchange_copy(x, x->path + 1, strlen(x->path + 1)) : NULL, *next;

    p->count = 0;
    if (text == NULL) {
        problem_answer(x, 400, "the path does not begin with a slash");
        return false;
    }
    if (*text == '\0')
        return true;
    for (; text != NULL; text = next) {
        next = strchr(text, '/');
        if (next != NULL)
            *next++ = '\0';
        if (!decode_text(text, false)) {
            problem_answer(x, 400, "the path is not percent-encoded UTF-8 without control characters");
            return false;
        }
        if (p->count < SERVER_SEGMENTS_MAX)
            p->segments[p->count] = text;
        p->count++; /* more than there is room for match nothing */
    }
    return true;
}

/* Whether the path is the pattern's; *segment is what stands for its {…}. */
static bool matches(const char *pattern, const path *p, const char **segment)
{
    size_t at = 0;

    *segment = NULL;
    for (pattern++; *pattern != '\0' && at < p->count && at < SERVER_SEGMENTS_MAX; at++) {
        size_t size = strcspn(pattern, "/");

        if (*pattern == '{') {
            if (p->segments[at][0] == '\0')
                return false;
            *segment = p->segments[at];
        } else if (strlen(p->segments[at]) != size || memcmp(p->segments[at], pattern, size) != 0) {
            return false;
        }
        pattern += size;
        if (*pattern == '/')
            pattern++;
    }
    return *pattern == '\0' && at == p->count;
}

/* A literal beats {…}: the tables have the literal routes first. */
typedef struct choice {
    const server_route *any, *route; /* any: of some method */
    const char *segment;
    char allow[80];
} choice;

static void allow_method(choice *c, const char *method)
{
    size_t used = strlen(c->allow), size = strlen(method);

    if (strstr(c->allow, method) != NULL || used + size + 3 > sizeof c->allow)
        return;
    if (used > 0) {
        memcpy(c->allow + used, ", ", 2);
        used += 2;
    }
    memcpy(c->allow + used, method, size + 1);
}

static void choose(const server *s, const exchange *x, const path *p, choice *c)
{
    const char *method = strcmp(x->method, "HEAD") == 0 ? "GET" : x->method, *segment;

    memset(c, 0, sizeof *c);
    for (size_t t = 0; s->tables[t] != NULL; t++)
        for (const server_route *at = s->tables[t]; at->method != NULL; at++) {
            if ((c->any != NULL && strcmp(c->any->pattern, at->pattern) != 0) || !matches(at->pattern, p, &segment))
                continue;
            c->any = at;
            c->segment = segment;
            allow_method(c, at->method);
            if (strcmp(at->method, "GET") == 0)
                allow_method(c, "HEAD");
            if (strcmp(at->method, method) == 0)
                c->route = at;
        }
    if (c->any != NULL)
        allow_method(c, "OPTIONS");
}

static void answer_options(server *s, exchange *x, const char *allow)
{
    (void)guard_preflight(s, x, allow);
    exchange_empty(x, 204);
}

/* False after answering. */
static bool find_route(server *s, exchange *x, request *r)
{
    choice c;
    path p;
    char *allow;

    if (!split_path(x, &p))
        return false;
    choose(s, x, &p, &c);
    if (c.any == NULL) {
        problem_answer(x, 404, "there is nothing at this path; /openapi.yaml describes what there is");
        return false;
    }
    r->route = c.route != NULL ? c.route : c.any;
    r->segment = c.segment;
    if (c.route != NULL)
        return true;
    allow = exchange_copy(x, c.allow, strlen(c.allow));
    if (strcmp(x->method, "OPTIONS") == 0)
        answer_options(s, x, allow);
    else
        problem_printf(x, 405, "this path knows %s", c.allow);
    (void)exchange_put(x, "Allow", allow);
    return false;
}

/* --- The query string. */

static bool known_parameters(exchange *x, request *r)
{
    static const char *const none[] = {NULL};
    const char *const *known = r->route->parameters != NULL ? r->route->parameters : none;

    for (size_t i = 0; i < r->parameter_count; i++) {
        char list[256] = "";
        size_t used = 0, at = 0;

        while (known[at] != NULL && strcmp(known[at], r->parameters[i].name) != 0)
            at++;
        if (known[at] != NULL)
            continue;
        for (at = 0; known[at] != NULL && used + strlen(known[at]) + 3 < sizeof list; at++) {
            if (at > 0) {
                memcpy(list + used, ", ", 2);
                used += 2;
            }
            memcpy(list + used, known[at], strlen(known[at]) + 1);
            used += strlen(known[at]);
        }
        problem_printf(x, 400, "there is no parameter \"%.64s\" here; %s%s", r->parameters[i].name,
                       used > 0 ? "there are " : "there are none", list);
        return false;
    }
    r->known_query = true;
    return true;
}

static bool allow_body(server *s, exchange *x, const request *r)
{
    if (!r->route->body)
        return true;
    x->body_max = s->upload_max > INT64_MAX - SERVER_FORM_OVERHEAD ? INT64_MAX : s->upload_max + SERVER_FORM_OVERHEAD;
    if (x->content_length <= x->body_max)
        return true;
    problem_printf(x, 413, "an upload has at most %lld bytes", (long long)s->upload_max);
    return false;
}

static bool is_safe(const exchange *x)
{
    return strcmp(x->method, "GET") == 0 || strcmp(x->method, "HEAD") == 0;
}

/* False after answering. */
static bool accept_request(server *s, exchange *x, request *r)
{
    return within_limits(x) && find_route(s, x, r) && (is_safe(x) || guard_origin(s, x)) && guard_token(s, x, r) &&
           decode_query(x, r) && known_parameters(x, r) && negotiate_format(x, r) && allow_body(s, x, r);
}

/* --- The three calls of a transport. */

server_step server_begin(server *s, exchange *x)
{
    request *r = prepare(s, x);

    if (r == NULL)
        return SERVER_ANSWERED;
    if (!accept_request(s, x, r))
        return SERVER_ANSWERED;
    if (r->route->begin == NULL)
        return SERVER_WORK;
    if (r->route->begin(s, x, r) == SERVER_WORK)
        return SERVER_WORK;
    if (x->status == 0)
        problem_answer(x, 500, NULL);
    return SERVER_ANSWERED;
}

void server_work(server *s, exchange *x)
{
    request *r = x->route;

    if (r->route->work != NULL)
        r->route->work(s, x, r);
    if (x->status == 0 && !x->streamed)
        problem_answer(x, 500, NULL);
}

void server_refuse(server *s, exchange *x, int status)
{
    if (x->route != NULL || prepare(s, x) != NULL)
        problem_answer(x, status, NULL);
}

void server_end(server *s, exchange *x)
{
    request *r = x->route;

    count_end(s, x, server_clock() - x->began);
    if (s->log != NULL)
        log_exchange(s->log, x);
    exchange_release(x);
    if (r != NULL && r->free_state != NULL)
        r->free_state(r->state);
    exchange_memory_free(x);
    x->route = NULL;
}
