/* NEGOCIOSAVISTA: one trade a line, ';' between cells, decimal comma, columns by the names in the first line. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/csv_rows.h"
#include "model/schema.h"

#define COLUMNS ((unsigned)TICKER_TRADE_CHANNEL + 1) /* those behind are of other formats */
#define PRICE_SCALE 6

typedef struct trades_file {
    ti_csv_rows rows;
    ti_csv_date date, reference_date;
    uint32_t place[TI_COLUMNS_MAX]; /* of each column in the file */
} trades_file;

/* The order in which B3 writes the columns; with it known when this is compiled, decoding needs no look-up. */
#define B3_ORDER                                                                                                       \
    [TICKER_TRADE_REFERENCE_DATE] = 0, [TICKER_TRADE_TICKER] = 1, [TICKER_TRADE_ACTION] = 2, [TICKER_TRADE_PRICE] = 3, \
    [TICKER_TRADE_VOLUME] = 4, [TICKER_TRADE_TIME] = 5, [TICKER_TRADE_ID] = 6, [TICKER_TRADE_SESSION] = 7,             \
    [TICKER_TRADE_DATE] = 8, [TICKER_TRADE_BUYER] = 9, [TICKER_TRADE_SELLER] = 10
static const uint32_t eleven_columns[COLUMNS] = {B3_ORDER, [TICKER_TRADE_CHANNEL] = TI_CSV_ABSENT};
static const uint32_t twelve_columns[COLUMNS] = {B3_ORDER, [TICKER_TRADE_CHANNEL] = 11};

/* The columns of ours by B3's names. */
static void list_names(ti_csv_names *names)
{
    unsigned count;
    const ti_column *columns = ti_schema_columns(TICKER_TRADES, &count);

    names->count = COLUMNS;
    for (unsigned i = 0; i < COLUMNS; i++) {
        names->name[i] = columns[i].b3;
        names->required[i] = i != TICKER_TRADE_CHANNEL;
    }
}

static int bid(const unsigned char *data, size_t size)
{
    ti_csv_names names;
    int found;

    list_names(&names);
    found = (int)ti_csv_count_names(&names, ti_csv_first_line(data, size));
    return found >= 2 ? 64 * found : 0;
}

static inline bool take_time(ti_csv_cell c, int64_t *milliseconds)
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
static inline bool take_price(ti_csv_cell c, int64_t *price)
{
    const unsigned char *at = c.at;
    size_t size = (size_t)(c.end - c.at);
    bool negative = size > 0 && *at == '-';
    uint64_t bad = 0, whole, fraction;

    at += negative;
    size -= negative;
    if (size - 5 > 7 || c.end[-4] != ',')
        return ti_parse_decimal(ti_csv_slice(c), ',', PRICE_SCALE, price);
    whole = ti_digits_upto8(c.end - 4, (unsigned)size - 4, &bad);
    fraction = ti_digits_upto8(c.end, 3, &bad);
    *price = (int64_t)((whole * 1000 + fraction) * 1000);
    if (negative)
        *price = -*price;
    return bad == 0;
}

TI_CSV_INLINE bool decode_column(trades_file *file, ticker_batch *batch, unsigned column, ti_csv_cell c)
{
    int64_t *value = batch->i64[column] != NULL ? &batch->i64[column][batch->rows] : NULL;

    switch ((ticker_trade_column)column) {
    case TICKER_TRADE_TICKER:
        return ti_csv_take_text(batch, column, c, 1, TICKER_TICKER_MAX);
    case TICKER_TRADE_SESSION:
        return ti_csv_take_text(batch, column, c, 1, TICKER_SESSION_MAX);
    case TICKER_TRADE_CHANNEL:
        return ti_csv_take_text(batch, column, c, 0, TICKER_SESSION_MAX);
    case TICKER_TRADE_DATE:
        return ti_csv_take_date(&file->date, c, value);
    case TICKER_TRADE_REFERENCE_DATE:
        return ti_csv_take_date(&file->reference_date, c, value);
    case TICKER_TRADE_TIME:
        return take_time(c, value);
    case TICKER_TRADE_PRICE:
        return take_price(c, value);
    case TICKER_TRADE_BUYER:
    case TICKER_TRADE_SELLER:
        return ti_csv_take_participant(c, value);
    case TICKER_TRADE_ACTION:
        return ti_csv_take_number(c, value) && *value <= INT16_MAX;
    case TICKER_TRADE_ID:
    case TICKER_TRADE_VOLUME:
        return ti_csv_take_number(c, value);
    case TICKER_TRADE_BUYER_AGGRESSOR:
    case TICKER_TRADE_SELLER_AGGRESSOR:
    case TICKER_TRADE_CROSS:
    case TICKER_TRADE_COLUMNS:
        break;
    }
    return false;
}

