/* The queue suite: messages, their time, their end. Many at once are in queue_suite_many.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "queue_suite_parts.h"

const queue_backend *queue_backend_of_suite;
ticker_queue *queue;
ticker_error queue_error;

/* --- Tools --------------------------------------------------------------------------------------------------------------------- */

void queue_suite_ok(ticker_status status, const ticker_error *error, const char *what)
{
    char text[1024];

    (void)ticker_error_format(error, text, sizeof(text));
    ck_assert_msg(status == TICKER_OK, "%s: %s: %s", what, ticker_status_name(status), text);
}

void queue_ok(ticker_status status, const char *what)
{
    queue_suite_ok(status, &queue_error, what);
}

/* The call must fail like this; the error is empty again afterwards. */
void queue_fails(ticker_status status, ticker_status wanted, ticker_error_kind kind)
{
    ck_assert_str_eq(ticker_status_name(status), ticker_status_name(wanted));
    ck_assert_int_eq(ticker_error_get_kind(&queue_error), kind);
    ck_assert_str_ne(ticker_error_message(&queue_error), "");
    ti_error_init(&queue_error);
}

void queue_suite_sleep(int milliseconds)
{
    struct timespec rest = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};

    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        ;
}

int64_t queue_now(void)
{
    return ti_clock_system.monotonic(ti_clock_system.self);
}

void queue_suite_send(ticker_queue *to, const char *body)
{
    ticker_error error;

    ti_error_init(&error);
    queue_suite_ok(ticker_queue_send(to, body, 0, &error), &error, "send");
}

ticker_message *queue_suite_receive(ticker_queue *from, int wait, int visibility)
{
    ticker_message *message = NULL;
    ticker_error error;
    size_t count = 9;

    ti_error_init(&error);
    queue_suite_ok(ticker_queue_receive(from, 1, wait, visibility, &message, &count, &error), &error, "receive");
    ck_assert_uint_le(count, 1);
    return count == 1 ? message : NULL;
}

ticker_message *queue_suite_take(ticker_queue *from, int visibility)
{
    ticker_message *message = queue_suite_receive(from, 10, visibility);

    ck_assert_msg(message != NULL, "no message came");
    return message;
}

static void is_empty(void)
{
    ticker_message *message = queue_suite_receive(queue, 0, 30);

    ck_assert_msg(message == NULL, "there is a message: %s", message != NULL ? ticker_message_body(message, NULL) : "");
}

static void end_message(ticker_message *message)
{
    queue_ok(ticker_queue_done(queue, message, &queue_error), "done");
    ticker_message_free(message);
}

/* --- Messages ------------------------------------------------------------------------------------------------------------------ */

START_TEST(a_message)
{
    size_t size = 0;
    int64_t now = ti_clock_system.now(ti_clock_system.self);
    ticker_message *message;

    ck_assert_str_eq(ticker_queue_backend(queue), queue_backend_of_suite->name);
    is_empty();
    queue_suite_send(queue, "{\"Records\": [\"ação\"]}\n\t.");
    message = queue_suite_take(queue, 30);
    ck_assert_str_eq(ticker_message_body(message, &size), "{\"Records\": [\"ação\"]}\n\t.");
    ck_assert_uint_eq(size, strlen(ticker_message_body(message, NULL)));
    ck_assert_str_ne(ticker_message_id(message), "");
    ck_assert_int_eq(ticker_message_attempts(message), 1);
    ck_assert_int_ge(ticker_message_sent(message), now - 60000);
    ck_assert_int_le(ticker_message_sent(message), now + 60000);
    is_empty();
    end_message(message);
    is_empty();
    ticker_message_free(NULL);
    ticker_queue_free(NULL);
}
END_TEST

