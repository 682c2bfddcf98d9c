/* The queue above its backends: which URL means which, waiting for messages by a clock that does not wait, and what is announced. */
#include "fake_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tickerimport/event.h>

#include "queue/queue.h"
#include "storage/storage.h"

static ticker_error error;

/* --- A clock moved by hand, and a store whose queue is a list of answers ------------------------------------------------------- */

static int64_t time_now, slept[256];
static size_t sleeps;

static int64_t read_time(void *self)
{
    (void)self;
    return time_now;
}

static void sleep_not(void *self, int64_t milliseconds)
{
    (void)self;
    ck_assert_uint_lt(sleeps, COUNT(slept));
    slept[sleeps++] = milliseconds;
    time_now += milliseconds;
}

static const ti_clock hand_clock = {read_time, read_time, sleep_not, NULL};

typedef struct queue_store {
    ticker_store store;
    size_t looks, first_at, rows; /* the look that finds something, and how much */
    ticker_status fails;          /* what each look answers then */
    ti_queue_take take;           /* of the last look */
    char receipt[128], sent[2048];
    bool done[TI_QUEUE_BATCH_MAX];
    bool watched;
} queue_store;

static ticker_status migrate(ticker_store *store, ticker_error *of)
{
    (void)store;
    (void)of;
    return TICKER_OK;
}

static ticker_status send_it(ticker_store *store, const char *body, int64_t delay, ticker_error *of)
{
    (void)delay;
    (void)of;
    (void)snprintf(((queue_store *)store)->sent, sizeof(((queue_store *)store)->sent), "%s", body);
    return TICKER_OK;
}

static ticker_status receive(ticker_store *store, const ti_queue_take *take, ti_visit_queue_row visit, void *payload,
                             ticker_error *of)
{
    queue_store *self = (queue_store *)store;
    ti_queue_row row = {.id = 7, .attempts = 2, .sent = 99, .body = ti_slice_of("body"), .reason = ti_slice_of("")};
    ticker_status status = TICKER_OK;

    self->take = *take;
    self->watched = store->interrupted != NULL;
    (void)snprintf(self->receipt, sizeof(self->receipt), "%s", take->receipt);
    self->looks++;
    for (size_t i = 0; i < self->rows && self->looks > self->first_at && status == TICKER_OK; i++, row.id++)
        status = visit(payload, &row, of);
    if (status != TICKER_OK || self->fails == TICKER_OK || self->fails == TICKER_DONE)
        return status != TICKER_OK ? status : self->fails;
    return ti_fail(of, self->fails, TICKER_ERROR_DATABASE, "the database failed");
}

static ticker_status done_with(ticker_store *store, const ti_held *messages, size_t count, bool *done, ticker_error *of)
{
    queue_store *self = (queue_store *)store;

    (void)of;
    for (size_t i = 0; i < count; i++) {
        ck_assert_str_eq(messages[i].receipt, self->receipt);
        done[i] = self->done[messages[i].id - 7];
    }
    return TICKER_OK;
}

static const ti_store_queue_ops queue_ops = {
    .size = sizeof(queue_ops), .send = send_it, .receive = receive, .done = done_with};
static const ti_store_ops store_ops = {
    .size = sizeof(store_ops), .name = "list", .migrate = migrate, .queue = &queue_ops};

static ticker_queue *open_list(queue_store *store)
{
    ticker_queue *queue = NULL;

    *store = (queue_store){.store.ops = &store_ops};
    ti_error_init(&error);
    time_now = 1000;
    sleeps = 0;
    ck_assert_int_eq(ti_queue_database_open(&store->store, 5, &hand_clock, &queue, &error), TICKER_OK);
    return queue;
}

/* --- Opening ------------------------------------------------------------------------------------------------------------------- */

static ticker_status try_open(const char *url, ticker_store *store)
{
    ticker_options *options = ticker_options_new();
    ticker_queue *queue = NULL;
    ticker_status status;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_options_set(options, "queue-url", url, &error), TICKER_OK);
    status = ticker_queue_open(options, NULL, store, &queue, &error);
    ticker_options_free(options);
    ticker_queue_free(queue);
    return status;
}

START_TEST(urls)
{
    static const char *const wrong[] = {"", "database", "database:x", "amqp://user:secret@host", "SQS:x"};
    queue_store store;
    char text[1024];

    ticker_queue_free(open_list(&store));
    for (size_t i = 0; i < COUNT(wrong); i++) {
        ck_assert_int_eq(try_open(wrong[i], &store.store), TICKER_FATAL);
        ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_USAGE);
        (void)ticker_error_format(&error, text, sizeof(text));
        ck_assert_ptr_null(strstr(text, "secret"));
        ck_assert_ptr_nonnull(strstr(text, "sqs:NAME"));
    }
    ck_assert_int_eq(try_open("database:", &store.store), TICKER_OK);
    ck_assert_int_eq(try_open("database:", NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_USAGE);
    ck_assert_int_eq(ticker_queue_open(NULL, NULL, &store.store, NULL, NULL), TICKER_FATAL);
}
END_TEST

