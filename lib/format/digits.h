/* Digits by the machine word: eight at a time, checked and turned into a number without a branch. Loads may begin up to seven bytes
 * before a field: the stream's margin makes that safe. */
#ifndef TI_FORMAT_DIGITS_H
#define TI_FORMAT_DIGITS_H

#include <stdint.h>
#include <string.h>

#define TI_DIGITS_ZERO 0x3030303030303030u

static inline uint64_t ti_load8(const unsigned char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Bits set wherever a byte of `values` (characters xor '0') is above 9. */
static inline uint64_t ti_digits_bad(uint64_t values)
{
    return ((values + 0x7676767676767676u) | values) & 0x8080808080808080u;
}

/* Eight values 0 … 9, the first in the lowest byte, as a number. */
static inline uint64_t ti_digits_join(uint64_t values)
{
    values = values * 10 + (values >> 8);
    return (((values & 0x000000ff000000ffu) * 0x000f424000000064u) +
            (((values >> 16) & 0x000000ff000000ffu) * 0x0000271000000001u)) >>
           32;
}

/* `count` (1 … 8) digits that end before `end`; *bad collects what is no digit. */
static inline uint64_t ti_digits_upto8(const unsigned char *end, unsigned count, uint64_t *bad)
{
    uint64_t values = ti_load8(end - 8) ^ TI_DIGITS_ZERO;

    values &= ~UINT64_C(0) << (8 * (8 - count));
    *bad |= ti_digits_bad(values);
    return ti_digits_join(values);
}

/* `count` (1 … 18) digits at `at`. */
static inline uint64_t ti_digits(const unsigned char *at, unsigned count, uint64_t *bad)
{
    const unsigned char *end = at + count;
    uint64_t value;

    if (count <= 8)
        return ti_digits_upto8(end, count, bad);
    value = ti_digits_upto8(end, 8, bad);
    if (count <= 16)
        return value + ti_digits_upto8(end - 8, count - 8, bad) * 100000000u;
    return value + ti_digits_upto8(end - 8, 8, bad) * 100000000u +
           ti_digits_upto8(end - 16, count - 16, bad) * 10000000000000000u;
}

#endif
