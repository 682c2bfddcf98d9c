/* Candles: rows of days or trades put together row by row. Sums are kept in 128 bits, as those of 18-digit volumes pass 64. */
#include <stdlib.h>

#include "base/date.h"
#include "query/run.h"
#include "query/value.h"

#define PRICE_SCALE 6
#define TURNOVER_SCALE 6

/* Prices that there is none of are TICKER_NULL. */
typedef struct ti_prices {
    int64_t open, high, low, close;
} ti_prices;

typedef struct ti_totals {
    ti_int128 trades, volume;
    ti_int128 turnover; /* millionths */
} ti_totals;

static const ti_prices no_prices = {TICKER_NULL, TICKER_NULL, TICKER_NULL, TICKER_NULL};

static void add_range(ti_prices *prices, int64_t high, int64_t low)
{
    if (high != TICKER_NULL && (prices->high == TICKER_NULL || high > prices->high))
        prices->high = high;
    if (low != TICKER_NULL && (prices->low == TICKER_NULL || low < prices->low))
        prices->low = low;
}

static ticker_status foreign(const char *what, ticker_error *error)
{
    return ti_fail(error, TICKER_FAILED, TICKER_ERROR_DATABASE,
                   "a stored %s has a value that this library would not have written", what);
}

static ticker_status too_large(ticker_error *error)
{
    return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the totals of a candle do not fit 128 bits");
}

static ti_cell of_number(int64_t value)
{
    return (ti_cell){.kind = value == TICKER_NULL ? TI_CELL_NULL : TI_CELL_INTEGER, .number = value};
}

static ti_cell of_text(const char *text)
{
    return (ti_cell){.kind = TI_CELL_TEXT, .text = ti_slice_of(text)};
}

/* The sums as text, as they may be longer than 64 bits. */
typedef struct ti_total_texts {
    char trades[TI_NUMBER_TEXT_MAX], volume[TI_NUMBER_TEXT_MAX], turnover[TI_NUMBER_TEXT_MAX];
} ti_total_texts;

/* Four prices and three sums. */
static void put_cells(const ti_prices *prices, const ti_totals *totals, ti_total_texts *texts, ti_cell *cells)
{
    (void)ti_format_decimal(totals->trades, 0, 0, texts->trades);
    (void)ti_format_decimal(totals->volume, 0, 0, texts->volume);
    (void)ti_format_decimal(totals->turnover, TURNOVER_SCALE, 2, texts->turnover);
    cells[0] = of_number(prices->open);
    cells[1] = of_number(prices->high);
    cells[2] = of_number(prices->low);
    cells[3] = of_number(prices->close);
    cells[4] = of_text(texts->trades);
    cells[5] = of_text(texts->volume);
    cells[6] = of_text(texts->turnover);
}

/* --- Of quotes ------------------------------------------------------------------------------------------------------------------ */

#define QUOTE_CELLS_SELECTED                                                                                           \
    "trade_date, ticker, open, high, low, close, trades, volume, turnover, turnover_rest, factor"

enum {
    CELL_DATE,
    CELL_TICKER,
    CELL_OPEN,
    CELL_HIGH,
    CELL_LOW,
    CELL_CLOSE,
    CELL_TRADES,
    CELL_VOLUME,
    CELL_TURNOVER,
    CELL_TURNOVER_REST,
    CELL_FACTOR,
    CELLS
};

/* The columns that columns.c lists for candles of quotes. */
enum { OUT_TICKER, OUT_DATE, OUT_OPEN, OUT_FACTOR = 9, OUT_DAYS, OUT_FIRST, OUT_LAST, OUT_CELLS };

typedef struct ti_candle {
    char ticker[TICKER_TICKER_MAX + 1];
    int64_t period; /* its first day */
    int64_t first, last, days;
    int64_t day; /* that is being added */
    int64_t open_day, close_day;
    int64_t factor;
    bool factors; /* there were different ones */
    ti_prices prices;
    ti_totals totals;
} ti_candle;

/* The candles of one period that are not written yet, by ticker: one for each that is asked for, or, when rows come ticker
 * by ticker, one. */
typedef struct ti_candles {
    ti_run *run;
    size_t count, most;
    ti_candle candle[TICKER_QUERY_TICKERS_MAX];
} ti_candles;

/* One row as numbers. */
typedef struct ti_day {
    ti_slice ticker;
    int64_t value[CELLS];
    ti_int128 turnover;
} ti_day;

