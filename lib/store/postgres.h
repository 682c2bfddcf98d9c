/* Private to the PostgreSQL backend.
 *
 *   postgres_link.c    the connection: this and the next two are the only files that know libpq
 *   postgres_wait.c    waiting for the server, and telling it to stop
 *   postgres_pipe.c    statements one behind the other, answered together
 *   postgres_arrays.c  few rows as parameters of one statement
 *   postgres.c         opening, closing, the table of operations
 *   postgres_schema.c  versions and migrations, creating and attaching partitions
 *   postgres_distribute.c  tables on several machines (Citus)
 *   postgres_load.c    begin and put: rows to partitions by binary COPY
 *   postgres_loaders.c  a large new partition of quotes over several connections
 *   postgres_sort.c    trades of new days sorted before they are sent
 *   postgres_settle.c  keys, attaching, merging of staged rows
 *   postgres_days.c    trades read back, quotes made from them
 *   postgres_standing.c  which rows stand when several files tell of the same ticker and day
 *   postgres_ledger.c  the ledger, the instruments, commit
 *   postgres_follow.c  how far imports are, and which versions of an object came in
 *   postgres_epoch.c   what caches follow: commits and their numbers
 *   postgres_query.c   SELECTs of the query part
 *   postgres_queue.c   the queue of events */
#ifndef TI_STORE_POSTGRES_H
#define TI_STORE_POSTGRES_H

#include "base/seen.h"
#include "store/copy_binary.h"
#include "model/origin.h"
#include "store/spool.h"
#include "store/store.h"
#include "store/supersessions.h"

/* --- The connection ------------------------------------------------------------------------------------------------------------ */

typedef struct ti_pg_link ti_pg_link;
typedef struct pg_result ti_pg_result; /* libpq's own, opaque here */

#define TI_PG_PARAMETERS_MAX 128 /* TICKER_QUERY_TICKERS_MAX tickers and the other filters */
#define TI_PG_OID_UNKNOWN 0
#define TI_PG_OID_INT8 20
#define TI_PG_OID_TEXT 25
#define TI_PG_OID_DATE 1082
#define TI_PG_OID_TIME 1083

/* Bound values; NULL is null. `types` may be NULL: then the server concludes them from the statement. `formats` NULL: all are texts; else
 * those with a 1 are binary and as long as `lengths` says. */
typedef struct ti_pg_parameters {
    int count;
    const unsigned *types;
    const char *const *values;
    const int *lengths, *formats;
} ti_pg_parameters;

ticker_status ti_pg_open(const char *url, ti_pg_link **link, ticker_error *error);
/* One more connection to the same database. */
ticker_status ti_pg_open_another(const ti_pg_link *like, ti_pg_link **link, ticker_error *error);
/* Long statements and waits for locks end when the store is told to stop. */
void ti_pg_watch(ti_pg_link *link, const ticker_store *store);
void ti_pg_close(ti_pg_link *link);
/* Before work that needs nothing of what went before: connects again when the connection is gone. */
ticker_status ti_pg_ready(ti_pg_link *link, ticker_error *error);
/* Whether it stands and nothing is going on, as far as is known without asking the server. */
bool ti_pg_usable(ti_pg_link *link);
/* How often it has connected: what a session was told is lost when this changes. */
unsigned ti_pg_connection(const ti_pg_link *link);
/* Whether notifications have come since the last question. Those of a statement's time are there when it has ended. */
bool ti_pg_notified(ti_pg_link *link);
/* "host:port/database", for messages. */
const char *ti_pg_where(const ti_pg_link *link);

/* Runs a statement (without parameters: any number of them). `result` may be NULL. */
ticker_status ti_pg_run(ti_pg_link *link, const char *sql, const ti_pg_parameters *parameters, ti_pg_result **result,
                        ticker_error *error);
/* The same, but a broken unique key is no failure: *duplicate says so, and the caller has to go back to a savepoint. */
ticker_status ti_pg_run_unique(ti_pg_link *link, const char *sql, const ti_pg_parameters *parameters, bool *duplicate,
                               ti_pg_result **result, ticker_error *error);
