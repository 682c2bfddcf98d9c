/* The security token service: a form goes in, temporary keys come out. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* memmem() */
#endif
#include <stdio.h>
#include <string.h>

#include "aws/credentials_provider.h"
#include "aws/secret.h"
#include "aws/settings.h"
#include "aws/sigv4.h"
#include "aws/xml.h"
#include "base/encode.h"
#include "base/error.h"

#define ATTEMPTS 3
#define CONNECT_MILLISECONDS 5000
#define TOTAL_MILLISECONDS 20000

/* --- Where it is --- */

/* What a request needs to know of its place. */
typedef struct target {
    ti_aws_settings settings;
    ti_endpoint endpoint;
    const char *region;
    ti_buffer host, url;
    ti_slice path;
} target;

/* To be freed in any case. */
static ticker_status find_target(const ti_lookup *lookup, target *to, ticker_error *error)
{
    const char *region = lookup->setup->region;
    ticker_status status = ti_aws_settings_read(lookup->setup, &to->settings, error);

    ti_buffer_init(&to->host, TICKER_URL_MAX);
    ti_buffer_init(&to->url, TICKER_URL_MAX);
    if (status != TICKER_OK)
        return status;
    to->region = region != NULL && *region != '\0' ? region : to->settings.region;
    to->endpoint = to->settings.endpoints[TI_AWS_STS];
    if (!to->endpoint.set)
        ti_endpoint_of_aws(ti_aws_service_name(TI_AWS_STS), to->region, &to->endpoint);
    (void)ti_endpoint_host(&to->endpoint, (ti_slice){"", 0}, &to->host);
    (void)ti_buffer_text(&to->url, to->endpoint.tls ? "https://" : "http://");
    (void)ti_buffer_slice(&to->url, (ti_slice){to->host.data, to->host.size});
    (void)ti_buffer_printf(&to->url, "%s/", to->endpoint.path);
    if (ti_buffer_failed(&to->host) || ti_buffer_string(&to->url) == NULL)
        return ti_fail_memory(error);
    to->path = (ti_slice){to->url.data + to->url.size - strlen(to->endpoint.path) - 1, strlen(to->endpoint.path) + 1};
    return TICKER_OK;
}

static void free_target(target *to)
{
    ti_aws_settings_free(&to->settings);
    ti_buffer_free(&to->host);
    ti_buffer_free(&to->url);
}

/* --- What it answers --- */

#define CODE_MAX 64
#define MESSAGE_MAX 300

typedef struct answer {
    ti_buffer access_key, secret_key, session_token, expiration, code, message;
} answer;

static bool begin_answer(answer *to)
{
    bool done = ti_secret_init(&to->access_key, TI_ACCESS_KEY_MAX);

    done = ti_secret_init(&to->secret_key, TI_SECRET_KEY_MAX) && done;
    done = ti_secret_init(&to->session_token, TI_SESSION_TOKEN_MAX) && done;
    done = ti_secret_init(&to->expiration, TI_TIME_EXTENDED_MAX + 16) && done;
    done = ti_secret_init(&to->code, CODE_MAX) && done;
    return ti_secret_init(&to->message, MESSAGE_MAX) && done;
}

static void end_answer(answer *from)
{
    ti_secret_wipe(&from->access_key);
    ti_secret_wipe(&from->secret_key);
    ti_secret_wipe(&from->session_token);
    ti_secret_wipe(&from->expiration);
    ti_secret_wipe(&from->code);
    ti_secret_wipe(&from->message);
}

static ti_slice slice_of(const ti_buffer *buffer)
{
    return (ti_slice){buffer->data, buffer->size};
}

static bool ends_with(ti_slice text, const char *end)
{
    size_t size = strlen(end);

    return text.size > size && memcmp(text.data + text.size - size, end, size) == 0;
}

/* Keeps the elements that matter, whatever they are wrapped in. Longer ones than fit are cut: keys are then refused as
 * wrong by whoever gets them. */
static ticker_status visit(void *payload, const char *path, ti_slice text, ticker_error *error)
{
    answer *to = payload;
    const struct {
        const char *tail;
        ti_buffer *buffer;
    } wanted[] = {{"/Credentials/AccessKeyId", &to->access_key},
                  {"/Credentials/SecretAccessKey", &to->secret_key},
                  {"/Credentials/SessionToken", &to->session_token},
                  {"/Credentials/Expiration", &to->expiration},
                  {"/Error/Code", &to->code},
                  {"/Error/Message", &to->message}};

    (void)error;
    text = ti_trimmed(text);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        ti_buffer *buffer = wanted[i].buffer;

        if (ends_with(ti_slice_of(path), wanted[i].tail) && buffer->size == 0)
            (void)ti_buffer_append(buffer, text.data, text.size < buffer->max ? text.size : buffer->max);
    }
    return TICKER_OK;
}

