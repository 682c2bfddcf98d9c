#include "base/random.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

#include "base/encode.h"

#define HEX_BYTES_MAX 64

bool ti_random(void *data, size_t size)
{
    unsigned char *at = data;

    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        size -= (size_t)got;
    }
    return true;
}

bool ti_random_hex(size_t size, char *text)
{
    unsigned char bytes[HEX_BYTES_MAX];

    if (size > sizeof(bytes) || !ti_random(bytes, size))
        return false;
    ti_hex(bytes, size, text);
    return true;
}
