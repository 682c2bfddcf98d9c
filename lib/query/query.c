/* A query: its parameters by name, and the run from the store's cursor to the writer. */
#include "query/query.h"

#include <stdlib.h>

#include "query/place.h"
#include "query/run.h"
#include "query/summary.h"
#include "query/verify.h"

typedef struct ti_kind {
    const char *name;
    unsigned takes; /* TI_ASK() of the parameters it has */
    unsigned needs; /* … and of those it cannot do without */
} ti_kind;

#define OF_QUOTES                                                                                                      \
    (TI_ASK(TI_ASK_TICKER) | TI_ASK(TI_ASK_FROM) | TI_ASK(TI_ASK_TO) | TI_ASK(TI_ASK_DATE) | TI_ASK(TI_ASK_MARKET) |   \
     TI_ASK(TI_ASK_INTERVAL))
#define OF_TRADES                                                                                                      \
    (TI_ASK(TI_ASK_TICKER) | TI_ASK(TI_ASK_DATE) | TI_ASK(TI_ASK_FROM) | TI_ASK(TI_ASK_TO) | TI_ASK(TI_ASK_INTERVAL))
#define OF_SUMMARIES (TI_ASK(TI_ASK_TICKER) | TI_ASK(TI_ASK_FROM) | TI_ASK(TI_ASK_TO))
#define OF_TICKERS (TI_ASK(TI_ASK_PATTERN) | TI_ASK(TI_ASK_SEARCH) | TI_ASK(TI_ASK_TICKER) | TI_ASK(TI_ASK_MARKET))
#define OF_IMPORTS (TI_ASK(TI_ASK_ID) | TI_ASK(TI_ASK_STATUS) | TI_ASK(TI_ASK_LOCATION))
#define OF_VERIFICATIONS (TI_ASK(TI_ASK_DATE) | TI_ASK(TI_ASK_TICKER) | TI_ASK(TI_ASK_MARKET) | TI_ASK(TI_ASK_BOTH))
#define OF_LISTS (TI_ASK(TI_ASK_LIMIT) | TI_ASK(TI_ASK_ORDER) | TI_ASK(TI_ASK_CURSOR))

static const ti_kind kinds[TI_QUERY_KINDS] = {
    [TI_QUERY_QUOTES] = {"quotes", OF_QUOTES | OF_LISTS, 0},
    [TI_QUERY_TRADES] = {"trades", OF_TRADES | OF_LISTS, TI_ASK(TI_ASK_TICKER) | TI_ASK(TI_ASK_DATE)},
    [TI_QUERY_SUMMARY] = {"summary", OF_SUMMARIES, TI_ASK(TI_ASK_TICKER)},
    [TI_QUERY_TICKERS] = {"tickers", OF_TICKERS | OF_LISTS, 0},
    [TI_QUERY_IMPORTS] = {"imports", OF_IMPORTS | OF_LISTS, 0},
    [TI_QUERY_VERIFY] = {"verify", OF_VERIFICATIONS, TI_ASK(TI_ASK_DATE)},
};

static const char *const parameters[TI_ASK_COUNT] = {
    [TI_ASK_TICKER] = "ticker", [TI_ASK_FROM] = "from",         [TI_ASK_TO] = "to",
    [TI_ASK_DATE] = "date",     [TI_ASK_MARKET] = "market",     [TI_ASK_LIMIT] = "limit",
    [TI_ASK_ID] = "id",         [TI_ASK_PATTERN] = "pattern",   [TI_ASK_SEARCH] = "q",
    [TI_ASK_STATUS] = "status", [TI_ASK_INTERVAL] = "interval", [TI_ASK_ORDER] = "order",
    [TI_ASK_CURSOR] = "cursor", [TI_ASK_LOCATION] = "location", [TI_ASK_BOTH] = "both",
};

#define KEY_MAX ((size_t)64 << 10) /* the tickers of a query, each byte as three, come to a quarter of it */

const char *ti_query_kind_name(ti_query_kind kind)
{
    return kinds[kind].name;
}

const char *ti_query_parameter_name(ti_query_parameter parameter)
{
    return parameters[parameter];
}

ticker_query *ticker_query_new(const char *kind)
{
    for (unsigned i = 0; kind != NULL && i < TI_QUERY_KINDS; i++) {
        if (strcmp(kinds[i].name, kind) == 0) {
            ticker_query *query = calloc(1, sizeof(*query));

            if (query != NULL)
                query->kind = (ti_query_kind)i;
            return query;
        }
    }
    return NULL;
}

void ticker_query_free(ticker_query *query)
{
    if (query == NULL)
        return;
    free(query->ticker_text);
    free(query->pattern);
    free(query->search);
    free(query->inside);
    free(query->cursor);
    free(query->key);
    free(query->next);
    free(query);
}

/* What was handed out about the question as it was. */
static void forget(ticker_query *query)
{
    free(query->key);
    free(query->next);
    query->key = NULL;
    query->next = NULL;
}

