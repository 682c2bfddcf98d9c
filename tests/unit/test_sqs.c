/* Queues and single messages, over both protocols; failures by their one name. */
#include "sqs_fake.h"

#include <tickerimport/limits.h>

#include "aws/sqs.h"

START_TEST(creating)
{
    static const ticker_attribute attributes[] = {
        {"VisibilityTimeout", "60"},
        {"RedrivePolicy", "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:0:dead\",\"maxReceiveCount\":3}"},
        {NULL, NULL}};
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        char *url = NULL;

        sqs_answer(&fake, "CreateQueue", "{\"QueueUrl\":\"" QUEUE_URL "\"}", "<QueueUrl>" QUEUE_URL "</QueueUrl>");
        sqs_ok(&fake, ticker_sqs_create_queue(fake.aws, "files", attributes, &url, &fake.error));
        ck_assert_str_eq(url, QUEUE_URL);
        ticker_free(url);
        sqs_asked(&fake, "CreateQueue",
                  "{\"QueueName\":\"files\",\"Attributes\":{\"VisibilityTimeout\":\"60\",\"RedrivePolicy\":"
                  "\"{\\\"deadLetterTargetArn\\\":\\\"arn:aws:sqs:us-east-1:0:dead\\\",\\\"maxReceiveCount\\\":3}\"}}",
                  "&QueueName=files&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=60&Attribute.2.Name="
                  "RedrivePolicy&Attribute.2.Value=%7B%22deadLetterTargetArn%22%3A%22arn%3Aaws%3Asqs%3Aus-east-1%3A0%3A"
                  "dead%22%2C%22maxReceiveCount%22%3A3%7D");
        ck_assert_str_eq(fake_http_url(fake.http, 0), "https://sqs.us-east-1.amazonaws.com/");

        sqs_answer(&fake, "CreateQueue", "{\"QueueUrl\":\"" QUEUE_URL "\"}", "<QueueUrl>" QUEUE_URL "</QueueUrl>");
        sqs_ok(&fake, ticker_sqs_create_queue(fake.aws, "a-b_C9.fifo", NULL, &url, &fake.error));
        ticker_free(url);
        sqs_asked(&fake, "CreateQueue", "{\"QueueName\":\"a-b_C9.fifo\"}", "&QueueName=a-b_C9.fifo");

        url = NULL;
        sqs_refuse(&fake, 400, "QueueNameExists", "QueueAlreadyExists");
        sqs_failed(&fake, ticker_sqs_create_queue(fake.aws, "files", attributes, &url, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "other attributes");
        sqs_refuse(&fake, 400, "QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently");
        sqs_failed(&fake, ticker_sqs_create_queue(fake.aws, "files", attributes, &url, &fake.error), TICKER_RETRY,
                   TICKER_ERROR_SERVICE, "after a minute");
        ck_assert_ptr_null(url);
    }
}
END_TEST

/* Whatever protocol and name: one status, one code. */
START_TEST(no_such_queue)
{
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        char *text = NULL;

        sqs_refuse(&fake, 400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue");
        ck_assert_int_eq(ticker_sqs_queue_url(fake.aws, "files", &text, &fake.error), TICKER_FATAL);
        ck_assert_int_eq(ticker_error_http_status(&fake.error), 400);
        ck_assert_str_eq(ticker_error_aws_code(&fake.error), "QueueDoesNotExist");
        ck_assert_ptr_nonnull(strstr(fake.error.message, "GetQueueUrl"));
        ck_assert_str_ne(ticker_error_hint(&fake.error), "");
        ti_error_init(&fake.error);
        sqs_asked(&fake, "GetQueueUrl", "{\"QueueName\":\"files\"}", "&QueueName=files");
        /* A JSON server may say it in the header only. */
        fake_http_answer(fake.http, 400, "x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender\n", "{}");
        ck_assert_int_eq(ticker_sqs_delete(fake.aws, QUEUE_URL, "r", &fake.error), TICKER_FATAL);
        ck_assert_str_eq(ticker_error_aws_code(&fake.error), "QueueDoesNotExist");
        ck_assert_ptr_null(text);
    }
}
END_TEST

