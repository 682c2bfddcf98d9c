/* Private to the SQLite backend.
 *
 *   sqlite_link.c    the connection: the only file that knows SQLite
 *   sqlite.c         opening, closing, the table of operations
 *   sqlite_schema.c  versions and migrations, SQL made from the model's columns
 *   sqlite_rows.c    rows of a batch to sorted records and back
 *   sqlite_load.c    begin, put and settle
 *   sqlite_names.c   tickers to numbers, and the days each has rows of
 *   sqlite_days.c    trades read back, quotes made from them
 *   sqlite_standing.c  which rows stand when several files tell of the same ticker and day
 *   sqlite_ledger.c  the ledger, the instruments, commit and rollback
 *   sqlite_epoch.c   what caches follow: commits and their numbers
 *   sqlite_query.c   SELECTs of the query part
 *   sqlite_queue.c   the queue of events
 *
 * The big tables are clustered by their keys (WITHOUT ROWID): there is no second index to build, and the quotes of a ticker stand
 * together. So that a load only ever appends or walks forward, put() sorts the rows outside the database and settle() merges them in. */
#ifndef TI_STORE_SQLITE_H
#define TI_STORE_SQLITE_H

#include "base/symbols.h"
#include "model/batch.h"
#include "model/origin.h"
#include "store/spool.h"
#include "store/store.h"
#include "store/supersessions.h"

/* --- The connection ------------------------------------------------------------------------------------------------------------ */

typedef struct ti_sq_link ti_sq_link;
typedef struct sqlite3_stmt ti_sq_statement; /* SQLite's own, opaque here */

/* Rows that a statement reads as the table ticker_rows (c0, c1 …): how a whole load goes in with one statement. */
typedef struct ti_sq_rows ti_sq_rows;
struct ti_sq_rows {
    ticker_status (*next)(ti_sq_rows *rows,
                          ticker_error *error); /* TICKER_OK: `cell` is filled; TICKER_DONE: at the end */
    ti_cell cell[TI_COLUMNS_MAX];
};

ticker_status ti_sq_open(const char *path, ti_sq_link **link, ticker_error *error);
void ti_sq_close(ti_sq_link *link);
/* The folder of the database file, where there should be room for temporary files too. */
const char *ti_sq_folder(const ti_sq_link *link);
/* Long work and waiting end when the store is told to stop. */
void ti_sq_watch(ti_sq_link *link, const ticker_store *store);
/* How long a call waits for a lock that another connection holds; -1: as long as usual. */
void ti_sq_patience(ti_sq_link *link, int milliseconds);
bool ti_sq_in_transaction(const ti_sq_link *link);
/* Rolls back what is open. When there is no memory even for that, the next use of the link has to: ti_sq_finish_undo(). */
void ti_sq_undo(ti_sq_link *link);
ticker_status ti_sq_finish_undo(ti_sq_link *link, ticker_error *error);
/* Whether the last failing call failed on a unique key. */
bool ti_sq_not_unique(const ti_sq_link *link);
/* Whether it failed because another connection kept its lock for longer than the patience. */
bool ti_sq_locked(const ti_sq_link *link);

/* Any number of statements without parameters; rows they deliver are dropped. */
ticker_status ti_sq_run(ti_sq_link *link, const char *sql, ticker_error *error);
/* The first column of the first row, an integer; 0 when there is none. */
ticker_status ti_sq_ask(ti_sq_link *link, const char *sql, int64_t *answer, ticker_error *error);
ticker_status ti_sq_prepare(ti_sq_link *link, const char *sql, ti_sq_statement **statement, ticker_error *error);
void ti_sq_finalize(ti_sq_statement *statement);
/* Parameters are counted from 1. TICKER_NULL is null. A text must live until the statement is reset or bound anew.
 * A failure shows in the next step. */
