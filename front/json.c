#include "json.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tickerimport.h>

#include "text.h"

struct front_json {
    struct json_object *value;
    bool failed; /* memory was short somewhere */
};

static front_json *wrap(struct json_object *value)
{
    front_json *json = value != NULL ? malloc(sizeof *json) : NULL;

    if (json == NULL) {
        (void)json_object_put(value);
        return NULL;
    }
    json->value = value;
    json->failed = false;
    return json;
}

front_json *front_json_object(void)
{
    return wrap(json_object_new_object());
}

front_json *front_json_list(void)
{
    return wrap(json_object_new_array());
}

void front_json_free(front_json *json)
{
    if (json == NULL)
        return;
    (void)json_object_put(json->value);
    free(json);
}

/* Takes `value` over; NULL means that memory was short, as null is put by front_json_null(). */
static void add(front_json *json, const char *key, struct json_object *value)
{
    if (json == NULL || value == NULL || json_object_object_add(json->value, key, value) != 0) {
        (void)json_object_put(value);
        if (json != NULL)
            json->failed = true;
    }
}

/* A copy whose invalid bytes are U+FFFD; NULL: no memory. */
static char *repair(const char *text)
{
    size_t size = strlen(text), used = 0;
    char *copy = size < SIZE_MAX / 3 ? malloc(size * 3 + 1) : NULL;

    while (copy != NULL && *text != '\0') {
        size_t length = front_utf8_length(text);
        const char *from = length > 0 ? text : "\xEF\xBF\xBD";
        size_t bytes = length > 0 ? length : 3;

        memcpy(copy + used, from, bytes);
        used += bytes;
        text += length > 0 ? length : 1;
    }
    if (copy != NULL)
        copy[used] = '\0';
    return copy;
}

void front_json_text(front_json *json, const char *key, const char *value)
{
    char *copy = repair(value);

    add(json, key, copy != NULL ? json_object_new_string(copy) : NULL);
    free(copy);
}

void front_json_text_or_null(front_json *json, const char *key, const char *value)
{
    if (value == NULL || value[0] == '\0')
        front_json_null(json, key);
    else
        front_json_text(json, key, value);
}

void front_json_integer(front_json *json, const char *key, int64_t value)
{
    add(json, key, json_object_new_int64(value));
}

void front_json_integer_or_null(front_json *json, const char *key, int64_t value)
{
    if (value == TICKER_NULL)
        front_json_null(json, key);
    else
        front_json_integer(json, key, value);
}

void front_json_boolean(front_json *json, const char *key, bool value)
{
    add(json, key, json_object_new_boolean(value));
}

void front_json_null(front_json *json, const char *key)
{
    if (json != NULL && json_object_object_add(json->value, key, NULL) != 0)
        json->failed = true;
}

void front_json_seconds(front_json *json, const char *key, int64_t microseconds)
{
    char text[FRONT_NUMBER_MAX];
    int64_t value = microseconds > 0 ? microseconds : 0;

    (void)snprintf(text, sizeof text, "%" PRId64 ".%06" PRId64, value / 1000000, value % 1000000);
    /* The text is what gets printed. */
    add(json, key, json_object_new_double_s((double)value / 1e6, text));
}

void front_json_stages(front_json *json, const ticker_report *report)
{
    static const char *const names[] = {"reading", "parsing", "loading", "settling", "committing", "telling"};
    front_json *stages = front_json_object();

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        front_json_seconds(stages, names[i],
                           ticker_report_integer(report, (ticker_report_key)(TICKER_REPORT_READING + i)));
    front_json_put(json, "stages", stages);
}

void front_json_put(front_json *json, const char *key, front_json *inner)
{
    if (inner != NULL && inner->failed && json != NULL)
        json->failed = true;
    add(json, key, inner != NULL ? inner->value : NULL);
    free(inner);
}

void front_json_append_members(front_json *json, const front_json *from)
{
    if (json == NULL)
        return;
    if (from == NULL || from->failed) {
        json->failed = true;
        return;
    }
    json_object_object_foreach(from->value, key, value)
    {
        if (value == NULL)
            front_json_null(json, key);
        else
            add(json, key, json_object_get(value));
    }
}

void front_json_append(front_json *list, front_json *object)
{
    if (object == NULL || list == NULL || json_object_array_add(list->value, object->value) != 0) {
        front_json_free(object);
        if (list != NULL)
            list->failed = true;
        return;
    }
    list->failed = list->failed || object->failed;
    free(object);
}

const char *front_json_line(front_json *json)
{
    if (json == NULL || json->failed)
        return NULL;
    return json_object_to_json_string_ext(json->value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

/* --- Reading. */

front_json *front_json_read(const char *text, size_t size)
{
    struct json_tokener *tokener;
    struct json_object *value;
    bool whole;

    while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL && text[size - 1] != '\0')
        size--;
    if (size == 0 || size > FRONT_JSON_MAX)
        return NULL;
    tokener = json_tokener_new_ex(FRONT_JSON_DEPTH_MAX);
    if (tokener == NULL)
        return NULL;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    value = json_tokener_parse_ex(tokener, text, (int)size);
    whole = json_tokener_get_error(tokener) == json_tokener_success && json_tokener_get_parse_end(tokener) == size;
    json_tokener_free(tokener);
    if (!whole || !json_object_is_type(value, json_type_object)) {
        (void)json_object_put(value);
        return NULL;
    }
    return wrap(value);
}

const char *front_json_get_text(const front_json *json, const char *key)
{
    struct json_object *member;

    if (json == NULL || !json_object_object_get_ex(json->value, key, &member) ||
        !json_object_is_type(member, json_type_string))
        return NULL;
    return json_object_get_string(member);
}

bool front_json_get_integer(const front_json *json, const char *key, int64_t *value)
{
    struct json_object *member;

    if (json == NULL || !json_object_object_get_ex(json->value, key, &member) ||
        !json_object_is_type(member, json_type_int))
        return false;
    *value = json_object_get_int64(member);
    return true;
}
