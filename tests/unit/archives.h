/* Zip and gzip files in memory, right and wrong ones. It ends the program when memory is short, so that fuzz targets can use it as well. */
#ifndef TEST_ARCHIVES_H
#define TEST_ARCHIVES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

typedef struct zip_member {
    const char *name;
    const void *data;
    size_t size;
    bool stored;     /* not deflated */
    bool descriptor; /* sizes and CRC behind the data, as a writer into a pipe does it */
    bool encrypted;  /* only says so */
    bool bad_crc;
} zip_member;

void make_zip(ti_buffer *to, const zip_member *members, size_t count);
/* Where the central directory of a zip begins, as the end of it says. */
size_t zip_directory(const ti_buffer *zip);
void make_gzip(ti_buffer *to, const void *data, size_t size);

#endif
