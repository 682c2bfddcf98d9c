/* Buffers that go round between an owner and threads. */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "aws/parts.h"

typedef struct worker {
    ti_parts *parts;
    atomic_int now, most, done;
    int64_t fail_at; /* -1: never */
    unsigned milliseconds;
    bool until_stop;
} worker;

static void nap(unsigned milliseconds)
{
    const struct timespec time = {.tv_nsec = (long)milliseconds * 1000000};

    (void)nanosleep(&time, NULL);
}

static ticker_status work(void *self, ti_part *part, ticker_error *error)
{
    worker *mine = self;
    int now = atomic_fetch_add(&mine->now, 1) + 1, most = atomic_load(&mine->most);

    while (now > most && !atomic_compare_exchange_weak(&mine->most, &most, now))
        ;
    nap(mine->milliseconds);
    while (mine->until_stop && !atomic_load(ti_parts_stop(mine->parts)))
        nap(1);
    memset(part->data, (int)part->index, part->size);
    ti_parts_lock(mine->parts);
    part->filled = part->size;
    ti_parts_unlock(mine->parts, false);
    (void)atomic_fetch_sub(&mine->now, 1);
    (void)atomic_fetch_add(&mine->done, 1);
    if (part->index == mine->fail_at)
        return ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_INPUT, "part of no use");
    return TICKER_OK;
}

static void begin(worker *mine, unsigned threads, bool keep)
{
    *mine = (worker){.fail_at = -1};
    mine->parts = ti_parts_new(threads, keep, work, mine);
    ck_assert_ptr_nonnull(mine->parts);
}

static ticker_status submit(worker *mine, int64_t index, size_t size, ti_part **part)
{
    ticker_status status;

    status = ti_parts_wait(mine->parts, ti_parts_available, mine->parts, -1, NULL);
    if (status != TICKER_OK)
        return status;
    ck_assert_int_eq(ti_parts_take(mine->parts, size, part, NULL), TICKER_OK);
    ck_assert_uint_ge((*part)->capacity, size);
    ck_assert_uint_eq((*part)->size, 0);
    (*part)->index = index;
    (*part)->size = size;
    return ti_parts_submit(mine->parts, *part, NULL);
}

START_TEST(all_are_done)
{
    worker mine;
    ti_part *part;

    begin(&mine, 3, false);
    mine.milliseconds = 1;
    for (int64_t i = 0; i < 100; i++)
        ck_assert_int_eq(submit(&mine, i, 1000 + (size_t)i, &part), TICKER_OK);
    ck_assert_int_eq(ti_parts_wait(mine.parts, ti_parts_idle, mine.parts, -1, NULL), TICKER_OK);
    ck_assert_int_eq(atomic_load(&mine.done), 100);
    ck_assert_int_ge(atomic_load(&mine.most), 2);
    ck_assert_int_le(atomic_load(&mine.most), 3);
    ck_assert_int_eq(ti_parts_finished(mine.parts), 100 * 1000 + 99 * 50);
    ti_parts_free(mine.parts);
    ti_parts_free(NULL);
}
END_TEST

/* No more threads than there is work for. */
START_TEST(one_after_the_other)
{
    worker mine;
    ti_part *part;

    begin(&mine, 8, false);
    for (int64_t i = 0; i < 20; i++) {
        ck_assert_int_eq(submit(&mine, i, 10, &part), TICKER_OK);
        ck_assert_int_eq(ti_parts_wait(mine.parts, ti_parts_idle, mine.parts, -1, NULL), TICKER_OK);
        nap(1);
    }
    ck_assert_int_eq(atomic_load(&mine.most), 1);
    ti_parts_free(mine.parts);
}
END_TEST

static bool never(void *self)
{
    (void)self;
    return false;
}

START_TEST(kept_until_they_are_given)
{
    ti_part *kept[3], *more;
    worker mine;

    begin(&mine, 3, true);
    for (int64_t i = 0; i < 3; i++)
        ck_assert_int_eq(submit(&mine, i, 10, &kept[i]), TICKER_OK);
    ck_assert_int_eq(ti_parts_wait(mine.parts, ti_parts_idle, mine.parts, -1, NULL), TICKER_OK);
    ck_assert_int_eq(ti_parts_take(mine.parts, 10, &more, NULL), TICKER_DONE);
    ck_assert_int_eq(ti_parts_wait(mine.parts, never, NULL, 10, NULL), TICKER_DONE);
    for (int i = 0; i < 3; i++) {
        ck_assert(kept[i]->done);
        ck_assert_uint_eq(kept[i]->filled, 10);
        ck_assert_int_eq(kept[i]->data[9], i);
    }
    ti_parts_give(mine.parts, kept[1]);
    ck_assert_int_eq(ti_parts_take(mine.parts, 20, &more, NULL), TICKER_OK);
    ck_assert_int_eq(ti_part_grow(more, 4000, NULL), TICKER_OK);
    memset(more->data, 7, 4000);
    ck_assert_int_eq(ti_parts_take(mine.parts, 10, &more, NULL), TICKER_DONE);
    ti_parts_free(mine.parts);
}
END_TEST

START_TEST(fewer_buffers)
{
    ti_part *first, *second;
    worker mine;

    begin(&mine, 4, false);
    ti_parts_limit(mine.parts, 2);
    ck_assert_int_eq(ti_parts_take(mine.parts, 10, &first, NULL), TICKER_OK);
    ck_assert_int_eq(ti_parts_take(mine.parts, 10, &second, NULL), TICKER_OK);
    ck_assert_int_eq(ti_parts_take(mine.parts, 10, &second, NULL), TICKER_DONE);
    ti_parts_limit(mine.parts, 0); /* one there always is */
    ti_parts_give(mine.parts, second);
    ck_assert_int_eq(ti_parts_take(mine.parts, 10, &second, NULL), TICKER_DONE);
    ti_parts_give(mine.parts, first);
    ck_assert_int_eq(ti_parts_take(mine.parts, 10, &second, NULL), TICKER_OK);
    ti_parts_free(mine.parts);
}
END_TEST

START_TEST(a_failure_ends_it)
{
    ticker_error error;
    worker mine;
    ti_part *part;
    int64_t i = 0;

    begin(&mine, 2, false);
    ti_error_init(&error);
    mine.fail_at = 5;
    while (i < 1000 && submit(&mine, i, 10, &part) == TICKER_OK)
        i++;
    ck_assert_int_lt(i, 20);
    ck_assert(atomic_load(ti_parts_stop(mine.parts)));
    ck_assert_int_eq(ti_parts_wait(mine.parts, ti_parts_available, mine.parts, -1, &error), TICKER_FAILED);
    ck_assert_str_eq(error.message, "part of no use");
    ti_parts_free(mine.parts);
}
END_TEST

START_TEST(freed_while_they_work)
{
    ti_part *part;
    worker mine;

    for (int i = 0; i < 20; i++) {
        begin(&mine, 3, i % 2 == 0);
        mine.until_stop = true;
        for (int64_t j = 0; j < 3; j++)
            ck_assert_int_eq(submit(&mine, j, 10, &part), TICKER_OK);
        ti_parts_free(mine.parts);
        ck_assert_int_le(atomic_load(&mine.done), 3);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {all_are_done,  one_after_the_other, kept_until_they_are_given,
                                  fewer_buffers, a_failure_ends_it,   freed_while_they_work};

    return run_tests("parts", tests, COUNT(tests));
}
