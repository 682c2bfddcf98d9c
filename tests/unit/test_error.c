/* Status names and ticker_error: the first failure stays, texts are cut and cleaned, NULL is allowed everywhere. */
#include <config.h>

#include "support.h"

#include <stdio.h>

START_TEST(status_names)
{
    ck_assert_str_eq(ticker_status_name(TICKER_OK), "TICKER_OK");
    ck_assert_str_eq(ticker_status_name(TICKER_DONE), "TICKER_DONE");
    ck_assert_str_eq(ticker_status_name(TICKER_RETRY), "TICKER_RETRY");
    ck_assert_str_eq(ticker_status_name(TICKER_WARN), "TICKER_WARN");
    ck_assert_str_eq(ticker_status_name(TICKER_FAILED), "TICKER_FAILED");
    ck_assert_str_eq(ticker_status_name(TICKER_FATAL), "TICKER_FATAL");
    ck_assert_str_eq(ticker_status_name((ticker_status)-7), "unknown");
}
END_TEST

START_TEST(versions_agree)
{
    char text[32];
    int number = ticker_version_number();

    (void)snprintf(text, sizeof(text), "%d.%d.%d", number >> 16, number >> 8 & 255, number & 255);
    ck_assert_str_eq(ticker_version(), text);
    ck_assert_str_eq(ticker_version(), TICKER_VERSION);
    ck_assert_int_eq(number, TICKER_VERSION_NUMBER);
#ifdef TI_WITH_SQLITE
    ck_assert_int_eq(ticker_has("sqlite"), 1);
#else
    ck_assert_int_eq(ticker_has("sqlite"), 0);
#endif
#ifdef TI_WITH_POSTGRESQL
    ck_assert_int_eq(ticker_has("postgresql"), 1);
#else
    ck_assert_int_eq(ticker_has("postgresql"), 0);
#endif
    ck_assert_int_eq(ticker_has("teleport"), 0);
    ck_assert_int_eq(ticker_has(NULL), 0);
}
END_TEST

