/* SQS and SNS against servers: fauxqs behind the gateway that checks every signature, and local-aws-sqs in both protocols. Run by
 * sqs_sns.sh, which starts them. */
#include "unit/support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TRIES 100 /* a tenth of a second each */

/* A client for one of the servers, and in what they differ from AWS. */
typedef struct server {
    const char *name;
    ticker_aws *aws;
    ticker_error *error;
    bool stale_receipts; /* takes a receipt that is no longer good */
    bool no_planes;      /* refuses characters above U+FFFF */
    bool no_escapes;     /* writes '<' and '&' of a body into its XML as they are */
} server;

enum { GATEWAY, SECOND_JSON, SECOND_QUERY, SERVERS };

static void begin(server *self, int which)
{
    static const char *const names[SERVERS] = {"gateway", "second, JSON", "second, Query"};
    ticker_options *options = ticker_options_new();
    ticker_status status = TICKER_OK;

    *self = (server){.name = names[which],
                     .error = ticker_error_new(),
                     .stale_receipts = which == GATEWAY,
                     .no_planes = which == GATEWAY,
                     .no_escapes = which == SECOND_QUERY};
    ck_assert_ptr_nonnull(options);
    ck_assert_ptr_nonnull(self->error);
    if (which != GATEWAY) {
        const char *endpoint = getenv("TICKER_TEST_SQS_SECOND");

        ck_assert_ptr_nonnull(endpoint);
        status = ticker_options_set(options, "aws-endpoint-url-sqs", endpoint, self->error);
        ck_assert_int_eq(status, TICKER_OK);
        status = ticker_options_set(options, "sqs-protocol", which == SECOND_QUERY ? "query" : "json", self->error);
        ck_assert_int_eq(status, TICKER_OK);
    }
    status = ticker_aws_new(options, NULL, &self->aws, self->error);
    ck_assert_msg(status == TICKER_OK, "%s", ticker_error_message(self->error));
    ticker_options_free(options);
}

static void end(server *self)
{
    ticker_aws_free(self->aws);
    ticker_error_free(self->error);
}

static void ok(const server *self, ticker_status status)
{
    ck_assert_msg(status == TICKER_OK, "%s: %d: %s", self->name, status, ticker_error_message(self->error));
}

static void failed(const server *self, ticker_status status, ticker_status wanted, const char *code)
{
    ck_assert_msg(status == wanted, "%s: %d, not %d: %s", self->name, status, wanted,
                  ticker_error_message(self->error));
    ck_assert_str_eq(ticker_error_aws_code(self->error), code);
    ticker_error_clear(self->error);
}

/* A queue of a name that no other test has. */
static char *make_queue(const server *self, const char *what, const ticker_attribute *attributes)
{
    static unsigned count;
    char name[80], *url = NULL;

    (void)snprintf(name, sizeof(name), "%s-%d-%u", what, (int)getpid(), count++);
    ok(self, ticker_sqs_create_queue(self->aws, name, attributes, &url, self->error));
    return url;
}

static char *attribute_of(const server *self, const char *url, const char *name)
{
    char *value = NULL;

    ok(self, ticker_sqs_attribute(self->aws, url, name, &value, self->error));
    return value;
}

static void drop_queue(const server *self, char *url)
{
    ok(self, ticker_sqs_delete_queue(self->aws, url, self->error));
    ticker_free(url);
}

static ticker_sqs_messages *receive(const server *self, const char *url, int max, int wait, int visibility)
{
    ticker_sqs_messages *messages = NULL;

    ok(self, ticker_sqs_receive(self->aws, url, max, wait, visibility, &messages, self->error));
    return messages;
}

/* One message, which may take a moment to be seen. */
static ticker_sqs_messages *receive_one(const server *self, const char *url, int visibility)
{
    for (unsigned i = 0; i < TRIES; i++) {
        ticker_sqs_messages *messages = receive(self, url, 1, 1, visibility);

        if (ticker_sqs_messages_count(messages) == 1)
            return messages;
        ticker_sqs_messages_free(messages);
    }
    ck_abort_msg("%s: no message came", self->name);
    return NULL;
}

static void is_empty(const server *self, const char *url)
{
    ticker_sqs_messages *messages = receive(self, url, 1, 0, -1);

    ck_assert_uint_eq(ticker_sqs_messages_count(messages), 0);
    ticker_sqs_messages_free(messages);
}

