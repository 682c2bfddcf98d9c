/* A large new partition of quotes is loaded over several connections at once. (Trades are sorted instead: see postgres_sort.c.)
 *
 * Its table has a name that nobody looks for, is made and filled in transactions of their own, and gets its indexes there. The transaction
 * of the import renames and attaches it and writes the ledger row: until then readers see nothing of it, and nothing of all this locks
 * them out. While it lasts it holds a lock on the table's name: a table whose lock is free is what a crash has left, and the next import
 * drops it.
 *
 * Rows of several connections lie in the table in any order, so that nothing tells any more which of two with the same key was first.
 * Therefore a row whose key may have come before is set aside with its number, and put in at the end like rows of a partition that was
 * there: the key is built on rows that are surely different. */
#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mix.h"
#include "base/random.h"
#include "model/schema.h"
#include "store/postgres.h"

#define TOKEN_BYTES 8
#define LEFTOVERS_MAX 1000
#define SHARE_SQL_MAX 2048

/* Nobody waits for the disk: the import's commit, which comes later in the same log, does. A lock that is not to be had soon is that of a
 * migration that waits for this import. */
#define BEGIN_SQL                                                                                                      \
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s';"           \
    " SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL synchronous_commit = off;"                          \
    " SELECT set_config('maintenance_work_mem', greatest(pg_size_bytes(current_setting('maintenance_work_mem')) / "    \
    "1024, 262144) || 'kB', true)"

/* --- Rows whose key may have come before ---------------------------------------------------------------------------------------- */

bool ti_pg_may_share(const ti_postgres *postgres, const ti_pg_period *period)
{
    return postgres->table == TICKER_QUOTES && postgres->base.connections > 1 && period->fresh && !period->made &&
           !period->single && !period->shared;
}

static uint64_t add_number(uint64_t hash, uint64_t seed, int64_t number)
{
    return ti_mix(hash ^ (uint64_t)number, seed ^ 0xc4ceb9fe1a85ec53u);
}

static uint64_t number_key(uint64_t seed, const ticker_batch *quotes, size_t row)
{
    uint64_t hash = ti_mix_bytes(seed, ti_batch_text(quotes, TICKER_QUOTE_TICKER, row));

    hash = add_number(hash, seed, quotes->i64[TICKER_QUOTE_DATE][row]);
    hash = add_number(hash, seed, quotes->i64[TICKER_QUOTE_TERM_DAYS][row]);
    return ti_mix_bytes(hash ^ seed, ti_batch_text(quotes, TICKER_QUOTE_MARKET, row));
}

/* Whoever wrote the file must not be able to choose which keys look alike: hence the seed. */
static bool begin_numbers(ti_postgres *postgres)
{
    if (postgres->seen == NULL && ti_random(&postgres->seed, sizeof(postgres->seed)))
        postgres->seen = ti_seen_new();
    return postgres->seen != NULL;
}

bool ti_pg_number_keys(ti_postgres *postgres, const ticker_batch *batch, uint64_t *numbers)
{
    if (postgres->base.connections < 2 || postgres->distributed || postgres->table != TICKER_QUOTES)
        return false;
    if (!begin_numbers(postgres)) {
        postgres->base.connections = 0;
        return false;
    }
    for (size_t row = 0; row < batch->rows; row++) {
        numbers[row] = number_key(postgres->seed, batch, row);
        ti_seen_expect(postgres->seen, numbers[row]);
    }
    return true;
}

bool ti_pg_again(ti_postgres *postgres, ti_pg_period *period, uint64_t number)
{
    if (period->single || period->made || !ti_seen_add(postgres->seen, number))
        return false;
    if (period->shared) {
        postgres->set_aside++;
        return true;
    }
    period->single = true; /* a file that begins so is no usual one, and rows before it have no number */
    return false;
}

/* --- The connections ------------------------------------------------------------------------------------------------------------ */

