/* Numbers, dates and times as text, each against a slow reading of it, and back again. The first byte says what: 'i' an integer, 'd' a
 * decimal (then its scale and its point), 't' a date or time, 'f' a number to be written, 'w' digits by the machine word. */
#include "fuzz.h"

#include <string.h>

#include "base/date.h"
#include "base/number.h"
#include "format/digits.h"

#define SIZE_MAX_HERE 100
#define HUGE_VALUE ((__int128)1 << 100)

/* Digits of any number as a value; larger than every int64_t when there are too many. False: a byte is none, or there is none. */
static bool slow_digits(ti_slice text, __int128 *value)
{
    *value = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *value = *value > HUGE_VALUE ? *value : *value * 10 + (text.data[i] - '0');
    }
    return text.size > 0;
}

static void read_integer(ti_slice text)
{
    bool minus = text.size > 0 && text.data[0] == '-';
    ti_slice digits = minus ? (ti_slice){text.data + 1, text.size - 1} : text;
    int64_t number = 77;
    __int128 value;
    bool good = slow_digits(digits, &value) && value <= INT64_MAX;
    char back[TI_NUMBER_TEXT_MAX];

    CHECK(ti_parse_integer(text, true, &number) == good);
    CHECK(number == (good ? (int64_t)(minus ? -value : value) : 77));
    CHECK(ti_parse_integer(text, false, &number) == (good && !minus));
    if (!good)
        return;
    CHECK(ti_format_integer(number, back) == strlen(back));
    CHECK(ti_parse_integer(ti_slice_of(back), true, &number));
    CHECK(number == (int64_t)(minus ? -value : value));
}

/* The value times 10^scale; false when it is no number, or not a whole one, or does not fit. */
static bool slow_decimal(ti_slice text, char point, unsigned scale, __int128 *mantissa)
{
    bool minus = text.size > 0 && text.data[0] == '-', seen = false;
    unsigned before = 0, after = 0;

    *mantissa = 0;
    for (size_t i = minus; i < text.size; i++) {
        bool digit = text.data[i] >= '0' && text.data[i] <= '9';

        if (text.data[i] == point && !seen && (!digit || point != text.data[i])) {
            seen = true;
            continue;
        }
        if (!digit || (seen && after >= scale && text.data[i] != '0'))
            return false;
        before += !seen;
        after += seen;
        if (seen && after > scale)
            continue;
        *mantissa = *mantissa > HUGE_VALUE ? *mantissa : *mantissa * 10 + (text.data[i] - '0');
    }
    for (unsigned i = after; i < scale; i++)
        *mantissa = *mantissa > HUGE_VALUE ? *mantissa : *mantissa * 10;
    if (before == 0 || (seen && after == 0) || *mantissa > INT64_MAX)
        return false;
    *mantissa = minus ? -*mantissa : *mantissa;
    return true;
}

static void read_decimal(ti_slice text)
{
    unsigned scale = text.size > 0 ? (unsigned char)text.data[0] % 19u : 0;
    char point = text.size > 1 && text.data[1] == ',' ? ',' : '.', back[TI_NUMBER_TEXT_MAX];
    int64_t number = 77, again;
    __int128 value;
    bool good;

    if (text.size < 2)
        return;
    text = (ti_slice){text.data + 2, text.size - 2};
    good = slow_decimal(text, point, scale, &value);
    CHECK(ti_parse_decimal(text, point, scale, &number) == good);
    CHECK(number == (good ? (int64_t)value : 77));
    if (!good)
        return;
    for (unsigned digits = 0; digits <= scale; digits++) {
        CHECK(ti_format_decimal(number, scale, digits, back) == strlen(back) && strlen(back) < sizeof(back));
        CHECK(ti_parse_decimal(ti_slice_of(back), '.', scale, &again) && again == number);
    }
}

