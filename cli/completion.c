/* ticker-cli completion: scripts for shells, written from the tables of commands and flags. */
#include <ctype.h>
#include <string.h>

#include "cli.h"

/* Whether an argument is a list of words to choose from ("auto|always", "1d|1w"), not a placeholder ("FILE"). */
static bool is_choice(const char *argument)
{
    return argument != NULL && strchr(argument, '|') != NULL &&
           (islower((unsigned char)argument[0]) || isdigit((unsigned char)argument[0]));
}

static bool is_file(const char *argument)
{
    return argument != NULL && strcmp(argument, "FILE") == 0;
}

/* The words of "a|b|c" with blanks between them. */
static void words(front_output *output, const char *choices)
{
    for (const char *at = choices; *at != '\0'; at++)
        (void)front_output_write(output, *at == '|' ? " " : at, 1);
}

/* Text within single quotes of a shell; `colon` as well: zsh's lists end their names there. */
static void quoted(front_output *output, const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            (void)front_output_text(output, "'\\''");
        else if (strchr(special, *text) != NULL)
            (void)front_output_printf(output, "\\%c", *text);
        else
            (void)front_output_write(output, text, 1);
    }
}

static void all_flags(const cli_command *command, front_args *args)
{
    front_args_init(args);
    if (command != NULL)
        cli_command_flags(command, args);
    front_args_add(args, cli_common_flags, cli_common_flag_count);
}

static void command_names(front_output *output)
{
    for (size_t i = 0; cli_commands[i] != NULL; i++)
        (void)front_output_printf(output, "%s%s", i > 0 ? " " : "", cli_commands[i]->name);
}

/* -- bash -- */

static void bash_command(front_output *output, const cli_command *command)
{
    front_args args;

    all_flags(command, &args);
    (void)front_output_printf(output, "        %s)\n            flags='", command->name);
    for (size_t i = 0; i < args.flag_count; i++)
        (void)front_output_printf(output, "%s--%s", i > 0 ? " " : "", args.flags[i].name);
    (void)front_output_text(output, "'\n            case $previous in\n");
    for (size_t i = 0; i < args.flag_count; i++) {
        const front_flag *flag = &args.flags[i];

        if (flag->argument == NULL)
            continue;
        (void)front_output_printf(output, "                --%s) ", flag->name);
        if (is_choice(flag->argument)) {
            (void)front_output_text(output, "words='");
            words(output, flag->argument);
            (void)front_output_text(output, "'; value=1 ;;\n");
        } else {
            (void)front_output_printf(output, "%svalue=1 ;;\n", is_file(flag->argument) ? "files=1; " : "");
        }
    }
    (void)front_output_text(output, "                *) ");
    if (is_file(command->complete)) {
        (void)front_output_text(output, "files=1 ;;\n");
    } else if (command->complete != NULL) {
        (void)front_output_text(output, "words='");
        if (is_choice(command->complete))
            words(output, command->complete);
        else
            command_names(output);
        (void)front_output_text(output, "' ;;\n");
    } else {
        (void)front_output_text(output, ";;\n");
    }
    (void)front_output_text(output, "            esac\n            ;;\n");
}

