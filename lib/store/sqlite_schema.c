/* The schema: its version, its making, and the SQL that follows from the model's columns. */
#include <config.h>

#ifdef TI_WITH_SQLITE

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/number.h"
#include "model/schema.h"
#include "store/sqlite.h"

#define APPLICATION_ID 1414087522 /* "TIdb": says what kind of SQLite file this is */
#define SQL_MAX 65536

/* What the two big tables do not have in common. */
typedef struct shape {
    ticker_table table;
    const char *rows; /* the table's name in this database; `quotes` and `trades` are views */
    const char *values;
    const char *key;
    unsigned columns_1; /* in version 1 */
    bool occurrence;
    bool
        spans; /* the views say that rows lie within their instrument's days: so the quotes of a day are found without an index */
} shape;

/* Quotes are asked for by ticker and come by year: clustered by ticker. Trades are asked for by ticker and day and come by day: clustered
 * by day, so that a new day is appended whatever stands there; then by number, which is how a cancellation finds its trade. */
static const shape layouts[] = {
    {TICKER_QUOTES, "quote_rows", "quote_values", "instrument_id, trade_date, market, term_days, occurrence",
     TI_QUOTE_COLUMNS_1, true, true},
    {TICKER_TRADES, "trade_rows", "trade_values",
     "trade_date, instrument_id, trade_id, reference_date, session, action", TI_TRADE_COLUMNS_1, false, false},
};

static const char small_tables_sql[] =
    "CREATE TABLE instruments (id INTEGER PRIMARY KEY, ticker TEXT NOT NULL UNIQUE, market TEXT, name TEXT, "
    "specification TEXT,"
    " isin TEXT, first_date INTEGER, last_date INTEGER);"
    "CREATE INDEX instruments_by_date ON instruments (last_date, first_date);"
    /* Every day that has rows: the views find days by their text through it. */
    "CREATE TABLE days (day INTEGER PRIMARY KEY, iso TEXT NOT NULL UNIQUE);"
    /* Which quotes were made from trades; version 5 needs no such list any more. */
    "CREATE TABLE derived_quotes (trade_date INTEGER NOT NULL, instrument_id INTEGER NOT NULL,"
    " PRIMARY KEY (trade_date, instrument_id)) WITHOUT ROWID;"
    "CREATE TABLE import_rows (id INTEGER PRIMARY KEY AUTOINCREMENT, file TEXT NOT NULL, member TEXT NOT NULL, format "
    "TEXT NOT NULL,"
    " sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, status TEXT NOT NULL, records INTEGER NOT NULL, imported INTEGER "
    "NOT NULL,"
    " rejected INTEGER NOT NULL, repaired INTEGER NOT NULL, first_date INTEGER, last_date INTEGER, trades INTEGER, "
    "volume INTEGER,"
    " turnover TEXT, declared INTEGER, forced INTEGER NOT NULL, error TEXT NOT NULL, problems TEXT NOT NULL,"
    " microseconds INTEGER NOT NULL, created_at TEXT NOT NULL);"
    "CREATE UNIQUE INDEX import_rows_once ON import_rows (sha256, member) WHERE status = 'imported';"
    "CREATE INDEX import_rows_by_size ON import_rows (bytes) WHERE status = 'imported';";

/* What the planner should expect, without the work of ANALYZE: a full history. With it every way to ask uses the right key; whoever runs
 * ANALYZE replaces it by the truth. */
static const char statistics_sql[] = "ANALYZE days; INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES"
                                     " ('days', 'sqlite_autoindex_days_1', '10000 1'),"
                                     " ('instruments', 'sqlite_autoindex_instruments_1', '1000000 1'),"
                                     " ('instruments', 'instruments_by_date', '1000000 100 10'),"
                                     " ('quote_rows', 'quote_rows', '20000000 20 1 1 1 1'),"
                                     " ('trade_rows', 'trade_rows', '500000000 2000000 1000 2 2 2 1');"
                                     "ANALYZE sqlite_schema;";

