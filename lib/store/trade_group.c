#include "store/trade_group.h"

#include <string.h>

#include "base/error.h"

bool ti_trade_group_has(const ti_trade_group *group, const ti_trade *trade)
{
    return group->count == 0 || (group->rows[0].day == trade->day && group->rows[0].id == trade->id);
}

ticker_status ti_trade_group_add(ti_trade_group *group, const ti_trade *trade, ticker_error *error)
{
    size_t at = group->count;

    if (at == TICKER_TRADE_GROUP_MAX || trade->session.size > TICKER_SESSION_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT,
                       "more than %d rows speak of the same trade number of a day", TICKER_TRADE_GROUP_MAX);
    group->rows[at] = *trade;
    if (trade->session.size > 0)
        memcpy(group->sessions[at], trade->session.data, trade->session.size);
    group->rows[at].session.data = group->sessions[at];
    group->count++;
    return TICKER_OK;
}

static bool cancelled(const ti_trade_group *group, const ti_trade *trade)
{
    for (size_t i = 0; i < group->count; i++)
        if (group->rows[i].action == TI_ACTION_CANCELLED && ti_slice_equal(group->rows[i].session, trade->session))
            return true;
    return false;
}

bool ti_trade_group_listed_before(const ti_trade_group *group, const ti_trade *trade)
{
    for (size_t i = 0; i < group->count; i++)
        if (group->rows[i].reference_date < trade->reference_date && group->rows[i].price == trade->price &&
            group->rows[i].volume == trade->volume)
            return true;
    return false;
}

bool ti_trade_group_counts(const ti_trade_group *group, const ti_trade *trade, int64_t date)
{
    return trade->action == TI_ACTION_NEW && !cancelled(group, trade) &&
           (trade->reference_date <= date || !ti_trade_group_listed_before(group, trade));
}
