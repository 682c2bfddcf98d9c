/* NEG_: the trades of a day as B3 published them until NEGOCIOSAVISTA. A header and a trailer that count the lines, and between them one
 * trade a line: 18 cells of a fixed width, filled up with blanks and zeros, ';' between them, decimal point. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/csv_rows.h"

#define CELLS 18
#define PRICE_SCALE 6
#define PRICE_SIZE 19 /* 12 digits, the point, 6 digits */
#define SESSION "1"   /* the files name none: they hold the regular one */
#define HEADER "RH NEG"
#define TRAILER "RT NEG"
#define WORDS 5 /* of a header or trailer: RH NEG, first day, last day, number of lines */
#define COUNT_DIGITS_MAX 18
#define UNKNOWN (-1)
#define MARK "\xef\xbb\xbf" /* some editors put it before everything */

/* The cells, in their order. Of the orders only who was the aggressor is kept. */
typedef enum neg_cell {
    NEG_DATE,
    NEG_TICKER,
    NEG_ID,
    NEG_PRICE,
    NEG_VOLUME,
    NEG_TIME,
    NEG_INDICATOR,
    NEG_BUY_DATE,
    NEG_BUY_SEQUENCE,
    NEG_BUY_ID,
    NEG_BUYER_AGGRESSOR,
    NEG_SELL_DATE,
    NEG_SELL_SEQUENCE,
    NEG_SELL_ID,
    NEG_SELLER_AGGRESSOR,
    NEG_CROSS,
    NEG_BUYER,
    NEG_SELLER
} neg_cell;

static const struct {
    const char *name, *why;
} cells[CELLS] = {
    [NEG_DATE] = {"the date", "is no date (YYYY-MM-DD)"},
    [NEG_TICKER] = {"the instrument", "is no trading code"},
    [NEG_ID] = {"the trade number", "is no number"},
    [NEG_PRICE] = {"the price", "is no price"},
    [NEG_VOLUME] = {"the quantity", "is no number"},
    [NEG_TIME] = {"the time", "is no time (HH:MM:SS.mmm)"},
    [NEG_INDICATOR] = {"the indicator", "is neither 1 (a trade) nor 2 (cancelled)"},
    [NEG_BUY_DATE] = {"the date of the buying order", "is no date (YYYY-MM-DD)"},
    [NEG_BUY_SEQUENCE] = {"the buying order", "is no number"},
    [NEG_BUY_ID] = {"the buying order's secondary number", "is no number"},
    [NEG_BUYER_AGGRESSOR] = {"the buying order's aggressor code", "is no code"},
    [NEG_SELL_DATE] = {"the date of the selling order", "is no date (YYYY-MM-DD)"},
    [NEG_SELL_SEQUENCE] = {"the selling order", "is no number"},
    [NEG_SELL_ID] = {"the selling order's secondary number", "is no number"},
    [NEG_SELLER_AGGRESSOR] = {"the selling order's aggressor code", "is no code"},
    [NEG_CROSS] = {"the cross code", "is no code"},
    [NEG_BUYER] = {"the buying participant", "is no participant code"},
    [NEG_SELLER] = {"the selling participant", "is no participant code"},
};

typedef struct neg_file {
    ti_csv_rows rows;
    ti_csv_date date, buy_date, sell_date;
    uint64_t lines_seen; /* not blank, header and trailer among them */
    uint64_t rows_seen;  /* good or bad */
    size_t row_size;     /* bytes of the first good row, and so of all others */
    int64_t header_says, trailer_says;
    bool header, trailer, begun, ended;
    bool behind; /* that something stands behind the trailer was said */
    uint64_t trailer_line;
} neg_file;

/* --- A row --------------------------------------------------------------------------------------------------------------------- */

/* The cell without the blanks around it. */
static inline ti_csv_cell cell_of(const ti_csv_row *row, unsigned number)
{
    ti_csv_cell cell = ti_csv_cell_at(row, number);

    while (cell.at < cell.end && cell.end[-1] == ' ')
        cell.end--;
    while (cell.at < cell.end && *cell.at == ' ')
        cell.at++;
    return cell;
}

/* HH:MM:SS.mmm. */
static bool take_time(ti_csv_cell cell, int64_t *milliseconds)
{
    const unsigned char *at = cell.at;
    uint64_t bad = 0, hour, minute, second, rest;

    if (cell.end - at != 12 || at[2] != ':' || at[5] != ':' || at[8] != '.')
        return false;
    hour = ti_digits(at, 2, &bad);
    minute = ti_digits(at + 3, 2, &bad);
    second = ti_digits(at + 6, 2, &bad);
    rest = ti_digits(at + 9, 3, &bad);
    *milliseconds = (int64_t)(((hour * 60 + minute) * 60 + second) * 1000 + rest);
    return bad == 0 && hour < 24 && minute < 60 && second < 60;
}

