#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/error.h"
#include "model/schema.h"
#include "store/postgres.h"

#define SEND_BYTES ((size_t)64 * 1024)
#define ROW_BYTES_MAX ((size_t)1024 * 1024)
#define FETCH_ROWS 5000
#define FETCH_SQL "FETCH 5000 FROM ticker_trades"
#define SHORT_MAX 1024 /* entries that go as parameters */

/* One cursor for each date, so that the server reads one partition; it sorts by the place in the list and the trade id. The key of trades
 * begins with what is asked for, so single trades are found without reading their day. */
#define SCAN_SQL(list, condition, date)                                                                                \
    "DECLARE ticker_trades NO SCROLL CURSOR FOR SELECT s.entry, t.session, t.reference_date, t.trade_id, t.action, "   \
    "t.trade_time,"                                                                                                    \
    " (t.price * 1000000)::bigint, t.volume FROM trades AS t JOIN " list " AS s ON s.ticker = t.ticker"                \
    " AND s.trade_date = t.trade_date" condition " WHERE t.trade_date = " date " AND s.trade_date = " date             \
    " ORDER BY s.entry, t.trade_id, t.reference_date, t.session, t.action"

static const char scan_days_sql[] = SCAN_SQL("ticker_scan", "", "$1");
static const char scan_ids_sql[] = SCAN_SQL("ticker_scan", " AND s.trade_id = t.trade_id", "$1");

/* The same for a short list, which goes along as parameters. */
#define SHORT_LIST "(SELECT * FROM unnest($1, $2, $3, $4) AS r (entry, ticker, trade_date, trade_id))"
static const char short_days_sql[] = SCAN_SQL(SHORT_LIST, "", "$5");
static const char short_ids_sql[] = SCAN_SQL(SHORT_LIST, " AND s.trade_id = t.trade_id", "$5");

/* What a scan asks for, all along. */
typedef struct scan {
    ti_pg_link *link;
    const char *sql;
    size_t count;
    ti_visit_trade visit;
    void *payload;
} scan;

static char *put_entry(char *at, size_t entry, const ti_ticker_day *day)
{
    at = ti_copy_int8(ti_copy_fields(at, 4), (int64_t)entry);
    at = ti_copy_date(ti_copy_text(at, day->ticker), day->date);
    return day->id == TICKER_NULL ? ti_copy_null(at) : ti_copy_int8(at, day->id);
}

static ticker_status send_list(ti_pg_link *link, const ti_ticker_day *days, size_t count, ticker_error *error)
{
    ticker_status status = ti_pg_copy_begin(link,
                                            "COPY ticker_scan (entry, ticker, trade_date, trade_id) FROM STDIN"
                                            " (FORMAT binary)",
                                            error);
    ti_buffer rows;

    ti_buffer_init(&rows, SEND_BYTES + ROW_BYTES_MAX);
    for (size_t i = 0; i < count && status == TICKER_OK; i++) {
        char *start = ti_buffer_reserve(&rows, 4 * TI_COPY_NUMBER_MAX + days[i].ticker.size);
        if (start == NULL) {
            status = ti_fail_memory(error);
            break;
        }
        rows.size += (size_t)(put_entry(start, i, &days[i]) - start);
        if (rows.size >= SEND_BYTES || i + 1 == count) {
            status = ti_pg_copy_send(link, rows.data, rows.size, error);
            ti_buffer_clear(&rows);
        }
    }
    ti_buffer_free(&rows);
    return status == TICKER_OK ? ti_pg_copy_end(link, error) : status;
}

static uint64_t read_big_endian(ti_slice bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes.size && i < sizeof(value); i++)
        value = value << 8 | (unsigned char)bytes.data[i];
    return value;
}

static int64_t binary_integer(const ti_pg_result *result, size_t row, size_t column)
{
    ti_slice bytes = ti_pg_cell(result, row, column);
    uint64_t value = read_big_endian(bytes);

    return bytes.size == 2 ? (int16_t)value : bytes.size == 4 ? (int32_t)value : (int64_t)value;
}

