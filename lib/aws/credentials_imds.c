/* The instance metadata service of EC2, version 2: a token first, then the name of the role, then its keys. */
#include <stdio.h>
#include <string.h>

#include "aws/credentials_provider.h"
#include "aws/secret.h"
#include "base/error.h"
#include "base/number.h"

#define TOKEN_SECONDS "21600"
#define TOKEN_MILLISECONDS INT64_C(21600000)
#define TOKEN_MARGIN INT64_C(60000) /* a token is renewed so long before its end */
#define TOKEN_MAX 1024
#define ROLE_MAX 128 /* IAM: 64 */
#define ROLES_PATH "/latest/meta-data/iam/security-credentials/"
#define ATTEMPTS 3       /* once the service has answered */
#define ATTEMPTS_FIRST 2 /* most machines that are asked have none: do not wait long for it */
#define SECONDS_MAX 60
#define WHERE "instance metadata"

/* --- Settings --- */

typedef struct service {
    char endpoint[TICKER_URL_MAX];
    int64_t timeout; /* milliseconds */
    unsigned attempts;
} service;

/* A setting of the environment, else of the profile; NULL: in neither. */
static const char *setting(const ti_profiles *profiles, const ti_credentials_setup *setup, const char *variable,
                           const char *key)
{
    const char *value = ti_setup_environment(setup, variable);

    return value != NULL ? value : ti_profiles_value(profiles, profiles->name, key);
}

static ticker_status read_number(const ti_profiles *profiles, const ti_credentials_setup *setup, const char *variable,
                                 const char *key, int64_t max, int64_t *number, ticker_error *error)
{
    const char *text = setting(profiles, setup, variable, key);

    if (text == NULL)
        return TICKER_OK;
    if (ti_parse_integer(ti_slice_of(text), false, number) && *number >= 1 && *number <= max)
        return TICKER_OK;
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s (%s) must be a number from 1 to %lld", variable, key,
                   (long long)max);
}

static ticker_status read_endpoint(const ti_profiles *profiles, const ti_credentials_setup *setup, service *to,
                                   ticker_error *error)
{
    const char *mode = setting(profiles, setup, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                               "ec2_metadata_service_endpoint_mode");
    const char *endpoint = setting(profiles, setup, "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                   "ec2_metadata_service_endpoint");
    int length;

    mode = mode != NULL ? mode : "IPv4";
    if (strcasecmp(mode, "IPv4") != 0 && strcasecmp(mode, "IPv6") != 0)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE (ec2_metadata_service_endpoint_mode) must be IPv4 or "
                       "IPv6");
    if (endpoint == NULL)
        endpoint = strcasecmp(mode, "IPv6") == 0 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    length = snprintf(to->endpoint, sizeof(to->endpoint), "%s", endpoint);
    if (length <= 0 || (size_t)length >= sizeof(to->endpoint) - sizeof(ROLES_PATH) - ROLE_MAX * 3 ||
        !ti_is_token(ti_slice_of(endpoint)) || strpbrk(endpoint, "?#@") != NULL ||
        (strncasecmp(endpoint, "http://", 7) != 0 && strncasecmp(endpoint, "https://", 8) != 0))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "AWS_EC2_METADATA_SERVICE_ENDPOINT (ec2_metadata_service_endpoint) is no http or https URL");
    for (size_t size = (size_t)length; size > 0 && to->endpoint[size - 1] == '/'; size--)
        to->endpoint[size - 1] = '\0';
    return TICKER_OK;
}

static ticker_status read_settings(const ti_lookup *lookup, service *to, ticker_error *error)
{
    const ti_credentials_setup *setup = lookup->setup;
    int64_t seconds = 1, attempts = lookup->imds_answered ? ATTEMPTS : ATTEMPTS_FIRST;
    ti_profiles profiles;
    ticker_status status = ti_profiles_open(setup, &profiles, error);

    if (status == TICKER_OK)
        status = read_endpoint(&profiles, setup, to, error);
    if (status == TICKER_OK)
        status = read_number(&profiles, setup, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", SECONDS_MAX,
                             &seconds, error);
    if (status == TICKER_OK)
        status = read_number(&profiles, setup, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 10,
                             &attempts, error);
    ti_profiles_close(&profiles);
    to->timeout = seconds * 1000;
    to->attempts = (unsigned)attempts;
    return status;
}

