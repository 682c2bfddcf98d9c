/* Memory that runs out while something is stored and told of: each allocation of the library fails once, and every time the call says so,
 * frees what it had (a leak would show under a sanitizer) and leaves nothing in the storage. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* nftw */
#endif
#include "support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "failing_memory.h"
#include "queue/queue.h"
#include "storage/storage.h"
#include "store/store.h"

static char folder[64], url[128];

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status;
    (void)flag;
    (void)place;
    return remove(path);
}

static size_t files;

static int count_one(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)path;
    (void)status;
    (void)place;
    files += flag == FTW_F;
    return 0;
}

/* --- A store whose queue has one message and one dead letter ------------------------------------------------------------------- */

static ticker_status migrate(ticker_store *store, ticker_error *error)
{
    (void)store;
    (void)error;
    return TICKER_OK;
}

static ticker_status send_it(ticker_store *store, const char *body, int64_t delay, ticker_error *error)
{
    (void)store;
    (void)body;
    (void)delay;
    (void)error;
    return TICKER_OK;
}

static ticker_status receive(ticker_store *store, const ti_queue_take *take, ti_visit_queue_row visit, void *payload,
                             ticker_error *error)
{
    const ti_queue_row row = {.id = 1, .body = ti_slice_of("body"), .reason = ti_slice_of("")};

    (void)store;
    (void)take;
    return visit(payload, &row, error);
}

static ticker_status dead(ticker_store *store, int64_t after, ti_visit_queue_row visit, void *payload,
                          ticker_error *error)
{
    const ti_queue_row row = {.id = 2, .body = ti_slice_of("body"), .reason = ti_slice_of("why")};

    (void)store;
    return after < 2 ? visit(payload, &row, error) : TICKER_OK;
}

static const ti_store_queue_ops queue_ops = {
    .size = sizeof(queue_ops), .send = send_it, .receive = receive, .dead = dead};
static const ti_store_ops store_ops = {
    .size = sizeof(store_ops), .name = "list", .migrate = migrate, .queue = &queue_ops};

/* --- One try ------------------------------------------------------------------------------------------------------------------- */

static ticker_status show(void *payload, const char *id, const char *body, const char *reason, int64_t attempts,
                          int64_t sent, ticker_error *error)
{
    (void)id;
    (void)body;
    (void)reason;
    (void)attempts;
    (void)sent;
    (void)error;
    ++*(unsigned *)payload;
    return TICKER_OK;
}

static ticker_status read_back(ticker_storage *storage, const char *key, ticker_error *error)
{
    ticker_source *source = NULL;
    char *within = NULL;
    ticker_status status = ticker_storage_get(storage, key, NULL, &source, error);

    ticker_source_free(source);
    if (status == TICKER_OK && ticker_storage_holds(storage, "file", key, &within) != 1)
        status = TICKER_FATAL;
    ticker_free(within);
    if (status != TICKER_OK && ticker_error_status(error) == TICKER_OK)
        (void)ti_fail_memory(error); /* ticker_storage_holds() has no error to fill */
    return status;
}

/* What a program does with an upload, whatever fails. */
static ticker_status work(const ticker_options *options, ticker_source *source, unsigned *shown, ticker_error *error)
{
    ticker_store store = {.ops = &store_ops};
    ticker_storage *storage = NULL;
    ticker_stored *stored = NULL;
    ticker_queue *queue = NULL;
    ticker_message *message = NULL;
    size_t count = 0;
    ticker_status status = ticker_storage_open(options, NULL, &storage, error);

    if (status != TICKER_OK)
        ticker_source_free(source);
    else
        status = ticker_storage_put(storage, "a b.csv", source, NULL, NULL, &stored, error);
    if (status == TICKER_OK)
        status = ticker_queue_open(options, NULL, &store, &queue, error);
    if (status == TICKER_OK)
        status = ticker_queue_announce(queue, storage, stored, error);
    if (status == TICKER_OK)
        status = ticker_queue_receive(queue, 10, 0, 30, &message, &count, error);
    if (status == TICKER_OK)
        status = ticker_queue_dead(queue, 10, show, shown, error);
    if (status == TICKER_OK)
        status = read_back(storage, ticker_stored_key(stored), error);
    if (stored != NULL && ticker_storage_delete(storage, ticker_stored_key(stored), NULL) != TICKER_OK)
        status = TICKER_FATAL;
    ticker_message_free(message);
    ticker_stored_free(stored);
    ticker_queue_free(queue);
    ticker_storage_free(storage);
    return status;
}

START_TEST(each_allocation_fails_once)
{
    ticker_options *options;
    unsigned long tries = 0;
    ticker_status status;

    (void)snprintf(folder, sizeof(folder), "/tmp/ticker-unit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(url, sizeof(url), "storage-url=file://%s/s", folder);
    options = make_options(url, NULL);
    do {
        ticker_source *source = ticker_source_open_memory("hello", 5, "x");
        unsigned shown = 0;
        ticker_error error;

        ti_error_init(&error);
        allocations = 0;
        fail_at = ++tries;
        status = work(options, source, &shown, &error);
        fail_at = 0;
        if (status != TICKER_OK) {
            ck_assert_int_eq(status, TICKER_FATAL);
            ck_assert_msg(error.kind == TICKER_ERROR_MEMORY, "allocation %lu: %s", tries, error.message);
        } else {
            ck_assert_uint_eq(shown, 1);
        }
        files = 0;
        ck_assert_int_eq(nftw(folder, count_one, 16, FTW_PHYS), 0);
        ck_assert_msg(files == 0, "allocation %lu left %zu files", tries, files);
    } while (status != TICKER_OK);
    ck_assert_uint_gt(tries, 20);
    ck_assert_uint_lt(tries, 1000);
    ticker_options_free(options);
    ck_assert_int_eq(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {each_allocation_fails_once};

    return run_tests("storage_memory", tests, COUNT(tests));
}
