/* Programs run for their output: the words of a command, caps, ends of every kind. */
#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

#include "aws/process.h"
#include "aws/secret.h"
#include "base/clock.h"

static void check_words(const char *command, size_t count, ...)
{
    ti_arguments arguments;
    ticker_error error;
    va_list words;

    ti_error_init(&error);
    ck_assert_msg(ti_arguments_split(command, &arguments, &error) == TICKER_OK, "%s", error.message);
    va_start(words, count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_nonnull(arguments.words[i]);
        ck_assert_str_eq(arguments.words[i], va_arg(words, const char *));
    }
    va_end(words);
    ck_assert_ptr_null(arguments.words[count]);
    ti_arguments_wipe(&arguments);
}

START_TEST(words_of_a_command)
{
    check_words("program", 1, "program");
    check_words("  program\targument \n second\r\n", 3, "program", "argument", "second");
    check_words("\"/a program\" 'it is' one\\ word", 3, "/a program", "it is", "one word");
    check_words("p \"say \\\"hello\\\"\" 'a\\b' \"c\\d\" \"e\\\\f\"", 5, "p", "say \"hello\"", "a\\b", "c\\d", "e\\f");
    check_words("p '' \"\" x\"\"y", 4, "p", "", "", "xy");
    check_words("p $HOME * ~ `ls` ; | & > #", 10, "p", "$HOME", "*", "~", "`ls`", ";", "|", "&", ">", "#");
    check_words("p end\\", 2, "p", "end\\");
}
END_TEST

