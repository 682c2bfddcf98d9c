#include "format/cotahist_record.h"

#include <string.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include <tickerimport/schema.h>

#include "base/date.h"
#include "base/slice.h"
#include "format/digits.h"

#define RECORD TI_COTAHIST_RECORD
#define PRICE_FACTOR 10000 /* V99 to the columns' scale of 6 */
#define NO_EXPIRY 99991231
#define SOURCE "cotahist"

/* Kinds of fields:
 * DATE, EXPIRY    AAAAMMDD; 99991231 is "no expiry"
 * TEXT            latin-1, blanks at the end cut off
 * CODE            three digits, kept as text
 * TERM            blank: null; three digits: a number; control bytes (34 records of 1987): read as blank and counted
 * PRICE           13 digits, the last two behind the point
 * NUMBER          digits, as they are (VOLTOT counts cents, PTOEXE millionths: the columns' own scales)
 * …_OR_NULL       the same, null when zero */
typedef enum field_kind { DATE, TEXT, CODE, TERM, PRICE, PRICE_OR_NULL, NUMBER, NUMBER_OR_NULL, EXPIRY } field_kind;

typedef struct layout_field {
    unsigned column;
    const char *name;
    unsigned offset, length;
    field_kind kind;
} layout_field;

static const layout_field fields[] = {
#define FIELD(column, name, offset, length, kind) {TICKER_QUOTE_##column, name, offset, length, kind},
#include "format/cotahist.def"
#undef FIELD
};

#define FIELD(column, name, offset, length, kind) +length
_Static_assert(2
#include "format/cotahist.def"
                   == RECORD,
               "the fields and TIPREG fill the record");
#undef FIELD

bool ti_cotahist_is_record(const unsigned char *data, size_t size)
{
    if (size < RECORD || data[0] != '0' || data[1] != '1')
        return false;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (fields[i].kind != TEXT && fields[i].kind != TERM)
            for (unsigned k = 0; k < fields[i].length; k++)
                if (data[fields[i].offset + k] < '0' || data[fields[i].offset + k] > '9')
                    return false;
    return true;
}

static bool parse_day(uint64_t digits, int64_t *days)
{
    int year = (int)(digits / 10000);
    unsigned month = (unsigned)(digits / 100 % 100), day = (unsigned)(digits % 100);

    if (!ti_date_valid(year, month, day))
        return false;
    *days = ti_date_from_civil(year, month, day);
    return true;
}

/* The length of a text without the blanks at its end; *odd is set when a byte is no printable ASCII. Copies sixteen bytes to `to`. */
static inline uint32_t copy_text(const unsigned char *at, unsigned length, char *to, uint32_t *odd)
{
#ifdef __SSE2__
    const uint32_t all = (1u << length) - 1;
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    uint32_t blank = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')));
    /* One more, and signed: what is above 0x7e counts as low too. */
    __m128i more = _mm_add_epi8(bytes, _mm_set1_epi8(1));
    uint32_t low = (uint32_t)_mm_movemask_epi8(_mm_cmplt_epi8(more, _mm_set1_epi8(' ' + 1)));

    _mm_storeu_si128((__m128i *)(void *)to, bytes);
    *odd |= low & all;
    return 32 - (uint32_t)__builtin_clz((~blank & all) << 1 | 1) - 1;
#else
    uint32_t size = length;

    for (unsigned i = 0; i < length; i++)
        *odd |= (uint32_t)(at[i] < ' ' || at[i] > 0x7e);
    memcpy(to, at, length);
    while (size > 0 && at[size - 1] == ' ')
        size--;
    return size;
#endif
}

static inline void put_text(ticker_batch *batch, unsigned column, uint32_t row, const unsigned char *at,
                            unsigned length, uint32_t *odd)
{
    uint32_t size = copy_text(at, length, batch->arena + batch->arena_size, odd);

    batch->text[column][row] = (ti_text){batch->arena_size, size};
    batch->arena_size += size;
}

