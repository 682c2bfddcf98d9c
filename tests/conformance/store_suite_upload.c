/* Uploads in the ledger, through the public calls: how each of their ends looks, and every way to come there. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tickerimport/upload.h>

#include "storage/storage.h"
#include "store_suite_parts.h"
#include "unit/support.h"

#define KEY "0123456789abcdef/TRADES.txt"
#define URL "s3://bucket/uploads/" KEY
#define TYPE "text/plain"
#define PROCESSES 4
#define LONG_NAME 900 /* bytes: more than a report keeps of a name */

/* Of trades files: their bytes and hash. */
typedef struct upload {
    ti_buffer bytes;
    char sha256[TI_SHA256_TEXT_MAX];
    ticker_stored *stored;
} upload;

static void hash_bytes(upload *file)
{
    ti_sha256 *hash = ti_sha256_new();

    ck_assert_ptr_nonnull(hash);
    ck_assert(ti_sha256_update(hash, file->bytes.data, file->bytes.size));
    ck_assert(ti_sha256_finish(hash, file->sha256));
    ti_sha256_free(hash);
}

static void store_at(upload *file, const char *url)
{
    ticker_stored_free(file->stored);
    hash_bytes(file);
    file->stored = ti_stored_new(KEY, url, "", "");
    ck_assert_ptr_nonnull(file->stored);
    file->stored->bytes = (int64_t)file->bytes.size;
    (void)snprintf(file->stored->sha256, sizeof(file->stored->sha256), "%s", file->sha256);
}

static void make_upload(upload *file, size_t rows)
{
    *file = (upload){.stored = NULL};
    bytes_init(&file->bytes);
    make_trades(&file->bytes, rows, "\n");
    store_at(file, URL);
}

static void drop_upload(upload *file)
{
    ticker_stored_free(file->stored);
    ti_buffer_free(&file->bytes);
}

static int64_t record(const upload *file)
{
    int64_t id = 0;

    suite_ok(ticker_upload_record(suite.store, file->stored, "TRADES.txt", "trades", TYPE, &id, &suite.error),
             "record");
    ck_assert_int_gt(id, 0);
    return id;
}

/* From a source that is named by its location, as a storage names it. */
static ticker_status import_as(ticker_store *store, int64_t id, const upload *file, const char *name,
                               const ticker_import_events *events)
{
    ti_error_init(&suite.error);
    return ticker_upload_import(store, id, ticker_source_open_memory(file->bytes.data, file->bytes.size, name), NULL,
                                events, &suite.error);
}

static ticker_status import(int64_t id, const upload *file)
{
    return import_as(suite.store, id, file, URL, NULL);
}

/* id|status|duplicate_of; of each row. */
static void ledger_is(const char *expected)
{
    store_suite_expect(suite.store, "iti", "SELECT id, status, duplicate_of FROM {imports} AS i ORDER BY id", expected);
}

static ticker_status known(const upload *file, int64_t *id)
{
    *id = 0;
    return ticker_upload_known(suite.store, file->sha256, (int64_t)file->bytes.size, id, &suite.error);
}

/* --- From the upload to its end -------------------------------------------------------------------------------------------------- */

START_TEST(test_recorded_then_imported)
{
    upload file;
    int64_t id, found;

    make_upload(&file, 20);
    ck_assert_int_eq(known(&file, &found), TICKER_DONE);
    id = record(&file);
    ledger_is("1|queued|null;");
    store_suite_expect(suite.store, "tttti", "SELECT file, format, location, content_type, records FROM {imports} AS i",
                       "TRADES.txt|trades|" URL "|" TYPE "|0;");
    ck_assert_int_eq(known(&file, &found), TICKER_OK);
    ck_assert_int_eq(found, id);
    ck_assert_int_eq(import(id, &file), TICKER_OK);
    ledger_is("1|imported|null;");
    store_suite_expect(suite.store, "tttti",
                       "SELECT file, format, location, content_type, imported FROM {imports} AS i",
                       "TRADES.txt|trades|" URL "|" TYPE "|20;");
    store_suite_expect(suite.store, "i", "SELECT count(*) FROM {trades} AS t WHERE import_id = 1", "20;");
    ck_assert_int_eq(known(&file, &found), TICKER_OK);
    ck_assert_int_eq(found, id);
    ck_assert_int_eq(ticker_upload_known(suite.store, file.sha256, -1, &found, &suite.error), TICKER_OK);
    ck_assert_int_eq(ticker_upload_known(suite.store, file.sha256, 1, &found, &suite.error), TICKER_DONE);
    drop_upload(&file);
}
END_TEST

