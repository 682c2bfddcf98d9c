/* The public face of Signature Version 4: values by name, checked as they come, and the three stages as texts. */
#include <stdlib.h>
#include <string.h>
#include <tickerimport/aws.h>
#include <tickerimport/limits.h>

#include "aws/sigv4.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/number.h"

#define EXPIRES_MAX 604800
#define HASH_MAX 64

typedef enum field {
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    REGION,
    SERVICE,
    TIME,
    METHOD,
    PATH,
    QUERY,
    PAYLOAD_HASH,
    EXPIRES,
    RULES,
    FIELDS
} field;

struct ticker_signing {
    char *values[FIELDS]; /* NULL: not set */
    char *lines[TICKER_SIGNING_HEADERS_MAX];
    ti_http_header headers[TICKER_SIGNING_HEADERS_MAX]; /* parts of the lines */
    size_t header_count;
    ti_sigv4_key *key;
    ti_buffer text, canonical;
};

/* --- What a value may be -------------------------------------------------------------------------------------------------------- */

static bool letter_or_digit(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

/* RFC 9110's token, of which methods and names of headers are made. */
static bool is_token(const char *value)
{
    for (const char *at = value; *at != '\0'; at++)
        if (!letter_or_digit(*at) && strchr("!#$%&'*+-.^_`|~", *at) == NULL)
            return false;
    return value[0] != '\0';
}

/* No control characters, which would begin a line of their own in what is signed. */
static bool is_line(const char *value)
{
    for (const char *at = value; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    return true;
}

/* A header's value may hold tabs too. */
static bool is_value(const char *value)
{
    for (const char *at = value; *at != '\0'; at++)
        if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7f)
            return false;
    return true;
}

/* Of a URL as it is sent: printable ASCII without blanks. */
static bool is_encoded(const char *value)
{
    for (const char *at = value; *at != '\0'; at++)
        if (*at <= 0x20 || *at >= 0x7f || *at == '#')
            return false;
    return true;
}

static bool is_key(const char *value)
{
    return value[0] != '\0' && is_line(value);
}

static bool is_place(const char *value)
{
    return is_token(value) && strlen(value) < TI_SIGV4_NAME_MAX;
}

static bool is_time(const char *value)
{
    int64_t time;

    return ti_time_parse_basic(ti_slice_of(value), &time);
}

static bool is_path(const char *value)
{
    return value[0] == '/' && is_encoded(value) && strchr(value, '?') == NULL;
}

static bool is_hash(const char *value)
{
    size_t size = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

    if (size > 0 && value[size] == '\0')
        return size <= HASH_MAX;
    return strlen(value) == HASH_MAX && strspn(value, "0123456789abcdef") == HASH_MAX;
}

static bool is_expiry(const char *value)
{
    int64_t seconds;

    return ti_parse_integer(ti_slice_of(value), false, &seconds) && seconds >= 0 && seconds <= EXPIRES_MAX;
}

static bool is_rules(const char *value)
{
    return strcmp(value, "s3") == 0 || strcmp(value, "aws") == 0;
}

static const struct field_row {
    const char *name;
    bool (*valid)(const char *value);
    const char *hint;
} rows[FIELDS] = {
    [ACCESS_KEY] = {"access-key", is_key, "an access key has at least one character and no control characters"},
    [SECRET_KEY] = {"secret-key", is_key, "a secret key has at least one character and no control characters"},
    [SESSION_TOKEN] = {"session-token", is_line, "a session token has no control characters; empty means none"},
    [REGION] = {"region", is_place, "use a name like us-east-1"},
    [SERVICE] = {"service", is_place, "use a name like s3 or sqs"},
    [TIME] = {"time", is_time, "write UTC as 20150830T123600Z"},
    [METHOD] = {"method", is_token, "use a method of HTTP: GET, PUT, POST"},
    [PATH] = {"path", is_path, "write the path as it is sent: it begins with '/' and is percent-encoded"},
    [QUERY] = {"query", is_encoded, "write the query as it is sent: without '?' and percent-encoded"},
    [PAYLOAD_HASH] = {"payload-hash", is_hash,
                      "use the body's SHA-256 as 64 lower-case hex digits, or UNSIGNED-PAYLOAD"},
    [EXPIRES] = {"expires", is_expiry, "use seconds: 1 to 604800 (7 days), or 0 to sign the headers"},
    [RULES] = {"rules", is_rules, "use s3 or aws"},
};

/* --- Setting -------------------------------------------------------------------------------------------------------------------- */

ticker_signing *ticker_signing_new(void)
{
    ticker_signing *signing = calloc(1, sizeof(*signing));

    if (signing == NULL)
        return NULL;
    ti_buffer_init(&signing->text, TICKER_SIGNED_BYTES_MAX);
    ti_buffer_init(&signing->canonical, TICKER_SIGNED_BYTES_MAX);
    return signing;
}

static void drop(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

static void wipe(ti_buffer *buffer)
{
    if (buffer->data != NULL)
        explicit_bzero(buffer->data, buffer->capacity);
    ti_buffer_clear(buffer);
}

void ticker_signing_free(ticker_signing *signing)
{
    if (signing == NULL)
        return;
    for (size_t i = 0; i < FIELDS; i++)
        drop(signing->values[i]);
    for (size_t i = 0; i < signing->header_count; i++) {
        explicit_bzero(signing->lines[i], signing->headers[i].name.size + signing->headers[i].value.size);
        free(signing->lines[i]);
    }
    wipe(&signing->text);
    wipe(&signing->canonical);
    ti_buffer_free(&signing->text);
    ti_buffer_free(&signing->canonical);
    ti_sigv4_key_free(signing->key);
    free(signing);
}

static ticker_status replace(ticker_signing *signing, field which, const char *value, ticker_error *error)
{
    char *copy = strdup(value);

    if (copy == NULL)
        return ti_fail_memory(error);
    drop(signing->values[which]);
    signing->values[which] = copy;
    return TICKER_OK;
}

/* No value stands in a message: it may be a secret. */
ticker_status ticker_signing_set(ticker_signing *signing, const char *name, const char *value, ticker_error *error)
{
    size_t which = 0;

    if (signing == NULL || name == NULL || value == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "what is signed is set by a name and a value");
    wipe(&signing->text);
    while (which < FIELDS && strcmp(rows[which].name, name) != 0)
        which++;
    if (which == FIELDS) {
        (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a signed request has nothing called \"%s\"", name);
        ti_error_hint(error, "access-key, secret-key, session-token, region, service, time, method, path, query, "
                             "payload-hash, expires, rules");
        return TICKER_FATAL;
    }
    if (strlen(value) >= TICKER_SIGNED_BYTES_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT,
                       "the \"%s\" of a signed request is longer than %d bytes", name, TICKER_SIGNED_BYTES_MAX - 1);
    if (!rows[which].valid(value)) {
        (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the \"%s\" of a signed request cannot be this", name);
        ti_error_hint(error, "%s", rows[which].hint);
        return TICKER_FATAL;
    }
    return replace(signing, (field)which, value, error);
}

ticker_status ticker_signing_header(ticker_signing *signing, const char *name, const char *value, ticker_error *error)
{
    size_t name_size, value_size;
    char *line;

    if (signing == NULL || name == NULL || value == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a header needs a name and a value");
    wipe(&signing->text);
    name_size = strlen(name);
    value_size = strlen(value);
    if (signing->header_count == TICKER_SIGNING_HEADERS_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT, "a request with more than %d headers cannot be signed",
                       TICKER_SIGNING_HEADERS_MAX);
    if (name_size >= TICKER_SIGNED_BYTES_MAX || value_size >= TICKER_SIGNED_BYTES_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT, "a header of a signed request is longer than %d bytes",
                       TICKER_SIGNED_BYTES_MAX - 1);
    if (!is_token(name))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "no header can have this name");
    if (!is_value(value))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the header \"%s\" holds control characters", name);
    line = malloc(name_size + value_size + 1);
    if (line == NULL)
        return ti_fail_memory(error);
    memcpy(line, name, name_size);
    memcpy(line + name_size, value, value_size + 1);
    signing->lines[signing->header_count] = line;
    signing->headers[signing->header_count++] = (ti_http_header){{line, name_size}, {line + name_size, value_size}};
    return TICKER_OK;
}

ticker_status ticker_signing_body(ticker_signing *signing, const void *data, size_t size, ticker_error *error)
{
    unsigned char digest[TI_SHA256_BYTES];
    char hash[TI_SHA256_TEXT_MAX];

    if (signing == NULL || (data == NULL && size > 0))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a body that is signed is missing");
    wipe(&signing->text);
    if (!ti_sha256_of(data, size, digest))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "libcrypto could not compute a SHA-256");
    ti_hex(digest, sizeof(digest), hash);
    return replace(signing, PAYLOAD_HASH, hash, error);
}

