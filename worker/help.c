#include "help.h"

#include "program.h"

static const front_flag common[] = {
    {"help", 'h', false, NULL, "show help and end"},
    {"version", 'V', false, NULL, "show the version and end"},
    {"config", 0, false, "FILE", "read this configuration file instead of the usual ones"},
    {"quiet", 'q', false, NULL, "no notes: only warnings and errors"},
    {"verbose", 'v', false, NULL, "say more about what is done, also of messages that went well"},
    {"no-color", 0, false, NULL, "no colours; the variable NO_COLOR does the same"},
    {"completion", 0, false, "bash|zsh|fish", "print a script that completes these flags in a shell, and end"},
};

static const char *const options[] = {"once",
                                      "concurrency",
                                      "database-url",
                                      "storage-url",
                                      "queue-url",
                                      "redis-url",
                                      "prometheus-url",
                                      "log-format",
                                      "visibility",
                                      "receive-wait",
                                      "import-timeout",
                                      "stop-timeout",
                                      "missing-object",
                                      "queue-max-attempts",
                                      "allowed-buckets",
                                      "on-error",
                                      "import-threads",
                                      "import-connections",
                                      "temporary-folder",
                                      "max-input-bytes",
                                      "max-expansion-ratio",
                                      "max-nesting",
                                      "aws-region",
                                      "aws-profile",
                                      "aws-endpoint-url",
                                      "aws-endpoint-url-s3",
                                      "aws-endpoint-url-sqs",
                                      "aws-ca-bundle",
                                      "aws-max-attempts",
                                      "aws-retry-mode",
                                      "s3-addressing",
                                      "s3-part-size",
                                      "s3-concurrency",
                                      "sqs-protocol",
                                      NULL};

void worker_flags(front_args *args)
{
    for (size_t i = 0; options[i] != NULL; i++)
        front_args_add_option(args, options[i]);
    front_args_add(args, common, sizeof common / sizeof common[0]);
}

void worker_help(front_output *output, const front_args *args)
{
    front_program_help(
        output, args, "takes events from a queue and imports the files that they tell of, until it is stopped.",
        "\nWithout any flag it imports what was uploaded into the user's data folder, told of by the queue in\n"
        "the database, into SQLite there. Settings may also stand in the environment and in a configuration\n"
        "file: 'ticker-cli help config' lists their names.\n\n"
        "Examples:\n"
        "  " WORKER_PROGRAM "\n"
        "  " WORKER_PROGRAM " --once\n"
        "  DATABASE_URL=postgres://ticker@db/ticker STORAGE_URL=s3://files QUEUE_URL=sqs:files \\\n"
        "      " WORKER_PROGRAM " --concurrency 4\n\n"
        "SIGTERM and SIGINT stop it: no new files, those that are imported may end within --stop-timeout; a\n"
        "second one rolls them back at once. SIGHUP reads the configuration again.\n"
        "Exit codes: 0 stopped, or the queue is empty (--once); 1 some files failed (--once); 2 wrong usage or\n"
        "configuration; 3 a service cannot be reached (--once; without it the worker waits for the service).\n");
}