/* A statement whose rows come in binary format. */
ticker_status ti_pg_run_binary(ti_pg_link *link, const char *sql, ti_pg_result **result, ticker_error *error);
#define TI_PG_SENT_MAX 192 /* statements of a pipe; one that is prepared first counts twice */
/* A statement without parameters in two steps: it is sent, and its answer awaited. Nothing else may be asked between them. */
ticker_status ti_pg_send(ti_pg_link *link, const char *sql, ticker_error *error);
ticker_status ti_pg_take(ti_pg_link *link, ticker_error *error);
/* postgres_pipe.c: statements that are sent one behind the other, and answered together. Nothing else may be asked between begin and end.
 * The first one that fails ends it: those behind it are not done. */
ticker_status ti_pg_pipe_begin(ti_pg_link *link, ticker_error *error);
/* One statement; what its parameters point to is not needed any more afterwards. Prepared, and kept as long as the connection stands. */
ticker_status ti_pg_pipe_put(ti_pg_link *link, const char *sql, const ti_pg_parameters *parameters,
                             ticker_error *error);
/* The same for a statement that will hardly come again. `binary`: so are its rows. */
ticker_status ti_pg_pipe_once(ti_pg_link *link, const char *sql, const ti_pg_parameters *parameters, bool binary,
                              ticker_error *error);
/* How many statements wait for their answers. */
size_t ti_pg_pipe_count(const ti_pg_link *link);
/* Waits for the answers; those of the first `count` statements go to `results` (NULL: none), each NULL unless all went well. *duplicate
 * (may be NULL) instead of a failure: the first statement found its unique key taken. */
ticker_status ti_pg_pipe_end(ti_pg_link *link, ti_pg_result **results, size_t count, bool *duplicate,
                             ticker_error *error);
/* Gives up a pipe, if there is one: waits for what was sent. */
void ti_pg_pipe_abandon(ti_pg_link *link);

/* TICKER_OK unless the transaction was rolled back by the server in answer to COMMIT. */
ticker_status ti_pg_commit(ti_pg_link *link, ticker_error *error);
/* Ends whatever is going on. Never fails, and takes some seconds at most: a server that says nothing in that time is hung up on, and will
 * roll back by itself. */
void ti_pg_rollback(ti_pg_link *link);

/* COPY … FROM STDIN. Header and trailer are sent by begin and end. */
ticker_status ti_pg_copy_begin(ti_pg_link *link, const char *sql, ticker_error *error);
ticker_status ti_pg_copy_send(ti_pg_link *link, const void *data, size_t size, ticker_error *error);
ticker_status ti_pg_copy_end(ti_pg_link *link, ticker_error *error);
/* Of several connections one that takes bytes at once, `from` if it does; when none of them does for a while, `from`. */
size_t ti_pg_choose(ti_pg_link *const *links, size_t count, size_t from);

/* A SELECT row by row, or when few rows can come all at once: libpq copies the columns' names for each single row. `name`: under which
 * it is prepared; NULL: it is not. TICKER_OK with a result of rows (none, at the start only), TICKER_DONE after the last one. */
ticker_status ti_pg_stream_begin(ti_pg_link *link, const char *sql, const char *name,
                                 const ti_pg_parameters *parameters, bool few, ti_pg_result **first,
                                 ticker_error *error);
ticker_status ti_pg_prepare(ti_pg_link *link, const char *name, const char *sql, const ti_pg_parameters *parameters,
                            ticker_error *error);
ticker_status ti_pg_stream_next(ti_pg_link *link, ti_pg_result **row, ticker_error *error);
/* Gives up the rows that have not come yet. */
void ti_pg_stream_end(ti_pg_link *link);

