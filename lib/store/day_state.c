#include "store/day_state.h"

/* Open and close are first and last by time, and by number within the same millisecond. */
static void add_price(ti_day_state *day, int64_t price, int64_t time, int64_t id)
{
    if (!day->priced) {
        day->priced = true;
        day->open = day->high = day->low = day->close = price;
        day->open_time = day->close_time = time;
        day->open_id = day->close_id = id;
        return;
    }
    if (price > day->high)
        day->high = price;
    if (price < day->low)
        day->low = price;
    if (time < day->open_time || (time == day->open_time && id < day->open_id)) {
        day->open = price;
        day->open_time = time;
        day->open_id = id;
    }
    if (time > day->close_time || (time == day->close_time && id >= day->close_id)) {
        day->close = price;
        day->close_time = time;
        day->close_id = id;
    }
}

static bool makes_prices(ti_slice session)
{
    return session.size == 1 && session.data[0] == '1';
}

bool ti_day_state_add(ti_day_state *day, const ti_trade *trade)
{
    day->trades++;
    if (__builtin_add_overflow(day->volume, trade->volume, &day->volume) ||
        __builtin_add_overflow(day->turnover, (ti_int128)trade->price * trade->volume, &day->turnover))
        return false;
    if (makes_prices(trade->session))
        add_price(day, trade->price, trade->time, trade->id);
    return true;
}

bool ti_day_state_remove(ti_day_state *day, const ti_trade *trade)
{
    day->trades--;
    day->volume -= trade->volume;
    day->turnover -= (ti_int128)trade->price * trade->volume;
    return !makes_prices(trade->session) || (trade->price < day->high && trade->price > day->low &&
                                             (trade->time != day->open_time || trade->id != day->open_id) &&
                                             (trade->time != day->close_time || trade->id != day->close_id));
}
