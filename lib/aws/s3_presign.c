/* Requests that others may make: presigned URLs and forms. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport/limits.h>

#include "aws/s3.h"
#include "aws/sigv4.h"
#include "base/encode.h"
#include "base/error.h"

#define FILENAME "${filename}" /* what the server replaces by the name of the file that is sent */
#define POLICY_MAX (64 * 1024)

static ticker_status check(ticker_aws *aws, const char *bucket, const char *key, int64_t seconds, char **text,
                           ticker_error *error)
{
    ticker_status status = ti_s3_check_key(aws, bucket, key, error);

    if (status != TICKER_OK)
        return status;
    if (seconds < 1 || seconds > TICKER_PRESIGN_SECONDS_MAX || text == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a presigned request lives for 1 to %d seconds",
                       TICKER_PRESIGN_SECONDS_MAX);
    return TICKER_OK;
}

/* The buffer's text as the caller's own; what is left of it is wiped: it holds a signature. */
static ticker_status hand_over(ti_buffer *buffer, char **text, ticker_error *error)
{
    const char *whole = ti_buffer_string(buffer);

    *text = whole != NULL ? strdup(whole) : NULL;
    if (buffer->data != NULL)
        explicit_bzero(buffer->data, buffer->capacity);
    return *text != NULL ? TICKER_OK : ti_fail_memory(error);
}

ticker_status ticker_s3_presign(ticker_aws *aws, const char *method, const char *bucket, const char *key,
                                int64_t seconds, char **url, ticker_error *error)
{
    ticker_status status = check(aws, bucket, key, seconds, url, error);
    ti_s3_call call;
    ti_buffer text;
    bool put;

    if (status != TICKER_OK)
        return status;
    put = method != NULL && strcmp(method, "PUT") == 0;
    if (!put && (method == NULL || strcmp(method, "GET") != 0))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a presigned URL is for GET or PUT");
    ti_buffer_init(&text, TICKER_SIGNED_BYTES_MAX);
    (void)ti_buffer_reserve(&text, TICKER_SIGNED_BYTES_MAX); /* it must not move and leave a token behind */
    ti_s3_call_begin(&call, put ? "PutObject" : "GetObject", put ? "PUT" : "GET", bucket, key);
    status = ti_aws_presign(aws, &call.request, seconds, &text, error);
    if (status == TICKER_OK)
        status = hand_over(&text, url, error);
    ti_s3_call_end(&call);
    ti_buffer_free(&text);
    return status;
}

/* --- Forms ---------------------------------------------------------------------------------------------------------------------- */

typedef struct post_form {
    const char *bucket, *key;
    int64_t max_bytes, expires; /* expires: milliseconds since 1970 */
    ti_credentials credentials;
    char credential[TI_ACCESS_KEY_MAX + 128], time[TI_TIME_BASIC_MAX];
    char signature[TI_SHA256_TEXT_MAX];
} post_form;

/* NAME and VALUE as members of an object, the first one without a comma. */
static void add_member(ti_buffer *json, const char *before, const char *name, const char *value)
{
    (void)ti_buffer_text(json, before);
    (void)ti_buffer_json(json, ti_slice_of(name));
    (void)ti_buffer_byte(json, ':');
    (void)ti_buffer_json(json, ti_slice_of(value));
}

static void add_condition(ti_buffer *json, const char *name, const char *value)
{
    add_member(json, ",{", name, value);
    (void)ti_buffer_byte(json, '}');
}

/* Everything that the form has must be in its policy, and be so. */
static void write_policy(const post_form *form, ti_buffer *json)
{
    size_t size = strlen(form->key), tail = strlen(FILENAME);
    bool below = size >= tail && strcmp(form->key + size - tail, FILENAME) == 0;
    char expires[TI_TIME_EXTENDED_MAX];

    ti_time_extended(form->expires, expires);
    add_member(json, "{", "expiration", expires);
    (void)ti_buffer_text(json, ",\"conditions\":[");
    add_member(json, "{", "bucket", form->bucket);
    (void)ti_buffer_text(json, below ? "},[\"starts-with\",\"$key\"," : "},[\"eq\",\"$key\",");
    (void)ti_buffer_json(json, (ti_slice){form->key, below ? size - tail : size});
    (void)ti_buffer_printf(json, "],[\"content-length-range\",0,%lld]", (long long)form->max_bytes);
    add_condition(json, "x-amz-algorithm", "AWS4-HMAC-SHA256");
    add_condition(json, "x-amz-credential", form->credential);
    add_condition(json, "x-amz-date", form->time);
    if (*form->credentials.session_token != '\0')
        add_condition(json, "x-amz-security-token", form->credentials.session_token);
    (void)ti_buffer_text(json, "]}");
}

