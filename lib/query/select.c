/* The SELECTs: one set of SQL for SQLite, PostgreSQL and Citus. Values only ever go in as parameters; what is
 * pasted are names that stand in this library. */
#include "query/place.h"
#include "query/run.h"

#define SQL_MAX ((size_t)64 << 10)
#define FEW_ROWS 2000 /* a page of the HTTP API has 1000 unless it is told otherwise; a row takes some hundred bytes */
#define NO_TERM "-1"

_Static_assert(TI_PLACE_NO_TERM == -1, "as the SQL says");

static void begin(ti_statement *statement)
{
    ti_buffer_init(&statement->sql, SQL_MAX);
    statement->parameters = 0;
    statement->few = false;
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

static void put_compared(ti_statement *statement, bool *any, const char *text, ti_parameter parameter)
{
    put_condition(statement, any, text);
    put_parameter(statement, parameter);
}

static void put_market(ti_statement *statement, const ticker_query *query, bool *any)
{
    if (ti_query_has(query, TI_ASK_MARKET))
        put_compared(statement, any, "market = ", of_text(ti_slice_of(query->market)));
}

/* Which quotes: `part` may narrow the days. */
static void put_quotes_conditions(ti_statement *statement, const ticker_query *query, const ti_part *part, bool *any)
{
    bool windowed = part != NULL && part->windowed;

    if (ti_query_has(query, TI_ASK_TICKER))
        put_tickers(statement, query, any);
    if (ti_query_has(query, TI_ASK_DATE))
        put_compared(statement, any, "trade_date = ", of_number(TICKER_TYPE_DATE, query->date));
    if (windowed || ti_query_has(query, TI_ASK_FROM))
        put_compared(statement, any,
                     "trade_date >= ", of_number(TICKER_TYPE_DATE, windowed ? part->from : query->from));
    if (windowed || ti_query_has(query, TI_ASK_TO))
        put_compared(statement, any, "trade_date <= ", of_number(TICKER_TYPE_DATE, windowed ? part->to : query->to));
    put_market(statement, query, any);
}

/* Which trades: always those of one ticker and day. */
static void put_trades_conditions(ti_statement *statement, const ticker_query *query, bool *any)
{
    if (ti_query_has(query, TI_ASK_TICKER))
        put_tickers(statement, query, any);
    if (ti_query_has(query, TI_ASK_DATE))
        put_compared(statement, any, "trade_date = ", of_number(TICKER_TYPE_DATE, query->date));
    if (ti_query_has(query, TI_ASK_FROM))
        put_compared(statement, any, "trade_time >= ", of_number(TICKER_TYPE_TIME, query->from));
    if (ti_query_has(query, TI_ASK_TO))
        put_compared(statement, any, "trade_time <= ", of_number(TICKER_TYPE_TIME, query->to));
}

static ti_parameter of_field(const ti_place *place, ti_field field, size_t index)
{
    if (field == TI_FIELD_TEXT)
        return of_text(ti_slice_of(place->text[index]));
    return of_number(field == TI_FIELD_DATE   ? TICKER_TYPE_DATE
                     : field == TI_FIELD_TIME ? TICKER_TYPE_TIME
                                              : TICKER_TYPE_INTEGER,
                     place->number[index]);
}

/* Only rows behind the place: `first` compared with its first field, which keys can serve, and all of the `fields` with all of it. */
static void put_after(ti_statement *statement, const ticker_query *query, const ti_place *place, const char *first,
                      const char *fields, bool *any)
{
    const ti_field *types = ti_place_fields(query);
    bool descending = ti_query_descends(query);

    if (first != NULL) {
        put_condition(statement, any, first);
        put(statement, descending ? " <= " : " >= ");
        put_parameter(statement, of_field(place, types[0], 0));
    }
    put_condition(statement, any, fields);
    put(statement, descending ? " < (" : " > (");
    for (size_t i = 0; i < TI_PLACE_FIELDS && types[i] != TI_FIELD_NONE; i++) {
        if (i > 0)
            put(statement, ", ");
        put_parameter(statement, of_field(place, types[i], i));
    }
    put(statement, ")");
}

/* Only days of later candles than the place's: of its period's other tickers, or of other periods. */
static void put_after_period(ti_statement *statement, const ticker_query *query, const ti_place *place, bool *any)
{
    int64_t first = ti_interval_first(query->interval, place->number[0]);
    int64_t last = ti_interval_last(query->interval, place->number[0]);
    bool descending = query->descending;

    put_compared(statement, any, descending ? "trade_date <= " : "trade_date >= ",
                 of_number(TICKER_TYPE_DATE, descending ? last : first));
    put_compared(statement, any, descending ? "(trade_date < " : "(trade_date > ",
                 of_number(TICKER_TYPE_DATE, descending ? first : last));
    put(statement, descending ? " OR ticker < " : " OR ticker > ");
    put_parameter(statement, of_text(ti_slice_of(place->text[1])));
    put(statement, ")");
}

static void put_limit(ti_statement *statement, const ti_part *part)
{
    if (part->rows == 0)
        return;
    put(statement, " LIMIT ");
    put_parameter(statement, of_number(TICKER_TYPE_INTEGER, part->rows));
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

static void put_likes(ti_statement *statement, const char *const *names, const char *const *likes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(statement, i == 0 ? "(UPPER(" : " OR UPPER(");
        put(statement, names[i]);
        put(statement, ") LIKE ");
        put_parameter(statement, of_text(ti_slice_of(likes[i])));
        put(statement, " ESCAPE '!'");
    }
    put(statement, ")");
}

static void put_tickers_query(ti_statement *statement, const ticker_query *query, const ti_part *part)
{
    static const char *const names[] = {"ticker", "name", "isin"};
    bool any = false;

    put(statement, " FROM {instruments} AS i");
    if (ti_query_has(query, TI_ASK_TICKER))
        put_tickers(statement, query, &any);
    if (ti_query_has(query, TI_ASK_PATTERN)) {
        put_condition(statement, &any, "");
        put_likes(statement, names, (const char *[]){query->pattern, query->pattern, query->pattern}, 3);
    }
    if (ti_query_has(query, TI_ASK_SEARCH)) {
        put_condition(statement, &any, "");
        put_likes(statement, names, (const char *[]){query->search, query->inside, query->search}, 3);
    }
    put_market(statement, query, &any);
    if (part->after != NULL)
        put_after(statement, query, part->after, NULL, "(ticker)", &any);
    put(statement, ti_query_descends(query) ? " ORDER BY ticker DESC" : " ORDER BY ticker");
}

static void put_imports_query(ti_statement *statement, const ticker_query *query, const ti_part *part)
{
    bool any = false;

    put(statement, " FROM {imports} AS i");
    if (ti_query_has(query, TI_ASK_ID))
        put_compared(statement, &any, "id = ", of_number(TICKER_TYPE_INTEGER, query->id));
    if (ti_query_has(query, TI_ASK_STATUS))
        put_compared(statement, &any, "status = ", of_text(ti_slice_of(query->status)));
    if (part->after != NULL)
        put_after(statement, query, part->after, NULL, "(id)", &any);
    put(statement, ti_query_descends(query) ? " ORDER BY id DESC" : " ORDER BY id");
}

static ticker_status end(ti_statement *statement, ticker_error *error)
{
    return ti_buffer_string(&statement->sql) != NULL ? TICKER_OK : ti_fail_memory(error);
}

size_t ti_statement_cells(const ticker_query *query, const ti_query_columns *columns)
{
    return columns->cells + (query->kind == TI_QUERY_QUOTES && ti_query_has(query, TI_ASK_LIMIT));
}

static void put_quotes_query(ti_statement *statement, const ticker_query *query, const ti_part *part)
{
    bool any = false;

    if (ti_query_has(query, TI_ASK_LIMIT))
        put(statement, ", occurrence");
    put(statement, " FROM {quotes} AS q");
    put_quotes_conditions(statement, query, part, &any);
    if (part->after != NULL)
        put_after(statement, query, part->after, "trade_date",
                  "(trade_date, ticker, COALESCE(market, ''), COALESCE(term_days, " NO_TERM "), occurrence)", &any);
    put_quotes_order(statement, query->descending);
}

static void put_trades_query(ti_statement *statement, const ticker_query *query, const ti_part *part)
{
    bool any = false;

    put(statement, " FROM {trades} AS t");
    put_trades_conditions(statement, query, &any);
    if (part->after != NULL)
        put_after(statement, query, part->after, "trade_time",
                  "(trade_time, trade_id, action, session, reference_date)", &any);
    put_trades_order(statement, query->descending);
}

ticker_status ti_statement_rows(ti_statement *statement, const ticker_query *query, const ti_query_columns *columns,
                                const ti_part *part, ticker_error *error)
{
    begin(statement);
    put_selected(statement, columns);
    switch (query->kind) {
    case TI_QUERY_QUOTES:
        put_quotes_query(statement, query, part);
        break;
    case TI_QUERY_TRADES:
        put_trades_query(statement, query, part);
        break;
    case TI_QUERY_TICKERS:
        put_tickers_query(statement, query, part);
        break;
    case TI_QUERY_IMPORTS:
        put_imports_query(statement, query, part);
        break;
    case TI_QUERY_SUMMARY:
    case TI_QUERY_VERIFY:
    case TI_QUERY_KINDS:
    default:
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "this kind of query is no list of rows");
    }
    put_limit(statement, part);
    /* Imports may have long lists of problems. */
    statement->few = part->rows > 0 && part->rows <= FEW_ROWS && query->kind != TI_QUERY_IMPORTS;
    return end(statement, error);
}

