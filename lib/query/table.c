/* Tables for people. The widths come from the first rows; a later cell that is longer pushes its row to the right.
 * One object (single) is written one value a line. */
#include <inttypes.h>

#include "query/cell.h"
#include "query/writer.h"

#define HELD_ROWS_MAX 1000
#define HELD_BYTES_MAX ((size_t)1 << 20)
#define WIDTH_MAX ((size_t)100) /* one long text must not widen every row */
#define GAP 2

/* Texts come out of files: what would move the cursor or change colours on a terminal is shown as '?'. */
static char *put_visible(char *to, ti_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if (byte == 0xc2 && i + 1 < text.size && (unsigned char)text.data[i + 1] < 0xa0) {
            *to++ = '?';
            i++;
        } else {
            *to++ = byte < 0x20 || byte == 0x7f ? '?' : text.data[i];
        }
    }
    return to;
}

/* How many places text takes: characters, not bytes. */
static size_t width_of(const char *text, size_t size)
{
    size_t width = 0;

    for (size_t i = 0; i < size; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

static bool to_the_right(ti_shape shape)
{
    return shape == TI_SHAPE_NUMBER || shape == TI_SHAPE_DECIMAL || shape == TI_SHAPE_CODE;
}

static bool append_visible(ti_buffer *out, const ti_query_column *column, const ti_cell *cell)
{
    char *to = ti_buffer_reserve(out, TI_CELL_ROOM + (cell->kind == TI_CELL_TEXT ? cell->text.size : 0));
    char *end;

    if (to == NULL)
        return false;
    if (cell->kind == TI_CELL_NULL)
        return true;
    end = ti_cell_put(column, cell, to);
    if (end == NULL)
        end = put_visible(to, cell->text);
    out->size += (size_t)(end - to);
    return true;
}

static bool append_spaces(ti_buffer *out, size_t count)
{
    char *to = ti_buffer_reserve(out, count + 1); /* an empty buffer has nowhere to put nothing */

    if (to == NULL)
        return false;
    memset(to, ' ', count);
    out->size += count;
    return true;
}

/* A cell in its column; the last one of a line gets no blanks behind it. */
static bool append_aligned(ti_buffer *out, const char *text, size_t size, size_t width, bool right, bool last)
{
    size_t taken = width_of(text, size), blanks = taken < width ? width - taken : 0;

    if (right && !append_spaces(out, blanks))
        return false;
    if (size > 0 && !ti_buffer_append(out, text, size))
        return false;
    if (last)
        return ti_buffer_byte(out, '\n');
    return append_spaces(out, (right ? 0 : blanks) + GAP);
}

static unsigned last_shown(const ti_query_columns *columns)
{
    unsigned last = 0;

    for (unsigned i = 0; i < columns->count; i++)
        if (columns->column[i].table)
            last = i;
    return last;
}

static bool hold_row(ti_writer *writer, const ti_cell *cells)
{
    const ti_query_columns *columns = writer->columns;

    for (unsigned i = 0; i < columns->count; i++) {
        const ti_query_column *column = &columns->column[i];
        size_t start = writer->held.size, width;

        if (column->table && !append_visible(&writer->held, column, cells))
            return false;
        if (!ti_buffer_append(&writer->held_end, &writer->held.size, sizeof(writer->held.size)))
            return false;
        if (!writer->laid_out && column->table && writer->held.size > start) {
            width = width_of(writer->held.data + start, writer->held.size - start);
            width = width < WIDTH_MAX ? width : WIDTH_MAX;
            writer->width[i] = width > writer->width[i] ? width : writer->width[i];
        }
        cells += column->rest ? 2 : 1;
    }
    writer->held_rows++;
    return true;
}

static bool put_header(ti_writer *writer)
{
    const ti_query_columns *columns = writer->columns;
    unsigned last = last_shown(columns);

    for (unsigned i = 0; i < columns->count; i++) {
        const ti_query_column *column = &columns->column[i];
        size_t size = strlen(column->name);

        if (!column->table)
            continue;
        if (writer->width[i] < size)
            writer->width[i] = size;
        if (!append_aligned(&writer->out, column->name, size, writer->width[i], to_the_right(column->shape), i == last))
            return false;
    }
    return true;
}

/* Writes what is held; the first time the header goes before it. */
static bool put_held(ti_writer *writer)
{
    const ti_query_columns *columns = writer->columns;
    unsigned last = last_shown(columns);
    size_t start = 0, end, cell = 0;

    if (!writer->laid_out && !put_header(writer))
        return false;
    writer->laid_out = true;
    for (size_t row = 0; row < writer->held_rows; row++) {
        for (unsigned i = 0; i < columns->count; i++, cell++) {
            memcpy(&end, writer->held_end.data + cell * sizeof(end), sizeof(end));
            if (columns->column[i].table &&
                !append_aligned(&writer->out, end > start ? writer->held.data + start : "", end - start,
                                writer->width[i], to_the_right(columns->column[i].shape), i == last))
                return false;
            start = end;
        }
    }
    ti_buffer_clear(&writer->held);
    ti_buffer_clear(&writer->held_end);
    writer->held_rows = 0;
    return true;
}

/* The elements of a JSON array, one a line below each other. */
static bool put_elements(ti_buffer *out, ti_slice json, size_t indent)
{
    bool inside = false, good = true;
    size_t depth = 0;

    for (size_t i = 0; i < json.size && good; i++) {
        char byte = json.data[i];

        if (inside && byte == '\\' && i + 1 < json.size)
            good = ti_buffer_append(out, json.data + i++, 2);
        else if ((unsigned char)byte == 0xc2 && i + 1 < json.size && (unsigned char)json.data[i + 1] < 0xa0)
            good = ti_buffer_byte(out, '?') && ++i > 0;
        else if (byte == ',' && !inside && depth == 1)
            good = ti_buffer_byte(out, '\n') && append_spaces(out, indent);
        else if ((depth > 0 || byte != '[') && (depth != 1 || inside || byte != ']'))
            good = ti_buffer_byte(out, (unsigned char)byte < 0x20 ? ' ' : byte);
        inside = inside != (byte == '"');
        depth += !inside && (byte == '[' || byte == '{');
        depth -= depth > 0 && !inside && (byte == ']' || byte == '}');
    }
    return good;
}

static bool put_vertical(ti_writer *writer, const ti_cell *cells)
{
    const ti_query_columns *columns = writer->columns;
    size_t width = 0, size;

    for (unsigned i = 0; i < columns->count; i++) {
        size = strlen(columns->column[i].name);
        width = size > width ? size : width;
    }
    for (unsigned i = 0; i < columns->count; i++) {
        const ti_query_column *column = &columns->column[i];
        size_t named = writer->out.size + strlen(column->name), padded;
        bool good;

        if (!append_aligned(&writer->out, column->name, strlen(column->name), width, false, false))
            return false;
        padded = writer->out.size;
        if (column->shape == TI_SHAPE_JSON && cells->kind == TI_CELL_TEXT)
            good = put_elements(&writer->out, cells->text, width + GAP);
        else
            good = append_visible(&writer->out, column, cells);
        if (good && writer->out.size == padded)
            writer->out.size = named; /* no blanks at the end of a line */
        if (!good || !ti_buffer_byte(&writer->out, '\n'))
            return false;
        cells += column->rest ? 2 : 1;
    }
    return true;
}

static bool table_begin(ti_writer *writer)
{
    (void)writer;
    return true;
}

static bool table_row(ti_writer *writer, const ti_cell *cells)
{
    if (writer->single)
        return put_vertical(writer, cells);
    if (!hold_row(writer, cells))
        return false;
    if (!writer->laid_out && writer->held_rows < HELD_ROWS_MAX && writer->held.size < HELD_BYTES_MAX)
        return true;
    return put_held(writer);
}

static bool table_end(ti_writer *writer, bool more)
{
    if (writer->single && writer->rows > 0)
        return true;
    if (!writer->single && !put_held(writer))
        return false;
    return ti_buffer_printf(&writer->out, "(%" PRIu64 " row%s%s)\n", writer->rows, writer->rows == 1 ? "" : "s",
                            more ? ", there are more" : "");
}

const ti_writer_ops ti_writer_table = {"table", table_begin, table_row, table_end};
