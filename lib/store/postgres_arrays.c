/* Few rows as parameters of one statement: an array for each column, which the statement unnests. A field is the same bytes in COPY's
 * format and in an array's, so the rows are made as for COPY and turned over here. For a small file this saves a temporary table, which
 * costs the server some hundred rows of its catalogue. */
#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <endian.h>
#include <string.h>

#include "store/postgres.h"

#define HEADER_BYTES 20 /* of an array of one dimension */
#define DATA_BYTES_MAX ((size_t)64 * 1024 * 1024)

static const struct {
    unsigned element, array;
} oids[] = {
    [TI_COPY_TEXT] = {TI_PG_OID_TEXT, 1009}, [TI_COPY_INT2] = {21, 1005},      [TI_COPY_INT4] = {23, 1007},
    [TI_COPY_INT8] = {TI_PG_OID_INT8, 1016}, [TI_COPY_NUMERIC] = {1700, 1231}, [TI_COPY_DATE] = {TI_PG_OID_DATE, 1182},
    [TI_COPY_TIME] = {TI_PG_OID_TIME, 1183},
};

static char *write32(char *at, uint32_t value)
{
    value = htobe32(value);
    memcpy(at, &value, sizeof(value));
    return at + sizeof(value);
}

void ti_pg_arrays_init(ti_pg_arrays *arrays)
{
    arrays->count = 0;
    arrays->rows = 0;
    ti_buffer_init(&arrays->data, DATA_BYTES_MAX);
}

void ti_pg_arrays_free(ti_pg_arrays *arrays)
{
    ti_buffer_free(&arrays->data);
}

/* What one column takes. */
typedef struct array_column {
    size_t bytes;
    bool nulls;
    char *at; /* where its next field goes */
} array_column;

/* Bytes of a field, its length included. */
static size_t field_bytes(const char *at)
{
    uint32_t length = ti_copy_read32(at);

    return length == UINT32_MAX ? 4 : 4 + (size_t)length;
}

/* Goes over all rows, and measures (->at NULL) or copies their first `count` fields. */
static size_t walk(array_column *columns, unsigned count, const ti_buffer *const *lists, size_t list_count)
{
    size_t rows = 0;

    for (size_t list = 0; list < list_count; list++) {
        const char *at = lists[list]->data, *end = at != NULL ? at + lists[list]->size : NULL;

        for (; at < end; rows++) {
            unsigned fields = (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];

            at += 2;
            for (unsigned i = 0; i < fields; i++) {
                size_t bytes = field_bytes(at);

                if (i < count && columns[i].at != NULL) {
                    memcpy(columns[i].at, at, bytes);
                    columns[i].at += bytes;
                } else if (i < count) {
                    columns[i].bytes += bytes;
                    columns[i].nulls = columns[i].nulls || bytes == 4;
                }
                at += bytes;
            }
        }
    }
    return rows;
}

/* One dimension, whether there are nulls, the type, how many, the number of the first one. An empty text looks like a null: that it says
 * so of a column without nulls is allowed. */
static char *put_header(char *at, const array_column *column, unsigned type, size_t rows)
{
    at = write32(at, 1);
    at = write32(at, column->nulls ? 1 : 0);
    at = write32(at, type);
    at = write32(at, (uint32_t)rows);
    return write32(at, 1);
}

static void add(ti_pg_arrays *arrays, unsigned type, size_t offset, size_t length)
{
    arrays->types[arrays->count] = type;
    arrays->offset[arrays->count] = offset;
    arrays->lengths[arrays->count] = (int)length;
    arrays->formats[arrays->count] = 1;
    arrays->count++;
}

