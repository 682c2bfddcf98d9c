/* Asking the store: rows go out as text in the format wanted, streamed. */
#ifndef TICKERIMPORT_QUERY_H
#define TICKERIMPORT_QUERY_H

#include <tickerimport/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_query ticker_query;

/* `kind`: "quotes", "trades", "summary", "tickers", "imports", "verify". NULL for another kind or when memory is short.
 * One thread at a time; may be run again, on any store. */
TICKER_API ticker_query *ticker_query_new(const char *kind);
TICKER_API void ticker_query_free(ticker_query *query);

/* Sets a parameter. A parameter the kind does not have, or a value it cannot have, is TICKER_FATAL with TICKER_ERROR_USAGE and
 * leaves the query as it was. The value is copied. Values are always bound, never pasted into SQL.
 *
 * quotes:  ticker (exact; up to TICKER_QUERY_TICKERS_MAX with commas between them), from, to, date (YYYY-MM-DD), market (three
 *          digits), interval (1d, 1w, 1mo: candles), limit (1 …), order (asc: oldest first, desc), cursor. None is needed.
 * trades:  ticker (exact) and date, both needed; from, to (HH:MM[:SS[.mmm]], both included), interval (1m, 5m, 15m, 1h: candles);
 *          limit, order (of the time), cursor.
 * summary: ticker (exact, needed); from, to. One object; "from" and "to" are the days asked for, or the first and last found.
 * tickers: q (the beginning of the ticker or ISIN or a part of the name, in any case), pattern (a part of ticker, name or ISIN in any
 *          case); with * or ? either is the whole of it, as in a shell. ticker (exact, as for quotes), market, limit, order, cursor.
 * imports: id, status (queued, running, imported, duplicate, failed), limit, order (newest first unless asc), cursor, location (url: as
 *          it is stored; key: of a file in a folder only its key, for readers who need not know where the folder is).
 * verify:  date (needed); ticker (exact, as for quotes); market (only COTAHIST's rows of that, and only their tickers); both (yes: only
 *          tickers that both sides have; no). The day is made anew from its trades and compared with COTAHIST's: a row for each
 *          difference, by ticker, with the field and its value on either side. Open, high, low and close are those of session 1, trades,
 *          volume and turnover those of all sessions; cancelled trades do not count. Numbers of trades that differ by a multiple of
 *          100,000 agree, as COTAHIST's has five digits, and so do prices and turnovers that differ by less than a cent. When only one
 *          side has a ticker, its row has the field "trades", and null on the other side. Of several rows of a ticker (forwards)
 *          neither open nor close is compared. Takes memory for COTAHIST's quotes of the day, up to TICKER_VERIFY_TICKERS_MAX.
 *
 * Without a limit all rows come. With one, it counts what comes out: rows, or candles. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_query_set(ticker_query *query, const char *name, const char *value,
                                                            ticker_error *error);

/* Whether it could run: TICKER_FATAL with TICKER_ERROR_USAGE when a needed parameter is missing, or when the cursor is damaged or of
 * another question. Asks no store. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_query_check(const ticker_query *query, ticker_error *error);

/* What is asked as one line of ASCII: equal questions have equal texts, whatever the order in which their parameters were set or their
 * tickers named. The text belongs to the query and lives until a parameter is set. NULL: out of memory, or no query. */
TICKER_API const char *ticker_query_key(ticker_query *query);

/* The tickers that are asked for, in the order given, each once; NULL behind the last. None: the answer may be about any ticker. The
 * text lives until the tickers are set again. */
TICKER_API const char *ticker_query_tickers(const ticker_query *query, size_t index);

/* Where the answer goes on: the `cursor` to set for the next page, of the same question, after a run that the limit cut; NULL after any
 * other. It names the last row that was shown, so rows that are added or removed meanwhile neither repeat nor hide others. It is of
 * letters, digits, '-' and '_', shorter than TICKER_QUERY_CURSOR_MAX. The text lives until the next run or parameter. */
TICKER_API const char *ticker_query_cursor(const ticker_query *query);

/* How many tickers both sides had in the last run of a verification; 0 after any other. */
TICKER_API uint64_t ticker_query_compared(const ticker_query *query);

/* Takes the bytes that come out. Return 0 to go on; anything else ends the query with TICKER_RETRY and
 * TICKER_ERROR_CANCELLED. */
typedef int (*ticker_write)(const void *data, size_t size, void *payload);

/* Runs it and writes the answer as "json" (one array, or one object for summary and imports with an id), "ndjson" (one object a
 * line), "csv" (RFC 4180 with a header line and decimal points, but with LF line ends) or "table" (for people; wide kinds show the
 * main columns only). Numbers have the exact digits that are stored. The answer is written in blocks of about 64 KiB while it is read.
 * Without rows JSON is "[]" ("null" where one object was asked for), NDJSON nothing, CSV the header alone.
 * `*rows`, when not NULL, receives the number of rows; `*more` whether the limit cut the answer; both are set on TICKER_OK only.
 * TICKER_OK also when there are no rows. TICKER_RETRY: the store cannot be reached. TICKER_FATAL with TICKER_ERROR_USAGE: a
 * needed parameter is missing, the cursor is none of this question, or no such format. TICKER_FAILED with TICKER_ERROR_DATABASE or
 * TICKER_ERROR_LIMIT: stored rows that cannot be read or summed up. The schema must be migrated. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_query_run(ticker_query *query, ticker_store *store,
                                                            const char *format, ticker_write write, void *payload,
                                                            uint64_t *rows, int *more, ticker_error *error);

#ifdef __cplusplus
}
#endif
#endif
