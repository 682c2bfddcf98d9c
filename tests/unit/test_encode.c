/* Hex, base64 (the vectors of RFC 4648) and percent-encoding, there and back, and what is refused. */
#include "support.h"

#include "base/encode.h"

static void is(ti_buffer *buffer, const char *expected)
{
    ck_assert(!ti_buffer_failed(buffer));
    ck_assert_str_eq(ti_buffer_string(buffer), expected);
    ti_buffer_clear(buffer);
}

START_TEST(hex)
{
    static const unsigned char bytes[] = {0x00, 0x01, 0x7f, 0x80, 0xab, 0xff};
    unsigned char back[6];
    char text[13];

    ti_hex(bytes, sizeof(bytes), text);
    ck_assert_str_eq(text, "00017f80abff");
    ck_assert(ti_unhex(ti_slice_of(text), back, 6));
    ck_assert_mem_eq(back, bytes, 6);
    ck_assert(ti_unhex(ti_slice_of("00017F80aBfF"), back, 6));
    ck_assert_mem_eq(back, bytes, 6);
    ti_hex("", 0, text);
    ck_assert_str_eq(text, "");
    ck_assert(ti_unhex(ti_slice_of(""), back, 0));
}
END_TEST

START_TEST(what_is_no_hex)
{
    static const char *const wrong[] = {"", "0", "000", "00017", "0g", "g0", "0G", " 0", "0x", "/0", ":0", "@0", "`0"};
    unsigned char back[2];

    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_msg(!ti_unhex(ti_slice_of(wrong[i]), back, 1), "%s", wrong[i]);
}
END_TEST

