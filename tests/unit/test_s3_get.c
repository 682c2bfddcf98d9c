/* An object as a source: whole, of one version, whatever breaks on the way. */
#include "support.h"

#include <stdio.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <tickerimport/s3.h>

#include "base/checksum.h"
#include "base/clock.h"
#include "base/encode.h"
#include "fake_http.h"
#include "input/source.h"
#include "s3_server.h"
#include "small_parts.h"

#define KEY "in/a b+c%41.zip"

static s3_server *server;
static ticker_aws *aws;
static ticker_error error;
static ti_buffer object, got;

static void set_up_with(const ticker_aws_events *events, const char *option)
{
    server = s3_server_new();
    aws = s3_server_client(server, events, option != NULL ? option : "aws-max-attempts=3", NULL);
    ti_error_init(&error);
    bytes_init(&object);
    bytes_init(&got);
}

static void tear_down(void)
{
    ticker_aws_free(aws);
    s3_server_free(server);
    ti_buffer_free(&object);
    ti_buffer_free(&got);
}

/* Bytes that are nowhere the same. */
static void make_object(size_t size)
{
    uint64_t state = 1 + size;
    char *at;

    ti_buffer_clear(&object);
    at = ti_buffer_reserve(&object, size + sizeof(state));
    ck_assert_ptr_nonnull(at);
    for (size_t i = 0; i < size; i += sizeof(state)) {
        uint64_t word = next_random(&state);

        memcpy(at + i, &word, sizeof(word));
    }
    object.size = size;
}

static void store(size_t size, const char *headers)
{
    make_object(size);
    s3_server_store(server, KEY, object.data, size, NULL, headers);
}

static ticker_status open_it(ticker_source **source)
{
    ti_error_init(&error);
    return ticker_s3_get(aws, "bucket", KEY, NULL, NULL, source, &error);
}

static ticker_status read_rest(ticker_source *source, size_t piece)
{
    ticker_status status;
    size_t count;

    do {
        char *at = ti_buffer_reserve(&got, piece);

        ck_assert_ptr_nonnull(at);
        status = ti_source_read(source, at, piece, &count, &error);
        got.size += count;
    } while (status == TICKER_OK);
    return status;
}

/* Opens, reads and frees; the first status that was not TICKER_OK. */
static ticker_status read_it(size_t piece)
{
    ticker_source *source = NULL;
    ticker_status status = open_it(&source);

    ti_buffer_clear(&got);
    if (status != TICKER_OK)
        return status;
    status = read_rest(source, piece);
    ticker_source_free(source);
    return status;
}

static void check_whole(void)
{
    ck_assert_uint_eq(got.size, object.size);
    ck_assert(got.size == 0 || memcmp(got.data, object.data, got.size) == 0);
}

#define check_read(piece)                                                                                              \
    do {                                                                                                               \
        ticker_status status_ = read_it(piece);                                                                        \
        ck_assert_msg(status_ == TICKER_DONE, "%d: %s", (int)status_, error.message);                                  \
        check_whole();                                                                                                 \
    } while (0)

START_TEST(all_sizes)
{
    static const size_t sizes[] = {0, 1, PART - 1, PART, PART + 1, 2 * PART + 12345};
    ticker_source *source = NULL;

    set_up_with(NULL, NULL);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        store(sizes[i], NULL);
        check_read(i % 2 == 0 ? 70001 : 1 << 20);
        ck_assert_int_eq(open_it(&source), TICKER_OK);
        ck_assert_str_eq(source->name, "s3://bucket/" KEY);
        ck_assert_int_eq(source->bytes, (int64_t)sizes[i]);
        ck_assert_int_eq(read_rest(source, 100000), TICKER_DONE);
        ck_assert_int_eq(read_rest(source, 100000), TICKER_DONE);
        ticker_source_free(source);
    }
    ck_assert_uint_eq(s3_server_count(server, "DELETE"), 0);
    tear_down();
}
END_TEST

