/* Memory that runs out inside the AWS client: each allocation of the library fails once; every call then says so, or does without, and
 * keeps nothing (the sanitizers and Valgrind look). The server is a list of answers that needs no memory itself. */
#include "failing_memory.h"

#include <tickerimport/event.h>
#include <tickerimport/s3.h>
#include <tickerimport/sns.h>
#include <tickerimport/sqs.h>

#include "aws/client.h"
#include "aws/json.h"
#include "aws/xml.h"
#include "input/source.h"
#include "support.h"

#define TRIES_MAX 5000

/* --- A server that allocates nothing -------------------------------------------------------------------------------------------- */

typedef struct canned {
    int status;
    const char *headers, *body;
} canned;

typedef struct server {
    const canned *answers;
    size_t count, next;
} server;

static ticker_status give(const ti_http_request *request, const canned *answer, ti_http_response *response,
                          ticker_error *error)
{
    size_t size = strlen(answer->body);

    for (const char *at = answer->headers; *at != '\0'; at += strcspn(at, "\n") + 1)
        if (!ti_http_response_line(response, (ti_slice){at, strcspn(at, "\n")}))
            return ti_fail_memory(error);
    response->received = (int64_t)size;
    if (request->sink.write != NULL && answer->status < 300 && size > 0)
        return request->sink.write(request->sink.self, answer->body, size, error);
    return ti_buffer_append(&response->body, answer->body, size) ? TICKER_OK : ti_fail_memory(error);
}

static ticker_status perform(void *payload, const ti_http_request *request, ti_http_response *response,
                             ticker_error *error)
{
    server *self = payload;

    ti_http_response_clear(response);
    if (self->next == self->count)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "a request too many");
    response->status = self->answers[self->next].status;
    return give(request, &self->answers[self->next++], response, error);
}

static int64_t stopped_clock(void *self)
{
    (void)self;
    return INT64_C(1795694400000);
}

static void no_sleep(void *self, int64_t milliseconds)
{
    (void)self;
    (void)milliseconds;
}

static const char *environment(void *payload, const char *name)
{
    (void)payload;
    return strcmp(name, "AWS_ACCESS_KEY_ID") == 0       ? "AKIDEXAMPLE"
           : strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0 ? "secret"
           : strcmp(name, "AWS_ENDPOINT_URL") == 0      ? "http://127.0.0.1:4566"
           : strcmp(name, "AWS_CONFIG_FILE") == 0 || strcmp(name, "AWS_SHARED_CREDENTIALS_FILE") == 0 ? "/dev/null"
                                                                                                      : NULL;
}

static uint64_t no_jitter(void *payload)
{
    (void)payload;
    return 7;
}

/* --- Each allocation in turn ----------------------------------------------------------------------------------------------------- */

typedef ticker_status (*attempt)(ticker_aws *aws, ticker_error *error);

static ticker_status try_with_client(const canned *answers, size_t count, attempt try, ticker_error *error)
{
    server self = {answers, count, 0};
    ti_aws_setup setup = {.http = {perform, NULL, &self},
                          .clock = {stopped_clock, stopped_clock, no_sleep, NULL},
                          .environment = environment,
                          .random = no_jitter};
    ticker_aws *aws = NULL;
    ticker_status status = ti_aws_new(&setup, &aws, error);

    if (status == TICKER_OK)
        status = try(aws, error);
    ticker_aws_free(aws);
    return status;
}

/* Every status that is not success is the memory's. */
static void each_allocation(const char *what, const canned *answers, size_t count, attempt try)
{
    for (unsigned long at = 1;; at++) {
        ticker_error error;
        ticker_status status;
        unsigned long made;

        ck_assert_uint_lt(at, TRIES_MAX);
        ti_error_init(&error);
        allocations = 0;
        fail_at = at;
        status = count > 0 ? try_with_client(answers, count, try, &error) : try(NULL, &error);
        fail_at = 0;
        made = allocations;
        if (made < at) {
            ck_assert_msg(status == TICKER_OK, "%s: %s", what, error.message);
            ck_assert_msg(at > 3, "%s: there was nothing to fail", what);
            return;
        }
        ck_assert_msg(status == TICKER_OK || (status == TICKER_FATAL && error.kind == TICKER_ERROR_MEMORY),
                      "%s, allocation %lu: %s %s", what, at, ticker_status_name(status), error.message);
    }
}