bool ti_pg_arrays_rows(ti_pg_arrays *arrays, const ti_copy_kind *kinds, unsigned count, const ti_buffer *const *lists,
                       size_t list_count)
{
    array_column columns[TI_PG_ARRAYS_MAX] = {{0}};
    size_t total = 0;
    char *at;

    if (count + (unsigned)arrays->count > TI_PG_ARRAYS_MAX)
        return false;
    arrays->rows = walk(columns, count, lists, list_count);
    for (unsigned i = 0; i < count; i++)
        total += HEADER_BYTES + columns[i].bytes;
    at = arrays->rows > 0 && arrays->rows <= INT32_MAX ? ti_buffer_reserve(&arrays->data, total) : NULL;
    if (at == NULL)
        return false;
    for (unsigned i = 0; i < count; i++) {
        add(arrays, oids[kinds[i]].array, (size_t)(at - arrays->data.data), HEADER_BYTES + columns[i].bytes);
        columns[i].at = put_header(at, &columns[i], oids[kinds[i]].element, arrays->rows);
        at = columns[i].at + columns[i].bytes;
    }
    arrays->data.size += total;
    (void)walk(columns, count, lists, list_count);
    return true;
}

bool ti_pg_arrays_layout(ti_pg_arrays *arrays, const ti_copy_layout *layout, const ti_buffer *const *lists,
                         size_t list_count)
{
    ti_copy_kind kinds[TI_COLUMNS_MAX];

    for (unsigned i = 0; i < layout->count; i++)
        kinds[i] = layout->fields[i].kind;
    return ti_pg_arrays_rows(arrays, kinds, layout->count, lists, list_count);
}

static bool add_scalar(ti_pg_arrays *arrays, unsigned type, const char *field)
{
    size_t length = field_bytes(field) - 4, offset = arrays->data.size;

    if (arrays->count == TI_PG_ARRAYS_MAX || !ti_buffer_append(&arrays->data, field + 4, length))
        return false;
    add(arrays, type, offset, length);
    return true;
}

bool ti_pg_arrays_int8(ti_pg_arrays *arrays, int64_t value)
{
    char field[TI_COPY_NUMBER_MAX];

    (void)ti_copy_int8(field, value);
    return add_scalar(arrays, TI_PG_OID_INT8, field);
}

bool ti_pg_arrays_date(ti_pg_arrays *arrays, int64_t days)
{
    char field[TI_COPY_NUMBER_MAX];

    (void)ti_copy_date(field, days);
    return add_scalar(arrays, TI_PG_OID_DATE, field);
}

ti_pg_parameters ti_pg_arrays_end(ti_pg_arrays *arrays)
{
    for (int i = 0; i < arrays->count; i++)
        arrays->values[i] = arrays->data.data + arrays->offset[i];
    return (ti_pg_parameters){.count = arrays->count,
                              .types = arrays->types,
                              .values = arrays->values,
                              .lengths = arrays->lengths,
                              .formats = arrays->formats};
}

/* Compared as the tables compare them, and sorted in the order in which all imports go. */
static void put_selected(ti_buffer *sql, const ti_copy_layout *layout)
{
    for (unsigned i = 0; i < layout->count; i++) {
        const char *name = ticker_column_name(layout->table, layout->fields[i].column);

        if (layout->fields[i].kind == TI_COPY_TEXT)
            (void)ti_buffer_printf(sql, "%s COLLATE \"C\" AS %s, ", name, name);
        else
            (void)ti_buffer_printf(sql, "%s, ", name);
    }
}

bool ti_pg_put_source(ti_buffer *sql, const ti_copy_layout *layout)
{
    (void)ti_buffer_text(sql, "(SELECT ");
    put_selected(sql, layout);
    (void)ti_buffer_printf(sql, "0 AS occurrence, $%u::bigint AS import_id, record FROM unnest(", layout->count + 1);
    for (unsigned i = 1; i <= layout->count; i++)
        (void)ti_buffer_printf(sql, i > 1 ? ", $%u" : "$%u", i);
    (void)ti_buffer_text(sql, ") WITH ORDINALITY AS r (");
    (void)ti_pg_column_list(sql, layout, "");
    (void)ti_buffer_text(sql, ", record))");
    return !ti_buffer_failed(sql);
}

#endif
