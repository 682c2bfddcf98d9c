/* The built-in listener. libmicrohttpd parses HTTP in a few threads with an epoll each; what is not answered there at once goes to a
 * worker, and the connection is suspended while neither side has anything for it.
 *
 * What libmicrohttpd 0.9.75 does not do is done here and in http_watch.c: limits of time for a whole head, early answers in the middle
 * of an upload, and closing without losing them. */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "transport.h"

#ifdef TI_WITH_MICROHTTPD

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "gateway.h"
#include "http_parts.h"

#define MEMORY_MAX 32768   /* of libmicrohttpd, for each connection: a head must fit */
#define BLOCK_MAX 32768    /* bytes that are sent at once */
#define DRAIN_MAX 65536    /* a body not longer than this is read to its end when nobody wants it */
#define RAW_BODY_MAX 16384 /* of an answer that is sent in the middle of an upload */
#define WHOLE_MAX 262144   /* of an answer that is handed over at once; of longer ones it is watched how they go out */

/* The answer went out, or the connection is gone. */
static void completed(void *payload, struct MHD_Connection *handle, void **context, enum MHD_RequestTerminationCode how)
{
    http_exchange *h = (http_exchange *)*context;

    (void)payload;
    (void)handle;
    *context = NULL;
    if (h == NULL)
        return;
    h->connection->fresh = NULL;
    http_deadline(h->connection, http_limits(h->owner)->idle_ms);
    atomic_store_explicit(&h->connection->guard.idle, transport_now_ms(), memory_order_relaxed);
    atomic_store_explicit(&h->connection->guard.busy, false, memory_order_release); /* since it is idle */
    atomic_store_explicit(&h->connection->guard.receiving, false, memory_order_relaxed);
    if (!h->begun) {
        http_give_up(h);
        return;
    }
    if (h->queued && !h->x.streamed && how == MHD_REQUEST_TERMINATED_COMPLETED_OK && gateway_has_body(&h->x))
        h->x.sent = h->x.body_size;
    http_let_go(h);
}

/* --- Suspending ----------------------------------------------------------------------------------------------------------------- */

static void park(void *payload)
{
    MHD_suspend_connection(((http_exchange *)payload)->handle);
}

static void unpark(void *payload)
{
    MHD_resume_connection(((http_exchange *)payload)->handle);
}

/* --- The answer ----------------------------------------------------------------------------------------------------------------- */

