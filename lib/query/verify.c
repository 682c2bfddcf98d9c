/* The day's trades, ticker by ticker, against the quotes of COTAHIST. Only these wait in memory: a line for each ticker; the trades, which
 * may be millions, are added up as they come. */
#include "query/verify.h"

#include <stdlib.h>
#include <string.h>

#include "query/value.h"
#include "store/day_state.h"
#include "store/trade_group.h"

#define PRICE_SCALE 6
#define CENT 10000           /* in millionths */
#define COUNTED_UP_TO 100000 /* COTAHIST's number of trades has five digits, and begins anew */
#define FACTOR_MAX 10000000  /* as long as the file's field */

#define QUOTE_CELLS_SELECTED "ticker, open, high, low, close, trades, volume, factor, turnover, turnover_rest"
#define TRADE_CELLS_SELECTED "ticker, trade_id, reference_date, session, action, trade_time, price, volume"

enum {
    QUOTE_TICKER,
    QUOTE_OPEN,
    QUOTE_HIGH,
    QUOTE_LOW,
    QUOTE_CLOSE,
    QUOTE_TRADES,
    QUOTE_VOLUME,
    QUOTE_FACTOR,
    QUOTE_TURNOVER,
    QUOTE_TURNOVER_REST,
    QUOTE_CELLS
};

enum {
    TRADE_TICKER,
    TRADE_ID,
    TRADE_REFERENCE_DATE,
    TRADE_SESSION,
    TRADE_ACTION,
    TRADE_TIME,
    TRADE_PRICE,
    TRADE_VOLUME,
    TRADE_CELLS
};

/* The columns that columns.c lists. */
enum { OUT_TICKER, OUT_FIELD, OUT_TRADES, OUT_COTAHIST, OUT_CELLS };

/* What COTAHIST says of a ticker: all its rows of the day together, as forwards have one for each term. */
typedef struct ti_known_day {
    char ticker[TICKER_TICKER_MAX + 1];
    unsigned rows;
    int64_t price[4]; /* open, high, low, close; TICKER_NULL: none */
    int64_t factor;
    ti_int128 trades, volume, turnover; /* millionths */
} ti_known_day;

typedef struct ti_verification {
    ti_run *run;
    ti_known_day *known;
    size_t count, capacity;
    size_t next; /* the first one that has not been compared */
    uint64_t compared;
    /* The ticker whose trades come. */
    char ticker[TICKER_TICKER_MAX + 1];
    ti_day_state day;
    ti_trade_group group;
} ti_verification;

static ticker_status foreign(const char *what, ticker_error *error)
{
    return ti_fail(error, TICKER_FAILED, TICKER_ERROR_DATABASE,
                   "a stored %s has a value that this library would not have written", what);
}

static ticker_status too_large(ticker_error *error)
{
    return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the totals of a day do not fit 128 bits");
}

/* --- COTAHIST ------------------------------------------------------------------------------------------------------------------- */

static bool is_ticker(const ti_cell *cell)
{
    return cell->kind == TI_CELL_TEXT && cell->text.size <= TICKER_TICKER_MAX;
}

static void set_ticker(char ticker[TICKER_TICKER_MAX + 1], ti_slice text)
{
    memcpy(ticker, text.data, text.size);
    ticker[text.size] = '\0';
}

static int64_t higher(int64_t a, int64_t b)
{
    return a == TICKER_NULL || (b != TICKER_NULL && b > a) ? b : a;
}

static int64_t lower(int64_t a, int64_t b)
{
    return a == TICKER_NULL || (b != TICKER_NULL && b < a) ? b : a;
}

static ti_known_day *add_known(ti_verification *all, ti_slice ticker)
{
    ti_known_day *known;

    if (all->count == all->capacity) {
        size_t capacity = all->capacity > 0 ? 2 * all->capacity : 256;
        ti_known_day *grown = realloc(all->known, capacity * sizeof(*grown));

        if (grown == NULL)
            return NULL;
        all->known = grown;
        all->capacity = capacity;
    }
    known = &all->known[all->count++];
    *known = (ti_known_day){.price = {TICKER_NULL, TICKER_NULL, TICKER_NULL, TICKER_NULL}, .factor = 1};
    set_ticker(known->ticker, ticker);
    return known;
}

