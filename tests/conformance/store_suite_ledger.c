/* The ledger: from "queued" to its end, what is left of those that died on the way, and what caches follow. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_suite_parts.h"

#define LOCATION "s3://bucket/uploads/0123456789abcdef/COTAHIST_A2016.ZIP"
#define CONTENT_TYPE "application/zip"
#define HOUR 3600000 /* milliseconds */
#define BUMPS_MAX 8

/* Number, status, the row it repeats, location, type. */
#define SHOW_LEDGER                                                                                                    \
    "SELECT id, status, duplicate_of, location, content_type, sha256, records, error FROM {imports} AS i ORDER BY id"
#define LEDGER_TYPES "ititttit"

/* --- From version 2 ------------------------------------------------------------------------------------------------------------ */

START_TEST(test_migrates_from_2)
{
    ti_ledger_row row = suite_ledger_row("failed");
    int64_t id, epoch;
    int found = 0;

    suite_put_quote("A", "2016-01-04", "010", 1);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &id), TICKER_OK);
    suite_ok(suite.store->ops->record(suite.store, &row, &id, &suite.error), "a failure");
    store_suite_go_back(suite.store, 2);
    suite_ok(ticker_store_version(suite.store, &found, NULL, &suite.error), "version");
    ck_assert_int_eq(found, 2);
    ticker_store_free(suite.store);
    suite.store = store_suite_open_migrated(suite.url);
    suite_ok(ticker_store_version(suite.store, &found, NULL, &suite.error), "version");
    ck_assert_int_eq(found, TI_SCHEMA_VERSION);
    store_suite_expect(suite.store, LEDGER_TYPES, SHOW_LEDGER,
                       "1|imported|null|null|null|" SHA_A "|0|;2|failed|null|null|null|" SHA_A "|10|;");
    store_suite_expect(suite.store, "i", "SELECT count(*) FROM {imports} AS i WHERE updated_at = created_at", "2;");
    suite_ok(suite.store->ops->epoch(suite.store, &epoch, &suite.error), "epoch");
    suite_put_quote("A", "2016-01-04", "010", 2);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_B, &id), TICKER_OK);
    ck_assert_int_eq(id, 3);
    store_suite_expect(suite.store, "ip", "SELECT import_id, close FROM {quotes} AS q", "3|2000000;");
}
END_TEST

/* --- Uploads ------------------------------------------------------------------------------------------------------------------- */

/* The row of an upload that waits for its turn. */
static int64_t queue_upload(const char *sha256)
{
    ti_ledger_row row = {.file = "COTAHIST_A2016.ZIP",
                         .member = "",
                         .format = "",
                         .sha256 = sha256,
                         .status = "queued",
                         .error = "",
                         .problems = "[]",
                         .turnover = "0",
                         .bytes = 1,
                         .first_date = TICKER_NULL,
                         .last_date = TICKER_NULL,
                         .declared = TICKER_NULL,
                         .location = LOCATION,
                         .content_type = CONTENT_TYPE};
    int64_t id = 0;

    suite_ok(suite.store->ops->record(suite.store, &row, &id, &suite.error), "queue");
    ck_assert_int_gt(id, 0);
    return id;
}

/* An import that takes the row over, with one quote. Returns what commit says, which gives *id. */
static ticker_status adopt(ticker_store *store, int64_t upload, const char *sha256, int64_t price, int64_t *id)
{
    ticker_status status;

    ti_batch_clear(suite.quotes);
    suite_put_quote("A", "2016-01-04", "010", price);
    store->adopt = upload;
    status = store_suite_import(store, &suite.quotes, 1, sha256, id);
    store->adopt = 0;
    ti_batch_clear(suite.quotes);
    return status;
}

