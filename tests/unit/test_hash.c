/* SHA-256 against the values of FIPS 180-2, HMAC against RFC 4231, MD5 against RFC 1321. */
#include "support.h"

#include "base/encode.h"

static void hex_is(const unsigned char *bytes, size_t size, const char *hex)
{
    char text[TI_SHA256_TEXT_MAX];

    ck_assert_uint_le(size, TI_SHA256_BYTES);
    ti_hex(bytes, size, text);
    ck_assert_str_eq(text, hex);
}

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

START_TEST(one_hash_for_many_streams)
{
    ti_sha256 *hash = ti_sha256_new();
    unsigned char digest[TI_SHA256_BYTES], once[TI_SHA256_BYTES];

    ck_assert_ptr_nonnull(hash);
    for (size_t size = 0; size < 200; size++) {
        char text[200];

        memset(text, 'x', sizeof(text));
        ck_assert(ti_sha256_update(hash, text, size));
        ck_assert(ti_sha256_digest(hash, digest));
        ck_assert(ti_sha256_of(text, size, once));
        ck_assert_mem_eq(digest, once, sizeof(once));
    }
    ti_sha256_free(hash);
    hex_is(once, sizeof(once), "f18029ae3f973208860c668e7b0c042ef65cf2409d8532c0cfb1fb7de5a07f9e");
}
END_TEST

/* Keys and texts of RFC 4231; case 5 (cut off) is left out. */
START_TEST(rfc4231)
{
    static const struct {
        const char *key;
        char key_byte; /* repeated when there is no text */
        size_t key_size;
        const char *data;
        char data_byte;
        size_t data_size;
        const char *digest;
    } rows[] = {
        {NULL, 0x0b, 20, "Hi There", 0, 8, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", 0, 4, "what do ya want for nothing?", 0, 28,
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {NULL, (char)0xaa, 20, NULL, (char)0xdd, 50,
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19", 0, 25,
         NULL, (char)0xcd, 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {NULL, (char)0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 0, 54,
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {NULL, (char)0xaa, 131,
         "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
         "hashed before being used by the HMAC algorithm.",
         0, 152, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned char digest[TI_SHA256_BYTES];
        char key[200], data[200];
        ti_hmac *hmac;

        memset(key, rows[i].key_byte, sizeof(key));
        memset(data, rows[i].data_byte, sizeof(data));
        if (rows[i].key != NULL)
            memcpy(key, rows[i].key, rows[i].key_size);
        if (rows[i].data != NULL)
            memcpy(data, rows[i].data, rows[i].data_size);
        ck_assert(ti_hmac_sha256(key, rows[i].key_size, data, rows[i].data_size, digest));
        hex_is(digest, sizeof(digest), rows[i].digest);
        hmac = ti_hmac_new(key, rows[i].key_size);
        ck_assert_ptr_nonnull(hmac);
        memset(key, 0, sizeof(key)); /* it has its own */
        for (int again = 0; again < 3; again++) {
            ck_assert(ti_hmac_of(hmac, "another", 7, digest));
            ck_assert(ti_hmac_of(hmac, data, rows[i].data_size, digest));
            hex_is(digest, sizeof(digest), rows[i].digest);
        }
        ti_hmac_free(hmac);
    }
    ti_hmac_free(NULL);
}
END_TEST

/* Keys of the block's size, one less, one more, and none. */
START_TEST(hmac_at_the_edges)
{
    static const struct {
        size_t size;
        const char *digest;
    } rows[] = {
        {63, "b414a00a80bac00c2788dccec9c37cacbc5c5d5fa019ab850f2a05f396448b87"},
        {64, "01aff17ef5e74f80ba23ab0da9066302e79e7f1190c82e30e2f6efb9d4e400e7"},
        {65, "636761aa0aca084843194250bab59077582294b3d305e5803b81af095596492a"},
    };
    unsigned char digest[TI_SHA256_BYTES];
    char key[65];

    memset(key, 'k', sizeof(key));
    for (size_t i = 0; i < COUNT(rows); i++) {
        ck_assert(ti_hmac_sha256(key, rows[i].size, "edge", 4, digest));
        hex_is(digest, sizeof(digest), rows[i].digest);
    }
    ck_assert(ti_hmac_sha256(NULL, 0, NULL, 0, digest));
    hex_is(digest, sizeof(digest), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
END_TEST

START_TEST(rfc1321)
{
    static const char *const rows[][2] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"}};
    unsigned char digest[TI_MD5_BYTES];

    for (size_t i = 0; i < COUNT(rows); i++) {
        ck_assert(ti_md5_of(rows[i][0], strlen(rows[i][0]), digest));
        hex_is(digest, sizeof(digest), rows[i][1]);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {known_values,
                                  a_million_letters,
                                  an_unfinished_one_can_be_freed,
                                  one_hash_for_many_streams,
                                  rfc4231,
                                  hmac_at_the_edges,
                                  rfc1321};

    return run_tests("hash", tests, COUNT(tests));
}
