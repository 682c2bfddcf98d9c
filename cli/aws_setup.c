/* ticker-cli aws setup: each step makes what is missing, so that running it again is harmless. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws.h"
#include "text.h"

#define RETENTION "1209600" /* 14 days, the most SQS allows: time to look at what failed */

typedef struct setup {
    cli_context *cli;
    ticker_aws *aws;
    ticker_error *error;
    aws_names names;
    int64_t receives, visibility;
    bool raw;
    char *topic_arn, *queue_url, *queue_arn, *dead_url, *dead_arn, *subscription;
    char policy[AWS_POLICY_MAX];
} setup;

static void say(setup *self, const char *what, const char *name, const char *state)
{
    front_note(&self->cli->console, "%-18s %s: %s", what, name, state);
}

static ticker_status too_long(setup *self)
{
    return ticker_error_set(self->error, TICKER_FATAL, TICKER_ERROR_USAGE, "the names make a policy that is too long");
}

static ticker_status make_bucket(setup *self)
{
    int made = 0;
    ticker_status status = ticker_s3_create_bucket(self->aws, self->names.bucket, &made, self->error);

    if (status == TICKER_OK)
        say(self, "bucket", self->names.bucket, made ? "made" : "was there");
    return status;
}

/* Finds or makes a queue, then sets the attributes: a queue that is there with others cannot be "made" again. */
static ticker_status make_queue(setup *self, const char *what, const char *name, const ticker_attribute *attributes,
                                char **url, char **arn)
{
    bool made = false;
    ticker_status status = ticker_sqs_queue_url(self->aws, name, url, self->error);

    if (status != TICKER_OK && strcmp(ticker_error_aws_code(self->error), "QueueDoesNotExist") == 0) {
        ticker_error_clear(self->error);
        status = ticker_sqs_create_queue(self->aws, name, attributes, url, self->error);
        made = true;
    } else if (status == TICKER_OK) {
        status = ticker_sqs_set_attributes(self->aws, *url, attributes, self->error);
    }
    if (status == TICKER_OK)
        status = ticker_sqs_attribute(self->aws, *url, "QueueArn", arn, self->error);
    if (status == TICKER_DONE)
        status = ticker_error_set(self->error, TICKER_FAILED, TICKER_ERROR_INPUT, "the queue does not tell its ARN");
    if (status == TICKER_OK)
        say(self, what, name, made ? "made" : "was there");
    return status;
}

static ticker_status make_dead_letter_queue(setup *self)
{
    const ticker_attribute attributes[] = {{"MessageRetentionPeriod", RETENTION}, {NULL, NULL}};

    return make_queue(self, "dead-letter queue", self->names.dead, attributes, &self->dead_url, &self->dead_arn);
}

static ticker_status make_main_queue(setup *self)
{
    char visibility[FRONT_NUMBER_MAX];
    const ticker_attribute attributes[] = {{"VisibilityTimeout", visibility},
                                           {"ReceiveMessageWaitTimeSeconds", "20"},
                                           {"MessageRetentionPeriod", RETENTION},
                                           {"RedrivePolicy", self->policy},
                                           {NULL, NULL}};

    (void)snprintf(visibility, sizeof visibility, "%" PRId64, self->visibility);
    if (!aws_redrive_policy(self->dead_arn, self->receives, self->policy))
        return too_long(self);
    return make_queue(self, "queue", self->names.queue, attributes, &self->queue_url, &self->queue_arn);
}

static ticker_status make_topic(setup *self)
{
    ticker_status status = ticker_sns_create_topic(self->aws, self->names.topic, &self->topic_arn, self->error);

    if (status != TICKER_OK)
        return status;
    if (!aws_topic_policy(self->topic_arn, self->names.bucket, self->policy))
        return too_long(self);
    status = ticker_sns_set_topic_attribute(self->aws, self->topic_arn, "Policy", self->policy, self->error);
    if (status == TICKER_OK)
        say(self, "topic", self->names.topic, "is there, the bucket may publish to it");
    return status;
}

static ticker_status let_topic_send(setup *self)
{
    const ticker_attribute attributes[] = {{"Policy", self->policy}, {NULL, NULL}};
    ticker_status status;

    if (!aws_queue_policy(self->queue_arn, self->topic_arn, self->policy))
        return too_long(self);
    status = ticker_sqs_set_attributes(self->aws, self->queue_url, attributes, self->error);
    if (status == TICKER_OK)
        say(self, "queue", self->names.queue, "the topic may send to it");
    return status;
}

static ticker_status subscribe(setup *self)
{
    ticker_status status = ticker_sns_subscribe(self->aws, self->topic_arn, "sqs", self->queue_arn, self->raw,
                                                &self->subscription, self->error);

    if (status == TICKER_OK)
        say(self, "subscription", self->names.queue, self->raw ? "gets the events as they are" : "gets the events");
    return status;
}