static ticker_status add_quote(ti_verification *all, const ti_cell *cells, ticker_error *error)
{
    ti_known_day *known = all->count > 0 ? &all->known[all->count - 1] : NULL;
    int64_t value[QUOTE_TURNOVER];
    ti_int128 turnover;

    for (unsigned i = QUOTE_OPEN; i < QUOTE_TURNOVER; i++)
        if (!ti_value_of(&cells[i], i <= QUOTE_CLOSE ? TICKER_TYPE_DECIMAL : TICKER_TYPE_INTEGER, PRICE_SCALE,
                         &value[i]))
            return foreign("quote", error);
    if (!is_ticker(&cells[QUOTE_TICKER]) || !ti_value_of_turnover(&cells[QUOTE_TURNOVER], &turnover))
        return foreign("quote", error);
    if (known == NULL || !ti_slice_is(cells[QUOTE_TICKER].text, known->ticker)) {
        if (all->count == TICKER_VERIFY_TICKERS_MAX)
            return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "COTAHIST has more than %d tickers on that day",
                           TICKER_VERIFY_TICKERS_MAX);
        known = add_known(all, cells[QUOTE_TICKER].text);
        if (known == NULL)
            return ti_fail_memory(error);
    }
    known->price[0] = value[QUOTE_OPEN];
    known->price[1] = higher(known->price[1], value[QUOTE_HIGH]);
    known->price[2] = lower(known->price[2], value[QUOTE_LOW]);
    known->price[3] = value[QUOTE_CLOSE];
    if (value[QUOTE_FACTOR] > 0 && value[QUOTE_FACTOR] <= FACTOR_MAX)
        known->factor = value[QUOTE_FACTOR];
    known->trades += value[QUOTE_TRADES] != TICKER_NULL ? value[QUOTE_TRADES] : 0;
    known->volume += value[QUOTE_VOLUME] != TICKER_NULL ? value[QUOTE_VOLUME] : 0;
    known->rows++;
    return __builtin_add_overflow(known->turnover, turnover, &known->turnover) ? too_large(error) : TICKER_OK;
}

/* --- Comparing ------------------------------------------------------------------------------------------------------------------ */

/* NULL: nothing. */
static ticker_status put_difference(ti_verification *all, const char *ticker, const char *field, const char *trades,
                                    const char *cotahist, ticker_error *error)
{
    const ti_cell cells[OUT_CELLS] = {
        [OUT_TICKER] = {.kind = TI_CELL_TEXT, .text = ti_slice_of(ticker)},
        [OUT_FIELD] = {.kind = TI_CELL_TEXT, .text = ti_slice_of(field)},
        [OUT_TRADES] = {.kind = trades != NULL ? TI_CELL_TEXT : TI_CELL_NULL, .text = ti_slice_of(trades)},
        [OUT_COTAHIST] = {.kind = cotahist != NULL ? TI_CELL_TEXT : TI_CELL_NULL, .text = ti_slice_of(cotahist)},
    };

    return ti_writer_row(all->run->writer, cells, error);
}

static ticker_status put_numbers(ti_verification *all, const char *ticker, const char *field, ti_int128 trades,
                                 ti_int128 cotahist, unsigned scale, ticker_error *error)
{
    char ours[TI_NUMBER_TEXT_MAX], theirs[TI_NUMBER_TEXT_MAX];

    (void)ti_format_decimal(trades, scale, scale > 0 ? 2 : 0, ours);
    (void)ti_format_decimal(cotahist, scale, scale > 0 ? 2 : 0, theirs);
    return put_difference(all, ticker, field, ours, theirs, error);
}

/* Only one side has the ticker: how many trades there are on that. */
static ticker_status put_alone(ti_verification *all, const char *ticker, ti_int128 trades, bool ours,
                               ticker_error *error)
{
    char text[TI_NUMBER_TEXT_MAX];

    if (all->run->query->both)
        return TICKER_OK;
    (void)ti_format_decimal(trades, 0, 0, text);
    return put_difference(all, ticker, "trades", ours ? text : NULL, ours ? NULL : text, error);
}

