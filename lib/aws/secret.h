/* Bytes that hold a secret: a buffer that never moves (growing would leave copies behind) and is wiped when it goes. */
#ifndef TI_AWS_SECRET_H
#define TI_AWS_SECRET_H

#include <tickerimport/error.h>

#include "base/buffer.h"

/* Takes room for `max` bytes and a NUL at once. False: no memory; the buffer is empty then and may be wiped. */
bool ti_secret_init(ti_buffer *secret, size_t max);
/* Wipes and frees, also any other buffer. The bytes of one that has grown are wiped where they are now. */
void ti_secret_wipe(ti_buffer *secret);

/* The bytes of a file of at most `max`, with a NUL behind them, into a new buffer that the caller wipes on TICKER_OK.
 * TICKER_DONE: there is no such file. TICKER_FATAL with IO: it cannot be read; with LIMIT: it is larger. The error has
 * the path. */
ticker_status ti_secret_file(const char *path, size_t max, ti_buffer *secret, ticker_error *error);

#endif
