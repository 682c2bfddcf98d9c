/* Notification configurations: what is there stays, ours is put in once. */
#include "support.h"

#include <stdio.h>
#include <tickerimport/s3.h>

#include "fake_http.h"

#define TOPIC "arn:aws:sns:us-east-1:000000000000:files"
#define QUEUE "arn:aws:sqs:us-east-1:000000000000:files"
#define DOCUMENT(inside)                                                                                               \
    "<NotificationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" inside                             \
    "</NotificationConfiguration>"
#define FOREIGN                                                                                                        \
    "<QueueConfiguration><Id>other</Id><Queue>" QUEUE "</Queue><Event>s3:ObjectRemoved:*</Event>"                      \
    "<Event>s3:ObjectCreated:Put</Event><Filter><S3Key><FilterRule><Name>Prefix</Name><Value>a&amp;b/</Value>"         \
    "</FilterRule><FilterRule><Name>Suffix</Name><Value>.csv</Value></FilterRule></S3Key></Filter>"                    \
    "</QueueConfiguration><CloudFunctionConfiguration><CloudFunction>arn:aws:lambda:us-east-1:0:function:f"            \
    "</CloudFunction><Event>s3:TestEvent</Event></CloudFunctionConfiguration>"
#define OURS(prefix)                                                                                                   \
    "<TopicConfiguration><Id>ticker</Id><Topic>" TOPIC "</Topic><Event>s3:ObjectCreated:*</Event>" prefix              \
    "</TopicConfiguration>"
#define PREFIX(name, value)                                                                                            \
    "<Filter><S3Key><FilterRule><Name>" name "</Name><Value>" value "</Value></FilterRule></S3Key></Filter>"
#define BRIDGE "<EventBridgeConfiguration></EventBridgeConfiguration>"

static fake_http *fake;
static ticker_aws *aws;
static ticker_error error;

static void set_up(void)
{
    fake = fake_http_new();
    aws = fake_http_client(fake, NULL);
    ti_error_init(&error);
}

static void tear_down(void)
{
    ticker_aws_free(aws);
    fake_http_free(fake);
}

/* What is written when `before` is there and ours is put in; "" when nothing is. */
static const char *put_in(const char *before, const char *arn, const char *prefix)
{
    int changed = -1;
    const char *body;

    fake_http_answer_for(fake, "GET", 200, NULL, before);
    fake_http_answer_for(fake, "PUT", 200, NULL, NULL);
    ti_error_init(&error);
    ck_assert_msg(ticker_s3_notify(aws, "bucket", "ticker", arn, prefix, &changed, &error) == TICKER_OK, "%s",
                  error.message);
    ck_assert_int_eq(changed, strcmp(fake_http_method(fake, fake_http_count(fake) - 1), "PUT") == 0);
    if (!changed)
        return "";
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, fake_http_count(fake) - 1), "?notification="));
    body = fake_http_body(fake, fake_http_count(fake) - 1, NULL);
    return body;
}

START_TEST(into_nothing)
{
    set_up();
    ck_assert_str_eq(put_in(DOCUMENT(""), TOPIC, ""), DOCUMENT(OURS("")));
    ck_assert_str_eq(put_in("<NotificationConfiguration/>", TOPIC, "in/<a>"),
                     DOCUMENT(OURS(PREFIX("prefix", "in/&lt;a&gt;"))));
    tear_down();
}
END_TEST

START_TEST(others_stay)
{
    set_up();
    ck_assert_str_eq(put_in(DOCUMENT(FOREIGN BRIDGE), TOPIC, "in/"),
                     DOCUMENT(FOREIGN OURS(PREFIX("prefix", "in/")) BRIDGE));
    ck_assert_str_eq(put_in(DOCUMENT(FOREIGN), TOPIC, ""), DOCUMENT(FOREIGN OURS("")));
    tear_down();
}
END_TEST

