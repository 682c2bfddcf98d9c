/* The three stages in one: the Authorization header and the presigned query. */
#include "aws/sigv4_parts.h"
#include "base/encode.h"
#include "base/error.h"

/* From the request to the signature. What it works in belongs to the key and is wiped. */
static ticker_status run_stages(const ti_sigv4_scope *scope, ti_sigv4_key *key, const ti_sigv4_request *request,
                                ti_buffer *query, char signature[TI_SHA256_TEXT_MAX], ticker_error *error)
{
    ticker_status status = ti_sigv4_key_check(key, scope, error);

    if (status == TICKER_OK)
        status = ti_sigv4_canonical(scope, request, &key->canonical, &key->names, query, error);
    if (status == TICKER_OK)
        status = ti_sigv4_string_by_key(key, scope, (ti_slice){key->canonical.data, key->canonical.size}, &key->text,
                                        error);
    if (status == TICKER_OK)
        status = ti_sigv4_signature(key, (ti_slice){key->text.data, key->text.size}, signature, error);
    ti_sigv4_wipe(&key->canonical);
    ti_buffer_clear(&key->text);
    return status;
}

ticker_status ti_sigv4_sign(const ti_sigv4_scope *scope, ti_sigv4_key *key, const ti_sigv4_request *request,
                            ti_buffer *authorization, char signature[TI_SHA256_TEXT_MAX], ticker_error *error)
{
    char own[TI_SHA256_TEXT_MAX], *hex = signature != NULL ? signature : own, name[TI_SIGV4_SCOPE_MAX];
    ticker_status status;

    if (request->expires != 0)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "a request that expires is signed in its query, not in its headers");
    status = run_stages(scope, key, request, NULL, hex, error);
    if (status == TICKER_OK)
        status = ti_sigv4_scope_text(scope, name, error);
    if (status == TICKER_OK) {
        (void)ti_buffer_text(authorization, TI_SIGV4_ALGORITHM " Credential=");
        (void)ti_buffer_slice(authorization, scope->access_key);
        (void)ti_buffer_byte(authorization, '/');
        (void)ti_buffer_text(authorization, name);
        (void)ti_buffer_text(authorization, ", SignedHeaders=");
        (void)ti_buffer_slice(authorization, (ti_slice){key->names.data, key->names.size});
        (void)ti_buffer_text(authorization, ", Signature=");
        if (!ti_buffer_text(authorization, hex))
            status = ti_fail_memory(error);
    }
    ti_buffer_clear(&key->names);
    return status;
}

ticker_status ti_sigv4_presign(const ti_sigv4_scope *scope, ti_sigv4_key *key, const ti_sigv4_request *request,
                               ti_buffer *query, ticker_error *error)
{
    char signature[TI_SHA256_TEXT_MAX];
    ticker_status status;

    if (request->expires == 0)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "a presigned request needs a time after which it expires");
    status = run_stages(scope, key, request, query, signature, error);
    ti_buffer_clear(&key->names);
    if (status != TICKER_OK)
        return status;
    if (scope->omit_token && scope->session_token.size > 0) {
        (void)ti_buffer_text(query, "&X-Amz-Security-Token=");
        (void)ti_buffer_percent(query, scope->session_token, false);
    }
    (void)ti_buffer_text(query, "&X-Amz-Signature=");
    return ti_buffer_text(query, signature) ? TICKER_OK : ti_fail_memory(error);
}
