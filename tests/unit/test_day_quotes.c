/* Daily quotes made from trades: which trades count, what their prices and totals are, over one file and over many, in any order. */
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
static row usual(row said)
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

static ticker_batch *batch_of(const row *rows, size_t count)
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
static ticker_status import_rows(const row *rows, size_t count, ticker_error *error)
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

static void begin(void)
{
    fake_store_init(&fake);
}

static void done(void)
{
    fake_store_free(&fake);
}

/* The day's quote: prices in hundredths, NULL prices -1. */
static void quote_is(const char *ticker, int64_t date, const char *text)
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

/* --- One file ------------------------------------------------------------------------------------------------------------------- */

START_TEST(prices_are_ordered_by_time_and_number)
{
    begin();
    IMPORT(TRADE(.id = 30, .time = 12 * HOUR, .price = 3000000), TRADE(.id = 20, .time = 11 * HOUR, .price = 5000000),
           TRADE(.id = 10, .time = 11 * HOUR, .price = 4000000), /* the same millisecond as the one before */
           TRADE(.id = 50, .time = 13 * HOUR, .price = 2000000), TRADE(.id = 40, .time = 13 * HOUR, .price = 6000000));
    quote_is("PETR4", DAY, "400 600 200 200, 5 trades, 500 units, 200000.0000");
    IMPORT(TRADE(.ticker = "ONE", .price = -35000, .volume = 1));
    quote_is("ONE", DAY, "-3 -3 -3 -3, 1 trades, 1 units, -3.-5000");
    done();
}
END_TEST

START_TEST(prices_come_from_session_one_only)
{
    begin();
    IMPORT(TRADE(.id = 10, .price = 5000000),
           TRADE(.id = 10, .session = "6", .price = 9000000, .time = 18 * HOUR, .volume = 7),
           TRADE(.id = 20, .session = "16", .price = 1000000, .time = 1, .volume = 1),
           TRADE(.ticker = "LATE", .session = "6", .volume = 3));
    quote_is("PETR4", DAY, "500 500 500 500, 3 trades, 108 units, 56400.0000");
    quote_is("LATE", DAY, "no prices, 1 trades, 3 units, 300.0000");
    done();
}
END_TEST

