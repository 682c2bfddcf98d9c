#include "http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/number.h"
#include "support.h"

#define CONNECTIONS_MAX 256

typedef struct connection {
    http_server *server;
    pthread_t thread;
    int socket;
    unsigned number;
} connection;

struct http_server {
    http_handler handler;
    void *payload;
    pthread_t thread;
    int socket;
    unsigned port;
    atomic_bool stopping;
    atomic_uint requests;
    pthread_mutex_t lock;
    connection connections[CONNECTIONS_MAX];
    size_t count;
};

/* --- Bytes ---------------------------------------------------------------------------------------------------------------------- */

bool exchange_write(http_exchange *exchange, const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        ssize_t sent = send(exchange->socket, at, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

bool exchange_say(http_exchange *exchange, const char *format, ...)
{
    char text[8192];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    ck_assert(length >= 0 && (size_t)length < sizeof(text));
    return exchange_write(exchange, text, (size_t)length);
}

bool exchange_answer(http_exchange *exchange, int status, const char *headers, const char *body)
{
    return exchange_say(exchange, "HTTP/1.1 %d Said\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers, strlen(body),
                        body);
}

bool exchange_sleep(http_exchange *exchange, int milliseconds)
{
    for (; milliseconds > 0 && !atomic_load(&exchange->server->stopping); milliseconds -= 10)
        (void)poll(NULL, 0, milliseconds < 10 ? milliseconds : 10);
    return !atomic_load(&exchange->server->stopping);
}

static bool read_head(http_exchange *exchange)
{
    size_t size = 0;

    while (size + 1 < sizeof(exchange->head)) {
        ssize_t got = recv(exchange->socket, exchange->head + size, 1, 0);

        if (got <= 0)
            return false;
        exchange->head[++size] = '\0';
        if (size >= 4 && memcmp(exchange->head + size - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

const char *exchange_header(const http_exchange *exchange, const char *name)
{
    static _Thread_local char value[4096];
    size_t size = strlen(name);

    for (const char *at = strstr(exchange->head, "\r\n"); at != NULL; at = strstr(at + 2, "\r\n"))
        if (strncasecmp(at + 2, name, size) == 0 && at[2 + size] == ':') {
            const char *start = at + 3 + size + strspn(at + 3 + size, " ");

            ck_assert_uint_lt(strcspn(start, "\r"), sizeof(value));
            memcpy(value, start, strcspn(start, "\r"));
            value[strcspn(start, "\r")] = '\0';
            return value;
        }
    return NULL;
}

unsigned checksum_of(unsigned sum, const void *data, size_t size)
{
    const unsigned char *at = data;

    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + at[i];
    return sum;
}

static bool take_bytes(http_exchange *exchange, size_t size, unsigned *sum)
{
    char bytes[65536];

    while (size > 0) {
        ssize_t got = recv(exchange->socket, bytes, size < sizeof(bytes) ? size : sizeof(bytes), 0);

        if (got <= 0)
            return false;
        *sum = checksum_of(*sum, bytes, (size_t)got);
        size -= (size_t)got;
    }
    return true;
}

static bool take_line(http_exchange *exchange, char line[128])
{
    size_t size = 0;

    while (size + 1 < 128) {
        if (recv(exchange->socket, line + size, 1, 0) <= 0)
            return false;
        if (line[size++] == '\n') {
            line[size - 2] = '\0';
            return true;
        }
    }
    return false;
}

static long take_chunks(http_exchange *exchange, unsigned *sum)
{
    char line[128];
    size_t all = 0, size;
    unsigned crlf = 0;

    do {
        if (!take_line(exchange, line))
            return -1;
        size = 0;
        for (const char *at = line; *at != '\0'; at++)
            size = size * 16 + (size_t)(*at <= '9' ? *at - '0' : (*at | 0x20) - 'a' + 10);
        if (!take_bytes(exchange, size, sum) || !take_bytes(exchange, 2, &crlf))
            return -1;
        all += size;
    } while (size > 0);
    return (long)all;
}

long exchange_body(http_exchange *exchange, unsigned *sum)
{
    const char *text = exchange_header(exchange, "Content-Length");
    unsigned own = 0;
    int64_t size;

    if (sum != NULL)
        *sum = 0;
    if (text == NULL && exchange_header(exchange, "Transfer-Encoding") != NULL)
        return take_chunks(exchange, sum != NULL ? sum : &own);
    if (text == NULL)
        return 0;
    ck_assert(ti_parse_integer(ti_slice_of(text), false, &size));
    return take_bytes(exchange, (size_t)size, sum != NULL ? sum : &own) ? (long)size : -1;
}

/* --- Threads -------------------------------------------------------------------------------------------------------------------- */

static void *serve(void *payload)
{
    connection *mine = payload;
    http_exchange *exchange = calloc(1, sizeof(*exchange));

    ck_assert_ptr_nonnull(exchange);
    exchange->server = mine->server;
    exchange->socket = mine->socket;
    exchange->connection = mine->number;
    while (!exchange->close && read_head(exchange)) {
        exchange->number = atomic_fetch_add(&mine->server->requests, 1) + 1;
        mine->server->handler(mine->server->payload, exchange);
    }
    free(exchange);
    ck_assert_int_eq(pthread_mutex_lock(&mine->server->lock), 0);
    ck_assert_int_eq(close(mine->socket), 0);
    mine->socket = -1;
    ck_assert_int_eq(pthread_mutex_unlock(&mine->server->lock), 0);
    return NULL;
}

static void *accept_all(void *payload)
{
    http_server *server = payload;
    int socket;

    while ((socket = accept(server->socket, NULL, NULL)) >= 0) {
        connection *mine;

        ck_assert_int_eq(pthread_mutex_lock(&server->lock), 0);
        ck_assert_uint_lt(server->count, CONNECTIONS_MAX);
        mine = &server->connections[server->count++];
        *mine = (connection){.server = server, .socket = socket, .number = (unsigned)server->count};
        ck_assert_int_eq(pthread_create(&mine->thread, NULL, serve, mine), 0);
        ck_assert_int_eq(pthread_mutex_unlock(&server->lock), 0);
    }
    return NULL;
}

http_server *http_server_start(http_handler handler, void *payload)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    http_server *server = calloc(1, sizeof(*server));

    ck_assert_ptr_nonnull(server);
    server->handler = handler;
    server->payload = payload;
    server->socket = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(server->socket, 0);
    ck_assert_int_eq(bind(server->socket, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(server->socket, 64), 0);
    ck_assert_int_eq(getsockname(server->socket, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_mutex_init(&server->lock, NULL), 0);
    ck_assert_int_eq(pthread_create(&server->thread, NULL, accept_all, server), 0);
    return server;
}

void http_server_stop(http_server *server)
{
    atomic_store(&server->stopping, true);
    ck_assert_int_eq(shutdown(server->socket, SHUT_RDWR), 0);
    ck_assert_int_eq(pthread_join(server->thread, NULL), 0);
    for (size_t i = 0; i < server->count; i++) {
        ck_assert_int_eq(pthread_mutex_lock(&server->lock), 0);
        if (server->connections[i].socket >= 0)
            (void)shutdown(server->connections[i].socket, SHUT_RDWR);
        ck_assert_int_eq(pthread_mutex_unlock(&server->lock), 0);
        ck_assert_int_eq(pthread_join(server->connections[i].thread, NULL), 0);
    }
    ck_assert_int_eq(close(server->socket), 0);
    ck_assert_int_eq(pthread_mutex_destroy(&server->lock), 0);
    free(server);
}

unsigned http_server_port(const http_server *server)
{
    return server->port;
}

unsigned http_server_connections(http_server *server)
{
    unsigned count;

    ck_assert_int_eq(pthread_mutex_lock(&server->lock), 0);
    count = (unsigned)server->count;
    ck_assert_int_eq(pthread_mutex_unlock(&server->lock), 0);
    return count;
}

unsigned http_server_requests(http_server *server)
{
    return atomic_load(&server->requests);
}

const char *http_server_url(const http_server *server, const char *path)
{
    static char urls[4][512];
    static unsigned next;
    char *url = urls[next++ % COUNT(urls)];

    ck_assert_int_lt(snprintf(url, sizeof(urls[0]), "http://127.0.0.1:%u%s", server->port, path), 512);
    return url;
}
