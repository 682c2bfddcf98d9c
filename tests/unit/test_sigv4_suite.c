/* AWS's own signing suite, 38 cases in both ways of signing, and the examples of the S3 reference. They are not part of
 * the project: TICKER_TEST_SIGV4 names a folder that has them; without it this test skips. */
#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "aws/json.h"
#include "base/encode.h"
#include "signing.h"

#define CASES 38
#define SKIPPED 77
#define HEADERS 32

static char folder[1024];

static void load(const char *path, ti_buffer *bytes)
{
    FILE *file = fopen(path, "rb");
    char piece[4096];
    size_t got;

    ck_assert_msg(file != NULL, "%s cannot be opened", path);
    bytes_init(bytes);
    while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
        add_bytes(bytes, piece, got);
    ck_assert(ferror(file) == 0 && ti_buffer_string(bytes) != NULL);
    (void)fclose(file);
}

static ti_json *load_json(const char *path)
{
    ti_json *json = NULL;
    ti_buffer bytes;

    load(path, &bytes);
    ck_assert_int_eq(ti_json_read((ti_slice){bytes.data, bytes.size}, &json, NULL), TICKER_OK);
    ti_buffer_free(&bytes);
    return json;
}

static ti_slice member(ti_json_value *value, const char *name)
{
    return ti_json_text(ti_json_member(value, name));
}

typedef struct signing_case {
    const char *name;
    ti_json *context;
    ti_buffer text; /* request.txt */
    ti_slice body;
    ti_http_header headers[HEADERS];
    char hash[TI_SHA256_TEXT_MAX];
    bool sign_body;
    int64_t expires;
    ti_sigv4_scope scope;
    ti_sigv4_request request;
} signing_case;

static void case_path(char *path, size_t size, const signing_case *of, const char *kind, const char *file)
{
    int length = snprintf(path, size, "%s/v4/%s/%s%s", folder, of->name, kind, file);

    ck_assert(length > 0 && (size_t)length < size);
}

/* "GET /path?query HTTP/1.1", lines of headers (some folded), an empty line, the body. */
static void read_request(signing_case *of)
{
    char *at = of->text.data, *end = strchr(at, '\n'), *target = strchr(at, ' ') + 1, *query;

    ck_assert(end != NULL && end - target > 9);
    of->request.method = (ti_slice){at, (size_t)(target - 1 - at)};
    end[-9] = '\0'; /* before " HTTP/1.1" */
    query = strchr(target, '?');
    of->request.path = (ti_slice){target, query != NULL ? (size_t)(query - target) : strlen(target)};
    of->request.query = ti_slice_of(query != NULL ? query + 1 : "");
    of->request.headers = of->headers;
    for (at = end + 1; *at != '\0' && *at != '\n'; at = end + (*end == '\n')) {
        char *colon = strchr(at, ':');

        ck_assert(colon != NULL && of->request.header_count < HEADERS);
        end = at;
        do
            end += strcspn(end, "\n");
        while (*end == '\n' && (end[1] == ' ' || end[1] == '\t') && end++);
        of->headers[of->request.header_count++] = (ti_http_header){{at, (size_t)(colon - at)},
                                                                   {colon + 1, (size_t)(end - colon - 1)}};
    }
    of->body = ti_slice_of(*at == '\n' ? at + 1 : at);
}

static void read_case(signing_case *of, const char *name)
{
    ti_json_value *root, *keys;
    char path[2048];
    unsigned char digest[TI_SHA256_BYTES];

    *of = (signing_case){.name = name};
    case_path(path, sizeof(path), of, "", "context.json");
    of->context = load_json(path);
    root = ti_json_root(of->context);
    keys = ti_json_member(root, "credentials");
    of->scope = (ti_sigv4_scope){.access_key = member(keys, "access_key_id"),
                                 .secret_key = member(keys, "secret_access_key"),
                                 .session_token = member(keys, "token"),
                                 .region = member(root, "region"),
                                 .service = member(root, "service"),
                                 .omit_token = ti_json_true(ti_json_member(root, "omit_session_token")),
                                 .no_normalize = !ti_json_true(ti_json_member(root, "normalize"))};
    of->sign_body = ti_json_true(ti_json_member(root, "sign_body"));
    ck_assert(ti_time_parse_extended(member(root, "timestamp"), &of->scope.time));
    ck_assert(ti_json_integer(ti_json_member(root, "expiration_in_seconds"), &of->expires));
    case_path(path, sizeof(path), of, "", "request.txt");
    load(path, &of->text);
    read_request(of);
    ck_assert(ti_sha256_of(of->body.data, of->sign_body ? of->body.size : 0, digest));
    ti_hex(digest, sizeof(digest), of->hash);
    of->request.payload_hash = ti_slice_of(of->hash);
}