START_TEST(a_new_error_is_empty)
{
    ticker_error *error = ticker_error_new();
    char text[8] = "x";

    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq(ticker_error_status(error), TICKER_OK);
    ck_assert_int_eq(ticker_error_get_kind(error), TICKER_ERROR_NONE);
    ck_assert_str_eq(ticker_error_message(error), "");
    ck_assert_str_eq(ticker_error_hint(error), "");
    ck_assert_str_eq(ticker_error_file(error), "");
    ck_assert_uint_eq(ticker_error_line(error), 0);
    ck_assert_uint_eq(ticker_error_column(error), 0);
    ck_assert_int_eq(ticker_error_offset(error), -1);
    ck_assert_str_eq(ticker_error_sqlstate(error), "");
    ck_assert_int_eq(ticker_error_http_status(error), 0);
    ck_assert_str_eq(ticker_error_aws_code(error), "");
    ck_assert_uint_eq(ticker_error_format(error, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "");
    ticker_error_free(error);
    ticker_error_free(NULL);
}
END_TEST

START_TEST(the_first_failure_stays)
{
    ticker_error error;

    ti_error_init(&error);
    ti_error_hint(&error, "too early");
    ti_error_file(&error, "too early");
    ti_error_place(&error, 1, 1, 1);
    ti_error_sqlstate(&error, "12345");
    ck_assert_str_eq(error.hint, "");
    ck_assert_str_eq(error.file, "");
    ck_assert_uint_eq(error.line, 0);
    ck_assert_str_eq(error.sqlstate, "");
    ck_assert_int_eq(ti_fail(&error, TICKER_FAILED, TICKER_ERROR_INPUT, "number %d", 1), TICKER_FAILED);
    ck_assert_int_eq(ti_fail(&error, TICKER_RETRY, TICKER_ERROR_IO, "number %d", 2), TICKER_RETRY);
    ti_error_hint(&error, "do %s", "this");
    ti_error_hint(&error, "do that");
    ti_error_file(&error, "a");
    ti_error_file(&error, "b");
    ti_error_place(&error, 3, 4, 5);
    ti_error_place(&error, 6, 7, 8);
    ti_error_sqlstate(&error, "40001");
    ti_error_sqlstate(&error, "40002");
    ck_assert_int_eq(ticker_error_status(&error), TICKER_FAILED);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_INPUT);
    ck_assert_str_eq(ticker_error_message(&error), "number 1");
    ck_assert_str_eq(ticker_error_hint(&error), "do this");
    ck_assert_str_eq(ticker_error_file(&error), "a");
    ck_assert_uint_eq(ticker_error_line(&error), 3);
    ck_assert_uint_eq(ticker_error_column(&error), 4);
    ck_assert_int_eq(ticker_error_offset(&error), 5);
    ck_assert_str_eq(ticker_error_sqlstate(&error), "40001");
    ticker_error_clear(&error);
    ck_assert_int_eq(ti_fail_memory(&error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_MEMORY);
    ck_assert_str_eq(error.hint, "");
}
END_TEST

START_TEST(null_is_allowed)
{
    ti_error_init(NULL);
    ticker_error_clear(NULL);
    ck_assert_int_eq(ti_fail(NULL, TICKER_RETRY, TICKER_ERROR_IO, "%s", "x"), TICKER_RETRY);
    ck_assert_int_eq(ticker_error_set(NULL, TICKER_FAILED, TICKER_ERROR_IO, "x"), TICKER_FAILED);
    ti_error_hint(NULL, "x");
    ti_error_file(NULL, "x");
    ti_error_place(NULL, 1, 1, 1);
    ti_error_sqlstate(NULL, "x");
    ti_error_copy(NULL, NULL);
    ck_assert_int_eq(ticker_error_status(NULL), TICKER_OK);
    ck_assert_int_eq(ticker_error_get_kind(NULL), TICKER_ERROR_NONE);
    ck_assert_str_eq(ticker_error_message(NULL), "");
    ck_assert_str_eq(ticker_error_hint(NULL), "");
    ck_assert_str_eq(ticker_error_file(NULL), "");
    ck_assert_uint_eq(ticker_error_line(NULL), 0);
    ck_assert_uint_eq(ticker_error_column(NULL), 0);
    ck_assert_int_eq(ticker_error_offset(NULL), -1);
    ck_assert_str_eq(ticker_error_sqlstate(NULL), "");
    ck_assert_int_eq(ticker_error_http_status(NULL), 0);
    ck_assert_str_eq(ticker_error_aws_code(NULL), "");
    ck_assert_uint_eq(ticker_error_format(NULL, NULL, 0), 0);
}
END_TEST

START_TEST(a_copy_goes_into_an_empty_error_only)
{
    ticker_error a, b;

    ti_error_init(&a);
    ti_error_init(&b);
    (void)ti_fail(&a, TICKER_RETRY, TICKER_ERROR_IO, "a");
    ti_error_copy(&b, &a);
    ck_assert_str_eq(b.message, "a");
    ck_assert_int_eq(b.status, TICKER_RETRY);
    ticker_error_clear(&a);
    (void)ti_fail(&a, TICKER_FATAL, TICKER_ERROR_IO, "other");
    ti_error_copy(&b, &a);
    ck_assert_str_eq(b.message, "a");
}
END_TEST

START_TEST(a_callback_fills_it)
{
    ticker_error error;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_error_set(&error, TICKER_RETRY, TICKER_ERROR_NONE, NULL), TICKER_RETRY);
    ck_assert_int_ne(error.kind, TICKER_ERROR_NONE);
    ck_assert_str_eq(error.message, "");
    ticker_error_clear(&error);
    ck_assert_int_eq(ticker_error_set(&error, TICKER_FAILED, TICKER_ERROR_SERVICE, "100% %s"), TICKER_FAILED);
    ck_assert_str_eq(error.message, "100% %s");
    ck_assert_int_eq(error.kind, TICKER_ERROR_SERVICE);
}
END_TEST

START_TEST(texts_stay_one_line_and_within_their_room)
{
    char text[2 * TICKER_ERROR_MESSAGE_MAX];
    ticker_error error;

    ti_error_init(&error);
    (void)ti_fail(&error, TICKER_FAILED, TICKER_ERROR_INPUT, "a\nb\rc\td\x1b[1m\x7f");
    ck_assert_str_eq(error.message, "a b c d [1m ");
    ti_error_file(&error, "x\ny");
    ck_assert_str_eq(error.file, "x y");
    ti_error_hint(&error, "caf\xe9 \xc3\xa9"); /* what is not UTF-8 is replaced */
    ck_assert_str_eq(error.hint, "caf\xef\xbf\xbd \xc3\xa9");

    /* Cut between characters: each is two bytes, and the room is not a whole number of them at every start. */
    for (unsigned start = 0; start < 2; start++) {
        memset(text, 'a', sizeof(text));
        for (size_t i = start; i + 2 < sizeof(text); i += 2)
            memcpy(text + i, "\xc3\xa9", 2);
        text[sizeof(text) - 1 - (sizeof(text) - 1 - start) % 2] = '\0';
        ticker_error_clear(&error);
        (void)ti_fail(&error, TICKER_FAILED, TICKER_ERROR_INPUT, "%s", text);
        ck_assert_uint_lt(strlen(error.message), TICKER_ERROR_MESSAGE_MAX);
        ck_assert_uint_ge(strlen(error.message), TICKER_ERROR_MESSAGE_MAX - 4);
        ck_assert_uint_eq((strlen(error.message) - start) % 2, 0);
    }
}
END_TEST