/* 12 digits, a point, 6 digits, or any other decimal; B3 leaves a blank for the sign. */
static bool take_price(ti_csv_cell cell, int64_t *price)
{
    ti_slice text = ti_csv_slice(cell);
    bool negative = text.size > 0 && *cell.at == '-';
    const unsigned char *at = cell.at + negative;
    uint64_t bad = 0, whole, fraction;

    if (cell.end - at != PRICE_SIZE || at[12] != '.')
        return ti_parse_decimal(text, '.', PRICE_SCALE, price);
    whole = ti_digits(at, 12, &bad);
    fraction = ti_digits(at + 13, 6, &bad);
    *price = (int64_t)(whole * 1000000 + fraction);
    if (negative)
        *price = -*price;
    return bad == 0;
}

/* A code of one or a few digits; null when blank. */
static bool take_code(ti_csv_cell cell, int64_t *code)
{
    return ti_csv_take_participant(cell, code) && (*code == TICKER_NULL || *code <= INT16_MAX);
}

/* What is not kept is looked at all the same: a row that does not have it is damaged. */
static bool take_order(ti_csv_cell cell)
{
    int64_t number;

    return cell.at == cell.end || ti_csv_take_number(cell, &number);
}

static bool take_order_date(ti_csv_date *last, ti_csv_cell cell)
{
    int64_t days;

    return cell.at == cell.end || ti_csv_take_date(last, cell, &days);
}

static bool take_indicator(ti_csv_cell cell, int64_t *action)
{
    if (cell.end - cell.at != 1 || (*cell.at != '1' && *cell.at != '2'))
        return false;
    *action = *cell.at == '1' ? 0 : 2;
    return true;
}

static inline bool decode_cell(neg_file *file, ticker_batch *batch, unsigned number, ti_csv_cell cell)
{
    int64_t *const *i64 = batch->i64;
    uint32_t row = batch->rows;

    switch ((neg_cell)number) {
    case NEG_DATE:
        return ti_csv_take_date(&file->date, cell, &i64[TICKER_TRADE_DATE][row]);
    case NEG_TICKER:
        return ti_csv_take_text(batch, TICKER_TRADE_TICKER, cell, 1, TICKER_TICKER_MAX);
    case NEG_ID:
        return ti_csv_take_number(cell, &i64[TICKER_TRADE_ID][row]);
    case NEG_PRICE:
        return take_price(cell, &i64[TICKER_TRADE_PRICE][row]);
    case NEG_VOLUME:
        return ti_csv_take_number(cell, &i64[TICKER_TRADE_VOLUME][row]);
    case NEG_TIME:
        return take_time(cell, &i64[TICKER_TRADE_TIME][row]);
    case NEG_INDICATOR:
        return take_indicator(cell, &i64[TICKER_TRADE_ACTION][row]);
    case NEG_BUY_DATE:
        return take_order_date(&file->buy_date, cell);
    case NEG_SELL_DATE:
        return take_order_date(&file->sell_date, cell);
    case NEG_BUY_SEQUENCE:
    case NEG_BUY_ID:
    case NEG_SELL_SEQUENCE:
    case NEG_SELL_ID:
        return take_order(cell);
    case NEG_BUYER_AGGRESSOR:
        return take_code(cell, &i64[TICKER_TRADE_BUYER_AGGRESSOR][row]);
    case NEG_SELLER_AGGRESSOR:
        return take_code(cell, &i64[TICKER_TRADE_SELLER_AGGRESSOR][row]);
    case NEG_CROSS:
        return take_code(cell, &i64[TICKER_TRADE_CROSS][row]);
    case NEG_BUYER:
        return ti_csv_take_participant(cell, &i64[TICKER_TRADE_BUYER][row]);
    case NEG_SELLER:
        return ti_csv_take_participant(cell, &i64[TICKER_TRADE_SELLER][row]);
    }
    return false;
}

static bool decode_cells(neg_file *file, ticker_batch *batch, const ti_csv_row *row)
{
    uint32_t arena = batch->arena_size;
    size_t size = ti_csv_line_of(row).size;
    bool good = file->row_size == 0 || size == file->row_size;

    for (unsigned i = 0; i < CELLS && good; i++)
        good &= decode_cell(file, batch, i, cell_of(row, i));
    if (!good) {
        batch->arena_size = arena;
        return false;
    }
    file->row_size = size;
    batch->i64[TICKER_TRADE_REFERENCE_DATE][batch->rows] = batch->i64[TICKER_TRADE_DATE][batch->rows];
    (void)ti_batch_set_text(batch, TICKER_TRADE_SESSION, batch->rows, ti_slice_of(SESSION));
    return true;
}

