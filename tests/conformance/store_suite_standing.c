/* Which quotes stand when several files tell of the same ticker and day: in all orders, at random and at once, against a model. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "model/origin.h"
#include "store_suite_parts.h"

#define TICKERS 6
#define DAYS 2
#define VARIANTS 4
#define TEXT_MAX ((size_t)1 << 20)
#define RANDOM_IMPORTS 60
#define FILES_OF_A_SCENE 12
#define AT_ONCE 4
#define ROUNDS 4

/* Rows of one ticker and day have different keys. */
static const struct {
    const char *market;
    int64_t term;
} variants[VARIANTS] = {{"", TICKER_NULL}, {"010", TICKER_NULL}, {"030", 30}, {"", 30}};

static const char *const origins[] = {"cotahist", "bvbg086", "consolidated", "trades"};

/* A file: has[ticker][day] is a bit for each variant. */
typedef struct made_file {
    int origin;
    int64_t snapshot;
    unsigned has[TICKERS][DAYS];
} made_file;

typedef struct model_row {
    int ticker, day, variant, origin;
    int64_t snapshot, id;
} model_row;

#define MODEL_ROWS (TICKERS * DAYS * VARIANTS)
#define MODEL_IMPORTS 128

typedef struct model {
    model_row row[MODEL_ROWS];
    size_t rows;
    int64_t gave_way[MODEL_IMPORTS][MODEL_IMPORTS][2]; /* of the first to the second; [1]: it stood before */
} model;

/* --- The model ----------------------------------------------------------------------------------------------------------------- */

/* Below 0: the row is better than those of the file. */
static int compare(const model_row *row, const made_file *file)
{
    if (row->origin != file->origin)
        return row->origin - file->origin;
    if (row->snapshot == 0 || file->snapshot == 0 || row->origin == TI_ORIGIN_TRADES)
        return 0;
    return row->snapshot > file->snapshot ? -1 : row->snapshot < file->snapshot;
}

static void remove_row(model *all, size_t at)
{
    all->row[at] = all->row[--all->rows];
}

static void put_variant(model *all, const made_file *file, int ticker, int day, int variant, int64_t id)
{
    model_row made = {ticker, day, variant, file->origin, file->snapshot, id};

    for (size_t i = 0; i < all->rows; i++) {
        model_row *row = &all->row[i];

        if (row->ticker == ticker && row->day == day && row->variant == variant) {
            *row = made;
            return;
        }
    }
    ck_assert_uint_lt(all->rows, MODEL_ROWS);
    all->row[all->rows++] = made;
}

static void put_day(model *all, const made_file *file, int ticker, int day, int64_t id)
{
    int64_t better = 0, count = __builtin_popcount(file->has[ticker][day]);

    for (size_t i = 0; i < all->rows; i++)
        if (all->row[i].ticker == ticker && all->row[i].day == day && compare(&all->row[i], file) < 0 &&
            (better == 0 || all->row[i].id < better))
            better = all->row[i].id;
    if (better != 0) {
        all->gave_way[id][better][0] += count;
        return;
    }
    for (size_t i = all->rows; i-- > 0;) {
        model_row row = all->row[i];

        if (row.ticker != ticker || row.day != day)
            continue;
        if (compare(&row, file) > 0) {
            all->gave_way[row.id][id][1]++;
            remove_row(all, i);
        } else if (file->origin == TI_ORIGIN_TRADES && row.origin == TI_ORIGIN_TRADES) {
            remove_row(all, i);
        }
    }
    for (int variant = 0; variant < VARIANTS; variant++)
        if ((file->has[ticker][day] >> variant & 1) != 0)
            put_variant(all, file, ticker, day, variant, id);
}

static void model_import(model *all, const made_file *file, int64_t id)
{
    ck_assert_int_lt(id, MODEL_IMPORTS);
    for (int ticker = 0; ticker < TICKERS; ticker++)
        for (int day = 0; day < DAYS; day++)
            if (file->has[ticker][day] != 0)
                put_day(all, file, ticker, day, id);
}