static int64_t seconds_now(void)
{
    struct timespec now;

    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return now.tv_sec;
}

/* --- SQS -------------------------------------------------------------------------------------------------------- */

START_TEST(queues)
{
    server self;
    char *url, *found = NULL, *value = NULL, name[80];
    const char *slash;

    begin(&self, _i);
    url = make_queue(&self, "queues", (const ticker_attribute[]){{"VisibilityTimeout", "45"}, {NULL, NULL}});
    slash = strrchr(url, '/');
    ck_assert_ptr_nonnull(slash);
    (void)snprintf(name, sizeof(name), "%s", slash + 1);
    ok(&self, ticker_sqs_queue_url(self.aws, name, &found, self.error));
    ck_assert_str_eq(found, url);
    ticker_free(found);
    /* Made once more, it is found; with another attribute it is refused. */
    ok(&self,
       ticker_sqs_create_queue(self.aws, name, (const ticker_attribute[]){{"VisibilityTimeout", "45"}, {NULL, NULL}},
                               &found, self.error));
    ck_assert_str_eq(found, url);
    ticker_free(found);
    failed(&self,
           ticker_sqs_create_queue(self.aws, name,
                                   (const ticker_attribute[]){{"VisibilityTimeout", "46"}, {NULL, NULL}}, &found,
                                   self.error),
           TICKER_FATAL, "QueueNameExists");
    value = attribute_of(&self, url, "VisibilityTimeout");
    ck_assert_str_eq(value, "45");
    ticker_free(value);
    ok(&self, ticker_sqs_set_attributes(
                  self.aws, url, (const ticker_attribute[]){{"VisibilityTimeout", "7"}, {NULL, NULL}}, self.error));
    value = attribute_of(&self, url, "VisibilityTimeout");
    ck_assert_str_eq(value, "7");
    ticker_free(value);
    ck_assert_int_eq(ticker_sqs_attribute(self.aws, url, "RedrivePolicy", &value, self.error), TICKER_DONE);
    ok(&self, ticker_sqs_delete_queue(self.aws, url, self.error));
    failed(&self, ticker_sqs_queue_url(self.aws, name, &found, self.error), TICKER_FATAL, "QueueDoesNotExist");
    failed(&self, ticker_sqs_send(self.aws, url, "x", -1, NULL, self.error), TICKER_FATAL, "QueueDoesNotExist");
    ticker_free(url);
    end(&self);
}
END_TEST

START_TEST(life_of_a_message)
{
    char body[80], *url, *id = NULL;
    server self;
    ticker_sqs_messages *messages;
    size_t size;

    begin(&self, _i);
    (void)snprintf(body, sizeof(body), "{\"text\":\"S\xc3\xa3o Paulo %s %s \\\\ +%%2B\"}\n\t'",
                   self.no_planes ? "" : "\xf0\x9f\x93\x88", self.no_escapes ? "" : "<&>");
    url = make_queue(&self, "life", NULL);
    ok(&self, ticker_sqs_send(self.aws, url, body, -1, &id, self.error));
    messages = receive_one(&self, url, 60);
    ck_assert_str_eq(ticker_sqs_message_id(messages, 0), id);
    ck_assert_str_eq(ticker_sqs_message_body(messages, 0, &size), body);
    ck_assert_uint_eq(size, strlen(body));
    ck_assert_str_eq(ticker_sqs_message_attribute(messages, 0, "ApproximateReceiveCount"), "1");
    ck_assert_uint_ge(strlen(ticker_sqs_message_attribute(messages, 0, "SentTimestamp")), 13);
    is_empty(&self, url); /* it is hidden */
    ok(&self, ticker_sqs_change_visibility(self.aws, url, ticker_sqs_message_receipt(messages, 0), 120, self.error));
    is_empty(&self, url);
    ok(&self, ticker_sqs_change_visibility(self.aws, url, ticker_sqs_message_receipt(messages, 0), 0, self.error));
    ticker_sqs_messages_free(messages);
    messages = receive_one(&self, url, 60);
    ck_assert_str_eq(ticker_sqs_message_id(messages, 0), id);
    ck_assert_str_ne(ticker_sqs_message_attribute(messages, 0, "ApproximateReceiveCount"), "1");
    ok(&self, ticker_sqs_delete(self.aws, url, ticker_sqs_message_receipt(messages, 0), self.error));
    is_empty(&self, url);
    failed(&self, ticker_sqs_change_visibility(self.aws, url, "no receipt of anybody", 5, self.error), TICKER_FAILED,
           self.stale_receipts ? "MessageNotInflight" : "ReceiptHandleIsInvalid");
    if (!self.stale_receipts)
        failed(&self, ticker_sqs_delete(self.aws, url, "no receipt of anybody", self.error), TICKER_FAILED,
               "ReceiptHandleIsInvalid");
    ticker_sqs_messages_free(messages);
    ticker_free(id);
    drop_queue(&self, url);
    end(&self);
}
END_TEST

