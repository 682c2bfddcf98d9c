/* Keys that STS gives: web identities, and roles taken with other keys. */
#include "credentials_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/credentials_provider.h"

/* --- Web identity --------------------------------------------------------------------------------------------------------------- */

/* What STS answers; good for the next two calls. */
static const char *sts_answer(const credentials_run *run, const char *action, const char *key, int64_t minutes)
{
    static char texts[2][2048];
    static unsigned next;
    char *text = texts[next++ % COUNT(texts)];

    (void)snprintf(
        text, sizeof(texts[0]),
        "<%sResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><%sResult><AssumedRoleUser><Arn>arn</Arn>"
        "</AssumedRoleUser><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>HIDDEN%s</SecretAccessKey>"
        "<SessionToken>HIDDENTOKEN%s</SessionToken><Expiration>%s</Expiration></Credentials></%sResult></%sResponse>",
        action, action, key, key, key, run_time(run, minutes), action, action);
    return text;
}

static const char *sts_error(const char *code, const char *message)
{
    static char text[1024];

    (void)snprintf(text, sizeof(text),
                   "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
                   "<Code>%s</Code><Message>%s</Message></Error><RequestId>1</RequestId></ErrorResponse>",
                   code, message);
    return text;
}

#define WEB "AssumeRoleWithWebIdentity"

static void begin_web(credentials_run *run)
{
    char text[128];

    run_begin(run);
    run_file(run, "token", "HIDDENJWT.a-b_c\n");
    run_set(run, "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/reader");
    (void)snprintf(text, sizeof(text), "AWS_WEB_IDENTITY_TOKEN_FILE=%s/token", run->home);
    run_set(run, text);
}

START_TEST(a_web_identity)
{
    credentials_run run;

    begin_web(&run);
    run_set(&run, "AWS_REGION=sa-east-1");
    fake_http_answer(run.fake, 200, NULL, sts_answer(&run, WEB, "WEB", 60));
    run_check(&run, "WEB", "web identity");
    ck_assert_str_eq(run.got.secret_key, "HIDDENWEB");
    ck_assert_str_eq(run.got.session_token, "HIDDENTOKENWEB");
    ck_assert_int_eq(run.got.expires, run.clock.now(run.fake) + MINUTES(60));
    ck_assert_uint_eq(fake_http_count(run.fake), 1);
    ck_assert_str_eq(fake_http_method(run.fake, 0), "POST");
    ck_assert_str_eq(fake_http_url(run.fake, 0), "https://sts.sa-east-1.amazonaws.com/");
    ck_assert_str_eq(fake_http_header(run.fake, 0, "content-type"), "application/x-www-form-urlencoded");
    ck_assert_ptr_null(fake_http_header(run.fake, 0, "authorization"));
    ck_assert_str_eq(fake_http_body(run.fake, 0, NULL),
                     "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                     "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Freader&RoleSessionName=ticker-1795694400000"
                     "&WebIdentityToken=HIDDENJWT.a-b_c");
    run_end(&run);
}
END_TEST

START_TEST(endpoints_of_sts)
{
    static const struct {
        const char *variable, *option, *value, *url;
    } rows[] = {{NULL, NULL, NULL, "https://sts.us-east-1.amazonaws.com/"},
                {"AWS_DEFAULT_REGION=us-west-2", NULL, NULL, "https://sts.us-west-2.amazonaws.com/"},
                {"AWS_REGION=cn-north-1", NULL, NULL, "https://sts.cn-north-1.amazonaws.com.cn/"},
                {"AWS_REGION=us-gov-west-1", NULL, NULL, "https://sts.us-gov-west-1.amazonaws.com/"},
                {"AWS_ENDPOINT_URL=http://localhost:4566", NULL, NULL, "http://localhost:4566/"},
                {"AWS_ENDPOINT_URL_STS=http://localhost:4567/sts/", NULL, NULL, "http://localhost:4567/sts/"},
                {"AWS_ENDPOINT_URL_STS=http://env", "aws-endpoint-url-sts", "http://option", "http://option/"},
                {"AWS_ENDPOINT_URL=http://env", "aws-region", "eu-west-1", "http://env/"}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        credentials_run run;

        begin_web(&run);
        if (rows[i].variable != NULL)
            run_set(&run, rows[i].variable);
        if (rows[i].option != NULL)
            run_option(&run, rows[i].option, rows[i].value);
        fake_http_answer(run.fake, 200, NULL, sts_answer(&run, WEB, "WEB", 60));
        run_check(&run, "WEB", "web identity");
        ck_assert_str_eq(fake_http_url(run.fake, 0), rows[i].url);
        run_end(&run);
    }
}
END_TEST