START_TEST(codes)
{
    static const struct {
        const char *from, *to;
    } pairs[] = {{"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"},
                 {"QueueDoesNotExist", "QueueDoesNotExist"},
                 {"QueueAlreadyExists", "QueueNameExists"},
                 {"AWS.SimpleQueueService.MessageNotInflight", "MessageNotInflight"},
                 {"ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"},
                 {"InvalidParameterValueException", "InvalidParameterValue"},
                 {"", ""},
                 {"AWS.SimpleQueueService.", ""}};

    for (size_t i = 0; i < COUNT(pairs); i++)
        ck_assert_str_eq(ti_sqs_code(pairs[i].from), pairs[i].to);
    ck_assert_int_eq(ti_sqs_entry_status("ReceiptHandleIsInvalid", false), TICKER_FAILED);
    ck_assert_int_eq(ti_sqs_entry_status("AWS.SimpleQueueService.MessageNotInflight", true), TICKER_FAILED);
    ck_assert_int_eq(ti_sqs_entry_status("SomethingNew", true), TICKER_FAILED);
    ck_assert_int_eq(ti_sqs_entry_status("SomethingNew", false), TICKER_RETRY);
    ck_assert_int_eq(ti_sqs_entry_status("InternalError", false), TICKER_RETRY);
    ck_assert_int_eq(ti_sqs_entry_status("Throttling", true), TICKER_RETRY);
    ck_assert_int_eq(ti_sqs_entry_status("RequestThrottled", true), TICKER_RETRY);
    ck_assert_int_eq(ti_sqs_entry_status("KmsThrottled", true), TICKER_RETRY);
    ck_assert_int_eq(ti_sqs_entry_status("OverLimit", true), TICKER_RETRY);
    ck_assert_int_eq(ti_sqs_entry_status("", true), TICKER_FAILED);
}
END_TEST

START_TEST(deleting_a_queue)
{
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        fake_http_answer(fake.http, 200, NULL, "");
        sqs_ok(&fake, ticker_sqs_delete_queue(fake.aws, QUEUE_URL, &fake.error));
        sqs_asked(&fake, "DeleteQueue", "{\"QueueUrl\":\"" QUEUE_URL "\"}", "&QueueUrl=" ENCODED_URL);
        sqs_refuse(&fake, 400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue");
        ck_assert_int_eq(ticker_sqs_delete_queue(fake.aws, QUEUE_URL, &fake.error), TICKER_FATAL);
        ti_error_init(&fake.error);
        /* The answer is lost, and the second attempt finds the queue gone. */
        fake_http_break(fake.http);
        sqs_refuse(&fake, 400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue");
        sqs_ok(&fake, ticker_sqs_delete_queue(fake.aws, QUEUE_URL, &fake.error));
        ck_assert_uint_eq(fake_http_count(fake.http), 4);
    }
}
END_TEST

START_TEST(attributes)
{
    static const ticker_attribute new[] = {{"VisibilityTimeout", "7"}, {"Policy", ""}, {NULL, NULL}};
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        char *value = NULL;

        sqs_answer(&fake, "GetQueueAttributes",
                   "{\"Attributes\":{\"Other\":\"x\",\"QueueArn\":\"arn:aws:sqs:r:0:files\"}}",
                   "<Attribute><Name>Other</Name><Value>x</Value></Attribute><Attribute><Name>QueueArn</Name>"
                   "<Value>arn:aws:sqs:r:0:files</Value></Attribute>");
        sqs_ok(&fake, ticker_sqs_attribute(fake.aws, QUEUE_URL, "QueueArn", &value, &fake.error));
        ck_assert_str_eq(value, "arn:aws:sqs:r:0:files");
        ticker_free(value);
        value = NULL;
        sqs_asked(&fake, "GetQueueAttributes", "{\"QueueUrl\":\"" QUEUE_URL "\",\"AttributeNames\":[\"QueueArn\"]}",
                  "&QueueUrl=" ENCODED_URL "&AttributeName.1=QueueArn");
        /* Not set: said in four ways. */
        sqs_answer(&fake, "GetQueueAttributes", "", "");
        ck_assert_int_eq(ticker_sqs_attribute(fake.aws, QUEUE_URL, "RedrivePolicy", &value, &fake.error), TICKER_DONE);
        sqs_answer(&fake, "GetQueueAttributes", "{}", "<Attribute/>");
        ck_assert_int_eq(ticker_sqs_attribute(fake.aws, QUEUE_URL, "RedrivePolicy", &value, &fake.error), TICKER_DONE);
        sqs_answer(&fake, "GetQueueAttributes", "{\"Attributes\":{}}", "<Attribute><Value>x</Value></Attribute>");
        ck_assert_int_eq(ticker_sqs_attribute(fake.aws, QUEUE_URL, "RedrivePolicy", &value, &fake.error), TICKER_DONE);
        sqs_answer(&fake, "GetQueueAttributes", "{\"Attributes\":{\"RedrivePolicy\":\"\"}}",
                   "<Attribute><Name>RedrivePolicy</Name></Attribute>");
        ck_assert_int_eq(ticker_sqs_attribute(fake.aws, QUEUE_URL, "RedrivePolicy", &value, &fake.error), TICKER_DONE);
        ck_assert_ptr_null(value);
        ck_assert_int_eq(fake.error.kind, TICKER_ERROR_NONE);

        fake_http_answer(fake.http, 200, NULL, fake.style == SQS_JSON ? "" : "<SetQueueAttributesResponse/>");
        sqs_ok(&fake, ticker_sqs_set_attributes(fake.aws, QUEUE_URL, new, &fake.error));
        sqs_asked(&fake, "SetQueueAttributes",
                  "{\"QueueUrl\":\"" QUEUE_URL "\",\"Attributes\":{\"VisibilityTimeout\":\"7\",\"Policy\":\"\"}}",
                  "&QueueUrl=" ENCODED_URL "&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=7&Attribute.2.Name="
                  "Policy&Attribute.2.Value=");
        /* Nothing to set asks nothing. */
        sqs_ok(&fake, ticker_sqs_set_attributes(fake.aws, QUEUE_URL, NULL, &fake.error));
        sqs_ok(&fake, ticker_sqs_set_attributes(fake.aws, QUEUE_URL, new + 2, &fake.error));
        ck_assert_uint_eq(fake_http_count(fake.http), 6);
    }
}
END_TEST

