/* JSON (one array, or one object) and NDJSON (one object a line). */
#include "query/cell.h"
#include "query/writer.h"

static bool plain(ti_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if (byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\')
            return false;
    }
    return true;
}

static char *put_bytes(char *to, const char *data, size_t size)
{
    if (size > 0)
        memcpy(to, data, size);
    return to + size;
}

/* Text that is JSON already. Line ends between its tokens would break NDJSON, and inside its strings there are none. */
static char *put_json(char *to, ti_slice text)
{
    if (text.size == 0)
        return put_bytes(to, "null", 4);
    for (size_t i = 0; i < text.size; i++)
        *to++ = (unsigned char)text.data[i] < 0x20 ? ' ' : text.data[i];
    return to;
}

/* Writes a value into the row's room. NULL when it needs escapes, which may take more. */
static char *put_value(const ti_query_column *column, const ti_cell *cell, char *to)
{
    char *end;

    if (cell->kind == TI_CELL_NULL)
        return put_bytes(to, "null", 4);
    if (cell->kind == TI_CELL_TEXT && column->shape == TI_SHAPE_JSON)
        return put_json(to, cell->text);
    if (ti_shape_bare(column->shape))
        return ti_cell_put(column, cell, to);
    *to++ = '"';
    if (cell->kind == TI_CELL_TEXT && column->shape == TI_SHAPE_TEXT)
        end = plain(cell->text) ? put_bytes(to, cell->text.data, cell->text.size) : NULL;
    else
        end = ti_cell_put(column, cell, to);
    if (end != NULL)
        *end++ = '"';
    return end;
}

/* {"ticker":"PETR4",…} */
static bool put_object(ti_writer *writer, const ti_cell *cells)
{
    const ti_query_columns *columns = writer->columns;
    size_t room = ti_writer_room(writer, cells);
    char *to = ti_buffer_reserve(&writer->out, room), *end;

    for (unsigned i = 0; i < columns->count && to != NULL; i++) {
        const ti_query_column *column = &columns->column[i];

        to = put_bytes(to, writer->keys.data + writer->key[i], writer->key[i + 1] - writer->key[i]);
        end = put_value(column, cells, to);
        if (end == NULL) {
            writer->out.size = (size_t)(to - writer->out.data);
            (void)ti_buffer_json(&writer->out, cells->text);
            end = ti_buffer_reserve(&writer->out, room);
        }
        to = end;
        cells += column->rest ? 2 : 1;
    }
    if (to == NULL)
        return false;
    *to++ = '}';
    writer->out.size = (size_t)(to - writer->out.data);
    return true;
}

static bool json_begin(ti_writer *writer)
{
    return writer->single || ti_buffer_byte(&writer->out, '[');
}

static bool json_row(ti_writer *writer, const ti_cell *cells)
{
    if (!writer->single && !ti_buffer_text(&writer->out, writer->rows > 0 ? ",\n" : "\n"))
        return false;
    return put_object(writer, cells);
}

static bool json_end(ti_writer *writer, bool more)
{
    (void)more;
    if (writer->single)
        return ti_buffer_text(&writer->out, writer->rows > 0 ? "\n" : "null\n");
    return ti_buffer_text(&writer->out, writer->rows > 0 ? "\n]\n" : "]\n");
}

static bool ndjson_begin(ti_writer *writer)
{
    (void)writer;
    return true;
}

static bool ndjson_row(ti_writer *writer, const ti_cell *cells)
{
    return put_object(writer, cells) && ti_buffer_byte(&writer->out, '\n');
}

static bool ndjson_end(ti_writer *writer, bool more)
{
    (void)writer;
    (void)more;
    return true;
}

const ti_writer_ops ti_writer_json = {"json", json_begin, json_row, json_end};
const ti_writer_ops ti_writer_ndjson = {"ndjson", ndjson_begin, ndjson_row, ndjson_end};