void ti_pg_free(ti_pg_result *result);
size_t ti_pg_rows(const ti_pg_result *result);
/* Rows that a statement has inserted, changed or deleted. */
size_t ti_pg_affected(const ti_pg_result *result);
size_t ti_pg_columns(const ti_pg_result *result);
bool ti_pg_null(const ti_pg_result *result, size_t row, size_t column);
ti_slice ti_pg_cell(const ti_pg_result *result, size_t row, size_t column);
/* A cell of text format as an integer; 0 when there is none. */
int64_t ti_pg_integer(const ti_pg_result *result, size_t row, size_t column);

/* postgres_wait.c, for postgres_link.c. `conn` is libpq's PGconn. */
struct pg_conn;
/* Waits until a connection that was begun stands. False: it was refused and libpq knows why, or the time was over (*late). */
bool ti_pg_wait_connected(struct pg_conn *conn, bool *late);
/* How long it is waited: until the store (NULL: nobody) is told to stop; then the server is asked to, and hung up on when it says
 * nothing to that for some seconds. No longer than until `deadline` (0: none): then it is asked and hung up on. */
typedef struct ti_pg_patience {
    const ticker_store *store;
    int64_t deadline; /* of ti_pg_deadline() */
} ti_pg_patience;
int64_t ti_pg_deadline(int64_t milliseconds);
/* As PQexec() and PQexecParams(): the last result of a statement that was sent, or the one that says why it failed. */
ti_pg_result *ti_pg_wait_result(struct pg_conn *conn, const ti_pg_patience *patience);
/* Waits until libpq has a result to hand out, or finds that the connection is gone. */
void ti_pg_await(struct pg_conn *conn, const ti_pg_patience *patience);
/* Sends what a connection that does not block has put off. False: the connection is gone. */
bool ti_pg_flush(struct pg_conn *conn, const ti_pg_patience *patience);
/* What is said on the connection from now on is lost, and libpq hears of its end. */
void ti_pg_hang_up(struct pg_conn *conn);
/* Asks the server to stop the statement. A server that does not take the request within some seconds is hung up on. */
void ti_pg_cancel(struct pg_conn *conn);
/* Which of the connections takes bytes, looked for from `from` on. False: none of them for a while. */
bool ti_pg_wait_writable(struct pg_conn *const *conns, size_t count, size_t from, size_t *which);
/* Reads on as long as the server sends at once, and not for long; true when the answer is over. */
bool ti_pg_take_rest(struct pg_conn *conn);

/* --- Few rows as parameters (postgres_arrays.c) --------------------------------------------------------------------------------- */

#define TI_PG_ARRAYS_MAX (TI_COLUMNS_MAX + 4)

/* An array for each column, and single values behind them: the parameters of one statement. */
typedef struct ti_pg_arrays {
    ti_buffer data;
    size_t rows;
    int count;
    size_t offset[TI_PG_ARRAYS_MAX];
    unsigned types[TI_PG_ARRAYS_MAX];
    const char *values[TI_PG_ARRAYS_MAX];
    int lengths[TI_PG_ARRAYS_MAX], formats[TI_PG_ARRAYS_MAX];
} ti_pg_arrays;

void ti_pg_arrays_init(ti_pg_arrays *arrays);
void ti_pg_arrays_free(ti_pg_arrays *arrays);
/* The first `count` columns of all rows in `lists`, which are in COPY's format; at least one row. False: no memory, or too many. */
bool ti_pg_arrays_rows(ti_pg_arrays *arrays, const ti_copy_kind *kinds, unsigned count, const ti_buffer *const *lists,
                       size_t list_count);
/* The same for the columns of a layout. */
bool ti_pg_arrays_layout(ti_pg_arrays *arrays, const ti_copy_layout *layout, const ti_buffer *const *lists,
                         size_t list_count);
bool ti_pg_arrays_int8(ti_pg_arrays *arrays, int64_t value);
bool ti_pg_arrays_date(ti_pg_arrays *arrays, int64_t days);
/* Valid until the next addition. */
ti_pg_parameters ti_pg_arrays_end(ti_pg_arrays *arrays);
/* Appends "(SELECT …)": the rows that ti_pg_arrays_layout() has put into $1 and on, `occurrence` 0, `import_id` as the parameter behind
 * them, and `record`, the row's number. */