START_TEST(endpoints_of_a_profile)
{
    credentials_run run;

    begin_web(&run);
    run_file(&run, ".aws/config",
             "[default]\nregion = eu-west-1\nendpoint_url = http://all\nservices = s\n"
             "[services s]\nsts =\n  endpoint_url = http://sts\n");
    fake_http_answer(run.fake, 200, NULL, sts_answer(&run, WEB, "WEB", 60));
    run_check(&run, "WEB", "web identity");
    ck_assert_str_eq(fake_http_url(run.fake, 0), "http://sts/");
    run_again(&run);
    run_set(&run, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true");
    fake_http_answer(run.fake, 200, NULL, sts_answer(&run, WEB, "WEB", 60));
    run_check(&run, "WEB", "web identity");
    ck_assert_str_eq(fake_http_url(run.fake, 1), "https://sts.eu-west-1.amazonaws.com/");
    run_end(&run);
}
END_TEST

START_TEST(odd_settings_of_sts)
{
    static const char *const variables[] = {"AWS_REGION=evil.example.org/", "AWS_REGION=a b",
                                            "AWS_ENDPOINT_URL=ftp://host",  "AWS_ENDPOINT_URL=localhost:4566",
                                            "AWS_ENDPOINT_URL=https://",    "AWS_ENDPOINT_URL=http://a?b"};

    for (size_t i = 0; i < COUNT(variables); i++) {
        credentials_run run;

        begin_web(&run);
        run_set(&run, variables[i]);
        run_get(&run, TICKER_FATAL);
        ck_assert_int_eq(run.error.kind, TICKER_ERROR_USAGE);
        ck_assert_uint_eq(fake_http_count(run.fake), 0);
        run_end(&run);
    }
}
END_TEST

START_TEST(a_web_identity_half_configured)
{
    credentials_run run;

    begin_web(&run);
    run_unset(&run, "AWS_ROLE_ARN");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "AWS_ROLE_ARN is not");
    run_again(&run);
    run_set(&run, "AWS_ROLE_ARN=arn");
    run_file(&run, "token", "  \n");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "is empty");
    run_again(&run);
    run_file(&run, "token", "HIDDEN\nHIDDEN");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "holds no token");
    ck_assert_ptr_nonnull(strstr(run.error.file, "/token"));
    run_again(&run);
    run_remove(&run, "token");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_IO, "does not exist");
    ck_assert_ptr_nonnull(strstr(run.error.file, "/token"));
    run_end(&run);
}
END_TEST

START_TEST(the_token_is_read_each_time)
{
    credentials_run run;

    begin_web(&run);
    run_set(&run, "AWS_ROLE_SESSION_NAME=me@home");
    fake_http_answer(run.fake, 200, NULL, sts_answer(&run, WEB, "ONE", 60));
    run_check(&run, "ONE", "web identity");
    run_file(&run, "token", "HIDDENNEW");
    fake_http_advance(run.fake, MINUTES(58));
    fake_http_answer(run.fake, 200, NULL, sts_answer(&run, WEB, "TWO", 60));
    run_check(&run, "TWO", "web identity");
    ck_assert_ptr_nonnull(strstr(fake_http_body(run.fake, 0, NULL), "&RoleSessionName=me%40home"));
    ck_assert_ptr_nonnull(strstr(fake_http_body(run.fake, 0, NULL), "&WebIdentityToken=HIDDENJWT.a-b_c"));
    ck_assert_ptr_nonnull(strstr(fake_http_body(run.fake, 1, NULL), "&WebIdentityToken=HIDDENNEW"));
    run_end(&run);
}
END_TEST

