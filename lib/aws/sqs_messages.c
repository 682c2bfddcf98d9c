/* Receiving, and what came. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport/limits.h>

#include "aws/json.h"
#include "aws/sqs.h"
#include "base/error.h"

#define ATTRIBUTES_MAX 16 /* of a message; SQS has ten */
#define WAIT_MAX 20
#define WAIT_MARGIN 5000 /* milliseconds that the client waits longer than the server */
#define VISIBILITY_MAX 43200
#define ANSWER_ROOM (64 * 1024)

/* Where a text begins in `texts`; each ends with a NUL. 0 is "". */
typedef struct message {
    size_t id, receipt, body, body_size, md5, md5_size;
    size_t names[ATTRIBUTES_MAX], values[ATTRIBUTES_MAX];
    size_t attribute_count;
} message;

struct ticker_sqs_messages {
    message items[TI_SQS_BATCH_MAX + 1]; /* one more is being read */
    size_t count, max;
    size_t damaged;       /* left out; the others are whole all the same */
    char damaged_id[101]; /* of the first of them */
    ti_buffer texts;
};

/* --- Reading ---------------------------------------------------------------------------------------------------- */

static ticker_status keep(ticker_sqs_messages *messages, ti_slice text, size_t *at, ticker_error *error)
{
    *at = messages->texts.size;
    if (!ti_buffer_slice(&messages->texts, text) || !ti_buffer_byte(&messages->texts, '\0'))
        return ti_fail_memory(error);
    return TICKER_OK;
}

static bool has_nul(ti_slice text)
{
    return text.size > 0 && memchr(text.data, '\0', text.size) != NULL;
}

static ticker_status take_field(ticker_sqs_messages *messages, message *item, ti_slice name, ti_slice value,
                                ticker_error *error)
{
    if (ti_slice_is(name, "Body")) {
        item->body_size = value.size;
        return keep(messages, value, &item->body, error);
    }
    if (has_nul(value))
        return ti_sqs_strange("ReceiveMessage", "holds a NUL where none can be", error);
    if (ti_slice_is(name, "MD5OfBody")) {
        item->md5_size = value.size;
        return keep(messages, value, &item->md5, error);
    }
    if (ti_slice_is(name, "MessageId"))
        return keep(messages, value, &item->id, error);
    return ti_slice_is(name, "ReceiptHandle") ? keep(messages, value, &item->receipt, error) : TICKER_OK;
}

static ticker_status take_attribute(ticker_sqs_messages *messages, message *item, ti_slice name, ti_slice value,
                                    ticker_error *error)
{
    ticker_status status;

    if (item->attribute_count == ATTRIBUTES_MAX || name.size == 0 || has_nul(name) || has_nul(value))
        return TICKER_OK;
    status = keep(messages, name, &item->names[item->attribute_count], error);
    if (status == TICKER_OK)
        status = keep(messages, value, &item->values[item->attribute_count], error);
    item->attribute_count += status == TICKER_OK ? 1 : 0;
    return status;
}

static ticker_status end_message(ticker_sqs_messages *messages, message *item, ticker_error *error)
{
    const char *texts = messages->texts.data;

    if (texts[item->receipt] == '\0')
        return ti_sqs_strange("ReceiveMessage", "holds a message without receipt", error);
    if (messages->count + messages->damaged == messages->max)
        return ti_sqs_strange("ReceiveMessage", "holds more messages than were asked for", error);
    if (!ti_sqs_md5_fits((ti_slice){texts + item->body, item->body_size},
                         (ti_slice){texts + item->md5, item->md5_size})) {
        if (messages->damaged++ == 0)
            (void)snprintf(messages->damaged_id, sizeof(messages->damaged_id), "%s", texts + item->id);
        *item = (message){0};
        return TICKER_OK;
    }
    messages->count++;
    return TICKER_OK;
}

static ticker_status take(void *self, ti_sqs_piece piece, ti_slice name, ti_slice value, ticker_error *error)
{
    ticker_sqs_messages *messages = self;
    message *item = &messages->items[messages->count];

    switch (piece) {
    case TI_SQS_FIELD:
        return take_field(messages, item, name, value, error);
    case TI_SQS_ATTRIBUTE:
        return take_attribute(messages, item, name, value, error);
    case TI_SQS_MESSAGE:
        return end_message(messages, item, error);
    default:
        return TICKER_OK;
    }
}

