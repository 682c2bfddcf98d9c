/* Which queue a URL means, what every queue is asked for in the same way, and what its callers get wrong. */
#include "queue/queue.h"

#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/utf8.h"

#define REASON_MAX 1000 /* bytes of the reason for a dead letter, NUL included */

/* --- Opening ------------------------------------------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static ticker_status open_database(const ticker_options *options, ticker_store *store, ticker_queue **queue,
                                   ticker_error *error)
{
    ticker_status status;

    if (store != NULL)
        return ti_queue_database_open(store, ti_option_number(options, TI_OPTION_QUEUE_MAX_ATTEMPTS), &ti_clock_system,
                                      queue, error);
    status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                     "the queue is in the database, but no database was given");
    ti_error_hint(error, "open a store first, or name an SQS queue in QUEUE_URL");
    return status;
}

static bool is_sqs(const char *url)
{
    return begins(url, "sqs:") || begins(url, "arn:") || begins(url, "https://") || begins(url, "http://");
}

ticker_status ticker_queue_open(const ticker_options *options, ticker_aws *aws, ticker_store *store,
                                ticker_queue **queue, ticker_error *error)
{
    const char *url = ti_option_text(options, TI_OPTION_QUEUE_URL);
    ticker_status status;

    if (queue == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a queue needs a place to go");
    if (strcmp(url, "database:") == 0)
        return open_database(options, store, queue, error);
    if (is_sqs(url))
        return ti_queue_sqs_open(options, aws, url, queue, error);
    status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                     "the queue URL is of no known kind"); /* it may hold secrets */
    ti_error_hint(error, "write database:, sqs:NAME, or the URL or the ARN of an SQS queue in QUEUE_URL");
    return status;
}

void ticker_queue_free(ticker_queue *queue)
{
    if (queue != NULL)
        queue->ops->close(queue);
}

const char *ticker_queue_backend(const ticker_queue *queue)
{
    return queue->ops->name;
}

void ticker_queue_watch(ticker_queue *queue, int (*interrupted)(void *payload), void *payload)
{
    queue->interrupted = interrupted;
    queue->payload = payload;
}

/* --- Arguments ----------------------------------------------------------------------------------------------------------------- */

static ticker_status check_range(const char *what, int64_t value, int64_t first, int64_t last, ticker_error *error)
{
    if (value >= first && value <= last)
        return TICKER_OK;
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s of %lld; it may be %lld to %lld", what,
                   (long long)value, (long long)first, (long long)last);
}

/* Every queue takes the same texts: those that SQS takes. */
static bool is_text(ti_slice text)
{
    while (text.size > 0) {
        unsigned char first = (unsigned char)text.data[0];
        size_t length = ti_utf8_length(text);

        if (length == 0 || (first < ' ' && first != '\t' && first != '\n' && first != '\r'))
            return false;
        if (length == 3 && memcmp(text.data, "\xef\xbf", 2) == 0 && (unsigned char)text.data[2] >= 0xbe)
            return false; /* U+FFFE and U+FFFF */
        text = (ti_slice){text.data + length, text.size - length};
    }
    return true;
}

static ticker_status check_body(const char *body, ticker_error *error)
{
    size_t size = body != NULL ? strnlen(body, TICKER_EVENT_BYTES_MAX + 1) : 0;

    if (size == 0)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a message without a body cannot be sent");
    if (size > TICKER_EVENT_BYTES_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "a message of more than %d bytes cannot be sent",
                       TICKER_EVENT_BYTES_MAX);
    if (!is_text((ti_slice){body, size}))
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT,
                       "a message that is no UTF-8, or has control characters, cannot be sent");
    return TICKER_OK;
}

static ticker_status fail_lost(const ticker_message *message, ticker_error *error)
{
    ticker_status status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the message %s is no longer held",
                                   message->id);

    ti_error_hint(error, "its time ran out and another worker has it, or it is done; extend it earlier, or receive it "
                         "for a longer time");
    return status;
}

/* A backend's answer about one message. */
static ticker_status answer(const ticker_message *message, ticker_status status, ticker_error *error)
{
    return status == TICKER_DONE ? fail_lost(message, error) : status;
}

/* --- Messages ------------------------------------------------------------------------------------------------------------------ */

ticker_status ticker_queue_send(ticker_queue *queue, const char *body, int delay, ticker_error *error)
{
    ticker_status status = check_body(body, error);

    if (status == TICKER_OK)
        status = check_range("a delay", delay, 0, TI_QUEUE_DELAY_MAX, error);
    return status == TICKER_OK ? queue->ops->send(queue, body, delay, error) : status;
}