static bool read_day(const ti_cell *cells, ti_day *day)
{
    for (unsigned i = 0; i < CELLS; i++) {
        bool price = i >= CELL_OPEN && i <= CELL_CLOSE;
        ticker_type type = i == CELL_DATE ? TICKER_TYPE_DATE : price ? TICKER_TYPE_DECIMAL : TICKER_TYPE_INTEGER;

        if (i == CELL_TICKER || i == CELL_TURNOVER || i == CELL_TURNOVER_REST)
            continue;
        if (!ti_value_of(&cells[i], type, PRICE_SCALE, &day->value[i]))
            return false;
    }
    day->ticker = cells[CELL_TICKER].text;
    return ti_value_of_turnover(&cells[CELL_TURNOVER], &day->turnover) && cells[CELL_TICKER].kind == TI_CELL_TEXT &&
           day->ticker.size <= TICKER_TICKER_MAX && day->value[CELL_DATE] != TICKER_NULL;
}

/* A file may tell of a ticker on a day without a trade: what was settled, what is open, what may be paid. That makes no candle. */
static bool was_traded(const ti_day *day)
{
    for (unsigned i = CELL_OPEN; i <= CELL_VOLUME; i++)
        if (day->value[i] != TICKER_NULL)
            return true;
    return false;
}

/* The open is that of the first day that has one, the close that of the last; among several rows of a day the first with one tells. Rows
 * come in their order or, when the newest is asked for first, in the opposite one. */
static void add_ends(ti_candle *candle, const ti_day *day, bool descending)
{
    int64_t date = day->value[CELL_DATE], open = day->value[CELL_OPEN], close = day->value[CELL_CLOSE];

    if (open != TICKER_NULL && (candle->prices.open == TICKER_NULL || descending)) {
        candle->prices.open = open;
        candle->open_day = date;
    }
    if (close != TICKER_NULL &&
        (candle->prices.close == TICKER_NULL || (descending ? date == candle->close_day : date > candle->close_day))) {
        candle->prices.close = close;
        candle->close_day = date;
    }
}

static bool add_day(ti_candle *candle, const ti_day *day, bool descending)
{
    int64_t date = day->value[CELL_DATE], factor = day->value[CELL_FACTOR];

    if (candle->days == 0 || candle->day != date) {
        candle->days++;
        candle->day = date;
        candle->first = candle->days == 1 || descending ? date : candle->first;
        candle->last = candle->days == 1 || !descending ? date : candle->last;
    }
    add_ends(candle, day, descending);
    add_range(&candle->prices, day->value[CELL_HIGH], day->value[CELL_LOW]);
    if (factor != TICKER_NULL) {
        candle->factors = candle->factors || (candle->factor != TICKER_NULL && candle->factor != factor);
        candle->factor = factor;
    }
    if (day->value[CELL_TRADES] != TICKER_NULL)
        candle->totals.trades += day->value[CELL_TRADES]; /* of no more rows than 64 bits count */
    if (day->value[CELL_VOLUME] != TICKER_NULL)
        candle->totals.volume += day->value[CELL_VOLUME];
    return !__builtin_add_overflow(candle->totals.turnover, day->turnover, &candle->totals.turnover);
}

static ticker_status write_candle(ti_run *run, const ti_candle *candle, ticker_error *error)
{
    ti_total_texts texts;
    ti_cell cells[OUT_CELLS];
    ticker_status status;

    cells[OUT_TICKER] = of_text(candle->ticker);
    cells[OUT_DATE] = of_number(candle->period);
    put_cells(&candle->prices, &candle->totals, &texts, &cells[OUT_OPEN]);
    cells[OUT_FACTOR] = of_number(candle->factors ? TICKER_NULL : candle->factor);
    cells[OUT_DAYS] = of_number(candle->days);
    cells[OUT_FIRST] = of_number(candle->first);
    cells[OUT_LAST] = of_number(candle->last);
    status = ti_writer_row(run->writer, cells, error);
    if (status == TICKER_OK && ti_run_full(run)) {
        run->last = (ti_place){.number = {candle->period}};
        memcpy(run->last.text[1], candle->ticker, sizeof(candle->ticker));
    }
    return status;
}

/* Writes the period's candles, as far as the limit goes. */
static ticker_status flush(ti_candles *candles, ticker_error *error)
{
    ti_run *run = candles->run;
    ticker_status status = TICKER_OK;

    for (size_t i = 0; i < candles->count && status == TICKER_OK && !run->more; i++) {
        run->more = ti_run_full(run);
        if (!run->more)
            status = write_candle(run, &candles->candle[run->query->descending ? candles->count - 1 - i : i], error);
    }
    candles->count = 0;
    return status;
}