/* As long as the largest messages can be, with every byte escaped; what the readers take anyway. */
static size_t largest_answer(int max)
{
    size_t size = (size_t)max * 6 * TICKER_EVENT_BYTES_MAX + ANSWER_ROOM;

    return size < TI_JSON_BYTES_MAX ? size : TI_JSON_BYTES_MAX;
}

static ticker_status receive(ticker_aws *aws, const ti_sqs_request *request, int max, ticker_sqs_messages **messages,
                             ticker_error *error)
{
    ticker_sqs_messages *came = calloc(1, sizeof(*came));
    ticker_status status;

    if (came == NULL)
        return ti_fail_memory(error);
    came->max = (size_t)max;
    ti_buffer_init(&came->texts, 2 * TI_JSON_BYTES_MAX);
    status = ti_buffer_byte(&came->texts, '\0') ? ti_sqs_call(aws, request, take, came, error) : ti_fail_memory(error);
    if (status == TICKER_OK && came->count == 0 && came->damaged > 0)
        status = ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE,
                         "message %s came damaged (the MD5 of its body differs)", came->damaged_id);
    if (status == TICKER_OK)
        *messages = came;
    else
        ticker_sqs_messages_free(came);
    return status;
}

/* The system attributes are asked for by their old name: it stays good, and older servers know no other. */
ticker_status ticker_sqs_receive(ticker_aws *aws, const char *url, int max, int wait, int visibility,
                                 ticker_sqs_messages **messages, ticker_error *error)
{
    ti_sqs_field fields[] = {{.name = "MaxNumberOfMessages", .number = max},
                             {.name = "WaitTimeSeconds", .number = wait},
                             {.name = "VisibilityTimeout", .number = visibility}};
    ti_sqs_request request = {.operation = "ReceiveMessage",
                              .queue_url = url,
                              .fields = fields,
                              .field_count = visibility < 0 ? 2 : 3,
                              .attribute_name = "All"};
    ticker_status status = ti_sqs_check(aws, url, error);

    if (status == TICKER_OK)
        status = ti_sqs_check_number("messages of one receive", max, 1, TI_SQS_BATCH_MAX, error);
    if (status == TICKER_OK)
        status = ti_sqs_check_number("seconds to wait for messages", wait, 0, WAIT_MAX, error);
    if (status == TICKER_OK)
        status = ti_sqs_check_number("seconds until a message is seen", visibility, -1, VISIBILITY_MAX, error);
    if (status != TICKER_OK)
        return status;
    if (messages == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "messages need a place to go");
    request.wait = wait > 0 ? (int64_t)wait * 1000 + WAIT_MARGIN : 0;
    request.max_body = largest_answer(max);
    return receive(aws, &request, max, messages, error);
}

/* --- What came -------------------------------------------------------------------------------------------------- */

void ticker_sqs_messages_free(ticker_sqs_messages *messages)
{
    if (messages == NULL)
        return;
    ti_buffer_free(&messages->texts);
    free(messages);
}

size_t ticker_sqs_messages_count(const ticker_sqs_messages *messages)
{
    return messages != NULL ? messages->count : 0;
}

static const message *message_at(const ticker_sqs_messages *messages, size_t index)
{
    return index < ticker_sqs_messages_count(messages) ? &messages->items[index] : NULL;
}

const char *ticker_sqs_message_id(const ticker_sqs_messages *messages, size_t index)
{
    const message *item = message_at(messages, index);

    return item != NULL ? messages->texts.data + item->id : "";
}

const char *ticker_sqs_message_receipt(const ticker_sqs_messages *messages, size_t index)
{
    const message *item = message_at(messages, index);

    return item != NULL ? messages->texts.data + item->receipt : "";
}

const char *ticker_sqs_message_body(const ticker_sqs_messages *messages, size_t index, size_t *size)
{
    const message *item = message_at(messages, index);

    if (size != NULL)
        *size = item != NULL ? item->body_size : 0;
    return item != NULL ? messages->texts.data + item->body : "";
}

const char *ticker_sqs_message_attribute(const ticker_sqs_messages *messages, size_t index, const char *name)
{
    const message *item = message_at(messages, index);

    for (size_t i = 0; item != NULL && name != NULL && i < item->attribute_count; i++)
        if (strcmp(messages->texts.data + item->names[i], name) == 0)
            return messages->texts.data + item->values[i];
    return "";
}
