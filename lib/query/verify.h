/* A day made anew from its trades, against the day as COTAHIST has it. */
#ifndef TI_QUERY_VERIFY_H
#define TI_QUERY_VERIFY_H

#include "query/run.h"

/* Writes a row for each difference; *compared receives how many tickers both sides have. */
ticker_status ti_verify_run(ti_run *run, uint64_t *compared, ticker_error *error);

#endif
