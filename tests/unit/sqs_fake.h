/* What the tests of SQS share: the same call over both protocols, whose answers differ and whose outcome must not. */
#ifndef TESTS_SQS_FAKE_H
#define TESTS_SQS_FAKE_H

#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include <tickerimport/sqs.h>

#include "fake_http.h"

#define QUEUE_URL "https://sqs.us-east-1.amazonaws.com/000000000000/files"

typedef enum sqs_style { SQS_JSON, SQS_QUERY, SQS_STYLES } sqs_style;

typedef struct sqs_fake {
    sqs_style style;
    fake_http *http;
    ticker_aws *aws;
    ticker_error error;
} sqs_fake;

static inline void sqs_begin(sqs_fake *fake, sqs_style style)
{
    fake->style = style;
    fake->http = fake_http_new();
    fake->aws = fake_http_client(fake->http, style == SQS_JSON ? "sqs-protocol=json" : "sqs-protocol=query", NULL);
    ti_error_init(&fake->error);
}

static inline void sqs_end(sqs_fake *fake)
{
    ticker_aws_free(fake->aws);
    fake_http_free(fake->http);
}

/* An answer of each style; `xml` is what stands in the result's element. */
static inline void sqs_answer(const sqs_fake *fake, const char *operation, const char *json, const char *xml)
{
    ti_buffer text;

    bytes_init(&text);
    if (fake->style == SQS_JSON)
        add_bytes(&text, json, strlen(json));
    else {
        add(&text,
            "<?xml version=\"1.0\"?><%sResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><%sResult>\n",
            operation, operation);
        add_bytes(&text, xml, strlen(xml));
        add(&text, "</%sResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></%sResponse>", operation,
            operation);
    }
    fake_http_answer_bytes(fake->http, 200, "Content-Type: text/plain\n", text.data, text.size);
    ti_buffer_free(&text);
}

/* A failure with the name that each protocol has for it. */
static inline void sqs_refuse(const sqs_fake *fake, int status, const char *json, const char *query)
{
    ti_buffer text, headers;

    bytes_init(&text);
    bytes_init(&headers);
    if (fake->style == SQS_JSON) {
        add(&text, "{\"__type\":\"com.amazonaws.sqs#%s\",\"message\":\"made up.\"}", json);
        add(&headers, "x-amzn-query-error: %s;Sender\nContent-Type: application/x-amz-json-1.0\n", query);
    } else {
        add(&text,
            "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error>"
            "<Type>Sender</Type><Code>%s</Code><Message>made up.</Message><Detail/></Error><RequestId>r</RequestId>"
            "</ErrorResponse>",
            query);
        add(&headers, "Content-Type: text/xml\n");
    }
    fake_http_answer(fake->http, status, ti_buffer_string(&headers), ti_buffer_string(&text));
    ti_buffer_free(&text);
    ti_buffer_free(&headers);
}

/* What the last request said. */
static inline void sqs_asked(const sqs_fake *fake, const char *operation, const char *json, const char *query)
{
    size_t last = fake_http_count(fake->http) - 1;
    char target[128], form[4096];

    ck_assert_uint_ge(fake_http_count(fake->http), 1);
    ck_assert_str_eq(fake_http_method(fake->http, last), "POST");
    (void)snprintf(target, sizeof(target), "AmazonSQS.%s", operation);
    (void)snprintf(form, sizeof(form), "Action=%s&Version=2012-11-05%s", operation, query);
    if (fake->style == SQS_JSON) {
        ck_assert_str_eq(fake_http_header(fake->http, last, "X-Amz-Target"), target);
        ck_assert_str_eq(fake_http_header(fake->http, last, "Content-Type"), "application/x-amz-json-1.0");
        ck_assert_str_eq(fake_http_body(fake->http, last, NULL), json);
    } else {
        ck_assert_ptr_null(fake_http_header(fake->http, last, "X-Amz-Target"));
        ck_assert_ptr_nonnull(
            strstr(fake_http_header(fake->http, last, "Content-Type"), "application/x-www-form-urlencoded"));
        ck_assert_str_eq(fake_http_body(fake->http, last, NULL), form);
    }
    ck_assert_ptr_nonnull(strstr(fake_http_header(fake->http, last, "Authorization"), "/sqs/aws4_request"));
}

/* `status` was returned with such an error; the error is empty afterwards. */
static inline void sqs_failed(sqs_fake *fake, ticker_status status, ticker_status wanted, ticker_error_kind kind,
                              const char *text)
{
    ck_assert_msg(status == wanted, "%d, not %d: %s", status, wanted, fake->error.message);
    ck_assert_int_eq(fake->error.status, wanted);
    ck_assert_msg(fake->error.kind == kind, "kind %d: %s", fake->error.kind, fake->error.message);
    ck_assert_msg(strstr(fake->error.message, text) != NULL || strstr(fake->error.hint, text) != NULL, "%s; %s",
                  fake->error.message, fake->error.hint);
    ti_error_init(&fake->error);
}

static inline void sqs_ok(const sqs_fake *fake, ticker_status status)
{
    ck_assert_msg(status == TICKER_OK, "%d: %s", status, fake->error.message);
    ck_assert_int_eq(fake->error.kind, TICKER_ERROR_NONE);
}

#define FOR_EACH_STYLE(fake)                                                                                           \
    for (sqs_style style = SQS_JSON; style < SQS_STYLES && (sqs_begin(&(fake), style), true); sqs_end(&(fake)), style++)

#define ENCODED_URL "https%3A%2F%2Fsqs.us-east-1.amazonaws.com%2F000000000000%2Ffiles"

#endif
