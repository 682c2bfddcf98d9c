#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/date.h"
#include "base/number.h"
#include "base/utf8.h"

#define BYTES_MAX ((size_t)512 << 20)
#define SECONDS 300 /* under Valgrind too */

int run_tests(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, SECONDS);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

size_t many_or_few(size_t many, size_t few)
{
    const char *wanted = getenv("TICKER_TEST_FEW");

    return wanted != NULL && strcmp(wanted, "yes") == 0 ? few : many;
}

uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *state = x;
    return x * 0x2545f4914f6cdd1du >> 16;
}

void bytes_init(ti_buffer *bytes)
{
    ti_buffer_init(bytes, BYTES_MAX);
}

void add(ti_buffer *to, const char *format, ...)
{
    char text[16384];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    ck_assert(length >= 0 && (size_t)length < sizeof(text));
    add_bytes(to, text, (size_t)length);
}

void add_bytes(ti_buffer *to, const void *data, size_t size)
{
    char *at = ti_buffer_reserve(to, size + 1);

    ck_assert_ptr_nonnull(at);
    if (size > 0)
        memcpy(at, data, size);
    to->size += size;
}

void add_repeated(ti_buffer *to, char byte, size_t count)
{
    char *at = ti_buffer_reserve(to, count + 1);

    ck_assert_ptr_nonnull(at);
    memset(at, byte, count);
    to->size += count;
}

bool is_utf8(const char *text)
{
    for (ti_slice left = ti_slice_of(text); left.size > 0;) {
        size_t length = ti_utf8_length(left);

        if (length == 0)
            return false;
        left = (ti_slice){left.data + length, left.size - length};
    }
    return true;
}

char *make_file(const void *data, size_t size)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];
    char *copy;
    int descriptor;

    (void)snprintf(path, sizeof(path), "%s/ticker-unit-XXXXXX", folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    descriptor = mkstemp(path);
    ck_assert_int_ge(descriptor, 0);
    for (size_t at = 0; at < size;) {
        ssize_t count = write(descriptor, (const char *)data + at, size - at);

        ck_assert_int_gt(count, 0);
        at += (size_t)count;
    }
    ck_assert_int_eq(close(descriptor), 0);
    copy = strdup(path);
    ck_assert_ptr_nonnull(copy);
    return copy;
}

void drop_file(char *path)
{
    ck_assert_int_eq(unlink(path), 0);
    free(path);
}

/* --- COTAHIST ------------------------------------------------------------------------------------------------------------------- */

const b3_field b3_fields[B3_FIELDS] = {
    {"DATA", TICKER_QUOTE_DATE, 2, 8, 'D'},
    {"CODBDI", TICKER_QUOTE_BDI, 10, 2, 'X'},
    {"CODNEG", TICKER_QUOTE_TICKER, 12, 12, 'X'},
    {"TPMERC", TICKER_QUOTE_MARKET, 24, 3, 'C'},
    {"NOMRES", TICKER_QUOTE_NAME, 27, 12, 'X'},
    {"ESPECI", TICKER_QUOTE_SPECIFICATION, 39, 10, 'X'},
    {"PRAZOT", TICKER_QUOTE_TERM_DAYS, 49, 3, 'T'},
    {"MODREF", TICKER_QUOTE_CURRENCY, 52, 4, 'X'},
    {"PREABE", TICKER_QUOTE_OPEN, 56, 13, 'N'},
    {"PREMAX", TICKER_QUOTE_HIGH, 69, 13, 'N'},
    {"PREMIN", TICKER_QUOTE_LOW, 82, 13, 'N'},
    {"PREMED", TICKER_QUOTE_AVERAGE, 95, 13, 'N'},
    {"PREULT", TICKER_QUOTE_CLOSE, 108, 13, 'N'},
    {"PREOFC", TICKER_QUOTE_BID, 121, 13, 'N'},
    {"PREOFV", TICKER_QUOTE_ASK, 134, 13, 'N'},
    {"TOTNEG", TICKER_QUOTE_TRADES, 147, 5, 'N'},
    {"QUATOT", TICKER_QUOTE_VOLUME, 152, 18, 'N'},
    {"VOLTOT", TICKER_QUOTE_TURNOVER, 170, 18, 'N'},
    {"PREEXE", TICKER_QUOTE_STRIKE, 188, 13, 'N'},
    {"INDOPC", TICKER_QUOTE_CORRECTION, 201, 1, 'N'},
    {"DATVEN", TICKER_QUOTE_EXPIRY, 202, 8, 'D'},
    {"FATCOT", TICKER_QUOTE_FACTOR, 210, 7, 'N'},
    {"PTOEXE", TICKER_QUOTE_STRIKE_POINTS, 217, 13, 'N'},
    {"CODISI", TICKER_QUOTE_ISIN, 230, 12, 'X'},
    {"DISMES", TICKER_QUOTE_DISTRIBUTION, 242, 3, 'X'},
};

