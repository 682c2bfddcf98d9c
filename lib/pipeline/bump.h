/* The cache learns of an import. */
#ifndef TI_PIPELINE_BUMP_H
#define TI_PIPELINE_BUMP_H

#include <stdint.h>

#include <tickerimport/cache.h>
#include <tickerimport/store.h>

#include "model/tally.h"

/* After the commit of import `id`: bumps its tickers. When the cache cannot be told, the ledger remembers it until somebody does. */
void ti_bump_import(ticker_cache *cache, ticker_store *store, const ti_tally *tally, int64_t id);

#endif
