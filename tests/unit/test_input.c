/* What stands between stored bytes and data: gzip, zip, zip in zip, damaged ones, bombs, and pipes that cannot be read twice. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "input/input.h"

#define MIB ((size_t)1024 * 1024)

static const ti_input_limits usual = {UINT64_C(64) << 30, 200, 3};

/* What a walk over all members saw. */
typedef struct walk {
    ticker_status status; /* the first failure, or TICKER_DONE */
    ticker_error error;
    size_t members;
    uint64_t bytes; /* of all members */
    ti_buffer log;  /* "member=first 40 bytes\n" … */
} walk;

static ticker_status read_member(walk *seen, ti_input *input)
{
    char block[30000], first[41];
    size_t got, kept = 0;
    ticker_status status;

    while ((status = ti_input_read(input, block, sizeof(block), &got, &seen->error)) == TICKER_OK) {
        size_t more = got < 40 - kept ? got : 40 - kept;

        ck_assert_uint_gt(got, 0);
        memcpy(first + kept, block, more);
        kept += more;
        seen->bytes += got;
    }
    add(&seen->log, "%s=%.*s\n", ti_input_member(input), (int)kept, first);
    return status;
}

static void walk_source(walk *seen, ticker_source *source, const ti_input_limits *limits)
{
    ti_input *input = ti_input_new(source, limits);

    memset(seen, 0, sizeof(*seen));
    bytes_init(&seen->log);
    add(&seen->log, "%s", "");
    ti_error_init(&seen->error);
    ck_assert_ptr_nonnull(input);
    while ((seen->status = ti_input_next(input, &seen->error)) == TICKER_OK) {
        seen->members++;
        seen->status = read_member(seen, input);
        if (seen->status != TICKER_DONE)
            break;
    }
    if (seen->status < TICKER_OK) { /* nothing more comes of it, and nothing bad */
        ck_assert_int_ne(seen->error.kind, TICKER_ERROR_NONE);
        ck_assert_int_eq(ti_input_next(input, NULL), TICKER_DONE);
    } else {
        ck_assert_int_eq(seen->error.kind, TICKER_ERROR_NONE);
    }
    ti_input_free(input);
    ti_input_free(NULL);
}

static void walk_buffer(walk *seen, const ti_buffer *bytes)
{
    walk_source(seen, ticker_source_open_memory(bytes->data, bytes->size, "memory"), &usual);
}

/* All members are read, and this is what they are. */
static void gives(const ti_buffer *bytes, const char *log)
{
    static const size_t sizes[] = {0, 1, 7, 4096};
    walk seen;

    for (size_t i = 0; i < COUNT(sizes); i++) {
        pieces from = {.data = bytes->data, .size = bytes->size, .piece = sizes[i]};

        walk_source(&seen, pieces_source(&from), &usual);
        ck_assert_msg(seen.status == TICKER_DONE, "%s", seen.error.message);
        ck_assert_str_eq(ti_buffer_string(&seen.log), log);
        ti_buffer_free(&seen.log);
        ck_assert_uint_eq(from.closes, 1);
    }
}

static void refuses(const ti_buffer *bytes, ticker_error_kind kind, const char *message)
{
    walk seen;

    walk_buffer(&seen, bytes);
    ck_assert_int_eq(seen.status, TICKER_FAILED);
    ck_assert_int_eq(seen.error.kind, kind);
    ck_assert_msg(strstr(seen.error.message, message) != NULL, "%s", seen.error.message);
    ck_assert_str_eq(seen.error.file, "memory");
    ti_buffer_free(&seen.log);
}

#define ONE(text)                                                                                                      \
    {                                                                                                                  \
        .name = "one.txt", .data = (text), .size = strlen(text)                                                        \
    }

