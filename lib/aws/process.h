/* Runs a program for its output: no shell, a cap, an end. */
#ifndef TI_AWS_PROCESS_H
#define TI_AWS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include <tickerimport/error.h>

#include "base/buffer.h"

#define TI_PROCESS_ARGUMENTS_MAX 128

/* A command line cut into words as a shell does it: at blanks, not within quotes; a backslash takes the meaning of the
 * next character away (within double quotes only that of '"' and '\'). Nothing else means anything: no variables, no
 * patterns. */
typedef struct ti_arguments {
    char *text;
    size_t size;
    char *words[TI_PROCESS_ARGUMENTS_MAX + 1]; /* ends with NULL */
} ti_arguments;
/* TICKER_FATAL with USAGE: no word, a quote that does not end; with LIMIT: too many. The texts may hold secrets: wiped by
 * the second one. */
ticker_status ti_arguments_split(const char *command, ti_arguments *arguments, ticker_error *error);
void ti_arguments_wipe(ti_arguments *arguments);

typedef struct ti_process {
    char *const *arguments;
    size_t max;      /* bytes of output */
    int64_t timeout; /* milliseconds */
    bool (*interrupted)(void *payload);
    void *payload;
    /* What came of it. */
    int exit_code;   /* -1: ended by a signal, or not known (the program ignores SIGCHLD) */
    int signal;      /* that ended it, or 0 */
    bool complained; /* wrote to its standard error, which is thrown away */
} ti_process;

/* Its standard input is empty. `output` has room for `max` bytes. TICKER_OK: it ended by itself, look how. TICKER_FATAL
 * with USAGE: it cannot be run; with LIMIT: it writes too much. TICKER_RETRY with SERVICE: it takes too long; with
 * CANCELLED. Where it does not end by itself, it and what it started are killed. */
ticker_status ti_process_run(ti_process *process, ti_buffer *output, ticker_error *error);

#endif
