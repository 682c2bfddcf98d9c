/* Batches: HTTP says 200, and what became of each message stands in the answer, or does not. */
#include "sqs_fake.h"

#include <tickerimport/limits.h>

#define MD5_OF_A "0cc175b9c0f1b6a831c399e269772661"
#define MD5_OF_B "92eb5ffee6ae2fec3ad71c777531578f"

#define DONE_JSON(id) "{\"Id\":\"" id "\"}"
#define FAILED_JSON(id, code, fault)                                                                                   \
    "{\"Id\":\"" id "\",\"Code\":\"" code "\",\"Message\":\"because of " id "\",\"SenderFault\":" fault "}"
#define DONE_XML(kind, id) "<" kind "BatchResultEntry><Id>" id "</Id></" kind "BatchResultEntry>\n"
#define FAILED_XML(id, code, fault)                                                                                    \
    "<BatchResultErrorEntry><Id>" id "</Id><Code>" code "</Code><Message>because of " id                               \
    "</Message><SenderFault>" fault "</SenderFault></BatchResultErrorEntry>\n"

static const char *const receipts[] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10"};

static void results_are(const ticker_status *results, const ticker_status *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(results[i] == wanted[i], "result %zu is %d, not %d", i, results[i], wanted[i]);
}

START_TEST(all_done)
{
    static const ticker_status ok[2] = {TICKER_OK, TICKER_OK};
    static const int seconds[] = {0, 43200};
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        ticker_status results[2] = {TICKER_FATAL, TICKER_FATAL};

        /* In another order than they were asked for. */
        sqs_answer(&fake, "DeleteMessageBatch",
                   "{\"Successful\":[" DONE_JSON("1") "," DONE_JSON("0") "],\"Failed\":[]}",
                   DONE_XML("DeleteMessage", "1") DONE_XML("DeleteMessage", "0"));
        sqs_ok(&fake, ticker_sqs_delete_batch(fake.aws, QUEUE_URL, receipts, 2, results, &fake.error));
        results_are(results, ok, 2);
        sqs_asked(&fake, "DeleteMessageBatch",
                  "{\"QueueUrl\":\"" QUEUE_URL "\",\"Entries\":[{\"Id\":\"0\",\"ReceiptHandle\":\"r0\"},"
                  "{\"Id\":\"1\",\"ReceiptHandle\":\"r1\"}]}",
                  "&QueueUrl=" ENCODED_URL
                  "&DeleteMessageBatchRequestEntry.1.Id=0&DeleteMessageBatchRequestEntry.1.ReceiptHandle=r0"
                  "&DeleteMessageBatchRequestEntry.2.Id=1&DeleteMessageBatchRequestEntry.2.ReceiptHandle=r1");
        results[0] = results[1] = TICKER_FATAL;
        sqs_answer(&fake, "ChangeMessageVisibilityBatch", "{\"Successful\":[" DONE_JSON("0") "," DONE_JSON("1") "]}",
                   DONE_XML("ChangeMessageVisibility", "0") DONE_XML("ChangeMessageVisibility", "1"));
        sqs_ok(&fake,
               ticker_sqs_change_visibility_batch(fake.aws, QUEUE_URL, receipts, seconds, 2, results, &fake.error));
        results_are(results, ok, 2);
        sqs_asked(&fake, "ChangeMessageVisibilityBatch",
                  "{\"QueueUrl\":\"" QUEUE_URL
                  "\",\"Entries\":[{\"Id\":\"0\",\"ReceiptHandle\":\"r0\",\"VisibilityTimeout\":0},"
                  "{\"Id\":\"1\",\"ReceiptHandle\":\"r1\",\"VisibilityTimeout\":43200}]}",
                  "&QueueUrl=" ENCODED_URL "&ChangeMessageVisibilityBatchRequestEntry.1.Id=0"
                  "&ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle=r0"
                  "&ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout=0"
                  "&ChangeMessageVisibilityBatchRequestEntry.2.Id=1"
                  "&ChangeMessageVisibilityBatchRequestEntry.2.ReceiptHandle=r1"
                  "&ChangeMessageVisibilityBatchRequestEntry.2.VisibilityTimeout=43200");
        /* Nothing to do asks nothing. */
        sqs_ok(&fake, ticker_sqs_delete_batch(fake.aws, QUEUE_URL, NULL, 0, NULL, &fake.error));
        sqs_ok(&fake, ticker_sqs_send_batch(fake.aws, QUEUE_URL, NULL, 0, NULL, &fake.error));
        ck_assert_uint_eq(fake_http_count(fake.http), 2);
    }
}
END_TEST

