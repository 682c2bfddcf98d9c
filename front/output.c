#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void front_output_init(front_output *output, front_console *console)
{
    output->console = console;
    output->error = 0;
}

static bool failed(front_output *output)
{
    if (output->error == 0)
        output->error = errno != 0 ? errno : EIO;
    return false;
}

bool front_output_write(front_output *output, const void *data, size_t size)
{
    if (output->error != 0)
        return false;
    errno = 0;
    return fwrite(data, 1, size, stdout) == size || failed(output);
}

bool front_output_text(front_output *output, const char *text)
{
    return front_output_write(output, text, strlen(text));
}

bool front_output_printf(front_output *output, const char *format, ...)
{
    va_list list;
    int written;

    if (output->error != 0)
        return false;
    errno = 0;
    va_start(list, format);
    written = vprintf(format, list);
    va_end(list);
    return written >= 0 || failed(output);
}

bool front_output_line(front_output *output, const char *line)
{
    bool done;

    front_console_lock(output->console);
    done = front_output_text(output, line) && front_output_text(output, "\n");
    if (done && fflush(stdout) != 0)
        done = failed(output);
    front_console_unlock(output->console);
    return done;
}

bool front_output_closed(const front_output *output)
{
    return output->error == EPIPE;
}

front_exit front_output_end(front_output *output)
{
    errno = 0;
    if (output->error == 0 && (fflush(stdout) != 0 || ferror(stdout)))
        (void)failed(output);
    if (output->error == 0 || front_output_closed(output))
        return FRONT_OK;
    front_error(output->console, "standard output: %s; the results are not complete", strerror(output->error));
    return FRONT_FAILED;
}
