/* Makes up requests, signs them with the library, and prints each with what was signed as a line of JSON, for
 * sigv4_oracle.py to sign again with AWS's own signers.
 *
 *   sigv4_requests COUNT [SEED] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "aws/sigv4.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/number.h"

#define BYTES_MAX ((size_t)1 << 20)
#define TEXTS 64
#define HEADERS 12
#define FIRST_TIME INT64_C(946684800000)              /* 2000 */
#define TIME_SPAN (INT64_C(100) * 365 * 86400 * 1000) /* a century */

static uint64_t state;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state * 0x2545f4914f6cdd1du >> 16) % below;
}

static bool one_in(uint64_t n)
{
    return draw(n) == 0;
}

#define PICK(list) list[draw(sizeof(list) / sizeof(list[0]))]

/* --- Made-up texts -------------------------------------------------------------------------------------------------------------- */

/* What is kept until the request is printed. */
typedef struct texts {
    ti_buffer list[TEXTS];
    size_t count;
} texts;

static ti_buffer *new_text(texts *all)
{
    ti_buffer *text = &all->list[all->count < TEXTS - 1 ? all->count++ : TEXTS - 1];

    ti_buffer_init(text, BYTES_MAX);
    return text;
}

static ti_slice finished(const ti_buffer *text)
{
    return (ti_slice){text->size > 0 ? text->data : "", text->size};
}

static void free_texts(texts *all)
{
    for (size_t i = 0; i < all->count; i++)
        ti_buffer_free(&all->list[i]);
    all->count = 0;
}

/* One to eight characters that are a nuisance in URLs. */
static void put_nuisance(ti_buffer *to)
{
    static const char *const characters[] = {"a",
                                             "b",
                                             "Z",
                                             "0",
                                             "9",
                                             " ",
                                             "+",
                                             "%",
                                             "&",
                                             "=",
                                             "?",
                                             "#",
                                             "~",
                                             "*",
                                             "'",
                                             "(",
                                             ")",
                                             "!",
                                             ",",
                                             ";",
                                             ":",
                                             "@",
                                             "$",
                                             "/",
                                             ".",
                                             "_",
                                             "-",
                                             "[",
                                             "]",
                                             "|",
                                             "^",
                                             "`",
                                             "{",
                                             "}",
                                             "\"",
                                             "\\",
                                             "<",
                                             ">",
                                             "\xc3\xa9",
                                             "\xe1\x88\xb4",
                                             "\xf0\x9f\x93\x88"};

    for (uint64_t left = 1 + draw(8); left > 0; left--)
        (void)ti_buffer_text(to, PICK(characters));
}

static void put_encoded(ti_buffer *to, bool keep_slash)
{
    ti_buffer plain;

    ti_buffer_init(&plain, BYTES_MAX);
    put_nuisance(&plain);
    (void)ti_buffer_percent(to, finished(&plain), keep_slash);
    ti_buffer_free(&plain);
}

/* Encoded, but in other ways than the canonical one. botocore expects that one; awscrt takes ":/" for a scheme. */
static void put_loosely(ti_buffer *to)
{
    static const char *const pieces[] = {"+", "%41", "%c3%a9", "\xc3\xa9", "%7e", "%2d", "x", "/", "?", "%2f"};

    for (uint64_t left = 1 + draw(4); left > 0; left--)
        (void)ti_buffer_text(to, PICK(pieces));
}

static ti_slice make_path(texts *all)
{
    static const char *const odd[] = {"/.", "/..", "/", "/./", "/../..", "//", "/...", "/.a", "/%2E%2E"};
    ti_buffer *path = new_text(all);

    for (uint64_t left = draw(4); left > 0; left--) {
        (void)ti_buffer_byte(path, '/');
        put_encoded(path, one_in(8));
        if (one_in(6))
            (void)ti_buffer_text(path, PICK(odd));
    }
    if (path->size == 0 || one_in(4))
        (void)ti_buffer_byte(path, '/');
    return finished(path);
}

/* botocore's presigning takes the last of several parameters of one name for all of them: that too is `loose`. */
static ti_slice make_query(texts *all, bool loose)
{
    static const char *const names[] = {"a", "A", "a-b", "a.b", "aa", "prefix", "Action", "lifecycle"};
    ti_buffer *query = new_text(all);

    for (uint64_t left = draw(5), i = 0; i < left; i++) {
        if (i > 0)
            (void)ti_buffer_text(query, loose && one_in(4) ? "&&" : "&");
        if (!loose)
            (void)ti_buffer_printf(query, "%" PRIu64, i);
        if (one_in(2))
            (void)ti_buffer_text(query, PICK(names));
        else
            put_encoded(query, false);
        if (!loose || !one_in(4))
            (void)ti_buffer_byte(query, '=');
        if (loose && one_in(2))
            put_loosely(query);
        else if (!one_in(4))
            put_encoded(query, false);
    }
    return finished(query);
}

