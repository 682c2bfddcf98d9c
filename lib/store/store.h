/* The one interface that every database backend fills in. What stands above (pipeline, query) knows nothing else of
 * it.  An import goes begin → put* → settle → (put_day_quotes*) → commit, or rollback at any point. Everything
 * between begin and commit is one transaction: a crash leaves the database as it was. A failing call leaves the
 * transaction to rollback(). */
#ifndef TI_STORE_STORE_H
#define TI_STORE_STORE_H

#include <stdbool.h>

#include <tickerimport/batch.h>
#include <tickerimport/report.h>
#include <tickerimport/store.h>

#include "base/hash.h"
#include "base/slice.h"

/* A ledger row: the `imports` table. Texts are NUL-terminated and never NULL. */
typedef struct ti_ledger_row {
    const char *file;
    const char *member;
    const char *format;
    const char *sha256;
    const char *status;   /* "imported", "failed", "duplicate" or "queued" */
    const char *error;    /* "" unless failed */
    const char *problems; /* JSON array of {"line","column","reason"} */
    const char *turnover; /* decimal */
    int64_t bytes, records, imported, rejected, repaired;
    int64_t first_date, last_date; /* TICKER_NULL when there is no record */
    int64_t trades, volume, declared;
    int64_t microseconds;
    bool forced;
    int64_t duplicate_of; /* the row of the import that was first; 0: none */
    const char
        *location; /* URL of the storage's object; NULL or "": none, or as it stands in the row that is taken over */
    const char *content_type; /* what the client called it; the same */
} ti_ledger_row;

/* What an import learned of a ticker, for the `instruments` table that lists and searches tickers. */
typedef struct ti_instrument {
    ti_slice ticker, market, name, specification, isin;
    int64_t first_date, last_date;
} ti_instrument;

/* Hands out one instrument after the other; false at the end. */
typedef bool (*ti_next_instrument)(void *payload, ti_instrument *instrument);

/* One (ticker, day) of trades, or one trade number of it. */
typedef struct ti_ticker_day {
    ti_slice ticker;
    int64_t date;
    int64_t id; /* TICKER_NULL: all of them */
} ti_ticker_day;

/* One stored trade, as scan_trades() delivers it. `day` is the index into the list asked for. Slices live for the
 * call. */
typedef struct ti_trade {
    size_t day;
    ti_slice session;
    int64_t reference_date, id, action, time, price, volume;
} ti_trade;

typedef ticker_status (*ti_visit_trade)(const ti_trade *trade, void *payload, ticker_error *error);

/* A typed parameter of a query: SQL says $1, $2 … */
typedef struct ti_parameter {
    ticker_type type; /* TEXT, INTEGER, DATE or TIME */
    bool null;
    int64_t number;
    ti_slice text;
} ti_parameter;

/* One cell of an answer. PostgreSQL delivers text, SQLite integers for numbers, dates and times; both are exact. */
typedef struct ti_cell {
    enum { TI_CELL_NULL = 0, TI_CELL_INTEGER, TI_CELL_TEXT } kind;
    int64_t number;
    ti_slice text; /* until the next row */
} ti_cell;

typedef struct ti_cursor ti_cursor;

typedef struct ti_cursor_ops {
    /* TICKER_OK: `cells` (as many as the query selects) are filled. TICKER_DONE: no more rows. */
    ticker_status (*next)(ti_cursor *cursor, ti_cell *cells, ticker_error *error);
    void (*close)(ti_cursor *cursor);
} ti_cursor_ops;

/* Backends put this first in a structure of their own. */
struct ti_cursor {
    const ti_cursor_ops *ops;
    size_t columns;
};

/* A message of the queue that lives in the database, or a dead letter of it. Slices live for the call. */
typedef struct ti_queue_row {
    int64_t id, attempts;
    int64_t sent; /* milliseconds since 1970 UTC */
    ti_slice body, reason;
} ti_queue_row;

typedef ticker_status (*ti_visit_queue_row)(void *payload, const ti_queue_row *row, ticker_error *error);

/* A message that somebody works on: its number, and what the receive that got it was given as its receipt. */
typedef struct ti_held {
    int64_t id;
    const char *receipt;
} ti_held;

