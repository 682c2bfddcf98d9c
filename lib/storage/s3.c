/* A storage in S3: "s3://bucket/prefix". The bytes go through ticker_s3_put() and ticker_s3_get(); here is what they do not know: the
 * prefix, the hash of an upload, and the request for uploads that go around the program. */
#include <stdlib.h>
#include <string.h>

#include <tickerimport/s3.h>

#include "aws/client.h"
#include "aws/s3.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/number.h"
#include "storage/storage.h"

#define BUCKET_MIN 3
#define PREFIX_MAX (TICKER_KEY_MAX - TI_NEW_KEY_MAX) /* so that a new key fits behind it */
#define REQUEST_MAX 65536
#define PLACE_MAX (TICKER_BUCKET_MAX + TICKER_KEY_MAX)

typedef struct bucket {
    ticker_storage base;
    ticker_aws *aws;
    bool own; /* the client was made here */
    char name[TICKER_BUCKET_MAX];
    char prefix[PREFIX_MAX + 1]; /* empty, or with a '/' at its end */
} bucket;

static bucket *bucket_of(ticker_storage *storage)
{
    return (bucket *)storage;
}

/* The object's key in the bucket. */
static ticker_status key_in(const bucket *in, const char *key, char whole[TICKER_KEY_MAX], ticker_error *error)
{
    size_t prefix = strlen(in->prefix), size = strlen(key);

    if (prefix + size >= TICKER_KEY_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the key is too long for S3 with its prefix");
    memcpy(whole, in->prefix, prefix);
    memcpy(whole + prefix, key, size + 1);
    return TICKER_OK;
}

/* --- Storing ------------------------------------------------------------------------------------------------------------------- */

static ticker_stored *describe(const bucket *in, const char *key, const ticker_s3_object *object)
{
    ti_buffer url;
    const char *text;
    ticker_stored *stored = NULL;

    ti_buffer_init(&url, PLACE_MAX + sizeof(TI_S3_SCHEME));
    (void)ti_buffer_printf(&url, "%s/%s", in->base.url, key);
    text = ti_buffer_string(&url);
    if (text != NULL)
        stored = ti_stored_new(key, text, ticker_s3_object_version(object), ticker_s3_object_etag(object));
    ti_buffer_free(&url);
    return stored;
}

static ticker_status put(ticker_storage *storage, const char *key, ti_upload *upload, ticker_stored **stored,
                         ticker_error *error)
{
    const bucket *in = bucket_of(storage);
    char whole[TICKER_KEY_MAX];
    ticker_s3_object *object = NULL;
    ti_s3_putting what = {.bucket = in->name,
                          .key = whole,
                          .source = upload->source,
                          .progress = upload->progress,
                          .payload = upload->payload,
                          .hash = upload->hash};
    ticker_status status = key_in(in, key, whole, error);

    if (status != TICKER_OK)
        return status;
    upload->source = NULL; /* it is freed there */
    status = ti_s3_put(in->aws, &what, &object, error);
    if (status != TICKER_OK)
        return status;
    upload->bytes = ticker_s3_object_bytes(object);
    *stored = describe(in, key, object);
    ticker_s3_object_free(object);
    return *stored != NULL ? TICKER_OK : ti_fail_memory(error);
}

/* --- Reading and deleting ------------------------------------------------------------------------------------------------------ */

static ticker_status get(ticker_storage *storage, const char *key, const char *version, ticker_source **source,
                         ticker_error *error)
{
    const bucket *in = bucket_of(storage);
    char whole[TICKER_KEY_MAX];
    ticker_status status = key_in(in, key, whole, error);

    if (status != TICKER_OK)
        return status;
    return ticker_s3_get(in->aws, in->name, whole, version[0] != '\0' ? version : NULL, NULL, source, error);
}

static ticker_status delete_object(ticker_storage *storage, const char *key, ticker_error *error)
{
    const bucket *in = bucket_of(storage);
    char whole[TICKER_KEY_MAX];
    ticker_status status = key_in(in, key, whole, error);

    return status == TICKER_OK ? ticker_s3_delete(in->aws, in->name, whole, NULL, error) : status;
}

/* --- Uploads that go around the program ---------------------------------------------------------------------------------------- */

/* The length is signed: a body of another length is refused. */
static ticker_status sign(const bucket *in, const char *whole, const char *length, int64_t seconds, ti_buffer *url,
                          ticker_error *error)
{
    const ti_http_header header = {ti_slice_of("Content-Length"), ti_slice_of(length)};
    const ti_aws_request request = {.service = TI_AWS_S3,
                                    .operation = "PutObject",
                                    .method = "PUT",
                                    .bucket = ti_slice_of(in->name),
                                    .path = ti_slice_of(whole),
                                    .headers = &header,
                                    .header_count = 1};
    ticker_status status = ti_aws_presign(in->aws, &request, seconds, url, error);

    return status == TICKER_OK && ti_buffer_string(url) == NULL ? ti_fail_memory(error) : status;
}

static void write_request(ti_buffer *json, ti_slice url, const char *length, const char *key, const char *expires)
{
    (void)ti_buffer_text(json, "{\"method\":\"PUT\",\"url\":");
    (void)ti_buffer_json(json, url);
    (void)ti_buffer_printf(json, ",\"headers\":{\"Content-Length\":\"%s\"},\"key\":", length);
    (void)ti_buffer_json(json, ti_slice_of(key));
    (void)ti_buffer_printf(json, ",\"expires_at\":\"%s\"}", expires);
}

static void wipe(ti_buffer *secret)
{
    if (secret->data != NULL)
        explicit_bzero(secret->data, secret->capacity);
    ti_buffer_free(secret);
}

static ticker_status presign(ticker_storage *storage, const char *key, int64_t bytes, int64_t seconds, char **request,
                             ticker_error *error)
{
    const bucket *in = bucket_of(storage);
    char whole[TICKER_KEY_MAX], length[TI_NUMBER_TEXT_MAX], expires[TI_TIME_EXTENDED_MAX];
    ticker_status status = key_in(in, key, whole, error);
    ti_buffer url, json;
    const char *text;

    if (status != TICKER_OK)
        return status;
    ti_buffer_init(&url, TICKER_SIGNED_BYTES_MAX);
    ti_buffer_init(&json, 2 * TICKER_SIGNED_BYTES_MAX + REQUEST_MAX);
    (void)ti_buffer_reserve(&url, TICKER_SIGNED_BYTES_MAX); /* they must not move and leave a token behind */
    (void)ti_buffer_reserve(&json, 2 * TICKER_SIGNED_BYTES_MAX + REQUEST_MAX);
    (void)ti_format_integer(bytes, length);
    ti_time_extended(ti_aws_now(in->aws) + seconds * 1000,
                     expires); /* before signing: rather too early than too late */
    status = sign(in, whole, length, seconds, &url, error);
    if (status == TICKER_OK) {
        write_request(&json, (ti_slice){url.data, url.size}, length, key, expires);
        text = ti_buffer_string(&json);
        *request = text != NULL ? strdup(text) : NULL;
        status = *request != NULL ? TICKER_OK : ti_fail_memory(error);
    }
    wipe(&url);
    wipe(&json);
    return status;
}

/* --- Events -------------------------------------------------------------------------------------------------------------------- */

static const char *within(const ticker_storage *storage, const char *name, const char *object_key)
{
    const bucket *in = (const bucket *)storage;
    size_t prefix = strlen(in->prefix);

    if (strcmp(name, in->name) != 0 || strncmp(object_key, in->prefix, prefix) != 0)
        return NULL;
    return object_key + prefix;
}

/* --- Opening ------------------------------------------------------------------------------------------------------------------- */

static void close_bucket(ticker_storage *storage)
{
    bucket *in = bucket_of(storage);

    if (in->own)
        ticker_aws_free(in->aws);
    ti_storage_end(storage);
    free(in);
}

static const ti_storage_ops ops = {
    .name = "s3",
    .strict = false,
    .close = close_bucket,
    .put = put,
    .get = get,
    .remove = delete_object,
    .presign = presign,
    .within = within,
};

/* AWS's own rules are narrower; other servers and old buckets have more. What is refused here may be a secret in the wrong place. */
static bool is_bucket(const char *name, size_t size)
{
    if (size < BUCKET_MIN || size >= TICKER_BUCKET_MAX)
        return false;
    for (size_t i = 0; i < size; i++) {
        bool letter = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
                      (name[i] >= '0' && name[i] <= '9');

        if (!letter && (i == 0 || strchr("-._", name[i]) == NULL))
            return false;
    }
    return true;
}

static ticker_status fail_place(const char *why, ticker_error *error)
{
    ticker_status status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the storage URL cannot be used: %s", why);

    ti_error_hint(error, "write s3://bucket or s3://bucket/prefix");
    return status;
}

/* Splits "bucket/prefix"; slashes at the end of the prefix are the same as one. */
static ticker_status take_place(bucket *in, const char *place, ticker_error *error)
{
    size_t name = strcspn(place, "/");
    const char *prefix = place[name] != '\0' ? place + name + 1 : "";
    size_t size = strlen(prefix);

    if (!is_bucket(place, name))
        return fail_place("it names no bucket", error);
    while (size > 0 && prefix[size - 1] == '/')
        size--;
    if (size >= PREFIX_MAX)
        return fail_place("the prefix is too long", error);
    memcpy(in->name, place, name);
    in->name[name] = '\0';
    memcpy(in->prefix, prefix, size);
    in->prefix[size] = '\0';
    if (size > 0 && !ti_key_stays(in->prefix, false))
        return fail_place("the prefix has a part \".\" or \"..\"", error);
    return TICKER_OK;
}

static char *url_of(const bucket *in)
{
    ti_buffer url;

    ti_buffer_init(&url, PLACE_MAX + sizeof(TI_S3_SCHEME));
    (void)ti_buffer_printf(&url, TI_S3_SCHEME "%s%s%s", in->name, in->prefix[0] != '\0' ? "/" : "", in->prefix);
    if (ti_buffer_string(&url) == NULL) {
        ti_buffer_free(&url);
        return NULL;
    }
    return url.data; /* the buffer's memory goes to the caller */
}

static ticker_status open_bucket(bucket *made, const ticker_options *options, const char *place, ticker_error *error)
{
    ticker_status status = take_place(made, place, error);
    size_t size = strlen(made->prefix);

    if (status != TICKER_OK)
        return status;
    made->base.url = url_of(made);
    if (made->base.url == NULL)
        return ti_fail_memory(error);
    if (size > 0)
        memcpy(made->prefix + size, "/", 2);
    if (made->aws != NULL)
        return TICKER_OK;
    status = ticker_aws_new(options, NULL, &made->aws, error);
    made->own = status == TICKER_OK;
    return status;
}

ticker_status ti_s3_storage_open(const ticker_options *options, ticker_aws *aws, const char *place,
                                 ticker_storage **storage, ticker_error *error)
{
    bucket *made = calloc(1, sizeof(*made));
    ticker_status status;

    if (made == NULL)
        return ti_fail_memory(error);
    made->base.ops = &ops;
    made->aws = aws;
    status = open_bucket(made, options, place, error);
    if (status != TICKER_OK) {
        close_bucket(&made->base);
        return status;
    }
    *storage = &made->base;
    return TICKER_OK;
}
