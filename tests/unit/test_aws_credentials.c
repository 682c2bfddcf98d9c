/* Where keys come from: the order of the places, keys in options, environment and files, processes, and what is said when
 * something is wrong. */
#include "credentials_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/credentials_provider.h"

#define KEYS(key) "aws_access_key_id = " key "\naws_secret_access_key = HIDDEN" key "\n"

START_TEST(keys_in_the_environment)
{
    credentials_run run;

    run_begin(&run);
    run_set(&run, "AWS_ACCESS_KEY_ID= AKID\n");
    run_set(&run, "AWS_SECRET_ACCESS_KEY=HIDDEN/+=");
    run_check(&run, "AKID", "environment");
    ck_assert_str_eq(run.got.secret_key, "HIDDEN/+=");
    ck_assert_str_eq(run.got.session_token, "");
    ck_assert_int_eq(run.got.expires, 0);
    run_again(&run);
    run_set(&run, "AWS_SESSION_TOKEN=HIDDENTOKEN");
    run_check(&run, "AKID", "environment");
    ck_assert_str_eq(run.got.session_token, "HIDDENTOKEN");
    run_end(&run);
}
END_TEST

START_TEST(options_come_first)
{
    credentials_run run;

    run_begin(&run);
    run_set(&run, "AWS_ACCESS_KEY_ID=ENV");
    run_set(&run, "AWS_SECRET_ACCESS_KEY=HIDDENENV");
    run_set(&run, "AWS_SESSION_TOKEN=HIDDENENV");
    run_option(&run, "aws-access-key-id", "OPTION");
    run_option(&run, "aws-secret-access-key", "HIDDENOPTION");
    run_check(&run, "OPTION", "options");
    ck_assert_str_eq(run.got.secret_key, "HIDDENOPTION");
    ck_assert_str_eq(run.got.session_token, "");
    run_end(&run);
}
END_TEST

START_TEST(half_a_pair_is_an_error)
{
    credentials_run run;

    run_begin(&run);
    run_file(&run, ".aws/credentials", "[default]\n" KEYS("FILE"));
    run_set(&run, "AWS_ACCESS_KEY_ID=AKID");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "secret access key is missing");
    run_again(&run);
    run_unset(&run, "AWS_ACCESS_KEY_ID");
    run_set(&run, "AWS_SECRET_ACCESS_KEY=HIDDEN");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "access key is missing");
    run_again(&run);
    run_set(&run, "AWS_SECRET_ACCESS_KEY=");
    run_check(&run, "FILE", "profile");
    run_again(&run);
    run_option(&run, "aws-access-key-id", "AKID");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "aws-secret-access-key: the secret access key is missing");
    run_option(&run, "aws-access-key-id", "");
    run_again(&run);
    run_file(&run, ".aws/credentials", "[default]\n\naws_access_key_id = HALF\n");
    run_file(&run, ".aws/config", "[default]\naws_secret_access_key = HIDDEN\n");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "profile \"default\"");
    ck_assert_uint_eq(run.error.line, 3);
    ck_assert_ptr_nonnull(strstr(run.error.file, "/.aws/credentials"));
    run_end(&run);
}
END_TEST

START_TEST(odd_keys_are_refused)
{
    static const char *const variables[] = {"AWS_ACCESS_KEY_ID=AK ID", "AWS_SECRET_ACCESS_KEY=HIDDEN\r\nHIDDEN",
                                            "AWS_SESSION_TOKEN=HIDDEN\x01", "AWS_SESSION_TOKEN=HIDDEN\xc3\xa9"};
    credentials_run run;
    char *variable = malloc(TI_SESSION_TOKEN_MAX + 32);

    ck_assert_ptr_nonnull(variable);
    for (size_t i = 0; i < COUNT(variables); i++) {
        run_begin(&run);
        run_set(&run, "AWS_ACCESS_KEY_ID=AKID");
        run_set(&run, "AWS_SECRET_ACCESS_KEY=HIDDEN");
        run_set(&run, variables[i]);
        run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "that no key has");
        run_end(&run);
    }
    run_begin(&run);
    run_set(&run, "AWS_ACCESS_KEY_ID=AKID");
    run_set(&run, "AWS_SECRET_ACCESS_KEY=HIDDEN");
    (void)snprintf(variable, TI_SESSION_TOKEN_MAX + 32, "AWS_SESSION_TOKEN=%0*d", TI_SESSION_TOKEN_MAX, 0);
    run_set(&run, variable);
    run_check(&run, "AKID", "environment");
    ck_assert_uint_eq(strlen(run.got.session_token), TI_SESSION_TOKEN_MAX);
    run_again(&run);
    (void)snprintf(variable, TI_SESSION_TOKEN_MAX + 32, "AWS_SESSION_TOKEN=%0*d", TI_SESSION_TOKEN_MAX + 1, 0);
    run_set(&run, variable);
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "longer than");
    (void)snprintf(variable, TI_SESSION_TOKEN_MAX + 32, "AWS_ACCESS_KEY_ID=%0*d", TI_ACCESS_KEY_MAX, 0);
    run_again(&run);
    run_set(&run, variable);
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "the access key is longer than 128 bytes");
    free(variable);
    run_end(&run);
}
END_TEST

