/* The tools of the store suite: databases, rows, answers. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/date.h"
#include "base/number.h"
#include "model/schema.h"
#ifdef TI_WITH_POSTGRESQL
#include "store/postgres.h"
#endif
#include "store_suite_parts.h"

#define PARAMETERS_MAX 8
#define ANSWER_MAX ((size_t)1 << 24)

void store_suite_ok(ticker_status status, const ticker_error *error, const char *what)
{
    char text[1024];

    (void)ticker_error_format(error, text, sizeof(text));
    ck_assert_msg(status == TICKER_OK, "%s: %s: %s", what, ticker_status_name(status), text);
}

ticker_store *store_suite_open(const char *url)
{
    ticker_options *options = ticker_options_new();
    ticker_store *store = NULL;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_ptr_nonnull(options);
    store_suite_ok(ticker_options_set(options, "database-url", url, &error), &error, "database-url");
    store_suite_ok(ticker_store_open(options, &store, &error), &error, "open");
    ticker_options_free(options);
    if (suite.backend != NULL && suite.backend->opened != NULL)
        suite.backend->opened(store);
    return store;
}

ticker_store *store_suite_open_migrated(const char *url)
{
    ticker_store *store = store_suite_open(url);
    ticker_error error;

    ti_error_init(&error);
    store_suite_ok(ticker_store_migrate(store, &error), &error, "migrate");
    if (getenv("TICKER_TEST_DISTRIBUTE") != NULL && strcmp(ticker_store_backend(store), "postgresql") == 0)
        store_suite_ok(ticker_store_distribute(store, &error), &error, "distribute");
    return store;
}

void store_suite_run_sql(ticker_store *store, const char *sql)
{
    ti_cell cells[TI_COLUMNS_MAX];
    ti_cursor *cursor = NULL;
    ticker_error error;

    ti_error_init(&error);
#ifdef TI_WITH_POSTGRESQL /* whose queries do answer */
    if (strcmp(ticker_store_backend(store), "postgresql") == 0) {
        store_suite_ok(ti_pg_run(ti_pg_store(store)->link, sql, NULL, NULL, &error), &error, sql);
        return;
    }
#endif
    store_suite_ok(store->ops->query(store, sql, NULL, 0, &cursor, &error), &error, sql);
    ck_assert_int_eq(cursor->ops->next(cursor, cells, &error), TICKER_DONE);
    cursor->ops->close(cursor);
}

/* What each version added, one after the other until a NULL. */
static const char *const undo_sqlite_5[] = {
    "DROP VIEW imports",
    "DROP VIEW import_values",
    "ALTER TABLE import_rows DROP COLUMN superseded",
    "ALTER TABLE import_rows DROP COLUMN snapshot",
    "DROP TABLE supersessions",
    "CREATE TABLE derived_quotes (trade_date INTEGER NOT NULL, instrument_id INTEGER NOT NULL,"
    " PRIMARY KEY (trade_date, instrument_id)) WITHOUT ROWID",
    "INSERT INTO derived_quotes SELECT trade_date, instrument_id FROM quote_rows WHERE source = 2",
    "ALTER TABLE days DROP COLUMN sources",
    "CREATE VIEW imports AS SELECT * FROM import_rows",
    "CREATE VIEW import_values AS SELECT * FROM import_rows",
    NULL};
static const char *const undo_sqlite_4[] = {"DROP VIEW imports",
                                            "DROP VIEW import_values",
                                            "ALTER TABLE import_rows DROP COLUMN attempts",
                                            "ALTER TABLE import_rows DROP COLUMN progress_bytes",
                                            "ALTER TABLE import_rows DROP COLUMN total_bytes",
                                            "ALTER TABLE import_rows DROP COLUMN progress_records",
                                            "ALTER TABLE import_rows DROP COLUMN sequencer",
                                            "ALTER TABLE import_rows DROP COLUMN object_version",
                                            "CREATE VIEW imports AS SELECT * FROM import_rows",
                                            "CREATE VIEW import_values AS SELECT * FROM import_rows",
                                            "PRAGMA user_version = 3",
                                            NULL};