static void check_no_words(const char *command, ticker_error_kind kind, const char *what)
{
    ti_arguments arguments;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_int_eq(ti_arguments_split(command, &arguments, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, kind);
    ck_assert_msg(strstr(error.message, what) != NULL, "%s", error.message);
    ti_arguments_wipe(&arguments);
}

START_TEST(commands_that_are_none)
{
    check_no_words("", TICKER_ERROR_USAGE, "empty");
    check_no_words(" \t ", TICKER_ERROR_USAGE, "empty");
    check_no_words("''", TICKER_ERROR_USAGE, "empty");
    check_no_words("p \"SECRET", TICKER_ERROR_USAGE, "quote");
    check_no_words("p 'it", TICKER_ERROR_USAGE, "quote");
}
END_TEST

START_TEST(too_many_words)
{
    ti_buffer command;

    bytes_init(&command);
    for (size_t i = 0; i <= TI_PROCESS_ARGUMENTS_MAX; i++)
        add(&command, "w ");
    check_no_words(ti_buffer_string(&command), TICKER_ERROR_LIMIT, "words");
    ti_buffer_free(&command);
}
END_TEST

/* Runs a line of shell. */
static ticker_status run_shell(ti_process *process, const char *line, ti_buffer *output, ticker_error *error)
{
    char shell[] = "/bin/sh", option[] = "-c", copy[512];
    char *const arguments[] = {shell, option, copy, NULL};

    (void)snprintf(copy, sizeof(copy), "%s", line);
    process->arguments = arguments;
    process->max = 1000;
    if (process->timeout == 0)
        process->timeout = 30000;
    ck_assert(ti_secret_init(output, process->max));
    ti_error_init(error);
    return ti_process_run(process, output, error);
}

START_TEST(output_and_status)
{
    ti_process process = {0};
    ti_buffer output;
    ticker_error error;

    ck_assert_int_eq(run_shell(&process, "echo one; cat; echo two", &output, &error), TICKER_OK);
    ck_assert_str_eq(ti_buffer_string(&output), "one\ntwo\n"); /* standard input is empty */
    ck_assert_int_eq(process.exit_code, 0);
    ck_assert_int_eq(process.signal, 0);
    ck_assert(!process.complained);
    ti_secret_wipe(&output);
    ck_assert_int_eq(run_shell(&process, "echo SECRET >&2; exit 3", &output, &error), TICKER_OK);
    ck_assert_uint_eq(output.size, 0);
    ck_assert_int_eq(process.exit_code, 3);
    ck_assert(process.complained);
    ti_secret_wipe(&output);
    ck_assert_int_eq(run_shell(&process, "kill -9 $$", &output, &error), TICKER_OK);
    ck_assert_int_eq(process.exit_code, -1);
    ck_assert_int_eq(process.signal, 9);
    ti_secret_wipe(&output);
}
END_TEST

START_TEST(output_is_capped)
{
    ti_process process = {0};
    ti_buffer output;
    ticker_error error;

    ck_assert_int_eq(run_shell(&process, "printf %1000s x", &output, &error), TICKER_OK);
    ck_assert_uint_eq(output.size, 1000);
    ti_secret_wipe(&output);
    ck_assert_int_eq(run_shell(&process, "printf %1001s x", &output, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ti_secret_wipe(&output);
    ck_assert_int_eq(run_shell(&process, "yes SECRET", &output, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ck_assert_ptr_null(strstr(error.message, "SECRET"));
    ti_secret_wipe(&output);
    /* What fills the other pipe does not block it. */
    ck_assert_int_eq(run_shell(&process, "yes | head -c 300000 >&2; echo done", &output, &error), TICKER_OK);
    ck_assert_str_eq(ti_buffer_string(&output), "done\n");
    ck_assert(process.complained);
    ti_secret_wipe(&output);
}
END_TEST

START_TEST(it_must_end)
{
    static const char *const lines[] = {"sleep 100", "sleep 100 & sleep 100", "exec >&-; exec 2>&-; sleep 100"};

    for (size_t i = 0; i < COUNT(lines); i++) {
        ti_process process = {.timeout = 150};
        ti_buffer output;
        ticker_error error;
        int64_t begin = ti_clock_system.monotonic(NULL);

        ck_assert_int_eq(run_shell(&process, lines[i], &output, &error), TICKER_RETRY);
        ck_assert_int_eq(error.kind, TICKER_ERROR_SERVICE);
        ck_assert_ptr_nonnull(strstr(error.message, "did not end"));
        ck_assert_int_lt(ti_clock_system.monotonic(NULL) - begin, 20000);
        ti_secret_wipe(&output);
    }
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
}
END_TEST

/* A child of it that holds the error open does not hold us up. */
START_TEST(who_stays_behind_is_not_waited_for)
{
    ti_process process = {0};
    ti_buffer output;
    ticker_error error;
    int64_t begin = ti_clock_system.monotonic(NULL);

    ck_assert_int_eq(run_shell(&process, "sleep 20 >/dev/null & echo done", &output, &error), TICKER_OK);
    ck_assert_str_eq(ti_buffer_string(&output), "done\n");
    ck_assert_int_lt(ti_clock_system.monotonic(NULL) - begin, 15000);
    ti_secret_wipe(&output);
}
END_TEST

static bool stop(void *payload)
{
    return ++*(int *)payload > 1;
}

START_TEST(the_caller_may_stop_it)
{
    int asked = 0;
    ti_process process = {.interrupted = stop, .payload = &asked};
    ti_buffer output;
    ticker_error error;

    ck_assert_int_eq(run_shell(&process, "sleep 100", &output, &error), TICKER_RETRY);
    ck_assert_int_eq(error.kind, TICKER_ERROR_CANCELLED);
    ck_assert_int_eq(asked, 2);
    ti_secret_wipe(&output);
}
END_TEST

/* Where a child cannot share our memory (under Valgrind, in some emulators) posix_spawn() cannot tell that there is no such
 * program: POSIX then has the child exit with 127. */
static void check_cannot_run(ti_process *process, ti_buffer *output)
{
    ticker_error error;
    ticker_status status;

    ti_error_init(&error);
    status = ti_process_run(process, output, &error);
    if (status == TICKER_OK) {
        ck_assert_int_eq(process->exit_code, 127);
        ck_assert_uint_eq(output->size, 0);
        return;
    }
    ck_assert_int_eq(status, TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(error.message, process->arguments[0]));
}

START_TEST(programs_that_are_none)
{
    char name[] = "/nonexistent/program", folder[] = "/tmp";
    char *const missing[] = {name, NULL}, *const directory[] = {folder, NULL};
    ti_process process = {.arguments = missing, .max = 10, .timeout = 1000};
    ti_buffer output;

    ck_assert(ti_secret_init(&output, 10));
    check_cannot_run(&process, &output);
    process.arguments = directory;
    check_cannot_run(&process, &output);
    ti_secret_wipe(&output);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {words_of_a_command,
                                  commands_that_are_none,
                                  too_many_words,
                                  output_and_status,
                                  output_is_capped,
                                  it_must_end,
                                  who_stays_behind_is_not_waited_for,
                                  the_caller_may_stop_it,
                                  programs_that_are_none};

    return run_tests("aws_process", tests, COUNT(tests));
}
