/* The cache suite: many threads, which want the same, and imports among them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_suite_parts.h"

#define CROWD 100

/* A computation that counts, and takes its time. */
typedef struct work {
    atomic_int begun, failures; /* how many of the computations fail: the first ones */
    int milliseconds;
    const char *text;
    bool leave; /* the first one says that there will be nothing */
} work;

static ticker_status do_work(void *payload, ticker_cache_result *result, ticker_error *error)
{
    work *mine = payload;
    int number = atomic_fetch_add(&mine->begun, 1);

    if (mine->leave && number == 0)
        ticker_cache_result_leave(result);
    if (!mine->leave || number == 0)
        cache_sleep(mine->milliseconds);
    if (mine->leave && number == 0)
        return TICKER_DONE;
    if (number < atomic_load(&mine->failures))
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_DATABASE, "failure %d", number);
    ticker_cache_result_give(result, strdup(mine->text), strlen(mine->text), 0);
    return TICKER_OK;
}

typedef struct asker {
    pthread_t thread;
    pthread_barrier_t *start;
    work *work;
    ticker_status status;
    char text[32];
    int64_t took;
} asker;

static void *ask(void *payload)
{
    asker *mine = payload;
    ticker_cache_entry *entry = NULL;
    const char *tag = "A";
    int64_t begun;

    if (mine->start != NULL)
        (void)pthread_barrier_wait(mine->start);
    begun = cache_clock();
    mine->status = ticker_cache_fetch(cache, "k", &tag, 1, do_work, mine->work, &entry, NULL);
    mine->took = cache_clock() - begun;
    if (entry != NULL)
        (void)snprintf(mine->text, sizeof(mine->text), "%.*s", (int)ticker_cache_entry_size(entry),
                       (const char *)ticker_cache_entry_data(entry));
    ticker_cache_entry_free(entry);
    return NULL;
}

/* All at once; how many of them had each status. */
static void ask_all(asker *askers, size_t count, work *shared, int *good, int *bad)
{
    pthread_barrier_t start;

    *good = *bad = 0;
    ck_assert_int_eq(pthread_barrier_init(&start, NULL, (unsigned)count), 0);
    for (size_t i = 0; i < count; i++) {
        askers[i] = (asker){.start = &start, .work = shared};
        ck_assert_int_eq(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(pthread_join(askers[i].thread, NULL), 0);
        *(askers[i].status == TICKER_OK ? good : bad) += 1;
        ck_assert_str_eq(askers[i].text, askers[i].status == TICKER_OK ? shared->text : "");
    }
    ck_assert_int_eq(pthread_barrier_destroy(&start), 0);
}

START_TEST(a_hundred_misses_compute_once)
{
    static asker askers[CROWD];
    int good, bad;

    for (int round = 0; round < 10; round++) {
        work shared = {.milliseconds = round % 2 == 0 ? 50 : 0, .text = "answer"};

        cache_bump(cache, "A");
        ask_all(askers, CROWD, &shared, &good, &bad);
        ck_assert_int_eq(good, CROWD);
        ck_assert_int_eq(atomic_load(&shared.begun), 1);
    }
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_MISS), 10);
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_MISS) + ticker_cache_count(cache, TICKER_CACHE_SHARED) +
                          ticker_cache_count(cache, TICKER_CACHE_HIT),
                      10 * CROWD);
    ck_assert_uint_gt(ticker_cache_count(cache, TICKER_CACHE_SHARED), CROWD);
}
END_TEST

/* One failure is that of the one who computed. */
START_TEST(the_next_one_computes)
{
    static asker askers[CROWD];
    work shared = {.milliseconds = 20, .text = "answer", .failures = 1};
    int good, bad;

    ask_all(askers, CROWD, &shared, &good, &bad);
    ck_assert_int_eq(bad, 1);
    ck_assert_int_eq(atomic_load(&shared.begun), 2);
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_MISS), 2);
}
END_TEST

/* Nobody waits for all the others' failures one after the other. */
START_TEST(when_all_fail)
{
    static asker askers[CROWD];
    work shared = {.milliseconds = 100, .text = "answer", .failures = 1000};
    int good, bad;

    ask_all(askers, CROWD, &shared, &good, &bad);
    ck_assert_int_eq(bad, CROWD);
    ck_assert_int_eq(atomic_load(&shared.begun), CROWD);
    for (size_t i = 0; i < CROWD; i++)
        ck_assert_int_lt(askers[i].took, 3000);
    atomic_store(&shared.failures, 0);
    ask_all(askers, CROWD, &shared, &good, &bad);
    ck_assert_int_eq(good, CROWD);
    ck_assert_int_eq(atomic_load(&shared.begun), CROWD + 1);
}
END_TEST

/* What began before an import is not for who came after it, and does not hold him up. */
START_TEST(not_what_began_before_the_bump)
{
    work slow = {.milliseconds = 2000, .text = "old"}, quick = {.text = "new"};
    asker before = {.work = &slow}, after = {.work = &quick};

    ck_assert_int_eq(pthread_create(&before.thread, NULL, ask, &before), 0);
    while (atomic_load(&slow.begun) == 0)
        cache_sleep(1);
    cache_bump(cache, "A");
    (void)ask(&after);
    ck_assert_str_eq(after.text, "new");
    ck_assert_int_lt(after.took, 1500);
    ck_assert_int_eq(pthread_join(before.thread, NULL), 0);
    ck_assert_str_eq(before.text, "old"); /* who asked before the import may have it */
    (void)ask(&after);
    ck_assert_str_eq(after.text, "new");            /* stored by neither of the two in place of the new one … */
    ck_assert_int_le(atomic_load(&quick.begun), 2); /* … though the old one may have driven it out */
}
END_TEST