START_TEST(single_messages)
{
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        fake_http_answer(fake.http, 200, NULL, fake.style == SQS_JSON ? "{}" : "");
        sqs_ok(&fake, ticker_sqs_delete(fake.aws, QUEUE_URL, "AQEB+/w==", &fake.error));
        sqs_asked(&fake, "DeleteMessage", "{\"QueueUrl\":\"" QUEUE_URL "\",\"ReceiptHandle\":\"AQEB+/w==\"}",
                  "&QueueUrl=" ENCODED_URL "&ReceiptHandle=AQEB%2B%2Fw%3D%3D");
        fake_http_answer(fake.http, 200, NULL, "");
        sqs_ok(&fake, ticker_sqs_change_visibility(fake.aws, QUEUE_URL, "r", 43200, &fake.error));
        sqs_asked(&fake, "ChangeMessageVisibility",
                  "{\"QueueUrl\":\"" QUEUE_URL "\",\"ReceiptHandle\":\"r\",\"VisibilityTimeout\":43200}",
                  "&QueueUrl=" ENCODED_URL "&ReceiptHandle=r&VisibilityTimeout=43200");
        sqs_refuse(&fake, 400, "MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight");
        ck_assert_int_eq(ticker_sqs_change_visibility(fake.aws, QUEUE_URL, "r", 0, &fake.error), TICKER_FAILED);
        ck_assert_str_eq(ticker_error_aws_code(&fake.error), "MessageNotInflight");
        sqs_failed(&fake, TICKER_FAILED, TICKER_FAILED, TICKER_ERROR_INPUT, "others may have it");
        /* Given back; the answer is lost, and the second attempt finds it no longer in flight. More time was not given. */
        fake_http_break(fake.http);
        sqs_refuse(&fake, 400, "MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight");
        sqs_ok(&fake, ticker_sqs_change_visibility(fake.aws, QUEUE_URL, "r", 0, &fake.error));
        fake_http_break(fake.http);
        sqs_refuse(&fake, 400, "MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight");
        sqs_failed(&fake, ticker_sqs_change_visibility(fake.aws, QUEUE_URL, "r", 1, &fake.error), TICKER_FAILED,
                   TICKER_ERROR_INPUT, "others may have it");
        sqs_refuse(&fake, 400, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid");
        sqs_failed(&fake, ticker_sqs_delete(fake.aws, QUEUE_URL, "r", &fake.error), TICKER_FAILED, TICKER_ERROR_INPUT,
                   "made up");
        /* "The receipt handle has expired" */
        sqs_refuse(&fake, 400, "InvalidParameterValueException", "InvalidParameterValue");
        ck_assert_int_eq(ticker_sqs_delete(fake.aws, QUEUE_URL, "r", &fake.error), TICKER_FAILED);
        ck_assert_str_eq(ticker_error_aws_code(&fake.error), "InvalidParameterValue");
    }
}
END_TEST

