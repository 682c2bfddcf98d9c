/* Exact numbers: text to integers and back, at the edges of 64 and 128 bits. */
#include "support.h"

#include <stdio.h>

#include "base/number.h"

static void decimal_is(const char *text, unsigned scale, int64_t mantissa)
{
    int64_t got = -1;

    ck_assert_msg(ti_parse_decimal(ti_slice_of(text), ',', scale, &got), "%s was refused", text);
    ck_assert_msg(got == mantissa, "%s is %lld", text, (long long)got);
}

static void no_decimal(const char *text, unsigned scale)
{
    int64_t got = 77;

    ck_assert_msg(!ti_parse_decimal(ti_slice_of(text), ',', scale, &got), "%s was taken", text);
    ck_assert_int_eq(got, 77);
}

static void shown(ti_int128 mantissa, unsigned scale, unsigned digits, const char *text)
{
    char got[TI_NUMBER_TEXT_MAX];

    memset(got, 'x', sizeof(got));
    ck_assert_uint_eq(ti_format_decimal(mantissa, scale, digits, got), strlen(text));
    ck_assert_str_eq(got, text);
}

START_TEST(powers)
{
    int64_t power = 1;

    for (unsigned i = 0; i < 18; i++, power *= 10)
        ck_assert_int_eq(ti_power10(i), power);
    ck_assert_int_eq(ti_power10(18), power);
}
END_TEST

START_TEST(integers)
{
    static const char *const wrong[] = {
        "", "-", "+1", " 1", "1 ", "1a", "0x1", "9223372036854775808", "99999999999999999999", "1.0", "\xb2"};
    int64_t value = 77;

    ck_assert(ti_parse_integer(ti_slice_of("0"), false, &value));
    ck_assert_int_eq(value, 0);
    ck_assert(ti_parse_integer(ti_slice_of("0009223372036854775807"), false, &value));
    ck_assert_int_eq(value, INT64_MAX);
    ck_assert(ti_parse_integer(ti_slice_of("-9223372036854775807"), true, &value));
    ck_assert_int_eq(value, -INT64_MAX);
    ck_assert(ti_parse_integer((ti_slice){"123", 2}, false, &value));
    ck_assert_int_eq(value, 12);
    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_msg(!ti_parse_integer(ti_slice_of(wrong[i]), true, &value), "%s was taken", wrong[i]);
    ck_assert(!ti_parse_integer(ti_slice_of("-1"), false, &value));
    ck_assert(!ti_parse_integer(ti_slice_of("-9223372036854775808"), true, &value)); /* is TICKER_NULL */
    ck_assert(!ti_parse_integer((ti_slice){NULL, 0}, true, &value));
    ck_assert_int_eq(value, 12);
}
END_TEST

START_TEST(decimals)
{
    decimal_is("0", 6, 0);
    decimal_is("12", 0, 12);
    decimal_is("12,345", 6, 12345000);
    decimal_is("-0,035", 6, -35000);
    decimal_is("-0,000", 6, 0);
    decimal_is("5571,25", 3, 5571250);
    decimal_is("1,123456", 6, 1123456);
    decimal_is("1,1234560000000000000000000", 6, 1123456);
    decimal_is("1,0", 0, 1);
    decimal_is("0,1", 18, 100000000000000000);
    decimal_is("9223372036854,775807", 6, INT64_MAX);
    decimal_is("-9223372036854,775807", 6, -INT64_MAX);
    no_decimal("9223372036854,775808", 6);
    no_decimal("9223372036855", 6);
    no_decimal("99999999999999999999999", 6);
    no_decimal("1,1234567", 6);
    no_decimal("1,12345670", 6);
    no_decimal("1,01", 0);
    no_decimal("1.5", 6);
    no_decimal("", 6);
    no_decimal("-", 6);
    no_decimal(",5", 6);
    no_decimal("5,", 6);
    no_decimal("-,5", 6);
    no_decimal("--1", 6);
    no_decimal("1,-5", 6);
    no_decimal("1,5,0", 6);
    no_decimal("1,000,000", 6);
    no_decimal("+1", 6);
    no_decimal(" 1", 6);
    no_decimal("1 ", 6);
    no_decimal("1e5", 6);
    no_decimal("NaN", 6);
}
END_TEST

START_TEST(the_point_is_the_callers)
{
    int64_t got;

    ck_assert(ti_parse_decimal(ti_slice_of("1.5"), '.', 2, &got));
    ck_assert_int_eq(got, 150);
    ck_assert(!ti_parse_decimal(ti_slice_of("1,5"), '.', 2, &got));
    ck_assert(!ti_parse_decimal((ti_slice){NULL, 0}, '.', 2, &got));
}
END_TEST

START_TEST(decimals_as_text)
{
    ti_int128 largest = (ti_int128)(((unsigned __int128)1 << 127) - 1);

    shown(0, 0, 0, "0");
    shown(0, 6, 2, "0.00");
    shown(5, 2, 2, "0.05");
    shown(-5, 2, 2, "-0.05");
    shown(6870000, 6, 2, "6.87");
    shown(6870001, 6, 2, "6.870001");
    shown(6870010, 6, 2, "6.87001");
    shown(6800000, 6, 2, "6.80");
    shown(-35000, 6, 3, "-0.035");
    shown(100, 2, 0, "1");
    shown(110, 2, 0, "1.1");
    shown(INT64_MIN, 0, 0, "-9223372036854775808");
    shown(INT64_MAX, 18, 18, "9.223372036854775807");
    shown((ti_int128)UINT64_MAX, 0, 0, "18446744073709551615");
    shown((ti_int128)UINT64_MAX + 1, 0, 0, "18446744073709551616");
    shown(largest, 6, 2, "170141183460469231731687303715884.105727");
    shown(-largest - 1, 6, 2, "-170141183460469231731687303715884.105728");
}
END_TEST

START_TEST(integers_as_text)
{
    char text[TI_NUMBER_TEXT_MAX];

    ck_assert_uint_eq(ti_format_integer(-10, text), 3);
    ck_assert_str_eq(text, "-10");
    ck_assert_uint_eq(ti_format_integer(INT64_MIN, text), 20);
    ck_assert_str_eq(text, "-9223372036854775808");
}
END_TEST

START_TEST(there_and_back)
{
    uint64_t seed = 42;

    for (int i = 0; i < 20000; i++) {
        int64_t mantissa = (int64_t)(next_random(&seed) * next_random(&seed) >> next_random(&seed) % 64), got;
        unsigned scale = (unsigned)(next_random(&seed) % 19), digits = (unsigned)(next_random(&seed) % (scale + 1));
        char text[TI_NUMBER_TEXT_MAX];

        if (mantissa == INT64_MIN)
            continue;
        (void)ti_format_decimal(mantissa, scale, digits, text);
        ck_assert_msg(ti_parse_decimal(ti_slice_of(text), '.', scale, &got), "%s", text);
        ck_assert_int_eq(got, mantissa);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        powers, integers, decimals, the_point_is_the_callers, decimals_as_text, integers_as_text, there_and_back,
    };

    return run_tests("number", tests, COUNT(tests));
}
