/* What the files of the store suite share among themselves. */
#ifndef TI_TESTS_STORE_SUITE_PARTS_H
#define TI_TESTS_STORE_SUITE_PARTS_H

#include <stdlib.h>

#include "store_suite.h"

#define SUITE_ROWS 64           /* of a batch */
#define SUITE_MANY_BATCHES 2400 /* more than a store keeps in memory */
#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define COUNT_QUOTES "SELECT count(*) FROM {quotes} AS q"
#define COUNT_TRADES "SELECT count(*) FROM {trades} AS t"
#define COUNT_IMPORTS "SELECT count(*) FROM {imports} AS i"

/* Of the test that runs. */
typedef struct suite_state {
    const store_backend *backend;
    const char *url;
    ticker_store *store;           /* migrated */
    ticker_batch *quotes, *trades; /* empty */
    ticker_error error;
} suite_state;

extern suite_state suite;

/* The test fails unless `status` is TICKER_OK. */
void suite_ok(ticker_status status, const char *what);
/* Imports what the batch holds and empties it. */
ticker_status suite_import(ticker_batch *batch, const char *sha256, int64_t *id);
ti_ledger_row suite_ledger_row(const char *status);
bool suite_no_instruments(void *payload, ti_instrument *instrument);
/* Adds rows to the batches; the prices, in whole units, tell which row of the file it was. */
void suite_put_quote(const char *ticker, const char *date, const char *market, int64_t price);
void suite_put_trade(const char *ticker, const char *date, int64_t id, int64_t action, int64_t price);
/* Fills a batch with rows out of order and over years. */
void suite_put_many(ticker_batch *batch, uint64_t *state);
/* An import up to settle(); the batch is emptied. And its commit. */
void suite_begin_and_settle(ticker_batch *batch);
void suite_finish(const char *sha256);

/* The parts; each adds its test cases. */
TCase *suite_group(Suite *to, const char *name);
void suite_add_follow(Suite *to);
void suite_add_ledger(Suite *to);
void suite_add_migrate(Suite *to);
void suite_add_quotes(Suite *to);
void suite_add_standing(Suite *to);
void suite_add_trades(Suite *to);
void suite_add_upload(Suite *to);
void suite_add_whole(Suite *to);

#endif