static int compare_file(const signing_case *of, const char *kind, const char *file, ti_slice ours)
{
    ti_buffer theirs;
    char path[2048];

    case_path(path, sizeof(path), of, kind, file);
    load(path, &theirs);
    ck_assert_msg(ti_slice_equal(ours, (ti_slice){theirs.data, theirs.size}), "%s, %s%s:\n%.*s\ninstead of\n%s",
                  of->name, kind, file, (int)ours.size, ours.data, theirs.data);
    ti_buffer_free(&theirs);
    return 1;
}

/* Each stage from the text that the suite has for the one before is not needed: ours is the same. */
static int compare_case(const signing_case *of, const char *kind)
{
    ti_sigv4_key *key = ti_sigv4_key_new(&of->scope);
    char signature[TI_SHA256_TEXT_MAX];
    ti_buffer canonical, string, sent;
    int compared = 0;

    ck_assert_ptr_nonnull(key);
    bytes_init(&canonical);
    bytes_init(&string);
    bytes_init(&sent);
    ck_assert_int_eq(ti_sigv4_canonical(&of->scope, &of->request, &canonical, NULL, NULL, NULL), TICKER_OK);
    ck_assert_int_eq(ti_sigv4_string_to_sign(&of->scope, (ti_slice){canonical.data, canonical.size}, &string, NULL),
                     TICKER_OK);
    ck_assert_int_eq(ti_sigv4_signature(key, (ti_slice){string.data, string.size}, signature, NULL), TICKER_OK);
    compared += compare_file(of, kind, "canonical-request.txt", (ti_slice){canonical.data, canonical.size});
    compared += compare_file(of, kind, "string-to-sign.txt", (ti_slice){string.data, string.size});
    compared += compare_file(of, kind, "signature.txt", ti_slice_of(signature));
    if (of->request.expires > 0)
        ck_assert_int_eq(ti_sigv4_presign(&of->scope, key, &of->request, &sent, NULL), TICKER_OK);
    else
        ck_assert_int_eq(ti_sigv4_sign(&of->scope, key, &of->request, &sent, NULL, NULL), TICKER_OK);
    ck_assert(memcmp(sent.data + sent.size - 64, signature, 64) == 0);
    ti_buffer_free(&canonical);
    ti_buffer_free(&string);
    ti_buffer_free(&sent);
    ti_sigv4_key_free(key);
    return compared;
}

START_TEST(official_suite)
{
    char path[2048];
    struct dirent *entry;
    int cases = 0, compared = 0;
    DIR *all;

    (void)snprintf(path, sizeof(path), "%s/v4", folder);
    all = opendir(path);
    ck_assert_msg(all != NULL, "%s cannot be opened", path);
    while ((entry = readdir(all)) != NULL) {
        signing_case of;

        if (entry->d_name[0] == '.')
            continue;
        cases++;
        read_case(&of, entry->d_name);
        of.request.expires = of.expires;
        compared += compare_case(&of, "query-");
        of.request.expires = 0;
        if (of.sign_body)
            of.headers[of.request.header_count++] = (ti_http_header){TEXT("x-amz-content-sha256"),
                                                                     ti_slice_of(of.hash)};
        compared += compare_case(&of, "header-");
        ti_json_free(of.context);
        ti_buffer_free(&of.text);
    }
    (void)closedir(all);
    printf("official suite: %d cases, %d of %d comparisons equal\n", cases, compared, CASES * 6);
    ck_assert_int_eq(cases, CASES);
    ck_assert_int_eq(compared, CASES * 6);
}
END_TEST

/* --- S3 ------------------------------------------------------------------------------------------------------------------------- */

static void text_is(ti_json_value *expected, const char *ours)
{
    ck_assert_msg(ti_slice_is(ti_json_text(expected), ours), "%s instead of %s", ours, ti_json_text(expected).data);
}

/* The body of the streaming examples: 66,560 letters, 64 KiB in the first chunk. */
static void compare_chunks(ti_json_value *vector, const ti_sigv4_scope *scope, ti_sigv4_key *key, const char *seed)
{
    static const size_t sizes[] = {65536, 1024, 0};
    ti_json_value *signatures = ti_json_member(vector, "chunk_signatures");
    ti_json_value *last = ti_json_member(vector, "trailer_signature");
    ti_slice trailer = member(vector, "trailer");
    const char *colon = memchr(trailer.data, ':', trailer.size);
    ti_sigv4_chunks chunks;
    ti_buffer body, head;

    bytes_init(&body);
    bytes_init(&head);
    add_repeated(&body, 'a', 65536);
    ck_assert_int_eq(ti_sigv4_chunks_begin(&chunks, scope, key, seed, NULL), TICKER_OK);
    ck_assert_uint_eq(ti_json_count(signatures), COUNT(sizes));
    for (size_t i = 0; i < COUNT(sizes); i++) {
        ck_assert_int_eq(ti_sigv4_chunk(&chunks, body.data, sizes[i], &head, NULL), TICKER_OK);
        text_is(ti_json_at(signatures, i), chunks.previous);
    }
    ck_assert(ti_json_is_text(last) == (colon != NULL));
    if (colon != NULL) {
        size_t size = (size_t)(colon - trailer.data);

        ck_assert_int_eq(ti_sigv4_trailer(&chunks, (ti_slice){trailer.data, size},
                                          (ti_slice){colon + 1, trailer.size - size - 1}, &head, NULL),
                         TICKER_OK);
        text_is(last, chunks.previous);
    }
    ti_buffer_free(&body);
    ti_buffer_free(&head);
}

