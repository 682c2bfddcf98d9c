/* The cache in Redis. Its keys:
 *
 *   ticker:RUN:a:SHA256   an entry: a head with the epochs under which it was computed, then its bytes
 *   ticker:RUN:e:TAG      the epoch of a tag: 16 random bytes
 *   ticker:RUN:any        the epoch that every bump changes
 *   ticker:RUN:all        the epoch of everything
 *
 * RUN is the server's own number of its run: a server that comes back with what it had saved some time ago (or a replica that takes over
 * and has not heard of the last bumps) would have old epochs with the old entries, which nobody looks for any more.
 *
 * A bump deletes epochs. That is as good as new ones, since a missing epoch is made anew at random, and a server whose memory is full still
 * does it. */
#include <config.h>

#include "cache/cache.h"

#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "cache/redis.h"

#ifdef TI_WITH_HIREDIS

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/random.h"
#include "cache/breaker.h"

#define IDLE_MAX 64
#define AT_HAND 1       /* second */
#define FULL_PAUSE 1000 /* … without storing after it said that it is full */
#define EPOCH_SECONDS_MIN 86400
#define DELETES 512 /* keys of one DEL: other clients are let in between */
#define KEY_MAX (16 + TI_REDIS_RUN_MAX + 2 * TI_SHA256_BYTES + TICKER_CACHE_TAG_MAX)
#define COMMANDS_MAX (2 * 1024 * 1024)
#define ANSWER_ROOM 65536 /* besides the entry */

static const char magic[4] = {'T', 'I', 'C', '1'};
#define HEAD_MAX (sizeof(magic) + 1 + TI_CACHE_EPOCHS_MAX * sizeof(ti_epoch))

_Static_assert(TI_CACHE_EPOCHS_MAX + 1 <= TI_REDIS_ANSWERS_MAX, "a look is one list, making epochs as many answers");
_Static_assert(TICKER_CACHE_BUMP_MAX / DELETES + 1 <= TI_REDIS_ANSWERS_MAX, "the answers of a bump");
_Static_assert(TI_CACHE_EPOCHS_MAX < 256, "the head has a byte for their number");

typedef struct redis_cache {
    ticker_cache cache;
    ti_redis_address address;
    ti_breaker breaker;
    atomic_int_fast64_t full_until;
    ticker_cache *at_hand; /* what was read or stored lately; see look_at_hand() */
    pthread_mutex_t lock;  /* of those below */
    ti_redis_link *idle[IDLE_MAX];
    size_t idle_count;
} redis_cache;

static redis_cache *redis_of(ticker_cache *cache)
{
    return (redis_cache *)cache;
}

/* --- Connections --------------------------------------------------------------------------------------------------------------- */

static ti_redis_link *take_idle(redis_cache *redis)
{
    ti_redis_link *link = NULL;

    (void)pthread_mutex_lock(&redis->lock);
    if (redis->idle_count > 0)
        link = redis->idle[--redis->idle_count];
    (void)pthread_mutex_unlock(&redis->lock);
    return link;
}

static void give_back(redis_cache *redis, ti_redis_link *link)
{
    ti_redis_forget(link);
    (void)pthread_mutex_lock(&redis->lock);
    if (redis->idle_count < IDLE_MAX) {
        redis->idle[redis->idle_count++] = link;
        link = NULL;
    }
    (void)pthread_mutex_unlock(&redis->lock);
    ti_redis_close(link);
}

static void drop_idle(redis_cache *redis)
{
    ti_redis_link *link;

    while ((link = take_idle(redis)) != NULL)
        ti_redis_close(link);
}

/* One exchange on a connection that is taken, and given back by end_call(). */
typedef struct call {
    redis_cache *redis;
    ti_redis_link *link;
    bool old;   /* it was idle, and the server may have closed it */
    bool trial; /* let through by the open breaker, with no outcome yet */
    ti_buffer commands;
    const ti_redis_answer *answers[TI_REDIS_ANSWERS_MAX];
    ticker_error error; /* of what failed */
} call;

static void went_wrong(call *mine)
{
    ti_breaker_went_wrong(&mine->redis->breaker, ti_cache_now(&mine->redis->cache), &mine->error);
    ticker_series_set(mine->redis->cache.up, 0);
    mine->trial = false;
}

static void went_well(call *mine)
{
    if (atomic_load_explicit(&mine->redis->breaker.open, memory_order_relaxed))
        ticker_series_set(mine->redis->cache.up, 1);
    ti_breaker_went_well(&mine->redis->breaker);
    mine->old = mine->trial = false;
}

