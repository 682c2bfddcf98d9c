/* One computation for all who want the same at the same time.
 *
 * Who may wait for a computation that began before he asked? Only who saw the same epochs: then nothing was bumped between. Where
 * epochs are not known (no cache, or none that answers) nobody can tell, so all wait for the running one to end, and one of them
 * computes for those who came before that. */
#include "cache/flight.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cache/cache.h"

#define FAILURES_MAX 2 /* of one flight; then those who still wait go on by themselves, and not one after the other */

struct ti_flight {
    ti_flight *next;
    ticker_cache_ticket *ticket; /* of who made it: key and epochs */
    ticker_cache_entry *entry;   /* what was computed */
    unsigned users, failures;
    bool computing;
    bool begun;  /* some computation has begun */
    bool listed; /* others may find it */
};

struct ticker_cache_result {
    ticker_cache *cache;
    ti_flight *flight; /* NULL: nobody waits */
    const ticker_cache_ticket *ticket;
    void *data;
    size_t size;
    int seconds;
    bool given, left;
};

/* A fetch: what it was called with. */
typedef struct fetch {
    ticker_cache *cache;
    const ti_question *question;
    ticker_cache_event event; /* what the look said */
    ticker_cache_ticket *ticket;
    ticker_cache_compute compute;
    void *payload;
    ticker_cache_entry **entry;
    ticker_error *error;
} fetch;

bool ti_flights_init(ti_flights *flights)
{
    while (flights->made < TI_FLIGHT_SHARDS) {
        ti_flight_shard *shard = &flights->shard[flights->made];

        if (pthread_mutex_init(&shard->lock, NULL) != 0)
            return false;
        if (pthread_cond_init(&shard->changed, NULL) != 0) {
            (void)pthread_mutex_destroy(&shard->lock);
            return false;
        }
        flights->made++;
    }
    return true;
}

void ti_flights_end(ti_flights *flights)
{
    while (flights->made > 0) {
        ti_flight_shard *shard = &flights->shard[--flights->made];

        (void)pthread_cond_destroy(&shard->changed);
        (void)pthread_mutex_destroy(&shard->lock);
    }
}

static ti_flight_shard *shard_of(ticker_cache *cache, uint64_t hash)
{
    return &cache->flights.shard[hash % TI_FLIGHT_SHARDS];
}

uint64_t ti_flights_landed(const ticker_cache *cache, uint64_t hash)
{
    return atomic_load(&cache->flights.shard[hash % TI_FLIGHT_SHARDS].landed);
}

/* --- The list: with the shard's lock ------------------------------------------------------------------------------------------- */

static bool same_key(const ticker_cache_ticket *a, const ticker_cache_ticket *b)
{
    return a->hash == b->hash && a->count == b->count && ti_slice_equal(a->key, b->key);
}

static bool may_join(const ti_flight *flight, const ticker_cache_ticket *ticket)
{
    if (!same_key(flight->ticket, ticket) || flight->ticket->known != ticket->known || flight->failures >= FAILURES_MAX)
        return false;
    return ticket->known ? memcmp(flight->ticket->epochs, ticket->epochs, ticket->count * sizeof(ti_epoch)) == 0
                         : !flight->begun;
}

static void unlist(ti_flight_shard *shard, ti_flight *flight)
{
    ti_flight **at = &shard->first;

    if (!flight->listed)
        return;
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    flight->listed = false;
}

/* Finds or makes a flight, which takes the ticket over when it made it. NULL: no memory. */
static ti_flight *board(ti_flight_shard *shard, fetch *mine)
{
    ti_flight *flight = shard->first;

    while (flight != NULL && !may_join(flight, mine->ticket))
        flight = flight->next;
    if (flight == NULL) {
        flight = calloc(1, sizeof(*flight));
        if (flight == NULL)
            return NULL;
        *flight = (ti_flight){.next = shard->first, .ticket = mine->ticket, .listed = true};
        shard->first = flight;
        mine->ticket = NULL;
    }
    flight->users++;
    return flight;
}

static void leave(ti_flight_shard *shard, ti_flight *flight)
{
    if (--flight->users > 0)
        return;
    unlist(shard, flight);
    ticker_cache_ticket_free(flight->ticket);
    ticker_cache_entry_free(flight->entry);
    free(flight);
}

/* Without epochs, one after the other. */
static bool must_wait(const ti_flight_shard *shard, const ti_flight *mine)
{
    if (mine->computing)
        return true;
    for (const ti_flight *other = shard->first; !mine->ticket->known && other != NULL; other = other->next)
        if (other != mine && other->computing && !other->ticket->known && same_key(other->ticket, mine->ticket))
            return true;
    return false;
}

/* --- Computing: without the lock ----------------------------------------------------------------------------------------------- */

void ticker_cache_result_give(ticker_cache_result *result, void *data, size_t size, int seconds)
{
    free(result->data);
    result->data = data;
    result->size = size;
    result->seconds = seconds;
    result->given = true;
}

void ticker_cache_result_mark(const ticker_cache_result *result, char mark[TICKER_CACHE_MARK_MAX])
{
    ticker_cache_ticket_mark(result->ticket, mark);
}