static ssize_t read_answer(void *payload, uint64_t position, char *buffer, size_t capacity)
{
    http_exchange *h = (http_exchange *)payload;
    size_t got = 0;

    (void)position;
    switch (body_pipe_take(h->pipe, buffer, capacity, &got)) {
    case BODY_MORE:
        return (ssize_t)got;
    case BODY_PARKED:
        return 0;
    case BODY_END:
        return MHD_CONTENT_READER_END_OF_STREAM;
    default:
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
}

/* The next block of a long answer, when the one before is out. Its client is given time for each block, not for all of them at once: one
 * that takes none would otherwise keep the answer in memory for hours. */
static ssize_t read_whole(void *payload, uint64_t position, char *buffer, size_t capacity)
{
    http_exchange *h = (http_exchange *)payload;
    size_t left = h->x.body_size - (size_t)position, size = left < capacity ? left : capacity;
    int64_t patience = transport_patience_ms(http_limits(h->owner), size), rest = h->end - transport_now_ms();

    memcpy(buffer, (const char *)h->x.body + position, size);
    http_deadline(h->connection, patience < rest ? patience : rest);
    return (ssize_t)size;
}

static struct MHD_Response *make_response(http_exchange *h)
{
    exchange *x = &h->x;
    struct MHD_Response *response;
    bool good = true;

    if (x->streamed)
        response = MHD_create_response_from_callback(h->length >= 0 ? (uint64_t)h->length : MHD_SIZE_UNKNOWN, BLOCK_MAX,
                                                     read_answer, h, NULL);
    else if (x->body_size > WHOLE_MAX)
        response = MHD_create_response_from_callback(x->body_size, BLOCK_MAX, read_whole, h, NULL);
    else
        response = MHD_create_response_from_buffer(x->body_size, (void *)(uintptr_t)x->body, MHD_RESPMEM_PERSISTENT);
    for (size_t i = 0; response != NULL && i < x->answer_count && good; i++)
        good = MHD_add_response_header(response, x->answer[i].name, x->answer[i].value) == MHD_YES;
    if (response != NULL && good && atomic_load(&h->owner->base.draining))
        good = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES;
    if (response != NULL && !good) {
        MHD_destroy_response(response);
        response = NULL;
    }
    return response;
}

/* MHD_NO closes the connection. */
static enum MHD_Result queue(http_exchange *h)
{
    struct MHD_Response *response = make_response(h);
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO;
    if (!h->x.streamed) {
        int64_t patience = transport_patience_ms(http_limits(h->owner), h->x.body_size);

        h->end = transport_now_ms() + patience;
        http_deadline(h->connection, patience);
    }
    h->queued = true;
    result = MHD_queue_response(h->handle, (unsigned)h->x.status, response);
    MHD_destroy_response(response);
    return result;
}

/* libmicrohttpd takes no answer in the middle of an upload. Nothing of it has been sent yet, so a small one goes straight into the
 * socket, whose buffer is empty; the connection ends behind it. */
static enum MHD_Result answer_raw(http_exchange *h)
{
    static const char status[] = "Status:", version[] = "HTTP/1.1", end[] = "Connection: close\r\n\r\n";
    char text[GATEWAY_HEAD_MAX + sizeof(end) + sizeof(version) + RAW_BODY_MAX], head[GATEWAY_HEAD_MAX];
    size_t size = gateway_head(&h->x, (int64_t)h->x.body_size, head), at = sizeof(version) - 1;

    if (size > 0) {
        memcpy(text, version, at);
        memcpy(text + at, head + sizeof(status) - 1, size - sizeof(status) + 1 - 2);
        at += size - sizeof(status) + 1 - 2;
        memcpy(text + at, end, sizeof(end) - 1);
        at += sizeof(end) - 1;
        if (gateway_has_body(&h->x)) {
            memcpy(text + at, h->x.body, h->x.body_size);
            at += h->x.body_size;
        }
        if (send(h->connection->guard.descriptor, text, at, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)at)
            h->x.sent = gateway_has_body(&h->x) ? h->x.body_size : 0;
        h->connection->guard.linger = true;
    }
    return MHD_NO;
}

/* Before the body of the request came: the connection ends behind the answer. */
static enum MHD_Result queue_early(http_exchange *h)
{
    h->connection->guard.linger = true;
    return queue(h);
}

/* --- The request ---------------------------------------------------------------------------------------------------------------- */

static enum MHD_Result take_header(void *payload, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    return http_take_header((http_exchange *)payload, name, value) ? MHD_YES : MHD_NO;
}

static server_step begin(http_exchange *h)
{
    server *app = h->owner->base.setup.server;

    h->begun = true;
    (void)atomic_fetch_add(&h->owner->base.running, 1);
    if (h->refused != 0) {
        server_refuse(app, &h->x, h->refused);
        return SERVER_ANSWERED;
    }
    if (server_begin(app, &h->x) == SERVER_ANSWERED)
        return SERVER_ANSWERED;
    http_deadline(h->connection, HTTP_NEVER);
    if (http_hand_over(h, (body_pipe_loop){park, unpark, h}))
        return SERVER_WORK;
    server_refuse(app, &h->x, 503);
    return SERVER_ANSWERED;
}

static void receiving(const http_exchange *h, bool on)
{
    atomic_store_explicit(&h->connection->guard.receiving, on, memory_order_relaxed);
}

/* Until the worker is further than `seen`. MHD_YES with *further false: parked. MHD_NO: the server stops. */
static enum MHD_Result await(http_exchange *h, body_phase seen, body_phase *phase, bool *further)
{
    bool parked;

    *phase = body_pipe_await(h->pipe, seen, &parked);
    *further = *phase > seen;
    return parked || *further ? MHD_YES : MHD_NO;
}

/* All of the request is here. */
static enum MHD_Result wait_for_answer(http_exchange *h)
{
    body_phase phase;
    bool further;
    enum MHD_Result result;

    h->state = HTTP_WAIT;
    result = await(h, BODY_READING, &phase, &further);
    return result == MHD_YES && further ? queue(h) : result;
}

/* Before the body: a worker that answers without it spares the client the sending. */
static enum MHD_Result wait_for_reading(http_exchange *h)
{
    body_phase phase;
    bool further;
    enum MHD_Result result;

    h->state = HTTP_WAIT_HEAD;
    result = await(h, BODY_HEAD, &phase, &further);
    if (result != MHD_YES || !further)
        return result;
    h->state = HTTP_UPLOAD;
    if (phase != BODY_READING)
        return queue_early(h);
    receiving(h, true);
    return MHD_YES;
}

static enum MHD_Result begin_with_body(http_exchange *h)
{
    if (begin(h) == SERVER_WORK)
        return wait_for_reading(h);
    if (h->refused != 0 || h->x.content_length < 0 || h->x.content_length > DRAIN_MAX ||
        exchange_header_of(&h->x, "expect") != NULL)
        return queue_early(h);
    http_deadline(h->connection, transport_patience_ms(http_limits(h->owner), DRAIN_MAX));
    h->state = HTTP_DRAIN;
    receiving(h, true);
    return MHD_YES;
}

static enum MHD_Result first_call(http_exchange *h, const char *method, const char *version)
{
    if (atomic_load(&h->owner->base.stopping))
        return MHD_NO;
    atomic_store_explicit(&h->connection->guard.busy, true, memory_order_relaxed);
    (void)MHD_get_connection_values(h->handle, MHD_HEADER_KIND, take_header, h);
    http_take_head(h, method, version);
    if (h->x.content_length != 0 || h->refused != 0)
        return begin_with_body(h);
    h->state = HTTP_LAST; /* answers that are queued now end the connection */
    return MHD_YES;
}

/* Bytes of the body. What is not taken comes again after the connection was resumed. */
static enum MHD_Result upload(http_exchange *h, const char *data, size_t *size)
{
    if (h->state == HTTP_DRAIN) {
        *size = 0;
        return MHD_YES;
    }
    if (body_pipe_phase(h->pipe) == BODY_ANSWERED && h->x.body_size <= RAW_BODY_MAX &&
        (h->x.content_length < 0 || h->x.content_length > DRAIN_MAX))
        return answer_raw(h);
    *size -= body_pipe_put(h->pipe, data, *size);
    return MHD_YES;
}

static enum MHD_Result handle(void *payload, struct MHD_Connection *handle, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **context)
{
    http_exchange *h = (http_exchange *)*context;

    (void)payload;
    (void)handle;
    (void)url;
    if (h == NULL)
        return MHD_NO; /* no memory */
    h->connection->fresh = NULL;
    if (*size > 0)
        return upload(h, data, size);
    switch (h->state) {
    case HTTP_NEW:
        return first_call(h, method, version);
    case HTTP_LAST:
        return begin(h) == SERVER_WORK ? wait_for_answer(h) : queue(h);
    case HTTP_DRAIN:
        receiving(h, false);
        return queue(h);
    case HTTP_WAIT_HEAD:
        return wait_for_reading(h);
    case HTTP_UPLOAD:
        receiving(h, false);
        body_pipe_put_end(h->pipe);
        return wait_for_answer(h);
    default:
        return wait_for_answer(h);
    }
}

/* --- Connections ---------------------------------------------------------------------------------------------------------------- */

static http_connection *connection_of(struct MHD_Connection *handle)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? (http_connection *)info->socket_context : NULL;
}

