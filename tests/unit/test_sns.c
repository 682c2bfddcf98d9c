/* Topics, subscriptions, publishing. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include <tickerimport/limits.h>
#include <tickerimport/sns.h>

#include "fake_http.h"

#define TOPIC "arn:aws:sns:us-east-1:000000000000:files"
#define ENCODED_TOPIC "arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3Afiles"
#define SUBSCRIPTION TOPIC ":4350987c-d8c9-4e26-94ca-140a38114b50"
#define ENCODED_SUBSCRIPTION ENCODED_TOPIC "%3A4350987c-d8c9-4e26-94ca-140a38114b50"
#define QUEUE "arn:aws:sqs:us-east-1:000000000000:q"
#define ENCODED_QUEUE "arn%3Aaws%3Asqs%3Aus-east-1%3A000000000000%3Aq"

typedef struct sns_fake {
    fake_http *http;
    ticker_aws *aws;
    ticker_error error;
} sns_fake;

static void begin(sns_fake *fake)
{
    fake->http = fake_http_new();
    fake->aws = fake_http_client(fake->http, NULL);
    ti_error_init(&fake->error);
}

static void end(sns_fake *fake)
{
    ticker_aws_free(fake->aws);
    fake_http_free(fake->http);
}

static void answer(const sns_fake *fake, const char *action, const char *result)
{
    ti_buffer text;

    bytes_init(&text);
    add(&text, "<%sResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\n  <%sResult>\n    ", action, action);
    add_bytes(&text, result, strlen(result));
    add(&text, "\n  </%sResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></%sResponse>", action,
        action);
    fake_http_answer_bytes(fake->http, 200, "Content-Type: text/xml\n", text.data, text.size);
    ti_buffer_free(&text);
}

static void refuse(const sns_fake *fake, int status, const char *code, const char *message)
{
    ti_buffer text;

    bytes_init(&text);
    add(&text,
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>%s</Code>"
        "<Message>%s</Message></Error><RequestId>r</RequestId></ErrorResponse>",
        code, message);
    fake_http_answer_bytes(fake->http, status, "Content-Type: text/xml\n", text.data, text.size);
    ti_buffer_free(&text);
}

/* Request `index` was this. */
static void asked(const sns_fake *fake, size_t index, const char *action, const char *parameters)
{
    char form[4096];

    (void)snprintf(form, sizeof(form), "Action=%s&Version=2010-03-31%s", action, parameters);
    ck_assert_str_eq(fake_http_method(fake->http, index), "POST");
    ck_assert_str_eq(fake_http_body(fake->http, index, NULL), form);
    ck_assert_ptr_nonnull(
        strstr(fake_http_header(fake->http, index, "Content-Type"), "application/x-www-form-urlencoded"));
    ck_assert_ptr_nonnull(strstr(fake_http_header(fake->http, index, "Authorization"), "/sns/aws4_request"));
}

static void ok(const sns_fake *fake, ticker_status status)
{
    ck_assert_msg(status == TICKER_OK, "%d: %s", status, fake->error.message);
    ck_assert_int_eq(fake->error.kind, TICKER_ERROR_NONE);
}

static void failed(sns_fake *fake, ticker_status status, ticker_status wanted, ticker_error_kind kind, const char *text)
{
    ck_assert_msg(status == wanted, "%d, not %d: %s", status, wanted, fake->error.message);
    ck_assert_msg(fake->error.kind == kind, "kind %d: %s", fake->error.kind, fake->error.message);
    ck_assert_msg(strstr(fake->error.message, text) != NULL || strstr(fake->error.hint, text) != NULL, "%s; %s",
                  fake->error.message, fake->error.hint);
    ti_error_init(&fake->error);
}