/* --- Requests --- */

static ticker_status ask(ti_lookup *lookup, const service *from, const char *method, const char *path,
                         const ti_http_header *header, ti_http_response *response, ticker_error *error)
{
    char url[TICKER_URL_MAX];
    ti_http_request request = {.method = method,
                               .url = url,
                               .headers = header,
                               .header_count = 1,
                               .connect_timeout = from->timeout,
                               .timeout = from->timeout,
                               .total_timeout = from->timeout * 2,
                               .no_proxy = true,
                               .max_body = TI_CREDENTIALS_ANSWER_MAX};
    ticker_status status;

    (void)snprintf(url, sizeof(url), "%s%s", from->endpoint, path);
    status = ti_lookup_exchange(lookup, WHERE, &request, from->attempts, NULL, response, error);
    if (status == TICKER_OK)
        lookup->imds_answered = true;
    return status;
}

static ticker_status refused(const ti_http_response *response, const char *what, ticker_error *error)
{
    ticker_status status = ti_response_passing(response) ? TICKER_RETRY : TICKER_FATAL;

    (void)ti_fail(error, status, status == TICKER_RETRY ? TICKER_ERROR_SERVICE : TICKER_ERROR_USAGE,
                  WHERE ": the service answers HTTP %d when asked for %s", response->status, what);
    ti_error_http(error, response->status, NULL);
    if (response->status == 403)
        ti_error_hint(error, "the instance's metadata is switched off, or a firewall is before it");
    return status;
}

/* What the service says it will be good for, else what was asked. */
static int64_t lifetime(const ti_http_response *response)
{
    int64_t seconds = 0;

    if (ti_parse_integer(ti_http_response_header(response, "x-aws-ec2-metadata-token-ttl-seconds"), false, &seconds) &&
        seconds > 0 && seconds < TOKEN_MILLISECONDS / 1000)
        return seconds * 1000;
    return TOKEN_MILLISECONDS;
}

static void forget_token(ti_lookup *lookup)
{
    ti_secret_wipe(&lookup->imds_token);
    lookup->imds_token_ends = 0;
}

static ticker_status keep_token(ti_lookup *lookup, const ti_http_response *response, ticker_error *error)
{
    const ti_clock *clock = lookup->setup->clock;
    ti_slice token = ti_trimmed((ti_slice){response->body.data, response->body.size});

    if (!ti_is_token(token) || token.size > TOKEN_MAX)
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, WHERE ": the service's token is none");
    forget_token(lookup);
    if (!ti_secret_init(&lookup->imds_token, TOKEN_MAX) || !ti_buffer_slice(&lookup->imds_token, token))
        return ti_fail_memory(error);
    lookup->imds_token_ends = clock->monotonic(clock->self) + lifetime(response);
    return TICKER_OK;
}

/* Other clouds have a service at the same address, which knows nothing of tokens. */
static ticker_status take_token(ti_lookup *lookup, const ti_http_response *response, ticker_error *error)
{
    if (response->status == 200)
        return keep_token(lookup, response, error);
    return response->status == 404 || response->status == 405 ? TICKER_DONE : refused(response, "a token", error);
}

static ticker_status fetch_token(ti_lookup *lookup, const service *from, ticker_error *error)
{
    const ti_clock *clock = lookup->setup->clock;
    ti_http_header header = {ti_slice_of("x-aws-ec2-metadata-token-ttl-seconds"), ti_slice_of(TOKEN_SECONDS)};
    ti_http_response response;
    ticker_status status;

    if (lookup->imds_token.size > 0 && clock->monotonic(clock->self) < lookup->imds_token_ends - TOKEN_MARGIN)
        return TICKER_OK;
    status = ask(lookup, from, "PUT", "/latest/api/token", &header, &response, error);
    if (status == TICKER_OK)
        status = take_token(lookup, &response, error);
    ti_response_wipe(&response);
    return status;
}

/* TICKER_DONE: there are no tokens here. A GET with the token;
 * one that the service does not know any more is renewed once. The response is to be wiped. */
