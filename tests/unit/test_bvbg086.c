/* Price reports: what a report's fields become, and when a document is taken. */
#include <stdio.h>

#include "price_file.h"

/* --- Fields -------------------------------------------------------------------------------------------------------------------- */

#define WHOLE_REPORT                                                                                                   \
    BEFORE_REPORT "<PricRpt><TradDt><Dt>2021-04-23</Dt></TradDt><SctyId><TckrSymb>PETR4T</TckrSymb></SctyId>"          \
                  "<FinInstrmId><OthrId><Id>200000049731</Id><Tp><Prtry>8</Prtry></Tp></OthrId><PlcOfListg>"           \
                  "<MktIdrCd>BVMF</MktIdrCd></PlcOfListg></FinInstrmId>"                                               \
                  "<TradDtls><DaysToSttlm>51</DaysToSttlm><TradQty>4055993</TradQty></TradDtls><FinInstrmAttrbts>"     \
                  "<MktDataStrmId>E</MktDataStrmId><NtlFinVol Ccy=\"BRL\">549628149.5</NtlFinVol>"                     \
                  "<IntlFinVol Ccy=\"USD\">168633801.42</IntlFinVol><OpnIntrst>476622</OpnIntrst>"                     \
                  "<FinInstrmQty>33461800</FinInstrmQty><BestBidPric Ccy=\"BRL\">16.53</BestBidPric>"                  \
                  "<BestAskPric Ccy=\"BRL\">16.55</BestAskPric><FrstPric Ccy=\"BRL\">16.19</FrstPric>"                 \
                  "<MinPric Ccy=\"BRL\">16.1</MinPric><MaxPric Ccy=\"BRL\">16.6</MaxPric>"                             \
                  "<TradAvrgPric Ccy=\"BRL\">16.423</TradAvrgPric><LastPric Ccy=\"BRL\">-2.3</LastPric>"               \
                  "<RglrTxsQty>40660</RglrTxsQty><NonRglrTxsQty>1</NonRglrTxsQty><RglrTraddCtrcts>7</RglrTraddCtrcts>" \
                  "<NonRglrTraddCtrcts>1</NonRglrTraddCtrcts><NtlRglrVol Ccy=\"BRL\">1</NtlRglrVol>"                   \
                  "<NtlNonRglrVol Ccy=\"BRL\">1</NtlNonRglrVol><IntlRglrVol Ccy=\"USD\">2</IntlRglrVol>"               \
                  "<IntlNonRglrVol Ccy=\"USD\">1</IntlNonRglrVol><AdjstdQt Ccy=\"BRL\">62450.01</AdjstdQt>"            \
                  "<AdjstdQtTax Ccy=\"BRL\">12.8281</AdjstdQtTax><AdjstdQtStin>F</AdjstdQtStin>"                       \
                  "<PrvsAdjstdQt Ccy=\"BRL\">1</PrvsAdjstdQt><PrvsAdjstdQtTax Ccy=\"BRL\">1</PrvsAdjstdQtTax>"         \
                  "<PrvsAdjstdQtStin>U</PrvsAdjstdQtStin><OscnPctg>-0.35</OscnPctg><VartnPts Ccy=\"BRL\">1</VartnPts>" \
                  "<EqvtVal Ccy=\"BRL\">9</EqvtVal><AdjstdValCtrct Ccy=\"BRL\">0.123456789</AdjstdValCtrct>"           \
                  "<MaxTradLmt Ccy=\"USD\">999999.01</MaxTradLmt><MinTradLmt Ccy=\"USD\">-99999999</MinTradLmt>"       \
                  "</FinInstrmAttrbts></PricRpt>" BEHIND_REPORT

