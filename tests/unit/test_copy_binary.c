/* Rows in the binary format of COPY: what a server would read back out of the bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/error.h"
#include "base/number.h"
#include "model/schema.h"
#include "store/copy_binary.h"
#include "unit/checked.h"

#define RANDOM_NUMBERS 50000
#define SECONDS_MAX 60 /* under Valgrind, on a busy machine */

static uint64_t read_bytes(const char **at, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value = value << 8 | (unsigned char)*(*at)++;
    return value;
}

/* Reads a numeric by the server's own rules: value = Σ group × 10000^(weight - i), shown with `dscale` decimals.
 * Also checks that no group of zeros stands at either end. */
static void numeric_text(const char *field, char *text, size_t size)
{
    uint32_t length = (uint32_t)read_bytes(&field, 4);
    int count = (int)read_bytes(&field, 2), weight = (int16_t)read_bytes(&field, 2);
    unsigned sign = (unsigned)read_bytes(&field, 2), scale = (unsigned)read_bytes(&field, 2);
    int groups[32] = {0};
    char decimals[40] = "";
    size_t used;

    ck_assert_uint_eq(length, 8 + 2 * (uint32_t)count);
    ck_assert_int_le(4 + (int)length, TI_COPY_NUMBER_MAX);
    ck_assert(sign == 0 || sign == 0x4000);
    for (int i = 0; i < count; i++) {
        groups[i] = (int)read_bytes(&field, 2);
        ck_assert_int_lt(groups[i], 10000);
    }
    ck_assert(count == 0 || (groups[0] != 0 && groups[count - 1] != 0));
    used = (size_t)snprintf(text, size, "%s%d", sign ? "-" : "", count > 0 && weight >= 0 ? groups[0] : 0);
    for (int i = 1; i <= weight; i++)
        used += (size_t)snprintf(text + used, size - used, "%04d", i < count ? groups[i] : 0);
    for (int place = -1; place > -8; place--) {
        int index = weight - place;
        size_t end = strlen(decimals);
        (void)snprintf(decimals + end, sizeof(decimals) - end, "%04d", index >= 0 && index < count ? groups[index] : 0);
    }
    ck_assert_uint_eq(strspn(decimals + scale, "0"), strlen(decimals + scale));
    if (scale > 0)
        (void)snprintf(text + used, size - used, ".%.*s", (int)scale, decimals);
}

static void same_as_formatted(ti_int128 mantissa, unsigned scale, unsigned digits)
{
    char field[TI_COPY_NUMBER_MAX + 8], expected[TI_NUMBER_TEXT_MAX], found[200];
    const char *end = ti_copy_numeric(field, mantissa, scale, digits);

    (void)ti_format_decimal(mantissa, scale, digits, expected);
    ck_assert_int_le(end - field, TI_COPY_NUMBER_MAX);
    numeric_text(field, found, sizeof(found));
    ck_assert_msg(strcmp(found, expected) == 0, "scale %u digits %u: %s, not %s", scale, digits, found, expected);
}

