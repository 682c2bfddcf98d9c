/* The ledger and the instruments: how an import ends. */
#include <config.h>

#ifdef TI_WITH_SQLITE

#include <string.h>

#include "base/error.h"
#include "store/sqlite.h"

/* TICKER_OK and the first number of the first row, or TICKER_DONE. */
static ticker_status first_number(ti_sqlite *sqlite, ti_sq_statement *statement, int64_t *number, ticker_error *error)
{
    ticker_status status = ti_sq_step(sqlite->link, statement, error);

    if (status == TICKER_OK) {
        *number = ti_sq_integer(statement, 0);
        ti_sq_reset(statement);
    }
    return status;
}

ticker_status ti_sq_find_import(ticker_store *store, int64_t bytes, const char *sha256, const char *member, int64_t *id,
                                ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, sha256 != NULL ? TI_SQ_FIND_IMPORT : TI_SQ_FIND_SIZE, &statement, error);

    if (status != TICKER_OK)
        return status;
    if (sha256 != NULL) {
        ti_sq_bind_text(sqlite->link, statement, 1, ti_slice_of(sha256));
        ti_sq_bind_text(sqlite->link, statement, 2, ti_slice_of(member != NULL ? member : ""));
    } else {
        ti_sq_bind(sqlite->link, statement, 1, bytes);
    }
    return first_number(sqlite, statement, id, error);
}

static const char *known(const char *text)
{
    return text != NULL ? text : "";
}

/* TI_SQ_ADD_IMPORT or TI_SQ_ADOPT_IMPORT. */
static ticker_status write_import(ti_sqlite *sqlite, ti_sq_text text, const ti_ledger_row *row, int64_t id,
                                  ticker_error *error)
{
    char snapshot[TI_SNAPSHOT_TEXT_MAX];
    const char *const texts[] = {row->file,
                                 row->member,
                                 row->format,
                                 row->sha256,
                                 row->status,
                                 row->error,
                                 row->problems,
                                 row->turnover,
                                 known(row->location),
                                 known(row->content_type),
                                 known(sqlite->base.sequencer),
                                 known(sqlite->base.object_version),
                                 known(ti_snapshot_text(sqlite->base.snapshot, snapshot))};
    static const int text_places[] = {2, 3, 4, 5, 7, 19, 20, 16, 22, 23, 25, 26, 28};
    const int64_t numbers[] = {id,
                               row->bytes,
                               row->records,
                               row->imported,
                               row->rejected,
                               row->repaired,
                               row->first_date,
                               row->last_date,
                               row->trades,
                               row->volume,
                               row->declared,
                               row->forced ? 1 : 0,
                               row->microseconds,
                               row->duplicate_of != 0 ? row->duplicate_of : TICKER_NULL};
    static const int number_places[] = {1, 6, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 21, 24};
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, text, &statement, error);

    if (status != TICKER_OK)
        return status;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ti_sq_bind_text(sqlite->link, statement, text_places[i], ti_slice_of(texts[i]));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        ti_sq_bind(sqlite->link, statement, number_places[i], numbers[i]);
    if (text == TI_SQ_ADD_IMPORT)
        ti_sq_bind(sqlite->link, statement, 27, ti_ledger_waits(row) ? 1 : 0);
    return ti_sq_finish(sqlite->link, statement, error);
}

/* TICKER_DONE: the row is at its end, and stays as it is. */
static ticker_status adopt_import(ti_sqlite *sqlite, const ti_ledger_row *row, ticker_error *error)
{
    ticker_status status = write_import(sqlite, TI_SQ_ADOPT_IMPORT, row, sqlite->base.adopt, error);

    return status == TICKER_OK && ti_sq_changes(sqlite->link) == 0 ? TICKER_DONE : status;
}

