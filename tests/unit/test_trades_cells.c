/* NEGOCIOSAVISTA cell by cell: what is taken, and what is said of the rest. */
#include <stdio.h>

#include "trades_file.h"

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
    one_is_rejected(done("force=no"), 2, 3, strlen(before[place]) + 1,
                    ticker_column_b3_name(TICKER_TRADES, columns[place]), why);
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
                                        ("12345,\xb9"
                                         "70")};

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
        add(&file, ROW "\n");
        result = done("force=no");
        takes(result, 1, 1);
        problem_is(result, 0, 2, place == 0 ? 1 : 46, "is no date");
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

/* What is said of a cell is UTF-8, whatever the cell holds, and no more than 40 bytes of it are shown. */
START_TEST(cells_in_messages)
{
    static const char forty[] = "9999999999999999999999999999999999999999";

    wrong(1, "A\xc7\xc3O", "CodigoInstrumento \"A\xef\xbf\xbd\xef\xbf\xbdO\" is no trading code");
    wrong(1, "A\xc3\x87O", "CodigoInstrumento \"A\xc3\x87O\" is no trading code");
    cell_is_wrong(1, "A\0B", 3,
                  "CodigoInstrumento \"A\xef\xbf\xbd"
                  "B\" is no trading code");
    wrong(4, "99999999999999999999999999999999999999999", "\"9999999999999999999999999999999999999999\" is no number");
    for (size_t at = 36; at < 40; at++) { /* a character of three bytes across the end */
        char text[64], shown[64];

        (void)snprintf(text, sizeof(text), "%.*s\xe2\x82\xac!", (int)at, forty);
        (void)snprintf(shown, sizeof(shown), "\"%.*s\" is no number", at == 36 ? 40 : at == 37 ? 40 : (int)at, text);
        wrong(4, text, shown);
    }
}
END_TEST

START_TEST(rejecting_what_is_not_utf8)
{
    const outcome *result;

    begin(TRADES_11, "\n");
    add(&file, "2025-04-29;\xc7;0;1,5;118;024810098;10;1;2025-04-28;127;3\n");
    result = done("on-error=reject");
    ck_assert_int_eq(result->status, TICKER_FAILED);
    ck_assert_str_eq(result->error.message, "CodigoInstrumento \"\xef\xbf\xbd\" is no trading code");
}
END_TEST

START_TEST(rows_with_other_counts_of_cells)
{
    const outcome *result;

    begin(TRADES_12, "\r\n");
    add(&file, ROW "\r\n" ROW ";1\r\n\r\n\r\n" ROW ";1;\r\nx\r\n;;;;;;;;;;;\r\n\r\n");
    result = done("force=no");
    takes(result, 1, 4);
    problem_is(result, 0, 2, 1, "11 columns instead of 12");
    problem_is(result, 1, 6, 1, "13 columns instead of 12");
    problem_is(result, 2, 7, 1, "1 columns");
    problem_is(result, 3, 8, 2, "CodigoInstrumento \"\" is no trading code");
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

int main(void)
{
    const TTest *const tests[] = {
        prices,
        no_prices,
        numbers,
        numbers_of_every_length,
        dates_and_times,
        a_date_of_zeros,
        codes,
        rows_with_other_counts_of_cells,
        rejecting,
        cells_in_messages,
        rejecting_what_is_not_utf8,
    };

    return run_tests("trades_cells", tests, COUNT(tests));
}
