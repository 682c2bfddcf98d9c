#include <stdlib.h>
#include <string.h>

#include "aws/s3.h"
#include "base/error.h"
#include "base/number.h"

#define ETAG_MAX 1024
#define VERSION_MAX 1024

static char *copy_of(ti_slice text)
{
    return ti_slice_copy(text);
}

ticker_s3_object *ti_s3_object_new(ti_slice key, int64_t bytes, ti_slice etag, ti_slice version, int64_t modified)
{
    ticker_s3_object *object = calloc(1, sizeof(*object));

    if (object == NULL)
        return NULL;
    *object = (ticker_s3_object){copy_of(key), copy_of(ti_s3_unquoted(etag)), copy_of(version), bytes, modified};
    if (object->key == NULL || object->etag == NULL || object->version == NULL) {
        ticker_s3_object_free(object);
        return NULL;
    }
    return object;
}

void ticker_s3_object_free(ticker_s3_object *object)
{
    if (object == NULL)
        return;
    free(object->key);
    free(object->etag);
    free(object->version);
    free(object);
}

const char *ticker_s3_object_key(const ticker_s3_object *object)
{
    return object != NULL ? object->key : "";
}

int64_t ticker_s3_object_bytes(const ticker_s3_object *object)
{
    return object != NULL ? object->bytes : 0;
}

const char *ticker_s3_object_etag(const ticker_s3_object *object)
{
    return object != NULL ? object->etag : "";
}

const char *ticker_s3_object_version(const ticker_s3_object *object)
{
    return object != NULL ? object->version : "";
}

int64_t ticker_s3_object_modified(const ticker_s3_object *object)
{
    return object != NULL ? object->modified : 0;
}

/* What the headers of a HEAD say. */
static ticker_status read_head(const ti_s3_call *call, ticker_s3_object **object, ticker_error *error)
{
    ti_slice etag = ti_http_response_header(&call->response, "ETag");
    ti_slice version = ti_http_response_header(&call->response, "x-amz-version-id");
    int64_t bytes, modified;

    if (!ti_parse_integer(ti_http_response_header(&call->response, "Content-Length"), false, &bytes))
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "HeadObject: the server does not say how long it is");
    if (etag.size > ETAG_MAX || version.size > VERSION_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "HeadObject: the ETag or the version is too long");
    if (!ti_time_parse_http(ti_http_response_header(&call->response, "Last-Modified"), &modified))
        modified = 0;
    *object = ti_s3_object_new(call->request.path, bytes, etag, version, modified);
    return *object != NULL ? TICKER_OK : ti_fail_memory(error);
}

ticker_status ticker_s3_head(ticker_aws *aws, const char *bucket, const char *key, const char *version,
                             ticker_s3_object **object, ticker_error *error)
{
    ticker_status status = ti_s3_check_key(aws, bucket, key, error);
    ti_s3_call call;

    if (status != TICKER_OK)
        return status;
    if (object == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a place for the object is needed");
    ti_s3_call_begin(&call, "HeadObject", "HEAD", bucket, key);
    if (version != NULL && *version != '\0')
        ti_s3_call_query(&call, "versionId", version);
    status = ti_s3_call_perform(aws, &call, error);
    if (status == TICKER_OK)
        status = read_head(&call, object, error);
    ti_s3_call_end(&call);
    return status;
}

ticker_status ticker_s3_delete(ticker_aws *aws, const char *bucket, const char *key, const char *version,
                               ticker_error *error)
{
    ticker_status status = ti_s3_check_key(aws, bucket, key, error);
    ticker_error failed;
    ti_s3_call call;

    if (status != TICKER_OK)
        return status;
    ti_error_init(&failed);
    ti_s3_call_begin(&call, "DeleteObject", "DELETE", bucket, key);
    if (version != NULL && *version != '\0')
        ti_s3_call_query(&call, "versionId", version);
    status = ti_s3_call_perform(aws, &call, &failed);
    /* AWS does not say whether there was one; others do. */
    if (status != TICKER_OK &&
        (strcmp(failed.aws_code, "NoSuchKey") == 0 || strcmp(failed.aws_code, "NoSuchVersion") == 0))
        status = TICKER_OK;
    if (status != TICKER_OK)
        ti_error_copy(error, &failed);
    ti_s3_call_end(&call);
    return status;
}
