/* Any bytes as JSON: what is read can be walked through, is UTF-8, keeps the caps, and its texts can be written and read
 * again. */
#include "fuzz.h"

#include "aws/json.h"
#include "base/buffer.h"
#include "base/utf8.h"

#define BUFFER_MAX ((size_t)16 << 20)

static void check_utf8(ti_slice text)
{
    while (text.size > 0) {
        size_t size = ti_utf8_length(text);

        CHECK(size > 0);
        text = (ti_slice){text.data + size, text.size - size};
    }
}

static void check_text(ti_slice text)
{
    ti_json *json = NULL;
    ti_buffer written;

    check_utf8(text);
    ti_buffer_init(&written, BUFFER_MAX);
    CHECK(ti_buffer_json(&written, text));
    CHECK(ti_json_read((ti_slice){written.data, written.size}, &json, NULL) == TICKER_OK);
    CHECK(ti_slice_equal(ti_json_text(ti_json_root(json)), text));
    ti_json_free(json);
    ti_buffer_free(&written);
}

static void walk(ti_json_value *value, unsigned depth)
{
    size_t count = ti_json_count(value);
    ti_json_value *member;
    ti_slice name;
    int64_t number;

    CHECK(depth <= TI_JSON_DEPTH_MAX);
    if (ti_json_is_text(value))
        check_text(ti_json_text(value));
    if (ti_json_integer(value, &number))
        CHECK(number != INT64_MIN);
    CHECK(!ti_json_true(value) || (!ti_json_is_text(value) && count == 0));
    for (size_t i = 0; ti_json_is_array(value) && i < count; i++)
        walk(ti_json_at(value, i), depth + 1);
    CHECK(ti_json_at(value, count) == NULL);
    for (size_t i = 0; ti_json_member_at(value, i, &name, &member); i++) {
        CHECK(i < count && count <= TI_JSON_MEMBERS_MAX);
        check_utf8(name);
        walk(member, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ti_json *json = NULL;
    ticker_status status = ti_json_read((ti_slice){(const char *)data, size}, &json, NULL);

    CHECK(status == TICKER_OK || status == TICKER_FAILED);
    CHECK((status == TICKER_OK) == (json != NULL));
    if (json != NULL)
        walk(ti_json_root(json), 0);
    ti_json_free(json);
    return 0;
}
