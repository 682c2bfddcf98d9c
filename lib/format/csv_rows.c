#include "format/csv_rows.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

/* --- The header ---------------------------------------------------------------------------------------------------------------- */

ti_slice ti_csv_first_line(const unsigned char *data, size_t size)
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

ticker_status ti_csv_peek_line(ti_parse *parse, ti_slice *line, size_t *bytes, bool *ended, ticker_error *error)
{
    const unsigned char *data;
    size_t available;
    ticker_status status = ti_stream_peek(parse->stream, TICKER_LINE_MAX + 8, &data, &available, error);

    if (status != TICKER_OK)
        return status;
    *line = ti_csv_first_line(data, available);
    if (line->size > TICKER_LINE_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the header line is longer than %d bytes",
                       TICKER_LINE_MAX);
    *bytes = (size_t)((const unsigned char *)line->data - data) + line->size;
    *bytes += *bytes < available && data[*bytes] == '\r';
    *ended = *bytes < available && data[*bytes] == '\n';
    *bytes += *ended;
    return TICKER_OK;
}

/* The number of a name, or count. */
static unsigned find_name(const ti_csv_names *names, ti_slice cell)
{
    for (unsigned i = 0; i < names->count; i++)
        if (ti_slice_is(cell, names->name[i]))
            return i;
    return names->count;
}

unsigned ti_csv_count_names(const ti_csv_names *names, ti_slice line)
{
    ti_slice cells[TICKER_CSV_COLUMNS_MAX];
    char unquoted[TICKER_LINE_MAX];
    const char *why;
    unsigned count = line.size <= TICKER_LINE_MAX ? ti_csv_split_quoted(line, unquoted, cells, &why) : 0, found = 0;

    for (unsigned i = 0; i < count; i++)
        found += find_name(names, cells[i]) < names->count;
    return found;
}

static ticker_status missing_column(uint64_t number, const char *name, ticker_error *error)
{
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the header has no column %s", name);
    ti_error_hint(error, "the file is cut off or was not made by B3");
    ti_error_place(error, number, 1, 0);
    return TICKER_FAILED;
}

/* A quoted cell stands somewhere else than in its line: its place is not known. */
static uint64_t column_of(ti_slice line, ti_slice cell)
{
    uintptr_t start = (uintptr_t)line.data, at = (uintptr_t)cell.data;

    return at >= start && at <= start + line.size ? 1 + (at - start) : 0;
}

static void note_unknown(ti_parse *parse, uint64_t number, ti_slice line, ti_slice cell)
{
    char shown[TI_CSV_SHOWN];

    (void)ti_utf8_copy(shown, sizeof(shown), cell);
    ti_report_add_problem(parse->report, number, column_of(line, cell), "column \"%s\" is not known and not stored",
                          shown);
}

ticker_status ti_csv_map(ti_parse *parse, uint64_t number, ti_slice line, const ti_csv_names *names, unsigned *columns,
                         uint32_t place[TI_COLUMNS_MAX], ticker_error *error)
{
    ti_slice cells[TICKER_CSV_COLUMNS_MAX];
    char unquoted[TICKER_LINE_MAX];
    const char *why = NULL;

    *columns = ti_csv_split_quoted(line, unquoted, cells, &why);
    if (*columns == 0 && why != NULL)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "in the header %s", why);
    if (*columns == 0)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the header has more than %d columns",
                       TICKER_CSV_COLUMNS_MAX);
    for (unsigned i = 0; i < names->count; i++)
        place[i] = TI_CSV_ABSENT;
    for (unsigned i = 0; i < *columns; i++) {
        unsigned column = find_name(names, cells[i]);

        if (column == names->count)
            note_unknown(parse, number, line, cells[i]);
        else if (place[column] != TI_CSV_ABSENT)
            return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the header has column %s twice",
                           names->name[column]);
        else
            place[column] = i;
    }
    for (unsigned i = 0; i < names->count; i++)
        if (place[i] == TI_CSV_ABSENT && names->required[i])
            return missing_column(number, names->name[i], error);
    return TICKER_OK;
}

/* --- Rows ---------------------------------------------------------------------------------------------------------------------- */

ticker_status ti_csv_reject(ti_parse *parse, uint64_t line, ti_slice row, const char *name, ti_slice cell,
                            const char *why, ticker_error *error)
{
    char reason[TI_REASON_MAX], shown[TI_CSV_SHOWN];

    (void)ti_utf8_copy(shown, sizeof(shown), cell);
    (void)snprintf(reason, sizeof(reason), "%s \"%s\" %s", name, shown, why);
    return ti_parse_reject(parse, line, column_of(row, cell), reason, error);
}

