#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/error.h"
#include "model/schema.h"
#include "store/postgres.h"

#define FIRST_DAY (-719162)                       /* 0001-01-01 */
#define PENDING_BYTES ((size_t)8 * 1024 * 1024)   /* of all periods together */
#define CLAIMS_MAX 16                             /* periods that are claimed together */
#define ROWS_BYTES_MAX ((size_t)16 * 1024 * 1024) /* cap of one buffer: far above a row and what is sent at once */

/* A load may take long and its input may be slow, so the limits meant for people's queries are lifted, for this transaction only. A lock is
 * waited for as long as another import may reasonably take. Sorting the keys in memory needs more than the defaults of a server that nobody
 * tuned. */
static const char begin_sql[] =
    "SELECT nextval(pg_get_serial_sequence(format('%I.imports', current_schema()), 'id')),"
    " (SELECT max(version) FROM ticker_schema),"
    " " TI_PG_HAS_CITUS ", " TI_PG_HAS_LEFTOVERS ","
    " set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),"
    " set_config('lock_timeout', '15min', true), set_config('cursor_tuple_fraction', '1', true),"
    " set_config('maintenance_work_mem', greatest(pg_size_bytes(current_setting('maintenance_work_mem')) / 1024, "
    "262144)"
    " || 'kB', true),"
    " set_config('work_mem', greatest(pg_size_bytes(current_setting('work_mem')) / 1024, 65536) || 'kB', true),"
    " pg_advisory_xact_lock_shared(hashtextextended('ticker.' || current_schema() || '." TI_PG_LAYOUT_LOCK "', 0))";

const ti_copy_layout *ti_pg_layout(const ti_postgres *postgres, ticker_table table)
{
    return table == TICKER_QUOTES ? &postgres->quotes : &postgres->trades;
}

bool ti_pg_column_list(ti_buffer *sql, const ti_copy_layout *layout, const char *prefix)
{
    for (unsigned i = 0; i < layout->count; i++)
        (void)ti_buffer_printf(sql, "%s%s%s", i > 0 ? ", " : "", prefix,
                               ticker_column_name(layout->table, layout->fields[i].column));
    return !ti_buffer_failed(sql);
}

void ti_pg_forget(ti_postgres *postgres)
{
    for (size_t i = 0; i < postgres->period_count; i++)
        ti_buffer_free(&postgres->periods[i].rows);
    free(postgres->periods);
    free(postgres->years);
    ti_pg_sort_forget(postgres);
    ti_buffer_free(&postgres->staged);
    ti_buffer_free(&postgres->days);
    ti_supersessions_free(&postgres->superseded);
    postgres->importing = false;
    postgres->table = TICKER_TABLE_NONE;
    postgres->origin = TI_ORIGIN_TRADES; /* until quotes of a file come */
    postgres->records = 0;
    postgres->periods = NULL;
    postgres->period_count = postgres->period_capacity = postgres->period_last = 0;
    postgres->years = NULL;
    postgres->year_count = postgres->year_capacity = 0;
    postgres->pending = 0;
    postgres->copying = NULL;
    postgres->set_aside = 0;
    postgres->stage_made = postgres->days_made = postgres->copied = postgres->later = postgres->committed = false;
    ti_buffer_init(&postgres->staged, ROWS_BYTES_MAX);
    ti_buffer_init(&postgres->days, ROWS_BYTES_MAX);
}

ticker_status ti_pg_idle(ti_postgres *postgres, ticker_error *error)
{
    if (postgres->importing || postgres->streaming)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "the store is busy with another import or query");
    return ti_pg_ready(postgres->link, error);
}

/* The schema's version is looked at with each import, so that nobody need ask for it before. */
static ticker_status check_current(ti_postgres *postgres, int version, ticker_error *error)
{
    postgres->base.current = version == TI_SCHEMA_VERSION;
    if (postgres->base.current)
        return TICKER_OK;
    return ti_fail(error, TICKER_RETRY, TICKER_ERROR_DATABASE,
                   "PostgreSQL (%s): the schema has become another version, %d", ti_pg_where(postgres->link), version);
}

