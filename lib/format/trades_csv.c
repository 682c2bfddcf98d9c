/* NEGOCIOSAVISTA: one trade a line, ';' between cells, decimal comma, columns by the names in the first line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/date.h"
#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"
#include "format/csv.h"
#include "format/digits.h"
#include "format/format.h"
#include "model/schema.h"

#define ABSENT UINT32_MAX
#define COLUMNS ((unsigned)TICKER_TRADE_CHANNEL + 1) /* those behind are of other formats */
#define PRICE_SCALE 6
#define SHOWN_MAX 41 /* bytes of a cell in a message, NUL included */

typedef struct remembered_date {
    unsigned char text[10];
    int64_t days;
} remembered_date;

typedef struct trades_file trades_file;

/* A row: the marks around its cells, and where its last cell ends (before a CR). */
typedef struct csv_row {
    const unsigned char *data;
    const uint32_t *mark;
    const unsigned char *end;
    unsigned columns;
} csv_row;

struct trades_file {
    uint64_t line;
    unsigned columns;        /* of the header */
    uint32_t place[COLUMNS]; /* of each column in the file, or ABSENT */
    bool (*decode)(trades_file *file, ticker_batch *batch, const csv_row *row);
    remembered_date date, reference_date; /* nearly all rows of a file repeat them */
    ti_csv_index index;
};

/* The order in which B3 writes the columns; with it known when this is compiled, decoding needs no look-up. */
#define B3_ORDER                                                                                                       \
    [TICKER_TRADE_REFERENCE_DATE] = 0, [TICKER_TRADE_TICKER] = 1, [TICKER_TRADE_ACTION] = 2, [TICKER_TRADE_PRICE] = 3, \
    [TICKER_TRADE_VOLUME] = 4, [TICKER_TRADE_TIME] = 5, [TICKER_TRADE_ID] = 6, [TICKER_TRADE_SESSION] = 7,             \
    [TICKER_TRADE_DATE] = 8, [TICKER_TRADE_BUYER] = 9, [TICKER_TRADE_SELLER] = 10
static const uint32_t eleven_columns[COLUMNS] = {B3_ORDER, [TICKER_TRADE_CHANNEL] = ABSENT};
static const uint32_t twelve_columns[COLUMNS] = {B3_ORDER, [TICKER_TRADE_CHANNEL] = 11};

static ti_slice first_line(const unsigned char *data, size_t size)
{
    ti_slice line = {(const char *)data, size};
    const char *end;

    if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        line = (ti_slice){line.data + 3, line.size - 3};
    end = line.size > 0 ? memchr(line.data, '\n', line.size) : NULL;
    if (end != NULL)
        line.size = (size_t)(end - line.data);
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

/* The column of ours that a header cell names, or COLUMNS. */
static unsigned find_column(ti_slice cell)
{
    unsigned count;
    const ti_column *columns = ti_schema_columns(TICKER_TRADES, &count);

    for (unsigned i = 0; i < COLUMNS; i++)
        if (ti_slice_is(cell, columns[i].b3))
            return i;
    return COLUMNS;
}

static int bid(const unsigned char *data, size_t size)
{
    ti_slice cells[TICKER_CSV_COLUMNS_MAX];
    unsigned count = ti_csv_split(first_line(data, size), cells);
    int found = 0;

    for (unsigned i = 0; i < count; i++)
        found += find_column(cells[i]) < COLUMNS;
    return found >= 2 ? 64 * found : 0;
}

static ticker_status missing_column(unsigned column, ticker_error *error)
{
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the header has no column %s",
                  ticker_column_b3_name(TICKER_TRADES, column));
    ti_error_hint(error, "the file is cut off or was not made by B3");
    ti_error_place(error, 1, 1, 0);
    return TICKER_FAILED;
}

static void note_unknown(ti_parse *parse, ti_slice line, ti_slice cell)
{
    char shown[SHOWN_MAX];

    (void)ti_utf8_copy(shown, sizeof(shown), cell);
    ti_report_add_problem(parse->report, 1, 1 + (uint64_t)(cell.data - line.data),
                          "column \"%s\" is not known and not stored", shown);
}

