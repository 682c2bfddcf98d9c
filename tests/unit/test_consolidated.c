/* Consolidated files: the status line, columns by their names, cells that are empty, quoted or in latin-1. */
#include <stdio.h>
#include <stdlib.h>

#include "verdict.h"

static ti_buffer file;

#define HEAD CONSOLIDATED_FINAL "\n" CONSOLIDATED "\n"
#define ROW "2026-09-29;PETR4;BRPETRACNPR6;CASH;47,89;49,1;48,69;49,1;-0,77;51,2;13,765;50;38252;24026900;1162760321,04"

static void begin(const char *text)
{
    bytes_init(&file);
    add(&file, "%s", text);
}

static outcome *done(const char *option)
{
    outcome *result = read_with(&file, option);

    ti_buffer_free(&file);
    return result;
}

static void takes(const outcome *result, size_t rows, int64_t rejected)
{
    is_taken(result, "consolidated", rows, rejected);
}

static void is_refused(const char *option, const char *why)
{
    const outcome *result = done(option);

    ck_assert_int_eq(result->status, TICKER_FAILED);
    ck_assert_int_eq(result->error.kind, TICKER_ERROR_INPUT);
    ck_assert_msg(strstr(result->error.message, why) != NULL, "%s", result->error.message);
}

/* A cell of the first row of a file. */
static const char *first_cell(const char *text, unsigned column)
{
    static char shown[4][80];
    static unsigned next;
    const ticker_batch *batch;
    ticker_reader *reader = first_batch(text, strlen(text), &batch);
    char *to = shown[next++ % 4];

    (void)snprintf(to, sizeof(shown[0]), "%s", cell_text(batch, column, 0));
    ticker_reader_free(reader);
    return to;
}

START_TEST(a_whole_row)
{
    static const char *const texts[TICKER_QUOTE_COLUMNS] = {
        [TICKER_QUOTE_TICKER] = "PETR4",
        [TICKER_QUOTE_DATE] = "2026-09-29",
        [TICKER_QUOTE_MARKET] = "010",
        [TICKER_QUOTE_HIGH] = "49.10",
        [TICKER_QUOTE_LOW] = "47.89",
        [TICKER_QUOTE_AVERAGE] = "48.69",
        [TICKER_QUOTE_CLOSE] = "49.10",
        [TICKER_QUOTE_TRADES] = "38252",
        [TICKER_QUOTE_VOLUME] = "24026900",
        [TICKER_QUOTE_TURNOVER] = "1162760321.04",
        [TICKER_QUOTE_TURNOVER_REST] = "0",
        [TICKER_QUOTE_ISIN] = "BRPETRACNPR6",
        [TICKER_QUOTE_SOURCE] = "consolidated",
        [TICKER_QUOTE_SEGMENT] = "CASH",
        [TICKER_QUOTE_REFERENCE_PRICE] = "50.00",
        [TICKER_QUOTE_OSCILLATION] = "-0.77",
        [TICKER_QUOTE_SETTLEMENT] = "51.20",
        [TICKER_QUOTE_SETTLEMENT_TAX] = "13.765",
    };
    const ticker_batch *batch;
    ticker_reader *reader;

    begin(HEAD ROW "\n");
    reader = first_batch(file.data, file.size, &batch);
    ck_assert_int_eq(ticker_batch_table(batch), TICKER_QUOTES);
    ck_assert_uint_eq(ticker_batch_line(batch, 0), 3);
    for (unsigned i = 0; i < TICKER_QUOTE_COLUMNS; i++)
        ck_assert_str_eq(cell_text(batch, i, 0), texts[i] != NULL                                           ? texts[i]
                                                 : ticker_column_type(TICKER_QUOTES, i) == TICKER_TYPE_TEXT ? ""
                                                                                                            : "null");
    ticker_reader_free(reader);
    takes(done("force=no"), 1, 0);
}
END_TEST

