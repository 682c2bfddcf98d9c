/* The command line: "--name value", "--name=value", switches, single letters, and what is left. */
#ifndef FRONT_ARGS_H
#define FRONT_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "console.h"

#define FRONT_FLAGS_MAX 64 /* flags that one command can have */

typedef struct front_flag {
    const char *name;     /* "config", given as --config */
    char letter;          /* 'q' for -q, or 0 */
    bool option;          /* one of the library's table; the program does not look at it */
    const char *argument; /* "FILE", "auto|always|never"; NULL for a switch */
    const char *help;     /* one line */
} front_flag;

typedef struct front_args {
    front_flag flags[FRONT_FLAGS_MAX];
    const char *values[FRONT_FLAGS_MAX]; /* NULL: not given; a switch has "yes" */
    size_t flag_count;
    char **positional;
    size_t positional_count;
} front_args;

void front_args_init(front_args *args);
void front_args_free(front_args *args);

void front_args_add(front_args *args, const front_flag *flags, size_t count);
/* Adds a flag of the library's option table; an unknown name is left out. */
void front_args_add_option(front_args *args, const char *name);

/* Reads argv[first] and on. With `until_word` it stops at the first argument that is no flag. Returns the index of the
 * first argument that was not read, or -1 after saying on the console what is wrong. `help` completes that message:
 * "try 'ticker-cli help import'". */
int front_args_parse(front_args *args, int argc, char **argv, int first, bool until_word, const char *help,
                     front_console *console);

/* The value given, or NULL. */
const char *front_args_value(const front_args *args, const char *name);
bool front_args_given(const front_args *args, const char *name);

#endif
