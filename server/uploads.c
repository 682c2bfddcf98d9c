#include "uploads.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DATABASE_QUEUE "database:"

struct uploads {
    const ticker_options *options;
    ticker_pool *pool;
    ticker_metrics *metrics;
    bool database;        /* the queue is in it */
    pthread_mutex_t lock; /* of what follows, while it is opened */
    ticker_aws *aws;      /* of both that follow; NULL: neither needs one */
    ticker_storage *storage;
    ticker_queue *queue; /* SQS; the database's belongs to whoever has the store */
};

uploads *uploads_new(const ticker_options *options, ticker_pool *pool, ticker_metrics *metrics)
{
    const char *queue = ticker_options_get(options, "queue-url");
    uploads *self = calloc(1, sizeof *self);

    if (self == NULL)
        return NULL;
    if (pthread_mutex_init(&self->lock, NULL) != 0) {
        free(self);
        return NULL;
    }
    self->options = options;
    self->pool = pool;
    self->metrics = metrics;
    self->database = queue == NULL || strcmp(queue, DATABASE_QUEUE) == 0;
    return self;
}

void uploads_free(uploads *self)
{
    if (self == NULL)
        return;
    ticker_queue_free(self->queue);
    ticker_storage_free(self->storage);
    ticker_aws_free(self->aws);
    (void)pthread_mutex_destroy(&self->lock);
    free(self);
}

ticker_pool *uploads_pool(uploads *self)
{
    return self->pool;
}

/* One client for storage and queue, so that its requests are counted. Under the lock. */
static ticker_status open_aws(uploads *self, ticker_error *error)
{
    const char *storage = ticker_options_get(self->options, "storage-url");
    ticker_status status;
    bool wanted = !self->database || (storage != NULL && strncmp(storage, "s3:", 3) == 0);

    if (!wanted || self->aws != NULL)
        return TICKER_OK;
    status = ticker_aws_new(self->options, NULL, &self->aws, error);
    ticker_aws_measure(self->aws, self->metrics);
    return status;
}

ticker_status uploads_storage(uploads *self, ticker_storage **storage, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    (void)pthread_mutex_lock(&self->lock);
    if (self->storage == NULL)
        status = open_aws(self, error);
    if (self->storage == NULL && status == TICKER_OK)
        status = ticker_storage_open(self->options, self->aws, &self->storage, error);
    *storage = self->storage;
    (void)pthread_mutex_unlock(&self->lock);
    return status;
}

static ticker_status open_sqs(uploads *self, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    (void)pthread_mutex_lock(&self->lock);
    if (self->queue == NULL)
        status = open_aws(self, error);
    if (self->queue == NULL && status == TICKER_OK)
        status = ticker_queue_open(self->options, self->aws, NULL, &self->queue, error);
    (void)pthread_mutex_unlock(&self->lock);
    return status;
}

ticker_status uploads_queue_name(const uploads *self, ticker_error *error)
{
    static const char *const elsewhere[] = {"sqs:", "arn:", "https://", "http://"};
    const char *name = ticker_options_get(self->options, "queue-url");
    ticker_queue *queue = NULL;
    ticker_status status;

    if (self->database)
        return TICKER_OK;
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
        if (strncmp(name, elsewhere[i], strlen(elsewhere[i])) == 0)
            return TICKER_OK;
    status = ticker_queue_open(self->options, NULL, NULL, &queue, error); /* it says what is wrong */
    ticker_queue_free(queue);
    return status;
}

bool uploads_told(const uploads *self, const ticker_storage *storage)
{
    return !self->database && strcmp(ticker_storage_backend(storage), "s3") == 0;
}

ticker_status uploads_ready(uploads *self, ticker_storage **storage, ticker_error *error)
{
    ticker_status status = uploads_storage(self, storage, error);

    if (status != TICKER_OK || self->database || uploads_told(self, *storage))
        return status;
    return open_sqs(self, error);
}

ticker_status uploads_announce(uploads *self, ticker_store *store, const ticker_stored *stored, ticker_error *error)
{
    ticker_queue *queue = NULL;
    ticker_storage *storage;
    ticker_status status = uploads_storage(self, &storage, error);

    if (status != TICKER_OK)
        return status;
    if (uploads_told(self, storage))
        return TICKER_OK;
    if (!self->database) {
        status = open_sqs(self, error);
        return status == TICKER_OK ? ticker_queue_announce(self->queue, storage, stored, error) : status;
    }
    status = ticker_queue_open(self->options, NULL, store, &queue, error);
    if (status == TICKER_OK)
        status = ticker_queue_announce(queue, storage, stored, error);
    ticker_queue_free(queue);
    return status;
}

/* Asks for a file that is not there: that this can be told is enough. */
static ticker_status ask_storage(ticker_storage *storage, ticker_error *error)
{
    ticker_source *source = NULL;
    ticker_status status = ticker_storage_get(storage, "health/none", NULL, &source, error);
    size_t got = 0;
    char byte;

    if (status == TICKER_OK)
        status = ticker_source_read(source, &byte, 1, &got, error);
    ticker_source_free(source);
    if (status == TICKER_RETRY)
        return status;
    ticker_error_clear(error);
    return TICKER_OK;
}

ticker_status uploads_check(void *payload, ticker_error *error)
{
    uploads *self = payload;
    ticker_storage *storage;
    ticker_status status = uploads_ready(self, &storage, error);

    return status == TICKER_OK ? ask_storage(storage, error) : status;
}
