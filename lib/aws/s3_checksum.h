/* The checksums that S3 keeps with an object: computed over a stream, written as its headers write them. */
#ifndef TI_AWS_S3_CHECKSUM_H
#define TI_AWS_S3_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"

#define TI_S3_CHECKSUM_MAX 48 /* base64 of 32 bytes and NUL, rounded up */

/* Those with a better chance to be computed quickly come first. */
typedef enum ti_s3_algorithm {
    TI_S3_CRC32C = 0,
    TI_S3_CRC64NVME,
    TI_S3_CRC32,
    TI_S3_SHA256,
    TI_S3_ALGORITHMS,
    TI_S3_NO_CHECKSUM = TI_S3_ALGORITHMS
} ti_s3_algorithm;

const char *ti_s3_algorithm_name(ti_s3_algorithm algorithm);    /* "CRC32C" */
const char *ti_s3_algorithm_header(ti_s3_algorithm algorithm);  /* "x-amz-checksum-crc32c" */
const char *ti_s3_algorithm_element(ti_s3_algorithm algorithm); /* "ChecksumCRC32C" */
/* By the word of option "s3-checksum". */
ti_s3_algorithm ti_s3_algorithm_of(const char *word);

typedef struct ti_s3_checksum {
    ti_s3_algorithm algorithm;
    uint64_t crc;
    ti_sha256 *sha256;
} ti_s3_checksum;

/* False: no memory. */
bool ti_s3_checksum_begin(ti_s3_checksum *checksum, ti_s3_algorithm algorithm);
bool ti_s3_checksum_add(ti_s3_checksum *checksum, const void *data, size_t size);
/* Ends it: base64. */
bool ti_s3_checksum_end(ti_s3_checksum *checksum, char text[TI_S3_CHECKSUM_MAX]);
/* Frees what one that was not ended holds. */
void ti_s3_checksum_drop(ti_s3_checksum *checksum);
/* Of bytes in one go. */
bool ti_s3_checksum_of(ti_s3_algorithm algorithm, const void *data, size_t size, char text[TI_S3_CHECKSUM_MAX]);

#endif
