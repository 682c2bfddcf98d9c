/* Storing what a source gives: in one request or in parts; nothing is left behind when it fails. */
#include "support.h"

#include <stdatomic.h>
#include <stdio.h>

#include "aws/s3_upload.h"
#include "s3_put_run.h"

START_TEST(all_sizes)
{
    static const size_t sizes[] = {0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 12345};

    set_up_with(NULL, NULL);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        check_put(put_bytes(sizes[i]));
        ck_assert_uint_eq(s3_server_count(server, "POST"), i < 4 ? 0 : 2 * (i - 3));
    }
    ck_assert_str_eq(s3_server_header(server, "PUT /bucket/in/a%20b%2Bc%2541.zip ", "Content-Type"), "application/zip");
    ck_assert_str_eq(s3_server_header(server, "?uploads", "Content-Type"), "application/zip");
    ck_assert_str_eq(s3_server_header(server, "?uploads", "x-amz-checksum-algorithm"), "CRC32C");
    ck_assert_str_ne(s3_server_header(server, "partNumber=1", "x-amz-checksum-crc32c"), "");
    tear_down();
}
END_TEST

/* From a pipe, and from sources that are wrong about their length. */
START_TEST(unknown_length)
{
    static const size_t sizes[] = {0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 12345};
    pieces from;

    set_up_with(NULL, NULL);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        make_bytes(sizes[i]);
        from = (pieces){.data = bytes.data, .size = sizes[i], .seed = i + 1};
        check_put(put_source(pieces_source(&from), NULL, NULL));
        ck_assert_uint_eq(from.closes, 1);
    }
    for (int64_t said = 0; said <= 3 * PART; said += PART - 1) {
        static const ticker_source_ops ops = {sizeof(ops), pieces_read, NULL};

        from = (pieces){.data = bytes.data, .size = bytes.size, .piece = 100000};
        check_put(put_source(ticker_source_new(&ops, &from, "liar", said), NULL, NULL));
    }
    tear_down();
}
END_TEST

START_TEST(other_checksums)
{
    static const struct {
        const char *option, *header, *algorithm;
    } kinds[] = {{"s3-checksum=crc32", "x-amz-checksum-crc32", "CRC32"},
                 {"s3-checksum=sha256", "x-amz-checksum-sha256", "SHA256"},
                 {"s3-request-checksum=when_required", "x-amz-checksum-crc32c", ""}};

    for (size_t i = 0; i < COUNT(kinds); i++) {
        set_up_with(NULL, kinds[i].option);
        check_put(put_bytes(PART + 1));
        ck_assert_int_eq(*s3_server_header(server, "partNumber=2", kinds[i].header) != '\0', i < 2);
        ck_assert_str_eq(s3_server_header(server, "?uploads", "x-amz-checksum-algorithm"), kinds[i].algorithm);
        ck_assert_str_eq(s3_server_header(server, "partNumber=2", "x-amz-sdk-checksum-algorithm"), kinds[i].algorithm);
        tear_down();
    }
}
END_TEST

/* Where somebody could be between. */
START_TEST(signed_bodies)
{
    static const struct {
        const char *option;
        bool hashed;
    } endpoints[] = {{"aws-endpoint-url-s3=http://10.0.0.1:9", true},
                     {"aws-endpoint-url-s3=http://store.example.com", true},
                     {"aws-endpoint-url-s3=http://localhost.example.com", true},
                     {"aws-endpoint-url-s3=http://mylocalhost:9", true},
                     {"aws-endpoint-url-s3=http://[2001:db8::1]:9", true},
                     {"aws-endpoint-url-s3=https://10.0.0.1:9", false},
                     {"aws-endpoint-url-s3=http://127.0.0.1:9", false},
                     {"aws-endpoint-url-s3=http://127.1.2.3", false},
                     {"aws-endpoint-url-s3=http://[::1]:9", false},
                     {"aws-endpoint-url-s3=http://localhost:9", false},
                     {"aws-endpoint-url-s3=http://a.b.localhost", false}};

    for (size_t i = 0; i < COUNT(endpoints); i++) {
        const char *hash;

        set_up_with(NULL, endpoints[i].option);
        check_put(put_bytes(10));
        hash = s3_server_header(server, "PUT", "x-amz-content-sha256");
        ck_assert_msg((strlen(hash) == 64) == endpoints[i].hashed, "%s", endpoints[i].option);
        if (!endpoints[i].hashed)
            ck_assert_str_eq(hash, "UNSIGNED-PAYLOAD");
        tear_down();
    }
}
END_TEST

