/* CRC-32, CRC-32C and CRC-64/NVME: published values, pieces, and the instruction against the table. */
#include "support.h"

#include "base/checksum.h"

/* RFC 3720, appendix B.4; its values are written with the lowest byte first. */
START_TEST(rfc3720)
{
    static const unsigned char read10[48] = {0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                             0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
                                             0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00,
                                             0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
    uint32_t (*const both[])(uint32_t, const void *, size_t) = {ti_crc32c, ti_crc32c_table};
    unsigned char zeros[32] = {0}, ones[32], up[32], down[32];

    for (unsigned i = 0; i < 32; i++) {
        ones[i] = 0xff;
        up[i] = (unsigned char)i;
        down[i] = (unsigned char)(31 - i);
    }
    for (size_t i = 0; i < COUNT(both); i++) {
        ck_assert_uint_eq(both[i](0, zeros, 32), 0x8a9136aa);
        ck_assert_uint_eq(both[i](0, ones, 32), 0x62a8ab43);
        ck_assert_uint_eq(both[i](0, up, 32), 0x46dd794e);
        ck_assert_uint_eq(both[i](0, down, 32), 0x113fdb5c);
        ck_assert_uint_eq(both[i](0, read10, 48), 0xd9963a56);
        ck_assert_uint_eq(both[i](0, "123456789", 9), 0xe3069283);
        ck_assert_uint_eq(both[i](0, "", 0), 0);
        ck_assert_uint_eq(both[i](0x12345678, NULL, 0), 0x12345678);
    }
}
END_TEST

START_TEST(crc32)
{
    ck_assert_uint_eq(ti_crc32(0, "123456789", 9), 0xcbf43926);
    ck_assert_uint_eq(ti_crc32(0, "", 0), 0);
    ck_assert_uint_eq(ti_crc32(0x12345678, NULL, 0), 0x12345678);
    ck_assert_uint_eq(ti_crc32(ti_crc32(0, "12345", 5), "6789", 4), 0xcbf43926);
}
END_TEST

/* The check value of the NVM Express command set. */
START_TEST(crc64nvme)
{
    uint64_t (*const both[])(uint64_t, const void *, size_t) = {ti_crc64nvme, ti_crc64nvme_table};
    static const char zeros[4096];

    for (size_t i = 0; i < COUNT(both); i++) {
        ck_assert_uint_eq(both[i](0, "123456789", 9), 0xae8b14860a799888);
        ck_assert_uint_eq(both[i](0, zeros, sizeof(zeros)), 0x6482d367eb22b64e);
        ck_assert_uint_eq(both[i](0, "", 0), 0);
        ck_assert_uint_eq(both[i](0x12345678, NULL, 0), 0x12345678);
    }
}
END_TEST

#define SIZE 60000

static void fill(unsigned char *bytes, size_t size)
{
    uint64_t state = 3720;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)next_random(&state);
}

/* Around the sizes at which the streams begin, and at every alignment. */
START_TEST(instruction_equals_table)
{
    static const size_t near[] = {0, 8, 256, 3 * 256, 6 * 256, 3 * 4096, 3 * 4096 + 3 * 256, 6 * 4096, SIZE - 40};
    static unsigned char bytes[SIZE];

    fill(bytes, SIZE);
    for (size_t i = 0; i < COUNT(near); i++)
        for (size_t size = near[i] < 17 ? 0 : near[i] - 17; size <= near[i] + 17; size++)
            for (size_t start = 0; start < 9; start += size % 2 + 1) {
                uint32_t begin = (uint32_t)(size * 2654435761u);

                ck_assert_uint_eq(ti_crc32c(begin, bytes + start, size), ti_crc32c_table(begin, bytes + start, size));
                ck_assert_uint_eq(ti_crc64nvme(begin, bytes + start, size),
                                  ti_crc64nvme_table(begin, bytes + start, size));
            }
}
END_TEST

START_TEST(in_pieces)
{
    static unsigned char bytes[SIZE];
    uint32_t whole, whole32;
    uint64_t state = 99, whole64;

    fill(bytes, SIZE);
    whole = ti_crc32c(0, bytes, SIZE);
    whole32 = ti_crc32(0, bytes, SIZE);
    whole64 = ti_crc64nvme(0, bytes, SIZE);
    for (int round = 0; round < 200; round++) {
        size_t most = (size_t)1 << (4 + round % 12), at = 0;
        uint32_t crc = 0, other = 0;
        uint64_t third = 0;

        while (at < SIZE) {
            size_t piece = next_random(&state) % most;

            piece = piece < SIZE - at ? piece : SIZE - at;
            crc = ti_crc32c(crc, bytes + at, piece);
            other = ti_crc32(other, bytes + at, piece);
            third = ti_crc64nvme(third, bytes + at, piece);
            at += piece;
        }
        ck_assert_uint_eq(crc, whole);
        ck_assert_uint_eq(other, whole32);
        ck_assert_uint_eq(third, whole64);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {rfc3720, crc32, crc64nvme, instruction_equals_table, in_pieces};

    return run_tests("checksum", tests, COUNT(tests));
}
