/* Archives of every kind: gzip, zip, zip in zip; whole, cut off, damaged. */
#include <stdio.h>
#include <stdlib.h>

#include "walk.h"

/* Its beginnings of `from` bytes and more, of which it is known what they are, are refused as long as they have less than `whole`. A
 * longer one that is taken gives all. */
static void refuses_beginnings(const ti_buffer *bytes, size_t from, size_t whole, const char *log)
{
    for (size_t size = from; size < bytes->size; size++) {
        walk seen;

        walk_source(&seen, ticker_source_open_memory(bytes->data, size, "x"), &usual);
        if (size < whole) {
            ck_assert_msg(seen.status == TICKER_FAILED, "%zu bytes of %zu were taken for all", size, whole);
            ck_assert_int_eq(seen.error.kind, TICKER_ERROR_INPUT);
        } else if (seen.status == TICKER_DONE) {
            ck_assert_str_eq(ti_buffer_string(&seen.log), log);
        }
        ti_buffer_free(&seen.log);
    }
}

/* --- Gzip ----------------------------------------------------------------------------------------------------------------------- */

START_TEST(gzip)
{
    ti_buffer bytes;

    bytes_init(&bytes);
    make_gzip(&bytes, "hello", 5);
    gives(&bytes, "=hello\n");
    make_gzip(&bytes, ", world", 7); /* concatenated streams are one file */
    make_gzip(&bytes, "", 0);
    make_gzip(&bytes, "!", 1);
    gives(&bytes, "=hello, world!\n");
    add_repeated(&bytes, '\0', 300000); /* padding of a tape or a block device */
    gives(&bytes, "=hello, world!\n");
    add(&bytes, "junk");
    refuses(&bytes, TICKER_ERROR_INPUT, "gzip");
    ti_buffer_clear(&bytes);
    make_gzip(&bytes, "", 0);
    gives(&bytes, "=\n");
    ti_buffer_free(&bytes);
}
END_TEST

START_TEST(gzip_in_gzip_and_zip)
{
    ti_buffer inner, middle, outer;
    zip_member member = {.name = "data.gz"};

    bytes_init(&inner);
    bytes_init(&middle);
    bytes_init(&outer);
    make_gzip(&inner, "deep", 4);
    make_gzip(&middle, inner.data, inner.size);
    gives(&middle, "=deep\n");
    member.data = middle.data;
    member.size = middle.size;
    make_zip(&outer, &member, 1);
    gives(&outer, "data.gz=deep\n");
    ti_buffer_free(&inner);
    ti_buffer_free(&middle);
    ti_buffer_free(&outer);
}
END_TEST

START_TEST(gzip_cut_off_anywhere)
{
    ti_buffer bytes;
    uint64_t seed = 5;
    char text[2000];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)next_random(&seed);
    bytes_init(&bytes);
    make_gzip(&bytes, text, sizeof(text));
    refuses_beginnings(&bytes, 3, bytes.size, NULL);
    ti_buffer_free(&bytes);
}
END_TEST

START_TEST(gzip_with_a_wrong_byte)
{
    ti_buffer bytes;

    bytes_init(&bytes);
    make_gzip(&bytes, "hello", 5);
    for (size_t at = bytes.size - 8; at < bytes.size; at++) { /* CRC and length */
        bytes.data[at] ^= 1;
        refuses(&bytes, TICKER_ERROR_INPUT, "gzip");
        bytes.data[at] ^= 1;
    }
    bytes.data[12] ^= 0x55;
    refuses(&bytes, TICKER_ERROR_INPUT, "gzip");
    ti_buffer_free(&bytes);
}
END_TEST

/* --- Zip ------------------------------------------------------------------------------------------------------------------------ */

START_TEST(zip_members_of_any_name)
{
    static const char *const names[] = {
        "COTAHIST.A1986", "COTAHIST_A2001", "COTAHIST_A2023.TXT", "a/b/c", "x.zip", " ", "..", "n\xc3\xa3o.txt"};
    ti_buffer bytes;
    char log[100];

    bytes_init(&bytes);
    for (size_t i = 0; i < COUNT(names); i++)
        for (int way = 0; way < 4; way++) {
            zip_member member = {
                .name = names[i], .data = "hello", .size = 5, .stored = way & 1, .descriptor = way == 2};

            if (way == 3) /* stored with sizes behind: nobody can know where it ends */
                continue;
            ti_buffer_clear(&bytes);
            make_zip(&bytes, &member, 1);
            (void)snprintf(log, sizeof(log), "%s=hello\n", names[i]);
            gives(&bytes, log);
        }
    ti_buffer_free(&bytes);
}
END_TEST