static ticker_status notify(setup *self)
{
    int changed = 0;
    ticker_status status = ticker_s3_notify(self->aws, self->names.bucket, AWS_CONFIGURATION, self->topic_arn,
                                            self->names.prefix, &changed, self->error);

    if (status == TICKER_OK)
        say(self, "notification", self->names.bucket, changed ? "made" : "was there");
    return status;
}

/* The order matters: each speaks of what was made before, and S3 tries whether it may publish. */
static ticker_status run_steps(setup *self)
{
    static ticker_status (*const steps[])(setup *) = {
        make_bucket, make_dead_letter_queue, make_main_queue, make_topic, let_topic_send, subscribe, notify};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        ticker_status status = steps[i](self);

        if (status != TICKER_OK)
            return status;
    }
    return TICKER_OK;
}

static void print_settings(setup *self)
{
    size_t size = strlen(self->names.prefix);

    (void)front_output_printf(&self->cli->output, "STORAGE_URL=s3://%s%s%.*s\nQUEUE_URL=sqs:%s\nAWS_REGION=%s\n",
                              self->names.bucket, size > 0 ? "/" : "", size > 0 ? (int)size - 1 : 0, self->names.prefix,
                              self->names.queue, ticker_aws_region(self->aws));
}

static bool show(setup *self, const char *whose, bool fits)
{
    return fits && front_output_printf(&self->cli->output, "# policy of the %s\n%s\n", whose, self->policy);
}

/* Without asking AWS the account is not known: the ARNs show where it goes. */
static front_exit dry_run(setup *self)
{
    static const char account[] = "<account>";
    const char *region = ticker_aws_region(self->aws);
    const char *partition = strncmp(region, "cn-", 3) == 0       ? "aws-cn"
                            : strncmp(region, "us-gov-", 7) == 0 ? "aws-us-gov"
                                                                 : "aws";
    char topic[AWS_ARN_MAX], queue[AWS_ARN_MAX], dead[AWS_ARN_MAX];
    bool fit;

    (void)snprintf(topic, sizeof topic, "arn:%s:sns:%s:%s:%s", partition, region, account, self->names.topic);
    (void)snprintf(queue, sizeof queue, "arn:%s:sqs:%s:%s:%s", partition, region, account, self->names.queue);
    (void)snprintf(dead, sizeof dead, "arn:%s:sqs:%s:%s:%s", partition, region, account, self->names.dead);
    fit = show(self, "topic", aws_topic_policy(topic, self->names.bucket, self->policy)) &&
          show(self, "queue", aws_queue_policy(queue, topic, self->policy)) &&
          show(self, "queue: redrive", aws_redrive_policy(dead, self->receives, self->policy)) &&
          show(self, "user or role of ticker-server", aws_server_policy(&self->names, partition, self->policy)) &&
          show(self, "user or role of ticker-worker",
               aws_worker_policy(&self->names, partition, queue, dead, self->policy));
    if (!fit)
        front_error(&self->cli->console, "the names make a policy that is too long");
    return fit ? FRONT_OK : FRONT_USAGE;
}

static bool read_flags(setup *self)
{
    cli_context *cli = self->cli;
    const char *receives = front_args_value(&cli->args, "max-receives");
    const char *visibility = front_args_value(&cli->args, "visibility");

    self->receives = 5;
    self->visibility = 900;
    self->raw = front_args_given(&cli->args, "raw");
    if (receives != NULL && !front_parse_number(receives, 1, 1000, &self->receives)) {
        front_error(&cli->console, "--max-receives cannot be %s; use 1 to 1000", receives);
        return false;
    }
    if (visibility != NULL && !front_parse_number(visibility, 0, 43200, &self->visibility)) {
        front_error(&cli->console, "--visibility cannot be %s; use 0 to 43200 seconds", visibility);
        return false;
    }
    return true;
}

front_exit aws_setup(cli_context *cli, ticker_aws *aws, ticker_error *error)
{
    setup self = {.cli = cli, .aws = aws, .error = error};
    front_exit result = FRONT_OK;

    if (!aws_read_names(cli, &self.names) || !read_flags(&self))
        return FRONT_USAGE;
    if (front_args_given(&cli->args, "dry-run"))
        return dry_run(&self);
    if (run_steps(&self) == TICKER_OK) {
        print_settings(&self);
    } else {
        front_report(&cli->console, error, NULL);
        front_note(&cli->console, "what was made before this stays; run it again when the cause is gone");
        result = front_exit_of(error);
    }
    ticker_free(self.topic_arn);
    ticker_free(self.queue_url);
    ticker_free(self.queue_arn);
    ticker_free(self.dead_url);
    ticker_free(self.dead_arn);
    ticker_free(self.subscription);
    return result;
}
