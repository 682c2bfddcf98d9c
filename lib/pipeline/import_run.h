/* One import at work: what its parts share, and what it has to do with the ledger. */
#ifndef TI_PIPELINE_IMPORT_RUN_H
#define TI_PIPELINE_IMPORT_RUN_H

#include "base/buffer.h"
#include "pipeline/import.h"
#include "pipeline/reader.h"
#include "store/store.h"

/* One call of ticker_import_source(). */
typedef struct ti_import_run {
    ticker_store *store; /* NULL: only read and check */
    ticker_reader *reader;
    ticker_import_events events;
    ti_adoption *upload;  /* the ledger row of an upload; NULL: this is none */
    unsigned connections; /* over which a large file may be loaded */
    const char *folder;   /* for its temporary files */
    bool overlapped;      /* a second thread puts the rows in */
    bool forced;
    bool again;   /* although the bytes are there */
    bool inspect; /* read on whatever is wrong with the file, and judge at the end */
    bool reject;  /* a row that cannot be read makes an import refuse the file */
    int64_t started;
    ticker_status worst; /* of the members so far: OK, WARN or FAILED */
    size_t members;
    int64_t newer;                     /* the ledger row of a newer version of the object, which is in; 0: none */
    bool cancelled;                    /* the caller's callback said so */
    char turnover[TI_NUMBER_TEXT_MAX]; /* of the import that a duplicate repeats */
} ti_import_run;

/* What ends a member has been written: the row of the upload has seen its end. */
void ti_run_end_row(ti_import_run *import);
/* The ledger row that the report amounts to; `problems` keeps its JSON alive. */
ticker_status ti_run_ledger_row(ti_import_run *import, const char *status, ti_buffer *problems, ti_ledger_row *row,
                                ticker_error *error);
/* The ledger row of a member that was not imported. `first`: the import that it repeats, or 0. */
ticker_status ti_run_record(ti_import_run *import, const char *status_text, int64_t first, int64_t *id,
                            ticker_error *error);
/* What the ledger says of an import of the same bytes: a duplicate's report shows it, without reading the file again. */
ticker_status ti_run_recall(ti_import_run *import, int64_t id, ticker_error *error);
/* TICKER_DONE: a newer version of the object is in, as import->newer says; or else none can come in before this import has ended. */
ticker_status ti_run_look_for_newer(ti_import_run *import, ticker_error *error);

#endif
