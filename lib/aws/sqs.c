/* Queues, and what is done with one message. Source: "Amazon SQS API Reference". */
#include "aws/sqs.h"

#include <stdlib.h>
#include <string.h>

#include <tickerimport/limits.h>

#include "base/error.h"

#define NAME_MAX_BYTES 80
#define VISIBILITY_MAX 43200
#define DELAY_MAX 900

/* --- Answers with one text -------------------------------------------------------------------------------------- */

/* Keeps one field, or one attribute, of an answer; and the MD5 that comes with a message's id. */
typedef struct wanted {
    const char *name;
    ti_sqs_piece piece;
    char *text;
    const char *body; /* of the message that was sent; else NULL */
    bool damaged;
} wanted;

static ticker_status take_wanted(void *self, ti_sqs_piece piece, ti_slice name, ti_slice value, ticker_error *error)
{
    wanted *want = self;

    if (piece == TI_SQS_FIELD && want->body != NULL && ti_slice_is(name, "MD5OfMessageBody"))
        want->damaged = !ti_sqs_md5_fits(ti_slice_of(want->body), value);
    if (piece != want->piece || want->text != NULL || !ti_slice_is(name, want->name) ||
        memchr(value.data, '\0', value.size) != NULL)
        return TICKER_OK;
    want->text = ti_sqs_copy(value);
    return want->text != NULL ? TICKER_OK : ti_fail_memory(error);
}

/* A call whose answer is a URL. */
static ticker_status call_for_url(ticker_aws *aws, const ti_sqs_request *request, char **url, ticker_error *error)
{
    wanted want = {.name = "QueueUrl", .piece = TI_SQS_FIELD};
    ticker_status status = ti_sqs_call(aws, request, take_wanted, &want, error);

    if (status == TICKER_OK && (want.text == NULL || ti_sqs_check(aws, want.text, NULL) != TICKER_OK))
        status = ti_sqs_strange(request->operation, "holds no queue URL", error);
    if (status == TICKER_OK)
        *url = want.text;
    else
        free(want.text);
    return status;
}

/* --- Queues ----------------------------------------------------------------------------------------------------- */

static ticker_status check_name(const ticker_aws *aws, const char *name, const void *result, ticker_error *error)
{
    size_t size = name != NULL ? strlen(name) : 0, plain = 0;

    if (aws == NULL || result == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "SQS needs a client and a place for the answer");
    while (plain < size && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", name[plain]))
        plain++;
    if (size > 0 && size <= NAME_MAX_BYTES && (plain == size || strcmp(name + plain, ".fifo") == 0) && plain > 0)
        return TICKER_OK;
    (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "this is no name of a queue: \"%.100s\"",
                  name != NULL ? name : "");
    ti_error_hint(error, "letters, digits, '-' and '_', at most %d of them", NAME_MAX_BYTES);
    return TICKER_FATAL;
}

static ticker_status check_attributes(const ticker_attribute *attributes, ticker_error *error)
{
    size_t count = 0;

    for (; attributes != NULL && attributes[count].name != NULL; count++)
        if (attributes[count].value == NULL || attributes[count].name[0] == '\0' || count >= TICKER_ATTRIBUTES_MAX)
            return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                           "attributes are at most %d names, each with a value", TICKER_ATTRIBUTES_MAX);
    return TICKER_OK;
}

ticker_status ticker_sqs_create_queue(ticker_aws *aws, const char *name, const ticker_attribute *attributes, char **url,
                                      ticker_error *error)
{
    ti_sqs_field field = {.name = "QueueName", .text = ti_slice_of(name)};
    ti_sqs_request request = {.operation = "CreateQueue", .fields = &field, .field_count = 1, .attributes = attributes};
    ticker_status status = check_name(aws, name, url, error);

    if (status == TICKER_OK)
        status = check_attributes(attributes, error);
    return status == TICKER_OK ? call_for_url(aws, &request, url, error) : status;
}

ticker_status ticker_sqs_queue_url(ticker_aws *aws, const char *name, char **url, ticker_error *error)
{
    ti_sqs_field field = {.name = "QueueName", .text = ti_slice_of(name)};
    ti_sqs_request request = {.operation = "GetQueueUrl", .fields = &field, .field_count = 1};
    ticker_status status = check_name(aws, name, url, error);

    return status == TICKER_OK ? call_for_url(aws, &request, url, error) : status;
}

ticker_status ticker_sqs_delete_queue(ticker_aws *aws, const char *url, ticker_error *error)
{
    ti_sqs_request request = {.operation = "DeleteQueue", .queue_url = url, .done_code = "QueueDoesNotExist"};
    ticker_status status = ti_sqs_check(aws, url, error);

    return status == TICKER_OK ? ti_sqs_call(aws, &request, NULL, NULL, error) : status;
}