/* Rows between header and trailer; whatever stands elsewhere is looked at by take_other(). */
static bool decode(ti_csv_rows *rows, ticker_batch *batch, const ti_csv_row *row)
{
    neg_file *file = (neg_file *)rows;

    if (!file->begun || file->trailer || !decode_cells(file, batch, row))
        return false;
    file->lines_seen++;
    file->rows_seen++;
    return true;
}

/* --- Header and trailer -------------------------------------------------------------------------------------------------------- */

static bool begins_with(ti_slice line, const char *text)
{
    size_t size = strlen(text);

    return line.size >= size && memcmp(line.data, text, size) == 0;
}

/* What a header or trailer says of the number of lines, or UNKNOWN. */
static int64_t read_count(ti_slice line)
{
    size_t at = 0, words = 0;
    ti_slice word = {NULL, 0};
    int64_t count;

    while (words < WORDS) {
        while (at < line.size && line.data[at] == ' ')
            at++;
        word = (ti_slice){line.data + at, 0};
        while (at < line.size && line.data[at] != ' ') {
            at++;
            word.size++;
        }
        if (word.size == 0)
            return UNKNOWN;
        words++;
    }
    return word.size <= COUNT_DIGITS_MAX && ti_parse_integer(word, false, &count) ? count : UNKNOWN;
}

static ticker_status take_trailer(neg_file *file, ti_parse *parse, ti_slice line, ticker_error *error)
{
    file->trailer = true;
    file->trailer_line = file->rows.line;
    file->trailer_says = read_count(line);
    if (file->trailer_says == UNKNOWN)
        return ti_parse_refuse(parse, file->rows.line, "the trailer has no number of lines: it is cut off", error);
    parse->report->declared = file->trailer_says;
    return TICKER_OK;
}

static ticker_status take_header(neg_file *file, ti_parse *parse, ti_slice line, ticker_error *error)
{
    if (file->header || file->begun)
        return ti_parse_refuse(parse, file->rows.line, "there is a header in the middle of the file", error);
    file->header = file->begun = true;
    file->header_says = read_count(line);
    if (file->header_says == UNKNOWN)
        return ti_parse_refuse(parse, file->rows.line, "the header has no number of lines: it is cut off", error);
    return TICKER_OK;
}

/* Two files were put together, or the beginning is missing: the counts mean nothing any more. */
static ticker_status check_order(neg_file *file, ti_parse *parse, bool header, ticker_error *error)
{
    if (file->trailer && !file->behind) {
        file->behind = true;
        return ti_parse_refuse(parse, file->rows.line, "there are lines behind the trailer", error);
    }
    if (!header && !file->begun) {
        file->begun = true;
        return ti_parse_refuse(parse, file->rows.line, "the file begins without a header: it is cut off at its start",
                               error);
    }
    return TICKER_OK;
}

static ticker_status reject_row(neg_file *file, ti_parse *parse, const ti_csv_row *row, ticker_error *error)
{
    uint32_t arena = parse->batch->arena_size;
    size_t size = ti_csv_line_of(row).size;
    char reason[TI_REASON_MAX];

    if (row->columns != CELLS)
        return ti_csv_wrong_columns(parse, &file->rows, row->columns, error);
    if (file->row_size != 0 && size != file->row_size) {
        (void)snprintf(reason, sizeof(reason), "the row has %zu bytes instead of %zu", size, file->row_size);
        return ti_parse_reject(parse, file->rows.line, 1, reason, error);
    }
    for (unsigned i = 0; i < CELLS; i++) {
        ti_csv_cell cell = cell_of(row, i);
        bool good = decode_cell(file, parse->batch, i, cell);

        parse->batch->arena_size = arena;
        if (!good)
            return ti_csv_reject(parse, file->rows.line, ti_csv_line_of(row), cells[i].name, ti_csv_slice(cell),
                                 cells[i].why, error);
    }
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "a row was rejected without a reason");
}

