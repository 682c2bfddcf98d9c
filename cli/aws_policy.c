/* The policies of the resources, and those that the programs' users or roles need: no right more than what is used. */
#include <stdio.h>
#include <string.h>

#include "aws.h"

#define VERSION "{\"Version\":\"2012-10-17\",\"Statement\":["

static bool fits(int length)
{
    return length > 0 && length < AWS_POLICY_MAX;
}

/* "aws" of "arn:aws:…": China and GovCloud have others. */
static void partition_of(const char *arn, char partition[32])
{
    size_t size = strncmp(arn, "arn:", 4) == 0 ? strcspn(arn + 4, ":") : 0;

    (void)snprintf(partition, 32, "%.*s", size > 0 && size < 32 ? (int)size : 3,
                   size > 0 && size < 32 ? arn + 4 : "aws");
}

void aws_account(const char *arn, char account[16])
{
    const char *at = arn;
    size_t size;

    for (int i = 0; i < 4 && at != NULL; i++) {
        at = strchr(at, ':');
        at = at != NULL ? at + 1 : NULL;
    }
    size = at != NULL ? strcspn(at, ":") : 0;
    (void)snprintf(account, 16, "%.*s", size < 16 ? (int)size : 0, at != NULL ? at : "");
}

/* S3 may publish, for this bucket of this account only. */
bool aws_topic_policy(const char *topic_arn, const char *bucket, char policy[AWS_POLICY_MAX])
{
    char partition[32], account[16];

    partition_of(topic_arn, partition);
    aws_account(topic_arn, account);
    return fits(snprintf(policy, AWS_POLICY_MAX,
                         VERSION
                         "{\"Sid\":\"bucket-may-publish\",\"Effect\":\"Allow\","
                         "\"Principal\":{\"Service\":\"s3.amazonaws.com\"},\"Action\":\"SNS:Publish\","
                         "\"Resource\":\"%s\",\"Condition\":{\"ArnLike\":{\"aws:SourceArn\":\"arn:%s:s3:::%s\"},"
                         "\"StringEquals\":{\"aws:SourceAccount\":\"%s\"}}}]}",
                         topic_arn, partition, bucket, account));
}

bool aws_queue_policy(const char *queue_arn, const char *topic_arn, char policy[AWS_POLICY_MAX])
{
    return fits(snprintf(policy, AWS_POLICY_MAX,
                         VERSION "{\"Sid\":\"topic-may-send\",\"Effect\":\"Allow\","
                                 "\"Principal\":{\"Service\":\"sns.amazonaws.com\"},\"Action\":\"sqs:SendMessage\","
                                 "\"Resource\":\"%s\",\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"%s\"}}}]}",
                         queue_arn, topic_arn));
}

bool aws_redrive_policy(const char *dead_arn, int64_t receives, char policy[AWS_POLICY_MAX])
{
    return fits(snprintf(policy, AWS_POLICY_MAX, "{\"deadLetterTargetArn\":\"%s\",\"maxReceiveCount\":\"%lld\"}",
                         dead_arn, (long long)receives));
}

bool aws_server_policy(const aws_names *names, const char *partition, char policy[AWS_POLICY_MAX])
{
    return fits(snprintf(policy, AWS_POLICY_MAX,
                         VERSION "{\"Sid\":\"upload\",\"Effect\":\"Allow\","
                                 "\"Action\":[\"s3:PutObject\",\"s3:AbortMultipartUpload\"],"
                                 "\"Resource\":\"arn:%s:s3:::%s/%s*\"}]}",
                         partition, names->bucket, names->prefix));
}

bool aws_worker_policy(const aws_names *names, const char *partition, const char *queue_arn, const char *dead_arn,
                       char policy[AWS_POLICY_MAX])
{
    return fits(snprintf(policy, AWS_POLICY_MAX,
                         VERSION "{\"Sid\":\"read\",\"Effect\":\"Allow\","
                                 "\"Action\":[\"s3:GetObject\",\"s3:GetObjectVersion\"],"
                                 "\"Resource\":\"arn:%s:s3:::%s/%s*\"},"
                                 "{\"Sid\":\"exists\",\"Effect\":\"Allow\",\"Action\":\"s3:ListBucket\","
                                 "\"Resource\":\"arn:%s:s3:::%s\"},"
                                 "{\"Sid\":\"consume\",\"Effect\":\"Allow\",\"Action\":[\"sqs:ReceiveMessage\","
                                 "\"sqs:DeleteMessage\",\"sqs:ChangeMessageVisibility\",\"sqs:GetQueueUrl\","
                                 "\"sqs:GetQueueAttributes\"],\"Resource\":\"%s\"},"
                                 "{\"Sid\":\"dead-letters\",\"Effect\":\"Allow\",\"Action\":[\"sqs:SendMessage\","
                                 "\"sqs:ReceiveMessage\",\"sqs:DeleteMessage\",\"sqs:GetQueueUrl\","
                                 "\"sqs:GetQueueAttributes\"],\"Resource\":\"%s\"}]}",
                         partition, names->bucket, names->prefix, partition, names->bucket, queue_arn, dead_arn));
}
