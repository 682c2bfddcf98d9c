/* A store in memory that writes down every call, keeps trades, quotes and a ledger in plain lists, and fails where it is told to. */
#ifndef TEST_FAKE_STORE_H
#define TEST_FAKE_STORE_H

#include "store/store.h"
#include "support.h"

typedef struct fake_trade {
    char ticker[TICKER_TICKER_MAX + 1], session[TICKER_SESSION_MAX + 1];
    int64_t date, reference_date, id, action, time, price, volume;
    int64_t import;
} fake_trade;

/* A day's quote; of those from files only the key is kept. */
typedef struct fake_quote {
    char ticker[TICKER_TICKER_MAX + 1];
    int64_t date, open, high, low, close, trades, volume, turnover, rest;
    bool from_file;
} fake_quote;

typedef struct fake_import {
    int64_t id, bytes, records, imported, rejected;
    int64_t first_date, last_date, declared;
    char member[64], sha256[TI_SHA256_TEXT_MAX], status[16], format[16], error[512], turnover[64];
    bool forced;
} fake_import;

#define FAKE_IMPORTS_MAX 64
#define FAKE_INSTRUMENTS_MAX 64

/* What a rollback brings back. */
typedef struct fake_state {
    fake_trade *trades;
    fake_quote *quotes;
    size_t trade_count, quote_count, import_count;
} fake_state;

typedef struct fake_store {
    ticker_store store;
    ti_buffer calls;         /* "begin put(3) settle commit …" */
    const char *fail_at;     /* the name of the call that fails */
    ticker_status fail_with; /* TICKER_DONE (begin and put): it turns out that somebody else imported the same bytes */
    unsigned fail_after;     /* so many calls of that name go well before */
    int version;
    fake_state now, before;
    fake_import imports[FAKE_IMPORTS_MAX];
    int64_t replaced[FAKE_IMPORTS_MAX]; /* days of which a row replaced another in this transaction */
    size_t replaced_count;
    int64_t current, rival_bytes; /* of what somebody else imported */
    bool open, somebody_was_first;
    size_t instrument_count;
    char instruments[FAKE_INSTRUMENTS_MAX][64]; /* "PETR4 PETROBRAS 2016-01-04 2016-01-05" */
} fake_store;

void fake_store_init(fake_store *fake);
void fake_store_free(fake_store *fake);
/* The calls so far as one text, which is then forgotten. */
const char *fake_calls(fake_store *fake);
const fake_quote *fake_find_quote(const fake_store *fake, const char *ticker, int64_t date);

#endif
