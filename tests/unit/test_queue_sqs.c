/* The queue in SQS over scripted answers: which requests a call makes, and what becomes of odd answers. What every queue does is in
 * tests/conformance/queue_suite.c. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "fake_http.h"
#include "queue/sqs.h"

#define URL "https://sqs.us-east-1.amazonaws.com/000000000000/files"
#define DEAD_ARN "arn:aws:sqs:eu-west-1:123456789012:files-dead"
#define POLICY                                                                                                         \
    "{\"Attributes\":{\"RedrivePolicy\":\"{\\\"deadLetterTargetArn\\\":\\\"" DEAD_ARN                                  \
    "\\\",\\\"maxReceiveCount\\\":5}\"}}"

static ticker_error error;
static fake_http *fake;
static ticker_aws *aws;

static void begin(const char *option)
{
    fake = fake_http_new();
    aws = fake_http_client(fake, option, NULL);
    ti_error_init(&error);
}

static void end(ticker_queue *queue)
{
    ticker_queue_free(queue);
    ticker_aws_free(aws);
    fake_http_free(fake);
}

static ticker_status try_open(const char *url, ticker_queue **queue)
{
    ticker_options *options = ticker_options_new();
    ticker_status status;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_options_set(options, "queue-url", url, &error), TICKER_OK);
    *queue = NULL;
    status = ticker_queue_open(options, aws, NULL, queue, &error);
    ticker_options_free(options);
    return status;
}

static ticker_queue *open_files(void)
{
    ticker_queue *queue;

    begin(NULL);
    fake_http_answer(fake, 200, NULL, "{\"Attributes\":{\"QueueArn\":\"arn:aws:sqs:us-east-1:000000000000:files\"}}");
    ck_assert_msg(try_open(URL, &queue) == TICKER_OK, "%s", error.message);
    return queue;
}

/* What request `index` was. */
static void asked(size_t index, const char *operation, const char *in_body)
{
    const char *target = fake_http_header(fake, index, "X-Amz-Target"), *body = fake_http_body(fake, index, NULL);

    ck_assert_uint_lt(index, fake_http_count(fake));
    ck_assert_ptr_nonnull(target);
    ck_assert_msg(strcmp(target + strlen("AmazonSQS."), operation) == 0, "%zu: %s", index, target);
    ck_assert_msg(strstr(body, in_body) != NULL, "%zu: %s", index, body);
}

static ticker_message *receive_one(ticker_queue *queue, const char *answer)
{
    ticker_message *message = NULL;
    size_t count = 0;

    fake_http_answer(fake, 200, NULL, answer);
    ck_assert_msg(ticker_queue_receive(queue, 10, 20, 30, &message, &count, &error) == TICKER_OK, "%s", error.message);
    ck_assert_uint_eq(count, 1);
    return message;
}

/* --- Opening ------------------------------------------------------------------------------------------------------------------- */

