/* Daily quotes made from trades: totals that do not fit, more days and rows than there is room for, a store that fails. */
#include "day_trades.h"

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

int main(void)
{
    const TTest *const tests[] = {totals_that_do_not_fit, many_days_come_in_batches, too_many_days,
                                  the_longest_ticker,     too_many_rows_of_a_number, a_store_that_fails};

    return run_tests("day_quotes_limits", tests, COUNT(tests));
}
