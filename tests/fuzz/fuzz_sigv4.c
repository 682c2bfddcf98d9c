/* Signature Version 4 of any request. The input is text: a line of letters (s: the rules of S3, n: no normalising,
 * p: presigned, t: a session token, o: added after signing), then method, path, query, payload hash, and a line
 * "name:value" for each header. */
#include "fuzz.h"

#include <string.h>
#include <tickerimport/aws.h>

#include "aws/sigv4.h"
#include "base/error.h"

#define BUFFER_MAX ((size_t)4 << 20)
#define HEADERS_MAX 200 /* more than are allowed */

typedef struct input {
    ti_sigv4_scope scope;
    ti_sigv4_request request;
    ti_http_header headers[HEADERS_MAX];
} input;

static ti_slice take_line(ti_slice *rest)
{
    const char *end = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
    ti_slice line = {rest->data, end != NULL ? (size_t)(end - rest->data) : rest->size};
    size_t taken = line.size + (end != NULL);

    *rest = (ti_slice){rest->data + taken, rest->size - taken};
    return line;
}

static bool has(ti_slice letters, char letter)
{
    return letters.size > 0 && memchr(letters.data, letter, letters.size) != NULL;
}

static void read_input(input *in, ti_slice rest)
{
    ti_slice letters = take_line(&rest);

    in->scope = (ti_sigv4_scope){.access_key = ti_slice_of("AKIDEXAMPLE"),
                                 .secret_key = ti_slice_of("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                                 .session_token = ti_slice_of(has(letters, 't') ? "token/+= " : ""),
                                 .region = ti_slice_of("us-east-1"),
                                 .service = ti_slice_of(has(letters, 's') ? "s3" : "sqs"),
                                 .time = INT64_C(1440938160000),
                                 .s3 = has(letters, 's'),
                                 .omit_token = has(letters, 'o'),
                                 .no_normalize = has(letters, 'n')};
    in->request = (ti_sigv4_request){.headers = in->headers, .expires = has(letters, 'p') ? 900 : 0};
    in->request.method = take_line(&rest);
    in->request.path = take_line(&rest);
    in->request.query = take_line(&rest);
    in->request.payload_hash = take_line(&rest);
    while (rest.size > 0 && in->request.header_count < HEADERS_MAX) {
        ti_slice line = take_line(&rest);
        const char *colon = line.size > 0 ? memchr(line.data, ':', line.size) : NULL;
        size_t name = colon != NULL ? (size_t)(colon - line.data) : line.size;
        size_t value = colon != NULL ? name + 1 : name;

        in->headers[in->request.header_count++] = (ti_http_header){{line.data, name},
                                                                   {line.data + value, line.size - value}};
    }
}

static ti_slice bytes_of(const ti_buffer *buffer)
{
    return (ti_slice){buffer->size > 0 ? buffer->data : "", buffer->size};
}

static bool canonical_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           memchr("-._~%=&", byte, 7) != NULL;
}

/* The query's line is made of what a URL may hold, and is its own canonical form. */
static void check_query(const input *in, ti_slice canonical)
{
    input again = *in;
    ti_buffer second;
    ti_slice rest = canonical, line;

    CHECK(ti_slice_equal(take_line(&rest), in->request.method));
    line = take_line(&rest);
    CHECK(line.size > 0 && line.data[0] == '/');
    CHECK(!in->scope.s3 || line.size < in->request.path.size + 2);
    line = take_line(&rest);
    for (size_t i = 0; i < line.size; i++)
        CHECK(canonical_byte(line.data[i]));
    if (in->request.expires > 0)
        return;
    ti_buffer_init(&second, BUFFER_MAX);
    again.request.query = line;
    if (ti_sigv4_canonical(&again.scope, &again.request, &second, NULL, NULL, NULL) == TICKER_OK)
        CHECK(ti_slice_equal(bytes_of(&second), canonical));
    else
        CHECK(line.size > TICKER_SIGNED_BYTES_MAX / 8); /* it has grown out of the cap */
    ti_buffer_free(&second);
}

static char *text_of(ti_slice bytes)
{
    char *text = malloc(bytes.size + 1);

    CHECK(text != NULL);
    if (bytes.size > 0)
        memcpy(text, bytes.data, bytes.size);
    text[bytes.size] = '\0';
    return text;
}