const b3_field *find_b3_field(const char *name)
{
    for (size_t i = 0; i < B3_FIELDS; i++)
        if (strcmp(b3_fields[i].name, name) == 0)
            return &b3_fields[i];
    ck_abort_msg("no field %s", name);
}

void set_field(char record[RECORD], const char *name, const char *value)
{
    const b3_field *field = find_b3_field(name);
    size_t size = strlen(value), before = 0;

    ck_assert_uint_le(size, field->length);
    if (field->kind == 'N') {
        before = field->length - size;
        memset(record + field->offset, '0', field->length);
    } else {
        memset(record + field->offset, ' ', field->length);
    }
    memcpy(record + field->offset + before, value, size);
}

void make_record(char record[RECORD])
{
    static const char *const values[B3_FIELDS] = {
        "20160104", "02",  "PETR4",    "010", "PETROBRAS", "PN      N2",   "",      "R$",       "687",
        "701",      "660", "684",      "675", "674",       "675",          "35480", "60127200", "41123456789",
        "0",        "0",   "99991231", "1",   "0",         "BRPETRACNPR6", "122"};
    static char made[RECORD]; /* it is asked for very often */

    if (made[0] == '\0') {
        memset(made, ' ', RECORD);
        memcpy(made, "01", 2);
        for (size_t i = 0; i < B3_FIELDS; i++)
            set_field(made, b3_fields[i].name, values[i]);
    }
    memcpy(record, made, RECORD);
}

void add_record(ti_buffer *to, const char record[RECORD], const char *end)
{
    add_bytes(to, record, RECORD);
    add(to, "%s", end);
}

void add_header(ti_buffer *to, const char *end)
{
    add(to, "%-245s%s", "00COTAHIST.2016BOVESPA 20160105", end);
}

void add_trailer(ti_buffer *to, uint64_t count, const char *end)
{
    add(to, "99COTAHIST.2016BOVESPA 20160105%011llu%203s%s", (unsigned long long)count, "", end);
}

void make_cotahist(ti_buffer *to, size_t records, const char *end)
{
    char record[RECORD], text[32];

    add_header(to, end);
    for (size_t i = 0; i < records; i++) {
        make_record(record);
        (void)snprintf(text, sizeof(text), "T%zu", i % 500);
        set_field(record, "CODNEG", text);
        (void)snprintf(text, sizeof(text), "201601%02zu", 1 + i / 500 % 28);
        set_field(record, "DATA", text);
        (void)snprintf(text, sizeof(text), "%zu", 100 + i);
        set_field(record, "PREULT", text);
        if (i % 7 == 3) {
            set_field(record, "TPMERC", "030");
            set_field(record, "PRAZOT", "030");
            set_field(record, "NOMRES", "S\xc3O JO\xc3O"); /* latin-1 */
        }
        add_record(to, record, end);
    }
    add_trailer(to, records + 2, end);
}

/* --- Trades --------------------------------------------------------------------------------------------------------------------- */

void make_trades(ti_buffer *to, size_t rows, const char *end)
{
    add(to, "%s%s", TRADES_12, end);
    for (size_t i = 0; i < rows; i++) {
        size_t trade = i % 11 == 10 ? i - 10 : i; /* every eleventh row cancels an earlier one */

        add(to, "2025-04-29;TK%zu;%d;%s%zu,%03zu;%zu;1%zu%02zu%02zu%03zu;%zu;%s;2025-04-29;%s;%zu;1%s", trade % 97,
            i % 11 == 10 ? 2 : 0, trade % 13 == 5 ? "-" : "", trade % 700, trade * 7 % 1000, 1 + trade % 5000,
            trade / 3600 % 10, trade / 60 % 60, trade % 60, trade * 31 % 1000, 10 + 10 * trade,
            trade % 50 == 49 ? "6" : "1", trade % 9 == 2 ? "" : "127", 3 + trade % 6000, end);
    }
}

/* --- NEG_ and consolidated files ------------------------------------------------------------------------------------------------ */

void add_neg_end(ti_buffer *to, const char *type, size_t lines, const char *end)
{
    add(to, "%s NEG                 2015-11-26 2015-11-26 %09zu%s", type, lines, end);
}