bool ti_pg_put_source(ti_buffer *sql, const ti_copy_layout *layout);

/* --- The store ----------------------------------------------------------------------------------------------------------------- */

#define TI_PG_NAME_MAX 32 /* of a partition: quotes_2024, trades_20241108 */
#define TI_PG_SQL_MAX 8192
/* True; as a condition of a statement that is a transaction of its own: nobody waits until it is on the disk. For what somebody makes up
 * for when a crash of the server undoes it. */
#define TI_PG_LAZY "set_config('synchronous_commit', 'off', true) = 'off'"
#define TI_PG_FEW_BYTES ((size_t)256 * 1024)        /* rows that are not worth a temporary table */
#define TI_PG_SEND_BYTES ((size_t)128 * 1024)       /* larger gains nothing */
#define TI_PG_LARGE_BYTES ((size_t)4 * 1024 * 1024) /* rows of a new period that are worth connections of their own */
#define TI_PG_SORT_BYTES ((size_t)24 * 1024 * 1024)
#define TI_PG_LOADERS_MAX 8
#define TI_PG_FEW_PERIODS 16
/* Years of quotes or days of trades in one file. Each new one takes about seven of the server's locks, of which the default
 * configuration has some 7,000. */
#define TI_PG_PERIODS_MAX 800

/* A year of quotes or a day of trades that the import has rows of. */
typedef struct ti_pg_period {
    int64_t first, end; /* days; `end` is the first one after it */
    bool claimed;       /* it is locked, and what follows is known */
    bool fresh;         /* it has no partition yet: rows go straight into a table that is made when they are sent */
    bool made;          /* that table is there, and not attached */
    bool single;        /* fresh: its rows are not to go over several connections */
    bool shared;        /* fresh: they do, into the table `loading`, which is there and not attached */
    bool attached;      /* it was fresh, and settle() has made it a partition */
    bool duplicates;    /* rows replaced one another while its key was built */
    char name[TI_PG_NAME_MAX], loading[TI_PG_NAME_MAX];
    int64_t records; /* put */
    ti_buffer rows;  /* of a fresh period: encoded and not sent yet */
} ti_pg_period;

/* One of the connections that load a new partition together. */
typedef struct ti_pg_loader {
    ti_pg_link *link;
    bool open;    /* its transaction */
    bool copying; /* rows of the period that begins with `first` */
    int64_t first;
} ti_pg_loader;

/* Statements that are prepared, or may be when they are asked again; of one connection. */
#define TI_PG_PREPARED_MAX 32

typedef struct ti_pg_prepared {
    unsigned connection;
    bool refused; /* they get lost: no more of them */
    size_t count;
    struct {
        char *sql;
        unsigned uses;
    } entry[TI_PG_PREPARED_MAX];
} ti_pg_prepared;

