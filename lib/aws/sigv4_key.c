/* Stages 2 and 3: the string to sign, the signing key and the signature. */
#include <stdlib.h>
#include <string.h>
#include <tickerimport/limits.h>

#include "aws/sigv4_parts.h"
#include "base/encode.h"
#include "base/error.h"

#define DAY INT64_C(86400000)
#define DATE_SIZE 8 /* "20150830" */
#define TERMINATOR "aws4_request"

int64_t ti_sigv4_day(int64_t time)
{
    return time / DAY - (time % DAY < 0);
}

ticker_status ti_sigv4_no_hash(ticker_error *error)
{
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "libcrypto could not compute a SHA-256");
}

void ti_sigv4_wipe(ti_buffer *buffer)
{
    if (buffer->size > 0)
        explicit_bzero(buffer->data, buffer->size);
    ti_buffer_clear(buffer);
}

static char *put_part(char *to, ti_slice part, char end)
{
    if (part.size > 0)
        memcpy(to, part.data, part.size);
    to[part.size] = end;
    return to + part.size + 1;
}

ticker_status ti_sigv4_scope_text(const ti_sigv4_scope *scope, char text[TI_SIGV4_SCOPE_MAX], ticker_error *error)
{
    char time[TI_TIME_BASIC_MAX], *at = text;

    if (scope->region.size >= TI_SIGV4_NAME_MAX || scope->service.size >= TI_SIGV4_NAME_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "the name of an AWS region or service has at most %d bytes", TI_SIGV4_NAME_MAX - 1);
    ti_time_basic(scope->time, time);
    at = put_part(at, (ti_slice){time, DATE_SIZE}, '/');
    at = put_part(at, scope->region, '/');
    at = put_part(at, scope->service, '/');
    (void)put_part(at, ti_slice_of(TERMINATOR), '\0');
    return TICKER_OK;
}

/* "AWS4" and the secret key begin a chain of HMACs: date, region, service, and a word that ends it. */
static bool derive(const ti_sigv4_scope *scope, unsigned char key[TI_SHA256_BYTES])
{
    size_t size = 4 + scope->secret_key.size;
    char *secret = malloc(size), time[TI_TIME_BASIC_MAX];
    bool done;

    if (secret == NULL)
        return false;
    memcpy(secret, "AWS4", 4);
    if (scope->secret_key.size > 0)
        memcpy(secret + 4, scope->secret_key.data, scope->secret_key.size);
    ti_time_basic(scope->time, time);
    done = ti_hmac_sha256(secret, size, time, DATE_SIZE, key) &&
           ti_hmac_sha256(key, TI_SHA256_BYTES, scope->region.data, scope->region.size, key) &&
           ti_hmac_sha256(key, TI_SHA256_BYTES, scope->service.data, scope->service.size, key) &&
           ti_hmac_sha256(key, TI_SHA256_BYTES, TERMINATOR, strlen(TERMINATOR), key);
    explicit_bzero(secret, size);
    free(secret);
    return done;
}

static void copy_name(char name[TI_SIGV4_NAME_MAX], ti_slice text)
{
    if (text.size > 0)
        memcpy(name, text.data, text.size);
    name[text.size] = '\0';
}

ti_sigv4_key *ti_sigv4_key_new(const ti_sigv4_scope *scope)
{
    ti_sigv4_key *key;
    unsigned char bytes[TI_SHA256_BYTES];
    bool done;

    if (scope->region.size >= TI_SIGV4_NAME_MAX || scope->service.size >= TI_SIGV4_NAME_MAX)
        return NULL;
    key = calloc(1, sizeof(*key));
    if (key == NULL)
        return NULL;
    ti_buffer_init(&key->canonical, TICKER_SIGNED_BYTES_MAX);
    ti_buffer_init(&key->names, TICKER_SIGNED_BYTES_MAX);
    ti_buffer_init(&key->text, TICKER_SIGNED_BYTES_MAX);
    key->canonical.secret = key->names.secret = key->text.secret = true; /* a session token is signed too */
    key->day = ti_sigv4_day(scope->time);
    copy_name(key->region, scope->region);
    copy_name(key->service, scope->service);
    done = derive(scope, bytes) && ti_sha256_of(scope->secret_key.data, scope->secret_key.size, key->secret);
    if (done) {
        key->hash = ti_sha256_new();
        key->hmac = ti_hmac_new(bytes, sizeof(bytes));
    }
    explicit_bzero(bytes, sizeof(bytes));
    if (!done || key->hash == NULL || key->hmac == NULL) {
        ti_sigv4_key_free(key);
        return NULL;
    }
    return key;
}