ticker_status ti_pg_begin(ticker_store *store, int64_t *import_id, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    ti_pg_result *answers[2] = {NULL, NULL};
    ticker_status status = ti_pg_idle(postgres, error);

    if (status != TICKER_OK)
        return status;
    status = ti_pg_pipe_begin(postgres->link, error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_put(postgres->link, "BEGIN ISOLATION LEVEL READ COMMITTED", NULL, error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_put(postgres->link, begin_sql, NULL, error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_end(postgres->link, answers, 2, NULL, error);
    if (status == TICKER_OK)
        status = check_current(postgres, (int)ti_pg_integer(answers[1], 0, 1), error);
    if (status == TICKER_OK)
        status = ti_pg_learn_layout(postgres, ti_slice_is(ti_pg_cell(answers[1], 0, 2), "t"), error);
    if (status == TICKER_OK) {
        postgres->import_id = store->adopt != 0 ? store->adopt : ti_pg_integer(answers[1], 0, 0);
        postgres->importing = true;
        postgres->leftovers = ti_slice_is(ti_pg_cell(answers[1], 0, 3), "t");
        *import_id = postgres->import_id;
    } else {
        ti_pg_rollback(postgres->link);
    }
    ti_pg_free(answers[0]);
    ti_pg_free(answers[1]);
    return status;
}

static ticker_status end_copy(ti_postgres *postgres, ticker_error *error)
{
    if (postgres->copying == NULL)
        return TICKER_OK;
    postgres->copying = NULL;
    return ti_pg_copy_end(postgres->link, error);
}

/* Not LIKE the table: that would lock it, and who adds a partition then waits until this import has ended. */
ticker_status ti_pg_make_stage(ti_postgres *postgres, const char *name, ticker_table table, ticker_error *error)
{
    const char *text;
    ti_buffer sql;
    ticker_status status;

    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    (void)ti_buffer_printf(&sql, "CREATE TEMPORARY TABLE %s (", name);
    (void)ti_pg_put_columns(&sql, table);
    (void)ti_buffer_text(&sql, ", record bigint NOT NULL) ON COMMIT DROP");
    text = ti_buffer_string(&sql);
    status = text != NULL ? ti_pg_run(postgres->link, text, NULL, NULL, error) : ti_fail_memory(error);
    ti_buffer_free(&sql);
    return status;
}

static ticker_status make_stage(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = ti_pg_make_stage(postgres, "ticker_staged", postgres->table, error);

    postgres->stage_made = status == TICKER_OK;
    return status;
}

/* One COPY is open at a time, so going on with other rows ends it. */
static ticker_status start_copy(ti_postgres *postgres, const ti_buffer *rows, ti_pg_period *period, ticker_error *error)
{
    ti_copy_layout layout = *ti_pg_layout(postgres, postgres->table);
    bool staged = period == NULL;
    ti_buffer sql;
    const char *text;
    ticker_status status;

    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    layout.count -= staged ? 0 : postgres->blank_fields;
    (void)ti_buffer_printf(&sql, "COPY %s (", staged ? "ticker_staged" : period->name);
    (void)ti_pg_column_list(&sql, &layout, "");
    if (staged)
        (void)ti_buffer_printf(&sql, "%s, import_id, record", postgres->table == TICKER_QUOTES ? ", occurrence" : "");
    (void)ti_buffer_text(&sql, ") FROM STDIN (FORMAT binary)");
    text = ti_buffer_string(&sql);
    status = text != NULL ? end_copy(postgres, error) : ti_fail_memory(error);
    if (status == TICKER_OK && staged && !postgres->stage_made)
        status = make_stage(postgres, error);
    if (status == TICKER_OK && period != NULL && !period->made) {
        status = ti_pg_make(postgres, postgres->link, period, period->name, error);
        period->made = status == TICKER_OK;
    }
    if (status == TICKER_OK)
        status = ti_pg_copy_begin(postgres->link, text, error);
    if (status == TICKER_OK)
        postgres->copying = rows;
    ti_buffer_free(&sql);
    return status;
}

/* Over the import's own connection: the rows of a fresh period, or those that are staged (NULL). */
static ticker_status copy_rows(ti_postgres *postgres, ti_pg_period *period, ticker_error *error)
{
    const ti_buffer *rows = period != NULL ? &period->rows : &postgres->staged;
    ticker_status status = postgres->copying != rows ? start_copy(postgres, rows, period, error) : TICKER_OK;

    if (status == TICKER_OK)
        status = ti_pg_copy_send(postgres->link, rows->data, rows->size, error);
    if (status != TICKER_OK)
        postgres->copying = NULL;
    return status;
}

ticker_status ti_pg_send_fresh(ti_postgres *postgres, ti_pg_period *period, ticker_error *error)
{
    ticker_status status = period->rows.size > 0 ? copy_rows(postgres, period, error) : TICKER_OK;

    ti_buffer_clear(&period->rows);
    return status;
}

/* The rows of a fresh period go their way, or those that are staged (NULL). */
static ticker_status send_rows(ti_postgres *postgres, ti_pg_period *period, ticker_error *error)
{
    ti_buffer *rows = period != NULL ? &period->rows : &postgres->staged;
    ticker_status status;

    if (rows->size == 0)
        return TICKER_OK;
    postgres->copied = true;
    if (period != NULL && period->shared)
        status = ti_pg_share_rows(postgres, period, error);
    else if (period != NULL && ti_pg_may_sort(postgres, period))
        status = ti_pg_sort_rows(postgres, rows, error);
    else
        status = copy_rows(postgres, period, error);
    postgres->pending -= rows->size;
    ti_buffer_clear(rows);
    return status;
}

/* Sends what all periods have, and frees what they shared. */
static ticker_status send_all(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = send_rows(postgres, NULL, error);

    for (size_t i = 0; i < postgres->period_count && status == TICKER_OK; i++) {
        ti_pg_period *period = &postgres->periods[i];
        status = send_rows(postgres, period, error);
        if (status == TICKER_OK)
            ti_buffer_free(&period->rows);
    }
    return status;
}

ticker_status ti_pg_finish_copy(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = send_all(postgres, error);

    if (status == TICKER_OK)
        status = ti_pg_sort_send(postgres, error);
    if (status == TICKER_OK)
        status = end_copy(postgres, error);
    return status == TICKER_OK ? ti_pg_share_end(postgres, error) : status;
}

/* What may have to give way to what is there is staged, so that it can be compared. */
static bool is_plain(const ti_postgres *postgres)
{
    if (postgres->table == TICKER_TRADES || ti_pg_is_best(postgres))
        return true;
    for (size_t i = 0; i < postgres->period_count; i++)
        if (!postgres->periods[i].fresh)
            return false;
    return true;
}

bool ti_pg_few(const ti_postgres *postgres)
{
    return !postgres->distributed && !postgres->copied && postgres->pending <= postgres->few_bytes &&
           postgres->period_count <= TI_PG_FEW_PERIODS && is_plain(postgres);
}

/* Inserts an unclaimed period where its first day belongs. NULL: no memory. */
static ti_pg_period *insert_period(ti_postgres *postgres, size_t at, const ti_pg_period *period)
{
    if (postgres->period_count == postgres->period_capacity) {
        size_t capacity = postgres->period_capacity > 0 ? 2 * postgres->period_capacity : 8;
        ti_pg_period *periods = realloc(postgres->periods, capacity * sizeof(*periods));
        if (periods == NULL)
            return NULL;
        postgres->periods = periods;
        postgres->period_capacity = capacity;
    }
    memmove(postgres->periods + at + 1, postgres->periods + at,
            (postgres->period_count - at) * sizeof(*postgres->periods));
    postgres->periods[at] = *period;
    postgres->period_count++;
    return &postgres->periods[at];
}

static ticker_status add_period(ti_postgres *postgres, size_t at, int64_t date, ticker_error *error)
{
    ti_pg_period period = {0};
    ticker_status status;

    if (postgres->period_count >= TI_PG_PERIODS_MAX) {
        ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "rows of more than %d different %s in one file",
                TI_PG_PERIODS_MAX, postgres->table == TICKER_QUOTES ? "years" : "days");
        ti_error_hint(error, "split the file");
        return TICKER_FAILED;
    }
    /* The COPY going on names its buffer by address, and the addresses are about to change. */
    status = end_copy(postgres, error);
    if (status != TICKER_OK)
        return status;
    ti_pg_period_of(postgres->table, date, &period);
    ti_buffer_init(&period.rows, ROWS_BYTES_MAX);
    return insert_period(postgres, at, &period) != NULL ? TICKER_OK : ti_fail_memory(error);
}

/* The last period that begins at or before the day, if any, and where a new one would stand. */
static size_t search_period(const ti_postgres *postgres, int64_t date)
{
    size_t low = 0, high = postgres->period_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (postgres->periods[middle].first <= date)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool holds(const ti_postgres *postgres, size_t index, int64_t date)
{
    return index < postgres->period_count && postgres->periods[index].first <= date &&
           date < postgres->periods[index].end;
}

ti_pg_period *ti_pg_period_at(ti_postgres *postgres, int64_t date)
{
    if (!holds(postgres, postgres->period_last, date))
        postgres->period_last = search_period(postgres, date) - 1;
    return &postgres->periods[postgres->period_last];
}

/* Up to CLAIMS_MAX of the periods from `first` on that are not claimed yet: *next is behind the last one of them. Their order is the same
 * for all imports. TICKER_DONE: the bytes were imported by somebody else while this import waited for a period. */
static ticker_status claim_some(ti_postgres *postgres, size_t first, size_t *next, ticker_error *error)
{
    bool alone = postgres->table == TICKER_TRADES, ask = postgres->base.sha256 != NULL;
    ti_pg_result *answers[2 * CLAIMS_MAX + 1];
    ti_pg_period *claimed[CLAIMS_MAX];
    size_t count = 0, at = first;
    int64_t id;
    ticker_status status = ti_pg_pipe_begin(postgres->link, error);

    for (; status == TICKER_OK && at < postgres->period_count && count < CLAIMS_MAX; at++) {
        if (postgres->periods[at].claimed)
            continue;
        claimed[count++] = &postgres->periods[at];
        status = ti_pg_put_claim(postgres->link, postgres->table, alone, &postgres->periods[at], error);
    }
    *next = at;
    if (status == TICKER_OK && ask)
        status = ti_pg_put_question(postgres->link, -1, postgres->base.sha256, postgres->base.member, error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_end(postgres->link, answers, 2 * count + (ask ? 1 : 0), NULL, error);
    if (status != TICKER_OK)
        return status;
    for (size_t i = 0; i < count && status == TICKER_OK; i++)
        status = ti_pg_take_claim(postgres, postgres->table, alone, &answers[2 * i], claimed[i], error);
    if (status == TICKER_OK && ask && ti_pg_take_id(answers[2 * count], &id) == TICKER_OK)
        status = TICKER_DONE;
    for (size_t i = 0; i < 2 * count + (ask ? 1 : 0); i++)
        ti_pg_free(answers[i]);
    return status;
}

/* Sees to it that the periods of all rows are known. */
static ticker_status find_periods(ti_postgres *postgres, const ticker_batch *batch, unsigned column,
                                  ticker_error *error)
{
    size_t known = postgres->period_count;
    ticker_status status = TICKER_OK;

    for (size_t row = 0; row < batch->rows && status == TICKER_OK; row++) {
        int64_t date = batch->i64[column][row];
        size_t at;

        if (holds(postgres, postgres->period_last, date))
            continue;
        at = search_period(postgres, date);
        if (at > 0 && holds(postgres, at - 1, date)) {
            postgres->period_last = at - 1;
            continue;
        }
        status = ti_pg_check_day(batch, row, date, error);
        if (status == TICKER_OK)
            status = add_period(postgres, at, date, error);
        postgres->period_last = at;
    }
    if (status == TICKER_OK && postgres->period_count > known)
        for (size_t at = 0; at < postgres->period_count && status == TICKER_OK;)
            status = claim_some(postgres, at, &at, error);
    return status;
}

/* As much as is sent at once, or as is waited for to know that the period is large. */
static size_t enough(const ti_postgres *postgres, const ti_pg_period *period, bool staged)
{
    if (!staged && ti_pg_may_share(postgres, period))
        return postgres->large_bytes;
    return postgres->copied ? postgres->send_bytes : postgres->few_bytes;
}

static ticker_status send_enough(ti_postgres *postgres, ti_pg_period *period, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    if (period != NULL && ti_pg_may_share(postgres, period)) {
        status = end_copy(postgres, error);
        if (status == TICKER_OK)
            status = ti_pg_share(postgres, period, error);
    }
    return status == TICKER_OK ? send_rows(postgres, period, error) : status;
}

static ticker_status put_row(ti_postgres *postgres, const ticker_batch *batch, size_t row, ti_pg_period *period,
                             bool staged, ticker_error *error)
{
    ti_buffer *rows = staged ? &postgres->staged : &period->rows;
    size_t before = rows->size;
    ti_copy_tail tail;
    ticker_status status;

    ti_copy_tail_clear(&tail); /* a fresh table has the other columns from its defaults */
    if (staged && postgres->table == TICKER_QUOTES)
        ti_copy_tail_int4(&tail, 0);
    if (staged) {
        ti_copy_tail_int8(&tail, postgres->import_id);
        ti_copy_tail_int8(&tail, postgres->records);
    }
    postgres->records++;
    period->records++;
    status = ti_copy_row(ti_pg_layout(postgres, postgres->table), batch, row, &tail, rows, error);
    if (status != TICKER_OK)
        return status;
    postgres->pending += rows->size - before;
    if (rows->size >= enough(postgres, period, staged))
        return send_enough(postgres, staged ? NULL : period, error);
    return postgres->pending >= PENDING_BYTES ? send_all(postgres, error) : TICKER_OK;
}

static ticker_status check_batch(ti_postgres *postgres, const ticker_batch *batch, ticker_error *error)
{
    if (!postgres->importing)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "rows were put without a beginning");
    if (postgres->table == TICKER_TABLE_NONE && batch->table == TICKER_QUOTES)
        ti_pg_learn_origin(postgres, batch);
    if (postgres->table == TICKER_TABLE_NONE)
        postgres->table = batch->table;
    if (postgres->table != batch->table)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "rows of two tables were put into one import");
    return TICKER_OK;
}

ticker_status ti_pg_check_day(const ticker_batch *batch, size_t row, int64_t date, ticker_error *error)
{
    if (date >= FIRST_DAY && date <= TI_DATE_NONE)
        return TICKER_OK;
    ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the trading day is outside the years 1 to 9999");
    ti_error_place(error, batch->line[row], 0, -1);
    return TICKER_FAILED;
}

ticker_status ti_pg_put(ticker_store *store, const ticker_batch *batch, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    unsigned column = batch->table == TICKER_QUOTES ? (unsigned)TICKER_QUOTE_DATE : (unsigned)TICKER_TRADE_DATE;
    uint64_t keys[TICKER_BATCH_ROWS_MAX];
    bool numbered = false;
    ticker_status status = check_batch(postgres, batch, error);

    if (status == TICKER_OK)
        status = find_periods(postgres, batch, column, error);
    if (status == TICKER_OK)
        numbered = ti_pg_number_keys(postgres, batch, keys);
    for (size_t row = 0; row < batch->rows && status == TICKER_OK; row++) {
        ti_pg_period *period = ti_pg_period_at(postgres, batch->i64[column][row]);
        bool staged = !period->fresh || (numbered && ti_pg_again(postgres, period, keys[row]));

        status = put_row(postgres, batch, row, period, staged, error);
    }
    return status;
}

#endif
