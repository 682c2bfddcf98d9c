/* The stored rows that speak of one trade number of one ticker's day, from whichever files: which of them count. */
#ifndef TI_STORE_TRADE_GROUP_H
#define TI_STORE_TRADE_GROUP_H

#include <stdbool.h>

#include <tickerimport/limits.h>

#include "store/store.h"

#define TI_ACTION_NEW 0
#define TI_ACTION_CANCELLED 2

typedef struct ti_trade_group {
    size_t count;
    ti_trade rows[TICKER_TRADE_GROUP_MAX];
    char sessions[TICKER_TRADE_GROUP_MAX][TICKER_SESSION_MAX];
} ti_trade_group;

/* Whether the row belongs to the rows that are there; true of an empty group. */
bool ti_trade_group_has(const ti_trade_group *group, const ti_trade *trade);
/* Adds a row, with a copy of its session. */
ticker_status ti_trade_group_add(ti_trade_group *group, const ti_trade *trade, ticker_error *error);
/* Whether an earlier file lists the trade, by its price and quantity. */
bool ti_trade_group_listed_before(const ti_trade_group *group, const ti_trade *trade);
/* Whether a row counts as a trade of `date`: a new one, not cancelled in its session by any row, and when it was listed after its day, then
 * only if no earlier file lists the same price and quantity. */
bool ti_trade_group_counts(const ti_trade_group *group, const ti_trade *trade, int64_t date);

#endif
