/* An upload while it goes on, and uploads in parts that were begun. */
#ifndef TI_AWS_S3_UPLOAD_H
#define TI_AWS_S3_UPLOAD_H

#include <tickerimport/limits.h>

#include "aws/parts.h"
#include "aws/s3.h"

#define TI_S3_ETAG_MAX 130 /* of a part, with quotes and NUL */

/* What the server said of a part. */
typedef struct ti_s3_piece {
    char etag[TI_S3_ETAG_MAX];
    char checksum[TI_S3_CHECKSUM_MAX];
} ti_s3_piece;

typedef struct ti_s3_upload {
    ticker_aws *aws;
    const char *bucket, *key, *content_type;
    ti_s3_algorithm algorithm; /* of the checksums that are sent */
    bool sign_bodies;          /* the signature covers them */
    ti_parts *parts;
    int descriptor; /* of a file that parts are read from when they are sent; -1: they are in memory */
    int64_t bytes;  /* read from the source so far */
    /* In parts. */
    char *id;
    ti_s3_piece *pieces; /* TICKER_S3_PARTS_MAX of them */
    int64_t count;       /* of those that were handed to the threads */
    /* What was stored. */
    ti_s3_call answer;
    char *etag, *version; /* version NULL: as the answer's header says */
} ti_s3_upload;

/* Bytes of the part `index` of a source. No upload has more than TICKER_S3_PARTS_MAX parts, so they are larger than
 * `least` when the source is known to be long, and when that is not known (-1) they grow, as far as two of them fit into
 * `memory`. */
int64_t ti_s3_part_size(int64_t least, int64_t memory, int64_t source_bytes, int64_t index);

/* What goes with a body. */
typedef struct ti_s3_seal {
    char checksum[TI_S3_CHECKSUM_MAX];
    char hash[TI_SHA256_TEXT_MAX]; /* for the signature */
} ti_s3_seal;
/* Puts body, checksum and payload hash of a part into the call; `part`, `range` and `seal` must live as long as it. */
ticker_status ti_s3_seal_memory(const ti_s3_upload *upload, ti_s3_call *call, const ti_part *part, ti_s3_seal *seal,
                                ticker_error *error);

/* Puts its texts into the call. */
void ti_s3_apply_seal(const ti_s3_upload *upload, ti_s3_call *call, const ti_s3_seal *seal);

/* A part of a file. */
typedef struct ti_s3_range {
    int descriptor;
    int64_t offset, size, at; /* at: bytes of it that were read */
} ti_s3_range;
/* The same for a part that is in the file; its buffer is used meanwhile. */
ticker_status ti_s3_seal_range(const ti_s3_upload *upload, ti_s3_call *call, ti_s3_range *range, const ti_part *part,
                               ti_s3_seal *seal, ticker_error *error);

/* A file as it was. */
typedef struct ti_s3_file {
    int64_t size, seconds, nanoseconds; /* the latter: when it was changed */
} ti_s3_file;
/* False: it is no regular file. */
bool ti_s3_file_look(int descriptor, ti_s3_file *file);
/* Adds the bytes from `offset` on to the hash. */
ticker_status ti_s3_file_hash(int descriptor, int64_t offset, int64_t size, ti_sha256 *hash, ticker_error *error);
/* TICKER_RETRY: it was changed since. */
ticker_status ti_s3_file_same(int descriptor, const ti_s3_file *before, ticker_error *error);

/* Begins an upload in parts: sets `id` and `pieces`. When it fails nothing is left of it, as far as the server can be
 * asked. */
ticker_status ti_s3_begin_parts(ti_s3_upload *upload, ticker_error *error);
/* A ti_part_work: sends part->index. `self` is the upload. */
ticker_status ti_s3_send_part(void *self, ti_part *part, ticker_error *error);
/* Makes the object of its parts: sets `etag`. After a failure the upload is to be aborted. */
ticker_status ti_s3_complete(ti_s3_upload *upload, ticker_error *error);

/* Aborts an upload whatever the caller wants meanwhile, several times if need be. TICKER_OK: nothing is left of it. */
ticker_status ti_s3_abort(ticker_aws *aws, const char *bucket, const char *key, const char *id, ticker_error *error);
/* Says before any other hint that an upload may be left; `id` NULL: it is not known. */
void ti_s3_hint_left(ticker_error *error, const char *id);
/* The answer to a request that began an upload was lost: aborts those of this key that began within the last
 * `milliseconds`. It could be somebody else's who puts the same key in the same moment: he gets TICKER_RETRY. */
ticker_status ti_s3_abort_lost(ticker_aws *aws, const char *bucket, const char *key, int64_t milliseconds,
                               ticker_error *error);

#endif
