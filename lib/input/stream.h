/* Bytes one can look at before taking them: parsers see records in place and never half a line.
 * At least TI_STREAM_MARGIN readable bytes of no meaning stand before and after what peek() returns, so that decoders
 * may load whole words. */
#ifndef TI_INPUT_STREAM_H
#define TI_INPUT_STREAM_H

#include <stdbool.h>

#include <tickerimport/error.h>

#define TI_STREAM_MARGIN 64
#define TI_STREAM_BLOCK (256 * 1024) /* fits the second-level cache together with a batch */

/* Puts up to `capacity` bytes: TICKER_OK with *got > 0, TICKER_DONE at the end, or a failure. */
typedef ticker_status (*ti_fill)(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error);

typedef struct ti_stream ti_stream;

/* `block`: how much is asked for at once; 0 takes TI_STREAM_BLOCK. NULL: no memory. */
ti_stream *ti_stream_new(ti_fill fill, void *self, size_t block);
void ti_stream_free(ti_stream *stream);
/* Forgets everything: the next bytes are those of another member. */
void ti_stream_reset(ti_stream *stream);

/* At least `min` (≤ TI_STREAM_BLOCK / 2) bytes at *data, *available of them; fewer only at the end of the input. Valid
 * until the next call. */
ticker_status ti_stream_peek(ti_stream *stream, size_t min, const unsigned char **data, size_t *available,
                             ticker_error *error);
/* Takes `size` of the bytes last peeked at. */
void ti_stream_consume(ti_stream *stream, size_t size);
/* How many bytes have been taken since the last reset. */
uint64_t ti_stream_offset(const ti_stream *stream);
/* Whether the bytes last peeked at are the last ones. */
bool ti_stream_at_end(const ti_stream *stream);

#endif
