/* The keeper: holds messages while they wait and are worked on, and tells the queue what became of them: in batches, looking at each
 * answer, and again when it did not get through. */
#include <stdlib.h>
#include <string.h>

#include <tickerimport/upload.h>

#include "base/options.h"
#include "pipeline/consumer.h"

#define BATCH 10
#define GATHER 50                              /* milliseconds that an acknowledgement waits for others */
#define HOLD_HOURS_MAX (INT64_C(12) * 3600000) /* that SQS lets a message be hidden after one receive */
#define AGAIN_FIRST 500                        /* milliseconds until the queue is told again; then twice that … */
#define AGAIN_LAST 10000
#define BURY_TRIES 8 /* … until what cannot be buried is given back instead */
#define EXTEND_AGAIN 1000
#define GIVE_BACK_LAST 600 /* seconds */
#define LOOK_ALIVE 1000
#define PROGRESS 1000        /* milliseconds between two words about how far imports are … */
#define PROGRESS_TIME 1000   /* … that one may take; holding messages matters more … */
#define PROGRESS_AGAIN 10000 /* … and until the next one when it came to nothing */

typedef struct keeper {
    ticker_consumer *consumer;
    ti_services services;
    ticker_error error;
    int64_t progress; /* when the ledger hears next how far imports are */
    int64_t look;     /* when the queue is next asked how much it holds */
} keeper;

static void beat(ticker_consumer *consumer)
{
    atomic_store_explicit(&consumer->keeper_beat, ti_consumer_now(), memory_order_relaxed);
}

static bool interrupted(void *payload)
{
    ticker_consumer *consumer = payload;

    beat(consumer);
    return ti_consumer_too_late(consumer) ||
           ti_consumer_now() >= atomic_load_explicit(&consumer->keeper_until, memory_order_relaxed);
}

/* --- What is to be done --------------------------------------------------------------------------------------------------------- */

static bool is_acknowledged(const ti_job *job)
{
    return job->what == TICKER_CONSUMED_DONE || job->what == TICKER_CONSUMED_IGNORED ||
           job->what == TICKER_CONSUMED_MISSING;
}

/* Jobs without a message have nothing to be told of; what waits is given back when the consumer stops. Under the lock. */
static void tidy(ticker_consumer *consumer, int64_t now)
{
    for (size_t i = 0; i < TI_JOBS_MAX; i++) {
        ti_job *job = &consumer->jobs[i];

        if (job->state == TI_JOB_WAITING && ti_consumer_stopping(consumer)) {
            job->state = TI_JOB_ENDED;
            job->what = TICKER_CONSUMED_RELEASED;
            job->delay = 0;
            job->ended = job->again = now;
            job->tries = 0;
        }
        if (job->state == TI_JOB_ENDED && job->message == NULL) {
            free(job->location);
            *job = (ti_job){.state = TI_JOB_FREE};
            (void)pthread_cond_signal(&consumer->to_receiver);
        }
    }
}

static void sooner(int64_t *due, int64_t when)
{
    if (when < *due)
        *due = when;
}

/* Ended jobs that are to be told of now: up to a batch of those that are acknowledged, or else one other. *due: when to look again.
 * Under the lock. */
static size_t choose(ticker_consumer *consumer, int64_t now, ti_job *chosen[BATCH], int64_t *due)
{
    bool hurry = ti_consumer_stopping(consumer) || consumer->gear->serial;
    size_t count = 0;
    int64_t oldest = TI_NEVER;

    for (size_t i = 0; i < TI_JOBS_MAX; i++) {
        ti_job *job = &consumer->jobs[i];

        if (job->state != TI_JOB_ENDED)
            continue;
        if (job->again > now) {
            sooner(due, job->again);
        } else if (!is_acknowledged(job)) {
            chosen[0] = job;
            return 1;
        } else if (count < BATCH && (count == 0 || job->gear == chosen[0]->gear)) {
            chosen[count++] = job;
            sooner(&oldest, job->again);
        }
    }
    if (count == 0 || count == BATCH || hurry || oldest + GATHER <= now)
        return count;
    sooner(due, oldest + GATHER);
    return 0;
}

