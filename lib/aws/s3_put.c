/* Stores what a source gives: in one request when it fits into a part, else in parts. */
#include <stdlib.h>
#include <string.h>

#include "aws/s3_upload.h"
#include "aws/sigv4.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/options.h"
#include "input/source.h"

#define CONTENT_TYPE_MAX 255
#define EXPECT_BYTES (2 * 1024 * 1024) /* from so many on the server is asked first whether it will take them */
#define TELL_TIME 250                  /* milliseconds between two words to the caller */
#define MEBI (1024 * 1024)
#define GROW_AFTER 1000                    /* parts of one size, when the end is not known */
#define FILE_PARTS 16                      /* a file is not cut into fewer … */
#define FILE_PART_MAX (INT64_C(32) * MEBI) /* … unless they would be larger than this: it is what a failure repeats */
#define FILE_SCRATCH (256 * 1024)

typedef struct storing {
    ti_s3_upload upload; /* first: it is what the threads get */
    ticker_source *source;
    int64_t source_bytes; /* -1: unknown */
    bool ended;           /* the source is */
    ticker_s3_progress progress;
    void *payload;
    ti_sha256 *hash; /* of the whole; may be NULL */
    int64_t part_size, memory;
    int64_t buffers; /* while parts have their first size */
} storing;

/* --- What goes with a body ------------------------------------------------------------------------------------------------------ */

void ti_s3_apply_seal(const ti_s3_upload *upload, ti_s3_call *call, const ti_s3_seal *seal)
{
    if (upload->algorithm != TI_S3_NO_CHECKSUM) {
        ti_s3_call_header(call, "x-amz-sdk-checksum-algorithm", ti_s3_algorithm_name(upload->algorithm));
        ti_s3_call_header(call, ti_s3_algorithm_header(upload->algorithm), seal->checksum);
    }
    call->request.payload_hash = upload->sign_bodies ? seal->hash : TI_UNSIGNED_PAYLOAD;
}

ticker_status ti_s3_seal_memory(const ti_s3_upload *upload, ti_s3_call *call, const ti_part *part, ti_s3_seal *seal,
                                ticker_error *error)
{
    unsigned char digest[TI_SHA256_BYTES];

    *seal = (ti_s3_seal){.checksum = ""};
    ti_s3_call_body(call, part->data, part->size);
    if (!ti_s3_checksum_of(upload->algorithm, part->data, part->size, seal->checksum))
        return ti_fail_memory(error);
    if (upload->sign_bodies) {
        if (!ti_sha256_of(part->data, part->size, digest))
            return ti_fail_memory(error);
        ti_hex(digest, sizeof(digest), seal->hash);
    }
    ti_s3_apply_seal(upload, call, seal);
    return TICKER_OK;
}

/* --- Parts of the source -------------------------------------------------------------------------------------------------------- */

int64_t ti_s3_part_size(int64_t least, int64_t memory, int64_t source_bytes, int64_t index)
{
    int64_t size = least, needed;

    if (source_bytes >= 0) {
        needed = (source_bytes / TICKER_S3_PARTS_MAX / MEBI + 1) * MEBI;
        return size > needed ? size : needed;
    }
    for (int64_t i = GROW_AFTER; i <= index && size * 2 <= memory / 2; i += GROW_AFTER)
        size *= 2;
    return size;
}

/* A source that is longer than it said is one of unknown length. */
static int64_t size_of_part(const storing *put, int64_t index)
{
    bool known = put->upload.bytes <= put->source_bytes;

    return ti_s3_part_size(put->part_size, put->memory, known ? put->source_bytes : -1, index);
}

/* Reads until the part has `size` bytes or the source ends. */
static ticker_status fill(storing *put, ti_part *part, size_t size, ticker_error *error)
{
    ticker_status status = ti_part_grow(part, size, error);
    size_t got;

    while (status == TICKER_OK && part->size < size && !put->ended) {
        if (ti_aws_interrupted(put->upload.aws))
            return ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "stopped");
        status = ti_source_read(put->source, part->data + part->size, size - part->size, &got, error);
        if (status == TICKER_OK && put->hash != NULL && !ti_sha256_update(put->hash, part->data + part->size, got))
            return ti_fail_memory(error);
        if (status == TICKER_OK) {
            part->size += got;
            put->upload.bytes += (int64_t)got;
        } else if (status == TICKER_DONE) {
            put->ended = true;
            status = TICKER_OK;
        }
    }
    return status;
}

