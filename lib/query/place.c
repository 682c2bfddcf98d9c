/* A cursor is a letter and base64url of eight bytes and a list of fields: the key of the last row that was shown. The bytes
 * are of a hash over the question and the fields, so that a cursor that was cut, changed or taken from another question is
 * told, not followed. It is no signature: whoever makes one by hand can only ask for rows that any other question would
 * show. */
#include "query/place.h"

#include <stdlib.h>

#include "base/date.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/number.h"
#include "base/utf8.h"
#include "query/value.h"

#define CHECK_BYTES 8
#define KEY_MAX ((size_t)64 << 10)
#define DATE_FIRST (-719162) /* 0001-01-01 */
#define DAY_MILLISECONDS 86400000
#define VERSION "1"
#define FIRST_LETTER 'c'

static const ti_field quote_fields[TI_PLACE_FIELDS] = {TI_FIELD_DATE, TI_FIELD_TEXT, TI_FIELD_TEXT, TI_FIELD_NUMBER,
                                                       TI_FIELD_NUMBER};
static const ti_field quote_candle_fields[TI_PLACE_FIELDS] = {TI_FIELD_DATE, TI_FIELD_TEXT};
static const ti_field trade_fields[TI_PLACE_FIELDS] = {TI_FIELD_TIME, TI_FIELD_NUMBER, TI_FIELD_NUMBER, TI_FIELD_TEXT,
                                                       TI_FIELD_DATE};
static const ti_field trade_candle_fields[TI_PLACE_FIELDS] = {TI_FIELD_TIME};
static const ti_field ticker_fields[TI_PLACE_FIELDS] = {TI_FIELD_TEXT};
static const ti_field import_fields[TI_PLACE_FIELDS] = {TI_FIELD_NUMBER};
static const ti_field no_fields[TI_PLACE_FIELDS] = {TI_FIELD_NONE};

const ti_field *ti_place_fields(const ticker_query *query)
{
    bool candles = ti_query_has(query, TI_ASK_INTERVAL);

    switch (query->kind) {
    case TI_QUERY_QUOTES:
        return candles ? quote_candle_fields : quote_fields;
    case TI_QUERY_TRADES:
        return candles ? trade_candle_fields : trade_fields;
    case TI_QUERY_TICKERS:
        return ticker_fields;
    case TI_QUERY_IMPORTS:
        return import_fields;
    case TI_QUERY_SUMMARY:
    case TI_QUERY_VERIFY:
    case TI_QUERY_KINDS:
    default:
        return no_fields;
    }
}

/* --- Out ------------------------------------------------------------------------------------------------------------------------ */

static bool put_fields(const ticker_query *query, const ti_place *place, ti_buffer *text)
{
    const ti_field *fields = ti_place_fields(query);
    char number[TI_NUMBER_TEXT_MAX];

    for (size_t i = 0; i < TI_PLACE_FIELDS && fields[i] != TI_FIELD_NONE; i++) {
        if (i > 0)
            (void)ti_buffer_byte(text, ',');
        if (fields[i] == TI_FIELD_TEXT) {
            (void)ti_buffer_percent(text, ti_slice_of(place->text[i]), false);
        } else {
            (void)ti_format_integer(place->number[i], number);
            (void)ti_buffer_text(text, number);
        }
    }
    return !ti_buffer_failed(text);
}

/* The first bytes of the hash of the question and of the fields. */
static bool check_of(const ticker_query *query, ti_slice fields, unsigned char check[CHECK_BYTES])
{
    unsigned char digest[TI_SHA256_BYTES];
    ti_buffer text;
    bool good;

    ti_buffer_init(&text, KEY_MAX);
    good = ti_buffer_text(&text, VERSION " ") && ti_query_put_key(query, false, &text) && ti_buffer_byte(&text, '\n') &&
           ti_buffer_slice(&text, fields) && ti_sha256_of(text.data, text.size, digest);
    if (good)
        memcpy(check, digest, CHECK_BYTES);
    ti_buffer_free(&text);
    return good;
}

/* A letter, so that no cursor looks like a flag, and RFC 4648's alphabet for URLs, without padding. */
static bool put_base64url(ti_buffer *to, const ti_buffer *bytes)
{
    if (!ti_buffer_byte(to, FIRST_LETTER) || !ti_buffer_base64(to, bytes->data, bytes->size))
        return false;
    while (to->size > 0 && to->data[to->size - 1] == '=')
        to->size--;
    for (size_t i = 0; i < to->size; i++)
        to->data[i] = (char)(to->data[i] == '+' ? '-' : to->data[i] == '/' ? '_' : to->data[i]);
    return true;
}