static void is_whole_report(const ticker_batch *batch, size_t row)
{
    static const struct {
        unsigned column;
        const char *text;
    } cells[] = {
        {TICKER_QUOTE_TICKER, "PETR4T"},
        {TICKER_QUOTE_DATE, "2021-04-23"},
        {TICKER_QUOTE_MARKET, ""},
        {TICKER_QUOTE_BDI, ""},
        {TICKER_QUOTE_TERM_DAYS, "51"},
        {TICKER_QUOTE_CURRENCY, "BRL"},
        {TICKER_QUOTE_OPEN, "16.19"},
        {TICKER_QUOTE_HIGH, "16.60"},
        {TICKER_QUOTE_LOW, "16.10"},
        {TICKER_QUOTE_AVERAGE, "16.423"},
        {TICKER_QUOTE_CLOSE, "-2.30"},
        {TICKER_QUOTE_BID, "16.53"},
        {TICKER_QUOTE_ASK, "16.55"},
        {TICKER_QUOTE_TRADES, "4055993"},
        {TICKER_QUOTE_VOLUME, "33461800"},
        {TICKER_QUOTE_TURNOVER, "549628149.50"},
        {TICKER_QUOTE_TURNOVER_REST, "0"},
        {TICKER_QUOTE_STRIKE, "null"},
        {TICKER_QUOTE_EXPIRY, "null"},
        {TICKER_QUOTE_FACTOR, "null"},
        {TICKER_QUOTE_ISIN, ""},
        {TICKER_QUOTE_SOURCE, "bvbg086"},
        {TICKER_QUOTE_OSCILLATION, "-0.35"},
        {TICKER_QUOTE_SETTLEMENT, "62450.01"},
        {TICKER_QUOTE_SETTLEMENT_TAX, "12.8281"},
        {TICKER_QUOTE_OPEN_INTEREST, "476622"},
    };

    for (size_t i = 0; i < COUNT(cells); i++)
        ck_assert_msg(strcmp(cell_text(batch, cells[i].column, row), cells[i].text) == 0, "%s: %s",
                      ticker_column_name(TICKER_QUOTES, cells[i].column), cell_text(batch, cells[i].column, row));
}

START_TEST(a_whole_report)
{
    const ticker_batch *batch;
    ticker_reader *reader = only_report(WHOLE_REPORT, &batch);

    ck_assert_int_eq(ticker_batch_table(batch), TICKER_QUOTES);
    ck_assert_uint_eq(ticker_batch_line(batch, 0), FIRST_LINE);
    is_whole_report(batch, 0);
    ck_assert_uint_eq(ticker_report_problem_count(ticker_reader_report(reader)), 0); /* every field is known */
    ticker_reader_free(reader);
    ti_buffer_free(&file);
}
END_TEST

/* What a report does not say is null, and never 0. */
START_TEST(a_report_of_nothing)
{
    const ticker_batch *batch;
    ticker_reader *reader = only_report(REPORT(OF_TICKER("EGIE-DEB71L1") "<TradDtls />"), &batch);

    ck_assert_str_eq(cell_text(batch, TICKER_QUOTE_TICKER, 0), "EGIE-DEB71L1");
    for (unsigned i = TICKER_QUOTE_TERM_DAYS; i < TICKER_QUOTE_COLUMNS; i++)
        if (ticker_batch_i64(batch, i) != NULL && i != TICKER_QUOTE_TURNOVER_REST)
            ck_assert_msg(ticker_batch_i64(batch, i)[0] == TICKER_NULL, "%s", ticker_column_name(TICKER_QUOTES, i));
    ck_assert_str_eq(cell_text(batch, TICKER_QUOTE_CURRENCY, 0), "");
    ticker_reader_free(reader);
    ti_buffer_free(&file);
}
END_TEST

START_TEST(numbers)
{
    cell_is(WITH("<FrstPric>0.000001</FrstPric>"), TICKER_QUOTE_OPEN, "0.000001");
    cell_is(WITH("<FrstPric>1.500000000</FrstPric>"), TICKER_QUOTE_OPEN, "1.50");
    cell_is(WITH("<FrstPric>-99999999</FrstPric>"), TICKER_QUOTE_OPEN, "-99999999.00");
    cell_is(WITH("<FrstPric>\r\n  7.25\t</FrstPric>"), TICKER_QUOTE_OPEN, "7.25");
    cell_is(WITH("<FrstPric>1<!-- x -->2.<![CDATA[5]]>&#48;</FrstPric>"), TICKER_QUOTE_OPEN, "12.50");
    cell_is(WITH("<FinInstrmQty>100.000</FinInstrmQty>"), TICKER_QUOTE_VOLUME, "100");
    cell_is(WITH("<OpnIntrst>0</OpnIntrst>"), TICKER_QUOTE_OPEN_INTEREST, "0");
}
END_TEST

