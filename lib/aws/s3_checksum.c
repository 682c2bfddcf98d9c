#include "aws/s3_checksum.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/checksum.h"
#include "base/encode.h"

static const struct {
    const char *word, *name, *header, *element;
    size_t size;
} algorithms[] = {
    [TI_S3_CRC32C] = {"crc32c", "CRC32C", "x-amz-checksum-crc32c", "ChecksumCRC32C", 4},
    [TI_S3_CRC64NVME] = {"crc64nvme", "CRC64NVME", "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", 8},
    [TI_S3_CRC32] = {"crc32", "CRC32", "x-amz-checksum-crc32", "ChecksumCRC32", 4},
    [TI_S3_SHA256] = {"sha256", "SHA256", "x-amz-checksum-sha256", "ChecksumSHA256", TI_SHA256_BYTES},
    [TI_S3_NO_CHECKSUM] = {"", "", "", "", 0},
};

const char *ti_s3_algorithm_name(ti_s3_algorithm algorithm)
{
    return algorithms[algorithm].name;
}

const char *ti_s3_algorithm_header(ti_s3_algorithm algorithm)
{
    return algorithms[algorithm].header;
}

const char *ti_s3_algorithm_element(ti_s3_algorithm algorithm)
{
    return algorithms[algorithm].element;
}

ti_s3_algorithm ti_s3_algorithm_of(const char *word)
{
    int algorithm = 0;

    while (algorithm < TI_S3_ALGORITHMS && strcmp(algorithms[algorithm].word, word) != 0)
        algorithm++;
    return (ti_s3_algorithm)algorithm;
}

bool ti_s3_checksum_begin(ti_s3_checksum *checksum, ti_s3_algorithm algorithm)
{
    *checksum = (ti_s3_checksum){.algorithm = algorithm};
    if (algorithm == TI_S3_SHA256)
        checksum->sha256 = ti_sha256_new();
    return algorithm != TI_S3_SHA256 || checksum->sha256 != NULL;
}

bool ti_s3_checksum_add(ti_s3_checksum *checksum, const void *data, size_t size)
{
    switch (checksum->algorithm) {
    case TI_S3_CRC32C:
        checksum->crc = ti_crc32c((uint32_t)checksum->crc, data, size);
        break;
    case TI_S3_CRC64NVME:
        checksum->crc = ti_crc64nvme(checksum->crc, data, size);
        break;
    case TI_S3_CRC32:
        checksum->crc = ti_crc32((uint32_t)checksum->crc, data, size);
        break;
    case TI_S3_SHA256:
        return ti_sha256_update(checksum->sha256, data, size);
    case TI_S3_NO_CHECKSUM:
        break;
    }
    return true;
}

bool ti_s3_checksum_end(ti_s3_checksum *checksum, char text[TI_S3_CHECKSUM_MAX])
{
    size_t size = algorithms[checksum->algorithm].size;
    unsigned char digest[TI_SHA256_BYTES] = {0};
    ti_buffer base64;
    bool done = true;

    ti_buffer_init(&base64, TI_S3_CHECKSUM_MAX);
    if (checksum->algorithm == TI_S3_SHA256)
        done = ti_sha256_digest(checksum->sha256, digest);
    for (size_t i = 0; i < size && checksum->algorithm != TI_S3_SHA256; i++)
        digest[i] = (unsigned char)(checksum->crc >> 8 * (size - 1 - i));
    done = done && ti_buffer_base64(&base64, digest, size) && ti_buffer_string(&base64) != NULL;
    (void)snprintf(text, TI_S3_CHECKSUM_MAX, "%s", done ? base64.data : "");
    ti_buffer_free(&base64);
    ti_s3_checksum_drop(checksum);
    return done;
}

void ti_s3_checksum_drop(ti_s3_checksum *checksum)
{
    ti_sha256_free(checksum->sha256);
    *checksum = (ti_s3_checksum){.algorithm = TI_S3_NO_CHECKSUM};
}

bool ti_s3_checksum_of(ti_s3_algorithm algorithm, const void *data, size_t size, char text[TI_S3_CHECKSUM_MAX])
{
    ti_s3_checksum checksum;

    if (!ti_s3_checksum_begin(&checksum, algorithm))
        return false;
    if (!ti_s3_checksum_add(&checksum, data, size)) {
        ti_s3_checksum_drop(&checksum);
        return false;
    }
    return ti_s3_checksum_end(&checksum, text);
}