START_TEST(topics)
{
    sns_fake fake;
    char *arn = NULL;

    begin(&fake);
    answer(&fake, "CreateTopic", "<TopicArn>" TOPIC "</TopicArn>");
    ok(&fake, ticker_sns_create_topic(fake.aws, "files", &arn, &fake.error));
    ck_assert_str_eq(arn, TOPIC);
    ticker_free(arn);
    arn = NULL;
    asked(&fake, 0, "CreateTopic", "&Name=files");
    ck_assert_str_eq(fake_http_url(fake.http, 0), "https://sns.us-east-1.amazonaws.com/");
    answer(&fake, "CreateTopic", "");
    failed(&fake, ticker_sns_create_topic(fake.aws, "files", &arn, &fake.error), TICKER_RETRY, TICKER_ERROR_SERVICE,
           "holds no TopicArn");
    fake_http_answer(fake.http, 200, NULL, "hello");
    failed(&fake, ticker_sns_create_topic(fake.aws, "files", &arn, &fake.error), TICKER_RETRY, TICKER_ERROR_SERVICE,
           "is this SNS?");
    ck_assert_ptr_null(arn);
    answer(&fake, "DeleteTopic", "");
    ok(&fake, ticker_sns_delete_topic(fake.aws, TOPIC, &fake.error));
    asked(&fake, 3, "DeleteTopic", "&TopicArn=" ENCODED_TOPIC);
    refuse(&fake, 404, "NotFound", "Topic does not exist");
    ok(&fake, ticker_sns_delete_topic(fake.aws, TOPIC, &fake.error));
    refuse(&fake, 403, "AuthorizationError", "not authorized");
    failed(&fake, ticker_sns_delete_topic(fake.aws, TOPIC, &fake.error), TICKER_FATAL, TICKER_ERROR_USAGE, "");
    /* A 404 of something that is no SNS is no success. */
    fake_http_answer(fake.http, 404, "Content-Type: text/html\n", "<html>nothing here</html>");
    failed(&fake, ticker_sns_delete_topic(fake.aws, TOPIC, &fake.error), TICKER_FATAL, TICKER_ERROR_USAGE, "");
    end(&fake);
}
END_TEST

/* A topic is asked in its own region; at an endpoint of the user's own in the client's. */
START_TEST(regions)
{
    static const char arn[] = "arn:aws:sns:sa-east-1:123456789012:t";
    sns_fake fake;

    begin(&fake);
    answer(&fake, "DeleteTopic", "");
    ok(&fake, ticker_sns_delete_topic(fake.aws, arn, &fake.error));
    ck_assert_str_eq(fake_http_url(fake.http, 0), "https://sns.sa-east-1.amazonaws.com/");
    ck_assert_ptr_nonnull(strstr(fake_http_header(fake.http, 0, "Authorization"), "/sa-east-1/sns/"));
    ticker_aws_free(fake.aws);
    fake.aws = fake_http_client(fake.http, "aws-endpoint-url=http://localhost:4566", NULL);
    answer(&fake, "DeleteTopic", "");
    ok(&fake, ticker_sns_delete_topic(fake.aws, arn, &fake.error));
    ck_assert_str_eq(fake_http_url(fake.http, 1), "http://localhost:4566/");
    ck_assert_ptr_nonnull(strstr(fake_http_header(fake.http, 1, "Authorization"), "/us-east-1/sns/"));
    end(&fake);
}
END_TEST