static const char *const undo_sqlite_3[] = {
    "DROP VIEW imports",
    "DROP VIEW import_values",
    "DROP INDEX import_rows_by_location",
    "DROP INDEX import_rows_by_hash",
    "ALTER TABLE import_rows DROP COLUMN location",
    "ALTER TABLE import_rows DROP COLUMN content_type",
    "ALTER TABLE import_rows DROP COLUMN duplicate_of",
    "ALTER TABLE import_rows DROP COLUMN updated_at",
    "DROP TABLE cache_bumps",
    "DROP TABLE epochs",
    "CREATE VIEW imports AS SELECT id, file, status, created_at FROM import_rows",
    "CREATE VIEW import_values AS SELECT id, file, status, created_at FROM import_rows",
    "PRAGMA user_version = 2",
    NULL};
static const char *const undo_sqlite_2[] = {"DROP TABLE queue_messages", "DROP TABLE queue_dead",
                                            "PRAGMA user_version = 1", NULL};
/* The view is of what every version has, so that it does not hinder what is undone. */
static const char *const undo_postgres_5[] = {
    "DROP VIEW import_values", "CREATE VIEW import_values AS SELECT id, file, status, created_at FROM imports",
    "ALTER TABLE imports DROP COLUMN superseded, DROP COLUMN snapshot", "DROP TABLE supersessions", NULL};
static const char *const undo_postgres_4[] = {
    "ALTER TABLE imports DROP COLUMN attempts, DROP COLUMN progress_bytes, DROP COLUMN total_bytes,"
    " DROP COLUMN progress_records, DROP COLUMN sequencer, DROP COLUMN object_version",
    "DELETE FROM ticker_schema WHERE version = 4", NULL};
static const char *const undo_postgres_3[] = {
    "DROP INDEX imports_location, imports_sha256",
    "ALTER TABLE imports DROP COLUMN location, DROP COLUMN content_type, DROP COLUMN duplicate_of,"
    " DROP COLUMN updated_at",
    "DROP TABLE cache_bumps", "DELETE FROM ticker_schema WHERE version = 3", NULL};
static const char *const undo_postgres_2[] = {"DROP TABLE queue_messages, queue_dead",
                                              "DELETE FROM ticker_schema WHERE version = 2", NULL};

static void __attribute__((format(printf, 2, 3))) run_printed(ticker_store *store, const char *format, ...)
{
    char sql[512];
    va_list arguments;

    va_start(arguments, format);
    ck_assert_int_gt(vsnprintf(sql, sizeof(sql), format, arguments), 0);
    va_end(arguments);
    store_suite_run_sql(store, sql);
}

/* Version 5 also added columns to the big tables; in SQLite it made their views anew. */
static void undo_5(ticker_store *store, bool postgres)
{
    static const char *const rows[][2] = {{"quote_rows", "quote_values"}, {"trade_rows", "trade_values"}};

    for (int i = 0; i < 2; i++) {
        ticker_table table = i == 0 ? TICKER_QUOTES : TICKER_TRADES;

        if (!postgres) {
            run_printed(store, "DROP VIEW %s", ticker_table_name(table));
            run_printed(store, "DROP VIEW %s", rows[i][1]);
        }
        for (unsigned column = i == 0 ? TI_QUOTE_COLUMNS_1 : TI_TRADE_COLUMNS_1; column < ticker_table_columns(table);
             column++)
            run_printed(store, "ALTER TABLE %s DROP COLUMN %s", postgres ? ticker_table_name(table) : rows[i][0],
                        ticker_column_name(table, column));
        if (!postgres)
            run_printed(store,
                        "CREATE VIEW %s AS SELECT i.ticker AS ticker, r.* FROM %s AS r JOIN instruments AS i"
                        " ON i.id = r.instrument_id",
                        rows[i][1], rows[i][0]);
    }
    for (const char *const *sql = postgres ? undo_postgres_5 : undo_sqlite_5; *sql != NULL; sql++)
        store_suite_run_sql(store, *sql);
    store_suite_run_sql(store, postgres ? "DELETE FROM ticker_schema WHERE version = 5" : "PRAGMA user_version = 4");
}

void store_suite_go_back(ticker_store *store, int version)
{
    static const char *const *const undo[][TI_SCHEMA_VERSION + 1] = {
        {NULL, NULL, undo_sqlite_2, undo_sqlite_3, undo_sqlite_4, NULL},
        {NULL, NULL, undo_postgres_2, undo_postgres_3, undo_postgres_4, NULL},
    };
    bool postgres = strcmp(ticker_store_backend(store), "postgresql") == 0;

    if (version < 5)
        undo_5(store, postgres);
    for (int at = 4; at > version; at--)
        for (const char *const *sql = undo[postgres ? 1 : 0][at]; *sql != NULL; sql++)
            store_suite_run_sql(store, *sql);
}

