/* An HTTP request between the loop, which has the connection, and a worker, which has the exchange. Whoever is done last ends it. */
#include <stdlib.h>

#include "gateway.h"
#include "http_parts.h"

const transport_limits *http_limits(const http *self)
{
    return &self->base.setup.limits;
}

void http_deadline(http_connection *connection, int64_t in_ms)
{
    atomic_store_explicit(&connection->guard.deadline, in_ms == HTTP_NEVER ? HTTP_NEVER : transport_now_ms() + in_ms,
                          memory_order_relaxed);
}

/* --- The end of an exchange ----------------------------------------------------------------------------------------------------- */

void http_give_up(http_exchange *h)
{
    http_connection *connection = h->connection;

    if (connection != NULL && connection->spare == NULL)
        connection->spare = h;
    else
        free(h);
}

/* The loop or the worker is done with it; true for the last of both. */
static bool leave(http_exchange *h, bool loop)
{
    http *self = h->owner;
    bool last;

    (void)pthread_mutex_lock(&self->lock);
    last = --h->holders == 0;
    if (loop && !last)
        h->connection = NULL; /* it may be gone before the worker is */
    self->working -= loop ? 0 : 1;
    if (last) {
        *(h->previous != NULL ? &h->previous->next : &self->first) = h->next;
        if (h->next != NULL)
            h->next->previous = h->previous;
    }
    (void)pthread_cond_signal(&self->fewer);
    (void)pthread_mutex_unlock(&self->lock);
    return last;
}

/* By the last of the loop and the worker. */
static void finish(http_exchange *h)
{
    http *self = h->owner;

    body_pipe_free(h->pipe);
    server_end(self->base.setup.server, &h->x);
    http_give_up(h);
    (void)atomic_fetch_sub(&self->base.running, 1);
}

void http_let_go(http_exchange *h)
{
    bool last = true;

    if (h->pipe != NULL) {
        body_pipe_cut(h->pipe, BODY_BROKEN, false);
        last = leave(h, true);
    }
    if (last)
        finish(h);
}

/* --- The worker's side ---------------------------------------------------------------------------------------------------------- */

static ticker_status read_body(exchange *x, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    http_exchange *h = (http_exchange *)x->transport;
    int64_t room = x->body_max - h->body_got;

    /* One byte more than is allowed tells that there is more. */
    if (room < (int64_t)capacity)
        capacity = room > 0 ? (size_t)room : 1;
    switch (body_pipe_read(h->pipe, buffer, capacity, got)) {
    case BODY_MORE:
        if (room <= 0) {
            *got = 0;
            return transport_body_over(error);
        }
        h->body_got += (int64_t)*got;
        return TICKER_OK;
    case BODY_END:
        return x->content_length >= 0 && h->body_got != x->content_length ? transport_body_length(error) : TICKER_DONE;
    case BODY_LATE:
        return transport_body_late(error);
    case BODY_STOPPED:
        return transport_body_stopped(error);
    default:
        return transport_body_broken(error);
    }
}

static bool start_answer(exchange *x, int64_t length)
{
    http_exchange *h = (http_exchange *)x->transport;

    h->length = length;
    x->streamed = true;
    body_pipe_start(h->pipe);
    return true;
}

static bool write_body(exchange *x, const void *data, size_t size)
{
    http_exchange *h = (http_exchange *)x->transport;

    if (!gateway_has_body(x))
        return true; /* nobody reads it */
    if (!body_pipe_write(h->pipe, data, size))
        return false;
    x->sent += size;
    return true;
}

static const exchange_ops http_ops = {read_body, start_answer, write_body};

static void work(void *argument)
{
    http_exchange *h = (http_exchange *)argument;
    http *self = h->owner;

    if (atomic_load(&self->base.stopping))
        server_refuse(self->base.setup.server, &h->x, 503); /* it has waited until nobody wants the answer */
    else
        server_work(self->base.setup.server, &h->x);
    /* What is left to do needs less patience with the client: the body of its request, or the rest of the answer. */
    (void)pthread_mutex_lock(&self->lock);
    if (h->connection != NULL && h->x.streamed)
        http_deadline(h->connection, transport_patience_ms(http_limits(self), 2 * HTTP_PIPE_MAX));
    else if (h->connection != NULL && h->x.content_length != 0 && !body_pipe_has_all(h->pipe))
        http_deadline(h->connection, HTTP_CLOSE_MS);
    (void)pthread_mutex_unlock(&self->lock);
    body_pipe_finish(h->pipe, h->x.streamed && h->x.failed);
    if (leave(h, false))
        finish(h);
}

bool http_hand_over(http_exchange *h, body_pipe_loop loop)
{
    http *self = h->owner;
    body_pipe_patience patience = {http_limits(self)->stall_ms, http_limits(self)->rate};
    bool closed;

    h->x.ops = &http_ops;
    h->pipe = body_pipe_new(HTTP_PIPE_MAX, loop, patience);
    if (h->pipe == NULL)
        return false;
    if (h->x.content_length == 0)
        body_pipe_put_end(h->pipe);
    h->holders = 2;
    h->previous = NULL;
    (void)pthread_mutex_lock(&self->lock);
    closed = self->closed;
    h->next = self->first;
    if (h->next != NULL)
        h->next->previous = h;
    self->first = h;
    self->working++;
    (void)pthread_mutex_unlock(&self->lock);
    if (!closed && workers_put(self->base.setup.workers, work, h))
        return true;
    h->holders = 1;
    (void)leave(h, false);
    body_pipe_free(h->pipe);
    h->pipe = NULL;
    return false;
}

void http_cut_workers(http *self)
{
    (void)pthread_mutex_lock(&self->lock);
    self->closed = true;
    for (http_exchange *h = self->first; h != NULL; h = h->next)
        body_pipe_cut(h->pipe, BODY_STOPPED, true);
    while (self->working > 0)
        (void)pthread_cond_wait(&self->fewer, &self->lock);
    (void)pthread_mutex_unlock(&self->lock);
}
