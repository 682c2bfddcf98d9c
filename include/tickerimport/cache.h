/* Answers that were computed before: bytes under a key, in Redis or in memory, that are never served once their data has changed.
 *
 * An entry is computed from the data of some tags (tickers), or of everything. Each tag has an epoch, a random number that a bump
 * replaces. An entry carries the epochs that were read BEFORE it was computed, and is served only while all of them are the same; so what
 * was computed from data older than a bump is not served after it, whenever it was stored. An epoch that is missing (evicted, restarted,
 * flushed) is made anew and equals none before.
 *
 * A cache that does not answer is no failure of who asks: it is a miss that cannot be stored. The time-out is paid once; then the cache is
 * left out until an attempt, made now and then, succeeds.
 *
 * A cache, its entries and tickets may be used by any number of threads. */
#ifndef TICKERIMPORT_CACHE_H
#define TICKERIMPORT_CACHE_H

#include <tickerimport/metrics.h>
#include <tickerimport/options.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_cache ticker_cache;
/* Bytes that were found or computed. Counted: each owner frees its own. */
typedef struct ticker_cache_entry ticker_cache_entry;
/* The epochs seen by a question that found nothing, with which an answer may be stored. */
typedef struct ticker_cache_ticket ticker_cache_ticket;

/* Options: redis-url ("redis://[[user]:password@]host[:port][/database]", "unix:/path[?db=N]", "memory:", "none:"), cache-size
 * (bytes in memory; with Redis: of copies), cache-seconds (how long an entry lives), cache-timeout and cache-connect-timeout
 * (milliseconds, of Redis). Connects nothing yet.
 * TICKER_FATAL with TICKER_ERROR_USAGE: the URL is wrong; with TICKER_ERROR_UNSUPPORTED: TLS ("rediss:"), or a build without Redis; with
 * TICKER_ERROR_MEMORY. Passwords never appear in messages. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_cache_open(const ticker_options *options, ticker_cache **cache,
                                                             ticker_error *error);
/* Accepts NULL. No thread may use it any more; entries and tickets stay good. */
TICKER_API void ticker_cache_free(ticker_cache *cache);
/* "redis", "memory" or "none". */
TICKER_API const char *ticker_cache_backend(const ticker_cache *cache);
/* Whether asking needs no other process, and so never waits: 1 for memory and none, 0 for Redis. */
TICKER_API int ticker_cache_is_local(const ticker_cache *cache);
/* Whether the cache answers now. TICKER_RETRY with TICKER_ERROR_SERVICE: Redis cannot be reached, or is left out because it could not be
 * lately; TICKER_FATAL with TICKER_ERROR_USAGE: it refuses the password, the database's number or a command. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_cache_check(ticker_cache *cache, ticker_error *error);

/* Looks for `key` (text of 1 to TICKER_CACHE_KEY_MAX bytes) whose entry depends on the data of `count` tags (text of 1 to
 * TICKER_CACHE_TAG_MAX bytes each; at most TICKER_CACHE_TAGS_MAX) or, with `count` 0, on everything. The same key must always come with
 * the same tags. Entry and epochs are read in one round trip; of a copy that Redis sent within the last second,
 * the epochs alone.
 *
 * TICKER_OK: `*entry` is it, to be freed by ticker_cache_entry_free(). TICKER_DONE: there is none, or none that is still good; then
 * `*ticket`, when `ticket` is not NULL, is what ticker_cache_store() wants, to be freed by ticker_cache_ticket_free(). What is not returned
 * is set to NULL. With `entry` NULL only the epochs are asked for: always TICKER_DONE. TICKER_FATAL with TICKER_ERROR_USAGE or
 * TICKER_ERROR_MEMORY; never an error because the cache does not answer. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_cache_look(ticker_cache *cache, const char *key,
                                                             const char *const *tags, size_t count,
                                                             ticker_cache_entry **entry, ticker_cache_ticket **ticket,
                                                             ticker_error *error);
/* Stores what was computed after `ticket` was received; the data is copied. `seconds` 0: as the options say. More than
 * TICKER_CACHE_ENTRY_MAX bytes are not stored, nor is anything while the cache does not answer or is full: that is no failure.
 * TICKER_OK, or TICKER_FATAL with TICKER_ERROR_USAGE or TICKER_ERROR_MEMORY. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_cache_store(ticker_cache *cache, const ticker_cache_ticket *ticket,
                                                              const void *data, size_t size, int seconds,
                                                              ticker_error *error);
TICKER_API void ticker_cache_ticket_free(ticker_cache_ticket *ticket);

#define TICKER_CACHE_MARK_MAX 33
/* Writes 32 hexadecimal digits that are the same as long as the data behind key and tags is; "" when the epochs are not known. */
TICKER_API void ticker_cache_ticket_mark(const ticker_cache_ticket *ticket, char mark[TICKER_CACHE_MARK_MAX]);

