/* Clients over the scripted server. */
#include <stdarg.h>
#include <stdlib.h>

#include "fake_http.h"
#include "support.h"

#define OPTIONS_MAX 32

/* Its words: "NAME=value" until NULL. */
static const char *look_up(void *payload, const char *name)
{
    const char *const *words = payload;
    size_t size = strlen(name);

    for (; words != NULL && *words != NULL; words++)
        if (strncmp(*words, name, size) == 0 && (*words)[size] == '=')
            return *words + size + 1;
    return NULL;
}

/* The same numbers in every run, so that waits are the same too. */
static uint64_t made_up_random(void *payload)
{
    static uint64_t state = 88172645463325252u;

    (void)payload;
    return next_random(&state);
}

static void set_option(ticker_options *options, const char *word)
{
    char name[64];
    const char *equals = strchr(word, '=');
    ticker_error error;

    ck_assert_ptr_nonnull(equals);
    ck_assert_uint_lt((size_t)(equals - word), sizeof(name));
    memcpy(name, word, (size_t)(equals - word));
    name[equals - word] = '\0';
    ti_error_init(&error);
    ck_assert_msg(ticker_options_set(options, name, equals + 1, &error) == TICKER_OK, "%s", error.message);
}

ticker_status fake_http_setup(fake_http *fake, const fake_setup *setup, ticker_aws **aws, ticker_error *error)
{
    ticker_options *options = ticker_options_new();
    ti_aws_setup under = {.options = options,
                          .http = fake_http_seam(fake),
                          .clock = fake_http_clock(fake),
                          .environment = look_up,
                          .environment_payload = (void *)(uintptr_t)setup->environment,
                          .random = made_up_random,
                          .events = setup->events};
    ticker_status status;

    ck_assert_ptr_nonnull(options);
    for (size_t i = 0; setup->options != NULL && setup->options[i] != NULL; i++)
        set_option(options, setup->options[i]);
    status = ti_aws_new(&under, aws, error);
    ticker_options_free(options);
    return status;
}

ticker_aws *fake_http_client(fake_http *fake, ...)
{
    const char *words[OPTIONS_MAX] = {"aws-access-key-id=AKIDEXAMPLE", "aws-secret-access-key=secret"};
    ticker_error error;
    ticker_aws *aws = NULL;
    va_list arguments;
    size_t count = 2;

    va_start(arguments, fake);
    while ((words[count] = va_arg(arguments, const char *)) != NULL) {
        count++;
        ck_assert_uint_lt(count, OPTIONS_MAX);
    }
    va_end(arguments);
    ti_error_init(&error);
    ck_assert_msg(fake_http_setup(fake, &(fake_setup){.options = words}, &aws, &error) == TICKER_OK, "%s",
                  error.message);
    return aws;
}
