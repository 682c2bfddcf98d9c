#include "input/raw.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define BLOCK (256 * 1024)
#define SPOOL_MEMORY (1024 * 1024) /* what follows the last member of a zip fits here */

/* What was read ahead of a source that cannot be read twice: the first bytes in memory, the rest in an unlinked file. */
typedef struct spool {
    unsigned char *memory;
    size_t memory_size, memory_at;
    FILE *file;
} spool;

typedef struct raw_layer {
    ti_layer layer;
    ticker_source *source;
    ti_sha256 *hash; /* of the bytes taken so far; NULL: not asked for, or done */
    char sha256[TI_SHA256_TEXT_MAX];
    struct stat hashed; /* of the file, when it was hashed first */
    bool hashed_first, entered, source_ended;
    uint64_t taken, served; /* bytes out of the source; bytes handed on */
    uint64_t max;
    spool ahead;
} raw_layer;

static ticker_status hash_failed(ticker_error *error)
{
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "SHA-256 is not available in libcrypto");
}

static ticker_status too_large(const raw_layer *raw, ticker_error *error)
{
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the input is larger than %llu bytes",
                  (unsigned long long)raw->max);
    ti_error_hint(error, "raise --max-input-bytes if the file is what it should be");
    return TICKER_FAILED;
}

static ticker_status finish_hash(raw_layer *raw, ticker_error *error)
{
    bool done = raw->hash != NULL && ti_sha256_finish(raw->hash, raw->sha256);

    ti_sha256_free(raw->hash);
    raw->hash = NULL;
    return done ? TICKER_OK : hash_failed(error);
}

/* Reads from the source itself; hashes unless the hash is known already. */
static ticker_status take(raw_layer *raw, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    ticker_status status;

    *got = 0;
    if (raw->source_ended)
        return TICKER_DONE;
    status = ti_source_read(raw->source, buffer, capacity, got, error);
    if (status == TICKER_OK) {
        raw->taken += *got;
        if (raw->taken > raw->max)
            return too_large(raw, error);
        if (raw->hash != NULL && !ti_sha256_update(raw->hash, buffer, *got))
            return hash_failed(error);
    } else if (status == TICKER_DONE) {
        raw->source_ended = true;
        if (raw->hash != NULL && finish_hash(raw, error) != TICKER_OK)
            return TICKER_FATAL;
    }
    return status;
}

static ticker_status read_ahead(raw_layer *raw, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    spool *ahead = &raw->ahead;
    size_t left = ahead->memory_size - ahead->memory_at;

    if (left > 0) {
        *got = left < capacity ? left : capacity;
        memcpy(buffer, ahead->memory + ahead->memory_at, *got);
        ahead->memory_at += *got;
        return TICKER_OK;
    }
    if (ahead->file == NULL)
        return TICKER_DONE;
    *got = fread(buffer, 1, capacity, ahead->file);
    if (*got == 0 && ferror(ahead->file) != 0)
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "cannot read the temporary file: %s", strerror(errno));
    return *got > 0 ? TICKER_OK : TICKER_DONE;
}

static ticker_status read_raw(ti_layer *layer, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    raw_layer *raw = (raw_layer *)layer;
    ticker_status status = read_ahead(raw, buffer, capacity, got, error);

    if (status == TICKER_DONE)
        status = take(raw, buffer, capacity, got, error);
    if (status == TICKER_OK)
        raw->served += *got;
    return status;
}

static ticker_status next_raw(ti_layer *layer, ticker_error *error)
{
    raw_layer *raw = (raw_layer *)layer;

    (void)error;
    if (raw->entered)
        return TICKER_DONE;
    raw->entered = true;
    return TICKER_OK;
}

static void free_raw(ti_layer *layer)
{
    raw_layer *raw = (raw_layer *)layer;

    if (raw->ahead.file != NULL)
        (void)fclose(raw->ahead.file); /* a temporary file that nobody reads again */
    free(raw->ahead.memory);
    ti_sha256_free(raw->hash);
    ticker_source_free(raw->source);
    free(raw);
}

ti_layer *ti_raw_new(ticker_source *source, uint64_t max)
{
    static const ti_layer_ops ops = {next_raw, read_raw, free_raw};
    raw_layer *raw = calloc(1, sizeof(*raw));

    if (raw == NULL) {
        ticker_source_free(source);
        return NULL;
    }
    raw->layer.ops = &ops;
    raw->source = source;
    raw->max = max;
    return &raw->layer;
}

ticker_status ti_raw_keep_hash(ti_layer *layer, ticker_error *error)
{
    raw_layer *raw = (raw_layer *)layer;

    if (ti_raw_can_hash_first(layer) || raw->hash != NULL)
        return TICKER_OK;
    raw->hash = ti_sha256_new();
    return raw->hash != NULL ? TICKER_OK
                             : ti_fail_memory(error); /* libcrypto has had SHA-256 for as long as it exists */
}

