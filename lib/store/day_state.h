/* What the trades of one ticker's day add up to. */
#ifndef TI_STORE_DAY_STATE_H
#define TI_STORE_DAY_STATE_H

#include <stdbool.h>

#include "base/number.h"
#include "store/store.h"

typedef struct ti_day_state {
    int32_t date;
    bool priced; /* there was a trade in session 1 */
    int64_t open, high, low, close;
    int64_t open_time, open_id, close_time, close_id;
    int64_t trades, volume;
    ti_int128 turnover; /* millionths */
} ti_day_state;

/* Adds a trade that counts. False: the totals do not fit. */
bool ti_day_state_add(ti_day_state *day, const ti_trade *trade);
/* Takes a trade out again. False: it made one of the prices, and only all trades together tell what they are without it. */
bool ti_day_state_remove(ti_day_state *day, const ti_trade *trade);

#endif