/* What an answer says of one entry; no code: that it is done. */
typedef struct said {
    const char *id, *code;
    bool sender_fault;
} said;

static void say(const sqs_fake *fake, const said *entries, size_t count)
{
    ti_buffer json, xml;

    bytes_init(&json);
    bytes_init(&xml);
    for (unsigned done = 0; done < 2; done++) {
        add(&json, done ? "],\"Successful\":[null" : "{\"Failed\":[{},5");
        for (size_t i = 0; i < count; i++) {
            const char *fault = entries[i].sender_fault ? "true" : "false", *id = entries[i].id;

            if (done != (entries[i].code == NULL))
                continue;
            if (done) {
                add(&json, "," DONE_JSON("%s"), id);
                add(&xml, DONE_XML("DeleteMessage", "%s"), id);
            } else {
                add(&json, "," FAILED_JSON("%s", "%s", "%s"), id, entries[i].code, id, fault);
                add(&xml, FAILED_XML("%s", "%s", "%s"), id, entries[i].code, id, fault);
            }
        }
    }
    add(&json, "]}");
    add(&xml, "<BatchResultErrorEntry/>");
    sqs_answer(fake, "DeleteMessageBatch", ti_buffer_string(&json), ti_buffer_string(&xml));
    ti_buffer_free(&json);
    ti_buffer_free(&xml);
}

/* Each kind of failure by itself; entries that the answer leaves out; ids that nobody asked for. */
START_TEST(some_failed)
{
    static const said entries[] = {{"1", "ReceiptHandleIsInvalid", true},
                                   {"2", "InternalError", false},
                                   {"3", "ThrottlingException", true},
                                   {"4", "SomethingNew", true},
                                   {"6", "SomethingNew", false},
                                   {"8", "ReceiptHandleIsInvalid", false},
                                   {"77", "x", true},
                                   {"", "x", true},
                                   {"0", NULL, false},
                                   {"7", NULL, false},
                                   {"8", NULL, false},
                                   {"a", NULL, false}};
    static const ticker_status wanted[10] = {TICKER_OK,    TICKER_FAILED, TICKER_RETRY, TICKER_RETRY,  TICKER_FAILED,
                                             TICKER_RETRY, TICKER_RETRY,  TICKER_OK,    TICKER_FAILED, TICKER_RETRY};
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        ticker_status results[10];

        memset(results, 0x77, sizeof(results));
        say(&fake, entries, COUNT(entries));
        ck_assert_int_eq(ticker_sqs_delete_batch(fake.aws, QUEUE_URL, receipts, 10, results, &fake.error), TICKER_WARN);
        results_are(results, wanted, 10);
        ck_assert_str_eq(ticker_error_aws_code(&fake.error), "ReceiptHandleIsInvalid");
        ck_assert_int_eq(ticker_error_http_status(&fake.error), 200);
        sqs_failed(&fake, TICKER_WARN, TICKER_WARN, TICKER_ERROR_INPUT,
                   "DeleteMessageBatch: 8 of 10 entries failed, entry 2 first: ReceiptHandleIsInvalid: because of 1");
    }
}
END_TEST

/* An answer that speaks of nobody: nothing is known, so all is to be tried again. */
START_TEST(nothing_said)
{
    static const char *const bodies[SQS_STYLES][2] = {
        {"{}", ""}, {"<DeleteMessageBatchResponse><DeleteMessageBatchResult/></DeleteMessageBatchResponse>", ""}};
    static const ticker_status wanted[2] = {TICKER_RETRY, TICKER_RETRY};
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        for (size_t i = 0; i < 2; i++) {
            ticker_status results[2] = {TICKER_OK, TICKER_OK};

            fake_http_answer(fake.http, 200, NULL, bodies[fake.style][i]);
            sqs_failed(&fake, ticker_sqs_delete_batch(fake.aws, QUEUE_URL, receipts, 2, results, &fake.error),
                       TICKER_WARN, TICKER_ERROR_SERVICE, "entry 1 first: the answer does not speak of it");
            results_are(results, wanted, 2);
        }
    }
}
END_TEST

