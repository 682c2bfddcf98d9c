/* What the files of the cache suite share among themselves. */
#ifndef TI_TESTS_CACHE_SUITE_PARTS_H
#define TI_TESTS_CACHE_SUITE_PARTS_H

#include "cache_suite.h"

extern const cache_backend *cache_backend_of_suite;
extern ticker_cache *cache; /* of the test that runs */

/* Many threads at one cache. */
void cache_suite_add_threads(TCase *group);

#endif
