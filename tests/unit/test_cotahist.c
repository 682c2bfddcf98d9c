/* COTAHIST records: every field's value, what is null, what is rejected and where; and the two decoders against each other. */
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>

#include "format/cotahist_record.h"
#include "input/stream.h"

/* A file of the record alone, and its batch; both to be freed. */
static ticker_reader *only_record(ti_buffer *file, const char record[RECORD], const ticker_batch **batch)
{
    bytes_init(file);
    add_header(file, "\n");
    add_record(file, record, "\n");
    add_trailer(file, 3, "\n");
    return first_batch(file->data, file->size, batch);
}

/* A file of the record and a good one behind it, read to its end. */
static void read_record(outcome *result, const char record[RECORD])
{
    char good[RECORD];
    ti_buffer file;

    make_record(good);
    bytes_init(&file);
    add_header(&file, "\r\n");
    add_record(&file, record, "\r\n");
    add_record(&file, good, "\r\n");
    add_trailer(&file, 4, "\r\n");
    read_bytes(result, file.data, file.size, NULL);
    ti_buffer_free(&file);
}

/* The field shows as `text` ("null" for none) when the file says `value`. */
static void field_is(const char *name, const char *value, const char *text)
{
    char record[RECORD];
    const ticker_batch *batch;
    ticker_reader *reader;
    ti_buffer file;

    make_record(record);
    set_field(record, name, value);
    reader = only_record(&file, record, &batch);
    ck_assert_uint_eq(ticker_batch_rows(batch), 1);
    ck_assert_uint_eq(ticker_batch_line(batch, 0), 2);
    ck_assert_msg(strcmp(cell_text(batch, find_b3_field(name)->column, 0), text) == 0, "%s \"%s\" gives %s", name,
                  value, cell_text(batch, find_b3_field(name)->column, 0));
    ticker_reader_free(reader);
    ti_buffer_free(&file);
}

/* The record is rejected for one reason that stands at 0-based `at` and begins with the field's name. */
static void rejected(const char record[RECORD], const char *name, unsigned at, const char *why)
{
    outcome result;

    read_record(&result, record);
    one_is_rejected(&result, 1, 2, at + 1, name, why);
}

START_TEST(a_whole_record)
{
    static const char *const texts[TICKER_QUOTE_COLUMNS] = {
        [TICKER_QUOTE_TICKER] = "PETR4",       [TICKER_QUOTE_DATE] = "2016-01-04",
        [TICKER_QUOTE_MARKET] = "010",         [TICKER_QUOTE_BDI] = "02",
        [TICKER_QUOTE_NAME] = "PETROBRAS",     [TICKER_QUOTE_SPECIFICATION] = "PN      N2",
        [TICKER_QUOTE_TERM_DAYS] = "null",     [TICKER_QUOTE_CURRENCY] = "R$",
        [TICKER_QUOTE_OPEN] = "6.87",          [TICKER_QUOTE_HIGH] = "7.01",
        [TICKER_QUOTE_LOW] = "6.60",           [TICKER_QUOTE_AVERAGE] = "6.84",
        [TICKER_QUOTE_CLOSE] = "6.75",         [TICKER_QUOTE_BID] = "6.74",
        [TICKER_QUOTE_ASK] = "6.75",           [TICKER_QUOTE_TRADES] = "35480",
        [TICKER_QUOTE_VOLUME] = "60127200",    [TICKER_QUOTE_TURNOVER] = "411234567.89",
        [TICKER_QUOTE_TURNOVER_REST] = "0",    [TICKER_QUOTE_STRIKE] = "null",
        [TICKER_QUOTE_STRIKE_POINTS] = "null", [TICKER_QUOTE_CORRECTION] = "null",
        [TICKER_QUOTE_EXPIRY] = "null",        [TICKER_QUOTE_FACTOR] = "1",
        [TICKER_QUOTE_ISIN] = "BRPETRACNPR6",  [TICKER_QUOTE_DISTRIBUTION] = "122",
        [TICKER_QUOTE_SOURCE] = "cotahist",
    };
    const ticker_batch *batch;
    ticker_reader *reader;
    ti_buffer file;
    char record[RECORD];

    make_record(record);
    reader = only_record(&file, record, &batch);
    ck_assert_int_eq(ticker_batch_table(batch), TICKER_QUOTES);
    for (unsigned i = 0; i < TICKER_QUOTE_COLUMNS; i++)
        ck_assert_str_eq(cell_text(batch, i, 0), texts[i] != NULL                                           ? texts[i]
                                                 : ticker_column_type(TICKER_QUOTES, i) == TICKER_TYPE_TEXT ? ""
                                                                                                            : "null");
    ticker_reader_free(reader);
    ti_buffer_free(&file);
}
END_TEST