void ti_sigv4_key_free(ti_sigv4_key *key)
{
    if (key == NULL)
        return;
    ti_hmac_free(key->hmac);
    ti_sha256_free(key->hash);
    ti_buffer_free(&key->canonical);
    ti_buffer_free(&key->names);
    ti_buffer_free(&key->text);
    explicit_bzero(key, sizeof(*key));
    free(key);
}

static bool same_scope(const ti_sigv4_key *key, const ti_sigv4_scope *scope)
{
    return key->day == ti_sigv4_day(scope->time) && ti_slice_is(scope->region, key->region) &&
           ti_slice_is(scope->service, key->service);
}

bool ti_sigv4_key_fits(const ti_sigv4_key *key, const ti_sigv4_scope *scope)
{
    unsigned char secret[TI_SHA256_BYTES];

    return same_scope(key, scope) && ti_sha256_update(key->hash, scope->secret_key.data, scope->secret_key.size) &&
           ti_sha256_digest(key->hash, secret) && memcmp(secret, key->secret, sizeof(secret)) == 0;
}

ticker_status ti_sigv4_key_check(const ti_sigv4_key *key, const ti_sigv4_scope *scope, ticker_error *error)
{
    if (!same_scope(key, scope))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "the signing key is for another region, service or day than the request");
    return TICKER_OK;
}

static ticker_status put_string(const ti_sigv4_scope *scope, const unsigned char hash[TI_SHA256_BYTES], ti_buffer *text,
                                ticker_error *error)
{
    char name[TI_SIGV4_SCOPE_MAX], time[TI_TIME_BASIC_MAX], hex[TI_SHA256_TEXT_MAX];
    ticker_status status = ti_sigv4_scope_text(scope, name, error);

    if (status != TICKER_OK)
        return status;
    ti_time_basic(scope->time, time);
    ti_hex(hash, TI_SHA256_BYTES, hex);
    (void)ti_buffer_text(text, TI_SIGV4_ALGORITHM "\n");
    (void)ti_buffer_text(text, time);
    (void)ti_buffer_byte(text, '\n');
    (void)ti_buffer_text(text, name);
    (void)ti_buffer_byte(text, '\n');
    return ti_buffer_text(text, hex) ? TICKER_OK : ti_fail_memory(error);
}

ticker_status ti_sigv4_string_to_sign(const ti_sigv4_scope *scope, ti_slice canonical, ti_buffer *text,
                                      ticker_error *error)
{
    unsigned char hash[TI_SHA256_BYTES];

    if (!ti_sha256_of(canonical.data, canonical.size, hash))
        return ti_sigv4_no_hash(error);
    return put_string(scope, hash, text, error);
}

ticker_status ti_sigv4_string_by_key(ti_sigv4_key *key, const ti_sigv4_scope *scope, ti_slice canonical,
                                     ti_buffer *text, ticker_error *error)
{
    unsigned char hash[TI_SHA256_BYTES];

    if (!ti_sha256_update(key->hash, canonical.data, canonical.size) || !ti_sha256_digest(key->hash, hash))
        return ti_sigv4_no_hash(error);
    return put_string(scope, hash, text, error);
}

ticker_status ti_sigv4_signature(ti_sigv4_key *key, ti_slice string_to_sign, char signature[TI_SHA256_TEXT_MAX],
                                 ticker_error *error)
{
    unsigned char bytes[TI_SHA256_BYTES];

    signature[0] = '\0';
    if (!ti_hmac_of(key->hmac, string_to_sign.data, string_to_sign.size, bytes))
        return ti_sigv4_no_hash(error);
    ti_hex(bytes, sizeof(bytes), signature);
    return TICKER_OK;
}

ticker_status ti_sigv4_policy(ti_sigv4_key *key, ti_slice policy, char signature[TI_SHA256_TEXT_MAX],
                              ticker_error *error)
{
    return ti_sigv4_signature(key, policy, signature, error);
}
