/* Reads the values of a query's parameters. Nothing of the query changes before the whole value has been understood. */
#include <stdlib.h>

#include "base/date.h"
#include "base/number.h"
#include "query/query.h"

#define PATTERN_MAX 256 /* bytes of a pattern as given */

static ticker_status refuse(ticker_error *error, const char *name, const char *value, const char *wanted)
{
    (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s cannot be \"%.80s\"", name, value);
    ti_error_hint(error, "write %s", wanted);
    return TICKER_FATAL;
}

/* UTF-8 without control characters: a database would refuse anything else only in the middle of the query.
 * ti_buffer_json() writes quotes, escapes, and three bytes for each that is no UTF-8, so the length tells. */
static bool valid_text(ti_slice text)
{
    size_t expected = text.size + 2;
    ti_buffer copy;
    bool valid;

    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return false;
        expected += text.data[i] == '"' || text.data[i] == '\\';
    }
    ti_buffer_init(&copy, text.size * 6 + 16);
    valid = ti_buffer_json(&copy, text) && copy.size == expected;
    ti_buffer_free(&copy);
    return valid;
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
        if (ticker.size == 0 || ticker.size > TICKER_TICKER_MAX || !valid_text(ticker))
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
    char *copy = strdup(value);

    if (copy == NULL)
        return ti_fail_memory(error);
    if (!split_tickers(ti_slice_of(copy), query->kind == TI_QUERY_QUOTES, tickers, &count)) {
        free(copy);
        return refuse(error, "ticker", value,
                      query->kind == TI_QUERY_QUOTES
                          ? "up to 100 trading codes with commas between them, such as PETR4,VALE5"
                          : "one trading code, such as PETR4");
    }
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

/* Turns "PET*" into LIKE's "PET%", and "PET" into "%PET%"; '!' escapes what LIKE would take for a sign of its own. */
static void put_like(ti_buffer *like, ti_slice pattern)
{
    bool part = memchr(pattern.data, '*', pattern.size) == NULL && memchr(pattern.data, '?', pattern.size) == NULL;

    if (part)
        (void)ti_buffer_byte(like, '%');
    for (size_t i = 0; i < pattern.size; i++) {
        char byte = pattern.data[i];

        if (byte == '*' && i > 0 && pattern.data[i - 1] == '*')
            continue;
        if (byte == '%' || byte == '_' || byte == '!')
            (void)ti_buffer_byte(like, '!');
        (void)ti_buffer_byte(like, byte == '*' ? '%' : byte == '?' ? '_' : byte);
    }
    if (part)
        (void)ti_buffer_byte(like, '%');
}

static ticker_status read_pattern(ticker_query *query, const char *value, ticker_error *error)
{
    ti_slice text = ti_slice_of(value);
    ti_buffer like;

    if (text.size == 0 || text.size > PATTERN_MAX || !valid_text(text))
        return refuse(error, "pattern", value, "a part of a ticker or name, or a pattern with * and ?");
    ti_buffer_init(&like, 2 * PATTERN_MAX + 16);
    put_like(&like, text);
    if (ti_buffer_string(&like) == NULL) {
        ti_buffer_free(&like);
        return ti_fail_memory(error);
    }
    to_capitals(like.data, like.size);
    free(query->pattern);
    query->pattern = like.data; /* the query owns it now */
    return TICKER_OK;
}

ticker_status ti_query_read(ticker_query *query, ti_query_parameter parameter, const char *value, ticker_error *error)
{
    switch (parameter) {
    case TI_ASK_TICKER:
        return read_ticker(query, value, error);
    case TI_ASK_FROM:
        return read_date(&query->from, "from", value, error);
    case TI_ASK_TO:
        return read_date(&query->to, "to", value, error);
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
    case TI_ASK_ORDER:
        return read_order(query, value, error);
    case TI_ASK_COUNT:
    default:
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "a parameter without a number");
    }
}
