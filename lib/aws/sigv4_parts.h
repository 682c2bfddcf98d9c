/* What the stages of Signature Version 4 share among themselves. */
#ifndef TI_AWS_SIGV4_PARTS_H
#define TI_AWS_SIGV4_PARTS_H

#include "aws/sigv4.h"

_Static_assert(sizeof("20150830/aws4_request") + 2 * TI_SIGV4_NAME_MAX <= TI_SIGV4_SCOPE_MAX, "the longest scope fits");

struct ti_sigv4_key {
    ti_hmac *hmac;
    ti_sha256 *hash;
    ti_buffer canonical, names, text; /* memory that is used again for every request; empty in between */
    int64_t day;
    char region[TI_SIGV4_NAME_MAX], service[TI_SIGV4_NAME_MAX];
    unsigned char secret[TI_SHA256_BYTES]; /* its SHA-256: tells another secret key from this one */
};

/* Days since 1970 of a scope's time. */
int64_t ti_sigv4_day(int64_t time);
/* "20130524/us-east-1/s3/aws4_request". */
ticker_status ti_sigv4_scope_text(const ti_sigv4_scope *scope, char text[TI_SIGV4_SCOPE_MAX], ticker_error *error);
/* TICKER_FATAL with USAGE unless the key is for this region, service and day. */
ticker_status ti_sigv4_key_check(const ti_sigv4_key *key, const ti_sigv4_scope *scope, ticker_error *error);

/* Stage 2 with the key's own hash, which is quicker. */
ticker_status ti_sigv4_string_by_key(ti_sigv4_key *key, const ti_sigv4_scope *scope, ti_slice canonical,
                                     ti_buffer *text, ticker_error *error);

ticker_status ti_sigv4_no_hash(ticker_error *error);
/* Bytes that may have held a session token or another secret. */
void ti_sigv4_wipe(ti_buffer *buffer);

#endif
