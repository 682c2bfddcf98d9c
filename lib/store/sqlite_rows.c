/* Rows of a batch on their way into the database: as records with a key to the sort, and back as the cells of ticker_rows. */
#include <config.h>

#ifdef TI_WITH_SQLITE

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/error.h"
#include "base/number.h"
#include "model/schema.h"
#include "store/sqlite.h"

#define CODES_MAX 65535 /* different markets or sessions of one import */
#define TERM_MAX INT32_MAX
#define DAY_FIRST (-719162) /* 0001-01-01 */
#define CENTS_TO_MILLIONTHS 10000
#define NULL_MARK 15 /* in the place of a number's length */
#define NUMBER_MAX (1 + (int)sizeof(uint64_t))

ti_sq_sorter *ti_sq_sorter_new(ticker_table table, int64_t import_id, size_t memory, const char *folder)
{
    ti_sq_sorter *sorter = calloc(1, sizeof(*sorter));

    if (sorter == NULL)
        return NULL;
    sorter->table = table;
    sorter->import_id = import_id;
    sorter->columns = ti_schema_columns(table, &sorter->count);
    sorter->last_wins = table == TICKER_TRADES;
    sorter->codes = ti_symbols_new(CODES_MAX);
    sorter->spool = ti_spool_new(memory, table == TICKER_TRADES ? 4 : 2, folder);
    if (sorter->codes == NULL || sorter->spool == NULL) {
        ti_sq_sorter_free(sorter);
        return NULL;
    }
    return sorter;
}

void ti_sq_sorter_free(ti_sq_sorter *sorter)
{
    if (sorter == NULL)
        return;
    ti_spool_free(sorter->spool);
    ti_symbols_free(sorter->codes);
    free(sorter);
}

/* --- Keys ---------------------------------------------------------------------------------------------------------------------- */

/* Keys agree exactly when those of the database do, and mostly stand in the same order, so that the load walks forward. */

static uint64_t ordered(int64_t value)
{
    return (uint64_t)value ^ (uint64_t)1 << 63;
}

static ticker_status code_of(ti_sq_sorter *sorter, ti_slice text, uint64_t *code, ticker_error *error)
{
    uint32_t number = ti_symbols_add(sorter->codes, text, NULL);

    if (number == TI_SYMBOL_NONE && text.size <= TI_SYMBOL_TEXT_MAX && ti_symbols_count(sorter->codes) < CODES_MAX)
        return ti_fail_memory(error);
    if (number == TI_SYMBOL_NONE)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT,
                       "more than %d different %s codes in one file, or one of more than %d bytes", CODES_MAX,
                       sorter->table == TICKER_QUOTES ? "market" : "session", TI_SYMBOL_TEXT_MAX);
    *code = number;
    return TICKER_OK;
}

static ticker_status quote_key(ti_sq_sorter *sorter, const ticker_batch *batch, size_t row, uint32_t instrument,
                               uint64_t *key, ticker_error *error)
{
    int64_t term = batch->i64[TICKER_QUOTE_TERM_DAYS][row];
    uint64_t market = 0;
    ticker_status status = code_of(sorter, ti_batch_text(batch, TICKER_QUOTE_MARKET, row), &market, error);

    if (status != TICKER_OK)
        return status;
    if (term == TICKER_NULL)
        term = TI_SQ_NO_TERM;
    else if (term < 0 || term > TERM_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "a term of %lld days", (long long)term);
    key[0] = (uint64_t)instrument << 32 | (uint32_t)(batch->i64[TICKER_QUOTE_DATE][row] - DAY_FIRST);
    key[1] = market << 32 | (uint32_t)(term - TI_SQ_NO_TERM);
    key[2] = key[3] = 0;
    return TICKER_OK;
}

static ticker_status trade_key(ti_sq_sorter *sorter, const ticker_batch *batch, size_t row, uint32_t instrument,
                               uint64_t *key, ticker_error *error)
{
    int64_t reference = batch->i64[TICKER_TRADE_REFERENCE_DATE][row];
    uint64_t session = 0;
    ticker_status status = code_of(sorter, ti_batch_text(batch, TICKER_TRADE_SESSION, row), &session, error);

    if (status != TICKER_OK)
        return status;
    if (reference < DAY_FIRST || reference > TI_DATE_NONE)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "a trade without a reference date");
    key[0] = (uint64_t)(uint32_t)(batch->i64[TICKER_TRADE_DATE][row] - DAY_FIRST) << 32 | instrument;
    key[1] = ordered(batch->i64[TICKER_TRADE_ID][row]);
    key[2] = (uint64_t)(uint32_t)(reference - DAY_FIRST) << 32 | session;
    key[3] = ordered(batch->i64[TICKER_TRADE_ACTION][row]);
    return TICKER_OK;
}

static int64_t key_instrument(const ti_sq_sorter *sorter, const uint64_t *key)
{
    return sorter->table == TICKER_QUOTES ? (int64_t)(key[0] >> 32) : (int64_t)(uint32_t)key[0];
}

