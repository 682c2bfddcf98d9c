#include "aws/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <tickerimport/version.h>

#include "aws/handle.h"
#include "base/error.h"
#include "base/options.h"

/* --- Making and freeing --------------------------------------------------------------------------------------------------------- */

static uint64_t system_random(void *payload)
{
    uint64_t number = 0;

    (void)payload;
    return getrandom(&number, sizeof(number), 0) == (ssize_t)sizeof(number) ? number : 0;
}

static const char *system_environment(void *payload, const char *name)
{
    (void)payload;
    return getenv(name);
}

static void copy_events(const ticker_aws_events *from, ticker_aws_events *to)
{
    if (from != NULL && from->size >= sizeof(from->size))
        memcpy(to, from, from->size < sizeof(*to) ? from->size : sizeof(*to));
}

/* An empty client, to be freed with ticker_aws_free() whatever follows. */
static ticker_status new_handle(const ticker_options *options, const ticker_aws_events *events, ticker_aws **aws,
                                ticker_error *error)
{
    ticker_aws *self = calloc(1, sizeof(*self));

    *aws = self;
    if (self == NULL)
        return ti_fail_memory(error);
    copy_events(events, &self->events);
    self->has_lock = pthread_mutex_init(&self->lock, NULL) == 0;
    self->options = ticker_options_copy(options);
    if (!self->has_lock || self->options == NULL)
        return ti_fail_memory(error);
    return TICKER_OK;
}

static bool interrupted(void *payload)
{
    return ti_aws_interrupted(payload);
}

/* With everything under it in place: its settings and its keys. */
static ticker_status start(ticker_aws *self, const ti_aws_setup *setup, ticker_error *error)
{
    ticker_status status;

    self->clock = setup->clock;
    self->random = setup->random != NULL ? setup->random : system_random;
    self->random_payload = setup->random_payload;
    self->keys_setup = (ti_credentials_setup){.options = self->options,
                                              .environment = setup->environment,
                                              .environment_payload = setup->environment_payload,
                                              .http = &self->http,
                                              .clock = &self->clock,
                                              .interrupted = interrupted,
                                              .interrupted_payload = self};
    status = ti_aws_settings_read(&self->keys_setup, &self->settings, error);
    if (status != TICKER_OK)
        return status;
    ti_retry_init(&self->retry, self->settings.mode, self->clock.monotonic(self->clock.self));
    self->keys_setup.region = self->settings.region;
    self->keys = ti_credentials_chain_new(&self->keys_setup);
    return self->keys != NULL ? TICKER_OK : ti_fail_memory(error);
}

static ticker_status finish(ticker_status status, ticker_aws **aws)
{
    if (status != TICKER_OK) {
        ticker_aws_free(*aws);
        *aws = NULL;
    }
    return status;
}

ticker_status ti_aws_new(const ti_aws_setup *setup, ticker_aws **aws, ticker_error *error)
{
    ticker_status status = new_handle(setup->options, setup->events, aws, error);

    if (status == TICKER_OK)
        status = start(*aws, setup, error);
    if (status == TICKER_OK)
        (*aws)->http = setup->http;
    return finish(status, aws);
}

ticker_status ticker_aws_new(const ticker_options *options, const ticker_aws_events *events, ticker_aws **aws,
                             ticker_error *error)
{
    ti_aws_setup setup = {.clock = ti_clock_system, .environment = system_environment};
    ticker_status status;

    if (aws == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "there is no place for the AWS client");
    *aws = NULL;
    if (ticker_has("aws") == 0)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED,
                       "this build has no AWS client (it was made without libcurl or libxml2)");
    status = new_handle(options, events, aws, error);
    if (status == TICKER_OK)
        status = ti_http_curl(interrupted, *aws, &(*aws)->http, error);
    if (status == TICKER_OK)
        status = start(*aws, &setup, error);
    return finish(status, aws);
}

void ticker_aws_free(ticker_aws *aws)
{
    if (aws == NULL)
        return;
    ti_credentials_chain_free(aws->keys);
    if (aws->http.close != NULL)
        aws->http.close(aws->http.self);
    for (size_t i = 0; i < TI_KEY_POOL_MAX; i++)
        ti_sigv4_key_free(aws->pool[i]);
    ti_aws_settings_free(&aws->settings);
    ticker_options_free(aws->options);
    if (aws->has_lock)
        (void)pthread_mutex_destroy(&aws->lock);
    free(aws);
}

/* --- What its files share ------------------------------------------------------------------------------------------------------- */

void ti_aws_lock(ticker_aws *aws)
{
    (void)pthread_mutex_lock(&aws->lock); /* a plain mutex that is held for a moment cannot fail */
}

void ti_aws_unlock(ticker_aws *aws)
{
    (void)pthread_mutex_unlock(&aws->lock);
}

