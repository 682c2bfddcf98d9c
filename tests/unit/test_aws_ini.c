/* The reader of ~/.aws/config and ~/.aws/credentials: what it takes, what it refuses and where, and that messages never quote. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/ini.h"

static ti_ini *read_text(ti_ini_kind kind, const char *text)
{
    ti_ini *ini = NULL;
    ticker_error error;

    ti_error_init(&error);
    if (ti_ini_read(kind, ti_slice_of(text), "file", &ini, &error) != TICKER_OK)
        ck_abort_msg("%s:%u: %s", error.file, (unsigned)error.line, error.message);
    ck_assert_ptr_nonnull(ini);
    return ini;
}

static void check_value(const ti_ini *ini, ti_ini_type type, const char *section, const char *key, const char *value)
{
    const char *found = ti_ini_value(ini, type, section, key, NULL);

    if (value == NULL)
        ck_assert_msg(found == NULL, "%s.%s is \"%s\"", section, key, found);
    else
        ck_assert_msg(found != NULL && strcmp(found, value) == 0, "%s.%s is \"%s\"", section, key,
                      found != NULL ? found : "not there");
}

static void check_refused(ti_ini_kind kind, const char *text, unsigned line, const char *what)
{
    ti_ini *ini = (ti_ini *)&ini;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_int_eq(ti_ini_read(kind, ti_slice_of(text), "/home/me/.aws/config", &ini, &error), TICKER_FATAL);
    ck_assert_ptr_null(ini);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_str_eq(error.file, "/home/me/.aws/config");
    ck_assert_uint_eq(error.line, line);
    ck_assert_msg(strstr(error.message, what) != NULL, "%s", error.message);
    ck_assert_msg(strstr(error.message, "SECRET") == NULL && strstr(error.hint, "SECRET") == NULL, "%s", error.message);
}

START_TEST(profiles_of_a_config)
{
    ti_ini *ini = read_text(TI_INI_CONFIG, "# made by hand\n"
                                           "[default]\n"
                                           "region = eu-west-1\n"
                                           "\n"
                                           "[profile work]\n"
                                           "  ; a comment with blanks before it\n"
                                           "region=sa-east-1\n"
                                           "Output = json   # as text\n"
                                           "role_arn = arn:aws:iam::1:role/a#b;c\n"
                                           "[profile \"with blanks\"]   ; quoted\n"
                                           "region = us-east-2\n"
                                           "[other]\n"
                                           "region = mars\n"
                                           "[preview]\n"
                                           "cloudfront = true");

    check_value(ini, TI_INI_PROFILE, "default", "region", "eu-west-1");
    check_value(ini, TI_INI_PROFILE, "work", "region", "sa-east-1");
    check_value(ini, TI_INI_PROFILE, "work", "output", "json");
    check_value(ini, TI_INI_PROFILE, "work", "role_arn", "arn:aws:iam::1:role/a#b;c");
    check_value(ini, TI_INI_PROFILE, "with blanks", "region", "us-east-2");
    check_value(ini, TI_INI_PROFILE, "other", "region", NULL);
    check_value(ini, TI_INI_OTHER, "preview", "cloudfront", "true");
    check_value(ini, TI_INI_PROFILE, "work", "nothing", NULL);
    ck_assert(!ti_ini_has(ini, TI_INI_PROFILE, "other"));
    ck_assert(ti_ini_has(ini, TI_INI_PROFILE, "work"));
    ck_assert_str_eq(ti_ini_profile(ini, 0), "default");
    ck_assert_str_eq(ti_ini_profile(ini, 1), "work");
    ck_assert_str_eq(ti_ini_profile(ini, 2), "with blanks");
    ck_assert_ptr_null(ti_ini_profile(ini, 3));
    ti_ini_free(ini);
}
END_TEST

START_TEST(profiles_of_credentials)
{
    ti_ini *ini = read_text(TI_INI_CREDENTIALS, "\xef\xbb\xbf[default]\r\n"
                                                "aws_access_key_id = AKID\r\n"
                                                "aws_secret_access_key=a/b+c==\r\n"
                                                "[work]\r\n"
                                                "aws_session_token =\t one\t \r\n"
                                                "\r\n"
                                                "[profile work]\r\n"
                                                "aws_session_token = two\r\n");
    unsigned line = 0;

    check_value(ini, TI_INI_PROFILE, "default", "aws_access_key_id", "AKID");
    check_value(ini, TI_INI_PROFILE, "default", "aws_secret_access_key", "a/b+c==");
    check_value(ini, TI_INI_PROFILE, "work", "aws_session_token", "one");
    ck_assert_ptr_nonnull(ti_ini_value(ini, TI_INI_PROFILE, "work", "aws_session_token", &line));
    ck_assert_uint_eq(line, 5);
    ti_ini_free(ini);
}
END_TEST

START_TEST(settings_within_settings)
{
    ti_ini *ini = read_text(TI_INI_CONFIG, "[services local]\n"
                                           "s3 =\n"
                                           "  endpoint_url = http://localhost:9000\n"
                                           "\taddressing_style = path # always\n"
                                           "# another\n"
                                           "sqs =\n"
                                           "  ; and another\n"
                                           "\n"
                                           "    endpoint_url = http://localhost:4566\n"
                                           "[profile p]\n"
                                           "services = local\n"
                                           "s3 =\n"
                                           "  payload_signing_enabled = true\n");

    check_value(ini, TI_INI_SERVICES, "local", "s3.endpoint_url", "http://localhost:9000");
    check_value(ini, TI_INI_SERVICES, "local", "s3.addressing_style", "path");
    check_value(ini, TI_INI_SERVICES, "local", "sqs.endpoint_url", "http://localhost:4566");
    check_value(ini, TI_INI_SERVICES, "local", "endpoint_url", NULL);
    check_value(ini, TI_INI_SERVICES, "local", "s.endpoint_url", NULL);
    check_value(ini, TI_INI_SERVICES, "local", "sqs.addressing_style", NULL);
    check_value(ini, TI_INI_PROFILE, "p", "s3.payload_signing_enabled", "true");
    check_value(ini, TI_INI_PROFILE, "p", "s3", "");
    ti_ini_free(ini);
}
END_TEST

START_TEST(values_over_several_lines)
{
    ti_ini *ini = read_text(TI_INI_CONFIG, "[profile p]\n"
                                           "credential_process = one\n"
                                           "   two # not a comment here  \n"
                                           "# a comment\n"
                                           "\n"
                                           "\tthree\r\n"
                                           "region = r\n");

    check_value(ini, TI_INI_PROFILE, "p", "credential_process", "one\ntwo # not a comment here\nthree");
    check_value(ini, TI_INI_PROFILE, "p", "region", "r");
    ti_ini_free(ini);
}
END_TEST

START_TEST(twice_is_once)
{
    ti_ini *ini = read_text(TI_INI_CONFIG, "[profile p]\n"
                                           "region = one\n"
                                           "output = text\n"
                                           "[profile q]\n"
                                           "region = q\n"
                                           "[profile p]\n"
                                           "region = two\n"
                                           "REGION = three\n"
                                           "   more\n"
                                           "role_arn = r\n");

    check_value(ini, TI_INI_PROFILE, "p", "region", "three\nmore");
    check_value(ini, TI_INI_PROFILE, "p", "output", "text");
    check_value(ini, TI_INI_PROFILE, "p", "role_arn", "r");
    check_value(ini, TI_INI_PROFILE, "q", "region", "q");
    ck_assert_ptr_null(ti_ini_profile(ini, 2));
    ti_ini_free(ini);
}
END_TEST

START_TEST(profile_default_wins_over_default)
{
    const char *const texts[] = {"[default]\nregion = plain\noutput = text\n[profile default]\nregion = prefixed\n",
                                 "[profile default]\nregion = prefixed\n[default]\nregion = plain\noutput = text\n"};

    for (size_t i = 0; i < COUNT(texts); i++) {
        ti_ini *ini = read_text(TI_INI_CONFIG, texts[i]);

        check_value(ini, TI_INI_PROFILE, "default", "region", "prefixed");
        check_value(ini, TI_INI_PROFILE, "default", "output", NULL);
        ti_ini_free(ini);
    }
}
END_TEST

START_TEST(nothing_is_fine)
{
    const char *const texts[] = {"", "\n", "# only a comment", "\xef\xbb\xbf", "\r\n\r\n", "   \t"};

    for (size_t i = 0; i < COUNT(texts); i++) {
        ti_ini *ini = read_text(TI_INI_CREDENTIALS, texts[i]);

        ck_assert_ptr_null(ti_ini_profile(ini, 0));
        ti_ini_free(ini);
    }
    ck_assert(!ti_ini_has(NULL, TI_INI_PROFILE, "default"));
    ck_assert_ptr_null(ti_ini_value(NULL, TI_INI_PROFILE, "default", "region", NULL));
    ck_assert_ptr_null(ti_ini_profile(NULL, 0));
    ti_ini_free(NULL);
}
END_TEST

START_TEST(wrong_lines_are_refused)
{
    check_refused(TI_INI_CONFIG, "[default]\nSECRET\n", 2, "neither a [section]");
    check_refused(TI_INI_CREDENTIALS, "[default\nregion = SECRET\n", 1, "']'");
    check_refused(TI_INI_CONFIG, "[default] SECRET\n", 1, "behind the ']'");
    check_refused(TI_INI_CONFIG, "\n[ ]\n", 2, "needs a name");
    check_refused(TI_INI_CONFIG, "key = SECRET\n", 1, "before the first");
    check_refused(TI_INI_CONFIG, "[default]\n = SECRET\n", 2, "belongs to no setting");
    check_refused(TI_INI_CONFIG, "[default]\n= SECRET\n", 2, "no name");
    check_refused(TI_INI_CONFIG, "[default]\n\n  SECRET = SECRET\n", 3, "belongs to no setting");
    check_refused(TI_INI_CONFIG, "[default]\na = b\n[profile x]\n SECRET\n", 4, "belongs to no setting");
    check_refused(TI_INI_CONFIG, "[default]\ns3 =\n  SECRET\n", 3, "below an empty setting");
    check_refused(TI_INI_CONFIG, " [default]\n", 1, "belongs to no setting");
}
END_TEST

START_TEST(binary_is_refused)
{
    ti_ini *ini = NULL;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_int_eq(ti_ini_read(TI_INI_CONFIG, (ti_slice){"[default]\na=\0b\n", 15}, "f", &ini, &error), TICKER_FATAL);
    ck_assert_uint_eq(error.line, 2);
    ck_assert_ptr_nonnull(strstr(error.message, "NUL"));
}
END_TEST

static void check_limit(const ti_buffer *text, const char *what)
{
    ti_ini *ini = NULL;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_int_eq(ti_ini_read(TI_INI_CONFIG, (ti_slice){text->data, text->size}, "f", &ini, &error), TICKER_FATAL);
    ck_assert_ptr_null(ini);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ck_assert_str_eq(error.file, "f");
    ck_assert_msg(strstr(error.message, what) != NULL, "%s", error.message);
}

START_TEST(caps)
{
    ti_buffer text;
    ti_ini *ini;

    bytes_init(&text);
    add(&text, "[default]\naws_session_token = ");
    add_repeated(&text, 't', TICKER_INI_LINE_MAX - strlen("aws_session_token = "));
    add(&text, "\n");
    ini = read_text(TI_INI_CONFIG, ti_buffer_string(&text));
    ck_assert_uint_eq(strlen(ti_ini_value(ini, TI_INI_PROFILE, "default", "aws_session_token", NULL)),
                      TICKER_INI_LINE_MAX - strlen("aws_session_token = "));
    ti_ini_free(ini);
    ti_buffer_clear(&text);
    add_repeated(&text, '#', TICKER_INI_LINE_MAX + 1);
    check_limit(&text, "a line is longer");
    ti_buffer_clear(&text);
    for (int i = 0; i <= TICKER_INI_SECTIONS_MAX; i++)
        add(&text, "[profile %d]\n", i);
    check_limit(&text, "sections");
    ti_buffer_clear(&text);
    add(&text, "[default]\n");
    for (int i = 0; i <= TICKER_INI_SETTINGS_MAX; i++)
        add(&text, "%d =\n", i);
    check_limit(&text, "settings");
    ti_buffer_clear(&text);
    add_repeated(&text, '\n', TICKER_INI_BYTES_MAX);
    ini = read_text(TI_INI_CONFIG, ti_buffer_string(&text));
    ti_ini_free(ini);
    add(&text, "\n");
    check_limit(&text, "larger");
    ti_buffer_free(&text);
}
END_TEST

START_TEST(files)
{
    ti_buffer text;
    ti_ini *ini = NULL;
    ticker_error error;
    char *path = make_file("[work]\naws_access_key_id = AKID", 31);

    ti_error_init(&error);
    ck_assert_int_eq(ti_ini_open(TI_INI_CREDENTIALS, path, &ini, &error), TICKER_OK);
    check_value(ini, TI_INI_PROFILE, "work", "aws_access_key_id", "AKID");
    ti_ini_free(ini);
    drop_file(path);
    ck_assert_int_eq(ti_ini_open(TI_INI_CREDENTIALS, "/nonexistent/file", &ini, &error), TICKER_DONE);
    ck_assert_ptr_null(ini);
    ck_assert_int_eq(error.kind, TICKER_ERROR_NONE);
    ck_assert_int_eq(ti_ini_open(TI_INI_CREDENTIALS, "/", &ini, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_IO);
    ck_assert_str_eq(error.file, "/");
    bytes_init(&text);
    add_repeated(&text, '\n', TICKER_INI_BYTES_MAX + 1);
    path = make_file(text.data, text.size);
    ti_buffer_free(&text);
    ti_error_init(&error);
    ck_assert_int_eq(ti_ini_open(TI_INI_CREDENTIALS, path, &ini, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ck_assert_str_eq(error.file, path);
    drop_file(path);
}
END_TEST

/* Whatever bytes come: an answer, every value within the file, nothing read outside (a sanitizer would say). */
START_TEST(torture)
{
    static const char *const words[] = {"[",    "]", "profile ", "services ", "default", "=",   "\n",
                                        "\r\n", " ", "\t",       "#",         ";",       "key", "s3",
                                        "\"",   "'", "\xff",     "a\n",       "  b=c",   "\n\n"};
    uint64_t seed = 2026;

    for (unsigned round = 0; round < 20000; round++) {
        char text[256];
        size_t size = 0;
        ti_ini *ini = NULL;
        ticker_error error;

        while (size < sizeof(text) - 16 && next_random(&seed) % 24 != 0) {
            const char *word = words[next_random(&seed) % COUNT(words)];

            memcpy(text + size, word, strlen(word));
            size += strlen(word);
        }
        ti_error_init(&error);
        if (ti_ini_read((ti_ini_kind)(round % 2), (ti_slice){text, size}, "f", &ini, &error) != TICKER_OK) {
            ck_assert_uint_ge(error.line, 1);
            ck_assert_ptr_null(ini);
            continue;
        }
        for (size_t i = 0; ti_ini_profile(ini, i) != NULL; i++) {
            const char *value = ti_ini_value(ini, TI_INI_PROFILE, ti_ini_profile(ini, i), "key", NULL);

            ck_assert(ti_ini_has(ini, TI_INI_PROFILE, ti_ini_profile(ini, i)));
            ck_assert(value == NULL || strlen(value) < size);
        }
        ti_ini_free(ini);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {profiles_of_a_config,
                                  profiles_of_credentials,
                                  settings_within_settings,
                                  values_over_several_lines,
                                  twice_is_once,
                                  profile_default_wins_over_default,
                                  nothing_is_fine,
                                  wrong_lines_are_refused,
                                  binary_is_refused,
                                  caps,
                                  files,
                                  torture};

    return run_tests("aws_ini", tests, COUNT(tests));
}
