/* SQS: queues and messages. Any thread; several calls at once on one client. Statuses as in s3.h; a queue that does not
 * exist is TICKER_FATAL with HTTP status 400 and the code "QueueDoesNotExist" whatever protocol and name the server
 * used. The option "sqs-protocol" chooses between json (default) and query. */
#ifndef TICKERIMPORT_SQS_H
#define TICKERIMPORT_SQS_H

#include <tickerimport/aws.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A list of names and values, for attributes. Ends with a NULL name. */
typedef struct ticker_attribute {
    const char *name, *value;
} ticker_attribute;

/* Makes a queue, or finds it when it is there with the same attributes. `attributes` may be NULL. *url: ticker_free().
 */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_create_queue(ticker_aws *aws, const char *name,
                                                                   const ticker_attribute *attributes, char **url,
                                                                   ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_queue_url(ticker_aws *aws, const char *name, char **url,
                                                                ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_delete_queue(ticker_aws *aws, const char *url,
                                                                   ticker_error *error);
/* One attribute ("QueueArn", "ApproximateNumberOfMessages" …). TICKER_DONE: the queue has no such attribute set.
 * *value: ticker_free(). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_attribute(ticker_aws *aws, const char *url, const char *name,
                                                                char **value, ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_set_attributes(ticker_aws *aws, const char *url,
                                                                     const ticker_attribute *attributes,
                                                                     ticker_error *error);

/* What a receive delivered. */
typedef struct ticker_sqs_messages ticker_sqs_messages;

/* Up to `max` (1 to 10) messages, waiting up to `wait` (0 to 20) seconds for the first; `visibility` seconds until they
 * are seen again (-1: the queue's own). TICKER_OK, also with none. A body whose MD5 differs from what the server says
 * is TICKER_RETRY. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_receive(ticker_aws *aws, const char *url, int max, int wait,
                                                              int visibility, ticker_sqs_messages **messages,
                                                              ticker_error *error);
TICKER_API void ticker_sqs_messages_free(ticker_sqs_messages *messages); /* accepts NULL */
TICKER_API size_t ticker_sqs_messages_count(const ticker_sqs_messages *messages);
/* Of message `index`; "" (or 0) outside the list. They live as long as the list. */
TICKER_API const char *ticker_sqs_message_id(const ticker_sqs_messages *messages, size_t index);
TICKER_API const char *ticker_sqs_message_receipt(const ticker_sqs_messages *messages, size_t index);
TICKER_API const char *ticker_sqs_message_body(const ticker_sqs_messages *messages, size_t index, size_t *size);
/* "ApproximateReceiveCount", "SentTimestamp" …; "" when it did not come. */
TICKER_API const char *ticker_sqs_message_attribute(const ticker_sqs_messages *messages, size_t index,
                                                    const char *name);

TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_delete(ticker_aws *aws, const char *url, const char *receipt,
                                                             ticker_error *error);
/* Seconds from now on until it is seen again: 0 to 43200. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_change_visibility(ticker_aws *aws, const char *url,
                                                                        const char *receipt, int seconds,
                                                                        ticker_error *error);
/* Up to 10 at once. results[i] says what became of receipts[i]: TICKER_OK, TICKER_RETRY (the server's fault),
 * TICKER_FAILED (the receipt is no longer good). TICKER_OK when all are OK, TICKER_WARN when some are not (`error`
 * tells of the first); anything else: the whole request failed. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_delete_batch(ticker_aws *aws, const char *url,
                                                                   const char *const *receipts, size_t count,
                                                                   ticker_status *results, ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_change_visibility_batch(ticker_aws *aws, const char *url,
                                                                              const char *const *receipts,
                                                                              const int *seconds, size_t count,
                                                                              ticker_status *results,
                                                                              ticker_error *error);
/* `delay` 0 to 900 seconds, or -1 for the queue's own. *id (may be NULL): ticker_free(). The server's MD5 of the body
 * is compared. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_send(ticker_aws *aws, const char *url, const char *body,
                                                           int delay, char **id, ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_send_batch(ticker_aws *aws, const char *url,
                                                                 const char *const *bodies, size_t count,
                                                                 ticker_status *results, ticker_error *error);

#ifdef __cplusplus
}
#endif
#endif
