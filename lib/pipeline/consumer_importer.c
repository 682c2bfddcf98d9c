/* An importer: takes one message after the other, and waits with it while a service is away. */
#include <stdlib.h>

#include "pipeline/consumer.h"

static void beat(ti_importer *self)
{
    atomic_store_explicit(&self->beat, ti_consumer_now(), memory_order_relaxed);
}

bool ti_importer_must_end(ti_importer *self)
{
    int64_t begun = atomic_load_explicit(&self->begun, memory_order_relaxed);

    beat(self);
    if (ti_consumer_late(self->consumer))
        return true;
    if (self->gear != NULL && self->gear->timeout > 0 && begun != 0 && ti_consumer_now() - begun > self->gear->timeout)
        self->timed_out = true;
    return self->timed_out;
}

int ti_consumer_interrupted(void *payload)
{
    ticker_consumer *consumer = payload;
    pthread_t self = pthread_self();

    /* Whose numbers are written before any thread begins its work, under the lock. */
    if (pthread_equal(self, consumer->receiver)) {
        atomic_store_explicit(&consumer->receiver_beat, ti_consumer_now(), memory_order_relaxed);
        return ti_consumer_stopping(consumer) ? 1 : 0;
    }
    if (pthread_equal(self, consumer->keeper)) {
        atomic_store_explicit(&consumer->keeper_beat, ti_consumer_now(), memory_order_relaxed);
        return ti_consumer_too_late(consumer) ? 1 : 0;
    }
    for (unsigned i = 0; i < consumer->threads; i++)
        if (pthread_equal(self, consumer->importers[i].thread))
            return ti_importer_must_end(&consumer->importers[i]) ? 1 : 0;
    return ti_consumer_late(consumer) ? 1 : 0; /* a helper that reads ahead for one of them */
}

void ti_importer_close(ti_importer *self)
{
    ticker_store_free(self->store);
    self->store = NULL;
}

/* The next message. NULL: there will be none. */
static ti_job *take_job(ti_importer *self)
{
    ticker_consumer *consumer = self->consumer;
    ti_job *job = NULL;

    (void)pthread_mutex_lock(&consumer->lock);
    for (;;) {
        for (size_t i = 0; i < TI_JOBS_MAX && job == NULL && !ti_consumer_stopping(consumer); i++)
            if (consumer->jobs[i].state == TI_JOB_WAITING)
                job = &consumer->jobs[i];
        if (job != NULL || ti_consumer_stopping(consumer))
            break;
        atomic_store_explicit(&self->beat, TI_NEVER, memory_order_relaxed); /* it rests */
        ti_consumer_wait(consumer, &consumer->to_importers, TI_NEVER);
    }
    if (job != NULL)
        job->state = TI_JOB_RUNNING;
    (void)pthread_mutex_unlock(&consumer->lock);
    return job;
}

static void hand_in(ti_importer *self)
{
    ticker_consumer *consumer = self->consumer;
    ti_job *job = self->job;

    self->job = NULL;
    (void)pthread_mutex_lock(&consumer->lock);
    job->ended = ti_consumer_now();
    job->again = job->ended;
    job->tries = 0;
    job->state = TI_JOB_ENDED;
    (void)pthread_cond_signal(&consumer->to_receiver);
    (void)pthread_cond_signal(&consumer->to_keeper);
    (void)pthread_mutex_unlock(&consumer->lock);
}

void ti_importer_renew(ti_importer *self)
{
    ti_gear *now = ti_gear_enter(self->consumer);

    if (self->gear != now)
        ti_importer_close(self);
    ti_gear_leave(self->gear);
    self->gear = now;
}

void *ti_importer_run(void *argument)
{
    ti_importer *self = argument;

    while ((self->job = take_job(self)) != NULL) {
        beat(self);
        ti_importer_renew(self);
        ti_importer_work(self);
        hand_in(self);
    }
    ti_importer_close(self);
    ti_gear_leave(self->gear);
    self->gear = NULL;
    atomic_store_explicit(&self->beat, TI_NEVER, memory_order_relaxed);
    return NULL;
}
