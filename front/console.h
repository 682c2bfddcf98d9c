/* Messages for people, on standard error; one line each. Any thread. */
#ifndef FRONT_CONSOLE_H
#define FRONT_CONSOLE_H

#include <pthread.h>
#include <stdbool.h>

#include <tickerimport.h>

#include "json.h"

#define FRONT_MESSAGE_MAX 4096 /* bytes of a message, NUL included; longer ones are cut */

typedef struct front_console {
    const char *program; /* begins every message */
    bool quiet;          /* errors and warnings only */
    bool verbose;        /* details too */
    bool color;
    bool terminal; /* standard error is one */
    bool json;     /* a line of JSON each message, for those who collect logs */
    bool bar;      /* a progress line stands there now; see progress.c */
    pthread_mutex_t lock;
} front_console;

/* Also makes sure that descriptors 0 to 2 are taken, so that no database is ever opened as standard output. */
void front_console_init(front_console *console, const char *program);
void front_console_free(front_console *console);

void front_error(front_console *console, const char *format, ...) __attribute__((format(printf, 2, 3)));
void front_warning(front_console *console, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Left out when quiet. */
void front_note(front_console *console, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Only when verbose. */
void front_detail(front_console *console, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What a call of the library said: "program: file:line:column: message; hint". `where` is used when the error names no
 * file; it may be NULL. */
void front_report(front_console *console, const ticker_error *error, const char *where);

/* For a service that logs: an object of its own fields, printed as one line with "time" and "level" ("info", "warning", "error",
 * "debug") put before them; frees it. Those that the console's switches leave out are freed only. */
void front_console_object(front_console *console, const char *level, front_json *fields);

/* Between these two the caller alone writes to the terminal, and no progress line stands there. */
void front_console_lock(front_console *console);
void front_console_unlock(front_console *console);

#endif