static ticker_status map_columns(ti_parse *parse, trades_file *file, ti_slice line, ticker_error *error)
{
    ti_slice cells[TICKER_CSV_COLUMNS_MAX];

    file->columns = ti_csv_split(line, cells);
    if (file->columns == 0)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the header has more than %d columns",
                       TICKER_CSV_COLUMNS_MAX);
    for (unsigned i = 0; i < COLUMNS; i++)
        file->place[i] = ABSENT;
    for (unsigned i = 0; i < file->columns; i++) {
        unsigned column = find_column(cells[i]);

        if (column == COLUMNS)
            note_unknown(parse, line, cells[i]);
        else if (file->place[column] != ABSENT)
            return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the header has column %s twice",
                           ticker_column_b3_name(TICKER_TRADES, column));
        else
            file->place[column] = i;
    }
    for (unsigned i = 0; i < COLUMNS; i++)
        if (file->place[i] == ABSENT && i != TICKER_TRADE_CHANNEL)
            return missing_column(i, error);
    return TICKER_OK;
}

/* A cell by its first byte and the one behind its last. */
typedef struct cell {
    const unsigned char *at, *end;
} cell;

static inline bool take_date(remembered_date *last, cell c, int64_t *days)
{
    if (c.end - c.at != 10)
        return false;
    if (memcmp(c.at, last->text, 10) != 0) {
        if (!ti_parse_date_iso((ti_slice){(const char *)c.at, 10}, &last->days))
            return false;
        memcpy(last->text, c.at, 10);
    }
    *days = last->days;
    return true;
}

/* 1 to 18 digits. */
static inline __attribute__((always_inline)) bool take_number(cell c, int64_t *number)
{
    uint64_t bad = 0;
    size_t size = (size_t)(c.end - c.at);

    if (size - 1 >= 18)
        return false;
    *number = (int64_t)(size <= 8 ? ti_digits_upto8(c.end, (unsigned)size, &bad)
                                  : ti_digits(c.at, (unsigned)size, &bad));
    return bad == 0;
}

static inline __attribute__((always_inline)) bool take_participant(cell c, int64_t *number)
{
    if (c.at == c.end) {
        *number = TICKER_NULL;
        return true;
    }
    return take_number(c, number) && *number <= INT32_MAX;
}

static inline bool take_time(cell c, int64_t *milliseconds)
{
    uint64_t bad = 0, value;
    uint32_t clock, hour, minute, second;

    if (c.end - c.at != 9)
        return false;
    value = ti_digits(c.at, 9, &bad);
    clock = (uint32_t)(value / 1000);
    hour = clock / 10000;
    minute = clock / 100 % 100;
    second = clock % 100;
    *milliseconds = (int64_t)((hour * 60 + minute) * 60 + second) * 1000 + (int64_t)(value % 1000);
    return bad == 0 && hour < 24 && minute < 60 && second < 60;
}

/* "12,345" with any number of decimals; B3 writes three. */
static inline bool take_price(cell c, int64_t *price)
{
    const unsigned char *at = c.at;
    size_t size = (size_t)(c.end - c.at);
    bool negative = size > 0 && *at == '-';
    uint64_t bad = 0, whole, fraction;

    at += negative;
    size -= negative;
    if (size - 5 > 7 || c.end[-4] != ',')
        return ti_parse_decimal((ti_slice){(const char *)c.at, (size_t)(c.end - c.at)}, ',', PRICE_SCALE, price);
    whole = ti_digits_upto8(c.end - 4, (unsigned)size - 4, &bad);
    fraction = ti_digits_upto8(c.end, 3, &bad);
    *price = (int64_t)((whole * 1000 + fraction) * 1000);
    if (negative)
        *price = -*price;
    return bad == 0;
}

/* Printable ASCII only: whatever else there is goes the slow way. */
static inline bool take_text(ticker_batch *batch, unsigned column, cell c, size_t min, size_t max)
{
    size_t size = (size_t)(c.end - c.at);
    char *to = batch->arena + batch->arena_size;
    bool odd = false;

    if (size < min || size > max)
        return false;
#ifdef __SSE2__
    if (size <= 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)c.at);
        __m128i more = _mm_add_epi8(bytes, _mm_set1_epi8(1)); /* signed: what is above 0x7e counts as low too */
        uint32_t low = (uint32_t)_mm_movemask_epi8(_mm_cmplt_epi8(more, _mm_set1_epi8('!' + 1)));

        _mm_storeu_si128((__m128i *)(void *)to, bytes);
        odd = (low & ((1u << size) - 1)) != 0;
    } else
