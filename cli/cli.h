/* ticker-cli: what its commands share. */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>

#include <tickerimport.h>

#include "args.h"
#include "console.h"
#include "exit.h"
#include "output.h"

typedef struct cli_command cli_command;

typedef struct cli_context {
    front_console console;
    front_output output;
    front_args args;
    ticker_options *options; /* flags, environment and configuration file are in */
    ticker_aws *aws;         /* see remote.h; NULL until somebody needs it */
    const cli_command *command;
} cli_context;

/* One command. Its help, its completion and the reading of its flags are all made from this. */
struct cli_command {
    const char *name;
    const char *arguments;      /* of the synopsis: "FILE|DIR|- ..." */
    const char *complete;       /* what an argument may be: "FILE", words like "migrate|status", or NULL */
    const char *summary;        /* one line */
    const char *text;           /* what there is to know */
    const char *examples;       /* lines to try */
    const char *const *options; /* names in the library's option table, ends with NULL; may be NULL */
    const front_flag *flags;
    size_t flag_count;
    size_t min, max; /* how many arguments */
    bool plain;      /* needs no configuration */
    front_exit (*run)(cli_context *cli);
};

#define CLI_ANY ((size_t)-1)
#define CLI_PROGRAM "ticker-cli"

extern const cli_command *const cli_commands[]; /* ends with NULL */
extern const front_flag cli_common_flags[];     /* every command has them */
extern const size_t cli_common_flag_count;

const cli_command *cli_find_command(const char *name);
/* The list of flags of a command: its own, the library's, the common ones. */
void cli_command_flags(const cli_command *command, front_args *args);

/* Whether a switch of the library's table is on. */
bool cli_option_is_yes(const cli_context *cli, const char *name);

/* Help for people, on standard output (help.c). */
void cli_help_program(front_output *output);
void cli_help_command(front_output *output, const cli_command *command);
void cli_help_config(front_output *output);
/* A configuration file with every key (sample.c). */
void cli_sample_config(front_output *output);

extern const cli_command cli_command_import;
extern const cli_command cli_command_inspect;
extern const cli_command cli_command_quotes;
extern const cli_command cli_command_trades;
extern const cli_command cli_command_summary;
extern const cli_command cli_command_tickers;
extern const cli_command cli_command_imports;
extern const cli_command cli_command_verify;
extern const cli_command cli_command_upload;
extern const cli_command cli_command_db;
extern const cli_command cli_command_queue;
extern const cli_command cli_command_aws;
extern const cli_command cli_command_token;
extern const cli_command cli_command_completion;
extern const cli_command cli_command_help;

#endif
