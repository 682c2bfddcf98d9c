/* JSON of hostile servers: what is read, what is refused, and that numbers stay whole. */
#include "support.h"

#include <stdlib.h>

#include "aws/json.h"

static ti_json *read_text(const char *text)
{
    ticker_error error;
    ti_json *json = NULL;

    ti_error_init(&error);
    ck_assert_msg(ti_json_read(ti_slice_of(text), &json, &error) == TICKER_OK, "%s: %s", text, error.message);
    ck_assert_ptr_nonnull(json);
    return json;
}

static void refuse_bytes(const void *data, size_t size, ticker_error_kind kind)
{
    char *copy = malloc(size > 0 ? size : 1); /* no NUL behind it: a sanitizer says when it is read */
    ticker_error error;
    ti_json *json = (ti_json *)&error;

    ck_assert_ptr_nonnull(copy);
    if (size > 0)
        memcpy(copy, data, size);
    ti_error_init(&error);
    ck_assert_msg(ti_json_read((ti_slice){copy, size}, &json, &error) == TICKER_FAILED, "read: %.*s", (int)size, copy);
    ck_assert_int_eq(error.kind, kind);
    ck_assert_ptr_null(json);
    ck_assert_int_eq(ti_json_read((ti_slice){copy, size}, &json, NULL), TICKER_FAILED);
    free(copy);
}

static const char *text_of(ti_json_value *value)
{
    static char text[64];
    ti_slice slice = ti_json_text(value);

    ck_assert_uint_lt(slice.size, sizeof(text));
    memcpy(text, slice.data, slice.size);
    text[slice.size] = '\0';
    return text;
}

START_TEST(parts_are_found)
{
    ti_json *json = read_text(" {\"Messages\":[{\"Body\":\"a\\u00e9\\n\",\"n\":5},{\"Body\":\"\"}],\"ok\":true,"
                              "\"no\":false,\"nil\":null}\r\n");
    ti_json_value *root = ti_json_root(json), *list = ti_json_member(root, "Messages");

    ck_assert(ti_json_is_object(root) && !ti_json_is_array(root) && !ti_json_is_text(root));
    ck_assert_uint_eq(ti_json_count(root), 4);
    ck_assert(ti_json_is_array(list) && !ti_json_is_object(list));
    ck_assert_uint_eq(ti_json_count(list), 2);
    ck_assert_str_eq(text_of(ti_json_member(ti_json_at(list, 0), "Body")), "a\xc3\xa9\n");
    ck_assert(ti_json_is_text(ti_json_member(ti_json_at(list, 1), "Body")));
    ck_assert_str_eq(text_of(ti_json_member(ti_json_at(list, 1), "Body")), "");
    ck_assert_ptr_null(ti_json_at(list, 2));
    ck_assert(ti_json_true(ti_json_member(root, "ok")));
    ck_assert(!ti_json_true(ti_json_member(root, "no")));
    ck_assert(!ti_json_true(ti_json_member(root, "nil")));
    ck_assert(!ti_json_true(list));
    ti_json_free(json);
    ti_json_free(NULL);
}
END_TEST

START_TEST(what_is_not_there_is_nothing)
{
    ti_json *json = read_text("{\"a\":[1],\"t\":\"x\"}");
    ti_json_value *root = ti_json_root(json), *list = ti_json_member(root, "a"), *member;
    int64_t number = 7;
    ti_slice name;

    ck_assert_ptr_null(ti_json_member(root, "b"));
    ck_assert_ptr_null(ti_json_member(list, "a"));
    ck_assert_ptr_null(ti_json_member(NULL, "a"));
    ck_assert_ptr_null(ti_json_at(root, 0));
    ck_assert_ptr_null(ti_json_at(NULL, 0));
    ck_assert_uint_eq(ti_json_count(NULL), 0);
    ck_assert_uint_eq(ti_json_count(ti_json_member(root, "t")), 0);
    ck_assert(!ti_json_is_object(NULL) && !ti_json_is_array(NULL) && !ti_json_is_text(NULL) && !ti_json_true(NULL));
    ck_assert_ptr_nonnull(ti_json_text(NULL).data);
    ck_assert_uint_eq(ti_json_text(list).size, 0);
    ck_assert_ptr_nonnull(ti_json_text(list).data);
    ck_assert(!ti_json_integer(NULL, &number) && !ti_json_integer(list, &number));
    ck_assert(!ti_json_member_at(NULL, 0, &name, &member));
    ck_assert(!ti_json_member_at(list, 0, &name, &member));
    ck_assert_ptr_null(member);
    ck_assert_int_eq(number, 7);
    ti_json_free(json);
}
END_TEST

