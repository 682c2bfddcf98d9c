#include "pipeline/reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/options.h"
#include "format/format.h"
#include "input/input.h"
#include "input/stream.h"

#define AHEAD_FROM ((uint64_t)512 * 1024) /* of a member: for less, a thread is not worth its start */

struct ticker_reader {
    ticker_options *options;
    ti_input *input;
    ti_stream *stream;
    ticker_batch *batch;
    const ti_format *batch_format; /* that fills it */
    const ti_format *format;       /* of the current member; NULL: none, or it failed or ended */
    void *state;                   /* the format's own */
    ti_parse parse;
    ti_tally *tally;
    bool totals;
    bool ended; /* the member was read to its end, and well */
    ticker_report report;
};

static void spent(ticker_reader *reader, ti_stage stage, int64_t since)
{
    reader->report.stages[stage] += ti_clock_microseconds() - since;
}

/* A ti_fill: bytes come by the block, so this is all the measuring that reading needs. */
static ticker_status fill(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    ticker_reader *reader = self;
    int64_t since = ti_clock_microseconds();
    ticker_status status = ti_input_read(reader->input, buffer, capacity, got, error);

    spent(reader, TI_STAGE_READING, since);
    return status;
}

static void close_member(ticker_reader *reader)
{
    if (reader->format != NULL && reader->state != NULL)
        reader->format->close(reader->state);
    reader->format = NULL;
    reader->state = NULL;
}

ticker_reader *ticker_reader_new(ticker_source *source, const ticker_options *options)
{
    ticker_reader *reader;
    ti_input_limits limits = {(uint64_t)ti_option_number(options, TI_OPTION_MAX_INPUT_BYTES),
                              (uint64_t)ti_option_number(options, TI_OPTION_MAX_EXPANSION_RATIO),
                              (unsigned)ti_option_number(options, TI_OPTION_MAX_NESTING)};

    if (source == NULL)
        return NULL;
    reader = calloc(1, sizeof(*reader));
    if (reader == NULL) {
        ticker_source_free(source);
        return NULL;
    }
    reader->input = ti_input_new(source, &limits);
    reader->options = ticker_options_copy(options);
    reader->tally = ti_tally_new();
    if (reader->input != NULL)
        reader->stream = ti_stream_new(fill, reader, 0);
    if (reader->options == NULL || reader->tally == NULL || reader->stream == NULL) {
        ticker_reader_free(reader);
        return NULL;
    }
    ti_report_reset(&reader->report, ti_input_name(reader->input), "");
    return reader;
}

void ticker_reader_free(ticker_reader *reader)
{
    if (reader == NULL)
        return;
    close_member(reader);
    ti_batch_free(reader->batch);
    ti_tally_free(reader->tally);
    ti_stream_free(reader->stream);
    ti_input_free(reader->input);
    ticker_options_free(reader->options);
    free(reader);
}

/* Whether what came is a web page: B3's site answers so when a file is not there. */
static bool is_html(const unsigned char *data, size_t size)
{
    static const char *const marks[] = {"<!doctype html", "<html", "<head", "<body", "<script"};
    size_t at = 0;

    while (at < size && (data[at] <= ' ' || data[at] >= 0x80))
        at++;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t length = strlen(marks[i]);

        if (size - at >= length && strncasecmp((const char *)data + at, marks[i], length) == 0)
            return true;
    }
    return false;
}

static ticker_status not_recognised(const unsigned char *data, size_t size, ticker_error *error)
{
    char begin[33];
    size_t length = size < sizeof(begin) - 1 ? size : sizeof(begin) - 1;

    if (size == 0) {
        (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the file is empty");
        ti_error_hint(error, "B3 answers so for days without a file; fetch it again");
        return TICKER_FAILED;
    }
    if (is_html(data, size)) {
        (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "this is a web page (HTML), not a B3 file");
        ti_error_hint(error, "the download went wrong: fetch the file again");
        return TICKER_FAILED;
    }
    for (size_t i = 0; i < length; i++)
        begin[i] = (char)(data[i] >= 0x20 && data[i] < 0x7f ? data[i] : '.');
    begin[length] = '\0';
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "not a B3 file of a known format: it begins with \"%s\"",
                  begin);
    ti_error_hint(error,
                  "COTAHIST, NEGOCIOSAVISTA, NEG_, consolidated and BVBG.086 files are recognised by how they begin");
    return TICKER_FAILED;
}