static const struct {
    const char *bytes, *text;
} rfc4648[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"}};

START_TEST(base64)
{
    ti_buffer buffer;

    bytes_init(&buffer);
    for (size_t i = 0; i < COUNT(rfc4648); i++) {
        ck_assert(ti_buffer_base64(&buffer, rfc4648[i].bytes, strlen(rfc4648[i].bytes)));
        is(&buffer, rfc4648[i].text);
        ck_assert(ti_buffer_unbase64(&buffer, ti_slice_of(rfc4648[i].text)));
        is(&buffer, rfc4648[i].bytes);
    }
    ck_assert(ti_buffer_base64(&buffer, "\xfb\xef\xbe\xff\xff\xff", 6));
    is(&buffer, "++++////");
    ti_buffer_free(&buffer);
}
END_TEST

START_TEST(base64_of_any_bytes)
{
    ti_buffer bytes, text, back;
    uint64_t state = 20260102;

    bytes_init(&bytes);
    bytes_init(&text);
    bytes_init(&back);
    for (size_t size = 0; size < 300; size++) {
        ti_buffer_clear(&text);
        ti_buffer_clear(&back);
        add(&back, "before");
        ck_assert(ti_buffer_base64(&text, bytes.data, bytes.size));
        ck_assert_uint_eq(text.size, (size + 2) / 3 * 4);
        ck_assert(ti_buffer_unbase64(&back, (ti_slice){text.data, text.size}));
        ck_assert_uint_eq(back.size, size + 6);
        ck_assert(memcmp(back.data, "before", 6) == 0);
        ck_assert(size == 0 || memcmp(back.data + 6, bytes.data, size) == 0);
        ck_assert(ti_buffer_byte(&bytes, (char)next_random(&state)));
    }
    ti_buffer_free(&bytes);
    ti_buffer_free(&text);
    ti_buffer_free(&back);
}
END_TEST

START_TEST(what_is_no_base64)
{
    static const char *const wrong[] = {"Z",
                                        "Zg",
                                        "Zg=",
                                        "Zg===",
                                        "Z===",
                                        "====",
                                        "=",
                                        "Zm9v\n",
                                        "Zm 9",
                                        "Zm-_",
                                        "Zh==" /* bits behind the last byte */,
                                        "Zm9=",
                                        "Zg==Zg==",
                                        "Zm8=Zm9v",
                                        "=Zg=",
                                        "Z=g=",
                                        "Zm9v=",
                                        "Zm9\x80"};
    ti_buffer buffer;

    bytes_init(&buffer);
    add(&buffer, "kept");
    for (size_t i = 0; i < COUNT(wrong); i++) {
        ck_assert_msg(!ti_buffer_unbase64(&buffer, ti_slice_of(wrong[i])), "%s", wrong[i]);
        ck_assert(!ti_buffer_failed(&buffer));
        ck_assert_uint_eq(buffer.size, 4);
    }
    ck_assert(!ti_buffer_unbase64(&buffer, (ti_slice){"Zm\0v", 4}));
    ti_buffer_free(&buffer);
}
END_TEST

START_TEST(percent)
{
    ti_buffer buffer;

    bytes_init(&buffer);
    ck_assert(ti_buffer_percent(&buffer, ti_slice_of("AZaz09-._~"), false));
    is(&buffer, "AZaz09-._~");
    ck_assert(ti_buffer_percent(&buffer, ti_slice_of("in/a b+c \xc3\xa9.csv"), true));
    is(&buffer, "in/a%20b%2Bc%20%C3%A9.csv");
    ck_assert(ti_buffer_percent(&buffer, ti_slice_of("/%!'()*"), false));
    is(&buffer, "%2F%25%21%27%28%29%2A");
    ck_assert(ti_buffer_percent(&buffer, (ti_slice){"a\0b", 3}, true));
    is(&buffer, "a%00b");
    ck_assert(ti_buffer_percent(&buffer, (ti_slice){"", 0}, true));
    is(&buffer, "");
    ti_buffer_free(&buffer);
}
END_TEST

START_TEST(percent_of_every_byte)
{
    ti_buffer text, back;
    char all[256];

    bytes_init(&text);
    bytes_init(&back);
    for (size_t i = 0; i < 256; i++)
        all[i] = (char)i;
    ck_assert(ti_buffer_percent(&text, (ti_slice){all, 256}, false));
    ck_assert_uint_eq(text.size, 66 + 3 * (256 - 66));
    ck_assert(ti_buffer_unpercent(&back, (ti_slice){text.data, text.size}, true));
    ck_assert_uint_eq(back.size, 256);
    ck_assert_mem_eq(back.data, all, 256);
    ti_buffer_free(&text);
    ti_buffer_free(&back);
}
END_TEST

START_TEST(unpercent)
{
    ti_buffer buffer;

    bytes_init(&buffer);
    ck_assert(ti_buffer_unpercent(&buffer, ti_slice_of("in/a+b%2Bc+%C3%a9.csv"), true));
    is(&buffer, "in/a b+c \xc3\xa9.csv");
    ck_assert(ti_buffer_unpercent(&buffer, ti_slice_of("a+b%20c"), false));
    is(&buffer, "a+b c");
    ck_assert(ti_buffer_unpercent(&buffer, ti_slice_of("%"), true));
    is(&buffer, "%");
    ck_assert(ti_buffer_unpercent(&buffer, ti_slice_of("%4"), true));
    is(&buffer, "%4");
    ck_assert(ti_buffer_unpercent(&buffer, ti_slice_of("%4g%g4%%41%2541%41"), true));
    is(&buffer, "%4g%g4%A%41A");
    ti_buffer_free(&buffer);
}
END_TEST

START_TEST(full_buffers)
{
    ti_buffer buffer;

    ti_buffer_init(&buffer, 11);
    ck_assert(!ti_buffer_base64(&buffer, "123456789", 9));
    ck_assert(ti_buffer_failed(&buffer));
    ti_buffer_clear(&buffer);
    ck_assert(!ti_buffer_percent(&buffer, ti_slice_of("1234"), false));
    ck_assert(ti_buffer_failed(&buffer));
    ti_buffer_clear(&buffer);
    ck_assert(!ti_buffer_unpercent(&buffer, ti_slice_of("123456789012"), false));
    ck_assert(ti_buffer_failed(&buffer));
    ti_buffer_clear(&buffer);
    ck_assert(!ti_buffer_unbase64(&buffer, ti_slice_of("Zm9vYmFyZm9vYmFy")));
    ck_assert(ti_buffer_failed(&buffer));
    ti_buffer_clear(&buffer);
    ck_assert(!ti_buffer_base64(&buffer, "x", SIZE_MAX));
    ck_assert(ti_buffer_failed(&buffer));
    ti_buffer_free(&buffer);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {hex,     what_is_no_hex,        base64,    base64_of_any_bytes, what_is_no_base64,
                                  percent, percent_of_every_byte, unpercent, full_buffers};

    return run_tests("encode", tests, COUNT(tests));
}
