/* Writing behind: everything written and hashed in its order, failures when they happen, an end at any time. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/behind.h"

bool __real_ti_sha256_update(ti_sha256 *hash, const void *data, size_t size);
bool __wrap_ti_sha256_update(ti_sha256 *hash, const void *data, size_t size);

static size_t refused_size; /* libcrypto refuses pieces of this many bytes; 0: none */

bool __wrap_ti_sha256_update(ti_sha256 *hash, const void *data, size_t size)
{
    return size != refused_size && __real_ti_sha256_update(hash, data, size);
}

static unsigned char byte_at(size_t position)
{
    return (unsigned char)((position * 2654435761u) >> 13);
}

static int open_temporary(void)
{
    char path[] = "/tmp/ticker-behind.XXXXXX";
    int file = mkstemp(path);

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(unlink(path), 0);
    return file;
}

/* What was written is as it should be, and what was hashed too. */
static void check_file(int file, size_t size, ti_sha256 *hash)
{
    static unsigned char block[65536], expected[65536];
    char text[TI_SHA256_TEXT_MAX], expected_text[TI_SHA256_TEXT_MAX];
    ti_sha256 *own = ti_sha256_new();
    struct stat about;
    size_t at = 0;
    ssize_t got;

    ck_assert_int_eq(fstat(file, &about), 0);
    ck_assert_int_eq(about.st_size, (off_t)size);
    while ((got = pread(file, block, sizeof(block), (off_t)at)) > 0) {
        for (size_t i = 0; i < (size_t)got; i++, at++)
            expected[i] = byte_at(at);
        ck_assert_mem_eq(block, expected, (size_t)got);
        ck_assert(ti_sha256_update(own, block, (size_t)got));
    }
    ck_assert_uint_eq(at, size);
    ck_assert(ti_sha256_finish(hash, text));
    ck_assert(ti_sha256_finish(own, expected_text));
    ck_assert_str_eq(text, expected_text);
    ti_sha256_free(own);
}

START_TEST(blocks_in_their_order)
{
    static const size_t sizes[] = {0, 1, TI_BEHIND_BLOCK_BYTES, 7 * TI_BEHIND_BLOCK_BYTES / 2,
                                   40 * TI_BEHIND_BLOCK_BYTES + 3};

    for (size_t i = 0; i < COUNT(sizes); i++) {
        int file = open_temporary();
        ti_sha256 *hash = ti_sha256_new();
        ti_behind *behind = ti_behind_new(file, hash);

        ck_assert_ptr_nonnull(behind);
        for (size_t at = 0; at < sizes[i];) {
            size_t size = sizes[i] - at < TI_BEHIND_BLOCK_BYTES ? sizes[i] - at : TI_BEHIND_BLOCK_BYTES;
            char *block = ti_behind_block(behind);

            ck_assert_ptr_nonnull(block);
            for (size_t j = 0; j < size; j++, at++)
                block[j] = (char)byte_at(at);
            ti_behind_put(behind, size);
        }
        ck_assert(ti_behind_wait(behind));
        check_file(file, sizes[i], hash);
        ti_behind_free(behind);
        ti_sha256_free(hash);
        ck_assert_int_eq(close(file), 0);
    }
}
END_TEST

/* A block of 100 bytes, and what comes of it: errno. Every call after that says so too. */
static int fail_once(int file)
{
    ti_sha256 *hash = ti_sha256_new();
    ti_behind *behind = ti_behind_new(file, hash);
    char *block;
    int code;

    ck_assert_ptr_nonnull(behind);
    block = ti_behind_block(behind);
    ck_assert_ptr_nonnull(block);
    memset(block, 'x', 100);
    ti_behind_put(behind, 100);
    errno = EDOM;
    ck_assert(!ti_behind_wait(behind));
    code = errno;
    errno = EDOM;
    ck_assert_ptr_null(ti_behind_block(behind));
    ck_assert_int_eq(errno, code);
    ti_behind_free(behind);
    ti_sha256_free(hash);
    return code;
}

START_TEST(failures)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), file = open_temporary();

    ck_assert_int_ge(full, 0);
    ck_assert_int_eq(fail_once(full), ENOSPC);
    refused_size = 100;
    ck_assert_int_eq(fail_once(file), 0);
    refused_size = 0;
    ck_assert_int_eq(close(file), 0);
    ck_assert_int_eq(close(full), 0);
}
END_TEST

START_TEST(given_up)
{
    int file = open_temporary();

    for (int blocks = 0; blocks < 3; blocks++) {
        ti_sha256 *hash = ti_sha256_new();
        ti_behind *behind = ti_behind_new(file, hash);

        ck_assert_ptr_nonnull(behind);
        for (int i = 0; i < blocks; i++) {
            char *block = ti_behind_block(behind);

            ck_assert_ptr_nonnull(block);
            memset(block, 'x', TI_BEHIND_BLOCK_BYTES);
            ti_behind_put(behind, TI_BEHIND_BLOCK_BYTES);
        }
        ti_behind_free(behind);
        ti_sha256_free(hash);
    }
    ti_behind_free(NULL);
    ck_assert_int_eq(close(file), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {blocks_in_their_order, failures, given_up};

    return run_tests("behind", tests, COUNT(tests));
}
