#include "base/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/slice.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SIZE_TEXT_MAX 32

typedef enum option_type { TEXT, SECRET, FLAG, NUMBER, SIZE, CHOICE } option_type;

/* What values there are; `max` 0: any number of 0 or more. */
typedef struct option_values {
    option_type kind;
    int64_t min, max;
} option_values;

typedef struct option_row {
    const char *name, *environment;
    option_values values;
    const char *fallback, *argument, *help;
} option_row;

/* For the initializer {.kind = …}. */
#define NUMBER_FROM(min, max) NUMBER, min, max
#define SIZE_FROM(min, max) SIZE, min, max

static const option_row rows[TI_OPTION_COUNT] = {
#define OPTION(id, name, environment, type, fallback, argument, help)                                                  \
    {name, environment, {.kind = type}, fallback, argument, help},
#include "base/options.def"
#undef OPTION
};

struct ticker_options {
    char *values[TI_OPTION_COUNT]; /* NULL: the default */
};

ticker_options *ticker_options_new(void)
{
    return calloc(1, sizeof(ticker_options));
}

static void drop_value(ticker_options *options, size_t index)
{
    char *value = options->values[index];

    if (value != NULL && rows[index].values.kind == SECRET)
        explicit_bzero(value, strlen(value));
    free(value);
    options->values[index] = NULL;
}

void ticker_options_free(ticker_options *options)
{
    if (options == NULL)
        return;
    for (size_t i = 0; i < TI_OPTION_COUNT; i++)
        drop_value(options, i);
    free(options);
}

ticker_options *ticker_options_copy(const ticker_options *options)
{
    ticker_options *copy = ticker_options_new();

    for (size_t i = 0; copy != NULL && options != NULL && i < TI_OPTION_COUNT; i++) {
        if (options->values[i] == NULL)
            continue;
        copy->values[i] = strdup(options->values[i]);
        if (copy->values[i] == NULL) {
            ticker_options_free(copy);
            return NULL;
        }
    }
    return copy;
}

static bool parse_flag(const char *value, bool *flag)
{
    static const char *const words[] = {"no", "yes", "false", "true", "0", "1", "off", "on"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(value, words[i]) == 0) {
            *flag = i % 2 == 1;
            return true;
        }
    return false;
}

static const char *const size_units[] = {"", "KiB", "MiB", "GiB", "TiB"}; /* each 1024 of the one before */

static bool parse_size(const char *value, int64_t *bytes)
{
    size_t digits = strspn(value, "0123456789");

    if (!ti_parse_integer((ti_slice){value, digits}, false, bytes))
        return false;
    if (strcmp(value + digits, "B") == 0)
        return true;
    for (unsigned i = 0; i < COUNT(size_units); i++)
        if (strcmp(value + digits, size_units[i]) == 0)
            return !__builtin_mul_overflow(*bytes, INT64_C(1) << 10 * i, bytes);
    return false;
}

static bool parse_choice(const char *choices, const char *value)
{
    size_t size = strcspn(value, "|");

    if (value[size] != '\0') /* more than one of the words */
        return false;
    for (const char *at = choices; size > 0 && at != NULL; at = strchr(at, '|'), at = at != NULL ? at + 1 : NULL)
        if (strncmp(at, value, size) == 0 && (at[size] == '|' || at[size] == '\0'))
            return true;
    return false;
}

static bool within(const option_values *values, int64_t number)
{
    return values->max == 0 || (number >= values->min && number <= values->max);
}

static bool valid(const option_row *row, const char *value)
{
    int64_t number;
    bool flag;

    switch (row->values.kind) {
    case TEXT:
    case SECRET:
        return true;
    case FLAG:
        return parse_flag(value, &flag);
    case NUMBER:
        return ti_parse_integer(ti_slice_of(value), false, &number) && within(&row->values, number);
    case SIZE:
        return parse_size(value, &number) && within(&row->values, number);
    case CHOICE:
        return parse_choice(row->argument, value);
    }
    return false;
}