typedef struct ti_postgres {
    ticker_store base;
    ti_pg_link *link;
    ti_copy_layout quotes, trades;
    /* Each as the constant of its name says, or as a test does. */
    size_t few_bytes;   /* rows that may go as parameters */
    size_t send_bytes;  /* of a period, sent at once */
    size_t large_bytes; /* rows of a period that are worth several connections */
    size_t sort_bytes;  /* memory for sorting trades */
    bool importing;     /* between begin and commit or rollback */
    bool distributed; /* its tables are on several machines: partitions are made beforehand, and all rows are staged */
    bool streaming;   /* a cursor of query() is open */
    unsigned listening; /* the connection that was told to LISTEN; 0: none */
    int64_t epoch;
    ti_pg_prepared prepared;
    /* The import. */
    int64_t import_id;
    ticker_table table; /* of its batches; TICKER_TABLE_NONE before the first one */
    int64_t records;
    ti_pg_period *periods; /* in ascending order */
    size_t period_count, period_capacity, period_last;
    size_t pending; /* bytes encoded and not sent */
    ti_buffer staged;
    bool copied; /* some were sent: the file is not small */
    bool later;  /* it is, and its rows go with the commit */
    bool committed;
    bool stage_made;
    ti_origin origin;            /* of its quotes */
    ti_supersessions superseded; /* what was counted here and is not in the ledger yet */
    const ti_buffer *copying;    /* whose rows the COPY going on takes; NULL: no COPY */
    bool leftovers;              /* when it began there were tables that other imports were loading, or have left */
    ti_pg_loader loaders[TI_PG_LOADERS_MAX];
    size_t loader_count, loader_next;
    ti_seen *seen; /* keys of fresh periods; NULL: nobody asks */
    uint64_t seed; /* of their hashes */
    int64_t
        set_aside; /* rows that may have the key of an earlier one in a partition that is loaded over several connections */
    ti_spool *spool;       /* trades of new days, until all are there; NULL: none yet, or `unsorted` */
    bool unsorted;         /* they go as they come */
    unsigned blank_fields; /* that stand at the end of every one of them */
    /* Quotes made from trades. */
    ti_buffer days;
    bool days_made;
    int64_t *years; /* first days of the years that they fall in */
    size_t year_count, year_capacity;
} ti_postgres;

static inline ti_postgres *ti_pg_store(ticker_store *store)
{
    return (ti_postgres *)store;
}

/* postgres_prepared.c */
void ti_pg_prepared_forget(ti_pg_prepared *prepared);
/* The name under which the statement is prepared, in `name`; NULL: it is to be run as it is. */
const char *ti_pg_prepared_name(ti_postgres *postgres, const char *sql, const ti_pg_parameters *parameters,
                                char name[24]);
/* Whether it failed because it was prepared; then nothing is any more. */
bool ti_pg_prepared_lost(ti_postgres *postgres, const ticker_error *error);

/* postgres_schema.c */
#define TI_PG_QUOTES_KEY "ticker, trade_date, market, term_days, occurrence"
#define TI_PG_TRADES_KEY "ticker, trade_date, trade_id, reference_date, session, action"

ticker_status ti_pg_version(ticker_store *store, int *found, ticker_error *error);
ticker_status ti_pg_migrate(ticker_store *store, ticker_error *error);
/* Waits for what is named by its kind and its name, until the transaction ends. */
ticker_status ti_pg_lock(ti_pg_link *link, const char *kind, const char *name, bool shared, ticker_error *error);
/* Begins a transaction that holds the lock of the row's location. *there: the ledger has a row of it, as record() asks. */
ticker_status ti_pg_lock_upload(ti_pg_link *link, const ti_ledger_row *row, const char *sequencer, bool *there,
                                ticker_error *error);
/* The period that a day falls in: its name and its bounds. */
void ti_pg_period_of(ticker_table table, int64_t date, ti_pg_period *period);
/* Appends "column >= its first day AND column < its end". */
bool ti_pg_date_range(ti_buffer *sql, const char *column, const ti_pg_period *period);
/* Into a pipe: two statements that lock the period against other imports and find its partition. `alone`: no other import may work on it
 * meanwhile, also when it exists. */
ticker_status ti_pg_put_claim(ti_pg_link *link, ticker_table table, bool alone, const ti_pg_period *period,
                              ticker_error *error);
/* What the two answered: the period is claimed, and fresh when it has no partition. (That of a distributed table is made at once.) */
ticker_status ti_pg_take_claim(ti_postgres *postgres, ticker_table table, bool alone, ti_pg_result *const answers[2],
                               ti_pg_period *period, ticker_error *error);
/* Makes the table of a fresh period under this name: it stands alone, without keys, until it is attached. Its rows need not say of which
 * import they are. */
ticker_status ti_pg_make(const ti_postgres *postgres, ti_pg_link *link, const ti_pg_period *period, const char *name,
                         ticker_error *error);
