/* Queue, storage, database: one message after the other. What cannot work now is given back and comes again later, what never will goes to
 * the dead letters with the reason. */
#include "importer.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "server.h"
#include "text.h"

#define DATABASE_QUEUE "database:"
#define WAIT_SECONDS 20        /* of one receive */
#define VISIBILITY_SECONDS 120 /* that a message is hidden; after a crash it comes again then */
#define EXTEND_MS (VISIBILITY_SECONDS * 1000 / 3)
#define RELEASE_FIRST_SECONDS 5 /* until a message comes again that could not be worked on; then twice that … */
#define RELEASE_LAST_SECONDS 600
#define PAUSE_FIRST_MS 500 /* until services are asked again that are away; then twice that … */
#define PAUSE_LAST_MS 10000

struct importer {
    importer_setup setup;
    pthread_t thread;
    atomic_bool stopping;
    pthread_mutex_t lock; /* of the pause */
    pthread_cond_t wake;

    /* The thread's own. The queue has a store for itself: it is spoken to while the other one imports. */
    ticker_error *error;
    ticker_store *queue_store, *store;
    ticker_queue *queue;
    const ticker_message *message; /* that is worked on; NULL: none */
    bool extends;                  /* its time can be made longer meanwhile */
    int64_t extended;
    unsigned failures; /* in a row */
    int64_t left;      /* an upload that waited while the queue was empty; 0: none */
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_stopping(const importer *self)
{
    return atomic_load_explicit(&self->stopping, memory_order_relaxed);
}

static int interrupted(void *payload)
{
    return is_stopping(payload) ? 1 : 0;
}

static void pause_for(importer *self, int64_t milliseconds)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(milliseconds / 1000);
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&self->lock);
    while (!is_stopping(self) && pthread_cond_timedwait(&self->wake, &self->lock, &until) == 0)
        ;
    (void)pthread_mutex_unlock(&self->lock);
}

/* first, 2 * first, 4 * first … last */
static int64_t doubled(int64_t first, int64_t last, int64_t times)
{
    int64_t value = first << (times < 16 ? times : 16);

    return value < last ? value : last;
}

/* --- Services. */

static void close_all(importer *self)
{
    ticker_queue_free(self->queue);
    ticker_store_free(self->queue_store);
    ticker_store_free(self->store);
    self->queue = NULL;
    self->queue_store = self->store = NULL;
}

static ticker_status open_all(importer *self)
{
    const ticker_options *options = self->setup.options;
    ticker_storage *storage;
    ticker_status status = TICKER_OK;

    if (self->queue != NULL)
        return TICKER_OK;
    status = uploads_storage(self->setup.uploads, &storage, self->error);
    if (status == TICKER_OK)
        status = ticker_store_open(options, &self->store, self->error);
    if (status == TICKER_OK)
        status = ticker_store_migrate(self->store, self->error);
    if (status == TICKER_OK)
        status = ticker_store_open(options, &self->queue_store, self->error);
    if (status == TICKER_OK)
        status = ticker_queue_open(options, NULL, self->queue_store, &self->queue, self->error);
    if (status != TICKER_OK) {
        close_all(self);
        return status;
    }
    /* In SQLite nobody else gets a message while an import writes, and nobody can change one either. */
    self->extends = strcmp(ticker_store_backend(self->store), "sqlite") != 0;
    ticker_queue_watch(self->queue, interrupted, self);
    return TICKER_OK;
}

/* Services are away: said once, then asked ever more rarely. */
static void stumble(importer *self)
{
    if (self->failures == 0 && !is_stopping(self))
        front_report(self->setup.console, self->error, "importer");
    close_all(self);
    pause_for(self, doubled(PAUSE_FIRST_MS, PAUSE_LAST_MS, self->failures));
    self->failures++;
}

/* --- One object. */