START_TEST(a_line_for_people)
{
    ticker_error error;
    char text[256], small[10];

    ti_error_init(&error);
    (void)ti_fail(&error, TICKER_FAILED, TICKER_ERROR_INPUT, "wrong");
    ck_assert_uint_eq(ticker_error_format(&error, text, sizeof(text)), 5);
    ck_assert_str_eq(text, "wrong");
    ti_error_hint(&error, "mend it");
    ti_error_file(&error, "f.txt");
    (void)ticker_error_format(&error, text, sizeof(text));
    ck_assert_str_eq(text, "f.txt: wrong; mend it");
    ti_error_place(&error, 7, 0, 100);
    (void)ticker_error_format(&error, text, sizeof(text));
    ck_assert_str_eq(text, "f.txt:7: wrong; mend it");
    error.column = 3;
    ck_assert_uint_eq(ticker_error_format(&error, text, sizeof(text)), strlen("f.txt:7:3: wrong; mend it"));
    ck_assert_str_eq(text, "f.txt:7:3: wrong; mend it");
    ck_assert_uint_eq(ticker_error_format(&error, small, sizeof(small)), strlen(text));
    ck_assert_str_eq(small, "f.txt:7:3");
    ck_assert_uint_eq(ticker_error_format(&error, NULL, 0), strlen(text));
}
END_TEST

START_TEST(what_a_server_answered)
{
    ticker_error error;

    ti_error_init(&error);
    ti_error_http(&error, 404, "NoSuchKey");
    ti_error_http(NULL, 404, "NoSuchKey");
    ck_assert_int_eq(ticker_error_http_status(&error), 0);
    (void)ti_fail(&error, TICKER_FAILED, TICKER_ERROR_SERVICE, "no");
    ti_error_http(&error, 404, "No\nSuchKey");
    ti_error_http(&error, 500, "Other");
    ck_assert_int_eq(ticker_error_http_status(&error), 404);
    ck_assert_str_eq(ticker_error_aws_code(&error), "No SuchKey");
    ti_error_init(&error);
    (void)ti_fail(&error, TICKER_FAILED, TICKER_ERROR_SERVICE, "no");
    ti_error_http(&error, 503, NULL);
    ti_error_http(&error, 500, "Other");
    ck_assert_int_eq(ticker_error_http_status(&error), 503);
    ck_assert_str_eq(ticker_error_aws_code(&error), "");
}
END_TEST

START_TEST(another_name_of_the_file)
{
    ticker_error error;
    char text[TICKER_NAME_MAX + 1];

    ti_error_init(&error);
    (void)ti_fail(&error, TICKER_FAILED, TICKER_ERROR_INPUT, "is no quote");
    ti_error_file(&error, "/srv/up/x");
    ti_error_place(&error, 7, 0, -1);
    ti_error_rename(&error, "a\nb.txt");
    (void)ticker_error_format(&error, text, sizeof(text));
    ck_assert_str_eq(text, "a b.txt:7: is no quote");
    memset(text, 'x', sizeof(text));
    text[TICKER_NAME_MAX] = '\0';
    ti_error_rename(&error, text);
    ck_assert_uint_eq(strlen(ticker_error_file(&error)), TICKER_NAME_MAX - 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        status_names,
        versions_agree,
        a_new_error_is_empty,
        the_first_failure_stays,
        null_is_allowed,
        a_copy_goes_into_an_empty_error_only,
        a_callback_fills_it,
        texts_stay_one_line_and_within_their_room,
        a_line_for_people,
        what_a_server_answered,
        another_name_of_the_file,
    };

    return run_tests("error", tests, COUNT(tests));
}
