/* TradeInformationConsolidatedFile: one row for each instrument of a day, traded or not. The first line says whether the file is final, the
 * next one names the columns; ';' between cells, which may stand in quotes, decimal comma, nothing where there is no value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "format/csv_rows.h"

#define SOURCE "consolidated"
#define STATUS "Status do Arquivo:"
#define FINAL "Final"
#define PRICE_SCALE 6
#define CENT 10000 /* millionths */
#define ISIN_MAX 24
/* A character of latin-1 takes two bytes in UTF-8. */
#define TEXT_BYTES (TICKER_TICKER_MAX + ISIN_MAX + TICKER_SEGMENT_MAX + 3 + sizeof(SOURCE))

/* Kinds of columns: a date; texts in latin-1 or UTF-8; decimals of the columns' scale of 6; whole numbers; money, which is kept as cents
 * and a rest. All but what is in the key may be empty: null. */
typedef enum column_kind { DATE, TICKER, TEXT, SEGMENT, DECIMAL, NUMBER, MONEY } column_kind;

static const struct {
    const char *name;
    unsigned column;
    column_kind kind;
    const char *why; /* it is wrong */
} columns[] = {
    {"RptDt", TICKER_QUOTE_DATE, DATE, "is no date (YYYY-MM-DD)"},
    {"TckrSymb", TICKER_QUOTE_TICKER, TICKER, "is no trading code"},
    {"SgmtNm", TICKER_QUOTE_SEGMENT, SEGMENT, "is no segment"},
    {"ISIN", TICKER_QUOTE_ISIN, TEXT, "is no ISIN"},
    {"MinPric", TICKER_QUOTE_LOW, DECIMAL, "is no price"},
    {"MaxPric", TICKER_QUOTE_HIGH, DECIMAL, "is no price"},
    {"TradAvrgPric", TICKER_QUOTE_AVERAGE, DECIMAL, "is no price"},
    {"LastPric", TICKER_QUOTE_CLOSE, DECIMAL, "is no price"},
    {"OscnPctg", TICKER_QUOTE_OSCILLATION, DECIMAL, "is no percentage"},
    {"AdjstdQt", TICKER_QUOTE_SETTLEMENT, DECIMAL, "is no price"},
    {"AdjstdQtTax", TICKER_QUOTE_SETTLEMENT_TAX, DECIMAL, "is no rate"},
    {"RefPric", TICKER_QUOTE_REFERENCE_PRICE, DECIMAL, "is no price"},
    {"TradQty", TICKER_QUOTE_TRADES, NUMBER, "is no number"},
    {"FinInstrmQty", TICKER_QUOTE_VOLUME, NUMBER, "is no number"},
    {"NtlFinVol", TICKER_QUOTE_TURNOVER, MONEY, "is no amount"},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define KEY_COLUMNS 3 /* the first ones are the key of a row, and must be there */
#define PRICES_FROM 4 /* and one of those from here on */

/* Segments that are a market of COTAHIST for certain. FORWARD is not: the ETFs of fixed income, which COTAHIST has as cash, stand there
 * beside the forwards. */
static const struct {
    const char *segment, *market;
} markets[] = {{"CASH", "010"}, {"ODD LOT", "020"}, {"EQUITY CALL", "070"}, {"EQUITY PUT", "080"}};

typedef struct consolidated_file {
    ti_csv_rows rows;
    ti_csv_date date;
    uint32_t place[TI_COLUMNS_MAX]; /* of each column in the file */
    uint64_t found;                 /* rows, good or bad */
} consolidated_file;

static void list_names(ti_csv_names *names)
{
    names->count = (unsigned)COLUMNS;
    for (unsigned i = 0; i < COLUMNS; i++) {
        names->name[i] = columns[i].name;
        names->required[i] = i < KEY_COLUMNS;
    }
}

/* --- A row --------------------------------------------------------------------------------------------------------------------- */

/* UTF-8 as it is, else latin-1, without blanks around it; at most `max` bytes then. Control bytes mean a damaged row. */
static bool take_any_text(ticker_batch *batch, unsigned column, ti_csv_cell cell, size_t max)
{
    uint32_t start = batch->arena_size, size = 0;
    char *to = batch->arena + start;

    while (cell.at < cell.end && *cell.at == ' ')
        cell.at++;
    while (cell.at < cell.end && cell.end[-1] == ' ')
        cell.end--;
    while (cell.at < cell.end) {
        size_t length = ti_utf8_length(ti_csv_slice(cell));

        if (*cell.at < 0x20 || *cell.at == 0x7f || size + (length > 0 ? length : 2) > max)
            return false;
        if (length == 0) {
            to[size++] = (char)(0xc0 | *cell.at >> 6);
            to[size++] = (char)(0x80 | (*cell.at & 0x3f));
            length = 1;
        } else {
            memcpy(to + size, cell.at, length);
            size += (uint32_t)length;
        }
        cell.at += length;
    }
    batch->text[column][batch->rows] = (ti_text){start, size};
    batch->arena_size += size;
    return true;
}

/* Nearly all texts are ASCII without blanks. Sixteen bytes behind the cell are loaded, not used. */
static bool take_text(ticker_batch *batch, unsigned column, ti_csv_cell cell, size_t max)
{
    uint32_t start = batch->arena_size;

    if (ti_csv_take_text(batch, column, cell, 1, max))
        return true;
    batch->arena_size = start;
    return take_any_text(batch, column, cell, max);
}

static bool take_segment(ticker_batch *batch, ti_csv_cell cell)
{
    ti_slice segment;

    if (!take_text(batch, TICKER_QUOTE_SEGMENT, cell, TICKER_SEGMENT_MAX))
        return false;
    segment = ti_batch_text(batch, TICKER_QUOTE_SEGMENT, batch->rows);
    batch->text[TICKER_QUOTE_MARKET][batch->rows] = (ti_text){0, 0};
    for (size_t i = 0; i < sizeof(markets) / sizeof(markets[0]); i++)
        if (ti_slice_is(segment, markets[i].segment))
            (void)ti_batch_set_text(batch, TICKER_QUOTE_MARKET, batch->rows, ti_slice_of(markets[i].market));
    return true;
}

static bool take_decimal(ti_csv_cell cell, unsigned scale, int64_t *value)
{
    *value = TICKER_NULL;
    return cell.at == cell.end || ti_parse_decimal(ti_csv_slice(cell), ',', scale, value);
}

static bool take_money(ticker_batch *batch, ti_csv_cell cell)
{
    int64_t millionths, *rest = &batch->i64[TICKER_QUOTE_TURNOVER_REST][batch->rows],
                        *cents = &batch->i64[TICKER_QUOTE_TURNOVER][batch->rows];

    *rest = 0;
    if (!take_decimal(cell, PRICE_SCALE, &millionths)) /* nine trillion and six decimals do not fit together */
        return take_decimal(cell, 2, cents);
    *cents = millionths == TICKER_NULL ? TICKER_NULL : millionths / CENT;
    *rest = millionths == TICKER_NULL ? 0 : millionths % CENT;
    return true;
}

static bool decode_cell(consolidated_file *file, ticker_batch *batch, unsigned number, ti_csv_cell cell)
{
    int64_t *i64 = batch->i64[columns[number].column];
    int64_t *value = i64 != NULL ? &i64[batch->rows] : NULL;

    switch (columns[number].kind) {
    case DATE:
        return ti_csv_take_date(&file->date, cell, value);
    case TICKER:
        return take_text(batch, TICKER_QUOTE_TICKER, cell, TICKER_TICKER_MAX) &&
               batch->text[TICKER_QUOTE_TICKER][batch->rows].size > 0;
    case TEXT:
        return take_text(batch, columns[number].column, cell, ISIN_MAX);
    case SEGMENT:
        return take_segment(batch, cell);
    case DECIMAL:
        return take_decimal(cell, PRICE_SCALE, value);
    case NUMBER:
        return take_decimal(cell, 0, value) && (*value == TICKER_NULL || *value >= 0);
    case MONEY:
        return take_money(batch, cell);
    }
    return false;
}

static ti_csv_cell cell_in(const ti_slice *cells, uint32_t place)
{
    const unsigned char *at = place == TI_CSV_ABSENT ? NULL : (const unsigned char *)cells[place].data;

    return (ti_csv_cell){at, at != NULL ? at + cells[place].size : at};
}

/* The first column that cannot be read, or COLUMNS: then the row stands in the batch. `cells` NULL: they are the row's. */
static unsigned decode_cells(consolidated_file *file, ticker_batch *batch, const ti_csv_row *row, const ti_slice *cells)
{
    uint32_t arena = batch->arena_size;

    for (unsigned i = 0; i < COLUMNS; i++) {
        ti_csv_cell cell = cells != NULL ? cell_in(cells, file->place[i]) : ti_csv_cell_at(row, file->place[i]);

        if (decode_cell(file, batch, i, cell))
            continue;
        batch->arena_size = arena;
        return i;
    }
    (void)ti_batch_set_text(batch, TICKER_QUOTE_SOURCE, batch->rows, ti_slice_of(SOURCE));
    return (unsigned)COLUMNS;
}

/* A row without quotes. */
static bool decode(ti_csv_rows *rows, ticker_batch *batch, const ti_csv_row *row)
{
    consolidated_file *file = (consolidated_file *)rows;
    ti_slice line = ti_csv_line_of(row);

    if (memchr(line.data, '"', line.size) != NULL || decode_cells(file, batch, row, NULL) < COLUMNS)
        return false;
    file->found++;
    return true;
}

static ticker_status take_other(ti_csv_rows *rows, ti_parse *parse, const ti_csv_row *row, ticker_error *error)
{
    consolidated_file *file = (consolidated_file *)rows;
    ti_slice line = ti_csv_line_of(row), cells[TICKER_CSV_COLUMNS_MAX];
    char unquoted[TICKER_LINE_MAX + TI_STREAM_MARGIN]; /* take_text() loads behind a cell */
    const char *why;
    unsigned count = ti_csv_split_quoted(line, unquoted, cells, &why), wrong;

    file->found++;
    if (why != NULL)
        return ti_parse_reject(parse, rows->line, 1, why, error);
    if (count != rows->columns)
        return ti_csv_wrong_columns(parse, rows, count > 0 ? count : row->columns, error);
    wrong = decode_cells(file, parse->batch, row, cells);
    if (wrong < COLUMNS)
        return ti_csv_reject(parse, rows->line, line, columns[wrong].name,
                             file->place[wrong] != TI_CSV_ABSENT ? cells[file->place[wrong]] : (ti_slice){"", 0},
                             columns[wrong].why, error);
    rows->understood = true;
    parse->batch->line[parse->batch->rows++] = rows->line;
    return TICKER_OK;
}

/* --- The file ------------------------------------------------------------------------------------------------------------------ */

static bool is_status(ti_slice line)
{
    return line.size >= strlen(STATUS) && memcmp(line.data, STATUS, strlen(STATUS)) == 0;
}

/* Spreadsheets that wrote the file again put a separator for every column behind it. */
static ti_slice status_of(ti_slice line)
{
    ti_slice status = {line.data + strlen(STATUS), line.size - strlen(STATUS)};

    while (status.size > 0 && (status.data[status.size - 1] == ';' || status.data[status.size - 1] == ' '))
        status.size--;
    while (status.size > 0 && *status.data == ' ')
        status = (ti_slice){status.data + 1, status.size - 1};
    return status;
}

/* Whether a header has the key of a row and something that a quote is made of; B3's other consolidated files lack one or the other. */
static int known_header(ti_slice line)
{
    ti_csv_names all, key;
    unsigned found;

    list_names(&all);
    key = all;
    key.count = KEY_COLUMNS;
    found = ti_csv_count_names(&all, line);
    return ti_csv_count_names(&key, line) == KEY_COLUMNS && found > KEY_COLUMNS ? 32 * (int)found : 0;
}

static int bid(const unsigned char *data, size_t size)
{
    ti_slice line = ti_csv_first_line(data, size);
    const unsigned char *next;

    if (!is_status(line))
        return known_header(line);
    next = memchr(line.data, '\n', size - (size_t)((const unsigned char *)line.data - data));
    if (next == NULL)
        return 32;
    return 32 + known_header(ti_csv_first_line(next + 1, size - (size_t)(next + 1 - data)));
}

static ticker_status take_status(ti_parse *parse, ti_slice line, ticker_error *error)
{
    ti_slice status = status_of(line);
    char shown[TI_CSV_SHOWN], reason[TI_REASON_MAX];

    if (ti_slice_is(status, FINAL))
        return TICKER_OK;
    (void)ti_utf8_copy(shown, sizeof(shown), status);
    (void)snprintf(reason, sizeof(reason), "the file's status is \"%s\", not " FINAL, shown);
    return ti_parse_refuse(parse, 1, reason, error);
}

static ticker_status take_header(consolidated_file *file, ti_parse *parse, ti_slice line, ticker_error *error)
{
    ti_csv_names names;
    ticker_status status;

    list_names(&names);
    status = ti_csv_map(parse, file->rows.line, line, &names, &file->rows.columns, file->place, error);
    if (status != TICKER_OK)
        return status;
    for (unsigned i = PRICES_FROM; i < COLUMNS; i++)
        if (file->place[i] != TI_CSV_ABSENT)
            return TICKER_OK;
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the header has no column of prices or volumes");
    ti_error_hint(error, "this is another one of B3's consolidated files; TradeInformationConsolidatedFile has quotes");
    ti_error_place(error, file->rows.line, 1, -1);
    return TICKER_FAILED;
}

static ticker_status open_consolidated(ti_parse *parse, void **state, ticker_error *error)
{
    consolidated_file *file = calloc(1, sizeof(*file));
    ticker_status status;
    ti_slice line;
    size_t bytes;
    bool ended, first = true;

    if (file == NULL)
        return ti_fail_memory(error);
    *state = file;
    file->date.text[0] = '\n';
    file->rows.decode = decode;
    file->rows.other = take_other;
    parse->report->complete = true;
    for (;;) {
        bool is_header;

        status = ti_csv_peek_line(parse, &line, &bytes, &ended, error);
        if (status != TICKER_OK)
            return status;
        file->rows.line++;
        is_header = !first || !is_status(line);
        status = is_header ? take_header(file, parse, line, error) : take_status(parse, line, error);
        ti_stream_consume(parse->stream, bytes);
        if (status == TICKER_OK && !ended)
            status = ti_parse_refuse(parse, file->rows.line, "the file ends in its first lines: it is truncated",
                                     error);
        if (status != TICKER_OK || is_header)
            return status;
        first = false;
    }
}

static ticker_status next_consolidated(ti_parse *parse, void *state, ticker_error *error)
{
    consolidated_file *file = state;
    ticker_status status = ti_csv_next(parse, &file->rows, error);

    if (status == TICKER_DONE && file->found == 0) {
        file->found = 1; /* say it once */
        status = ti_parse_refuse(parse, 0, "the file has a header and no rows", error);
        return status == TICKER_OK ? TICKER_DONE : status;
    }
    return status;
}

const ti_format ti_format_consolidated = {
    .name = "consolidated",
    .table = TICKER_QUOTES,
    .text_bytes = TEXT_BYTES,
    .bid = bid,
    .open = open_consolidated,
    .next = next_consolidated,
    .close = free,
};