ticker_status ticker_sqs_attribute(ticker_aws *aws, const char *url, const char *name, char **value,
                                   ticker_error *error)
{
    ti_sqs_request request = {.operation = "GetQueueAttributes", .queue_url = url, .attribute_name = name};
    wanted want = {.name = name, .piece = TI_SQS_ATTRIBUTE};
    ticker_status status = ti_sqs_check(aws, url, error);

    if (status != TICKER_OK)
        return status;
    if (name == NULL || name[0] == '\0' || value == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an attribute needs a name and a place for its value");
    status = ti_sqs_call(aws, &request, take_wanted, &want, error);
    if (status != TICKER_OK) {
        free(want.text);
        return status;
    }
    /* A policy that was taken away again is an empty text at some servers. */
    if (want.text == NULL || want.text[0] == '\0') {
        free(want.text);
        return TICKER_DONE;
    }
    *value = want.text;
    return TICKER_OK;
}

ticker_status ticker_sqs_set_attributes(ticker_aws *aws, const char *url, const ticker_attribute *attributes,
                                        ticker_error *error)
{
    ti_sqs_request request = {.operation = "SetQueueAttributes", .queue_url = url, .attributes = attributes};
    ticker_status status = ti_sqs_check(aws, url, error);

    if (status == TICKER_OK)
        status = check_attributes(attributes, error);
    if (status != TICKER_OK || attributes == NULL || attributes[0].name == NULL)
        return status;
    return ti_sqs_call(aws, &request, NULL, NULL, error);
}

/* --- Messages --------------------------------------------------------------------------------------------------- */

static ticker_status check_receipt(const ticker_aws *aws, const char *url, const char *receipt, ticker_error *error)
{
    ticker_status status = ti_sqs_check(aws, url, error);

    if (status == TICKER_OK && (receipt == NULL || receipt[0] == '\0'))
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a message that was received has a receipt");
    return status;
}

ticker_status ticker_sqs_delete(ticker_aws *aws, const char *url, const char *receipt, ticker_error *error)
{
    ti_sqs_field field = {.name = "ReceiptHandle", .text = ti_slice_of(receipt)};
    ti_sqs_request request = {.operation = "DeleteMessage", .queue_url = url, .fields = &field, .field_count = 1};
    ticker_status status = check_receipt(aws, url, receipt, error);

    return status == TICKER_OK ? ti_sqs_call(aws, &request, NULL, NULL, error) : status;
}

ticker_status ticker_sqs_change_visibility(ticker_aws *aws, const char *url, const char *receipt, int seconds,
                                           ticker_error *error)
{
    ti_sqs_field fields[] = {{.name = "ReceiptHandle", .text = ti_slice_of(receipt)},
                             {.name = "VisibilityTimeout", .number = seconds}};
    ti_sqs_request request = {
        .operation = "ChangeMessageVisibility", .queue_url = url, .fields = fields, .field_count = 2};
    ticker_status status = check_receipt(aws, url, receipt, error);

    if (status == TICKER_OK)
        status = ti_sqs_check_number("seconds until a message is seen", seconds, 0, VISIBILITY_MAX, error);
    if (seconds == 0)
        request.done_code = "MessageNotInflight"; /* it was given back */
    return status == TICKER_OK ? ti_sqs_call(aws, &request, NULL, NULL, error) : status;
}

ticker_status ticker_sqs_send(ticker_aws *aws, const char *url, const char *body, int delay, char **id,
                              ticker_error *error)
{
    ti_sqs_field fields[] = {{.name = "MessageBody", .text = ti_slice_of(body)},
                             {.name = "DelaySeconds", .number = delay}};
    ti_sqs_request request = {
        .operation = "SendMessage", .queue_url = url, .fields = fields, .field_count = delay < 0 ? 1 : 2};
    wanted want = {.name = "MessageId", .piece = TI_SQS_FIELD, .body = body};
    ticker_status status = ti_sqs_check(aws, url, error);

    if (status == TICKER_OK)
        status = ti_sqs_check_number("the delay in seconds", delay, -1, DELAY_MAX, error);
    if (status == TICKER_OK)
        status = ti_sqs_check_body(body, error);
    if (status == TICKER_OK)
        status = ti_sqs_call(aws, &request, take_wanted, &want, error);
    if (status == TICKER_OK && want.damaged)
        status = ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE,
                         "the queue stored other bytes than were sent (their MD5 differs)");
    if (status == TICKER_OK && want.text == NULL)
        status = ti_sqs_strange("SendMessage", "holds no id", error);
    if (status == TICKER_OK && id != NULL)
        *id = want.text;
    else
        free(want.text);
    return status;
}
