/* Where requests go and what is in them: hosts, paths, queue URLs, signed headers, presigned URLs, keys. */
#include "fake_http.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/handle.h"

static ti_slice slice(const char *text)
{
    return ti_slice_of(text);
}

static void check_url(ticker_aws *aws, const ti_aws_request *request, const char *expected)
{
    ti_buffer url;
    ticker_error error;

    bytes_init(&url);
    ti_error_init(&error);
    ck_assert_msg(ti_aws_url(aws, request, &url, &error) == TICKER_OK, "%s", error.message);
    ck_assert_str_eq(ti_buffer_string(&url), expected);
    ti_buffer_free(&url);
}

static void check_object(ticker_aws *aws, const char *bucket, const char *key, const char *expected)
{
    ti_aws_request request = {.service = TI_AWS_S3, .bucket = slice(bucket), .path = slice(key)};

    check_url(aws, &request, expected);
}

START_TEST(buckets_in_hosts)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, "aws-region=sa-east-1", NULL);

    check_object(aws, "files", "a/b", "https://files.s3.sa-east-1.amazonaws.com/a/b");
    check_object(aws, "files", "", "https://files.s3.sa-east-1.amazonaws.com/");
    check_object(aws, "", "", "https://s3.sa-east-1.amazonaws.com/");
    check_object(aws, "files", "/a/../b c+\xc3\xa9", "https://files.s3.sa-east-1.amazonaws.com//a/../b%20c%2B%C3%A9");
    check_object(aws, "my.files", "a", "https://s3.sa-east-1.amazonaws.com/my.files/a");
    check_object(aws, "Files", "a", "https://s3.sa-east-1.amazonaws.com/Files/a");
    check_object(aws, "my_files", "a", "https://s3.sa-east-1.amazonaws.com/my_files/a");
    check_object(aws, "-files", "a", "https://s3.sa-east-1.amazonaws.com/-files/a");
    check_object(aws, "files-", "", "https://s3.sa-east-1.amazonaws.com/files-");
    check_object(aws, "ab", "a", "https://s3.sa-east-1.amazonaws.com/ab/a");
    check_object(aws, "123456", "a", "https://s3.sa-east-1.amazonaws.com/123456/a");
    check_object(aws, "tenant:files", "a", "https://s3.sa-east-1.amazonaws.com/tenant%3Afiles/a");
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

START_TEST(buckets_in_paths)
{
    static const struct {
        const char *endpoint, *style, *bucket, *expected;
    } cases[] = {{"http://localhost:4566", "auto", "files", "http://localhost:4566/files/k"},
                 {"http://localhost:4566/deep", "auto", "files", "http://localhost:4566/deep/files/k"},
                 {"http://localhost:4566", "virtual", "files", "http://files.localhost:4566/k"},
                 {"http://127.0.0.1:4566", "virtual", "files", "http://127.0.0.1:4566/files/k"},
                 {"http://[::1]:4566", "virtual", "files", "http://[::1]:4566/files/k"},
                 {"http://s3.localhost:4566", "auto", "files", "http://files.s3.localhost:4566/k"},
                 {"http://s3.localhost:4566", "auto", "my.files", "http://my.files.s3.localhost:4566/k"},
                 {"https://s3.example", "auto", "my.files", "https://s3.example/my.files/k"},
                 {"https://s3.example", "virtual", "my.files", "https://my.files.s3.example/k"},
                 {"https://s3.example", "path", "files", "https://s3.example/files/k"},
                 {"http://s3.localhost:4566", "auto", "my..files", "http://s3.localhost:4566/my..files/k"},
                 {"http://s3.localhost:4566", "auto", "my.-files", "http://s3.localhost:4566/my.-files/k"},
                 {"http://s3x.localhost:4566", "auto", "files", "http://s3x.localhost:4566/files/k"}};
    fake_http *fake = fake_http_new();
    char endpoint[128], style[64];

    for (size_t i = 0; i < COUNT(cases); i++) {
        ticker_aws *aws;

        ck_assert_int_gt(snprintf(endpoint, sizeof(endpoint), "aws-endpoint-url=%s", cases[i].endpoint), 0);
        ck_assert_int_gt(snprintf(style, sizeof(style), "s3-addressing=%s", cases[i].style), 0);
        aws = fake_http_client(fake, endpoint, style, NULL);
        check_object(aws, cases[i].bucket, "k", cases[i].expected);
        ck_assert(ti_aws_has_endpoint(aws, TI_AWS_S3));
        ticker_aws_free(aws);
    }
    fake_http_free(fake);
}
END_TEST