#define EACH(answers, try) each_allocation(#try, answers, COUNT(answers), try)
#define EACH_WITHOUT_SERVER(try) each_allocation(#try, NULL, 0, try)

/* --- Reading what servers say ---------------------------------------------------------------------------------------------------- */

static const char event_text[] =
    "{\"Type\":\"Notification\",\"Message\":\"{\\\"Records\\\":[{\\\"eventVersion\\\":\\\"2.1\\\",\\\"eventSource\\\":"
    "\\\"aws:s3\\\",\\\"eventName\\\":\\\"ObjectCreated:Put\\\",\\\"s3\\\":{\\\"bucket\\\":{\\\"name\\\":\\\"b\\\"},"
    "\\\"object\\\":{\\\"key\\\":\\\"a+b%2B\\\",\\\"size\\\":1,\\\"eTag\\\":\\\"e\\\",\\\"sequencer\\\":\\\"0A\\\"}}}]}"
    "\"}";

static ticker_status read_event(ticker_aws *aws, ticker_error *error)
{
    ticker_event *event = NULL;
    ticker_status status = ticker_event_parse(event_text, strlen(event_text), &event, error);

    (void)aws;
    if (status == TICKER_OK && strcmp(ticker_event_key(event, 0), "a b+") != 0)
        status = TICKER_FAILED;
    ticker_event_free(event);
    return status;
}

static ticker_status read_xml(ticker_aws *aws, ticker_error *error)
{
    ti_buffer text;
    ticker_status status;

    (void)aws;
    ti_buffer_init(&text, 100);
    status = ti_xml_find(ti_slice_of("<a><b>x</b><c>long enough to be kept</c></a>"), "a/c", &text, error);
    ti_buffer_free(&text);
    return status;
}

static ticker_status sign(ticker_aws *aws, ticker_error *error)
{
    static const char *const values[][2] = {
        {"access-key", "AKIDEXAMPLE"}, {"secret-key", "secret"}, {"region", "us-east-1"}, {"service", "s3"},
        {"time", "20150830T123600Z"},  {"path", "/a"},           {"query", "b=c&a=d"}};
    ticker_signing *signing = ticker_signing_new();
    ticker_status status = signing != NULL ? TICKER_OK : ti_fail_memory(error);
    const char *text;

    (void)aws;
    for (size_t i = 0; i < COUNT(values) && status == TICKER_OK; i++)
        status = ticker_signing_set(signing, values[i][0], values[i][1], error);
    if (status == TICKER_OK)
        status = ticker_signing_header(signing, "Host", "example.amazonaws.com", error);
    if (status == TICKER_OK)
        status = ticker_signing_authorization(signing, &text, error);
    ticker_signing_free(signing);
    return status;
}

START_TEST(reading_and_signing)
{
    EACH_WITHOUT_SERVER(read_event);
    EACH_WITHOUT_SERVER(read_xml);
    EACH_WITHOUT_SERVER(sign);
}
END_TEST

/* --- Calls ----------------------------------------------------------------------------------------------------------------------- */

static const canned head_answer[] = {
    {200, "Content-Length: 12\nETag: \"1c6503f3\"\nLast-Modified: Sun, 30 Aug 2015 12:36:00 GMT\n", ""}};

static ticker_status head(ticker_aws *aws, ticker_error *error)
{
    ticker_s3_object *object = NULL;
    ticker_status status = ticker_s3_head(aws, "bucket", "a key", NULL, &object, error);

    ticker_s3_object_free(object);
    return status;
}

static ticker_status presign(ticker_aws *aws, ticker_error *error)
{
    char *url = NULL, *form = NULL;
    ticker_status status = ticker_s3_presign(aws, "GET", "bucket", "a key", 60, &url, error);

    if (status == TICKER_OK)
        status = ticker_s3_presign_post(aws, "bucket", "in/${filename}", 1000, 60, &form, error);
    ticker_free(url);
    ticker_free(form);
    return status;
}