static int on_progress(uint64_t position, int64_t bytes, uint64_t records, void *payload)
{
    importer *self = payload;
    int64_t now = now_ms();

    (void)position;
    (void)bytes;
    (void)records;
    if (self->extends && self->message != NULL && now - self->extended > EXTEND_MS) {
        /* When it fails another one may begin the same import; whoever is second finds that it is there. */
        if (ticker_queue_extend(self->queue, self->message, VISIBILITY_SECONDS, NULL) != TICKER_OK)
            front_detail(self->setup.console, "importer: message %s cannot be kept longer",
                         ticker_message_id(self->message));
        self->extended = now;
    }
    return is_stopping(self) ? 1 : 0;
}

static void add_to(importer *self, ticker_metric family, const char *const *labels, size_t count, int64_t value)
{
    ticker_series_add(ticker_metrics_series(self->setup.metrics, family, labels, count), value);
}

static void count_import(importer *self, const ticker_report *report)
{
    const char *format = ticker_report_text(report, TICKER_REPORT_FORMAT);
    const char *labels[] = {format[0] != '\0' ? format : "unknown", ticker_report_text(report, TICKER_REPORT_STATUS)};

    add_to(self, TICKER_METRIC_IMPORT_FILES, labels, 2, 1);
    if (ticker_report_integer(report, TICKER_REPORT_MEMBER_BYTES) > 0)
        add_to(self, TICKER_METRIC_IMPORT_BYTES, labels, 1, ticker_report_integer(report, TICKER_REPORT_MEMBER_BYTES));
    ticker_series_observe(ticker_metrics_series(self->setup.metrics, TICKER_METRIC_IMPORT_DURATION, labels, 1),
                          ticker_report_integer(report, TICKER_REPORT_MICROSECONDS));
    if (strcmp(labels[1], "imported") != 0)
        return;
    add_to(self, TICKER_METRIC_IMPORT_ROWS, labels, 2, ticker_report_integer(report, TICKER_REPORT_IMPORTED));
    labels[1] = "rejected";
    add_to(self, TICKER_METRIC_IMPORT_ROWS, labels, 2, ticker_report_integer(report, TICKER_REPORT_REJECTED));
}

static void on_report(const ticker_report *report, void *payload)
{
    importer *self = payload;
    const char *status = ticker_report_text(report, TICKER_REPORT_STATUS);
    char name[TICKER_NAME_MAX], rows[FRONT_NUMBER_MAX];

    count_import(self, report);
    (void)front_text_clean(ticker_report_text(report, TICKER_REPORT_FILE), name, sizeof name);
    if (strcmp(status, "failed") == 0) /* when the message is settled, it is said louder */
        front_detail(self->setup.console, "%s: failed: %s", name, ticker_report_text(report, TICKER_REPORT_ERROR));
    else
        front_note(self->setup.console, "%s: %s, %s rows", name, status,
                   front_text_count(ticker_report_integer(report, TICKER_REPORT_IMPORTED), rows));
}

static ticker_import_events events_of(importer *self)
{
    return (ticker_import_events){.size = sizeof(ticker_import_events),
                                  .progress = on_progress,
                                  .report = on_report,
                                  .payload = self,
                                  .cache = self->setup.cache};
}

/* The object of a record under one of its names. TICKER_DONE: it is not of this storage. */
static ticker_status open_object(importer *self, const char *bucket, const char *object, const char *version,
                                 ticker_source **source)
{
    ticker_storage *storage;
    char *key = NULL;
    ticker_status status = uploads_storage(self->setup.uploads, &storage, self->error);

    if (status != TICKER_OK)
        return status;
    switch (ticker_storage_holds(storage, bucket, object, &key)) {
    case 1:
        status = ticker_storage_get(storage, key, version, source, self->error);
        break;
    case -1:
        status = ticker_error_set(self->error, TICKER_FATAL, TICKER_ERROR_MEMORY, "out of memory");
        break;
    default:
        status = TICKER_DONE;
    }
    ticker_free(key);
    return status;
}

