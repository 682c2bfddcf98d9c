/* Builds without an AWS client have no queue in SQS. */
#include "base/error.h"
#include "queue/queue.h"

ticker_status ti_queue_sqs_open(const ticker_options *options, ticker_aws *aws, const char *url, ticker_queue **queue,
                                ticker_error *error)
{
    (void)options;
    (void)aws;
    (void)url;
    (void)queue;
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "this build of the library has no AWS client");
}
