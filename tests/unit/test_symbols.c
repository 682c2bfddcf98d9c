/* Strings to numbers: dense, stable while the table grows, capped. */
#include "support.h"

#include <stdio.h>

#include "base/symbols.h"

#define MANY 50000

START_TEST(numbers_are_dense_and_stay)
{
    ti_symbols *symbols = ti_symbols_new(MANY);
    char text[32];
    bool added;

    ck_assert_ptr_nonnull(symbols);
    for (uint32_t i = 0; i < MANY; i++) {
        (void)snprintf(text, sizeof(text), "PETR%u", i);
        ck_assert_uint_eq(ti_symbols_find(symbols, ti_slice_of(text)), TI_SYMBOL_NONE);
        ck_assert_uint_eq(ti_symbols_add(symbols, ti_slice_of(text), &added), i);
        ck_assert(added);
    }
    ck_assert_uint_eq(ti_symbols_count(symbols), MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        ti_slice kept = ti_symbols_text(symbols, i);

        (void)snprintf(text, sizeof(text), "PETR%u", i);
        ck_assert(ti_slice_is(kept, text));
        ck_assert_uint_eq(ti_symbols_find(symbols, ti_slice_of(text)), i);
        ck_assert_uint_eq(ti_symbols_add(symbols, ti_slice_of(text), &added), i);
        ck_assert(!added);
        ck_assert_uint_eq(ti_symbols_add(symbols, ti_slice_of(text), NULL), i);
    }
    ti_symbols_free(symbols);
    ti_symbols_free(NULL);
}
END_TEST

START_TEST(a_full_table_knows_what_it_has)
{
    ti_symbols *symbols = ti_symbols_new(2);
    bool added = true;

    ck_assert_ptr_nonnull(symbols);
    ck_assert_uint_eq(ti_symbols_add(symbols, ti_slice_of("A"), NULL), 0);
    ck_assert_uint_eq(ti_symbols_add(symbols, ti_slice_of("B"), NULL), 1);
    ck_assert_uint_eq(ti_symbols_add(symbols, ti_slice_of("C"), &added), TI_SYMBOL_NONE);
    ck_assert(!added);
    ck_assert_uint_eq(ti_symbols_count(symbols), 2);
    ck_assert_uint_eq(ti_symbols_add(symbols, ti_slice_of("A"), NULL), 0);
    ti_symbols_clear(symbols);
    ck_assert_uint_eq(ti_symbols_count(symbols), 0);
    ck_assert_uint_eq(ti_symbols_find(symbols, ti_slice_of("A")), TI_SYMBOL_NONE);
    ck_assert_uint_eq(ti_symbols_add(symbols, ti_slice_of("C"), NULL), 0);
    ck_assert(ti_slice_is(ti_symbols_text(symbols, 0), "C"));
    ti_symbols_free(symbols);
}
END_TEST

START_TEST(any_bytes_of_any_length)
{
    ti_symbols *symbols = ti_symbols_new(1000);
    char text[TI_SYMBOL_TEXT_MAX + 1];

    ck_assert_ptr_nonnull(symbols);
    memset(text, 'x', sizeof(text));
    for (uint32_t i = 0; i <= TI_SYMBOL_TEXT_MAX; i++)
        ck_assert_uint_eq(ti_symbols_add(symbols, (ti_slice){text, i}, NULL), i);
    ck_assert_uint_eq(ti_symbols_add(symbols, (ti_slice){text, sizeof(text)}, NULL), TI_SYMBOL_NONE);
    ck_assert_uint_eq(ti_symbols_find(symbols, (ti_slice){text, sizeof(text)}), TI_SYMBOL_NONE);
    for (uint32_t i = 0; i <= TI_SYMBOL_TEXT_MAX; i++) {
        ck_assert_uint_eq(ti_symbols_find(symbols, (ti_slice){text, i}), i);
        ck_assert_uint_eq(ti_symbols_text(symbols, i).size, i);
    }
    ck_assert_uint_eq(ti_symbols_add(symbols, (ti_slice){"a\0b", 3}, NULL), TI_SYMBOL_TEXT_MAX + 1);
    ck_assert_uint_eq(ti_symbols_add(symbols, (ti_slice){"a\0c", 3}, NULL), TI_SYMBOL_TEXT_MAX + 2);
    ck_assert_uint_eq(ti_symbols_add(symbols, (ti_slice){"a", 1}, NULL), TI_SYMBOL_TEXT_MAX + 3);
    ti_symbols_free(symbols);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {numbers_are_dense_and_stay, a_full_table_knows_what_it_has, any_bytes_of_any_length};

    return run_tests("symbols", tests, COUNT(tests));
}
