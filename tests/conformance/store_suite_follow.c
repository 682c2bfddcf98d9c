/* Imports that are followed: how far they are, how often they were begun, and versions of one object that come in any order. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tickerimport/upload.h>

#include "store_suite_parts.h"
#include "unit/support.h"

#define URL "s3://bucket/uploads/TRADES.txt"
#define OLDER "0062E99A88DC407460"
#define NEWER "0062E99A88DC407461"
#define NEWEST "0062E99A88DC407A00"
#define PROCESSES 4
#define OLD_ROWS 20 /* trades of the older version; the newer one has these and more */
#define NEW_ROWS 31

/* Which row it is, as numbers may be left out. */
#define PLACE_OF(id) "(SELECT count(*) FROM {imports} AS e WHERE e.id <= " id ")"
#define SHOW_LEDGER                                                                                                    \
    "SELECT " PLACE_OF("i.id") ", status, " PLACE_OF(                                                                  \
        "i.duplicate_of") ", sequencer, error FROM {imports} AS i ORDER BY id"
#define LEDGER_TYPES "ititt"
#define SHOW_TRADES                                                                                                    \
    "SELECT " PLACE_OF("i.import_id") ", count(*) FROM {trades} AS i GROUP BY import_id ORDER BY import_id"
#define SHOW_PROGRESS "SELECT progress_bytes, total_bytes, progress_records FROM {imports} AS i ORDER BY id"
#define OVERTAKEN "a newer version of this object was imported"

/* --- Versions of an object ------------------------------------------------------------------------------------------------------- */

static ticker_status import_with(ticker_store *store, size_t rows, const ticker_import_events *events)
{
    ticker_status status;
    ti_buffer bytes;

    bytes_init(&bytes);
    make_trades(&bytes, rows, "\n");
    ti_error_init(&suite.error);
    status = ticker_upload_import(store, 0, ticker_source_open_memory(bytes.data, bytes.size, URL), NULL, events,
                                  &suite.error);
    ti_buffer_free(&bytes);
    return status;
}

static ticker_status import_version(ticker_store *store, size_t rows, const char *sequencer)
{
    const ticker_import_events events = {.size = sizeof(events), .sequencer = sequencer, .object_version = "v1"};

    return import_with(store, rows, &events);
}

static void ledger_is(const char *expected)
{
    store_suite_expect(suite.store, LEDGER_TYPES, SHOW_LEDGER, expected);
}

START_TEST(test_in_their_order)
{
    suite_ok(import_version(suite.store, OLD_ROWS, OLDER), "the older one");
    suite_ok(import_version(suite.store, NEW_ROWS, NEWER), "the newer one");
    ledger_is("1|imported|0|" OLDER "|;2|imported|0|" NEWER "|;");
    store_suite_expect(suite.store, "ii", SHOW_TRADES, "2|31;");
    store_suite_expect(suite.store, "ti", "SELECT object_version, attempts FROM {imports} AS i", "v1|1;v1|1;");
}
END_TEST

START_TEST(test_the_newer_one_first)
{
    suite_ok(import_version(suite.store, NEW_ROWS, NEWER), "the newer one");
    suite_ok(import_version(suite.store, OLD_ROWS, OLDER), "the older one");
    ledger_is("1|imported|0|" NEWER "|;2|duplicate|1|" OLDER "|" OVERTAKEN ";");
    store_suite_expect(suite.store, "ii", SHOW_TRADES, "1|31;");
    /* Both once more, as queues do: nothing happens. */
    suite_ok(import_version(suite.store, OLD_ROWS, OLDER), "the older one again");
    suite_ok(import_version(suite.store, NEW_ROWS, NEWER), "the newer one again");
    store_suite_expect(suite.store, "i", COUNT_IMPORTS, "2;");
    suite_ok(import_version(suite.store, NEW_ROWS + 1, NEWEST), "the newest one");
    store_suite_expect(suite.store, "ii", SHOW_TRADES, "3|32;");
}
END_TEST

/* The newest version has bytes that are in from elsewhere: it counts all the same. */
START_TEST(test_a_duplicate_is_the_newer_one)
{
    ti_buffer bytes;

    bytes_init(&bytes);
    make_trades(&bytes, NEW_ROWS, "\n");
    suite_ok(ticker_import_source(suite.store, ticker_source_open_memory(bytes.data, bytes.size, "elsewhere"), NULL,
                                  NULL, &suite.error),
             "elsewhere");
    suite_ok(import_version(suite.store, NEW_ROWS, NEWER), "the same bytes");
    suite_ok(import_version(suite.store, OLD_ROWS, OLDER), "the older one");
    ledger_is("1|imported|0|null|;2|duplicate|1|" NEWER "|;3|duplicate|2|" OLDER "|" OVERTAKEN ";");
    store_suite_expect(suite.store, "ii", SHOW_TRADES, "1|31;");
    ti_buffer_free(&bytes);
}
END_TEST