int64_t ti_aws_service_now(ticker_aws *aws, ti_aws_service service)
{
    int64_t skew;

    ti_aws_lock(aws);
    skew = aws->skew[service];
    ti_aws_unlock(aws);
    return aws->clock.now(aws->clock.self) + skew;
}

static ti_bucket_region *find_bucket(ticker_aws *aws, ti_slice bucket)
{
    for (size_t i = 0; i < TI_BUCKET_REGIONS_MAX; i++)
        if (ti_slice_is(bucket, aws->buckets[i].bucket))
            return &aws->buckets[i];
    return NULL;
}

bool ti_aws_bucket_region(ticker_aws *aws, ti_slice bucket, char region[TI_REGION_MAX])
{
    const ti_bucket_region *row;

    ti_aws_lock(aws);
    row = find_bucket(aws, bucket);
    if (row != NULL)
        memcpy(region, row->region, TI_REGION_MAX);
    ti_aws_unlock(aws);
    return row != NULL;
}

void ti_aws_learn_bucket(ticker_aws *aws, ti_slice bucket, ti_slice region)
{
    ti_bucket_region *row;

    if (bucket.size == 0 || bucket.size >= TICKER_BUCKET_MAX || !ti_aws_region_valid(region))
        return;
    ti_aws_lock(aws);
    row = find_bucket(aws, bucket);
    if (row == NULL) {
        row = &aws->buckets[aws->next_bucket];
        aws->next_bucket = (aws->next_bucket + 1) % TI_BUCKET_REGIONS_MAX;
    }
    (void)snprintf(row->bucket, sizeof(row->bucket), "%.*s", (int)bucket.size, bucket.data);
    (void)snprintf(row->region, sizeof(row->region), "%.*s", (int)region.size, region.data);
    ti_aws_unlock(aws);
}

/* --- Questions ------------------------------------------------------------------------------------------------------------------ */

ticker_status ti_aws_credentials(ticker_aws *aws, ti_credentials *credentials, ticker_error *error)
{
    return ti_credentials_get(aws->keys, credentials, error);
}

const char *ti_aws_region(const ticker_aws *aws)
{
    return aws->settings.region;
}

int64_t ti_aws_now(ticker_aws *aws)
{
    return ti_aws_service_now(aws, TI_AWS_S3);
}

bool ti_aws_has_endpoint(const ticker_aws *aws, ti_aws_service service)
{
    return aws->settings.endpoints[service].set;
}

const ticker_options *ti_aws_options(const ticker_aws *aws)
{
    return aws->options;
}

const ti_clock *ti_aws_clock(const ticker_aws *aws)
{
    return &aws->clock;
}

bool ti_aws_interrupted(const ticker_aws *aws)
{
    return aws->events.interrupted != NULL && aws->events.interrupted(aws->events.payload) != 0;
}

void ticker_aws_measure(ticker_aws *aws, ticker_metrics *metrics)
{
    if (aws != NULL)
        aws->metrics = metrics;
}

const char *ticker_aws_region(const ticker_aws *aws)
{
    return aws != NULL ? ti_aws_region(aws) : "";
}

static ticker_status copy_text(const char *from, char **to, ticker_error *error)
{
    *to = from != NULL ? strdup(from) : NULL;
    return *to != NULL ? TICKER_OK : ti_fail_memory(error);
}

ticker_status ticker_aws_endpoint(ticker_aws *aws, const char *service, char **url, ticker_error *error)
{
    ti_aws_request request = {0};
    ti_buffer text;
    ticker_status status;
    unsigned i = 0;

    if (aws == NULL || service == NULL || url == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an endpoint needs a client and a service");
    *url = NULL;
    while (i < TI_AWS_SERVICES && strcmp(service, ti_aws_service_name((ti_aws_service)i)) != 0)
        i++;
    if (i == TI_AWS_SERVICES) {
        (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "there is no AWS service \"%s\" here", service);
        ti_error_hint(error, "use s3, sns, sqs or sts");
        return TICKER_FATAL;
    }
    request.service = (ti_aws_service)i;
    ti_buffer_init(&text, TICKER_URL_MAX);
    status = ti_aws_url(aws, &request, &text, error);
    if (status == TICKER_OK && text.data[text.size - 1] == '/')
        text.size--;
    if (status == TICKER_OK)
        status = copy_text(ti_buffer_string(&text), url, error);
    ti_buffer_free(&text);
    return status;
}

ticker_status ticker_aws_keys(ticker_aws *aws, const char **source, char **access_key, ticker_error *error)
{
    ti_credentials credentials = {0};
    ticker_status status;

    if (aws == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "keys need a client");
    if (access_key != NULL)
        *access_key = NULL;
    status = ti_aws_credentials(aws, &credentials, error);
    if (status == TICKER_OK && access_key != NULL)
        status = copy_text(credentials.access_key, access_key, error);
    if (status == TICKER_OK && source != NULL)
        *source = credentials.source;
    ti_credentials_wipe(&credentials);
    return status;
}
