/* What a user is told of a failure: code, status, a sentence, what to do; and never a secret. */
#include "aws_scene.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/answer.h"

#define MINUTE INT64_C(60000)

typedef struct failure {
    ti_aws_service service;
    const char *operation, *bucket, *path;
    int http;
    const char *headers, *body;
    /* expected */
    ticker_status status;
    ticker_error_kind kind;
    const char *code, *message, *hint;
} failure;

#define S3(operation, path, http, headers, body) TI_AWS_S3, operation, "files", path, http, headers, body
#define SQS(operation, http, headers, body) TI_AWS_SQS, operation, "", "", http, headers, body
#define SNS(operation, http, headers, body) TI_AWS_SNS, operation, "", "", http, headers, body
#define FATAL TICKER_FATAL, TICKER_ERROR_USAGE
#define FAILED TICKER_FAILED, TICKER_ERROR_INPUT
#define LATER TICKER_RETRY, TICKER_ERROR_SERVICE

static void check(const failure *expected, const char *option)
{
    scene mine;

    open_scene(&mine, option);
    mine.request.service = expected->service;
    mine.request.operation = expected->operation;
    mine.request.method = strncmp(expected->operation, "Head", 4) == 0 ? "HEAD" : "POST";
    mine.request.bucket = ti_slice_of(expected->bucket);
    mine.request.path = ti_slice_of(expected->path);
    fake_http_answer(mine.fake, expected->http, expected->headers, expected->body);
    ck_assert_msg(performs(&mine) == expected->status && mine.error.kind == expected->kind, "%s %d: %d %d %s",
                  expected->operation, expected->http, mine.error.status, mine.error.kind, mine.error.message);
    ck_assert_int_eq(ticker_error_http_status(&mine.error), expected->http);
    ck_assert_str_eq(ticker_error_aws_code(&mine.error), expected->code);
    ck_assert_msg(strstr(mine.error.message, expected->message) != NULL, "\"%s\" is not in \"%s\"", expected->message,
                  mine.error.message);
    ck_assert_msg(strstr(mine.error.message, expected->operation) == mine.error.message, "%s", mine.error.message);
    ck_assert_ptr_nonnull(strstr(mine.error.message, " at http"));
    ck_assert_msg(strstr(mine.error.hint, expected->hint) != NULL, "\"%s\" is not in \"%s\"", expected->hint,
                  mine.error.hint);
    ck_assert(expected->hint[0] != '\0' || mine.error.hint[0] == '\0');
    close_scene(&mine);
}

#define XML(code, message) "<Error><Code>" code "</Code><Message>" message "</Message></Error>"

