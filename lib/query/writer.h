/* Rows of cells out as JSON, NDJSON, CSV or a table, in blocks: memory does not grow with the answer. */
#ifndef TI_QUERY_WRITER_H
#define TI_QUERY_WRITER_H

#include "query/query.h"

typedef struct ti_writer ti_writer;

/* Each returns false when ->out failed. */
typedef struct ti_writer_ops {
    const char *name;
    bool (*begin)(ti_writer *writer);
    bool (*row)(ti_writer *writer, const ti_cell *cells);
    bool (*end)(ti_writer *writer, bool more);
} ti_writer_ops;

struct ti_writer {
    const ti_writer_ops *ops;
    const ti_query_columns *columns;
    bool single; /* the answer is one object at most */
    uint64_t rows;
    ti_buffer out;
    ticker_write write;
    void *payload;

    /* JSON: ',"name":' of each column, one after the other. */
    ti_buffer keys;
    size_t key[TI_COLUMNS_MAX + 1];
    size_t room; /* what a row takes at most beside its texts */

    /* Tables: the first rows wait in `held` until the widths are known; `held_end` has the end of each cell. */
    ti_buffer held, held_end;
    size_t held_rows;
    size_t width[TI_COLUMNS_MAX];
    bool laid_out;
};

/* TICKER_FATAL with TICKER_ERROR_USAGE: no such format. `columns` is borrowed. Free the writer whatever happens. */
ticker_status ti_writer_init(ti_writer *writer, const char *format, const ti_query_columns *columns, bool single,
                             ticker_write write, void *payload, ticker_error *error);
void ti_writer_free(ti_writer *writer);
ticker_status ti_writer_begin(ti_writer *writer, ticker_error *error);
ticker_status ti_writer_row(ti_writer *writer, const ti_cell *cells, ticker_error *error);
ticker_status ti_writer_end(ti_writer *writer, bool more, ticker_error *error);

/* Room for a whole row beside escapes: texts and everything else. */
size_t ti_writer_room(const ti_writer *writer, const ti_cell *cells);

extern const ti_writer_ops ti_writer_json;
extern const ti_writer_ops ti_writer_ndjson;
extern const ti_writer_ops ti_writer_csv;
extern const ti_writer_ops ti_writer_table;

#endif