static ticker_status add_instruments(ti_sqlite *sqlite, ti_next_instrument next, void *payload, ticker_error *error)
{
    ti_instrument instrument;
    ti_sq_statement *statement;
    ticker_status status = TICKER_OK;

    while (status == TICKER_OK && next(payload, &instrument)) {
        status = ti_sq_use(sqlite, TI_SQ_NAME_INSTRUMENT, &statement, error);
        if (status != TICKER_OK)
            break;
        ti_sq_bind_text(sqlite->link, statement, 1, instrument.ticker);
        ti_sq_bind_text(sqlite->link, statement, 2, instrument.market);
        ti_sq_bind_text(sqlite->link, statement, 3, instrument.name);
        ti_sq_bind_text(sqlite->link, statement, 4, instrument.specification);
        ti_sq_bind_text(sqlite->link, statement, 5, instrument.isin);
        ti_sq_bind(sqlite->link, statement, 6, instrument.first_date);
        ti_sq_bind(sqlite->link, statement, 7, instrument.last_date);
        status = ti_sq_finish(sqlite->link, statement, error);
    }
    return status;
}

/* What an import kept in memory. */
static void forget(ti_sqlite *sqlite)
{
    ti_sq_sorter_free(sqlite->sorter);
    sqlite->sorter = NULL;
    ti_sq_names_close(sqlite);
    ti_sq_calendar_close(&sqlite->days);
    ti_sq_calendar_close(&sqlite->old);
    ti_sq_calendar_close(&sqlite->looked);
    ti_sq_calendar_close(&sqlite->contested);
    ti_supersessions_free(&sqlite->superseded);
    sqlite->importing = false;
}

/* Another import of the same bytes was first: this one is undone, and that one's number given. */
static ticker_status yield_to_first(ti_sqlite *sqlite, const ti_ledger_row *row, int64_t *id, ticker_error *error)
{
    ticker_status status;

    ti_sq_rollback(&sqlite->base);
    status = ti_sq_find_import(&sqlite->base, row->bytes, row->sha256, row->member, id, error);
    if (status == TICKER_OK)
        return TICKER_DONE;
    if (status == TICKER_DONE) /* and was deleted by somebody since */
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_DATABASE, "another import of the same file is in the way");
    return status;
}

/* Who imported the same bytes before has not done it any more. */
static ticker_status repeat_import(ti_sqlite *sqlite, const ti_ledger_row *row, ticker_error *error)
{
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, TI_SQ_REPEAT_IMPORT, &statement, error);

    if (status != TICKER_OK)
        return status;
    ti_sq_bind_text(sqlite->link, statement, 1, ti_slice_of(row->sha256));
    ti_sq_bind_text(sqlite->link, statement, 2, ti_slice_of(row->member));
    ti_sq_bind(sqlite->link, statement, 3, sqlite->import_id);
    return ti_sq_finish(sqlite->link, statement, error);
}

ticker_status ti_sq_commit(ticker_store *store, const ti_ledger_row *row, ti_next_instrument next, void *payload,
                           int64_t *id, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ticker_error refused;
    ticker_status status;

    if (!sqlite->importing || sqlite->sorter != NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "no settled import to commit");
    ti_error_init(&refused);
    status = store->again ? repeat_import(sqlite, row, error) : TICKER_OK;
    if (status != TICKER_OK)
        return status;
    if (store->adopt != 0)
        status = adopt_import(sqlite, row, &refused);
    else
        status = write_import(sqlite, TI_SQ_ADD_IMPORT, row, sqlite->import_id, &refused);
    if (status == TICKER_DONE || (status != TICKER_OK && ti_sq_not_unique(sqlite->link)))
        return yield_to_first(sqlite, row, id, error);
    if (status != TICKER_OK) {
        if (error != NULL)
            ti_error_copy(error, &refused);
        return status;
    }
    status = ti_sq_note_supersessions(sqlite, error);
    if (status == TICKER_OK)
        status = add_instruments(sqlite, next, payload, error);
    if (status == TICKER_OK)
        status = ti_sq_announce(sqlite, sqlite->import_id, error);
    if (status == TICKER_OK)
        status = ti_sq_run(sqlite->link, "COMMIT", error);
    if (status != TICKER_OK)
        return status;
    *id = sqlite->import_id;
    forget(sqlite);
    ti_sq_prefer_wal(sqlite);
    return TICKER_OK;
}

void ti_sq_rollback(ticker_store *store)
{
    ti_sqlite *sqlite = ti_sq_store(store);

    if (sqlite->importing)
        ti_sq_undo(sqlite->link);
    forget(sqlite);
}

