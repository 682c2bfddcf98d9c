/* redis://[[user]:password@]host[:port][/database], unix:/path[?db=N], unix://[[user]:password@]/path[?db=N]. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* memrchr */
#endif
#include <string.h>

#include "base/encode.h"
#include "base/error.h"
#include "base/number.h"
#include "cache/redis.h"

#define PORT 6379
#define DATABASE_MAX 1000000

static ticker_status wrong(const char *what, ticker_error *error)
{
    ticker_status status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the Redis URL %s", what);

    ti_error_hint(error,
                  "write redis://[[user]:password@]host[:port][/database] or unix:/path[?db=N] in REDIS_URL, with %%XX "
                  "for special characters");
    return status;
}

/* Percent-encoding undone; no NUL, not longer than `room` with its own. */
static bool take(ti_slice text, char *to, size_t room)
{
    ti_buffer plain;
    bool fits;

    ti_buffer_init(&plain, room);
    plain.secret = true;
    fits = ti_buffer_unpercent(&plain, text, false) && plain.size < room &&
           (plain.size == 0 || memchr(plain.data, '\0', plain.size) == NULL);
    if (fits) {
        if (plain.size > 0)
            memcpy(to, plain.data, plain.size);
        to[plain.size] = '\0';
    }
    ti_buffer_free(&plain);
    return fits;
}

static bool take_number(ti_slice text, int64_t min, int64_t max, int *number)
{
    int64_t value;

    if (!ti_parse_integer(text, false, &value) || value < min || value > max)
        return false;
    *number = (int)value;
    return true;
}

/* Cuts "user:password@" off the front. */
static bool take_login(ti_slice *rest, ti_redis_address *address)
{
    const char *at = memrchr(rest->data, '@', rest->size), *colon;
    ti_slice login;

    if (at == NULL)
        return true;
    login = (ti_slice){rest->data, (size_t)(at - rest->data)};
    rest->size -= login.size + 1;
    rest->data = at + 1;
    colon = memchr(login.data, ':', login.size);
    if (colon == NULL)
        return false; /* a password alone is a mistake that would go over the wire as a user's name */
    return take((ti_slice){login.data, (size_t)(colon - login.data)}, address->user, sizeof(address->user)) &&
           take((ti_slice){colon + 1, login.size - (size_t)(colon - login.data) - 1}, address->password,
                sizeof(address->password)) &&
           (address->user[0] == '\0' || address->password[0] != '\0');
}

/* "host", "host:port", "[::1]:port". */
static bool take_host(ti_slice text, ti_redis_address *address)
{
    const char *end;
    ti_slice host = text, port;

    address->port = PORT;
    if (text.size > 0 && text.data[0] == '[') {
        end = memchr(text.data, ']', text.size);
        if (end == NULL)
            return false;
        host = (ti_slice){text.data + 1, (size_t)(end - text.data) - 1};
        port = (ti_slice){end + 1, text.size - host.size - 2};
    } else {
        end = memchr(text.data, ':', text.size);
        if (end != NULL)
            host.size = (size_t)(end - text.data);
        port = (ti_slice){text.data + host.size, text.size - host.size};
    }
    if (port.size > 0 &&
        (port.data[0] != ':' || !take_number((ti_slice){port.data + 1, port.size - 1}, 1, 65535, &address->port)))
        return false;
    return host.size > 0 && take(host, address->host, sizeof(address->host));
}

static ticker_status parse_tcp(const char *rest, ti_redis_address *address, ticker_error *error)
{
    const char *login_end = strrchr(rest, '@'); /* a password may hold a slash */
    const char *slash = strchr(login_end != NULL ? login_end : rest, '/');
    ti_slice place = {rest, slash != NULL ? (size_t)(slash - rest) : strlen(rest)};

    if (!take_login(&place, address))
        return wrong("has a user or password that cannot be read", error);
    if (!take_host(place, address))
        return wrong("has a host or port that cannot be read", error);
    if (slash != NULL && slash[1] != '\0' && !take_number(ti_slice_of(slash + 1), 0, DATABASE_MAX, &address->database))
        return wrong("has a database that is no number", error);
    return TICKER_OK;
}

static ticker_status parse_unix(const char *rest, ti_redis_address *address, ticker_error *error)
{
    const char *query = strrchr(rest, '?');
    ti_slice place = {rest, query != NULL ? (size_t)(query - rest) : strlen(rest)};

    if (place.size > 2 && memcmp(place.data, "//", 2) == 0) {
        place = (ti_slice){place.data + 2, place.size - 2};
        if (place.data[0] != '/' && !take_login(&place, address))
            return wrong("has a user or password that cannot be read", error);
    }
    if (place.size < 2 || place.data[0] != '/' || !take(place, address->host, sizeof(address->host)))
        return wrong("has no absolute path of a socket, or one that is too long", error);
    if (query != NULL &&
        (strncmp(query, "?db=", 4) != 0 || !take_number(ti_slice_of(query + 4), 0, DATABASE_MAX, &address->database)))
        return wrong("has a database that is no number", error);
    return TICKER_OK;
}

ticker_status ti_redis_url_parse(const char *url, ti_redis_address *address, ticker_error *error)
{
    static const char tcp[] = "redis://", local[] = "unix:";

    *address = (ti_redis_address){0};
    if (strncmp(url, tcp, sizeof(tcp) - 1) == 0)
        return parse_tcp(url + sizeof(tcp) - 1, address, error);
    if (strncmp(url, local, sizeof(local) - 1) == 0)
        return parse_unix(url + sizeof(local) - 1, address, error);
    return wrong("is of no known kind", error);
}
