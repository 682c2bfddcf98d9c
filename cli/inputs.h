/* The files that import and inspect work on. */
#ifndef CLI_INPUTS_H
#define CLI_INPUTS_H

#include "cli.h"

#define CLI_INPUTS_MAX 1000000 /* files of one call */

typedef struct cli_input {
    char *path;    /* "-" is standard input; "s3://bucket/key" */
    int64_t bytes; /* -1: unknown */
    bool file;     /* a regular file or an object: it may be read a second time */
    bool remote;   /* an object of S3 */
} cli_input;

typedef struct cli_inputs {
    cli_input *list;
    size_t count, capacity;
    int64_t bytes; /* of all of them, -1 when one is unknown */
} cli_inputs;

/* Takes the arguments apart: files as they are, directories into the regular files they hold, sorted by name, without
 * hidden ones, "s3://bucket/prefix/" into the objects below it. FRONT_USAGE: nothing can be done. FRONT_FAILED: something
 * was left out, after saying so. */
front_exit cli_inputs_collect(cli_context *cli, cli_inputs *inputs);
void cli_inputs_free(cli_inputs *inputs);

/* Opens one. Reading from a pipe or a terminal ends when the program is interrupted. */
TICKER_MUST_CHECK ticker_status cli_input_open(cli_context *cli, const cli_input *input, ticker_source **source,
                                               ticker_error *error);

#endif
