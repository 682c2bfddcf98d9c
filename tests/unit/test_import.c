/* An import on a store that writes down every call: their order, what a failure at each of them undoes, duplicates, members that are
 * refused, cancelling, dry runs; and inspecting, which reads on whatever is wrong. */
#include <stdio.h>
#include <stdlib.h>

#include "fake_store.h"

#define REPORTS_MAX 16

/* What the callbacks were told. */
typedef struct heard {
    char reports[REPORTS_MAX][1600]; /* "status member records/rejected error" */
    ticker_report last;
    unsigned count, progress, cancel_at; /* cancel_at: the progress call that cancels; 0: none */
    uint64_t position, records;
    int64_t bytes;
} heard;

static fake_store fake;
static heard events;
static ticker_error error;

static int on_progress(uint64_t position, int64_t bytes, uint64_t records, void *payload)
{
    heard *self = payload;

    ck_assert_uint_ge(position, self->position);
    self->position = position;
    self->bytes = bytes;
    self->records = records;
    return ++self->progress == self->cancel_at;
}

static void on_report(const ticker_report *report, void *payload)
{
    heard *self = payload;

    ck_assert_uint_lt(self->count, REPORTS_MAX);
    (void)snprintf(self->reports[self->count++], sizeof(self->reports[0]), "%s %s %lld/%lld %s",
                   ticker_report_text(report, TICKER_REPORT_STATUS), ticker_report_text(report, TICKER_REPORT_MEMBER),
                   (long long)ticker_report_integer(report, TICKER_REPORT_RECORDS),
                   (long long)ticker_report_integer(report, TICKER_REPORT_REJECTED),
                   ticker_report_text(report, TICKER_REPORT_ERROR));
    self->last = *report;
}

static void begin(void)
{
    fake_store_init(&fake);
    memset(&events, 0, sizeof(events));
    ti_error_init(&error);
}

static const ticker_import_events hear = {sizeof(hear), on_progress, on_report, &events};

static ticker_status import(ticker_source *source, const char *option)
{
    ticker_options *options = make_options(option, NULL);
    unsigned cancel_at = events.cancel_at;
    ticker_status status;

    memset(&events, 0, sizeof(events));
    events.cancel_at = cancel_at;
    ticker_error_clear(&error);
    status = ticker_import_source(&fake.store, source, options, &hear, &error);
    ticker_options_free(options);
    ck_assert(!fake.open);
    ck_assert_ptr_null(fake.store.sha256);
    return status;
}

static ticker_status import_bytes(const ti_buffer *bytes, const char *option)
{
    return import(ticker_source_open_memory(bytes->data, bytes->size, "memory"), option);
}

static ticker_status import_file(const char *path)
{
    ticker_source *source = NULL;

    ck_assert_int_eq(ticker_source_open_file(path, &source, NULL), TICKER_OK);
    return import(source, "force=no");
}

static void reported(unsigned index, const char *text)
{
    ck_assert_uint_lt(index, events.count);
    ck_assert_msg(strncmp(events.reports[index], text, strlen(text)) == 0, "%s", events.reports[index]);
}

static ti_buffer quotes_file(size_t records)
{
    ti_buffer file;

    bytes_init(&file);
    make_cotahist(&file, records, "\r\n");
    return file;
}

static ti_buffer trades_file(size_t rows)
{
    ti_buffer file;

    bytes_init(&file);
    make_trades(&file, rows, "\n");
    return file;
}

/* --- The order of calls --------------------------------------------------------------------------------------------------------- */

