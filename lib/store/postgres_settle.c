#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <stdio.h>

#include "base/error.h"
#include "model/schema.h"
#include "store/postgres.h"

#define QUOTES_GROUP "ticker, trade_date, market, term_days"

/* Rows that are equal in the key: quotes are counted in file order, which is the order in which they lie in a new table; of trades the last
 * one stays. */
static ticker_status resolve_duplicates(ti_postgres *postgres, const ti_pg_period *period, ticker_error *error)
{
    char sql[1024];

    if (postgres->table == TICKER_QUOTES)
        (void)snprintf(
            sql, sizeof(sql),
            "UPDATE %s AS q SET occurrence = d.number FROM (SELECT ctid, (row_number() OVER (PARTITION BY " QUOTES_GROUP
            " ORDER BY ctid) - 1)::integer AS number FROM %s) AS d WHERE q.ctid = d.ctid AND d.number > 0",
            period->name, period->name);
    else
        (void)snprintf(sql, sizeof(sql),
                       "DELETE FROM %s AS t USING (SELECT ctid, row_number() OVER (PARTITION BY " TI_PG_TRADES_KEY
                       " ORDER BY ctid DESC) AS number FROM %s) AS d WHERE t.ctid = d.ctid AND d.number > 1",
                       period->name, period->name);
    return ti_pg_run(postgres->link, sql, NULL, NULL, error);
}

static ticker_status settle_fresh(ti_postgres *postgres, ti_pg_period *period, ticker_error *error)
{
    bool duplicate = false;
    ticker_status status = ti_pg_build_keys(postgres->link, postgres->table, period, &duplicate, error);

    if (status == TICKER_OK && duplicate) {
        period->duplicates = true;
        status = resolve_duplicates(postgres, period, error);
        if (status == TICKER_OK)
            status = ti_pg_build_keys(postgres->link, postgres->table, period, &duplicate, error);
        if (status == TICKER_OK && duplicate)
            status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_INTERNAL, "rows with the same key are left in %s",
                             period->name);
    }
    if (status == TICKER_OK) {
        status = ti_pg_attach(postgres->link, postgres->table, period, error);
        period->attached = status == TICKER_OK;
    }
    return status;
}

/* ", a = EXCLUDED.a" for every column that is not in the key. */
static void put_assignments(ti_buffer *sql, const ti_copy_layout *layout)
{
    (void)ti_buffer_text(sql, "import_id = EXCLUDED.import_id");
    for (unsigned i = 0; i < layout->count; i++) {
        unsigned column = layout->fields[i].column;
        const char *name = ticker_column_name(layout->table, column);
        bool key = layout->table == TICKER_QUOTES
                       ? column == TICKER_QUOTE_TICKER || column == TICKER_QUOTE_DATE ||
                             column == TICKER_QUOTE_MARKET || column == TICKER_QUOTE_TERM_DAYS
                       : column == TICKER_TRADE_TICKER || column == TICKER_TRADE_DATE ||
                             column == TICKER_TRADE_REFERENCE_DATE || column == TICKER_TRADE_SESSION ||
                             column == TICKER_TRADE_ID || column == TICKER_TRADE_ACTION;
        if (!key)
            (void)ti_buffer_printf(sql, ", %s = EXCLUDED.%s", name, name);
    }
}

/* What stands before a quote's rows with the same key: when some were set aside, the first one may be in its partition already. */
static const char *count_from(const ti_postgres *postgres, bool staged)
{
    return staged && postgres->set_aside > 0
               ? ", import_id, (row_number() OVER (PARTITION BY " QUOTES_GROUP " ORDER BY record) - 1 +"
                 " (SELECT count(*) FROM quotes AS q WHERE q.ticker = s.ticker AND q.trade_date = s.trade_date"
                 " AND q.market IS NOT DISTINCT FROM s.market AND q.term_days IS NOT DISTINCT FROM s.term_days"
                 " AND q.import_id = s.import_id))::integer FROM "
               : ", import_id, (row_number() OVER (PARTITION BY " QUOTES_GROUP " ORDER BY record) - 1)::integer FROM ";
}

/* The rows go in sorted by the key: two imports of the same rows then wait for each other instead of locking each other out. They come
 * from the table of staged ones, or from parameters. */
