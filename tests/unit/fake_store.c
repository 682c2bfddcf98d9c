#include "fake_store.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"
#include "base/number.h"

static fake_store *fake_of(ticker_store *store)
{
    return (fake_store *)store;
}

/* Writes the call down; fails when it is the one that is to fail. */
static ticker_status called(fake_store *fake, const char *name, ticker_error *error)
{
    add(&fake->calls, "%s%s", fake->calls.size > 0 ? " " : "", name);
    if (fake->fail_at == NULL || strncmp(fake->fail_at, name, strlen(fake->fail_at)) != 0)
        return TICKER_OK;
    if (fake->fail_after > 0) {
        fake->fail_after--;
        return TICKER_OK;
    }
    fake->fail_at = NULL;
    if (fake->fail_with == TICKER_DONE)
        return TICKER_DONE;
    return ti_fail(error, fake->fail_with, TICKER_ERROR_DATABASE, "the store failed");
}

static void *copy_of(const void *data, size_t size)
{
    void *copy = malloc(size + 1);

    ck_assert_ptr_nonnull(copy);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

static void copy_text(char *to, size_t size, const char *text)
{
    int length = snprintf(to, size, "%s", text);

    ck_assert(length >= 0 && (size_t)length < size);
}

static void copy_slice(char *to, size_t size, ti_slice text)
{
    ck_assert_uint_lt(text.size, size);
    if (text.size > 0)
        memcpy(to, text.data, text.size);
    to[text.size] = '\0';
}

/* --- Transactions --------------------------------------------------------------------------------------------------------------- */

static ticker_status fake_version(ticker_store *store, int *found, ticker_error *error)
{
    *found = fake_of(store)->version;
    return called(fake_of(store), "version", error);
}

static ticker_status fake_migrate(ticker_store *store, ticker_error *error)
{
    ticker_status status = called(fake_of(store), "migrate", error);

    if (status == TICKER_OK)
        fake_of(store)->version = TI_SCHEMA_VERSION;
    return status;
}

static ticker_status fake_find_import(ticker_store *store, int64_t bytes, const char *sha256, const char *member,
                                      int64_t *id, ticker_error *error)
{
    fake_store *fake = fake_of(store);
    ticker_status status = called(fake, "find_import", error);

    ck_assert(!fake->open);
    if (status != TICKER_OK)
        return status;
    for (size_t i = 0; i < fake->now.import_count; i++) {
        const fake_import *known = &fake->imports[i];

        if (strcmp(known->status, "imported") == 0 && known->bytes == bytes &&
            (sha256 == NULL || (strcmp(known->sha256, sha256) == 0 && strcmp(known->member, member) == 0))) {
            *id = known->id;
            return TICKER_OK;
        }
    }
    return TICKER_DONE;
}

/* Somebody else committed the same bytes, as the ledger says from now on. */
static ticker_status rival(fake_store *fake)
{
    fake_import *row = &fake->imports[fake->now.import_count];

    ck_assert_ptr_nonnull(fake->store.sha256);
    ck_assert_ptr_nonnull(fake->store.member);
    memset(row, 0, sizeof(*row));
    row->id = (int64_t)++fake->now.import_count;
    fake->before.import_count = fake->now.import_count;
    row->bytes = fake->rival_bytes;
    row->records = 12;
    row->rejected = 5;
    copy_text(row->sha256, sizeof(row->sha256), fake->store.sha256);
    copy_text(row->member, sizeof(row->member), fake->store.member);
    copy_text(row->status, sizeof(row->status), "imported");
    return TICKER_DONE;
}

static ticker_status fake_begin(ticker_store *store, int64_t *import_id, ticker_error *error)
{
    fake_store *fake = fake_of(store);
    ticker_status status = called(fake, "begin", error);

    ck_assert(!fake->open);
    ck_assert_int_eq(fake->version, TI_SCHEMA_VERSION);
    if (status < TICKER_OK)
        return status;
    fake->open = true;
    fake->current = *import_id = (int64_t)fake->now.import_count + 1;
    fake->replaced_count = 0;
    fake->before = fake->now;
    fake->before.trades = copy_of(fake->now.trades, fake->now.trade_count * sizeof(fake_trade));
    fake->before.quotes = copy_of(fake->now.quotes, fake->now.quote_count * sizeof(fake_quote));
    return status == TICKER_DONE ? rival(fake) : TICKER_OK;
}

static void end(fake_store *fake, bool keep)
{
    fake_state *drop = keep ? &fake->before : &fake->now;

    ck_assert(fake->open);
    fake->open = false;
    free(drop->trades);
    free(drop->quotes);
    if (!keep)
        fake->now = fake->before;
    fake->before = (fake_state){0};
}

static void fake_rollback(ticker_store *store)
{
    (void)called(fake_of(store), "rollback", NULL);
    if (fake_of(store)->open)
        end(fake_of(store), false);
}

static void put_ledger(fake_store *fake, const ti_ledger_row *row)
{
    fake_import *to = &fake->imports[fake->now.import_count];

    ck_assert_uint_lt(fake->now.import_count, FAKE_IMPORTS_MAX);
    memset(to, 0, sizeof(*to));
    to->id = (int64_t)++fake->now.import_count;
    to->bytes = row->bytes;
    to->records = row->records;
    to->imported = row->imported;
    to->rejected = row->rejected;
    to->first_date = row->first_date;
    to->last_date = row->last_date;
    to->declared = row->declared;
    to->forced = row->forced;
    ck_assert_int_eq(row->problems[0], '[');
    copy_text(to->member, sizeof(to->member), row->member);
    copy_text(to->sha256, sizeof(to->sha256), row->sha256);
    copy_text(to->status, sizeof(to->status), row->status);
    copy_text(to->format, sizeof(to->format), row->format);
    copy_text(to->error, sizeof(to->error), row->error);
    copy_text(to->turnover, sizeof(to->turnover), row->turnover);
}

static void put_instruments(fake_store *fake, ti_next_instrument next, void *payload)
{
    ti_instrument instrument;

    fake->instrument_count = 0;
    while (next(payload, &instrument)) {
        char first[TI_DATE_TEXT_MAX], last[TI_DATE_TEXT_MAX];

        (void)ti_format_date(instrument.first_date, first);
        (void)ti_format_date(instrument.last_date, last);
        if (fake->instrument_count < FAKE_INSTRUMENTS_MAX)
            (void)snprintf(fake->instruments[fake->instrument_count], sizeof(fake->instruments[0]), "%.*s %.*s %s %s",
                           (int)instrument.ticker.size, instrument.ticker.data, (int)instrument.name.size,
                           instrument.name.data, first, last);
        fake->instrument_count++;
    }
}

static ticker_status fake_commit(ticker_store *store, const ti_ledger_row *row, ti_next_instrument next, void *payload,
                                 int64_t *id, ticker_error *error)
{
    fake_store *fake = fake_of(store);
    ticker_status status = called(fake, "commit", error);

    if (status != TICKER_OK)
        return status;
    put_instruments(fake, next, payload);
    end(fake, !fake->somebody_was_first);
    if (!fake->somebody_was_first) {
        put_ledger(fake, row);
        *id = fake->imports[fake->now.import_count - 1].id;
        return TICKER_OK;
    }
    *id = 4711;
    return TICKER_DONE;
}

static ticker_status fake_record(ticker_store *store, const ti_ledger_row *row, int64_t *id, ticker_error *error)
{
    fake_store *fake = fake_of(store);
    ticker_status status = called(fake, "record", error);

    ck_assert(!fake->open);
    if (status != TICKER_OK)
        return status;
    put_ledger(fake, row);
    *id = (int64_t)fake->now.import_count;
    return TICKER_OK;
}

/* --- Rows ----------------------------------------------------------------------------------------------------------------------- */

static bool same_key(const fake_trade *a, const fake_trade *b)
{
    return a->date == b->date && a->id == b->id && a->reference_date == b->reference_date && a->action == b->action &&
           strcmp(a->ticker, b->ticker) == 0 && strcmp(a->session, b->session) == 0;
}

static void put_trade(fake_store *fake, const fake_trade *trade)
{
    fake_state *now = &fake->now;

    for (size_t i = 0; i < now->trade_count; i++)
        if (same_key(&now->trades[i], trade)) {
            now->trades[i] = *trade;
            ck_assert_uint_lt(fake->replaced_count, FAKE_IMPORTS_MAX);
            for (size_t k = 0; k < fake->replaced_count; k++)
                if (fake->replaced[k] == trade->date)
                    return;
            fake->replaced[fake->replaced_count++] = trade->date;
            return;
        }
    now->trades = realloc(now->trades, (now->trade_count + 1) * sizeof(*trade));
    ck_assert_ptr_nonnull(now->trades);
    now->trades[now->trade_count++] = *trade;
}

static ticker_status fake_put(ticker_store *store, const ticker_batch *batch, ticker_error *error)
{
    fake_store *fake = fake_of(store);
    ticker_status status;
    char name[32];

    (void)snprintf(name, sizeof(name), "put(%zu)", ticker_batch_rows(batch));
    status = called(fake, name, error);
    ck_assert(fake->open);
    for (uint32_t row = 0; status == TICKER_OK && batch->table == TICKER_TRADES && row < batch->rows; row++) {
        fake_trade trade = {.date = batch->i64[TICKER_TRADE_DATE][row],
                            .reference_date = batch->i64[TICKER_TRADE_REFERENCE_DATE][row],
                            .id = batch->i64[TICKER_TRADE_ID][row],
                            .action = batch->i64[TICKER_TRADE_ACTION][row],
                            .time = batch->i64[TICKER_TRADE_TIME][row],
                            .price = batch->i64[TICKER_TRADE_PRICE][row],
                            .volume = batch->i64[TICKER_TRADE_VOLUME][row],
                            .import = fake->current};

        copy_slice(trade.ticker, sizeof(trade.ticker), ti_batch_text(batch, TICKER_TRADE_TICKER, row));
        copy_slice(trade.session, sizeof(trade.session), ti_batch_text(batch, TICKER_TRADE_SESSION, row));
        put_trade(fake, &trade);
    }
    return status == TICKER_DONE ? rival(fake) : status;
}

/* Asks whether to stop, as a database that works or waits does. */
static ticker_status fake_settle(ticker_store *store, ticker_error *error)
{
    ticker_status status = called(fake_of(store), "settle", error);

    ck_assert(fake_of(store)->open);
    if (status == TICKER_OK && store->interrupted != NULL && store->interrupted(store->interrupted_payload))
        status = ti_fail(error, TICKER_RETRY, TICKER_ERROR_DATABASE, "the statement was interrupted");
    return status;
}

static bool fake_day_is_new(const ticker_store *store, int64_t date)
{
    const fake_store *fake = (const fake_store *)store;

    ck_assert(fake->open);
    for (size_t i = 0; i < fake->replaced_count; i++)
        if (fake->replaced[i] == date)
            return false;
    for (size_t i = 0; i < fake->now.trade_count; i++)
        if (fake->now.trades[i].date == date && fake->now.trades[i].import != fake->current)
            return false;
    return true;
}

static int by_id(const void *a, const void *b)
{
    const fake_trade *left = a, *right = b;

    return left->id < right->id ? -1 : left->id > right->id;
}

static ticker_status scan_entry(const fake_store *fake, const ti_ticker_day *entry, size_t day, ti_visit_trade visit,
                                void *payload, ticker_error *error)
{
    fake_trade *found = malloc((fake->now.trade_count + 1) * sizeof(*found));
    ticker_status status = TICKER_OK;
    size_t count = 0;

    ck_assert_ptr_nonnull(found);
    for (size_t i = 0; i < fake->now.trade_count; i++) {
        const fake_trade *trade = &fake->now.trades[i];

        if (trade->date == entry->date && ti_slice_is(entry->ticker, trade->ticker) &&
            (entry->id == TICKER_NULL || entry->id == trade->id))
            found[count++] = *trade;
    }
    if (count > 0)
        qsort(found, count, sizeof(*found), by_id);
    for (size_t i = 0; i < count && status == TICKER_OK; i++) {
        char session[TICKER_SESSION_MAX + 1]; /* lives for the call only */
        ti_trade trade = {.day = day,
                          .reference_date = found[i].reference_date,
                          .id = found[i].id,
                          .action = found[i].action,
                          .time = found[i].time,
                          .price = found[i].price,
                          .volume = found[i].volume};

        copy_text(session, sizeof(session), found[i].session);
        trade.session = ti_slice_of(session);
        status = visit(&trade, payload, error);
        memset(session, '?', sizeof(session));
    }
    free(found);
    return status;
}

/* The last entry first: they may come in any order. */
static ticker_status fake_scan_trades(ticker_store *store, const ti_ticker_day *days, size_t count,
                                      ti_visit_trade visit, void *payload, ticker_error *error)
{
    fake_store *fake = fake_of(store);
    ticker_status status = called(fake, "scan", error);

    ck_assert(fake->open);
    ck_assert_uint_gt(count, 0);
    for (size_t i = count; i > 0 && status == TICKER_OK; i--) {
        ck_assert_int_eq(days[i - 1].id == TICKER_NULL, days[0].id == TICKER_NULL);
        status = scan_entry(fake, &days[i - 1], i - 1, visit, payload, error);
    }
    return status;
}

const fake_quote *fake_find_quote(const fake_store *fake, const char *ticker, int64_t date)
{
    for (size_t i = 0; i < fake->now.quote_count; i++)
        if (fake->now.quotes[i].date == date && strcmp(fake->now.quotes[i].ticker, ticker) == 0)
            return &fake->now.quotes[i];
    return NULL;
}

static void put_quote(fake_store *fake, const fake_quote *quote)
{
    fake_state *now = &fake->now;
    const fake_quote *known = fake_find_quote(fake, quote->ticker, quote->date);

    if (known != NULL && known->from_file)
        return;
    if (known != NULL)
        now->quotes[known - now->quotes] = now->quotes[--now->quote_count];
    if (quote->trades == 0)
        return;
    now->quotes = realloc(now->quotes, (now->quote_count + 1) * sizeof(*quote));
    ck_assert_ptr_nonnull(now->quotes);
    now->quotes[now->quote_count++] = *quote;
}

static ticker_status fake_put_day_quotes(ticker_store *store, const ticker_batch *batch, ticker_error *error)
{
    fake_store *fake = fake_of(store);
    ticker_status status;
    char name[48];

    (void)snprintf(name, sizeof(name), "put_day_quotes(%zu)", ticker_batch_rows(batch));
    status = called(fake, name, error);
    ck_assert(fake->open);
    ck_assert_int_eq(batch->table, TICKER_QUOTES);
    for (uint32_t row = 0; status == TICKER_OK && row < batch->rows; row++) {
        fake_quote quote = {.date = batch->i64[TICKER_QUOTE_DATE][row],
                            .open = batch->i64[TICKER_QUOTE_OPEN][row],
                            .high = batch->i64[TICKER_QUOTE_HIGH][row],
                            .low = batch->i64[TICKER_QUOTE_LOW][row],
                            .close = batch->i64[TICKER_QUOTE_CLOSE][row],
                            .trades = batch->i64[TICKER_QUOTE_TRADES][row],
                            .volume = batch->i64[TICKER_QUOTE_VOLUME][row],
                            .turnover = batch->i64[TICKER_QUOTE_TURNOVER][row],
                            .rest = batch->i64[TICKER_QUOTE_TURNOVER_REST][row]};

        copy_slice(quote.ticker, sizeof(quote.ticker), ti_batch_text(batch, TICKER_QUOTE_TICKER, row));
        ck_assert(ti_slice_is(ti_batch_text(batch, TICKER_QUOTE_SOURCE, row), "trades"));
        ck_assert_uint_eq(ti_batch_text(batch, TICKER_QUOTE_MARKET, row).size, 0);
        ck_assert_int_eq(batch->i64[TICKER_QUOTE_AVERAGE][row], TICKER_NULL);
        ck_assert_int_eq(batch->i64[TICKER_QUOTE_FACTOR][row], TICKER_NULL);
        put_quote(fake, &quote);
    }
    return status;
}

/* --- Queries: what an import asks of its ledger --------------------------------------------------------------------------------- */

#define LEDGER_CELLS 9 /* records, rejected, repaired, trades, volume, declared, first and last date, turnover */

typedef struct fake_cursor {
    ti_cursor cursor;
    const fake_import *row;
    char rejected[TI_NUMBER_TEXT_MAX];
} fake_cursor;

static ticker_status fake_next(ti_cursor *cursor, ti_cell *cells, ticker_error *error)
{
    fake_cursor *self = (fake_cursor *)cursor;

    (void)error;
    if (self->row == NULL)
        return TICKER_DONE;
    /* Kinds as both backends deliver them: PostgreSQL sends text. */
    memset(cells, 0, LEDGER_CELLS * sizeof(*cells));
    cells[0] = (ti_cell){.kind = TI_CELL_INTEGER, .number = self->row->records};
    (void)ti_format_integer(self->row->rejected, self->rejected);
    cells[1] = (ti_cell){.kind = TI_CELL_TEXT, .text = ti_slice_of(self->rejected)};
    cells[6] = (ti_cell){.kind = TI_CELL_INTEGER, .number = 16804};
    cells[7] = (ti_cell){.kind = TI_CELL_TEXT, .text = ti_slice_of("2016-01-05")};
    self->row = NULL;
    return TICKER_OK;
}

static void fake_close_cursor(ti_cursor *cursor)
{
    free(cursor);
}

static ticker_status fake_query(ticker_store *store, const char *sql, const ti_parameter *parameters, size_t count,
                                ti_cursor **cursor, ticker_error *error)
{
    static const ti_cursor_ops ops = {fake_next, fake_close_cursor};
    fake_store *fake = fake_of(store);
    ticker_status status = called(fake, "query", error);
    fake_cursor *opened;

    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(sql,
                     "SELECT records, rejected, repaired, trades, volume, declared, first_date, last_date, turnover "
                     "FROM {imports} WHERE id = $1");
    if (status != TICKER_OK)
        return status;
    opened = calloc(1, sizeof(*opened));
    ck_assert_ptr_nonnull(opened);
    opened->cursor = (ti_cursor){.ops = &ops, .columns = LEDGER_CELLS};
    if (parameters[0].number <= (int64_t)fake->now.import_count)
        opened->row = &fake->imports[parameters[0].number - 1];
    *cursor = &opened->cursor;
    return TICKER_OK;
}

static void fake_close(ticker_store *store)
{
    (void)store;
}

void fake_store_init(fake_store *fake)
{
    static const ti_store_ops ops = {
        .size = sizeof(ops),
        .name = "fake",
        .close = fake_close,
        .version = fake_version,
        .migrate = fake_migrate,
        .find_import = fake_find_import,
        .begin = fake_begin,
        .put = fake_put,
        .settle = fake_settle,
        .day_is_new = fake_day_is_new,
        .scan_trades = fake_scan_trades,
        .put_day_quotes = fake_put_day_quotes,
        .commit = fake_commit,
        .rollback = fake_rollback,
        .record = fake_record,
        .query = fake_query,
    };

    memset(fake, 0, sizeof(*fake));
    fake->store.ops = &ops;
    fake->version = TI_SCHEMA_VERSION;
    bytes_init(&fake->calls);
}

void fake_store_free(fake_store *fake)
{
    ck_assert_msg(!fake->open, "a transaction was left open");
    free(fake->now.trades);
    free(fake->now.quotes);
    ti_buffer_free(&fake->calls);
}

const char *fake_calls(fake_store *fake)
{
    const char *calls = ti_buffer_string(&fake->calls);

    ti_buffer_clear(&fake->calls);
    return calls;
}
