/* The queue suite: several processes and threads at one queue, waiting, and being stopped. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "queue_suite_parts.h"

#define WORKERS 2 /* processes, and as many threads in each */
#define BODY_BYTES 16

/* --- Draining ------------------------------------------------------------------------------------------------------------------ */

static int results[2]; /* a pipe: what each worker got, in records of BODY_BYTES */

static void say(const char *body)
{
    char record[BODY_BYTES] = "";

    (void)snprintf(record, sizeof(record), "%s", body);
    if (write(results[1], record, sizeof(record)) != sizeof(record))
        _exit(3);
}

/* Takes what there is until nothing came for a while. */
static void drain(ticker_queue *from)
{
    ticker_message *messages[10];
    ticker_status status[10];
    ticker_error error;
    size_t count = 0;

    ti_error_init(&error);
    for (;;) {
        if (ticker_queue_receive(from, 10, 2, 60, messages, &count, &error) != TICKER_OK)
            _exit(4);
        if (count == 0)
            return;
        for (size_t i = 0; i < count; i++)
            say(ticker_message_body(messages[i], NULL));
        if (ticker_queue_done_batch(from, (const ticker_message *const *)messages, count, status, &error) != TICKER_OK)
            _exit(5);
        for (size_t i = 0; i < count; i++)
            ticker_message_free(messages[i]);
    }
}

static void *drain_in_thread(void *unused)
{
    ticker_queue *own = queue_backend_of_suite->open();

    drain(own);
    queue_backend_of_suite->close(own);
    return unused;
}

static void drain_in_process(void)
{
    pthread_t threads[WORKERS];

    for (int i = 0; i < WORKERS; i++)
        if (pthread_create(&threads[i], NULL, drain_in_thread, NULL) != 0)
            _exit(6);
    for (int i = 0; i < WORKERS; i++)
        (void)pthread_join(threads[i], NULL);
    _exit(0);
}

/* Each body must have come once. */
static void check_bodies(size_t many)
{
    unsigned char *seen = calloc(many, 1);
    char record[BODY_BYTES];
    size_t all = 0;

    ck_assert_ptr_nonnull(seen);
    while (read(results[0], record, sizeof(record)) == sizeof(record)) {
        size_t number = 0;

        for (const char *at = record; *at != '\0'; at++)
            number = number * 10 + (size_t)(*at - '0');
        ck_assert_uint_lt(number, many);
        ck_assert_msg(seen[number] == 0, "message %zu came twice", number);
        seen[number] = 1;
        all++;
    }
    ck_assert_uint_eq(all, many);
    free(seen);
}

START_TEST(each_message_once)
{
    size_t many = queue_backend_of_suite->many;
    char body[BODY_BYTES];
    pid_t children[WORKERS];

    for (size_t i = 0; i < many; i++) {
        (void)snprintf(body, sizeof(body), "%zu", i);
        queue_suite_send(queue, body);
    }
    ck_assert_int_eq(pipe(results), 0);
    for (int i = 0; i < WORKERS; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0) {
            (void)close(results[0]);
            drain_in_process();
        }
    }
    (void)close(results[1]);
    check_bodies(many);
    for (int i = 0; i < WORKERS; i++) {
        int result = -1;

        ck_assert_int_eq(waitpid(children[i], &result, 0), children[i]);
        ck_assert_msg(WIFEXITED(result) && WEXITSTATUS(result) == 0, "a worker ended with %d", result);
    }
    (void)close(results[0]);
    ck_assert_ptr_null(queue_suite_receive(queue, 0, 30));
}
END_TEST

/* --- A worker that dies -------------------------------------------------------------------------------------------------------- */