/* A held message whose time is to be made longer. Under the lock. */
static ti_job *choose_extension(ticker_consumer *consumer, int64_t now, int64_t *due)
{
    for (size_t i = 0; i < TI_JOBS_MAX; i++) {
        ti_job *job = &consumer->jobs[i];

        if (job->state == TI_JOB_FREE || job->message == NULL || !job->extends)
            continue;
        if (job->extend <= now)
            return job;
        sooner(due, job->extend);
    }
    return NULL;
}

/* --- Holding -------------------------------------------------------------------------------------------------------------------- */

int ti_keeper_extension(int64_t received, int64_t now, int visibility)
{
    int64_t left = (received + HOLD_HOURS_MAX - now) / 1000 - 1;

    if (left < 1)
        return 0;
    return visibility < left ? visibility : (int)left;
}

/* When it fails another one may begin the same import; whoever is second finds that it is there. */
static void extend(keeper *self, ti_job *job)
{
    int64_t now = ti_consumer_now();
    int seconds = ti_keeper_extension(job->received, now, job->visibility);
    ticker_status status;

    if (seconds == 0) {
        job->extends = false;
        return;
    }
    ticker_error_clear(&self->error);
    status = ti_services_open(self->consumer, &self->services, job->gear, false, interrupted, &self->error);
    if (status == TICKER_OK)
        status = ticker_queue_extend(self->services.queue, job->message, seconds, &self->error);
    if (status == TICKER_FAILED) /* it is no longer ours */
        job->extends = false;
    else
        job->extend = now + (status == TICKER_OK ? (int64_t)job->visibility * 1000 / 3 : EXTEND_AGAIN);
    if (status == TICKER_RETRY)
        ti_services_close(&self->services);
}

/* The ledger row of what an importer reads. 0: none, or it is in another database than that of now. */
static int64_t row_of(ticker_consumer *consumer, const ti_importer *importer)
{
    int64_t row = 0;

    (void)pthread_mutex_lock(&consumer->lock);
    if (importer->shown != NULL && strcmp(ti_option_text(importer->shown->options, TI_OPTION_DATABASE_URL),
                                          ti_option_text(consumer->gear->options, TI_OPTION_DATABASE_URL)) == 0)
        row = atomic_load_explicit(&importer->row, memory_order_relaxed);
    (void)pthread_mutex_unlock(&consumer->lock);
    return row;
}

static ticker_status show_row(keeper *self, const ti_importer *importer, int64_t row)
{
    ticker_status status = ti_services_open(self->consumer, &self->services, NULL, true, interrupted, &self->error);

    if (status != TICKER_OK)
        return status;
    return ticker_upload_progress(self->services.store, row,
                                  atomic_load_explicit(&importer->position, memory_order_relaxed),
                                  atomic_load_explicit(&importer->bytes, memory_order_relaxed),
                                  atomic_load_explicit(&importer->records, memory_order_relaxed), &self->error);
}

/* Tells the ledger how far the imports are. When it fails nothing is lost: it is told again, or hears of the end. A queue that is
 * elsewhere is not kept waiting for a database that does not answer: the messages are to be held. */
static void show_progress(keeper *self)
{
    ticker_consumer *consumer = self->consumer;
    int64_t begun = ti_consumer_now(), pause = PROGRESS;

    if (self->services.gear == NULL || !self->services.gear->database_queue)
        atomic_store_explicit(&consumer->keeper_until, begun + PROGRESS_TIME, memory_order_relaxed);
    for (unsigned i = 0; i < consumer->threads && pause == PROGRESS; i++) {
        int64_t row = row_of(consumer, &consumer->importers[i]);

        ticker_error_clear(&self->error);
        if (row == 0 || show_row(self, &consumer->importers[i], row) >= TICKER_OK)
            continue;
        ti_services_close_ledger(&self->services);
        pause = PROGRESS_AGAIN;
    }
    atomic_store_explicit(&consumer->keeper_until, TI_NEVER, memory_order_relaxed);
    self->progress = ti_consumer_now() + pause;
}

