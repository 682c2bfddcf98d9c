/* Single objects, buckets, presigned requests. */
#include "support.h"

#include <stdio.h>
#include <tickerimport/s3.h>

#include "aws/json.h"
#include "aws/sigv4.h"
#include "base/encode.h"
#include "fake_http.h"

#define KEY "in/a b+c%41/../\xc3\xa9.zip"
#define ENCODED "in/a%20b%2Bc%2541/../%C3%A9.zip"

static fake_http *fake;
static ticker_aws *aws;
static ticker_error error;

static void set_up_with(const char *option)
{
    fake = fake_http_new();
    aws = fake_http_client(fake, option != NULL ? option : "aws-max-attempts=3", NULL);
    ti_error_init(&error);
}

static void tear_down(void)
{
    ticker_aws_free(aws);
    fake_http_free(fake);
}

#define NO_KEY "<Error><Code>NoSuchKey</Code></Error>"

/* --- Objects -------------------------------------------------------------------------------------------------------------------- */

START_TEST(head)
{
    ticker_s3_object *object = NULL;

    set_up_with(NULL);
    fake_http_answer(fake, 200,
                     "Content-Length: 1234567890123\nETag: W/\"0123-5\"\nx-amz-version-id: v1\n"
                     "Last-Modified: Thu, 26 Nov 2026 12:00:00 GMT\n",
                     NULL);
    ck_assert_int_eq(ticker_s3_head(aws, "bucket", KEY, "v/1", &object, &error), TICKER_OK);
    ck_assert_str_eq(fake_http_method(fake, 0), "HEAD");
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, 0), "/" ENCODED "?versionId=v%2F1"));
    ck_assert_str_eq(ticker_s3_object_key(object), KEY);
    ck_assert_int_eq(ticker_s3_object_bytes(object), INT64_C(1234567890123));
    ck_assert_str_eq(ticker_s3_object_etag(object), "0123-5");
    ck_assert_str_eq(ticker_s3_object_version(object), "v1");
    ck_assert_int_eq(ticker_s3_object_modified(object), INT64_C(1795694400000));
    ticker_s3_object_free(object);
    ticker_s3_object_free(NULL);
    fake_http_answer(fake, 200, "Content-Length: 0\n", NULL);
    ck_assert_int_eq(ticker_s3_head(aws, "bucket", KEY, NULL, &object, &error), TICKER_OK);
    ck_assert_ptr_null(strchr(fake_http_url(fake, 1), '?'));
    ck_assert_str_eq(ticker_s3_object_etag(object), "");
    ck_assert_str_eq(ticker_s3_object_version(object), "");
    ck_assert_int_eq(ticker_s3_object_modified(object), 0);
    ticker_s3_object_free(object);
    tear_down();
}
END_TEST

START_TEST(head_that_fails)
{
    static const struct {
        int status;
        const char *headers;
        ticker_status expected;
    } answers[] = {{404, "", TICKER_FAILED},
                   {403, "", TICKER_FATAL},
                   {200, "", TICKER_FAILED},
                   {200, "Content-Length: -1\n", TICKER_FAILED},
                   {200, "Content-Length: x\n", TICKER_FAILED}};

    for (size_t i = 0; i < COUNT(answers); i++) {
        ticker_s3_object *object = NULL;

        set_up_with(NULL);
        fake_http_answer(fake, answers[i].status, answers[i].headers, NULL);
        ck_assert_int_eq(ticker_s3_head(aws, "bucket", "key", NULL, &object, &error), answers[i].expected);
        ck_assert_ptr_null(object);
        ck_assert_str_ne(error.message, "");
        tear_down();
    }
}
END_TEST