static void check_queue(ticker_aws *aws, const char *queue_url, const char *expected)
{
    ti_aws_request request = {.service = TI_AWS_SQS, .queue_url = queue_url};

    check_url(aws, &request, expected);
}

START_TEST(queues_have_urls_of_their_own)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, NULL);

    check_queue(aws, NULL, "https://sqs.us-east-1.amazonaws.com/");
    check_queue(aws, "https://sqs.sa-east-1.amazonaws.com/1/q", "https://sqs.sa-east-1.amazonaws.com/");
    check_queue(aws, "http://localhost:4566/1/q", "http://localhost:4566/");
    ticker_aws_free(aws);
    /* With an endpoint nothing is sent to the queue's own host, which may be nowhere, or an attacker's. */
    aws = fake_http_client(fake, "aws-endpoint-url-sqs=http://127.0.0.1:4566", NULL);
    check_queue(aws, "http://sqs.us-east-1.localhost.localstack.cloud:4566/1/q", "http://127.0.0.1:4566/");
    check_queue(aws, NULL, "http://127.0.0.1:4566/");
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

/* The third part of the credential's scope. */
static void check_signed_region(fake_http *fake, size_t index, const char *region)
{
    const char *authorization = fake_http_header(fake, index, "Authorization");
    char part[96];

    ck_assert_ptr_nonnull(authorization);
    ck_assert_int_gt(snprintf(part, sizeof(part), "/%s/", region), 0);
    ck_assert_msg(strstr(authorization, part) != NULL, "%s is not for %s", authorization, region);
}

START_TEST(the_region_is_in_the_queue_url)
{
    static const struct {
        const char *url, *region;
    } cases[] = {{"https://sqs.sa-east-1.amazonaws.com/1/q", "sa-east-1"},
                 {"https://sa-east-1.queue.amazonaws.com/1/q", "sa-east-1"},
                 {"https://queue.amazonaws.com/1/q", "us-east-1"},
                 {"https://vpce-1-2.sqs.us-gov-west-1.vpce.amazonaws.com/1/q", "us-gov-west-1"},
                 {"http://sqs.eu-west-1.localhost.localstack.cloud:4566/1/q", "eu-west-1"},
                 {"http://eu-west-1.queue.localhost.localstack.cloud:4566/1/q", "eu-west-1"},
                 {"http://localhost:4566/1/q", "eu-central-1"},
                 {"http://sqs.localhost:4566/1/q", "eu-central-1"},
                 {"http://sqs/1/q", "eu-central-1"}};
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, "aws-region=eu-central-1", NULL);
    ti_http_response response;

    ti_http_response_init(&response);
    for (size_t i = 0; i < COUNT(cases); i++) {
        ti_aws_request request = {
            .service = TI_AWS_SQS, .operation = "ReceiveMessage", .method = "POST", .queue_url = cases[i].url};

        fake_http_answer(fake, 200, NULL, "{}");
        ck_assert_int_eq(ti_aws_perform(aws, &request, &response, NULL), TICKER_OK);
        check_signed_region(fake, i, cases[i].region);
    }
    ti_http_response_free(&response);
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