static ticker_status check_idle(ti_sqlite *sqlite, ticker_error *error)
{
    ticker_status status;

    if (sqlite->importing)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "the ledger was written within an import");
    status = ti_sq_finish_undo(sqlite->link, error);
    if (status == TICKER_OK)
        ti_sq_expect_small_writes(sqlite);
    return status;
}

/* Each statement alone is a transaction. */
ticker_status ti_sq_record(ticker_store *store, const ti_ledger_row *row, int64_t *id, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ticker_status status = check_idle(sqlite, error);

    if (status != TICKER_OK)
        return status;
    status = store->adopt != 0 ? adopt_import(sqlite, row, error) : TICKER_DONE;
    *id = store->adopt;
    if (status == TICKER_DONE) {
        status = write_import(sqlite, TI_SQ_ADD_IMPORT, row, TICKER_NULL, error);
        *id = ti_sq_last_id(sqlite->link);
        if (status == TICKER_OK && ti_sq_changes(sqlite->link) == 0)
            status = TICKER_DONE;
    }
    return status;
}

ticker_status ti_sq_mark(ticker_store *store, int64_t id, const char *status_text, const char *why, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ti_sq_statement *statement;
    ticker_status status = check_idle(sqlite, error);

    if (status == TICKER_OK)
        status = ti_sq_use(sqlite, TI_SQ_MARK_IMPORT, &statement, error);
    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, id);
    ti_sq_bind_text(sqlite->link, statement, 2, ti_slice_of(status_text));
    ti_sq_bind_text(sqlite->link, statement, 3, ti_slice_of(why));
    ti_sq_bind_text(sqlite->link, statement, 4, ti_slice_of(known(store->sequencer)));
    ti_sq_bind_text(sqlite->link, statement, 5, ti_slice_of(known(store->object_version)));
    if (strcmp(status_text, "running") == 0) /* it is the beginning of an import */
        ti_sq_patience(sqlite->link, TI_SQ_TURN_PATIENCE);
    status = ti_sq_finish(sqlite->link, statement, error);
    ti_sq_patience(sqlite->link, -1);
    return status == TICKER_OK && ti_sq_changes(sqlite->link) == 0 ? TICKER_DONE : status;
}

/* Whoever waits for the right to write, and be it for a moment, keeps others from what is more important. */
ticker_status ti_sq_progress(ticker_store *store, int64_t id, int64_t position, int64_t bytes, int64_t records,
                             ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ti_sq_statement *statement;
    ticker_error locked;
    ticker_status status = check_idle(sqlite, error);

    if (status == TICKER_OK)
        status = ti_sq_use(sqlite, TI_SQ_NOTE_PROGRESS, &statement, error);
    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, id);
    ti_sq_bind(sqlite->link, statement, 2, position);
    ti_sq_bind(sqlite->link, statement, 3, bytes >= 0 ? bytes : TICKER_NULL);
    ti_sq_bind(sqlite->link, statement, 4, records);
    ti_error_init(&locked);
    ti_sq_patience(sqlite->link, 0);
    status = ti_sq_finish(sqlite->link, statement, &locked);
    ti_sq_patience(sqlite->link, -1);
    if (status == TICKER_OK)
        return ti_sq_changes(sqlite->link) == 0 ? TICKER_DONE : TICKER_OK;
    if (ti_sq_locked(sqlite->link))
        return TICKER_DONE;
    ti_error_copy(error, &locked);
    return status;
}

/* The right to write, which an import has from its beginning on, is that to go on as well. */
ticker_status ti_sq_versions(ticker_store *store, const char *location, ti_visit_version visit, void *payload,
                             ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ti_sq_statement *statement;
    ticker_status status;

    if (!sqlite->importing)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "versions are asked for within an import");
    status = ti_sq_use(sqlite, TI_SQ_VERSIONS, &statement, error);
    if (status != TICKER_OK)
        return status;
    ti_sq_bind_text(sqlite->link, statement, 1, ti_slice_of(location));
    while ((status = ti_sq_step(sqlite->link, statement, error)) == TICKER_OK) {
        status = visit(payload, ti_sq_integer(statement, 0), ti_sq_cell(statement, 1).text, error);
        if (status != TICKER_OK)
            break;
    }
    ti_sq_reset(statement);
    return status == TICKER_DONE ? TICKER_OK : status;
}

#endif