/* Where the ticker is or belongs; *found: it is there. */
static size_t find(const ti_candles *candles, ti_slice ticker, bool *found)
{
    size_t low = 0, high = candles->count;

    *found = false;
    while (low < high && !*found) {
        size_t middle = low + (high - low) / 2, size = strlen(candles->candle[middle].ticker);
        size_t common = size < ticker.size ? size : ticker.size;
        int order = common > 0 ? memcmp(candles->candle[middle].ticker, ticker.data, common) : 0;

        if (order == 0)
            order = size < ticker.size ? -1 : size > ticker.size;
        *found = order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return high;
}

static ticker_status add_row(ti_candles *candles, const ti_day *day, ticker_error *error)
{
    const ticker_query *query = candles->run->query;
    int64_t period = ti_interval_first(query->interval, day->value[CELL_DATE]);
    ticker_status status = TICKER_OK;
    bool found = false;
    size_t at;

    if (candles->count > 0 && candles->candle[0].period != period)
        status = flush(candles, error);
    at = find(candles, day->ticker, &found);
    if (!found && candles->count == candles->most) { /* it can be no more than that many, but one after the other */
        status = flush(candles, error);
        at = 0;
    }
    if (status != TICKER_OK || candles->run->more)
        return status;
    if (!found && candles->count == 0 && ti_run_full(candles->run)) {
        candles->run->more = true;
        return TICKER_OK;
    }
    if (!found) {
        ti_candle *candle = &candles->candle[at];

        memmove(candle + 1, candle, (candles->count - at) * sizeof(*candle));
        *candle = (ti_candle){.period = period, .factor = TICKER_NULL, .prices = no_prices};
        memcpy(candle->ticker, day->ticker.data, day->ticker.size);
        candles->count++;
    }
    return add_day(&candles->candle[at], day, query->descending) ? TICKER_OK : too_large(error);
}

static ticker_status run_part(ti_candles *candles, ti_part *part, bool by_ticker, ticker_error *error)
{
    ti_run *run = candles->run;
    ti_cell cells[CELLS];
    ti_day day;
    ti_statement statement;
    ti_cursor *cursor = NULL;
    ticker_status status;

    part->after = run->after;
    status = ti_statement_history(&statement, run->query, QUOTE_CELLS_SELECTED, part, by_ticker, error);
    if (status == TICKER_OK)
        status = ti_statement_run(&statement, run->store, CELLS, &cursor, error);
    ti_statement_free(&statement);
    if (status != TICKER_OK)
        return status;
    while (!run->more && (status = cursor->ops->next(cursor, cells, error)) == TICKER_OK) {
        status = !read_day(cells, &day) ? foreign("quote", error)
                 : was_traded(&day)     ? add_row(candles, &day, error)
                                        : TICKER_OK;
        if (status != TICKER_OK)
            break;
    }
    cursor->ops->close(cursor);
    if (status == TICKER_OK || status == TICKER_DONE)
        status = flush(candles, error);
    return status;
}

ticker_status ti_quote_candles_run(ti_run *run, ticker_error *error)
{
    const ticker_query *query = run->query;
    bool all = !ti_query_has(query, TI_ASK_TICKER), periods = query->interval != TI_INTERVAL_DAY;
    ti_candles *candles = malloc(sizeof(*candles));
    ti_part part = {0};
    ti_windows windows;
    ticker_status status = TICKER_OK;

    if (candles == NULL)
        return ti_fail_memory(error);
    candles->run = run;
    candles->count = 0;
    candles->most = all ? 1 : query->tickers;
    if (all && (periods || ti_query_has(query, TI_ASK_LIMIT))) {
        status = ti_windows_open(run, periods, &windows, error);
        while (status == TICKER_OK && !run->more) {
            status = ti_windows_next(run, &windows, &part, error);
            if (status == TICKER_OK)
                status = run_part(candles, &part, periods, error);
        }
        status = status == TICKER_DONE ? TICKER_OK : status;
    } else {
        status = run_part(candles, &part, false, error);
    }
    free(candles);
    return status;
}

/* --- Of trades ------------------------------------------------------------------------------------------------------------------ */

#define TRADE_CELLS_SELECTED "t.trade_time, t.price, t.volume, t.session"

enum { TRADE_TIME, TRADE_PRICE, TRADE_VOLUME, TRADE_SESSION, TRADE_CELLS };

/* The columns that columns.c lists for candles of trades. */
enum { OUT_TRADE_TICKER, OUT_TRADE_DATE, OUT_TRADE_TIME, OUT_TRADE_OPEN, OUT_TRADE_CELLS = 10 };

typedef struct ti_bucket {
    int64_t start; /* milliseconds; -1: none yet */
    ti_prices prices;
    ti_totals totals;
} ti_bucket;

static int64_t milliseconds_of(ti_interval interval)
{
    switch (interval) {
    case TI_INTERVAL_1_MINUTE:
        return 60000;
    case TI_INTERVAL_5_MINUTES:
        return 300000;
    case TI_INTERVAL_15_MINUTES:
        return 900000;
    case TI_INTERVAL_HOUR:
    default:
        return 3600000;
    }
}

/* As in a day's quote, every trade counts for the totals, and those of the regular session make the prices. */
static bool add_trade(ti_bucket *bucket, const int64_t *value, ti_slice session, bool descending)
{
    ti_int128 turnover = (ti_int128)value[TRADE_PRICE] * value[TRADE_VOLUME];

    bucket->totals.trades++;
    bucket->totals.volume += value[TRADE_VOLUME];
    if (__builtin_add_overflow(bucket->totals.turnover, turnover, &bucket->totals.turnover))
        return false;
    if (!ti_slice_is(session, "1"))
        return true;
    if (bucket->prices.open == TICKER_NULL || descending)
        bucket->prices.open = value[TRADE_PRICE];
    if (bucket->prices.close == TICKER_NULL || !descending)
        bucket->prices.close = value[TRADE_PRICE];
    add_range(&bucket->prices, value[TRADE_PRICE], value[TRADE_PRICE]);
    return true;
}

static ticker_status write_bucket(ti_run *run, ti_bucket *bucket, ticker_error *error)
{
    ti_total_texts texts;
    ti_cell cells[OUT_TRADE_CELLS];

    if (bucket->start < 0)
        return TICKER_OK;
    cells[OUT_TRADE_TICKER] = (ti_cell){.kind = TI_CELL_TEXT, .text = run->query->ticker[0]};
    cells[OUT_TRADE_DATE] = of_number(run->query->date);
    cells[OUT_TRADE_TIME] = of_number(bucket->start);
    put_cells(&bucket->prices, &bucket->totals, &texts, &cells[OUT_TRADE_OPEN]);
    run->last = (ti_place){.number = {bucket->start}};
    bucket->start = -1;
    return ti_writer_row(run->writer, cells, error);
}

static ticker_status add_to_bucket(ti_run *run, ti_bucket *bucket, const ti_cell *cells, ticker_error *error)
{
    int64_t value[TRADE_CELLS], length = milliseconds_of(run->query->interval), start;
    ticker_status status;

    if (!ti_value_of(&cells[TRADE_TIME], TICKER_TYPE_TIME, 0, &value[TRADE_TIME]) ||
        !ti_value_of(&cells[TRADE_PRICE], TICKER_TYPE_DECIMAL, PRICE_SCALE, &value[TRADE_PRICE]) ||
        !ti_value_of(&cells[TRADE_VOLUME], TICKER_TYPE_INTEGER, 0, &value[TRADE_VOLUME]) || value[TRADE_TIME] < 0 ||
        value[TRADE_PRICE] == TICKER_NULL || value[TRADE_VOLUME] == TICKER_NULL ||
        cells[TRADE_SESSION].kind != TI_CELL_TEXT)
        return foreign("trade", error);
    start = value[TRADE_TIME] / length * length;
    if (start != bucket->start) {
        status = write_bucket(run, bucket, error);
        if (status != TICKER_OK)
            return status;
        run->more = ti_run_full(run);
        if (run->more)
            return TICKER_OK;
        *bucket = (ti_bucket){.start = start, .prices = no_prices};
    }
    return add_trade(bucket, value, cells[TRADE_SESSION].text, run->query->descending) ? TICKER_OK : too_large(error);
}

ticker_status ti_trade_candles_run(ti_run *run, ticker_error *error)
{
    ti_bucket bucket = {.start = -1};
    ti_part part = {.after = run->after};
    ti_cell cells[TRADE_CELLS];
    ti_statement statement;
    ti_cursor *cursor = NULL;
    ticker_status status;

    if (run->after != NULL) /* the next candle begins where that one ends, the one before ends where it begins */
        part.from = run->after->number[0] + (run->query->descending ? 0 : milliseconds_of(run->query->interval));
    status = ti_statement_trades(&statement, run->query, TRADE_CELLS_SELECTED, &part, error);
    if (status == TICKER_OK)
        status = ti_statement_run(&statement, run->store, TRADE_CELLS, &cursor, error);
    ti_statement_free(&statement);
    if (status != TICKER_OK)
        return status;
    while (!run->more && (status = cursor->ops->next(cursor, cells, error)) == TICKER_OK) {
        status = add_to_bucket(run, &bucket, cells, error);
        if (status != TICKER_OK)
            break;
    }
    cursor->ops->close(cursor);
    if (status == TICKER_OK || status == TICKER_DONE)
        status = write_bucket(run, &bucket, error);
    return status;
}