START_TEST(fields_are_as_the_server_reads_them)
{
    char at[64];

    ck_assert_int_eq(ti_copy_null(at) - at, 4);
    ck_assert_mem_eq(at, "\xff\xff\xff\xff", 4);
    ck_assert_int_eq(ti_copy_int2(at, -2) - at, 6);
    ck_assert_mem_eq(at, "\0\0\0\2\xff\xfe", 6);
    ck_assert_int_eq(ti_copy_int4(at, 258) - at, 8);
    ck_assert_mem_eq(at, "\0\0\0\4\0\0\1\2", 8);
    ck_assert_int_eq(ti_copy_int8(at, -1) - at, 12);
    ck_assert_mem_eq(at, "\0\0\0\10\xff\xff\xff\xff\xff\xff\xff\xff", 12);
    ck_assert_int_eq(ti_copy_text(at, ti_slice_of("PETR4")) - at, 9);
    ck_assert_mem_eq(at, "\0\0\0\5PETR4", 9);
    ck_assert_int_eq(ti_copy_text(at, (ti_slice){NULL, 0}) - at, 4);
    ck_assert_mem_eq(at, "\0\0\0\0", 4);
    (void)ti_copy_date(at, ti_date_from_civil(2000, 1, 2));
    ck_assert_mem_eq(at, "\0\0\0\4\0\0\0\1", 8);
    (void)ti_copy_date(at, ti_date_from_civil(1999, 12, 31));
    ck_assert_mem_eq(at, "\0\0\0\4\xff\xff\xff\xff", 8);
    (void)ti_copy_time(at, 1);
    ck_assert_mem_eq(at, "\0\0\0\10\0\0\0\0\0\0\3\xe8", 12);
    ck_assert_int_eq(ti_copy_fields(at, 300) - at, 2);
    ck_assert_mem_eq(at, "\1\54", 2);
    ck_assert_mem_eq(ti_copy_header, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", TI_COPY_HEADER_SIZE);
    ck_assert_mem_eq(ti_copy_trailer, "\xff\xff", TI_COPY_TRAILER_SIZE);
}
END_TEST

START_TEST(numerics_byte_by_byte)
{
    char at[TI_COPY_NUMBER_MAX];

    /* 6.87 -> 6 and 8700 with two decimals */
    ck_assert_int_eq(ti_copy_numeric(at, 6870000, 6, 2) - at, 16);
    ck_assert_mem_eq(at, "\0\0\0\14\0\2\0\0\0\0\0\2\0\6\x21\xfc", 16);
    /* 0.005 -> 50 at weight -1 with three decimals */
    ck_assert_int_eq(ti_copy_numeric(at, 5000, 6, 2) - at, 14);
    ck_assert_mem_eq(at, "\0\0\0\12\0\1\xff\xff\0\0\0\3\0\62", 14);
    /* -10000.00 -> 1 at weight 1 */
    ck_assert_int_eq(ti_copy_numeric(at, -1000000, 2, 2) - at, 14);
    ck_assert_mem_eq(at, "\0\0\0\12\0\1\0\1\x40\0\0\2\0\1", 14);
    /* 0.00 has no groups and no sign */
    ck_assert_int_eq(ti_copy_numeric(at, 0, 6, 2) - at, 12);
    ck_assert_mem_eq(at, "\0\0\0\10\0\0\0\0\0\0\0\2", 12);
}
END_TEST

START_TEST(numerics_equal_their_text)
{
    static const int64_t edges[] = {0,
                                    1,
                                    9,
                                    10,
                                    99,
                                    100,
                                    101,
                                    9999,
                                    10000,
                                    10001,
                                    999999,
                                    1000000,
                                    99999999,
                                    100000000,
                                    100000001,
                                    INT64_C(99999999999999),
                                    INT64_C(100000000000000),
                                    INT64_C(999999999999999999),
                                    INT64_MAX - 1,
                                    INT64_MAX};
    ti_int128 large = (ti_int128)INT64_MAX * 10000 + 9999;
    uint64_t state = UINT64_C(88172645463325252);

    for (unsigned scale = 0; scale <= 8; scale++) {
        for (unsigned digits = 0; digits <= scale; digits++) {
            for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
                same_as_formatted(edges[i], scale, digits);
                same_as_formatted(-(ti_int128)edges[i], scale, digits);
            }
            same_as_formatted((ti_int128)INT64_MIN, scale, digits);
            same_as_formatted(large, scale, digits);
            same_as_formatted(-large, scale, digits);
        }
    }
    for (int i = 0; i < RANDOM_NUMBERS; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        int64_t mantissa = (int64_t)state >> (state % 61);
        unsigned scale = (unsigned)(state >> 32) % 9;
        same_as_formatted(mantissa - mantissa % ti_power10((unsigned)(state >> 40) % 5), scale,
                          (unsigned)(state >> 48) % (scale + 1));
    }
}
END_TEST

