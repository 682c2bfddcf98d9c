/* Uploads in parts that were begun and neither completed nor aborted. */
#include <string.h>

#include "aws/s3_page.h"
#include "aws/s3_upload.h"
#include "base/error.h"

#define ABORT_TRIES 4
#define ABORT_PAUSE 250  /* milliseconds before it is tried again, doubled each time */
#define CLOCK_SLACK 2000 /* milliseconds by which the server's times may be rounded */

ticker_status ti_s3_abort(ticker_aws *aws, const char *bucket, const char *key, const char *id, ticker_error *error)
{
    int64_t pause = ABORT_PAUSE;
    ticker_status status;
    ticker_error failed;
    ti_s3_call call;

    for (int tried = 1;; tried++) {
        ti_error_init(&failed);
        ti_s3_call_begin(&call, "AbortMultipartUpload", "DELETE", bucket, key);
        ti_s3_call_query(&call, "uploadId", id);
        call.request.cleanup = true;
        status = ti_s3_call_perform(aws, &call, &failed);
        ti_s3_call_end(&call);
        if (status != TICKER_OK && strcmp(failed.aws_code, "NoSuchUpload") == 0)
            return TICKER_OK;
        if (status != TICKER_RETRY || tried == ABORT_TRIES || !ti_s3_pause(aws, &call.request, pause))
            break;
        pause *= 2;
    }
    if (status != TICKER_OK)
        ti_error_copy(error, &failed);
    return status;
}

/* A failure mostly has its hint already; what costs money for ever is more urgent. */
void ti_s3_hint_left(ticker_error *error, const char *id)
{
    char before[TICKER_ERROR_MESSAGE_MAX];

    if (error == NULL)
        return;
    memcpy(before, error->hint, sizeof(before));
    error->hint[0] = '\0';
    if (id != NULL)
        ti_error_hint(error, "upload %s of this key could not be aborted: abort it, or it takes room for ever%s%s", id,
                      *before != '\0' ? "; " : "", before);
    else
        ti_error_hint(error,
                      "an upload of this key may have been begun and left: look for it with list-multipart-uploads, or "
                      "it takes room for ever%s%s",
                      *before != '\0' ? "; " : "", before);
}

typedef struct cleaning {
    ticker_aws *aws;
    const char *bucket;
    const char *key; /* NULL: any */
    int64_t min_age, max_age;
    int64_t count;
} cleaning;

static ticker_status abort_one(void *payload, const ti_s3_entry *entry, int64_t now, ticker_error *error)
{
    cleaning *sweep = payload;
    int64_t age = now - entry->time;
    ticker_status status;

    if (entry->id == NULL || (entry->time == 0 && sweep->min_age > 0) ||
        (sweep->key != NULL && strcmp(entry->key, sweep->key) != 0) || age < sweep->min_age || age > sweep->max_age)
        return TICKER_OK;
    status = ti_s3_abort(sweep->aws, sweep->bucket, entry->key, entry->id, error);
    sweep->count += status == TICKER_OK;
    return status;
}

ticker_status ti_s3_abort_lost(ticker_aws *aws, const char *bucket, const char *key, int64_t milliseconds,
                               ticker_error *error)
{
    cleaning sweep = {aws, bucket, key, INT64_MIN, milliseconds + CLOCK_SLACK, 0};
    const ti_s3_walk walk = {TI_S3_LIST_UPLOADS, bucket, key, 0, true, abort_one, &sweep};

    return ti_s3_walk_pages(aws, &walk, error);
}

ticker_status ticker_s3_abort_uploads(ticker_aws *aws, const char *bucket, const char *prefix, int64_t seconds,
                                      int64_t *count, ticker_error *error)
{
    ticker_status status = ti_s3_check_bucket(aws, bucket, error);
    cleaning sweep = {aws, bucket, NULL, 0, INT64_MAX, 0};
    const ti_s3_walk walk = {TI_S3_LIST_UPLOADS, bucket, prefix, 0, false, abort_one, &sweep};

    if (status == TICKER_OK)
        status = ti_s3_check_prefix(prefix, error);
    if (status == TICKER_OK && (seconds < 0 || seconds > INT64_MAX / 1000))
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an age is 0 or more seconds");
    if (status != TICKER_OK)
        return status;
    sweep.min_age = seconds > 0 ? seconds * 1000 : INT64_MIN; /* the server's clock may be ahead by a bit */
    status = ti_s3_walk_pages(aws, &walk, error);
    if (count != NULL)
        *count = sweep.count;
    return status;
}
