/* Receiving: what comes, what is damaged, what does not fit. */
#include "sqs_fake.h"

#include <tickerimport/limits.h>

#include "aws/sqs.h"

#define MD5_OF_A "0cc175b9c0f1b6a831c399e269772661"
#define MD5_OF_B "92eb5ffee6ae2fec3ad71c777531578f"

#define JSON_MESSAGE(id, md5, body)                                                                                    \
    "{\"MessageId\":\"" id "\",\"ReceiptHandle\":\"receipt-" id "\",\"MD5OfBody\":\"" md5 "\",\"Body\":\"" body        \
    "\",\"Attributes\":{\"SenderId\":\"S\",\"SentTimestamp\":\"1795348709699\",\"ApproximateReceiveCount\":\"2\"},"    \
    "\"MD5OfMessageAttributes\":\"x\",\"MessageAttributes\":{\"a\":{\"StringValue\":\"v\",\"DataType\":\"String\"}}}"
#define XML_MESSAGE(id, md5, body)                                                                                     \
    "<Message>\n<MessageId>" id "</MessageId><ReceiptHandle>receipt-" id "</ReceiptHandle><MD5OfBody>" md5             \
    "</MD5OfBody><Body>" body "</Body><Attribute><Name>SenderId</Name><Value>S</Value></Attribute>"                    \
    "<Attribute><Name>SentTimestamp</Name><Value>1795348709699</Value></Attribute><Attribute>"                         \
    "<Name>ApproximateReceiveCount</Name><Value>2</Value></Attribute><MessageAttribute><Name>a</Name><Value>"          \
    "<StringValue>v</StringValue><DataType>String</DataType></Value></MessageAttribute></Message>\n"

static ticker_sqs_messages *receive(sqs_fake *fake, int max)
{
    ticker_sqs_messages *messages = NULL;

    sqs_ok(fake, ticker_sqs_receive(fake->aws, QUEUE_URL, max, 20, -1, &messages, &fake->error));
    ck_assert_ptr_nonnull(messages);
    return messages;
}

static void not_received(sqs_fake *fake, int max, const char *text)
{
    ticker_sqs_messages *messages = NULL;

    sqs_failed(fake, ticker_sqs_receive(fake->aws, QUEUE_URL, max, 0, -1, &messages, &fake->error), TICKER_RETRY,
               TICKER_ERROR_SERVICE, text);
    ck_assert_ptr_null(messages);
}

