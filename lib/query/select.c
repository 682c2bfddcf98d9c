/* The SELECTs: one set of SQL for SQLite, PostgreSQL and Citus. Values only ever go in as parameters; what is
 * pasted are names that stand in this library. */
#include "query/query.h"

#define SQL_MAX ((size_t)64 << 10)

static void begin(ti_statement *statement)
{
    ti_buffer_init(&statement->sql, SQL_MAX);
    statement->parameters = 0;
}

void ti_statement_free(ti_statement *statement)
{
    ti_buffer_free(&statement->sql);
}

static void put(ti_statement *statement, const char *text)
{
    (void)ti_buffer_text(&statement->sql, text);
}

/* Adds a parameter and writes its "$n". */
static void put_parameter(ti_statement *statement, ti_parameter parameter)
{
    if (statement->parameters == TI_STATEMENT_PARAMETERS_MAX) {
        statement->sql.failed = true; /* the kinds' own parameters never get here */
        return;
    }
    statement->parameter[statement->parameters++] = parameter;
    (void)ti_buffer_printf(&statement->sql, "$%zu", statement->parameters);
}

static ti_parameter of_text(ti_slice text)
{
    return (ti_parameter){.type = TICKER_TYPE_TEXT, .text = text};
}

static ti_parameter of_number(ticker_type type, int64_t number)
{
    return (ti_parameter){.type = type, .number = number};
}

static void put_selected(ti_statement *statement, const ti_query_columns *columns)
{
    put(statement, "SELECT ");
    for (unsigned i = 0; i < columns->count; i++) {
        if (i > 0)
            put(statement, ", ");
        put(statement, columns->column[i].sql);
        if (columns->column[i].rest)
            (void)ti_buffer_printf(&statement->sql, ", %s_rest", columns->column[i].sql);
    }
}

/* WHERE before the first condition, AND before the others. */
static void put_condition(ti_statement *statement, bool *any, const char *text)
{
    put(statement, *any ? " AND " : " WHERE ");
    put(statement, text);
    *any = true;
}

static void put_tickers(ti_statement *statement, const ticker_query *query, bool *any)
{
    put_condition(statement, any, query->tickers == 1 ? "ticker = " : "ticker IN (");
    for (size_t i = 0; i < query->tickers; i++) {
        if (i > 0)
            put(statement, ", ");
        put_parameter(statement, of_text(query->ticker[i]));
    }
    if (query->tickers != 1)
        put(statement, ")");
}

/* What quotes, trades and summaries may be narrowed by. */
static void put_conditions(ti_statement *statement, const ticker_query *query)
{
    bool any = false;

    if (ti_query_has(query, TI_ASK_TICKER))
        put_tickers(statement, query, &any);
    if (ti_query_has(query, TI_ASK_DATE)) {
        put_condition(statement, &any, "trade_date = ");
        put_parameter(statement, of_number(TICKER_TYPE_DATE, query->date));
    }
    if (ti_query_has(query, TI_ASK_FROM)) {
        put_condition(statement, &any, "trade_date >= ");
        put_parameter(statement, of_number(TICKER_TYPE_DATE, query->from));
    }
    if (ti_query_has(query, TI_ASK_TO)) {
        put_condition(statement, &any, "trade_date <= ");
        put_parameter(statement, of_number(TICKER_TYPE_DATE, query->to));
    }
    if (ti_query_has(query, TI_ASK_MARKET)) {
        put_condition(statement, &any, "market = ");
        put_parameter(statement, of_text(ti_slice_of(query->market)));
    }
}

static void put_limit(ti_statement *statement, const ticker_query *query)
{
    if (!ti_query_has(query, TI_ASK_LIMIT))
        return;
    put(statement, " LIMIT ");
    put_parameter(statement, of_number(TICKER_TYPE_INTEGER, query->limit + 1));
}

/* Total orders, so that the same question always has the same answer. Where nulls go is said, as databases differ. */
static void put_quotes_order(ti_statement *statement, bool descending)
{
    put(statement, descending
                       ? " ORDER BY trade_date DESC, ticker DESC, market DESC NULLS LAST, term_days DESC NULLS LAST,"
                         " occurrence DESC"
                       : " ORDER BY trade_date, ticker, market NULLS FIRST, term_days NULLS FIRST, occurrence");
}

static void put_trades_order(ti_statement *statement, bool descending)
{
    put(statement, descending
                       ? " ORDER BY trade_time DESC, trade_id DESC, action DESC, session DESC, reference_date DESC"
                       : " ORDER BY trade_time, trade_id, action, session, reference_date");
}

static void put_tickers_query(ti_statement *statement, const ticker_query *query)
{
    put(statement, " FROM {instruments} AS i");
    if (ti_query_has(query, TI_ASK_PATTERN)) {
        ti_parameter pattern = of_text(ti_slice_of(query->pattern));

        put(statement, " WHERE (UPPER(ticker) LIKE ");
        put_parameter(statement, pattern);
        put(statement, " ESCAPE '!' OR UPPER(name) LIKE ");
        put_parameter(statement, pattern);
        put(statement, " ESCAPE '!')");
    }
    put(statement, " ORDER BY ticker, market NULLS FIRST");
}

static void put_imports_query(ti_statement *statement, const ticker_query *query)
{
    put(statement, " FROM {imports} AS i");
    if (ti_query_has(query, TI_ASK_ID)) {
        put(statement, " WHERE id = ");
        put_parameter(statement, of_number(TICKER_TYPE_INTEGER, query->id));
    }
    put(statement, " ORDER BY id DESC");
}

static ticker_status end(ti_statement *statement, ticker_error *error)
{
    return ti_buffer_string(&statement->sql) != NULL ? TICKER_OK : ti_fail_memory(error);
}

ticker_status ti_statement_build(ti_statement *statement, const ticker_query *query, const ti_query_columns *columns,
                                 ticker_error *error)
{
    begin(statement);
    put_selected(statement, columns);
    switch (query->kind) {
    case TI_QUERY_QUOTES:
        put(statement, " FROM {quotes} AS q");
        put_conditions(statement, query);
        put_quotes_order(statement, query->descending);
        break;
    case TI_QUERY_TRADES:
        put(statement, " FROM {trades} AS t");
        put_conditions(statement, query);
        put_trades_order(statement, query->descending);
        break;
    case TI_QUERY_TICKERS:
        put_tickers_query(statement, query);
        break;
    case TI_QUERY_IMPORTS:
        put_imports_query(statement, query);
        break;
    case TI_QUERY_SUMMARY:
    case TI_QUERY_KINDS:
    default:
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "this kind of query is no list of rows");
    }
    put_limit(statement, query);
    return end(statement, error);
}

ticker_status ti_statement_history(ti_statement *statement, const ticker_query *query, const char *selected,
                                   ticker_error *error)
{
    begin(statement);
    put(statement, "SELECT ");
    put(statement, selected);
    put(statement, " FROM {quotes} AS q");
    put_conditions(statement, query);
    put_quotes_order(statement, false);
    return end(statement, error);
}

ticker_status ti_statement_run(const ti_statement *statement, ticker_store *store, size_t cells, ti_cursor **cursor,
                               ticker_error *error)
{
    ti_cursor *opened = NULL;
    ticker_status status = store->ops->query(store, statement->sql.data, statement->parameter, statement->parameters,
                                             &opened, error);

    if (status != TICKER_OK)
        return status;
    if (opened->columns != cells) {
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL,
                         "the store answered with %zu columns instead of %zu", opened->columns, cells);
        opened->ops->close(opened);
        return status;
    }
    *cursor = opened;
    return TICKER_OK;
}