START_TEST(the_usual_mistakes)
{
    static const failure failures[] = {
        {S3("GetObject", "k", 403, NULL, XML("SignatureDoesNotMatch", "The request signature we calculated…")), FATAL,
         "SignatureDoesNotMatch",
         "the signature is not the one that the server computes (SignatureDoesNotMatch, HTTP 403)",
         "the secret key is not that of the access key AKIDEXAMPLE (both from: options)"},
        {S3("GetObject", "k", 403, NULL,
            XML("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist.")),
         FATAL, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist (InvalidAccessKeyId",
         "the access key AKIDEXAMPLE (from: options) is not known there"},
        {S3("PutObject", "k", 400, NULL, XML("ExpiredToken", "The provided token has expired.")), FATAL, "ExpiredToken",
         "The provided token has expired", "get new keys"},
        {S3("PutObject", "k", 403, NULL, XML("AccessDenied", "Access Denied")), FATAL, "AccessDenied", "Access Denied",
         "allow s3:PutObject on arn:aws:s3:::files/* to the owner of the access key AKIDEXAMPLE"},
        {S3("UploadPart", "k", 403, NULL, XML("AccessDenied", "Access Denied")), FATAL, "AccessDenied", "",
         "allow s3:PutObject on"},
        {S3("HeadObject", "k", 403, NULL, NULL), FATAL, "", "access denied (HTTP 403)", "allow s3:GetObject on"},
        {S3("GetObject", "k", 403, NULL, XML("AccessDenied", "Access Denied")), FATAL, "AccessDenied", "Access Denied",
         "without s3:ListBucket an object that is missing is answered so"},
        {S3("ListObjectsV2", "", 403, NULL, XML("AccessDenied", "")), FATAL, "AccessDenied", "access denied",
         "allow s3:ListBucket on arn:aws:s3:::files to"},
        {S3("GetObject", "k", 404, NULL, XML("NoSuchBucket", "The specified bucket does not exist")), FATAL,
         "NoSuchBucket", "The specified bucket does not exist", "make the bucket first"},
        {S3("HeadBucket", "", 404, NULL, NULL), FATAL, "", "there is no such bucket", "make the bucket first"},
        {S3("HeadObject", "k", 404, NULL, NULL), FAILED, "", "not found (HTTP 404)", ""},
        {S3("GetObject", "k", 404, NULL, XML("NoSuchKey", "The specified key does not exist.")), FAILED, "NoSuchKey",
         "The specified key does not exist (NoSuchKey, HTTP 404)", ""},
        {S3("GetObject", "k", 412, NULL, NULL), FAILED, "", "a condition of the request does not hold", ""},
        {S3("GetObject", "k", 416, NULL, XML("InvalidRange", "")), FAILED, "InvalidRange", "outside the object", ""},
        {S3("GetObject", "k", 403, NULL, XML("InvalidObjectState", "archived")), FAILED, "InvalidObjectState",
         "archived", ""},
        {S3("GetObject", "k", 301, NULL, XML("PermanentRedirect", "elsewhere")), FATAL, "PermanentRedirect",
         "elsewhere", "set AWS_REGION to the region of the bucket; it was us-east-1"},
        {S3("PutObject", "k", 409, NULL, XML("OperationAborted", "")), LATER, "OperationAborted", "", ""},
        {S3("PutObject", "k", 501, NULL, XML("NotImplemented", "A header")), TICKER_FATAL, TICKER_ERROR_UNSUPPORTED,
         "NotImplemented", "A header", ""},
        {S3("PutObject", "k", 400, NULL, XML("BadDigest", "")), FAILED, "BadDigest", "the server refused the request",
         ""},
    };

    for (size_t i = 0; i < COUNT(failures); i++)
        check(&failures[i], NULL);
}
END_TEST

START_TEST(queues_and_topics)
{
    static const failure failures[] = {
        {SQS("ReceiveMessage", 400, "x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender\n",
             "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"The specified queue does not "
             "exist.\"}"),
         FATAL, "QueueDoesNotExist", "The specified queue does not exist", "make it first"},
        {SQS("ReceiveMessage", 400, "x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender\n", ""), FATAL,
         "QueueDoesNotExist", "", "make it first"},
        {SQS("GetQueueUrl", 400, NULL,
             "<?xml version=\"1.0\"?><ErrorResponse "
             "xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error><Type>Sender"
             "</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>No queue.</Message><Detail/></Error>"
             "<RequestId>42d59b56-7407-4c4a-be0f-4c88daeea257</RequestId></ErrorResponse>"),
         FATAL, "QueueDoesNotExist", "request 42d59b56-7407-4c4a-be0f-4c88daeea257", "make it first"},
        {SQS("DeleteMessage", 400, NULL, "{\"__type\":\"ReceiptHandleIsInvalid\",\"Message\":\"bad\"}"), FAILED,
         "ReceiptHandleIsInvalid", "bad", ""},
        {SQS("ReceiveMessage", 403, NULL, "{\"__type\":\"com.amazon.coral.service#AccessDeniedException\"}"), FATAL,
         "AccessDeniedException", "access denied", "allow sqs:ReceiveMessage to the owner"},
        {SQS("DeleteMessageBatch", 403, NULL, "{\"__type\":\"AccessDenied\"}"), FATAL, "AccessDenied", "",
         "allow sqs:DeleteMessage to"},
        {SQS("ReceiveMessage", 403, NULL,
             "{\"__type\":\"InvalidSignatureException\",\"message\":\"Credential should be scoped to a valid "
             "region.\"}"),
         FATAL, "InvalidSignatureException", "Credential should be scoped", "region of the endpoint; it was us-east-1"},
        {SQS("ReceiveMessage", 403, NULL,
             "{\"__type\":\"UnrecognizedClientException\",\"message\":\"The security token "
             "included in the request is invalid.\"}"),
         FATAL, "UnrecognizedClientException", "The security token included", "is not known there"},
        {SQS("SendMessage", 403, NULL, "{\"__type\":\"OverLimit\"}"), LATER, "OverLimit", "", ""},
        {SQS("CreateQueue", 400, "x-amzn-query-error: QueueAlreadyExists;Sender\n", "{}"), FAILED, "QueueNameExists",
         "", ""},
        {SQS("SendMessage", 404, NULL, "404 page not found"), FATAL, "", "what answers there is no AWS service",
         "proxy"},
        {SQS("SendMessage", 404, NULL, "{\"__type\":\"UnknownOperationException\"}"), TICKER_FATAL,
         TICKER_ERROR_UNSUPPORTED, "UnknownOperationException", "", ""},
        {SQS("SendMessage", 302, "Location: https://evil.example/\n", ""), FATAL, "", "no AWS service", "proxy"},
        {SNS("Publish", 404, NULL,
             "<ErrorResponse><Error><Code>NotFound</Code><Message>Topic does not "
             "exist</Message></Error></ErrorResponse>"),
         FATAL, "NotFound", "Topic does not exist", "the region (us-east-1)"},
        {SNS("PublishBatch", 403, NULL,
             "<ErrorResponse><Error><Code>AuthorizationError</Code></Error></ErrorResponse>"),
         FATAL, "AuthorizationError", "access denied", "allow sns:Publish to"},
    };

    for (size_t i = 0; i < COUNT(failures); i++)
        check(&failures[i], NULL);
}
END_TEST

START_TEST(behind_an_endpoint)
{
    static const failure failures[] = {
        {SQS("ListQueues", 200, "Content-Type: text/html; charset=utf-8\n", "hello"), FATAL, "",
         "what answers there is no AWS service", "AWS_ENDPOINT_URL"},
        {S3("PutObject", "k", 405, NULL, "  <!DOCTYPE html><title>no</title>"), FATAL, "",
         "what answers there is no AWS service", "AWS_ENDPOINT_URL"},
        {S3("GetObject", "k", 404, "Content-Type: text/html\n", "<html></html>"), FATAL, "", "no AWS service",
         "AWS_ENDPOINT_URL"},
        {S3("GetObject", "k", 403, NULL, XML("InvalidAccessKeyId", "unknown")), FATAL, "InvalidAccessKeyId", "unknown",
         "is the endpoint the one that the keys are for?"},
        {SQS("ListQueues", 400, NULL, "<ErrorResponse><Error><Code>InvalidAction</Code></Error></ErrorResponse>"),
         TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "InvalidAction", "", "may be too old"},
    };

    for (size_t i = 0; i < COUNT(failures); i++)
        check(&failures[i], "aws-endpoint-url=http://localhost:4566");
}
END_TEST

START_TEST(a_proxy_page_is_trouble_and_not_the_endpoint)
{
    failure expected = {S3("GetObject", "k", 502, "Content-Type: text/html\n", "<html>Bad Gateway</html>"), LATER, "",
                        "the service has trouble (HTTP 502)", ""};

    check(&expected, "aws-max-attempts=1");
    expected.http = 408;
    expected.message = "the service has trouble (HTTP 408)";
    check(&expected, "aws-max-attempts=1");
    expected.http = 429;
    expected.message = "the service asks to slow down";
    expected.hint = "adaptive";
    check(&expected, "aws-max-attempts=1");
}
END_TEST

START_TEST(no_network)
{
    scene mine;

    open_scene(&mine, "aws-max-attempts=1");
    fake_http_refuse(mine.fake);
    fails(&mine, TICKER_RETRY, TICKER_ERROR_SERVICE, 1);
    ck_assert_str_eq(mine.error.message, "GetObject failed: the made-up connection broke");
    ck_assert_str_eq(mine.error.hint, "");
    ck_assert_int_eq(mine.error.http_status, 0);
    close_scene(&mine);
    open_scene(&mine, "aws-endpoint-url=http://localhost:1");
    mine.request.once = true;
    fake_http_break(mine.fake);
    fails(&mine, TICKER_RETRY, TICKER_ERROR_SERVICE, 1);
    ck_assert_ptr_nonnull(strstr(mine.error.hint, "endpoint"));
    close_scene(&mine);
}
END_TEST

START_TEST(what_http_fails_with)
{
    scene mine;

    open_scene(&mine, "aws-endpoint-url=http://localhost:1");
    fake_http_fail(mine.fake, TICKER_RETRY, TICKER_ERROR_CANCELLED, "stopped", "");
    fails(&mine, TICKER_RETRY, TICKER_ERROR_CANCELLED, 1);
    ck_assert_str_eq(mine.error.message, "GetObject was cancelled");
    fake_http_fail(mine.fake, TICKER_FATAL, TICKER_ERROR_USAGE, "the certificate is not trusted", "name it");
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 2);
    ck_assert_str_eq(mine.error.message, "GetObject failed: the certificate is not trusted");
    ck_assert_str_eq(mine.error.hint, "name it");
    fake_http_fail(mine.fake, TICKER_FAILED, TICKER_ERROR_LIMIT, "an answer is too long", "");
    fails(&mine, TICKER_FAILED, TICKER_ERROR_LIMIT, 3);
    ck_assert_str_eq(mine.error.message, "an answer is too long");
    close_scene(&mine);
}
END_TEST

