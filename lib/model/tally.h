/* Sums up batches: the totals of a report, and what is known of each ticker. */
#ifndef TI_MODEL_TALLY_H
#define TI_MODEL_TALLY_H

#include <tickerimport/error.h>

#include "base/symbols.h"
#include "model/batch.h"
#include "model/report.h"

typedef struct ti_tally ti_tally;

/* What the latest record of a ticker said of it. Texts are as long as COTAHIST's fields can get in UTF-8. */
typedef struct ti_tally_ticker {
    int32_t first_date, last_date;
    unsigned char market_size, name_size, specification_size, isin_size;
    char market[4], name[24], specification[20], isin[24];
} ti_tally_ticker;

ti_tally *ti_tally_new(void); /* NULL: no memory */
void ti_tally_free(ti_tally *tally);
void ti_tally_clear(ti_tally *tally);
/* Adds the batch to the tally and to the report's totals. */
ticker_status ti_tally_add(ti_tally *tally, const ticker_batch *batch, ticker_report *report, ticker_error *error);

size_t ti_tally_count(const ti_tally *tally);
/* The ticker with this number, and what is known of it. */
ti_slice ti_tally_name(const ti_tally *tally, uint32_t number);
const ti_tally_ticker *ti_tally_ticker_of(const ti_tally *tally, uint32_t number);

#endif
