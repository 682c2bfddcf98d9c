#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <stdlib.h>

#include "base/error.h"
#include "base/random.h"
#include "store/postgres.h"

#define EPOCH_MAX (INT64_MAX >> 1) /* of the first one: it only grows */

static void close_store(ticker_store *store)
{
    ti_postgres *postgres = ti_pg_store(store);

    if (postgres == NULL)
        return;
    if (postgres->loader_count > 0) /* what was made outside of the transaction goes too */
        ti_pg_rollback_import(store);
    ti_pg_close(postgres->link); /* the server rolls back what is open */
    ti_pg_forget(postgres);
    ti_pg_prepared_forget(&postgres->prepared);
    free(postgres);
}

static bool is_usable(ticker_store *store)
{
    ti_postgres *postgres = ti_pg_store(store);
    bool usable = !postgres->importing && !postgres->streaming && ti_pg_usable(postgres->link);

    if (usable && postgres->listening != 0 && ti_pg_notified(postgres->link)) /* so that they do not pile up */
        postgres->epoch++;
    return usable;
}

static const ti_store_ops ops = {
    .size = sizeof(ti_store_ops),
    .name = "postgresql",
    .close = close_store,
    .version = ti_pg_version,
    .migrate = ti_pg_migrate,
    .distribute = ti_pg_distribute,
    .find_import = ti_pg_find_import,
    .begin = ti_pg_begin,
    .put = ti_pg_put,
    .settle = ti_pg_settle,
    .day_is_new = ti_pg_day_is_new,
    .scan_trades = ti_pg_scan_trades,
    .put_day_quotes = ti_pg_put_day_quotes,
    .commit = ti_pg_commit_import,
    .rollback = ti_pg_rollback_import,
    .record = ti_pg_record,
    .mark = ti_pg_mark,
    .progress = ti_pg_progress,
    .versions = ti_pg_versions,
    .pending_bumps = ti_pg_pending_bumps,
    .confirm_bumps = ti_pg_confirm_bumps,
    .epoch = ti_pg_epoch,
    .usable = is_usable,
    .query = ti_pg_query,
    .queue = &ti_pg_queue,
};

ticker_status ti_postgres_open(const char *url, ticker_store **store, ticker_error *error)
{
    ti_postgres *postgres = calloc(1, sizeof(*postgres));
    ticker_status status;

    if (postgres == NULL)
        return ti_fail_memory(error);
    postgres->base.ops = &ops;
    postgres->few_bytes = TI_PG_FEW_BYTES;
    postgres->send_bytes = TI_PG_SEND_BYTES;
    postgres->large_bytes = TI_PG_LARGE_BYTES;
    postgres->sort_bytes = TI_PG_SORT_BYTES;
    ti_pg_forget(postgres);
    if (!ti_random(&postgres->epoch, sizeof(postgres->epoch))) {
        close_store(&postgres->base);
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "the system has no random numbers");
    }
    postgres->epoch &= EPOCH_MAX;
    if (!ti_copy_layout_make(&postgres->quotes, TICKER_QUOTES) ||
        !ti_copy_layout_make(&postgres->trades, TICKER_TRADES))
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "the schema has a type that COPY cannot be given");
    else
        status = ti_pg_open(url, &postgres->link, error);
    if (status != TICKER_OK) {
        close_store(&postgres->base);
        return status;
    }
    ti_pg_watch(postgres->link, &postgres->base);
    *store = &postgres->base;
    return TICKER_OK;
}

#endif
