/* A format is known by its bytes: which one bids highest, and what is said of bytes that are none. */
#include "support.h"

#include <stdlib.h>

#include "format/format.h"

static const ti_format *recognised(const char *text)
{
    return ti_format_recognise((const unsigned char *)text, strlen(text));
}

START_TEST(known_by_their_first_bytes)
{
    ti_buffer file;
    char record[RECORD];

    bytes_init(&file);
    make_record(record);
    ck_assert_ptr_eq(recognised("00COTAHIST.2023BOVESPA 20231228"), &ti_format_cotahist);
    ck_assert_ptr_eq(recognised("00COTAHIST.2023"), &ti_format_cotahist);
    ck_assert_ptr_eq(recognised("99COTAHIST.2023"), &ti_format_cotahist);
    ck_assert_ptr_eq(ti_format_recognise((unsigned char *)record, RECORD), &ti_format_cotahist);
    ck_assert_ptr_eq(recognised(TRADES_11), &ti_format_trades);
    ck_assert_ptr_eq(recognised(TRADES_12 "\r\nx"), &ti_format_trades);
    ck_assert_ptr_eq(recognised("\xef\xbb\xbf" TRADES_12 "\n"), &ti_format_trades);
    ck_assert_ptr_eq(recognised("DataNegocio;CodigoInstrumento\n"),
                     &ti_format_trades); /* and then said to lack columns */
    ck_assert_ptr_eq(recognised("RH NEG                 2015-11-26 2015-11-26 000018304\n"), &ti_format_neg);
    ck_assert_ptr_eq(recognised("RT NEG 2015-11-26"), &ti_format_neg); /* and then said to be cut off */
    add_neg_row(&file, 1, false, "\n");
    ck_assert_ptr_eq(recognised(ti_buffer_string(&file)), &ti_format_neg);
    ti_buffer_clear(&file);
    ck_assert_ptr_eq(recognised(CONSOLIDATED "\n"), &ti_format_consolidated);
    ck_assert_ptr_eq(recognised(CONSOLIDATED_FINAL "\r\n" CONSOLIDATED "\r\n"), &ti_format_consolidated);
    ck_assert_ptr_eq(recognised("\xef\xbb\xbf" CONSOLIDATED_FINAL "\n" CONSOLIDATED), &ti_format_consolidated);
    ck_assert_ptr_eq(recognised(CONSOLIDATED_FINAL), &ti_format_consolidated); /* and then said to have no header */
    ck_assert_ptr_eq(recognised("RptDt;TckrSymb;SgmtNm;RefPric"), &ti_format_consolidated);
    ck_assert_ptr_eq(recognised("\"RptDt\";\"TckrSymb\";\"SgmtNm\";\"LastPric\""), &ti_format_consolidated);
    add(&file, "00COTAHIST.2023;DataNegocio;CodigoInstrumento;PrecoNegocio\n");
    ck_assert_ptr_eq(recognised(ti_buffer_string(&file)), &ti_format_trades); /* more evidence wins */
    ti_buffer_free(&file);
}
END_TEST

START_TEST(not_known)
{
    static const char *const texts[] = {
        "",
        "0",
        "00",
        "00COTAHIST",
        "00COTAHIS.12345678",
        " 00COTAHIST.2023BOVESPA",
        "01",
        "PETR4;10\n",
        "DataNegocio\n",
        ";;;;;\n",
        "datanegocio;codigoinstrumento\n",
        "RptDt;TckrSymb;ISIN\n",
        "<?xml version=\"1.0\"?>",
        "RH NEG OPCOES",
        "RH NEG",
        "RH NEG2015-11-26",
        "RptDt;TckrSymb;SgmtNm\n", /* of instruments, not of quotes */
        "RptDt;TckrSymb;LastPric\n",
        "\nDataNegocio;CodigoInstrumento\n",
    };

    for (size_t i = 0; i < COUNT(texts); i++)
        ck_assert_msg(recognised(texts[i]) == NULL, "%s", texts[i]);
    ck_assert_ptr_null(ti_format_recognise(NULL, 0));
}
END_TEST

START_TEST(any_bytes_at_all)
{
    unsigned char data[TI_BID_BYTES];
    uint64_t seed = 77;

    for (int i = 0; i < 2000; i++) {
        for (size_t k = 0; k < sizeof(data); k++)
            data[k] = (unsigned char)(next_random(&seed) % 4 == 0 ? ';' : next_random(&seed));
        ck_assert_ptr_null(ti_format_recognise(data, next_random(&seed) % sizeof(data)));
    }
}
END_TEST

START_TEST(names)
{
    ck_assert_ptr_eq(ti_format_by_name("cotahist"), &ti_format_cotahist);
    ck_assert_ptr_eq(ti_format_by_name("trades"), &ti_format_trades);
    ck_assert_ptr_eq(ti_format_by_name("bvbg086"), &ti_format_bvbg086);
    ck_assert_int_eq(ti_format_bvbg086.table, TICKER_QUOTES);
    ck_assert_ptr_null(ti_format_by_name("auto"));
    ck_assert_ptr_null(ti_format_by_name(""));
    ck_assert_str_eq(ti_format_cotahist.name, "cotahist");
    ck_assert_int_eq(ti_format_cotahist.table, TICKER_QUOTES);
    ck_assert_int_eq(ti_format_trades.table, TICKER_TRADES);
}
END_TEST

