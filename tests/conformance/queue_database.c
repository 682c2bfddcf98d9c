#include "queue_database.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_suite.h"

#define QUEUES_MAX 64
#define MIGRATIONS 6 /* at once */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    ticker_queue *queue;
    ticker_store *store;
} opened[QUEUES_MAX];

ticker_store *queue_database_store(const char *url)
{
    return store_suite_open(url);
}

ticker_queue *queue_database_open(const char *url)
{
    ticker_options *options = ticker_options_new();
    ticker_store *store = store_suite_open(url);
    ticker_queue *queue = NULL;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_ptr_nonnull(options);
    queue_suite_ok(ticker_options_set(options, "queue-max-attempts", "3", &error), &error, "queue-max-attempts");
    queue_suite_ok(ticker_queue_open(options, NULL, store, &queue, &error), &error, "open the queue");
    ticker_options_free(options);
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < QUEUES_MAX; i++) {
        if (opened[i].queue == NULL) {
            opened[i].queue = queue;
            opened[i].store = store;
            break;
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return queue;
}

void queue_database_close(ticker_queue *queue)
{
    ticker_store *store = NULL;

    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < QUEUES_MAX; i++) {
        if (opened[i].queue == queue) {
            store = opened[i].store;
            opened[i].queue = NULL;
        }
    }
    (void)pthread_mutex_unlock(&lock);
    ck_assert_ptr_nonnull(store);
    ticker_queue_free(queue);
    ticker_store_free(store);
}

static void migrate_in_process(const char *url)
{
    ticker_store *store = store_suite_open(url);
    ticker_error error;

    ti_error_init(&error);
    _exit(ticker_store_migrate(store, &error) == TICKER_OK ? 0 : 1);
}

/* A ledger row, so that there is something to lose. */
static void fill(ticker_store *store)
{
    const ti_ledger_row row = {.file = "old",
                               .member = "",
                               .format = "",
                               .sha256 = "",
                               .status = "failed",
                               .error = "no",
                               .problems = "[]",
                               .turnover = "0",
                               .first_date = TICKER_NULL,
                               .last_date = TICKER_NULL};
    ticker_error error;
    int64_t id;

    ti_error_init(&error);
    queue_suite_ok(ticker_store_migrate(store, &error), &error, "migrate");
    queue_suite_ok(store->ops->record(store, &row, &id, &error), &error, "a ledger row");
}

void queue_database_migrates(const char *url)
{
    ticker_store *store = store_suite_open(url);
    ticker_queue *queue;
    ticker_error error;
    int version = 0;

    fill(store);
    store_suite_go_back(store, 1);
    ti_error_init(&error);
    queue_suite_ok(ticker_store_version(store, &version, NULL, &error), &error, "version");
    ck_assert_int_eq(version, 1);
    ticker_store_free(store);
    for (int i = 0; i < MIGRATIONS; i++) {
        pid_t child = fork();

        ck_assert_int_ge(child, 0);
        if (child == 0)
            migrate_in_process(url);
    }
    for (int i = 0; i < MIGRATIONS; i++) {
        int result = -1;

        ck_assert_int_gt(wait(&result), 0);
        ck_assert_msg(WIFEXITED(result) && WEXITSTATUS(result) == 0, "a migration ended with %d", result);
    }
    store = store_suite_open(url);
    queue_suite_ok(ticker_store_version(store, &version, NULL, &error), &error, "version");
    ck_assert_int_eq(version, TI_SCHEMA_VERSION);
    store_suite_expect(store, "tt", "SELECT file, status FROM {imports} AS i", "old|failed;");
    ticker_store_free(store);
    queue = queue_database_open(url);
    queue_suite_send(queue, "new");
    ticker_message_free(queue_suite_take(queue, 30));
    queue_database_close(queue);
}
