/* Asking the store: rows go out as text in the format wanted, streamed. */
#ifndef TICKERIMPORT_QUERY_H
#define TICKERIMPORT_QUERY_H

#include <tickerimport/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_query ticker_query;

/* `kind`: "quotes", "trades", "summary", "tickers", "imports". NULL for another kind or when memory is short.
 * One thread at a time; may be run again, on any store. */
TICKER_API ticker_query *ticker_query_new(const char *kind);
TICKER_API void ticker_query_free(ticker_query *query);

/* Sets a parameter. A parameter the kind does not have, or a value it cannot have, is TICKER_FATAL with TICKER_ERROR_USAGE and
 * leaves the query as it was. The value is copied. Values are always bound, never pasted into SQL.
 *
 * quotes:  ticker (exact; up to TICKER_QUERY_TICKERS_MAX with commas between them), from, to, date (YYYY-MM-DD), market (three
 *          digits), limit (1 …), order (asc: oldest first, desc). None is needed.
 * trades:  ticker (exact) and date, both needed; limit, order (of the time).
 * summary: ticker (exact, needed); from, to. One object; "from" and "to" are the days asked for, or the first and last found.
 * tickers: pattern (a part of the ticker or name in any case; with * or ? the whole of it, as in a shell), limit.
 * imports: id, limit. Newest first. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_query_set(ticker_query *query, const char *name, const char *value,
                                                            ticker_error *error);

/* Takes the bytes that come out. Return 0 to go on; anything else ends the query with TICKER_RETRY and
 * TICKER_ERROR_CANCELLED. */
typedef int (*ticker_write)(const void *data, size_t size, void *payload);

/* Runs it and writes the answer as "json" (one array, or one object for summary and imports with an id), "ndjson" (one object a
 * line), "csv" (RFC 4180 with a header line and decimal points, but with LF line ends) or "table" (for people; wide kinds show the
 * main columns only). Numbers have the exact digits that are stored. The answer is written in blocks of about 64 KiB while it is read.
 * Without rows JSON is "[]" ("null" where one object was asked for), NDJSON nothing, CSV the header alone.
 * `*rows`, when not NULL, receives the number of rows; `*more` whether the limit cut the answer; both are set on TICKER_OK only.
 * TICKER_OK also when there are no rows. TICKER_RETRY: the store cannot be reached. TICKER_FATAL with TICKER_ERROR_USAGE: a
 * needed parameter is missing, or no such format. The schema must be migrated. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_query_run(ticker_query *query, ticker_store *store,
                                                            const char *format, ticker_write write, void *payload,
                                                            uint64_t *rows, int *more, ticker_error *error);

#ifdef __cplusplus
}
#endif
#endif
