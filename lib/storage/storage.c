/* Which storage a URL means, and what is the same for all of them. */
#include "storage/storage.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/options.h"

#define PATH_BYTES_MAX 4096
#define FILE_SCHEME "file://"
#define LOCALHOST "localhost/"
#define HOME_DATA "/.local/share"
#define UPLOADS "/ticker/uploads"

/* --- Opening ------------------------------------------------------------------------------------------------------------------- */

/* $XDG_DATA_HOME/ticker/uploads, by the rules of the XDG base directories. */
static ticker_status open_default(ticker_storage **storage, ticker_error *error)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME"), *path;
    bool own = data != NULL && data[0] == '/';
    ticker_status status;
    ti_buffer buffer;

    if (!own && (home == NULL || home[0] != '/')) {
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "there is no home folder for uploads");
        ti_error_hint(error, "set STORAGE_URL to s3://bucket or file:///directory");
        return status;
    }
    if (strnlen(own ? data : home, PATH_BYTES_MAX) >= PATH_BYTES_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the path of the home folder is too long");
    ti_buffer_init(&buffer, PATH_BYTES_MAX + sizeof(HOME_DATA UPLOADS));
    (void)ti_buffer_printf(&buffer, "%s%s" UPLOADS, own ? data : home, own ? "" : HOME_DATA);
    path = ti_buffer_string(&buffer);
    status = path != NULL ? ti_directory_open(path, storage, error) : ti_fail_memory(error);
    ti_buffer_free(&buffer);
    return status;
}

/* `rest` is what follows "file://": an empty host or localhost, and an absolute path in which %XX stands for a byte. */
static ticker_status open_file(const char *rest, ticker_storage **storage, ticker_error *error)
{
    const char *path;
    ticker_status status;
    ti_buffer buffer;

    if (strncmp(rest, LOCALHOST, strlen(LOCALHOST)) == 0)
        rest += strlen(LOCALHOST) - 1;
    if (strnlen(rest, PATH_BYTES_MAX) >= PATH_BYTES_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the path in the storage URL is too long");
    ti_buffer_init(&buffer, PATH_BYTES_MAX);
    (void)ti_buffer_unpercent(&buffer, ti_slice_of(rest), false);
    path = ti_buffer_string(&buffer);
    if (path == NULL) {
        status = ti_fail_memory(error);
    } else if (path[0] != '/' || strlen(path) != buffer.size) {
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the storage URL names no directory");
        ti_error_hint(error, "write file:///directory, with three slashes");
    } else {
        status = ti_directory_open(path, storage, error);
    }
    ti_buffer_free(&buffer);
    return status;
}

static ticker_status open_any(const ticker_options *options, ticker_aws *aws, ticker_storage **storage,
                              ticker_error *error)
{
    const char *url = ti_option_text(options, TI_OPTION_STORAGE_URL);
    ticker_status status;

    if (url[0] == '\0')
        return open_default(storage, error);
    if (strncmp(url, FILE_SCHEME, strlen(FILE_SCHEME)) == 0)
        return open_file(url + strlen(FILE_SCHEME), storage, error);
    if (strncmp(url, TI_S3_SCHEME, strlen(TI_S3_SCHEME)) == 0)
        return ti_s3_storage_open(options, aws, url + strlen(TI_S3_SCHEME), storage, error);
    status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                     "the storage URL is of no known kind"); /* it may hold secrets */
    ti_error_hint(error, "write s3://bucket/prefix or file:///directory in STORAGE_URL");
    return status;
}

ticker_status ticker_storage_open(const ticker_options *options, ticker_aws *aws, ticker_storage **storage,
                                  ticker_error *error)
{
    ticker_storage *made = NULL;
    ticker_status status;

    if (storage == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a storage needs a place to go");
    status = open_any(options, aws, &made, error);
    if (status != TICKER_OK)
        return status;
    made->allowed_buckets = strdup(ti_option_text(options, TI_OPTION_ALLOWED_BUCKETS));
    if (made->allowed_buckets == NULL) {
        ticker_storage_free(made);
        return ti_fail_memory(error);
    }
    *storage = made;
    return TICKER_OK;
}

void ti_storage_end(ticker_storage *storage)
{
    free(storage->url);
    free(storage->allowed_buckets);
}

void ticker_storage_free(ticker_storage *storage)
{
    if (storage != NULL)
        storage->ops->close(storage);
}

const char *ticker_storage_backend(const ticker_storage *storage)
{
    return storage->ops->name;
}

const char *ticker_storage_url(const ticker_storage *storage)
{
    return storage->url;
}

/* --- Storing ------------------------------------------------------------------------------------------------------------------- */

static ticker_status put_upload(ticker_storage *storage, const char *name, ti_upload *upload, ticker_stored **stored,
                                ticker_error *error)
{
    char key[TI_NEW_KEY_MAX];
    ticker_stored *made = NULL;
    ticker_status status;

    if (!ti_new_key(name, key))
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "the system has no random numbers for a key");
    status = storage->ops->put(storage, key, upload, &made, error);
    if (status != TICKER_OK)
        return status;
    made->bytes = upload->bytes;
    if (!ti_sha256_finish(upload->hash, made->sha256)) {
        ticker_stored_free(made);
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "libcrypto refused to hash");
    }
    *stored = made;
    return TICKER_OK;
}

