/* SHA-256 against the values of FIPS 180-2. */
#include "support.h"

static void hash_is(const char *data, size_t size, size_t piece, const char *hex)
{
    ti_sha256 *hash = ti_sha256_new();
    char text[TI_SHA256_TEXT_MAX];

    ck_assert_ptr_nonnull(hash);
    for (size_t at = 0; at < size; at += piece)
        ck_assert(ti_sha256_update(hash, data + at, piece < size - at ? piece : size - at));
    ck_assert(ti_sha256_finish(hash, text));
    ck_assert_str_eq(text, hex);
    ti_sha256_free(hash);
}

START_TEST(known_values)
{
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

    hash_is("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_is("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (size_t piece = 1; piece <= 56; piece++)
        hash_is(two_blocks, 56, piece, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}
END_TEST

START_TEST(a_million_letters)
{
    ti_buffer letters;

    bytes_init(&letters);
    add_repeated(&letters, 'a', 1000000);
    hash_is(letters.data, letters.size, 1000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    ti_buffer_free(&letters);
}
END_TEST

START_TEST(an_unfinished_one_can_be_freed)
{
    ti_sha256 *hash = ti_sha256_new();

    ck_assert_ptr_nonnull(hash);
    ck_assert(ti_sha256_update(hash, "x", 1));
    ti_sha256_free(hash);
    ti_sha256_free(NULL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {known_values, a_million_letters, an_unfinished_one_can_be_freed};

    return run_tests("hash", tests, COUNT(tests));
}