START_TEST(sts_refuses)
{
    static const struct {
        int http;
        const char *code, *message, *words;
        ticker_status status;
    } rows[] = {
        {400, "ExpiredTokenException", "Token expired: current date/time 1", "still running", TICKER_FATAL},
        {403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", "trust policy", TICKER_FATAL},
        {400, "InvalidIdentityToken", "No OpenIDConnect provider found", "identity provider", TICKER_FATAL},
        {403, "RegionDisabledException", "STS is not activated", "AWS_REGION", TICKER_FATAL},
        {400, "Odd", "You sent HIDDENJWT.a-b_c to me", "HTTP 400, Odd)", TICKER_FATAL},
        {400, "HIDDENJWT.a-b_c", "x", "HTTP 400): x", TICKER_FATAL}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        credentials_run run;

        begin_web(&run);
        fake_http_answer(run.fake, rows[i].http, NULL, sts_error(rows[i].code, rows[i].message));
        run_refused(&run, rows[i].status, TICKER_ERROR_USAGE, rows[i].words);
        ck_assert_ptr_nonnull(strstr(run.error.message, "web identity (AWS_WEB_IDENTITY_TOKEN_FILE)"));
        ck_assert_int_eq(run.error.http_status, rows[i].http);
        ck_assert_uint_eq(fake_http_count(run.fake), 1);
        run_end(&run);
    }
}
END_TEST

START_TEST(what_passes_is_asked_again)
{
    credentials_run run;

    begin_web(&run);
    fake_http_answer(run.fake, 400, NULL, sts_error("IDPCommunicationError", "cannot reach it"));
    fake_http_answer(run.fake, 503, NULL, "");
    fake_http_answer(run.fake, 200, NULL, sts_answer(&run, WEB, "WEB", 60));
    run_check(&run, "WEB", "web identity");
    ck_assert_int_eq(fake_http_slept(run.fake), 600);
    run_again(&run);
    fake_http_answer(run.fake, 400, NULL, sts_error("IDPCommunicationError", "cannot reach it"));
    fake_http_answer(run.fake, 400, NULL, sts_error("Throttling", "slow down"));
    fake_http_answer(run.fake, 400, NULL, sts_error("IDPCommunicationError", "cannot reach it"));
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "IDPCommunicationError");
    ck_assert_str_eq(run.error.aws_code, "IDPCommunicationError");
    run_again(&run);
    for (int i = 0; i < 3; i++)
        fake_http_break(run.fake);
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "web identity (AWS_WEB_IDENTITY_TOKEN_FILE): the made-up");
    run_again(&run);
    for (int i = 0; i < 3; i++)
        fake_http_answer(run.fake, 500, NULL, "HIDDEN");
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "HTTP 500");
    run_end(&run);
}
END_TEST

START_TEST(odd_answers_of_sts)
{
    static const char *const bodies[] = {
        "",
        "HIDDEN",
        "<a>HIDDEN",
        "<a/>",
        "<R><Credentials><AccessKeyId>A</AccessKeyId></Credentials></R>",
        ("<R><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>HIDDEN</SecretAccessKey>"
         "<Expiration>never</Expiration></Credentials></R>")};

    for (size_t i = 0; i < COUNT(bodies); i++) {
        credentials_run run;

        begin_web(&run);
        fake_http_answer(run.fake, 200, NULL, bodies[i]);
        run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "the answer of STS");
        run_end(&run);
    }
}
END_TEST

START_TEST(named_profiles_come_before_web_identities)
{
    credentials_run run;

    begin_web(&run);
    run_file(&run, ".aws/credentials",
             "[default]\naws_access_key_id = D\naws_secret_access_key = HIDDEN\n"
             "[work]\naws_access_key_id = W\naws_secret_access_key = HIDDEN\n"
             "[empty]\n");
    fake_http_answer(run.fake, 200, NULL, sts_answer(&run, WEB, "WEB", 60));
    run_check(&run, "WEB", "web identity");
    run_again(&run);
    run_set(&run, "AWS_PROFILE=work");
    run_check(&run, "W", "profile");
    run_again(&run);
    run_set(&run, "AWS_PROFILE=empty");
    fake_http_answer(run.fake, 200, NULL, sts_answer(&run, WEB, "WEB", 60));
    run_check(&run, "WEB", "web identity");
    run_end(&run);
}
END_TEST

