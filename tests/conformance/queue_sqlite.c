/* The queue suite on SQLite, and what only SQLite has: one writer at a time. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* nftw */
#endif
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "queue_database.h"
#include "store_suite.h"

static char folder[64], url[128];

static void set_up(void)
{
    (void)snprintf(folder, sizeof(folder), "/tmp/ticker-queue-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(url, sizeof(url), "sqlite:%s/ticker.db", folder);
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status;
    (void)flag;
    (void)place;
    return remove(path);
}

static void tear_down(void)
{
    ck_assert_int_eq(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static ticker_queue *open_queue(void)
{
    return queue_database_open(url);
}

static const queue_backend backend = {.name = "database",
                                      .set_up = set_up,
                                      .tear_down = tear_down,
                                      .open = open_queue,
                                      .close = queue_database_close,
                                      .exact = true,
                                      .many = 1000};

START_TEST(from_version_1)
{
    queue_database_migrates(url);
}
END_TEST

/* An import holds the only right to write: whoever looks for messages meanwhile finds none, and soon. */
START_TEST(while_an_import_writes)
{
    ticker_queue *queue = open_queue();
    ticker_store *store = store_suite_open(url);
    ticker_message *message;
    ticker_error error;
    int64_t id, begun;

    ti_error_init(&error);
    queue_suite_send(queue, "wait");
    queue_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
    begun = ti_clock_system.monotonic(ti_clock_system.self);
    ck_assert_ptr_null(queue_suite_receive(queue, 0, 30));
    ck_assert_int_le(ti_clock_system.monotonic(ti_clock_system.self) - begun, 3000);
    ck_assert_ptr_null(queue_suite_receive(queue, 2, 30));
    store->ops->rollback(store);
    message = queue_suite_take(queue, 30);
    queue_suite_ok(ticker_queue_done(queue, message, &error), &error, "done");
    ticker_message_free(message);
    queue_database_close(queue);
    ticker_store_free(store);
}
END_TEST

START_TEST(within_an_import)
{
    ticker_store *store = store_suite_open_migrated(url);
    ticker_queue *queue = NULL;
    ticker_message *message;
    ticker_error error;
    size_t count = 3;
    int64_t id;

    ti_error_init(&error);
    queue_suite_ok(ticker_queue_open(NULL, NULL, store, &queue, &error), &error, "open");
    queue_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
    ck_assert_int_eq(ticker_queue_send(queue, "x", 0, &error), TICKER_FATAL);
    ck_assert_int_eq(ticker_queue_receive(queue, 1, 0, 30, &message, &count, NULL), TICKER_FATAL);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(ticker_queue_drop_dead(queue, NULL, NULL, NULL), TICKER_FATAL);
    store->ops->rollback(store);
    queue_suite_send(queue, "y");
    ticker_queue_free(queue);
    ticker_store_free(store);
}
END_TEST

/* The columns that people read. */
START_TEST(the_tables)
{
    ticker_queue *queue = open_queue();
    ticker_store *store = store_suite_open(url);
    ticker_message *message;
    ticker_error error;

    ti_error_init(&error);
    queue_suite_send(queue, "one");
    message = queue_suite_take(queue, 30);
    store_suite_expect(store, "tiiii",
                       "SELECT body, id, attempts, length(receipt), visible_at - sent_at BETWEEN 30000 AND 90000"
                       " FROM queue_messages",
                       "one|1|1|32|1;");
    queue_suite_ok(ticker_queue_dead_letter(queue, message, "why", &error), &error, "dead letter");
    ticker_message_free(message);
    store_suite_expect(store, "ttiii", "SELECT body, reason, id, attempts, died_at >= sent_at FROM queue_dead",
                       "one|why|1|1|1;");
    queue_suite_send(queue, "two"); /* a number is not given twice */
    store_suite_expect(store, "i", "SELECT id FROM queue_messages", "2;");
    store_suite_expect(store, "iiit",
                       "EXPLAIN QUERY PLAN SELECT id FROM queue_messages WHERE visible_at <= 1 ORDER BY visible_at, id",
                       "3|0|0|SEARCH queue_messages USING COVERING INDEX queue_messages_visible (visible_at<?);");
    store_suite_expect(store, "t", "PRAGMA journal_mode", "wal;");
    ticker_store_free(store);
    queue_database_close(queue);
}
END_TEST

int main(void)
{
    Suite *suite = queue_suite(&backend);
    TCase *tests = tcase_create("sqlite");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, from_version_1);
    tcase_add_test(tests, while_an_import_writes);
    tcase_add_test(tests, within_an_import);
    tcase_add_test(tests, the_tables);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