static ticker_status connect_call(call *mine)
{
    ticker_status status = ti_redis_connect(&mine->redis->address, &mine->link, &mine->error);

    mine->old = false;
    if (status != TICKER_OK)
        went_wrong(mine);
    return status;
}

/* TICKER_DONE: left out, and ->error says why. Otherwise as ti_redis_connect(). `urgent`: is worth a time-out. End it, whatever happens. */
static ticker_status begin_call(redis_cache *redis, call *mine, bool urgent)
{
    mine->redis = redis;
    mine->link = NULL;
    mine->trial = false;
    ti_error_init(&mine->error);
    ti_buffer_init(&mine->commands, COMMANDS_MAX);
    if (!urgent && !ti_breaker_pass(&redis->breaker, ti_cache_now(&redis->cache), &mine->trial, &mine->error))
        return TICKER_DONE;
    mine->link = take_idle(redis);
    mine->old = mine->link != NULL;
    return mine->link != NULL ? TICKER_OK : connect_call(mine);
}

static void end_call(call *mine)
{
    ti_buffer_free(&mine->commands);
    if (mine->trial)
        ti_breaker_not_tried(&mine->redis->breaker);
    if (mine->link != NULL)
        give_back(mine->redis, mine->link);
}

/* False: no answer. */
static bool exchange(call *mine, size_t count, size_t max)
{
    bool gone;

    if (ti_redis_exchange(mine->link, &mine->commands, count, max, mine->answers, &gone, &mine->error)) {
        went_well(mine);
        return true;
    }
    ti_redis_close(mine->link);
    mine->link = NULL;
    mine->old = mine->old && gone;
    if (!mine->old)
        went_wrong(mine);
    return false;
}

/* An idle connection that the server closed (it was restarted, or closes idle ones) says nothing about the server now: the others are
 * as old, and a new one is made. True: go on, with new commands for this run of the server. */
static bool begin_again(call *mine)
{
    if (mine->link != NULL || !mine->old)
        return false;
    drop_idle(mine->redis);
    ti_error_init(&mine->error);
    ti_buffer_clear(&mine->commands);
    return connect_call(mine) == TICKER_OK;
}

/* An answer that is an error: the breaker opens, since the next question would be refused too. */
static ticker_status refuse(call *mine, const ti_redis_answer *answer)
{
    ticker_status status;

    ti_error_init(&mine->error);
    status = ti_redis_refused(answer, &mine->error);
    went_wrong(mine);
    return status;
}

/* --- Keys ---------------------------------------------------------------------------------------------------------------------- */

static void put_key(call *mine, const char *kind, const char *name)
{
    char key[KEY_MAX];

    (void)snprintf(key, sizeof(key), "ticker:%s:%s%s", ti_redis_run(mine->link), kind, name);
    ti_redis_word(&mine->commands, ti_slice_of(key));
}

static void put_word(call *mine, const char *word)
{
    ti_redis_word(&mine->commands, ti_slice_of(word));
}

static void put_epoch_key(call *mine, const ti_question *question, size_t index)
{
    if (index == 0)
        put_key(mine, "all", "");
    else if (question->count == 0)
        put_key(mine, "any", "");
    else
        put_key(mine, "e:", question->tags[index - 1]);
}

/* Keys of callers may be long and hold anything. */
static bool put_entry_key(call *mine, ti_slice key)
{
    unsigned char digest[TI_SHA256_BYTES];
    char text[2 * TI_SHA256_BYTES + 1];

    if (!ti_sha256_of(key.data, key.size, digest))
        return false;
    ti_hex(digest, sizeof(digest), text);
    put_key(mine, "a:", text);
    return true;
}

/* --- Looking ------------------------------------------------------------------------------------------------------------------- */

static bool write_look(call *mine, const ti_question *question, bool with_entry)
{
    size_t count = ti_question_epochs(question);

    ti_redis_command(&mine->commands, 1 + with_entry + count);
    put_word(mine, "MGET");
    if (with_entry && !put_entry_key(mine, question->key))
        return false;
    for (size_t i = 0; i < count; i++)
        put_epoch_key(mine, question, i);
    return true;
}

/* The epochs of a list that begins with `skip` others. False: some are missing. */
static bool read_epochs(const ti_redis_answer *list, size_t skip, ticker_cache_ticket *ticket)
{
    bool all = true;

    for (size_t i = 0; i < ticket->count; i++) {
        const ti_redis_answer *answer = ti_redis_element(list, skip + i);
        ti_slice text = answer != NULL ? ti_redis_text(answer) : (ti_slice){"", 0};

        if (text.size == sizeof(ti_epoch))
            memcpy(ticket->epochs[i].bytes, text.data, sizeof(ti_epoch));
        else
            all = false;
    }
    return all;
}

