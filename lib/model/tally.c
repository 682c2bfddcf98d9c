#include "model/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct ti_tally {
    ti_symbols *symbols;
    ti_tally_ticker *tickers;
    size_t capacity;
};

ti_tally *ti_tally_new(void)
{
    ti_tally *tally = calloc(1, sizeof(*tally));

    if (tally == NULL)
        return NULL;
    tally->symbols = ti_symbols_new(TICKER_SYMBOLS_MAX);
    if (tally->symbols == NULL) {
        free(tally);
        return NULL;
    }
    return tally;
}

void ti_tally_free(ti_tally *tally)
{
    if (tally == NULL)
        return;
    ti_symbols_free(tally->symbols);
    free(tally->tickers);
    free(tally);
}

void ti_tally_clear(ti_tally *tally)
{
    ti_symbols_clear(tally->symbols);
}

static ticker_status find(ti_tally *tally, ti_slice ticker, ti_tally_ticker **found, bool *added, ticker_error *error)
{
    uint32_t number = ti_symbols_add(tally->symbols, ticker, added);

    if (number == TI_SYMBOL_NONE && ti_symbols_count(tally->symbols) >= TICKER_SYMBOLS_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "more than %d different tickers", TICKER_SYMBOLS_MAX);
    if (number == TI_SYMBOL_NONE)
        return ti_fail_memory(error);
    if (number >= tally->capacity) {
        size_t capacity = tally->capacity == 0 ? 1024 : tally->capacity * 2;
        ti_tally_ticker *tickers = realloc(tally->tickers, capacity * sizeof(*tickers));

        if (tickers == NULL)
            return ti_fail_memory(error);
        tally->tickers = tickers;
        tally->capacity = capacity;
    }
    *found = &tally->tickers[number];
    return TICKER_OK;
}

static unsigned char keep(char *to, size_t size, ti_slice text)
{
    size_t kept = text.size < size ? text.size : size;

    memcpy(to, text.data, kept);
    return (unsigned char)kept;
}

static void describe(ti_tally_ticker *ticker, const ticker_batch *batch, uint32_t row)
{
    ticker->market_size = keep(ticker->market, sizeof(ticker->market), ti_batch_text(batch, TICKER_QUOTE_MARKET, row));
    ticker->name_size = keep(ticker->name, sizeof(ticker->name), ti_batch_text(batch, TICKER_QUOTE_NAME, row));
    ticker->specification_size = keep(ticker->specification, sizeof(ticker->specification),
                                      ti_batch_text(batch, TICKER_QUOTE_SPECIFICATION, row));
    ticker->isin_size = keep(ticker->isin, sizeof(ticker->isin), ti_batch_text(batch, TICKER_QUOTE_ISIN, row));
}

static void count_market(ticker_report *report, ti_slice market)
{
    unsigned number = 0;

    if (market.size != 3)
        return;
    for (size_t i = 0; i < 3; i++)
        number = number * 10 + (unsigned)((unsigned char)market.data[i] - '0');
    if (number >= TICKER_MARKETS_MAX)
        return;
    if (report->markets[number].records++ == 0)
        memcpy(report->markets[number].code, market.data, 3);
}

static void add_number(int64_t *sum, int64_t value, ticker_report *report)
{
    if (value != TICKER_NULL && __builtin_add_overflow(*sum, value, sum))
        report->totals_overflow = true;
}

static void add_money(ti_int128 value, ticker_report *report)
{
    if (__builtin_add_overflow(report->turnover, value, &report->turnover))
        report->totals_overflow = true;
}

static void add_turnover(const ticker_batch *batch, uint32_t row, ticker_report *report)
{
    int64_t cents = batch->i64[TICKER_QUOTE_TURNOVER][row], rest = batch->i64[TICKER_QUOTE_TURNOVER_REST][row];

    if (cents != TICKER_NULL)
        add_money((ti_int128)cents * 10000 + (rest != TICKER_NULL ? rest : 0), report);
}

static ticker_status add_quotes(ti_tally *tally, const ticker_batch *batch, ticker_report *report, ticker_error *error)
{
    const int64_t *dates = batch->i64[TICKER_QUOTE_DATE];

    for (uint32_t row = 0; row < batch->rows; row++) {
        bool added;
        ti_tally_ticker *ticker;
        ticker_status status = find(tally, ti_batch_text(batch, TICKER_QUOTE_TICKER, row), &ticker, &added, error);
        int32_t date = (int32_t)dates[row];

        if (status != TICKER_OK)
            return status;
        if (added)
            ticker->first_date = ticker->last_date = date;
        if (date < ticker->first_date)
            ticker->first_date = date;
        if (added || date > ticker->last_date) {
            ticker->last_date = date;
            describe(ticker, batch, row);
        }
        count_market(report, ti_batch_text(batch, TICKER_QUOTE_MARKET, row));
        add_number(&report->trades, batch->i64[TICKER_QUOTE_TRADES][row], report);
        add_number(&report->volume, batch->i64[TICKER_QUOTE_VOLUME][row], report);
        add_turnover(batch, row, report);
    }
    return TICKER_OK;
}

static ticker_status add_trades(ti_tally *tally, const ticker_batch *batch, ticker_report *report, ticker_error *error)
{
    const int64_t *dates = batch->i64[TICKER_TRADE_DATE];

    for (uint32_t row = 0; row < batch->rows; row++) {
        bool added;
        ti_tally_ticker *ticker;
        ticker_status status = find(tally, ti_batch_text(batch, TICKER_TRADE_TICKER, row), &ticker, &added, error);
        int32_t date = (int32_t)dates[row];
        int64_t volume = batch->i64[TICKER_TRADE_VOLUME][row];

        if (status != TICKER_OK)
            return status;
        if (added) {
            memset(ticker, 0, sizeof(*ticker));
            ticker->first_date = ticker->last_date = date;
        }
        if (date < ticker->first_date)
            ticker->first_date = date;
        if (date > ticker->last_date)
            ticker->last_date = date;
        if (batch->i64[TICKER_TRADE_ACTION][row] == 2)
            continue;
        report->trades++;
        add_number(&report->volume, volume, report);
        add_money((ti_int128)batch->i64[TICKER_TRADE_PRICE][row] * volume, report);
    }
    return TICKER_OK;
}

ticker_status ti_tally_add(ti_tally *tally, const ticker_batch *batch, ticker_report *report, ticker_error *error)
{
    ticker_status status = batch->table == TICKER_QUOTES ? add_quotes(tally, batch, report, error)
                                                         : add_trades(tally, batch, report, error);

    report->tickers = (int64_t)ti_symbols_count(tally->symbols);
    if (status == TICKER_OK && report->totals_overflow)
        status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the file's totals do not fit 64 bits");
    return status;
}

size_t ti_tally_count(const ti_tally *tally)
{
    return ti_symbols_count(tally->symbols);
}

ti_slice ti_tally_name(const ti_tally *tally, uint32_t number)
{
    return ti_symbols_text(tally->symbols, number);
}

const ti_tally_ticker *ti_tally_ticker_of(const ti_tally *tally, uint32_t number)
{
    return &tally->tickers[number];
}