static void bash(front_output *output)
{
    (void)front_output_text(
        output, "# bash completion for " CLI_PROGRAM "; to use it: source <(" CLI_PROGRAM " completion bash)\n"
                "_ticker_cli()\n{\n"
                "    local current previous command='' words='' flags='' files='' value='' i\n"
                "    COMPREPLY=()\n"
                "    current=${COMP_WORDS[COMP_CWORD]}\n"
                "    previous=${COMP_WORDS[COMP_CWORD-1]}\n"
                "    if [[ $current == '=' ]]; then\n        current=''\n"
                "    elif [[ $previous == '=' ]]; then\n        previous=${COMP_WORDS[COMP_CWORD-2]}\n    fi\n"
                "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                "        case ${COMP_WORDS[i]} in\n"
                "            --config) ((i++)) ;;\n"
                "            -*) ;;\n"
                "            *) command=${COMP_WORDS[i]}; break ;;\n"
                "        esac\n    done\n"
                "    case $command in\n");
    for (size_t i = 0; cli_commands[i] != NULL; i++)
        bash_command(output, cli_commands[i]);
    (void)front_output_text(output, "        '')\n            flags='");
    for (size_t i = 0; i < cli_common_flag_count; i++)
        (void)front_output_printf(output, "%s--%s", i > 0 ? " " : "", cli_common_flags[i].name);
    (void)front_output_text(output,
                            "'\n            if [[ $previous == --config ]]; then files=1; value=1; else words='");
    command_names(output);
    (void)front_output_text(output, "'; fi\n            ;;\n    esac\n"
                                    "    if [[ $current == -* && -z $value ]]; then\n"
                                    "        COMPREPLY=($(compgen -W \"$flags\" -- \"$current\"))\n"
                                    "    elif [[ -n $files ]]; then\n"
                                    "        compopt -o filenames 2> /dev/null\n"
                                    "        local IFS=$'\\n'\n"
                                    "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
                                    "    else\n"
                                    "        COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
                                    "    fi\n}\ncomplete -F _ticker_cli " CLI_PROGRAM "\n");
}

/* -- zsh -- */

static void zsh_flags(front_output *output, const cli_command *command)
{
    front_args args;

    all_flags(command, &args);
    for (size_t i = 0; i < args.flag_count; i++) {
        const front_flag *flag = &args.flags[i];

        (void)front_output_printf(output, " \\\n                '--%s%s[", flag->name,
                                  flag->argument != NULL ? "=" : "");
        quoted(output, flag->help, "[]\\");
        (void)front_output_text(output, "]");
        if (is_choice(flag->argument)) {
            (void)front_output_text(output, ":value:(");
            words(output, flag->argument);
            (void)front_output_text(output, ")");
        } else if (flag->argument != NULL) {
            (void)front_output_printf(output, ":%s:%s", flag->argument, is_file(flag->argument) ? "_files" : "");
        }
        (void)front_output_text(output, "'");
    }
}

static void zsh_command(front_output *output, const cli_command *command)
{
    (void)front_output_printf(output, "        %s)\n            _arguments", command->name);
    zsh_flags(output, command);
    if (is_file(command->complete)) {
        (void)front_output_text(output, " \\\n                '*:file:_files'");
    } else if (command->complete != NULL) {
        (void)front_output_text(output, " \\\n                '1:what:(");
        if (is_choice(command->complete))
            words(output, command->complete);
        else
            command_names(output);
        (void)front_output_text(output, ")'");
    }
    (void)front_output_text(output, "\n            ;;\n");
}

static void zsh(front_output *output)
{
    (void)front_output_text(output, "#compdef " CLI_PROGRAM "\n"
                                    "# zsh completion for " CLI_PROGRAM "; to use it: source <(" CLI_PROGRAM
                                    " completion zsh), or put it as _" CLI_PROGRAM " into a folder of $fpath\n"
                                    "_ticker_cli()\n{\n"
                                    "    local state line\n    typeset -A opt_args\n"
                                    "    _arguments -C");
    zsh_flags(output, NULL);
    (void)front_output_text(output,
                            " \\\n                '1:command:->command' '*::argument:->argument'\n"
                            "    if [[ $state == command ]]; then\n        local -a commands\n        commands=(\n");
    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        (void)front_output_printf(output, "            '%s:", cli_commands[i]->name);
        quoted(output, cli_commands[i]->summary, ":\\");
        (void)front_output_text(output, "'\n");
    }
    (void)front_output_text(output, "        )\n        _describe command commands\n        return\n    fi\n"
                                    "    case $line[1] in\n");
    for (size_t i = 0; cli_commands[i] != NULL; i++)
        zsh_command(output, cli_commands[i]);
    (void)front_output_text(output, "    esac\n}\n"
                                    "if [[ $funcstack[1] == _" CLI_PROGRAM " ]]; then\n    _ticker_cli \"$@\"\n"
                                    "else\n    compdef _ticker_cli " CLI_PROGRAM "\nfi\n");
}