START_TEST(test_queued_to_imported)
{
    int64_t id, upload = queue_upload(SHA_A);

    store_suite_expect(suite.store, LEDGER_TYPES, SHOW_LEDGER,
                       "1|queued|null|" LOCATION "|" CONTENT_TYPE "|" SHA_A "|0|;");
    suite_ok(suite.store->ops->mark(suite.store, upload, "running", "", &suite.error), "running");
    store_suite_expect(suite.store, "t", "SELECT status FROM {imports} AS i", "running;");
    suite_ok(suite.store->ops->mark(suite.store, upload, "queued", "", &suite.error), "given back");
    suite_ok(suite.store->ops->mark(suite.store, upload, "running", "", &suite.error), "running again");
    ck_assert_int_eq(adopt(suite.store, upload, SHA_A, 7, &id), TICKER_OK);
    ck_assert_int_eq(id, upload);
    store_suite_expect(suite.store, LEDGER_TYPES, SHOW_LEDGER,
                       "1|imported|null|" LOCATION "|" CONTENT_TYPE "|" SHA_A "|0|;");
    store_suite_expect(suite.store, "ip", "SELECT import_id, close FROM {quotes} AS q", "1|7000000;");
    store_suite_expect(suite.store, "i",
                       "SELECT count(*) FROM {imports} AS i WHERE created_at IS NOT NULL AND updated_at >= created_at",
                       "1;");
    ck_assert_int_eq(suite.store->ops->mark(suite.store, upload, "running", "", &suite.error), TICKER_DONE);
    ck_assert_int_eq(suite.store->ops->mark(suite.store, 4711, "running", "", &suite.error), TICKER_DONE);
    store_suite_expect(suite.store, "t", "SELECT status FROM {imports} AS i", "imported;");
    /* The next import has a row of its own again. */
    suite_put_quote("A", "2016-01-04", "010", 8);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_B, &id), TICKER_OK);
    ck_assert_int_gt(id, upload);
}
END_TEST

START_TEST(test_queued_to_failed_to_imported)
{
    ti_ledger_row row = suite_ledger_row("failed");
    int64_t id, upload = queue_upload(SHA_B);

    row.error = "truncated";
    suite.store->adopt = upload;
    suite_ok(suite.store->ops->record(suite.store, &row, &id, &suite.error), "failed");
    suite.store->adopt = 0;
    ck_assert_int_eq(id, upload);
    store_suite_expect(suite.store, LEDGER_TYPES, SHOW_LEDGER,
                       "1|failed|null|" LOCATION "|" CONTENT_TYPE "|" SHA_A "|10|truncated;");
    suite_ok(suite.store->ops->mark(suite.store, upload, "running", "", &suite.error), "another try");
    store_suite_expect(suite.store, "tt", "SELECT status, error FROM {imports} AS i", "running|;");
    ck_assert_int_eq(adopt(suite.store, upload, SHA_B, 7, &id), TICKER_OK);
    store_suite_expect(suite.store, LEDGER_TYPES, SHOW_LEDGER,
                       "1|imported|null|" LOCATION "|" CONTENT_TYPE "|" SHA_B "|0|;");
    /* A row at its end is history. */
    suite.store->adopt = upload;
    suite_ok(suite.store->ops->record(suite.store, &row, &id, &suite.error), "failed later");
    suite.store->adopt = 0;
    ck_assert_int_gt(id, upload);
    store_suite_expect(suite.store, "t", "SELECT status FROM {imports} AS i ORDER BY id", "imported;failed;");
}
END_TEST

START_TEST(test_queued_to_duplicate)
{
    ti_ledger_row row = suite_ledger_row("duplicate");
    int64_t id, first, upload;

    suite_put_quote("A", "2016-01-04", "010", 1);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &first), TICKER_OK);
    upload = queue_upload(SHA_A);
    ck_assert_int_eq(adopt(suite.store, upload, SHA_A, 7, &id), TICKER_DONE);
    ck_assert_int_eq(id, first);
    row.duplicate_of = id;
    suite.store->adopt = upload;
    suite_ok(suite.store->ops->record(suite.store, &row, &id, &suite.error), "duplicate");
    suite.store->adopt = 0;
    ck_assert_int_eq(id, upload);
    store_suite_expect(suite.store, "iti", "SELECT id, status, duplicate_of FROM {imports} AS i ORDER BY id",
                       "1|imported|null;2|duplicate|1;");
    store_suite_expect(suite.store, "ip", "SELECT import_id, close FROM {quotes} AS q", "1|1000000;");
    ck_assert_int_eq(suite.store->ops->mark(suite.store, upload, "running", "", &suite.error), TICKER_DONE);
}
END_TEST

