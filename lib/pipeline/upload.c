/* Uploads in the ledger: their rows before the import, and taking them over. */
#include <tickerimport/upload.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/error.h"
#include "base/slice.h"
#include "input/source.h"
#include "pipeline/import.h"
#include "store/store.h"

#define FIELDS 4
#define WHY_MAX (2 * TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX)

/* --- Finding rows -------------------------------------------------------------------------------------------------------------- */

/* One row that `sql` finds: id, then texts, which are copied (null: NULL) to be freed, unless `texts` is NULL. TICKER_DONE: no row. */
static ticker_status ask_row(ticker_store *store, const char *sql, const ti_parameter *parameters, size_t count,
                             int64_t *id, char **texts, ticker_error *error)
{
    ti_cell cells[FIELDS];
    ti_cursor *cursor = NULL;
    ticker_status status;

    store->few = true;
    status = store->ops->query(store, sql, parameters, count, &cursor, error);
    store->few = false;
    if (status != TICKER_OK)
        return status;
    status = cursor->ops->next(cursor, cells, error);
    if (status == TICKER_OK) {
        *id = cells[0].number;
        if (cells[0].kind == TI_CELL_TEXT && !ti_parse_integer(cells[0].text, true, id))
            status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_DATABASE, "the ledger has a row without a number");
    }
    for (size_t i = 1; texts != NULL && i < cursor->columns && status == TICKER_OK; i++) {
        if (cells[i].kind == TI_CELL_TEXT && (texts[i - 1] = ti_slice_copy(cells[i].text)) == NULL)
            status = ti_fail_memory(error);
    }
    cursor->ops->close(cursor);
    return status;
}