/* COTAHIST has whole cents: what it cuts off or rounds is none of its own. */
static bool near(ti_int128 a, ti_int128 b, ti_int128 unit)
{
    return a - b < unit && b - a < unit;
}

static ticker_status compare_price(ti_verification *all, const ti_known_day *known, const char *field, int64_t ours,
                                   int64_t theirs, ticker_error *error)
{
    char text[2][TI_NUMBER_TEXT_MAX];

    if (ours == theirs || (ours != TICKER_NULL && theirs != TICKER_NULL && near(ours, theirs, CENT)))
        return TICKER_OK;
    (void)ti_format_decimal(ours, PRICE_SCALE, 2, text[0]);
    (void)ti_format_decimal(theirs, PRICE_SCALE, 2, text[1]);
    return put_difference(all, known->ticker, field, ours != TICKER_NULL ? text[0] : NULL,
                          theirs != TICKER_NULL ? text[1] : NULL, error);
}

static ticker_status compare_prices(ti_verification *all, const ti_known_day *known, ticker_error *error)
{
    static const char *const fields[] = {"open", "high", "low", "close"};
    const ti_day_state *day = &all->day;
    const int64_t ours[] = {day->open, day->high, day->low, day->close};
    ticker_status status = TICKER_OK;

    for (int i = 0; i < 4 && status == TICKER_OK; i++) {
        bool at_an_end = i == 0 || i == 3; /* which of several rows came first or last nobody says */

        if (known->rows == 1 || !at_an_end)
            status = compare_price(all, known, fields[i], day->priced ? ours[i] : TICKER_NULL, known->price[i], error);
    }
    return status;
}

static ticker_status compare(ti_verification *all, const ti_known_day *known, ticker_error *error)
{
    const ti_day_state *day = &all->day;
    ti_int128 scaled;
    ticker_status status = compare_prices(all, known, error);

    if (__builtin_mul_overflow(known->turnover, (ti_int128)known->factor, &scaled))
        return too_large(error);
    if (status == TICKER_OK && (day->trades - known->trades) % COUNTED_UP_TO != 0)
        status = put_numbers(all, known->ticker, "trades", day->trades, known->trades, 0, error);
    if (status == TICKER_OK && day->volume != known->volume)
        status = put_numbers(all, known->ticker, "volume", day->volume, known->volume, 0, error);
    if (status == TICKER_OK && !near(day->turnover, scaled, (ti_int128)CENT * known->factor))
        status = put_numbers(all, known->ticker, "turnover", day->turnover / known->factor, known->turnover,
                             PRICE_SCALE, error);
    return status;
}

static bool was_traded(const ti_known_day *known)
{
    return known->trades != 0 || known->volume != 0 || known->turnover != 0;
}

/* Tickers of COTAHIST before this one have no trades; `ticker` NULL: all that are left. */
static ticker_status pass(ti_verification *all, const char *ticker, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    for (; status == TICKER_OK && all->next < all->count; all->next++) {
        const ti_known_day *known = &all->known[all->next];

        if (ticker != NULL && strcmp(known->ticker, ticker) >= 0)
            break;
        if (was_traded(known))
            status = put_alone(all, known->ticker, known->trades, false, error);
    }
    return status;
}

/* --- Trades --------------------------------------------------------------------------------------------------------------------- */

static ticker_status end_group(ti_verification *all, ticker_error *error)
{
    for (size_t i = 0; i < all->group.count; i++)
        if (ti_trade_group_counts(&all->group, &all->group.rows[i], all->day.date) &&
            !ti_day_state_add(&all->day, &all->group.rows[i]))
            return too_large(error);
    all->group.count = 0;
    return TICKER_OK;
}

/* All trades of the ticker have come. */
static ticker_status end_ticker(ti_verification *all, ticker_error *error)
{
    ticker_status status = end_group(all, error);

    if (status != TICKER_OK || all->day.trades == 0)
        return status;
    status = pass(all, all->ticker, error);
    if (status != TICKER_OK)
        return status;
    if (all->next < all->count && strcmp(all->known[all->next].ticker, all->ticker) == 0) {
        all->compared++;
        return compare(all, &all->known[all->next++], error);
    }
    /* With a market only its tickers matter. */
    return ti_query_has(all->run->query, TI_ASK_MARKET) ? TICKER_OK
                                                        : put_alone(all, all->ticker, all->day.trades, true, error);
}

