/* The store suite on PostgreSQL, and what only PostgreSQL has: partitions, other sessions, a connection that can break.
 * TICKER_TEST_POSTGRES is the URL of a database in which schemas may be made; each test has one of its own. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tickerimport/upload.h>

#include "postgres_scene.h"
#include "store/postgres.h"
#include "unit/support.h"

static const store_backend backend = {.name = "postgresql", .set_up = set_up, .tear_down = tear_down};

/* The rules that let the schema be distributed on Citus, asked of the catalog. */
START_TEST(the_schema_can_be_distributed)
{
    static const char *const dates[] = {"2023-12-29", "2024-01-02", "1986-03-03"};
    ticker_store *store = store_suite_open_migrated(url);
    ticker_batch *batch = quotes_of(dates, 3);
    int64_t id = 0;

    ck_assert_int_eq(store_suite_import(store, &batch, 1, "a", &id), TICKER_OK);
    ck_assert_str_eq(
        outside("SELECT string_agg(inhrelid::regclass::text, ' ' ORDER BY inhrelid::regclass::text) FROM pg_inherits"
                " WHERE inhparent = 'quotes'::regclass"),
        "quotes_1986 quotes_2023 quotes_2024");
    ck_assert_str_eq(outside("SELECT count(*) FROM pg_class WHERE relkind = 'p' AND relispartition AND relnamespace ="
                             " current_schema()::regnamespace"),
                     "0");
    ck_assert_str_eq(
        outside("SELECT count(*) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = tgrelid WHERE relnamespace ="
                " current_schema()::regnamespace"),
        "0");
    ck_assert_str_eq(outside("SELECT count(*) FROM pg_constraint WHERE contype IN ('f', 'c', 'x') AND connamespace ="
                             " current_schema()::regnamespace"),
                     "0");
    ck_assert_str_eq(
        outside("SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = indrelid WHERE relnamespace ="
                " current_schema()::regnamespace AND indisunique AND relname ~ '^(quotes|trades)' AND (SELECT count(*)"
                " FROM pg_attribute AS a WHERE attrelid = indrelid AND attnum = ANY (indkey) AND attname IN ('ticker',"
                " 'trade_date')) <> 2"),
        "0");
    ck_assert_str_eq(
        outside("SELECT count(*) FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = attrelid AND d.adnum ="
                " attnum WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace ="
                " current_schema()::regnamespace AND relname ~ '^(quotes|trades)' AND relkind IN ('r', 'p'))"
                " AND (attidentity <> '' OR attgenerated <> '' OR pg_get_expr(adbin, adrelid) ~ '\\(')"),
        "0");
    ck_assert_str_eq(outside("SELECT string_agg(DISTINCT attcollation::regcollation::text, ' ') FROM pg_attribute WHERE"
                             " attname = 'ticker' AND attrelid IN ('quotes'::regclass, 'trades'::regclass)"),
                     "\"C\"");
    ck_assert_str_eq(
        outside("SELECT count(*) FROM pg_index WHERE indrelid = 'quotes_2024'::regclass AND indisunique AND indisvalid"
                " AND indnullsnotdistinct"),
        "1");
    ti_batch_free(batch);
    ticker_store_free(store);
}
END_TEST

/* Readers see the old state and wait for nothing, at any point before the commit. */
START_TEST(readers_do_not_wait)
{
    static const char *const old_dates[] = {"2023-12-29"}, *const new_dates[] = {"2023-12-28", "2024-01-02"};
    static const char count_sql[] = "SET lock_timeout = '2s'; SELECT count(*) FROM quotes";
    ti_ledger_row row = ledger_row("imported");
    ticker_store *store = store_suite_open_migrated(url);
    ticker_batch *first = quotes_of(old_dates, 1), *second = quotes_of(new_dates, 2);
    ticker_error error;
    int64_t id = 0;

    ti_error_init(&error);
    ck_assert_int_eq(store_suite_import(store, &first, 1, "a", &id), TICKER_OK);
    store_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
    store_suite_ok(store->ops->put(store, second, &error), &error, "put");
    ck_assert_str_eq(outside(count_sql), "1");
    store_suite_ok(store->ops->settle(store, &error), &error, "settle");
    ck_assert_str_eq(outside(count_sql), "1");
    store_suite_ok(store->ops->commit(store, &row, NULL, NULL, &id, &error), &error, "commit");
    ck_assert_str_eq(outside(count_sql), "3");
    ti_batch_free(first);
    ti_batch_free(second);
    ticker_store_free(store);
}
END_TEST