bool ti_place_seal(const ticker_query *query, ti_slice fields, ti_buffer *cursor)
{
    unsigned char check[CHECK_BYTES];
    ti_buffer bytes;
    bool good;

    ti_buffer_init(&bytes, TICKER_QUERY_CURSOR_MAX);
    good = check_of(query, fields, check) && ti_buffer_append(&bytes, check, CHECK_BYTES) &&
           ti_buffer_slice(&bytes, fields) && put_base64url(cursor, &bytes);
    ti_buffer_free(&bytes);
    return good;
}

ticker_status ti_place_write(ticker_query *query, const ti_place *place, ticker_error *error)
{
    ti_buffer fields, cursor;
    bool good;

    ti_buffer_init(&fields, TICKER_QUERY_CURSOR_MAX);
    ti_buffer_init(&cursor, TICKER_QUERY_CURSOR_MAX);
    good = put_fields(query, place, &fields) && ti_place_seal(query, (ti_slice){fields.data, fields.size}, &cursor) &&
           ti_buffer_string(&cursor) != NULL;
    if (good) {
        free(query->next);
        query->next = cursor.data; /* the query owns it now */
    } else {
        ti_buffer_free(&cursor);
    }
    ti_buffer_free(&fields);
    return good ? TICKER_OK : ti_fail_memory(error);
}

/* --- Back ----------------------------------------------------------------------------------------------------------------------- */

bool ti_place_looks_good(ti_slice text)
{
    if (text.size == 0 || text.data[0] != FIRST_LETTER || text.size >= TICKER_QUERY_CURSOR_MAX)
        return false;
    /* The hash alone takes eleven letters, and a remainder of one letter stands for no byte. */
    if (text.size - 1 < 11 || (text.size - 1) % 4 == 1)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char letter = text.data[i];

        if (!((letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
              (letter >= '0' && letter <= '9') || letter == '-' || letter == '_'))
            return false;
    }
    return true;
}

/* `scratch` is for what lies between. */
static bool take_base64url(ti_buffer *bytes, const char *cursor, ti_buffer *scratch)
{
    ti_buffer_clear(scratch);
    (void)ti_buffer_text(scratch, cursor + 1);
    for (size_t i = 0; i < scratch->size; i++)
        scratch->data[i] = (char)(scratch->data[i] == '-' ? '+' : scratch->data[i] == '_' ? '/' : scratch->data[i]);
    while (scratch->size % 4 != 0 && ti_buffer_byte(scratch, '='))
        continue;
    return !ti_buffer_failed(scratch) && ti_buffer_unbase64(bytes, (ti_slice){scratch->data, scratch->size});
}

static bool number_fits(ti_field field, int64_t number)
{
    if (field == TI_FIELD_DATE)
        return number >= DATE_FIRST && number <= TI_DATE_NONE;
    return field != TI_FIELD_TIME || (number >= 0 && number < DAY_MILLISECONDS);
}

static bool keep_text(char kept[TICKER_TICKER_MAX + 1], ti_slice text)
{
    if (text.size > TICKER_TICKER_MAX)
        return false;
    for (size_t at = 0, length; at < text.size; at += length) {
        length = ti_utf8_length((ti_slice){text.data + at, text.size - at});
        if (length == 0 || text.data[at] == '\0')
            return false;
    }
    if (text.size > 0)
        memcpy(kept, text.data, text.size);
    kept[text.size] = '\0';
    return true;
}

static bool take_field(ti_field field, ti_slice text, ti_place *place, size_t index, ti_buffer *scratch)
{
    if (field != TI_FIELD_TEXT)
        return ti_parse_integer(text, true, &place->number[index]) && number_fits(field, place->number[index]);
    ti_buffer_clear(scratch);
    return ti_buffer_unpercent(scratch, text, false) &&
           keep_text(place->text[index], (ti_slice){scratch->data, scratch->size});
}

static bool take_fields(const ticker_query *query, ti_slice text, ti_place *place, ti_buffer *scratch)
{
    const ti_field *fields = ti_place_fields(query);
    size_t index = 0;

    for (; index < TI_PLACE_FIELDS && fields[index] != TI_FIELD_NONE; index++) {
        const char *comma = text.size > 0 ? memchr(text.data, ',', text.size) : NULL;
        size_t size = comma != NULL ? (size_t)(comma - text.data) : text.size;
        bool last = index + 1 == TI_PLACE_FIELDS || fields[index + 1] == TI_FIELD_NONE;

        if ((comma == NULL) != last || !take_field(fields[index], (ti_slice){text.data, size}, place, index, scratch))
            return false;
        if (!last)
            text = (ti_slice){comma + 1, text.size - size - 1};
    }
    return index > 0;
}

