#include "reading.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/mix.h"
#include "base/utf8.h"

#define FILE_MAX ((size_t)256 * 1024)
#define FIRST_DAY (-719162)              /* 0001-01-01 */
#define LAST_DAY 2932896                 /* 9999-12-31 */
#define DAY_MILLISECONDS (86400 * 1000L) /* a time of day is less */

/* --- What came, as a number ----------------------------------------------------------------------------------------------------- */

static void add_number(reading *result, int64_t number)
{
    result->digest = ti_mix(result->digest ^ (uint64_t)number, 0x9e3779b97f4a7c15u) + 1;
}

static void add_text(reading *result, const char *text, size_t size)
{
    add_number(result, (int64_t)ti_mix_bytes(0x5851f42d4c957f2du, (ti_slice){text, size}));
}

static void check_utf8(const char *text, size_t size)
{
    for (ti_slice left = {text, size}; left.size > 0;) {
        size_t length = ti_utf8_length(left);

        CHECK(length > 0);
        left = (ti_slice){left.data + length, left.size - length};
    }
}

/* --- Batches -------------------------------------------------------------------------------------------------------------------- */

static void check_number(ticker_table table, unsigned column, int64_t number)
{
    ticker_type type = ticker_column_type(table, column);
    char text[64];

    if (number == TICKER_NULL)
        return;
    CHECK(type != TICKER_TYPE_DATE || (number >= FIRST_DAY && number <= LAST_DAY));
    CHECK(type != TICKER_TYPE_TIME || (number >= 0 && number < DAY_MILLISECONDS));
    CHECK(ticker_column_format(table, column, number, text, sizeof(text)) < sizeof(text));
}

static void add_column(reading *result, const ticker_batch *batch, unsigned column)
{
    const int64_t *numbers = ticker_batch_i64(batch, column);
    size_t rows = ticker_batch_rows(batch), size;

    for (size_t row = 0; row < rows; row++) {
        const char *text = ticker_batch_text(batch, column, row, &size);

        CHECK((text != NULL) != (numbers != NULL));
        if (text != NULL) {
            check_utf8(text, size);
            add_text(result, text, size);
        } else {
            check_number(ticker_batch_table(batch), column, numbers[row]);
            add_number(result, numbers[row]);
        }
    }
    CHECK(ticker_batch_text(batch, column, rows, &size) == NULL && size == 0);
}

/* The ticker is column 0 of each table, the day column 1; no row is without. */
static void add_batch(reading *result, const ticker_batch *batch, uint64_t *line)
{
    size_t rows = ticker_batch_rows(batch), size;
    ticker_table table = ticker_batch_table(batch);

    CHECK(rows > 0 && rows <= TICKER_BATCH_ROWS_MAX);
    CHECK(table == TICKER_QUOTES || table == TICKER_TRADES);
    add_number(result, (int64_t)rows);
    for (size_t row = 0; row < rows; row++) {
        CHECK(ticker_batch_line(batch, row) >= *line);
        *line = ticker_batch_line(batch, row);
        add_number(result, (int64_t)*line);
        CHECK(ticker_batch_text(batch, 0, row, &size) != NULL && size > 0);
        CHECK(ticker_batch_i64(batch, 1)[row] != TICKER_NULL);
    }
    for (unsigned i = 0; i < ticker_table_columns(table); i++)
        add_column(result, batch, i);
    result->rows += rows;
}

/* --- Reports -------------------------------------------------------------------------------------------------------------------- */

static void add_problems(reading *result, const ticker_report *report)
{
    size_t count = ticker_report_problem_count(report);

    CHECK(count <= TICKER_PROBLEMS_MAX);
    for (size_t i = 0; i < count; i++) {
        uint64_t line, column;
        const char *reason = ticker_report_problem(report, i, &line, &column);

        CHECK(reason != NULL && reason[0] != '\0' && strchr(reason, '\n') == NULL);
        check_utf8(reason, strlen(reason));
        add_number(result, (int64_t)line);
        add_number(result, (int64_t)column);
        add_text(result, reason, strlen(reason));
    }
    CHECK(ticker_report_problem(report, count, NULL, NULL) == NULL);
}

static void add_markets(reading *result, const ticker_report *report)
{
    int64_t records, sum = 0;
    size_t count = ticker_report_market_count(report);

    CHECK(count <= TICKER_MARKETS_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *market = ticker_report_market(report, i, &records);

        CHECK(market != NULL && records > 0);
        CHECK(i == 0 || strcmp(ticker_report_market(report, i - 1, NULL), market) < 0);
        add_text(result, market, strlen(market));
        add_number(result, records);
        sum += records;
    }
    CHECK(sum <= ticker_report_integer(report, TICKER_REPORT_RECORDS));
    CHECK(ticker_report_market(report, count, &records) == NULL);
}