static ticker_status begin(ti_pg_loader *loader, ticker_error *error)
{
    ticker_status status = loader->open ? TICKER_OK : ti_pg_run(loader->link, BEGIN_SQL, NULL, NULL, error);

    loader->open = status == TICKER_OK;
    return status;
}

static ticker_status end_copy(ti_pg_loader *loader, ticker_error *error)
{
    bool copying = loader->copying;

    loader->copying = false;
    return copying ? ti_pg_copy_end(loader->link, error) : TICKER_OK;
}

/* Ends the COPY and the transaction. */
static ticker_status end(ti_pg_loader *loader, ticker_error *error)
{
    bool open = loader->open;
    ticker_status status = end_copy(loader, error);

    if (status != TICKER_OK)
        return status;
    loader->open = false;
    return open ? ti_pg_commit(loader->link, error) : TICKER_OK;
}

/* As many as there are to be had: a server that takes no more of them is no reason to fail. */
static void open_loaders(ti_postgres *postgres)
{
    size_t wanted = postgres->base.connections < TI_PG_LOADERS_MAX ? postgres->base.connections : TI_PG_LOADERS_MAX;

    while (postgres->loader_count < wanted) {
        ti_pg_link *link = NULL;
        ticker_error unused;

        ti_error_init(&unused);
        if (ti_pg_open_another(postgres->link, &link, &unused) != TICKER_OK)
            break;
        ti_pg_watch(link, &postgres->base);
        postgres->loaders[postgres->loader_count++] = (ti_pg_loader){.link = link};
    }
}

static void close_loaders(ti_postgres *postgres)
{
    for (size_t i = 0; i < postgres->loader_count; i++) {
        ti_pg_rollback(postgres->loaders[i].link);
        ti_pg_close(postgres->loaders[i].link);
    }
    postgres->loader_count = postgres->loader_next = 0;
}

/* --- Loading -------------------------------------------------------------------------------------------------------------------- */

/* Its own transaction, because the other connections are to see the table. Autovacuum stays away: it would stand in the way of the keys. */
static ticker_status make_table(ti_postgres *postgres, const ti_pg_period *period, ticker_error *error)
{
    ti_pg_loader *loader = &postgres->loaders[0];
    char sql[128];
    ticker_status status = end(loader, error);

    (void)snprintf(sql, sizeof(sql), "ALTER TABLE %s SET (autovacuum_enabled = off)", period->loading);
    if (status == TICKER_OK)
        status = begin(loader, error);
    if (status == TICKER_OK)
        status = ti_pg_make(postgres, loader->link, period, period->loading, error);
    if (status == TICKER_OK)
        status = ti_pg_run(loader->link, sql, NULL, NULL, error);
    return status == TICKER_OK ? end(loader, error) : status;
}

ticker_status ti_pg_share(ti_postgres *postgres, ti_pg_period *period, ticker_error *error)
{
    char token[2 * TOKEN_BYTES + 1];
    ticker_status status;

    if (postgres->loader_count == 0)
        open_loaders(postgres);
    if (postgres->loader_count < 2 || !ti_random_hex(TOKEN_BYTES, token)) {
        period->single = true;
        return TICKER_OK;
    }
    _Static_assert(sizeof(TI_PG_LOADING) + 2 * TOKEN_BYTES <= TI_PG_NAME_MAX, "the name fits");
    (void)snprintf(period->loading, sizeof(period->loading), TI_PG_LOADING "%s", token);
    status = ti_pg_lock(postgres->link, "loading", period->loading, false, error);
    if (status == TICKER_OK)
        status = make_table(postgres, period, error);
    period->shared = status == TICKER_OK;
    return status;
}

