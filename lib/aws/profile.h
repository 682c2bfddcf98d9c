/* The profiles of a user: ~/.aws/config and ~/.aws/credentials as one. Read anew whenever they are asked for, so that
 * changed keys are seen. */
#ifndef TI_AWS_PROFILE_H
#define TI_AWS_PROFILE_H

#include "aws/credentials.h"
#include "aws/ini.h"

#define TI_PATH_MAX 4096

typedef struct ti_profiles {
    ti_ini *config, *credentials; /* NULL: there is no such file */
    char config_path[TI_PATH_MAX], credentials_path[TI_PATH_MAX];
    const char *name; /* the one in use; borrowed from the setup */
    bool named;       /* somebody asked for it: it is not just "default" */
} ti_profiles;

/* A variable of the environment; NULL when it is not set or empty. */
const char *ti_setup_environment(const ti_credentials_setup *setup, const char *name);
/* The profile in use: the option "aws-profile", AWS_PROFILE, or "default". */
const char *ti_profile_name(const ti_credentials_setup *setup, bool *named);

/* TICKER_FATAL with IO, USAGE or LIMIT: a file cannot be read or is wrong; with USAGE also: the profile that was asked for
 * is in neither. To be closed in any case. */
ticker_status ti_profiles_open(const ti_credentials_setup *setup, ti_profiles *profiles, ticker_error *error);
void ti_profiles_close(ti_profiles *profiles);
/* Names the profiles there are as the hint. */
ticker_status ti_profiles_missing(const ti_profiles *profiles, const char *name, ticker_error *error);

bool ti_profiles_has(const ti_profiles *profiles, const char *name);
/* The value in the credentials file, else in the config file; NULL: in neither, or empty. */
const char *ti_profiles_value(const ti_profiles *profiles, const char *name, const char *key);
/* Adds to a filled error where the key stands. */
void ti_profiles_place(const ti_profiles *profiles, const char *name, const char *key, ticker_error *error);

#endif