static void add_report(reading *result, const ticker_report *report, size_t rows)
{
    static const ticker_report_key numbers[] = {
        TICKER_REPORT_MEMBER_BYTES, TICKER_REPORT_LINES,    TICKER_REPORT_RECORDS, TICKER_REPORT_REJECTED,
        TICKER_REPORT_TICKERS,      TICKER_REPORT_TRADES,   TICKER_REPORT_VOLUME,  TICKER_REPORT_DECLARED,
        TICKER_REPORT_COMPLETE,     TICKER_REPORT_REPAIRED,
    };
    static const ticker_report_key texts[] = {TICKER_REPORT_MEMBER, TICKER_REPORT_FORMAT, TICKER_REPORT_FIRST_DATE,
                                              TICKER_REPORT_LAST_DATE, TICKER_REPORT_TURNOVER};
    int64_t records = ticker_report_integer(report, TICKER_REPORT_RECORDS);
    int64_t rejected = ticker_report_integer(report, TICKER_REPORT_REJECTED);
    int64_t complete = ticker_report_integer(report, TICKER_REPORT_COMPLETE);

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        add_number(result, ticker_report_integer(report, numbers[i]));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *text = ticker_report_text(report, texts[i]);

        CHECK(text != NULL);
        check_utf8(text, strlen(text));
        add_text(result, text, strlen(text));
    }
    CHECK(records == (int64_t)rows && rejected >= 0 && (complete == 0 || complete == 1));
    CHECK(ticker_report_integer(report, TICKER_REPORT_TICKERS) <= records);
    CHECK((ticker_report_text(report, TICKER_REPORT_FIRST_DATE)[0] != '\0') == (records > 0));
    CHECK(strcmp(ticker_report_text(report, TICKER_REPORT_FIRST_DATE),
                 ticker_report_text(report, TICKER_REPORT_LAST_DATE)) <= 0);
    CHECK(rejected == 0 || ticker_report_problem_count(report) > 0);
    add_problems(result, report);
    add_markets(result, report);
    result->rejected += (size_t)rejected;
    result->repaired += (size_t)ticker_report_integer(report, TICKER_REPORT_REPAIRED);
}

/* --- Reading -------------------------------------------------------------------------------------------------------------------- */

typedef struct pieces {
    const uint8_t *data;
    size_t size, at;
    reading_piece piece;
    uint32_t state;
} pieces;

static ticker_status read_piece(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    pieces *from = self;
    size_t count = from->piece;

    (void)error;
    if (from->piece >= 256) {
        from->state = from->state * 1664525u + 1013904223u;
        count = 1 + (from->state >> 8) % 700;
    }
    count = count < capacity ? count : capacity;
    count = count < from->size - from->at ? count : from->size - from->at;
    if (count == 0)
        return TICKER_DONE;
    memcpy(buffer, from->data + from->at, count);
    from->at += count;
    *got = count;
    return TICKER_OK;
}

static ticker_status read_member(reading *result, ticker_reader *reader)
{
    const ticker_batch *batch;
    ticker_status status;
    uint64_t line = 1;
    size_t rows = result->rows;

    while ((status = ticker_reader_next_batch(reader, &batch, result->error)) == TICKER_OK)
        add_batch(result, batch, &line);
    if (status == TICKER_DONE) {
        CHECK(ticker_reader_next_batch(reader, &batch, NULL) == TICKER_DONE);
        add_report(result, ticker_reader_report(reader), result->rows - rows);
    } else {
        CHECK(ticker_reader_next_batch(reader, &batch, NULL) == TICKER_FATAL);
    }
    return status;
}

/* What there is no reason for in these bytes is a fault of ours. */
static void check_failure(const reading *result)
{
    ticker_error_kind kind = ticker_error_get_kind(result->error);
    const char *message = ticker_error_message(result->error);

    if (result->status == TICKER_OK) {
        CHECK(kind == TICKER_ERROR_NONE);
        return;
    }
    CHECK(result->status == TICKER_FAILED);
    CHECK(kind == TICKER_ERROR_INPUT || kind == TICKER_ERROR_LIMIT || kind == TICKER_ERROR_UNSUPPORTED);
    CHECK(message[0] != '\0' && strcmp(ticker_error_file(result->error), "input") == 0);
    check_utf8(message, strlen(message));
}

static bool packed(const void *data, size_t size)
{
    const char *guess = ticker_format_guess(data, size);

    return guess != NULL && (strcmp(guess, "zip") == 0 || strcmp(guess, "gzip") == 0);
}

