/* The configuration file: "key = value" lines. Keys are the environment's names in lower case. */
#ifndef FRONT_CONFIG_FILE_H
#define FRONT_CONFIG_FILE_H

#include <tickerimport.h>

#include "console.h"

#define FRONT_CONFIG_LINE_MAX 8192 /* bytes of a line */
#define FRONT_CONFIG_LINES_MAX 10000
#define FRONT_CONFIG_KEY_MAX 64

typedef enum front_config {
    FRONT_CONFIG_READ = 0,    /* the options are set */
    FRONT_CONFIG_MISSING = 1, /* there is no such file */
    FRONT_CONFIG_WRONG = 2    /* it is wrong; the console has been told */
} front_config;

/* The key of the option with this index: its environment's name, or else its own, in lower case with '_'. */
void front_config_key(size_t index, char key[FRONT_CONFIG_KEY_MAX]);

/* `wanted`: the user named this file, so it must be there. */
front_config front_config_read(ticker_options *options, const char *path, bool wanted, front_console *console);

#endif
