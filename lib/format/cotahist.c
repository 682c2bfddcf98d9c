/* COTAHIST: a header, records of 245 bytes each, a trailer that counts the lines. What a record holds is cotahist_record.c's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/slice.h"
#include "format/cotahist_record.h"
#include "format/digits.h"
#include "format/format.h"

#define RECORD TI_COTAHIST_RECORD
#define TRAILER_MIN 42 /* up to the end of TOTAL DE REGISTROS; the blanks behind it are cut off in some copies */
#define HEADER_MIN 31

typedef struct cotahist {
    uint64_t line;
    uint64_t lines_seen;   /* not blank, header and trailer among them */
    uint64_t records_seen; /* type 01, good or bad */
    bool header, trailer, ended;
    uint64_t trailer_line;
    int64_t declared;
    ti_cotahist_day day;
    ti_cotahist_decode decode;
} cotahist;

static int bid(const unsigned char *data, size_t size)
{
    if (size >= 15 && (memcmp(data, "00COTAHIST.", 11) == 0 || memcmp(data, "99COTAHIST.", 11) == 0))
        return 88;
    return ti_cotahist_is_record(data, size) ? 80 : 0; /* a copy without a header */
}

static ticker_status open_cotahist(ti_parse *parse, void **state, ticker_error *error)
{
    cotahist *file = calloc(1, sizeof(*file));

    (void)parse;
    if (file == NULL)
        return ti_fail_memory(error);
    file->declared = TICKER_NULL;
    file->decode = ti_cotahist_choose_decoder();
    *state = file;
    return TICKER_OK;
}

static ticker_status reject_fault(ti_parse *parse, const cotahist *file, const unsigned char *record,
                                  const ti_cotahist_fault *fault, ticker_error *error)
{
    char reason[TI_REASON_MAX], shown[24];
    unsigned length = fault->length < sizeof(shown) ? fault->length : (unsigned)sizeof(shown) - 1;

    for (unsigned i = 0; i < length; i++) {
        unsigned char byte = record[fault->offset + i];

        shown[i] = (char)(byte >= 0x20 && byte < 0x7f ? byte : '?');
    }
    shown[length] = '\0';
    (void)snprintf(reason, sizeof(reason), "%s \"%s\" %s", fault->field, shown, fault->why);
    return ti_parse_reject(parse, file->line, fault->offset + fault->at + 1, reason, error);
}

static ticker_status take_record(ti_parse *parse, cotahist *file, const unsigned char *record, ticker_error *error)
{
    ticker_batch *batch = parse->batch;
    ti_cotahist_fault fault;
    bool repaired;

    file->records_seen++;
    if (!file->decode(&file->day, record, batch)) {
        if (!ti_cotahist_decode_odd(record, batch, &repaired, &fault))
            return reject_fault(parse, file, record, &fault, error);
        if (repaired) {
            parse->report->repaired++;
            ti_report_add_problem(parse->report, file->line, 50, "PRAZOT holds control bytes: read as blank");
        }
    }
    batch->line[batch->rows++] = file->line;
    return TICKER_OK;
}

static ticker_status take_trailer(ti_parse *parse, cotahist *file, const unsigned char *line, size_t size,
                                  ticker_error *error)
{
    uint64_t bad = 0, declared;

    file->trailer = true;
    file->trailer_line = file->line;
    if (size < TRAILER_MIN)
        return ti_parse_refuse(parse, file->line, "the trailer is cut off before its number of records", error);
    declared = ti_digits(line + 31, 11, &bad);
    if (bad != 0)
        return ti_parse_refuse(parse, file->line, "the trailer's number of records is no number", error);
    file->declared = parse->report->declared = (int64_t)declared;
    return TICKER_OK;
}

static ticker_status wrong_line(ti_parse *parse, cotahist *file, const unsigned char *line, size_t size,
                                ticker_error *error)
{
    char reason[TI_REASON_MAX];
    bool record = size >= 2 && line[0] == '0' && line[1] == '1';

    file->records_seen += record;
    if (record)
        (void)snprintf(reason, sizeof(reason), "the record has %zu bytes instead of %d", size, RECORD);
    else if (size >= 2 && line[0] == '0' && line[1] == '0')
        (void)snprintf(reason, sizeof(reason), "the header has %zu bytes instead of at least %d", size, HEADER_MIN);
    else
        (void)snprintf(reason, sizeof(reason), "TIPREG is none of 00, 01 and 99");
    return ti_parse_reject(parse, file->line, record ? size + 1 : 1, reason, error);
}

/* A second header or records behind the trailer: two files were put together, and the counts mean nothing any more. */
static ticker_status check_order(ti_parse *parse, const cotahist *file, bool header, ticker_error *error)
{
    if (file->trailer)
        return ti_parse_refuse(parse, file->line, "there are records behind the trailer", error);
    if (header && (file->header || file->lines_seen > 0))
        return ti_parse_refuse(parse, file->line, "there is a header in the middle of the file", error);
    return TICKER_OK;
}

/* Any line, without its line end, that is no record of 245 bytes before the trailer. */
static ticker_status take_line(ti_parse *parse, cotahist *file, const unsigned char *line, size_t size,
                               ticker_error *error)
{
    ticker_status status;
    size_t blank = 0;

    while (blank < size && (line[blank] == ' ' || line[blank] == '\t' || line[blank] == 0x1a))
        blank++;
    if (blank == size)
        return TICKER_OK;
    status = check_order(parse, file, size >= 2 && memcmp(line, "00", 2) == 0, error);
    if (status != TICKER_OK)
        return status;
    file->lines_seen++;
    if (size == RECORD && line[0] == '0' && line[1] == '1')
        return take_record(parse, file, line, error);
    if (size >= HEADER_MIN && memcmp(line, "00", 2) == 0) {
        file->header = true;
        return TICKER_OK;
    }
    if (size >= 2 && memcmp(line, "99", 2) == 0)
        return take_trailer(parse, file, line, size, error);
    return wrong_line(parse, file, line, size, error);
}