START_TEST(members_come_in_order)
{
    ti_json *json = read_text("{\"z\":1,\"a\":null,\"m\":\"t\"}");
    ti_json_value *root = ti_json_root(json), *member;
    ti_slice name;

    ck_assert(ti_json_member_at(root, 0, &name, &member));
    ck_assert(ti_slice_is(name, "z"));
    ck_assert_ptr_nonnull(member);
    ck_assert(ti_json_member_at(root, 1, &name, &member));
    ck_assert(ti_slice_is(name, "a"));
    ck_assert_ptr_null(member);
    ck_assert(ti_json_member_at(root, 2, &name, &member));
    ck_assert(ti_slice_is(name, "m"));
    ck_assert_str_eq(text_of(member), "t");
    ck_assert(!ti_json_member_at(root, 3, &name, &member));
    ti_json_free(json);
}
END_TEST

START_TEST(numbers_are_whole_or_none)
{
    static const struct {
        const char *text;
        bool whole;
        int64_t value;
    } cases[] = {{"0", true, 0},
                 {"-0", true, 0},
                 {"-12", true, -12},
                 {"9223372036854775807", true, INT64_MAX},
                 {"-9223372036854775807", true, -INT64_MAX},
                 {"9223372036854775808", false, 0},
                 {"-9223372036854775808", false, 0},
                 {"123456789012345678901234567890", false, 0},
                 {"-123456789012345678901234567890", false, 0},
                 {"1.0", false, 0},
                 {"1e3", false, 0},
                 {"1E-3", false, 0},
                 {"\"42\"", true, 42},
                 {"\"-42\"", true, -42},
                 {"\"4 2\"", false, 0},
                 {"\"\"", false, 0},
                 {"true", false, 0},
                 {"[]", false, 0}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        ti_json *json = read_text(cases[i].text);
        int64_t value = 0;

        ck_assert_msg(ti_json_integer(ti_json_root(json), &value) == cases[i].whole, "%s", cases[i].text);
        if (cases[i].whole)
            ck_assert_int_eq(value, cases[i].value);
        ti_json_free(json);
    }
}
END_TEST

START_TEST(nothing_is_an_empty_object)
{
    static const char *const texts[] = {"", " ", "\r\n\t "};

    for (size_t i = 0; i < COUNT(texts); i++) {
        ti_json *json = read_text(texts[i]);

        ck_assert(ti_json_is_object(ti_json_root(json)));
        ck_assert_uint_eq(ti_json_count(ti_json_root(json)), 0);
        ti_json_free(json);
    }
}
END_TEST

START_TEST(null_alone_is_a_document)
{
    ti_json *json = read_text("null");

    ck_assert_ptr_null(ti_json_root(json));
    ti_json_free(json);
}
END_TEST

START_TEST(a_text_may_hold_nul)
{
    ti_json *json = read_text("\"a\\u0000b\"");
    ti_slice text = ti_json_text(ti_json_root(json));

    ck_assert_uint_eq(text.size, 3);
    ck_assert_int_eq(memcmp(text.data, "a\0b", 3), 0);
    ti_json_free(json);
}
END_TEST