static void check_refused(ticker_aws *aws, const ti_aws_request *request, const char *word)
{
    ticker_error error;
    ti_buffer url;

    bytes_init(&url);
    ti_error_init(&error);
    ck_assert_int_eq(ti_aws_url(aws, request, &url, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_msg(strstr(error.message, word) != NULL, "%s", error.message);
    ti_buffer_free(&url);
}

START_TEST(names_that_cannot_be)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, NULL);
    char longest[TICKER_KEY_MAX + 1];

    memset(longest, 'k', sizeof(longest));
    check_refused(aws, &(ti_aws_request){.bucket = slice("..")}, "bucket");
    check_refused(aws, &(ti_aws_request){.bucket = slice("a/b")}, "bucket");
    check_refused(aws, &(ti_aws_request){.bucket = {"a\0b", 3}}, "bucket");
    check_refused(aws, &(ti_aws_request){.bucket = {longest, TICKER_BUCKET_MAX}}, "bucket");
    check_refused(aws, &(ti_aws_request){.bucket = slice("files"), .path = {longest, TICKER_KEY_MAX}}, "key");
    check_refused(aws, &(ti_aws_request){.region = "x.evil.example/"}, "region");
    check_refused(aws, &(ti_aws_request){.service = TI_AWS_SQS, .queue_url = "files"}, "queue's URL");
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

START_TEST(queries_are_encoded)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, NULL);
    ti_aws_parameter query[] = {{slice("uploads"), {"", 0}}, {slice("prefix"), slice("a b&c=d/\xc3\xa9+")}};
    ti_aws_request request = {.bucket = slice("files"), .query = query, .query_count = 2};

    check_url(aws, &request, "https://files.s3.us-east-1.amazonaws.com/?uploads=&prefix=a%20b%26c%3Dd%2F%C3%A9%2B");
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