static ticker_status import_object(importer *self, const ticker_event *event, size_t index)
{
    const char *bucket = ticker_event_bucket(event, index), *key = ticker_event_key(event, index);
    const char *raw = ticker_event_raw_key(event, index), *version = ticker_event_version(event, index);
    const ticker_import_events events = events_of(self);
    ticker_source *source = NULL;
    ticker_status status = open_object(self, bucket, key, version, &source);

    /* Some servers do not encode the keys of their events. */
    if (status == TICKER_FAILED && ticker_error_http_status(self->error) == 404 && strcmp(key, raw) != 0) {
        ticker_error_clear(self->error);
        status = open_object(self, bucket, raw, version, &source);
    }
    if (status == TICKER_DONE)
        return ticker_error_set(self->error, TICKER_FAILED, TICKER_ERROR_INPUT,
                                "the object is not in the storage of this server");
    if (status != TICKER_OK)
        return status;
    return ticker_upload_import(self->store, 0, source, self->setup.options, &events, self->error);
}

/* --- Uploads that nobody tells of: the server that took them was killed before it did, or their message is dead. */

typedef struct line_buffer {
    char data[16384];
    size_t size;
} line_buffer;

static int keep_line(const void *data, size_t size, void *payload)
{
    line_buffer *line = payload;

    if (size > sizeof line->data - line->size)
        return 1;
    memcpy(line->data + line->size, data, size);
    line->size += size;
    return 0;
}

/* The ledger's oldest row that waits. NULL: there is none, or it cannot be told now. */
static front_json *oldest_queued(importer *self)
{
    ticker_query *query = ticker_query_new("imports");
    line_buffer line = {.size = 0};
    front_json *row = NULL;

    if (query != NULL && ticker_query_set(query, "status", "queued", NULL) == TICKER_OK &&
        ticker_query_set(query, "order", "asc", NULL) == TICKER_OK &&
        ticker_query_set(query, "limit", "1", NULL) == TICKER_OK &&
        ticker_query_run(query, self->store, "ndjson", keep_line, &line, NULL, NULL, NULL) == TICKER_OK)
        row = front_json_read(line.data, line.size);
    ticker_query_free(query);
    return row;
}

/* The key within the storage of a file that is at `location`. False: it is not in this storage. */
static bool key_at(ticker_storage *storage, const char *location, char key[TICKER_KEY_MAX])
{
    const char *url = ticker_storage_url(storage);
    size_t size = strlen(url);

    while (size > 0 && url[size - 1] == '/')
        size--;
    if (location == NULL || strncmp(location, url, size) != 0 || location[size] != '/' ||
        strlen(location + size + 1) >= TICKER_KEY_MAX)
        return false;
    memcpy(key, location + size + 1, strlen(location + size + 1) + 1);
    /* A folder's URLs are encoded, those of S3 are not. */
    return strcmp(ticker_storage_backend(storage), "s3") == 0 || decode_text(key, false);
}

static ticker_status import_left(importer *self, int64_t id, const char *location)
{
    const ticker_import_events events = events_of(self);
    ticker_source *source = NULL;
    ticker_storage *storage;
    char key[TICKER_KEY_MAX];
    ticker_status status = uploads_storage(self->setup.uploads, &storage, self->error);

    if (status != TICKER_OK)
        return status;
    if (!key_at(storage, location, key))
        return ticker_error_set(self->error, TICKER_FAILED, TICKER_ERROR_INPUT,
                                "the file is not in the storage of this server");
    status = ticker_storage_get(storage, key, NULL, &source, self->error);
    if (status != TICKER_OK)
        return status;
    return ticker_upload_import(self->store, id, source, self->setup.options, &events, self->error);
}