START_TEST(delete_one)
{
    static const struct {
        int status;
        const char *body;
        ticker_status expected;
    } answers[] = {{204, NULL, TICKER_OK},
                   {404, NO_KEY, TICKER_OK},
                   {404, "<Error><Code>NoSuchVersion</Code></Error>", TICKER_OK},
                   {404, "<Error><Code>NoSuchBucket</Code></Error>", TICKER_FATAL},
                   {403, "<Error><Code>AccessDenied</Code></Error>", TICKER_FATAL}};

    for (size_t i = 0; i < COUNT(answers); i++) {
        set_up_with(NULL);
        fake_http_answer(fake, answers[i].status, NULL, answers[i].body);
        ck_assert_int_eq(ticker_s3_delete(aws, "bucket", KEY, i == 1 ? "v1" : NULL, &error), answers[i].expected);
        ck_assert_int_eq(error.kind == TICKER_ERROR_NONE, answers[i].expected == TICKER_OK);
        ck_assert_str_eq(fake_http_method(fake, 0), "DELETE");
        ck_assert_int_eq(strstr(fake_http_url(fake, 0), "?versionId=v1") != NULL, i == 1);
        tear_down();
    }
}
END_TEST

/* --- Buckets -------------------------------------------------------------------------------------------------------------------- */

START_TEST(create_bucket)
{
    static const struct {
        int head, put;
        const char *code;
        ticker_status expected;
        int made;
    } answers[] = {{404, 200, "", TICKER_OK, 1},
                   {200, 200, "", TICKER_OK, 0},
                   {200, 409, "BucketAlreadyOwnedByYou", TICKER_OK, 0},
                   {403, 409, "BucketAlreadyOwnedByYou", TICKER_OK, 0},
                   {403, 409, "BucketAlreadyExists", TICKER_FAILED, -1},
                   {404, 403, "AccessDenied", TICKER_FATAL, -1}};
    char body[128];

    for (size_t i = 0; i < COUNT(answers); i++) {
        int made = -1;

        set_up_with(NULL);
        (void)snprintf(body, sizeof(body), "<Error><Code>%s</Code></Error>", answers[i].code);
        fake_http_answer(fake, answers[i].head, NULL, NULL);
        fake_http_answer(fake, answers[i].put, NULL, answers[i].put == 200 ? NULL : body);
        ck_assert_int_eq(ticker_s3_create_bucket(aws, "bucket", &made, &error), answers[i].expected);
        ck_assert_int_eq(made, answers[i].made);
        ck_assert_int_eq(error.kind == TICKER_ERROR_NONE, answers[i].expected == TICKER_OK);
        ck_assert_str_eq(fake_http_method(fake, 1), "PUT");
        ck_assert_str_eq(fake_http_body(fake, 1, NULL), "");
        tear_down();
    }
}
END_TEST

START_TEST(create_bucket_elsewhere)
{
    set_up_with("aws-region=sa-east-1");
    fake_http_answer(fake, 404, NULL, NULL);
    fake_http_answer(fake, 200, NULL, NULL);
    ck_assert_int_eq(ticker_s3_create_bucket(aws, "bucket", NULL, &error), TICKER_OK);
    ck_assert_str_eq(fake_http_body(fake, 1, NULL),
                     "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>"
                     "sa-east-1</LocationConstraint></CreateBucketConfiguration>");
    tear_down();
}
END_TEST

START_TEST(a_server_that_is_down)
{
    int made = -1;

    set_up_with("aws-max-attempts=1");
    fake_http_break(fake);
    ck_assert_int_eq(ticker_s3_create_bucket(aws, "bucket", &made, &error), TICKER_RETRY);
    ck_assert_uint_eq(fake_http_count(fake), 1);
    tear_down();
}
END_TEST