/* Under the lock. */
static bool is_importing(const ticker_consumer *consumer)
{
    for (unsigned i = 0; i < consumer->threads; i++)
        if (atomic_load_explicit(&consumer->importers[i].row, memory_order_relaxed) != 0)
            return !consumer->gear->serial;
    return false;
}

/* --- Telling -------------------------------------------------------------------------------------------------------------------- */

static void finish(keeper *self, ti_job *job)
{
    ticker_consumer *consumer = self->consumer;

    ti_gear *gear = job->gear;

    ti_count_in_flight(consumer, -1);
    ti_tell_message(consumer, job);
    ticker_message_free(job->message);
    (void)pthread_mutex_lock(&consumer->lock);
    if (job->what == TICKER_CONSUMED_DEAD || job->what == TICKER_CONSUMED_RETRIED || job->what == TICKER_CONSUMED_LOST)
        consumer->some_not_done = true;
    *job = (ti_job){.state = TI_JOB_FREE};
    (void)pthread_cond_signal(&consumer->to_receiver);
    (void)pthread_mutex_unlock(&consumer->lock);
    ti_gear_leave(gear);
}

static void lose(keeper *self, ti_job *job, const ticker_error *why)
{
    job->what = TICKER_CONSUMED_LOST;
    if (job->why.kind == TICKER_ERROR_NONE && why != NULL)
        job->why = *why;
    finish(self, job);
}

/* The queue was not told: again, after a while; the first time at once, for perhaps only an old connection was gone. */
static void put_off(keeper *self, ti_job *job)
{
    int64_t wait = job->tries == 0 ? 0 : ti_doubled(AGAIN_FIRST, AGAIN_LAST, (int64_t)job->tries - 1);

    job->tries++;
    job->again = ti_consumer_now() + wait;
    if (job->what == TICKER_CONSUMED_DEAD && job->tries >= BURY_TRIES) {
        job->what = TICKER_CONSUMED_RETRIED;
        job->delay = GIVE_BACK_LAST;
    }
    if (wait > 0)
        ti_trouble_begin(self->consumer, TI_TROUBLE_KEEPER, &self->error, wait);
}

static void settled(keeper *self, ti_job *job, ticker_status status)
{
    if (status == TICKER_OK)
        finish(self, job);
    else if (status == TICKER_FAILED)
        lose(self, job, &self->error);
    else
        put_off(self, job);
}

static void acknowledge(keeper *self, ti_job *const jobs[], size_t count)
{
    const ticker_message *messages[BATCH] = {NULL};
    ticker_status results[BATCH];
    ticker_status status = ti_services_open(self->consumer, &self->services, jobs[0]->gear, false, interrupted,
                                            &self->error);
    bool all = true;

    for (size_t i = 0; i < count; i++) {
        messages[i] = jobs[i]->message;
        results[i] = status;
    }
    if (status == TICKER_OK)
        status = ticker_queue_done_batch(self->services.queue, messages, count, results, &self->error);
    for (size_t i = 0; i < count; i++) {
        all = all && (results[i] == TICKER_OK || results[i] == TICKER_FAILED);
        settled(self, jobs[i], results[i]);
    }
    if (all)
        ti_trouble_end(self->consumer, TI_TROUBLE_KEEPER);
    else
        ti_services_close(&self->services);
}

/* A queue without dead letters: what the ledger speaks of is acknowledged, the rest comes again, rarely. */
static ticker_status bury_nowhere(keeper *self, ti_job *job)
{
    ticker_error_clear(&self->error);
    ti_error_hint(&job->why, "the queue has no dead letters: give it a redrive policy");
    if (job->recorded)
        return ticker_queue_done(self->services.queue, job->message, &self->error);
    job->what = TICKER_CONSUMED_RETRIED;
    return ticker_queue_release(self->services.queue, job->message, GIVE_BACK_LAST, &self->error);
}