START_TEST(large_and_wrong_bodies)
{
    static const char *const wrong[] = {"a\x01z", "\xff", "caf\xc3", "\xed\xa0\x80", "\xef\xbf\xbf", "\x1b[31m"};
    size_t large = 200000, over = (size_t)TICKER_EVENT_BYTES_MAX + 1;
    char *body = malloc(over + 1);
    ticker_message *message;

    ck_assert_ptr_nonnull(body);
    memset(body, 'x', over);
    body[over] = '\0';
    queue_fails(ticker_queue_send(queue, body, 0, &queue_error), TICKER_FAILED, TICKER_ERROR_LIMIT);
    queue_fails(ticker_queue_send(queue, "", 0, &queue_error), TICKER_FATAL, TICKER_ERROR_USAGE);
    queue_fails(ticker_queue_send(queue, NULL, 0, &queue_error), TICKER_FATAL, TICKER_ERROR_USAGE);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        queue_fails(ticker_queue_send(queue, wrong[i], 0, &queue_error), TICKER_FAILED, TICKER_ERROR_INPUT);
    body[large] = '\0';
    body[0] = '{';
    queue_suite_send(queue, body);
    message = queue_suite_take(queue, 30);
    ck_assert_str_eq(ticker_message_body(message, NULL), body);
    end_message(message);
    is_empty();
    free(body);
}
END_TEST

START_TEST(arguments)
{
    ticker_message *message, *messages[11];
    size_t count = 7;

    queue_fails(ticker_queue_send(queue, "x", -1, &queue_error), TICKER_FATAL, TICKER_ERROR_USAGE);
    queue_fails(ticker_queue_send(queue, "x", 901, &queue_error), TICKER_FATAL, TICKER_ERROR_USAGE);
    queue_fails(ticker_queue_receive(queue, 0, 0, 30, messages, &count, &queue_error), TICKER_FATAL,
                TICKER_ERROR_USAGE);
    ck_assert_uint_eq(count, 0);
    queue_fails(ticker_queue_receive(queue, 11, 0, 30, messages, &count, &queue_error), TICKER_FATAL,
                TICKER_ERROR_USAGE);
    queue_fails(ticker_queue_receive(queue, 1, 21, 30, messages, &count, &queue_error), TICKER_FATAL,
                TICKER_ERROR_USAGE);
    queue_fails(ticker_queue_receive(queue, 1, 0, 0, messages, &count, &queue_error), TICKER_FATAL, TICKER_ERROR_USAGE);
    queue_fails(ticker_queue_receive(queue, 1, 0, 43201, messages, &count, &queue_error), TICKER_FATAL,
                TICKER_ERROR_USAGE);
    queue_fails(ticker_queue_dead(queue, 0, NULL, NULL, &queue_error), TICKER_FATAL, TICKER_ERROR_USAGE);
    queue_suite_send(queue, "x");
    message = queue_suite_take(queue, 30);
    queue_fails(ticker_queue_extend(queue, message, 0, &queue_error), TICKER_FATAL, TICKER_ERROR_USAGE);
    queue_fails(ticker_queue_extend(queue, message, 43201, &queue_error), TICKER_FATAL, TICKER_ERROR_USAGE);
    queue_fails(ticker_queue_release(queue, message, -1, &queue_error), TICKER_FATAL, TICKER_ERROR_USAGE);
    queue_fails(ticker_queue_release(queue, message, 43201, &queue_error), TICKER_FATAL, TICKER_ERROR_USAGE);
    queue_fails(ticker_queue_done_batch(queue, (const ticker_message *const *)&message, 11, NULL, &queue_error),
                TICKER_FATAL, TICKER_ERROR_USAGE);
    queue_ok(ticker_queue_done_batch(queue, NULL, 0, NULL, &queue_error), "none done");
    end_message(message);
}
END_TEST

START_TEST(in_the_order_of_time)
{
    ticker_message *messages[10];
    char body[16];
    size_t count = 0, all = 0, seen = 0;

    for (int i = 0; i < 12; i++) {
        (void)snprintf(body, sizeof(body), "%d", i);
        queue_suite_send(queue, body);
    }
    for (int tries = 0; tries < 20 && all < 12; tries++) {
        queue_ok(ticker_queue_receive(queue, 10, 1, 30, messages, &count, &queue_error), "receive");
        for (size_t i = 0; i < count; i++, all++) {
            (void)snprintf(body, sizeof(body), "%zu", all);
            if (queue_backend_of_suite->exact)
                ck_assert_str_eq(ticker_message_body(messages[i], NULL), body);
            seen += (size_t)1 << strlen(ticker_message_body(messages[i], NULL));
            end_message(messages[i]);
        }
    }
    ck_assert_uint_eq(all, 12);
    ck_assert_uint_eq(seen, 10 * 2 + 2 * 4);
}
END_TEST