#define MD5_OF_HELLO "5d41402abc4b2a76b9719d911017c592"

START_TEST(sending)
{
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        char *id = NULL;

        sqs_answer(&fake, "SendMessage", "{\"MD5OfMessageBody\":\"" MD5_OF_HELLO "\",\"MessageId\":\"m1\"}",
                   "<MessageId>m1</MessageId><MD5OfMessageBody>" MD5_OF_HELLO "</MD5OfMessageBody>");
        sqs_ok(&fake, ticker_sqs_send(fake.aws, QUEUE_URL, "hello", -1, &id, &fake.error));
        ck_assert_str_eq(id, "m1");
        ticker_free(id);
        sqs_asked(&fake, "SendMessage", "{\"QueueUrl\":\"" QUEUE_URL "\",\"MessageBody\":\"hello\"}",
                  "&QueueUrl=" ENCODED_URL "&MessageBody=hello");
        /* Without MD5, with a delay and a body that needs escaping; the id is not wanted. */
        sqs_answer(&fake, "SendMessage", "{\"MessageId\":\"m2\"}", "<MessageId>m2</MessageId>");
        sqs_ok(&fake, ticker_sqs_send(fake.aws, QUEUE_URL, "{\"a\":\"\xc3\xa9\\\n\r\t+&\"}", 900, NULL, &fake.error));
        sqs_asked(
            &fake, "SendMessage",
            "{\"QueueUrl\":\"" QUEUE_URL
            "\",\"MessageBody\":\"{\\\"a\\\":\\\"\xc3\xa9\\\\\\u000a\\u000d\\u0009+&\\\"}\",\"DelaySeconds\":900}",
            "&QueueUrl=" ENCODED_URL "&MessageBody=%7B%22a%22%3A%22%C3%A9%5C%0A%0D%09%2B%26%22%7D&DelaySeconds=900");
        id = NULL;
        sqs_answer(&fake, "SendMessage",
                   "{\"MD5OfMessageBody\":\"00000000000000000000000000000000\",\"MessageId\":\"m\"}",
                   "<MessageId>m</MessageId><MD5OfMessageBody>00000000000000000000000000000000</MD5OfMessageBody>");
        sqs_failed(&fake, ticker_sqs_send(fake.aws, QUEUE_URL, "hello", 0, &id, &fake.error), TICKER_RETRY,
                   TICKER_ERROR_SERVICE, "MD5");
        sqs_answer(&fake, "SendMessage", "{}", "");
        sqs_failed(&fake, ticker_sqs_send(fake.aws, QUEUE_URL, "hello", 0, &id, &fake.error), TICKER_RETRY,
                   TICKER_ERROR_SERVICE, "holds no id");
        ck_assert_ptr_null(id);
    }
}
END_TEST

/* What SQS would refuse is refused before, in plain words. */
START_TEST(what_can_be_sent)
{
    static const char *const bad[] = {"a\001b",       "\x1f",         "\xff",         "\xc3",
                                      "\xed\xa0\x80", "\xef\xbf\xbe", "\xef\xbf\xbf", "\x0b"};
    static const char *const good[] = {"\t",   "\r\n",        "\xef\xbf\xbd", "\xee\x80\x80", "\xf0\x9f\x93\x88",
                                       "\x7f", "\xef\xbe\xbf"};
    sqs_fake fake;
    char *large = malloc(TICKER_EVENT_BYTES_MAX + 2);

    ck_assert_ptr_nonnull(large);
    memset(large, 'x', TICKER_EVENT_BYTES_MAX + 1);
    large[TICKER_EVENT_BYTES_MAX + 1] = '\0';
    FOR_EACH_STYLE(fake)
    {
        size_t size;

        for (size_t i = 0; i < COUNT(bad); i++)
            sqs_failed(&fake, ticker_sqs_send(fake.aws, QUEUE_URL, bad[i], 0, NULL, &fake.error), TICKER_FAILED,
                       TICKER_ERROR_INPUT, "bytes that SQS does not take");
        sqs_failed(&fake, ticker_sqs_send(fake.aws, QUEUE_URL, "", 0, NULL, &fake.error), TICKER_FAILED,
                   TICKER_ERROR_INPUT, "must have a body");
        sqs_failed(&fake, ticker_sqs_send(fake.aws, QUEUE_URL, NULL, 0, NULL, &fake.error), TICKER_FAILED,
                   TICKER_ERROR_INPUT, "must have a body");
        sqs_failed(&fake, ticker_sqs_send(fake.aws, QUEUE_URL, large, 0, NULL, &fake.error), TICKER_FAILED,
                   TICKER_ERROR_LIMIT, "1048577 bytes");
        ck_assert_uint_eq(fake_http_count(fake.http), 0);
        for (size_t i = 0; i < COUNT(good); i++) {
            sqs_answer(&fake, "SendMessage", "{\"MessageId\":\"m\"}", "<MessageId>m</MessageId>");
            sqs_ok(&fake, ticker_sqs_send(fake.aws, QUEUE_URL, good[i], 0, NULL, &fake.error));
        }
        sqs_answer(&fake, "SendMessage", "{\"MessageId\":\"m\"}", "<MessageId>m</MessageId>");
        sqs_ok(&fake, ticker_sqs_send(fake.aws, QUEUE_URL, large + 1, 0, NULL, &fake.error));
        (void)fake_http_body(fake.http, COUNT(good), &size);
        ck_assert_uint_gt(size, TICKER_EVENT_BYTES_MAX);
    }
    free(large);
}
END_TEST