START_TEST(zip_with_several_members)
{
    static const zip_member members[] = {
        {.name = "dir/"},
        {.name = "dir/one", .data = "1", .size = 1, .stored = true},
        {.name = "__MACOSX/._one", .data = "junk", .size = 4},
        {.name = "__MACOSX/dir/._one", .data = "junk", .size = 4},
        {.name = "dir/__MACOSX/x", .data = "junk", .size = 4},
        {.name = "dir/._one", .data = "junk", .size = 4, .descriptor = true},
        {.name = ".DS_Store", .data = "junk", .size = 4},
        {.name = "dir/.DS_Store", .data = "junk", .size = 4},
        {.name = "empty"},
        {.name = "two", .data = "22", .size = 2, .descriptor = true},
        {.name = "two", .data = "33", .size = 2},
    };
    ti_buffer bytes;

    bytes_init(&bytes);
    make_zip(&bytes, members, COUNT(members));
    gives(&bytes, "dir/one=1\nempty=\ntwo=22\ntwo#2=33\n");
    ti_buffer_free(&bytes);
}
END_TEST

START_TEST(zip_without_members)
{
    static const zip_member nothing[] = {{.name = "dir/"}, {.name = "__MACOSX/x", .data = "x", .size = 1}};
    ti_buffer bytes;

    bytes_init(&bytes);
    make_zip(&bytes, nothing, 0);
    gives(&bytes, "");
    ti_buffer_clear(&bytes);
    make_zip(&bytes, nothing, COUNT(nothing));
    gives(&bytes, "");
    ti_buffer_free(&bytes);
}
END_TEST

START_TEST(zip_with_too_many_members)
{
    zip_member *members = calloc(TICKER_MEMBERS_MAX + 1, sizeof(*members));
    static char names[TICKER_MEMBERS_MAX + 1][16];
    ti_buffer bytes;
    walk seen;

    ck_assert_ptr_nonnull(members);
    bytes_init(&bytes);
    for (size_t i = 0; i <= TICKER_MEMBERS_MAX; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "m%zu", i);
        members[i] = (zip_member){.name = names[i], .data = "x", .size = 1};
    }
    make_zip(&bytes, members, TICKER_MEMBERS_MAX);
    walk_source(&seen, ticker_source_open_memory(bytes.data, bytes.size, "memory"), &usual);
    ck_assert_int_eq(seen.status, TICKER_DONE);
    ck_assert_uint_eq(seen.members, TICKER_MEMBERS_MAX);
    ti_buffer_free(&seen.log);
    ti_buffer_clear(&bytes);
    make_zip(&bytes, members, TICKER_MEMBERS_MAX + 1);
    refuses(&bytes, TICKER_ERROR_LIMIT, "members");
    ti_buffer_free(&bytes);
    free(members);
}
END_TEST

/* The ledger knows a member by its name, so no two are called the same, also not when their names are cut. */
START_TEST(zip_with_members_of_one_name)
{
    char name[2 * TICKER_NAME_MAX];
    zip_member *members = calloc(TICKER_MEMBERS_MAX, sizeof(*members));
    ti_buffer bytes, log;
    walk seen;

    ck_assert_ptr_nonnull(members);
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    bytes_init(&bytes);
    bytes_init(&log);
    for (size_t i = 0; i < TICKER_MEMBERS_MAX; i++) {
        char number[16] = "";

        members[i] = (zip_member){.name = name, .data = "x", .size = 1, .stored = true};
        if (i > 0)
            (void)snprintf(number, sizeof(number), "#%zu", i + 1);
        add(&log, "%.*s%s=x\n", (int)(TICKER_NAME_MAX - 1 - strlen(number)), name, number);
    }
    make_zip(&bytes, members, TICKER_MEMBERS_MAX);
    walk_source(&seen, ticker_source_open_memory(bytes.data, bytes.size, "x"), &usual);
    ck_assert_int_eq(seen.status, TICKER_DONE);
    ck_assert_uint_eq(seen.members, TICKER_MEMBERS_MAX);
    ck_assert_str_eq(ti_buffer_string(&seen.log), ti_buffer_string(&log));
    ti_buffer_free(&seen.log);
    ti_buffer_free(&bytes);
    ti_buffer_free(&log);
    free(members);
}
END_TEST

START_TEST(zip_with_names_that_look_numbered)
{
    static const char *const names[] = {"two#2", "two", "two", "two#2", "two", "two#3", "two#2#2", "two"};
    zip_member members[COUNT(names)];
    ti_buffer bytes;

    bytes_init(&bytes);
    for (size_t i = 0; i < COUNT(names); i++)
        members[i] = (zip_member){.name = names[i], .data = "x", .size = 1};
    make_zip(&bytes, members, COUNT(names));
    gives(&bytes, "two#2=x\ntwo=x\ntwo#3=x\ntwo#2#2=x\ntwo#4=x\ntwo#3#2=x\ntwo#2#2#2=x\ntwo#5=x\n");
    ti_buffer_free(&bytes);
}
END_TEST

