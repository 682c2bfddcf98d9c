/* A store that answers queries with cells prepared by the test and remembers what it was asked. */
#ifndef TEST_QUERY_FAKE_H
#define TEST_QUERY_FAKE_H

#include <stdio.h>
#include <stdlib.h>

#include "query/query.h"
#include "unit/checked.h"

#define ASKED_MAX 8192

/* A store whose answer is `count` rows of `columns` cells, or the same row again and again (`repeat`). When `given` is not 0, `cells` has
 * that many of each row, and the others are null. */
typedef struct fake {
    ticker_store store;
    const ti_cell *cells;
    size_t columns, count, given;
    bool repeat;
    ticker_status fail_query, fail_next;

    char sql[ASKED_MAX];
    char asked[ASKED_MAX]; /* the parameters: "text:PETR4 date:16804 …" */
    int cursors;           /* opened and not yet closed */
} fake;

typedef struct fake_cursor {
    ti_cursor cursor;
    fake *owner;
    size_t row;
} fake_cursor;

static inline ticker_status fake_next(ti_cursor *cursor, ti_cell *cells, ticker_error *error)
{
    fake_cursor *self = (fake_cursor *)cursor;
    fake *owner = self->owner;
    size_t row = self->row++, given;

    if (row == owner->count && owner->fail_next != TICKER_OK)
        return ti_fail(error, owner->fail_next, TICKER_ERROR_SERVICE, "gone");
    if (row >= owner->count)
        return TICKER_DONE;
    given = owner->given > 0 ? owner->given : owner->columns;
    memset(cells, 0, owner->columns * sizeof(*cells));
    memcpy(cells, owner->cells + (owner->repeat ? 0 : row * given), given * sizeof(*cells));
    return TICKER_OK;
}

static inline void fake_close(ti_cursor *cursor)
{
    fake_cursor *self = (fake_cursor *)cursor;

    self->owner->cursors--;
    free(self);
}

static inline void remember(fake *self, const ti_parameter *parameter)
{
    size_t used = strlen(self->asked);

    if (parameter->type == TICKER_TYPE_TEXT)
        (void)snprintf(self->asked + used, ASKED_MAX - used, "text:%.*s ", (int)parameter->text.size,
                       parameter->text.data);
    else
        (void)snprintf(self->asked + used, ASKED_MAX - used, "%s:%lld ",
                       parameter->type == TICKER_TYPE_DATE   ? "date"
                       : parameter->type == TICKER_TYPE_TIME ? "time"
                                                             : "integer",
                       (long long)parameter->number);
}

static inline ticker_status fake_query(ticker_store *store, const char *sql, const ti_parameter *parameters,
                                       size_t count, ti_cursor **cursor, ticker_error *error)
{
    static const ti_cursor_ops ops = {fake_next, fake_close};
    fake *self = (fake *)store;
    fake_cursor *opened;

    (void)snprintf(self->sql, ASKED_MAX, "%s", sql);
    self->asked[0] = '\0';
    for (size_t i = 0; i < count; i++)
        remember(self, &parameters[i]);
    if (self->fail_query != TICKER_OK)
        return ti_fail(error, self->fail_query, TICKER_ERROR_SERVICE, "no such server");
    opened = calloc(1, sizeof(*opened));
    if (opened == NULL)
        return ti_fail_memory(error);
    *opened = (fake_cursor){.cursor = {.ops = &ops, .columns = self->columns}, .owner = self};
    self->cursors++;
    *cursor = &opened->cursor;
    return TICKER_OK;
}

static const ti_store_ops fake_ops = {.size = sizeof(ti_store_ops), .name = "fake", .query = fake_query};

#define FAKE(rows, per_row)                                                                                            \
    {                                                                                                                  \
        .store = {.ops = &fake_ops}, .cells = (rows), .columns = (per_row),                                            \
        .count = sizeof(rows) / sizeof((rows)[0]) / (per_row)                                                          \
    }

/* Rows that have only the first `some` of the columns that are asked for. */
#define FAKE_SOME(rows, some, per_row)                                                                                 \
    {                                                                                                                  \
        .store = {.ops = &fake_ops}, .cells = (rows), .columns = (per_row), .given = (some),                           \
        .count = sizeof(rows) / sizeof((rows)[0]) / (some)                                                             \
    }

/* Cells. */
#define NIL                                                                                                            \
    {                                                                                                                  \
        .kind = TI_CELL_NULL                                                                                           \
    }
#define INT(value)                                                                                                     \
    {                                                                                                                  \
        .kind = TI_CELL_INTEGER, .number = (value)                                                                     \
    }
#define STR(value)                                                                                                     \
    {                                                                                                                  \
        .kind = TI_CELL_TEXT, .text = {(value), sizeof(value) - 1 }                                                    \
    }

/* Two quotes as SQLite delivers them. */
#define QUOTE_CELLS ((size_t)TICKER_QUOTE_COLUMNS)
#define QUOTE_GIVEN 27 /* those of COTAHIST */
#define TRADE_CELLS ((size_t)TICKER_TRADE_COLUMNS)
#define TRADE_GIVEN 12 /* those of NEGOCIOSAVISTA */
/* What those behind them look like in such rows, and their names. */
#define QUOTE_REST_JSON                                                                                                \
    ",\"segment\":null,\"reference_price\":null,\"oscillation\":null,\"settlement\":null,\"settlement_tax\":null,"     \
    "\"open_interest\":null"