START_TEST(other_bucket_calls)
{
    set_up_with(NULL);
    fake_http_answer(fake, 200, NULL, NULL);
    fake_http_answer(fake, 404, NULL, NULL);
    fake_http_answer(fake, 204, NULL, NULL);
    fake_http_answer(fake, 409, NULL, "<Error><Code>BucketNotEmpty</Code></Error>");
    ck_assert_int_eq(ticker_s3_head_bucket(aws, "bucket", &error), TICKER_OK);
    ck_assert_int_eq(ticker_s3_head_bucket(aws, "bucket", &error), TICKER_FATAL);
    ck_assert_str_eq(error.file, "s3://bucket");
    ti_error_init(&error);
    ck_assert_int_eq(ticker_s3_delete_bucket(aws, "bucket", &error), TICKER_OK);
    ck_assert_int_eq(ticker_s3_delete_bucket(aws, "bucket", &error), TICKER_FAILED);
    ck_assert_str_eq(error.aws_code, "BucketNotEmpty");
    ck_assert_str_eq(fake_http_method(fake, 0), "HEAD");
    ck_assert_str_eq(fake_http_method(fake, 2), "DELETE");
    ck_assert_int_eq(ticker_s3_head_bucket(aws, "a/b", NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_delete_bucket(aws, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_create_bucket(NULL, "bucket", NULL, NULL), TICKER_FATAL);
    tear_down();
}
END_TEST

/* --- Presigned ------------------------------------------------------------------------------------------------------------------ */

START_TEST(presigned_urls)
{
    char *get = NULL, *put = NULL;

    set_up_with("aws-endpoint-url-s3=http://127.0.0.1:9");
    ck_assert_int_eq(ticker_s3_presign(aws, "GET", "bucket", KEY, 900, &get, &error), TICKER_OK);
    ck_assert_int_eq(ticker_s3_presign(aws, "PUT", "bucket", KEY, 900, &put, &error), TICKER_OK);
    ck_assert_int_eq(strncmp(get, "http://127.0.0.1:9/bucket/" ENCODED "?", 52), 0);
    ck_assert_ptr_nonnull(strstr(get, "X-Amz-Expires=900"));
    ck_assert_ptr_nonnull(strstr(get, "X-Amz-Signature="));
    ck_assert_str_ne(get, put);
    ticker_free(get);
    ticker_free(put);
    get = NULL;
    ck_assert_int_eq(ticker_s3_presign(aws, "DELETE", "bucket", KEY, 900, &get, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_presign(aws, NULL, "bucket", KEY, 900, &get, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_presign(aws, "GET", "bucket", KEY, 0, &get, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_presign(aws, "GET", "bucket", KEY, 604801, &get, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_presign(aws, "GET", "bucket", "", 900, &get, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_presign(aws, "GET", "bucket", KEY, 900, NULL, NULL), TICKER_FATAL);
    ck_assert_ptr_null(get);
    ck_assert_uint_eq(fake_http_count(fake), 0);
    tear_down();
}
END_TEST

/* A member of the form's fields as text; good for the next call only. */
static const char *field(const ti_json *form, const char *name)
{
    static char text[8192];
    ti_slice value = ti_json_text(ti_json_member(ti_json_member(ti_json_root(form), "fields"), name));

    ck_assert_uint_lt(value.size, sizeof(text));
    (void)snprintf(text, sizeof(text), "%.*s", (int)value.size, value.data);
    return text;
}

static ti_json *make_form(const char *key, int64_t bytes)
{
    ti_json *json = NULL;
    char *form = NULL;

    ck_assert_msg(ticker_s3_presign_post(aws, "bucket", key, bytes, 600, &form, &error) == TICKER_OK, "%s",
                  error.message);
    ck_assert_int_eq(ti_json_read(ti_slice_of(form), &json, &error), TICKER_OK);
    ticker_free(form);
    return json;
}

/* The policy as JSON text, and that the signature is the one of it. */
static void check_policy(const ti_json *form, const char *expected)
{
    const ti_sigv4_scope scope = {.access_key = ti_slice_of("AKIDEXAMPLE"),
                                  .secret_key = ti_slice_of("secret"),
                                  .region = ti_slice_of("us-east-1"),
                                  .service = ti_slice_of("s3"),
                                  .time = INT64_C(1795694400000),
                                  .s3 = true};
    ti_sigv4_key *key = ti_sigv4_key_new(&scope);
    char signature[TI_SHA256_TEXT_MAX];
    ti_buffer policy;

    bytes_init(&policy);
    ck_assert(ti_buffer_unbase64(&policy, ti_slice_of(field(form, "policy"))));
    ck_assert_str_eq(ti_buffer_string(&policy), expected);
    ck_assert_int_eq(ti_sigv4_policy(key, ti_slice_of(field(form, "policy")), signature, &error), TICKER_OK);
    ck_assert_str_eq(field(form, "x-amz-signature"), signature);
    ti_sigv4_key_free(key);
    ti_buffer_free(&policy);
}

#define COMMON                                                                                                         \
    "{\"x-amz-algorithm\":\"AWS4-HMAC-SHA256\"},"                                                                      \
    "{\"x-amz-credential\":\"AKIDEXAMPLE/20261126/us-east-1/s3/aws4_request\"},"                                       \
    "{\"x-amz-date\":\"20261126T120000Z\"}"

START_TEST(forms)
{
    ti_json *form;

    set_up_with("aws-endpoint-url-s3=http://127.0.0.1:9");
    form = make_form("in/\"x\".zip", 1000);
    ck_assert(ti_slice_is(ti_json_text(ti_json_member(ti_json_root(form), "url")), "http://127.0.0.1:9/bucket"));
    ck_assert_str_eq(field(form, "key"), "in/\"x\".zip");
    ck_assert_str_eq(field(form, "x-amz-algorithm"), "AWS4-HMAC-SHA256");
    ck_assert_str_eq(field(form, "x-amz-credential"), "AKIDEXAMPLE/20261126/us-east-1/s3/aws4_request");
    ck_assert_str_eq(field(form, "x-amz-date"), "20261126T120000Z");
    ck_assert_str_eq(field(form, "x-amz-security-token"), "");
    check_policy(form, "{\"expiration\":\"2026-11-26T12:10:00.000Z\",\"conditions\":[{\"bucket\":\"bucket\"},"
                       "[\"eq\",\"$key\",\"in/\\\"x\\\".zip\"],[\"content-length-range\",0,1000]," COMMON "]}");
    ti_json_free(form);
    form = make_form("in/${filename}", 0);
    ck_assert_str_eq(field(form, "key"), "in/${filename}");
    check_policy(form, "{\"expiration\":\"2026-11-26T12:10:00.000Z\",\"conditions\":[{\"bucket\":\"bucket\"},"
                       "[\"starts-with\",\"$key\",\"in/\"],[\"content-length-range\",0,0]," COMMON "]}");
    ti_json_free(form);
    ck_assert_uint_eq(fake_http_count(fake), 0);
    tear_down();
}
END_TEST

START_TEST(a_form_with_a_token)
{
    ti_json *form;

    set_up_with("aws-session-token=to/ken+");
    form = make_form("key", 10);
    ck_assert_str_eq(field(form, "x-amz-security-token"), "to/ken+");
    check_policy(form, "{\"expiration\":\"2026-11-26T12:10:00.000Z\",\"conditions\":[{\"bucket\":\"bucket\"},"
                       "[\"eq\",\"$key\",\"key\"],[\"content-length-range\",0,10]," COMMON
                       ",{\"x-amz-security-token\":\"to/ken+\"}]}");
    ti_json_free(form);
    tear_down();
}
END_TEST

START_TEST(forms_that_cannot_be)
{
    char *form = NULL;

    set_up_with(NULL);
    ck_assert_int_eq(ticker_s3_presign_post(aws, "bucket", "${filename}.zip", 1, 60, &form, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_presign_post(aws, "bucket", "key", -1, 60, &form, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_presign_post(aws, "bucket", "key", 1, 0, &form, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_presign_post(aws, "bucket", "key", 1, 60, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_presign_post(aws, "b/", "key", 1, 60, &form, NULL), TICKER_FATAL);
    ck_assert_ptr_null(form);
    tear_down();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {head,
                                  head_that_fails,
                                  delete_one,
                                  create_bucket,
                                  create_bucket_elsewhere,
                                  a_server_that_is_down,
                                  other_bucket_calls,
                                  presigned_urls,
                                  forms,
                                  a_form_with_a_token,
                                  forms_that_cannot_be};

    return run_tests("s3_calls", tests, COUNT(tests));
}