void reading_begin(reading *result, const void *data, size_t size, reading_piece piece, const ticker_options *options)
{
    static const ticker_source_ops ops = {sizeof(ops), read_piece, NULL};
    pieces from = {data, size, 0, piece, piece};
    ticker_source *source = piece == 0 ? ticker_source_open_memory(data, size, "input")
                                       : ticker_source_new(&ops, &from, "input", -1);
    ticker_reader *reader = ticker_reader_new(source, options);
    ticker_status status;

    memset(result, 0, sizeof(*result));
    result->error = ticker_error_new();
    CHECK(reader != NULL && result->error != NULL);
    ticker_reader_keep_totals(reader, 1);
    while ((status = ticker_reader_next_member(reader, result->error)) == TICKER_OK) {
        result->members++;
        status = read_member(result, reader);
        if (status != TICKER_DONE)
            break;
    }
    result->status = status == TICKER_DONE ? TICKER_OK : status;
    if (status == TICKER_DONE && !packed(data, size)) /* an archive may have something behind its end */
        CHECK(ticker_reader_position(reader) == size);
    ticker_reader_free(reader);
    check_failure(result);
}

void reading_end(reading *result)
{
    ticker_error_free(result->error);
}

/* Which rows came before a failure is of no account: they are not to be kept. */
void reading_same(const reading *a, const reading *b)
{
    CHECK(a->status == b->status && a->members == b->members);
    CHECK(strcmp(ticker_error_message(a->error), ticker_error_message(b->error)) == 0);
    CHECK(ticker_error_line(a->error) == ticker_error_line(b->error));
    CHECK(ticker_error_column(a->error) == ticker_error_column(b->error));
    CHECK(ticker_error_offset(a->error) == ticker_error_offset(b->error));
    if (a->status == TICKER_OK)
        CHECK(a->rows == b->rows && a->rejected == b->rejected && a->digest == b->digest);
}

ticker_options *reading_options(const char *first, ...)
{
    ticker_options *options = ticker_options_new();
    va_list arguments;

    CHECK(options != NULL);
    va_start(arguments, first);
    for (const char *name = first; name != NULL; name = va_arg(arguments, const char *))
        CHECK(ticker_options_set(options, name, va_arg(arguments, const char *), NULL) == TICKER_OK);
    va_end(arguments);
    return options;
}

/* --- A format ------------------------------------------------------------------------------------------------------------------- */

static void check_force(const reading *plain, const reading *forced)
{
    if (plain->status == TICKER_OK)
        CHECK(forced->status == TICKER_OK && forced->digest == plain->digest);
}

/* The last row of a trades file is not rejected but tells that the file is cut off, so a refused file may have no rejected row. */
static void check_reject(const reading *skipping, const reading *refusing)
{
    if (refusing->status != TICKER_OK)
        return;
    CHECK(skipping->status == TICKER_OK && skipping->digest == refusing->digest);
}

/* What the first bytes say must be what reading says. */
static void check_guess(const char *format, const uint8_t *data, size_t size, const reading *found)
{
    const char *guess = ticker_format_guess(data, size);

    if (guess == NULL)
        CHECK(found->status != TICKER_OK && found->members == 0);
    else if (strcmp(guess, format) == 0)
        CHECK(found->members == 1 || found->status != TICKER_OK);
}

/* The same file with one option changed. Of the two such readings one is done for each input, because reading takes most of the time. */
static void check_other(const reading *whole, const uint8_t *data, size_t size, unsigned which,
                        const ticker_options *options)
{
    bool force = size % 2 == 0, was = (which & (force ? 1 : 2)) != 0;
    ticker_options *changed = reading_options("format", ticker_options_get(options, "format"), "force",
                                              ticker_options_get(options, "force"), "on-error",
                                              ticker_options_get(options, "on-error"), NULL);
    reading other;

    CHECK(ticker_options_set(changed, force ? "force" : "on-error",
                             force ? (was ? "no" : "yes") : (was ? "skip" : "reject"), NULL) == TICKER_OK);
    reading_begin(&other, data, size, 0, changed);
    if (force)
        check_force(was ? &other : whole, was ? whole : &other);
    else
        check_reject(was ? &other : whole, was ? whole : &other);
    reading_end(&other);
    ticker_options_free(changed);
}

int fuzz_format(const char *format, const uint8_t *data, size_t size)
{
    unsigned which = size > 0 ? data[0] & 7u : 0;
    reading_piece piece = size > 1 && data[1] != 0 ? data[1] : 256 + (unsigned)(size & 0xff);
    ticker_options *options;
    reading whole, parts;

    if (size < 2 || size > FILE_MAX || packed(data + 2, size - 2)) /* archives are left to fuzz_zip */
        return 0;
    options = reading_options("force", which & 1 ? "yes" : "no", "on-error", which & 2 ? "reject" : "skip", "format",
                              which & 4 ? format : "auto", NULL);
    reading_begin(&whole, data + 2, size - 2, 0, options);
    reading_begin(&parts, data + 2, size - 2, piece, options);
    reading_same(&whole, &parts);
    if ((which & 4) == 0)
        check_guess(format, data + 2, size - 2, &whole);
    check_other(&whole, data + 2, size - 2, which, options);
    reading_end(&parts);
    reading_end(&whole);
    ticker_options_free(options);
    return 0;
}
