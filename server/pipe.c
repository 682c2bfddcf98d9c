#include "pipe.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wake.h"

typedef struct ring {
    char *data; /* allocated with the first byte */
    size_t first, size;
    uint64_t total; /* bytes that went in */
} ring;

struct body_pipe {
    pthread_mutex_t lock;
    pthread_cond_t change; /* the worker waits for it */
    body_pipe_loop loop;
    body_pipe_patience patience;
    size_t capacity;
    ring in, out;
    int64_t waited_us; /* by the worker, for the client */
    body_phase phase;
    body_result cut; /* BODY_MORE: it is not */
    bool in_end;     /* the request's body came whole */
    bool done;       /* the worker is */
    bool failed;     /* it could not finish the body of the answer */
    bool parked;
};

static int64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static size_t ring_put(ring *self, size_t capacity, const void *data, size_t size)
{
    size_t at = (self->first + self->size) % capacity, room = capacity - self->size, part;

    if (self->data == NULL) {
        self->data = (char *)malloc(capacity);
        if (self->data == NULL)
            return 0;
    }
    size = size < room ? size : room;
    part = size < capacity - at ? size : capacity - at;
    memcpy(self->data + at, data, part);
    memcpy(self->data, (const char *)data + part, size - part);
    self->size += size;
    self->total += size;
    return size;
}

static size_t ring_take(ring *self, size_t capacity, void *buffer, size_t size)
{
    size_t part;

    size = size < self->size ? size : self->size;
    part = size < capacity - self->first ? size : capacity - self->first;
    if (size == 0)
        return 0;
    memcpy(buffer, self->data + self->first, part);
    memcpy((char *)buffer + part, self->data, size - part);
    self->size -= size;
    self->first = self->size == 0 ? 0 : (self->first + size) % capacity;
    return size;
}

body_pipe *body_pipe_new(size_t capacity, body_pipe_loop loop, body_pipe_patience patience)
{
    body_pipe *self = (body_pipe *)calloc(1, sizeof(*self));

    if (self == NULL)
        return NULL;
    if (!front_wake_init(&self->lock, &self->change)) {
        free(self);
        return NULL;
    }
    self->loop = loop;
    self->patience = patience;
    self->capacity = capacity;
    self->cut = BODY_MORE;
    return self;
}

void body_pipe_free(body_pipe *self)
{
    if (self == NULL)
        return;
    front_wake_end(&self->lock, &self->change);
    free(self->in.data);
    free(self->out.data);
    free(self);
}

static void park(body_pipe *self)
{
    self->parked = true;
    self->loop.park(self->loop.connection);
}

static void wake(body_pipe *self)
{
    if (!self->parked)
        return;
    self->parked = false;
    self->loop.wake(self->loop.connection);
}

body_phase body_pipe_await(body_pipe *self, body_phase seen, bool *parked)
{
    body_phase phase;

    (void)pthread_mutex_lock(&self->lock);
    phase = self->phase;
    *parked = phase <= seen && self->cut == BODY_MORE;
    if (*parked)
        park(self);
    (void)pthread_mutex_unlock(&self->lock);
    return phase;
}

body_phase body_pipe_phase(body_pipe *self)
{
    body_phase phase;

    (void)pthread_mutex_lock(&self->lock);
    phase = self->phase;
    (void)pthread_mutex_unlock(&self->lock);
    return phase;
}

size_t body_pipe_put(body_pipe *self, const void *data, size_t size)
{
    size_t taken = size;

    (void)pthread_mutex_lock(&self->lock);
    if (!self->done && self->cut == BODY_MORE) {
        taken = ring_put(&self->in, self->capacity, data, size);
        (void)pthread_cond_signal(&self->change);
        if (self->in.data == NULL) {
            self->cut = BODY_BROKEN; /* no memory: the worker fails, the rest is dropped */
            taken = size;
        } else if (taken < size) {
            park(self);
        }
    }
    (void)pthread_mutex_unlock(&self->lock);
    return taken;
}

void body_pipe_put_end(body_pipe *self)
{
    (void)pthread_mutex_lock(&self->lock);
    self->in_end = true;
    (void)pthread_cond_signal(&self->change);
    (void)pthread_mutex_unlock(&self->lock);
}

