/* CRC-32 (zlib's), CRC-32C (Castagnoli) and CRC-64/NVME, the latter two with the processor's own instructions where there are any.
 * Continued over pieces: begin with 0. */
#ifndef TI_BASE_CHECKSUM_H
#define TI_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint32_t ti_crc32(uint32_t crc, const void *data, size_t size);
uint32_t ti_crc32c(uint32_t crc, const void *data, size_t size);
/* The same, a byte at a time by table: what the other is tested against and what other machines use. */
uint32_t ti_crc32c_table(uint32_t crc, const void *data, size_t size);

uint64_t ti_crc64nvme(uint64_t crc, const void *data, size_t size);
uint64_t ti_crc64nvme_table(uint64_t crc, const void *data, size_t size);

#endif
