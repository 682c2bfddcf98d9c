/* The ledger follows an uploaded file: its row is "queued" from the upload on, "running" while a worker imports it, and at its end
 * "imported", "duplicate" or "failed". The query "imports" shows it at any time. */
#ifndef TICKERIMPORT_UPLOAD_H
#define TICKERIMPORT_UPLOAD_H

#include <tickerimport/import.h>
#include <tickerimport/storage.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the row of a file that was stored and waits to be imported: *id is its number. `name` is what the client called it, `format` what
 * its first bytes look like, `content_type` what the client said of it; the latter two may be NULL or "". The schema is migrated first
 * when it must be. To be called before a worker is told of the file; when it was told nevertheless (by S3) and has made a row that waits or
 * runs, *id is that one.
 * TICKER_RETRY: the store could not be written to. TICKER_FAILED with TICKER_ERROR_DATABASE: it refused. TICKER_FATAL: usage, memory, or
 * as ticker_store_migrate() says. The thread that uses the store, as all functions below. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_upload_record(ticker_store *store, const ticker_stored *stored,
                                                                const char *name, const char *format,
                                                                const char *content_type, int64_t *id,
                                                                ticker_error *error);
/* Whether the same bytes are there or on their way. TICKER_OK: *id is the import of them, or else the upload of them that runs or waits.
 * TICKER_DONE: neither, or they were refused. `bytes` may be -1: unknown. TICKER_RETRY, TICKER_FAILED, TICKER_FATAL as above; the schema
 * must be up to date. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_upload_known(ticker_store *store, const char *sha256, int64_t bytes,
                                                               int64_t *id, ticker_error *error);
/* ticker_import_source() of an uploaded file, with the same statuses. It takes over the ledger row `id`, or with 0 the row whose location
 * is the source's name; when there is none, one is made. With events->sequencer that is the row of the same version of the object, or one
 * that was uploaded and has none yet; each further version gets a row of its own. When a newer version is in, also from another worker a
 * moment ago, this one is left out: its row ends as "duplicate" of that import and says why in its error; TICKER_OK.
 * The row shows what becomes of the file's first data member (a file that is no archive has one); further members get rows of their own.
 * A row that is at its end stays as it is, and then the file is imported like any other, to be a duplicate as a rule. After TICKER_RETRY
 * and TICKER_FATAL the row is queued again, or still running when not even that could be written: both are taken over by the next try, as
 * is one that failed. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_upload_import(ticker_store *store, int64_t id, ticker_source *source,
                                                                const ticker_options *options,
                                                                const ticker_import_events *events,
                                                                ticker_error *error);
/* Says how far the import of the row `id` is: the query "imports" shows it as progress_bytes, total_bytes and progress_records while the
 * row runs. `position`, `bytes` and `records` are as in ticker_progress. Of another store than the one that imports. It waits for no lock.
 * TICKER_OK; TICKER_DONE: nothing was written, for the row does not run, or it (in SQLite: the database) is being written at this moment;
 * TICKER_RETRY, TICKER_FAILED, TICKER_FATAL as above. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_upload_progress(ticker_store *store, int64_t id, uint64_t position,
                                                                  int64_t bytes, uint64_t records, ticker_error *error);
/* Says of a file that cannot even be opened (its object is gone, say) that it failed, and why: of the row `id`, or with 0 of the one whose
 * location this is (NULL: none). A location without a row gets one, with the location's last part as the file's name. A row at its end
 * stays as it is. TICKER_OK; TICKER_DONE: there is no such row and no location, or it is at its end; TICKER_RETRY, TICKER_FAILED,
 * TICKER_FATAL as above. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_upload_refuse(ticker_store *store, int64_t id, const char *location,
                                                                const ticker_error *why, ticker_error *error);

#ifdef __cplusplus
}
#endif
#endif