START_TEST(wrong_calls)
{
    static const ticker_attribute no_value[] = {{"Policy", NULL}, {NULL, NULL}};
    ticker_attribute many[TICKER_ATTRIBUTES_MAX + 2] = {{NULL, NULL}};
    char long_name[82], long_url[TICKER_URL_MAX + 20] = "https://sqs/";
    const char *const names[] = {NULL, "", "a b", "a/b", "a.b", ".fifo", "a.fifo.fifo", "\xc3\xa9", long_name};
    const char *const urls[] = {NULL,   "",      "files", "sqs:files", "ftp://h/q", "https://h/a b", "https://h/\x01",
                                "http", long_url};
    sqs_fake fake;
    char *text = NULL;

    memset(long_name, 'n', sizeof(long_name));
    long_name[81] = '\0';
    memset(long_url + strlen(long_url), 'u', TICKER_URL_MAX);
    for (size_t i = 0; i <= TICKER_ATTRIBUTES_MAX; i++)
        many[i] = (ticker_attribute){"a", "b"};
    FOR_EACH_STYLE(fake)
    {
        for (size_t i = 0; i < COUNT(names); i++) {
            sqs_failed(&fake, ticker_sqs_create_queue(fake.aws, names[i], NULL, &text, &fake.error), TICKER_FATAL,
                       TICKER_ERROR_USAGE, "no name of a queue");
            sqs_failed(&fake, ticker_sqs_queue_url(fake.aws, names[i], &text, &fake.error), TICKER_FATAL,
                       TICKER_ERROR_USAGE, "no name of a queue");
        }
        for (size_t i = 0; i < COUNT(urls); i++) {
            sqs_failed(&fake, ticker_sqs_delete_queue(fake.aws, urls[i], &fake.error), TICKER_FATAL, TICKER_ERROR_USAGE,
                       "no queue URL");
            sqs_failed(&fake, ticker_sqs_send(fake.aws, urls[i], "b", 0, NULL, &fake.error), TICKER_FATAL,
                       TICKER_ERROR_USAGE, "no queue URL");
        }
        sqs_failed(&fake, ticker_sqs_create_queue(fake.aws, "q", no_value, &text, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "each with a value");
        sqs_failed(&fake, ticker_sqs_set_attributes(fake.aws, QUEUE_URL, many, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "at most 64");
        sqs_failed(&fake, ticker_sqs_create_queue(fake.aws, "q", NULL, NULL, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "place");
        sqs_failed(&fake, ticker_sqs_attribute(fake.aws, QUEUE_URL, NULL, &text, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "name");
        sqs_failed(&fake, ticker_sqs_delete(fake.aws, QUEUE_URL, "", &fake.error), TICKER_FATAL, TICKER_ERROR_USAGE,
                   "receipt");
        sqs_failed(&fake, ticker_sqs_change_visibility(fake.aws, QUEUE_URL, "r", -1, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "from 0 to 43200, not -1");
        sqs_failed(&fake, ticker_sqs_change_visibility(fake.aws, QUEUE_URL, "r", 43201, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "43201");
        sqs_failed(&fake, ticker_sqs_send(fake.aws, QUEUE_URL, "b", 901, NULL, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "from -1 to 900");
        sqs_failed(&fake, ticker_sqs_delete_queue(NULL, QUEUE_URL, &fake.error), TICKER_FATAL, TICKER_ERROR_USAGE,
                   "client");
        ck_assert_int_eq(ticker_sqs_delete_queue(fake.aws, "x", NULL), TICKER_FATAL);
        ck_assert_uint_eq(fake_http_count(fake.http), 0);
    }
    ck_assert_ptr_null(text);
}
END_TEST

/* Answers that are none: later, perhaps, and with a word about the endpoint. */
#define NOT_A_URL                                                                                                      \
    "<CreateQueueResponse><CreateQueueResult><QueueUrl>not a URL</QueueUrl></CreateQueueResult></CreateQueueResponse>"

START_TEST(strange_answers)
{
    static const char *const bodies[] = {"hello",
                                         "[1",
                                         "<a>",
                                         "<a/><b/>",
                                         "{\"QueueUrl\":\"not a URL\"}",
                                         NOT_A_URL,
                                         "{\"QueueUrl\":\"http://h/\\u0000\"}",
                                         "{\"QueueUrl\":7}"};
    sqs_fake fake;
    char *url = NULL;

    FOR_EACH_STYLE(fake)
    {
        for (size_t i = 0; i < COUNT(bodies); i++) {
            fake_http_answer(fake.http, 200, "Content-Type: text/plain\n", bodies[i]);
            sqs_failed(&fake, ticker_sqs_queue_url(fake.aws, "files", &url, &fake.error), TICKER_RETRY,
                       TICKER_ERROR_SERVICE, "the answer to GetQueueUrl ");
        }
        ck_assert_ptr_null(url);
    }
}
END_TEST

/* A server that does not speak the protocol: the hint names the option. */
START_TEST(other_protocol)
{
    sqs_fake fake;
    char *url = NULL;

    FOR_EACH_STYLE(fake)
    {
        sqs_refuse(&fake, 400, "InvalidAction", "InvalidAction");
        sqs_failed(&fake, ticker_sqs_queue_url(fake.aws, "files", &url, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_UNSUPPORTED, fake.style == SQS_JSON ? "sqs-protocol=query" : "sqs-protocol=json");
        sqs_refuse(&fake, 400, "UnknownOperationException", "MissingAction");
        sqs_failed(&fake, ticker_sqs_queue_url(fake.aws, "files", &url, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_UNSUPPORTED, "sqs-protocol=");
        ck_assert_ptr_null(url);
    }
}
END_TEST

/* Without an endpoint the queue's own host and region are asked; with one, it is a name only. */
START_TEST(hosts)
{
    static const char url[] = "https://sqs.eu-west-1.amazonaws.com/123456789012/q";
    fake_http *http = fake_http_new();
    ticker_aws *aws = fake_http_client(http, "aws-endpoint-url-sqs=http://127.0.0.1:4566", NULL);

    fake_http_answer(http, 200, NULL, "{}");
    ck_assert_int_eq(ticker_sqs_delete(aws, url, "r", NULL), TICKER_OK);
    ck_assert_str_eq(fake_http_url(http, 0), "http://127.0.0.1:4566/");
    ck_assert_ptr_nonnull(strstr(fake_http_body(http, 0, NULL), url));
    ck_assert_ptr_nonnull(strstr(fake_http_header(http, 0, "Authorization"), "/us-east-1/sqs/"));
    ticker_aws_free(aws);
    aws = fake_http_client(http, NULL);
    fake_http_answer(http, 200, NULL, "{}");
    ck_assert_int_eq(ticker_sqs_delete(aws, url, "r", NULL), TICKER_OK);
    ck_assert_ptr_nonnull(strstr(fake_http_url(http, 1), "https://sqs.eu-west-1.amazonaws.com/"));
    ck_assert_ptr_nonnull(strstr(fake_http_header(http, 1, "Authorization"), "/eu-west-1/sqs/"));
    ticker_aws_free(aws);
    fake_http_free(http);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {creating,    no_such_queue,   codes,          deleting_a_queue,
                                  attributes,  single_messages, sending,        what_can_be_sent,
                                  wrong_calls, strange_answers, other_protocol, hosts};

    return run_tests("sqs", tests, COUNT(tests));
}
