#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server.h"
#include "text.h"
#include "wake.h"

#define BUFFER ((size_t)256 * 1024) /* bytes that wait while the ones before are written */
#define FLUSH_MS 500                /* how old a line gets before it is written */
/* Bytes of a line that each part may take, so that all of them fit into LOG_LINE_MAX. */
#define AGENT_SHOWN 300
#define SHORT_SHOWN 100
#define PATH_SHOWN 2500
#define QUERY_SHOWN 2500

struct server_log {
    char *path;
    int descriptor; /* the thread's own */
    int next;       /* the file opened anew, for what comes from now on; -1: none */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    char *fill, *drain; /* one is filled while the other is written */
    size_t used;
    uint64_t dropped;
    bool stop;
};

static bool write_all(int descriptor, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(descriptor, data, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        data += written;
        size -= (size_t)written;
    }
    return true;
}

static void wait_for_lines(server_log *log)
{
    struct timespec until;

    if (clock_gettime(CLOCK_MONOTONIC, &until) != 0) /* the clock of the day may be set back */
        return;
    until.tv_nsec += FLUSH_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_cond_timedwait(&log->wake, &log->lock, &until);
}

/* What waits is written to the file that was open when it came. There is nobody to tell when that fails. */
static void write_lines(server_log *log, const char *lines, size_t size, uint64_t dropped, int next)
{
    (void)write_all(log->descriptor, lines, size);
    if (dropped > 0) {
        char text[64];
        int length = snprintf(text, sizeof text, "{\"dropped\":%" PRIu64 "}\n", dropped);

        (void)write_all(log->descriptor, text, (size_t)length);
    }
    if (next >= 0) {
        (void)close(log->descriptor);
        log->descriptor = next;
    }
}

static void *writer(void *payload)
{
    server_log *log = payload;

    (void)pthread_mutex_lock(&log->lock);
    for (;;) {
        char *lines = log->fill;
        size_t size = log->used;
        uint64_t dropped = log->dropped;
        int next = log->next;

        if (size == 0 && dropped == 0 && next < 0) {
            if (log->stop)
                break;
            wait_for_lines(log);
            continue;
        }
        log->fill = log->drain;
        log->drain = lines;
        log->used = 0;
        log->dropped = 0;
        log->next = -1;
        (void)pthread_mutex_unlock(&log->lock);
        write_lines(log, lines, size, dropped, next);
        (void)pthread_mutex_lock(&log->lock);
        if (!log->stop && log->next < 0 && log->used < BUFFER / 2)
            wait_for_lines(log);
    }
    (void)pthread_mutex_unlock(&log->lock);
    return NULL;
}

static int open_file(const char *path, front_console *console)
{
    int descriptor;

    if (strcmp(path, "-") == 0)
        descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    else
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
    if (descriptor < 0)
        front_error(console, "access log %s: %s", path, strerror(errno));
    return descriptor;
}

static void free_log(server_log *log)
{
    if (log->descriptor >= 0)
        (void)close(log->descriptor);
    free(log->fill);
    free(log->drain);
    free(log->path);
    free(log);
}

server_log *log_open(const char *path, front_console *console)
{
    server_log *log = calloc(1, sizeof *log);
    bool made;

    if (log == NULL) {
        front_error(console, "out of memory");
        return NULL;
    }
    log->path = strdup(path);
    log->fill = malloc(BUFFER);
    log->drain = malloc(BUFFER);
    log->next = -1;
    log->descriptor = open_file(path, console);
    if (log->path == NULL || log->fill == NULL || log->drain == NULL || log->descriptor < 0) {
        free_log(log);
        return NULL;
    }
    made = front_wake_init(&log->lock, &log->wake);
    if (!made || pthread_create(&log->thread, NULL, writer, log) != 0) {
        front_error(console, "access log %s: no thread could be started", path);
        if (made)
            front_wake_end(&log->lock, &log->wake);
        free_log(log);
        return NULL;
    }
    return log;
}

bool log_reopen(server_log *log, front_console *console)
{
    int descriptor = open_file(log->path, console), unused;

    if (descriptor < 0)
        return false;
    (void)pthread_mutex_lock(&log->lock);
    unused = log->next;
    log->next = descriptor;
    (void)pthread_cond_signal(&log->wake);
    (void)pthread_mutex_unlock(&log->lock);
    if (unused >= 0)
        (void)close(unused);
    return true;
}

