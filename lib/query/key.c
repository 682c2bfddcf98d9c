/* The canonical text of a question: for caches, and for the check that a cursor belongs to it. */
#include <stdlib.h>

#include "base/date.h"
#include "base/encode.h"
#include "base/number.h"
#include "query/query.h"

static void put_date(ti_buffer *key, int64_t days)
{
    char text[TI_DATE_TEXT_MAX];

    (void)ti_format_date(days, text);
    (void)ti_buffer_text(key, text);
}

/* `from` and `to` are days, but of trades times. */
static void put_bound(const ticker_query *query, ti_buffer *key, int64_t value)
{
    char text[TI_TIME_TEXT_MAX];

    if (query->kind != TI_QUERY_TRADES) {
        put_date(key, value);
        return;
    }
    (void)ti_format_time(value, text);
    (void)ti_buffer_text(key, text);
}

static void put_number(ti_buffer *key, int64_t number)
{
    char text[TI_NUMBER_TEXT_MAX];

    (void)ti_format_integer(number, text);
    (void)ti_buffer_text(key, text);
}

static int compare(const void *a, const void *b)
{
    const ti_slice *left = a, *right = b;
    size_t common = left->size < right->size ? left->size : right->size;
    int order = common > 0 ? memcmp(left->data, right->data, common) : 0;

    return order != 0 ? order : left->size < right->size ? -1 : left->size > right->size;
}

/* In one order: it changes nothing of the answer. */
static void put_tickers(const ticker_query *query, ti_buffer *key)
{
    ti_slice sorted[TICKER_QUERY_TICKERS_MAX];

    memcpy(sorted, query->ticker, query->tickers * sizeof(sorted[0]));
    qsort(sorted, query->tickers, sizeof(sorted[0]), compare);
    for (size_t i = 0; i < query->tickers; i++) {
        if (i > 0)
            (void)ti_buffer_byte(key, ',');
        (void)ti_buffer_percent(key, sorted[i], false);
    }
}

static void put_value(const ticker_query *query, ti_query_parameter parameter, ti_buffer *key)
{
    switch (parameter) {
    case TI_ASK_TICKER:
        put_tickers(query, key);
        break;
    case TI_ASK_FROM:
        put_bound(query, key, query->from);
        break;
    case TI_ASK_TO:
        put_bound(query, key, query->to);
        break;
    case TI_ASK_DATE:
        put_date(key, query->date);
        break;
    case TI_ASK_LIMIT:
        put_number(key, query->limit);
        break;
    case TI_ASK_ID:
        put_number(key, query->id);
        break;
    case TI_ASK_MARKET:
        (void)ti_buffer_text(key, query->market);
        break;
    case TI_ASK_PATTERN:
        (void)ti_buffer_percent(key, ti_slice_of(query->pattern), false);
        break;
    case TI_ASK_SEARCH:
        (void)ti_buffer_percent(key, ti_slice_of(query->search), false);
        break;
    case TI_ASK_STATUS:
        (void)ti_buffer_text(key, query->status);
        break;
    case TI_ASK_INTERVAL:
        (void)ti_buffer_text(key, ti_interval_name(query->interval));
        break;
    case TI_ASK_ORDER:
        (void)ti_buffer_text(key, query->descending ? "desc" : "asc");
        break;
    case TI_ASK_CURSOR:
        (void)ti_buffer_text(key, query->cursor);
        break;
    case TI_ASK_LOCATION:
        (void)ti_buffer_text(key, query->keys_only ? "key" : "url");
        break;
    case TI_ASK_BOTH:
        (void)ti_buffer_text(key, query->both ? "yes" : "no");
        break;
    case TI_ASK_COUNT:
    default:
        break;
    }
}

bool ti_query_put_key(const ticker_query *query, bool page, ti_buffer *key)
{
    char separator = '?';

    (void)ti_buffer_text(key, ti_query_kind_name(query->kind));
    for (unsigned i = 0; i < TI_ASK_COUNT; i++) {
        bool of_page = i == TI_ASK_LIMIT || i == TI_ASK_CURSOR || i == TI_ASK_LOCATION;
        bool usual = (i == TI_ASK_ORDER && query->descending == (query->kind == TI_QUERY_IMPORTS)) ||
                     (i == TI_ASK_LOCATION && !query->keys_only) || (i == TI_ASK_BOTH && !query->both);

        if (!ti_query_has(query, (ti_query_parameter)i) || (of_page && !page) || usual)
            continue;
        (void)ti_buffer_byte(key, separator);
        (void)ti_buffer_text(key, ti_query_parameter_name((ti_query_parameter)i));
        (void)ti_buffer_byte(key, '=');
        put_value(query, (ti_query_parameter)i, key);
        separator = '&';
    }
    return !ti_buffer_failed(key);
}
