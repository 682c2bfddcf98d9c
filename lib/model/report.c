#include "model/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tickerimport/schema.h>

#include "base/utf8.h"

void ti_report_reset(ticker_report *report, const char *file, const char *member)
{
    memset(report, 0, sizeof(*report));
    (void)snprintf(report->file, sizeof(report->file), "%s", file);
    (void)snprintf(report->member, sizeof(report->member), "%s", member);
    report->first_date = report->last_date = TICKER_NULL;
    report->declared = report->import_id = TICKER_NULL;
    ti_report_finish(report);
}

/* Reasons quote bytes of the input: keep them one line. */
static void clean(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

void ti_report_add_problem(ticker_report *report, uint64_t line, uint64_t column, const char *format, ...)
{
    char text[TI_UTF8_ROOM(TI_REASON_MAX)];
    ti_problem *problem;
    va_list arguments;

    if (report->problem_count >= TICKER_PROBLEMS_MAX)
        return;
    problem = &report->problems[report->problem_count++];
    problem->line = line;
    problem->column = column;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof(text), format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    (void)ti_utf8_copy(problem->reason, sizeof(problem->reason), ti_slice_of(text));
    clean(problem->reason);
}

void ti_report_reject(ticker_report *report, uint64_t line, uint64_t column, const char *reason)
{
    report->rejected++;
    ti_report_add_problem(report, line, column, "%s", reason);
}

void ti_report_add_batch(ticker_report *report, const ticker_batch *batch)
{
    unsigned column = batch->table == TICKER_QUOTES ? (unsigned)TICKER_QUOTE_DATE : (unsigned)TICKER_TRADE_DATE;
    const int64_t *dates = batch->i64[column];
    int64_t first = INT64_MAX, last = INT64_MIN;

    if (batch->rows == 0)
        return;
    for (uint32_t row = 0; row < batch->rows; row++) {
        first = dates[row] < first ? dates[row] : first;
        last = dates[row] > last ? dates[row] : last;
    }
    if (report->first_date == TICKER_NULL || first < report->first_date)
        report->first_date = first;
    if (report->last_date == TICKER_NULL || last > report->last_date)
        report->last_date = last;
    report->records += batch->rows;
}

void ti_report_finish(ticker_report *report)
{
    report->first_text[0] = report->last_text[0] = '\0';
    if (report->first_date != TICKER_NULL)
        (void)ti_format_date(report->first_date, report->first_text);
    if (report->last_date != TICKER_NULL)
        (void)ti_format_date(report->last_date, report->last_text);
    (void)ti_format_decimal(report->turnover, 6, 2, report->turnover_text);
}

bool ti_report_problems_json(const ticker_report *report, ti_buffer *json)
{
    (void)ti_buffer_byte(json, '[');
    for (size_t i = 0; i < report->problem_count; i++) {
        const ti_problem *problem = &report->problems[i];

        (void)ti_buffer_printf(json, "%s{\"line\":%llu,\"column\":%llu,\"reason\":", i > 0 ? "," : "",
                               (unsigned long long)problem->line, (unsigned long long)problem->column);
        (void)ti_buffer_json(json, ti_slice_of(problem->reason));
        (void)ti_buffer_byte(json, '}');
    }
    return ti_buffer_byte(json, ']');
}

const char *ticker_report_text(const ticker_report *report, ticker_report_key key)
{
    switch (key) {
    case TICKER_REPORT_FILE:
        return report->file;
    case TICKER_REPORT_MEMBER:
        return report->member;
    case TICKER_REPORT_FORMAT:
        return report->format;
    case TICKER_REPORT_SHA256:
        return report->sha256;
    case TICKER_REPORT_STATUS:
        return report->status;
    case TICKER_REPORT_ERROR:
        return report->error;
    case TICKER_REPORT_FIRST_DATE:
        return report->first_text;
    case TICKER_REPORT_LAST_DATE:
        return report->last_text;
    case TICKER_REPORT_TURNOVER:
        return report->turnover_text;
    default:
        return NULL;
    }
}

int64_t ticker_report_integer(const ticker_report *report, ticker_report_key key)
{
    switch (key) {
    case TICKER_REPORT_BYTES:
        return report->bytes;
    case TICKER_REPORT_MEMBER_BYTES:
        return report->member_bytes;
    case TICKER_REPORT_LINES:
        return report->lines;
    case TICKER_REPORT_RECORDS:
        return report->records;
    case TICKER_REPORT_REJECTED:
        return report->rejected;
    case TICKER_REPORT_IMPORTED:
        return report->imported;
    case TICKER_REPORT_TICKERS:
        return report->tickers;
    case TICKER_REPORT_TRADES:
        return report->trades;
    case TICKER_REPORT_VOLUME:
        return report->volume;
    case TICKER_REPORT_DECLARED:
        return report->declared;
    case TICKER_REPORT_COMPLETE:
        return report->complete;
    case TICKER_REPORT_IMPORT_ID:
        return report->import_id;
    case TICKER_REPORT_MICROSECONDS:
        return report->microseconds;
    case TICKER_REPORT_REPAIRED:
        return report->repaired;
    case TICKER_REPORT_READING:
    case TICKER_REPORT_PARSING:
    case TICKER_REPORT_LOADING:
    case TICKER_REPORT_SETTLING:
    case TICKER_REPORT_COMMITTING:
    case TICKER_REPORT_TELLING:
        return report->stages[key - TICKER_REPORT_READING];
    case TICKER_REPORT_SUPERSEDED:
        return report->superseded;
    case TICKER_REPORT_REPLACED:
        return report->replaced;
    default:
        return TICKER_NULL;
    }
}

size_t ticker_report_problem_count(const ticker_report *report)
{
    return report->problem_count;
}

const char *ticker_report_problem(const ticker_report *report, size_t index, uint64_t *line, uint64_t *column)
{
    if (index >= report->problem_count)
        return NULL;
    if (line != NULL)
        *line = report->problems[index].line;
    if (column != NULL)
        *column = report->problems[index].column;
    return report->problems[index].reason;
}

size_t ticker_report_market_count(const ticker_report *report)
{
    size_t count = 0;

    for (size_t i = 0; i < TICKER_MARKETS_MAX; i++)
        count += report->markets[i].records != 0;
    return count;
}

const char *ticker_report_market(const ticker_report *report, size_t index, int64_t *records)
{
    for (size_t i = 0; i < TICKER_MARKETS_MAX; i++) {
        if (report->markets[i].records == 0)
            continue;
        if (index-- == 0) {
            if (records != NULL)
                *records = report->markets[i].records;
            return report->markets[i].code;
        }
    }
    return NULL;
}