START_TEST(numbers_that_are_none)
{
    rejected(WITH("<FrstPric>12,5</FrstPric>"), "FrstPric", "\"12,5\" is no number with up to six decimals");
    rejected(WITH("<FrstPric></FrstPric>"), "FrstPric", "\"\" is no number");
    rejected(WITH("<FrstPric>1.0000001</FrstPric>"), "FrstPric", "six decimals"); /* never rounded */
    rejected(WITH("<LastPric>9999999999999999999</LastPric>"), "LastPric", "is no number");
    rejected(WITH("<AdjstdQt>1e3</AdjstdQt>"), "AdjstdQt", "is no number");
    rejected(WITH("<OscnPctg>NaN</OscnPctg>"), "OscnPctg", "is no number");
    rejected(WITH("<OpnIntrst>-1</OpnIntrst>"), "OpnIntrst", "is no whole number");
    rejected(WITH("<OpnIntrst>1.5</OpnIntrst>"), "OpnIntrst", "is no whole number");
    rejected(WITH("<FinInstrmQty>0.1</FinInstrmQty>"), "FinInstrmQty", "is no whole number");
    rejected(WITH("<NtlFinVol>1.2345678</NtlFinVol>"), "NtlFinVol", "is no amount");
    rejected(REPORT(OF_TICKER("X") "<TradDtls><DaysToSttlm>32768</DaysToSttlm></TradDtls>"), "DaysToSttlm", "fits");
    rejected(REPORT(OF_TICKER("X") "<TradDtls><TradQty>x</TradQty></TradDtls>"), "TradQty", "is no whole number");
}
END_TEST

START_TEST(amounts)
{
    const ticker_batch *batch;
    ticker_reader *reader = only_report(WITH("<NtlFinVol Ccy=\"BRL\">12.345678</NtlFinVol>"), &batch);

    ck_assert_int_eq(ticker_batch_i64(batch, TICKER_QUOTE_TURNOVER)[0], 1234);
    ck_assert_int_eq(ticker_batch_i64(batch, TICKER_QUOTE_TURNOVER_REST)[0], 5678);
    ticker_reader_free(reader);
    ti_buffer_free(&file);
    reader = only_report(WITH("<NtlFinVol Ccy=\"BRL\">92233720368547758.07</NtlFinVol>"), &batch);
    ck_assert_int_eq(ticker_batch_i64(batch, TICKER_QUOTE_TURNOVER)[0], INT64_MAX);
    ck_assert_int_eq(ticker_batch_i64(batch, TICKER_QUOTE_TURNOVER_REST)[0], 0);
    ticker_reader_free(reader);
    ti_buffer_free(&file);
}
END_TEST

/* BVBG.187.01 has only the parts. */
START_TEST(totals_from_their_parts)
{
    cell_is(WITH("<RglrTxsQty>137</RglrTxsQty>"), TICKER_QUOTE_TRADES, "137");
    cell_is(WITH("<NonRglrTxsQty>2</NonRglrTxsQty>"), TICKER_QUOTE_TRADES, "2");
    cell_is(WITH("<RglrTxsQty>137</RglrTxsQty><NonRglrTxsQty>2</NonRglrTxsQty>"), TICKER_QUOTE_TRADES, "139");
    cell_is(WITH("<RglrTraddCtrcts>5</RglrTraddCtrcts><NonRglrTraddCtrcts>2</NonRglrTraddCtrcts>"), TICKER_QUOTE_VOLUME,
            "7");
    cell_is(WITH("<NtlRglrVol>0.25</NtlRglrVol><NtlNonRglrVol>0.5</NtlNonRglrVol>"), TICKER_QUOTE_TURNOVER, "0.75");
    rejected(WITH("<RglrTxsQty>9223372036854775807</RglrTxsQty><NonRglrTxsQty>1</NonRglrTxsQty>"), "PricRpt",
             "do not fit 64 bits");
    rejected(WITH("<NtlRglrVol>92233720368547758.07</NtlRglrVol><NtlNonRglrVol>0.01</NtlNonRglrVol>"), "PricRpt",
             "do not fit 64 bits");
}
END_TEST