START_TEST(whole_request_failed)
{
    static const ticker_status fatal[2] = {TICKER_FATAL, TICKER_FATAL}, again[2] = {TICKER_RETRY, TICKER_RETRY};
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        ticker_status results[2] = {TICKER_OK, TICKER_OK};

        sqs_refuse(&fake, 400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue");
        ck_assert_int_eq(ticker_sqs_delete_batch(fake.aws, QUEUE_URL, receipts, 2, results, &fake.error), TICKER_FATAL);
        ck_assert_str_eq(ticker_error_aws_code(&fake.error), "QueueDoesNotExist");
        ti_error_init(&fake.error);
        results_are(results, fatal, 2);
        for (unsigned i = 0; i < 3; i++)
            sqs_refuse(&fake, 500, "InternalFailure", "InternalFailure");
        ck_assert_int_eq(ticker_sqs_delete_batch(fake.aws, QUEUE_URL, receipts, 2, results, &fake.error), TICKER_RETRY);
        ti_error_init(&fake.error);
        results_are(results, again, 2);
        results[0] = results[1] = TICKER_OK;
        fake_http_answer(fake.http, 200, NULL, "hello");
        sqs_failed(&fake, ticker_sqs_delete_batch(fake.aws, QUEUE_URL, receipts, 2, results, &fake.error), TICKER_RETRY,
                   TICKER_ERROR_SERVICE, "cannot be read");
        results_are(results, again, 2);
    }
}
END_TEST

#define SENT_JSON(id, md5) "{\"Id\":\"" id "\",\"MessageId\":\"m" id "\",\"MD5OfMessageBody\":\"" md5 "\"}"
#define SENT_XML(id, md5)                                                                                              \
    "<SendMessageBatchResultEntry><Id>" id "</Id><MessageId>m" id "</MessageId><MD5OfMessageBody>" md5                 \
    "</MD5OfMessageBody></SendMessageBatchResultEntry>"

START_TEST(sending)
{
    static const char *const bodies[] = {"a", "\x01", "b", "", "a", "b"};
    static const ticker_status wanted[] = {TICKER_OK,     TICKER_FAILED, TICKER_OK,
                                           TICKER_FAILED, TICKER_RETRY,  TICKER_FAILED};
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        ticker_status results[6];

        /* Two that cannot be sent are left out; one is stored as something else; one is refused. */
        sqs_answer(&fake, "SendMessageBatch",
                   "{\"Successful\":[" SENT_JSON("0", MD5_OF_A) "," SENT_JSON("2", MD5_OF_B) "," SENT_JSON(
                       "4", MD5_OF_B) "],\"Failed\":[" FAILED_JSON("5", "InvalidMessageContents", "true") "]}",
                   SENT_XML("0", MD5_OF_A) SENT_XML("2", MD5_OF_B) SENT_XML("4", MD5_OF_B)
                       FAILED_XML("5", "InvalidMessageContents", "true"));
        ck_assert_int_eq(ticker_sqs_send_batch(fake.aws, QUEUE_URL, bodies, 6, results, &fake.error), TICKER_WARN);
        results_are(results, wanted, 6);
        sqs_failed(&fake, TICKER_WARN, TICKER_WARN, TICKER_ERROR_INPUT,
                   "4 of 6 entries failed, entry 2 first: the message holds bytes that SQS does not take");
        sqs_asked(&fake, "SendMessageBatch",
                  "{\"QueueUrl\":\"" QUEUE_URL "\",\"Entries\":[{\"Id\":\"0\",\"MessageBody\":\"a\"},"
                  "{\"Id\":\"2\",\"MessageBody\":\"b\"},{\"Id\":\"4\",\"MessageBody\":\"a\"},"
                  "{\"Id\":\"5\",\"MessageBody\":\"b\"}]}",
                  "&QueueUrl=" ENCODED_URL
                  "&SendMessageBatchRequestEntry.1.Id=0&SendMessageBatchRequestEntry.1.MessageBody=a"
                  "&SendMessageBatchRequestEntry.2.Id=2&SendMessageBatchRequestEntry.2.MessageBody=b"
                  "&SendMessageBatchRequestEntry.3.Id=4&SendMessageBatchRequestEntry.3.MessageBody=a"
                  "&SendMessageBatchRequestEntry.4.Id=5&SendMessageBatchRequestEntry.4.MessageBody=b");
        /* None can be sent: none is. */
        ck_assert_int_eq(ticker_sqs_send_batch(fake.aws, QUEUE_URL, bodies + 1, 1, results, &fake.error), TICKER_WARN);
        ck_assert_int_eq(results[0], TICKER_FAILED);
        ck_assert_uint_eq(fake_http_count(fake.http), 1);
        ti_error_init(&fake.error);
        /* A failure of the whole request says nothing of those that were left out. */
        sqs_refuse(&fake, 400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue");
        ck_assert_int_eq(ticker_sqs_send_batch(fake.aws, QUEUE_URL, bodies, 2, results, &fake.error), TICKER_FATAL);
        ck_assert_int_eq(results[0], TICKER_FATAL);
        ck_assert_int_eq(results[1], TICKER_FAILED);
    }
}
END_TEST