static bool read_trade(const ti_cell *cells, ti_trade *trade)
{
    return is_ticker(&cells[TRADE_TICKER]) && cells[TRADE_SESSION].kind == TI_CELL_TEXT &&
           ti_value_of(&cells[TRADE_ID], TICKER_TYPE_INTEGER, 0, &trade->id) &&
           ti_value_of(&cells[TRADE_REFERENCE_DATE], TICKER_TYPE_DATE, 0, &trade->reference_date) &&
           ti_value_of(&cells[TRADE_ACTION], TICKER_TYPE_INTEGER, 0, &trade->action) &&
           ti_value_of(&cells[TRADE_TIME], TICKER_TYPE_TIME, 0, &trade->time) &&
           ti_value_of(&cells[TRADE_PRICE], TICKER_TYPE_DECIMAL, PRICE_SCALE, &trade->price) &&
           ti_value_of(&cells[TRADE_VOLUME], TICKER_TYPE_INTEGER, 0, &trade->volume) && trade->id != TICKER_NULL &&
           trade->price != TICKER_NULL && trade->volume != TICKER_NULL;
}

static ticker_status add_trade(ti_verification *all, const ti_cell *cells, ticker_error *error)
{
    ti_trade trade = {.session = cells[TRADE_SESSION].text};
    ticker_status status = TICKER_OK;

    if (!read_trade(cells, &trade))
        return foreign("trade", error);
    if (!ti_slice_is(cells[TRADE_TICKER].text, all->ticker)) {
        status = end_ticker(all, error);
        all->day = (ti_day_state){.date = all->day.date};
        set_ticker(all->ticker, cells[TRADE_TICKER].text);
    } else if (!ti_trade_group_has(&all->group, &trade)) {
        status = end_group(all, error);
    }
    return status == TICKER_OK ? ti_trade_group_add(&all->group, &trade, error) : status;
}

/* --- Both ----------------------------------------------------------------------------------------------------------------------- */

typedef ticker_status (*ti_add_row)(ti_verification *all, const ti_cell *cells, ticker_error *error);

/* Runs the statement, which is freed. */
static ticker_status read_all(ti_verification *all, ti_statement *statement, size_t count, ti_add_row add,
                              ticker_error *error)
{
    ti_cell cells[TI_COLUMNS_MAX];
    ti_cursor *cursor = NULL;
    ticker_status status = ti_statement_run(statement, all->run->store, count, &cursor, error);

    ti_statement_free(statement);
    if (status != TICKER_OK)
        return status;
    while (status == TICKER_OK && (status = cursor->ops->next(cursor, cells, error)) == TICKER_OK)
        status = add(all, cells, error);
    cursor->ops->close(cursor);
    return status == TICKER_DONE ? TICKER_OK : status;
}

static ticker_status verify(ti_verification *all, ticker_error *error)
{
    const ticker_query *query = all->run->query;
    ti_statement statement;
    ticker_status status = ti_statement_day(&statement, query, TICKER_QUOTES, QUOTE_CELLS_SELECTED, error);

    if (status == TICKER_OK)
        status = read_all(all, &statement, QUOTE_CELLS, add_quote, error);
    else
        ti_statement_free(&statement);
    if (status != TICKER_OK)
        return status;
    status = ti_statement_day(&statement, query, TICKER_TRADES, TRADE_CELLS_SELECTED, error);
    if (status == TICKER_OK)
        status = read_all(all, &statement, TRADE_CELLS, add_trade, error);
    else
        ti_statement_free(&statement);
    if (status == TICKER_OK)
        status = end_ticker(all, error);
    return status == TICKER_OK ? pass(all, NULL, error) : status;
}

ticker_status ti_verify_run(ti_run *run, uint64_t *compared, ticker_error *error)
{
    ti_verification *all = calloc(1, sizeof(*all));
    ticker_status status;

    if (all == NULL)
        return ti_fail_memory(error);
    all->run = run;
    all->day.date = (int32_t)run->query->date;
    status = verify(all, error);
    *compared = all->compared;
    free(all->known);
    free(all);
    return status;
}