START_TEST(what_is_no_json_is_refused)
{
    static const char *const texts[] = {"{",
                                        "}",
                                        "[",
                                        "]",
                                        "[1,]",
                                        "{\"a\":1,}",
                                        "{\"a\"}",
                                        "{\"a\":}",
                                        "{a:1}",
                                        "'a'",
                                        "\"a",
                                        "\"a\\",
                                        "\"\\x\"",
                                        "\"\\u12\"",
                                        "\"a\nb\"",
                                        "\"a\tb\"",
                                        "NaN",
                                        "Infinity",
                                        "-Infinity",
                                        "nan",
                                        "-",
                                        "01",
                                        "-01",
                                        "1.",
                                        ".5",
                                        "+1",
                                        "1e",
                                        "1e+",
                                        "0x1",
                                        "1-2",
                                        "1.2.3",
                                        "tRue",
                                        "nul",
                                        "truefalse",
                                        "{}{}",
                                        "{} {}",
                                        "{} x",
                                        "{}]",
                                        "1 2",
                                        "[1 2]",
                                        "/**/1",
                                        "[1]//",
                                        "\v1",
                                        "<a/>",
                                        "\xef\xbb\xbf{}",
                                        "\x80",
                                        "\"\x80\"",
                                        "\"\xc0\xaf\"",
                                        "\"\xed\xa0\x80\"",
                                        "[[1}]",
                                        "\"a\"b",
                                        "{\"a\":1 \"b\":2}",
                                        "{\"a\" 1}",
                                        "[,1]",
                                        "<html><body>502 Bad Gateway</body></html>"};

    for (size_t i = 0; i < COUNT(texts); i++)
        refuse_bytes(texts[i], strlen(texts[i]), TICKER_ERROR_INPUT);
    refuse_bytes("{}\0", 3, TICKER_ERROR_INPUT);
    refuse_bytes("{}\0{}", 5, TICKER_ERROR_INPUT);
    refuse_bytes("\0", 1, TICKER_ERROR_INPUT);
    refuse_bytes("{\"a\":\0}", 7, TICKER_ERROR_INPUT);
    refuse_bytes("\"a\0b\"", 5, TICKER_ERROR_INPUT);
}
END_TEST

START_TEST(every_cut_of_a_text_is_refused)
{
    static const char text[] = "{\"a\":[1,-2.5e+3,true,null,\"\\u00e9\\\"\"],\"b\":{}}";

    for (size_t size = 1; size < sizeof(text) - 1; size++)
        refuse_bytes(text, size, TICKER_ERROR_INPUT);
    ti_json_free(read_text(text));
}
END_TEST

START_TEST(depth_has_a_cap)
{
    char text[2 * TI_JSON_DEPTH_MAX + 3];

    for (size_t depth = 1; depth <= TI_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\0';
        if (depth <= TI_JSON_DEPTH_MAX)
            ti_json_free(read_text(text));
        else
            refuse_bytes(text, 2 * depth, TICKER_ERROR_INPUT);
    }
}
END_TEST

START_TEST(members_have_a_cap)
{
    for (int extra = 0; extra < 4; extra++) {
        ti_buffer text;

        bytes_init(&text);
        add(&text, "%s{", (extra & 2) != 0 ? "{\"in\":[" : "");
        for (int i = 0; i < TI_JSON_MEMBERS_MAX + (extra & 1); i++)
            add(&text, "%s\"%d\":%d", i > 0 ? "," : "", i, i);
        add(&text, "}%s", (extra & 2) != 0 ? "]}" : "");
        if ((extra & 1) == 0)
            ti_json_free(read_text(ti_buffer_string(&text)));
        else
            refuse_bytes(text.data, text.size, TICKER_ERROR_LIMIT);
        ti_buffer_free(&text);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {parts_are_found,
                                  what_is_not_there_is_nothing,
                                  members_come_in_order,
                                  numbers_are_whole_or_none,
                                  nothing_is_an_empty_object,
                                  null_alone_is_a_document,
                                  a_text_may_hold_nul,
                                  what_is_no_json_is_refused,
                                  every_cut_of_a_text_is_refused,
                                  depth_has_a_cap,
                                  members_have_a_cap};

    return run_tests("aws_json", tests, COUNT(tests));
}