START_TEST(by_name_url_and_arn)
{
    ticker_queue *queue;

    begin(NULL);
    fake_http_answer(fake, 200, NULL, "{\"QueueUrl\":\"" URL "\"}");
    ck_assert_int_eq(try_open("sqs:files", &queue), TICKER_OK);
    ck_assert_str_eq(((ti_sqs_queue *)queue)->url, URL);
    asked(0, "GetQueueUrl", "\"files\"");
    end(queue);
    end(open_files());
    begin(NULL);
    fake_http_answer(fake, 200, NULL, "{\"Attributes\":{\"QueueArn\":\"" DEAD_ARN "\"}}");
    ck_assert_int_eq(try_open(DEAD_ARN, &queue), TICKER_OK);
    ck_assert_str_eq(((ti_sqs_queue *)queue)->url, "https://sqs.eu-west-1.amazonaws.com/123456789012/files-dead");
    ck_assert_mem_eq(fake_http_url(fake, 0), "https://sqs.eu-west-1.amazonaws.com/", 36);
    end(queue);
    begin(NULL);
    fake_http_answer(fake, 200, NULL, "{\"Attributes\":{\"QueueArn\":\"x\"}}");
    ck_assert_int_eq(try_open("arn:aws-cn:sqs:cn-north-1:123456789012:q", &queue), TICKER_OK);
    ck_assert_str_eq(((ti_sqs_queue *)queue)->url, "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q");
    end(queue);
    begin(NULL);
    fake_http_answer(fake, 200, NULL, "{\"Attributes\":{\"QueueArn\":\"x\"}}");
    ck_assert_int_eq(try_open("arn:aws-iso:sqs:us-iso-east-1:123456789012:q", &queue), TICKER_OK);
    ck_assert_str_eq(((ti_sqs_queue *)queue)->url, "https://sqs.us-iso-east-1.c2s.ic.gov/123456789012/q");
    end(queue);
    begin("aws-endpoint-url=http://localhost:4566"); /* has URLs of its own kind */
    fake_http_answer(fake, 200, NULL, "{\"QueueUrl\":\"http://localhost:4566/0/files-dead\"}");
    fake_http_answer(fake, 200, NULL, "{\"Attributes\":{\"QueueArn\":\"x\"}}");
    ck_assert_int_eq(try_open(DEAD_ARN, &queue), TICKER_OK);
    asked(0, "GetQueueUrl", "\"files-dead\"");
    ck_assert_str_eq(((ti_sqs_queue *)queue)->url, "http://localhost:4566/0/files-dead");
    end(queue);
}
END_TEST

START_TEST(wrong_names)
{
    static const char *const wrong[] = {"arn:aws:sqs:us-east-1:0",        "arn:aws:sqs:us-east-1:0:a:b",
                                        "arn:aws:s3:us-east-1:0:a",       "arn:aws:sqs::0:a",
                                        "arn:aws:sqs:us-east-1/../x:0:a", "arn:aws:sqs:us-east-1:0:a b",
                                        "arn:aws:sqs:evil.example#:0:a"};
    ticker_queue *queue;

    begin(NULL);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        ck_assert_int_eq(try_open(wrong[i], &queue), TICKER_FATAL);
        ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_USAGE);
        ck_assert_ptr_nonnull(strstr(ticker_error_hint(&error), "arn:aws:sqs:"));
        ck_assert_ptr_null(queue);
    }
    ck_assert_uint_eq(fake_http_count(fake), 0);
    end(NULL);
}
END_TEST

/* A worker that may receive need not have the right to ask for attributes. */
START_TEST(without_the_right_to_ask)
{
    ticker_queue *queue;

    begin(NULL);
    fake_http_answer(fake, 400, NULL, "{\"__type\":\"com.amazonaws.sqs#AccessDeniedException\",\"message\":\"no\"}");
    ck_assert_msg(try_open(URL, &queue) == TICKER_OK, "%s", error.message);
    end(queue);
    begin(NULL);
    fake_http_answer(fake, 400, NULL, "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"no\"}");
    ck_assert_int_eq(try_open(URL, &queue), TICKER_FATAL);
    ck_assert_str_eq(ticker_error_aws_code(&error), "QueueDoesNotExist");
    end(NULL);
}
END_TEST

/* --- Messages ------------------------------------------------------------------------------------------------------------------ */

