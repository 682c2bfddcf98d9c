#include "credentials_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *find_variable(void *payload, const char *name)
{
    const credentials_run *run = payload;
    size_t size = strlen(name);

    for (size_t i = 0; i < run->variable_count; i++)
        if (strncmp(run->variables[i], name, size) == 0 && run->variables[i][size] == '=')
            return run->variables[i] + size + 1;
    return NULL;
}

void run_begin(credentials_run *run)
{
    const char *folder = getenv("TMPDIR");
    char text[128];

    memset(run, 0, sizeof(*run));
    run->fake = fake_http_new();
    run->http = fake_http_seam(run->fake);
    run->clock = fake_http_clock(run->fake);
    run->options = ticker_options_new();
    ck_assert_ptr_nonnull(run->options);
    ck_assert_int_lt(
        snprintf(run->home, sizeof(run->home), "%s/ticker-home-XXXXXX", folder != NULL && *folder ? folder : "/tmp"),
        (int)sizeof(run->home));
    ck_assert_ptr_nonnull(mkdtemp(run->home));
    (void)snprintf(text, sizeof(text), "%s/.aws", run->home);
    ck_assert_int_eq(mkdir(text, 0700), 0);
    (void)snprintf(text, sizeof(text), "HOME=%s", run->home);
    run_set(run, text);
    run_set(run, "AWS_EC2_METADATA_DISABLED=true");
    run->setup = (ti_credentials_setup){.options = run->options,
                                        .environment = find_variable,
                                        .environment_payload = run,
                                        .http = &run->http,
                                        .clock = &run->clock};
    ti_error_init(&run->error);
}

void run_again(credentials_run *run)
{
    ti_credentials_chain_free(run->chain);
    run->chain = NULL;
}

void run_end(credentials_run *run)
{
    char path[128];

    run_again(run);
    ti_credentials_wipe(&run->got);
    for (size_t i = 0; i < run->variable_count; i++)
        free(run->variables[i]);
    ticker_options_free(run->options);
    fake_http_free(run->fake);
    run_remove(run, ".aws/config");
    run_remove(run, ".aws/credentials");
    run_remove(run, "token");
    (void)snprintf(path, sizeof(path), "%s/.aws", run->home);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(rmdir(run->home), 0);
}

void run_unset(credentials_run *run, const char *name)
{
    size_t size = strcspn(name, "=");

    for (size_t i = 0; i < run->variable_count; i++)
        if (strncmp(run->variables[i], name, size) == 0 && run->variables[i][size] == '=') {
            free(run->variables[i]);
            run->variables[i] = run->variables[--run->variable_count];
            return;
        }
}

void run_set(credentials_run *run, const char *variable)
{
    run_unset(run, variable);
    ck_assert_uint_lt(run->variable_count, COUNT(run->variables));
    run->variables[run->variable_count] = strdup(variable);
    ck_assert_ptr_nonnull(run->variables[run->variable_count++]);
}

void run_option(credentials_run *run, const char *name, const char *value)
{
    ck_assert_int_eq(ticker_options_set(run->options, name, value, NULL), TICKER_OK);
}

static const char *path_of(const credentials_run *run, const char *name)
{
    static char path[256];

    ck_assert_int_lt(snprintf(path, sizeof(path), "%s/%s", run->home, name), (int)sizeof(path));
    return path;
}

const char *run_file(credentials_run *run, const char *name, const char *text)
{
    FILE *file = fopen(path_of(run, name), "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    return path_of(run, name);
}

void run_remove(credentials_run *run, const char *name)
{
    (void)unlink(path_of(run, name));
}

static void check_silent(const char *text)
{
    ck_assert_msg(strstr(text, "HIDDEN") == NULL, "a secret is shown: %s", text);
}

void run_get(credentials_run *run, ticker_status status)
{
    ticker_status got;

    if (run->chain == NULL)
        run->chain = ti_credentials_chain_new(&run->setup);
    ck_assert_ptr_nonnull(run->chain);
    ti_credentials_wipe(&run->got);
    ti_error_init(&run->error);
    got = ti_credentials_get(run->chain, &run->got, &run->error);
    check_silent(run->error.message);
    check_silent(run->error.hint);
    check_silent(run->error.file);
    check_silent(run->error.aws_code);
    ck_assert_msg(got == status, "%d: %s; %s", (int)got, run->error.message, run->error.hint);
    if (got == TICKER_OK) {
        ck_assert_ptr_nonnull(run->got.session_token);
        ck_assert_int_eq(run->error.kind, TICKER_ERROR_NONE);
    } else {
        ck_assert_int_eq(run->error.status, got);
        ck_assert_ptr_null(run->got.session_token);
    }
}

void run_check(credentials_run *run, const char *access_key, const char *source)
{
    run_get(run, TICKER_OK);
    ck_assert_str_eq(run->got.access_key, access_key);
    ck_assert_str_eq(run->got.source, source);
}

void run_refused(credentials_run *run, ticker_status status, ticker_error_kind kind, const char *words)
{
    run_get(run, status);
    ck_assert_msg(strstr(run->error.message, words) != NULL || strstr(run->error.hint, words) != NULL,
                  "not \"%s\": %s; %s", words, run->error.message, run->error.hint);
    ck_assert_int_eq(run->error.kind, kind);
}

const char *run_time(const credentials_run *run, int64_t minutes)
{
    static char texts[4][TI_TIME_EXTENDED_MAX];
    static unsigned next;
    char *text = texts[next++ % COUNT(texts)];

    ti_time_extended(run->clock.now(run->clock.self) + MINUTES(minutes), text);
    return text;
}