/* --- Time ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_delay)
{
    int64_t begun = queue_now();
    ticker_message *message;

    queue_ok(ticker_queue_send(queue, "later", 2, &queue_error), "send");
    is_empty();
    message = queue_suite_take(queue, 30);
    ck_assert_int_ge(queue_now() - begun, 1500);
    ck_assert_int_eq(ticker_message_attempts(message), 1);
    end_message(message);
}
END_TEST

START_TEST(time_runs_out)
{
    ticker_message *first, *second;

    queue_suite_send(queue, "again");
    first = queue_suite_take(queue, 1);
    is_empty();
    second = queue_suite_take(queue, 30);
    ck_assert_str_eq(ticker_message_id(first), ticker_message_id(second));
    ck_assert_str_eq(ticker_message_body(second, NULL), "again");
    ck_assert_int_eq(ticker_message_attempts(second), 2);
    if (queue_backend_of_suite->exact) { /* whoever came too late can take nothing from the other */
        queue_fails(ticker_queue_done(queue, first, &queue_error), TICKER_FAILED, TICKER_ERROR_INPUT);
        queue_fails(ticker_queue_extend(queue, first, 30, &queue_error), TICKER_FAILED, TICKER_ERROR_INPUT);
        queue_fails(ticker_queue_release(queue, first, 0, &queue_error), TICKER_FAILED, TICKER_ERROR_INPUT);
        queue_fails(ticker_queue_dead_letter(queue, first, "no", &queue_error), TICKER_FAILED, TICKER_ERROR_INPUT);
    }
    is_empty();
    end_message(second);
    ticker_message_free(first);
    is_empty();
}
END_TEST

START_TEST(late_but_nobody_else_came)
{
    ticker_message *message;

    queue_suite_send(queue, "slow");
    message = queue_suite_take(queue, 1);
    queue_suite_sleep(1300);
    end_message(message);
    is_empty();
}
END_TEST

START_TEST(extending)
{
    ticker_message *message;

    queue_suite_send(queue, "long");
    message = queue_suite_take(queue, 1);
    queue_ok(ticker_queue_extend(queue, message, 30, &queue_error), "extend");
    queue_suite_sleep(1500);
    is_empty();
    queue_ok(ticker_queue_extend(queue, message, 1, &queue_error), "shorten");
    ticker_message_free(message);
    message = queue_suite_take(queue, 30);
    ck_assert_int_eq(ticker_message_attempts(message), 2);
    end_message(message);
}
END_TEST

START_TEST(releasing)
{
    int64_t begun;
    ticker_message *message, *again;

    queue_suite_send(queue, "back");
    message = queue_suite_take(queue, 600);
    queue_ok(ticker_queue_release(queue, message, 0, &queue_error), "release");
    again = queue_suite_take(queue, 600);
    ck_assert_int_eq(ticker_message_attempts(again), 2);
    if (queue_backend_of_suite->exact)
        queue_fails(ticker_queue_done(queue, message, &queue_error), TICKER_FAILED, TICKER_ERROR_INPUT);
    ticker_message_free(message);
    begun = queue_now();
    queue_ok(ticker_queue_release(queue, again, 2, &queue_error), "release for later");
    ticker_message_free(again);
    is_empty();
    message = queue_suite_take(queue, 600);
    ck_assert_int_ge(queue_now() - begun, 1500);
    end_message(message);
}
END_TEST

/* --- Dead letters -------------------------------------------------------------------------------------------------------------- */

#define LETTERS_MAX 64

typedef struct letters {
    size_t count, stop_at;
    char id[LETTERS_MAX][256], body[LETTERS_MAX][64], reason[LETTERS_MAX][1024];
    int64_t attempts[LETTERS_MAX], sent[LETTERS_MAX];
} letters;

static letters found;