static ticker_status visit_rows(const scan *asked, const ti_pg_result *result, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    for (size_t row = 0; row < ti_pg_rows(result) && status == TICKER_OK; row++) {
        const ti_trade trade = {.day = (size_t)binary_integer(result, row, 0),
                                .session = ti_pg_cell(result, row, 1),
                                .reference_date = binary_integer(result, row, 2) + TI_COPY_DAYS_2000,
                                .id = binary_integer(result, row, 3),
                                .action = binary_integer(result, row, 4),
                                .time = binary_integer(result, row, 5) / 1000,
                                .price = binary_integer(result, row, 6),
                                .volume = binary_integer(result, row, 7)};
        if (trade.day >= asked->count)
            return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INTERNAL, "the server sent a day that was not asked for");
        status = asked->visit(&trade, asked->payload, error);
    }
    return status;
}

/* The next portion; *more: it was not the last one. */
static ticker_status fetch(const scan *asked, bool *more, ticker_error *error)
{
    ti_pg_result *result = NULL;
    ticker_status status = ti_pg_run_binary(asked->link, FETCH_SQL, &result, error);

    if (status == TICKER_OK) {
        *more = ti_pg_rows(result) == FETCH_ROWS;
        status = visit_rows(asked, result, error);
    }
    ti_pg_free(result);
    return status;
}

/* Rows come in portions of a cursor, not in one stream, so that the connection is free while they are visited. */
static ticker_status scan_date(const scan *asked, const char *date, ticker_error *error)
{
    const unsigned types[] = {TI_PG_OID_DATE};
    const char *const values[] = {date};
    const ti_pg_parameters parameters = {.count = 1, .types = types, .values = values};
    ticker_status status = ti_pg_run(asked->link, asked->sql, &parameters, NULL, error);
    bool more = true;

    while (status == TICKER_OK && more)
        status = fetch(asked, &more, error);
    return status == TICKER_OK ? ti_pg_run(asked->link, "CLOSE ticker_trades", NULL, NULL, error) : status;
}

