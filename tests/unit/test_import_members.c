/* Imports of archives: members that are refused between others, pipes, cancelling, dry runs; and inspecting, which reads on whatever
 * is wrong. */
#include <stdlib.h>

#include "import_run.h"

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
    ck_assert_str_eq(fake_calls(&fake), "version find_import begin put(20) settle commit record "
                                        "find_import begin rollback record "
                                        "find_import begin put(20) settle scan scan put_day_quotes(19) commit "
                                        "find_import begin put(20) settle commit");
    ck_assert_uint_eq(events.count, 5);
    reported(0, "imported q 20/0 ");
    reported(1, "failed page.htm 0/0 ");
    ck_assert_ptr_nonnull(strstr(events.reports[1], "web page"));
    reported(2, "failed cut 18/1 ");
    reported(3, "imported t 20/0 ");
    reported(4, "imported last 20/0 ");
    ck_assert_int_eq(events.last.tickers, 20); /* its own ones, not those of the members before */
    ck_assert_uint_eq(fake.instrument_count, 20);
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

/* A refused member is told of when the others could be imported; what ends the whole call comes before it. */
START_TEST(a_failure_behind_a_refused_member)
{
    static const struct {
        const char *at;
        unsigned reports;
    } cases[] = {{"settle", 3}, {"record", 2}};
    ti_buffer zip = archive(false);

    for (size_t i = 0; i < COUNT(cases); i++) {
        begin();
        fake.fail_at = cases[i].at;
        fake.fail_after = 1;
        fake.fail_with = TICKER_RETRY;
        ck_assert_int_eq(import_bytes(&zip, "force=no"), TICKER_RETRY);
        ck_assert_uint_eq(events.count, cases[i].reports);
        reported(1, "failed page.htm 0/0 ");
        ck_assert_str_eq(error.message, "the store failed");
        ck_assert_int_eq(error.status, TICKER_RETRY);
        fake_store_free(&fake);
    }
    ti_buffer_free(&zip);
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

/* What makes a member unreadable is its own matter: the one before it is whole. */
START_TEST(an_encrypted_member)
{
    ti_buffer quotes = quotes_file(20), zip;
    const zip_member members[] = {{.name = "q", .data = quotes.data, .size = quotes.size},
                                  {.name = "secret", .data = "hello", .size = 5, .encrypted = true}};

    begin();
    bytes_init(&zip);
    make_zip(&zip, members, COUNT(members));
    ck_assert_int_eq(import_bytes(&zip, "force=no"), TICKER_FAILED);
    ck_assert_uint_eq(events.count, 2);
    reported(0, "imported q 20/0 ");
    reported(1, "failed secret 0/0 ");
    ck_assert_ptr_nonnull(strstr(events.reports[1], "encrypted"));
    ti_buffer_free(&quotes);
    ti_buffer_free(&zip);
    fake_store_free(&fake);
}
END_TEST

/* An archive that is cut off anywhere gives nothing that it did not hold whole, and never the impression of having been read to its end. */
START_TEST(an_archive_cut_off_anywhere)
{
    ti_buffer quotes = quotes_file(2), zip;
    const zip_member members[] = {{.name = "a", .data = quotes.data, .size = quotes.size},
                                  {.name = "b", .data = quotes.data, .size = quotes.size, .descriptor = true},
                                  {.name = "c", .data = quotes.data, .size = quotes.size, .stored = true}};
    size_t most = 0, directory;

    bytes_init(&zip);
    make_zip(&zip, members, COUNT(members));
    directory = zip_directory(&zip);
    for (size_t size = 4; size < zip.size; size++) {
        ti_buffer cut = {.data = zip.data, .size = size};
        ticker_status status;

        begin();
        status = import_bytes(&cut, "force=no");
        ck_assert_msg((status == TICKER_OK) == (size >= directory + 4), "%zu of %zu bytes: %s", size, zip.size,
                      error.message);
        for (unsigned i = 0; i + 1 < events.count; i++)
            reported(i, "imported ");
        ck_assert_uint_ge(events.count, 1);
        reported(events.count - 1, status == TICKER_OK ? "imported c 2/0" : "failed ");
        most = events.count > most ? events.count : most;
        fake_store_free(&fake);
    }
    ck_assert_uint_eq(most, 3);
    ti_buffer_free(&quotes);
    ti_buffer_free(&zip);
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
        ck_assert_str_eq(fake_calls(&fake), "version record");
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
    for (unsigned at = 1; at <= 10; at++) { /* three batches, an end and a settling store each */
        begin();
        events.cancel_at = at;
        ck_assert_int_eq(import_bytes(&zip, "force=no"), TICKER_RETRY);
        ck_assert_int_eq(error.kind, TICKER_ERROR_CANCELLED);
        ck_assert_uint_eq(events.progress, at);
        ck_assert_uint_eq(events.count, at <= 5 ? 0 : 1); /* the first member is in, and stays */
        ck_assert_uint_eq(fake.now.import_count, at <= 5 ? 0 : 1);
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
    ticker_import_events older = {.size = offsetof(ticker_import_events, report),
                                  .progress = on_progress,
                                  .report = on_report,
                                  .payload = &events};
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
        members_are_imported_one_by_one,
        a_failure_behind_a_refused_member,
        members_of_a_pipe,
        a_damaged_archive,
        an_encrypted_member,
        an_archive_cut_off_anywhere,
        an_archive_without_data,
        no_b3_file,
        cancelled,
        dry_runs,
        usage,
        inspecting,
        inspecting_what_is_wrong,
    };

    return run_tests("import_members", tests, COUNT(tests));
}
