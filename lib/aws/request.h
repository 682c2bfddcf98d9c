/* One attempt of a call: its URL and headers, signed, sent, answered. */
#ifndef TI_AWS_REQUEST_H
#define TI_AWS_REQUEST_H

#include "aws/handle.h"

/* Where a call goes. */
typedef struct ti_aws_where {
    ti_endpoint endpoint;
    char region[TI_REGION_MAX];
    bool virtual_host; /* the bucket is in the host */
    ti_buffer host;    /* as the Host header says it, with a NUL behind it */
    ti_buffer path;    /* encoded, begins with '/' */
} ti_aws_where;

/* To be freed in any case. TICKER_FATAL with USAGE: the bucket's name, the key or the queue URL cannot be right. */
ticker_status ti_aws_locate(ticker_aws *aws, const ti_aws_request *request, ti_aws_where *where, ticker_error *error);
void ti_aws_where_free(ti_aws_where *where);

/* The body's hash for the signature, computed once for all attempts. */
ticker_status ti_aws_payload_hash(const ti_aws_request *request, char hash[TI_SHA256_TEXT_MAX], ticker_error *error);

/* Signs and sends. The time is that of the service's clock. The status is that of ti_http. */
ticker_status ti_aws_send(ticker_aws *aws, const ti_aws_request *request, const ti_aws_where *where,
                          const ti_credentials *credentials, const char *payload_hash, ti_http_response *response,
                          ticker_error *error);

#endif
