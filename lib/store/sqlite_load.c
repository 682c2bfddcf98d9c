/* An import's rows: begin, put, settle. */
#include <config.h>

#ifdef TI_WITH_SQLITE

#include "base/error.h"
#include "store/sqlite.h"

#define SORT_MEMORY ((size_t)12 << 20)

/* A change of the journal needs the file for itself for a moment; when it cannot be had at once, the old way is as safe. */
static void set_journal(ti_sqlite *sqlite, const char *sql)
{
    ti_sq_patience(sqlite->link, 0);
    (void)ti_sq_run(sqlite->link, sql, NULL);
    ti_sq_patience(sqlite->link, -1);
}

void ti_sq_prefer_wal(ti_sqlite *sqlite)
{
    set_journal(sqlite, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
}

void ti_sq_expect_small_writes(ti_sqlite *sqlite)
{
    if (!sqlite->small_writes)
        ti_sq_prefer_wal(sqlite);
    sqlite->small_writes = true;
}

/* Into an empty database rows go straight: with a rollback journal new pages are written once, and there is nobody to read meanwhile.
 * EXTRA: that the journal is gone is on the disk before the import is reported. Otherwise WAL keeps readers from being blocked. */
static ticker_status choose_journal(ti_sqlite *sqlite, ticker_error *error)
{
    int64_t used = 0;
    ticker_status status = ti_sq_ask(
        sqlite->link, "SELECT EXISTS (SELECT 1 FROM quote_rows) OR EXISTS (SELECT 1 FROM trade_rows)", &used, error);

    if (status != TICKER_OK)
        return status;
    if (used != 0 || sqlite->base.adopt != 0) /* who uploaded a file looks how far it is */
        ti_sq_prefer_wal(sqlite);
    else
        set_journal(sqlite, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA");
    return TICKER_OK;
}

/* Nobody else takes the same number while this transaction holds the only right to write. */
static ticker_status next_import_id(ti_sqlite *sqlite, ticker_error *error)
{
    int64_t last = 0;
    ticker_status status;

    if (sqlite->base.adopt != 0) {
        sqlite->import_id = sqlite->base.adopt;
        return TICKER_OK;
    }
    status = ti_sq_ask(sqlite->link, "SELECT seq FROM sqlite_sequence WHERE name = 'import_rows'", &last, error);

    sqlite->import_id = last + 1;
    return status;
}

/* TICKER_DONE: the bytes were imported by somebody else while this import waited for the lock. */
static ticker_status came_meanwhile(ti_sqlite *sqlite, ticker_error *error)
{
    int64_t id;
    ticker_status status;

    if (sqlite->base.sha256 == NULL)
        return TICKER_OK;
    status = ti_sq_find_import(&sqlite->base, -1, sqlite->base.sha256, sqlite->base.member, &id, error);
    return status == TICKER_OK ? TICKER_DONE : status == TICKER_DONE ? TICKER_OK : status;
}

ticker_status ti_sq_begin(ticker_store *store, int64_t *import_id, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ticker_status status;

    if (sqlite->importing)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "an import was begun within an import");
    status = ti_sq_finish_undo(sqlite->link, error);
    if (status == TICKER_OK)
        status = choose_journal(sqlite, error);
    if (status != TICKER_OK)
        return status;
    ti_sq_patience(sqlite->link, TI_SQ_TURN_PATIENCE);
    status = ti_sq_run(sqlite->link, "BEGIN IMMEDIATE", error);
    ti_sq_patience(sqlite->link, -1);
    if (status != TICKER_OK)
        return status;
    sqlite->importing = true;
    sqlite->table = TICKER_TABLE_NONE;
    sqlite->origin = TI_ORIGIN_TRADES; /* until quotes of a file come */
    sqlite->snapshot[0] = '\0';
    sqlite->first_day = INT64_MAX;
    sqlite->last_day = INT64_MIN;
    status = came_meanwhile(sqlite, error);
    if (status == TICKER_OK)
        status = next_import_id(sqlite, error);
    if (status == TICKER_OK)
        status = ti_sq_names_open(sqlite, error);
    if (status == TICKER_OK && (!ti_sq_calendar_open(&sqlite->days) || !ti_sq_calendar_open(&sqlite->old) ||
                                !ti_sq_calendar_open(&sqlite->looked) || !ti_sq_calendar_open(&sqlite->contested)))
        status = ti_fail_memory(error);
    if (status != TICKER_OK) {
        ti_sq_rollback(store);
        return status;
    }
    *import_id = sqlite->import_id;
    return TICKER_OK;
}

static ticker_status open_sorter(ti_sqlite *sqlite, ticker_table table, ticker_error *error)
{
    if (sqlite->table != TICKER_TABLE_NONE && (sqlite->table != table || sqlite->sorter == NULL))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL,
                       "rows of another table, or after the import was settled");
    if (sqlite->sorter != NULL)
        return TICKER_OK;
    sqlite->table = table;
    sqlite->sorter = ti_sq_sorter_new(table, sqlite->import_id, SORT_MEMORY, ti_sq_folder(sqlite->link));
    return sqlite->sorter != NULL ? TICKER_OK : ti_fail_memory(error);
}

