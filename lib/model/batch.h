/* Inside view of a batch: columns and an arena for the texts. */
#ifndef TI_MODEL_BATCH_H
#define TI_MODEL_BATCH_H

#include <stdbool.h>

#include <tickerimport/batch.h>
#include <tickerimport/limits.h>

#include "base/slice.h"

#define TI_COLUMNS_MAX 40 /* of any table */

typedef struct ti_text {
    uint32_t offset, size;
} ti_text;

struct ticker_batch {
    ticker_table table;
    unsigned columns;
    uint32_t rows, capacity;
    int64_t *i64[TI_COLUMNS_MAX];  /* NULL for text columns */
    ti_text *text[TI_COLUMNS_MAX]; /* NULL for the others */
    uint64_t *line;
    char *arena;
    uint32_t arena_size, arena_capacity;
    void *memory; /* everything above is carved from it */
};

/* An empty batch for up to `capacity` rows whose texts take up to `text_bytes` a row. NULL: no memory. Every cell is null or blank until it
 * is written, also after ti_batch_clear(): what a parser never writes stays so. */
ticker_batch *ti_batch_new(ticker_table table, uint32_t capacity, uint32_t text_bytes);
void ti_batch_free(ticker_batch *batch);
void ti_batch_clear(ticker_batch *batch);

static inline ti_slice ti_batch_text(const ticker_batch *batch, unsigned column, size_t row)
{
    ti_text text = batch->text[column][row];
    return (ti_slice){batch->arena + text.offset, text.size};
}

/* Adds a text cell to row `row` (slow path and derived rows). False when the arena is full. */
bool ti_batch_set_text(ticker_batch *batch, unsigned column, uint32_t row, ti_slice text);

#endif