START_TEST(several)
{
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        ticker_sqs_messages *messages;
        size_t size = 77;

        sqs_answer(&fake, "ReceiveMessage",
                   "{\"Messages\":[" JSON_MESSAGE("m1", MD5_OF_A, "a") "," JSON_MESSAGE("m2", MD5_OF_B, "b") "]}",
                   XML_MESSAGE("m1", MD5_OF_A, "a") XML_MESSAGE("m2", MD5_OF_B, "b"));
        messages = receive(&fake, 10);
        ck_assert_uint_eq(ticker_sqs_messages_count(messages), 2);
        ck_assert_str_eq(ticker_sqs_message_id(messages, 0), "m1");
        ck_assert_str_eq(ticker_sqs_message_receipt(messages, 0), "receipt-m1");
        ck_assert_str_eq(ticker_sqs_message_body(messages, 0, NULL), "a");
        ck_assert_str_eq(ticker_sqs_message_id(messages, 1), "m2");
        ck_assert_str_eq(ticker_sqs_message_receipt(messages, 1), "receipt-m2");
        ck_assert_str_eq(ticker_sqs_message_body(messages, 1, &size), "b");
        ck_assert_uint_eq(size, 1);
        for (size_t i = 0; i < 2; i++) {
            ck_assert_str_eq(ticker_sqs_message_attribute(messages, i, "SenderId"), "S");
            ck_assert_str_eq(ticker_sqs_message_attribute(messages, i, "SentTimestamp"), "1795348709699");
            ck_assert_str_eq(ticker_sqs_message_attribute(messages, i, "ApproximateReceiveCount"), "2");
            ck_assert_str_eq(ticker_sqs_message_attribute(messages, i, "a"), "");
            ck_assert_str_eq(ticker_sqs_message_attribute(messages, i, "Absent"), "");
            ck_assert_str_eq(ticker_sqs_message_attribute(messages, i, NULL), "");
        }
        ck_assert_str_eq(ticker_sqs_message_id(messages, 2), "");
        ck_assert_str_eq(ticker_sqs_message_receipt(messages, 2), "");
        ck_assert_str_eq(ticker_sqs_message_body(messages, 2, &size), "");
        ck_assert_uint_eq(size, 0);
        ck_assert_str_eq(ticker_sqs_message_attribute(messages, 2, "SenderId"), "");
        ticker_sqs_messages_free(messages);
        sqs_asked(&fake, "ReceiveMessage",
                  "{\"QueueUrl\":\"" QUEUE_URL
                  "\",\"MaxNumberOfMessages\":10,\"WaitTimeSeconds\":20,\"AttributeNames\":[\"All\"]}",
                  "&QueueUrl=" ENCODED_URL "&MaxNumberOfMessages=10&WaitTimeSeconds=20&AttributeName.1=All");
    }
    ck_assert_uint_eq(ticker_sqs_messages_count(NULL), 0);
    ck_assert_str_eq(ticker_sqs_message_id(NULL, 0), "");
    ck_assert_str_eq(ticker_sqs_message_body(NULL, 0, NULL), "");
    ticker_sqs_messages_free(NULL);
}
END_TEST

/* Nothing came: said in several ways, a body of no bytes among them. */
START_TEST(none)
{
    static const char *const json[] = {"", "{}", "{\"Messages\":[]}", "{\"Messages\":null}", " \n"};
    static const char *const xml[] = {"", "<ReceiveMessageResponse><ReceiveMessageResult/></ReceiveMessageResponse>",
                                      "<ReceiveMessageResponse><ReceiveMessageResult>\n</ReceiveMessageResult>"
                                      "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
                                      "</ReceiveMessageResponse>"};
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        const char *const *bodies = fake.style == SQS_JSON ? json : xml;

        for (size_t i = 0; i < (fake.style == SQS_JSON ? COUNT(json) : COUNT(xml)); i++) {
            ticker_sqs_messages *messages;

            fake_http_answer(fake.http, 200, NULL, bodies[i]);
            messages = receive(&fake, 1);
            ck_assert_uint_eq(ticker_sqs_messages_count(messages), 0);
            ck_assert_str_eq(ticker_sqs_message_id(messages, 0), "");
            ticker_sqs_messages_free(messages);
        }
    }
}
END_TEST

