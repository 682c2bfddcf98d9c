/* The two tables of columns: names, types, and values as text. */
#include "support.h"

#include <stdio.h>

#include "model/schema.h"

static void shown(ticker_table table, unsigned column, int64_t value, const char *text)
{
    char got[64];

    ck_assert_uint_eq(ticker_column_format(table, column, value, got, sizeof(got)), strlen(text));
    ck_assert_str_eq(got, text);
}

START_TEST(two_tables)
{
    ck_assert_uint_eq(ticker_table_columns(TICKER_QUOTES), TICKER_QUOTE_COLUMNS);
    ck_assert_uint_eq(ticker_table_columns(TICKER_TRADES), TICKER_TRADE_COLUMNS);
    ck_assert_uint_eq(ticker_table_columns(TICKER_TABLE_NONE), 0);
    ck_assert_str_eq(ticker_table_name(TICKER_QUOTES), "quotes");
    ck_assert_str_eq(ticker_table_name(TICKER_TRADES), "trades");
    ck_assert_ptr_null(ticker_table_name(TICKER_TABLE_NONE));
}
END_TEST

START_TEST(names_are_there_and_differ)
{
    static const ticker_table tables[] = {TICKER_QUOTES, TICKER_TRADES};

    for (size_t t = 0; t < COUNT(tables); t++)
        for (unsigned i = 0; i < ticker_table_columns(tables[t]); i++) {
            const char *name = ticker_column_name(tables[t], i), *json = ticker_column_json_name(tables[t], i);

            ck_assert_str_ne(name, "");
            ck_assert_str_ne(ticker_column_description(tables[t], i), "");
            ck_assert_int_ne((int)ticker_column_type(tables[t], i), 0);
            for (unsigned k = 0; k < i; k++) {
                ck_assert_str_ne(ticker_column_name(tables[t], k), name);
                if (json != NULL && ticker_column_json_name(tables[t], k) != NULL)
                    ck_assert_str_ne(ticker_column_json_name(tables[t], k), json);
            }
        }
    for (size_t i = 0; i < B3_FIELDS; i++)
        ck_assert_str_eq(ticker_column_b3_name(TICKER_QUOTES, b3_fields[i].column), b3_fields[i].name);
}
END_TEST

START_TEST(columns_of_the_contract)
{
    ck_assert_str_eq(ticker_column_name(TICKER_QUOTES, TICKER_QUOTE_DATE), "trade_date");
    ck_assert_str_eq(ticker_column_json_name(TICKER_QUOTES, TICKER_QUOTE_DATE), "date");
    ck_assert_str_eq(ticker_column_name(TICKER_TRADES, TICKER_TRADE_TIME), "trade_time");
    ck_assert_str_eq(ticker_column_json_name(TICKER_TRADES, TICKER_TRADE_TIME), "time");
    ck_assert_str_eq(ticker_column_b3_name(TICKER_TRADES, TICKER_TRADE_ID), "CodigoIdentificadorNegocio");
    ck_assert_ptr_null(ticker_column_json_name(TICKER_QUOTES, TICKER_QUOTE_TURNOVER_REST));
    ck_assert_int_eq(ticker_column_type(TICKER_QUOTES, TICKER_QUOTE_OPEN), TICKER_TYPE_DECIMAL);
    ck_assert_uint_eq(ticker_column_scale(TICKER_QUOTES, TICKER_QUOTE_OPEN), 6);
    ck_assert_uint_eq(ticker_column_scale(TICKER_QUOTES, TICKER_QUOTE_TURNOVER), 2);
    ck_assert_uint_eq(ticker_column_scale(TICKER_QUOTES, TICKER_QUOTE_VOLUME), 0);
    ck_assert_int_eq(ticker_column_type(TICKER_TRADES, TICKER_TRADE_SESSION), TICKER_TYPE_TEXT);
}
END_TEST

START_TEST(outside_the_tables)
{
    char text[8] = "xyz";

    ck_assert_ptr_null(ticker_column_name(TICKER_QUOTES, TICKER_QUOTE_COLUMNS));
    ck_assert_ptr_null(ticker_column_json_name(TICKER_TABLE_NONE, 0));
    ck_assert_ptr_null(ticker_column_b3_name((ticker_table)9, 0));
    ck_assert_ptr_null(ticker_column_description(TICKER_TRADES, UINT32_MAX));
    ck_assert_int_eq((int)ticker_column_type(TICKER_TRADES, TICKER_TRADE_COLUMNS), 0);
    ck_assert_uint_eq(ticker_column_scale(TICKER_TRADES, TICKER_TRADE_COLUMNS), 0);
    ck_assert_uint_eq(ticker_column_format(TICKER_TRADES, TICKER_TRADE_COLUMNS, 1, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(values_as_text)
{
    char small[5] = "xxxx", none[1] = "x";

    shown(TICKER_QUOTES, TICKER_QUOTE_DATE, 16804, "2016-01-04");
    shown(TICKER_QUOTES, TICKER_QUOTE_OPEN, 6870000, "6.87");
    shown(TICKER_QUOTES, TICKER_QUOTE_OPEN, -1, "-0.000001");
    shown(TICKER_QUOTES, TICKER_QUOTE_TURNOVER, 41123456789, "411234567.89");
    shown(TICKER_QUOTES, TICKER_QUOTE_VOLUME, 60127200, "60127200");
    shown(TICKER_QUOTES, TICKER_QUOTE_STRIKE_POINTS, 139000000000, "139000.000000");
    shown(TICKER_QUOTES, TICKER_QUOTE_BID, TICKER_NULL, "");
    shown(TICKER_QUOTES, TICKER_QUOTE_TICKER, 1, "");
    shown(TICKER_TRADES, TICKER_TRADE_PRICE, 5970000, "5.970");
    shown(TICKER_TRADES, TICKER_TRADE_TIME, 10090098, "02:48:10.098");
    shown(TICKER_TRADES, TICKER_TRADE_ID, 10, "10");
    ck_assert_uint_eq(ticker_column_format(TICKER_QUOTES, TICKER_QUOTE_DATE, 16804, small, sizeof(small)), 10);
    ck_assert_str_eq(small, "2016");
    ck_assert_uint_eq(ticker_column_format(TICKER_QUOTES, TICKER_QUOTE_DATE, 16804, none, sizeof(none)), 10);
    ck_assert_str_eq(none, "");
    ck_assert_uint_eq(ticker_column_format(TICKER_QUOTES, TICKER_QUOTE_DATE, 16804, NULL, 0), 10);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        two_tables, names_are_there_and_differ, columns_of_the_contract, outside_the_tables, values_as_text,
    };

    return run_tests("schema", tests, COUNT(tests));
}
