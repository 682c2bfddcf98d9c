#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "format/format.h"

static const ti_format *const formats[] = {&ti_format_cotahist, &ti_format_trades, &ti_format_neg,
                                           &ti_format_consolidated, &ti_format_bvbg086};

const ti_format *ti_format_recognise(const unsigned char *data, size_t size)
{
    const ti_format *best = NULL;
    int highest = 0;

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        int bid = formats[i]->bid(data, size);

        if (bid > highest) {
            highest = bid;
            best = formats[i];
        }
    }
    return best;
}

const ti_format *ti_format_at(size_t number)
{
    return number < sizeof(formats) / sizeof(formats[0]) ? formats[number] : NULL;
}

const ti_format *ti_format_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

ticker_status ti_parse_reject(ti_parse *parse, uint64_t line, uint64_t column, const char *reason, ticker_error *error)
{
    ti_report_reject(parse->report, line, column, reason);
    if (!parse->reject)
        return TICKER_OK;
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "%s", reason);
    ti_error_hint(error, "leave out --on-error=reject to import the other rows");
    ti_error_place(error, line, column, -1);
    return TICKER_FAILED;
}

ticker_status ti_parse_refuse(ti_parse *parse, uint64_t line, const char *reason, ticker_error *error)
{
    parse->report->complete = false;
    if (parse->report->refusal[0] == '\0') {
        parse->report->refusal_line = line;
        (void)snprintf(parse->report->refusal, sizeof(parse->report->refusal), "%s", reason);
    }
    ti_report_add_problem(parse->report, line, 0, "%s", reason);
    if (parse->force)
        return TICKER_OK;
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "%s", reason);
    ti_error_hint(error, TI_REFUSAL_HINT);
    ti_error_place(error, line, 0, -1);
    return TICKER_FAILED;
}
