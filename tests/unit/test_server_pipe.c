/* Bytes between an event loop and a worker, and the workers themselves. The loop's side is this thread, which counts how often it would
 * have been parked and woken. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pipe.h"
#include "workers.h"
#include "unit/checked.h"

#define CAPACITY 1000

typedef struct scene {
    body_pipe *pipe;
    atomic_int parked; /* now */
    sem_t woken;
    /* The worker's. */
    const char *data;
    size_t size, piece, got;
    char *taken;
    body_result result;
    bool good;
    pthread_t thread;
} scene;

static void park(void *payload)
{
    scene *s = (scene *)payload;

    ck_assert_int_eq(atomic_fetch_add(&s->parked, 1), 0);
}

static void wake(void *payload)
{
    scene *s = (scene *)payload;

    ck_assert_int_eq(atomic_fetch_sub(&s->parked, 1), 1);
    ck_assert_int_eq(sem_post(&s->woken), 0);
}

static void open_scene(scene *s, unsigned stall_ms, unsigned rate)
{
    body_pipe_loop loop = {park, wake, s};
    body_pipe_patience patience = {stall_ms, rate};

    memset(s, 0, sizeof(*s));
    ck_assert_int_eq(sem_init(&s->woken, 0, 0), 0);
    s->pipe = body_pipe_new(CAPACITY, loop, patience);
    ck_assert_ptr_nonnull(s->pipe);
}

static void close_scene(scene *s)
{
    body_pipe_free(s->pipe);
    free(s->taken);
    (void)sem_destroy(&s->woken);
}

static void run(scene *s, void *(*worker)(void *))
{
    ck_assert_int_eq(pthread_create(&s->thread, NULL, worker, s), 0);
}

static void end(scene *s)
{
    ck_assert_int_eq(pthread_join(s->thread, NULL), 0);
}

static char *numbers(size_t size)
{
    char *data = (char *)malloc(size);

    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (char)(i * 7 + i / 251);
    return data;
}

/* --- The body of a request ------------------------------------------------------------------------------------------------------ */

static void *read_all(void *payload)
{
    scene *s = (scene *)payload;
    size_t got;

    s->taken = (char *)malloc(s->size + 1);
    ck_assert_ptr_nonnull(s->taken);
    while ((s->result = body_pipe_read(s->pipe, s->taken + s->got, s->size + 1 - s->got, &got)) == BODY_MORE)
        s->got += got;
    body_pipe_finish(s->pipe, false);
    return NULL;
}

START_TEST(a_body_goes_in)
{
    scene s;
    char *data = numbers(100000);
    size_t at = 0;

    open_scene(&s, 20000, 0);
    s.size = 100000;
    run(&s, read_all);
    while (at < s.size) {
        size_t part = s.size - at < 333 ? s.size - at : 333, put = body_pipe_put(s.pipe, data + at, part);

        ck_assert_uint_le(put, part);
        at += put;
        if (put < part)
            ck_assert_int_eq(sem_wait(&s.woken), 0); /* parked: as the loop, it goes on when it is woken */
    }
    ck_assert(!body_pipe_has_all(s.pipe));
    body_pipe_put_end(s.pipe);
    end(&s);
    ck_assert(body_pipe_has_all(s.pipe));
    ck_assert_int_eq(s.result, BODY_END);
    ck_assert_uint_eq(s.got, s.size);
    ck_assert_mem_eq(s.taken, data, s.size);
    ck_assert_int_eq(s.parked, 0);
    /* Nobody reads any more: all is taken, and nobody is parked. */
    ck_assert_uint_eq(body_pipe_put(s.pipe, data, 5000), 5000);
    free(data);
    close_scene(&s);
}
END_TEST

START_TEST(a_body_breaks_off)
{
    static const body_result why[] = {BODY_BROKEN, BODY_STOPPED};

    for (size_t i = 0; i < 2; i++) {
        scene s;

        open_scene(&s, 20000, 0);
        s.size = 100;
        ck_assert_uint_eq(body_pipe_put(s.pipe, "0123456789", 10), 10);
        run(&s, read_all);
        body_pipe_cut(s.pipe, why[i], false);
        end(&s);
        ck_assert_int_eq(s.result, why[i]); /* and not the end, whatever had come */
        close_scene(&s);
    }
}
END_TEST

START_TEST(a_body_takes_too_long)
{
    scene s;
    struct timespec pause = {0, 20000000};

    open_scene(&s, 150, 1000000);
    s.size = 1000;
    run(&s, read_all);
    end(&s); /* nothing at all */
    ck_assert_int_eq(s.result, BODY_LATE);
    close_scene(&s);

    open_scene(&s, 150, 1000000);
    s.size = 1000;
    run(&s, read_all);
    for (int i = 0; i < 30; i++) { /* a byte now and then: never silent for long, and too slow in all */
        (void)body_pipe_put(s.pipe, "x", 1);
        (void)nanosleep(&pause, NULL);
    }
    end(&s);
    ck_assert_int_eq(s.result, BODY_LATE);
    close_scene(&s);
}
END_TEST

/* --- The body of an answer ------------------------------------------------------------------------------------------------------ */

static void *write_all(void *payload)
{
    scene *s = (scene *)payload;
    size_t at = 0;

    body_pipe_start(s->pipe);
    s->good = true;
    while (s->good && at < s->size) {
        size_t part = s->size - at < s->piece ? s->size - at : s->piece;

        s->good = body_pipe_write(s->pipe, s->data + at, part);
        at += part;
    }
    body_pipe_finish(s->pipe, s->result != BODY_END);
    return NULL;
}

