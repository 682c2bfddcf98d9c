/* A hash of bytes for tables in memory, by a number that nobody outside knows: whoever chooses the bytes cannot choose the slots. Not for
 * anything that leaves the process. */
#ifndef TI_BASE_MIX_H
#define TI_BASE_MIX_H

#include <stdint.h>
#include <string.h>

#include "base/slice.h"

/* Both halves of the whole product: every bit reaches the low ones. */
static inline uint64_t ti_mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Eight bytes at a time. */
static inline uint64_t ti_mix_bytes(uint64_t seed, ti_slice text)
{
    uint64_t hash = 0x9e3779b97f4a7c15u ^ text.size, word;
    const char *at = text.data;
    size_t left = text.size;

    for (; left >= 8; at += 8, left -= 8) {
        memcpy(&word, at, 8);
        hash = ti_mix(hash ^ word ^ seed, seed ^ 0xff51afd7ed558ccdu);
    }
    word = 0;
    for (size_t i = 0; i < left; i++)
        word = word << 8 | (unsigned char)at[i];
    return ti_mix(hash ^ word ^ seed, seed ^ 0xc4ceb9fe1a85ec53u);
}

#endif