static void compare_vector(ti_json_value *vector, ti_json_value *root, const ti_sigv4_scope *scope)
{
    ti_json_value *headers = ti_json_member(vector, "headers");
    ti_slice target = member(vector, "target"), body = member(vector, "body"), payload = member(vector, "payload");
    const char *mark = memchr(target.data, '?', target.size);
    size_t path = mark != NULL ? (size_t)(mark - target.data) : target.size;
    bool streaming = ti_json_is_array(ti_json_member(vector, "chunk_signatures"));
    ti_http_header list[HEADERS] = {{TEXT("Host"), member(vector, "host")}};
    ti_sigv4_request request = {.method = member(vector, "method"),
                                .path = {target.data, path},
                                .headers = list,
                                .header_count = 1 + ti_json_count(headers)};
    char hash[TI_SHA256_TEXT_MAX], signature[TI_SHA256_TEXT_MAX];
    unsigned char digest[TI_SHA256_BYTES];
    ti_sigv4_key *key = ti_sigv4_key_new(scope);
    ti_buffer sent;

    ck_assert(key != NULL && request.header_count <= HEADERS);
    bytes_init(&sent);
    if (mark != NULL)
        request.query = (ti_slice){mark + 1, target.size - path - 1};
    if (list[0].value.size == 0)
        list[0].value = member(root, "host");
    for (size_t i = 1; i < request.header_count; i++)
        list[i] = (ti_http_header){ti_json_text(ti_json_at(ti_json_at(headers, i - 1), 0)),
                                   ti_json_text(ti_json_at(ti_json_at(headers, i - 1), 1))};
    ck_assert(ti_sha256_of(body.data, body.size, digest));
    ti_hex(digest, sizeof(digest), hash);
    request.payload_hash = streaming ? payload : ti_slice_of(hash);
    if (ti_json_integer(ti_json_member(vector, "presign"), &request.expires)) {
        request.payload_hash = TEXT("");
        ck_assert_int_eq(ti_sigv4_presign(scope, key, &request, &sent, NULL), TICKER_OK);
        memcpy(signature, ti_buffer_string(&sent) + sent.size - 64, 65);
    } else {
        ck_assert_int_eq(ti_sigv4_sign(scope, key, &request, &sent, signature, NULL), TICKER_OK);
    }
    text_is(ti_json_member(vector, "signature"), signature);
    if (streaming)
        compare_chunks(vector, scope, key, signature);
    ti_buffer_free(&sent);
    ti_sigv4_key_free(key);
}

START_TEST(s3_reference)
{
    char path[2048];
    ti_json *json;
    ti_json_value *root, *cases;
    ti_sigv4_scope scope;

    (void)snprintf(path, sizeof(path), "%s/s3-doc-vectors.json", folder);
    json = load_json(path);
    root = ti_json_root(json);
    cases = ti_json_member(root, "cases");
    scope = (ti_sigv4_scope){.access_key = member(root, "access_key"),
                             .secret_key = member(root, "secret_key"),
                             .region = member(root, "region"),
                             .service = member(root, "service"),
                             .s3 = true};
    ck_assert(ti_time_parse_basic(member(root, "date"), &scope.time));
    ck_assert_uint_ge(ti_json_count(cases), 7);
    for (size_t i = 0; i < ti_json_count(cases); i++)
        compare_vector(ti_json_at(cases, i), root, &scope);
    printf("S3 reference: %zu examples equal\n", ti_json_count(cases));
    ti_json_free(json);
}
END_TEST

/* TICKER_TEST_SIGV4, or where it stands beside the real files. */
static bool find_suite(void)
{
    const char *suite = getenv("TICKER_TEST_SIGV4"), *data = getenv("TICKER_TEST_DATA");
    DIR *found;

    if (suite != NULL && suite[0] != '\0')
        (void)snprintf(folder, sizeof(folder), "%s", suite);
    else if (suite == NULL && data != NULL && data[0] != '\0')
        (void)snprintf(folder, sizeof(folder), "%s/../aws/sigv4-suite", data);
    else
        return false;
    found = opendir(folder);
    if (found != NULL)
        (void)closedir(found);
    return found != NULL;
}

int main(void)
{
    const TTest *const tests[] = {official_suite, s3_reference};

    if (!find_suite()) {
        printf("SKIPPED: AWS's signing suite is not here (TICKER_TEST_SIGV4 names its folder)\n");
        return SKIPPED;
    }
    return run_tests("sigv4 suite", tests, COUNT(tests));
}