static bool is_key(ticker_table table, unsigned column)
{
    if (table == TICKER_QUOTES)
        return column == TICKER_QUOTE_MARKET || column == TICKER_QUOTE_TERM_DAYS;
    return column == TICKER_TRADE_REFERENCE_DATE || column == TICKER_TRADE_SESSION || column == TICKER_TRADE_ID ||
           column == TICKER_TRADE_ACTION;
}

/* --- Tables -------------------------------------------------------------------------------------------------------------------- */

static void put_column(ti_buffer *sql, ticker_table table, unsigned number, const ti_column *column)
{
    /* Sources are numbers or text: without a type SQLite leaves both as they are. */
    const char *type = table == TICKER_QUOTES && number == TICKER_QUOTE_SOURCE ? ""
                       : column->type == TICKER_TYPE_TEXT                      ? " TEXT"
                                                                               : " INTEGER";

    (void)ti_buffer_printf(sql, "%s%s%s, ", column->name, type, is_key(table, number) ? " NOT NULL" : "");
}

/* As version 1 has made it. */
static void put_table(ti_buffer *sql, const shape *layout)
{
    unsigned count;
    const ti_column *columns = ti_schema_columns(layout->table, &count);

    count = layout->columns_1;
    (void)ti_buffer_printf(sql, "CREATE TABLE %s (instrument_id INTEGER NOT NULL, trade_date INTEGER NOT NULL, ",
                           layout->rows);
    for (unsigned i = 2; i < count; i++)
        put_column(sql, layout->table, i, &columns[i]);
    (void)ti_buffer_printf(sql, "%simport_id INTEGER NOT NULL, PRIMARY KEY (%s)) WITHOUT ROWID;",
                           layout->occurrence ? "occurrence INTEGER NOT NULL, " : "", layout->key);
}

/* --- Views --------------------------------------------------------------------------------------------------------------------- */

/* A mantissa with its point, made of integers only: printf's %f knows no exact decimals. `rest` is "" or the name of the column that
 * continues it with four more digits. */
static void put_decimal(ti_buffer *sql, const char *name, unsigned scale, unsigned digits, const char *rest)
{
    bool has_rest = rest[0] != '\0';
    unsigned tail = has_rest ? 4 : scale - digits;
    long long whole = ti_power10(scale), cut = ti_power10(scale - digits);

    (void)ti_buffer_printf(sql, "CASE WHEN %s IS NOT NULL THEN printf('%%s%%d.%%0%ud', CASE WHEN %s < 0", name, digits,
                           name);
    if (has_rest)
        (void)ti_buffer_printf(sql, " OR %s < 0", rest);
    (void)ti_buffer_printf(sql, " THEN '-' ELSE '' END, abs(%s) / %lld, abs(%s) %% %lld / %lld)", name, whole, name,
                           whole, cut);
    if (has_rest)
        (void)ti_buffer_printf(sql, " || rtrim(printf('%%0%ud', abs(%s)), '0')", tail, rest);
    else if (tail > 0)
        (void)ti_buffer_printf(sql, " || rtrim(printf('%%0%ud', abs(%s) %% %lld), '0')", tail, name, cut);
    (void)ti_buffer_text(sql, " END");
}

static void put_source(ti_buffer *sql)
{
    (void)ti_buffer_text(sql, "CASE r.source");
    for (int i = 0; i < TI_ORIGIN_OTHER; i++)
        (void)ti_buffer_printf(sql, " WHEN %d THEN '%s'", ti_sq_source_number((ti_origin)i),
                               ti_origin_name((ti_origin)i));
    (void)ti_buffer_text(sql, " ELSE r.source END");
}

