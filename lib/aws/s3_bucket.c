#include <string.h>

#include "aws/s3.h"
#include "aws/xml.h"
#include "base/error.h"

/* The region that has no name in a CreateBucketConfiguration. */
#define HOME_REGION "us-east-1"

static ticker_status simple_call(ticker_aws *aws, const char *operation, const char *method, const char *bucket,
                                 ticker_error *error)
{
    ticker_status status;
    ti_s3_call call;

    ti_s3_call_begin(&call, operation, method, bucket, NULL);
    status = ti_s3_call_perform(aws, &call, error);
    ti_s3_call_end(&call);
    return status;
}

ticker_status ticker_s3_head_bucket(ticker_aws *aws, const char *bucket, ticker_error *error)
{
    ticker_status status = ti_s3_check_bucket(aws, bucket, error);

    return status == TICKER_OK ? simple_call(aws, "HeadBucket", "HEAD", bucket, error) : status;
}

ticker_status ticker_s3_delete_bucket(ticker_aws *aws, const char *bucket, ticker_error *error)
{
    ticker_status status = ti_s3_check_bucket(aws, bucket, error);

    return status == TICKER_OK ? simple_call(aws, "DeleteBucket", "DELETE", bucket, error) : status;
}

static ticker_status create(ticker_aws *aws, const char *bucket, ticker_error *error)
{
    const char *region = ti_aws_region(aws);
    ticker_status status;
    ti_s3_call call;
    ti_buffer xml;

    ti_buffer_init(&xml, 4096);
    ti_s3_call_begin(&call, "CreateBucket", "PUT", bucket, NULL);
    if (strcmp(region, HOME_REGION) != 0) {
        (void)ti_buffer_text(&xml, "<CreateBucketConfiguration xmlns=\"" TI_S3_XML_NAMESPACE "\"><LocationConstraint>");
        (void)ti_buffer_xml(&xml, ti_slice_of(region));
        (void)ti_buffer_text(&xml, "</LocationConstraint></CreateBucketConfiguration>");
        ti_s3_call_header(&call, "Content-Type", "application/xml");
        ti_s3_call_body(&call, xml.data, xml.size);
    }
    status = ti_buffer_failed(&xml) ? ti_fail_memory(error) : ti_s3_call_perform(aws, &call, error);
    ti_s3_call_end(&call);
    ti_buffer_free(&xml);
    return status;
}

/* In us-east-1 AWS says 200 to making one's own bucket again, so whether it is there is asked before. */
ticker_status ticker_s3_create_bucket(ticker_aws *aws, const char *bucket, int *made, ticker_error *error)
{
    ticker_status status = ti_s3_check_bucket(aws, bucket, error);
    ticker_error failed;
    bool was_there;

    if (status != TICKER_OK)
        return status;
    ti_error_init(&failed);
    status = simple_call(aws, "HeadBucket", "HEAD", bucket, &failed);
    was_there = status == TICKER_OK;
    if (!was_there && failed.http_status != 404 && failed.http_status != 403) {
        ti_error_copy(error, &failed);
        return status;
    }
    ti_error_init(&failed);
    status = create(aws, bucket, &failed);
    if (status != TICKER_OK && strcmp(failed.aws_code, "BucketAlreadyOwnedByYou") == 0) {
        status = TICKER_OK;
        was_there = true;
    }
    if (status == TICKER_OK && made != NULL)
        *made = !was_there;
    if (status != TICKER_OK && strcmp(failed.aws_code, "BucketAlreadyExists") == 0)
        ti_error_hint(&failed, "somebody else has a bucket of this name: choose another one");
    if (status != TICKER_OK)
        ti_error_copy(error, &failed);
    return status;
}
