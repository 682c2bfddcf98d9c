/* AWS Signature Version 4 in three stages: canonical request, string to sign, authorization. Pure functions: no clock,
 * no environment, no HTTP. Source: "Signature Version 4 signing process" (AWS IAM user guide), "Authenticating Requests
 * (AWS Signature Version 4)" (S3 API reference). */
#ifndef TI_AWS_SIGV4_H
#define TI_AWS_SIGV4_H

#include <stdbool.h>
#include <stdint.h>

#include <tickerimport/error.h>

#include "aws/http.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/slice.h"

#define TI_SIGV4_ALGORITHM "AWS4-HMAC-SHA256"
#define TI_SIGV4_NAME_MAX 65   /* bytes of a region or service, NUL included */
#define TI_SIGV4_SCOPE_MAX 160 /* "20130524/us-east-1/s3/aws4_request" and NUL */

#define TI_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"
#define TI_STREAMING_PAYLOAD "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
#define TI_STREAMING_TRAILER "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"

/* Whose keys, for what. Slices are borrowed. */
typedef struct ti_sigv4_scope {
    ti_slice access_key, secret_key, session_token; /* token: empty when there is none */
    ti_slice region, service;                       /* "us-east-1", "s3" */
    int64_t time;                                   /* milliseconds since 1970 UTC */
    bool s3;           /* path as sent, never normalised nor encoded again; x-amz-content-sha256 always signed */
    bool omit_token;   /* the session token is added after signing (a few services want that) */
    bool no_normalize; /* other services: dots and double slashes of the path stay */
} ti_sigv4_scope;

/* What goes over the wire. `path` is the encoded path ("/a%20b"), `query` the encoded query without '?' (a '+' in it is
 * a plus: write blanks as %20). The headers are those that will be sent, host among them; the stages leave out what is
 * never signed (user-agent, connection …) and add x-amz-date, x-amz-security-token and, for S3, x-amz-content-sha256
 * themselves when they are missing: the caller sends those too. */
typedef struct ti_sigv4_request {
    ti_slice method, path, query;
    const ti_http_header *headers;
    size_t header_count;
    /* Hex SHA-256 of the body, or one of the words above. Empty: UNSIGNED-PAYLOAD when presigned for S3, else the hash
     * of an empty body. */
    ti_slice payload_hash;
    int64_t expires; /* seconds, up to 7 days: presigned by query; 0: signed by headers */
} ti_sigv4_request;

/* A signing key, kept for a day and scope: deriving it takes four HMACs. One thread at a time. */
typedef struct ti_sigv4_key ti_sigv4_key;
/* NULL: no memory (or region or service longer than TI_SIGV4_NAME_MAX, which the stages refuse with a message). */
ti_sigv4_key *ti_sigv4_key_new(const ti_sigv4_scope *scope);
void ti_sigv4_key_free(ti_sigv4_key *key); /* wipes it */
/* Whether the key is for this day, region, service and secret key. */
bool ti_sigv4_key_fits(const ti_sigv4_key *key, const ti_sigv4_scope *scope);

/* All buffers below are appended to. What they get holds the session token and signatures: the caller wipes it. */

/* Stage 1. `canonical` gets the canonical request; `signed_headers` (may be NULL) the list "host;x-amz-date". For a
 * presigned request `query` (may be NULL) gets the query with the X-Amz-* parameters but without the signature, in its
 * canonical form; else it is not touched. TICKER_FATAL: no Host header, no memory, or a cap passed. */
ticker_status ti_sigv4_canonical(const ti_sigv4_scope *scope, const ti_sigv4_request *request, ti_buffer *canonical,
                                 ti_buffer *signed_headers, ti_buffer *query, ticker_error *error);
/* Stage 2. */
ticker_status ti_sigv4_string_to_sign(const ti_sigv4_scope *scope, ti_slice canonical, ti_buffer *text,
                                      ticker_error *error);
/* Stage 3: 64 hex digits and NUL. */
ticker_status ti_sigv4_signature(ti_sigv4_key *key, ti_slice string_to_sign, char signature[TI_SHA256_TEXT_MAX],
                                 ticker_error *error);

/* All three. Signed by headers: `authorization` gets the value of the Authorization header, and `signature` (may be
 * NULL) the seed for chunks. */
ticker_status ti_sigv4_sign(const ti_sigv4_scope *scope, ti_sigv4_key *key, const ti_sigv4_request *request,
                            ti_buffer *authorization, char signature[TI_SHA256_TEXT_MAX], ticker_error *error);
/* Presigned: `query` gets the whole query with X-Amz-Signature. */
ticker_status ti_sigv4_presign(const ti_sigv4_scope *scope, ti_sigv4_key *key, const ti_sigv4_request *request,
                               ti_buffer *query, ticker_error *error);

/* Signed chunks (aws-chunked): each chunk's signature hangs on the one before, the first on the request's. */
typedef struct ti_sigv4_chunks {
    ti_sigv4_key *key; /* borrowed */
    char scope[TI_SIGV4_SCOPE_MAX];
    char time[TI_TIME_BASIC_MAX];
    char previous[TI_SHA256_TEXT_MAX];
} ti_sigv4_chunks;
ticker_status ti_sigv4_chunks_begin(ti_sigv4_chunks *chunks, const ti_sigv4_scope *scope, ti_sigv4_key *key,
                                    const char *seed, ticker_error *error);
/* Appends "<hex size>;chunk-signature=<signature>\r\n" for the next chunk; size 0 is the last one. The caller sends it,
 * the data, and "\r\n"; behind the last one either "\r\n" or the trailer. */
ticker_status ti_sigv4_chunk(ti_sigv4_chunks *chunks, const void *data, size_t size, ti_buffer *head,
                             ticker_error *error);
/* The trailer after the last chunk: "name:value\r\nx-amz-trailer-signature:…\r\n\r\n". */
ticker_status ti_sigv4_trailer(ti_sigv4_chunks *chunks, ti_slice name, ti_slice value, ti_buffer *trailer,
                               ticker_error *error);
/* Bytes of a body of `size` sent in chunks of `chunk` with this encoding (Content-Length), without a trailer. */
int64_t ti_sigv4_chunked_size(int64_t size, int64_t chunk);

/* The signature of a POST policy (base64 text): X-Amz-Signature of the form. */
ticker_status ti_sigv4_policy(ti_sigv4_key *key, ti_slice policy, char signature[TI_SHA256_TEXT_MAX],
                              ticker_error *error);

#endif