/* The bytes of an entry that was computed under the epochs that are now; NULL: it was not, or it is none. */
static ticker_cache_entry *read_entry(const ti_redis_answer *answer, const ticker_cache_ticket *ticket)
{
    ti_slice text = answer != NULL ? ti_redis_text(answer) : (ti_slice){"", 0};
    size_t epochs = ticket->count * sizeof(ti_epoch), head = sizeof(magic) + 1 + epochs;
    void *data;

    if (text.size < head || memcmp(text.data, magic, sizeof(magic)) != 0 ||
        (unsigned char)text.data[sizeof(magic)] != ticket->count ||
        memcmp(text.data + sizeof(magic) + 1, ticket->epochs, epochs) != 0)
        return NULL;
    data = malloc(text.size - head > 0 ? text.size - head : 1);
    if (data == NULL)
        return NULL;
    memcpy(data, text.data + head, text.size - head);
    return ti_entry_new(data, text.size - head);
}

static size_t write_epochs(call *mine, const ti_question *question)
{
    int64_t seconds = 2 * (int64_t)mine->redis->cache.seconds;
    size_t count = ti_question_epochs(question);
    char number[24];

    (void)snprintf(number, sizeof(number), "%lld",
                   (long long)(seconds > EPOCH_SECONDS_MIN ? seconds : EPOCH_SECONDS_MIN));
    for (size_t i = 0; i < count; i++) {
        ti_epoch epoch;

        if (!ti_random(epoch.bytes, sizeof(epoch.bytes)))
            return 0;
        ti_redis_command(&mine->commands, 6);
        put_word(mine, "SET");
        put_epoch_key(mine, question, i);
        ti_redis_word(&mine->commands, (ti_slice){(const char *)epoch.bytes, sizeof(epoch.bytes)});
        put_word(mine, "NX"); /* whoever made it first has made it for all */
        put_word(mine, "EX");
        put_word(mine, number);
    }
    return count;
}

/* Redis takes nothing (full, read-only), but still reads: only storing stops for a moment. */
static void note_full(redis_cache *redis)
{
    atomic_store(&redis->full_until, ti_cache_now(&redis->cache) + FULL_PAUSE);
}

static bool is_full(redis_cache *redis)
{
    return ti_cache_now(&redis->cache) < (int64_t)atomic_load(&redis->full_until);
}

/* Makes the missing epochs and reads them all again, at once. Refused, they stay unknown. */
static bool make_epochs(call *mine, const ti_question *question, ticker_cache_ticket *ticket)
{
    size_t count;

    ti_buffer_clear(&mine->commands);
    count = write_epochs(mine, question);
    if (count == 0 || !write_look(mine, question, false) || !exchange(mine, count + 1, ANSWER_ROOM))
        return false;
    for (size_t i = 0; i < count; i++)
        if (ti_redis_kind_of(mine->answers[i]) == TI_REDIS_ERROR)
            note_full(mine->redis);
    return read_epochs(mine->answers[count], 0, ticket);
}

/* The same answers are asked for again and again, and most of what Redis sends would be what came a moment ago. So the process keeps a
 * copy for AT_HAND seconds, and only asks for the epochs: it is as good as the entry itself while they are those under which the copy
 * was computed. True: that is so. False with a connection: ask for the entry. */
static bool look_at_hand(call *mine, const ti_question *question, ticker_cache_ticket *ticket,
                         ticker_cache_entry **entry)
{
    ti_epoch epochs[TI_CACHE_EPOCHS_MAX];
    ticker_cache_entry *copy = ti_memory_find(mine->redis->at_hand, question, epochs);

    if (copy == NULL)
        return false;
    if (write_look(mine, question, false) && exchange(mine, 1, ANSWER_ROOM) &&
        ti_redis_kind_of(mine->answers[0]) == TI_REDIS_LIST && read_epochs(mine->answers[0], 0, ticket) &&
        memcmp(epochs, ticket->epochs, ticket->count * sizeof(ti_epoch)) == 0) {
        ticket->known = true;
        *entry = copy;
        return true;
    }
    ticker_cache_entry_free(copy);
    ti_buffer_clear(&mine->commands);
    return false;
}

static void keep_at_hand(redis_cache *redis, const ticker_cache_ticket *ticket, ticker_cache_entry *entry)
{
    (void)redis->at_hand->ops->store(redis->at_hand, ticket, entry, AT_HAND); /* too large: is fetched each time */
}