/* False: it is none of this question, or memory was short, which a failed buffer or `short_of` tells. */
static bool read_cursor(const ticker_query *query, ti_place *place, ti_buffer *bytes, ti_buffer *scratch,
                        bool *short_of)
{
    unsigned char check[CHECK_BYTES];
    ti_slice fields;

    if (!take_base64url(bytes, query->cursor, scratch) || bytes->size < CHECK_BYTES)
        return false;
    fields = (ti_slice){bytes->data + CHECK_BYTES, bytes->size - CHECK_BYTES};
    *short_of = !check_of(query, fields, check);
    return !*short_of && memcmp(check, bytes->data, CHECK_BYTES) == 0 && take_fields(query, fields, place, scratch);
}

ticker_status ti_place_read(const ticker_query *query, ti_place *place, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    ti_buffer bytes, scratch;
    bool short_of = false;

    ti_buffer_init(&bytes, TICKER_QUERY_CURSOR_MAX);
    ti_buffer_init(&scratch, TICKER_QUERY_CURSOR_MAX + 4);
    *place = (ti_place){0};
    if (!read_cursor(query, place, &bytes, &scratch, &short_of)) {
        if (short_of || ti_buffer_failed(&bytes) || ti_buffer_failed(&scratch)) {
            status = ti_fail_memory(error);
        } else {
            status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the cursor is damaged, or of another question");
            ti_error_hint(error,
                          "a cursor goes with the parameters of the answer that it came from; only the limit may "
                          "be another");
        }
    }
    ti_buffer_free(&scratch);
    ti_buffer_free(&bytes);
    return status;
}

/* --- Rows ----------------------------------------------------------------------------------------------------------------------- */

static bool of_text(ti_place *place, size_t index, const ti_cell *cell)
{
    return keep_text(place->text[index], cell->kind == TI_CELL_TEXT ? cell->text : (ti_slice){"", 0});
}

static bool of_number(ti_place *place, size_t index, const ti_cell *cell, ticker_type type, int64_t null)
{
    if (!ti_value_of(cell, type, 0, &place->number[index]))
        return false;
    if (place->number[index] == TICKER_NULL)
        place->number[index] = null;
    return place->number[index] != TICKER_NULL;
}

bool ti_place_of_row(const ticker_query *query, const ti_query_columns *columns, const ti_cell *cells, ti_place *place)
{
    *place = (ti_place){0};
    switch (query->kind) {
    case TI_QUERY_QUOTES:
        /* The columns before the turnover have one cell each; the occurrence stands behind them all. */
        return of_number(place, 0, &cells[TICKER_QUOTE_DATE], TICKER_TYPE_DATE, TICKER_NULL) &&
               of_text(place, 1, &cells[TICKER_QUOTE_TICKER]) && of_text(place, 2, &cells[TICKER_QUOTE_MARKET]) &&
               of_number(place, 3, &cells[TICKER_QUOTE_TERM_DAYS], TICKER_TYPE_INTEGER, TI_PLACE_NO_TERM) &&
               of_number(place, 4, &cells[columns->cells], TICKER_TYPE_INTEGER, TICKER_NULL);
    case TI_QUERY_TRADES:
        return of_number(place, 0, &cells[ti_query_trade_cell(TICKER_TRADE_TIME)], TICKER_TYPE_TIME, TICKER_NULL) &&
               of_number(place, 1, &cells[ti_query_trade_cell(TICKER_TRADE_ID)], TICKER_TYPE_INTEGER, TICKER_NULL) &&
               of_number(place, 2, &cells[ti_query_trade_cell(TICKER_TRADE_ACTION)], TICKER_TYPE_INTEGER,
                         TICKER_NULL) &&
               of_text(place, 3, &cells[ti_query_trade_cell(TICKER_TRADE_SESSION)]) &&
               of_number(place, 4, &cells[ti_query_trade_cell(TICKER_TRADE_REFERENCE_DATE)], TICKER_TYPE_DATE,
                         TICKER_NULL);
    case TI_QUERY_TICKERS:
        return of_text(place, 0, &cells[0]);
    case TI_QUERY_IMPORTS:
        return of_number(place, 0, &cells[0], TICKER_TYPE_INTEGER, TICKER_NULL);
    case TI_QUERY_SUMMARY:
    case TI_QUERY_VERIFY:
    case TI_QUERY_KINDS:
    default:
        return false;
    }
}
