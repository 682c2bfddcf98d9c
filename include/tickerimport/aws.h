/* The AWS client: configuration, keys, connections. S3, SNS, SQS, storages and queues work through one.
 *
 * Settings come from the options ("aws-region", "aws-endpoint-url-s3" …), then from the environment (AWS_REGION …),
 * then from the profile in
 * ~/.aws/config and ~/.aws/credentials, as the AWS SDKs do. A client may be used by any number of threads at once after
 * ticker_aws_new(). Texts that a function hands out through a char ** are the caller's: ticker_free(). */
#ifndef TICKERIMPORT_AWS_H
#define TICKERIMPORT_AWS_H

#include <tickerimport/error.h>
#include <tickerimport/metrics.h>
#include <tickerimport/options.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_aws ticker_aws;

/* What the caller wants to hear or say while requests go on. `size` is sizeof(ticker_aws_events) as the caller was
 * compiled. All members but `size` may be NULL. The functions are called from whatever thread makes the request,
 * several at once. */
typedef struct ticker_aws_events {
    size_t size;
    void *payload;
    /* Not 0: stop. Asked at least four times a second while a request goes on or waits for its next attempt; the call
     * then ends with TICKER_RETRY and TICKER_ERROR_CANCELLED. */
    int (*interrupted)(void *payload);
    /* After each attempt: "s3", "GetObject", HTTP status (0: no answer), number of the attempt from 1 on, its time. For
     * metrics and debug logs: there is no secret in it. */
    void (*attempt)(void *payload, const char *service, const char *operation, int http_status, unsigned attempt,
                    int64_t microseconds);
} ticker_aws_events;

/* `options` (copied) and `events` (copied) may be NULL. No request is made and no key looked up yet. TICKER_OK and
 * *aws; TICKER_FATAL with TICKER_ERROR_USAGE: a setting or a profile file is wrong; with TICKER_ERROR_IO: a profile file
 * cannot be read; with TICKER_ERROR_UNSUPPORTED: this build has no AWS client; with TICKER_ERROR_MEMORY. *aws is NULL
 * then. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_aws_new(const ticker_options *options,
                                                          const ticker_aws_events *events, ticker_aws **aws,
                                                          ticker_error *error);
/* Wipes the keys, closes connections; accepts NULL. Nothing made from it may be in use any more. */
TICKER_API void ticker_aws_free(ticker_aws *aws);

/* Counts each attempt in ticker_aws_requests_total, by service, operation and result: ok, throttled, failed, refused, unanswered. To be
 * called before the client is used, with metrics that outlive it; nothing happens when either is NULL. */
TICKER_API void ticker_aws_measure(ticker_aws *aws, ticker_metrics *metrics);

/* The region in use. Lives as long as the client. */
TICKER_API const char *ticker_aws_region(const ticker_aws *aws);
/* Where requests of "s3", "sns", "sqs" or "sts" go: "https://sqs.us-east-1.amazonaws.com", as text of the caller's
 * (ticker_free()). TICKER_FATAL with TICKER_ERROR_USAGE: no such service. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_aws_endpoint(ticker_aws *aws, const char *service, char **url,
                                                               ticker_error *error);
/* Looks the keys up: *source ("environment", "profile", "web identity" …, static text) and *access_key (not secret,
 * ticker_free()); either may be NULL. TICKER_FATAL with TICKER_ERROR_USAGE: there are none; the message says where was
 * looked. TICKER_RETRY: their provider cannot be reached. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_aws_keys(ticker_aws *aws, const char **source, char **access_key,
                                                           ticker_error *error);

/* --- Signing alone
 * ------------------------------------------------------------------------------------------------------------- */

/* Signature Version 4 of any HTTP request, as pure functions: no clock, no environment, no network. One thread at a
 * time. */
typedef struct ticker_signing ticker_signing;

/* NULL: no memory. ticker_signing_free() wipes the keys and accepts NULL. */
TICKER_API ticker_signing *ticker_signing_new(void);
TICKER_API void ticker_signing_free(ticker_signing *signing);

/* Says what to sign, by name; the value is copied, and one that was set before is replaced. Names: "access-key",
 * "secret-key", "session-token", "region", "service", "time" ("20150830T123600Z"), "method" (default GET), "path" (as
 * sent, encoded; default "/"), "query" (as sent, encoded, without '?'; a '+' in it is a plus), "payload-hash" (hex
 * SHA-256, or UNSIGNED-PAYLOAD …; default: that of an empty body, UNSIGNED-PAYLOAD for a presigned request to S3),
 * "expires" (seconds up to 7 days: a presigned request; default 0: signed by headers), "rules" ("s3" or "aws"; default:
 * s3 when the service is s3). TICKER_FATAL with TICKER_ERROR_USAGE: no such name, or a value it cannot have; with
 * TICKER_ERROR_LIMIT: longer than TICKER_SIGNED_BYTES_MAX; with TICKER_ERROR_MEMORY. A value never stands in a message.
 */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_signing_set(ticker_signing *signing, const char *name,
                                                              const char *value, ticker_error *error);
/* A header that will be sent; "host" must be among them. Names that proxies change are left out (user-agent, connection
 * …); x-amz-date, x-amz-security-token and, for S3, x-amz-content-sha256 are signed without being given, and must be
 * sent too. TICKER_FATAL with TICKER_ERROR_USAGE: no name or value of a header; with TICKER_ERROR_LIMIT: more than
 * TICKER_SIGNING_HEADERS_MAX, or too long; with TICKER_ERROR_MEMORY. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_signing_header(ticker_signing *signing, const char *name,
                                                                 const char *value, ticker_error *error);
/* The body: its SHA-256 becomes the payload hash. The bytes are not kept. TICKER_FATAL as ticker_signing_set(). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_signing_body(ticker_signing *signing, const void *data, size_t size,
                                                               ticker_error *error);
/* The three stages, each to be looked at; *text lives until the next call on `signing` and is wiped then. TICKER_FATAL
 * with TICKER_ERROR_USAGE: something is missing, the message says what; with TICKER_ERROR_LIMIT: path, query and headers
 * are longer than can be signed; with TICKER_ERROR_MEMORY. *text is left alone then. The last one gives the
 * Authorization header's value, or for a presigned request the query that is to be sent, with X-Amz-Signature. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_signing_canonical_request(ticker_signing *signing, const char **text,
                                                                            ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_signing_string_to_sign(ticker_signing *signing, const char **text,
                                                                         ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_signing_authorization(ticker_signing *signing, const char **text,
                                                                        ticker_error *error);

/* Frees a text that the library handed out; accepts NULL. Any thread. */
TICKER_API void ticker_free(void *text);

#ifdef __cplusplus
}
#endif
#endif
