/* Where a page of an answer begins, as the text that goes out and comes back. */
#ifndef TI_QUERY_PLACE_H
#define TI_QUERY_PLACE_H

#include "query/query.h"

/* Which fields a place of this question has; each is a number or a text. */
typedef enum ti_field {
    TI_FIELD_NONE = 0,
    TI_FIELD_DATE,
    TI_FIELD_TIME,
    TI_FIELD_NUMBER,
    TI_FIELD_TEXT, /* may be empty: that stands for null */
} ti_field;

/* TI_PLACE_FIELDS of them. */
const ti_field *ti_place_fields(const ticker_query *query);

/* Whether `text` can be a cursor at all; whose it is shows ti_place_read(). */
bool ti_place_looks_good(ti_slice text);
/* The place of the query's cursor, which is there. TICKER_FATAL with TICKER_ERROR_USAGE: it is damaged, or of another question. */
ticker_status ti_place_read(const ticker_query *query, ti_place *place, ticker_error *error);
/* The cursor that stands for these fields, whatever they are. */
bool ti_place_seal(const ticker_query *query, ti_slice fields, ti_buffer *cursor);
/* The key of a row of the answer's list. False: no row that this library would have written. */
bool ti_place_of_row(const ticker_query *query, const ti_query_columns *columns, const ti_cell *cells, ti_place *place);
/* Makes the place the query's next one. */
ticker_status ti_place_write(ticker_query *query, const ti_place *place, ticker_error *error);

#endif