/* A small source of known length gets no more room than it needs, and a byte in which it may show that it is longer. */
static ticker_status first_part(storing *put, ti_part **part, ticker_error *error)
{
    int64_t size = size_of_part(put, 0);
    size_t enough = put->source_bytes >= 0 && put->source_bytes < size ? (size_t)put->source_bytes + 1 : (size_t)size;
    ticker_status status = ti_parts_take(put->upload.parts, enough, part, error);

    if (status == TICKER_OK)
        status = fill(put, *part, enough, error);
    if (status == TICKER_OK)
        status = fill(put, *part, (size_t)size, error);
    return status;
}

/* --- Words to the caller -------------------------------------------------------------------------------------------------------- */

static ticker_status tell(const storing *put, int64_t stored, ticker_error *error)
{
    if (put->progress != NULL && put->progress(put->payload, stored) != 0)
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "stopped");
    return TICKER_OK;
}

static ticker_status wait_for(storing *put, bool (*ready)(void *parts), ticker_error *error)
{
    ticker_status status, told;

    do {
        status = ti_parts_wait(put->upload.parts, ready, put->upload.parts, TELL_TIME, error);
        if (status < TICKER_OK)
            return status;
        told = tell(put, ti_parts_finished(put->upload.parts), error);
        if (told != TICKER_OK)
            return told;
    } while (status == TICKER_DONE);
    return TICKER_OK;
}

/* --- One request ---------------------------------------------------------------------------------------------------------------- */

static ticker_status send_whole(storing *put, const ti_part *part, ticker_error *error)
{
    ti_s3_upload *upload = &put->upload;
    ti_s3_call *call = &upload->answer;
    ticker_status status = tell(put, 0, error);
    ti_s3_seal seal;

    if (status != TICKER_OK)
        return status;
    ti_s3_call_begin(call, "PutObject", "PUT", upload->bucket, upload->key);
    ti_s3_call_header(call, "Content-Type", upload->content_type);
    call->request.expect_continue = part->size >= EXPECT_BYTES;
    status = ti_s3_seal_memory(upload, call, part, &seal, error);
    if (status == TICKER_OK)
        status = ti_s3_call_perform(upload->aws, call, error);
    if (status != TICKER_OK)
        return status;
    upload->etag = ti_s3_header_text(&call->response, "ETag", TI_S3_ETAG_MAX - 1);
    return upload->etag != NULL ? TICKER_OK : ti_fail_memory(error);
}

/* --- In parts ------------------------------------------------------------------------------------------------------------------- */

static ticker_status submit(storing *put, ti_part *part, ticker_error *error)
{
    ti_s3_upload *upload = &put->upload;

    if (upload->count == TICKER_S3_PARTS_MAX) {
        (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the source is longer than %d parts",
                      TICKER_S3_PARTS_MAX);
        ti_error_hint(error, "raise s3-part-size");
        return TICKER_FAILED;
    }
    part->index = upload->count++;
    return ti_parts_submit(upload->parts, part, error);
}

/* Fewer buffers when the memory does not allow for as many of this size. */
static ticker_status next_part(storing *put, ti_part **part, size_t *size, ticker_error *error)
{
    ti_s3_upload *upload = &put->upload;
    ticker_status status;
    int64_t buffers;

    *size = (size_t)size_of_part(put, upload->count);
    buffers = put->memory / (int64_t)*size;
    ti_parts_limit(upload->parts, (size_t)(buffers < put->buffers ? buffers : put->buffers));
    status = wait_for(put, ti_parts_available, error);
    return status == TICKER_OK ? ti_parts_take(upload->parts, *size, part, error) : status;
}

static ticker_status send_rest(storing *put, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    ti_part *part;
    size_t size;

    while (status == TICKER_OK && !put->ended) {
        status = next_part(put, &part, &size, error);
        if (status == TICKER_OK)
            status = fill(put, part, size, error);
        if (status != TICKER_OK)
            break;
        if (part->size > 0)
            status = submit(put, part, error);
        else
            ti_parts_give(put->upload.parts, part);
    }
    return status == TICKER_OK ? wait_for(put, ti_parts_idle, error) : status;
}

/* Whatever went wrong, nothing stays behind: parts of an upload that nobody ends cost money for ever. */
static ticker_status end_parts(storing *put, ticker_status status, ticker_error *error)
{
    ti_s3_upload *upload = &put->upload;

    ti_parts_free(upload->parts); /* no part may arrive behind the abort */
    upload->parts = NULL;
    if (status == TICKER_OK)
        status = ti_s3_complete(upload, error);
    if (status != TICKER_OK && ti_s3_abort(upload->aws, upload->bucket, upload->key, upload->id, NULL) != TICKER_OK)
        ti_s3_hint_left(error, upload->id);
    return status;
}