START_TEST(importing_quotes)
{
    ti_buffer file = quotes_file(1500);
    char *path = make_file(file.data, file.size);
    const ticker_report *report = &events.last;

    begin();
    ck_assert_int_eq(import_file(path), TICKER_OK);
    ck_assert_str_eq(fake_calls(&fake), "version find_import begin put(1024) put(476) settle commit");
    ck_assert_uint_eq(events.count, 1);
    reported(0, "imported  1500/0 ");
    ck_assert_str_eq(report->error, "");
    ck_assert_str_eq(report->format, "cotahist");
    ck_assert_str_eq(report->file, path);
    ck_assert_int_eq(report->imported, 1500);
    ck_assert_int_eq(report->import_id, 1);
    ck_assert_int_eq(report->bytes, (int64_t)file.size);
    ck_assert_int_eq(report->declared, 1502);
    ck_assert_int_eq(report->complete, 1);
    ck_assert_uint_eq(strlen(report->sha256), 64);
    ck_assert_str_eq(report->first_text, "2016-01-01");
    ck_assert_str_eq(report->last_text, "2016-01-03");
    ck_assert_int_eq(error.kind, TICKER_ERROR_NONE);
    /* The ledger says the same. */
    ck_assert_str_eq(fake.imports[0].status, "imported");
    ck_assert_str_eq(fake.imports[0].sha256, report->sha256);
    ck_assert_str_eq(fake.imports[0].format, "cotahist");
    ck_assert_str_eq(fake.imports[0].turnover, report->turnover_text);
    ck_assert_int_eq(fake.imports[0].records, 1500);
    ck_assert_int_eq(fake.imports[0].imported, 1500);
    ck_assert_int_eq(fake.imports[0].declared, 1502);
    ck_assert_int_eq(fake.imports[0].first_date, 16801);
    ck_assert_int_eq(fake.imports[0].last_date, 16803);
    ck_assert(!fake.imports[0].forced);
    ck_assert_uint_eq(fake.instrument_count, 500);
    ck_assert_str_eq(fake.instruments[0], "T0 PETROBRAS 2016-01-01 2016-01-03");
    /* Progress: each batch, and the end. */
    ck_assert_uint_eq(events.progress, 3);
    ck_assert_uint_eq(events.records, 1500);
    ck_assert_uint_eq(events.position, file.size);
    ck_assert_int_eq(events.bytes, (int64_t)file.size);
    drop_file(path);
    ti_buffer_free(&file);
    fake_store_free(&fake);
}
END_TEST

START_TEST(importing_trades)
{
    ti_buffer file = trades_file(1100);

    begin();
    ck_assert_int_eq(import_bytes(&file, "force=no"), TICKER_OK);
    ck_assert_str_eq(fake_calls(&fake), "version begin put(1024) put(76) settle scan scan put_day_quotes(97) commit");
    reported(0, "imported  1100/0 ");
    ck_assert_int_eq(events.last.trades, 1000);
    ck_assert_int_eq(events.bytes, (int64_t)file.size); /* known at the end */
    ck_assert_uint_gt(fake.now.quote_count, 90);
    ti_buffer_free(&file);
    fake_store_free(&fake);
}
END_TEST

START_TEST(the_schema_is_brought_up)
{
    ti_buffer file = quotes_file(1);

    begin();
    fake.version = 0;
    ck_assert_int_eq(import_bytes(&file, "force=no"), TICKER_OK);
    ck_assert_str_eq(fake_calls(&fake), "version migrate begin put(1) settle commit");
    ti_buffer_free(&file);
    fake_store_free(&fake);
}
END_TEST

START_TEST(rejected_rows_are_a_warning)
{
    ti_buffer file = quotes_file(3);

    begin();
    file.data[247 + 60] = 'x';
    ck_assert_int_eq(import_bytes(&file, "force=no"), TICKER_WARN);
    reported(0, "imported  2/1 ");
    ck_assert_int_eq(fake.imports[0].rejected, 1);
    ck_assert_int_eq(import_bytes(&file, "on-error=reject"), TICKER_FAILED);
    reported(0, "failed  ");
    ck_assert_uint_eq(error.line, 2);
    ti_buffer_free(&file);
    fake_store_free(&fake);
}
END_TEST

START_TEST(forced)
{
    ti_buffer file = quotes_file(3);

    begin();
    file.size -= 300; /* into the last record */
    ck_assert_int_eq(import_bytes(&file, "force=no"), TICKER_FAILED);
    ck_assert_str_eq(fake_calls(&fake), "version begin rollback record_failure");
    reported(0, "failed  2/1 memory:4: ");
    ck_assert_int_eq(events.last.complete, 0);
    ck_assert_int_eq(events.last.imported, 0);
    ck_assert_int_eq(events.last.import_id, 1);
    ck_assert_str_eq(fake.imports[0].status, "failed");
    ck_assert_int_eq(fake.imports[0].imported, 0);
    ck_assert_str_eq(fake.imports[0].error, events.last.error);
    ck_assert_int_eq(error.kind, TICKER_ERROR_INPUT);
    ck_assert_int_eq(import_bytes(&file, "force=yes"), TICKER_WARN);
    reported(0, "imported  2/1 ");
    ck_assert_int_eq(events.last.complete, 0);
    ck_assert(fake.imports[1].forced);
    ti_buffer_free(&file);
    fake_store_free(&fake);
}
END_TEST

