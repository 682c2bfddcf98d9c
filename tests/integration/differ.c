/* The same questions to two databases that hold the same files: the answers must be the same byte for byte, and so must be what is refused.
 *
 * differ URL URL SEED QUESTIONS    makes questions up, in an order that the seed alone decides; prints each that is answered in two ways,
 *                                  and ends with 1 when there is one. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport.h>

#include "base/date.h"
#include "base/number.h"
#include "query/place.h"

#define TEXT_MAX 1024
#define PAGES_MAX 4
#define SHOWN_MAX 10 /* differences that are printed */

typedef struct answer {
    char *data;
    size_t size, capacity;
    ticker_status status;
    uint64_t rows;
    int more;
    char cursor[TICKER_QUERY_CURSOR_MAX];
    ticker_error *error;
} answer;

typedef struct side {
    ticker_store *store;
    answer answer;
} side;

static uint64_t state;

static unsigned below(unsigned limit)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % limit;
}

static uint64_t number_of(const char *text)
{
    int64_t number = 0;

    if (!ti_parse_integer(ti_slice_of(text), false, &number))
        exit(2);
    return (uint64_t)number;
}

static void give_up(const char *what, const ticker_error *error)
{
    (void)fprintf(stderr, "%s: %s\n", what, ticker_error_message(error));
    exit(2);
}

/* --- Asking -------------------------------------------------------------------------------------------------------------------- */

static int keep(const void *data, size_t size, void *payload)
{
    answer *to = payload;

    if (to->size + size > to->capacity) {
        char *grown = realloc(to->data, 2 * (to->size + size));

        if (grown == NULL)
            return 1;
        to->data = grown;
        to->capacity = 2 * (to->size + size);
    }
    memcpy(to->data + to->size, data, size);
    to->size += size;
    return 0;
}

static void ask(ticker_query *query, const char *format, side *of)
{
    answer *to = &of->answer;
    const char *cursor;

    to->size = 0;
    to->rows = 0;
    to->more = 0;
    ticker_error_clear(to->error);
    to->status = ticker_query_run(query, of->store, format, keep, to, &to->rows, &to->more, to->error);
    cursor = ticker_query_cursor(query);
    (void)snprintf(to->cursor, sizeof(to->cursor), "%s", cursor != NULL ? cursor : "");
}