#endif
        for (size_t i = 0; i < size; i++) {
            odd |= c.at[i] <= ' ' || c.at[i] > 0x7e;
            to[i] = (char)c.at[i];
        }
    batch->text[column][batch->rows] = (ti_text){batch->arena_size, (uint32_t)size};
    batch->arena_size += (uint32_t)size;
    return !odd;
}

static inline __attribute__((always_inline)) bool decode_column(trades_file *file, ticker_batch *batch, unsigned column,
                                                                cell c)
{
    int64_t *value = batch->i64[column] != NULL ? &batch->i64[column][batch->rows] : NULL;

    switch ((ticker_trade_column)column) {
    case TICKER_TRADE_TICKER:
        return take_text(batch, column, c, 1, TICKER_TICKER_MAX);
    case TICKER_TRADE_SESSION:
        return take_text(batch, column, c, 1, TICKER_SESSION_MAX);
    case TICKER_TRADE_CHANNEL:
        return take_text(batch, column, c, 0, TICKER_SESSION_MAX);
    case TICKER_TRADE_DATE:
        return take_date(&file->date, c, value);
    case TICKER_TRADE_REFERENCE_DATE:
        return take_date(&file->reference_date, c, value);
    case TICKER_TRADE_TIME:
        return take_time(c, value);
    case TICKER_TRADE_PRICE:
        return take_price(c, value);
    case TICKER_TRADE_BUYER:
    case TICKER_TRADE_SELLER:
        return take_participant(c, value);
    case TICKER_TRADE_ACTION:
        return take_number(c, value) && *value <= INT16_MAX;
    case TICKER_TRADE_ID:
    case TICKER_TRADE_VOLUME:
        return take_number(c, value);
    case TICKER_TRADE_BUYER_AGGRESSOR:
    case TICKER_TRADE_SELLER_AGGRESSOR:
    case TICKER_TRADE_CROSS:
    case TICKER_TRADE_COLUMNS:
        break;
    }
    return false;
}

static inline cell cell_at(const csv_row *row, uint32_t place)
{
    static const unsigned char none[32];

    if (place == ABSENT)
        return (cell){none + 16, none + 16};
    return (cell){row->data + (uint32_t)(row->mark[place] + 1),
                  place + 1 == row->columns ? row->end : row->data + row->mark[place + 1]};
}

/* All columns of a row. False: some cell is not as it should be. A wrong cell does not end it early: such rows are rare, and this way
 * there is little to be guessed wrong for the others. */
