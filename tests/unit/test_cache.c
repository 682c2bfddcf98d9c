/* The cache without a server: opening, memory's cap and order, following the database, no cache at all, the breaker. What all caches
 * have in common is in tests/conformance. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "cache/breaker.h"
#include "cache/cache.h"
#include "support.h"

static ticker_cache *open_cache(const char *url, const char *size)
{
    ticker_options *options = ticker_options_new();
    ticker_cache *cache = NULL;

    ck_assert_int_eq(ticker_options_set(options, "redis-url", url, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_options_set(options, "cache-size", size, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_cache_open(options, &cache, NULL), TICKER_OK);
    ticker_options_free(options);
    return cache;
}

static bool has(ticker_cache *cache, const char *key)
{
    const char *tag = "A";
    ticker_cache_entry *entry;
    ticker_status status = ticker_cache_look(cache, key, &tag, 1, &entry, NULL, NULL);

    ticker_cache_entry_free(entry);
    return status == TICKER_OK;
}

static void put(ticker_cache *cache, const char *key, size_t size)
{
    const char *tag = "A";
    ticker_cache_ticket *ticket = NULL;
    char *data = calloc(1, size);

    ck_assert_int_eq(ticker_cache_look(cache, key, &tag, 1, NULL, &ticket, NULL), TICKER_DONE);
    ck_assert_int_eq(ticker_cache_store(cache, ticket, data, size, 0, NULL), TICKER_OK);
    ticker_cache_ticket_free(ticket);
    free(data);
}

/* --- Opening ------------------------------------------------------------------------------------------------------------------- */

START_TEST(urls)
{
    static const struct {
        const char *url;
        ticker_error_kind kind;
    } wrong[] = {
        {"", TICKER_ERROR_USAGE},
        {"redis", TICKER_ERROR_USAGE},
        {"memory", TICKER_ERROR_USAGE},
        {"memcached://127.0.0.1", TICKER_ERROR_USAGE},
        {"rediss://:s3cret@127.0.0.1", TICKER_ERROR_UNSUPPORTED},
        {"redis://", TICKER_ERROR_USAGE},
        {"redis://:s3cret@", TICKER_ERROR_USAGE},
        {"redis://s3cret@127.0.0.1", TICKER_ERROR_USAGE},
        {"redis://s3cret:@127.0.0.1", TICKER_ERROR_USAGE},
        {"redis://:s3cret@127.0.0.1:0", TICKER_ERROR_USAGE},
        {"redis://:s3cret@127.0.0.1:65536", TICKER_ERROR_USAGE},
        {"redis://:s3cret@127.0.0.1:", TICKER_ERROR_USAGE},
        {"redis://:s3cret@[::1", TICKER_ERROR_USAGE},
        {"redis://:s3cret@[::1]6379", TICKER_ERROR_USAGE},
        {"redis://:s3cret@127.0.0.1/one", TICKER_ERROR_USAGE},
        {"redis://:s3cret@127.0.0.1/-1", TICKER_ERROR_USAGE},
        {"redis://:s3cret%00@127.0.0.1/0", TICKER_ERROR_USAGE},
        {"unix:", TICKER_ERROR_USAGE},
        {"unix:relative", TICKER_ERROR_USAGE},
        {"unix:/socket?database=1", TICKER_ERROR_USAGE},
        {"unix://s3cret@/socket", TICKER_ERROR_USAGE},
    };

    for (size_t i = 0; i < COUNT(wrong); i++) {
        ticker_options *options = ticker_options_new();
        ticker_cache *cache = NULL;
        ticker_error error;

        ti_error_init(&error);
        ck_assert_int_eq(ticker_options_set(options, "redis-url", wrong[i].url, NULL), TICKER_OK);
        ck_assert_msg(ticker_cache_open(options, &cache, &error) == TICKER_FATAL, "%s was opened", wrong[i].url);
        ck_assert_msg(ticker_error_get_kind(&error) == wrong[i].kind, "%s: %d", wrong[i].url, (int)error.kind);
        ck_assert_ptr_null(cache);
        ck_assert_ptr_null(strstr(ticker_error_message(&error), "s3cret"));
        ck_assert_ptr_null(strstr(ticker_error_hint(&error), "s3cret"));
        ticker_options_free(options);
    }
    ck_assert_int_eq(ticker_cache_open(NULL, NULL, NULL), TICKER_FATAL);
}
END_TEST

START_TEST(defaults)
{
    ticker_cache *cache = NULL;

    ck_assert_int_eq(ticker_cache_open(NULL, &cache, NULL), TICKER_OK);
    ck_assert_str_eq(ticker_cache_backend(cache), "memory");
    ck_assert_int_eq(ticker_cache_is_local(cache), 1);
    ck_assert_uint_eq(ticker_cache_bytes(cache), 0);
    ticker_cache_free(cache);
}
END_TEST

