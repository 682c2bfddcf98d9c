/* Keys that come over HTTP: containers, instance metadata. */
#include "credentials_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/credentials_provider.h"

/* --- Containers ----------------------------------------------------------------------------------------------------------------- */

/* What container endpoints and the metadata service answer; good for the next two calls. */
static const char *document(const credentials_run *run, const char *key, int64_t minutes)
{
    static char texts[2][512];
    static unsigned next;
    char *text = texts[next++ % COUNT(texts)];

    (void)snprintf(text, sizeof(texts[0]),
                   "{\"Code\": \"Success\", \"Type\": \"AWS-HMAC\", \"AccessKeyId\": \"%s\", \"SecretAccessKey\": "
                   "\"HIDDEN%s\", \"Token\": \"HIDDENTOKEN%s\", \"Expiration\": \"%s\"}",
                   key, key, key, run_time(run, minutes));
    return text;
}

START_TEST(a_task_of_ecs)
{
    credentials_run run;

    run_begin(&run);
    run_set(&run, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/HIDDEN-id?x=1");
    run_set(&run, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://elsewhere/");
    fake_http_answer(run.fake, 200, NULL, document(&run, "ECS", 60));
    run_check(&run, "ECS", "container");
    ck_assert_str_eq(run.got.session_token, "HIDDENTOKENECS");
    ck_assert_str_eq(fake_http_method(run.fake, 0), "GET");
    ck_assert_str_eq(fake_http_url(run.fake, 0), "http://169.254.170.2/v2/credentials/HIDDEN-id?x=1");
    ck_assert_ptr_null(fake_http_header(run.fake, 0, "authorization"));
    run_end(&run);
}
END_TEST

START_TEST(a_pod_of_eks)
{
    credentials_run run;
    char text[128];

    run_begin(&run);
    run_file(&run, "token", "HIDDENPOD\n");
    (void)snprintf(text, sizeof(text), "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=%s/token", run.home);
    run_set(&run, text);
    run_set(&run, "AWS_CONTAINER_AUTHORIZATION_TOKEN=HIDDENOTHER");
    run_set(&run, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials");
    fake_http_answer(run.fake, 200, NULL, document(&run, "ONE", 60));
    run_check(&run, "ONE", "container");
    ck_assert_str_eq(fake_http_header(run.fake, 0, "authorization"), "HIDDENPOD");
    run_file(&run, "token", "HIDDENNEW");
    fake_http_advance(run.fake, MINUTES(56));
    fake_http_answer(run.fake, 200, NULL, document(&run, "TWO", 60));
    run_check(&run, "TWO", "container");
    ck_assert_str_eq(fake_http_header(run.fake, 1, "authorization"), "HIDDENNEW");
    run_again(&run);
    run_unset(&run, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    run_set(&run, "AWS_CONTAINER_AUTHORIZATION_TOKEN=Basic HIDDENOTHER");
    fake_http_answer(run.fake, 200, NULL, document(&run, "THREE", 60));
    run_check(&run, "THREE", "container");
    ck_assert_str_eq(fake_http_header(run.fake, 2, "authorization"), "Basic HIDDENOTHER");
    run_end(&run);
}
END_TEST

START_TEST(keys_do_not_cross_the_network_in_the_clear)
{
    static const struct {
        const char *url;
        bool allowed;
    } rows[] = {{"http://169.254.170.2/x", true},
                {"http://169.254.170.23/x", true},
                {"http://[fd00:ec2::23]/x", true},
                {"http://[FD00:EC2::23]:80/x", true},
                {"http://127.0.0.1:8080/x", true},
                {"http://127.1.2.3/x", true},
                {"http://localhost:1/x", true},
                {"http://LocalHost", true},
                {"http://[::1]:5/x", true},
                {"https://anywhere.example.org/x", true},
                {"https://10.0.0.1/", true},
                {"http://169.254.169.254/x", false},
                {"http://169.254.170.24/x", false},
                {"http://10.0.0.1/x", false},
                {"http://example.org/x", false},
                {"http://127.0.0.1.example.org/x", false},
                {"http://127.example.org/x", false},
                {"http://localhost.example.org/", false},
                {"http://[fd00:ec2::24]/", false},
                {"http://user@127.0.0.1/", false},
                {"https://user:HIDDEN@host/", false},
                {"https://host/#x", false},
                {"http://example.org/#@127.0.0.1", false},
                {"http://example.org?127.0.0.1", false},
                {"ftp://127.0.0.1/", false},
                {"127.0.0.1/x", false},
                {"http://", false},
                {"https://", false},
                {"https:///x", false},
                {"http://127.0.0.1/a b", false},
                {"http://127.0.0.1/\r\nx", false},
                {"http://[::1", false}};

    for (size_t i = 0; i < COUNT(rows); i++) {
        credentials_run run;
        char text[128];

        run_begin(&run);
        (void)snprintf(text, sizeof(text), "AWS_CONTAINER_CREDENTIALS_FULL_URI=%s", rows[i].url);
        run_set(&run, text);
        fake_http_answer(run.fake, 200, NULL, document(&run, "X", 60));
        if (rows[i].allowed) {
            run_check(&run, "X", "container");
        } else {
            run_get(&run, TICKER_FATAL);
            ck_assert_msg(fake_http_count(run.fake) == 0, "%s was asked", rows[i].url);
            ck_assert_int_eq(run.error.kind, TICKER_ERROR_USAGE);
        }
        run_end(&run);
    }
}
END_TEST

START_TEST(odd_tokens_are_not_sent)
{
    static const char *const tokens[] = {"HIDDEN\r\nHost: evil", "HIDDEN\nX", "HIDDEN\x7f", "\n", " "};

    for (size_t i = 0; i < COUNT(tokens); i++) {
        credentials_run run;
        char text[128];

        run_begin(&run);
        run_set(&run, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/x");
        run_file(&run, "token", tokens[i]);
        (void)snprintf(text, sizeof(text), "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=%s/token", run.home);
        run_set(&run, text);
        run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "the container's authorization token");
        ck_assert_uint_eq(fake_http_count(run.fake), 0);
        run_again(&run);
        run_remove(&run, "token");
        run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "does not exist");
        run_end(&run);
    }
}
END_TEST

START_TEST(a_container_endpoint_refuses)
{
    static const struct {
        int http;
        const char *body, *words;
    } rows[] = {{403, "{\"code\": \"AccessDenied\", \"message\": \"no association\"}",
                 "(HTTP 403, AccessDenied): no association"},
                {400, "{\"code\": \"HIDDENTOKEN\", \"message\": \"your HIDDENTOKEN is bad\"}", "(HTTP 400)"},
                {404, "HIDDEN", "(HTTP 404)"},
                {404, "", "must have a role"}};
    static const char *const bodies[] = {
        "",
        "[]",
        "HIDDEN",
        "{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"\"}",
        "{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"HIDDEN\", \"Expiration\": \"x\"}",
        "{\"Code\": \"Failed\"}",
        "{\"Code\": \"HIDDEN 1\"}"};
    credentials_run run;

    run_begin(&run);
    run_set(&run, "AWS_CONTAINER_AUTHORIZATION_TOKEN=HIDDENTOKEN");
    run_set(&run, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/HIDDEN");
    for (size_t i = 0; i < COUNT(rows); i++) {
        run_again(&run);
        fake_http_answer(run.fake, rows[i].http, NULL, rows[i].body);
        run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, rows[i].words);
        ck_assert_int_eq(run.error.http_status, rows[i].http);
    }
    for (size_t i = 0; i < COUNT(bodies); i++) {
        run_again(&run);
        fake_http_answer(run.fake, 200, NULL, bodies[i]);
        run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "container credentials: the answer");
    }
    run_again(&run);
    for (int i = 0; i < 3; i++)
        fake_http_answer(run.fake, 500, NULL, NULL);
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "(HTTP 500)");
    run_end(&run);
}
END_TEST

/* Keys of a container need not end. */
START_TEST(a_container_without_expiration)
{
    credentials_run run;

    run_begin(&run);
    run_set(&run, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://localhost/");
    fake_http_answer(run.fake, 200, NULL, "{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"HIDDEN\"}");
    run_check(&run, "A", "container");
    ck_assert_int_eq(run.got.expires, 0);
    ck_assert_str_eq(run.got.session_token, "");
    fake_http_advance(run.fake, MINUTES(100000));
    run_check(&run, "A", "container");
    run_end(&run);
}
END_TEST

/* --- Instance metadata ---------------------------------------------------------------------------------------------------------- */

static void begin_instance(credentials_run *run)
{
    run_begin(run);
    run_unset(run, "AWS_EC2_METADATA_DISABLED");
}

static void answer_instance(credentials_run *run, const char *key, int64_t minutes)
{
    fake_http_answer(run->fake, 200, "x-aws-ec2-metadata-token-ttl-seconds: 21600\n", "HIDDENIMDS");
    fake_http_answer(run->fake, 200, NULL, "reader\n");
    fake_http_answer(run->fake, 200, NULL, document(run, key, minutes));
}

START_TEST(an_instance)
{
    credentials_run run;

    begin_instance(&run);
    answer_instance(&run, "EC2", 360);
    run_check(&run, "EC2", "instance");
    ck_assert_uint_eq(fake_http_count(run.fake), 3);
    ck_assert_str_eq(fake_http_method(run.fake, 0), "PUT");
    ck_assert_str_eq(fake_http_url(run.fake, 0), "http://169.254.169.254/latest/api/token");
    ck_assert_str_eq(fake_http_header(run.fake, 0, "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
    ck_assert_str_eq(fake_http_method(run.fake, 1), "GET");
    ck_assert_str_eq(fake_http_url(run.fake, 1), "http://169.254.169.254/latest/meta-data/iam/security-credentials/");
    ck_assert_str_eq(fake_http_header(run.fake, 1, "x-aws-ec2-metadata-token"), "HIDDENIMDS");
    ck_assert_str_eq(fake_http_url(run.fake, 2),
                     "http://169.254.169.254/latest/meta-data/iam/security-credentials/reader");
    ck_assert_str_eq(fake_http_header(run.fake, 2, "x-aws-ec2-metadata-token"), "HIDDENIMDS");
    run_end(&run);
}
END_TEST

START_TEST(the_instance_token_is_kept)
{
    credentials_run run;

    begin_instance(&run);
    fake_http_answer(run.fake, 200, "x-aws-ec2-metadata-token-ttl-seconds: 7200\n", "HIDDENIMDS");
    fake_http_answer(run.fake, 200, NULL, "r");
    fake_http_answer(run.fake, 200, NULL, document(&run, "ONE", 60));
    run_check(&run, "ONE", "instance");
    fake_http_advance(run.fake, MINUTES(60));
    fake_http_answer(run.fake, 200, NULL, "r");
    fake_http_answer(run.fake, 200, NULL, document(&run, "TWO", 60));
    run_check(&run, "TWO", "instance"); /* the same token */
    ck_assert_uint_eq(fake_http_count(run.fake), 5);
    fake_http_advance(run.fake, MINUTES(60) - 30000);
    fake_http_answer(run.fake, 200, NULL, "HIDDENIMDS2"); /* near its end: a new one */
    fake_http_answer(run.fake, 200, NULL, "r");
    fake_http_answer(run.fake, 200, NULL, document(&run, "THREE", 60));
    run_check(&run, "THREE", "instance");
    ck_assert_str_eq(fake_http_method(run.fake, 5), "PUT");
    ck_assert_str_eq(fake_http_header(run.fake, 7, "x-aws-ec2-metadata-token"), "HIDDENIMDS2");
    run_end(&run);
}
END_TEST

START_TEST(a_refused_instance_token_is_renewed)
{
    credentials_run run;

    begin_instance(&run);
    fake_http_answer(run.fake, 200, NULL, "HIDDENONE");
    fake_http_answer(run.fake, 200, NULL, "r");
    fake_http_answer(run.fake, 401, NULL, NULL);
    fake_http_answer(run.fake, 200, NULL, "HIDDENTWO");
    fake_http_answer(run.fake, 200, NULL, document(&run, "KEY", 60));
    run_check(&run, "KEY", "instance");
    ck_assert_str_eq(fake_http_header(run.fake, 2, "x-aws-ec2-metadata-token"), "HIDDENONE");
    ck_assert_str_eq(fake_http_method(run.fake, 3), "PUT");
    ck_assert_str_eq(fake_http_header(run.fake, 4, "x-aws-ec2-metadata-token"), "HIDDENTWO");
    run_again(&run);
    fake_http_answer(run.fake, 200, NULL, "HIDDENONE");
    fake_http_answer(run.fake, 401, NULL, NULL);
    fake_http_answer(run.fake, 200, NULL, "HIDDENTWO");
    fake_http_answer(run.fake, 401, NULL, NULL);
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "HTTP 401");
    run_end(&run);
}
END_TEST

START_TEST(no_instance)
{
    credentials_run run;

    begin_instance(&run);
    fake_http_break(run.fake);
    fake_http_break(run.fake);
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "no instance metadata at http://169.254.169.254");
    ck_assert_uint_eq(fake_http_count(run.fake), 2);
    run_again(&run);
    fake_http_answer(run.fake, 404, NULL, "HIDDEN"); /* another cloud */
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "no AWS credentials");
    run_again(&run);
    fake_http_answer(run.fake, 200, NULL, "HIDDENIMDS");
    fake_http_answer(run.fake, 404, NULL, NULL);
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "gives no role to this instance");
    run_again(&run);
    run_set(&run, "AWS_EC2_METADATA_DISABLED=TRUE");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "AWS_EC2_METADATA_DISABLED is true");
    run_end(&run);
}
END_TEST

