/* One message of a price report: what stands in it, until it is a row. */
#ifndef TI_FORMAT_BVBG086_REPORT_H
#define TI_FORMAT_BVBG086_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <tickerimport/schema.h>

#include "base/number.h"
#include "model/batch.h"
#include "model/report.h"

#define TI_PRICE_SOURCE "bvbg086"
#define TI_PRICE_CURRENCY_MAX 12 /* bytes */
#define TI_PRICE_SHOWN_MAX 41    /* bytes of a value in a message, NUL included */

/* What an element holds. */
typedef enum ti_price_kind {
    TI_PRICE_INTO, /* elements of a place of their own */
    TI_PRICE_SKIP, /* known, and no column for it */
    TI_PRICE_DATE,
    TI_PRICE_TICKER,
    TI_PRICE_COUNT,
    TI_PRICE_PRICE,
    TI_PRICE_RATE,
    TI_PRICE_MONEY,
    TI_PRICE_TOTAL,
    TI_PRICE_TYPE, /* of the envelope */
    TI_PRICE_CREATED
} ti_price_kind;

/* Totals that may be left out where the regular and the other part of them stand. */
enum {
    TI_PRICE_TRADES,
    TI_PRICE_VOLUME,
    TI_PRICE_TURNOVER,
    TI_PRICE_TOTALS,
    TI_PRICE_REGULAR = TI_PRICE_TOTALS,
    TI_PRICE_OTHER = 2 * TI_PRICE_TOTALS
};

typedef struct ti_price_field {
    unsigned char parent; /* the place in which it stands */
    const char *name;
    ti_price_kind kind;
    unsigned char place; /* the place that it is, or its column, or which total */
} ti_price_field;

typedef struct ti_price_report {
    uint64_t line;
    uint64_t seen; /* fields, as bits */
    bool bad;
    uint64_t bad_line;
    char reason[TI_REASON_MAX];
    char currency[TI_PRICE_CURRENCY_MAX + 1], ticker[TICKER_TICKER_MAX + 1];
    int64_t cells[TICKER_QUOTE_COLUMNS]; /* of its row: it may begin in one batch and end in the next */
    bool has[3 * TI_PRICE_TOTALS];
    ti_int128 totals[3 * TI_PRICE_TOTALS]; /* turnovers in millionths */
} ti_price_report;

void ti_price_report_begin(ti_price_report *report, uint64_t line);
/* The first thing that is wrong with a report is the one that is told; `value` NULL: not that of one field. */
void ti_price_report_spoil(ti_price_report *report, uint64_t line, const char *name, ti_slice value, const char *why);
/* The currency of a price or an amount. */
void ti_price_report_currency(ti_price_report *report, const ti_price_field *field, ti_slice currency, uint64_t line);
/* The text of a field, without blanks around it. */
void ti_price_report_take(ti_price_report *report, const ti_price_field *field, ti_slice text, uint64_t line);
/* Everything was taken: false when it cannot be a row, for the reason that it then has. */
bool ti_price_report_end(ti_price_report *report);
/* Makes it the batch's next row; false: there is no room. */
bool ti_price_report_put(const ti_price_report *report, ticker_batch *batch);

#endif