static ticker_status note(void *payload, const char *id, const char *body, const char *reason, int64_t attempts,
                          int64_t sent, ticker_error *error)
{
    letters *list = payload;

    (void)error;
    ck_assert_uint_lt(list->count, LETTERS_MAX);
    (void)snprintf(list->id[list->count], sizeof(list->id[0]), "%s", id);
    (void)snprintf(list->body[list->count], sizeof(list->body[0]), "%s", body);
    (void)snprintf(list->reason[list->count], sizeof(list->reason[0]), "%s", reason);
    list->attempts[list->count] = attempts;
    list->sent[list->count++] = sent;
    return list->stop_at != 0 && list->count >= list->stop_at ? TICKER_WARN : TICKER_OK;
}

/* Lists them until there are so many, or five seconds are over. */
static void list_letters(size_t wanted)
{
    for (int tries = 0; tries < 50; tries++) {
        memset(&found, 0, sizeof(found));
        queue_ok(ticker_queue_dead(queue, LETTERS_MAX, note, &found, &queue_error), "list the dead");
        if (found.count == wanted)
            return;
        queue_suite_sleep(100);
    }
    ck_assert_uint_eq(found.count, wanted);
}

static void bury(const char *body, const char *reason)
{
    ticker_message *message;

    queue_suite_send(queue, body);
    message = queue_suite_take(queue, 30);
    queue_ok(ticker_queue_dead_letter(queue, message, reason, &queue_error), "dead letter");
    ticker_message_free(message);
}

START_TEST(a_dead_letter)
{
    int64_t count = 9, now = ti_clock_system.now(ti_clock_system.self);
    ticker_message *message;

    list_letters(0);
    bury("poison", "no such\nobject \xff");
    is_empty();
    list_letters(1);
    ck_assert_str_eq(found.body[0], "poison");
    ck_assert_int_ge(found.sent[0], now - 60000);
    if (queue_backend_of_suite->exact) {
        ck_assert_str_eq(found.reason[0], "no such object \xef\xbf\xbd");
        ck_assert_int_eq(found.attempts[0], 1);
    }
    queue_ok(ticker_queue_retry_dead(queue, "nobody", &count, &queue_error), "retry nobody");
    ck_assert_int_eq(count, 0);
    queue_ok(ticker_queue_retry_dead(queue, found.id[0], &count, &queue_error), "retry");
    ck_assert_int_eq(count, 1);
    list_letters(0);
    message = queue_suite_take(queue, 30);
    ck_assert_str_eq(ticker_message_body(message, NULL), "poison");
    ck_assert_int_eq(ticker_message_attempts(message), 1);
    end_message(message);
}
END_TEST

START_TEST(many_dead_letters)
{
    int64_t count = 9;
    char body[16];

    for (int i = 0; i < 12; i++) {
        (void)snprintf(body, sizeof(body), "%d", i);
        bury(body, "");
    }
    list_letters(12);
    for (size_t i = 0; i < 12 && queue_backend_of_suite->exact; i++) {
        (void)snprintf(body, sizeof(body), "%zu", i);
        ck_assert_str_eq(found.body[i], body);
        ck_assert_str_eq(found.reason[i], "");
    }
    memset(&found, 0, sizeof(found));
    queue_ok(ticker_queue_dead(queue, 3, note, &found, &queue_error), "list three");
    ck_assert_uint_eq(found.count, 3);
    memset(&found, 0, sizeof(found));
    found.stop_at = 2;
    ck_assert_int_eq(ticker_queue_dead(queue, LETTERS_MAX, note, &found, &queue_error), TICKER_WARN);
    ck_assert_uint_eq(found.count, 2);
    list_letters(12);
    queue_ok(ticker_queue_drop_dead(queue, found.id[4], &count, &queue_error), "drop one");
    ck_assert_int_eq(count, 1);
    queue_ok(ticker_queue_drop_dead(queue, found.id[4], &count, &queue_error), "drop it again");
    ck_assert_int_eq(count, 0);
    list_letters(11);
    queue_ok(ticker_queue_retry_dead(queue, found.id[2], NULL, &queue_error), "retry one");
    list_letters(10);
    queue_ok(ticker_queue_retry_dead(queue, NULL, &count, &queue_error), "retry all");
    ck_assert_int_eq(count, 10);
    list_letters(0);
    for (int i = 0; i < 11; i++)
        end_message(queue_suite_take(queue, 30));
    is_empty();
    bury("a", "");
    bury("b", "");
    list_letters(2);
    queue_ok(ticker_queue_drop_dead(queue, NULL, &count, &queue_error), "drop all");
    ck_assert_int_eq(count, 2);
    list_letters(0);
}
END_TEST