START_TEST(profiles)
{
    credentials_run run;

    run_begin(&run);
    run_file(&run, ".aws/config",
             "[default]\nregion = eu-west-1\n" KEYS("CONFIG") "[profile work]\nregion = sa-east-1\n" KEYS(
                 "WORKCONFIG") "[profile only]\n" KEYS("ONLY"));
    run_file(&run, ".aws/credentials", "[work]\n" KEYS("WORK") "aws_session_token = HIDDENTOKEN\n");
    run_check(&run, "CONFIG", "profile");
    run_again(&run);
    run_set(&run, "AWS_PROFILE=work");
    run_check(&run, "WORK", "profile");
    ck_assert_str_eq(run.got.secret_key, "HIDDENWORK");
    ck_assert_str_eq(run.got.session_token, "HIDDENTOKEN");
    run_again(&run);
    run_option(&run, "aws-profile", "only");
    run_check(&run, "ONLY", "profile");
    run_end(&run);
}
END_TEST

START_TEST(other_files)
{
    credentials_run run;
    char text[256];

    run_begin(&run);
    (void)snprintf(text, sizeof(text), "AWS_SHARED_CREDENTIALS_FILE=%s",
                   run_file(&run, "token", "[default]\n" KEYS("X")));
    run_set(&run, text);
    run_check(&run, "X", "profile");
    run_again(&run);
    run_set(&run, "AWS_SHARED_CREDENTIALS_FILE=~/token");
    run_check(&run, "X", "profile");
    run_again(&run);
    run_unset(&run, "AWS_SHARED_CREDENTIALS_FILE");
    run_set(&run, "AWS_CONFIG_FILE=~/token");
    run_check(&run, "X", "profile");
    run_again(&run);
    run_set(&run, "AWS_CONFIG_FILE=/dev/null");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "no AWS credentials");
    run_end(&run);
}
END_TEST

START_TEST(keys_before_profiles)
{
    credentials_run run;

    run_begin(&run);
    run_file(&run, ".aws/credentials", "[work]\n" KEYS("WORK"));
    run_set(&run, "AWS_ACCESS_KEY_ID=ENV");
    run_set(&run, "AWS_SECRET_ACCESS_KEY=HIDDEN");
    run_set(&run, "AWS_PROFILE=work");
    run_check(&run, "ENV", "environment");
    run_again(&run);
    run_unset(&run, "AWS_PROFILE");
    run_option(&run, "aws-profile", "work");
    run_check(&run, "WORK", "profile");
    run_end(&run);
}
END_TEST

/* As the programs do: each variable is an option too. */
START_TEST(options_that_repeat_the_environment)
{
    credentials_run run;

    run_begin(&run);
    run_file(&run, ".aws/credentials", "[work]\n" KEYS("WORK") "[home]\n" KEYS("HOME"));
    run_set(&run, "AWS_ACCESS_KEY_ID=ENV");
    run_set(&run, "AWS_SECRET_ACCESS_KEY=HIDDEN");
    run_set(&run, "AWS_PROFILE=work");
    run_option(&run, "aws-access-key-id", "ENV");
    run_option(&run, "aws-secret-access-key", "HIDDEN");
    run_option(&run, "aws-profile", "work");
    run_check(&run, "ENV", "environment");
    run_again(&run);
    run_option(&run, "aws-profile", "home");
    run_check(&run, "HOME", "profile");
    run_again(&run);
    run_option(&run, "aws-access-key-id", "OTHER");
    run_option(&run, "aws-secret-access-key", "HIDDENOTHER");
    run_check(&run, "OTHER", "options");
    run_end(&run);
}
END_TEST