/* Into a pipe: the same for a period that has no rows yet, with keys and attached. */
ticker_status ti_pg_put_partition(ti_pg_link *link, ticker_table table, const ti_pg_period *period,
                                  ticker_error *error);
/* Builds the keys of a fresh period. *duplicate: rows have the same key, and nothing was built. */
ticker_status ti_pg_build_keys(ti_pg_link *link, ticker_table table, const ti_pg_period *period, bool *duplicate,
                               ticker_error *error);
/* Appends "FROM (its first day) TO (its end)". */
bool ti_pg_bounds(ti_buffer *sql, const ti_pg_period *period);
/* Appends the columns of a big table with their types. */
bool ti_pg_put_columns(ti_buffer *sql, ticker_table table);
ticker_status ti_pg_attach(ti_pg_link *link, ticker_table table, ti_pg_period *period, ticker_error *error);

/* The number of the lock with this name (an SQL expression). Named by text, so that two schemas of one database do not wait for each
 * other. */
#define TI_PG_LOCK_KEY(name) "hashtextextended('ticker.' || current_schema() || '.' || " name ", 0)"
#define TI_PG_OUR_SCHEMA "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())"

/* postgres_loaders.c: a period that is new and large is loaded over several connections. Its table is made and filled in transactions of
 * their own, where nobody looks for it, and becomes a partition in that of the import. */
#define TI_PG_LOADING "ticker_loading_" /* 16 hexadecimal digits follow */

/* Whether the rows of the period can go over several connections, if it turns out to be large. */
bool ti_pg_may_share(const ti_postgres *postgres, const ti_pg_period *period);
/* Numbers of the keys of all rows, for ti_pg_again(). False: nobody will ask. */
bool ti_pg_number_keys(ti_postgres *postgres, const ticker_batch *batch, uint64_t *numbers);
/* Whether a row of a fresh period goes the way of rows that may replace others: perhaps an earlier row has its key. */
bool ti_pg_again(ti_postgres *postgres, ti_pg_period *period, uint64_t number);
/* The period is large: ->shared, or ->single when there are no connections to be had. No COPY goes on. */
ticker_status ti_pg_share(ti_postgres *postgres, ti_pg_period *period, ticker_error *error);
ticker_status ti_pg_share_rows(ti_postgres *postgres, const ti_pg_period *period, ticker_error *error);
/* Ends what is being sent. */
ticker_status ti_pg_share_end(ti_postgres *postgres, ticker_error *error);
/* Builds the keys and all other indexes of all shared periods. */
ticker_status ti_pg_share_keys(ti_postgres *postgres, ticker_error *error);
ticker_status ti_pg_share_attach(ti_postgres *postgres, ti_pg_period *period, ticker_error *error);
/* After the import's transaction: closes the connections, and drops what did not become a partition because it was not committed. */
void ti_pg_share_forget(ti_postgres *postgres, bool committed);
/* Into begin(): whether there are tables that imports are loading, or have left; and away with those that were left. That is for when the
 * periods are claimed: an import that was killed may last a little longer in the server, but one of the same period has waited for that. */
#define TI_PG_HAS_LEFTOVERS                                                                                            \
    "EXISTS (SELECT FROM pg_class WHERE relname ~ '^" TI_PG_LOADING "' AND relnamespace = " TI_PG_OUR_SCHEMA ")"
ticker_status ti_pg_drop_leftovers(ti_pg_link *link, ticker_error *error);

/* postgres_sort.c */
/* Whether the rows of the period are to be sorted before they are sent. */
bool ti_pg_may_sort(ti_postgres *postgres, const ti_pg_period *period);
/* Takes them. */
ticker_status ti_pg_sort_rows(ti_postgres *postgres, const ti_buffer *rows, ticker_error *error);
/* Sends all of them, when no more come. */
ticker_status ti_pg_sort_send(ti_postgres *postgres, ticker_error *error);
void ti_pg_sort_forget(ti_postgres *postgres);