START_TEST(tickers_and_days_stand_apart)
{
    begin();
    IMPORT(TRADE(.ticker = "A", .price = 1000000), TRADE(.ticker = "AB", .price = 2000000),
           TRADE(.ticker = "B", .price = 3000000),
           TRADE(.ticker = "A", .date = DAY + 1, .reference_date = DAY + 1, .price = 4000000));
    quote_is("A", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    quote_is("AB", DAY, "200 200 200 200, 1 trades, 100 units, 20000.0000");
    quote_is("B", DAY, "300 300 300 300, 1 trades, 100 units, 30000.0000");
    quote_is("A", DAY + 1, "400 400 400 400, 1 trades, 100 units, 40000.0000");
    quote_is("B", DAY + 1, "none");
    done();
}
END_TEST

START_TEST(money_below_the_cent)
{
    begin();
    IMPORT(TRADE(.id = 10, .price = 1, .volume = 1), TRADE(.id = 20, .price = 9999, .volume = 1),
           TRADE(.id = 30, .price = 123456, .volume = 1));
    quote_is("PETR4", DAY, "0 12 0 12, 3 trades, 3 units, 13.3456");
    done();
}
END_TEST

START_TEST(a_cancellation_in_the_same_file)
{
    begin(); /* after its trade, before it, and of the trade that made open, high and close */
    IMPORT(TRADE(.id = 10, .price = 9000000), TRADE(.id = 20, .price = 2000000, .time = 11 * HOUR),
           TRADE(.id = 10, .action = 2, .price = 9000000, .time = 15 * HOUR));
    quote_is("PETR4", DAY, "200 200 200 200, 1 trades, 100 units, 20000.0000");
    IMPORT(TRADE(.ticker = "B", .id = 10, .action = 2, .time = 15 * HOUR), TRADE(.ticker = "B", .id = 10),
           TRADE(.ticker = "B", .id = 20, .volume = 1));
    quote_is("B", DAY, "100 100 100 100, 1 trades, 1 units, 100.0000");
    /* One in the middle, which leaves the prices as they are. */
    IMPORT(TRADE(.ticker = "C", .id = 10, .price = 1000000),
           TRADE(.ticker = "C", .id = 20, .price = 2000000, .time = 11 * HOUR),
           TRADE(.ticker = "C", .id = 30, .price = 3000000, .time = 12 * HOUR),
           TRADE(.ticker = "C", .id = 20, .action = 2, .price = 2000000, .time = 12 * HOUR));
    quote_is("C", DAY, "100 300 100 300, 2 trades, 200 units, 40000.0000");
    done();
}
END_TEST

START_TEST(a_day_that_is_cancelled_whole)
{
    begin();
    IMPORT(TRADE(.id = 10), TRADE(.id = 20), TRADE(.id = 10, .action = 2), TRADE(.id = 20, .action = 2),
           TRADE(.ticker = "B"));
    quote_is("PETR4", DAY, "none");
    quote_is("B", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    IMPORT(TRADE(.ticker = "C", .id = 10, .action = 2)); /* a cancellation of nothing */
    quote_is("C", DAY, "none");
    done();
}
END_TEST

START_TEST(a_number_in_two_sessions)
{
    begin();
    IMPORT(TRADE(.id = 10, .price = 1000000), TRADE(.id = 10, .session = "6", .price = 1000000, .volume = 5),
           TRADE(.id = 10, .session = "6", .action = 2, .volume = 5));
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    IMPORT(TRADE(.ticker = "B", .id = 10), TRADE(.ticker = "B", .id = 10, .session = "6", .volume = 5),
           TRADE(.ticker = "B", .id = 10, .action = 2));
    quote_is("B", DAY, "no prices, 1 trades, 5 units, 500.0000");
    done();
}
END_TEST

START_TEST(a_key_that_comes_twice_in_a_file)
{
    begin();
    IMPORT(TRADE(.id = 10, .price = 1000000), TRADE(.id = 20, .price = 2000000, .time = 11 * HOUR),
           TRADE(.id = 10, .price = 3000000));
    quote_is("PETR4", DAY, "300 300 200 200, 2 trades, 200 units, 50000.0000");
    done();
}
END_TEST

START_TEST(other_actions_are_no_trades)
{
    begin();
    IMPORT(TRADE(.id = 10), TRADE(.id = 20, .action = 1), TRADE(.id = 10, .action = 7));
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    done();
}
END_TEST

/* --- Several files -------------------------------------------------------------------------------------------------------------- */

START_TEST(a_cancellation_in_another_file)
{
    begin(); /* a later one */
    IMPORT(TRADE(.id = 10, .price = 1000000), TRADE(.id = 20, .price = 2000000, .time = 11 * HOUR));
    IMPORT(TRADE(.id = 20, .action = 2, .price = 2000000, .reference_date = DAY + 1));
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    IMPORT(TRADE(.id = 10, .action = 2)); /* and the last trade of the day */
    quote_is("PETR4", DAY, "none");
    /* an earlier one */
    IMPORT(TRADE(.ticker = "B", .id = 20, .action = 2));
    IMPORT(TRADE(.ticker = "B", .id = 10), TRADE(.ticker = "B", .id = 20, .price = 7000000));
    quote_is("B", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    done();
}
END_TEST

START_TEST(more_trades_of_a_day)
{
    begin();
    IMPORT(TRADE(.id = 20, .time = 11 * HOUR, .price = 2000000));
    IMPORT(TRADE(.id = 10, .time = 10 * HOUR, .price = 1000000), TRADE(.ticker = "B"));
    quote_is("PETR4", DAY, "100 200 100 200, 2 trades, 200 units, 30000.0000");
    quote_is("B", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    done();
}
END_TEST

START_TEST(a_correction)
{
    begin();
    IMPORT(TRADE(.id = 10, .price = 1000000), TRADE(.id = 20, .price = 2000000, .time = 11 * HOUR));
    IMPORT(TRADE(.id = 20, .price = 5000000, .time = 11 * HOUR));
    quote_is("PETR4", DAY, "100 500 100 500, 2 trades, 200 units, 60000.0000");
    done();
}
END_TEST

/* FORMATS.md, section 6: a row of an earlier day counts only when nobody listed the trade before. */
START_TEST(listed_again_the_day_after)
{
    begin();
    IMPORT(TRADE(.id = 10, .price = 1000000), TRADE(.id = 20, .price = 2000000, .time = 11 * HOUR));
    IMPORT(TRADE(.id = 20, .price = 2000000, .time = 2 * HOUR,
                 .reference_date = DAY + 1), /* the same trade, with a wrong time */
           TRADE(.id = 20, .price = 8000000, .date = DAY + 1, .reference_date = DAY + 1));
    quote_is("PETR4", DAY, "100 200 100 200, 2 trades, 200 units, 30000.0000");
    quote_is("PETR4", DAY + 1, "800 800 800 800, 1 trades, 100 units, 80000.0000");
    /* Another price or quantity: another trade. */
    IMPORT(TRADE(.id = 20, .price = 3000000, .time = 12 * HOUR, .reference_date = DAY + 2));
    quote_is("PETR4", DAY, "100 300 100 300, 3 trades, 300 units, 60000.0000");
    IMPORT(TRADE(.id = 20, .volume = 1, .price = 2000000, .time = 12 * HOUR, .reference_date = DAY + 3));
    quote_is("PETR4", DAY, "100 300 100 200, 4 trades, 301 units, 60200.0000");
    done();
}
END_TEST

START_TEST(listed_late_only)
{
    begin();
    IMPORT(TRADE(.id = 20, .reference_date = DAY + 1)); /* the day itself never came */
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    IMPORT(TRADE(.id = 20, .reference_date = DAY + 2)); /* and once more: still one trade */
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    IMPORT(TRADE(.id = 20)); /* now the day itself comes: it is that trade */
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    IMPORT(TRADE(.id = 20, .action = 2, .reference_date = DAY + 1));
    quote_is("PETR4", DAY, "none");
    done();
}
END_TEST

START_TEST(a_file_of_two_days)
{
    begin();
    IMPORT(TRADE(.id = 10), TRADE(.id = 10, .reference_date = DAY + 1),
           TRADE(.id = 10, .date = DAY + 1, .reference_date = DAY + 1, .price = 2000000));
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    quote_is("PETR4", DAY + 1, "200 200 200 200, 1 trades, 100 units, 20000.0000");
    done();
}
END_TEST

START_TEST(a_quote_from_a_file_stays)
{
    begin();
    fake.now.quotes = calloc(1, sizeof(fake_quote));
    ck_assert_ptr_nonnull(fake.now.quotes);
    fake.now.quote_count = 1;
    fake.now.quotes[0] = (fake_quote){.ticker = "PETR4", .date = DAY, .from_file = true, .trades = 99};
    IMPORT(TRADE(.id = 10));
    ck_assert_int_eq(fake_find_quote(&fake, "PETR4", DAY)->trades, 99);
    done();
}
END_TEST

/* A new day without cancellations is never read back: that is what makes the first import of a day fast. */
START_TEST(a_new_day_is_not_read_again)
{
    begin();
    IMPORT(TRADE(.id = 10), TRADE(.id = 20), TRADE(.ticker = "B"));
    ck_assert_str_eq(fake_calls(&fake), "begin put(1) put(2) settle put_day_quotes(2)");
    IMPORT(TRADE(.id = 30));
    ck_assert_str_eq(fake_calls(&fake), "begin put(0) put(1) settle scan put_day_quotes(1)");
    done();
}
END_TEST

/* --- Limits and failures -------------------------------------------------------------------------------------------------------- */

START_TEST(totals_that_do_not_fit)
{
    const int64_t most = 999999999999999999;
    row rows[20];
    ticker_error error;

    begin();
    for (size_t i = 0; i < COUNT(rows); i++)
        rows[i] = TRADE(.id = (int64_t)i + 1, .volume = most, .price = 1);
    ti_error_init(&error);
    ck_assert_int_eq(import_rows(rows, COUNT(rows), &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    /* The volume fits, but not the money. */
    rows[0] = TRADE(.volume = most, .price = INT64_MAX);
    ticker_error_clear(&error);
    ck_assert_int_eq(import_rows(rows, 1, &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    rows[0] = TRADE(.volume = most, .price = -INT64_MAX);
    ck_assert_int_eq(import_rows(rows, 1, NULL), TICKER_FAILED);
    /* As much as there is room for. */
    rows[0] = TRADE(.volume = most, .price = 92233);
    ck_assert_int_eq(import_rows(rows, 1, NULL), TICKER_OK);
    quote_is("PETR4", DAY, "9 9 9 9, 1 trades, 999999999999999999 units, 9223299999999999990.7767");
    /* Stored rows that do not fit together. */
    for (size_t i = 0; i < 9; i++)
        rows[i] = TRADE(.ticker = "S", .id = (int64_t)i + 1, .volume = most, .price = 1);
    ck_assert_int_eq(import_rows(rows, 9, NULL), TICKER_OK);
    rows[0].id = 100;
    ticker_error_clear(&error);
    ck_assert_int_eq(import_rows(rows, 1, &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    done();
}
END_TEST

START_TEST(many_days_come_in_batches)
{
    static row rows[3000];
    static char names[3000][8];
    ticker_error error;

    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "T%zu", i);
        rows[i] = TRADE(.ticker = names[i], .volume = (int64_t)i + 1);
    }
    ti_error_init(&error);
    ck_assert_int_eq(import_rows(rows, COUNT(rows), &error), TICKER_OK);
    ck_assert_str_eq(fake_calls(&fake),
                     "begin put(1500) put(1500) settle put_day_quotes(1024) put_day_quotes(1024) put_day_quotes(952)");
    for (size_t i = 0; i < COUNT(rows); i += 100)
        ck_assert_int_eq(fake_find_quote(&fake, names[i], DAY)->volume, (int64_t)i + 1);
    done();
}
END_TEST

/* A file with more tickers and days than any real one is refused; it is not a lack of memory, after which nothing would work. */
START_TEST(too_many_days)
{
    ti_day_quotes *quotes = ti_day_quotes_new();
    ticker_status status = TICKER_OK;
    ticker_batch *batch;
    ticker_error error;
    row rows[1000];
    int64_t date = 0;

    ck_assert_ptr_nonnull(quotes);
    for (size_t i = 0; i < COUNT(rows); i++)
        rows[i] = TRADE();
    batch = batch_of(rows, COUNT(rows));
    ti_error_init(&error);
    while (status == TICKER_OK && date <= TICKER_SYMBOLS_MAX) {
        for (size_t i = 0; i < COUNT(rows); i++)
            batch->i64[TICKER_TRADE_DATE][i] = batch->i64[TICKER_TRADE_REFERENCE_DATE][i] = date++;
        status = ti_day_quotes_add(quotes, batch, &error);
    }
    ck_assert_int_eq(status, TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ck_assert_int_eq(date, TICKER_SYMBOLS_MAX + (int64_t)COUNT(rows));
    ti_batch_free(batch);
    ti_day_quotes_free(quotes);
}
END_TEST

START_TEST(the_longest_ticker)
{
    char ticker[TICKER_TICKER_MAX + 1];

    begin();
    memset(ticker, 'T', sizeof(ticker) - 1);
    ticker[sizeof(ticker) - 1] = '\0';
    IMPORT(TRADE(.ticker = ticker));
    quote_is(ticker, DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    done();
}
END_TEST

START_TEST(too_many_rows_of_a_number)
{
    static row rows[TICKER_TRADE_GROUP_MAX + 1];
    ticker_error error;

    begin();
    for (size_t i = 0; i < COUNT(rows); i++)
        rows[i] = TRADE(.price = 1000000 + (int64_t)i, .reference_date = DAY + 1 + (int64_t)i);
    ck_assert_int_eq(import_rows(rows, TICKER_TRADE_GROUP_MAX, NULL), TICKER_OK);
    ck_assert_int_eq(fake_find_quote(&fake, "PETR4", DAY)->trades, TICKER_TRADE_GROUP_MAX);
    ti_error_init(&error);
    ck_assert_int_eq(import_rows(rows + TICKER_TRADE_GROUP_MAX, 1, &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    done();
}
END_TEST

START_TEST(a_store_that_fails)
{
    static const char *const calls[] = {"scan", "put_day_quotes"};
    const row rows[] = {TRADE(.id = 10), TRADE(.id = 10, .action = 2)};

    begin();
    for (size_t i = 0; i < COUNT(calls); i++) {
        ticker_error error;

        ti_error_init(&error);
        fake.fail_at = calls[i];
        fake.fail_with = TICKER_RETRY;
        ck_assert_int_eq(import_rows(rows, COUNT(rows), &error), TICKER_RETRY);
        ck_assert_str_eq(error.message, "the store failed");
    }
    ck_assert_uint_eq(fake.now.trade_count, 0);
    done();
}
END_TEST

/* --- Against the rules, said as slowly as can be -------------------------------------------------------------------------------- */

static bool counts(const fake_trade *trade)
{
    if (trade->action != 0)
        return false;
    for (size_t i = 0; i < fake.now.trade_count; i++) {
        const fake_trade *other = &fake.now.trades[i];

        if (strcmp(other->ticker, trade->ticker) != 0 || other->date != trade->date || other->id != trade->id)
            continue;
        if (other->action == 2 && strcmp(other->session, trade->session) == 0)
            return false;
        if (trade->reference_date > trade->date && other->reference_date < trade->reference_date &&
            other->price == trade->price && other->volume == trade->volume)
            return false;
    }
    return true;
}

static void add_to_quote(fake_quote *quote, const fake_trade *trade, int64_t times[2])
{
    quote->trades++;
    quote->volume += trade->volume;
    quote->turnover += trade->price * trade->volume; /* millionths, until the end */
    if (strcmp(trade->session, "1") != 0)
        return;
    if (quote->open == TICKER_NULL)
        quote->open = quote->high = quote->low = quote->close = trade->price;
    if (trade->price > quote->high)
        quote->high = trade->price;
    if (trade->price < quote->low)
        quote->low = trade->price;
    if (trade->time < times[0]) {
        times[0] = trade->time;
        quote->open = trade->price;
    }
    if (trade->time > times[1]) {
        times[1] = trade->time;
        quote->close = trade->price;
    }
}

static void check_day(const char *ticker, int64_t date, int round)
{
    fake_quote expected = {
        .date = date, .open = TICKER_NULL, .high = TICKER_NULL, .low = TICKER_NULL, .close = TICKER_NULL};
    const fake_quote *quote = fake_find_quote(&fake, ticker, date);
    int64_t times[2] = {INT64_MAX, INT64_MIN};

    for (size_t i = 0; i < fake.now.trade_count; i++) {
        const fake_trade *trade = &fake.now.trades[i];

        if (trade->date == date && strcmp(trade->ticker, ticker) == 0 && counts(trade))
            add_to_quote(&expected, trade, times);
    }
    expected.rest = expected.turnover % 10000;
    expected.turnover /= 10000;
    ck_assert_msg((quote != NULL) == (expected.trades > 0), "round %d: %s on %lld", round, ticker, (long long)date);
    if (quote == NULL)
        return;
    ck_assert_msg(quote->trades == expected.trades && quote->volume == expected.volume &&
                      quote->turnover == expected.turnover && quote->rest == expected.rest,
                  "round %d: %s on %lld has %lld trades and %lld units, not %lld and %lld", round, ticker,
                  (long long)date, (long long)quote->trades, (long long)quote->volume, (long long)expected.trades,
                  (long long)expected.volume);
    ck_assert_msg(quote->open == expected.open && quote->high == expected.high && quote->low == expected.low &&
                      quote->close == expected.close,
                  "round %d: %s on %lld has other prices", round, ticker, (long long)date);
}

/* A row whose time is its own, so that the order of a day's trades is never in doubt. */
static row random_row(uint64_t *seed, int64_t file_date)
{
    static const char *const tickers[] = {"A", "B", "C"};
    static int64_t clock;
    row made = TRADE(.ticker = tickers[next_random(seed) % 3], .id = 10 * (int64_t)(1 + next_random(seed) % 6));

    made.date = made.reference_date = file_date;
    if (next_random(seed) % 4 == 0) { /* a trade of a day before, listed again or late */
        made.date -= (int64_t)(next_random(seed) % 3);
        if (next_random(seed) % 8 == 0)
            made.reference_date = made.date - 1; /* nonsense, but it can be written */
    }
    made.action = next_random(seed) % 5 == 0 ? 2 : 0;
    made.session = next_random(seed) % 6 == 0 ? "6" : "1";
    made.price = 1000000 + 1000000 * (int64_t)(next_random(seed) % 3);
    made.volume = 100 * (int64_t)(1 + next_random(seed) % 2);
    made.time = (clock = (clock * 7919 + 12345) % 86399981);
    return made;
}

START_TEST(any_files_in_any_order)
{
    for (uint64_t seed = 1; seed <= 400; seed++) {
        uint64_t random = seed * 0x9e3779b97f4a7c15u | 1;

        begin();
        for (int file = 0; file < 6; file++) {
            row rows[30];
            size_t count = 1 + next_random(&random) % COUNT(rows);
            int64_t date = DAY + (int64_t)(next_random(&random) % 3);
            ticker_error error;

            for (size_t i = 0; i < count; i++)
                rows[i] = random_row(&random,
                                     next_random(&random) % 12 == 0 ? DAY + (int64_t)(next_random(&random) % 3) : date);
            ti_error_init(&error);
            ck_assert_msg(import_rows(rows, count, &error) == TICKER_OK, "%s", error.message);
            for (int64_t day = DAY - 4; day <= DAY + 3; day++) {
                check_day("A", day, (int)seed * 10 + file);
                check_day("B", day, (int)seed * 10 + file);
                check_day("C", day, (int)seed * 10 + file);
            }
        }
        done();
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        prices_are_ordered_by_time_and_number,
        prices_come_from_session_one_only,
        tickers_and_days_stand_apart,
        money_below_the_cent,
        a_cancellation_in_the_same_file,
        a_day_that_is_cancelled_whole,
        a_number_in_two_sessions,
        a_key_that_comes_twice_in_a_file,
        other_actions_are_no_trades,
        a_cancellation_in_another_file,
        more_trades_of_a_day,
        a_correction,
        listed_again_the_day_after,
        listed_late_only,
        a_file_of_two_days,
        a_quote_from_a_file_stays,
        a_new_day_is_not_read_again,
        totals_that_do_not_fit,
        many_days_come_in_batches,
        too_many_days,
        the_longest_ticker,
        too_many_rows_of_a_number,
        a_store_that_fails,
        any_files_in_any_order,
    };

    return run_tests("day_quotes", tests, COUNT(tests));
}
