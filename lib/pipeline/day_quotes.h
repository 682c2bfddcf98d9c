/* Daily quotes made from trades: open, high, low and close of session 1, totals of all sessions, cancelled trades out.
 *
 * While a file is read its trades are added up one by one. Where that is not enough (a cancellation, rows of an earlier day listed
 * again, a day of which the store has trades already) the ticker's day is computed again from the stored rows. */
#ifndef TI_PIPELINE_DAY_QUOTES_H
#define TI_PIPELINE_DAY_QUOTES_H

#include "store/store.h"

typedef struct ti_day_quotes ti_day_quotes;

ti_day_quotes *ti_day_quotes_new(void); /* NULL: no memory */
void ti_day_quotes_free(ti_day_quotes *quotes);
/* Adds a batch of trades. */
ticker_status ti_day_quotes_add(ti_day_quotes *quotes, const ticker_batch *trades, ticker_error *error);
/* After the store settled the trades: writes the quotes of every (ticker, day) that was added. */
ticker_status ti_day_quotes_store(ti_day_quotes *quotes, ticker_store *store, ticker_error *error);

#endif
