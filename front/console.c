#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void say(front_console *console, const char *color, const char *kind, const char *text)
{
    char line[FRONT_MESSAGE_MAX];
    bool colored = console->color && color != NULL;

    (void)front_text_clean(text, line, sizeof line);
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
    say(console, RED, NULL, text);
}

void front_warning(front_console *console, const char *format, ...)
{
    char text[FRONT_MESSAGE_MAX];
    va_list list;

    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    say(console, YELLOW, "warning", text);
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
    say(console, NULL, NULL, text);
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
    say(console, NULL, NULL, text);
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