static ticker_status check_counts(ti_parse *parse, cotahist *file, ticker_error *error)
{
    char reason[TI_REASON_MAX];
    uint64_t declared = (uint64_t)file->declared;
    ticker_status status;

    if (!file->header) {
        status = ti_parse_refuse(parse, 1, "the file begins without a header: it is cut off at its start", error);
        if (status != TICKER_OK)
            return status;
    }
    if (!file->trailer)
        return ti_parse_refuse(parse, file->line, "the file ends without a trailer: it is truncated", error);
    if (file->declared == TICKER_NULL)
        return TICKER_OK; /* already refused, and forced */
    if (declared == file->lines_seen || declared == file->records_seen + 2)
        return TICKER_OK;
    if (declared == file->records_seen) {
        ti_report_add_problem(parse->report, file->trailer_line, 32,
                              "the trailer counts the records without header and trailer");
        return TICKER_OK;
    }
    (void)snprintf(reason, sizeof(reason),
                   "the trailer says %llu lines, the file has %llu: it is truncated or was changed",
                   (unsigned long long)declared, (unsigned long long)file->lines_seen);
    return ti_parse_refuse(parse, file->trailer_line, reason, error);
}

static ticker_status end_of_file(ti_parse *parse, cotahist *file, ticker_error *error)
{
    ticker_status status;

    file->ended = true;
    parse->report->complete = parse->report->complete && file->trailer;
    status = check_counts(parse, file, error);
    return status == TICKER_OK ? TICKER_DONE : status;
}

/* The record at `at` when it is a whole one with its line end; the number of bytes it takes with it, else 0. */
static inline size_t whole_record(const unsigned char *at, size_t left)
{
    if (left < RECORD + 2 || at[0] != '0' || at[1] != '1')
        return 0;
    if (at[RECORD] == '\r' && at[RECORD + 1] == '\n')
        return RECORD + 2;
    return at[RECORD] == '\n' ? RECORD + 1 : 0;
}

/* The line of at[0 … left): its length without the line end, and how many bytes it takes with it. False: its end is not at hand, or it
 * is too long. `last`: no more bytes follow. */
static bool whole_line(const unsigned char *at, size_t left, bool last, size_t *length, size_t *taken)
{
    const unsigned char *end = memchr(at, '\n', left);

    if (end == NULL && !last)
        return false;
    *length = end != NULL ? (size_t)(end - at) : left;
    *taken = *length + (end != NULL);
    if (*length > 0 && at[*length - 1] == '\r')
        --*length;
    return *length <= TICKER_LINE_MAX;
}

/* Takes the lines of data[0 … size) while there is room in the batch; *used: how far it came. A record that the decoder does not take
 * at once is looked at as a line: it may have a line end within. */
static ticker_status take_block(ti_parse *parse, cotahist *file, const unsigned char *data, size_t size, bool last,
                                size_t *used, ticker_error *error)
{
    ticker_batch *batch = parse->batch;
    ticker_status status = TICKER_OK;
    size_t at = 0, length, taken;

    while (status == TICKER_OK && at < size && batch->rows < batch->capacity) {
        size_t record = file->trailer ? 0 : whole_record(data + at, size - at);

        if (record > 0 && file->decode(&file->day, data + at, batch)) {
            file->lines_seen++;
            file->records_seen++;
            batch->line[batch->rows++] = ++file->line;
            at += record;
            continue;
        }
        if (!whole_line(data + at, size - at, last, &length, &taken))
            break;
        file->line++;
        status = take_line(parse, file, data + at, length, error);
        at += taken;
    }
    *used = at;
    return status;
}

static ticker_status next_cotahist(ti_parse *parse, void *state, ticker_error *error)
{
    cotahist *file = state;
    const unsigned char *data;
    size_t available, used;
    ticker_status status = TICKER_OK;

    if (file->lines_seen == 0)
        parse->report->complete = true;
    while (!file->ended && status == TICKER_OK && parse->batch->rows < parse->batch->capacity) {
        status = ti_stream_peek(parse->stream, TICKER_LINE_MAX + 2, &data, &available, error);
        if (status != TICKER_OK)
            break;
        if (available == 0) {
            status = end_of_file(parse, file, error);
            break;
        }
        status = take_block(parse, file, data, available, available < TICKER_LINE_MAX + 2, &used, error);
        if (status == TICKER_OK && used == 0) {
            (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "a line is longer than %d bytes", TICKER_LINE_MAX);
            ti_error_place(error, file->line + 1, 1, (int64_t)ti_stream_offset(parse->stream));
            status = TICKER_FAILED;
        }
        ti_stream_consume(parse->stream, used);
    }
    parse->report->lines = (int64_t)file->line;
    parse->report->member_bytes = (int64_t)ti_stream_offset(parse->stream);
    return status;
}

const ti_format ti_format_cotahist = {
    .name = "cotahist",
    .table = TICKER_QUOTES,
    .text_bytes = TI_COTAHIST_TEXT_BYTES,
    .bid = bid,
    .open = open_cotahist,
    .next = next_cotahist,
    .close = free,
};