void log_close(server_log *log)
{
    if (log == NULL)
        return;
    (void)pthread_mutex_lock(&log->lock);
    log->stop = true;
    (void)pthread_cond_signal(&log->wake);
    (void)pthread_mutex_unlock(&log->lock);
    (void)pthread_join(log->thread, NULL);
    front_wake_end(&log->lock, &log->wake);
    free_log(log);
}

void log_line(server_log *log, const char *line, size_t size)
{
    (void)pthread_mutex_lock(&log->lock);
    if (size > BUFFER - log->used) {
        log->dropped++;
    } else {
        memcpy(log->fill + log->used, line, size);
        log->used += size;
    }
    if (log->used >= BUFFER / 2)
        (void)pthread_cond_signal(&log->wake);
    (void)pthread_mutex_unlock(&log->lock);
}

/* --- The text of a line. */

typedef struct line_text {
    char *data;
    size_t used, size;
} line_text;

static void add(line_text *line, const char *text, size_t size)
{
    if (size > line->size - line->used)
        size = line->size - line->used;
    memcpy(line->data + line->used, text, size);
    line->used += size;
}

/* A text of JSON that takes at most `max` bytes of the line, whatever has to be escaped in it. */
static void add_text(line_text *line, const char *name, const char *text, size_t max)
{
    size_t done = 0, start;

    add(line, ",\"", 2);
    add(line, name, strlen(name));
    add(line, "\":\"", 3);
    start = line->used;
    while (text[done] != '\0' && line->used - start + 6 <= max) {
        size_t length = front_utf8_length(text + done);
        unsigned char c = (unsigned char)text[done];
        char escape[8];

        if (length == 0) {
            add(line, "\\ufffd", 6);
            length = 1;
        } else if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') {
            (void)snprintf(escape, sizeof escape, "\\u%04x", c);
            add(line, escape, 6);
        } else {
            add(line, text + done, length);
        }
        done += length;
    }
    add(line, "\"", 1);
}

static void add_time(line_text *line, int64_t now)
{
    time_t seconds = (time_t)(now / 1000000);
    struct tm parts;
    char text[64];
    int size;

    if (gmtime_r(&seconds, &parts) == NULL)
        memset(&parts, 0, sizeof parts);
    size = snprintf(text, sizeof text, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"", parts.tm_year + 1900,
                    parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                    (int)(now / 1000 % 1000));
    add(line, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

size_t log_describe(const exchange *x, int64_t now, int64_t duration, char *line, size_t size)
{
    line_text text = {line, 0, size - 2};
    const request *r = x->route;
    const char *agent = exchange_header_of(x, "user-agent");
    char numbers[160];
    int length;

    add_time(&text, now);
    add_text(&text, "id", x->id, SHORT_SHOWN);
    add_text(&text, "remote", x->remote, SHORT_SHOWN);
    add_text(&text, "method", x->method, SHORT_SHOWN);
    add_text(&text, "path", x->path, PATH_SHOWN);
    /* Only what the API knows is shown: a signature or a token that somebody put there by mistake is not. */
    if (r != NULL && r->known_query && x->query[0] != '\0')
        add_text(&text, "query", x->query, QUERY_SHOWN);
    if (r != NULL && r->route != NULL)
        add_text(&text, "route", r->route->pattern, SHORT_SHOWN);
    if (r != NULL && r->token[0] != '\0')
        add_text(&text, "token", r->token, SHORT_SHOWN);
    if (agent != NULL)
        add_text(&text, "agent", agent, AGENT_SHOWN);
    length = snprintf(numbers, sizeof numbers,
                      ",\"status\":%d,\"bytes\":%" PRIu64 ",\"seconds\":%" PRId64 ".%06" PRId64 "%s", x->status,
                      x->sent, duration / 1000000, duration % 1000000, x->failed ? ",\"cut\":true" : "");
    add(&text, numbers, (size_t)length < sizeof numbers ? (size_t)length : sizeof numbers - 1);
    line[text.used++] = '}';
    line[text.used++] = '\n';
    return text.used;
}

void log_exchange(server_log *log, const exchange *x)
{
    char line[LOG_LINE_MAX];
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    log_line(log, line,
             log_describe(x, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, server_clock() - x->began, line,
                          sizeof line));
}