START_TEST(layouts_have_every_column)
{
    const ticker_table tables[] = {TICKER_QUOTES, TICKER_TRADES};

    for (size_t i = 0; i < 2; i++) {
        ti_copy_layout layout;
        unsigned count, field = 0;
        const ti_column *columns = ti_schema_columns(tables[i], &count);
        ck_assert(ti_copy_layout_make(&layout, tables[i]));
        for (unsigned column = 0; column < count; column++) {
            if (columns[column].postgres == NULL)
                continue;
            ck_assert_uint_eq(layout.fields[field].column, column);
            ck_assert_int_eq(layout.fields[field].required, strstr(columns[column].postgres, "NOT NULL") != NULL);
            field++;
        }
        ck_assert_uint_eq(layout.count, field);
    }
    ti_copy_layout layout;
    ck_assert(!ti_copy_layout_make(&layout, TICKER_TABLE_NONE));
}
END_TEST

/* --- Rows ---------------------------------------------------------------------------------------------------------------------- */

/* One row of a table with every cell blank but those that must not be. */
static ticker_batch *one_row(ticker_table table)
{
    ticker_batch *batch = ti_batch_new(table, 1, 256);

    ck_assert_ptr_nonnull(batch);
    for (unsigned column = 0; column < batch->columns; column++) {
        if (batch->i64[column] != NULL)
            batch->i64[column][0] = TICKER_NULL;
        else
            ck_assert(ti_batch_set_text(batch, column, 0, ti_slice_of("")));
    }
    ck_assert(ti_batch_set_text(batch, 0, 0, ti_slice_of("PETR4")));
    batch->i64[1][0] = ti_date_from_civil(2024, 11, 8);
    batch->line[0] = 17;
    batch->rows = 1;
    return batch;
}

/* The field of a column in an encoded row; its length is at the returned place. */
static const char *field_of(const ti_copy_layout *layout, const ti_buffer *rows, unsigned column)
{
    const char *at = rows->data + 2;

    for (unsigned i = 0; i < layout->count && layout->fields[i].column != column; i++) {
        uint32_t length = (uint32_t)read_bytes(&at, 4);
        at += length == UINT32_MAX ? 0 : length;
    }
    return at;
}

START_TEST(blank_cells_are_null)
{
    ticker_batch *batch = one_row(TICKER_QUOTES);
    ti_copy_layout layout;
    ti_copy_tail tail;
    ti_buffer rows;

    ck_assert(ti_copy_layout_make(&layout, TICKER_QUOTES));
    ti_buffer_init(&rows, 65536);
    ti_copy_tail_clear(&tail);
    ti_copy_tail_int4(&tail, 3);
    ti_copy_tail_int8(&tail, 4);
    ck_assert_int_eq(ti_copy_row(&layout, batch, 0, &tail, &rows, NULL), TICKER_OK);
    const char *start = rows.data;
    ck_assert_uint_eq(read_bytes(&start, 2), layout.count + 2);
    ck_assert_mem_eq(field_of(&layout, &rows, TICKER_QUOTE_TICKER), "\0\0\0\5PETR4", 9);
    for (unsigned i = 0; i < layout.count; i++) {
        const char *field = field_of(&layout, &rows, layout.fields[i].column);
        uint32_t length = (uint32_t)read_bytes(&field, 4);
        if (!layout.fields[i].required)
            ck_assert_uint_eq(length, UINT32_MAX);
    }
    /* A column that must have a value keeps a blank text. */
    ck_assert_mem_eq(field_of(&layout, &rows, TICKER_QUOTE_SOURCE), "\0\0\0\0", 4);
    ck_assert_mem_eq(rows.data + rows.size - 20, "\0\0\0\4\0\0\0\3\0\0\0\10\0\0\0\0\0\0\0\4", 20);
    ti_buffer_free(&rows);
    ti_batch_free(batch);
}
END_TEST

