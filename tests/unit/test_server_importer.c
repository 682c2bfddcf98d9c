/* The thread that imports what was uploaded: good files and bad ones, strange messages, services that are away, and uploads that nobody
 * told of. */
#include "upload_scene.h"

#include <time.h>

#include "importer.h"
#include "uploads.h"

/* Until a query has that many rows. */
static void wait_for(const scene *s, const char *kind, const char *name, const char *value, int rows)
{
    const struct timespec moment = {.tv_nsec = 20000000};

    for (int i = 0; i < 1000 && rows_of(s, kind, name, value) != rows; i++)
        (void)nanosleep(&moment, NULL);
    ck_assert_int_eq(rows_of(s, kind, name, value), rows);
}

START_TEST(imports_by_itself)
{
    importer_setup setup;
    importer *worker;
    scene s;

    scene_open(&s, "receive-wait", "1", NULL);
    setup = (importer_setup){.options = s.options, .console = &s.console};
    worker = importer_start(&setup);
    ck_assert_ptr_nonnull(worker);
    ck_assert_int_eq(post(&s, OPEN("good.txt") TRADES TRADE("10") TRADE("20") CLOSE, 0), 201);
    ck_assert_int_eq(post(&s, OPEN("bad.txt") "00COTAHIST.2024BOVESPA 20240102\r\nrubbish" CLOSE, 0), 201);
    wait_for(&s, "imports", "status", "imported", 1);
    wait_for(&s, "imports", "status", "failed", 1);
    wait_for(&s, "quotes", "ticker", "PETR4", 1);
    ck_assert_int_eq(rows_of(&s, "imports", NULL, NULL), 2);
    importer_stop(worker);
    messages(&s, 0, 1); /* the bad one, with its reason */
    /* Which names the file as its client does, and nothing of the folder that it is in. */
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/imports?status=failed", NULL), 200);
    says(&s, "\"error\":\"bad.txt:2: ");
    ck_assert_ptr_null(strstr(s.body, "file:/"));
    ck_assert_ptr_null(strstr(s.body, "/uploads/"));
    /* What was imported is known. */
    ck_assert_int_eq(post(&s, OPEN("other.txt") TRADES TRADE("10") TRADE("20") CLOSE, 0), 200);
    says(&s, "\"status\":\"imported\"");
    ck_assert_int_eq(stored(&s), 2);
    scene_close(&s);
}
END_TEST

