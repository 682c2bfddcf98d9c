/* A cache within the process: shards with a table each, from which the entry that was not asked for the longest makes room.
 *
 * Epochs are counters, one for everything, one that every bump changes, and a fixed number of them for the tags, by their hash: two tags
 * may share one, and a bump of the one then drops the entries of the other too, which costs a computation and no more. So unknown
 * tickers that are asked for take no memory for good. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mix.h"
#include "base/random.h"
#include "cache/cache.h"

#define SHARDS_MAX 16
#define SHARD_BYTES INT64_C(4194304) /* smaller caches have fewer shards, so that a large entry fits into one */
#define SLOTS 65536                  /* epochs of tags */
#define FIRST_BUCKETS 64

typedef atomic_uint_fast64_t counter;

typedef struct node {
    struct node *chain;          /* of the same bucket */
    struct node *newer, *older;  /* by when it was last asked for */
    ticker_cache_ticket *ticket; /* key and epochs */
    ticker_cache_entry *entry;
    int64_t expires; /* monotonic milliseconds */
    size_t cost;
} node;

typedef struct shard {
    pthread_mutex_t lock;
    node **buckets;
    size_t bucket_count, count;
    node *newest, *oldest;
    size_t bytes, max;
} shard;

typedef struct memory_cache {
    ticker_cache cache;
    uint64_t nonce; /* no other process has the same epochs */
    counter everything, anything, *slots;
    counter followed; /* the database's number */
    atomic_bool following, blind;
    pthread_mutex_t follow_lock;
    shard shards[SHARDS_MAX];
    size_t shard_count, made;
    bool has_follow_lock;
} memory_cache;

static memory_cache *memory_of(ticker_cache *cache)
{
    return (memory_cache *)cache;
}

/* --- Epochs -------------------------------------------------------------------------------------------------------------------- */

static counter *slot_of(memory_cache *memory, const char *tag)
{
    return &memory->slots[ti_mix_bytes(memory->cache.seed, ti_slice_of(tag)) % SLOTS];
}

static ti_epoch epoch_of(const memory_cache *memory, const counter *from)
{
    uint64_t parts[2] = {memory->nonce, atomic_load(from)};
    ti_epoch epoch;

    memcpy(epoch.bytes, parts, sizeof(epoch.bytes));
    return epoch;
}

static void read_epochs(memory_cache *memory, const ti_question *question, ti_epoch *epochs)
{
    epochs[0] = epoch_of(memory, &memory->everything);
    if (question->count == 0)
        epochs[1] = epoch_of(memory, &memory->anything);
    for (size_t i = 0; i < question->count; i++)
        epochs[1 + i] = epoch_of(memory, slot_of(memory, question->tags[i]));
}

static ticker_status bump(ticker_cache *cache, const char *const *tags, size_t count, ticker_error *error)
{
    memory_cache *memory = memory_of(cache);

    (void)error;
    (void)atomic_fetch_add(count > 0 ? &memory->anything : &memory->everything, 1);
    for (size_t i = 0; i < count; i++)
        (void)atomic_fetch_add(slot_of(memory, tags[i]), 1);
    return TICKER_OK;
}

/* What was computed while the database did not say how far it is may be older than what it says afterwards. */
static void follow(ticker_cache *cache, bool known, uint64_t number)
{
    memory_cache *memory = memory_of(cache);

    (void)pthread_mutex_lock(&memory->follow_lock);
    if (!known) {
        atomic_store(&memory->blind, true);
    } else if (!atomic_load(&memory->following) || atomic_load(&memory->blind) ||
               atomic_load(&memory->followed) != number) {
        (void)atomic_fetch_add(&memory->everything, 1);
        atomic_store(&memory->followed, number);
        atomic_store(&memory->following, true);
        atomic_store(&memory->blind, false);
    }
    (void)pthread_mutex_unlock(&memory->follow_lock);
}

/* --- A shard: with its lock ---------------------------------------------------------------------------------------------------- */

static node **bucket_of(const shard *in, uint64_t hash)
{
    return &in->buckets[(hash >> 8) & (in->bucket_count - 1)];
}

static node **find(const shard *in, uint64_t hash, ti_slice key)
{
    node **at = bucket_of(in, hash);

    while (*at != NULL && ((*at)->ticket->hash != hash || !ti_slice_equal((*at)->ticket->key, key)))
        at = &(*at)->chain;
    return at;
}

