#include "aws/json.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"

struct ti_json {
    json_object *root;
};

/* What a value is called outside and what it is here. json-c's readers take objects that are not const. */
static json_object *object_of(ti_json_value *value)
{
    return (json_object *)(uintptr_t)value;
}

static ti_json_value *value_of(json_object *object)
{
    return (ti_json_value *)object;
}

static bool digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static const char *digits(const char *at, const char *end)
{
    while (at < end && digit(*at))
        at++;
    return at;
}

/* Behind the number at `at`; NULL when it is none as RFC 8259 writes it (json-c takes "1." and "-01" too). */
static const char *number_end(const char *at, const char *end)
{
    const char *start;

    at += *at == '-';
    start = at;
    at = digits(at, end);
    if (at == start || (*start == '0' && at > start + 1))
        return NULL;
    if (at < end && *at == '.') {
        start = ++at;
        at = digits(at, end);
        if (at == start)
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        start = at;
        at = digits(at, end);
        if (at == start)
            return NULL;
    }
    return at;
}

/* Behind the string whose first quote is at `at`; NULL when it does not end, or holds a bare control character or bytes
 * that are no UTF-8. */
static const char *string_end(const char *at, const char *end)
{
    for (at++; at < end && *at != '"';) {
        size_t size = ti_utf8_length((ti_slice){at, (size_t)(end - at)});

        if (size == 0 || (unsigned char)*at < 0x20)
            return NULL;
        at += size + (*at == '\\' && at + 1 < end);
    }
    return at < end ? at + 1 : NULL;
}

/* Refuses what json-c takes even when it is told to be strict: NaN and Infinity, odd numbers, control characters,
 * overlong UTF-8. */
static bool plain_json(ti_slice text)
{
    const char *at = text.data, *end = text.data + text.size;

    while (at != NULL && at < end) {
        if (*at == '"')
            at = string_end(at, end);
        else if (*at == '-' || digit(*at))
            at = number_end(at, end);
        else if (*at != '\0' && strchr("{}[]:, \t\r\ntruefalsn", *at) != NULL)
            at++;
        else
            return false;
    }
    return at != NULL;
}

static bool only_blanks(ti_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '\0' || strchr(" \t\r\n", text.data[i]) == NULL)
            return false;
    return true;
}

/* Asking for the members of an object one after the other takes steps by the square of their number. */
static bool few_members(json_object *object, unsigned depth)
{
    if (json_object_is_type(object, json_type_object)) {
        if (json_object_object_length(object) > TI_JSON_MEMBERS_MAX)
            return false;
        json_object_object_foreach(object, name, member)
        {
            (void)name;
            if (depth > 0 && !few_members(member, depth - 1))
                return false;
        }
    }
    for (size_t i = 0; json_object_is_type(object, json_type_array) && i < json_object_array_length(object); i++)
        if (depth > 0 && !few_members(json_object_array_get_idx(object, i), depth - 1))
            return false;
    return true;
}

static ticker_status fail_text(enum json_tokener_error why, size_t offset, ticker_error *error)
{
    if (why == json_tokener_error_depth)
        (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the JSON is nested more than %d deep",
                      TI_JSON_DEPTH_MAX);
    else
        (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "this is no JSON (at byte %zu)", offset);
    return TICKER_FAILED;
}

static ticker_status parse(json_tokener *tokener, ti_slice text, json_object **root, ticker_error *error)
{
    enum json_tokener_error why;
    size_t end;

    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    *root = json_tokener_parse_ex(tokener, text.data, (int)text.size);
    why = json_tokener_get_error(tokener);
    end = json_tokener_get_parse_end(tokener);
    if (why == json_tokener_continue) { /* a bare number ends where the text does */
        *root = json_tokener_parse_ex(tokener, "", 1);
        why = json_tokener_get_error(tokener);
        end = text.size;
    }
    if (why != json_tokener_success)
        return fail_text(why, end, error);
    if (!only_blanks((ti_slice){text.data + end, text.size - end}))
        return fail_text(json_tokener_error_parse_unexpected, end, error);
    if (!few_members(*root, TI_JSON_DEPTH_MAX))
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "a JSON object has more than %d members",
                       TI_JSON_MEMBERS_MAX);
    return TICKER_OK;
}

/* json-c gathers strings in memory of its own. One as long as the whole text makes that large enough before the first key
 * is in it (growing would leave copies behind), and another one is written over the last key. */
static bool cover(json_tokener *tokener, size_t size)
{
    char *text = malloc(size + 2);

    if (text == NULL)
        return false;
    memset(text, ' ', size + 2);
    text[0] = text[size + 1] = '"';
    (void)json_object_put(json_tokener_parse_ex(tokener, text, (int)size + 2));
    json_tokener_reset(tokener);
    free(text);
    return true;
}

static ticker_status parse_secret(json_tokener *tokener, ti_slice text, json_object **root, ticker_error *error)
{
    ticker_status status = cover(tokener, text.size) ? parse(tokener, text, root, error) : ti_fail_memory(error);

    json_tokener_reset(tokener);
    return cover(tokener, text.size) || status != TICKER_OK ? status : ti_fail_memory(error);
}