START_TEST(zip_encrypted)
{
    static const zip_member members[] = {{.name = "secret", .data = "hello", .size = 5, .encrypted = true}};
    ti_buffer bytes;

    bytes_init(&bytes);
    make_zip(&bytes, members, 1);
    refuses(&bytes, TICKER_ERROR_UNSUPPORTED, "encrypted");
    ti_buffer_free(&bytes);
}
END_TEST

START_TEST(zip_with_a_wrong_crc)
{
    ti_buffer bytes;

    bytes_init(&bytes);
    for (int way = 0; way < 3; way++) {
        const zip_member member = {
            .name = "x", .data = "hello", .size = 5, .bad_crc = true, .stored = way == 1, .descriptor = way == 2};

        ti_buffer_clear(&bytes);
        make_zip(&bytes, &member, 1);
        refuses(&bytes, TICKER_ERROR_INPUT, "zip");
    }
    ti_buffer_free(&bytes);
}
END_TEST

/* Of an archive within it: that one's bytes were all read, and its end says nothing of the checksum around it. */
START_TEST(zip_with_a_wrong_crc_around_a_zip)
{
    zip_member member = {.name = "x", .data = "hello", .size = 5};
    ti_buffer inner, outer;

    bytes_init(&inner);
    bytes_init(&outer);
    make_zip(&inner, &member, 1);
    for (int way = 0; way < 3; way++) {
        member = (zip_member){.name = "in.zip",
                              .data = inner.data,
                              .size = inner.size,
                              .bad_crc = true,
                              .stored = way == 1,
                              .descriptor = way == 2};
        ti_buffer_clear(&outer);
        make_zip(&outer, &member, 1);
        refuses(&outer, TICKER_ERROR_INPUT, "CRC");
    }
    ti_buffer_free(&inner);
    ti_buffer_free(&outer);
}
END_TEST

/* Cut off before the central directory something is missing, or nothing is known to be there: never a silent half. */
START_TEST(zip_cut_off_anywhere)
{
    static const zip_member members[] = {
        {.name = "one", .data = "The first of the members", .size = 24},
        {.name = "two", .data = "The second member", .size = 17, .stored = true},
        {.name = "three", .data = "The third of the members", .size = 24, .descriptor = true},
    };
    const char all[] = "one=The first of the members\ntwo=The second member\nthree=The third of the members\n";
    ti_buffer bytes;

    bytes_init(&bytes);
    make_zip(&bytes, members, COUNT(members));
    refuses_beginnings(&bytes, 4, zip_directory(&bytes), all);
    ti_buffer_free(&bytes);
}
END_TEST

/* As docs/architecture.md says: what is read is what stands in the archive, not what its directory lists. */
START_TEST(zip_with_a_member_struck_off)
{
    static const zip_member members[] = {{.name = "one", .data = "1", .size = 1},
                                         {.name = "two", .data = "2", .size = 1}};
    ti_buffer bytes, one;
    size_t directory, of_one;

    bytes_init(&bytes);
    bytes_init(&one);
    make_zip(&bytes, members, 2);
    make_zip(&one, members, 1);
    directory = zip_directory(&bytes);
    of_one = zip_directory(&one);
    bytes.size = directory;
    add_bytes(&bytes, one.data + of_one, one.size - of_one);
    ck_assert_uint_lt(directory, 128);
    bytes.data[bytes.size - 6] = (char)directory; /* where it stands now */
    ck_assert_uint_eq(zip_directory(&bytes), directory);
    gives(&bytes, "one=1\ntwo=2\n");
    ti_buffer_free(&bytes);
    ti_buffer_free(&one);
}
END_TEST

START_TEST(zip_with_any_wrong_byte)
{
    static const zip_member members[] = {
        {.name = "one", .data = "The first of the members", .size = 24},
        {.name = "two", .data = "The second of the members", .size = 25, .descriptor = true}};
    ti_buffer bytes;
    uint64_t seed = 3;

    bytes_init(&bytes);
    make_zip(&bytes, members, COUNT(members));
    for (size_t at = 4; at < bytes.size; at++)
        for (int bit = 0; bit < 8; bit += 3) { /* whatever comes of it, it is no crash and no loop */
            walk seen;
            char kept = bytes.data[at];

            bytes.data[at] = (char)(bit < 6 ? kept ^ 1 << bit : (int)next_random(&seed) & 0x7f);
            walk_source(&seen, ticker_source_open_memory(bytes.data, bytes.size, "x"), &usual);
            ck_assert(seen.status == TICKER_DONE || seen.status == TICKER_FAILED);
            ck_assert_uint_le(seen.bytes, 1000);
            ti_buffer_free(&seen.log);
            bytes.data[at] = kept;
        }
    ti_buffer_free(&bytes);
}
END_TEST

