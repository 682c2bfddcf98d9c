/* Which quotes stand when several files tell of the same ticker and day. Of a year that has no quotes yet nobody is asked. */
#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <stdio.h>

#include "base/error.h"
#include "store/postgres.h"

#define LIST_BYTES_MAX ((size_t)1024 * 1024) /* of a statement that names imports */

void ti_pg_learn_origin(ti_postgres *postgres, const ticker_batch *quotes)
{
    if (quotes->rows > 0)
        postgres->origin = ti_origin_of(ti_batch_text(quotes, TICKER_QUOTE_SOURCE, 0));
}

/* --- Whose turn it is ---------------------------------------------------------------------------------------------------------- */

/* An import of the best origin meets nothing that it has to give way to, so those go on side by side; any other is alone with the year's
 * quotes, from before it looks until it has ended. So is each where rows are distributed, for nobody knows in which order those are locked.
 * Whoever makes the year is alone with it anyway. */
ticker_status ti_pg_put_turns(ti_postgres *postgres, ticker_error *error)
{
    static const unsigned types[] = {TI_PG_OID_TEXT};
    bool shared = ti_pg_is_best(postgres) && !postgres->distributed;
    ticker_status status = TICKER_OK;

    for (size_t i = 0; i < postgres->period_count && status == TICKER_OK; i++) {
        const ti_pg_period *period = &postgres->periods[i];
        const char *const values[] = {period->name};
        const ti_pg_parameters name = {.count = 1, .types = types, .values = values};

        if (!period->fresh && !period->attached)
            status = ti_pg_pipe_put(postgres->link,
                                    shared ? "SELECT pg_advisory_xact_lock_shared(hashtextextended('ticker.' ||"
                                             " current_schema() || '.standing.' || $1::text, 0))"
                                           : "SELECT pg_advisory_xact_lock(hashtextextended('ticker.' ||"
                                             " current_schema() || '.standing.' || $1::text, 0))",
                                    &name, error);
    }
    return status;
}

static ticker_status take_turns(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = ti_pg_pipe_begin(postgres->link, error);

    if (status == TICKER_OK)
        status = ti_pg_put_turns(postgres, error);
    return status == TICKER_OK ? ti_pg_pipe_end(postgres->link, NULL, 0, NULL, error) : status;
}

bool ti_pg_is_best(const ti_postgres *postgres)
{
    return postgres->origin == TI_ORIGIN_COTAHIST && postgres->base.snapshot == 0;
}

/* --- Better and worse ---------------------------------------------------------------------------------------------------------- */

/* "'cotahist', 'bvbg086'": the first ones. */
static void put_names(ti_buffer *sql, int count)
{
    for (int i = 0; i < count; i++)
        (void)ti_buffer_printf(sql, "%s'%s'", i > 0 ? ", " : "", ti_origin_name((ti_origin)i));
}

/* Imports whose snapshots are later than that of this one, or earlier; as texts of SQL's arrays. */
typedef struct rivals {
    ti_buffer later, earlier;
} rivals;

static void put_snapshot(ti_buffer *sql, const ti_postgres *postgres, const ti_buffer *list)
{
    if (list != NULL && list->size > 0)
        (void)ti_buffer_printf(sql, " OR (q.source = '%s' AND q.import_id = ANY ('{%s}'::bigint[]))",
                               ti_origin_name(postgres->origin), list->data);
}

/* A condition: row q is better than those of the import. */
static void put_better(ti_buffer *sql, const ti_postgres *postgres, const rivals *others)
{
    (void)ti_buffer_text(sql, "(");
    if (postgres->origin > 0) {
        (void)ti_buffer_text(sql, "q.source IN (");
        put_names(sql, (int)postgres->origin);
        (void)ti_buffer_text(sql, ")");
    } else {
        (void)ti_buffer_text(sql, "false");
    }
    put_snapshot(sql, postgres, &others->later);
    (void)ti_buffer_text(sql, ")");
}

