/* Two imports of the best rank at once, of the same days in different orders, that both take the places of lesser quotes: they wait for
 * each other, and neither is told to try again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "postgres_scene.h"
#include "store/postgres.h"

#define WAYS 4   /* both few rows, one of them much, the other, both */
#define ROUNDS 5 /* of each */
#define TICKERS 100
#define DAYS 4
#define SHARED (TICKERS / 2) /* tickers that both files have */

static const char *const days[DAYS] = {"2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"};

/* Steps from one ticker to the next: coprime to how many there are, so that each comes once. */
static ticker_batch *made(uint32_t first, uint32_t count, uint32_t step, const char *source)
{
    ticker_batch *batch = ti_batch_new(TICKER_QUOTES, count * DAYS, 256);

    ck_assert_ptr_nonnull(batch);
    for (uint32_t i = 0; i < count * DAYS; i++) {
        char ticker[16];
        uint32_t at = i * step % (count * DAYS), row;

        (void)snprintf(ticker, sizeof(ticker), "T%03u", first + at / DAYS);
        row = store_suite_quote(batch, ticker, days[at % DAYS], "010");
        store_suite_text(batch, TICKER_QUOTE_SOURCE, row, source);
    }
    return batch;
}

/* What a process does: it tells when its rows are in, and ends when all are told to. */
static ticker_status import_beside(const ticker_batch *batch, const char *sha256, bool much, int ready, int go)
{
    ti_ledger_row row = ledger_row("imported");
    ticker_store *store = store_suite_open(url);
    ticker_status status;
    ticker_error error;
    int64_t id = 0;
    char byte = 0;

    ti_error_init(&error);
    row.sha256 = sha256;
    if (much) {
        ti_pg_store(store)->few_bytes = 0;
        ti_pg_store(store)->send_bytes = 1;
    }
    status = store->ops->begin(store, &id, &error);
    if (status == TICKER_OK)
        status = store->ops->put(store, batch, &error);
    if (write(ready, &byte, 1) == 1)
        (void)!read(go, &byte, 1);
    if (status == TICKER_OK)
        status = store->ops->settle(store, &error);
    if (status == TICKER_OK)
        status = store->ops->commit(store, &row, NULL, NULL, &id, &error);
    if (status != TICKER_OK)
        (void)fprintf(stderr, "%s: %s %s\n", sha256, error.sqlstate, error.message);
    ticker_store_free(store);
    return status;
}

static void import_two(ticker_batch *const batches[2], int much)
{
    static const char *const names[] = {"one", "two"};
    int ready[2], go[2], how = 0;
    char byte;
    pid_t child[2];

    ck_assert_int_eq(pipe(ready), 0);
    ck_assert_int_eq(pipe(go), 0);
    for (int i = 0; i < 2; i++) {
        child[i] = fork();
        ck_assert_int_ge(child[i], 0);
        if (child[i] == 0) {
            (void)close(go[1]);
            _exit(import_beside(batches[i], names[i], (much >> i & 1) != 0, ready[1], go[0]) == TICKER_OK ? 0 : 1);
        }
    }
    (void)close(ready[1]);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    (void)close(go[1]);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(waitpid(child[i], &how, 0), child[i]);
        ck_assert_msg(WIFEXITED(how) && WEXITSTATUS(how) == 0, "import %d ended with %d", i, how);
    }
    (void)close(ready[0]);
    (void)close(go[0]);
}

/* Of what both have, one has all; the lesser ones are gone where either has rows, and each is counted once. */
static void check(void)
{
    ck_assert_str_eq(outside("SELECT string_agg(concat_ws(' ', source, count), ', ' ORDER BY source) FROM"
                             " (SELECT source, count(*) FROM quotes GROUP BY source) AS q"),
                     "consolidated 200, cotahist 600");
    ck_assert_str_eq(outside("SELECT count(*) FROM quotes WHERE source = 'consolidated' AND ticker < 'T150'"), "0");
    ck_assert_str_eq(outside("SELECT count(DISTINCT import_id) FROM quotes WHERE ticker >= 'T050' AND ticker < 'T100'"),
                     "1");
    ck_assert_str_eq(outside("SELECT count(DISTINCT import_id) || ' ' || count(DISTINCT ticker) FROM quotes WHERE"
                             " ticker < 'T050' OR (ticker >= 'T100' AND ticker < 'T150')"),
                     "2 100");
    ck_assert_str_eq(outside("SELECT sum(rows) FROM supersessions WHERE replaced"), "600");
    ck_assert_str_eq(outside("SELECT superseded FROM imports WHERE sha256 = 'lesser'"), "600");
}

START_TEST(neither_is_told_to_try_again)
{
    ticker_store *store = store_suite_open_migrated(url);
    ticker_batch *lesser = made(0, 2 * TICKERS, 1, "consolidated"), *both[2];
    int64_t id;

    both[0] = made(0, TICKERS, 3, "cotahist");
    both[1] = made(TICKERS - SHARED, TICKERS, 397, "cotahist");
    for (int round = 0; round < ROUNDS; round++) {
        ck_assert_int_eq(store_suite_import(store, &lesser, 1, "lesser", &id), TICKER_OK);
        import_two(both, _i);
        check();
        (void)outside("TRUNCATE quotes, imports, supersessions");
    }
    for (int i = 0; i < 2; i++)
        ti_batch_free(both[i]);
    ti_batch_free(lesser);
    ticker_store_free(store);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("at once");

    if (getenv("TICKER_TEST_POSTGRES") == NULL) {
        (void)fprintf(stderr, "conformance/postgres.sh runs this\n");
        return SKIPPED;
    }
    tcase_add_loop_test(cases, neither_is_told_to_try_again, 0, WAYS);
    return run_alone("at once", cases);
}