START_TEST(attributes)
{
    sns_fake fake;
    char *value = NULL;

    begin(&fake);
    answer(&fake, "GetTopicAttributes",
           "<Attributes><entry><key>TopicArn</key><value>" TOPIC "</value></entry>\n<entry><key>Policy</key>"
           "<value>{&quot;Version&quot;:&quot;2012-10-17&quot;}</value></entry><entry><key>DisplayName</key><value/>"
           "</entry></Attributes>");
    ok(&fake, ticker_sns_topic_attribute(fake.aws, TOPIC, "Policy", &value, &fake.error));
    ck_assert_str_eq(value, "{\"Version\":\"2012-10-17\"}");
    ticker_free(value);
    value = NULL;
    asked(&fake, 0, "GetTopicAttributes", "&TopicArn=" ENCODED_TOPIC);
    answer(&fake, "GetTopicAttributes", "<Attributes/>");
    ck_assert_int_eq(ticker_sns_topic_attribute(fake.aws, TOPIC, "Policy", &value, &fake.error), TICKER_DONE);
    answer(&fake, "GetTopicAttributes", "<Attributes><entry><key>Policy</key><value/></entry></Attributes>");
    ck_assert_int_eq(ticker_sns_topic_attribute(fake.aws, TOPIC, "Policy", &value, &fake.error), TICKER_DONE);
    /* A value must not come from the entry before. */
    answer(&fake, "GetTopicAttributes",
           "<Attributes><entry><key>A</key><value>a</value></entry><entry><key>Policy</key></entry></Attributes>");
    ck_assert_int_eq(ticker_sns_topic_attribute(fake.aws, TOPIC, "Policy", &value, &fake.error), TICKER_DONE);
    ck_assert_int_eq(fake.error.kind, TICKER_ERROR_NONE);
    refuse(&fake, 404, "NotFound", "Topic does not exist");
    ck_assert_int_eq(ticker_sns_topic_attribute(fake.aws, TOPIC, "Policy", &value, &fake.error), TICKER_FATAL);
    ck_assert_str_eq(ticker_error_aws_code(&fake.error), "NotFound");
    ck_assert_int_eq(ticker_error_http_status(&fake.error), 404);
    failed(&fake, TICKER_FATAL, TICKER_FATAL, TICKER_ERROR_USAGE, "Topic does not exist");
    answer(&fake, "SetTopicAttributes", "");
    ok(&fake, ticker_sns_set_topic_attribute(fake.aws, TOPIC, "Policy", "{}", &fake.error));
    asked(&fake, 5, "SetTopicAttributes", "&TopicArn=" ENCODED_TOPIC "&AttributeName=Policy&AttributeValue=%7B%7D");
    answer(&fake, "SetSubscriptionAttributes", "");
    ok(&fake, ticker_sns_set_subscription_attribute(fake.aws, SUBSCRIPTION, "FilterPolicy", "", &fake.error));
    asked(&fake, 6, "SetSubscriptionAttributes",
          "&SubscriptionArn=" ENCODED_SUBSCRIPTION "&AttributeName=FilterPolicy&AttributeValue=");
    ck_assert_ptr_null(value);
    end(&fake);
}
END_TEST

#define SUBSCRIBED "<SubscriptionArn>" SUBSCRIPTION "</SubscriptionArn>"
#define RAW(value)                                                                                                     \
    "<Attributes><entry><key>Protocol</key><value>sqs</value></entry><entry><key>RawMessageDelivery</"                 \
    "key><value>" value "</value></entry></Attributes>"
#define SUBSCRIBER(arn, protocol, endpoint)                                                                            \
    "<member><SubscriptionArn>" arn "</SubscriptionArn><Protocol>" protocol "</Protocol><Endpoint>" endpoint           \
    "</Endpoint></member>"
#define SUBSCRIBE "&TopicArn=" ENCODED_TOPIC "&Protocol=sqs&Endpoint=" ENCODED_QUEUE "&ReturnSubscriptionArn=true"

static void subscribes(sns_fake *fake, int raw)
{
    char *arn = NULL;

    ok(fake, ticker_sns_subscribe(fake->aws, TOPIC, "sqs", QUEUE, raw, &arn, &fake->error));
    ck_assert_str_eq(arn, SUBSCRIPTION);
    ticker_free(arn);
}

