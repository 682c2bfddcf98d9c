/* NEGOCIOSAVISTA: columns by their names, cells right and wrong, last rows, lines that do not end. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#define ROW "2025-04-29;DDIN25;0;5,970;118;024810098;10;1;2025-04-28;127;3"

static ti_buffer file;

static void begin(const char *header, const char *end)
{
    bytes_init(&file);
    add(&file, "%s%s", header, end);
}

static outcome *done(const char *option)
{
    static outcome result;
    ticker_options *options = make_options(option, NULL);

    read_bytes(&result, file.data, file.size, options);
    ticker_options_free(options);
    ti_buffer_free(&file);
    return &result;
}

static void takes(const outcome *result, size_t rows, int64_t rejected)
{
    ck_assert_msg(result->status == TICKER_OK, "%s", result->error.message);
    ck_assert_msg(result->rows == rows && result->report.rejected == rejected, "%zu rows, %lld rejected: %s",
                  result->rows, (long long)result->report.rejected,
                  result->report.problem_count > 0 ? result->report.problems[0].reason : "");
    ck_assert_str_eq(result->report.format, "trades");
}

static void problem(const outcome *result, size_t index, uint64_t line, uint64_t column, const char *text)
{
    uint64_t l = 0, c = 0;
    const char *reason = ticker_report_problem(&result->report, index, &l, &c);

    ck_assert_ptr_nonnull(reason);
    ck_assert_msg(strstr(reason, text) != NULL, "%s", reason);
    ck_assert_uint_eq(l, line);
    ck_assert_msg(c == column, "%s: column %llu", reason, (unsigned long long)c);
}

/* The cells of ROW in the order of ticker_trade_column. */
static const char *const row_texts[TICKER_TRADE_COLUMNS] = {
    [TICKER_TRADE_TICKER] = "DDIN25",
    [TICKER_TRADE_DATE] = "2025-04-28",
    [TICKER_TRADE_REFERENCE_DATE] = "2025-04-29",
    [TICKER_TRADE_SESSION] = "1",
    [TICKER_TRADE_ID] = "10",
    [TICKER_TRADE_ACTION] = "0",
    [TICKER_TRADE_TIME] = "02:48:10.098",
    [TICKER_TRADE_PRICE] = "5.970",
    [TICKER_TRADE_VOLUME] = "118",
    [TICKER_TRADE_BUYER] = "127",
    [TICKER_TRADE_SELLER] = "3",
    [TICKER_TRADE_CHANNEL] = "",
};

/* The first row of the file is ROW, with this channel. */
static void first_is_row(const char *channel)
{
    const ticker_batch *batch;
    ticker_reader *reader = first_batch(file.data, file.size, &batch);

    ck_assert_int_eq(ticker_batch_table(batch), TICKER_TRADES);
    ck_assert_uint_eq(ticker_batch_line(batch, 0), 2);
    for (unsigned i = 0; i < TICKER_TRADE_CHANNEL; i++)
        ck_assert_str_eq(cell_text(batch, i, 0), row_texts[i]);
    ck_assert_str_eq(cell_text(batch, TICKER_TRADE_CHANNEL, 0), channel);
    ticker_reader_free(reader);
}

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
    problem(result, 0, 1, 1, "\"Novo\" is not known");
    problem(result, 1, 1, 6 + strlen(TRADES_12 ";"), "\"Outro\"");
    problem(result, 2, 1, 12 + strlen(TRADES_12 ";"), "\"\"");
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
    takes(done("force=no"), 0, 0);
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
        ck_assert_int_eq(result->report.complete, i < 2);
        ck_assert_uint_eq(result->members, 1);
        begin(TRADES_12, ends[i]);
        result = done("force=no");
        ck_assert_int_eq(result->status, i < 2 ? TICKER_OK : TICKER_FAILED);
        ck_assert_uint_eq(result->error.line, i < 2 ? 0 : 1);
    }
}
END_TEST

/* --- Cells ---------------------------------------------------------------------------------------------------------------------- */

