/* Rows as columns: what a reader delivers. Borrowed from the reader and valid until its next call; read-only, so any
 * number of threads may look at it meanwhile. */
#ifndef TICKERIMPORT_BATCH_H
#define TICKERIMPORT_BATCH_H

#include <tickerimport/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_batch ticker_batch;

/* Whether these are quotes or trades. */
TICKER_API ticker_table ticker_batch_table(const ticker_batch *batch);
/* How many rows; never 0 in a delivered batch, at most TICKER_BATCH_ROWS_MAX. */
TICKER_API size_t ticker_batch_rows(const ticker_batch *batch);
/* The values of a number, date or time column, one a row; NULL for a text column or one the library does not know. */
TICKER_API const int64_t *ticker_batch_i64(const ticker_batch *batch, unsigned column);
/* A text cell: UTF-8, `*size` bytes, not NUL-terminated, "" when blank; NULL (and size 0) when the column is no text column
 * or `row` is too large. */
TICKER_API const char *ticker_batch_text(const ticker_batch *batch, unsigned column, size_t row, size_t *size);
/* The 1-based line of the input that a row came from. */
TICKER_API uint64_t ticker_batch_line(const ticker_batch *batch, size_t row);

#ifdef __cplusplus
}
#endif
#endif
