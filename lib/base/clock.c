#include "base/clock.h"

#include <errno.h>
#include <time.h>

#include "base/date.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static int64_t read_clock(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec / 1000000;
}

int64_t ti_clock_microseconds(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_now(void *self)
{
    (void)self;
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_monotonic(void *self)
{
    (void)self;
    return read_clock(CLOCK_MONOTONIC);
}

/* A signal does not shorten it: who wants to be woken sleeps in short pieces. */
static void system_sleep(void *self, int64_t milliseconds)
{
    struct timespec left;

    (void)self;
    if (milliseconds <= 0)
        return;
    left.tv_sec = (time_t)(milliseconds / SECOND);
    left.tv_nsec = (long)(milliseconds % SECOND) * 1000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        continue;
}

const ti_clock ti_clock_system = {system_now, system_monotonic, system_sleep, NULL};

typedef struct civil {
    int64_t days;
    unsigned year, month, day, hour, minute, second, millisecond;
} civil;

static civil split(int64_t milliseconds)
{
    int64_t rest = (milliseconds % DAY + DAY) % DAY;
    civil time = {.days = (milliseconds - rest) / DAY};
    int year;

    ti_date_to_civil(time.days, &year, &time.month, &time.day);
    time.year = year > 0 ? (unsigned)year : 0;
    time.hour = (unsigned)(rest / HOUR);
    time.minute = (unsigned)(rest / MINUTE % 60);
    time.second = (unsigned)(rest / SECOND % 60);
    time.millisecond = (unsigned)(rest % SECOND);
    return time;
}

static char *put(char *to, unsigned value, unsigned width)
{
    for (unsigned i = width; i > 0; i--) {
        to[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + width;
}

static char *put_sign(char *to, char sign)
{
    *to = sign;
    return to + 1;
}

static char *put_text(char *to, const char *text, size_t size)
{
    memcpy(to, text, size);
    return to + size;
}

void ti_time_basic(int64_t milliseconds, char text[TI_TIME_BASIC_MAX])
{
    civil time = split(milliseconds);
    char *at = put(text, time.year, 4);

    at = put(put(at, time.month, 2), time.day, 2);
    at = put(put_sign(at, 'T'), time.hour, 2);
    at = put(put(at, time.minute, 2), time.second, 2);
    *put_sign(at, 'Z') = '\0';
}

void ti_time_extended(int64_t milliseconds, char text[TI_TIME_EXTENDED_MAX])
{
    civil time = split(milliseconds);
    char *at = put(text, time.year, 4);

    at = put(put_sign(at, '-'), time.month, 2);
    at = put(put_sign(at, '-'), time.day, 2);
    at = put(put_sign(at, 'T'), time.hour, 2);
    at = put(put_sign(at, ':'), time.minute, 2);
    at = put(put_sign(at, ':'), time.second, 2);
    at = put(put_sign(at, '.'), time.millisecond, 3);
    *put_sign(at, 'Z') = '\0';
}

static const char day_names[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void ti_time_http(int64_t milliseconds, char text[TI_TIME_HTTP_MAX])
{
    civil time = split(milliseconds);
    int64_t weekday = ((time.days + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    char *at = put_text(text, day_names[weekday], 3);

    at = put(put_text(at, ", ", 2), time.day, 2);
    at = put_text(put_sign(at, ' '), month_names[time.month - 1], 3);
    at = put(put_sign(at, ' '), time.year, 4);
    at = put(put_sign(at, ' '), time.hour, 2);
    at = put(put_sign(at, ':'), time.minute, 2);
    at = put(put_sign(at, ':'), time.second, 2);
    *put_text(at, " GMT", 4) = '\0';
}

/* Takes exactly `count` digits off the text. */
static bool take_digits(ti_slice *text, size_t count, unsigned *value)
{
    if (text->size < count)
        return false;
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned digit = (unsigned)(unsigned char)text->data[i] - '0';

        if (digit > 9)
            return false;
        *value = *value * 10 + digit;
    }
    *text = (ti_slice){text->data + count, text->size - count};
    return true;
}

static bool take_text(ti_slice *text, const char *expected)
{
    size_t size = strlen(expected);

    if (text->size < size || memcmp(text->data, expected, size) != 0)
        return false;
    *text = (ti_slice){text->data + size, text->size - size};
    return true;
}

/* One of `count` names of three letters. */
static bool take_name(ti_slice *text, const char names[][4], unsigned count, unsigned *index)
{
    for (*index = 0; text->size >= 3 && *index < count; (*index)++)
        if (memcmp(text->data, names[*index], 3) == 0) {
            *text = (ti_slice){text->data + 3, text->size - 3};
            return true;
        }
    return false;
}

/* A leap second counts as the first one of the next minute. */
static bool join(const civil *time, int64_t *milliseconds)
{
    if (!ti_date_valid((int)time->year, time->month, time->day) || time->hour > 23 || time->minute > 59 ||
        time->second > 60)
        return false;
    *milliseconds = ti_date_from_civil((int)time->year, time->month, time->day) * DAY + time->hour * HOUR +
                    time->minute * MINUTE + time->second * SECOND + time->millisecond;
    return true;
}

bool ti_time_parse_basic(ti_slice text, int64_t *milliseconds)
{
    civil time = {0};

    return take_digits(&text, 4, &time.year) && take_digits(&text, 2, &time.month) &&
           take_digits(&text, 2, &time.day) && take_text(&text, "T") && take_digits(&text, 2, &time.hour) &&
           take_digits(&text, 2, &time.minute) && take_digits(&text, 2, &time.second) && take_text(&text, "Z") &&
           text.size == 0 && join(&time, milliseconds);
}

/* ".123456789" or nothing; what is finer than a millisecond is cut off. */
static bool take_decimals(ti_slice *text, unsigned *milliseconds)
{
    unsigned digit, scale = 100, count = 0;

    *milliseconds = 0;
    if (!take_text(text, "."))
        return true;
    while (take_digits(text, 1, &digit)) {
        *milliseconds += digit * scale;
        scale /= 10;
        if (++count > 9)
            return false;
    }
    return count > 0;
}

/* "Z", "+03:00", "-03:00": what UTC is behind the written time. */
static bool take_zone(ti_slice *text, int64_t *offset)
{
    bool west = text->size > 0 && text->data[0] == '-';
    unsigned hour, minute;

    *offset = 0;
    if (take_text(text, "Z"))
        return true;
    if (!take_text(text, west ? "-" : "+") || !take_digits(text, 2, &hour) || !take_text(text, ":") ||
        !take_digits(text, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *offset = (hour * HOUR + minute * MINUTE) * (west ? -1 : 1);
    return true;
}

bool ti_time_parse_extended(ti_slice text, int64_t *milliseconds)
{
    civil time = {0};
    int64_t offset = 0;

    if (!take_digits(&text, 4, &time.year) || !take_text(&text, "-") || !take_digits(&text, 2, &time.month) ||
        !take_text(&text, "-") || !take_digits(&text, 2, &time.day) || !take_text(&text, "T") ||
        !take_digits(&text, 2, &time.hour) || !take_text(&text, ":") || !take_digits(&text, 2, &time.minute) ||
        !take_text(&text, ":") || !take_digits(&text, 2, &time.second) || !take_decimals(&text, &time.millisecond) ||
        !take_zone(&text, &offset) || text.size != 0 || !join(&time, milliseconds))
        return false;
    *milliseconds -= offset;
    return true;
}

/* The weekday's name is not compared with the date: servers that get it wrong are right about the rest. */
bool ti_time_parse_http(ti_slice text, int64_t *milliseconds)
{
    civil time = {0};
    unsigned weekday, month;

    if (!take_name(&text, day_names, 7, &weekday) || !take_text(&text, ", ") || !take_digits(&text, 2, &time.day) ||
        !take_text(&text, " ") || !take_name(&text, month_names, 12, &month) || !take_text(&text, " ") ||
        !take_digits(&text, 4, &time.year) || !take_text(&text, " ") || !take_digits(&text, 2, &time.hour) ||
        !take_text(&text, ":") || !take_digits(&text, 2, &time.minute) || !take_text(&text, ":") ||
        !take_digits(&text, 2, &time.second) || !take_text(&text, " GMT") || text.size != 0)
        return false;
    time.month = month + 1;
    return join(&time, milliseconds);
}
