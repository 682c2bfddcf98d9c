/* The access log: a line of JSON for each request, without secrets. Written by a thread of its own, so that a slow disk
 * or a full pipe keeps no request waiting; what does not fit in its memory meanwhile is counted and left out. */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "console.h"
#include "exchange.h"

typedef struct server_log server_log;

/* `path`: "-" is standard error. NULL after saying what is wrong. */
server_log *log_open(const char *path, front_console *console);
/* Opens the file anew, after it was renamed. The old one is kept when that fails. */
bool log_reopen(server_log *log, front_console *console);
/* Writes what is left. */
void log_close(server_log *log);

/* A line, newline included. Any thread; never waits. */
void log_line(server_log *log, const char *line, size_t size);
/* The line of a request that has ended, as text; returns its bytes. `now`: microseconds of the day's clock since 1970. */
size_t log_describe(const exchange *x, int64_t now, int64_t duration, char *line, size_t size);
void log_exchange(server_log *log, const exchange *x);

#define LOG_LINE_MAX 8192 /* bytes of a line; what is too long in it is cut */

#endif