static ticker_status find_format(ticker_reader *reader, const ti_format **format, ticker_error *error)
{
    const char *name = ti_option_text(reader->options, TI_OPTION_FORMAT);
    const unsigned char *data;
    size_t size;
    ticker_status status = ti_stream_peek(reader->stream, TI_BID_BYTES, &data, &size, error);

    if (status != TICKER_OK)
        return status;
    *format = size == 0 ? NULL : strcmp(name, "auto") == 0 ? ti_format_recognise(data, size) : ti_format_by_name(name);
    return *format != NULL ? TICKER_OK : not_recognised(data, size, error);
}

static ticker_status prepare_batch(ticker_reader *reader, const ti_format *format, ticker_error *error)
{
    /* Not one that another format has filled: each leaves the columns alone that it does not have. */
    if (reader->batch == NULL || reader->batch_format != format) {
        ti_batch_free(reader->batch);
        reader->batch_format = format;
        reader->batch = ti_batch_new(format->table, TICKER_BATCH_ROWS_MAX, format->text_bytes);
    }
    return reader->batch != NULL ? TICKER_OK : ti_fail_memory(error);
}

static ticker_status open_member(ticker_reader *reader, ticker_error *error)
{
    const ti_format *format = NULL;
    ticker_status status = find_format(reader, &format, error);

    if (status == TICKER_OK)
        status = prepare_batch(reader, format, error);
    if (status != TICKER_OK)
        return status;
    memcpy(reader->report.format, format->name, strlen(format->name) + 1);
    reader->format = format;
    reader->parse = (ti_parse){reader->stream, reader->batch, &reader->report,
                               ti_option_flag(reader->options, TI_OPTION_FORCE),
                               strcmp(ti_option_text(reader->options, TI_OPTION_ON_ERROR), "reject") == 0};
    ti_batch_clear(reader->batch);
    return format->open(&reader->parse, &reader->state, error);
}

static ticker_status add_place(ticker_reader *reader, ticker_status status, ticker_error *error)
{
    ti_error_file(error, reader->report.file);
    close_member(reader);
    return status;
}