START_TEST(asking)
{
    ticker_sqs_messages *messages = NULL;
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        sqs_answer(&fake, "ReceiveMessage", "{}", "");
        sqs_ok(&fake, ticker_sqs_receive(fake.aws, QUEUE_URL, 1, 0, 43200, &messages, &fake.error));
        ticker_sqs_messages_free(messages);
        messages = NULL;
        sqs_asked(&fake, "ReceiveMessage",
                  "{\"QueueUrl\":\"" QUEUE_URL "\",\"MaxNumberOfMessages\":1,\"WaitTimeSeconds\":0,"
                  "\"VisibilityTimeout\":43200,\"AttributeNames\":[\"All\"]}",
                  "&QueueUrl=" ENCODED_URL
                  "&MaxNumberOfMessages=1&WaitTimeSeconds=0&VisibilityTimeout=43200&AttributeName.1=All");
        sqs_failed(&fake, ticker_sqs_receive(fake.aws, QUEUE_URL, 0, 0, -1, &messages, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "from 1 to 10");
        sqs_failed(&fake, ticker_sqs_receive(fake.aws, QUEUE_URL, 11, 0, -1, &messages, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "from 1 to 10");
        sqs_failed(&fake, ticker_sqs_receive(fake.aws, QUEUE_URL, 1, 21, -1, &messages, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "from 0 to 20");
        sqs_failed(&fake, ticker_sqs_receive(fake.aws, QUEUE_URL, 1, 0, -2, &messages, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "from -1 to 43200");
        sqs_failed(&fake, ticker_sqs_receive(fake.aws, QUEUE_URL, 1, 0, 0, NULL, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "place");
        sqs_failed(&fake, ticker_sqs_receive(fake.aws, "x", 1, 0, 0, &messages, &fake.error), TICKER_FATAL,
                   TICKER_ERROR_USAGE, "queue URL");
        ck_assert_uint_eq(fake_http_count(fake.http), 1);
        ck_assert_ptr_null(messages);
    }
}
END_TEST

START_TEST(damaged)
{
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        ticker_sqs_messages *messages;

        sqs_answer(&fake, "ReceiveMessage",
                   "{\"Messages\":[" JSON_MESSAGE("m1", MD5_OF_A, "a") "," JSON_MESSAGE("m2", MD5_OF_A, "b") "]}",
                   XML_MESSAGE("m1", MD5_OF_A, "a") XML_MESSAGE("m2", MD5_OF_A, "b"));
        messages = receive(&fake, 10);
        ck_assert_uint_eq(ticker_sqs_messages_count(messages), 1);
        ck_assert_str_eq(ticker_sqs_message_id(messages, 0), "m1");
        ticker_sqs_messages_free(messages);
        sqs_answer(&fake, "ReceiveMessage",
                   "{\"Messages\":[" JSON_MESSAGE("m1", MD5_OF_B, "a") "," JSON_MESSAGE("m2", MD5_OF_B, "b") "]}",
                   XML_MESSAGE("m1", MD5_OF_B, "a") XML_MESSAGE("m2", MD5_OF_B, "b"));
        messages = receive(&fake, 10);
        ck_assert_uint_eq(ticker_sqs_messages_count(messages), 1);
        ck_assert_str_eq(ticker_sqs_message_id(messages, 0), "m2");
        ck_assert_str_eq(ticker_sqs_message_attribute(messages, 0, "ApproximateReceiveCount"), "2");
        ticker_sqs_messages_free(messages);
        sqs_answer(&fake, "ReceiveMessage", "{\"Messages\":[" JSON_MESSAGE("m1", "no MD5", "a") "]}",
                   XML_MESSAGE("m1", "no MD5", "a"));
        not_received(&fake, 10, "message m1 came damaged");
        /* A server that says none, and one that writes it large. */
        sqs_answer(&fake, "ReceiveMessage", "{\"Messages\":[" JSON_MESSAGE("m1", "", "a") "]}",
                   XML_MESSAGE("m1", "", "a"));
        messages = receive(&fake, 1);
        ck_assert_uint_eq(ticker_sqs_messages_count(messages), 1);
        ticker_sqs_messages_free(messages);
        sqs_answer(&fake, "ReceiveMessage",
                   "{\"Messages\":[" JSON_MESSAGE("m1", "0CC175B9C0F1B6A831C399E269772661", "a") "]}",
                   XML_MESSAGE("m1", "0CC175B9C0F1B6A831C399E269772661", "a"));
        messages = receive(&fake, 1);
        ck_assert_uint_eq(ticker_sqs_messages_count(messages), 1);
        ticker_sqs_messages_free(messages);
    }
}
END_TEST

START_TEST(strange)
{
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        sqs_answer(&fake, "ReceiveMessage",
                   "{\"Messages\":[" JSON_MESSAGE("m1", MD5_OF_A, "a") "," JSON_MESSAGE("m2", MD5_OF_B, "b") "]}",
                   XML_MESSAGE("m1", MD5_OF_A, "a") XML_MESSAGE("m2", MD5_OF_B, "b"));
        not_received(&fake, 1, "more messages than were asked for");
        sqs_answer(&fake, "ReceiveMessage", "{\"Messages\":[{\"MessageId\":\"m\",\"Body\":\"a\"}]}",
                   "<Message><MessageId>m</MessageId><Body>a</Body></Message>");
        not_received(&fake, 1, "without receipt");
        sqs_answer(&fake, "ReceiveMessage", "{\"Messages\":[{}]}", "<Message/>");
        not_received(&fake, 1, "without receipt");
        sqs_answer(&fake, "ReceiveMessage", "{\"Messages\":[" JSON_MESSAGE("m1", MD5_OF_A, "a") "]", "<Message>");
        not_received(&fake, 1, "cannot be read");
        if (fake.style == SQS_JSON) {
            sqs_answer(&fake, "ReceiveMessage", "{\"Messages\":[{\"ReceiptHandle\":\"a\\u0000b\"}]}", "");
            not_received(&fake, 1, "NUL");
        }
        fake_http_answer(fake.http, 200, NULL, "hello");
        not_received(&fake, 1, "is this SQS? look at the endpoint");
    }
}
END_TEST

/* What bodies may hold comes as it was sent. */
START_TEST(bodies)
{
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        ticker_sqs_messages *messages;
        size_t size;

        sqs_answer(
            &fake, "ReceiveMessage",
            "{\"Messages\":[{\"ReceiptHandle\":\"r\",\"Body\":\" {\\\"a\\\":\\\"<&>\\\\u00e9 \\u00e9\\ud83d\\udcc8\\\"}"
            "\\n\\r\\t\"}]}",
            "<Message><ReceiptHandle>r</ReceiptHandle><Body> {&quot;a&quot;:&quot;&lt;&amp;&gt;\\u00e9 \xc3\xa9"
            "&#x1f4c8;&quot;}\n&#xD;\t</Body></Message>");
        messages = receive(&fake, 1);
        ck_assert_str_eq(ticker_sqs_message_body(messages, 0, &size),
                         " {\"a\":\"<&>\\u00e9 \xc3\xa9\xf0\x9f\x93\x88\"}\n\r\t");
        ck_assert_uint_eq(size, strlen(ticker_sqs_message_body(messages, 0, NULL)));
        ck_assert_str_eq(ticker_sqs_message_id(messages, 0), "");
        ticker_sqs_messages_free(messages);
    }
}
END_TEST

/* Two messages of the largest size, every byte of them escaped. */
START_TEST(largest)
{
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        bool json = fake.style == SQS_JSON;
        const char *quote = json ? "\\\"" : "&quot;";
        size_t width = strlen(quote), count = many_or_few(2, 1), size;
        char *quotes = malloc(width * TICKER_EVENT_BYTES_MAX);
        ticker_sqs_messages *messages;
        ti_buffer text;

        ck_assert_ptr_nonnull(quotes);
        for (size_t i = 0; i < TICKER_EVENT_BYTES_MAX; i++)
            memcpy(quotes + i * width, quote, width);
        bytes_init(&text);
        add(&text, "%s", json ? "{\"Messages\":[" : "<ReceiveMessageResponse><ReceiveMessageResult>");
        for (size_t i = 0; i < count; i++) {
            add(&text, "%s%s", i > 0 && json ? "," : "",
                json ? "{\"ReceiptHandle\":\"r\",\"Body\":\"" : "<Message><ReceiptHandle>r</ReceiptHandle><Body>");
            add_bytes(&text, quotes, width * TICKER_EVENT_BYTES_MAX);
            add(&text, "%s", json ? "\"}" : "</Body></Message>");
        }
        add(&text, "%s", json ? "]}" : "</ReceiveMessageResult></ReceiveMessageResponse>");
        fake_http_answer_bytes(fake.http, 200, NULL, text.data, text.size);
        messages = receive(&fake, 10);
        ck_assert_uint_eq(ticker_sqs_messages_count(messages), count);
        for (size_t i = 0; i < count; i++) {
            const char *body = ticker_sqs_message_body(messages, i, &size);

            ck_assert_uint_eq(size, TICKER_EVENT_BYTES_MAX);
            ck_assert_int_eq(body[0], '"');
            ck_assert_int_eq(body[size - 1], '"');
            ck_assert_int_eq(body[size], '\0');
        }
        ticker_sqs_messages_free(messages);
        ti_buffer_free(&text);
        free(quotes);
    }
}
END_TEST

