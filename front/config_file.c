#include "config_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "settings.h"
#include "text.h"

#define KEY_MAX FRONT_CONFIG_KEY_MAX
#define KEYS_MAX 256

typedef struct place {
    const char *path;
    unsigned line;
    front_console *console;
} place;

void front_config_key(size_t index, char key[KEY_MAX])
{
    const char *name = ticker_option_environment(index);
    size_t size = 0;

    if (name == NULL)
        name = ticker_option_name(index);
    for (; name[size] != '\0' && size + 1 < KEY_MAX; size++)
        key[size] = name[size] == '-' ? '_' : (char)tolower((unsigned char)name[size]);
    key[size] = '\0';
}

static bool shared_key(const char *key)
{
    for (size_t i = 0; front_settings_shared[i] != NULL; i++)
        if (strcasecmp(front_settings_shared[i], key) == 0)
            return true;
    return false;
}

static bool unknown_key(const place *at, const char *key)
{
    char keys[KEYS_MAX][KEY_MAX];
    const char *names[KEYS_MAX + 1], *nearest;
    size_t count = 0;

    for (size_t i = 0; i < ticker_option_count() && count < KEYS_MAX; i++)
        front_config_key(i, keys[count++]);
    for (size_t i = 0; front_settings_shared[i] != NULL && count < KEYS_MAX; i++, count++) {
        size_t size = 0;

        for (; front_settings_shared[i][size] != '\0' && size + 1 < KEY_MAX; size++)
            keys[count][size] = (char)tolower((unsigned char)front_settings_shared[i][size]);
        keys[count][size] = '\0';
    }
    for (size_t i = 0; i < count; i++)
        names[i] = keys[i];
    names[count] = NULL;
    nearest = front_nearest(key, names);
    if (nearest != NULL)
        front_error(at->console, "%s:%u: unknown key \"%s\"; did you mean \"%s\"?", at->path, at->line, key, nearest);
    else
        front_error(at->console, "%s:%u: unknown key \"%s\"; 'ticker-cli help config' lists the keys", at->path,
                    at->line, key);
    return false;
}

static bool set_key(ticker_options *options, const place *at, const char *key, const char *value)
{
    char where[FRONT_MESSAGE_MAX], name[KEY_MAX];
    ticker_error *error;
    bool done;

    for (size_t i = 0; i < ticker_option_count(); i++) {
        front_config_key(i, name);
        if (strcmp(name, key) != 0)
            continue;
        error = ticker_error_new();
        done = error != NULL && ticker_options_set(options, ticker_option_name(i), value, error) == TICKER_OK;
        (void)snprintf(where, sizeof where, "%s:%u", at->path, at->line);
        if (error == NULL)
            front_error(at->console, "out of memory");
        else if (!done)
            front_report(at->console, error, where);
        ticker_error_free(error);
        return done;
    }
    return shared_key(key) || unknown_key(at, key);
}

static char *trim(char *text)
{
    size_t size;

    while (isspace((unsigned char)*text))
        text++;
    size = strlen(text);
    while (size > 0 && isspace((unsigned char)text[size - 1]))
        text[--size] = '\0';
    return text;
}

/* A comment takes a whole line, because a URL may hold a '#'. Quotes around a value go. */
static bool read_line(ticker_options *options, const place *at, char *line)
{
    char *key = trim(line), *equals = strchr(key, '='), *value;
    size_t size;

    if (*key == '\0' || *key == '#')
        return true;
    if (equals == NULL || equals == key) {
        front_error(at->console, "%s:%u: this is no \"key = value\" line", at->path, at->line);
        return false;
    }
    *equals = '\0';
    value = trim(equals + 1);
    size = strlen(value);
    if (size >= 2 && (value[0] == '"' || value[0] == '\'') && value[size - 1] == value[0]) {
        value[size - 1] = '\0';
        value++;
    }
    return set_key(options, at, trim(key), value);
}

static bool read_lines(ticker_options *options, FILE *file, const char *path, front_console *console)
{
    char line[FRONT_CONFIG_LINE_MAX];
    place at = {path, 0, console};

    while (fgets(line, sizeof line, file) != NULL) {
        at.line++;
        if (at.line > FRONT_CONFIG_LINES_MAX || (strchr(line, '\n') == NULL && !feof(file))) {
            front_error(console, "%s:%u: this is no configuration file: it has %s", path, at.line,
                        at.line > FRONT_CONFIG_LINES_MAX ? "too many lines" : "an endless line or NUL bytes");
            return false;
        }
        if (!read_line(options, &at, line))
            return false;
    }
    if (!ferror(file))
        return true;
    front_error(console, "%s: %s", path, strerror(errno));
    return false;
}

front_config front_config_read(ticker_options *options, const char *path, bool wanted, front_console *console)
{
    struct stat status;
    FILE *file = NULL;
    bool done;

    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        errno = EISDIR;
    else
        file = fopen(path, "re");
    if (file == NULL && wanted) {
        front_error(console, "%s: %s; --config needs a file that can be read", path, strerror(errno));
        return FRONT_CONFIG_WRONG;
    }
    if (file == NULL) {
        /* The system's file may be for the services only: that is no reason to stop, but worth a word. */
        if (errno != ENOENT && errno != ENOTDIR)
            front_warning(console, "%s: %s; this configuration is not used", path, strerror(errno));
        return FRONT_CONFIG_MISSING;
    }
    done = read_lines(options, file, path, console);
    (void)fclose(file);
    if (done)
        front_detail(console, "configuration from %s", path);
    return done ? FRONT_CONFIG_READ : FRONT_CONFIG_WRONG;
}