/* What says nothing, or cannot be compared, never makes an object old. */
START_TEST(test_versions_that_are_not_told_apart)
{
    static const char *const sequencers[] = {NEWER, NULL, "", "no hex", "F"};
    char huge[2 * TICKER_SEQUENCER_MAX];

    for (size_t i = 0; i < sizeof(sequencers) / sizeof(sequencers[0]); i++)
        suite_ok(import_version(suite.store, OLD_ROWS + i, sequencers[i]), "a version");
    memset(huge, '0', sizeof(huge) - 1);
    huge[sizeof(huge) - 1] = '\0';
    suite_ok(import_version(suite.store, OLD_ROWS + 5, huge), "a version");
    store_suite_expect(suite.store, "ti", "SELECT status, count(*) FROM {imports} AS i GROUP BY status", "imported|6;");
    store_suite_expect(suite.store, "i", "SELECT max(length(sequencer)) FROM {imports} AS i", "18;");
}
END_TEST

/* The event tells of the version that the upload waits for; a version that failed is tried again in its own row. */
START_TEST(test_rows_of_versions)
{
    ti_ledger_row row = suite_ledger_row("queued");
    int64_t id;

    row.location = URL;
    row.sha256 = "";
    suite_ok(suite.store->ops->record(suite.store, &row, &id, &suite.error), "upload");
    suite.store->sequencer = NEWEST;
    row.status = "failed"; /* as the first row waits, no second one would */
    suite_ok(suite.store->ops->record(suite.store, &row, &id, &suite.error), "another worker has it");
    suite_ok(suite.store->ops->mark(suite.store, id, "running", "", &suite.error), "running");
    suite.store->sequencer = NULL;
    suite_ok(import_version(suite.store, OLD_ROWS, OLDER), "the older one");
    ledger_is("1|imported|0|" OLDER "|;2|running|0|" NEWEST "|;");
    suite_ok(suite.store->ops->mark(suite.store, id, "failed", "broken", &suite.error), "failed");
    suite_ok(import_version(suite.store, NEW_ROWS, NEWER), "one in between");
    ledger_is("1|imported|0|" OLDER "|;2|failed|0|" NEWEST "|broken;3|imported|0|" NEWER "|;");
    suite_ok(import_version(suite.store, NEW_ROWS + 1, NEWEST), "the newest one again");
    ledger_is("1|imported|0|" OLDER "|;2|imported|0|" NEWEST "|;3|imported|0|" NEWER "|;");
}
END_TEST

/* --- Two of them at the same moment ------------------------------------------------------------------------------------------------ */

/* A process that imports a version when it is told to. No connection to SQLite may be open while it is made. */
typedef struct rival {
    pid_t child;
    int start; /* to be written to; -1: it was told */
} rival;

static rival make_rival(size_t rows, const char *sequencer)
{
    rival made;
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    made = (rival){.child = fork(), .start = ends[1]};
    ck_assert_int_ge(made.child, 0);
    if (made.child == 0) {
        ticker_status status = TICKER_FATAL;
        char byte;

        if (close(ends[1]) == 0 && read(ends[0], &byte, 1) == 1) {
            ticker_store *own = store_suite_open(suite.url);

            status = import_version(own, rows, sequencer);
            ticker_store_free(own);
        }
        _exit(status == TICKER_OK ? 0 : 1);
    }
    ck_assert_int_eq(close(ends[0]), 0);
    return made;
}

static void tell_rival(rival *other)
{
    if (other->start < 0)
        return;
    ck_assert_int_eq(write(other->start, "!", 1), 1);
    ck_assert_int_eq(close(other->start), 0);
    other->start = -1;
}

static void end_process(pid_t child)
{
    int result = -1;

    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_msg(WIFEXITED(result) && WEXITSTATUS(result) == 0, "a process ended with %d", result);
}

static int on_rows(uint64_t position, int64_t bytes, uint64_t records, void *payload)
{
    (void)position, (void)bytes;
    if (records > 0)
        tell_rival(payload);
    return 0;
}

