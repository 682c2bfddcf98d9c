/* The public signing calls: what they take and refuse, what is missing, and that each stage says what the inner ones say. */
#include "support.h"

#include <stdlib.h>

#include "signing.h"

static ticker_error error;

static ticker_signing *example(void)
{
    static const char *const values[][2] = {
        {"access-key", EXAMPLE_KEY}, {"secret-key", EXAMPLE_SECRET}, {"region", "us-east-1"},
        {"service", "iam"},          {"time", "20150830T123600Z"},   {"query", "Version=2010-05-08&Action=ListUsers"}};
    ticker_signing *signing = ticker_signing_new();

    ck_assert_ptr_nonnull(signing);
    ti_error_init(&error);
    for (size_t i = 0; i < COUNT(values); i++)
        ck_assert_int_eq(ticker_signing_set(signing, values[i][0], values[i][1], &error), TICKER_OK);
    ck_assert_int_eq(ticker_signing_header(signing, "Host", "iam.amazonaws.com", &error), TICKER_OK);
    ck_assert_int_eq(
        ticker_signing_header(signing, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8", &error),
        TICKER_OK);
    return signing;
}

static void set(ticker_signing *signing, const char *name, const char *value)
{
    ck_assert_msg(ticker_signing_set(signing, name, value, &error) == TICKER_OK, "%s", error.message);
}

static void authorization_ends(ticker_signing *signing, const char *end)
{
    const char *text = NULL;

    ck_assert_msg(ticker_signing_authorization(signing, &text, &error) == TICKER_OK, "%s", error.message);
    ck_assert_uint_ge(strlen(text), strlen(end));
    ck_assert_str_eq(text + strlen(text) - strlen(end), end);
}

START_TEST(three_stages)
{
    ticker_signing *signing = example();
    const char *text = NULL;

    ck_assert_int_eq(ticker_signing_canonical_request(signing, &text, &error), TICKER_OK);
    ck_assert_str_eq(text, "GET\n/\nAction=ListUsers&Version=2010-05-08\n"
                           "content-type:application/x-www-form-urlencoded; charset=utf-8\n"
                           "host:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
                           "content-type;host;x-amz-date\n" EMPTY_BODY);
    ck_assert_int_eq(ticker_signing_string_to_sign(signing, &text, &error), TICKER_OK);
    ck_assert_str_eq(text, "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
                           "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
    for (int again = 0; again < 2; again++) {
        ck_assert_int_eq(ticker_signing_authorization(signing, &text, &error), TICKER_OK);
        ck_assert_str_eq(text, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
                               "SignedHeaders=content-type;host;x-amz-date, "
                               "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }
    ck_assert_int_eq(error.status, TICKER_OK);
    ticker_signing_free(signing);
    ticker_signing_free(NULL);
}
END_TEST

/* S3's examples: the rules come with the service's name, the body's hash is signed, the query is the whole one. */
START_TEST(s3_examples)
{
    ticker_signing *signing = ticker_signing_new();
    const char *text = NULL;

    ti_error_init(&error);
    set(signing, "access-key", S3_EXAMPLE_KEY);
    set(signing, "secret-key", S3_EXAMPLE_SECRET);
    set(signing, "region", "us-east-1");
    set(signing, "service", "s3");
    set(signing, "time", "20130524T000000Z");
    set(signing, "path", "/test.txt");
    ck_assert_int_eq(ticker_signing_header(signing, "host", "examplebucket.s3.amazonaws.com", &error), TICKER_OK);
    set(signing, "expires", "86400");
    ck_assert_int_eq(ticker_signing_authorization(signing, &text, &error), TICKER_OK);
    ck_assert_str_eq(text, "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                           "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                           "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                           "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    set(signing, "expires", "0");
    set(signing, "method", "PUT");
    set(signing, "path", "/test%24file.text");
    ck_assert_int_eq(ticker_signing_header(signing, "Date", "Fri, 24 May 2013 00:00:00 GMT", &error), TICKER_OK);
    ck_assert_int_eq(ticker_signing_header(signing, "x-amz-storage-class", "REDUCED_REDUNDANCY", &error), TICKER_OK);
    ck_assert_int_eq(ticker_signing_body(signing, "Welcome to Amazon S3.", 21, &error), TICKER_OK);
    authorization_ends(signing, "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    ticker_signing_free(signing);
}
END_TEST

/* Another secret, day or region needs another key; going back gives the first signature again. */
START_TEST(keys_follow_the_values)
{
    static const char first[] = "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    static const char *const changes[][3] = {{"secret-key", "another", EXAMPLE_SECRET},
                                             {"time", "20150831T000000Z", "20150830T123600Z"},
                                             {"region", "eu-west-1", "us-east-1"},
                                             {"service", "sts", "iam"}};
    ticker_signing *signing = example();
    const char *text = NULL;

    authorization_ends(signing, first);
    for (size_t i = 0; i < COUNT(changes); i++) {
        set(signing, changes[i][0], changes[i][1]);
        ck_assert_int_eq(ticker_signing_authorization(signing, &text, &error), TICKER_OK);
        ck_assert_ptr_null(strstr(text, first));
        set(signing, changes[i][0], changes[i][2]);
        authorization_ends(signing, first);
    }
    ticker_signing_free(signing);
}
END_TEST

START_TEST(rules_can_be_chosen)
{
    ticker_signing *signing = example();
    const char *text = NULL;

    set(signing, "path", "/a//b%20");
    set(signing, "query", "");
    ck_assert_int_eq(ticker_signing_canonical_request(signing, &text, &error), TICKER_OK);
    ck_assert(strncmp(text, "GET\n/a/b%2520\n\n", 15) == 0);
    set(signing, "rules", "s3");
    ck_assert_int_eq(ticker_signing_canonical_request(signing, &text, &error), TICKER_OK);
    ck_assert(strncmp(text, "GET\n/a//b%20\n\n", 14) == 0);
    ck_assert_ptr_nonnull(strstr(text, "\nx-amz-content-sha256:" EMPTY_BODY "\n"));
    set(signing, "rules", "aws");
    set(signing, "service", "s3");
    ck_assert_int_eq(ticker_signing_canonical_request(signing, &text, &error), TICKER_OK);
    ck_assert_ptr_null(strstr(text, "x-amz-content-sha256"));
    ticker_signing_free(signing);
}
END_TEST

/* --- Refusals ------------------------------------------------------------------------------------------------------------------- */

/* No message and no hint holds the value. */
static void refused(ticker_signing *signing, const char *name, const char *value)
{
    ti_error_init(&error);
    ck_assert_msg(ticker_signing_set(signing, name, value, &error) == TICKER_FATAL, "%s=%s", name, value);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(error.message, name));
    ck_assert(error.hint[0] != '\0');
    ck_assert(strlen(value) < 8 || strstr(error.message, value) == NULL);
    ti_error_init(&error);
}

START_TEST(what_values_cannot_be)
{
    static const char *const rows[][2] = {
        {"access-key", ""},
        {"access-key", "AK\nID"},
        {"secret-key", ""},
        {"secret-key", "secret\x7f"
                       "value"},
        {"session-token", "token\r\nx: y"},
        {"region", ""},
        {"region", "us east"},
        {"region", "us/east"},
        {"service", ""},
        {"service", "s3\n"},
        {"time", ""},
        {"time", "2015-08-30T12:36:00Z"},
        {"time", "20150231T000000Z"},
        {"method", ""},
        {"method", "GET /"},
        {"path", ""},
        {"path", "a"},
        {"path", "/a b"},
        {"path", "/a?b"},
        {"path", "/a\nhost:evil"},
        {"path", "/\xc3\xa9"},
        {"path", "/a#b"},
        {"query", "a=b c"},
        {"query", "a=\n"},
        {"query", "a=\xc3\xa9"},
        {"query", "#"},
        {"payload-hash", ""},
        {"payload-hash", "E3B0c44"},
        {"payload-hash", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85"},
        {"payload-hash", "UNSIGNED PAYLOAD"},
        {"expires", ""},
        {"expires", "-1"},
        {"expires", "604801"},
        {"expires", "1h"},
        {"rules", ""},
        {"rules", "S3"}};
    ticker_signing *signing = example();
    char region[TI_SIGV4_NAME_MAX + 1];

    for (size_t i = 0; i < COUNT(rows); i++)
        refused(signing, rows[i][0], rows[i][1]);
    memset(region, 'r', TI_SIGV4_NAME_MAX);
    region[TI_SIGV4_NAME_MAX] = '\0';
    refused(signing, "region", region);
    region[TI_SIGV4_NAME_MAX - 1] = '\0';
    set(signing, "region", region);
    set(signing, "region", "us-east-1");
    set(signing, "payload-hash", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    set(signing, "payload-hash", EMPTY_BODY);
    set(signing, "session-token", "");
    /* None of them has changed anything. */
    authorization_ends(signing, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    ticker_signing_free(signing);
}
END_TEST

START_TEST(unknown_names_and_no_values)
{
    ticker_signing *signing = example();
    const char *text = "left alone";

    ck_assert_int_eq(ticker_signing_set(signing, "Region", "x", &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(error.hint, "payload-hash"));
    ck_assert_int_eq(ticker_signing_set(NULL, "region", "x", NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_signing_set(signing, NULL, "x", NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_signing_set(signing, "region", NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_signing_header(NULL, "a", "b", NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_signing_header(signing, NULL, "b", NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_signing_header(signing, "a", NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_signing_body(NULL, "", 0, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_signing_body(signing, NULL, 1, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_signing_canonical_request(NULL, &text, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_signing_string_to_sign(NULL, &text, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_signing_authorization(NULL, &text, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_signing_canonical_request(signing, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_signing_string_to_sign(signing, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_signing_authorization(signing, NULL, NULL), TICKER_FATAL);
    ck_assert_str_eq(text, "left alone");
    ck_assert_int_eq(ticker_signing_body(signing, NULL, 0, NULL), TICKER_OK);
    authorization_ends(signing, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    ticker_signing_free(signing);
}
END_TEST

START_TEST(headers_that_are_none)
{
    static const char *const rows[][2] = {{"", "x"},        {"a b", "x"},      {"a:", "x"},
                                          {"a\n", "x"},     {"\xc3\xa9", "x"}, {"a", "x\ny"},
                                          {"a", "x\r\n y"}, {"a", "\x01"},     {"a", "x\x7f"}};
    ticker_signing *signing = example();
    size_t taken = 0;

    for (size_t i = 0; i < COUNT(rows); i++) {
        ti_error_init(&error);
        ck_assert_int_eq(ticker_signing_header(signing, rows[i][0], rows[i][1], &error), TICKER_FATAL);
        ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    }
    ti_error_init(&error);
    while (ticker_signing_header(signing, "User-Agent", "tab\tand \xc3\xa9", &error) == TICKER_OK)
        taken++;
    ck_assert_uint_eq(taken, TICKER_SIGNING_HEADERS_MAX - 2);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ti_error_init(&error);
    authorization_ends(signing, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    ticker_signing_free(signing);
}
END_TEST

START_TEST(what_is_missing)
{
    static const char *const names[] = {"access-key", "secret-key", "region", "service", "time"};
    ticker_signing *signing;
    const char *text;

    for (size_t missing = 0; missing < COUNT(names); missing++) {
        bool secret = strcmp(names[missing], "secret-key") == 0;

        signing = ticker_signing_new();
        ck_assert_int_eq(ticker_signing_header(signing, "host", "h", NULL), TICKER_OK);
        for (size_t i = 0; i < COUNT(names); i++)
            if (i != missing)
                set(signing, names[i], strcmp(names[i], "time") == 0 ? "20150830T123600Z" : "x");
        ti_error_init(&error);
        ck_assert_int_eq(ticker_signing_authorization(signing, &text, &error), TICKER_FATAL);
        ck_assert_ptr_nonnull(strstr(error.message, names[missing]));
        ck_assert_int_eq(ticker_signing_canonical_request(signing, &text, NULL), secret ? TICKER_OK : TICKER_FATAL);
        ck_assert_int_eq(ticker_signing_string_to_sign(signing, &text, NULL), secret ? TICKER_OK : TICKER_FATAL);
        ticker_signing_free(signing);
    }
    signing = ticker_signing_new();
    for (size_t i = 0; i < COUNT(names); i++)
        set(signing, names[i], strcmp(names[i], "time") == 0 ? "20150830T123600Z" : "x");
    ti_error_init(&error);
    ck_assert_int_eq(ticker_signing_authorization(signing, &text, &error), TICKER_FATAL);
    ck_assert_ptr_nonnull(strstr(error.message, "Host"));
    ticker_signing_free(signing);
}
END_TEST

START_TEST(too_long)
{
    ticker_signing *signing = example();
    ti_buffer big;
    const char *text;

    bytes_init(&big);
    add_repeated(&big, 'a', TICKER_SIGNED_BYTES_MAX);
    ck_assert_int_eq(ticker_signing_set(signing, "session-token", ti_buffer_string(&big), &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_signing_header(signing, "a", ti_buffer_string(&big), &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ti_error_init(&error);
    big.data[big.size - 1] = '\0';
    set(signing, "session-token", big.data);
    ck_assert_int_eq(ticker_signing_authorization(signing, &text, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ti_buffer_free(&big);
    ticker_signing_free(signing);
}
END_TEST

START_TEST(texts_are_freed)
{
    char *text = strdup("x");

    ck_assert_ptr_nonnull(text);
    ticker_free(text);
    ticker_free(NULL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {three_stages,          s3_examples,           keys_follow_the_values,
                                  rules_can_be_chosen,   what_values_cannot_be, unknown_names_and_no_values,
                                  headers_that_are_none, what_is_missing,       too_long,
                                  texts_are_freed};

    return run_tests("signing", tests, COUNT(tests));
}