/* postgres_distribute.c */
#define TI_PG_HAS_CITUS "to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL"
#define TI_PG_LAYOUT_LOCK "layout" /* imports share it; who changes how tables are kept has it alone */

ticker_status ti_pg_distribute(ticker_store *store, ticker_error *error);
/* When an import begins: whether it is into distributed tables. `citus`: this database could have some. */
ticker_status ti_pg_learn_layout(ti_postgres *postgres, bool citus, ticker_error *error);
/* Makes the partition of a fresh period of a distributed table. */
ticker_status ti_pg_add_partition(ti_postgres *postgres, ticker_table table, ti_pg_period *period, ticker_error *error);

/* postgres_load.c */
/* Before work outside an import: TICKER_FATAL when there is one or a query is open; connects again when the connection is gone. */
ticker_status ti_pg_idle(ti_postgres *postgres, ticker_error *error);
ticker_status ti_pg_begin(ticker_store *store, int64_t *import_id, ticker_error *error);
ticker_status ti_pg_put(ticker_store *store, const ticker_batch *batch, ticker_error *error);
/* Whether few enough bytes wait to be sent as parameters of a statement. */
bool ti_pg_few(const ti_postgres *postgres);
/* The period of a day that rows were put for. */
ti_pg_period *ti_pg_period_at(ti_postgres *postgres, int64_t date);
/* Sends the rows that a fresh period has into the table that the import's own transaction makes for it. */
ticker_status ti_pg_send_fresh(ti_postgres *postgres, ti_pg_period *period, ticker_error *error);
/* Sends everything that was put and ends the COPY. */
ticker_status ti_pg_finish_copy(ti_postgres *postgres, ticker_error *error);
/* A temporary table of rows of a big one, with the number of each as its `record`. */
ticker_status ti_pg_make_stage(ti_postgres *postgres, const char *name, ticker_table table, ticker_error *error);
/* Appends the columns of a table, "a, b, c"; each with `prefix` before it. */
bool ti_pg_column_list(ti_buffer *sql, const ti_copy_layout *layout, const char *prefix);
const ti_copy_layout *ti_pg_layout(const ti_postgres *postgres, ticker_table table);
/* TICKER_FAILED with the row's line when no calendar has such a day. */
ticker_status ti_pg_check_day(const ticker_batch *batch, size_t row, int64_t date, ticker_error *error);
/* Forgets an import: its memory, not its rows. */
void ti_pg_forget(ti_postgres *postgres);

/* postgres_settle.c */
ticker_status ti_pg_settle(ticker_store *store, ticker_error *error);
bool ti_pg_day_is_new(const ticker_store *store, int64_t date);
/* Into a pipe, before statements on few rows: that they are to be found by the keys. */
ticker_status ti_pg_put_by_keys(ti_pg_link *link, ticker_error *error);
/* Into a pipe: what ti_pg_settle() has left for the commit. */
ticker_status ti_pg_put_rows(ti_postgres *postgres, ticker_error *error);

/* postgres_standing.c */
/* The origin of the rows to come, all of which are like the first one of the batch. */
void ti_pg_learn_origin(ti_postgres *postgres, const ticker_batch *quotes);
/* Whether its quotes give way to no others. */
bool ti_pg_is_best(const ti_postgres *postgres);
/* Into a pipe: waits until no import is at work on the same years whose quotes could give way to these, or these to them. */
ticker_status ti_pg_put_turns(ti_postgres *postgres, ticker_error *error);
/* Of what is staged only that is left which may go in, and nothing that is worse stands in its places any more. */
ticker_status ti_pg_make_room(ti_postgres *postgres, ticker_error *error);
/* Into a pipe: the latter for rows that go as parameters `all`, in one year. */
ticker_status ti_pg_put_removal(ti_postgres *postgres, const ti_pg_period *period, const ti_pg_parameters *all,
                                ticker_error *error);