static ticker_status get(ti_lookup *lookup, const service *from, const char *path, ti_http_response *response,
                         ticker_error *error)
{
    for (unsigned round = 0;; round++) {
        ti_http_header header;
        ticker_status status = fetch_token(lookup, from, error);

        ti_http_response_init(response);
        if (status != TICKER_OK)
            return status;
        header = (ti_http_header){ti_slice_of("x-aws-ec2-metadata-token"),
                                  {lookup->imds_token.data, lookup->imds_token.size}};
        status = ask(lookup, from, "GET", path, &header, response, error);
        if (status != TICKER_OK || response->status != 401 || round > 0)
            return status;
        ti_response_wipe(response);
        forget_token(lookup);
    }
}

/* --- Answers --- */

/* The first line, as a name that can be a part of a path. */
static ticker_status read_role(const ti_http_response *response, char path[sizeof(ROLES_PATH) + ROLE_MAX],
                               ticker_error *error)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";
    ti_slice name = ti_trimmed((ti_slice){response->body.data, response->body.size});
    const char *end = name.size > 0 ? memchr(name.data, '\n', name.size) : NULL;

    if (end != NULL)
        name = ti_trimmed((ti_slice){name.data, (size_t)(end - name.data)});
    if (name.size == 0)
        return TICKER_DONE;
    for (size_t i = 0; i < name.size; i++)
        if (name.size > ROLE_MAX || name.data[i] == '\0' || strchr(allowed, name.data[i]) == NULL)
            return ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, WHERE ": the role's name is none");
    (void)snprintf(path, sizeof(ROLES_PATH) + ROLE_MAX, "%s%.*s", ROLES_PATH, (int)name.size, name.data);
    return TICKER_OK;
}

static ticker_status find_role(ti_lookup *lookup, const service *from, char path[sizeof(ROLES_PATH) + ROLE_MAX],
                               ticker_error *error)
{
    ti_http_response response;
    ticker_status status = get(lookup, from, ROLES_PATH, &response, error);

    if (status == TICKER_OK && response.status == 404)
        status = TICKER_DONE;
    else if (status == TICKER_OK)
        status = response.status == 200 ? read_role(&response, path, error)
                                        : refused(&response, "the name of its role", error);
    ti_response_wipe(&response);
    return status;
}

static ticker_status read_keys(ti_lookup *lookup, const service *from, const char *path, ti_credentials *credentials,
                               ticker_error *error)
{
    ti_document document = {.token = "Token", .code = true, .temporary = true, .source = "instance", .where = WHERE};
    ti_http_response response;
    ticker_status status = get(lookup, from, path, &response, error);

    if (status == TICKER_OK)
        status = response.status == 200
                     ? ti_credentials_json(credentials, (ti_slice){response.body.data, response.body.size}, &document,
                                           error)
                     : refused(&response, "its keys", error);
    ti_response_wipe(&response);
    return status;
}

/* Nobody answers: this is no EC2 instance, unless it was one before. */
static ticker_status nobody(ti_lookup *lookup, const service *from, ticker_status status, const ticker_error *why,
                            ticker_error *error)
{
    if (status == TICKER_RETRY && why->kind == TICKER_ERROR_SERVICE && !lookup->imds_answered) {
        ti_lookup_note(lookup, "no instance metadata at %s", from->endpoint);
        return TICKER_DONE;
    }
    ti_error_copy(error, why);
    return status;
}

ticker_status ti_instance_fetch(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error)
{
    const char *disabled = ti_setup_environment(lookup->setup, "AWS_EC2_METADATA_DISABLED");
    char path[sizeof(ROLES_PATH) + ROLE_MAX];
    service from;
    ticker_error why;
    ticker_status status;

    if (disabled != NULL && strcasecmp(disabled, "true") == 0) {
        ti_lookup_note(lookup, "AWS_EC2_METADATA_DISABLED is true");
        return TICKER_DONE;
    }
    status = read_settings(lookup, &from, error);
    if (status != TICKER_OK)
        return status;
    ti_error_init(&why);
    status = find_role(lookup, &from, path, &why);
    if (status == TICKER_DONE)
        ti_lookup_note(lookup, "%s gives no role to this instance", from.endpoint);
    else if (status == TICKER_OK)
        status = read_keys(lookup, &from, path, credentials, &why);
    return status < TICKER_OK ? nobody(lookup, &from, status, &why, error) : status;
}

const ti_credentials_provider ti_provider_instance = {"instance", ti_instance_fetch};
