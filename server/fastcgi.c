/* FastCGI without libfcgi: a few threads, each with an epoll of its own, hold all connections of the web server. libfcgi gives each
 * connection that is kept open a thread of its own, so with keep-alive the web server's connections beyond the number of threads
 * wait for ever (see docs/architecture.md). */
#define _GNU_SOURCE /* accept4() */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fastcgi.h"

#define EVENTS_MAX 64
#define TICK_MS 500
#define ACCEPTS_MAX 16 /* at once, so that others of the loop have their turn */

static void wake(fastcgi_loop *loop)
{
    uint64_t one = 1;
    ssize_t written = write(loop->wake, &one, sizeof(one));

    (void)written; /* the counter is never read, and has room for centuries */
}

static bool watch(fastcgi_connection *c, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = c}};
    int how = c->watched == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

    if (c->watched == events)
        return true;
    c->watched = events;
    return epoll_ctl(c->loop->epoll, how, c->descriptor, &event) == 0;
}

/* Of a body the worker reads the loop would be told too, all the time. */
bool fastcgi_lend(fastcgi_connection *c)
{
    c->noticed = c->x.content_length != 0;
    return !c->noticed || watch(c, 0);
}

/* Something happens on a connection that a worker has: the next request, or its end. It is looked at when the worker gives it back. */
static void notice(fastcgi_connection *c)
{
    bool back;

    (void)pthread_mutex_lock(&c->loop->lock);
    back = c->back; /* just now: this is told again */
    c->noticed = !back;
    (void)pthread_mutex_unlock(&c->loop->lock);
    if (!back && !watch(c, 0))
        (void)shutdown(c->descriptor, SHUT_RDWR);
}

static bool listen_here(fastcgi_loop *loop, bool on)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data = {.ptr = loop->owner}};
    int how = on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;

    if (loop->listening != on && epoll_ctl(loop->epoll, how, loop->owner->listener, &event) == 0)
        loop->listening = on;
    return loop->listening == on;
}

/* --- Connections ---------------------------------------------------------------------------------------------------------------- */

static void close_connection(fastcgi_connection *c)
{
    fastcgi_loop *loop = c->loop;

    if (c->writing) { /* cut off in the middle of an answer */
        c->x.sent = c->sent < c->body_size ? c->sent : c->body_size;
        server_end(loop->owner->base.setup.server, &c->x);
        (void)atomic_fetch_sub(&loop->owner->base.running, 1);
    }
    *(c->previous != NULL ? &c->previous->next : &loop->first) = c->next;
    if (c->next != NULL)
        c->next->previous = c->previous;
    loop->count--;
    (void)close(c->descriptor);
    c->descriptor = -1;
    c->next = loop->closed;
    loop->closed = c;
}

static void free_closed(fastcgi_loop *loop)
{
    while (loop->closed != NULL) {
        fastcgi_connection *c = loop->closed;

        loop->closed = c->next;
        free(c);
    }
}

/* What the connection waits for now. */
static void set_next(fastcgi_connection *c, fastcgi_next next)
{
    if (next == FASTCGI_WORKING)
        return; /* it is the worker's, perhaps already back */
    c->writing = next == FASTCGI_WRITE;
    if (next == FASTCGI_CLOSE || !watch(c, c->writing ? EPOLLOUT : EPOLLIN | EPOLLRDHUP))
        close_connection(c);
}

static void receive(fastcgi_connection *c)
{
    ssize_t got = recv(c->descriptor, c->in, sizeof(c->in), MSG_DONTWAIT);

    if (got > 0) {
        c->in_at = 0;
        c->in_size = (size_t)got;
        set_next(c, fastcgi_parse(c));
    } else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
        close_connection(c);
    }
}

static void send_more(fastcgi_connection *c)
{
    fastcgi_next next = fastcgi_send(c);

    if (next == FASTCGI_READ)
        next = fastcgi_parse(c);
    set_next(c, next);
}

static void add_connection(fastcgi_loop *loop, int descriptor)
{
    fastcgi_connection *c = (fastcgi_connection *)malloc(sizeof(*c));

    if (c == NULL) {
        (void)close(descriptor);
        return;
    }
    memset(c, 0, offsetof(fastcgi_connection, in));
    c->loop = loop;
    c->descriptor = descriptor;
    c->deadline = transport_now_ms() + loop->owner->base.setup.limits.head_ms;
    c->next = loop->first;
    if (c->next != NULL)
        c->next->previous = c;
    loop->first = c;
    loop->count++;
    set_next(c, FASTCGI_READ);
}