/* --- Plain ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(plain)
{
    static const char *const texts[] = {"", "P", "PK", "PK\3", "hello", "\x1f\x8b", "\x1f\x8b\x07 not gzip"};
    ti_buffer bytes;
    char log[100];

    bytes_init(&bytes);
    for (size_t i = 0; i < COUNT(texts); i++) {
        ti_buffer_clear(&bytes);
        add(&bytes, "%s", texts[i]);
        (void)snprintf(log, sizeof(log), "=%s\n", texts[i]);
        gives(&bytes, log);
    }
    ti_buffer_free(&bytes);
}
END_TEST

START_TEST(plain_is_capped)
{
    static const ti_input_limits limits = {1000, 200, 3};
    walk seen;
    ti_buffer bytes;

    bytes_init(&bytes);
    add_repeated(&bytes, 'x', 1001);
    walk_source(&seen, ticker_source_open_memory(bytes.data, 1000, "x"), &limits);
    ck_assert_int_eq(seen.status, TICKER_DONE);
    ti_buffer_free(&seen.log);
    walk_source(&seen, ticker_source_open_memory(bytes.data, 1001, "x"), &limits);
    ck_assert_int_eq(seen.status, TICKER_FAILED);
    ck_assert_int_eq(seen.error.kind, TICKER_ERROR_LIMIT);
    ti_buffer_free(&seen.log);
    ti_buffer_free(&bytes);
}
END_TEST

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
    for (size_t size = 3; size < bytes.size; size++) {
        walk seen;

        walk_source(&seen, ticker_source_open_memory(bytes.data, size, "x"), &usual);
        ck_assert_msg(seen.status == TICKER_FAILED, "%zu bytes of %zu were taken for all", size, bytes.size);
        ck_assert_int_eq(seen.error.kind, TICKER_ERROR_INPUT);
        ti_buffer_free(&seen.log);
    }
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
    gives(&bytes, "dir/one=1\nempty=\ntwo=22\ntwo=33\n");
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
    ti_buffer bytes;
    walk seen;

    ck_assert_ptr_nonnull(members);
    bytes_init(&bytes);
    for (size_t i = 0; i <= TICKER_MEMBERS_MAX; i++)
        members[i] = (zip_member)ONE("x");
    make_zip(&bytes, members, TICKER_MEMBERS_MAX);
    walk_buffer(&seen, &bytes);
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

START_TEST(zip_encrypted)
{
    static const zip_member members[] = {{.name = "secret", .data = "hello", .size = 5, .encrypted = true}};
    ti_buffer bytes;

    bytes_init(&bytes);
    make_zip(&bytes, members, 1);
    refuses(&bytes, TICKER_ERROR_INPUT, "encrypted");
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

/* Where the central directory begins, as the end of the archive says. */
static size_t directory_of(const ti_buffer *zip)
{
    const unsigned char *at = (const unsigned char *)zip->data + zip->size - 6;

    return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

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
    size_t directory;

    bytes_init(&bytes);
    make_zip(&bytes, members, COUNT(members));
    directory = directory_of(&bytes);
    for (size_t size = 4; size < bytes.size; size++) {
        walk seen;

        walk_source(&seen, ticker_source_open_memory(bytes.data, size, "x"), &usual);
        if (size < directory) {
            ck_assert_msg(seen.status == TICKER_FAILED, "%zu bytes of %zu were taken for all", size, directory);
            ck_assert_int_eq(seen.error.kind, TICKER_ERROR_INPUT);
        } else if (seen.status == TICKER_DONE) {
            ck_assert_str_eq(ti_buffer_string(&seen.log), all);
        }
        ti_buffer_free(&seen.log);
    }
    ti_buffer_free(&bytes);
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
        for (int bit = 0; bit < 8; bit++) { /* whatever comes of it, it is no crash and no loop */
            walk seen;
            char kept = bytes.data[at];

            bytes.data[at] = (char)(bit < 7 ? kept ^ 1 << bit : (int)next_random(&seed) & 0x7f);
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

/* --- Bombs ---------------------------------------------------------------------------------------------------------------------- */

static void bomb(ti_buffer *bytes, size_t size, bool zip)
{
    ti_buffer zeros;

    bytes_init(&zeros);
    add_repeated(&zeros, '0', size);
    if (zip)
        make_zip(bytes, &(zip_member){.name = "zeros", .data = zeros.data, .size = zeros.size}, 1);
    else
        make_gzip(bytes, zeros.data, zeros.size);
    ti_buffer_free(&zeros);
}

START_TEST(a_bomb_by_its_ratio)
{
    static const ti_input_limits lenient = {UINT64_C(1) << 30, 2000, 3};
    ti_buffer bytes;
    walk seen;

    for (int zip = 0; zip < 2; zip++) {
        bytes_init(&bytes);
        bomb(&bytes, 32 * MIB, zip);
        walk_buffer(&seen, &bytes);
        ck_assert_int_eq(seen.status, TICKER_FAILED);
        ck_assert_int_eq(seen.error.kind, TICKER_ERROR_LIMIT);
        ck_assert_ptr_nonnull(strstr(seen.error.message, "bomb"));
        ck_assert_uint_ge(seen.bytes, TI_RATIO_FROM - 100000);
        ck_assert_uint_le(seen.bytes, TI_RATIO_FROM + 100000); /* not a byte more than must be */
        ti_buffer_free(&seen.log);
        walk_source(&seen, ticker_source_open_memory(bytes.data, bytes.size, "x"), &lenient);
        ck_assert_int_eq(seen.status, TICKER_DONE);
        ck_assert_uint_eq(seen.bytes, 32 * MIB);
        ti_buffer_free(&seen.log);
        ti_buffer_free(&bytes);
        bytes_init(&bytes);
        bomb(&bytes, 16 * MIB, zip); /* small enough to be harmless */
        walk_buffer(&seen, &bytes);
        ck_assert_int_eq(seen.status, TICKER_DONE);
        ti_buffer_free(&seen.log);
        ti_buffer_free(&bytes);
    }
}
END_TEST

/* The inner archive unpacks to little more than the outer one's data, so only the whole way shows what it is. */
START_TEST(a_bomb_in_a_zip)
{
    ti_buffer inner, middle, outer;

    bytes_init(&inner);
    bytes_init(&middle);
    bytes_init(&outer);
    bomb(&inner, 100 * MIB, true);
    make_zip(&middle, &(zip_member){.name = "in.zip", .data = inner.data, .size = inner.size}, 1);
    make_zip(&outer, &(zip_member){.name = "mid.zip", .data = middle.data, .size = middle.size}, 1);
    refuses(&outer, TICKER_ERROR_LIMIT, "bomb");
    ti_buffer_free(&inner);
    ti_buffer_free(&middle);
    ti_buffer_free(&outer);
}
END_TEST

START_TEST(a_bomb_by_its_size)
{
    static const ti_input_limits limits = {3 * MIB, 100000, 3};
    ti_buffer bytes;
    walk seen;

    bytes_init(&bytes);
    bomb(&bytes, 3 * MIB, true);
    walk_source(&seen, ticker_source_open_memory(bytes.data, bytes.size, "x"), &limits);
    ck_assert_int_eq(seen.status, TICKER_DONE);
    ti_buffer_free(&seen.log);
    ti_buffer_clear(&bytes);
    bomb(&bytes, 3 * MIB + 1, true);
    walk_source(&seen, ticker_source_open_memory(bytes.data, bytes.size, "x"), &limits);
    ck_assert_int_eq(seen.status, TICKER_FAILED);
    ck_assert_int_eq(seen.error.kind, TICKER_ERROR_LIMIT);
    ck_assert_uint_le(seen.bytes, 3 * MIB + 100000);
    ti_buffer_free(&seen.log);
    ti_buffer_free(&bytes);
}
END_TEST

/* Each member alone is small enough; the limit is for all of them, also when each stands in an archive of its own. */
START_TEST(a_bomb_in_many_members)
{
    static const ti_input_limits limits = {10 * MIB, 100000, 3};
    ti_buffer member, inner, outer;
    zip_member many[8];

    bytes_init(&member);
    add_repeated(&member, '0', 2 * MIB);
    for (int nested = 0; nested < 2; nested++) {
        walk seen;

        bytes_init(&inner);
        bytes_init(&outer);
        make_zip(&inner, &(zip_member){.name = "zeros", .data = member.data, .size = member.size}, 1);
        for (size_t i = 0; i < COUNT(many); i++) {
            many[i] = (zip_member){.name = "m", .data = member.data, .size = member.size};
            if (nested) {
                many[i].data = inner.data;
                many[i].size = inner.size;
            }
        }
        make_zip(&outer, many, COUNT(many));
        walk_source(&seen, ticker_source_open_memory(outer.data, outer.size, "x"), &limits);
        ck_assert_int_eq(seen.status, TICKER_FAILED);
        ck_assert_int_eq(seen.error.kind, TICKER_ERROR_LIMIT);
        ck_assert_uint_le(seen.bytes, 10 * MIB + 100000);
        ti_buffer_free(&seen.log);
        ti_buffer_free(&inner);
        ti_buffer_free(&outer);
    }
    ti_buffer_free(&member);
}
END_TEST

/* --- Sources that fail, hashes, pipes ------------------------------------------------------------------------------------------- */

START_TEST(a_source_that_fails_within)
{
    static const ticker_status with[] = {TICKER_RETRY, TICKER_FAILED, TICKER_FATAL};
    static const zip_member members[] = {ONE("hello"), ONE("again")};
    ti_buffer kinds[3], inner;

    bytes_init(&inner);
    for (size_t i = 0; i < COUNT(kinds); i++)
        bytes_init(&kinds[i]);
    make_zip(&kinds[0], members, 2);
    make_gzip(&kinds[1], "hello", 5);
    make_zip(&inner, members, 2);
    make_zip(&kinds[2], &(zip_member){.name = "in", .data = inner.data, .size = inner.size}, 1);
    for (size_t k = 0; k < COUNT(kinds); k++)
        for (size_t at = 0; at < kinds[k].size; at++) {
            pieces from = {.data = kinds[k].data, .size = kinds[k].size, .fail_at = at, .fail_with = with[at % 3]};
            walk seen;

            walk_source(&seen, pieces_source(&from), &usual);
            if (seen.status != TICKER_DONE || k == 1) { /* what follows the members of a zip need not be read */
                ck_assert_int_eq(seen.status, with[at % 3]);
                ck_assert_str_eq(seen.error.message, "the line is dead");
                ck_assert_str_eq(seen.error.file, "pieces");
            } else {
                ck_assert_uint_eq(seen.members, 2);
            }
            ck_assert_uint_eq(from.closes, 1);
            ti_buffer_free(&seen.log);
        }
    for (size_t i = 0; i < COUNT(kinds); i++)
        ti_buffer_free(&kinds[i]);
    ti_buffer_free(&inner);
}
END_TEST

static void sha256_of(const void *data, size_t size, char text[TI_SHA256_TEXT_MAX])
{
    ti_sha256 *hash = ti_sha256_new();

    ck_assert_ptr_nonnull(hash);
    ck_assert(ti_sha256_update(hash, data, size));
    ck_assert(ti_sha256_finish(hash, text));
    ti_sha256_free(hash);
}

/* Three members, the last ones too large for the memory that is kept of a pipe; asked for the hash after the first one. */
START_TEST(a_pipe_is_hashed_before_its_end)
{
    static const size_t sizes[] = {1000, 3 * MIB}; /* of the second member: kept in memory, kept in a file */
    char expected[TI_SHA256_TEXT_MAX], text[TI_SHA256_TEXT_MAX];

    for (size_t k = 0; k < COUNT(sizes); k++) {
        char *noise = malloc(sizes[k]);
        zip_member members[3] = {ONE("first"), {.name = "noise", .size = sizes[k], .stored = true}, ONE("last")};
        uint64_t seed = 9;
        ti_buffer bytes;
        pieces from = {.piece = 5000};
        ti_input *input;
        walk seen = {0};

        ck_assert_ptr_nonnull(noise);
        for (size_t i = 0; i < sizes[k]; i++)
            noise[i] = (char)('a' + next_random(&seed) % 26);
        members[1].data = noise;
        bytes_init(&bytes);
        bytes_init(&seen.log);
        ti_error_init(&seen.error);
        make_zip(&bytes, members, 3);
        sha256_of(bytes.data, bytes.size, expected);
        from.data = bytes.data;
        from.size = bytes.size;
        input = ti_input_new(pieces_source(&from), &usual);
        ck_assert_ptr_nonnull(input);
        ck_assert(!ti_input_can_hash_first(input));
        ck_assert_int_eq(ti_input_keep_hash(input, NULL), TICKER_OK);
        ck_assert_int_eq(ti_input_next(input, NULL), TICKER_OK);
        ck_assert_int_eq(read_member(&seen, input), TICKER_DONE);
        ck_assert_int_eq(ti_input_sha256(input, text, NULL), TICKER_OK);
        ck_assert_str_eq(text, expected);
        ck_assert(ti_input_can_hash_now(input));
        ck_assert_int_eq(ti_input_size(input), (int64_t)bytes.size);
        ck_assert_uint_eq(from.at, bytes.size);
        ck_assert_int_eq(ti_input_check_unchanged(input, NULL), TICKER_OK);
        for (int i = 0; i < 2; i++) {
            ck_assert_int_eq(ti_input_next(input, NULL), TICKER_OK);
            ck_assert_int_eq(read_member(&seen, input), TICKER_DONE);
        }
        ck_assert_int_eq(ti_input_next(input, NULL), TICKER_DONE);
        ck_assert_uint_eq(seen.bytes, 9 + sizes[k]);
        ck_assert_int_eq(ti_input_sha256(input, text, NULL), TICKER_OK);
        ck_assert_str_eq(text, expected);
        noise[40] = '\0';
        (void)snprintf(text, sizeof(text), "noise=%s\n", noise);
        ck_assert_ptr_nonnull(strstr(ti_buffer_string(&seen.log), text));
        ti_input_free(input);
        ti_buffer_free(&seen.log);
        ti_buffer_free(&bytes);
        free(noise);
    }
}
END_TEST

START_TEST(a_pipe_that_breaks_while_it_is_kept)
{
    ti_buffer bytes;
    pieces from = {.fail_with = TICKER_RETRY};
    char text[TI_SHA256_TEXT_MAX];
    ticker_error error;
    ti_input *input;

    bytes_init(&bytes);
    add_repeated(&bytes, 'x', 100000);
    from.data = bytes.data;
    from.size = bytes.size;
    from.fail_at = 50000;
    ti_error_init(&error);
    input = ti_input_new(pieces_source(&from), &usual);
    ck_assert_ptr_nonnull(input);
    ck_assert_int_eq(ti_input_keep_hash(input, NULL), TICKER_OK);
    ck_assert_int_eq(ti_input_sha256(input, text, &error), TICKER_RETRY);
    ck_assert_str_eq(error.message, "the line is dead");
    ck_assert_str_eq(text, "");
    ck_assert_int_eq(ti_input_sha256(input, text, NULL), TICKER_RETRY); /* asked again: the same, and no leak */
    ti_input_free(input);
    ck_assert_uint_eq(from.closes, 1);
    ti_buffer_free(&bytes);
}
END_TEST

START_TEST(a_file_is_hashed_first)
{
    ti_buffer bytes;
    char *path, expected[TI_SHA256_TEXT_MAX], text[TI_SHA256_TEXT_MAX];
    ticker_source *source = NULL;
    ticker_error error;
    ti_input *input;
    walk seen = {0};
    FILE *file;

    bytes_init(&bytes);
    add_repeated(&bytes, 'x', 1000000);
    sha256_of(bytes.data, bytes.size, expected);
    path = make_file(bytes.data, bytes.size);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_source_open_file(path, &source, NULL), TICKER_OK);
    input = ti_input_new(source, &usual);
    ck_assert_ptr_nonnull(input);
    ck_assert_int_eq(ti_input_keep_hash(input, NULL), TICKER_OK);
    ck_assert(ti_input_can_hash_first(input));
    ck_assert_int_eq(ti_input_sha256(input, text, &error), TICKER_OK);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(ti_input_position(input), 0);
    ck_assert_int_eq(ti_input_size(input), 1000000);
    bytes_init(&seen.log);
    ti_error_init(&seen.error);
    ck_assert_int_eq(ti_input_next(input, NULL), TICKER_OK);
    ck_assert_int_eq(read_member(&seen, input), TICKER_DONE);
    ck_assert_uint_eq(seen.bytes, 1000000);
    ck_assert_uint_eq(ti_input_position(input), 1000000);
    ck_assert_int_eq(ti_input_check_unchanged(input, &error), TICKER_OK);
    file = fopen(path, "a");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fputs("more", file) < 0, 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(ti_input_check_unchanged(input, &error), TICKER_RETRY);
    ck_assert_int_eq(error.kind, TICKER_ERROR_INPUT);
    ck_assert_str_eq(error.file, path);
    ti_input_free(input);
    drop_file(path);
    ti_buffer_free(&seen.log);
    ti_buffer_free(&bytes);
}
END_TEST

/* A file larger than may be read is not even hashed to its end: it may be a hole of a terabyte. */
START_TEST(a_file_that_is_too_large)
{
    static const ti_input_limits limits = {MIB, 200, 3};
    char *path = make_file("x", 1), text[TI_SHA256_TEXT_MAX];
    ticker_source *source = NULL;
    ticker_error error;
    ti_input *input;

    ti_error_init(&error);
    ck_assert_int_eq(truncate(path, (off_t)1 << 40), 0);
    ck_assert_int_eq(ticker_source_open_file(path, &source, NULL), TICKER_OK);
    input = ti_input_new(source, &limits);
    ck_assert_ptr_nonnull(input);
    ck_assert_int_eq(ti_input_sha256(input, text, &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ck_assert_str_eq(error.file, path);
    ti_input_free(input);
    drop_file(path);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        plain,
        plain_is_capped,
        gzip,
        gzip_in_gzip_and_zip,
        gzip_cut_off_anywhere,
        gzip_with_a_wrong_byte,
        zip_members_of_any_name,
        zip_with_several_members,
        zip_without_members,
        zip_with_too_many_members,
        zip_encrypted,
        zip_with_a_wrong_crc,
        zip_cut_off_anywhere,
        zip_with_any_wrong_byte,
        zip_in_zip,
        nesting_as_asked,
        several_in_several,
        a_long_name_is_cut,
        a_bomb_by_its_ratio,
        a_bomb_in_a_zip,
        a_bomb_by_its_size,
        a_bomb_in_many_members,
        a_source_that_fails_within,
        a_pipe_is_hashed_before_its_end,
        a_pipe_that_breaks_while_it_is_kept,
        a_file_is_hashed_first,
        a_file_that_is_too_large,
    };

    return run_tests("input", tests, COUNT(tests));
}