static ti_slice make_value(texts *all)
{
    static const char *const pieces[] = {"x", "y z", "  ", "\t", "\"", ",", ";", "=", "\xc3\xa9", "bytes=0-9", "1"};
    ti_buffer *value = new_text(all);

    for (uint64_t left = draw(6); left > 0; left--)
        (void)ti_buffer_text(value, PICK(pieces));
    return finished(value);
}

static ti_slice make_key(texts *all, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+=";
    ti_buffer *key = new_text(all);

    for (; size > 0; size--)
        (void)ti_buffer_byte(key, letters[draw(sizeof(letters) - 1)]);
    return finished(key);
}

/* --- A request ------------------------------------------------------------------------------------------------------------------ */

typedef struct made_up {
    texts texts;
    ti_http_header headers[HEADERS];
    ti_sigv4_scope scope;
    ti_sigv4_request request;
    bool loose;
} made_up;

static void make_scope(made_up *it)
{
    static const char *const regions[] = {"us-east-1", "eu-west-1", "sa-east-1", "us-gov-west-1", "x"};
    static const char *const others[] = {"sqs", "sns", "sts", "execute-api", "es"};

    it->scope = (ti_sigv4_scope){.access_key = make_key(&it->texts, 4 + draw(17)),
                                 .secret_key = make_key(&it->texts, 1 + draw(80)),
                                 .region = ti_slice_of(PICK(regions)),
                                 .time = FIRST_TIME + (int64_t)draw(TIME_SPAN / 1000) * 1000,
                                 .s3 = !one_in(3)};
    it->scope.service = ti_slice_of(it->scope.s3 ? "s3" : PICK(others));
    if (one_in(2))
        it->scope.session_token = make_key(&it->texts, 1 + draw(400));
    it->scope.omit_token = one_in(6);
    it->scope.no_normalize = it->scope.s3 || one_in(3);
}

static void make_headers(made_up *it)
{
    static const char *const names[] = {"x-amz-meta-a", "X-Amz-Meta-A", "x-amz-meta-ab",   "x-amz-meta-a-b",
                                        "Content-Type", "RANGE",        "if-match",        "x-amz-target",
                                        "User-Agent",   "Expect",       "x-amzn-trace-id", "zz"};
    static const char *const hosts[] = {"h.example.com", "localhost:7480", "bucket.s3.us-east-1.amazonaws.com",
                                        "127.0.0.1:4566"};

    it->request.headers = it->headers;
    it->headers[it->request.header_count++] = (ti_http_header){ti_slice_of("Host"), ti_slice_of(PICK(hosts))};
    for (uint64_t left = draw(HEADERS - 1); left > 0; left--)
        it->headers[it->request.header_count++] = (ti_http_header){ti_slice_of(PICK(names)), make_value(&it->texts)};
}

static ti_slice make_payload(made_up *it)
{
    static const char *const words[] = {TI_UNSIGNED_PAYLOAD, TI_STREAMING_PAYLOAD, TI_STREAMING_TRAILER,
                                        "STREAMING-UNSIGNED-PAYLOAD-TRAILER"};
    unsigned char digest[TI_SHA256_BYTES];
    char hash[TI_SHA256_TEXT_MAX];
    ti_buffer *text;
    uint64_t body = draw(1000);

    if (it->request.expires > 0 && it->scope.s3)
        return (ti_slice){0}; /* what is signed then is up to the signer */
    if (it->scope.s3 && one_in(3))
        return ti_slice_of(PICK(words));
    if (!ti_sha256_of(&body, sizeof(body), digest))
        abort();
    ti_hex(digest, sizeof(digest), hash);
    text = new_text(&it->texts);
    (void)ti_buffer_text(text, hash);
    return finished(text);
}

static void make_up(made_up *it)
{
    static const char *const methods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};

    *it = (made_up){.loose = one_in(5)};
    make_scope(it);
    it->request.method = ti_slice_of(PICK(methods));
    it->request.path = make_path(&it->texts);
    it->request.query = make_query(&it->texts, it->loose);
    if (one_in(3))
        it->request.expires = 1 + (int64_t)draw(604800);
    make_headers(it);
    it->request.payload_hash = make_payload(it);
}

/* --- Printing ------------------------------------------------------------------------------------------------------------------- */

static void put_member(ti_buffer *to, const char *name, ti_slice value)
{
    (void)ti_buffer_printf(to, "%c\"%s\":", to->size > 0 ? ',' : '{', name);
    (void)ti_buffer_json(to, value);
}

