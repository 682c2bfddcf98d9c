/* ticker-cli aws status: each part of the way looked at by itself, so that one answer names everything that is wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws.h"
#include "json.h"
#include "text.h"

#define COUNT_TEXT 128

typedef struct look {
    cli_context *cli;
    ticker_aws *aws;
    ticker_error *error;
    aws_names names;
    front_json *json; /* NULL: for people */
    front_exit result;
    char *queue_url, *queue_arn, *topic_arn;
    bool notified, subscribed;
} look;

/* One line, or one member, for each part; `error` is cleared for the next one. */
static void tell(look *self, const char *what, const char *name, bool good, const char *text)
{
    char clean[FRONT_MESSAGE_MAX];

    if (!good && self->result == FRONT_OK)
        self->result = FRONT_FAILED;
    if (self->json != NULL) {
        front_json *part = front_json_object();

        front_json_text(part, "name", name);
        front_json_boolean(part, "ok", good);
        front_json_text_or_null(part, good ? "detail" : "error", text);
        front_json_put(self->json, what, part);
        return;
    }
    (void)front_output_printf(&self->cli->output, "%-4s %-18s %s%s%s\n", good ? "ok" : "FAIL", what, name,
                              text[0] != '\0' ? ": " : "", front_text_clean(text, clean, sizeof clean));
}

static void tell_error(look *self, const char *what, const char *name)
{
    char text[2 * TICKER_ERROR_MESSAGE_MAX];
    const char *hint = ticker_error_hint(self->error);

    (void)snprintf(text, sizeof text, "%s%s%s", ticker_error_message(self->error), hint[0] != '\0' ? "; " : "", hint);
    self->result = front_exit_worse(self->result,
                                    front_exit_of(self->error) == FRONT_UNREACHABLE ? FRONT_UNREACHABLE : FRONT_FAILED);
    tell(self, what, name, false, text);
    ticker_error_clear(self->error);
}

static bool look_at_keys(look *self)
{
    const char *source = "";
    char *key = NULL, text[COUNT_TEXT];

    if (ticker_aws_keys(self->aws, &source, &key, self->error) != TICKER_OK) {
        tell_error(self, "keys", "");
        return false;
    }
    (void)snprintf(text, sizeof text, "from %s", source);
    tell(self, "keys", key, true, text);
    ticker_free(key);
    return true;
}

static void look_at_endpoints(look *self)
{
    static const char *const services[] = {"s3", "sns", "sqs"};

    tell(self, "region", ticker_aws_region(self->aws), true, "");
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        char *url = NULL;

        if (ticker_aws_endpoint(self->aws, services[i], &url, self->error) == TICKER_OK)
            tell(self, services[i], url, true, "");
        else
            tell_error(self, services[i], "");
        ticker_free(url);
    }
}

static ticker_status visit_notification(void *payload, const char *id, const char *arn, const char *event,
                                        const char *prefix, ticker_error *error)
{
    look *self = payload;
    const char *name = strrchr(arn, ':');

    (void)error;
    (void)id;
    if (strstr(event, "ObjectCreated") != NULL && strncmp(self->names.prefix, prefix, strlen(prefix)) == 0 &&
        name != NULL && (strcmp(name + 1, self->names.topic) == 0 || strcmp(name + 1, self->names.queue) == 0))
        self->notified = true;
    return TICKER_OK;
}

static void look_at_bucket(look *self)
{
    if (ticker_s3_head_bucket(self->aws, self->names.bucket, self->error) != TICKER_OK) {
        tell_error(self, "bucket", self->names.bucket);
        return;
    }
    tell(self, "bucket", self->names.bucket, true, "");
    if (ticker_s3_notifications(self->aws, self->names.bucket, visit_notification, self, self->error) != TICKER_OK)
        tell_error(self, "notification", self->names.bucket);
    else
        tell(self, "notification", self->names.bucket, self->notified,
             self->notified ? "new objects are told of"
                            : "the bucket tells neither topic nor queue of new objects; run 'ticker-cli aws setup'");
}

/* "12 waiting, 1 being worked on"; false when the queue cannot be asked. */
static bool count_messages(look *self, const char *url, char text[COUNT_TEXT])
{
    static const char *const names[] = {"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
                                        "ApproximateNumberOfMessagesDelayed"};
    char *values[3] = {NULL, NULL, NULL};
    bool good = true;

    for (size_t i = 0; i < 3 && good; i++)
        good = ticker_sqs_attribute(self->aws, url, names[i], &values[i], self->error) >= TICKER_OK;
    if (good)
        (void)snprintf(text, COUNT_TEXT, "%.20s waiting, %.20s being worked on, %.20s delayed",
                       values[0] != NULL ? values[0] : "?", values[1] != NULL ? values[1] : "?",
                       values[2] != NULL ? values[2] : "?");
    for (size_t i = 0; i < 3; i++)
        ticker_free(values[i]);
    return good;
}