/* --- The store ----------------------------------------------------------------------------------------------------------------- */

static void name_of(int ticker, int scene, char name[16])
{
    (void)snprintf(name, 16, "S%03d%c", scene, 'A' + ticker);
}

static const char *day_of(int day)
{
    return day == 0 ? "2015-12-30" : "2016-01-04"; /* of two years */
}

static void put_quotes(const made_file *file, int scene, ticker_batch *batch)
{
    ti_batch_clear(batch);
    for (int ticker = 0; ticker < TICKERS; ticker++) {
        for (int day = 0; day < DAYS; day++) {
            for (int variant = 0; variant < VARIANTS; variant++) {
                char name[16];
                uint32_t row;

                if ((file->has[ticker][day] >> variant & 1) == 0)
                    continue;
                name_of(ticker, scene, name);
                row = store_suite_quote(batch, name, day_of(day), variants[variant].market);
                batch->i64[TICKER_QUOTE_TERM_DAYS][row] = variants[variant].term;
                store_suite_text(batch, TICKER_QUOTE_SOURCE, row, origins[file->origin]);
            }
        }
    }
}

/* Its quotes are in the batch; the number tells its bytes from all others. Returns its ledger row. */
static int64_t import_file(ticker_store *store, const made_file *file, int scene, int number)
{
    ticker_batch *quotes = ti_batch_new(TICKER_QUOTES, SUITE_ROWS, 256),
                 *trades = ti_batch_new(TICKER_TRADES, SUITE_ROWS, 256);
    ti_ledger_row row = suite_ledger_row("imported");
    char sha256[65];
    int64_t id;
    ticker_error error;

    ck_assert(quotes != NULL && trades != NULL);
    put_quotes(file, scene, quotes);
    (void)snprintf(sha256, sizeof(sha256), "%064d", number);
    row.sha256 = sha256;
    ti_error_init(&error);
    store->snapshot = file->snapshot;
    store_suite_ok(store->ops->begin(store, &id, &error), &error, "begin");
    if (file->origin == TI_ORIGIN_TRADES) {
        (void)store_suite_trade(trades, "OTHER3", "2016-01-04", number, 0);
        store_suite_ok(store->ops->put(store, trades, &error), &error, "put trades");
        store_suite_ok(store->ops->settle(store, &error), &error, "settle");
        store_suite_ok(store->ops->put_day_quotes(store, quotes, &error), &error, "put_day_quotes");
    } else {
        store_suite_ok(store->ops->put(store, quotes, &error), &error, "put");
        store_suite_ok(store->ops->settle(store, &error), &error, "settle");
    }
    store_suite_ok(store->ops->commit(store, &row, suite_no_instruments, NULL, &id, &error), &error, "commit");
    store->snapshot = 0;
    ti_batch_free(quotes);
    ti_batch_free(trades);
    return id;
}

static int compare_rows(const void *a, const void *b)
{
    const model_row *left = a, *right = b;

    if (left->ticker != right->ticker)
        return left->ticker - right->ticker;
    return left->day != right->day ? left->day - right->day : left->variant - right->variant;
}

#define ROWS_SQL                                                                                                       \
    "SELECT ticker, trade_date, CASE WHEN market IS NULL THEN CASE WHEN term_days IS NULL THEN 0 ELSE 3 END"           \
    " WHEN market = '010' THEN 1 ELSE 2 END AS variant, source, import_id FROM {quotes} AS q WHERE ticker >= $1"       \
    " AND ticker <= $2 ORDER BY ticker, trade_date, variant"

static void check_rows(model *all, int scene)
{
    char first[16], last[16], *answer;
    ti_buffer expected;

    qsort(all->row, all->rows, sizeof(all->row[0]), compare_rows);
    ti_buffer_init(&expected, TEXT_MAX);
    for (size_t i = 0; i < all->rows; i++) {
        const model_row *row = &all->row[i];

        name_of(row->ticker, scene, first);
        (void)ti_buffer_printf(&expected, "%s|%s|%d|%s|%lld;", first, day_of(row->day), row->variant,
                               origins[row->origin], (long long)row->id);
    }
    name_of(0, scene, first);
    name_of(TICKERS - 1, scene, last);
    answer = store_suite_ask(suite.store, "tditi", ROWS_SQL, first, last, NULL);
    ck_assert_ptr_nonnull(ti_buffer_string(&expected));
    ck_assert_str_eq(answer, expected.data);
    free(answer);
    ti_buffer_free(&expected);
}

