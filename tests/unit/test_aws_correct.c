/* What a call puts right on its way, once: the clock, the keys, the region. */
#include "aws_scene.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#define MINUTE INT64_C(60000)

/* --- The clock ------------------------------------------------------------------------------------------------------------------ */

static const char *date_header(const scene *mine, int64_t ahead)
{
    static char lines[4][64];
    static unsigned next;
    char *line = lines[next++ % 4], text[TI_TIME_HTTP_MAX];
    ti_clock clock = fake_http_clock(mine->fake);

    ti_time_http(clock.now(clock.self) + ahead, text);
    ck_assert_int_gt(snprintf(line, sizeof(lines[0]), "Date: %s\n", text), 0);
    return line;
}

static const char *date_of(const scene *mine, size_t index)
{
    return fake_http_header(mine->fake, index, "X-Amz-Date");
}

START_TEST(a_wrong_clock_is_put_right)
{
    static const struct {
        const char *body;
        int64_t ahead;
        const char *expected;
    } cases[] = {
        {"<Error><Code>RequestTimeTooSkewed</Code></Error>", 15 * MINUTE, "20261126T121500Z"},
        {"<Error><Code>SignatureDoesNotMatch</Code></Error>", -15 * MINUTE, "20261126T114500Z"},
        {"{\"__type\":\"com.amazon.coral.service#InvalidSignatureException\"}", 60 * MINUTE, "20261126T130000Z"},
        {"<Response><Errors><Error><Code>AuthFailure</Code></Error></Errors></Response>", 5 * MINUTE,
         "20261126T120500Z"},
        {"<Error><Code>RequestExpired</Code></Error>", 5 * MINUTE, "20261126T120500Z"}};
    scene mine;

    for (size_t i = 0; i < COUNT(cases); i++) {
        open_scene(&mine, "aws-max-attempts=1"); /* correcting is no repetition */
        fake_http_answer(mine.fake, 403, date_header(&mine, cases[i].ahead), cases[i].body);
        fake_http_answer(mine.fake, 200, date_header(&mine, cases[i].ahead), "");
        fake_http_answer(mine.fake, 200, date_header(&mine, cases[i].ahead), "");
        succeeds(&mine, 2);
        ck_assert_int_eq(strncmp(date_of(&mine, 0), "20261126T120000Z", 16), 0);
        ck_assert_str_eq(date_of(&mine, 1), cases[i].expected);
        succeeds(&mine, 3);
        ck_assert_str_eq(date_of(&mine, 2), cases[i].expected);
        ck_assert_int_eq(fake_http_slept(mine.fake), 0);
        close_scene(&mine);
    }
}
END_TEST

START_TEST(a_clock_is_put_right_once)
{
    static const char body[] = "<Error><Code>RequestTimeTooSkewed</Code></Error>";
    scene mine;

    open_scene(&mine, NULL);
    fake_http_answer(mine.fake, 403, date_header(&mine, 15 * MINUTE), body);
    fake_http_answer(mine.fake, 403, date_header(&mine, 45 * MINUTE), body);
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 2);
    ck_assert_ptr_nonnull(strstr(mine.error.hint, "45 minutes behind"));
    close_scene(&mine);
}
END_TEST

START_TEST(a_small_skew_is_none)
{
    static const char body[] = "<Error><Code>SignatureDoesNotMatch</Code></Error>";
    scene mine;

    open_scene(&mine, NULL);
    fake_http_answer(mine.fake, 403, date_header(&mine, 3 * MINUTE), body);
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 1);
    ck_assert_ptr_nonnull(strstr(mine.error.hint, "secret key"));
    fake_http_answer(mine.fake, 403, NULL, body); /* no date */
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 2);
    /* A cache kept the answer: its date says nothing. */
    fake_http_answer(mine.fake, 403, "Date: Thu, 26 Nov 2026 09:00:00 GMT\nAge: 10800\n", body);
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 3);
    fake_http_answer(mine.fake, 404, date_header(&mine, 15 * MINUTE), "<Error><Code>NoSuchKey</Code></Error>");
    fails(&mine, TICKER_FAILED, TICKER_ERROR_INPUT, 4);
    ck_assert_int_eq(mine.aws->skew[TI_AWS_S3], 0);
    close_scene(&mine);
}
END_TEST

START_TEST(a_slow_answer_is_no_skew)
{
    scene mine;

    open_scene(&mine, NULL);
    fake_http_delay(mine.fake, 6 * MINUTE);
    /* The date is that of the end: half the time is what it may be off by. */
    fake_http_answer(mine.fake, 403, date_header(&mine, 6 * MINUTE),
                     "<Error><Code>SignatureDoesNotMatch</Code></Error>");
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 1);
    close_scene(&mine);
}
END_TEST

