/* The one interface that every cache fills in, and what they share: questions, tickets, entries, counts. */
#ifndef TI_CACHE_CACHE_H
#define TI_CACHE_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>

#include <tickerimport/cache.h>
#include <tickerimport/limits.h>

#include "base/clock.h"
#include "base/slice.h"
#include "cache/flight.h"

/* A random number; of Redis it is what stands there. */
typedef struct ti_epoch {
    unsigned char bytes[16];
} ti_epoch;

/* The first epoch of an entry is that of everything (ticker_cache_bump_all). Then come those of its tags or, when it has none, the one that
 * every bump changes. */
#define TI_CACHE_EPOCHS_MAX (TICKER_CACHE_TAGS_MAX + 1)

typedef struct ti_question {
    ti_slice key;
    uint64_t hash; /* of the key, in this process */
    const char *const *tags;
    size_t count;
} ti_question;

static inline size_t ti_question_epochs(const ti_question *question)
{
    return 1 + (question->count > 0 ? question->count : 1);
}

struct ticker_cache_ticket {
    ti_slice key; /* behind the epochs */
    uint64_t hash;
    bool known; /* whether the epochs are */
    size_t count;
    ti_epoch epochs[];
};

struct ticker_cache_entry {
    atomic_uint owners;
    size_t size;
    void *data;
};

/* Takes the data over, also when it fails. */
ticker_cache_entry *ti_entry_new(void *data, size_t size);

typedef struct ti_cache_ops {
    const char *name;
    bool local;
    void (*close)(ticker_cache *cache);
    /* Fills in the ticket's epochs and ->known, and finds the entry (`entry` NULL: is not asked for). Says HIT, MISS, SKIPPED or ERROR. */
    ticker_cache_event (*look)(ticker_cache *cache, const ti_question *question, ticker_cache_ticket *ticket,
                               ticker_cache_entry **entry);
    /* With known epochs only. False: refused. */
    bool (*store)(ticker_cache *cache, const ticker_cache_ticket *ticket, ticker_cache_entry *entry, int seconds);
    /* `count` 0: everything. */
    ticker_status (*bump)(ticker_cache *cache, const char *const *tags, size_t count, ticker_error *error);
    ticker_status (*check)(ticker_cache *cache, ticker_error *error);
    void (*follow)(ticker_cache *cache, bool known, uint64_t number); /* NULL: needs it not */
    uint64_t (*bytes)(const ticker_cache *cache);                     /* NULL: 0 */
} ti_cache_ops;

#define TI_CACHE_EVENTS (TICKER_CACHE_UNBUMPED + 1)

/* Backends put this first in a structure of their own. */
struct ticker_cache {
    const ti_cache_ops *ops;
    const ti_clock *clock;
    uint64_t seed; /* of the hashes of this process */
    int seconds;
    atomic_uint_fast64_t counts[TI_CACHE_EVENTS];
    ticker_series *series[TI_CACHE_EVENTS], *bytes, *up; /* NULL: not measured */
    ti_flights flights;
};

static inline void ti_cache_note(ticker_cache *cache, ticker_cache_event event)
{
    (void)atomic_fetch_add_explicit(&cache->counts[event], 1, memory_order_relaxed);
    ticker_series_add(cache->series[event], 1);
}

static inline int64_t ti_cache_now(const ticker_cache *cache)
{
    return cache->clock->monotonic(cache->clock->self);
}

/* Asks, and counts hits only: the caller knows what becomes of the rest. There is a ticket, freed by the caller, unless memory is short. */
ticker_status ti_cache_ask(ticker_cache *cache, const ti_question *question, ticker_cache_entry **entry,
                           ticker_cache_ticket **ticket, ticker_cache_event *event, ticker_error *error);
/* What is at hand, for who asks again otherwise when there is nothing: that is not counted. NULL: nothing. */
ticker_cache_entry *ti_cache_peek(ticker_cache *cache, const char *key, const char *const *tags, size_t count);
/* Stores and counts. */
void ti_cache_keep(ticker_cache *cache, const ticker_cache_ticket *ticket, ticker_cache_entry *entry, int seconds);

/* After a look that found nothing, whose event is counted when this thread computes (flight.c). Looks again when `landed`, the shard's
 * number before that look, has changed. Frees the ticket. */
ticker_status ti_flight_fetch(ticker_cache *cache, const ti_question *question, uint64_t landed,
                              ticker_cache_event event, ticker_cache_ticket *ticket, ticker_cache_compute compute,
                              void *payload, ticker_cache_entry **entry, ticker_error *error);
uint64_t ti_flights_landed(const ticker_cache *cache, uint64_t hash);

/* The backends. What they share is filled in by cache.c afterwards. */
ticker_status ti_memory_cache_open(int64_t size, ticker_cache **cache, ticker_error *error);
/* The entry of a question that is in memory, and the epochs under which it was computed, whatever those of now; NULL: none. */
ticker_cache_entry *ti_memory_find(ticker_cache *cache, const ti_question *question, ti_epoch *epochs);
ticker_status ti_redis_cache_open(const ticker_options *options, const char *url, ticker_cache **cache,
                                  ticker_error *error);

#endif
