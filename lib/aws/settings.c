#include "aws/settings.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/number.h"
#include "base/options.h"

#define DEFAULT_REGION "us-east-1"
#define LEGACY_ATTEMPTS 5
#define ATTEMPTS_MAX 100
#define ORIGIN_MAX 96

/* Where a setting may stand. */
typedef struct place {
    ti_option option;
    const char *environment[2]; /* the first one that is set counts; NULL: none */
    const char *profile;        /* NULL: none */
} place;

typedef struct found {
    char *text; /* malloc'd; NULL: nowhere */
    char origin[ORIGIN_MAX];
} found;

const char *ti_aws_service_name(ti_aws_service service)
{
    static const char *const names[TI_AWS_SERVICES] = {"s3", "sns", "sqs", "sts"};

    return names[service];
}

bool ti_aws_region_valid(ti_slice region)
{
    if (region.size == 0 || region.size >= TI_REGION_MAX || region.data[0] == '-')
        return false;
    for (size_t i = 0; i < region.size; i++) {
        char byte = region.data[i];

        if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && byte != '-')
            return false;
    }
    return region.data[region.size - 1] != '-';
}

static const char *variable(const ti_credentials_setup *from, const char *name)
{
    const char *value = from->environment != NULL ? from->environment(from->environment_payload, name) : NULL;

    return value != NULL ? value : "";
}

static ticker_status keep(found *it, const char *text, const char *what, const char *name, ticker_error *error)
{
    it->text = strdup(text);
    (void)snprintf(it->origin, sizeof(it->origin), "%s%s", what, name);
    return it->text != NULL ? TICKER_OK : ti_fail_memory(error);
}

static ticker_status find_in_profile(const ti_credentials_setup *from, const char *name, found *it, ticker_error *error)
{
    ticker_status status = ti_profile_value(from, name, &it->text, error);

    (void)snprintf(it->origin, sizeof(it->origin), "%s of the profile", name);
    if (status == TICKER_OK && it->text[0] == '\0') {
        free(it->text);
        it->text = NULL;
    }
    return status == TICKER_DONE ? TICKER_OK : status;
}

/* An empty text is as good as none, wherever it stands. */
static ticker_status find(const ti_credentials_setup *from, const place *where, found *it, ticker_error *error)
{
    const char *text = ti_option_text(from->options, where->option);

    *it = (found){0};
    if (ti_option_is_set(from->options, where->option) && *text != '\0')
        return keep(it, text, "option ", ticker_option_name(where->option), error);
    for (size_t i = 0; i < 2 && where->environment[i] != NULL; i++) {
        text = variable(from, where->environment[i]);
        if (*text != '\0')
            return keep(it, text, "", where->environment[i], error);
    }
    return where->profile != NULL ? find_in_profile(from, where->profile, it, error) : TICKER_OK;
}

/* --- Single settings ------------------------------------------------------------------------------------------------------------ */

static ticker_status read_region(const ti_credentials_setup *from, ti_aws_settings *settings, ticker_error *error)
{
    static const place first = {TI_OPTION_AWS_REGION, {"AWS_REGION"}, NULL};
    static const place second = {TI_OPTION_AWS_DEFAULT_REGION, {"AWS_DEFAULT_REGION"}, "region"};
    ticker_status status;
    found it;

    status = find(from, &first, &it, error);
    if (status == TICKER_OK && it.text == NULL)
        status = find(from, &second, &it, error);
    if (status == TICKER_OK && it.text != NULL && !ti_aws_region_valid(ti_slice_of(it.text))) {
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s cannot be \"%s\"", it.origin, it.text);
        ti_error_hint(error, "a region is named like us-east-1");
    }
    if (status == TICKER_OK)
        (void)snprintf(settings->region, sizeof(settings->region), "%s", it.text != NULL ? it.text : DEFAULT_REGION);
    free(it.text);
    return status;
}

/* The number of the word in `words`, which ends with NULL; 0 when it is nowhere set. */
static ticker_status read_word(const ti_credentials_setup *from, const place *where, const char *const *words,
                               unsigned *number, ticker_error *error)
{
    ticker_status status;
    found it;

    *number = 0;
    status = find(from, where, &it, error);
    if (status == TICKER_OK && it.text != NULL) {
        while (words[*number] != NULL && strcmp(words[*number], it.text) != 0)
            ++*number;
        if (words[*number] == NULL) {
            status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s cannot be \"%s\"", it.origin, it.text);
            ti_error_hint(error, "use %s, %s or %s", words[0], words[1], words[2]);
        }
    }
    free(it.text);
    return status;
}

static ticker_status read_retries(const ti_credentials_setup *from, ti_aws_settings *settings, ticker_error *error)
{
    static const char *const modes[] = {"standard", "adaptive", "legacy", NULL};
    static const place mode = {TI_OPTION_AWS_RETRY_MODE, {"AWS_RETRY_MODE"}, "retry_mode"};
    static const place attempts = {TI_OPTION_AWS_MAX_ATTEMPTS, {"AWS_MAX_ATTEMPTS"}, "max_attempts"};
    unsigned word;
    int64_t number;
    ticker_status status;
    found it;

    status = read_word(from, &mode, modes, &word, error);
    if (status != TICKER_OK)
        return status;
    settings->mode = (ti_retry_mode)word;
    number = settings->mode == TI_RETRY_LEGACY ? LEGACY_ATTEMPTS : ti_option_number(NULL, TI_OPTION_AWS_MAX_ATTEMPTS);
    status = find(from, &attempts, &it, error);
    if (status == TICKER_OK && it.text != NULL &&
        (!ti_parse_integer(ti_slice_of(it.text), false, &number) || number < 1 || number > ATTEMPTS_MAX)) {
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s cannot be \"%s\"", it.origin, it.text);
        ti_error_hint(error, "use a number from 1 to %d", ATTEMPTS_MAX);
    }
    settings->max_attempts = (unsigned)number;
    free(it.text);
    return status;
}

