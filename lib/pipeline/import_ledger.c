/* What an import reads of the ledger and writes into it. */
#include <stdio.h>
#include <string.h>

#include <tickerimport/event.h>

#include "base/clock.h"
#include "base/error.h"
#include "pipeline/import_run.h"

void ti_run_end_row(ti_import_run *import)
{
    if (import->upload != NULL)
        import->upload->id = 0;
}

ticker_status ti_run_ledger_row(ti_import_run *import, const char *status, ti_buffer *problems, ti_ledger_row *row,
                                ticker_error *error)
{
    ticker_report *report = ti_reader_report(import->reader);

    ti_report_finish(report);
    if (!ti_report_problems_json(report, problems) || ti_buffer_string(problems) == NULL)
        return ti_fail_memory(error);
    *row = (ti_ledger_row){.file = report->file,
                           .member = report->member,
                           .format = report->format,
                           .sha256 = report->sha256,
                           .status = status,
                           .error = report->error,
                           .problems = problems->data,
                           .turnover = report->turnover_text,
                           .bytes = report->bytes,
                           .records = report->records + report->rejected,
                           .imported = strcmp(status, "imported") == 0 ? report->records : 0,
                           .rejected = report->rejected,
                           .repaired = report->repaired,
                           .first_date = report->first_date,
                           .last_date = report->last_date,
                           .trades = report->trades,
                           .volume = report->volume,
                           .declared = report->declared,
                           .microseconds = ti_clock_microseconds() - import->started,
                           .forced = import->forced && !report->complete};
    if (import->upload != NULL) {
        row->file = import->upload->file != NULL ? import->upload->file : report->file;
        row->location = import->upload->location;
        row->content_type = import->upload->content_type;
    }
    return TICKER_OK;
}

ticker_status ti_run_record(ti_import_run *import, const char *status_text, int64_t first, int64_t *id,
                            ticker_error *error)
{
    ticker_store *store = import->store;
    ti_buffer problems;
    ti_ledger_row row;
    ticker_status status;

    ti_buffer_init(&problems, TICKER_PROBLEMS_JSON_MAX);
    status = ti_run_ledger_row(import, status_text, &problems, &row, error);
    if (status == TICKER_OK) {
        row.duplicate_of = first;
        if (first != 0 && import->newer == 0)
            row.turnover = import->turnover;
        store->adopt = import->upload != NULL ? import->upload->id : 0;
        status = store->ops->record(store, &row, id, error);
        store->adopt = 0;
    }
    ti_buffer_free(&problems);
    if (status == TICKER_OK)
        ti_run_end_row(import);
    return status;
}

static bool read_number(const ti_cell *cell, int64_t *number)
{
    if (cell->kind == TI_CELL_INTEGER)
        *number = cell->number;
    return cell->kind != TI_CELL_TEXT || ti_parse_integer(cell->text, true, number);
}

static bool read_date(const ti_cell *cell, int64_t *date)
{
    if (cell->kind == TI_CELL_INTEGER)
        *date = cell->number;
    return cell->kind != TI_CELL_TEXT || ti_parse_date_iso(cell->text, date);
}

ticker_status ti_run_recall(ti_import_run *import, int64_t id, ticker_error *error)
{
    static const char sql[] = "SELECT records, rejected, repaired, trades, volume, declared, first_date, last_date, "
                              "turnover FROM {imports} WHERE id = $1";
    ticker_report *report = ti_reader_report(import->reader);
    int64_t *const numbers[] = {&report->records, &report->rejected, &report->repaired,
                                &report->trades,  &report->volume,   &report->declared};
    ti_parameter parameter = {.type = TICKER_TYPE_INTEGER, .number = id};
    ti_cell cells[9];
    ti_cursor *cursor;
    bool good = true;
    ticker_status status;

    import->store->few = true;
    status = import->store->ops->query(import->store, sql, &parameter, 1, &cursor, error);
    import->store->few = false;
    if (status != TICKER_OK)
        return status;
    status = cursor->ops->next(cursor, cells, error);
    if (status == TICKER_OK) {
        for (size_t i = 0; i < 6; i++)
            good &= read_number(&cells[i], numbers[i]);
        report->records -= report->rejected; /* the ledger counts what was read, the report what could be */
        good = good && read_date(&cells[6], &report->first_date) && read_date(&cells[7], &report->last_date);
        import->turnover[0] = '\0';
        if (cells[8].kind == TI_CELL_TEXT && cells[8].text.size < sizeof(import->turnover))
            (void)snprintf(import->turnover, sizeof(import->turnover), "%.*s", (int)cells[8].text.size,
                           cells[8].text.data);
        if (!good)
            status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_DATABASE, "the ledger's row %lld cannot be read",
                             (long long)id);
    }
    cursor->ops->close(cursor);
    return status < TICKER_OK ? status : TICKER_OK;
}

/* The newest version of the object that is newer than that of this import. */
typedef struct newest {
    const char *sequencer; /* of this import */
    char text[TICKER_SEQUENCER_MAX];
    int64_t id; /* 0: none yet */
} newest;

static ticker_status keep_newest(void *payload, int64_t id, ti_slice sequencer, ticker_error *error)
{
    newest *found = payload;
    char text[TICKER_SEQUENCER_MAX];

    (void)error;
    if (sequencer.size >= sizeof(text)) /* nothing that can be compared */
        return TICKER_OK;
    memcpy(text, sequencer.data, sequencer.size);
    text[sequencer.size] = '\0';
    if (ticker_event_compare_sequencers(text, found->id != 0 ? found->text : found->sequencer) > 0) {
        memcpy(found->text, text, sequencer.size + 1);
        found->id = id;
    }
    return TICKER_OK;
}

ticker_status ti_run_look_for_newer(ti_import_run *import, ticker_error *error)
{
    newest found = {.sequencer = import->events.sequencer};
    ticker_status status;

    if (import->upload == NULL || import->upload->location == NULL || found.sequencer == NULL ||
        found.sequencer[0] == '\0')
        return TICKER_OK;
    status = import->store->ops->versions(import->store, import->upload->location, keep_newest, &found, error);
    if (status != TICKER_OK)
        return status;
    import->newer = found.id;
    return found.id != 0 ? TICKER_DONE : TICKER_OK;
}
