/* A chain of credentials over scripted HTTP, with an environment, a home and a clock of its own. Whatever is secret in
 * these tests has "HIDDEN" in it, and no message may. */
#ifndef TESTS_CREDENTIALS_RUN_H
#define TESTS_CREDENTIALS_RUN_H

#include "support.h"

#include "aws/credentials.h"
#include "fake_http.h"

typedef struct credentials_run {
    fake_http *fake;
    ti_http http;
    ti_clock clock;
    ticker_options *options;
    char home[64];
    char *variables[32]; /* "NAME=value" */
    size_t variable_count;
    ti_credentials_setup setup;
    ti_credentials_chain *chain; /* made by the first look */
    ti_credentials got;
    ticker_error error;
} credentials_run;

/* The environment has only HOME, and AWS_EC2_METADATA_DISABLED=true. */
void run_begin(credentials_run *run);
void run_end(credentials_run *run);

/* "NAME=value"; takes the place of an older one. */
void run_set(credentials_run *run, const char *variable);
void run_unset(credentials_run *run, const char *name);
void run_option(credentials_run *run, const char *name, const char *value);
/* Writes a file in the home; `name` may be ".aws/config". The path is good until the next call. */
const char *run_file(credentials_run *run, const char *name, const char *text);
void run_remove(credentials_run *run, const char *name);

/* Looks for keys and fails the test when something else than `status` comes, or a message with a secret. */
void run_get(credentials_run *run, ticker_status status);
/* Looks for keys and checks the access key and where it is from. */
void run_check(credentials_run *run, const char *access_key, const char *source);
/* Looks, and checks that the message (or hint) has these words. */
void run_refused(credentials_run *run, ticker_status status, ticker_error_kind kind, const char *words);
/* Forgets the chain: the next look begins anew. */
void run_again(credentials_run *run);

#define MINUTES(n) ((n)*INT64_C(60000))
/* The clock's time so many minutes from now, as "2026-11-26T12:00:00Z"; good for the next four calls. */
const char *run_time(const credentials_run *run, int64_t minutes);

#endif