static void refused(const char *data, size_t size, const char *message)
{
    outcome result;

    read_bytes(&result, data, size, NULL);
    ck_assert_int_eq(result.status, TICKER_FAILED);
    ck_assert_int_eq(result.error.kind, TICKER_ERROR_INPUT);
    ck_assert_msg(strstr(result.error.message, message) != NULL, "%s", result.error.message);
    ck_assert_str_ne(result.error.hint, "");
    ck_assert_str_eq(result.error.file, "memory");
    ck_assert_str_eq(result.report.format, "");
}

/* A program that only parses has no XML reader, and neither has a build without libxml2. */
START_TEST(price_reports_without_a_reader)
{
    static const char text[] = "<Document xmlns=\"urn:bvmf.052.01.xsd\"><BizFileHdr/></Document>";
    outcome result;

    ck_assert_ptr_eq(recognised(text), &ti_format_bvbg086);
    read_bytes(&result, text, sizeof(text) - 1, NULL);
    ck_assert_int_eq(result.status, TICKER_FAILED);
    ck_assert_int_eq(result.error.kind, TICKER_ERROR_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(result.error.message, "price reports (BVBG.086) are XML"));
    ck_assert_ptr_nonnull(strstr(result.error.hint, "libxml2"));
    ck_assert_str_eq(result.report.format, "bvbg086");
}
END_TEST

START_TEST(what_is_said_of_the_rest)
{
    static const char *const pages[] = {
        "<!DOCTYPE html><html>",
        "<html lang=\"pt\">",
        "\r\n  <HTML>",
        "\xef\xbb\xbf<!doctype HTML>",
        "<head>",
        "<script>",
        "\t<body",
    };

    refused("", 0, "the file is empty");
    for (size_t i = 0; i < COUNT(pages); i++)
        refused(pages[i], strlen(pages[i]), "web page");
    refused("<htm", 4, "begins with \"<htm\"");
    refused("<", 1, "begins with \"<\"");
    refused("\x00\x01\x02\xff binary \x7f", 13, "begins with \".... binary .\"");
    refused("PETR4,10.5\n", 11, "begins with \"PETR4,10.5.\"");
    refused("                                                            x", 61, "not a B3 file");
    refused("\n", 1, "not a B3 file");
}
END_TEST

START_TEST(a_format_that_is_asked_for)
{
    ticker_options *trades = make_options("format=trades", NULL), *cotahist = make_options("format=cotahist", NULL);
    ti_buffer file;
    outcome result;

    bytes_init(&file);
    make_cotahist(&file, 3, "\n");
    read_bytes(&result, file.data, file.size, trades);
    ck_assert_int_eq(result.status, TICKER_FAILED);
    ck_assert_ptr_nonnull(strstr(result.error.message, "no column"));
    ck_assert_str_eq(result.report.format, "trades");
    read_bytes(&result, file.data, file.size, cotahist);
    ck_assert_int_eq(result.status, TICKER_OK);
    read_bytes(&result, "", 0, cotahist);
    ck_assert_int_eq(result.status, TICKER_FAILED);
    ck_assert_str_eq(result.error.message, "the file is empty");
    read_bytes(&result, "PK, no zip", 10, cotahist);
    ck_assert_int_eq(result.status, TICKER_FAILED);
    ti_buffer_free(&file);
    ticker_options_free(trades);
    ticker_options_free(cotahist);
}
END_TEST

/* A guess as programs ask for it, which knows packed inputs too. */
START_TEST(guesses)
{
    static const char later[] = "DataNegocio;CodigoInstrumento\n";
    char *block = malloc(2 * TICKER_FORMAT_GUESS_MAX);
    ti_buffer file;

    bytes_init(&file);
    make_cotahist(&file, 2, "\r\n");
    ck_assert_str_eq(ticker_format_guess(file.data, file.size), "cotahist");
    ck_assert_str_eq(ticker_format_guess(TRADES_12 "\r\n", sizeof(TRADES_12) + 1), "trades");
    ck_assert_str_eq(ticker_format_guess("PK\3\4", 4), "zip");
    ck_assert_str_eq(ticker_format_guess("PK\5\6", 4), "zip");
    ck_assert_str_eq(ticker_format_guess("\x1f\x8b\x08", 3), "gzip");
    ck_assert_ptr_null(ticker_format_guess("PK\3", 3));
    ck_assert_ptr_null(ticker_format_guess("\x1f\x8b\x07\x00", 4));
    ck_assert_ptr_null(ticker_format_guess("%PDF-1.7\n", 9));
    ck_assert_ptr_null(ticker_format_guess("", 0));
    ck_assert_ptr_null(ticker_format_guess(NULL, 0));
    /* What stands behind the block is not looked at. */
    ck_assert_ptr_nonnull(block);
    memset(block, ';', 2 * TICKER_FORMAT_GUESS_MAX);
    memcpy(block + TICKER_FORMAT_GUESS_MAX, later, sizeof(later) - 1);
    ck_assert_ptr_null(ticker_format_guess(block, 2 * TICKER_FORMAT_GUESS_MAX));
    free(block);
    ti_buffer_free(&file);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        known_by_their_first_bytes,
        not_known,
        any_bytes_at_all,
        names,
        price_reports_without_a_reader,
        what_is_said_of_the_rest,
        a_format_that_is_asked_for,
        guesses,
    };

    return run_tests("registry", tests, COUNT(tests));
}
