/* A queue in SQS: "sqs:NAME", a queue's URL, or its ARN. SQS itself hides, counts and redrives; its dead letters are in sqs_dead.c. */
#include "queue/sqs.h"

#include <stdlib.h>
#include <string.h>

#include "aws/client.h"
#include "aws/endpoint.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/number.h"

#define NAME_PREFIX "sqs:"
#define ARN_PARTS 6      /* arn:aws:sqs:REGION:ACCOUNT:NAME */
#define ARN_PART_MAX 128 /* bytes of one, NUL included */
#define HTTP_FORBIDDEN 403

/* --- Names --------------------------------------------------------------------------------------------------------------------- */

/* Letters, digits and few signs, so that a part can stand in a URL. */
static bool is_plain(const char *text)
{
    if (text[0] == '\0')
        return false;
    for (; *text != '\0'; text++) {
        bool letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                      (*text >= '0' && *text <= '9');

        if (!letter && strchr("-_.", *text) == NULL)
            return false;
    }
    return true;
}

static bool split_arn(const char *arn, char parts[ARN_PARTS][ARN_PART_MAX])
{
    for (size_t i = 0; i < ARN_PARTS; i++) {
        size_t size = strcspn(arn, ":");

        if (size >= ARN_PART_MAX || (arn[size] == ':') != (i < ARN_PARTS - 1))
            return false;
        memcpy(parts[i], arn, size);
        parts[i][size] = '\0';
        if (!is_plain(parts[i]))
            return false;
        arn += size + 1;
    }
    return strcmp(parts[0], "arn") == 0 && strcmp(parts[2], "sqs") == 0;
}

/* An ARN names region and account too, which is more than a name: so its URL is put together, unless an endpoint of the user's own is
 * asked, which may have URLs of its own kind. */
ticker_status ti_sqs_queue_by_arn(ticker_aws *aws, const char *arn, char **url, ticker_error *error)
{
    char parts[ARN_PARTS][ARN_PART_MAX];
    ti_endpoint endpoint;
    ti_buffer text;

    if (!split_arn(arn, parts)) {
        ticker_status status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "\"%.200s\" is the ARN of no queue",
                                       arn);

        ti_error_hint(error, "it looks like arn:aws:sqs:us-east-1:123456789012:NAME");
        return status;
    }
    if (ti_aws_has_endpoint(aws, TI_AWS_SQS))
        return ticker_sqs_queue_url(aws, parts[5], url, error);
    ti_buffer_init(&text, TICKER_URL_MAX);
    ti_endpoint_of_aws("sqs", parts[3], &endpoint);
    (void)ti_buffer_printf(&text, "https://%s/%s/%s", endpoint.host, parts[4], parts[5]);
    if (ti_buffer_string(&text) == NULL) {
        ti_buffer_free(&text);
        return ti_fail_memory(error);
    }
    *url = text.data; /* the buffer's memory goes to the caller */
    return TICKER_OK;
}

/* --- Messages ------------------------------------------------------------------------------------------------------------------ */

int64_t ti_sqs_queue_number(const char *text)
{
    int64_t number = 0;

    return ti_parse_integer(ti_slice_of(text), false, &number) ? number : 0;
}

ticker_message *ti_sqs_queue_message(const ticker_sqs_messages *messages, size_t index)
{
    ti_slice body;
    ticker_message *message;

    body.data = ticker_sqs_message_body(messages, index, &body.size);
    message = ti_message_new(ticker_sqs_message_id(messages, index), ticker_sqs_message_receipt(messages, index), body,
                             NULL);
    if (message == NULL)
        return NULL;
    message->attempts = ti_sqs_queue_number(ticker_sqs_message_attribute(messages, index, "ApproximateReceiveCount"));
    if (message->attempts < 1)
        message->attempts = 1;
    message->sent = ti_sqs_queue_number(ticker_sqs_message_attribute(messages, index, "SentTimestamp"));
    return message;
}

