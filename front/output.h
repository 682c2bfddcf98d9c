/* Standard output: results, and whether they really went out. */
#ifndef FRONT_OUTPUT_H
#define FRONT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "console.h"
#include "exit.h"

typedef struct front_output {
    front_console *console;
    int error; /* errno of the first failure */
} front_output;

void front_output_init(front_output *output, front_console *console);

/* False once something could not be written; stop then. */
bool front_output_write(front_output *output, const void *data, size_t size);
bool front_output_text(front_output *output, const char *text);
bool front_output_printf(front_output *output, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A whole line, at once visible, from any thread and beside a progress line. */
bool front_output_line(front_output *output, const char *line);

/* Whether the reader went away (EPIPE): nobody is interested any more, which is no failure. */
bool front_output_closed(const front_output *output);
/* Flushes. Says what went wrong, if anything did, and returns FRONT_FAILED; FRONT_OK otherwise. */
front_exit front_output_end(front_output *output);

#endif
