/* A profile's role_arn, taken with other keys: AssumeRole. */
#include <stdio.h>

#include "aws/credentials_provider.h"
#include "aws/secret.h"
#include "base/error.h"
#include "base/number.h"

#define FORM_MAX (16 * 1024)
#define SHORTEST 900
#define LONGEST 43200

static ticker_status check_duration(const ti_profiles *profiles, const char *profile, const char *duration,
                                    ticker_error *error)
{
    int64_t seconds = 0;

    if (duration == NULL ||
        (ti_parse_integer(ti_slice_of(duration), false, &seconds) && seconds >= SHORTEST && seconds <= LONGEST))
        return TICKER_OK;
    (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                  "profile \"%s\": duration_seconds must be a number from %d to %d", profile, SHORTEST, LONGEST);
    ti_profiles_place(profiles, profile, "duration_seconds", error);
    return TICKER_FATAL;
}

ticker_status ti_role_fetch(ti_lookup *lookup, const ti_profiles *profiles, const char *profile,
                            const ti_credentials *source, ti_credentials *credentials, ticker_error *error)
{
    const char *name = ti_profiles_value(profiles, profile, "role_session_name");
    const char *external = ti_profiles_value(profiles, profile, "external_id");
    const char *duration = ti_profiles_value(profiles, profile, "duration_seconds");
    char session[TI_SESSION_NAME_MAX], where[TICKER_ERROR_MESSAGE_MAX / 2];
    ti_buffer form;
    ti_sts sts = {.action = "AssumeRole",
                  .form = &form,
                  .signer = source,
                  .secrets = {ti_slice_of(source->secret_key), ti_slice_of(source->session_token)},
                  .source = "role",
                  .where = where,
                  .expired = "the keys that sign have expired: renew the source of the role"};
    ticker_status status = check_duration(profiles, profile, duration, error);

    if (status != TICKER_OK)
        return status;
    if (!ti_secret_init(&form, FORM_MAX))
        return ti_fail_memory(error);
    (void)snprintf(where, sizeof(where), "profile \"%s\" (role_arn)", profile);
    ti_sts_session_name(lookup, session);
    (void)ti_buffer_printf(&form, "Action=%s&Version=2011-06-15", sts.action);
    ti_sts_parameter(&form, "RoleArn", ti_slice_of(ti_profiles_value(profiles, profile, "role_arn")));
    ti_sts_parameter(&form, "RoleSessionName", ti_slice_of(name != NULL ? name : session));
    if (external != NULL)
        ti_sts_parameter(&form, "ExternalId", ti_slice_of(external));
    if (duration != NULL)
        ti_sts_parameter(&form, "DurationSeconds", ti_slice_of(duration));
    if (ti_buffer_failed(&form))
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT, "%s: its settings are too long", where);
    else
        status = ti_sts_ask(lookup, &sts, credentials, error);
    ti_secret_wipe(&form);
    return status;
}
