/* The ways to keys that a profile can name: keys, a process, a web identity, a role taken with the keys of another. */
#include <stdio.h>
#include <string.h>

#include "aws/credentials_provider.h"
#include "base/error.h"

typedef struct reading {
    ti_lookup *lookup;
    ti_profiles profiles;
    ticker_error *error;
} reading;

static ticker_status fetch_profile(reading *self, const char *profile, unsigned depth, ti_credentials *credentials);

static const char *value_of(const reading *self, const char *profile, const char *key)
{
    return ti_profiles_value(&self->profiles, profile, key);
}

/* A failure of the profile's own, with the place of the key that is to blame. */
static ticker_status wrong(reading *self, const char *profile, const char *key, const char *what)
{
    (void)ti_fail(self->error, TICKER_FATAL, TICKER_ERROR_USAGE, "profile \"%s\": %s", profile, what);
    ti_profiles_place(&self->profiles, profile, key, self->error);
    return TICKER_FATAL;
}

/* Keys of one file: half a pair is not made whole with the other file's. */
static ticker_status from_file(reading *self, const char *profile, const ti_ini *ini, const char *path,
                               ti_credentials *credentials)
{
    char where[TICKER_ERROR_MESSAGE_MAX / 2];
    unsigned line = 0;
    ti_keys keys = {
        .access_key = ti_slice_of(ti_ini_value(ini, TI_INI_PROFILE, profile, "aws_access_key_id", &line)),
        .secret_key = ti_slice_of(ti_ini_value(ini, TI_INI_PROFILE, profile, "aws_secret_access_key", &line)),
        .session_token = ti_slice_of(ti_ini_value(ini, TI_INI_PROFILE, profile, "aws_session_token", NULL))};
    ticker_status status;

    if (keys.access_key.size == 0 && keys.secret_key.size == 0)
        return TICKER_DONE;
    (void)snprintf(where, sizeof(where), "profile \"%s\"", profile);
    status = ti_credentials_fill(credentials, &keys, "profile", where, self->error);
    if (status != TICKER_OK) {
        ti_error_file(self->error, path);
        ti_error_place(self->error, line, 0, -1);
    }
    return status;
}

static ticker_status from_keys(reading *self, const char *profile, ti_credentials *credentials)
{
    const ti_profiles *profiles = &self->profiles;
    ticker_status status = from_file(self, profile, profiles->credentials, profiles->credentials_path, credentials);

    return status != TICKER_DONE ? status
                                 : from_file(self, profile, profiles->config, profiles->config_path, credentials);
}

static ticker_status from_process(reading *self, const char *profile, ti_credentials *credentials)
{
    const char *command = value_of(self, profile, "credential_process");
    char where[TICKER_ERROR_MESSAGE_MAX / 2];
    ticker_status status;

    if (command == NULL)
        return TICKER_DONE;
    (void)snprintf(where, sizeof(where), "profile \"%s\" (credential_process)", profile);
    status = ti_process_fetch(self->lookup, command, where, credentials, self->error);
    if (status != TICKER_OK)
        ti_profiles_place(&self->profiles, profile, "credential_process", self->error);
    return status;
}

static ticker_status from_web_identity(reading *self, const char *profile, ti_credentials *credentials)
{
    char where[TICKER_ERROR_MESSAGE_MAX / 2];
    ti_web_identity identity = {.token_file = value_of(self, profile, "web_identity_token_file"),
                                .role = value_of(self, profile, "role_arn"),
                                .session_name = value_of(self, profile, "role_session_name"),
                                .where = where};

    if (identity.token_file == NULL)
        return TICKER_DONE;
    if (identity.role == NULL)
        return wrong(self, profile, "web_identity_token_file", "web_identity_token_file needs a role_arn");
    (void)snprintf(where, sizeof(where), "profile \"%s\" (web_identity_token_file)", profile);
    return ti_web_identity_fetch(self->lookup, &identity, credentials, self->error);
}

/* The keys that "credential_source" names. */
static ticker_status named_source(reading *self, const char *profile, ti_credentials *credentials)
{
    static const struct {
        const char *name;
        ticker_status (*fetch)(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error);
    } sources[] = {{"Environment", ti_environment_fetch},
                   {"EcsContainer", ti_container_fetch},
                   {"Ec2InstanceMetadata", ti_instance_fetch}};
    const char *name = value_of(self, profile, "credential_source");
    ticker_status status;

    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (strcmp(sources[i].name, name) != 0)
            continue;
        status = sources[i].fetch(self->lookup, credentials, self->error);
        return status != TICKER_DONE
                   ? status
                   : wrong(self, profile, "credential_source", "there are no keys where its credential_source says");
    }
    return wrong(self, profile, "credential_source",
                 "credential_source must be Environment, EcsContainer or Ec2InstanceMetadata");
}

