/* Inside view of a query: what may be asked, what is selected for it, and how the answer's columns look. */
#ifndef TI_QUERY_QUERY_H
#define TI_QUERY_QUERY_H

#include <stdbool.h>

#include <tickerimport/limits.h>
#include <tickerimport/query.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "model/batch.h"
#include "model/schema.h"
#include "store/store.h"

typedef enum ti_query_kind {
    TI_QUERY_QUOTES = 0,
    TI_QUERY_TRADES,
    TI_QUERY_SUMMARY,
    TI_QUERY_TICKERS,
    TI_QUERY_IMPORTS,
    TI_QUERY_KINDS
} ti_query_kind;

/* Parameters of a query; `set` is a bit set of them. */
typedef enum ti_query_parameter {
    TI_ASK_TICKER = 0,
    TI_ASK_FROM,
    TI_ASK_TO,
    TI_ASK_DATE,
    TI_ASK_MARKET,
    TI_ASK_LIMIT,
    TI_ASK_ID,
    TI_ASK_PATTERN,
    TI_ASK_ORDER,
    TI_ASK_COUNT
} ti_query_parameter;

#define TI_ASK(parameter) (1u << (parameter))
#define TI_MARKET_DIGITS 3

struct ticker_query {
    ti_query_kind kind;
    unsigned set;      /* TI_ASK() of what has been set */
    char *ticker_text; /* what the slices below point into */
    ti_slice ticker[TICKER_QUERY_TICKERS_MAX];
    size_t tickers;
    int64_t from, to, date; /* days */
    int64_t limit, id;
    char market[TI_MARKET_DIGITS + 1];
    char *pattern; /* as LIKE wants it, in capitals */
    bool descending;
};

static inline bool ti_query_has(const ticker_query *query, ti_query_parameter parameter)
{
    return (query->set & TI_ASK(parameter)) != 0;
}

/* Reads one parameter's value into the query; the old value stays on failure (parameters.c). */
ticker_status ti_query_read(ticker_query *query, ti_query_parameter parameter, const char *value, ticker_error *error);

/* How a value looks. Which of a cell's two forms it comes from depends on the store. */
typedef enum ti_shape {
    TI_SHAPE_TEXT = 0,
    TI_SHAPE_NUMBER,
    TI_SHAPE_CODE, /* an integer that JSON shows as a string */
    TI_SHAPE_DECIMAL,
    TI_SHAPE_DATE,
    TI_SHAPE_TIME,
    TI_SHAPE_FLAG,
    TI_SHAPE_INSTANT, /* a moment: text, or milliseconds since 1970 in UTC */
    TI_SHAPE_JSON     /* text that is JSON already */
} ti_shape;

typedef struct ti_query_column {
    const char *name; /* in JSON, CSV and tables */
    const char *sql;  /* what is selected */
    ti_shape shape;
    unsigned scale, digits; /* of a DECIMAL */
    bool rest;              /* the next cell holds millionths that belong to this one */
    bool table;             /* shown in a table of many rows */
} ti_query_column;

typedef struct ti_query_columns {
    ti_query_column column[TI_COLUMNS_MAX];
    unsigned count;
    unsigned cells; /* selected ones: `count` and the rests */
} ti_query_columns;

/* The columns of a kind, in the order in which they are shown (columns.c). */
void ti_query_columns_of(ti_query_kind kind, ti_query_columns *columns);

#define TI_STATEMENT_PARAMETERS_MAX (TICKER_QUERY_TICKERS_MAX + 8)

/* A SELECT with its parameters; the parameters' texts belong to the query. */
typedef struct ti_statement {
    ti_buffer sql;
    ti_parameter parameter[TI_STATEMENT_PARAMETERS_MAX];
    size_t parameters;
} ti_statement;

void ti_statement_free(ti_statement *statement);
/* The SELECT of every kind but the summary (select.c). With a limit it asks for one row more, which tells whether the
 * limit cut. Free the statement whatever happens. */
ticker_status ti_statement_build(ti_statement *statement, const ticker_query *query, const ti_query_columns *columns,
                                 ticker_error *error);
/* The rows a summary is made of: SELECT `selected` FROM quotes of the ticker and days asked for, oldest first. */
ticker_status ti_statement_history(ti_statement *statement, const ticker_query *query, const char *selected,
                                   ticker_error *error);
/* Runs it; a cursor with another number of columns than `cells` is refused. */
ticker_status ti_statement_run(const ti_statement *statement, ticker_store *store, size_t cells, ti_cursor **cursor,
                               ticker_error *error);

#endif
