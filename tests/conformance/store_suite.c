/* The store suite: what its tests share, and its parts put together. */
#include <stdio.h>

#include "store_suite_parts.h"

#define TEXT_BYTES 256 /* of a row */

suite_state suite;

static void set_up(void)
{
    ti_error_init(&suite.error);
    suite.url = suite.backend->set_up();
    suite.store = store_suite_open_migrated(suite.url);
    suite.quotes = ti_batch_new(TICKER_QUOTES, SUITE_ROWS, TEXT_BYTES);
    suite.trades = ti_batch_new(TICKER_TRADES, SUITE_ROWS, TEXT_BYTES);
    ck_assert_ptr_nonnull(suite.quotes);
    ck_assert_ptr_nonnull(suite.trades);
}

static void tear_down(void)
{
    ti_batch_free(suite.quotes);
    ti_batch_free(suite.trades);
    ticker_store_free(suite.store);
    suite.backend->tear_down();
}

void suite_ok(ticker_status status, const char *what)
{
    store_suite_ok(status, &suite.error, what);
}

bool suite_no_instruments(void *payload, ti_instrument *instrument)
{
    (void)payload;
    (void)instrument;
    return false;
}

ticker_status suite_import(ticker_batch *batch, const char *sha256, int64_t *id)
{
    ticker_status status = store_suite_import(suite.store, &batch, 1, sha256, id);

    ti_batch_clear(batch);
    return status;
}

ti_ledger_row suite_ledger_row(const char *status)
{
    return (ti_ledger_row){.file = "COTAHIST_A2016.ZIP",
                           .member = "COTAHIST_A2016.TXT",
                           .format = "cotahist",
                           .sha256 = SHA_A,
                           .status = status,
                           .error = "",
                           .problems = "[{\"line\": 3, \"column\": 1, \"reason\": \"short\"}]",
                           .turnover = "123456789012345678901.25",
                           .bytes = 5000000000,
                           .records = 10,
                           .imported = 9,
                           .rejected = 1,
                           .repaired = 2,
                           .first_date = store_suite_day("2016-01-04"),
                           .last_date = store_suite_day("2016-01-05"),
                           .trades = 35480,
                           .volume = 60127200,
                           .declared = 12,
                           .microseconds = 1500000,
                           .forced = true};
}

void suite_put_quote(const char *ticker, const char *date, const char *market, int64_t price)
{
    uint32_t row = store_suite_quote(suite.quotes, ticker, date, market);

    suite.quotes->i64[TICKER_QUOTE_CLOSE][row] = price * 1000000;
}

void suite_put_trade(const char *ticker, const char *date, int64_t id, int64_t action, int64_t price)
{
    uint32_t row = store_suite_trade(suite.trades, ticker, date, id, action);

    suite.trades->i64[TICKER_TRADE_PRICE][row] = price * 1000000;
}

void suite_put_many(ticker_batch *batch, uint64_t *state)
{
    static const char *const dates[] = {"2015-12-30", "2016-01-04", "2014-06-01", "2016-12-31"};
    char ticker[16];

    ti_batch_clear(batch);
    for (unsigned i = 0; i < SUITE_ROWS; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        (void)snprintf(ticker, sizeof(ticker), "T%03u", (unsigned)(*state >> 33) % 500);
        if (batch->table == TICKER_QUOTES)
            (void)store_suite_quote(batch, ticker, dates[*state >> 61 & 3], "010");
        else
            (void)store_suite_trade(batch, ticker, dates[*state >> 61 & 3], (int64_t)(*state >> 20 & 0xffffff), 0);
    }
}

void suite_begin_and_settle(ticker_batch *batch)
{
    int64_t id;

    suite_ok(suite.store->ops->begin(suite.store, &id, &suite.error), "begin");
    suite_ok(suite.store->ops->put(suite.store, batch, &suite.error), "put");
    suite_ok(suite.store->ops->settle(suite.store, &suite.error), "settle");
    ti_batch_clear(batch);
}

void suite_finish(const char *sha256)
{
    ti_ledger_row row = suite_ledger_row("imported");
    int64_t id;

    row.sha256 = sha256;
    suite_ok(suite.store->ops->commit(suite.store, &row, suite_no_instruments, NULL, &id, &suite.error), "commit");
}

TCase *suite_group(Suite *to, const char *name)
{
    TCase *made = tcase_create(name);

    tcase_add_checked_fixture(made, set_up, tear_down);
    tcase_set_timeout(made, 120);
    suite_add_tcase(to, made);
    return made;
}

int store_suite_run(const store_backend *backend, TCase *alone)
{
    Suite *made = suite_create(backend->name);
    SRunner *runner;
    int failed;

    suite.backend = backend;
    suite_add_whole(made);
    suite_add_ledger(made);
    suite_add_quotes(made);
    suite_add_trades(made);
    suite_add_standing(made);
    if (alone != NULL) {
        suite_add_migrate(made);
        suite_add_upload(made);
        suite_add_follow(made);
        suite_add_tcase(made, alone);
    }
    runner = srunner_create(made);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