START_TEST(clocks)
{
    static const struct {
        int64_t ahead;
        const char *hint;
    } cases[] = {{2 * MINUTE, "2 minutes behind the server's"}, {-3 * MINUTE, "3 minutes ahead of the server's"}};
    char date[64], text[TI_TIME_HTTP_MAX];
    scene mine;

    for (size_t i = 0; i < COUNT(cases); i++) {
        open_scene(&mine, NULL);
        ti_time_http(ti_aws_now(mine.aws) + cases[i].ahead, text);
        ck_assert_int_gt(snprintf(date, sizeof(date), "Date: %s\n", text), 0);
        fake_http_answer(mine.fake, 403, date, XML("RequestTimeTooSkewed", "The difference is too large."));
        fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 1);
        ck_assert_msg(strstr(mine.error.hint, cases[i].hint) != NULL, "%s", mine.error.hint);
        close_scene(&mine);
    }
    open_scene(&mine, NULL);
    fake_http_answer(mine.fake, 403, NULL, XML("RequestTimeTooSkewed", "The difference is too large."));
    fails(&mine, TICKER_FATAL, TICKER_ERROR_USAGE, 1);
    ck_assert_str_eq(mine.error.hint, "compare this machine's clock with the right time");
    close_scene(&mine);
}
END_TEST

