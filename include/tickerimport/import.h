/* A file goes into a store: all of it with its ledger row, or nothing. */
#ifndef TICKERIMPORT_IMPORT_H
#define TICKERIMPORT_IMPORT_H

#include <tickerimport/cache.h>
#include <tickerimport/options.h>
#include <tickerimport/report.h>
#include <tickerimport/source.h>
#include <tickerimport/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Called now and then while bytes are read and while the database works or waits, and once at the end of each member.
 * `position` of `bytes` (-1: unknown) are consumed and `records` read. Return 0 to go on; anything else rolls the current
 * file back and ends the call with TICKER_RETRY and TICKER_ERROR_CANCELLED. Same thread as the call. */
typedef int (*ticker_progress)(uint64_t position, int64_t bytes, uint64_t records, void *payload);

/* Called once for each member, after it is committed, found to be a duplicate, or refused. The report is borrowed for the call. */
typedef void (*ticker_on_report)(const ticker_report *report, void *payload);

/* What an import tells its caller while it works; any member may be NULL. `size` is sizeof(ticker_import_events). */
typedef struct ticker_import_events {
    size_t size;
    ticker_progress progress;
    ticker_on_report report;
    void *payload;
    /* Told of the tickers of each file right after its commit. When it cannot be reached the import is good all the same: the database
     * remembers, and ticker_answers_tend() of any process makes up for it. */
    ticker_cache *cache;
    /* Below: for ticker_upload_import() only. */
    /* The ledger row that runs from now on; not called when the row was at its end before. */
    void (*begun)(int64_t import_id, void *payload);
    /* What the object's event says of its version (ticker_event_sequencer(), ticker_event_version()); NULL or "": nothing. When a newer
     * version of the same object came in before, this one does not: it ends as a duplicate of that. Borrowed for the call. */
    const char *sequencer, *object_version;
} ticker_import_events;

/* Imports every data member of a source, each in a transaction of its own. Takes the source over and frees it, whatever happens.
 * The schema is migrated first when it must be. Options: format, on-error, force, dry-run, the limits. `events` may be NULL.
 *
 * TICKER_OK: all imported, or there before ("duplicate"). TICKER_WARN: imported, some rows rejected (see the reports).
 * TICKER_FAILED: at least one member was refused, or there was none; the others are in. TICKER_RETRY: the store or the source could
 * not go on, or the caller cancelled; members reported before are in, the current one is not. TICKER_FATAL: usage or memory.
 *
 * The same bytes imported twice, also by two processes at once, are stored once. A file that is wrong is also recorded in the ledger
 * as "failed", with its reasons. With dry-run nothing is stored and `store` may be NULL.
 *
 * The option import-threads says how many threads do it (1: only the caller's). The source and all callbacks are called by the thread of
 * the call, whatever it says. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_import_source(ticker_store *store, ticker_source *source,
                                                                const ticker_options *options,
                                                                const ticker_import_events *events,
                                                                ticker_error *error);

/* Reads and checks every data member and stores nothing: the reports carry all totals. Same statuses; a member that an import would
 * refuse is reported with COMPLETE 0 or status "failed" and makes the call TICKER_FAILED. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_inspect_source(ticker_source *source, const ticker_options *options,
                                                                 const ticker_import_events *events,
                                                                 ticker_error *error);

#ifdef __cplusplus
}
#endif
#endif