static ticker_status begin_copy(ti_postgres *postgres, ti_pg_loader *loader, const ti_pg_period *period,
                                ticker_error *error)
{
    const char *text;
    ti_buffer sql;
    ticker_status status = end_copy(loader, error);

    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    (void)ti_buffer_printf(&sql, "COPY %s (", period->loading);
    (void)ti_pg_column_list(&sql, ti_pg_layout(postgres, postgres->table), "");
    (void)ti_buffer_text(&sql, ") FROM STDIN (FORMAT binary)");
    text = ti_buffer_string(&sql);
    if (status == TICKER_OK && text == NULL)
        status = ti_fail_memory(error);
    if (status == TICKER_OK)
        status = begin(loader, error);
    if (status == TICKER_OK)
        status = ti_pg_copy_begin(loader->link, text, error);
    loader->copying = status == TICKER_OK;
    loader->first = period->first;
    ti_buffer_free(&sql);
    return status;
}

ticker_status ti_pg_share_rows(ti_postgres *postgres, const ti_pg_period *period, ticker_error *error)
{
    ti_pg_link *links[TI_PG_LOADERS_MAX];
    ti_pg_loader *loader;
    ticker_status status = TICKER_OK;

    for (size_t i = 0; i < postgres->loader_count; i++)
        links[i] = postgres->loaders[i].link;
    loader = &postgres->loaders[ti_pg_choose(links, postgres->loader_count, postgres->loader_next)];
    postgres->loader_next = (size_t)(loader - postgres->loaders + 1) % postgres->loader_count;
    if (!loader->copying || loader->first != period->first)
        status = begin_copy(postgres, loader, period, error);
    if (status == TICKER_OK)
        status = ti_pg_copy_send(loader->link, period->rows.data, period->rows.size, error);
    if (status != TICKER_OK)
        loader->copying = false;
    return status;
}

ticker_status ti_pg_share_end(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    for (size_t i = 0; i < postgres->loader_count && status == TICKER_OK; i++)
        status = end(&postgres->loaders[i], error);
    return status;
}

/* --- Keys ----------------------------------------------------------------------------------------------------------------------- */

/* The indexes of a table of quotes: those that its parent has. The server may set as many of its processes to work on the key as there
 * are connections: more of them than processors make it slower. */
static bool put_index(const ti_postgres *postgres, char *sql, size_t size, const char *name, unsigned number)
{
    if (number == 0)
        (void)snprintf(sql, size,
                       BEGIN_SQL "; SELECT set_config('max_parallel_maintenance_workers',"
                                 " least(current_setting('max_parallel_maintenance_workers')::int, %u)::text, true);"
                                 " CREATE UNIQUE INDEX %s_key ON %s (" TI_PG_QUOTES_KEY ") NULLS NOT DISTINCT; COMMIT",
                       postgres->base.connections - 1, name, name);
    else if (number == 1)
        (void)snprintf(sql, size, BEGIN_SQL "; CREATE INDEX %s_day ON %s USING brin (trade_date); COMMIT", name, name);
    else
        return false;
    return true;
}

/* Waits for the answers of the first `count`; keeps the first failure, which comes after `status`. */
static ticker_status take_all(ti_postgres *postgres, size_t count, ticker_status status, ticker_error *error)
{
    for (size_t i = 0; i < count; i++) {
        ticker_error why;
        ticker_status taken;

        ti_error_init(&why);
        taken = ti_pg_take(postgres->loaders[i].link, &why);
        if (status == TICKER_OK && taken != TICKER_OK) {
            status = taken;
            ti_error_copy(error, &why);
        }
    }
    return status;
}

ticker_status ti_pg_share_keys(ti_postgres *postgres, ticker_error *error)
{
    char sql[SHARE_SQL_MAX];
    size_t sent = 0;
    ticker_status status = TICKER_OK;

    for (size_t i = 0; i < postgres->period_count && status == TICKER_OK; i++) {
        const ti_pg_period *period = &postgres->periods[i];

        if (!period->shared)
            continue;
        for (unsigned n = 0; status == TICKER_OK && put_index(postgres, sql, sizeof(sql), period->loading, n); n++) {
            status = ti_pg_send(postgres->loaders[sent].link, sql, error);
            sent += status == TICKER_OK ? 1 : 0;
            if (sent == postgres->loader_count) {
                status = take_all(postgres, sent, status, error);
                sent = 0;
            }
        }
    }
    return take_all(postgres, sent, status, error);
}

