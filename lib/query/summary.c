#include "query/summary.h"

#include "base/date.h"
#include "base/number.h"

#define SELECTED "trade_date, high, low, close, volume"
#define PRICE_SCALE 6

enum { CELL_DATE, CELL_HIGH, CELL_LOW, CELL_CLOSE, CELL_VOLUME, CELLS };

/* The columns that columns.c lists for a summary, in their order. */
enum {
    OUT_TICKER,
    OUT_FROM,
    OUT_TO,
    OUT_HIGH,
    OUT_DAY_VOLUME,
    OUT_LOW,
    OUT_CLOSE,
    OUT_FIRST,
    OUT_LAST,
    OUT_DAYS,
    OUT_VOLUME,
    OUT_CELLS
};

typedef struct ti_summary {
    int64_t first, last; /* days */
    int64_t high, low;   /* mantissas; TICKER_NULL while there is none */
    int64_t close;       /* of the last day: its first row that has one */
    int64_t days;
    ti_int128 day_volume; /* of the day being read */
    ti_int128 max_day_volume, volume;
} ti_summary;

/* Brings a cell into the form that SQLite delivers and PostgreSQL does not. */
static bool read_cell(const ti_cell *cell, ticker_type type, int64_t *value)
{
    if (cell->kind == TI_CELL_NULL) {
        *value = TICKER_NULL;
        return true;
    }
    if (cell->kind == TI_CELL_INTEGER) {
        *value = cell->number;
        return true;
    }
    if (type == TICKER_TYPE_DATE)
        return ti_parse_date_iso(cell->text, value);
    if (type == TICKER_TYPE_DECIMAL)
        return ti_parse_decimal(cell->text, '.', PRICE_SCALE, value);
    return ti_parse_integer(cell->text, true, value);
}

static bool read_row(const ti_cell *cells, int64_t *values)
{
    static const ticker_type types[CELLS] = {TICKER_TYPE_DATE, TICKER_TYPE_DECIMAL, TICKER_TYPE_DECIMAL,
                                             TICKER_TYPE_DECIMAL, TICKER_TYPE_INTEGER};

    for (unsigned i = 0; i < CELLS; i++)
        if (!read_cell(&cells[i], types[i], &values[i]))
            return false;
    return values[CELL_DATE] != TICKER_NULL;
}

static void add_row(ti_summary *summary, const int64_t *values)
{
    if (summary->days == 0 || values[CELL_DATE] != summary->last) {
        summary->first = summary->days == 0 ? values[CELL_DATE] : summary->first;
        summary->last = values[CELL_DATE];
        summary->days++;
        summary->day_volume = 0;
        summary->close = TICKER_NULL;
    }
    if (values[CELL_HIGH] != TICKER_NULL && (summary->high == TICKER_NULL || values[CELL_HIGH] > summary->high))
        summary->high = values[CELL_HIGH];
    if (values[CELL_LOW] != TICKER_NULL && (summary->low == TICKER_NULL || values[CELL_LOW] < summary->low))
        summary->low = values[CELL_LOW];
    if (summary->close == TICKER_NULL)
        summary->close = values[CELL_CLOSE];
    if (values[CELL_VOLUME] != TICKER_NULL) {
        summary->day_volume += values[CELL_VOLUME];
        summary->volume += values[CELL_VOLUME];
    }
    if (summary->day_volume > summary->max_day_volume)
        summary->max_day_volume = summary->day_volume;
}

static ticker_status read_all(ti_cursor *cursor, ti_summary *summary, ticker_error *error)
{
    ti_cell cells[CELLS];
    int64_t values[CELLS];
    ticker_status status;

    while ((status = cursor->ops->next(cursor, cells, error)) == TICKER_OK) {
        if (!read_row(cells, values))
            return ti_fail(error, TICKER_FAILED, TICKER_ERROR_DATABASE,
                           "a stored quote has a price, volume or date that this library would not have written");
        add_row(summary, values);
    }
    return status == TICKER_DONE ? TICKER_OK : status;
}

static ti_cell of_number(int64_t value)
{
    return (ti_cell){.kind = value == TICKER_NULL ? TI_CELL_NULL : TI_CELL_INTEGER, .number = value};
}

static ti_cell of_text(ti_slice text)
{
    return (ti_cell){.kind = TI_CELL_TEXT, .text = text};
}

/* A sum may be longer than 64 bits, so it goes as text. */
static ti_cell of_sum(ti_int128 value, char text[TI_NUMBER_TEXT_MAX])
{
    return of_text((ti_slice){text, ti_format_decimal(value, 0, 0, text)});
}

static ticker_status put_summary(const ti_summary *summary, const ticker_query *query, ti_writer *writer,
                                 ticker_error *error)
{
    char day_volume[TI_NUMBER_TEXT_MAX], volume[TI_NUMBER_TEXT_MAX];
    ti_cell cells[OUT_CELLS] = {
        [OUT_TICKER] = of_text(query->ticker[0]),
        [OUT_FROM] = of_number(ti_query_has(query, TI_ASK_FROM) ? query->from : summary->first),
        [OUT_TO] = of_number(ti_query_has(query, TI_ASK_TO) ? query->to : summary->last),
        [OUT_HIGH] = of_number(summary->high),
        [OUT_DAY_VOLUME] = of_sum(summary->max_day_volume, day_volume),
        [OUT_LOW] = of_number(summary->low),
        [OUT_CLOSE] = of_number(summary->close),
        [OUT_FIRST] = of_number(summary->first),
        [OUT_LAST] = of_number(summary->last),
        [OUT_DAYS] = of_number(summary->days),
        [OUT_VOLUME] = of_sum(summary->volume, volume),
    };

    return ti_writer_row(writer, cells, error);
}

ticker_status ti_summary_run(const ticker_query *query, ticker_store *store, ti_writer *writer, ticker_error *error)
{
    ti_summary summary = {.high = TICKER_NULL, .low = TICKER_NULL, .close = TICKER_NULL};
    ti_statement statement;
    ti_cursor *cursor = NULL;
    ticker_status status = ti_statement_history(&statement, query, SELECTED, error);

    if (status == TICKER_OK)
        status = ti_statement_run(&statement, store, CELLS, &cursor, error);
    if (status != TICKER_OK)
        goto out;
    status = read_all(cursor, &summary, error);
    cursor->ops->close(cursor);
    if (status == TICKER_OK && summary.days > 0)
        status = put_summary(&summary, query, writer, error);
out:
    ti_statement_free(&statement);
    return status;
}