START_TEST(a_lost_connection_is_made_again)
{
    static const char *const dates[] = {"2024-01-02"};
    static const char kill_sql[] =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND"
        " application_name = 'ticker_lost'";
    char named[4200];
    ticker_store *store;
    ticker_batch *batch = quotes_of(dates, 1);
    ti_ledger_row row = ledger_row("imported");
    ticker_status status;
    ticker_error error;
    int64_t id = 0;

    (void)snprintf(named, sizeof(named), "%s&application_name=ticker_lost", url);
    store = store_suite_open_migrated(named);
    ti_error_init(&error);
    store_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
    store_suite_ok(store->ops->put(store, batch, &error), &error, "put");
    ck_assert_str_eq(outside(kill_sql), "1");
    status = store->ops->settle(store, &error); /* few rows wait for the commit */
    if (status == TICKER_OK)
        status = store->ops->commit(store, &row, NULL, NULL, &id, &error);
    ck_assert_int_eq(status, TICKER_RETRY);
    ck_assert_int_eq(error.kind, TICKER_ERROR_SERVICE);
    store->ops->rollback(store);
    ck_assert_int_eq(store_suite_import(store, &batch, 1, "a", &id), TICKER_OK);
    ck_assert_str_eq(outside("SELECT count(*) FROM quotes"), "1");
    ti_batch_free(batch);
    ticker_store_free(store);
}
END_TEST

/* Two workers have the same message, and load at once: one of them is told at its commit. */
START_TEST(a_ledger_row_taken_over_by_two)
{
    static const char *const dates[] = {"2024-01-02"};
    ti_ledger_row queued = ledger_row("queued"), row = ledger_row("imported");
    ticker_store *first = store_suite_open_migrated(url), *second = store_suite_open_migrated(url);
    ticker_batch *batch = quotes_of(dates, 1);
    ticker_error error;
    int64_t upload = 0, id = 0;

    ti_error_init(&error);
    store_suite_ok(first->ops->record(first, &queued, &upload, &error), &error, "queue");
    first->adopt = second->adopt = upload;
    store_suite_ok(first->ops->mark(first, upload, "running", "", &error), &error, "running");
    store_suite_ok(second->ops->mark(second, upload, "running", "", &error), &error, "running");
    store_suite_ok(first->ops->begin(first, &id, &error), &error, "begin");
    ck_assert_int_eq(id, upload);
    store_suite_ok(second->ops->begin(second, &id, &error), &error, "begin");
    ck_assert_int_eq(id, upload);
    store_suite_ok(first->ops->put(first, batch, &error), &error, "put");
    store_suite_ok(first->ops->settle(first, &error), &error, "settle");
    store_suite_ok(first->ops->commit(first, &row, NULL, NULL, &id, &error), &error, "commit");
    store_suite_ok(second->ops->put(second, batch, &error), &error, "put");
    store_suite_ok(second->ops->settle(second, &error), &error, "settle");
    ck_assert_int_eq(second->ops->commit(second, &row, NULL, NULL, &id, &error), TICKER_DONE);
    ck_assert_int_eq(id, upload);
    ck_assert_str_eq(outside("SELECT string_agg(status, ' ') FROM imports"), "imported");
    ck_assert_str_eq(outside("SELECT count(*) FROM quotes"), "1");
    ti_batch_free(batch);
    ticker_store_free(first);
    ticker_store_free(second);
}
END_TEST