static inline __attribute__((always_inline)) bool decode_row(trades_file *file, ticker_batch *batch, const csv_row *row,
                                                             const uint32_t place[COLUMNS])
{
    uint32_t arena = batch->arena_size;
    bool good = true;

#define COLUMN(id, name, json, b3, type, scale, digits, quoted, postgres, description)                                 \
    if (TICKER_TRADE_##id < COLUMNS)                                                                                   \
        good &= decode_column(file, batch, TICKER_TRADE_##id, cell_at(row, place[TICKER_TRADE_##id]));
#include "model/trade.def"
#undef COLUMN
    if (!good)
        batch->arena_size = arena;
    return good;
}

static bool decode_eleven(trades_file *file, ticker_batch *batch, const csv_row *row)
{
    return decode_row(file, batch, row, eleven_columns);
}

static bool decode_twelve(trades_file *file, ticker_batch *batch, const csv_row *row)
{
    return decode_row(file, batch, row, twelve_columns);
}

static bool decode_any(trades_file *file, ticker_batch *batch, const csv_row *row)
{
    return decode_row(file, batch, row, file->place);
}

static void choose_decoder(trades_file *file)
{
    if (file->columns == 11 && memcmp(file->place, eleven_columns, sizeof(eleven_columns)) == 0)
        file->decode = decode_eleven;
    else if (file->columns == 12 && memcmp(file->place, twelve_columns, sizeof(twelve_columns)) == 0)
        file->decode = decode_twelve;
    else
        file->decode = decode_any;
}

static ticker_status open_trades(ti_parse *parse, void **state, ticker_error *error)
{
    trades_file *file = calloc(1, sizeof(*file));
    const unsigned char *data;
    size_t available, size;
    ticker_status status;
    ti_slice line;
    bool ended;

    if (file == NULL)
        return ti_fail_memory(error);
    file->date.text[0] = file->reference_date.text[0] = '\n'; /* no cell holds it: nothing is remembered yet */
    *state = file;
    status = ti_stream_peek(parse->stream, TICKER_LINE_MAX + 8, &data, &available, error);
    if (status != TICKER_OK)
        return status;
    line = first_line(data, available);
    if (line.size > TICKER_LINE_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the header line is longer than %d bytes",
                       TICKER_LINE_MAX);
    status = map_columns(parse, file, line, error);
    choose_decoder(file);
    size = (size_t)((const unsigned char *)line.data - data) + line.size;
    size += size < available && data[size] == '\r';
    ended = size < available && data[size] == '\n';
    ti_stream_consume(parse->stream, size + ended);
    file->line = 1;
    parse->report->complete = status == TICKER_OK;
    if (status == TICKER_OK && !ended)
        status = ti_parse_refuse(parse, 1, "the file ends in its first line: it is truncated", error);
    return status;
}

/* Says which cell of the row is wrong, and why. */
static ticker_status reject_cell(ti_parse *parse, trades_file *file, const csv_row *row, ticker_error *error)
{
    static const char *const reasons[] = {[TICKER_TRADE_TICKER] = "is no trading code",
                                          [TICKER_TRADE_DATE] = "is no date (YYYY-MM-DD)",
                                          [TICKER_TRADE_REFERENCE_DATE] = "is no date (YYYY-MM-DD)",
                                          [TICKER_TRADE_SESSION] = "is no session code",
                                          [TICKER_TRADE_ID] = "is no number",
                                          [TICKER_TRADE_ACTION] = "is no action code",
                                          [TICKER_TRADE_TIME] = "is no time (HHMMSSmmm)",
                                          [TICKER_TRADE_PRICE] = "is no price",
                                          [TICKER_TRADE_VOLUME] = "is no number",
                                          [TICKER_TRADE_BUYER] = "is no participant code",
                                          [TICKER_TRADE_SELLER] = "is no participant code",
                                          [TICKER_TRADE_CHANNEL] = "is no channel code"};
    uint32_t arena = parse->batch->arena_size;
    char reason[TI_REASON_MAX], shown[SHOWN_MAX];

    for (unsigned i = 0; i < COLUMNS; i++) {
        cell c = cell_at(row, file->place[i]);

        if (decode_column(file, parse->batch, i, c))
            continue;
        parse->batch->arena_size = arena;
        (void)ti_utf8_copy(shown, sizeof(shown), (ti_slice){(const char *)c.at, (size_t)(c.end - c.at)});
        (void)snprintf(reason, sizeof(reason), "%s \"%s\" %s", ticker_column_b3_name(TICKER_TRADES, i), shown,
                       reasons[i]);
        return ti_parse_reject(parse, file->line, (uint64_t)(c.at - cell_at(row, 0).at) + 1, reason, error);
    }
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "a row was rejected without a reason");
}

static ticker_status wrong_columns(ti_parse *parse, const trades_file *file, unsigned columns, ticker_error *error)
{
    char reason[TI_REASON_MAX];

    (void)snprintf(reason, sizeof(reason), "the row has %u columns instead of %u", columns, file->columns);
    return ti_parse_reject(parse, file->line, 1, reason, error);
}

static ticker_status too_long(uint64_t line, uint64_t offset, ticker_error *error)
{
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "a line is longer than %d bytes", TICKER_LINE_MAX);
    ti_error_place(error, line, 1, (int64_t)offset);
    return TICKER_FAILED;
}

