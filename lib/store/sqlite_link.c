/* The connection to a SQLite file: the only file that knows SQLite. */
#include <config.h>

#ifdef TI_WITH_SQLITE

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/sqlite.h"

#define PATIENCE 60000     /* milliseconds */
#define TURN_SLEEP 20      /* milliseconds between two tries to get a lock */
#define WATCH_STEPS 100000 /* of SQLite's machine between two questions whether to stop: some milliseconds */

/* Pages of 8 KiB fit two dozen rows and more: measured twice as fast as 4 KiB for loading a clustered table. Memory is bounded: a cache
 * of 12 MiB, and what a query sorts goes to files. FULL, because a file that was reported as imported must survive a power cut. */
static const char settings_sql[] =
    "PRAGMA page_size = 8192; PRAGMA cache_size = -12288; PRAGMA temp_store = 1; PRAGMA mmap_size = 0;"
    "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = OFF; PRAGMA foreign_keys "
    "= OFF";

struct ti_sq_link {
    sqlite3 *db;
    sqlite3_stmt *undo; /* ROLLBACK, prepared while there is memory: it must not fail for the want of some */
    char *path;
    char *folder;
    int bound;                 /* the first failure of a bind since the last step */
    const ticker_store *store; /* may tell to stop; NULL: nobody does */
    int patience, waited;      /* milliseconds */
    int failed;                /* the extended code of the last failing call */
    ti_sq_rows *rows;          /* what ticker_rows delivers; NULL: nothing */
    ticker_error *rows_error;
    ticker_status rows_status;
};

/* --- Failures ------------------------------------------------------------------------------------------------------------------ */

typedef struct meaning {
    int code; /* SQLite's primary result code */
    ticker_status status;
    ticker_error_kind kind;
    const char *message;
    const char *hint;
} meaning;

static const meaning meanings[] = {
    {SQLITE_BUSY, TICKER_RETRY, TICKER_ERROR_SERVICE, "the database is locked",
     "another program is writing to it: try again when that is done"},
    {SQLITE_LOCKED, TICKER_RETRY, TICKER_ERROR_SERVICE, "the database is locked",
     "another program is writing to it: try again when that is done"},
    {SQLITE_PROTOCOL, TICKER_RETRY, TICKER_ERROR_SERVICE, "the database cannot be locked",
     "another program is at work on it, or its file system has no locks: try again"},
    {SQLITE_CANTOPEN, TICKER_RETRY, TICKER_ERROR_SERVICE, "the database file cannot be opened",
     "check that its folder exists and that this user may write there"},
    {SQLITE_PERM, TICKER_RETRY, TICKER_ERROR_SERVICE, "the database file may not be opened",
     "check the permissions of the file and its folder"},
    {SQLITE_READONLY, TICKER_RETRY, TICKER_ERROR_SERVICE, "the database can only be read",
     "check that this user may write to the file and its folder"},
    {SQLITE_FULL, TICKER_RETRY, TICKER_ERROR_IO, "there is no room left for the database",
     "make room on the disk of the database and on that of temporary files"},
    {SQLITE_IOERR, TICKER_RETRY, TICKER_ERROR_IO, "the database file cannot be read or written",
     "check the disk of the database and that of temporary files"},
    {SQLITE_NOLFS, TICKER_RETRY, TICKER_ERROR_IO, "the database is larger than its file system allows", ""},
    {SQLITE_CORRUPT, TICKER_FATAL, TICKER_ERROR_DATABASE, "the database file is damaged",
     "restore it from a backup, or move it away and import the files again"},
    {SQLITE_NOTADB, TICKER_FATAL, TICKER_ERROR_DATABASE, "the file is not a SQLite database",
     "name another file in DATABASE_URL"},
    {SQLITE_INTERRUPT, TICKER_RETRY, TICKER_ERROR_CANCELLED, "the database was interrupted", ""},
    {SQLITE_TOOBIG, TICKER_FAILED, TICKER_ERROR_LIMIT, "a value is too large for the database", ""},
    {SQLITE_CONSTRAINT, TICKER_FATAL, TICKER_ERROR_DATABASE, "a row breaks a rule of the database", ""},
};