void ti_sq_bind(ti_sq_link *link, ti_sq_statement *statement, int parameter, int64_t value);
void ti_sq_bind_text(ti_sq_link *link, ti_sq_statement *statement, int parameter, ti_slice text);
/* The number of a parameter by its name in the statement ("$1"); 0: not there. */
int ti_sq_parameter(ti_sq_statement *statement, const char *name);
/* TICKER_OK: a row; TICKER_DONE: no more, and the statement is reset, as after a failure. */
ticker_status ti_sq_step(ti_sq_link *link, ti_sq_statement *statement, ticker_error *error);
void ti_sq_reset(ti_sq_statement *statement);
/* Steps to the end and takes that for TICKER_OK. */
ticker_status ti_sq_finish(ti_sq_link *link, ti_sq_statement *statement, ticker_error *error);
/* The same for a statement that reads ticker_rows. */
ticker_status ti_sq_feed(ti_sq_link *link, ti_sq_statement *statement, ti_sq_rows *rows, ticker_error *error);
size_t ti_sq_columns(ti_sq_statement *statement);
int64_t ti_sq_integer(ti_sq_statement *statement, int column);
ti_cell ti_sq_cell(ti_sq_statement *statement, int column);
/* The number of the row that was inserted last, and how many the last statement changed. */
int64_t ti_sq_last_id(const ti_sq_link *link);
int64_t ti_sq_changes(const ti_sq_link *link);

/* --- The store ----------------------------------------------------------------------------------------------------------------- */

#define TI_SQ_NO_TERM (-1) /* a blank term_days: NULLs would be distinct in the key */

/* The sources that rows have are stored as small numbers; 0: this one is stored as text. */
int ti_sq_source_number(ti_origin origin);

typedef enum ti_sq_text {
    TI_SQ_FIND_INSTRUMENT,
    TI_SQ_ADD_INSTRUMENT,
    TI_SQ_SPAN_INSTRUMENT,
    TI_SQ_NAME_INSTRUMENT,
    TI_SQ_ADD_DAY,
    TI_SQ_HAS_TRADES,
    TI_SQ_SCAN_TRADES,
    TI_SQ_DAY_SOURCES,
    TI_SQ_STANDING,
    TI_SQ_DROP_STANDING,
    TI_SQ_DROP_OWN,
    TI_SQ_ADD_SUPERSESSION,
    TI_SQ_COUNT_SUPERSEDED,
    TI_SQ_FIND_IMPORT,
    TI_SQ_FIND_SIZE,
    TI_SQ_REPEAT_IMPORT,
    TI_SQ_ADD_IMPORT,
    TI_SQ_ADOPT_IMPORT,
    TI_SQ_MARK_IMPORT,
    TI_SQ_NOTE_PROGRESS,
    TI_SQ_VERSIONS,
    TI_SQ_NEXT_EPOCH,
    TI_SQ_ADD_BUMP,
    TI_SQ_PENDING_BUMPS,
    TI_SQ_DROP_BUMP,
    TI_SQ_DATA_VERSION,
    TI_SQ_EPOCH,
    TI_SQ_QUEUE_SEND,
    TI_SQ_QUEUE_ANY,
    TI_SQ_QUEUE_BURY_SPENT,
    TI_SQ_QUEUE_DROP_SPENT,
    TI_SQ_QUEUE_FIND,
    TI_SQ_QUEUE_TAKE,
    TI_SQ_QUEUE_HIDE,
    TI_SQ_QUEUE_GIVE_BACK,
    TI_SQ_QUEUE_BURY,
    TI_SQ_QUEUE_DONE,
    TI_SQ_QUEUE_COUNTS,
    TI_SQ_QUEUE_DEAD,
    TI_SQ_QUEUE_REVIVE,
    TI_SQ_QUEUE_DROP,
    TI_SQ_TEXTS
} ti_sq_text;

/* One bit a day from year 1 to 9999. */
typedef struct ti_sq_calendar {
    uint64_t *bits;
} ti_sq_calendar;

/* Tickers seen by an import, with their numbers in the database and the days that rows were put for. Bounded: it is emptied when full. */
typedef struct ti_sq_names {
    ti_symbols *symbols;
    struct ti_sq_name *name;
} ti_sq_names;

