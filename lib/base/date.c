#include "base/date.h"

#include <string.h>

/* Howard Hinnant's days_from_civil: years start in March, so that the leap day is a year's last one. */
int32_t ti_date_from_civil(int year, unsigned month, unsigned day)
{
    int y = year - (month <= 2);
    int era = (y >= 0 ? y : y - 399) / 400;
    unsigned yoe = (unsigned)(y - era * 400);
    unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + (int32_t)doe - 719468;
}

void ti_date_to_civil(int64_t days, int *year, unsigned *month, unsigned *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;

    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = (int)(yoe + era * 400) + (*month <= 2);
}

bool ti_date_valid(int year, unsigned month, unsigned day)
{
    static const unsigned char lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    return day <= lengths[month - 1] + (unsigned)(month == 2 && leap);
}

static bool digits(const char *text, size_t count, unsigned *value)
{
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';

        if (digit > 9)
            return false;
        *value = *value * 10 + digit;
    }
    return true;
}

static bool civil(unsigned year, unsigned month, unsigned day, int64_t *days)
{
    if (!ti_date_valid((int)year, month, day))
        return false;
    *days = ti_date_from_civil((int)year, month, day);
    return true;
}

bool ti_parse_date_digits(ti_slice text, int64_t *days)
{
    unsigned year, month, day;

    return text.size == 8 && digits(text.data, 4, &year) && digits(text.data + 4, 2, &month) &&
           digits(text.data + 6, 2, &day) && civil(year, month, day, days);
}

bool ti_parse_date_iso(ti_slice text, int64_t *days)
{
    unsigned year, month, day;

    return text.size == 10 && text.data[4] == '-' && text.data[7] == '-' && digits(text.data, 4, &year) &&
           digits(text.data + 5, 2, &month) && digits(text.data + 8, 2, &day) && civil(year, month, day, days);
}

bool ti_parse_time_digits(ti_slice text, int64_t *milliseconds)
{
    unsigned hour, minute, second, milli;

    if (text.size != 9 || !digits(text.data, 2, &hour) || !digits(text.data + 2, 2, &minute) ||
        !digits(text.data + 4, 2, &second) || !digits(text.data + 6, 3, &milli) || hour > 23 || minute > 59 ||
        second > 59)
        return false;
    *milliseconds = ((int64_t)hour * 3600 + minute * 60 + second) * 1000 + milli;
    return true;
}

static char *put(char *to, unsigned value, unsigned width)
{
    for (unsigned i = width; i > 0; i--) {
        to[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + width;
}

size_t ti_format_date(int64_t days, char text[TI_DATE_TEXT_MAX])
{
    int year;
    unsigned month, day;
    char *at = text;

    ti_date_to_civil(days, &year, &month, &day);
    at = put(at, year > 0 ? (unsigned)year : 0, 4);
    *at++ = '-';
    at = put(at, month, 2);
    *at++ = '-';
    at = put(at, day, 2);
    *at = '\0';
    return (size_t)(at - text);
}

size_t ti_format_time(int64_t milliseconds, char text[TI_TIME_TEXT_MAX])
{
    unsigned seconds = (unsigned)(milliseconds / 1000 % 86400);
    char *at = text;

    at = put(at, seconds / 3600, 2);
    *at++ = ':';
    at = put(at, seconds / 60 % 60, 2);
    *at++ = ':';
    at = put(at, seconds % 60, 2);
    *at++ = '.';
    at = put(at, (unsigned)(milliseconds % 1000), 3);
    *at = '\0';
    return (size_t)(at - text);
}