/* With a connection; see exchange(). */
static ticker_cache_event look_at(call *mine, const ti_question *question, ticker_cache_ticket *ticket,
                                  ticker_cache_entry **entry)
{
    const ti_redis_answer *list;

    if (entry != NULL && look_at_hand(mine, question, ticket, entry))
        return TICKER_CACHE_HIT;
    if (mine->link == NULL || !write_look(mine, question, entry != NULL) ||
        !exchange(mine, 1, TICKER_CACHE_ENTRY_MAX + ANSWER_ROOM))
        return TICKER_CACHE_ERROR;
    list = mine->answers[0];
    if (ti_redis_kind_of(list) != TI_REDIS_LIST) {
        (void)refuse(mine, list);
        return TICKER_CACHE_ERROR;
    }
    ticket->known = read_epochs(list, entry != NULL, ticket);
    if (ticket->known && entry != NULL)
        *entry = read_entry(ti_redis_element(list, 0), ticket);
    if (entry != NULL && *entry != NULL) {
        keep_at_hand(mine->redis, ticket, *entry);
        return TICKER_CACHE_HIT;
    }
    if (!ticket->known && !is_full(mine->redis))
        ticket->known = make_epochs(mine, question, ticket);
    return ticket->known ? TICKER_CACHE_MISS : TICKER_CACHE_ERROR;
}

static ticker_cache_event look(ticker_cache *cache, const ti_question *question, ticker_cache_ticket *ticket,
                               ticker_cache_entry **entry)
{
    ticker_cache_event event = TICKER_CACHE_ERROR;
    call mine;
    ticker_status status = begin_call(redis_of(cache), &mine, false);

    if (status == TICKER_DONE)
        event = TICKER_CACHE_SKIPPED;
    if (status == TICKER_OK) {
        event = look_at(&mine, question, ticket, entry);
        if (begin_again(&mine))
            event = look_at(&mine, question, ticket, entry);
    }
    end_call(&mine);
    return event;
}

/* --- Storing ------------------------------------------------------------------------------------------------------------------- */

static bool write_store(call *mine, const ticker_cache_ticket *ticket, const ticker_cache_entry *entry, int seconds)
{
    size_t epochs = ticket->count * sizeof(ti_epoch), size = sizeof(magic) + 1 + epochs + entry->size;
    char number[16];

    (void)snprintf(number, sizeof(number), "%d", seconds);
    ti_redis_command(&mine->commands, 5);
    put_word(mine, "SET");
    if (!put_entry_key(mine, ticket->key))
        return false;
    (void)ti_buffer_printf(&mine->commands, "$%zu\r\n", size);
    (void)ti_buffer_append(&mine->commands, magic, sizeof(magic));
    (void)ti_buffer_byte(&mine->commands, (char)ticket->count);
    (void)ti_buffer_append(&mine->commands, ticket->epochs, epochs);
    (void)ti_buffer_append(&mine->commands, entry->data, entry->size);
    (void)ti_buffer_text(&mine->commands, "\r\n");
    put_word(mine, "EX");
    put_word(mine, number);
    return true;
}

static bool store_in(call *mine, const ticker_cache_ticket *ticket, const ticker_cache_entry *entry, int seconds)
{
    if (!write_store(mine, ticket, entry, seconds) || !exchange(mine, 1, ANSWER_ROOM))
        return false;
    if (ti_redis_kind_of(mine->answers[0]) != TI_REDIS_ERROR)
        return true;
    note_full(mine->redis);
    return false;
}

static bool store(ticker_cache *cache, const ticker_cache_ticket *ticket, ticker_cache_entry *entry, int seconds)
{
    redis_cache *redis = redis_of(cache);
    bool stored = false;
    call mine;

    if (is_full(redis))
        return false;
    if (begin_call(redis, &mine, false) == TICKER_OK)
        stored = store_in(&mine, ticket, entry, seconds) ||
                 (begin_again(&mine) && store_in(&mine, ticket, entry, seconds));
    end_call(&mine);
    if (stored)
        keep_at_hand(redis, ticket, entry);
    return stored;
}

/* --- Bumps --------------------------------------------------------------------------------------------------------------------- */

static size_t write_bump(call *mine, const char *const *tags, size_t count)
{
    size_t commands = 1;

    for (size_t i = 0; i < count; i += DELETES, commands++) {
        size_t some = count - i < DELETES ? count - i : DELETES;

        ti_redis_command(&mine->commands, 1 + some);
        put_word(mine, "DEL");
        for (size_t j = 0; j < some; j++)
            put_key(mine, "e:", tags[i + j]);
    }
    ti_redis_command(&mine->commands, 2);
    put_word(mine, "DEL");
    put_key(mine, count > 0 ? "any" : "all", "");
    return commands;
}