/* A row with another value in one place (0-based, in the order of B3's header). */
static void row_with(unsigned place, const char *value)
{
    static const char *const cells[] = {"2025-04-29", "DDIN25", "0",          "5,970", "118", "024810098",
                                        "10",         "1",      "2025-04-28", "127",   "3",   "1"};

    for (unsigned i = 0; i < COUNT(cells); i++)
        add(&file, "%s%s", i > 0 ? ";" : "", i == place ? value : cells[i]);
    add(&file, "\n");
}

static const unsigned columns[12] = {
    TICKER_TRADE_REFERENCE_DATE, TICKER_TRADE_TICKER, TICKER_TRADE_ACTION, TICKER_TRADE_PRICE,
    TICKER_TRADE_VOLUME,         TICKER_TRADE_TIME,   TICKER_TRADE_ID,     TICKER_TRADE_SESSION,
    TICKER_TRADE_DATE,           TICKER_TRADE_BUYER,  TICKER_TRADE_SELLER, TICKER_TRADE_CHANNEL};

/* Good cells: "value" shows as "text". A wrong row stands before, whose remains must not show. */
static void cell_is(unsigned place, const char *value, const char *text)
{
    const ticker_batch *batch;
    ticker_reader *reader;

    begin(TRADES_12, "\n");
    row_with(3, "x");
    row_with(place, value);
    row_with(0, "2025-04-29");
    reader = first_batch(file.data, file.size, &batch);
    ck_assert_msg(ticker_batch_rows(batch) == 2, "\"%s\" was refused", value);
    ck_assert_str_eq(cell_text(batch, columns[place], 0), text);
    for (unsigned i = 0; i < TICKER_TRADE_CHANNEL; i++)
        if (i != columns[place])
            ck_assert_str_eq(cell_text(batch, i, 0), row_texts[i]);
    for (unsigned i = 0; i < TICKER_TRADE_CHANNEL; i++)
        ck_assert_str_eq(cell_text(batch, i, 1), row_texts[i]);
    ticker_reader_free(reader);
    ti_buffer_free(&file);
}

static void cell_is_wrong(unsigned place, const char *value, size_t size, const char *why)
{
    static const char *const before[] = {"",
                                         "2025-04-29;",
                                         "2025-04-29;DDIN25;",
                                         "2025-04-29;DDIN25;0;",
                                         "2025-04-29;DDIN25;0;5,970;",
                                         "2025-04-29;DDIN25;0;5,970;118;",
                                         "2025-04-29;DDIN25;0;5,970;118;024810098;",
                                         "2025-04-29;DDIN25;0;5,970;118;024810098;10;",
                                         "2025-04-29;DDIN25;0;5,970;118;024810098;10;1;",
                                         "2025-04-29;DDIN25;0;5,970;118;024810098;10;1;2025-04-28;",
                                         "2025-04-29;DDIN25;0;5,970;118;024810098;10;1;2025-04-28;127;",
                                         "2025-04-29;DDIN25;0;5,970;118;024810098;10;1;2025-04-28;127;3;"};
    size_t at;
    const outcome *result;

    begin(TRADES_12, "\n");
    row_with(0, "2025-04-29");
    at = file.size + strlen(before[place]);
    row_with(place, size > 0 ? "\x01" : "");
    if (size > 0) { /* any bytes, zeros too */
        ti_buffer rest;

        bytes_init(&rest);
        add_bytes(&rest, file.data + at + 1, file.size - at - 1);
        file.size = at;
        add_bytes(&file, value, size);
        add_bytes(&file, rest.data, rest.size);
        ti_buffer_free(&rest);
    }
    row_with(0, "2025-04-29");
    result = done("force=no");
    ck_assert_msg(result->rows == 2 && result->report.rejected == 1, "\"%.*s\" was taken in column %u", (int)size,
                  value, place + 1);
    problem(result, 0, 3, strlen(before[place]) + 1, why);
    ck_assert(strncmp(result->report.problems[0].reason, ticker_column_b3_name(TICKER_TRADES, columns[place]),
                      strlen(ticker_column_b3_name(TICKER_TRADES, columns[place]))) == 0);
}

static void wrong(unsigned place, const char *value, const char *why)
{
    cell_is_wrong(place, value, strlen(value), why);
}