static ticker_status queue_send(ticker_queue *queue, const char *body, int delay, ticker_error *error)
{
    const ti_sqs_queue *sqs = ti_sqs_queue_of(queue);

    return ticker_sqs_send(sqs->aws, sqs->url, body, delay, NULL, error);
}

/* What cannot be kept is seen again when its time is over. */
static ticker_status take_over(const ticker_sqs_messages *came, size_t max, ticker_message **messages, size_t *count,
                               ticker_error *error)
{
    size_t all = ticker_sqs_messages_count(came);

    for (*count = 0; *count < all && *count < max; ++*count) {
        messages[*count] = ti_sqs_queue_message(came, *count);
        if (messages[*count] == NULL) {
            while (*count > 0)
                ticker_message_free(messages[--*count]);
            return ti_fail_memory(error);
        }
    }
    return TICKER_OK;
}

static ticker_status queue_receive(ticker_queue *queue, size_t max, int wait, int visibility, ticker_message **messages,
                                   size_t *count, ticker_error *error)
{
    const ti_sqs_queue *sqs = ti_sqs_queue_of(queue);
    ticker_sqs_messages *came = NULL;
    ticker_status status = ticker_sqs_receive(sqs->aws, sqs->url, (int)max, wait, visibility, &came, error);

    if (status == TICKER_OK)
        status = take_over(came, max, messages, count, error);
    ticker_sqs_messages_free(came);
    return status;
}

static ticker_status queue_hide(ticker_queue *queue, const ticker_message *message, int seconds, bool give_back,
                                ticker_error *error)
{
    const ti_sqs_queue *sqs = ti_sqs_queue_of(queue);

    (void)give_back; /* SQS makes no difference */
    return ticker_sqs_change_visibility(sqs->aws, sqs->url, message->receipt, seconds, error);
}

static ticker_status queue_done(ticker_queue *queue, const ticker_message *const *messages, size_t count,
                                ticker_status *results, ticker_error *error)
{
    const ti_sqs_queue *sqs = ti_sqs_queue_of(queue);
    const char *receipts[TI_QUEUE_MESSAGES_MAX] = {NULL};
    ticker_status status;

    if (count == 1) {
        results[0] = ticker_sqs_delete(sqs->aws, sqs->url, messages[0]->receipt, error);
        return results[0] == TICKER_FAILED ? TICKER_OK : results[0];
    }
    for (size_t i = 0; i < count; i++)
        receipts[i] = messages[i]->receipt;
    status = ticker_sqs_delete_batch(sqs->aws, sqs->url, receipts, count, results, error);
    return status == TICKER_WARN ? TICKER_OK : status; /* the results say which */
}

/* --- Counting ------------------------------------------------------------------------------------------------------------------ */

static ticker_status add_count(ti_sqs_queue *sqs, const char *url, const char *name, int64_t *sum, ticker_error *error)
{
    char *text = NULL;
    ticker_status status = ticker_sqs_attribute(sqs->aws, url, name, &text, error);

    if (status == TICKER_OK)
        *sum += ti_sqs_queue_number(text);
    ticker_free(text);
    return status == TICKER_DONE ? TICKER_OK : status;
}

/* Dead letters that somebody is looking at are dead all the same. */
static ticker_status count_dead(ti_sqs_queue *sqs, int64_t *dead, ticker_error *error)
{
    char *url = NULL;
    int64_t sum = 0;
    ticker_status status = ti_sqs_queue_dead_url(sqs, &url, error);

    if (status == TICKER_DONE)
        return TICKER_OK;
    if (status == TICKER_OK)
        status = add_count(sqs, url, "ApproximateNumberOfMessages", &sum, error);
    if (status == TICKER_OK)
        status = add_count(sqs, url, "ApproximateNumberOfMessagesNotVisible", &sum, error);
    if (status == TICKER_OK)
        *dead = sum;
    free(url);
    return status;
}

