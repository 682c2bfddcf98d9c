/* BVBG.086: the price report of one day, pretty-printed as B3 does it. */
#include "generate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TERM_EVERY 60u       /* one report in so many is of a forward */
#define NEXT_DAY_EVERY 2000u /* and one is of the next day already */
#define TRADED 300000000u    /* parts in a billion; the others have limits or open interest only */
#define NUMBER_MAX 24

struct report {
    char ticker[GEN_SYMBOL_MAX];
    int32_t day;
    uint32_t term; /* 0: none */
    bool future;
    uint32_t cents;
};

struct desk {
    const struct gen_request *request;
    struct gen_output *output;
    struct gen_counts *counts;
    struct gen_random random;
    struct gen_company companies[GEN_COMPANIES];
    int32_t next_day;
    const char *currency;
};

static void put(struct desk *desk, unsigned depth, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* One line of the document. */
static void put(struct desk *desk, unsigned depth, const char *format, ...)
{
    char *line = gen_output_room(desk->output), *to = line;
    va_list list;
    int size;

    memset(to, ' ', (size_t)depth * 2);
    to += (size_t)depth * 2;
    va_start(list, format);
    size = vsnprintf(to, GEN_LINE_MAX - (size_t)depth * 2 - 2, format, list);
    va_end(list);
    if (size > 0)
        to += size;
    gen_output_take(desk->output, (size_t)(gen_put_eol(to, desk->request->lf) - line));
}

/* As few decimals as it takes. */
static const char *money(uint64_t cents, char text[NUMBER_MAX])
{
    int size = snprintf(text, NUMBER_MAX, "%llu.%02u", (unsigned long long)(cents / 100), (unsigned)(cents % 100));

    while (size > 0 && text[size - 1] == '0')
        text[--size] = '\0';
    if (size > 0 && text[size - 1] == '.')
        text[size - 1] = '\0';
    return text;
}

static void put_price(struct desk *desk, const char *name, uint64_t cents)
{
    char text[NUMBER_MAX];

    put(desk, 7, "<%s Ccy=\"%s\">%s</%s>", name, desk->currency, money(cents, text), name);
}

static void put_amount(struct desk *desk, const char *name, const char *currency, uint64_t cents)
{
    char text[NUMBER_MAX];

    put(desk, 7, "<%s Ccy=\"%s\">%s</%s>", name, currency, money(cents, text), name);
}

static void put_count(struct desk *desk, const char *name, uint64_t count)
{
    put(desk, 7, "<%s>%llu</%s>", name, (unsigned long long)count, name);
}

static void put_frame(struct desk *desk)
{
    struct gen_date date = gen_civil(desk->request->day);
    uint32_t time = desk->request->time;

    if (!desk->request->lf) {
        memcpy(gen_output_room(desk->output), "\xef\xbb\xbf", 3);
        gen_output_take(desk->output, 3);
    }
    put(desk, 0, "<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    put(desk, 0,
        "<Document xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\""
        " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
        " xsi:schemaLocation=\"urn:bvmf.052.01.xsd bvmf.052.01.xsd\" xmlns=\"urn:bvmf.052.01.xsd\">");
    put(desk, 1, "<BizFileHdr>");
    put(desk, 2, "<Xchg>");
    put(desk, 3, "<BizGrpDesc>");
    put(desk, 4, "<BizGrpDtls>");
    put(desk, 5, "<BizGrpIdr>BV000000000000000000000000000000000</BizGrpIdr>");
    put(desk, 5, "<TtlNbOfMsg>%llu</TtlNbOfMsg>", (unsigned long long)desk->request->records);
    put(desk, 5, "<BizGrpTp>BVBG.086.01</BizGrpTp>");
    put(desk, 5, "<CreDtAndTm>%04d-%02u-%02uT%02u:%02u:%02u</CreDtAndTm>", date.year, date.month, date.day,
        (unsigned)(time / 3600), (unsigned)(time / 60 % 60), (unsigned)(time % 60));
    put(desk, 4, "</BizGrpDtls>");
    put(desk, 3, "</BizGrpDesc>");
}

/* The same tickers whatever the seed: those of companies first, then series of options on them, with forwards in between. */
static void choose(struct desk *desk, uint64_t number, struct report *report)
{
    const struct gen_company *company = &desk->companies[number % GEN_COMPANIES];
    uint64_t round = number / GEN_COMPANIES;
    char *to;

    memset(report, 0, sizeof(*report));
    report->day = number % NEXT_DAY_EVERY == NEXT_DAY_EVERY - 1 ? desk->next_day : desk->request->day;
    report->cents = company->cents;
    if (number % TERM_EVERY == TERM_EVERY - 1) {
        uint64_t forward = number / TERM_EVERY;

        company = &desk->companies[forward % GEN_COMPANIES];
        to = gen_put_text(gen_put_text(report->ticker, company->root), company->suffix);
        *to = 'T';
        report->term = 16 + (uint32_t)(forward / GEN_COMPANIES % 30000);
        report->cents = company->cents;
        return;
    }
    to = gen_put_text(report->ticker, company->root);
    if (round == 0) {
        (void)gen_put_text(to, company->suffix);
        return;
    }
    *to++ = (char)('A' + round % 24);
    (void)gen_put_number(to, 100 + round / 24);
    report->future = round % 24 >= 18;
    report->cents = 1 + company->cents / 10;
}

static void put_head(struct desk *desk, const struct report *report, bool bad)
{
    struct gen_date date = gen_civil(report->day);

    put(desk, 3, "<BizGrp>");
    put(desk, 4, "<AppHdr xmlns=\"urn:iso:std:iso:20022:tech:xsd:head.001.001.01\">");
    put(desk, 5, "<BizMsgIdr>BV000000000000000000000000000000000</BizMsgIdr>");
    put(desk, 5, "<MsgDefIdr>BVMF.217.01</MsgDefIdr>");
    put(desk, 4, "</AppHdr>");
    put(desk, 4, "<Document xmlns=\"urn:bvmf.217.01.xsd\">");
    put(desk, 5, "<PricRpt>");
    put(desk, 6, "<TradDt>");
    put(desk, 7, "<Dt>%04d-%02u-%02u</Dt>", date.year, bad ? 13 : date.month, date.day);
    put(desk, 6, "</TradDt>");
    put(desk, 6, "<SctyId>");
    put(desk, 7, "<TckrSymb>%s</TckrSymb>", report->ticker);
    put(desk, 6, "</SctyId>");
    put(desk, 6, "<FinInstrmId>");
    put(desk, 7, "<OthrId>");
    put(desk, 8, "<Id>200000000000</Id>");
    put(desk, 7, "</OthrId>");
    put(desk, 7, "<PlcOfListg>");
    put(desk, 8, "<MktIdrCd>BVMF</MktIdrCd>");
    put(desk, 7, "</PlcOfListg>");
    put(desk, 6, "</FinInstrmId>");
}

static void put_trading(struct desk *desk, const struct report *report, uint64_t trades)
{
    uint64_t volume = trades * (1 + gen_below(&desk->random, 900)), open = report->cents;
    uint64_t low = open - open * gen_below(&desk->random, 5) / 100,
             high = open + open * gen_below(&desk->random, 5) / 100;
    uint64_t average = (low + high) / 2, turnover = volume * average;

    put(desk, 7, "<MktDataStrmId>E</MktDataStrmId>");
    put_amount(desk, "NtlFinVol", "BRL", turnover);
    put_amount(desk, "IntlFinVol", "USD", turnover / 5);
    put_count(desk, "FinInstrmQty", volume);
    if (gen_below(&desk->random, 3) > 0)
        put_price(desk, "BestBidPric", low);
    if (gen_below(&desk->random, 3) > 0)
        put_price(desk, "BestAskPric", high);
    put_price(desk, "FrstPric", open);
    put_price(desk, "MinPric", low);
    put_price(desk, "MaxPric", high);
    put_price(desk, "TradAvrgPric", average);
    put_price(desk, "LastPric", gen_below(&desk->random, 2) == 0 ? low : high);
    put_count(desk, "RglrTxsQty", trades);
    put_count(desk, "RglrTraddCtrcts", volume);
    put_amount(desk, "NtlRglrVol", "BRL", turnover);
    put(desk, 7, "<OscnPctg>%s%u.%02u</OscnPctg>", gen_below(&desk->random, 2) == 0 ? "-" : "",
        gen_below(&desk->random, 9), gen_below(&desk->random, 100));
}

static void put_report(struct desk *desk, uint64_t number)
{
    struct report report;
    bool bad = gen_chance(&desk->random, desk->request->dirty), traded;
    uint64_t trades;

    choose(desk, number, &report);
    traded = report.term != 0 || number < GEN_COMPANIES || gen_chance(&desk->random, TRADED);
    trades = traded ? 1 + gen_below(&desk->random, report.term == 0 && number < GEN_COMPANIES ? 90000 : 50) : 0;
    desk->currency = report.future && number % 5 == 0 ? "USD" : "BRL";
    desk->counts->dirty += bad;
    put_head(desk, &report, bad);
    put(desk, 6, traded ? "<TradDtls>" : "<TradDtls />");
    if (report.term != 0)
        put_count(desk, "DaysToSttlm", report.term);
    if (traded) {
        put_count(desk, "TradQty", trades);
        put(desk, 6, "</TradDtls>");
    }
    put(desk, 6, "<FinInstrmAttrbts>");
    if (report.future)
        put_count(desk, "OpnIntrst", gen_below(&desk->random, 1000000));
    if (traded)
        put_trading(desk, &report, trades);
    if (report.future) {
        put_price(desk, "AdjstdQt", report.cents);
        put_price(desk, "AdjstdQtTax", report.cents / 7);
        put(desk, 7, "<AdjstdQtStin>F</AdjstdQtStin>");
    }
    put_price(desk, "MaxTradLmt", (uint64_t)report.cents * 2);
    put(desk, 6, "</FinInstrmAttrbts>");
    put(desk, 5, "</PricRpt>");
    put(desk, 4, "</Document>");
    put(desk, 3, "</BizGrp>");
}

bool gen_prices(const struct gen_request *request, struct gen_output *output, struct gen_counts *counts)
{
    struct desk *desk = calloc(1, sizeof(*desk));

    if (desk == NULL)
        return false;
    desk->request = request;
    desk->output = output;
    desk->counts = counts;
    desk->random.state = request->seed;
    gen_companies(desk->companies);
    desk->next_day = request->day;
    do
        desk->next_day++;
    while (!gen_is_session(desk->next_day));
    put_frame(desk);
    for (uint64_t i = 0; i < request->records && output->failure == 0; i++)
        put_report(desk, i);
    put(desk, 2, "</Xchg>");
    put(desk, 1, "</BizFileHdr>");
    put(desk, 0, "</Document>");
    free(desk);
    return true;
}