START_TEST(texts)
{
    field_is("CODNEG", "BOVAW130W2E", "BOVAW130W2E");
    field_is("CODNEG", "PET 2", "PET 2"); /* before the 1990s */
    field_is("CODNEG", "BB  2", "BB  2");
    field_is("CODNEG", "123456789012", "123456789012");
    field_is("CODNEG", "~!{}|\"'\\;,", "~!{}|\"'\\;,");
    field_is("CODBDI", "96", "96");
    field_is("CODBDI", "", "");
    field_is("TPMERC", "021", "021");
    field_is("TPMERC", "999", "999");
    field_is("NOMRES", "PETRE    /ED", "PETRE    /ED");
    field_is("NOMRES", " X", " X");
    field_is("ESPECI", "PN *EJ  N1", "PN *EJ  N1");
    field_is("MODREF", "CZ$", "CZ$");
    field_is("CODISI", "ASA ACPNA", "ASA ACPNA");
    field_is("CODISI", "", "");
    field_is("DISMES", "007", "007");
    field_is("DISMES", "000", "000");
}
END_TEST

START_TEST(latin1_becomes_utf8)
{
    field_is("NOMRES", "RIO MUDRIR\xc9", "RIO MUDRIR\xc3\x89");
    field_is("NOMRES", "\xff\xe7\xa0\x80\xc3\xbf\xff\xff\xff\xff\xff\xff",
             "\xc3\xbf\xc3\xa7\xc2\xa0\xc2\x80\xc3\x83\xc2\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf\xc3\xbf");
    field_is("CODNEG", "\xc7", "\xc3\x87");
    field_is("ESPECI", "A\xc3O", "A\xc3\x83O");
}
END_TEST

/* All texts as long as they can get: the batch has room for as many such rows as it takes. */
START_TEST(a_batch_of_the_longest_texts)
{
    ti_buffer file;
    char record[RECORD];
    outcome result;

    make_record(record);
    for (size_t i = 0; i < B3_FIELDS; i++)
        if (b3_fields[i].kind == 'X')
            memset(record + b3_fields[i].offset, 0xe9, b3_fields[i].length);
    bytes_init(&file);
    add_header(&file, "\n");
    for (int i = 0; i < 3 * TICKER_BATCH_ROWS_MAX; i++)
        add_record(&file, record, "\n");
    add_trailer(&file, 3 * TICKER_BATCH_ROWS_MAX + 2, "\n");
    read_bytes(&result, file.data, file.size, NULL);
    ck_assert_int_eq(result.status, TICKER_OK);
    ck_assert_uint_eq(result.rows, 3 * TICKER_BATCH_ROWS_MAX);
    ck_assert_int_eq(result.report.rejected, 0);
    ti_buffer_free(&file);
}
END_TEST

START_TEST(numbers)
{
    field_is("PREABE", "1", "0.01");
    field_is("PREABE", "7950000", "79500.00");
    field_is("PREABE", "0", "0.00");
    field_is("PREMED", "9999999999999", "99999999999.99");
    field_is("TOTNEG", "80", "80"); /* as given, also where it wrapped */
    field_is("TOTNEG", "99999", "99999");
    field_is("QUATOT", "18268300000", "18268300000");
    field_is("QUATOT", "999999999999999999", "999999999999999999");
    field_is("VOLTOT", "999999999999999999", "9999999999999999.99");
    field_is("VOLTOT", "1", "0.01");
    field_is("FATCOT", "1000", "1000");
    field_is("FATCOT", "9999999", "9999999");
    field_is("PTOEXE", "139000000000", "139000.000000");
    field_is("PTOEXE", "9999999999999", "9999999.999999");
    field_is("PTOEXE", "1", "0.000001");
    field_is("PREEXE", "1652", "16.52");
    field_is("INDOPC", "9", "9");
}
END_TEST

