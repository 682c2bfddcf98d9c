#include "aws/parts.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

struct ti_parts {
    pthread_mutex_t lock;
    pthread_cond_t work;    /* for the threads: a part is queued, or stop */
    pthread_cond_t changed; /* for the owner */
    atomic_bool stop;
    bool keep;
    ti_part_work run;
    void *self;
    pthread_t threads[TI_PARTS_THREADS_MAX];
    unsigned threads_max, started, idle;
    ti_part buffers[TI_PARTS_THREADS_MAX];
    size_t limit, used;           /* buffers that may be in use, and that are */
    ti_part *queue, **queue_last; /* parts that no thread has begun */
    size_t queued, busy;          /* of those, and of parts that are not done */
    int64_t finished;
    ticker_status status; /* the first failure */
    ticker_error error;
};

/* The calls in here fail only when they are used wrongly. */
void ti_parts_lock(ti_parts *parts)
{
    (void)pthread_mutex_lock(&parts->lock);
}

void ti_parts_unlock(ti_parts *parts, bool wake_owner)
{
    if (wake_owner)
        (void)pthread_cond_signal(&parts->changed);
    (void)pthread_mutex_unlock(&parts->lock);
}

/* The owner waits by the monotonic clock. */
static bool init_changed(pthread_cond_t *changed)
{
    pthread_condattr_t attributes;
    bool made;

    if (pthread_condattr_init(&attributes) != 0)
        return false;
    made = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 && pthread_cond_init(changed, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    return made;
}

static bool init_locks(ti_parts *parts)
{
    if (pthread_mutex_init(&parts->lock, NULL) != 0)
        return false;
    if (pthread_cond_init(&parts->work, NULL) != 0) {
        (void)pthread_mutex_destroy(&parts->lock);
        return false;
    }
    if (!init_changed(&parts->changed)) {
        (void)pthread_cond_destroy(&parts->work);
        (void)pthread_mutex_destroy(&parts->lock);
        return false;
    }
    return true;
}

ti_parts *ti_parts_new(unsigned threads, bool keep, ti_part_work work, void *self)
{
    ti_parts *parts = calloc(1, sizeof(*parts));

    if (parts == NULL)
        return NULL;
    if (!init_locks(parts)) {
        free(parts);
        return NULL;
    }
    parts->threads_max = threads < 1 ? 1 : threads > TI_PARTS_THREADS_MAX ? TI_PARTS_THREADS_MAX : threads;
    parts->limit = parts->threads_max < 2 ? 2 : parts->threads_max;
    parts->keep = keep;
    parts->run = work;
    parts->self = self;
    parts->queue_last = &parts->queue;
    ti_error_init(&parts->error);
    return parts;
}

void ti_parts_free(ti_parts *parts)
{
    if (parts == NULL)
        return;
    ti_parts_lock(parts);
    atomic_store(&parts->stop, true);
    (void)pthread_cond_broadcast(&parts->work);
    ti_parts_unlock(parts, false);
    for (unsigned i = 0; i < parts->started; i++)
        (void)pthread_join(parts->threads[i], NULL);
    for (size_t i = 0; i < TI_PARTS_THREADS_MAX; i++)
        free(parts->buffers[i].data);
    (void)pthread_cond_destroy(&parts->changed);
    (void)pthread_cond_destroy(&parts->work);
    (void)pthread_mutex_destroy(&parts->lock);
    free(parts);
}

const atomic_bool *ti_parts_stop(const ti_parts *parts)
{
    return &parts->stop;
}

/* --- Buffers -------------------------------------------------------------------------------------------------------------------- */

static void drop_memory(ti_part *part)
{
    free(part->data);
    part->data = NULL;
    part->capacity = 0;
}

void ti_parts_limit(ti_parts *parts, size_t buffers)
{
    ti_parts_lock(parts);
    buffers = buffers < 1 ? 1 : buffers > TI_PARTS_THREADS_MAX ? TI_PARTS_THREADS_MAX : buffers;
    for (size_t i = 0; i < TI_PARTS_THREADS_MAX && buffers < parts->limit; i++)
        if (!parts->buffers[i].used)
            drop_memory(&parts->buffers[i]);
    parts->limit = buffers;
    ti_parts_unlock(parts, false);
}

/* The unused buffer that has the most room, so that as few as possible have any. NULL: none may be used now. */
static ti_part *find_unused(ti_parts *parts)
{
    ti_part *found = NULL;

    if (parts->used >= parts->limit)
        return NULL;
    for (size_t i = 0; i < TI_PARTS_THREADS_MAX; i++) {
        ti_part *part = &parts->buffers[i];

        if (!part->used && (found == NULL || part->capacity > found->capacity))
            found = part;
    }
    return found;
}

ticker_status ti_parts_take(ti_parts *parts, size_t capacity, ti_part **part, ticker_error *error)
{
    ti_part *found;

    ti_parts_lock(parts);
    found = find_unused(parts);
    if (found != NULL) {
        parts->used++;
        *found = (ti_part){.data = found->data, .capacity = found->capacity, .used = true};
    }
    ti_parts_unlock(parts, false);
    if (found == NULL)
        return TICKER_DONE;
    if (found->capacity < capacity) {
        drop_memory(found);
        found->data = malloc(capacity);
        if (found->data == NULL) {
            ti_parts_give(parts, found);
            return ti_fail_memory(error);
        }
        found->capacity = capacity;
    }
    *part = found;
    return TICKER_OK;
}

ticker_status ti_part_grow(ti_part *part, size_t capacity, ticker_error *error)
{
    char *data;

    if (capacity <= part->capacity)
        return TICKER_OK;
    data = realloc(part->data, capacity);
    if (data == NULL)
        return ti_fail_memory(error);
    part->data = data;
    part->capacity = capacity;
    return TICKER_OK;
}

/* Under the lock. */
static void give(ti_parts *parts, ti_part *part)
{
    part->used = false;
    parts->used--;
    if (parts->used >= parts->limit)
        drop_memory(part);
}

void ti_parts_give(ti_parts *parts, ti_part *part)
{
    ti_parts_lock(parts);
    give(parts, part);
    ti_parts_unlock(parts, false);
}

/* --- Threads -------------------------------------------------------------------------------------------------------------------- */

/* Under the lock. */
static ti_part *next_in_queue(ti_parts *parts)
{
    ti_part *part = parts->queue;

    parts->queue = part->next;
    if (parts->queue == NULL)
        parts->queue_last = &parts->queue;
    part->next = NULL;
    parts->queued--;
    return part;
}

/* Under the lock. What others are cancelled with because one failed comes later and is not kept. */
static void note_end(ti_parts *parts, ti_part *part, ticker_status status, const ticker_error *error)
{
    parts->busy--;
    part->done = true;
    if (status == TICKER_OK)
        parts->finished += (int64_t)part->size;
    else if (parts->status == TICKER_OK) {
        parts->status = status;
        ti_error_copy(&parts->error, error);
        atomic_store(&parts->stop, true);
        (void)pthread_cond_broadcast(&parts->work);
    }
    if (!parts->keep)
        give(parts, part);
    (void)pthread_cond_signal(&parts->changed);
}

static void *work(void *payload)
{
    ti_parts *parts = payload;
    ticker_status status;
    ticker_error error;
    ti_part *part;

    ti_parts_lock(parts);
    for (;;) {
        while (parts->queue == NULL && !atomic_load(&parts->stop)) {
            parts->idle++;
            (void)pthread_cond_wait(&parts->work, &parts->lock);
            parts->idle--;
        }
        if (atomic_load(&parts->stop))
            break;
        part = next_in_queue(parts);
        ti_parts_unlock(parts, false);
        ti_error_init(&error);
        status = parts->run(parts->self, part, &error);
        ti_parts_lock(parts);
        note_end(parts, part, status, &error);
    }
    ti_parts_unlock(parts, false);
    return NULL;
}

/* Signals are the program's own threads' matter. */
static int start_thread(ti_parts *parts)
{
    sigset_t all, before;
    int failed;

    (void)sigfillset(&all);
    failed = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (failed != 0)
        return failed;
    failed = pthread_create(&parts->threads[parts->started], NULL, work, parts);
    if (failed == 0)
        parts->started++;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

ticker_status ti_parts_submit(ti_parts *parts, ti_part *part, ticker_error *error)
{
    int failed = 0;

    ti_parts_lock(parts);
    if (parts->idle <= parts->queued && parts->started < parts->threads_max)
        failed = start_thread(parts);
    if (parts->started == 0) {
        give(parts, part);
        ti_parts_unlock(parts, false);
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_MEMORY, "cannot start a thread: %s", strerror(failed));
    }
    *parts->queue_last = part;
    parts->queue_last = &part->next;
    parts->queued++;
    parts->busy++;
    (void)pthread_cond_signal(&parts->work);
    ti_parts_unlock(parts, false);
    return TICKER_OK;
}

/* --- Waiting -------------------------------------------------------------------------------------------------------------------- */

static struct timespec in_milliseconds(int64_t milliseconds)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(milliseconds / 1000);
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return until;
}