START_TEST(other_partitions_have_other_names)
{
    failure expected = {S3("GetObject", "k", 403, NULL, XML("AccessDenied", "")), FATAL, "AccessDenied", "",
                        "arn:aws-cn:s3:::files/*"};

    check(&expected, "aws-region=cn-north-1");
    expected.hint = "arn:aws-us-gov:s3:::files/*";
    check(&expected, "aws-region=us-gov-west-1");
}
END_TEST

/* --- Secrets -------------------------------------------------------------------------------------------------------------------- */

static void check_silent(const char *body)
{
    static const char *const environment[] = {"AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
                                              "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
                                              "AWS_SESSION_TOKEN=IQoJb3JpZ2luX2VjThisIsTheTokenAndItIsLong", NULL};
    static const char *const never[] = {"wJalrXUt", "IQoJb3Jp", "Signature=", "66e57080", "Canonical"};
    char line[1024];
    scene mine;

    open_scene(&mine, NULL);
    ticker_aws_free(mine.aws);
    ck_assert_int_eq(fake_http_setup(mine.fake, &(fake_setup){environment, NULL, NULL}, &mine.aws, NULL), TICKER_OK);
    fake_http_answer(mine.fake, 403, NULL, body);
    ck_assert_int_lt(performs(&mine), TICKER_OK);
    (void)ticker_error_format(&mine.error, line, sizeof(line));
    for (size_t i = 0; i < COUNT(never); i++)
        ck_assert_msg(strstr(line, never[i]) == NULL, "%s", line);
    close_scene(&mine);
}

