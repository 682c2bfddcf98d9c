#include "pipeline/day_quotes.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/symbols.h"
#include "model/batch.h"
#include "store/day_state.h"
#include "store/trade_group.h"

#define KEY_MAX (TICKER_TICKER_MAX + 4)
#define SOURCE "trades"
#define DOUBTS_MAX (256 * 1024) /* beyond it whole days are computed again: 4 MiB are enough for any real file */

/* One ticker's day. The key in `symbols` is the ticker followed by the four bytes of the date. */
typedef struct day_entry {
    ti_day_state state;
    bool plain; /* the file has trades of the day listed on the day itself: they are in `state` */
    bool again; /* compute it from all stored rows */
    bool kept;  /* the file changes nothing: the stored quote stays */
} day_entry;

/* A trade number that needs a look at all that is stored of it: a cancellation, or a trade listed after its day. */
typedef struct day_doubt {
    int64_t id;
    uint32_t number; /* of the day */
    int32_t reference_date;
    bool cancels;
} day_doubt;

struct ti_day_quotes {
    ti_symbols *symbols;
    ti_symbols *plain_dates; /* four bytes each: the days that the file lists on themselves */
    day_entry *days;
    size_t capacity;
    day_doubt *doubts;
    size_t doubt_count, doubt_capacity;
    bool overflow;
};

ti_day_quotes *ti_day_quotes_new(void)
{
    ti_day_quotes *quotes = calloc(1, sizeof(*quotes));

    if (quotes == NULL)
        return NULL;
    quotes->symbols = ti_symbols_new(TICKER_SYMBOLS_MAX);
    quotes->plain_dates = ti_symbols_new(TICKER_SYMBOLS_MAX);
    if (quotes->symbols == NULL || quotes->plain_dates == NULL) {
        ti_day_quotes_free(quotes);
        return NULL;
    }
    return quotes;
}

void ti_day_quotes_free(ti_day_quotes *quotes)
{
    if (quotes == NULL)
        return;
    ti_symbols_free(quotes->symbols);
    ti_symbols_free(quotes->plain_dates);
    free(quotes->days);
    free(quotes->doubts);
    free(quotes);
}

static ti_slice ticker_of(const ti_day_quotes *quotes, uint32_t number)
{
    ti_slice key = ti_symbols_text(quotes->symbols, number);

    return (ti_slice){key.data, key.size - 4};
}

static ti_slice make_key(char key[KEY_MAX], ti_slice ticker, int32_t date)
{
    memcpy(key, ticker.data, ticker.size);
    memcpy(key + ticker.size, &date, 4);
    return (ti_slice){key, ticker.size + 4};
}

static ti_slice date_key(const int32_t *date)
{
    return (ti_slice){(const char *)date, sizeof(*date)};
}

static ticker_status find_day(ti_day_quotes *quotes, ti_slice ticker, int32_t date, uint32_t *number,
                              ticker_error *error)
{
    char key[KEY_MAX];
    bool added;

    *number = ti_symbols_add(quotes->symbols, make_key(key, ticker, date), &added);
    if (*number == TI_SYMBOL_NONE && ti_symbols_count(quotes->symbols) >= TICKER_SYMBOLS_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "more than %d different tickers and days",
                       TICKER_SYMBOLS_MAX);
    if (*number == TI_SYMBOL_NONE)
        return ti_fail_memory(error);
    if (*number >= quotes->capacity) {
        size_t capacity = quotes->capacity == 0 ? 1024 : quotes->capacity * 2;
        day_entry *days = realloc(quotes->days, capacity * sizeof(*days));

        if (days == NULL)
            return ti_fail_memory(error);
        quotes->days = days;
        quotes->capacity = capacity;
    }
    if (added)
        quotes->days[*number] = (day_entry){.state = {.date = date}};
    return TICKER_OK;
}

