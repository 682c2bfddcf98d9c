#include "args.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

void front_args_init(front_args *args)
{
    memset(args, 0, sizeof *args);
}

void front_args_free(front_args *args)
{
    free(args->positional);
    args->positional = NULL;
}

void front_args_add(front_args *args, const front_flag *flags, size_t count)
{
    for (size_t i = 0; i < count && args->flag_count < FRONT_FLAGS_MAX; i++)
        args->flags[args->flag_count++] = flags[i];
}

void front_args_add_option(front_args *args, const char *name)
{
    for (size_t i = 0; i < ticker_option_count(); i++) {
        front_flag flag = {ticker_option_name(i), 0, true, ticker_option_argument(i), ticker_option_help(i)};

        if (strcmp(flag.name, name) == 0)
            front_args_add(args, &flag, 1);
    }
}

static size_t find_name(const front_args *args, const char *name, size_t size)
{
    size_t i = 0;

    while (i < args->flag_count && (strncmp(args->flags[i].name, name, size) != 0 || args->flags[i].name[size] != '\0'))
        i++;
    return i;
}

const char *front_args_value(const front_args *args, const char *name)
{
    size_t i = find_name(args, name, strlen(name));

    return i < args->flag_count ? args->values[i] : NULL;
}

bool front_args_given(const front_args *args, const char *name)
{
    return front_args_value(args, name) != NULL;
}

static int unknown_flag(const front_args *args, const char *word, const char *help, front_console *console)
{
    const char *names[FRONT_FLAGS_MAX + 1], *nearest;
    char name[64];
    size_t size = strcspn(word, "=");

    for (size_t i = 0; i < args->flag_count; i++)
        names[i] = args->flags[i].name;
    names[args->flag_count] = NULL;
    if (size >= sizeof name)
        size = sizeof name - 1;
    memcpy(name, word, size);
    name[size] = '\0';
    nearest = strncmp(name, "--", 2) == 0 ? front_nearest(name + 2, names) : NULL;
    if (nearest != NULL)
        front_error(console, "unknown flag %s; did you mean --%s?", name, nearest);
    else
        front_error(console, "unknown flag %s; %s", name, help);
    return -1;
}

static bool one_of(const char *choices, const char *value)
{
    size_t size = strlen(value);

    for (const char *at = choices; size > 0 && at != NULL; at = strchr(at, '|'), at = at != NULL ? at + 1 : NULL)
        if (strncmp(at, value, size) == 0 && (at[size] == '|' || at[size] == '\0'))
            return true;
    return false;
}

/* The library checks its own options when they are set; a program's flag with a list of words is checked here. */
static bool take_value(front_args *args, size_t index, const char *value, front_console *console)
{
    const front_flag *flag = &args->flags[index];

    if (!flag->option && flag->argument != NULL && strchr(flag->argument, '|') != NULL &&
        !one_of(flag->argument, value)) {
        front_error(console, "--%s cannot be \"%s\"; use one of %s", flag->name, value, flag->argument);
        return false;
    }
    args->values[index] = value;
    return true;
}

/* "--name", "--name value" or "--name=value" at argv[at]; returns the index after it, or -1. */
static int long_flag(front_args *args, int argc, char **argv, int at, const char *help, front_console *console)
{
    const char *name = argv[at] + 2, *equals = strchr(name, '='), *value = equals != NULL ? equals + 1 : NULL;
    size_t index = find_name(args, name, strcspn(name, "="));
    const front_flag *flag = &args->flags[index];

    if (index == args->flag_count)
        return unknown_flag(args, argv[at], help, console);
    if (flag->argument != NULL && value == NULL) {
        if (at + 1 >= argc) {
            front_error(console, "--%s needs a value: %s; %s", flag->name, flag->argument, help);
            return -1;
        }
        value = argv[++at];
    } else if (flag->argument == NULL && value != NULL && !flag->option) {
        front_error(console, "--%s takes no value; %s", flag->name, help);
        return -1;
    }
    if (!take_value(args, index, value != NULL ? value : "yes", console))
        return -1;
    return at + 1;
}

/* "-q" or "-qv": switches only. */
static bool letters(front_args *args, const char *word, const char *help, front_console *console)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        size_t i = 0;

        while (i < args->flag_count && args->flags[i].letter != *letter)
            i++;
        if (i == args->flag_count) {
            (void)unknown_flag(args, word, help, console);
            return false;
        }
        args->values[i] = "yes";
    }
    return true;
}

int front_args_parse(front_args *args, int argc, char **argv, int first, bool until_word, const char *help,
                     front_console *console)
{
    bool flags = true;
    int at = first;

    if (args->positional == NULL)
        args->positional = calloc((size_t)argc + 1, sizeof *args->positional);
    if (args->positional == NULL) {
        front_error(console, "out of memory");
        return -1;
    }
    while (at < argc) {
        char *word = argv[at];

        if (!flags || word[0] != '-' || word[1] == '\0') {
            if (until_word)
                return at;
            args->positional[args->positional_count++] = word;
            at++;
        } else if (strcmp(word, "--") == 0) {
            flags = false;
            at++;
        } else if (word[1] == '-') {
            at = long_flag(args, argc, argv, at, help, console);
            if (at < 0)
                return -1;
        } else {
            if (!letters(args, word, help, console))
                return -1;
            at++;
        }
    }
    return at;
}