static ticker_status take_other(ti_csv_rows *rows, ti_parse *parse, const ti_csv_row *row, ticker_error *error)
{
    neg_file *file = (neg_file *)rows;
    ti_slice line = ti_csv_line_of(row);
    bool header = begins_with(line, HEADER), trailer = begins_with(line, TRAILER);
    ticker_status status;

    if (line.size == strspn(line.data, " \t\x1a"))
        return TICKER_OK;
    status = check_order(file, parse, header, error);
    if (status != TICKER_OK)
        return status;
    file->lines_seen++;
    rows->understood = header || trailer;
    if (header)
        return take_header(file, parse, line, error);
    if (trailer) /* a second one: that was said */
        return file->trailer ? TICKER_OK : take_trailer(file, parse, line, error);
    file->rows_seen++;
    if (row->columns != CELLS || !decode_cells(file, parse->batch, row))
        return reject_row(file, parse, row, error);
    rows->understood = true;
    parse->batch->line[parse->batch->rows++] = rows->line;
    return TICKER_OK;
}

/* --- The file ------------------------------------------------------------------------------------------------------------------ */

static int bid(const unsigned char *data, size_t size)
{
    ti_slice line = ti_csv_first_line(data, size), split[TICKER_CSV_COLUMNS_MAX];
    int64_t days;
    size_t at = strlen(HEADER);

    if (begins_with(line, HEADER) || begins_with(line, TRAILER)) {
        while (at < line.size && line.data[at] == ' ')
            at++;
        return at > strlen(HEADER) && line.size - at >= 10 && ti_parse_date_iso((ti_slice){line.data + at, 10}, &days)
                   ? 128
                   : 0;
    }
    /* A copy without a header. */
    return line.size <= TICKER_LINE_MAX && ti_csv_split(line, split) == CELLS && split[NEG_TIME].size == 12 &&
                   split[NEG_TIME].data[2] == ':' && ti_parse_date_iso(split[NEG_DATE], &days)
               ? 96
               : 0;
}

static ticker_status open_neg(ti_parse *parse, void **state, ticker_error *error)
{
    neg_file *file = calloc(1, sizeof(*file));
    const unsigned char *data;
    size_t available;
    ticker_status status;

    if (file == NULL)
        return ti_fail_memory(error);
    *state = file;
    file->date.text[0] = file->buy_date.text[0] = file->sell_date.text[0] = '\n';
    file->header_says = file->trailer_says = UNKNOWN;
    file->rows.columns = CELLS;
    file->rows.decode = decode;
    file->rows.other = take_other;
    parse->report->complete = true;
    status = ti_stream_peek(parse->stream, sizeof(MARK), &data, &available, error);
    if (status == TICKER_OK && available >= sizeof(MARK) - 1 && memcmp(data, MARK, sizeof(MARK) - 1) == 0)
        ti_stream_consume(parse->stream, sizeof(MARK) - 1);
    return status;
}

/* The number counts header and trailer too in every file that was seen. */
static ticker_status check_count(ti_parse *parse, const neg_file *file, int64_t says, const char *who, uint64_t line,
                                 ticker_error *error)
{
    char reason[TI_REASON_MAX];

    if (says == UNKNOWN || (uint64_t)says == file->lines_seen || (uint64_t)says == file->rows_seen + 2)
        return TICKER_OK;
    if ((uint64_t)says == file->rows_seen) {
        ti_report_add_problem(parse->report, line, 0, "the %s counts the rows without header and trailer", who);
        return TICKER_OK;
    }
    (void)snprintf(reason, sizeof(reason), "the %s says %llu lines, the file has %llu: it is truncated or was changed",
                   who, (unsigned long long)says, (unsigned long long)file->lines_seen);
    return ti_parse_refuse(parse, line, reason, error);
}

static ticker_status end_of_file(ti_parse *parse, neg_file *file, ticker_error *error)
{
    ticker_status status;

    file->ended = true;
    if (!file->trailer)
        return ti_parse_refuse(parse, file->rows.line, "the file ends without a trailer: it is truncated", error);
    status = check_count(parse, file, file->trailer_says, "trailer", file->trailer_line, error);
    if (status == TICKER_OK)
        status = check_count(parse, file, file->header_says, "header", 1, error);
    return status;
}

static ticker_status next_neg(ti_parse *parse, void *state, ticker_error *error)
{
    neg_file *file = state;
    ticker_status status = file->ended ? TICKER_DONE : ti_csv_next(parse, &file->rows, error);

    if (status == TICKER_DONE && !file->ended) {
        status = end_of_file(parse, file, error);
        return status == TICKER_OK ? TICKER_DONE : status;
    }
    return status;
}

const ti_format ti_format_neg = {
    .name = "neg",
    .table = TICKER_TRADES,
    .text_bytes = TICKER_TICKER_MAX + 2 * TICKER_SESSION_MAX,
    .bid = bid,
    .open = open_neg,
    .next = next_neg,
    .close = free,
};