static const canned receive_answer[] = {
    {200, "Content-Type: application/x-amz-json-1.0\n",
     "{\"Messages\":[{\"MessageId\":\"m\",\"ReceiptHandle\":\"r\",\"MD5OfBody\":\"5d41402abc4b2a76b9719d911017c592\","
     "\"Body\":\"hello\",\"Attributes\":{\"ApproximateReceiveCount\":\"1\"}}]}"}};

static ticker_status receive(ticker_aws *aws, ticker_error *error)
{
    ticker_sqs_messages *messages = NULL;
    ticker_status status = ticker_sqs_receive(aws, "http://127.0.0.1:4566/000000000000/q", 10, 0, -1, &messages, error);

    ticker_sqs_messages_free(messages);
    return status;
}

static const canned batch_answer[] = {{200, "", "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"}],\"Failed\":[]}"}};

static ticker_status delete_batch(ticker_aws *aws, ticker_error *error)
{
    static const char *const receipts[] = {"r0", "r1"};
    ticker_status results[2];

    return ticker_sqs_delete_batch(aws, "http://127.0.0.1:4566/000000000000/q", receipts, 2, results, error);
}

START_TEST(calls)
{
    EACH(head_answer, head);
    EACH(head_answer, presign);
    EACH(receive_answer, receive);
    EACH(batch_answer, delete_batch);
}
END_TEST

static const canned list_answer[] = {
    {200, "",
     "<ListBucketResult><IsTruncated>false</IsTruncated><EncodingType>url</EncodingType><Contents><Key>a%20b</Key>"
     "<LastModified>2015-08-30T12:36:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>5</Size></Contents>"
     "</ListBucketResult>"}};

static ticker_status seen(void *payload, const ticker_s3_object *object, ticker_error *error)
{
    (void)error;
    *(size_t *)payload += strcmp(ticker_s3_object_key(object), "a b") == 0;
    return TICKER_OK;
}

static ticker_status list(ticker_aws *aws, ticker_error *error)
{
    size_t count = 0;

    return ticker_s3_list(aws, "bucket", "", 0, seen, &count, error);
}

static const canned topic_answer[] = {
    {200, "",
     "<CreateTopicResponse><CreateTopicResult><TopicArn>arn:aws:sns:us-east-1:000000000000:t</TopicArn>"
     "</CreateTopicResult></CreateTopicResponse>"}};

static ticker_status make_topic(ticker_aws *aws, ticker_error *error)
{
    char *arn = NULL;
    ticker_status status = ticker_sns_create_topic(aws, "t", &arn, error);

    ticker_free(arn);
    return status;
}

START_TEST(calls_answered_in_xml)
{
    EACH(list_answer, list);
    EACH(topic_answer, make_topic);
}
END_TEST

/* --- Transfers ------------------------------------------------------------------------------------------------------------------- */

static const canned put_answer[] = {{200, "ETag: \"5d41402abc4b2a76b9719d911017c592\"\n", ""}};

static ticker_status put(ticker_aws *aws, ticker_error *error)
{
    ticker_s3_object *object = NULL;
    ticker_source *source = ticker_source_open_memory("hello", 5, "hello");
    ticker_status status;

    if (source == NULL)
        return ti_fail_memory(error);
    status = ticker_s3_put(aws, "bucket", "key", source, NULL, NULL, NULL, &object, error);
    ticker_s3_object_free(object);
    return status;
}

static const canned get_answer[] = {
    {206, "Content-Length: 5\nContent-Range: bytes 0-4/5\nETag: \"5d41402abc4b2a76b9719d911017c592\"\n", "hello"}};

static ticker_status get(ticker_aws *aws, ticker_error *error)
{
    ticker_source *source = NULL;
    ticker_status status = ticker_s3_get(aws, "bucket", "key", NULL, NULL, &source, error);
    char bytes[16];
    size_t got;

    while (status == TICKER_OK)
        status = ti_source_read(source, bytes, sizeof bytes, &got, error);
    ticker_source_free(source);
    return status == TICKER_DONE ? TICKER_OK : status;
}

START_TEST(transfers)
{
    EACH(put_answer, put);
    EACH(get_answer, get);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {reading_and_signing, calls, calls_answered_in_xml, transfers};

    return run_tests("aws_memory", tests, COUNT(tests));
}
