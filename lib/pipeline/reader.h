/* Inside view of a reader, for the import that sits on it. */
#ifndef TI_PIPELINE_READER_H
#define TI_PIPELINE_READER_H

#include <tickerimport/reader.h>

#include "base/hash.h"
#include "model/report.h"
#include "model/tally.h"

/* The report of the current member, to be completed by an import. */
ticker_report *ti_reader_report(ticker_reader *reader);
/* The batch of the last ticker_reader_next_batch(), which is still the reader's own. */
ticker_batch *ti_reader_batch(ticker_reader *reader);
/* That batch becomes the caller's; the reader goes on with `empty`, which was one of its own, or with
 * a new one (NULL). */
ticker_status ti_reader_give_batch(ticker_reader *reader, ticker_batch *empty, ticker_error *error);
/* The table that the current member's rows are for. */
ticker_table ti_reader_table(const ticker_reader *reader);
/* The totals by ticker; NULL unless asked for with ticker_reader_keep_totals(). */
ti_tally *ti_reader_tally(ticker_reader *reader);
/* Before the first member, for an import: archives may be decompressed in a thread of their own, as import-threads says. */
void ti_reader_read_ahead(ticker_reader *reader);
/* Before the first member: the source will be hashed, so that ti_reader_hash() can be called. */
ticker_status ti_reader_keep_hash(ticker_reader *reader, ticker_error *error);
/* Puts the hash of the whole source and its size into the report. */
ticker_status ti_reader_hash(ticker_reader *reader, ticker_error *error);
bool ti_reader_can_hash_first(const ticker_reader *reader);
bool ti_reader_can_hash_now(const ticker_reader *reader);
ticker_status ti_reader_check_unchanged(const ticker_reader *reader, ticker_error *error);
/* The size of the source, -1 when unknown. */
int64_t ti_reader_size(const ticker_reader *reader);

#endif