static void accept_some(fastcgi_loop *loop)
{
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int descriptor;

        if (loop->count >= loop->owner->per_loop) {
            (void)listen_here(loop, false);
            return;
        }
        descriptor = accept4(loop->owner->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (descriptor >= 0) {
            add_connection(loop, descriptor);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            (void)listen_here(loop, false); /* until the next tick */
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
    }
}

/* --- The loop ------------------------------------------------------------------------------------------------------------------- */

static void take_back(fastcgi_loop *loop)
{
    fastcgi_connection *c, *next;

    (void)pthread_mutex_lock(&loop->lock);
    c = loop->returned;
    loop->returned = NULL;
    for (next = c; next != NULL; next = next->returned)
        next->back = false;
    (void)pthread_mutex_unlock(&loop->lock);
    for (; c != NULL; c = next) {
        fastcgi_next step;

        next = c->returned;
        c->working = false;
        step = fastcgi_resume(c);
        if (step == FASTCGI_READ)
            step = fastcgi_parse(c);
        set_next(c, step);
    }
}

/* Those that have had their time; when the server drains those that wait for a request; when it stops all. */
static void sweep(fastcgi_loop *loop)
{
    int64_t now = transport_now_ms();
    bool draining = atomic_load(&loop->owner->base.draining), stopping = atomic_load(&loop->owner->base.stopping);

    for (fastcgi_connection *c = loop->first, *next; c != NULL; c = next) {
        next = c->next;
        if (c->working && stopping)
            (void)shutdown(c->descriptor, SHUT_RDWR); /* wakes its worker */
        else if (!c->working && (stopping || now > c->deadline || (draining && !c->active)))
            close_connection(c);
    }
    if (draining)
        (void)listen_here(loop, false);
    else if (loop->count < loop->owner->per_loop)
        (void)listen_here(loop, true);
}

static void *run(void *argument)
{
    fastcgi_loop *loop = (fastcgi_loop *)argument;
    fastcgi *self = loop->owner;
    struct epoll_event events[EVENTS_MAX];
    int64_t tick = 0;

    while (!atomic_load(&self->base.stopping) || loop->count > 0) {
        bool idle = loop->count == 0 && loop->listening;
        int count = epoll_wait(loop->epoll, events, EVENTS_MAX, idle ? -1 : TICK_MS);

        take_back(loop); /* first: they may be what the events are about */
        for (int i = 0; i < count; i++) {
            fastcgi_connection *c = (fastcgi_connection *)events[i].data.ptr;

            if (events[i].data.ptr == loop) {
                tick = atomic_load(&self->base.draining) ? 0 : tick;
            } else if (events[i].data.ptr == self) {
                accept_some(loop);
            } else if (c->descriptor < 0) {
                continue;
            } else if (c->working) {
                notice(c);
            } else if (c->writing) {
                send_more(c);
            } else {
                receive(c);
            }
        }
        if (transport_now_ms() - tick >= TICK_MS) {
            tick = transport_now_ms();
            sweep(loop);
        }
        free_closed(loop);
    }
    return NULL;
}

void fastcgi_give_back(fastcgi_connection *c)
{
    fastcgi_loop *loop = c->loop;

    (void)pthread_mutex_lock(&loop->lock);
    c->returned = loop->returned;
    c->back = true;
    loop->returned = c;
    if (c->noticed || c->broken || !c->keep || c->in_at < c->in_size || atomic_load(&loop->owner->base.draining))
        wake(loop); /* under the lock: without it the loop may be gone by now */
    (void)pthread_mutex_unlock(&loop->lock);
}

/* --- The transport -------------------------------------------------------------------------------------------------------------- */

static void wake_all(fastcgi *self)
{
    for (unsigned i = 0; i < self->loop_count; i++)
        wake(&self->loops[i]);
}

static void drain(transport *base)
{
    atomic_store(&base->draining, true);
    wake_all((fastcgi *)base);
}

static void end(transport *base)
{
    fastcgi *self = (fastcgi *)base;

    atomic_store(&base->draining, true);
    atomic_store(&base->stopping, true);
    wake_all(self);
    for (unsigned i = 0; i < self->loop_count; i++) {
        fastcgi_loop *loop = &self->loops[i];

        if (loop->started)
            (void)pthread_join(loop->thread, NULL);
        /* Whoever gave the last connection back may still hold the lock. */
        (void)pthread_mutex_lock(&loop->lock);
        (void)pthread_mutex_unlock(&loop->lock);
        (void)pthread_mutex_destroy(&loop->lock);
        if (loop->epoll >= 0)
            (void)close(loop->epoll);
        if (loop->wake >= 0)
            (void)close(loop->wake);
    }
    (void)close(self->listener);
    free(self);
}

static const transport_parts fastcgi_parts = {drain, end};

/* The loop is ended by end(), also when this fails. */
static bool start(fastcgi *self, fastcgi_loop *loop)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.ptr = loop}}; /* each wake() is told once */
    sigset_t all, before;

    self->loop_count++;
    loop->owner = self;
    (void)pthread_mutex_init(&loop->lock, NULL);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->epoll < 0 || loop->wake < 0 || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event) != 0 ||
        !listen_here(loop, true))
        return false;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    loop->started = pthread_create(&loop->thread, NULL, run, loop) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return loop->started;
}

transport *fastcgi_open(const transport_setup *setup, int listener)
{
    fastcgi *self = (fastcgi *)calloc(1, sizeof(*self));
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    bool good = self != NULL;

    if (!good) {
        (void)close(listener);
    } else {
        transport_init(&self->base, &fastcgi_parts, setup, processors < 1 ? 1 : (unsigned)processors);
        self->listener = listener;
        transport_buffer_little(listener);
        self->per_loop = (self->base.setup.limits.connections + self->base.setup.limits.loops - 1) /
                         self->base.setup.limits.loops;
        for (unsigned i = 0; i < self->base.setup.limits.loops && good; i++)
            good = start(self, &self->loops[i]);
        if (!good)
            end(&self->base);
    }
    if (!good)
        front_error(setup->console, "FastCGI cannot start: %s", strerror(errno != 0 ? errno : ENOMEM));
    return good ? &self->base : NULL;
}
