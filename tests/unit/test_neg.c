/* NEG_: header and trailer, cells of a row, files that are cut off or put together. */
#include <stdio.h>
#include <stdlib.h>

#include "verdict.h"

static ti_buffer file;

#define END_SIZE 54  /* of a header or trailer, without its line end */
#define ROW_SIZE 237 /* of a row */

/* A header that counts `rows` and itself and the trailer. */
static void begin(size_t rows)
{
    bytes_init(&file);
    add_neg_end(&file, "RH", rows + 2, "\n");
}

static outcome *done(const char *option)
{
    outcome *result = read_with(&file, option);

    ti_buffer_free(&file);
    return result;
}

static void is_refused(const char *option, const char *why)
{
    const outcome *result = done(option);

    ck_assert_int_eq(result->status, TICKER_FAILED);
    ck_assert_int_eq(result->error.kind, TICKER_ERROR_INPUT);
    ck_assert_msg(strstr(result->error.message, why) != NULL, "%s", result->error.message);
}

/* The file as it is needs force, and then gives so many rows. */
static void needs_force(const char *why, size_t rows)
{
    const outcome *result = read_with(&file, "force=no");

    ck_assert_int_eq(result->status, TICKER_FAILED);
    ck_assert_msg(strstr(result->error.message, why) != NULL, "%s", result->error.message);
    result = done("force=yes");
    is_taken(result, "neg", rows, 0);
    ck_assert_int_eq(result->report.complete, 0);
    ck_assert_msg(strstr(result->report.refusal, why) != NULL, "%s", result->report.refusal);
}

/* --- Rows ---------------------------------------------------------------------------------------------------------------------- */

/* A line of the real file of 2015-11-26, the one that was cancelled. */
#define CANCELLED                                                                                                      \
    "2015-11-26;ITUBA9                                            ;0000000710; 000000000001.360000;"                   \
    "000000000000051800;12:23:02.003;2;2015-11-26;000090786421991;000000014775025;2;2015-11-26;000090786421992;"       \
    "000000014775026;1;1;00000127;00000008"

START_TEST(a_whole_row)
{
    static const char *const texts[TICKER_TRADE_COLUMNS] = {
        [TICKER_TRADE_TICKER] = "ITUBA9",
        [TICKER_TRADE_DATE] = "2015-11-26",
        [TICKER_TRADE_REFERENCE_DATE] = "2015-11-26",
        [TICKER_TRADE_SESSION] = "1",
        [TICKER_TRADE_ID] = "710",
        [TICKER_TRADE_ACTION] = "2",
        [TICKER_TRADE_TIME] = "12:23:02.003",
        [TICKER_TRADE_PRICE] = "1.360",
        [TICKER_TRADE_VOLUME] = "51800",
        [TICKER_TRADE_BUYER] = "127",
        [TICKER_TRADE_SELLER] = "8",
        [TICKER_TRADE_CHANNEL] = "",
        [TICKER_TRADE_BUYER_AGGRESSOR] = "2",
        [TICKER_TRADE_SELLER_AGGRESSOR] = "1",
        [TICKER_TRADE_CROSS] = "1",
    };
    const ticker_batch *batch;
    ticker_reader *reader;

    ck_assert_uint_eq(strlen(CANCELLED), ROW_SIZE);
    begin(1);
    add(&file, CANCELLED "\n");
    add_neg_end(&file, "RT", 3, "\n");
    reader = first_batch(file.data, file.size, &batch);
    ck_assert_int_eq(ticker_batch_table(batch), TICKER_TRADES);
    ck_assert_uint_eq(ticker_batch_line(batch, 0), 2);
    for (unsigned i = 0; i < TICKER_TRADE_COLUMNS; i++)
        ck_assert_str_eq(cell_text(batch, i, 0), texts[i]);
    ticker_reader_free(reader);
    is_taken(done("force=no"), "neg", 1, 0);
}
END_TEST