void add_neg_row(ti_buffer *to, size_t number, bool cancelled, const char *end)
{
    char ticker[16];

    (void)snprintf(ticker, sizeof(ticker), "NG%zu", number % 97);
    add(to,
        "2015-11-26;%-50s;%010zu;%c%012zu.%06zu;%018zu;1%zu:%02zu:%02zu.%03zu;%d;2015-11-26;%015zu;%015zu;%zu;"
        "2015-11-26;%015zu;%015zu;%zu;%d;%08zu;%08zu%s",
        ticker, 10 + 10 * number, number % 13 == 5 ? '-' : ' ', number % 700, number * 7919 % 1000000,
        1 + number % 5000, number / 3600 % 8, number / 60 % 60, number % 60, number * 31 % 1000, cancelled ? 2 : 1,
        90786906422 + number, 16373994 + number, 1 + number % 2, 90786900000 + number, 16370000 + number,
        2 - number % 2, number % 50 == 49, 3 + number % 600, 8 + number % 700, end);
}

void make_neg(ti_buffer *to, size_t rows, const char *end)
{
    add_neg_end(to, "RH", rows + 2, end);
    for (size_t i = 0; i < rows; i++)
        add_neg_row(to, i, i % 11 == 10, end);
    add_neg_end(to, "RT", rows + 2, end);
}

void make_consolidated(ti_buffer *to, size_t rows, const char *end)
{
    static const char *const segments[] = {"CASH",       "ODD LOT",         "FORWARD",    "EQUITY CALL",
                                           "EQUITY PUT", "\"BLOCK;TRADE\"", "A\xc7\xd5O", "\"A \"\"B\"\"\""};

    add(to, "%s%s%s%s", CONSOLIDATED_FINAL, end, CONSOLIDATED, end);
    for (size_t i = 0; i < rows; i++) {
        add(to, "2026-09-%02zu;CS%zu;BRCS%05zuNOR1;%s;", 1 + i % 28, i, i % 100000, segments[i % COUNT(segments)]);
        if (i % 3 == 2)
            add(to, ";;;;;;;%zu,%zu;;;%s", i % 900, i % 10, end);
        else
            add(to, "%zu,%02zu;%zu,9;%zu;%zu,5;%s%zu,%02zu;;;;%zu;%zu;%zu,%zu%s", i % 400, i % 100, 400 + i % 400,
                400 + i % 7, 401 + i % 9, i % 5 == 1 ? "-" : "", i % 4, i % 90, 1 + i, 100 * (1 + i), 40000 * (1 + i),
                i % 100, end);
    }
}

/* --- Price reports -------------------------------------------------------------------------------------------------------------- */

static void add_report(ti_buffer *to, size_t number, const char *end)
{
    add(to,
        "<BizGrp><AppHdr "
        "xmlns=\"urn:iso:std:iso:20022:tech:xsd:head.001.001.01\"><BizMsgIdr>BV%zu</BizMsgIdr></AppHdr>%s"
        "<Document "
        "xmlns=\"urn:bvmf.217.01.xsd\"><PricRpt><TradDt><Dt>2021-04-%02zu</Dt></TradDt><SctyId><TckrSymb>PR&#x41;"
        "<![CDATA[C]]>%zu</TckrSymb></SctyId>",
        number, end, 1 + number % 28, number);
    if (number % 3 != 2)
        add(to, "<TradDtls><DaysToSttlm>%zu</DaysToSttlm><TradQty>%zu</TradQty></TradDtls>", number % 60, 1 + number);
    add(to, "<!-- n\xc3\xa3o -->%s<FinInstrmAttrbts>", end);
    if (number % 3 != 2)
        add(to,
            "<NtlFinVol Ccy=\"BRL\">%zu.5</NtlFinVol><OpnIntrst>%zu</OpnIntrst><FinInstrmQty>%zu</FinInstrmQty>"
            "<BestBidPric Ccy=\"BRL\">%zu.53</BestBidPric><FrstPric Ccy='BRL'>%zu.19</FrstPric>"
            "<MinPric Ccy=\"BRL\"> %zu.1 </MinPric><MaxPric Ccy=\"BRL\">%zu.6</MaxPric>"
            "<LastPric Ccy=\"BRL\">%s2.%zu</LastPric><OscnPctg>-0.%02zu</OscnPctg>",
            49628149 + number, number * 7, 33461800 + number, number % 40, number % 40, number % 40, 40 + number,
            number % 7 == 6 ? "x" : "-", number % 10, number % 100);
    add(to, "<AdjstdQt Ccy=\"BRL\">%zu.01</AdjstdQt></FinInstrmAttrbts></PricRpt></Document></BizGrp>%s",
        62450 + number, end);
}

