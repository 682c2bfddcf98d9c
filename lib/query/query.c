/* A query: its parameters by name, and the run from the store's cursor to the writer. */
#include "query/query.h"

#include <stdlib.h>

#include "query/summary.h"
#include "query/writer.h"

typedef struct ti_kind {
    const char *name;
    unsigned takes; /* TI_ASK() of the parameters it has */
    unsigned needs; /* … and of those it cannot do without */
} ti_kind;

static const ti_kind kinds[TI_QUERY_KINDS] = {
    [TI_QUERY_QUOTES] = {"quotes",
                         TI_ASK(TI_ASK_TICKER) | TI_ASK(TI_ASK_FROM) | TI_ASK(TI_ASK_TO) | TI_ASK(TI_ASK_DATE) |
                             TI_ASK(TI_ASK_MARKET) | TI_ASK(TI_ASK_LIMIT) | TI_ASK(TI_ASK_ORDER),
                         0},
    [TI_QUERY_TRADES] = {"trades",
                         TI_ASK(TI_ASK_TICKER) | TI_ASK(TI_ASK_DATE) | TI_ASK(TI_ASK_LIMIT) | TI_ASK(TI_ASK_ORDER),
                         TI_ASK(TI_ASK_TICKER) | TI_ASK(TI_ASK_DATE)},
    [TI_QUERY_SUMMARY] = {"summary", TI_ASK(TI_ASK_TICKER) | TI_ASK(TI_ASK_FROM) | TI_ASK(TI_ASK_TO),
                          TI_ASK(TI_ASK_TICKER)},
    [TI_QUERY_TICKERS] = {"tickers", TI_ASK(TI_ASK_PATTERN) | TI_ASK(TI_ASK_LIMIT), 0},
    [TI_QUERY_IMPORTS] = {"imports", TI_ASK(TI_ASK_ID) | TI_ASK(TI_ASK_LIMIT), 0},
};

static const char *const parameters[TI_ASK_COUNT] = {
    [TI_ASK_TICKER] = "ticker", [TI_ASK_FROM] = "from",       [TI_ASK_TO] = "to",
    [TI_ASK_DATE] = "date",     [TI_ASK_MARKET] = "market",   [TI_ASK_LIMIT] = "limit",
    [TI_ASK_ID] = "id",         [TI_ASK_PATTERN] = "pattern", [TI_ASK_ORDER] = "order",
};

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
    free(query);
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
        if (status == TICKER_OK)
            query->set |= TI_ASK(i);
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

/* The row behind the limit is read to know of it, and not written. */
static ticker_status copy_rows(const ticker_query *query, ti_cursor *cursor, ti_writer *writer, bool *more,
                               ticker_error *error)
{
    ti_cell cells[TI_COLUMNS_MAX];
    bool limited = ti_query_has(query, TI_ASK_LIMIT);
    ticker_status status;

    while ((status = cursor->ops->next(cursor, cells, error)) == TICKER_OK) {
        *more = limited && writer->rows == (uint64_t)query->limit;
        if (*more)
            return TICKER_OK;
        status = ti_writer_row(writer, cells, error);
        if (status != TICKER_OK)
            return status;
    }
    return status == TICKER_DONE ? TICKER_OK : status;
}

static ticker_status run_rows(const ticker_query *query, ticker_store *store, const ti_query_columns *columns,
                              ti_writer *writer, bool *more, ticker_error *error)
{
    ti_statement statement;
    ti_cursor *cursor = NULL;
    ticker_status status = ti_statement_build(&statement, query, columns, error);

    if (status == TICKER_OK)
        status = ti_statement_run(&statement, store, columns->cells, &cursor, error);
    if (status == TICKER_OK) {
        status = copy_rows(query, cursor, writer, more, error);
        cursor->ops->close(cursor);
    }
    ti_statement_free(&statement);
    return status;
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
    bool cut = false;
    ticker_status status;

    if (query == NULL || store == NULL || format == NULL || write == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "a query needs a store, a format and a function that writes");
    status = check_needs(query, error);
    if (status != TICKER_OK)
        return status;
    ti_query_columns_of(query->kind, &columns);
    status = ti_writer_init(&writer, format, &columns, is_single(query), write, payload, error);
    if (status == TICKER_OK)
        status = ti_writer_begin(&writer, error);
    if (status == TICKER_OK)
        status = query->kind == TI_QUERY_SUMMARY ? ti_summary_run(query, store, &writer, error)
                                                 : run_rows(query, store, &columns, &writer, &cut, error);
    if (status == TICKER_OK)
        status = ti_writer_end(&writer, cut, error);
    if (status == TICKER_OK && rows != NULL)
        *rows = writer.rows;
    if (status == TICKER_OK && more != NULL)
        *more = cut;
    ti_writer_free(&writer);
    return status;
}
