/* Builds without an AWS client have no storage in S3. */
#include "base/error.h"
#include "storage/storage.h"

ticker_status ti_s3_storage_open(const ticker_options *options, ticker_aws *aws, const char *place,
                                 ticker_storage **storage, ticker_error *error)
{
    (void)options;
    (void)aws;
    (void)place;
    (void)storage;
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "this build of the library has no AWS client");
}