bool ti_raw_can_hash_first(const ti_layer *layer)
{
    return ((const raw_layer *)layer)->source->descriptor >= 0;
}

bool ti_raw_can_hash_now(const ti_layer *layer)
{
    return ti_raw_can_hash_first(layer) || ((const raw_layer *)layer)->source_ended;
}

static ticker_status hash_file(raw_layer *raw, ticker_error *error)
{
    unsigned char *block = malloc(BLOCK);
    off_t at = 0;
    ssize_t count = 0;
    ticker_status status = TICKER_OK;

    ti_sha256_free(raw->hash); /* of an attempt that failed */
    raw->hash = ti_sha256_new();
    if (block == NULL || raw->hash == NULL) {
        free(block);
        return ti_fail_memory(error);
    }
    if (fstat(raw->source->descriptor, &raw->hashed) != 0)
        status = ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "cannot look at the file: %s", strerror(errno));
    while (status == TICKER_OK && (count = pread(raw->source->descriptor, block, BLOCK, at)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            status = ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "cannot read: %s", strerror(errno));
        else if ((uint64_t)(at += count) > raw->max)
            status = too_large(raw, error);
        else if (!ti_sha256_update(raw->hash, block, (size_t)count))
            status = hash_failed(error);
    }
    free(block);
    if (status == TICKER_OK)
        status = finish_hash(raw, error);
    raw->hashed_first = status == TICKER_OK;
    ti_error_file(error, raw->source->name);
    return status;
}

static ticker_status spool_write(spool *ahead, const unsigned char *block, size_t size, ticker_error *error)
{
    if (ahead->file == NULL && ahead->memory_size + size <= SPOOL_MEMORY) {
        memcpy(ahead->memory + ahead->memory_size, block, size);
        ahead->memory_size += size;
        return TICKER_OK;
    }
    if (ahead->file == NULL)
        ahead->file = tmpfile();
    if (ahead->file == NULL || fwrite(block, 1, size, ahead->file) != size) {
        (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "cannot write a temporary file: %s", strerror(errno));
        ti_error_hint(
            error,
            "an archive with several members that comes through a pipe is kept there; make room or name the file");
        return TICKER_RETRY;
    }
    return TICKER_OK;
}

static ticker_status read_to_end(raw_layer *raw, ticker_error *error)
{
    unsigned char *block = malloc(BLOCK);
    size_t got;
    ticker_status status = TICKER_OK;

    if (raw->ahead.memory == NULL) /* else it is the second attempt */
        raw->ahead.memory = malloc(SPOOL_MEMORY);
    if (block == NULL || raw->ahead.memory == NULL)
        status = ti_fail_memory(error);
    while (status == TICKER_OK && (status = take(raw, block, BLOCK, &got, error)) == TICKER_OK)
        status = spool_write(&raw->ahead, block, got, error);
    free(block);
    if (status < TICKER_OK)
        return status;
    if (raw->ahead.file != NULL && (fflush(raw->ahead.file) != 0 || fseeko(raw->ahead.file, 0, SEEK_SET) != 0))
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "cannot write a temporary file: %s", strerror(errno));
    return TICKER_OK;
}

ticker_status ti_raw_sha256(ti_layer *layer, char text[TI_SHA256_TEXT_MAX], ticker_error *error)
{
    raw_layer *raw = (raw_layer *)layer;
    ticker_status status = TICKER_OK;

    text[0] = '\0';
    if (raw->sha256[0] == '\0')
        status = ti_raw_can_hash_first(layer) ? hash_file(raw, error) : read_to_end(raw, error);
    if (status == TICKER_OK)
        memcpy(text, raw->sha256, TI_SHA256_TEXT_MAX);
    return status;
}

ticker_status ti_raw_check_unchanged(const ti_layer *layer, ticker_error *error)
{
    const raw_layer *raw = (const raw_layer *)layer;
    struct stat now;

    if (!raw->hashed_first)
        return TICKER_OK;
    if (fstat(raw->source->descriptor, &now) != 0) {
        (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "cannot look at the file: %s", strerror(errno));
    } else if (now.st_size != raw->hashed.st_size || now.st_mtim.tv_sec != raw->hashed.st_mtim.tv_sec ||
               now.st_mtim.tv_nsec != raw->hashed.st_mtim.tv_nsec) {
        (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_INPUT, "the file was changed while it was read");
        ti_error_hint(error, "import it again when it is complete");
    } else {
        return TICKER_OK;
    }
    ti_error_file(error, raw->source->name);
    return TICKER_RETRY;
}

uint64_t ti_raw_position(const ti_layer *layer)
{
    return ((const raw_layer *)layer)->served;
}

int64_t ti_raw_size(const ti_layer *layer)
{
    const raw_layer *raw = (const raw_layer *)layer;

    return raw->source_ended ? (int64_t)raw->taken : raw->source->bytes;
}
