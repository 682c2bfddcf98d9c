#define _GNU_SOURCE /* wcwidth */
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

#define WORD_MAX 40 /* longer words are not compared */

const char *front_text_count(int64_t value, char text[FRONT_NUMBER_MAX])
{
    char digits[FRONT_NUMBER_MAX];
    size_t used = 0, length, start;

    (void)snprintf(digits, sizeof digits, "%" PRId64, value);
    length = strlen(digits);
    start = digits[0] == '-' ? 1 : 0;
    for (size_t i = 0; i < length; i++) {
        if (i > start && (length - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

const char *front_text_bytes(uint64_t bytes, char text[FRONT_NUMBER_MAX])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    uint64_t whole = bytes, tenths = 0;
    size_t unit = 0;

    while (whole >= 1000 && unit + 1 < sizeof units / sizeof units[0]) {
        tenths = whole % 1000 / 100;
        whole /= 1000;
        unit++;
    }
    if (unit == 0 || whole >= 100)
        (void)snprintf(text, FRONT_NUMBER_MAX, "%" PRIu64 " %s", whole, units[unit]);
    else
        (void)snprintf(text, FRONT_NUMBER_MAX, "%" PRIu64 ".%" PRIu64 " %s", whole, tenths, units[unit]);
    return text;
}

const char *front_text_duration(uint64_t microseconds, char text[FRONT_NUMBER_MAX])
{
    uint64_t seconds = microseconds / 1000000;

    if (seconds < 10)
        (void)snprintf(text, FRONT_NUMBER_MAX, "%" PRIu64 ".%02" PRIu64 " s", seconds, microseconds % 1000000 / 10000);
    else if (seconds < 60)
        (void)snprintf(text, FRONT_NUMBER_MAX, "%" PRIu64 ".%" PRIu64 " s", seconds, microseconds % 1000000 / 100000);
    else if (seconds < 3600)
        (void)snprintf(text, FRONT_NUMBER_MAX, "%" PRIu64 ":%02" PRIu64, seconds / 60, seconds % 60);
    else
        (void)snprintf(text, FRONT_NUMBER_MAX, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600,
                       seconds / 60 % 60, seconds % 60);
    return text;
}

size_t front_utf8_length(const char *text)
{
    unsigned char c = (unsigned char)text[0], next;
    size_t length = c < 0x80                 ? 1
                    : c >= 0xC2 && c <= 0xDF ? 2
                    : c >= 0xE0 && c <= 0xEF ? 3
                    : c >= 0xF0 && c <= 0xF4 ? 4
                                             : 0;

    if (c == 0)
        return 0;
    for (size_t i = 1; i < length; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            return 0;
    if (length < 2)
        return length;
    next = (unsigned char)text[1];
    /* Overlong forms, surrogates, beyond U+10FFFF. */
    if ((c == 0xE0 && next < 0xA0) || (c == 0xED && next > 0x9F) || (c == 0xF0 && next < 0x90) ||
        (c == 0xF4 && next > 0x8F))
        return 0;
    return length;
}

static bool is_control(const char *text, size_t length)
{
    unsigned char c = (unsigned char)text[0];

    return (length == 1 && (c < 0x20 || c == 0x7F)) || (length == 2 && c == 0xC2 && (unsigned char)text[1] < 0xA0);
}

const char *front_text_clean(const char *from, char *to, size_t size)
{
    size_t used = 0;

    while (*from != '\0') {
        size_t length = front_utf8_length(from), step = length > 0 ? length : 1;
        bool bad = length == 0 || is_control(from, length);

        if (used + (bad ? 1 : length) >= size)
            break;
        if (bad)
            to[used++] = '?';
        else
            for (size_t i = 0; i < length; i++)
                to[used++] = from[i];
        from += step;
    }
    to[used] = '\0';
    return to;
}

static size_t character_width(const char *text, size_t length)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    wchar_t point = (wchar_t)((unsigned char)text[0] & masks[length]);
    int width;

    for (size_t i = 1; i < length; i++)
        point = (wchar_t)((point << 6) | ((unsigned char)text[i] & 0x3F));
    width = wcwidth(point);
    return width < 0 ? 1 : (size_t)width;
}

size_t front_text_width(const char *text)
{
    size_t width = 0;

    while (*text != '\0') {
        size_t length = front_utf8_length(text);

        width += length > 0 ? character_width(text, length) : 1;
        text += length > 0 ? length : 1;
    }
    return width;
}

const char *front_text_tail(const char *text, size_t columns, char *to, size_t size)
{
    size_t width = front_text_width(text);

    if (width <= columns)
        return text;
    while (*text != '\0' && width + 1 > columns) {
        size_t length = front_utf8_length(text);

        width -= length > 0 ? character_width(text, length) : 1;
        text += length > 0 ? length : 1;
    }
    (void)snprintf(to, size, "…%s", text);
    return to;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t d = a < b ? a : b;

    return d < c ? d : c;
}

/* How many letters must be put in, left out, replaced or swapped with their neighbour. */
static size_t distance(const char *a, const char *b)
{
    size_t m = strlen(a), n = strlen(b), rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= n; j++)
        above[j] = before[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t *turn = before;

        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;

            row[j] = smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        before = above;
        above = row;
        row = turn;
    }
    return above[n];
}

const char *front_nearest(const char *word, const char *const *candidates)
{
    const char *best = NULL;
    size_t length = strlen(word), best_distance;

    if (length == 0 || length > WORD_MAX)
        return NULL;
    best_distance = length < 4 ? 2 : length / 3 + 2; /* not reached: one must be nearer than that */
    for (; *candidates != NULL; candidates++) {
        size_t d;

        if (strlen(*candidates) > WORD_MAX)
            continue;
        if (length >= 2 && strncasecmp(word, *candidates, length) == 0)
            d = 0; /* the beginning of a name */
        else
            d = distance(word, *candidates);
        if (d < best_distance) {
            best = *candidates;
            best_distance = d;
        }
    }
    return best;
}

bool front_parse_number(const char *text, int64_t min, int64_t max, int64_t *value)
{
    int64_t number = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || number > (INT64_MAX - 9) / 10)
            return false;
        number = number * 10 + (*text - '0');
    }
    *value = number;
    return number >= min && number <= max;
}