static body_result take_all(scene *s, char *to, size_t *size)
{
    body_result result;
    size_t got;

    *size = 0;
    do {
        result = body_pipe_take(s->pipe, to + *size, 700, &got);
        *size += got;
        if (result == BODY_PARKED)
            ck_assert_int_eq(sem_wait(&s->woken), 0);
    } while (result == BODY_MORE || result == BODY_PARKED);
    return result;
}

START_TEST(a_body_goes_out)
{
    static const size_t pieces[] = {1, 99, 1000, 5000, 60000};
    char *data = numbers(60000), *taken = (char *)malloc(60000 + 700);

    ck_assert_ptr_nonnull(taken);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
        for (int failed = 0; failed < 2; failed++) {
            scene s;
            size_t size;

            open_scene(&s, 20000, 0);
            s.data = data;
            s.size = 60000;
            s.piece = pieces[i];
            s.result = failed ? BODY_BROKEN : BODY_END;
            run(&s, write_all);
            ck_assert_int_eq(take_all(&s, taken, &size), s.result); /* a failure is seen after what was written */
            end(&s);
            ck_assert_uint_eq(size, s.size);
            ck_assert_mem_eq(taken, data, size);
            close_scene(&s);
        }
    free(taken);
    free(data);
}
END_TEST

START_TEST(nobody_takes_the_answer)
{
    char *data = numbers(60000), byte[1];
    scene s;
    size_t got;

    open_scene(&s, 100, 1000000);
    s.data = data;
    s.size = s.piece = 60000;
    s.result = BODY_END;
    run(&s, write_all);
    end(&s);
    ck_assert(!s.good);
    while (body_pipe_take(s.pipe, byte, 1, &got) == BODY_MORE)
        ck_assert_uint_eq(got, 1);
    ck_assert_int_eq(body_pipe_take(s.pipe, byte, 1, &got), BODY_BROKEN); /* never a good end */
    close_scene(&s);

    open_scene(&s, 20000, 0);
    s.data = data;
    s.size = s.piece = 60000;
    run(&s, write_all);
    body_pipe_cut(s.pipe, BODY_BROKEN, false);
    end(&s);
    ck_assert(!s.good);
    close_scene(&s);
    free(data);
}
END_TEST

START_TEST(how_far_the_worker_is)
{
    scene s;
    bool parked;
    size_t got;
    char byte[1];

    open_scene(&s, 20000, 0);
    ck_assert_int_eq(body_pipe_await(s.pipe, BODY_HEAD, &parked), BODY_HEAD);
    ck_assert(parked && s.parked == 1);
    ck_assert_uint_eq(body_pipe_put(s.pipe, "x", 1), 1);
    ck_assert_int_eq(body_pipe_read(s.pipe, byte, 1, &got), BODY_MORE);
    ck_assert_int_eq(s.parked, 0); /* it asked for the body: woken */
    ck_assert_int_eq(body_pipe_await(s.pipe, BODY_HEAD, &parked), BODY_READING);
    ck_assert(!parked);
    ck_assert_int_eq(body_pipe_await(s.pipe, BODY_READING, &parked), BODY_READING);
    ck_assert(parked);
    body_pipe_finish(s.pipe, false);
    ck_assert_int_eq(s.parked, 0);
    ck_assert_int_eq(body_pipe_await(s.pipe, BODY_READING, &parked), BODY_ANSWERED);
    ck_assert(!parked);
    close_scene(&s);

    /* The server stops: nobody is parked any more. */
    open_scene(&s, 20000, 0);
    (void)body_pipe_await(s.pipe, BODY_READING, &parked);
    body_pipe_cut(s.pipe, BODY_STOPPED, true);
    ck_assert_int_eq(s.parked, 0);
    (void)body_pipe_await(s.pipe, BODY_READING, &parked);
    ck_assert(!parked);
    close_scene(&s);
}
END_TEST

/* --- Workers -------------------------------------------------------------------------------------------------------------------- */

typedef struct gate {
    sem_t entered, open;
    atomic_int done;
} gate;

static void pass(void *payload)
{
    gate *g = (gate *)payload;

    ck_assert_int_eq(sem_post(&g->entered), 0);
    ck_assert_int_eq(sem_wait(&g->open), 0);
    (void)atomic_fetch_add(&g->done, 1);
}

START_TEST(a_bounded_queue)
{
    workers *pool = workers_new(3, 5);
    gate g = {.done = 0};

    ck_assert_ptr_nonnull(pool);
    ck_assert_int_eq(sem_init(&g.entered, 0, 0), 0);
    ck_assert_int_eq(sem_init(&g.open, 0, 0), 0);
    for (int i = 0; i < 3; i++)
        ck_assert(workers_put(pool, pass, &g));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(sem_wait(&g.entered), 0); /* all threads have one */
    for (int i = 0; i < 5; i++)
        ck_assert(workers_put(pool, pass, &g));
    ck_assert(!workers_put(pool, pass, &g));
    ck_assert_uint_eq(workers_busy(pool), 8);
    ck_assert_int_eq(sem_post(&g.open), 0);
    ck_assert_int_eq(sem_wait(&g.entered), 0); /* there is room again */
    ck_assert(workers_put(pool, pass, &g));
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(sem_post(&g.open), 0);
    workers_free(pool); /* does those in the queue first */
    ck_assert_int_eq(g.done, 9);
    workers_free(NULL);
    (void)sem_destroy(&g.entered);
    (void)sem_destroy(&g.open);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server_pipe");
    TCase *all = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_test(all, a_body_goes_in);
    tcase_add_test(all, a_body_breaks_off);
    tcase_add_test(all, a_body_takes_too_long);
    tcase_add_test(all, a_body_goes_out);
    tcase_add_test(all, nobody_takes_the_answer);
    tcase_add_test(all, how_far_the_worker_is);
    tcase_add_test(all, a_bounded_queue);
    suite_add_tcase(suite, all);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