static ticker_status send_parts(storing *put, ti_part *first, ti_part *second, ticker_error *error)
{
    ticker_status status = ti_s3_begin_parts(&put->upload, error);

    if (status != TICKER_OK)
        return status;
    status = submit(put, first, error);
    if (status == TICKER_OK)
        status = submit(put, second, error);
    if (status == TICKER_OK)
        status = send_rest(put, error);
    return end_parts(put, status, error);
}

/* --- Files ---------------------------------------------------------------------------------------------------------------------- */

/* Parts of a file take no memory, and each costs the server something: large files are cut into larger ones. */
static int64_t size_of_file_part(const storing *put, int64_t size)
{
    int64_t least = size_of_part(put, 0), fair = (size / FILE_PARTS / MEBI + 1) * MEBI;

    fair = fair < FILE_PART_MAX ? fair : FILE_PART_MAX;
    return least > fair ? least : fair;
}

/* The whole is hashed while its parts are sent by others. */
static ticker_status send_ranges(storing *put, int64_t size, ticker_error *error)
{
    int64_t part_size = size_of_file_part(put, size);
    ticker_status status = TICKER_OK;
    ti_part *part;

    for (int64_t at = 0; status == TICKER_OK && at < size; at += part_size) {
        status = wait_for(put, ti_parts_available, error);
        if (status == TICKER_OK)
            status = ti_parts_take(put->upload.parts, FILE_SCRATCH, &part, error);
        if (status != TICKER_OK)
            break;
        part->offset = at;
        part->size = (size_t)(size - at < part_size ? size - at : part_size);
        status = submit(put, part, error);
        if (status == TICKER_OK && put->hash != NULL)
            status = ti_s3_file_hash(put->upload.descriptor, at, size - at < part_size ? size - at : part_size,
                                     put->hash, error);
    }
    return status == TICKER_OK ? wait_for(put, ti_parts_idle, error) : status;
}

static ticker_status send_file(storing *put, const ti_s3_file *file, ticker_error *error)
{
    ti_s3_upload *upload = &put->upload;
    ticker_status status;

    upload->descriptor = put->source->descriptor;
    upload->bytes = put->source_bytes = file->size;
    status = ti_s3_begin_parts(upload, error);
    if (status != TICKER_OK)
        return status;
    status = send_ranges(put, file->size, error);
    if (status == TICKER_OK)
        status = ti_s3_file_same(upload->descriptor, file, error);
    return end_parts(put, status, error);
}

/* --- The whole ------------------------------------------------------------------------------------------------------------------ */

static ticker_status store(storing *put, ticker_error *error)
{
    ti_part *first, *second = NULL;
    ticker_status status;
    ti_s3_file file;
    size_t size;

    if (put->source->descriptor >= 0 && ti_s3_file_look(put->source->descriptor, &file) && file.size > put->part_size)
        return send_file(put, &file, error);
    status = first_part(put, &first, error);
    if (status == TICKER_OK && !put->ended) {
        size = (size_t)size_of_part(put, 1);
        status = ti_parts_take(put->upload.parts, size, &second, error);
        if (status == TICKER_OK)
            status = fill(put, second, size, error);
    }
    if (status != TICKER_OK)
        return status;
    return second == NULL || second->size == 0 ? send_whole(put, first, error) : send_parts(put, first, second, error);
}

static ticker_status describe(const storing *put, ticker_s3_object **object, ticker_error *error)
{
    const ti_http_response *response = &put->upload.answer.response;

    ti_slice version = ti_http_response_header(response, "x-amz-version-id");

    if (object == NULL)
        return TICKER_OK;
    if (put->upload.version != NULL)
        version = ti_slice_of(put->upload.version);
    *object = ti_s3_object_new(ti_slice_of(put->upload.key), put->upload.bytes, ti_slice_of(put->upload.etag), version,
                               response->date);
    return *object != NULL ? TICKER_OK : ti_fail_memory(error);
}