/* While the import of one version is at work another process begins with that of another version. */
static void import_against(size_t rows, const char *sequencer, size_t other_rows, const char *other_sequencer)
{
    rival other;
    const ticker_import_events events = {
        .size = sizeof(events), .progress = on_rows, .payload = &other, .sequencer = sequencer};

    ticker_store_free(suite.store);
    other = make_rival(other_rows, other_sequencer);
    suite.store = store_suite_open(suite.url);
    suite_ok(import_with(suite.store, rows, &events), "the first one");
    ck_assert_int_lt(other.start, 0);
    end_process(other.child);
}

START_TEST(test_a_newer_one_comes_meanwhile)
{
    import_against(OLD_ROWS, OLDER, NEW_ROWS, NEWER);
    ledger_is("1|imported|0|" OLDER "|;2|imported|0|" NEWER "|;");
    store_suite_expect(suite.store, "ii", SHOW_TRADES, "2|31;");
}
END_TEST

START_TEST(test_an_older_one_comes_meanwhile)
{
    import_against(NEW_ROWS, NEWER, OLD_ROWS, OLDER);
    ledger_is("1|imported|0|" NEWER "|;2|duplicate|1|" OLDER "|" OVERTAKEN ";");
    store_suite_expect(suite.store, "ii", SHOW_TRADES, "1|31;");
}
END_TEST

/* Whoever is first: at the end all trades are those of the newest version. */
START_TEST(test_all_at_once)
{
    static const char *const sequencers[PROCESSES] = {"A1", "A2", "A0", "A3"};
    rival rivals[PROCESSES];

    ticker_store_free(suite.store);
    for (size_t i = 0; i < PROCESSES; i++)
        rivals[i] = make_rival(OLD_ROWS + i, sequencers[i]); /* the newest has the most */
    for (size_t i = 0; i < PROCESSES; i++)
        tell_rival(&rivals[i]);
    for (size_t i = 0; i < PROCESSES; i++)
        end_process(rivals[i].child);
    suite.store = store_suite_open(suite.url);
    store_suite_expect(suite.store, "iti",
                       "SELECT count(*), max(i.sequencer), max(i.records) FROM {trades} AS t JOIN {imports} AS i"
                       " ON i.id = t.import_id WHERE i.status = 'imported'",
                       "23|A3|23;");
    store_suite_expect(suite.store, "i",
                       "SELECT count(*) FROM {imports} AS i WHERE status NOT IN ('imported', 'duplicate')", "0;");
}
END_TEST

/* --- How far it is --------------------------------------------------------------------------------------------------------------- */

