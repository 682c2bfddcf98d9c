/* Times as text and back in the three forms, what is no time, and the system's clock. */
#include "support.h"

#include "base/clock.h"

#define AWS_EXAMPLE INT64_C(1440938160000) /* 2015-08-30 12:36:00 UTC, a Sunday */
#define YEAR_1 INT64_C(-62135596800000)
#define YEAR_9999 INT64_C(253402300799999)

static void forms_are(int64_t time, const char *basic, const char *extended, const char *http)
{
    char a[TI_TIME_BASIC_MAX], b[TI_TIME_EXTENDED_MAX], c[TI_TIME_HTTP_MAX];
    int64_t back;

    ti_time_basic(time, a);
    ti_time_extended(time, b);
    ti_time_http(time, c);
    ck_assert_str_eq(a, basic);
    ck_assert_str_eq(b, extended);
    ck_assert_str_eq(c, http);
    ck_assert(ti_time_parse_extended(ti_slice_of(b), &back));
    ck_assert_int_eq(back, time);
    ck_assert(ti_time_parse_basic(ti_slice_of(a), &back));
    ck_assert_int_eq(back, time - ((time % 1000 + 1000) % 1000));
    ck_assert(ti_time_parse_http(ti_slice_of(c), &back));
    ck_assert_int_eq(back, time - ((time % 1000 + 1000) % 1000));
}

START_TEST(known_times)
{
    forms_are(AWS_EXAMPLE, "20150830T123600Z", "2015-08-30T12:36:00.000Z", "Sun, 30 Aug 2015 12:36:00 GMT");
    forms_are(0, "19700101T000000Z", "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT");
    forms_are(-1, "19691231T235959Z", "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT");
    forms_are(784111777000, "19941106T084937Z", "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT");
    forms_are(951782400123, "20000229T000000Z", "2000-02-29T00:00:00.123Z", "Tue, 29 Feb 2000 00:00:00 GMT");
    forms_are(YEAR_1, "00010101T000000Z", "0001-01-01T00:00:00.000Z", "Mon, 01 Jan 0001 00:00:00 GMT");
    forms_are(YEAR_9999, "99991231T235959Z", "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 GMT");
}
END_TEST

/* Months and weekdays of a whole year, the latter counted. */
START_TEST(every_day_of_a_year)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    char text[TI_TIME_HTTP_MAX];
    int64_t back;

    for (int day = 0; day < 366; day++) {
        int64_t time = INT64_C(1704067200000) + day * INT64_C(86400000); /* 2024-01-01, a Monday */

        ti_time_http(time, text);
        ck_assert(memcmp(text, days[(day + 4) % 7], 3) == 0);
        ck_assert(ti_time_parse_http(ti_slice_of(text), &back));
        ck_assert_int_eq(back, time);
    }
}
END_TEST

START_TEST(random_times)
{
    uint64_t state = 4711;
    char text[TI_TIME_EXTENDED_MAX];
    int64_t back;

    for (int i = 0; i < 100000; i++) {
        int64_t time = YEAR_1 + (int64_t)(next_random(&state) % (uint64_t)(YEAR_9999 - YEAR_1 + 1));

        ti_time_extended(time, text);
        ck_assert(ti_time_parse_extended(ti_slice_of(text), &back) && back == time);
    }
}
END_TEST

START_TEST(extended_with_decimals_and_offsets)
{
    static const struct {
        const char *text;
        int64_t time;
    } rows[] = {
        {"2015-08-30T12:36:00Z", AWS_EXAMPLE},         {"2015-08-30T12:36:00.5Z", AWS_EXAMPLE + 500},
        {"2015-08-30T12:36:00.05Z", AWS_EXAMPLE + 50}, {"2015-08-30T12:36:00.123456789Z", AWS_EXAMPLE + 123},
        {"2015-08-30T12:36:00.000999Z", AWS_EXAMPLE},  {"2015-08-30T12:36:00+00:00", AWS_EXAMPLE},
        {"2015-08-30T09:36:00-03:00", AWS_EXAMPLE},    {"2015-08-30T18:06:00.25+05:30", AWS_EXAMPLE + 250},
        {"2015-08-31T00:00:00+11:24", AWS_EXAMPLE},    {"2016-12-31T23:59:60Z", INT64_C(1483228800000)},
    };
    int64_t time;

    for (size_t i = 0; i < COUNT(rows); i++) {
        ck_assert_msg(ti_time_parse_extended(ti_slice_of(rows[i].text), &time), "%s", rows[i].text);
        ck_assert_int_eq(time, rows[i].time);
    }
}
END_TEST