static ticker_status take_keys(const answer *from, const ti_sts *sts, ti_credentials *credentials, ticker_error *error)
{
    ti_keys keys = {.access_key = slice_of(&from->access_key),
                    .secret_key = slice_of(&from->secret_key),
                    .session_token = slice_of(&from->session_token)};

    if (keys.access_key.size == 0 || keys.secret_key.size == 0 ||
        !ti_time_parse_extended(slice_of(&from->expiration), &keys.expires))
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "%s: the answer of STS has no keys", sts->where);
    return ti_credentials_fill(credentials, &keys, sts->source, sts->where, error);
}

static void hint_for(const char *code, const ti_sts *sts, ticker_error *error)
{
    static const struct {
        const char *code, *hint;
    } hints[] = {{"AccessDenied", "the trust policy of the role must allow it to this caller, and the role must exist"},
                 {"InvalidIdentityToken",
                  "the token must come from an identity provider that IAM knows, for its audience (sts.amazonaws.com)"},
                 {"IDPRejectedClaim", "the identity provider does not know the token (any more)"},
                 {"InvalidClientTokenId", "the keys that sign are not valid: look at the source of the role"},
                 {"SignatureDoesNotMatch", "look at the secret key of the source, and at this machine's clock"},
                 {"RequestExpired", "look at this machine's clock"},
                 {"RegionDisabledException", "STS is switched off in this region: set another one (AWS_REGION)"},
                 {"ValidationError", "look at the ARN of the role and at the session's name"}};

    if (strncmp(code, "ExpiredToken", strlen("ExpiredToken")) == 0)
        ti_error_hint(error, "%s", sts->expired);
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
        if (strcmp(code, hints[i].code) == 0)
            ti_error_hint(error, "%s", hints[i].hint);
}

static bool passing_code(const char *code)
{
    return strcmp(code, "IDPCommunicationError") == 0 || strncmp(code, "Throttl", 7) == 0 ||
           strcmp(code, "RequestLimitExceeded") == 0;
}

static bool reveals(ti_slice text, const ti_sts *sts)
{
    return ti_reveals(text, sts->secrets[0]) || ti_reveals(text, sts->secrets[1]);
}

static ticker_status refused(answer *from, const ti_sts *sts, const ti_http_response *response, ticker_error *error)
{
    const char *code = ti_buffer_string(&from->code);
    ti_slice message = slice_of(&from->message);
    ticker_status status;

    if (code == NULL || !ti_is_token(slice_of(&from->code)) || reveals(slice_of(&from->code), sts))
        code = "";
    if (reveals(message, sts))
        message.size = 0;
    status = ti_response_passing(response) || passing_code(code) ? TICKER_RETRY : TICKER_FATAL;
    (void)ti_fail(error, status, status == TICKER_RETRY ? TICKER_ERROR_SERVICE : TICKER_ERROR_USAGE,
                  "%s: STS refuses %s (HTTP %d%s%s)%s%.*s", sts->where, sts->action, response->status,
                  *code != '\0' ? ", " : "", code, message.size > 0 ? ": " : "", (int)message.size, message.data);
    ti_error_http(error, response->status, code);
    hint_for(code, sts, error);
    return status;
}

static ticker_status take_answer(const ti_sts *sts, const ti_http_response *response, ti_credentials *credentials,
                                 ticker_error *error)
{
    bool success = response->status >= 200 && response->status < 300;
    answer got;
    ticker_error why;
    ticker_status status;

    ti_error_init(&why);
    if (!begin_answer(&got)) {
        end_answer(&got);
        return ti_fail_memory(error);
    }
    status = ti_xml_read(slice_of(&response->body), visit, &got, &why);
    if (why.kind == TICKER_ERROR_UNSUPPORTED || why.kind == TICKER_ERROR_MEMORY)
        ti_error_copy(error, &why);
    else if (!success)
        status = refused(&got, sts, response, error);
    else if (status != TICKER_OK)
        status = ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "%s: the answer of STS is no XML", sts->where);
    else
        status = take_keys(&got, sts, credentials, error);
    end_answer(&got);
    return status;
}

/* --- Asking --- */

void ti_sts_parameter(ti_buffer *form, const char *name, ti_slice value)
{
    (void)ti_buffer_printf(form, "&%s=", name);
    (void)ti_buffer_percent(form, value, false);
}

