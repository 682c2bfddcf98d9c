/* Tables that Citus distributes, or that stand-ins say are distributed (conformance/citus.sh): how they become so, and what imports do. */
#include <sys/wait.h>
#include <time.h>

#include "postgres_scene.h"

static ticker_store *open_local(void)
{
    ticker_store *store = store_suite_open(url);
    ticker_error error;

    ti_error_init(&error);
    store_suite_ok(ticker_store_migrate(store, &error), &error, "migrate");
    return store;
}

static const char distributed_sql[] =
    "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_dist_partition AS p JOIN pg_class AS c ON c.oid ="
    " p.logicalrelid WHERE c.relnamespace = current_schema()::regnamespace AND partmethod = 'h'"
    " AND column_to_column_name(p.logicalrelid, p.partkey) = 'ticker' AND NOT c.relispartition";

/* Rows that were there go along, more come to them, and those of the same keys take their places; also years that nobody had before. */
START_TEST(rows_before_and_after)
{
    static const char *const before[] = {"2023-12-29", "2024-01-02"}, *const after[] = {"2024-01-02", "2025-01-02"};
    ticker_store *store = open_local();
    ticker_batch *first = quotes_of(before, 2), *second = quotes_of(after, 2);
    ticker_error error;
    int64_t id = 0;

    ti_error_init(&error);
    ck_assert_int_eq(store_suite_import(store, &first, 1, "a", &id), TICKER_OK);
    store_suite_ok(ticker_store_distribute(store, &error), &error, "distribute");
    store_suite_ok(ticker_store_distribute(store, &error), &error, "distribute again");
    ck_assert_str_eq(outside(distributed_sql), "quotes trades");
    ck_assert_str_eq(outside("SELECT count(*) FROM quotes"), "2");
    ck_assert_int_eq(store_suite_import(store, &second, 1, "b", &id), TICKER_OK);
    ck_assert_str_eq(
        outside("SELECT string_agg(trade_date || ' ' || (import_id > 1), ', ' ORDER BY trade_date) FROM quotes"),
        "2023-12-29 false, 2024-01-02 true, 2025-01-02 true");
    ck_assert_str_eq(outside("SELECT count(*) FROM pg_inherits WHERE inhparent = 'quotes'::regclass"), "3");
    ti_batch_free(first);
    ti_batch_free(second);
    ticker_store_free(store);
}
END_TEST

/* What was broken off between the two tables is refused by imports, and goes on. */
START_TEST(distributed_by_half)
{
    static const char *const dates[] = {"2024-01-02"};
    ticker_store *store = open_local();
    ticker_batch *batch = quotes_of(dates, 1);
    ticker_error error;
    int64_t id = 0;

    ti_error_init(&error);
    (void)outside("SELECT create_distributed_table('trades', 'ticker', colocate_with => 'none')");
    ck_assert_int_eq(store->ops->begin(store, &id, &error), TICKER_FATAL);
    ck_assert_ptr_nonnull(strstr(error.hint, "db distribute"));
    ti_error_init(&error);
    store_suite_ok(ticker_store_distribute(store, &error), &error, "distribute");
    ck_assert_str_eq(outside(distributed_sql), "quotes trades");
    ck_assert_int_eq(store_suite_import(store, &batch, 1, "a", &id), TICKER_OK);
    ti_batch_free(batch);
    ticker_store_free(store);
}
END_TEST

START_TEST(distributed_by_something_else)
{
    ticker_store *store = open_local();
    ticker_error error;

    ti_error_init(&error);
    (void)outside("SELECT create_distributed_table('quotes', 'trade_date', colocate_with => 'none')");
    ck_assert_int_eq(ticker_store_distribute(store, &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_DATABASE);
    ck_assert_ptr_nonnull(strstr(error.message, "not distributed by ticker"));
    ticker_store_free(store);
}
END_TEST

/* An import that has begun is waited for; and when it needs a year of which another session makes the partition, neither waits for the
 * other for ever. */
START_TEST(distribution_waits_for_imports)
{
    static const char *const dates[] = {"2024-01-02"};
    ticker_store *store = open_local(), *other = store_suite_open(url);
    ticker_batch *batch = quotes_of(dates, 1);
    ti_ledger_row row = ledger_row("imported");
    ticker_error error;
    int64_t id = 0;
    const struct timespec moment = {.tv_nsec = 10000000};
    pid_t child;
    int result = -1;

    ti_error_init(&error);
    store_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        ticker_store *own = store_suite_open(url);
        ticker_status status = ticker_store_distribute(own, &error);

        ticker_store_free(own);
        _exit(status == TICKER_OK ? 0 : 1);
    }
    while (strcmp(outside("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"), "0") == 0)
        (void)nanosleep(&moment, NULL);
    store_suite_ok(store->ops->put(store, batch, &error), &error, "put");
    store_suite_ok(store->ops->settle(store, &error), &error, "settle");
    ck_assert_str_eq(outside("SELECT count(*) FROM pg_dist_partition AS p JOIN pg_class AS c ON c.oid = p.logicalrelid"
                             " WHERE c.relnamespace = current_schema()::regnamespace"),
                     "0");
    store_suite_ok(store->ops->commit(store, &row, NULL, NULL, &id, &error), &error, "commit");
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_msg(WIFEXITED(result) && WEXITSTATUS(result) == 0, "the process ended with %d", result);
    ck_assert_int_eq(store_suite_import(other, &batch, 1, "c", &id), TICKER_OK);
    ck_assert_str_eq(outside("SELECT count(*) FROM quotes"), "1");
    ti_batch_free(batch);
    ticker_store_free(store);
    ticker_store_free(other);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("distributed");

    if (getenv("TICKER_TEST_POSTGRES") == NULL || getenv("TICKER_TEST_DISTRIBUTE") == NULL) {
        (void)fprintf(stderr, "conformance/citus.sh runs this\n");
        return SKIPPED;
    }
    tcase_add_test(cases, rows_before_and_after);
    tcase_add_test(cases, distributed_by_half);
    tcase_add_test(cases, distributed_by_something_else);
    tcase_add_test(cases, distribution_waits_for_imports);
    return run_alone("distributed", cases);
}
