/* Keys of a storage: names made safe, and keys that would lead out of it. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "storage/storage.h"

static void cleans(const char *name, const char *wanted)
{
    char clean[TICKER_STORED_NAME_MAX + 1];

    memset(clean, '?', sizeof(clean));
    ti_clean_name(name, clean);
    ck_assert_str_eq(clean, wanted);
}

START_TEST(names)
{
    cleans("COTAHIST_A2024.ZIP", "COTAHIST_A2024.ZIP");
    cleans("ação b+c%20 (1).csv", "ação b+c%20 (1).csv");
    cleans(NULL, "upload");
    cleans("", "upload");
    cleans("/etc/passwd", "_etc_passwd");
    cleans("../../etc/passwd", "___.._etc_passwd");
    cleans("C:\\temp\\x.zip", "C:_temp_x.zip");
    cleans(".", "_");
    cleans("..", "__");
    cleans("...hidden", "___hidden");
    cleans(".incoming", "_incoming");
    cleans("a.b.c.", "a.b.c.");
}
END_TEST

START_TEST(names_that_are_no_text)
{
    cleans("a\nb\tc\x7f\x1b[31m", "a_b_c__[31m");
    cleans("\xc2\x85 \xc2\xa0", "_ \xc2\xa0");
    cleans("exe.\xe2\x80\xae\x66\x64p", "exe._fdp"); /* shown from right to left */
    cleans("a\xe2\x80\x8b\xe2\x81\xa6z", "a__z");
    cleans("\xff\xfe", "__");
    cleans("caf\xc3", "caf_");
    cleans("\xed\xa0\x80.zip", "___.zip");
    cleans("\xe2\x82\xac.zip", "\xe2\x82\xac.zip");
}
END_TEST

START_TEST(long_names)
{
    char name[1024], clean[TICKER_STORED_NAME_MAX + 1];

    memset(name, 'a', sizeof(name));
    name[TICKER_STORED_NAME_MAX] = '\0';
    cleans(name, name);
    name[TICKER_STORED_NAME_MAX] = 'a';
    (void)snprintf(name + 1000, sizeof(name) - 1000, ".csv.gz");
    ti_clean_name(name, clean);
    ck_assert_uint_eq(strlen(clean), TICKER_STORED_NAME_MAX);
    ck_assert_str_eq(clean + TICKER_STORED_NAME_MAX - 3, ".gz");
    ck_assert_uint_eq(strspn(clean, "a"), TICKER_STORED_NAME_MAX - 3);
    name[200] = '.'; /* an ending that is none */
    name[1000] = 'a';
    name[1004] = 'a';
    ti_clean_name(name, clean);
    ck_assert_uint_eq(strspn(clean, "a"), TICKER_STORED_NAME_MAX);
    for (size_t i = 0; i < sizeof(name); i += 2) /* a character is not cut */
        memcpy(name + i, "é", 2);
    name[1000] = '\0';
    ti_clean_name(name + 1, clean);
    ck_assert(is_utf8(clean));
    ck_assert_uint_eq(strlen(clean), TICKER_STORED_NAME_MAX - 1);
}
END_TEST

/* Whatever bytes a name has, it becomes one part of a path, in UTF-8. */
START_TEST(any_bytes)
{
    uint64_t state = 4711;
    char name[400], clean[TICKER_STORED_NAME_MAX + 1];

    for (int i = 0; i < 5000; i++) {
        size_t size = next_random(&state) % sizeof(name);

        for (size_t at = 0; at < size; at++)
            name[at] = (char)(next_random(&state) % 255 + 1);
        name[size == 0 ? 0 : size - 1] = '\0';
        ti_clean_name(name, clean);
        ck_assert(is_utf8(clean));
        ck_assert_uint_gt(strlen(clean), 0);
        ck_assert_int_ne(clean[0], '.');
        ck_assert_ptr_null(strpbrk(clean, "/\\\n\r\t\x1b\x7f"));
        ck_assert(ti_key_stays(clean, true));
    }
}
END_TEST

START_TEST(new_keys)
{
    char first[TI_NEW_KEY_MAX], second[TI_NEW_KEY_MAX];

    ck_assert(ti_new_key("a/b.csv", first));
    ck_assert(ti_new_key("a/b.csv", second));
    ck_assert_uint_eq(strspn(first, "0123456789abcdef"), 16);
    ck_assert_str_eq(first + 16, "/a_b.csv");
    ck_assert_str_ne(first, second);
    ck_assert(ti_key_stays(first, true));
}
END_TEST

START_TEST(keys)
{
    static const char *const good[] = {"a", "a/b", "0123456789abcdef/x.zip", "a/b/c/d", "..a", "a..", "a/..b"};
    static const char *const loose[] = {"/a", "a//b", "a/", ".a", "a/.b", "..a/b", "...", "/"}; /* S3 takes them */
    static const char *const bad[] = {"", ".", "..", "../a", "a/..", "a/../b", "./a", "a/./b", "a/.", "//.."};
    char large[TICKER_KEY_MAX + 1];

    for (size_t i = 0; i < COUNT(good); i++)
        ck_assert_msg(ti_key_stays(good[i], false), "%s", good[i]);
    for (size_t i = 0; i < COUNT(good); i++)
        ck_assert_msg(ti_key_stays(good[i], true) == (good[i][0] != '.' && strstr(good[i], "/.") == NULL), "%s",
                      good[i]);
    for (size_t i = 0; i < COUNT(loose); i++) {
        ck_assert_msg(ti_key_stays(loose[i], false), "%s", loose[i]);
        ck_assert_msg(!ti_key_stays(loose[i], true), "%s", loose[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!ti_key_stays(bad[i], false) && !ti_key_stays(bad[i], true), "%s", bad[i]);
    ck_assert(!ti_key_stays(NULL, false));
    memset(large, 'a', sizeof(large));
    large[TICKER_KEY_MAX - 1] = '\0';
    ck_assert(ti_key_stays(large, true));
    large[TICKER_KEY_MAX - 1] = 'a';
    large[TICKER_KEY_MAX] = '\0';
    ck_assert(!ti_key_stays(large, true));
}
END_TEST

START_TEST(random_numbers)
{
    unsigned char first[300] = {0}, second[300] = {0};
    char text[2 * 64 + 1];

    ck_assert(ti_random(first, sizeof(first)));
    ck_assert(ti_random(second, sizeof(second)));
    ck_assert_mem_ne(first, second, sizeof(first));
    ck_assert_mem_ne(first, first + 150, 150);
    ck_assert(ti_random(first, 0));
    ck_assert(ti_random_hex(64, text));
    ck_assert_uint_eq(strspn(text, "0123456789abcdef"), 128);
    ck_assert(!ti_random_hex(65, text));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {names, names_that_are_no_text, long_names, any_bytes, new_keys, keys, random_numbers};

    return run_tests("storage_key", tests, COUNT(tests));
}
