#include "query/summary.h"

#include "query/value.h"

#define SELECTED "trade_date, high, low, close, volume"
#define PRICE_SCALE 6
#define YEAR_DAYS 364 /* 52 weeks */

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
    OUT_AVERAGE,
    OUT_YEAR_HIGH,
    OUT_YEAR_LOW,
    OUT_CELLS
};

/* The prices of a day. */
typedef struct ti_range {
    int64_t date, high, low;
} ti_range;

typedef struct ti_summary {
    int64_t first, last; /* days */
    int64_t high, low;   /* mantissas; TICKER_NULL while there is none */
    int64_t close;       /* of the last day: its first row that has one */
    int64_t days;
    ti_int128 day_volume; /* of the day being read */
    ti_int128 max_day_volume, volume;
    ti_range range[YEAR_DAYS]; /* of the newest days; that many days are in no more than their 52 weeks */
} ti_summary;

static int64_t higher(int64_t a, int64_t b)
{
    return a == TICKER_NULL || (b != TICKER_NULL && b > a) ? b : a;
}

static int64_t lower(int64_t a, int64_t b)
{
    return a == TICKER_NULL || (b != TICKER_NULL && b < a) ? b : a;
}

static bool read_row(const ti_cell *cells, int64_t *values)
{
    static const ticker_type types[CELLS] = {TICKER_TYPE_DATE, TICKER_TYPE_DECIMAL, TICKER_TYPE_DECIMAL,
                                             TICKER_TYPE_DECIMAL, TICKER_TYPE_INTEGER};

    for (unsigned i = 0; i < CELLS; i++)
        if (!ti_value_of(&cells[i], types[i], PRICE_SCALE, &values[i]))
            return false;
    return values[CELL_DATE] != TICKER_NULL;
}

/* A file may tell of a ticker on a day without a trade: such a day does not count. */
static bool was_traded(const int64_t *values)
{
    for (unsigned i = CELL_HIGH; i < CELLS; i++)
        if (values[i] != TICKER_NULL)
            return true;
    return false;
}

static void add_row(ti_summary *summary, const int64_t *values)
{
    ti_range *range;

    if (summary->days == 0 || values[CELL_DATE] != summary->last) {
        summary->first = summary->days == 0 ? values[CELL_DATE] : summary->first;
        summary->last = values[CELL_DATE];
        summary->days++;
        summary->day_volume = 0;
        summary->close = TICKER_NULL;
        summary->range[(summary->days - 1) % YEAR_DAYS] = (ti_range){values[CELL_DATE], TICKER_NULL, TICKER_NULL};
    }
    range = &summary->range[(summary->days - 1) % YEAR_DAYS];
    range->high = higher(range->high, values[CELL_HIGH]);
    range->low = lower(range->low, values[CELL_LOW]);
    summary->high = higher(summary->high, values[CELL_HIGH]);
    summary->low = lower(summary->low, values[CELL_LOW]);
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
        if (was_traded(values))
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

/* Highest and lowest price of the 52 weeks that end with the last day. */
static void year_range(const ti_summary *summary, int64_t *high, int64_t *low)
{
    *high = *low = TICKER_NULL;
    for (int64_t i = 0; i < summary->days && i < YEAR_DAYS; i++) {
        if (summary->range[i].date <= summary->last - YEAR_DAYS)
            continue;
        *high = higher(*high, summary->range[i].high);
        *low = lower(*low, summary->range[i].low);
    }
}

/* Two decimals; halves go up. Volumes are never negative. */
static ti_int128 average_of(const ti_summary *summary)
{
    return (summary->volume * 200 + summary->days) / (2 * (ti_int128)summary->days);
}

static ticker_status put_summary(const ti_summary *summary, const ti_summary *year, const ticker_query *query,
                                 ti_writer *writer, ticker_error *error)
{
    char day_volume[TI_NUMBER_TEXT_MAX], volume[TI_NUMBER_TEXT_MAX], average[TI_NUMBER_TEXT_MAX];
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
        [OUT_AVERAGE] = of_text((ti_slice){average, ti_format_decimal(average_of(summary), 2, 2, average)}),
    };
    int64_t high, low;

    year_range(year, &high, &low);
    cells[OUT_YEAR_HIGH] = of_number(high);
    cells[OUT_YEAR_LOW] = of_number(low);
    return ti_writer_row(writer, cells, error);
}

static ticker_status summarise(const ticker_query *query, ticker_store *store, const ti_part *part, ti_summary *summary,
                               ticker_error *error)
{
    ti_statement statement;
    ti_cursor *cursor = NULL;
    ticker_status status = ti_statement_history(&statement, query, SELECTED, part, false, error);

    *summary = (ti_summary){.high = TICKER_NULL, .low = TICKER_NULL, .close = TICKER_NULL};
    if (status == TICKER_OK)
        status = ti_statement_run(&statement, store, CELLS, &cursor, error);
    ti_statement_free(&statement);
    if (status != TICKER_OK)
        return status;
    status = read_all(cursor, summary, error);
    cursor->ops->close(cursor);
    return status;
}

ticker_status ti_summary_run(const ticker_query *query, ticker_store *store, ti_writer *writer, ticker_error *error)
{
    ti_part part = {0};
    ti_summary summary, year;
    ticker_status status = summarise(query, store, &part, &summary, error);

    if (status != TICKER_OK || summary.days == 0)
        return status;
    year = summary;
    if (ti_query_has(query, TI_ASK_FROM) && query->from > summary.last - YEAR_DAYS + 1) {
        /* The 52 weeks begin before the days that are asked for. */
        part = (ti_part){.windowed = true, .from = summary.last - YEAR_DAYS + 1, .to = summary.last};
        status = summarise(query, store, &part, &year, error);
    }
    return status == TICKER_OK ? put_summary(&summary, &year, query, writer, error) : status;
}