START_TEST(empty_cells_are_null)
{
    const outcome *result;
    static const char text[] = HEAD "2026-09-29;A1MDL295;;;;;;;;;;;;;\n";

    for (unsigned i = 0; i < TICKER_QUOTE_COLUMNS; i++)
        if (i > TICKER_QUOTE_DATE && i != TICKER_QUOTE_SOURCE && i != TICKER_QUOTE_TURNOVER_REST)
            ck_assert_str_eq(first_cell(text, i),
                             ticker_column_type(TICKER_QUOTES, i) == TICKER_TYPE_TEXT ? "" : "null");
    begin(text);
    result = done("force=no");
    takes(result, 1, 0);
    ck_assert_int_eq(result->report.trades, 0);
    ck_assert_int_eq(result->report.volume, 0);
    ck_assert_str_eq(result->report.turnover_text, "0.00");
}
END_TEST

START_TEST(totals)
{
    const outcome *result;
    int64_t records = 0;

    begin(HEAD ROW "\n");
    add(&file, "2026-09-28;PETR4F;BRPETRACNPR6;ODD LOT;1;1;1;1;;;;;2;3;4,56789\n");
    add(&file, "2026-09-30;IMAB11;BRIMABCTF004;FORWARD;1;1;1;1;;;;;5;7;0,1\n");
    result = done("force=no");
    takes(result, 3, 0);
    ck_assert_int_eq(result->report.trades, 38259);
    ck_assert_int_eq(result->report.volume, 24026910);
    ck_assert_str_eq(result->report.turnover_text, "1162760325.70789");
    ck_assert_str_eq(ticker_report_text(&result->report, TICKER_REPORT_FIRST_DATE), "2026-09-28");
    ck_assert_str_eq(ticker_report_text(&result->report, TICKER_REPORT_LAST_DATE), "2026-09-30");
    ck_assert_int_eq(ticker_report_integer(&result->report, TICKER_REPORT_DECLARED), TICKER_NULL);
    ck_assert_uint_eq(ticker_report_market_count(&result->report), 2); /* FORWARD is none for certain */
    ck_assert_str_eq(ticker_report_market(&result->report, 1, &records), "020");
    ck_assert_int_eq(records, 1);
}
END_TEST

START_TEST(segments_and_markets)
{
    static const struct {
        const char *segment, *market;
    } cases[] = {
        {"CASH", "010"},      {"ODD LOT", "020"}, {"EQUITY CALL", "070"}, {"EQUITY PUT", "080"}, {"FORWARD", ""},
        {"AGRIBUSINESS", ""}, {"FINANCIAL", ""},  {"cash", ""},           {"CASH2", ""},         {"", ""}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[1024];

        (void)snprintf(text, sizeof(text), HEAD "2026-09-29;X;;%s;;;;;;;;;1;2;3\n", cases[i].segment);
        ck_assert_str_eq(first_cell(text, TICKER_QUOTE_SEGMENT), cases[i].segment);
        ck_assert_str_eq(first_cell(text, TICKER_QUOTE_MARKET), cases[i].market);
    }
}
END_TEST

/* --- The status ---------------------------------------------------------------------------------------------------------------- */

START_TEST(the_status_must_be_final)
{
    static const char *const final[] = {CONSOLIDATED_FINAL "\n",
                                        CONSOLIDATED_FINAL "\r\n",
                                        CONSOLIDATED_FINAL ";;;\n",
                                        "Status do Arquivo:Final \n",
                                        "\xef\xbb\xbf" CONSOLIDATED_FINAL "\n",
                                        ""};
    static const char *const other[] = {
        "Status do Arquivo: Preliminar\n",      "Status do Arquivo: final\n",      "Status do Arquivo:\n",
        "Status do Arquivo: Parcial;Final\r\n", "Status do Arquivo: Finalizado\n", "Status do Arquivo: N\xe3o final\n"};

    for (size_t i = 0; i < COUNT(final); i++) {
        begin(final[i]);
        add(&file, CONSOLIDATED "\n" ROW "\n");
        takes(done("force=no"), 1, 0);
    }
    for (size_t i = 0; i < COUNT(other); i++) {
        const outcome *result;

        begin(other[i]);
        add(&file, CONSOLIDATED "\n" ROW "\n");
        result = read_with(&file, "force=no");
        ck_assert_int_eq(result->status, TICKER_FAILED);
        ck_assert_msg(strstr(result->error.message, "the file's status is \"") != NULL, "%s", result->error.message);
        ck_assert_uint_eq(result->error.line, 1);
        ck_assert(is_utf8(result->error.message));
        result = done("force=yes");
        takes(result, 1, 0);
        ck_assert_int_eq(result->report.complete, 0);
    }
}
END_TEST

