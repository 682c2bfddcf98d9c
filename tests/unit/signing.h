/* What the signing tests share. */
#ifndef TEST_SIGNING_H
#define TEST_SIGNING_H

#include "aws/sigv4.h"
#include "support.h"

/* The keys of AWS's own documentation; nobody can use them. */
#define EXAMPLE_KEY "AKIDEXAMPLE"
#define EXAMPLE_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define S3_EXAMPLE_KEY "AKIAIOSFODNN7EXAMPLE"
#define S3_EXAMPLE_SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define EMPTY_BODY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

#define TEXT(literal) ((ti_slice){literal, sizeof(literal) - 1})
#define AUGUST INT64_C(1440938160000) /* 2015-08-30 12:36:00 UTC */
#define MAY INT64_C(1369353600000)    /* 2013-05-24 00:00:00 UTC */
#define HOST                                                                                                           \
    {                                                                                                                  \
        TEXT("host"), TEXT("h")                                                                                        \
    }

static const ti_http_header only_host[] = {HOST};

static inline ti_sigv4_scope other_service(void)
{
    return (ti_sigv4_scope){.access_key = TEXT(EXAMPLE_KEY),
                            .secret_key = TEXT(EXAMPLE_SECRET),
                            .region = TEXT("us-east-1"),
                            .service = TEXT("service"),
                            .time = AUGUST};
}

static inline ti_sigv4_scope s3_service(void)
{
    return (ti_sigv4_scope){.access_key = TEXT(S3_EXAMPLE_KEY),
                            .secret_key = TEXT(S3_EXAMPLE_SECRET),
                            .region = TEXT("us-east-1"),
                            .service = TEXT("s3"),
                            .time = MAY,
                            .s3 = true};
}

static inline ti_sigv4_request get(const char *path, const char *query)
{
    return (ti_sigv4_request){.method = TEXT("GET"),
                              .path = ti_slice_of(path),
                              .query = ti_slice_of(query),
                              .headers = only_host,
                              .header_count = 1};
}

static inline void canonical_is(const ti_sigv4_scope *scope, const ti_sigv4_request *request, const char *expected)
{
    ticker_error error;
    ti_buffer text;

    ti_error_init(&error);
    bytes_init(&text);
    ck_assert_msg(ti_sigv4_canonical(scope, request, &text, NULL, NULL, &error) == TICKER_OK, "%s", error.message);
    ck_assert_str_eq(ti_buffer_string(&text), expected);
    ti_buffer_free(&text);
}

/* Line `number` of a canonical request from 0 on: the method, path, query, first header … */
static inline void line_is(const ti_sigv4_scope *scope, const ti_sigv4_request *request, int number,
                           const char *expected)
{
    ticker_error error;
    ti_buffer text;
    char *line;

    ti_error_init(&error);
    bytes_init(&text);
    ck_assert_msg(ti_sigv4_canonical(scope, request, &text, NULL, NULL, &error) == TICKER_OK, "%s", error.message);
    ck_assert_ptr_nonnull(ti_buffer_string(&text));
    line = text.data;
    for (int i = 0; i < number; i++) {
        line = strchr(line, '\n');
        ck_assert_ptr_nonnull(line);
        line++;
    }
    line[strcspn(line, "\n")] = '\0';
    ck_assert_str_eq(line, expected);
    ti_buffer_free(&text);
}

#endif