START_TEST(a_request_is_signed)
{
    static const char *const environment[] = {"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret",
                                              "AWS_SESSION_TOKEN=token", NULL};
    fake_http *fake = fake_http_new();
    ti_http_header headers[] = {{slice("Content-Type"), slice("text/plain")}};
    ti_aws_request request = {.service = TI_AWS_S3,
                              .operation = "PutObject",
                              .method = "PUT",
                              .bucket = slice("files"),
                              .path = slice("a b"),
                              .headers = headers,
                              .header_count = 1,
                              .body = {.data = "hello", .size = 5}};
    ticker_aws *aws = NULL;
    ti_http_response response;

    ti_http_response_init(&response);
    ck_assert_int_eq(fake_http_setup(fake, &(fake_setup){environment, NULL, NULL}, &aws, NULL), TICKER_OK);
    fake_http_answer(fake, 200, "ETag: \"e\"\n", "");
    fake_http_answer(fake, 200, NULL, "{}");
    ck_assert_int_eq(ti_aws_perform(aws, &request, &response, NULL), TICKER_OK);
    ck_assert_uint_eq(response.attempts, 1);
    ck_assert_str_eq(fake_http_method(fake, 0), "PUT");
    ck_assert_str_eq(fake_http_url(fake, 0), "https://files.s3.us-east-1.amazonaws.com/a%20b");
    ck_assert_str_eq(fake_http_body(fake, 0, NULL), "hello");
    ck_assert_str_eq(fake_http_header(fake, 0, "Host"), "files.s3.us-east-1.amazonaws.com");
    ck_assert_str_eq(fake_http_header(fake, 0, "Content-Type"), "text/plain");
    ck_assert_str_eq(fake_http_header(fake, 0, "X-Amz-Date"), "20261126T120000Z");
    ck_assert_str_eq(fake_http_header(fake, 0, "X-Amz-Security-Token"), "token");
    ck_assert_str_eq(fake_http_header(fake, 0, "X-Amz-Content-Sha256"),
                     "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    ck_assert_ptr_nonnull(strstr(fake_http_header(fake, 0, "User-Agent"), "libtickerimport/"));
    /* Computed with botocore. */
    ck_assert_str_eq(fake_http_header(fake, 0, "Authorization"),
                     "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261126/us-east-1/s3/aws4_request, "
                     "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
                     "Signature=66e57080626c12befa1d9665c453ae86d70ce17d9effdbf1272969ea20d2d6fc");
    request = (ti_aws_request){.service = TI_AWS_SQS, .operation = "ListQueues", .method = "POST"};
    ck_assert_int_eq(ti_aws_perform(aws, &request, &response, NULL), TICKER_OK);
    ck_assert_ptr_null(fake_http_header(fake, 1, "X-Amz-Content-Sha256"));
    ck_assert_ptr_nonnull(strstr(fake_http_header(fake, 1, "Authorization"), "/us-east-1/sqs/aws4_request"));
    ti_http_response_free(&response);
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

START_TEST(what_stands_in_a_request_for_http)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, "aws-ca-bundle=/ca.pem", NULL);
    ti_aws_request request = {.operation = "GetObject", .method = "GET", .bucket = slice("files"), .path = slice("k")};
    ti_http_response response;
    atomic_bool stop;

    atomic_init(&stop, false);
    ti_http_response_init(&response);
    for (int i = 0; i < 2; i++)
        fake_http_answer(fake, 200, NULL, "");
    ck_assert_int_eq(ti_aws_perform(aws, &request, &response, NULL), TICKER_OK);
    ck_assert_str_eq(fake_http_last(fake)->ca_bundle, "/ca.pem");
    ck_assert_uint_eq(fake_http_last(fake)->max_body, 4 << 20);
    ck_assert_int_eq(fake_http_last(fake)->timeout, 60000);
    ck_assert_int_eq(fake_http_last(fake)->total_timeout, 0);
    ck_assert(!fake_http_last(fake)->cleanup && !fake_http_last(fake)->expect_continue && !fake_http_last(fake)->once);
    request.wait = 20000;
    request.max_body = 1000;
    request.cleanup = request.expect_continue = request.once = true;
    request.stop = &stop;
    ck_assert_int_eq(ti_aws_perform(aws, &request, &response, NULL), TICKER_OK);
    ck_assert_uint_eq(fake_http_last(fake)->max_body, 1000);
    ck_assert_int_eq(fake_http_last(fake)->total_timeout, 10000);
    ck_assert(fake_http_last(fake)->cleanup && fake_http_last(fake)->expect_continue && fake_http_last(fake)->once);
    ck_assert_ptr_eq(fake_http_last(fake)->stop, &stop);
    ti_http_response_free(&response);
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

START_TEST(a_long_poll_has_time)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, NULL);
    ti_aws_request request = {.service = TI_AWS_SQS, .operation = "ReceiveMessage", .method = "POST", .wait = 20000};
    ti_http_response response;

    ti_http_response_init(&response);
    fake_http_answer(fake, 200, NULL, "");
    ck_assert_int_eq(ti_aws_perform(aws, &request, &response, NULL), TICKER_OK);
    ck_assert_int_eq(fake_http_last(fake)->timeout, 80000);
    ti_http_response_free(&response);
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

