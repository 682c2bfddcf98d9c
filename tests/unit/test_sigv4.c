/* Signature Version 4: the published examples, keys, chunks, and buffers that are too small. */
#include "support.h"

#include <stdio.h>

#include "base/encode.h"
#include "signing.h"

/* --- Published examples --------------------------------------------------------------------------------------------------------- */

/* IAM user guide: GET ListUsers, with its canonical request, string to sign and signature. */
START_TEST(the_guides_example)
{
    static const char canonical[] = "GET\n"
                                    "/\n"
                                    "Action=ListUsers&Version=2010-05-08\n"
                                    "content-type:application/x-www-form-urlencoded; charset=utf-8\n"
                                    "host:iam.amazonaws.com\n"
                                    "x-amz-date:20150830T123600Z\n"
                                    "\n"
                                    "content-type;host;x-amz-date\n" EMPTY_BODY;
    static const char string[] = "AWS4-HMAC-SHA256\n"
                                 "20150830T123600Z\n"
                                 "20150830/us-east-1/iam/aws4_request\n"
                                 "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
    static const ti_http_header headers[] = {
        {TEXT("X-Amz-Date"), TEXT("20150830T123600Z")},
        {TEXT("Host"), TEXT("iam.amazonaws.com")},
        {TEXT("Content-Type"), TEXT("application/x-www-form-urlencoded; charset=utf-8")}};
    ti_sigv4_scope scope = other_service();
    ti_sigv4_request request = {.method = TEXT("GET"),
                                .path = TEXT("/"),
                                .query = TEXT("Action=ListUsers&Version=2010-05-08"),
                                .headers = headers,
                                .header_count = 3,
                                .payload_hash = TEXT(EMPTY_BODY)};
    char signature[TI_SHA256_TEXT_MAX];
    ti_sigv4_key *key;
    ti_buffer text;

    scope.service = TEXT("iam");
    key = ti_sigv4_key_new(&scope);
    ck_assert_ptr_nonnull(key);
    bytes_init(&text);
    canonical_is(&scope, &request, canonical);
    ck_assert_int_eq(ti_sigv4_string_to_sign(&scope, TEXT(canonical), &text, NULL), TICKER_OK);
    ck_assert_str_eq(ti_buffer_string(&text), string);
    ck_assert_int_eq(ti_sigv4_signature(key, TEXT(string), signature, NULL), TICKER_OK);
    ck_assert_str_eq(signature, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    ti_buffer_clear(&text);
    memset(signature, 0, sizeof(signature));
    ck_assert_int_eq(ti_sigv4_sign(&scope, key, &request, &text, signature, NULL), TICKER_OK);
    ck_assert_str_eq(signature, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    ck_assert_str_eq(ti_buffer_string(&text),
                     "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
                     "SignedHeaders=content-type;host;x-amz-date, "
                     "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    ti_buffer_free(&text);
    ti_sigv4_key_free(key);
}
END_TEST

/* S3 API reference: GET of the first ten bytes. The stages add the date and the payload's hash themselves. */
START_TEST(s3_range)
{
    static const ti_http_header headers[] = {{TEXT("Host"), TEXT("examplebucket.s3.amazonaws.com")},
                                             {TEXT("Range"), TEXT("bytes=0-9")}};
    ti_sigv4_scope scope = s3_service();
    ti_sigv4_request request = {
        .method = TEXT("GET"), .path = TEXT("/test.txt"), .headers = headers, .header_count = 2};
    ti_sigv4_key *key = ti_sigv4_key_new(&scope);
    char signature[TI_SHA256_TEXT_MAX];
    ti_buffer text;

    ck_assert_ptr_nonnull(key);
    bytes_init(&text);
    canonical_is(&scope, &request,
                 "GET\n/test.txt\n\n"
                 "host:examplebucket.s3.amazonaws.com\n"
                 "range:bytes=0-9\n"
                 "x-amz-content-sha256:" EMPTY_BODY "\n"
                 "x-amz-date:20130524T000000Z\n"
                 "\n"
                 "host;range;x-amz-content-sha256;x-amz-date\n" EMPTY_BODY);
    for (int again = 0; again < 3; again++) {
        ti_buffer_clear(&text);
        ck_assert_int_eq(ti_sigv4_sign(&scope, key, &request, &text, signature, NULL), TICKER_OK);
        ck_assert_str_eq(signature, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    }
    ti_buffer_free(&text);
    ti_sigv4_key_free(key);
}
END_TEST

/* S3 API reference: a presigned GET, valid for a day. */
START_TEST(s3_presigned)
{
    static const ti_http_header headers[] = {{TEXT("Host"), TEXT("examplebucket.s3.amazonaws.com")}};
    ti_sigv4_scope scope = s3_service();
    ti_sigv4_request request = {
        .method = TEXT("GET"), .path = TEXT("/test.txt"), .headers = headers, .header_count = 1, .expires = 86400};
    ti_sigv4_key *key = ti_sigv4_key_new(&scope);
    ti_buffer query;

    ck_assert_ptr_nonnull(key);
    bytes_init(&query);
    ck_assert_int_eq(ti_sigv4_presign(&scope, key, &request, &query, NULL), TICKER_OK);
    ck_assert_str_eq(ti_buffer_string(&query),
                     "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                     "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                     "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                     "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    ti_buffer_free(&query);
    ti_sigv4_key_free(key);
}
END_TEST

/* S3 API reference: 66,560 letters in chunks of 64 KiB, without and with a trailer. */
static void chunks_are(const char *payload, ti_http_header last, const char *const signatures[4], const char *trailer)
{
    const ti_http_header headers[] = {{TEXT("Host"), TEXT("s3.amazonaws.com")},
                                      {TEXT("x-amz-storage-class"), TEXT("REDUCED_REDUNDANCY")},
                                      {TEXT("Content-Encoding"), TEXT("aws-chunked")},
                                      {TEXT("x-amz-decoded-content-length"), TEXT("66560")},
                                      last};
    static const size_t sizes[] = {65536, 1024, 0};
    ti_sigv4_scope scope = s3_service();
    ti_sigv4_request request = {.method = TEXT("PUT"),
                                .path = TEXT("/examplebucket/chunkObject.txt"),
                                .headers = headers,
                                .header_count = COUNT(headers),
                                .payload_hash = ti_slice_of(payload)};
    ti_sigv4_key *key = ti_sigv4_key_new(&scope);
    char seed[TI_SHA256_TEXT_MAX], head[128];
    ti_buffer body, text;
    ti_sigv4_chunks chunks;

    bytes_init(&body);
    bytes_init(&text);
    add_repeated(&body, 'a', 65536);
    ck_assert_int_eq(ti_sigv4_sign(&scope, key, &request, &text, seed, NULL), TICKER_OK);
    ck_assert_str_eq(seed, signatures[0]);
    ck_assert_int_eq(ti_sigv4_chunks_begin(&chunks, &scope, key, seed, NULL), TICKER_OK);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        ti_buffer_clear(&text);
        ck_assert_int_eq(ti_sigv4_chunk(&chunks, body.data, sizes[i], &text, NULL), TICKER_OK);
        (void)snprintf(head, sizeof(head), "%zx;chunk-signature=%s\r\n", sizes[i], signatures[i + 1]);
        ck_assert_str_eq(ti_buffer_string(&text), head);
    }
    if (trailer != NULL) {
        ti_buffer_clear(&text);
        ck_assert_int_eq(ti_sigv4_trailer(&chunks, TEXT("x-amz-checksum-crc32c"), TEXT("sOO8/Q=="), &text, NULL),
                         TICKER_OK);
        ck_assert_str_eq(ti_buffer_string(&text), trailer);
    }
    ti_buffer_free(&body);
    ti_buffer_free(&text);
    ti_sigv4_key_free(key);
}

START_TEST(s3_chunks)
{
    static const char *const plain[] = {"4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
                                        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
                                        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
                                        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"};
    static const char *const with_trailer[] = {"106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
                                               "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
                                               "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
                                               "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"};

    chunks_are(TI_STREAMING_PAYLOAD, (ti_http_header){TEXT("Content-Length"), TEXT("66824")}, plain, NULL);
    chunks_are(TI_STREAMING_TRAILER, (ti_http_header){TEXT("x-amz-trailer"), TEXT("x-amz-checksum-crc32c")},
               with_trailer,
               "x-amz-checksum-crc32c:sOO8/Q==\r\n"
               "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n");
    ck_assert_int_eq(ti_sigv4_chunked_size(66560, 65536), 66824);
}
END_TEST

/* Counted by writing the chunks down. */
START_TEST(sizes_of_chunked_bodies)
{
    static const int64_t sizes[] = {0, 1, 15, 16, 17, 255, 256, 4095, 4096, 8192, 65535, 65536, 65537, 100000};
    static const int64_t chunk_sizes[] = {1, 15, 16, 4096, 8192, 65536, 1 << 20};

    for (size_t s = 0; s < COUNT(sizes); s++)
        for (size_t c = 0; c < COUNT(chunk_sizes); c++) {
            int64_t left = sizes[s], bytes = 0, piece;

            do {
                piece = left < chunk_sizes[c] ? left : chunk_sizes[c];
                bytes += snprintf(NULL, 0, "%llx;chunk-signature=%064d\r\n\r\n", (long long)piece, 0) + piece;
                left -= piece;
            } while (piece > 0);
            ck_assert_int_eq(ti_sigv4_chunked_size(sizes[s], chunk_sizes[c]), bytes);
        }
}
END_TEST

/* --- Keys ----------------------------------------------------------------------------------------------------------------------- */

START_TEST(keys_fit_their_scope)
{
    ti_sigv4_scope scope = other_service(), other;
    ti_sigv4_key *key = ti_sigv4_key_new(&scope);
    ti_sigv4_request request = get("/", "");
    char seed[TI_SHA256_TEXT_MAX];
    ti_sigv4_chunks chunks;
    ticker_error error;
    ti_buffer text;

    ck_assert_ptr_nonnull(key);
    bytes_init(&text);
    ti_error_init(&error);
    ck_assert(ti_sigv4_key_fits(key, &scope));
    other = scope;
    other.time += INT64_C(11) * 3600000; /* 23:36 */
    ck_assert(ti_sigv4_key_fits(key, &other));
    ck_assert_int_eq(ti_sigv4_sign(&other, key, &request, &text, seed, NULL), TICKER_OK);
    other.time += 3600000;
    ck_assert(!ti_sigv4_key_fits(key, &other));
    other = scope;
    other.time = -1;
    ck_assert(!ti_sigv4_key_fits(key, &other));
    other = scope;
    other.secret_key = TEXT("another");
    ck_assert(!ti_sigv4_key_fits(key, &other));
    other = scope;
    other.service = TEXT("servic");
    ck_assert(!ti_sigv4_key_fits(key, &other));
    other = scope;
    other.region = TEXT("us-east-2");
    ck_assert(!ti_sigv4_key_fits(key, &other));
    ck_assert_int_eq(ti_sigv4_sign(&other, key, &request, &text, NULL, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_int_eq(ti_sigv4_chunks_begin(&chunks, &other, key, seed, NULL), TICKER_FATAL);
    ck_assert_int_eq(ti_sigv4_chunks_begin(&chunks, &scope, key, "abc", NULL), TICKER_FATAL);
    ti_buffer_free(&text);
    ti_sigv4_key_free(key);
    ti_sigv4_key_free(NULL);
}
END_TEST

/* The first and the last millisecond of days before and after 1970. */
START_TEST(days_of_keys)
{
    static const int64_t days[] = {-2, -1, 0, 1, 16000};
    ti_sigv4_scope scope = other_service();

    for (size_t i = 0; i < COUNT(days); i++) {
        ti_sigv4_key *key;

        scope.time = days[i] * 86400000;
        key = ti_sigv4_key_new(&scope);
        ck_assert_ptr_nonnull(key);
        scope.time += 86399999;
        ck_assert(ti_sigv4_key_fits(key, &scope));
        scope.time += 1;
        ck_assert(!ti_sigv4_key_fits(key, &scope));
        scope.time -= 86400001;
        ck_assert(!ti_sigv4_key_fits(key, &scope));
        ti_sigv4_key_free(key);
    }
}
END_TEST

/* The chain of HMACs written down once more. */
START_TEST(policies)
{
    ti_sigv4_scope scope = s3_service();
    ti_sigv4_key *key = ti_sigv4_key_new(&scope);
    unsigned char step[TI_SHA256_BYTES];
    char signature[TI_SHA256_TEXT_MAX], expected[TI_SHA256_TEXT_MAX];

    ck_assert_ptr_nonnull(key);
    ck_assert(ti_hmac_sha256("AWS4" S3_EXAMPLE_SECRET, strlen("AWS4" S3_EXAMPLE_SECRET), "20130524", 8, step));
    ck_assert(ti_hmac_sha256(step, 32, "us-east-1", 9, step));
    ck_assert(ti_hmac_sha256(step, 32, "s3", 2, step));
    ck_assert(ti_hmac_sha256(step, 32, "aws4_request", 12, step));
    ck_assert(ti_hmac_sha256(step, 32, "cG9saWN5", 8, step));
    ti_hex(step, 32, expected);
    ck_assert_int_eq(ti_sigv4_policy(key, TEXT("cG9saWN5"), signature, NULL), TICKER_OK);
    ck_assert_str_eq(signature, expected);
    ti_sigv4_key_free(key);
}
END_TEST

/* --- Buffers --------------------------------------------------------------------------------------------------------------------- */

/* The most that is allowed, all of it bytes that have to be encoded, fits the caps of all buffers. */
START_TEST(the_worst_that_fits)
{
    ti_sigv4_scope scope = other_service();
    ti_sigv4_key *key = ti_sigv4_key_new(&scope);
    size_t most = TICKER_SIGNED_BYTES_MAX / 3 - 4500;
    ti_buffer big, text, query;
    ti_sigv4_request request;

    bytes_init(&big);
    bytes_init(&text);
    bytes_init(&query);
    add_repeated(&big, ' ', most);
    request = get("/", "");
    request.query = (ti_slice){big.data, big.size};
    ck_assert_int_eq(ti_sigv4_sign(&scope, key, &request, &text, NULL, NULL), TICKER_OK);
    request.expires = 60;
    ck_assert_int_eq(ti_sigv4_presign(&scope, key, &request, &query, NULL), TICKER_OK);
    memset(big.data, '&', big.size);
    ck_assert_int_eq(ti_sigv4_presign(&scope, key, &request, &query, NULL), TICKER_OK);
    request = get("/", "");
    request.path = (ti_slice){big.data, big.size};
    ck_assert_int_eq(ti_sigv4_sign(&scope, key, &request, &text, NULL, NULL), TICKER_OK);
    ti_buffer_free(&big);
    ti_buffer_free(&text);
    ti_buffer_free(&query);
    ti_sigv4_key_free(key);
}
END_TEST

START_TEST(wrong_kind_of_request)
{
    ti_sigv4_scope scope = other_service();
    ti_sigv4_key *key = ti_sigv4_key_new(&scope);
    ti_sigv4_request request = get("/", "");
    ti_buffer text;

    bytes_init(&text);
    ck_assert_int_eq(ti_sigv4_presign(&scope, key, &request, &text, NULL), TICKER_FATAL);
    request.expires = 60;
    ck_assert_int_eq(ti_sigv4_sign(&scope, key, &request, &text, NULL, NULL), TICKER_FATAL);
    ck_assert_uint_eq(text.size, 0);
    ti_buffer_free(&text);
    ti_sigv4_key_free(key);
}
END_TEST

/* A buffer of the caller's that is too small fails the call, and the key works on. */
START_TEST(small_buffers)
{
    ti_sigv4_scope scope = other_service();
    ti_sigv4_key *key = ti_sigv4_key_new(&scope);
    ti_sigv4_request request = get("/", "a=b"), presigned = get("/", "a=b");
    char first[TI_SHA256_TEXT_MAX], again[TI_SHA256_TEXT_MAX];
    ti_buffer text;

    presigned.expires = 60;
    bytes_init(&text);
    ck_assert_int_eq(ti_sigv4_sign(&scope, key, &request, &text, first, NULL), TICKER_OK);
    ti_buffer_free(&text);
    for (size_t max = 0; max < 260; max += 7) {
        ti_buffer_init(&text, max);
        ck_assert_int_eq(ti_sigv4_presign(&scope, key, &presigned, &text, NULL), TICKER_FATAL);
        ti_buffer_clear(&text);
        if (max < 150) {
            ck_assert_int_eq(ti_sigv4_canonical(&scope, &request, &text, NULL, NULL, NULL),
                             max < 126 ? TICKER_FATAL : TICKER_OK);
            ti_buffer_clear(&text);
            ck_assert_int_eq(ti_sigv4_sign(&scope, key, &request, &text, again, NULL), TICKER_FATAL);
            ck_assert_str_eq(again, first);
        }
        ti_buffer_free(&text);
    }
    ti_sigv4_key_free(key);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_guides_example,   s3_range,     s3_presigned, s3_chunks,           sizes_of_chunked_bodies,
        keys_fit_their_scope, days_of_keys, policies,     the_worst_that_fits, wrong_kind_of_request,
        small_buffers};

    return run_tests("sigv4", tests, COUNT(tests));
}