ticker_status ti_statement_history(ti_statement *statement, const ticker_query *query, const char *selected,
                                   const ti_part *part, bool by_ticker, ticker_error *error)
{
    bool any = false;

    begin(statement);
    put(statement, "SELECT ");
    put(statement, selected);
    put(statement, " FROM {quotes} AS q");
    put_quotes_conditions(statement, query, part, &any);
    if (part->after != NULL)
        put_after_period(statement, query, part->after, &any);
    if (by_ticker)
        put(statement, query->descending ? " ORDER BY ticker DESC, trade_date DESC, market DESC NULLS LAST,"
                                           " term_days DESC NULLS LAST, occurrence DESC"
                                         : " ORDER BY ticker, trade_date, market NULLS FIRST, term_days NULLS FIRST,"
                                           " occurrence");
    else
        put_quotes_order(statement, query->descending);
    return end(statement, error);
}

ticker_status ti_statement_day(ti_statement *statement, const ticker_query *query, ticker_table table,
                               const char *selected, ticker_error *error)
{
    bool any = false;

    begin(statement);
    put(statement, "SELECT ");
    put(statement, selected);
    put(statement, table == TICKER_QUOTES ? " FROM {quotes} AS q" : " FROM {trades} AS t");
    if (ti_query_has(query, TI_ASK_TICKER))
        put_tickers(statement, query, &any);
    put_compared(statement, &any, "trade_date = ", of_number(TICKER_TYPE_DATE, query->date));
    if (table == TICKER_QUOTES) {
        put_condition(statement, &any, "source = 'cotahist'");
        put_market(statement, query, &any);
        put(statement, " ORDER BY ticker, market NULLS FIRST, term_days NULLS FIRST, occurrence");
    } else {
        put(statement, " ORDER BY ticker, trade_id, reference_date, session, action");
    }
    return end(statement, error);
}

