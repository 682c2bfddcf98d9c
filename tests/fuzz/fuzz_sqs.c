/* Answers of SQS. The input is a line with the protocol ("json" or "query"), then the answer's body, which is taken for one
 * to a receive and for one to a batch. */
#include "fuzz.h"

#include <string.h>
#include <tickerimport/sqs.h>

#include "aws/client.h"
#include "base/error.h"

#define URL "https://sqs.us-east-1.amazonaws.com/000000000000/q"
#define ENTRIES 3

static const char *no_environment(void *payload, const char *name)
{
    (void)payload;
    (void)name;
    return NULL;
}

static uint64_t no_random(void *payload)
{
    (void)payload;
    return 0;
}

static int64_t same_time(void *payload)
{
    (void)payload;
    return INT64_C(1795694400000);
}

static void no_sleep(void *payload, int64_t milliseconds)
{
    (void)payload;
    (void)milliseconds;
}

/* Every request gets the body. */
static ticker_status answer(void *self, const ti_http_request *request, ti_http_response *response, ticker_error *error)
{
    const ti_slice *body = self;

    ti_http_response_clear(response);
    CHECK(ti_http_response_line(response, ti_slice_of("HTTP/1.1 200 OK")));
    response->body.max = request->max_body;
    if (body->size > request->max_body)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "too long");
    CHECK(ti_buffer_slice(&response->body, *body));
    return TICKER_OK;
}

static void close_nothing(void *self)
{
    (void)self;
}

static ticker_aws *new_client(const char *protocol, ti_slice *body)
{
    ticker_options *options = ticker_options_new();
    ti_aws_setup setup = {.options = options,
                          .http = {answer, close_nothing, body},
                          .clock = {same_time, same_time, no_sleep, NULL},
                          .environment = no_environment,
                          .random = no_random};
    ticker_aws *aws = NULL;

    CHECK(options != NULL);
    CHECK(ticker_options_set(options, "aws-access-key-id", "AKIDEXAMPLE", NULL) == TICKER_OK);
    CHECK(ticker_options_set(options, "aws-secret-access-key", "secret", NULL) == TICKER_OK);
    CHECK(ticker_options_set(options, "aws-region", "us-east-1", NULL) == TICKER_OK);
    CHECK(ticker_options_set(options, "sqs-protocol", protocol, NULL) == TICKER_OK);
    CHECK(ti_aws_new(&setup, &aws, NULL) == TICKER_OK);
    ticker_options_free(options);
    return aws;
}

static void receive(ticker_aws *aws)
{
    ticker_sqs_messages *messages = NULL;
    ticker_error error;
    ticker_status status;

    ti_error_init(&error);
    status = ticker_sqs_receive(aws, URL, ENTRIES, 0, -1, &messages, &error);
    CHECK(status == TICKER_OK || (messages == NULL && error.message[0] != '\0' && error.status == status));
    CHECK(status == TICKER_OK || status == TICKER_RETRY || status == TICKER_FATAL);
    CHECK(ticker_sqs_messages_count(messages) <= ENTRIES);
    for (size_t i = 0; i < ticker_sqs_messages_count(messages); i++) {
        size_t size;
        const char *body = ticker_sqs_message_body(messages, i, &size);

        CHECK(body[size] == '\0' && strlen(body) <= size);
        CHECK(ticker_sqs_message_receipt(messages, i)[0] != '\0');
        CHECK(strlen(ticker_sqs_message_id(messages, i)) <= (size_t)1 << 20);
        (void)ticker_sqs_message_attribute(messages, i, "SentTimestamp");
    }
    ticker_sqs_messages_free(messages);
}

static void delete_some(ticker_aws *aws)
{
    const char *const receipts[ENTRIES] = {"a", "b", "c"};
    ticker_status results[ENTRIES] = {TICKER_DONE, TICKER_DONE, TICKER_DONE}, status, worst = TICKER_OK;
    ticker_error error;

    ti_error_init(&error);
    status = ticker_sqs_delete_batch(aws, URL, receipts, ENTRIES, results, &error);
    for (size_t i = 0; i < ENTRIES; i++) {
        CHECK(results[i] <= TICKER_OK);
        worst = results[i] < worst ? results[i] : worst;
    }
    CHECK((status == TICKER_OK) == (worst == TICKER_OK));
    CHECK(status == TICKER_OK || (error.status == status && error.message[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t line = end != NULL ? (size_t)(end - data) : size;
    ti_slice body = {end != NULL ? (const char *)end + 1 : "", end != NULL ? size - line - 1 : 0};
    ticker_aws *aws = new_client(line == 5 && memcmp(data, "query", 5) == 0 ? "query" : "json", &body);

    receive(aws);
    delete_some(aws);
    ticker_aws_free(aws);
    return 0;
}
