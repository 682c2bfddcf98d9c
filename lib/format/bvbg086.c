/* BVBG.086.01 and BVBG.187.01, the price report: one XML document with a message for each instrument, in an envelope that says how many
 * there are and when they were gathered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/utf8.h"
#include "format/bvbg086_report.h"
#include "format/format.h"
#include "format/sax.h"

/* Not there when the program was linked with the static library and only parses: it would have to be linked with libxml2 for a format
 * that it may never meet. Programs that import call ti_sax_prepare(), and so have it. */
extern const ti_sax_ops ti_sax_libxml2 __attribute__((weak));

#define ENVELOPE "urn:bvmf.052."
#define MESSAGE "urn:bvmf.217."
#define TIME_MAX 32 /* bytes of CreDtAndTm */
#define NAME_SHOWN_MAX 33
#define NAMES_MAX 16 /* unknown elements that are told of */
#define NO_FIELD UINT8_MAX
/* No report that makes a row is shorter than this: so a piece of a document, and what was left of the one before, makes no more than
 * ROWS_OF_A_PIECE of them. */
#define REPORT_MIN                                                                                                     \
    (sizeof("<PricRpt><TradDt><Dt>0000-00-00</Dt></TradDt><SctyId><TckrSymb>X</TckrSymb></SctyId></PricRpt>") - 1)
#define ROWS_OF_A_PIECE ((TI_SAX_PIECE + 1024) / REPORT_MIN + 1)
_Static_assert(ROWS_OF_A_PIECE < TICKER_BATCH_ROWS_MAX / 4, "a batch takes some pieces");

/* Where in the document an element stands. */
enum {
    OUTSIDE,
    GROUP,
    REPORT,
    TRADE_DATE,
    SECURITY,
    DETAILS,
    ATTRIBUTES,
    WITHIN /* something that is not looked at */
};