/* When there was nothing to do for a while. A row that waits, twice in a row, while the queue is empty, waits for ever. */
static void look_for_left(importer *self)
{
    front_json *row = oldest_queued(self);
    int64_t id = 0, waiting = 0, working = 0;
    ticker_status status;

    if (!front_json_get_integer(row, "id", &id) ||
        ticker_queue_counts(self->queue, &waiting, &working, NULL, NULL) != TICKER_OK || waiting + working > 0)
        id = 0;
    if (id != 0 && id == self->left) {
        front_note(self->setup.console, "importer: upload %" PRId64 " was left behind", id);
        status = import_left(self, id, front_json_get_text(row, "location"));
        if (status != TICKER_OK && status != TICKER_WARN && !is_stopping(self) &&
            ticker_upload_refuse(self->store, id, NULL, self->error, NULL) < TICKER_OK)
            front_warning(self->setup.console, "importer: upload %" PRId64 " cannot be recorded as failed", id);
        id = 0;
    }
    self->left = id;
    front_json_free(row);
}

/* --- One message. */

/* The worst that came of its records; the first failure of that kind stays in self->error. TICKER_WARN is as good as
 * TICKER_OK here: the ledger keeps the rows that were rejected. */
static ticker_status import_event(importer *self, const ticker_event *event)
{
    ticker_error *worst = self->error, *next = ticker_error_new();
    ticker_status result = TICKER_OK;

    if (next == NULL)
        return ticker_error_set(self->error, TICKER_FATAL, TICKER_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < ticker_event_count(event) && !is_stopping(self); i++) {
        ticker_status status;

        if (ticker_event_get_action(event, i) != TICKER_EVENT_IMPORT)
            continue;
        self->error = next;
        status = import_object(self, event, i);
        self->error = worst;
        if (status == TICKER_WARN || status > TICKER_OK)
            status = TICKER_OK;
        /* What may work later counts more than what never will: the others are then found to be there. */
        if (status != TICKER_OK && (result == TICKER_OK || (result == TICKER_FAILED && status != TICKER_FAILED))) {
            result = status;
            self->error = next;
            next = worst;
            worst = self->error;
        }
        ticker_error_clear(next);
    }
    ticker_error_free(next);
    if (result == TICKER_OK && is_stopping(self))
        result = ticker_error_set(self->error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "the server stops");
    return result;
}

static ticker_status work_on(importer *self)
{
    ticker_event *event = NULL;
    size_t size = 0;
    const char *body = ticker_message_body(self->message, &size);
    ticker_status status = ticker_event_parse(body, size, &event, self->error);

    if (status == TICKER_OK && ticker_event_get_kind(event) == TICKER_EVENT_OBJECTS)
        status = import_event(self, event);
    ticker_event_free(event);
    return status;
}

static bool is_last_attempt(const importer *self)
{
    const char *text = ticker_options_get(self->setup.options, "queue-max-attempts");
    int64_t max = 0;

    return text != NULL && front_parse_number(text, 1, INT64_MAX, &max) &&
           ticker_message_attempts(self->message) >= max;
}

/* What is to become of the message, and the word for it in the metrics. */
static ticker_status dispose(importer *self, ticker_status status, const char *reason, const char **result,
                             ticker_error *error)
{
    int64_t attempts = ticker_message_attempts(self->message);

    *result = "done";
    if (status == TICKER_OK)
        return ticker_queue_done(self->queue, self->message, error);
    *result = "dead";
    if (status == TICKER_FAILED || (is_last_attempt(self) && !is_stopping(self)))
        return ticker_queue_dead_letter(self->queue, self->message, reason, error);
    *result = "retried";
    return ticker_queue_release(
        self->queue, self->message,
        is_stopping(self) ? 0 : (int)doubled(RELEASE_FIRST_SECONDS, RELEASE_LAST_SECONDS, attempts - 1), error);
}

