#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* sync_file_range() */
#endif
#include "storage/behind.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCKS 4
#define WRITE_BACK_BYTES ((int64_t)64 * 1024 * 1024)
#define UNHASHED (-1) /* a failure that is no errno */
/* What is written at once becomes one piece of the page cache on new kernels. Large ones are taken from memory that nothing used for long,
 * which a virtual machine may have given back: then each page costs several times as much as it does here. */
#define WRITE_BYTES ((size_t)64 * 1024)

/* What is done with each block, by a thread for each. */
typedef enum job { WRITE, HASH, JOBS } job;

typedef struct worker {
    ti_behind *behind;
    job job;
    bool started;
    pthread_t thread;
} worker;

struct ti_behind {
    int file;
    ti_sha256 *hash;
    worker workers[JOBS];
    char *blocks[BLOCKS];
    pthread_mutex_t lock;
    pthread_cond_t more;  /* blocks for the workers, or the end */
    pthread_cond_t fewer; /* of them, or a failure */
    /* Under the lock: blocks put so far, how many of them each worker is done with, and what went wrong. */
    size_t sizes[BLOCKS];
    uint64_t put, done[JOBS];
    int failure;
    bool end;
    /* The writer's own. */
    int64_t at, begun;
};

static int write_block(int file, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t count = write(file, data, size < WRITE_BYTES ? size : WRITE_BYTES);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno;
        data += count;
        size -= (size_t)count;
    }
    return 0;
}

/* Lets the disk begin with what came so far, so that little is left to wait for at the end. Nothing depends on it. */
static void write_back(ti_behind *behind)
{
#ifdef SYNC_FILE_RANGE_WRITE
    if (behind->at - behind->begun >= WRITE_BACK_BYTES) {
        (void)sync_file_range(behind->file, behind->begun, behind->at - behind->begun, SYNC_FILE_RANGE_WRITE);
        behind->begun = behind->at;
    }
#else
    (void)behind;
#endif
}

/* Returns what went wrong, or 0. */
static int work_on(ti_behind *behind, job what, const char *data, size_t size)
{
    int failure;

    if (what == HASH)
        return ti_sha256_update(behind->hash, data, size) ? 0 : UNHASHED;
    failure = write_block(behind->file, data, size);
    behind->at += (int64_t)size;
    write_back(behind);
    return failure;
}

static void *run(void *payload)
{
    const worker *self = payload;
    ti_behind *behind = self->behind;
    uint64_t *done = &behind->done[self->job];

    (void)pthread_mutex_lock(&behind->lock);
    for (;;) {
        size_t which = (size_t)(*done % BLOCKS), size;
        int failure;

        while (*done == behind->put && !behind->end)
            (void)pthread_cond_wait(&behind->more, &behind->lock);
        if (behind->end)
            break;
        size = behind->sizes[which];
        (void)pthread_mutex_unlock(&behind->lock);
        failure = work_on(behind, self->job, behind->blocks[which], size);
        (void)pthread_mutex_lock(&behind->lock);
        ++*done;
        if (failure != 0 && behind->failure == 0)
            behind->failure = failure;
        behind->end = behind->end || failure != 0;
        (void)pthread_cond_signal(&behind->fewer);
    }
    (void)pthread_mutex_unlock(&behind->lock);
    return NULL;
}

/* Signals are for the caller's threads. */
static bool start(ti_behind *behind)
{
    sigset_t all, before;
    bool good = true;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < JOBS && good; i++) {
        worker *self = &behind->workers[i];

        self->behind = behind;
        self->job = (job)i;
        self->started = pthread_create(&self->thread, NULL, run, self) == 0;
        good = self->started;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return good;
}

ti_behind *ti_behind_new(int file, ti_sha256 *hash)
{
    ti_behind *behind = calloc(1, sizeof(*behind));
    bool good = true;

    if (behind == NULL)
        return NULL;
    behind->file = file;
    behind->hash = hash;
    (void)pthread_mutex_init(&behind->lock, NULL); /* cannot fail on Linux */
    (void)pthread_cond_init(&behind->more, NULL);
    (void)pthread_cond_init(&behind->fewer, NULL);
    for (size_t i = 0; i < BLOCKS; i++) {
        behind->blocks[i] = malloc(TI_BEHIND_BLOCK_BYTES);
        good = good && behind->blocks[i] != NULL;
    }
    if (good && start(behind))
        return behind;
    ti_behind_free(behind);
    return NULL;
}

void ti_behind_free(ti_behind *behind)
{
    if (behind == NULL)
        return;
    (void)pthread_mutex_lock(&behind->lock);
    behind->end = true;
    (void)pthread_cond_broadcast(&behind->more);
    (void)pthread_mutex_unlock(&behind->lock);
    for (size_t i = 0; i < JOBS; i++)
        if (behind->workers[i].started)
            (void)pthread_join(behind->workers[i].thread, NULL);
    for (size_t i = 0; i < BLOCKS; i++)
        free(behind->blocks[i]);
    (void)pthread_cond_destroy(&behind->fewer);
    (void)pthread_cond_destroy(&behind->more);
    (void)pthread_mutex_destroy(&behind->lock);
    free(behind);
}

/* Until no more than `left` blocks wait for either worker. */
static bool wait_for(ti_behind *behind, uint64_t left)
{
    int failure;

    (void)pthread_mutex_lock(&behind->lock);
    while (behind->failure == 0 &&
           (behind->put - behind->done[WRITE] > left || behind->put - behind->done[HASH] > left))
        (void)pthread_cond_wait(&behind->fewer, &behind->lock);
    failure = behind->failure;
    (void)pthread_mutex_unlock(&behind->lock);
    errno = failure != UNHASHED ? failure : 0;
    return failure == 0;
}

char *ti_behind_block(ti_behind *behind)
{
    return wait_for(behind, BLOCKS - 1) ? behind->blocks[behind->put % BLOCKS] : NULL;
}

void ti_behind_put(ti_behind *behind, size_t size)
{
    (void)pthread_mutex_lock(&behind->lock);
    behind->sizes[behind->put % BLOCKS] = size;
    behind->put++;
    (void)pthread_mutex_unlock(&behind->lock);
    /* Not under the lock, which those that it wakes would have to wait for. */
    (void)pthread_cond_broadcast(&behind->more);
}

bool ti_behind_wait(ti_behind *behind)
{
    return wait_for(behind, 0);
}