START_TEST(killed_while_holding)
{
    ticker_message *message;
    char said = 0;
    pid_t child;

    queue_suite_send(queue, "survivor");
    ck_assert_int_eq(pipe(results), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        ticker_queue *own = queue_backend_of_suite->open();

        message = queue_suite_take(own, 2);
        said = (char)('0' + ticker_message_attempts(message));
        if (write(results[1], &said, 1) != 1)
            _exit(3);
        for (;;)
            queue_suite_sleep(1000);
    }
    ck_assert_int_eq(read(results[0], &said, 1), 1);
    ck_assert_int_eq(said, '1');
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    message = queue_suite_take(queue, 30);
    ck_assert_str_eq(ticker_message_body(message, NULL), "survivor");
    ck_assert_int_eq(ticker_message_attempts(message), 2);
    queue_ok(ticker_queue_done(queue, message, &queue_error), "done");
    ticker_message_free(message);
    (void)close(results[0]);
    (void)close(results[1]);
}
END_TEST

/* --- Waiting ------------------------------------------------------------------------------------------------------------------- */

START_TEST(waiting)
{
    int64_t begun = queue_now();
    ticker_message *message = queue_suite_receive(queue, 1, 30);
    pid_t child;

    ck_assert_ptr_null(message);
    ck_assert_int_ge(queue_now() - begun, 900);
    ck_assert_int_le(queue_now() - begun, 8000);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        ticker_queue *own = queue_backend_of_suite->open();

        queue_suite_sleep(700);
        queue_suite_send(own, "late");
        queue_backend_of_suite->close(own);
        _exit(0);
    }
    begun = queue_now();
    message = queue_suite_receive(queue, 20, 30);
    ck_assert_ptr_nonnull(message);
    ck_assert_str_eq(ticker_message_body(message, NULL), "late");
    ck_assert_int_le(queue_now() - begun, 10000);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ticker_message_free(message);
}
END_TEST

static int stop_after(void *payload)
{
    int *left = payload;

    return --*left < 0;
}

START_TEST(stopped_while_waiting)
{
    int64_t begun = queue_now();
    int left = 3;
    ticker_message *message;
    size_t count = 5;

    ticker_queue_watch(queue, stop_after, &left);
    /* A server may not notice that nobody waits any more, and give a message to who is gone: for two seconds. */
    queue_fails(ticker_queue_receive(queue, 1, 20, 2, &message, &count, &queue_error), TICKER_RETRY,
                TICKER_ERROR_CANCELLED);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_le(queue_now() - begun, 5000);
    ticker_queue_watch(queue, NULL, NULL);
    queue_suite_send(queue, "after all");
    message = queue_suite_take(queue, 30);
    queue_ok(ticker_queue_done(queue, message, &queue_error), "done");
    ticker_message_free(message);
}
END_TEST

START_TEST(a_batch_that_is_done)
{
    ticker_message *messages[10];
    ticker_status status[10];
    size_t count = 0;

    for (int i = 0; i < 5; i++)
        queue_suite_send(queue, "x");
    while (count < 5) {
        size_t more = 0;

        queue_ok(ticker_queue_receive(queue, 10 - count, 5, 60, messages + count, &more, &queue_error), "receive");
        ck_assert_uint_gt(more, 0);
        count += more;
    }
    if (queue_backend_of_suite->exact) {
        queue_ok(ticker_queue_done(queue, messages[2], &queue_error), "done");
        ck_assert_int_eq(
            ticker_queue_done_batch(queue, (const ticker_message *const *)messages, count, status, &queue_error),
            TICKER_WARN);
        ck_assert_str_ne(ticker_error_message(&queue_error), "");
        for (size_t i = 0; i < count; i++)
            ck_assert_int_eq(status[i], i == 2 ? TICKER_FAILED : TICKER_OK);
    } else {
        queue_ok(ticker_queue_done_batch(queue, (const ticker_message *const *)messages, count, status, &queue_error),
                 "done");
    }
    for (size_t i = 0; i < count; i++)
        ticker_message_free(messages[i]);
    ck_assert_ptr_null(queue_suite_receive(queue, 0, 30));
}
END_TEST

void queue_suite_add_many(TCase *group)
{
    tcase_add_test(group, each_message_once);
    tcase_add_test(group, killed_while_holding);
    tcase_add_test(group, waiting);
    tcase_add_test(group, stopped_while_waiting);
    tcase_add_test(group, a_batch_that_is_done);
}