static void put_flag(ti_buffer *to, const char *name, bool flag)
{
    (void)ti_buffer_printf(to, ",\"%s\":%s", name, flag ? "true" : "false");
}

static void put_request(ti_buffer *to, const made_up *it)
{
    char time[TI_TIME_BASIC_MAX];

    ti_time_basic(it->scope.time, time);
    put_member(to, "method", it->request.method);
    put_member(to, "path", it->request.path);
    put_member(to, "query", it->request.query);
    put_member(to, "payload", it->request.payload_hash);
    put_member(to, "access_key", it->scope.access_key);
    put_member(to, "secret_key", it->scope.secret_key);
    put_member(to, "token", it->scope.session_token);
    put_member(to, "region", it->scope.region);
    put_member(to, "service", it->scope.service);
    put_member(to, "time", ti_slice_of(time));
    put_flag(to, "s3", it->scope.s3);
    put_flag(to, "normalize", !it->scope.no_normalize);
    put_flag(to, "omit_token", it->scope.omit_token);
    put_flag(to, "loose", it->loose);
    (void)ti_buffer_printf(to, ",\"expires\":%" PRId64 ",\"headers\":[", it->request.expires);
    for (size_t i = 0; i < it->request.header_count; i++) {
        (void)ti_buffer_text(to, i > 0 ? ",[" : "[");
        (void)ti_buffer_json(to, it->headers[i].name);
        (void)ti_buffer_byte(to, ',');
        (void)ti_buffer_json(to, it->headers[i].value);
        (void)ti_buffer_byte(to, ']');
    }
    (void)ti_buffer_byte(to, ']');
}

/* By the stages and by the call that does all of them. */
static ticker_status put_signed(ti_buffer *to, const made_up *it, ticker_error *error)
{
    ti_sigv4_key *key = ti_sigv4_key_new(&it->scope);
    ti_buffer canonical, string, sent;
    char signature[TI_SHA256_TEXT_MAX];
    ticker_status status;

    ti_buffer_init(&canonical, BYTES_MAX);
    ti_buffer_init(&string, BYTES_MAX);
    ti_buffer_init(&sent, BYTES_MAX);
    status = key != NULL ? TICKER_OK : ti_fail_memory(error);
    if (status == TICKER_OK)
        status = ti_sigv4_canonical(&it->scope, &it->request, &canonical, NULL, NULL, error);
    if (status == TICKER_OK)
        status = ti_sigv4_string_to_sign(&it->scope, finished(&canonical), &string, error);
    if (status == TICKER_OK)
        status = ti_sigv4_signature(key, finished(&string), signature, error);
    if (status == TICKER_OK && it->request.expires > 0)
        status = ti_sigv4_presign(&it->scope, key, &it->request, &sent, error);
    else if (status == TICKER_OK)
        status = ti_sigv4_sign(&it->scope, key, &it->request, &sent, NULL, error);
    if (status == TICKER_OK) {
        put_member(to, "canonical", finished(&canonical));
        put_member(to, "string", finished(&string));
        put_member(to, "signature", ti_slice_of(signature));
        put_member(to, "sent", finished(&sent));
        if (!ti_buffer_text(to, "}\n"))
            status = ti_fail_memory(error);
    }
    ti_buffer_free(&canonical);
    ti_buffer_free(&string);
    ti_buffer_free(&sent);
    ti_sigv4_key_free(key);
    return status;
}

int main(int argc, char **argv)
{
    int64_t count = 0, seed = 1;
    ticker_error error;
    ti_buffer line;
    made_up it;

    if (argc < 2 || argc > 3 || !ti_parse_integer(ti_slice_of(argv[1]), false, &count) ||
        (argc > 2 && !ti_parse_integer(ti_slice_of(argv[2]), false, &seed))) {
        fprintf(stderr, "usage: sigv4_requests COUNT [SEED]\n");
        return 2;
    }
    state = 0x9e3779b97f4a7c15u * (uint64_t)(seed + 1);
    ti_buffer_init(&line, BYTES_MAX);
    ti_error_init(&error);
    for (int64_t i = 0; i < count; i++) {
        make_up(&it);
        ti_buffer_clear(&line);
        put_request(&line, &it);
        if (put_signed(&line, &it, &error) != TICKER_OK) {
            fprintf(stderr, "request %" PRId64 " of seed %" PRId64 ": %s\n", i, seed, error.message);
            return 1;
        }
        (void)fwrite(line.data, 1, line.size, stdout);
        free_texts(&it.texts);
    }
    ti_buffer_free(&line);
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : 1;
}