static bool equal(const answer *a, const answer *b)
{
    if (a->status != b->status || a->rows != b->rows || a->more != b->more || strcmp(a->cursor, b->cursor) != 0)
        return false;
    if (a->status != TICKER_OK)
        return ticker_error_get_kind(a->error) == ticker_error_get_kind(b->error);
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static void show(const answer *of, const char *name)
{
    printf("  %s: %s, %" PRIu64 " rows, %zu bytes%s %s\n", name, ticker_status_name(of->status), of->rows, of->size,
           of->more != 0 ? ", more" : "", ticker_error_message(of->error));
}

/* Where they part. */
static void show_difference(ticker_query *query, const side *sides)
{
    const answer *a = &sides[0].answer, *b = &sides[1].answer;
    size_t at = 0, from;

    printf("DIFFERS %s\n", ticker_query_key(query));
    show(a, ticker_store_backend(sides[0].store));
    show(b, ticker_store_backend(sides[1].store));
    while (at < a->size && at < b->size && a->data[at] == b->data[at])
        at++;
    from = at < 60 ? 0 : at - 60;
    printf("  %.*s\n  %.*s\n", (int)(a->size - from < 160 ? a->size - from : 160), a->size > 0 ? a->data + from : "",
           (int)(b->size - from < 160 ? b->size - from : 160), b->size > 0 ? b->data + from : "");
}

/* --- Making questions up ------------------------------------------------------------------------------------------------------- */

#define PICK(list) ((list)[below(sizeof(list) / sizeof((list)[0]))])

static const char *const tickers[] = {"HUGE3", "ABCD4", "ABCD4T", "FACT3",  "LONG3",     "WXYZ3", "PETR4",
                                      "VALE3", "NONE1", "petr4",  "PETR4 ", "\xc3\x89T", "A%",    "'; --"};
static const char *const days[] = {"0001-01-01", "2017-01-03", "2018-12-31", "2019-12-27", "2019-12-30", "2019-12-31",
                                   "2020-01-01", "2020-01-02", "2020-01-05", "2020-01-06", "2020-01-31", "2020-02-06",
                                   "2020-02-07", "2020-12-28", "2020-12-31", "2021-01-04", "2021-12-31", "9999-12-31"};
static const char *const times[] = {"00:00",        "10:00",    "10:00:00.001", "10:04:59.999",
                                    "10:59:59.999", "11:00:00", "13:30",        "23:59:59.999"};
static const char *const texts[] = {"PET", "pet", "name",  "a",   "%",        "_",         "!",  "*",
                                    "?",   "*4*", "?BCD*", "br*", "\xc3\xa9", "\xc3\x89*", "''", "\\"};
static const char *const limits[] = {"1", "2", "3", "7", "50", "1000", "9223372036854775806"};

static void make_tickers(char *text, bool several)
{
    unsigned count = several ? 1 + below(4) : 1;

    text[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        size_t used = strlen(text);

        (void)snprintf(text + used, TEXT_MAX - used, "%s%s", i > 0 ? "," : "", PICK(tickers));
    }
}

/* One time in `odds` the parameter is set. What is refused is no part of the question. */
static void set(ticker_query *query, unsigned odds, const char *name, const char *value)
{
    if (below(odds) == 0)
        (void)!ticker_query_set(query, name, value, NULL);
}

static ticker_query *make_question(void)
{
    static const char *const kinds[] = {"quotes", "quotes", "quotes", "trades", "trades", "summary", "tickers"};
    static const char *const of_quotes[] = {"1d", "1w", "1mo"}, *const of_trades[] = {"1m", "5m", "15m", "1h"};
    static const char *const markets[] = {"010", "030", "070", "999"}, *const orders[] = {"asc", "desc"};
    const char *kind = PICK(kinds);
    ticker_query *query = ticker_query_new(kind);
    bool trades = strcmp(kind, "trades") == 0, summary = strcmp(kind, "summary") == 0;
    char text[TEXT_MAX];

    if (query == NULL)
        exit(2);
    make_tickers(text, !trades && !summary);
    set(query, trades || summary ? 1 : strcmp(kind, "tickers") == 0 ? 4 : 2, "ticker", text);
    set(query, trades ? 1 : 5, "date", trades && below(2) == 0 ? "2020-02-06" : PICK(days));
    set(query, 3, "from", trades ? PICK(times) : PICK(days));
    set(query, 3, "to", trades ? PICK(times) : PICK(days));
    set(query, 5, "market", PICK(markets));
    set(query, 2, "interval", trades ? PICK(of_trades) : PICK(of_quotes));
    set(query, 3, "q", PICK(texts));
    set(query, 3, "pattern", PICK(texts));
    set(query, 2, "limit", PICK(limits));
    set(query, 2, "order", PICK(orders));
    return query;
}

/* Another cursor than the one that was handed out: cut, longer, or with another letter. */
static void spoil(char *cursor)
{
    static const char letters[] = "ABCXYZabcxyz0189-_";
    size_t size = strlen(cursor), at = 1 + below((unsigned)size - 1);

    if (below(3) == 0)
        cursor[at] = '\0';
    else
        cursor[at] = letters[below(sizeof(letters) - 1)];
}

/* A cursor that is sound and that no row has: whoever knows how makes one by hand. */
static void begin_anywhere(ticker_query *query)
{
    static const int64_t numbers[] = {0, 1, -1, 10, 32767, 32768, INT32_MAX, INT64_C(2147483648), INT64_MIN, INT64_MAX};
    const ti_field *fields = ti_place_fields(query);
    ti_place place = {.number = {0}};

    for (size_t i = 0; i < TI_PLACE_FIELDS && fields[i] != TI_FIELD_NONE; i++) {
        if (fields[i] == TI_FIELD_TEXT)
            (void)snprintf(place.text[i], sizeof(place.text[i]), "%s", below(2) == 0 ? PICK(tickers) : PICK(texts));
        else if (fields[i] == TI_FIELD_TIME)
            place.number[i] = below(86400000);
        else if (fields[i] == TI_FIELD_DATE)
            (void)ti_parse_date_iso(ti_slice_of(PICK(days)), &place.number[i]);
        else
            place.number[i] = PICK(numbers);
    }
    if (fields[0] != TI_FIELD_NONE && ti_place_write(query, &place, NULL) == TICKER_OK)
        set(query, 1, "cursor", ticker_query_cursor(query));
}

/* --- Comparing ----------------------------------------------------------------------------------------------------------------- */

static bool compare(ticker_query *query, const char *format, side *sides)
{
    ask(query, format, &sides[0]);
    ask(query, format, &sides[1]);
    return equal(&sides[0].answer, &sides[1].answer);
}

/* A question, some of its next pages, and a cursor that nobody handed out. Returns the pages that were asked for; 0: they differ. */
static unsigned compare_pages(ticker_query *query, side *sides)
{
    static const char *const formats[] = {"json", "csv", "ndjson"};
    const char *format = PICK(formats);
    char cursor[TICKER_QUERY_CURSOR_MAX];

    for (unsigned page = 1;; page++) {
        if (!compare(query, format, sides)) {
            show_difference(query, sides);
            return 0;
        }
        memcpy(cursor, sides[0].answer.cursor, sizeof(cursor));
        if (cursor[0] == '\0')
            return page;
        if (page == PAGES_MAX)
            spoil(cursor);
        if (ticker_query_set(query, "cursor", cursor, NULL) != TICKER_OK || page > PAGES_MAX)
            return page;
    }
}

static void open_side(side *to, const char *url)
{
    ticker_options *options = ticker_options_new();

    to->answer.error = ticker_error_new();
    if (options == NULL || to->answer.error == NULL)
        exit(2);
    if (ticker_options_set(options, "database-url", url, to->answer.error) != TICKER_OK ||
        ticker_store_open(options, &to->store, to->answer.error) != TICKER_OK)
        give_up(url, to->answer.error);
    ticker_options_free(options);
}

static void close_side(side *of)
{
    ticker_store_free(of->store);
    ticker_error_free(of->answer.error);
    free(of->answer.data);
}

int main(int argc, char **argv)
{
    side sides[2] = {{.store = NULL}, {.store = NULL}};
    uint64_t questions, bad = 0, pages = 0, answered = 0;

    if (argc != 5)
        return 2;
    open_side(&sides[0], argv[1]);
    open_side(&sides[1], argv[2]);
    state = number_of(argv[3]);
    questions = number_of(argv[4]);
    for (uint64_t i = 0; i < questions && bad < SHOWN_MAX; i++) {
        ticker_query *query = make_question();
        unsigned done;

        if (below(4) == 0)
            begin_anywhere(query);
        done = compare_pages(query, sides);
        pages += done;
        bad += done == 0;
        answered += sides[0].answer.rows > 0 || done > 1;
        ticker_query_free(query);
    }
    printf("%" PRIu64 " questions, %" PRIu64 " pages, %" PRIu64 " with rows, %" PRIu64 " answered in two ways\n",
           questions, pages, answered, bad);
    close_side(&sides[0]);
    close_side(&sides[1]);
    /* A test that asks for what is not there compares nothing. */
    return bad > 0 || answered < questions / 5 || pages < questions;
}