/* What came while the connection was gone is unknown, so the epoch changes; and it is followed on the new one as before. */
START_TEST(an_epoch_outlives_its_connection)
{
    static const char *const dates[] = {"2024-01-02"};
    char named[4200];
    ticker_store *store, *other = store_suite_open_migrated(url);
    ticker_batch *batch = quotes_of(dates, 1);
    ticker_error error;
    int64_t before = 0, after = 0, id = 0;

    (void)snprintf(named, sizeof(named), "%s&application_name=ticker_lost", url);
    store = store_suite_open(named);
    ti_error_init(&error);
    store_suite_ok(store->ops->epoch(store, &before, &error), &error, "epoch");
    ck_assert_str_eq(outside("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE"
                             " application_name = 'ticker_lost'"),
                     "1");
    ck_assert_int_eq(store->ops->epoch(store, &after, &error), TICKER_RETRY);
    ck_assert_int_eq(error.kind, TICKER_ERROR_SERVICE);
    store_suite_ok(store->ops->epoch(store, &after, &error), &error, "epoch");
    ck_assert_int_ne(after, before);
    store_suite_ok(store->ops->epoch(store, &before, &error), &error, "epoch");
    ck_assert_int_eq(after, before);
    ck_assert_int_eq(store_suite_import(other, &batch, 1, "a", &id), TICKER_OK);
    store_suite_ok(store->ops->epoch(store, &after, &error), &error, "epoch");
    ck_assert_int_ne(after, before);
    ti_batch_free(batch);
    ticker_store_free(store);
    ticker_store_free(other);
}
END_TEST

static int lose_connection(uint64_t position, int64_t bytes, uint64_t records, void *lost)
{
    (void)position, (void)bytes;
    if (records == 0) /* a slow server: the row is still being taken over */
        return 0;
    if (!*(bool *)lost)
        ck_assert_str_eq(outside("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE"
                                 " application_name = 'ticker_lost'"),
                         "1");
    *(bool *)lost = true;
    return 0;
}

/* The server hangs up in the middle of an upload's import: the row still says that it runs, and the next try takes it over. */
START_TEST(an_upload_whose_connection_is_lost)
{
    static const char location[] = "s3://bucket/file";
    ti_ledger_row queued = ledger_row("queued");
    bool lost = false;
    const ticker_import_events events = {.size = sizeof(events), .progress = lose_connection, .payload = &lost};
    char named[4200];
    ticker_store *store;
    ticker_error error;
    ti_buffer file;
    int64_t id = 0;

    (void)snprintf(named, sizeof(named), "%s&application_name=ticker_lost", url);
    store = store_suite_open_migrated(named);
    ti_error_init(&error);
    bytes_init(&file);
    make_trades(&file, 3000, "\n");
    queued.location = location;
    store_suite_ok(store->ops->record(store, &queued, &id, &error), &error, "queue");
    ck_assert_int_eq(ticker_upload_import(store, 0, ticker_source_open_memory(file.data, file.size, location), NULL,
                                          &events, &error),
                     TICKER_RETRY);
    ck_assert_int_eq(error.kind, TICKER_ERROR_SERVICE);
    ck_assert_str_eq(outside("SELECT string_agg(status, ' ') FROM imports"), "running");
    ck_assert_str_eq(outside("SELECT count(*) FROM trades"), "0");
    ti_error_init(&error);
    store_suite_ok(
        ticker_upload_import(store, 0, ticker_source_open_memory(file.data, file.size, location), NULL, NULL, &error),
        &error, "import");
    ck_assert_str_eq(outside("SELECT string_agg(status, ' ') FROM imports"), "imported");
    ck_assert_str_eq(outside("SELECT count(*) FROM trades"), "3000");
    ti_buffer_free(&file);
    ticker_store_free(store);
}
END_TEST

static bool stop_at_second(void *payload)
{
    return ++*(int *)payload >= 2;
}

