/* How large files of new years and days get into PostgreSQL: over several connections, or sorted; and what is left when that ends early. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "postgres_scene.h"
#include "store/postgres_link.h"

/* Every file is large: the rows of a new year or day go over three connections, one by one. */
static void share_rows(ticker_store *store)
{
    ti_postgres *postgres = ti_pg_store(store);

    postgres->few_bytes = postgres->large_bytes = 0;
    postgres->send_bytes = 1;
    store->connections = 3;
}

static const char loading_sql[] =
    "SELECT count(*) FROM pg_class WHERE relname ~ 'ticker_loading' AND relkind = 'r' AND relnamespace ="
    " current_schema()::regnamespace";

/* No rows and no waiting for readers, and no trace of how it was loaded. */
START_TEST(readers_see_nothing_of_loading)
{
    static const char *const dates[] = {"2024-01-02", "2024-01-03", "2024-01-04", "2023-12-29", "2024-01-02"};
    static const char count_sql[] = "SET lock_timeout = '2s'; SELECT count(*) FROM quotes";
    ti_ledger_row row = ledger_row("imported");
    ticker_store *store = store_suite_open_migrated(url);
    ticker_batch *batch = quotes_of(dates, 5);
    ticker_error error;
    int64_t id = 0;

    ti_error_init(&error);
    share_rows(store);
    store_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
    store_suite_ok(store->ops->put(store, batch, &error), &error, "put");
    ck_assert_str_eq(outside(count_sql), "0");
    ck_assert_str_eq(outside(loading_sql), "2");
    store_suite_ok(store->ops->settle(store, &error), &error, "settle");
    ck_assert_str_eq(outside(count_sql), "0");
    store_suite_ok(store->ops->commit(store, &row, NULL, NULL, &id, &error), &error, "commit");
    ck_assert_str_eq(outside(count_sql), "5");
    ck_assert_str_eq(outside(loading_sql), "0");
    ck_assert_str_eq(outside("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname ~"
                             " '^quotes_20' AND relnamespace = current_schema()::regnamespace"),
                     "quotes_2023 quotes_2023_key quotes_2023_trade_date_idx"
                     " quotes_2024 quotes_2024_key quotes_2024_trade_date_idx");
    ck_assert_str_eq(outside("SELECT count(*) FROM pg_constraint WHERE contype = 'c' AND connamespace ="
                             " current_schema()::regnamespace"),
                     "0");
    ck_assert_str_eq(outside("SELECT count(*) FROM pg_class WHERE reloptions IS NOT NULL AND relnamespace ="
                             " current_schema()::regnamespace"),
                     "0");
    ck_assert_str_eq(outside("SELECT count(*) FROM quotes WHERE occurrence = 1"), "1");
    ti_batch_free(batch);
    ticker_store_free(store);
}
END_TEST

/* The session goes that holds the lock on the table's name: the import that it was of has crashed. */
static const char crash_sql[] =
    "SELECT count(pg_terminate_backend(l.pid, 10000)) FROM pg_locks AS l JOIN pg_database AS d ON d.oid ="
    " l.database WHERE locktype = 'advisory' AND datname = current_database() AND l.objid::bigint ="
    " (SELECT hashtextextended('ticker.' || current_schema() || '.loading' || relname, 0) & 4294967295"
    " FROM pg_class WHERE relname ~ '^ticker_loading' AND relkind = 'r' AND relnamespace ="
    " current_schema()::regnamespace)";

/* The import whose connection is lost leaves its table; the next one drops it, but not that of an import that is at work. */
START_TEST(what_a_crash_left_is_dropped)
{
    static const char *const dates[] = {"2024-01-02"}, *const later[] = {"2023-01-02"};
    ticker_store *store = store_suite_open_migrated(url), *other = store_suite_open_migrated(url);
    ticker_batch *batch = quotes_of(dates, 1), *second = quotes_of(later, 1);
    ticker_error error;
    int64_t id = 0;

    ti_error_init(&error);
    share_rows(store);
    store_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
    store_suite_ok(store->ops->put(store, batch, &error), &error, "put");
    ck_assert_str_eq(outside(loading_sql), "1");
    ck_assert_int_eq(store_suite_import(other, &second, 1, "b", &id), TICKER_OK);
    ck_assert_str_eq(outside(loading_sql), "1");
    (void)outside(crash_sql);
    ck_assert_int_eq(store->ops->settle(store, &error), TICKER_RETRY);
    store->ops->rollback(store);
    ck_assert_str_eq(outside(loading_sql), "1");
    ck_assert_int_eq(store_suite_import(store, &batch, 1, "a", &id), TICKER_OK);
    ck_assert_str_eq(outside(loading_sql), "0");
    ck_assert_str_eq(outside("SELECT count(*) FROM quotes"), "2");
    ti_batch_free(batch);
    ti_batch_free(second);
    ticker_store_free(store);
    ticker_store_free(other);
}
END_TEST