START_TEST(currencies)
{
    cell_is(WITH("<MaxTradLmt Ccy=\"USD\">1</MaxTradLmt><LastPric Ccy=\"ARS\">1</LastPric>"), TICKER_QUOTE_CURRENCY,
            "ARS");
    cell_is(WITH("<NtlFinVol Ccy=\"BRL\">1</NtlFinVol><LastPric other=\"x\" Ccy=\"USD\">1</LastPric>"),
            TICKER_QUOTE_CURRENCY, "USD");
    cell_is(WITH("<AdjstdQt Ccy=\"JPY\">1</AdjstdQt>"), TICKER_QUOTE_CURRENCY, "JPY");
    cell_is(WITH("<LastPric>1</LastPric>"), TICKER_QUOTE_CURRENCY, "");
    rejected(WITH("<FrstPric Ccy=\"BRL\">1</FrstPric><LastPric Ccy=\"USD\">1</LastPric>"), "LastPric",
             "\"USD\" is another currency");
    rejected(WITH("<NtlFinVol Ccy=\"USD\">1</NtlFinVol>"), "NtlFinVol", "\"USD\" is another currency");
    rejected(WITH("<LastPric Ccy=\"\">1</LastPric>"), "LastPric", "is no currency");
    rejected(WITH("<LastPric Ccy=\"ABCDEFGHIJKLM\">1</LastPric>"), "LastPric", "is no currency");
}
END_TEST

START_TEST(reports_that_are_no_rows)
{
    char text[2 * TICKER_XML_TEXT_MAX], report[2048];

    rejected(REPORT("<SctyId><TckrSymb>X</TckrSymb></SctyId>"), "PricRpt", "has no trade date");
    rejected(REPORT("<TradDt><Dt>2021-04-23</Dt></TradDt>"), "PricRpt", "has no trading code");
    rejected(REPORT(""), "PricRpt", "has no trade date");
    rejected(REPORT("<TradDt><Dt>2021-04-31</Dt></TradDt>"), "Dt", "\"2021-04-31\" is no date");
    rejected(REPORT("<TradDt><Dt>2021-04-23</Dt></TradDt><SctyId><TckrSymb> </TckrSymb></SctyId>"), "TckrSymb",
             "is no trading code");
    rejected(REPORT("<TradDt><Dt>2021-04-23</Dt></TradDt><SctyId><TckrSymb>A\tB</TckrSymb></SctyId>"), "TckrSymb",
             "is no trading code");
    rejected(WITH("<LastPric>1</LastPric><FrstPric>1</FrstPric><LastPric>1</LastPric>"), "LastPric", "twice");
    rejected(WITH("<LastPric><b>1</b></LastPric>"), "LastPric", "holds an element");
    memset(text, '0', sizeof(text));
    text[TICKER_XML_TEXT_MAX] = '\0';
    (void)snprintf(report, sizeof(report), WITH("<OpnIntrst>%s</OpnIntrst>"), text);
    cell_is(report, TICKER_QUOTE_OPEN_INTEREST, "0");
    text[TICKER_XML_TEXT_MAX] = '0';
    text[TICKER_XML_TEXT_MAX + 1] = '\0';
    (void)snprintf(report, sizeof(report), WITH("<OpnIntrst>%s</OpnIntrst>"), text);
    rejected(report, "OpnIntrst", "is too long");
    text[TICKER_TICKER_MAX + 1] = '\0';
    (void)snprintf(report, sizeof(report), REPORT(OF_TICKER("%s")), text);
    rejected(report, "TckrSymb", "is no trading code");
}
END_TEST

START_TEST(a_bad_row_may_refuse_the_file)
{
    begin("1");
    add(&file, WITH("<LastPric>x</LastPric>"));
    is_failed(done("on-error=reject"), TICKER_ERROR_INPUT, "LastPric \"x\" is no number");
    begin("1");
    add(&file, WITH("<LastPric>x</LastPric>"));
    is_failed(done("force=no"), TICKER_ERROR_INPUT, "not one row of the file can be read");
}
END_TEST

START_TEST(unknown_elements)
{
    const outcome *result;

    begin("2");
    add(&file, WITH("<Fresh a=\"b\"><LastPric>9</LastPric></Fresh><LastPric>1</LastPric>")
                   REPORT(OF_TICKER("X") "<More/><FinInstrmAttrbts><Fresh/></FinInstrmAttrbts>"));
    result = done("on-error=reject");
    takes(result, 2, 0);
    ck_assert_uint_eq(ticker_report_problem_count(&result->report), 2); /* each once */
    problem_is(result, 0, FIRST_LINE, 0, "element \"Fresh\" is not known and not stored");
    problem_is(result, 1, FIRST_LINE + 1, 0, "\"More\"");
    cell_is(WITH("<Fresh><LastPric>9</LastPric></Fresh><LastPric>1</LastPric>"), TICKER_QUOTE_CLOSE, "1.00");
}
END_TEST