START_TEST(an_instance_in_trouble)
{
    credentials_run run;

    begin_instance(&run);
    fake_http_answer(run.fake, 403, NULL, "HIDDEN");
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "HTTP 403 when asked for a token");
    run_again(&run);
    fake_http_answer(run.fake, 200, NULL, "HIDDENIMDS");
    fake_http_answer(run.fake, 200, NULL, "../../evil");
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "the role's name is none");
    run_again(&run);
    fake_http_answer(run.fake, 200, NULL, "HIDDEN IMDS\r\nX: y");
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "the service's token is none");
    run_again(&run);
    fake_http_answer(run.fake, 200, NULL, "HIDDENIMDS");
    fake_http_answer(run.fake, 200, NULL, "role");
    fake_http_answer(run.fake, 200, NULL, "{\"Code\": \"AssumeRoleUnauthorizedAccess\", \"Message\": \"HIDDEN\"}");
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "\"AssumeRoleUnauthorizedAccess\"");
    run_again(&run);
    fake_http_answer(run.fake, 200, NULL, "HIDDENIMDS");
    fake_http_answer(run.fake, 200, NULL, "role");
    fake_http_answer(run.fake, 200, NULL, "{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"HIDDEN\"}");
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "no Expiration");
    run_again(&run);
    fake_http_answer(run.fake, 200, NULL, "HIDDENIMDS");
    for (int i = 0; i < 3; i++)
        fake_http_answer(run.fake, 500, NULL, "HIDDEN");
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "HTTP 500 when asked for the name of its role");
    run_end(&run);
}
END_TEST