/* Whoever migrates, in a database that is of this version already, drops it too; not the table of an import that is at work. */
START_TEST(a_migration_drops_what_a_crash_left)
{
    static const char *const dates[] = {"2024-01-02"};
    ticker_store *store = store_suite_open_migrated(url), *other = store_suite_open_migrated(url);
    ticker_batch *batch = quotes_of(dates, 1);
    ticker_error error;
    int64_t id = 0;

    ti_error_init(&error);
    share_rows(store);
    store_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
    store_suite_ok(store->ops->put(store, batch, &error), &error, "put");
    store_suite_ok(ticker_store_migrate(other, &error), &error, "migrate beside an import");
    ck_assert_str_eq(outside(loading_sql), "1");
    (void)outside(crash_sql);
    ck_assert_int_eq(store->ops->settle(store, &error), TICKER_RETRY);
    ticker_store_free(store);
    ck_assert_str_eq(outside(loading_sql), "1");
    ticker_error_clear(&error);
    store_suite_ok(ticker_store_migrate(other, &error), &error, "migrate");
    ck_assert_str_eq(outside(loading_sql), "0");
    ck_assert_str_eq(outside("SELECT count(*) FROM quotes"), "0");
    ti_batch_free(batch);
    ticker_store_free(other);
}
END_TEST

/* Given up in good order it takes its table with it. */
START_TEST(a_rollback_leaves_no_table)
{
    static const char *const dates[] = {"2024-01-02", "2023-01-02"};
    ticker_store *store = store_suite_open_migrated(url);
    ticker_batch *batch = quotes_of(dates, 2);
    ticker_error error;
    int64_t id = 0;

    ti_error_init(&error);
    share_rows(store);
    for (int settled = 0; settled < 2; settled++) {
        store_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
        store_suite_ok(store->ops->put(store, batch, &error), &error, "put");
        ck_assert_str_eq(outside(loading_sql), "2");
        if (settled)
            store_suite_ok(store->ops->settle(store, &error), &error, "settle");
        store->ops->rollback(store);
        ck_assert_str_eq(outside(loading_sql), "0");
    }
    ck_assert_str_eq(outside("SELECT count(*) FROM quotes"), "0");
    ck_assert_int_eq(store_suite_import(store, &batch, 1, "a", &id), TICKER_OK);
    ck_assert_str_eq(outside("SELECT count(*) FROM quotes"), "2");
    ti_batch_free(batch);
    ticker_store_free(store);
}
END_TEST

/* A server that says nothing any more holds nobody up: not with a COPY going on, nor behind a statement. */
START_TEST(a_rollback_ends_in_time)
{
    static const char *const dates[] = {"2024-01-02"};
    ticker_store *store = store_suite_open_migrated(url);
    ti_postgres *postgres = ti_pg_store(store);
    ticker_batch *batch = quotes_of(dates, 1);
    ticker_error error;
    time_t begun;
    pid_t backend;
    int64_t id = 0;

    ti_error_init(&error);
    if (_i == 0) {
        postgres->few_bytes = 0;
        postgres->send_bytes = 1;
    }
    store_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
    store_suite_ok(store->ops->put(store, batch, &error), &error, "put");
    backend = PQbackendPID(postgres->link->conn);
    if (kill(backend, SIGSTOP) == 0) { /* else it is another machine's, or another user's */
        begun = time(NULL);
        store->ops->rollback(store);
        ck_assert_int_lt(time(NULL) - begun, TEST_SECONDS / 2);
        ck_assert_int_eq(kill(backend, SIGCONT), 0);
    } else {
        store->ops->rollback(store);
    }
    ck_assert_int_eq(store_suite_import(store, &batch, 1, "a", &id), TICKER_OK);
    ck_assert_str_eq(outside("SELECT count(*) FROM quotes"), "1");
    ti_batch_free(batch);
    ticker_store_free(store);
}
END_TEST

/* --- Sorted ---------------------------------------------------------------------------------------------------------------------- */

#define TRADES 600u
#define DAY_ONE "2025-04-28"
#define DAY_TWO "2025-04-29"

/* Rows of two days, of tickers of any length, in no order; some keys come twice, and the later row has the higher volume. */
static ticker_batch *mixed_trades(bool aggressors)
{
    static const char *const tickers[] = {
        "PETR4", "PETR4F", "WINM25", "A", "DIIF27J27", "AVERYLONGTICKER16", "AVERYLONGTICKER17"};
    ticker_batch *batch = ti_batch_new(TICKER_TRADES, TRADES, 64);
    uint32_t number = 1;

    ck_assert_ptr_nonnull(batch);
    for (uint32_t i = 0; i < TRADES; i++) {
        uint32_t row;

        number = number * 1103515245u + 12345u;
        row = store_suite_trade(batch, tickers[(number >> 16) % 7], (number >> 20) % 3 == 0 ? DAY_ONE : DAY_TWO,
                                10 * (int64_t)((number >> 8) % 97), (number >> 5) % 2 == 0 ? 0 : 2);
        batch->i64[TICKER_TRADE_VOLUME][row] = i;
        batch->i64[TICKER_TRADE_REFERENCE_DATE][row] += (number >> 27) % 2;
        if (!aggressors)
            batch->i64[TICKER_TRADE_BUYER_AGGRESSOR][row] = batch->i64[TICKER_TRADE_SELLER_AGGRESSOR][row] =
                batch->i64[TICKER_TRADE_CROSS][row] = TICKER_NULL;
    }
    return batch;
}

