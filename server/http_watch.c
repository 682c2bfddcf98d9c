#define _GNU_SOURCE /* accept4() */
#include "http_watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "transport_parts.h"

#define TICK_MS 250
#define ACCEPTS_MAX 64

static void count(http_watch *self, int step)
{
    (void)pthread_mutex_lock(&self->lock);
    self->count += (unsigned)step;
    (void)pthread_mutex_unlock(&self->lock);
}

static void wake(http_watch *self)
{
    uint64_t one = 1;
    ssize_t written = write(self->wake, &one, sizeof(one));

    (void)written; /* when the counter is full it is readable anyway */
}

void http_watch_add(http_watch *self, http_guard *guard)
{
    (void)pthread_mutex_lock(&self->lock);
    guard->previous = NULL;
    guard->next = self->first;
    if (guard->next != NULL)
        guard->next->previous = guard;
    self->first = guard;
    (void)pthread_mutex_unlock(&self->lock);
}

/* The answer is out, and the client may still be sending: another descriptor keeps the socket open. */
static void linger(http_watch *self, int descriptor)
{
    int copy = self->linger_count < HTTP_LINGER_MAX ? dup(descriptor) : -1;

    if (copy < 0)
        return;
    (void)shutdown(copy, SHUT_WR);
    self->linger[self->linger_count].descriptor = copy;
    self->linger[self->linger_count].until = transport_now_ms() + HTTP_LINGER_MS;
    self->linger_count++;
    wake(self);
}

void http_watch_remove(http_watch *self, http_guard *guard)
{
    (void)pthread_mutex_lock(&self->lock);
    if (guard != NULL) {
        *(guard->previous != NULL ? &guard->previous->next : &self->first) = guard->next;
        if (guard->next != NULL)
            guard->next->previous = guard->previous;
        if (guard->linger)
            linger(self, guard->descriptor);
    }
    if (self->count-- == self->connections_max)
        wake(self); /* there is room again */
    (void)pthread_mutex_unlock(&self->lock);
}

/* libmicrohttpd 0.9.75 reads bytes and the end behind them as bytes only when both were there at once, and then hears of the end no
 * more. */
