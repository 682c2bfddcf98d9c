/* S3: objects and buckets. Every call may be made from any thread; several at once on one client.
 *
 * Statuses of all calls: TICKER_OK; TICKER_RETRY (service down, throttled, cancelled: after all attempts; an object that
 * was replaced while it was read; with TICKER_ERROR_IO: its bytes do not have its checksum, on the way or where it is);
 * TICKER_FAILED with TICKER_ERROR_INPUT and HTTP status 404 / 412 … (no such object, not the one that was asked for);
 * TICKER_FATAL with TICKER_ERROR_USAGE (keys, rights, region, no such bucket, wrong argument; for reading one object
 * without the right to do so TICKER_FAILED: others may be readable). The error has the HTTP status and AWS's code. */
#ifndef TICKERIMPORT_S3_H
#define TICKERIMPORT_S3_H

#include <tickerimport/aws.h>
#include <tickerimport/source.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What S3 says of an object. */
typedef struct ticker_s3_object ticker_s3_object;

TICKER_API void ticker_s3_object_free(ticker_s3_object *object); /* accepts NULL */
TICKER_API const char *ticker_s3_object_key(const ticker_s3_object *object);
TICKER_API int64_t ticker_s3_object_bytes(const ticker_s3_object *object);
/* With its quotes taken off; "" when unknown. */
TICKER_API const char *ticker_s3_object_etag(const ticker_s3_object *object);
/* "" when the bucket is not versioned. */
TICKER_API const char *ticker_s3_object_version(const ticker_s3_object *object);
/* Milliseconds since 1970 UTC; 0 when unknown. */
TICKER_API int64_t ticker_s3_object_modified(const ticker_s3_object *object);

/* `version` NULL: the latest. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_s3_head(ticker_aws *aws, const char *bucket, const char *key,
                                                          const char *version, ticker_s3_object **object,
                                                          ticker_error *error);

/* The object's bytes as a source: read in parts of "s3-part-size", "s3-concurrency" of them at once, each retried alone
 * and resumed where it broke off. All parts are of one version (If-Match): an object that is replaced meanwhile ends
 * the reading with TICKER_RETRY, never in a mixed file. A checksum that the server has of the whole object is verified
 * at the end. `etag` (may be NULL): only if it still is that one. The source is named "s3://bucket/key". The client
 * must outlive it. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_s3_get(ticker_aws *aws, const char *bucket, const char *key,
                                                         const char *version, const char *etag, ticker_source **source,
                                                         ticker_error *error);

/* Called while a put goes on, from the calling thread: bytes that are stored so far. Not 0: stop. */
typedef int (*ticker_s3_progress)(void *payload, int64_t bytes);

/* Stores what the source gives (its length need not be known; the source is freed, also on failure). Small ones go in
 * one request, others in parts, several at once, each retried alone; a failure aborts the upload, so that nothing is
 * left of it. Memory: "s3-part-size" times "s3-concurrency"; a regular file is not kept in memory, and must not change
 * meanwhile (TICKER_RETRY with TICKER_ERROR_IO). `content_type` may be NULL (application/octet-stream). `*object` (may
 * be NULL) is what was stored. `progress` may be NULL. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_s3_put(ticker_aws *aws, const char *bucket, const char *key,
                                                         ticker_source *source, const char *content_type,
                                                         ticker_s3_progress progress, void *payload,
                                                         ticker_s3_object **object, ticker_error *error);

/* TICKER_OK also when there was none. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_s3_delete(ticker_aws *aws, const char *bucket, const char *key,
                                                            const char *version, ticker_error *error);

/* Calls `visit` for each object whose key begins with `prefix` (may be ""), in S3's order, page by page. `object` is
 * borrowed for the call. Anything but TICKER_OK ends the listing and is returned. `max` > 0: at most so many. */
TICKER_API TICKER_MUST_CHECK ticker_status
ticker_s3_list(ticker_aws *aws, const char *bucket, const char *prefix, int64_t max,
               ticker_status (*visit)(void *payload, const ticker_s3_object *object, ticker_error *error),
               void *payload, ticker_error *error);

/* A URL with which anyone may GET or PUT the object (`method`) for `seconds` (1 to 604800). It is a secret while it
 * lives. ticker_free(). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_s3_presign(ticker_aws *aws, const char *method, const char *bucket,
                                                             const char *key, int64_t seconds, char **url,
                                                             ticker_error *error);
/* A form with which a browser may POST one file of up to `max_bytes` to this key (or, ending in "${filename}", below
 * this prefix): JSON {"url":…,"fields":{…}}. ticker_free(). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_s3_presign_post(ticker_aws *aws, const char *bucket, const char *key,
                                                                  int64_t max_bytes, int64_t seconds, char **form,
                                                                  ticker_error *error);

/* Makes the bucket in the client's region. TICKER_OK and *made 0 when it is there and one's own. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_s3_create_bucket(ticker_aws *aws, const char *bucket, int *made,
                                                                   ticker_error *error);
/* TICKER_OK: it is there and may be listed. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_s3_head_bucket(ticker_aws *aws, const char *bucket,
                                                                 ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_s3_delete_bucket(ticker_aws *aws, const char *bucket,
                                                                   ticker_error *error);
/* Has the bucket send "s3:ObjectCreated:*" of keys that begin with `prefix` (may be "") to a topic or queue, under the
 * configuration's `id`; other configurations of the bucket stay. *changed (may be NULL) is 0 when it was so already. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_s3_notify(ticker_aws *aws, const char *bucket, const char *id,
                                                            const char *arn, const char *prefix, int *changed,
                                                            ticker_error *error);
/* The bucket's notification configuration: calls `visit` with id, target's ARN, event and prefix of each. */
TICKER_API TICKER_MUST_CHECK ticker_status
ticker_s3_notifications(ticker_aws *aws, const char *bucket,
                        ticker_status (*visit)(void *payload, const char *id, const char *arn, const char *event,
                                               const char *prefix, ticker_error *error),
                        void *payload, ticker_error *error);
/* Uploads in parts that were begun and neither ended nor aborted, older than `seconds`: aborts them and counts them in
 * *count. `prefix` as for the list. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_s3_abort_uploads(ticker_aws *aws, const char *bucket,
                                                                   const char *prefix, int64_t seconds, int64_t *count,
                                                                   ticker_error *error);

#ifdef __cplusplus
}
#endif
#endif
