/* The storage suite on S3, and what only S3 has: uploads in parts, and requests for others. The environment says where S3 is
 * (tests/conformance/aws.sh); each test has a bucket of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tickerimport/s3.h>

#include "aws/client.h"
#include "aws/http.h"
#include "aws/json.h"
#include "input/source.h"
#include "storage_suite.h"

#define SKIPPED 77 /* as automake understands it */
#define PREFIX "up/loads"

static char bucket[64];
static ticker_aws *aws;
static ticker_error error;

/* An upload of the suite has several parts. */
static ticker_options *options_of(void)
{
    static const char *const settings[][2] = {
        {"s3-part-size", "5MiB"}, {"s3-concurrency", "2"}, {"allowed-buckets", "allowed-bucket, other.allowed"}};
    ticker_options *options = ticker_options_new();
    char url[128];

    ck_assert_ptr_nonnull(options);
    ti_error_init(&error);
    (void)snprintf(url, sizeof(url), "s3://%s/" PREFIX "//", bucket);
    storage_suite_ok(ticker_options_set(options, "storage-url", url, &error), &error, "storage-url");
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        storage_suite_ok(ticker_options_set(options, settings[i][0], settings[i][1], &error), &error, settings[i][0]);
    return options;
}

static void set_up(void)
{
    static unsigned number;
    ticker_options *options;
    int made = 0;

    (void)snprintf(bucket, sizeof(bucket), "ticker-storage-%ld-%u", (long)getpid(), number++);
    options = options_of();
    storage_suite_ok(ticker_aws_new(options, NULL, &aws, &error), &error, "client");
    storage_suite_ok(ticker_s3_create_bucket(aws, bucket, &made, &error), &error, "create the bucket");
    ck_assert_int_eq(made, 1);
    ticker_options_free(options);
}

static ticker_status count_one(void *payload, const ticker_s3_object *object, ticker_error *of)
{
    (void)of;
    ck_assert_ptr_nonnull(strstr(ticker_s3_object_key(object), PREFIX "/"));
    ++*(size_t *)payload;
    return TICKER_OK;
}

static size_t count(void)
{
    size_t objects = 0;

    ti_error_init(&error);
    storage_suite_ok(ticker_s3_list(aws, bucket, "", 0, count_one, &objects, &error), &error, "list");
    return objects;
}

static ticker_status delete_one(void *payload, const ticker_s3_object *object, ticker_error *of)
{
    (void)payload;
    return ticker_s3_delete(aws, bucket, ticker_s3_object_key(object), NULL, of);
}

/* No upload in parts may be left, whatever became of it. */
static void tear_down(void)
{
    int64_t left = -1;

    ti_error_init(&error);
    storage_suite_ok(ticker_s3_abort_uploads(aws, bucket, "", 0, &left, &error), &error, "abort uploads");
    ck_assert_int_eq(left, 0);
    storage_suite_ok(ticker_s3_list(aws, bucket, "", 0, delete_one, NULL, &error), &error, "empty the bucket");
    storage_suite_ok(ticker_s3_delete_bucket(aws, bucket, &error), &error, "delete the bucket");
    ticker_aws_free(aws);
}

static ticker_storage *open_storage(void)
{
    ticker_options *options = options_of();
    ticker_storage *storage = NULL;
    char url[128];

    storage_suite_ok(ticker_storage_open(options, NULL, &storage, &error), &error, "open");
    (void)snprintf(url, sizeof(url), "s3://%s/" PREFIX, bucket);
    ck_assert_str_eq(ticker_storage_url(storage), url);
    ticker_options_free(options);
    return storage;
}

static storage_backend backend = {.name = "s3",
                                  .set_up = set_up,
                                  .tear_down = tear_down,
                                  .open = open_storage,
                                  .count = count,
                                  .bucket = "", /* of the test: see the program */
                                  .prefix = PREFIX "/",
                                  .large = (size_t)12 * 1024 * 1024 + 17};

/* --- Requests for others ------------------------------------------------------------------------------------------------------- */

/* Sends `data` as a client that only has the request. Returns the HTTP status. */
static int send_as_told(const char *request, const char *data)
{
    ti_json *json = NULL;
    ti_json_value *root;
    ti_http http;
    ti_http_response response;
    ti_http_request put = {.method = "PUT",
                           .body = {.data = data, .size = (int64_t)strlen(data)},
                           .connect_timeout = 5000,
                           .timeout = 30000,
                           .max_body = 65536};
    char url[8192];
    int status;

    storage_suite_ok(ti_json_read(ti_slice_of(request), &json, &error), &error, "the request");
    root = ti_json_root(json);
    ck_assert(ti_slice_is(ti_json_text(ti_json_member(root, "method")), "PUT"));
    (void)snprintf(url, sizeof(url), "%.*s", (int)ti_json_text(ti_json_member(root, "url")).size,
                   ti_json_text(ti_json_member(root, "url")).data);
    put.url = url;
    storage_suite_ok(ti_http_curl(NULL, NULL, &http, &error), &error, "curl");
    ti_http_response_init(&response);
    storage_suite_ok(http.perform(http.self, &put, &response, &error), &error, "PUT");
    status = response.status;
    ti_http_response_free(&response);
    http.close(http.self);
    ti_json_free(json);
    return status;
}

