/* Memory that runs out: each allocation of the library fails once, and every time the call says so, frees what it had and leaves nothing
 * open. */
#include "failing_memory.h"

#include "base/options.h"
#include "store/store.h"
#include "support.h"

/* --- A store that takes everything and allocates nothing ------------------------------------------------------------------------ */

static int transactions;
static unsigned commits;
static size_t instruments;

static ticker_status version(ticker_store *store, int *found, ticker_error *error)
{
    (void)store;
    (void)error;
    *found = TI_SCHEMA_VERSION;
    return TICKER_OK;
}

static ticker_status find_import(ticker_store *store, int64_t bytes, const char *sha256, const char *member,
                                 int64_t *id, ticker_error *error)
{
    (void)store;
    (void)bytes;
    (void)sha256;
    (void)member;
    (void)id;
    (void)error;
    return TICKER_DONE;
}

static ticker_status begin(ticker_store *store, int64_t *id, ticker_error *error)
{
    (void)store;
    (void)error;
    *id = 1;
    transactions++;
    return TICKER_OK;
}

static ticker_status put(ticker_store *store, const ticker_batch *batch, ticker_error *error)
{
    (void)store;
    (void)batch;
    (void)error;
    return TICKER_OK;
}

static ticker_status settle(ticker_store *store, ticker_error *error)
{
    (void)store;
    (void)error;
    return TICKER_OK;
}

/* Never: so that days are computed again, too. */
static bool day_is_new(const ticker_store *store, int64_t date)
{
    (void)store;
    (void)date;
    return false;
}

static ticker_status scan_trades(ticker_store *store, const ti_ticker_day *days, size_t count, ti_visit_trade visit,
                                 void *payload, ticker_error *error)
{
    (void)store;
    for (size_t i = 0; i < count; i++) {
        const ti_trade trade = {
            .day = i, .session = {"1", 1}, .reference_date = days[i].date, .id = 10, .price = 1, .volume = 1};
        ticker_status status = visit(&trade, payload, error);

        if (status != TICKER_OK)
            return status;
    }
    return TICKER_OK;
}

static ticker_status commit(ticker_store *store, const ti_ledger_row *row, ti_next_instrument next, void *payload,
                            int64_t *id, ticker_error *error)
{
    ti_instrument instrument;

    (void)store;
    (void)row;
    (void)error;
    while (next(payload, &instrument))
        instruments += instrument.ticker.size >
                       0; /* Check's own allocations come through here too: nothing is asserted while they fail */
    *id = 1;
    transactions--;
    commits++;
    return TICKER_OK;
}

static void rollback(ticker_store *store)
{
    (void)store;
    if (transactions > 0)
        transactions--;
}

static ticker_status record(ticker_store *store, const ti_ledger_row *row, int64_t *id, ticker_error *error)
{
    (void)store;
    (void)row;
    (void)error;
    *id = 2;
    return TICKER_OK;
}

/* The row of an upload, as the ledger answers. */
static ticker_status next_cells(ti_cursor *cursor, ti_cell *cells, ticker_error *error)
{
    static const char *const texts[] = {"", "name", "file:///location", "text/plain"};

    (void)cursor;
    (void)error;
    cells[0] = (ti_cell){.kind = TI_CELL_INTEGER, .number = 2};
    for (size_t i = 1; i < COUNT(texts); i++)
        cells[i] = (ti_cell){.kind = TI_CELL_TEXT, .text = ti_slice_of(texts[i])};
    return TICKER_OK;
}

static void close_cursor(ti_cursor *cursor)
{
    (void)cursor;
}

static ticker_status query(ticker_store *store, const char *sql, const ti_parameter *parameters, size_t count,
                           ti_cursor **cursor, ticker_error *error)
{
    static const ti_cursor_ops ops = {next_cells, close_cursor};
    static ti_cursor upload = {&ops, 4};

    (void)store;
    (void)sql;
    (void)parameters;
    (void)count;
    (void)error;
    *cursor = &upload;
    return TICKER_OK;
}

static const char *marked;

static ticker_status mark(ticker_store *store, int64_t id, const char *status, const char *why, ticker_error *error)
{
    (void)store;
    (void)id;
    (void)why;
    (void)error;
    marked = status;
    return TICKER_OK;
}

