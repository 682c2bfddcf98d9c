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

#define BLOCKS 2
#define WRITE_BACK_BYTES ((int64_t)64 * 1024 * 1024)

struct ti_behind {
    int file;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *blocks[BLOCKS];
    /* Under the lock: blocks put and written so far, and what went wrong. */
    size_t sizes[BLOCKS];
    uint64_t put, written;
    int failure;
    bool end;
    /* The thread's own. */
    int64_t at, begun;
};

static int write_block(int file, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t count = write(file, data, size);

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

static void *write_on(void *payload)
{
    ti_behind *behind = payload;

    (void)pthread_mutex_lock(&behind->lock);
    for (;;) {
        size_t which = (size_t)(behind->written % BLOCKS), size;
        int failure;

        while (behind->written == behind->put && !behind->end)
            (void)pthread_cond_wait(&behind->changed, &behind->lock);
        if (behind->end)
            break;
        size = behind->sizes[which];
        (void)pthread_mutex_unlock(&behind->lock);
        failure = write_block(behind->file, behind->blocks[which], size);
        behind->at += (int64_t)size;
        write_back(behind);
        (void)pthread_mutex_lock(&behind->lock);
        behind->written++;
        behind->failure = failure;
        behind->end = behind->end || failure != 0;
        (void)pthread_cond_signal(&behind->changed);
    }
    (void)pthread_mutex_unlock(&behind->lock);
    return NULL;
}

/* Signals are for the caller's threads. */
static int start(ti_behind *behind)
{
    sigset_t all, before;
    int failure;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    failure = pthread_create(&behind->thread, NULL, write_on, behind);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

static void drop(ti_behind *behind)
{
    for (size_t i = 0; i < BLOCKS; i++)
        free(behind->blocks[i]);
    (void)pthread_cond_destroy(&behind->changed);
    (void)pthread_mutex_destroy(&behind->lock);
    free(behind);
}

ti_behind *ti_behind_new(int file)
{
    ti_behind *behind = calloc(1, sizeof(*behind));
    bool good = true;

    if (behind == NULL)
        return NULL;
    behind->file = file;
    (void)pthread_mutex_init(&behind->lock, NULL); /* cannot fail on Linux */
    (void)pthread_cond_init(&behind->changed, NULL);
    for (size_t i = 0; i < BLOCKS; i++) {
        behind->blocks[i] = malloc(TI_BEHIND_BLOCK_BYTES);
        good = good && behind->blocks[i] != NULL;
    }
    if (good && start(behind) == 0)
        return behind;
    drop(behind);
    return NULL;
}

void ti_behind_free(ti_behind *behind)
{
    if (behind == NULL)
        return;
    (void)pthread_mutex_lock(&behind->lock);
    behind->end = true;
    (void)pthread_cond_signal(&behind->changed);
    (void)pthread_mutex_unlock(&behind->lock);
    (void)pthread_join(behind->thread, NULL);
    drop(behind);
}

/* Until no more than `left` blocks wait to be written. */
static bool wait_for(ti_behind *behind, uint64_t left)
{
    int failure;

    (void)pthread_mutex_lock(&behind->lock);
    while (behind->put - behind->written > left && behind->failure == 0)
        (void)pthread_cond_wait(&behind->changed, &behind->lock);
    failure = behind->failure;
    (void)pthread_mutex_unlock(&behind->lock);
    errno = failure;
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
    (void)pthread_cond_signal(&behind->changed);
    (void)pthread_mutex_unlock(&behind->lock);
}

bool ti_behind_wait(ti_behind *behind)
{
    return wait_for(behind, 0);
}
