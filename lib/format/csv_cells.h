/* Cells of a ';' file as values. Loads may begin up to sixteen bytes before a cell: the stream's margin makes that safe. */
#ifndef TI_FORMAT_CSV_CELLS_H
#define TI_FORMAT_CSV_CELLS_H

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <tickerimport/schema.h>

#include "base/date.h"
#include "base/number.h"
#include "format/digits.h"
#include "model/batch.h"

#define TI_CSV_INLINE static inline __attribute__((always_inline))

/* A cell by its first byte and the one behind its last. */
typedef struct ti_csv_cell {
    const unsigned char *at, *end;
} ti_csv_cell;

static inline ti_slice ti_csv_slice(ti_csv_cell cell)
{
    return (ti_slice){(const char *)cell.at, (size_t)(cell.end - cell.at)};
}

/* The date of the row before: nearly all rows of a file repeat it. To begin with, text[0] is '\n', which no cell holds. */
typedef struct ti_csv_date {
    unsigned char text[10];
    int64_t days;
} ti_csv_date;

/* YYYY-MM-DD. */
static inline bool ti_csv_take_date(ti_csv_date *last, ti_csv_cell cell, int64_t *days)
{
    if (cell.end - cell.at != 10)
        return false;
    if (memcmp(cell.at, last->text, 10) != 0) {
        if (!ti_parse_date_iso(ti_csv_slice(cell), &last->days))
            return false;
        memcpy(last->text, cell.at, 10);
    }
    *days = last->days;
    return true;
}

/* 1 to 18 digits. */
TI_CSV_INLINE bool ti_csv_take_number(ti_csv_cell cell, int64_t *number)
{
    uint64_t bad = 0;
    size_t size = (size_t)(cell.end - cell.at);

    if (size - 1 >= 18)
        return false;
    *number = (int64_t)(size <= 8 ? ti_digits_upto8(cell.end, (unsigned)size, &bad)
                                  : ti_digits(cell.at, (unsigned)size, &bad));
    return bad == 0;
}

/* The same, null when empty; at most what 32 bits hold. */
TI_CSV_INLINE bool ti_csv_take_participant(ti_csv_cell cell, int64_t *number)
{
    if (cell.at == cell.end) {
        *number = TICKER_NULL;
        return true;
    }
    return ti_csv_take_number(cell, number) && *number <= INT32_MAX;
}

/* 1 to `max` bytes (0 to `max` when `min` is 0). Printable ASCII without blanks: whatever else there is makes it false. */
static inline bool ti_csv_take_text(ticker_batch *batch, unsigned column, ti_csv_cell cell, size_t min, size_t max)
{
    size_t size = (size_t)(cell.end - cell.at);
    char *to = batch->arena + batch->arena_size;
    bool odd = false;

    if (size < min || size > max)
        return false;
#ifdef __SSE2__
    if (size <= 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)cell.at);
        __m128i more = _mm_add_epi8(bytes, _mm_set1_epi8(1)); /* signed: what is above 0x7e counts as low too */
        uint32_t low = (uint32_t)_mm_movemask_epi8(_mm_cmplt_epi8(more, _mm_set1_epi8('!' + 1)));

        _mm_storeu_si128((__m128i *)(void *)to, bytes);
        odd = (low & ((1u << size) - 1)) != 0;
    } else
#endif
        for (size_t i = 0; i < size; i++) {
            odd |= cell.at[i] <= ' ' || cell.at[i] > 0x7e;
            to[i] = (char)cell.at[i];
        }
    batch->text[column][batch->rows] = (ti_text){batch->arena_size, (uint32_t)size};
    batch->arena_size += (uint32_t)size;
    return !odd;
}

#endif