/* What a receive wants. Times are in milliseconds. */
typedef struct ti_queue_take {
    size_t max;
    int64_t visibility;
    int64_t max_attempts; /* who was received so often goes to the dead letters instead; 0: nobody */
    const char *receipt;  /* random: it tells this receive from all others */
    int patience;         /* to wait for a lock that another connection holds; only SQLite does */
} ti_queue_take;

/* The queue in the database. Each call is one transaction of its own, outside of an import. Nothing here waits for messages. */
typedef struct ti_store_queue_ops {
    size_t size;
    /* Texts are UTF-8 without control characters but tabs and line ends. */
    ticker_status (*send)(ticker_store *store, const char *body, int64_t delay, ticker_error *error);
    /* Takes the messages that are to be seen, in the order of the times from which they are, and hides them. TICKER_DONE: a lock kept
     * it from looking for as long as `patience`. */
    ticker_status (*receive)(ticker_store *store, const ti_queue_take *take, ti_visit_queue_row visit, void *payload,
                             ticker_error *error);
    /* These end with TICKER_DONE when the message is no longer held with this receipt. Hidden for `time` from now on; with
     * `give_back` the receipt is good no more. */
    ticker_status (*hide)(ticker_store *store, const ti_held *message, int64_t time, bool give_back,
                          ticker_error *error);
    ticker_status (*bury)(ticker_store *store, const ti_held *message, const char *reason, ticker_error *error);
    /* Removes up to TI_QUEUE_BATCH_MAX at once; done[i] says whether messages[i] was held. */
    ticker_status (*done)(ticker_store *store, const ti_held *messages, size_t count, bool *done, ticker_error *error);
    ticker_status (*counts)(ticker_store *store, int64_t *waiting, int64_t *working, int64_t *dead,
                            ticker_error *error);
    /* Up to TI_QUEUE_BATCH_MAX dead letters whose numbers are above `after`, in their order. */
    ticker_status (*dead)(ticker_store *store, int64_t after, ti_visit_queue_row visit, void *payload,
                          ticker_error *error);
    /* The dead letter `id`, or all (TICKER_NULL): back into the queue with no attempts, or away. */
    ticker_status (*revive)(ticker_store *store, int64_t id, int64_t *count, ticker_error *error);
    ticker_status (*drop)(ticker_store *store, int64_t id, int64_t *count, ticker_error *error);
} ti_store_queue_ops;

#define TI_QUEUE_BATCH_MAX 10

/* The ledger row of a version of an object that is in, as its event told its place in the order of versions. */
typedef ticker_status (*ti_visit_version)(void *payload, int64_t id, ti_slice sequencer, ticker_error *error);

