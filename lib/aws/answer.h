/* What an answer says: the code in it, one for each error whatever protocol, and what kind of trouble that is. */
#ifndef TI_AWS_ANSWER_H
#define TI_AWS_ANSWER_H

#include "aws/client.h"
#include "aws/settings.h"

typedef enum ti_aws_reason {
    TI_REASON_OTHER = 0,
    TI_REASON_THROTTLED,
    TI_REASON_TRANSIENT, /* the service's own trouble */
    TI_REASON_LATER,     /* not now, but repeating at once is no use */
    TI_REASON_CLOCK,
    TI_REASON_SIGNATURE,
    TI_REASON_UNKNOWN_KEY,
    TI_REASON_EXPIRED_KEY,
    TI_REASON_DENIED,
    TI_REASON_REGION,
    TI_REASON_NO_BUCKET,
    TI_REASON_NO_QUEUE,
    TI_REASON_NO_TOPIC,
    TI_REASON_NOT_OFFERED, /* the server does not know the operation */
    TI_REASON_NO_SERVICE   /* what answers is no AWS service */
} ti_aws_reason;

typedef struct ti_aws_answer {
    int status;
    ti_aws_reason reason;
    char code[64];              /* one name for each error, whatever protocol; "" when the server gave none */
    char message[256];          /* the server's */
    char region[TI_REGION_MAX]; /* where the bucket is, when the answer says so and it is a region's name */
    char id[64];                /* of the request, for the provider's support */
    bool has_skew;
    int64_t skew; /* milliseconds by which the server's clock is ahead of this machine's */
} ti_aws_answer;

/* Reads a response that is no success. */
void ti_aws_answer_read(const ti_aws_request *request, const ti_http_response *response, ti_aws_answer *answer);
/* Whether a 2xx answer's body says that it is a failure. */
bool ti_aws_answer_is_error(const ti_http_response *response);
/* Whether it is a page for people, which no AWS service sends. */
bool ti_aws_answer_is_page(const ti_http_response *response);
/* The server's clock less this machine's, from an answer's date; false: it has none. */
bool ti_aws_measure_skew(const ti_http_response *response, int64_t *skew);

#endif