static ticker_status add_doubt(ti_day_quotes *quotes, day_doubt doubted, ticker_error *error)
{
    if (quotes->doubt_count == DOUBTS_MAX) {
        quotes->days[doubted.number].again = true;
        return TICKER_OK;
    }
    if (quotes->doubt_count == quotes->doubt_capacity) {
        size_t capacity = quotes->doubt_capacity == 0 ? 256 : quotes->doubt_capacity * 2;
        day_doubt *doubts = realloc(quotes->doubts, capacity * sizeof(*doubts));

        if (doubts == NULL)
            return ti_fail_memory(error);
        quotes->doubts = doubts;
        quotes->doubt_capacity = capacity;
    }
    quotes->doubts[quotes->doubt_count++] = doubted;
    return TICKER_OK;
}

static ticker_status overflow(ticker_error *error)
{
    return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the totals of a day's trades do not fit 64 bits");
}

static ticker_status add_row(ti_day_quotes *quotes, const ticker_batch *trades, uint32_t row, ticker_error *error)
{
    int64_t date = trades->i64[TICKER_TRADE_DATE][row], reference_date = trades->i64[TICKER_TRADE_REFERENCE_DATE][row];
    int64_t id = trades->i64[TICKER_TRADE_ID][row], action = trades->i64[TICKER_TRADE_ACTION][row];
    uint32_t number;
    day_entry *day;
    ticker_status status = find_day(quotes, ti_batch_text(trades, TICKER_TRADE_TICKER, row), (int32_t)date, &number,
                                    error);

    if (status != TICKER_OK)
        return status;
    day = &quotes->days[number];
    if (action != TI_ACTION_NEW || date != reference_date)
        return add_doubt(quotes, (day_doubt){id, number, (int32_t)reference_date, action != TI_ACTION_NEW}, error);
    if (!day->plain && ti_symbols_add(quotes->plain_dates, date_key(&day->state.date), NULL) == TI_SYMBOL_NONE)
        return ti_fail_memory(error);
    day->plain = true;
    if (!ti_day_state_add(&day->state, &(ti_trade){.session = ti_batch_text(trades, TICKER_TRADE_SESSION, row),
                                                   .id = id,
                                                   .time = trades->i64[TICKER_TRADE_TIME][row],
                                                   .price = trades->i64[TICKER_TRADE_PRICE][row],
                                                   .volume = trades->i64[TICKER_TRADE_VOLUME][row]}))
        return overflow(error);
    return TICKER_OK;
}

ticker_status ti_day_quotes_add(ti_day_quotes *quotes, const ticker_batch *trades, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    for (uint32_t row = 0; row < trades->rows && status == TICKER_OK; row++)
        status = add_row(quotes, trades, row, error);
    return status;
}

/* A walk over stored rows: they come trade number by trade number. */
typedef struct day_scan {
    ti_day_quotes *quotes;
    const uint32_t *numbers; /* of the day of each entry that was asked for */
    const ti_ticker_day *entries;
    void (*end_group)(struct day_scan *scan);
    ti_trade_group group;
} day_scan;

static ticker_status visit(const ti_trade *trade, void *payload, ticker_error *error)
{
    day_scan *scan = payload;

    if (scan->entries[trade->day].id != TICKER_NULL && scan->entries[trade->day].id != trade->id)
        return TICKER_OK;
    if (!ti_trade_group_has(&scan->group, trade)) {
        scan->end_group(scan);
        scan->group.count = 0;
    }
    return ti_trade_group_add(&scan->group, trade, error);
}

static ticker_status walk(day_scan *scan, ticker_store *store, size_t count, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    scan->group.count = 0;
    if (count > 0)
        status = store->ops->scan_trades(store, scan->entries, count, visit, scan, error);
    if (status == TICKER_OK)
        scan->end_group(scan);
    if (status == TICKER_OK && scan->quotes->overflow)
        status = overflow(error);
    return status;
}

/* All of a day's trades, one number at a time: its state begins empty. */
static void add_group(day_scan *scan)
{
    for (size_t i = 0; i < scan->group.count; i++) {
        const ti_trade *trade = &scan->group.rows[i];
        ti_day_state *day = &scan->quotes->days[scan->numbers[trade->day]].state;

        if (ti_trade_group_counts(&scan->group, trade, day->date) && !ti_day_state_add(day, trade))
            scan->quotes->overflow = true;
    }
}

