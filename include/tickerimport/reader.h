/* Reading without a database: a source goes in, batches of columns come out.
 *
 * An input may be plain, .gz, .zip or zip in zip; each data member of an archive is one "member" here. A plain file is one member.
 * One thread at a time. Options used: format, force, on-error, max-input-bytes, max-expansion-ratio, max-nesting. */
#ifndef TICKERIMPORT_READER_H
#define TICKERIMPORT_READER_H

#include <tickerimport/batch.h>
#include <tickerimport/options.h>
#include <tickerimport/report.h>
#include <tickerimport/source.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_reader ticker_reader;

/* Takes the source over: ticker_reader_free() frees it, and so does a failing call. `options` is copied and may be NULL.
 * NULL when memory is short. */
TICKER_API ticker_reader *ticker_reader_new(ticker_source *source, const ticker_options *options);
TICKER_API void ticker_reader_free(ticker_reader *reader);

/* Moves to the next member (the first one at the first call) and recognises its format.
 * TICKER_OK; TICKER_DONE when there is no further member; TICKER_FAILED: not a B3 file, an empty file, a broken archive, a limit
 * passed; TICKER_RETRY or lower from the source itself. After a member failed with TICKER_FAILED and kind TICKER_ERROR_INPUT the next
 * member may still be asked for. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_reader_next_member(ticker_reader *reader, ticker_error *error);

/* The next rows of the member. TICKER_OK: `*batch` is valid until the next call on the reader. TICKER_DONE: the member ended and is
 * complete. TICKER_FAILED: it is truncated, its trailer disagrees (unless force), or a row was bad with on-error=reject; rows
 * delivered before must not be kept. TICKER_FATAL with TICKER_ERROR_USAGE: there is no member, or it failed before. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_reader_next_batch(ticker_reader *reader, const ticker_batch **batch,
                                                                    ticker_error *error);

/* What has been found so far in the current member; whole after TICKER_DONE. Totals by ticker and market are kept only when asked
 * for with ticker_reader_keep_totals(). Borrowed until the next member or ticker_reader_free(). */
TICKER_API const ticker_report *ticker_reader_report(const ticker_reader *reader);
/* 1: also count tickers, markets, trades, volume and turnover (default 0, because a parse-only program need not pay for it). */
TICKER_API void ticker_reader_keep_totals(ticker_reader *reader, int keep);

/* Bytes of the source consumed so far (compressed ones, when it is compressed): for progress. */
TICKER_API uint64_t ticker_reader_position(const ticker_reader *reader);

/* What an input is, told by its first bytes: a name of the option "format" ("cotahist", "trades", …); "zip" or "gzip":
 * packed, what is in it shows only when it is read; NULL: nothing that a reader takes. No more than
 * TICKER_FORMAT_GUESS_MAX bytes are looked at; give fewer only when the input has no more. A guess lets a program refuse
 * early what is surely wrong; whether the input is right, reading it tells. `data` may be NULL when `size` is 0. The text
 * lives for ever. Any thread. */
TICKER_API const char *ticker_format_guess(const void *data, size_t size);

#ifdef __cplusplus
}
#endif
#endif