/* All names become those of a partition that the import made by itself. */
ticker_status ti_pg_share_attach(ti_postgres *postgres, ti_pg_period *period, ticker_error *error)
{
    const char *text, *name = period->name, *loading = period->loading;
    ti_buffer sql;
    ticker_status status;

    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    (void)ti_buffer_printf(&sql,
                           "ALTER TABLE %s RESET (autovacuum_enabled); ALTER TABLE %s RENAME TO %s;"
                           " ALTER TABLE %s ADD CONSTRAINT %s_key UNIQUE USING INDEX %s_key;",
                           loading, loading, name, name, name, loading);
    (void)ti_buffer_printf(&sql,
                           " ALTER INDEX %s_day RENAME TO %s_trade_date_idx;"
                           " ALTER TABLE quotes ATTACH PARTITION %s FOR VALUES ",
                           loading, name, name);
    (void)ti_pg_bounds(&sql, period);
    (void)ti_buffer_printf(&sql, "; ALTER TABLE %s DROP CONSTRAINT %s_period, ALTER COLUMN import_id DROP DEFAULT",
                           name, loading);
    text = ti_buffer_string(&sql);
    status = text != NULL ? ti_pg_run(postgres->link, text, NULL, NULL, error) : ti_fail_memory(error);
    ti_buffer_free(&sql);
    if (status == TICKER_OK) {
        period->attached = true;
        period->fresh = false;
    }
    return status;
}

/* --- What is left ---------------------------------------------------------------------------------------------------------------- */

/* What cannot be dropped now the next import drops. */
static void drop_table(ti_pg_link *link, const char *name)
{
    ticker_error unused;
    char sql[SHARE_SQL_MAX];

    ti_error_init(&unused);
    (void)snprintf(sql, sizeof(sql), BEGIN_SQL "; DROP TABLE IF EXISTS %s; COMMIT", name);
    if (ti_pg_run(link, sql, NULL, NULL, &unused) != TICKER_OK)
        ti_pg_rollback(link);
}

void ti_pg_share_forget(ti_postgres *postgres, bool committed)
{
    close_loaders(postgres);
    ti_seen_free(postgres->seen);
    postgres->seen = NULL;
    for (size_t i = 0; i < postgres->period_count; i++)
        if (postgres->periods[i].loading[0] != '\0' && !committed)
            drop_table(postgres->link, postgres->periods[i].loading);
}

/* A table that belongs to nobody who is at work: its lock, which its import would hold, is to be had. */
ticker_status ti_pg_drop_leftovers(ti_pg_link *link, ticker_error *error)
{
    static const char find_sql[] = "SELECT name FROM (SELECT name, pg_try_advisory_xact_lock(" TI_PG_LOCK_KEY(
        "'loading' || name") ") AS ours"
                             " FROM (SELECT relname::text AS name FROM pg_class WHERE relname ~ '^" TI_PG_LOADING
                             "[0-9a-f]{16}$'"
                             " AND relkind = 'r' AND relnamespace = " TI_PG_OUR_SCHEMA
                             " AND pg_has_role(relowner, 'USAGE') OFFSET 0) AS a"
                             " OFFSET 0) AS b WHERE ours";
    ti_pg_result *result = NULL;
    ticker_status status = ti_pg_run(link, find_sql, NULL, &result, error);

    for (size_t row = 0; status == TICKER_OK && row < ti_pg_rows(result) && row < LEFTOVERS_MAX; row++) {
        ti_slice name = ti_pg_cell(result, row, 0);
        char sql[128];

        (void)snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %.*s", (int)name.size, name.data);
        status = ti_pg_run(link, sql, NULL, NULL, error);
    }
    ti_pg_free(result);
    return status;
}

#endif