START_TEST(a_store_without_a_queue)
{
    ticker_queue *queue = NULL;
    fake_store fake;

    fake_store_init(&fake);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_queue_open(NULL, NULL, &fake.store, &queue, &error), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_UNSUPPORTED);
    ck_assert_ptr_null(queue);
    fake_store_free(&fake);
}
END_TEST

/* --- Waiting ------------------------------------------------------------------------------------------------------------------- */

START_TEST(pauses_grow)
{
    static const int64_t pauses[] = {50, 100, 100, 100, 100, 100, 100, 100}; /* 50, 100, 200 and 400, in pieces */
    queue_store store;
    ticker_queue *queue = open_list(&store);
    ticker_message *messages[10];
    size_t count = 3;

    store.first_at = 4;
    store.rows = 2;
    ck_assert_int_eq(ticker_queue_receive(queue, 10, 20, 30, messages, &count, &error), TICKER_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(store.looks, 5);
    ck_assert_uint_eq(sleeps, COUNT(pauses));
    ck_assert_mem_eq(slept, pauses, sizeof(pauses));
    ck_assert_uint_eq(store.take.max, 10);
    ck_assert_int_eq(store.take.visibility, 30000);
    ck_assert_int_eq(store.take.max_attempts, 5);
    ck_assert_uint_eq(strlen(store.receipt), 32);
    ck_assert_str_eq(ticker_message_id(messages[0]), "7");
    ck_assert_str_eq(ticker_message_id(messages[1]), "8");
    ck_assert_int_eq(ticker_message_attempts(messages[0]), 2);
    ck_assert_int_eq(ticker_message_sent(messages[0]), 99);
    ck_assert_int_eq(store.take.patience, 20000 - 750);
    ticker_message_free(messages[0]);
    ticker_message_free(messages[1]);
    ticker_queue_free(queue);
}
END_TEST

START_TEST(an_empty_queue)
{
    queue_store store;
    ticker_queue *queue = open_list(&store);
    ticker_message *messages[10];
    char receipt[128];
    size_t count = 3;

    ck_assert_int_eq(ticker_queue_receive(queue, 10, 0, 30, messages, &count, &error), TICKER_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(store.looks, 1);
    ck_assert_uint_eq(sleeps, 0);
    ck_assert_int_eq(store.take.patience, 1000);
    (void)snprintf(receipt, sizeof(receipt), "%s", store.receipt);
    ck_assert_int_eq(ticker_queue_receive(queue, 10, 20, 30, messages, &count, &error), TICKER_OK);
    ck_assert_int_eq(time_now, 21000);
    ck_assert_uint_lt(store.looks, 30); /* one a second when nothing comes */
    ck_assert_str_ne(receipt, store.receipt);
    store.fails = TICKER_DONE; /* a lock in the way is as good as an empty queue */
    ck_assert_int_eq(ticker_queue_receive(queue, 10, 0, 30, messages, &count, &error), TICKER_OK);
    ck_assert_uint_eq(count, 0);
    ticker_queue_free(queue);
}
END_TEST

static int countdown(void *payload)
{
    return --*(int *)payload < 0;
}

START_TEST(stopping)
{
    queue_store store;
    ticker_queue *queue = open_list(&store);
    ticker_message *messages[10];
    size_t count = 3;

    for (int questions = 0; questions < 12; questions++) {
        int left = questions;

        ticker_queue_watch(queue, countdown, &left);
        ti_error_init(&error);
        ck_assert_int_eq(ticker_queue_receive(queue, 10, 20, 30, messages, &count, &error), TICKER_RETRY);
        ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_CANCELLED);
        ck_assert_uint_eq(count, 0);
        ck_assert(store.watched);
        ck_assert(store.store.interrupted == NULL); /* it is the queue's only while it looks */
    }
    ck_assert_int_le(time_now, 1000 + 12 * 1200);
    ticker_queue_free(queue);
}
END_TEST

START_TEST(a_database_that_fails)
{
    queue_store store;
    ticker_queue *queue = open_list(&store);
    ticker_message *messages[10];
    size_t count = 3;

    store.rows = 3; /* are let go */
    store.fails = TICKER_RETRY;
    ck_assert_int_eq(ticker_queue_receive(queue, 10, 20, 30, messages, &count, &error), TICKER_RETRY);
    ck_assert_str_eq(ticker_error_message(&error), "the database failed");
    ck_assert_uint_eq(count, 0);
    store.rows = 11; /* more than asked for */
    store.fails = TICKER_OK;
    ti_error_init(&error);
    ck_assert_int_eq(ticker_queue_receive(queue, 10, 20, 30, messages, &count, &error), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_INTERNAL);
    ck_assert_uint_eq(count, 0);
    ticker_queue_free(queue);
}
END_TEST

START_TEST(some_are_no_longer_held)
{
    queue_store store;
    ticker_queue *queue = open_list(&store);
    ticker_message *messages[10];
    ticker_status results[10];
    size_t count = 0;

    store.rows = 3;
    store.done[0] = store.done[2] = true;
    ck_assert_int_eq(ticker_queue_receive(queue, 10, 20, 30, messages, &count, &error), TICKER_OK);
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(ticker_queue_done_batch(queue, (const ticker_message *const *)messages, count, results, &error),
                     TICKER_WARN);
    ck_assert_int_eq(results[0], TICKER_OK);
    ck_assert_int_eq(results[1], TICKER_FAILED);
    ck_assert_int_eq(results[2], TICKER_OK);
    ck_assert_ptr_nonnull(strstr(ticker_error_message(&error), "8"));
    ti_error_init(&error);
    ck_assert_int_eq(ticker_queue_done(queue, messages[1], &error), TICKER_FAILED);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_INPUT);
    ck_assert_int_eq(ticker_queue_done(queue, messages[0], NULL), TICKER_OK);
    for (size_t i = 0; i < count; i++)
        ticker_message_free(messages[i]);
    ticker_queue_free(queue);
}
END_TEST