START_TEST(subscribing)
{
    sns_fake fake;
    char *arn = NULL;

    begin(&fake);
    /* New, as wanted. */
    answer(&fake, "Subscribe", SUBSCRIBED);
    answer(&fake, "GetSubscriptionAttributes", RAW("true"));
    subscribes(&fake, 1);
    asked(&fake, 0, "Subscribe", SUBSCRIBE "&Attributes.entry.1.key=RawMessageDelivery&Attributes.entry.1.value=true");
    asked(&fake, 1, "GetSubscriptionAttributes", "&SubscriptionArn=" ENCODED_SUBSCRIPTION);
    answer(&fake, "Subscribe", SUBSCRIBED);
    answer(&fake, "GetSubscriptionAttributes", "<Attributes/>"); /* not said: not raw */
    subscribes(&fake, 0);
    asked(&fake, 2, "Subscribe", SUBSCRIBE);
    /* There already, in the other way: SNS says nothing of it, or refuses and has to be asked which it is. */
    answer(&fake, "Subscribe", SUBSCRIBED);
    answer(&fake, "GetSubscriptionAttributes", RAW("true"));
    answer(&fake, "SetSubscriptionAttributes", "");
    subscribes(&fake, 0);
    asked(&fake, 6, "SetSubscriptionAttributes",
          "&SubscriptionArn=" ENCODED_SUBSCRIPTION "&AttributeName=RawMessageDelivery&AttributeValue=false");
    for (int raw = 0; raw < 2; raw++) {
        size_t before = fake_http_count(fake.http);

        refuse(&fake, 400, "InvalidParameter",
               "Invalid parameter: Attributes Reason: Subscription already exists with different attributes");
        answer(&fake, "ListSubscriptionsByTopic",
               "<Subscriptions>" SUBSCRIBER("x", "sqs", "other") SUBSCRIBER("y", "lambda", QUEUE)
                   SUBSCRIBER(SUBSCRIPTION, "sqs", QUEUE) "</Subscriptions><NextToken>t</NextToken>");
        answer(&fake, "GetSubscriptionAttributes", raw ? RAW("false") : RAW("true"));
        answer(&fake, "SetSubscriptionAttributes", "");
        subscribes(&fake, raw * 7);
        asked(&fake, before + 1, "ListSubscriptionsByTopic", "&TopicArn=" ENCODED_TOPIC);
        ck_assert_uint_eq(fake_http_count(fake.http), before + 4);
    }
    /* Failures on the way leave nothing behind. */
    refuse(&fake, 404, "NotFound", "Topic does not exist");
    failed(&fake, ticker_sns_subscribe(fake.aws, TOPIC, "sqs", QUEUE, 1, &arn, &fake.error), TICKER_FATAL,
           TICKER_ERROR_USAGE, "Topic does not exist");
    refuse(&fake, 400, "InvalidParameter", "Invalid parameter: Endpoint");
    answer(&fake, "ListSubscriptionsByTopic", "<Subscriptions/>");
    failed(&fake, ticker_sns_subscribe(fake.aws, TOPIC, "sqs", QUEUE, 1, &arn, &fake.error), TICKER_FAILED,
           TICKER_ERROR_INPUT, "Invalid parameter: Endpoint");
    refuse(&fake, 400, "InvalidParameter", "Invalid parameter: Endpoint");
    refuse(&fake, 403, "AuthorizationError", "no listing");
    failed(&fake, ticker_sns_subscribe(fake.aws, TOPIC, "sqs", QUEUE, 1, &arn, &fake.error), TICKER_FAILED,
           TICKER_ERROR_INPUT, "Invalid parameter: Endpoint");
    answer(&fake, "Subscribe", SUBSCRIBED);
    answer(&fake, "GetSubscriptionAttributes", RAW("false"));
    refuse(&fake, 403, "AuthorizationError", "no");
    failed(&fake, ticker_sns_subscribe(fake.aws, TOPIC, "sqs", QUEUE, 1, &arn, &fake.error), TICKER_FATAL,
           TICKER_ERROR_USAGE, "SetSubscriptionAttributes");
    ck_assert_ptr_null(arn);
    /* Still to be confirmed by somebody: it has no ARN to ask for. */
    answer(&fake, "Subscribe", "<SubscriptionArn>pending confirmation</SubscriptionArn>");
    ok(&fake, ticker_sns_subscribe(fake.aws, TOPIC, "https", "https://example.com/hook", 0, &arn, &fake.error));
    ck_assert_str_eq(arn, "pending confirmation");
    ticker_free(arn);
    end(&fake);
}
END_TEST

