/* A cell of an answer as a number that can be counted with: mantissas, days and milliseconds, whichever form the store delivers. */
#ifndef TI_QUERY_VALUE_H
#define TI_QUERY_VALUE_H

#include "base/number.h"
#include "query/query.h"

/* TICKER_NULL for a null; a decimal becomes a mantissa of `scale`, which is also that of an integer cell. False: the cell is no such
 * value, or does not fit. */
bool ti_value_of(const ti_cell *cell, ticker_type type, unsigned scale, int64_t *value);
/* A turnover in millionths: two cells, cents and what is below them; of PostgreSQL a decimal and a null. 0 for a null. */
bool ti_value_of_turnover(const ti_cell cell[2], ti_int128 *value);

#endif