ticker_status ticker_upload_known(ticker_store *store, const char *sha256, int64_t bytes, int64_t *id,
                                  ticker_error *error)
{
    static const char sql[] =
        "SELECT id FROM {imports} AS i WHERE sha256 = $1 AND ($2 < 0 OR bytes = $2) AND status IN ('imported',"
        " 'running', 'queued') ORDER BY CASE status WHEN 'imported' THEN 0 WHEN 'running' THEN 1 ELSE 2 END, id LIMIT "
        "1";

    if (store == NULL || sha256 == NULL || id == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an upload is known by its store and its hash");
    const ti_parameter parameters[] = {{.type = TICKER_TYPE_TEXT, .text = ti_slice_of(sha256)},
                                       {.type = TICKER_TYPE_INTEGER, .number = bytes}};
    return ask_row(store, sql, parameters, 2, id, NULL, error);
}

/* The row with a number, or one of a location: file, location, content type. Of rows of a location first that of this version, then one
 * that waits or runs, then the oldest; but never one of another version. */
static ticker_status find_row(ticker_store *store, int64_t id, const char *location, int64_t *found, char *texts[],
                              ticker_error *error)
{
    static const char by_id[] = "SELECT id, file, location, content_type FROM {imports} AS i WHERE id = $1";
    static const char by_location[] =
        "SELECT id, file, location, content_type FROM {imports} AS i WHERE location = $1"
        " AND ($2 = '' OR coalesce(sequencer, $2) = $2)"
        " ORDER BY CASE WHEN sequencer = $2 THEN 0 WHEN status IN ('queued', 'running') THEN 1 ELSE 2 END, id LIMIT 1";
    const ti_parameter number = {.type = TICKER_TYPE_INTEGER, .number = id};
    const ti_parameter parameters[] = {
        {.type = TICKER_TYPE_TEXT, .text = ti_slice_of(location != NULL ? location : "")},
        {.type = TICKER_TYPE_TEXT, .text = ti_slice_of(store->sequencer != NULL ? store->sequencer : "")}};

    if (id != 0)
        return ask_row(store, by_id, &number, 1, found, texts, error);
    return parameters[0].text.size > 0 ? ask_row(store, by_location, parameters, 2, found, texts, error) : TICKER_DONE;
}

/* --- Writing rows -------------------------------------------------------------------------------------------------------------- */

static ti_ledger_row row_of(const char *status, const char *file, const char *location)
{
    return (ti_ledger_row){.file = file,
                           .member = "",
                           .format = "",
                           .sha256 = "",
                           .status = status,
                           .error = "",
                           .problems = "[]",
                           .turnover = "0",
                           .first_date = TICKER_NULL,
                           .last_date = TICKER_NULL,
                           .declared = TICKER_NULL,
                           .location = location};
}

/* The row that somebody else made of the location a moment ago: a worker heard of the upload while its server recorded it. */
static ticker_status find_made_row(ticker_store *store, const char *location, int64_t *id, char *texts[],
                                   ticker_error *error)
{
    ticker_status status = find_row(store, 0, location, id, texts, error);

    return status == TICKER_DONE ? ti_fail(error, TICKER_RETRY, TICKER_ERROR_DATABASE,
                                           "the ledger's row of the upload was taken away at this moment")
                                 : status;
}

ticker_status ticker_upload_record(ticker_store *store, const ticker_stored *stored, const char *name,
                                   const char *format, const char *content_type, int64_t *id, ticker_error *error)
{
    ti_ledger_row row;
    ticker_status status;

    if (store == NULL || stored == NULL || name == NULL || id == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "an upload is recorded with its store, where it is stored, and its name");
    status = ti_prepare_store(store, error);
    if (status != TICKER_OK)
        return status;
    row = row_of("queued", name, ticker_stored_url(stored));
    row.bytes = ticker_stored_bytes(stored);
    row.sha256 = ticker_stored_sha256(stored);
    row.format = format != NULL ? format : "";
    row.content_type = content_type;
    status = store->ops->record(store, &row, id, error);
    return status == TICKER_DONE ? find_made_row(store, row.location, id, NULL, error) : status;
}

ticker_status ticker_upload_progress(ticker_store *store, int64_t id, uint64_t position, int64_t bytes,
                                     uint64_t records, ticker_error *error)
{
    if (store == NULL || id <= 0 || position > INT64_MAX || records > INT64_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "progress is that of a ledger row of a store");
    return store->ops->progress(store, id, (int64_t)position, bytes, (int64_t)records, error);
}

/* In the words that users see, with the name that they gave the file: as ti_import() does. */
static void say_why(const ticker_error *why, const char *file, char text[WHY_MAX])
{
    ticker_error named = *why;

    if (named.file[0] != '\0' && file != NULL)
        ti_error_rename(&named, file);
    (void)ticker_error_format(&named, text, WHY_MAX);
}

/* What a file is called that nobody announced: the last part of its location. To be freed; NULL: no memory. */
static char *name_of(const char *location)
{
    const char *slash = strrchr(location, '/');
    ti_buffer name;
    char *copy;

    if (slash == NULL || slash[1] == '\0')
        return ti_slice_copy(ti_slice_of(location));
    /* A folder's URLs are encoded, those of S3 are not. */
    if (strncmp(location, "file:", 5) != 0)
        return ti_slice_copy(ti_slice_of(slash + 1));
    ti_buffer_init(&name, strlen(location) + 1);
    copy = ti_buffer_unpercent(&name, ti_slice_of(slash + 1), false) ? ti_slice_copy((ti_slice){name.data, name.size})
                                                                     : NULL;
    ti_buffer_free(&name);
    return copy;
}

/* A row for a file that nobody announced and that cannot be opened either. */
static ticker_status record_refused(ticker_store *store, const char *location, const ticker_error *why,
                                    ticker_error *error)
{
    char text[WHY_MAX], *name = name_of(location);
    ti_ledger_row row = row_of("failed", name, location);
    int64_t id = 0;
    ticker_status status;

    if (name == NULL)
        return ti_fail_memory(error);
    say_why(why, name, text);
    row.error = text;
    status = store->ops->record(store, &row, &id, error);
    free(name);
    return status;
}

ticker_status ticker_upload_refuse(ticker_store *store, int64_t id, const char *location, const ticker_error *why,
                                   ticker_error *error)
{
    char text[WHY_MAX];
    char *texts[FIELDS - 1] = {NULL};
    int64_t found = 0;
    ticker_status status;

    if (store == NULL || why == NULL || id < 0)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an upload is refused in a store, and for a reason");
    status = find_row(store, id, location, &found, texts, error);
    if (status == TICKER_OK) {
        say_why(why, texts[0], text);
        status = store->ops->mark(store, found, "failed", text, error);
    } else if (status == TICKER_DONE && id == 0 && location != NULL && location[0] != '\0') {
        status = record_refused(store, location, why, error);
    }
    for (size_t i = 0; i < FIELDS - 1; i++)
        free(texts[i]);
    return status;
}

/* --- Taking over --------------------------------------------------------------------------------------------------------------- */

void ti_adoption_end(ti_adoption *row)
{
    free(row->location);
    free(row->file);
    free(row->content_type);
    *row = (ti_adoption){.id = 0};
}

/* A file that nobody announced, such as an object that was put straight into S3: it can be followed too. Where a folder of the storage is
 * is nobody's business, so of its files only the name is told. TICKER_DONE: somebody else has made a row of it meanwhile. */
static ticker_status make_row(ticker_store *store, ti_adoption *row, const char *file, ticker_error *error)
{
    ti_ledger_row made = row_of("running", file, row->location);
    ticker_status status;

    if (strncmp(file, "file:", 5) == 0) {
        row->file = name_of(file);
        if (row->file == NULL)
            return ti_fail_memory(error);
        made.file = row->file;
    }
    status = store->ops->record(store, &made, &row->id, error);
    row->taken = status == TICKER_OK;
    if (status == TICKER_DONE) {
        row->id = 0;
        free(row->file);
        row->file = NULL;
    }
    return status;
}

/* What the row says takes the place of what the source says. */
static void keep_texts(ti_adoption *row, char *texts[])
{
    row->file = texts[0];
    row->content_type = texts[2];
    if (texts[1] != NULL) {
        free(row->location);
        row->location = texts[1];
    }
}

ticker_status ti_adopt(ticker_store *store, ti_adoption *row, const char *file, ticker_error *error)
{
    char *texts[FIELDS - 1] = {NULL};
    int64_t found = 0;
    ticker_status status = find_row(store, row->id, row->location, &found, texts, error);

    if (status == TICKER_DONE && row->id != 0) /* somebody deleted it */
        status = find_row(store, 0, row->location, &found, texts, error);
    row->id = 0;
    if (status == TICKER_DONE) {
        status = make_row(store, row, file, error);
        if (status != TICKER_DONE)
            return status;
        status = find_made_row(store, row->location, &found, texts, error);
    }
    keep_texts(row, texts);
    if (status == TICKER_OK)
        status = store->ops->mark(store, found, "running", "", error);
    if (status == TICKER_OK) {
        row->id = found;
        row->taken = true;
    }
    return status == TICKER_DONE ? TICKER_OK : status; /* at its end */
}

/* When the import could go on another time, so can the row. It is as well left running: it is taken over like a queued one. */
static void give_back(ticker_store *store, const ti_adoption *row, const ticker_error *why)
{
    if (row->taken && row->id != 0 && ticker_error_get_kind(why) != TICKER_ERROR_SERVICE)
        (void)store->ops->mark(store, row->id, "queued", "", NULL);
}

ticker_status ticker_upload_import(ticker_store *store, int64_t id, ticker_source *source,
                                   const ticker_options *options, const ticker_import_events *events,
                                   ticker_error *error)
{
    ti_adoption row = {.id = id};
    ticker_error why;
    ticker_status status;

    ti_error_init(&why);
    if (source == NULL || store == NULL || id < 0) {
        ticker_source_free(source);
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an import of an upload needs a store and a source");
    }
    row.location = ti_slice_copy(ti_slice_of(source->whole_name));
    if (row.location == NULL) {
        ticker_source_free(source);
        return ti_fail_memory(error);
    }
    status = ti_import(store, source, options, events, &row, &why);
    if (status < TICKER_OK)
        give_back(store, &row, &why);
    ti_adoption_end(&row);
    ti_error_copy(error, &why);
    return status;
}
