/* ticker-cli: B3's quote files into a database, and out again. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "interrupt.h"
#include "settings.h"
#include "text.h"

#define OUTPUT_BUFFER 65536

static void show_version(cli_context *cli)
{
    static const char *const backends[] = {"sqlite", "postgresql", "aws", "redis"};
    bool any = false;

    (void)front_output_printf(&cli->output, "%s %s\nlibtickerimport %s with", CLI_PROGRAM, TICKER_VERSION,
                              ticker_version());
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
        if (!ticker_has(backends[i]))
            continue;
        (void)front_output_printf(&cli->output, " %s", backends[i]);
        any = true;
    }
    (void)front_output_text(&cli->output, any ? "\n" : "out any backend\n");
}

static front_exit unknown_command(cli_context *cli, const char *word)
{
    const char *names[32], *nearest;
    size_t count = 0;

    for (; cli_commands[count] != NULL && count + 1 < sizeof names / sizeof names[0]; count++)
        names[count] = cli_commands[count]->name;
    names[count] = NULL;
    nearest = front_nearest(word, names);
    if (nearest != NULL)
        front_error(&cli->console, "unknown command \"%s\"; did you mean \"%s\"?", word, nearest);
    else
        front_error(&cli->console, "unknown command \"%s\"; '%s help' lists them", word, CLI_PROGRAM);
    return FRONT_USAGE;
}

static void apply_common_flags(cli_context *cli)
{
    cli->console.quiet = front_args_given(&cli->args, "quiet");
    cli->console.verbose = front_args_given(&cli->args, "verbose") && !cli->console.quiet;
    if (front_args_given(&cli->args, "no-color"))
        cli->console.color = false;
}

/* --help and --version win over everything else that was given. */
static bool asked_for_text(cli_context *cli)
{
    if (front_args_given(&cli->args, "help")) {
        if (cli->command != NULL)
            cli_help_command(&cli->output, cli->command);
        else
            cli_help_program(&cli->output);
        return true;
    }
    if (front_args_given(&cli->args, "version")) {
        show_version(cli);
        return true;
    }
    return false;
}

static front_exit run_command(cli_context *cli, const char *help)
{
    const cli_command *command = cli->command;
    front_exit result = FRONT_USAGE;

    if (cli->args.positional_count < command->min || cli->args.positional_count > command->max) {
        front_error(&cli->console, "%s %s %s; %s",
                    cli->args.positional_count < command->min ? "too few arguments:" : "too many arguments:",
                    command->name, command->arguments, help);
        return FRONT_USAGE;
    }
    cli->options = ticker_options_new();
    if (cli->options == NULL) {
        front_error(&cli->console, "out of memory");
        return FRONT_FAILED;
    }
    if (command->plain || front_settings_load(cli->options, &cli->args, &cli->console))
        result = command->run(cli);
    ticker_aws_free(cli->aws);
    ticker_options_free(cli->options);
    return result;
}

/* [common flags] COMMAND [flags and arguments] */
static front_exit run(cli_context *cli, int argc, char **argv)
{
    char help[96] = "try '" CLI_PROGRAM " help'";
    int at;

    front_args_add(&cli->args, cli_common_flags, cli_common_flag_count);
    at = front_args_parse(&cli->args, argc, argv, 1, true, help, &cli->console);
    if (at < 0)
        return FRONT_USAGE;
    apply_common_flags(cli);
    if (asked_for_text(cli))
        return FRONT_OK;
    if (at == argc) {
        front_error(&cli->console, "no command; %s", help);
        return FRONT_USAGE;
    }
    cli->command = cli_find_command(argv[at]);
    if (cli->command == NULL)
        return unknown_command(cli, argv[at]);
    cli_command_flags(cli->command, &cli->args);
    (void)snprintf(help, sizeof help, "try '" CLI_PROGRAM " help %s'", cli->command->name);
    if (front_args_parse(&cli->args, argc, argv, at + 1, false, help, &cli->console) < 0)
        return FRONT_USAGE;
    apply_common_flags(cli);
    return asked_for_text(cli) ? FRONT_OK : run_command(cli, help);
}

int main(int argc, char **argv)
{
    static char buffer[OUTPUT_BUFFER];
    front_exit result;
    cli_context cli;

    (void)setlocale(LC_CTYPE, "");
    memset(&cli, 0, sizeof cli);
    front_console_init(&cli.console, CLI_PROGRAM);
    front_output_init(&cli.output, &cli.console);
    (void)setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    front_args_init(&cli.args);
    front_interrupt_install();
    result = run(&cli, argc, argv);
    result = front_exit_worse(result, front_output_end(&cli.output));
    front_args_free(&cli.args);
    front_console_free(&cli.console);
    return (int)result;
}