/* … is worse. `others` NULL: nobody has a snapshot. */
static void put_worse(ti_buffer *sql, const ti_postgres *postgres, const rivals *others)
{
    if (postgres->origin < TI_ORIGIN_OTHER) {
        (void)ti_buffer_text(sql, "(q.source NOT IN (");
        put_names(sql, (int)postgres->origin + 1);
        (void)ti_buffer_text(sql, ")");
        put_snapshot(sql, postgres, others != NULL ? &others->earlier : NULL);
        (void)ti_buffer_text(sql, ")");
    } else {
        (void)ti_buffer_text(sql, "false");
    }
}

static ticker_status find_rivals(ti_postgres *postgres, rivals *others, ticker_error *error)
{
    static const char sql[] =
        "SELECT id, (snapshot > $1)::int FROM imports WHERE snapshot <> $1 AND status = 'imported'";
    char snapshot[TI_SNAPSHOT_TEXT_MAX];
    const char *const values[] = {ti_snapshot_text(postgres->base.snapshot, snapshot)};
    const ti_pg_parameters parameters = {.count = 1, .values = values};
    ti_pg_result *result = NULL;
    ticker_status status;

    if (values[0] == NULL || postgres->origin == TI_ORIGIN_OTHER)
        return TICKER_OK;
    status = ti_pg_run(postgres->link, sql, &parameters, &result, error);
    for (size_t i = 0; status == TICKER_OK && i < ti_pg_rows(result); i++) {
        ti_buffer *list = ti_pg_integer(result, i, 1) != 0 ? &others->later : &others->earlier;

        (void)ti_buffer_printf(list, "%s%lld", list->size > 0 ? "," : "", (long long)ti_pg_integer(result, i, 0));
    }
    ti_pg_free(result);
    if (status == TICKER_OK && ((others->later.size > 0 && ti_buffer_string(&others->later) == NULL) ||
                                (others->earlier.size > 0 && ti_buffer_string(&others->earlier) == NULL)))
        status = ti_fail_memory(error);
    return status;
}

/* --- Many rows ----------------------------------------------------------------------------------------------------------------- */

/* Runs a statement whose rows are imports, and how many rows of each gave way, or were given way to. */
static ticker_status count_rows(ti_postgres *postgres, const char *sql, bool replaced, ticker_error *error)
{
    ti_pg_result *result = NULL;
    ticker_status status = ti_pg_run(postgres->link, sql, NULL, &result, error);

    for (size_t i = 0; status == TICKER_OK && i < ti_pg_rows(result); i++)
        if (!ti_supersessions_add(&postgres->superseded, ti_pg_integer(result, i, 0), replaced,
                                  ti_pg_integer(result, i, 1)))
            status = ti_fail_memory(error);
    ti_pg_free(result);
    return status;
}

/* The same for a statement in a buffer, which is freed. */
static ticker_status count_buffer(ti_postgres *postgres, ti_buffer *sql, bool replaced, ticker_error *error)
{
    const char *text = ti_buffer_string(sql);
    ticker_status status = text != NULL ? count_rows(postgres, text, replaced, error) : ti_fail_memory(error);

    ti_buffer_free(sql);
    return status;
}

/* Staged rows of a year that have to give way: which import stands in their places. */
static ticker_status list_better(ti_postgres *postgres, const ti_pg_period *period, const rivals *others,
                                 ticker_error *error)
{
    const char *text;
    ti_buffer sql;
    ticker_status status;

    ti_buffer_init(&sql, LIST_BYTES_MAX);
    (void)ti_buffer_printf(&sql,
                           "INSERT INTO ticker_better SELECT s.ticker, s.trade_date, min(q.import_id)"
                           " FROM (SELECT DISTINCT ticker, trade_date FROM ticker_staged) AS s JOIN %s AS q"
                           " ON q.ticker = s.ticker AND q.trade_date = s.trade_date WHERE ",
                           period->name);
    put_better(&sql, postgres, others);
    (void)ti_buffer_text(&sql, " GROUP BY s.ticker, s.trade_date");
    text = ti_buffer_string(&sql);
    status = text != NULL ? ti_pg_run(postgres->link, text, NULL, NULL, error) : ti_fail_memory(error);
    ti_buffer_free(&sql);
    return status;
}