/* The same message twice: whoever comes second finds the row at its end. */
START_TEST(test_taken_over_twice)
{
    ticker_store *other = store_suite_open(suite.url);
    int64_t id, upload = queue_upload(SHA_A);

    ck_assert_int_eq(adopt(suite.store, upload, SHA_A, 7, &id), TICKER_OK);
    ck_assert_int_eq(adopt(other, upload, SHA_A, 8, &id), TICKER_DONE);
    ck_assert_int_eq(id, upload);
    store_suite_expect(suite.store, "ip", "SELECT import_id, close FROM {quotes} AS q", "1|7000000;");
    store_suite_expect(suite.store, "it", "SELECT id, status FROM {imports} AS i", "1|imported;");
    ticker_store_free(other);
}
END_TEST

/* Killed with everything done but the commit: the row still says that it runs, and the next one takes it over. */
START_TEST(test_killed_while_running)
{
    int64_t id, upload = queue_upload(SHA_A);
    int result = -1;
    pid_t child;

    ticker_store_free(suite.store);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        ticker_store *own = store_suite_open(suite.url);

        suite_put_quote("A", "2016-01-04", "010", 1);
        own->adopt = upload;
        if (own->ops->mark(own, upload, "running", "", &suite.error) != TICKER_OK ||
            own->ops->begin(own, &id, &suite.error) != TICKER_OK || id != upload ||
            own->ops->put(own, suite.quotes, &suite.error) != TICKER_OK ||
            own->ops->settle(own, &suite.error) != TICKER_OK)
            _exit(1);
        (void)raise(SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_msg(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL, "the process ended with %d", result);
    suite.store = store_suite_open(suite.url);
    store_suite_expect(suite.store, "t", "SELECT status FROM {imports} AS i", "running;");
    store_suite_expect(suite.store, "i", COUNT_QUOTES, "0;");
    suite_ok(suite.store->ops->mark(suite.store, upload, "running", "", &suite.error), "running again");
    ck_assert_int_eq(adopt(suite.store, upload, SHA_A, 7, &id), TICKER_OK);
    ck_assert_int_eq(id, upload);
    store_suite_expect(suite.store, "it", "SELECT id, status FROM {imports} AS i", "1|imported;");
}
END_TEST

/* --- What caches follow -------------------------------------------------------------------------------------------------------- */

static size_t pending(int64_t age, int64_t *ids, size_t max)
{
    size_t count = 77;

    suite_ok(suite.store->ops->pending_bumps(suite.store, age, ids, max, &count, &suite.error), "pending");
    ck_assert_uint_le(count, max);
    return count;
}

START_TEST(test_bumps)
{
    ti_ledger_row row = suite_ledger_row("failed");
    int64_t ids[BUMPS_MAX], first, second, id;

    ck_assert_uint_eq(pending(0, ids, BUMPS_MAX), 0);
    suite_ok(suite.store->ops->record(suite.store, &row, &id, &suite.error), "a failure changes no row");
    suite_put_quote("A", "2016-01-04", "010", 1);
    suite_begin_and_settle(suite.quotes);
    suite.store->ops->rollback(suite.store);
    ck_assert_uint_eq(pending(0, ids, BUMPS_MAX), 0);
    suite_put_quote("A", "2016-01-04", "010", 1);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &first), TICKER_OK);
    suite_put_quote("A", "2016-01-04", "010", 2);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_B, &second), TICKER_OK);
    suite_put_quote("A", "2016-01-04", "010", 3);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_B, &id), TICKER_DONE); /* a duplicate neither */
    ck_assert_uint_eq(pending(HOUR, ids, BUMPS_MAX), 0);
    ck_assert_uint_eq(pending(0, ids, 1), 1);
    ck_assert_int_eq(ids[0], first);
    ck_assert_uint_eq(pending(0, ids, BUMPS_MAX), 2);
    ck_assert_int_eq(ids[0], first);
    ck_assert_int_eq(ids[1], second);
    suite_ok(suite.store->ops->confirm_bumps(suite.store, ids, 0, &suite.error), "confirm nothing");
    suite_ok(suite.store->ops->confirm_bumps(suite.store, ids, 1, &suite.error), "confirm the first");
    suite_ok(suite.store->ops->confirm_bumps(suite.store, ids, 1, &suite.error), "and again");
    ck_assert_uint_eq(pending(0, ids, BUMPS_MAX), 1);
    ck_assert_int_eq(ids[0], second);
    suite_ok(suite.store->ops->confirm_bumps(suite.store, ids, 1, &suite.error), "confirm the second");
    ck_assert_uint_eq(pending(0, ids, BUMPS_MAX), 0);
}
END_TEST