START_TEST(ours_is_replaced)
{
    static const char queue[] = DOCUMENT("<QueueConfiguration><Id>ticker</Id><Queue>" QUEUE
                                         "</Queue><Event>s3:ObjectCreated:*</Event>"
                                         "</QueueConfiguration>" FOREIGN);

    set_up();
    ck_assert_str_eq(put_in(DOCUMENT(OURS("") FOREIGN), TOPIC, "in/"), DOCUMENT(OURS(PREFIX("prefix", "in/")) FOREIGN));
    ck_assert_str_eq(put_in(DOCUMENT(OURS("") FOREIGN), QUEUE, ""), queue);
    ck_assert_str_eq(put_in(DOCUMENT(OURS("<Event>s3:ObjectRemoved:*</Event>")), TOPIC, ""), DOCUMENT(OURS("")));
    ck_assert_str_eq(put_in(DOCUMENT(OURS(PREFIX("suffix", "in/"))), TOPIC, ""), DOCUMENT(OURS("")));
    tear_down();
}
END_TEST

START_TEST(already_so)
{
    set_up();
    ck_assert_str_eq(put_in(DOCUMENT(FOREIGN OURS("")), TOPIC, ""), "");
    ck_assert_str_eq(put_in(DOCUMENT(OURS(PREFIX("Prefix", "in/")) BRIDGE), TOPIC, "in/"), "");
    /* Even beside something that could not be written again. */
    ck_assert_str_eq(put_in(DOCUMENT(OURS("") "<NewConfiguration><Id>x</Id></NewConfiguration>"), TOPIC, ""), "");
    tear_down();
}
END_TEST

/* What would get lost is not written. */
START_TEST(unknown_parts)
{
    static const char *const documents[] = {
        DOCUMENT("<NewConfiguration><Id>x</Id></NewConfiguration>"),
        DOCUMENT("<TopicConfiguration><Id>x</Id><Topic>" TOPIC "</Topic><Colour>red</Colour></TopicConfiguration>"),
        DOCUMENT("<TopicConfiguration><Topic>" TOPIC "</Topic><Filter><S3Key><Rule>x</Rule></S3Key></Filter>"
                 "</TopicConfiguration>"),
    };

    for (size_t i = 0; i < COUNT(documents); i++) {
        int changed = -1;

        set_up();
        fake_http_answer(fake, 200, NULL, documents[i]);
        ck_assert_int_eq(ticker_s3_notify(aws, "bucket", "ticker", TOPIC, "", &changed, &error), TICKER_FAILED);
        ck_assert_int_eq(error.kind, TICKER_ERROR_UNSUPPORTED);
        ck_assert_str_ne(error.hint, "");
        ck_assert_uint_eq(fake_http_count(fake), 1);
        tear_down();
    }
}
END_TEST

START_TEST(wrong_answers)
{
    static const char *const documents[] = {
        "",
        "no",
        "<ListBucketResult/>",
        DOCUMENT("<TopicConfiguration><Id>x</Id></TopicConfiguration>"),
        DOCUMENT("<TopicConfiguration><Topic>x</Topic><Filter><S3Key><FilterRule><Name>x</Name></FilterRule></S3Key>"
                 "</Filter></TopicConfiguration>"),
    };

    for (size_t i = 0; i < COUNT(documents); i++) {
        set_up();
        fake_http_answer(fake, 200, NULL, documents[i]);
        ck_assert_int_lt(ticker_s3_notify(aws, "bucket", "ticker", TOPIC, "", NULL, &error), TICKER_WARN);
        ck_assert_str_ne(error.message, "");
        ck_assert_uint_eq(fake_http_count(fake), 1);
        tear_down();
    }
}
END_TEST

START_TEST(refused)
{
    set_up();
    fake_http_answer(fake, 200, NULL, DOCUMENT(""));
    fake_http_answer(fake, 400, NULL,
                     "<Error><Code>InvalidArgument</Code><Message>Unable to validate the following destination "
                     "configurations</Message></Error>");
    ck_assert_int_eq(ticker_s3_notify(aws, "bucket", "ticker", TOPIC, "", NULL, &error), TICKER_FAILED);
    ck_assert_str_eq(error.aws_code, "InvalidArgument");
    ck_assert_ptr_nonnull(strstr(error.hint, "policy"));
    tear_down();
}
END_TEST