typedef struct ti_store_ops {
    size_t size;
    const char *name;
    void (*close)(ticker_store *store);
    ticker_status (*version)(ticker_store *store, int *found, ticker_error *error); /* 0: no schema yet */
    ticker_status (*migrate)(ticker_store *store, ticker_error *error);
    /* The big tables are spread over several machines from now on; the schema is up to date. NULL: this backend cannot. */
    ticker_status (*distribute)(ticker_store *store, ticker_error *error);

    /* An import with these bytes that succeeded: TICKER_OK and *id, or TICKER_DONE. `sha256` NULL asks only whether
     * any imported file has `bytes` bytes: cheap, and enough to know that hashing beforehand is useless. Outside a
     * transaction. */
    ticker_status (*find_import)(ticker_store *store, int64_t bytes, const char *sha256, const char *member,
                                 int64_t *id, ticker_error *error);

    /* With ->sha256 set, begin() and put() end with TICKER_DONE as soon as they see, having waited for another
     * import, that it was of the same bytes: loading them again would be for nothing. Then rollback(). */
    ticker_status (*begin)(ticker_store *store, int64_t *import_id, ticker_error *error);
    /* Rows of a file; all batches of an import are of one table. Rows equal in the quotes key are kept apart by
     * `occurrence` (0, 1, … in file order) when settled; a trade that has the same key as an earlier one of the file
     * replaces it. */
    ticker_status (*put)(ticker_store *store, const ticker_batch *batch, ticker_error *error);
    /* Ends the loading: keys are built, rows with the same key as stored ones replace them. Of quotes only those of the best origin (and
     * of that the latest snapshot) stay for each (ticker, date): see model/origin.h. All rows of an import are of one origin. */
    ticker_status (*settle)(ticker_store *store, ticker_error *error);
    /* After settle() of trades: whether it is known that every trade of this day is this import's and none replaced another. */
    bool (*day_is_new)(const ticker_store *store, int64_t date);
    /* After settle(): the stored trades of these days (or of these trade numbers), for each entry in ascending trade
     * id; entries in any order, but the rows of one entry together. Either all entries name a trade number or none
     * does. Reads no more than those rows: the keys of both backends are made for it. */
    ticker_status (*scan_trades)(ticker_store *store, const ti_ticker_day *days, size_t count, ti_visit_trade visit,
                                 void *payload, ticker_error *error);
    /* After settle() of trades: quotes made from trades. Each row replaces the one made from trades for its (ticker,
     * date) unless a row of a better origin stands there; a row with 0 trades only removes it. */
    ticker_status (*put_day_quotes)(ticker_store *store, const ticker_batch *batch, ticker_error *error);
    /* Writes instruments and the ledger row, commits; whoever asks for the epoch learns that it did. TICKER_DONE:
     * another import of the same bytes (or of the row to take over) was first: rolled back, *id is its ledger row.
     * `row` holds the counts known to the pipeline. */
    ticker_status (*commit)(ticker_store *store, const ti_ledger_row *row, ti_next_instrument next, void *payload,
                            int64_t *id, ticker_error *error);
    /* Undoes everything since begin(). Never fails: a connection that is gone has rolled back by itself. */
    void (*rollback)(ticker_store *store);
    /* The ledger row of a file that was not imported (refused, a duplicate, or waiting for its turn), in a transaction of its
     * own. TICKER_DONE: ti_ledger_waits(row), and its location has a row already (of no other version; for a row
     * to wait: one that waits or runs). A worker may hear of an upload before the server has recorded it, and both write at the same
     * moment. */
    ticker_status (*record)(ticker_store *store, const ti_ledger_row *row, int64_t *id, ticker_error *error);
    /* Says of a ledger row that is not at its end ("queued", "running" or "failed") that it is "running", "queued" or "failed" now;
     * `why` is "" unless it failed. TICKER_DONE: there is none, or it is at its end. */
    ticker_status (*mark)(ticker_store *store, int64_t id, const char *status, const char *why, ticker_error *error);
    /* How far the import of a running row is; `bytes` -1: nobody knows of how many. Waits for nobody: TICKER_DONE also when the row is
     * being written at this moment, which is when its import ends. */
    ticker_status (*progress)(ticker_store *store, int64_t id, int64_t position, int64_t bytes, int64_t records,
                              ticker_error *error);
    /* After begin(): the versions of the object at this location that came in, in any order. From here on until its end no other import
     * gets as far as this for the same location. */
    ticker_status (*versions)(ticker_store *store, const char *location, ti_visit_version visit, void *payload,
                              ticker_error *error);

    /* Each commit of an import leaves its number here until somebody has told the cache of it: up to `max` of those that are
     * older than `age` milliseconds, oldest first; and away with them. */
    ticker_status (*pending_bumps)(ticker_store *store, int64_t age, int64_t *ids, size_t max, size_t *count,
                                   ticker_error *error);
    ticker_status (*confirm_bumps)(ticker_store *store, const int64_t *ids, size_t count, ticker_error *error);
    /* A number that is another one after each commit of an import, whoever made it. Numbers of one store can be compared; those of
     * different stores are never equal by chance. To be asked outside of imports and queries. */
    ticker_status (*epoch)(ticker_store *store, int64_t *number, ticker_error *error);

    /* Others will use the database while this store is open: it prepares for that, or not when it cannot. NULL: it need not. */
    void (*share)(ticker_store *store);
    /* Whether work can begin now: nothing is open, and the connection is not known to be broken. Asks nobody, so it waits for nobody. */
    bool (*usable)(ticker_store *store);

    /* Runs a SELECT. `sql` names the relations {quotes}, {trades}, {instruments}, {imports}: relations whose columns
     * have the names of the schema and hold text, integers, mantissas (decimals), days (dates) and milliseconds
     * (times) in SQLite, and the real types in PostgreSQL. */
    ticker_status (*query)(ticker_store *store, const char *sql, const ti_parameter *parameters, size_t count,
                           ti_cursor **cursor, ticker_error *error);

    const ti_store_queue_ops *queue; /* NULL: this backend has none */
} ti_store_ops;

