/* ticker-cli imports: the ledger of what was imported. */
#include "query.h"

static front_exit run(cli_context *cli)
{
    const char *id = cli->args.positional_count > 0 ? cli->args.positional[0] : NULL;
    cli_question question = {"imports", "id", id, id != NULL ? "no import" : "no imports", id == NULL, NULL};

    return cli_ask(cli, &question);
}

static const front_flag flags[] = {
    {"status", 0, false, "queued|running|imported|duplicate|failed", "only those with this status"},
    CLI_FLAG_LIMIT,
    {"order", 0, false, "asc|desc", "newest first (desc, the default) or oldest first"},
    CLI_FLAG_CURSOR,
    CLI_FLAG_FORMAT,
    CLI_FLAG_JSON,
};

const cli_command cli_command_imports = {
    .name = "imports",
    .arguments = "[ID]",
    .summary = "show what was imported and what was refused, newest first",
    .text = "With the number of an import: all of it, with the rows that were rejected and why, and with the imports\n"
            "that its quotes gave way to, or that gave way to its quotes.\n",
    .examples = "  " CLI_PROGRAM " imports --limit 10\n"
                "  " CLI_PROGRAM " imports 3\n"
                "  " CLI_PROGRAM " imports --status failed --json\n",
    .options = cli_query_options,
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .max = 1,
    .run = run,
};
