/* Which columns each kind of query shows. Those of quotes and trades come from the model's tables. */
#include "query/query.h"

_Static_assert(TICKER_QUOTE_COLUMNS <= TI_COLUMNS_MAX && TICKER_TRADE_COLUMNS <= TI_COLUMNS_MAX,
               "every column of a table must fit an answer");

/* Quotes have more columns than a terminal is wide; JSON and CSV have them all. */
static bool quote_in_table(unsigned column)
{
    switch (column) {
    case TICKER_QUOTE_TICKER:
    case TICKER_QUOTE_DATE:
    case TICKER_QUOTE_MARKET:
    case TICKER_QUOTE_TERM_DAYS:
    case TICKER_QUOTE_OPEN:
    case TICKER_QUOTE_HIGH:
    case TICKER_QUOTE_LOW:
    case TICKER_QUOTE_AVERAGE:
    case TICKER_QUOTE_CLOSE:
    case TICKER_QUOTE_BID:
    case TICKER_QUOTE_ASK:
    case TICKER_QUOTE_TRADES:
    case TICKER_QUOTE_VOLUME:
    case TICKER_QUOTE_TURNOVER:
        return true;
    default:
        return false;
    }
}

/* The contract's order, which is not that of the file. */
static const unsigned trade_order[] = {
    TICKER_TRADE_TICKER,
    TICKER_TRADE_DATE,
    TICKER_TRADE_TIME,
    TICKER_TRADE_PRICE,
    TICKER_TRADE_VOLUME,
    TICKER_TRADE_ID,
    TICKER_TRADE_ACTION,
    TICKER_TRADE_SESSION,
    TICKER_TRADE_BUYER,
    TICKER_TRADE_SELLER,
    TICKER_TRADE_REFERENCE_DATE,
    TICKER_TRADE_CHANNEL,
    TICKER_TRADE_BUYER_AGGRESSOR,
    TICKER_TRADE_SELLER_AGGRESSOR,
    TICKER_TRADE_CROSS,
};

static const ti_query_column instrument_columns[] = {
    {"ticker", "ticker", TI_SHAPE_TEXT, 0, 0, false, true},
    {"name", "name", TI_SHAPE_TEXT, 0, 0, false, true},
    {"specification", "specification", TI_SHAPE_TEXT, 0, 0, false, true},
    {"market", "market", TI_SHAPE_TEXT, 0, 0, false, true},
    {"isin", "isin", TI_SHAPE_TEXT, 0, 0, false, true},
    {"first_date", "first_date", TI_SHAPE_DATE, 0, 0, false, true},
    {"last_date", "last_date", TI_SHAPE_DATE, 0, 0, false, true},
};

static const ti_query_column import_columns[] = {
    {"id", "id", TI_SHAPE_NUMBER, 0, 0, false, true},
    {"file", "file", TI_SHAPE_TEXT, 0, 0, false, true},
    {"member", "member", TI_SHAPE_TEXT, 0, 0, false, false},
    {"format", "format", TI_SHAPE_TEXT, 0, 0, false, true},
    {"sha256", "sha256", TI_SHAPE_TEXT, 0, 0, false, false},
    {"bytes", "bytes", TI_SHAPE_NUMBER, 0, 0, false, false},
    {"status", "status", TI_SHAPE_TEXT, 0, 0, false, true},
    {"records", "records", TI_SHAPE_NUMBER, 0, 0, false, true},
    {"imported", "imported", TI_SHAPE_NUMBER, 0, 0, false, true},
    {"rejected", "rejected", TI_SHAPE_NUMBER, 0, 0, false, true},
    {"repaired", "repaired", TI_SHAPE_NUMBER, 0, 0, false, false},
    {"first_date", "first_date", TI_SHAPE_DATE, 0, 0, false, true},
    {"last_date", "last_date", TI_SHAPE_DATE, 0, 0, false, true},
    {"trades", "trades", TI_SHAPE_NUMBER, 0, 0, false, false},
    {"volume", "volume", TI_SHAPE_NUMBER, 0, 0, false, false},
    {"turnover", "turnover", TI_SHAPE_DECIMAL, 2, 2, false, false},
    {"declared", "declared", TI_SHAPE_NUMBER, 0, 0, false, false},
    {"forced", "forced", TI_SHAPE_FLAG, 0, 0, false, false},
    {"error", "error", TI_SHAPE_TEXT, 0, 0, false, false},
    {"problems", "problems", TI_SHAPE_JSON, 0, 0, false, false},
    {"seconds", "seconds", TI_SHAPE_DECIMAL, 6, 3, false, false},
    {"created_at", "created_at", TI_SHAPE_INSTANT, 0, 0, false, true},
    {"updated_at", "updated_at", TI_SHAPE_INSTANT, 0, 0, false, false},
    {"location", "location", TI_SHAPE_TEXT, 0, 0, false, false},
    {"content_type", "content_type", TI_SHAPE_TEXT, 0, 0, false, false},
    {"duplicate_of", "duplicate_of", TI_SHAPE_NUMBER, 0, 0, false, false},
    {"attempts", "attempts", TI_SHAPE_NUMBER, 0, 0, false, false},
    {"progress_bytes", "progress_bytes", TI_SHAPE_NUMBER, 0, 0, false, false},
    {"total_bytes", "total_bytes", TI_SHAPE_NUMBER, 0, 0, false, false},
    {"progress_records", "progress_records", TI_SHAPE_NUMBER, 0, 0, false, false},
    {"sequencer", "sequencer", TI_SHAPE_TEXT, 0, 0, false, false},
    {"object_version", "object_version", TI_SHAPE_TEXT, 0, 0, false, false},
    {"snapshot", "snapshot", TI_SHAPE_TEXT, 0, 0, false, false},
    {"superseded", "superseded", TI_SHAPE_NUMBER, 0, 0, false, false},
    {"superseded_by", "superseded_by", TI_SHAPE_JSON, 0, 0, false, false},
    {"supersedes", "supersedes", TI_SHAPE_JSON, 0, 0, false, false},
};

