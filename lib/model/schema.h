/* What every table is made of: read from quote.def and trade.def, the only places where columns are listed. */
#ifndef TI_MODEL_SCHEMA_H
#define TI_MODEL_SCHEMA_H

#include <stdbool.h>

#include <tickerimport/schema.h>

typedef struct ti_column {
    const char *name; /* in the databases */
    const char *json; /* in JSON and CSV; NULL: not shown */
    const char *b3;   /* B3's name, "" when none */
    ticker_type type;
    unsigned scale;       /* of the mantissa */
    unsigned digits;      /* decimals always shown */
    bool quoted;          /* an integer that JSON shows as a string */
    const char *postgres; /* type in PostgreSQL; NULL: not a column of its own there */
    const char *description;
} ti_column;

/* NULL for an unknown table; *count columns otherwise. */
const ti_column *ti_schema_columns(ticker_table table, unsigned *count);

#endif