ticker_status ticker_reader_next_member(ticker_reader *reader, ticker_error *error)
{
    char sha256[TI_SHA256_TEXT_MAX];
    int64_t bytes, since = ti_clock_microseconds();
    ticker_status status;

    if (reader == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a reader is needed");
    close_member(reader);
    reader->ended = false;
    ti_stream_reset(reader->stream);
    ti_tally_clear(reader->tally);
    status = ti_input_next(reader->input, error);
    if (status == TICKER_DONE)
        return status;
    memcpy(sha256, reader->report.sha256, sizeof(sha256));
    bytes = reader->report.bytes;
    ti_report_reset(&reader->report, ti_input_name(reader->input), ti_input_member(reader->input));
    memcpy(reader->report.sha256, sha256, sizeof(sha256));
    reader->report.bytes = bytes;
    spent(reader, TI_STAGE_READING, since);
    if (status == TICKER_OK)
        status = open_member(reader, error);
    return status == TICKER_OK ? status : add_place(reader, status, error);
}

static ticker_status read_rows(ticker_reader *reader, ticker_error *error)
{
    int64_t since = ti_clock_microseconds(), reading = reader->report.stages[TI_STAGE_READING];
    ticker_status status;

    do {
        ti_batch_clear(reader->batch);
        status = reader->format->next(&reader->parse, reader->state, error);
    } while (status == TICKER_OK && reader->batch->rows == 0);
    ti_report_add_batch(&reader->report, reader->batch);
    if (reader->totals && reader->batch->rows > 0) {
        ticker_status added = ti_tally_add(reader->tally, reader->batch, &reader->report, error);

        if (status >= TICKER_OK && added != TICKER_OK)
            status = added;
    }
    spent(reader, TI_STAGE_PARSING, since + reader->report.stages[TI_STAGE_READING] - reading);
    return status;
}

/* A member that was read to its end: TICKER_DONE when it is whole and gave something. */
static ticker_status check_end(ticker_reader *reader, ticker_error *error)
{
    const ticker_report *report = &reader->report;
    ticker_status status = TICKER_OK;

    if (report->records == 0 && report->rejected > 0)
        status = ti_parse_refuse(&reader->parse, 0, "not one row of the file can be read", error);
    else if (report->records == 0 && reader->format->table == TICKER_TRADES)
        status = ti_parse_refuse(&reader->parse, 0, "the file has a header and no rows", error);
    if (status == TICKER_OK)
        status = ti_input_look_behind(reader->input, error);
    return status == TICKER_OK ? TICKER_DONE : status;
}

ticker_status ticker_reader_next_batch(ticker_reader *reader, const ticker_batch **batch, ticker_error *error)
{
    ticker_status status;

    if (reader == NULL || batch == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a reader and a place for the batch are needed");
    if (reader->format == NULL && reader->ended)
        return TICKER_DONE;
    if (reader->format == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "there is no member to read: it failed, or none was opened");
    status = read_rows(reader, error);
    if (status == TICKER_DONE)
        status = check_end(reader, error);
    ti_report_finish(&reader->report);
    if (status < TICKER_OK)
        return add_place(reader, status, error);
    if (status == TICKER_DONE) {
        close_member(reader);
        reader->ended = true;
    }
    if (reader->batch->rows == 0)
        return TICKER_DONE;
    *batch = reader->batch;
    return TICKER_OK;
}

ticker_batch *ti_reader_batch(ticker_reader *reader)
{
    return reader->batch;
}

ticker_status ti_reader_give_batch(ticker_reader *reader, ticker_batch *empty, ticker_error *error)
{
    reader->batch = empty;
    if (empty == NULL) {
        ticker_status status = prepare_batch(reader, reader->batch_format, error);

        if (status != TICKER_OK)
            return status;
    }
    ti_batch_clear(reader->batch);
    reader->parse.batch = reader->batch;
    return TICKER_OK;
}

const ticker_report *ticker_reader_report(const ticker_reader *reader)
{
    return &reader->report;
}

void ticker_reader_keep_totals(ticker_reader *reader, int keep)
{
    reader->totals = keep != 0;
}

uint64_t ticker_reader_position(const ticker_reader *reader)
{
    return ti_input_position(reader->input);
}

ticker_report *ti_reader_report(ticker_reader *reader)
{
    return &reader->report;
}

ticker_table ti_reader_table(const ticker_reader *reader)
{
    return reader->batch != NULL ? reader->batch->table : TICKER_TABLE_NONE;
}

ti_tally *ti_reader_tally(ticker_reader *reader)
{
    return reader->totals ? reader->tally : NULL;
}

/* 0 is as many as help: each of the threads wants a processor. Figures are in docs/performance.md. */
void ti_reader_read_ahead(ticker_reader *reader)
{
    uint64_t threads = (uint64_t)ti_option_number(reader->options, TI_OPTION_IMPORT_THREADS);

    if (threads == 0 && sysconf(_SC_NPROCESSORS_ONLN) > 2)
        threads = 3;
    if (threads >= 3)
        ti_input_read_ahead(reader->input, AHEAD_FROM);
}

ticker_status ti_reader_keep_hash(ticker_reader *reader, ticker_error *error)
{
    return ti_input_keep_hash(reader->input, error);
}

ticker_status ti_reader_hash(ticker_reader *reader, ticker_error *error)
{
    int64_t since = ti_clock_microseconds();
    ticker_status status = ti_input_sha256(reader->input, reader->report.sha256, error);
    int64_t size = ti_input_size(reader->input);

    spent(reader, TI_STAGE_READING, since);
    if (status == TICKER_OK && size >= 0)
        reader->report.bytes = size;
    return status;
}

bool ti_reader_can_hash_first(const ticker_reader *reader)
{
    return ti_input_can_hash_first(reader->input);
}

bool ti_reader_can_hash_now(const ticker_reader *reader)
{
    return ti_input_can_hash_now(reader->input);
}

ticker_status ti_reader_check_unchanged(const ticker_reader *reader, ticker_error *error)
{
    return ti_input_check_unchanged(reader->input, error);
}

int64_t ti_reader_size(const ticker_reader *reader)
{
    return ti_input_size(reader->input);
}
