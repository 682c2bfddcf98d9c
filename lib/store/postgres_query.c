#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/error.h"
#include "base/number.h"
#include "store/postgres.h"

#define TEXT_BYTES_MAX ((size_t)1024 * 1024)

typedef struct pg_cursor {
    ti_cursor base;
    ti_postgres *postgres;
    ti_pg_result *rows; /* fetched last: one row, or few, or none at the end */
    size_t used;        /* how many of them have been handed out */
} pg_cursor;

/* Turnover is one number here; what asks for the rest below its cents, as SQLite keeps it, is told that there is none. */
static const struct {
    const char *name, *relation;
} relations[] = {
    {"quotes", "(SELECT r.*, NULL::bigint AS turnover_rest FROM quotes AS r)"},
    {"trades", "trades"},
    {"instruments", "instruments"},
    {"imports", "import_values"},
};

static const char *resolve(ti_slice name)
{
    for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
        if (ti_slice_is(name, relations[i].name))
            return relations[i].relation;
    return NULL;
}

static ticker_status cursor_next(ti_cursor *base, ti_cell *cells, ticker_error *error)
{
    pg_cursor *cursor = (pg_cursor *)base;

    while (cursor->used >= ti_pg_rows(cursor->rows)) {
        ti_pg_result *rows = NULL;
        ticker_status status;
        if (!cursor->postgres->streaming)
            return TICKER_DONE;
        status = ti_pg_stream_next(cursor->postgres->link, &rows, error);
        if (status != TICKER_OK) {
            cursor->postgres->streaming = false;
            return status;
        }
        ti_pg_free(cursor->rows);
        cursor->rows = rows;
        cursor->used = 0;
    }
    for (size_t i = 0; i < base->columns; i++) {
        bool null = ti_pg_null(cursor->rows, cursor->used, i);
        cells[i] = (ti_cell){.kind = null ? TI_CELL_NULL : TI_CELL_TEXT};
        if (!null)
            cells[i].text = ti_pg_cell(cursor->rows, cursor->used, i);
    }
    cursor->used++;
    return TICKER_OK;
}

static void cursor_close(ti_cursor *base)
{
    pg_cursor *cursor = (pg_cursor *)base;

    if (cursor->postgres->streaming)
        ti_pg_stream_end(cursor->postgres->link);
    cursor->postgres->streaming = false;
    ti_pg_free(cursor->rows);
    free(cursor);
}

static const ti_cursor_ops cursor_ops = {.next = cursor_next, .close = cursor_close};

/* The values as text, each ended by NUL, and where they begin. */
typedef struct bound {
    ti_buffer text;
    size_t offset[TI_PG_PARAMETERS_MAX];
    unsigned types[TI_PG_PARAMETERS_MAX];
    const char *values[TI_PG_PARAMETERS_MAX];
} bound;

static void bind_value(bound *list, size_t index, const ti_parameter *parameter)
{
    char text[TI_NUMBER_TEXT_MAX];

    list->offset[index] = list->text.size;
    list->types[index] = TI_PG_OID_INT8;
    if (parameter->type == TICKER_TYPE_TEXT) {
        list->types[index] = TI_PG_OID_TEXT;
        (void)ti_pg_clean_text(&list->text, parameter->null ? (ti_slice){"", 0} : parameter->text);
    } else if (parameter->type == TICKER_TYPE_DATE) {
        list->types[index] = TI_PG_OID_DATE;
        (void)ti_format_date(parameter->null ? 0 : parameter->number, text);
        (void)ti_buffer_text(&list->text, text);
    } else if (parameter->type == TICKER_TYPE_TIME) {
        list->types[index] = TI_PG_OID_TIME;
        (void)ti_format_time(parameter->null ? 0 : parameter->number, text);
        (void)ti_buffer_text(&list->text, text);
    } else {
        (void)ti_format_integer(parameter->number, text);
        (void)ti_buffer_text(&list->text, text);
    }
    (void)ti_buffer_byte(&list->text, '\0');
}

static ticker_status bind_values(bound *list, const ti_parameter *parameters, size_t count, ticker_error *error)
{
    ti_buffer_init(&list->text, TEXT_BYTES_MAX);
    if (count > TI_PG_PARAMETERS_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "a query has more than %d parameters",
                       TI_PG_PARAMETERS_MAX);
    for (size_t i = 0; i < count; i++)
        bind_value(list, i, &parameters[i]);
    if (ti_buffer_failed(&list->text))
        return ti_fail_memory(error);
    for (size_t i = 0; i < count; i++)
        list->values[i] = parameters[i].null ? NULL : list->text.data + list->offset[i];
    return TICKER_OK;
}

static ticker_status open_cursor(ti_postgres *postgres, const char *sql, const bound *list, size_t count,
                                 ti_cursor **cursor, ticker_error *error)
{
    const ti_pg_parameters bound_values = {.count = (int)count, .types = list->types, .values = list->values};
    pg_cursor *made = calloc(1, sizeof(*made));
    const char *prepared;
    char name[24];
    ticker_error lost;
    ticker_status status;

    if (made == NULL)
        return ti_fail_memory(error);
    ti_error_init(&lost);
    prepared = ti_pg_prepared_name(postgres, sql, &bound_values, name);
    status = ti_pg_stream_begin(postgres->link, sql, prepared, &bound_values, postgres->base.few, &made->rows, &lost);
    if (status != TICKER_OK && prepared != NULL && ti_pg_prepared_lost(postgres, &lost))
        status = ti_pg_stream_begin(postgres->link, sql, NULL, &bound_values, postgres->base.few, &made->rows, error);
    else if (status != TICKER_OK && error != NULL)
        ti_error_copy(error, &lost);
    if (status != TICKER_OK) {
        free(made);
        return status;
    }
    postgres->streaming = true;
    made->base.ops = &cursor_ops;
    made->base.columns = ti_pg_columns(made->rows);
    made->postgres = postgres;
    *cursor = &made->base;
    return TICKER_OK;
}

ticker_status ti_pg_query(ticker_store *store, const char *sql, const ti_parameter *parameters, size_t count,
                          ti_cursor **cursor, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    char *expanded;
    bound list;
    ticker_status status;

    status = ti_pg_idle(postgres, error);
    if (status != TICKER_OK)
        return status;
    status = bind_values(&list, parameters, count, error);
    expanded = status == TICKER_OK ? ti_store_expand(sql, resolve) : NULL;
    if (status == TICKER_OK && expanded == NULL)
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "a query names a relation that there is none of");
    if (status == TICKER_OK)
        status = open_cursor(postgres, expanded, &list, count, cursor, error);
    free(expanded);
    ti_buffer_free(&list.text);
    return status;
}

#endif