/* --- Columns ------------------------------------------------------------------------------------------------------------------- */

START_TEST(columns_by_their_names)
{
    const outcome *result;

    begin("LastPric;SgmtNm;Novo;RptDt;TckrSymb\n49,1;CASH;x;2026-09-29;PETR4\n");
    ck_assert_str_eq(first_cell(ti_buffer_string(&file), TICKER_QUOTE_CLOSE), "49.10");
    ck_assert_str_eq(first_cell(ti_buffer_string(&file), TICKER_QUOTE_VOLUME), "null");
    result = done("on-error=reject");
    takes(result, 1, 0);
    problem_is(result, 0, 1, 17, "column \"Novo\" is not known and not stored");
    begin("\xef\xbb\xbf\"RptDt\";\"TckrSymb\";\"SgmtNm\";\"NtlFinVol\"\r\n2026-09-29;PETR4;CASH;1,5\r\n");
    takes(done("force=no"), 1, 0);
}
END_TEST

START_TEST(headers_that_cannot_be)
{
    begin(CONSOLIDATED_FINAL "\nRptDt;TckrSymb;LastPric\n");
    is_refused("force=yes", "the header has no column SgmtNm");
    begin(CONSOLIDATED_FINAL "\nRptDt;TckrSymb;SgmtNm;ISIN\nx\n");
    is_refused("force=yes", "no column of prices or volumes");
    begin(CONSOLIDATED_FINAL "\n" CONSOLIDATED ";ISIN\n");
    is_refused("force=yes", "the header has column ISIN twice");
    begin(CONSOLIDATED_FINAL "\n\"RptDt;TckrSymb;LastPric\n");
    is_refused("force=yes", "in the header a quote is not closed");
    begin(CONSOLIDATED_FINAL);
    is_refused("force=no", "truncated");
    begin(CONSOLIDATED_FINAL "\n");
    is_refused("force=yes", "the header has no column RptDt");
    begin(CONSOLIDATED_FINAL "\n" CONSOLIDATED "\n");
    is_refused("force=no", "a header and no rows");
    begin("");
    is_refused("format=consolidated", "the file is empty");
    begin("<!DOCTYPE html><html><body>Not found</body></html>");
    is_refused("force=yes", "this is a web page (HTML)");
}
END_TEST

/* --- Cells --------------------------------------------------------------------------------------------------------------------- */

START_TEST(quoted_cells)
{
    const outcome *result;
    static const char text[] = HEAD
        "\"2026-09-29\";\"PETR4\";\"BR;PETR\";\"A \"\"B\"\" C\";\"47,89\";\"\";;;;;;;\"1\";\"2\";\"3,5\"\n";

    ck_assert_str_eq(first_cell(text, TICKER_QUOTE_TICKER), "PETR4");
    ck_assert_str_eq(first_cell(text, TICKER_QUOTE_ISIN), "BR;PETR");
    ck_assert_str_eq(first_cell(text, TICKER_QUOTE_SEGMENT), "A \"B\" C");
    ck_assert_str_eq(first_cell(text, TICKER_QUOTE_LOW), "47.89");
    ck_assert_str_eq(first_cell(text, TICKER_QUOTE_HIGH), "null");
    ck_assert_str_eq(first_cell(text, TICKER_QUOTE_TURNOVER), "3.50");
    begin(text);
    file.size--; /* also as the last line, without its end */
    takes(done("on-error=reject"), 1, 0);
    begin(HEAD ROW "\n\"2026-09-29;PETR4;BRPETRACNPR6;CASH;1;1;1;1;;;;;1;1;1\n" ROW "\n");
    result = done("force=no"); /* a quote does not reach beyond its line */
    takes(result, 2, 1);
    problem_is(result, 0, 4, 1, "a quote is not closed");
    begin(HEAD "2026-09-29;\"PETR4\"x;BRPETRACNPR6;CASH;1;1;1;1;;;;;1;1;1\n" ROW "\n");
    result = done("force=no");
    takes(result, 1, 1);
    problem_is(result, 0, 3, 1, "behind a closing quote");
    begin(HEAD "\"2026-09-29;PETR4\";BRPETRACNPR6;CASH;1;1;1;1;;;;;1;1;1\n" ROW "\n");
    result = done("force=no");
    takes(result, 1, 1);
    problem_is(result, 0, 3, 1, "14 columns instead of 15");
    begin(HEAD "2026-09-29;\"PETR4\";BRPETRACNPR6;CASH;\"x\";1;1;1;;;;;1;1;1\n" ROW "\n");
    result = done("force=no");
    takes(result, 1, 1);
    problem_is(result, 0, 3, 0, "MinPric \"x\" is no price");
}
END_TEST