/* A receive that broke may be made again: what it hid comes back by itself. */
START_TEST(repeated)
{
    sqs_fake fake;

    FOR_EACH_STYLE(fake)
    {
        ticker_sqs_messages *messages;

        fake_http_break(fake.http);
        sqs_refuse(&fake, 503, "ServiceUnavailable", "ServiceUnavailable");
        sqs_answer(&fake, "ReceiveMessage", "{\"Messages\":[" JSON_MESSAGE("m1", MD5_OF_A, "a") "]}",
                   XML_MESSAGE("m1", MD5_OF_A, "a"));
        messages = receive(&fake, 1);
        ck_assert_uint_eq(ticker_sqs_messages_count(messages), 1);
        ck_assert_uint_eq(fake_http_count(fake.http), 3);
        ticker_sqs_messages_free(messages);
        sqs_refuse(&fake, 403, "OverLimit", "OverLimit");
        not_received(&fake, 1, "too many messages are being worked on");
    }
}
END_TEST

static ticker_status take_nothing(void *self, ti_sqs_piece piece, ti_slice name, ti_slice value, ticker_error *error)
{
    size_t *told = self;

    (void)error;
    if (piece > TI_SQS_FAILED || name.data == NULL || value.data == NULL)
        ck_abort_msg("piece %d without name or value", piece);
    ++*told;
    return TICKER_OK;
}