void ti_sts_session_name(const ti_lookup *lookup, char name[TI_SESSION_NAME_MAX])
{
    const ti_clock *clock = lookup->setup->clock;

    (void)snprintf(name, TI_SESSION_NAME_MAX, "ticker-%lld", (long long)clock->now(clock->self));
}

#define HEADERS_MAX 5

typedef struct headers {
    ti_http_header list[HEADERS_MAX];
    size_t count;
    char time[TI_TIME_BASIC_MAX];
    ti_buffer authorization;
} headers;

static void add_header(headers *to, const char *name, ti_slice value)
{
    to->list[to->count++] = (ti_http_header){ti_slice_of(name), value};
}

/* Signs what is in `to` and adds the signature. */
static ticker_status sign(const ti_lookup *lookup, const target *at, const ti_sts *sts, ti_slice body, headers *to,
                          ticker_error *error)
{
    const ti_clock *clock = lookup->setup->clock;
    ti_sigv4_scope scope = {.access_key = ti_slice_of(sts->signer->access_key),
                            .secret_key = ti_slice_of(sts->signer->secret_key),
                            .session_token = ti_slice_of(sts->signer->session_token),
                            .region = ti_slice_of(at->region),
                            .service = ti_slice_of("sts"),
                            .time = clock->now(clock->self)};
    unsigned char digest[TI_SHA256_BYTES];
    char hash[TI_SHA256_TEXT_MAX];
    ti_sigv4_request request = {.method = ti_slice_of("POST"), .path = at->path, .query = {"", 0}};
    ti_sigv4_key *key = ti_sigv4_key_new(&scope);
    ticker_status status;

    if (key == NULL || !ti_sha256_of(body.data, body.size, digest)) {
        ti_sigv4_key_free(key);
        return ti_fail_memory(error);
    }
    ti_hex(digest, sizeof(digest), hash);
    ti_time_basic(scope.time, to->time);
    add_header(to, "host", slice_of(&at->host));
    add_header(to, "x-amz-date", ti_slice_of(to->time));
    if (scope.session_token.size > 0)
        add_header(to, "x-amz-security-token", scope.session_token);
    request.headers = to->list;
    request.header_count = to->count;
    request.payload_hash = ti_slice_of(hash);
    status = ti_sigv4_sign(&scope, key, &request, &to->authorization, NULL, error);
    ti_sigv4_key_free(key);
    if (status == TICKER_OK)
        add_header(to, "authorization", slice_of(&to->authorization));
    return status;
}

/* STS answers 400 when it could not ask the identity provider: that passes too. */
static bool passing(const ti_http_response *response)
{
    static const char *const codes[] = {"<Code>IDPCommunicationError<", "<Code>Throttl", "<Code>RequestLimitExceeded<"};

    for (size_t i = 0; response->status == 400 && i < sizeof(codes) / sizeof(codes[0]); i++)
        if (response->body.size > 0 &&
            memmem(response->body.data, response->body.size, codes[i], strlen(codes[i])) != NULL)
            return true;
    return false;
}

ticker_status ti_sts_ask(ti_lookup *lookup, const ti_sts *sts, ti_credentials *credentials, ticker_error *error)
{
    target at = {.region = ""};
    headers sent = {.count = 0};
    ti_http_response response;
    ti_http_request request = {.method = "POST",
                               .headers = sent.list,
                               .body = {.data = sts->form->data, .size = (int64_t)sts->form->size},
                               .connect_timeout = CONNECT_MILLISECONDS,
                               .timeout = TOTAL_MILLISECONDS,
                               .total_timeout = TOTAL_MILLISECONDS,
                               .max_body = TI_CREDENTIALS_ANSWER_MAX};
    ticker_status status = find_target(lookup, &at, error);

    ti_buffer_init(&sent.authorization, TICKER_URL_MAX);
    add_header(&sent, "content-type", ti_slice_of("application/x-www-form-urlencoded"));
    if (status == TICKER_OK && sts->signer != NULL)
        status = sign(lookup, &at, sts, slice_of(sts->form), &sent, error);
    if (status == TICKER_OK) {
        request.url = at.url.data;
        request.header_count = sent.count;
        request.ca_bundle = at.settings.ca_bundle;
        status = ti_lookup_exchange(lookup, sts->where, &request, ATTEMPTS, passing, &response, error);
        if (status == TICKER_OK)
            status = take_answer(sts, &response, credentials, error);
        ti_response_wipe(&response);
    }
    ti_secret_wipe(&sent.authorization);
    free_target(&at);
    return status;
}
