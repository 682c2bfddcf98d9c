/* Days and milliseconds: every day of ten thousand years, and what is no date. */
#include "support.h"

#include "base/date.h"

START_TEST(known_days)
{
    ck_assert_int_eq(ti_date_from_civil(1970, 1, 1), 0);
    ck_assert_int_eq(ti_date_from_civil(1969, 12, 31), -1);
    ck_assert_int_eq(ti_date_from_civil(2000, 3, 1), 11017);
    ck_assert_int_eq(ti_date_from_civil(2016, 1, 4), 16804);
    ck_assert_int_eq(ti_date_from_civil(1, 1, 1), -719162);
    ck_assert_int_eq(ti_date_from_civil(9999, 12, 31), TI_DATE_NONE);
}
END_TEST

/* Counts through the calendar by its rules and compares each day with the formulas. */
START_TEST(every_day)
{
    static const unsigned lengths[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t days = -719162;

    for (int year = 1; year <= 9999; year++) {
        bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);

        for (unsigned month = 1; month <= 12; month++) {
            unsigned length = lengths[month] + (month == 2 && leap ? 1 : 0);

            for (unsigned day = 1; day <= length; day++, days++) {
                unsigned m, d;
                int y;

                if (ti_date_from_civil(year, month, day) != days)
                    ck_abort_msg("%d-%u-%u is not day %lld", year, month, day, (long long)days);
                ti_date_to_civil(days, &y, &m, &d);
                if (y != year || m != month || d != day)
                    ck_abort_msg("day %lld is not %d-%u-%u", (long long)days, year, month, day);
            }
            ck_assert(ti_date_valid(year, month, length));
            ck_assert(!ti_date_valid(year, month, length + 1));
        }
    }
    ck_assert_int_eq(days, TI_DATE_NONE + 1);
}
END_TEST

START_TEST(what_is_no_day)
{
    ck_assert(!ti_date_valid(0, 1, 1));
    ck_assert(!ti_date_valid(10000, 1, 1));
    ck_assert(!ti_date_valid(-4, 2, 29));
    ck_assert(!ti_date_valid(2016, 0, 1));
    ck_assert(!ti_date_valid(2016, 13, 1));
    ck_assert(!ti_date_valid(2016, 1, 0));
    ck_assert(ti_date_valid(2000, 2, 29));
    ck_assert(!ti_date_valid(1900, 2, 29));
}
END_TEST

START_TEST(dates_from_text)
{
    static const char *const digits[] = {"20160230",
                                         "2016010",
                                         "201601041",
                                         "2016-104",
                                         "00000101",
                                         "20161301",
                                         "2016010 ",
                                         "",
                                         ("20160\x00"
                                          "04")};
    static const char *const iso[] = {"2016-02-30",  "2016-1-04", "2016/01/04", "2016-01-4 ", "20160104",
                                      "2016-01-041", "",          "0000-01-01", "-016-01-04"};
    int64_t days = 77;

    for (size_t i = 0; i < COUNT(digits); i++)
        ck_assert_msg(!ti_parse_date_digits(ti_slice_of(digits[i]), &days), "%s was taken", digits[i]);
    for (size_t i = 0; i < COUNT(iso); i++)
        ck_assert_msg(!ti_parse_date_iso(ti_slice_of(iso[i]), &days), "%s was taken", iso[i]);
    ck_assert(!ti_parse_date_iso((ti_slice){NULL, 0}, &days));
    ck_assert(!ti_parse_date_digits((ti_slice){NULL, 0}, &days));
    ck_assert_int_eq(days, 77);
    ck_assert(ti_parse_date_digits(ti_slice_of("20160104"), &days));
    ck_assert_int_eq(days, 16804);
    ck_assert(ti_parse_date_digits(ti_slice_of("99991231"), &days));
    ck_assert_int_eq(days, TI_DATE_NONE);
    ck_assert(ti_parse_date_iso(ti_slice_of("1969-12-31"), &days));
    ck_assert_int_eq(days, -1);
}
END_TEST

START_TEST(times_from_text)
{
    static const char *const wrong[] = {"240000000",  "096000000", "095960000", "09595999",
                                        "0959599999", "09595999x", "-95959999", ""};
    int64_t time = 77;

    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_msg(!ti_parse_time_digits(ti_slice_of(wrong[i]), &time), "%s was taken", wrong[i]);
    ck_assert_int_eq(time, 77);
    ck_assert(ti_parse_time_digits(ti_slice_of("000000000"), &time));
    ck_assert_int_eq(time, 0);
    ck_assert(ti_parse_time_digits(ti_slice_of("235959999"), &time));
    ck_assert_int_eq(time, 86399999);
    ck_assert(ti_parse_time_digits(ti_slice_of("024810098"), &time));
    ck_assert_int_eq(time, ((2 * 60 + 48) * 60 + 10) * 1000 + 98);
}
END_TEST

START_TEST(as_text)
{
    char date[TI_DATE_TEXT_MAX], time[TI_TIME_TEXT_MAX];

    ck_assert_uint_eq(ti_format_date(0, date), 10);
    ck_assert_str_eq(date, "1970-01-01");
    (void)ti_format_date(-719162, date);
    ck_assert_str_eq(date, "0001-01-01");
    (void)ti_format_date(TI_DATE_NONE, date);
    ck_assert_str_eq(date, "9999-12-31");
    ck_assert_uint_eq(ti_format_time(0, time), 12);
    ck_assert_str_eq(time, "00:00:00.000");
    (void)ti_format_time(86399999, time);
    ck_assert_str_eq(time, "23:59:59.999");
    (void)ti_format_time(10090098, time);
    ck_assert_str_eq(time, "02:48:10.098");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {known_days, every_day, what_is_no_day, dates_from_text, times_from_text, as_text};

    return run_tests("date", tests, COUNT(tests));
}
