/* One run of a query: what its parts share while rows go from the store to the writer. */
#ifndef TI_QUERY_RUN_H
#define TI_QUERY_RUN_H

#include "query/writer.h"

typedef struct ti_run {
    const ticker_query *query;
    ticker_store *store;
    const ti_query_columns *columns;
    ti_writer *writer;
    const ti_place *after; /* where to begin; NULL: at the beginning */
    bool more;             /* the limit cut the answer; … */
    ti_place last;         /* … behind this row */
} ti_run;

/* As many rows are written as may be. */
static inline bool ti_run_full(const ti_run *run)
{
    return ti_query_has(run->query, TI_ASK_LIMIT) && run->writer->rows >= (uint64_t)run->query->limit;
}

/* Each sets ->more and ->last when the limit cut. */
ticker_status ti_rows_run(ti_run *run, ticker_error *error);
ticker_status ti_quote_candles_run(ti_run *run, ticker_error *error);
ticker_status ti_trade_candles_run(ti_run *run, ticker_error *error);

/* The first and the last day of the day, week (from Monday on) or month that `date` is in. */
int64_t ti_interval_first(ti_interval interval, int64_t date);
int64_t ti_interval_last(ti_interval interval, int64_t date);

/* Questions about the quotes of all tickers go day by day: a database finds those of a few days quickly, but to find the first rows of
 * all days it would read and sort them all. */
typedef struct ti_windows {
    int64_t from, to; /* days that are left */
    int64_t span;     /* of the next window; 0: windows are the query's weeks or months */
    unsigned steps;   /* windows so far */
    bool bounded;     /* `from` and `to` are days that there are, or few */
    ti_interval interval;
    bool descending;
} ti_windows;

/* The days that are asked for. Which of them there are is asked of the store as late as can be. */
ticker_status ti_windows_open(const ti_run *run, bool periods, ti_windows *windows, ticker_error *error);
/* Sets the days of `part`; TICKER_DONE when there are no more. */
ticker_status ti_windows_next(const ti_run *run, ti_windows *windows, ti_part *part, ticker_error *error);

#endif
