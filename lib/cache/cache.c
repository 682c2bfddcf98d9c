/* Which cache a URL means, what every cache is asked for in the same way, and what its callers get wrong. */
#include "cache/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/mix.h"
#include "base/options.h"
#include "base/random.h"

/* --- None ---------------------------------------------------------------------------------------------------------------------- */

static void close_none(ticker_cache *cache)
{
    free(cache);
}

static ticker_cache_event look_none(ticker_cache *cache, const ti_question *question, ticker_cache_ticket *ticket,
                                    ticker_cache_entry **entry)
{
    (void)cache;
    (void)question;
    (void)ticket;
    (void)entry;
    return TICKER_CACHE_SKIPPED;
}

static ticker_status bump_none(ticker_cache *cache, const char *const *tags, size_t count, ticker_error *error)
{
    (void)cache;
    (void)tags;
    (void)count;
    (void)error;
    return TICKER_OK;
}

static ticker_status check_none(ticker_cache *cache, ticker_error *error)
{
    (void)cache;
    (void)error;
    return TICKER_OK;
}

static const ti_cache_ops none_ops = {
    .name = "none", .local = true, .close = close_none, .look = look_none, .bump = bump_none, .check = check_none};

static ticker_status open_none(ticker_cache **cache, ticker_error *error)
{
    *cache = calloc(1, sizeof(**cache));
    if (*cache == NULL)
        return ti_fail_memory(error);
    (*cache)->ops = &none_ops;
    return TICKER_OK;
}

/* --- Opening ------------------------------------------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* The URL may hold a password: it is in no message. */
static ticker_status wrong_url(const char *url, ticker_error *error)
{
    ticker_status status;

    if (begins(url, "rediss:")) {
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "Redis over TLS (rediss:) is not supported");
        ti_error_hint(error, "use redis:// within a network that you trust, or through a tunnel (stunnel, ssh)");
        return status;
    }
    status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the cache URL is of no known kind");
    ti_error_hint(error, "write redis://[:password@]host:port/db, unix:/path, memory: or none: in REDIS_URL");
    return status;
}

static ticker_status open_backend(const ticker_options *options, ticker_cache **cache, ticker_error *error)
{
    const char *url = ti_option_text(options, TI_OPTION_REDIS_URL);

    if (strcmp(url, "memory:") == 0)
        return ti_memory_cache_open(ti_option_number(options, TI_OPTION_CACHE_SIZE), cache, error);
    if (strcmp(url, "none:") == 0)
        return open_none(cache, error);
    if (begins(url, "redis://") || begins(url, "unix:"))
        return ti_redis_cache_open(options, url, cache, error);
    return wrong_url(url, error);
}

ticker_status ticker_cache_open(const ticker_options *options, ticker_cache **cache, ticker_error *error)
{
    ticker_cache *opened = NULL;
    ticker_status status;

    if (cache == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a cache needs a place to go");
    *cache = NULL;
    status = open_backend(options, &opened, error);
    if (status != TICKER_OK)
        return status;
    opened->clock = &ti_clock_system;
    opened->seconds = (int)ti_option_number(options, TI_OPTION_CACHE_SECONDS);
    if (!ti_flights_init(&opened->flights) || !ti_random(&opened->seed, sizeof(opened->seed))) {
        ticker_cache_free(opened);
        return ti_fail_memory(error);
    }
    *cache = opened;
    return TICKER_OK;
}

void ticker_cache_free(ticker_cache *cache)
{
    if (cache == NULL)
        return;
    ti_flights_end(&cache->flights);
    cache->ops->close(cache);
}

const char *ticker_cache_backend(const ticker_cache *cache)
{
    return cache->ops->name;
}

int ticker_cache_is_local(const ticker_cache *cache)
{
    return cache->ops->local;
}

ticker_status ticker_cache_check(ticker_cache *cache, ticker_error *error)
{
    return cache->ops->check(cache, error);
}

/* --- Entries ------------------------------------------------------------------------------------------------------------------- */

ticker_cache_entry *ti_entry_new(void *data, size_t size)
{
    ticker_cache_entry *entry = malloc(sizeof(*entry));

    if (entry == NULL) {
        free(data);
        return NULL;
    }
    atomic_init(&entry->owners, 1);
    entry->size = size;
    entry->data = data;
    return entry;
}

const void *ticker_cache_entry_data(const ticker_cache_entry *entry)
{
    return entry->data;
}

size_t ticker_cache_entry_size(const ticker_cache_entry *entry)
{
    return entry->size;
}

ticker_cache_entry *ticker_cache_entry_keep(ticker_cache_entry *entry)
{
    (void)atomic_fetch_add_explicit(&entry->owners, 1, memory_order_relaxed);
    return entry;
}

void ticker_cache_entry_free(ticker_cache_entry *entry)
{
    if (entry == NULL || atomic_fetch_sub_explicit(&entry->owners, 1, memory_order_acq_rel) != 1)
        return;
    free(entry->data);
    free(entry);
}

/* --- Questions and tickets ----------------------------------------------------------------------------------------------------- */

static ticker_status check_tags(const char *const *tags, size_t count, ticker_error *error)
{
    if (count > 0 && tags == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "there are %zu tags, but no list of them", count);
    for (size_t i = 0; i < count; i++) {
        size_t size = tags[i] != NULL ? strnlen(tags[i], TICKER_CACHE_TAG_MAX + 1) : 0;

        if (size == 0 || size > TICKER_CACHE_TAG_MAX)
            return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a tag of the cache has 1 to %d bytes",
                           TICKER_CACHE_TAG_MAX);
    }
    return TICKER_OK;
}

