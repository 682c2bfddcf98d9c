#include "query/writer.h"

#include "query/cell.h"

#define BLOCK ((size_t)64 << 10)   /* bytes handed to the caller at once, about */
#define ROW_MAX ((size_t)32 << 20) /* no honest row comes near; bounds the memory a hostile one takes */
#define KEYS_MAX ((size_t)64 << 10)

static const ti_writer_ops *find_format(const char *name)
{
    static const ti_writer_ops *const formats[] = {&ti_writer_json, &ti_writer_ndjson, &ti_writer_csv,
                                                   &ti_writer_table};

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

/* Keys are written once and copied for each row. */
static bool make_keys(ti_writer *writer)
{
    const ti_query_columns *columns = writer->columns;

    for (unsigned i = 0; i < columns->count; i++) {
        writer->key[i] = writer->keys.size;
        (void)ti_buffer_byte(&writer->keys, i == 0 ? '{' : ',');
        (void)ti_buffer_json(&writer->keys, ti_slice_of(columns->column[i].name));
        (void)ti_buffer_byte(&writer->keys, ':');
    }
    writer->key[columns->count] = writer->keys.size;
    writer->room = writer->keys.size + columns->count * (TI_CELL_ROOM + 4) + 8;
    return !ti_buffer_failed(&writer->keys);
}

ticker_status ti_writer_init(ti_writer *writer, const char *format, const ti_query_columns *columns, bool single,
                             ticker_write write, void *payload, ticker_error *error)
{
    *writer = (ti_writer){.columns = columns, .single = single, .write = write, .payload = payload};
    ti_buffer_init(&writer->out, BLOCK + ROW_MAX);
    ti_buffer_init(&writer->keys, KEYS_MAX);
    ti_buffer_init(&writer->held, ROW_MAX);
    ti_buffer_init(&writer->held_end, ROW_MAX);
    writer->ops = find_format(format);
    if (writer->ops == NULL) {
        (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "there is no format \"%.60s\"", format);
        ti_error_hint(error, "json, ndjson, csv or table");
        return TICKER_FATAL;
    }
    return make_keys(writer) ? TICKER_OK : ti_fail_memory(error);
}

void ti_writer_free(ti_writer *writer)
{
    ti_buffer_free(&writer->out);
    ti_buffer_free(&writer->keys);
    ti_buffer_free(&writer->held);
    ti_buffer_free(&writer->held_end);
}

size_t ti_writer_room(const ti_writer *writer, const ti_cell *cells)
{
    size_t room = writer->room;

    for (unsigned i = 0; i < writer->columns->cells; i++)
        if (cells[i].kind == TI_CELL_TEXT)
            room += cells[i].text.size;
    return room;
}

static ticker_status flush(ti_writer *writer, ticker_error *error)
{
    size_t size = writer->out.size;

    if (size == 0)
        return TICKER_OK;
    if (writer->write(writer->out.data, size, writer->payload) != 0)
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "the answer was not taken to its end");
    ti_buffer_clear(&writer->out);
    return TICKER_OK;
}

static ticker_status fail_buffer(ticker_error *error)
{
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_MEMORY,
                   "out of memory, or a row of the answer is longer than %zu MiB", ROW_MAX >> 20);
}

ticker_status ti_writer_begin(ti_writer *writer, ticker_error *error)
{
    return writer->ops->begin(writer) ? TICKER_OK : fail_buffer(error);
}

ticker_status ti_writer_row(ti_writer *writer, const ti_cell *cells, ticker_error *error)
{
    if (!writer->ops->row(writer, cells))
        return fail_buffer(error);
    writer->rows++;
    return writer->out.size < BLOCK ? TICKER_OK : flush(writer, error);
}

ticker_status ti_writer_end(ti_writer *writer, bool more, ticker_error *error)
{
    return writer->ops->end(writer, more) ? flush(writer, error) : fail_buffer(error);
}
