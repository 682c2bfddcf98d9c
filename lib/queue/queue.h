/* The one interface that every queue fills in, and what they share. The public functions (queue.c) have checked their arguments before they
 * call one of these. */
#ifndef TI_QUEUE_QUEUE_H
#define TI_QUEUE_QUEUE_H

#include <stdbool.h>

#include <tickerimport/limits.h>
#include <tickerimport/queue.h>

#include "base/clock.h"
#include "base/slice.h"

#define TI_QUEUE_MESSAGES_MAX 10      /* of one receive or one batch; SQS has the same */
#define TI_QUEUE_WAIT_MAX 20          /* seconds */
#define TI_QUEUE_DELAY_MAX 900        /* seconds, of a message that is sent */
#define TI_QUEUE_VISIBILITY_MAX 43200 /* seconds: twelve hours */

typedef ticker_status (*ti_queue_visit)(void *payload, const char *id, const char *body, const char *reason,
                                        int64_t attempts, int64_t sent, ticker_error *error);

/* "No longer ours" is said by TICKER_DONE; queue.c makes a failure of it. */
typedef struct ti_queue_ops {
    const char *name;
    /* Whether events of a storage with this backend come into such a queue without our doing. */
    bool (*told_by)(const ticker_queue *queue, const char *storage_backend);
    void (*close)(ticker_queue *queue);
    ticker_status (*send)(ticker_queue *queue, const char *body, int delay, ticker_error *error);
    ticker_status (*receive)(ticker_queue *queue, size_t max, int wait, int visibility, ticker_message **messages,
                             size_t *count, ticker_error *error);
    /* Hidden for `seconds` from now on; given back: others may have it then. */
    ticker_status (*hide)(ticker_queue *queue, const ticker_message *message, int seconds, bool give_back,
                          ticker_error *error);
    /* results[i]: TICKER_OK, TICKER_DONE, or why that one failed (then `error` tells of the first). Anything but TICKER_OK returned:
     * all of it failed. */
    ticker_status (*done)(ticker_queue *queue, const ticker_message *const *messages, size_t count,
                          ticker_status *results, ticker_error *error);
    /* How often a message may be received before it goes to the dead letters; 0: any number, or it cannot be told. */
    int64_t (*max_attempts)(ticker_queue *queue);
    ticker_status (*dead_letter)(ticker_queue *queue, const ticker_message *message, const char *reason,
                                 ticker_error *error);
    ticker_status (*counts)(ticker_queue *queue, int64_t *waiting, int64_t *working, int64_t *dead,
                            ticker_error *error);
    ticker_status (*dead)(ticker_queue *queue, int64_t max, ti_queue_visit visit, void *payload, ticker_error *error);
    ticker_status (*retry_dead)(ticker_queue *queue, const char *id, int64_t *count, ticker_error *error);
    ticker_status (*drop_dead)(ticker_queue *queue, const char *id, int64_t *count, ticker_error *error);
} ti_queue_ops;

/* Backends put this first in a structure of their own. */
struct ticker_queue {
    const ti_queue_ops *ops;
    int (*interrupted)(void *payload); /* NULL: never */
    void *payload;
};

static inline bool ti_queue_interrupted(const ticker_queue *queue)
{
    return queue->interrupted != NULL && queue->interrupted(queue->payload) != 0;
}

static inline int64_t ti_queue_max_attempts(ticker_queue *queue)
{
    return queue->ops->max_attempts(queue);
}

/* A message that is being worked on, or a dead letter on its way to the caller. Texts are malloc'd. */
struct ticker_message {
    char *id, *receipt, *body;
    char *reason; /* of a dead letter; else NULL */
    size_t size;
    int64_t number; /* of the database; else 0 */
    int64_t attempts, sent;
};

/* Copies the texts; `reason` may be NULL. NULL: no memory. */
ticker_message *ti_message_new(const char *id, const char *receipt, ti_slice body, const char *reason);

/* The backends. `clock` is what waiting goes by. */
ticker_status ti_queue_database_open(ticker_store *store, int64_t max_attempts, const ti_clock *clock,
                                     ticker_queue **queue, ticker_error *error);

/* `url` is sqs:NAME, a queue's URL or its ARN. */
ticker_status ti_queue_sqs_open(const ticker_options *options, ticker_aws *aws, const char *url, ticker_queue **queue,
                                ticker_error *error);

#endif
