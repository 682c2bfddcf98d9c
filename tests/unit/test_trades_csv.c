/* NEGOCIOSAVISTA as a file: columns by their names, last rows, lines that do not end. */
#include <stdio.h>
#include <stdlib.h>

#include "trades_file.h"

/* --- Columns -------------------------------------------------------------------------------------------------------------------- */

START_TEST(eleven_and_twelve_columns)
{
    begin(TRADES_11, "\n");
    add(&file, ROW "\n");
    first_is_row("");
    takes(done("force=no"), 1, 0);
    begin(TRADES_12, "\r\n");
    add(&file, ROW ";1\r\n" ROW ";\r\n");
    first_is_row("1");
    takes(done("force=no"), 2, 0);
}
END_TEST

START_TEST(a_byte_order_mark)
{
    begin("\xef\xbb\xbf" TRADES_12, "\r\n");
    add(&file, ROW ";1\r\n");
    first_is_row("1");
    takes(done("force=no"), 1, 0);
}
END_TEST

START_TEST(another_order)
{
    begin(
        "TipoDoCanal;CodigoParticipanteVendedor;CodigoParticipanteComprador;DataNegocio;TipoSessaoPregao;"
        "CodigoIdentificadorNegocio;HoraFechamento;QuantidadeNegociada;PrecoNegocio;AcaoAtualizacao;CodigoInstrumento;"
        "DataReferencia",
        "\n");
    add(&file, "7;3;127;2025-04-28;1;10;024810098;118;5,970;0;DDIN25;2025-04-29\r\n");
    first_is_row("7");
    takes(done("force=no"), 1, 0);
}
END_TEST

START_TEST(unknown_columns)
{
    const outcome *result;

    begin("Novo;" TRADES_12 ";Outro;", "\n");
    add(&file, "x;" ROW ";1;\xff\xfe;\n;" ROW ";1;;\n");
    first_is_row("1");
    result = done("on-error=reject");
    takes(result, 2, 0);
    ck_assert_uint_eq(ticker_report_problem_count(&result->report), 3);
    problem_is(result, 0, 1, 1, "\"Novo\" is not known");
    problem_is(result, 1, 1, 6 + strlen(TRADES_12 ";"), "\"Outro\"");
    problem_is(result, 2, 1, 12 + strlen(TRADES_12 ";"), "\"\"");
}
END_TEST

START_TEST(unknown_columns_of_any_name)
{
    const outcome *result;

    begin("Pre\xe7o;ABCDEFGHIJABCDEFGHIJABCDEFGHIJABCDEFGHI\xc3\x89;" TRADES_12, "\n");
    add(&file, "x;;" ROW ";1\n");
    result = done("force=no");
    takes(result, 1, 0);
    ck_assert_uint_eq(ticker_report_problem_count(&result->report), 2);
    problem_is(result, 0, 1, 1, "column \"Pre\xef\xbf\xbdo\" is not known and not stored");
    problem_is(result, 1, 1, 7, "column \"ABCDEFGHIJABCDEFGHIJABCDEFGHIJABCDEFGHI\" is not known and not stored");
}
END_TEST

START_TEST(headers_that_lack_a_column)
{
    ti_slice rest = {TRADES_11, strlen(TRADES_11)};

    for (unsigned i = 0; i < 11; i++) { /* each column but one */
        const char *start = rest.data, *end = memchr(start, ';', rest.size);
        size_t size = end != NULL ? (size_t)(end - start) : rest.size;
        char header[512], name[64];
        const outcome *result;

        (void)snprintf(header, sizeof(header), "%.*sOther%s", (int)(start - TRADES_11), TRADES_11, start + size);
        (void)snprintf(name, sizeof(name), "no column %.*s", (int)size, start);
        begin(header, "\n");
        add(&file, ROW "\n");
        result = done("force=yes");
        ck_assert_int_eq(result->status, TICKER_FAILED);
        ck_assert_int_eq(result->error.kind, TICKER_ERROR_INPUT);
        ck_assert_msg(strcmp(result->error.message + strlen("the header has "), name) == 0, "%s",
                      result->error.message);
        ck_assert_uint_eq(result->error.line, 1);
        rest = (ti_slice){start + size + 1, rest.size - size - (end != NULL)};
    }
}
END_TEST

