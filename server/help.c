#include "help.h"

#include <stdio.h>
#include <string.h>

#include <tickerimport.h>

#include "server.h"
#include "text.h"

#define HELP_COLUMN 30
#define LINE_COLUMNS 80

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

static const char *default_of(const front_flag *flag)
{
    for (size_t i = 0; flag->option && i < ticker_option_count(); i++)
        if (strcmp(ticker_option_name(i), flag->name) == 0)
            return ticker_option_default(i);
    return "";
}

/* Words beside a label, wrapped. */
static void show_words(front_output *output, const char *word)
{
    size_t column = HELP_COLUMN;

    while (*word != '\0') {
        size_t size = strcspn(word, " ");

        if (column > HELP_COLUMN && column + 1 + size > LINE_COLUMNS) {
            (void)front_output_printf(output, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        } else if (column > HELP_COLUMN) {
            (void)front_output_text(output, " ");
            column++;
        }
        (void)front_output_write(output, word, size);
        column += size;
        word += size + strspn(word + size, " ");
    }
    (void)front_output_text(output, "\n");
}

static void show_flag(front_output *output, const front_flag *flag)
{
    const char *fallback = default_of(flag);
    char label[128], help[512];
    size_t width;

    if (flag->letter != 0)
        (void)snprintf(label, sizeof label, "  -%c, --%s", flag->letter, flag->name);
    else if (flag->argument == NULL && strcmp(fallback, "yes") == 0) /* a switch that is on */
        (void)snprintf(label, sizeof label, "  --%s=yes|no", flag->name);
    else
        (void)snprintf(label, sizeof label, "  --%s%s%s", flag->name, flag->argument != NULL ? " " : "",
                       flag->argument != NULL ? flag->argument : "");
    if (fallback[0] != '\0' && strcmp(fallback, "no") != 0)
        (void)snprintf(help, sizeof help, "%s (default: %s)", flag->help, fallback);
    else
        (void)snprintf(help, sizeof help, "%s", flag->help);
    width = front_text_width(label);
    (void)front_output_text(output, label);
    if (width >= HELP_COLUMN)
        (void)front_output_printf(output, "\n%*s", HELP_COLUMN, "");
    else
        (void)front_output_printf(output, "%*s", (int)(HELP_COLUMN - width), "");
    show_words(output, help);
}

void server_help(front_output *output, const front_args *args)
{
    (void)front_output_text(output, SERVER_PROGRAM
                            " answers questions about B3's quotes over HTTP, takes uploads and imports them.\n\n"
                            "Usage: " SERVER_PROGRAM " [flags]\n\nFlags:\n");
    for (size_t i = 0; i < args->flag_count; i++)
        show_flag(output, &args->flags[i]);
    (void)front_output_text(
        output,
        "\nWithout any flag it serves http://127.0.0.1:4000/ from SQLite in the user's data folder.\n"
        "Settings may also stand in the environment and in a configuration file:\n"
        "'ticker-cli help config' lists their names.\n\n"
        "Examples:\n"
        "  " SERVER_PROGRAM "\n"
        "  DATABASE_URL=postgres://user@host/db REDIS_URL=redis://host:6379/0 " SERVER_PROGRAM " --listen :8080\n"
        "  " SERVER_PROGRAM " --fastcgi unix:/run/ticker/fastcgi.sock --tokens /etc/ticker/tokens\n\n"
        "SIGTERM and SIGINT stop it after the running requests, SIGHUP reads the tokens and opens the\n"
        "access log anew. Exit codes: 0 stopped; 1 it could not run; 2 wrong usage or configuration.\n");
}

void server_version(front_output *output)
{
    static const char *const parts[] = {"sqlite", "postgresql", "aws", "redis"};

    (void)front_output_printf(output, "%s %s\nlibtickerimport %s with", SERVER_PROGRAM, TICKER_VERSION,
                              ticker_version());
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (ticker_has(parts[i]))
            (void)front_output_printf(output, " %s", parts[i]);
    (void)front_output_text(output, "\n");
}

/* A text within single quotes; what else is special there gets a backslash. */
static void quoted(front_output *output, const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            (void)front_output_text(output, strchr(special, '\'') != NULL ? "\\'" : "'\\''");
        else
            (void)front_output_printf(output, "%s%c", strchr(special, *text) != NULL ? "\\" : "", *text);
    }
}

static void complete_bash(front_output *output, const front_args *args)
{
    (void)front_output_text(output, "# bash completion for " SERVER_PROGRAM "; to use it: source <(" SERVER_PROGRAM
                                    " --completion bash)\ncomplete -o default -W '");
    for (size_t i = 0; i < args->flag_count; i++)
        (void)front_output_printf(output, "%s--%s", i > 0 ? " " : "", args->flags[i].name);
    (void)front_output_text(output, "' " SERVER_PROGRAM "\n");
}

static void complete_zsh(front_output *output, const front_args *args)
{
    (void)front_output_text(output, "#compdef " SERVER_PROGRAM "\n# zsh completion for " SERVER_PROGRAM
                                    "; to use it: source <(" SERVER_PROGRAM " --completion zsh)\n"
                                    "_ticker_server()\n{\n    _arguments");
    for (size_t i = 0; i < args->flag_count; i++) {
        (void)front_output_printf(output, " \\\n        '--%s%s[", args->flags[i].name,
                                  args->flags[i].argument != NULL ? "=" : "");
        quoted(output, args->flags[i].help, "[]\\");
        (void)front_output_printf(output, "]%s'", args->flags[i].argument != NULL ? ":value:_files" : "");
    }
    (void)front_output_text(
        output, "\n}\nif [[ $funcstack[1] == _" SERVER_PROGRAM
                " ]]; then\n    _ticker_server \"$@\"\nelse\n    compdef _ticker_server " SERVER_PROGRAM "\nfi\n");
}

static void complete_fish(front_output *output, const front_args *args)
{
    (void)front_output_text(output, "# fish completion for " SERVER_PROGRAM "; to use it: " SERVER_PROGRAM
                                    " --completion fish | source\n");
    for (size_t i = 0; i < args->flag_count; i++) {
        (void)front_output_printf(output, "complete -c " SERVER_PROGRAM " -l %s%s -d '", args->flags[i].name,
                                  args->flags[i].argument != NULL ? " -r -F" : " -f");
        quoted(output, args->flags[i].help, "'\\");
        (void)front_output_text(output, "'\n");
    }
}

bool server_completion(front_output *output, const front_args *args, const char *shell)
{
    if (strcmp(shell, "bash") == 0)
        complete_bash(output, args);
    else if (strcmp(shell, "zsh") == 0)
        complete_zsh(output, args);
    else if (strcmp(shell, "fish") == 0)
        complete_fish(output, args);
    else
        return false;
    return true;
}