START_TEST(prices)
{
    cell_is(3, "-0,035", "-0.035");
    cell_is(3, "0,005", "0.005");
    cell_is(3, "4399,000", "4399.000");
    cell_is(3, "5571,25", "5571.250");
    cell_is(3, "12", "12.000");
    cell_is(3, "1,5", "1.500");
    cell_is(3, "1,1234", "1.1234");
    cell_is(3, "1,123456", "1.123456");
    cell_is(3, "1,1234560000", "1.123456");
    cell_is(3, "12345678,999", "12345678.999");
    cell_is(3, "-12345678,999", "-12345678.999");
    cell_is(3, "123456789,999", "123456789.999");
    cell_is(3, "0009,000", "9.000");
    cell_is(3, "-0,000", "0.000");
    cell_is(3, "9223372036854,775807", "9223372036854.775807");
    cell_is(3, "-9223372036854,775807", "-9223372036854.775807");
}
END_TEST

START_TEST(no_prices)
{
    static const char *const texts[] = {"",
                                        "-",
                                        ",",
                                        "5.970",
                                        "5,9701234",
                                        "--5,970",
                                        "+5,970",
                                        "5,-970",
                                        "5,97 ",
                                        " 5,970",
                                        "5,97x",
                                        "x5,970",
                                        "5x,970",
                                        "5,,970",
                                        "1.234,5",
                                        "5,",
                                        ",500",
                                        "-,500",
                                        "1e3",
                                        "-5,9x0",
                                        "9223372036854,775808",
                                        "9223372036855,000",
                                        "99999999999999999999,000",
                                        "5,970000000000000000000001",
                                        "\xb9,970",
                                        "12345,\xb9"
                                        "70"};

    for (size_t i = 0; i < COUNT(texts); i++)
        wrong(3, texts[i], "is no price");
}
END_TEST

START_TEST(numbers)
{
    cell_is(4, "999999999999999999", "999999999999999999");
    cell_is(4, "0", "0");
    cell_is(4, "000000000000000118", "118");
    cell_is(6, "12345678", "12345678");
    cell_is(6, "123456789", "123456789");
    cell_is(6, "12345678901234567", "12345678901234567");
    cell_is(2, "2", "2");
    cell_is(2, "32767", "32767");
    cell_is(9, "", "null");
    cell_is(10, "", "null");
    cell_is(9, "2147483647", "2147483647");
    cell_is(10, "0", "0");
    wrong(4, "9999999999999999999", "is no number");
    wrong(4, "0000000000000000118", "is no number");
    wrong(4, "", "is no number");
    wrong(4, "-1", "is no number");
    wrong(4, "1,5", "is no number");
    wrong(4, "12345678x", "is no number");
    wrong(4, "x12345678", "is no number");
    wrong(6, " 10", "is no number");
    wrong(6, "", "is no number");
    wrong(6, "1\xb2", "is no number");
    wrong(2, "", "is no action code");
    wrong(2, "N", "is no action code"); /* a mock had letters */
    wrong(2, "32768", "is no action code");
    wrong(9, "2147483648", "is no participant code");
    wrong(9, "-1", "is no participant code");
    wrong(10, "x", "is no participant code");
    wrong(10, " ", "is no participant code");
}
END_TEST

START_TEST(numbers_of_every_length)
{
    char number[32] = "", text[64];

    for (unsigned digits = 1; digits <= 20; digits++) {
        for (unsigned at = 0; at < digits; at++) {
            memset(number, '7', digits);
            number[digits] = '\0';
            if (at == 0 && digits <= 18)
                cell_is(4, number, number);
            else if (digits > 18)
                wrong(4, number, "is no number");
            number[at] = "/:;x"[at % 4] == ';' ? '-' : "/:;x"[at % 4]; /* the bytes around the digits */
            (void)snprintf(text, sizeof(text), "\"%s\" is no number", number);
            wrong(4, number, text);
        }
    }
}
END_TEST