static ticker_status fail(ti_sq_link *link, int code, ticker_error *error)
{
    const meaning unknown = {code, TICKER_FATAL, TICKER_ERROR_DATABASE, "the database refused", ""};
    const meaning *found = &unknown;
    const char *detail = link->db != NULL ? sqlite3_errmsg(link->db) : sqlite3_errstr(code);
    ticker_status status;

    link->failed = code;
    if ((code & 0xff) == SQLITE_NOMEM)
        return ti_fail_memory(error);
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (meanings[i].code == (code & 0xff))
            found = &meanings[i];
    status = ti_fail(error, found->status, found->kind, "%s: %s (SQLite code %d)", found->message, detail, code);
    ti_error_file(error, link->path);
    if (found->hint[0] != '\0')
        ti_error_hint(error, "%s", found->hint);
    else if (found == &unknown && strstr(detail, "no such ") != NULL)
        ti_error_hint(error, "the schema is missing or damaged: run \"ticker-cli db migrate\"");
    return status;
}

/* --- ticker_rows: what the caller delivers, as a table ------------------------------------------------------------------------- */

typedef struct rows_table {
    sqlite3_vtab base;
    ti_sq_link *link;
} rows_table;

typedef struct rows_cursor {
    sqlite3_vtab_cursor base;
    sqlite3_int64 row;
    bool end;
} rows_cursor;

static int rows_connect(sqlite3 *db, void *link, int argc, const char *const *argv, sqlite3_vtab **table,
                        char **message)
{
    rows_table *made;
    int code = sqlite3_declare_vtab(
        db, "CREATE TABLE x(c0,c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,c11,c12,c13,c14,c15,c16,c17,c18,c19,"
            "c20,c21,c22,c23,c24,c25,c26,c27,c28,c29,c30,c31,c32,c33,c34,c35,c36,c37,c38,c39)");

    _Static_assert(TI_COLUMNS_MAX == 40, "as many columns as above");
    (void)argc;
    (void)argv;
    (void)message;
    if (code == SQLITE_OK)
        code = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    if (code != SQLITE_OK)
        return code;
    made = sqlite3_malloc64(sizeof(*made));
    if (made == NULL)
        return SQLITE_NOMEM;
    *made = (rows_table){.link = link};
    *table = &made->base;
    return SQLITE_OK;
}

static int rows_disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

static int rows_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedCost = 1e6;
    return SQLITE_OK;
}

static int rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor)
{
    rows_cursor *made = sqlite3_malloc64(sizeof(*made));

    (void)table;
    if (made == NULL)
        return SQLITE_NOMEM;
    *made = (rows_cursor){.row = 0};
    *cursor = &made->base;
    return SQLITE_OK;
}

static int rows_close(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

static int rows_next(sqlite3_vtab_cursor *cursor)
{
    rows_cursor *here = (rows_cursor *)cursor;
    ti_sq_link *link = ((rows_table *)cursor->pVtab)->link;
    ticker_status status = link->rows != NULL ? link->rows->next(link->rows, link->rows_error) : TICKER_DONE;

    here->row++;
    here->end = status == TICKER_DONE;
    if (status == TICKER_OK || status == TICKER_DONE)
        return SQLITE_OK;
    link->rows_status = status;
    return SQLITE_ABORT;
}

static int rows_filter(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc, sqlite3_value **argv)
{
    (void)number;
    (void)text;
    (void)argc;
    (void)argv;
    return rows_next(cursor);
}

static int rows_eof(sqlite3_vtab_cursor *cursor)
{
    return ((rows_cursor *)cursor)->end;
}

static int rows_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
    const ti_cell *cell = &((rows_table *)cursor->pVtab)->link->rows->cell[column];

    if (cell->kind == TI_CELL_INTEGER)
        sqlite3_result_int64(context, cell->number);
    else if (cell->kind == TI_CELL_TEXT)
        sqlite3_result_text(context, cell->text.data, (int)cell->text.size, SQLITE_STATIC);
    return SQLITE_OK;
}

static int rows_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *row)
{
    *row = ((rows_cursor *)cursor)->row;
    return SQLITE_OK;
}

static const sqlite3_module rows_module = {
    .xConnect = rows_connect,
    .xDisconnect = rows_disconnect,
    .xBestIndex = rows_best_index,
    .xOpen = rows_open,
    .xClose = rows_close,
    .xFilter = rows_filter,
    .xNext = rows_next,
    .xEof = rows_eof,
    .xColumn = rows_column,
    .xRowid = rows_rowid,
};