START_TEST(a_header_cannot_hide_another)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, NULL);
    ti_http_header header = {slice("Content-Type"), slice("a\r\nX-Evil: b")};
    ti_http_header many[TICKER_SIGNING_HEADERS_MAX];
    ti_aws_request request = {.operation = "PutObject",
                              .method = "PUT",
                              .bucket = slice("files"),
                              .path = slice("k"),
                              .headers = &header,
                              .header_count = 1};
    ti_http_response response;
    ticker_error error;

    ti_http_response_init(&response);
    ti_error_init(&error);
    ck_assert_int_eq(ti_aws_perform(aws, &request, &response, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = (ti_http_header){slice("a"), slice("b")};
    request.headers = many;
    request.header_count = COUNT(many);
    ti_error_init(&error);
    ck_assert_int_eq(ti_aws_perform(aws, &request, &response, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ck_assert_uint_eq(fake_http_count(fake), 0);
    ti_http_response_free(&response);
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

START_TEST(signing_keys_come_and_go)
{
    static const char *const services[] = {"us-east-1", "us-east-2", "us-west-1",  "us-west-2",
                                           "eu-west-1", "eu-west-2", "eu-west-3",  "eu-north-1",
                                           "sa-east-1", "ap-east-1", "ap-south-1", "me-south-1"};
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, NULL);
    ti_http_response response;
    size_t kept = 0;

    ti_http_response_init(&response);
    for (size_t i = 0; i < 4 * COUNT(services); i++) {
        ti_aws_request request = {.service = i % 2 == 0 ? TI_AWS_S3 : TI_AWS_STS,
                                  .operation = "Any",
                                  .method = "GET",
                                  .region = services[i / 2 % COUNT(services)]};

        fake_http_answer(fake, 200, NULL, "");
        ck_assert_int_eq(ti_aws_perform(aws, &request, &response, NULL), TICKER_OK);
        check_signed_region(fake, i, request.region);
    }
    for (size_t i = 0; i < TI_KEY_POOL_MAX; i++)
        kept += aws->pool[i] != NULL;
    ck_assert_uint_eq(kept, TI_KEY_POOL_MAX);
    ti_http_response_free(&response);
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

START_TEST(long_urls_are_refused)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, NULL);
    char *value = malloc(TICKER_URL_MAX);
    ti_aws_parameter query = {slice("prefix"), {value, 0}};
    ti_aws_request request = {.bucket = slice("files"), .query = &query, .query_count = 1};
    ticker_error error;
    ti_buffer url;

    ck_assert_ptr_nonnull(value);
    memset(value, 'x', TICKER_URL_MAX);
    ti_buffer_init(&url, TICKER_URL_MAX);
    for (size_t size = TICKER_URL_MAX - 60; size < TICKER_URL_MAX; size++) {
        ticker_status status;

        query.value.size = size;
        ti_error_init(&error);
        ti_buffer_clear(&url);
        status = ti_aws_url(aws, &request, &url, &error);
        ck_assert(status == TICKER_OK ? url.size < TICKER_URL_MAX : error.kind == TICKER_ERROR_LIMIT);
        ck_assert(size < TICKER_URL_MAX - 10 || status == TICKER_FATAL);
        ck_assert(size > TICKER_URL_MAX - 60 || status == TICKER_OK);
    }
    free(value);
    ti_buffer_free(&url);
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

START_TEST(presigned_urls)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, NULL);
    ti_aws_request request = {
        .operation = "GetObject", .method = "GET", .bucket = slice("files"), .path = slice("a b")};
    ticker_error error;
    ti_buffer url;

    bytes_init(&url);
    ck_assert_int_eq(ti_aws_presign(aws, &request, 900, &url, NULL), TICKER_OK);
    ck_assert_str_eq(
        ti_buffer_string(&url),
        "https://files.s3.us-east-1.amazonaws.com/a%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
        "AKIDEXAMPLE%2F20261126%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20261126T120000Z&X-Amz-Expires=900&"
        "X-Amz-SignedHeaders=host&X-Amz-Signature=99e74ced3562ca658bd30e4f63fed0f3c48812b24ee10b2a672d0d01138402b7");
    ti_error_init(&error);
    ck_assert_int_eq(ti_aws_presign(aws, &request, 0, &url, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_int_eq(ti_aws_presign(aws, &request, TICKER_PRESIGN_SECONDS_MAX + 1, &url, NULL), TICKER_FATAL);
    ti_buffer_clear(&url);
    ck_assert_int_eq(ti_aws_presign(aws, &request, TICKER_PRESIGN_SECONDS_MAX, &url, NULL), TICKER_OK);
    ck_assert_ptr_nonnull(strstr(ti_buffer_string(&url), "X-Amz-Expires=604800"));
    ti_buffer_clear(&url);
    request.method = "PUT";
    request.headers = &(ti_http_header){slice("Content-Type"), slice("text/csv")};
    request.header_count = 1;
    request.payload_hash = TI_UNSIGNED_PAYLOAD;
    ck_assert_int_eq(ti_aws_presign(aws, &request, 60, &url, NULL), TICKER_OK);
    ck_assert_ptr_nonnull(strstr(ti_buffer_string(&url), "X-Amz-SignedHeaders=content-type%3Bhost"));
    request.header_count = TICKER_SIGNING_HEADERS_MAX;
    ck_assert_int_eq(ti_aws_presign(aws, &request, 60, &url, NULL), TICKER_FATAL);
    ck_assert_uint_eq(fake_http_count(fake), 0);
    ti_buffer_free(&url);
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

START_TEST(keys_are_shown_without_their_secret)
{
    static const char *const environment[] = {"AWS_EC2_METADATA_DISABLED=true", NULL};
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, NULL);
    const char *source = NULL;
    char *key = NULL;
    ticker_error error;

    ck_assert_int_eq(ticker_aws_keys(aws, &source, &key, NULL), TICKER_OK);
    ck_assert_str_eq(source, "options");
    ck_assert_str_eq(key, "AKIDEXAMPLE");
    ticker_free(key);
    ck_assert_int_eq(ticker_aws_keys(aws, NULL, NULL, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_aws_keys(NULL, NULL, NULL, NULL), TICKER_FATAL);
    ticker_aws_free(aws);
    ck_assert_int_eq(fake_http_setup(fake, &(fake_setup){environment, NULL, NULL}, &aws, NULL), TICKER_OK);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_aws_keys(aws, &source, &key, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_ptr_null(key);
    ticker_aws_free(aws);
    ticker_aws_free(NULL);
    fake_http_free(fake);
}
END_TEST

START_TEST(services_have_names)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = fake_http_client(fake, NULL);
    ticker_error error;
    char *url = NULL;

    ck_assert_int_eq(ticker_aws_endpoint(aws, "sts", &url, NULL), TICKER_OK);
    ck_assert_str_eq(url, "https://sts.us-east-1.amazonaws.com");
    ticker_free(url);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_aws_endpoint(aws, "ec2", &url, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_ptr_null(url);
    ck_assert_int_eq(ticker_aws_endpoint(aws, NULL, &url, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_aws_endpoint(NULL, "s3", &url, NULL), TICKER_FATAL);
    ck_assert_str_eq(ticker_aws_region(NULL), "");
    ck_assert(!ti_aws_has_endpoint(aws, TI_AWS_STS));
    ck_assert_str_eq(ti_aws_region(aws), "us-east-1");
    ck_assert_ptr_nonnull(ti_aws_options(aws));
    ck_assert_int_eq(ti_aws_now(aws), ti_aws_clock(aws)->now(ti_aws_clock(aws)->self));
    ticker_aws_free(aws);
    fake_http_free(fake);
}
END_TEST

START_TEST(the_public_client)
{
    ticker_options *options = make_options("aws-region=sa-east-1", "aws-access-key-id=AKID",
                                           "aws-secret-access-key=secret", NULL);
    ticker_error error;
    ticker_aws *aws = NULL;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_aws_new(options, NULL, NULL, NULL), TICKER_FATAL);
    if (ticker_has("aws") == 0) {
        ck_assert_int_eq(ticker_aws_new(options, NULL, &aws, &error), TICKER_FATAL);
        ck_assert_int_eq(error.kind, TICKER_ERROR_UNSUPPORTED);
        ck_assert_ptr_null(aws);
    } else {
        ck_assert_msg(ticker_aws_new(options, NULL, &aws, &error) == TICKER_OK, "%s", error.message);
        ck_assert_str_eq(ticker_aws_region(aws), "sa-east-1");
        ticker_aws_free(aws);
    }
    ticker_options_free(options);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {buckets_in_hosts,
                                  buckets_in_paths,
                                  queues_have_urls_of_their_own,
                                  the_region_is_in_the_queue_url,
                                  names_that_cannot_be,
                                  queries_are_encoded,
                                  a_request_is_signed,
                                  what_stands_in_a_request_for_http,
                                  a_long_poll_has_time,
                                  a_header_cannot_hide_another,
                                  signing_keys_come_and_go,
                                  long_urls_are_refused,
                                  presigned_urls,
                                  keys_are_shown_without_their_secret,
                                  services_have_names,
                                  the_public_client};

    return run_tests("aws_client", tests, COUNT(tests));
}
