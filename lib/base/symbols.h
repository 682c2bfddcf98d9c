/* Short strings to dense numbers 0, 1, 2 …: tickers, mostly, and names of members. */
#ifndef TI_BASE_SYMBOLS_H
#define TI_BASE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

typedef struct ti_symbols ti_symbols;

#define TI_SYMBOL_NONE UINT32_MAX
#define TI_SYMBOL_TEXT_MAX 511 /* bytes of a string: a name of TICKER_NAME_MAX fits */

/* `max`: how many different strings it takes. NULL: no memory. */
ti_symbols *ti_symbols_new(size_t max);
void ti_symbols_free(ti_symbols *symbols);
void ti_symbols_clear(ti_symbols *symbols);
size_t ti_symbols_count(const ti_symbols *symbols);
/* The number of `text`, added when new (*added, may be NULL). TI_SYMBOL_NONE: no memory, `max` reached, or longer than
 * TI_SYMBOL_TEXT_MAX. */
uint32_t ti_symbols_add(ti_symbols *symbols, ti_slice text, bool *added);
/* The number of `text`, or TI_SYMBOL_NONE. */
uint32_t ti_symbols_find(const ti_symbols *symbols, ti_slice text);
/* The string of a number below the count; valid until the next add. */
ti_slice ti_symbols_text(const ti_symbols *symbols, uint32_t number);

#endif