/* libmicrohttpd would keep each parameter in the memory that a connection has: a few hundred of them fill it, and the request is dropped
 * without an answer. Nobody asks it for them, so the text, which is in its buffer, ends before them. */
static void hide_query(const char *uri)
{
    char *mark = uri != NULL ? strchr((char *)(uintptr_t)uri, '?') : NULL;

    if (mark != NULL)
        memset(mark, 0, strlen(mark));
}

/* The first thing of a request: its target as it came. What is returned is the context of the calls that follow. None follows, not even
 * that of the end, when libmicrohttpd drops the request because its head does not fit: the connection remembers it. */
static void *request_line(void *payload, const char *uri, struct MHD_Connection *handle)
{
    http_connection *connection = connection_of(handle);
    http_exchange *h = connection != NULL ? connection->spare : NULL;
    size_t size = uri != NULL ? strnlen(uri, HTTP_URI_MAX) : 0;

    if (connection == NULL)
        return NULL;
    connection->spare = NULL;
    if (h == NULL)
        h = (http_exchange *)malloc(sizeof(*h));
    if (h == NULL)
        return NULL;
    memset(h, 0, offsetof(http_exchange, headers));
    memcpy(h->uri, uri != NULL ? uri : "", size);
    h->uri[size] = '\0';
    hide_query(uri);
    h->owner = (http *)payload;
    h->connection = connection;
    h->handle = handle;
    free(connection->fresh); /* none, unless libmicrohttpd goes on after it dropped a request */
    connection->fresh = h;
    return h;
}

static void name_client(http_connection *connection, struct MHD_Connection *handle)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info != NULL ? info->client_addr : NULL;
    const char *text = NULL;

    if (address != NULL && address->sa_family == AF_INET)
        text = inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, connection->remote,
                         sizeof(connection->remote));
    else if (address != NULL && address->sa_family == AF_INET6)
        text = inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, connection->remote,
                         sizeof(connection->remote));
    if (text == NULL)
        connection->remote[0] = '\0';
    else if (strncmp(text, "::ffff:", 7) == 0 && strchr(text, '.') != NULL)
        memmove(connection->remote, text + 7, strlen(text + 7) + 1);
}

