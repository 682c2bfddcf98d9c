/* The storage in S3 over scripted answers: URLs, keys with their prefix, hashes, requests for others. What every storage does is in
 * tests/conformance/storage_suite.c. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "fake_http.h"
#include "input/source.h"
#include "storage/storage.h"

static ticker_error error;

static ticker_status try_open(const char *url, ticker_aws *aws, ticker_storage **storage)
{
    ticker_options *options = make_options("aws-access-key-id=AKIDEXAMPLE", "aws-secret-access-key=secret",
                                           "aws-region=us-east-1", NULL);
    ticker_status status;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_options_set(options, "storage-url", url, &error), TICKER_OK);
    *storage = NULL;
    status = ticker_storage_open(options, aws, storage, &error);
    ticker_options_free(options);
    return status;
}

static void has_url(const char *url, const char *wanted)
{
    ticker_storage *storage;

    ck_assert_msg(try_open(url, NULL, &storage) == TICKER_OK, "%s: %s", url, error.message);
    ck_assert_str_eq(ticker_storage_url(storage), wanted);
    ck_assert_str_eq(ticker_storage_backend(storage), "s3");
    ticker_storage_free(storage);
}

START_TEST(urls)
{
    static const char *const wrong[] = {"s3://",
                                        "s3:///secret",
                                        "s3://ab/secret",
                                        "s3://key:secret@bucket/x",
                                        "s3://bucket?secret",
                                        "s3://-bucket/secret",
                                        "s3://bucket/../secret",
                                        "s3://bucket/a/./secret",
                                        "s3://bucket/.."};
    ticker_storage *storage;
    char text[1024], url[2000];

    has_url("s3://bucket", "s3://bucket");
    has_url("s3://bucket/", "s3://bucket");
    has_url("s3://my.bucket-1/a/b///", "s3://my.bucket-1/a/b");
    has_url("s3://Old_Bucket/ação/x y", "s3://Old_Bucket/ação/x y");
    for (size_t i = 0; i < COUNT(wrong); i++) {
        ck_assert_int_eq(try_open(wrong[i], NULL, &storage), TICKER_FATAL);
        ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_USAGE);
        (void)ticker_error_format(&error, text, sizeof(text));
        ck_assert_ptr_null(strstr(text, "secret"));
        ck_assert_ptr_nonnull(strstr(text, "s3://bucket/prefix"));
        ck_assert_ptr_null(storage);
    }
    (void)snprintf(url, sizeof(url), "s3://bucket/%0900d", 1);
    ck_assert_int_eq(try_open(url, NULL, &storage), TICKER_FATAL);
    ck_assert_ptr_nonnull(strstr(ticker_error_message(&error), "too long"));
}
END_TEST

START_TEST(objects_of_events)
{
    static const struct {
        const char *url, *bucket, *object_key, *key;
    } objects[] = {{"s3://bucket/up", "bucket", "up/a/b.zip", "a/b.zip"},
                   {"s3://bucket/up", "bucket", "up//b", "/b"},
                   {"s3://bucket/up", "bucket", "upper/b", NULL},
                   {"s3://bucket/up", "bucket", "up/", NULL},
                   {"s3://bucket/up", "bucket", "up", NULL},
                   {"s3://bucket/up", "bucket", "up/../secret", NULL},
                   {"s3://bucket/up", "bucket2", "up/a", NULL},
                   {"s3://bucket/up", "file", "up/a", NULL},
                   {"s3://bucket", "bucket", "a", "a"},
                   {"s3://bucket", "bucket", ".a/b", ".a/b"},
                   {"s3://bucket", "bucket", "a/../b", NULL}};

    for (size_t i = 0; i < COUNT(objects); i++) {
        ticker_storage *storage;
        char *key = NULL;

        ck_assert_int_eq(try_open(objects[i].url, NULL, &storage), TICKER_OK);
        ck_assert_msg(ticker_storage_holds(storage, objects[i].bucket, objects[i].object_key, &key) ==
                          (objects[i].key != NULL),
                      "%s", objects[i].object_key);
        ck_assert_pstr_eq(key, objects[i].key);
        ticker_free(key);
        ticker_storage_free(storage);
    }
}
END_TEST

START_TEST(an_upload)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, NULL);
    ticker_storage *storage;
    ticker_stored *stored = NULL;
    char url[1024];

    ck_assert_int_eq(try_open("s3://bucket/up", aws, &storage), TICKER_OK);
    fake_http_answer(fake, 200, "ETag: \"abc\"\nx-amz-version-id: v7\n", "");
    ck_assert_msg(ticker_storage_put(storage, "a b.csv", ticker_source_open_memory("hello", 5, "x"), NULL, NULL,
                                     &stored, &error) == TICKER_OK,
                  "%s", error.message);
    ck_assert_uint_eq(fake_http_count(fake), 1);
    ck_assert_str_eq(fake_http_method(fake, 0), "PUT");
    ck_assert_str_eq(fake_http_body(fake, 0, NULL), "hello");
    (void)snprintf(url, sizeof(url), "https://bucket.s3.us-east-1.amazonaws.com/up/%.17sa%%20b.csv",
                   ticker_stored_key(stored));
    ck_assert_str_eq(fake_http_url(fake, 0), url);
    ck_assert_str_eq(ticker_stored_version(stored), "v7");
    ck_assert_str_eq(ticker_stored_etag(stored), "abc");
    ck_assert_int_eq(ticker_stored_bytes(stored), 5);
    ck_assert_str_eq(ticker_stored_sha256(stored), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    (void)snprintf(url, sizeof(url), "s3://bucket/up/%s", ticker_stored_key(stored));
    ck_assert_str_eq(ticker_stored_url(stored), url);
    ticker_stored_free(stored);
    stored = NULL;
    fake_http_answer(fake, 403, NULL, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>");
    ck_assert_int_eq(
        ticker_storage_put(storage, "x", ticker_source_open_memory("hello", 5, "x"), NULL, NULL, &stored, &error),
        TICKER_FATAL);
    ck_assert_ptr_null(stored);
    ti_error_init(&error);
    fake_http_answer(fake, 204, NULL, "");
    ck_assert_int_eq(ticker_storage_delete(storage, "0123/x y", &error), TICKER_OK);
    ck_assert_str_eq(fake_http_url(fake, 2), "https://bucket.s3.us-east-1.amazonaws.com/up/0123/x%20y");
    ticker_storage_free(storage);
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

START_TEST(a_request_for_others)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, NULL);
    ticker_storage *storage;
    char *request = NULL;

    ck_assert_int_eq(try_open("s3://bucket/up", aws, &storage), TICKER_OK);
    ck_assert_int_eq(ticker_storage_presign(storage, "a\"b.csv", 123, 900, &request, &error), TICKER_OK);
    ck_assert_uint_eq(fake_http_count(fake), 0);
    ck_assert_ptr_eq(strstr(request, "{\"method\":\"PUT\",\"url\":\"https://bucket.s3.us-east-1.amazonaws.com/up/"),
                     request);
    ck_assert_ptr_nonnull(strstr(request, "/a%22b.csv?"));
    ck_assert_ptr_nonnull(strstr(request, "X-Amz-Expires=900"));
    ck_assert_ptr_nonnull(strstr(request, "X-Amz-SignedHeaders=content-length%3Bhost"));
    ck_assert_ptr_nonnull(strstr(request, ",\"headers\":{\"Content-Length\":\"123\"},\"key\":\""));
    ck_assert_ptr_nonnull(strstr(request, "/a\\\"b.csv\",\"expires_at\":\"2026-11-26T12:15:00.000Z\"}"));
    ticker_free(request);
    ticker_storage_free(storage);
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {urls, objects_of_events, an_upload, a_request_for_others};

    return run_tests("storage_s3", tests, COUNT(tests));
}