START_TEST(an_upload_around_the_program)
{
    ticker_storage *storage = open_storage();
    char *request = NULL, key[256];
    int64_t expires = 0;
    ticker_source *source = NULL;
    char back[64];
    size_t got = 0;
    ti_json *json = NULL;

    storage_suite_ok(ticker_storage_presign(storage, "a b+c.zip", 5, 600, &request, &error), &error, "presign");
    storage_suite_ok(ti_json_read(ti_slice_of(request), &json, &error), &error, "the request");
    (void)snprintf(key, sizeof(key), "%.*s", (int)ti_json_text(ti_json_member(ti_json_root(json), "key")).size,
                   ti_json_text(ti_json_member(ti_json_root(json), "key")).data);
    ck_assert_str_eq(key + 16, "/a b+c.zip");
    ck_assert(ti_slice_is(ti_json_text(ti_json_member(ti_json_member(ti_json_root(json), "headers"), "Content-Length")),
                          "5"));
    ck_assert(ti_time_parse_extended(ti_json_text(ti_json_member(ti_json_root(json), "expires_at")), &expires));
    ck_assert_int_ge(expires, ti_clock_system.now(ti_clock_system.self) + 540000);
    ck_assert_int_le(expires, ti_clock_system.now(ti_clock_system.self) + 660000);
    ck_assert_int_eq(send_as_told(request, "too long"), 403); /* the length is a part of what was signed */
    ck_assert_uint_eq(count(), 0);
    ck_assert_int_eq(send_as_told(request, "hello"), 200);
    storage_suite_ok(ticker_storage_get(storage, key, NULL, &source, &error), &error, "get");
    ck_assert_int_eq(ti_source_read(source, back, sizeof(back), &got, &error), TICKER_OK);
    ck_assert_uint_eq(got, 5);
    ck_assert_mem_eq(back, "hello", 5);
    ticker_source_free(source);
    ti_json_free(json);
    ticker_free(request);
    ck_assert_int_eq(ticker_storage_presign(storage, "x", 5, 0, &request, &error), TICKER_FATAL);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_storage_presign(storage, "x", 5, 604801, &request, &error), TICKER_FATAL);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_storage_presign(storage, "x", -1, 60, &request, &error), TICKER_FATAL);
    ti_error_init(&error);
    ticker_storage_free(storage);
}
END_TEST

START_TEST(a_bucket_that_is_not_there)
{
    ticker_options *options = options_of();
    ticker_storage *storage = NULL;
    ticker_stored *stored = NULL;

    storage_suite_ok(ticker_options_set(options, "storage-url", "s3://no-such-bucket-anywhere", &error), &error, "url");
    storage_suite_ok(ticker_storage_open(options, aws, &storage, &error), &error, "open");
    ck_assert_int_eq(
        ticker_storage_put(storage, "x", ticker_source_open_memory("x", 1, "x"), NULL, NULL, &stored, &error),
        TICKER_FATAL);
    ck_assert_str_eq(ticker_error_aws_code(&error), "NoSuchBucket");
    ck_assert_str_ne(ticker_error_hint(&error), "");
    ck_assert_ptr_null(stored);
    ti_error_init(&error);
    ticker_storage_free(storage);
    ticker_options_free(options);
}
END_TEST

START_TEST(the_client_of_the_caller)
{
    ticker_options *options = options_of();
    ticker_storage *storage = NULL;
    ticker_stored *stored;

    storage_suite_ok(ticker_storage_open(options, aws, &storage, &error), &error, "open");
    stored = storage_suite_put(storage, "x", "hello", 5);
    ck_assert_str_ne(ticker_stored_etag(stored), "");
    ticker_stored_free(stored);
    ticker_storage_free(storage);
    ck_assert_uint_eq(count(), 1); /* the client still works */
    ticker_options_free(options);
}
END_TEST

/* The bucket's name is known when the test runs. */
static void set_up_suite(void)
{
    set_up();
    backend.bucket = bucket;
}

int main(void)
{
    const char *server = getenv("AWS_ENDPOINT_URL_S3"), *ci = getenv("CI");
    TCase *tests = tcase_create("s3 alone");
    Suite *suite;
    SRunner *runner;
    int failed;

    backend.set_up = set_up_suite;
    suite = storage_suite(&backend);
    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_upload_around_the_program);
    tcase_add_test(tests, a_bucket_that_is_not_there);
    tcase_add_test(tests, the_client_of_the_caller);
    runner = srunner_create(suite);
    if (server == NULL || server[0] == '\0') {
        (void)fprintf(stderr, "AWS_ENDPOINT_URL_S3 is not set: the storage in S3 is not tested\n");
        srunner_free(runner);
        return ci != NULL && strcmp(ci, "true") == 0 ? EXIT_FAILURE : SKIPPED;
    }
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
