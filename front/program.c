/* What a program without commands says about itself: its flags, its version, and scripts for shells. */
#include "program.h"

#include <stdio.h>
#include <string.h>

#include <tickerimport.h>

#include "text.h"

#define HELP_COLUMN 30
#define LINE_COLUMNS 80

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

void front_program_help(front_output *output, const front_args *args, const char *about, const char *notes)
{
    (void)front_output_printf(output, "%s %s\n\nUsage: %s [flags]\n\nFlags:\n", output->console->program, about,
                              output->console->program);
    for (size_t i = 0; i < args->flag_count; i++)
        show_flag(output, &args->flags[i]);
    (void)front_output_text(output, notes);
}

void front_program_version(front_output *output)
{
    static const char *const parts[] = {"sqlite", "postgresql", "aws", "redis"};

    (void)front_output_printf(output, "%s %s\nlibtickerimport %s with", output->console->program, TICKER_VERSION,
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

static void complete_bash(front_output *output, const front_args *args, const char *program)
{
    (void)front_output_printf(output,
                              "# bash completion for %s; to use it: source <(%s --completion bash)\n"
                              "complete -o default -W '",
                              program, program);
    for (size_t i = 0; i < args->flag_count; i++)
        (void)front_output_printf(output, "%s--%s", i > 0 ? " " : "", args->flags[i].name);
    (void)front_output_printf(output, "' %s\n", program);
}

static void complete_zsh(front_output *output, const front_args *args, const char *program)
{
    char function[64];

    (void)snprintf(function, sizeof function, "_%s", program);
    for (char *at = function; *at != '\0'; at++)
        if (*at == '-')
            *at = '_';
    (void)front_output_printf(output,
                              "#compdef %s\n# zsh completion for %s; to use it: source <(%s --completion zsh)\n"
                              "%s()\n{\n    _arguments",
                              program, program, program, function);
    for (size_t i = 0; i < args->flag_count; i++) {
        (void)front_output_printf(output, " \\\n        '--%s%s[", args->flags[i].name,
                                  args->flags[i].argument != NULL ? "=" : "");
        quoted(output, args->flags[i].help, "[]\\");
        (void)front_output_printf(output, "]%s'", args->flags[i].argument != NULL ? ":value:_files" : "");
    }
    (void)front_output_printf(output,
                              "\n}\nif [[ $funcstack[1] == _%s ]]; then\n    %s \"$@\"\nelse\n    compdef %s %s\nfi\n",
                              program, function, function, program);
}

static void complete_fish(front_output *output, const front_args *args, const char *program)
{
    (void)front_output_printf(output, "# fish completion for %s; to use it: %s --completion fish | source\n", program,
                              program);
    for (size_t i = 0; i < args->flag_count; i++) {
        (void)front_output_printf(output, "complete -c %s -l %s%s -d '", program, args->flags[i].name,
                                  args->flags[i].argument != NULL ? " -r -F" : " -f");
        quoted(output, args->flags[i].help, "'\\");
        (void)front_output_text(output, "'\n");
    }
}

bool front_program_completion(front_output *output, const front_args *args, const char *shell)
{
    const char *program = output->console->program;

    if (strcmp(shell, "bash") == 0)
        complete_bash(output, args, program);
    else if (strcmp(shell, "zsh") == 0)
        complete_zsh(output, args, program);
    else if (strcmp(shell, "fish") == 0)
        complete_fish(output, args, program);
    else
        return false;
    return true;
}