START_TEST(a_profile_that_does_not_exist)
{
    credentials_run run;
    char *value = NULL;

    run_begin(&run);
    run_set(&run, "AWS_PROFILE=desc");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "there are no profiles at all");
    run_again(&run);
    run_file(&run, ".aws/config", "[default]\nregion = r\n[profile work]\n" KEYS("WORK") "[services s]\n");
    run_file(&run, ".aws/credentials", "[work]\n" KEYS("WORK") "[home]\n" KEYS("HOME"));
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "the profiles are default, work, home");
    ck_assert_ptr_nonnull(strstr(run.error.message, "\"desc\""));
    ti_error_init(&run.error);
    ck_assert_int_eq(ti_profile_value(&run.setup, "region", &value, &run.error), TICKER_FATAL);
    ck_assert_ptr_null(value);
    ck_assert_ptr_nonnull(strstr(run.error.message, "\"desc\""));
    run_unset(&run, "HOME");
    run_again(&run);
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "HOME is not set");
    run_end(&run);
}
END_TEST

/* A long list of names is cut, not refused. */
START_TEST(many_profiles)
{
    credentials_run run;
    ti_buffer text;

    run_begin(&run);
    bytes_init(&text);
    for (int i = 0; i < 300; i++)
        add(&text, "[profile-%d]\n", i);
    run_file(&run, ".aws/credentials", ti_buffer_string(&text));
    run_set(&run, "AWS_PROFILE=none");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "profile-0, profile-1, ");
    ck_assert_ptr_nonnull(strstr(run.error.hint, "…"));
    ti_buffer_free(&text);
    run_end(&run);
}
END_TEST

START_TEST(wrong_files_say_where)
{
    credentials_run run;

    run_begin(&run);
    run_file(&run, ".aws/credentials", "[default]\n" KEYS("X") "HIDDEN\n");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "is neither a [section]");
    ck_assert_uint_eq(run.error.line, 4);
    ck_assert_ptr_nonnull(strstr(run.error.file, "/.aws/credentials"));
    run_again(&run);
    run_set(&run, "AWS_SHARED_CREDENTIALS_FILE=/");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_IO, "cannot read");
    ck_assert_str_eq(run.error.file, "/");
    run_end(&run);
}
END_TEST

START_TEST(nothing_anywhere)
{
    credentials_run run;

    run_begin(&run);
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "no AWS credentials: AWS_ACCESS_KEY_ID is not set");
    ck_assert_ptr_nonnull(strstr(run.error.message, "AWS_WEB_IDENTITY_TOKEN_FILE is not set"));
    ck_assert_ptr_nonnull(strstr(run.error.message, "/.aws/credentials"));
    ck_assert_ptr_nonnull(strstr(run.error.message, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"));
    ck_assert_ptr_nonnull(strstr(run.error.message, "AWS_EC2_METADATA_DISABLED"));
    ck_assert_ptr_nonnull(strstr(run.error.hint, "AWS_PROFILE"));
    run_again(&run);
    run_file(&run, ".aws/config", "[default]\nregion = x\n");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "the profile \"default\" has no keys");
    run_again(&run);
    run_file(&run, ".aws/config", "[profile x]\nregion = x\n");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "the profile \"default\" does not exist");
    ck_assert_uint_eq(fake_http_count(run.fake), 0);
    run_end(&run);
}
END_TEST