START_TEST(receiving)
{
    ticker_queue *queue = open_files();
    ticker_message *message = receive_one(
        queue,
        "{\"Messages\":[{\"MessageId\":\"m1\",\"ReceiptHandle\":\"r1\",\"Body\":\"X\",\"MD5OfBody\":"
        "\"02129bb861061d1a052c592e2dc6b383\",\"Attributes\":{\"ApproximateReceiveCount\":\"3\",\"SentTimestamp\":"
        "\"1700000000123\"}}]}");

    asked(1, "ReceiveMessage", "\"MaxNumberOfMessages\":10");
    asked(1, "ReceiveMessage", "\"WaitTimeSeconds\":20");
    asked(1, "ReceiveMessage", "\"VisibilityTimeout\":30");
    ck_assert_str_eq(ticker_message_id(message), "m1");
    ck_assert_int_eq(ticker_message_attempts(message), 3);
    ck_assert_int_eq(ticker_message_sent(message), 1700000000123);
    fake_http_answer(fake, 200, NULL, "");
    ck_assert_int_eq(ticker_queue_release(queue, message, 7, &error), TICKER_OK);
    asked(2, "ChangeMessageVisibility", "\"VisibilityTimeout\":7");
    fake_http_answer(fake, 400, NULL, "{\"__type\":\"com.amazonaws.sqs#MessageNotInflight\",\"message\":\"no\"}");
    ck_assert_int_eq(ticker_queue_extend(queue, message, 60, &error), TICKER_FAILED);
    ti_error_init(&error);
    fake_http_answer(fake, 400, NULL, "{\"__type\":\"com.amazonaws.sqs#ReceiptHandleIsInvalid\",\"message\":\"no\"}");
    ck_assert_int_eq(ticker_queue_done(queue, message, &error), TICKER_FAILED);
    ticker_message_free(message);
    message = receive_one(queue, "{\"Messages\":[{\"MessageId\":\"m2\",\"ReceiptHandle\":\"r2\",\"Body\":\"X\"}]}");
    ck_assert_int_eq(ticker_message_attempts(message), 1); /* a server that does not say */
    ck_assert_int_eq(ticker_message_sent(message), 0);
    ticker_message_free(message);
    end(queue);
}
END_TEST

/* HTTP 200 hides deletions that failed: each one is looked at. */
START_TEST(some_are_not_done)
{
    ticker_queue *queue = open_files();
    ticker_message *messages[3];
    ticker_status results[3];

    for (int i = 0; i < 3; i++)
        messages[i] = receive_one(queue,
                                  "{\"Messages\":[{\"MessageId\":\"m\",\"ReceiptHandle\":\"r\",\"Body\":\"X\"}]}");
    fake_http_answer(fake, 200, NULL,
                     "{\"Successful\":[{\"Id\":\"0\"}],\"Failed\":[{\"Id\":\"1\",\"SenderFault\":true,\"Code\":"
                     "\"ReceiptHandleIsInvalid\"},{\"Id\":\"2\",\"SenderFault\":false,\"Code\":\"InternalError\"}]}");
    ck_assert_int_eq(ticker_queue_done_batch(queue, (const ticker_message *const *)messages, 3, results, &error),
                     TICKER_WARN);
    ck_assert_int_eq(results[0], TICKER_OK);
    ck_assert_int_eq(results[1], TICKER_FAILED);
    ck_assert_int_eq(results[2], TICKER_RETRY);
    ti_error_init(&error);
    fake_http_answer(fake, 400, NULL, "{\"__type\":\"com.amazonaws.sqs#ReceiptHandleIsInvalid\",\"message\":\"no\"}");
    ck_assert_int_eq(ticker_queue_done_batch(queue, (const ticker_message *const *)messages, 1, results, &error),
                     TICKER_WARN);
    ck_assert_int_eq(results[0], TICKER_FAILED);
    for (int i = 0; i < 3; i++)
        ticker_message_free(messages[i]);
    end(queue);
}
END_TEST

/* --- Dead letters -------------------------------------------------------------------------------------------------------------- */

