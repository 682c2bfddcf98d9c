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

/* Removes what was made from trades before; the new row goes to `sorter` unless a better one stands there. */
static ticker_status put_day_quote(ti_sqlite *sqlite, ti_sq_sorter *sorter, const ticker_batch *batch, size_t row,
                                   ticker_error *error)
{
    int64_t date = batch->i64[TICKER_QUOTE_DATE][row], number = 0;
    bool any = batch->i64[TICKER_QUOTE_TRADES][row] > 0, taken = true;
    ticker_status status;

    if (!ti_sq_is_day(date))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "a quote without a trading day");
    status = ti_sq_names_number(sqlite, ti_batch_text(batch, TICKER_QUOTE_TICKER, row), date, &number, error);
    if (status == TICKER_OK)
        status = any ? ti_sq_make_room(sqlite, number, date, true, &taken, error)
                     : ti_sq_drop_own(sqlite, number, date, error);
    return status == TICKER_OK && any && taken ? ti_sq_sorter_put(sorter, batch, row, number, error) : status;
}

static ticker_status add_days(ti_sqlite *sqlite, const ticker_batch *batch, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    int64_t last = TICKER_NULL;

    for (size_t row = 0; row < batch->rows && status == TICKER_OK; row++) {
        int64_t date = batch->i64[TICKER_QUOTE_DATE][row];

        if (date != last)
            status = ti_sq_note_day(sqlite, date, true, error);
        last = date;
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

#endif
