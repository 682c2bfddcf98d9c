/* A worker and the connection that is its own for the time of a request. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "fastcgi.h"

#define SLICE_MS 250 /* how long a wait goes on before the worker looks whether the server stops */

static fastcgi *owner_of(const fastcgi_connection *c)
{
    return c->loop->owner;
}

static bool stopping(const fastcgi_connection *c)
{
    return atomic_load(&owner_of(c)->base.stopping);
}

/* Until the socket is ready. False: the client has had its time, the server stops, or the connection is gone. */
static bool wait_for(fastcgi_connection *c, short events)
{
    const transport_limits *limits = &owner_of(c)->base.setup.limits;
    struct pollfd socket = {.fd = c->descriptor, .events = events};

    while (!stopping(c)) {
        int64_t start = transport_now_ms();
        int ready = poll(&socket, 1, SLICE_MS);

        c->waited_ms += transport_now_ms() - start;
        c->idle_ms += transport_now_ms() - start;
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            c->broken = true;
        if (c->idle_ms > (int64_t)limits->stall_ms || c->waited_ms > transport_patience_ms(limits, c->moved))
            c->late = c->broken = true;
        if (c->broken)
            return false;
    }
    c->broken = true;
    return false;
}

/* More bytes into the empty `in`. False when there are none. */
static bool receive(fastcgi_connection *c, bool wait)
{
    while (!c->broken) {
        ssize_t got = recv(c->descriptor, c->in, sizeof(c->in), MSG_DONTWAIT);

        if (got > 0) {
            c->idle_ms = 0;
            c->in_at = 0;
            c->in_size = (size_t)got;
            return true;
        }
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!wait || !wait_for(c, POLLIN))
                return false;
        } else if (got == 0 || errno != EINTR) {
            c->broken = true;
        }
    }
    return false;
}

/* Takes events until some of the body is there, or it ended. */
static void next_piece(fastcgi_connection *c, bool wait)
{
    while (c->piece_size == 0 && !c->body_end && !c->aborted && !c->broken) {
        fcgi_event event;

        if (c->in_at == c->in_size && !receive(c, wait))
            return;
        c->in_at += fcgi_next(&c->reader, c->in + c->in_at, c->in_size - c->in_at, &event);
        fastcgi_event(c, &event);
    }
}

/* --- The operations ------------------------------------------------------------------------------------------------------------- */

static ticker_status no_piece(fastcgi_connection *c, ticker_error *error)
{
    int64_t length = c->x.content_length;

    if (stopping(c))
        return transport_body_stopped(error);
    if (c->late)
        return transport_body_late(error);
    if (c->broken || c->aborted || !c->body_end)
        return transport_body_broken(error);
    return length >= 0 && c->body_got != length ? transport_body_length(error) : TICKER_DONE;
}

static ticker_status read_body(exchange *x, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    fastcgi_connection *c = (fastcgi_connection *)x->transport;
    size_t size;

    *got = 0;
    if (stopping(c))
        return transport_body_stopped(error);
    next_piece(c, true);
    if (c->piece_size == 0 || c->broken || c->aborted)
        return no_piece(c, error);
    size = c->piece_size < capacity ? c->piece_size : capacity;
    if (x->content_length >= 0 && (int64_t)size > x->content_length - c->body_got)
        return transport_body_length(error);
    if ((int64_t)size > x->body_max - c->body_got)
        return transport_body_over(error);
    memcpy(buffer, c->piece, size);
    c->piece += size;
    c->piece_size -= size;
    c->body_got += (int64_t)size;
    c->moved += size;
    *got = size;
    return TICKER_OK;
}

/* All of it, waiting where needed. */
static bool send_all(fastcgi_connection *c, const uint8_t *data, size_t size)
{
    while (size > 0 && !c->broken) {
        ssize_t sent = send(c->descriptor, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent > 0) {
            c->idle_ms = 0;
            data += sent;
            size -= (size_t)sent;
            c->moved += (uint64_t)sent;
        } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            (void)wait_for(c, POLLOUT);
        } else if (sent == 0 || errno != EINTR) {
            c->broken = true;
        }
    }
    return !c->broken;
}