START_TEST(test_found_by_its_location)
{
    char name[LONG_NAME + 1], other[LONG_NAME + 1];
    upload file, second;

    memset(name, 'x', LONG_NAME);
    memcpy(name, "file:///", 8);
    name[LONG_NAME] = '\0';
    memcpy(other, name, sizeof(other));
    other[LONG_NAME - 1] = 'y'; /* far behind where names are cut */
    make_upload(&file, 20);
    make_upload(&second, 21);
    store_at(&file, name);
    store_at(&second, other);
    (void)record(&file);
    (void)record(&second);
    ck_assert_int_eq(import_as(suite.store, 0, &second, other, NULL), TICKER_OK);
    ledger_is("1|queued|null;2|imported|null;");
    ck_assert_int_eq(import_as(suite.store, 0, &file, name, NULL), TICKER_OK);
    ledger_is("1|imported|null;2|imported|null;");
    drop_upload(&file);
    drop_upload(&second);
}
END_TEST

/* What was put straight into S3 can be followed as well; and a row that somebody deleted is no reason not to import. */
START_TEST(test_never_recorded)
{
    upload file, second;

    make_upload(&file, 20);
    make_upload(&second, 21);
    ck_assert_int_eq(import(0, &file), TICKER_OK);
    store_suite_expect(suite.store, "ttt", "SELECT file, status, location FROM {imports} AS i",
                       URL "|imported|" URL ";");
    ck_assert_int_eq(import_as(suite.store, 4711, &second, "file:///other/a%20b", NULL), TICKER_OK);
    store_suite_expect(suite.store, "ttt", "SELECT file, status, location FROM {imports} AS i ORDER BY id",
                       URL "|imported|" URL ";a b|imported|file:///other/a%20b;");
    drop_upload(&file);
    drop_upload(&second);
}
END_TEST

START_TEST(test_a_duplicate)
{
    upload file;
    int64_t id, found;

    make_upload(&file, 20);
    ck_assert_int_eq(import_as(suite.store, 0, &file, "file:///elsewhere", NULL), TICKER_OK);
    id = record(&file);
    ck_assert_int_eq(known(&file, &found), TICKER_OK);
    ck_assert_int_eq(found, 1);
    ck_assert_int_eq(import(id, &file), TICKER_OK);
    store_suite_expect(suite.store, "tiitt",
                       "SELECT status, duplicate_of, imported, file, location FROM {imports} AS i WHERE id > 1",
                       "duplicate|1|0|TRADES.txt|" URL ";");
    store_suite_expect(suite.store, "i",
                       "SELECT count(*) FROM {imports} AS a JOIN {imports} AS b ON a.duplicate_of = b.id AND"
                       " a.records = b.records AND a.trades = b.trades AND a.volume = b.volume AND"
                       " a.turnover = b.turnover AND a.first_date = b.first_date AND a.sha256 = b.sha256",
                       "1;");
    drop_upload(&file);
}
END_TEST

START_TEST(test_refused_then_good)
{
    upload file;
    int64_t id, found;

    make_upload(&file, 20);
    id = record(&file);
    file.bytes.size -= 7; /* within its last row */
    ck_assert_int_eq(import(id, &file), TICKER_FAILED);
    ck_assert_int_eq(ticker_error_get_kind(&suite.error), TICKER_ERROR_INPUT);
    ledger_is("1|failed|null;");
    store_suite_expect(suite.store, "i",
                       "SELECT count(*) FROM {imports} AS i WHERE error <> '' AND location = '" URL "'", "1;");
    ck_assert_int_eq(known(&file, &found), TICKER_DONE);
    file.bytes.size += 7;
    ck_assert_int_eq(import(0, &file), TICKER_OK); /* a dead letter that was given another chance */
    store_suite_expect(suite.store, "itt", "SELECT id, status, error FROM {imports} AS i", "1|imported|;");
    drop_upload(&file);
}
END_TEST