static ticker_status read_addressing(const ti_credentials_setup *from, ti_aws_settings *settings, ticker_error *error)
{
    static const char *const styles[] = {"auto", "path", "virtual", NULL};
    static const place where = {TI_OPTION_S3_ADDRESSING, {"AWS_S3_ADDRESSING_STYLE"}, "s3.addressing_style"};
    unsigned word;
    ticker_status status = read_word(from, &where, styles, &word, error);

    if (status == TICKER_OK)
        settings->addressing = (ti_addressing)word;
    return status;
}

static ticker_status read_ca_bundle(const ti_credentials_setup *from, ti_aws_settings *settings, ticker_error *error)
{
    static const place where = {TI_OPTION_AWS_CA_BUNDLE, {"AWS_CA_BUNDLE"}, "ca_bundle"};
    ticker_status status;
    found it;

    status = find(from, &where, &it, error);
    settings->ca_bundle = it.text;
    return status;
}

/* --- Endpoints ------------------------------------------------------------------------------------------------------------------ */

static ticker_status read_ignore(const ti_credentials_setup *from, bool *ignore, ticker_error *error)
{
    const char *text = variable(from, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    ticker_status status = TICKER_OK;
    found it = {0};

    if (*text == '\0') {
        status = find_in_profile(from, "ignore_configured_endpoint_urls", &it, error);
        text = it.text != NULL ? it.text : "";
    }
    *ignore = strcmp(text, "true") == 0 || strcmp(text, "True") == 0 || strcmp(text, "TRUE") == 0;
    free(it.text);
    return status;
}

/* The programs make options of the environment: an option that only repeats its variable counts as the variable. */
static ticker_status find_option(const ti_credentials_setup *from, ti_option option, found *it, ticker_error *error)
{
    const char *text = ti_option_text(from->options, option);

    if (*text == '\0' || strcmp(text, variable(from, ticker_option_environment(option))) == 0)
        return TICKER_OK;
    return keep(it, text, "option ", ticker_option_name(option), error);
}

static ticker_status find_variable(const ti_credentials_setup *from, ti_option option, found *it, ticker_error *error)
{
    const char *name = ticker_option_environment(option), *text = variable(from, name);

    return *text != '\0' ? keep(it, text, "", name, error) : TICKER_OK;
}

static ticker_status find_endpoint(const ti_credentials_setup *from, ti_aws_service service, bool ignore, found *it,
                                   ticker_error *error)
{
    static const ti_option options[TI_AWS_SERVICES] = {TI_OPTION_AWS_ENDPOINT_URL_S3, TI_OPTION_AWS_ENDPOINT_URL_SNS,
                                                       TI_OPTION_AWS_ENDPOINT_URL_SQS, TI_OPTION_AWS_ENDPOINT_URL_STS};
    char own[32];
    ticker_status status;

    (void)snprintf(own, sizeof(own), "%s.endpoint_url", ti_aws_service_name(service));
    status = find_option(from, options[service], it, error);
    if (status == TICKER_OK && it->text == NULL)
        status = find_option(from, TI_OPTION_AWS_ENDPOINT_URL, it, error);
    if (ignore)
        return status;
    if (status == TICKER_OK && it->text == NULL)
        status = find_variable(from, options[service], it, error);
    if (status == TICKER_OK && it->text == NULL)
        status = find_variable(from, TI_OPTION_AWS_ENDPOINT_URL, it, error);
    if (status == TICKER_OK && it->text == NULL)
        status = find_in_profile(from, own, it, error);
    if (status == TICKER_OK && it->text == NULL)
        status = find_in_profile(from, "endpoint_url", it, error);
    return status;
}

static ticker_status read_endpoints(const ti_credentials_setup *from, ti_aws_settings *settings, ticker_error *error)
{
    bool ignore = false;
    ticker_status status = read_ignore(from, &ignore, error);

    for (unsigned i = 0; status == TICKER_OK && i < TI_AWS_SERVICES; i++) {
        found it = {0};

        status = find_endpoint(from, (ti_aws_service)i, ignore, &it, error);
        if (status == TICKER_OK && it.text != NULL)
            status = ti_endpoint_parse(it.text, it.origin, &settings->endpoints[i], error);
        free(it.text);
    }
    return status;
}

ticker_status ti_aws_settings_read(const ti_credentials_setup *from, ti_aws_settings *settings, ticker_error *error)
{
    ticker_status status;

    *settings = (ti_aws_settings){0};
    status = read_region(from, settings, error);
    if (status == TICKER_OK)
        status = read_retries(from, settings, error);
    if (status == TICKER_OK)
        status = read_addressing(from, settings, error);
    if (status == TICKER_OK)
        status = read_ca_bundle(from, settings, error);
    if (status == TICKER_OK)
        status = read_endpoints(from, settings, error);
    return status;
}

void ti_aws_settings_free(ti_aws_settings *settings)
{
    free(settings->ca_bundle);
    settings->ca_bundle = NULL;
}