START_TEST(unsubscribing)
{
    sns_fake fake;

    begin(&fake);
    answer(&fake, "Unsubscribe", "");
    ok(&fake, ticker_sns_unsubscribe(fake.aws, SUBSCRIPTION, &fake.error));
    asked(&fake, 0, "Unsubscribe", "&SubscriptionArn=" ENCODED_SUBSCRIPTION);
    refuse(&fake, 404, "NotFound", "Subscription does not exist");
    ok(&fake, ticker_sns_unsubscribe(fake.aws, SUBSCRIPTION, &fake.error));
    end(&fake);
}
END_TEST

START_TEST(publishing)
{
    char *large = malloc(TICKER_SNS_MESSAGE_MAX + 2), *id = NULL;
    char subject[TICKER_SNS_SUBJECT_MAX + 2];
    const char *const subjects[] = {"", " a", "a\nb", "\xc3\xa9", subject};
    sns_fake fake;

    ck_assert_ptr_nonnull(large);
    begin(&fake);
    answer(&fake, "Publish", "<MessageId>m1</MessageId>");
    ok(&fake, ticker_sns_publish(fake.aws, TOPIC, "Amazon S3 Notification", "{\"a\":\"\xc3\xa9+\"}", &id, &fake.error));
    ck_assert_str_eq(id, "m1");
    ticker_free(id);
    id = NULL;
    asked(&fake, 0, "Publish",
          "&TopicArn=" ENCODED_TOPIC "&Message=%7B%22a%22%3A%22%C3%A9%2B%22%7D&Subject=Amazon%20S3%20Notification");
    memset(large, 'x', TICKER_SNS_MESSAGE_MAX + 1);
    large[TICKER_SNS_MESSAGE_MAX + 1] = '\0';
    answer(&fake, "Publish", "<MessageId>m2</MessageId>");
    ok(&fake, ticker_sns_publish(fake.aws, TOPIC, NULL, large + 1, NULL, &fake.error));
    failed(&fake, ticker_sns_publish(fake.aws, TOPIC, NULL, large, &id, &fake.error), TICKER_FAILED, TICKER_ERROR_LIMIT,
           "262145 bytes");
    failed(&fake, ticker_sns_publish(fake.aws, TOPIC, NULL, "", &id, &fake.error), TICKER_FAILED, TICKER_ERROR_INPUT,
           "not empty");
    failed(&fake, ticker_sns_publish(fake.aws, TOPIC, NULL, NULL, &id, &fake.error), TICKER_FAILED, TICKER_ERROR_INPUT,
           "not empty");
    failed(&fake, ticker_sns_publish(fake.aws, TOPIC, NULL, "\xff", &id, &fake.error), TICKER_FAILED,
           TICKER_ERROR_INPUT, "UTF-8");
    memset(subject, 's', sizeof(subject));
    subject[TICKER_SNS_SUBJECT_MAX + 1] = '\0';
    for (size_t i = 0; i < COUNT(subjects); i++)
        failed(&fake, ticker_sns_publish(fake.aws, TOPIC, subjects[i], "m", &id, &fake.error), TICKER_FAILED,
               TICKER_ERROR_INPUT, "subject");
    answer(&fake, "Publish", "<Other/>");
    failed(&fake, ticker_sns_publish(fake.aws, TOPIC, subject + 1, "m", &id, &fake.error), TICKER_RETRY,
           TICKER_ERROR_SERVICE, "holds no MessageId");
    ck_assert_uint_eq(fake_http_count(fake.http), 3);
    ck_assert_ptr_null(id);
    end(&fake);
    free(large);
}
END_TEST

