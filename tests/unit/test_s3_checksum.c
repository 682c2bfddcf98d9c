/* Checksums as S3's headers write them. */
#include "support.h"

#include "aws/s3_checksum.h"

START_TEST(of_known_texts)
{
    static const struct {
        const char *word, *text;
    } sums[] = {{"crc32c", "4waSgw=="},
                {"crc64nvme", "rosUhgp5mIg="},
                {"crc32", "y/Q5Jg=="},
                {"sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="}};
    char text[TI_S3_CHECKSUM_MAX];

    ck_assert_int_eq(COUNT(sums), TI_S3_ALGORITHMS);
    for (size_t i = 0; i < COUNT(sums); i++) {
        ti_s3_algorithm algorithm = ti_s3_algorithm_of(sums[i].word);
        ti_s3_checksum sum;

        ck_assert_int_ne(algorithm, TI_S3_NO_CHECKSUM);
        ck_assert_ptr_nonnull(strstr(ti_s3_algorithm_header(algorithm), sums[i].word));
        ck_assert(ti_s3_checksum_of(algorithm, "123456789", 9, text));
        ck_assert_str_eq(text, sums[i].text);
        ck_assert(ti_s3_checksum_begin(&sum, algorithm));
        ck_assert(ti_s3_checksum_add(&sum, "1234", 4));
        ck_assert(ti_s3_checksum_add(&sum, "56789", 5));
        ck_assert(ti_s3_checksum_end(&sum, text));
        ck_assert_str_eq(text, sums[i].text);
        ck_assert(ti_s3_checksum_begin(&sum, algorithm));
        ti_s3_checksum_drop(&sum);
        ti_s3_checksum_drop(&sum);
    }
    ck_assert_int_eq(ti_s3_algorithm_of("md5"), TI_S3_NO_CHECKSUM);
    ck_assert_str_eq(ti_s3_algorithm_element(TI_S3_SHA256), "ChecksumSHA256");
    ck_assert_str_eq(ti_s3_algorithm_name(TI_S3_CRC32C), "CRC32C");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {of_known_texts};

    return run_tests("s3_checksum", tests, COUNT(tests));
}
