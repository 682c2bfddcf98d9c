/* SQS in the older Query protocol: forms there, XML back. */
#include <stdio.h>

#include "aws/form.h"
#include "aws/sqs.h"
#include "aws/xml.h"
#include "base/error.h"
#include "base/number.h"

#define VERSION "2012-11-05"

/* --- Writing ---------------------------------------------------------------------------------------------------- */

static ti_slice text_of(const ti_sqs_field *field, char digits[TI_NUMBER_TEXT_MAX])
{
    if (field->text.data != NULL)
        return field->text;
    return (ti_slice){digits, ti_format_integer(field->number, digits)};
}

static bool write_request(const ti_sqs_request *request, ti_buffer *body)
{
    char digits[TI_NUMBER_TEXT_MAX], entry[TI_SQS_CODE_MAX];

    (void)ti_form_begin(body, request->operation, VERSION);
    if (request->queue_url != NULL)
        (void)ti_form_add(body, "QueueUrl", ti_slice_of(request->queue_url));
    for (size_t i = 0; i < request->field_count; i++)
        (void)ti_form_add(body, request->fields[i].name, text_of(&request->fields[i], digits));
    for (size_t i = 0; request->attributes != NULL && request->attributes[i].name != NULL; i++) {
        (void)ti_form_add_indexed(body, "Attribute", i + 1, "Name", ti_slice_of(request->attributes[i].name));
        (void)ti_form_add_indexed(body, "Attribute", i + 1, "Value", ti_slice_of(request->attributes[i].value));
    }
    if (request->attribute_name != NULL)
        (void)ti_form_add_indexed(body, "AttributeName", 1, NULL, ti_slice_of(request->attribute_name));
    (void)snprintf(entry, sizeof(entry), "%sRequestEntry", request->operation);
    for (size_t i = 0; i < request->entry_count; i++)
        for (size_t k = 0; k < request->entry_fields; k++) {
            const ti_sqs_field *field = &request->entries[i * request->entry_fields + k];

            (void)ti_form_add_indexed(body, entry, i + 1, field->name, text_of(field, digits));
        }
    return !ti_buffer_failed(body);
}

/* --- Reading ---------------------------------------------------------------------------------------------------- */

typedef struct reader {
    ti_sqs_take take;
    void *self;
    ti_buffer name, value; /* of the attribute that is being read */
} reader;

static bool ends_with(const char *text, size_t size, const char *end)
{
    size_t length = strlen(end);

    return size >= length && memcmp(text + size - length, end, length) == 0;
}

static ticker_status keep(ti_buffer *buffer, ti_slice text, ticker_error *error)
{
    ti_buffer_clear(buffer);
    return ti_buffer_slice(buffer, text) ? TICKER_OK : ti_fail_memory(error);
}

static ti_slice kept(const ti_buffer *buffer)
{
    return buffer->size > 0 ? (ti_slice){buffer->data, buffer->size} : (ti_slice){"", 0};
}

static ticker_status take_attribute(reader *to, const char *member, ti_slice text, ticker_error *error)
{
    ticker_status status;

    if (strcmp(member, "/Name") == 0)
        return keep(&to->name, text, error);
    if (strcmp(member, "/Value") == 0)
        return keep(&to->value, text, error);
    if (*member != '\0')
        return TICKER_OK;
    status = to->take(to->self, TI_SQS_ATTRIBUTE, kept(&to->name), kept(&to->value), error);
    ti_buffer_clear(&to->name);
    ti_buffer_clear(&to->value);
    return status;
}

/* `path` without the names of answer and result. An element is told of when it ends, so an item's come before it. */
static ticker_status take_result(reader *to, const char *path, ti_slice text, ticker_error *error)
{
    size_t first = strcspn(path, "/");
    const char *member = path[first] == '/' ? path + first + 1 : NULL;
    bool item = true;
    ti_sqs_piece piece = TI_SQS_MESSAGE;

    if (first == strlen("Attribute") && memcmp(path, "Attribute", first) == 0)
        return take_attribute(to, path + first, text, error);
    if (ends_with(path, first, "BatchResultErrorEntry"))
        piece = TI_SQS_FAILED;
    else if (ends_with(path, first, "BatchResultEntry"))
        piece = TI_SQS_DONE;
    else
        item = first == strlen("Message") && memcmp(path, "Message", first) == 0;
    if (!item)
        return member == NULL ? to->take(to->self, TI_SQS_FIELD, ti_slice_of(path), text, error) : TICKER_OK;
    if (member == NULL)
        return to->take(to->self, piece, (ti_slice){"", 0}, (ti_slice){"", 0}, error);
    if (strncmp(member, "Attribute", strlen("Attribute")) == 0 &&
        (member[strlen("Attribute")] == '/' || member[strlen("Attribute")] == '\0'))
        return take_attribute(to, member + strlen("Attribute"), text, error);
    return strchr(member, '/') == NULL ? to->take(to->self, TI_SQS_FIELD, ti_slice_of(member), text, error) : TICKER_OK;
}

/* "ReceiveMessageResponse/ReceiveMessageResult/Message/Body". */
static ticker_status take_element(void *payload, const char *path, ti_slice text, ticker_error *error)
{
    const char *result = strchr(path, '/'), *rest = result != NULL ? strchr(result + 1, '/') : NULL;

    if (rest == NULL || !ends_with(path, (size_t)(result - path), "Response") ||
        !ends_with(result, (size_t)(rest - result), "Result"))
        return TICKER_OK;
    return take_result(payload, rest + 1, text, error);
}

static ticker_status read_answer(ti_slice body, ti_sqs_take take, void *self, ticker_error *error)
{
    reader to = {.take = take, .self = self};
    ticker_status status;

    if (body.size == 0)
        return TICKER_OK;
    ti_buffer_init(&to.name, TI_XML_TEXT_MAX);
    ti_buffer_init(&to.value, TI_XML_TEXT_MAX);
    status = ti_xml_read(body, take_element, &to, error);
    ti_buffer_free(&to.name);
    ti_buffer_free(&to.value);
    return status;
}

const ti_sqs_protocol ti_sqs_query = {TI_FORM_TYPE, NULL, write_request, read_answer};
