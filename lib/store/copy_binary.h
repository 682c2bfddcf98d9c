/* Rows of a batch in the binary format of PostgreSQL's COPY: no SQL, no connection, only bytes.
 *
 * A COPY stream is the header, rows, and the trailer. A row is a 16-bit number of fields and the fields; a field is a 32-bit length
 * (-1: null) and its bytes, everything in network byte order. */
#ifndef TI_STORE_COPY_BINARY_H
#define TI_STORE_COPY_BINARY_H

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include <tickerimport/error.h>

#include "base/buffer.h"
#include "base/number.h"
#include "model/batch.h"

#define TI_COPY_HEADER_SIZE 19
#define TI_COPY_TRAILER_SIZE 2
#define TI_COPY_NUMBER_MAX 40 /* bytes of any field that is not a text, length included */
#define TI_COPY_TAIL_FIELDS_MAX 3
#define TI_COPY_DAYS_2000 10957 /* from 1970-01-01 to 2000-01-01, from which PostgreSQL counts days */

extern const char ti_copy_header[TI_COPY_HEADER_SIZE];
extern const char ti_copy_trailer[TI_COPY_TRAILER_SIZE];

/* What a column becomes in PostgreSQL. */
typedef enum ti_copy_kind {
    TI_COPY_TEXT = 1,
    TI_COPY_INT2,
    TI_COPY_INT4,
    TI_COPY_INT8,
    TI_COPY_NUMERIC,
    TI_COPY_DATE,
    TI_COPY_TIME
} ti_copy_kind;

typedef struct ti_copy_field {
    ti_copy_kind kind;
    unsigned column; /* of the batch */
    unsigned rest;   /* column with the millionths below a scale of 2; equal to `column` when there is none */
    unsigned scale, digits;
    bool required;
} ti_copy_field;

/* How the rows of a table are encoded: made once, from the schema table. */
typedef struct ti_copy_layout {
    ticker_table table;
    unsigned count;
    ti_copy_field fields[TI_COLUMNS_MAX];
} ti_copy_layout;

/* Fields that do not come from the batch and follow those that do (occurrence, import_id, record). */
typedef struct ti_copy_tail {
    unsigned fields;
    unsigned size;
    char bytes[TI_COPY_TAIL_FIELDS_MAX * 12];
} ti_copy_tail;

/* False when the schema has a type that this file cannot write: a defect, found by the unit test. */
bool ti_copy_layout_make(ti_copy_layout *layout, ticker_table table);

/* Each writes one field, length included, and returns where the next one goes. Numbers take at most TI_COPY_NUMBER_MAX bytes. */
char *ti_copy_null(char *at);
char *ti_copy_int2(char *at, int16_t value);
char *ti_copy_int4(char *at, int32_t value);
char *ti_copy_int8(char *at, int64_t value);
char *ti_copy_text(char *at, ti_slice text);
char *ti_copy_date(char *at, int64_t days);
char *ti_copy_time(char *at, int64_t milliseconds);
/* mantissa / 10^scale (scale ≤ 8) with at least `digits` decimals and no more than the value needs. */
char *ti_copy_numeric(char *at, ti_int128 mantissa, unsigned scale, unsigned digits);
/* A length, or the bytes of an int4 or date, read back. */
static inline uint32_t ti_copy_read32(const char *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return be32toh(value);
}

/* The number of fields that begins a row. */
char *ti_copy_fields(char *at, unsigned count);

void ti_copy_tail_clear(ti_copy_tail *tail);
void ti_copy_tail_int4(ti_copy_tail *tail, int32_t value);
void ti_copy_tail_int8(ti_copy_tail *tail, int64_t value);

/* Appends row `row` of the batch. Blank texts become null unless the column must have a value. TICKER_FAILED with the row's line when
 * a value does not fit its column; TICKER_FATAL when memory is short. */
ticker_status ti_copy_row(const ti_copy_layout *layout, const ticker_batch *batch, size_t row, const ti_copy_tail *tail,
                          ti_buffer *buffer, ticker_error *error);

#endif
