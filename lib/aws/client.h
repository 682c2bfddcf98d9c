/* One AWS call from its parts to its answer: endpoint, signature, attempts, clock skew, region redirect, error text.
 * S3, SNS, SQS and STS stand on it. */
#ifndef TI_AWS_CLIENT_H
#define TI_AWS_CLIENT_H

#include <tickerimport/aws.h>

#include "aws/credentials.h"
#include "aws/http.h"
#include "base/buffer.h"
#include "base/clock.h"

typedef enum ti_aws_service { TI_AWS_S3 = 0, TI_AWS_SNS, TI_AWS_SQS, TI_AWS_STS, TI_AWS_SERVICES } ti_aws_service;

/* What stands under a client. Tests hand in their own; ticker_aws_new() takes curl, the system's clock and getenv(). */
typedef struct ti_aws_setup {
    const ticker_options *options; /* copied */
    ti_http http;                  /* closed with the client */
    ti_clock clock;
    const char *(*environment)(void *payload, const char *name);
    void *environment_payload;
    uint64_t (*random)(void *payload); /* for jitter; NULL: getrandom() */
    void *random_payload;
    const ticker_aws_events *events; /* copied; may be NULL */
} ti_aws_setup;

/* On failure `http` stays the caller's. */
ticker_status ti_aws_new(const ti_aws_setup *setup, ticker_aws **aws, ticker_error *error);

/* A name and its value, not encoded. */
typedef ti_http_header ti_aws_parameter;

typedef struct ti_aws_request {
    ti_aws_service service;
    const char *operation; /* "PutObject": for messages, events and metrics */
    const char *method;
    ti_slice bucket; /* S3 only: path or virtual-host style is decided here */
    ti_slice path;   /* not encoded, without the leading '/': an S3 key, or empty */
    const ti_aws_parameter *query;
    size_t query_count;
    const ti_http_header *headers; /* besides host, date, token, authorization, content hash, user agent */
    size_t header_count;
    ti_http_body body;
    const char *payload_hash; /* hex or a word of sigv4.h; NULL: of body.data */
    ti_http_sink sink;
    bool expect_continue;
    /* Repeated only when the server surely did nothing (not reached, throttled, refused): doing it twice does harm. */
    bool once;
    bool error_in_body; /* S3 answers 200 and tells of a failure in the body (CompleteMultipartUpload, CopyObject) */
    int64_t wait;       /* milliseconds that the server may take before it answers (long poll) */
    /* Another thread sets it to end the call as cancelled, also between attempts; may be NULL. */
    const atomic_bool *stop;
    /* Undoes something: goes on although the caller wants to stop, but an attempt has ten seconds at most. */
    bool cleanup;
    size_t max_body; /* 0: 4 MiB */
    /* SQS without a configured endpoint: the queue URL, whose host is asked; with one it is not. Else NULL. */
    const char *queue_url;
    const char
        *region; /* NULL: the client's (an S3 bucket may have another, which is learned from the first redirect) */
} ti_aws_request;

/* TICKER_OK: the answer is 2xx (or 304). Else the error has the HTTP status, the AWS code, a message that names
 * operation, place and reason, and a hint for the usual mistakes (keys, clock, region, missing bucket, no right,
 * endpoint). Ladder: RETRY (service down, throttled, time-out: after all attempts; cancelled); FAILED (the request's
 * own fault: no such key, precondition); FATAL (configuration: keys, signature, no right to the bucket, TLS, no such
 * bucket or queue). The response is initialised by the caller and filled also on failure. Any thread. */
ticker_status ti_aws_perform(ticker_aws *aws, const ti_aws_request *request, ti_http_response *response,
                             ticker_error *error);

/* The URL for a presigned request, good for `seconds` (1 … 604800); appended to `url`. */
ticker_status ti_aws_presign(ticker_aws *aws, const ti_aws_request *request, int64_t seconds, ti_buffer *url,
                             ticker_error *error);

/* For POST policies: credentials now, the region in use, the signing time (server's clock), and the URL of a bucket. */
ticker_status ti_aws_credentials(ticker_aws *aws, ti_credentials *credentials, ticker_error *error);
const char *ti_aws_region(const ticker_aws *aws);
int64_t ti_aws_now(ticker_aws *aws);
ticker_status ti_aws_url(ticker_aws *aws, const ti_aws_request *request, ti_buffer *url, ticker_error *error);
/* Whether an endpoint of the user's own is configured for the service. */
bool ti_aws_has_endpoint(const ticker_aws *aws, ti_aws_service service);
/* The options the client was made with (never NULL), its clock, and whether the caller wants to stop. */
const ticker_options *ti_aws_options(const ticker_aws *aws);
const ti_clock *ti_aws_clock(const ticker_aws *aws);
bool ti_aws_interrupted(const ticker_aws *aws);

#endif