START_TEST(dates_and_times)
{
    static const char *const no_dates[] = {"",         "2025-02-29",  "2025-4-29",  "29-04-2025", "2025/04/29",
                                           "20250429", "2025-04-29 ", "2025-04-2x", "0000-01-01", "2025-13-01"};
    static const char *const no_times[] = {"",          "24810098",  "0248100980", "240000000", "006000000",
                                           "000060000", "02481009x", "-24810098",  "02:48:10 "};

    cell_is(0, "2024-02-29", "2024-02-29");
    cell_is(8, "1999-12-31", "1999-12-31");
    cell_is(5, "000000000", "00:00:00.000");
    cell_is(5, "235959999", "23:59:59.999");
    cell_is(5, "000000001", "00:00:00.001");
    for (size_t i = 0; i < COUNT(no_dates); i++) {
        wrong(0, no_dates[i], "is no date");
        wrong(8, no_dates[i], "is no date");
    }
    for (size_t i = 0; i < COUNT(no_times); i++)
        wrong(5, no_times[i], "is no time");
}
END_TEST

/* The dates of the row before are remembered; in the first row there is none. */
START_TEST(a_date_of_zeros)
{
    static const char zeros[10];

    cell_is_wrong(0, zeros, 10, "is no date");
    cell_is_wrong(8, zeros, 10, "is no date");
    for (int place = 0; place < 2; place++) {
        const outcome *result;

        begin(TRADES_11, "\n");
        add(&file, "%s", place == 0 ? "" : "2025-04-29;DDIN25;0;5,970;118;024810098;10;1;");
        add_bytes(&file, zeros, 10);
        add(&file, "%s", place == 0 ? ";DDIN25;0;5,970;118;024810098;10;1;2025-04-28;127;3\n" : ";127;3\n");
        result = done("force=no");
        takes(result, 0, 1);
        problem(result, 0, 2, place == 0 ? 1 : 46, "is no date");
    }
}
END_TEST

START_TEST(codes)
{
    char longest[TICKER_TICKER_MAX + 2];

    memset(longest, 'T', sizeof(longest));
    longest[TICKER_TICKER_MAX] = '\0';
    cell_is(1, longest, longest);
    cell_is(1, "EGIE-DEB71L1", "EGIE-DEB71L1");
    cell_is(1, "1234567890123456", "1234567890123456");
    cell_is(1, "12345678901234567", "12345678901234567");
    cell_is(1, "!~", "!~");
    cell_is(7, "6", "6");
    cell_is(7, "12345678", "12345678");
    cell_is(11, "", "");
    cell_is(11, "Z", "Z");
    cell_is(2, "7", "7");
    longest[TICKER_TICKER_MAX] = 'T';
    longest[TICKER_TICKER_MAX + 1] = '\0';
    wrong(1, longest, "is no trading code");
    wrong(1, "", "is no trading code");
    wrong(1, "A B", "is no trading code");
    wrong(1, "\xc7", "is no trading code");
    wrong(1, "A\x7f", "is no trading code");
    wrong(1, "12345678901234567\x7f", "is no trading code");
    wrong(1, "12345678901234567 ", "is no trading code");
    wrong(1, "\xff", "is no trading code");
    wrong(1, "A\t", "is no trading code");
    cell_is_wrong(1, "A\0B", 3, "is no trading code");
    wrong(7, "", "is no session code");
    wrong(7, "123456789", "is no session code");
    wrong(7, " ", "is no session code");
    wrong(11, "123456789", "is no channel code");
    wrong(11, "\x7f", "is no channel code");
}
END_TEST

START_TEST(rows_with_other_counts_of_cells)
{
    const outcome *result;

    begin(TRADES_12, "\r\n");
    add(&file, ROW "\r\n" ROW ";1\r\n\r\n\r\n" ROW ";1;\r\nx\r\n;;;;;;;;;;;\r\n\r\n");
    result = done("force=no");
    takes(result, 1, 4);
    problem(result, 0, 2, 1, "11 columns instead of 12");
    problem(result, 1, 6, 1, "13 columns instead of 12");
    problem(result, 2, 7, 1, "1 columns");
    problem(result, 3, 8, 2, "CodigoInstrumento \"\" is no trading code");
    ck_assert_int_eq(result->report.lines, 9);
}
END_TEST