/* A doubtful number of a day whose other trades are in its state: takes out what does not count, adds what does. */
static void mend_group(day_scan *scan)
{
    for (size_t i = 0; i < scan->group.count; i++) {
        const ti_trade *trade = &scan->group.rows[i];
        day_entry *day = &scan->quotes->days[scan->numbers[trade->day]];
        bool counts = ti_trade_group_counts(&scan->group, trade, day->state.date);
        bool added = trade->action == TI_ACTION_NEW && trade->reference_date == day->state.date;

        if (day->kept) /* what a day before listed already counted or not; anything else may change what does */
            day->again = day->again || (trade->action == TI_ACTION_NEW && trade->reference_date != day->state.date &&
                                        !ti_trade_group_listed_before(&scan->group, trade));
        else if (added && !counts)
            day->again = !ti_day_state_remove(&day->state, trade) || day->again;
        else if (!added && counts && !ti_day_state_add(&day->state, trade))
            scan->quotes->overflow = true;
    }
}

/* Whether the file is the first to list this day, with its own trades: then what it lists of earlier days was not stored before either. */
static bool first_listing(const ti_day_quotes *quotes, const ticker_store *store, int32_t reference_date)
{
    return ti_symbols_find(quotes->plain_dates, date_key(&reference_date)) != TI_SYMBOL_NONE &&
           store->ops->day_is_new(store, reference_date);
}

/* Which days must be computed again from the stored rows, which stay as they are, and which only need their doubtful numbers looked at. */
static void classify(ti_day_quotes *quotes, const ticker_store *store)
{
    for (uint32_t i = 0; i < ti_symbols_count(quotes->symbols); i++) {
        day_entry *day = &quotes->days[i];

        if (store->ops->day_is_new(store, day->state.date))
            continue;
        if (day->plain)
            day->again = true;
        else
            day->kept = true;
    }
    for (size_t i = 0; i < quotes->doubt_count; i++) {
        const day_doubt *doubt = &quotes->doubts[i];
        day_entry *day = &quotes->days[doubt->number];

        if (day->kept && (doubt->cancels || !first_listing(quotes, store, doubt->reference_date)))
            day->again = true;
    }
}

static int compare_doubts(const void *a, const void *b)
{
    const day_doubt *left = a, *right = b;

    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    return left->id < right->id ? -1 : left->id > right->id;
}

/* What to scan: entries, and the day that each belongs to. */
typedef struct scan_list {
    ti_ticker_day *entries;
    uint32_t *numbers;
    size_t count;
} scan_list;

static void put_entry(scan_list *list, const ti_day_quotes *quotes, uint32_t number, int64_t id)
{
    list->entries[list->count] = (ti_ticker_day){ticker_of(quotes, number), quotes->days[number].state.date, id};
    list->numbers[list->count++] = number;
}

static void list_doubts(ti_day_quotes *quotes, scan_list *list)
{
    list->count = 0;
    if (quotes->doubt_count > 0)
        qsort(quotes->doubts, quotes->doubt_count, sizeof(*quotes->doubts), compare_doubts);
    for (size_t i = 0; i < quotes->doubt_count; i++)
        if (!quotes->days[quotes->doubts[i].number].again &&
            (i == 0 || compare_doubts(&quotes->doubts[i - 1], &quotes->doubts[i]) != 0))
            put_entry(list, quotes, quotes->doubts[i].number, quotes->doubts[i].id);
}

static void list_days(ti_day_quotes *quotes, scan_list *list)
{
    list->count = 0;
    for (uint32_t i = 0; i < ti_symbols_count(quotes->symbols); i++)
        if (quotes->days[i].again) {
            quotes->days[i].state = (ti_day_state){.date = quotes->days[i].state.date};
            put_entry(list, quotes, i, TICKER_NULL);
        }
}

