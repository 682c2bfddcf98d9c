/* Tickers to numbers, and which days there are rows of. */
#include <config.h>

#ifdef TI_WITH_SQLITE

#include <stdlib.h>

#include "base/date.h"
#include "base/error.h"
#include "store/sqlite.h"

#define NAMES_MAX 131072    /* kept at once; a year of COTAHIST has more, but never as many in one month */
#define DAY_FIRST (-719162) /* 0001-01-01 */
#define DAYS ((size_t)(TI_DATE_NONE - DAY_FIRST + 1))
#define WORD_BITS 64

struct ti_sq_name {
    int64_t number;
    int32_t first, last; /* days that rows were put for; first > last: none since the last flush */
};

/* --- Days ---------------------------------------------------------------------------------------------------------------------- */

bool ti_sq_is_day(int64_t day)
{
    return day >= DAY_FIRST && day <= TI_DATE_NONE;
}

bool ti_sq_calendar_open(ti_sq_calendar *calendar)
{
    calendar->bits = calloc(DAYS / WORD_BITS + 1, sizeof(*calendar->bits));
    return calendar->bits != NULL;
}

void ti_sq_calendar_close(ti_sq_calendar *calendar)
{
    free(calendar->bits);
    calendar->bits = NULL;
}

bool ti_sq_calendar_add(ti_sq_calendar *calendar, int64_t day)
{
    size_t bit;

    if (!ti_sq_is_day(day))
        return false;
    bit = (size_t)(day - DAY_FIRST);
    calendar->bits[bit / WORD_BITS] |= (uint64_t)1 << bit % WORD_BITS;
    return true;
}

bool ti_sq_calendar_has(const ti_sq_calendar *calendar, int64_t day)
{
    size_t bit;

    if (calendar->bits == NULL || !ti_sq_is_day(day))
        return false;
    bit = (size_t)(day - DAY_FIRST);
    return (calendar->bits[bit / WORD_BITS] >> bit % WORD_BITS & 1) != 0;
}

/* --- Tickers ------------------------------------------------------------------------------------------------------------------- */

ticker_status ti_sq_names_open(ti_sqlite *sqlite, ticker_error *error)
{
    sqlite->names.symbols = ti_symbols_new(NAMES_MAX);
    sqlite->names.name = malloc(NAMES_MAX * sizeof(*sqlite->names.name));
    if (sqlite->names.symbols != NULL && sqlite->names.name != NULL)
        return TICKER_OK;
    ti_sq_names_close(sqlite);
    return ti_fail_memory(error);
}

void ti_sq_names_close(ti_sqlite *sqlite)
{
    ti_symbols_free(sqlite->names.symbols);
    free(sqlite->names.name);
    sqlite->names = (ti_sq_names){NULL, NULL};
}

static ticker_status find_number(ti_sqlite *sqlite, ti_slice ticker, int64_t *number, ticker_error *error)
{
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, TI_SQ_FIND_INSTRUMENT, &statement, error);

    if (status != TICKER_OK)
        return status;
    ti_sq_bind_text(sqlite->link, statement, 1, ticker);
    status = ti_sq_step(sqlite->link, statement, error);
    if (status == TICKER_OK) {
        *number = ti_sq_integer(statement, 0);
        ti_sq_reset(statement);
    }
    if (status != TICKER_DONE)
        return status;
    status = ti_sq_use(sqlite, TI_SQ_ADD_INSTRUMENT, &statement, error);
    if (status != TICKER_OK)
        return status;
    ti_sq_bind_text(sqlite->link, statement, 1, ticker);
    status = ti_sq_finish(sqlite->link, statement, error);
    *number = ti_sq_last_id(sqlite->link);
    return status;
}

static ticker_status add_name(ti_sqlite *sqlite, ti_slice ticker, uint32_t *symbol, ticker_error *error)
{
    ti_sq_names *names = &sqlite->names;
    ticker_status status = TICKER_OK;
    int64_t number = 0;

    if (ticker.size > TICKER_TICKER_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "a ticker of more than %d bytes", TICKER_TICKER_MAX);
    if (ti_symbols_count(names->symbols) == NAMES_MAX) {
        status = ti_sq_names_flush(sqlite, error);
        ti_symbols_clear(names->symbols);
    }
    if (status == TICKER_OK)
        status = find_number(sqlite, ticker, &number, error);
    if (status != TICKER_OK)
        return status;
    *symbol = ti_symbols_add(names->symbols, ticker, NULL);
    if (*symbol == TI_SYMBOL_NONE)
        return ti_fail_memory(error);
    names->name[*symbol] = (struct ti_sq_name){.number = number, .first = INT32_MAX, .last = INT32_MIN};
    return TICKER_OK;
}

ticker_status ti_sq_names_number(ti_sqlite *sqlite, ti_slice ticker, int64_t date, int64_t *number, ticker_error *error)
{
    uint32_t symbol = ti_symbols_find(sqlite->names.symbols, ticker);
    struct ti_sq_name *name;

    if (symbol == TI_SYMBOL_NONE) {
        ticker_status status = add_name(sqlite, ticker, &symbol, error);
        if (status != TICKER_OK)
            return status;
    }
    name = &sqlite->names.name[symbol];
    if (date < name->first)
        name->first = (int32_t)date;
    if (date > name->last)
        name->last = (int32_t)date;
    *number = name->number;
    return TICKER_OK;
}

ticker_status ti_sq_names_flush(ti_sqlite *sqlite, ticker_error *error)
{
    size_t count = ti_symbols_count(sqlite->names.symbols);
    ti_sq_statement *statement;

    for (size_t i = 0; i < count; i++) {
        struct ti_sq_name *name = &sqlite->names.name[i];
        ticker_status status;

        if (name->first > name->last)
            continue;
        status = ti_sq_use(sqlite, TI_SQ_SPAN_INSTRUMENT, &statement, error);
        if (status != TICKER_OK)
            return status;
        ti_sq_bind(sqlite->link, statement, 1, name->number);
        ti_sq_bind(sqlite->link, statement, 2, name->first);
        ti_sq_bind(sqlite->link, statement, 3, name->last);
        status = ti_sq_finish(sqlite->link, statement, error);
        if (status != TICKER_OK)
            return status;
        name->first = INT32_MAX;
        name->last = INT32_MIN;
    }
    return TICKER_OK;
}

#endif
