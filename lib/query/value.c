#include "query/value.h"

#include "base/date.h"

#define TIME_SIZE 12 /* HH:MM:SS.mmm */
#define CENT 10000   /* millionths */
#define MILLION 1000000

/* "10:00:00", "10:00:00.1" … "10:00:00.123" */
static bool parse_time(ti_slice text, int64_t *milliseconds)
{
    char digits[9] = {'0', '0', '0', '0', '0', '0', '0', '0', '0'};
    size_t used = 0;

    if (text.size < 8 || text.size > TIME_SIZE || text.size == 9)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (i == 2 || i == 5 || i == 8) {
            if (text.data[i] != (i == 8 ? '.' : ':'))
                return false;
        } else {
            digits[used++] = text.data[i];
        }
    }
    return ti_parse_time_digits((ti_slice){digits, sizeof(digits)}, milliseconds);
}

bool ti_value_of(const ti_cell *cell, ticker_type type, unsigned scale, int64_t *value)
{
    *value = TICKER_NULL;
    if (cell->kind == TI_CELL_NULL)
        return true;
    if (cell->kind == TI_CELL_INTEGER) {
        *value = cell->number;
        return true;
    }
    if (type == TICKER_TYPE_DATE)
        return ti_parse_date_iso(cell->text, value);
    if (type == TICKER_TYPE_TIME)
        return parse_time(cell->text, value);
    if (type == TICKER_TYPE_DECIMAL)
        return ti_parse_decimal(cell->text, '.', scale, value);
    return ti_parse_integer(cell->text, true, value);
}

/* Digits before the point and those behind it are read on their own: together they may pass 64 bits. */
static bool parse_wide(ti_slice text, ti_int128 *value)
{
    const char *point = text.size > 0 ? memchr(text.data, '.', text.size) : NULL;
    bool negative = text.size > 0 && text.data[0] == '-';
    ti_slice whole = text;
    int64_t high = 0, low = 0;
    char fraction[TI_NUMBER_TEXT_MAX] = "0";
    size_t size;

    if (point != NULL) {
        whole.size = (size_t)(point - text.data);
        size = text.size - whole.size;
        if (size >= sizeof(fraction) - 1)
            return false;
        memcpy(fraction + 1, point, size);
        if (!ti_parse_decimal((ti_slice){fraction, size + 1}, '.', 6, &low))
            return false;
    }
    if (!ti_parse_integer(whole, true, &high))
        return false;
    *value = (ti_int128)high * MILLION + (negative ? -low : low);
    return true;
}

bool ti_value_of_turnover(const ti_cell cell[2], ti_int128 *value)
{
    *value = 0;
    if (cell[0].kind == TI_CELL_TEXT)
        return parse_wide(cell[0].text, value);
    if (cell[0].kind == TI_CELL_INTEGER)
        *value = (ti_int128)cell[0].number * CENT;
    if (cell[1].kind == TI_CELL_INTEGER)
        *value += cell[1].number;
    return true;
}
