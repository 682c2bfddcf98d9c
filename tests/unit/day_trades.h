/* Trades of a few files in the making, imported into a store in memory, and the daily quotes that must come of them. */
#ifndef TEST_DAY_TRADES_H
#define TEST_DAY_TRADES_H

#include <stdio.h>
#include <stdlib.h>

#include "fake_store.h"
#include "pipeline/day_quotes.h"

#define DAY 20000 /* 2024-10-04 */
#define HOUR INT64_C(3600000)

static fake_store fake;

typedef struct row {
    const char *ticker;
    int64_t id, action, time, price, volume;
    const char *session;
    int64_t date, reference_date;
} row;

/* A row of a file: what is not said is the usual. */
static inline row usual(row said)
{
    said.ticker = said.ticker != NULL ? said.ticker : "PETR4";
    said.session = said.session != NULL ? said.session : "1";
    said.id = said.id != 0 ? said.id : 10;
    said.time = said.time != 0 ? said.time : 10 * HOUR;
    said.price = said.price != 0 ? said.price : 1000000;
    said.volume = said.volume != 0 ? said.volume : 100;
    said.date = said.date != 0 ? said.date : DAY;
    said.reference_date = said.reference_date != 0 ? said.reference_date : DAY;
    return said;
}

#define TRADE(...) usual((row){__VA_ARGS__})

static inline ticker_batch *batch_of(const row *rows, size_t count)
{
    ticker_batch *batch = ti_batch_new(TICKER_TRADES, (uint32_t)count + 1, TICKER_TICKER_MAX + 2 * TICKER_SESSION_MAX);

    ck_assert_ptr_nonnull(batch);
    for (uint32_t i = 0; i < count; i++) {
        const row *from = &rows[i];

        batch->i64[TICKER_TRADE_DATE][i] = from->date;
        batch->i64[TICKER_TRADE_REFERENCE_DATE][i] = from->reference_date;
        batch->i64[TICKER_TRADE_ID][i] = from->id;
        batch->i64[TICKER_TRADE_ACTION][i] = from->action;
        batch->i64[TICKER_TRADE_TIME][i] = from->time;
        batch->i64[TICKER_TRADE_PRICE][i] = from->price;
        batch->i64[TICKER_TRADE_VOLUME][i] = from->volume;
        batch->i64[TICKER_TRADE_BUYER][i] = batch->i64[TICKER_TRADE_SELLER][i] = TICKER_NULL;
        ck_assert(ti_batch_set_text(batch, TICKER_TRADE_TICKER, i, ti_slice_of(from->ticker)));
        ck_assert(ti_batch_set_text(batch, TICKER_TRADE_SESSION, i, ti_slice_of(from->session)));
        ck_assert(ti_batch_set_text(batch, TICKER_TRADE_CHANNEL, i, (ti_slice){NULL, 0}));
        batch->line[i] = i + 2;
        batch->rows++;
    }
    return batch;
}

/* Imports rows as an import does it, in two batches; a failure is undone. */
static inline ticker_status import_rows(const row *rows, size_t count, ticker_error *error)
{
    const ti_store_ops *ops = fake.store.ops;
    ti_day_quotes *quotes = ti_day_quotes_new();
    ticker_status status = TICKER_OK;
    int64_t id;

    ck_assert_ptr_nonnull(quotes);
    ck_assert_int_eq(ops->begin(&fake.store, &id, NULL), TICKER_OK);
    for (size_t part = 0; part < 2 && status == TICKER_OK; part++) {
        size_t half = part == 0 ? count / 2 : count - count / 2;
        ticker_batch *batch = batch_of(rows + (part == 0 ? 0 : count / 2), half);

        status = ops->put(&fake.store, batch, error);
        if (status == TICKER_OK)
            status = ti_day_quotes_add(quotes, batch, error);
        ti_batch_free(batch);
    }
    if (status == TICKER_OK)
        status = ops->settle(&fake.store, error);
    if (status == TICKER_OK)
        status = ti_day_quotes_store(quotes, &fake.store, error);
    ti_day_quotes_free(quotes);
    if (status == TICKER_OK) { /* what commit() does, without a ledger */
        free(fake.before.trades);
        free(fake.before.quotes);
        fake.before = (fake_state){0};
        fake.open = false;
        fake.now.import_count++;
    } else {
        ops->rollback(&fake.store);
    }
    return status;
}

#define IMPORT(...)                                                                                                    \
    do {                                                                                                               \
        const row all[] = {__VA_ARGS__};                                                                               \
        ticker_error why;                                                                                              \
        ti_error_init(&why);                                                                                           \
        ck_assert_msg(import_rows(all, COUNT(all), &why) == TICKER_OK, "%s", why.message);                             \
    } while (0)

static inline void begin(void)
{
    fake_store_init(&fake);
}

static inline void done(void)
{
    fake_store_free(&fake);
}

/* The day's quote: prices in hundredths, NULL prices -1. */
static inline void quote_is(const char *ticker, int64_t date, const char *text)
{
    const fake_quote *quote = fake_find_quote(&fake, ticker, date);
    char got[256] = "none";

    if (quote != NULL && quote->open == TICKER_NULL) {
        ck_assert(quote->high == TICKER_NULL && quote->low == TICKER_NULL && quote->close == TICKER_NULL);
        (void)snprintf(got, sizeof(got), "no prices, %lld trades, %lld units, %lld.%04lld", (long long)quote->trades,
                       (long long)quote->volume, (long long)quote->turnover, (long long)quote->rest);
    } else if (quote != NULL) {
        (void)snprintf(got, sizeof(got), "%lld %lld %lld %lld, %lld trades, %lld units, %lld.%04lld",
                       (long long)quote->open / 10000, (long long)quote->high / 10000, (long long)quote->low / 10000,
                       (long long)quote->close / 10000, (long long)quote->trades, (long long)quote->volume,
                       (long long)quote->turnover, (long long)quote->rest);
    }
    ck_assert_str_eq(got, text);
}

#endif
