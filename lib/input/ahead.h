/* A thread that reads the entry of an archive ahead: it decompresses while the caller's thread parses. The source itself is never read by
 * it: stored bytes are handed to it by the caller's thread, whenever that asks for decompressed ones. So the thread waits for nobody
 * but the caller, can be ended at any time, and a source is used by one thread alone. */
#ifndef TI_INPUT_AHEAD_H
#define TI_INPUT_AHEAD_H

#include "input/layer.h"
#include "input/stream.h"

typedef struct ti_ahead ti_ahead;

/* `source` gives the stored bytes. `prompt`: it never waits long, so more is taken from it than is needed at once; from any other source
 * only when there is nothing else to go on with, as without a thread. NULL: no memory. */
ti_ahead *ti_ahead_new(ti_layer *source, bool prompt);
/* Ends the thread at once: the layers on top can only be freed then. Both accept NULL. */
void ti_ahead_abort(ti_ahead *ahead);
/* After the layers on top. There is no thread any more. */
void ti_ahead_free(ti_ahead *ahead);
/* Stands in for the source below the archive, always. Not to be freed. */
ti_layer *ti_ahead_layer(ti_ahead *ahead);

/* From here on until ti_ahead_end() all layers on top of ti_ahead_layer() belong to the thread, which calls `fill` until that has no more.
 * False: there is no such thread to be had. */
bool ti_ahead_begin(ti_ahead *ahead, ti_fill fill, void *self);
bool ti_ahead_runs(const ti_ahead *ahead);
/* What `fill` gave, or failed with, in its order; a ti_fill. */
ticker_status ti_ahead_read(ti_ahead *ahead, void *buffer, size_t capacity, size_t *got, ticker_error *error);
/* Ends the thread once it is done with its present piece; what it read and nobody took is dropped. The layers may be used again. */
void ti_ahead_end(ti_ahead *ahead);

#endif
