/* A price report (BVBG.086) in the making, and what reading it must give. */
#ifndef TEST_PRICE_FILE_H
#define TEST_PRICE_FILE_H

#include "format/sax.h"
#include "verdict.h"

#define DECLARATION "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
#define ROOT "<Document xmlns=\"urn:bvmf.052.01.xsd\">"
#define PARTICULARS(total, type, created)                                                                              \
    "<BizFileHdr><Xchg><BizGrpDesc><Fr><OrgId><Id>BVMF</Id></OrgId></Fr><BizGrpDtls><BizGrpIdr>BV1</BizGrpIdr>"        \
    "<TtlNbOfMsg>" total "</TtlNbOfMsg><BizGrpTp>" type "</BizGrpTp><CreDtAndTm>" created "</CreDtAndTm></BizGrpDtls>" \
    "</BizGrpDesc>\n"
#define ENVELOPE(total) DECLARATION "\n" ROOT PARTICULARS(total, "BVBG.086.01", "2021-04-23T19:51:04")
#define END "</Xchg></BizFileHdr></Document>"
#define BEFORE_REPORT                                                                                                  \
    "<BizGrp><AppHdr xmlns=\"urn:iso:std:iso:20022:tech:xsd:head.001.001.01\"><BizMsgIdr>BV1</BizMsgIdr></AppHdr>"     \
    "<Document xmlns=\"urn:bvmf.217.01.xsd\">"
#define BEHIND_REPORT "</Document></BizGrp>\n"
#define OF_TICKER(ticker) "<TradDt><Dt>2021-04-23</Dt></TradDt><SctyId><TckrSymb>" ticker "</TckrSymb></SctyId>"
/* One line of the file. */
#define REPORT(content) BEFORE_REPORT "<PricRpt>" content "</PricRpt>" BEHIND_REPORT
#define WITH(attributes) REPORT(OF_TICKER("PETR4") "<TradDtls/><FinInstrmAttrbts>" attributes "</FinInstrmAttrbts>")
#define FIRST_LINE 3 /* on which the first report of a document stands */

static ti_buffer file;

/* A document that says how many reports it has. */
static inline void begin(const char *total)
{
    bytes_init(&file);
    add(&file, ENVELOPE("%s"), total);
}

static inline outcome *done(const char *option)
{
    outcome *result;

    add(&file, END);
    result = read_with(&file, option);
    ti_buffer_free(&file);
    return result;
}

/* A whole file that stands there already. */
static inline outcome *done_with(const char *text, const char *option)
{
    outcome *result;

    bytes_init(&file);
    add_bytes(&file, text, strlen(text));
    result = read_with(&file, option);
    ti_buffer_free(&file);
    return result;
}

static inline void takes(const outcome *result, size_t rows, int64_t rejected)
{
    is_taken(result, "bvbg086", rows, rejected);
}

static inline void is_failed(const outcome *result, ticker_error_kind kind, const char *why)
{
    ck_assert_msg(result->status == TICKER_FAILED && result->error.kind == kind, "%d %d: %s", (int)result->status,
                  (int)result->error.kind, result->error.message);
    ck_assert_msg(strstr(result->error.message, why) != NULL, "%s", result->error.message);
    ck_assert_msg(is_utf8(result->error.message), "%s", result->error.message);
}

/* Of a document with one report the cells that `column` and its neighbours are looked at in; to be ended with ticker_reader_free(). */
static inline ticker_reader *only_report(const char *report, const ticker_batch **batch)
{
    ticker_reader *reader;

    begin("1");
    add(&file, "%s" END, report);
    reader = first_batch(file.data, file.size, batch);
    ck_assert_uint_eq(ticker_batch_rows(*batch), 1);
    return reader;
}

static inline void cell_is(const char *report, unsigned column, const char *text)
{
    const ticker_batch *batch;
    ticker_reader *reader = only_report(report, &batch);

    ck_assert_msg(strcmp(cell_text(batch, column, 0), text) == 0, "%s: %s instead of %s", report,
                  cell_text(batch, column, 0), text);
    ticker_reader_free(reader);
    ti_buffer_free(&file);
}

/* A report between two good ones is rejected, for a reason that begins with `name` and holds `why`. */
static inline void rejected(const char *report, const char *name, const char *why)
{
    begin("3");
    add(&file, REPORT(OF_TICKER("BEFORE")) "%s" REPORT(OF_TICKER("BEHIND")), report);
    one_is_rejected(done("force=no"), 2, FIRST_LINE + 1, 0, name, why);
}

#endif