ticker_status ticker_query_set(ticker_query *query, const char *name, const char *value, ticker_error *error)
{
    ticker_status status;

    if (query == NULL || name == NULL || value == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "a query's parameter needs a query, a name and a value");
    for (unsigned i = 0; i < TI_ASK_COUNT; i++) {
        if (strcmp(parameters[i], name) != 0 || (kinds[query->kind].takes & TI_ASK(i)) == 0)
            continue;
        status = ti_query_read(query, (ti_query_parameter)i, value, error);
        if (status == TICKER_OK) {
            query->set |= TI_ASK(i);
            forget(query);
        }
        return status;
    }
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a query for %s has no parameter \"%.60s\"",
                   kinds[query->kind].name, name);
}

static ticker_status check_needs(const ticker_query *query, ticker_error *error)
{
    unsigned missing = kinds[query->kind].needs & ~query->set;

    for (unsigned i = 0; i < TI_ASK_COUNT; i++)
        if ((missing & TI_ASK(i)) != 0)
            return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a query for %s needs the parameter \"%s\"",
                           kinds[query->kind].name, parameters[i]);
    return TICKER_OK;
}

/* Whether the question is whole; `place` is set when it has a cursor. */
static ticker_status check_question(const ticker_query *query, ti_place *place, ticker_error *error)
{
    ticker_status status = check_needs(query, error);

    if (status == TICKER_OK && ti_query_has(query, TI_ASK_CURSOR))
        status = ti_place_read(query, place, error);
    return status;
}

ticker_status ticker_query_check(const ticker_query *query, ticker_error *error)
{
    ti_place place;

    if (query == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "there is no query");
    return check_question(query, &place, error);
}

const char *ticker_query_key(ticker_query *query)
{
    ti_buffer key;

    if (query == NULL || query->key != NULL)
        return query != NULL ? query->key : NULL;
    ti_buffer_init(&key, KEY_MAX);
    if (ti_query_put_key(query, true, &key) && ti_buffer_string(&key) != NULL)
        query->key = key.data; /* the query owns it now */
    else
        ti_buffer_free(&key);
    return query->key;
}

const char *ticker_query_cursor(const ticker_query *query)
{
    return query != NULL ? query->next : NULL;
}

const char *ticker_query_tickers(const ticker_query *query, size_t index)
{
    return query != NULL && index < query->tickers ? query->ticker[index].data : NULL;
}

uint64_t ticker_query_compared(const ticker_query *query)
{
    return query != NULL ? query->compared : 0;
}

static ticker_status run_kind(ti_run *run, uint64_t *compared, ticker_error *error)
{
    *compared = 0;
    if (run->query->kind == TI_QUERY_VERIFY)
        return ti_verify_run(run, compared, error);
    if (run->query->kind == TI_QUERY_SUMMARY)
        return ti_summary_run(run->query, run->store, run->writer, error);
    if (!ti_query_has(run->query, TI_ASK_INTERVAL))
        return ti_rows_run(run, error);
    return run->query->kind == TI_QUERY_TRADES ? ti_trade_candles_run(run, error) : ti_quote_candles_run(run, error);
}

static bool is_single(const ticker_query *query)
{
    return query->kind == TI_QUERY_SUMMARY || (query->kind == TI_QUERY_IMPORTS && ti_query_has(query, TI_ASK_ID));
}

ticker_status ticker_query_run(ticker_query *query, ticker_store *store, const char *format, ticker_write write,
                               void *payload, uint64_t *rows, int *more, ticker_error *error)
{
    ti_query_columns columns;
    ti_writer writer;
    ti_place place;
    ti_run run;
    ticker_status status;

    if (query == NULL || store == NULL || format == NULL || write == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "a query needs a store, a format and a function that writes");
    free(query->next);
    query->next = NULL;
    status = check_question(query, &place, error);
    if (status != TICKER_OK)
        return status;
    ti_query_columns_of(query, &columns);
    run = (ti_run){.query = query, .store = store, .columns = &columns, .writer = &writer};
    run.after = ti_query_has(query, TI_ASK_CURSOR) ? &place : NULL;
    status = ti_writer_init(&writer, format, &columns, is_single(query), write, payload, error);
    if (status == TICKER_OK)
        status = ti_writer_begin(&writer, error);
    if (status == TICKER_OK)
        status = run_kind(&run, &query->compared, error);
    if (status == TICKER_OK && run.more)
        status = ti_place_write(query, &run.last, error);
    if (status == TICKER_OK)
        status = ti_writer_end(&writer, run.more, error);
    if (status != TICKER_OK)
        forget(query);
    if (status == TICKER_OK && rows != NULL)
        *rows = writer.rows;
    if (status == TICKER_OK && more != NULL)
        *more = run.more;
    ti_writer_free(&writer);
    return status;
}
