#include "aws/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"

const char *ti_setup_environment(const ti_credentials_setup *setup, const char *name)
{
    const char *value = setup->environment(setup->environment_payload, name);

    return value != NULL && *value != '\0' ? value : NULL;
}

const char *ti_profile_name(const ti_credentials_setup *setup, bool *named)
{
    const char *name = ti_option_text(setup->options, TI_OPTION_AWS_PROFILE);

    if (*name == '\0')
        name = ti_setup_environment(setup, "AWS_PROFILE");
    *named = name != NULL;
    return name != NULL ? name : "default";
}

/* The path that `variable` names, or `file` in the home directory. False: there is neither. */
static ticker_status find_path(const ti_credentials_setup *setup, const char *variable, const char *file,
                               char path[TI_PATH_MAX], ticker_error *error)
{
    const char *named = ti_setup_environment(setup, variable), *home = ti_setup_environment(setup, "HOME");
    int length;

    if (named != NULL && (named[0] != '~' || named[1] != '/'))
        length = snprintf(path, TI_PATH_MAX, "%s", named);
    else if (home == NULL)
        length = snprintf(path, TI_PATH_MAX, "%s", "");
    else
        length = snprintf(path, TI_PATH_MAX, "%s/%s", home, named != NULL ? named + 2 : file);
    if (length >= 0 && length < TI_PATH_MAX)
        return TICKER_OK;
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the path of ~/%s (%s) has more than %d bytes", file,
                   variable, TI_PATH_MAX - 1);
}

static ticker_status open_file(ti_ini_kind kind, const char *path, ti_ini **ini, ticker_error *error)
{
    ticker_status status = *path != '\0' ? ti_ini_open(kind, path, ini, error) : TICKER_DONE;

    return status == TICKER_DONE ? TICKER_OK : status;
}

ticker_status ti_profiles_open(const ti_credentials_setup *setup, ti_profiles *profiles, ticker_error *error)
{
    ticker_status status;

    *profiles = (ti_profiles){0};
    profiles->name = ti_profile_name(setup, &profiles->named);
    status = find_path(setup, "AWS_CONFIG_FILE", ".aws/config", profiles->config_path, error);
    if (status == TICKER_OK)
        status = find_path(setup, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", profiles->credentials_path, error);
    if (status == TICKER_OK)
        status = open_file(TI_INI_CONFIG, profiles->config_path, &profiles->config, error);
    if (status == TICKER_OK)
        status = open_file(TI_INI_CREDENTIALS, profiles->credentials_path, &profiles->credentials, error);
    if (status == TICKER_OK && profiles->named && !ti_profiles_has(profiles, profiles->name))
        status = ti_profiles_missing(profiles, profiles->name, error);
    return status;
}

void ti_profiles_close(ti_profiles *profiles)
{
    ti_ini_free(profiles->config);
    ti_ini_free(profiles->credentials);
    profiles->config = profiles->credentials = NULL;
}

bool ti_profiles_has(const ti_profiles *profiles, const char *name)
{
    return ti_ini_has(profiles->credentials, TI_INI_PROFILE, name) ||
           ti_ini_has(profiles->config, TI_INI_PROFILE, name);
}

/* "a, b, c" of both files, each once, as far as they fit. */
static void list_names(const ti_profiles *profiles, char *list, size_t size)
{
    const ti_ini *const files[] = {profiles->config, profiles->credentials};
    size_t used = 0;

    list[0] = '\0';
    for (size_t f = 0; f < 2; f++)
        for (size_t i = 0; ti_ini_profile(files[f], i) != NULL; i++) {
            const char *name = ti_ini_profile(files[f], i);
            int length;

            if (f > 0 && ti_ini_has(files[0], TI_INI_PROFILE, name))
                continue;
            length = snprintf(list + used, size - used, "%s%s", used > 0 ? ", " : "", name);
            if (length < 0 || (size_t)length >= size - used) {
                (void)snprintf(list + used, size - used, "%s", " …");
                return;
            }
            used += (size_t)length;
        }
}

ticker_status ti_profiles_missing(const ti_profiles *profiles, const char *name, ticker_error *error)
{
    char list[TICKER_ERROR_MESSAGE_MAX - 64];

    if (profiles->config_path[0] == '\0' && profiles->credentials_path[0] == '\0')
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "the AWS profile \"%s\" is not known: HOME is not set, so that there are no files", name);
    (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "there is no AWS profile \"%s\" in %s%s or %s%s", name,
                  profiles->config_path, profiles->config == NULL ? " (no such file)" : "", profiles->credentials_path,
                  profiles->credentials == NULL ? " (no such file)" : "");
    list_names(profiles, list, sizeof(list));
    if (list[0] != '\0')
        ti_error_hint(error, "the profiles are %s", list);
    else
        ti_error_hint(error, "there are no profiles at all; \"aws configure --profile NAME\" makes one");
    return TICKER_FATAL;
}

static const char *not_empty(const char *value)
{
    return value != NULL && *value != '\0' ? value : NULL;
}

const char *ti_profiles_value(const ti_profiles *profiles, const char *name, const char *key)
{
    const char *value = not_empty(ti_ini_value(profiles->credentials, TI_INI_PROFILE, name, key, NULL));

    return value != NULL ? value : not_empty(ti_ini_value(profiles->config, TI_INI_PROFILE, name, key, NULL));
}

void ti_profiles_place(const ti_profiles *profiles, const char *name, const char *key, ticker_error *error)
{
    unsigned line = 0;

    if (not_empty(ti_ini_value(profiles->credentials, TI_INI_PROFILE, name, key, &line)) != NULL)
        ti_error_file(error, profiles->credentials_path);
    else if (ti_ini_value(profiles->config, TI_INI_PROFILE, name, key, &line) != NULL)
        ti_error_file(error, profiles->config_path);
    if (line > 0)
        ti_error_place(error, line, 0, -1);
}

/* "s3.endpoint_url": in the section of services that the profile names, or indented in the profile itself. */
static ticker_status service_value(const ti_profiles *profiles, const char *key, const char **value,
                                   ticker_error *error)
{
    const char *services = ti_profiles_value(profiles, profiles->name, "services");

    *value = NULL;
    if (services != NULL && !ti_ini_has(profiles->config, TI_INI_SERVICES, services)) {
        (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                      "the AWS profile \"%s\" names the services \"%s\", but there is no section [services %s]",
                      profiles->name, services, services);
        ti_profiles_place(profiles, profiles->name, "services", error);
        return TICKER_FATAL;
    }
    if (services != NULL)
        *value = not_empty(ti_ini_value(profiles->config, TI_INI_SERVICES, services, key, NULL));
    if (*value == NULL)
        *value = ti_profiles_value(profiles, profiles->name, key);
    return TICKER_OK;
}

ticker_status ti_profile_value(const ti_credentials_setup *setup, const char *name, char **value, ticker_error *error)
{
    ti_profiles profiles;
    const char *found = NULL;
    ticker_status status = ti_profiles_open(setup, &profiles, error);

    *value = NULL;
    if (status == TICKER_OK && strchr(name, '.') != NULL)
        status = service_value(&profiles, name, &found, error);
    else if (status == TICKER_OK)
        found = ti_profiles_value(&profiles, profiles.name, name);
    if (status == TICKER_OK && found == NULL)
        status = TICKER_DONE;
    if (status == TICKER_OK) {
        *value = strdup(found);
        if (*value == NULL)
            status = ti_fail_memory(error);
    }
    ti_profiles_close(&profiles);
    return status;
}