static bool ended_unheard(const http_guard *guard)
{
    char byte;

    return (atomic_load(&guard->receiving) || !atomic_load(&guard->busy)) &&
           recv(guard->descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* When those that were idle then or before have to go: with all places taken, one client could keep everybody else out with connections on
 * which nothing happens. Half of the longest idle time, so that it is never all of them. Under the lock. */
static int64_t make_room(const http_watch *self, int64_t now)
{
    int64_t longest = 0;

    if (self->count < self->connections_max)
        return -1;
    for (const http_guard *guard = self->first; guard != NULL; guard = guard->next)
        if (!atomic_load(&guard->busy) && now - atomic_load(&guard->idle) > longest)
            longest = now - atomic_load(&guard->idle);
    return longest > HTTP_SPARE_MS ? now - longest / 2 : -1;
}

/* The loop sees the end of the connection, and does the rest. */
static void sweep(http_watch *self)
{
    int64_t now = transport_now_ms(), spare;
    bool draining = atomic_load(&self->draining);

    (void)pthread_mutex_lock(&self->lock);
    spare = draining ? now : make_room(self, now);
    for (http_guard *guard = self->first; guard != NULL; guard = guard->next)
        if (now > atomic_load(&guard->deadline) || (!atomic_load(&guard->busy) && atomic_load(&guard->idle) <= spare) ||
            ended_unheard(guard))
            (void)shutdown(guard->descriptor, SHUT_RDWR);
    (void)pthread_mutex_unlock(&self->lock);
}

/* False: the client has closed it, or has had its time. */
static bool read_away(int descriptor, int64_t until)
{
    char bytes[16384];
    ssize_t got;

    for (int i = 0; i < 64; i++) {
        got = recv(descriptor, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (got <= 0 && (got == 0 || errno != EINTR))
            return false;
    }
    return transport_now_ms() < until;
}

static void read_all_away(http_watch *self, bool ending)
{
    (void)pthread_mutex_lock(&self->lock);
    for (unsigned i = 0; i < self->linger_count;) {
        if (!ending && read_away(self->linger[i].descriptor, self->linger[i].until)) {
            i++;
            continue;
        }
        (void)close(self->linger[i].descriptor);
        self->linger[i] = self->linger[--self->linger_count];
    }
    (void)pthread_mutex_unlock(&self->lock);
}

static unsigned room_for(http_watch *self)
{
    unsigned room;

    (void)pthread_mutex_lock(&self->lock);
    room = self->count < self->connections_max ? self->connections_max - self->count : 0;
    (void)pthread_mutex_unlock(&self->lock);
    return room < ACCEPTS_MAX ? room : ACCEPTS_MAX;
}

static void accept_some(http_watch *self)
{
    for (unsigned left = room_for(self); left > 0; left--) {
        union {
            struct sockaddr any;
            struct sockaddr_storage room;
        } address;
        socklen_t size = sizeof(address);
        int descriptor = accept4(self->listener, &address.any, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (descriptor >= 0) {
            count(self, 1);
            if (!self->accepted(self->payload, descriptor, &address.any, size))
                count(self, -1);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            (void)poll(NULL, 0, TICK_MS / 5); /* nothing else can be done until some are closed */
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
    }
}

/* What to wait for: [0] the wake-up, [1] new connections unless there is no room, then those that linger. *idle: there is nothing to
 * be swept. */
static nfds_t collect(http_watch *self, struct pollfd *polls, bool *idle)
{
    nfds_t count = 2;

    polls[0] = (struct pollfd){.fd = self->wake, .events = POLLIN};
    (void)pthread_mutex_lock(&self->lock);
    polls[1] = (struct pollfd){
        .fd = atomic_load(&self->draining) || self->count >= self->connections_max ? -1 : self->listener,
        .events = POLLIN};
    *idle = self->count == 0 && self->linger_count == 0;
    for (unsigned i = 0; i < self->linger_count; i++)
        polls[count++] = (struct pollfd){.fd = self->linger[i].descriptor, .events = POLLIN};
    (void)pthread_mutex_unlock(&self->lock);
    return count;
}

static void *run(void *argument)
{
    http_watch *self = (http_watch *)argument;
    struct pollfd polls[2 + HTTP_LINGER_MAX];
    int64_t tick = 0;

    while (!atomic_load(&self->stopping)) {
        bool idle;
        nfds_t number = collect(self, polls, &idle);
        uint64_t woken;

        if (poll(polls, number, idle ? -1 : TICK_MS) > 0) {
            if (polls[0].revents != 0 && read(self->wake, &woken, sizeof(woken)) > 0)
                tick = 0;
            if (polls[1].revents != 0)
                accept_some(self);
        }
        if (number > 2)
            read_all_away(self, false);
        if (transport_now_ms() - tick >= TICK_MS) {
            tick = transport_now_ms();
            sweep(self);
        }
    }
    return NULL;
}

bool http_watch_start(http_watch *self)
{
    sigset_t all, before;

    (void)pthread_mutex_init(&self->lock, NULL);
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake < 0)
        return false;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    self->started = pthread_create(&self->thread, NULL, run, self) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return self->started;
}

void http_watch_drain(http_watch *self)
{
    atomic_store(&self->draining, true);
    wake(self);
}

void http_watch_stop(http_watch *self)
{
    atomic_store(&self->draining, true);
    atomic_store(&self->stopping, true);
    if (self->started) {
        wake(self);
        (void)pthread_join(self->thread, NULL);
    }
    self->started = false;
}

void http_watch_end(http_watch *self)
{
    http_watch_stop(self);
    read_all_away(self, true);
    if (self->wake >= 0)
        (void)close(self->wake);
    (void)pthread_mutex_destroy(&self->lock);
}