/* How many letters have to be changed, added or left out to get from one name to the other; only short names are compared. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64], rows_a = strlen(a), columns = strlen(b);

    if (columns >= 64)
        return SIZE_MAX;
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 1; i <= rows_a; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]), other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = change < other ? change : other;
        }
    }
    return row[columns];
}

static ticker_status unknown_option(const char *name, ticker_error *error)
{
    size_t best = SIZE_MAX, nearest = 0;

    for (size_t i = 0; i < TI_OPTION_COUNT && strlen(name) < 64; i++) {
        size_t d = distance(name, rows[i].name);

        if (d < best) {
            best = d;
            nearest = i;
        }
    }
    (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "unknown option \"%s\"", name);
    if (best <= 3)
        ti_error_hint(error, "did you mean \"%s\"?", rows[nearest].name);
    return TICKER_FATAL;
}

/* "5MiB": as the user would write it. */
static void format_size(char text[SIZE_TEXT_MAX], int64_t bytes)
{
    size_t unit = 0;

    while (unit + 1 < COUNT(size_units) && bytes > 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    (void)snprintf(text, SIZE_TEXT_MAX, "%lld%s", (long long)bytes, size_units[unit]);
}

static void hint_number(const option_values *values, ticker_error *error)
{
    char min[SIZE_TEXT_MAX], max[SIZE_TEXT_MAX];

    if (values->max == 0) {
        ti_error_hint(error, "%s",
                      values->kind == SIZE ? "use a number of bytes, or one with KiB, MiB or GiB"
                                           : "use a whole number");
    } else if (values->kind == SIZE) {
        format_size(min, values->min);
        format_size(max, values->max);
        ti_error_hint(error, "use a number of bytes from %s to %s", min, max);
    } else {
        ti_error_hint(error, "use a whole number from %lld to %lld", (long long)values->min, (long long)values->max);
    }
}

static ticker_status wrong_value(const option_row *row, const char *value, ticker_error *error)
{
    (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "option \"%s\" cannot be \"%s\"", row->name, value);
    switch (row->values.kind) {
    case FLAG:
        ti_error_hint(error, "use yes or no");
        break;
    case NUMBER:
    case SIZE:
        hint_number(&row->values, error);
        break;
    case CHOICE:
        ti_error_hint(error, "use one of %s", row->argument);
        break;
    case TEXT:
    case SECRET:
        break;
    }
    return TICKER_FATAL;
}

ticker_status ticker_options_set(ticker_options *options, const char *name, const char *value, ticker_error *error)
{
    size_t index = 0;
    char *copy;

    if (options == NULL || name == NULL || value == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an option needs a name and a value");
    while (index < TI_OPTION_COUNT && strcmp(rows[index].name, name) != 0)
        index++;
    if (index == TI_OPTION_COUNT)
        return unknown_option(name, error);
    if (strlen(value) >= TICKER_OPTION_VALUE_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the value of option \"%s\" is longer than %d bytes",
                       name, TICKER_OPTION_VALUE_MAX - 1);
    if (!valid(&rows[index], value))
        return wrong_value(&rows[index], value, error);
    copy = strdup(value);
    if (copy == NULL)
        return ti_fail_memory(error);
    drop_value(options, index);
    options->values[index] = copy;
    return TICKER_OK;
}

const char *ti_option_text(const ticker_options *options, ti_option option)
{
    return options != NULL && options->values[option] != NULL ? options->values[option] : rows[option].fallback;
}

bool ti_option_is_set(const ticker_options *options, ti_option option)
{
    return options != NULL && options->values[option] != NULL;
}

bool ti_option_flag(const ticker_options *options, ti_option option)
{
    bool flag = false;

    return parse_flag(ti_option_text(options, option), &flag) && flag;
}

int64_t ti_option_number(const ticker_options *options, ti_option option)
{
    int64_t number = 0;

    return parse_size(ti_option_text(options, option), &number) ? number : 0;
}

const char *ticker_options_get(const ticker_options *options, const char *name)
{
    for (size_t i = 0; name != NULL && i < TI_OPTION_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return ti_option_text(options, (ti_option)i);
    return NULL;
}

size_t ticker_option_count(void)
{
    return TI_OPTION_COUNT;
}

const char *ticker_option_name(size_t index)
{
    return index < TI_OPTION_COUNT ? rows[index].name : NULL;
}

const char *ticker_option_environment(size_t index)
{
    return index < TI_OPTION_COUNT ? rows[index].environment : NULL;
}

const char *ticker_option_default(size_t index)
{
    return index < TI_OPTION_COUNT ? rows[index].fallback : NULL;
}

const char *ticker_option_argument(size_t index)
{
    return index < TI_OPTION_COUNT ? rows[index].argument : NULL;
}

const char *ticker_option_help(size_t index)
{
    return index < TI_OPTION_COUNT ? rows[index].help : NULL;
}