/* Backends put this first in a structure of their own. */
struct ticker_store {
    const ti_store_ops *ops;
    /* What the next import is of, when that is known before it begins; else NULL. Set by the pipeline, borrowed
     * until the import ends. */
    const char *sha256, *member;
    /* The next query has few and short rows: a backend may take them all at once. Set by the query part for the length of a call. */
    bool few;
    /* The next import is of bytes that may be there: the ledger row that says so becomes a duplicate of its own. Set by the pipeline. */
    bool again;
    /* Over how many connections besides its own the next import may load a large file; 0 and 1: over none. Set by the pipeline for the
     * length of an import. */
    unsigned connections;
    /* Where the next import may have files without a name; NULL: nowhere. Set by the pipeline, borrowed until the import ends. */
    const char *folder;
    /* The ledger row that the next import or record() takes over, unless it is at its end; 0: it gets a row of its own. Set by the
     * pipeline. */
    int64_t adopt;
    /* What the event of the next import's object says of its version; NULL or "": nothing. Goes into the ledger row that is marked as
     * running, taken over or written. Set by the pipeline, borrowed until the import ends. */
    const char *sequencer, *object_version;
    /* report->snapshot of what is put next: 0, or a row gives way to one of the same origin with a later snapshot, and takes the place
     * of one with an earlier one. Set by the pipeline before the first put(). */
    int64_t snapshot;
    /* What the last commit() found of quotes that gave way, for better ones of another origin or a later snapshot: rows of the import
     * that were not taken, and rows of other imports that it replaced. Set by a backend. */
    int64_t superseded, replaced;
    /* The schema has the version that this library knows, or begin() will find out: nobody need ask before. Set by a backend. */
    bool current;
    /* Asked now and then while the database works or waits; true makes the call that is going on fail. NULL: never. Set by the
     * pipeline for the length of an import, by the queue for that of a receive. */
    bool (*interrupted)(void *payload);
    void *interrupted_payload;
};

static inline bool ti_store_interrupted(const ticker_store *store)
{
    return store != NULL && store->interrupted != NULL && store->interrupted(store->interrupted_payload);
}

/* The backends. `url` is what follows DATABASE_URL's rules; UNSUPPORTED when the build has no such backend. */
ticker_status ti_sqlite_open(const char *path, ticker_store **store, ticker_error *error);
ticker_status ti_postgres_open(const char *url, ticker_store **store, ticker_error *error);

/* The schema's version that this library knows; one more with each migration. */
#define TI_SCHEMA_VERSION 5
/* Columns of the two big tables in version 1; version 5 added the others that there are now. */
#define TI_QUOTE_COLUMNS_1 ((unsigned)TICKER_QUOTE_SEGMENT)
#define TI_TRADE_COLUMNS_1 ((unsigned)TICKER_TRADE_BUYER_AGGRESSOR)

/* Whether it is one of those of which a location has no second one. */
static inline bool ti_ledger_waits(const ti_ledger_row *row)
{
    return row->location != NULL && row->location[0] != '\0' &&
           (strcmp(row->status, "queued") == 0 || strcmp(row->status, "running") == 0);
}

/* Ledger rows that an import may take over. */
#define TI_LEDGER_OPEN "('queued', 'running', 'failed')"

/* Replaces {name} by what `resolve` says of it; used by backends for ->query. The result is malloc'd; NULL: no
 * memory or an unknown name. */
char *ti_store_expand(const char *sql, const char *(*resolve)(ti_slice name));

#endif