START_TEST(turnover_takes_its_rest)
{
    static const struct {
        int64_t cents, rest;
        const char *text;
    } cases[] = {
        {12345, 0, "123.45"},      {12345, TICKER_NULL, "123.45"},
        {12345, 6700, "123.4567"}, {-12345, -1, "-123.450001"},
        {0, 5000, "0.005"},        {INT64_C(999999999999999999), 9999, "9999999999999999.999999"},
    };
    ticker_batch *batch = one_row(TICKER_QUOTES);
    ti_copy_layout layout;
    ti_copy_tail tail;
    ti_buffer rows;

    ck_assert(ti_copy_layout_make(&layout, TICKER_QUOTES));
    ti_copy_tail_clear(&tail);
    ti_buffer_init(&rows, 65536);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[200];
        batch->i64[TICKER_QUOTE_TURNOVER][0] = cases[i].cents;
        batch->i64[TICKER_QUOTE_TURNOVER_REST][0] = cases[i].rest;
        ti_buffer_clear(&rows);
        ck_assert_int_eq(ti_copy_row(&layout, batch, 0, &tail, &rows, NULL), TICKER_OK);
        numeric_text(field_of(&layout, &rows, TICKER_QUOTE_TURNOVER), text, sizeof(text));
        ck_assert_str_eq(text, cases[i].text);
    }
    ti_buffer_free(&rows);
    ti_batch_free(batch);
}
END_TEST

static void refused(ticker_table table, unsigned column, int64_t value)
{
    ticker_batch *batch = one_row(table);
    ti_copy_layout layout;
    ti_copy_tail tail;
    ti_buffer rows;
    ticker_error error;

    ck_assert(ti_copy_layout_make(&layout, table));
    for (unsigned i = 0; table == TICKER_TRADES && i < batch->columns; i++)
        if (batch->i64[i] != NULL && i != TICKER_TRADE_DATE)
            batch->i64[i][0] = 1;
    batch->i64[column][0] = value;
    ti_copy_tail_clear(&tail);
    ti_buffer_init(&rows, 65536);
    ti_error_init(&error);
    ck_assert_msg(ti_copy_row(&layout, batch, 0, &tail, &rows, &error) == TICKER_FAILED, "column %u took %lld", column,
                  (long long)value);
    ck_assert_int_eq(error.kind, TICKER_ERROR_INPUT);
    ck_assert_uint_eq(error.line, 17);
    ck_assert_uint_eq(rows.size, 0);
    ti_buffer_free(&rows);
    ti_batch_free(batch);
}

START_TEST(values_that_do_not_fit_are_refused)
{
    refused(TICKER_QUOTES, TICKER_QUOTE_TERM_DAYS, 32768);
    refused(TICKER_QUOTES, TICKER_QUOTE_TERM_DAYS, -32769);
    refused(TICKER_QUOTES, TICKER_QUOTE_FACTOR, INT64_C(1) << 31);
    refused(TICKER_QUOTES, TICKER_QUOTE_DATE, TICKER_NULL);
    refused(TICKER_QUOTES, TICKER_QUOTE_DATE, INT64_C(1) << 40);
    refused(TICKER_TRADES, TICKER_TRADE_ID, TICKER_NULL);
    refused(TICKER_TRADES, TICKER_TRADE_PRICE, TICKER_NULL);
    refused(TICKER_TRADES, TICKER_TRADE_TIME, 86400000);
    refused(TICKER_TRADES, TICKER_TRADE_TIME, -1);
    refused(TICKER_TRADES, TICKER_TRADE_BUYER, -(INT64_C(1) << 31) - 1);
}
END_TEST

START_TEST(a_full_buffer_is_an_error)
{
    ticker_batch *batch = one_row(TICKER_QUOTES);
    ti_copy_layout layout;
    ti_copy_tail tail;
    ti_buffer rows;
    ticker_error error;

    ck_assert(ti_copy_layout_make(&layout, TICKER_QUOTES));
    ti_copy_tail_clear(&tail);
    ti_buffer_init(&rows, 100);
    ti_error_init(&error);
    ck_assert_int_eq(ti_copy_row(&layout, batch, 0, &tail, &rows, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_MEMORY);
    ti_buffer_free(&rows);
    ti_batch_free(batch);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        fields_are_as_the_server_reads_them, numerics_byte_by_byte,     numerics_equal_their_text,
        layouts_have_every_column,           blank_cells_are_null,      turnover_takes_its_rest,
        values_that_do_not_fit_are_refused,  a_full_buffer_is_an_error,
    };
    Suite *suite = suite_create("copy_binary");
    TCase *cases = tcase_create("copy_binary");
    SRunner *runner;
    int failed;

    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tcase_add_test(cases, tests[i]);
    tcase_set_timeout(cases, SECONDS_MAX);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
