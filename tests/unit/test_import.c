/* An import on a store that writes down every call: their order, what a failure at each of them undoes, duplicates. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "import_run.h"

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
    /* Progress: each batch, the end of the file, and while the store settles. */
    ck_assert_uint_eq(events.progress, 4);
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
    ck_assert_int_eq(fake.imports[0].records, 3); /* the ledger counts what was read */
    ck_assert_int_eq(fake.imports[0].imported, 2);
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
    ck_assert_str_eq(fake_calls(&fake), "version begin rollback record");
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
    fails(&file, "settle", 0, TICKER_FAILED, "version begin put(1024) put(76) settle rollback record");
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
    fake.fail_at = "record";
    file.size -= 300;
    ck_assert_int_eq(import_bytes(&file, "force=no"), TICKER_RETRY);
    ck_assert_str_eq(fake_calls(&fake), "version begin rollback record");
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
    ticker_import_events touching = {.size = sizeof(touching), .progress = append_on_progress, .payload = path};
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
    char *path;

    file.data[247 + 60] = 'x';
    path = make_file(file.data, file.size);
    begin();
    ck_assert_int_eq(import_file(path), TICKER_WARN);
    (void)fake_calls(&fake);
    ck_assert_int_eq(import_file(path), TICKER_OK);
    ck_assert_str_eq(fake_calls(&fake), "version find_import query");
    reported(0, "duplicate  1499/1 ");
    ck_assert_str_eq(events.last.first_text, "2016-01-04");
    ck_assert_str_eq(events.last.last_text, "2016-01-05");
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
        reported(0, "duplicate  7/5 ");
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

/* --- Where the time goes ---------------------------------------------------------------------------------------------------------- */

#define NAP 3000 /* microseconds */

typedef struct slow_source {
    const ti_buffer *bytes;
    size_t at;
} slow_source;

static ticker_status read_slowly(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *unused)
{
    slow_source *slow = self;
    size_t left = slow->bytes->size - slow->at;
    const struct timespec nap = {.tv_nsec = NAP * 1000};

    (void)unused;
    (void)nanosleep(&nap, NULL);
    *got = left < capacity ? left : capacity;
    memcpy(buffer, slow->bytes->data + slow->at, *got);
    slow->at += *got;
    return *got > 0 ? TICKER_OK : TICKER_DONE;
}

START_TEST(stages_are_measured)
{
    static const ticker_source_ops slowly = {.size = sizeof(slowly), .read = read_slowly};
    static const ticker_report_key stages[] = {TICKER_REPORT_READING,  TICKER_REPORT_PARSING,    TICKER_REPORT_LOADING,
                                               TICKER_REPORT_SETTLING, TICKER_REPORT_COMMITTING, TICKER_REPORT_TELLING};
    ti_buffer file = quotes_file(1500);
    slow_source slow = {&file, 0};
    int64_t sum = 0;

    begin();
    ck_assert_int_eq(import(ticker_source_new(&slowly, &slow, "slow", -1), "force=no"), TICKER_OK);
    for (size_t i = 0; i < COUNT(stages); i++) {
        int64_t spent = ticker_report_integer(&events.last, stages[i]);

        ck_assert_int_ge(spent, 0);
        sum += spent;
    }
    ck_assert_int_ge(ticker_report_integer(&events.last, TICKER_REPORT_READING), NAP);
    ck_assert_int_gt(ticker_report_integer(&events.last, TICKER_REPORT_PARSING), 0);
    ck_assert_int_gt(ticker_report_integer(&events.last, TICKER_REPORT_LOADING), 0);
    ck_assert_int_eq(ticker_report_integer(&events.last, TICKER_REPORT_TELLING), 0); /* there is no cache */
    ck_assert_int_le(sum, ticker_report_integer(&events.last, TICKER_REPORT_MICROSECONDS));
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
        stages_are_measured,
    };

    return run_tests("import", tests, COUNT(tests));
}