ticker_status ti_csv_wrong_columns(ti_parse *parse, const ti_csv_rows *rows, unsigned columns, ticker_error *error)
{
    char reason[TI_REASON_MAX];

    (void)snprintf(reason, sizeof(reason), "the row has %u columns instead of %u", columns, rows->columns);
    return ti_parse_reject(parse, rows->line, 1, reason, error);
}

static ticker_status too_long(uint64_t line, uint64_t offset, ticker_error *error)
{
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "a line is longer than %d bytes", TICKER_LINE_MAX);
    ti_error_place(error, line, 1, (int64_t)offset);
    return TICKER_FAILED;
}

/* Rows of the indexed block, until the batch is full. Returns how many were taken. */
static uint32_t take_rows(ti_parse *parse, ti_csv_rows *rows, const unsigned char *data, ticker_status *status,
                          ticker_error *error)
{
    const ti_csv_index *index = &rows->index;
    uint32_t before = 0, taken;

    for (taken = 0; taken < index->rows && *status == TICKER_OK && parse->batch->rows < parse->batch->capacity;
         taken++) {
        uint32_t last = index->row_end[taken];
        ti_csv_row row = {data, index->mark + before, data + index->mark[last], last - before};
        const unsigned char *line = data + (uint32_t)(row.mark[0] + 1);

        rows->line++;
        rows->understood = false;
        if (row.end > line && row.end[-1] == '\r')
            row.end--;
        if (row.end - line > TICKER_LINE_MAX) {
            *status = too_long(rows->line, ti_stream_offset(parse->stream) + (uint64_t)(line - data), error);
        } else if (row.columns == rows->columns && rows->decode(rows, parse->batch, &row)) {
            rows->understood = true;
            parse->batch->line[parse->batch->rows++] = rows->line;
        } else if (row.end > line) {
            *status = rows->other(rows, parse, &row, error);
        }
        before = last;
    }
    return taken;
}

/* The last line when it has no line end: taken when whole, else the file is cut off inside it. */
static ticker_status take_last(ti_parse *parse, ti_csv_rows *rows, const unsigned char *data, size_t size,
                               ticker_error *error)
{
    unsigned char line[TICKER_LINE_MAX + 2 * TI_STREAM_MARGIN] = {0};
    ticker_status status = TICKER_OK;
    bool reject = parse->reject;

    memcpy(line + TI_STREAM_MARGIN, data, size);
    line[TI_STREAM_MARGIN + size] = '\n';
    ti_csv_scan(&rows->index, line + TI_STREAM_MARGIN, size + 1);
    parse->reject = false;
    (void)take_rows(parse, rows, line + TI_STREAM_MARGIN, &status, error);
    parse->reject = reject;
    if (status == TICKER_OK && !rows->understood)
        status = ti_parse_refuse(parse, rows->line, "the file ends in the middle of a row: it is truncated", error);
    return status;
}

/* How much of the bytes at hand to index: whole lines only, unless nothing follows. */
static ticker_status take_block(ti_parse *parse, ti_csv_rows *rows, const unsigned char *data, size_t available,
                                bool last, ticker_error *error)
{
    size_t size = available < TI_CSV_BLOCK ? available : TI_CSV_BLOCK;
    ticker_status status = TICKER_OK;
    uint32_t taken;

    ti_csv_scan(&rows->index, data, size);
    if (rows->index.rows > 0) {
        taken = take_rows(parse, rows, data, &status, error);
        if (taken > 0)
            ti_stream_consume(parse->stream, (size_t)rows->index.mark[rows->index.row_end[taken - 1]] + 1);
        return status;
    }
    if (size > TICKER_LINE_MAX)
        return too_long(rows->line + 1, ti_stream_offset(parse->stream), error);
    if (last) {
        status = take_last(parse, rows, data, available, error);
        ti_stream_consume(parse->stream, available);
    }
    return status;
}

ticker_status ti_csv_next(ti_parse *parse, ti_csv_rows *rows, ticker_error *error)
{
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
        status = take_block(parse, rows, data, available, available < TICKER_LINE_MAX + 2, error);
    }
    parse->report->lines = (int64_t)rows->line;
    parse->report->member_bytes = (int64_t)ti_stream_offset(parse->stream);
    return status;
}