static void send_message(const scene *s, const char *body)
{
    ticker_store *store = open_store(s);
    ticker_queue *queue = NULL;

    ck_assert_int_eq(ticker_queue_open(s->options, NULL, store, &queue, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_queue_send(queue, body, 0, NULL), TICKER_OK);
    ticker_queue_free(queue);
    ticker_store_free(store);
}

static int64_t left_over(const scene *s)
{
    ticker_store *store = open_store(s);
    ticker_queue *queue = NULL;
    int64_t waiting = -1, working = -1;

    ck_assert_int_eq(ticker_queue_open(s->options, NULL, store, &queue, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_queue_counts(queue, &waiting, &working, NULL, NULL), TICKER_OK);
    ticker_queue_free(queue);
    ticker_store_free(store);
    return waiting + working;
}

/* Poison, events of somebody else, and objects that are not there. */
START_TEST(strange_messages)
{
    const struct timespec moment = {.tv_nsec = 20000000};
    importer_setup setup;
    importer *worker;
    scene s;

    scene_open(&s, "receive-wait", "1", "missing-object", "dead", NULL);
    setup = (importer_setup){.options = s.options, .console = &s.console};
    send_message(&s, "no JSON");
    send_message(&s, "{\"hello\":1}");
    send_message(&s, "{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Bucket\":\"b\"}");
    send_message(&s, "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":"
                     "{\"name\":\"file\"},\"object\":{\"key\":\"0123456789abcdef/none.zip\",\"size\":1}}}]}");
    send_message(&s, "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":"
                     "{\"name\":\"foreign\"},\"object\":{\"key\":\"none.zip\",\"size\":1}}}]}");
    send_message(&s, "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":"
                     "{\"name\":\"file\"},\"object\":{\"key\":\"../t.db\",\"size\":1}}}]}");
    send_message(&s,
                 "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventName\":\"ObjectRemoved:Delete\",\"s3\":{\"bucket\":"
                 "{\"name\":\"file\"},\"object\":{\"key\":\"0123456789abcdef/none.zip\"}}}]}");
    worker = importer_start(&setup);
    ck_assert_ptr_nonnull(worker);
    for (int i = 0; i < 1000 && left_over(&s) > 0; i++)
        (void)nanosleep(&moment, NULL);
    importer_stop(worker);
    messages(&s, 0, 4);
    scene_close(&s);
}
END_TEST

START_TEST(not_wanted)
{
    scene s;

    scene_open(&s, "queue-url", "sqs:name", "importer", "yes", NULL);
    ck_assert(!importer_wanted(s.options));
    scene_close(&s);
    scene_open(&s, "importer", "on", NULL);
    ck_assert(importer_wanted(s.options));
    scene_close(&s);
    scene_open(&s, "importer", "no", NULL);
    ck_assert(!importer_wanted(s.options));
    scene_close(&s);
    importer_stop(NULL);
}
END_TEST

/* Without a database it waits, and still ends when it is told to. */
START_TEST(waits_for_services)
{
    const struct timespec moment = {.tv_nsec = 100000000};
    importer_setup setup;
    importer *worker;
    scene s;

    scene_open(&s, "receive-wait", "1", "database-url", "postgres://nobody@127.0.0.1:1/none?connect_timeout=2", NULL);
    setup = (importer_setup){.options = s.options, .console = &s.console};
    worker = importer_start(&setup);
    ck_assert_ptr_nonnull(worker);
    (void)nanosleep(&moment, NULL);
    importer_stop(worker);
    scene_close(&s);
}
END_TEST

/* The server was killed between the ledger and the queue, or the file went away. */
START_TEST(left_behind)
{
    importer_setup setup;
    importer *worker;
    ticker_store *store;
    ticker_queue *queue = NULL;
    scene s;

    scene_open(&s, "receive-wait", "1", NULL);
    setup = (importer_setup){.options = s.options, .console = &s.console};
    ck_assert_int_eq(post(&s, OPEN("a%20b.txt") TRADES TRADE("10") CLOSE, 0), 201);
    ck_assert_int_eq(post(&s, OPEN("gone.txt") TRADES TRADE("20") CLOSE, 0), 201);
    remove_stored(&s, "gone.txt");
    store = open_store(&s);
    ck_assert_int_eq(ticker_queue_open(s.options, NULL, store, &queue, NULL), TICKER_OK);
    for (int i = 0; i < 2; i++) {
        ticker_message *message = NULL;
        size_t count = 0;

        ck_assert_int_eq(ticker_queue_receive(queue, 1, 0, 60, &message, &count, NULL), TICKER_OK);
        ck_assert_uint_eq(count, 1);
        ck_assert_int_eq(ticker_queue_done(queue, message, NULL), TICKER_OK);
        ticker_message_free(message);
    }
    ticker_queue_free(queue);
    ticker_store_free(store);
    worker = importer_start(&setup);
    ck_assert_ptr_nonnull(worker);
    wait_for(&s, "imports", "status", "imported", 1);
    wait_for(&s, "imports", "status", "failed", 1);
    ck_assert_int_eq(rows_of(&s, "imports", NULL, NULL), 2);
    importer_stop(worker);
    scene_close(&s);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        imports_by_itself, strange_messages, not_wanted, waits_for_services, left_behind,
    };

    return scene_run("server_importer", tests, SCENE_COUNT(tests));
}