/* What a listing found, as "arn protocol endpoint;". */
typedef struct found {
    ti_buffer text;
    size_t count, stop_at;
    ticker_status stop_with;
} found;

static ticker_status see_topic(void *payload, const char *arn, ticker_error *error)
{
    found *self = payload;

    add(&self->text, "%s;", arn);
    if (++self->count == self->stop_at)
        return self->stop_with == TICKER_FAILED ? ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_USAGE, "enough")
                                                : self->stop_with;
    return TICKER_OK;
}

static ticker_status see_subscriber(void *payload, const char *arn, const char *protocol, const char *endpoint,
                                    ticker_error *error)
{
    found *self = payload;

    (void)error;
    add(&self->text, "%s %s %s;", arn, protocol, endpoint);
    self->count++;
    return TICKER_OK;
}

static void found_is(found *self, const char *text)
{
    ck_assert_str_eq(ti_buffer_string(&self->text), text);
    ti_buffer_clear(&self->text);
    self->count = 0;
}

#define MEMBER(arn) "<member><TopicArn>" arn "</TopicArn></member>\n"

START_TEST(listing_topics)
{
    sns_fake fake;
    found seen = {.stop_at = 0};

    begin(&fake);
    bytes_init(&seen.text);
    answer(&fake, "ListTopics", "<Topics>" MEMBER("a") MEMBER("b") "</Topics><NextToken>t/1==</NextToken>");
    answer(&fake, "ListTopics", "<NextToken>t2</NextToken><Topics/>");
    answer(&fake, "ListTopics", "<Topics>" MEMBER("c") "</Topics>");
    ok(&fake, ticker_sns_topics(fake.aws, see_topic, &seen, &fake.error));
    found_is(&seen, "a;b;c;");
    asked(&fake, 0, "ListTopics", "");
    asked(&fake, 1, "ListTopics", "&NextToken=t%2F1%3D%3D");
    asked(&fake, 2, "ListTopics", "&NextToken=t2");
    answer(&fake, "ListTopics", "<Topics/>");
    ok(&fake, ticker_sns_topics(fake.aws, see_topic, &seen, &fake.error));
    found_is(&seen, "");
    /* The visitor has enough: what it says is said. */
    seen.stop_at = 1;
    seen.stop_with = TICKER_DONE;
    answer(&fake, "ListTopics", "<Topics>" MEMBER("a") MEMBER("b") "</Topics><NextToken>t</NextToken>");
    ck_assert_int_eq(ticker_sns_topics(fake.aws, see_topic, &seen, &fake.error), TICKER_DONE);
    ck_assert_int_eq(fake.error.kind, TICKER_ERROR_NONE);
    found_is(&seen, "a;");
    seen.stop_with = TICKER_FAILED;
    answer(&fake, "ListTopics", "<Topics>" MEMBER("a") MEMBER("b") "</Topics>");
    failed(&fake, ticker_sns_topics(fake.aws, see_topic, &seen, &fake.error), TICKER_FAILED, TICKER_ERROR_USAGE,
           "enough");
    found_is(&seen, "a;");
    seen.stop_at = 0;
    /* Round in a circle, cut off, no XML. */
    answer(&fake, "ListTopics", "<Topics/><NextToken>t</NextToken>");
    answer(&fake, "ListTopics", "<Topics/><NextToken>t</NextToken>");
    failed(&fake, ticker_sns_topics(fake.aws, see_topic, &seen, &fake.error), TICKER_RETRY, TICKER_ERROR_SERVICE,
           "the same page");
    fake_http_answer(fake.http, 200, NULL, "<ListTopicsResponse><ListTopicsResult>");
    failed(&fake, ticker_sns_topics(fake.aws, see_topic, &seen, &fake.error), TICKER_RETRY, TICKER_ERROR_SERVICE,
           "cannot be read");
    refuse(&fake, 403, "AuthorizationError", "no");
    failed(&fake, ticker_sns_topics(fake.aws, see_topic, &seen, &fake.error), TICKER_FATAL, TICKER_ERROR_USAGE,
           "ListTopics");
    ti_buffer_free(&seen.text);
    end(&fake);
}
END_TEST

