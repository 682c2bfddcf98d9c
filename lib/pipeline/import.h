/* Inside view of an import: the ledger row that it takes over when the file was uploaded. */
#ifndef TI_PIPELINE_IMPORT_H
#define TI_PIPELINE_IMPORT_H

#include <tickerimport/import.h>

#include "base/hash.h"
#include "base/number.h"

/* The row of an upload. The first member of the source takes it over, further ones get rows of their own that say the same of file,
 * location and type. */
typedef struct ti_adoption {
    int64_t id;         /* what the import takes over; 0: nothing, or nothing any more */
    bool taken;         /* it is marked as running */
    char *location;     /* of the source; NULL: not known */
    char *file;         /* as the ledger has it; NULL: as the source has it */
    char *content_type; /* NULL: not known */
} ti_adoption;

void ti_adoption_end(ti_adoption *row);
/* Finds the row ->id, or the first one of ->location (0, or there is no such row); when there is none, it is made with this `file`. What
 * it says is put into *row, and it is "running" from now on. A row that is at its end is left alone: then ->id is 0. */
ticker_status ti_adopt(ticker_store *store, ti_adoption *row, const char *file, ticker_error *error);

/* As ticker_import_source(), which has no `row`. When the row has come to its end, row->id is 0 afterwards. */
ticker_status ti_import(ticker_store *store, ticker_source *source, const ticker_options *options,
                        const ticker_import_events *events, ti_adoption *row, ticker_error *error);
/* Brings the schema up to date. */
ticker_status ti_prepare_store(ticker_store *store, ticker_error *error);

#endif