/* Every cut of an answer, and changed bytes: refused or read, never a crash. */
START_TEST(torture)
{
    static const char json[] = "{\"Messages\":[" JSON_MESSAGE("m1", MD5_OF_A, "a") "," JSON_MESSAGE("m2", MD5_OF_B,
                                                                                                    "b") "]}";
    static const char xml[] = "<ReceiveMessageResponse><ReceiveMessageResult>" XML_MESSAGE("m1", MD5_OF_A, "a")
        XML_MESSAGE("m2", MD5_OF_B, "b") "</ReceiveMessageResult></ReceiveMessageResponse>";
    static const struct {
        const ti_sqs_protocol *protocol;
        const char *good;
    } answers[] = {{&ti_sqs_json, json}, {&ti_sqs_query, xml}};
    uint64_t state = 7;

    for (size_t i = 0; i < COUNT(answers); i++) {
        size_t size = strlen(answers[i].good), taken = 0, told = 0;
        char *copy = malloc(size);

        ck_assert_ptr_nonnull(copy);
        for (unsigned round = 0; round < 3000; round++) {
            size_t length = round < size ? round : size;
            ticker_status status;

            memcpy(copy, answers[i].good, size);
            for (unsigned k = 0; round >= size && k < 1 + round % 3; k++)
                copy[next_random(&state) % size] = (char)next_random(&state);
            status = answers[i].protocol->read((ti_slice){copy, length}, take_nothing, &told, NULL);
            if (status != TICKER_OK && status != TICKER_FAILED)
                ck_abort_msg("round %u: %d", round, status);
            taken += status == TICKER_OK ? 1 : 0;
        }
        ck_assert_uint_gt(taken, 20);
        ck_assert_uint_gt(told, taken);
        free(copy);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {several, none, asking, damaged, strange, bodies, largest, repeated, torture};

    return run_tests("sqs_messages", tests, COUNT(tests));
}