static ticker_status put_row(ti_sqlite *sqlite, const ticker_batch *batch, size_t row, ticker_error *error)
{
    /* Both tables begin with ticker and date. */
    int64_t date = batch->i64[TICKER_QUOTE_DATE][row], number = 0;
    bool taken = true;
    ticker_status status;

    _Static_assert((int)TICKER_QUOTE_TICKER == (int)TICKER_TRADE_TICKER &&
                       (int)TICKER_QUOTE_DATE == (int)TICKER_TRADE_DATE,
                   "ticker and date stand first");
    if (!ti_sq_calendar_add(&sqlite->days, date))
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "a row without a trading day");
    if (date < sqlite->first_day)
        sqlite->first_day = date;
    if (date > sqlite->last_day)
        sqlite->last_day = date;
    status = ti_sq_names_number(sqlite, ti_batch_text(batch, TICKER_QUOTE_TICKER, row), date, &number, error);
    if (status == TICKER_OK && batch->table == TICKER_QUOTES)
        status = ti_sq_make_room(sqlite, number, date, false, &taken, error);
    return status == TICKER_OK && taken ? ti_sq_sorter_put(sqlite->sorter, batch, row, number, error) : status;
}

ticker_status ti_sq_put(ticker_store *store, const ticker_batch *batch, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ticker_status status;

    if (!sqlite->importing)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "rows outside an import");
    if (batch->table == TICKER_QUOTES && sqlite->sorter == NULL)
        ti_sq_learn_origin(sqlite, batch);
    status = open_sorter(sqlite, batch->table, error);
    for (size_t row = 0; row < batch->rows && status == TICKER_OK; row++)
        status = put_row(sqlite, batch, row, error);
    return status;
}

/* --- Settling ------------------------------------------------------------------------------------------------------------------ */

/* Writes a day down, and remembers whether trades of it were there before. */
static ticker_status settle_day(ti_sqlite *sqlite, int64_t day, ticker_error *error)
{
    ti_sq_statement *statement;
    ticker_status status = ti_sq_note_day(sqlite, day, sqlite->table == TICKER_QUOTES, error);

    if (status != TICKER_OK || sqlite->table != TICKER_TRADES)
        return status;
    status = ti_sq_use(sqlite, TI_SQ_HAS_TRADES, &statement, error);
    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, day);
    status = ti_sq_step(sqlite->link, statement, error);
    if (status == TICKER_OK) {
        (void)ti_sq_calendar_add(&sqlite->old, day);
        ti_sq_reset(statement);
    }
    return status == TICKER_DONE ? TICKER_OK : status;
}

static void note_replaced(void *payload, int64_t date)
{
    ti_sqlite *sqlite = payload;

    (void)ti_sq_calendar_add(&sqlite->old, date);
}

ticker_status ti_sq_settle(ticker_store *store, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ticker_status status = TICKER_OK;

    if (!sqlite->importing)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "no import to settle");
    if (sqlite->sorter == NULL) /* a file without rows */
        return TICKER_OK;
    for (int64_t day = sqlite->first_day; day <= sqlite->last_day && status == TICKER_OK; day++)
        if (ti_sq_calendar_has(&sqlite->days, day))
            status = settle_day(sqlite, day, error);
    if (status == TICKER_OK)
        status = ti_sq_names_flush(sqlite, error);
    if (status == TICKER_OK) {
        sqlite->sorter->replaced = note_replaced;
        sqlite->sorter->payload = sqlite;
        status = ti_sq_sorter_insert(sqlite->sorter, sqlite->link, error);
    }
    ti_sq_sorter_free(sqlite->sorter);
    sqlite->sorter = NULL;
    return status;
}

#endif
