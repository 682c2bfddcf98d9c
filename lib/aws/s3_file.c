/* Parts of a regular file: read when they are sent and not kept in memory, so that they may be large. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/s3_upload.h"
#include "base/error.h"

#define HASH_BUFFER ((size_t)128 * 1024)

/* Reads at `offset` without moving the file's own position. */
static ticker_status read_at(int descriptor, int64_t offset, void *buffer, size_t capacity, size_t *got,
                             ticker_error *error)
{
    ssize_t count;

    do
        count = pread(descriptor, buffer, capacity, (off_t)offset);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "cannot read: %s", strerror(errno));
    if (count == 0)
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "the file became shorter while it was read");
    *got = (size_t)count;
    return TICKER_OK;
}

static ticker_status read_body(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    ti_s3_range *range = self;
    int64_t left = range->size - range->at;
    ticker_status status;

    if (left == 0)
        return TICKER_DONE;
    capacity = (int64_t)capacity < left ? capacity : (size_t)left;
    status = read_at(range->descriptor, range->offset + range->at, buffer, capacity, got, error);
    range->at += status == TICKER_OK ? (int64_t)*got : 0;
    return status;
}

static bool rewind_body(void *self)
{
    ti_s3_range *range = self;

    range->at = 0;
    return true;
}

/* One pass over the bytes for both sums, before they are sent. */
static ticker_status sum_up(ti_s3_range *range, const ti_part *part, ti_s3_checksum *checksum, ti_sha256 *hash,
                            ticker_error *error)
{
    ticker_status status;
    size_t got;

    while ((status = read_body(range, part->data, part->capacity, &got, error)) == TICKER_OK)
        if (!ti_s3_checksum_add(checksum, part->data, got) ||
            (hash != NULL && !ti_sha256_update(hash, part->data, got)))
            return ti_fail_memory(error);
    range->at = 0;
    return status == TICKER_DONE ? TICKER_OK : status;
}

ticker_status ti_s3_seal_range(const ti_s3_upload *upload, ti_s3_call *call, ti_s3_range *range, const ti_part *part,
                               ti_s3_seal *seal, ticker_error *error)
{
    ti_sha256 *hash = upload->sign_bodies ? ti_sha256_new() : NULL;
    ticker_status status = TICKER_OK;
    ti_s3_checksum checksum;

    *range = (ti_s3_range){upload->descriptor, part->offset, (int64_t)part->size, 0};
    *seal = (ti_s3_seal){.checksum = ""};
    call->request.body = (ti_http_body){.size = range->size, .read = read_body, .rewind = rewind_body, .self = range};
    if (!ti_s3_checksum_begin(&checksum, upload->algorithm) || (upload->sign_bodies && hash == NULL))
        status = ti_fail_memory(error);
    if (status == TICKER_OK && (upload->algorithm != TI_S3_NO_CHECKSUM || hash != NULL))
        status = sum_up(range, part, &checksum, hash, error);
    if (status == TICKER_OK &&
        (!ti_s3_checksum_end(&checksum, seal->checksum) || (hash != NULL && !ti_sha256_finish(hash, seal->hash))))
        status = ti_fail_memory(error);
    ti_s3_checksum_drop(&checksum);
    ti_sha256_free(hash);
    ti_s3_apply_seal(upload, call, seal);
    return status;
}

ticker_status ti_s3_file_hash(int descriptor, int64_t offset, int64_t size, ti_sha256 *hash, ticker_error *error)
{
    ti_s3_range range = {descriptor, offset, size, 0};
    char *buffer = malloc(HASH_BUFFER);
    ticker_status status = TICKER_OK;
    size_t got;

    if (buffer == NULL)
        return ti_fail_memory(error);
    while (status == TICKER_OK) {
        status = read_body(&range, buffer, HASH_BUFFER, &got, error);
        if (status == TICKER_OK && !ti_sha256_update(hash, buffer, got))
            status = ti_fail_memory(error);
    }
    free(buffer);
    return status == TICKER_DONE ? TICKER_OK : status;
}

/* --- Is it still the same? ------------------------------------------------------------------------------------------------------ */

bool ti_s3_file_look(int descriptor, ti_s3_file *file)
{
    struct stat about;

    if (fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode))
        return false;
    *file = (ti_s3_file){about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec};
    return true;
}

ticker_status ti_s3_file_same(int descriptor, const ti_s3_file *before, ticker_error *error)
{
    ti_s3_file now;

    if (ti_s3_file_look(descriptor, &now) && now.size == before->size && now.seconds == before->seconds &&
        now.nanoseconds == before->nanoseconds)
        return TICKER_OK;
    return ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "the file was changed while it was read");
}
