/* Reads the values of a query's parameters. Nothing of the query changes before the whole value has been understood. */
#include <stdlib.h>

#include "base/date.h"
#include "base/number.h"
#include "base/utf8.h"
#include "query/place.h"

#define PATTERN_MAX 256 /* bytes of a pattern as given */

static ticker_status refuse(ticker_error *error, const char *name, const char *value, const char *wanted)
{
    (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s cannot be \"%.80s\"", name, value);
    ti_error_hint(error, "write %s", wanted);
    return TICKER_FATAL;
}

/* A database would refuse anything else only in the middle of the query. */
bool ti_query_text_valid(ti_slice text)
{
    for (size_t at = 0, length; at < text.size; at += length) {
        length = ti_utf8_length((ti_slice){text.data + at, text.size - at});
        if (length == 0 || (unsigned char)text.data[at] < 0x20 || text.data[at] == 0x7f)
            return false;
    }
    return true;
}

static ti_slice trimmed(ti_slice text)
{
    while (text.size > 0 && text.data[0] == ' ') {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    return text;
}

static bool contains(const ti_slice *tickers, size_t count, ti_slice ticker)
{
    for (size_t i = 0; i < count; i++)
        if (ti_slice_equal(tickers[i], ticker))
            return true;
    return false;
}

/* Fills `tickers`, each once. False when one is empty, too long, no text, or there are too many. */
static bool split_tickers(ti_slice list, bool several, ti_slice *tickers, size_t *count)
{
    size_t at = 0;

    *count = 0;
    do {
        const char *start = list.data + at;
        const char *comma = several ? memchr(start, ',', list.size - at) : NULL;
        size_t size = comma != NULL ? (size_t)(comma - start) : list.size - at;
        ti_slice ticker = trimmed((ti_slice){start, size});

        at += size + 1;
        if (ticker.size == 0 || ticker.size > TICKER_TICKER_MAX || !ti_query_text_valid(ticker))
            return false;
        if (contains(tickers, *count, ticker))
            continue;
        if (*count == TICKER_QUERY_TICKERS_MAX)
            return false;
        tickers[(*count)++] = ticker;
    } while (at <= list.size);
    return true;
}

static ticker_status read_ticker(ticker_query *query, const char *value, ticker_error *error)
{
    ti_slice tickers[TICKER_QUERY_TICKERS_MAX];
    size_t count = 0;
    bool several = query->kind == TI_QUERY_QUOTES || query->kind == TI_QUERY_TICKERS || query->kind == TI_QUERY_VERIFY;
    char *copy = strdup(value);

    if (copy == NULL)
        return ti_fail_memory(error);
    if (!split_tickers(ti_slice_of(copy), several, tickers, &count)) {
        free(copy);
        return refuse(error, "ticker", value,
                      several ? "up to 100 trading codes with commas between them, such as PETR4,VALE5"
                              : "one trading code, such as PETR4");
    }
    /* A NUL behind each: what stands there is a comma, a blank or the end. */
    for (size_t i = 0; i < count; i++)
        copy[(size_t)(tickers[i].data - copy) + tickers[i].size] = '\0';
    free(query->ticker_text);
    query->ticker_text = copy;
    memcpy(query->ticker, tickers, count * sizeof(tickers[0]));
    query->tickers = count;
    return TICKER_OK;
}

static ticker_status read_date(int64_t *days, const char *name, const char *value, ticker_error *error)
{
    if (!ti_parse_date_iso(ti_slice_of(value), days))
        return refuse(error, name, value, "a day of the calendar as YYYY-MM-DD");
    return TICKER_OK;
}

bool ti_parse_time_of_day(ti_slice text, int64_t *milliseconds)
{
    static const char empty[] = "00:00:00.000";
    char digits[9];
    size_t used = 0;

    if (text.size != 5 && text.size != 8 && text.size != 12)
        return false;
    for (size_t i = 0; i < sizeof(empty) - 1; i++) {
        char byte = i < text.size ? text.data[i] : empty[i];

        if (empty[i] == '0')
            digits[used++] = byte;
        else if (byte != empty[i])
            return false;
    }
    return ti_parse_time_digits((ti_slice){digits, sizeof(digits)}, milliseconds);
}

/* `from` and `to`. */
static ticker_status read_bound(const ticker_query *query, int64_t *value, const char *name, const char *text,
                                ticker_error *error)
{
    if (query->kind != TI_QUERY_TRADES)
        return read_date(value, name, text, error);
    if (!ti_parse_time_of_day(ti_slice_of(text), value))
        return refuse(error, name, text, "a time of the day as HH:MM, HH:MM:SS or HH:MM:SS.mmm");
    return TICKER_OK;
}

static const char *const interval_names[TI_INTERVAL_COUNT] = {
    [TI_INTERVAL_NONE] = "",          [TI_INTERVAL_DAY] = "1d",      [TI_INTERVAL_WEEK] = "1w",
    [TI_INTERVAL_MONTH] = "1mo",      [TI_INTERVAL_1_MINUTE] = "1m", [TI_INTERVAL_5_MINUTES] = "5m",
    [TI_INTERVAL_15_MINUTES] = "15m", [TI_INTERVAL_HOUR] = "1h",
};

const char *ti_interval_name(ti_interval interval)
{
    return interval_names[interval];
}

static ticker_status read_interval(ticker_query *query, const char *value, ticker_error *error)
{
    bool trades = query->kind == TI_QUERY_TRADES;
    unsigned first = trades ? TI_INTERVAL_1_MINUTE : TI_INTERVAL_DAY;
    unsigned end = trades ? TI_INTERVAL_COUNT : TI_INTERVAL_1_MINUTE;

    for (unsigned i = first; i < end; i++) {
        if (strcmp(interval_names[i], value) == 0) {
            query->interval = (ti_interval)i;
            return TICKER_OK;
        }
    }
    return refuse(error, "interval", value,
                  trades ? "1m, 5m, 15m or 1h: candles of that length"
                         : "1d, 1w or 1mo: candles of days, weeks or months");
}

static ticker_status read_status(ticker_query *query, const char *value, ticker_error *error)
{
    static const char *const names[] = {"queued", "running", "imported", "duplicate", "failed"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], value) == 0) {
            query->status = names[i];
            return TICKER_OK;
        }
    }
    return refuse(error, "status", value, "queued, running, imported, duplicate or failed");
}