/* Tells the queue what became of it. That the message is no longer ours is no harm: whoever has it finds the import. */
static void settle(importer *self, ticker_status status)
{
    ticker_error *error = ticker_error_new();
    char reason[FRONT_MESSAGE_MAX];
    const char *result;
    ticker_status said;

    (void)ticker_error_format(self->error, reason, sizeof reason);
    said = dispose(self, status, reason, &result, error);
    add_to(self, TICKER_METRIC_QUEUE_MESSAGES, &result, 1, 1);
    if (status != TICKER_OK && !is_stopping(self))
        front_warning(self->setup.console, "importer: message %s, attempt %" PRId64 ": %s",
                      ticker_message_id(self->message), ticker_message_attempts(self->message), reason);
    if (said < TICKER_OK && said != TICKER_FAILED)
        front_report(self->setup.console, error, "importer");
    ticker_error_free(error);
}

static void work_through(importer *self)
{
    ticker_status status;
    struct timespec now;
    int64_t sent = ticker_message_sent(self->message), age;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    age = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - sent;
    if (sent > 0 && age >= 0)
        ticker_series_observe(ticker_metrics_series(self->setup.metrics, TICKER_METRIC_QUEUE_MESSAGE_AGE, NULL, 0),
                              age * 1000);
    add_to(self, TICKER_METRIC_QUEUE_IN_FLIGHT, NULL, 0, 1);
    self->extended = now_ms();
    status = work_on(self);
    settle(self, status);
    add_to(self, TICKER_METRIC_QUEUE_IN_FLIGHT, NULL, 0, -1);
    if (status == TICKER_RETRY && !is_stopping(self)) /* a connection may be broken */
        close_all(self);
}

static void *run(void *argument)
{
    importer *self = argument;

    while (!is_stopping(self)) {
        ticker_message *message = NULL;
        ticker_status status;
        size_t count = 0;

        ticker_error_clear(self->error);
        status = open_all(self);
        if (status == TICKER_OK)
            status = ticker_queue_receive(self->queue, 1, self->setup.wait, VISIBILITY_SECONDS, &message, &count,
                                          self->error);
        if (status != TICKER_OK) {
            stumble(self);
            continue;
        }
        self->failures = 0;
        if (count == 0) {
            look_for_left(self);
            continue;
        }
        self->message = message;
        work_through(self);
        self->message = NULL;
        ticker_message_free(message);
    }
    close_all(self);
    return NULL;
}

/* --- The thread. */

bool importer_wanted(const ticker_options *options)
{
    const char *queue = ticker_options_get(options, "queue-url");

    return queue != NULL && strcmp(queue, DATABASE_QUEUE) == 0 && server_option_is_yes(options, "importer");
}

static bool prepare(importer *self)
{
    pthread_condattr_t monotonic;
    bool made;

    self->error = ticker_error_new();
    if (self->error == NULL || pthread_condattr_init(&monotonic) != 0)
        return false;
    made = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(&self->wake, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    if (made && pthread_mutex_init(&self->lock, NULL) == 0)
        return true;
    if (made)
        (void)pthread_cond_destroy(&self->wake);
    return false;
}

static void end(importer *self)
{
    (void)pthread_cond_destroy(&self->wake);
    (void)pthread_mutex_destroy(&self->lock);
    ticker_error_free(self->error);
    free(self);
}

importer *importer_start(const importer_setup *setup)
{
    importer *self = calloc(1, sizeof *self);

    if (self == NULL || !prepare(self)) {
        front_error(setup->console, "out of memory");
        if (self != NULL)
            ticker_error_free(self->error);
        free(self);
        return NULL;
    }
    self->setup = *setup;
    if (self->setup.wait == 0)
        self->setup.wait = WAIT_SECONDS;
    atomic_init(&self->stopping, false);
    if (pthread_create(&self->thread, NULL, run, self) == 0)
        return self;
    front_error(setup->console, "there is no thread for the importer");
    end(self);
    return NULL;
}

void importer_stop(importer *self)
{
    if (self == NULL)
        return;
    (void)pthread_mutex_lock(&self->lock);
    atomic_store_explicit(&self->stopping, true, memory_order_relaxed);
    (void)pthread_cond_broadcast(&self->wake);
    (void)pthread_mutex_unlock(&self->lock);
    (void)pthread_join(self->thread, NULL);
    end(self);
}