/* Takes staged rows away where better ones stand. */
static ticker_status give_way(ti_postgres *postgres, const rivals *others, ticker_error *error)
{
    ticker_status status = ti_pg_run(postgres->link,
                                     "CREATE TEMPORARY TABLE ticker_better (ticker text COLLATE \"C\" NOT NULL,"
                                     " trade_date date NOT NULL, import_id bigint NOT NULL) ON COMMIT DROP",
                                     NULL, NULL, error);

    for (size_t i = 0; i < postgres->period_count && status == TICKER_OK; i++)
        if (!postgres->periods[i].attached)
            status = list_better(postgres, &postgres->periods[i], others, error);
    return status == TICKER_OK
               ? count_rows(postgres,
                            "WITH gone AS (DELETE FROM ticker_staged AS s USING ticker_better AS b"
                            " WHERE s.ticker = b.ticker AND s.trade_date = b.trade_date RETURNING b.import_id)"
                            " SELECT import_id, count(*) FROM gone GROUP BY import_id",
                            false, error)
               : status;
}

#define KEYS_OF "(SELECT DISTINCT ticker, trade_date FROM "
#define SAME_KEY " WHERE q.ticker = s.ticker AND q.trade_date = s.trade_date AND "

/* Rows q of a period that have the keys in `keys`, and for which what is appended next is true, are to go. Their locks are taken in the
 * order in which they lie: two imports that are at the same rows then wait for each other, instead of locking each other out. */
static void begin_removal(ti_buffer *sql, const ti_pg_period *period, const char *keys)
{
    (void)ti_buffer_printf(
        sql,
        "WITH gone AS (DELETE FROM %s AS q WHERE q.ctid = ANY (ARRAY(SELECT q.ctid FROM %s AS q, " KEYS_OF
        "%s) AS s" SAME_KEY,
        period->name, period->name, keys);
}

static void end_removal(ti_buffer *sql)
{
    (void)ti_buffer_text(sql, " ORDER BY q.ctid FOR UPDATE OF q))");
}

/* Asked for each year, so that the server looks at one partition only. */
static ticker_status take_places(ti_postgres *postgres, const rivals *others, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    for (size_t i = 0; i < postgres->period_count && status == TICKER_OK; i++) {
        ti_buffer sql;

        if (postgres->periods[i].attached)
            continue;
        ti_buffer_init(&sql, LIST_BYTES_MAX);
        if (postgres->distributed) /* whose rows lie elsewhere */
            (void)ti_buffer_printf(&sql,
                                   "WITH gone AS (DELETE FROM %s AS q USING " KEYS_OF "ticker_staged) AS s" SAME_KEY,
                                   postgres->periods[i].name);
        else
            begin_removal(&sql, &postgres->periods[i], "ticker_staged");
        put_worse(&sql, postgres, others);
        if (!postgres->distributed)
            end_removal(&sql);
        (void)ti_buffer_text(&sql, " RETURNING q.import_id) SELECT import_id, count(*) FROM gone GROUP BY import_id");
        status = count_buffer(postgres, &sql, true, error);
    }
    return status;
}

ticker_status ti_pg_make_room(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = take_turns(postgres, error);
    rivals others;

    ti_buffer_init(&others.later, LIST_BYTES_MAX / 4);
    ti_buffer_init(&others.earlier, LIST_BYTES_MAX / 4);
    if (status == TICKER_OK)
        status = ti_pg_run(postgres->link, "ANALYZE ticker_staged", NULL, NULL, error);
    if (status == TICKER_OK)
        status = find_rivals(postgres, &others, error);
    if (status == TICKER_OK && !ti_pg_is_best(postgres))
        status = give_way(postgres, &others, error);
    if (status == TICKER_OK)
        status = take_places(postgres, &others, error);
    ti_buffer_free(&others.later);
    ti_buffer_free(&others.earlier);
    return status;
}