static int64_t epoch_of(ticker_store *store)
{
    int64_t epoch = 0;

    suite_ok(store->ops->epoch(store, &epoch, &suite.error), "epoch");
    return epoch;
}

START_TEST(test_epoch)
{
    ticker_store *other = store_suite_open(suite.url);
    ti_ledger_row row = suite_ledger_row("failed");
    int64_t before = epoch_of(suite.store), before_other = epoch_of(other), after, id;

    ck_assert_int_eq(epoch_of(suite.store), before);
    ck_assert_int_eq(epoch_of(other), before_other);
    suite_ok(other->ops->record(other, &row, &id, &suite.error), "a failure changes no row");
    suite_put_quote("A", "2016-01-04", "010", 1);
    suite_begin_and_settle(suite.quotes);
    suite.store->ops->rollback(suite.store);
    ck_assert_int_eq(epoch_of(suite.store), before);
    ck_assert_int_eq(epoch_of(other), before_other);
    suite_put_quote("A", "2016-01-04", "010", 1);
    suite_begin_and_settle(suite.quotes);
    ck_assert_int_eq(epoch_of(other), before_other);
    suite_finish(SHA_A);
    after = epoch_of(suite.store); /* of the store that imported */
    ck_assert_int_ne(after, before);
    ck_assert_int_ne(epoch_of(other), before_other); /* and of another */
    before_other = epoch_of(other);
    suite_put_quote("A", "2016-01-04", "010", 2);
    ck_assert_int_eq(store_suite_import(other, &suite.quotes, 1, SHA_B, &id), TICKER_OK);
    ck_assert_int_ne(epoch_of(suite.store), after);
    ck_assert_int_ne(epoch_of(other), before_other);
    ck_assert_int_eq(epoch_of(suite.store), epoch_of(suite.store));
    ticker_store_free(other);
}
END_TEST

START_TEST(test_misuse)
{
    ti_ledger_row row = suite_ledger_row("failed");
    int64_t id, ids[1] = {1};

    suite_ok(suite.store->ops->begin(suite.store, &id, &suite.error), "begin");
    ck_assert_int_eq(suite.store->ops->record(suite.store, &row, &id, NULL), TICKER_FATAL);
    ck_assert_int_eq(suite.store->ops->mark(suite.store, 1, "running", "", NULL), TICKER_FATAL);
    ck_assert_int_eq(suite.store->ops->epoch(suite.store, &id, NULL), TICKER_FATAL);
    ck_assert_int_eq(suite.store->ops->confirm_bumps(suite.store, ids, 1, NULL), TICKER_FATAL);
    suite.store->ops->rollback(suite.store);
    store_suite_expect(suite.store, "i", COUNT_IMPORTS, "0;");
}
END_TEST

void suite_add_ledger(Suite *to)
{
    TCase *tests = suite_group(to, "ledger");

    tcase_add_test(tests, test_migrates_from_2);
    tcase_add_test(tests, test_queued_to_imported);
    tcase_add_test(tests, test_queued_to_failed_to_imported);
    tcase_add_test(tests, test_queued_to_duplicate);
    tcase_add_test(tests, test_taken_over_twice);
    tcase_add_test(tests, test_killed_while_running);
    tests = suite_group(to, "epochs");
    tcase_add_test(tests, test_bumps);
    tcase_add_test(tests, test_epoch);
    tcase_add_test(tests, test_misuse);
}