int64_t store_suite_day(const char *date)
{
    int64_t days = 0;

    ck_assert_msg(ti_parse_date_iso(ti_slice_of(date), &days), "%s", date);
    return days;
}

/* --- Rows ---------------------------------------------------------------------------------------------------------------------- */

void store_suite_text(ticker_batch *batch, unsigned column, uint32_t row, const char *text)
{
    ck_assert(ti_batch_set_text(batch, column, row, ti_slice_of(text)));
}

static uint32_t add_row(ticker_batch *batch, const char *ticker, const char *date)
{
    uint32_t row = batch->rows;

    ck_assert_uint_lt(row, batch->capacity);
    batch->rows++;
    batch->line[row] = row + 1;
    for (unsigned i = 0; i < batch->columns; i++) {
        if (batch->text[i] != NULL)
            batch->text[i][row] = (ti_text){0, 0};
        else
            batch->i64[i][row] = TICKER_NULL;
    }
    store_suite_text(batch, TICKER_QUOTE_TICKER, row, ticker);
    batch->i64[TICKER_QUOTE_DATE][row] = store_suite_day(date);
    return row;
}

uint32_t store_suite_quote(ticker_batch *batch, const char *ticker, const char *date, const char *market)
{
    uint32_t row = add_row(batch, ticker, date);

    store_suite_text(batch, TICKER_QUOTE_MARKET, row, market);
    store_suite_text(batch, TICKER_QUOTE_BDI, row, "02");
    store_suite_text(batch, TICKER_QUOTE_NAME, row, "PETROBRAS");
    store_suite_text(batch, TICKER_QUOTE_SPECIFICATION, row, "PN      N2");
    store_suite_text(batch, TICKER_QUOTE_CURRENCY, row, "R$");
    store_suite_text(batch, TICKER_QUOTE_ISIN, row, "BRPETRACNPR6");
    store_suite_text(batch, TICKER_QUOTE_DISTRIBUTION, row, "007");
    store_suite_text(batch, TICKER_QUOTE_SOURCE, row, "cotahist");
    for (unsigned i = TICKER_QUOTE_OPEN; i <= TICKER_QUOTE_ASK; i++)
        batch->i64[i][row] = 6870000 + (int64_t)i * 10000;
    batch->i64[TICKER_QUOTE_TRADES][row] = 35480;
    batch->i64[TICKER_QUOTE_VOLUME][row] = 60127200;
    batch->i64[TICKER_QUOTE_TURNOVER][row] = 41123456700;
    batch->i64[TICKER_QUOTE_TURNOVER_REST][row] = 0;
    batch->i64[TICKER_QUOTE_FACTOR][row] = 1;
    return row;
}

uint32_t store_suite_trade(ticker_batch *batch, const char *ticker, const char *date, int64_t id, int64_t action)
{
    uint32_t row = add_row(batch, ticker, date);

    batch->i64[TICKER_TRADE_REFERENCE_DATE][row] = store_suite_day(date);
    store_suite_text(batch, TICKER_TRADE_SESSION, row, "1");
    batch->i64[TICKER_TRADE_ID][row] = id;
    batch->i64[TICKER_TRADE_ACTION][row] = action;
    batch->i64[TICKER_TRADE_TIME][row] = 36000123;
    batch->i64[TICKER_TRADE_PRICE][row] = 5970000;
    batch->i64[TICKER_TRADE_VOLUME][row] = 100;
    return row;
}

/* --- Imports ------------------------------------------------------------------------------------------------------------------- */

static bool no_instrument(void *payload, ti_instrument *instrument)
{
    (void)payload;
    (void)instrument;
    return false;
}

ticker_status store_suite_import(ticker_store *store, ticker_batch *const *batches, size_t count, const char *sha256,
                                 int64_t *id)
{
    ti_ledger_row row = {.file = "file",
                         .member = "",
                         .format = "test",
                         .sha256 = sha256,
                         .status = "imported",
                         .error = "",
                         .problems = "[]",
                         .turnover = "0.00",
                         .bytes = 1,
                         .first_date = TICKER_NULL,
                         .last_date = TICKER_NULL,
                         .declared = TICKER_NULL};
    ticker_error error;
    ticker_status status;

    ti_error_init(&error);
    store_suite_ok(store->ops->begin(store, id, &error), &error, "begin");
    for (size_t i = 0; i < count; i++)
        store_suite_ok(store->ops->put(store, batches[i], &error), &error, "put");
    store_suite_ok(store->ops->settle(store, &error), &error, "settle");
    status = store->ops->commit(store, &row, no_instrument, NULL, id, &error);
    if (status != TICKER_DONE)
        store_suite_ok(status, &error, "commit");
    return status;
}

