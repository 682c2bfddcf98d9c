/* What every database backend must do, whichever it is. A backend's main program hands over its database and runs this. */
#ifndef TI_TESTS_STORE_SUITE_H
#define TI_TESTS_STORE_SUITE_H

#include "base/error.h"
#include "model/batch.h"
#include "store/store.h"
#include "unit/checked.h"

typedef struct store_backend {
    const char *name; /* what ticker_store_backend() says */
    /* Before each test, in its process: makes an empty database and returns its URL, which stays valid. */
    const char *(*set_up)(void);
    /* After each test: removes it. */
    void (*tear_down)(void);
    void (*opened)(ticker_store *store); /* with each store that is opened; NULL: nothing */
} store_backend;

/* Runs the suite, and behind it what `alone` says of this backend alone; NULL: only what is about rows. Returns what main() is to
 * return. */
int store_suite_run(const store_backend *backend, TCase *alone);

/* --- For tests of one backend alone, in a test that set_up() was called for ----------------------------------------------------- */

/* Opens a database; the test fails when that fails. */
ticker_store *store_suite_open(const char *url);
/* The same, migrated. */
ticker_store *store_suite_open_migrated(const char *url);
/* A statement that answers nothing. Nothing in the interface of stores but queries takes any SQL. */
void store_suite_run_sql(ticker_store *store, const char *sql);
/* Takes the schema back to an older version, 1 or more, with the rows of what that had; nothing but the tests can. */
void store_suite_go_back(ticker_store *store, int version);
void store_suite_ok(ticker_status status, const ticker_error *error, const char *what);

/* Adds a quote or trade with plausible values in every column. `date` is ISO. Returns its row. */
uint32_t store_suite_quote(ticker_batch *batch, const char *ticker, const char *date, const char *market);
uint32_t store_suite_trade(ticker_batch *batch, const char *ticker, const char *date, int64_t id, int64_t action);
/* Gives a text cell another value. */
void store_suite_text(ticker_batch *batch, unsigned column, uint32_t row, const char *text);
int64_t store_suite_day(const char *date);

/* Imports batches of one table as the file with this hash; no more than `count` of them. Returns what commit said. */
ticker_status store_suite_import(ticker_store *store, ticker_batch *const *batches, size_t count, const char *sha256,
                                 int64_t *id);

/* The answer to a query with text parameters as "a|b;c|d;", every number as its integer or mantissa: `types` has a letter for each
 * column: t text, i integer, d date, h time, p price (scale 6), m turnover and its rest (two cells, shown in millionths). The text is
 * freed by the caller. */
char *store_suite_ask(ticker_store *store, const char *types, const char *sql, ...);
/* The same for a query without parameters, compared. */
#define store_suite_expect(store, types, sql, expected)                                                                \
    do {                                                                                                               \
        char *answer_ = store_suite_ask(store, types, sql, NULL);                                                      \
        ck_assert_str_eq(answer_, expected);                                                                           \
        free(answer_);                                                                                                 \
    } while (0)

#endif