static ticker_status read_cursor(ticker_query *query, const char *value, ticker_error *error)
{
    char *copy;

    if (!ti_place_looks_good(ti_slice_of(value)))
        return refuse(error, "cursor", value, "what the answer before said, as it is");
    copy = strdup(value);
    if (copy == NULL)
        return ti_fail_memory(error);
    free(query->cursor);
    query->cursor = copy;
    return TICKER_OK;
}

static ticker_status read_number(int64_t *number, const char *name, const char *value, ticker_error *error)
{
    int64_t read = 0;

    /* One more than the limit is asked for. */
    if (!ti_parse_integer(ti_slice_of(value), false, &read) || read < 1 || read == INT64_MAX)
        return refuse(error, name, value, "a whole number from 1 on");
    *number = read;
    return TICKER_OK;
}

static ticker_status read_market(ticker_query *query, const char *value, ticker_error *error)
{
    int64_t number = 0;

    if (strlen(value) != TI_MARKET_DIGITS || !ti_parse_integer(ti_slice_of(value), false, &number))
        return refuse(error, "market", value, "three digits: 010 cash, 020 odd lots, 030 forward, 070 calls, 080 puts");
    memcpy(query->market, value, TI_MARKET_DIGITS + 1);
    return TICKER_OK;
}

static ticker_status read_order(ticker_query *query, const char *value, ticker_error *error)
{
    bool descending = strcmp(value, "desc") == 0;

    if (!descending && strcmp(value, "asc") != 0)
        return refuse(error, "order", value, "asc (oldest first) or desc");
    query->descending = descending;
    return TICKER_OK;
}

static ticker_status read_location(ticker_query *query, const char *value, ticker_error *error)
{
    bool keys_only = strcmp(value, "key") == 0;

    if (!keys_only && strcmp(value, "url") != 0)
        return refuse(error, "location", value, "url (as it is stored) or key (of folders the key only)");
    query->keys_only = keys_only;
    return TICKER_OK;
}

/* In capitals as far as the files' character set (Latin-1) goes, so that it can be compared with UPPER(), which leaves
 * capitals as they are in both databases. */
static void to_capitals(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool accented = i > 0 && (unsigned char)text[i - 1] == 0xc3 && byte >= 0xa0 && byte <= 0xbe && byte != 0xb7;

        if ((byte >= 'a' && byte <= 'z') || accented)
            text[i] = (char)(byte - 0x20);
    }
}