static ticker_store store = {.ops = &(const ti_store_ops){
                                 .size = sizeof(ti_store_ops),
                                 .name = "nothing",
                                 .version = version,
                                 .find_import = find_import,
                                 .begin = begin,
                                 .put = put,
                                 .settle = settle,
                                 .day_is_new = day_is_new,
                                 .scan_trades = scan_trades,
                                 .put_day_quotes = put,
                                 .commit = commit,
                                 .rollback = rollback,
                                 .record = record,
                                 .mark = mark,
                                 .query = query,
                             }};

/* --- Tests ---------------------------------------------------------------------------------------------------------------------- */

/* One try; the allocations that the test itself makes beforehand do not count. */
typedef ticker_status (*attempt)(const ti_buffer *bytes, const ticker_options *options, ticker_error *error);

static ticker_status import_pipe(const ti_buffer *bytes, const ticker_options *options, ticker_error *error)
{
    pieces from = {.data = bytes->data, .size = bytes->size, .piece = 3000};
    static const ticker_source_ops ops = {sizeof(ops), pieces_read, NULL};
    ticker_source *source = ticker_source_new(&ops, &from, "pipe", -1);

    if (source == NULL)
        return ti_fail_memory(error);
    return ticker_import_source(&store, source, options, NULL, error);
}

static ticker_status import_memory(const ti_buffer *bytes, const ticker_options *options, ticker_error *error)
{
    ticker_source *source = ticker_source_open_memory(bytes->data, bytes->size, "memory");

    if (source == NULL)
        return ti_fail_memory(error);
    return ticker_import_source(&store, source, options, NULL, error);
}

/* A row that was taken over is given back when it did not come to its end. */
static ticker_status import_upload(const ti_buffer *bytes, const ticker_options *options, ticker_error *error)
{
    ticker_source *source = ticker_source_open_memory(bytes->data, bytes->size, "file:///location");
    ticker_status status;

    if (source == NULL)
        return ti_fail_memory(error);
    marked = NULL;
    commits = 0;
    status = ticker_upload_import(&store, 0, source, options, NULL, error);
    if (marked != NULL && strcmp(marked, commits == 0 ? "queued" : "running") != 0)
        status = TICKER_DONE;
    return status;
}

static ticker_status inspect(const ti_buffer *bytes, const ticker_options *options, ticker_error *error)
{
    ticker_source *source = ticker_source_open_memory(bytes->data, bytes->size, "memory");

    if (source == NULL)
        return ti_fail_memory(error);
    return ticker_inspect_source(source, options, NULL, error);
}

static ticker_status import_path(const ti_buffer *path, const ticker_options *options, ticker_error *error)
{
    ticker_source *source = NULL;
    ticker_status status = ticker_source_open_file(path->data, &source, error);

    return status == TICKER_OK ? ticker_import_source(&store, source, options, NULL, error) : status;
}

/* Each allocation in turn; what is said in the end is `expected`. */
static void each_allocation(attempt try, const ti_buffer *bytes, const ticker_options *options, ticker_status expected)
{
    for (unsigned long at = 1;; at++) {
        ticker_error error;
        ticker_status status;
        unsigned long made;

        ck_assert_uint_lt(at, 10000);
        ti_error_init(&error);
        allocations = 0;
        fail_at = at;
        status = try(bytes, options, &error);
        fail_at = 0;
        made = allocations;
        ck_assert_int_eq(transactions, 0);
        if (made < at) { /* all went well */
            ck_assert_int_eq(status, expected);
            ck_assert_uint_gt(at, 15); /* there was something to fail */
            return;
        }
        ck_assert_msg(status == TICKER_FATAL, "allocation %lu: %s %s", at, ticker_status_name(status), error.message);
        ck_assert_msg(error.kind == TICKER_ERROR_MEMORY, "allocation %lu: %s", at, error.message);
    }
}

/* An import, or looking at a file, does without another thread when there is no memory for it; tests/torture tries that. */
#define ONE_THREAD "import-threads=1"

