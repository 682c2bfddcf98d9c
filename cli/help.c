/* Help for people, made from the tables of commands, flags and options. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "settings.h"

#define LINE_COLUMNS 80
#define HELP_COLUMN 30

/* Text after a label, wrapped, up to its end or a blank line; the first line begins at `column`. Returns where it stopped. */
static const char *wrapped(front_output *output, const char *text, size_t column, size_t indent)
{
    while (*text != '\0' && strncmp(text, "\n\n", 2) != 0) {
        size_t word = strcspn(text, " \n");

        if (column > indent && column + 1 + word > LINE_COLUMNS) {
            (void)front_output_printf(output, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            (void)front_output_text(output, " ");
            column++;
        }
        (void)front_output_write(output, text, word);
        column += word;
        text += word;
        if (strncmp(text, "\n\n", 2) != 0)
            text += strspn(text, " \n");
    }
    (void)front_output_text(output, "\n");
    return text;
}

static void paragraphs(front_output *output, const char *text)
{
    while (*text != '\0') {
        text = wrapped(output, text, 0, 0);
        text += strspn(text, "\n");
        if (*text != '\0')
            (void)front_output_text(output, "\n");
    }
}

static void show_flag(front_output *output, const front_flag *flag)
{
    char label[128], help[512];
    const char *fallback = NULL;

    for (size_t i = 0; flag->option && i < ticker_option_count(); i++)
        if (strcmp(ticker_option_name(i), flag->name) == 0)
            fallback = ticker_option_default(i);
    if (flag->letter != 0)
        (void)snprintf(label, sizeof label, "  -%c, --%s%s%s", flag->letter, flag->name,
                       flag->argument != NULL ? " " : "", flag->argument != NULL ? flag->argument : "");
    else
        (void)snprintf(label, sizeof label, "  --%s%s%s", flag->name, flag->argument != NULL ? " " : "",
                       flag->argument != NULL ? flag->argument : "");
    if (flag->argument != NULL && fallback != NULL && fallback[0] != '\0')
        (void)snprintf(help, sizeof help, "%s (default: %s)", flag->help, fallback);
    else
        (void)snprintf(help, sizeof help, "%s", flag->help);
    (void)front_output_printf(output, "%-*s", HELP_COLUMN, label);
    if (strlen(label) >= HELP_COLUMN)
        (void)front_output_printf(output, "\n%*s", HELP_COLUMN, "");
    (void)wrapped(output, help, HELP_COLUMN, HELP_COLUMN);
}

void cli_help_program(front_output *output)
{
    (void)front_output_text(output, "ticker-cli imports the quote files of the Brazilian exchange B3 into a database\n"
                                    "(SQLite or PostgreSQL) and prints what is there.\n\n"
                                    "Usage: " CLI_PROGRAM " COMMAND [flags] [arguments]\n\nCommands:\n");
    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        (void)front_output_printf(output, "  %-12s", cli_commands[i]->name);
        (void)wrapped(output, cli_commands[i]->summary, 14, 14);
    }
    (void)front_output_text(output, "\nFlags of every command:\n");
    for (size_t i = 0; i < cli_common_flag_count; i++)
        show_flag(output, &cli_common_flags[i]);
    (void)front_output_text(output, "\nA first try:\n"
                                    "  " CLI_PROGRAM " import COTAHIST_D25062021.ZIP\n"
                                    "  " CLI_PROGRAM " quotes PETR4\n\n"
                                    "The database is the one of the environment's DATABASE_URL:\n"
                                    "  DATABASE_URL=postgres://user@host/db " CLI_PROGRAM " import COTAHIST_A2023.ZIP\n"
                                    "  DATABASE_URL=sqlite:quotes.db " CLI_PROGRAM " import COTAHIST_A2023.ZIP\n\n"
                                    "Exit codes: 0 done; 1 some input failed; 2 wrong usage or configuration; 3 the\n"
                                    "database cannot be reached; 130 interrupted, nothing half done.\n\n"
                                    "'" CLI_PROGRAM " help COMMAND' shows a command with its flags and examples,\n"
                                    "'" CLI_PROGRAM " help config' the configuration file and the environment.\n");
}

void cli_help_command(front_output *output, const cli_command *command)
{
    front_args args;

    front_args_init(&args);
    cli_command_flags(command, &args);
    (void)front_output_printf(output, "%s %s -", CLI_PROGRAM, command->name);
    (void)wrapped(output, command->summary, strlen(CLI_PROGRAM) + strlen(command->name) + 3, 0);
    (void)front_output_printf(output, "\nUsage: %s %s%s%s%s\n\n", CLI_PROGRAM, command->name,
                              args.flag_count > 0 ? " [flags]" : "", command->arguments[0] != '\0' ? " " : "",
                              command->arguments);
    paragraphs(output, command->text);
    if (args.flag_count > 0)
        (void)front_output_text(output, "\nFlags:\n");
    for (size_t i = 0; i < args.flag_count; i++)
        show_flag(output, &args.flags[i]);
    (void)front_output_text(output, "\nFlags of every command:\n");
    for (size_t i = 0; i < cli_common_flag_count; i++)
        show_flag(output, &cli_common_flags[i]);
    (void)front_output_printf(output, "\nExamples:\n%s", command->examples);
}