START_TEST(too_many_attempts)
{
    ticker_message *message;

    queue_suite_send(queue, "hopeless");
    for (int i = 1; i <= QUEUE_ATTEMPTS; i++) {
        message = queue_suite_take(queue, 30);
        ck_assert_int_eq(ticker_message_attempts(message), i);
        queue_ok(ticker_queue_release(queue, message, 0, &queue_error), "release");
        ticker_message_free(message);
    }
    is_empty();
    list_letters(1);
    ck_assert_str_eq(found.body[0], "hopeless");
    if (queue_backend_of_suite->exact) {
        ck_assert_str_eq(found.reason[0], "received 3 times without success");
        ck_assert_int_eq(found.attempts[0], 3);
    }
}
END_TEST

/* --- Counting ------------------------------------------------------------------------------------------------------------------ */

/* Some queues take a moment until their numbers are right. */
static void counts_are(int64_t waiting, int64_t working, int64_t dead)
{
    int64_t count[3] = {-2, -2, -2};

    for (int tries = 0; tries < 50; tries++) {
        queue_ok(ticker_queue_counts(queue, &count[0], &count[1], &count[2], &queue_error), "counts");
        if (count[0] == waiting && count[1] == working && count[2] == dead)
            return;
        queue_suite_sleep(100);
    }
    ck_assert_msg(false, "%lld waiting, %lld working, %lld dead", (long long)count[0], (long long)count[1],
                  (long long)count[2]);
}

START_TEST(counts)
{
    ticker_message *message;

    counts_are(0, 0, 0);
    queue_suite_send(queue, "1");
    queue_suite_send(queue, "2");
    queue_ok(ticker_queue_send(queue, "3", 600, &queue_error), "send for later");
    counts_are(3, 0, 0);
    message = queue_suite_take(queue, 30);
    counts_are(2, 1, 0);
    queue_ok(ticker_queue_dead_letter(queue, message, "wrong", &queue_error), "dead letter");
    ticker_message_free(message);
    counts_are(2, 0, 1);
    message = queue_suite_take(queue, 1);
    counts_are(1, 1, 1);
    ticker_message_free(message);
    if (queue_backend_of_suite->exact) /* others may find out only when somebody asks for messages */
        counts_are(2, 0, 1);
    queue_ok(ticker_queue_counts(queue, NULL, NULL, NULL, &queue_error), "no counts");
}
END_TEST

/* --- The suite ----------------------------------------------------------------------------------------------------------------- */

static void set_up(void)
{
    ti_error_init(&queue_error);
    queue_backend_of_suite->set_up();
    queue = queue_backend_of_suite->open();
}

static void tear_down(void)
{
    queue_backend_of_suite->close(queue);
    queue_backend_of_suite->tear_down();
}

Suite *queue_suite(const queue_backend *of)
{
    const TTest *const tests[] = {a_message,
                                  large_and_wrong_bodies,
                                  arguments,
                                  in_the_order_of_time,
                                  a_delay,
                                  time_runs_out,
                                  late_but_nobody_else_came,
                                  extending,
                                  releasing,
                                  a_dead_letter,
                                  many_dead_letters,
                                  too_many_attempts,
                                  counts};
    Suite *made = suite_create(of->name);
    TCase *group = tcase_create("messages");

    queue_backend_of_suite = of;
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_set_timeout(group, 60);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tcase_add_test(group, tests[i]);
    suite_add_tcase(made, group);
    group = tcase_create("many at once");
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_set_timeout(group, 120);
    queue_suite_add_many(group);
    suite_add_tcase(made, group);
    return made;
}