static ticker_status bump_in(call *mine, const char *const *tags, size_t count)
{
    size_t commands = write_bump(mine, tags, count);

    if (!exchange(mine, commands, ANSWER_ROOM))
        return TICKER_RETRY;
    for (size_t i = 0; i < commands; i++)
        if (ti_redis_kind_of(mine->answers[i]) != TI_REDIS_NUMBER)
            return refuse(mine, mine->answers[i]);
    return TICKER_OK;
}

static ticker_status bump(ticker_cache *cache, const char *const *tags, size_t count, ticker_error *error)
{
    call mine;
    ticker_status status = begin_call(redis_of(cache), &mine, true);

    if (status == TICKER_OK) {
        status = bump_in(&mine, tags, count);
        if (begin_again(&mine))
            status = bump_in(&mine, tags, count);
    }
    if (status != TICKER_OK)
        ti_error_copy(error, &mine.error);
    end_call(&mine);
    return status;
}

/* --- Checking, opening, closing ------------------------------------------------------------------------------------------------ */

static ticker_status check_in(call *mine)
{
    static const ti_question question = {.key = {"check", 5}};

    (void)write_look(mine, &question, false);
    if (!exchange(mine, 1, ANSWER_ROOM))
        return TICKER_RETRY;
    return ti_redis_kind_of(mine->answers[0]) == TI_REDIS_LIST ? TICKER_OK : refuse(mine, mine->answers[0]);
}

static ticker_status check(ticker_cache *cache, ticker_error *error)
{
    call mine;
    ticker_status status = begin_call(redis_of(cache), &mine, false);

    if (status == TICKER_OK) {
        status = check_in(&mine);
        if (begin_again(&mine))
            status = check_in(&mine);
    }
    if (status == TICKER_DONE)
        status = mine.error.status;
    if (status != TICKER_OK)
        ti_error_copy(error, &mine.error);
    end_call(&mine);
    return status;
}

static void close_redis(ticker_cache *cache)
{
    redis_cache *redis = redis_of(cache);

    drop_idle(redis);
    redis->at_hand->ops->close(redis->at_hand);
    (void)pthread_mutex_destroy(&redis->lock);
    ti_breaker_end(&redis->breaker);
    explicit_bzero(&redis->address, sizeof(redis->address));
    free(redis);
}

static const ti_cache_ops redis_ops = {
    .name = "redis", .close = close_redis, .look = look, .store = store, .bump = bump, .check = check};

ticker_status ti_redis_cache_open(const ticker_options *options, const char *url, ticker_cache **cache,
                                  ticker_error *error)
{
    redis_cache *redis = calloc(1, sizeof(*redis));
    ticker_status status;

    if (redis == NULL)
        return ti_fail_memory(error);
    redis->cache.ops = &redis_ops;
    status = ti_redis_url_parse(url, &redis->address, error);
    if (status == TICKER_OK)
        status = ti_memory_cache_open(ti_option_number(options, TI_OPTION_CACHE_SIZE), &redis->at_hand, error);
    if (status == TICKER_OK && pthread_mutex_init(&redis->lock, NULL) != 0)
        status = ti_fail_memory(error);
    else if (status == TICKER_OK && !ti_breaker_init(&redis->breaker)) {
        (void)pthread_mutex_destroy(&redis->lock);
        status = ti_fail_memory(error);
    }
    if (status != TICKER_OK) {
        if (redis->at_hand != NULL)
            redis->at_hand->ops->close(redis->at_hand);
        explicit_bzero(&redis->address, sizeof(redis->address));
        free(redis);
        return status;
    }
    redis->at_hand->clock = &ti_clock_system;
    redis->address.timeout = (int)ti_option_number(options, TI_OPTION_CACHE_TIMEOUT);
    redis->address.connect_timeout = (int)ti_option_number(options, TI_OPTION_CACHE_CONNECT_TIMEOUT);
    *cache = &redis->cache;
    return TICKER_OK;
}

#else

ticker_status ti_redis_cache_open(const ticker_options *options, const char *url, ticker_cache **cache,
                                  ticker_error *error)
{
    ti_redis_address address;
    ticker_status status = ti_redis_url_parse(url, &address, error);

    (void)options;
    (void)cache;
    explicit_bzero(&address, sizeof(address));
    if (status != TICKER_OK)
        return status;
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "this build has no Redis");
}

#endif
