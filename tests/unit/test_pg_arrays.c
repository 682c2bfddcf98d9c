/* Rows turned over into arrays: what a server reads in the parameters. */
#include <stdio.h>

#include <stdlib.h>
#include <string.h>

#include "model/schema.h"
#include "store/postgres.h"
#include "support.h"

#define NOTHING "\xff\xff\xff\xff" /* the length of null */

static const ti_copy_kind kinds[] = {TI_COPY_TEXT, TI_COPY_DATE, TI_COPY_INT8};

static void add_row(ti_buffer *rows, const char *text, int64_t date, bool number)
{
    char *start = ti_buffer_reserve(rows, 256), *at;

    ck_assert_ptr_nonnull(start);
    at = ti_copy_fields(start, 4);
    at = text != NULL ? ti_copy_text(at, ti_slice_of(text)) : ti_copy_null(at);
    at = ti_copy_date(at, date);
    at = number ? ti_copy_int8(at, 7) : ti_copy_null(at);
    at = ti_copy_int4(at, 99); /* what is behind the columns does not matter */
    rows->size += (size_t)(at - start);
}

static void parameter_is(const ti_pg_parameters *parameters, int index, unsigned type, const char *bytes, size_t size)
{
    ck_assert_int_lt(index, parameters->count);
    ck_assert_uint_eq(parameters->types[index], type);
    ck_assert_int_eq(parameters->formats[index], 1);
    ck_assert_int_eq(parameters->lengths[index], (int)size);
    ck_assert_mem_eq(parameters->values[index], bytes, size);
}

#define IS(index, type, bytes) parameter_is(&parameters, index, type, bytes, sizeof(bytes) - 1)
#define HEAD(nulls, type, count) "\0\0\0\1\0\0\0" nulls "\0\0" type "\0\0\0" count "\0\0\0\1"

START_TEST(columns_of_all_rows)
{
    ti_buffer first, second;
    const ti_buffer *const lists[] = {&first, &second};
    ti_pg_parameters parameters;
    ti_pg_arrays arrays;

    ti_buffer_init(&first, 4096);
    ti_buffer_init(&second, 4096);
    add_row(&first, "AB", 10957, true);
    add_row(&first, NULL, 10958, false);
    add_row(&second, "XYZ", 10956, true);
    ti_pg_arrays_init(&arrays);
    ck_assert(ti_pg_arrays_rows(&arrays, kinds, 3, lists, 2));
    ck_assert_uint_eq(arrays.rows, 3);
    ck_assert(ti_pg_arrays_int8(&arrays, 258));
    ck_assert(ti_pg_arrays_date(&arrays, 10957 + 255));
    parameters = ti_pg_arrays_end(&arrays);
    ck_assert_int_eq(parameters.count, 5);
    IS(0, 1009, HEAD("\1", "\0\x19", "\3") "\0\0\0\2AB" NOTHING "\0\0\0\3XYZ");
    IS(1, 1182,
       HEAD("\0", "\x04\x3a", "\3") "\0\0\0\4\0\0\0\0"
                                    "\0\0\0\4\0\0\0\1"
                                    "\0\0\0\4\xff\xff\xff\xff");
    IS(2, 1016, HEAD("\1", "\0\x14", "\3") "\0\0\0\x08\0\0\0\0\0\0\0\7" NOTHING "\0\0\0\x08\0\0\0\0\0\0\0\7");
    IS(3, 20, "\0\0\0\0\0\0\1\2");
    IS(4, 1082, "\0\0\0\xff");
    ti_pg_arrays_free(&arrays);
    ti_buffer_free(&first);
    ti_buffer_free(&second);
}
END_TEST

START_TEST(nothing_and_too_much)
{
    ti_buffer rows;
    const ti_buffer *const lists[] = {&rows};
    ti_pg_arrays arrays;

    ti_buffer_init(&rows, 4096);
    ti_pg_arrays_init(&arrays);
    ck_assert(!ti_pg_arrays_rows(&arrays, kinds, 3, lists, 1));
    add_row(&rows, "A", 0, true);
    ck_assert(!ti_pg_arrays_rows(&arrays, kinds, TI_PG_ARRAYS_MAX + 1, lists, 1));
    for (int i = 0; i < TI_PG_ARRAYS_MAX; i++)
        ck_assert(ti_pg_arrays_int8(&arrays, i));
    ck_assert(!ti_pg_arrays_int8(&arrays, 0));
    ck_assert_int_eq(ti_pg_arrays_end(&arrays).count, TI_PG_ARRAYS_MAX);
    ti_pg_arrays_free(&arrays);
    ti_buffer_free(&rows);
}
END_TEST

/* The statement names as many parameters as there are: one for each column, and the import. */
START_TEST(a_source_for_each_table)
{
    static const struct {
        ticker_table table;
        const char *begin;
    } cases[] = {
        {TICKER_QUOTES, "(SELECT ticker COLLATE \"C\" AS ticker, trade_date, market COLLATE \"C\" AS market, "},
        {TICKER_TRADES, "(SELECT ticker COLLATE \"C\" AS ticker, trade_date, reference_date, "},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        ti_copy_layout layout;
        ti_buffer sql;
        const char *text;
        char last[32];

        ck_assert(ti_copy_layout_make(&layout, cases[i].table));
        ti_buffer_init(&sql, TI_PG_SQL_MAX);
        ck_assert(ti_pg_put_source(&sql, &layout));
        text = ti_buffer_string(&sql);
        ck_assert_msg(strncmp(text, cases[i].begin, strlen(cases[i].begin)) == 0, "%s", text);
        (void)snprintf(last, sizeof(last), "$%u::bigint", layout.count + 1);
        ck_assert_msg(strstr(text, last) != NULL, "%s", text);
        ck_assert_ptr_nonnull(strstr(text, " WITH ORDINALITY AS r (ticker, "));
        ti_buffer_free(&sql);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {columns_of_all_rows, nothing_and_too_much, a_source_for_each_table};

    return run_tests("pg_arrays", tests, COUNT(tests));
}