static void unlink_age(shard *in, node *old)
{
    *(old->newer != NULL ? &old->newer->older : &in->newest) = old->older;
    *(old->older != NULL ? &old->older->newer : &in->oldest) = old->newer;
}

static void make_newest(shard *in, node *now)
{
    now->newer = NULL;
    now->older = in->newest;
    *(in->newest != NULL ? &in->newest->newer : &in->oldest) = now;
    in->newest = now;
}

static void free_node(node *old)
{
    ticker_cache_ticket_free(old->ticket);
    ticker_cache_entry_free(old->entry);
    free(old);
}

static void drop(shard *in, node **at)
{
    node *old = *at;

    *at = old->chain;
    unlink_age(in, old);
    in->count--;
    in->bytes -= old->cost;
    free_node(old);
}

/* Growing is a help, no need. */
static void grow(shard *in)
{
    size_t bucket_count = in->bucket_count * 2;
    node **old = in->buckets, **buckets = calloc(bucket_count, sizeof(node *));

    if (buckets == NULL)
        return;
    in->buckets = buckets;
    in->bucket_count = bucket_count;
    for (size_t i = 0; i < bucket_count / 2; i++)
        while (old[i] != NULL) {
            node *moved = old[i], **at = bucket_of(in, moved->ticket->hash);

            old[i] = moved->chain;
            moved->chain = *at;
            *at = moved;
        }
    free(old);
}

static void put(memory_cache *memory, shard *in, node *now)
{
    node **at = find(in, now->ticket->hash, now->ticket->key);

    if (*at != NULL)
        drop(in, at);
    while (in->oldest != NULL && in->bytes + now->cost > in->max) {
        ti_cache_note(&memory->cache, TICKER_CACHE_EVICTED);
        drop(in, find(in, in->oldest->ticket->hash, in->oldest->ticket->key));
    }
    if (in->count >= in->bucket_count)
        grow(in);
    at = bucket_of(in, now->ticket->hash);
    now->chain = *at;
    *at = now;
    make_newest(in, now);
    in->count++;
    in->bytes += now->cost;
}

/* --- What the cache is asked for ----------------------------------------------------------------------------------------------- */

static shard *shard_of(memory_cache *memory, uint64_t hash)
{
    return &memory->shards[hash % memory->shard_count];
}

static ticker_cache_event look(ticker_cache *cache, const ti_question *question, ticker_cache_ticket *ticket,
                               ticker_cache_entry **entry)
{
    memory_cache *memory = memory_of(cache);
    shard *in = shard_of(memory, question->hash);
    ticker_cache_event event = TICKER_CACHE_MISS;
    node **at;

    if (atomic_load(&memory->blind))
        return TICKER_CACHE_SKIPPED;
    read_epochs(memory, question, ticket->epochs);
    ticket->known = true;
    if (entry == NULL)
        return TICKER_CACHE_MISS;
    (void)pthread_mutex_lock(&in->lock);
    at = find(in, question->hash, question->key);
    if (*at != NULL) {
        node *found = *at;

        if (found->ticket->count == ticket->count &&
            memcmp(found->ticket->epochs, ticket->epochs, ticket->count * sizeof(ti_epoch)) == 0 &&
            found->expires > ti_cache_now(cache)) {
            *entry = ticker_cache_entry_keep(found->entry);
            unlink_age(in, found);
            make_newest(in, found);
            event = TICKER_CACHE_HIT;
        } else {
            drop(in, at);
        }
    }
    (void)pthread_mutex_unlock(&in->lock);
    return event;
}

ticker_cache_entry *ti_memory_find(ticker_cache *cache, const ti_question *question, ti_epoch *epochs)
{
    shard *in = shard_of(memory_of(cache), question->hash);
    size_t count = ti_question_epochs(question);
    ticker_cache_entry *entry = NULL;
    node **at;

    (void)pthread_mutex_lock(&in->lock);
    at = find(in, question->hash, question->key);
    if (*at != NULL && (*at)->ticket->count == count && (*at)->expires > ti_cache_now(cache)) {
        entry = ticker_cache_entry_keep((*at)->entry);
        memcpy(epochs, (*at)->ticket->epochs, count * sizeof(ti_epoch));
    }
    (void)pthread_mutex_unlock(&in->lock);
    return entry;
}