/* --- Announcing ---------------------------------------------------------------------------------------------------------------- */

static void announces(const ti_storage_ops *kind, const char *key, const char *url, const char *version,
                      const char *place, const char *rest, const char *bucket, const char *object_key)
{
    ticker_event *event = NULL;
    ticker_storage storage = {.ops = kind};
    ticker_stored *stored = ti_stored_new(key, url, version, "abc");
    queue_store store;
    ticker_queue *queue = open_list(&store);

    ck_assert_ptr_nonnull(stored);
    stored->bytes = 12;
    ck_assert_int_eq(ticker_queue_announce(queue, &storage, stored, &error), TICKER_OK);
    ck_assert_msg(strstr(store.sent, "\"eventName\":\"ObjectCreated:Put\"") != NULL, "%s", store.sent);
    ck_assert_mem_eq(store.sent, "{\"Records\":[{", 13);
    ck_assert_msg(strstr(store.sent, place) != NULL, "%s", store.sent);
    ck_assert_msg(strstr(store.sent, rest) != NULL, "%s", store.sent);
    ck_assert_int_eq(ticker_event_parse(store.sent, strlen(store.sent), &event, &error), TICKER_OK);
    ck_assert_int_eq(ticker_event_get_kind(event), TICKER_EVENT_OBJECTS);
    ck_assert_uint_eq(ticker_event_count(event), 1);
    ck_assert_int_eq(ticker_event_get_action(event, 0), TICKER_EVENT_IMPORT);
    ck_assert_str_eq(ticker_event_bucket(event, 0), bucket);
    ck_assert_str_eq(ticker_event_key(event, 0), object_key);
    ck_assert_str_eq(ticker_event_version(event, 0), version);
    ck_assert_int_eq(ticker_event_bytes(event, 0), 12);
    ck_assert_int_gt(ticker_event_time(event, 0), 0);
    ticker_event_free(event);
    ticker_stored_free(stored);
    ticker_queue_free(queue);
}

START_TEST(announcing)
{
    static const ti_storage_ops file = {.name = "file"}, s3 = {.name = "s3"};

    announces(
        &file, "0123/a b+ç.zip", "file:///x/0123/a%20b", "",
        "\"bucket\":{\"name\":\"file\"},\"object\":{\"key\":\"0123/a%20b%2B%C3%A7.zip\",\"size\":12,\"eTag\":\"abc\"",
        ",\"sequencer\":\"0000", "file", "0123/a b+ç.zip");
    announces(&s3, "0123/a b", "s3://my-bucket/up/0123/a b", "v1",
              "\"bucket\":{\"name\":\"my-bucket\"},\"object\":{\"key\":\"up/0123/a%20b\",\"size\":12",
              ",\"versionId\":\"v1\",", "my-bucket", "up/0123/a b");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {urls,
                                  a_store_without_a_queue,
                                  pauses_grow,
                                  an_empty_queue,
                                  stopping,
                                  a_database_that_fails,
                                  some_are_no_longer_held,
                                  announcing};

    return run_tests("queue", tests, COUNT(tests));
}