/* In the order of the schema, in which nearly every report has them. */
static const ti_price_field fields[] = {
    {REPORT, "TradDt", TI_PRICE_INTO, TRADE_DATE},
    {TRADE_DATE, "Dt", TI_PRICE_DATE, TICKER_QUOTE_DATE},
    {REPORT, "SctyId", TI_PRICE_INTO, SECURITY},
    {SECURITY, "TckrSymb", TI_PRICE_TICKER, TICKER_QUOTE_TICKER},
    {REPORT, "FinInstrmId", TI_PRICE_SKIP, 0},
    {REPORT, "TradDtls", TI_PRICE_INTO, DETAILS},
    {DETAILS, "DaysToSttlm", TI_PRICE_COUNT, TICKER_QUOTE_TERM_DAYS},
    {DETAILS, "TradQty", TI_PRICE_TOTAL, TI_PRICE_TRADES},
    {REPORT, "FinInstrmAttrbts", TI_PRICE_INTO, ATTRIBUTES},
    {ATTRIBUTES, "MktDataStrmId", TI_PRICE_SKIP, 0},
    {ATTRIBUTES, "NtlFinVol", TI_PRICE_MONEY, TI_PRICE_TURNOVER},
    {ATTRIBUTES, "IntlFinVol", TI_PRICE_SKIP, 0},
    {ATTRIBUTES, "OpnIntrst", TI_PRICE_COUNT, TICKER_QUOTE_OPEN_INTEREST},
    {ATTRIBUTES, "FinInstrmQty", TI_PRICE_TOTAL, TI_PRICE_VOLUME},
    {ATTRIBUTES, "BestBidPric", TI_PRICE_PRICE, TICKER_QUOTE_BID},
    {ATTRIBUTES, "BestAskPric", TI_PRICE_PRICE, TICKER_QUOTE_ASK},
    {ATTRIBUTES, "FrstPric", TI_PRICE_PRICE, TICKER_QUOTE_OPEN},
    {ATTRIBUTES, "MinPric", TI_PRICE_PRICE, TICKER_QUOTE_LOW},
    {ATTRIBUTES, "MaxPric", TI_PRICE_PRICE, TICKER_QUOTE_HIGH},
    {ATTRIBUTES, "TradAvrgPric", TI_PRICE_PRICE, TICKER_QUOTE_AVERAGE},
    {ATTRIBUTES, "LastPric", TI_PRICE_PRICE, TICKER_QUOTE_CLOSE},
    {ATTRIBUTES, "RglrTxsQty", TI_PRICE_TOTAL, TI_PRICE_REGULAR + TI_PRICE_TRADES},
    {ATTRIBUTES, "NonRglrTxsQty", TI_PRICE_TOTAL, TI_PRICE_OTHER + TI_PRICE_TRADES},
    {ATTRIBUTES, "RglrTraddCtrcts", TI_PRICE_TOTAL, TI_PRICE_REGULAR + TI_PRICE_VOLUME},
    {ATTRIBUTES, "NonRglrTraddCtrcts", TI_PRICE_TOTAL, TI_PRICE_OTHER + TI_PRICE_VOLUME},
    {ATTRIBUTES, "NtlRglrVol", TI_PRICE_MONEY, TI_PRICE_REGULAR + TI_PRICE_TURNOVER},
    {ATTRIBUTES, "NtlNonRglrVol", TI_PRICE_MONEY, TI_PRICE_OTHER + TI_PRICE_TURNOVER},
    {ATTRIBUTES, "IntlRglrVol", TI_PRICE_SKIP, 0},
    {ATTRIBUTES, "IntlNonRglrVol", TI_PRICE_SKIP, 0},
    {ATTRIBUTES, "AdjstdQt", TI_PRICE_PRICE, TICKER_QUOTE_SETTLEMENT},
    {ATTRIBUTES, "AdjstdQtTax", TI_PRICE_PRICE, TICKER_QUOTE_SETTLEMENT_TAX},
    {ATTRIBUTES, "AdjstdQtStin", TI_PRICE_SKIP, 0},
    {ATTRIBUTES, "PrvsAdjstdQt", TI_PRICE_SKIP, 0},
    {ATTRIBUTES, "PrvsAdjstdQtTax", TI_PRICE_SKIP, 0},
    {ATTRIBUTES, "PrvsAdjstdQtStin", TI_PRICE_SKIP, 0},
    {ATTRIBUTES, "OscnPctg", TI_PRICE_RATE, TICKER_QUOTE_OSCILLATION},
    {ATTRIBUTES, "VartnPts", TI_PRICE_SKIP, 0},
    {ATTRIBUTES, "EqvtVal", TI_PRICE_SKIP, 0},
    {ATTRIBUTES, "AdjstdValCtrct", TI_PRICE_SKIP, 0},
    {ATTRIBUTES, "MaxTradLmt", TI_PRICE_SKIP, 0},
    {ATTRIBUTES, "MinTradLmt", TI_PRICE_SKIP, 0},
    {GROUP, "TtlNbOfMsg", TI_PRICE_TOTAL, 0},
    {GROUP, "BizGrpTp", TI_PRICE_TYPE, 0},
    {GROUP, "CreDtAndTm", TI_PRICE_CREATED, 0},
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))
_Static_assert(FIELDS < NO_FIELD && FIELDS <= 64, "a bit for each field");

static const ti_slice no_value = {NULL, 0};

typedef struct price_file {
    ti_parse *parse;
    ticker_error *error;
    ticker_status status; /* TICKER_OK until an event says stop */
    ti_sax *sax;
    unsigned depth;
    unsigned char places[TICKER_XML_DEPTH_MAX];
    unsigned hint;      /* the field that most likely comes next */
    unsigned value;     /* the field whose text is being gathered, or NO_FIELD */
    size_t text_size;   /* may be more than was kept */
    bool rooted, ended; /* the root element has begun; it has ended */
    bool timed;         /* it was said of what time the reports are */
    int64_t total;      /* TtlNbOfMsg, or TICKER_NULL */
    int64_t reports;
    unsigned names;
    char name[NAMES_MAX][NAME_SHOWN_MAX];
    ti_price_report report;
    char text[TICKER_XML_TEXT_MAX];
} price_file;

/* --- Telling it apart ---------------------------------------------------------------------------------------------------------- */

