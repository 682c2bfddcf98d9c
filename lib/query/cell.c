#include "query/cell.h"

#include "base/date.h"
#include "base/number.h"

#define DATE_FIRST (-719162) /* 0001-01-01 */
#define DATE_LAST TI_DATE_NONE
#define DAY_MILLISECONDS 86400000
#define REST_SCALE 6    /* rests are millionths */
#define TIME_SIZE 12    /* HH:MM:SS.mmm */
#define SECONDS_SIZE 19 /* YYYY-MM-DDTHH:MM:SS */
#define INSTANT_MAX 40

_Static_assert(TI_CELL_ROOM >= TI_NUMBER_TEXT_MAX, "a number must fit");

static char *put_bytes(char *to, const char *data, size_t size)
{
    memcpy(to, data, size);
    return to + size;
}

/* Writes exactly `width` digits. */
static void put_width(char *to, uint64_t value, unsigned width)
{
    for (unsigned i = width; i > 0; i--) {
        to[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

static char *put_number(char *to, uint64_t value)
{
    char digit[20];
    unsigned at = sizeof(digit);

    do {
        digit[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return put_bytes(to, digit + at, sizeof(digit) - at);
}

static char *put_integer(char *to, int64_t value)
{
    uint64_t size = (uint64_t)value;

    if (value < 0) {
        *to++ = '-';
        size = 0 - size;
    }
    return put_number(to, size);
}

/* What ti_format_decimal() writes, in 64 bits: an answer has eleven of these a row. */
static char *put_decimal(char *to, int64_t mantissa, unsigned scale, unsigned digits)
{
    uint64_t size = (uint64_t)mantissa, unit = (uint64_t)ti_power10(scale), fraction;

    if (mantissa < 0) {
        *to++ = '-';
        size = 0 - size;
    }
    to = put_number(to, size / unit);
    fraction = size % unit;
    while (scale > digits && fraction % 10 == 0) {
        fraction /= 10;
        scale--;
    }
    if (scale == 0)
        return to;
    *to++ = '.';
    put_width(to, fraction, scale);
    return to + scale;
}

static char *put_with_rest(const ti_query_column *column, const ti_cell *cell, char *to)
{
    ti_int128 value = (ti_int128)cell[0].number * ti_power10(REST_SCALE - column->scale) + cell[1].number;

    return to + ti_format_decimal(value, REST_SCALE, column->digits, to);
}

static char *put_date(char *to, int64_t days)
{
    if (days < DATE_FIRST || days > DATE_LAST)
        return put_integer(to, days);
    return to + ti_format_date(days, to);
}

static char *put_time(char *to, int64_t milliseconds)
{
    if (milliseconds < 0 || milliseconds >= DAY_MILLISECONDS)
        return put_integer(to, milliseconds);
    return to + ti_format_time(milliseconds, to);
}

/* "2026-09-23T10:00:00.123Z" from milliseconds since 1970. */
static char *put_instant(char *to, int64_t milliseconds)
{
    int64_t days = milliseconds / DAY_MILLISECONDS, rest = milliseconds % DAY_MILLISECONDS;

    if (rest < 0) {
        rest += DAY_MILLISECONDS;
        days--;
    }
    if (days < DATE_FIRST || days > DATE_LAST)
        return put_integer(to, milliseconds);
    to += ti_format_date(days, to);
    *to++ = 'T';
    to += ti_format_time(rest, to);
    *to++ = 'Z';
    return to;
}

static char *put_flag(char *to, bool value)
{
    return value ? put_bytes(to, "true", 4) : put_bytes(to, "false", 5);
}

static char *from_integer(const ti_query_column *column, const ti_cell *cell, char *to)
{
    int64_t value = cell->number;

    switch (column->shape) {
    case TI_SHAPE_DECIMAL:
        if (column->rest && cell[1].kind == TI_CELL_INTEGER && cell[1].number != 0)
            return put_with_rest(column, cell, to);
        return put_decimal(to, value, column->scale, column->digits);
    case TI_SHAPE_DATE:
        return put_date(to, value);
    case TI_SHAPE_TIME:
        return put_time(to, value);
    case TI_SHAPE_INSTANT:
        return put_instant(to, value);
    case TI_SHAPE_FLAG:
        return put_flag(to, value != 0);
    case TI_SHAPE_NUMBER:
    case TI_SHAPE_CODE:
    case TI_SHAPE_TEXT:
    case TI_SHAPE_JSON:
    default:
        return put_integer(to, value);
    }
}

static bool is_digit(char byte)
{
    return (unsigned)(unsigned char)byte - '0' <= 9;
}

/* How many digits `text` has from `at` on. */
static size_t count_digits(ti_slice text, size_t at)
{
    size_t start = at;

    while (at < text.size && is_digit(text.data[at]))
        at++;
    return at - start;
}

/* The same, but none when they begin with a zero too much, which is no number in JSON. */
static size_t count_whole(ti_slice text, size_t at)
{
    size_t count = count_digits(text, at);

    return count > 1 && text.data[at] == '0' ? 0 : count;
}

static char *integer_text(ti_slice text, char *to)
{
    size_t sign = text.size > 0 && text.data[0] == '-', whole = count_whole(text, sign);

    if (whole == 0 || sign + whole != text.size)
        return NULL;
    return put_bytes(to, text.data, text.size);
}

/* Databases pad decimals to their own scale ("6.870000"), or not at all ("6"). */
static char *decimal_text(ti_slice text, unsigned digits, char *to)
{
    size_t sign = text.size > 0 && text.data[0] == '-', whole = count_whole(text, sign), point = sign + whole;
    size_t fraction = 0;

    if (whole == 0)
        return NULL;
    if (point < text.size) {
        fraction = count_digits(text, point + 1);
        if (text.data[point] != '.' || fraction == 0 || point + 1 + fraction != text.size)
            return NULL;
        while (fraction > digits && text.data[point + fraction] == '0')
            fraction--;
    }
    to = put_bytes(to, text.data, point);
    if (fraction == 0 && digits == 0)
        return to;
    *to++ = '.';
    if (fraction > 0)
        to = put_bytes(to, text.data + point + 1, fraction);
    for (; fraction < digits; fraction++)
        *to++ = '0';
    return to;
}

/* Whether every byte of `text` from `at` on is a digit or the one that `pattern` has there in the place of a '0'. */
static bool looks_like(ti_slice text, const char *pattern, size_t size)
{
    if (text.size < size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (pattern[i] == '0' ? !is_digit(text.data[i]) : text.data[i] != pattern[i])
            return false;
    return true;
}

static char *date_text(ti_slice text, char *to)
{
    if (text.size != 10 || !looks_like(text, "0000-00-00", 10))
        return NULL;
    return put_bytes(to, text.data, text.size);
}

/* "10:00:00", "10:00:00.1" and "10:00:00.123" all get three decimals. */
static char *time_text(ti_slice text, char *to)
{
    static const char full[TIME_SIZE] = {'0', '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0'};
    size_t size = text.size < TIME_SIZE ? text.size : TIME_SIZE;

    if (text.size < 8 || text.size > TIME_SIZE || text.size == 9 || !looks_like(text, full, size))
        return NULL;
    memcpy(to, full, TIME_SIZE);
    memcpy(to, text.data, size);
    return to + TIME_SIZE;
}

/* "2026-09-23 10:00:00.123456+00" as PostgreSQL writes it; anything but UTC keeps its offset. */
static char *instant_text(ti_slice text, char *to)
{
    size_t at = SECONDS_SIZE, fraction;

    if (text.size > INSTANT_MAX || !looks_like(text, "0000-00-00", 10) || text.size < SECONDS_SIZE ||
        (text.data[10] != ' ' && text.data[10] != 'T') ||
        !looks_like((ti_slice){text.data + 11, text.size - 11}, "00:00:00", 8))
        return NULL;
    memcpy(to, text.data, SECONDS_SIZE);
    to[10] = 'T';
    memcpy(to + SECONDS_SIZE, ".000", 4);
    if (at < text.size && text.data[at] == '.') {
        fraction = count_digits(text, at + 1);
        memcpy(to + at + 1, text.data + at + 1, fraction < 3 ? fraction : 3);
        at += 1 + fraction;
    }
    to += SECONDS_SIZE + 4;
    text = (ti_slice){text.data + at, text.size - at};
    if (text.size == 0 || ti_slice_is(text, "Z") || ti_slice_is(text, "+00") || ti_slice_is(text, "+00:00"))
        return put_bytes(to, "Z", 1);
    if ((text.data[0] != '+' && text.data[0] != '-') || (text.size != 3 && text.size != 6) ||
        !looks_like((ti_slice){text.data + 1, text.size - 1}, "00:00", text.size - 1))
        return NULL;
    to = put_bytes(to, text.data, text.size);
    return text.size == 3 ? put_bytes(to, ":00", 3) : to;
}

static char *flag_text(ti_slice text, char *to)
{
    if (ti_slice_is(text, "t") || ti_slice_is(text, "true"))
        return put_flag(to, true);
    if (ti_slice_is(text, "f") || ti_slice_is(text, "false"))
        return put_flag(to, false);
    return NULL;
}

static char *from_text(const ti_query_column *column, ti_slice text, char *to)
{
    switch (column->shape) {
    case TI_SHAPE_NUMBER:
    case TI_SHAPE_CODE:
        return integer_text(text, to);
    case TI_SHAPE_DECIMAL:
        return decimal_text(text, column->digits, to);
    case TI_SHAPE_DATE:
        return date_text(text, to);
    case TI_SHAPE_TIME:
        return time_text(text, to);
    case TI_SHAPE_FLAG:
        return flag_text(text, to);
    case TI_SHAPE_INSTANT:
        return instant_text(text, to);
    case TI_SHAPE_TEXT:
    case TI_SHAPE_JSON:
    default:
        return NULL;
    }
}

char *ti_cell_put(const ti_query_column *column, const ti_cell *cell, char *to)
{
    return cell->kind == TI_CELL_INTEGER ? from_integer(column, cell, to) : from_text(column, cell->text, to);
}
