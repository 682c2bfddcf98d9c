/* The sort outside the database: everything comes back, in order, whatever the memory. */
#include <stdlib.h>

#include "store/spool.h"
#include "support.h"

#define WORDS 2

typedef struct sample {
    uint64_t key[TI_SPOOL_WORDS];
    uint32_t number;
    size_t size;
} sample;

static int compare(const void *left, const void *right)
{
    const sample *a = left, *b = right;

    for (unsigned i = 0; i < WORDS; i++)
        if (a->key[i] != b->key[i])
            return a->key[i] < b->key[i] ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

/* A record begins with its number and goes on with bytes that follow from it. */
static void fill(char *at, const sample *of)
{
    memcpy(at, &of->number, sizeof(of->number));
    memset(at + sizeof(of->number), (int)(of->number & 0x7f), of->size - sizeof(of->number));
}

static void put(ti_spool *spool, const sample *of)
{
    ticker_error error;
    char *at = NULL;

    ti_error_init(&error);
    ck_assert_int_eq(ti_spool_reserve(spool, &at, &error), TICKER_OK);
    fill(at, of);
    ti_spool_add(spool, of->key, of->size);
}

static void check_sorted(size_t memory, uint32_t count, size_t largest, uint64_t spread)
{
    ti_spool *spool = ti_spool_new(memory, WORDS, "/tmp");
    sample *samples = calloc(count + 1, sizeof(*samples));
    static char expected[TI_SPOOL_RECORD_MAX];
    uint64_t seed = 1;
    ti_spool_record record;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_ptr_nonnull(spool);
    ck_assert_ptr_nonnull(samples);
    for (uint32_t i = 0; i < count; i++) {
        samples[i] = (sample){.key = {next_random(&seed) % spread, next_random(&seed) % spread << 40},
                              .number = i,
                              .size = sizeof(uint32_t) + next_random(&seed) % (largest - sizeof(uint32_t) + 1)};
        put(spool, &samples[i]);
    }
    qsort(samples, count, sizeof(*samples), compare);
    ck_assert_int_eq(ti_spool_sort(spool, &error), TICKER_OK);
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_int_eq(ti_spool_next(spool, &record, &error), TICKER_OK);
        fill(expected, &samples[i]);
        ck_assert_mem_eq(record.key, samples[i].key, WORDS * sizeof(uint64_t));
        ck_assert_uint_eq(record.size, samples[i].size);
        ck_assert_mem_eq(record.data, expected, record.size);
    }
    ck_assert_int_eq(ti_spool_next(spool, &record, &error), TICKER_DONE);
    ck_assert_int_eq(ti_spool_next(spool, &record, &error), TICKER_DONE);
    ti_spool_free(spool);
    free(samples);
}

START_TEST(in_memory)
{
    check_sorted(1 << 20, 0, 100, 10);
    check_sorted(1 << 20, 1, 100, 10);
    check_sorted(1 << 20, 1000, 100, UINT64_C(1) << 31);
    check_sorted(1 << 20, 1000, 100, 1);
}
END_TEST

START_TEST(runs)
{
    uint32_t some = (uint32_t)many_or_few(20000, 12000); /* more than fit into the memory */

    check_sorted(1 << 20, some, 200, 50);
    check_sorted(1 << 20, some, 200, UINT64_C(1) << 31);
    check_sorted(1 << 20, 500, TI_SPOOL_RECORD_MAX, 7);
}
END_TEST

/* So little memory that runs are merged again and again. */
START_TEST(many_runs)
{
    uint32_t some = (uint32_t)many_or_few(20000, 6000);

    check_sorted(0, some, 120, 1000);
    check_sorted(0, some, 120, 2);
    check_sorted(0, 300, TI_SPOOL_RECORD_MAX, 300);
}
END_TEST

START_TEST(no_folder)
{
    ti_spool *spool = ti_spool_new(0, WORDS, "/nowhere/at/all");
    uint64_t key[TI_SPOOL_WORDS] = {0};
    ticker_status status = TICKER_OK;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_ptr_nonnull(spool);
    for (int i = 0; i < 100 && status == TICKER_OK; i++) {
        char *at = NULL;

        status = ti_spool_reserve(spool, &at, &error);
        if (status != TICKER_OK)
            break;
        memset(at, 0, TI_SPOOL_RECORD_MAX);
        ti_spool_add(spool, key, TI_SPOOL_RECORD_MAX);
    }
    ck_assert_int_eq(status, TICKER_RETRY);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_IO);
    ti_spool_free(spool);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {in_memory, runs, many_runs, no_folder};

    return run_tests("sqlite_spool", tests, COUNT(tests));
}
