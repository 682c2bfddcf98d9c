/* Inside of SQS: what a call says and hears, apart from the protocol that carries it. JSON 1.0 and Query say the same
 * things in different words; each has one writer and one reader, and nothing else knows which is in use. */
#ifndef TI_AWS_SQS_H
#define TI_AWS_SQS_H

#include <tickerimport/sqs.h>

#include "base/buffer.h"
#include "base/slice.h"

#define TI_SQS_BATCH_MAX 10
#define TI_SQS_CODE_MAX 64

/* A text, or a number when the text has no data. */
typedef struct ti_sqs_field {
    const char *name;
    ti_slice text;
    int64_t number;
} ti_sqs_field;

typedef struct ti_sqs_request {
    const char *operation; /* "ReceiveMessage" */
    const char *queue_url; /* NULL: the call is about no queue, or one by its name */
    const ti_sqs_field *fields;
    size_t field_count;
    const ticker_attribute *attributes; /* to be set; NULL: none */
    const char *attribute_name;         /* to be told; NULL: none */
    const ti_sqs_field *entries;        /* of a batch: entry_count times entry_fields */
    size_t entry_count, entry_fields;
    const char *done_code; /* when a repeated call fails with it, the attempt before did it; NULL: none */
    int64_t wait;          /* milliseconds that the server may take */
    size_t max_body;       /* of the answer; 0: the client's default */
} ti_sqs_request;

/* What comes out of an answer, piece by piece. */
typedef enum ti_sqs_piece {
    TI_SQS_FIELD,     /* of the item that ends next, or of the answer itself */
    TI_SQS_ATTRIBUTE, /* the same, of its attributes */
    TI_SQS_MESSAGE,   /* a message ends: name and value are empty */
    TI_SQS_DONE,      /* an entry of a batch ends that went well */
    TI_SQS_FAILED     /* … that did not */
} ti_sqs_piece;

/* Anything but TICKER_OK ends the reading and is returned. `value` may hold NUL. */
typedef ticker_status (*ti_sqs_take)(void *self, ti_sqs_piece piece, ti_slice name, ti_slice value,
                                     ticker_error *error);

typedef struct ti_sqs_protocol {
    const char *content_type;
    const char *target; /* what X-Amz-Target begins with; NULL: not sent */
    bool (*write)(const ti_sqs_request *request, ti_buffer *body);
    /* TICKER_FAILED with INPUT: cannot be read. */
    ticker_status (*read)(ti_slice body, ti_sqs_take take, void *self, ticker_error *error);
} ti_sqs_protocol;

extern const ti_sqs_protocol ti_sqs_json, ti_sqs_query;

/* One call. `take` NULL: nothing in the answer is wanted. Failures of the server have the code that JSON has for them,
 * whichever the protocol, and the status of sqs.h. */
ticker_status ti_sqs_call(ticker_aws *aws, const ti_sqs_request *request, ti_sqs_take take, void *self,
                          ticker_error *error);
/* The code that JSON has for it: "AWS.SimpleQueueService.NonExistentQueue" is "QueueDoesNotExist". */
const char *ti_sqs_code(const char *code);
/* What an entry of a batch that failed so is to be taken for: TICKER_FAILED or TICKER_RETRY. */
ticker_status ti_sqs_entry_status(const char *code, bool sender_fault);
/* TICKER_RETRY: an answer came that says something impossible. */
ticker_status ti_sqs_strange(const char *operation, const char *what, ticker_error *error);

/* TICKER_FATAL: no client, or no queue URL. */
ticker_status ti_sqs_check(const ticker_aws *aws, const char *url, ticker_error *error);
/* TICKER_FATAL: outside what SQS takes. `what` is its name in the message. */
ticker_status ti_sqs_check_number(const char *what, int number, int least, int most, ticker_error *error);
/* TICKER_FAILED: no body that SQS takes. */
ticker_status ti_sqs_check_body(const char *body, ticker_error *error);
/* Whether `md5` (hex; empty: not said) is that of the text. */
bool ti_sqs_md5_fits(ti_slice text, ti_slice md5);
/* A copy for the caller, who frees it with ticker_free(). NULL: no memory. */
char *ti_sqs_copy(ti_slice text);

#endif