/* Another import holds the year; the caller's wish to stop is heard while this one waits for it. */
START_TEST(a_wait_for_a_lock_can_be_stopped)
{
    static const char *const dates[] = {"2024-01-02"};
    ticker_store *first = store_suite_open_migrated(url), *second = store_suite_open_migrated(url);
    ticker_batch *batch = quotes_of(dates, 1);
    ticker_error error;
    int64_t id = 0;
    int asked = 0;

    ti_error_init(&error);
    store_suite_ok(first->ops->begin(first, &id, &error), &error, "begin");
    store_suite_ok(first->ops->put(first, batch, &error), &error, "put");
    store_suite_ok(second->ops->begin(second, &id, &error), &error, "begin");
    second->interrupted = stop_at_second;
    second->interrupted_payload = &asked;
    ck_assert_int_eq(second->ops->put(second, batch, &error), TICKER_RETRY);
    ck_assert_str_eq(error.sqlstate, "57014"); /* the server was told, and gave the statement up */
    ck_assert_int_ge(asked, 2);
    second->interrupted = NULL;
    second->ops->rollback(second);
    first->ops->rollback(first);
    ck_assert_int_eq(store_suite_import(second, &batch, 1, "a", &id),
                     TICKER_OK); /* the connection is as good as before */
    ti_batch_free(batch);
    ticker_store_free(first);
    ticker_store_free(second);
}
END_TEST