/* What gave way, and that the ledger's sum and its lists say the same. */
static void check_ledger(const model *all)
{
    ti_buffer lines, sums, lists;

    ti_buffer_init(&lines, TEXT_MAX);
    ti_buffer_init(&sums, TEXT_MAX);
    ti_buffer_init(&lists, TEXT_MAX);
    for (int loser = 1; loser < MODEL_IMPORTS; loser++) {
        int64_t sum = 0;
        size_t before = lists.size;

        for (int winner = 1; winner < MODEL_IMPORTS; winner++) {
            for (int stood = 0; stood < 2; stood++) {
                long long rows = (long long)all->gave_way[loser][winner][stood];

                if (rows == 0)
                    continue;
                sum += rows;
                (void)ti_buffer_printf(&lines, "%d|%d|%lld|%d;", loser, winner, rows, stood);
                (void)ti_buffer_printf(&lists, "%s{\"import_id\":%d,\"rows\":%lld,\"replaced\":%s}",
                                       lists.size == before ? "[" : ",", winner, rows, stood ? "true" : "false");
            }
        }
        if (sum > 0) {
            (void)ti_buffer_printf(&sums, "%d|%lld;", loser, (long long)sum);
            (void)ti_buffer_text(&lists, "];");
        }
    }
    ck_assert(ti_buffer_byte(&lines, '\0') && ti_buffer_byte(&sums, '\0') && ti_buffer_byte(&lists, '\0'));
    store_suite_expect(suite.store, "iiii",
                       "SELECT import_id, by_import_id, rows, CASE WHEN replaced THEN 1 ELSE 0 END FROM supersessions"
                       " ORDER BY import_id, by_import_id, replaced",
                       lines.data);
    store_suite_expect(suite.store, "ii", "SELECT id, superseded FROM {imports} AS i WHERE superseded <> 0 ORDER BY id",
                       sums.data);
    store_suite_expect(suite.store, "t", "SELECT superseded_by FROM {imports} AS i WHERE superseded <> 0 ORDER BY id",
                       lists.data);
    ti_buffer_free(&lines);
    ti_buffer_free(&sums);
    ti_buffer_free(&lists);
}

static void forget_rows(model *all)
{
    all->rows = 0;
}

/* Imports it here and there; what both say of the import itself must agree at once. */
static void import_both(model *all, const made_file *file, int scene, int number)
{
    int64_t id = import_file(suite.store, file, scene, number), superseded = 0, replaced = 0;

    model_import(all, file, id);
    for (int other = 0; other < MODEL_IMPORTS; other++) {
        superseded += all->gave_way[id][other][0];
        replaced += all->gave_way[other][id][1];
    }
    ck_assert_int_eq(suite.store->superseded, superseded);
    ck_assert_int_eq(suite.store->replaced, replaced);
}

/* --- Tests --------------------------------------------------------------------------------------------------------------------- */

/* The four, with tickers that some have and others have not, and with keys that are equal in two of them. */
static const made_file four[] = {
    {.origin = TI_ORIGIN_COTAHIST, .has = {{6, 2}, {2, 0}, {2, 2}, {0, 0}, {0, 0}, {0, 2}}},
    {.origin = TI_ORIGIN_BVBG086, .has = {{9, 1}, {1, 1}, {0, 0}, {9, 0}, {0, 0}, {0, 0}}},
    {.origin = TI_ORIGIN_CONSOLIDATED, .has = {{3, 2}, {0, 2}, {2, 0}, {2, 3}, {3, 2}, {0, 0}}},
    {.origin = TI_ORIGIN_TRADES, .has = {{1, 1}, {1, 0}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}},
};