static ti_buffer archive(void)
{
    ti_buffer quotes, trades, gzip, inner, zip;
    zip_member members[4];

    bytes_init(&quotes);
    bytes_init(&trades);
    bytes_init(&gzip);
    bytes_init(&inner);
    bytes_init(&zip);
    make_cotahist(&quotes, 600, "\r\n");
    make_trades(&trades, 3000, "\n");
    make_gzip(&gzip, trades.data, trades.size);
    members[0] = (zip_member){.name = "q", .data = quotes.data, .size = quotes.size};
    make_zip(&inner, members, 1);
    members[1] = (zip_member){.name = "t.gz", .data = gzip.data, .size = gzip.size, .stored = true};
    members[2] = (zip_member){.name = "in.zip", .data = inner.data, .size = inner.size};
    make_zip(&zip, members, 3);
    ti_buffer_free(&quotes);
    ti_buffer_free(&trades);
    ti_buffer_free(&gzip);
    ti_buffer_free(&inner);
    return zip;
}

START_TEST(importing)
{
    ti_buffer zip = archive();
    ticker_options *options = make_options("on-error=skip", "force=no", ONE_THREAD, NULL);

    each_allocation(import_memory, &zip, options, TICKER_OK);
    each_allocation(import_pipe, &zip, options, TICKER_OK);
    each_allocation(import_upload, &zip, options, TICKER_OK);
    ticker_options_free(options);
    ti_buffer_free(&zip);
}
END_TEST

START_TEST(importing_a_file)
{
    ti_buffer zip = archive(), path;
    char *name = make_file(zip.data, zip.size);
    ticker_options *options = make_options(ONE_THREAD, NULL);

    bytes_init(&path);
    add(&path, "%s", name);
    (void)ti_buffer_string(&path);
    each_allocation(import_path, &path, options, TICKER_OK);
    ticker_options_free(options);
    drop_file(name);
    ti_buffer_free(&zip);
    ti_buffer_free(&path);
}
END_TEST

START_TEST(inspecting)
{
    ti_buffer zip = archive();
    ticker_options *options = make_options(ONE_THREAD, NULL);

    each_allocation(inspect, &zip, options, TICKER_OK);
    ticker_options_free(options);
    ti_buffer_free(&zip);
}
END_TEST

START_TEST(refusing)
{
    ti_buffer page;

    bytes_init(&page);
    add(&page, "<html>");
    each_allocation(import_memory, &page, NULL, TICKER_FAILED);
    ti_buffer_free(&page);
}
END_TEST

START_TEST(setting_options)
{
    ticker_options *options = ticker_options_new(), *copy;
    ticker_error error;

    ck_assert_ptr_nonnull(options);
    ck_assert_int_eq(ticker_options_set(options, "format", "trades", NULL), TICKER_OK);
    ti_error_init(&error);
    allocations = 0;
    fail_at = 1;
    ck_assert_int_eq(ticker_options_set(options, "format", "cotahist", &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_MEMORY);
    ck_assert_str_eq(ticker_options_get(options, "format"), "trades");
    for (unsigned long at = 1; at <= 2; at++) {
        allocations = 0;
        fail_at = at;
        copy = ticker_options_copy(options);
        ck_assert_ptr_null(copy);
    }
    allocations = 0;
    fail_at = 1;
    ck_assert_ptr_null(ticker_options_new());
    allocations = 0;
    ck_assert_ptr_null(ticker_error_new());
    fail_at = 0;
    ticker_options_free(options);
}
END_TEST

START_TEST(growing_a_buffer)
{
    ti_buffer buffer;

    ti_buffer_init(&buffer, 100000);
    ck_assert(ti_buffer_text(&buffer, "some text"));
    allocations = 0;
    fail_at = 1;
    ck_assert_ptr_null(ti_buffer_reserve(&buffer, 5000));
    fail_at = 0;
    ck_assert(ti_buffer_failed(&buffer));
    ck_assert(!ti_buffer_text(&buffer, "x"));
    ti_buffer_clear(&buffer);
    ck_assert(ti_buffer_text(&buffer, "x"));
    ti_buffer_free(&buffer);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        importing, importing_a_file, inspecting, refusing, setting_options, growing_a_buffer,
    };

    return run_tests("memory", tests, COUNT(tests));
}