static ticker_status bury(keeper *self, ti_job *job)
{
    char reason[2 * TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX];
    ticker_status status;

    (void)ticker_error_format(&job->why, reason, sizeof(reason));
    status = ticker_queue_dead_letter(self->services.queue, job->message, reason, &self->error);
    return self->error.kind == TICKER_ERROR_UNSUPPORTED ? bury_nowhere(self, job) : status;
}

static void dispose(keeper *self, ti_job *job)
{
    ticker_status status = ti_services_open(self->consumer, &self->services, job->gear, false, interrupted,
                                            &self->error);

    if (status == TICKER_OK)
        status = job->what == TICKER_CONSUMED_DEAD
                     ? bury(self, job)
                     : ticker_queue_release(self->services.queue, job->message, job->delay, &self->error);
    settled(self, job, status);
    if (status == TICKER_OK || status == TICKER_FAILED)
        ti_trouble_end(self->consumer, TI_TROUBLE_KEEPER);
    else
        ti_services_close(&self->services);
}

/* --- The loop ------------------------------------------------------------------------------------------------------------------- */

/* It is too late to tell anybody: the messages come again when their time is over. Under the lock, which is left and taken again. */
static void give_up(keeper *self)
{
    ticker_consumer *consumer = self->consumer;

    for (size_t i = 0; i < TI_JOBS_MAX; i++) {
        ti_job *job = &consumer->jobs[i];

        if (job->state != TI_JOB_ENDED)
            continue;
        (void)pthread_mutex_unlock(&consumer->lock);
        lose(self, job, &self->error);
        (void)pthread_mutex_lock(&consumer->lock);
    }
}

static bool all_free(const ticker_consumer *consumer)
{
    for (size_t i = 0; i < TI_JOBS_MAX; i++)
        if (consumer->jobs[i].state != TI_JOB_FREE)
            return false;
    return true;
}

/* Does what is due. False: all is over. Under the lock, which is left and taken again. */
static bool step(keeper *self)
{
    ticker_consumer *consumer = self->consumer;
    int64_t now = ti_consumer_now(), due = now + LOOK_ALIVE;
    ti_job *chosen[BATCH], *held;
    size_t count;
    bool shows, looks;

    tidy(consumer, now);
    if (consumer->importers_ended && all_free(consumer))
        return false;
    held = choose_extension(consumer, now, &due);
    count = held == NULL ? choose(consumer, now, chosen, &due) : 0;
    shows = held == NULL && count == 0 && now >= self->progress && is_importing(consumer);
    looks = held == NULL && count == 0 && !shows && now >= self->look && ti_gauges_wanted(consumer);
    if (held == NULL && count == 0 && !shows && !looks) {
        if (consumer->importers_ended && ti_consumer_too_late(consumer)) {
            give_up(self);
            return true;
        }
        ti_consumer_wait(consumer, &consumer->to_keeper, due);
        return true;
    }
    (void)pthread_mutex_unlock(&consumer->lock);
    ticker_error_clear(&self->error);
    if (held != NULL)
        extend(self, held);
    else if (shows)
        show_progress(self);
    else if (looks)
        self->look = ti_gauges_look(consumer);
    else if (is_acknowledged(chosen[0]))
        acknowledge(self, chosen, count);
    else
        dispose(self, chosen[0]);
    (void)pthread_mutex_lock(&consumer->lock);
    return true;
}

void *ti_keeper_run(void *argument)
{
    ticker_consumer *consumer = argument;
    keeper self = {.consumer = consumer};

    ti_error_init(&self.error);
    (void)pthread_mutex_lock(&consumer->lock);
    do
        beat(consumer);
    while (step(&self));
    (void)pthread_mutex_unlock(&consumer->lock);
    ti_services_close(&self.services);
    atomic_store_explicit(&consumer->keeper_beat, TI_NEVER, memory_order_relaxed);
    return NULL;
}
