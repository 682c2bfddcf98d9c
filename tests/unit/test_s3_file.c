/* Files are read part by part when they are sent, and must not change meanwhile. */
#include "support.h"

#include <fcntl.h>
#include <unistd.h>

#include "aws/s3.h"
#include "base/encode.h"
#include "s3_put_run.h"

static ticker_status put_file(const char *path, ticker_s3_progress told, void *payload)
{
    ticker_source *source = NULL;

    ck_assert_int_eq(ticker_source_open_file(path, &source, NULL), TICKER_OK);
    return put_source(source, told, payload);
}

START_TEST(files)
{
    static const size_t sizes[] = {0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 12345};
    static const char *const options[] = {"aws-max-attempts=3", "aws-endpoint-url-s3=http://10.0.0.1:9",
                                          "s3-request-checksum=when_required", "s3-checksum=sha256"};

    for (size_t i = 0; i < COUNT(options); i++) {
        set_up_with(NULL, options[i]);
        for (size_t j = 0; j < COUNT(sizes); j++) {
            char *path;

            make_bytes(sizes[j]);
            path = make_file(bytes.data, bytes.size);
            check_put(put_file(path, NULL, NULL));
            drop_file(path);
        }
        tear_down();
    }
}
END_TEST

/* The hash that a storage wants of the whole, of files, memory and pipes. */
START_TEST(hashed_on_the_way)
{
    static const size_t sizes[] = {0, 1000, PART, 2 * PART + 12345};
    char expected[TI_SHA256_TEXT_MAX], found[TI_SHA256_TEXT_MAX];
    unsigned char digest[TI_SHA256_BYTES];

    set_up_with(NULL, NULL);
    for (size_t i = 0; i < 3 * COUNT(sizes); i++) {
        ti_s3_putting what = {.bucket = "bucket", .key = KEY, .hash = ti_sha256_new()};
        pieces from;
        char *path;

        make_bytes(sizes[i / 3]);
        from = (pieces){.data = bytes.data, .size = bytes.size, .piece = 77777};
        path = make_file(bytes.data, bytes.size);
        if (i % 3 == 0)
            ck_assert_int_eq(ticker_source_open_file(path, &what.source, NULL), TICKER_OK);
        else
            what.source = i % 3 == 1 ? ticker_source_open_memory(bytes.data, bytes.size, "m") : pieces_source(&from);
        ck_assert_int_eq(ti_s3_put(aws, &what, NULL, &error), TICKER_OK);
        ck_assert(ti_sha256_finish(what.hash, found));
        ck_assert(ti_sha256_of(bytes.data, bytes.size, digest));
        ti_hex(digest, sizeof(digest), expected);
        ck_assert_str_eq(found, expected);
        ti_sha256_free(what.hash);
        drop_file(path);
    }
    tear_down();
}
END_TEST

/* Parts are read again for another attempt. */
START_TEST(files_are_sent_again)
{
    char *path;

    set_up_with(NULL, NULL);
    make_bytes(3 * PART);
    path = make_file(bytes.data, bytes.size);
    s3_server_fault(server, "partNumber=1", S3_UNHEARD, 0, NULL, 0, 1);
    s3_server_fault(server, "partNumber=2", S3_UNSAID, 0, NULL, 0, 1);
    s3_server_fault(server, "partNumber=3", S3_ANSWER, 503, "SlowDown", 0, 2);
    check_put(put_file(path, NULL, NULL));
    ck_assert_uint_eq(s3_server_count(server, "partNumber="), 7);
    drop_file(path);
    tear_down();
}
END_TEST

/* A descriptor's position is not moved, and one that does not stand at the beginning gives the rest. */
START_TEST(descriptors)
{
    ticker_source *source = NULL;
    int descriptor;
    char *path;

    set_up_with(NULL, NULL);
    make_bytes(2 * PART);
    path = make_file(bytes.data, bytes.size);
    descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(descriptor, 0);
    ck_assert_int_eq(ticker_source_open_descriptor(descriptor, "file", &source, NULL), TICKER_OK);
    check_put(put_source(source, NULL, NULL));
    ck_assert_int_eq(lseek(descriptor, 0, SEEK_CUR), 0);
    ck_assert_int_eq(lseek(descriptor, 10, SEEK_SET), 10);
    ck_assert_int_eq(ticker_source_open_descriptor(descriptor, "file", &source, NULL), TICKER_OK);
    memmove(bytes.data, bytes.data + 10, bytes.size - 10);
    bytes.size -= 10;
    check_put(put_source(source, NULL, NULL));
    ck_assert_int_eq(close(descriptor), 0);
    drop_file(path);
    tear_down();
}
END_TEST

START_TEST(large_files_have_large_parts)
{
    const size_t size = (size_t)17 << 20;
    char *path;

    set_up_with(NULL, NULL);
    ck_assert_ptr_nonnull(ti_buffer_reserve(&bytes, size));
    memset(bytes.data, 0, size);
    bytes.size = size;
    path = make_file("", 0);
    ck_assert_int_eq(truncate(path, (off_t)size), 0);
    check_put(put_file(path, NULL, NULL));
    ck_assert_uint_eq(s3_server_count(server, "partNumber="), 9); /* of 2 MiB */
    drop_file(path);
    tear_down();
}
END_TEST

/* What happens to a file while it is sent. */
typedef struct change {
    const char *path;
    off_t size; /* to which it is cut */
    unsigned calls;
} change;

static int change_file(void *payload, int64_t count)
{
    change *self = payload;

    (void)count;
    if (self->calls++ == 0)
        ck_assert_int_eq(truncate(self->path, self->size), 0);
    return 0;
}

START_TEST(files_that_change)
{
    static const off_t sizes[] = {4 * PART + 1, 4 * PART - 1, 2 * PART, 0};
    char *path;

    for (size_t i = 0; i < COUNT(sizes); i++) {
        change self = {.size = sizes[i]};

        set_up_with(NULL, "s3-concurrency=1");
        make_bytes(4 * PART);
        self.path = path = make_file(bytes.data, bytes.size);
        check_nothing(TICKER_RETRY, put_file(path, change_file, &self));
        ck_assert_int_eq(error.kind, TICKER_ERROR_IO);
        ck_assert_ptr_nonnull(strstr(error.message, "while it was read"));
        drop_file(path);
        tear_down();
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        files, hashed_on_the_way, files_are_sent_again, descriptors, large_files_have_large_parts, files_that_change};

    return run_tests("s3_file", tests, COUNT(tests));
}