static void show_key(front_output *output, const char *name, bool lower)
{
    char key[64];
    size_t size = 0;

    for (; name[size] != '\0' && size + 1 < sizeof key; size++)
        key[size] = name[size] == '-' ? '_' : lower ? (char)tolower((unsigned char)name[size]) : name[size];
    key[size] = '\0';
    (void)front_output_printf(output, "  %-28s", key);
    if (size + 2 >= HELP_COLUMN)
        (void)front_output_printf(output, "\n%*s", HELP_COLUMN, "");
}

void cli_help_config(front_output *output)
{
    char keys[1024];
    size_t used = 0;

    (void)front_output_text(output,
                            "A setting is taken from the first of these that has it: the flag, the environment,\n"
                            "the configuration file, the default.\n\n"
                            "The configuration file is the one given with --config, or else the first that exists of\n"
                            "  $XDG_CONFIG_HOME/ticker/config (~/.config/ticker/config when that is not set)\n"
                            "  /etc/ticker/ticker.conf\n"
                            "'" CLI_PROGRAM " help ticker.conf' writes one to start from.\n\n"
                            "It has lines \"key = value\"; a line that begins with '#' is a comment:\n"
                            "  # the exchange's quotes\n"
                            "  database_url = postgres://ticker@db.example.org/ticker\n"
                            "  on_error = reject\n\nKeys:\n");
    for (size_t i = 0; i < ticker_option_count(); i++) {
        const char *environment = ticker_option_environment(i);

        show_key(output, environment != NULL ? environment : ticker_option_name(i), true);
        (void)wrapped(output, ticker_option_help(i), HELP_COLUMN, HELP_COLUMN);
    }
    (void)front_output_text(output, "\nEnvironment:\n");
    for (size_t i = 0; i < ticker_option_count(); i++) {
        if (ticker_option_environment(i) == NULL)
            continue;
        show_key(output, ticker_option_environment(i), false);
        (void)wrapped(output, ticker_option_help(i), HELP_COLUMN, HELP_COLUMN);
    }
    show_key(output, "NO_COLOR", false);
    (void)wrapped(output, "no colours when set", HELP_COLUMN, HELP_COLUMN);
    (void)front_output_text(output,
                            "\nThe same file may hold keys of the other programs; ticker-cli leaves them alone:\n  ");
    for (size_t i = 0; front_settings_shared[i] != NULL; i++) {
        for (size_t at = 0; front_settings_shared[i][at] != '\0' && used + 2 < sizeof(keys); at++)
            keys[used++] = (char)tolower((unsigned char)front_settings_shared[i][at]);
        if (used + 1 < sizeof(keys))
            keys[used++] = ' ';
    }
    keys[used > 0 ? used - 1 : 0] = '\0';
    (void)wrapped(output, keys, 2, 2);
}

static front_exit run(cli_context *cli)
{
    const char *word = cli->args.positional_count > 0 ? cli->args.positional[0] : NULL;
    const cli_command *command = word != NULL ? cli_find_command(word) : NULL;

    if (word == NULL)
        cli_help_program(&cli->output);
    else if (strcmp(word, "config") == 0)
        cli_help_config(&cli->output);
    else if (strcmp(word, "ticker.conf") == 0)
        cli_sample_config(&cli->output);
    else if (command != NULL)
        cli_help_command(&cli->output, command);
    else {
        front_error(&cli->console, "no help about \"%s\"; '%s help' lists the commands", word, CLI_PROGRAM);
        return FRONT_USAGE;
    }
    return FRONT_OK;
}

const cli_command cli_command_help = {
    .name = "help",
    .arguments = "[COMMAND|config|ticker.conf]",
    .complete = "COMMAND",
    .summary = "show help about a command, or about the configuration",
    .text = "Without an argument: what commands there are. 'config' is about the configuration, and\n"
            "'ticker.conf' a configuration file to start from, with every key explained.\n",
    .examples = "  " CLI_PROGRAM " help import\n"
                "  " CLI_PROGRAM " help config\n"
                "  " CLI_PROGRAM " help ticker.conf >~/.config/ticker/config\n",
    .max = 1,
    .plain = true,
    .run = run,
};