/* All columns of a row. False: some cell is not as it should be. A wrong cell does not end it early: such rows are rare, and this way
 * there is little to be guessed wrong for the others. */
TI_CSV_INLINE bool decode_row(trades_file *file, ticker_batch *batch, const ti_csv_row *row,
                              const uint32_t place[COLUMNS])
{
    uint32_t arena = batch->arena_size;
    bool good = true;

#define COLUMN(id, name, json, b3, type, scale, digits, quoted, postgres, description)                                 \
    if (TICKER_TRADE_##id < COLUMNS)                                                                                   \
        good &= decode_column(file, batch, TICKER_TRADE_##id, ti_csv_cell_at(row, place[TICKER_TRADE_##id]));
#include "model/trade.def"
#undef COLUMN
    if (!good)
        batch->arena_size = arena;
    return good;
}

static bool decode_eleven(ti_csv_rows *rows, ticker_batch *batch, const ti_csv_row *row)
{
    return decode_row((trades_file *)rows, batch, row, eleven_columns);
}

static bool decode_twelve(ti_csv_rows *rows, ticker_batch *batch, const ti_csv_row *row)
{
    return decode_row((trades_file *)rows, batch, row, twelve_columns);
}

static bool decode_any(ti_csv_rows *rows, ticker_batch *batch, const ti_csv_row *row)
{
    trades_file *file = (trades_file *)rows;

    return decode_row(file, batch, row, file->place);
}

static void choose_decoder(trades_file *file)
{
    if (file->rows.columns == 11 && memcmp(file->place, eleven_columns, sizeof(eleven_columns)) == 0)
        file->rows.decode = decode_eleven;
    else if (file->rows.columns == 12 && memcmp(file->place, twelve_columns, sizeof(twelve_columns)) == 0)
        file->rows.decode = decode_twelve;
    else
        file->rows.decode = decode_any;
}

/* Says which cell of the row is wrong, and why. */
static ticker_status reject_row(ti_csv_rows *rows, ti_parse *parse, const ti_csv_row *row, ticker_error *error)
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
    trades_file *file = (trades_file *)rows;
    uint32_t arena = parse->batch->arena_size;

    if (row->columns != rows->columns)
        return ti_csv_wrong_columns(parse, rows, row->columns, error);
    for (unsigned i = 0; i < COLUMNS; i++) {
        ti_csv_cell c = ti_csv_cell_at(row, file->place[i]);

        if (decode_column(file, parse->batch, i, c))
            continue;
        parse->batch->arena_size = arena;
        return ti_csv_reject(parse, rows->line, ti_csv_line_of(row), ticker_column_b3_name(TICKER_TRADES, i),
                             ti_csv_slice(c), reasons[i], error);
    }
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "a row was rejected without a reason");
}

static ticker_status open_trades(ti_parse *parse, void **state, ticker_error *error)
{
    trades_file *file = calloc(1, sizeof(*file));
    ti_csv_names names;
    ticker_status status;
    ti_slice line;
    size_t bytes;
    bool ended;

    if (file == NULL)
        return ti_fail_memory(error);
    file->date.text[0] = file->reference_date.text[0] = '\n';
    file->rows.other = reject_row;
    *state = file;
    status = ti_csv_peek_line(parse, &line, &bytes, &ended, error);
    if (status != TICKER_OK)
        return status;
    list_names(&names);
    status = ti_csv_map(parse, 1, line, &names, &file->rows.columns, file->place, error);
    choose_decoder(file);
    ti_stream_consume(parse->stream, bytes);
    file->rows.line = 1;
    parse->report->complete = status == TICKER_OK;
    if (status == TICKER_OK && !ended)
        status = ti_parse_refuse(parse, 1, "the file ends in its first line: it is truncated", error);
    return status;
}

static ticker_status next_trades(ti_parse *parse, void *state, ticker_error *error)
{
    return ti_csv_next(parse, state, error);
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
