#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"

#define SYSTEM_FILE "/etc/ticker/ticker.conf"
#define PATH_TEXT_MAX 4096

const char *const front_settings_shared[] = {"REDIS_URL", NULL};

/* Sets one option; `where` says in the message where the value stands. */
static bool set(ticker_options *options, const char *name, const char *value, const char *where, front_console *console)
{
    ticker_error *error = ticker_error_new();
    bool done = error != NULL && ticker_options_set(options, name, value, error) == TICKER_OK;

    if (error == NULL)
        front_error(console, "out of memory");
    else if (!done)
        front_report(console, error, where);
    ticker_error_free(error);
    return done;
}

/* The path of the file in the user's own configuration folder; false when there is none. */
static bool user_file(char path[PATH_TEXT_MAX])
{
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int length;

    /* The XDG specification: relative paths are to be ignored. */
    if (folder != NULL && folder[0] == '/')
        length = snprintf(path, PATH_TEXT_MAX, "%s/ticker/config", folder);
    else if (home != NULL && home[0] == '/')
        length = snprintf(path, PATH_TEXT_MAX, "%s/.config/ticker/config", home);
    else
        return false;
    return length > 0 && length < PATH_TEXT_MAX;
}

static bool load_file(ticker_options *options, const char *chosen, front_console *console)
{
    const char *candidates[2] = {NULL, SYSTEM_FILE};
    char path[PATH_TEXT_MAX];

    if (chosen != NULL)
        return front_config_read(options, chosen, true, console) == FRONT_CONFIG_READ;
    if (user_file(path))
        candidates[0] = path;
    for (size_t i = 0; i < 2; i++) {
        front_config found = candidates[i] != NULL ? front_config_read(options, candidates[i], false, console)
                                                   : FRONT_CONFIG_MISSING;

        if (found != FRONT_CONFIG_MISSING)
            return found == FRONT_CONFIG_READ;
    }
    return true;
}

static bool load_environment(ticker_options *options, front_console *console)
{
    for (size_t i = 0; i < ticker_option_count(); i++) {
        const char *name = ticker_option_environment(i), *value = name != NULL ? getenv(name) : NULL;

        /* An empty variable is the same as none. */
        if (value != NULL && value[0] != '\0' && !set(options, ticker_option_name(i), value, name, console))
            return false;
    }
    return true;
}

static bool load_flags(ticker_options *options, const front_args *args, front_console *console)
{
    for (size_t i = 0; i < args->flag_count; i++) {
        char where[64];

        if (!args->flags[i].option || args->values[i] == NULL)
            continue;
        (void)snprintf(where, sizeof where, "--%s", args->flags[i].name);
        if (!set(options, args->flags[i].name, args->values[i], where, console))
            return false;
    }
    return true;
}

bool front_settings_load(ticker_options *options, const front_args *args, front_console *console)
{
    return load_file(options, front_args_value(args, "config"), console) && load_environment(options, console) &&
           load_flags(options, args, console);
}
