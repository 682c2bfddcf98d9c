/* Where a client's settings come from, in which order, and what is refused. */
#include "fake_http.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/handle.h"

#define WORDS_MAX 16

/* Words of one line, separated by blanks. */
static const char *const *words_of(const char *line)
{
    static char texts[4][1024];
    static const char *words[4][WORDS_MAX];
    static unsigned next;
    unsigned now = next++ % 4;
    size_t count = 0;
    char *at = texts[now];

    ck_assert_uint_lt(strlen(line), sizeof(texts[0]));
    memcpy(at, line, strlen(line) + 1);
    while (*at != '\0') {
        char *end = at + strcspn(at, " ");

        ck_assert_uint_lt(count + 1, WORDS_MAX);
        words[now][count++] = at;
        at = *end != '\0' ? end + 1 : end;
        *end = '\0';
    }
    words[now][count] = NULL;
    return words[now];
}

static ticker_aws *make(fake_http *fake, const char *options, const char *environment)
{
    fake_setup setup = {words_of(environment), words_of(options), NULL};
    ticker_error error;
    ticker_aws *aws = NULL;

    ti_error_init(&error);
    ck_assert_msg(fake_http_setup(fake, &setup, &aws, &error) == TICKER_OK, "%s: %s", options, error.message);
    return aws;
}

static void refuse(const char *options, const char *environment, const char *word)
{
    fake_http *fake = fake_http_new();
    fake_setup setup = {words_of(environment), words_of(options), NULL};
    ticker_error error;
    ticker_aws *aws = (ticker_aws *)&error;

    ti_error_init(&error);
    ck_assert_msg(fake_http_setup(fake, &setup, &aws, &error) == TICKER_FATAL, "%s %s", options, environment);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_msg(strstr(error.message, word) != NULL, "\"%s\" says nothing of %s", error.message, word);
    ck_assert_ptr_null(aws);
    fake_http_free(fake);
}

static void check_region(const char *options, const char *environment, const char *expected)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = make(fake, options, environment);

    ck_assert_str_eq(ticker_aws_region(aws), expected);
    ticker_aws_free(aws);
    fake_http_free(fake);
}

static void check_endpoint(const char *options, const char *environment, const char *service, const char *expected)
{
    fake_http *fake = fake_http_new();
    ticker_aws *aws = make(fake, options, environment);
    char *url = NULL;

    ck_assert_int_eq(ticker_aws_endpoint(aws, service, &url, NULL), TICKER_OK);
    ck_assert_msg(strcmp(url, expected) == 0, "%s | %s | %s: %s", options, environment, service, url);
    ticker_free(url);
    ticker_aws_free(aws);
    fake_http_free(fake);
}

/* "AWS_CONFIG_FILE=path" of a file with this text. */
static const char *config_file(const char *text, char **path)
{
    static char word[256];

    *path = make_file(text, strlen(text));
    ck_assert_int_lt(snprintf(word, sizeof(word), "AWS_CONFIG_FILE=%s", *path), (int)sizeof(word));
    return word;
}

START_TEST(the_region)
{
    char *path, line[512];
    const char *word = config_file("[default]\nregion = sa-east-1\n", &path);

    check_region("", "", "us-east-1");
    check_region("", word, "sa-east-1");
    ck_assert_int_gt(snprintf(line, sizeof(line), "%s AWS_DEFAULT_REGION=eu-west-1", word), 0);
    check_region("", line, "eu-west-1");
    check_region("", "AWS_DEFAULT_REGION=eu-west-1 AWS_REGION=eu-west-2", "eu-west-2");
    check_region("", "AWS_DEFAULT_REGION=eu-west-1 AWS_REGION=", "eu-west-1");
    check_region("aws-region=eu-west-3", "AWS_REGION=eu-west-2", "eu-west-3");
    refuse("aws-region=evil.example/x", "", "aws-region");
    refuse("", "AWS_REGION=EU-WEST-1", "AWS_REGION");
    refuse("", "AWS_DEFAULT_REGION=-a", "AWS_DEFAULT_REGION");
    drop_file(path);
}
END_TEST