ticker_status ti_sq_feed(ti_sq_link *link, ti_sq_statement *statement, ti_sq_rows *rows, ticker_error *error)
{
    ticker_error local;
    ticker_status status;

    ti_error_init(&local);
    link->rows = rows;
    link->rows_error = &local;
    link->rows_status = TICKER_OK;
    status = ti_sq_finish(link, statement, &local); /* a failure of `rows` is there already and stays */
    if (link->rows_status != TICKER_OK)
        status = link->rows_status;
    if (status != TICKER_OK && error != NULL)
        ti_error_copy(error, &local);
    link->rows = NULL;
    link->rows_error = NULL;
    return status;
}

/* --- Opening and closing ------------------------------------------------------------------------------------------------------- */

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (path[0] == ':') /* a database in memory */
        return strdup("/tmp");
    if (slash == NULL)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* SQLite's own time-out sleeps longer and longer, and would not hear that the caller wants to stop. */
static int wait_turn(void *payload, int calls)
{
    ti_sq_link *link = payload;

    link->waited = calls == 0 ? 0 : link->waited + TURN_SLEEP;
    if (link->waited >= link->patience || ti_store_interrupted(link->store))
        return 0;
    (void)sqlite3_sleep(TURN_SLEEP);
    return 1;
}

static ticker_status connect_file(ti_sq_link *link, ticker_error *error)
{
    int code = sqlite3_open_v2(link->path, &link->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                               NULL);

    if (code == SQLITE_OK)
        code = sqlite3_extended_result_codes(link->db, 1);
    if (code == SQLITE_OK)
        code = sqlite3_busy_handler(link->db, wait_turn, link);
    if (code == SQLITE_OK)
        code = sqlite3_create_module_v2(link->db, "ticker_rows", &rows_module, link, NULL);
    if (code != SQLITE_OK)
        return fail(link, code, error);
    code = sqlite3_prepare_v3(link->db, "ROLLBACK", -1, SQLITE_PREPARE_PERSISTENT, &link->undo, NULL);
    return code == SQLITE_OK ? ti_sq_run(link, settings_sql, error) : fail(link, code, error);
}

ticker_status ti_sq_open(const char *path, ti_sq_link **link, ticker_error *error)
{
    ti_sq_link *made;
    ticker_status status;

    if (sqlite3_threadsafe() == 0)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED,
                       "this SQLite was built without support for threads");
    made = calloc(1, sizeof(*made));
    if (made == NULL)
        return ti_fail_memory(error);
    made->patience = PATIENCE;
    made->path = strdup(path);
    made->folder = folder_of(path);
    status = made->path != NULL && made->folder != NULL ? connect_file(made, error) : ti_fail_memory(error);
    if (status != TICKER_OK) {
        ti_sq_close(made);
        return status;
    }
    *link = made;
    return TICKER_OK;
}

void ti_sq_close(ti_sq_link *link)
{
    if (link == NULL)
        return;
    (void)sqlite3_finalize(link->undo);
    (void)sqlite3_close_v2(link->db);
    free(link->path);
    free(link->folder);
    free(link);
}

const char *ti_sq_folder(const ti_sq_link *link)
{
    return link->folder;
}

void ti_sq_patience(ti_sq_link *link, int milliseconds)
{
    link->patience = milliseconds < 0 ? PATIENCE : milliseconds;
}

static int asked_to_stop(void *payload)
{
    return ti_store_interrupted(((const ti_sq_link *)payload)->store);
}

void ti_sq_watch(ti_sq_link *link, const ticker_store *store)
{
    link->store = store;
    sqlite3_progress_handler(link->db, WATCH_STEPS, asked_to_stop, link);
}

bool ti_sq_in_transaction(const ti_sq_link *link)
{
    return sqlite3_get_autocommit(link->db) == 0;
}

void ti_sq_undo(ti_sq_link *link)
{
    if (!ti_sq_in_transaction(link))
        return;
    (void)sqlite3_step(link->undo);
    (void)sqlite3_reset(link->undo);
}

/* SQLite prepares a statement anew when the schema has changed, even that of ti_sq_undo(), and that takes memory. */
ticker_status ti_sq_finish_undo(ti_sq_link *link, ticker_error *error)
{
    return ti_sq_in_transaction(link) ? ti_sq_run(link, "ROLLBACK", error) : TICKER_OK;
}

bool ti_sq_not_unique(const ti_sq_link *link)
{
    return link->failed == SQLITE_CONSTRAINT_UNIQUE;
}

