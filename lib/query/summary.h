/* What a ticker did over a time, worked out row by row: sums of 18-digit volumes pass 64 bits, which SQL would refuse
 * or round. */
#ifndef TI_QUERY_SUMMARY_H
#define TI_QUERY_SUMMARY_H

#include "query/writer.h"

/* Reads the rows and writes one row, or none when there is no quote. */
ticker_status ti_summary_run(const ticker_query *query, ticker_store *store, ti_writer *writer, ticker_error *error);

#endif