/* --- Failures ------------------------------------------------------------------------------------------------------------------- */

/* Fails at a call with a status; what follows must be undone, and not tried again. */
static void fails(const ti_buffer *file, const char *at, unsigned after, ticker_status with, const char *calls)
{
    begin();
    fake.fail_at = at;
    fake.fail_after = after;
    fake.fail_with = with;
    if (strcmp(at, "migrate") == 0)
        fake.version = 0;
    ck_assert_int_eq(import_bytes(file, "force=no"), with);
    ck_assert_str_eq(fake_calls(&fake), calls);
    ck_assert_str_eq(error.message, "the store failed");
    ck_assert_int_eq(error.status, with);
    ck_assert_uint_eq(fake.now.trade_count, 0);
    ck_assert_uint_eq(fake.now.quote_count, 0);
    ck_assert_uint_eq(events.count, with == TICKER_FAILED ? 1 : 0);
    fake_store_free(&fake);
}

START_TEST(a_failure_at_each_call)
{
    ti_buffer file = trades_file(1100);
    static const ticker_status statuses[] = {TICKER_RETRY, TICKER_FATAL};

    for (size_t i = 0; i < COUNT(statuses); i++) {
        fails(&file, "version", 0, statuses[i], "version");
        fails(&file, "migrate", 0, statuses[i], "version migrate");
        fails(&file, "begin", 0, statuses[i], "version begin rollback");
        fails(&file, "put(", 0, statuses[i], "version begin put(1024) rollback");
        fails(&file, "put(", 1, statuses[i], "version begin put(1024) put(76) rollback");
        fails(&file, "settle", 0, statuses[i], "version begin put(1024) put(76) settle rollback");
        fails(&file, "scan", 0, statuses[i], "version begin put(1024) put(76) settle scan rollback");
        fails(&file, "scan", 1, statuses[i], "version begin put(1024) put(76) settle scan scan rollback");
        fails(&file, "put_day", 0, statuses[i],
              "version begin put(1024) put(76) settle scan scan put_day_quotes(97) rollback");
        fails(&file, "commit", 0, statuses[i],
              "version begin put(1024) put(76) settle scan scan put_day_quotes(97) commit rollback");
    }
    /* A store that refuses the rows for good: that is the file's fault, and the ledger says so. */
    fails(&file, "settle", 0, TICKER_FAILED, "version begin put(1024) put(76) settle rollback record_failure");
    ti_buffer_free(&file);
}
END_TEST

START_TEST(a_failure_where_it_is_looked_up)
{
    ti_buffer file = quotes_file(1);
    char *path = make_file(file.data, file.size);

    begin();
    fake.fail_at = "find_import";
    fake.fail_with = TICKER_RETRY;
    ck_assert_int_eq(import_file(path), TICKER_RETRY);
    ck_assert_str_eq(fake_calls(&fake), "version find_import");
    fake.fail_at = "record_failure";
    file.size -= 300;
    ck_assert_int_eq(import_bytes(&file, "force=no"), TICKER_RETRY);
    ck_assert_str_eq(fake_calls(&fake), "version begin rollback record_failure");
    ck_assert_uint_eq(events.count, 0);
    drop_file(path);
    ti_buffer_free(&file);
    fake_store_free(&fake);
}
END_TEST

START_TEST(a_source_that_fails)
{
    ti_buffer file = quotes_file(3000);

    for (size_t at = 0; at < file.size; at += 100000) {
        pieces from = {.data = file.data, .size = file.size, .fail_at = at, .fail_with = TICKER_RETRY};

        begin();
        ck_assert_int_eq(import(pieces_source(&from), "force=no"), TICKER_RETRY);
        ck_assert_str_eq(error.message, "the line is dead");
        ck_assert_uint_eq(from.closes, 1);
        ck_assert_uint_eq(events.count, 0);
        ck_assert_uint_eq(fake.now.import_count, 0);
        fake_store_free(&fake);
    }
    ti_buffer_free(&file);
}
END_TEST

static int append_on_progress(uint64_t position, int64_t bytes, uint64_t records, void *payload)
{
    const char *path = payload;
    FILE *file = fopen(path, "a");

    (void)position;
    (void)bytes;
    (void)records;
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs("\r\n", file), 0);
    ck_assert_int_eq(fclose(file), 0);
    return 0;
}