START_TEST(burying)
{
    ticker_queue *queue = open_files();
    ticker_message *message = receive_one(
        queue, "{\"Messages\":[{\"MessageId\":\"m1\",\"ReceiptHandle\":\"r1\",\"Body\":\"X\"}]}");

    fake_http_answer(fake, 200, NULL, POLICY);
    fake_http_answer(fake, 200, NULL, "");
    fake_http_answer(fake, 200, NULL,
                     "{\"MessageId\":\"d1\",\"MD5OfMessageBody\":\"02129bb861061d1a052c592e2dc6b383\"}");
    fake_http_answer(fake, 200, NULL, "");
    ck_assert_msg(ticker_queue_dead_letter(queue, message, "why", &error) == TICKER_OK, "%s", error.message);
    asked(2, "GetQueueAttributes", "RedrivePolicy");
    asked(3, "ChangeMessageVisibility", "\"r1\""); /* still ours */
    asked(4, "SendMessage", "\"MessageBody\":\"X\"");
    asked(4, "SendMessage", "https://sqs.eu-west-1.amazonaws.com/123456789012/files-dead");
    asked(5, "DeleteMessage", "\"r1\"");
    fake_http_answer(fake, 200, NULL, POLICY);
    fake_http_answer(fake, 400, NULL, "{\"__type\":\"com.amazonaws.sqs#MessageNotInflight\",\"message\":\"no\"}");
    ck_assert_int_eq(ticker_queue_dead_letter(queue, message, "why", &error), TICKER_FAILED);
    ck_assert_uint_eq(fake_http_count(fake), 8); /* nothing was sent */
    ti_error_init(&error);
    fake_http_answer(fake, 200, NULL, "{}");
    ck_assert_int_eq(ticker_queue_dead_letter(queue, message, "why", &error), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_UNSUPPORTED);
    ti_error_init(&error);
    fake_http_answer(fake, 200, NULL, "{\"Attributes\":{\"RedrivePolicy\":\"{\\\"deadLetterTargetArn\\\":7}\"}}");
    ck_assert_int_eq(ticker_queue_dead_letter(queue, message, "why", &error), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_USAGE);
    ticker_message_free(message);
    end(queue);
}
END_TEST

static ticker_status count_one(void *payload, const char *id, const char *body, const char *reason, int64_t attempts,
                               int64_t sent, ticker_error *of)
{
    (void)id;
    (void)attempts;
    (void)sent;
    (void)of;
    ck_assert_str_eq(body, "X");
    ck_assert_str_eq(reason, "");
    ++*(int *)payload;
    return TICKER_OK;
}

/* Those that were looked at are given back; one that comes twice is shown once. */
START_TEST(listing)
{
    ticker_queue *queue = open_files();
    int shown = 0;

    fake_http_answer(fake, 200, NULL, POLICY);
    fake_http_answer(fake, 200, NULL,
                     "{\"Messages\":[{\"MessageId\":\"a\",\"ReceiptHandle\":\"ra\",\"Body\":\"X\"},"
                     "{\"MessageId\":\"b\",\"ReceiptHandle\":\"rb\",\"Body\":\"X\"}]}");
    fake_http_answer(fake, 200, NULL,
                     "{\"Messages\":[{\"MessageId\":\"b\",\"ReceiptHandle\":\"rb2\",\"Body\":\"X\"},"
                     "{\"MessageId\":\"c\",\"ReceiptHandle\":\"rc\",\"Body\":\"X\"}]}");
    fake_http_answer(fake, 200, NULL, "{}");
    fake_http_answer(fake, 200, NULL, "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"},{\"Id\":\"2\"},{\"Id\":\"3\"}]}");
    ck_assert_msg(ticker_queue_dead(queue, 100, count_one, &shown, &error) == TICKER_OK, "%s", error.message);
    ck_assert_int_eq(shown, 3);
    asked(5, "ChangeMessageVisibilityBatch", "\"rb2\"");
    asked(5, "ChangeMessageVisibilityBatch", "\"VisibilityTimeout\":0");
    fake_http_answer(fake, 200, NULL, POLICY);
    fake_http_answer(fake, 200, NULL,
                     "{\"Messages\":[{\"MessageId\":\"a\",\"ReceiptHandle\":\"ra\",\"Body\":\"X\"},"
                     "{\"MessageId\":\"b\",\"ReceiptHandle\":\"rb\",\"Body\":\"X\"}]}");
    fake_http_answer(fake, 500, NULL, "{}"); /* giving back fails: no matter */
    fake_http_answer(fake, 500, NULL, "{}");
    fake_http_answer(fake, 500, NULL, "{}");
    shown = 0;
    ck_assert_int_eq(ticker_queue_dead(queue, 1, count_one, &shown, &error), TICKER_OK);
    ck_assert_int_eq(shown, 1);
    end(queue);
}
END_TEST