static ticker_status make_question(const ticker_cache *cache, const char *key, const char *const *tags, size_t count,
                                   ti_question *question, ticker_error *error)
{
    size_t size = key != NULL ? strnlen(key, TICKER_CACHE_KEY_MAX + 1) : 0;

    if (size == 0 || size > TICKER_CACHE_KEY_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a key of the cache has 1 to %d bytes",
                       TICKER_CACHE_KEY_MAX);
    if (count > TICKER_CACHE_TAGS_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an entry of the cache has at most %d tags",
                       TICKER_CACHE_TAGS_MAX);
    *question = (ti_question){.key = {key, size}, .tags = tags, .count = count};
    question->hash = ti_mix_bytes(cache->seed, question->key);
    return check_tags(tags, count, error);
}

static ticker_cache_ticket *make_ticket(const ti_question *question)
{
    size_t count = ti_question_epochs(question);
    ticker_cache_ticket *ticket = malloc(sizeof(*ticket) + count * sizeof(ti_epoch) + question->key.size);
    char *key;

    if (ticket == NULL)
        return NULL;
    key = (char *)(ticket->epochs + count);
    memcpy(key, question->key.data, question->key.size);
    memset(ticket->epochs, 0, count * sizeof(ti_epoch));
    ticket->key = (ti_slice){key, question->key.size};
    ticket->hash = question->hash;
    ticket->known = false;
    ticket->count = count;
    return ticket;
}

void ticker_cache_ticket_free(ticker_cache_ticket *ticket)
{
    free(ticket);
}

void ticker_cache_ticket_mark(const ticker_cache_ticket *ticket, char mark[TICKER_CACHE_MARK_MAX])
{
    unsigned char digest[TI_SHA256_BYTES];

    mark[0] = '\0';
    /* Epochs and key are one piece of memory. */
    if (ticket != NULL && ticket->known &&
        ti_sha256_of(ticket->epochs, ticket->count * sizeof(ti_epoch) + ticket->key.size, digest))
        ti_hex(digest, (TICKER_CACHE_MARK_MAX - 1) / 2, mark);
}

/* --- Asking -------------------------------------------------------------------------------------------------------------------- */

ticker_status ti_cache_ask(ticker_cache *cache, const ti_question *question, ticker_cache_entry **entry,
                           ticker_cache_ticket **ticket, ticker_cache_event *event, ticker_error *error)
{
    if (entry != NULL)
        *entry = NULL;
    *ticket = make_ticket(question);
    if (*ticket == NULL)
        return ti_fail_memory(error);
    *event = cache->ops->look(cache, question, *ticket, entry);
    if (*event != TICKER_CACHE_HIT)
        return TICKER_DONE;
    ti_cache_note(cache, TICKER_CACHE_HIT);
    return TICKER_OK;
}

ticker_status ticker_cache_look(ticker_cache *cache, const char *key, const char *const *tags, size_t count,
                                ticker_cache_entry **entry, ticker_cache_ticket **ticket, ticker_error *error)
{
    ticker_cache_ticket *seen = NULL;
    ticker_cache_event event = TICKER_CACHE_ERROR;
    ti_question question;
    ticker_status status;

    if (entry != NULL)
        *entry = NULL;
    if (ticket != NULL)
        *ticket = NULL;
    status = make_question(cache, key, tags, count, &question, error);
    if (status == TICKER_OK)
        status = ti_cache_ask(cache, &question, entry, &seen, &event, error);
    if (status == TICKER_DONE) {
        if (entry != NULL)
            ti_cache_note(cache, event);
        if (ticket != NULL) {
            *ticket = seen;
            return TICKER_DONE;
        }
    }
    ticker_cache_ticket_free(seen);
    return status;
}

ticker_cache_entry *ti_cache_peek(ticker_cache *cache, const char *key, const char *const *tags, size_t count)
{
    ticker_cache_ticket *ticket = NULL;
    ticker_cache_entry *entry = NULL;
    ticker_cache_event event;
    ti_question question;

    if (make_question(cache, key, tags, count, &question, NULL) == TICKER_OK)
        (void)ti_cache_ask(cache, &question, &entry, &ticket, &event, NULL);
    ticker_cache_ticket_free(ticket);
    return entry;
}

void ti_cache_keep(ticker_cache *cache, const ticker_cache_ticket *ticket, ticker_cache_entry *entry, int seconds)
{
    bool stored = false;

    if (cache->ops->store == NULL || !ticket->known || seconds < 0)
        return;
    if (entry->size <= TICKER_CACHE_ENTRY_MAX)
        stored = cache->ops->store(cache, ticket, entry, seconds > 0 ? seconds : cache->seconds);
    ti_cache_note(cache, stored ? TICKER_CACHE_STORED : TICKER_CACHE_REFUSED);
    if (cache->bytes != NULL)
        ticker_series_set(cache->bytes, (int64_t)ticker_cache_bytes(cache));
}

