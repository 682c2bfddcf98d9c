#include "input/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct ti_stream {
    ti_fill fill;
    void *self;
    unsigned char *memory;
    size_t start, end; /* of the bytes at hand, behind the front margin */
    size_t capacity, block;
    uint64_t offset;
    bool ended;
};

ti_stream *ti_stream_new(ti_fill fill, void *self, size_t block)
{
    ti_stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL)
        return NULL;
    stream->fill = fill;
    stream->self = self;
    stream->block = block == 0 ? TI_STREAM_BLOCK : block;
    stream->capacity = TI_STREAM_BLOCK;
    stream->memory = calloc(1, stream->capacity + 2 * TI_STREAM_MARGIN);
    if (stream->memory == NULL) {
        free(stream);
        return NULL;
    }
    return stream;
}

void ti_stream_free(ti_stream *stream)
{
    if (stream == NULL)
        return;
    free(stream->memory);
    free(stream);
}

void ti_stream_reset(ti_stream *stream)
{
    stream->start = stream->end = 0;
    stream->offset = 0;
    stream->ended = false;
}

static ticker_status fill_once(ti_stream *stream, ticker_error *error)
{
    size_t room = stream->capacity - stream->end, got = 0;
    ticker_status status;

    status = stream->fill(stream->self, stream->memory + TI_STREAM_MARGIN + stream->end,
                          room < stream->block ? room : stream->block, &got, error);
    if (status == TICKER_DONE)
        stream->ended = true;
    else if (status == TICKER_OK)
        stream->end += got;
    return status;
}

ticker_status ti_stream_peek(ti_stream *stream, size_t min, const unsigned char **data, size_t *available,
                             ticker_error *error)
{
    unsigned char *base = stream->memory + TI_STREAM_MARGIN;
    ticker_status status;

    if (stream->end - stream->start < min && !stream->ended && stream->start > 0) {
        memmove(base, base + stream->start, stream->end - stream->start);
        stream->end -= stream->start;
        stream->start = 0;
    }
    while (stream->end - stream->start < min && !stream->ended) {
        status = fill_once(stream, error);
        if (status < TICKER_OK)
            return status;
    }
    *data = base + stream->start;
    *available = stream->end - stream->start;
    return TICKER_OK;
}

void ti_stream_consume(ti_stream *stream, size_t size)
{
    stream->start += size;
    stream->offset += size;
}

uint64_t ti_stream_offset(const ti_stream *stream)
{
    return stream->offset;
}

bool ti_stream_at_end(const ti_stream *stream)
{
    return stream->ended;
}
