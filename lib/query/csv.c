/* CSV as RFC 4180 has it, with a header line and a decimal point; lines end with LF alone, as psql's and sqlite3's do.
 * A null and an empty text are both an empty field. */
#include "query/cell.h"
#include "query/writer.h"

static bool plain(ti_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];

        if (byte == ',' || byte == '"' || byte == '\n' || byte == '\r')
            return false;
    }
    return true;
}

/* Quoted, each quote doubled. `to` has room for the text and two quotes; each quote inside takes one more. */
static char *put_quoted(ti_buffer *out, char *to, ti_slice text, size_t room)
{
    size_t quotes = 0;

    for (size_t i = 0; i < text.size; i++)
        quotes += text.data[i] == '"';
    out->size = (size_t)(to - out->data);
    to = ti_buffer_reserve(out, room + quotes);
    if (to == NULL)
        return NULL;
    *to++ = '"';
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"')
            *to++ = '"';
        *to++ = text.data[i];
    }
    *to++ = '"';
    return to;
}

static char *put_value(ti_buffer *out, const ti_query_column *column, const ti_cell *cell, char *to, size_t room)
{
    bool text = cell->kind == TI_CELL_TEXT;
    char *end = NULL;

    if (cell->kind == TI_CELL_NULL)
        return to;
    if (!text || column->shape != TI_SHAPE_TEXT)
        end = ti_cell_put(column, cell, to);
    if (end != NULL)
        return end;
    if (!plain(cell->text))
        return put_quoted(out, to, cell->text, room);
    if (cell->text.size > 0)
        memcpy(to, cell->text.data, cell->text.size);
    return to + cell->text.size;
}

static bool csv_begin(ti_writer *writer)
{
    const ti_query_columns *columns = writer->columns;

    for (unsigned i = 0; i < columns->count; i++) {
        (void)ti_buffer_text(&writer->out, columns->column[i].name);
        (void)ti_buffer_byte(&writer->out, i + 1 < columns->count ? ',' : '\n');
    }
    return !ti_buffer_failed(&writer->out);
}

static bool csv_row(ti_writer *writer, const ti_cell *cells)
{
    const ti_query_columns *columns = writer->columns;
    size_t room = ti_writer_room(writer, cells);
    char *to = ti_buffer_reserve(&writer->out, room);

    for (unsigned i = 0; i < columns->count && to != NULL; i++) {
        const ti_query_column *column = &columns->column[i];

        to = put_value(&writer->out, column, cells, to, room);
        if (to != NULL)
            *to++ = i + 1 < columns->count ? ',' : '\n';
        cells += column->rest ? 2 : 1;
    }
    if (to == NULL)
        return false;
    writer->out.size = (size_t)(to - writer->out.data);
    return true;
}

static bool csv_end(ti_writer *writer, bool more)
{
    (void)writer;
    (void)more;
    return true;
}

const ti_writer_ops ti_writer_csv = {"csv", csv_begin, csv_row, csv_end};