/* The value of a column as it is stored, without the stand-ins for blanks. */
static void put_value(ti_buffer *sql, ticker_table table, unsigned number, const ti_column *column)
{
    if (table == TICKER_QUOTES && number == TICKER_QUOTE_MARKET)
        (void)ti_buffer_text(sql, "nullif(r.market, '')");
    else if (table == TICKER_QUOTES && number == TICKER_QUOTE_TERM_DAYS)
        (void)ti_buffer_printf(sql, "nullif(r.term_days, %d)", TI_SQ_NO_TERM);
    else if (table == TICKER_QUOTES && number == TICKER_QUOTE_SOURCE)
        put_source(sql);
    else
        (void)ti_buffer_printf(sql, "r.%s", column->name);
}

/* The value of a column as people read it. */
static void put_shown(ti_buffer *sql, ticker_table table, unsigned number, const ti_column *column)
{
    const char *rest = table == TICKER_QUOTES && number == TICKER_QUOTE_TURNOVER ? "r.turnover_rest" : "";
    char name[64];

    (void)snprintf(name, sizeof(name), "r.%s", column->name);
    if (column->type == TICKER_TYPE_DECIMAL)
        put_decimal(sql, name, column->scale, column->digits, rest);
    else if (column->type == TICKER_TYPE_DATE)
        (void)ti_buffer_printf(sql, "date(%s * 86400, 'unixepoch')", name);
    else if (column->type == TICKER_TYPE_TIME)
        (void)ti_buffer_printf(
            sql,
            "CASE WHEN %s IS NOT NULL THEN printf('%%02d:%%02d:%%02d.%%03d', %s / 3600000, %s / 60000 %% 60,"
            " %s / 1000 %% 60, %s %% 1000) END",
            name, name, name, name, name);
    else
        put_value(sql, table, number, column);
}

/* Two views of a table: as people read it, and as it is stored. */
static void put_view(ti_buffer *sql, const shape *layout, bool shown)
{
    unsigned count;
    const ti_column *columns = ti_schema_columns(layout->table, &count);
    const char *day = shown ? "d.day" : "r.trade_date";

    (void)ti_buffer_printf(sql, "CREATE VIEW %s AS SELECT i.ticker AS ticker, %s AS trade_date, ",
                           shown ? ticker_table_name(layout->table) : layout->values, shown ? "d.iso" : day);
    for (unsigned i = 2; i < count; i++) {
        if (shown && columns[i].json == NULL)
            continue;
        if (shown)
            put_shown(sql, layout->table, i, &columns[i]);
        else
            put_value(sql, layout->table, i, &columns[i]);
        (void)ti_buffer_printf(sql, " AS %s, ", columns[i].name);
    }
    (void)ti_buffer_printf(sql,
                           "%sr.import_id AS import_id FROM %s AS r JOIN instruments AS i ON i.id = r.instrument_id%s",
                           layout->occurrence ? "r.occurrence AS occurrence, " : "", layout->rows,
                           shown ? " JOIN days AS d ON d.day = r.trade_date" : "");
    if (layout->spans)
        (void)ti_buffer_printf(sql, " WHERE %s BETWEEN i.first_date AND i.last_date", day);
    (void)ti_buffer_text(sql, ";");
}

/* The ledger, as people read it and as it is stored. */
/* The imports on one side of the supersessions of import i, as JSON. */
#define SUPERSESSIONS(other, own)                                                                                      \
    "(SELECT '[' || coalesce(group_concat(printf('{\"import_id\":%d,\"rows\":%d,\"replaced\":%s}', s." other           \
    ", s.rows, CASE s.replaced WHEN 0 THEN 'false' ELSE 'true' END)), '') || ']' FROM (SELECT * FROM supersessions"    \
    " WHERE " own " = i.id ORDER BY " other ", replaced) AS s)"
#define SUPERSEDED                                                                                                     \
    "snapshot, superseded, " SUPERSESSIONS("by_import_id", "import_id") " AS superseded_by, " SUPERSESSIONS(           \
        "import_id", "by_import_id") " AS supersedes"