START_TEST(a_web_identity_of_a_profile)
{
    credentials_run run;
    char text[512];

    run_begin(&run);
    run_file(&run, "token", "HIDDENJWT");
    (void)snprintf(text, sizeof(text),
                   "[profile p]\nregion = eu-west-1\nrole_arn = arn:p\nweb_identity_token_file = %s/token\n"
                   "role_session_name = me\n[profile q]\nweb_identity_token_file = x\n",
                   run.home);
    run_file(&run, ".aws/config", text);
    run_set(&run, "AWS_PROFILE=p");
    fake_http_answer(run.fake, 200, NULL, sts_answer(&run, WEB, "WEB", 60));
    run_check(&run, "WEB", "web identity");
    ck_assert_str_eq(fake_http_url(run.fake, 0), "https://sts.eu-west-1.amazonaws.com/");
    ck_assert_ptr_nonnull(strstr(fake_http_body(run.fake, 0, NULL), "RoleArn=arn%3Ap&RoleSessionName=me&"));
    run_again(&run);
    run_set(&run, "AWS_PROFILE=q");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "needs a role_arn");
    ck_assert_uint_eq(run.error.line, 7);
    run_end(&run);
}
END_TEST

/* --- Roles ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_role_of_a_profile)
{
    credentials_run run;

    run_begin(&run);
    run_file(&run, ".aws/config",
             "[profile admin]\nregion = eu-west-1\nrole_arn = arn:aws:iam::1:role/admin\nsource_profile = base\n"
             "external_id = x/1\nduration_seconds = 3600\nrole_session_name = me\n");
    run_file(&run, ".aws/credentials",
             "[base]\naws_access_key_id = BASE\naws_secret_access_key = HIDDENBASE\naws_session_token = HIDDENTOKEN\n");
    run_set(&run, "AWS_PROFILE=admin");
    fake_http_answer(run.fake, 200, NULL, sts_answer(&run, "AssumeRole", "ROLE", 60));
    run_check(&run, "ROLE", "role");
    ck_assert_str_eq(fake_http_url(run.fake, 0), "https://sts.eu-west-1.amazonaws.com/");
    ck_assert_str_eq(fake_http_body(run.fake, 0, NULL),
                     "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fadmin"
                     "&RoleSessionName=me&ExternalId=x%2F1&DurationSeconds=3600");
    ck_assert_str_eq(fake_http_header(run.fake, 0, "host"), "sts.eu-west-1.amazonaws.com");
    ck_assert_str_eq(fake_http_header(run.fake, 0, "x-amz-date"), "20261126T120000Z");
    ck_assert_str_eq(fake_http_header(run.fake, 0, "x-amz-security-token"), "HIDDENTOKEN");
    /* Computed apart, with Python's hmac. */
    ck_assert_str_eq(fake_http_header(run.fake, 0, "authorization"),
                     "AWS4-HMAC-SHA256 Credential=BASE/20261126/eu-west-1/sts/aws4_request, "
                     "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
                     "Signature=b51507478d1341ab539e59978f15e5211393182e2c85525fc8b85469b7ee7fb2");
    run_end(&run);
}
END_TEST

