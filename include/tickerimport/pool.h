/* Open stores that the threads of a program share. Each is used by one thread at a time; none is opened before it is needed, one whose
 * connection broke is replaced, and while the database is down nobody waits for it. */
#ifndef TICKERIMPORT_POOL_H
#define TICKERIMPORT_POOL_H

#include <tickerimport/metrics.h>
#include <tickerimport/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_pool ticker_pool;

/* A pool of at most `size` stores (1 to TICKER_POOL_MAX) of the options' database-url; the options are copied. Connects nothing yet.
 * TICKER_FATAL with TICKER_ERROR_USAGE: there is no such size; with TICKER_ERROR_MEMORY. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_pool_open(const ticker_options *options, size_t size,
                                                            ticker_pool **pool, ticker_error *error);
/* Closes the stores and frees; accepts NULL. No thread may use the pool any more, and all stores must have been given back. */
TICKER_API void ticker_pool_free(ticker_pool *pool);

/* A store for the calling thread, until ticker_pool_give(). It is one that is free, else one that is opened now; the first one brings the
 * schema up to date, as ticker_store_migrate() does. When all are taken, waits for one up to `wait` milliseconds (0: not at all).
 *
 * TICKER_RETRY with TICKER_ERROR_LIMIT: none was free in time; with TICKER_ERROR_SERVICE or another kind: the database cannot be
 * reached, and then, without trying and so at once, until it is due to be tried again by whoever comes next: 50 milliseconds after the
 * first failure, growing to 1 second. TICKER_FATAL as ticker_store_open() and ticker_store_migrate() say; tried again as well.
 * Any thread, as all functions below. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_pool_take(ticker_pool *pool, int wait, ticker_store **store,
                                                            ticker_error *error);
/* Gives a store back; accepts NULL. What it had open is rolled back, and it is closed instead of kept when its connection broke. */
TICKER_API void ticker_pool_give(ticker_pool *pool, ticker_store *store);
/* Forgets the open stores (those that are taken: when they are given back) and past failures: the next take connects anew. */
TICKER_API void ticker_pool_reset(ticker_pool *pool);

/* How many stores are open, and how many of them are taken. Either may be NULL. */
TICKER_API void ticker_pool_counts(ticker_pool *pool, size_t *open, size_t *taken);
/* Has the pool keep ticker_db_connections and ticker_db_up of `metrics`, which must outlive it. To be called before the pool is used. */
TICKER_API void ticker_pool_measure(ticker_pool *pool, ticker_metrics *metrics);

#ifdef __cplusplus
}
#endif
#endif