/* Rows of the indexed block, until the batch is full. Returns how many were taken. */
static uint32_t take_rows(ti_parse *parse, trades_file *file, const unsigned char *data, ticker_status *status,
                          ticker_error *error)
{
    const ti_csv_index *index = &file->index;
    uint32_t before = 0, taken;

    for (taken = 0; taken < index->rows && *status == TICKER_OK && parse->batch->rows < parse->batch->capacity;
         taken++) {
        uint32_t last = index->row_end[taken];
        csv_row row = {data, index->mark + before, data + index->mark[last], last - before};
        const unsigned char *line = data + (uint32_t)(row.mark[0] + 1);

        file->line++;
        if (row.end > line && row.end[-1] == '\r')
            row.end--;
        if (row.end - line > TICKER_LINE_MAX) {
            *status = too_long(file->line, ti_stream_offset(parse->stream) + (uint64_t)(line - data), error);
        } else if (row.columns != file->columns) {
            if (row.end > line)
                *status = wrong_columns(parse, file, row.columns, error);
        } else if (file->decode(file, parse->batch, &row)) {
            parse->batch->line[parse->batch->rows++] = file->line;
        } else {
            *status = reject_cell(parse, file, &row, error);
        }
        before = last;
    }
    return taken;
}

/* The last line when it has no line end: taken when whole, else the file is cut off inside it. */
static ticker_status take_last(ti_parse *parse, trades_file *file, const unsigned char *data, size_t size,
                               ticker_error *error)
{
    unsigned char line[TICKER_LINE_MAX + 2 * TI_STREAM_MARGIN] = {0};
    ticker_status status = TICKER_OK;
    uint32_t rows = parse->batch->rows;
    bool reject = parse->reject;

    memcpy(line + TI_STREAM_MARGIN, data, size);
    line[TI_STREAM_MARGIN + size] = '\n';
    ti_csv_scan(&file->index, line + TI_STREAM_MARGIN, size + 1);
    parse->reject = false;
    (void)take_rows(parse, file, line + TI_STREAM_MARGIN, &status, error);
    parse->reject = reject;
    if (status == TICKER_OK && parse->batch->rows == rows)
        status = ti_parse_refuse(parse, file->line, "the file ends in the middle of a row: it is truncated", error);
    return status;
}

/* How much of the bytes at hand to index: whole lines only, unless nothing follows. */
static ticker_status take_block(ti_parse *parse, trades_file *file, const unsigned char *data, size_t available,
                                bool last, ticker_error *error)
{
    size_t size = available < TI_CSV_BLOCK ? available : TI_CSV_BLOCK;
    ticker_status status = TICKER_OK;
    uint32_t taken;

    ti_csv_scan(&file->index, data, size);
    if (file->index.rows > 0) {
        taken = take_rows(parse, file, data, &status, error);
        if (taken > 0)
            ti_stream_consume(parse->stream, (size_t)file->index.mark[file->index.row_end[taken - 1]] + 1);
        return status;
    }
    if (size > TICKER_LINE_MAX)
        return too_long(file->line + 1, ti_stream_offset(parse->stream), error);
    if (last) {
        status = take_last(parse, file, data, available, error);
        ti_stream_consume(parse->stream, available);
    }
    return status;
}

static ticker_status next_trades(ti_parse *parse, void *state, ticker_error *error)
{
    trades_file *file = state;
    const unsigned char *data;
    size_t available;
    ticker_status status = TICKER_OK;

    while (status == TICKER_OK && parse->batch->rows < parse->batch->capacity) {
        status = ti_stream_peek(parse->stream, TICKER_LINE_MAX + 2, &data, &available, error);
        if (status != TICKER_OK)
            break;
        if (available == 0) {
            status = TICKER_DONE;
            break;
        }
        status = take_block(parse, file, data, available, available < TICKER_LINE_MAX + 2, error);
    }
    parse->report->lines = (int64_t)file->line;
    parse->report->member_bytes = (int64_t)ti_stream_offset(parse->stream);
    return status;
}

const ti_format ti_format_trades = {
    .name = "trades",
    .table = TICKER_TRADES,
    .text_bytes = TICKER_TICKER_MAX + 2 * TICKER_SESSION_MAX,
    .bid = bid,
    .open = open_trades,
    .next = next_trades,
    .close = free,
};