/* --- Few rows ------------------------------------------------------------------------------------------------------------------ */

#define ADD_SQL "INSERT INTO supersessions AS t (import_id, by_import_id, rows, replaced) "
#define ADD_TO_SQL " ON CONFLICT (import_id, by_import_id, replaced) DO UPDATE SET rows = t.rows + EXCLUDED.rows"

/* Tickers and days are the first two of the parameters, and the import's number the last one. */
ticker_status ti_pg_put_removal(ti_postgres *postgres, const ti_pg_period *period, const ti_pg_parameters *all,
                                ticker_error *error)
{
    const int last = all->count - 1;
    const unsigned types[] = {all->types[0], all->types[1], all->types[last]};
    const char *const values[] = {all->values[0], all->values[1], all->values[last]};
    const int lengths[] = {all->lengths[0], all->lengths[1], all->lengths[last]};
    const int formats[] = {all->formats[0], all->formats[1], all->formats[last]};
    const ti_pg_parameters three = {
        .count = 3, .types = types, .values = values, .lengths = lengths, .formats = formats};
    bool anew = postgres->table == TICKER_TRADES;
    const char *text;
    ti_buffer sql;
    ticker_status status;

    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    begin_removal(&sql, period, "unnest($1, $2) AS r (ticker, trade_date)");
    if (anew)
        (void)ti_buffer_text(&sql, "(q.source = 'trades' OR ");
    put_worse(&sql, postgres, NULL);
    (void)ti_buffer_text(&sql, anew ? ")" : "");
    end_removal(&sql);
    (void)ti_buffer_printf(&sql,
                           " RETURNING q.import_id, q.source) " ADD_SQL
                           "SELECT import_id, $3, count(*), true FROM gone%s GROUP BY import_id" ADD_TO_SQL,
                           anew ? " WHERE source <> 'trades'" : "");
    text = ti_buffer_string(&sql);
    status = text != NULL ? ti_pg_pipe_put(postgres->link, text, &three, error) : ti_fail_memory(error);
    ti_buffer_free(&sql);
    return status;
}

/* --- Quotes made from trades --------------------------------------------------------------------------------------------------- */

/* Appends a SELECT of the imports whose quotes stand where rows would have gone in, and how many those are; what is left in the year when
 * those of trades are out is all better. */
static void put_not_taken(ti_buffer *sql, const ti_pg_period *period, const char *rows, const char *selected)
{
    (void)ti_buffer_printf(sql,
                           "SELECT %s FROM (SELECT d.ticker, d.trade_date, d.import_id, min(f.import_id) AS by_id"
                           " FROM (SELECT DISTINCT ON (ticker, trade_date) * FROM %s AS r"
                           " ORDER BY ticker, trade_date, record DESC) AS d JOIN %s AS f ON f.ticker = d.ticker"
                           " AND f.trade_date = d.trade_date WHERE d.trades > 0 AND ",
                           selected, rows, period->name);
    (void)ti_pg_date_range(sql, "d.trade_date", period);
    (void)ti_buffer_text(sql, " GROUP BY d.ticker, d.trade_date, d.import_id) AS x GROUP BY x.import_id, x.by_id");
}

ticker_status ti_pg_put_not_taken(ti_postgres *postgres, const ti_pg_period *period, const char *rows,
                                  const ti_pg_parameters *all, ticker_error *error)
{
    const char *text;
    ti_buffer sql;
    ticker_status status;

    ti_buffer_init(&sql, 2 * TI_PG_SQL_MAX);
    (void)ti_buffer_text(&sql, ADD_SQL);
    put_not_taken(&sql, period, rows, "x.import_id, x.by_id, count(*), false");
    (void)ti_buffer_text(&sql, ADD_TO_SQL);
    text = ti_buffer_string(&sql);
    status = text != NULL ? ti_pg_pipe_put(postgres->link, text, all, error) : ti_fail_memory(error);
    ti_buffer_free(&sql);
    return status;
}

