#include "base/date.h"
#include "query/run.h"
#include "query/value.h"

#define SPAN_MAX 366
#define STEPS_UNBOUNDED 5    /* windows that are looked into before it is asked where the days end */
#define DATE_FIRST (-719162) /* 0001-01-01 */

enum { CELL_FIRST, CELL_LAST, CELLS };

int64_t ti_interval_first(ti_interval interval, int64_t date)
{
    int year;
    unsigned month, day;

    switch (interval) {
    case TI_INTERVAL_WEEK: /* 1970-01-01 was a Thursday; the days before it are negative */
        return date - ((date + 3) % 7 + 7) % 7;
    case TI_INTERVAL_MONTH:
        ti_date_to_civil(date, &year, &month, &day);
        return ti_date_from_civil(year, month, 1);
    case TI_INTERVAL_DAY:
    default:
        return date;
    }
}

int64_t ti_interval_last(ti_interval interval, int64_t date)
{
    int64_t first = ti_interval_first(interval, date), last = date;
    int year;
    unsigned month, day;

    if (interval == TI_INTERVAL_WEEK) {
        last = first + 6;
    } else if (interval == TI_INTERVAL_MONTH) {
        ti_date_to_civil(first, &year, &month, &day);
        last = ti_date_from_civil(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) - 1;
    }
    return last < TI_DATE_NONE ? last : TI_DATE_NONE;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The days that any ticker has; none when there is no ticker. */
static ticker_status read_bounds(const ti_run *run, ti_windows *windows, ticker_error *error)
{
    ti_statement statement;
    ti_cursor *cursor = NULL;
    ti_cell cells[CELLS];
    int64_t first = TICKER_NULL, last = TICKER_NULL;
    ticker_status status = ti_statement_bounds(&statement, error);

    if (status == TICKER_OK)
        status = ti_statement_run(&statement, run->store, CELLS, &cursor, error);
    ti_statement_free(&statement);
    if (status != TICKER_OK)
        return status;
    status = cursor->ops->next(cursor, cells, error);
    if (status == TICKER_OK && (!ti_value_of(&cells[CELL_FIRST], TICKER_TYPE_DATE, 0, &first) ||
                                !ti_value_of(&cells[CELL_LAST], TICKER_TYPE_DATE, 0, &last)))
        status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_DATABASE,
                         "a stored ticker has a date that this library would not have written");
    cursor->ops->close(cursor);
    if (status != TICKER_OK && status != TICKER_DONE)
        return status;
    windows->bounded = true;
    if (first == TICKER_NULL || last == TICKER_NULL) {
        windows->from = windows->to + 1;
        return TICKER_OK;
    }
    windows->from = later(windows->from, first);
    windows->to = earlier(windows->to, last);
    return TICKER_OK;
}

ticker_status ti_windows_open(const ti_run *run, bool periods, ti_windows *windows, ticker_error *error)
{
    const ticker_query *query = run->query;

    *windows = (ti_windows){
        .from = ti_query_has(query, TI_ASK_FROM) ? query->from : DATE_FIRST,
        .to = ti_query_has(query, TI_ASK_TO) ? query->to : TI_DATE_NONE,
        .span = periods ? 0 : 1,
        .interval = query->interval,
        .descending = query->descending,
    };
    if (ti_query_has(query, TI_ASK_DATE)) {
        windows->from = later(windows->from, query->date);
        windows->to = earlier(windows->to, query->date);
    }
    if (run->after != NULL && !query->descending)
        windows->from = later(windows->from, ti_interval_first(query->interval, run->after->number[0]));
    if (run->after != NULL && query->descending)
        windows->to = earlier(windows->to, ti_interval_last(query->interval, run->after->number[0]));
    windows->bounded = windows->to - windows->from < SPAN_MAX; /* few enough to look for rows in them all */
    /* Where to begin must be known. */
    if (windows->bounded || (query->descending ? windows->to < TI_DATE_NONE : windows->from > DATE_FIRST))
        return TICKER_OK;
    return read_bounds(run, windows, error);
}

ticker_status ti_windows_next(const ti_run *run, ti_windows *windows, ti_part *part, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    if (!windows->bounded && windows->steps >= STEPS_UNBOUNDED)
        status = read_bounds(run, windows, error);
    if (status != TICKER_OK)
        return status;
    if (windows->from > windows->to)
        return TICKER_DONE;
    windows->steps++;
    part->windowed = true;
    part->from = windows->from;
    part->to = windows->to;
    if (windows->descending) {
        int64_t first = windows->span > 0 ? windows->to - windows->span + 1
                                          : ti_interval_first(windows->interval, windows->to);
        part->from = later(windows->from, first);
        windows->to = part->from - 1;
    } else {
        int64_t last = windows->span > 0 ? windows->from + windows->span - 1
                                         : ti_interval_last(windows->interval, windows->from);
        part->to = earlier(windows->to, last);
        windows->from = part->to + 1;
    }
    /* Whoever wants more than a window holds may find that a wider one holds it, or that most days have nothing. */
    windows->span = earlier(2 * windows->span, SPAN_MAX);
    return TICKER_OK;
}
