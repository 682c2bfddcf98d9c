/* A ';' file with one record a line: its first line, columns by their names, and its rows one after the other, whatever they mean. Trades,
 * NEG_ and consolidated files are read with it. */
#ifndef TI_FORMAT_CSV_ROWS_H
#define TI_FORMAT_CSV_ROWS_H

#include "format/csv.h"
#include "format/csv_cells.h"
#include "format/format.h"

#define TI_CSV_ABSENT UINT32_MAX /* the place of a column that the file has not */
#define TI_CSV_SHOWN 41          /* bytes of a cell in a message, NUL included */

/* --- The header ---------------------------------------------------------------------------------------------------------------- */

/* The names that a header may have: the place of each is looked up by its number in this list. */
typedef struct ti_csv_names {
    unsigned count; /* at most TI_COLUMNS_MAX */
    const char *name[TI_COLUMNS_MAX];
    bool required[TI_COLUMNS_MAX];
} ti_csv_names;

/* How many of the line's cells are names of the list. */
unsigned ti_csv_count_names(const ti_csv_names *names, ti_slice line);
/* Looks up where each name stands. Unknown columns are noted in the report; one that is missing, or there twice, fails the file. */
ticker_status ti_csv_map(ti_parse *parse, uint64_t number, ti_slice line, const ti_csv_names *names, unsigned *columns,
                         uint32_t place[TI_COLUMNS_MAX], ticker_error *error);

/* The first line in data[0 … size), without its end and without a byte order mark. */
ti_slice ti_csv_first_line(const unsigned char *data, size_t size);
/* The next line, which stays in the stream: it takes *bytes there, with its end. Fails when it is longer than TICKER_LINE_MAX. *ended: it
 * has a line end; without one the file ends in it. */
ticker_status ti_csv_peek_line(ti_parse *parse, ti_slice *line, size_t *bytes, bool *ended, ticker_error *error);

/* --- Rows ---------------------------------------------------------------------------------------------------------------------- */

/* A row: the marks around its cells, and where its last cell ends (before a CR). */
typedef struct ti_csv_row {
    const unsigned char *data;
    const uint32_t *mark;
    const unsigned char *end;
    unsigned columns;
} ti_csv_row;

/* `place` is TI_CSV_ABSENT, or less than row->columns. */
static inline ti_csv_cell ti_csv_cell_at(const ti_csv_row *row, uint32_t place)
{
    static const unsigned char none[32];

    if (place == TI_CSV_ABSENT)
        return (ti_csv_cell){none + 16, none + 16};
    return (ti_csv_cell){row->data + (uint32_t)(row->mark[place] + 1),
                         place + 1 == row->columns ? row->end : row->data + row->mark[place + 1]};
}

static inline ti_slice ti_csv_line_of(const ti_csv_row *row)
{
    const unsigned char *start = ti_csv_cell_at(row, 0).at;

    return (ti_slice){(const char *)start, (size_t)(row->end - start)};
}

typedef struct ti_csv_rows ti_csv_rows;

/* The first member of a parser's state. */
struct ti_csv_rows {
    uint64_t line;    /* of the row that is being looked at */
    unsigned columns; /* of every row */
    /* Puts a row with `columns` cells into the batch as row batch->rows, which it does not count up. False: it is not as it should be; the
     * batch is then as before. */
    bool (*decode)(ti_csv_rows *rows, ticker_batch *batch, const ti_csv_row *row);
    /* Told of a row that was not decoded, or has another number of cells (blank lines are none): says what is wrong with it, or takes it
     * after all and sets `understood`. */
    ticker_status (*other)(ti_csv_rows *rows, ti_parse *parse, const ti_csv_row *row, ticker_error *error);
    bool understood; /* the last line that was looked at */
    ti_csv_index index;
};

/* Fills the batch, as ti_format's next(). */
ticker_status ti_csv_next(ti_parse *parse, ti_csv_rows *rows, ticker_error *error);

/* Rejects a row for one cell of it: `NAME "CELL" WHY`. */
ticker_status ti_csv_reject(ti_parse *parse, uint64_t line, ti_slice row, const char *name, ti_slice cell,
                            const char *why, ticker_error *error);
ticker_status ti_csv_wrong_columns(ti_parse *parse, const ti_csv_rows *rows, unsigned columns, ticker_error *error);

#endif
