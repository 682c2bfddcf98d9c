/* What was stored, and the upload on its way there. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "input/source.h"
#include "storage/storage.h"

ticker_status ti_upload_read(ti_upload *upload, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    ticker_status status = ti_source_read(upload->source, buffer, capacity, got, error);

    if (status == TICKER_OK)
        upload->bytes += (int64_t)*got;
    return status;
}

ticker_status ti_upload_progress(const ti_upload *upload, int64_t bytes, ticker_error *error)
{
    if (upload->progress == NULL || upload->progress(upload->payload, bytes) == 0)
        return TICKER_OK;
    return ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "the upload was interrupted");
}

ticker_stored *ti_stored_new(const char *key, const char *url, const char *version, const char *etag)
{
    ticker_stored *stored = calloc(1, sizeof(*stored));

    if (stored == NULL)
        return NULL;
    stored->key = strdup(key);
    stored->url = strdup(url);
    stored->version = strdup(version);
    stored->etag = strdup(etag);
    if (stored->key == NULL || stored->url == NULL || stored->version == NULL || stored->etag == NULL) {
        ticker_stored_free(stored);
        return NULL;
    }
    return stored;
}

void ticker_stored_free(ticker_stored *stored)
{
    if (stored == NULL)
        return;
    free(stored->key);
    free(stored->url);
    free(stored->version);
    free(stored->etag);
    free(stored);
}

const char *ticker_stored_key(const ticker_stored *stored)
{
    return stored->key;
}

const char *ticker_stored_url(const ticker_stored *stored)
{
    return stored->url;
}

int64_t ticker_stored_bytes(const ticker_stored *stored)
{
    return stored->bytes;
}

const char *ticker_stored_sha256(const ticker_stored *stored)
{
    return stored->sha256;
}

const char *ticker_stored_version(const ticker_stored *stored)
{
    return stored->version;
}

const char *ticker_stored_etag(const ticker_stored *stored)
{
    return stored->etag;
}