START_TEST(a_table_in_the_way_is_named)
{
    static const char *const dates[] = {"2024-01-02"};
    ticker_store *store = store_suite_open_migrated(url);
    ticker_batch *batch = quotes_of(dates, 1);
    ticker_error error;
    int64_t id = 0;

    ti_error_init(&error);
    (void)outside("CREATE TABLE quotes_2024 (a integer)");
    store_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
    ck_assert_int_eq(store->ops->put(store, batch, &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_DATABASE);
    ck_assert_ptr_nonnull(strstr(error.message, "quotes_2024"));
    store->ops->rollback(store);
    ti_batch_free(batch);
    ticker_store_free(store);
}
END_TEST

/* One, as *payload is false before it. */
static bool one_instrument(void *payload, ti_instrument *instrument)
{
    bool done = *(bool *)payload;
    int64_t day = store_suite_day("2024-01-02");

    *(bool *)payload = true;
    *instrument = (ti_instrument){.ticker = ti_slice_of("PETR4"), .first_date = day, .last_date = day};
    return !done;
}

static void schema_is_missed(ticker_status status, const ticker_error *error)
{
    ck_assert_int_eq(status, TICKER_FATAL); /* no fault of any file */
    ck_assert_int_eq(error->kind, TICKER_ERROR_DATABASE);
    ck_assert_ptr_nonnull(strstr(error->hint, "migrate"));
}

/* What fails on the way is undone, and the connection is good for what comes next. */
START_TEST(tables_that_are_missing)
{
    static const char *const dates[] = {"2024-01-02"};
    static const char count_sql[] = "SELECT count(*) FROM {quotes} AS q",
                      columns_sql[] = "SELECT none FROM {quotes} AS q";
    ticker_store *store = store_suite_open(url);
    ticker_batch *batch = quotes_of(dates, 1);
    ti_cursor *cursor;
    ticker_error error;
    int64_t id = 0;

    for (int migrated = 0; migrated < 2; migrated++) {
        ti_error_init(&error);
        schema_is_missed(store->ops->begin(store, &id, &error), &error);
        ck_assert(store->ops->usable(store));
        ti_error_init(&error);
        schema_is_missed(store->ops->query(store, migrated ? columns_sql : count_sql, NULL, 0, &cursor, &error),
                         &error);
        ck_assert(store->ops->usable(store));
        ti_error_init(&error);
        store_suite_ok(ticker_store_migrate(store, &error), &error, "migrate");
        if (!migrated)
            (void)outside("ALTER TABLE imports RENAME TO elsewhere");
    }
    (void)outside("ALTER TABLE elsewhere RENAME TO imports; ALTER TABLE instruments RENAME TO elsewhere");
    /* In the middle of an import. */
    store_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
    store_suite_ok(store->ops->put(store, batch, &error), &error, "put");
    store_suite_ok(store->ops->settle(store, &error), &error, "settle");
    {
        ti_ledger_row row = ledger_row("imported");
        bool told = false;

        schema_is_missed(store->ops->commit(store, &row, one_instrument, &told, &id, &error), &error);
    }
    store->ops->rollback(store);
    ck_assert(store->ops->usable(store));
    ck_assert_str_eq(outside("SELECT count(*) FROM quotes"), "0");
    (void)outside("ALTER TABLE elsewhere RENAME TO instruments");
    ck_assert_int_eq(store_suite_import(store, &batch, 1, "a", &id), TICKER_OK);
    ck_assert_str_eq(outside("SELECT count(*) FROM quotes"), "1");
    ti_batch_free(batch);
    ticker_store_free(store);
}
END_TEST

static void refused(const char *bad, ticker_status status, ticker_error_kind kind)
{
    ticker_options *options = ticker_options_new();
    ticker_store *store = NULL;
    ticker_error error;
    char text[1024];

    ti_error_init(&error);
    ck_assert_int_eq(ticker_options_set(options, "database-url", bad, &error), TICKER_OK);
    ck_assert_msg(ticker_store_open(options, &store, &error) == status, "%s: %s", bad, error.message);
    ck_assert_int_eq(error.kind, kind);
    (void)ticker_error_format(&error, text, sizeof(text));
    ck_assert_msg(strstr(text, "s3cret") == NULL && strstr(text, "s3c") == NULL, "%s", text);
    ticker_options_free(options);
}

START_TEST(urls_that_lead_nowhere)
{
    char missing[4200];

    refused("postgres://ann:s3cret@127.0.0.1:1/quotes", TICKER_RETRY, TICKER_ERROR_SERVICE);
    refused("postgres://ann:s3cret@127.0.0.1:none/quotes", TICKER_FATAL, TICKER_ERROR_USAGE);
    refused("postgres://ann:s3c@ret@127.0.0.1/quotes", TICKER_FATAL, TICKER_ERROR_USAGE);
    refused("postgres://ann:s3c/ret@127.0.0.1/quotes", TICKER_FATAL, TICKER_ERROR_USAGE);
    refused("postgres://ann:s3cret@127.0.0.1/quotes?no_such=s3cret", TICKER_FATAL, TICKER_ERROR_USAGE);
    refused("postgres://ann:s3cret%zz@127.0.0.1/quotes", TICKER_FATAL, TICKER_ERROR_USAGE);
    (void)snprintf(missing, sizeof(missing), "%s&dbname=ticker_no_such_database", url);
    refused(missing, TICKER_FATAL, TICKER_ERROR_USAGE);
}
END_TEST

/* A port that takes connections and never says a word. */
START_TEST(a_server_that_does_not_answer)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    char silent[128];

    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(silent, sizeof(silent), "postgres://ann:s3cret@127.0.0.1:%u/quotes?connect_timeout=1",
                   (unsigned)ntohs(address.sin_port));
    refused(silent, TICKER_RETRY, TICKER_ERROR_SERVICE);
    ck_assert_int_eq(close(listener), 0);
}
END_TEST

/* How often PETR4 is quoted, asked `times` times; and in how many statements the session keeps that prepared. */
static void count_petr4(ticker_store *store, int times, const char *kept)
{
    char *answer;

    for (int i = 0; i < times; i++) {
        answer = store_suite_ask(store, "i", "SELECT COUNT(*) FROM {quotes} AS q WHERE ticker = $1", "PETR4",
                                 (const char *)NULL);
        ck_assert_str_eq(answer, "2;");
        free(answer);
    }
    answer = store_suite_ask(store, "i", "SELECT COUNT(*) FROM pg_prepared_statements WHERE statement LIKE $1",
                             "%q WHERE ticker%", (const char *)NULL);
    ck_assert_str_eq(answer, kept);
    free(answer);
}