/* --- The stages ----------------------------------------------------------------------------------------------------------------- */

static ti_slice value_of(const ticker_signing *signing, field which, const char *fallback)
{
    return ti_slice_of(signing->values[which] != NULL ? signing->values[which] : fallback);
}

/* `needed` ends with FIELDS. */
static ticker_status find_missing(const ticker_signing *signing, const field *needed, ticker_error *error)
{
    for (; *needed != FIELDS; needed++)
        if (signing->values[*needed] == NULL) {
            (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a request cannot be signed without its \"%s\"",
                          rows[*needed].name);
            ti_error_hint(error, "%s", rows[*needed].hint);
            return TICKER_FATAL;
        }
    return TICKER_OK;
}

/* Both point into the handle. */
static ticker_status describe(ticker_signing *signing, const field *needed, ti_sigv4_scope *scope,
                              ti_sigv4_request *request, ticker_error *error)
{
    ticker_status status = find_missing(signing, needed, error);
    ti_slice rules;

    wipe(&signing->text);
    wipe(&signing->canonical);
    if (status != TICKER_OK)
        return status;
    *scope = (ti_sigv4_scope){.access_key = value_of(signing, ACCESS_KEY, ""),
                              .secret_key = value_of(signing, SECRET_KEY, ""),
                              .session_token = value_of(signing, SESSION_TOKEN, ""),
                              .region = value_of(signing, REGION, ""),
                              .service = value_of(signing, SERVICE, "")};
    rules = value_of(signing, RULES, ti_slice_is(scope->service, "s3") ? "s3" : "aws");
    scope->s3 = ti_slice_is(rules, "s3");
    (void)ti_time_parse_basic(value_of(signing, TIME, ""), &scope->time);
    *request = (ti_sigv4_request){.method = value_of(signing, METHOD, "GET"),
                                  .path = value_of(signing, PATH, "/"),
                                  .query = value_of(signing, QUERY, ""),
                                  .headers = signing->headers,
                                  .header_count = signing->header_count,
                                  .payload_hash = value_of(signing, PAYLOAD_HASH, "")};
    (void)ti_parse_integer(value_of(signing, EXPIRES, "0"), false, &request->expires);
    return TICKER_OK;
}