START_TEST(headers_that_cannot_be)
{
    const outcome *result;

    begin(TRADES_12 ";DataNegocio", "\n");
    result = done("force=no");
    ck_assert_int_eq(result->status, TICKER_FAILED);
    ck_assert_ptr_nonnull(strstr(result->error.message, "DataNegocio twice"));
    begin(TRADES_12, "");
    add_repeated(&file, ';', TICKER_CSV_COLUMNS_MAX - 12);
    add(&file, "\n");
    takes(done("force=yes"), 0, 0);
    begin(TRADES_12, "");
    add_repeated(&file, ';', TICKER_CSV_COLUMNS_MAX - 11);
    add(&file, "\n");
    result = done("format=trades");
    ck_assert_int_eq(result->status, TICKER_FAILED);
    ck_assert_int_eq(result->error.kind, TICKER_ERROR_LIMIT);
    for (size_t size = TICKER_LINE_MAX; size <= TICKER_LINE_MAX + 1; size++) {
        begin(TRADES_12 ";", "");
        add_repeated(&file, 'x', size - file.size);
        add(&file, "\r\n" ROW ";1;x\r\n");
        result = done("format=trades");
        if (size == TICKER_LINE_MAX) {
            takes(result, 1, 0);
        } else {
            ck_assert_int_eq(result->status, TICKER_FAILED);
            ck_assert_int_eq(result->error.kind, TICKER_ERROR_LIMIT);
        }
    }
    begin("colour;shape", "\n"); /* made to be trades */
    result = done("format=trades");
    ck_assert_int_eq(result->status, TICKER_FAILED);
    ck_assert_ptr_nonnull(strstr(result->error.message, "no column"));
}
END_TEST

START_TEST(a_header_alone)
{
    static const char *const ends[] = {"\n", "\r\n", "", "\r"}; /* the last two: cut off in the first line */

    for (size_t i = 0; i < COUNT(ends); i++) {
        const outcome *result;

        begin(TRADES_12, ends[i]);
        result = done("force=yes");
        takes(result, 0, 0);
        ck_assert_int_eq(result->report.lines, 1);
        ck_assert_int_eq(result->report.complete, 0);
        ck_assert_uint_eq(result->members, 1);
        begin(TRADES_12, ends[i]);
        result = done("force=no");
        ck_assert_int_eq(result->status, TICKER_FAILED);
        ck_assert_ptr_nonnull(strstr(result->error.message, i < 2 ? "no rows" : "truncated"));
    }
}
END_TEST

/* --- Ends ----------------------------------------------------------------------------------------------------------------------- */

START_TEST(the_last_line_end_may_be_missing)
{
    static const char *const ends[] = {"\n", "\r\n"};

    for (size_t i = 0; i < COUNT(ends); i++) {
        const outcome *result;
        size_t lines;

        bytes_init(&file);
        make_trades(&file, 500, ends[i]);
        file.size -= strlen(ends[i]);
        result = done("force=no");
        takes(result, 500, 0);
        lines = (size_t)result->report.lines;
        ck_assert_uint_eq(lines, 501);
        ck_assert_int_eq(result->report.complete, 1);
    }
    begin(TRADES_11, "\r\n");
    add(&file, ROW "\r");
    takes(done("force=no"), 1, 0);
}
END_TEST

#define CUT_HEADER (sizeof(TRADES_12 "\n") - 1)
#define CUT_ROW "2025-04-29;TK1;0;1,007;2;100001031;20;1;2025-04-29;127;4;1"

