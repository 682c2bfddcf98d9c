/* Where events come from: an SQS queue, or a table of the database, behind one interface with the same guarantees: at
 * least once, a message that is worked on is hidden for a time, attempts are counted, what fails too often goes to the
 * dead letters. Bodies are S3 event notifications (event.h). */
#ifndef TICKERIMPORT_QUEUE_H
#define TICKERIMPORT_QUEUE_H

#include <tickerimport/aws.h>
#include <tickerimport/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_queue ticker_queue;

/* By the option "queue-url": "sqs:NAME", an SQS queue URL or ARN, or "database:" (default), which needs `store`: the
 * queue then works in that store and is used by its thread only; with SQS several threads may use it. `aws` may be
 * NULL: then a client is made when one is needed; what is given must outlive the queue. TICKER_FATAL with
 * TICKER_ERROR_USAGE: no such kind of URL, no such queue, no store; TICKER_RETRY with TICKER_ERROR_SERVICE: it cannot
 * be reached. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_open(const ticker_options *options, ticker_aws *aws,
                                                             ticker_store *store, ticker_queue **queue,
                                                             ticker_error *error);
TICKER_API void ticker_queue_free(ticker_queue *queue);                 /* accepts NULL */
TICKER_API const char *ticker_queue_backend(const ticker_queue *queue); /* "sqs" or "database" */

/* Puts a message in, seen after `delay` seconds (0 to 900). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_send(ticker_queue *queue, const char *body, int delay,
                                                             ticker_error *error);

/* A message that is being worked on. */
typedef struct ticker_message ticker_message;
TICKER_API void ticker_message_free(ticker_message *message); /* accepts NULL; says nothing to the queue */
TICKER_API const char *ticker_message_id(const ticker_message *message);
TICKER_API const char *ticker_message_body(const ticker_message *message, size_t *size);
TICKER_API int64_t ticker_message_attempts(const ticker_message *message); /* this one counted: 1, 2 … */
TICKER_API int64_t ticker_message_sent(const ticker_message *message);     /* milliseconds since 1970 UTC; 0 unknown */

/* Up to `max` (1 to 10) messages into `messages`, their number in *count, hidden from others for `visibility` seconds
 * (1 to 43200); waits up to `wait` seconds (0 to 20) for the first. TICKER_OK, also with none. What the caller's events
 * say of stopping is heard while it waits. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_receive(ticker_queue *queue, size_t max, int wait,
                                                                int visibility, ticker_message **messages,
                                                                size_t *count, ticker_error *error);
/* These four speak of a received message. TICKER_FAILED: it is no longer ours (its time ran out and another has it, or
 * it is gone). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_extend(ticker_queue *queue, const ticker_message *message,
                                                               int seconds, ticker_error *error);
/* Gives it back, to be seen again after `delay` seconds (0 to 43200). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_release(ticker_queue *queue, const ticker_message *message,
                                                                int delay, ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_done(ticker_queue *queue, const ticker_message *message,
                                                             ticker_error *error);
/* Up to 10 at once: results[i] as for ticker_queue_done(). TICKER_WARN when some are not TICKER_OK. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_done_batch(ticker_queue *queue,
                                                                   const ticker_message *const *messages, size_t count,
                                                                   ticker_status *results, ticker_error *error);
/* Into the dead letters at once, with the reason; for a queue without such (SQS without redrive policy) TICKER_FATAL
 * with UNSUPPORTED. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_dead_letter(ticker_queue *queue, const ticker_message *message,
                                                                    const char *reason, ticker_error *error);

/* Messages waiting, being worked on, and dead (-1: not known). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_counts(ticker_queue *queue, int64_t *waiting, int64_t *working,
                                                               int64_t *dead, ticker_error *error);
/* The dead letters, oldest first, up to `max`: `visit` gets id, body, reason ("" unknown), attempts and when it was
 * sent. With SQS this receives them for a moment. Anything but TICKER_OK from `visit` ends it and is returned. */
TICKER_API TICKER_MUST_CHECK ticker_status
ticker_queue_dead(ticker_queue *queue, int64_t max,
                  ticker_status (*visit)(void *payload, const char *id, const char *body, const char *reason,
                                         int64_t attempts, int64_t sent, ticker_error *error),
                  void *payload, ticker_error *error);
/* Puts dead letters back into the queue, or drops them: the one with this id, or all (`id` NULL). *count (may be NULL)
 * says how many. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_retry_dead(ticker_queue *queue, const char *id, int64_t *count,
                                                                   ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_drop_dead(ticker_queue *queue, const char *id, int64_t *count,
                                                                  ticker_error *error);

#ifdef __cplusplus
}
#endif
#endif
