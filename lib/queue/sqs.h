/* What the files of the SQS queue share. */
#ifndef TI_QUEUE_SQS_H
#define TI_QUEUE_SQS_H

#include <tickerimport/sqs.h>

#include "queue/queue.h"

typedef struct ti_sqs_queue {
    ticker_queue base;
    ticker_aws *aws;
    bool own;  /* the client was made here */
    char *url; /* of the queue */
} ti_sqs_queue;

static inline ti_sqs_queue *ti_sqs_queue_of(ticker_queue *queue)
{
    return (ti_sqs_queue *)queue;
}

/* Message `index` of a receive as one of ours. NULL: no memory. */
ticker_message *ti_sqs_queue_message(const ticker_sqs_messages *messages, size_t index);
/* A number among an attribute's values; 0 when it is none. */
int64_t ti_sqs_queue_number(const char *text);
/* The URL of a queue by its ARN, malloc'd. TICKER_FATAL: it is the ARN of no queue, or there is none. */
ticker_status ti_sqs_queue_by_arn(ticker_aws *aws, const char *arn, char **url, ticker_error *error);

/* sqs_dead.c: the queue that the redrive policy names. */
/* Its URL, malloc'd. TICKER_DONE: there is no such policy. */
ticker_status ti_sqs_queue_dead_url(ti_sqs_queue *queue, char **url, ticker_error *error);
int64_t ti_sqs_queue_max_attempts(ticker_queue *queue);
ticker_status ti_sqs_queue_bury(ticker_queue *queue, const ticker_message *message, const char *reason,
                                ticker_error *error);
ticker_status ti_sqs_queue_dead(ticker_queue *queue, int64_t max, ti_queue_visit visit, void *payload,
                                ticker_error *error);
ticker_status ti_sqs_queue_retry(ticker_queue *queue, const char *id, int64_t *count, ticker_error *error);
ticker_status ti_sqs_queue_drop(ticker_queue *queue, const char *id, int64_t *count, ticker_error *error);

#endif