/* Turns "PET*" into LIKE's "PET%"; what has no sign of a pattern gets "%" before and behind it, where it is said. '!' escapes what LIKE
 * would take for a sign of its own. NULL: no memory. */
static char *make_like(ti_slice pattern, bool before, bool behind)
{
    bool part = memchr(pattern.data, '*', pattern.size) == NULL && memchr(pattern.data, '?', pattern.size) == NULL;
    ti_buffer like;

    ti_buffer_init(&like, 2 * PATTERN_MAX + 16);
    if (part && before)
        (void)ti_buffer_byte(&like, '%');
    for (size_t i = 0; i < pattern.size; i++) {
        char byte = pattern.data[i];

        if (byte == '*' && i > 0 && pattern.data[i - 1] == '*')
            continue;
        if (byte == '%' || byte == '_' || byte == '!')
            (void)ti_buffer_byte(&like, '!');
        (void)ti_buffer_byte(&like, byte == '*' ? '%' : byte == '?' ? '_' : byte);
    }
    if (part && behind)
        (void)ti_buffer_byte(&like, '%');
    if (ti_buffer_string(&like) == NULL) {
        ti_buffer_free(&like);
        return NULL;
    }
    to_capitals(like.data, like.size);
    return like.data; /* its memory goes to the caller */
}

static ticker_status read_both(ticker_query *query, const char *value, ticker_error *error)
{
    bool both = strcmp(value, "yes") == 0;

    if (!both && strcmp(value, "no") != 0)
        return refuse(error, "both", value, "yes or no");
    query->both = both;
    return TICKER_OK;
}

static bool is_pattern(ti_slice text)
{
    return text.size > 0 && text.size <= PATTERN_MAX && ti_query_text_valid(text);
}

static ticker_status read_pattern(ticker_query *query, const char *value, ticker_error *error)
{
    char *like;

    if (!is_pattern(ti_slice_of(value)))
        return refuse(error, "pattern", value, "a part of a ticker, name or ISIN, or a pattern with * and ?");
    like = make_like(ti_slice_of(value), true, true);
    if (like == NULL)
        return ti_fail_memory(error);
    free(query->pattern);
    query->pattern = like;
    return TICKER_OK;
}

/* What somebody types who looks for a ticker: its beginning, a part of the name, or the ISIN. */
static ticker_status read_search(ticker_query *query, const char *value, ticker_error *error)
{
    ti_slice text = trimmed(ti_slice_of(value));
    char *search, *inside;

    if (!is_pattern(text))
        return refuse(error, "q", value, "the beginning of a ticker or ISIN, or a part of a name");
    search = make_like(text, false, true);
    inside = make_like(text, true, true);
    if (search == NULL || inside == NULL) {
        free(search);
        free(inside);
        return ti_fail_memory(error);
    }
    free(query->search);
    free(query->inside);
    query->search = search;
    query->inside = inside;
    return TICKER_OK;
}

ticker_status ti_query_read(ticker_query *query, ti_query_parameter parameter, const char *value, ticker_error *error)
{
    switch (parameter) {
    case TI_ASK_TICKER:
        return read_ticker(query, value, error);
    case TI_ASK_FROM:
        return read_bound(query, &query->from, "from", value, error);
    case TI_ASK_TO:
        return read_bound(query, &query->to, "to", value, error);
    case TI_ASK_DATE:
        return read_date(&query->date, "date", value, error);
    case TI_ASK_MARKET:
        return read_market(query, value, error);
    case TI_ASK_LIMIT:
        return read_number(&query->limit, "limit", value, error);
    case TI_ASK_ID:
        return read_number(&query->id, "id", value, error);
    case TI_ASK_PATTERN:
        return read_pattern(query, value, error);
    case TI_ASK_SEARCH:
        return read_search(query, value, error);
    case TI_ASK_STATUS:
        return read_status(query, value, error);
    case TI_ASK_INTERVAL:
        return read_interval(query, value, error);
    case TI_ASK_CURSOR:
        return read_cursor(query, value, error);
    case TI_ASK_ORDER:
        return read_order(query, value, error);
    case TI_ASK_LOCATION:
        return read_location(query, value, error);
    case TI_ASK_BOTH:
        return read_both(query, value, error);
    case TI_ASK_COUNT:
    default:
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "a parameter without a number");
    }
}