START_TEST(settings_of_the_instance_metadata)
{
    static const struct {
        const char *variable, *url;
    } rows[] = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://localhost:1338/", "http://localhost:1338/latest/api/token"},
                {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=ipv6", "http://[fd00:ec2::254]/latest/api/token"},
                {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv5", NULL},
                {"AWS_EC2_METADATA_SERVICE_ENDPOINT=localhost", NULL},
                {"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://a?b", NULL},
                {"AWS_METADATA_SERVICE_TIMEOUT=0", NULL},
                {"AWS_METADATA_SERVICE_NUM_ATTEMPTS=x", NULL}};
    credentials_run run;

    for (size_t i = 0; i < COUNT(rows); i++) {
        begin_instance(&run);
        run_set(&run, rows[i].variable);
        if (rows[i].url == NULL) {
            run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "METADATA_SERVICE");
        } else {
            answer_instance(&run, "EC2", 60);
            run_check(&run, "EC2", "instance");
            ck_assert_str_eq(fake_http_url(run.fake, 0), rows[i].url);
        }
        run_end(&run);
    }
    begin_instance(&run);
    run_file(&run, ".aws/config",
             "[default]\nec2_metadata_service_endpoint = http://localhost:9\nmetadata_service_num_attempts = 5\n");
    for (int i = 0; i < 5; i++)
        fake_http_break(run.fake);
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "no instance metadata at http://localhost:9");
    ck_assert_uint_eq(fake_http_count(run.fake), 5);
    run_end(&run);
}
END_TEST

/* The chain goes on past what is not configured, and no further than what is. */
START_TEST(the_first_place_that_has_something)
{
    credentials_run run;

    begin_instance(&run);
    run_set(&run, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x");
    fake_http_answer(run.fake, 404, NULL, NULL);
    run_refused(&run, TICKER_FATAL, TICKER_ERROR_USAGE, "container credentials: the endpoint refuses");
    ck_assert_uint_eq(fake_http_count(run.fake), 1);
    run_end(&run);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_task_of_ecs,
                                  a_pod_of_eks,
                                  keys_do_not_cross_the_network_in_the_clear,
                                  odd_tokens_are_not_sent,
                                  a_container_endpoint_refuses,
                                  a_container_without_expiration,
                                  an_instance,
                                  the_instance_token_is_kept,
                                  a_refused_instance_token_is_renewed,
                                  no_instance,
                                  an_instance_in_trouble,
                                  settings_of_the_instance_metadata,
                                  the_first_place_that_has_something};

    return run_tests("aws_credentials_http", tests, COUNT(tests));
}
