/* SELECTs of the query part. */
#include <config.h>

#ifdef TI_WITH_SQLITE

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "store/sqlite.h"

typedef struct sqlite_cursor {
    ti_cursor base;
    ti_sq_link *link;
    ti_sq_statement *statement;
} sqlite_cursor;

static ticker_status cursor_next(ti_cursor *cursor, ti_cell *cells, ticker_error *error)
{
    sqlite_cursor *here = (sqlite_cursor *)cursor;
    ticker_status status = ti_sq_step(here->link, here->statement, error);

    for (size_t i = 0; status == TICKER_OK && i < cursor->columns; i++)
        cells[i] = ti_sq_cell(here->statement, (int)i);
    return status;
}

static void cursor_close(ti_cursor *cursor)
{
    sqlite_cursor *here = (sqlite_cursor *)cursor;

    ti_sq_finalize(here->statement);
    free(here);
}

static const ti_cursor_ops cursor_ops = {.next = cursor_next, .close = cursor_close};

static const char *relation(ti_slice name)
{
    static const char *const relations[][2] = {{"quotes", "quote_values"},
                                               {"trades", "trade_values"},
                                               {"instruments", "instruments"},
                                               {"imports", "import_values"}};

    for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
        if (ti_slice_is(name, relations[i][0]))
            return relations[i][1];
    return NULL;
}

/* SQLite takes "$1" for a name, so its place is asked for. */
static void bind(sqlite_cursor *cursor, const ti_parameter *parameter, size_t number)
{
    char name[24];
    int place;

    (void)snprintf(name, sizeof(name), "$%zu", number);
    place = ti_sq_parameter(cursor->statement, name);
    if (place == 0) /* not in the statement */
        return;
    if (parameter->null)
        ti_sq_bind(cursor->link, cursor->statement, place, TICKER_NULL);
    else if (parameter->type == TICKER_TYPE_TEXT)
        ti_sq_bind_text(cursor->link, cursor->statement, place, parameter->text);
    else
        ti_sq_bind(cursor->link, cursor->statement, place, parameter->number);
}

ticker_status ti_sq_query(ticker_store *store, const char *sql, const ti_parameter *parameters, size_t count,
                          ti_cursor **cursor, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    sqlite_cursor *made = calloc(1, sizeof(*made));
    char *expanded = ti_store_expand(sql, relation);
    ticker_status status = made != NULL && expanded != NULL ? TICKER_OK : ti_fail_memory(error);

    if (status == TICKER_OK) {
        made->link = sqlite->link;
        made->base.ops = &cursor_ops;
        status = ti_sq_prepare(sqlite->link, expanded, &made->statement, error);
    }
    free(expanded);
    if (status != TICKER_OK) {
        free(made);
        return status;
    }
    made->base.columns = ti_sq_columns(made->statement);
    for (size_t i = 0; i < count; i++)
        bind(made, &parameters[i], i + 1);
    *cursor = &made->base;
    return TICKER_OK;
}

#endif