ticker_status ticker_cache_store(ticker_cache *cache, const ticker_cache_ticket *ticket, const void *data, size_t size,
                                 int seconds, ticker_error *error)
{
    ticker_cache_entry *entry;
    void *copy;

    if (ticket == NULL || (data == NULL && size > 0) || seconds < 0)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "the cache stores data with a ticket, for no less than 0 seconds");
    copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        return ti_fail_memory(error);
    if (size > 0)
        memcpy(copy, data, size);
    entry = ti_entry_new(copy, size);
    if (entry == NULL)
        return ti_fail_memory(error);
    ti_cache_keep(cache, ticket, entry, seconds);
    ticker_cache_entry_free(entry);
    return TICKER_OK;
}

ticker_status ticker_cache_fetch(ticker_cache *cache, const char *key, const char *const *tags, size_t count,
                                 ticker_cache_compute compute, void *payload, ticker_cache_entry **entry,
                                 ticker_error *error)
{
    ticker_cache_ticket *ticket = NULL;
    ticker_cache_event event = TICKER_CACHE_ERROR;
    ti_question question;
    ticker_status status;
    uint64_t landed;

    if (entry == NULL || compute == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "a computation needs a function, and a place for what it computes");
    *entry = NULL;
    status = make_question(cache, key, tags, count, &question, error);
    if (status != TICKER_OK)
        return status;
    landed = ti_flights_landed(cache, question.hash);
    status = ti_cache_ask(cache, &question, entry, &ticket, &event, error);
    if (status == TICKER_DONE) /* frees the ticket */
        return ti_flight_fetch(cache, &question, landed, event, ticket, compute, payload, entry, error);
    ticker_cache_ticket_free(ticket);
    return status;
}

/* --- Bumps --------------------------------------------------------------------------------------------------------------------- */

static ticker_status bump(ticker_cache *cache, const char *const *tags, size_t count, ticker_error *error)
{
    ticker_status status = cache->ops->bump(cache, tags, count, error);

    ti_cache_note(cache, status == TICKER_OK ? TICKER_CACHE_BUMP : TICKER_CACHE_UNBUMPED);
    return status;
}

ticker_status ticker_cache_bump(ticker_cache *cache, const char *const *tags, size_t count, ticker_error *error)
{
    ticker_status status = check_tags(tags, count, error);

    if (status != TICKER_OK || count == 0)
        return status;
    return count > TICKER_CACHE_BUMP_MAX ? bump(cache, NULL, 0, error) : bump(cache, tags, count, error);
}

ticker_status ticker_cache_bump_all(ticker_cache *cache, ticker_error *error)
{
    return bump(cache, NULL, 0, error);
}

void ticker_cache_follow(ticker_cache *cache, int known, uint64_t number)
{
    if (cache->ops->follow != NULL)
        cache->ops->follow(cache, known != 0, number);
}

/* --- Counts -------------------------------------------------------------------------------------------------------------------- */

uint64_t ticker_cache_count(const ticker_cache *cache, ticker_cache_event event)
{
    return (unsigned)event < TI_CACHE_EVENTS
               ? (uint64_t)atomic_load_explicit(&cache->counts[event], memory_order_relaxed)
               : 0;
}

uint64_t ticker_cache_bytes(const ticker_cache *cache)
{
    return cache->ops->bytes != NULL ? cache->ops->bytes(cache) : 0;
}

void ticker_cache_measure(ticker_cache *cache, ticker_metrics *metrics)
{
    static const struct {
        ticker_cache_event event;
        ticker_metric metric;
        const char *result;
    } counted[] = {{TICKER_CACHE_HIT, TICKER_METRIC_CACHE_REQUESTS, "hit"},
                   {TICKER_CACHE_MISS, TICKER_METRIC_CACHE_REQUESTS, "miss"},
                   {TICKER_CACHE_SHARED, TICKER_METRIC_CACHE_REQUESTS, "shared"},
                   {TICKER_CACHE_SKIPPED, TICKER_METRIC_CACHE_REQUESTS, "skipped"},
                   {TICKER_CACHE_ERROR, TICKER_METRIC_CACHE_REQUESTS, "error"},
                   {TICKER_CACHE_BUMP, TICKER_METRIC_CACHE_BUMPS, "done"},
                   {TICKER_CACHE_UNBUMPED, TICKER_METRIC_CACHE_BUMPS, "failed"}};

    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
        cache->series[counted[i].event] = ticker_metrics_series(metrics, counted[i].metric, &counted[i].result, 1);
    if (cache->ops->bytes != NULL)
        cache->bytes = ticker_metrics_series(metrics, TICKER_METRIC_CACHE_BYTES, NULL, 0);
    cache->up = ticker_metrics_series(metrics, TICKER_METRIC_CACHE_UP, NULL, 0);
    ticker_series_set(cache->up, 1);
}