START_TEST(too_much)
{
    ti_buffer text;

    bytes_init(&text);
    for (int way = 0; way < 3; way++) {
        set_up();
        ti_buffer_clear(&text);
        add(&text, "<NotificationConfiguration>");
        for (int i = 0; way == 0 && i <= TICKER_S3_NOTIFICATIONS_MAX; i++)
            add(&text, "<TopicConfiguration><Topic>x</Topic></TopicConfiguration>");
        if (way > 0)
            add(&text, "<TopicConfiguration><Topic>x</Topic><Filter><S3Key>");
        for (int i = 0; way == 1 && i <= 100; i++)
            add(&text, "<FilterRule><Name>a</Name><Value>b</Value></FilterRule>");
        if (way > 0)
            add(&text, "</S3Key></Filter>");
        for (int i = 0; way == 2 && i <= 100; i++)
            add(&text, "<Event>e</Event>");
        if (way > 0)
            add(&text, "</TopicConfiguration>");
        add(&text, "</NotificationConfiguration>");
        fake_http_answer_bytes(fake, 200, NULL, text.data, text.size);
        ck_assert_int_eq(ticker_s3_notify(aws, "bucket", "ticker", TOPIC, "", NULL, &error), TICKER_FAILED);
        ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
        tear_down();
    }
    ti_buffer_free(&text);
}
END_TEST

static ticker_status note(void *payload, const char *id, const char *arn, const char *event, const char *prefix,
                          ticker_error *failed)
{
    add(payload, "%s|%s|%s|%s\n", id, arn, event, prefix);
    return strcmp(id, "stop") == 0 ? ticker_error_set(failed, TICKER_WARN, TICKER_ERROR_INPUT, "enough") : TICKER_OK;
}

START_TEST(listed)
{
    ti_buffer seen;

    set_up();
    bytes_init(&seen);
    fake_http_answer(fake, 200, NULL, DOCUMENT(FOREIGN OURS("") BRIDGE));
    ck_assert_int_eq(ticker_s3_notifications(aws, "bucket", note, &seen, &error), TICKER_OK);
    ck_assert_str_eq(ti_buffer_string(&seen),
                     "other|" QUEUE "|s3:ObjectRemoved:*|a&b/\nother|" QUEUE "|s3:ObjectCreated:Put|a&b/\n"
                     "|arn:aws:lambda:us-east-1:0:function:f|s3:TestEvent|\nticker|" TOPIC "|s3:ObjectCreated:*|\n");
    fake_http_answer(fake, 200, NULL,
                     DOCUMENT("<TopicConfiguration><Id>stop</Id><Topic>t</Topic><Event>e</Event><Event>f</Event>"
                              "</TopicConfiguration>"));
    ti_buffer_clear(&seen);
    ck_assert_int_eq(ticker_s3_notifications(aws, "bucket", note, &seen, &error), TICKER_WARN);
    ck_assert_str_eq(ti_buffer_string(&seen), "stop|t|e|\n");
    ti_buffer_free(&seen);
    tear_down();
}
END_TEST

START_TEST(wrong_arguments)
{
    static const char *const arns[] = {"", "x", "arn:aws", "arn:aws:s3:::bucket", "arn:aws:snsx:a:b:c", "arn::"};

    set_up();
    for (size_t i = 0; i < COUNT(arns); i++)
        ck_assert_int_eq(ticker_s3_notify(aws, "bucket", "id", arns[i], "", NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_notify(aws, "bucket", "", TOPIC, "", NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_notify(aws, "bucket", "id", NULL, "", NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_notify(aws, "bucket", "id", TOPIC, NULL, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_notify(aws, "", "id", TOPIC, "", NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_notifications(aws, "bucket", NULL, NULL, NULL), TICKER_FATAL);
    ck_assert_uint_eq(fake_http_count(fake), 0);
    tear_down();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {into_nothing,  others_stay, ours_is_replaced, already_so, unknown_parts,
                                  wrong_answers, refused,     too_much,         listed,     wrong_arguments};

    return run_tests("s3_notify", tests, COUNT(tests));
}
