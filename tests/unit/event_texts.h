/* What the tests of events share: the texts that S3 sends, with places for what a test changes. */
#ifndef TESTS_EVENT_TEXTS_H
#define TESTS_EVENT_TEXTS_H

#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include <tickerimport/event.h>
#include <tickerimport/limits.h>

#define RECORD_OF(version, source, name, bucket, object)                                                               \
    "{\"eventVersion\":\"" version "\",\"eventSource\":\"" source "\",\"awsRegion\":\"sa-east-1\","                    \
    "\"eventTime\":\"2026-11-22T11:58:29.699Z\",\"eventName\":\"" name "\","                                           \
    "\"userIdentity\":{\"principalId\":\"AWS:test\"},\"requestParameters\":{\"sourceIPAddress\":\"127.0.0.1\"},"       \
    "\"responseElements\":{\"x-amz-request-id\":\"R\",\"x-amz-id-2\":\"I\"},\"s3\":{\"s3SchemaVersion\":\"1.0\","      \
    "\"configurationId\":\"n1\",\"bucket\":{\"name\":\"" bucket "\",\"ownerIdentity\":{\"principalId\":\"test\"},"     \
    "\"arn\":\"arn:aws:s3:::" bucket "\"},\"object\":{" object "}}}"
#define CREATED(object) RECORD_OF("2.1", "aws:s3", "ObjectCreated:Put", "files-bucket", object)
#define EVENT(records) "{\"Records\":[" records "]}"
#define OBJECT                                                                                                         \
    "\"key\":\"in/a+b%2Bc+%C3%A9.csv\",\"size\":12,\"eTag\":\"1c6503f3a2e2b2d1a0e2b2d1a0e2b2d1\","                     \
    "\"sequencer\":\"0018EA5C23A9EBF183\""
#define PLAIN CREATED("\"key\":\"a\"")

static inline ticker_event *parse(const char *body)
{
    ticker_event *event = NULL;
    ticker_error error;
    ticker_status status;

    ti_error_init(&error);
    status = ticker_event_parse(body, strlen(body), &event, &error);
    ck_assert_msg(status == TICKER_OK, "%.200s: %s", body, error.message);
    ck_assert_int_eq(error.kind, TICKER_ERROR_NONE);
    return event;
}

/* Is refused as a whole, with such a message. */
static inline void refused_bytes(const char *body, size_t size, ticker_error_kind kind, const char *message)
{
    ticker_event *event = NULL;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_msg(ticker_event_parse(body, size, &event, &error) == TICKER_FAILED, "%.200s was taken", body);
    ck_assert_ptr_null(event);
    ck_assert_int_eq(error.kind, kind);
    ck_assert_msg(strstr(error.message, message) != NULL, "%.200s: %s", body, error.message);
    ck_assert_int_eq(ticker_event_parse(body, size, &event, NULL), TICKER_FAILED);
}

static inline void refused(const char *body, const char *message)
{
    refused_bytes(body, strlen(body), TICKER_ERROR_INPUT, message);
}

/* The envelope that SNS puts around a text. */
static inline char *enveloped(const char *message)
{
    ti_buffer text;

    bytes_init(&text);
    add(&text, "{\"Type\":\"Notification\",\"MessageId\":\"7b6a71de-0000-4000-8000-000000000000\","
               "\"TopicArn\":\"arn:aws:sns:us-east-1:000000000000:files-topic\","
               "\"Subject\":\"Amazon S3 Notification\",\"Message\":");
    ck_assert(ti_buffer_json(&text, ti_slice_of(message)));
    add(&text, ",\"Timestamp\":\"2026-11-22T11:58:29.706Z\",\"SignatureVersion\":\"1\",\"Signature\":\"EXAMPLE\","
               "\"SigningCertURL\":\"https://sns.us-east-1.amazonaws.com/x.pem\","
               "\"UnsubscribeURL\":\"https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe\"}");
    ck_assert_ptr_nonnull(ti_buffer_string(&text));
    return text.data;
}

static inline void key_is(const char *raw, const char *key)
{
    ti_buffer body;
    ticker_event *event;

    bytes_init(&body);
    add(&body, "{\"Records\":[{\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"b\"},\"object\":"
               "{\"key\":");
    ck_assert(ti_buffer_json(&body, ti_slice_of(raw)));
    add(&body, "}}}]}");
    event = parse(ti_buffer_string(&body));
    ck_assert_str_eq(ticker_event_key(event, 0), key);
    ck_assert_str_eq(ticker_event_raw_key(event, 0), raw);
    ticker_event_free(event);
    ti_buffer_free(&body);
}

#endif