body_result body_pipe_take(body_pipe *self, void *buffer, size_t capacity, size_t *got)
{
    body_result result = BODY_MORE;

    (void)pthread_mutex_lock(&self->lock);
    *got = ring_take(&self->out, self->capacity, buffer, capacity);
    if (*got > 0)
        (void)pthread_cond_signal(&self->change);
    else if (self->cut != BODY_MORE || self->failed)
        result = BODY_BROKEN;
    else if (self->done)
        result = BODY_END;
    else {
        result = BODY_PARKED;
        park(self);
    }
    (void)pthread_mutex_unlock(&self->lock);
    return result;
}

void body_pipe_cut(body_pipe *self, body_result why, bool woken)
{
    (void)pthread_mutex_lock(&self->lock);
    if (self->cut == BODY_MORE)
        self->cut = why;
    if (woken)
        wake(self);
    self->parked = self->parked && woken; /* a connection that is gone is not to be woken */
    (void)pthread_cond_signal(&self->change);
    (void)pthread_mutex_unlock(&self->lock);
}

/* Waits for the loop, which has done nothing since *idle_us. False: the client has had its time, for this wait or for all of them. */
static bool wait_for_loop(body_pipe *self, uint64_t bytes, int64_t *idle_us)
{
    int64_t start = now_us(), stall = (int64_t)self->patience.stall_ms * 1000, left = stall - self->waited_us, end;
    struct timespec until;

    if (self->patience.rate > 0)
        left += (int64_t)(bytes / self->patience.rate) * 1000000;
    left = left < stall - *idle_us ? left : stall - *idle_us;
    if (left <= 0)
        return false;
    end = start + left;
    until = (struct timespec){.tv_sec = end / 1000000, .tv_nsec = end % 1000000 * 1000};
    (void)pthread_cond_timedwait(&self->change, &self->lock, &until);
    self->waited_us += now_us() - start;
    *idle_us += now_us() - start;
    return true;
}

static void advance(body_pipe *self, body_phase phase)
{
    if (self->phase >= phase)
        return;
    self->phase = phase;
    wake(self);
}

body_result body_pipe_read(body_pipe *self, void *buffer, size_t capacity, size_t *got)
{
    body_result result = BODY_MORE;
    int64_t idle_us = 0;

    *got = 0;
    (void)pthread_mutex_lock(&self->lock);
    advance(self, BODY_READING);
    while (result == BODY_MORE && *got == 0 && capacity > 0) {
        bool full = self->in.size == self->capacity;

        *got = self->cut == BODY_MORE ? ring_take(&self->in, self->capacity, buffer, capacity) : 0;
        if (*got > 0 && full)
            wake(self);
        else if (self->cut != BODY_MORE)
            result = self->cut;
        else if (*got == 0 && self->in_end)
            result = BODY_END;
        else if (*got == 0 && !wait_for_loop(self, self->in.total, &idle_us))
            result = BODY_LATE;
    }
    (void)pthread_mutex_unlock(&self->lock);
    return result;
}

void body_pipe_start(body_pipe *self)
{
    (void)pthread_mutex_lock(&self->lock);
    advance(self, BODY_STARTED);
    (void)pthread_mutex_unlock(&self->lock);
}

bool body_pipe_write(body_pipe *self, const void *data, size_t size)
{
    const char *from = (const char *)data;
    int64_t idle_us = 0;
    bool good = true;

    (void)pthread_mutex_lock(&self->lock);
    while (good && size > 0) {
        size_t put = self->cut == BODY_MORE ? ring_put(&self->out, self->capacity, from, size) : 0;

        from += put;
        size -= put;
        idle_us = put > 0 ? 0 : idle_us;
        good = self->cut == BODY_MORE && self->out.data != NULL;
        /* A loop that sleeps is woken for a good load, or when there is no room for more. */
        if (self->out.size >= self->capacity / 2 || size > 0)
            wake(self);
        if (good && size > 0)
            good = wait_for_loop(self, self->out.total, &idle_us);
    }
    if (!good)
        self->failed = true;
    (void)pthread_mutex_unlock(&self->lock);
    return good;
}

bool body_pipe_has_all(body_pipe *self)
{
    bool all;

    (void)pthread_mutex_lock(&self->lock);
    all = self->in_end;
    (void)pthread_mutex_unlock(&self->lock);
    return all;
}

void body_pipe_finish(body_pipe *self, bool failed)
{
    (void)pthread_mutex_lock(&self->lock);
    self->done = true;
    self->failed = self->failed || failed;
    if (self->phase < BODY_STARTED)
        self->phase = BODY_ANSWERED;
    wake(self);
    (void)pthread_mutex_unlock(&self->lock);
}
