/* What every cache must do, whichever it is. A backend's main program hands over its cache and runs this. */
#ifndef TI_TESTS_CACHE_SUITE_H
#define TI_TESTS_CACHE_SUITE_H

#include "base/error.h"
#include "cache/cache.h"
#include "unit/checked.h"

typedef struct cache_backend {
    const char *name; /* what ticker_cache_backend() says */
    const char *url;
    bool shared; /* two that are opened see each other's entries and bumps */
} cache_backend;

/* The suite; `backend` must live as long as it runs. */
Suite *cache_suite(const cache_backend *backend);
/* Of main(): runs it and says what main() returns. */
int cache_suite_run(Suite *suite);

/* --- For tests of one backend alone -------------------------------------------------------------------------------------------- */

/* "name=value" options after the URL, ended by NULL. */
ticker_cache *cache_open(const char *url, ...) __attribute__((sentinel));
/* A look; the bytes as a string until the next call of the thread, or NULL: there was nothing. */
const char *cache_get(ticker_cache *cache, const char *key, const char *tag);
/* The ticket of a look that must find nothing. */
ticker_cache_ticket *cache_miss(ticker_cache *cache, const char *key, const char *tag);
void cache_put(ticker_cache *cache, ticker_cache_ticket *ticket, const char *text); /* frees the ticket */
/* Look, and store when nothing was there; then it must be there. */
void cache_fill(ticker_cache *cache, const char *key, const char *tag, const char *text);
void cache_bump(ticker_cache *cache, const char *tag);
void cache_sleep(int milliseconds);
int64_t cache_clock(void);
/* A computation of the text that `payload` is. */
ticker_status cache_compute_text(void *payload, ticker_cache_result *result, ticker_error *error);
/* A fetch that must succeed; as cache_get(). */
const char *cache_fetch_text(ticker_cache *cache, const char *key, const char *tag, const char *text);

#endif