/* Every text that is one character shorter, longer or different (a '?') is refused. */
static void refuses(bool (*parse)(ti_slice, int64_t *), const char *good)
{
    size_t size = strlen(good);
    char text[64];
    int64_t time;

    ck_assert(parse(ti_slice_of(good), &time));
    for (size_t i = 0; i < size; i++) {
        memcpy(text, good, size);
        ck_assert(!parse((ti_slice){text, i}, &time));
        text[i] = '?';
        ck_assert_msg(!parse((ti_slice){text, size}, &time), "%.*s", (int)size, text);
    }
    memcpy(text, good, size);
    text[size] = ' ';
    ck_assert(!parse((ti_slice){text, size + 1}, &time));
}

START_TEST(what_is_no_time)
{
    static const char *const extended[] = {"2015-02-29T00:00:00Z",
                                           "2015-13-01T00:00:00Z",
                                           "0000-01-01T00:00:00Z",
                                           "2015-08-30T24:00:00Z",
                                           "2015-08-30T12:60:00Z",
                                           "2015-08-30T12:36:61Z",
                                           "2015-08-30T12:36:00",
                                           "2015-08-30T12:36:00.Z",
                                           "2015-08-30 12:36:00Z",
                                           "2015-08-30t12:36:00Z",
                                           "2015-08-30T12:36:00z",
                                           "2015-08-30T12:36:00.1234567890Z",
                                           "2015-08-30T12:36:00+24:00",
                                           "2015-08-30T12:36:00+0300",
                                           "2015-08-30T12:36:00+03",
                                           "2015-08-30T12:36:00-03:60",
                                           "-015-08-30T12:36:00Z",
                                           "2015-08-30T12:36Z",
                                           ""};
    static const char *const http[] = {
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",        "Sun, 6 Nov 1994 08:49:37 GMT",
        "sun, 06 Nov 1994 08:49:37 GMT",  "Sun, 06 nov 1994 08:49:37 GMT",   "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",  "Sun, 06 Nov 1994 08:49:37 -0300", ""};
    int64_t time;

    refuses(ti_time_parse_basic, "20150830T123600Z");
    refuses(ti_time_parse_extended, "2015-08-30T12:36:00Z");
    refuses(ti_time_parse_extended, "2015-08-30T12:36:00.250-03:00");
    refuses(ti_time_parse_http, "Sun, 06 Nov 1994 08:49:37 GMT");
    for (size_t i = 0; i < COUNT(extended); i++)
        ck_assert_msg(!ti_time_parse_extended(ti_slice_of(extended[i]), &time), "%s", extended[i]);
    for (size_t i = 0; i < COUNT(http); i++)
        ck_assert_msg(!ti_time_parse_http(ti_slice_of(http[i]), &time), "%s", http[i]);
    ck_assert(!ti_time_parse_basic(ti_slice_of("20150229T000000Z"), &time));
    ck_assert(!ti_time_parse_basic(ti_slice_of("20150830T250000Z"), &time));
}
END_TEST

START_TEST(the_system)
{
    const ti_clock *clock = &ti_clock_system;
    int64_t now = clock->now(clock->self), before = clock->monotonic(clock->self), after;

    ck_assert_int_gt(now, INT64_C(1700000000000));
    ck_assert_int_lt(now, INT64_C(7000000000000));
    clock->sleep(clock->self, 0);
    clock->sleep(clock->self, -5);
    clock->sleep(clock->self, 20);
    after = clock->monotonic(clock->self);
    ck_assert_int_ge(after - before, 19); /* both are cut to whole milliseconds */
    ck_assert_int_lt(after - before, 10000);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {known_times,     every_day_of_a_year,
                                  random_times,    extended_with_decimals_and_offsets,
                                  what_is_no_time, the_system};

    return run_tests("clock", tests, COUNT(tests));
}
