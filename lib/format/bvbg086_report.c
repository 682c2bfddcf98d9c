#include "format/bvbg086_report.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/utf8.h"

#define NATIONAL "BRL"
#define PRICE_SCALE 6

static const ti_slice no_value = {NULL, 0};

void ti_price_report_spoil(ti_price_report *report, uint64_t line, const char *name, ti_slice value, const char *why)
{
    char shown[TI_PRICE_SHOWN_MAX];

    if (report->bad)
        return;
    report->bad = true;
    report->bad_line = line;
    (void)ti_utf8_copy(shown, sizeof(shown), value);
    if (value.data != NULL)
        (void)snprintf(report->reason, sizeof(report->reason), "%s \"%s\" %s", name, shown, why);
    else
        (void)snprintf(report->reason, sizeof(report->reason), "%s %s", name, why);
}

static bool is_code(ti_slice text, size_t max)
{
    if (text.size == 0 || text.size > max)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return false;
    return true;
}

/* All digits that the file has, of which up to six may stand behind the point. */
static bool take_money(ti_slice text, ti_int128 *millionths)
{
    int64_t value;

    if (ti_parse_decimal(text, '.', 2, &value)) {
        *millionths = (ti_int128)value * 10000;
        return true;
    }
    if (!ti_parse_decimal(text, '.', PRICE_SCALE, &value))
        return false;
    *millionths = value;
    return true;
}

void ti_price_report_begin(ti_price_report *report, uint64_t line)
{
    memset(report, 0, sizeof(*report));
    report->line = line;
    for (unsigned i = 0; i < TICKER_QUOTE_COLUMNS; i++)
        report->cells[i] = TICKER_NULL;
    report->cells[TICKER_QUOTE_TURNOVER_REST] = 0;
}

/* All prices of a report are in one currency, or it cannot be a row. */
void ti_price_report_currency(ti_price_report *report, const ti_price_field *field, ti_slice currency, uint64_t line)
{
    if (!is_code(currency, TI_PRICE_CURRENCY_MAX))
        ti_price_report_spoil(report, line, field->name, currency, "is no currency");
    else if (field->kind == TI_PRICE_MONEY && !ti_slice_is(currency, NATIONAL))
        ti_price_report_spoil(report, line, field->name, currency, "is another currency than " NATIONAL);
    else if (field->kind == TI_PRICE_PRICE && report->currency[0] != '\0' && !ti_slice_is(currency, report->currency))
        ti_price_report_spoil(report, line, field->name, currency, "is another currency than that of other prices");
    else if (field->kind == TI_PRICE_PRICE && report->currency[0] == '\0')
        memcpy(report->currency, currency.data, currency.size); /* zeros stand behind it */
}

void ti_price_report_take(ti_price_report *report, const ti_price_field *field, ti_slice text, uint64_t line)
{
    int64_t *cell = &report->cells[field->place], number;

    switch (field->kind) {
    case TI_PRICE_DATE:
        if (!ti_parse_date_iso(text, cell))
            ti_price_report_spoil(report, line, field->name, text, "is no date (YYYY-MM-DD)");
        break;
    case TI_PRICE_TICKER:
        if (is_code(text, TICKER_TICKER_MAX))
            memcpy(report->ticker, text.data, text.size); /* zeros stand behind it */
        else
            ti_price_report_spoil(report, line, field->name, text, "is no trading code");
        break;
    case TI_PRICE_COUNT:
        if (!ti_parse_decimal(text, '.', 0, cell) || *cell < 0 ||
            (field->place == TICKER_QUOTE_TERM_DAYS && *cell > INT16_MAX))
            ti_price_report_spoil(report, line, field->name, text, "is no whole number that fits");
        break;
    case TI_PRICE_PRICE:
    case TI_PRICE_RATE:
        if (!ti_parse_decimal(text, '.', PRICE_SCALE, cell))
            ti_price_report_spoil(report, line, field->name, text, "is no number with up to six decimals");
        break;
    case TI_PRICE_MONEY:
        if (!take_money(text, &report->totals[field->place]))
            ti_price_report_spoil(report, line, field->name, text, "is no amount with up to six decimals");
        report->has[field->place] = true;
        break;
    case TI_PRICE_TOTAL:
        if (!ti_parse_decimal(text, '.', 0, &number) || number < 0)
            ti_price_report_spoil(report, line, field->name, text, "is no whole number that fits");
        else
            report->totals[field->place] = number;
        report->has[field->place] = true;
        break;
    default:
        break;
    }
}

/* A total is what the file says it is, or else the sum of its parts. */
static bool total_of(const ti_price_report *report, unsigned which, ti_int128 *total)
{
    *total = report->totals[which];
    if (report->has[which])
        return true;
    *total = report->totals[TI_PRICE_REGULAR + which] + report->totals[TI_PRICE_OTHER + which];
    return report->has[TI_PRICE_REGULAR + which] || report->has[TI_PRICE_OTHER + which];
}

static bool take_count(ti_price_report *report, unsigned which, unsigned column)
{
    ti_int128 total;

    if (!total_of(report, which, &total))
        return true;
    report->cells[column] = (int64_t)total;
    return total <= INT64_MAX;
}

static bool take_turnover(ti_price_report *report)
{
    ti_int128 total;

    if (!total_of(report, TI_PRICE_TURNOVER, &total))
        return true;
    report->cells[TICKER_QUOTE_TURNOVER] = (int64_t)(total / 10000);
    report->cells[TICKER_QUOTE_TURNOVER_REST] = (int64_t)(total % 10000);
    return total / 10000 <= INT64_MAX && total / 10000 > INT64_MIN;
}

bool ti_price_report_end(ti_price_report *report)
{
    if (report->cells[TICKER_QUOTE_DATE] == TICKER_NULL)
        ti_price_report_spoil(report, report->line, "PricRpt", no_value, "has no trade date (TradDt)");
    if (report->ticker[0] == '\0')
        ti_price_report_spoil(report, report->line, "PricRpt", no_value, "has no trading code (TckrSymb)");
    if (!take_count(report, TI_PRICE_TRADES, TICKER_QUOTE_TRADES) ||
        !take_count(report, TI_PRICE_VOLUME, TICKER_QUOTE_VOLUME) || !take_turnover(report))
        ti_price_report_spoil(report, report->line, "PricRpt", no_value, "has totals that do not fit 64 bits");
    return !report->bad;
}

bool ti_price_report_put(const ti_price_report *report, ticker_batch *batch)
{
    uint32_t row = batch->rows;

    if (row == batch->capacity)
        return false;
    for (unsigned i = 0; i < TICKER_QUOTE_COLUMNS; i++)
        if (batch->i64[i] != NULL)
            batch->i64[i][row] = report->cells[i];
    batch->line[row] = report->line;
    batch->rows++;
    return ti_batch_set_text(batch, TICKER_QUOTE_TICKER, row, ti_slice_of(report->ticker)) &&
           ti_batch_set_text(batch, TICKER_QUOTE_CURRENCY, row, ti_slice_of(report->currency)) &&
           ti_batch_set_text(batch, TICKER_QUOTE_SOURCE, row, ti_slice_of(TI_PRICE_SOURCE));
}