/* Too many attempts, and it is among the dead letters. */
START_TEST(redrive)
{
    server self;
    char *dead, *url, *arn, policy[512];
    ticker_sqs_messages *messages;

    begin(&self, _i);
    dead = make_queue(&self, "dead", NULL);
    arn = attribute_of(&self, dead, "QueueArn");
    (void)snprintf(policy, sizeof(policy), "{\"deadLetterTargetArn\":\"%s\",\"maxReceiveCount\":2}", arn);
    url = make_queue(&self, "alive", (const ticker_attribute[]){{"RedrivePolicy", policy}, {NULL, NULL}});
    ticker_free(arn);
    arn = attribute_of(&self, url, "RedrivePolicy");
    ck_assert_ptr_nonnull(strstr(arn, "maxReceiveCount"));
    ticker_free(arn);
    ok(&self, ticker_sqs_send(self.aws, url, "poison", 0, NULL, self.error));
    for (unsigned i = 0; i < 2; i++)
        ticker_sqs_messages_free(receive_one(&self, url, 0));
    for (unsigned i = 0; i < TRIES; i++) {
        is_empty(&self, url); /* this is what moves it */
        messages = receive(&self, dead, 1, 0, -1);
        if (ticker_sqs_messages_count(messages) == 1)
            break;
        ticker_sqs_messages_free(messages);
        messages = NULL;
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    ck_assert_str_eq(ticker_sqs_message_body(messages, 0, NULL), "poison");
    ticker_sqs_messages_free(messages);
    drop_queue(&self, url);
    drop_queue(&self, dead);
    end(&self);
}
END_TEST

static void all_are(const ticker_status *results, size_t count, ticker_status wanted)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(results[i] == wanted, "result %zu: %d", i, results[i]);
}