/* The day of DATA, remembered from the record before. */
static inline bool take_date(ti_cotahist_day *day, const unsigned char *at, int64_t *days)
{
    uint64_t word = ti_load8(at), bad = 0;

    if (word != day->word || word == 0) {
        uint64_t digits = ti_digits(at, 8, &bad);

        if (bad != 0 || !parse_day(digits, &day->days)) {
            day->word = 0;
            return false;
        }
        day->word = word;
    }
    *days = day->days;
    return true;
}

static inline bool take_expiry(uint64_t digits, int64_t *days)
{
    if (digits != NO_EXPIRY)
        return parse_day(digits, days);
    *days = TICKER_NULL;
    return true;
}

static inline bool is_blank3(const unsigned char *at)
{
    return at[0] == ' ' && at[1] == ' ' && at[2] == ' ';
}

static inline int64_t null_if_zero(uint64_t value)
{
    return value == 0 ? TICKER_NULL : (int64_t)value;
}

/* The columns that no field gives. */
static inline void end_row(ticker_batch *batch, uint32_t row)
{
    batch->i64[TICKER_QUOTE_TURNOVER_REST][row] = 0;
    memcpy(batch->arena + batch->arena_size, SOURCE, sizeof(SOURCE) - 1);
    batch->text[TICKER_QUOTE_SOURCE][row] = (ti_text){batch->arena_size, sizeof(SOURCE) - 1};
    batch->arena_size += (uint32_t)sizeof(SOURCE) - 1;
}

#define DECODER decode_words
#define ATTRIBUTES
#define DIGITS(at, count) ti_digits(at, count, &bad)
#define BAD_BEGIN uint64_t bad = 0;
#define BAD_FOUND bad != 0
#include "format/cotahist_decode.inc"

bool ti_cotahist_decode_words(ti_cotahist_day *day, const unsigned char *record, ticker_batch *batch)
{
    return decode_words(day, record, batch);
}

#if defined(__x86_64__) && defined(__SSE2__)
#define SSE41 __attribute__((target("sse4.1")))

/* Sixteen bytes that end where the digits end; what stands before them is cleared. Four multiplications join them, two at a time. */
SSE41 static inline uint64_t digits16(const unsigned char *end, unsigned count, __m128i *bad)
{
    static const signed char keep[32] = {0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
                                         -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    const __m128i pairs = _mm_set1_epi16(0x010a), quads = _mm_set1_epi32(0x00010064),
                  eights = _mm_set1_epi32(0x00012710);
    __m128i values = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)(end - 16)), _mm_set1_epi8('0'));
    uint64_t halves;

    values = _mm_and_si128(values, _mm_loadu_si128((const __m128i *)(const void *)(keep + count)));
    *bad = _mm_max_epu8(*bad, values);
    values = _mm_madd_epi16(_mm_maddubs_epi16(values, pairs), quads);
    values = _mm_madd_epi16(_mm_packus_epi32(values, values), eights);
    halves = (uint64_t)_mm_cvtsi128_si64(values);
    return (halves & UINT32_MAX) * 100000000u + (halves >> 32);
}

SSE41 static inline uint64_t digits_sse41(const unsigned char *at, unsigned count, __m128i *bad)
{
    if (count <= 16)
        return digits16(at + count, count, bad);
    return digits16(at + count, 16, bad) + digits16(at + count - 16, count - 16, bad) * 10000000000000000u;
}

#define DECODER decode_sse41
#define ATTRIBUTES SSE41
#define DIGITS(at, count) digits_sse41(at, count, &bad)
#define BAD_BEGIN __m128i bad = _mm_setzero_si128();
#define BAD_FOUND _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(bad, _mm_set1_epi8(10)), bad)) != 0
#include "format/cotahist_decode.inc"

ti_cotahist_decode ti_cotahist_choose_decoder(void)
{
    return __builtin_cpu_supports("sse4.1") != 0 ? decode_sse41 : decode_words;
}
#else
ti_cotahist_decode ti_cotahist_choose_decoder(void)
{
    return decode_words;
}
#endif

