#include "base/number.h"

#include <string.h>

static const int64_t powers[19] = {1,
                                   10,
                                   100,
                                   1000,
                                   10000,
                                   100000,
                                   1000000,
                                   10000000,
                                   100000000,
                                   1000000000,
                                   10000000000,
                                   100000000000,
                                   1000000000000,
                                   10000000000000,
                                   100000000000000,
                                   1000000000000000,
                                   10000000000000000,
                                   100000000000000000,
                                   1000000000000000000};

int64_t ti_power10(unsigned exponent)
{
    return powers[exponent < 19 ? exponent : 18];
}

/* Adds digits to *value; false when there is another byte or it overflows. */
static bool add_digits(ti_slice text, int64_t *value)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';

        if (digit > 9 || __builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (int64_t)digit, value))
            return false;
    }
    return true;
}

bool ti_parse_integer(ti_slice text, bool sign, int64_t *value)
{
    bool negative = sign && text.size > 0 && text.data[0] == '-';
    int64_t number = 0;

    if (negative)
        text = (ti_slice){text.data + 1, text.size - 1};
    if (text.size == 0 || !add_digits(text, &number))
        return false;
    *value = negative ? -number : number;
    return true;
}

bool ti_parse_decimal(ti_slice text, char point, unsigned scale, int64_t *mantissa)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    const char *at;
    ti_slice whole, fraction = {NULL, 0};
    int64_t number = 0;

    if (negative)
        text = (ti_slice){text.data + 1, text.size - 1};
    whole = text;
    at = text.size > 0 ? memchr(text.data, point, text.size) : NULL;
    if (at != NULL) {
        whole.size = (size_t)(at - text.data);
        fraction = (ti_slice){at + 1, text.size - whole.size - 1};
        if (fraction.size == 0)
            return false;
    }
    if (whole.size == 0)
        return false;
    while (fraction.size > scale && fraction.data[fraction.size - 1] == '0')
        fraction.size--;
    if (fraction.size > scale || !add_digits(whole, &number) || !add_digits(fraction, &number) ||
        __builtin_mul_overflow(number, ti_power10(scale - (unsigned)fraction.size), &number))
        return false;
    *mantissa = negative ? -number : number;
    return true;
}

/* Digits of `value` from the end of `end` backwards; returns where they start. */
static char *put_digits(char *end, unsigned __int128 value)
{
    uint64_t low;

    while (value > UINT64_MAX) {
        *--end = (char)('0' + (int)(value % 10));
        value /= 10;
    }
    low = (uint64_t)value;
    do {
        *--end = (char)('0' + (int)(low % 10));
        low /= 10;
    } while (low != 0);
    return end;
}

size_t ti_format_decimal(ti_int128 mantissa, unsigned scale, unsigned digits, char *text)
{
    char digit[TI_NUMBER_TEXT_MAX];
    char *end = digit + sizeof(digit), *start;
    unsigned __int128 value = mantissa < 0 ? -(unsigned __int128)mantissa : (unsigned __int128)mantissa;
    size_t whole, length = 0;

    while (scale > digits && value % 10 == 0) {
        value /= 10;
        scale--;
    }
    start = put_digits(end, value);
    while ((size_t)(end - start) <= scale)
        *--start = '0';
    whole = (size_t)(end - start) - scale;
    if (mantissa < 0)
        text[length++] = '-';
    memcpy(text + length, start, whole);
    length += whole;
    if (scale > 0) {
        text[length++] = '.';
        memcpy(text + length, start + whole, scale);
        length += scale;
    }
    text[length] = '\0';
    return length;
}

size_t ti_format_integer(int64_t value, char *text)
{
    return ti_format_decimal(value, 0, 0, text);
}