START_TEST(what_is_null)
{
    field_is("PREOFC", "0", "null");
    field_is("PREOFV", "0", "null");
    field_is("PREEXE", "0", "null");
    field_is("PTOEXE", "0", "null");
    field_is("INDOPC", "0", "null");
    field_is("PREOFC", "1", "0.01");
    field_is("DATVEN", "99991231", "null");
    field_is("DATVEN", "99991230", "9999-12-30");
    field_is("DATVEN", "20160118", "2016-01-18");
    field_is("TOTNEG", "0", "0");
    field_is("QUATOT", "0", "0");
    field_is("PREULT", "0", "0.00");
}
END_TEST

START_TEST(term_days)
{
    field_is("PRAZOT", "", "null");
    field_is("PRAZOT", "000", "0");
    field_is("PRAZOT", "030", "30");
    field_is("PRAZOT", "999", "999");
}
END_TEST

START_TEST(unreadable_term_days_are_blank)
{
    static const char bytes[][3] = {"\x00\x0f ", "\x9c\x0f ", "\x00\x07 ",    "\x00\x00\x00",
                                    "\x7f  ",    "  \x01",    "\x9c\xff\xc9", "03\r"};
    char record[RECORD];

    for (size_t i = 0; i < COUNT(bytes); i++) {
        const ticker_batch *batch;
        ticker_reader *reader;
        outcome result;
        ti_buffer file;

        make_record(record);
        memcpy(record + 49, bytes[i], 3);
        read_record(&result, record);
        ck_assert_int_eq(result.status, TICKER_OK);
        ck_assert_uint_eq(result.rows, 2);
        ck_assert_int_eq(result.report.repaired, 1);
        ck_assert_int_eq(result.report.rejected, 0);
        ck_assert_uint_eq(ticker_report_problem_count(&result.report), 1);
        problem_is(&result, 0, 2, 50, "PRAZOT");
        reader = only_record(&file, record, &batch);
        ck_assert_str_eq(cell_text(batch, TICKER_QUOTE_TERM_DAYS, 0), "null");
        ck_assert_str_eq(cell_text(batch, TICKER_QUOTE_CLOSE, 0), "6.75");
        ticker_reader_free(reader);
        ti_buffer_free(&file);
    }
    /* Printable, and yet no number of days. */
    for (unsigned i = 0; i < 3; i++) {
        make_record(record);
        set_field(record, "PRAZOT", "030");
        record[49 + i] = ' ';
        rejected(record, "PRAZOT", 49 + i, "digit");
        record[49 + i] = 'x';
        rejected(record, "PRAZOT", 49 + i, "digit");
    }
}
END_TEST

START_TEST(a_wrong_digit_anywhere)
{
    static const char wrong[] = {' ', '-', '+', ',', '.', 'x', '/', ':', '\0', '\x10', '\x80', '\xb9', '\xff'};
    char record[RECORD];
    unsigned n = 0;

    for (size_t i = 0; i < B3_FIELDS; i++) {
        const b3_field *field = &b3_fields[i];

        if (field->kind != 'N' && field->kind != 'D' && field->kind != 'C')
            continue;
        for (unsigned k = 0; k < field->length; k++) {
            make_record(record);
            record[field->offset + k] = wrong[n++ % COUNT(wrong)];
            rejected(record, field->name, field->offset + k, "digit");
        }
    }
}
END_TEST

START_TEST(every_wrong_byte_in_one_place)
{
    char record[RECORD];

    for (int byte = 0; byte < 256; byte++) {
        if ((byte >= '0' && byte <= '9') || byte == '\n')
            continue;
        make_record(record);
        record[165] = (char)byte; /* within QUATOT */
        rejected(record, "QUATOT", 165, "digit");
    }
}
END_TEST

START_TEST(no_dates)
{
    static const char *const wrong[] = {"20160230", "20161301", "20160100", "20160001",
                                        "00000101", "00000000", "20150229"};
    char record[RECORD];

    for (size_t i = 0; i < COUNT(wrong); i++) {
        make_record(record);
        set_field(record, "DATA", wrong[i]);
        rejected(record, "DATA", 2, "is no date");
        make_record(record);
        set_field(record, "DATVEN", wrong[i]);
        rejected(record, "DATVEN", 202, "is no date");
    }
    make_record(record);
    memset(record + 2, 0, 8); /* what is remembered of the record before, when there is none */
    rejected(record, "DATA", 2, "digit");
    field_is("DATA", "20160229", "2016-02-29");
    field_is("DATA", "99991231", "9999-12-31");
    field_is("DATA", "00010101", "0001-01-01");
}
END_TEST