START_TEST(a_clock_that_was_set_is_noticed)
{
    static const char body[] = "<Error><Code>RequestTimeTooSkewed</Code></Error>";
    scene mine;

    open_scene(&mine, NULL);
    fake_http_answer(mine.fake, 403, date_header(&mine, 15 * MINUTE), body);
    fake_http_answer(mine.fake, 200, date_header(&mine, 15 * MINUTE), "");
    succeeds(&mine, 2);
    ck_assert_int_gt(mine.aws->skew[TI_AWS_S3], 14 * MINUTE);
    ck_assert_int_eq(mine.aws->skew[TI_AWS_SQS], 0); /* maybe another machine */
    fake_http_advance(mine.fake, 15 * MINUTE);       /* somebody sets this machine's clock */
    fake_http_answer(mine.fake, 200, date_header(&mine, 0), "");
    fake_http_answer(mine.fake, 200, date_header(&mine, 0), "");
    succeeds(&mine, 3);
    ck_assert_int_eq(mine.aws->skew[TI_AWS_S3], 0);
    succeeds(&mine, 4);
    ck_assert_str_eq(date_of(&mine, 3), "20261126T121500Z");
    close_scene(&mine);
}
END_TEST

/* --- Keys ----------------------------------------------------------------------------------------------------------------------- */

#define EXPIRED "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"

/* A client whose keys come from a file that may be written anew. */
static void open_with_file(scene *mine, const char *path)
{
    static char words[2][256];
    static const char *const environment[] = {words[0], words[1], NULL};

    open_scene(mine, NULL);
    ticker_aws_free(mine->aws);
    ck_assert_int_gt(snprintf(words[0], sizeof(words[0]), "AWS_SHARED_CREDENTIALS_FILE=%s", path), 0);
    ck_assert_int_gt(snprintf(words[1], sizeof(words[1]), "AWS_EC2_METADATA_DISABLED=true"), 0);
    ck_assert_int_eq(fake_http_setup(mine->fake, &(fake_setup){environment, NULL, NULL}, &mine->aws, NULL), TICKER_OK);
}

static void write_keys(const char *path, const char *key)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_gt(fprintf(file,
                             "[default]\naws_access_key_id = %s\naws_secret_access_key = secretsecret\n"
                             "aws_session_token = token-of-%s-0123456789\n",
                             key, key),
                     0);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(expired_keys_are_fetched_again)
{
    char *path = make_file("", 0);
    scene mine;

    write_keys(path, "AKIDOLD");
    open_with_file(&mine, path);
    fake_http_answer(mine.fake, 200, NULL, "");
    succeeds(&mine, 1);
    write_keys(path, "AKIDNEW");
    fake_http_advance(mine.fake, 60000);
    fake_http_answer(mine.fake, 400, NULL, EXPIRED);
    fake_http_answer(mine.fake, 200, NULL, "");
    succeeds(&mine, 3);
    ck_assert_ptr_nonnull(strstr(fake_http_header(mine.fake, 1, "Authorization"), "AKIDOLD"));
    ck_assert_ptr_nonnull(strstr(fake_http_header(mine.fake, 2, "Authorization"), "AKIDNEW"));
    ck_assert_str_eq(fake_http_header(mine.fake, 2, "X-Amz-Security-Token"), "token-of-AKIDNEW-0123456789");
    close_scene(&mine);
    drop_file(path);
}
END_TEST

START_TEST(keys_that_stay_the_same_are_not_tried_twice)
{
    char *path = make_file("", 0);
    scene mine;

    write_keys(path, "AKIDOLD");
    open_with_file(&mine, path);
    fake_http_answer(mine.fake, 400, NULL, EXPIRED);
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 1);
    ck_assert_ptr_nonnull(strstr(mine.error.hint, "no longer valid"));
    ck_assert_ptr_nonnull(strstr(mine.error.hint, "AKIDOLD"));
    close_scene(&mine);
    /* Renewed once, and no more than that. */
    open_with_file(&mine, path);
    fake_http_answer(mine.fake, 200, NULL, "");
    succeeds(&mine, 1);
    write_keys(path, "AKIDNEW");
    fake_http_advance(mine.fake, 60000);
    fake_http_answer(mine.fake, 403, NULL, "<Error><Code>InvalidAccessKeyId</Code></Error>");
    fake_http_answer(mine.fake, 403, NULL, "<Error><Code>InvalidAccessKeyId</Code></Error>");
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 3);
    close_scene(&mine);
    drop_file(path);
}
END_TEST