void make_prices(ti_buffer *to, size_t rows, const char *end)
{
    add(to,
        "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>%s<Document "
        "xmlns=\"urn:bvmf.052.01.xsd\"><BizFileHdr><Xchg>"
        "<BizGrpDesc><Fr><OrgId><Id>BVMF</Id></OrgId></Fr><BizGrpDtls><BizGrpIdr>BV1</BizGrpIdr><TtlNbOfMsg>%zu</"
        "TtlNbOfMsg>"
        "<BizGrpTp>BVBG.086.01</BizGrpTp><CreDtAndTm>2021-04-23T19:51:04</CreDtAndTm></BizGrpDtls></BizGrpDesc>%s",
        end, rows, end);
    for (size_t i = 0; i < rows; i++)
        add_report(to, i, end);
    add(to, "</Xchg></BizFileHdr></Document>%s", end);
}

/* --- Sources -------------------------------------------------------------------------------------------------------------------- */

ticker_status pieces_read(void *payload, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    pieces *self = payload;
    size_t count = self->piece > 0 ? self->piece : self->seed != 0 ? 1 + next_random(&self->seed) % 4096 : capacity;

    self->reads++;
    if (self->fail_with != TICKER_OK) {
        if (self->at >= self->fail_at)
            return ticker_error_set(error, self->fail_with, TICKER_ERROR_SERVICE, "the line is dead");
        count = count < self->fail_at - self->at ? count : self->fail_at - self->at;
    }
    count = count < capacity ? count : capacity;
    count = count < self->size - self->at ? count : self->size - self->at;
    if (count == 0)
        return TICKER_DONE;
    memcpy(buffer, (const char *)self->data + self->at, count);
    self->at += count;
    *got = count;
    return TICKER_OK;
}

static void pieces_close(void *payload)
{
    ((pieces *)payload)->closes++;
}

ticker_source *pieces_source(pieces *self)
{
    static const ticker_source_ops ops = {sizeof(ops), pieces_read, pieces_close};
    ticker_source *source = ticker_source_new(&ops, self, "pieces", -1);

    ck_assert_ptr_nonnull(source);
    return source;
}

/* --- Reading -------------------------------------------------------------------------------------------------------------------- */

ticker_options *make_options(const char *first, ...)
{
    ticker_options *options = ticker_options_new();
    va_list arguments;

    ck_assert_ptr_nonnull(options);
    va_start(arguments, first);
    for (const char *pair = first; pair != NULL; pair = va_arg(arguments, const char *)) {
        const char *sign = strchr(pair, '=');
        char name[64];

        ck_assert_ptr_nonnull(sign);
        (void)snprintf(name, sizeof(name), "%.*s", (int)(sign - pair), pair);
        ck_assert_int_eq(ticker_options_set(options, name, sign + 1, NULL), TICKER_OK);
    }
    va_end(arguments);
    return options;
}

static void hash_number(ti_sha256 *hash, int64_t number)
{
    if (!ti_sha256_update(hash, &number, sizeof(number))) /* no assertion: millions of cells come through here */
        ck_abort();
}

static void hash_text(ti_sha256 *hash, const char *text, size_t size)
{
    hash_number(hash, (int64_t)size);
    if (!ti_sha256_update(hash, text, size))
        ck_abort();
}

static void hash_row(ti_sha256 *hash, const ticker_batch *batch, size_t row)
{
    unsigned columns = ticker_table_columns(ticker_batch_table(batch));

    hash_number(hash, (int64_t)ticker_batch_line(batch, row));
    for (unsigned i = 0; i < columns; i++) {
        const int64_t *numbers = ticker_batch_i64(batch, i);
        const char *text;
        size_t size;

        if (numbers != NULL) {
            hash_number(hash, numbers[row]);
            continue;
        }
        text = ticker_batch_text(batch, i, row, &size);
        if (text == NULL)
            ck_abort();
        hash_text(hash, text, size);
    }
}