static void sort_rows(ticker_store *store, const char *folder)
{
    ti_postgres *postgres = ti_pg_store(store);

    postgres->few_bytes = 0;
    postgres->send_bytes = 1;
    postgres->sort_bytes = 1; /* as little as there can be: it goes through a file */
    store->folder = folder;
}

/* All columns of all rows, and of which import they are, as one number. */
static const char digest_sql[] =
    "SELECT md5(string_agg(t::text, ';' ORDER BY t.*)) || ' ' || count(*) FROM trades AS t";

/* Rows that do not stand in the order of the key, as far as 16 bytes of the ticker tell. */
static const char misplaced_sql[] =
    "SELECT count(*) FROM (SELECT (left(ticker, 16), trade_id, reference_date, session, action) AS own,"
    " lag((left(ticker, 16), trade_id, reference_date, session, action)) OVER (PARTITION BY tableoid ORDER BY ctid) AS"
    " before FROM trades) AS t WHERE before > own";

/* The same rows come out, whether they were sorted or not, and whatever their order was; the last of a key stays. */
START_TEST(trades_lie_in_the_order_of_their_key)
{
    bool aggressors = _i == 1;
    ticker_batch *batch = mixed_trades(aggressors);
    char expected[128];
    int64_t id = 0;

    for (int way = 0; way < 3; way++) {
        static const char *const folders[] = {"/tmp", "/tmp/there is no such folder", NULL};
        ticker_store *store = store_suite_open_migrated(url);

        sort_rows(store, folders[way]);
        ck_assert_int_eq(store_suite_import(store, &batch, 1, "a", &id), TICKER_OK);
        if (way == 0) {
            ck_assert_str_eq(outside(misplaced_sql), "0");
            (void)snprintf(expected, sizeof(expected), "%s", outside(digest_sql));
            ck_assert_str_ne(outside("SELECT count(*) FROM trades"), "600"); /* some replaced others */
        } else {
            ck_assert_str_ne(outside(misplaced_sql), "0");
            ck_assert_str_eq(outside(digest_sql), expected);
        }
        ck_assert_str_eq(outside("SELECT count(*) FROM pg_attrdef AS d JOIN pg_class AS c ON c.oid = adrelid"
                                 " WHERE relname ~ '^trades' AND relnamespace = current_schema()::regnamespace"),
                         "0");
        ticker_store_free(store);
        tear_down();
        own_set_up();
    }
    ti_batch_free(batch);
}
END_TEST

/* What a failed import has sorted does not get into the next one. */
START_TEST(a_rollback_forgets_what_was_sorted)
{
    ticker_store *store = store_suite_open_migrated(url);
    ticker_batch *batch = mixed_trades(true), *few = ti_batch_new(TICKER_TRADES, 1, 64);
    ticker_error error;
    int64_t id = 0;

    ti_error_init(&error);
    ck_assert_ptr_nonnull(few);
    (void)store_suite_trade(few, "PETR4", DAY_ONE, 10, 0);
    sort_rows(store, "/tmp");
    store_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
    store_suite_ok(store->ops->put(store, batch, &error), &error, "put");
    store->ops->rollback(store);
    ck_assert_int_eq(store_suite_import(store, &few, 1, "b", &id), TICKER_OK);
    ck_assert_str_eq(outside("SELECT count(*) FROM trades"), "1");
    ti_batch_free(batch);
    ti_batch_free(few);
    ticker_store_free(store);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("loading");

    if (getenv("TICKER_TEST_POSTGRES") == NULL) {
        (void)fprintf(stderr, "conformance/postgres.sh runs this\n");
        return SKIPPED;
    }
    tcase_add_test(cases, readers_see_nothing_of_loading);
    tcase_add_test(cases, what_a_crash_left_is_dropped);
    tcase_add_test(cases, a_migration_drops_what_a_crash_left);
    tcase_add_test(cases, a_rollback_leaves_no_table);
    tcase_add_loop_test(cases, a_rollback_ends_in_time, 0, 2);
    tcase_add_loop_test(cases, trades_lie_in_the_order_of_their_key, 0, 2);
    tcase_add_test(cases, a_rollback_forgets_what_was_sorted);
    return run_alone("loading", cases);
}
