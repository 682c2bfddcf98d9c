/* Batches: columns that do not touch each other, texts in an arena with an end. */
#include "support.h"

#include "model/batch.h"

START_TEST(columns_stand_apart)
{
    static const ticker_table tables[] = {TICKER_QUOTES, TICKER_TRADES};

    for (size_t t = 0; t < COUNT(tables); t++) {
        ticker_batch *batch = ti_batch_new(tables[t], 100, 10);
        unsigned columns = ticker_table_columns(tables[t]);

        ck_assert_ptr_nonnull(batch);
        ck_assert_int_eq(ticker_batch_table(batch), tables[t]);
        ck_assert_uint_eq(ticker_batch_rows(batch), 0);
        batch->rows = 100;
        for (unsigned c = 0; c < columns; c++)
            for (uint32_t row = 0; row < 100; row++) {
                if (ticker_column_type(tables[t], c) == TICKER_TYPE_TEXT)
                    batch->text[c][row] = (ti_text){c, row};
                else
                    batch->i64[c][row] = c * 1000 + row;
                batch->line[row] = row + 1;
            }
        memset(batch->arena, 'a', batch->arena_capacity);
        for (unsigned c = 0; c < columns; c++)
            for (uint32_t row = 0; row < 100; row++) {
                const int64_t *numbers = ticker_batch_i64(batch, c);

                ck_assert_uint_eq(ticker_batch_line(batch, row), row + 1);
                if (ticker_column_type(tables[t], c) == TICKER_TYPE_TEXT) {
                    ck_assert_ptr_null(numbers);
                    ck_assert_uint_eq(batch->text[c][row].offset, c);
                    ck_assert_uint_eq(batch->text[c][row].size, row);
                } else {
                    ck_assert_int_eq(numbers[row], c * 1000 + row);
                }
            }
        ti_batch_free(batch);
    }
    ti_batch_free(NULL);
}
END_TEST

START_TEST(texts)
{
    ticker_batch *batch = ti_batch_new(TICKER_QUOTES, 2, 4);
    size_t size = 77;

    ck_assert_ptr_nonnull(batch);
    batch->rows = 2;
    ck_assert(ti_batch_set_text(batch, TICKER_QUOTE_TICKER, 0, ti_slice_of("PETR4")));
    ck_assert(ti_batch_set_text(batch, TICKER_QUOTE_TICKER, 1, (ti_slice){NULL, 0}));
    ck_assert(!ti_batch_set_text(batch, TICKER_QUOTE_NAME, 0, ti_slice_of("four")));
    ck_assert(ti_batch_set_text(batch, TICKER_QUOTE_NAME, 0, ti_slice_of("3rd")));
    ck_assert(!ti_batch_set_text(batch, TICKER_QUOTE_NAME, 1, ti_slice_of("x")));
    ck_assert(ti_slice_is(ti_batch_text(batch, TICKER_QUOTE_NAME, 0), "3rd"));
    ck_assert(memcmp(ticker_batch_text(batch, TICKER_QUOTE_TICKER, 0, &size), "PETR4", 5) == 0);
    ck_assert_uint_eq(size, 5);
    ck_assert_ptr_nonnull(ticker_batch_text(batch, TICKER_QUOTE_TICKER, 1, &size));
    ck_assert_uint_eq(size, 0);
    size = 77;
    ck_assert_ptr_null(ticker_batch_text(batch, TICKER_QUOTE_TICKER, 2, &size));
    ck_assert_uint_eq(size, 0);
    ck_assert_ptr_null(ticker_batch_text(batch, TICKER_QUOTE_OPEN, 0, &size));
    ck_assert_ptr_null(ticker_batch_text(batch, TICKER_QUOTE_COLUMNS, 0, &size));
    ck_assert_ptr_null(ticker_batch_i64(batch, TICKER_QUOTE_TICKER));
    ck_assert_ptr_null(ticker_batch_i64(batch, TICKER_QUOTE_COLUMNS));
    ck_assert_uint_eq(ticker_batch_line(batch, 2), 0);
    ti_batch_clear(batch);
    ck_assert_uint_eq(ticker_batch_rows(batch), 0);
    ck_assert_uint_eq(batch->arena_size, 0);
    ti_batch_free(batch);
}
END_TEST

START_TEST(what_cannot_be_made)
{
    ck_assert_ptr_null(ti_batch_new(TICKER_TABLE_NONE, 1, 1));
    ck_assert_ptr_null(ti_batch_new(TICKER_QUOTES, UINT32_MAX, UINT32_MAX));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {columns_stand_apart, texts, what_cannot_be_made};

    return run_tests("batch", tests, COUNT(tests));
}