START_TEST(later_parts_are_of_the_same_object)
{
    char etag[80];

    set_up_with(NULL, "s3-concurrency=2");
    store(3 * PART + 1, "x-amz-version-id: v/1+\n");
    check_read(1 << 20);
    ck_assert_uint_eq(s3_server_count(server, "GET /bucket/in/a%20b%2Bc%2541.zip bytes=0-1048575"), 1);
    ck_assert_uint_eq(s3_server_count(server, "?versionId=v%2F1%2B bytes=1048576-2097151"), 1);
    ck_assert_uint_eq(s3_server_count(server, "?versionId=v%2F1%2B bytes=3145728-3145728"), 1);
    ck_assert_uint_eq(s3_server_count(server, "GET"), 4);
    ck_assert_uint_le(s3_server_most(server), 3); /* two parts and the HEAD for a checksum */
    (void)snprintf(etag, sizeof(etag), "\"%s\"", s3_server_etag(server, KEY));
    ck_assert_str_eq(s3_server_header(server, "bytes=3145728", "If-Match"), etag);
    ck_assert_str_eq(s3_server_header(server, "bytes=0-", "If-Match"), "");
    tear_down();
}
END_TEST

START_TEST(parts_come_at_once)
{
    set_up_with(NULL, "s3-concurrency=4");
    store(6 * PART, NULL);
    s3_server_slow(server, 20);
    check_read(1 << 20);
    ck_assert_uint_ge(s3_server_most(server), 2);
    ck_assert_uint_le(s3_server_most(server), 5);
    tear_down();
}
END_TEST

START_TEST(goes_on_where_it_broke_off)
{
    set_up_with(NULL, NULL);
    store(2 * PART, NULL);
    s3_server_fault(server, "GET", S3_CUT, 0, NULL, 0, 4);
    check_read(1 << 20);
    ck_assert_uint_ge(s3_server_count(server, "bytes=524288-1048575"), 1);
    ck_assert_uint_eq(s3_server_count(server, "GET"), 6);
    /* One that never brings anything ends it. */
    s3_server_fault(server, "bytes=1048576-", S3_UNHEARD, 0, NULL, 0, 1000);
    ck_assert_int_eq(read_it(1 << 20), TICKER_RETRY);
    ck_assert_int_eq(error.kind, TICKER_ERROR_SERVICE);
    ck_assert_str_eq(error.file, "s3://bucket/" KEY);
    tear_down();
}
END_TEST

START_TEST(replaced_meanwhile)
{
    for (int preconditions = 0; preconditions < 2; preconditions++) {
        set_up_with(NULL, "s3-concurrency=1");
        if (preconditions == 0)
            s3_server_without_preconditions(server);
        store(4 * PART, NULL);
        s3_server_fault(server, "GET", S3_REPLACED, 0, NULL, 2, 1);
        ck_assert_int_eq(read_it(1 << 20), TICKER_RETRY);
        ck_assert_uint_le(got.size, 2 * PART);
        ck_assert_int_eq(memcmp(got.data, object.data, got.size), 0);
        ck_assert_str_eq(error.message, "the object was replaced while it was read");
        ck_assert_int_eq(error.http_status, 412);
        ck_assert_str_ne(error.hint, "");
        tear_down();
    }
}
END_TEST

/* Where a part is resumed, too. */
START_TEST(replaced_within_a_part)
{
    set_up_with(NULL, NULL);
    store(1000000, NULL);
    s3_server_fault(server, "GET", S3_CUT, 0, NULL, 0, 1);
    s3_server_fault(server, "GET", S3_REPLACED, 0, NULL, 0, 1);
    ck_assert_int_eq(read_it(1000), TICKER_RETRY);
    ck_assert_int_eq(error.http_status, 412);
    tear_down();
}
END_TEST

START_TEST(deleted_meanwhile)
{
    set_up_with(NULL, "s3-concurrency=1");
    store(3 * PART, NULL);
    s3_server_fault(server, "GET", S3_DELETED, 0, NULL, 1, 1);
    ck_assert_int_eq(read_it(1 << 20), TICKER_FAILED);
    ck_assert_str_eq(error.message, "the object was deleted while it was read");
    ck_assert_int_eq(error.http_status, 404);
    tear_down();
}
END_TEST

