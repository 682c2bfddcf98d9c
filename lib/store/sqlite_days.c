/* Trades read back by day, and the quotes that are made from them. */
#include <config.h>

#ifdef TI_WITH_SQLITE

#include "base/error.h"
#include "store/sqlite.h"

#define DAY_SORT_MEMORY ((size_t)1 << 20)

bool ti_sq_day_is_new(const ticker_store *store, int64_t date)
{
    const ti_sqlite *sqlite = (const ti_sqlite *)store;

    return sqlite->table == TICKER_TRADES && ti_sq_calendar_has(&sqlite->days, date) &&
           !ti_sq_calendar_has(&sqlite->old, date);
}

/* --- Trades -------------------------------------------------------------------------------------------------------------------- */

enum { SCAN_REFERENCE, SCAN_SESSION, SCAN_ID, SCAN_ACTION, SCAN_TIME, SCAN_PRICE, SCAN_VOLUME };

static ticker_status scan_day(ti_sqlite *sqlite, ti_sq_statement *statement, size_t day, ti_visit_trade visit,
                              void *payload, ticker_error *error)
{
    ticker_status status;

    while ((status = ti_sq_step(sqlite->link, statement, error)) == TICKER_OK) {
        ti_trade trade = {
            .day = day,
            .session = ti_sq_cell(statement, SCAN_SESSION).text,
            .reference_date = ti_sq_integer(statement, SCAN_REFERENCE),
            .id = ti_sq_integer(statement, SCAN_ID),
            .action = ti_sq_integer(statement, SCAN_ACTION),
            .time = ti_sq_integer(statement, SCAN_TIME),
            .price = ti_sq_integer(statement, SCAN_PRICE),
            .volume = ti_sq_integer(statement, SCAN_VOLUME),
        };
        status = visit(&trade, payload, error);
        if (status != TICKER_OK) {
            ti_sq_reset(statement);
            return status;
        }
    }
    return status == TICKER_DONE ? TICKER_OK : status;
}

ticker_status ti_sq_scan_trades(ticker_store *store, const ti_ticker_day *days, size_t count, ti_visit_trade visit,
                                void *payload, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);

    for (size_t i = 0; i < count; i++) {
        ti_sq_statement *statement;
        ticker_status status = ti_sq_use(sqlite, TI_SQ_SCAN_TRADES, &statement, error);

        if (status != TICKER_OK)
            return status;
        ti_sq_bind_text(sqlite->link, statement, 1, days[i].ticker);
        ti_sq_bind(sqlite->link, statement, 2, days[i].date);
        ti_sq_bind(sqlite->link, statement, 3, days[i].id == TICKER_NULL ? INT64_MIN + 1 : days[i].id);
        ti_sq_bind(sqlite->link, statement, 4, days[i].id == TICKER_NULL ? INT64_MAX : days[i].id);
        status = scan_day(sqlite, statement, i, visit, payload, error);
        if (status != TICKER_OK)
            return status;
    }
    return TICKER_OK;
}

/* --- Quotes made from trades --------------------------------------------------------------------------------------------------- */

/* Runs a statement on one (instrument, day); *found: it delivered a row. */
static ticker_status run_on_day(ti_sqlite *sqlite, ti_sq_text text, int64_t instrument, int64_t date, bool *found,
                                ticker_error *error)
{
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, text, &statement, error);

    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, instrument);
    ti_sq_bind(sqlite->link, statement, 2, date);
    status = ti_sq_step(sqlite->link, statement, error);
    *found = status == TICKER_OK;
    if (status == TICKER_OK)
        ti_sq_reset(statement);
    return status == TICKER_DONE ? TICKER_OK : status;
}

/* Removes what was made from trades before; the new row goes to `sorter` unless a file's row stands there. */
static ticker_status put_day_quote(ti_sqlite *sqlite, ti_sq_sorter *sorter, const ticker_batch *batch, size_t row,
                                   ticker_error *error)
{
    int64_t date = batch->i64[TICKER_QUOTE_DATE][row], number = 0;
    bool found = false;
    ticker_status status;

    if (!ti_sq_is_day(date))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "a quote without a trading day");
    status = ti_sq_names_number(sqlite, ti_batch_text(batch, TICKER_QUOTE_TICKER, row), date, &number, error);
    if (status == TICKER_OK)
        status = run_on_day(sqlite, TI_SQ_DROP_DERIVED_QUOTE, number, date, &found, error);
    if (status == TICKER_OK)
        status = run_on_day(sqlite, TI_SQ_DROP_DERIVED, number, date, &found, error);
    if (status == TICKER_OK)
        status = run_on_day(sqlite, TI_SQ_HAS_FILE_QUOTE, number, date, &found, error);
    if (status != TICKER_OK || found || batch->i64[TICKER_QUOTE_TRADES][row] <= 0)
        return status;
    status = run_on_day(sqlite, TI_SQ_ADD_DERIVED, number, date, &found, error);
    return status == TICKER_OK ? ti_sq_sorter_put(sorter, batch, row, number, error) : status;
}

