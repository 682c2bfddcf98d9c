/* The big tables as distributed tables of Citus: made so once, and what imports do otherwise from then on. */
#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "model/schema.h"
#include "store/postgres.h"

#define COLUMN "ticker"
#define LOCKED "55P03" /* SQLSTATE of a lock that was not to be had in time */
#define TRIES 450      /* of two seconds each */
#define TRIES_PAUSE 50 /* milliseconds: those who waited behind go first */

/* --- What is distributed ------------------------------------------------------------------------------------------------------- */

static ticker_status fail_without(const ti_pg_link *link, ticker_error *error)
{
    (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "PostgreSQL (%s): this database has no Citus",
                  ti_pg_where(link));
    ti_error_hint(error,
                  "install Citus on the coordinator and its workers, name it in shared_preload_libraries, and run "
                  "CREATE EXTENSION citus in this database");
    return TICKER_FATAL;
}

/* *found: it is distributed by its tickers. */
static ticker_status ask_table(ti_pg_link *link, ticker_table table, bool *found, ticker_error *error)
{
    static const char sql[] =
        "SELECT p.partmethod = 'h', coalesce(pg_catalog.column_to_column_name(p.logicalrelid, p.partkey), '')"
        " FROM pg_catalog.pg_dist_partition AS p JOIN pg_class AS c ON c.oid = p.logicalrelid"
        " WHERE c.relname = $1 AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";
    static const unsigned types[] = {TI_PG_OID_TEXT};
    const char *const values[] = {ticker_table_name(table)};
    const ti_pg_parameters parameters = {.count = 1, .types = types, .values = values};
    ti_pg_result *result = NULL;
    ticker_status status = ti_pg_run(link, sql, &parameters, &result, error);

    *found = false;
    if (status == TICKER_OK && ti_pg_rows(result) > 0) {
        *found = ti_slice_is(ti_pg_cell(result, 0, 0), "t") && ti_slice_is(ti_pg_cell(result, 0, 1), COLUMN);
        if (!*found) {
            status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_DATABASE,
                             "PostgreSQL (%s): Citus has the table %s already, but not distributed by " COLUMN,
                             ti_pg_where(link), ticker_table_name(table));
            ti_error_hint(error, "undo that with undistribute_table(), then try again");
        }
    }
    ti_pg_free(result);
    return status;
}

ticker_status ti_pg_learn_layout(ti_postgres *postgres, bool citus, ticker_error *error)
{
    bool quotes = false, trades = false;
    ticker_status status = TICKER_OK;

    postgres->distributed = false;
    if (!citus)
        return TICKER_OK;
    status = ask_table(postgres->link, TICKER_QUOTES, &quotes, error);
    if (status == TICKER_OK)
        status = ask_table(postgres->link, TICKER_TRADES, &trades, error);
    if (status != TICKER_OK || quotes == trades) {
        postgres->distributed = quotes;
        return status;
    }
    status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_DATABASE,
                     "PostgreSQL (%s): of quotes and trades only one is distributed", ti_pg_where(postgres->link));
    ti_error_hint(error, "run 'ticker-cli db distribute' again");
    return status;
}

/* --- Distributing -------------------------------------------------------------------------------------------------------------- */

/* No import is at work while the transaction lasts, and none begins. */
static ticker_status begin_alone(ti_pg_link *link, ticker_error *error)
{
    ticker_status status = ti_pg_run(link,
                                     "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0;"
                                     " SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = 0",
                                     NULL, NULL, error);

    return status == TICKER_OK ? ti_pg_lock(link, TI_PG_LAYOUT_LOCK, "", false, error) : status;
}

/* The two tables lie together, apart from other tables of the cluster. */
static ticker_status distribute(ti_pg_link *link, ticker_table table, bool beside, ticker_error *error)
{
    static const char sql[] =
        "SELECT pg_catalog.create_distributed_table(format('%I.%I', current_schema(), $1::text)::regclass, '" COLUMN
        "', colocate_with => CASE WHEN $2::text = '' THEN 'none' ELSE format('%I.%I', current_schema(), $2::text) END)";
    static const unsigned types[] = {TI_PG_OID_TEXT, TI_PG_OID_TEXT};
    const char *other = ticker_table_name(table == TICKER_QUOTES ? TICKER_TRADES : TICKER_QUOTES);
    const char *const values[] = {ticker_table_name(table), beside ? other : ""};
    const ti_pg_parameters parameters = {.count = 2, .types = types, .values = values};

    return ti_pg_run(link, sql, &parameters, NULL, error);
}

