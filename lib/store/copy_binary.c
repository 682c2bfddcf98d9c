#include "store/copy_binary.h"

#include <endian.h>
#include <string.h>

#include "base/error.h"
#include "model/schema.h"

#define NUMERIC_NEGATIVE 0x4000
#define NUMERIC_SCALE_MAX 8
#define NUMERIC_GROUPS_MAX 12 /* 128 bits have at most 39 digits, in groups of four, with two more behind the point */

const char ti_copy_header[TI_COPY_HEADER_SIZE] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
const char ti_copy_trailer[TI_COPY_TRAILER_SIZE] = "\377\377";

static const struct {
    const char *name; /* how the type's text begins in quote.def and trade.def */
    ti_copy_kind kind;
    ticker_type type; /* what the batch must hold for it */
} kinds[] = {
    {"text", TI_COPY_TEXT, TICKER_TYPE_TEXT},          {"smallint", TI_COPY_INT2, TICKER_TYPE_INTEGER},
    {"integer", TI_COPY_INT4, TICKER_TYPE_INTEGER},    {"bigint", TI_COPY_INT8, TICKER_TYPE_INTEGER},
    {"numeric", TI_COPY_NUMERIC, TICKER_TYPE_DECIMAL}, {"date", TI_COPY_DATE, TICKER_TYPE_DATE},
    {"time", TI_COPY_TIME, TICKER_TYPE_TIME},
};