START_TEST(values_of_a_profile)
{
    static const struct {
        const char *name, *value;
    } rows[] = {{"region", "sa-east-1"},          {"endpoint_url", "http://all"},
                {"s3.endpoint_url", "http://s3"}, {"sqs.endpoint_url", NULL},
                {"s3.addressing_style", "path"},  {"output", NULL},
                {"sns.endpoint_url", NULL},       {"empty", NULL}};
    credentials_run run;
    char *value = NULL;

    run_begin(&run);
    run_file(&run, ".aws/config",
             "[profile work]\nregion = eu-west-1\nservices = local\nendpoint_url = http://all\nempty =\n"
             "s3 =\n  endpoint_url = http://wrong\n  addressing_style = path\n"
             "[services local]\ns3 =\n  endpoint_url = http://s3\nsns =\n  endpoint_url =\n"
             "[services other]\nsqs =\n  endpoint_url = http://sqs\n");
    run_file(&run, ".aws/credentials", "[work]\nregion = sa-east-1\n");
    run_set(&run, "AWS_PROFILE=work");
    for (size_t i = 0; i < COUNT(rows); i++) {
        ck_assert_int_eq(ti_profile_value(&run.setup, rows[i].name, &value, &run.error),
                         rows[i].value != NULL ? TICKER_OK : TICKER_DONE);
        if (rows[i].value != NULL)
            ck_assert_str_eq(value, rows[i].value);
        else
            ck_assert_ptr_null(value);
        free(value);
    }
    run_unset(&run, "AWS_PROFILE");
    ck_assert_int_eq(ti_profile_value(&run.setup, "region", &value, &run.error), TICKER_DONE);
    run_file(&run, ".aws/config", "[default]\nservices = gone\n");
    ck_assert_int_eq(ti_profile_value(&run.setup, "region", &value, &run.error), TICKER_DONE);
    ck_assert_int_eq(ti_profile_value(&run.setup, "s3.endpoint_url", &value, &run.error), TICKER_FATAL);
    ck_assert_ptr_nonnull(strstr(run.error.message, "[services gone]"));
    ck_assert_uint_eq(run.error.line, 2);
    run_end(&run);
}
END_TEST

/* --- credential_process --------------------------------------------------------------------------------------------------------- */

/* A profile whose process writes this. */
static void run_process(credentials_run *run, const char *script)
{
    char text[2048];

    run_again(run);
    run_file(run, "token", script);
    (void)snprintf(text, sizeof(text), "[default]\nregion = r\ncredential_process = /bin/sh \"%s/token\" 'one word'\n",
                   run->home);
    run_file(run, ".aws/config", text);
}

#define DOCUMENT "\"AccessKeyId\": \"PROC\", \"SecretAccessKey\": \"HIDDENPROC\""

START_TEST(keys_of_a_process)
{
    credentials_run run;
    char script[512];

    run_begin(&run);
    run_process(&run, "echo '{\"Version\": 1, " DOCUMENT "}'\n");
    run_check(&run, "PROC", "process");
    ck_assert_str_eq(run.got.secret_key, "HIDDENPROC");
    ck_assert_int_eq(run.got.expires, 0);
    (void)snprintf(script, sizeof(script),
                   "[ \"$1\" = 'one word' ] || exit 9\necho HIDDEN >&2\n"
                   "echo '{\"Version\": 1, \"SessionToken\": \"HIDDENTOKEN\", " DOCUMENT ", \"Expiration\": \"%s\"}'\n",
                   run_time(&run, 60));
    run_process(&run, script);
    run_check(&run, "PROC", "process");
    ck_assert_str_eq(run.got.session_token, "HIDDENTOKEN");
    ck_assert_int_eq(run.got.expires, run.clock.now(run.fake) + MINUTES(60));
    run_end(&run);
}
END_TEST