START_TEST(listing_subscriptions)
{
    sns_fake fake;
    found seen = {.stop_at = 0};

    begin(&fake);
    bytes_init(&seen.text);
    answer(&fake, "ListSubscriptionsByTopic",
           "<Subscriptions><member>\n<SubscriptionArn>" SUBSCRIPTION "</SubscriptionArn><TopicArn>" TOPIC
           "</TopicArn><Protocol>sqs</Protocol><Endpoint>" QUEUE "</Endpoint><Owner>0</Owner></member><member>"
           "<SubscriptionArn>PendingConfirmation</SubscriptionArn><Protocol>https</Protocol></member>"
           "</Subscriptions><NextToken>n</NextToken>");
    answer(&fake, "ListSubscriptionsByTopic", "<Subscriptions><member><Endpoint>e</Endpoint></member></Subscriptions>");
    ok(&fake, ticker_sns_subscriptions(fake.aws, TOPIC, see_subscriber, &seen, &fake.error));
    found_is(&seen, SUBSCRIPTION " sqs " QUEUE ";PendingConfirmation https ;  e;");
    asked(&fake, 0, "ListSubscriptionsByTopic", "&TopicArn=" ENCODED_TOPIC);
    asked(&fake, 1, "ListSubscriptionsByTopic", "&TopicArn=" ENCODED_TOPIC "&NextToken=n");
    ti_buffer_free(&seen.text);
    end(&fake);
}
END_TEST

/* A listing that never ends ends at the cap. */
START_TEST(endless)
{
    sns_fake fake;
    found seen = {.stop_at = 0};
    char token[64];

    begin(&fake);
    bytes_init(&seen.text);
    for (unsigned i = 0; i < TICKER_SNS_PAGES_MAX; i++) {
        (void)snprintf(token, sizeof(token), "<Topics/><NextToken>%u</NextToken>", i);
        answer(&fake, "ListTopics", token);
    }
    failed(&fake, ticker_sns_topics(fake.aws, see_topic, &seen, &fake.error), TICKER_FAILED, TICKER_ERROR_LIMIT,
           "did not end after 2000 pages");
    ck_assert_uint_eq(fake_http_count(fake.http), TICKER_SNS_PAGES_MAX);
    ti_buffer_free(&seen.text);
    end(&fake);
}
END_TEST