static void opened(http *self, struct MHD_Connection *handle, void **context)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
    http_connection *connection = info != NULL ? (http_connection *)calloc(1, sizeof(*connection)) : NULL;

    *context = connection;
    if (connection == NULL) {
        http_watch_remove(&self->watch, NULL);
        return; /* its requests end at once: there is no context for them */
    }
    connection->guard.descriptor = info->connect_fd;
    name_client(connection, handle);
    http_deadline(connection, http_limits(self)->head_ms);
    atomic_store_explicit(&connection->guard.idle, transport_now_ms(), memory_order_relaxed);
    http_watch_add(&self->watch, &connection->guard);
}

static void notify(void *payload, struct MHD_Connection *handle, void **context,
                   enum MHD_ConnectionNotificationCode code)
{
    http *self = (http *)payload;
    http_connection *connection = (http_connection *)*context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        opened(self, handle, context);
    } else if (connection != NULL) {
        *context = NULL;
        http_watch_remove(&self->watch, &connection->guard);
        free(connection->spare);
        free(connection->fresh);
        free(connection);
    }
}

/* By the watch's thread. */
static bool accepted(void *payload, int descriptor, const struct sockaddr *address, socklen_t size)
{
    http *self = (http *)payload;

    return MHD_add_connection(self->daemon, descriptor, address, size) == MHD_YES;
}

/* The path stays as it came. */
static size_t keep_escapes(void *payload, struct MHD_Connection *handle, char *text)
{
    (void)payload;
    (void)handle;
    return strlen(text);
}

/* --- The transport -------------------------------------------------------------------------------------------------------------- */

static void drain(transport *base)
{
    atomic_store(&base->draining, true);
    http_watch_drain(&((http *)base)->watch);
}

static void end(transport *base)
{
    http *self = (http *)base;

    atomic_store(&base->draining, true);
    atomic_store(&base->stopping, true);
    if (self->watching)
        http_watch_stop(&self->watch);
    /* Suspended connections must not be there when the daemon stops: these are woken, others are not made any more, and workers that
     * could wake one are through first. */
    http_cut_workers(self);
    if (self->daemon != NULL)
        MHD_stop_daemon(self->daemon);
    if (self->watching)
        http_watch_end(&self->watch);
    while (atomic_load(&base->running) > 0) /* a worker that was the last is on its last step */
        (void)poll(NULL, 0, 1);
    (void)close(self->watch.listener);
    (void)pthread_cond_destroy(&self->fewer);
    (void)pthread_mutex_destroy(&self->lock);
    free(self);
}

static const transport_parts http_parts = {drain, end};

static bool start(http *self)
{
    unsigned loops = http_limits(self)->loops, connections = http_limits(self)->connections;

    self->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC, 0, NULL,
        NULL, handle, self, MHD_OPTION_NOTIFY_COMPLETED, completed, self, MHD_OPTION_NOTIFY_CONNECTION, notify, self,
        MHD_OPTION_URI_LOG_CALLBACK, request_line, self, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, self,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_MAX, MHD_OPTION_CONNECTION_LIMIT, connections * loops * 2,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, http_limits(self)->per_address, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_THREAD_POOL_SIZE, loops > 1 ? loops : 0, MHD_OPTION_END);
    if (self->daemon == NULL)
        return false;
    self->watch.connections_max = connections;
    self->watch.accepted = accepted;
    self->watch.payload = self;
    self->watching = true;
    return http_watch_start(&self->watch);
}

transport *http_open(const transport_setup *setup, int listener)
{
    http *self = (http *)calloc(1, sizeof(*self));
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (self == NULL) {
        (void)close(listener);
        front_error(setup->console, "the listener cannot start: out of memory");
        return NULL;
    }
    transport_init(&self->base, &http_parts, setup, processors < 1 ? 1 : (unsigned)processors);
    self->watch.listener = listener;
    transport_buffer_little(listener);
    (void)pthread_mutex_init(&self->lock, NULL);
    (void)pthread_cond_init(&self->fewer, NULL);
    if (start(self))
        return &self->base;
    front_error(setup->console, "the listener cannot start: %s", strerror(errno));
    end(&self->base);
    return NULL;
}

#else

transport *http_open(const transport_setup *setup, int listener)
{
    (void)close(listener);
    front_error(setup->console,
                "this build has no listener of its own (configured --without-libmicrohttpd); use --fastcgi");
    return NULL;
}

#endif