ticker_status ti_pg_make_room_of_days(ti_postgres *postgres, const ti_pg_period *period, ticker_error *error)
{
    ti_buffer sql;
    ticker_status status;

    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    (void)ti_buffer_printf(&sql,
                           "WITH gone AS (DELETE FROM %s AS q USING " KEYS_OF "ticker_day_quotes) AS s" SAME_KEY
                           "(q.source = 'trades' OR ",
                           period->name);
    put_worse(&sql, postgres, NULL);
    (void)ti_buffer_text(&sql, ") RETURNING q.import_id, q.source) SELECT import_id, count(*) FROM gone"
                               " WHERE source <> 'trades' GROUP BY import_id");
    status = count_buffer(postgres, &sql, true, error);
    if (status != TICKER_OK)
        return status;
    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    put_not_taken(&sql, period, "ticker_day_quotes", "x.by_id, count(*)");
    return count_buffer(postgres, &sql, false, error);
}

/* --- The ledger ---------------------------------------------------------------------------------------------------------------- */

/* What was counted here, as lines. */
static ticker_status put_lines(ti_postgres *postgres, ticker_error *error)
{
    const ti_supersessions *list = &postgres->superseded;
    const char *text;
    ti_buffer sql;
    ticker_status status;

    if (list->count == 0)
        return TICKER_OK;
    ti_buffer_init(&sql, 64 * (list->count + 4));
    (void)ti_buffer_text(&sql, ADD_SQL "VALUES ");
    for (size_t i = 0; i < list->count; i++) {
        const ti_supersession *item = &list->item[i];
        long long other = (long long)item->id, own = (long long)postgres->import_id;

        (void)ti_buffer_printf(&sql, "%s(%lld, %lld, %lld, %s)", i > 0 ? ", " : "", item->replaced ? other : own,
                               item->replaced ? own : other, (long long)item->rows, item->replaced ? "true" : "false");
    }
    text = ti_buffer_string(&sql);
    status = text != NULL ? ti_pg_pipe_once(postgres->link, text, NULL, false, error) : ti_fail_memory(error);
    ti_buffer_free(&sql);
    return status;
}

/* The rows of those that gave way are taken in the order of their numbers, and last of all: so no two imports wait for each other. */
#define GAVE_WAY "(SELECT import_id FROM supersessions WHERE by_import_id = $1 OR import_id = $1)"

static const char hold_sql[] = "SELECT id FROM imports WHERE id IN " GAVE_WAY " ORDER BY id FOR UPDATE";
static const char count_sql[] =
    "UPDATE imports AS i SET superseded = i.superseded + s.rows FROM (SELECT import_id, sum(rows)::bigint AS rows"
    " FROM supersessions WHERE by_import_id = $1 OR import_id = $1 GROUP BY import_id) AS s WHERE i.id = s.import_id"
    " RETURNING (i.id = $1)::int, s.rows";

ticker_status ti_pg_put_supersessions(ti_postgres *postgres, ticker_error *error)
{
    static const unsigned types[] = {TI_PG_OID_INT8};
    char id[TI_NUMBER_TEXT_MAX];
    const char *const values[] = {id};
    const ti_pg_parameters parameters = {.count = 1, .types = types, .values = values};
    ticker_status status = put_lines(postgres, error);

    (void)ti_format_integer(postgres->import_id, id);
    if (status == TICKER_OK)
        status = ti_pg_pipe_put(postgres->link, hold_sql, &parameters, error);
    return status == TICKER_OK ? ti_pg_pipe_put(postgres->link, count_sql, &parameters, error) : status;
}

void ti_pg_take_supersessions(ti_postgres *postgres, const ti_pg_result *counted)
{
    postgres->base.superseded = postgres->base.replaced = 0;
    for (size_t i = 0; counted != NULL && i < ti_pg_rows(counted); i++)
        *(ti_pg_integer(counted, i, 0) != 0 ? &postgres->base.superseded
                                            : &postgres->base.replaced) += ti_pg_integer(counted, i, 1);
}

#endif