START_TEST(parts_go_at_once)
{
    set_up_with(NULL, "s3-concurrency=3");
    s3_server_slow(server, 30);
    check_put(put_bytes(5 * PART));
    ck_assert_uint_ge(s3_server_most(server), 2);
    ck_assert_uint_le(s3_server_most(server), 3);
    tear_down();
}
END_TEST

START_TEST(parts_are_sent_again)
{
    set_up_with(NULL, NULL);
    s3_server_fault(server, "partNumber=1", S3_UNHEARD, 0, NULL, 0, 1);
    s3_server_fault(server, "partNumber=2", S3_UNSAID, 0, NULL, 0, 1);
    s3_server_fault(server, "partNumber=3", S3_ANSWER, 503, "SlowDown", 0, 2);
    check_put(put_bytes(3 * PART));
    ck_assert_uint_eq(s3_server_count(server, "partNumber="), 7);
    ck_assert_uint_eq(s3_server_count(server, "POST"), 2);
    tear_down();
}
END_TEST

START_TEST(what_fails_is_aborted)
{
    set_up_with(NULL, NULL);
    s3_server_fault(server, "partNumber=2", S3_ANSWER, 500, "InternalError", 0, 1000);
    check_nothing(TICKER_RETRY, put_bytes(3 * PART));
    ck_assert_int_eq(error.http_status, 500);
    ck_assert_str_eq(error.file, "s3://bucket/" KEY);
    ck_assert_uint_eq(s3_server_count(server, "DELETE"), 1);
    tear_down();
    /* Also when the first aborts get lost. */
    set_up_with(NULL, NULL);
    s3_server_fault(server, "partNumber=1", S3_ANSWER, 403, "AccessDenied", 0, 1000);
    s3_server_fault(server, "DELETE", S3_UNHEARD, 0, NULL, 0, 7);
    check_nothing(TICKER_FATAL, put_bytes(3 * PART));
    tear_down();
}
END_TEST

START_TEST(an_abort_that_fails_is_told)
{
    size_t size;

    set_up_with(NULL, NULL);
    s3_server_fault(server, "partNumber=1", S3_ANSWER, 400, "InvalidPart", 0, 1000);
    s3_server_fault(server, "DELETE", S3_ANSWER, 500, "InternalError", 0, 1000);
    ck_assert_int_eq(put_bytes(2 * PART), TICKER_FAILED);
    ck_assert_uint_eq(s3_server_uploads(server), 1);
    ck_assert_ptr_null(s3_server_object(server, KEY, &size));
    ck_assert_ptr_nonnull(strstr(error.hint, "up/load+1"));
    tear_down();
    /* Also when the failure has a hint of its own. */
    set_up_with(NULL, NULL);
    s3_server_fault(server, "partNumber=1", S3_ANSWER, 403, "AccessDenied", 0, 1000);
    s3_server_fault(server, "DELETE", S3_ANSWER, 403, "AccessDenied", 0, 1000);
    ck_assert_int_eq(put_bytes(2 * PART), TICKER_FATAL);
    ck_assert_uint_eq(s3_server_uploads(server), 1);
    ck_assert_ptr_nonnull(strstr(error.hint, "up/load+1"));
    ck_assert_ptr_nonnull(strstr(error.hint, "s3:PutObject"));
    tear_down();
}
END_TEST

START_TEST(a_source_that_fails)
{
    static const size_t places[] = {10, PART + 10, 2 * PART + 10};

    set_up_with(NULL, NULL);
    make_bytes(4 * PART);
    for (size_t i = 0; i < COUNT(places); i++) {
        pieces from = {
            .data = bytes.data, .size = bytes.size, .piece = 100000, .fail_at = places[i], .fail_with = TICKER_FAILED};

        check_nothing(TICKER_FAILED, put_source(pieces_source(&from), NULL, NULL));
        ck_assert_uint_eq(from.closes, 1);
    }
    tear_down();
}
END_TEST

/* --- Beginning and ending ------------------------------------------------------------------------------------------------------- */