static bool set(ticker_signing *signing, const char *name, ti_slice value)
{
    char *text = text_of(value);
    bool taken = strlen(text) == value.size && ticker_signing_set(signing, name, text, NULL) == TICKER_OK;

    free(text);
    return taken;
}

static bool add_header(ticker_signing *signing, ti_http_header header)
{
    char *name = text_of(header.name), *value = text_of(header.value);
    bool taken = strlen(name) == header.name.size && strlen(value) == header.value.size &&
                 ticker_signing_header(signing, name, value, NULL) == TICKER_OK;

    free(name);
    free(value);
    return taken;
}

/* The public calls take fewer requests; those they take they sign alike. */
static void check_public(const input *in, ti_slice canonical, ti_slice sent)
{
    ticker_signing *signing = ticker_signing_new();
    const char *text = NULL;
    bool taken;

    CHECK(signing != NULL);
    taken = set(signing, "access-key", in->scope.access_key) && set(signing, "secret-key", in->scope.secret_key) &&
            set(signing, "session-token", in->scope.session_token) && set(signing, "region", in->scope.region) &&
            set(signing, "service", in->scope.service) && set(signing, "time", ti_slice_of("20150830T123600Z")) &&
            set(signing, "expires", ti_slice_of(in->request.expires > 0 ? "900" : "0")) &&
            set(signing, "method", in->request.method) && set(signing, "path", in->request.path) &&
            set(signing, "query", in->request.query) &&
            (in->request.payload_hash.size == 0 || set(signing, "payload-hash", in->request.payload_hash));
    for (size_t i = 0; taken && i < in->request.header_count; i++)
        taken = add_header(signing, in->headers[i]);
    if (taken && !in->scope.omit_token && !in->scope.no_normalize) {
        CHECK(ticker_signing_authorization(signing, &text, NULL) == TICKER_OK);
        CHECK(ti_slice_is(sent, text));
        CHECK(ticker_signing_canonical_request(signing, &text, NULL) == TICKER_OK);
        CHECK(ti_slice_is(canonical, text));
    }
    ticker_signing_free(signing);
}

static void check_signed(const input *in)
{
    ti_sigv4_key *key = ti_sigv4_key_new(&in->scope);
    ti_buffer canonical, string, sent, again;
    char signature[TI_SHA256_TEXT_MAX];
    ticker_error error;

    CHECK(key != NULL);
    ti_error_init(&error);
    ti_buffer_init(&canonical, BUFFER_MAX);
    ti_buffer_init(&string, BUFFER_MAX);
    ti_buffer_init(&sent, BUFFER_MAX);
    ti_buffer_init(&again, BUFFER_MAX);
    if (ti_sigv4_canonical(&in->scope, &in->request, &canonical, NULL, &again, &error) != TICKER_OK) {
        CHECK(error.status == TICKER_FATAL);
        CHECK(error.kind == TICKER_ERROR_USAGE || error.kind == TICKER_ERROR_LIMIT);
        goto out;
    }
    check_query(in, bytes_of(&canonical));
    CHECK(ti_sigv4_string_to_sign(&in->scope, bytes_of(&canonical), &string, NULL) == TICKER_OK);
    CHECK(ti_sigv4_signature(key, bytes_of(&string), signature, NULL) == TICKER_OK);
    if (in->request.expires > 0) {
        CHECK(ti_sigv4_presign(&in->scope, key, &in->request, &sent, NULL) == TICKER_OK);
        CHECK(memcmp(sent.data, again.data, again.size) == 0);
    } else {
        CHECK(ti_sigv4_sign(&in->scope, key, &in->request, &sent, NULL, NULL) == TICKER_OK);
        CHECK(again.size == 0);
    }
    CHECK(memcmp(sent.data + sent.size - 64, signature, 64) == 0);
    check_public(in, bytes_of(&canonical), bytes_of(&sent));
out:
    ti_buffer_free(&canonical);
    ti_buffer_free(&string);
    ti_buffer_free(&sent);
    ti_buffer_free(&again);
    ti_sigv4_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in;

    read_input(&in, (ti_slice){size > 0 ? (const char *)data : "", size});
    check_signed(&in);
    return 0;
}