START_TEST(test_every_order)
{
    model *all = calloc(1, sizeof(*all));
    int scene = 0, number = 0;

    ck_assert_ptr_nonnull(all);
    for (int order = 0; order < 4 * 4 * 4 * 4; order++) {
        int at[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};

        if ((1 << at[0] | 1 << at[1] | 1 << at[2] | 1 << at[3]) != 15)
            continue;
        forget_rows(all);
        for (int i = 0; i < 4; i++)
            import_both(all, &four[at[i]], scene, number++);
        check_rows(all, scene++);
    }
    ck_assert_int_eq(scene, 24);
    check_ledger(all);
    free(all);
}
END_TEST

static unsigned next_random(uint64_t *state, unsigned below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*state >> 33) % below;
}

START_TEST(test_any_files)
{
    model *all = calloc(1, sizeof(*all));
    uint64_t state = 7;

    ck_assert_ptr_nonnull(all);
    for (int number = 0; number < RANDOM_IMPORTS; number++) {
        made_file file = {.origin = (int)next_random(&state, 4)};

        if (file.origin == TI_ORIGIN_BVBG086)
            file.snapshot = 1619200000000 + 60000 * (int64_t)next_random(&state, 4);
        if (next_random(&state, 8) == 0) /* what says nothing of its time is as good as any */
            file.snapshot = 0;
        for (int i = 0; i < TICKERS * DAYS; i++)
            file.has[i / DAYS][i % DAYS] = file.origin == TI_ORIGIN_TRADES ? next_random(&state, 2)
                                           : next_random(&state, 3) == 0   ? next_random(&state, 1 << VARIANTS)
                                                                           : 0;
        if (number % FILES_OF_A_SCENE == 0) /* what is best is everywhere after some files */
            forget_rows(all);
        import_both(all, &file, number / FILES_OF_A_SCENE, number);
        check_rows(all, number / FILES_OF_A_SCENE);
    }
    check_ledger(all);
    free(all);
}
END_TEST

/* Three pictures of a day, in all orders: the latest one stands where it has rows. */
START_TEST(test_snapshots)
{
    static const made_file three[] = {
        {TI_ORIGIN_BVBG086, 1619201400000, {{9, 0}, {1, 0}, {1, 1}}},
        {TI_ORIGIN_BVBG086, 1619206080000, {{1, 0}, {0, 0}, {1, 1}, {1}}},
        {TI_ORIGIN_BVBG086, 1619207460000, {{1, 1}, {0, 0}, {0, 1}, {1}}},
    };
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    model *all = calloc(1, sizeof(*all));

    ck_assert_ptr_nonnull(all);
    for (int order = 0; order < 6; order++) {
        forget_rows(all);
        for (int i = 0; i < 3; i++)
            import_both(all, &three[orders[order][i]], order, 3 * order + i);
        check_rows(all, order);
    }
    check_ledger(all);
    store_suite_expect(suite.store, "tt",
                       "SELECT snapshot, supersedes FROM {imports} AS i WHERE id IN (1, 3) ORDER BY id",
                       "2021-04-23T18:10:00.000|[];2021-04-23T19:51:00.000|["
                       "{\"import_id\":2,\"rows\":3,\"replaced\":true}];");
    free(all);
}
END_TEST

/* --- At once ------------------------------------------------------------------------------------------------------------------- */

static void import_at_once(int scene)
{
    pid_t child[AT_ONCE];

    for (int i = 0; i < AT_ONCE; i++) {
        child[i] = fork();
        ck_assert_int_ge(child[i], 0);
        if (child[i] == 0) {
            ticker_store *store = store_suite_open(suite.url);

            (void)import_file(store, &four[(i + scene) % AT_ONCE], scene, scene * AT_ONCE + (i + scene) % AT_ONCE);
            ticker_store_free(store);
            _exit(0);
        }
    }
    for (int i = 0; i < AT_ONCE; i++) {
        int how = 0;

        ck_assert_int_eq(waitpid(child[i], &how, 0), child[i]);
        ck_assert_msg(WIFEXITED(how) && WEXITSTATUS(how) == 0, "child %d ended with %d", i, how);
    }
}

