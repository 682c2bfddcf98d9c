/* What a user is told of a failure: what was asked where, why it failed, and what to do about it. */
#ifndef TI_AWS_ERROR_H
#define TI_AWS_ERROR_H

#include "aws/answer.h"
#include "aws/request.h"

/* What the sentence and the hint need to know. */
typedef struct ti_aws_story {
    const ti_aws_request *request;
    const ti_aws_where *where;
    const ti_credentials *credentials; /* NULL: none were found */
    bool own_endpoint;
    unsigned attempts;
} ti_aws_story;

/* Fills the error from an answer and returns the status. */
ticker_status ti_aws_fail_answer(const ti_aws_story *story, const ti_aws_answer *answer, ticker_error *error);
/* The same when there was no answer: `failure` is what ti_http said. */
ticker_status ti_aws_fail_transport(const ti_aws_story *story, const ticker_error *failure, ticker_error *error);

#endif
