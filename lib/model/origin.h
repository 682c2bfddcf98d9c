/* What quotes are made from, and which of it is better: the one place that says so. For each (ticker, trade_date) only the rows of the
 * best origin that has any stand in `quotes`, whatever the order of the imports. */
#ifndef TI_MODEL_ORIGIN_H
#define TI_MODEL_ORIGIN_H

#include "base/slice.h"

/* Texts of the column `source`, the best first. */
typedef enum ti_origin {
    TI_ORIGIN_COTAHIST = 0,
    TI_ORIGIN_BVBG086,
    TI_ORIGIN_CONSOLIDATED,
    TI_ORIGIN_TRADES,
    TI_ORIGIN_OTHER, /* whatever is none of them: all of them are better */
    TI_ORIGINS
} ti_origin;

/* NULL for TI_ORIGIN_OTHER. */
const char *ti_origin_name(ti_origin origin);
ti_origin ti_origin_of(ti_slice name);

#endif