/* The rows of an import on their way through the sort; see sqlite_rows.c. */
typedef struct ti_sq_sorter {
    ti_sq_rows rows; /* first: what ti_sq_feed() takes */
    ti_spool *spool;
    ticker_table table;
    const struct ti_column *columns;
    unsigned count;
    int64_t import_id;
    ti_symbols *codes; /* texts of the key as numbers */
    bool last_wins;    /* of equal keys only the last one comes out; else they are counted in `occurrence` */
    void (*replaced)(void *payload, int64_t date); /* told of each one that did not come out; may be NULL */
    void *payload;
    /* Reading. */
    ti_spool_record ahead;
    bool has_ahead, started;
    uint64_t key[TI_SPOOL_WORDS]; /* of the row that was delivered last */
    int64_t occurrence;
    char held[TI_SPOOL_RECORD_MAX + TI_SPOOL_SLACK];
} ti_sq_sorter;

typedef struct ti_sqlite {
    ticker_store base;
    ti_sq_link *link;
    ti_sq_statement *statement[TI_SQ_TEXTS]; /* prepared when first needed */
    bool importing;                          /* between begin and commit or rollback */
    bool small_writes;                       /* the journal fits many of them */
    int64_t epoch, epoch_version; /* as last read, and SQLite's version of the data then; TICKER_NULL: unknown */
    /* The import. */
    int64_t import_id;
    ti_sq_names names;
    ti_sq_sorter *sorter; /* NULL before the first batch and after settle */
    ticker_table table;
    ti_sq_calendar days; /* of its rows */
    ti_sq_calendar old;  /* those of `days` that had trades before, or trades that replaced one another */
    ti_sq_calendar looked,
        contested;    /* days that were asked for, and those that have quotes which may have to give way, or must not */
    ti_origin origin; /* of its quotes */
    char snapshot[TI_SNAPSHOT_TEXT_MAX]; /* "": none */
    ti_supersessions superseded;
    int64_t first_day, last_day;
} ti_sqlite;

static inline ti_sqlite *ti_sq_store(ticker_store *store)
{
    return (ti_sqlite *)store;
}

/* sqlite.c: a statement of the store, reset and ready to be bound. */
ticker_status ti_sq_use(ti_sqlite *sqlite, ti_sq_text text, ti_sq_statement **statement, ticker_error *error);

/* sqlite_schema.c */
ticker_status ti_sq_version(ticker_store *store, int *found, ticker_error *error);
ticker_status ti_sq_migrate(ticker_store *store, ticker_error *error);
/* INSERT … SELECT … FROM ticker_rows, in the order of columns that sqlite_rows.c delivers. malloc'd; NULL: no memory. */
char *ti_sq_insert_sql(ticker_table table);

/* sqlite_rows.c */
ti_sq_sorter *ti_sq_sorter_new(ticker_table table, int64_t import_id, size_t memory, const char *folder);
void ti_sq_sorter_free(ti_sq_sorter *sorter);
ticker_status ti_sq_sorter_put(ti_sq_sorter *sorter, const ticker_batch *batch, size_t row, int64_t instrument,
                               ticker_error *error);
/* Sorts everything that was put and inserts it; rows of the same key are replaced. */
ticker_status ti_sq_sorter_insert(ti_sq_sorter *sorter, ti_sq_link *link, ticker_error *error);

/* sqlite_names.c */
ticker_status ti_sq_names_open(ti_sqlite *sqlite, ticker_error *error);
void ti_sq_names_close(ti_sqlite *sqlite);
/* The number of a ticker, which is added when new, and a note that there is a row of this day. */
ticker_status ti_sq_names_number(ti_sqlite *sqlite, ti_slice ticker, int64_t date, int64_t *number,
                                 ticker_error *error);
/* Writes down the days noted since the last time. */
ticker_status ti_sq_names_flush(ti_sqlite *sqlite, ticker_error *error);
/* Within year 1 … 9999. */
bool ti_sq_is_day(int64_t day);
bool ti_sq_calendar_open(ti_sq_calendar *calendar);
void ti_sq_calendar_close(ti_sq_calendar *calendar);
/* False when there is no such day. */
bool ti_sq_calendar_add(ti_sq_calendar *calendar, int64_t day);
bool ti_sq_calendar_has(const ti_sq_calendar *calendar, int64_t day);