static void hash_report(ti_sha256 *hash, const ticker_report *report)
{
    static const ticker_report_key numbers[] = {
        TICKER_REPORT_MEMBER_BYTES, TICKER_REPORT_LINES,   TICKER_REPORT_RECORDS, TICKER_REPORT_REJECTED,
        TICKER_REPORT_TICKERS,      TICKER_REPORT_TRADES,  TICKER_REPORT_VOLUME,  TICKER_REPORT_DECLARED,
        TICKER_REPORT_COMPLETE,     TICKER_REPORT_REPAIRED};
    static const ticker_report_key texts[] = {TICKER_REPORT_MEMBER, TICKER_REPORT_FORMAT, TICKER_REPORT_FIRST_DATE,
                                              TICKER_REPORT_LAST_DATE, TICKER_REPORT_TURNOVER};

    for (size_t i = 0; i < COUNT(numbers); i++)
        hash_number(hash, ticker_report_integer(report, numbers[i]));
    for (size_t i = 0; i < COUNT(texts); i++)
        hash_text(hash, ticker_report_text(report, texts[i]), strlen(ticker_report_text(report, texts[i])));
    for (size_t i = 0; i < ticker_report_problem_count(report); i++) {
        uint64_t line, column;
        const char *reason = ticker_report_problem(report, i, &line, &column);

        hash_number(hash, (int64_t)line);
        hash_number(hash, (int64_t)column);
        hash_text(hash, reason, strlen(reason));
    }
}

/* Rows up to a failure are of no account: how many of them come depends on where a batch happens to end. */
static ticker_status read_member(outcome *result, ticker_reader *reader, ti_sha256 *hash)
{
    const ticker_batch *batch;
    ticker_status status;

    while ((status = ticker_reader_next_batch(reader, &batch, &result->error)) == TICKER_OK) {
        size_t rows = ticker_batch_rows(batch);

        ck_assert_uint_gt(rows, 0);
        ck_assert_uint_le(rows, TICKER_BATCH_ROWS_MAX);
        result->rows += rows;
        for (size_t row = 0; row < rows; row++)
            hash_row(hash, batch, row);
    }
    return status;
}

void read_source(outcome *result, ticker_source *source, const ticker_options *options)
{
    ti_sha256 *hash = ti_sha256_new();
    ticker_reader *reader;
    ticker_status status;

    ck_assert_ptr_nonnull(source);
    ck_assert_ptr_nonnull(hash);
    memset(result, 0, sizeof(*result));
    ti_error_init(&result->error);
    reader = ticker_reader_new(source, options);
    ck_assert_ptr_nonnull(reader);
    ticker_reader_keep_totals(reader, 1);
    while ((status = ticker_reader_next_member(reader, &result->error)) == TICKER_OK) {
        result->members++;
        status = read_member(result, reader, hash);
        if (status != TICKER_DONE)
            break;
        hash_report(hash, ticker_reader_report(reader));
    }
    result->status = status == TICKER_DONE ? TICKER_OK : status;
    ck_assert_int_eq(result->error.kind == TICKER_ERROR_NONE, result->status == TICKER_OK);
    result->report = *ticker_reader_report(reader);
    ticker_reader_free(reader);
    ck_assert(ti_sha256_finish(hash, result->digest));
    ti_sha256_free(hash);
}

void read_bytes(outcome *result, const void *data, size_t size, const ticker_options *options)
{
    read_source(result, ticker_source_open_memory(data, size, "memory"), options);
}

ticker_reader *first_batch(const void *data, size_t size, const ticker_batch **batch)
{
    ticker_reader *reader = ticker_reader_new(ticker_source_open_memory(data, size, "memory"), NULL);
    ticker_error error;
    ticker_status status;

    ck_assert_ptr_nonnull(reader);
    ti_error_init(&error);
    status = ticker_reader_next_member(reader, &error);
    ck_assert_msg(status == TICKER_OK, "%s", error.message);
    status = ticker_reader_next_batch(reader, batch, &error);
    ck_assert_msg(status == TICKER_OK, "%s", error.message);
    return reader;
}

const char *cell_text(const ticker_batch *batch, unsigned column, size_t row)
{
    static char texts[8][256];
    static unsigned next;
    char *text = texts[next++ % COUNT(texts)];
    const int64_t *numbers = ticker_batch_i64(batch, column);
    size_t size;

    if (numbers == NULL) {
        const char *data = ticker_batch_text(batch, column, row, &size);

        ck_assert_ptr_nonnull(data);
        (void)snprintf(text, sizeof(texts[0]), "%.*s", (int)size, data);
    } else if (numbers[row] == TICKER_NULL) {
        (void)snprintf(text, sizeof(texts[0]), "null");
    } else {
        (void)ticker_column_format(ticker_batch_table(batch), column, numbers[row], text, sizeof(texts[0]));
    }
    return text;
}
