#include <string.h>

#include "cli.h"

const cli_command *const cli_commands[] = {
    &cli_command_import,  &cli_command_inspect,    &cli_command_quotes,  &cli_command_trades,
    &cli_command_summary, &cli_command_tickers,    &cli_command_imports, &cli_command_verify,
    &cli_command_upload,  &cli_command_db,         &cli_command_queue,   &cli_command_aws,
    &cli_command_token,   &cli_command_completion, &cli_command_help,    NULL};

const front_flag cli_common_flags[] = {
    {"help", 'h', false, NULL, "show help and end"},
    {"version", 'V', false, NULL, "show the version and end"},
    {"config", 0, false, "FILE", "read this configuration file instead of the usual ones"},
    {"quiet", 'q', false, NULL, "no progress and no notes: only results, warnings and errors"},
    {"verbose", 'v', false, NULL, "say more about what is done"},
    {"no-color", 0, false, NULL, "no colours; the variable NO_COLOR does the same"},
};
const size_t cli_common_flag_count = sizeof cli_common_flags / sizeof cli_common_flags[0];

const cli_command *cli_find_command(const char *name)
{
    for (size_t i = 0; cli_commands[i] != NULL; i++)
        if (strcmp(cli_commands[i]->name, name) == 0)
            return cli_commands[i];
    return NULL;
}

void cli_command_flags(const cli_command *command, front_args *args)
{
    front_args_add(args, command->flags, command->flag_count);
    for (size_t i = 0; command->options != NULL && command->options[i] != NULL; i++)
        front_args_add_option(args, command->options[i]);
}

bool cli_option_is_yes(const cli_context *cli, const char *name)
{
    static const char *const words[] = {"yes", "true", "1", "on", NULL};
    const char *value = ticker_options_get(cli->options, name);

    for (size_t i = 0; value != NULL && words[i] != NULL; i++)
        if (strcmp(words[i], value) == 0)
            return true;
    return false;
}