/* Everything of one date that is in the first portion, which is all there is nearly always: one trip to the server and back. */
static ticker_status scan_short_date(const scan *asked, ti_pg_arrays *list, int64_t date, ticker_error *error)
{
    ti_pg_arrays arrays = *list; /* with one value more */
    ti_pg_result *answers[2] = {NULL, NULL};
    ti_pg_parameters parameters;
    bool more = true;
    ticker_status status = ti_pg_arrays_date(&arrays, date) ? ti_pg_pipe_begin(asked->link, error)
                                                            : ti_fail_memory(error);

    list->data = arrays.data;
    parameters = ti_pg_arrays_end(&arrays);
    if (status == TICKER_OK)
        status = ti_pg_pipe_once(asked->link, asked->sql, &parameters, false, error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_once(asked->link, FETCH_SQL, NULL, true, error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_end(asked->link, answers, 2, NULL, error);
    if (status == TICKER_OK) {
        more = ti_pg_rows(answers[1]) == FETCH_ROWS;
        status = visit_rows(asked, answers[1], error);
    }
    ti_pg_free(answers[0]);
    ti_pg_free(answers[1]);
    while (status == TICKER_OK && more)
        status = fetch(asked, &more, error);
    return status == TICKER_OK ? ti_pg_run(asked->link, "CLOSE ticker_trades", NULL, NULL, error) : status;
}

static int compare_days(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;

    return *left < *right ? -1 : *left > *right;
}

static ticker_status scan_short(const scan *asked, const ti_ticker_day *days, size_t count, ticker_error *error)
{
    static const ti_copy_kind kinds[] = {TI_COPY_INT8, TI_COPY_TEXT, TI_COPY_DATE, TI_COPY_INT8};
    ti_buffer rows;
    const ti_buffer *const lists[] = {&rows};
    int64_t dates[SHORT_MAX];
    ti_pg_arrays list;
    ticker_status status = TICKER_OK;

    ti_buffer_init(&rows, SEND_BYTES + ROW_BYTES_MAX);
    ti_pg_arrays_init(&list);
    for (size_t i = 0; i < count; i++) {
        char *start = ti_buffer_reserve(&rows, 4 * TI_COPY_NUMBER_MAX + days[i].ticker.size);

        dates[i] = days[i].date;
        if (start != NULL)
            rows.size += (size_t)(put_entry(start, i, &days[i]) - start);
    }
    if (ti_buffer_failed(&rows) || !ti_pg_arrays_rows(&list, kinds, 4, lists, 1))
        status = ti_fail_memory(error);
    qsort(dates, count, sizeof(*dates), compare_days);
    for (size_t i = 0; i < count && status == TICKER_OK; i++)
        if (i == 0 || dates[i] != dates[i - 1])
            status = scan_short_date(asked, &list, dates[i], error);
    ti_pg_arrays_free(&list);
    ti_buffer_free(&rows);
    return status;
}

ticker_status ti_pg_scan_trades(ticker_store *store, const ti_ticker_day *days, size_t count, ti_visit_trade visit,
                                void *payload, ticker_error *error)
{
    scan asked = {.link = ti_pg_store(store)->link, .count = count, .visit = visit, .payload = payload};
    ti_pg_result *dates = NULL;
    ticker_status status;

    if (count == 0)
        return TICKER_OK;
    if (count <= SHORT_MAX && ti_pg_store(store)->few_bytes > 0) {
        asked.sql = days[0].id == TICKER_NULL ? short_days_sql : short_ids_sql;
        return scan_short(&asked, days, count, error);
    }
    asked.sql = days[0].id == TICKER_NULL ? scan_days_sql : scan_ids_sql;
    status = ti_pg_run(
        asked.link,
        "DROP TABLE IF EXISTS pg_temp.ticker_scan; CREATE TEMPORARY TABLE ticker_scan (entry bigint NOT NULL,"
        " ticker text COLLATE \"C\" NOT NULL, trade_date date NOT NULL, trade_id bigint) ON COMMIT DROP",
        NULL, NULL, error);
    if (status == TICKER_OK)
        status = send_list(asked.link, days, count, error);
    if (status == TICKER_OK)
        status = ti_pg_run(asked.link, "ANALYZE ticker_scan", NULL, NULL, error);
    if (status == TICKER_OK)
        status = ti_pg_run(asked.link, "SELECT DISTINCT trade_date FROM ticker_scan ORDER BY 1", NULL, &dates, error);
    for (size_t i = 0; status == TICKER_OK && i < ti_pg_rows(dates); i++) {
        char date[TI_DATE_TEXT_MAX];
        (void)snprintf(date, sizeof(date), "%s", ti_pg_cell(dates, i, 0).data);
        status = scan_date(&asked, date, error);
    }
    ti_pg_free(dates);
    return status;
}

static ticker_status send_days(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    const char *text;
    ti_buffer sql;

    if (postgres->days.size == 0)
        return TICKER_OK;
    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    if (!postgres->days_made)
        status = ti_pg_make_stage(postgres, "ticker_day_quotes", TICKER_QUOTES, error);
    postgres->days_made = true;
    (void)ti_buffer_text(&sql, "COPY ticker_day_quotes (");
    (void)ti_pg_column_list(&sql, &postgres->quotes, "");
    (void)ti_buffer_text(&sql, ", occurrence, import_id, record) FROM STDIN (FORMAT binary)");
    text = ti_buffer_string(&sql);
    if (text == NULL)
        status = ti_fail_memory(error);
    if (status == TICKER_OK)
        status = ti_pg_copy_begin(postgres->link, text, error);
    if (status == TICKER_OK)
        status = ti_pg_copy_send(postgres->link, postgres->days.data, postgres->days.size, error);
    if (status == TICKER_OK)
        status = ti_pg_copy_end(postgres->link, error);
    ti_buffer_clear(&postgres->days);
    ti_buffer_free(&sql);
    return status;
}

/* Keeps the first day of the year that `date` falls in. */
static bool remember_year(ti_postgres *postgres, int64_t date)
{
    ti_pg_period period;

    for (size_t i = postgres->year_count; i > 0; i--)
        if (postgres->years[i - 1] <= date && date < postgres->years[i - 1] + 365)
            return true;
    ti_pg_period_of(TICKER_QUOTES, date, &period);
    for (size_t i = postgres->year_count; i > 0; i--)
        if (postgres->years[i - 1] == period.first)
            return true;
    if (postgres->year_count == postgres->year_capacity) {
        size_t capacity = postgres->year_capacity > 0 ? 2 * postgres->year_capacity : 8;
        int64_t *years = realloc(postgres->years, capacity * sizeof(*years));
        if (years == NULL)
            return false;
        postgres->years = years;
        postgres->year_capacity = capacity;
    }
    postgres->years[postgres->year_count++] = period.first;
    return true;
}

ticker_status ti_pg_put_day_quotes(ticker_store *store, const ticker_batch *batch, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    ticker_status status;

    for (size_t row = 0; row < batch->rows; row++) {
        int64_t date = batch->i64[TICKER_QUOTE_DATE][row];
        ti_copy_tail tail;
        status = ti_pg_check_day(batch, row, date, error);
        if (status != TICKER_OK)
            return status;
        if (!remember_year(postgres, date))
            return ti_fail_memory(error);
        ti_copy_tail_clear(&tail);
        ti_copy_tail_int4(&tail, 0);
        ti_copy_tail_int8(&tail, postgres->import_id);
        ti_copy_tail_int8(&tail, postgres->records++);
        status = ti_copy_row(&postgres->quotes, batch, row, &tail, &postgres->days, error);
        if (status == TICKER_OK && postgres->days.size >= (postgres->days_made ? SEND_BYTES : postgres->few_bytes))
            status = send_days(postgres, error);
        if (status != TICKER_OK)
            return status;
    }
    return TICKER_OK;
}

/* The rows of one year: none where the quotes of a file are. `rows`: where those that were put are. */
static bool put_days_of(ti_buffer *sql, const ti_postgres *postgres, const ti_pg_period *period, const char *rows)
{
    (void)ti_buffer_text(sql, "INSERT INTO quotes (");
    (void)ti_pg_column_list(sql, &postgres->quotes, "");
    (void)ti_buffer_text(sql, ", occurrence, import_id) SELECT ");
    (void)ti_pg_column_list(sql, &postgres->quotes, "d.");
    (void)ti_buffer_printf(
        sql,
        ", d.occurrence, d.import_id FROM (SELECT DISTINCT ON (ticker, trade_date) * FROM %s"
        " AS r ORDER BY ticker, trade_date, record DESC) AS d LEFT JOIN %s AS f ON f.ticker = d.ticker"
        " AND f.trade_date = d.trade_date WHERE f.ticker IS NULL AND d.trades > 0 AND ",
        rows, period->name);
    return ti_pg_date_range(sql, "d.trade_date", period);
}

static ticker_status apply_year(ti_postgres *postgres, int64_t first, ticker_error *error)
{
    ti_pg_period period = {0};
    const char *text;
    ti_buffer sql;
    ticker_status status;

    ti_pg_period_of(TICKER_QUOTES, first, &period);
    status = ti_pg_make_room_of_days(postgres, &period, error);
    if (status != TICKER_OK)
        return status;
    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    text = put_days_of(&sql, postgres, &period, "ticker_day_quotes") ? ti_buffer_string(&sql) : NULL;
    status = text != NULL ? ti_pg_run(postgres->link, text, NULL, NULL, error) : ti_fail_memory(error);
    ti_buffer_free(&sql);
    return status;
}

/* A year's table must be there before rows can go into it. */
static ticker_status claim_year(ti_postgres *postgres, int64_t first, ticker_error *error)
{
    ti_pg_result *answers[2] = {NULL, NULL};
    ti_pg_period period = {0};
    ticker_status status = ti_pg_pipe_begin(postgres->link, error);

    ti_pg_period_of(TICKER_QUOTES, first, &period);
    if (status == TICKER_OK)
        status = ti_pg_put_claim(postgres->link, TICKER_QUOTES, true, &period, error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_end(postgres->link, answers, 2, NULL, error);
    if (status == TICKER_OK)
        status = ti_pg_take_claim(postgres, TICKER_QUOTES, true, answers, &period, error);
    ti_pg_free(answers[0]);
    ti_pg_free(answers[1]);
    if (status != TICKER_OK || !period.fresh)
        return status;
    status = ti_pg_pipe_begin(postgres->link, error);
    if (status == TICKER_OK)
        status = ti_pg_put_partition(postgres->link, TICKER_QUOTES, &period, error);
    return status == TICKER_OK ? ti_pg_pipe_end(postgres->link, NULL, 0, NULL, error) : status;
}

/* The years in ascending order: two imports then ask for the same locks in the same order. */
ticker_status ti_pg_claim_years(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    if (postgres->year_count > 0)
        qsort(postgres->years, postgres->year_count, sizeof(*postgres->years), compare_days);
    for (size_t i = 0; i < postgres->year_count && status == TICKER_OK; i++)
        status = claim_year(postgres, postgres->years[i], error);
    return status;
}

ticker_status ti_pg_apply_day_quotes(ti_postgres *postgres, ticker_error *error)
{
    ticker_status status = send_days(postgres, error);

    if (status != TICKER_OK || !postgres->days_made)
        return status;
    status = ti_pg_claim_years(postgres, error);
    if (status == TICKER_OK)
        status = ti_pg_run(postgres->link, "ANALYZE ticker_day_quotes", NULL, NULL, error);
    for (size_t i = 0; i < postgres->year_count && status == TICKER_OK; i++)
        status = apply_year(postgres, postgres->years[i], error);
    return status;
}

bool ti_pg_few_day_quotes(const ti_postgres *postgres)
{
    return !postgres->distributed && !postgres->days_made && postgres->year_count <= TI_PG_FEW_PERIODS;
}

static ticker_status put_year(ti_postgres *postgres, int64_t first, const char *rows, ti_pg_arrays *arrays,
                              ticker_error *error)
{
    ti_pg_parameters all = ti_pg_arrays_end(arrays);
    ti_pg_period period = {0};
    const char *text;
    ti_buffer sql;
    ticker_status status;

    ti_pg_period_of(TICKER_QUOTES, first, &period);
    status = ti_pg_put_removal(postgres, &period, &all, error);
    if (status == TICKER_OK)
        status = ti_pg_put_not_taken(postgres, &period, rows, &all, error);
    ti_buffer_init(&sql, 2 * TI_PG_SQL_MAX);
    text = put_days_of(&sql, postgres, &period, rows) ? ti_buffer_string(&sql) : NULL;
    if (status == TICKER_OK)
        status = text != NULL ? ti_pg_pipe_put(postgres->link, text, &all, error) : ti_fail_memory(error);
    ti_buffer_free(&sql);
    return status;
}

ticker_status ti_pg_put_days(ti_postgres *postgres, ticker_error *error)
{
    const ti_buffer *const lists[] = {&postgres->days};
    ticker_status status = TICKER_OK;
    ti_pg_arrays arrays;
    const char *rows;
    ti_buffer sql;

    if (postgres->days.size == 0)
        return TICKER_OK;
    ti_buffer_init(&sql, TI_PG_SQL_MAX);
    ti_pg_arrays_init(&arrays);
    rows = ti_pg_put_source(&sql, &postgres->quotes) ? ti_buffer_string(&sql) : NULL;
    if (rows == NULL || !ti_pg_arrays_layout(&arrays, &postgres->quotes, lists, 1) ||
        !ti_pg_arrays_int8(&arrays, postgres->import_id))
        status = ti_fail_memory(error);
    for (size_t i = 0; i < postgres->year_count && status == TICKER_OK; i++)
        status = put_year(postgres, postgres->years[i], rows, &arrays, error);
    ti_pg_arrays_free(&arrays);
    ti_buffer_free(&sql);
    return status;
}

#endif
