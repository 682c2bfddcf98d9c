/* SQS: queues and messages. Any thread; several calls at once on one client.
 *
 * Statuses of all calls: TICKER_OK; TICKER_RETRY with TICKER_ERROR_SERVICE (service down, throttled, an answer that cannot
 * be understood: after all attempts) or TICKER_ERROR_CANCELLED; TICKER_FAILED with TICKER_ERROR_INPUT (a receipt that is no
 * longer good, a body that SQS does not take) or TICKER_ERROR_LIMIT; TICKER_FATAL with TICKER_ERROR_USAGE (keys, rights,
 * region, no such queue, a wrong argument), TICKER_ERROR_UNSUPPORTED (no SQS, or one that wants the other protocol) or
 * TICKER_ERROR_MEMORY. The error has the HTTP status and AWS's code, which is the same whatever the protocol: a queue that
 * does not exist is TICKER_FATAL with HTTP status 400 and "QueueDoesNotExist". The option "sqs-protocol" chooses between
 * json (default) and query.
 *
 * `url` is the queue's, as ticker_sqs_queue_url() tells it. Without an endpoint in the options its host is asked, in the
 * region that it names; with one it is only the queue's name. A message may be sent or received twice: when an answer is
 * lost the call is repeated. */
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

/* Makes a queue, or finds it when it is there with the same attributes. `attributes` may be NULL; at most
 * TICKER_ATTRIBUTES_MAX. *url: ticker_free(). TICKER_FATAL with "QueueNameExists": it is there with other attributes;
 * TICKER_RETRY with "QueueDeletedRecently": it was deleted less than a minute ago. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_create_queue(ticker_aws *aws, const char *name,
                                                                   const ticker_attribute *attributes, char **url,
                                                                   ticker_error *error);
/* The URL of a queue of the account. *url: ticker_free(). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_queue_url(ticker_aws *aws, const char *name, char **url,
                                                                ticker_error *error);
/* Deletes it with all its messages. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_delete_queue(ticker_aws *aws, const char *url,
                                                                   ticker_error *error);
/* One attribute ("QueueArn", "ApproximateNumberOfMessages" …). TICKER_DONE: it is not set, or empty. *value:
 * ticker_free(). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_attribute(ticker_aws *aws, const char *url, const char *name,
                                                                char **value, ticker_error *error);
/* Sets attributes, at most TICKER_ATTRIBUTES_MAX; the others stay. An empty value takes a policy away. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_set_attributes(ticker_aws *aws, const char *url,
                                                                     const ticker_attribute *attributes,
                                                                     ticker_error *error);

/* What a receive delivered. */
typedef struct ticker_sqs_messages ticker_sqs_messages;

/* Up to `max` (1 to 10) messages, waiting up to `wait` (0 to 20) seconds for the first; `visibility` seconds until they
 * are seen again (-1: the queue's own). TICKER_OK, also with none. A message whose body has another MD5 than the server
 * says is left out and seen again after its time; when no other came, that is TICKER_RETRY. So is "OverLimit": too many
 * messages are being worked on. *messages: ticker_sqs_messages_free(). What came with a failed call is seen again after
 * its time. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_receive(ticker_aws *aws, const char *url, int max, int wait,
                                                              int visibility, ticker_sqs_messages **messages,
                                                              ticker_error *error);
TICKER_API void ticker_sqs_messages_free(ticker_sqs_messages *messages); /* accepts NULL */
TICKER_API size_t ticker_sqs_messages_count(const ticker_sqs_messages *messages);
/* Of message `index`; "" (or 0) outside the list. They live as long as the list. `size` may be NULL; a body ends with a
 * NUL, which `size` does not count. */
TICKER_API const char *ticker_sqs_message_id(const ticker_sqs_messages *messages, size_t index);
TICKER_API const char *ticker_sqs_message_receipt(const ticker_sqs_messages *messages, size_t index);
TICKER_API const char *ticker_sqs_message_body(const ticker_sqs_messages *messages, size_t index, size_t *size);
/* "ApproximateReceiveCount", "SentTimestamp" …; "" when it did not come. */
TICKER_API const char *ticker_sqs_message_attribute(const ticker_sqs_messages *messages, size_t index,
                                                    const char *name);

/* Deletes a message that was received: it is done. Some servers say TICKER_OK for one that is gone, too. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_delete(ticker_aws *aws, const char *url, const char *receipt,
                                                             ticker_error *error);
/* Seconds from now on until it is seen again: 0 to 43200. TICKER_FAILED with "MessageNotInflight": its time ran out. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_change_visibility(ticker_aws *aws, const char *url,
                                                                        const char *receipt, int seconds,
                                                                        ticker_error *error);
/* Up to 10 at once. results[i] says what became of receipts[i]: TICKER_OK, TICKER_RETRY (the server's fault, throttled, or
 * the answer does not speak of it), TICKER_FAILED (the receipt is no longer good). TICKER_OK when all are OK, TICKER_WARN
 * when some are not (`error` tells of the first, with its code); anything else: the whole request failed, and each result
 * is that status. After TICKER_FATAL with TICKER_ERROR_USAGE results may be left alone. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_delete_batch(ticker_aws *aws, const char *url,
                                                                   const char *const *receipts, size_t count,
                                                                   ticker_status *results, ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_change_visibility_batch(ticker_aws *aws, const char *url,
                                                                              const char *const *receipts,
                                                                              const int *seconds, size_t count,
                                                                              ticker_status *results,
                                                                              ticker_error *error);
/* `delay` 0 to 900 seconds, or -1 for the queue's own. *id (may be NULL): ticker_free(). The server's MD5 of the body
 * is compared: TICKER_RETRY when it differs. A body is UTF-8 without control characters but tab and line ends, of 1 to
 * TICKER_EVENT_BYTES_MAX bytes. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_send(ticker_aws *aws, const char *url, const char *body,
                                                           int delay, char **id, ticker_error *error);
/* Up to 10 at once, TICKER_EVENT_BYTES_MAX bytes together. Results as for ticker_sqs_delete_batch(); a body that SQS does
 * not take is TICKER_FAILED, and the others are sent all the same. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sqs_send_batch(ticker_aws *aws, const char *url,
                                                                 const char *const *bodies, size_t count,
                                                                 ticker_status *results, ticker_error *error);

#ifdef __cplusplus
}
#endif
#endif
