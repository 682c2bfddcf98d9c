#include "input/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

ticker_source *ticker_source_new(const ticker_source_ops *ops, void *self, const char *name, int64_t bytes)
{
    ticker_source *source;

    if (ops == NULL || ops->size < offsetof(ticker_source_ops, read) + sizeof(ops->read) || ops->read == NULL)
        return NULL;
    source = calloc(1, sizeof(*source));
    if (source == NULL || (source->whole_name = strdup(name != NULL ? name : "")) == NULL) {
        free(source);
        return NULL;
    }
    memcpy(&source->ops, ops, ops->size < sizeof(source->ops) ? ops->size : sizeof(source->ops));
    source->self = self;
    source->bytes = bytes < 0 ? -1 : bytes;
    source->descriptor = -1;
    (void)snprintf(source->name, sizeof(source->name), "%s", source->whole_name);
    return source;
}

void ticker_source_free(ticker_source *source)
{
    if (source == NULL)
        return;
    if (source->ops.close != NULL)
        source->ops.close(source->self);
    free(source->whole_name);
    free(source);
}

/* The next status that can be said of reading: a source of the caller's own may answer with any number. */
static ticker_status known_status(ticker_status status)
{
    if (status >= TICKER_OK)
        return status;
    return status >= TICKER_RETRY ? TICKER_RETRY : status >= TICKER_FAILED ? TICKER_FAILED : TICKER_FATAL;
}

ticker_status ti_source_read(ticker_source *source, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    ticker_status status;

    *got = 0;
    status = known_status(source->ops.read(source->self, buffer, capacity, got, error));
    if (status > TICKER_DONE || (status == TICKER_OK && (*got == 0 || *got > capacity)))
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                         "a source's read function returned %d and %zu bytes of %zu", (int)status, *got, capacity);
    if (status != TICKER_OK)
        *got = 0;
    if (status < TICKER_OK) {
        (void)ti_fail(error, status, TICKER_ERROR_IO, "the source failed without saying why");
        ti_error_file(error, source->name);
    }
    return status;
}

ticker_status ticker_source_read(ticker_source *source, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    if (source == NULL || buffer == NULL || capacity == 0 || got == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "reading needs a source and a place for the bytes");
    return ti_source_read(source, buffer, capacity, got, error);
}

/* A descriptor: `own` when it has to be closed. */
typedef struct descriptor_source {
    int descriptor;
    bool own;
} descriptor_source;

static ticker_status descriptor_read(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    const descriptor_source *file = self;
    ssize_t count;

    do
        count = read(file->descriptor, buffer, capacity);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return ti_fail(error, errno == EISDIR ? TICKER_FAILED : TICKER_RETRY, TICKER_ERROR_IO, "cannot read: %s",
                       strerror(errno));
    *got = (size_t)count;
    return count > 0 ? TICKER_OK : TICKER_DONE;
}

static void descriptor_close(void *self)
{
    descriptor_source *file = self;

    if (file->own)
        (void)close(file->descriptor); /* only read from: nothing can be lost */
    free(file);
}

static ticker_status open_descriptor(int descriptor, bool own, const char *name, ticker_source **source,
                                     ticker_error *error)
{
    static const ticker_source_ops ops = {sizeof(ops), descriptor_read, descriptor_close};
    descriptor_source *file = malloc(sizeof(*file));
    struct stat about;
    bool regular = fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode);
    off_t at = regular ? lseek(descriptor, 0, SEEK_CUR) : -1;

    if (file == NULL)
        return ti_fail_memory(error);
    *file = (descriptor_source){descriptor, own};
    *source = ticker_source_new(&ops, file, name, regular ? (int64_t)about.st_size : -1);
    if (*source == NULL) {
        free(file);
        return ti_fail_memory(error);
    }
    if (regular && at == 0)
        (*source)->descriptor = descriptor;
    return TICKER_OK;
}

ticker_status ticker_source_open_descriptor(int descriptor, const char *name, ticker_source **source,
                                            ticker_error *error)
{
    if (source == NULL || descriptor < 0)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a source needs an open descriptor and a place to go");
    return open_descriptor(descriptor, false, name, source, error);
}

ticker_status ti_source_own(int descriptor, const char *name, ticker_source **source, ticker_error *error)
{
    return open_descriptor(descriptor, true, name, source, error);
}

ticker_status ticker_source_open_file(const char *path, ticker_source **source, ticker_error *error)
{
    struct stat about;
    ticker_source *opened = NULL;
    ticker_status status;
    int descriptor;

    if (source == NULL || path == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a source needs a path and a place to go");
    descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_IO, "cannot open: %s", strerror(errno));
        ti_error_file(error, path);
        return status;
    }
    if (fstat(descriptor, &about) == 0 && S_ISDIR(about.st_mode))
        status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_IO, "is a directory");
    else
        status = open_descriptor(descriptor, true, path, &opened, error);
    if (status != TICKER_OK) {
        ti_error_file(error, path);
        (void)close(descriptor);
        return status;
    }
    *source = opened;
    return TICKER_OK;
}

typedef struct memory_source {
    const char *data;
    size_t size, at;
} memory_source;

static ticker_status memory_read(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    memory_source *memory = self;
    size_t count = memory->size - memory->at < capacity ? memory->size - memory->at : capacity;

    (void)error;
    if (count == 0)
        return TICKER_DONE;
    memcpy(buffer, memory->data + memory->at, count);
    memory->at += count;
    *got = count;
    return TICKER_OK;
}

ticker_source *ticker_source_open_memory(const void *data, size_t size, const char *name)
{
    static const ticker_source_ops ops = {sizeof(ops), memory_read, free};
    memory_source *memory;
    ticker_source *source;

    if ((data == NULL && size > 0) || size > INT64_MAX)
        return NULL;
    memory = malloc(sizeof(*memory));
    if (memory == NULL)
        return NULL;
    *memory = (memory_source){data, size, 0};
    source = ticker_source_new(&ops, memory, name, (int64_t)size);
    if (source == NULL)
        free(memory);
    return source;
}