START_TEST(missing)
{
    ticker_source *source = NULL;

    set_up_with(NULL, NULL);
    ck_assert_int_eq(open_it(&source), TICKER_FAILED);
    ck_assert_ptr_null(source);
    ck_assert_int_eq(error.http_status, 404);
    ck_assert_str_eq(error.aws_code, "NoSuchKey");
    ck_assert_str_eq(error.file, "s3://bucket/" KEY);
    tear_down();
}
END_TEST

/* Who may not list is told of a missing object that it must not be read; keys that are wrong are wrong for all objects. */
START_TEST(forbidden)
{
    ticker_source *source = NULL;

    set_up_with(NULL, NULL);
    store(1000, NULL);
    s3_server_fault(server, "GET", S3_ANSWER, 403, "AccessDenied", 0, 1);
    ck_assert_int_eq(open_it(&source), TICKER_FAILED);
    ck_assert_int_eq(error.status, TICKER_FAILED);
    ck_assert_int_eq(error.http_status, 403);
    ti_error_init(&error);
    s3_server_fault(server, "GET", S3_ANSWER, 403, "InvalidAccessKeyId", 0, 1);
    ck_assert_int_eq(open_it(&source), TICKER_FATAL);
    tear_down();
}
END_TEST

START_TEST(another_version)
{
    ticker_source *source = NULL;

    set_up_with(NULL, NULL);
    make_object(1000);
    s3_server_store(server, KEY, object.data, object.size, "abc-2", "x-amz-version-id: v8\n");
    ck_assert_int_eq(ticker_s3_get(aws, "bucket", KEY, "v7", NULL, &source, &error), TICKER_FAILED);
    ck_assert_ptr_nonnull(strstr(error.message, "another version"));
    ti_error_init(&error);
    ck_assert_int_eq(ticker_s3_get(aws, "bucket", KEY, "v8", NULL, &source, &error), TICKER_OK);
    ticker_source_free(source);
    tear_down();
}
END_TEST

START_TEST(only_that_one)
{
    ticker_source *source = NULL;

    set_up_with(NULL, NULL);
    store(1000, NULL);
    ck_assert_int_eq(ticker_s3_get(aws, "bucket", KEY, NULL, "0123456789abcdef0123456789abcdef", &source, &error),
                     TICKER_FAILED);
    ck_assert_int_eq(error.http_status, 412);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_s3_get(aws, "bucket", KEY, "v7", s3_server_etag(server, KEY), &source, &error), TICKER_OK);
    ck_assert_int_eq(read_rest(source, 77), TICKER_DONE);
    check_whole();
    ticker_source_free(source);
    ck_assert_uint_eq(s3_server_count(server, "?versionId=v7"), 1);
    tear_down();
    /* Servers may not look at If-Match. */
    set_up_with(NULL, NULL);
    s3_server_without_preconditions(server);
    store(1000, NULL);
    ck_assert_int_eq(ticker_s3_get(aws, "bucket", KEY, NULL, "0123456789abcdef0123456789abcdef", &source, &error),
                     TICKER_FAILED);
    ck_assert_int_eq(error.http_status, 412);
    ck_assert_str_ne(error.hint, "");
    ti_error_init(&error);
    ck_assert_int_eq(ticker_s3_get(aws, "bucket", KEY, NULL, s3_server_etag(server, KEY), &source, &error), TICKER_OK);
    ti_buffer_clear(&got);
    ck_assert_int_eq(read_rest(source, 77), TICKER_DONE);
    check_whole();
    ticker_source_free(source);
    tear_down();
}
END_TEST

/* --- Checksums ------------------------------------------------------------------------------------------------------------------ */

