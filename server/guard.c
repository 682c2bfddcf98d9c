/* Who may do what: tokens, and pages of other origins in somebody's browser. */
#include <string.h>
#include <strings.h>

#include "server.h"

#define REALM "Bearer realm=\"ticker\""

static unsigned scope_bits(server_scope scope)
{
    switch (scope) {
    case SERVER_READ:
        return FRONT_SCOPE_READ | FRONT_SCOPE_ADMIN;
    case SERVER_UPLOAD:
        return FRONT_SCOPE_UPLOAD | FRONT_SCOPE_ADMIN;
    case SERVER_ADMIN:
        return FRONT_SCOPE_ADMIN;
    case SERVER_OPEN:
        break;
    }
    return 0;
}

static bool refuse_token(exchange *x, int status, const char *challenge, const char *detail)
{
    problem_answer(x, status, detail);
    (void)exchange_put(x, "WWW-Authenticate", challenge);
    return false;
}

/* The token of "Authorization: Bearer …"; NULL: none. */
static const char *bearer(const char *header)
{
    if (strncasecmp(header, "Bearer ", 7) != 0)
        return NULL;
    header += 7;
    return header + strspn(header, " ");
}

bool guard_token(server *s, exchange *x, request *r)
{
    const char *header = exchange_header_of(x, "authorization"), *token = header != NULL ? bearer(header) : NULL;
    bool needed = r->route->scope != SERVER_OPEN && (r->route->scope != SERVER_READ || s->private);
    unsigned scopes = 0;

    if (s->tokens == NULL)
        return true;
    if (token != NULL)
        scopes = front_tokens_find(s->tokens, token, r->token);
    if (!needed)
        return true;
    if (header == NULL)
        return refuse_token(x, 401, REALM, "this needs a token: Authorization: Bearer …");
    if (scopes == 0)
        return refuse_token(x, 401, REALM ", error=\"invalid_token\"", "there is no such token");
    if ((scopes & scope_bits(r->route->scope)) != 0)
        return true;
    return refuse_token(x, 403,
                        r->route->scope == SERVER_READ     ? REALM ", error=\"insufficient_scope\", scope=\"read\""
                        : r->route->scope == SERVER_UPLOAD ? REALM ", error=\"insufficient_scope\", scope=\"upload\""
                                                           : REALM ", error=\"insufficient_scope\", scope=\"admin\"",
                        "this token is not for that");
}

/* Whether the list of the configuration has this origin. */
static bool listed(const char *list, const char *origin)
{
    size_t size = strlen(origin);

    while (*list != '\0') {
        size_t length;

        list += strspn(list, ", ");
        length = strcspn(list, ", ");
        if (length == size && size > 0 && strncasecmp(list, origin, size) == 0)
            return true;
        list += length;
    }
    return false;
}

/* Whether the origin is the host that was asked, whatever the scheme: a proxy in front may have taken TLS off. */
static bool same_host(const exchange *x, const char *origin)
{
    const char *host = exchange_header_of(x, "host"), *at = strstr(origin, "://");

    return host != NULL && at != NULL && strcasecmp(at + 3, host) == 0;
}

/* "localhost:4000", "192.168.1.2", "[::1]:4000": names that nobody else can point to this machine. */
static bool own_name(const char *host)
{
    size_t name = strcspn(host, ":"), digits = strspn(host, "0123456789.");

    return host[0] == '[' || (name == 9 && strncasecmp(host, "localhost", 9) == 0) || (name > 0 && digits == name);
}

/* A page elsewhere whose name was made to stand for 127.0.0.1 (DNS rebinding) has the same origin as what it asks. Without tokens, and
 * from this machine itself, a name that others can give away is therefore not trusted. */
static bool maybe_rebound(const server *s, const exchange *x)
{
    const char *host = exchange_header_of(x, "host");

    return s->tokens == NULL && (strncmp(x->remote, "127.", 4) == 0 || strcmp(x->remote, "::1") == 0) &&
           (host == NULL || !own_name(host));
}

bool guard_origin(server *s, exchange *x)
{
    const char *origin = exchange_header_of(x, "origin"), *site = exchange_header_of(x, "sec-fetch-site");
    bool same = origin != NULL && same_host(x, origin);

    if (origin == NULL && (site == NULL || strcmp(site, "cross-site") != 0))
        return true;
    if (same && maybe_rebound(s, x) && !listed(s->cors, origin)) {
        problem_answer(x, 403, "without tokens, pages of this origin must be allowed by name: TICKER_CORS_ORIGIN");
        return false;
    }
    /* "*" lets everybody read; to write, everybody needs a token. */
    if (origin != NULL && (same || listed(s->cors, origin) || (strcmp(s->cors, "*") == 0 && s->tokens != NULL)))
        return true;
    problem_answer(x, 403, "pages of another origin may not do this here");
    return false;
}

void guard_cors(server *s, exchange *x)
{
    const char *origin = exchange_header_of(x, "origin");

    if (s->cors[0] == '\0')
        return;
    if (strcmp(s->cors, "*") == 0) {
        (void)exchange_put(x, "Access-Control-Allow-Origin", "*");
    } else {
        (void)exchange_put(x, "Vary", "Origin");
        if (origin == NULL || !listed(s->cors, origin))
            return;
        (void)exchange_put(x, "Access-Control-Allow-Origin", origin);
    }
    (void)exchange_put(x, "Access-Control-Expose-Headers",
                       "ETag, Link, Location, Retry-After, X-Request-Id, X-Row-Count");
    (void)exchange_put(x, "Cross-Origin-Resource-Policy", "cross-origin");
}

bool guard_preflight(server *s, exchange *x, const char *allow)
{
    if (s->cors[0] == '\0' || exchange_header_of(x, "access-control-request-method") == NULL)
        return false;
    (void)exchange_put(x, "Access-Control-Allow-Methods", allow);
    (void)exchange_put(x, "Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, X-Request-Id");
    (void)exchange_put(x, "Access-Control-Max-Age", "600");
    return true;
}