/* --- Answers ------------------------------------------------------------------------------------------------------------------- */

static int64_t number_of(const ti_cell *cell, unsigned scale)
{
    int64_t number = 0;

    if (cell->kind == TI_CELL_INTEGER)
        return cell->number;
    ck_assert_msg(ti_parse_decimal(cell->text, '.', scale, &number), "%.*s", (int)cell->text.size, cell->text.data);
    return number;
}

static int64_t day_of(const ti_cell *cell)
{
    int64_t day = 0;

    if (cell->kind == TI_CELL_INTEGER)
        return cell->number;
    ck_assert_msg(ti_parse_date_iso(cell->text, &day), "%.*s", (int)cell->text.size, cell->text.data);
    return day;
}

/* "10:00:00", with or without decimals. */
static int64_t time_of(const ti_cell *cell)
{
    int64_t hours = 0, minutes = 0, milliseconds = 0;

    if (cell->kind == TI_CELL_INTEGER)
        return cell->number;
    ck_assert_uint_ge(cell->text.size, 8);
    ck_assert(ti_parse_integer((ti_slice){cell->text.data, 2}, false, &hours));
    ck_assert(ti_parse_integer((ti_slice){cell->text.data + 3, 2}, false, &minutes));
    ck_assert(ti_parse_decimal((ti_slice){cell->text.data + 6, cell->text.size - 6}, '.', 3, &milliseconds));
    return hours * 3600000 + minutes * 60000 + milliseconds;
}

/* Cents and the millionths below them; or a text that has all of it. */
static int64_t millionths_of(const ti_cell *cell)
{
    int64_t rest = cell[1].kind == TI_CELL_NULL ? 0 : number_of(&cell[1], 0);

    return (cell->kind == TI_CELL_INTEGER ? cell->number * 10000 : number_of(cell, 6)) + rest;
}

static void show(ti_buffer *out, char type, const ti_cell *cell)
{
    char date[TI_DATE_TEXT_MAX];

    if (cell->kind == TI_CELL_NULL) {
        (void)ti_buffer_text(out, "null");
    } else if (type == 't') {
        ck_assert(cell->kind == TI_CELL_TEXT);
        (void)ti_buffer_slice(out, cell->text);
    } else if (type == 'd') {
        (void)ti_format_date(day_of(cell), date);
        (void)ti_buffer_text(out, date);
    } else {
        int64_t number = type == 'h'   ? time_of(cell)
                         : type == 'm' ? millionths_of(cell)
                                       : number_of(cell, type == 'p' ? 6 : 0);
        (void)ti_buffer_printf(out, "%lld", (long long)number);
    }
}

static void show_row(ti_buffer *out, const char *types, const ti_cell *cells)
{
    for (size_t i = 0; types[i] != '\0'; i++) {
        if (i > 0)
            (void)ti_buffer_byte(out, '|');
        show(out, types[i], cells);
        cells += types[i] == 'm' ? 2 : 1;
    }
    (void)ti_buffer_byte(out, ';');
}

char *store_suite_ask(ticker_store *store, const char *types, const char *sql, ...)
{
    ti_parameter parameters[PARAMETERS_MAX];
    ti_cell cells[2 * TI_COLUMNS_MAX];
    ti_cursor *cursor = NULL;
    const char *text;
    size_t count = 0;
    ticker_status status;
    ticker_error error;
    ti_buffer out;
    va_list list;

    ti_error_init(&error);
    ti_buffer_init(&out, ANSWER_MAX);
    va_start(list, sql);
    while ((text = va_arg(list, const char *)) != NULL && count < PARAMETERS_MAX)
        parameters[count++] = (ti_parameter){.type = TICKER_TYPE_TEXT, .text = ti_slice_of(text)};
    va_end(list);
    store_suite_ok(store->ops->query(store, sql, parameters, count, &cursor, &error), &error, sql);
    ck_assert_uint_le(cursor->columns, 2 * TI_COLUMNS_MAX);
    while ((status = cursor->ops->next(cursor, cells, &error)) == TICKER_OK)
        show_row(&out, types, cells);
    cursor->ops->close(cursor);
    store_suite_ok(status == TICKER_DONE ? TICKER_OK : status, &error, sql);
    ck_assert_ptr_nonnull(ti_buffer_string(&out));
    return out.data;
}