/* A header of the object as the server would give it. */
static const char *checksum_header(const char *name, uint64_t value, size_t size)
{
    static char line[128];
    unsigned char bytes[8];
    ti_buffer text;

    bytes_init(&text);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(value >> 8 * (size - 1 - i));
    ck_assert(ti_buffer_base64(&text, bytes, size));
    (void)snprintf(line, sizeof(line), "x-amz-checksum-%s: %.*s\n", name, (int)text.size, text.data);
    ti_buffer_free(&text);
    return line;
}

static const char *header_of(int which)
{
    unsigned char digest[TI_SHA256_BYTES];
    static char line[128];
    ti_buffer text;

    if (which == 0)
        return checksum_header("crc32c", ti_crc32c(0, object.data, object.size), 4);
    if (which == 1)
        return checksum_header("crc32", ti_crc32(0, object.data, object.size), 4);
    if (which == 2)
        return checksum_header("crc64nvme", ti_crc64nvme(0, object.data, object.size), 8);
    bytes_init(&text);
    ck_assert(ti_sha256_of(object.data, object.size, digest));
    ck_assert(ti_buffer_base64(&text, digest, sizeof(digest)));
    (void)snprintf(line, sizeof(line), "x-amz-checksum-sha256: %.*s\nx-amz-checksum-type: FULL_OBJECT\n",
                   (int)text.size, text.data);
    ti_buffer_free(&text);
    return line;
}

START_TEST(checksums)
{
    static const size_t sizes[] = {100000, 2 * PART};

    for (size_t i = 0; i < COUNT(sizes); i++)
        for (int which = 0; which < 4; which++) {
            set_up_with(NULL, NULL);
            make_object(sizes[i]);
            /* An ETag that is no MD5, so that only the checksum can tell. */
            s3_server_store(server, KEY, object.data, object.size, "abc-2", header_of(which));
            check_read(100000);
            ck_assert_str_eq(s3_server_header(server, "GET", "x-amz-checksum-mode"), "ENABLED");
            ck_assert_uint_eq(s3_server_count(server, "HEAD"), i);
            s3_server_fault(server, "GET", S3_SPOILED, 0, NULL, 0, 1);
            ck_assert_int_eq(read_it(100000), TICKER_RETRY);
            ck_assert_int_eq(error.kind, TICKER_ERROR_IO);
            ck_assert_ptr_nonnull(strstr(error.message, "the server's is"));
            tear_down();
        }
}
END_TEST

/* Failed once, it is not taken for the end afterwards. */
START_TEST(a_wrong_sum_stays_wrong)
{
    ticker_source *source = NULL;

    set_up_with(NULL, NULL);
    make_object(1000);
    s3_server_store(server, KEY, object.data, object.size, "abc-2", "x-amz-checksum-crc32c: AAAAAA==\n");
    ck_assert_int_eq(open_it(&source), TICKER_OK);
    ck_assert_int_eq(read_rest(source, 500), TICKER_RETRY);
    ck_assert_str_ne(error.hint, "");
    ck_assert_int_eq(read_rest(source, 500), TICKER_RETRY);
    ticker_source_free(source);
    tear_down();
}
END_TEST

START_TEST(sums_of_sums_are_no_checksums)
{
    set_up_with(NULL, NULL);
    make_object(1000);
    s3_server_store(server, KEY, object.data, 1000, "abc-2", "x-amz-checksum-crc32c: AAAAAA==-2\n");
    check_read(100);
    s3_server_store(server, KEY, object.data, 1000, "abc-2",
                    "x-amz-checksum-crc32c: AAAAAA==\nx-amz-checksum-type: COMPOSITE\n");
    check_read(100);
    tear_down();
}
END_TEST

START_TEST(unverified)
{
    set_up_with(NULL, "s3-response-checksum=when_required");
    make_object(1000);
    s3_server_store(server, KEY, object.data, 1000, NULL, "x-amz-checksum-crc32c: AAAAAA==\n");
    check_read(100);
    ck_assert_str_eq(s3_server_header(server, "GET", "x-amz-checksum-mode"), "");
    store(2 * PART, NULL);
    check_read(100000);
    ck_assert_uint_eq(s3_server_count(server, "HEAD"), 0);
    tear_down();
}
END_TEST