/* --- Memory -------------------------------------------------------------------------------------------------------------------- */

START_TEST(the_oldest_makes_room)
{
    ticker_cache *cache = open_cache("memory:", "100KiB");
    char key[16];

    for (int i = 0; i < 9; i++) {
        (void)snprintf(key, sizeof(key), "%d", i);
        put(cache, key, 10000);
    }
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_EVICTED), 0);
    ck_assert(has(cache, "0")); /* now the newest */
    put(cache, "9", 10000);
    put(cache, "10", 10000);
    ck_assert(!has(cache, "1"));
    ck_assert(has(cache, "0"));
    ck_assert(has(cache, "10"));
    ck_assert_uint_ge(ticker_cache_count(cache, TICKER_CACHE_EVICTED), 1);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(key, sizeof(key), "%d", i);
        put(cache, key, (size_t)i * 7);
        ck_assert_uint_le(ticker_cache_bytes(cache), 100 * 1024);
        ck_assert(has(cache, key));
    }
    put(cache, "too large", 200 * 1024);
    ck_assert(!has(cache, "too large"));
    ck_assert(has(cache, "999"));
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_REFUSED), 1);
    ticker_cache_free(cache);
}
END_TEST

START_TEST(many_small_entries)
{
    ticker_cache *cache = open_cache("memory:", "64MiB");
    char key[16];

    for (int i = 0; i < 20000; i++) {
        (void)snprintf(key, sizeof(key), "key %d", i);
        put(cache, key, 10);
    }
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(key, sizeof(key), "key %d", i);
        ck_assert(has(cache, key));
    }
    ck_assert_uint_gt(ticker_cache_bytes(cache), 20000 * 10);
    ck_assert_int_eq(ticker_cache_bump_all(cache, NULL), TICKER_OK);
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(key, sizeof(key), "key %d", i);
        ck_assert(!has(cache, key));
    }
    ck_assert_uint_eq(ticker_cache_bytes(cache), 0); /* what is stale goes when it is asked for */
    ticker_cache_free(cache);
}
END_TEST

/* --- Memory, beside a model of it: entries in the order in which they were asked for -------------------------------------- */

#define MODEL_BYTES 40000
#define MODEL_KEYS 40
#define MODEL_STEPS 6000

typedef struct model_entry {
    unsigned key, epoch; /* of its tag when it was stored */
    size_t cost;
} model_entry;

typedef struct model {
    ticker_cache *cache;
    size_t overhead; /* of an entry, beside its bytes */
    model_entry entry[MODEL_KEYS];
    size_t count, bytes;
    unsigned epoch[2]; /* of the tags */
    uint64_t evicted, refused;
} model;

static const char *const model_tags[] = {"A", "B"};

static ticker_status ask_for(model *self, unsigned key, ticker_cache_entry **entry, ticker_cache_ticket **ticket)
{
    char name[16];

    (void)snprintf(name, sizeof(name), "k%02u", key);
    return ticker_cache_look(self->cache, name, &model_tags[key % 2], 1, entry, ticket, NULL);
}

static void take_out(model *self, size_t at)
{
    self->bytes -= self->entry[at].cost;
    self->count--;
    memmove(&self->entry[at], &self->entry[at + 1], (self->count - at) * sizeof(self->entry[0]));
}

static size_t place_of(const model *self, unsigned key)
{
    size_t at = 0;

    while (at < self->count && self->entry[at].key != key)
        at++;
    return at;
}

/* The last one is the newest. */
static void look_up(model *self, unsigned key)
{
    size_t at = place_of(self, key);
    bool there = at < self->count, good = there && self->entry[at].epoch == self->epoch[key % 2];
    model_entry found = there ? self->entry[at] : (model_entry){.key = key};
    ticker_cache_entry *entry;

    ck_assert_int_eq(ask_for(self, key, &entry, NULL), good ? TICKER_OK : TICKER_DONE);
    if (good)
        ck_assert_uint_eq(ticker_cache_entry_size(entry) + self->overhead, found.cost);
    ticker_cache_entry_free(entry);
    if (there)
        take_out(self, at);
    if (good) {
        self->entry[self->count++] = found;
        self->bytes += found.cost;
    }
}

