/* Limits of what may be read, bombs, sources that fail, and what is hashed when: files before, pipes behind. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "walk.h"

#define MIB ((size_t)1024 * 1024)

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

    /* Few means those in gzip: a_bomb_in_a_zip has the others. */
    for (int zip = 0; zip < (int)many_or_few(2, 1); zip++) {
        bytes_init(&bytes);
        bomb(&bytes, 18 * MIB, zip);
        walk_source(&seen, ticker_source_open_memory(bytes.data, bytes.size, "memory"), &usual);
        ck_assert_int_eq(seen.status, TICKER_FAILED);
        ck_assert_int_eq(seen.error.kind, TICKER_ERROR_LIMIT);
        ck_assert_ptr_nonnull(strstr(seen.error.message, "bomb"));
        ck_assert_uint_ge(seen.bytes, TI_RATIO_FROM - 100000);
        ck_assert_uint_le(seen.bytes, TI_RATIO_FROM + 100000); /* not a byte more than must be */
        ti_buffer_free(&seen.log);
        walk_source(&seen, ticker_source_open_memory(bytes.data, bytes.size, "x"), &lenient);
        ck_assert_int_eq(seen.status, TICKER_DONE);
        ck_assert_uint_eq(seen.bytes, 18 * MIB);
        ti_buffer_free(&seen.log);
        ti_buffer_free(&bytes);
        bytes_init(&bytes);
        bomb(&bytes, 16 * MIB, zip); /* small enough to be harmless */
        walk_source(&seen, ticker_source_open_memory(bytes.data, bytes.size, "memory"), &usual);
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
    bomb(&inner, many_or_few(100, 18) * MIB, true);
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
        ck_assert_int_eq(walk_member(&seen, input), TICKER_DONE);
        ck_assert_int_eq(ti_input_sha256(input, text, NULL), TICKER_OK);
        ck_assert_str_eq(text, expected);
        ck_assert(ti_input_can_hash_now(input));
        ck_assert_int_eq(ti_input_size(input), (int64_t)bytes.size);
        ck_assert_uint_eq(from.at, bytes.size);
        ck_assert_int_eq(ti_input_check_unchanged(input, NULL), TICKER_OK);
        for (int i = 0; i < 2; i++) {
            ck_assert_int_eq(ti_input_next(input, NULL), TICKER_OK);
            ck_assert_int_eq(walk_member(&seen, input), TICKER_DONE);
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

/* What is kept of a pipe is within the limit too: nothing else reads it then. */
START_TEST(a_pipe_that_never_ends)
{
    static const ti_input_limits limits = {MIB, 200, 3};
    pieces from = {.piece = 4096};
    ticker_error error;
    char text[TI_SHA256_TEXT_MAX];
    ti_buffer bytes;
    ti_input *input;

    bytes_init(&bytes);
    add_repeated(&bytes, 'x', 2 * MIB);
    from.data = bytes.data;
    from.size = bytes.size;
    ti_error_init(&error);
    input = ti_input_new(pieces_source(&from), &limits);
    ck_assert_ptr_nonnull(input);
    ck_assert_int_eq(ti_input_keep_hash(input, NULL), TICKER_OK);
    ck_assert_int_eq(ti_input_sha256(input, text, &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ck_assert_uint_le(from.at, MIB + 8192);
    ti_input_free(input);
    ti_buffer_free(&bytes);
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
    ck_assert_int_eq(walk_member(&seen, input), TICKER_DONE);
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
        a_bomb_by_its_ratio,
        a_bomb_in_a_zip,
        a_bomb_by_its_size,
        a_bomb_in_many_members,
        a_source_that_fails_within,
        a_pipe_is_hashed_before_its_end,
        a_pipe_that_never_ends,
        a_pipe_that_breaks_while_it_is_kept,
        a_file_is_hashed_first,
        a_file_that_is_too_large,
    };

    return run_tests("input", tests, COUNT(tests));
}
