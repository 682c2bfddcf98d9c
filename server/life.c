#include "life.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "importer.h"
#include "uploads.h"
#include "wake.h"

#define TEND_MS 50
#define TOLD_US INT64_C(10000000) /* a failure that lasts is told this often */

struct life {
    server *server;
    importer *importer; /* NULL: there is none */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool running, stop;
};

/* Sleeps until the next round. False: it is over. Called with the lock. */
static bool pause_tending(life *l)
{
    struct timespec until;

    if (l->stop || clock_gettime(CLOCK_MONOTONIC, &until) != 0)
        return false;
    until.tv_nsec += TEND_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_cond_timedwait(&l->wake, &l->lock, &until);
    return !l->stop;
}

/* A service that is away is no news each twentieth of a second. */
static void tell(server *s, const ticker_error *error, int64_t *told)
{
    int64_t now = server_clock();

    if (*told != 0 && now - *told < TOLD_US)
        return;
    *told = now;
    front_report(s->console, error, NULL);
}

static void *tend(void *payload)
{
    life *l = payload;
    ticker_error *error = ticker_error_new();
    int64_t told = 0;

    (void)pthread_mutex_lock(&l->lock);
    do {
        (void)pthread_mutex_unlock(&l->lock);
        if (ticker_answers_tend(l->server->answers, error) == TICKER_OK)
            told = 0;
        else
            tell(l->server, error, &told);
        ticker_error_clear(error);
        (void)pthread_mutex_lock(&l->lock);
    } while (pause_tending(l));
    (void)pthread_mutex_unlock(&l->lock);
    ticker_error_free(error);
    return NULL;
}

/* --- The parts of /health/ready. */

static ticker_status check_database(void *payload, ticker_error *error)
{
    ticker_pool *pool = ticker_answers_pool(payload);
    ticker_store *store = NULL;
    int found = 0, wanted = 0;
    ticker_status status = ticker_pool_take(pool, 0, &store, error);

    /* All taken: there are that many connections, and they work. */
    if (status == TICKER_RETRY && ticker_error_get_kind(error) == TICKER_ERROR_LIMIT)
        return TICKER_OK;
    if (status != TICKER_OK)
        return status;
    status = ticker_store_version(store, &found, &wanted, error);
    ticker_pool_give(pool, store);
    return status;
}

static ticker_status check_cache(void *payload, ticker_error *error)
{
    return ticker_cache_check(ticker_answers_cache(payload), error);
}

static bool open_answers(server *s, ticker_error *error)
{
    if (ticker_answers_open(s->options, &s->answers, error) != TICKER_OK)
        return false;
    ticker_answers_measure(s->answers, s->metrics);
    server_add_part(s, "database", true, check_database, s->answers);
    server_add_part(s, "cache", false, check_cache, s->answers);
    return true;
}

/* What is wrong with the configuration is told now; what is away may come back. */
static bool try_database(server *s, front_exit *result)
{
    ticker_error *error = ticker_error_new();
    ticker_status status = check_database(s->answers, error);

    if (status != TICKER_OK)
        front_report(s->console, error, "database");
    if (status == TICKER_FATAL)
        *result = front_exit_of(error);
    ticker_error_free(error);
    return status != TICKER_FATAL;
}

/* Without a storage questions are still answered: it is told, but the server is ready. */
static bool open_uploads(server *s)
{
    s->uploads = uploads_new(s->options, ticker_answers_pool(s->answers), s->metrics);
    if (s->uploads != NULL)
        server_add_part(s, "storage", false, uploads_check, s->uploads);
    return s->uploads != NULL;
}

/* What is wrong with the configuration is told now; what is away may come back. It also clears away what uploads left
 * behind when a server was killed. */
static bool try_storage(server *s, front_exit *result)
{
    ticker_error *error = ticker_error_new();
    ticker_storage *storage;
    ticker_status status = uploads_storage(s->uploads, &storage, error);

    if (status != TICKER_OK)
        front_report(s->console, error, "storage");
    if (status == TICKER_FATAL)
        *result = front_exit_of(error);
    ticker_error_free(error);
    return status != TICKER_FATAL;
}

static bool try_queue(server *s, front_exit *result)
{
    ticker_error *error = ticker_error_new();
    ticker_status status = uploads_queue_name(s->uploads, error);

    if (status != TICKER_OK) {
        front_report(s->console, error, "queue");
        *result = front_exit_of(error);
    }
    ticker_error_free(error);
    return status == TICKER_OK;
}

static bool start_importer(life *l)
{
    const importer_setup setup = {.options = l->server->options,
                                  .metrics = l->server->metrics,
                                  .cache = ticker_answers_cache(l->server->answers),
                                  .console = l->server->console};

    if (!importer_wanted(l->server->options))
        return true;
    l->importer = importer_start(&setup);
    return l->importer != NULL;
}

/* When the clock of the day is set back nobody must sleep until it is as late again: answers would be old for as long. */
static life *make(server *s, front_exit *result)
{
    ticker_error *error = ticker_error_new();
    life *l = calloc(1, sizeof *l);

    *result = FRONT_FAILED;
    if (l != NULL && error != NULL && front_wake_init(&l->lock, &l->wake)) {
        l->server = s;
        if (open_answers(s, error) && open_uploads(s)) {
            *result = FRONT_OK;
        } else if (s->answers == NULL) {
            front_report(s->console, error, NULL);
            *result = front_exit_of(error);
        } else {
            front_error(s->console, "out of memory");
            ticker_answers_free(s->answers);
            s->answers = NULL;
        }
    } else {
        front_error(s->console, "out of memory");
    }
    ticker_error_free(error);
    if (*result == FRONT_OK)
        return l;
    free(l);
    return NULL;
}

life *life_begin(server *s, front_exit *result)
{
    life *l = make(s, result);

    if (l == NULL)
        return NULL;
    if (!try_database(s, result) || !try_storage(s, result) || !try_queue(s, result)) {
        life_end(l);
        return NULL;
    }
    l->running = pthread_create(&l->thread, NULL, tend, l) == 0;
    if (l->running && start_importer(l))
        return l;
    if (!l->running)
        front_error(s->console, "no thread could be started");
    *result = FRONT_FAILED;
    life_end(l);
    return NULL;
}

life *life_begin_once(server *s, front_exit *result)
{
    return make(s, result);
}

void life_end(life *l)
{
    if (l == NULL)
        return;
    if (l->running) {
        (void)pthread_mutex_lock(&l->lock);
        l->stop = true;
        (void)pthread_cond_signal(&l->wake);
        (void)pthread_mutex_unlock(&l->lock);
        (void)pthread_join(l->thread, NULL);
    }
    importer_stop(l->importer);
    uploads_free(l->server->uploads);
    l->server->uploads = NULL;
    ticker_answers_free(l->server->answers);
    l->server->answers = NULL;
    front_wake_end(&l->lock, &l->wake);
    free(l);
}
