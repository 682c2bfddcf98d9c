#include "model/origin.h"

#include <stddef.h>

/* COTAHIST is what B3 corrects years later and keeps for good. The price report of the day has every field the exchange settles with; the
 * consolidated file knows no opening price; trades know neither auctions' totals nor bids. */
static const char *const names[TI_ORIGINS] = {
    [TI_ORIGIN_COTAHIST] = "cotahist",
    [TI_ORIGIN_BVBG086] = "bvbg086",
    [TI_ORIGIN_CONSOLIDATED] = "consolidated",
    [TI_ORIGIN_TRADES] = "trades",
};

const char *ti_origin_name(ti_origin origin)
{
    return names[origin];
}

ti_origin ti_origin_of(ti_slice name)
{
    for (int i = 0; i < TI_ORIGIN_OTHER; i++)
        if (ti_slice_is(name, names[i]))
            return (ti_origin)i;
    return TI_ORIGIN_OTHER;
}
