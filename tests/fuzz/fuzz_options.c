/* Options as people write them. The first byte says where: 'o' the library's names and values, "name=value" a line; 'c' a
 * configuration file; 'a' the arguments of a program, one a line; 'w' those before its command. What is taken must be what was written,
 * what is refused must be said once, in one line, and leave what was there. */
#define _GNU_SOURCE /* memfd_create() */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "args.h"
#include "config_file.h"
#include "settings.h"

#include "base/options.h"
#include "base/utf8.h"

#define TEXT_MAX ((size_t)64 * 1024)
#define LINES_MAX 200

/* --- What is said --------------------------------------------------------------------------------------------------------------- */

static unsigned said;

/* In the place of front/console.c: nobody reads a thousand messages a second. */
void front_error(front_console *console, const char *format, ...)
{
    (void)console;
    CHECK(format[0] != '\0');
    said++;
}

void front_warning(front_console *console, const char *format, ...)
{
    (void)console;
    (void)format;
}

void front_detail(front_console *console, const char *format, ...)
{
    (void)console;
    (void)format;
}

void front_report(front_console *console, const ticker_error *error, const char *where)
{
    (void)console;
    CHECK(where != NULL && ticker_error_message(error)[0] != '\0');
    said++;
}

static front_console *console(void)
{
    static front_console one;

    said = 0;
    return &one;
}

/* --- The library's options ------------------------------------------------------------------------------------------------------ */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* A number and, for a size, its unit, read in another way than the library does. False: it is none, or larger than an int64_t. */
static bool read_number(const char *text, bool size, int64_t *number)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    __int128 value = 0;
    const char *at = text;

    for (; is_digit(*at); at++)
        if ((value = value * 10 + (*at - '0')) > INT64_MAX)
            return false;
    if (at == text)
        return false;
    for (size_t i = 0; size && i < 4; i++)
        if (strcmp(at, units[i]) == 0) {
            value <<= 10 * (i + 1);
            at += 3;
        }
    if (size && strcmp(at, "B") == 0)
        at++;
    *number = (int64_t)value;
    return *at == '\0' && value <= INT64_MAX;
}

/* Numbers show their argument as N, sizes as SIZE; every other value is a word or a text. */
static void check_taken(ticker_options *options, size_t index, const char *value)
{
    const char *argument = ticker_option_argument(index);
    ticker_options *copy = ticker_options_copy(options);
    int64_t number;

    CHECK(copy != NULL && strcmp(ticker_options_get(copy, ticker_option_name(index)), value) == 0);
    CHECK(strcmp(ticker_options_get(options, ticker_option_name(index)), value) == 0);
    if (argument != NULL && (strcmp(argument, "N") == 0 || strcmp(argument, "SIZE") == 0)) {
        CHECK(read_number(value, argument[0] == 'S', &number));
        CHECK(ti_option_number(copy, (ti_option)index) == number);
    }
    if (argument == NULL)
        CHECK(strlen(value) <= 5 && (!ti_option_flag(copy, (ti_option)index) || strchr("yt1o", value[0]) != NULL));
    ticker_options_free(copy);
}

static size_t find_option(const char *name)
{
    size_t i = 0;

    while (i < ticker_option_count() && strcmp(ticker_option_name(i), name) != 0)
        i++;
    return i;
}

static void check_refused(const ticker_error *error)
{
    CHECK(ticker_error_get_kind(error) == TICKER_ERROR_USAGE);
    CHECK(ticker_error_message(error)[0] != '\0' && strchr(ticker_error_message(error), '\n') == NULL);
    for (ti_slice left = ti_slice_of(ticker_error_message(error)); left.size > 0;) {
        size_t length = ti_utf8_length(left);

        CHECK(length > 0);
        left = (ti_slice){left.data + length, left.size - length};
    }
}

static void set_line(ticker_options *options, ticker_error *error, char *line)
{
    char *value = strchr(line, '=');
    const char *before;
    ticker_status status;
    size_t index;

    if (value == NULL)
        return;
    *value++ = '\0';
    index = find_option(line);
    before = index < ticker_option_count() ? ticker_options_get(options, line) : NULL;
    ticker_error_clear(error);
    status = ticker_options_set(options, line, value, error);
    if (status == TICKER_OK) {
        CHECK(index < ticker_option_count() && ticker_error_get_kind(error) == TICKER_ERROR_NONE);
        check_taken(options, index, value);
        return;
    }
    CHECK(status == TICKER_FATAL);
    check_refused(error);
    CHECK(index == ticker_option_count() || ticker_options_get(options, line) == before);
}

static void set_lines(char *text)
{
    ticker_options *options = ticker_options_new();
    ticker_error *error = ticker_error_new();
    char *line, *rest = text;

    CHECK(options != NULL && error != NULL);
    while ((line = strsep(&rest, "\n")) != NULL)
        set_line(options, error, line);
    for (size_t i = 0; i < ticker_option_count(); i++)
        CHECK(ticker_options_get(options, ticker_option_name(i)) != NULL);
    ticker_error_free(error);
    ticker_options_free(options);
}

