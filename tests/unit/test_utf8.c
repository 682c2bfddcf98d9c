/* UTF-8: every character there is, and nothing else. */
#include "support.h"

#include "base/utf8.h"

/* The first number of each length; [5]: behind the last of four bytes. */
static const uint32_t firsts[] = {0, 0, 0x80, 0x800, 0x10000, 0x200000};

/* Writes a number in the form of `length` bytes, whether that is right or not. */
static ti_slice encode(char bytes[4], uint32_t number, unsigned length)
{
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (unsigned i = length - 1; i > 0; i--, number >>= 6)
        bytes[i] = (char)(0x80 | (number & 0x3f));
    bytes[0] = (char)(leads[length] | number);
    return (ti_slice){bytes, length};
}

static bool is_character(uint32_t number)
{
    return number <= 0x10ffff && (number < 0xd800 || number > 0xdfff);
}

START_TEST(every_number_in_every_form)
{
    char bytes[4];

    for (unsigned length = 1; length <= 4; length++)
        for (uint32_t number = 0; number < firsts[length + 1]; number++) {
            bool right = number >= firsts[length] && is_character(number);

            /* no assertion of Check: it is millions of numbers */
            if (ti_utf8_length(encode(bytes, number, length)) != (right ? length : 0))
                ck_abort_msg("U+%04X in %u bytes", (unsigned)number, length);
        }
}
END_TEST

START_TEST(what_stands_behind_does_not_matter)
{
    static const char text[] = "\xc3\xa9\xff";

    ck_assert_uint_eq(ti_utf8_length((ti_slice){text, 3}), 2);
    ck_assert_uint_eq(ti_utf8_length((ti_slice){text + 2, 1}), 0);
    ck_assert_uint_eq(ti_utf8_length((ti_slice){"a\xff", 2}), 1);
    ck_assert_uint_eq(ti_utf8_length((ti_slice){"\0a", 2}), 1);
}
END_TEST

START_TEST(cut_off_and_broken)
{
    static const char *const texts[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    static const char wrong[] = {'\0', 'a', '\x7f', '\xc0', '\xff'};

    ck_assert_uint_eq(ti_utf8_length((ti_slice){NULL, 0}), 0);
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t size = strlen(texts[i]);

        ck_assert_uint_eq(ti_utf8_length(ti_slice_of(texts[i])), size);
        for (size_t cut = 0; cut < size; cut++)
            ck_assert_uint_eq(ti_utf8_length((ti_slice){texts[i], cut}), 0);
        for (size_t at = 1; at < size; at++)
            for (size_t j = 0; j < COUNT(wrong); j++) {
                char bytes[4];

                memcpy(bytes, texts[i], size);
                bytes[at] = wrong[j];
                ck_assert_uint_eq(ti_utf8_length((ti_slice){bytes, size}), 0);
            }
    }
    for (unsigned lead = 0x80; lead < 0xc2; lead++)
        ck_assert_uint_eq(ti_utf8_length((ti_slice){(const char[]){(char)lead, '\x80', '\x80', '\x80'}, 4}), 0);
    for (unsigned lead = 0xf5; lead <= 0xff; lead++)
        ck_assert_uint_eq(ti_utf8_length((ti_slice){(const char[]){(char)lead, '\x80', '\x80', '\x80'}, 4}), 0);
}
END_TEST

static void copies(const char *text, size_t text_size, size_t size, const char *expected)
{
    char to[64];

    memset(to, 'x', sizeof(to));
    ck_assert_uint_eq(ti_utf8_copy(to, size, (ti_slice){text, text_size}), strlen(expected));
    ck_assert_str_eq(to, expected);
    for (size_t i = size; i < sizeof(to); i++)
        ck_assert_int_eq(to[i], 'x');
}

START_TEST(copying)
{
    copies("", 0, 1, "");
    copies(NULL, 0, 64, "");
    copies("a\xc3\xa9\xe2\x82\xac!", 7, 64, "a\xc3\xa9\xe2\x82\xac!");
    copies("\xc9z\x80", 3, 64, "\xef\xbf\xbdz\xef\xbf\xbd");
    copies("\xf0\x9f\x98", 3, 64, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    copies("a\0b\n", 4, 64,
           "a\xef\xbf\xbd"
           "b\n");
    for (size_t size = 1; size <= 8; size++) { /* whole characters only */
        static const char *const texts[] = {
            "", "a", "a", "a\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9\xe2\x82\xac"};

        copies("a\xc3\xa9\xe2\x82\xac", 6, size, texts[size <= 7 ? size - 1 : 6]);
    }
    copies("\xff\xff", 2, 6, "\xef\xbf\xbd");
    copies("\xff\xff", 2, 7, "\xef\xbf\xbd\xef\xbf\xbd");
    copies("\xff", 1, 3, "");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_number_in_every_form, what_stands_behind_does_not_matter, cut_off_and_broken,
                                  copying};

    return run_tests("utf8", tests, COUNT(tests));
}
