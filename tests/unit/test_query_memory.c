/* Memory that runs out while a question is put, asked and gone on with: each allocation fails once, and each time the call says so. */
#include "failing_memory.h"

#include "query_fake.h"

#define TRIES_MAX 400

/* A page, the key, the cursor, and the page behind it. Nothing is asserted here: Check allocates too. */
static ticker_status work(const char *kind, const char *const *parameters, fake *store, ticker_error *error)
{
    ticker_query *query = ticker_query_new(kind);
    output out = {.discard = true};
    ticker_status status = TICKER_OK;

    if (query == NULL)
        return ti_fail_memory(error);
    for (; status == TICKER_OK && *parameters != NULL; parameters += 2)
        status = ticker_query_set(query, parameters[0], parameters[1], error);
    if (status == TICKER_OK)
        status = ticker_query_run(query, &store->store, "json", take, &out, NULL, NULL, error);
    if (status == TICKER_OK && ticker_query_cursor(query) != NULL)
        status = ticker_query_set(query, "cursor", ticker_query_cursor(query), error);
    if (status == TICKER_OK)
        status = ticker_query_run(query, &store->store, "json", take, &out, NULL, NULL, error);
    if (status == TICKER_OK && ticker_query_key(query) == NULL)
        status = ti_fail_memory(error);
    ticker_query_free(query);
    return status;
}

static void each_fails(const char *kind, const char *const *parameters, fake *store)
{
    ticker_status status;
    unsigned long tries = 0;

    do {
        ticker_error error;

        ti_error_init(&error);
        allocations = 0;
        fail_at = ++tries;
        status = work(kind, parameters, store, &error);
        fail_at = 0;
        ck_assert_int_eq(store->cursors, 0);
        if (status != TICKER_OK) {
            ck_assert_int_eq(status, TICKER_FATAL);
            ck_assert_msg(error.kind == TICKER_ERROR_MEMORY, "%s, allocation %lu: %s", kind, tries, error.message);
        }
    } while (status != TICKER_OK && tries < TRIES_MAX);
    ck_assert_int_eq(status, TICKER_OK);
    ck_assert_uint_gt(tries, 8);
}

START_TEST(quotes)
{
    static const char *const parameters[] = {"ticker", "PETR4,VALE3", "limit", "1", "from", "2010-01-01", NULL};
    fake store = LIMITED;

    each_fails("quotes", parameters, &store);
}
END_TEST

START_TEST(candles)
{
    static const char *const quoted[] = {"ticker", "A", "interval", "1w", "limit", "1", NULL};
    static const char *const traded[] = {"ticker", "A", "date", "2016-01-04", "interval", "1m", "limit", "1", NULL};
    static const ti_cell days[] = {INT(16804), STR("A"), INT(1), INT(1),     INT(1),   INT(1), INT(1), INT(1),
                                   INT(1),     INT(1),   INT(1), INT(16814), STR("A"), INT(1), INT(1), INT(1),
                                   INT(1),     INT(1),   INT(1), INT(1),     INT(1),   INT(1)};
    static const ti_cell trades[] = {INT(36000000), INT(5970000), INT(100), STR("1"),
                                     INT(37000000), INT(5970000), INT(7),   STR("1")};
    fake of_days = FAKE(days, 11), of_trades = FAKE(trades, 4);

    each_fails("quotes", quoted, &of_days);
    each_fails("trades", traded, &of_trades);
}
END_TEST

START_TEST(tickers)
{
    static const char *const parameters[] = {"q", "petr", "pattern", "*x*", "market", "010", "limit", "1", NULL};
    static const ti_cell cells[] = {STR("T1"), NIL, NIL, NIL, NIL, INT(0), INT(0),
                                    STR("T2"), NIL, NIL, NIL, NIL, INT(0), INT(0)};
    fake store = FAKE(cells, 7);

    each_fails("tickers", parameters, &store);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {quotes, candles, tickers};

    return run_tests("query memory", tests, sizeof(tests) / sizeof(tests[0]));
}