/* The keys of the profile that "source_profile" names; one that names itself means the keys beside it. */
static ticker_status profile_source(reading *self, const char *profile, unsigned depth, ti_credentials *credentials)
{
    const char *source = value_of(self, profile, "source_profile");
    ticker_status status;

    if (!ti_profiles_has(&self->profiles, source)) {
        (void)ti_profiles_missing(&self->profiles, source, self->error);
        ti_profiles_place(&self->profiles, profile, "source_profile", self->error);
        return TICKER_FATAL;
    }
    if (depth == TI_ROLE_DEPTH_MAX)
        return wrong(self, profile, "source_profile",
                     "its source_profile leads in a circle or through too many others");
    if (strcmp(source, profile) == 0)
        status = from_keys(self, profile, credentials);
    else
        status = fetch_profile(self, source, depth + 1, credentials);
    return status != TICKER_DONE ? status : wrong(self, profile, "source_profile", "its source_profile has no keys");
}

static ticker_status from_role(reading *self, const char *profile, unsigned depth, ti_credentials *credentials)
{
    const char *source = value_of(self, profile, "source_profile");
    const char *other = value_of(self, profile, "credential_source");
    ti_credentials taker = {0};
    ticker_status status;

    if (value_of(self, profile, "role_arn") == NULL || value_of(self, profile, "web_identity_token_file") != NULL)
        return TICKER_DONE;
    if ((source == NULL) == (other == NULL))
        return wrong(self, profile, "role_arn",
                     "role_arn needs one of source_profile, credential_source and web_identity_token_file");
    if (value_of(self, profile, "mfa_serial") != NULL) {
        (void)wrong(self, profile, "mfa_serial", "a role with mfa_serial is not supported: nobody can type the code");
        ti_error_hint(self->error, "let another tool ask, through credential_process");
        return TICKER_FATAL;
    }
    status = source != NULL ? profile_source(self, profile, depth, &taker) : named_source(self, profile, &taker);
    if (status == TICKER_OK)
        status = ti_role_fetch(self->lookup, &self->profiles, profile, &taker, credentials, self->error);
    ti_credentials_wipe(&taker);
    return status;
}

static ticker_status unsupported(reading *self, const char *profile)
{
    static const char *const keys[] = {"sso_session", "sso_start_url", "login_session"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (value_of(self, profile, keys[i]) == NULL)
            continue;
        (void)wrong(self, profile, keys[i], "signing in through a browser (IAM Identity Center) is not supported");
        ti_error_hint(self->error,
                      "let the AWS CLI do it: credential_process = aws configure export-credentials --profile %s",
                      profile);
        return TICKER_FATAL;
    }
    return TICKER_DONE;
}

static ticker_status fetch_profile(reading *self, const char *profile, unsigned depth, ti_credentials *credentials)
{
    ticker_status status = from_role(self, profile, depth, credentials);

    if (status == TICKER_DONE)
        status = from_web_identity(self, profile, credentials);
    if (status == TICKER_DONE)
        status = from_keys(self, profile, credentials);
    if (status == TICKER_DONE)
        status = from_process(self, profile, credentials);
    return status != TICKER_DONE ? status : unsupported(self, profile);
}

static ticker_status fetch(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error)
{
    reading self = {.lookup = lookup, .error = error};
    ticker_status status = ti_profiles_open(lookup->setup, &self.profiles, error);
    const char *name = self.profiles.name;

    if (status == TICKER_OK)
        status = fetch_profile(&self, name, 0, credentials);
    if (status == TICKER_DONE && self.profiles.config == NULL && self.profiles.credentials == NULL)
        ti_lookup_note(lookup, "there is neither %s nor %s",
                       self.profiles.config_path[0] != '\0' ? self.profiles.config_path : "~/.aws/config",
                       self.profiles.credentials_path[0] != '\0' ? self.profiles.credentials_path
                                                                 : "~/.aws/credentials");
    else if (status == TICKER_DONE)
        ti_lookup_note(lookup, "the profile \"%s\" %s", name,
                       ti_profiles_has(&self.profiles, name) ? "has no keys" : "does not exist");
    ti_profiles_close(&self.profiles);
    return status;
}

static ticker_status fetch_named(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error)
{
    bool named;

    (void)ti_profile_name(lookup->setup, &named);
    return named ? fetch(lookup, credentials, error) : TICKER_DONE;
}

const ti_credentials_provider ti_provider_named_profile = {"profile", fetch_named};

static ticker_status fetch_default(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error)
{
    bool named;

    (void)ti_profile_name(lookup->setup, &named);
    return named ? TICKER_DONE : fetch(lookup, credentials, error);
}

const ti_credentials_provider ti_provider_default_profile = {"profile", fetch_default};
