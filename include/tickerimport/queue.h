/* Where events come from: an SQS queue, or a table of the database, behind one interface with the same guarantees: at
 * least once, a message that is worked on is hidden for a time, attempts are counted, what fails too often goes to the
 * dead letters. Bodies are S3 event notifications (event.h). */
#ifndef TICKERIMPORT_QUEUE_H
#define TICKERIMPORT_QUEUE_H

#include <tickerimport/aws.h>
#include <tickerimport/storage.h>
#include <tickerimport/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_queue ticker_queue;

/* By the option "queue-url": "sqs:NAME", an SQS queue URL or ARN, or "database:" (default), which needs `store`: the
 * queue then works in that store (it is migrated, and must not be in an import or a query during a call) and is used by
 * its thread only; with SQS several threads may use it. `aws` may be NULL: then a client is made when one is needed;
 * what is given must outlive the queue. TICKER_FATAL with TICKER_ERROR_USAGE: no such kind of URL, no such queue, no
 * store; with TICKER_ERROR_UNSUPPORTED: this build has no AWS client; TICKER_RETRY with TICKER_ERROR_SERVICE: it cannot
 * be reached.
 *
 * Statuses of the calls below, besides what they say: TICKER_RETRY: the database or SQS is down, locked, throttled,
 * or the caller wanted to stop; TICKER_FATAL with TICKER_ERROR_USAGE: an argument is outside its range, the right to
 * do it is missing; TICKER_FATAL with TICKER_ERROR_MEMORY. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_open(const ticker_options *options, ticker_aws *aws,
                                                             ticker_store *store, ticker_queue **queue,
                                                             ticker_error *error);
TICKER_API void ticker_queue_free(ticker_queue *queue);                 /* accepts NULL */
TICKER_API const char *ticker_queue_backend(const ticker_queue *queue); /* "sqs" or "database" */
/* `interrupted` (NULL: nobody) is asked at least four times a second while ticker_queue_receive() waits; not 0 ends it
 * with TICKER_RETRY and TICKER_ERROR_CANCELLED. With SQS it works for a client that the queue made itself, and then in
 * all calls; a client that was handed in asks its own events. */
TICKER_API void ticker_queue_watch(ticker_queue *queue, int (*interrupted)(void *payload), void *payload);

/* Puts a message in, seen after `delay` seconds (0 to 900). The body is UTF-8 of up to TICKER_EVENT_BYTES_MAX bytes
 * without control characters but tabs and line ends; else TICKER_FAILED with TICKER_ERROR_INPUT or TICKER_ERROR_LIMIT. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_send(ticker_queue *queue, const char *body, int delay,
                                                             ticker_error *error);
/* Tells the queue of an object that was stored: sends what S3 would send (event.h), with the storage's bucket, or
 * "file" for a directory, and the key, encoded as S3 does it. Does nothing when S3 and SQS have that between them: for
 * a storage in S3 and a queue in SQS, the bucket's notification is to be configured (ticker_s3_notify()). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_announce(ticker_queue *queue, const ticker_storage *storage,
                                                                 const ticker_stored *stored, ticker_error *error);

/* A message that is being worked on. */
typedef struct ticker_message ticker_message;
TICKER_API void ticker_message_free(ticker_message *message); /* accepts NULL; says nothing to the queue */
TICKER_API const char *ticker_message_id(const ticker_message *message);
TICKER_API const char *ticker_message_body(const ticker_message *message, size_t *size);
TICKER_API int64_t ticker_message_attempts(const ticker_message *message); /* this one counted: 1, 2 … */
TICKER_API int64_t ticker_message_sent(const ticker_message *message);     /* milliseconds since 1970 UTC; 0 unknown */

/* Up to `max` (1 to 10) messages into `messages`, their number in *count, hidden from others for `visibility` seconds
 * (1 to 43200); waits up to `wait` seconds (0 to 20) for the first. TICKER_OK, also with none. Roughly the oldest come
 * first. A message that was received as often as the option "queue-max-attempts" says (SQS: as its redrive policy says)
 * goes to the dead letters instead. In SQLite an import keeps others from writing: while it lasts there are no messages
 * for anybody, and the calls below wait up to a minute. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_receive(ticker_queue *queue, size_t max, int wait,
                                                                int visibility, ticker_message **messages,
                                                                size_t *count, ticker_error *error);
/* These speak of a received message. TICKER_FAILED with TICKER_ERROR_INPUT: it is no longer ours (its time ran out and
 * another has it, or it is gone). Hides it for `seconds` (1 to 43200) from now on. */
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

/* Messages waiting (delayed ones too), being worked on, and dead (-1: not known). Each pointer may be NULL. With SQS
 * they are approximate. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_counts(ticker_queue *queue, int64_t *waiting, int64_t *working,
                                                               int64_t *dead, ticker_error *error);
/* The dead letters, oldest first, up to `max` (1 or more): `visit` gets id, body, reason ("" unknown), attempts and when it was
 * sent. With SQS this receives them for a moment. Anything but TICKER_OK from `visit` ends it and is returned. */
TICKER_API TICKER_MUST_CHECK ticker_status
ticker_queue_dead(ticker_queue *queue, int64_t max,
                  ticker_status (*visit)(void *payload, const char *id, const char *body, const char *reason,
                                         int64_t attempts, int64_t sent, ticker_error *error),
                  void *payload, ticker_error *error);
/* Puts dead letters back into the queue with no attempts, or drops them: the one with this id, or all (`id` NULL).
 * *count (may be NULL) says how many; TICKER_OK also when that is 0. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_retry_dead(ticker_queue *queue, const char *id, int64_t *count,
                                                                   ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_queue_drop_dead(ticker_queue *queue, const char *id, int64_t *count,
                                                                  ticker_error *error);

#ifdef __cplusplus
}
#endif
#endif