/* --- A configuration file ------------------------------------------------------------------------------------------------------- */

static front_config read_file(ticker_options *options, const char *text, size_t size)
{
    int file = memfd_create("config", MFD_CLOEXEC);
    char path[64];
    front_config found;

    CHECK(file >= 0);
    for (size_t at = 0; at < size;) {
        ssize_t written = write(file, text + at, size - at);

        CHECK(written > 0);
        at += (size_t)written;
    }
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    found = front_config_read(options, path, true, console());
    CHECK(close(file) == 0);
    CHECK(found == (said == 0 ? FRONT_CONFIG_READ : FRONT_CONFIG_WRONG) && said <= 1);
    return found;
}

/* Line ends of another kind, blanks, comments and empty lines change nothing. */
static void read_config(const char *text, size_t size)
{
    static const char head[] = "# a comment\n\n", tail[] = "\n \t\r\n# = the end";
    ticker_options *options = ticker_options_new(), *again = ticker_options_new();
    char *copy = malloc(2 * size + sizeof(head) + sizeof(tail));
    size_t length = sizeof(head) - 1;
    bool long_lines = false;

    CHECK(options != NULL && again != NULL && copy != NULL);
    memcpy(copy, head, length);
    for (size_t i = 0, line = 0; i < size; i++) {
        line = text[i] == '\n' ? 0 : line + 1;
        long_lines |= line > FRONT_CONFIG_LINE_MAX - 8;
        if (text[i] == '\n')
            copy[length++] = '\r';
        copy[length++] = text[i];
    }
    memcpy(copy + length, tail, sizeof(tail) - 1);
    length += sizeof(tail) - 1;
    if (read_file(options, text, size) == FRONT_CONFIG_READ && !long_lines && memchr(text, '\0', size) == NULL) {
        CHECK(read_file(again, copy, length) == FRONT_CONFIG_READ);
        for (size_t i = 0; i < ticker_option_count(); i++)
            CHECK(strcmp(ti_option_text(options, (ti_option)i), ti_option_text(again, (ti_option)i)) == 0);
    }
    free(copy);
    ticker_options_free(options);
    ticker_options_free(again);
}

/* --- Arguments ------------------------------------------------------------------------------------------------------------------ */

static const front_flag flags[] = {{"help", 'h', false, NULL, "help"},
                                   {"quiet", 'q', false, NULL, "quiet"},
                                   {"config", 0, false, "FILE", "a file"},
                                   {"color", 0, false, "auto|always|never", "colors"}};

/* Each argument is taken once: as a flag, as its value, or as what is left. */
static void check_arguments(const front_args *args, int argc, char **argv, int read)
{
    size_t left = 0;

    CHECK(read <= argc && args->positional_count <= (size_t)argc);
    for (size_t i = 0; i < args->positional_count; i++) {
        while (left < (size_t)read && argv[left] != args->positional[i])
            left++;
        CHECK(left < (size_t)read); /* in their order */
        left++;
    }
    for (size_t i = 0; i < args->flag_count; i++) {
        const char *value = args->values[i], *argument = args->flags[i].argument;

        if (value == NULL)
            continue;
        CHECK(argument != NULL || args->flags[i].option || strcmp(value, "yes") == 0);
        CHECK(argument == NULL || strchr(argument, '|') == NULL || args->flags[i].option || strchr(value, '|') == NULL);
        CHECK(front_args_value(args, args->flags[i].name) == value);
    }
}

static void read_arguments(char *text, bool until_word)
{
    char *argv[LINES_MAX], *rest = text;
    front_args args;
    int argc = 0, read;

    while (argc < LINES_MAX && (argv[argc] = strsep(&rest, "\n")) != NULL)
        argc++;
    front_args_init(&args);
    front_args_add(&args, flags, sizeof(flags) / sizeof(flags[0]));
    front_args_add_option(&args, "on-error");
    front_args_add_option(&args, "force");
    front_args_add_option(&args, "max-input-bytes");
    front_args_add_option(&args, "no-such-option");
    CHECK(args.flag_count == sizeof(flags) / sizeof(flags[0]) + 3);
    read = front_args_parse(&args, argc, argv, 0, until_word, "try --help", console());
    CHECK(said == (read < 0));
    if (read >= 0)
        check_arguments(&args, argc, argv, read);
    if (read >= 0 && !until_word)
        CHECK(read == argc);
    front_args_free(&args);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size < 1 || size > TEXT_MAX)
        return 0;
    text = text_behind_first(data, size);
    if (data[0] == 'c')
        read_config(text, size - 1);
    else if (data[0] == 'o')
        set_lines(text);
    else
        read_arguments(text, data[0] == 'w');
    free(text);
    return 0;
}
