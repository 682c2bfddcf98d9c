/* The second thread of an import: every batch in its order, and what becomes of failures, of ends and of stops. */
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "pipeline/overlap.h"

typedef struct slow_store {
    ticker_store base;
    size_t puts;
    bool wrong;         /* batches came in another order */
    size_t fail_at;     /* SIZE_MAX: never */
    ticker_status with; /* what it fails with */
    bool hang;          /* the first put waits until it is told to stop */
    long pause;         /* nanoseconds of a put */
} slow_store;

static void rest(long nanoseconds)
{
    const struct timespec pause = {.tv_nsec = nanoseconds};

    (void)nanosleep(&pause, NULL);
}

static ticker_status put(ticker_store *store, const ticker_batch *batch, ticker_error *error)
{
    slow_store *self = (slow_store *)store;

    while (self->hang && !ti_store_interrupted(store))
        rest(1000000);
    if (self->hang)
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_DATABASE, "stopped");
    rest(self->pause);
    self->wrong |= batch->line[0] != self->puts || store->snapshot != (int64_t)self->puts + 1;
    if (self->puts == self->fail_at)
        return ti_fail(error, self->with, TICKER_ERROR_INPUT, "batch %zu", self->puts);
    self->puts++;
    return TICKER_OK;
}

static const ti_store_ops ops = {.size = sizeof(ti_store_ops), .name = "slow", .put = put};

static int asked;

static bool ask(void *payload)
{
    asked++;
    return *(const bool *)payload;
}

/* Hands `count` batches over; what that came to is in *status. Returns how many were taken. */
static size_t hand_over(ti_overlap *overlap, size_t count, ticker_report *report, ticker_status *status,
                        ticker_error *error)
{
    ticker_batch *batch = ti_batch_new(TICKER_QUOTES, 4, 16);
    size_t taken = 0, made = 1;

    *status = TICKER_OK;
    for (; taken < count && *status == TICKER_OK; taken += *status == TICKER_OK) {
        ticker_batch *empty = NULL;

        ti_batch_clear(batch);
        batch->rows = 1;
        batch->line[0] = taken;
        report->records = (int64_t)taken + 1;
        report->snapshot = (int64_t)taken + 1;
        *status = ti_overlap_put(overlap, batch, report, &empty, error);
        if (*status == TICKER_OK && empty == NULL) {
            empty = ti_batch_new(TICKER_QUOTES, 4, 16);
            made++;
        }
        if (*status == TICKER_OK)
            batch = empty;
    }
    ck_assert_uint_le(made, 5);
    ti_batch_free(batch);
    return taken;
}

static ticker_report *new_report(void)
{
    ticker_report *report = calloc(1, sizeof(*report));

    ck_assert_ptr_nonnull(report);
    return report;
}

START_TEST(every_batch_in_its_order)
{
    slow_store store = {.base.ops = &ops, .fail_at = SIZE_MAX};
    ticker_report *report = new_report();
    bool stop = false;
    ticker_status status;
    ticker_error error;

    for (size_t count = 0; count < 40; count = 3 * count + 1) {
        ti_overlap *overlap = ti_overlap_begin(&store.base, NULL, ask, &stop);

        ti_error_init(&error);
        ck_assert_ptr_nonnull(overlap);
        store.puts = 0;
        ck_assert_uint_eq(hand_over(overlap, count, report, &status, &error), count);
        ck_assert_int_eq(ti_overlap_end(overlap, status, report, &error), TICKER_OK);
        ck_assert_uint_eq(store.puts, count);
        ck_assert(!store.wrong);
        ck_assert_ptr_null(store.base.interrupted);
    }
    free(report);
}
END_TEST

/* The report goes back to the batch that did not go in, however far the reader was. */
START_TEST(a_batch_that_fails)
{
    static const ticker_status ends[] = {TICKER_FAILED, TICKER_DONE};

    for (size_t i = 0; i < COUNT(ends); i++)
        for (int reading_failed = 0; reading_failed < 2; reading_failed++) {
            slow_store store = {.base.ops = &ops, .fail_at = 2, .with = ends[i], .pause = 200000};
            ticker_report *report = new_report();
            bool stop = false;
            ti_overlap *overlap = ti_overlap_begin(&store.base, NULL, ask, &stop);
            ticker_status status;
            ticker_error error;

            ti_error_init(&error);
            ck_assert_ptr_nonnull(overlap);
            (void)hand_over(overlap, reading_failed ? 4 : 50, report, &status, &error);
            if (reading_failed)
                status = ti_fail(&error, TICKER_FAILED, TICKER_ERROR_INPUT, "line 9 cannot be read");
            report->stages[TI_STAGE_READING] = 77;
            ck_assert_int_eq(ti_overlap_end(overlap, status, report, &error), ends[i]);
            ck_assert_str_eq(error.message, "batch 2");
            ck_assert_int_eq(report->records, 3);
            ck_assert_int_eq(report->stages[TI_STAGE_READING], 77);
            ck_assert_uint_eq(store.puts, 2);
            free(report);
        }
}
END_TEST

START_TEST(reading_fails_after_good_batches)
{
    slow_store store = {.base.ops = &ops, .fail_at = SIZE_MAX, .pause = 1000000};
    ticker_report *report = new_report();
    bool stop = false;
    ti_overlap *overlap = ti_overlap_begin(&store.base, NULL, ask, &stop);
    ticker_status status;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_ptr_nonnull(overlap);
    ck_assert_uint_eq(hand_over(overlap, 4, report, &status, &error), 4);
    status = ti_fail(&error, TICKER_FAILED, TICKER_ERROR_INPUT, "line 9 cannot be read");
    ck_assert_int_eq(ti_overlap_end(overlap, status, report, &error), TICKER_FAILED);
    ck_assert_str_eq(error.message, "line 9 cannot be read");
    ck_assert_uint_eq(store.puts, 4);
    free(report);
}
END_TEST

/* The store waits for ever; the caller is asked meanwhile, says that it is enough, and that reaches the store. */
START_TEST(a_stop_reaches_the_store)
{
    for (size_t count = 1; count < 20; count += 9) {
        slow_store store = {.base.ops = &ops, .fail_at = SIZE_MAX, .hang = true};
        ticker_report *report = new_report();
        bool stop = true;
        ti_overlap *overlap = ti_overlap_begin(&store.base, NULL, ask, &stop);
        ticker_status status;
        ticker_error error;

        ti_error_init(&error);
        ck_assert_ptr_nonnull(overlap);
        asked = 0;
        (void)hand_over(overlap, count, report, &status, &error);
        ck_assert_int_eq(ti_overlap_end(overlap, status, report, &error), TICKER_RETRY);
        ck_assert_int_ge(asked, 1);
        ck_assert_uint_eq(store.puts, 0);
        free(report);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_batch_in_its_order, a_batch_that_fails, reading_fails_after_good_batches,
                                  a_stop_reaches_the_store};

    return run_tests("overlap", tests, COUNT(tests));
}