/* --- Archives in archives ------------------------------------------------------------------------------------------------------- */

/* Zip in zip …, `depth` deep. */
static void nest(ti_buffer *bytes, unsigned depth)
{
    zip_member member = ONE("deep");
    ti_buffer inner;

    make_zip(bytes, &member, 1);
    for (unsigned i = 1; i < depth; i++) {
        char name[16];

        inner = *bytes;
        (void)snprintf(name, sizeof(name), "z%u.zip", i);
        member = (zip_member){.name = name, .data = inner.data, .size = inner.size, .descriptor = i % 2 == 1};
        bytes_init(bytes);
        make_zip(bytes, &member, 1);
        ti_buffer_free(&inner);
    }
}

START_TEST(zip_in_zip)
{
    static const char *const logs[] = {"one.txt=deep\n", "z1.zip/one.txt=deep\n", "z2.zip/z1.zip/one.txt=deep\n"};
    ti_buffer bytes;

    for (unsigned depth = 1; depth <= 4; depth++) {
        bytes_init(&bytes);
        nest(&bytes, depth);
        if (depth <= 3)
            gives(&bytes, logs[depth - 1]);
        else
            refuses(&bytes, TICKER_ERROR_LIMIT, "nested more than 3 deep");
        ti_buffer_free(&bytes);
    }
}
END_TEST

START_TEST(nesting_as_asked)
{
    for (unsigned allowed = 0; allowed <= 5; allowed++) {
        const ti_input_limits limits = {UINT64_C(1) << 30, 200, allowed};
        ti_buffer bytes;
        walk seen;

        bytes_init(&bytes);
        nest(&bytes, 2);
        walk_source(&seen, ticker_source_open_memory(bytes.data, bytes.size, "x"), &limits);
        ck_assert_int_eq(seen.status, allowed < 2 ? TICKER_FAILED : TICKER_DONE);
        ti_buffer_free(&seen.log);
        ti_buffer_free(&bytes);
    }
}
END_TEST

START_TEST(several_in_several)
{
    static const zip_member ab[] = {{.name = "a", .data = "A", .size = 1}, {.name = "b", .data = "B", .size = 1}};
    ti_buffer inner, outer;
    zip_member members[4] = {{.name = "first", .data = "1", .size = 1},
                             {.name = "in.zip"},
                             {.name = "again.zip"},
                             {.name = "last", .data = "2", .size = 1}};

    bytes_init(&inner);
    bytes_init(&outer);
    make_zip(&inner, ab, 2);
    members[1].data = members[2].data = inner.data;
    members[1].size = members[2].size = inner.size;
    members[2].stored = true;
    make_zip(&outer, members, 4);
    gives(&outer, "first=1\nin.zip/a=A\nin.zip/b=B\nagain.zip/a=A\nagain.zip/b=B\nlast=2\n");
    ti_buffer_free(&inner);
    ti_buffer_free(&outer);
}
END_TEST

START_TEST(a_long_name_is_cut)
{
    char name[2 * TICKER_NAME_MAX];
    zip_member member = {.name = name, .data = "x", .size = 1};
    ti_buffer inner, outer;
    ti_input *input;

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    bytes_init(&inner);
    bytes_init(&outer);
    make_zip(&inner, &member, 1);
    member.data = inner.data;
    member.size = inner.size;
    make_zip(&outer, &member, 1);
    input = ti_input_new(ticker_source_open_memory(outer.data, outer.size, name), &usual);
    ck_assert_ptr_nonnull(input);
    ck_assert_int_eq(ti_input_next(input, NULL), TICKER_OK);
    ck_assert_uint_eq(strlen(ti_input_member(input)), TICKER_NAME_MAX - 1);
    ck_assert_uint_eq(strlen(ti_input_name(input)), TICKER_NAME_MAX - 1);
    ti_input_free(input);
    ti_buffer_free(&inner);
    ti_buffer_free(&outer);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        gzip,
        gzip_in_gzip_and_zip,
        gzip_cut_off_anywhere,
        gzip_with_a_wrong_byte,
        zip_members_of_any_name,
        zip_with_several_members,
        zip_without_members,
        zip_with_too_many_members,
        zip_with_members_of_one_name,
        zip_with_names_that_look_numbered,
        zip_encrypted,
        zip_with_a_wrong_crc,
        zip_with_a_wrong_crc_around_a_zip,
        zip_cut_off_anywhere,
        zip_with_a_member_struck_off,
        zip_with_any_wrong_byte,
        zip_in_zip,
        nesting_as_asked,
        several_in_several,
        a_long_name_is_cut,
    };

    return run_tests("archive", tests, COUNT(tests));
}
