/* One line on the terminal that says how far the work is; redrawn by a thread of its own, ten times a second at most.
 */
#ifndef FRONT_PROGRESS_H
#define FRONT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console.h"

#define FRONT_PROGRESS_SLOTS_MAX 64

typedef enum front_progress_when {
    FRONT_PROGRESS_AUTO = 0,
    FRONT_PROGRESS_ALWAYS,
    FRONT_PROGRESS_NEVER
} front_progress_when;

typedef struct front_progress front_progress;

/* Of the words that --progress takes; NULL is "auto". */
front_progress_when front_progress_word(const char *word);

/* NULL when nothing is to be shown (auto and no terminal, never, quiet) or it cannot be; all functions accept that.
 * `files` inputs with `bytes` bytes in all (-1: unknown) are worked on in `slots` threads. */
front_progress *front_progress_new(front_console *console, front_progress_when when, size_t slots, size_t files,
                                   int64_t bytes);
/* Takes the line away. */
void front_progress_free(front_progress *progress);

/* A file begins, goes on, ends in a slot. Each slot belongs to one thread; `bytes` is the file's size or -1. */
void front_progress_begin(front_progress *progress, size_t slot, const char *name);
void front_progress_update(front_progress *progress, size_t slot, uint64_t position, uint64_t records);
void front_progress_end(front_progress *progress, size_t slot, int64_t bytes);

#endif
