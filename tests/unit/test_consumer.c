/* The consumer over the queue in a database, on SQLite: what becomes of each kind of message, of the ledger and of the dead letters;
 * ending, stopping and reloading. What needs PostgreSQL or AWS is in tests/integration/consumer*.sh. */
#define _GNU_SOURCE 1 /* nftw() */
#include "support.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pipeline/consumer.h"

#define RECORD_OF(key)                                                                                                 \
    "{\"eventVersion\":\"2.1\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"file\"},"            \
    "\"object\":{\"key\":\"" key "\",\"size\":1}}}"
#define EVENT_OF(key) "{\"Records\":[" RECORD_OF(key) "]}"

typedef struct scene {
    char folder[64];
    ticker_options *options;
    ticker_metrics *metrics;
    ticker_consumer *consumer;
    ticker_error error;
    pthread_t thread;
    ticker_status ended;
    /* What was heard. */
    unsigned files, imported, duplicates, what[7], troubles, well, left;
    int64_t left_id, attempts;
    char why[512];
} scene;

static void on_file(void *payload, const ticker_report *report)
{
    scene *s = payload;

    s->files++;
    s->imported += strcmp(ticker_report_text(report, TICKER_REPORT_STATUS), "imported") == 0;
    s->duplicates += strcmp(ticker_report_text(report, TICKER_REPORT_STATUS), "duplicate") == 0;
}

static void on_message(void *payload, const ticker_message *message, ticker_consumed what, const ticker_error *why,
                       int64_t microseconds)
{
    scene *s = payload;

    ck_assert_int_ge(microseconds, 0);
    ck_assert_int_ge((int)what, 0);
    ck_assert_int_lt((int)what, 7);
    s->what[what]++;
    s->attempts = ticker_message_attempts(message);
    if (why->kind != TICKER_ERROR_NONE)
        (void)snprintf(s->why, sizeof(s->why), "%s", ticker_error_message(why));
}

static void on_trouble(void *payload, const ticker_error *why, int64_t pause)
{
    scene *s = payload;

    s->troubles += why != NULL;
    s->well += why == NULL;
    ck_assert(why == NULL ? pause == 0 : pause > 0);
}

static void on_left(void *payload, int64_t id)
{
    scene *s = payload;

    s->left++;
    s->left_id = id;
}

/* --- Scenes --------------------------------------------------------------------------------------------------------------------- */

static void set(scene *s, const char *name, const char *value)
{
    ck_assert_msg(ticker_options_set(s->options, name, value, &s->error) == TICKER_OK, "%s", s->error.message);
}