/* Together they may be no larger than one message may be. */
START_TEST(too_large)
{
    char *half = malloc(TICKER_EVENT_BYTES_MAX / 2 + 1);
    const char *bodies[] = {half, half, "x"};
    static const ticker_status failed[] = {TICKER_FAILED, TICKER_FAILED, TICKER_FAILED};
    sqs_fake fake;

    ck_assert_ptr_nonnull(half);
    memset(half, 'h', TICKER_EVENT_BYTES_MAX / 2);
    half[TICKER_EVENT_BYTES_MAX / 2] = '\0';
    FOR_EACH_STYLE(fake)
    {
        ticker_status results[3];

        sqs_failed(&fake, ticker_sqs_send_batch(fake.aws, QUEUE_URL, bodies, 3, results, &fake.error), TICKER_FAILED,
                   TICKER_ERROR_LIMIT, "smaller batches");
        results_are(results, failed, 3);
        ck_assert_uint_eq(fake_http_count(fake.http), 0);
        sqs_answer(&fake, "SendMessageBatch", "{\"Successful\":[" DONE_JSON("0") "," DONE_JSON("1") "]}",
                   DONE_XML("SendMessage", "0") DONE_XML("SendMessage", "1"));
        sqs_ok(&fake, ticker_sqs_send_batch(fake.aws, QUEUE_URL, bodies, 2, results, &fake.error));
    }
    free(half);
}
END_TEST

START_TEST(wrong_calls)
{
    static const char *const hole[] = {"r", NULL}, *const empty[] = {"r", ""};
    static const int seconds[] = {0, 43201};
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        ticker_status results[11];

        sqs_failed(&fake, ticker_sqs_delete_batch(fake.aws, QUEUE_URL, receipts, 11, results, &fake.error),
                   TICKER_FATAL, TICKER_ERROR_USAGE, "at most 10 entries, not 11");
        sqs_failed(&fake, ticker_sqs_delete_batch(fake.aws, QUEUE_URL, NULL, 1, results, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "place for the results");
        sqs_failed(&fake, ticker_sqs_delete_batch(fake.aws, QUEUE_URL, receipts, 1, NULL, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "place for the results");
        sqs_failed(&fake, ticker_sqs_delete_batch(fake.aws, QUEUE_URL, hole, 2, results, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "entry 2");
        sqs_failed(&fake, ticker_sqs_delete_batch(fake.aws, QUEUE_URL, empty, 2, results, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "entry 2");
        sqs_failed(&fake, ticker_sqs_send_batch(fake.aws, QUEUE_URL, hole, 2, results, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "entry 2");
        sqs_failed(&fake,
                   ticker_sqs_change_visibility_batch(fake.aws, QUEUE_URL, receipts, seconds, 2, results, &fake.error),
                   TICKER_FATAL, TICKER_ERROR_USAGE, "from 0 to 43200");
        sqs_failed(&fake,
                   ticker_sqs_change_visibility_batch(fake.aws, QUEUE_URL, receipts, NULL, 2, results, &fake.error),
                   TICKER_FATAL, TICKER_ERROR_USAGE, "seconds");
        sqs_failed(&fake, ticker_sqs_delete_batch(fake.aws, "x", receipts, 1, results, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "queue URL");
        ck_assert_uint_eq(fake_http_count(fake.http), 0);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {all_done, some_failed, nothing_said, whole_request_failed,
                                  sending,  too_large,   wrong_calls};

    return run_tests("sqs_batch", tests, COUNT(tests));
}
