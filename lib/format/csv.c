#include "format/csv.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

#ifdef __SSE2__
/* Bits of the bytes of data[0 … 64) that equal `byte`. */
static inline uint64_t equal64(const unsigned char *data, char byte)
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

void ti_csv_scan(ti_csv_index *index, const unsigned char *data, size_t size)
{
    uint32_t marks = 1, rows = 0;

    index->mark[0] = UINT32_MAX;
    for (size_t at = 0; at < size; at += 64) {
        uint64_t inside = size - at >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (size - at)) - 1;
        uint64_t ends = equal64(data + at, '\n') & inside;
        uint64_t all = (equal64(data + at, ';') & inside) | ends, left = all;
        uint32_t noted = marks;

        do {
            left = note_eight(index, noted, &rows, left, ends, (uint32_t)at);
            noted += 8;
        } while (left != 0);
        marks += count_bits(all);
    }
    index->rows = rows;
}
#else
void ti_csv_scan(ti_csv_index *index, const unsigned char *data, size_t size)
{
    ti_csv_scan_scalar(index, data, size);
}
#endif

/* Nothing may be added to NULL, not even nothing. */
static const char *end_of(ti_slice text)
{
    return text.size > 0 ? text.data + text.size : text.data;
}

unsigned ti_csv_split(ti_slice line, ti_slice cells[TICKER_CSV_COLUMNS_MAX])
{
    const char *at = line.data, *end = end_of(line);
    unsigned count = 0;

    for (;;) {
        const char *next = at < end ? memchr(at, ';', (size_t)(end - at)) : NULL;

        if (count == TICKER_CSV_COLUMNS_MAX)
            return 0;
        cells[count++] = (ti_slice){at, (size_t)((next != NULL ? next : end) - at)};
        if (next == NULL)
            return count;
        at = next + 1;
    }
}

/* The cell that begins with a quote at `at`. Returns where it ends, behind its last quote; NULL: it has none. */
static const char *unquote(const char *at, const char *end, char *to, size_t *size)
{
    *size = 0;
    for (at++; at < end; at++) {
        if (*at == '"' && (at + 1 == end || at[1] != '"'))
            return at + 1;
        to[(*size)++] = *at;
        at += *at == '"';
    }
    return NULL;
}

unsigned ti_csv_split_quoted(ti_slice line, char *unquoted, ti_slice cells[TICKER_CSV_COLUMNS_MAX], const char **why)
{
    const char *at = line.data, *end = end_of(line), *next;
    unsigned count = 0;

    *why = NULL;
    for (;;) {
        if (count == TICKER_CSV_COLUMNS_MAX)
            return 0;
        if (at < end && *at == '"') {
            size_t size;

            next = unquote(at, end, unquoted, &size);
            *why = next == NULL                 ? "a quote is not closed"
                   : next < end && *next != ';' ? "text stands behind a closing quote"
                                                : NULL;
            if (*why != NULL)
                return 0;
            cells[count++] = (ti_slice){unquoted, size};
            unquoted += size;
        } else {
            next = at < end ? memchr(at, ';', (size_t)(end - at)) : NULL;
            next = next != NULL ? next : end;
            cells[count++] = (ti_slice){at, (size_t)(next - at)};
        }
        if (next == end)
            return count;
        at = next + 1;
    }
}