static void write_form(const post_form *form, const char *url, const char *policy, ti_buffer *json)
{
    add_member(json, "{", "url", url);
    (void)ti_buffer_text(json, ",\"fields\":");
    add_member(json, "{", "key", form->key);
    add_member(json, ",", "x-amz-algorithm", "AWS4-HMAC-SHA256");
    add_member(json, ",", "x-amz-credential", form->credential);
    add_member(json, ",", "x-amz-date", form->time);
    if (*form->credentials.session_token != '\0')
        add_member(json, ",", "x-amz-security-token", form->credentials.session_token);
    add_member(json, ",", "policy", policy);
    add_member(json, ",", "x-amz-signature", form->signature);
    (void)ti_buffer_text(json, "}}");
}

/* Fills in who signs and when, and signs the policy: base64 text into `policy`. */
static ticker_status sign_form(ticker_aws *aws, post_form *form, int64_t seconds, ti_buffer *policy,
                               ticker_error *error)
{
    int64_t now = ti_aws_now(aws);
    const ti_sigv4_scope scope = {.access_key = ti_slice_of(form->credentials.access_key),
                                  .secret_key = ti_slice_of(form->credentials.secret_key),
                                  .region = ti_slice_of(ti_aws_region(aws)),
                                  .service = ti_slice_of("s3"),
                                  .time = now,
                                  .s3 = true};
    ti_sigv4_key *key = ti_sigv4_key_new(&scope);
    ticker_status status = TICKER_OK;
    ti_buffer json;

    ti_time_basic(now, form->time);
    form->expires = now + seconds * 1000;
    (void)snprintf(form->credential, sizeof(form->credential), "%s/%.8s/%s/s3/aws4_request",
                   form->credentials.access_key, form->time, ti_aws_region(aws));
    ti_buffer_init(&json, POLICY_MAX);
    (void)ti_buffer_reserve(&json, POLICY_MAX); /* it must not move and leave a token behind */
    write_policy(form, &json);
    if (key == NULL || ti_buffer_failed(&json) || !ti_buffer_base64(policy, json.data, json.size) ||
        ti_buffer_string(policy) == NULL)
        status = ti_fail_memory(error);
    if (status == TICKER_OK)
        status = ti_sigv4_policy(key, (ti_slice){policy->data, policy->size}, form->signature, error);
    if (json.data != NULL)
        explicit_bzero(json.data, json.capacity);
    ti_buffer_free(&json);
    ti_sigv4_key_free(key);
    return status;
}

static ticker_status make_form(ticker_aws *aws, post_form *form, int64_t seconds, char **text, ticker_error *error)
{
    ti_buffer policy, url, json;
    ticker_status status;
    ti_s3_call call;

    ti_buffer_init(&policy, POLICY_MAX * 2);
    ti_buffer_init(&url, TICKER_URL_MAX);
    ti_buffer_init(&json, POLICY_MAX * 4);
    (void)ti_buffer_reserve(&policy, POLICY_MAX * 2);
    ti_s3_call_begin(&call, "PostObject", "POST", form->bucket, NULL);
    status = ti_aws_url(aws, &call.request, &url, error);
    if (status == TICKER_OK && ti_buffer_string(&url) == NULL)
        status = ti_fail_memory(error);
    if (status == TICKER_OK)
        status = sign_form(aws, form, seconds, &policy, error);
    if (status == TICKER_OK) {
        (void)ti_buffer_reserve(&json, POLICY_MAX * 4);
        write_form(form, url.data, policy.data, &json);
        status = hand_over(&json, text, error);
    }
    if (policy.data != NULL)
        explicit_bzero(policy.data, policy.capacity); /* it may hold the session token */
    ti_s3_call_end(&call);
    ti_buffer_free(&policy);
    ti_buffer_free(&url);
    ti_buffer_free(&json);
    return status;
}

ticker_status ticker_s3_presign_post(ticker_aws *aws, const char *bucket, const char *key, int64_t max_bytes,
                                     int64_t seconds, char **text, ticker_error *error)
{
    ticker_status status = check(aws, bucket, key, seconds, text, error);
    post_form form = {.bucket = bucket, .key = key, .max_bytes = max_bytes};
    const char *variable;

    if (status != TICKER_OK)
        return status;
    variable = strstr(key, FILENAME);
    if (max_bytes < 0 || (variable != NULL && variable[strlen(FILENAME)] != '\0'))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "a form needs a limit of 0 or more bytes, and " FILENAME " only at the end of the key");
    status = ti_aws_credentials(aws, &form.credentials, error);
    if (status == TICKER_OK)
        status = make_form(aws, &form, seconds, text, error);
    ti_credentials_wipe(&form.credentials);
    explicit_bzero(&form, sizeof(form));
    return status;
}