/* Queues deliver some messages twice. */
START_TEST(test_delivered_again)
{
    upload file;
    int64_t id;

    make_upload(&file, 20);
    id = record(&file);
    ck_assert_int_eq(import(0, &file), TICKER_OK);
    ck_assert_int_eq(import(0, &file), TICKER_OK);
    ck_assert_int_eq(import(id, &file), TICKER_OK);
    ledger_is("1|imported|null;");
    /* The key has other bytes now: history stays as it is. */
    ti_buffer_clear(&file.bytes);
    make_trades(&file.bytes, 30, "\n");
    ck_assert_int_eq(import(0, &file), TICKER_OK);
    store_suite_expect(suite.store, "ti", "SELECT status, imported FROM {imports} AS i ORDER BY id",
                       "imported|20;imported|30;");
    drop_upload(&file);
}
END_TEST

START_TEST(test_an_archive_of_two)
{
    zip_member members[2] = {{.name = "one.txt"}, {.name = "two.txt"}};
    upload file, one, two;

    make_upload(&one, 20);
    make_upload(&two, 31);
    make_upload(&file, 1);
    members[0].data = one.bytes.data;
    members[0].size = one.bytes.size;
    members[1].data = two.bytes.data;
    members[1].size = two.bytes.size;
    ti_buffer_clear(&file.bytes);
    make_zip(&file.bytes, members, 2);
    store_at(&file, URL);
    ck_assert_int_eq(import(record(&file), &file), TICKER_OK);
    store_suite_expect(suite.store, "ttttt",
                       "SELECT member, status, file, location, content_type FROM {imports} AS i ORDER BY id",
                       "one.txt|imported|TRADES.txt|" URL "|" TYPE ";two.txt|imported|TRADES.txt|" URL "|" TYPE ";");
    ck_assert_int_eq(import(0, &file), TICKER_OK);
    store_suite_expect(suite.store, "i", COUNT_IMPORTS, "2;");
    drop_upload(&one);
    drop_upload(&two);
    drop_upload(&file);
}
END_TEST

/* --- On the way ------------------------------------------------------------------------------------------------------------------ */

/* What others see of the upload while it is imported. */
typedef struct onlooker {
    ticker_store *store;
    bool seen, stop;
} onlooker;

static int look(uint64_t position, int64_t bytes, uint64_t records, void *payload)
{
    onlooker *self = payload;

    (void)position, (void)bytes;
    if (records == 0) /* a server that takes its time is no reason not to ask, also while the row is being taken over */
        return 0;
    if (!self->seen)
        store_suite_expect(self->store, "t", "SELECT status FROM {imports} AS i", "running;");
    self->seen = true;
    return self->stop ? 1 : 0;
}

START_TEST(test_seen_running)
{
    onlooker self = {.store = store_suite_open(suite.url)};
    const ticker_import_events events = {.size = sizeof(events), .progress = look, .payload = &self};
    upload file;

    make_upload(&file, 2000);
    (void)record(&file);
    ck_assert_int_eq(import_as(suite.store, 0, &file, URL, &events), TICKER_OK);
    ck_assert(self.seen);
    store_suite_expect(self.store, "t", "SELECT status FROM {imports} AS i", "imported;");
    ticker_store_free(self.store);
    drop_upload(&file);
}
END_TEST

START_TEST(test_cancelled_is_queued_again)
{
    onlooker self = {.store = store_suite_open(suite.url), .stop = true};
    const ticker_import_events events = {.size = sizeof(events), .progress = look, .payload = &self};
    upload file;

    make_upload(&file, 2000);
    (void)record(&file);
    ck_assert_int_eq(import_as(suite.store, 0, &file, URL, &events), TICKER_RETRY);
    ck_assert_int_eq(ticker_error_get_kind(&suite.error), TICKER_ERROR_CANCELLED);
    ledger_is("1|queued|null;");
    store_suite_expect(suite.store, "i", COUNT_TRADES, "0;");
    ck_assert_int_eq(import(0, &file), TICKER_OK);
    ledger_is("1|imported|null;");
    ticker_store_free(self.store);
    drop_upload(&file);
}
END_TEST

