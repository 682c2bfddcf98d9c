/* Keys as texts and as JSON: what is looked at before they are believed. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* memmem() */
#endif
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials_provider.h"
#include "aws/json.h"
#include "base/error.h"

void ti_credentials_wipe(ti_credentials *credentials)
{
    if (credentials->session_token != NULL)
        explicit_bzero(credentials->session_token, strlen(credentials->session_token));
    free(credentials->session_token);
    explicit_bzero(credentials, sizeof(*credentials));
}

void ti_credentials_move(ti_credentials *to, ti_credentials *from)
{
    *to = *from;
    explicit_bzero(from, sizeof(*from));
}

void ti_lookup_note(ti_lookup *lookup, const char *format, ...)
{
    size_t left = sizeof(lookup->looked) - lookup->looked_size;
    char *to = lookup->looked + lookup->looked_size;
    int begin = snprintf(to, left, "%s", lookup->looked_size > 0 ? "; " : ""), length;
    va_list arguments;

    if (begin < 0 || (size_t)begin >= left)
        return;
    va_start(arguments, format);
    length = vsnprintf(to + begin, left - (size_t)begin, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= left - (size_t)begin)
        length = (int)(left - (size_t)begin) - 1;
    lookup->looked_size += (size_t)(begin + length);
}

bool ti_lookup_interrupted(const ti_lookup *lookup)
{
    return lookup->setup->interrupted != NULL && lookup->setup->interrupted(lookup->setup->interrupted_payload);
}

ti_slice ti_trimmed(ti_slice text)
{
    static const char blanks[] = {' ', '\t', '\r', '\n'};

    while (text.size > 0 && memchr(blanks, text.data[text.size - 1], sizeof(blanks)) != NULL)
        text.size--;
    while (text.size > 0 && memchr(blanks, *text.data, sizeof(blanks)) != NULL) {
        text.data++;
        text.size--;
    }
    return text;
}

bool ti_is_token(ti_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    return text.size > 0;
}

#define REVEALING 8 /* bytes in a row that are no accident */

bool ti_reveals(ti_slice text, ti_slice secret)
{
    size_t size = secret.size < REVEALING ? secret.size : REVEALING;

    for (size_t i = 0; size > 0 && i + size <= text.size; i++)
        if (memmem(secret.data, secret.size, text.data + i, size) != NULL)
            return true;
    return false;
}

/* A key that is there, fits and could be sent. */
static ticker_status check_key(ti_slice key, size_t max, const char *what, const char *where, ticker_error *error)
{
    if (key.size == 0) {
        (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s: the %s is missing", where, what);
        ti_error_hint(error, "an access key and its secret belong together: give both or neither");
        return TICKER_FATAL;
    }
    if (key.size > max)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s: the %s is longer than %zu bytes", where, what,
                       max);
    if (!ti_is_token(key))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "%s: the %s has blanks or other characters that no key has", where, what);
    return TICKER_OK;
}

ticker_status ti_credentials_fill(ti_credentials *credentials, const ti_keys *keys, const char *source,
                                  const char *where, ticker_error *error)
{
    ti_slice access = ti_trimmed(keys->access_key), secret = ti_trimmed(keys->secret_key);
    ti_slice token = ti_trimmed(keys->session_token);
    ticker_status status = check_key(access, TI_ACCESS_KEY_MAX - 1, "access key", where, error);

    memset(credentials, 0, sizeof(*credentials));
    if (status == TICKER_OK)
        status = check_key(secret, TI_SECRET_KEY_MAX - 1, "secret access key", where, error);
    if (status == TICKER_OK && token.size > 0)
        status = check_key(token, TI_SESSION_TOKEN_MAX, "session token", where, error);
    if (status != TICKER_OK)
        return status;
    credentials->session_token = malloc(token.size + 1);
    if (credentials->session_token == NULL)
        return ti_fail_memory(error);
    memcpy(credentials->access_key, access.data, access.size);
    memcpy(credentials->secret_key, secret.data, secret.size);
    if (token.size > 0)
        memcpy(credentials->session_token, token.data, token.size);
    credentials->session_token[token.size] = '\0';
    credentials->expires = keys->expires;
    credentials->source = source;
    return TICKER_OK;
}

__attribute__((format(printf, 3, 4))) static ticker_status unfit(const ti_document *document, ticker_error *error,
                                                                 const char *format, ...)
{
    char what[TICKER_ERROR_MESSAGE_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    return ti_fail(error, document->local ? TICKER_FATAL : TICKER_RETRY,
                   document->local ? TICKER_ERROR_USAGE : TICKER_ERROR_SERVICE, "%s: the answer %s", document->where,
                   what);
}

/* "AssumeRoleUnauthorizedAccess" and the like; anything else might be a secret. */
static bool only_letters(ti_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((text.data[i] < 'A' || text.data[i] > 'Z') && (text.data[i] < 'a' || text.data[i] > 'z'))
            return false;
    return text.size <= 64;
}

static ticker_status check_code(ti_json_value *root, const ti_document *document, ticker_error *error)
{
    ti_slice code = ti_json_text(ti_json_member(root, "Code"));

    if (code.size == 0 || ti_slice_is(code, "Success"))
        return TICKER_OK;
    if (!only_letters(code))
        return unfit(document, error, "is not a success");
    return unfit(document, error, "is not a success but \"%.*s\"", (int)code.size, code.data);
}

static ticker_status fill_from(ti_credentials *credentials, ti_json_value *root, const ti_document *document,
                               ticker_error *error)
{
    ti_slice expires = ti_json_text(ti_json_member(root, "Expiration"));
    ti_keys keys = {.access_key = ti_json_text(ti_json_member(root, "AccessKeyId")),
                    .secret_key = ti_json_text(ti_json_member(root, "SecretAccessKey")),
                    .session_token = ti_json_text(ti_json_member(root, document->token))};
    int64_t version = 0;
    ticker_status status;

    if (document->version && (!ti_json_integer(ti_json_member(root, "Version"), &version) || version != 1))
        status = unfit(document, error, "has no \"Version\": 1, so that its meaning is not known");
    else if (keys.access_key.size == 0 || keys.secret_key.size == 0)
        status = unfit(document, error, "has no AccessKeyId and SecretAccessKey");
    else if (expires.size == 0 && document->temporary)
        status = unfit(document, error, "has no Expiration");
    else if (expires.size > 0 && !ti_time_parse_extended(expires, &keys.expires))
        status = unfit(document, error, "has an Expiration that is no time");
    else
        status = ti_credentials_fill(credentials, &keys, document->source, document->where, error);
    return status;
}

ticker_status ti_credentials_json(ti_credentials *credentials, ti_slice text, const ti_document *document,
                                  ticker_error *error)
{
    ti_json *json = NULL;
    ticker_error why;
    ticker_status status;

    ti_error_init(&why);
    if (ti_json_read_secret(text, &json, &why) != TICKER_OK)
        return why.kind == TICKER_ERROR_MEMORY ? ti_fail_memory(error) : unfit(document, error, "is no JSON");
    if (!ti_json_is_object(ti_json_root(json)))
        status = unfit(document, error, "is no JSON object");
    else
        status = document->code ? check_code(ti_json_root(json), document, error) : TICKER_OK;
    if (status == TICKER_OK)
        status = fill_from(credentials, ti_json_root(json), document, error);
    ti_json_wipe(json);
    return status;
}