static void put_imports_views(ti_buffer *sql)
{
    (void)ti_buffer_text(
        sql,
        "CREATE VIEW import_values AS SELECT id, file, member, format, sha256, bytes, status, records, imported,"
        " rejected, repaired, first_date, last_date, trades, volume, turnover, declared, forced, error, problems,"
        " microseconds AS seconds, location, content_type, duplicate_of, created_at, updated_at, attempts,"
        " progress_bytes, total_bytes, progress_records, sequencer, object_version, " SUPERSEDED
        " FROM import_rows AS i;"
        "CREATE VIEW imports AS SELECT id, file, member, format, sha256, bytes, status, records, imported, rejected,"
        " repaired, date(first_date * 86400, 'unixepoch') AS first_date,"
        " date(last_date * 86400, 'unixepoch') AS last_date, trades, volume, turnover, declared, forced,"
        " error, problems, ");
    put_decimal(sql, "microseconds", 6, 3, "");
    (void)ti_buffer_text(sql, " AS seconds, location, content_type, duplicate_of, created_at, updated_at, attempts,"
                              " progress_bytes, total_bytes, progress_records, sequencer, object_version, " SUPERSEDED
                              " FROM import_rows AS i;");
}

/* --- Inserting ----------------------------------------------------------------------------------------------------------------- */

char *ti_sq_insert_sql(ticker_table table)
{
    const shape *layout = table == TICKER_QUOTES ? &layouts[0] : &layouts[1];
    unsigned count, cell = 0;
    const ti_column *columns = ti_schema_columns(table, &count);
    ti_buffer sql;

    ti_buffer_init(&sql, SQL_MAX);
    /* OR FAIL: a failure ends the whole import anyway, and SQLite need not note how to undo this statement alone. */
    (void)ti_buffer_printf(&sql, "INSERT OR FAIL INTO %s (instrument_id, trade_date, ", layout->rows);
    for (unsigned i = 2; i < count; i++)
        (void)ti_buffer_printf(&sql, "%s, ", columns[i].name);
    (void)ti_buffer_printf(&sql, "%simport_id) SELECT ", layout->occurrence ? "occurrence, " : "");
    for (; cell < count + (layout->occurrence ? 1 : 0); cell++)
        (void)ti_buffer_printf(&sql, "c%u, ", cell);
    (void)ti_buffer_printf(&sql, "c%u FROM ticker_rows WHERE true ON CONFLICT (%s) DO UPDATE SET ", cell, layout->key);
    for (unsigned i = 2; i < count; i++)
        if (!is_key(table, i))
            (void)ti_buffer_printf(&sql, "%s = excluded.%s, ", columns[i].name, columns[i].name);
    (void)ti_buffer_text(&sql, "import_id = excluded.import_id");
    if (ti_buffer_string(&sql) != NULL)
        return sql.data; /* the buffer's memory goes to the caller */
    ti_buffer_free(&sql);
    return NULL;
}

/* --- Versions ------------------------------------------------------------------------------------------------------------------ */

static ticker_status read_version(ti_sqlite *sqlite, int *found, ticker_error *error)
{
    int64_t version = 0, application = 0, tables = 0;
    /* Another process may make the schema meanwhile: what tells it from a foreign one comes last, so that it is never missed. */
    ticker_status status = ti_sq_ask(sqlite->link, "SELECT EXISTS (SELECT 1 FROM sqlite_schema)", &tables, error);

    if (status == TICKER_OK)
        status = ti_sq_ask(sqlite->link, "PRAGMA user_version", &version, error);
    if (status == TICKER_OK)
        status = ti_sq_ask(sqlite->link, "PRAGMA application_id", &application, error);
    if (status != TICKER_OK)
        return status;
    /* Most programs leave both numbers at 0. */
    if (application != APPLICATION_ID && (application != 0 || version != 0 || tables != 0)) {
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_DATABASE, "the SQLite file belongs to another program");
        ti_error_hint(error, "name another file in DATABASE_URL");
        return status;
    }
    *found = (int)version;
    return TICKER_OK;
}