bool ti_sq_locked(const ti_sq_link *link)
{
    return (link->failed & 0xff) == SQLITE_BUSY;
}

/* --- Statements ---------------------------------------------------------------------------------------------------------------- */

ticker_status ti_sq_run(ti_sq_link *link, const char *sql, ticker_error *error)
{
    int code = sqlite3_exec(link->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? TICKER_OK : fail(link, code, error);
}

ticker_status ti_sq_ask(ti_sq_link *link, const char *sql, int64_t *answer, ticker_error *error)
{
    ti_sq_statement *statement = NULL;
    ticker_status status = ti_sq_prepare(link, sql, &statement, error);

    *answer = 0;
    if (status != TICKER_OK)
        return status;
    status = ti_sq_step(link, statement, error);
    if (status == TICKER_OK)
        *answer = sqlite3_column_int64(statement, 0);
    ti_sq_finalize(statement);
    return status == TICKER_DONE ? TICKER_OK : status;
}

ticker_status ti_sq_prepare(ti_sq_link *link, const char *sql, ti_sq_statement **statement, ticker_error *error)
{
    int code = sqlite3_prepare_v3(link->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);

    if (code == SQLITE_OK && *statement == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "an empty statement for the database");
    return code == SQLITE_OK ? TICKER_OK : fail(link, code, error);
}

void ti_sq_finalize(ti_sq_statement *statement)
{
    (void)sqlite3_finalize(statement); /* its code repeats that of the last step */
}

void ti_sq_bind(ti_sq_link *link, ti_sq_statement *statement, int parameter, int64_t value)
{
    int code = value == TICKER_NULL ? sqlite3_bind_null(statement, parameter)
                                    : sqlite3_bind_int64(statement, parameter, value);

    if (code != SQLITE_OK && link->bound == SQLITE_OK)
        link->bound = code;
}

void ti_sq_bind_text(ti_sq_link *link, ti_sq_statement *statement, int parameter, ti_slice text)
{
    int code = sqlite3_bind_text64(statement, parameter, text.data != NULL ? text.data : "", text.size, SQLITE_STATIC,
                                   SQLITE_UTF8);

    if (code != SQLITE_OK && link->bound == SQLITE_OK)
        link->bound = code;
}

int ti_sq_parameter(ti_sq_statement *statement, const char *name)
{
    return sqlite3_bind_parameter_index(statement, name);
}

ticker_status ti_sq_step(ti_sq_link *link, ti_sq_statement *statement, ticker_error *error)
{
    int code = link->bound;
    ticker_status status;

    link->bound = SQLITE_OK;
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return TICKER_OK;
    status = code == SQLITE_DONE ? TICKER_DONE : fail(link, code, error);
    (void)sqlite3_reset(statement);
    return status;
}

void ti_sq_reset(ti_sq_statement *statement)
{
    (void)sqlite3_reset(statement); /* its code repeats that of the last step */
}

ticker_status ti_sq_finish(ti_sq_link *link, ti_sq_statement *statement, ticker_error *error)
{
    ticker_status status;

    do
        status = ti_sq_step(link, statement, error);
    while (status == TICKER_OK);
    return status == TICKER_DONE ? TICKER_OK : status;
}

size_t ti_sq_columns(ti_sq_statement *statement)
{
    return (size_t)sqlite3_column_count(statement);
}

int64_t ti_sq_integer(ti_sq_statement *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL ? TICKER_NULL
                                                                 : sqlite3_column_int64(statement, column);
}

ti_cell ti_sq_cell(ti_sq_statement *statement, int column)
{
    int type = sqlite3_column_type(statement, column);
    ti_cell cell = {.kind = TI_CELL_NULL};

    if (type == SQLITE_INTEGER) {
        cell.kind = TI_CELL_INTEGER;
        cell.number = sqlite3_column_int64(statement, column);
    } else if (type != SQLITE_NULL) {
        cell.kind = TI_CELL_TEXT;
        cell.text.data = (const char *)sqlite3_column_text(statement, column);
        cell.text.size = cell.text.data != NULL ? (size_t)sqlite3_column_bytes(statement, column) : 0;
    }
    return cell;
}

int64_t ti_sq_last_id(const ti_sq_link *link)
{
    return sqlite3_last_insert_rowid(link->db);
}

int64_t ti_sq_changes(const ti_sq_link *link)
{
    return sqlite3_changes64(link->db);
}

#endif
