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
    TI_QUERY_VERIFY,
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
    TI_ASK_SEARCH,
    TI_ASK_STATUS,
    TI_ASK_INTERVAL,
    TI_ASK_ORDER,
    TI_ASK_CURSOR,
    TI_ASK_LOCATION,
    TI_ASK_BOTH,
    TI_ASK_COUNT
} ti_query_parameter;

/* Of candles; the first three are made of quotes, the others of trades. */
typedef enum ti_interval {
    TI_INTERVAL_NONE = 0,
    TI_INTERVAL_DAY,
    TI_INTERVAL_WEEK,
    TI_INTERVAL_MONTH,
    TI_INTERVAL_1_MINUTE,
    TI_INTERVAL_5_MINUTES,
    TI_INTERVAL_15_MINUTES,
    TI_INTERVAL_HOUR,
    TI_INTERVAL_COUNT
} ti_interval;

#define TI_ASK(parameter) (1u << (parameter))
#define TI_MARKET_DIGITS 3

struct ticker_query {
    ti_query_kind kind;
    unsigned set;      /* TI_ASK() of what has been set */
    char *ticker_text; /* what the slices below point into */
    ti_slice ticker[TICKER_QUERY_TICKERS_MAX];
    size_t tickers;
    int64_t from, to; /* days; of trades: milliseconds of the day */
    int64_t date;     /* days */
    int64_t limit, id;
    char market[TI_MARKET_DIGITS + 1];
    char *pattern; /* as LIKE wants it, in capitals */
    char *search;  /* the same of a beginning */
    char *inside;  /* the same of a part */
    const char *status;
    ti_interval interval;
    bool descending;
    bool both;         /* of a verification: only tickers that both sides have */
    uint64_t compared; /* what ticker_query_compared() says */
    bool keys_only;    /* of locations in folders: not where those are */
    char *cursor;      /* as it was given: what it is worth shows when the whole question is known */
    char *key;         /* what ticker_query_key() handed out */
    char *next;        /* what ticker_query_cursor() hands out */
};

static inline bool ti_query_has(const ticker_query *query, ti_query_parameter parameter)
{
    return (query->set & TI_ASK(parameter)) != 0;
}

/* Reads one parameter's value into the query; the old value stays on failure (parameters.c). */
ticker_status ti_query_read(ticker_query *query, ti_query_parameter parameter, const char *value, ticker_error *error);
/* Bytes of an interval's or a time's text are few; see parameters.c for how they are written. */
const char *ti_interval_name(ti_interval interval);
bool ti_parse_time_of_day(ti_slice text, int64_t *milliseconds);
/* UTF-8 without control characters. */
bool ti_query_text_valid(ti_slice text);

/* What a kind is called, and what a parameter is (query.c). */
const char *ti_query_kind_name(ti_query_kind kind);
const char *ti_query_parameter_name(ti_query_parameter parameter);

/* Newest first. The ledger is when nothing is said, everything else is not. */
static inline bool ti_query_descends(const ticker_query *query)
{
    return ti_query_has(query, TI_ASK_ORDER) ? query->descending : query->kind == TI_QUERY_IMPORTS;
}

/* The canonical text of what is asked: equal questions, equal text. `page` false leaves out limit and cursor, and how locations are
 * shown (key.c). */
bool ti_query_put_key(const ticker_query *query, bool page, ti_buffer *key);

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

/* The columns of an answer, in the order in which they are shown (columns.c). */
void ti_query_columns_of(const ticker_query *query, ti_query_columns *columns);
/* In which cell of a row of quotes or trades a column of the model's table is. */
unsigned ti_query_trade_cell(unsigned column);
/* In which cell of a row of the ledger its location is. */
unsigned ti_query_location_cell(void);

/* Where a page begins: the key of the last row of the page before. */
#define TI_PLACE_FIELDS 5
#define TI_PLACE_NO_TERM (-1) /* stands for a term that is null; it comes first, as nulls do */

typedef struct ti_place {
    int64_t number[TI_PLACE_FIELDS];
    char text[TI_PLACE_FIELDS][TICKER_TICKER_MAX + 1];
} ti_place;

#define TI_STATEMENT_PARAMETERS_MAX (TICKER_QUERY_TICKERS_MAX + 20)

/* A SELECT with its parameters; the parameters' texts belong to the query. */
typedef struct ti_statement {
    ti_buffer sql;
    ti_parameter parameter[TI_STATEMENT_PARAMETERS_MAX];
    size_t parameters;
    bool few; /* rows, and they are short */
} ti_statement;

void ti_statement_free(ti_statement *statement);
/* What one statement is to fetch of all that is asked: rows behind a place, of some days. */
typedef struct ti_part {
    const ti_place *after; /* NULL: from the beginning */
    bool windowed;         /* only the days `from` to `to`, which lie within those that are asked for */
    int64_t from, to;
    int64_t rows; /* at most; 0: all */
} ti_part;

/* The SELECT of every list of rows (select.c). With a limit the cell `occurrence` follows those of a quote, for the place where the
 * next page begins. Free the statement whatever happens. */
ticker_status ti_statement_rows(ti_statement *statement, const ticker_query *query, const ti_query_columns *columns,
                                const ti_part *part, ticker_error *error);
size_t ti_statement_cells(const ticker_query *query, const ti_query_columns *columns);
/* What summaries and candles are made of: SELECT `selected` FROM quotes; by day and ticker, or when `by_ticker` by ticker and day. */
ticker_status ti_statement_history(ti_statement *statement, const ticker_query *query, const char *selected,
                                   const ti_part *part, bool by_ticker, ticker_error *error);
/* The trades of a day that count, in the order of their time: SELECT `selected` FROM trades AS t. */
ticker_status ti_statement_trades(ti_statement *statement, const ticker_query *query, const char *selected,
                                  const ti_part *part, ticker_error *error);
/* One day by ticker, of all that are asked for: the quotes of COTAHIST, or all trades, those of one number together. */
ticker_status ti_statement_day(ti_statement *statement, const ticker_query *query, ticker_table table,
                               const char *selected, ticker_error *error);
/* The first and the last day of any ticker. */
ticker_status ti_statement_bounds(ti_statement *statement, ticker_error *error);
/* Runs it; a cursor with another number of columns than `cells` is refused. */
ticker_status ti_statement_run(const ti_statement *statement, ticker_store *store, size_t cells, ti_cursor **cursor,
                               ticker_error *error);

#endif
