/* What commands need that speak to AWS. */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

#include "cli.h"

/* The program's AWS client, made with the first call (by the thread that runs the command); it hears interruptions, and
 * says each attempt when verbose. main() frees it. */
TICKER_MUST_CHECK ticker_status cli_aws(cli_context *cli, ticker_aws **aws, ticker_error *error);

/* "s3://bucket/key" taken apart; false when it is no such URL. `key` may be "" and points into `url`. */
bool cli_s3_url(const char *url, char bucket[TICKER_BUCKET_MAX], const char **key);

/* Options that every such command takes as flags; the keys come from the environment and files only. */
#define CLI_AWS_OPTIONS                                                                                                \
    "aws-region", "aws-profile", "aws-endpoint-url", "aws-endpoint-url-s3", "aws-endpoint-url-sns",                    \
        "aws-endpoint-url-sqs", "aws-ca-bundle", "aws-max-attempts", "aws-retry-mode"
#define CLI_S3_OPTIONS "s3-addressing", "s3-part-size", "s3-concurrency"

#endif
