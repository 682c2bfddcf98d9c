/* Topics and their subscribers. Source: "Amazon SNS API Reference". */
#include <tickerimport/sns.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport/limits.h>

#include "aws/sns.h"
#include "base/error.h"
#include "base/utf8.h"

#define NAME_MAX_BYTES 256
#define ARN_MAX 512
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/* --- What is checked before ------------------------------------------------------------------------------------- */

static ticker_status wrong(const char *what, const char *text, const char *hint, ticker_error *error)
{
    (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "this is no %s: \"%.200s\"", what, text != NULL ? text : "");
    ti_error_hint(error, "%s", hint);
    return TICKER_FATAL;
}

static bool is_printable(const char *text, size_t max)
{
    size_t size = text != NULL ? strnlen(text, max + 1) : 0;

    for (size_t i = 0; i < size; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return size > 0 && size <= max;
}

/* arn:PARTITION:sns:REGION:ACCOUNT:TOPIC, with a subscription one part more. The account is empty at Ceph's. */
static bool is_arn(const char *arn, bool subscription)
{
    enum { ARN, PARTITION, SERVICE, REGION, ACCOUNT, TOPIC, SUBSCRIPTION };
    unsigned last = subscription ? SUBSCRIPTION : TOPIC, part = ARN;

    if (!is_printable(arn, ARN_MAX))
        return false;
    for (;; part++) {
        ti_slice text = {arn, strcspn(arn, ":")};

        if ((text.size == 0 && part != ACCOUNT) || (part == ARN && !ti_slice_is(text, "arn")) ||
            (part == SERVICE && !ti_slice_is(text, "sns")) || part > last)
            return false;
        if (arn[text.size] == '\0')
            return part == last;
        arn += text.size + 1;
    }
}

static ticker_status check_topic(const ticker_aws *aws, const char *arn, ticker_error *error)
{
    if (aws == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "SNS needs a client");
    return is_arn(arn, false) ? TICKER_OK
                              : wrong("ARN of a topic", arn, "it looks like arn:aws:sns:REGION:ACCOUNT:NAME", error);
}

static ticker_status check_subscription(const ticker_aws *aws, const char *arn, ticker_error *error)
{
    if (aws == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "SNS needs a client");
    return is_arn(arn, true)
               ? TICKER_OK
               : wrong("ARN of a subscription", arn, "it looks like arn:aws:sns:REGION:ACCOUNT:TOPIC:ID", error);
}

static ticker_status no_place(const void *place, ticker_error *error)
{
    return place != NULL ? TICKER_OK
                         : ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the answer of SNS needs a place to go");
}

static ticker_status check_pair(const char *name, const char *value, ticker_error *error)
{
    if (is_printable(name, ARN_MAX) && value != NULL)
        return TICKER_OK;
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an attribute needs a name and a value");
}

/* --- Topics ----------------------------------------------------------------------------------------------------- */

ticker_status ticker_sns_create_topic(ticker_aws *aws, const char *name, char **arn, ticker_error *error)
{
    size_t size = name != NULL ? strlen(name) : 0, plain = name != NULL ? strspn(name, PLAIN) : 0;
    const ti_sns_pair pairs[] = {{"Name", name}, {NULL, NULL}};
    ticker_status status = no_place(aws != NULL ? (const void *)arn : NULL, error);

    if (status != TICKER_OK)
        return status;
    if (plain == 0 || size > NAME_MAX_BYTES || (plain < size && strcmp(name + plain, ".fifo") != 0))
        return wrong("name of a topic", name, "letters, digits, '-' and '_', at most 256 of them", error);
    return ti_sns_text(aws, "CreateTopic", NULL, pairs, "TopicArn", arn, error);
}

ticker_status ticker_sns_delete_topic(ticker_aws *aws, const char *arn, ticker_error *error)
{
    const ti_sns_pair pairs[] = {{"TopicArn", arn}, {NULL, NULL}};
    ticker_status status = check_topic(aws, arn, error);

    return status == TICKER_OK ? ti_sns_remove(aws, "DeleteTopic", arn, pairs, error) : status;
}

ticker_status ticker_sns_topic_attribute(ticker_aws *aws, const char *arn, const char *name, char **value,
                                         ticker_error *error)
{
    const ti_sns_pair pairs[] = {{"TopicArn", arn}, {NULL, NULL}};
    ticker_status status = check_topic(aws, arn, error);

    if (status == TICKER_OK)
        status = check_pair(name, "", error);
    if (status == TICKER_OK)
        status = no_place(value, error);
    return status == TICKER_OK ? ti_sns_attribute(aws, "GetTopicAttributes", arn, pairs, name, value, error) : status;
}

ticker_status ticker_sns_set_topic_attribute(ticker_aws *aws, const char *arn, const char *name, const char *value,
                                             ticker_error *error)
{
    const ti_sns_pair pairs[] = {{"TopicArn", arn}, {"AttributeName", name}, {"AttributeValue", value}, {NULL, NULL}};
    ticker_status status = check_topic(aws, arn, error);

    if (status == TICKER_OK)
        status = check_pair(name, value, error);
    return status == TICKER_OK ? ti_sns_text(aws, "SetTopicAttributes", arn, pairs, NULL, NULL, error) : status;
}

/* --- Subscriptions ---------------------------------------------------------------------------------------------- */

static const char *const subscription_members[TI_SNS_MEMBERS] = {"SubscriptionArn", "Protocol", "Endpoint"};

ticker_status ticker_sns_unsubscribe(ticker_aws *aws, const char *arn, ticker_error *error)
{
    const ti_sns_pair pairs[] = {{"SubscriptionArn", arn}, {NULL, NULL}};
    ticker_status status = check_subscription(aws, arn, error);

    return status == TICKER_OK ? ti_sns_remove(aws, "Unsubscribe", arn, pairs, error) : status;
}

ticker_status ticker_sns_set_subscription_attribute(ticker_aws *aws, const char *arn, const char *name,
                                                    const char *value, ticker_error *error)
{
    const ti_sns_pair pairs[] = {
        {"SubscriptionArn", arn}, {"AttributeName", name}, {"AttributeValue", value}, {NULL, NULL}};
    ticker_status status = check_subscription(aws, arn, error);

    if (status == TICKER_OK)
        status = check_pair(name, value, error);
    return status == TICKER_OK ? ti_sns_text(aws, "SetSubscriptionAttributes", arn, pairs, NULL, NULL, error) : status;
}

/* A subscriber that is looked for among those of a topic. */
typedef struct search {
    const char *protocol, *endpoint;
    char *arn;
} search;

static ticker_status compare(void *self, const char *const *texts, ticker_error *error)
{
    search *wanted = self;

    if (strcmp(texts[1], wanted->protocol) != 0 || strcmp(texts[2], wanted->endpoint) != 0)
        return TICKER_OK;
    wanted->arn = strdup(texts[0]);
    return wanted->arn != NULL ? TICKER_DONE : ti_fail_memory(error);
}

/* Of a subscription that is there with other attributes than are asked for SNS only says so, not which it is. */
static ticker_status find_or_make(ticker_aws *aws, const char *topic, const char *protocol, const char *endpoint,
                                  bool raw, char **arn, ticker_error *error)
{
    const ti_sns_pair pairs[] = {{"TopicArn", topic},
                                 {"Protocol", protocol},
                                 {"Endpoint", endpoint},
                                 {"ReturnSubscriptionArn", "true"},
                                 {raw ? "Attributes.entry.1.key" : NULL, "RawMessageDelivery"},
                                 {"Attributes.entry.1.value", "true"},
                                 {NULL, NULL}};
    search wanted = {protocol, endpoint, NULL};
    ticker_error own;
    ticker_status status;

    ti_error_init(&own);
    status = ti_sns_text(aws, "Subscribe", topic, pairs, "SubscriptionArn", arn, &own);
    if (status == TICKER_FAILED && strncmp(own.aws_code, "InvalidParameter", strlen("InvalidParameter")) == 0 &&
        ti_sns_list(aws, "ListSubscriptionsByTopic", topic, subscription_members, compare, &wanted, NULL) ==
            TICKER_DONE) {
        *arn = wanted.arn;
        return TICKER_OK;
    }
    ti_error_copy(error, &own);
    return status;
}

/* Makes the delivery what it is to be; there may have been a subscription before. */
static ticker_status set_raw(ticker_aws *aws, const char *arn, bool raw, ticker_error *error)
{
    const ti_sns_pair pairs[] = {{"SubscriptionArn", arn}, {NULL, NULL}};
    char *now = NULL;
    ticker_status status = ti_sns_attribute(aws, "GetSubscriptionAttributes", arn, pairs, "RawMessageDelivery", &now,
                                            error);
    bool is_raw = status == TICKER_OK && strcmp(now, "true") == 0;

    free(now);
    if (status < TICKER_OK || is_raw == raw)
        return status < TICKER_OK ? status : TICKER_OK;
    return ticker_sns_set_subscription_attribute(aws, arn, "RawMessageDelivery", raw ? "true" : "false", error);
}

ticker_status ticker_sns_subscribe(ticker_aws *aws, const char *topic, const char *protocol, const char *endpoint,
                                   int raw, char **arn, ticker_error *error)
{
    char *found = NULL;
    ticker_status status = check_topic(aws, topic, error);

    if (status == TICKER_OK)
        status = no_place(arn, error);
    if (status != TICKER_OK)
        return status;
    if (protocol == NULL || protocol[0] == '\0' || protocol[strspn(protocol, PLAIN)] != '\0')
        return wrong("protocol of SNS", protocol, "for a queue it is \"sqs\"", error);
    if (!is_printable(endpoint, TICKER_URL_MAX - 1))
        return wrong("endpoint of a subscription", endpoint, "for a queue it is the queue's ARN", error);
    status = find_or_make(aws, topic, protocol, endpoint, raw != 0, &found, error);
    /* One that somebody still has to confirm may have no ARN yet. */
    if (status == TICKER_OK && is_arn(found, true))
        status = set_raw(aws, found, raw != 0, error);
    if (status == TICKER_OK)
        *arn = found;
    else
        free(found);
    return status;
}

/* --- Messages --------------------------------------------------------------------------------------------------- */

static bool is_utf8(ti_slice text)
{
    for (size_t at = 0, length; at < text.size; at += length) {
        length = ti_utf8_length((ti_slice){text.data + at, text.size - at});
        if (length == 0)
            return false;
    }
    return true;
}

static bool is_subject(const char *subject)
{
    size_t size = strnlen(subject, TICKER_SNS_SUBJECT_MAX + 1);

    for (size_t i = 0; i < size; i++)
        if (subject[i] < ' ' || subject[i] > '~')
            return false;
    return size > 0 && size <= TICKER_SNS_SUBJECT_MAX && subject[0] != ' ';
}

ticker_status ticker_sns_publish(ticker_aws *aws, const char *topic, const char *subject, const char *message,
                                 char **id, ticker_error *error)
{
    const ti_sns_pair pairs[] = {
        {"TopicArn", topic}, {"Message", message}, {subject != NULL ? "Subject" : NULL, subject}, {NULL, NULL}};
    size_t size = message != NULL ? strlen(message) : 0;
    char *told = NULL;
    ticker_status status = check_topic(aws, topic, error);

    if (status != TICKER_OK)
        return status;
    if (size > TICKER_SNS_MESSAGE_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the message has %zu bytes, more than %d", size,
                       TICKER_SNS_MESSAGE_MAX);
    if (size == 0 || !is_utf8((ti_slice){message, size}))
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "a message of SNS must be a text in UTF-8, not empty");
    if (subject != NULL && !is_subject(subject))
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT,
                       "a subject of SNS must be 1 to %d characters of ASCII on one line", TICKER_SNS_SUBJECT_MAX);
    status = ti_sns_text(aws, "Publish", topic, pairs, "MessageId", &told, error);
    if (status == TICKER_OK && id != NULL)
        *id = told;
    else
        free(told);
    return status;
}