/* For quotes made from trades in the table ticker_day_quotes; and into a pipe, for those in `rows`, what of them will not go in. */
ticker_status ti_pg_make_room_of_days(ti_postgres *postgres, const ti_pg_period *period, ticker_error *error);
ticker_status ti_pg_put_not_taken(ti_postgres *postgres, const ti_pg_period *period, const char *rows,
                                  const ti_pg_parameters *all, ticker_error *error);
/* Into a pipe, as the last thing before the COMMIT: what gave way, into the ledger; and what the last statement of it answered. */
ticker_status ti_pg_put_supersessions(ti_postgres *postgres, ticker_error *error);
void ti_pg_take_supersessions(ti_postgres *postgres, const ti_pg_result *counted);

/* postgres_days.c */
ticker_status ti_pg_scan_trades(ticker_store *store, const ti_ticker_day *days, size_t count, ti_visit_trade visit,
                                void *payload, ticker_error *error);
ticker_status ti_pg_put_day_quotes(ticker_store *store, const ticker_batch *batch, ticker_error *error);
/* Puts the quotes made from trades in their places; called once, before the commit. */
ticker_status ti_pg_apply_day_quotes(ti_postgres *postgres, ticker_error *error);
/* The same for few: first their years are claimed, and then the rest goes into a pipe. */
bool ti_pg_few_day_quotes(const ti_postgres *postgres);
ticker_status ti_pg_claim_years(ti_postgres *postgres, ticker_error *error);
ticker_status ti_pg_put_days(ti_postgres *postgres, ticker_error *error);

/* postgres_ledger.c */
/* Into a pipe: the question of ti_pg_find_import(), and what was answered. */
ticker_status ti_pg_put_question(ti_pg_link *link, int64_t bytes, const char *sha256, const char *member,
                                 ticker_error *error);
ticker_status ti_pg_take_id(const ti_pg_result *result, int64_t *id);
/* ti_pg_find_import() within a transaction. */
ticker_status ti_pg_ask_import(ti_pg_link *link, int64_t bytes, const char *sha256, const char *member, int64_t *id,
                               ticker_error *error);
ticker_status ti_pg_find_import(ticker_store *store, int64_t bytes, const char *sha256, const char *member, int64_t *id,
                                ticker_error *error);
ticker_status ti_pg_commit_import(ticker_store *store, const ti_ledger_row *row, ti_next_instrument next, void *payload,
                                  int64_t *id, ticker_error *error);
void ti_pg_rollback_import(ticker_store *store);
ticker_status ti_pg_record(ticker_store *store, const ti_ledger_row *row, int64_t *id, ticker_error *error);
ticker_status ti_pg_mark(ticker_store *store, int64_t id, const char *status, const char *why, ticker_error *error);

/* postgres_follow.c */
ticker_status ti_pg_progress(ticker_store *store, int64_t id, int64_t position, int64_t bytes, int64_t records,
                             ticker_error *error);
ticker_status ti_pg_versions(ticker_store *store, const char *location, ti_visit_version visit, void *payload,
                             ticker_error *error);

/* Appends a text with U+FFFD in the place of every byte that is no UTF-8, and of NUL. */
bool ti_pg_clean_text(ti_buffer *clean, ti_slice text);

/* postgres_epoch.c */
#define TI_PG_CHANNEL "ticker_imports"
/* Into the pipe of an import's commit. */
ticker_status ti_pg_put_announcement(ti_pg_link *link, int64_t import_id, ticker_error *error);
ticker_status ti_pg_pending_bumps(ticker_store *store, int64_t age, int64_t *ids, size_t max, size_t *count,
                                  ticker_error *error);
ticker_status ti_pg_confirm_bumps(ticker_store *store, const int64_t *ids, size_t count, ticker_error *error);
ticker_status ti_pg_epoch(ticker_store *store, int64_t *number, ticker_error *error);

/* postgres_query.c */
ticker_status ti_pg_query(ticker_store *store, const char *sql, const ti_parameter *parameters, size_t count,
                          ti_cursor **cursor, ticker_error *error);

/* postgres_queue.c */
extern const ti_store_queue_ops ti_pg_queue;

#endif