ticker_status ticker_storage_put(ticker_storage *storage, const char *name, ticker_source *source,
                                 int (*progress)(void *payload, int64_t bytes), void *payload, ticker_stored **stored,
                                 ticker_error *error)
{
    ti_upload upload = {.source = source, .progress = progress, .payload = payload};
    ticker_status status;

    if (source == NULL || stored == NULL) {
        ticker_source_free(source);
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an upload needs a source and a place for its answer");
    }
    upload.hash = ti_sha256_new();
    status = upload.hash != NULL ? put_upload(storage, name, &upload, stored, error) : ti_fail_memory(error);
    ti_sha256_free(upload.hash);
    ticker_source_free(upload.source); /* NULL when it was handed on */
    return status;
}

static ticker_status check_key(const ticker_storage *storage, const char *key, ticker_error *error)
{
    ticker_status status;

    if (ti_key_stays(key, storage->ops->strict))
        return TICKER_OK;
    status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "\"%.100s\" is no key of a storage",
                     key != NULL ? key : "");
    ti_error_hint(error,
                  "a key is a path below the storage, without \".\" and \"..\", such as ticker_stored_key() gives");
    return status;
}

ticker_status ticker_storage_get(ticker_storage *storage, const char *key, const char *version, ticker_source **source,
                                 ticker_error *error)
{
    ticker_status status = check_key(storage, key, error);

    if (version == NULL)
        version = "";
    return status == TICKER_OK ? storage->ops->get(storage, key, version, source, error) : status;
}

ticker_status ticker_storage_delete(ticker_storage *storage, const char *key, ticker_error *error)
{
    ticker_status status = check_key(storage, key, error);

    return status == TICKER_OK ? storage->ops->remove(storage, key, error) : status;
}

ticker_status ticker_storage_presign(ticker_storage *storage, const char *name, int64_t bytes, int64_t seconds,
                                     char **request, ticker_error *error)
{
    char key[TI_NEW_KEY_MAX];

    if (storage->ops->presign == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED,
                       "uploads cannot go straight into a storage of the kind \"%s\"", storage->ops->name);
    if (bytes < 0 || seconds < 1 || seconds > TICKER_PRESIGN_SECONDS_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "a presigned upload of %lld bytes for %lld seconds; it may be 0 or more, and 1 to %d",
                       (long long)bytes, (long long)seconds, TICKER_PRESIGN_SECONDS_MAX);
    if (!ti_new_key(name, key))
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "the system has no random numbers for a key");
    return storage->ops->presign(storage, key, bytes, seconds, request, error);
}

/* --- Events -------------------------------------------------------------------------------------------------------------------- */

/* Whether a list with commas has this name. */
static bool has_name(const char *list, ti_slice name)
{
    while (*list != '\0') {
        size_t size = strcspn(list, ",");
        ti_slice entry = {list, size};

        while (entry.size > 0 && entry.data[0] == ' ')
            entry = (ti_slice){entry.data + 1, entry.size - 1};
        while (entry.size > 0 && entry.data[entry.size - 1] == ' ')
            entry.size--;
        if (entry.size > 0 && ti_slice_equal(entry, name))
            return true;
        list += size + (list[size] == ',');
    }
    return false;
}

int ticker_storage_holds(const ticker_storage *storage, const char *bucket, const char *object_key, char **key)
{
    const char *within;

    *key = NULL;
    if (bucket == NULL || object_key == NULL)
        return 0;
    within = storage->ops->within(storage, bucket, object_key);
    if (within != NULL && ti_key_stays(within, storage->ops->strict)) {
        *key = strdup(within);
        return *key != NULL ? 1 : -1;
    }
    return object_key[0] != '\0' && has_name(storage->allowed_buckets, ti_slice_of(bucket)) ? 2 : 0;
}
