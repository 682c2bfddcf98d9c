/* The queue is a ring that never grows: what does not fit is refused at once, so that waiting clients are told instead of being
 * piled up. */
#include "workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

typedef struct job {
    void (*run)(void *argument);
    void *argument;
} job;

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t more;
    pthread_t threads[WORKERS_MAX];
    unsigned count; /* of threads */
    job *ring;
    unsigned size, first, waiting;
    unsigned running;
    bool ending;
};

/* `ran`: this thread is done with one. */
static bool next_job(workers *self, job *next, bool ran)
{
    bool found;

    (void)pthread_mutex_lock(&self->lock);
    self->running -= ran ? 1 : 0;
    while (self->waiting == 0 && !self->ending)
        (void)pthread_cond_wait(&self->more, &self->lock);
    found = self->waiting > 0;
    if (found) {
        *next = self->ring[self->first];
        self->first = (self->first + 1) % self->size;
        self->waiting--;
        self->running++;
    }
    (void)pthread_mutex_unlock(&self->lock);
    return found;
}

static void *work(void *argument)
{
    workers *self = (workers *)argument;
    bool ran = false;
    job next;

    for (; next_job(self, &next, ran); ran = true)
        next.run(next.argument);
    return NULL;
}

/* Signals are for the main thread. */
static bool start(workers *self, unsigned threads)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (self->count < threads && pthread_create(&self->threads[self->count], NULL, work, self) == 0)
        self->count++;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return self->count == threads;
}

workers *workers_new(unsigned threads, unsigned waiting)
{
    workers *self = (workers *)calloc(1, sizeof(*self));

    threads = threads == 0 ? 1 : threads > WORKERS_MAX ? WORKERS_MAX : threads;
    waiting = waiting == 0 ? 1 : waiting > WORKERS_WAITING_MAX ? WORKERS_WAITING_MAX : waiting;
    if (self == NULL)
        return NULL;
    self->ring = (job *)calloc(waiting, sizeof(*self->ring));
    self->size = waiting;
    (void)pthread_mutex_init(&self->lock, NULL);
    (void)pthread_cond_init(&self->more, NULL);
    if (self->ring != NULL && start(self, threads))
        return self;
    workers_free(self);
    return NULL;
}

bool workers_put(workers *self, void (*run)(void *argument), void *argument)
{
    bool room;

    (void)pthread_mutex_lock(&self->lock);
    room = self->waiting < self->size;
    if (room) {
        self->ring[(self->first + self->waiting) % self->size] = (job){run, argument};
        self->waiting++;
    }
    (void)pthread_mutex_unlock(&self->lock);
    if (room)
        (void)pthread_cond_signal(&self->more); /* whom it wakes finds the lock free */
    return room;
}

unsigned workers_busy(workers *self)
{
    unsigned busy;

    (void)pthread_mutex_lock(&self->lock);
    busy = self->waiting + self->running;
    (void)pthread_mutex_unlock(&self->lock);
    return busy;
}

void workers_free(workers *self)
{
    if (self == NULL)
        return;
    (void)pthread_mutex_lock(&self->lock);
    self->ending = true;
    (void)pthread_cond_broadcast(&self->more);
    (void)pthread_mutex_unlock(&self->lock);
    for (unsigned i = 0; i < self->count; i++)
        (void)pthread_join(self->threads[i], NULL);
    (void)pthread_cond_destroy(&self->more);
    (void)pthread_mutex_destroy(&self->lock);
    free(self->ring);
    free(self);
}
