/* Options by name: the table, checked values, what stays on a failure. */
#include "support.h"

#include "base/options.h"

static void refused(ticker_options *options, const char *name, const char *value)
{
    const char *before = ticker_options_get(options, name);
    ticker_error error;

    ti_error_init(&error);
    ck_assert_msg(ticker_options_set(options, name, value, &error) == TICKER_FATAL, "%s=%s was taken", name, value);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_str_ne(error.hint, "");
    ck_assert_ptr_eq(ticker_options_get(options, name), before);
}

static void taken(ticker_options *options, const char *name, const char *value)
{
    ck_assert_msg(ticker_options_set(options, name, value, NULL) == TICKER_OK, "%s=%s was refused", name, value);
    ck_assert_str_eq(ticker_options_get(options, name), value);
}

START_TEST(the_table_can_be_walked)
{
    ticker_options *options = ticker_options_new();

    ck_assert_ptr_nonnull(options);
    ck_assert_uint_eq(ticker_option_count(), TI_OPTION_COUNT);
    for (size_t i = 0; i < ticker_option_count(); i++) {
        const char *fallback = ticker_option_default(i);

        ck_assert_ptr_nonnull(fallback);
        ck_assert_str_ne(ticker_option_name(i), "");
        ck_assert_str_ne(ticker_option_help(i), "");
        ck_assert_str_eq(ticker_options_get(options, ticker_option_name(i)), fallback);
        /* A default is a value that could be set. */
        ck_assert_int_eq(ticker_options_set(options, ticker_option_name(i), fallback, NULL), TICKER_OK);
    }
    ck_assert_str_eq(ticker_option_environment(TI_OPTION_DATABASE_URL), "DATABASE_URL");
    ck_assert_ptr_null(ticker_option_environment(TI_OPTION_FORMAT));
    ck_assert_ptr_null(ticker_option_argument(TI_OPTION_FORCE));
    ck_assert_str_eq(ticker_option_argument(TI_OPTION_ON_ERROR), "skip|reject");
    ck_assert_ptr_null(ticker_option_name(TI_OPTION_COUNT));
    ck_assert_ptr_null(ticker_option_environment(TI_OPTION_COUNT));
    ck_assert_ptr_null(ticker_option_default(TI_OPTION_COUNT));
    ck_assert_ptr_null(ticker_option_argument(TI_OPTION_COUNT));
    ck_assert_ptr_null(ticker_option_help(SIZE_MAX));
    ticker_options_free(options);
    ticker_options_free(NULL);
}
END_TEST

START_TEST(values_are_checked)
{
    ticker_options *options = ticker_options_new();

    ck_assert_ptr_nonnull(options);
    taken(options, "on-error", "reject");
    refused(options, "on-error", "");
    refused(options, "on-error", "rej");
    refused(options, "on-error", "rejects");
    refused(options, "on-error", "skip|reject");
    refused(options, "on-error", "|");
    taken(options, "format", "trades");
    taken(options, "format", "auto");
    refused(options, "format", "auto|cotahist");
    refused(options, "format", "TRADES");
    taken(options, "force", "yes");
    taken(options, "force", "off");
    refused(options, "force", "maybe");
    refused(options, "force", "");
    taken(options, "max-input-bytes", "12");
    taken(options, "max-input-bytes", "12B");
    taken(options, "max-input-bytes", "7TiB");
    refused(options, "max-input-bytes", "12 KiB");
    refused(options, "max-input-bytes", "KiB");
    refused(options, "max-input-bytes", "-1");
    refused(options, "max-input-bytes", "12kb");
    refused(options, "max-input-bytes", "8388608TiB"); /* 2^63 */
    refused(options, "max-expansion-ratio", "2x");
    refused(options, "max-expansion-ratio", "");
    refused(options, "max-expansion-ratio", "9223372036854775808");
    ck_assert_str_eq(ticker_options_get(options, "on-error"), "reject");
    ck_assert_str_eq(ticker_options_get(options, "max-input-bytes"), "7TiB");
    ticker_options_free(options);
}
END_TEST

