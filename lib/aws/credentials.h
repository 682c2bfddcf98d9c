/* Where keys come from: a chain of providers, kept until shortly before they expire. Source: "Standardized credential
 * providers" (AWS SDKs and Tools Reference Guide). The first of these that has keys is taken:
 *
 *   1. the options aws-access-key-id, aws-secret-access-key, aws-session-token
 *   2. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; not when the option aws-profile is set
 *   3. the profile that the option aws-profile or AWS_PROFILE names; one that does not exist ends the search
 *   4. AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN
 *   5. the profile "default", when 3 named none
 *   6. AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, or else _FULL_URI
 *   7. the instance metadata service
 *
 * An option that only repeats its variable counts as the environment's, because the programs make options of variables.
 *
 * The SDKs agree but for 3 and 4: those for JavaScript, Rust and C++ ask any profile before the web identity, those for
 * Go, Java and PHP after it. Here a profile that somebody named comes before, one that merely exists after it. A place
 * that has something to say and cannot give keys (half a pair, STS refuses, a process fails) ends the search: going on
 * would sign with somebody else's keys. */
#ifndef TI_AWS_CREDENTIALS_H
#define TI_AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include <tickerimport/error.h>
#include <tickerimport/options.h>

#include "aws/http.h"
#include "base/clock.h"

#define TI_ACCESS_KEY_MAX 129
#define TI_SECRET_KEY_MAX 257
#define TI_SESSION_TOKEN_MAX (16 * 1024)

/* A copy that the caller wipes with ti_credentials_wipe(). */
typedef struct ti_credentials {
    char access_key[TI_ACCESS_KEY_MAX];
    char secret_key[TI_SECRET_KEY_MAX];
    char *session_token; /* malloc'd, "" when there is none; never NULL once filled */
    int64_t expires;     /* milliseconds since 1970; 0: never */
    /* Static text: "options", "environment", "profile", "process", "web identity", "role", "container", "instance". */
    const char *source;
} ti_credentials;

void ti_credentials_wipe(ti_credentials *credentials);

/* What a chain stands on; copied, but what it points to is borrowed and must outlive the chain. `environment` is getenv()
 * or a test's. */
typedef struct ti_credentials_setup {
    const ticker_options *options; /* may be NULL */
    const char *(*environment)(void *payload, const char *name);
    void *environment_payload;
    const ti_http *http;
    const ti_clock *clock;
    const char *region; /* for STS; NULL: AWS_REGION, AWS_DEFAULT_REGION, the profile's, us-east-1 */
    /* Asked between attempts and while a process runs or another thread asks; may be NULL. */
    bool (*interrupted)(void *payload);
    void *interrupted_payload;
} ti_credentials_setup;

typedef struct ti_credentials_chain ti_credentials_chain;

/* Nothing is looked up yet. NULL: no memory. */
ti_credentials_chain *ti_credentials_chain_new(const ti_credentials_setup *setup);
void ti_credentials_chain_free(ti_credentials_chain *chain);
/* Valid credentials, from memory unless they expire within five minutes (then the old ones serve on while the provider
 * is down, as long as they are valid). Any thread; one at a time asks the provider. TICKER_FATAL with USAGE: none are
 * configured (the message lists what was looked at) or a file is wrong (with its line); TICKER_RETRY with SERVICE: the
 * provider cannot be reached. */
ticker_status ti_credentials_get(ti_credentials_chain *chain, ti_credentials *credentials, ticker_error *error);
/* The server said these have expired or are not valid: the next get() asks the provider anew (at most once in ten
 * seconds). */
void ti_credentials_expire(ti_credentials_chain *chain, const char *access_key);

/* A value of the profile that is in use (AWS_PROFILE or "default") from ~/.aws/config and ~/.aws/credentials
 * (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE), as "region", "endpoint_url"; with a section of "services" as
 * "s3.endpoint_url". TICKER_OK (malloc'd text in *value), TICKER_DONE: not there; or a failure. */
ticker_status ti_profile_value(const ti_credentials_setup *setup, const char *name, char **value, ticker_error *error);

#endif
