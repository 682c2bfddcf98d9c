#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/error.h"
#include "model/schema.h"
#include "store/postgres.h"

#define FIRST_DAY (-719162)                       /* 0001-01-01 */
#define SEND_BYTES ((size_t)128 * 1024)           /* of one period before they are sent: larger gains nothing */
#define PENDING_BYTES ((size_t)8 * 1024 * 1024)   /* of all periods together */
#define ROWS_BYTES_MAX ((size_t)16 * 1024 * 1024) /* cap of one buffer: far above a row and SEND_BYTES */

/* A load may take long and its input may be slow, so the limits meant for people's queries are lifted, for this transaction only. A lock is
 * waited for as long as another import may reasonably take. Sorting the keys in memory needs more than the defaults of a server that nobody
 * tuned. */
static const char begin_sql[] =
    "SELECT nextval(pg_get_serial_sequence(format('%I.imports', current_schema()), 'id')),"
    " set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),"
    " set_config('lock_timeout', '15min', true), set_config('cursor_tuple_fraction', '1', true),"
    " set_config('maintenance_work_mem', greatest(pg_size_bytes(current_setting('maintenance_work_mem')) / 1024, "
    "262144)"
    " || 'kB', true),"
    " set_config('work_mem', greatest(pg_size_bytes(current_setting('work_mem')) / 1024, 65536) || 'kB', true)";

static const char stage_name[] = "ticker_staged";

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
    ti_buffer_free(&postgres->staged);
    ti_buffer_free(&postgres->days);
    postgres->importing = false;
    postgres->table = TICKER_TABLE_NONE;
    postgres->records = 0;
    postgres->periods = NULL;
    postgres->period_count = postgres->period_capacity = postgres->period_last = 0;
    postgres->years = NULL;
    postgres->year_count = postgres->year_capacity = 0;
    postgres->pending = 0;
    postgres->copying = NULL;
    postgres->stage_made = postgres->days_made = false;
    ti_buffer_init(&postgres->staged, ROWS_BYTES_MAX);
    ti_buffer_init(&postgres->days, ROWS_BYTES_MAX);
}

ticker_status ti_pg_idle(ti_postgres *postgres, ticker_error *error)
{
    if (postgres->importing || postgres->streaming)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "the store is busy with another import or query");
    return ti_pg_ready(postgres->link, error);
}

ticker_status ti_pg_begin(ticker_store *store, int64_t *import_id, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    ti_pg_result *result = NULL;
    ticker_status status = ti_pg_idle(postgres, error);

    if (status != TICKER_OK)
        return status;
    status = ti_pg_run(postgres->link, "BEGIN ISOLATION LEVEL READ COMMITTED", NULL, NULL, error);
    if (status == TICKER_OK)
        status = ti_pg_run(postgres->link, begin_sql, NULL, &result, error);
    if (status == TICKER_OK) {
        postgres->import_id = store->adopt != 0 ? store->adopt : ti_pg_integer(result, 0, 0);
        postgres->importing = true;
        *import_id = postgres->import_id;
    } else {
        ti_pg_rollback(postgres->link);
    }
    ti_pg_free(result);
    return status;
}

static ticker_status end_copy(ti_postgres *postgres, ticker_error *error)
{
    if (postgres->copying == NULL)
        return TICKER_OK;
    postgres->copying = NULL;
    return ti_pg_copy_end(postgres->link, error);
}

static ticker_status make_stage(ti_postgres *postgres, ticker_error *error)
{
    const char *sql = postgres->table == TICKER_QUOTES
                          ? "CREATE TEMPORARY TABLE ticker_staged (LIKE quotes, record bigint NOT NULL) ON COMMIT DROP"
                          : "CREATE TEMPORARY TABLE ticker_staged (LIKE trades, record bigint NOT NULL) ON COMMIT DROP";
    ticker_status status = ti_pg_run(postgres->link, sql, NULL, NULL, error);

    postgres->stage_made = status == TICKER_OK;
    return status;
}

/* One COPY is open at a time, so going on with other rows ends it. */
static ticker_status start_copy(ti_postgres *postgres, const ti_buffer *rows, const char *name, ticker_error *error)
{
    const ti_copy_layout *layout = ti_pg_layout(postgres, postgres->table);
    bool staged = rows == &postgres->staged;
    ti_buffer sql;
    const char *text;
    ticker_status status;

    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    (void)ti_buffer_printf(&sql, "COPY %s (", name);
    (void)ti_pg_column_list(&sql, layout, "");
    (void)ti_buffer_printf(&sql, "%s, import_id%s) FROM STDIN (FORMAT binary)",
                           postgres->table == TICKER_QUOTES ? ", occurrence" : "", staged ? ", record" : "");
    text = ti_buffer_string(&sql);
    status = text != NULL ? end_copy(postgres, error) : ti_fail_memory(error);
    if (status == TICKER_OK && staged && !postgres->stage_made)
        status = make_stage(postgres, error);
    if (status == TICKER_OK)
        status = ti_pg_copy_begin(postgres->link, text, error);
    if (status == TICKER_OK)
        postgres->copying = rows;
    ti_buffer_free(&sql);
    return status;
}