static void look_at_redrive(look *self)
{
    char *policy = NULL;
    ticker_status status = ticker_sqs_attribute(self->aws, self->queue_url, "RedrivePolicy", &policy, self->error);
    bool good = status == TICKER_OK && strstr(policy, self->names.dead) != NULL;

    if (status < TICKER_OK)
        tell_error(self, "redrive", self->names.queue);
    else
        tell(self, "redrive", self->names.queue, good,
             good ? policy : "what fails does not go to the dead-letter queue; run 'ticker-cli aws setup'");
    ticker_free(policy);
}

static void look_at_queue(look *self)
{
    char text[COUNT_TEXT];

    if (ticker_sqs_queue_url(self->aws, self->names.queue, &self->queue_url, self->error) != TICKER_OK ||
        ticker_sqs_attribute(self->aws, self->queue_url, "QueueArn", &self->queue_arn, self->error) < TICKER_OK ||
        !count_messages(self, self->queue_url, text)) {
        tell_error(self, "queue", self->names.queue);
        return;
    }
    tell(self, "queue", self->names.queue, true, text);
    look_at_redrive(self);
}

static void look_at_dead_letters(look *self)
{
    char *url = NULL, text[COUNT_TEXT];

    if (ticker_sqs_queue_url(self->aws, self->names.dead, &url, self->error) != TICKER_OK ||
        !count_messages(self, url, text))
        tell_error(self, "dead-letter queue", self->names.dead);
    else
        tell(self, "dead-letter queue", self->names.dead, true, text);
    ticker_free(url);
}

static ticker_status visit_topic(void *payload, const char *arn, ticker_error *error)
{
    look *self = payload;
    const char *name = strrchr(arn, ':');

    if (name == NULL || strcmp(name + 1, self->names.topic) != 0 || self->topic_arn != NULL)
        return TICKER_OK;
    self->topic_arn = strdup(arn);
    return self->topic_arn != NULL ? TICKER_OK
                                   : ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "out of memory");
}

static ticker_status visit_subscription(void *payload, const char *arn, const char *protocol, const char *endpoint,
                                        ticker_error *error)
{
    look *self = payload;

    (void)arn;
    (void)error;
    if (strcmp(protocol, "sqs") == 0 && self->queue_arn != NULL && strcmp(endpoint, self->queue_arn) == 0)
        self->subscribed = true;
    return TICKER_OK;
}

static void look_at_topic(look *self)
{
    if (ticker_sns_topics(self->aws, visit_topic, self, self->error) != TICKER_OK) {
        tell_error(self, "topic", self->names.topic);
        return;
    }
    if (self->topic_arn == NULL) {
        tell(self, "topic", self->names.topic, false, "there is no such topic; run 'ticker-cli aws setup'");
        return;
    }
    tell(self, "topic", self->names.topic, true, "");
    if (ticker_sns_subscriptions(self->aws, self->topic_arn, visit_subscription, self, self->error) != TICKER_OK)
        tell_error(self, "subscription", self->names.queue);
    else
        tell(self, "subscription", self->names.queue, self->subscribed,
             self->subscribed ? "the topic delivers to the queue"
                              : "the queue is not subscribed to the topic; run 'ticker-cli aws setup'");
}

static void print_json(look *self)
{
    const char *line;

    front_json_boolean(self->json, "ok", self->result == FRONT_OK);
    line = front_json_line(self->json);
    if (line == NULL)
        front_error(&self->cli->console, "out of memory");
    else
        (void)front_output_line(&self->cli->output, line);
    front_json_free(self->json);
}

front_exit aws_status(cli_context *cli, ticker_aws *aws, ticker_error *error)
{
    look self = {.cli = cli, .aws = aws, .error = error, .result = FRONT_OK};

    if (!aws_read_names(cli, &self.names))
        return FRONT_USAGE;
    if (front_args_given(&cli->args, "json"))
        self.json = front_json_object();
    look_at_endpoints(&self);
    if (look_at_keys(&self)) {
        look_at_bucket(&self);
        look_at_queue(&self);
        look_at_dead_letters(&self);
        look_at_topic(&self);
    }
    if (self.json != NULL)
        print_json(&self);
    ticker_free(self.queue_url);
    ticker_free(self.queue_arn);
    free(self.topic_arn);
    return self.result;
}