START_TEST(rejecting)
{
    const outcome *result;

    begin(TRADES_11, "\n");
    add(&file, ROW "\n2025-04-29;DDIN25;0;x;118;024810098;10;1;2025-04-28;127;3\n" ROW "\n");
    result = done("on-error=reject");
    ck_assert_int_eq(result->status, TICKER_FAILED);
    ck_assert_int_eq(result->error.kind, TICKER_ERROR_INPUT);
    ck_assert_uint_eq(result->error.line, 3);
    ck_assert_uint_eq(result->error.column, 21);
    ck_assert_str_eq(result->error.message, "PrecoNegocio \"x\" is no price");
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

/* Every length of a file either gives whole rows or is refused; with force the whole rows are taken. */
START_TEST(truncated_at_every_byte)
{
    static const char row[] = "2025-04-29;TK1;0;1,007;2;100001031;20;1;2025-04-29;127;4;1";
    size_t start;

    begin(TRADES_12, "\n");
    for (int i = 0; i < 3; i++)
        add(&file, "%s\n", row);
    start = strlen(TRADES_12) + 1;
    for (size_t size = 0; size < file.size; size++) {
        ticker_options *force = make_options("force=yes", NULL);
        size_t into = size >= start ? (size - start) % (strlen(row) + 1) : 0,
               rows = size >= start ? (size - start) / (strlen(row) + 1) : 0;
        /* A row is whole without its line end; that its last cell (empty in some rows) was cut off cannot be seen. */
        bool whole = size >= start && (into == 0 || into >= strlen(row) - 1);
        outcome result;

        read_bytes(&result, file.data, size, NULL);
        if (whole) {
            ck_assert_msg(result.status == TICKER_OK, "%zu bytes: %s", size, result.error.message);
            ck_assert_uint_eq(result.rows, rows + (into > 0));
            ck_assert_int_eq(result.report.complete, 1);
            ck_assert_int_eq(result.report.rejected, 0);
        } else {
            ck_assert_msg(result.status == TICKER_FAILED, "%zu bytes were taken", size);
            ck_assert_int_eq(result.error.kind, TICKER_ERROR_INPUT);
        }
        read_bytes(&result, file.data, size, force);
        if (size >= start && !whole) {
            ck_assert_int_eq(result.status, TICKER_OK);
            ck_assert_uint_eq(result.rows, rows);
            ck_assert_int_eq(result.report.complete, 0);
            ck_assert_ptr_nonnull(strstr(result.report.refusal, "truncated"));
        }
        ticker_options_free(force);
    }
    ti_buffer_free(&file);
}
END_TEST

/* What comes of a long line must not depend on where blocks of bytes end. */
static void with_long_line(size_t before, size_t size, char filling, const char *end)
{
    const outcome *result;

    begin(TRADES_12, "\n");
    for (size_t i = 0; i < before; i++)
        add(&file, ROW ";1\n");
    add_repeated(&file, filling, size);
    add(&file, "%s", end);
    result = done("force=yes");
    if (size > TICKER_LINE_MAX) {
        ck_assert_msg(result->status == TICKER_FAILED, "%zu bytes after %zu rows", size, before);
        ck_assert_int_eq(result->error.kind, TICKER_ERROR_LIMIT);
        ck_assert_uint_eq(result->error.line, before + 2);
    } else {
        ck_assert_msg(result->status == TICKER_OK, "%s", result->error.message);
        ck_assert_uint_eq(result->rows, before);
        ck_assert_int_eq(result->report.rejected, 1);
    }
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
        headers_that_lack_a_column,
        headers_that_cannot_be,
        a_header_alone,
        prices,
        no_prices,
        numbers,
        numbers_of_every_length,
        dates_and_times,
        a_date_of_zeros,
        codes,
        rows_with_other_counts_of_cells,
        rejecting,
        the_last_line_end_may_be_missing,
        truncated_at_every_byte,
        lines_that_are_too_long,
        a_long_line_that_could_be_a_row,
        many_rows,
    };

    return run_tests("trades_csv", tests, COUNT(tests));
}