/* --- The document -------------------------------------------------------------------------------------------------------------- */

START_TEST(days_and_terms_of_their_own)
{
    const ticker_batch *batch;
    ticker_reader *reader;

    begin("2");
    add(&file, REPORT("<TradDt><Dt>2021-04-26</Dt></TradDt><SctyId><TckrSymb>A</TckrSymb></SctyId>")
                   REPORT(OF_TICKER("A") "<TradDtls><DaysToSttlm>0</DaysToSttlm></TradDtls>") END);
    reader = first_batch(file.data, file.size, &batch);
    ck_assert_uint_eq(ticker_batch_rows(batch), 2);
    ck_assert_str_eq(cell_text(batch, TICKER_QUOTE_DATE, 0), "2021-04-26");
    ck_assert_str_eq(cell_text(batch, TICKER_QUOTE_DATE, 1), "2021-04-23");
    ck_assert_str_eq(cell_text(batch, TICKER_QUOTE_TERM_DAYS, 0), "null");
    ck_assert_str_eq(cell_text(batch, TICKER_QUOTE_TERM_DAYS, 1), "0");
    ticker_reader_free(reader);
    ti_buffer_free(&file);
}
END_TEST

#define PREFIXED                                                                                                       \
    "<?xml version='1.0'?><o:Document xmlns:o='urn:bvmf.052.01.xsd' xmlns:p='urn:bvmf.217.02.xsd'><o:BizGrpDtls>"      \
    "<o:TtlNbOfMsg>1</o:TtlNbOfMsg><o:CreDtAndTm>2021-04-23T19:51:04.25</o:CreDtAndTm></o:BizGrpDtls><p:PricRpt>"      \
    "<p:TradDt><p:Dt>2021-04-23</p:Dt></p:TradDt><p:SctyId><p:TckrSymb>A&amp;B</p:TckrSymb></p:SctyId></p:PricRpt>"    \
    "</o:Document>"

/* The same in other clothes: a byte order mark, line ends, blanks, prefixes, any encoding that is said but not used. */
START_TEST(other_clothes)
{
    static const char *const starts[] = {"", "\xef\xbb\xbf"};
    const outcome *result;

    for (size_t i = 0; i < COUNT(starts); i++) {
        bytes_init(&file);
        add(&file,
            "%s" DECLARATION "\r\n" ROOT "\r\n  " PARTICULARS(
                "\r\n 1 ", "BVBG.187.01", " 2021-04-23T19:51:04 ") "\r\n  " REPORT("\r\n" OF_TICKER("\r\n PETR4 \r\n")),
            starts[i]);
        result = done("force=no");
        takes(result, 1, 0);
        ck_assert_int_eq(result->report.snapshot, 1619207464000);
        ck_assert_int_eq(result->report.declared, 1);
        ck_assert_int_eq(result->report.complete, 1);
    }
    result = done_with(PREFIXED, "force=no");
    takes(result, 1, 0);
    ck_assert_int_eq(result->report.snapshot, 1619207464250);
}
END_TEST

START_TEST(more_and_fewer_than_it_says)
{
    static const char *const totals[] = {"0", "2"};

    for (size_t i = 0; i < COUNT(totals); i++) {
        const outcome *result;

        begin(totals[i]);
        add(&file, REPORT(OF_TICKER("PETR4")));
        is_failed(done("force=no"), TICKER_ERROR_INPUT, "reports and has 1");
        begin(totals[i]);
        add(&file, REPORT(OF_TICKER("PETR4")));
        result = done("force=yes");
        takes(result, 1, 0);
        ck_assert_int_eq(result->report.complete, 0);
        ck_assert_ptr_nonnull(strstr(result->report.refusal, "reports and has 1"));
    }
    begin("2"); /* one that is rejected is one all the same */
    add(&file, REPORT(OF_TICKER("PETR4")) REPORT(OF_TICKER("")));
    takes(done("force=no"), 1, 1);
    begin("0");
    is_failed(done("force=no"), TICKER_ERROR_INPUT, "has no price reports");
}
END_TEST