START_TEST(retrying_one)
{
    ticker_queue *queue = open_files();
    int64_t count = 9;

    fake_http_answer(fake, 200, NULL, POLICY);
    fake_http_answer(fake, 200, NULL,
                     "{\"Messages\":[{\"MessageId\":\"a\",\"ReceiptHandle\":\"ra\",\"Body\":\"X\"},"
                     "{\"MessageId\":\"b\",\"ReceiptHandle\":\"rb\",\"Body\":\"X\"}]}");
    fake_http_answer(fake, 200, NULL,
                     "{\"MessageId\":\"n\",\"MD5OfMessageBody\":\"02129bb861061d1a052c592e2dc6b383\"}");
    fake_http_answer(fake, 200, NULL, "");
    fake_http_answer(fake, 200, NULL, "{\"Successful\":[{\"Id\":\"0\"}]}");
    ck_assert_msg(ticker_queue_retry_dead(queue, "b", &count, &error) == TICKER_OK, "%s", error.message);
    ck_assert_int_eq(count, 1);
    asked(3, "SendMessage", URL);
    asked(4, "DeleteMessage", "\"rb\"");
    asked(5, "ChangeMessageVisibilityBatch", "\"ra\"");
    fake_http_answer(fake, 200, NULL, POLICY);
    fake_http_answer(fake, 200, NULL, "{\"Messages\":[{\"MessageId\":\"a\",\"ReceiptHandle\":\"ra\",\"Body\":\"X\"}]}");
    fake_http_answer(fake, 400, NULL, "{\"__type\":\"com.amazonaws.sqs#AccessDeniedException\",\"message\":\"no\"}");
    fake_http_answer(fake, 200, NULL, "{\"Successful\":[{\"Id\":\"0\"}]}");
    ck_assert_int_eq(ticker_queue_retry_dead(queue, NULL, &count, &error), TICKER_FATAL);
    ck_assert_int_eq(count, 0);
    asked(9, "ChangeMessageVisibilityBatch", "\"ra\""); /* not lost */
    end(queue);
}
END_TEST

/* What fails again at once comes back as a dead letter, and must not be sent again and again. */
START_TEST(retrying_what_fails_again)
{
    ticker_queue *queue = open_files();
    int64_t count = 9;

    fake_http_answer(fake, 200, NULL, POLICY);
    fake_http_answer(fake, 200, NULL, "{\"Messages\":[{\"MessageId\":\"a\",\"ReceiptHandle\":\"ra\",\"Body\":\"X\"}]}");
    fake_http_answer(fake, 200, NULL,
                     "{\"MessageId\":\"n\",\"MD5OfMessageBody\":\"02129bb861061d1a052c592e2dc6b383\"}");
    fake_http_answer(fake, 200, NULL, "");
    fake_http_answer(fake, 200, NULL, "{\"Messages\":[{\"MessageId\":\"n\",\"ReceiptHandle\":\"rn\",\"Body\":\"X\"}]}");
    fake_http_answer(fake, 200, NULL, "{\"Successful\":[{\"Id\":\"0\"}]}");
    ck_assert_msg(ticker_queue_retry_dead(queue, NULL, &count, &error) == TICKER_OK, "%s", error.message);
    ck_assert_int_eq(count, 1);
    asked(3, "SendMessage", URL);
    asked(4, "DeleteMessage", "\"ra\"");
    asked(5, "ReceiveMessage", "");
    asked(6, "ChangeMessageVisibilityBatch", "\"rn\"");
    end(queue);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {by_name_url_and_arn,
                                  wrong_names,
                                  without_the_right_to_ask,
                                  receiving,
                                  some_are_not_done,
                                  burying,
                                  listing,
                                  retrying_one,
                                  retrying_what_fails_again};

    return run_tests("queue_sqs", tests, COUNT(tests));
}