static ticker_status read_text(ti_slice text, bool secret, json_object **root, ticker_error *error)
{
    json_tokener *tokener;
    ticker_status status;

    if (only_blanks(text)) {
        *root = json_object_new_object();
        return *root != NULL ? TICKER_OK : ti_fail_memory(error);
    }
    if (text.size > TI_JSON_BYTES_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the JSON is longer than %d bytes", TI_JSON_BYTES_MAX);
    if (!plain_json(text))
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "this is no JSON");
    tokener = json_tokener_new_ex(TI_JSON_DEPTH_MAX);
    if (tokener == NULL)
        return ti_fail_memory(error);
    status = secret ? parse_secret(tokener, text, root, error) : parse(tokener, text, root, error);
    json_tokener_free(tokener);
    return status;
}

static ticker_status read_document(ti_slice text, bool secret, ti_json **json, ticker_error *error)
{
    ti_json *document = calloc(1, sizeof(*document));
    ticker_status status;

    *json = NULL;
    if (document == NULL)
        return ti_fail_memory(error);
    status = read_text(text, secret, &document->root, error);
    if (status == TICKER_OK)
        *json = document;
    else
        ti_json_wipe(document);
    return status;
}

ticker_status ti_json_read(ti_slice text, ti_json **json, ticker_error *error)
{
    return read_document(text, false, json, error);
}

ticker_status ti_json_read_secret(ti_slice text, ti_json **json, ticker_error *error)
{
    return read_document(text, true, json, error);
}

void ti_json_free(ti_json *json)
{
    if (json == NULL)
        return;
    (void)json_object_put(json->root);
    free(json);
}

/* json-c hands out its own bytes; nothing looks at them again. */
static void wipe_strings(json_object *object, unsigned depth)
{
    if (json_object_is_type(object, json_type_string))
        explicit_bzero((char *)(uintptr_t)json_object_get_string(object), (size_t)json_object_get_string_len(object));
    if (json_object_is_type(object, json_type_object) && depth > 0) {
        json_object_object_foreach(object, name, member)
        {
            (void)name;
            wipe_strings(member, depth - 1);
        }
    }
    for (size_t i = 0; json_object_is_type(object, json_type_array) && i < json_object_array_length(object); i++)
        if (depth > 0)
            wipe_strings(json_object_array_get_idx(object, i), depth - 1);
}

void ti_json_wipe(ti_json *json)
{
    if (json != NULL)
        wipe_strings(json->root, TI_JSON_DEPTH_MAX);
    ti_json_free(json);
}

ti_json_value *ti_json_root(const ti_json *json)
{
    return value_of(json->root);
}

bool ti_json_is_object(ti_json_value *value)
{
    return json_object_is_type(object_of(value), json_type_object) != 0;
}

bool ti_json_is_array(ti_json_value *value)
{
    return json_object_is_type(object_of(value), json_type_array) != 0;
}

ti_json_value *ti_json_member(ti_json_value *value, const char *name)
{
    json_object *member = NULL;

    if (!ti_json_is_object(value) || !json_object_object_get_ex(object_of(value), name, &member))
        return NULL;
    return value_of(member);
}

size_t ti_json_count(ti_json_value *value)
{
    if (ti_json_is_array(value))
        return json_object_array_length(object_of(value));
    return ti_json_is_object(value) ? (size_t)json_object_object_length(object_of(value)) : 0;
}

ti_json_value *ti_json_at(ti_json_value *value, size_t index)
{
    return ti_json_is_array(value) ? value_of(json_object_array_get_idx(object_of(value), index)) : NULL;
}

bool ti_json_member_at(ti_json_value *value, size_t index, ti_slice *name, ti_json_value **member)
{
    struct json_object_iterator at, end;

    *name = (ti_slice){"", 0};
    *member = NULL;
    if (!ti_json_is_object(value) || index >= ti_json_count(value))
        return false;
    at = json_object_iter_begin(object_of(value));
    end = json_object_iter_end(object_of(value));
    for (size_t i = 0; i < index && !json_object_iter_equal(&at, &end); i++)
        json_object_iter_next(&at);
    *name = ti_slice_of(json_object_iter_peek_name(&at));
    *member = value_of(json_object_iter_peek_value(&at));
    return true;
}

bool ti_json_is_text(ti_json_value *value)
{
    return json_object_is_type(object_of(value), json_type_string) != 0;
}

ti_slice ti_json_text(ti_json_value *value)
{
    json_object *object = object_of(value);

    if (!ti_json_is_text(value))
        return (ti_slice){"", 0};
    return (ti_slice){json_object_get_string(object), (size_t)json_object_get_string_len(object)};
}

bool ti_json_integer(ti_json_value *value, int64_t *number)
{
    const json_object *object = object_of(value);

    if (ti_json_is_text(value))
        return ti_parse_integer(ti_json_text(value), true, number);
    if (!json_object_is_type(object, json_type_int) || json_object_get_uint64(object) > INT64_MAX)
        return false; /* json-c stops at the ends of its range */
    *number = json_object_get_int64(object);
    return *number != INT64_MIN;
}

bool ti_json_true(ti_json_value *value)
{
    return json_object_is_type(object_of(value), json_type_boolean) && json_object_get_boolean(object_of(value));
}