/* Outside its range a value is refused, with a hint that names the range as the help does. */
START_TEST(ranges)
{
    static const struct {
        ti_option option;
        const char *lowest, *highest, *below, *above, *range;
    } cases[] = {
        {TI_OPTION_JOBS, "1", "64", "0", "65", "1 to 64"},
        {TI_OPTION_IMPORT_THREADS, "0", "3", "-1", "4", "0 to 3"},
        {TI_OPTION_IMPORT_CONNECTIONS, "1", "8", "0", "9", "1 to 8"},
        {TI_OPTION_MAX_NESTING, "0", "3", "-1", "4", "0 to 3"},
        {TI_OPTION_S3_CONCURRENCY, "1", "64", "0", "65", "1 to 64"},
        {TI_OPTION_S3_PART_SIZE, "5MiB", "5GiB", "5242879", "5368709121", "5MiB to 5GiB"},
    };
    ticker_options *options = ticker_options_new();

    ck_assert_ptr_nonnull(options);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *name = ticker_option_name(cases[i].option);
        ticker_error error;

        taken(options, name, cases[i].lowest);
        taken(options, name, cases[i].highest);
        refused(options, name, cases[i].below);
        refused(options, name, cases[i].above);
        refused(options, name, "18446744073709551616"); /* 2^64 */
        ti_error_init(&error);
        ck_assert_int_eq(ticker_options_set(options, name, cases[i].above, &error), TICKER_FATAL);
        ck_assert_msg(strstr(error.hint, cases[i].range) != NULL, "%s", error.hint);
        ck_assert_ptr_nonnull(strstr(ticker_option_help(cases[i].option), cases[i].range));
        ck_assert_str_eq(ticker_options_get(options, name), cases[i].highest);
    }
    refused(options, "max-nesting", "4294967296"); /* 2^32: an unsigned int makes 0 of it */
    refused(options, "jobs", "4294967297");
    ticker_options_free(options);
}
END_TEST

START_TEST(typed_values)
{
    ticker_options *options = ticker_options_new(), *copy;

    ck_assert_ptr_nonnull(options);
    ck_assert_int_eq(ti_option_number(NULL, TI_OPTION_MAX_INPUT_BYTES), INT64_C(64) << 30);
    ck_assert_int_eq(ti_option_number(NULL, TI_OPTION_MAX_NESTING), 3);
    ck_assert(!ti_option_flag(NULL, TI_OPTION_FORCE));
    ck_assert_str_eq(ti_option_text(NULL, TI_OPTION_FORMAT), "auto");
    taken(options, "max-input-bytes", "3KiB");
    taken(options, "force", "1");
    taken(options, "format", "cotahist");
    ck_assert_int_eq(ti_option_number(options, TI_OPTION_MAX_INPUT_BYTES), 3072);
    ck_assert(ti_option_flag(options, TI_OPTION_FORCE));
    copy = ticker_options_copy(options);
    ck_assert_ptr_nonnull(copy);
    ticker_options_free(options);
    ck_assert_int_eq(ti_option_number(copy, TI_OPTION_MAX_INPUT_BYTES), 3072);
    ck_assert(ti_option_flag(copy, TI_OPTION_FORCE));
    ck_assert_str_eq(ti_option_text(copy, TI_OPTION_FORMAT), "cotahist");
    ck_assert_str_eq(ti_option_text(copy, TI_OPTION_ON_ERROR), "skip");
    taken(copy, "force", "false");
    ck_assert(!ti_option_flag(copy, TI_OPTION_FORCE));
    ticker_options_free(copy);
    copy = ticker_options_copy(NULL);
    ck_assert_ptr_nonnull(copy);
    ck_assert(!ti_option_flag(copy, TI_OPTION_FORCE));
    ticker_options_free(copy);
}
END_TEST

START_TEST(unknown_names)
{
    ticker_options *options = ticker_options_new();
    char name[300];
    ticker_error error;

    ck_assert_ptr_nonnull(options);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_options_set(options, "onerror", "skip", &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(error.hint, "\"on-error\""));
    ticker_error_clear(&error);
    ck_assert_int_eq(ticker_options_set(options, "colour-of-the-sky", "blue", &error), TICKER_FATAL);
    ck_assert_str_eq(error.hint, "");
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(ticker_options_set(options, name, "x", NULL), TICKER_FATAL);
    ck_assert_ptr_null(ticker_options_get(options, "onerror"));
    ck_assert_ptr_null(ticker_options_get(options, NULL));
    ticker_options_free(options);
}
END_TEST

START_TEST(usage)
{
    ticker_options *options = ticker_options_new();
    char value[TICKER_OPTION_VALUE_MAX + 1];
    ticker_error error;

    ck_assert_ptr_nonnull(options);
    ck_assert_int_eq(ticker_options_set(NULL, "force", "yes", NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_options_set(options, NULL, "yes", NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_options_set(options, "force", NULL, NULL), TICKER_FATAL);
    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    ti_error_init(&error);
    ck_assert_int_eq(ticker_options_set(options, "database-url", value, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    value[sizeof(value) - 2] = '\0';
    taken(options, "database-url", value);
    taken(options, "database-url", "");
    ticker_options_free(options);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_table_can_be_walked, values_are_checked, ranges, typed_values, unknown_names, usage};

    return run_tests("options", tests, COUNT(tests));
}