START_TEST(latin_1_and_utf_8)
{
    ck_assert_str_eq(first_cell(HEAD "2026-09-29;X;;A\xc7\xd5"
                                     "ES;;;;;;;;;;;\n",
                                TICKER_QUOTE_SEGMENT),
                     "A\xc3\x87\xc3\x95"
                     "ES");
    ck_assert_str_eq(first_cell(HEAD "2026-09-29;X;;A\xc3\x87\xc3\x95"
                                     "ES;;;;;;;;;;;\n",
                                TICKER_QUOTE_SEGMENT),
                     "A\xc3\x87\xc3\x95"
                     "ES");
    ck_assert_str_eq(first_cell(HEAD "2026-09-29; \xc9 ;;\"\xc9\";;;;;;;;;;;\n", TICKER_QUOTE_TICKER), "\xc3\x89");
}
END_TEST

START_TEST(texts_that_are_as_long_as_they_may_be)
{
    for (size_t size = TICKER_SEGMENT_MAX / 2; size <= TICKER_SEGMENT_MAX / 2 + 1; size++) {
        begin(HEAD ROW "\n2026-09-29;X;;");
        add_repeated(&file, '\xc9', size);
        add(&file, ";;;;;;;;;;;\n");
        takes(done("force=no"), size == TICKER_SEGMENT_MAX / 2 ? 2 : 1, size > TICKER_SEGMENT_MAX / 2);
    }
    begin(CONSOLIDATED_FINAL "\n" CONSOLIDATED "\n");
    for (size_t i = 0; i < 1100; i++) { /* more than a batch of them */
        add(&file, "2026-09-29;");
        add_repeated(&file, 'T', TICKER_TICKER_MAX);
        add(&file, ";");
        add_repeated(&file, 'I', 24);
        add(&file, ";");
        add_repeated(&file, '\xc9', TICKER_SEGMENT_MAX / 2);
        add(&file, ";;;;;;;;;;;\n");
    }
    takes(done("force=no"), 1100, 0);
}
END_TEST

START_TEST(cells_that_cannot_be)
{
    static const struct {
        unsigned number;
        const char *text, *why;
    } cases[] = {
        {0, "", "RptDt \"\" is no date"},
        {0, "29/09/2026", "is no date"},
        {0, "2026-02-29", "is no date"},
        {1, "", "TckrSymb \"\" is no trading code"},
        {1, "  ", "is no trading code"},
        {1, "123456789012345678901234567890123456789012345678901", "is no trading code"},
        {1, "PE\x01R4", "is no trading code"},
        {2, "1234567890123456789012345", "is no ISIN"},
        {3, "A\tB", "is no segment"},
        {4, "47.89", "MinPric \"47.89\" is no price"},
        {5, "1.047,89", "is no price"},
        {6, "-", "is no price"},
        {7, "1,2345678", "is no price"},
        {8, "0,77%", "OscnPctg \"0,77%\" is no percentage"},
        {9, "9223372036855", "is no price"},
        {10, "x", "AdjstdQtTax \"x\" is no rate"},
        {11, ",5", "RefPric"},
        {12, "1,5", "TradQty \"1,5\" is no number"},
        {12, "-1", "is no number"},
        {13, "1e3", "is no number"},
        {14, "1,0000001", "NtlFinVol"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const outcome *result;
        size_t column = 0;

        begin(HEAD);
        for (unsigned k = 0; k < 15; k++) {
            column = k == cases[i].number ? file.size - strlen(HEAD) + 1 : column;
            add(&file, "%s%s",
                k == cases[i].number ? cases[i].text
                : k == 0             ? "2026-09-29"
                : k == 1             ? "X"
                                     : "",
                k < 14 ? ";" : "\n");
        }
        add(&file, ROW "\n");
        result = done("force=no");
        takes(result, 1, 1);
        problem_is(result, 0, 3, column, cases[i].why);
    }
    begin(HEAD "2026-09-29;X;;;;;;\n");
    is_refused("on-error=reject", "the row has 8 columns instead of 15");
}
END_TEST

START_TEST(numbers_that_can_be)
{
    static const char text[] = HEAD
        "2026-09-29;X;;;-1,5;9223372036854,775807;0;1,2000000000;;;;;4055993;999999999999999999;9999999999999,99\n";

    ck_assert_str_eq(first_cell(text, TICKER_QUOTE_LOW), "-1.50");
    ck_assert_str_eq(first_cell(text, TICKER_QUOTE_HIGH), "9223372036854.775807");
    ck_assert_str_eq(first_cell(text, TICKER_QUOTE_AVERAGE), "0.00");
    ck_assert_str_eq(first_cell(text, TICKER_QUOTE_CLOSE), "1.20");
    ck_assert_str_eq(first_cell(text, TICKER_QUOTE_VOLUME), "999999999999999999");
    ck_assert_str_eq(first_cell(text, TICKER_QUOTE_TURNOVER),
                     "9999999999999.99"); /* more than fits with six decimals */
}
END_TEST

/* --- Ends ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(line_ends)
{
    static const char *const ends[] = {"\n", "\r\n"};

    for (size_t i = 0; i < COUNT(ends); i++) {
        const outcome *result;

        bytes_init(&file);
        make_consolidated(&file, 200, ends[i]);
        result = read_with(&file, "force=no");
        takes(result, 200, 0);
        ck_assert_int_eq(result->report.complete, 1);
        file.size -= strlen(ends[i]);
        takes(done("force=no"), 200, 0);
    }
    begin(CONSOLIDATED_FINAL "\n\n" CONSOLIDATED "\n" ROW "\n"); /* a blank line is no header */
    is_refused("force=yes", "the header has no column RptDt");
    begin(HEAD "\n" ROW "\n\n\r\n");
    takes(done("force=no"), 1, 0);
}
END_TEST