/* A question that comes again is prepared; when a pooler or DISCARD takes that away, it is answered all the same. */
START_TEST(questions_are_prepared)
{
    static const char *const dates[] = {"2023-12-29", "2024-01-02"};
    ticker_store *store = store_suite_open_migrated(url);
    ticker_batch *batch = quotes_of(dates, 2);
    int64_t id = 0;

    ck_assert_int_eq(store_suite_import(store, &batch, 1, "a", &id), TICKER_OK);
    count_petr4(store, 1, "0;");
    count_petr4(store, 3, "1;");
    (void)outside("ALTER TABLE quotes ADD COLUMN other integer"); /* the answer's own columns stay */
    count_petr4(store, 1, "1;");
    store_suite_run_sql(store, "DEALLOCATE ALL");
    count_petr4(store, 3, "0;"); /* and it is not tried again */
    ti_batch_free(batch);
    ticker_store_free(store);
}
END_TEST

START_TEST(no_citus_is_said)
{
    ticker_store *store = store_suite_open(url);
    ticker_error error;
    int found = 0;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_store_distribute(store, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(error.message, "no Citus"));
    ck_assert_ptr_nonnull(strstr(error.hint, "CREATE EXTENSION citus"));
    ti_error_init(&error);
    store_suite_ok(ticker_store_version(store, &found, NULL, &error), &error, "version");
    ck_assert_int_eq(found, TI_SCHEMA_VERSION);
    ticker_store_free(store);
}
END_TEST

static TCase *alone(void)
{
    TCase *cases = tcase_create("postgresql alone");

    tcase_add_checked_fixture(cases, own_set_up, tear_down);
    tcase_set_timeout(cases, TEST_SECONDS);
    tcase_add_test(cases, the_schema_can_be_distributed);
    tcase_add_test(cases, readers_do_not_wait);
    tcase_add_test(cases, a_lost_connection_is_made_again);
    tcase_add_test(cases, a_ledger_row_taken_over_by_two);
    tcase_add_test(cases, an_upload_whose_connection_is_lost);
    tcase_add_test(cases, an_epoch_outlives_its_connection);
    tcase_add_test(cases, a_wait_for_a_lock_can_be_stopped);
    tcase_add_test(cases, a_table_in_the_way_is_named);
    tcase_add_test(cases, tables_that_are_missing);
    tcase_add_test(cases, questions_are_prepared);
    tcase_add_test(cases, urls_that_lead_nowhere);
    tcase_add_test(cases, a_server_that_does_not_answer);
    if (getenv("TICKER_TEST_DISTRIBUTE") == NULL)
        tcase_add_test(cases, no_citus_is_said);
    return cases;
}

/* Every file is too large to go as parameters: its rows are copied, as they come. */
static void copy_rows(ticker_store *store)
{
    ti_pg_store(store)->few_bytes = 0;
}

/* Every file is large: the rows of a new year go over three connections, one by one, those of a new day through the sort. */
static void share_and_sort(ticker_store *store)
{
    ti_postgres *postgres = ti_pg_store(store);

    postgres->few_bytes = postgres->large_bytes = 0;
    postgres->send_bytes = 1;
    store->connections = 3;
    store->folder = "/tmp";
}

int main(void)
{
    store_backend copying = backend, sharing = backend;
    const char *server = getenv("TICKER_TEST_POSTGRES"), *ci = getenv("CI");

    if (server == NULL || server[0] == '\0') {
        bool must = ci != NULL && strcmp(ci, "true") == 0;
        (void)fprintf(stderr, "TICKER_TEST_POSTGRES is not set: the PostgreSQL store is not tested\n");
        return must ? EXIT_FAILURE : SKIPPED;
    }
    copying.opened = copy_rows;
    sharing.opened = share_and_sort;
    return store_suite_run(&backend, alone()) | store_suite_run(&copying, NULL) | store_suite_run(&sharing, NULL);
}