static void check_origins(int scene)
{
    ti_buffer expected;
    char *answer, first[16], last[16];

    ti_buffer_init(&expected, TEXT_MAX);
    for (int ticker = 0; ticker < TICKERS; ticker++) {
        for (int day = 0; day < DAYS; day++) {
            int best = 0;

            while (best < 4 && four[best].has[ticker][day] == 0)
                best++;
            if (best == 4)
                continue;
            name_of(ticker, scene, first);
            (void)ti_buffer_printf(&expected, "%s|%s|%s|%d;", first, day_of(day), origins[best],
                                   __builtin_popcount(four[best].has[ticker][day]));
        }
    }
    ck_assert_ptr_nonnull(ti_buffer_string(&expected));
    name_of(0, scene, first);
    name_of(TICKERS - 1, scene, last);
    answer = store_suite_ask(suite.store, "tdti",
                             "SELECT ticker, trade_date, source, count(*) FROM {quotes} AS q WHERE ticker >= $1"
                             " AND ticker <= $2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
                             first, last, NULL);
    ck_assert_str_eq(answer, expected.data);
    free(answer);
    ti_buffer_free(&expected);
}

/* Every row of every file stands or gave way, once. */
static void check_sums(int rounds)
{
    ti_buffer expected;

    ti_buffer_init(&expected, TEXT_MAX);
    for (int number = 0; number < rounds * AT_ONCE; number++) {
        int64_t rows = 0;

        for (int i = 0; i < TICKERS * DAYS; i++)
            rows += __builtin_popcount(four[number % AT_ONCE].has[i / DAYS][i % DAYS]);
        (void)ti_buffer_printf(&expected, "%064d|%lld|%lld;", number, (long long)rows, 0LL);
    }
    ck_assert_ptr_nonnull(ti_buffer_string(&expected));
    store_suite_expect(
        suite.store, "tii",
        "SELECT i.sha256, i.superseded + (SELECT count(*) FROM {quotes} AS q WHERE q.import_id = i.id), i.superseded"
        " - coalesce((SELECT sum(s.rows) FROM supersessions AS s WHERE s.import_id = i.id), 0) FROM {imports} AS i"
        " ORDER BY i.sha256",
        expected.data);
    ti_buffer_free(&expected);
}

START_TEST(test_at_once)
{
    for (int scene = 0; scene < ROUNDS; scene++) {
        import_at_once(scene);
        check_origins(scene);
    }
    check_sums(ROUNDS);
}
END_TEST

/* The same bytes once more: what was imported before is a duplicate of it then. */
START_TEST(test_again)
{
    int64_t id;

    for (int round = 0; round < 3; round++) {
        suite_put_quote("A", "2016-01-04", "010", 1);
        suite.store->again = round != 1;
        ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &id), round == 1 ? TICKER_DONE : TICKER_OK);
        suite.store->again = false;
    }
    store_suite_expect(suite.store, "ii", "SELECT id, duplicate_of FROM {imports} AS i WHERE status = 'duplicate'",
                       id == 2 ? "1|2;" : "1|3;"); /* a number may have been taken in vain */
    store_suite_expect(suite.store, "i", "SELECT count(*) FROM {imports} AS i WHERE status = 'imported'", "1;");
    store_suite_expect(suite.store, "ii",
                       "SELECT count(*), count(CASE WHEN import_id = (SELECT max(id) FROM {imports} AS i) THEN 1 END)"
                       " FROM {quotes} AS q",
                       "1|1;");
}
END_TEST

void suite_add_standing(Suite *to)
{
    TCase *tests = suite_group(to, "standing");

    tcase_add_test(tests, test_every_order);
    tcase_add_test(tests, test_any_files);
    tcase_add_test(tests, test_snapshots);
    tcase_add_test(tests, test_at_once);
    tcase_add_test(tests, test_again);
}