static ticker_cache_ticket *copy_ticket(const ticker_cache_ticket *ticket)
{
    size_t size = sizeof(*ticket) + ticket->count * sizeof(ti_epoch) + ticket->key.size;
    ticker_cache_ticket *copy = malloc(size);

    if (copy == NULL)
        return NULL;
    memcpy(copy, ticket, size);
    copy->key.data = (const char *)(copy->epochs + copy->count);
    return copy;
}

static bool store(ticker_cache *cache, const ticker_cache_ticket *ticket, ticker_cache_entry *entry, int seconds)
{
    memory_cache *memory = memory_of(cache);
    shard *in = shard_of(memory, ticket->hash);
    node *now;
    size_t cost = sizeof(*now) + sizeof(*ticket) + ticket->count * sizeof(ti_epoch) + ticket->key.size +
                  sizeof(*entry) + entry->size;

    if (cost > in->max)
        return false;
    now = calloc(1, sizeof(*now));
    if (now == NULL)
        return false;
    now->ticket = copy_ticket(ticket);
    if (now->ticket == NULL) {
        free(now);
        return false;
    }
    now->entry = ticker_cache_entry_keep(entry);
    now->cost = cost;
    now->expires = ti_cache_now(cache) + (int64_t)seconds * 1000;
    (void)pthread_mutex_lock(&in->lock);
    put(memory, in, now);
    (void)pthread_mutex_unlock(&in->lock);
    return true;
}

static uint64_t bytes(const ticker_cache *cache)
{
    memory_cache *memory = memory_of((ticker_cache *)(uintptr_t)cache); /* locks are not const */
    uint64_t sum = 0;

    for (size_t i = 0; i < memory->shard_count; i++) {
        (void)pthread_mutex_lock(&memory->shards[i].lock);
        sum += memory->shards[i].bytes;
        (void)pthread_mutex_unlock(&memory->shards[i].lock);
    }
    return sum;
}

static ticker_status check(ticker_cache *cache, ticker_error *error)
{
    (void)cache;
    (void)error;
    return TICKER_OK;
}

/* --- Opening and closing ------------------------------------------------------------------------------------------------------- */

static void close_memory(ticker_cache *cache)
{
    memory_cache *memory = memory_of(cache);

    for (size_t i = 0; i < memory->made; i++) {
        shard *in = &memory->shards[i];

        while (in->newest != NULL) {
            node *old = in->newest;

            in->newest = old->older;
            free_node(old);
        }
        free(in->buckets);
        (void)pthread_mutex_destroy(&in->lock);
    }
    if (memory->has_follow_lock)
        (void)pthread_mutex_destroy(&memory->follow_lock);
    free(memory->slots);
    free(memory);
}

static const ti_cache_ops memory_ops = {.name = "memory",
                                        .local = true,
                                        .close = close_memory,
                                        .look = look,
                                        .store = store,
                                        .bump = bump,
                                        .check = check,
                                        .follow = follow,
                                        .bytes = bytes};

static bool make_shard(shard *in, size_t max)
{
    if (pthread_mutex_init(&in->lock, NULL) != 0)
        return false;
    in->max = max;
    in->bucket_count = FIRST_BUCKETS;
    in->buckets = calloc(in->bucket_count, sizeof(node *));
    if (in->buckets != NULL)
        return true;
    (void)pthread_mutex_destroy(&in->lock);
    return false;
}

ticker_status ti_memory_cache_open(int64_t size, ticker_cache **cache, ticker_error *error)
{
    memory_cache *memory = calloc(1, sizeof(*memory));
    int64_t shards = size / SHARD_BYTES;

    if (memory == NULL)
        return ti_fail_memory(error);
    memory->cache.ops = &memory_ops;
    memory->shard_count = shards < 1 ? 1 : shards > SHARDS_MAX ? SHARDS_MAX : (size_t)shards;
    memory->slots = calloc(SLOTS, sizeof(*memory->slots));
    memory->has_follow_lock = pthread_mutex_init(&memory->follow_lock, NULL) == 0;
    if (memory->slots == NULL || !memory->has_follow_lock || !ti_random(&memory->nonce, sizeof(memory->nonce)))
        goto fail;
    while (memory->made < memory->shard_count) {
        if (!make_shard(&memory->shards[memory->made], (size_t)size / memory->shard_count))
            goto fail;
        memory->made++;
    }
    *cache = &memory->cache;
    return TICKER_OK;
fail:
    close_memory(&memory->cache);
    return ti_fail_memory(error);
}
