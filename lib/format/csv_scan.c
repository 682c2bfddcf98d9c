/* Where the separators and line ends of a ';' file stand: 64 bytes become 64 bits, and the numbers of those that are set are written down
 * several at a time. What the processor can do is asked for each block: that costs nothing, and nothing need be kept. */
#include "format/csv.h"

#if defined __x86_64__
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,bmi,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,popcnt")))
#endif

#define GROUP 64 /* bytes looked at together */

void ti_csv_scan_scalar(ti_csv_index *index, const unsigned char *data, size_t size)
{
    uint32_t marks = 1;

    index->mark[0] = UINT32_MAX;
    index->rows = 0;
    for (size_t i = 0; i < size; i++) {
        if (data[i] != ';' && data[i] != '\n')
            continue;
        if (data[i] == '\n')
            index->row_end[index->rows++] = marks;
        index->mark[marks++] = (uint32_t)i;
    }
}

#if defined __x86_64__
/* The bits of a group that are within the data. */
static inline uint64_t inside(size_t left)
{
    return left >= GROUP ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
}

/* --- SSE2: every x86-64 processor ---------------------------------------------------------------------------------------------- */

/* Bits of the bytes of data[0 … 64) that equal `byte`. */
static inline uint64_t equal_sse2(const unsigned char *data, char byte)
{
    const __m128i wanted = _mm_set1_epi8(byte);
    uint64_t bits = 0;

#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(data + 16 * i));

        bits |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted)) << (16 * i);
    }
    return bits;
}

/* Notes eight marks, whether there are as many or not: what is too much is overwritten by the next ones. A loop that stops at the last
 * bit would be guessed wrong once for nearly every 64 bytes. */
static inline uint64_t note_eight(ti_csv_index *index, uint32_t marks, uint32_t *rows, uint64_t all, uint64_t ends,
                                  uint32_t base)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        unsigned bit = (unsigned)__builtin_ctzll(all | UINT64_C(1) << 63);

        index->row_end[*rows] = marks + i; /* stays when it is a line end */
        *rows += (uint32_t)((ends & all) >> bit & 1);
        index->mark[marks + i] = base + bit;
        all &= all - 1;
    }
    return all;
}

static inline uint32_t count_bits(uint64_t bits)
{
    bits -= bits >> 1 & 0x5555555555555555u;
    bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
    return (uint32_t)((((bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fu) * 0x0101010101010101u) >> 56);
}

static bool scan_sse2(ti_csv_index *index, const unsigned char *data, size_t size)
{
    uint32_t marks = 1, rows = 0;

    index->mark[0] = UINT32_MAX;
    for (size_t at = 0; at < size; at += GROUP) {
        uint64_t ends = equal_sse2(data + at, '\n') & inside(size - at);
        uint64_t all = (equal_sse2(data + at, ';') & inside(size - at)) | ends, left = all;
        uint32_t noted = marks;

        do {
            left = note_eight(index, noted, &rows, left, ends, (uint32_t)at);
            noted += 8;
        } while (left != 0);
        marks += count_bits(all);
    }
    index->rows = rows;
    return true;
}

/* --- AVX2 ------------------------------------------------------------------------------------------------------------------------ */

/* The rows that end in a group whose first mark is number `marks`. Lines are long: mostly there is one or none. */
#define NOTE_ROWS(index, rows, marks, all, ends)                                                                       \
    for (uint64_t ends_ = (ends); ends_ != 0; ends_ &= ends_ - 1)                                                      \
    (index)->row_end[(rows)++] = (marks) + (uint32_t)__builtin_popcountll((all) & ((ends_ & -ends_) - 1))

AVX2 static inline uint64_t equal_avx2(__m256i low, __m256i high, char byte)
{
    const __m256i wanted = _mm256_set1_epi8(byte);

    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)) << 32;
}

AVX2 static bool scan_avx2(ti_csv_index *index, const unsigned char *data, size_t size)
{
    uint32_t marks = 1, rows = 0;

    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("popcnt"))
        return false;
    index->mark[0] = UINT32_MAX;
    for (size_t at = 0; at < size; at += GROUP) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)(data + at));
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(data + at + 32));
        uint64_t ends = equal_avx2(low, high, '\n') & inside(size - at);
        uint64_t all = (equal_avx2(low, high, ';') & inside(size - at)) | ends;
        uint32_t *to = index->mark + marks;

        NOTE_ROWS(index, rows, marks, all, ends);
        marks += (uint32_t)__builtin_popcountll(all);
        do {
#pragma GCC unroll 8
            for (unsigned i = 0; i < 8; i++, all &= all - 1)
                to[i] = (uint32_t)at + (uint32_t)_tzcnt_u64(all);
            to += 8;
        } while (all != 0);
    }
    index->rows = rows;
    return true;
}

/* --- AVX-512 --------------------------------------------------------------------------------------------------------------------- */

/* Sixteen marks at a time: the numbers of the bits, as bytes, are moved together and made wider. */
AVX512 static bool scan_avx512(ti_csv_index *index, const unsigned char *data, size_t size)
{
    static const unsigned char count[GROUP] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                               16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
                                               32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
                                               48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    uint32_t marks = 1, rows = 0;

    if (!__builtin_cpu_supports("avx512vbmi2") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("popcnt"))
        return false;
    index->mark[0] = UINT32_MAX;
    for (size_t at = 0; at < size; at += GROUP) {
        __m512i bytes = _mm512_loadu_si512(data + at), base = _mm512_set1_epi32((int)at);
        uint64_t ends = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n')) & inside(size - at);
        uint64_t all = (_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(';')) & inside(size - at)) | ends;
        __m512i numbers = _mm512_maskz_compress_epi8(all, _mm512_loadu_si512(count));
        uint32_t *to = index->mark + marks, found = (uint32_t)__builtin_popcountll(all);

        NOTE_ROWS(index, rows, marks, all, ends);
        marks += found;
        _mm512_storeu_si512(to, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(numbers)), base));
        for (uint32_t noted = 16; noted < found; noted += 16) {
            numbers = _mm512_alignr_epi32(numbers, numbers, 4); /* the next sixteen bytes come first */
            _mm512_storeu_si512(to + noted,
                                _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(numbers)), base));
        }
    }
    index->rows = rows;
    return true;
}

const ti_csv_scanner ti_csv_scanners[TI_CSV_SCANNERS] = {scan_avx512, scan_avx2, scan_sse2};
#else
static bool scan_plainly(ti_csv_index *index, const unsigned char *data, size_t size)
{
    ti_csv_scan_scalar(index, data, size);
    return true;
}

const ti_csv_scanner ti_csv_scanners[TI_CSV_SCANNERS] = {scan_plainly, scan_plainly, scan_plainly};
#endif

void ti_csv_scan(ti_csv_index *index, const unsigned char *data, size_t size)
{
    for (unsigned i = 0; i < TI_CSV_SCANNERS && !ti_csv_scanners[i](index, data, size); i++)
        ;
}