/* Ten at once; then one receipt among them is nobody's. */
START_TEST(batches)
{
    static const char *const bodies[] = {"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "{\"m9\":\"\xc3\xa9\"}"};
    server self;
    char *url;
    ticker_status results[10];
    const char *receipts[10];
    int seconds[10];
    ticker_sqs_messages *lists[TRIES];
    size_t count = 0, rounds = 0;
    bool seen[10] = {false};

    begin(&self, _i);
    url = make_queue(&self, "batches", NULL);
    ok(&self, ticker_sqs_send_batch(self.aws, url, bodies, 10, results, self.error));
    all_are(results, 10, TICKER_OK);
    while (count < 10) {
        ck_assert_uint_lt(rounds, TRIES);
        lists[rounds] = receive(&self, url, (int)(10 - count), 1, 60);
        for (size_t i = 0; i < ticker_sqs_messages_count(lists[rounds]); i++, count++) {
            receipts[count] = ticker_sqs_message_receipt(lists[rounds], i);
            seconds[count] = 90;
            for (size_t k = 0; k < 10; k++)
                seen[k] = seen[k] || strcmp(ticker_sqs_message_body(lists[rounds], i, NULL), bodies[k]) == 0;
        }
        rounds++;
    }
    for (size_t k = 0; k < 10; k++)
        ck_assert_msg(seen[k], "%s did not come", bodies[k]);
    ok(&self, ticker_sqs_change_visibility_batch(self.aws, url, receipts, seconds, 10, results, self.error));
    all_are(results, 10, TICKER_OK);
    ok(&self, ticker_sqs_delete_batch(self.aws, url, receipts, 4, results, self.error));
    all_are(results, 4, TICKER_OK);
    receipts[5] = "no receipt of anybody";
    failed(&self, ticker_sqs_change_visibility_batch(self.aws, url, receipts + 4, seconds, 6, results, self.error),
           TICKER_WARN, "ReceiptHandleIsInvalid");
    ck_assert_int_eq(results[1], TICKER_FAILED);
    results[1] = TICKER_OK;
    all_are(results, 6, TICKER_OK);
    if (self.stale_receipts) {
        ok(&self, ticker_sqs_delete_batch(self.aws, url, receipts + 4, 6, results, self.error));
    } else {
        failed(&self, ticker_sqs_delete_batch(self.aws, url, receipts + 4, 6, results, self.error), TICKER_WARN,
               "ReceiptHandleIsInvalid");
        ck_assert_int_eq(results[1], TICKER_FAILED);
        results[1] = TICKER_OK;
    }
    all_are(results, 6, TICKER_OK);
    while (rounds > 0)
        ticker_sqs_messages_free(lists[--rounds]);
    drop_queue(&self, url);
    end(&self);
}
END_TEST

typedef struct later {
    const server *self;
    const char *url;
    ticker_status status;
} later;

static void *send_later(void *payload)
{
    later *mine = payload;

    (void)sleep(1);
    mine->status = ticker_sqs_send(mine->self->aws, mine->url, "late", 0, NULL, NULL);
    return NULL;
}

/* A receive waits, and ends when something comes; another thread sends through the same client meanwhile. */
START_TEST(long_poll)
{
    server self;
    later sender;
    pthread_t thread;
    int64_t start;
    ticker_sqs_messages *messages;

    begin(&self, _i);
    sender = (later){.self = &self, .status = TICKER_FATAL};
    sender.url = make_queue(&self, "poll", NULL);
    start = seconds_now();
    messages = receive(&self, sender.url, 1, 2, -1);
    ck_assert_uint_eq(ticker_sqs_messages_count(messages), 0);
    ck_assert_int_ge(seconds_now() - start, 1);
    ticker_sqs_messages_free(messages);
    ck_assert_int_eq(pthread_create(&thread, NULL, send_later, &sender), 0);
    start = seconds_now();
    messages = receive(&self, sender.url, 1, 20, -1);
    ck_assert_int_lt(seconds_now() - start, 10);
    ck_assert_uint_eq(ticker_sqs_messages_count(messages), 1);
    ck_assert_str_eq(ticker_sqs_message_body(messages, 0, NULL), "late");
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(sender.status, TICKER_OK);
    ticker_sqs_messages_free(messages);
    drop_queue(&self, (char *)(uintptr_t)sender.url);
    end(&self);
}
END_TEST

/* The largest message there and back. */
START_TEST(large)
{
    server self;
    char *url, *body = malloc(TICKER_EVENT_BYTES_MAX + 1);
    ticker_sqs_messages *messages;
    size_t size;

    ck_assert_ptr_nonnull(body);
    begin(&self, _i);
    for (size_t i = 0; i < TICKER_EVENT_BYTES_MAX; i++)
        body[i] = (self.no_escapes ? "abc\"\\++ {}" : "abc\"\\<& {}")[i % 10];
    body[TICKER_EVENT_BYTES_MAX] = '\0';
    url = make_queue(&self, "large", NULL);
    ok(&self, ticker_sqs_send(self.aws, url, body, 0, NULL, self.error));
    messages = receive_one(&self, url, 60);
    ck_assert_int_eq(memcmp(ticker_sqs_message_body(messages, 0, &size), body, TICKER_EVENT_BYTES_MAX), 0);
    ck_assert_uint_eq(size, TICKER_EVENT_BYTES_MAX);
    ticker_sqs_messages_free(messages);
    drop_queue(&self, url);
    free(body);
    end(&self);
}
END_TEST

/* --- SNS -------------------------------------------------------------------------------------------------------- */

typedef struct subscriber {
    const char *endpoint;
    char arn[512];
    unsigned count;
} subscriber;

static ticker_status see(void *payload, const char *arn, const char *protocol, const char *endpoint,
                         ticker_error *error)
{
    subscriber *wanted = payload;

    (void)error;
    ck_assert_str_eq(protocol, "sqs");
    if (strcmp(endpoint, wanted->endpoint) == 0) {
        (void)snprintf(wanted->arn, sizeof(wanted->arn), "%s", arn);
        wanted->count++;
    }
    return TICKER_OK;
}

static ticker_status see_topic(void *payload, const char *arn, ticker_error *error)
{
    subscriber *wanted = payload;

    (void)error;
    wanted->count += strcmp(arn, wanted->endpoint) == 0 ? 1 : 0;
    return wanted->count > 0 ? TICKER_DONE : TICKER_OK;
}

static const char s3_event[] =
    "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\",\"awsRegion\":\"us-east-1\","
    "\"eventTime\":\"2026-11-22T11:58:29.699Z\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"b\"}"
    ","
    "\"object\":{\"key\":\"S%C3%A3o+Paulo.csv\",\"size\":12,\"eTag\":\"e\",\"sequencer\":\"0018EA5C23A9EBF183\"}}}]}";

/* The next message of a queue is the event; whether it came in an envelope. */
static bool event_comes(const server *self, const char *url)
{
    ticker_sqs_messages *messages = receive_one(self, url, 60);
    ticker_event *event = NULL;
    size_t size;
    const char *body = ticker_sqs_message_body(messages, 0, &size);
    bool wrapped = strcmp(body, s3_event) != 0;

    ok(self, ticker_event_parse(body, size, &event, self->error));
    ck_assert_int_eq(ticker_event_get_kind(event), TICKER_EVENT_OBJECTS);
    ck_assert_uint_eq(ticker_event_count(event), 1);
    ck_assert_str_eq(ticker_event_key(event, 0), "S\xc3\xa3o Paulo.csv");
    ck_assert(!wrapped || strstr(body, "Amazon S3 Notification") != NULL);
    ok(self, ticker_sqs_delete(self->aws, url, ticker_sqs_message_receipt(messages, 0), self->error));
    ticker_event_free(event);
    ticker_sqs_messages_free(messages);
    return wrapped;
}

static void publish(const server *self, const char *topic)
{
    char *id = NULL;

    ok(self, ticker_sns_publish(self->aws, topic, "Amazon S3 Notification", s3_event, &id, self->error));
    ck_assert_str_ne(id, "");
    ticker_free(id);
}

START_TEST(topics)
{
    server self;
    char *topic = NULL, *again = NULL, *value = NULL, name[80];
    subscriber wanted = {.count = 0};

    begin(&self, GATEWAY);
    (void)snprintf(name, sizeof(name), "topics-%d", (int)getpid());
    ok(&self, ticker_sns_create_topic(self.aws, name, &topic, self.error));
    ok(&self, ticker_sns_create_topic(self.aws, name, &again, self.error));
    ck_assert_str_eq(topic, again);
    ticker_free(again);
    wanted.endpoint = topic;
    ck_assert_int_eq(ticker_sns_topics(self.aws, see_topic, &wanted, self.error), TICKER_DONE);
    ck_assert_uint_eq(wanted.count, 1);
    ok(&self, ticker_sns_set_topic_attribute(self.aws, topic, "DisplayName", "B3 & \"files\"", self.error));
    ok(&self, ticker_sns_topic_attribute(self.aws, topic, "DisplayName", &value, self.error));
    ck_assert_str_eq(value, "B3 & \"files\"");
    ticker_free(value);
    ck_assert_int_eq(ticker_sns_topic_attribute(self.aws, topic, "Policy", &value, self.error), TICKER_DONE);
    ok(&self, ticker_sns_delete_topic(self.aws, topic, self.error));
    ok(&self, ticker_sns_delete_topic(self.aws, topic, self.error));
    failed(&self, ticker_sns_topic_attribute(self.aws, topic, "Policy", &value, self.error), TICKER_FATAL, "NotFound");
    failed(&self, ticker_sns_publish(self.aws, topic, NULL, "x", NULL, self.error), TICKER_FATAL, "NotFound");
    ticker_free(topic);
    end(&self);
}
END_TEST

START_TEST(subscriptions)
{
    server self;
    char *topic = NULL, *raw = NULL, *wrapped = NULL, *again = NULL, *urls[2], *arns[2], name[80];
    subscriber wanted;

    begin(&self, GATEWAY);
    (void)snprintf(name, sizeof(name), "subscriptions-%d", (int)getpid());
    ok(&self, ticker_sns_create_topic(self.aws, name, &topic, self.error));
    for (size_t i = 0; i < 2; i++) {
        urls[i] = make_queue(&self, "subscriber", NULL);
        arns[i] = attribute_of(&self, urls[i], "QueueArn");
    }
    ok(&self, ticker_sns_subscribe(self.aws, topic, "sqs", arns[0], 1, &raw, self.error));
    ok(&self, ticker_sns_subscribe(self.aws, topic, "sqs", arns[1], 0, &wrapped, self.error));
    publish(&self, topic);
    ck_assert(!event_comes(&self, urls[0]));
    ck_assert(event_comes(&self, urls[1]));
    /* The same again is the same; the other way changes it. */
    ok(&self, ticker_sns_subscribe(self.aws, topic, "sqs", arns[0], 1, &again, self.error));
    ck_assert_str_eq(again, raw);
    ticker_free(again);
    ok(&self, ticker_sns_subscribe(self.aws, topic, "sqs", arns[0], 0, &again, self.error));
    ck_assert_str_eq(again, raw);
    ticker_free(again);
    ok(&self, ticker_sns_subscribe(self.aws, topic, "sqs", arns[1], 1, &again, self.error));
    ck_assert_str_eq(again, wrapped);
    ticker_free(again);
    publish(&self, topic);
    ck_assert(event_comes(&self, urls[0]));
    ck_assert(!event_comes(&self, urls[1]));
    for (size_t i = 0; i < 2; i++) {
        wanted = (subscriber){.endpoint = arns[i]};
        ok(&self, ticker_sns_subscriptions(self.aws, topic, see, &wanted, self.error));
        ck_assert_uint_eq(wanted.count, 1);
        ck_assert_str_eq(wanted.arn, i == 0 ? raw : wrapped);
    }
    ok(&self, ticker_sns_set_subscription_attribute(self.aws, raw, "RawMessageDelivery", "true", self.error));
    ok(&self, ticker_sns_unsubscribe(self.aws, wrapped, self.error));
    publish(&self, topic);
    ck_assert(!event_comes(&self, urls[0]));
    is_empty(&self, urls[1]);
    ok(&self, ticker_sns_delete_topic(self.aws, topic, self.error));
    for (size_t i = 0; i < 2; i++) {
        ticker_free(arns[i]);
        drop_queue(&self, urls[i]);
    }
    ticker_free(raw);
    ticker_free(wrapped);
    ticker_free(topic);
    end(&self);
}
END_TEST

/* Keys that are not the server's: the gateway recomputes every signature. */
START_TEST(wrong_keys)
{
    ticker_options *options = ticker_options_new();
    ticker_error *error = ticker_error_new();
    ticker_aws *aws = NULL;
    char *text = NULL;

    ck_assert_int_eq(ticker_options_set(options, "aws-access-key-id", "test", error), TICKER_OK);
    ck_assert_int_eq(ticker_options_set(options, "aws-secret-access-key", "wrong", error), TICKER_OK);
    ck_assert_int_eq(ticker_aws_new(options, NULL, &aws, error), TICKER_OK);
    ck_assert_int_eq(ticker_sqs_queue_url(aws, "any", &text, error), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(error), TICKER_ERROR_USAGE);
    ck_assert_int_eq(ticker_error_http_status(error), 403);
    ck_assert_ptr_null(strstr(ticker_error_message(error), "wrong"));
    ticker_error_clear(error);
    ck_assert_int_eq(ticker_sns_create_topic(aws, "any", &text, error), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_http_status(error), 403);
    ck_assert_str_eq(ticker_error_aws_code(error), "SignatureDoesNotMatch");
    ck_assert_ptr_null(text);
    ticker_aws_free(aws);
    ticker_error_free(error);
    ticker_options_free(options);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("sqs_sns");
    Suite *suite = suite_create("sqs_sns");
    const TTest *const everywhere[] = {queues, life_of_a_message, redrive, batches, long_poll, large};
    const TTest *const gateway[] = {topics, subscriptions, wrong_keys};
    SRunner *runner;
    int bad;

    tcase_set_timeout(tcase, 120);
    for (size_t i = 0; i < COUNT(everywhere); i++)
        tcase_add_loop_test(tcase, everywhere[i], 0, SERVERS);
    for (size_t i = 0; i < COUNT(gateway); i++)
        tcase_add_test(tcase, gateway[i]);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    bad = srunner_ntests_failed(runner);
    srunner_free(runner);
    return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
