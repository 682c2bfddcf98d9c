#include "pipeline/bump.h"

#include <stdlib.h>
#include <string.h>

#include <tickerimport/limits.h>

#include "store/store.h"

/* The names one behind the other, each with a NUL, behind the list of them. NULL: no memory. */
static const char **list_tickers(const ti_tally *tally, size_t count)
{
    const char **list;
    size_t bytes = 0;
    char *at;

    for (uint32_t i = 0; i < count; i++)
        bytes += ti_tally_name(tally, i).size + 1;
    list = malloc(count * sizeof(*list) + bytes);
    if (list == NULL)
        return NULL;
    at = (char *)(list + count);
    for (uint32_t i = 0; i < count; i++) {
        ti_slice name = ti_tally_name(tally, i);

        list[i] = at;
        memcpy(at, name.data, name.size);
        at[name.size] = '\0';
        at += name.size + 1;
    }
    return list;
}

void ti_bump_import(ticker_cache *cache, ticker_store *store, const ti_tally *tally, int64_t id)
{
    size_t count = tally != NULL ? ti_tally_count(tally) : 0;
    const char **list = count > 0 && count <= TICKER_CACHE_BUMP_MAX ? list_tickers(tally, count) : NULL;
    ticker_status status;

    /* Too many tickers, no memory for them, or a file without any: everything, which is always right. */
    if (list != NULL)
        status = ticker_cache_bump(cache, list, count, NULL);
    else
        status = ticker_cache_bump_all(cache, NULL);
    free(list);
    /* Memory is this process' own: others have to hear of it, by the database. */
    if (status == TICKER_OK && !ticker_cache_is_local(cache))
        (void)store->ops->confirm_bumps(store, &id, 1, NULL);
}