START_TEST(test_a_dry_run_changes_nothing)
{
    ticker_options *options = make_options("dry-run=yes", NULL);
    upload file;
    int64_t id;

    make_upload(&file, 20);
    id = record(&file);
    ck_assert_int_eq(ticker_upload_import(suite.store, id,
                                          ticker_source_open_memory(file.bytes.data, file.bytes.size, URL), options,
                                          NULL, &suite.error),
                     TICKER_OK);
    file.bytes.size -= 7;
    ck_assert_int_lt(ticker_upload_import(suite.store, id,
                                          ticker_source_open_memory(file.bytes.data, file.bytes.size, URL), options,
                                          NULL, NULL),
                     TICKER_OK);
    ledger_is("1|queued|null;");
    ticker_options_free(options);
    drop_upload(&file);
}
END_TEST

/* In a process of its own; its exit status. */
static int import_file(ticker_store *store, const upload *file)
{
    return import_as(store, 0, file, URL, NULL) == TICKER_OK ? 0 : 1;
}

static int record_first(ticker_store *store, const upload *file)
{
    int64_t id = 0;
    ticker_status status = ticker_upload_record(store, file->stored, "TRADES.txt", "trades", TYPE, &id, &suite.error);

    return status == TICKER_OK && id == 1 ? 0 : 1;
}

static void run_processes(const upload *file, int (*run)(ticker_store *store, const upload *file))
{
    for (int i = 0; i < PROCESSES; i++) {
        pid_t child = fork();

        ck_assert_int_ge(child, 0);
        if (child == 0) {
            ticker_store *own = store_suite_open(suite.url);
            int result = run(own, file);

            ticker_store_free(own);
            _exit(result);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int result = -1;

        ck_assert_int_gt(wait(&result), 0);
        ck_assert_msg(WIFEXITED(result) && WEXITSTATUS(result) == 0, "a process ended with %d", result);
    }
}

/* Several workers have the same message at once. */
START_TEST(test_together)
{
    upload file;

    make_upload(&file, 2000);
    (void)record(&file);
    ticker_store_free(suite.store);
    run_processes(&file, import_file);
    suite.store = store_suite_open(suite.url);
    ledger_is("1|imported|null;");
    store_suite_expect(suite.store, "ii", "SELECT count(*), count(DISTINCT import_id) FROM {trades} AS t", "2000|1;");
    drop_upload(&file);
}
END_TEST

/* A server records an upload while a worker hears of it from S3: whoever comes first makes the row, and it stays the only one. */
START_TEST(test_one_row_of_a_location)
{
    upload file;

    make_upload(&file, 2000);
    ticker_store_free(suite.store);
    run_processes(&file, record_first);
    suite.store = store_suite_open(suite.url);
    ledger_is("1|queued|null;");
    store_suite_expect(suite.store, "i", "SELECT count(*) FROM {imports} AS i WHERE location = '" URL "'", "1;");
    ticker_store_free(suite.store);
    run_processes(&file, import_file);
    suite.store = store_suite_open(suite.url);
    ledger_is("1|imported|null;");
    drop_upload(&file);
}
END_TEST

START_TEST(test_one_row_of_several_workers)
{
    upload file;

    make_upload(&file, 2000);
    ticker_store_free(suite.store);
    run_processes(&file, import_file);
    suite.store = store_suite_open(suite.url);
    store_suite_expect(suite.store, "ti", "SELECT status, duplicate_of FROM {imports} AS i", "imported|null;");
    drop_upload(&file);
}
END_TEST

/* --- What cannot be imported ----------------------------------------------------------------------------------------------------- */

START_TEST(test_refuse)
{
    upload file;
    ticker_error why;
    int64_t id;

    ti_error_init(&why);
    (void)ti_fail(&why, TICKER_FAILED, TICKER_ERROR_INPUT, "the object is gone");
    make_upload(&file, 20);
    ck_assert_int_eq(ticker_upload_refuse(suite.store, 0, NULL, &why, &suite.error), TICKER_DONE);
    ck_assert_int_eq(ticker_upload_refuse(suite.store, 7, URL, &why, &suite.error), TICKER_DONE);
    id = record(&file);
    suite_ok(ticker_upload_refuse(suite.store, 0, URL, &why, &suite.error), "refuse by its location");
    store_suite_expect(suite.store, "ttt", "SELECT status, error, file FROM {imports} AS i WHERE sha256 <> ''",
                       "failed|the object is gone|TRADES.txt;");
    /* The text names the file as its client did, and not where it is stored. */
    ti_error_file(&why, URL);
    suite_ok(ticker_upload_refuse(suite.store, id, NULL, &why, &suite.error), "refuse by its number");
    store_suite_expect(suite.store, "ttt", "SELECT status, error, file FROM {imports} AS i WHERE sha256 <> ''",
                       "failed|TRADES.txt: the object is gone|TRADES.txt;");
    ck_assert_int_eq(import(id, &file), TICKER_OK);
    ck_assert_int_eq(ticker_upload_refuse(suite.store, id, NULL, &why, &suite.error), TICKER_DONE);
    ledger_is("1|imported|null;");
    drop_upload(&file);
}
END_TEST

/* Nobody announced it: it has a row all the same, and one only. */
START_TEST(test_refuse_without_a_row)
{
    static const char *const places[][2] = {{"s3://bucket/a%20b/c%20d.zip", "c%20d.zip"},
                                            {"file:///var/lib/a%20b/c%20d.zip", "c d.zip"},
                                            {"s3://bucket/folder/", "s3://bucket/folder/"},
                                            {"plain", "plain"}};
    ticker_error why;
    upload file;

    ti_error_init(&why);
    (void)ti_fail(&why, TICKER_FAILED, TICKER_ERROR_SERVICE, "access denied");
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char shown[512];

        suite_ok(ticker_upload_refuse(suite.store, 0, places[i][0], &why, &suite.error), "refuse");
        suite_ok(ticker_upload_refuse(suite.store, 0, places[i][0], &why, &suite.error), "refuse again");
        (void)snprintf(shown, sizeof(shown), "%s|%s|failed|access denied|0;", places[i][1], places[i][0]);
        store_suite_expect(suite.store, "tttti",
                           "SELECT file, location, status, error, records FROM {imports} AS i ORDER BY id DESC LIMIT 1",
                           shown);
    }
    store_suite_expect(suite.store, "i", COUNT_IMPORTS, "4;");
    make_upload(&file, 20);
    ck_assert_int_eq(import_as(suite.store, 0, &file, "plain", NULL), TICKER_OK);
    store_suite_expect(suite.store, "itt", "SELECT id, file, status FROM {imports} AS i WHERE location = 'plain'",
                       "4|plain|imported;");
    drop_upload(&file);
}
END_TEST

