/* COTAHIST as a file: line ends, blank lines, header and trailer, what is truncated, put together or far too long. */
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>

static ti_buffer file;

static void begin(void)
{
    bytes_init(&file);
}

static void record(const char *ticker, const char *end)
{
    char bytes[RECORD];

    make_record(bytes);
    set_field(bytes, "CODNEG", ticker);
    add_record(&file, bytes, end);
}

static outcome *read_file(const char *option)
{
    return read_with(&file, option);
}

/* Reads it, forgets it. */
static outcome *done(const char *option)
{
    outcome *result = read_file(option);

    ti_buffer_free(&file);
    return result;
}

static void takes(const outcome *result, size_t rows, int64_t rejected)
{
    is_taken(result, "cotahist", rows, rejected);
    ck_assert_int_eq(result->report.complete, 1);
}

/* Refused without force, taken with it, and said to be incomplete. */
static void needs_force(const char *why, uint64_t line, size_t rows)
{
    outcome *result = read_file("force=no");

    ck_assert_int_eq(result->status, TICKER_FAILED);
    ck_assert_int_eq(result->error.kind, TICKER_ERROR_INPUT);
    ck_assert_msg(strstr(result->error.message, why) != NULL, "%s", result->error.message);
    ck_assert_uint_eq(result->error.line, line);
    ck_assert_str_eq(result->error.file, "memory");
    ck_assert_str_ne(result->error.hint, "");
    ck_assert_int_eq(result->report.complete, 0);
    result = done("force=yes");
    ck_assert_msg(result->status == TICKER_OK, "%s", result->error.message);
    ck_assert_uint_eq(result->rows, rows);
    ck_assert_int_eq(result->report.complete, 0);
    ck_assert_ptr_nonnull(strstr(result->report.refusal, why));
}

START_TEST(line_ends)
{
    static const char *const ends[] = {"\r\n", "\n"};

    for (size_t i = 0; i < COUNT(ends); i++) {
        const outcome *result;

        begin();
        make_cotahist(&file, 1000, ends[i]);
        result = read_file("force=no");
        takes(result, 1000, 0);
        ck_assert_int_eq(result->report.declared, 1002);
        ck_assert_int_eq(result->report.lines, 1002);
        ck_assert_int_eq(result->report.member_bytes, (int64_t)file.size);
        ck_assert_int_eq(result->report.records, 1000);
        file.size -= strlen(ends[i]); /* without the last line end */
        result = done("force=no");
        takes(result, 1000, 0);
        ck_assert_int_eq(result->report.lines, 1002);
    }
    begin(); /* both in one file, and a lone CR at the end */
    add_header(&file, "\n");
    record("A", "\r\n");
    record("B", "\n");
    record("C", "\r\n");
    add_trailer(&file, 5, "\r");
    takes(done("force=no"), 3, 0);
}
END_TEST

START_TEST(not_one_record_can_be_read)
{
    begin();
    add_header(&file, "\n");
    record("", "\n");
    record("", "\n");
    add_trailer(&file, 4, "\n");
    needs_force("not one row of the file can be read", 0, 0);
}
END_TEST

START_TEST(no_records)
{
    begin();
    add_header(&file, "\n");
    add_trailer(&file, 2, "\n");
    takes(done("force=no"), 0, 0);
    begin();
    add_header(&file, "\n");
    add_trailer(&file, 0, ""); /* counts records only */
    takes(done("force=no"), 0, 0);
}
END_TEST

START_TEST(blanks_cut_off_header_and_trailer)
{
    begin();
    add(&file, "00COTAHIST.2016BOVESPA 20160105\n");
    record("A", "\n");
    add(&file, "99COTAHIST.2016BOVESPA 2016010500000000003\n");
    takes(done("force=no"), 1, 0);
    begin();
    add(&file, "00COTAHIST.2016BOVESPA 20160105\r\n");
    record("A", "\r\n");
    add(&file, "99COTAHIST.2016BOVESPA 2016010500000000003 ");
    takes(done("force=no"), 1, 0);
}
END_TEST

