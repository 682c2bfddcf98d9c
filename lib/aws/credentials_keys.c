/* Keys that are written down: options and environment. */
#include <string.h>

#include "aws/credentials_provider.h"
#include "base/error.h"
#include "base/options.h"

/* Whether an option says something of its own: the programs make options of the environment, and one that only repeats it
 * is the environment's. */
static bool own_option(const ti_credentials_setup *setup, ti_option option)
{
    const char *text = ti_option_text(setup->options, option);
    const char *same = ti_setup_environment(setup, ticker_option_environment(option));

    return *text != '\0' && (same == NULL || strcmp(text, same) != 0);
}

static ticker_status fetch_options(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error)
{
    const ticker_options *options = lookup->setup->options;
    ti_keys keys = {.access_key = ti_slice_of(ti_option_text(options, TI_OPTION_AWS_ACCESS_KEY_ID)),
                    .secret_key = ti_slice_of(ti_option_text(options, TI_OPTION_AWS_SECRET_ACCESS_KEY)),
                    .session_token = ti_slice_of(ti_option_text(options, TI_OPTION_AWS_SESSION_TOKEN))};

    if (!own_option(lookup->setup, TI_OPTION_AWS_ACCESS_KEY_ID) &&
        !own_option(lookup->setup, TI_OPTION_AWS_SECRET_ACCESS_KEY))
        return TICKER_DONE;
    return ti_credentials_fill(credentials, &keys, "options", "aws-access-key-id and aws-secret-access-key", error);
}

const ti_credentials_provider ti_provider_options = {"options", fetch_options};

ticker_status ti_environment_fetch(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error)
{
    const ti_credentials_setup *setup = lookup->setup;
    ti_keys keys = {.access_key = ti_slice_of(ti_setup_environment(setup, "AWS_ACCESS_KEY_ID")),
                    .secret_key = ti_slice_of(ti_setup_environment(setup, "AWS_SECRET_ACCESS_KEY")),
                    .session_token = ti_slice_of(ti_setup_environment(setup, "AWS_SESSION_TOKEN"))};

    if (keys.access_key.size == 0 && keys.secret_key.size == 0) {
        ti_lookup_note(lookup, "AWS_ACCESS_KEY_ID is not set");
        return TICKER_DONE;
    }
    return ti_credentials_fill(credentials, &keys, "environment", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", error);
}

/* Who names a profile to the program means it, also where keys lie around. */
static ticker_status fetch_environment(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error)
{
    if (own_option(lookup->setup, TI_OPTION_AWS_PROFILE))
        return TICKER_DONE;
    return ti_environment_fetch(lookup, credentials, error);
}

const ti_credentials_provider ti_provider_environment = {"environment", fetch_environment};