/* Of a header and three rows. A row is whole without its line end; that its last cell (empty in some rows) was cut off cannot be seen. */
static beginning of_three_rows(size_t size)
{
    const size_t row = strlen(CUT_ROW), rows = size >= CUT_HEADER ? (size - CUT_HEADER) / (row + 1) : 0,
                 into = size >= CUT_HEADER ? (size - CUT_HEADER) % (row + 1) : 0;
    const bool unseen = into >= row - 1;

    return (beginning){.whole = size > CUT_HEADER && (into == 0 || unseen),
                       .known = size >= strlen(TRADES_11), /* all columns but one that may be missing */
                       .rows = rows + unseen,
                       .refusal = size == CUT_HEADER ? "no rows" : "truncated"};
}

START_TEST(truncated_at_every_byte)
{
    begin(TRADES_12, "\n");
    for (int i = 0; i < 3; i++)
        add(&file, CUT_ROW "\n");
    every_beginning(&file, of_three_rows);
    ti_buffer_free(&file);
}
END_TEST

/* What comes of a long line must not depend on where blocks of bytes end. */
static void with_long_line(size_t before, size_t size, char filling, const char *end)
{
    begin(TRADES_12, "\n");
    for (size_t i = 0; i < before; i++)
        add(&file, ROW ";1\n");
    add_repeated(&file, filling, size);
    add(&file, "%s", end);
    long_line_is(done("force=yes"), before, size);
}

START_TEST(lines_that_are_too_long)
{
    static const size_t sizes[] = {4095, 4096, 4097, 4098, 4099, 5000, 15000, 17000, 300000};
    static const char *const ends[] = {"\n", "\r\n", "", "\n" ROW ";1\n"};

    for (size_t before = 0; before < 600; before += before < 2 ? 1 : 137)
        for (size_t s = 0; s < COUNT(sizes); s++)
            for (size_t e = 0; e < 3; e++) {
                with_long_line(before, sizes[s], 'x', ends[e]);
                with_long_line(before, sizes[s], ';', ends[e]);
            }
    for (size_t s = 3; s < COUNT(sizes); s++) /* with a row behind it */
        with_long_line(2, sizes[s], 'x', ends[3]);
}
END_TEST

/* Even one that has the right number of cells, all of them good. */
START_TEST(a_long_line_that_could_be_a_row)
{
    for (size_t zeros = 1000; zeros < 9000; zeros += 1000) {
        const outcome *result;

        begin(TRADES_11, "\n");
        add(&file, "2025-04-29;DDIN25;0;5,970");
        add_repeated(&file, '0', zeros);
        add(&file, ";118;024810098;10;1;2025-04-28;127;3\n");
        result = done("force=no");
        if (zeros <= 4000)
            takes(result, 1, 0);
        else
            ck_assert_int_eq(result->error.kind, TICKER_ERROR_LIMIT);
    }
}
END_TEST

/* A row that was cut off is said to be that, also where wrong rows refuse the file. */
START_TEST(a_last_row_that_is_cut_off)
{
    static const char *const options[] = {"on-error=skip", "on-error=reject"};

    for (size_t i = 0; i < COUNT(options); i++) {
        const outcome *result;

        begin(TRADES_11, "\n");
        add(&file, ROW "\n2025-04-29;DDIN25;0;5,");
        result = done(options[i]);
        ck_assert_int_eq(result->status, TICKER_FAILED);
        ck_assert_ptr_nonnull(strstr(result->error.message, "in the middle of a row"));
        ck_assert_uint_eq(result->error.line, 3);
    }
}
END_TEST

START_TEST(many_rows)
{
    const outcome *result;

    bytes_init(&file);
    make_trades(&file, 30000, "\r\n");
    result = done("force=no");
    takes(result, 30000, 0);
    ck_assert_int_eq(result->report.trades, 30000 - 30000 / 11);
    ck_assert_int_eq(result->report.tickers, 97);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        eleven_and_twelve_columns,
        a_byte_order_mark,
        another_order,
        unknown_columns,
        unknown_columns_of_any_name,
        headers_that_lack_a_column,
        headers_that_cannot_be,
        a_header_alone,
        the_last_line_end_may_be_missing,
        truncated_at_every_byte,
        lines_that_are_too_long,
        a_long_line_that_could_be_a_row,
        a_last_row_that_is_cut_off,
        many_rows,
    };

    return run_tests("trades_csv", tests, COUNT(tests));
}