/* What the day's quote counts (lib/store/trade_group.h): new trades that nothing cancels in their session; one that was listed after
 * its day counts only when no earlier file lists a trade of its number, price and quantity. The key of trades serves both looks. */
ticker_status ti_statement_trades(ti_statement *statement, const ticker_query *query, const char *selected,
                                  const ti_part *part, ticker_error *error)
{
    bool any = false;

    begin(statement);
    put(statement, "SELECT ");
    put(statement, selected);
    put(statement, " FROM {trades} AS t");
    put_trades_conditions(statement, query, &any);
    if (part->after != NULL)
        put_compared(statement, &any,
                     query->descending ? "trade_time < " : "trade_time >= ", of_number(TICKER_TYPE_TIME, part->from));
    put(statement, " AND action = 0 AND NOT EXISTS (SELECT 1 FROM {trades} AS c WHERE c.ticker = ");
    put_parameter(statement, of_text(query->ticker[0]));
    put(statement, " AND c.trade_date = ");
    put_parameter(statement, of_number(TICKER_TYPE_DATE, query->date));
    put(statement, " AND c.trade_id = t.trade_id AND c.session = t.session AND c.action = 2)"
                   " AND (reference_date <= ");
    put_parameter(statement, of_number(TICKER_TYPE_DATE, query->date));
    put(statement, " OR NOT EXISTS (SELECT 1 FROM {trades} AS e WHERE e.ticker = ");
    put_parameter(statement, of_text(query->ticker[0]));
    put(statement, " AND e.trade_date = ");
    put_parameter(statement, of_number(TICKER_TYPE_DATE, query->date));
    put(statement, " AND e.trade_id = t.trade_id AND e.reference_date < t.reference_date AND e.price = t.price"
                   " AND e.volume = t.volume))");
    put(statement, query->descending ? " ORDER BY trade_time DESC, trade_id DESC, reference_date DESC, session DESC"
                                     : " ORDER BY trade_time, trade_id, reference_date, session");
    return end(statement, error);
}

ticker_status ti_statement_bounds(ti_statement *statement, ticker_error *error)
{
    begin(statement);
    put(statement, "SELECT MIN(first_date), MAX(last_date) FROM {instruments} AS i");
    return end(statement, error);
}

ticker_status ti_statement_run(const ti_statement *statement, ticker_store *store, size_t cells, ti_cursor **cursor,
                               ticker_error *error)
{
    ti_cursor *opened = NULL;
    ticker_status status;

    store->few = statement->few;
    status = store->ops->query(store, statement->sql.data, statement->parameter, statement->parameters, &opened, error);
    store->few = false;
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