START_TEST(roles_upon_roles)
{
    credentials_run run;

    run_begin(&run);
    run_file(&run, ".aws/config",
             "[profile two]\nrole_arn = arn:two\nsource_profile = one\n"
             "[profile one]\nrole_arn = arn:one\nsource_profile = one\naws_access_key_id = A\naws_secret_access_key = "
             "HIDDEN\n"
             "[profile env]\nrole_arn = arn:env\ncredential_source = Environment\n");
    run_option(&run, "aws-profile", "two");
    fake_http_answer(run.fake, 200, NULL, sts_answer(&run, "AssumeRole", "ONE", 60));
    fake_http_answer(run.fake, 200, NULL, sts_answer(&run, "AssumeRole", "TWO", 60));
    run_check(&run, "TWO", "role");
    ck_assert_ptr_nonnull(strstr(fake_http_header(run.fake, 0, "authorization"), "Credential=A/"));
    ck_assert_ptr_nonnull(strstr(fake_http_header(run.fake, 1, "authorization"), "Credential=ONE/"));
    ck_assert_str_eq(fake_http_header(run.fake, 1, "x-amz-security-token"), "HIDDENTOKENONE");
    run_again(&run);
    run_option(&run, "aws-profile", "env");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "no keys where its credential_source says");
    run_again(&run);
    run_set(&run, "AWS_ACCESS_KEY_ID=ENV");
    run_set(&run, "AWS_SECRET_ACCESS_KEY=HIDDEN");
    fake_http_answer(run.fake, 200, NULL, sts_answer(&run, "AssumeRole", "THREE", 60));
    run_check(&run, "THREE", "role");
    ck_assert_ptr_nonnull(strstr(fake_http_header(run.fake, 2, "authorization"), "Credential=ENV/"));
    run_end(&run);
}
END_TEST

START_TEST(roles_that_cannot_be)
{
    static const struct {
        const char *config, *words;
        unsigned line;
    } rows[] = {
        {"[default]\nrole_arn = a\n", "needs one of source_profile", 2},
        {"[default]\nrole_arn = a\nsource_profile = b\ncredential_source = Environment\n", "needs one of", 2},
        {"[default]\nrole_arn = a\ncredential_source = Elsewhere\n", "must be Environment", 3},
        {"[default]\nrole_arn = a\nsource_profile = gone\n", "no AWS profile \"gone\"", 3},
        {"[default]\nrole_arn = a\nsource_profile = b\nmfa_serial = m\n[profile b]\n", "mfa_serial is not supported",
         4},
        {"[default]\nrole_arn = a\nsource_profile = b\n[profile b]\n", "its source_profile has no keys", 3},
        {"[default]\nrole_arn = a\nsource_profile = default\n", "its source_profile has no keys", 3},
        {"[default]\nrole_arn = a\nsource_profile = b\n[profile b]\nrole_arn = a\nsource_profile = default\n", "circle",
         6},
        {"[default]\nrole_arn = a\nsource_profile = b\nduration_seconds = 10\n[profile b]\naws_access_key_id = A\n"
         "aws_secret_access_key = HIDDEN\n",
         "from 900 to 43200", 4}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        credentials_run run;

        run_begin(&run);
        run_file(&run, ".aws/config", rows[i].config);
        run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, rows[i].words);
        ck_assert_msg(run.error.line == rows[i].line, "%zu: line %u", i, (unsigned)run.error.line);
        ck_assert_uint_eq(fake_http_count(run.fake), 0);
        run_end(&run);
    }
}
END_TEST

START_TEST(sts_refuses_a_role)
{
    credentials_run run;

    run_begin(&run);
    run_file(&run, ".aws/config",
             "[default]\nrole_arn = arn\nsource_profile = default\naws_access_key_id = A\n"
             "aws_secret_access_key = HIDDENKEY\naws_session_token = HIDDENTOKEN\n");
    fake_http_answer(run.fake, 403, NULL, sts_error("SignatureDoesNotMatch", "not with HIDDENTO and HIDDENKEY"));
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "clock");
    ck_assert_ptr_nonnull(strstr(run.error.message, "profile \"default\" (role_arn)"));
    ck_assert_str_eq(run.error.aws_code, "SignatureDoesNotMatch");
    run_again(&run);
    fake_http_answer(run.fake, 403, NULL, sts_error("ExpiredToken", "expired"));
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "renew the source");
    run_end(&run);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_web_identity,
                                  endpoints_of_sts,
                                  endpoints_of_a_profile,
                                  odd_settings_of_sts,
                                  a_web_identity_half_configured,
                                  the_token_is_read_each_time,
                                  sts_refuses,
                                  what_passes_is_asked_again,
                                  odd_answers_of_sts,
                                  named_profiles_come_before_web_identities,
                                  a_web_identity_of_a_profile,
                                  a_role_of_a_profile,
                                  roles_upon_roles,
                                  roles_that_cannot_be,
                                  sts_refuses_a_role};

    return run_tests("aws_credentials_sts", tests, COUNT(tests));
}
