/* What the S3 calls share: a request being put together, what is known of an object, uploads in parts. */
#ifndef TI_AWS_S3_H
#define TI_AWS_S3_H

#include <tickerimport/limits.h>
#include <tickerimport/s3.h>

#include "aws/client.h"
#include "aws/s3_checksum.h"
#include "base/buffer.h"

#define TI_S3_XML_NAMESPACE "http://s3.amazonaws.com/doc/2006-03-01/"

struct ticker_s3_object {
    char *key, *etag, *version; /* NULL: unknown */
    int64_t bytes, modified;
};

/* TICKER_FATAL with USAGE when there cannot be such a bucket, or such an object in it. */
ticker_status ti_s3_check_bucket(const ticker_aws *aws, const char *bucket, ticker_error *error);
ticker_status ti_s3_check_key(const ticker_aws *aws, const char *bucket, const char *key, ticker_error *error);
/* A prefix may be "", but not NULL. */
ticker_status ti_s3_check_prefix(const char *prefix, ticker_error *error);

/* One request. All texts are borrowed until it was performed. */
#define TI_S3_HEADERS_MAX 10
#define TI_S3_QUERY_MAX 8
typedef struct ti_s3_call {
    ti_aws_request request;
    ti_http_header headers[TI_S3_HEADERS_MAX];
    ti_aws_parameter query[TI_S3_QUERY_MAX];
    ti_http_response response;
} ti_s3_call;

/* `key` may be NULL. To be ended with ti_s3_call_end(). */
void ti_s3_call_begin(ti_s3_call *call, const char *operation, const char *method, const char *bucket, const char *key);
void ti_s3_call_header(ti_s3_call *call, const char *name, const char *value);
void ti_s3_call_query(ti_s3_call *call, const char *name, const char *value);
/* The body: borrowed memory. */
void ti_s3_call_body(ti_s3_call *call, const void *data, size_t size);
/* As ti_aws_perform(); a failure gets "s3://bucket/key" as its place. */
ticker_status ti_s3_call_perform(ticker_aws *aws, ti_s3_call *call, ticker_error *error);
void ti_s3_call_end(ti_s3_call *call);
/* The same call anew: the answer is forgotten. */
void ti_s3_call_again(ti_s3_call *call);
ti_slice ti_s3_call_answer(const ti_s3_call *call);
/* Waits before a request is made again. False: the caller wants to stop, or the request is told to. */
bool ti_s3_pause(ticker_aws *aws, const ti_aws_request *request, int64_t milliseconds);

/* "s3://bucket/key", cut when it is too long. */
void ti_s3_place(char *place, size_t size, const char *bucket, const char *key);
/* A header's value as text of its own; "" when it is not there. NULL: no memory, or longer than `max`. */
char *ti_s3_header_text(const ti_http_response *response, const char *name, size_t max);
/* The text without its quotes, and without the "W/" of a weak one. */
ti_slice ti_s3_unquoted(ti_slice etag);

/* ticker_s3_put() with more to say. The source is freed, also on failure. */
typedef struct ti_s3_putting {
    const char *bucket, *key, *content_type; /* the latter may be NULL */
    ticker_source *source;
    ticker_s3_progress progress; /* may be NULL */
    void *payload;
    ti_sha256 *hash; /* gets the bytes that are stored, in their order; may be NULL */
} ti_s3_putting;
ticker_status ti_s3_put(ticker_aws *aws, const ti_s3_putting *what, ticker_s3_object **object, ticker_error *error);

/* An object of these parts (copied); NULL: no memory. */
ticker_s3_object *ti_s3_object_new(ti_slice key, int64_t bytes, ti_slice etag, ti_slice version, int64_t modified);

#endif