static ticker_status queue_counts(ticker_queue *queue, int64_t *waiting, int64_t *working, int64_t *dead,
                                  ticker_error *error)
{
    ti_sqs_queue *sqs = ti_sqs_queue_of(queue);
    ticker_status status;

    *waiting = *working = 0;
    status = add_count(sqs, sqs->url, "ApproximateNumberOfMessages", waiting, error);
    if (status == TICKER_OK)
        status = add_count(sqs, sqs->url, "ApproximateNumberOfMessagesDelayed", waiting, error);
    if (status == TICKER_OK)
        status = add_count(sqs, sqs->url, "ApproximateNumberOfMessagesNotVisible", working, error);
    return status == TICKER_OK ? count_dead(sqs, dead, error) : status;
}

/* --- Opening ------------------------------------------------------------------------------------------------------------------- */

/* S3 tells SQS by itself. */
static bool told_by(const ticker_queue *queue, const char *storage_backend)
{
    (void)queue;
    return strcmp(storage_backend, "s3") == 0;
}

static void close_queue(ticker_queue *queue)
{
    ti_sqs_queue *sqs = ti_sqs_queue_of(queue);

    if (sqs->own)
        ticker_aws_free(sqs->aws);
    free(sqs->url);
    free(sqs);
}

static const ti_queue_ops ops = {
    .name = "sqs",
    .told_by = told_by,
    .close = close_queue,
    .send = queue_send,
    .receive = queue_receive,
    .hide = queue_hide,
    .done = queue_done,
    .max_attempts = ti_sqs_queue_max_attempts,
    .dead_letter = ti_sqs_queue_bury,
    .counts = queue_counts,
    .dead = ti_sqs_queue_dead,
    .retry_dead = ti_sqs_queue_retry,
    .drop_dead = ti_sqs_queue_drop,
};

static int wants_to_stop(void *payload)
{
    return ti_queue_interrupted(payload);
}

static ticker_status make_client(ti_sqs_queue *sqs, const ticker_options *options, ticker_error *error)
{
    const ticker_aws_events events = {.size = sizeof(events), .payload = &sqs->base, .interrupted = wants_to_stop};
    ticker_status status = ticker_aws_new(options, &events, &sqs->aws, error);

    sqs->own = status == TICKER_OK;
    return status;
}

/* A worker need not have the right to ask; then the first receive tells whether there is such a queue. */
static ticker_status check_url(ti_sqs_queue *sqs, ticker_error *error)
{
    char *arn = NULL;
    ticker_error failed;
    ticker_status status;

    ti_error_init(&failed);
    status = ticker_sqs_attribute(sqs->aws, sqs->url, "QueueArn", &arn, &failed);
    ticker_free(arn);
    if (status == TICKER_OK || status == TICKER_DONE || failed.http_status == HTTP_FORBIDDEN ||
        strstr(failed.aws_code, "AccessDenied") != NULL)
        return TICKER_OK;
    if (error != NULL)
        ti_error_copy(error, &failed);
    return status;
}

static ticker_status find_queue(ti_sqs_queue *sqs, const char *url, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    if (strncmp(url, NAME_PREFIX, strlen(NAME_PREFIX)) == 0)
        return ticker_sqs_queue_url(sqs->aws, url + strlen(NAME_PREFIX), &sqs->url, error);
    if (strncmp(url, "arn:", strlen("arn:")) == 0)
        status = ti_sqs_queue_by_arn(sqs->aws, url, &sqs->url, error);
    else
        sqs->url = strdup(url);
    if (status == TICKER_OK && sqs->url == NULL)
        return ti_fail_memory(error);
    return status == TICKER_OK ? check_url(sqs, error) : status;
}

ticker_status ti_queue_sqs_open(const ticker_options *options, ticker_aws *aws, const char *url, ticker_queue **queue,
                                ticker_error *error)
{
    ti_sqs_queue *made = calloc(1, sizeof(*made));
    ticker_status status = TICKER_OK;

    if (made == NULL)
        return ti_fail_memory(error);
    made->base.ops = &ops;
    made->aws = aws;
    if (aws == NULL)
        status = make_client(made, options, error);
    if (status == TICKER_OK)
        status = find_queue(made, url, error);
    if (status != TICKER_OK) {
        close_queue(&made->base);
        return status;
    }
    *queue = &made->base;
    return TICKER_OK;
}