static bool decode_digits(const layout_field *field, const unsigned char *at, uint64_t *value, ti_cotahist_fault *fault)
{
    *value = 0;
    for (unsigned i = 0; i < field->length; i++) {
        if (at[i] < '0' || at[i] > '9') {
            *fault = (ti_cotahist_fault){field->name, field->offset, field->length, i, "is no digit"};
            return false;
        }
        *value = *value * 10 + (uint64_t)(at[i] - '0');
    }
    return true;
}

/* Latin-1 to UTF-8. Control bytes cannot be stored as text and mean a damaged record. */
static bool decode_text(const layout_field *field, const unsigned char *at, ticker_batch *batch,
                        ti_cotahist_fault *fault)
{
    uint32_t start = batch->arena_size;
    unsigned length = field->length;

    while (length > 0 && at[length - 1] == ' ')
        length--;
    if (length == 0 && field->column == TICKER_QUOTE_TICKER) {
        *fault = (ti_cotahist_fault){field->name, field->offset, field->length, 0, "is blank"};
        return false;
    }
    for (unsigned i = 0; i < length; i++) {
        if (at[i] < 0x20 || at[i] == 0x7f) {
            *fault = (ti_cotahist_fault){field->name, field->offset, field->length, i, "holds a control byte"};
            return false;
        }
        if (at[i] >= 0x80)
            batch->arena[batch->arena_size++] = (char)(0xc0 | at[i] >> 6);
        batch->arena[batch->arena_size++] = (char)(at[i] < 0x80 ? at[i] : 0x80 | (at[i] & 0x3f));
    }
    batch->text[field->column][batch->rows] = (ti_text){start, batch->arena_size - start};
    return true;
}

static bool decode_term(const layout_field *field, const unsigned char *at, int64_t *value, bool *repaired,
                        ti_cotahist_fault *fault)
{
    uint64_t digits;

    *value = TICKER_NULL;
    if (memcmp(at, "   ", 3) == 0)
        return true;
    for (unsigned i = 0; i < 3; i++)
        if (at[i] < 0x20 || at[i] >= 0x7f) {
            *repaired = true;
            return true;
        }
    if (!decode_digits(field, at, &digits, fault))
        return false;
    *value = (int64_t)digits;
    return true;
}

static bool decode_field(const layout_field *field, const unsigned char *record, ticker_batch *batch, bool *repaired,
                         ti_cotahist_fault *fault)
{
    const unsigned char *at = record + field->offset;
    int64_t *value = batch->i64[field->column] != NULL ? &batch->i64[field->column][batch->rows] : NULL;
    uint64_t digits;

    if (field->kind == TEXT)
        return decode_text(field, at, batch, fault);
    if (field->kind == TERM)
        return decode_term(field, at, value, repaired, fault);
    if (!decode_digits(field, at, &digits, fault))
        return false;
    switch (field->kind) {
    case CODE:
        return decode_text(field, at, batch, fault);
    case EXPIRY:
    case DATE:
        *value = TICKER_NULL;
        if ((field->kind == EXPIRY && digits == NO_EXPIRY) || parse_day(digits, value))
            return true;
        *fault = (ti_cotahist_fault){field->name, field->offset, field->length, 0, "is no date"};
        return false;
    case PRICE:
        *value = (int64_t)(digits * PRICE_FACTOR);
        return true;
    case PRICE_OR_NULL:
        *value = null_if_zero(digits * PRICE_FACTOR);
        return true;
    case NUMBER_OR_NULL:
        *value = null_if_zero(digits);
        return true;
    default:
        *value = (int64_t)digits;
        return true;
    }
}

bool ti_cotahist_decode_odd(const unsigned char *record, ticker_batch *batch, bool *repaired, ti_cotahist_fault *fault)
{
    uint32_t arena = batch->arena_size;

    *repaired = false;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (!decode_field(&fields[i], record, batch, repaired, fault)) {
            batch->arena_size = arena;
            return false;
        }
    end_row(batch, batch->rows);
    return true;
}
