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

/* Those that this processor can run, and the one that is used, against the plain one. */
static void check_scanners(const unsigned char *data, size_t size)
{
    ti_csv_index *a = malloc(sizeof(*a)), *b = malloc(sizeof(*b));

    ck_assert(a != NULL && b != NULL);
    memset(b, 0xdd, sizeof(*b));
    ti_csv_scan_scalar(b, data, size);
    for (unsigned i = 0; i <= TI_CSV_SCANNERS; i++) {
        memset(a, 0xee, sizeof(*a));
        if (i == TI_CSV_SCANNERS)
            ti_csv_scan(a, data, size);
        else if (!ti_csv_scanners[i](a, data, size))
            continue;
        same(a, b, size);
    }
    free(a);
    free(b);
}

/* Bytes of which about one in `rare` is a mark; what stands behind them is full of marks that do not count. */
static void compare(size_t size, unsigned rare, uint64_t *seed)
{
    unsigned char *data = malloc(size + MARGIN);

    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < size; i++) {
        uint64_t random = next_random(seed);

        data[i] = random % rare == 0 ? ';' : random % rare == 1 ? '\n' : (unsigned char)(random >> 20);
    }
    memset(data + size, size % 2 == 0 ? ';' : '\n', MARGIN);
    check_scanners(data, size);
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
    ti_csv_index *a = malloc(sizeof(*a));
    unsigned char *data = malloc(TI_CSV_BLOCK + MARGIN);

    ck_assert(a != NULL && data != NULL);
    for (size_t i = 0; i < COUNT(fillings); i++) {
        for (size_t k = 0; k < TI_CSV_BLOCK + MARGIN; k++)
            data[k] = (unsigned char)fillings[i][k % strlen(fillings[i])];
        check_scanners(data, TI_CSV_BLOCK);
        ti_csv_scan(a, data, TI_CSV_BLOCK);
        ck_assert_uint_eq(marks(a), i == 0 ? 0 : TI_CSV_BLOCK);
        ck_assert_uint_eq(a->rows, i == 0 ? 0 : i == 1 ? TI_CSV_BLOCK : TI_CSV_BLOCK / 2);
    }
    free(a);
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

static void splits_quoted(const char *line, unsigned count, const char *const *wanted, const char *why)
{
    size_t size = strlen(line);
    char *unquoted = malloc(size + 1);
    ti_slice cells[TICKER_CSV_COLUMNS_MAX];
    const char *said;

    ck_assert_ptr_nonnull(unquoted);
    unquoted[size] = '!';
    ck_assert_msg(ti_csv_split_quoted((ti_slice){line, size}, unquoted, cells, &said) == count, "%s", line);
    ck_assert_msg((said == NULL) == (why == NULL) && (why == NULL || strstr(said, why) != NULL), "%s", line);
    for (unsigned i = 0; i < count; i++)
        ck_assert_msg(ti_slice_is(cells[i], wanted[i]), "cell %u of %s", i, line);
    ck_assert_int_eq(unquoted[size], '!');
    free(unquoted);
}

START_TEST(quoted_lines_are_cut)
{
    splits_quoted("", 1, (const char *const[]){""}, NULL);
    splits_quoted("a;b;;c", 4, (const char *const[]){"a", "b", "", "c"}, NULL);
    splits_quoted("\"a\"", 1, (const char *const[]){"a"}, NULL);
    splits_quoted("\"\"", 1, (const char *const[]){""}, NULL);
    splits_quoted("\"\";", 2, (const char *const[]){"", ""}, NULL);
    splits_quoted(";\"a;b\";", 3, (const char *const[]){"", "a;b", ""}, NULL);
    splits_quoted("\"a \"\"b\"\"\";c", 2, (const char *const[]){"a \"b\"", "c"}, NULL);
    splits_quoted("\"\"\"\"", 1, (const char *const[]){"\""}, NULL);
    splits_quoted("12\" pipe;5\"\"", 2, (const char *const[]){"12\" pipe", "5\"\""}, NULL); /* not at the beginning */
    splits_quoted(" \"a\"", 1, (const char *const[]){" \"a\""}, NULL);
    splits_quoted("\"", 0, NULL, "not closed");
    splits_quoted("a;\"b", 0, NULL, "not closed");
    splits_quoted("\"a\"\"", 0, NULL, "not closed");
    splits_quoted("\"a\"b;c", 0, NULL, "behind a closing quote");
    splits_quoted("\"a\" ;c", 0, NULL, "behind a closing quote");
}
END_TEST