static void put_merge(ti_buffer *sql, const ti_postgres *postgres, bool staged)
{
    const ti_copy_layout *layout = ti_pg_layout(postgres, postgres->table);
    bool quotes = layout->table == TICKER_QUOTES;

    (void)ti_buffer_text(sql, quotes ? "INSERT INTO quotes (" : "INSERT INTO trades (");
    (void)ti_pg_column_list(sql, layout, "");
    (void)ti_buffer_text(sql, quotes ? ", import_id, occurrence) SELECT "
                                     : ", import_id) SELECT DISTINCT ON (" TI_PG_TRADES_KEY ") ");
    (void)ti_pg_column_list(sql, layout, "");
    (void)ti_buffer_text(sql, quotes ? count_from(postgres, staged) : ", import_id FROM ");
    if (staged)
        (void)ti_buffer_text(sql, "ticker_staged");
    else
        (void)ti_pg_put_source(sql, layout);
    (void)ti_buffer_text(sql, quotes ? " AS s ORDER BY " QUOTES_GROUP ", record ON CONFLICT (" TI_PG_QUOTES_KEY
                                       ") DO UPDATE SET "
                                     : " AS s ORDER BY " TI_PG_TRADES_KEY ", record DESC ON CONFLICT (" TI_PG_TRADES_KEY
                                       ") DO UPDATE SET ");
    put_assignments(sql, layout);
}

static ticker_status merge_staged(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    const char *text;
    ti_buffer sql;

    if (!postgres->stage_made)
        return TICKER_OK;
    if (postgres->table == TICKER_QUOTES)
        status = ti_pg_make_room(postgres, error);
    if (status != TICKER_OK)
        return status;
    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    put_merge(&sql, postgres, true);
    text = ti_buffer_string(&sql);
    status = text != NULL ? ti_pg_run(postgres->link, text, NULL, NULL, error) : ti_fail_memory(error);
    ti_buffer_free(&sql);
    return status;
}

static ticker_status put_insert(ti_postgres *postgres, ti_pg_arrays *arrays, ticker_error *error)
{
    ti_pg_parameters parameters = ti_pg_arrays_end(arrays);
    const char *text;
    ti_buffer sql;
    ticker_status status;

    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    put_merge(&sql, postgres, false);
    text = ti_buffer_string(&sql);
    status = text != NULL ? ti_pg_pipe_put(postgres->link, text, &parameters, error) : ti_fail_memory(error);
    ti_buffer_free(&sql);
    return status;
}

static ticker_status put_removals(ti_postgres *postgres, ti_pg_arrays *arrays, ticker_error *error)
{
    ti_pg_parameters parameters = ti_pg_arrays_end(arrays);
    ticker_status status = ti_pg_put_turns(postgres, error);

    for (size_t i = 0; i < postgres->period_count && status == TICKER_OK; i++)
        if (!postgres->periods[i].fresh)
            status = ti_pg_put_removal(postgres, &postgres->periods[i], &parameters, error);
    return status;
}

/* Few rows are found by the keys, however small the server believes the tables to be: the statements are planned once for many files. */
static const char by_keys_sql[] =
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),"
    " set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)";

ticker_status ti_pg_put_by_keys(ti_pg_link *link, ticker_error *error)
{
    return ti_pg_pipe_put(link, by_keys_sql, NULL, error);
}

static ticker_status put_partitions(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    for (size_t i = 0; i < postgres->period_count && status == TICKER_OK; i++)
        if (postgres->periods[i].fresh)
            status = ti_pg_put_partition(postgres->link, postgres->table, &postgres->periods[i], error);
    return status;
}

ticker_status ti_pg_put_rows(ti_postgres *postgres, ticker_error *error)
{
    const ti_buffer *lists[TI_PG_FEW_PERIODS + 1] = {&postgres->staged};
    size_t count = postgres->staged.size > 0 ? 1 : 0;
    ti_pg_arrays arrays;
    ticker_status status = TICKER_OK;

    for (size_t i = 0; i < postgres->period_count; i++)
        if (postgres->periods[i].fresh)
            lists[count++] = &postgres->periods[i].rows;
    if (count == 0)
        return TICKER_OK;
    ti_pg_arrays_init(&arrays);
    if (!ti_pg_arrays_layout(&arrays, ti_pg_layout(postgres, postgres->table), lists, count) ||
        !ti_pg_arrays_int8(&arrays, postgres->import_id))
        status = ti_fail_memory(error);
    if (status == TICKER_OK)
        status = put_partitions(postgres, error);
    if (status == TICKER_OK && postgres->table == TICKER_QUOTES)
        status = put_removals(postgres, &arrays, error);
    if (status == TICKER_OK)
        status = put_insert(postgres, &arrays, error);
    ti_pg_arrays_free(&arrays);
    return status;
}