START_TEST(test_wrong_calls)
{
    ticker_error why;
    upload file;
    int64_t id;

    make_upload(&file, 1);
    ti_error_init(&why);
    ck_assert_int_eq(ticker_upload_record(NULL, file.stored, "a", NULL, NULL, &id, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_upload_record(suite.store, NULL, "a", NULL, NULL, &id, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_upload_record(suite.store, file.stored, NULL, NULL, NULL, &id, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_upload_record(suite.store, file.stored, "a", NULL, NULL, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_upload_known(suite.store, NULL, -1, &id, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_upload_import(suite.store, 0, NULL, NULL, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_upload_import(NULL, 0, ticker_source_open_memory("", 0, "a"), NULL, NULL, &suite.error),
                     TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&suite.error), TICKER_ERROR_USAGE);
    ck_assert_int_eq(ticker_upload_refuse(suite.store, 1, NULL, NULL, NULL), TICKER_FATAL);
    store_suite_expect(suite.store, "i", COUNT_IMPORTS, "0;");
    drop_upload(&file);
}
END_TEST

void suite_add_upload(Suite *to)
{
    TCase *tests = suite_group(to, "uploads");

    tcase_add_test(tests, test_recorded_then_imported);
    tcase_add_test(tests, test_found_by_its_location);
    tcase_add_test(tests, test_never_recorded);
    tcase_add_test(tests, test_a_duplicate);
    tcase_add_test(tests, test_refused_then_good);
    tcase_add_test(tests, test_delivered_again);
    tcase_add_test(tests, test_an_archive_of_two);
    tcase_add_test(tests, test_seen_running);
    tcase_add_test(tests, test_cancelled_is_queued_again);
    tcase_add_test(tests, test_a_dry_run_changes_nothing);
    tcase_add_test(tests, test_together);
    tcase_add_test(tests, test_one_row_of_a_location);
    tcase_add_test(tests, test_one_row_of_several_workers);
    tcase_add_test(tests, test_refuse);
    tcase_add_test(tests, test_refuse_without_a_row);
    tcase_add_test(tests, test_wrong_calls);
}