/* What a row gives that has another text in a cell (by its number), filled up to its width with blanks. */
static const char *cell_gives(unsigned number, const char *text, unsigned column)
{
    static char shown[64];
    const ticker_batch *batch;
    ticker_reader *reader;
    ti_buffer row;
    char *at;
    size_t width;

    bytes_init(&row);
    add_neg_row(&row, 1, false, "\n");
    (void)ti_buffer_string(&row);
    at = row.data;
    for (unsigned i = 0; i < number; i++)
        at = strchr(at, ';') + 1;
    begin(3);
    add_neg_row(&file, 0, false, "\n");
    add_bytes(&file, row.data, (size_t)(at - row.data));
    width = strcspn(at, ";\n");
    add(&file, "%-*s%s", (int)width, text, at + width);
    add_neg_row(&file, 2, false, "\n");
    add_neg_end(&file, "RT", 5, "\n");
    ti_buffer_free(&row);
    reader = first_batch(file.data, file.size, &batch);
    if (ticker_batch_rows(batch) == 3)
        (void)snprintf(shown, sizeof(shown), "%s", cell_text(batch, column, 1));
    else
        (void)snprintf(shown, sizeof(shown), "rejected");
    ticker_reader_free(reader);
    is_taken(done("force=no"), "neg", strcmp(shown, "rejected") == 0 ? 2 : 3, strcmp(shown, "rejected") == 0);
    return shown;
}

START_TEST(what_a_cell_may_be)
{
    ck_assert_str_eq(cell_gives(0, "2024-02-29", TICKER_TRADE_REFERENCE_DATE), "2024-02-29");
    ck_assert_str_eq(cell_gives(1, "PETR4", TICKER_TRADE_TICKER), "PETR4");
    ck_assert_str_eq(cell_gives(1, "12345678901234567890123456789012345678901234567890", TICKER_TRADE_TICKER),
                     "12345678901234567890123456789012345678901234567890");
    ck_assert_str_eq(cell_gives(2, "7", TICKER_TRADE_ID), "7");
    ck_assert_str_eq(cell_gives(2, "9999999999", TICKER_TRADE_ID), "9999999999");
    ck_assert_str_eq(cell_gives(3, "-000000000012.345678", TICKER_TRADE_PRICE), "-12.345678");
    ck_assert_str_eq(cell_gives(3, " 999999999999.999999", TICKER_TRADE_PRICE), "999999999999.999999");
    ck_assert_str_eq(cell_gives(3, "0.5", TICKER_TRADE_PRICE), "0.500");
    ck_assert_str_eq(cell_gives(5, "00:00:00.000", TICKER_TRADE_TIME), "00:00:00.000");
    ck_assert_str_eq(cell_gives(5, "23:59:59.999", TICKER_TRADE_TIME), "23:59:59.999");
    ck_assert_str_eq(cell_gives(6, "1", TICKER_TRADE_ACTION), "0");
    ck_assert_str_eq(cell_gives(6, "2", TICKER_TRADE_ACTION), "2");
    ck_assert_str_eq(cell_gives(10, "0", TICKER_TRADE_BUYER_AGGRESSOR), "0");
    ck_assert_str_eq(cell_gives(10, " ", TICKER_TRADE_BUYER_AGGRESSOR), "null");
    ck_assert_str_eq(cell_gives(14, "9", TICKER_TRADE_SELLER_AGGRESSOR), "9");
    ck_assert_str_eq(cell_gives(15, "", TICKER_TRADE_CROSS), "null");
    ck_assert_str_eq(cell_gives(16, "        ", TICKER_TRADE_BUYER), "null");
    ck_assert_str_eq(cell_gives(17, "99999999", TICKER_TRADE_SELLER), "99999999");
    ck_assert_str_eq(cell_gives(8, "               ", TICKER_TRADE_ID), "20"); /* not kept, may be blank */
}
END_TEST

