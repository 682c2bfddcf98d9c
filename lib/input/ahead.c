#include "input/ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define BLOCKS 4
#define STORED_BLOCK ((size_t)128 * 1024)
#define GIVEN_BLOCK ((size_t)256 * 1024)

/* Blocks on their way from one thread to the other. The counts and the end are under the lock; a block belongs to the side that fills it
 * until it is put, and then to the other one until it is taken. */
typedef struct ti_ring {
    unsigned char *memory;
    size_t block;
    size_t sizes[BLOCKS];
    size_t put, taken;
    size_t at;          /* of the taking side: bytes of the block that are gone */
    ticker_status end;  /* behind the last block; TICKER_OK: more may come */
    ticker_error error; /* when that is a failure */
} ti_ring;

struct ti_ahead {
    ti_layer layer; /* what archives read from */
    ti_layer *source;
    bool prompt;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool runs; /* of the caller's thread: the layers are the other one's */
    ti_fill fill;
    void *self;
    unsigned char *memory; /* of both rings */
    ti_ring stored, given;
    bool thirsty; /* the thread waits for stored bytes */
    bool ended;   /* the thread uses nothing any more */
    bool stop;    /* it is to end with the piece that it is at */
    bool abort;   /* or amid that */
};

static bool is_full(const ti_ring *ring)
{
    return ring->put - ring->taken == BLOCKS;
}

static bool has_news(const ti_ring *ring)
{
    return ring->taken < ring->put || ring->end != TICKER_OK;
}

static unsigned char *block_of(const ti_ring *ring, size_t number)
{
    return ring->memory + number % BLOCKS * ring->block;
}

/* With the next block, or with what ends them. */
static void put(ti_ahead *ahead, ti_ring *ring, ticker_status status, size_t size, const ticker_error *error)
{
    (void)pthread_mutex_lock(&ahead->lock);
    if (status == TICKER_OK) {
        ring->sizes[ring->put++ % BLOCKS] = size;
    } else {
        ring->end = status;
        ti_error_copy(&ring->error, error);
    }
    (void)pthread_cond_broadcast(&ahead->changed);
    (void)pthread_mutex_unlock(&ahead->lock);
}

/* Without the lock, from a ring that has news. */
static ticker_status take(ti_ahead *ahead, ti_ring *ring, unsigned char *buffer, size_t capacity, size_t *got,
                          ticker_error *error)
{
    size_t size, left;
    bool empty;

    (void)pthread_mutex_lock(&ahead->lock);
    empty = ring->taken == ring->put;
    size = ring->sizes[ring->taken % BLOCKS];
    (void)pthread_mutex_unlock(&ahead->lock);
    if (empty) {
        ti_error_copy(error, &ring->error);
        return ring->end; /* the last that is ever put */
    }
    left = size - ring->at;
    *got = left < capacity ? left : capacity;
    memcpy(buffer, block_of(ring, ring->taken) + ring->at, *got);
    ring->at += *got;
    if (ring->at == size) {
        ring->at = 0;
        (void)pthread_mutex_lock(&ahead->lock);
        ring->taken++;
        (void)pthread_cond_broadcast(&ahead->changed);
        (void)pthread_mutex_unlock(&ahead->lock);
    }
    return TICKER_OK;
}

/* --- Stored bytes, for the archive ----------------------------------------------------------------------------------------------- */

/* By the thread while there is one; without, what that has left over comes first. */
static ticker_status read_stored(ti_layer *layer, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    ti_ahead *ahead = (ti_ahead *)layer;
    bool news, aborted;

    *got = 0;
    (void)pthread_mutex_lock(&ahead->lock);
    if (!ahead->ended) {
        ahead->thirsty = !has_news(&ahead->stored);
        if (ahead->thirsty)
            (void)pthread_cond_broadcast(&ahead->changed);
        while (!has_news(&ahead->stored) && !ahead->abort)
            (void)pthread_cond_wait(&ahead->changed, &ahead->lock);
        ahead->thirsty = false;
    }
    news = has_news(&ahead->stored);
    aborted = ahead->abort;
    (void)pthread_mutex_unlock(&ahead->lock);
    if (aborted)
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "cancelled");
    return news ? take(ahead, &ahead->stored, buffer, capacity, got, error)
                : ti_layer_read(ahead->source, buffer, capacity, got, error);
}

/* Never asked: the source is one entry, and the layer above has begun it. */
static ticker_status next_stored(ti_layer *layer, ticker_error *error)
{
    (void)layer;
    (void)error;
    return TICKER_DONE;
}

static void free_stored(ti_layer *layer)
{
    (void)layer; /* it is a part of the whole */
}

/* Of the caller's thread; there is a free block. */
static void feed(ti_ahead *ahead)
{
    ti_ring *ring = &ahead->stored;
    ticker_error error;
    ticker_status status;
    size_t got = 0;

    ti_error_init(&error);
    status = ti_layer_read(ahead->source, block_of(ring, ring->put), ring->block, &got, &error);
    put(ahead, ring, status, got, &error);
}

/* --- The thread ------------------------------------------------------------------------------------------------------------------ */

static bool await_room(ti_ahead *ahead)
{
    bool go_on;

    (void)pthread_mutex_lock(&ahead->lock);
    while (is_full(&ahead->given) && !ahead->stop)
        (void)pthread_cond_wait(&ahead->changed, &ahead->lock);
    go_on = !ahead->stop;
    (void)pthread_mutex_unlock(&ahead->lock);
    return go_on;
}