/* Refused, and taken with force. */
static void odd_envelope(const char *particulars, const char *why)
{
    for (int force = 0; force < 2; force++) {
        const outcome *result;

        bytes_init(&file);
        add(&file, ROOT "%s" REPORT(OF_TICKER("PETR4")), particulars);
        result = done(force != 0 ? "force=yes" : "force=no");
        if (force != 0)
            takes(result, 1, 0);
        else
            is_failed(result, TICKER_ERROR_INPUT, why);
    }
}

START_TEST(odd_envelopes)
{
    odd_envelope("<BizFileHdr><Xchg>", "does not say how many reports it has");
    odd_envelope("<BizFileHdr><Xchg><BizGrpDtls><TtlNbOfMsg>1</TtlNbOfMsg></BizGrpDtls>", "of what time");
    odd_envelope(PARTICULARS("x", "BVBG.086.01", "2021-04-23T19:51:04"), "is no number");
    odd_envelope(PARTICULARS("", "BVBG.086.01", "2021-04-23T19:51:04"), "is no number");
    odd_envelope(PARTICULARS("1", "BVBG.086.01", "2021-04-23"), "is no time");
    odd_envelope(PARTICULARS("1", "BVBG.086.01", "2021-04-23T25:51:04"), "is no time");
    odd_envelope(PARTICULARS("1", "BVBG.086.01", "2021-04-23T19:51:04Z"), "is no time"); /* another clock */
    odd_envelope(PARTICULARS("1", "BVBG.086.01", "0001-04-23T19:51:04"), "is no time");
}
END_TEST

START_TEST(several_groups)
{
    const outcome *result;

    bytes_init(&file);
    add(&file, ROOT PARTICULARS("1", "BVBG.086.01", "2021-04-23T19:51:04")
                   PARTICULARS("2", "BVBG.086.01", "2021-04-23T18:10:00") REPORT(OF_TICKER("A")) REPORT(OF_TICKER("B"))
                       REPORT(OF_TICKER("C")) "</Xchg></BizFileHdr>");
    result = done("force=no");
    takes(result, 3, 0);
    ck_assert_int_eq(result->report.snapshot, 1619207464000);
    bytes_init(&file);
    add(&file, ROOT REPORT(OF_TICKER("A")) PARTICULARS("1", "BVBG.086.01", "2021-04-23T19:51:04"));
    is_failed(done("force=no"), TICKER_ERROR_INPUT, "stands behind reports");
}
END_TEST

START_TEST(other_documents)
{
    const outcome *result;

    bytes_init(&file);
    add(&file, DECLARATION "\n" ROOT PARTICULARS("1", "BVBG.028.02", "2021-04-23T19:51:04"));
    result = done("force=yes");
    is_failed(result, TICKER_ERROR_INPUT, "BVBG.028.02, not a price report");
    ck_assert_uint_eq(result->error.line, 2);
    is_failed(done_with("<Document xmlns=\"urn:bvmf.217.01.xsd\"><BizFileHdr/></Document>", "format=bvbg086"),
              TICKER_ERROR_INPUT, "its root element is \"Document\" of \"urn:bvmf.217.01.xsd\"");
    is_failed(done_with("<Other xmlns=\"urn:bvmf.052.01.xsd\"><BizFileHdr/></Other>", "force=yes"), TICKER_ERROR_INPUT,
              "its root element is \"Other\"");
    is_failed(done_with("PETR4;10", "format=bvbg086"), TICKER_ERROR_INPUT, "cannot be read");
    is_failed(done_with("<?xml version=\"1.0\"?><a/>", "force=no"), TICKER_ERROR_INPUT,
              "not a B3 file of a known format");
    begin("1"); /* the message's namespace is another one: that is no report */
    add(&file, "<PricRpt xmlns=\"urn:x\">" OF_TICKER("PETR4") "</PricRpt>");
    is_failed(done("force=no"), TICKER_ERROR_INPUT, "says that it has 1 reports and has 0");
}
END_TEST

START_TEST(guessed)
{
    static const char text[] = ENVELOPE("1");

    ck_assert_str_eq(ticker_format_guess(text, sizeof(text) - 1), "bvbg086");
    ck_assert_str_eq(ticker_format_guess("\xef\xbb\xbf \r\n<Document xmlns=\"urn:bvmf.052.01.xsd\">", 43), "bvbg086");
    ck_assert_ptr_null(ticker_format_guess("<Document xmlns=\"urn:bvmf.053.01.xsd\">", 38));
    ck_assert_ptr_null(ticker_format_guess("urn:bvmf.052.01.xsd BizFileHdr", 30));
    ck_assert_ptr_null(ticker_format_guess("\xef\xbb\xbf  ", 5));
}
END_TEST