/* -- fish -- */

static void fish_flag(front_output *output, const front_flag *flag, const char *command)
{
    (void)front_output_text(output, "complete -c " CLI_PROGRAM);
    if (command != NULL)
        (void)front_output_printf(output, " -n '__fish_seen_subcommand_from %s'", command);
    (void)front_output_printf(output, " -l %s", flag->name);
    if (flag->letter != 0)
        (void)front_output_printf(output, " -s %c", flag->letter);
    if (is_choice(flag->argument)) {
        (void)front_output_text(output, " -x -a '");
        words(output, flag->argument);
        (void)front_output_text(output, "'");
    } else if (flag->argument != NULL) {
        (void)front_output_text(output, is_file(flag->argument) ? " -r -F" : " -x");
    }
    (void)front_output_text(output, " -d '");
    for (const char *at = flag->help; *at != '\0'; at++)
        (void)front_output_printf(output, "%s%c", *at == '\'' || *at == '\\' ? "\\" : "", *at);
    (void)front_output_text(output, "'\n");
}

static void fish_command(front_output *output, const cli_command *command)
{
    front_args args;

    front_args_init(&args);
    cli_command_flags(command, &args);
    (void)front_output_printf(output, "complete -c " CLI_PROGRAM " -n __fish_use_subcommand -f -a %s -d '",
                              command->name);
    for (const char *at = command->summary; *at != '\0'; at++)
        (void)front_output_printf(output, "%s%c", *at == '\'' || *at == '\\' ? "\\" : "", *at);
    (void)front_output_text(output, "'\n");
    for (size_t i = 0; i < args.flag_count; i++)
        fish_flag(output, &args.flags[i], command->name);
    (void)front_output_printf(output, "complete -c " CLI_PROGRAM " -n '__fish_seen_subcommand_from %s' %s",
                              command->name, is_file(command->complete) ? "-F" : "-f");
    if (command->complete != NULL && !is_file(command->complete)) {
        (void)front_output_text(output, " -a '");
        if (is_choice(command->complete))
            words(output, command->complete);
        else
            command_names(output);
        (void)front_output_text(output, "'");
    }
    (void)front_output_text(output, "\n");
}

static void fish(front_output *output)
{
    (void)front_output_text(output, "# fish completion for " CLI_PROGRAM "; to use it: " CLI_PROGRAM
                                    " completion fish | source\n");
    for (size_t i = 0; i < cli_common_flag_count; i++)
        fish_flag(output, &cli_common_flags[i], NULL);
    for (size_t i = 0; cli_commands[i] != NULL; i++)
        fish_command(output, cli_commands[i]);
}

static front_exit run(cli_context *cli)
{
    const char *shell = cli->args.positional[0];

    if (strcmp(shell, "bash") == 0) {
        bash(&cli->output);
    } else if (strcmp(shell, "zsh") == 0) {
        zsh(&cli->output);
    } else if (strcmp(shell, "fish") == 0) {
        fish(&cli->output);
    } else {
        front_error(&cli->console, "there is no completion for \"%s\"; use bash, zsh or fish", shell);
        return FRONT_USAGE;
    }
    return FRONT_OK;
}

const cli_command cli_command_completion = {
    .name = "completion",
    .arguments = "bash|zsh|fish",
    .complete = "bash|zsh|fish",
    .summary = "print a script that completes commands and flags in a shell",
    .text = "Load it in the shell's start-up file.\n",
    .examples = "  source <(" CLI_PROGRAM " completion bash)\n"
                "  source <(" CLI_PROGRAM " completion zsh)\n"
                "  " CLI_PROGRAM " completion fish | source\n",
    .min = 1,
    .max = 1,
    .plain = true,
    .run = run,
};