ticker_status ti_parts_wait(ti_parts *parts, bool (*ready)(void *self), void *self, int64_t milliseconds,
                            ticker_error *error)
{
    struct timespec until = in_milliseconds(milliseconds > 0 ? milliseconds : 0);
    ticker_status status = TICKER_OK;

    ti_parts_lock(parts);
    while (parts->status == TICKER_OK && status == TICKER_OK && !ready(self)) {
        if (milliseconds < 0)
            (void)pthread_cond_wait(&parts->changed, &parts->lock);
        else if (pthread_cond_timedwait(&parts->changed, &parts->lock, &until) == ETIMEDOUT)
            status = TICKER_DONE;
    }
    if (parts->status != TICKER_OK) {
        status = parts->status;
        ti_error_copy(error, &parts->error);
    } else if (status == TICKER_DONE && ready(self))
        status = TICKER_OK;
    ti_parts_unlock(parts, false);
    return status;
}

bool ti_parts_idle(void *self)
{
    const ti_parts *parts = self;

    return parts->busy == 0;
}

bool ti_parts_available(void *self)
{
    const ti_parts *parts = self;

    return parts->used < parts->limit;
}

int64_t ti_parts_finished(ti_parts *parts)
{
    int64_t finished;

    ti_parts_lock(parts);
    finished = parts->finished;
    ti_parts_unlock(parts, false);
    return finished;
}
