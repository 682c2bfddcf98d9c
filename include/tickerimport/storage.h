/* Where uploads live: "s3://bucket/prefix" or "file:///directory", behind one interface. A storage may be used by
 * several threads at once. */
#ifndef TICKERIMPORT_STORAGE_H
#define TICKERIMPORT_STORAGE_H

#include <tickerimport/aws.h>
#include <tickerimport/source.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_storage ticker_storage;

/* By the option "storage-url" (default: file:// and the XDG data folder + /ticker/uploads, made when missing). `aws`
 * may be NULL: then a client is made when one is needed; else it must outlive the storage. TICKER_FATAL with
 * TICKER_ERROR_USAGE: no such kind of URL; TICKER_RETRY with TICKER_ERROR_SERVICE: the directory cannot be made. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_storage_open(const ticker_options *options, ticker_aws *aws,
                                                               ticker_storage **storage, ticker_error *error);
TICKER_API void ticker_storage_free(ticker_storage *storage); /* accepts NULL */
/* "s3" or "file"; the URL without secrets. */
TICKER_API const char *ticker_storage_backend(const ticker_storage *storage);
TICKER_API const char *ticker_storage_url(const ticker_storage *storage);

/* What was stored: its key within the storage, its full URL, its bytes. */
typedef struct ticker_stored ticker_stored;
TICKER_API void ticker_stored_free(ticker_stored *stored); /* accepts NULL */
TICKER_API const char *ticker_stored_key(const ticker_stored *stored);
TICKER_API const char *ticker_stored_url(const ticker_stored *stored);
TICKER_API int64_t ticker_stored_bytes(const ticker_stored *stored);
TICKER_API const char *ticker_stored_sha256(const ticker_stored *stored);
/* Version and ETag when the backend has them, else "". */
TICKER_API const char *ticker_stored_version(const ticker_stored *stored);
TICKER_API const char *ticker_stored_etag(const ticker_stored *stored);

/* Stores the source's bytes (freed, also on failure) under a new key made of `name`: "<16 hex digits>/<name>", the name
 * with what is unsafe in a path replaced. All or nothing: until it is whole nobody sees it; what was reported survives
 * a power cut. `progress`: bytes stored so far; not 0 stops (TICKER_RETRY, CANCELLED); may be NULL. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_storage_put(ticker_storage *storage, const char *name,
                                                              ticker_source *source,
                                                              int (*progress)(void *payload, int64_t bytes),
                                                              void *payload, ticker_stored **stored,
                                                              ticker_error *error);
/* TICKER_FAILED with HTTP status 404: there is none. The source is named by its URL. `version` may be NULL. A key that
 * would leave the storage ("../x") is TICKER_FATAL with USAGE. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_storage_get(ticker_storage *storage, const char *key,
                                                              const char *version, ticker_source **source,
                                                              ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_storage_delete(ticker_storage *storage, const char *key,
                                                                 ticker_error *error);
/* A request with which a client uploads straight into the storage, as JSON
 * {"method","url","headers":{…},"key","expires_at"}. TICKER_FATAL with TICKER_ERROR_UNSUPPORTED: this storage cannot
 * (file). ticker_free(). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_storage_presign(ticker_storage *storage, const char *name,
                                                                  int64_t bytes, int64_t seconds, char **request,
                                                                  ticker_error *error);
/* Whether an object named by an event belongs here (bucket and prefix, or the directory): a message cannot make a
 * worker read what is foreign. On 1 *key (ticker_free()) is the key within the storage; further buckets may be allowed
 * with the option "allowed-buckets", whose objects are opened with ticker_s3_get(). */
TICKER_API int ticker_storage_holds(const ticker_storage *storage, const char *bucket, const char *object_key,
                                    char **key);

#ifdef __cplusplus
}
#endif
#endif