START_TEST(processes_that_fail)
{
    static const struct {
        const char *script, *words;
    } rows[] = {
        {"exit 3", "ended with status 3"},
        {"echo HIDDEN >&2; exit 3", "standard error"},
        {"kill -9 $$", "ended by signal 9"},
        {"echo HIDDEN", "is no JSON"},
        {"echo '[1]'", "is no JSON object"},
        {"true", "Version"},
        {"echo '{" DOCUMENT "}'", "Version"},
        {"echo '{\"Version\": 2, " DOCUMENT "}'", "Version"},
        {"echo '{\"Version\": 1, \"AccessKeyId\": \"HIDDEN\"}'", "no AccessKeyId and SecretAccessKey"},
        {"echo '{\"Version\": 1, " DOCUMENT ", \"Expiration\": \"HIDDEN\"}'", "no time"},
        {"echo '{\"Version\": 1, " DOCUMENT ", \"Expiration\": \"2001-01-01T00:00:00Z\"}'", "ended at 2001-01-01"},
        {"yes HIDDEN", "writes more than"}};
    credentials_run run;

    run_begin(&run);
    for (size_t i = 0; i < COUNT(rows); i++) {
        run_process(&run, rows[i].script);
        run_get(&run, strstr(rows[i].words, "signal") || strstr(rows[i].words, "2001") ? TICKER_RETRY : TICKER_FATAL);
        ck_assert_msg(strstr(run.error.message, rows[i].words) != NULL || strstr(run.error.hint, rows[i].words) != NULL,
                      "%s; %s", run.error.message, run.error.hint);
    }
    run_process(&run, "exit 3");
    run_get(&run, TICKER_FATAL);
    ck_assert_uint_eq(run.error.line, 3);
    ck_assert_ptr_nonnull(strstr(run.error.message, "profile \"default\" (credential_process)"));
    run_again(&run);
    run_file(&run, ".aws/config", "[default]\ncredential_process = \"/nonexistent\n");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "quote");
    ck_assert_uint_eq(run.error.line, 2);
    run_end(&run);
}
END_TEST

START_TEST(what_is_not_supported_says_so)
{
    credentials_run run;

    run_begin(&run);
    run_file(&run, ".aws/config", "[default]\nsso_session = corp\nsso_account_id = 1\n");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "aws configure export-credentials --profile default");
    ck_assert_uint_eq(run.error.line, 2);
    run_again(&run);
    run_file(&run, ".aws/config",
             "[default]\nsso_start_url = https://x\ncredential_process = /bin/sh -c \"echo '{\\\"Version\\\": 1, "
             "\\\"AccessKeyId\\\": \\\"P\\\", \\\"SecretAccessKey\\\": \\\"HIDDEN\\\"}'\"\n");
    run_check(&run, "P", "process");
    run_end(&run);
}
END_TEST

/* --- Pieces --------------------------------------------------------------------------------------------------------------------- */

START_TEST(texts_that_reveal)
{
    ti_slice secret = ti_slice_of("abcdefghijklmnop");

    ck_assert(ti_reveals(ti_slice_of("xx abcdefgh yy"), secret));
    ck_assert(ti_reveals(ti_slice_of("ijklmnop"), secret));
    ck_assert(ti_reveals(secret, secret));
    ck_assert(!ti_reveals(ti_slice_of("abcdefg bcdefgh"), ti_slice_of("abcdefgXbcdefghX")));
    ck_assert(!ti_reveals(ti_slice_of("abcdefg"), secret));
    ck_assert(!ti_reveals(ti_slice_of(""), secret));
    ck_assert(!ti_reveals(ti_slice_of("text"), ti_slice_of("")));
    ck_assert(ti_reveals(ti_slice_of("my pass!"), ti_slice_of("pass")));
}
END_TEST

START_TEST(a_wiped_copy_is_empty)
{
    credentials_run run;
    const unsigned char *bytes = (const unsigned char *)&run.got;

    run_begin(&run);
    run_set(&run, "AWS_ACCESS_KEY_ID=AKID");
    run_set(&run, "AWS_SECRET_ACCESS_KEY=HIDDEN");
    run_check(&run, "AKID", "environment");
    ti_credentials_wipe(&run.got);
    for (size_t i = 0; i < sizeof(run.got); i++)
        ck_assert_uint_eq(bytes[i], 0);
    ti_credentials_wipe(&run.got);
    ti_credentials_chain_free(NULL);
    run_end(&run);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {keys_in_the_environment,
                                  options_come_first,
                                  half_a_pair_is_an_error,
                                  odd_keys_are_refused,
                                  profiles,
                                  other_files,
                                  keys_before_profiles,
                                  options_that_repeat_the_environment,
                                  a_profile_that_does_not_exist,
                                  many_profiles,
                                  wrong_files_say_where,
                                  nothing_anywhere,
                                  values_of_a_profile,
                                  keys_of_a_process,
                                  processes_that_fail,
                                  what_is_not_supported_says_so,
                                  texts_that_reveal,
                                  a_wiped_copy_is_empty};

    return run_tests("aws_credentials", tests, COUNT(tests));
}