static ticker_status compute(ti_day_quotes *quotes, ticker_store *store, ticker_error *error)
{
    size_t most = ti_symbols_count(quotes->symbols);
    day_scan *scan = malloc(sizeof(*scan));
    scan_list list = {NULL, NULL, 0};
    ticker_status status;

    if (most < quotes->doubt_count)
        most = quotes->doubt_count;
    list.entries = malloc((most + 1) * sizeof(*list.entries));
    list.numbers = malloc((most + 1) * sizeof(*list.numbers));
    if (scan == NULL || list.entries == NULL || list.numbers == NULL) {
        status = ti_fail_memory(error);
        goto out;
    }
    classify(quotes, store);
    scan->quotes = quotes;
    scan->numbers = list.numbers;
    scan->entries = list.entries;
    list_doubts(quotes, &list);
    scan->end_group = mend_group;
    status = walk(scan, store, list.count, error);
    if (status != TICKER_OK)
        goto out;
    list_days(quotes, &list);
    scan->end_group = add_group;
    status = walk(scan, store, list.count, error);
out:
    free(list.numbers);
    free(list.entries);
    free(scan);
    return status;
}

static bool put_row(const ti_day_quotes *quotes, uint32_t number, ticker_batch *batch)
{
    const ti_day_state *day = &quotes->days[number].state;
    ti_int128 cents = day->turnover / 10000;
    uint32_t row = batch->rows++;

    for (unsigned i = 0; i < TICKER_QUOTE_COLUMNS; i++) {
        if (batch->i64[i] != NULL)
            batch->i64[i][row] = TICKER_NULL;
        else
            batch->text[i][row] = (ti_text){0, 0};
    }
    batch->line[row] = 0;
    batch->i64[TICKER_QUOTE_DATE][row] = day->date;
    if (day->priced) {
        batch->i64[TICKER_QUOTE_OPEN][row] = day->open;
        batch->i64[TICKER_QUOTE_HIGH][row] = day->high;
        batch->i64[TICKER_QUOTE_LOW][row] = day->low;
        batch->i64[TICKER_QUOTE_CLOSE][row] = day->close;
    }
    batch->i64[TICKER_QUOTE_TRADES][row] = day->trades;
    batch->i64[TICKER_QUOTE_VOLUME][row] = day->volume;
    batch->i64[TICKER_QUOTE_TURNOVER][row] = (int64_t)cents;
    batch->i64[TICKER_QUOTE_TURNOVER_REST][row] = (int64_t)(day->turnover % 10000);
    (void)ti_batch_set_text(batch, TICKER_QUOTE_TICKER, row, ticker_of(quotes, number));
    (void)ti_batch_set_text(batch, TICKER_QUOTE_SOURCE, row, ti_slice_of(SOURCE));
    return cents <= INT64_MAX && cents > INT64_MIN;
}

static ticker_status flush(ticker_store *store, ticker_batch *batch, ticker_error *error)
{
    ticker_status status = batch->rows > 0 ? store->ops->put_day_quotes(store, batch, error) : TICKER_OK;

    ti_batch_clear(batch);
    return status;
}

ticker_status ti_day_quotes_store(ti_day_quotes *quotes, ticker_store *store, ticker_error *error)
{
    ticker_batch *batch = ti_batch_new(TICKER_QUOTES, TICKER_BATCH_ROWS_MAX, KEY_MAX + sizeof(SOURCE));
    ticker_status status;

    if (batch == NULL)
        return ti_fail_memory(error);
    status = compute(quotes, store, error);
    for (uint32_t i = 0; i < ti_symbols_count(quotes->symbols) && status == TICKER_OK; i++) {
        if (quotes->days[i].kept && !quotes->days[i].again)
            continue;
        if (!put_row(quotes, i, batch))
            status = overflow(error);
        else if (batch->rows == batch->capacity)
            status = flush(store, batch, error);
    }
    if (status == TICKER_OK)
        status = flush(store, batch, error);
    ti_batch_free(batch);
    return status;
}
