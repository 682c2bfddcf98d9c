/* ticker-cli aws: the bucket, topic and queues that uploads go through. */
#include "aws.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "remote.h"

/* Letters, digits, '-' and '_': what SNS and SQS allow (".fifo" is of no use here). */
static bool valid_name(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    return size > 0 && size < AWS_NAME_MAX && name[size] == '\0';
}

/* As S3 names buckets; 3 to 63 characters. */
static bool valid_bucket(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-");

    return size >= 3 && size <= 63 && name[size] == '\0' && isalnum((unsigned char)name[0]) &&
           isalnum((unsigned char)name[size - 1]);
}

/* What the policies and the notification can hold without being escaped. */
static bool valid_prefix(const char *prefix)
{
    for (const char *at = prefix; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at) && strchr("/!-_.'()=:@", *at) == NULL)
            return false;
    return true;
}

/* The name in "sqs:NAME", a queue URL or an ARN: what stands behind the last '/' or ':'. */
static const char *queue_name(const char *url)
{
    const char *slash = strrchr(url, '/'), *colon = strrchr(url, ':');
    const char *at = slash != NULL && (colon == NULL || slash > colon) ? slash : colon;

    return strncmp(url, "database:", strlen("database:")) == 0 || at == NULL ? "" : at + 1;
}

static bool take_name(cli_context *cli, const char *flag, const char *fallback, char *name, size_t size)
{
    const char *value = front_args_value(&cli->args, flag);

    if (value == NULL)
        value = fallback;
    if (!valid_name(value)) {
        front_error(&cli->console, "--%s cannot be \"%s\"; use 1 to 80 letters, digits, '-' and '_'", flag, value);
        return false;
    }
    return snprintf(name, size, "%s", value) < (int)size;
}

/* s3://bucket/prefix: of the flag --bucket or of STORAGE_URL. */
static bool take_bucket(cli_context *cli, aws_names *names)
{
    const char *flag = front_args_value(&cli->args, "bucket"), *url, *prefix = "";
    char text[TICKER_BUCKET_MAX + 8];
    size_t size;

    url = flag != NULL ? flag : ticker_options_get(cli->options, "storage-url");
    if (flag != NULL && strncmp(flag, "s3://", 5) != 0) {
        (void)snprintf(text, sizeof text, "s3://%s", flag);
        url = text;
    }
    if (!cli_s3_url(url, names->bucket, &prefix) || !valid_bucket(names->bucket)) {
        if (url[0] == '\0' || strncmp(url, "file:", 5) == 0)
            front_error(&cli->console, "no bucket is named; use --bucket NAME, or set STORAGE_URL=s3://bucket/prefix");
        else
            front_error(&cli->console, "\"%s\" names no bucket; use 3 to 63 of a-z 0-9 . - in s3://bucket/prefix", url);
        return false;
    }
    size = strlen(prefix);
    if (size + 2 > sizeof names->prefix || !valid_prefix(prefix)) {
        front_error(&cli->console, "the prefix \"%s\" is too long or has characters that need to be escaped", prefix);
        return false;
    }
    (void)snprintf(names->prefix, sizeof names->prefix, "%s%s", prefix, size > 0 && prefix[size - 1] != '/' ? "/" : "");
    return true;
}

bool aws_read_names(cli_context *cli, aws_names *names)
{
    const char *queue = queue_name(ticker_options_get(cli->options, "queue-url"));
    char dead[AWS_NAME_MAX + 8];

    memset(names, 0, sizeof *names);
    if (!take_bucket(cli, names) || !take_name(cli, "topic", "ticker-uploads", names->topic, sizeof names->topic) ||
        !take_name(cli, "queue", queue[0] != '\0' ? queue : "ticker-imports", names->queue, sizeof names->queue))
        return false;
    (void)snprintf(dead, sizeof dead, "%s-dead", names->queue);
    return take_name(cli, "dead-letter-queue", dead, names->dead, sizeof names->dead);
}

static front_exit run(cli_context *cli)
{
    const char *what = cli->args.positional[0];
    ticker_error *error;
    ticker_aws *aws = NULL;
    front_exit result;

    if (strcmp(what, "setup") != 0 && strcmp(what, "status") != 0) {
        front_error(&cli->console, "aws cannot do \"%s\"; use setup or status", what);
        return FRONT_USAGE;
    }
    error = ticker_error_new();
    if (error == NULL) {
        front_error(&cli->console, "out of memory");
        return FRONT_FAILED;
    }
    if (cli_aws(cli, &aws, error) != TICKER_OK) {
        front_report(&cli->console, error, NULL);
        result = front_exit_of(error);
    } else {
        result = strcmp(what, "setup") == 0 ? aws_setup(cli, aws, error) : aws_status(cli, aws, error);
    }
    ticker_error_free(error);
    return result;
}

static const char *const options[] = {"storage-url",   "queue-url",    CLI_AWS_OPTIONS,
                                      "s3-addressing", "sqs-protocol", NULL};

static const front_flag flags[] = {
    {"bucket", 0, false, "NAME", "bucket, or s3://bucket/prefix (default: that of STORAGE_URL)"},
    {"topic", 0, false, "NAME", "topic (default: ticker-uploads)"},
    {"queue", 0, false, "NAME", "queue (default: that of QUEUE_URL, else ticker-imports)"},
    {"dead-letter-queue", 0, false, "NAME", "queue of what failed too often (default: the queue's name and -dead)"},
    {"max-receives", 0, false, "N", "attempts before a message is dead (1 to 1000, default: 5)"},
    {"visibility", 0, false, "SECONDS", "how long a received message is hidden (0 to 43200, default: 900)"},
    {"raw", 0, false, NULL, "deliver events without SNS's envelope"},
    {"dry-run", 0, false, NULL, "setup: change nothing, print the policies"},
    {"json", 0, false, NULL, "status: print one JSON object, for scripts"},
};

const cli_command cli_command_aws = {
    .name = "aws",
    .arguments = "setup|status",
    .complete = "setup|status",
    .summary = "make or check bucket, topic and queues for uploads",
    .text = "setup makes what is missing and leaves what is there: a bucket, a topic that the bucket\n"
            "tells of new objects, a queue that the topic delivers to, and a dead-letter queue; with\n"
            "the policies that let each speak to the next and to nobody else. Run it again at any\n"
            "time. It prints the settings that the programs need then.\n\n"
            "status looks at each of them, says what is wrong and counts messages that wait, are\n"
            "being worked on, and are dead. It ends with 1 when something is missing.\n\n"
            "Keys come from where the AWS tools take them: AWS_ACCESS_KEY_ID, ~/.aws, a role\n"
            "('man ticker-aws').\n",
    .examples = "  " CLI_PROGRAM " aws setup --bucket my-quotes\n"
                "  " CLI_PROGRAM " aws setup --bucket s3://my-quotes/b3 --dry-run\n"
                "  AWS_ENDPOINT_URL=http://localhost:4566 " CLI_PROGRAM " aws setup --bucket quotes\n"
                "  STORAGE_URL=s3://my-quotes QUEUE_URL=sqs:ticker-imports " CLI_PROGRAM " aws status\n",
    .options = options,
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .min = 1,
    .max = 1,
    .run = run,
};