/* An upload whose beginning was not heard of would stay for ever. */
START_TEST(a_lost_beginning)
{
    set_up_with(NULL, NULL);
    (void)s3_server_begin(server, KEY, 3600000);
    (void)s3_server_begin(server, KEY ".other", 0);
    s3_server_fault(server, ".zip?uploads", S3_UNSAID, 0, NULL, 0, 2);
    ck_assert_int_eq(put_bytes(2 * PART), TICKER_OK);
    /* Those of others are still there. */
    ck_assert_uint_eq(s3_server_uploads(server), 2);
    ck_assert_uint_eq(s3_server_count(server, "DELETE"), 2);
    tear_down();
    set_up_with(NULL, NULL);
    s3_server_fault(server, "POST", S3_UNSAID, 0, NULL, 0, 1000);
    check_nothing(TICKER_RETRY, put_bytes(2 * PART));
    tear_down();
    /* And half an answer, which has no id. */
    set_up_with(NULL, NULL);
    s3_server_fault(server, "?uploads", S3_CUT, 0, NULL, 0, 1);
    check_put(put_bytes(2 * PART));
    tear_down();
}
END_TEST

/* What the server surely did not hear, or refused, began nothing: others who put the same key are left alone. */
START_TEST(a_beginning_that_never_was)
{
    set_up_with(NULL, NULL);
    (void)s3_server_begin(server, KEY, 0);
    s3_server_fault(server, ".zip?uploads", S3_UNSENT, 0, NULL, 0, 1000);
    ck_assert_int_eq(put_bytes(2 * PART), TICKER_RETRY);
    ck_assert_ptr_null(strstr(error.hint, "may have been begun"));
    ck_assert_uint_eq(s3_server_uploads(server), 1);
    ck_assert_uint_eq(s3_server_count(server, "DELETE"), 0);
    tear_down();
    set_up_with(NULL, NULL);
    (void)s3_server_begin(server, KEY, 0);
    s3_server_fault(server, ".zip?uploads", S3_ANSWER, 503, "SlowDown", 0, 4);
    ck_assert_int_eq(put_bytes(2 * PART), TICKER_OK);
    ck_assert_uint_eq(s3_server_uploads(server), 1);
    ck_assert_uint_eq(s3_server_count(server, "DELETE"), 0);
    tear_down();
}
END_TEST

START_TEST(a_lost_end)
{
    set_up_with(NULL, NULL);
    s3_server_fault(server, "POST /bucket/in/a%20b%2Bc%2541.zip?uploadId", S3_UNSAID, 0, NULL, 0, 1);
    check_put(put_bytes(2 * PART));
    ck_assert_uint_eq(s3_server_count(server, "HEAD"), 1);
    s3_server_fault(server, "POST /bucket/in/a%20b%2Bc%2541.zip?uploadId", S3_CUT, 0, NULL, 0, 1);
    check_put(put_bytes(2 * PART));
    tear_down();
    /* Another object of that key is not taken for ours. */
    set_up_with(NULL, NULL);
    s3_server_store(server, KEY, "old", 3, NULL, NULL);
    s3_server_fault(server, "?uploadId", S3_ANSWER, 404, "NoSuchUpload", 0, 1);
    ck_assert_int_eq(put_bytes(2 * PART), TICKER_RETRY);
    ck_assert_str_eq(error.aws_code, "NoSuchUpload");
    ck_assert_uint_eq(s3_server_uploads(server), 0);
    tear_down();
}
END_TEST

START_TEST(an_error_within_200)
{
    set_up_with(NULL, NULL);
    s3_server_fault(server, "?uploadId", S3_INSIDE, 0, "InternalError", 0, 1);
    check_put(put_bytes(2 * PART));
    tear_down();
    set_up_with(NULL, NULL);
    s3_server_fault(server, "?uploadId", S3_INSIDE, 0, "InvalidPart", 0, 1);
    check_nothing(TICKER_FAILED, put_bytes(2 * PART));
    ck_assert_str_eq(error.aws_code, "InvalidPart");
    tear_down();
}
END_TEST

START_TEST(aborted_by_others)
{
    set_up_with(NULL, NULL);
    s3_server_fault(server, "partNumber=2", S3_ANSWER, 404, "NoSuchUpload", 0, 1);
    check_nothing(TICKER_RETRY, put_bytes(3 * PART));
    ck_assert_str_eq(error.aws_code, "NoSuchUpload");
    tear_down();
}
END_TEST

/* --- Stopping ------------------------------------------------------------------------------------------------------------------- */

typedef struct watcher {
    int64_t last, stop_at; /* -1: never */
    unsigned calls;
} watcher;

static int watch(void *payload, int64_t count)
{
    watcher *self = payload;

    ck_assert_int_ge(count, self->last);
    self->last = count;
    self->calls++;
    return self->stop_at >= 0 && count >= self->stop_at;
}

