/* Where a service lives: an endpoint of the user's own, or AWS's in a region; and how a bucket gets into the URL. */
#ifndef TI_AWS_ENDPOINT_H
#define TI_AWS_ENDPOINT_H

#include <stdbool.h>

#include <tickerimport/error.h>

#include "base/buffer.h"
#include "base/slice.h"

#define TI_HOST_MAX 256
#define TI_ENDPOINT_PATH_MAX 512

typedef struct ti_endpoint {
    bool set;
    bool tls;
    unsigned port; /* 0: the scheme's */
    char host[TI_HOST_MAX];
    char path[TI_ENDPOINT_PATH_MAX]; /* as it is sent: "" or "/a/b" */
} ti_endpoint;

/* `origin` says in messages where the URL stands ("AWS_ENDPOINT_URL"). TICKER_FATAL with USAGE: it is none. */
ticker_status ti_endpoint_parse(const char *url, const char *origin, ti_endpoint *endpoint, ticker_error *error);
/* AWS's own, in the region's partition. */
void ti_endpoint_of_aws(const char *service, const char *region, ti_endpoint *endpoint);
/* The region in the host of a queue URL; empty when there is none. */
ti_slice ti_endpoint_region(const ti_endpoint *endpoint);
/* Whether a bucket of this name can be a part of the host; `tls`: of one with a certificate for one label. */
bool ti_bucket_fits_host(ti_slice bucket, bool tls);
/* Appends "host" or "host:port", as the Host header says it. */
bool ti_endpoint_host(const ti_endpoint *endpoint, ti_slice bucket, ti_buffer *host);

#endif