#define QUOTED_CELLS 20

/* Writes a line of cells in quotes, where they need them and sometimes where not; cell i is plain[starts[i] … starts[i + 1]). */
static size_t write_quoted(char *line, char *plain, size_t *starts, unsigned count, uint64_t *seed)
{
    size_t at = 0, size = 0;

    for (unsigned i = 0; i < count; i++) {
        size_t length = next_random(seed) % 12;
        bool quoted = next_random(seed) % 4 == 0;

        starts[i] = at;
        for (size_t k = 0; k < length; k++) {
            plain[at] = "ab ;\"0\xc9,"[next_random(seed) % 8];
            quoted = quoted || plain[at] == ';' || plain[at] == '"';
            at++;
        }
        if (i > 0)
            line[size++] = ';';
        if (quoted)
            line[size++] = '"';
        for (size_t k = starts[i]; k < at; k++) {
            line[size++] = plain[k];
            if (plain[k] == '"')
                line[size++] = '"';
        }
        if (quoted)
            line[size++] = '"';
    }
    starts[count] = at;
    return size;
}

/* Whatever cells hold comes back when they are written in quotes; and without quotes both ways of cutting agree. */
START_TEST(quoting_is_undone)
{
    uint64_t seed = 7;

    for (int round = 0; round < 2000; round++) {
        char plain[QUOTED_CELLS * 12], line[QUOTED_CELLS * 30], unquoted[sizeof(line)];
        ti_slice cells[TICKER_CSV_COLUMNS_MAX], twin[TICKER_CSV_COLUMNS_MAX];
        unsigned count = 1 + (unsigned)(next_random(&seed) % QUOTED_CELLS);
        size_t starts[QUOTED_CELLS + 1], size = write_quoted(line, plain, starts, count, &seed);
        const char *why;

        ck_assert_uint_eq(ti_csv_split_quoted((ti_slice){line, size}, unquoted, cells, &why), count);
        for (unsigned i = 0; i < count; i++)
            if (!ti_slice_equal(cells[i], (ti_slice){plain + starts[i], starts[i + 1] - starts[i]}))
                ck_abort_msg("round %d: cell %u is another", round, i);
        for (size_t k = 0; k < size; k++)
            line[k] = (char)(line[k] == '"' ? 'q' : line[k]);
        count = ti_csv_split((ti_slice){line, size}, twin);
        ck_assert_uint_eq(ti_csv_split_quoted((ti_slice){line, size}, unquoted, cells, &why), count);
        for (unsigned i = 0; i < count; i++)
            if (cells[i].data != twin[i].data || cells[i].size != twin[i].size)
                ck_abort_msg("round %d: cell %u is cut otherwise", round, i);
    }
}
END_TEST

START_TEST(too_many_quoted_cells)
{
    char line[4 * TICKER_CSV_COLUMNS_MAX], unquoted[sizeof(line)];
    ti_slice cells[TICKER_CSV_COLUMNS_MAX];
    const char *why = "";

    for (size_t i = 0; i < sizeof(line); i += 4)
        memcpy(line + i, "\"x\";", 4);
    ck_assert_uint_eq(ti_csv_split_quoted((ti_slice){line, sizeof(line) - 1}, unquoted, cells, &why),
                      TICKER_CSV_COLUMNS_MAX);
    ck_assert_uint_eq(ti_csv_split_quoted((ti_slice){line, sizeof(line)}, unquoted, cells, &why), 0);
    ck_assert_ptr_null(why);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {scanners_agree,       nothing_but_marks, what_an_index_says,   lines_are_cut,
                                  quoted_lines_are_cut, quoting_is_undone, too_many_quoted_cells};

    return run_tests("csv", tests, COUNT(tests));
}