START_TEST(progress)
{
    watcher self = {.stop_at = -1};

    set_up_with(NULL, NULL);
    make_bytes(3 * PART + 1);
    check_put(put_source(ticker_source_open_memory(bytes.data, bytes.size, "memory"), watch, &self));
    ck_assert_int_eq(self.last, 3 * PART + 1);
    ck_assert_uint_ge(self.calls, 2);
    self = (watcher){.stop_at = -1};
    make_bytes(1000);
    check_put(put_source(ticker_source_open_memory(bytes.data, bytes.size, "memory"), watch, &self));
    ck_assert_int_eq(self.last, 1000);
    tear_down();
}
END_TEST

START_TEST(stopped_by_progress)
{
    watcher self = {.stop_at = 0};

    set_up_with(NULL, NULL);
    make_bytes(4 * PART);
    check_nothing(TICKER_RETRY, put_source(ticker_source_open_memory(bytes.data, 1000, "memory"), watch, &self));
    ck_assert_int_eq(error.kind, TICKER_ERROR_CANCELLED);
    self = (watcher){.stop_at = PART};
    check_nothing(TICKER_RETRY, put_source(ticker_source_open_memory(bytes.data, bytes.size, "memory"), watch, &self));
    ck_assert_int_eq(error.kind, TICKER_ERROR_CANCELLED);
    tear_down();
}
END_TEST

static int is_stopped(void *payload)
{
    return atomic_load((const atomic_int *)payload);
}

/* Asks to stop in its middle. */
typedef struct stopper {
    pieces from;
    size_t stop_at;
    atomic_int *stop;
} stopper;

static ticker_status stopper_read(void *payload, void *buffer, size_t capacity, size_t *got, ticker_error *failed)
{
    stopper *self = payload;

    if (self->from.at >= self->stop_at)
        atomic_store(self->stop, 1);
    return pieces_read(&self->from, buffer, capacity, got, failed);
}

START_TEST(interrupted)
{
    static const size_t places[] = {0, 1000, PART + 1, 3 * PART};
    static const ticker_source_ops ops = {sizeof(ops), stopper_read, NULL};
    atomic_int stop = 0;
    ticker_aws_events events = {.size = sizeof(events), .payload = &stop, .interrupted = is_stopped};

    set_up_with(&events, NULL);
    make_bytes(4 * PART);
    for (size_t i = 0; i < COUNT(places); i++) {
        stopper from = {
            .from = {.data = bytes.data, .size = bytes.size, .piece = 10000}, .stop_at = places[i], .stop = &stop};

        atomic_store(&stop, 0);
        check_nothing(TICKER_RETRY, put_source(ticker_source_new(&ops, &from, "stopper", -1), NULL, NULL));
        ck_assert_int_eq(error.kind, TICKER_ERROR_CANCELLED);
    }
    tear_down();
}
END_TEST

/* --- Limits --------------------------------------------------------------------------------------------------------------------- */

/* How far the source is ahead of what is stored. */
typedef struct leader {
    pieces from;
    int64_t stored, most;
} leader;

static ticker_status leader_read(void *payload, void *buffer, size_t capacity, size_t *got, ticker_error *failed)
{
    leader *self = payload;
    ticker_status status = pieces_read(&self->from, buffer, capacity, got, failed);

    self->most = (int64_t)self->from.at - self->stored > self->most ? (int64_t)self->from.at - self->stored
                                                                    : self->most;
    return status;
}

static int leader_told(void *payload, int64_t count)
{
    leader *self = payload;

    self->stored = count;
    return 0;
}

START_TEST(memory_is_bounded)
{
    static const ticker_source_ops ops = {sizeof(ops), leader_read, NULL};
    leader self = {.most = 0};

    set_up_with(NULL, "s3-concurrency=2");
    s3_server_slow(server, 10);
    make_bytes(8 * PART);
    self.from = (pieces){.data = bytes.data, .size = bytes.size, .piece = PART / 4};
    check_put(put_source(ticker_source_new(&ops, &self, "leader", -1), leader_told, &self));
    ck_assert_int_gt(self.most, PART);
    ck_assert_int_le(self.most, 2 * PART);
    tear_down();
}
END_TEST

