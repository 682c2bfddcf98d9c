#include "model/batch.h"

#include <stdlib.h>
#include <string.h>

#include "model/schema.h"

/* Parsers copy texts sixteen bytes at a time and may write this far past the last one. */
#define ARENA_SLACK 64
/* Behind every column: without it the cells of one row would all fall into the same set of the first-level cache (columns are powers of
 * two long), which holds fewer lines than a row has columns. */
#define COLUMN_GAP 64

static void carve(ticker_batch *batch, const ti_column *columns, char *memory)
{
    size_t capacity = batch->capacity;

    batch->line = (uint64_t *)(void *)memory;
    memory += capacity * sizeof(uint64_t) + COLUMN_GAP;
    for (unsigned i = 0; i < batch->columns; i++) {
        if (columns[i].type == TICKER_TYPE_TEXT)
            batch->text[i] = (ti_text *)(void *)memory;
        else
            batch->i64[i] = (int64_t *)(void *)memory;
        memory += capacity * sizeof(int64_t) + COLUMN_GAP;
    }
    batch->arena = memory;
}

/* So a parser need not touch the columns that its format never has. */
static void fill_with_nulls(ticker_batch *batch)
{
    for (unsigned i = 0; i < batch->columns; i++)
        for (uint32_t row = 0; row < batch->capacity; row++) {
            if (batch->text[i] != NULL)
                batch->text[i][row] = (ti_text){0, 0};
            else
                batch->i64[i][row] = TICKER_NULL;
        }
}

ticker_batch *ti_batch_new(ticker_table table, uint32_t capacity, uint32_t text_bytes)
{
    ticker_batch *batch = calloc(1, sizeof(*batch));
    unsigned count;
    const ti_column *columns = ti_schema_columns(table, &count);
    size_t arena = (size_t)capacity * text_bytes;

    _Static_assert(sizeof(ti_text) == sizeof(int64_t), "text and number columns take the same room");
    _Static_assert(TICKER_QUOTE_COLUMNS <= TI_COLUMNS_MAX && TICKER_TRADE_COLUMNS <= TI_COLUMNS_MAX, "TI_COLUMNS_MAX");
    if (batch == NULL)
        return NULL;
    if (columns == NULL || arena > UINT32_MAX - ARENA_SLACK) {
        free(batch);
        return NULL;
    }
    batch->table = table;
    batch->columns = count;
    batch->capacity = capacity;
    batch->arena_capacity = (uint32_t)arena;
    batch->memory = malloc(((size_t)capacity * sizeof(int64_t) + COLUMN_GAP) * (count + 1) + arena + ARENA_SLACK);
    if (batch->memory == NULL) {
        free(batch);
        return NULL;
    }
    carve(batch, columns, batch->memory);
    fill_with_nulls(batch);
    return batch;
}

void ti_batch_free(ticker_batch *batch)
{
    if (batch == NULL)
        return;
    free(batch->memory);
    free(batch);
}

void ti_batch_clear(ticker_batch *batch)
{
    batch->rows = 0;
    batch->arena_size = 0;
}

bool ti_batch_set_text(ticker_batch *batch, unsigned column, uint32_t row, ti_slice text)
{
    if (text.size > batch->arena_capacity - batch->arena_size)
        return false;
    if (text.size > 0)
        memcpy(batch->arena + batch->arena_size, text.data, text.size);
    batch->text[column][row] = (ti_text){batch->arena_size, (uint32_t)text.size};
    batch->arena_size += (uint32_t)text.size;
    return true;
}

ticker_table ticker_batch_table(const ticker_batch *batch)
{
    return batch->table;
}

size_t ticker_batch_rows(const ticker_batch *batch)
{
    return batch->rows;
}

const int64_t *ticker_batch_i64(const ticker_batch *batch, unsigned column)
{
    return column < batch->columns ? batch->i64[column] : NULL;
}

const char *ticker_batch_text(const ticker_batch *batch, unsigned column, size_t row, size_t *size)
{
    ti_slice text;

    *size = 0;
    if (column >= batch->columns || batch->text[column] == NULL || row >= batch->rows)
        return NULL;
    text = ti_batch_text(batch, column, row);
    *size = text.size;
    return text.data;
}

uint64_t ticker_batch_line(const ticker_batch *batch, size_t row)
{
    return row < batch->rows ? batch->line[row] : 0;
}