/* Worked out by summary.c, so nothing of it is selected. */
static const ti_query_column summary_columns[] = {
    {"ticker", NULL, TI_SHAPE_TEXT, 0, 0, false, true},
    {"from", NULL, TI_SHAPE_DATE, 0, 0, false, true},
    {"to", NULL, TI_SHAPE_DATE, 0, 0, false, true},
    {"max_range_value", NULL, TI_SHAPE_DECIMAL, 6, 2, false, true},
    {"max_daily_volume", NULL, TI_SHAPE_NUMBER, 0, 0, false, true},
    {"min_range_value", NULL, TI_SHAPE_DECIMAL, 6, 2, false, true},
    {"last_close", NULL, TI_SHAPE_DECIMAL, 6, 2, false, true},
    {"first_date", NULL, TI_SHAPE_DATE, 0, 0, false, true},
    {"last_date", NULL, TI_SHAPE_DATE, 0, 0, false, true},
    {"days", NULL, TI_SHAPE_NUMBER, 0, 0, false, true},
    {"total_volume", NULL, TI_SHAPE_NUMBER, 0, 0, false, true},
    {"average_volume", NULL, TI_SHAPE_DECIMAL, 2, 2, false, true},
    {"high_52_weeks", NULL, TI_SHAPE_DECIMAL, 6, 2, false, true},
    {"low_52_weeks", NULL, TI_SHAPE_DECIMAL, 6, 2, false, true},
};

/* Worked out by verify.c. */
static const ti_query_column verify_columns[] = {
    {"ticker", NULL, TI_SHAPE_TEXT, 0, 0, false, true},
    {"field", NULL, TI_SHAPE_TEXT, 0, 0, false, true},
    {"trades", NULL, TI_SHAPE_DECIMAL, 6, 0, false, true},
    {"cotahist", NULL, TI_SHAPE_DECIMAL, 6, 0, false, true},
};

/* Worked out by candles.c. */
static const ti_query_column quote_candle_columns[] = {
    {"ticker", NULL, TI_SHAPE_TEXT, 0, 0, false, true},      {"date", NULL, TI_SHAPE_DATE, 0, 0, false, true},
    {"open", NULL, TI_SHAPE_DECIMAL, 6, 2, false, true},     {"high", NULL, TI_SHAPE_DECIMAL, 6, 2, false, true},
    {"low", NULL, TI_SHAPE_DECIMAL, 6, 2, false, true},      {"close", NULL, TI_SHAPE_DECIMAL, 6, 2, false, true},
    {"trades", NULL, TI_SHAPE_NUMBER, 0, 0, false, true},    {"volume", NULL, TI_SHAPE_NUMBER, 0, 0, false, true},
    {"turnover", NULL, TI_SHAPE_DECIMAL, 6, 2, false, true}, {"factor", NULL, TI_SHAPE_NUMBER, 0, 0, false, true},
    {"days", NULL, TI_SHAPE_NUMBER, 0, 0, false, true},      {"first_date", NULL, TI_SHAPE_DATE, 0, 0, false, true},
    {"last_date", NULL, TI_SHAPE_DATE, 0, 0, false, true},
};

