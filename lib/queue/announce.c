/* Telling a queue of a stored object when nobody else does, in the words of S3: so whoever reads the queue need not know where an upload
 * went. */
#include <string.h>

#include <tickerimport/storage.h>

#include "base/buffer.h"
#include "base/encode.h"
#include "base/error.h"
#include "queue/queue.h"

#define NOTICE_MAX 16384 /* bytes: a key is three times as long when encoded */
#define S3_SCHEME "s3://"

/* The bucket and the key in it of what was stored. A directory counts as a bucket with the name "file". */
static ticker_status place_of(const ticker_storage *storage, const ticker_stored *stored, ti_slice *bucket,
                              ti_slice *key, ticker_error *error)
{
    const char *url = ticker_stored_url(stored), *slash;

    if (strcmp(ticker_storage_backend(storage), "s3") != 0) {
        *bucket = ti_slice_of(ticker_storage_backend(storage));
        *key = ti_slice_of(ticker_stored_key(stored));
        return TICKER_OK;
    }
    url += strncmp(url, S3_SCHEME, strlen(S3_SCHEME)) == 0 ? strlen(S3_SCHEME) : 0;
    slash = strchr(url, '/');
    if (slash == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "what was stored in S3 has no bucket");
    *bucket = (ti_slice){url, (size_t)(slash - url)};
    *key = ti_slice_of(slash + 1);
    return TICKER_OK;
}

static const char *write_notice(ti_buffer *notice, ti_slice bucket, ti_slice key, const ticker_stored *stored)
{
    char time[TI_TIME_EXTENDED_MAX];
    int64_t now = ti_clock_system.now(ti_clock_system.self);

    ti_time_extended(now, time);
    (void)ti_buffer_printf(notice,
                           "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventSource\":\"ticker:s3\",\"awsRegion\":\"\","
                           "\"eventTime\":\"%s\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"s3SchemaVersion\":"
                           "\"1.0\",\"configurationId\":\"ticker\",\"bucket\":{\"name\":",
                           time);
    (void)ti_buffer_json(notice, bucket);
    (void)ti_buffer_text(notice, "},\"object\":{\"key\":\"");
    (void)ti_buffer_percent(notice, key, true);
    (void)ti_buffer_printf(notice, "\",\"size\":%lld,\"eTag\":", (long long)ticker_stored_bytes(stored));
    (void)ti_buffer_json(notice, ti_slice_of(ticker_stored_etag(stored)));
    if (ticker_stored_version(stored)[0] != '\0') {
        (void)ti_buffer_text(notice, ",\"versionId\":");
        (void)ti_buffer_json(notice, ti_slice_of(ticker_stored_version(stored)));
    }
    (void)ti_buffer_printf(notice, ",\"sequencer\":\"%016llX\"}}}]}", (unsigned long long)now);
    return ti_buffer_string(notice);
}

ticker_status ticker_queue_announce(ticker_queue *queue, const ticker_storage *storage, const ticker_stored *stored,
                                    ticker_error *error)
{
    ti_slice bucket, key;
    ti_buffer notice;
    const char *text;
    ticker_status status;

    if (queue->ops->told_by(queue, ticker_storage_backend(storage)))
        return TICKER_OK;
    status = place_of(storage, stored, &bucket, &key, error);
    if (status != TICKER_OK)
        return status;
    ti_buffer_init(&notice, NOTICE_MAX);
    text = write_notice(&notice, bucket, key, stored);
    status = text != NULL ? ticker_queue_send(queue, text, 0, error) : ti_fail_memory(error);
    ti_buffer_free(&notice);
    return status;
}
