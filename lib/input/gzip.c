/* Gzip streams through zlib itself: libarchive's gzip filter (3.6.2) compares neither the length nor the CRC at the end. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "input/layer.h"

#define BLOCK (128 * 1024)
#define GZIP_WINDOW (16 + MAX_WBITS) /* zlib: expect a gzip header and check its trailer */

typedef struct gzip_layer {
    ti_layer layer;
    z_stream z;
    unsigned char *block;
    bool started, opened, below_ended;
} gzip_layer;

bool ti_gzip_recognise(const unsigned char *head, size_t size)
{
    return size >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8;
}

static ticker_status damaged(const gzip_layer *gzip, const char *why, ticker_error *error)
{
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the gzip stream is damaged or cut off: %s",
                  gzip->z.msg != NULL ? gzip->z.msg : why);
    ti_error_hint(error, "fetch the file again");
    return TICKER_FAILED;
}

static ticker_status next_entry(ti_layer *layer, ticker_error *error)
{
    gzip_layer *gzip = (gzip_layer *)layer;

    if (gzip->started)
        return TICKER_DONE;
    gzip->started = true;
    if (inflateInit2(&gzip->z, GZIP_WINDOW) != Z_OK)
        return ti_fail_memory(error);
    gzip->opened = true;
    return TICKER_OK;
}

static ticker_status refill(gzip_layer *gzip, ticker_error *error)
{
    size_t got = 0;
    ticker_status status = ti_layer_read(gzip->layer.below, gzip->block, BLOCK, &got, error);

    gzip->below_ended = status == TICKER_DONE;
    gzip->z.next_in = gzip->block;
    gzip->z.avail_in = (uInt)got;
    return status < TICKER_OK ? status : TICKER_OK;
}

/* Behind a member: another one, zero padding, or the end. TICKER_OK to go on, TICKER_DONE at the end. */
static ticker_status next_stream(gzip_layer *gzip, ticker_error *error)
{
    ticker_status status;

    for (;;) {
        while (gzip->z.avail_in > 0 && *gzip->z.next_in == 0) {
            gzip->z.next_in++;
            gzip->z.avail_in--;
        }
        if (gzip->z.avail_in > 0)
            return inflateReset(&gzip->z) == Z_OK ? TICKER_OK : ti_fail_memory(error);
        if (gzip->below_ended)
            return TICKER_DONE;
        status = refill(gzip, error);
        if (status != TICKER_OK)
            return status;
    }
}

static ticker_status read_entry(ti_layer *layer, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    gzip_layer *gzip = (gzip_layer *)layer;
    uInt room = capacity > UINT_MAX ? UINT_MAX : (uInt)capacity;
    ticker_status status;
    int result = Z_OK;

    gzip->z.next_out = buffer;
    gzip->z.avail_out = room;
    while (gzip->z.avail_out == room) {
        if (gzip->z.avail_in == 0 && !gzip->below_ended) {
            status = refill(gzip, error);
            if (status != TICKER_OK)
                return status;
        }
        result = inflate(&gzip->z, Z_NO_FLUSH);
        if (result == Z_STREAM_END) {
            status = next_stream(gzip, error);
            if (status == TICKER_DONE)
                break;
            if (status != TICKER_OK)
                return status;
        } else if (result == Z_MEM_ERROR) {
            return ti_fail_memory(error);
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            if (gzip->z.avail_out == room)
                return damaged(gzip, "invalid data", error);
            break; /* what stands before the damage comes first, so that the failure is the same whatever sizes bytes come in */
        } else if (gzip->below_ended && gzip->z.avail_in == 0 && gzip->z.avail_out == room) {
            return damaged(gzip, "unexpected end", error);
        }
    }
    *got = room - gzip->z.avail_out;
    return *got > 0 ? TICKER_OK : TICKER_DONE;
}

static void free_gzip(ti_layer *layer)
{
    gzip_layer *gzip = (gzip_layer *)layer;

    if (gzip->opened)
        (void)inflateEnd(&gzip->z);
    free(gzip->block);
    free(gzip);
}

ti_layer *ti_gzip_new(ti_layer *below)
{
    static const ti_layer_ops ops = {next_entry, read_entry, free_gzip};
    gzip_layer *gzip = calloc(1, sizeof(*gzip));

    if (gzip == NULL)
        return NULL;
    gzip->block = malloc(BLOCK);
    if (gzip->block == NULL) {
        free(gzip);
        return NULL;
    }
    gzip->layer.ops = &ops;
    gzip->layer.below = below;
    return &gzip->layer;
}
