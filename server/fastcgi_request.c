/* Records of a connection become a request, and its answer records. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fastcgi.h"

static fastcgi *owner_of(const fastcgi_connection *c)
{
    return c->loop->owner;
}

/* Small answers to the web server itself. One that does not fit into the socket's buffer comes from a web server that reads nothing. */
static void reply(fastcgi_connection *c, const uint8_t *record, size_t size)
{
    if (send(c->descriptor, record, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size)
        c->broken = true;
}

static void reply_end(fastcgi_connection *c, unsigned id, unsigned status)
{
    uint8_t record[FCGI_END_SIZE];

    fcgi_end(record, id, status);
    reply(c, record, sizeof(record));
}

static void begin(fastcgi_connection *c, const fcgi_event *event)
{
    if (c->active) {
        reply_end(c, event->id, FCGI_CANT_MPX_CONN);
        return;
    }
    if (event->role != FCGI_RESPONDER) {
        reply_end(c, event->id, FCGI_UNKNOWN_ROLE);
        c->broken = c->broken || !event->keep;
        return;
    }
    c->active = true;
    c->id = event->id;
    c->keep = event->keep;
    c->aborted = c->body_end = c->params_over = false;
    c->params_size = c->piece_size = 0;
    c->body_got = c->waited_ms = c->idle_ms = 0;
    c->moved = 0;
    c->deadline = transport_now_ms() + owner_of(c)->base.setup.limits.head_ms;
}

static void add_params(fastcgi_connection *c, const fcgi_event *event)
{
    if (event->size > FASTCGI_PARAMS_MAX - c->params_size) {
        c->params_over = true;
        return;
    }
    memcpy(c->params + c->params_size, event->data, event->size);
    c->params_size += event->size;
}

static void reply_values(fastcgi_connection *c, const fcgi_event *event)
{
    uint8_t record[FCGI_VALUES_MAX];

    reply(c, record, fcgi_values(record, event->data, event->size, owner_of(c)->base.setup.limits.connections));
}

static void reply_unknown(fastcgi_connection *c, const fcgi_event *event)
{
    uint8_t record[2 * FCGI_HEAD_SIZE] = {0};

    fcgi_head(record, FCGI_UNKNOWN_TYPE, 0, FCGI_HEAD_SIZE, 0);
    record[FCGI_HEAD_SIZE] = (uint8_t)event->type;
    reply(c, record, sizeof(record));
}

void fastcgi_event(fastcgi_connection *c, const fcgi_event *event)
{
    bool ours = c->active && event->id == c->id;

    switch (event->kind) {
    case FCGI_EVENT_BEGIN:
        begin(c, event);
        break;
    case FCGI_EVENT_ABORT:
        c->aborted = c->aborted || ours;
        break;
    case FCGI_EVENT_PARAMS: /* of the loop's only: a worker begins after them */
        if (ours && event->size > 0 && !c->working)
            add_params(c, event);
        break;
    case FCGI_EVENT_STDIN:
        if (!ours)
            break; /* what was still on its way when the answer was ready */
        if (event->size > 0) {
            c->piece = event->data;
            c->piece_size = event->size;
        } else {
            c->body_end = true;
        }
        break;
    case FCGI_EVENT_VALUES:
        reply_values(c, event);
        break;
    case FCGI_EVENT_UNKNOWN:
        reply_unknown(c, event);
        break;
    case FCGI_EVENT_BROKEN:
        c->broken = true;
        break;
    case FCGI_EVENT_NONE:
        break;
    }
}

/* --- The request ---------------------------------------------------------------------------------------------------------------- */

static void take_pair(void *payload, char *name, const char *value)
{
    gateway_variable((gateway_request *)payload, name, value);
}

/* All variables are there: the exchange, and the status that refuses it, or 0. */
static int fill_exchange(fastcgi_connection *c)
{
    bool whole;
    int status;

    memset(&c->x, 0, sizeof(c->x));
    c->x.ops = &fastcgi_ops;
    c->x.transport = c;
    gateway_start(&c->request);
    whole = c->params_over || fcgi_pairs(c->params, c->params_size, take_pair, &c->request);
    if (c->params_over)
        gateway_start(&c->request); /* half of them are worse than none */
    status = gateway_finish(&c->request, &c->x);
    return c->params_over ? 431 : !whole ? 400 : status;
}

void fastcgi_prepare(fastcgi_connection *c)
{
    exchange *x = &c->x;

    c->head_size = gateway_head(x, (int64_t)x->body_size, (char *)c->out);
    c->body_size = gateway_has_body(x) ? x->body_size : 0;
    c->sent = 0;
    c->end = transport_now_ms() + transport_patience_ms(&owner_of(c)->base.setup.limits, c->body_size);
    c->broken = c->broken || c->head_size == 0;
}

/* The end of a body that is none, when it is here with the variables: then the connection is done with when the answer is. */
static void take_end(fastcgi_connection *c)
{
    const uint8_t *head = c->in + c->in_at;
    fcgi_event event;

    if (c->x.content_length != 0 || c->reader.head_size > 0 || c->in_size - c->in_at < FCGI_HEAD_SIZE ||
        head[1] != FCGI_STDIN || head[4] != 0 || head[5] != 0)
        return;
    c->in_at += fcgi_next(&c->reader, head, c->in_size - c->in_at, &event);
    fastcgi_event(c, &event);
}

static fastcgi_next start_request(fastcgi_connection *c)
{
    fastcgi *self = owner_of(c);
    int refused = fill_exchange(c);

    (void)atomic_fetch_add(&self->base.running, 1);
    if (refused != 0) {
        server_refuse(self->base.setup.server, &c->x, refused);
    } else if (server_begin(self->base.setup.server, &c->x) == SERVER_WORK) {
        take_end(c);
        c->working = true;
        if (fastcgi_lend(c) && workers_put(self->base.setup.workers, fastcgi_work, c))
            return FASTCGI_WORKING;
        c->working = false;
        server_refuse(self->base.setup.server, &c->x, 503);
    }
    fastcgi_prepare(c);
    return fastcgi_send(c);
}

/* --- The answer ----------------------------------------------------------------------------------------------------------------- */

/* Part of head and body, from..to of both together. */
static size_t add_parts(const fastcgi_connection *c, size_t from, size_t to, struct iovec parts[2])
{
    size_t count = 0;

    if (from < c->head_size) {
        size_t end = to < c->head_size ? to : c->head_size;

        parts[count++] = (struct iovec){(void *)(uintptr_t)(c->out + from), end - from};
        from = end;
    }
    if (from < to)
        parts[count++] = (struct iovec){(void *)(uintptr_t)((const uint8_t *)c->x.body + (from - c->head_size)),
                                        to - from};
    return count;
}

size_t fastcgi_rest(const fastcgi_connection *c, struct iovec parts[FASTCGI_IOV_MAX],
                    uint8_t heads[FASTCGI_IOV_MAX][FCGI_HEAD_SIZE], uint8_t tail[FCGI_HEAD_SIZE + FCGI_END_SIZE])
{
    const size_t whole = FCGI_HEAD_SIZE + FASTCGI_RECORD_MAX, tail_size = FCGI_HEAD_SIZE + FCGI_END_SIZE;
    size_t size = c->head_size + c->body_size, records = (size + FASTCGI_RECORD_MAX - 1) / FASTCGI_RECORD_MAX;
    size_t record = c->sent / whole, count = 0, tail_at = size + records * FCGI_HEAD_SIZE, skip;

    for (; record < records && count + 4 <= FASTCGI_IOV_MAX; record++) {
        size_t from = record * FASTCGI_RECORD_MAX;
        size_t content = size - from < FASTCGI_RECORD_MAX ? size - from : FASTCGI_RECORD_MAX;

        skip = c->sent > record * whole ? c->sent - record * whole : 0;
        if (skip >= FCGI_HEAD_SIZE + content)
            continue;
        if (skip < FCGI_HEAD_SIZE) {
            fcgi_head(heads[count], FCGI_STDOUT, c->id, content, 0);
            parts[count] = (struct iovec){heads[count] + skip, FCGI_HEAD_SIZE - skip};
            count++;
            skip = 0;
        } else {
            skip -= FCGI_HEAD_SIZE;
        }
        count += add_parts(c, from + skip, from + content, parts + count);
    }
    skip = c->sent > tail_at ? c->sent - tail_at : 0;
    if (record == records && skip < tail_size && count < FASTCGI_IOV_MAX) {
        fcgi_head(tail, FCGI_STDOUT, c->id, 0, 0);
        fcgi_end(tail + FCGI_HEAD_SIZE, c->id, FCGI_REQUEST_COMPLETE);
        parts[count++] = (struct iovec){tail + skip, tail_size - skip};
    }
    return count;
}

/* Some of the answer went out, and no more goes now: the web server has time to take more, and so much for all of it. */
static fastcgi_next wait_for_room(fastcgi_connection *c)
{
    int64_t stall = transport_now_ms() + owner_of(c)->base.setup.limits.stall_ms;

    c->deadline = stall < c->end ? stall : c->end;
    return FASTCGI_WRITE;
}

static fastcgi_next finish_request(fastcgi_connection *c)
{
    fastcgi *self = owner_of(c);

    c->x.sent = c->broken && c->sent < c->body_size ? c->sent : c->body_size;
    server_end(self->base.setup.server, &c->x);
    (void)atomic_fetch_sub(&self->base.running, 1);
    return fastcgi_resume(c);
}

fastcgi_next fastcgi_send(fastcgi_connection *c)
{
    uint8_t heads[FASTCGI_IOV_MAX][FCGI_HEAD_SIZE], tail[FCGI_HEAD_SIZE + FCGI_END_SIZE];
    struct iovec parts[FASTCGI_IOV_MAX];
    struct msghdr message = {.msg_iov = parts};

    while (!c->broken && (message.msg_iovlen = fastcgi_rest(c, parts, heads, tail)) > 0) {
        ssize_t sent = sendmsg(c->descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent > 0)
            c->sent += (size_t)sent;
        else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return wait_for_room(c);
        else if (sent == 0 || errno != EINTR)
            c->broken = true;
    }
    return finish_request(c);
}

fastcgi_next fastcgi_resume(fastcgi_connection *c)
{
    c->active = c->writing = false;
    c->deadline = transport_now_ms() + 2 * (int64_t)owner_of(c)->base.setup.limits.idle_ms;
    if (c->broken || !c->keep || atomic_load(&owner_of(c)->base.draining))
        return FASTCGI_CLOSE;
    return FASTCGI_READ;
}

/* The web server does not want it any more, before it was whole. */
static void drop_request(fastcgi_connection *c)
{
    reply_end(c, c->id, FCGI_REQUEST_COMPLETE);
    c->broken = c->broken || !c->keep;
    c->active = c->aborted = false;
}

fastcgi_next fastcgi_parse(fastcgi_connection *c)
{
    fastcgi_next next = FASTCGI_READ;

    while (next == FASTCGI_READ && c->in_at < c->in_size) {
        fcgi_event event;

        c->in_at += fcgi_next(&c->reader, c->in + c->in_at, c->in_size - c->in_at, &event);
        fastcgi_event(c, &event);
        if (c->active && c->aborted)
            drop_request(c);
        if (c->broken || c->piece_size > 0 || (c->active && c->body_end))
            return FASTCGI_CLOSE; /* a body before its variables */
        if (event.kind == FCGI_EVENT_PARAMS && event.size == 0 && c->active && event.id == c->id)
            next = start_request(c);
    }
    return next;
}