static void put_in(model *self, unsigned key, size_t size)
{
    static const char bytes[MODEL_BYTES];
    model_entry made = {key, self->epoch[key % 2], size + self->overhead};
    ticker_cache_ticket *ticket = NULL;
    size_t at = place_of(self, key);

    ck_assert_int_eq(ask_for(self, key, NULL, &ticket), TICKER_DONE);
    ck_assert_int_eq(ticker_cache_store(self->cache, ticket, bytes, size, 0, NULL), TICKER_OK);
    ticker_cache_ticket_free(ticket);
    if (made.cost > MODEL_BYTES) {
        self->refused++;
        return;
    }
    if (at < self->count)
        take_out(self, at);
    for (; self->bytes + made.cost > MODEL_BYTES; self->evicted++)
        take_out(self, 0);
    self->entry[self->count++] = made;
    self->bytes += made.cost;
}

static void bump_tag(model *self, unsigned tag)
{
    self->epoch[tag]++;
    ck_assert_int_eq(ticker_cache_bump(self->cache, &model_tags[tag], 1, NULL), TICKER_OK);
}

/* Tags share their epochs with some others, and now and then these two do. */
static bool tags_are_apart(model *self)
{
    ticker_cache_entry *entry;
    bool apart;

    put_in(self, 1, 0);
    self->overhead = (size_t)ticker_cache_bytes(self->cache);
    bump_tag(self, 0);
    apart = ask_for(self, 1, &entry, NULL) == TICKER_OK;
    ticker_cache_entry_free(entry);
    bump_tag(self, 1);
    ck_assert_int_eq(ask_for(self, 1, &entry, NULL), TICKER_DONE);
    self->count = self->bytes = 0;
    return apart;
}

START_TEST(as_the_model_says)
{
    uint64_t state = 20261126;
    model self;

    for (bool apart = false; !apart;) {
        self = (model){.cache = open_cache("memory:", "40000")};
        apart = tags_are_apart(&self);
        if (!apart)
            ticker_cache_free(self.cache);
    }
    for (unsigned step = 0; step < MODEL_STEPS; step++) {
        unsigned what, key;

        state = state * 6364136223846793005u + 1442695040888963407u;
        what = (unsigned)(state >> 56);
        key = (unsigned)(state >> 40) % MODEL_KEYS;
        if (what < 2)
            bump_tag(&self, key % 2);
        else if (what < 100)
            put_in(&self, key, what == 2 ? MODEL_BYTES : (size_t)(state >> 20) % 4000);
        else
            look_up(&self, key);
        ck_assert_uint_eq(ticker_cache_bytes(self.cache), self.bytes);
    }
    ck_assert_uint_gt(self.evicted, 100);
    ck_assert_uint_gt(self.refused, 0);
    ck_assert_uint_eq(ticker_cache_count(self.cache, TICKER_CACHE_EVICTED), self.evicted);
    ck_assert_uint_eq(ticker_cache_count(self.cache, TICKER_CACHE_REFUSED), self.refused);
    ticker_cache_free(self.cache);
}
END_TEST

START_TEST(a_cache_of_nothing)
{
    ticker_cache *cache = open_cache("memory:", "0");

    put(cache, "k", 1);
    ck_assert(!has(cache, "k"));
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_REFUSED), 1);
    ticker_cache_free(cache);
}
END_TEST

START_TEST(following_the_database)
{
    ticker_cache *cache = open_cache("memory:", "1MiB");

    put(cache, "k", 1);
    ticker_cache_follow(cache, 1, 7); /* what was computed before is of an unknown number */
    ck_assert(!has(cache, "k"));
    put(cache, "k", 1);
    ticker_cache_follow(cache, 1, 7);
    ck_assert(has(cache, "k"));
    ticker_cache_follow(cache, 1, 8);
    ck_assert(!has(cache, "k"));
    put(cache, "k", 1);
    ck_assert(has(cache, "k"));
    ticker_cache_follow(cache, 0, 0);
    ck_assert(!has(cache, "k"));
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_SKIPPED), 1);
    put(cache, "k", 1); /* is not stored */
    ticker_cache_follow(cache, 1, 8);
    ck_assert(!has(cache, "k"));
    put(cache, "k", 1);
    ck_assert(has(cache, "k"));
    ticker_cache_free(cache);
}
END_TEST

/* --- None ---------------------------------------------------------------------------------------------------------------------- */

#define ASKERS 50

typedef struct work {
    atomic_int begun, asked;
} work;

static ticker_status slowly(void *payload, ticker_cache_result *result, ticker_error *error)
{
    work *mine = payload;
    struct timespec rest = {0, 100000000};

    (void)error;
    /* The first one until the others are there. */
    if (atomic_fetch_add(&mine->begun, 1) == 0)
        do
            (void)nanosleep(&rest, NULL);
        while (atomic_load(&mine->asked) < ASKERS);
    ticker_cache_result_give(result, strdup("x"), 1, 0);
    return TICKER_OK;
}