/* sqlite_load.c */
ticker_status ti_sq_begin(ticker_store *store, int64_t *import_id, ticker_error *error);
ticker_status ti_sq_put(ticker_store *store, const ticker_batch *batch, ticker_error *error);
ticker_status ti_sq_settle(ticker_store *store, ticker_error *error);
/* How long an import waits for its turn to write, in milliseconds: as long as PostgreSQL's lock_timeout for them. */
#define TI_SQ_TURN_PATIENCE (15 * 60 * 1000)
/* Keeps readers from being blocked by the next writer; not being able to is no failure. */
void ti_sq_prefer_wal(ti_sqlite *sqlite);
/* Several threads or programs write and read at once, as with the queue, the ledger and a pool: nobody who looks should be kept waiting by
 * whoever writes. Once a store is enough. While it is open, no other connection can take that back. */
void ti_sq_expect_small_writes(ti_sqlite *sqlite);

/* sqlite_days.c */
bool ti_sq_day_is_new(const ticker_store *store, int64_t date);
ticker_status ti_sq_scan_trades(ticker_store *store, const ti_ticker_day *days, size_t count, ti_visit_trade visit,
                                void *payload, ticker_error *error);
ticker_status ti_sq_put_day_quotes(ticker_store *store, const ticker_batch *batch, ticker_error *error);

/* sqlite_standing.c */
/* The origin of the rows to come, all of which are like the first one of the batch. */
void ti_sq_learn_origin(ti_sqlite *sqlite, const ticker_batch *quotes);
/* *taken: the row of this ticker and day may go in, and nothing that is worse stands there any more. Of an import whose rows of the same
 * origin are to go in any case (quotes made from trades are made anew each time), with `anew`. */
ticker_status ti_sq_make_room(ti_sqlite *sqlite, int64_t instrument, int64_t date, bool anew, bool *taken,
                              ticker_error *error);
/* Removes the rows of the import's origin, whichever import they are of. */
ticker_status ti_sq_drop_own(ti_sqlite *sqlite, int64_t instrument, int64_t date, ticker_error *error);
/* Writes the day down, with the origin of its quotes when it has some of this import. */
ticker_status ti_sq_note_day(ti_sqlite *sqlite, int64_t date, bool quotes, ticker_error *error);
/* What gave way, into the ledger. */
ticker_status ti_sq_note_supersessions(ti_sqlite *sqlite, ticker_error *error);

/* sqlite_ledger.c */
ticker_status ti_sq_find_import(ticker_store *store, int64_t bytes, const char *sha256, const char *member, int64_t *id,
                                ticker_error *error);
ticker_status ti_sq_commit(ticker_store *store, const ti_ledger_row *row, ti_next_instrument next, void *payload,
                           int64_t *id, ticker_error *error);
void ti_sq_rollback(ticker_store *store);
ticker_status ti_sq_record(ticker_store *store, const ti_ledger_row *row, int64_t *id, ticker_error *error);
ticker_status ti_sq_mark(ticker_store *store, int64_t id, const char *status, const char *why, ticker_error *error);
ticker_status ti_sq_progress(ticker_store *store, int64_t id, int64_t position, int64_t bytes, int64_t records,
                             ticker_error *error);
ticker_status ti_sq_versions(ticker_store *store, const char *location, ti_visit_version visit, void *payload,
                             ticker_error *error);

/* sqlite_epoch.c */
/* Within the transaction of an import. */
ticker_status ti_sq_announce(ti_sqlite *sqlite, int64_t import_id, ticker_error *error);
ticker_status ti_sq_pending_bumps(ticker_store *store, int64_t age, int64_t *ids, size_t max, size_t *count,
                                  ticker_error *error);
ticker_status ti_sq_confirm_bumps(ticker_store *store, const int64_t *ids, size_t count, ticker_error *error);
ticker_status ti_sq_epoch(ticker_store *store, int64_t *number, ticker_error *error);

/* sqlite_query.c */
ticker_status ti_sq_query(ticker_store *store, const char *sql, const ti_parameter *parameters, size_t count,
                          ti_cursor **cursor, ticker_error *error);

/* sqlite_queue.c */
extern const ti_store_queue_ops ti_sq_queue;

#endif
