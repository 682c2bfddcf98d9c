#include "fixtures.h"

#include <stdio.h>
#include <stdlib.h>

#define RECORD 245

static void require(bool done)
{
    if (!done)
        abort();
}

static void add_quote(ti_buffer *to, const char *date, const char *ticker, int close)
{
    char line[RECORD + 64];

    (void)snprintf(
        line, sizeof(line),
        "01%8s02%-12s010%-12s%-10s%3s%-4s%013d%013d%013d%013d%013d%013d%013d%05d%018d%018d%013d0%8s%07d%013d%-12s"
        "%03d",
        date, ticker, "COMPANY", "ON", "", "R$", close, close + 9, close - 9, close, close, close, close + 1, 7, 1000,
        1000 * close, 0, "99991231", 1, 0, "BRXXXXACNOR1", 101);
    require(ti_buffer_append(to, line, RECORD) && ti_buffer_text(to, "\r\n"));
}

void make_quotes(ti_buffer *to, int version)
{
    static const char *const dates[] = {"20151230", "20160104", "20160105"};
    char ticker[16];
    int records = 0;

    require(ti_buffer_printf(to, "%-245s\r\n", "00COTAHIST.2016BOVESPA 20160106"));
    for (size_t day = 0; day < sizeof(dates) / sizeof(dates[0]); day++) {
        for (int i = 0; i < 4; i++) {
            (void)snprintf(ticker, sizeof(ticker), "TICK%d", i + version);
            add_quote(to, dates[day], ticker, 1000 * version + 10 * i + (int)day);
            records++;
            if (version == 3) {
                add_quote(to, dates[day], ticker, 1);
                records++;
            }
        }
    }
    add_quote(to, "2016XX04", "WRONG1", 1000);
    require(ti_buffer_printf(to, "99COTAHIST.2016BOVESPA 20160106%011d%203s\r\n", records + 3, ""));
}

void make_trades(ti_buffer *to, int version)
{
    require(ti_buffer_text(to, "DataReferencia;CodigoInstrumento;AcaoAtualizacao;PrecoNegocio;QuantidadeNegociada;"
                               "HoraFechamento;CodigoIdentificadorNegocio;TipoSessaoPregao;DataNegocio;"
                               "CodigoParticipanteComprador;CodigoParticipanteVendedor\n"));
    for (int i = 0; i < (version == 3 ? 700 : 9); i++)
        require(ti_buffer_printf(to, "2025-04-29;TICK%d;0;%d,%03d;%d;1000%02d%03d;%d;1;2025-04-29;3;127\n", i % 3,
                                 30 + version, i, 100 + i, i % 60, i, 10 * (i + version)));
    require(ti_buffer_printf(to, "2025-04-29;TICK1;2;%d,001;101;10590000%d;%d;1;2025-04-29;3;127\n", 30 + version,
                             version, 10 * (1 + version)));
    require(ti_buffer_text(to, "2025-04-29;TICK2;0;x;1;100000000;99;1;2025-04-29;3;127\n"));
}

void make_consolidated(ti_buffer *to)
{
    require(ti_buffer_text(
        to, "Status do Arquivo: Final\nRptDt;TckrSymb;ISIN;SgmtNm;MinPric;MaxPric;TradAvrgPric;LastPric;OscnPctg;"
            "AdjstdQt;AdjstdQtTax;RefPric;TradQty;FinInstrmQty;NtlFinVol\n"));
    for (int i = 0; i < 6; i++)
        require(ti_buffer_printf(to, "2016-01-%02d;TICK%d;BRXXXXACNOR1;CASH;1,%d;3,5;2,5;2,75;-0,5;;;;7;1000;2500,5\n",
                                 4 + i / 3, 2 * (i % 3), i));
    require(ti_buffer_text(to, "2016-01-05;TICK9;BRXXXXACNOR1;CASH;x;3,5;2,5;2,75;-0,5;;;;7;1000;2500,5\n"));
}

void make_report(ti_buffer *to, int version)
{
    const int count = 4;

    require(ti_buffer_printf(
        to,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Document xmlns=\"urn:bvmf.052.01.xsd\"><BizFileHdr><Xchg>"
        "<BizGrpDesc><Fr><OrgId><Id>BVMF</Id></OrgId></Fr><BizGrpDtls><BizGrpIdr>BV1</BizGrpIdr>"
        "<TtlNbOfMsg>%d</TtlNbOfMsg><BizGrpTp>BVBG.086.01</BizGrpTp><CreDtAndTm>2016-01-04T19:5%d:04</CreDtAndTm>"
        "</BizGrpDtls></BizGrpDesc>\n",
        count, version));
    for (int i = 0; i < count; i++)
        require(ti_buffer_printf(
            to,
            "<BizGrp><AppHdr xmlns=\"urn:iso:std:iso:20022:tech:xsd:head.001.001.01\"><BizMsgIdr>BV1</BizMsgIdr>"
            "</AppHdr><Document xmlns=\"urn:bvmf.217.01.xsd\"><PricRpt><TradDt><Dt>2016-01-04</Dt></TradDt><SctyId>"
            "<TckrSymb>TICK%d</TckrSymb></SctyId><TradDtls><TradQty>%d</TradQty></TradDtls><FinInstrmAttrbts>"
            "<LastPric Ccy=\"BRL\">%s.%d</LastPric></FinInstrmAttrbts></PricRpt></Document></BizGrp>\n",
            2 * i + version % 2, 7 + i, i == 3 ? "x" : "2", version));
    require(ti_buffer_text(to, "</Xchg></BizFileHdr></Document>\n"));
}