static const ti_query_column trade_candle_columns[] = {
    {"ticker", NULL, TI_SHAPE_TEXT, 0, 0, false, true},   {"date", NULL, TI_SHAPE_DATE, 0, 0, false, true},
    {"time", NULL, TI_SHAPE_TIME, 0, 0, false, true},     {"open", NULL, TI_SHAPE_DECIMAL, 6, 3, false, true},
    {"high", NULL, TI_SHAPE_DECIMAL, 6, 3, false, true},  {"low", NULL, TI_SHAPE_DECIMAL, 6, 3, false, true},
    {"close", NULL, TI_SHAPE_DECIMAL, 6, 3, false, true}, {"trades", NULL, TI_SHAPE_NUMBER, 0, 0, false, true},
    {"volume", NULL, TI_SHAPE_NUMBER, 0, 0, false, true}, {"turnover", NULL, TI_SHAPE_DECIMAL, 6, 2, false, true},
};

static void add(ti_query_columns *columns, ti_query_column column)
{
    columns->column[columns->count] = column;
    columns->count++;
    columns->cells += column.rest ? 2 : 1;
}

static ti_shape shape_of(const ti_column *column)
{
    switch (column->type) {
    case TICKER_TYPE_INTEGER:
        return column->quoted ? TI_SHAPE_CODE : TI_SHAPE_NUMBER;
    case TICKER_TYPE_DECIMAL:
        return TI_SHAPE_DECIMAL;
    case TICKER_TYPE_DATE:
        return TI_SHAPE_DATE;
    case TICKER_TYPE_TIME:
        return TI_SHAPE_TIME;
    case TICKER_TYPE_TEXT:
    default:
        return TI_SHAPE_TEXT;
    }
}

static void add_of_table(ti_query_columns *columns, const ti_column *column, bool table)
{
    add(columns, (ti_query_column){
                     .name = column->json,
                     .sql = column->name,
                     .shape = shape_of(column),
                     .scale = column->scale,
                     .digits = column->digits,
                     .table = table,
                 });
}

static void add_quotes(ti_query_columns *columns)
{
    unsigned count = 0;
    const ti_column *table = ti_schema_columns(TICKER_QUOTES, &count);
    for (unsigned i = 0; i < count; i++) {
        if (i == TICKER_QUOTE_TURNOVER_REST) {
            columns->column[columns->count - 1].rest = true;
            columns->cells++;
        } else if (table[i].json != NULL) {
            add_of_table(columns, &table[i], quote_in_table(i));
        }
    }
}

static void add_trades(ti_query_columns *columns)
{
    unsigned count = 0;
    const ti_column *table = ti_schema_columns(TICKER_TRADES, &count);
    for (size_t i = 0; i < sizeof trade_order / sizeof trade_order[0]; i++) {
        add_of_table(columns, &table[trade_order[i]], trade_order[i] < TICKER_TRADE_CHANNEL);
    }
}

static void add_all(ti_query_columns *columns, const ti_query_column *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add(columns, list[i]);
    }
}

unsigned ti_query_trade_cell(unsigned column)
{
    unsigned cell = 0;

    while (trade_order[cell] != column)
        cell++;
    return cell;
}

unsigned ti_query_location_cell(void)
{
    unsigned cell = 0;

    while (strcmp(import_columns[cell].name, "location") != 0)
        cell++;
    return cell;
}

#define ADD_ALL(columns, list) add_all(columns, list, sizeof list / sizeof list[0])

void ti_query_columns_of(const ticker_query *query, ti_query_columns *columns)
{
    bool candles = ti_query_has(query, TI_ASK_INTERVAL);

    columns->count = 0;
    columns->cells = 0;
    switch (query->kind) {
    case TI_QUERY_QUOTES:
        if (candles)
            ADD_ALL(columns, quote_candle_columns);
        else
            add_quotes(columns);
        break;
    case TI_QUERY_TRADES:
        if (candles)
            ADD_ALL(columns, trade_candle_columns);
        else
            add_trades(columns);
        break;
    case TI_QUERY_SUMMARY:
        ADD_ALL(columns, summary_columns);
        break;
    case TI_QUERY_TICKERS:
        ADD_ALL(columns, instrument_columns);
        break;
    case TI_QUERY_IMPORTS:
        ADD_ALL(columns, import_columns);
        break;
    case TI_QUERY_VERIFY:
        ADD_ALL(columns, verify_columns);
        break;
    case TI_QUERY_KINDS:
    default:
        break;
    }
}