#define QUOTE_REST_NAMES ",segment,reference_price,oscillation,settlement,settlement_tax,open_interest"
#define QUOTE_REST_SQL ", segment, reference_price, oscillation, settlement, settlement_tax, open_interest"
#define QUOTE_REST_CSV ",,,,,,"
#define TRADE_REST_JSON ",\"buyer_aggressor\":null,\"seller_aggressor\":null,\"cross_trade\":null"
#define TRADE_REST_NAMES ",buyer_aggressor,seller_aggressor,cross_trade"
#define TRADE_REST_SQL ", buyer_aggressor, seller_aggressor, cross_trade"
#define TRADE_REST_CSV ",,,"

static const ti_cell sqlite_quotes[] = {
    STR("PETR4"),
    INT(16804),
    STR("010"),
    STR("02"),
    STR("PETROBRAS"),
    STR("PN"),
    NIL,
    STR("R$"),
    INT(6870000),
    INT(7000000),
    INT(6800000),
    INT(6912345),
    INT(6870000),
    INT(6860000),
    NIL,
    INT(35480),
    INT(60127200),
    INT(41123456700),
    INT(0),
    NIL,
    NIL,
    NIL,
    NIL,
    INT(1),
    STR("BRPETRACNPR6"),
    STR("148"),
    STR("cotahist"),
    STR("IBOVG139"),
    INT(16805),
    NIL,
    STR("74"),
    STR("IBOVE"),
    NIL,
    INT(0),
    NIL,
    INT(-35000),
    INT(10000),
    NIL,
    NIL,
    INT(1234567890123),
    NIL,
    NIL,
    INT(1),
    INT(2),
    INT(999999999999999999),
    INT(1234),
    INT(139000000000),
    INT(139000000000),
    INT(6),
    INT(20000),
    INT(1000),
    NIL,
    STR("000"),
    STR("trades"),
};

/* The same as they come when there is a limit: with their occurrence behind them. */
#define LIMITED_CELLS (QUOTE_CELLS + 1)

static inline const ti_cell *limited_quotes(void)
{
    static ti_cell cells[2 * LIMITED_CELLS];

    for (size_t row = 0; row < 2; row++) {
        memcpy(cells + row * LIMITED_CELLS, sqlite_quotes + row * QUOTE_GIVEN, QUOTE_GIVEN * sizeof(ti_cell));
        cells[row * LIMITED_CELLS + QUOTE_CELLS] = (ti_cell)INT(0);
    }
    return cells;
}

#define LIMITED                                                                                                        \
    {                                                                                                                  \
        .store = {.ops = &fake_ops}, .cells = limited_quotes(), .columns = LIMITED_CELLS, .count = 2                   \
    }

/* What came out, and in how large pieces. */
typedef struct output {
    char *data;
    size_t size, largest, total;
    int writes, stop_after; /* stop_after 0: never */
    bool discard;
} output;

static inline int take(const void *data, size_t size, void *payload)
{
    output *out = payload;

    out->writes++;
    out->total += size;
    out->largest = size > out->largest ? size : out->largest;
    if (!out->discard) {
        out->data = realloc(out->data, out->size + size + 1);
        ck_assert_ptr_nonnull(out->data);
        memcpy(out->data + out->size, data, size);
        out->size += size;
        out->data[out->size] = '\0';
    }
    return out->stop_after > 0 && out->writes >= out->stop_after;
}

/* Parameters are "name=value" texts up to NULL. */
static inline ticker_query *ask(const char *kind, const char *const *parameters)
{
    ticker_query *query = ticker_query_new(kind);

    ck_assert_ptr_nonnull(query);
    for (; parameters != NULL && *parameters != NULL; parameters++) {
        char name[32];
        const char *equals = strchr(*parameters, '=');

        (void)snprintf(name, sizeof(name), "%.*s", (int)(equals - *parameters), *parameters);
        ck_assert_int_eq(ticker_query_set(query, name, equals + 1, NULL), TICKER_OK);
    }
    return query;
}

#define ASK(kind, ...) ask(kind, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* Runs a query and compares everything it says. */
static inline void expect(ticker_query *query, fake *store, const char *format, const char *text, uint64_t rows,
                          int more)
{
    output out = {0};
    uint64_t got_rows = 99;
    int got_more = 99;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_msg(ticker_query_run(query, &store->store, format, take, &out, &got_rows, &got_more, &error) == TICKER_OK,
                  "%s", error.message);
    ck_assert_str_eq(out.data != NULL ? out.data : "", text);
    ck_assert_uint_eq(got_rows, rows);
    ck_assert_int_eq(got_more, more);
    ck_assert_int_eq(store->cursors, 0);
    free(out.data);
}

static inline int run_tests(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *cases = tcase_create(name);
    SRunner *runner;
    int failed;

    for (size_t i = 0; i < count; i++)
        tcase_add_test(cases, tests[i]);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