static inline char *put16(char *at, uint16_t value)
{
    value = htobe16(value);
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

static inline char *put32(char *at, uint32_t value)
{
    value = htobe32(value);
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

static inline char *put64(char *at, uint64_t value)
{
    value = htobe64(value);
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

char *ti_copy_null(char *at)
{
    return put32(at, UINT32_MAX);
}

char *ti_copy_int2(char *at, int16_t value)
{
    return put16(put32(at, 2), (uint16_t)value);
}

char *ti_copy_int4(char *at, int32_t value)
{
    return put32(put32(at, 4), (uint32_t)value);
}

char *ti_copy_int8(char *at, int64_t value)
{
    return put64(put32(at, 8), (uint64_t)value);
}

char *ti_copy_text(char *at, ti_slice text)
{
    at = put32(at, (uint32_t)text.size);
    if (text.size > 0)
        memcpy(at, text.data, text.size);
    return at + text.size;
}

char *ti_copy_date(char *at, int64_t days)
{
    return ti_copy_int4(at, (int32_t)(days - TI_COPY_DAYS_2000));
}

char *ti_copy_time(char *at, int64_t milliseconds)
{
    return ti_copy_int8(at, milliseconds * 1000);
}

char *ti_copy_fields(char *at, unsigned count)
{
    return put16(at, (uint16_t)count);
}

/* A numeric is groups of four digits, the first one worth 10000^weight, without zero groups at either end. */
static char *put_numeric(char *at, bool negative, unsigned decimals, int weight, const uint16_t *groups, unsigned count)
{
    while (count > 0 && groups[count - 1] == 0)
        count--;
    while (count > 0 && groups[0] == 0) {
        groups++;
        count--;
        weight--;
    }
    if (count == 0) {
        weight = 0;
        negative = false;
    }
    at = put32(at, 8 + 2 * count);
    at = put16(at, (uint16_t)count);
    at = put16(at, (uint16_t)weight);
    at = put16(at, negative ? NUMERIC_NEGATIVE : 0);
    at = put16(at, (uint16_t)decimals);
    for (unsigned i = 0; i < count; i++)
        at = put16(at, groups[i]);
    return at;
}

/* Prices have two decimals nearly always, so they get divisions by constants. */
static char *put_hundredths(char *at, bool negative, uint64_t value)
{
    uint16_t groups[4];
    uint64_t whole = value / 100;
    uint16_t fraction = (uint16_t)(value % 100 * 100);
    if (whole < 10000) {
        groups[0] = (uint16_t)whole;
        groups[1] = fraction;
        return put_numeric(at, negative, 2, 0, groups, 2);
    }
    groups[0] = (uint16_t)(whole / 100000000);
    groups[1] = (uint16_t)(whole / 10000 % 10000);
    groups[2] = (uint16_t)(whole % 10000);
    groups[3] = fraction;
    return put_numeric(at, negative, 2, 2, groups, 4);
}

static char *put_decimal(char *at, bool negative, unsigned __int128 value, unsigned scale)
{
    uint16_t groups[NUMERIC_GROUPS_MAX];
    unsigned used = NUMERIC_GROUPS_MAX;
    unsigned behind = (scale + 3) / 4; /* groups behind the point */
    uint64_t unit = (uint64_t)ti_power10(scale);
    uint64_t fraction = (uint64_t)(value % unit) * (uint64_t)ti_power10(4 * behind - scale);
    unsigned __int128 whole = value / unit;
    for (unsigned i = 0; i < behind; i++) {
        groups[--used] = (uint16_t)(fraction % 10000);
        fraction /= 10000;
    }
    while (whole > 0) {
        groups[--used] = (uint16_t)(whole % 10000);
        whole /= 10000;
    }
    unsigned count = NUMERIC_GROUPS_MAX - used;
    return put_numeric(at, negative, scale, (int)(count - behind) - 1, groups + used, count);
}

/* Same as ti_copy_numeric() for a mantissa that fits 64 bits, which is all but the odd sum. */
static inline char *put_numeric64(char *at, int64_t mantissa, unsigned scale, unsigned digits)
{
    bool negative = mantissa < 0;
    uint64_t value = negative ? -(uint64_t)mantissa : (uint64_t)mantissa;
    if (scale >= digits + 4 && value % 10000 == 0) {
        value /= 10000;
        scale -= 4;
    }
    while (scale > digits && value % 10 == 0) {
        value /= 10;
        scale--;
    }
    if (scale == 2 && value < UINT64_C(100000000000000))
        return put_hundredths(at, negative, value);
    return put_decimal(at, negative, value, scale);
}

char *ti_copy_numeric(char *at, ti_int128 mantissa, unsigned scale, unsigned digits)
{
    if (mantissa > INT64_MIN && mantissa <= INT64_MAX)
        return put_numeric64(at, (int64_t)mantissa, scale, digits);
    bool negative = mantissa < 0;
    unsigned __int128 value = negative ? -(unsigned __int128)mantissa : (unsigned __int128)mantissa;
    while (scale > digits && value % 10 == 0) {
        value /= 10;
        scale--;
    }
    return put_decimal(at, negative, value, scale);
}

void ti_copy_tail_clear(ti_copy_tail *tail)
{
    tail->fields = 0;
    tail->size = 0;
}

void ti_copy_tail_int4(ti_copy_tail *tail, int32_t value)
{
    tail->size = (unsigned)(ti_copy_int4(tail->bytes + tail->size, value) - tail->bytes);
    tail->fields++;
}

void ti_copy_tail_int8(ti_copy_tail *tail, int64_t value)
{
    tail->size = (unsigned)(ti_copy_int8(tail->bytes + tail->size, value) - tail->bytes);
    tail->fields++;
}

static bool make_field(ti_copy_field *field, const ti_column *column, unsigned number)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t length = strlen(kinds[i].name);
        char after = strncmp(column->postgres, kinds[i].name, length) == 0 ? column->postgres[length] : 'x';
        if (after != '\0' && after != ' ' && after != '(')
            continue;
        *field = (ti_copy_field){.kind = kinds[i].kind,
                                 .column = number,
                                 .rest = number,
                                 .scale = column->scale,
                                 .digits = column->digits,
                                 .required = strstr(column->postgres, "NOT NULL") != NULL};
        return column->type == kinds[i].type && column->scale <= NUMERIC_SCALE_MAX;
    }
    return false;
}

bool ti_copy_layout_make(ti_copy_layout *layout, ticker_table table)
{
    unsigned count = 0;
    const ti_column *columns = ti_schema_columns(table, &count);
    if (columns == NULL || count > TI_COLUMNS_MAX)
        return false;
    layout->table = table;
    layout->count = 0;
    for (unsigned i = 0; i < count; i++) {
        if (columns[i].postgres != NULL) {
            if (!make_field(&layout->fields[layout->count++], &columns[i], i))
                return false;
        } else if (table == TICKER_QUOTES && i == TICKER_QUOTE_TURNOVER_REST && layout->count > 0 &&
                   layout->fields[layout->count - 1].column == TICKER_QUOTE_TURNOVER) {
            layout->fields[layout->count - 1].rest = i;
        } else {
            return false;
        }
    }
    return true;
}

static ticker_status unfit(const ticker_batch *batch, const ti_copy_field *field, size_t row, int64_t value,
                           ticker_error *error)
{
    const char *name = ticker_column_name(batch->table, field->column);
    if (value == TICKER_NULL)
        ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "column %s has no value", name);
    else
        ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "%lld is too large for column %s", (long long)value, name);
    ti_error_place(error, batch->line[row], 0, -1);
    return TICKER_FAILED;
}