/* --- Listings --------------------------------------------------------------------------------------------------- */

typedef struct topics {
    ticker_status (*visit)(void *payload, const char *arn, ticker_error *error);
    void *payload;
} topics;

static ticker_status visit_topic(void *self, const char *const *texts, ticker_error *error)
{
    const topics *list = self;

    return list->visit(list->payload, texts[0], error);
}

ticker_status ticker_sns_topics(ticker_aws *aws,
                                ticker_status (*visit)(void *payload, const char *arn, ticker_error *error),
                                void *payload, ticker_error *error)
{
    static const char *const members[TI_SNS_MEMBERS] = {"TopicArn", NULL, NULL};
    topics list = {visit, payload};

    if (aws == NULL || visit == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a list of topics needs a client and a visitor");
    return ti_sns_list(aws, "ListTopics", NULL, members, visit_topic, &list, error);
}

typedef struct subscribers {
    ticker_status (*visit)(void *payload, const char *arn, const char *protocol, const char *endpoint,
                           ticker_error *error);
    void *payload;
} subscribers;

static ticker_status visit_subscriber(void *self, const char *const *texts, ticker_error *error)
{
    const subscribers *list = self;

    return list->visit(list->payload, texts[0], texts[1], texts[2], error);
}

ticker_status ticker_sns_subscriptions(ticker_aws *aws, const char *topic,
                                       ticker_status (*visit)(void *payload, const char *arn, const char *protocol,
                                                              const char *endpoint, ticker_error *error),
                                       void *payload, ticker_error *error)
{
    subscribers list = {visit, payload};
    ticker_status status = check_topic(aws, topic, error);

    if (status != TICKER_OK)
        return status;
    if (visit == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a list of subscriptions needs a visitor");
    return ti_sns_list(aws, "ListSubscriptionsByTopic", topic, subscription_members, visit_subscriber, &list, error);
}