static ticker_status hand_out(ticker_signing *signing, ticker_status status, const char **text, ticker_error *error)
{
    wipe(&signing->canonical);
    if (status != TICKER_OK) {
        wipe(&signing->text);
        return status;
    }
    *text = ti_buffer_string(&signing->text);
    return *text != NULL ? TICKER_OK : ti_fail_memory(error);
}

static ticker_status nothing_asked(ticker_error *error)
{
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                   "a stage of signing needs a request and a place for its text");
}

static const field for_text[] = {ACCESS_KEY, REGION, SERVICE, TIME, FIELDS};
static const field for_signature[] = {ACCESS_KEY, SECRET_KEY, REGION, SERVICE, TIME, FIELDS};

ticker_status ticker_signing_canonical_request(ticker_signing *signing, const char **text, ticker_error *error)
{
    ti_sigv4_request request;
    ti_sigv4_scope scope;
    ticker_status status;

    if (signing == NULL || text == NULL)
        return nothing_asked(error);
    status = describe(signing, for_text, &scope, &request, error);
    if (status == TICKER_OK)
        status = ti_sigv4_canonical(&scope, &request, &signing->text, NULL, NULL, error);
    return hand_out(signing, status, text, error);
}

ticker_status ticker_signing_string_to_sign(ticker_signing *signing, const char **text, ticker_error *error)
{
    ti_buffer *canonical;
    ti_sigv4_request request;
    ti_sigv4_scope scope;
    ticker_status status;

    if (signing == NULL || text == NULL)
        return nothing_asked(error);
    canonical = &signing->canonical;
    status = describe(signing, for_text, &scope, &request, error);
    if (status == TICKER_OK)
        status = ti_sigv4_canonical(&scope, &request, canonical, NULL, NULL, error);
    if (status == TICKER_OK)
        status = ti_sigv4_string_to_sign(&scope, (ti_slice){canonical->data, canonical->size}, &signing->text, error);
    return hand_out(signing, status, text, error);
}

/* The key of the last signature serves again when it fits. */
static ticker_status find_key(ticker_signing *signing, const ti_sigv4_scope *scope, ticker_error *error)
{
    if (signing->key != NULL && ti_sigv4_key_fits(signing->key, scope))
        return TICKER_OK;
    ti_sigv4_key_free(signing->key);
    signing->key = ti_sigv4_key_new(scope);
    return signing->key != NULL ? TICKER_OK : ti_fail_memory(error);
}

ticker_status ticker_signing_authorization(ticker_signing *signing, const char **text, ticker_error *error)
{
    ti_sigv4_request request;
    ti_sigv4_scope scope;
    ticker_status status;

    if (signing == NULL || text == NULL)
        return nothing_asked(error);
    status = describe(signing, for_signature, &scope, &request, error);
    if (status == TICKER_OK)
        status = find_key(signing, &scope, error);
    if (status == TICKER_OK && request.expires > 0)
        status = ti_sigv4_presign(&scope, signing->key, &request, &signing->text, error);
    else if (status == TICKER_OK)
        status = ti_sigv4_sign(&scope, signing->key, &request, &signing->text, NULL, error);
    return hand_out(signing, status, text, error);
}

void ticker_free(void *text)
{
    free(text);
}