START_TEST(a_file_that_changes_while_it_is_read)
{
    ti_buffer file = quotes_file(20000);
    char *path = make_file(file.data, file.size);
    ticker_import_events touching = {sizeof(touching), append_on_progress, NULL, path};
    ticker_source *source = NULL;

    begin();
    ck_assert_int_eq(ticker_source_open_file(path, &source, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_import_source(&fake.store, source, NULL, &touching, &error), TICKER_RETRY);
    ck_assert_ptr_nonnull(strstr(error.message, "changed while it was read"));
    ck_assert_uint_eq(fake.now.import_count, 0);
    ck_assert(!fake.open);
    drop_file(path);
    ti_buffer_free(&file);
    fake_store_free(&fake);
}
END_TEST

/* --- Duplicates ----------------------------------------------------------------------------------------------------------------- */

START_TEST(a_duplicate_is_known_before)
{
    ti_buffer file = quotes_file(1500);
    char *path = make_file(file.data, file.size);

    begin();
    ck_assert_int_eq(import_file(path), TICKER_OK);
    (void)fake_calls(&fake);
    ck_assert_int_eq(import_file(path), TICKER_OK);
    ck_assert_str_eq(fake_calls(&fake), "version find_import query");
    reported(0, "duplicate  1500/7 ");
    ck_assert_int_eq(events.last.import_id, 1);
    ck_assert_int_eq(events.last.imported, 0);
    ck_assert_int_eq(events.last.complete, 1);
    ck_assert_str_eq(events.last.format, "cotahist");
    ck_assert_uint_eq(fake.now.import_count, 1);
    /* A query that fails. */
    fake.fail_at = "query";
    fake.fail_with = TICKER_RETRY;
    ck_assert_int_eq(import_file(path), TICKER_RETRY);
    ck_assert_uint_eq(events.count, 0);
    drop_file(path);
    ti_buffer_free(&file);
    fake_store_free(&fake);
}
END_TEST

/* A pipe cannot be hashed before it is read: the commit sees it. */
START_TEST(a_duplicate_is_seen_at_the_commit)
{
    ti_buffer file = quotes_file(10);

    begin();
    fake.somebody_was_first = true;
    ck_assert_int_eq(import_bytes(&file, "force=no"), TICKER_OK);
    ck_assert_str_eq(fake_calls(&fake), "version begin put(10) settle commit query");
    reported(0, "duplicate  10/0 ");
    ck_assert_int_eq(events.last.import_id, 4711);
    ck_assert_uint_eq(fake.now.import_count, 0);
    ti_buffer_free(&file);
    fake_store_free(&fake);
}
END_TEST

/* Two at once: the second one waits in the store, and need not load what the first one has brought. */
START_TEST(a_duplicate_is_seen_while_loading)
{
    static const char *const at[] = {"begin", "put("};
    static const char *const calls[] = {"version find_import begin rollback find_import query",
                                        "version find_import begin put(1024) rollback find_import query"};
    ti_buffer file = quotes_file(1500);
    char *path = make_file(file.data, file.size);

    for (size_t i = 0; i < COUNT(at); i++) {
        begin();
        fake.fail_at = at[i];
        fake.fail_with = TICKER_DONE;
        fake.rival_bytes = (int64_t)file.size;
        ck_assert_int_eq(import_file(path), TICKER_OK);
        ck_assert_str_eq(fake_calls(&fake), calls[i]);
        reported(0, "duplicate  12/7 ");
        ck_assert_int_eq(events.last.import_id, 1);
        ck_assert_uint_eq(fake.now.import_count, 1);
        fake_store_free(&fake);
        begin(); /* and then it is not there: that is for a second try */
        fake.fail_at = at[i];
        fake.fail_with = TICKER_DONE;
        fake.rival_bytes = 1;
        ck_assert_int_eq(import_file(path), TICKER_RETRY);
        ck_assert_int_eq(error.kind, TICKER_ERROR_DATABASE);
        ck_assert_uint_eq(events.count, 0);
        fake_store_free(&fake);
    }
    drop_file(path);
    ti_buffer_free(&file);
}
END_TEST

/* --- Members -------------------------------------------------------------------------------------------------------------------- */

static ti_buffer archive(bool bad_crc)
{
    ti_buffer quotes = quotes_file(20), trades = trades_file(20), zip;
    const zip_member members[] = {
        {.name = "q", .data = quotes.data, .size = quotes.size},
        {.name = "page.htm", .data = "<html>", .size = 6},
        {.name = "cut", .data = quotes.data, .size = quotes.size - 500},
        {.name = "t", .data = trades.data, .size = trades.size, .bad_crc = bad_crc},
        {.name = "last", .data = quotes.data, .size = quotes.size},
    };

    bytes_init(&zip);
    make_zip(&zip, members, COUNT(members));
    ti_buffer_free(&quotes);
    ti_buffer_free(&trades);
    return zip;
}

START_TEST(members_are_imported_one_by_one)
{
    ti_buffer zip = archive(false);
    char *path = make_file(zip.data, zip.size);

    begin();
    ck_assert_int_eq(import_file(path), TICKER_FAILED);
    ck_assert_str_eq(fake_calls(&fake), "version find_import begin put(20) settle commit record_failure "
                                        "find_import begin rollback record_failure "
                                        "find_import begin put(20) settle scan scan put_day_quotes(19) commit "
                                        "find_import begin put(20) settle commit");
    ck_assert_uint_eq(events.count, 5);
    reported(0, "imported q 20/0 ");
    reported(1, "failed page.htm 0/0 ");
    ck_assert_ptr_nonnull(strstr(events.reports[1], "web page"));
    reported(2, "failed cut 18/1 ");
    reported(3, "imported t 20/0 ");
    reported(4, "imported last 20/0 ");
    ck_assert_uint_eq(fake.now.import_count, 5);
    for (size_t i = 0; i < 5; i++) { /* all of one archive, told apart by their names */
        ck_assert_str_eq(fake.imports[i].sha256, fake.imports[0].sha256);
        ck_assert_int_eq(fake.imports[i].bytes, (int64_t)zip.size);
    }
    ck_assert_str_eq(fake.imports[1].member, "page.htm");
    ck_assert_str_eq(fake.imports[1].format, "");
    ck_assert_str_eq(fake.imports[2].status, "failed");
    ck_assert_ptr_nonnull(strstr(error.message, "web page")); /* the first failure */
    /* Again: what is there stays, what failed fails again. */
    ck_assert_int_eq(import_file(path), TICKER_FAILED);
    reported(0, "duplicate q ");
    reported(1, "failed page.htm ");
    reported(4, "duplicate last ");
    drop_file(path);
    ti_buffer_free(&zip);
    fake_store_free(&fake);
}
END_TEST

/* Through a pipe: the archive's hash is needed at the first commit, so its rest is kept aside meanwhile. */
START_TEST(members_of_a_pipe)
{
    ti_buffer zip = archive(false);
    char expected[TI_SHA256_TEXT_MAX];
    ti_sha256 *hash = ti_sha256_new();

    ck_assert_ptr_nonnull(hash);
    ck_assert(ti_sha256_update(hash, zip.data, zip.size) && ti_sha256_finish(hash, expected));
    ti_sha256_free(hash);
    for (size_t piece = 1; piece < 3000; piece = piece * 3 + 1) {
        pieces from = {.data = zip.data, .size = zip.size, .piece = piece};

        begin();
        ck_assert_int_eq(import(pieces_source(&from), "force=no"), TICKER_FAILED);
        ck_assert_uint_eq(events.count, 5);
        reported(0, "imported q 20/0 ");
        reported(2, "failed cut 18/1 ");
        reported(3, "imported t 20/0 ");
        reported(4, "imported last 20/0 ");
        for (size_t i = 0; i < 5; i++) {
            ck_assert_str_eq(fake.imports[i].sha256, expected);
            ck_assert_int_eq(fake.imports[i].bytes, (int64_t)zip.size);
        }
        fake_store_free(&fake);
    }
    ti_buffer_free(&zip);
}
END_TEST

START_TEST(a_damaged_archive)
{
    ti_buffer zip = archive(true);
    char *path = make_file(zip.data, zip.size);

    begin();
    ck_assert_int_eq(import_file(path), TICKER_FAILED);
    ck_assert_uint_eq(events.count, 4); /* nothing can be read behind the damage */
    reported(0, "imported q 20/0 ");
    reported(3, "failed t ");
    ck_assert_uint_eq(fake.now.trade_count, 0);
    drop_file(path);
    ti_buffer_free(&zip);
    fake_store_free(&fake);
}
END_TEST

START_TEST(an_archive_without_data)
{
    const zip_member folder = {.name = "folder/"};
    ti_buffer zip;

    bytes_init(&zip);
    begin();
    make_zip(&zip, &folder, 1);
    ck_assert_int_eq(import_bytes(&zip, "force=no"), TICKER_FAILED);
    ck_assert_uint_eq(events.count, 1);
    reported(0, "failed  0/0 memory: the archive holds no data file");
    ck_assert_uint_eq(fake.now.import_count, 1);
    ck_assert_int_eq(ticker_inspect_source(ticker_source_open_memory(zip.data, zip.size, "m"), NULL, &hear, NULL),
                     TICKER_FAILED);
    ti_buffer_free(&zip);
    fake_store_free(&fake);
}
END_TEST

START_TEST(no_b3_file)
{
    static const char *const texts[] = {"", "<html>", "hello"};

    for (size_t i = 0; i < COUNT(texts); i++) {
        begin();
        ck_assert_int_eq(import(ticker_source_open_memory(texts[i], strlen(texts[i]), "x"), "force=yes"),
                         TICKER_FAILED);
        ck_assert_str_eq(fake_calls(&fake), "version record_failure");
        reported(0, "failed  0/0 x: ");
        ck_assert_int_eq(events.last.complete, 0);
        fake_store_free(&fake);
    }
}
END_TEST

/* --- Cancelling, dry runs, usage ------------------------------------------------------------------------------------------------ */

START_TEST(cancelled)
{
    ti_buffer quotes = quotes_file(3000), zip;
    zip_member members[2] = {{.name = "a", .data = quotes.data, .size = quotes.size},
                             {.name = "b", .data = quotes.data, .size = quotes.size}};

    bytes_init(&zip);
    make_zip(&zip, members, 2);
    for (unsigned at = 1; at <= 8; at++) { /* three batches and an end each */
        begin();
        events.cancel_at = at;
        ck_assert_int_eq(import_bytes(&zip, "force=no"), TICKER_RETRY);
        ck_assert_int_eq(error.kind, TICKER_ERROR_CANCELLED);
        ck_assert_uint_eq(events.progress, at);
        ck_assert_uint_eq(events.count, at <= 4 ? 0 : 1); /* the first member is in, and stays */
        ck_assert_uint_eq(fake.now.import_count, at <= 4 ? 0 : 1);
        fake_store_free(&fake);
    }
    ti_buffer_free(&quotes);
    ti_buffer_free(&zip);
}
END_TEST

START_TEST(dry_runs)
{
    ti_buffer zip = archive(false), quotes = quotes_file(10);
    ticker_options *dry = make_options("dry-run=yes", NULL);

    begin();
    ck_assert_int_eq(import_bytes(&zip, "dry-run=yes"), TICKER_FAILED);
    ck_assert_str_eq(fake_calls(&fake), "");
    ck_assert_uint_eq(events.count, 5);
    reported(0, "checked q 20/0 ");
    reported(1, "failed page.htm ");
    reported(2, "failed cut 18/1 ");
    reported(3, "checked t 20/0 ");
    ck_assert_int_eq(events.last.import_id, TICKER_NULL);
    ck_assert_int_eq(events.last.imported, 0);
    ck_assert_uint_eq(strlen(events.last.sha256), 64);
    ck_assert_int_eq(
        ticker_import_source(NULL, ticker_source_open_memory(quotes.data, quotes.size, "q"), dry, NULL, NULL),
        TICKER_OK);
    ticker_options_free(dry);
    ti_buffer_free(&zip);
    ti_buffer_free(&quotes);
    fake_store_free(&fake);
}
END_TEST

START_TEST(usage)
{
    ti_buffer quotes = quotes_file(3);
    pieces from = {.data = quotes.data, .size = quotes.size};
    ticker_import_events older = {offsetof(ticker_import_events, report), on_progress, on_report, &events};
    ticker_source *source;

    begin();
    ck_assert_int_eq(ticker_import_source(NULL, pieces_source(&from), NULL, NULL, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ck_assert_uint_eq(from.closes, 1); /* taken over, whatever happens */
    ck_assert_int_eq(ticker_import_source(&fake.store, NULL, NULL, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_inspect_source(NULL, NULL, NULL, NULL), TICKER_FATAL);
    source = ticker_source_open_memory(quotes.data, quotes.size, "q");
    older.progress = NULL; /* as an older caller's table: what it does not have counts as NULL */
    ck_assert_int_eq(ticker_import_source(&fake.store, source, NULL, &older, NULL), TICKER_OK);
    ck_assert_uint_eq(events.count, 0);
    ti_buffer_free(&quotes);
    fake_store_free(&fake);
}
END_TEST

/* --- Inspecting ----------------------------------------------------------------------------------------------------------------- */

static ticker_status inspect(const ti_buffer *bytes, const char *option)
{
    ticker_options *options = make_options(option, NULL);
    ticker_status status;

    memset(&events, 0, sizeof(events));
    ticker_error_clear(&error);
    status = ticker_inspect_source(ticker_source_open_memory(bytes->data, bytes->size, "memory"), options, &hear,
                                   &error);
    ticker_options_free(options);
    return status;
}

START_TEST(inspecting)
{
    ti_buffer zip = archive(false), quotes = quotes_file(10);
    int64_t records;

    begin();
    ck_assert_int_eq(inspect(&quotes, "force=no"), TICKER_OK);
    reported(0, "checked  10/0 ");
    ck_assert_int_eq(events.last.complete, 1);
    ck_assert_int_eq(events.last.tickers, 10);
    ck_assert_int_eq(events.last.trades, 354800);
    ck_assert_int_eq(events.last.volume, 601272000);
    ck_assert_str_eq(events.last.turnover_text, "4112345678.90");
    ck_assert_uint_eq(ticker_report_market_count(&events.last), 2);
    ck_assert_str_eq(ticker_report_market(&events.last, 1, &records), "030");
    ck_assert_int_eq(records, 1);
    ck_assert_int_eq(inspect(&zip, "force=no"), TICKER_FAILED);
    ck_assert_uint_eq(events.count, 5);
    reported(0, "checked q 20/0 ");
    reported(1, "failed page.htm 0/0 ");
    reported(2, "failed cut 18/1 ");
    reported(4, "checked last 20/0 ");
    ti_buffer_free(&zip);
    ti_buffer_free(&quotes);
    fake_store_free(&fake);
}
END_TEST

/* Whatever is wrong with a file, all of it is read and counted; the verdict is an import's. */
START_TEST(inspecting_what_is_wrong)
{
    ti_buffer file = quotes_file(3);

    begin();
    add_bytes(&file, file.data + 247, 2 * 247); /* records behind the trailer */
    ck_assert_int_eq(inspect(&file, "force=no"), TICKER_FAILED);
    reported(0, "failed  5/0 memory:6: there are records behind the trailer");
    ck_assert_int_eq(events.last.complete, 0);
    ck_assert_int_eq(events.last.declared, 5);
    ck_assert_int_eq(error.kind, TICKER_ERROR_INPUT);
    ck_assert_int_eq(inspect(&file, "force=yes"), TICKER_OK);
    reported(0, "checked  5/0 ");
    ck_assert_int_eq(events.last.complete, 0);
    ti_buffer_free(&file);
    file = quotes_file(3);
    file.data[247 + 60] = 'x';
    file.data[2 * 247 + 60] = 'x';
    ck_assert_int_eq(inspect(&file, "on-error=skip"), TICKER_WARN);
    reported(0, "checked  1/2 ");
    ck_assert_int_eq(inspect(&file, "on-error=reject"), TICKER_FAILED);
    reported(0, "failed  1/2 ");
    ck_assert_uint_eq(ticker_report_problem_count(&events.last), 2);
    ti_buffer_free(&file);
    fake_store_free(&fake);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        importing_quotes,
        importing_trades,
        the_schema_is_brought_up,
        rejected_rows_are_a_warning,
        forced,
        a_failure_at_each_call,
        a_failure_where_it_is_looked_up,
        a_source_that_fails,
        a_file_that_changes_while_it_is_read,
        a_duplicate_is_known_before,
        a_duplicate_is_seen_at_the_commit,
        a_duplicate_is_seen_while_loading,
        members_are_imported_one_by_one,
        members_of_a_pipe,
        a_damaged_archive,
        an_archive_without_data,
        no_b3_file,
        cancelled,
        dry_runs,
        usage,
        inspecting,
        inspecting_what_is_wrong,
    };

    return run_tests("import", tests, COUNT(tests));
}
