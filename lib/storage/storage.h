/* The one interface that every storage fills in, and what they share: keys, and the upload on its way. */
#ifndef TI_STORAGE_STORAGE_H
#define TI_STORAGE_STORAGE_H

#include <stdbool.h>

#include <tickerimport/limits.h>
#include <tickerimport/storage.h>

#include "base/hash.h"
#include "base/slice.h"

/* --- Keys ---------------------------------------------------------------------------------------------------------------------- */

#define TI_KEY_RANDOM_BYTES 8 /* of the first part of a key: 16 hex digits */
#define TI_NEW_KEY_MAX (2 * TI_KEY_RANDOM_BYTES + 1 + TICKER_STORED_NAME_MAX + 1)

/* The name as the second part of a key: one path component that is not hidden, in UTF-8, without control characters, with its ending when
 * it is cut. Never empty. */
void ti_clean_name(const char *name, char clean[TICKER_STORED_NAME_MAX + 1]);
/* False: there are no random numbers. */
bool ti_new_key(const char *name, char key[TI_NEW_KEY_MAX]);
/* Whether a key is one, and names something below the storage: not empty or too long, and no "." or ".." among its parts. With `strict`,
 * as a path of the file system, no part may be empty or hidden either. */
bool ti_key_stays(const char *key, bool strict);

/* --- An upload ----------------------------------------------------------------------------------------------------------------- */

/* A source that is being stored: its bytes are counted as they pass, and `hash` takes them on their way. */
typedef struct ti_upload {
    ticker_source *source;
    ti_sha256 *hash;
    int64_t bytes;
    int (*progress)(void *payload, int64_t bytes);
    void *payload;
} ti_upload;

ticker_status ti_upload_read(ti_upload *upload, void *buffer, size_t capacity, size_t *got, ticker_error *error);
/* Tells the caller how far it is. TICKER_RETRY: it wants to stop. */
ticker_status ti_upload_progress(const ti_upload *upload, int64_t bytes, ticker_error *error);

struct ticker_stored {
    char *key, *url, *version, *etag;
    int64_t bytes;
    char sha256[TI_SHA256_TEXT_MAX];
};

/* Copies the texts. NULL: no memory. */
ticker_stored *ti_stored_new(const char *key, const char *url, const char *version, const char *etag);

/* --- Backends ------------------------------------------------------------------------------------------------------------------ */

typedef struct ti_storage_ops {
    const char *name;
    bool strict; /* keys are paths of a file system */
    void (*close)(ticker_storage *storage);
    ticker_status (*put)(ticker_storage *storage, const char *key, ti_upload *upload, ticker_stored **stored,
                         ticker_error *error);
    ticker_status (*get)(ticker_storage *storage, const char *key, const char *version, ticker_source **source,
                         ticker_error *error);
    ticker_status (*remove)(ticker_storage *storage, const char *key, ticker_error *error);
    /* NULL: it cannot. */
    ticker_status (*presign)(ticker_storage *storage, const char *key, int64_t bytes, int64_t seconds, char **request,
                             ticker_error *error);
    /* The part of the object's key that is the key within the storage; NULL when bucket or prefix are others. */
    const char *(*within)(const ticker_storage *storage, const char *bucket, const char *object_key);
} ti_storage_ops;

/* Backends put this first in a structure of their own. */
struct ticker_storage {
    const ti_storage_ops *ops;
    char *url;
    char *allowed_buckets;
};

#define TI_S3_SCHEME "s3://"

/* `path` is absolute. */
ticker_status ti_directory_open(const char *path, ticker_storage **storage, ticker_error *error);
/* `place` is "bucket" or "bucket/prefix". */
ticker_status ti_s3_storage_open(const ticker_options *options, ticker_aws *aws, const char *place,
                                 ticker_storage **storage, ticker_error *error);
/* Frees what the parts of the structure above hold. */
void ti_storage_end(ticker_storage *storage);

#endif
