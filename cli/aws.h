/* The resources that "aws setup" makes and "aws status" looks at: bucket -> topic -> queue -> dead-letter queue. */
#ifndef CLI_AWS_H
#define CLI_AWS_H

#include <tickerimport/limits.h>

#include "cli.h"

#define AWS_NAME_MAX 81 /* of a queue (SQS: 80 characters) or a topic, NUL included */
#define AWS_PREFIX_MAX 512
#define AWS_ARN_MAX 512
#define AWS_POLICY_MAX 4096
#define AWS_CONFIGURATION "ticker-uploads" /* the name of our notification in the bucket */

typedef struct aws_names {
    char bucket[TICKER_BUCKET_MAX];
    char prefix[AWS_PREFIX_MAX]; /* "" or "b3/" */
    char topic[AWS_NAME_MAX];
    char queue[AWS_NAME_MAX];
    char dead[AWS_NAME_MAX];
} aws_names;

/* From the flags --bucket, --topic, --queue, --dead-letter-queue, and else from STORAGE_URL and QUEUE_URL. Says what is
 * missing. */
bool aws_read_names(cli_context *cli, aws_names *names);

/* The account in an ARN ("arn:aws:sqs:us-east-1:123456789012:name"); "" when there is none. */
void aws_account(const char *arn, char account[16]);

/* Policies as JSON of one line. False: too long. Names were checked, so nothing in them needs to be escaped. */
bool aws_topic_policy(const char *topic_arn, const char *bucket, char policy[AWS_POLICY_MAX]);
bool aws_queue_policy(const char *queue_arn, const char *topic_arn, char policy[AWS_POLICY_MAX]);
bool aws_redrive_policy(const char *dead_arn, int64_t receives, char policy[AWS_POLICY_MAX]);
/* What the programs need: for the server (uploads) and for the worker (imports). */
bool aws_server_policy(const aws_names *names, const char *partition, char policy[AWS_POLICY_MAX]);
bool aws_worker_policy(const aws_names *names, const char *partition, const char *queue_arn, const char *dead_arn,
                       char policy[AWS_POLICY_MAX]);

front_exit aws_setup(cli_context *cli, ticker_aws *aws, ticker_error *error);
front_exit aws_status(cli_context *cli, ticker_aws *aws, ticker_error *error);

#endif
