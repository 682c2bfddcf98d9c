#include "life.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "importer.h"
#include "uploads.h"

struct life {
    server *server;
    importer *importer; /* NULL: there is none */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool running, stop;
};

static void *tend(void *payload)
{
    life *l = payload;

    (void)pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        struct timespec until;

        (void)pthread_mutex_unlock(&l->lock);
        ask_tend(l->server->ask);
        (void)pthread_mutex_lock(&l->lock);
        if (l->stop || clock_gettime(CLOCK_REALTIME, &until) != 0)
            break;
        until.tv_sec++;
        (void)pthread_cond_timedwait(&l->wake, &l->lock, &until);
    }
    (void)pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* Without a storage questions are still answered: it is told, but the server is ready. */
static bool open_uploads(server *s)
{
    s->uploads = uploads_new(s->options, ask_pool(s->ask), s->metrics);
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

static bool start_importer(life *l)
{
    const importer_setup setup = {.options = l->server->options,
                                  .uploads = l->server->uploads,
                                  .metrics = l->server->metrics,
                                  .console = l->server->console};

    if (!importer_wanted(l->server->options))
        return true;
    l->importer = importer_start(&setup);
    return l->importer != NULL;
}

static life *make(server *s, size_t threads, front_exit *result)
{
    ticker_error *error = ticker_error_new();
    life *l = calloc(1, sizeof *l);

    *result = FRONT_FAILED;
    if (l != NULL && error != NULL) {
        l->server = s;
        (void)pthread_mutex_init(&l->lock, NULL);
        (void)pthread_cond_init(&l->wake, NULL);
        s->ask = ask_open(s->options, threads, s->metrics, error);
        if (s->ask != NULL && open_uploads(s)) {
            *result = FRONT_OK;
            server_add_part(s, "database", true, ask_check_database, s->ask);
        } else if (s->ask == NULL) {
            front_report(s->console, error, NULL);
            *result = front_exit_of(error);
        } else {
            front_error(s->console, "out of memory");
            ask_free(s->ask);
            s->ask = NULL;
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
    life *l = make(s, server_option_threads(s->options), result);

    if (l == NULL)
        return NULL;
    if (!try_storage(s, result)) {
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
    return make(s, 1, result);
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
    ask_free(l->server->ask);
    l->server->ask = NULL;
    (void)pthread_cond_destroy(&l->wake);
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
}
