#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static void take_standard_descriptors(void)
{
    for (int descriptor = 0; descriptor <= 2; descriptor++) {
        /* Opened the wrong way round, so that using it still fails. open() takes the lowest free number: this one. */
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) < 0)
            return;
    }
}

void front_console_init(front_console *console, const char *program)
{
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

    take_standard_descriptors();
    memset(console, 0, sizeof *console);
    console->program = program;
    console->terminal = isatty(STDERR_FILENO) && (terminal == NULL || strcmp(terminal, "dumb") != 0);
    console->color = console->terminal && (no_color == NULL || no_color[0] == '\0');
    (void)pthread_mutex_init(&console->lock, NULL);
}

void front_console_free(front_console *console)
{
    (void)pthread_mutex_destroy(&console->lock);
}

void front_console_lock(front_console *console)
{
    (void)pthread_mutex_lock(&console->lock);
    if (console->bar) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        console->bar = false;
    }
}

void front_console_unlock(front_console *console)
{
    (void)pthread_mutex_unlock(&console->lock);
}

/* "2026-11-26T17:00:00.123Z" */
static void put_time(front_json *json)
{
    struct timespec now = {0, 0};
    struct tm parts;
    char text[48];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &parts) == NULL)
        memset(&parts, 0, sizeof parts);
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                   parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, (int)(now.tv_nsec / 1000000));
    front_json_text(json, "time", text);
}

static bool is_left_out(const front_console *console, const char *level)
{
    return strcmp(level, "debug") == 0 ? !console->verbose : strcmp(level, "info") == 0 && console->quiet;
}

void front_console_object(front_console *console, const char *level, front_json *fields)
{
    front_json *json = is_left_out(console, level) ? NULL : front_json_object();
    const char *line;

    put_time(json);
    front_json_text(json, "level", level);
    front_json_append_members(json, fields);
    front_json_free(fields);
    line = front_json_line(json);
    if (line != NULL) {
        front_console_lock(console);
        (void)fprintf(stderr, "%s\n", line);
        (void)fflush(stderr);
        front_console_unlock(console);
    }
    front_json_free(json);
}

static void say_json(front_console *console, const char *level, const char *text)
{
    front_json *fields = front_json_object();

    front_json_text(fields, "message", text);
    front_console_object(console, level, fields);
}

/* `kind` NULL: the program's name carries the colour; else this word does. */
static void say(front_console *console, const char *level, const char *color, const char *kind, const char *text)
{
    char line[FRONT_MESSAGE_MAX];
    bool colored = console->color && color != NULL;

    (void)front_text_clean(text, line, sizeof line);
    if (console->json) {
        say_json(console, level, line);
        return;
    }
    front_console_lock(console);
    /* An error colours the program's name, a warning its own word. */
    if (kind == NULL)
        (void)fprintf(stderr, "%s%s:%s %s\n", colored ? color : "", console->program, colored ? PLAIN : "", line);
    else
        (void)fprintf(stderr, "%s: %s%s:%s %s\n", console->program, colored ? color : "", kind, colored ? PLAIN : "",
                      line);
    (void)fflush(stderr);
    front_console_unlock(console);
}

void front_error(front_console *console, const char *format, ...)
{
    char text[FRONT_MESSAGE_MAX];
    va_list list;

    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    say(console, "error", RED, NULL, text);
}

void front_warning(front_console *console, const char *format, ...)
{
    char text[FRONT_MESSAGE_MAX];
    va_list list;

    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    say(console, "warning", YELLOW, "warning", text);
}

void front_note(front_console *console, const char *format, ...)
{
    char text[FRONT_MESSAGE_MAX];
    va_list list;

    if (console->quiet)
        return;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    say(console, "info", NULL, NULL, text);
}

void front_detail(front_console *console, const char *format, ...)
{
    char text[FRONT_MESSAGE_MAX];
    va_list list;

    if (!console->verbose)
        return;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    say(console, "debug", NULL, NULL, text);
}

void front_report(front_console *console, const ticker_error *error, const char *where)
{
    char text[FRONT_MESSAGE_MAX];

    (void)ticker_error_format(error, text, sizeof text);
    if (where != NULL && ticker_error_file(error)[0] == '\0')
        front_error(console, "%s: %s", where, text);
    else
        front_error(console, "%s", text);
}