/* --- Regions -------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_bucket_elsewhere_is_found)
{
    static const struct {
        int status;
        const char *headers, *body;
    } cases[] = {{301, "x-amz-bucket-region: eu-west-1\n",
                  "<Error><Code>PermanentRedirect</Code><Endpoint>files.s3.evil.example</Endpoint></Error>"},
                 {307, "x-amz-bucket-region: eu-west-1\nLocation: https://evil.example/\n",
                  "<Error><Code>TemporaryRedirect</Code></Error>"},
                 {400, NULL, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"},
                 {400, "x-amz-bucket-region: eu-west-1\n", NULL}};
    scene mine;

    for (size_t i = 0; i < COUNT(cases); i++) {
        open_scene(&mine, NULL);
        fake_http_answer(mine.fake, cases[i].status, cases[i].headers, cases[i].body);
        fake_http_answer(mine.fake, 200, NULL, "");
        fake_http_answer(mine.fake, 200, NULL, "");
        fake_http_answer(mine.fake, 200, NULL, "");
        succeeds(&mine, 2);
        ck_assert_str_eq(fake_http_url(mine.fake, 0), "https://files.s3.us-east-1.amazonaws.com/k");
        ck_assert_str_eq(fake_http_url(mine.fake, 1), "https://files.s3.eu-west-1.amazonaws.com/k");
        ck_assert_ptr_nonnull(strstr(fake_http_header(mine.fake, 1, "Authorization"), "/eu-west-1/s3/"));
        mine.request.region = "sa-east-1"; /* what was learned is better than what was guessed */
        succeeds(&mine, 3);
        ck_assert_str_eq(fake_http_url(mine.fake, 2), "https://files.s3.eu-west-1.amazonaws.com/k");
        mine.request.bucket = ti_slice_of("other");
        succeeds(&mine, 4);
        ck_assert_str_eq(fake_http_url(mine.fake, 3), "https://other.s3.sa-east-1.amazonaws.com/k");
        close_scene(&mine);
    }
}
END_TEST

START_TEST(an_endpoint_stays_where_it_is)
{
    scene mine;

    open_scene(&mine, "aws-endpoint-url=http://127.0.0.1:7480");
    fake_http_answer(mine.fake, 301, "x-amz-bucket-region: eu-west-1\nLocation: http://evil.example/\n", "");
    fake_http_answer(mine.fake, 200, NULL, "");
    succeeds(&mine, 2);
    ck_assert_str_eq(fake_http_url(mine.fake, 1), "http://127.0.0.1:7480/files/k");
    ck_assert_ptr_nonnull(strstr(fake_http_header(mine.fake, 1, "Authorization"), "/eu-west-1/s3/"));
    close_scene(&mine);
}
END_TEST

START_TEST(redirects_end)
{
    scene mine;

    open_scene(&mine, NULL);
    fake_http_answer(mine.fake, 301, "x-amz-bucket-region: eu-west-1\n", "");
    fake_http_answer(mine.fake, 301, "x-amz-bucket-region: eu-west-2\n", "");
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 2);
    ck_assert_ptr_nonnull(strstr(mine.error.hint, "eu-west-2"));
    mine.request.bucket = ti_slice_of("another");
    fake_http_answer(mine.fake, 301, "x-amz-bucket-region: evil.example/\n", "");
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 3);
    ck_assert_ptr_null(strstr(mine.error.hint, "evil"));
    fake_http_answer(mine.fake, 301, "x-amz-bucket-region: us-east-1\n", ""); /* where it was asked */
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 4);
    fake_http_answer(mine.fake, 302, "Location: https://evil.example/\n", "");
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 5);
    close_scene(&mine);
}
END_TEST

START_TEST(many_buckets_are_remembered_and_forgotten)
{
    scene mine;
    char name[16], region[TI_REGION_MAX];

    open_scene(&mine, NULL);
    for (int i = 0; i < 3 * TI_BUCKET_REGIONS_MAX; i++) {
        ck_assert_int_gt(snprintf(name, sizeof(name), "bucket-%d", i), 0);
        ti_aws_learn_bucket(mine.aws, ti_slice_of(name), ti_slice_of("eu-west-1"));
        ti_aws_learn_bucket(mine.aws, ti_slice_of(name), ti_slice_of("eu-west-2"));
        ck_assert(ti_aws_bucket_region(mine.aws, ti_slice_of(name), region));
        ck_assert_str_eq(region, "eu-west-2");
    }
    ck_assert(!ti_aws_bucket_region(mine.aws, ti_slice_of("bucket-0"), region));
    ck_assert(ti_aws_bucket_region(mine.aws, ti_slice_of("bucket-190"), region));
    ti_aws_learn_bucket(mine.aws, ti_slice_of("x"), ti_slice_of("no region"));
    ck_assert(!ti_aws_bucket_region(mine.aws, ti_slice_of("x"), region));
    close_scene(&mine);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_wrong_clock_is_put_right,
                                  a_clock_is_put_right_once,
                                  a_small_skew_is_none,
                                  a_slow_answer_is_no_skew,
                                  a_clock_that_was_set_is_noticed,
                                  expired_keys_are_fetched_again,
                                  keys_that_stay_the_same_are_not_tried_twice,
                                  a_bucket_elsewhere_is_found,
                                  an_endpoint_stays_where_it_is,
                                  redirects_end,
                                  many_buckets_are_remembered_and_forgotten};

    return run_tests("aws_correct", tests, COUNT(tests));
}