START_TEST(no_secret_is_quoted)
{
    check_silent(XML("SignatureDoesNotMatch", "no match: x-amz-security-token:IQoJb3JpZ2luX2VjThisIsTheToken"));
    check_silent("{\"__type\":\"InvalidSignatureException\",\"message\":\"The Canonical String should have been\\n"
                 "x-amz-security-token:IQoJb3JpZ2luX2VjThisIsTheTokenAndItIsLong\"}");
    check_silent(XML("Odd", "you sent wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"));
    check_silent(XML("Odd", "you sent IQoJb3JpZ2luX2VjThisIsTheTokenAndItIsLong"));
    check_silent(XML("Odd", "you sent AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/x, Signature=66e57080"));
    check_silent(XML("AccessDenied", "presigned ?X-Amz-Signature=66e57080"));
    check_silent(XML("IQoJb3JpZ2luX2VjThisIsTheTokenAndItIsLong", "odd"));
    check_silent("<Error><Code>Odd</Code><RequestId>wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY</RequestId></Error>");
    check_silent("{\"__type\":\"Odd\",\"message\":\"one line\\nx-amz-security-token:IQoJb3JpZ2luX2VjThisIsThe\"}");
}
END_TEST

/* --- Hostile answers ------------------------------------------------------------------------------------------------------------ */

START_TEST(long_answers_are_cut)
{
    ti_buffer body;
    scene mine;

    open_scene(&mine, NULL);
    bytes_init(&body);
    add(&body, "<Error><Code>");
    add_repeated(&body, 'C', 5000);
    add(&body, "</Code><Message>");
    add_repeated(&body, 'M', 20000);
    add(&body, "</Message><RequestId>");
    add_repeated(&body, 'R', 500);
    add(&body, "</RequestId></Error>");
    fake_http_answer_bytes(mine.fake, 400, NULL, body.data, body.size);
    fails(&mine, TICKER_FAILED, TICKER_ERROR_INPUT, 1);
    ck_assert_uint_eq(strlen(mine.error.aws_code), 63);
    ck_assert_ptr_nonnull(strstr(mine.error.message, "MMM (CCC"));
    ck_assert_ptr_nonnull(strstr(mine.error.message, " at https://files.s3.us-east-1.amazonaws.com/k"));
    ck_assert_ptr_null(strstr(mine.error.message, "RRR"));
    ti_buffer_clear(&body);
    add(&body, "<Error><Code>NoSuchKey</Code><Message>");
    add_repeated(&body, 'M', 70000);
    add(&body, "</Message></Error>");
    fake_http_answer_bytes(mine.fake, 404, NULL, body.data, body.size); /* too long to be looked into */
    fails(&mine, TICKER_FAILED, TICKER_ERROR_INPUT, 2);
    ck_assert_str_eq(mine.error.aws_code, "");
    ti_buffer_free(&body);
    close_scene(&mine);
}
END_TEST

START_TEST(odd_answers_are_survived)
{
    static const char *const bodies[] = {"<",
                                         "<Error>",
                                         "<Error><Code/></Error>",
                                         "{",
                                         "[]",
                                         "null",
                                         "{\"__type\":5}",
                                         "{\"__type\":\"#\"}",
                                         "{\"message\":\"\\u0000\"}",
                                         "\x01\x02",
                                         "   ",
                                         "<Error><Code>a\nb</Code><Message>\n\n</Message></Error>",
                                         "<!DOCTYPE a [<!ENTITY e \"x\">]><Error><Code>&e;</Code></Error>",
                                         "<Errors><Code>No</Code></Errors>",
                                         "<MyError><Code>No</Code></MyError>"};
    scene mine;

    for (size_t i = 0; i < COUNT(bodies); i++) {
        open_scene(&mine, NULL);
        fake_http_answer(mine.fake, 400, NULL, bodies[i]);
        fails(&mine, TICKER_FAILED, TICKER_ERROR_INPUT, 1);
        ck_assert_str_eq(mine.error.aws_code, strstr(bodies[i], "a\nb") != NULL ? "a b" : "");
        ck_assert_ptr_null(strchr(mine.error.message, '\n'));
        close_scene(&mine);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_usual_mistakes,
                                  queues_and_topics,
                                  behind_an_endpoint,
                                  a_proxy_page_is_trouble_and_not_the_endpoint,
                                  no_network,
                                  what_http_fails_with,
                                  clocks,
                                  other_partitions_have_other_names,
                                  no_secret_is_quoted,
                                  long_answers_are_cut,
                                  odd_answers_are_survived};

    return run_tests("aws_answer", tests, COUNT(tests));
}