void ticker_cache_result_leave(ticker_cache_result *result)
{
    ti_flight *flight = result->flight;
    ti_flight_shard *shard;

    if (flight == NULL || result->left)
        return;
    result->left = true;
    shard = shard_of(result->cache, flight->ticket->hash);
    (void)pthread_mutex_lock(&shard->lock);
    flight->failures = FAILURES_MAX;
    flight->computing = false;
    unlist(shard, flight);
    (void)pthread_cond_broadcast(&shard->changed);
    (void)pthread_mutex_unlock(&shard->lock);
}

static ticker_status compute(fetch *mine, ticker_cache_result *result, ticker_cache_entry **entry)
{
    ticker_status status = mine->compute(mine->payload, result, mine->error);

    if (status == TICKER_OK && !result->given)
        return ti_fail(mine->error, TICKER_FATAL, TICKER_ERROR_USAGE, "a computation for the cache gave no result");
    if (status != TICKER_OK) {
        free(result->data);
        return status;
    }
    if (result->data == NULL && result->size > 0)
        return ti_fail_memory(mine->error);
    *entry = ti_entry_new(result->data, result->size);
    return *entry != NULL ? TICKER_OK : ti_fail_memory(mine->error);
}

/* Nobody waits for this one. */
static ticker_status compute_alone(fetch *mine, const ticker_cache_ticket *ticket)
{
    ticker_cache_result result = {.cache = mine->cache, .ticket = ticket};
    ticker_status status = compute(mine, &result, mine->entry);

    if (status == TICKER_OK)
        ti_cache_keep(mine->cache, ticket, *mine->entry, result.seconds);
    return status;
}

/* The look and the way here are two steps: between them somebody may have computed and stored it. */
static bool found_now(fetch *mine, const ti_flight_shard *shard, uint64_t landed, ticker_cache_ticket **ticket,
                      ticker_cache_entry **entry)
{
    ticker_cache_event event;

    return atomic_load(&shard->landed) != landed &&
           ti_cache_ask(mine->cache, mine->question, entry, ticket, &event, NULL) == TICKER_OK;
}

/* Computes for all of the flight. Called and left with the lock. */
static ticker_status lead(fetch *mine, ti_flight_shard *shard, ti_flight *flight, uint64_t landed)
{
    ticker_cache_result result = {.cache = mine->cache, .flight = flight};
    ticker_cache_ticket *again = NULL;
    ticker_cache_entry *entry = NULL;
    ticker_status status = TICKER_OK;
    bool found;

    flight->computing = flight->begun = true;
    (void)pthread_mutex_unlock(&shard->lock);
    found = found_now(mine, shard, landed, &again, &entry);
    if (!found) {
        ti_cache_note(mine->cache, mine->event);
        result.ticket = again != NULL ? again : flight->ticket;
        status = compute(mine, &result, &entry);
    }
    (void)pthread_mutex_lock(&shard->lock);
    if (!result.left) {
        flight->computing = false;
        flight->failures += status != TICKER_OK;
        if (status == TICKER_OK)
            flight->entry = ticker_cache_entry_keep(entry);
    }
    (void)pthread_cond_broadcast(&shard->changed);
    (void)pthread_mutex_unlock(&shard->lock);
    if (status == TICKER_OK && !found) /* until it is stored, others find it here */
        ti_cache_keep(mine->cache, result.ticket, entry, result.seconds);
    (void)atomic_fetch_add(&shard->landed, 1);
    ticker_cache_ticket_free(again);
    *mine->entry = entry;
    (void)pthread_mutex_lock(&shard->lock);
    if (status == TICKER_OK)
        unlist(shard, flight);
    return status;
}

ticker_status ti_flight_fetch(ticker_cache *cache, const ti_question *question, uint64_t landed,
                              ticker_cache_event event, ticker_cache_ticket *ticket, ticker_cache_compute function,
                              void *payload, ticker_cache_entry **entry, ticker_error *error)
{
    fetch mine = {cache, question, event, ticket, function, payload, entry, error};
    ti_flight_shard *shard = shard_of(cache, question->hash);
    ticker_status status = TICKER_OK;
    ti_flight *flight;
    bool alone = false;

    (void)pthread_mutex_lock(&shard->lock);
    flight = board(shard, &mine);
    if (flight == NULL) {
        (void)pthread_mutex_unlock(&shard->lock);
        ticker_cache_ticket_free(ticket);
        return ti_fail_memory(error);
    }
    while (flight->entry == NULL && flight->failures < FAILURES_MAX && must_wait(shard, flight))
        (void)pthread_cond_wait(&shard->changed, &shard->lock);
    if (flight->entry != NULL) {
        *entry = ticker_cache_entry_keep(flight->entry);
        ti_cache_note(cache, TICKER_CACHE_SHARED);
    } else if (flight->failures < FAILURES_MAX) {
        status = lead(&mine, shard, flight, landed);
    } else {
        alone = true;
    }
    if (!alone)
        leave(shard, flight);
    (void)pthread_mutex_unlock(&shard->lock);
    if (alone) {
        /* The flight's own ticket stays while it has a user. */
        ti_cache_note(cache, event);
        status = compute_alone(&mine, flight->ticket);
        (void)pthread_mutex_lock(&shard->lock);
        leave(shard, flight);
        (void)pthread_mutex_unlock(&shard->lock);
    }
    ticker_cache_ticket_free(mine.ticket);
    return status;
}