START_TEST(wrong_calls)
{
    char long_name[258], long_arn[600] = "arn:aws:sns:r:0:";
    const char *const names[] = {NULL, "", "a b", "a.b", ".fifo", "a:b", long_name};
    const char *const arns[] = {NULL,
                                "",
                                "files",
                                "arn:aws:sqs:us-east-1:0:files",
                                "arn:aws:sns:us-east-1:0",
                                "arn:aws:sns:us-east-1:0:",
                                "arn:aws:sns::0:files",
                                "arn::sns:us-east-1:0:files",
                                "arn:aws:sns:us-east-1:0:files ",
                                "arn:aws:sns:us-east-1:0:\xc3\xa9",
                                "xarn:aws:sns:us-east-1:0:files",
                                SUBSCRIPTION,
                                long_arn};
    sns_fake fake;
    char *text = NULL;

    memset(long_name, 'n', sizeof(long_name));
    long_name[257] = '\0';
    memset(long_arn + strlen(long_arn), 'n', sizeof(long_arn) - strlen(long_arn));
    long_arn[sizeof(long_arn) - 1] = '\0';
    begin(&fake);
    for (size_t i = 0; i < COUNT(names); i++)
        failed(&fake, ticker_sns_create_topic(fake.aws, names[i], &text, &fake.error), TICKER_FATAL, TICKER_ERROR_USAGE,
               "no name of a topic");
    for (size_t i = 0; i < COUNT(arns); i++) {
        failed(&fake, ticker_sns_delete_topic(fake.aws, arns[i], &fake.error), TICKER_FATAL, TICKER_ERROR_USAGE,
               "no ARN of a topic");
        failed(&fake, ticker_sns_publish(fake.aws, arns[i], NULL, "m", NULL, &fake.error), TICKER_FATAL,
               TICKER_ERROR_USAGE, "no ARN of a topic");
    }
    failed(&fake, ticker_sns_unsubscribe(fake.aws, TOPIC, &fake.error), TICKER_FATAL, TICKER_ERROR_USAGE,
           "no ARN of a subscription");
    failed(&fake, ticker_sns_set_subscription_attribute(fake.aws, SUBSCRIPTION ":x", "A", "b", &fake.error),
           TICKER_FATAL, TICKER_ERROR_USAGE, "no ARN of a subscription");
    failed(&fake, ticker_sns_set_topic_attribute(fake.aws, TOPIC, "", "b", &fake.error), TICKER_FATAL,
           TICKER_ERROR_USAGE, "a name and a value");
    failed(&fake, ticker_sns_set_topic_attribute(fake.aws, TOPIC, "A", NULL, &fake.error), TICKER_FATAL,
           TICKER_ERROR_USAGE, "a name and a value");
    failed(&fake, ticker_sns_topic_attribute(fake.aws, TOPIC, "A", NULL, &fake.error), TICKER_FATAL, TICKER_ERROR_USAGE,
           "place");
    ck_assert_uint_eq(fake_http_count(fake.http), 0);
    ck_assert_ptr_null(text);
    /* Ceph's have no account, China's another partition. */
    answer(&fake, "DeleteTopic", "");
    ok(&fake, ticker_sns_delete_topic(fake.aws, "arn:aws:sns:us-east-1::files", &fake.error));
    answer(&fake, "DeleteTopic", "");
    ok(&fake, ticker_sns_delete_topic(fake.aws, "arn:aws-cn:sns:cn-north-1:123456789012:files.fifo", &fake.error));
    end(&fake);
}
END_TEST

START_TEST(more_wrong_calls)
{
    sns_fake fake;
    char *text = NULL;

    begin(&fake);
    failed(&fake, ticker_sns_subscribe(fake.aws, TOPIC, "s q s", QUEUE, 0, &text, &fake.error), TICKER_FATAL,
           TICKER_ERROR_USAGE, "no protocol");
    failed(&fake, ticker_sns_subscribe(fake.aws, TOPIC, "sqs", "", 0, &text, &fake.error), TICKER_FATAL,
           TICKER_ERROR_USAGE, "no endpoint");
    failed(&fake, ticker_sns_subscribe(fake.aws, TOPIC, "sqs", QUEUE, 0, NULL, &fake.error), TICKER_FATAL,
           TICKER_ERROR_USAGE, "place");
    failed(&fake, ticker_sns_topics(fake.aws, NULL, NULL, &fake.error), TICKER_FATAL, TICKER_ERROR_USAGE, "visitor");
    failed(&fake, ticker_sns_subscriptions(fake.aws, TOPIC, NULL, NULL, &fake.error), TICKER_FATAL, TICKER_ERROR_USAGE,
           "visitor");
    failed(&fake, ticker_sns_delete_topic(NULL, TOPIC, &fake.error), TICKER_FATAL, TICKER_ERROR_USAGE, "client");
    ck_assert_int_eq(ticker_sns_delete_topic(fake.aws, "x", NULL), TICKER_FATAL);
    ck_assert_uint_eq(fake_http_count(fake.http), 0);
    ck_assert_ptr_null(text);
    end(&fake);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {topics,        regions,     attributes,      subscribing,
                                  unsubscribing, publishing,  listing_topics,  listing_subscriptions,
                                  endless,       wrong_calls, more_wrong_calls};

    return run_tests("sns", tests, COUNT(tests));
}