static inline char *put_money(char *at, const ticker_batch *batch, const ti_copy_field *field, size_t row,
                              int64_t value)
{
    if (field->rest != field->column) {
        int64_t rest = batch->i64[field->rest][row];
        if (rest != 0 && rest != TICKER_NULL)
            return ti_copy_numeric(at, (ti_int128)value * 10000 + rest, 6, field->digits);
    }
    return put_numeric64(at, value, field->scale, field->digits);
}

/* Writes a number, date or time; NULL when it does not fit. */
static inline char *put_number(char *at, const ticker_batch *batch, const ti_copy_field *field, size_t row,
                               int64_t value)
{
    switch (field->kind) {
    case TI_COPY_INT2:
        return value < INT16_MIN || value > INT16_MAX ? NULL : ti_copy_int2(at, (int16_t)value);
    case TI_COPY_INT4:
        return value < INT32_MIN || value > INT32_MAX ? NULL : ti_copy_int4(at, (int32_t)value);
    case TI_COPY_INT8:
        return ti_copy_int8(at, value);
    case TI_COPY_NUMERIC:
        return put_money(at, batch, field, row, value);
    case TI_COPY_DATE:
        return value < INT32_MIN / 2 || value > INT32_MAX / 2 ? NULL : ti_copy_date(at, value);
    case TI_COPY_TIME:
        return value < 0 || value >= INT64_C(86400000) ? NULL : ti_copy_time(at, value);
    case TI_COPY_TEXT:
        break;
    }
    return NULL;
}

static size_t row_bound(const ti_copy_layout *layout, const ticker_batch *batch, size_t row, const ti_copy_tail *tail)
{
    size_t bound = 2 + (size_t)layout->count * TI_COPY_NUMBER_MAX + tail->size;
    for (unsigned i = 0; i < layout->count; i++) {
        if (layout->fields[i].kind == TI_COPY_TEXT)
            bound += batch->text[layout->fields[i].column][row].size;
    }
    return bound;
}

ticker_status ti_copy_row(const ti_copy_layout *layout, const ticker_batch *batch, size_t row, const ti_copy_tail *tail,
                          ti_buffer *buffer, ticker_error *error)
{
    char *start = ti_buffer_reserve(buffer, row_bound(layout, batch, row, tail));
    if (start == NULL)
        return ti_fail_memory(error);
    char *at = ti_copy_fields(start, layout->count + tail->fields);
    for (unsigned i = 0; i < layout->count; i++) {
        const ti_copy_field *field = &layout->fields[i];
        if (field->kind == TI_COPY_TEXT) {
            ti_slice text = ti_batch_text(batch, field->column, row);
            at = text.size == 0 && !field->required ? ti_copy_null(at) : ti_copy_text(at, text);
            continue;
        }
        int64_t value = batch->i64[field->column][row];
        if (value == TICKER_NULL && !field->required) {
            at = ti_copy_null(at);
            continue;
        }
        at = value == TICKER_NULL ? NULL : put_number(at, batch, field, row, value);
        if (at == NULL)
            return unfit(batch, field, row, value, error);
    }
    memcpy(at, tail->bytes, tail->size);
    buffer->size += (size_t)(at - start) + tail->size;
    return TICKER_OK;
}