START_TEST(test_progress)
{
    ticker_store *other = store_suite_open(suite.url);
    ti_ledger_row row = suite_ledger_row("queued");
    int64_t id;

    suite_ok(suite.store->ops->record(suite.store, &row, &id, &suite.error), "upload");
    store_suite_expect(suite.store, "i", "SELECT attempts FROM {imports} AS i", "0;");
    ck_assert_int_eq(ticker_upload_progress(other, id, 1, 2, 3, &suite.error), TICKER_DONE);
    suite_ok(suite.store->ops->mark(suite.store, id, "running", "", &suite.error), "running");
    store_suite_expect(suite.store, "iii", SHOW_PROGRESS, "null|null|null;");
    suite_ok(ticker_upload_progress(other, id, 1000, 4000, 12, &suite.error), "progress");
    store_suite_expect(suite.store, "iii", SHOW_PROGRESS, "1000|4000|12;");
    suite_ok(ticker_upload_progress(other, id, 2000, -1, 24, &suite.error), "progress");
    store_suite_expect(suite.store, "iii", SHOW_PROGRESS, "2000|null|24;");
    suite_ok(suite.store->ops->mark(suite.store, id, "queued", "", &suite.error), "given back");
    store_suite_expect(suite.store, "iii", SHOW_PROGRESS, "null|null|null;");
    ck_assert_int_eq(ticker_upload_progress(other, id, 1, 2, 3, &suite.error), TICKER_DONE);
    ck_assert_int_eq(ticker_upload_progress(other, id + 1, 1, 2, 3, &suite.error), TICKER_DONE);
    suite_ok(suite.store->ops->mark(suite.store, id, "running", "", &suite.error), "running");
    store_suite_expect(suite.store, "i", "SELECT attempts FROM {imports} AS i", "2;");
    ck_assert_int_eq(ticker_upload_progress(other, 0, 1, 2, 3, &suite.error), TICKER_FATAL);
    ck_assert_int_eq(ticker_upload_progress(other, id, UINT64_MAX, 2, 3, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_upload_progress(NULL, id, 1, 2, 3, NULL), TICKER_FATAL);
    ticker_store_free(other);
}
END_TEST

/* An import that tells of itself through a second connection. */
typedef struct teller {
    ticker_store *store;
    int64_t id;
    size_t told, left;
} teller;

static void note_begun(int64_t id, void *payload)
{
    ((teller *)payload)->id = id;
}

static int tell(uint64_t position, int64_t bytes, uint64_t records, void *payload)
{
    teller *self = payload;
    ticker_status status;

    if (records == 0)
        return 0;
    status = ticker_upload_progress(self->store, self->id, position, bytes, records, &suite.error);
    self->told += status == TICKER_OK;
    self->left += status == TICKER_DONE;
    ck_assert_msg(status == TICKER_OK || status == TICKER_DONE, "%s", ticker_error_message(&suite.error));
    if (status == TICKER_OK)
        store_suite_expect(self->store, "i", "SELECT count(*) FROM {imports} AS i WHERE progress_bytes > 0", "1;");
    return 0;
}

/* PostgreSQL takes it in all along; a SQLite file is written to by one at a time, and nobody waits. */
START_TEST(test_an_import_tells)
{
    teller self = {.store = store_suite_open(suite.url)};
    ticker_import_events events = {
        .size = sizeof(events), .progress = tell, .payload = &self, .begun = note_begun, .sequencer = NEWER};

    suite_ok(import_with(suite.store, OLD_ROWS, &events), "import");
    ck_assert_int_eq(self.id, 1);
    if (strcmp(suite.backend->name, "sqlite") == 0)
        ck_assert_uint_gt(self.left, 0);
    else
        ck_assert_uint_gt(self.told, 0);
    store_suite_expect(suite.store, "iii", SHOW_PROGRESS, "null|null|null;");
    self.id = 0;
    events.progress = NULL;
    suite_ok(import_with(suite.store, OLD_ROWS, &events), "the same again");
    ck_assert_int_eq(self.id, 0); /* its row is at its end */
    ticker_store_free(self.store);
}
END_TEST

/* --- From version 3 ---------------------------------------------------------------------------------------------------------------- */

static void migrate_together(void)
{
    pid_t children[PROCESSES];

    for (size_t i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0) {
            ticker_store *own = store_suite_open(suite.url);
            ticker_status status = ticker_store_migrate(own, &suite.error);

            ticker_store_free(own);
            _exit(status == TICKER_OK ? 0 : 1);
        }
    }
    for (size_t i = 0; i < PROCESSES; i++)
        end_process(children[i]);
}

START_TEST(test_migrates_from_3)
{
    ti_ledger_row row = suite_ledger_row("queued");
    int64_t id;
    int found = 0;

    row.location = URL;
    suite_ok(import_with(suite.store, OLD_ROWS, NULL), "import");
    suite_ok(suite.store->ops->record(suite.store, &row, &id, &suite.error), "upload");
    store_suite_go_back(suite.store, 3);
    ticker_store_free(suite.store);
    suite.store = store_suite_open(suite.url);
    suite_ok(ticker_store_version(suite.store, &found, NULL, &suite.error), "version");
    ck_assert_int_eq(found, 3);
    ticker_store_free(suite.store);
    migrate_together();
    suite.store = store_suite_open(suite.url);
    suite_ok(ticker_store_version(suite.store, &found, NULL, &suite.error), "version");
    ck_assert_int_eq(found, TI_SCHEMA_VERSION);
    ledger_is("1|imported|0|null|;2|queued|0|null|;");
    store_suite_expect(suite.store, "i", "SELECT attempts FROM {imports} AS i ORDER BY id", "1;0;");
    suite_ok(import_version(suite.store, NEW_ROWS, NEWER), "the upload");
    ledger_is("1|imported|0|null|;2|imported|0|" NEWER "|;");
}
END_TEST

void suite_add_follow(Suite *to)
{
    TCase *tests = suite_group(to, "followed");

    tcase_add_test(tests, test_in_their_order);
    tcase_add_test(tests, test_the_newer_one_first);
    tcase_add_test(tests, test_a_duplicate_is_the_newer_one);
    tcase_add_test(tests, test_versions_that_are_not_told_apart);
    tcase_add_test(tests, test_rows_of_versions);
    tcase_add_test(tests, test_a_newer_one_comes_meanwhile);
    tcase_add_test(tests, test_an_older_one_comes_meanwhile);
    tcase_add_test(tests, test_all_at_once);
    tcase_add_test(tests, test_progress);
    tcase_add_test(tests, test_an_import_tells);
    tcase_add_test(tests, test_migrates_from_3);
}