static ticker_status send_rows(ti_postgres *postgres, ti_buffer *rows, const char *name, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    if (rows->size == 0)
        return TICKER_OK;
    if (postgres->copying != rows)
        status = start_copy(postgres, rows, name, error);
    if (status == TICKER_OK)
        status = ti_pg_copy_send(postgres->link, rows->data, rows->size, error);
    if (status != TICKER_OK)
        postgres->copying = NULL;
    postgres->pending -= rows->size;
    ti_buffer_clear(rows);
    return status;
}

/* Sends what all periods have, and frees what they shared. */
static ticker_status send_all(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = send_rows(postgres, &postgres->staged, stage_name, error);

    for (size_t i = 0; i < postgres->period_count && status == TICKER_OK; i++) {
        ti_pg_period *period = &postgres->periods[i];
        status = send_rows(postgres, &period->rows, period->name, error);
        if (status == TICKER_OK)
            ti_buffer_free(&period->rows);
    }
    return status;
}

ticker_status ti_pg_finish_copy(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = send_all(postgres, error);

    return status == TICKER_OK ? end_copy(postgres, error) : status;
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

/* TICKER_DONE: the bytes were imported by somebody else while this import waited for the period. */
static ticker_status came_meanwhile(ti_postgres *postgres, ticker_error *error)
{
    int64_t id;
    ticker_status status;

    if (postgres->base.sha256 == NULL)
        return TICKER_OK;
    status = ti_pg_ask_import(postgres->link, -1, postgres->base.sha256, postgres->base.member, &id, error);
    return status == TICKER_OK ? TICKER_DONE : status == TICKER_DONE ? TICKER_OK : status;
}

static ticker_status open_period(ti_postgres *postgres, size_t at, int64_t date, ticker_error *error)
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
    status = ti_pg_claim(postgres->link, postgres->table, postgres->table == TICKER_TRADES, &period, error);
    if (status == TICKER_OK)
        status = came_meanwhile(postgres, error);
    if (status == TICKER_OK && insert_period(postgres, at, &period) == NULL)
        status = ti_fail_memory(error);
    return status;
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

static ticker_status find_period(ti_postgres *postgres, int64_t date, ti_pg_period **found, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    if (!holds(postgres, postgres->period_last, date)) {
        size_t at = search_period(postgres, date);
        if (at > 0 && holds(postgres, at - 1, date)) {
            postgres->period_last = at - 1;
        } else {
            status = open_period(postgres, at, date, error);
            postgres->period_last = at;
        }
    }
    *found = status == TICKER_OK ? &postgres->periods[postgres->period_last] : NULL;
    return status;
}

static ticker_status put_row(ti_postgres *postgres, const ticker_batch *batch, size_t row, ti_pg_period *period,
                             ticker_error *error)
{
    ti_buffer *rows = period->fresh ? &period->rows : &postgres->staged;
    size_t before = rows->size;
    ti_copy_tail tail;
    ticker_status status;

    ti_copy_tail_clear(&tail);
    if (postgres->table == TICKER_QUOTES)
        ti_copy_tail_int4(&tail, 0);
    ti_copy_tail_int8(&tail, postgres->import_id);
    if (!period->fresh)
        ti_copy_tail_int8(&tail, postgres->records);
    postgres->records++;
    status = ti_copy_row(ti_pg_layout(postgres, postgres->table), batch, row, &tail, rows, error);
    if (status != TICKER_OK)
        return status;
    postgres->pending += rows->size - before;
    if (rows->size >= SEND_BYTES)
        return send_rows(postgres, rows, period->fresh ? period->name : stage_name, error);
    return postgres->pending >= PENDING_BYTES ? send_all(postgres, error) : TICKER_OK;
}

static ticker_status check_batch(ti_postgres *postgres, const ticker_batch *batch, ticker_error *error)
{
    if (!postgres->importing)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "rows were put without a beginning");
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
    ticker_status status = check_batch(postgres, batch, error);
    unsigned column = batch->table == TICKER_QUOTES ? (unsigned)TICKER_QUOTE_DATE : (unsigned)TICKER_TRADE_DATE;

    for (size_t row = 0; row < batch->rows && status == TICKER_OK; row++) {
        int64_t date = batch->i64[column][row];
        ti_pg_period *period = NULL;
        status = ti_pg_check_day(batch, row, date, error);
        if (status == TICKER_OK)
            status = find_period(postgres, date, &period, error);
        if (status == TICKER_OK)
            status = put_row(postgres, batch, row, period, error);
    }
    return status;
}

#endif