START_TEST(md5_of_small_objects)
{
    static const char *const other[] = {"x-amz-server-side-encryption: aws:kms\n",
                                        "x-amz-server-side-encryption-customer-algorithm: AES256\n"};

    set_up_with(NULL, NULL);
    store(100000, "x-amz-server-side-encryption: AES256\n");
    check_read(1000);
    s3_server_fault(server, "GET", S3_SPOILED, 0, NULL, 0, 1);
    ck_assert_int_eq(read_it(1000), TICKER_RETRY);
    ck_assert_ptr_nonnull(strstr(error.message, "their MD5 is not its ETag"));
    for (size_t i = 0; i < COUNT(other); i++) {
        s3_server_store(server, KEY, object.data, 1000, "0123456789abcdef0123456789abcdef", other[i]);
        ck_assert_int_eq(read_it(1000), TICKER_DONE);
    }
    tear_down();
}
END_TEST

/* --- Servers that are different ------------------------------------------------------------------------------------------------- */

START_TEST(without_ranges)
{
    set_up_with(NULL, NULL);
    s3_server_without_ranges(server);
    store(1000000, NULL);
    check_read(5000);
    store(0, NULL);
    check_read(5000);
    store(PART + 1, NULL);
    ck_assert_int_eq(read_it(5000), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(error.hint, "s3-part-size"));
    tear_down();
}
END_TEST

/* What a server must not answer to "bytes=0-1048575". */
START_TEST(answers_that_make_no_sense)
{
    static const struct {
        int status;
        const char *headers;
        const char *body;
    } answers[] = {
        {206, "Content-Range: bytes 1-4/5\n", "abcd"},
        {206, "Content-Range: bytes 0-3/3\n", "abcd"},
        {206, "Content-Range: bytes 3-0/9\n", "abcd"},
        {206, "Content-Range: bytes 0-3/*\n", "abcd"},
        {206, "Content-Range: pages 0-3/4\n", "abcd"},
        {206, "Content-Range: bytes\n", "abcd"},
        {206, "Content-Range: bytes 0-99999999999999999999/99999999999999999999\n", "abcd"},
        {206, "", "abcd"},
        {200, "", "abcd"},
        {200, "Content-Length: -4\n", "abcd"},
        {206, "Content-Range: bytes 0-1/2\n", "abcd"},
    };

    for (size_t i = 0; i < COUNT(answers); i++) {
        fake_http *fake = fake_http_new();
        ticker_source *source = NULL;
        ticker_status status;

        ti_error_init(&error);
        bytes_init(&got);
        aws = fake_http_client(fake, "s3-concurrency=1", NULL);
        fake_http_answer(fake, answers[i].status, answers[i].headers, answers[i].body);
        status = ticker_s3_get(aws, "bucket", "key", NULL, NULL, &source, &error);
        if (status == TICKER_OK) {
            status = read_rest(source, 100);
            ticker_source_free(source);
        }
        ck_assert_msg(status == TICKER_FAILED, "answer %zu: %d", i, (int)status);
        ck_assert_int_eq(error.kind, TICKER_ERROR_INPUT);
        ticker_aws_free(aws);
        fake_http_free(fake);
        ti_buffer_free(&got);
    }
}
END_TEST

/* --- Stopping ------------------------------------------------------------------------------------------------------------------- */

static int64_t milliseconds(void)
{
    return ti_clock_system.monotonic(ti_clock_system.self);
}

START_TEST(closing_does_not_wait)
{
    ticker_source *source = NULL;
    int64_t begun;
    char byte;
    size_t count;

    set_up_with(NULL, "s3-concurrency=3");
    store(6 * PART, NULL);
    ck_assert_int_eq(open_it(&source), TICKER_OK);
    ck_assert_int_eq(ti_source_read(source, &byte, 1, &count, &error), TICKER_OK);
    s3_server_slow(server, 100);
    begun = milliseconds();
    ticker_source_free(source);
    ck_assert_int_lt(milliseconds() - begun, 2000);
    ck_assert_uint_lt(s3_server_count(server, "GET"), 6);
    /* Also when nothing was read at all. */
    ck_assert_int_eq(open_it(&source), TICKER_OK);
    ticker_source_free(source);
    tear_down();
}
END_TEST

