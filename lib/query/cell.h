/* One cell of an answer as plain text: exact digits, whatever form the store delivered it in. */
#ifndef TI_QUERY_CELL_H
#define TI_QUERY_CELL_H

#include "query/query.h"

/* Bytes that ti_cell_put() may write beside the cell's own text. */
#define TI_CELL_ROOM 64

/* Writes a cell that is neither null nor free text: numbers, dates, times, flags. `cell[1]` is its rest when the column
 * has one. Returns the end; NULL when the cell is text that must be escaped: that of a text column, or one that is not
 * what its column promises. */
char *ti_cell_put(const ti_query_column *column, const ti_cell *cell, char *to);

/* Whether JSON shows what ti_cell_put() wrote without quotes. */
static inline bool ti_shape_bare(ti_shape shape)
{
    return shape == TI_SHAPE_NUMBER || shape == TI_SHAPE_DECIMAL || shape == TI_SHAPE_FLAG;
}

#endif