static bool printable(const char *text, size_t max)
{
    size_t size = strnlen(text, max + 1);

    for (size_t i = 0; i < size; i++)
        if (text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return size > 0 && size <= max;
}

/* The machine itself: "localhost", a name below it, 127.0.0.0/8, "[::1]". */
static bool is_loopback(ti_slice host)
{
    static const char name[] = "localhost";
    size_t size = sizeof(name) - 1;

    if (host.size >= size && memcmp(host.data + host.size - size, name, size) == 0)
        return host.size == size || host.data[host.size - size - 1] == '.';
    if (host.size >= 4 && memcmp(host.data, "127.", 4) == 0)
        return strspn(host.data, "0123456789.") >= host.size; /* no name that only begins so */
    return ti_slice_is(host, "[::1]");
}

/* Hashing a body costs more than all the rest of an upload, on the server's side too. TLS protects bodies on their way,
 * and nobody is between two programs of one machine; a checksum that the signature covers shows what else may happen
 * to them. Elsewhere the hash is all there is. */
static ticker_status must_sign_bodies(ticker_aws *aws, bool *must, ticker_error *error)
{
    static const char plain[] = "http://";
    char *endpoint = NULL;
    ticker_status status = ticker_aws_endpoint(aws, "s3", &endpoint, error);
    ti_slice host;

    if (status != TICKER_OK)
        return status;
    *must = strncmp(endpoint, plain, sizeof(plain) - 1) == 0;
    if (*must) {
        host = (ti_slice){endpoint + sizeof(plain) - 1, 0};
        host.size = *host.data == '[' ? strcspn(host.data, "]/") + 1 : strcspn(host.data, ":/");
        *must = !is_loopback(host);
    }
    ticker_free(endpoint);
    return TICKER_OK;
}

static ticker_status prepare(storing *put, ticker_error *error)
{
    const ticker_options *options = ti_aws_options(put->upload.aws);
    int64_t threads = ti_option_number(options, TI_OPTION_S3_CONCURRENCY);
    ticker_status status;

    put->buffers = threads < 2 ? 2 : threads;
    put->part_size = ti_option_number(options, TI_OPTION_S3_PART_SIZE);
    put->memory = put->part_size * put->buffers;
    put->memory = put->memory > TICKER_S3_MEMORY_MAX ? put->memory : TICKER_S3_MEMORY_MAX;
    put->upload.algorithm = TI_S3_NO_CHECKSUM;
    if (strcmp(ti_option_text(options, TI_OPTION_S3_REQUEST_CHECKSUM), "when_supported") == 0)
        put->upload.algorithm = ti_s3_algorithm_of(ti_option_text(options, TI_OPTION_S3_CHECKSUM));
    status = must_sign_bodies(put->upload.aws, &put->upload.sign_bodies, error);
    if (status != TICKER_OK)
        return status;
    put->upload.parts = ti_parts_new((unsigned)threads, false, ti_s3_send_part, put);
    return put->upload.parts != NULL ? TICKER_OK : ti_fail_memory(error);
}

static ticker_status put_object(storing *put, ticker_s3_object **object, ticker_error *error)
{
    char place[TICKER_NAME_MAX];
    ticker_status status = prepare(put, error);

    ti_http_response_init(&put->upload.answer.response);
    if (status == TICKER_OK)
        status = store(put, error);
    if (status == TICKER_OK) {
        (void)tell(put, put->upload.bytes, NULL); /* it is too late to stop */
        status = describe(put, object, error);
    }
    if (status != TICKER_OK) {
        ti_s3_place(place, sizeof(place), put->upload.bucket, put->upload.key);
        ti_error_file(error, place);
    }
    ti_parts_free(put->upload.parts);
    ti_s3_call_end(&put->upload.answer);
    free(put->upload.id);
    free(put->upload.pieces);
    free(put->upload.etag);
    free(put->upload.version);
    return status;
}

ticker_status ti_s3_put(ticker_aws *aws, const ti_s3_putting *what, ticker_s3_object **object, ticker_error *error)
{
    ticker_status status = ti_s3_check_key(aws, what->bucket, what->key, error);
    const char *content_type = what->content_type != NULL ? what->content_type : "application/octet-stream";
    storing put = {.source = what->source, .progress = what->progress, .payload = what->payload, .hash = what->hash};

    if (status == TICKER_OK && (what->source == NULL || !printable(content_type, CONTENT_TYPE_MAX)))
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a source and a content type of one line are needed");
    if (status == TICKER_OK) {
        put.source_bytes = what->source->bytes;
        put.upload.aws = aws;
        put.upload.descriptor = -1;
        put.upload.bucket = what->bucket;
        put.upload.key = what->key;
        put.upload.content_type = content_type;
        status = put_object(&put, object, error);
    }
    ticker_source_free(what->source);
    return status;
}

ticker_status ticker_s3_put(ticker_aws *aws, const char *bucket, const char *key, ticker_source *source,
                            const char *content_type, ticker_s3_progress progress, void *payload,
                            ticker_s3_object **object, ticker_error *error)
{
    const ti_s3_putting what = {bucket, key, content_type, source, progress, payload, NULL};

    return ti_s3_put(aws, &what, object, error);
}