static ticker_status distribute_both(ti_pg_link *link, ticker_error *error)
{
    bool quotes = false, trades = false;
    ticker_status status = begin_alone(link, error);

    if (status == TICKER_OK)
        status = ask_table(link, TICKER_QUOTES, &quotes, error);
    if (status == TICKER_OK)
        status = ask_table(link, TICKER_TRADES, &trades, error);
    if (status == TICKER_OK && !quotes)
        status = distribute(link, TICKER_QUOTES, trades, error);
    if (status == TICKER_OK && !trades)
        status = distribute(link, TICKER_TRADES, true, error);
    return status == TICKER_OK ? ti_pg_commit(link, error) : status;
}

/* Citus leaves the rows that it has copied to the workers where they were, unseen. */
static ticker_status drop_leftovers(ti_pg_link *link, ticker_error *error)
{
    static const char sql[] =
        "SELECT pg_catalog.truncate_local_data_after_distributing_table("
        "format('%I.%I', current_schema(), t)::regclass) FROM (VALUES ('quotes'), ('trades')) AS n (t)";
    ticker_status status = begin_alone(link, error);

    if (status == TICKER_OK)
        status = ti_pg_run(link, sql, NULL, NULL, error);
    return status == TICKER_OK ? ti_pg_commit(link, error) : status;
}

ticker_status ti_pg_distribute(ticker_store *store, ticker_error *error)
{
    ti_pg_link *link = ti_pg_store(store)->link;
    ti_pg_result *result = NULL;
    bool citus = false;
    ticker_status status = ti_pg_idle(ti_pg_store(store), error);

    if (status == TICKER_OK)
        status = ti_pg_run(link, "SELECT " TI_PG_HAS_CITUS, NULL, &result, error);
    if (status == TICKER_OK)
        citus = ti_slice_is(ti_pg_cell(result, 0, 0), "t");
    ti_pg_free(result);
    if (status == TICKER_OK && !citus)
        return fail_without(link, error);
    if (status == TICKER_OK)
        status = distribute_both(link, error);
    if (status == TICKER_OK)
        status = drop_leftovers(link, error);
    if (status != TICKER_OK)
        ti_pg_rollback(link);
    return status;
}

/* --- Partitions ---------------------------------------------------------------------------------------------------------------- */

static void pause_for(long milliseconds)
{
    const struct timespec pause = {.tv_nsec = milliseconds * 1000000};

    (void)nanosleep(&pause, NULL);
}

/* The parent is locked for a moment, and readers that come meanwhile wait: so nobody is made to wait longer than two seconds when an
 * import that goes on keeps the lock from being had. */
static ticker_status create(ti_pg_link *link, const ticker_store *store, const char *sql, ticker_error *error)
{
    ticker_status status = ti_pg_run(link, "SET statement_timeout = 0; SET lock_timeout = '2s'", NULL, NULL, error);

    for (int try = 1; status == TICKER_OK; try++) {
        ticker_error why;

        ti_error_init(&why);
        status = ti_pg_run(link, sql, NULL, NULL, &why);
        if (status == TICKER_OK || strcmp(why.sqlstate, LOCKED) != 0 || try == TRIES || ti_store_interrupted(store)) {
            if (status != TICKER_OK)
                ti_error_copy(error, &why);
            break;
        }
        status = TICKER_OK;
        pause_for(TRIES_PAUSE);
    }
    return status;
}

/* Another connection makes it, in a transaction of its own: Citus has to do it on all nodes, which does not go well with what a
 * transaction has done before; and nobody is locked out until the import has ended. When the import does not succeed, an empty
 * partition is left. The import itself has not touched the table yet, or it would wait for itself. */
ticker_status ti_pg_add_partition(ti_postgres *postgres, ticker_table table, ti_pg_period *period, ticker_error *error)
{
    ti_pg_link *link = NULL;
    const char *text;
    ti_buffer sql;
    ticker_status status;

    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    (void)ti_buffer_printf(&sql, "CREATE TABLE %s PARTITION OF %s FOR VALUES ", period->name, ticker_table_name(table));
    text = ti_pg_bounds(&sql, period) ? ti_buffer_string(&sql) : NULL;
    status = text != NULL ? ti_pg_open_another(postgres->link, &link, error) : ti_fail_memory(error);
    if (status == TICKER_OK) {
        ti_pg_watch(link, &postgres->base);
        status = create(link, &postgres->base, text, error);
    }
    ti_pg_close(link);
    ti_buffer_free(&sql);
    if (status == TICKER_OK)
        period->fresh = false;
    return status;
}

#endif
