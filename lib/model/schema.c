#include "model/schema.h"

#include <stdbool.h>
#include <string.h>

#include "base/date.h"
#include "base/number.h"

#define COLUMN(id, name, json, b3, type, scale, digits, quoted, postgres, description)                                 \
    [TICKER_QUOTE_##id] = {name, json, b3, TICKER_TYPE_##type, scale, digits, quoted, postgres, description},
static const ti_column quote_columns[TICKER_QUOTE_COLUMNS] = {
#include "model/quote.def"
};
#undef COLUMN

#define COLUMN(id, name, json, b3, type, scale, digits, quoted, postgres, description)                                 \
    [TICKER_TRADE_##id] = {name, json, b3, TICKER_TYPE_##type, scale, digits, quoted, postgres, description},
static const ti_column trade_columns[TICKER_TRADE_COLUMNS] = {
#include "model/trade.def"
};
#undef COLUMN

const ti_column *ti_schema_columns(ticker_table table, unsigned *count)
{
    switch (table) {
    case TICKER_QUOTES:
        *count = TICKER_QUOTE_COLUMNS;
        return quote_columns;
    case TICKER_TRADES:
        *count = TICKER_TRADE_COLUMNS;
        return trade_columns;
    case TICKER_TABLE_NONE:
        break;
    }
    *count = 0;
    return NULL;
}

static const ti_column *find(ticker_table table, unsigned column)
{
    unsigned count;
    const ti_column *columns = ti_schema_columns(table, &count);

    return column < count ? &columns[column] : NULL;
}

unsigned ticker_table_columns(ticker_table table)
{
    unsigned count;

    (void)ti_schema_columns(table, &count);
    return count;
}

const char *ticker_table_name(ticker_table table)
{
    return table == TICKER_QUOTES ? "quotes" : table == TICKER_TRADES ? "trades" : NULL;
}

const char *ticker_column_name(ticker_table table, unsigned column)
{
    const ti_column *found = find(table, column);

    return found != NULL ? found->name : NULL;
}

const char *ticker_column_json_name(ticker_table table, unsigned column)
{
    const ti_column *found = find(table, column);

    return found != NULL ? found->json : NULL;
}

const char *ticker_column_b3_name(ticker_table table, unsigned column)
{
    const ti_column *found = find(table, column);

    return found != NULL ? found->b3 : NULL;
}

const char *ticker_column_description(ticker_table table, unsigned column)
{
    const ti_column *found = find(table, column);

    return found != NULL ? found->description : NULL;
}

ticker_type ticker_column_type(ticker_table table, unsigned column)
{
    const ti_column *found = find(table, column);

    return found != NULL ? found->type : (ticker_type)0;
}

unsigned ticker_column_scale(ticker_table table, unsigned column)
{
    const ti_column *found = find(table, column);

    return found != NULL ? found->scale : 0;
}

size_t ticker_column_format(ticker_table table, unsigned column, int64_t value, char *text, size_t size)
{
    const ti_column *found = find(table, column);
    char full[TI_NUMBER_TEXT_MAX] = "";
    size_t length = 0;

    if (found != NULL && value != TICKER_NULL && found->type != TICKER_TYPE_TEXT) {
        if (found->type == TICKER_TYPE_DATE)
            length = ti_format_date(value, full);
        else if (found->type == TICKER_TYPE_TIME)
            length = ti_format_time(value, full);
        else
            length = ti_format_decimal(value, found->scale, found->digits, full);
    }
    if (size > 0) {
        size_t kept = length < size ? length : size - 1;

        memcpy(text, full, kept);
        text[kept] = '\0';
    }
    return length;
}