/* Whether the web server still wants the answer. While there is a body to be read it cannot be asked: the socket tells then. */
static bool wanted(fastcgi_connection *c)
{
    next_piece(c, false);
    while (c->body_end && !c->aborted && !c->broken && (c->in_at < c->in_size || receive(c, false))) {
        fcgi_event event;

        c->in_at += fcgi_next(&c->reader, c->in + c->in_at, c->in_size - c->in_at, &event);
        fastcgi_event(c, &event);
    }
    return !c->aborted && !c->broken && !stopping(c);
}

/* What waits in `out`, as a record. */
static bool flush(fastcgi_connection *c)
{
    bool good = wanted(c);

    if (good && c->out_size > 0) {
        fcgi_head(c->out, FCGI_STDOUT, c->id, c->out_size, 0);
        good = send_all(c, c->out, FCGI_HEAD_SIZE + c->out_size);
    }
    c->out_size = 0;
    return good;
}

static bool start_answer(exchange *x, int64_t length)
{
    fastcgi_connection *c = (fastcgi_connection *)x->transport;

    c->out_size = gateway_head(x, length, (char *)c->out + FCGI_HEAD_SIZE);
    x->streamed = true;
    c->broken = c->broken || c->out_size == 0;
    return !c->broken && !c->aborted && !stopping(c);
}

static bool write_body(exchange *x, const void *data, size_t size)
{
    fastcgi_connection *c = (fastcgi_connection *)x->transport;
    const char *from = (const char *)data;

    if (!gateway_has_body(x))
        return !c->broken && !c->aborted && !stopping(c);
    while (size > 0) {
        size_t room = FASTCGI_RECORD_MAX - c->out_size, part = size < room ? size : room;

        memcpy(c->out + FCGI_HEAD_SIZE + c->out_size, from, part);
        c->out_size += part;
        from += part;
        size -= part;
        x->sent += part;
        if (c->out_size == FASTCGI_RECORD_MAX && !flush(c))
            return false;
    }
    return !c->broken;
}

const exchange_ops fastcgi_ops = {read_body, start_answer, write_body};

/* --- The job -------------------------------------------------------------------------------------------------------------------- */

/* A body that was begun and cannot be finished has no good end: the connection is closed without FCGI_END_REQUEST. */
static void end_streamed(fastcgi_connection *c)
{
    uint8_t tail[FCGI_HEAD_SIZE + FCGI_END_SIZE];

    if (c->x.failed && !c->aborted)
        c->broken = true;
    if (!c->aborted)
        (void)flush(c);
    fcgi_head(tail, FCGI_STDOUT, c->id, 0, 0);
    fcgi_end(tail + FCGI_HEAD_SIZE, c->id, FCGI_REQUEST_COMPLETE);
    if (!c->broken)
        (void)send_all(c, tail, sizeof(tail));
}

static void send_whole(fastcgi_connection *c)
{
    uint8_t heads[FASTCGI_IOV_MAX][FCGI_HEAD_SIZE], tail[FCGI_HEAD_SIZE + FCGI_END_SIZE];
    struct iovec parts[FASTCGI_IOV_MAX];
    struct msghdr message = {.msg_iov = parts};

    fastcgi_prepare(c);
    while (!c->broken && (message.msg_iovlen = fastcgi_rest(c, parts, heads, tail)) > 0) {
        ssize_t sent = sendmsg(c->descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent > 0) {
            c->idle_ms = 0;
            c->sent += (size_t)sent;
            c->moved += (uint64_t)sent;
        } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            (void)wait_for(c, POLLOUT);
        } else if (sent == 0 || errno != EINTR) {
            c->broken = true;
        }
    }
    c->x.sent = c->sent < c->body_size ? c->sent : c->body_size;
}

void fastcgi_work(void *connection)
{
    fastcgi_connection *c = (fastcgi_connection *)connection;
    fastcgi *self = owner_of(c);

    c->out_size = 0;
    if (stopping(c))
        server_refuse(self->base.setup.server, &c->x, 503); /* it has waited until nobody wants the answer */
    else
        server_work(self->base.setup.server, &c->x);
    if (c->x.streamed)
        end_streamed(c);
    else
        send_whole(c);
    server_end(self->base.setup.server, &c->x);
    (void)atomic_fetch_sub(&self->base.running, 1);
    c->piece_size = 0;
    fastcgi_give_back(c);
}