static ticker_status add_days(ti_sqlite *sqlite, const ticker_batch *batch, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    int64_t last = TICKER_NULL;

    for (size_t row = 0; row < batch->rows && status == TICKER_OK; row++) {
        int64_t date = batch->i64[TICKER_QUOTE_DATE][row];
        ti_sq_statement *statement;

        if (date == last)
            continue;
        last = date;
        status = ti_sq_use(sqlite, TI_SQ_ADD_DAY, &statement, error);
        if (status != TICKER_OK)
            break;
        ti_sq_bind(sqlite->link, statement, 1, date);
        status = ti_sq_finish(sqlite->link, statement, error);
    }
    return status;
}

ticker_status ti_sq_put_day_quotes(ticker_store *store, const ticker_batch *batch, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ti_sq_sorter *sorter;
    ticker_status status = TICKER_OK;

    if (!sqlite->importing || sqlite->sorter != NULL || batch->table != TICKER_QUOTES)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "quotes of trades before the import was settled");
    sorter = ti_sq_sorter_new(TICKER_QUOTES, sqlite->import_id, DAY_SORT_MEMORY, ti_sq_folder(sqlite->link));
    if (sorter == NULL)
        return ti_fail_memory(error);
    sorter->last_wins = true;
    for (size_t row = 0; row < batch->rows && status == TICKER_OK; row++)
        status = put_day_quote(sqlite, sorter, batch, row, error);
    if (status == TICKER_OK)
        status = add_days(sqlite, batch, error);
    if (status == TICKER_OK)
        status = ti_sq_names_flush(sqlite, error);
    if (status == TICKER_OK)
        status = ti_sq_sorter_insert(sorter, sqlite->link, error);
    ti_sq_sorter_free(sorter);
    return status;
}

/* The statements below name the days of the import and itself. */
static ticker_status run_on_import(ti_sqlite *sqlite, const char *sql, ticker_error *error)
{
    ti_sq_statement *statement = NULL;
    ticker_status status = ti_sq_prepare(sqlite->link, sql, &statement, error);

    if (status == TICKER_OK) {
        ti_sq_bind(sqlite->link, statement, 1, sqlite->import_id);
        ti_sq_bind(sqlite->link, statement, 2, sqlite->first_day);
        ti_sq_bind(sqlite->link, statement, 3, sqlite->last_day);
        status = ti_sq_finish(sqlite->link, statement, error);
    }
    ti_sq_finalize(statement);
    return status;
}

#define OVERTAKEN                                                                                                      \
    "(SELECT d.instrument_id, d.trade_date FROM derived_quotes AS d WHERE d.trade_date BETWEEN ?2 AND ?3 AND EXISTS"   \
    " (SELECT 1 FROM quote_rows AS q WHERE q.instrument_id = d.instrument_id AND q.trade_date = d.trade_date"          \
    " AND q.import_id = ?1 AND q.source <> 2))"

ticker_status ti_sq_drop_overtaken(ti_sqlite *sqlite, ticker_error *error)
{
    int64_t any = 0;
    ticker_status status = ti_sq_ask(sqlite->link, "SELECT EXISTS (SELECT 1 FROM derived_quotes)", &any, error);

    _Static_assert(TI_SQ_SOURCE_TRADES == 2, "as the statements say");
    if (status != TICKER_OK || any == 0)
        return status;
    status = run_on_import(
        sqlite, "DELETE FROM quote_rows WHERE source = 2 AND (instrument_id, trade_date) IN " OVERTAKEN, error);
    if (status == TICKER_OK)
        status = run_on_import(sqlite, "DELETE FROM derived_quotes WHERE (instrument_id, trade_date) IN " OVERTAKEN,
                               error);
    return status;
}

#endif
