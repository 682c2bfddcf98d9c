/* Inside view of a client, for the files it is made of. */
#ifndef TI_AWS_HANDLE_H
#define TI_AWS_HANDLE_H

#include <pthread.h>

#include "aws/client.h"
#include "aws/credentials.h"
#include "aws/retry.h"
#include "aws/settings.h"
#include "aws/sigv4.h"

#define TI_BUCKET_REGIONS_MAX 64
#define TI_KEY_POOL_MAX 16

typedef struct ti_bucket_region {
    char bucket[TICKER_BUCKET_MAX]; /* "": an empty row */
    char region[TI_REGION_MAX];
} ti_bucket_region;

struct ticker_aws {
    /* Set when it is made. */
    ticker_options *options;
    ti_http http;
    ti_clock clock;
    uint64_t (*random)(void *payload);
    void *random_payload;
    ticker_aws_events events;
    ticker_metrics *metrics; /* NULL: nobody counts */
    ti_aws_settings settings;
    ti_credentials_setup keys_setup;
    ti_credentials_chain *keys; /* has a lock of its own */
    bool has_lock;

    pthread_mutex_t lock; /* of all below */
    ti_retry retry;
    /* Milliseconds by which a service's clock is ahead, once it refused a request because of that. For each service:
     * behind endpoints of one's own they may be different machines. */
    int64_t skew[TI_AWS_SERVICES];
    ti_bucket_region buckets[TI_BUCKET_REGIONS_MAX];
    size_t next_bucket;
    ti_sigv4_key *pool[TI_KEY_POOL_MAX]; /* signing keys that no thread uses just now */
};

void ti_aws_lock(ticker_aws *aws);
void ti_aws_unlock(ticker_aws *aws);

/* The signing time of a service: this machine's, put right. */
int64_t ti_aws_service_now(ticker_aws *aws, ti_aws_service service);

/* Regions of buckets, learned from redirects. False: not known. */
bool ti_aws_bucket_region(ticker_aws *aws, ti_slice bucket, char region[TI_REGION_MAX]);
void ti_aws_learn_bucket(ticker_aws *aws, ti_slice bucket, ti_slice region);

#endif