/* Whether rows of the file replaced one another in what is a partition of its own. */
static ticker_status find_duplicates(ti_postgres *postgres, ti_pg_period *period, ticker_error *error)
{
    char sql[128];
    ti_pg_result *result = NULL;
    ticker_status status;

    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", period->name);
    status = ti_pg_run(postgres->link, sql, NULL, &result, error);
    if (status == TICKER_OK)
        period->duplicates = ti_pg_integer(result, 0, 0) < period->records;
    ti_pg_free(result);
    return status;
}

static ticker_status settled(ti_postgres *postgres, bool duplicates, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    for (size_t i = 0; i < postgres->period_count && status == TICKER_OK; i++) {
        ti_pg_period *period = &postgres->periods[i];

        period->attached = period->fresh;
        period->fresh = false;
        if (period->attached && duplicates)
            status = find_duplicates(postgres, period, error);
    }
    return status;
}

/* Trades are asked for before the commit, so they are put in now. */
static ticker_status settle_few_trades(ti_postgres *postgres, ticker_error *error)
{
    ti_pg_result *answers[TI_PG_FEW_PERIODS * 2 + 2] = {NULL};
    size_t count = 0;
    ticker_status status = ti_pg_pipe_begin(postgres->link, error);

    if (status == TICKER_OK)
        status = ti_pg_put_by_keys(postgres->link, error);
    if (status == TICKER_OK)
        status = ti_pg_put_rows(postgres, error);
    if (status == TICKER_OK) {
        count = ti_pg_pipe_count(postgres->link);
        status = ti_pg_pipe_end(postgres->link, answers, count, NULL, error);
    }
    if (status == TICKER_OK)
        status = settled(postgres, ti_pg_affected(answers[count - 1]) < (size_t)postgres->records, error);
    for (size_t i = 0; i < count; i++)
        ti_pg_free(answers[i]);
    return status;
}

/* Sorted rows are faster made into a key by one process than by several, whose parts have to be merged. */
static ticker_status settle_much(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = ti_pg_finish_copy(postgres, error);

    if (status == TICKER_OK && postgres->spool != NULL)
        status = ti_pg_run(postgres->link, "SET LOCAL max_parallel_maintenance_workers = 0", NULL, NULL, error);
    if (status == TICKER_OK)
        status = ti_pg_share_keys(postgres, error);
    for (size_t i = 0; i < postgres->period_count && status == TICKER_OK; i++) {
        if (postgres->periods[i].shared)
            status = ti_pg_share_attach(postgres, &postgres->periods[i], error);
        else if (postgres->periods[i].fresh)
            status = settle_fresh(postgres, &postgres->periods[i], error);
    }
    if (status == TICKER_OK)
        status = merge_staged(postgres, error);
    /* By now its own tables have other names. It is large, so looking once more costs it nothing. */
    return status == TICKER_OK ? ti_pg_drop_leftovers(postgres->link, error) : status;
}

ticker_status ti_pg_settle(ticker_store *store, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    ticker_status status;

    if (ti_pg_few(postgres)) {
        status = postgres->leftovers ? ti_pg_drop_leftovers(postgres->link, error) : TICKER_OK;
        if (status != TICKER_OK || postgres->period_count == 0)
            return status;
        postgres->later = postgres->table == TICKER_QUOTES;
        return postgres->later ? TICKER_OK : settle_few_trades(postgres, error);
    }
    return settle_much(postgres, error);
}

bool ti_pg_day_is_new(const ticker_store *store, int64_t date)
{
    const ti_postgres *postgres = (const ti_postgres *)store;

    for (size_t i = 0; i < postgres->period_count; i++) {
        const ti_pg_period *period = &postgres->periods[i];
        if (period->first <= date && date < period->end)
            return postgres->table == TICKER_TRADES && period->attached && !period->duplicates;
    }
    return false;
}

#endif