START_TEST(the_order_of_endpoints)
{
    char *path, line[1024];
    const char *word = config_file("[default]\nservices = mine\nendpoint_url = http://profile:1\n[services mine]\n"
                                   "s3 =\n  endpoint_url = http://services:1\n",
                                   &path);

    check_endpoint("", word, "s3", "http://services:1");
    check_endpoint("", word, "sqs", "http://profile:1");
    ck_assert_int_gt(snprintf(line, sizeof(line), "%s AWS_ENDPOINT_URL=http://all:1", word), 0);
    check_endpoint("", line, "s3", "http://all:1");
    check_endpoint("", "AWS_ENDPOINT_URL=http://all:1 AWS_ENDPOINT_URL_SQS=http://own:1", "sqs", "http://own:1");
    check_endpoint("", "AWS_ENDPOINT_URL=http://all:1 AWS_ENDPOINT_URL_SQS=http://own:1", "sns", "http://all:1");
    check_endpoint("aws-endpoint-url=http://option:1", "AWS_ENDPOINT_URL_S3=http://own:1", "s3", "http://option:1");
    check_endpoint("aws-endpoint-url=http://option:1 aws-endpoint-url-sns=http://sns:1", "", "sns", "http://sns:1");
    check_endpoint("aws-endpoint-url=http://option:1 aws-endpoint-url-s3=http://own:1",
                   "AWS_ENDPOINT_URL_S3=http://own:1", "s3",
                   "http://option:1"); /* the programs make options of variables */
    check_endpoint("aws-endpoint-url-sts=http://sts:1", "AWS_ENDPOINT_URL_SNS=http://sns:1", "sns", "http://sns:1");
    check_endpoint("aws-endpoint-url-sts=http://sts:1", "", "sns", "https://sns.us-east-1.amazonaws.com");
    drop_file(path);
}
END_TEST