START_TEST(blank_lines)
{
    const outcome *result;

    begin();
    add_header(&file, "\r\n");
    add(&file, "\n\r\n   \n \t \r\n");
    record("A", "\r\n\r\n");
    record("B", "\n\n");
    add_trailer(&file, 4, "\r\n");
    add(&file, "\r\n\x1a");
    result = done("force=no");
    takes(result, 2, 0);
    ck_assert_int_eq(result->report.lines, 12);
    begin();
    add_header(&file, "\n");
    record("A", "\n");
    add_trailer(&file, 3, "\n\x1a\n");
    takes(done("force=no"), 1, 0);
}
END_TEST

START_TEST(records_of_another_length)
{
    const outcome *result;
    char bytes[RECORD + 1];

    make_record(bytes);
    bytes[RECORD] = 'x';
    begin();
    add_header(&file, "\r\n");
    record("A", "\r\n");
    add_bytes(&file, bytes, RECORD - 1);
    add(&file, "\r\n");
    record("B", "\r\n");
    add_bytes(&file, bytes, RECORD + 1);
    add(&file, "\r\n01\r\n");
    record("C", "\r\n");
    add_trailer(&file, 8, "\r\n");
    result = done("force=no");
    takes(result, 3, 3);
    problem_is(result, 0, 3, 245, "the record has 244 bytes instead of 245");
    problem_is(result, 1, 5, 247, "the record has 246 bytes");
    problem_is(result, 2, 6, 3, "the record has 2 bytes");
}
END_TEST

START_TEST(lines_of_no_kind)
{
    const outcome *result;

    begin();
    add_header(&file, "\n");
    record("A", "\n");
    add(&file, "02something\n0\nxyz\n1\n");
    record("B", "\n");
    add_trailer(&file, 8, "\n"); /* counts every line */
    takes(read_file("force=no"), 2, 4);
    file.size -= 245 - 42 + 1 + 11;
    add(&file, "%011d\n", 4); /* or none of those that are no record */
    result = read_file("force=no");
    takes(result, 2, 4);
    problem_is(result, 0, 3, 1, "TIPREG");
    problem_is(result, 3, 6, 1, "TIPREG");
    result = done("on-error=reject");
    ck_assert_int_eq(result->status, TICKER_FAILED);
    ck_assert_uint_eq(result->error.line, 3);
    ck_assert_uint_eq(result->error.column, 1);
}
END_TEST

START_TEST(rejecting)
{
    const outcome *result;
    char bytes[RECORD];

    make_record(bytes);
    bytes[60] = 'x';
    begin();
    add_header(&file, "\n");
    record("A", "\n");
    add_record(&file, bytes, "\n");
    record("B", "\n");
    add_trailer(&file, 5, "\n");
    takes(read_file("on-error=skip"), 2, 1);
    result = done("on-error=reject");
    ck_assert_int_eq(result->status, TICKER_FAILED);
    ck_assert_int_eq(result->error.kind, TICKER_ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(result->error.message, "PREABE"));
    ck_assert_uint_eq(result->error.line, 3);
    ck_assert_uint_eq(result->error.column, 61);
}
END_TEST

START_TEST(the_first_hundred_problems)
{
    const outcome *result;
    char bytes[RECORD];

    make_record(bytes);
    bytes[60] = 'x';
    begin();
    add_header(&file, "\n");
    for (int i = 0; i < 5000; i++)
        add_record(&file, bytes, "\n");
    record("A", "\n");
    add_trailer(&file, 5003, "\n");
    result = done("force=no");
    takes(result, 1, 5000);
    ck_assert_uint_eq(ticker_report_problem_count(&result->report), TICKER_PROBLEMS_MAX);
    problem_is(result, TICKER_PROBLEMS_MAX - 1, TICKER_PROBLEMS_MAX + 1, 61, "PREABE");
}
END_TEST

/* --- Header and trailer --------------------------------------------------------------------------------------------------------- */

START_TEST(what_the_trailer_may_say)
{
    const outcome *result;

    begin();
    add_header(&file, "\n");
    record("A", "\n");
    record("B", "\n");
    add_trailer(&file, 2, "\n");
    result = done("force=no");
    takes(result, 2, 0);
    problem_is(result, 0, 4, 32, "counts the records without header and trailer");
    ck_assert_int_eq(result->report.declared, 2);
    for (uint64_t count = 0; count < 8; count++) {
        if (count == 2 || count == 4)
            continue;
        begin();
        add_header(&file, "\n");
        record("A", "\n");
        record("B", "\n");
        add_trailer(&file, count, "\n");
        needs_force("the trailer says", 4, 2);
    }
    begin();
    add_header(&file, "\n");
    record("A", "\n");
    add_trailer(&file, 99999999999, "\n");
    needs_force("the trailer says 99999999999 lines, the file has 3", 3, 1);
}
END_TEST