ticker_status ti_sq_version(ticker_store *store, int *found, ticker_error *error)
{
    return read_version(ti_sq_store(store), found, error);
}

static ticker_status make_version_1(ti_sqlite *sqlite, ticker_error *error)
{
    ticker_status status;
    ti_buffer sql;

    ti_buffer_init(&sql, SQL_MAX);
    (void)ti_buffer_text(&sql, small_tables_sql);
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        put_table(&sql, &layouts[i]); /* their views come with version 5 */
    }
    (void)ti_buffer_text(&sql, statistics_sql);
    (void)ti_buffer_printf(&sql, "PRAGMA application_id = %d; PRAGMA user_version = 1", APPLICATION_ID);
    status = ti_buffer_string(&sql) != NULL ? ti_sq_run(sqlite->link, sql.data, error) : ti_fail_memory(error);
    ti_buffer_free(&sql);
    return status;
}

/* The queue of events; times are milliseconds since 1970 UTC. The number of a message stays its own when it moves to the dead letters
 * and back: AUTOINCREMENT gives none of those away again. */
static const char version_2_sql[] =
    "CREATE TABLE queue_messages (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, sent_at INTEGER NOT NULL,"
    " visible_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, receipt TEXT);"
    "CREATE INDEX queue_messages_visible ON queue_messages (visible_at, id);"
    "CREATE TABLE queue_dead (id INTEGER PRIMARY KEY, body TEXT NOT NULL, reason TEXT NOT NULL, attempts INTEGER NOT "
    "NULL,"
    " sent_at INTEGER NOT NULL, died_at INTEGER NOT NULL);"
    "PRAGMA user_version = 2";

/* The ledger follows uploads, and commits are told to caches; version 4 makes the views anew. The first epoch is random, so that a file
 * that was made anew is not taken for the one before. */
static const char version_3_sql[] =
    "ALTER TABLE import_rows ADD COLUMN location TEXT; ALTER TABLE import_rows ADD COLUMN content_type TEXT;"
    "ALTER TABLE import_rows ADD COLUMN duplicate_of INTEGER; ALTER TABLE import_rows ADD COLUMN updated_at TEXT;"
    "UPDATE import_rows SET updated_at = created_at;"
    "CREATE INDEX import_rows_by_location ON import_rows (location) WHERE location IS NOT NULL;"
    "CREATE INDEX import_rows_by_hash ON import_rows (sha256);"
    "CREATE TABLE cache_bumps (import_id INTEGER PRIMARY KEY, created_at INTEGER NOT NULL);"
    "CREATE TABLE epochs (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL);"
    "INSERT INTO epochs (id, value) VALUES (1, random() & 4611686018427387903);"
    "PRAGMA user_version = 3";

/* How far an import is, how often it was begun, and which version of its object it is of. */
static const char version_4_sql[] =
    "ALTER TABLE import_rows ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE import_rows ADD COLUMN progress_bytes INTEGER; ALTER TABLE import_rows ADD COLUMN total_bytes INTEGER;"
    "ALTER TABLE import_rows ADD COLUMN progress_records INTEGER; ALTER TABLE import_rows ADD COLUMN sequencer TEXT;"
    "ALTER TABLE import_rows ADD COLUMN object_version TEXT;"
    "UPDATE import_rows SET attempts = 1 WHERE status <> 'queued'; PRAGMA user_version = 4";

/* Which quotes gave way to which import's, and when the files' pictures of the day were taken. `replaced`: the rows stood in quotes until
 * then; else they were never taken. A day knows the origins that its quotes ever had: 1 is COTAHIST's bit, 8 that of trades. */