ticker_status ticker_queue_receive(ticker_queue *queue, size_t max, int wait, int visibility, ticker_message **messages,
                                   size_t *count, ticker_error *error)
{
    ticker_status status = check_range("a number of messages", max < INT64_MAX ? (int64_t)max : INT64_MAX, 1,
                                       TI_QUEUE_MESSAGES_MAX, error);

    *count = 0;
    if (status == TICKER_OK)
        status = check_range("a wait", wait, 0, TI_QUEUE_WAIT_MAX, error);
    if (status == TICKER_OK)
        status = check_range("a visibility", visibility, 1, TI_QUEUE_VISIBILITY_MAX, error);
    return status == TICKER_OK ? queue->ops->receive(queue, max, wait, visibility, messages, count, error) : status;
}

ticker_status ticker_queue_extend(ticker_queue *queue, const ticker_message *message, int seconds, ticker_error *error)
{
    ticker_status status = check_range("a visibility", seconds, 1, TI_QUEUE_VISIBILITY_MAX, error);

    return status == TICKER_OK ? answer(message, queue->ops->hide(queue, message, seconds, false, error), error)
                               : status;
}

ticker_status ticker_queue_release(ticker_queue *queue, const ticker_message *message, int delay, ticker_error *error)
{
    ticker_status status = check_range("a delay", delay, 0, TI_QUEUE_VISIBILITY_MAX, error);

    return status == TICKER_OK ? answer(message, queue->ops->hide(queue, message, delay, true, error), error) : status;
}

ticker_status ticker_queue_done(ticker_queue *queue, const ticker_message *message, ticker_error *error)
{
    ticker_status result = TICKER_OK;
    ticker_status status = queue->ops->done(queue, &message, 1, &result, error);

    return status == TICKER_OK ? answer(message, result, error) : status;
}

ticker_status ticker_queue_done_batch(ticker_queue *queue, const ticker_message *const *messages, size_t count,
                                      ticker_status *results, ticker_error *error)
{
    ticker_status status = check_range("a number of messages", count < INT64_MAX ? (int64_t)count : INT64_MAX, 0,
                                       TI_QUEUE_MESSAGES_MAX, error);
    bool some = false;

    if (status != TICKER_OK || count == 0)
        return status;
    status = queue->ops->done(queue, messages, count, results, error);
    for (size_t i = 0; i < count; i++) {
        results[i] = status == TICKER_OK ? answer(messages[i], results[i], error) : status;
        some = some || results[i] != TICKER_OK;
    }
    return status == TICKER_OK && some ? TICKER_WARN : status;
}

ticker_status ticker_queue_dead_letter(ticker_queue *queue, const ticker_message *message, const char *reason,
                                       ticker_error *error)
{
    char text[REASON_MAX];

    (void)ti_utf8_copy(text, sizeof(text), ti_slice_of(reason != NULL ? reason : ""));
    for (char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
    return answer(message, queue->ops->dead_letter(queue, message, text, error), error);
}

/* --- Counts and dead letters --------------------------------------------------------------------------------------------------- */

ticker_status ticker_queue_counts(ticker_queue *queue, int64_t *waiting, int64_t *working, int64_t *dead,
                                  ticker_error *error)
{
    int64_t found[3] = {-1, -1, -1};
    ticker_status status = queue->ops->counts(queue, &found[0], &found[1], &found[2], error);

    if (status != TICKER_OK)
        return status;
    if (waiting != NULL)
        *waiting = found[0];
    if (working != NULL)
        *working = found[1];
    if (dead != NULL)
        *dead = found[2];
    return TICKER_OK;
}

ticker_status ticker_queue_dead(ticker_queue *queue, int64_t max, ti_queue_visit visit, void *payload,
                                ticker_error *error)
{
    ticker_status status = check_range("a number of dead letters", max, 1, INT64_MAX, error);

    return status == TICKER_OK ? queue->ops->dead(queue, max, visit, payload, error) : status;
}

ticker_status ticker_queue_retry_dead(ticker_queue *queue, const char *id, int64_t *count, ticker_error *error)
{
    int64_t moved = 0;
    ticker_status status = queue->ops->retry_dead(queue, id, &moved, error);

    if (count != NULL)
        *count = moved;
    return status;
}

ticker_status ticker_queue_drop_dead(ticker_queue *queue, const char *id, int64_t *count, ticker_error *error)
{
    int64_t dropped = 0;
    ticker_status status = queue->ops->drop_dead(queue, id, &dropped, error);

    if (count != NULL)
        *count = dropped;
    return status;
}
