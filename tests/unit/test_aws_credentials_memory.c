/* Memory that runs out while keys are looked for: each allocation of the library fails once, and every time the call says
 * so and frees what it had (a leak would show under a sanitizer). Linked so that the library's calls come through here. */
#include "credentials_run.h"

#include <stdio.h>
#include <stdlib.h>

static unsigned long allocations, fail_at; /* fail_at 0: never */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
char *__wrap_strdup(const char *text);

static bool fails(void)
{
    return ++allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
    return fails() ? NULL : __real_reallocarray(memory, count, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

/* --- HTTP that allocates nothing ------------------------------------------------------------------------------------------------ */

#define EXPIRES "2026-11-26T13:00:00Z"

static ticker_status perform(void *self, const ti_http_request *request, ti_http_response *response,
                             ticker_error *error)
{
    const char *body =
        strcmp(request->method, "PUT") == 0 ? "HIDDENIMDS"
        : strcmp(request->method, "POST") == 0
            ? "<R><Credentials><AccessKeyId>STS</AccessKeyId><SecretAccessKey>HIDDEN</"
              "SecretAccessKey><SessionToken>HIDDEN"
              "</SessionToken><Expiration>" EXPIRES "</Expiration></Credentials></R>"
        : strstr(request->url, "credentials/") != NULL && request->url[strlen(request->url) - 1] == '/'
            ? "role"
            : "{\"AccessKeyId\": \"HTTP\", \"SecretAccessKey\": \"HIDDEN\", \"Token\": \"HIDDEN\", \"Expiration\": "
              "\"" EXPIRES "\"}";

    (void)self;
    ti_http_response_clear(response);
    response->status = 200;
    return ti_buffer_text(&response->body, body) ? TICKER_OK : ti_fail_memory(error);
}

static void close_nothing(void *self)
{
    (void)self;
}

/* Check allocates too: neither its assertions nor what uses them may come in between. */
static int64_t noon(void *self)
{
    (void)self;
    return INT64_C(1795694400000); /* 2026-11-26T12:00:00Z */
}

static void no_sleep(void *self, int64_t milliseconds)
{
    (void)self;
    (void)milliseconds;
}

static int64_t later(void *self)
{
    static int64_t time;

    (void)self;
    return time += 60000; /* so that no failure is remembered */
}

/* One look with the n-th allocation failing. True: it never came to that many. */
static bool look(const credentials_run *run, unsigned long n, const char *key)
{
    ti_credentials_chain *chain;
    ti_credentials got = {0};
    ticker_error error;
    ticker_status status = TICKER_FATAL;

    ti_error_init(&error);
    allocations = 0;
    fail_at = n;
    chain = ti_credentials_chain_new(&run->setup);
    if (chain != NULL)
        status = ti_credentials_get(chain, &got, &error);
    fail_at = 0;
    if (allocations < n) {
        ck_assert_msg(status == TICKER_OK, "%s", error.message);
        ck_assert_str_eq(got.access_key, key);
    } else if (chain != NULL && status != TICKER_OK) {
        ck_assert_msg(status == TICKER_FATAL && error.kind == TICKER_ERROR_MEMORY, "allocation %lu: %s", n,
                      error.message);
        /* It was nobody's fault: the next look works. */
        ti_error_init(&error);
        ck_assert_int_eq(ti_credentials_get(chain, &got, &error), TICKER_OK);
    }
    ti_credentials_wipe(&got);
    ti_credentials_chain_free(chain);
    return allocations < n;
}

static void look_often(credentials_run *run, const char *key)
{
    unsigned long n = 1;

    run->http = (ti_http){perform, close_nothing, NULL};
    run->clock = (ti_clock){noon, later, no_sleep, NULL};
    while (!look(run, n, key))
        n++;
    ck_assert_uint_gt(n, 3);
    run_end(run);
}

START_TEST(keys_in_files)
{
    credentials_run run;

    run_begin(&run);
    run_file(&run, ".aws/config", "[profile a]\nregion = r\n[services s]\ns3 =\n  endpoint_url = x\n");
    run_file(&run, ".aws/credentials", "[a]\n[default]\naws_access_key_id = FILE\naws_secret_access_key = HIDDEN\n");
    look_often(&run, "FILE");
}
END_TEST

START_TEST(a_process)
{
    credentials_run run;

    run_begin(&run);
    run_file(&run, "token", "echo '{\"Version\": 1, \"AccessKeyId\": \"PROC\", \"SecretAccessKey\": \"HIDDEN\"}'");
    run_file(&run, ".aws/config", "[default]\ncredential_process = /bin/sh -c '. $HOME_OF_TEST/token'\n");
    ck_assert_int_eq(setenv("HOME_OF_TEST", run.home, 1), 0);
    look_often(&run, "PROC");
}
END_TEST

START_TEST(a_role)
{
    credentials_run run;

    run_begin(&run);
    run_file(&run, ".aws/config",
             "[default]\nrole_arn = arn\nsource_profile = default\naws_access_key_id = A\n"
             "aws_secret_access_key = HIDDEN\naws_session_token = HIDDEN\n");
    look_often(&run, "STS");
}
END_TEST

START_TEST(a_web_identity)
{
    credentials_run run;
    char text[128];

    run_begin(&run);
    run_file(&run, "token", "HIDDEN");
    (void)snprintf(text, sizeof(text), "AWS_WEB_IDENTITY_TOKEN_FILE=%s/token", run.home);
    run_set(&run, text);
    run_set(&run, "AWS_ROLE_ARN=arn");
    look_often(&run, "STS");
}
END_TEST

START_TEST(a_container)
{
    credentials_run run;

    run_begin(&run);
    run_set(&run, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x");
    look_often(&run, "HTTP");
}
END_TEST

START_TEST(an_instance)
{
    credentials_run run;

    run_begin(&run);
    run_unset(&run, "AWS_EC2_METADATA_DISABLED");
    look_often(&run, "HTTP");
}
END_TEST

START_TEST(a_value_of_a_profile)
{
    credentials_run run;
    char *value = NULL;

    run_begin(&run);
    run_file(&run, ".aws/config", "[default]\nregion = r\n");
    for (unsigned long n = 1;; n++) {
        ticker_status status;

        ti_error_init(&run.error);
        allocations = 0;
        fail_at = n;
        status = ti_profile_value(&run.setup, "region", &value, &run.error);
        fail_at = 0;
        free(value);
        if (status == TICKER_OK)
            break;
        ck_assert_int_eq(run.error.kind, TICKER_ERROR_MEMORY);
    }
    run_end(&run);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {keys_in_files, a_process,           a_role, a_web_identity, a_container,
                                  an_instance,   a_value_of_a_profile};

    return run_tests("aws_credentials_memory", tests, COUNT(tests));
}
