#define _GNU_SOURCE /* pthread_timedjoin_np */
#include "tend.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "wake.h"

#define TEND_SECONDS 1
#define JOIN_SECONDS 3
#define TOLD_AT 2 /* failures in a row */

struct tend {
    front_console *console;
    ticker_answers *answers;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool running, stop;
};

/* Sleeps until the next round. False: it is over. Called with the lock. */
static bool pause_tending(tend *self)
{
    struct timespec until;

    if (self->stop || clock_gettime(CLOCK_MONOTONIC, &until) != 0)
        return false;
    until.tv_sec += TEND_SECONDS;
    while (!self->stop && pthread_cond_timedwait(&self->wake, &self->lock, &until) == 0)
        ;
    return !self->stop;
}

/* Once is a connection that broke unseen; a service that is away is told once. */
static void tell(tend *self, ticker_status status, const ticker_error *error, unsigned *failures)
{
    char text[FRONT_MESSAGE_MAX];

    if (status == TICKER_OK) {
        if (*failures >= TOLD_AT)
            front_note(self->console, "the cache is told of imports again");
        *failures = 0;
    } else if (++*failures == TOLD_AT) {
        (void)ticker_error_format(error, text, sizeof text);
        front_warning(self->console, "the cache cannot be told of imports: %s", text);
    }
}

/* Taking a store is what keeps ticker_db_up: nobody else here uses the pool. False: there is no database, of which the consumer speaks. */
static bool has_database(tend *self)
{
    ticker_pool *pool = ticker_answers_pool(self->answers);
    ticker_store *store = NULL;

    if (ticker_pool_take(pool, 0, &store, NULL) != TICKER_OK)
        return false;
    ticker_pool_give(pool, store);
    return true;
}

static void *run(void *payload)
{
    tend *self = payload;
    ticker_error *error = ticker_error_new();
    unsigned failures = 0;

    (void)pthread_mutex_lock(&self->lock);
    do {
        (void)pthread_mutex_unlock(&self->lock);
        if (has_database(self))
            tell(self, ticker_answers_tend(self->answers, error), error, &failures);
        ticker_error_clear(error);
        (void)pthread_mutex_lock(&self->lock);
    } while (pause_tending(self));
    (void)pthread_mutex_unlock(&self->lock);
    ticker_error_free(error);
    return NULL;
}

tend *tend_open(const ticker_options *options, ticker_metrics *metrics, front_console *console, front_exit *result)
{
    tend *self = calloc(1, sizeof *self);
    ticker_error *error = ticker_error_new();

    *result = FRONT_FAILED;
    if (self == NULL || error == NULL || !front_wake_init(&self->lock, &self->wake)) {
        front_error(console, "out of memory");
        free(self);
        self = NULL;
    } else if (ticker_answers_open(options, &self->answers, error) != TICKER_OK) {
        front_report(console, error, NULL);
        *result = front_exit_of(error);
        (void)tend_free(self);
        self = NULL;
    } else {
        self->console = console;
        ticker_answers_measure(self->answers, metrics);
        *result = FRONT_OK;
    }
    ticker_error_free(error);
    return self;
}

bool tend_start(tend *self)
{
    self->running = pthread_create(&self->thread, NULL, run, self) == 0;
    if (!self->running)
        front_error(self->console, "no thread could be started");
    return self->running;
}

ticker_cache *tend_cache(tend *self)
{
    return ticker_answers_cache(self->answers);
}

/* False: it does not end. */
static bool join(tend *self)
{
    struct timespec until = {0, 0};

    (void)pthread_mutex_lock(&self->lock);
    self->stop = true;
    (void)pthread_cond_signal(&self->wake);
    (void)pthread_mutex_unlock(&self->lock);
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += JOIN_SECONDS;
    return pthread_timedjoin_np(self->thread, NULL, &until) == 0;
}

bool tend_free(tend *self)
{
    if (self == NULL)
        return true;
    if (self->running && !join(self))
        return false;
    ticker_answers_free(self->answers);
    front_wake_end(&self->lock, &self->wake);
    free(self);
    return true;
}
