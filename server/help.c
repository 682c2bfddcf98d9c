#include "help.h"

#include <string.h>

#include "program.h"
#include "server.h"

static const front_flag common[] = {
    {"help", 'h', false, NULL, "show help and end"},
    {"version", 'V', false, NULL, "show the version and end"},
    {"config", 0, false, "FILE", "read this configuration file instead of the usual ones"},
    {"quiet", 'q', false, NULL, "no notes: only warnings and errors"},
    {"verbose", 'v', false, NULL, "say more about what is done"},
    {"no-color", 0, false, NULL, "no colours; the variable NO_COLOR does the same"},
    {"completion", 0, false, "bash|zsh|fish", "print a script that completes these flags in a shell, and end"},
};

static const char *const options[] = {"listen",
                                      "fastcgi",
                                      "threads",
                                      "database-url",
                                      "redis-url",
                                      "cache-size",
                                      "cache-seconds",
                                      "cache-timeout",
                                      "cache-connect-timeout",
                                      "storage-url",
                                      "queue-url",
                                      "tokens",
                                      "private",
                                      "max-upload",
                                      "cors-origin",
                                      "access-log",
                                      "stop-seconds",
                                      "importer",
                                      "aws-region",
                                      "aws-profile",
                                      "aws-endpoint-url",
                                      "aws-endpoint-url-s3",
                                      "aws-ca-bundle",
                                      "s3-addressing",
                                      NULL};

void server_flags(front_args *args)
{
    for (size_t i = 0; options[i] != NULL; i++)
        front_args_add_option(args, options[i]);
    front_args_add(args, common, sizeof common / sizeof common[0]);
}

void server_help(front_output *output, const front_args *args)
{
    front_program_help(output, args, "answers questions about B3's quotes over HTTP, takes uploads and imports them.",
                       "\nWithout any flag it serves http://127.0.0.1:4000/ from SQLite in the user's data folder.\n"
                       "Settings may also stand in the environment and in a configuration file:\n"
                       "'ticker-cli help config' lists their names.\n\n"
                       "Examples:\n"
                       "  " SERVER_PROGRAM "\n"
                       "  DATABASE_URL=postgres://user@host/db REDIS_URL=redis://host:6379/0 " SERVER_PROGRAM
                       " --listen :8080\n"
                       "  " SERVER_PROGRAM " --fastcgi unix:/run/ticker/fastcgi.sock --tokens /etc/ticker/tokens\n\n"
                       "SIGTERM and SIGINT stop it after the running requests, SIGHUP reads the tokens and opens the\n"
                       "access log anew. Exit codes: 0 stopped; 1 it could not run; 2 wrong usage or configuration.\n");
}
