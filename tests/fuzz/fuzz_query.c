/* Questions as they come from a URL: names and values, and cursors that somebody made by hand, with a right hash. Whatever they are:
 * refused, or asked with parameters that a database takes.
 *
 * The first byte is the kind; then each line is name=value, or '#' and the fields of a cursor. */
#include "fuzz.h"

#include <string.h>

#include "base/date.h"
#include "base/utf8.h"
#include "query/place.h"

#define LINE_MAX_BYTES 4096
#define DATE_FIRST (-719162)

static void check_text(ti_slice text)
{
    for (size_t at = 0, length; at < text.size; at += length) {
        length = ti_utf8_length((ti_slice){text.data + at, text.size - at});
        CHECK(length > 0 && text.data[at] != '\0');
    }
}

static ticker_status look(ticker_store *store, const char *sql, const ti_parameter *parameters, size_t count,
                          ti_cursor **cursor, ticker_error *error)
{
    (void)store;
    (void)cursor;
    CHECK(strlen(sql) > 0);
    for (size_t i = 0; i < count; i++) {
        if (parameters[i].type == TICKER_TYPE_TEXT)
            check_text(parameters[i].text);
        if (parameters[i].type == TICKER_TYPE_DATE)
            CHECK(parameters[i].number >= DATE_FIRST && parameters[i].number <= TI_DATE_NONE);
        if (parameters[i].type == TICKER_TYPE_TIME)
            CHECK(parameters[i].number >= 0 && parameters[i].number <= 86400000);
    }
    return ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "no");
}

static int drop(const void *data, size_t size, void *payload)
{
    (void)data;
    (void)size;
    (void)payload;
    return 0;
}

static void set_cursor(ticker_query *query, ti_slice fields)
{
    ti_buffer cursor;

    ti_buffer_init(&cursor, TICKER_QUERY_CURSOR_MAX);
    if (ti_place_seal(query, fields, &cursor) && ti_buffer_string(&cursor) != NULL)
        CHECK(ticker_query_set(query, "cursor", cursor.data, NULL) == TICKER_OK ||
              strcmp(ti_query_kind_name(query->kind), "summary") == 0);
    ti_buffer_free(&cursor);
}

static void set_line(ticker_query *query, ti_slice line)
{
    char *text = ti_slice_copy(line), *equals;

    if (text == NULL)
        return;
    equals = strchr(text, '=');
    if (text[0] == '#') {
        set_cursor(query, (ti_slice){line.data + 1, line.size - 1});
    } else if (equals != NULL) {
        *equals = '\0';
        CHECK(ticker_query_set(query, text, equals + 1, NULL) <= TICKER_OK);
    }
    free(text);
}

/* A place that was read is written as it came, in the one way it can be. */
static void check_place(ticker_query *query)
{
    ti_place place, again;

    CHECK(ti_place_read(query, &place, NULL) == TICKER_OK);
    CHECK(ti_place_write(query, &place, NULL) == TICKER_OK);
    CHECK(strlen(ticker_query_cursor(query)) < TICKER_QUERY_CURSOR_MAX);
    CHECK(ticker_query_set(query, "cursor", ticker_query_cursor(query), NULL) == TICKER_OK);
    CHECK(ti_place_read(query, &again, NULL) == TICKER_OK);
    CHECK(memcmp(&place, &again, sizeof(place)) == 0);
}

static void check_query(ticker_query *query)
{
    static const ti_store_ops ops = {.size = sizeof(ops), .name = "none", .query = look};
    ticker_store store = {.ops = &ops};
    const char *key = ticker_query_key(query);
    ticker_error error;

    CHECK(key != NULL);
    for (const char *at = key; *at != '\0'; at++)
        CHECK(*at > ' ' && *at < 0x7f);
    ti_error_init(&error);
    if (ticker_query_check(query, &error) != TICKER_OK) {
        CHECK(error.kind == TICKER_ERROR_USAGE);
        CHECK(ticker_query_run(query, &store, "json", drop, NULL, NULL, NULL, NULL) == TICKER_FATAL);
        return;
    }
    if (ti_query_has(query, TI_ASK_CURSOR))
        check_place(query);
    CHECK(ticker_query_run(query, &store, "json", drop, NULL, NULL, NULL, &error) != TICKER_FATAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const kinds[] = {"quotes", "trades", "summary", "tickers", "imports"};
    ticker_query *query;
    ti_slice rest;

    if (size == 0)
        return 0;
    query = ticker_query_new(kinds[data[0] % (sizeof(kinds) / sizeof(kinds[0]))]);
    if (query == NULL)
        return 0;
    rest = (ti_slice){(const char *)data + 1, size - 1};
    while (rest.size > 0) {
        const char *end = memchr(rest.data, '\n', rest.size);
        size_t length = end != NULL ? (size_t)(end - rest.data) : rest.size;

        if (length > 0 && length <= LINE_MAX_BYTES)
            set_line(query, (ti_slice){rest.data, length});
        rest = (ti_slice){rest.data + length, rest.size - length};
        if (rest.size > 0)
            rest = (ti_slice){rest.data + 1, rest.size - 1};
    }
    check_query(query);
    ticker_query_free(query);
    return 0;
}