START_TEST(control_bytes_in_texts)
{
    static const char wrong[] = {'\0', '\x01', '\x1f', '\x7f', '\t', '\r', '\x1a'};
    unsigned n = 0;

    for (size_t i = 0; i < B3_FIELDS; i++) {
        const b3_field *field = &b3_fields[i];
        char record[RECORD];

        for (unsigned k = 0; field->kind == 'X' && k < field->length; k++) {
            make_record(record);
            record[field->offset + k] = wrong[n++ % COUNT(wrong)];
            rejected(record, field->name, field->offset + k, "control byte");
        }
    }
}
END_TEST

START_TEST(no_ticker)
{
    char record[RECORD];

    make_record(record);
    set_field(record, "CODNEG", "");
    rejected(record, "CODNEG", 12, "blank");
}
END_TEST

START_TEST(what_is_quoted_is_printable)
{
    char record[RECORD];
    outcome result;

    make_record(record);
    memcpy(record + 152, "\x01\x7f\xc9\"", 4);
    read_record(&result, record);
    ck_assert_str_eq(ticker_report_problem(&result.report, 0, NULL, NULL),
                     "QUATOT \"???\"00000060127200\" is no digit");
}
END_TEST

/* --- Decoders ------------------------------------------------------------------------------------------------------------------- */

/* A record as random as one can be and still be good, or nearly. */
static void random_record(char record[RECORD], const char good[RECORD], uint64_t *seed)
{
    memcpy(record, good, RECORD);
    for (size_t i = 0; i < B3_FIELDS; i++) {
        const b3_field *field = &b3_fields[i];

        for (unsigned k = 0; k < field->length; k++) {
            char *byte = &record[field->offset + k];

            if (field->kind == 'X')
                *byte = (char)(next_random(seed) % 3 == 0 ? ' ' : ' ' + next_random(seed) % 95);
            else if (field->kind == 'N')
                *byte = (char)(next_random(seed) % 4 == 0 ? '0' : '0' + next_random(seed) % 10);
        }
    }
    if (next_random(seed) % 2 == 0) {
        char text[16];

        (void)snprintf(text, sizeof(text), "%04u%02u%02u", (unsigned)(1986 + next_random(seed) % 50),
                       (unsigned)(1 + next_random(seed) % 12), (unsigned)(1 + next_random(seed) % 31));
        set_field(record, next_random(seed) % 2 == 0 ? "DATA" : "DATVEN", text);
    }
    if (next_random(seed) % 3 == 0)
        set_field(record, "PRAZOT", "180");
    if (next_random(seed) % 3 == 0)
        record[2 + next_random(seed) % (RECORD - 2)] = (char)next_random(seed);
}

static bool same_rows(const ticker_batch *a, const ticker_batch *b)
{
    for (unsigned i = 0; i < TICKER_QUOTE_COLUMNS; i++)
        if (a->i64[i] != NULL ? a->i64[i][0] != b->i64[i][0]
                              : !ti_slice_equal(ti_batch_text(a, i, 0), ti_batch_text(b, i, 0)))
            return false;
    return a->arena_size == b->arena_size;
}