START_TEST(endpoints_can_be_ignored)
{
    static const char ignore[] = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true";
    char *path, line[1024];
    const char *word = config_file(
        "[default]\nendpoint_url = http://profile:1\nignore_configured_endpoint_urls = true\n", &path);

    check_endpoint("", word, "s3", "https://s3.us-east-1.amazonaws.com");
    ck_assert_int_gt(snprintf(line, sizeof(line), "%s AWS_ENDPOINT_URL=http://all:1", ignore), 0);
    check_endpoint("", line, "s3", "https://s3.us-east-1.amazonaws.com");
    check_endpoint("aws-endpoint-url=http://option:1", line, "s3", "http://option:1");
    /* What a program took over from the environment is the environment's still. */
    check_endpoint("aws-endpoint-url=http://all:1", line, "s3", "https://s3.us-east-1.amazonaws.com");
    check_endpoint("", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false AWS_ENDPOINT_URL=http://all:1", "s3", "http://all:1");
    drop_file(path);
}
END_TEST

START_TEST(endpoints_are_read_with_care)
{
    static const struct {
        const char *url, *read;
    } good[] = {{"http://localhost:4566", "http://localhost:4566"},
                {"http://localhost:4566/", "http://localhost:4566"},
                {"http://LocalHost:80/a/b//", "http://localhost/a/b"},
                {"https://host:443", "https://host"},
                {"https://host:80", "https://host:80"},
                {"http://host:443/x%20y", "http://host:443/x%20y"},
                {"http://[::1]:4566", "http://[::1]:4566"},
                {"http://[::1]", "http://[::1]"},
                {"http://my_minio.local:1", "http://my_minio.local:1"}};
    static const char *const bad[] = {
        "localhost:4566", "ftp://h",        "http://",       "http:///p",    "http://:80",      "http://h:0",
        "http://h:65536", "http://h:",      "http://h:x",    "http://u@h",   "http://u:p@h/",   "http://h?x=1",
        "http://h/p?x",   "http://h/#f",    "http://h/a\"b", "http://[::1",  "http://[h]x",     "http://h\\x",
        "HTTP://h",       "http://h/%\x01", "http://a,b",    "http://h:1:2", "http://[::1]2:3", "http://[g]h"};
    char line[256];

    for (size_t i = 0; i < COUNT(good); i++) {
        ck_assert_int_gt(snprintf(line, sizeof(line), "aws-endpoint-url=%s", good[i].url), 0);
        check_endpoint(line, "", "sqs", good[i].read);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_int_gt(snprintf(line, sizeof(line), "AWS_ENDPOINT_URL=%s", bad[i]), 0);
        refuse("", line, "AWS_ENDPOINT_URL");
    }
    refuse("aws-endpoint-url-s3=nonsense", "", "aws-endpoint-url-s3");
}
END_TEST

START_TEST(partitions_have_their_domains)
{
    check_endpoint("aws-region=cn-north-1", "", "sqs", "https://sqs.cn-north-1.amazonaws.com.cn");
    check_endpoint("aws-region=us-gov-west-1", "", "s3", "https://s3.us-gov-west-1.amazonaws.com");
    check_endpoint("aws-region=us-iso-east-1", "", "sns", "https://sns.us-iso-east-1.c2s.ic.gov");
    check_endpoint("aws-region=us-isob-east-1", "", "sns", "https://sns.us-isob-east-1.sc2s.sgov.gov");
    check_endpoint("aws-region=eusc-de-east-1", "", "sts", "https://sts.eusc-de-east-1.amazonaws.eu");
}
END_TEST

START_TEST(retries_and_other_words)
{
    char *path;
    const char *word = config_file("[default]\nretry_mode = adaptive\nmax_attempts = 7\nca_bundle = /profile.pem\n"
                                   "s3 =\n  addressing_style = path\n",
                                   &path);
    static const struct {
        const char *options, *environment;
        ti_retry_mode mode;
        unsigned attempts;
    } cases[] = {{"", "", TI_RETRY_STANDARD, 3},
                 {"", "AWS_RETRY_MODE=legacy", TI_RETRY_LEGACY, 5},
                 {"", "AWS_RETRY_MODE=legacy AWS_MAX_ATTEMPTS=2", TI_RETRY_LEGACY, 2},
                 {"aws-retry-mode=standard", "AWS_RETRY_MODE=adaptive AWS_MAX_ATTEMPTS=100", TI_RETRY_STANDARD, 100},
                 {"aws-max-attempts=1", "AWS_MAX_ATTEMPTS=9", TI_RETRY_STANDARD, 1},
                 {"aws-max-attempts=3 aws-retry-mode=legacy", "", TI_RETRY_LEGACY, 3}};
    fake_http *fake = fake_http_new();
    ticker_aws *aws;

    for (size_t i = 0; i < COUNT(cases); i++) {
        aws = make(fake, cases[i].options, cases[i].environment);
        ck_assert_int_eq(aws->settings.mode, cases[i].mode);
        ck_assert_uint_eq(aws->settings.max_attempts, cases[i].attempts);
        ck_assert_int_eq(aws->settings.addressing, TI_ADDRESSING_AUTO);
        ck_assert_ptr_null(aws->settings.ca_bundle);
        ticker_aws_free(aws);
    }
    aws = make(fake, "", word);
    ck_assert_int_eq(aws->settings.mode, TI_RETRY_ADAPTIVE);
    ck_assert_uint_eq(aws->settings.max_attempts, 7);
    ck_assert_str_eq(aws->settings.ca_bundle, "/profile.pem");
    ck_assert_int_eq(aws->settings.addressing, TI_ADDRESSING_PATH);
    ticker_aws_free(aws);
    aws = make(fake, "aws-ca-bundle=/option.pem s3-addressing=virtual", "AWS_CA_BUNDLE=/variable.pem");
    ck_assert_str_eq(aws->settings.ca_bundle, "/option.pem");
    ck_assert_int_eq(aws->settings.addressing, TI_ADDRESSING_VIRTUAL);
    ticker_aws_free(aws);
    refuse("", "AWS_RETRY_MODE=fast", "AWS_RETRY_MODE");
    refuse("", "AWS_MAX_ATTEMPTS=0", "AWS_MAX_ATTEMPTS");
    refuse("", "AWS_MAX_ATTEMPTS=101", "AWS_MAX_ATTEMPTS");
    refuse("", "AWS_MAX_ATTEMPTS=many", "AWS_MAX_ATTEMPTS");
    refuse("", "AWS_S3_ADDRESSING_STYLE=odd", "AWS_S3_ADDRESSING_STYLE");
    drop_file(path);
    fake_http_free(fake);
}
END_TEST

START_TEST(a_wrong_profile_is_said_at_once)
{
    char *path;
    const char *word = config_file("[default\nregion = x\n", &path);
    fake_http *fake = fake_http_new();
    fake_setup setup = {words_of(word), NULL, NULL};
    ticker_error error;
    ticker_aws *aws = NULL;

    ti_error_init(&error);
    ck_assert_int_eq(fake_http_setup(fake, &setup, &aws, &error), TICKER_FATAL);
    ck_assert_str_eq(error.file, path);
    ck_assert_uint_eq(error.line, 1);
    ck_assert_ptr_null(aws);
    drop_file(path);
    fake_http_free(fake);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_region,
                                  the_order_of_endpoints,
                                  endpoints_can_be_ignored,
                                  endpoints_are_read_with_care,
                                  partitions_have_their_domains,
                                  retries_and_other_words,
                                  a_wrong_profile_is_said_at_once};

    return run_tests("aws_settings", tests, COUNT(tests));
}