/* --- How it comes -------------------------------------------------------------------------------------------------------------- */

/* A cut one has as many rows as reports are whole in it. */
static beginning of_beginning(size_t size)
{
    static const char root[] = ROOT, end[] = "</PricRpt>", last[] = "</Document>";
    ti_slice text = {file.data, size};
    beginning is = {.refusal = "the document ends within an element"};

    for (size_t i = 0; i < text.size; i++) {
        ti_slice rest = {text.data + i, text.size - i};

        is.known |= rest.size >= sizeof(root) - 1 && memcmp(rest.data, root, sizeof(root) - 1) == 0;
        is.rows += rest.size >= sizeof(end) - 1 && memcmp(rest.data, end, sizeof(end) - 1) == 0;
    }
    is.whole = size >= sizeof(last) - 1 && is.rows == 2 && memcmp(text.data + size - 11, last, 11) == 0 &&
               size > file.size - 3;
    return is;
}

START_TEST(cut_off_anywhere)
{
    begin("2");
    add(&file, WITH("<LastPric Ccy=\"BRL\">1</LastPric>") REPORT(OF_TICKER("X")) END "\n");
    every_beginning(&file, of_beginning);
    ti_buffer_free(&file);
}
END_TEST

/* Reports of many lengths, some of them bad: one every few bytes begins in one piece of the source and ends in the next. */
static void make_document(ti_buffer *to, size_t reports)
{
    bytes_init(to);
    add(to, ENVELOPE("%zu"), reports);
    for (size_t i = 0; i < reports; i++) {
        add(to, BEFORE_REPORT "<PricRpt>" OF_TICKER("T%zu") "<TradDtls>%s", i, i % 3 == 0 ? "" : "\r\n");
        add(to,
            "</TradDtls><FinInstrmAttrbts><LastPric "
            "Ccy=\"%s\">%zu.%zu</LastPric>%s</FinInstrmAttrbts></PricRpt>" BEHIND_REPORT,
            i % 5 == 0 ? "USD" : "BRL", i, i % 7, i % 11 == 10 ? "<MinPric>x</MinPric>" : "<!-- &lt; -->");
    }
    add(to, END);
}

START_TEST(pieces_of_any_size)
{
    ti_buffer document;
    outcome whole, result;

    make_document(&document, 25);
    read_bytes(&whole, document.data, document.size, NULL);
    takes(&whole, 23, 2);
    for (size_t piece = 0; piece <= 300; piece++) {
        pieces self = {.data = document.data, .size = document.size, .piece = piece, .seed = 4711 + piece};

        read_source(&result, pieces_source(&self), NULL);
        ck_assert_msg(result.status == TICKER_OK && strcmp(result.digest, whole.digest) == 0, "%zu bytes a piece: %s",
                      piece, result.error.message);
    }
    ti_buffer_free(&document);
}
END_TEST

/* What the XML parser is given at once has ends of its own. */
START_TEST(many_reports)
{
    size_t reports = many_or_few(5000, 1500);
    ti_buffer document;
    outcome result;

    make_document(&document, reports);
    read_bytes(&result, document.data, document.size, NULL);
    takes(&result, reports - reports / 11, (int64_t)(reports / 11));
    ck_assert_int_eq(result.report.lines, (int64_t)(FIRST_LINE + reports + reports - (reports + 2) / 3));
    ti_buffer_free(&document);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_whole_report,
                                  a_report_of_nothing,
                                  numbers,
                                  numbers_that_are_none,
                                  amounts,
                                  totals_from_their_parts,
                                  currencies,
                                  reports_that_are_no_rows,
                                  a_bad_row_may_refuse_the_file,
                                  unknown_elements,
                                  days_and_terms_of_their_own,
                                  other_clothes,
                                  more_and_fewer_than_it_says,
                                  odd_envelopes,
                                  several_groups,
                                  other_documents,
                                  guessed,
                                  cut_off_anywhere,
                                  pieces_of_any_size,
                                  many_reports};

    ti_sax_prepare(); /* links the XML reader in */
    return run_tests("bvbg086", tests, COUNT(tests));
}