START_TEST(decoders_agree)
{
    unsigned char memory[RECORD + 2 * TI_STREAM_MARGIN], *record = memory + TI_STREAM_MARGIN;
    ticker_batch *words = ti_batch_new(TICKER_QUOTES, 2, TI_COTAHIST_TEXT_BYTES);
    ticker_batch *fast = ti_batch_new(TICKER_QUOTES, 2, TI_COTAHIST_TEXT_BYTES);
    ticker_batch *odd = ti_batch_new(TICKER_QUOTES, 2, TI_COTAHIST_TEXT_BYTES);
    ti_cotahist_decode chosen = ti_cotahist_choose_decoder();
    ti_cotahist_day words_day = {0}, fast_day = {0};
    char base[RECORD];
    uint64_t seed = 12345;
    unsigned good = 0, bad = 0;

    ck_assert(words != NULL && fast != NULL && odd != NULL);
    make_record(base);
    for (int i = 0; i < 20000; i++) {
        bool a, b, c, repaired;
        ti_cotahist_fault fault;

        for (size_t k = 0; k < sizeof(memory) && i % 16 == 0; k++) /* what stands around it is of no meaning */
            memory[k] = (unsigned char)next_random(&seed);
        random_record((char *)record, base, &seed);
        ti_batch_clear(words);
        ti_batch_clear(fast);
        ti_batch_clear(odd);
        a = ti_cotahist_decode_words(&words_day, record, words);
        b = chosen(&fast_day, record, fast);
        c = ti_cotahist_decode_odd(record, odd, &repaired, &fault);
        if (a != b)
            ck_abort_msg("the decoders differ on %.*s", RECORD, (char *)record);
        /* The careful one takes all that they take, and the same from it. */
        if (a && (!c || repaired || !same_rows(words, fast) || !same_rows(words, odd)))
            ck_abort_msg("the decoders make different rows of %.*s", RECORD, (char *)record);
        if ((!a && (words->arena_size != 0 || fast->arena_size != 0)) || (!c && odd->arena_size != 0))
            ck_abort_msg("something is left of %.*s", RECORD, (char *)record);
        good += a;
        bad += !a;
    }
    ck_assert_uint_gt(good, 4000); /* the test tries both kinds */
    ck_assert_uint_gt(bad, 2000);
    ti_batch_free(words);
    ti_batch_free(fast);
    ti_batch_free(odd);
}
END_TEST

/* The careful decoder takes more only where it must: latin-1 and broken PRAZOT. */
START_TEST(the_fast_decoder_leaves_little)
{
    unsigned char memory[RECORD + 2 * TI_STREAM_MARGIN] = {0}, *record = memory + TI_STREAM_MARGIN;
    ticker_batch *batch = ti_batch_new(TICKER_QUOTES, 2, TI_COTAHIST_TEXT_BYTES);
    ti_cotahist_decode chosen = ti_cotahist_choose_decoder();
    ti_cotahist_day day = {0};
    char made[RECORD];

    ck_assert_ptr_nonnull(batch);
    make_record(made);
    for (unsigned at = 2; at < RECORD; at++) /* behind TIPREG, which the caller looks at */
        for (int byte = 0; byte < 256; byte++) {
            ti_cotahist_fault fault;
            bool fast, repaired = false, careful, latin = byte >= 0x80;

            memcpy(record, made, RECORD);
            record[at] = (unsigned char)byte;
            ti_batch_clear(batch);
            fast = chosen(&day, record, batch);
            ti_batch_clear(batch);
            careful = ti_cotahist_decode_odd(record, batch, &repaired, &fault);
            if (fast != (careful && !repaired && !latin))
                ck_abort_msg("byte %d at %u: fast %d, careful %d", byte, at, fast, careful);
        }
    ti_batch_free(batch);
}
END_TEST

START_TEST(is_it_a_record)
{
    char record[RECORD];

    make_record(record);
    ck_assert(ti_cotahist_is_record((unsigned char *)record, RECORD));
    ck_assert(!ti_cotahist_is_record((unsigned char *)record, RECORD - 1));
    record[0] = '1';
    ck_assert(!ti_cotahist_is_record((unsigned char *)record, RECORD));
    for (size_t i = 0; i < B3_FIELDS; i++) {
        make_record(record);
        record[b3_fields[i].offset + b3_fields[i].length - 1] = 'x';
        ck_assert_int_eq(ti_cotahist_is_record((unsigned char *)record, RECORD),
                         b3_fields[i].kind == 'X' || b3_fields[i].kind == 'T');
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_whole_record,
        texts,
        latin1_becomes_utf8,
        a_batch_of_the_longest_texts,
        numbers,
        what_is_null,
        term_days,
        unreadable_term_days_are_blank,
        a_wrong_digit_anywhere,
        every_wrong_byte_in_one_place,
        no_dates,
        control_bytes_in_texts,
        no_ticker,
        what_is_quoted_is_printable,
        decoders_agree,
        the_fast_decoder_leaves_little,
        is_it_a_record,
    };

    return run_tests("cotahist", tests, COUNT(tests));
}