#define HEAD_SIZE (sizeof(HEAD) - 1)

/* Of two rows. That the last cell was cut off, or its decimals, cannot be seen. */
static beginning of_two(size_t size)
{
    const size_t row = strlen(ROW), last = strlen("1162760321,04");
    const size_t rows = size >= HEAD_SIZE ? (size - HEAD_SIZE) / (row + 1) : 0;
    const size_t into = size >= HEAD_SIZE ? (size - HEAD_SIZE) % (row + 1) : 0;
    /* A name that begins like another one: "AdjstdQt" of "AdjstdQtTax". */
    const size_t twice = HEAD_SIZE - strlen("Tax;RefPric;TradQty;FinInstrmQty;NtlFinVol\n");
    const bool unseen = into >= row - last && into != row - last + strlen("1162760321,");

    return (beginning){.whole = size > HEAD_SIZE && (into == 0 || unseen),
                       .known = size != twice &&
                                size >=
                                    HEAD_SIZE - strlen(";MaxPric;TradAvrgPric;LastPric;OscnPctg;AdjstdQt;AdjstdQtTax;"
                                                       "RefPric;TradQty;FinInstrmQty;NtlFinVol\n"),
                       .rows = rows + unseen,
                       .refusal = size == HEAD_SIZE ? "no rows" : "truncated"};
}

START_TEST(truncated_at_every_byte)
{
    begin(HEAD ROW "\n" ROW "\n");
    every_beginning(&file, of_two);
    ti_buffer_free(&file);
}
END_TEST

START_TEST(lines_that_are_too_long)
{
    static const size_t sizes[] = {4096, 4097, 20000, 300000};

    for (size_t i = 0; i < COUNT(sizes); i++) {
        begin(CONSOLIDATED "\n" ROW "\n");
        add_repeated(&file, "x;\""[i % 3], sizes[i]);
        add(&file, "\n");
        long_line_is(done("force=no"), 1, sizes[i]);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_whole_row,
        empty_cells_are_null,
        totals,
        segments_and_markets,
        the_status_must_be_final,
        columns_by_their_names,
        headers_that_cannot_be,
        quoted_cells,
        latin_1_and_utf_8,
        texts_that_are_as_long_as_they_may_be,
        cells_that_cannot_be,
        numbers_that_can_be,
        line_ends,
        truncated_at_every_byte,
        lines_that_are_too_long,
    };

    return run_tests("consolidated", tests, COUNT(tests));
}
