/* Zip and gzip files in memory, right and wrong ones: an own writer, because libraries refuse to write what is wrong. */
#include "unit/archives.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define DEFLATE_WINDOW (-MAX_WBITS) /* zlib: no header and no trailer */
#define GZIP_WINDOW (16 + MAX_WBITS)

#define BYTES_MAX ((size_t)512 << 20)

static void require(bool done)
{
    if (!done)
        abort();
}

static void add_bytes(ti_buffer *to, const void *data, size_t size)
{
    require(size == 0 || ti_buffer_append(to, data, size));
}

static void compress_bytes(ti_buffer *to, const void *data, size_t size, int window)
{
    z_stream z = {0};
    size_t room;
    char *at;

    require(deflateInit2(&z, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY) == Z_OK);
    room = deflateBound(&z, size);
    at = ti_buffer_reserve(to, room);
    require(at != NULL);
    z.next_in = (z_const Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)size;
    z.next_out = (Bytef *)at;
    z.avail_out = (uInt)room;
    require(deflate(&z, Z_FINISH) == Z_STREAM_END);
    to->size += room - z.avail_out;
    require(deflateEnd(&z) == Z_OK);
}

void make_gzip(ti_buffer *to, const void *data, size_t size)
{
    compress_bytes(to, data, size, GZIP_WINDOW);
}

static void add_number(ti_buffer *to, uint32_t number, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        add_bytes(to, &(unsigned char){(unsigned char)(number >> (8 * i))}, 1);
}

/* What the local header and the central directory say in the same way. */
static void add_facts(ti_buffer *to, const zip_member *member, uint32_t crc, size_t packed, bool sizes)
{
    add_number(to, 20, 2);
    add_number(to, (uint32_t)member->encrypted | (uint32_t)member->descriptor << 3, 2);
    add_number(to, member->stored ? 0 : 8, 2);
    add_number(to, 0x4821 << 16, 4); /* 2016-01-01 00:00 */
    add_number(to, sizes ? crc : 0, 4);
    add_number(to, sizes ? (uint32_t)packed : 0, 4);
    add_number(to, sizes ? (uint32_t)member->size : 0, 4);
    add_number(to, (uint32_t)strlen(member->name), 2);
    add_number(to, 0, 2); /* no extra field */
}

static void add_directory_entry(ti_buffer *to, const zip_member *member, uint32_t crc, size_t packed, size_t offset)
{
    add_bytes(to, "PK\1\2", 4);
    add_number(to, 20, 2);
    add_facts(to, member, crc, packed, true);
    add_number(to, 0, 2); /* comment */
    add_number(to, 0, 2); /* disk */
    add_number(to, 0, 2);
    add_number(to, 0, 4);
    add_number(to, (uint32_t)offset, 4);
    add_bytes(to, member->name, strlen(member->name));
}

void make_zip(ti_buffer *to, const zip_member *members, size_t count)
{
    ti_buffer directory, packed;
    size_t start = to->size;

    ti_buffer_init(&directory, BYTES_MAX);
    ti_buffer_init(&packed, BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        const zip_member *member = &members[i];
        uint32_t crc = (uint32_t)crc32(0, member->data, (uInt)member->size) ^ (member->bad_crc ? 1 : 0);
        size_t offset = to->size - start;

        ti_buffer_clear(&packed);
        if (member->stored)
            add_bytes(&packed, member->data, member->size);
        else
            compress_bytes(&packed, member->data, member->size, DEFLATE_WINDOW);
        add_bytes(to, "PK\3\4", 4);
        add_facts(to, member, crc, packed.size, !member->descriptor);
        add_bytes(to, member->name, strlen(member->name));
        add_bytes(to, packed.data, packed.size);
        if (member->descriptor) {
            add_bytes(to, "PK\7\10", 4);
            add_number(to, crc, 4);
            add_number(to, (uint32_t)packed.size, 4);
            add_number(to, (uint32_t)member->size, 4);
        }
        add_directory_entry(&directory, member, crc, packed.size, offset);
    }
    start = to->size - start;
    add_bytes(to, directory.data, directory.size);
    add_bytes(to, "PK\5\6\0\0\0\0", 8);
    add_number(to, (uint32_t)count, 2);
    add_number(to, (uint32_t)count, 2);
    add_number(to, (uint32_t)directory.size, 4);
    add_number(to, (uint32_t)start, 4);
    add_number(to, 0, 2);
    ti_buffer_free(&directory);
    ti_buffer_free(&packed);
}

size_t zip_directory(const ti_buffer *zip)
{
    const unsigned char *at = (const unsigned char *)zip->data + zip->size - 6;

    return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}
