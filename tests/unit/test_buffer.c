/* Buffers with a cap: a failure empties them and stays; JSON strings; slices. */
#include "support.h"

#include "base/slice.h"

static void same_json(const char *text, size_t size, const char *json)
{
    ti_buffer buffer;

    ti_buffer_init(&buffer, 4096);
    ck_assert(ti_buffer_json(&buffer, (ti_slice){text, size}));
    ck_assert_str_eq(ti_buffer_string(&buffer), json);
    ti_buffer_free(&buffer);
}

START_TEST(grows)
{
    ti_buffer buffer;

    ti_buffer_init(&buffer, 100000);
    for (int i = 0; i < 10000; i++)
        ck_assert(ti_buffer_printf(&buffer, "%d,", i % 10));
    ck_assert_uint_eq(buffer.size, 20000);
    ck_assert(ti_buffer_byte(&buffer, 'x'));
    ck_assert(ti_buffer_text(&buffer, "yz"));
    ck_assert(ti_buffer_slice(&buffer, ti_slice_of("!")));
    ck_assert_str_eq(ti_buffer_string(&buffer) + 19996, "8,9,xyz!");
    ck_assert_uint_eq(buffer.size, 20004);
    ck_assert(!ti_buffer_failed(&buffer));
    ti_buffer_free(&buffer);
    ck_assert_ptr_null(buffer.data);
    ck_assert(ti_buffer_text(&buffer, "again"));
    ti_buffer_free(&buffer);
}
END_TEST

START_TEST(nothing_can_be_appended_to_nothing)
{
    ti_buffer buffer;

    ti_buffer_init(&buffer, 10);
    ck_assert(ti_buffer_text(&buffer, ""));
    ck_assert(ti_buffer_append(&buffer, NULL, 0));
    ck_assert(ti_buffer_slice(&buffer, (ti_slice){NULL, 0}));
    ck_assert_ptr_nonnull(ti_buffer_reserve(&buffer, 0));
    ck_assert(!ti_buffer_failed(&buffer));
    ck_assert_str_eq(ti_buffer_string(&buffer), "");
    ti_buffer_free(&buffer);
}
END_TEST

START_TEST(the_cap_holds_and_the_failure_stays)
{
    ti_buffer buffer;

    ti_buffer_init(&buffer, 1000);
    for (int i = 0; i < 100; i++)
        ck_assert(ti_buffer_text(&buffer, "0123456789"));
    ck_assert_ptr_nonnull(ti_buffer_reserve(&buffer, 0));
    ck_assert(!ti_buffer_byte(&buffer, 'x'));
    ck_assert(ti_buffer_failed(&buffer));
    ck_assert_uint_eq(buffer.size, 0);
    ck_assert(!ti_buffer_byte(&buffer, 'x'));
    ck_assert(!ti_buffer_printf(&buffer, "%d", 1));
    ck_assert(!ti_buffer_json(&buffer, ti_slice_of("x")));
    ck_assert_ptr_null(ti_buffer_string(&buffer));
    ck_assert_ptr_null(ti_buffer_reserve(&buffer, SIZE_MAX));
    ti_buffer_clear(&buffer);
    ck_assert(!ti_buffer_failed(&buffer));
    ck_assert(ti_buffer_byte(&buffer, 'x'));
    ck_assert_str_eq(ti_buffer_string(&buffer), "x");
    ck_assert_ptr_null(ti_buffer_reserve(&buffer, SIZE_MAX)); /* x + SIZE_MAX overflows */
    ti_buffer_free(&buffer);
}
END_TEST

START_TEST(json_escapes)
{
    same_json("", 0, "\"\"");
    same_json(NULL, 0, "\"\"");
    same_json("plain ~", 7, "\"plain ~\"");
    same_json("\"\\/", 3, "\"\\\"\\\\/\"");
    same_json("a\0b\n\x1f\x7f", 6, "\"a\\u0000b\\u000a\\u001f\\u007f\"");
}
END_TEST

START_TEST(json_takes_utf8_and_replaces_the_rest)
{
    same_json("\xc3\x89 \xe2\x82\xac \xf0\x9f\x98\x80", 11, "\"\xc3\x89 \xe2\x82\xac \xf0\x9f\x98\x80\"");
    same_json("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\xc2\x80", 12,
              "\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\xc2\x80\"");
    same_json("\xc9z", 2, "\"\xef\xbf\xbdz\"");               /* latin-1 */
    same_json("\x80", 1, "\"\xef\xbf\xbd\"");                 /* a continuation alone */
    same_json("\xc0\x80", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""); /* overlong */
    same_json("\xc1\xbf", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    same_json("\xe0\x9f\xbf", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    same_json("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""); /* a surrogate */
    same_json("\xf0\x8f\xbf\xbf", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    same_json("\xf4\x90\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""); /* above U+10FFFF */
    same_json("\xf5", 1, "\"\xef\xbf\xbd\"");
    same_json("a\xe2\x82", 3, "\"a\xef\xbf\xbd\xef\xbf\xbd\""); /* cut off at the end */
}
END_TEST

START_TEST(slices)
{
    ck_assert(ti_slice_is(ti_slice_of("abc"), "abc"));
    ck_assert(!ti_slice_is(ti_slice_of("abc"), "ab"));
    ck_assert(!ti_slice_is(ti_slice_of("abc"), "abd"));
    ck_assert(ti_slice_equal((ti_slice){NULL, 0}, ti_slice_of("")));
    ck_assert_uint_eq(ti_slice_of(NULL).size, 0);
    ck_assert(ti_slice_equal((ti_slice){"a\0b", 3}, (ti_slice){"a\0b", 3}));
    ck_assert(!ti_slice_equal((ti_slice){"a\0b", 3}, (ti_slice){"a\0c", 3}));
}
END_TEST

START_TEST(a_failure_has_its_reason)
{
    ti_buffer buffer;
    ticker_error error;

    ti_buffer_init(&buffer, 10);
    ck_assert(ti_buffer_text(&buffer, "0123456789"));
    ck_assert(!ti_buffer_byte(&buffer, 'x'));
    ti_error_init(&error);
    ck_assert_int_eq(ti_buffer_fail(&buffer, TICKER_FAILED, "the word", &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ck_assert_str_eq(error.message, "the word is longer than 10 bytes");
    ti_buffer_free(&buffer);
}
END_TEST

START_TEST(secrets_grow_too)
{
    ti_buffer buffer;

    ti_buffer_init(&buffer, 5000);
    buffer.secret = true;
    for (int i = 0; i < 5000; i++)
        ck_assert(ti_buffer_byte(&buffer, (char)('a' + i % 26)));
    for (int i = 0; i < 5000; i++)
        ck_assert_int_eq(buffer.data[i], 'a' + i % 26);
    ck_assert(!ti_buffer_byte(&buffer, 'x'));
    ti_buffer_free(&buffer);
    ck_assert(buffer.secret);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        grows,
        nothing_can_be_appended_to_nothing,
        the_cap_holds_and_the_failure_stays,
        json_escapes,
        json_takes_utf8_and_replaces_the_rest,
        slices,
        a_failure_has_its_reason,
        secrets_grow_too,
    };

    return run_tests("buffer", tests, COUNT(tests));
}
