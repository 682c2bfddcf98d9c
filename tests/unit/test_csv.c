/* The scanner of ';' files against the plain one, and cutting a line into cells. */
#include "support.h"

#include <stdlib.h>

#include "format/csv.h"

#define MARGIN 64

/* How many marks count: up to the last line end. */
static uint32_t marks(const ti_csv_index *index)
{
    return index->rows > 0 ? index->row_end[index->rows - 1] : 0;
}

static void same(const ti_csv_index *a, const ti_csv_index *b, size_t size)
{
    ck_assert_msg(a->rows == b->rows && marks(a) == marks(b), "size %zu: %u rows and %u marks, not %u and %u", size,
                  a->rows, marks(a), b->rows, marks(b));
    for (uint32_t i = 0; i < a->rows; i++)
        if (a->row_end[i] != b->row_end[i])
            ck_abort_msg("size %zu: row %u ends at another mark", size, i);
    for (uint32_t i = 0; i <= marks(a); i++)
        if (a->mark[i] != b->mark[i])
            ck_abort_msg("size %zu: mark %u stands elsewhere", size, i);
}

/* Both scanners on bytes of which about one in `rare` is a mark; what stands behind them is full of marks that do not count. */
static void compare(size_t size, unsigned rare, uint64_t *seed)
{
    ti_csv_index *a = malloc(sizeof(*a)), *b = malloc(sizeof(*b));
    unsigned char *data = malloc(size + MARGIN);

    ck_assert(a != NULL && b != NULL && data != NULL);
    for (size_t i = 0; i < size; i++) {
        uint64_t random = next_random(seed);

        data[i] = random % rare == 0 ? ';' : random % rare == 1 ? '\n' : (unsigned char)(random >> 20);
    }
    memset(data + size, size % 2 == 0 ? ';' : '\n', MARGIN);
    memset(a, 0xee, sizeof(*a));
    memset(b, 0xdd, sizeof(*b));
    ti_csv_scan(a, data, size);
    ti_csv_scan_scalar(b, data, size);
    same(a, b, size);
    free(a);
    free(b);
    free(data);
}

START_TEST(scanners_agree)
{
    uint64_t seed = 99;

    for (size_t size = 0; size <= 300; size++)
        for (unsigned rare = 1; rare < 20; rare += 3)
            compare(size, rare, &seed);
    for (int i = 0; i < 100; i++)
        compare(next_random(&seed) % (TI_CSV_BLOCK + 1), 1 + (unsigned)(next_random(&seed) % 50), &seed);
}
END_TEST

/* The index has room for the worst there is. */
START_TEST(nothing_but_marks)
{
    static const char *const fillings[] = {";", "\n", ";\n"};
    ti_csv_index *a = malloc(sizeof(*a)), *b = malloc(sizeof(*b));
    unsigned char *data = malloc(TI_CSV_BLOCK + MARGIN);

    ck_assert(a != NULL && b != NULL && data != NULL);
    for (size_t i = 0; i < COUNT(fillings); i++) {
        for (size_t k = 0; k < TI_CSV_BLOCK + MARGIN; k++)
            data[k] = (unsigned char)fillings[i][k % strlen(fillings[i])];
        ti_csv_scan(a, data, TI_CSV_BLOCK);
        ti_csv_scan_scalar(b, data, TI_CSV_BLOCK);
        same(a, b, TI_CSV_BLOCK);
        ck_assert_uint_eq(marks(a), i == 0 ? 0 : TI_CSV_BLOCK);
        ck_assert_uint_eq(a->rows, i == 0 ? 0 : i == 1 ? TI_CSV_BLOCK : TI_CSV_BLOCK / 2);
    }
    free(a);
    free(b);
    free(data);
}
END_TEST

START_TEST(what_an_index_says)
{
    ti_csv_index *index = malloc(sizeof(*index));
    unsigned char data[200] = "a;b\n\nc;;d\nrest;";

    ck_assert_ptr_nonnull(index);
    ti_csv_scan(index, data, 15);
    ck_assert_uint_eq(index->rows, 3);
    ck_assert_uint_eq(index->row_end[0], 2);
    ck_assert_uint_eq(index->row_end[1], 3);
    ck_assert_uint_eq(index->row_end[2], 6);
    ck_assert_uint_eq(index->mark[0] + 1, 0); /* the first cell begins behind it */
    ck_assert_uint_eq(index->mark[1], 1);
    ck_assert_uint_eq(index->mark[2], 3);
    ck_assert_uint_eq(index->mark[3], 4);
    ck_assert_uint_eq(index->mark[6], 9);
    free(index);
}
END_TEST

static void splits(const char *line, size_t size, unsigned count, const char *const *wanted)
{
    ti_slice cells[TICKER_CSV_COLUMNS_MAX];

    ck_assert_uint_eq(ti_csv_split((ti_slice){line, size}, cells), count);
    for (unsigned i = 0; i < count && wanted != NULL; i++)
        ck_assert_msg(ti_slice_is(cells[i], wanted[i]), "cell %u of \"%s\"", i, line);
}

START_TEST(lines_are_cut)
{
    char many[2 * TICKER_CSV_COLUMNS_MAX];

    splits("", 0, 1, (const char *const[]){""});
    splits(NULL, 0, 1, NULL);
    splits("a", 1, 1, (const char *const[]){"a"});
    splits(";", 1, 2, (const char *const[]){"", ""});
    splits("a;;\"b;c\";", 9, 5, (const char *const[]){"a", "", "\"b", "c\"", ""});
    splits("a;b;c", 3, 2, (const char *const[]){"a", "b"}); /* not beyond the line */
    memset(many, ';', sizeof(many));
    splits(many, TICKER_CSV_COLUMNS_MAX - 1, TICKER_CSV_COLUMNS_MAX, NULL);
    splits(many, TICKER_CSV_COLUMNS_MAX, 0, NULL);
    splits(many, sizeof(many), 0, NULL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {scanners_agree, nothing_but_marks, what_an_index_says, lines_are_cut};

    return run_tests("csv", tests, COUNT(tests));
}