START_TEST(who_leaves_holds_nobody_up)
{
    static asker askers[10];
    work shared = {.milliseconds = 2000, .text = "answer", .leave = true};
    asker first = {.work = &shared};
    int64_t begun = cache_clock();

    ck_assert_int_eq(pthread_create(&first.thread, NULL, ask, &first), 0);
    while (atomic_load(&shared.begun) == 0)
        cache_sleep(1);
    for (size_t i = 0; i < 10; i++) {
        askers[i] = (asker){.work = &shared};
        ck_assert_int_eq(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    for (size_t i = 0; i < 10; i++) {
        ck_assert_int_eq(pthread_join(askers[i].thread, NULL), 0);
        ck_assert_str_eq(askers[i].text, "answer");
    }
    ck_assert_int_lt(cache_clock() - begun, 1800);
    ck_assert_int_eq(pthread_join(first.thread, NULL), 0);
    ck_assert_int_eq(first.status, TICKER_DONE);
}
END_TEST

/* --- Imports among readers ----------------------------------------------------------------------------------------------------- */

/* A database of numbers that grow: commit, then bump, then say so. Whatever is served to who asks after that is as new. */
#define TABLES 4
#define READERS 6
#define RUN 1500 /* milliseconds */

typedef struct table {
    char tag[8];
    atomic_long committed, bumped;
} table;

static table tables[TABLES];
static atomic_bool over;
static atomic_long served;

static ticker_status read_table(void *payload, ticker_cache_result *result, ticker_error *error)
{
    const table *from = payload;
    char text[32];

    (void)error;
    (void)snprintf(text, sizeof(text), "%ld", atomic_load(&from->committed));
    if (atomic_fetch_add(&served, 1) % 3 == 0)
        cache_sleep(1); /* long enough for an import to come between */
    ticker_cache_result_give(result, strdup(text), strlen(text) + 1, 0);
    return TICKER_OK;
}

static long number_in(const ticker_cache_entry *entry)
{
    long number = 0;

    for (const char *at = ticker_cache_entry_data(entry); *at != '\0'; at++)
        number = number * 10 + (*at - '0');
    return number;
}

/* What a thread returns. */
static void *saying(const char *text)
{
    return (void *)(uintptr_t)text;
}

static void *reader(void *payload)
{
    uintptr_t number = (uintptr_t)payload;

    for (size_t i = number; !atomic_load(&over); i++) {
        table *from = &tables[i % TABLES];
        const char *tag = from->tag;
        ticker_cache_entry *entry = NULL;
        long floor = atomic_load(&from->bumped);

        /* Half of them as an answer that depends on everything. */
        if (ticker_cache_fetch(cache, i % 2 == 0 ? from->tag : tag + 1, &tag, i % 2 == 0, read_table, from, &entry,
                               NULL) != TICKER_OK)
            return saying("a fetch failed");
        if (number_in(entry) < floor)
            return saying("an answer was older than a bump");
        ticker_cache_entry_free(entry);
    }
    return NULL;
}

static void *writer(void *payload)
{
    uintptr_t number = (uintptr_t)payload;

    for (size_t i = number; !atomic_load(&over); i += 2) {
        table *to = &tables[i % TABLES];
        const char *tag = to->tag;
        long now = atomic_fetch_add(&to->committed, 1) + 1;

        if ((i % 16 < 2 ? ticker_cache_bump_all(cache, NULL) : ticker_cache_bump(cache, &tag, 1, NULL)) != TICKER_OK)
            return saying("a bump failed");
        atomic_store(&to->bumped, now);
        cache_sleep(2);
    }
    return NULL;
}

START_TEST(never_older_than_a_bump)
{
    pthread_t threads[READERS + 2];
    void *wrong = NULL;

    for (size_t i = 0; i < TABLES; i++)
        (void)snprintf(tables[i].tag, sizeof(tables[i].tag), "T%zu", i);
    for (uintptr_t i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, reader, (void *)i), 0);
    for (uintptr_t i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[READERS + i], NULL, writer, (void *)i), 0);
    cache_sleep(RUN);
    atomic_store(&over, true);
    for (size_t i = 0; i < READERS + 2; i++) {
        void *said;

        ck_assert_int_eq(pthread_join(threads[i], &said), 0);
        wrong = said != NULL ? said : wrong;
    }
    ck_assert_msg(wrong == NULL, "%s", (const char *)wrong);
    ck_assert_uint_gt(ticker_cache_count(cache, TICKER_CACHE_HIT), 100); /* it did cache meanwhile */
    ck_assert_uint_gt(ticker_cache_count(cache, TICKER_CACHE_BUMP), 100);
}
END_TEST

void cache_suite_add_threads(TCase *group)
{
    tcase_add_test(group, a_hundred_misses_compute_once);
    tcase_add_test(group, the_next_one_computes);
    tcase_add_test(group, when_all_fail);
    tcase_add_test(group, not_what_began_before_the_bump);
    tcase_add_test(group, who_leaves_holds_nobody_up);
    tcase_add_test(group, never_older_than_a_bump);
}