static void *run(void *self)
{
    ti_ahead *ahead = self;
    ti_ring *ring = &ahead->given;
    ticker_status status = TICKER_OK;

    while (status == TICKER_OK && await_room(ahead)) {
        ticker_error error;
        size_t got = 0;

        ti_error_init(&error);
        status = ahead->fill(ahead->self, block_of(ring, ring->put), ring->block, &got, &error);
        put(ahead, ring, status, got, &error);
    }
    (void)pthread_mutex_lock(&ahead->lock);
    ahead->ended = true;
    (void)pthread_cond_broadcast(&ahead->changed);
    (void)pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

/* Signals are for the threads that the caller knows of. */
static bool start(ti_ahead *ahead)
{
    sigset_t all, before;
    bool started;

    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    started = pthread_create(&ahead->thread, NULL, run, ahead) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

ti_ahead *ti_ahead_new(ti_layer *source, bool prompt)
{
    static const ti_layer_ops ops = {next_stored, read_stored, free_stored};
    ti_ahead *ahead = calloc(1, sizeof(*ahead));

    if (ahead == NULL)
        return NULL;
    ahead->layer.ops = &ops;
    ahead->layer.below = ahead->source = source;
    ahead->prompt = prompt;
    ahead->ended = true;
    ahead->stored.block = STORED_BLOCK;
    ahead->given.block = GIVEN_BLOCK;
    ti_error_init(&ahead->stored.error);
    if (pthread_mutex_init(&ahead->lock, NULL) != 0) {
        free(ahead);
        return NULL;
    }
    if (pthread_cond_init(&ahead->changed, NULL) != 0) {
        (void)pthread_mutex_destroy(&ahead->lock);
        free(ahead);
        return NULL;
    }
    return ahead;
}

void ti_ahead_abort(ti_ahead *ahead)
{
    if (ahead == NULL || !ahead->runs)
        return;
    (void)pthread_mutex_lock(&ahead->lock);
    ahead->stop = ahead->abort = true;
    (void)pthread_cond_broadcast(&ahead->changed);
    (void)pthread_mutex_unlock(&ahead->lock);
    (void)pthread_join(ahead->thread, NULL);
    ahead->runs = false;
}

void ti_ahead_free(ti_ahead *ahead)
{
    if (ahead == NULL)
        return;
    (void)pthread_cond_destroy(&ahead->changed);
    (void)pthread_mutex_destroy(&ahead->lock);
    free(ahead->memory);
    free(ahead);
}

ti_layer *ti_ahead_layer(ti_ahead *ahead)
{
    return &ahead->layer;
}

bool ti_ahead_runs(const ti_ahead *ahead)
{
    return ahead->runs;
}

bool ti_ahead_begin(ti_ahead *ahead, ti_fill fill, void *self)
{
    if (ahead->memory == NULL) {
        ahead->memory = malloc(BLOCKS * (STORED_BLOCK + GIVEN_BLOCK));
        if (ahead->memory == NULL)
            return false;
        ahead->given.memory = ahead->memory;
        ahead->stored.memory = ahead->memory + BLOCKS * GIVEN_BLOCK;
    }
    ahead->fill = fill;
    ahead->self = self;
    ahead->stop = ahead->ended = false;
    ahead->given.put = ahead->given.taken = ahead->given.at = 0;
    ahead->given.end = TICKER_OK;
    ti_error_init(&ahead->given.error);
    ahead->runs = start(ahead);
    if (!ahead->runs)
        ahead->ended = true; /* else it is the thread's to say */
    return ahead->runs;
}

/* What the caller's thread can do now. */
typedef enum chore { CHORE_TAKE, CHORE_FEED, CHORE_END } chore;

/* Waits until there is something. `ending`: nothing is taken any more, and only what the thread cannot do without is fed. */
static chore await_chore(ti_ahead *ahead, bool ending)
{
    chore next = CHORE_END;

    (void)pthread_mutex_lock(&ahead->lock);
    for (;;) {
        bool room = ahead->stored.end == TICKER_OK && !is_full(&ahead->stored);

        if (ending ? ahead->ended : has_news(&ahead->given) && !(ahead->prompt && room)) {
            next = ending ? CHORE_END : CHORE_TAKE;
            break;
        }
        if (room && (ahead->thirsty || (ahead->prompt && !ending))) {
            next = CHORE_FEED;
            break;
        }
        (void)pthread_cond_wait(&ahead->changed, &ahead->lock);
    }
    (void)pthread_mutex_unlock(&ahead->lock);
    return next;
}

ticker_status ti_ahead_read(ti_ahead *ahead, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    *got = 0;
    while (await_chore(ahead, false) == CHORE_FEED)
        feed(ahead);
    return take(ahead, &ahead->given, buffer, capacity, got, error);
}

void ti_ahead_end(ti_ahead *ahead)
{
    if (!ahead->runs)
        return;
    (void)pthread_mutex_lock(&ahead->lock);
    ahead->stop = true;
    (void)pthread_cond_broadcast(&ahead->changed);
    (void)pthread_mutex_unlock(&ahead->lock);
    while (await_chore(ahead, true) == CHORE_FEED)
        feed(ahead);
    (void)pthread_join(ahead->thread, NULL);
    ahead->runs = false;
}