static ticker_cache *none;

static void *ask(void *payload)
{
    ticker_cache_entry *entry = NULL;
    work *mine = payload;

    (void)atomic_fetch_add(&mine->asked, 1);
    if (ticker_cache_fetch(none, "k", NULL, 0, slowly, payload, &entry, NULL) != TICKER_OK)
        return payload;
    ticker_cache_entry_free(entry);
    return NULL;
}

/* Nobody knows whether something was imported meanwhile: who comes while one computes waits for the next computation, which is for all that
 * came until it began. */
START_TEST(no_cache)
{
    pthread_t threads[ASKERS];
    work shared = {0};
    char mark[TICKER_CACHE_MARK_MAX];
    ticker_cache_ticket *ticket = NULL;

    none = open_cache("none:", "1MiB");
    ck_assert_str_eq(ticker_cache_backend(none), "none");
    ck_assert_int_eq(ticker_cache_is_local(none), 1);
    ck_assert_int_eq(ticker_cache_check(none, NULL), TICKER_OK);
    put(none, "k", 1);
    ck_assert(!has(none, "k"));
    ck_assert_int_eq(ticker_cache_look(none, "k", NULL, 0, NULL, &ticket, NULL), TICKER_DONE);
    ticker_cache_ticket_mark(ticket, mark);
    ck_assert_str_eq(mark, "");
    ticker_cache_ticket_free(ticket);
    ck_assert_int_eq(ticker_cache_bump_all(none, NULL), TICKER_OK);
    ticker_cache_follow(none, 1, 1);
    ck_assert_uint_eq(ticker_cache_bytes(none), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask, &shared), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *failed;

        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    ck_assert_int_ge(atomic_load(&shared.begun), 2);
    ck_assert_int_le(atomic_load(&shared.begun), 5); /* some may be about to wait when the first one ends */
    ticker_cache_free(none);
}
END_TEST

/* --- The breaker --------------------------------------------------------------------------------------------------------------- */

START_TEST(a_breaker)
{
    ti_breaker breaker;
    ticker_error why, error;
    bool trial;
    int64_t now = 1000;

    ti_error_init(&why);
    ti_error_init(&error);
    (void)ti_fail(&why, TICKER_RETRY, TICKER_ERROR_SERVICE, "gone");
    ck_assert(ti_breaker_init(&breaker));
    ck_assert(ti_breaker_pass(&breaker, now, &trial, NULL) && !trial);
    ti_breaker_went_well(&breaker);
    ti_breaker_went_wrong(&breaker, now, &why);
    ti_breaker_went_wrong(&breaker, now + 100, &why); /* was under way: the pause stays */
    ck_assert(!ti_breaker_pass(&breaker, now + TI_BREAKER_PAUSE_FIRST - 1, &trial, &error));
    ck_assert_str_eq(ticker_error_message(&error), "gone");
    for (int64_t pause = TI_BREAKER_PAUSE_FIRST; pause <= 8 * TI_BREAKER_PAUSE_MAX; pause *= 2) {
        now += pause < TI_BREAKER_PAUSE_MAX ? pause : TI_BREAKER_PAUSE_MAX;
        ck_assert(!ti_breaker_pass(&breaker, now - 1, &trial, NULL));
        ck_assert(ti_breaker_pass(&breaker, now, &trial, NULL) && trial);
        ck_assert(!ti_breaker_pass(&breaker, now + 100000, &trial, NULL)); /* one at a time */
        ti_breaker_not_tried(&breaker);
        ck_assert(ti_breaker_pass(&breaker, now, &trial, NULL) && trial);
        ti_breaker_went_wrong(&breaker, now, &why);
    }
    now += TI_BREAKER_PAUSE_MAX;
    ck_assert(ti_breaker_pass(&breaker, now, &trial, NULL) && trial);
    ti_breaker_went_well(&breaker);
    ck_assert(ti_breaker_pass(&breaker, now, &trial, NULL) && !trial);
    ti_breaker_went_wrong(&breaker, now, &why); /* from the beginning */
    ck_assert(ti_breaker_pass(&breaker, now + TI_BREAKER_PAUSE_FIRST, &trial, NULL) && trial);
    ti_breaker_end(&breaker);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {urls,
                                  defaults,
                                  the_oldest_makes_room,
                                  many_small_entries,
                                  as_the_model_says,
                                  a_cache_of_nothing,
                                  following_the_database,
                                  no_cache,
                                  a_breaker};

    return run_tests("cache", tests, COUNT(tests));
}