static int is_stopped(void *payload)
{
    return atomic_load((const atomic_int *)payload);
}

START_TEST(stopped_by_the_caller)
{
    atomic_int stop = 0;
    ticker_aws_events events = {.size = sizeof(events), .payload = &stop, .interrupted = is_stopped};
    ticker_source *source = NULL;
    char byte;
    size_t count;

    set_up_with(&events, "s3-concurrency=2");
    store(6 * PART, NULL);
    ck_assert_int_eq(open_it(&source), TICKER_OK);
    ck_assert_int_eq(ti_source_read(source, &byte, 1, &count, &error), TICKER_OK);
    atomic_store(&stop, 1);
    ck_assert_int_eq(read_rest(source, 1 << 20), TICKER_RETRY);
    ck_assert_int_eq(error.kind, TICKER_ERROR_CANCELLED);
    ticker_source_free(source);
    tear_down();
}
END_TEST

/* --- Faults --------------------------------------------------------------------------------------------------------------------- */

START_TEST(whole_or_a_clear_error)
{
    unsigned whole = 0;

    set_up_with(NULL, "s3-concurrency=3");
    store(2 * PART + 4321, NULL);
    for (uint64_t round = 1; round <= 20; round++) {
        ticker_status status;

        s3_server_chance(server, 5 + (unsigned)round % 25, round * 7919);
        status = read_it(1 << 20);
        if (status == TICKER_DONE) {
            check_whole();
            whole++;
        } else {
            ck_assert_int_eq(status, TICKER_RETRY);
            ck_assert_int_eq(error.kind, TICKER_ERROR_SERVICE);
            ck_assert_str_ne(error.message, "");
        }
    }
    ck_assert_uint_ge(whole, 10);
    tear_down();
}
END_TEST

START_TEST(wrong_arguments)
{
    ticker_source *source = NULL;
    char key[1026];

    set_up_with(NULL, NULL);
    memset(key, 'k', sizeof(key));
    key[1025] = '\0';
    ck_assert_int_eq(ticker_s3_get(NULL, "bucket", "key", NULL, NULL, &source, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_get(aws, NULL, "key", NULL, NULL, &source, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_get(aws, "", "key", NULL, NULL, &source, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_get(aws, "a/b", "key", NULL, NULL, &source, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_get(aws, "..", "key", NULL, NULL, &source, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_get(aws, "bucket", NULL, NULL, NULL, &source, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_get(aws, "bucket", "", NULL, NULL, &source, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_get(aws, "bucket", "\xff", NULL, NULL, &source, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_get(aws, "bucket", key, NULL, NULL, &source, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_get(aws, "bucket", "key", NULL, NULL, NULL, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_ptr_null(source);
    ck_assert_uint_eq(s3_server_count(server, ""), 0);
    tear_down();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {all_sizes,
                                  later_parts_are_of_the_same_object,
                                  parts_come_at_once,
                                  goes_on_where_it_broke_off,
                                  replaced_meanwhile,
                                  replaced_within_a_part,
                                  deleted_meanwhile,
                                  missing,
                                  forbidden,
                                  another_version,
                                  only_that_one,
                                  checksums,
                                  a_wrong_sum_stays_wrong,
                                  sums_of_sums_are_no_checksums,
                                  unverified,
                                  md5_of_small_objects,
                                  without_ranges,
                                  answers_that_make_no_sense,
                                  closing_does_not_wait,
                                  stopped_by_the_caller,
                                  whole_or_a_clear_error,
                                  wrong_arguments};

    return run_tests("s3_get", tests, COUNT(tests));
}
