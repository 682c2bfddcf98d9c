/* Lists of rows as they are stored. */
#include "query/place.h"
#include "query/run.h"

#define FOLDER_SCHEME "file://"

/* Of a file in a folder only its key, the last two parts of the URL: where the folder is does not concern whoever may read the ledger. */
static void show_key_only(ti_cell *cell)
{
    size_t scheme = sizeof(FOLDER_SCHEME) - 1, start = cell->text.size;
    unsigned slashes = 0;

    if (cell->kind != TI_CELL_TEXT || start < scheme || memcmp(cell->text.data, FOLDER_SCHEME, scheme) != 0)
        return;
    while (start > scheme && (cell->text.data[start - 1] != '/' || ++slashes < 2))
        start--;
    cell->text = (ti_slice){cell->text.data + start, cell->text.size - start};
}

/* The row behind the limit is read to know of it, and not written. */
static ticker_status copy_rows(ti_run *run, ti_cursor *cursor, ticker_error *error)
{
    ti_cell cells[TI_COLUMNS_MAX];
    ticker_status status;

    while ((status = cursor->ops->next(cursor, cells, error)) == TICKER_OK) {
        run->more = ti_run_full(run);
        if (run->more)
            return TICKER_OK;
        if (run->query->keys_only)
            show_key_only(&cells[ti_query_location_cell()]);
        status = ti_writer_row(run->writer, cells, error);
        if (status != TICKER_OK)
            return status;
        if (ti_run_full(run) && !ti_place_of_row(run->query, run->columns, cells, &run->last))
            return ti_fail(error, TICKER_FAILED, TICKER_ERROR_DATABASE,
                           "a stored row has a key that this library would not have written");
    }
    return status == TICKER_DONE ? TICKER_OK : status;
}

static ticker_status run_part(ti_run *run, ti_part *part, ticker_error *error)
{
    size_t cells = ti_statement_cells(run->query, run->columns);
    ti_statement statement;
    ti_cursor *cursor = NULL;
    ticker_status status;

    part->after = run->after;
    if (ti_query_has(run->query, TI_ASK_LIMIT))
        part->rows = run->query->limit - (int64_t)run->writer->rows + 1;
    status = ti_statement_rows(&statement, run->query, run->columns, part, error);
    if (status == TICKER_OK)
        status = ti_statement_run(&statement, run->store, cells, &cursor, error);
    if (status == TICKER_OK) {
        status = copy_rows(run, cursor, error);
        cursor->ops->close(cursor);
    }
    ti_statement_free(&statement);
    return status;
}

ticker_status ti_rows_run(ti_run *run, ticker_error *error)
{
    bool all = run->query->kind == TI_QUERY_QUOTES && !ti_query_has(run->query, TI_ASK_TICKER);
    ti_part part = {0};
    ti_windows windows;
    ticker_status status;

    if (!all || !ti_query_has(run->query, TI_ASK_LIMIT) || ti_query_has(run->query, TI_ASK_DATE))
        return run_part(run, &part, error);
    status = ti_windows_open(run, false, &windows, error);
    while (status == TICKER_OK && !run->more) {
        status = ti_windows_next(run, &windows, &part, error);
        if (status == TICKER_OK)
            status = run_part(run, &part, error);
    }
    return status == TICKER_DONE ? TICKER_OK : status;
}
