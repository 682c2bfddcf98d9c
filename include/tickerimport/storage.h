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

/* By the option "storage-url" (default: file:// and the XDG data folder + /ticker/uploads). A directory is made when it
 * is missing, and what puts of more than a day ago left unfinished in it is removed; of S3 nothing is asked yet. `aws`
 * may be NULL: then a client is made when one is needed; else it must outlive the storage. TICKER_FATAL with
 * TICKER_ERROR_USAGE: no such kind of URL; with TICKER_ERROR_UNSUPPORTED: this build has no AWS client; TICKER_RETRY
 * with TICKER_ERROR_SERVICE: the directory cannot be made or read. */
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
 * with what is unsafe in a path replaced and cut to TICKER_STORED_NAME_MAX bytes. All or nothing: until it is whole
 * nobody sees it; what was reported survives a power cut. `progress`: bytes stored so far; not 0 stops (TICKER_RETRY,
 * CANCELLED); may be NULL. TICKER_RETRY with TICKER_ERROR_IO: the directory is full or may not be written to; for S3
 * see s3.h; what the source says when it fails. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_storage_put(ticker_storage *storage, const char *name,
                                                              ticker_source *source,
                                                              int (*progress)(void *payload, int64_t bytes),
                                                              void *payload, ticker_stored **stored,
                                                              ticker_error *error);
/* TICKER_FAILED with TICKER_ERROR_INPUT and HTTP status 404: there is none, or it is no regular file (links are not
 * followed). The source is named by its URL; the storage must outlive it. `version` may be NULL or ""; a directory has
 * none. A key that would leave the storage ("../x"), or is none, is TICKER_FATAL with USAGE. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_storage_get(ticker_storage *storage, const char *key,
                                                              const char *version, ticker_source **source,
                                                              ticker_error *error);
/* TICKER_OK also when there was none. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_storage_delete(ticker_storage *storage, const char *key,
                                                                 ticker_error *error);
/* A request with which a client uploads `bytes` bytes straight into the storage within `seconds` (1 to 604800), as JSON
 * {"method","url","headers":{…},"key","expires_at"}. It is a secret while it lives. TICKER_FATAL with
 * TICKER_ERROR_UNSUPPORTED: this storage cannot (file). ticker_free(). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_storage_presign(ticker_storage *storage, const char *name,
                                                                  int64_t bytes, int64_t seconds, char **request,
                                                                  ticker_error *error);
/* Whether an object named by an event belongs here (bucket and prefix; a directory is the bucket "file"): a message
 * cannot make a worker read what is foreign. 1: *key (ticker_free()) is the key within the storage; 2: it is in a
 * bucket of the option "allowed-buckets" (names with commas between them), to be opened with ticker_s3_get(), and *key
 * is NULL; 0: it is foreign; -1: no memory to tell. */
TICKER_API int ticker_storage_holds(const ticker_storage *storage, const char *bucket, const char *object_key,
                                    char **key);

#ifdef __cplusplus
}
#endif
#endif