START_TEST(what_a_cell_cannot_be)
{
    static const struct {
        unsigned number;
        const char *text, *name;
    } cases[] = {
        {0, "2015-02-29", "the date"},
        {0, "20151126", "the date"},
        {1, "", "the instrument"},
        {1, "PET 4", "the instrument"},
        {1, "PETR\xc9", "the instrument"},
        {1, "123456789012345678901234567890123456789012345678901", "the instrument"},
        {2, "1x", "the trade number"},
        {2, "", "the trade number"},
        {3, "000000000012,345678", "the price"},
        {3, "00000000001x.345678", "the price"},
        {3, "000000000012.34567x", "the price"},
        {3, "-", "the price"},
        {4, "-5", "the quantity"},
        {4, "1000000000000000000", "the quantity"},
        {5, "24:00:00.000", "the time"},
        {5, "10:60:00.000", "the time"},
        {5, "10:00:60.000", "the time"},
        {5, "10:00:00,000", "the time"},
        {5, "100000000", "the time"},
        {6, "3", "the indicator"},
        {6, "", "the indicator"},
        {6, "12", "the indicator"},
        {7, "2015-13-01", "the date of the buying order"},
        {8, "x", "the buying order \""},
        {9, "x", "the buying order's secondary"},
        {10, "x", "the buying order's aggressor"},
        {11, "26/11/2015", "the date of the selling order"},
        {12, "-1", "the selling order \""},
        {13, "1.5", "the selling order's secondary"},
        {14, "32768", "the selling order's aggressor"},
        {15, "S", "the cross code"},
        {16, "2147483648", "the buying participant"},
        {17, "x", "the selling participant"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        ti_buffer row;
        size_t at = 0;

        bytes_init(&row);
        add_neg_row(&row, 0, false, "\n");
        (void)ti_buffer_string(&row);
        for (unsigned k = 0; k < cases[i].number; k++)
            at += strcspn(row.data + at, ";") + 1;
        begin(2);
        add_bytes(&file, row.data, at); /* the first row, so that it may be of any length */
        add(&file, "%s", cases[i].text);
        add(&file, "%s", row.data + at + strcspn(row.data + at, ";\n"));
        add_neg_row(&file, 1, false, "\n");
        add_neg_end(&file, "RT", 4, "\n");
        ti_buffer_free(&row);
        one_is_rejected(done("force=no"), 1, 2, 1 + at + strspn(cases[i].text, " "), cases[i].name, " is n");
    }
}
END_TEST

START_TEST(lines_of_another_kind)
{
    const outcome *result;

    begin(3);
    add_neg_row(&file, 0, false, "\n");
    add(&file, "\n   \n2015-11-26;short\n");
    add_neg_row(&file, 1, false, "\n");
    add_neg_end(&file, "RT", 5, "\n\n");
    result = done("force=no");
    is_taken(result, "neg", 2, 1);
    problem_is(result, 0, 5, 1, "2 columns instead of 18");
    begin(3);
    add_neg_row(&file, 0, false, "\n");
    add_neg_row(&file, 1, false, "0\n");
    add_neg_row(&file, 2, false, "\n");
    add_neg_end(&file, "RT", 5, "\n");
    one_is_rejected(done("force=no"), 2, 3, 1, "the row has 238", "bytes instead of 237");
    begin(1);
    add(&file, "what is this\n");
    add_neg_end(&file, "RT", 3, "\n");
    is_refused("on-error=reject", "1 columns instead of 18");
}
END_TEST

/* Cancelled trades count as records, and in no sum. */
START_TEST(totals)
{
    const outcome *result;

    begin(3);
    add(&file, CANCELLED "\n");
    add_neg_row(&file, 7, false, "\n");
    add_neg_row(&file, 8, false, "\n");
    add_neg_end(&file, "RT", 5, "\n");
    result = done("force=no");
    is_taken(result, "neg", 3, 0);
    ck_assert_int_eq(result->report.trades, 2);
    ck_assert_int_eq(result->report.volume, 17);
    ck_assert_str_eq(result->report.turnover_text, "129.013632"); /* 8 × 7.055433 and 9 × 8.063352, less what is none */
}
END_TEST

/* --- Files --------------------------------------------------------------------------------------------------------------------- */

START_TEST(line_ends)
{
    static const char *const ends[] = {"\n", "\r\n"};

    for (size_t i = 0; i < COUNT(ends); i++) {
        const outcome *result;

        bytes_init(&file);
        make_neg(&file, 50, ends[i]);
        result = read_with(&file, "force=no");
        is_taken(result, "neg", 50, 0);
        ck_assert_int_eq(result->report.declared, 52);
        ck_assert_int_eq(result->report.complete, 1);
        ck_assert_int_eq(result->report.lines, 52);
        file.size -= strlen(ends[i]); /* the last one may be missing */
        is_taken(done("force=no"), "neg", 50, 0);
    }
    bytes_init(&file);
    add(&file, "\xef\xbb\xbf");
    make_neg(&file, 3, "\n");
    is_taken(done("format=neg"), "neg", 3, 0);
}
END_TEST

START_TEST(what_the_counts_may_be)
{
    const outcome *result;

    begin(4); /* the header says 6 */
    add_neg_row(&file, 0, false, "\n");
    add_neg_end(&file, "RT", 3, "\n");
    needs_force("the header says 6 lines, the file has 3", 1);
    begin(1);
    add_neg_row(&file, 0, false, "\n");
    add_neg_end(&file, "RT", 4, "\n");
    needs_force("the trailer says 4 lines, the file has 3", 1);
    bytes_init(&file);
    add_neg_end(&file, "RH", 1, "\n");
    add_neg_row(&file, 0, false, "\n");
    add_neg_end(&file, "RT", 1, "\n");
    result = done("force=no");
    is_taken(result, "neg", 1, 0);
    ck_assert_uint_eq(ticker_report_problem_count(&result->report), 2); /* noted */
    begin(1);
    add_neg_row(&file, 0, false, "\n");
    add(&file, "RT NEG                 2015-11-26 2015-11-26 \n");
    needs_force("the trailer has no number", 1);
    bytes_init(&file);
    add(&file, "RH NEG                 2015-11-26 2015-11-26 x\n");
    add_neg_row(&file, 0, false, "\n");
    add_neg_end(&file, "RT", 3, "\n");
    needs_force("the header has no number", 1);
}
END_TEST

START_TEST(ends_that_are_missing_or_too_many)
{
    begin(2);
    add_neg_row(&file, 0, false, "\n");
    add_neg_row(&file, 1, false, "\n");
    needs_force("without a trailer", 2);
    bytes_init(&file);
    add_neg_row(&file, 0, false, "\n");
    add_neg_end(&file, "RT", 2, "\n");
    needs_force("without a header", 1);
    bytes_init(&file); /* two files in one */
    make_neg(&file, 2, "\n");
    make_neg(&file, 3, "\n");
    needs_force("behind the trailer", 5);
    bytes_init(&file);
    make_neg(&file, 2, "\n");
    add_neg_row(&file, 5, false, "\n");
    needs_force("behind the trailer", 3);
    begin(2);
    add_neg_row(&file, 0, false, "\n");
    add_neg_end(&file, "RH", 4, "\n");
    add_neg_end(&file, "RT", 4, "\n");
    needs_force("a header in the middle", 1);
    begin(0);
    add_neg_end(&file, "RT", 2, "\n");
    is_refused("force=no", "no rows");
}
END_TEST

/* Of a header, three rows and a trailer. A row is whole without its line end; that the last cell of the very first one was cut cannot be
 * seen. */
static beginning of_three(size_t size)
{
    const size_t first = END_SIZE + 1, trailer = first + 3 * (ROW_SIZE + 1);
    size_t rows = size < first ? 0 : (size + 1 - first) / (ROW_SIZE + 1);

    if (rows == 0 && size >= first + ROW_SIZE - 8)
        rows = 1;
    return (beginning){.whole = size >= trailer + END_SIZE,
                       .known = size >= 33, /* the header's first date */
                       .rows = rows < 3 ? rows : 3,
                       .refusal = size < END_SIZE - 8             ? "the header has no number"
                                  : size > trailer + END_SIZE - 9 ? "the trailer says"
                                                                  : "t"};
}

START_TEST(truncated_at_every_byte)
{
    bytes_init(&file);
    make_neg(&file, 3, "\n");
    every_beginning(&file, of_three);
    ti_buffer_free(&file);
}
END_TEST

START_TEST(many_rows)
{
    const outcome *result;

    bytes_init(&file);
    make_neg(&file, 5000, "\r\n");
    result = done("force=no");
    is_taken(result, "neg", 5000, 0);
    ck_assert_int_eq(result->report.trades, 5000 - 5000 / 11);
    ck_assert_int_eq(result->report.tickers, 97);
}
END_TEST

START_TEST(lines_that_are_too_long)
{
    static const size_t sizes[] = {4096, 4097, 20000, 300000};

    for (size_t i = 0; i < COUNT(sizes); i++) {
        begin(2);
        add_neg_row(&file, 0, false, "\n");
        add_repeated(&file, i % 2 == 0 ? 'x' : ';', sizes[i]);
        add(&file, "\n");
        add_neg_end(&file, "RT", 4, "\n");
        long_line_is(done("force=no"), 1, sizes[i]);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_whole_row,
        what_a_cell_may_be,
        what_a_cell_cannot_be,
        lines_of_another_kind,
        totals,
        line_ends,
        what_the_counts_may_be,
        ends_that_are_missing_or_too_many,
        truncated_at_every_byte,
        many_rows,
        lines_that_are_too_long,
    };

    return run_tests("neg", tests, COUNT(tests));
}