static int64_t key_date(const ti_sq_sorter *sorter, const uint64_t *key)
{
    return DAY_FIRST + (sorter->table == TICKER_QUOTES ? (int64_t)(uint32_t)key[0] : (int64_t)(key[0] >> 32));
}

static bool same_key(const uint64_t *a, const uint64_t *b)
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

/* --- Records ------------------------------------------------------------------------------------------------------------------- */

/* A number: how many bytes it takes, then those, the low one first. Small numbers of either sign are short. */
static char *write_number(char *at, int64_t value)
{
    uint64_t folded = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0), left;
    unsigned size = 0;

    if (value == TICKER_NULL) {
        *at = NULL_MARK;
        return at + 1;
    }
    if (folded != 0)
        size = (71u - (unsigned)__builtin_clzll(folded)) / 8;
    *at = (char)size;
    left = folded;
    for (unsigned i = 1; i <= sizeof(left); i++) { /* compilers make one store of this */
        at[i] = (char)(left & 0xff);
        left >>= 8;
    }
    return at + 1 + size;
}

static const char *read_number(const char *at, ti_cell *cell)
{
    unsigned size = (unsigned char)*at;
    uint64_t folded = 0;

    if (size > sizeof(folded)) {
        cell->kind = TI_CELL_NULL;
        return at + 1;
    }
    for (unsigned i = sizeof(folded); i > 0; i--) /* and one load of this */
        folded = folded << 8 | (unsigned char)at[i];
    if (size < sizeof(folded))
        folded &= ((uint64_t)1 << size * 8) - 1;
    cell->kind = TI_CELL_INTEGER;
    cell->number = (int64_t)(folded >> 1 ^ (0 - (folded & 1)));
    return at + 1 + size;
}

static char *write_text(char *at, ti_slice text)
{
    *at++ = (char)(text.size & 0xff);
    *at++ = (char)(text.size >> 8);
    if (text.size > 0)
        memcpy(at, text.data, text.size);
    return at + text.size;
}

static const char *read_text(const char *at, ti_cell *cell)
{
    size_t size = (size_t)(unsigned char)at[0] | (size_t)(unsigned char)at[1] << 8;

    cell->kind = size > 0 ? TI_CELL_TEXT : TI_CELL_NULL;
    cell->text = (ti_slice){at + 2, size};
    return at + 2 + size;
}

/* Rests of another sign than their turnover would need care wherever they are shown: here they get the same. */
static void even_turnover(int64_t *turnover, int64_t *rest)
{
    ti_int128 sum;

    if (*turnover == TICKER_NULL || *rest == TICKER_NULL || *rest == 0)
        return;
    sum = (ti_int128)*turnover * CENTS_TO_MILLIONTHS + *rest;
    *turnover = (int64_t)(sum / CENTS_TO_MILLIONTHS);
    *rest = (int64_t)(sum % CENTS_TO_MILLIONTHS);
}

static size_t write_record(const ti_sq_sorter *sorter, const ticker_batch *batch, size_t row, char *at)
{
    const char *start = at;
    int64_t turnover = 0, rest = 0;
    bool quotes = sorter->table == TICKER_QUOTES;

    if (quotes) {
        turnover = batch->i64[TICKER_QUOTE_TURNOVER][row];
        rest = batch->i64[TICKER_QUOTE_TURNOVER_REST][row];
        even_turnover(&turnover, &rest);
    }
    for (unsigned i = 2; i < sorter->count; i++) {
        if (batch->text[i] != NULL)
            at = write_text(at, ti_batch_text(batch, i, row));
        else if (quotes && i == TICKER_QUOTE_TURNOVER)
            at = write_number(at, turnover);
        else if (quotes && i == TICKER_QUOTE_TURNOVER_REST)
            at = write_number(at, rest);
        else
            at = write_number(at, batch->i64[i][row]);
    }
    return (size_t)(at - start);
}

static size_t texts_size(const ti_sq_sorter *sorter, const ticker_batch *batch, size_t row)
{
    size_t size = 0;

    for (unsigned i = 2; i < sorter->count; i++)
        if (batch->text[i] != NULL)
            size += batch->text[i][row].size;
    return size;
}

ticker_status ti_sq_sorter_put(ti_sq_sorter *sorter, const ticker_batch *batch, size_t row, int64_t instrument,
                               ticker_error *error)
{
    uint64_t key[TI_SPOOL_WORDS];
    char *at;
    ticker_status status;

    if (instrument <= 0 || instrument > UINT32_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT, "the database knows too many tickers");
    if (texts_size(sorter, batch, row) > TI_SPOOL_RECORD_MAX - TI_COLUMNS_MAX * NUMBER_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "a row with more than %d bytes of text",
                       TI_SPOOL_RECORD_MAX - TI_COLUMNS_MAX * NUMBER_MAX);
    if (sorter->table == TICKER_QUOTES)
        status = quote_key(sorter, batch, row, (uint32_t)instrument, key, error);
    else
        status = trade_key(sorter, batch, row, (uint32_t)instrument, key, error);
    if (status == TICKER_OK)
        status = ti_spool_reserve(sorter->spool, &at, error);
    if (status == TICKER_OK)
        ti_spool_add(sorter->spool, key, write_record(sorter, batch, row, at));
    return status;
}

