#include "remote.h"

#include <inttypes.h>
#include <string.h>

#include <tickerimport/limits.h>

#include "interrupt.h"

static int on_interrupted(void *payload)
{
    (void)payload;
    return front_interrupted() ? 1 : 0;
}

static void on_attempt(void *payload, const char *service, const char *operation, int http_status, unsigned attempt,
                       int64_t microseconds)
{
    cli_context *cli = payload;

    front_detail(&cli->console, "%s %s: %d, attempt %u, %" PRId64 " ms", service, operation, http_status, attempt,
                 microseconds / 1000);
}

ticker_status cli_aws(cli_context *cli, ticker_aws **aws, ticker_error *error)
{
    ticker_aws_events events = {
        .size = sizeof events, .payload = cli, .interrupted = on_interrupted, .attempt = on_attempt};
    ticker_status status = TICKER_OK;

    if (cli->aws == NULL)
        status = ticker_aws_new(cli->options, &events, &cli->aws, error);
    *aws = cli->aws;
    return status;
}

bool cli_s3_url(const char *url, char bucket[TICKER_BUCKET_MAX], const char **key)
{
    static const char scheme[] = "s3://";
    const char *name = url + strlen(scheme);
    size_t size;

    if (strncmp(url, scheme, strlen(scheme)) != 0)
        return false;
    size = strcspn(name, "/");
    if (size == 0 || size >= TICKER_BUCKET_MAX)
        return false;
    memcpy(bucket, name, size);
    bucket[size] = '\0';
    *key = name[size] == '/' ? name + size + 1 : name + size;
    return true;
}
