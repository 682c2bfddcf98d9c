#include "aws/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

bool ti_secret_init(ti_buffer *secret, size_t max)
{
    ti_buffer_init(secret, max + 1);
    return ti_buffer_reserve(secret, max + 1) != NULL;
}

void ti_secret_wipe(ti_buffer *secret)
{
    if (secret->data != NULL)
        explicit_bzero(secret->data, secret->capacity);
    ti_buffer_free(secret);
}

/* As much as there is and fits; the buffer has room for a byte more than is allowed, so that a larger file shows. */
static ticker_status read_all(int descriptor, size_t max, ti_buffer *secret, ticker_error *error)
{
    ssize_t count;

    do {
        count = read(descriptor, secret->data + secret->size, max + 1 - secret->size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return ti_fail(error, TICKER_FATAL, TICKER_ERROR_IO, "cannot read: %s", strerror(errno));
        secret->size += (size_t)count;
        if (secret->size > max)
            return ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT, "is larger than %zu bytes", max);
    } while (count != 0);
    secret->data[secret->size] = '\0';
    return TICKER_OK;
}

ticker_status ti_secret_file(const char *path, size_t max, ti_buffer *secret, ticker_error *error)
{
    ticker_status status;
    int descriptor;

    ti_buffer_init(secret, 0);
    descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 && (errno == ENOENT || errno == ENOTDIR))
        return TICKER_DONE;
    if (descriptor < 0)
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_IO, "cannot open: %s", strerror(errno));
    else if (!ti_secret_init(secret, max))
        status = ti_fail_memory(error);
    else
        status = read_all(descriptor, max, secret, error);
    ti_error_file(error, path);
    if (descriptor >= 0)
        (void)close(descriptor); /* only read from: nothing can be lost */
    if (status != TICKER_OK)
        ti_secret_wipe(secret);
    return status;
}