START_TEST(a_rejected_record_counts)
{
    begin();
    add_header(&file, "\n");
    record("A", "\n");
    record("", "\n");
    add_trailer(&file, 4, "\n");
    takes(done("force=no"), 1, 1);
}
END_TEST

START_TEST(trailers_that_cannot_be_read)
{
    begin();
    add_header(&file, "\n");
    record("A", "\n");
    add(&file, "99COTAHIST.2016BOVESPA 201601050000000000\n");
    needs_force("cut off before its number", 3, 1);
    begin();
    add_header(&file, "\n");
    record("A", "\n");
    add(&file, "99\n");
    needs_force("cut off before its number", 3, 1);
    begin();
    add_header(&file, "\n");
    record("A", "\n");
    add(&file, "99COTAHIST.2016BOVESPA 20160105000000 0003\n");
    needs_force("is no number", 3, 1);
}
END_TEST

START_TEST(without_trailer)
{
    begin();
    add_header(&file, "\n");
    record("A", "\n");
    record("B", "\n");
    needs_force("without a trailer", 3, 2);
    begin();
    add_header(&file, "\n");
    needs_force("without a trailer", 1, 0);
}
END_TEST

START_TEST(without_header)
{
    begin();
    record("A", "\n");
    record("B", "\n");
    add_trailer(&file, 4, "\n");
    needs_force("without a header", 1, 2);
    begin();
    record("A", "\n");
    needs_force("without a header", 1, 1);
    begin();
    add_trailer(&file, 1, "\n");
    needs_force("without a header", 1, 0);
}
END_TEST

START_TEST(a_header_that_is_too_short)
{
    const outcome *result;

    begin();
    add(&file, "00COTAHIST.2016\n");
    record("A", "\n");
    add_trailer(&file, 3, "\n");
    result = read_file("force=yes");
    problem_is(result, 0, 1, 1, "header");
    needs_force("without a header", 1, 1);
}
END_TEST

START_TEST(records_behind_the_trailer)
{
    begin();
    add_header(&file, "\n");
    record("A", "\n");
    add_trailer(&file, 3, "\n");
    record("B", "\n");
    record("C", "\n");
    needs_force("behind the trailer", 4, 3);
    begin(); /* two whole files one after the other */
    make_cotahist(&file, 3, "\n");
    make_cotahist(&file, 3, "\n");
    needs_force("behind the trailer", 6, 6);
}
END_TEST

START_TEST(a_header_in_the_middle)
{
    begin();
    add_header(&file, "\n");
    record("A", "\n");
    add_header(&file, "\n");
    record("B", "\n");
    add_trailer(&file, 5, "\n");
    needs_force("a header in the middle", 3, 2);
    begin();
    record("A", "\n");
    add_header(&file, "\n");
    add_trailer(&file, 3, "\n");
    needs_force("a header in the middle", 2, 1);
}
END_TEST

START_TEST(the_format_can_be_forced)
{
    ticker_options *options = make_options("format=cotahist", "force=yes", NULL);
    outcome result;

    begin();
    add(&file, "\n\n");
    record("A", "\n");
    read_bytes(&result, file.data, file.size, NULL);
    ck_assert_int_eq(result.status, TICKER_FAILED); /* not recognised behind blank lines */
    read_bytes(&result, file.data, file.size, options);
    ck_assert_int_eq(result.status, TICKER_OK);
    ck_assert_uint_eq(result.rows, 1);
    ticker_options_free(options);
    ti_buffer_free(&file);
}
END_TEST

/* --- Truncation ----------------------------------------------------------------------------------------------------------------- */

#define LINE (RECORD + 2) /* with CR and LF */
#define SHORT_LINE (RECORD + 1)