static void write_decimal(ti_slice bytes)
{
    unsigned scale = bytes.size > 0 ? (unsigned char)bytes.data[0] % 19u : 0;
    char text[TI_NUMBER_TEXT_MAX];
    __int128 number = 0, value = 0;
    unsigned decimals = 0;

    memcpy(&number, bytes.data, bytes.size < sizeof(number) ? bytes.size : sizeof(number));
    CHECK(ti_format_decimal(number, scale, 0, text) == strlen(text));
    for (const char *at = text + (text[0] == '-'); *at != '\0'; at++) {
        if (*at == '.')
            decimals = 1;
        else
            value = value * 10 - (*at - '0'); /* below zero: there is one more number */
        decimals += decimals > 0 && *at != '.';
    }
    for (unsigned i = decimals > 0 ? decimals - 1 : 0; i < scale; i++)
        value *= 10;
    CHECK(value == (number > 0 ? -number : number) && (text[0] == '-') == (number < 0));
    CHECK(strchr(text, '.') == NULL || text[strlen(text) - 1] != '0');
}

/* Day by day from 1970 would be slow; year by year it is not. */
static bool slow_date(unsigned year, unsigned month, unsigned day, int64_t *days)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t sum = 0;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (year == 0 || month == 0 || month > 12 || day == 0 || day > lengths[month - 1] + (unsigned)(month == 2 && leap))
        return false;
    for (unsigned y = 1; y < year; y++)
        sum += (y % 4 == 0 && y % 100 != 0) || y % 400 == 0 ? 366 : 365;
    for (unsigned m = 1; m < month; m++)
        sum += lengths[m - 1] + (unsigned)(m == 2 && leap);
    *days = sum + day - 1 - 719162;
    return true;
}

static bool part(ti_slice text, size_t at, size_t size, unsigned *value)
{
    __int128 number;
    bool good = text.size >= at + size && slow_digits((ti_slice){text.data + at, size}, &number);

    *value = good ? (unsigned)number : 0;
    return good;
}

static void read_date(ti_slice text)
{
    unsigned year, month, day;
    int64_t days = 77, wanted = 77;
    char back[TI_DATE_TEXT_MAX];
    bool good = text.size == 8 && part(text, 0, 4, &year) && part(text, 4, 2, &month) && part(text, 6, 2, &day) &&
                slow_date(year, month, day, &wanted);

    CHECK(ti_parse_date_digits(text, &days) == good && (!good || days == wanted));
    good = text.size == 10 && part(text, 0, 4, &year) && part(text, 5, 2, &month) && part(text, 8, 2, &day) &&
           text.data[4] == '-' && text.data[7] == '-' && slow_date(year, month, day, &wanted);
    CHECK(ti_parse_date_iso(text, &days) == good && (!good || days == wanted));
    if (good) {
        CHECK(ti_format_date(days, back) == 10 && memcmp(back, text.data, 10) == 0);
    }
}

static void read_time(ti_slice text)
{
    unsigned hour, minute, second, milli;
    int64_t time = 77;
    char back[TI_TIME_TEXT_MAX], digits[16];
    bool good = text.size == 9 && part(text, 0, 2, &hour) && part(text, 2, 2, &minute) && part(text, 4, 2, &second) &&
                part(text, 6, 3, &milli) && hour < 24 && minute < 60 && second < 60;

    CHECK(ti_parse_time_digits(text, &time) == good);
    if (!good)
        return;
    CHECK(time == ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + milli);
    CHECK(ti_format_time(time, back) == 12);
    (void)snprintf(digits, sizeof(digits), "%.2s%.2s%.2s%.3s", back, back + 3, back + 6, back + 9);
    CHECK(memcmp(digits, text.data, 9) == 0);
}

/* In memory with margins, as a stream has them; what stands there must not matter. */
static void read_word(ti_slice text)
{
    unsigned char bytes[64];
    unsigned count = text.size < 18 ? (unsigned)text.size : 18;
    uint64_t bad = 0, value;
    __int128 wanted;

    if (count == 0)
        return;
    memset(bytes, (unsigned char)text.data[text.size - 1], sizeof(bytes));
    memcpy(bytes + 24, text.data, count);
    value = ti_digits(bytes + 24, count, &bad);
    CHECK((bad == 0) == slow_digits((ti_slice){text.data, count}, &wanted));
    CHECK(bad != 0 || value == (uint64_t)wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ti_slice text;

    if (size < 1 || size > SIZE_MAX_HERE)
        return 0;
    text = (ti_slice){(const char *)data + 1, size - 1};
    if (data[0] == 'i')
        read_integer(text);
    else if (data[0] == 'd')
        read_decimal(text);
    else if (data[0] == 'f')
        write_decimal(text);
    else if (data[0] == 'w')
        read_word(text);
    else {
        read_date(text);
        read_time(text);
    }
    return 0;
}
