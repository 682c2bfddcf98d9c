/* SQS in the AWS JSON 1.0 protocol. */
#include "aws/json.h"
#include "aws/sqs.h"
#include "base/buffer.h"

/* --- Writing ---------------------------------------------------------------------------------------------------- */

static void write_name(ti_buffer *body, const char *name, bool *first)
{
    if (!*first)
        (void)ti_buffer_byte(body, ',');
    *first = false;
    (void)ti_buffer_json(body, ti_slice_of(name));
    (void)ti_buffer_byte(body, ':');
}

static void write_fields(ti_buffer *body, const ti_sqs_field *fields, size_t count, bool *first)
{
    for (size_t i = 0; i < count; i++) {
        write_name(body, fields[i].name, first);
        if (fields[i].text.data != NULL)
            (void)ti_buffer_json(body, fields[i].text);
        else
            (void)ti_buffer_printf(body, "%lld", (long long)fields[i].number);
    }
}

static void write_attributes(ti_buffer *body, const ticker_attribute *attributes)
{
    bool first = true;

    (void)ti_buffer_byte(body, '{');
    for (; attributes->name != NULL; attributes++) {
        write_name(body, attributes->name, &first);
        (void)ti_buffer_json(body, ti_slice_of(attributes->value));
    }
    (void)ti_buffer_byte(body, '}');
}

static bool write_request(const ti_sqs_request *request, ti_buffer *body)
{
    bool first = true, first_field;

    (void)ti_buffer_byte(body, '{');
    if (request->queue_url != NULL) {
        write_name(body, "QueueUrl", &first);
        (void)ti_buffer_json(body, ti_slice_of(request->queue_url));
    }
    write_fields(body, request->fields, request->field_count, &first);
    if (request->attributes != NULL) {
        write_name(body, "Attributes", &first);
        write_attributes(body, request->attributes);
    }
    if (request->attribute_name != NULL) {
        write_name(body, "AttributeNames", &first);
        (void)ti_buffer_byte(body, '[');
        (void)ti_buffer_json(body, ti_slice_of(request->attribute_name));
        (void)ti_buffer_byte(body, ']');
    }
    if (request->entries != NULL) {
        write_name(body, "Entries", &first);
        for (size_t i = 0; i < request->entry_count; i++) {
            (void)ti_buffer_text(body, i == 0 ? "[{" : "},{");
            first_field = true;
            write_fields(body, request->entries + i * request->entry_fields, request->entry_fields, &first_field);
        }
        (void)ti_buffer_text(body, "}]");
    }
    return ti_buffer_byte(body, '}');
}

/* --- Reading ---------------------------------------------------------------------------------------------------- */

typedef struct reader {
    ti_sqs_take take;
    void *self;
} reader;

static ticker_status read_scalar(const reader *to, ti_sqs_piece piece, ti_slice name, ti_json_value *value,
                                 ticker_error *error)
{
    ti_slice text = ti_json_true(value) ? ti_slice_of("true") : ti_json_text(value);

    return ti_json_is_text(value) || ti_json_true(value) ? to->take(to->self, piece, name, text, error) : TICKER_OK;
}

static ticker_status read_attributes(const reader *to, ti_json_value *object, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    ti_json_value *value;
    ti_slice name;

    for (size_t i = 0; status == TICKER_OK && ti_json_member_at(object, i, &name, &value); i++)
        status = read_scalar(to, TI_SQS_ATTRIBUTE, name, value, error);
    return status;
}

/* The fields and attributes of an object: of the answer itself, or of one of its items. */
static ticker_status read_fields(const reader *to, ti_json_value *object, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    ti_json_value *value;
    ti_slice name;

    for (size_t i = 0; status == TICKER_OK && ti_json_member_at(object, i, &name, &value); i++) {
        if (ti_slice_is(name, "Attributes"))
            status = read_attributes(to, value, error);
        else
            status = read_scalar(to, TI_SQS_FIELD, name, value, error);
    }
    return status;
}

static ticker_status read_items(const reader *to, ti_json_value *list, ti_sqs_piece piece, ticker_error *error)
{
    static const ti_slice nothing = {"", 0};
    ticker_status status = TICKER_OK;

    for (size_t i = 0; ti_json_is_array(list) && status == TICKER_OK && i < ti_json_count(list); i++) {
        status = read_fields(to, ti_json_at(list, i), error);
        if (status == TICKER_OK)
            status = to->take(to->self, piece, nothing, nothing, error);
    }
    return status;
}

static ticker_status read_answer(ti_slice body, ti_sqs_take take, void *self, ticker_error *error)
{
    const reader to = {take, self};
    ti_json *json = NULL;
    ti_json_value *root;
    ticker_status status = ti_json_read(body, &json, error);

    if (status != TICKER_OK)
        return status;
    root = ti_json_root(json);
    status = read_fields(&to, root, error);
    if (status == TICKER_OK)
        status = read_items(&to, ti_json_member(root, "Messages"), TI_SQS_MESSAGE, error);
    if (status == TICKER_OK)
        status = read_items(&to, ti_json_member(root, "Successful"), TI_SQS_DONE, error);
    if (status == TICKER_OK)
        status = read_items(&to, ti_json_member(root, "Failed"), TI_SQS_FAILED, error);
    ti_json_free(json);
    return status;
}

const ti_sqs_protocol ti_sqs_json = {"application/x-amz-json-1.0", "AmazonSQS.", write_request, read_answer};