/* Where a computation puts what it computed. Good for the length of the call. */
typedef struct ticker_cache_result ticker_cache_result;
/* Computes the bytes of a key that was not found: ends with ticker_cache_result_give() and TICKER_OK. Anything else is a failure of this
 * one computation and what ticker_cache_fetch() returns to the thread that made it. */
typedef ticker_status (*ticker_cache_compute)(void *payload, ticker_cache_result *result, ticker_error *error);
/* Hands over `size` bytes at `data` from malloc(); the cache frees them, whatever happens. `seconds` 0: as the options say; less than 0:
 * not to be stored, for those only who wait. `data` NULL with a `size`: memory is short. */
TICKER_API void ticker_cache_result_give(ticker_cache_result *result, void *data, size_t size, int seconds);
/* As ticker_cache_ticket_mark(), of the ticket with which the result will be stored. */
TICKER_API void ticker_cache_result_mark(const ticker_cache_result *result, char mark[TICKER_CACHE_MARK_MAX]);
/* Says early that there will be nothing to share (the answer turned out to be too large): those who wait for it go on by themselves. */
TICKER_API void ticker_cache_result_leave(ticker_cache_result *result);

/* ticker_cache_look(); when there is nothing, `compute` and ticker_cache_store(). Threads that miss the same key at the same time wait
 * for the one of them that computes, and get what it computed; but never what began to be computed before a bump that came before they
 * asked. When it fails, the next computes; when that fails too, each for itself. TICKER_OK with `*entry`, the status of `compute`, or
 * the failures of the two calls. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_cache_fetch(ticker_cache *cache, const char *key,
                                                              const char *const *tags, size_t count,
                                                              ticker_cache_compute compute, void *payload,
                                                              ticker_cache_entry **entry, ticker_error *error);

TICKER_API const void *ticker_cache_entry_data(const ticker_cache_entry *entry);
TICKER_API size_t ticker_cache_entry_size(const ticker_cache_entry *entry);
/* One owner more. Returns the entry. */
TICKER_API ticker_cache_entry *ticker_cache_entry_keep(ticker_cache_entry *entry);
/* One owner less; accepts NULL. */
TICKER_API void ticker_cache_entry_free(ticker_cache_entry *entry);

/* The data of these tags has changed (and with it the entries that depend on everything). To be called after the change is committed.
 * More than TICKER_CACHE_BUMP_MAX tags are bumped as everything is. TICKER_RETRY with TICKER_ERROR_SERVICE: Redis does not answer and may
 * not know of it; bump again later. TICKER_FATAL with TICKER_ERROR_USAGE as for ticker_cache_look() and ticker_cache_check(). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_cache_bump(ticker_cache *cache, const char *const *tags, size_t count,
                                                             ticker_error *error);
/* Any data may have changed. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_cache_bump_all(ticker_cache *cache, ticker_error *error);

/* Tells a cache in memory, which other processes cannot bump, the number that the database counts its imports with: entries from under
 * another number are not served. With `known` 0 (the database does not say) none is served until it is known again. Does nothing for the
 * others. To be called regularly; a cache that was never told serves until it is bumped. */
TICKER_API void ticker_cache_follow(ticker_cache *cache, int known, uint64_t number);

/* What has happened since the cache was opened. Later versions add some at the end. */
typedef enum ticker_cache_event {
    TICKER_CACHE_HIT = 0,     /* found */
    TICKER_CACHE_MISS = 1,    /* not found */
    TICKER_CACHE_SHARED = 2,  /* not found, but another thread was computing it */
    TICKER_CACHE_SKIPPED = 3, /* not asked: it has not answered lately, or there is none */
    TICKER_CACHE_ERROR = 4,   /* asked, and no answer, or not the right one */
    TICKER_CACHE_STORED = 5,  /* stored */
    TICKER_CACHE_REFUSED = 6, /* not stored: full, too large, or no answer */
    TICKER_CACHE_EVICTED = 7, /* dropped from memory to make room */
    TICKER_CACHE_BUMP = 8,    /* bumps that were done */
    TICKER_CACHE_UNBUMPED = 9 /* bumps that failed */
} ticker_cache_event;
/* How often; 0 for an event that does not exist. */
TICKER_API uint64_t ticker_cache_count(const ticker_cache *cache, ticker_cache_event event);
/* Has the cache keep ticker_cache_requests_total (hit, miss, shared, skipped, error), ticker_cache_bumps_total (done, failed),
 * ticker_cache_bytes and ticker_cache_up of `metrics`, which must outlive it. To be called before the cache is used. */
TICKER_API void ticker_cache_measure(ticker_cache *cache, ticker_metrics *metrics);
/* The bytes that a cache in memory holds, its own overhead included; 0 for the others. */
TICKER_API uint64_t ticker_cache_bytes(const ticker_cache *cache);

#ifdef __cplusplus
}
#endif
#endif