/* Of header, four records and trailer; behind the trailer's number there are blanks only. */
static beginning of_four(size_t size, size_t line)
{
    size_t rows = size < line ? 0 : (size - RECORD) / line; /* a record is whole without its line end */

    return (beginning){.whole = size >= 5 * line + 42,
                       .known = size >= 15, /* before, nobody can know what it was */
                       .rows = rows < 4 ? rows : 4,
                       .refusal = size < 31             ? "without a header" /* its date is not there yet */
                                  : size > 5 * line + 1 ? "the trailer is cut off"
                                                        : "truncated"};
}

static beginning of_four_lines(size_t size)
{
    return of_four(size, LINE);
}

static beginning of_four_short_lines(size_t size)
{
    return of_four(size, SHORT_LINE);
}

START_TEST(truncated_at_every_byte)
{
    begin();
    make_cotahist(&file, 4, "\r\n");
    every_beginning(&file, of_four_lines);
    ti_buffer_clear(&file);
    make_cotahist(&file, 4, "\n");
    every_beginning(&file, of_four_short_lines);
    ti_buffer_free(&file);
}
END_TEST

/* --- Lines that do not end ------------------------------------------------------------------------------------------------------- */

/* A line of `size` bytes stands after `before` records: what comes of it must not depend on where blocks of bytes end. */
static void with_long_line(size_t before, size_t size, const char *end, bool last)
{
    begin();
    add_header(&file, "\n");
    for (size_t i = 0; i < before; i++)
        record("A", "\n");
    add_repeated(&file, 'x', size);
    add(&file, "%s", end);
    if (!last)
        add_trailer(&file, before + 3, "\n");
    long_line_is(done("force=yes"), before, size); /* forced: the file may have no other line */
}

START_TEST(lines_that_are_too_long)
{
    static const size_t sizes[] = {4095, 4096, 4097, 4098, 4099, 5000, 10000, 300000};
    static const char *const ends[] = {"\n", "\r\n"};

    for (size_t before = 0; before < 20; before += before < 2 ? 1 : 17)
        for (size_t s = 0; s < COUNT(sizes); s++)
            for (size_t e = 0; e < COUNT(ends); e++) {
                with_long_line(before, sizes[s], ends[e], false);
                with_long_line(before, sizes[s], ends[e], true);
                with_long_line(before, sizes[s], "", true);
            }
    for (size_t before = 1000; before < 1100; before += 33) /* around the end of the first block and batch */
        for (size_t s = 0; s < COUNT(sizes); s++)
            with_long_line(before, sizes[s], "\n", false);
}
END_TEST

/* A line end within what looks like a record: two lines, wherever they stand. */
START_TEST(a_line_end_within_a_record)
{
    static const unsigned places[] = {2, 3, 20, 30, 49, 50, 51, 66, 165, 200, 235, 244};

    for (size_t i = 0; i < COUNT(places); i++)
        for (int end = 0; end < 2; end++) { /* with records behind it, and as the last one */
            const outcome *result;
            char bytes[RECORD];

            make_record(bytes);
            bytes[places[i]] = '\n';
            begin();
            add_header(&file, "\n");
            record("A", "\n");
            add_record(&file, bytes, "\n");
            if (end == 0)
                record("B", "\n");
            add_trailer(&file, end == 0 ? 5 : 4, "\n");
            result = done("force=yes");
            ck_assert_int_eq(result->status, TICKER_OK);
            ck_assert_uint_eq(result->rows, end == 0 ? 2 : 1);
            ck_assert_int_eq(result->report.lines, 5 + (end == 0));
            problem_is(result, 0, 3, places[i] + 1, "bytes instead of 245");
            ck_assert_int_eq(result->report.rejected, places[i] < 244 ? 2 : 1); /* the rest of it may be a blank line */
        }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        line_ends,
        no_records,
        not_one_record_can_be_read,
        blanks_cut_off_header_and_trailer,
        blank_lines,
        records_of_another_length,
        lines_of_no_kind,
        rejecting,
        the_first_hundred_problems,
        what_the_trailer_may_say,
        a_rejected_record_counts,
        trailers_that_cannot_be_read,
        without_trailer,
        without_header,
        a_header_that_is_too_short,
        records_behind_the_trailer,
        a_header_in_the_middle,
        the_format_can_be_forced,
        truncated_at_every_byte,
        lines_that_are_too_long,
        a_line_end_within_a_record,
    };

    return run_tests("cotahist_file", tests, COUNT(tests));
}