/* --- Cells --------------------------------------------------------------------------------------------------------------------- */

static void set_number(ti_cell *cell, int64_t number)
{
    cell->kind = TI_CELL_INTEGER;
    cell->number = number;
}

/* Texts of the key are never null. */
static void keep_blank(ti_cell *cell)
{
    cell->kind = TI_CELL_TEXT;
}

static void shorten_source(ti_cell *cell)
{
    int number = cell->kind == TI_CELL_TEXT ? ti_sq_source_number(ti_origin_of(cell->text)) : 0;

    if (number != 0)
        set_number(cell, number);
}

static void deliver(ti_sq_sorter *sorter, const uint64_t *key, const char *data)
{
    ti_cell *cell = sorter->rows.cell;
    unsigned end = sorter->count;

    set_number(&cell[0], key_instrument(sorter, key));
    set_number(&cell[1], key_date(sorter, key));
    for (unsigned i = 2; i < sorter->count; i++)
        data = sorter->columns[i].type == TICKER_TYPE_TEXT ? read_text(data, &cell[i]) : read_number(data, &cell[i]);
    if (sorter->table == TICKER_QUOTES) {
        keep_blank(&cell[TICKER_QUOTE_MARKET]);
        if (cell[TICKER_QUOTE_TERM_DAYS].kind == TI_CELL_NULL)
            set_number(&cell[TICKER_QUOTE_TERM_DAYS], TI_SQ_NO_TERM);
        shorten_source(&cell[TICKER_QUOTE_SOURCE]);
        set_number(&cell[end++], sorter->occurrence);
    } else {
        keep_blank(&cell[TICKER_TRADE_SESSION]);
    }
    set_number(&cell[end], sorter->import_id);
}

static ticker_status read_ahead(ti_sq_sorter *sorter, ticker_error *error)
{
    ticker_status status = ti_spool_next(sorter->spool, &sorter->ahead, error);

    sorter->has_ahead = status == TICKER_OK;
    return status == TICKER_DONE ? TICKER_OK : status;
}

/* Every row comes out; those with the key of the one before are numbered on. */
static ticker_status next_counted(ti_sq_sorter *sorter, ticker_error *error)
{
    ti_spool_record record;
    ticker_status status = ti_spool_next(sorter->spool, &record, error);

    if (status != TICKER_OK)
        return status;
    sorter->occurrence = sorter->started && same_key(record.key, sorter->key) ? sorter->occurrence + 1 : 0;
    sorter->started = true;
    memcpy(sorter->key, record.key, sizeof(sorter->key));
    deliver(sorter, record.key, record.data);
    return TICKER_OK;
}

/* Of rows with the same key the last one comes out. */
static ticker_status next_last(ti_sq_sorter *sorter, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    if (!sorter->started)
        status = read_ahead(sorter, error);
    sorter->started = true;
    if (status != TICKER_OK)
        return status;
    if (!sorter->has_ahead)
        return TICKER_DONE;
    for (;;) {
        memcpy(sorter->key, sorter->ahead.key, sizeof(sorter->key));
        memcpy(sorter->held, sorter->ahead.data, sorter->ahead.size);
        status = read_ahead(sorter, error);
        if (status != TICKER_OK)
            return status;
        if (!sorter->has_ahead || !same_key(sorter->key, sorter->ahead.key))
            break;
        if (sorter->replaced != NULL)
            sorter->replaced(sorter->payload, key_date(sorter, sorter->key));
    }
    deliver(sorter, sorter->key, sorter->held);
    return TICKER_OK;
}

static ticker_status next_row(ti_sq_rows *rows, ticker_error *error)
{
    ti_sq_sorter *sorter = (ti_sq_sorter *)rows;

    return sorter->last_wins ? next_last(sorter, error) : next_counted(sorter, error);
}

ticker_status ti_sq_sorter_insert(ti_sq_sorter *sorter, ti_sq_link *link, ticker_error *error)
{
    ti_sq_statement *statement = NULL;
    char *sql = ti_sq_insert_sql(sorter->table);
    ticker_status status = sql != NULL ? ti_spool_sort(sorter->spool, error) : ti_fail_memory(error);

    if (status == TICKER_OK)
        status = ti_sq_prepare(link, sql, &statement, error);
    if (status == TICKER_OK) {
        sorter->rows.next = next_row;
        sorter->started = false;
        status = ti_sq_feed(link, statement, &sorter->rows, error);
    }
    ti_sq_finalize(statement);
    free(sql);
    return status;
}

#endif