static const char version_5_sql[] =
    "DROP VIEW IF EXISTS imports; DROP VIEW IF EXISTS import_values;"
    "ALTER TABLE import_rows ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE import_rows ADD COLUMN snapshot TEXT;"
    "CREATE TABLE supersessions (import_id INTEGER NOT NULL, by_import_id INTEGER NOT NULL, rows INTEGER NOT NULL,"
    " replaced INTEGER NOT NULL, PRIMARY KEY (import_id, by_import_id, replaced)) WITHOUT ROWID;"
    "CREATE INDEX supersessions_by ON supersessions (by_import_id);"
    "ALTER TABLE days ADD COLUMN sources INTEGER NOT NULL DEFAULT 0;"
    "UPDATE days SET sources = CASE WHEN EXISTS (SELECT 1 FROM derived_quotes AS d WHERE d.trade_date = days.day)"
    " THEN 9 ELSE 1 END;"
    "DROP TABLE derived_quotes;";

/* What formats other than the first two say. */
static ticker_status make_version_5(ti_sqlite *sqlite, ticker_error *error)
{
    ticker_status status;
    ti_buffer sql;

    ti_buffer_init(&sql, SQL_MAX);
    (void)ti_buffer_text(&sql, version_5_sql);
    put_imports_views(&sql);
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        const shape *layout = &layouts[i];
        unsigned count;
        const ti_column *columns = ti_schema_columns(layout->table, &count);

        (void)ti_buffer_printf(&sql, "DROP VIEW IF EXISTS %s; DROP VIEW IF EXISTS %s;",
                               ticker_table_name(layout->table), layout->values);
        for (unsigned column = layout->columns_1; column < count; column++)
            (void)ti_buffer_printf(&sql, "ALTER TABLE %s ADD COLUMN %s %s;", layout->rows, columns[column].name,
                                   columns[column].type == TICKER_TYPE_TEXT ? "TEXT" : "INTEGER");
        put_view(&sql, layout, true);
        put_view(&sql, layout, false);
    }
    (void)ti_buffer_text(&sql, "PRAGMA user_version = 5");
    status = ti_buffer_string(&sql) != NULL ? ti_sq_run(sqlite->link, sql.data, error) : ti_fail_memory(error);
    ti_buffer_free(&sql);
    return status;
}

static ticker_status check_newer(int found, ticker_error *error)
{
    ticker_status status;

    if (found <= TI_SCHEMA_VERSION)
        return TICKER_OK;
    status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_DATABASE,
                     "the database's schema has version %d, this program knows versions up to %d", found,
                     TI_SCHEMA_VERSION);
    ti_error_hint(error, "use the program that made it, or a newer one");
    return status;
}

ticker_status ti_sq_migrate(ticker_store *store, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    int found = 0;
    ticker_status status = read_version(sqlite, &found, error);

    _Static_assert(TI_SCHEMA_VERSION == 5, "a migration for each version");
    if (status == TICKER_OK)
        status = check_newer(found, error);
    if (status != TICKER_OK || found == TI_SCHEMA_VERSION)
        return status;
    status = ti_sq_run(sqlite->link, "BEGIN IMMEDIATE", error);
    if (status == TICKER_OK) /* somebody else may have been first */
        status = read_version(sqlite, &found, error);
    if (status == TICKER_OK)
        status = check_newer(found, error);
    if (status == TICKER_OK && found < 1)
        status = make_version_1(sqlite, error);
    if (status == TICKER_OK && found < 2)
        status = ti_sq_run(sqlite->link, version_2_sql, error);
    if (status == TICKER_OK && found < 3)
        status = ti_sq_run(sqlite->link, version_3_sql, error);
    if (status == TICKER_OK && found < 4)
        status = ti_sq_run(sqlite->link, version_4_sql, error);
    if (status == TICKER_OK && found < 5)
        status = make_version_5(sqlite, error);
    if (status == TICKER_OK)
        status = ti_sq_run(sqlite->link, "COMMIT", error);
    if (status != TICKER_OK)
        ti_sq_undo(sqlite->link);
    return status;
}

#endif
