/* A second thread of an import: it puts rows into the store while the first one reads and parses on. */
#ifndef TI_PIPELINE_OVERLAP_H
#define TI_PIPELINE_OVERLAP_H

#include "model/batch.h"
#include "model/report.h"
#include "pipeline/day_quotes.h"
#include "store/store.h"

typedef struct ti_overlap ti_overlap;

/* Asked by the first thread while it waits, and never by the second one; true stops both. */
typedef bool (*ti_overlap_ask)(void *payload);

/* Into the store and into the day's quotes, of which either may be NULL; adds the time that it took. What both threads do with a batch. */
ticker_status ti_put_batch(ticker_store *store, ti_day_quotes *days, const ticker_batch *batch, int64_t snapshot,
                           int64_t *microseconds, ticker_error *error);

/* From here on until ti_overlap_end() the store, and `days`, belong to the second thread. NULL: there is no such thread to be had. */
ti_overlap *ti_overlap_begin(ticker_store *store, ti_day_quotes *days, ti_overlap_ask ask, void *payload);
/* Hands a batch over, with what was counted up to it, and gets an empty one of the same table back, which was handed over before; NULL: a
 * new one is to be made. What an earlier batch came to ends it: TICKER_DONE or a failure, then the batch is not taken. */
ticker_status ti_overlap_put(ti_overlap *overlap, ticker_batch *batch, const ticker_report *report,
                             ticker_batch **empty, ticker_error *error);
/* Waits until all batches are in, unless `status` says that they are not wanted any more, and ends the thread. Returns what the first batch
 * that did not go in came to; then *report is as it was when that one had been read, but for the time it took. Else `status`. */
ticker_status ti_overlap_end(ti_overlap *overlap, ticker_status status, ticker_report *report, ticker_error *error);

#endif