/* A source that says it has 20 GiB is cut into larger parts, so that 10,000 are enough. */
START_TEST(large_sources_have_large_parts)
{
    static const ticker_source_ops ops = {sizeof(ops), pieces_read, NULL};
    pieces from;

    set_up_with(NULL, NULL);
    make_bytes(4 * PART);
    from = (pieces){.data = bytes.data, .size = bytes.size, .piece = PART / 4};
    check_put(put_source(ticker_source_new(&ops, &from, "large", INT64_C(20) << 30), NULL, NULL));
    ck_assert_uint_eq(s3_server_count(server, "partNumber="), 2); /* 3 MiB and the rest */
    tear_down();
}
END_TEST

#define MEBI INT64_C(1048576)

START_TEST(sizes_of_parts)
{
    const int64_t memory = 256 * MEBI;
    int64_t all = 0, before = 0;

    ck_assert_int_eq(ti_s3_part_size(8 * MEBI, memory, 0, 0), 8 * MEBI);
    ck_assert_int_eq(ti_s3_part_size(8 * MEBI, memory, 50000 * MEBI, 7), 8 * MEBI);
    for (int64_t length = MEBI; length <= INT64_C(5) << 40; length = length * 3 + 12345) {
        int64_t size = ti_s3_part_size(8 * MEBI, memory, length, 0);

        ck_assert_int_ge(size * TICKER_S3_PARTS_MAX, length);
        ck_assert_int_le(size, INT64_C(5) << 30);
    }
    for (int64_t i = 0; i < TICKER_S3_PARTS_MAX; i++) {
        int64_t size = ti_s3_part_size(8 * MEBI, memory, -1, i);

        ck_assert_int_ge(size, before);
        ck_assert_int_le(2 * size, memory);
        before = size;
        all += size;
    }
    ck_assert_int_eq(all, 888000 * MEBI); /* as ticker_limits(3) says */
    ck_assert_int_eq(ti_s3_part_size(512 * MEBI, 2048 * MEBI, -1, 9999), 1024 * MEBI);
}
END_TEST

START_TEST(whole_or_nothing)
{
    unsigned whole = 0;

    set_up_with(NULL, NULL);
    for (uint64_t round = 1; round <= 12; round++) {
        ticker_status status;
        size_t size;

        s3_server_chance(server, 5 + (unsigned)round % 25, round * 7919);
        status = put_bytes(PART + 4321);
        ck_assert_uint_eq(s3_server_uploads(server), 0);
        if (status == TICKER_OK) {
            check_stored();
            whole++;
        } else {
            ck_assert_int_eq(status, TICKER_RETRY);
            ck_assert_int_eq(error.kind, TICKER_ERROR_SERVICE);
        }
        /* What was said to have failed may be there all the same, but then it is whole. */
        if (s3_server_object(server, KEY, &size) != NULL)
            ck_assert_uint_eq(size, bytes.size);
    }
    ck_assert_uint_ge(whole, 6);
    tear_down();
}
END_TEST

START_TEST(wrong_arguments)
{
    pieces from = {.data = "x", .size = 1, .piece = 1};

    set_up_with(NULL, NULL);
    ck_assert_int_eq(ticker_s3_put(NULL, "bucket", "key", pieces_source(&from), NULL, NULL, NULL, NULL, NULL),
                     TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_put(aws, "a b", "key", pieces_source(&from), NULL, NULL, NULL, NULL, NULL),
                     TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_put(aws, "bucket", "key", pieces_source(&from), "a\nb: c", NULL, NULL, NULL, NULL),
                     TICKER_FATAL);
    ck_assert_uint_eq(from.closes, 3);
    ck_assert_int_eq(ticker_s3_put(aws, "bucket", "key", NULL, NULL, NULL, NULL, NULL, NULL), TICKER_FATAL);
    ck_assert_uint_eq(s3_server_count(server, ""), 0);
    tear_down();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {all_sizes,
                                  unknown_length,
                                  other_checksums,
                                  signed_bodies,
                                  parts_go_at_once,
                                  parts_are_sent_again,
                                  what_fails_is_aborted,
                                  an_abort_that_fails_is_told,
                                  a_source_that_fails,
                                  a_lost_beginning,
                                  a_beginning_that_never_was,
                                  a_lost_end,
                                  an_error_within_200,
                                  aborted_by_others,
                                  progress,
                                  stopped_by_progress,
                                  interrupted,
                                  memory_is_bounded,
                                  large_sources_have_large_parts,
                                  sizes_of_parts,
                                  whole_or_nothing,
                                  wrong_arguments};

    return run_tests("s3_put", tests, COUNT(tests));
}