static void begin(scene *s)
{
    char text[128];

    memset(s, 0, sizeof(*s));
    ti_error_init(&s->error);
    (void)snprintf(s->folder, sizeof(s->folder), "/tmp/ticker-consumer-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(s->folder));
    s->options = ticker_options_new();
    s->metrics = ticker_metrics_new();
    ck_assert_ptr_nonnull(s->options);
    ck_assert_ptr_nonnull(s->metrics);
    (void)snprintf(text, sizeof(text), "sqlite:%s/t.db", s->folder);
    set(s, "database-url", text);
    (void)snprintf(text, sizeof(text), "file://%s/uploads", s->folder);
    set(s, "storage-url", text);
    (void)snprintf(text, sizeof(text), "%s/uploads", s->folder);
    ck_assert_int_eq(mkdir(text, 0700), 0);
    set(s, "receive-wait", "1");
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void end(scene *s)
{
    ticker_consumer_free(s->consumer);
    ticker_metrics_free(s->metrics);
    ticker_options_free(s->options);
    (void)nftw(s->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void put_bytes(const scene *s, const char *key, const void *data, size_t size)
{
    char path[256];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/uploads/%s", s->folder, key);
    file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

/* A file of its own for each number of rows. */
static void put_trades(const scene *s, const char *key, size_t rows)
{
    ti_buffer text;

    bytes_init(&text);
    make_trades(&text, rows, "\r\n");
    put_bytes(s, key, text.data, text.size);
    ti_buffer_free(&text);
}

typedef struct place {
    ticker_store *store;
    ticker_queue *queue;
} place;

static place open_place(scene *s)
{
    place at = {NULL, NULL};

    ck_assert_int_eq(ticker_store_open(s->options, &at.store, &s->error), TICKER_OK);
    ck_assert_int_eq(ticker_store_migrate(at.store, &s->error), TICKER_OK);
    ck_assert_int_eq(ticker_queue_open(s->options, NULL, at.store, &at.queue, &s->error), TICKER_OK);
    return at;
}

static void close_place(place *at)
{
    ticker_queue_free(at->queue);
    ticker_store_free(at->store);
}

static void send(scene *s, const char *body)
{
    place at = open_place(s);

    ck_assert_int_eq(ticker_queue_send(at.queue, body, 0, &s->error), TICKER_OK);
    close_place(&at);
}

static void open_consumer(scene *s)
{
    const ticker_consumer_events events = {.size = sizeof(events),
                                           .payload = s,
                                           .file = on_file,
                                           .message = on_message,
                                           .trouble = on_trouble,
                                           .left = on_left};

    ticker_consumer_free(s->consumer);
    ck_assert_msg(ticker_consumer_open(s->options, NULL, s->metrics, &events, &s->consumer, &s->error) == TICKER_OK,
                  "%s", s->error.message);
}

/* Until the queue is empty. */
static ticker_status drain(scene *s)
{
    set(s, "once", "yes");
    open_consumer(s);
    return ticker_consumer_run(s->consumer, &s->error);
}

static void *run(void *payload)
{
    scene *s = payload;

    s->ended = ticker_consumer_run(s->consumer, &s->error);
    return NULL;
}

static void start(scene *s)
{
    open_consumer(s);
    ck_assert_int_eq(pthread_create(&s->thread, NULL, run, s), 0);
}

static void join(scene *s, ticker_status wanted)
{
    ck_assert_int_eq(pthread_join(s->thread, NULL), 0);
    ck_assert_msg(s->ended == wanted, "%d: %s", s->ended, s->error.message);
}

static void rest(void)
{
    const struct timespec moment = {.tv_nsec = 5000000};

    (void)nanosleep(&moment, NULL);
}

static int count_row(const void *data, size_t size, void *payload)
{
    for (const char *at = data; size > 0; at++, size--)
        *(unsigned *)payload += *at == '\n';
    return 0;
}

/* The ledger has so many rows of a status. */
static void ledger(scene *s, const char *status, unsigned wanted)
{
    ticker_query *query = ticker_query_new("imports");
    place at = open_place(s);
    unsigned rows = 0;

    ck_assert_int_eq(ticker_query_set(query, "status", status, &s->error), TICKER_OK);
    ck_assert_int_eq(ticker_query_run(query, at.store, "ndjson", count_row, &rows, NULL, NULL, &s->error), TICKER_OK);
    ck_assert_msg(rows == wanted, "%u rows are %s, not %u", rows, status, wanted);
    ticker_query_free(query);
    close_place(&at);
}

static void counts(scene *s, int64_t waiting, int64_t dead)
{
    place at = open_place(s);
    int64_t found = -1, found_working = -1, found_dead = -1;

    ck_assert_int_eq(ticker_queue_counts(at.queue, &found, &found_working, &found_dead, &s->error), TICKER_OK);
    ck_assert_int_eq(found + found_working, waiting);
    ck_assert_int_eq(found_dead, dead);
    close_place(&at);
}

static void heard(const scene *s, ticker_consumed what, unsigned wanted)
{
    ck_assert_msg(s->what[what] == wanted, "%u messages of kind %d, not %u; %s", s->what[what], (int)what, wanted,
                  s->why);
}

static void counted(const scene *s, const char *result, int64_t wanted)
{
    ck_assert_int_eq(ticker_series_value(ticker_metrics_series(s->metrics, TICKER_METRIC_QUEUE_MESSAGES, &result, 1)),
                     wanted);
}

static int64_t gauge(const scene *s, ticker_metric family, const char *label)
{
    return ticker_series_value(ticker_metrics_series(s->metrics, family, &label, label != NULL));
}

/* --- Messages ------------------------------------------------------------------------------------------------------------------- */

START_TEST(good_files)
{
    scene s;
    const char *const labels[] = {"trades", "imported"};

    begin(&s);
    put_trades(&s, "one.txt", 10);
    put_trades(&s, "again.txt", 10);
    put_trades(&s, "a b.txt", 11);
    put_trades(&s, "c+d.txt", 12);
    send(&s, EVENT_OF("one.txt"));
    send(&s, EVENT_OF("again.txt"));
    send(&s, EVENT_OF("a+b.txt"));
    send(&s, EVENT_OF("c+d.txt")); /* of a server that does not encode */
    ck_assert_int_eq(drain(&s), TICKER_OK);
    heard(&s, TICKER_CONSUMED_DONE, 4);
    ck_assert_uint_eq(s.imported, 3);
    ck_assert_uint_eq(s.duplicates, 1);
    counted(&s, "done", 4);
    ck_assert_int_eq(ticker_series_value(ticker_metrics_series(s.metrics, TICKER_METRIC_IMPORT_FILES, labels, 2)), 3);
    ck_assert_int_eq(ticker_series_value(ticker_metrics_series(s.metrics, TICKER_METRIC_QUEUE_IN_FLIGHT, NULL, 0)), 0);
    ck_assert_int_gt(gauge(&s, TICKER_METRIC_IMPORT_LAST_SUCCESS, labels[0]), INT64_C(1700000000));
    ck_assert_int_eq(gauge(&s, TICKER_METRIC_IMPORT_LAST_DAY, labels[0]), INT64_C(1745884800));
    ck_assert_int_eq(gauge(&s, TICKER_METRIC_IMPORTS_IN_PROGRESS, NULL), 0);
    ck_assert_int_eq(ticker_series_value(ticker_metrics_series(s.metrics, TICKER_METRIC_QUEUE_MESSAGE_AGE, NULL, 0)),
                     4);
    counts(&s, 0, 0);
    ledger(&s, "imported", 3);
    ck_assert_uint_eq(s.troubles, 0);
    ck_assert(!ticker_consumer_is_ready(s.consumer));
    ck_assert_uint_eq(ticker_consumer_files(s.consumer, NULL, NULL), 0);
    ck_assert_int_eq(ticker_consumer_idle_ms(s.consumer), 0);
    end(&s);
}
END_TEST

static ticker_status look_at(void *payload, const char *id, const char *body, const char *reason, int64_t attempts,
                             int64_t sent, ticker_error *error)
{
    char *reasons = payload;

    (void)id;
    (void)body;
    (void)attempts;
    (void)sent;
    (void)error;
    (void)snprintf(reasons + strlen(reasons), 2048 - strlen(reasons), "%s\n", reason);
    return TICKER_OK;
}

/* What never will work is a dead letter with its reason at the first attempt, and failed in the ledger. */
START_TEST(bad_files)
{
    char reasons[2048] = "";
    place at;
    scene s;

    begin(&s);
    put_bytes(&s, "bad.txt", "rubbish", 7);
    send(&s, "no JSON");
    send(&s, EVENT_OF("bad.txt"));
    send(&s, EVENT_OF("../t.db"));
    send(&s, "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":"
             "{\"name\":\"foreign\"},\"object\":{\"key\":\"none.zip\",\"size\":1}}}]}");
    ck_assert_int_eq(drain(&s), TICKER_WARN);
    heard(&s, TICKER_CONSUMED_DEAD, 4);
    counted(&s, "dead", 4);
    counts(&s, 0, 4);
    at = open_place(&s);
    ck_assert_int_eq(ticker_queue_dead(at.queue, 10, look_at, reasons, NULL), TICKER_OK);
    close_place(&at);
    ck_assert_ptr_nonnull(strstr(reasons, "no JSON"));
    ck_assert_ptr_nonnull(strstr(reasons, "bad.txt"));
    ck_assert_ptr_nonnull(strstr(reasons, "s3://foreign/none.zip"));
    end(&s);
}
END_TEST

START_TEST(nothing_to_import)
{
    scene s;

    begin(&s);
    send(&s, "{\"hello\":1}");
    send(&s, "{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Bucket\":\"b\"}");
    send(&s, "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventName\":\"ObjectRemoved:Delete\",\"s3\":{\"bucket\":"
             "{\"name\":\"file\"},\"object\":{\"key\":\"none.zip\"}}}]}");
    ck_assert_int_eq(drain(&s), TICKER_OK);
    heard(&s, TICKER_CONSUMED_IGNORED, 3);
    counted(&s, "ignored", 3);
    counts(&s, 0, 0);
    end(&s);
}
END_TEST

START_TEST(missing_objects)
{
    static const struct {
        const char *policy, *attempts;
        ticker_consumed what;
        int64_t waiting, dead;
    } cases[] = {{"retry", "5", TICKER_CONSUMED_RETRIED, 1, 0},
                 {"retry", "1", TICKER_CONSUMED_DEAD, 0, 1},
                 {"drop", "5", TICKER_CONSUMED_MISSING, 0, 0},
                 {"dead", "5", TICKER_CONSUMED_DEAD, 0, 1}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        scene s;

        begin(&s);
        set(&s, "missing-object", cases[i].policy);
        set(&s, "queue-max-attempts", cases[i].attempts);
        send(&s, EVENT_OF("none.zip"));
        ck_assert_int_eq(drain(&s), cases[i].what == TICKER_CONSUMED_MISSING ? TICKER_OK : TICKER_WARN);
        heard(&s, cases[i].what, 1);
        ck_assert_ptr_nonnull(strstr(s.why, "none.zip"));
        counts(&s, cases[i].waiting, cases[i].dead);
        end(&s);
    }
}
END_TEST

/* An upload whose message was lost: found when the queue is empty twice in a row. */
START_TEST(left_behind)
{
    ticker_storage *storage = NULL;
    ticker_stored *upload = NULL;
    ticker_source *source = NULL;
    int64_t id = 0;
    ti_buffer text;
    place at;
    scene s;

    begin(&s);
    bytes_init(&text);
    make_trades(&text, 10, "\r\n");
    at = open_place(&s);
    ck_assert_int_eq(ticker_storage_open(s.options, NULL, &storage, NULL), TICKER_OK);
    source = pieces_source(&(pieces){.data = text.data, .size = text.size});
    ck_assert_int_eq(ticker_storage_put(storage, "left %.txt", source, NULL, NULL, &upload, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_upload_record(at.store, upload, "left %.txt", NULL, NULL, &id, NULL), TICKER_OK);
    close_place(&at);
    start(&s);
    for (int i = 0; i < 2000; i++) {
        if (ticker_series_value(ticker_metrics_series(s.metrics, TICKER_METRIC_IMPORT_FILES,
                                                      (const char *const[]){"trades", "imported"}, 2)) > 0)
            break;
        rest();
    }
    ticker_consumer_stop(s.consumer, 10000);
    join(&s, TICKER_OK);
    ck_assert_uint_eq(s.left, 1);
    ck_assert_int_eq(s.left_id, id);
    ck_assert_uint_eq(s.imported, 1);
    ledger(&s, "imported", 1);
    ledger(&s, "queued", 0);
    ticker_stored_free(upload);
    ticker_storage_free(storage);
    ti_buffer_free(&text);
    end(&s);
}
END_TEST

/* --- Ending --------------------------------------------------------------------------------------------------------------------- */

START_TEST(ends_when_empty)
{
    scene s;

    begin(&s);
    ck_assert_int_eq(drain(&s), TICKER_OK);
    ck_assert_int_eq(ticker_consumer_run(s.consumer, &s.error), TICKER_FATAL);
    ck_assert_int_eq(s.error.kind, TICKER_ERROR_USAGE);
    end(&s);
}
END_TEST

START_TEST(stops_while_it_waits)
{
    scene s;

    begin(&s);
    set(&s, "receive-wait", "20");
    start(&s);
    for (int i = 0; i < 2000 && !ticker_consumer_is_ready(s.consumer); i++)
        rest();
    ck_assert(ticker_consumer_is_ready(s.consumer));
    ck_assert_int_lt(ticker_consumer_idle_ms(s.consumer), 10000);
    ticker_consumer_stop(s.consumer, 60000);
    join(&s, TICKER_OK);
    end(&s);

    begin(&s); /* before it runs */
    open_consumer(&s);
    ticker_consumer_stop(s.consumer, 0);
    ck_assert_int_eq(ticker_consumer_run(s.consumer, &s.error), TICKER_OK);
    end(&s);
    ticker_consumer_free(NULL);
}
END_TEST

static void see(void *payload, const char *name, int64_t id, uint64_t position, int64_t bytes, uint64_t records,
                int64_t milliseconds)
{
    unsigned *seen = payload;

    (void)id;
    (void)records;
    ck_assert_ptr_nonnull(strstr(name, "large.txt"));
    ck_assert_int_gt(bytes, 0);
    ck_assert_uint_le(position, (uint64_t)bytes);
    ck_assert_int_ge(milliseconds, 0);
    ++*seen;
}

/* What runs is rolled back, or may come to its end; either way it is imported once. */
START_TEST(stops_while_it_imports)
{
    ti_buffer text;
    scene s;

    bytes_init(&text);
    make_cotahist(&text, 10000, "\r\n");
    for (int round = 0; round < 2; round++) {
        unsigned seen = 0;

        begin(&s);
        put_bytes(&s, "large.txt", text.data, text.size);
        send(&s, EVENT_OF("large.txt"));
        start(&s);
        for (int i = 0; i < 100000 && seen == 0; i++) {
            const struct timespec moment = {.tv_nsec = 200000};

            (void)ticker_consumer_files(s.consumer, see, &seen);
            (void)nanosleep(&moment, NULL);
        }
        ck_assert_uint_gt(seen, 0);
        ticker_consumer_stop(s.consumer, 60000);
        if (round == 0)
            ticker_consumer_stop(s.consumer, 0);
        join(&s, TICKER_OK);
        heard(&s, round == 0 ? TICKER_CONSUMED_RELEASED : TICKER_CONSUMED_DONE, 1);
        if (round == 0) {
            ledger(&s, "imported", 0);
            ck_assert_int_eq(drain(&s), TICKER_OK); /* at once: it was given back */
            ck_assert_int_eq(s.attempts, 2);
            heard(&s, TICKER_CONSUMED_DONE, 1);
        }
        ck_assert_uint_eq(s.imported, 1);
        ledger(&s, "imported", 1);
        end(&s);
    }
    ti_buffer_free(&text);
}
END_TEST

/* --- Options -------------------------------------------------------------------------------------------------------------------- */

static void refused(scene *s, const char *name, const char *value, const char *good)
{
    ticker_consumer *none = s->consumer;

    set(s, name, value);
    ck_assert_int_eq(ticker_consumer_open(s->options, NULL, NULL, NULL, &none, &s->error), TICKER_FATAL);
    ck_assert_int_eq(s->error.kind, TICKER_ERROR_USAGE);
    ck_assert_ptr_null(none);
    ticker_error_clear(&s->error);
    ck_assert_int_eq(ticker_consumer_reload(s->consumer, s->options, &s->error), TICKER_FATAL);
    ticker_error_clear(&s->error);
    set(s, name, good);
}

START_TEST(wrong_options)
{
    scene s;

    begin(&s);
    open_consumer(&s);
    refused(&s, "queue-url", "ftp:queue", "database:");
    refused(&s, "queue-url", "database:x", "database:");
    refused(&s, "storage-url", "ftp:storage", "file:///tmp");
    ck_assert_int_eq(ticker_consumer_open(s.options, NULL, NULL, NULL, NULL, &s.error), TICKER_FATAL);
    ticker_error_clear(&s.error);
    ck_assert_int_eq(ticker_consumer_run(NULL, &s.error), TICKER_FATAL);
    ticker_error_clear(&s.error);
    /* A database that is none: no waiting mends that. */
    set(&s, "database-url", "ftp:database");
    open_consumer(&s);
    ck_assert_int_eq(ticker_consumer_run(s.consumer, &s.error), TICKER_FATAL);
    ck_assert_int_eq(s.error.kind, TICKER_ERROR_USAGE);
    end(&s);
}
END_TEST

/* Other options count for what begins after that. */
START_TEST(reloads)
{
    scene s;

    begin(&s);
    set(&s, "missing-object", "retry");
    start(&s);
    for (int i = 0; i < 2000 && (!ticker_consumer_is_ready(s.consumer) || gauge(&s, TICKER_METRIC_QUEUE_UP, NULL) == 0);
         i++)
        rest();
    ck_assert_int_eq(gauge(&s, TICKER_METRIC_QUEUE_UP, NULL), 1);
    ck_assert_int_eq(gauge(&s, TICKER_METRIC_QUEUE_DEPTH, "waiting"), 0);
    set(&s, "missing-object", "drop");
    ck_assert_int_eq(ticker_consumer_reload(s.consumer, s.options, &s.error), TICKER_OK);
    send(&s, EVENT_OF("none.zip"));
    for (int i = 0; i < 2000; i++) {
        if (ticker_series_value(ticker_metrics_series(s.metrics, TICKER_METRIC_QUEUE_MESSAGES,
                                                      (const char *const[]){"missing"}, 1)) > 0)
            break;
        rest();
    }
    ticker_consumer_stop(s.consumer, 1000);
    join(&s, TICKER_OK);
    heard(&s, TICKER_CONSUMED_MISSING, 1);
    end(&s);
}
END_TEST

/* A message is settled in the queue that it came from, whatever the options name meanwhile. */
START_TEST(reloads_another_queue)
{
    char first[128], other[128];
    ti_buffer text;
    scene s;

    bytes_init(&text);
    make_cotahist(&text, 10000, "\r\n");
    begin(&s);
    (void)snprintf(first, sizeof(first), "%s", ticker_options_get(s.options, "database-url"));
    (void)snprintf(other, sizeof(other), "sqlite:%s/other.db", s.folder);
    put_bytes(&s, "large.txt", text.data, text.size);
    send(&s, EVENT_OF("large.txt"));
    start(&s);
    for (int i = 0; i < 100000 && ticker_consumer_files(s.consumer, NULL, NULL) == 0; i++) {
        const struct timespec moment = {.tv_nsec = 200000};

        (void)nanosleep(&moment, NULL);
    }
    set(&s, "database-url", other);
    send(&s, EVENT_OF("none.zip")); /* of the same number there */
    ck_assert_int_eq(ticker_consumer_reload(s.consumer, s.options, &s.error), TICKER_OK);
    ticker_consumer_stop(s.consumer, 60000);
    join(&s, TICKER_OK);
    heard(&s, TICKER_CONSUMED_DONE, 1);
    counts(&s, 1, 0);
    set(&s, "database-url", first);
    counts(&s, 0, 0);
    ledger(&s, "imported", 1);
    ti_buffer_free(&text);
    end(&s);
}
END_TEST

/* SQS lets nobody keep a message for more than twelve hours after it was received. */
START_TEST(twelve_hours)
{
    const int64_t hours = INT64_C(12) * 3600000;

    ck_assert_int_eq(ti_keeper_extension(1000, 1000, 120), 120);
    ck_assert_int_eq(ti_keeper_extension(1000, 1000, 43200), 43199);
    ck_assert_int_eq(ti_keeper_extension(1000, 1000 + hours - 121000, 120), 120);
    ck_assert_int_eq(ti_keeper_extension(1000, 1000 + hours - 120000, 120), 119);
    ck_assert_int_eq(ti_keeper_extension(1000, 1000 + hours - 2000, 120), 1);
    ck_assert_int_eq(ti_keeper_extension(1000, 1000 + hours - 1999, 120), 0);
    ck_assert_int_eq(ti_keeper_extension(1000, 1000 + 2 * hours, 120), 0);
    ck_assert_int_eq(ti_doubled(5, 600, 0), 5);
    ck_assert_int_eq(ti_doubled(5, 600, 3), 40);
    ck_assert_int_eq(ti_doubled(5, 600, 1000), 600);
    ck_assert_int_eq(ti_doubled(5, 600, -1), 5);
}
END_TEST

static ticker_error failure(ticker_status status, ticker_error_kind kind, int http, const char *code)
{
    ticker_error made;

    ti_error_init(&made);
    (void)ti_fail(&made, status, kind, "made up");
    ti_error_http(&made, http, code);
    return made;
}

/* Who is to blame: a service or keys (the message is held), or the message. */
START_TEST(who_is_away)
{
    static const struct {
        ticker_status status;
        ticker_error_kind kind;
        int http;
        const char *code;
        bool away, keys;
    } cases[] = {
        {TICKER_RETRY, TICKER_ERROR_SERVICE, 0, "", true, false},
        {TICKER_RETRY, TICKER_ERROR_DATABASE, 0, "", true, false},
        {TICKER_RETRY, TICKER_ERROR_IO, 0, "", true, false},
        {TICKER_RETRY, TICKER_ERROR_SERVICE, 503, "SlowDown", true, false},
        {TICKER_RETRY, TICKER_ERROR_SERVICE, 500, "InternalError", false, false},
        {TICKER_RETRY, TICKER_ERROR_INPUT, 0, "", false, false},
        {TICKER_RETRY, TICKER_ERROR_CANCELLED, 0, "", false, false},
        {TICKER_FAILED, TICKER_ERROR_INPUT, 404, "NoSuchKey", false, false},
        {TICKER_FATAL, TICKER_ERROR_USAGE, 403, "AccessDenied", false, false},
        {TICKER_FATAL, TICKER_ERROR_USAGE, 403, "SignatureDoesNotMatch", true, true},
        {TICKER_FATAL, TICKER_ERROR_USAGE, 400, "ExpiredToken", true, true},
        {TICKER_FATAL, TICKER_ERROR_USAGE, 404, "NoSuchBucket", true, false},
        {TICKER_FATAL, TICKER_ERROR_MEMORY, 0, "", true, false},
    };
    const ti_gear gear = {.aws = NULL};

    for (size_t i = 0; i < COUNT(cases); i++) {
        const ticker_error error = failure(cases[i].status, cases[i].kind, cases[i].http, cases[i].code);

        ck_assert_msg(ti_gear_is_away(&gear, &error) == cases[i].away, "case %zu", i);
        ck_assert_msg(ti_gear_wants_keys(&gear, &error) == cases[i].keys, "case %zu", i);
    }
}
END_TEST

/* The folder of the database cannot be made: a service that is away. */
START_TEST(services_away)
{
    scene s;

    begin(&s);
    set(&s, "database-url", "sqlite:/proc/none/t.db");
    ck_assert_int_eq(drain(&s), TICKER_RETRY);
    ck_assert_str_ne(s.error.message, "");
    set(&s, "once", "no");
    start(&s);
    for (int i = 0; i < 100; i++)
        rest();
    ck_assert(!ticker_consumer_is_ready(s.consumer));
    ticker_consumer_stop(s.consumer, 60000); /* ends at once all the same: nothing runs */
    join(&s, TICKER_OK);
    ck_assert_uint_eq(s.troubles, 1);
    end(&s);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        good_files,           bad_files,
        nothing_to_import,    missing_objects,
        left_behind,          ends_when_empty,
        stops_while_it_waits, stops_while_it_imports,
        wrong_options,        reloads,
        twelve_hours,         who_is_away,
        services_away,        reloads_another_queue,
    };

    return run_tests("consumer", tests, COUNT(tests));
}