static bool holds(ti_slice text, const char *word)
{
    size_t size = strlen(word);

    for (const char *at = text.data; text.size >= size; at++, text.size--)
        if (*at == *word && memcmp(at, word, size) == 0)
            return true;
    return false;
}

static int bid(const unsigned char *data, size_t size)
{
    ti_slice text = {(const char *)data, size};
    int found = 0;

    if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        text = (ti_slice){text.data + 3, text.size - 3};
    while (text.size > 0 && (*text.data == ' ' || *text.data == '\t' || *text.data == '\r' || *text.data == '\n'))
        text = (ti_slice){text.data + 1, text.size - 1};
    if (text.size == 0 || *text.data != '<')
        return 0;
    /* The envelope is that of other files of B3 as well: what they are is said when one of them is read. */
    if (holds(text, ENVELOPE))
        found += 8 * (int)strlen(ENVELOPE);
    if (holds(text, "BizFileHdr"))
        found += 8 * (int)strlen("BizFileHdr");
    return found;
}

/* --- Values -------------------------------------------------------------------------------------------------------------------- */

static bool stop(price_file *file, ticker_status status)
{
    file->status = status;
    return status == TICKER_OK;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static ti_slice trimmed(ti_slice text)
{
    while (text.size > 0 && is_blank(*text.data))
        text = (ti_slice){text.data + 1, text.size - 1};
    while (text.size > 0 && is_blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

/* "2021-04-23T19:51:04", perhaps with a fraction, by the exchange's own clock: which zone that is in, the file does not say. */
static bool take_time(ti_slice text, int64_t *milliseconds)
{
    char zoned[TIME_MAX + 1];

    if (text.size >= TIME_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (memchr("0123456789-T:.", text.data[i], 14) == NULL)
            return false;
    memcpy(zoned, text.data, text.size);
    zoned[text.size] = 'Z';
    return ti_time_parse_extended((ti_slice){zoned, text.size + 1}, milliseconds) && *milliseconds > 0;
}

/* --- The envelope -------------------------------------------------------------------------------------------------------------- */

static bool refuse(price_file *file, uint64_t line, const char *reason)
{
    return stop(file, ti_parse_refuse(file->parse, line, reason, file->error));
}

static bool take_total(price_file *file, ti_slice text, uint64_t line)
{
    int64_t total;

    if (!ti_parse_integer(text, false, &total) ||
        __builtin_add_overflow(total, file->total != TICKER_NULL ? file->total : 0, &total))
        return refuse(file, line, "TtlNbOfMsg, the number of messages, is no number");
    file->total = file->parse->report->declared = total;
    return true;
}

static bool take_kind(price_file *file, ti_slice text, uint64_t line)
{
    char shown[TI_PRICE_SHOWN_MAX];

    if (text.size > 9 && (memcmp(text.data, "BVBG.086.", 9) == 0 || memcmp(text.data, "BVBG.187.", 9) == 0))
        return true;
    (void)ti_utf8_copy(shown, sizeof(shown), text);
    (void)ti_fail(file->error, TICKER_FAILED, TICKER_ERROR_INPUT, "this is B3's file %s, not a price report", shown);
    ti_error_hint(file->error, "price reports are BVBG.086.01 (PR*.zip) and BVBG.187.01 (SPRD*.zip)");
    ti_error_place(file->error, line, 0, -1);
    return stop(file, TICKER_FAILED);
}

/* Of several groups in one document the latest counts. */
static bool take_created(price_file *file, ti_slice text, uint64_t line)
{
    ticker_report *report = file->parse->report;
    int64_t created;

    file->timed = true;
    if (!take_time(text, &created))
        return refuse(file, line, "CreDtAndTm, the time of the reports, is no time");
    if (file->reports > 0 && created > report->snapshot) /* of those reports it was said too late */
        return refuse(file, line, "CreDtAndTm, the time of the reports, stands behind reports");
    if (created > report->snapshot)
        report->snapshot = created;
    return true;
}

/* --- A report ------------------------------------------------------------------------------------------------------------------ */

static bool end_report(price_file *file)
{
    const ti_price_report *report = &file->report;

    if (++file->reports > TICKER_REPORTS_MAX)
        return stop(file, ti_fail(file->error, TICKER_FAILED, TICKER_ERROR_LIMIT,
                                  "the document has more than %d price reports", TICKER_REPORTS_MAX));
    if (!ti_price_report_end(&file->report))
        return stop(file, ti_parse_reject(file->parse, report->bad_line, 0, report->reason, file->error));
    if (ti_price_report_put(report, file->parse->batch))
        return true;
    return stop(file, ti_fail(file->error, TICKER_FAILED, TICKER_ERROR_INTERNAL, /* see ROWS_OF_A_PIECE */
                              "a piece of the document makes more rows than expected"));
}

/* --- Events -------------------------------------------------------------------------------------------------------------------- */

/* What is not known is told of, once for each name. */
static void note_unknown(price_file *file, const ti_sax_element *element)
{
    char shown[NAME_SHOWN_MAX];

    (void)ti_utf8_copy(shown, sizeof(shown), ti_slice_of(element->name));
    for (unsigned i = 0; i < file->names; i++)
        if (strcmp(file->name[i], shown) == 0)
            return;
    if (file->names == NAMES_MAX)
        return;
    memcpy(file->name[file->names++], shown, sizeof(shown));
    ti_report_add_problem(file->parse->report, element->line, 0, "element \"%s\" is not known and not stored", shown);
}

static const ti_price_field *find_field(price_file *file, unsigned parent, const char *name)
{
    for (unsigned i = 0; i < FIELDS; i++) {
        unsigned at = (file->hint + i) % FIELDS;

        if (fields[at].parent == parent && strcmp(fields[at].name, name) == 0) {
            file->hint = (at + 1) % FIELDS;
            return &fields[at];
        }
    }
    return NULL;
}

static bool begin_root(price_file *file, const ti_sax_element *element)
{
    char shown[TI_PRICE_SHOWN_MAX], space[TI_PRICE_SHOWN_MAX];

    file->rooted = true;
    if (strcmp(element->name, "Document") == 0 && strncmp(element->space, ENVELOPE, strlen(ENVELOPE)) == 0)
        return true;
    (void)ti_utf8_copy(shown, sizeof(shown), ti_slice_of(element->name));
    (void)ti_utf8_copy(space, sizeof(space), ti_slice_of(element->space));
    (void)ti_fail(file->error, TICKER_FAILED, TICKER_ERROR_INPUT,
                  "not a price report of B3: its root element is \"%s\" of \"%s\"", shown, space);
    ti_error_hint(file->error, "price reports begin with <Document xmlns=\"" ENVELOPE "01.xsd\">");
    ti_error_place(file->error, element->line, 0, -1);
    return stop(file, TICKER_FAILED);
}

static void take_currency(price_file *file, const ti_price_field *what, const ti_sax_element *element)
{
    for (unsigned i = 0; i < element->count; i++)
        if (strcmp(element->attributes[i].name, "Ccy") == 0)
            ti_price_report_currency(&file->report, what, element->attributes[i].value, element->line);
}

/* An element of a report or of the envelope's particulars. */
static unsigned char begin_field(price_file *file, unsigned parent, const ti_sax_element *element)
{
    const ti_price_field *what = find_field(file, parent, element->name);
    uint64_t bit;

    if (what == NULL && parent != GROUP)
        note_unknown(file, element);
    if (what == NULL || what->kind == TI_PRICE_SKIP)
        return WITHIN;
    bit = UINT64_C(1) << (what - fields);
    if (parent != GROUP && (file->report.seen & bit) != 0)
        ti_price_report_spoil(&file->report, element->line, what->name, no_value, "stands there twice");
    file->report.seen |= bit;
    if (what->kind == TI_PRICE_INTO)
        return what->place;
    if (what->kind == TI_PRICE_PRICE || what->kind == TI_PRICE_MONEY)
        take_currency(file, what, element);
    file->value = (unsigned)(what - fields);
    file->text_size = 0;
    return WITHIN;
}

static bool begin_element(void *payload, const ti_sax_element *element)
{
    price_file *file = payload;
    unsigned parent = file->depth > 0 ? file->places[file->depth - 1] : OUTSIDE;
    unsigned char place = (unsigned char)parent;

    if (file->value != NO_FIELD) { /* B3 has none */
        ti_price_report_spoil(&file->report, element->line, fields[file->value].name, no_value, "holds an element");
        file->value = NO_FIELD;
    } else if (file->depth == 0) {
        if (!begin_root(file, element))
            return false;
    } else if (parent == OUTSIDE) {
        if (strcmp(element->name, "PricRpt") == 0 && strncmp(element->space, MESSAGE, strlen(MESSAGE)) == 0) {
            place = REPORT;
            ti_price_report_begin(&file->report, element->line);
        } else if (strcmp(element->name, "BizGrpDtls") == 0) {
            place = GROUP;
        }
    } else if (parent != WITHIN) {
        place = begin_field(file, parent, element);
    }
    file->places[file->depth++] = place;
    return true;
}

static bool end_value(price_file *file, uint64_t line)
{
    const ti_price_field *what = &fields[file->value];
    bool fits = file->text_size <= sizeof(file->text);
    ti_slice text = trimmed((ti_slice){file->text, fits ? file->text_size : sizeof(file->text)});

    file->value = NO_FIELD;
    if (what->parent == GROUP)
        return what->kind == TI_PRICE_TOTAL  ? take_total(file, text, line)
               : what->kind == TI_PRICE_TYPE ? take_kind(file, text, line)
                                             : take_created(file, text, line);
    if (!fits)
        ti_price_report_spoil(&file->report, line, what->name, text, "is too long");
    else if (!file->report.bad)
        ti_price_report_take(&file->report, what, text, line);
    return true;
}

static bool end_element(void *payload, uint64_t line)
{
    price_file *file = payload;
    unsigned place = file->places[--file->depth], parent = file->depth > 0 ? file->places[file->depth - 1] : OUTSIDE;

    file->ended = file->depth == 0;
    if (file->value != NO_FIELD)
        return end_value(file, line);
    return place == REPORT && parent == OUTSIDE ? end_report(file) : true;
}

static bool take_text(void *payload, ti_slice text)
{
    price_file *file = payload;
    size_t room;

    if (file->value == NO_FIELD)
        return true;
    room = file->text_size < sizeof(file->text) ? sizeof(file->text) - file->text_size : 0;
    memcpy(file->text + sizeof(file->text) - room, text.data, text.size < room ? text.size : room);
    file->text_size = text.size > SIZE_MAX - file->text_size ? SIZE_MAX : file->text_size + text.size;
    return true;
}

/* --- The format ---------------------------------------------------------------------------------------------------------------- */

static ticker_status cannot_read(ticker_error *error)
{
    bool linked = &ti_sax_libxml2 != NULL;

    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_UNSUPPORTED,
                  linked ? "price reports (BVBG.086) are XML, which this build cannot read: it has no libxml2"
                         : "price reports (BVBG.086) are XML, and this program was linked without the XML reader");
    if (linked)
        ti_error_hint(error, "build with libxml2");
    else
        ti_error_hint(error, "link it with -Wl,-u,ti_sax_libxml2 and libxml2, or with the shared library");
    return TICKER_FAILED;
}

/* What libxml2 takes for UTF-8 and nothing else; a byte order mark is taken off. */
static ticker_status check_start(ti_parse *parse, ticker_error *error)
{
    const unsigned char *data;
    size_t available, size = 0;
    ticker_status status = ti_stream_peek(parse->stream, 8, &data, &available, error);

    if (status != TICKER_OK)
        return status;
    if (available >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        size = 3;
    if (available > size + 1 && data[size] < 0x80 && data[size] != 0 && data[size + 1] != 0 && data[size + 1] < 0x80) {
        ti_stream_consume(parse->stream, size);
        return TICKER_OK;
    }
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the XML cannot be read: it does not begin as UTF-8 does");
    ti_error_place(error, 1, 1, 0);
    return TICKER_FAILED;
}

static ticker_status open_reports(ti_parse *parse, void **state, ticker_error *error)
{
    static const ti_sax_events events = {begin_element, end_element, take_text};
    price_file *file;
    ticker_status status;

    if (&ti_sax_libxml2 == NULL || ti_sax_libxml2.open == NULL)
        return cannot_read(error);
    file = calloc(1, sizeof(*file));
    if (file == NULL)
        return ti_fail_memory(error);
    *state = file;
    file->value = NO_FIELD;
    file->total = TICKER_NULL;
    status = check_start(parse, error);
    if (status != TICKER_OK)
        return status;
    file->sax = ti_sax_libxml2.open(&events, file);
    parse->report->complete = file->sax != NULL;
    return file->sax != NULL ? TICKER_OK : ti_fail_memory(error);
}

/* The bytes have ended: whether the document has, and holds what it says. */
static ticker_status finish(ti_parse *parse, price_file *file, ticker_error *error)
{
    uint64_t line = ti_sax_libxml2.line(file->sax);
    char reason[TI_REASON_MAX];
    ticker_status status;

    if (file->rooted && !file->ended) {
        status = ti_parse_refuse(parse, line, "the document ends within an element: it is truncated", error);
        if (status != TICKER_OK)
            ti_error_place(error, line, 0, (int64_t)ti_stream_offset(parse->stream));
    } else {
        status = ti_sax_libxml2.end(file->sax, error);
    }
    if (status == TICKER_OK && file->total == TICKER_NULL)
        status = ti_parse_refuse(parse, 0, "the document does not say how many reports it has (TtlNbOfMsg)", error);
    else if (status == TICKER_OK && file->total != file->reports) {
        (void)snprintf(reason, sizeof(reason), "the document says that it has %lld reports and has %lld",
                       (long long)file->total, (long long)file->reports);
        status = ti_parse_refuse(parse, 0, reason, error);
    } else if (status == TICKER_OK && file->reports == 0) {
        status = ti_parse_refuse(parse, 0, "the document has no price reports", error);
    }
    if (status == TICKER_OK && !file->timed)
        status = ti_parse_refuse(parse, 0, "the document does not say of what time it is (CreDtAndTm)", error);
    return status == TICKER_OK ? TICKER_DONE : status;
}

/* However the bytes come, the pieces are the same: and so are the batches, and what is said of what is wrong. */
static ticker_status read_piece(ti_parse *parse, price_file *file, ticker_error *error)
{
    const unsigned char *data;
    size_t available;
    ticker_status status = ti_stream_peek(parse->stream, TI_SAX_PIECE, &data, &available, error);

    if (status != TICKER_OK)
        return status;
    if (available == 0)
        return finish(parse, file, error);
    if (available > TI_SAX_PIECE)
        available = TI_SAX_PIECE;
    status = ti_sax_libxml2.push(file->sax, data, available, error);
    ti_stream_consume(parse->stream, available);
    return file->status != TICKER_OK ? file->status : status;
}

static ticker_status next_reports(ti_parse *parse, void *state, ticker_error *error)
{
    price_file *file = state;
    ticker_status status = TICKER_OK;

    file->parse = parse;
    file->error = error;
    while (status == TICKER_OK && parse->batch->rows + ROWS_OF_A_PIECE <= parse->batch->capacity)
        status = read_piece(parse, file, error);
    parse->report->lines = (int64_t)ti_sax_libxml2.line(file->sax);
    parse->report->member_bytes = (int64_t)ti_stream_offset(parse->stream);
    return status;
}

static void close_reports(void *state)
{
    price_file *file = state;

    if (file->sax != NULL)
        ti_sax_libxml2.close(file->sax);
    free(file);
}

const ti_format ti_format_bvbg086 = {
    .name = "bvbg086",
    .table = TICKER_QUOTES,
    .text_bytes = TICKER_TICKER_MAX + TI_PRICE_CURRENCY_MAX + sizeof(TI_PRICE_SOURCE),
    .bid = bid,
    .open = open_reports,
    .next = next_reports,
    .close = close_reports,
};
