/* What a message is worth: its records are imported one after the other, and what came of them becomes one verdict. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport/s3.h>
#include <tickerimport/upload.h>

#include "base/buffer.h"
#include "base/encode.h"
#include "input/source.h"
#include "pipeline/consumer.h"

#define HTTP_NOT_FOUND 404
#define LOCATION_MAX 8192
#define RELEASE_FIRST 5 /* seconds until a message comes again that could not be worked on; then twice that … */
#define RELEASE_LAST 600
#define PAUSE_FIRST 500 /* milliseconds until a service is tried again that is away; then twice that … */
#define PAUSE_LAST 10000
#define HOLD_MAX 300000 /* milliseconds that a message is held for that: then others may try */
#define LOOK_ALIVE 1000

/* What came of a record, the worst one last: what may work later counts more than what never will, for the others are then found to be
 * there. */
typedef enum outcome { NOTHING = 0, MISSING, IMPORTED, REFUSED, LATER, STOPPED } outcome;

/* Where a record's object is. */
typedef struct object {
    const char *bucket, *key, *raw; /* NULL: the upload is known by its location only */
    const char *version, *sequencer;
    int64_t id;     /* the ledger row; 0: that of the location */
    char *location; /* its URL as the ledger has it; malloc'd */
    bool elsewhere; /* in a bucket of "allowed-buckets" */
} object;

/* --- Opening -------------------------------------------------------------------------------------------------------------------- */

static char *location_of(const ticker_storage *storage, const char *key, const char *bucket)
{
    bool encoded = storage != NULL && strcmp(ticker_storage_backend(storage), "s3") != 0;
    ti_buffer url;
    char *text;

    ti_buffer_init(&url, LOCATION_MAX);
    if (storage != NULL)
        (void)ti_buffer_printf(&url, "%s/", ticker_storage_url(storage));
    else
        (void)ti_buffer_printf(&url, "s3://%s/", bucket);
    if (encoded)
        (void)ti_buffer_percent(&url, ti_slice_of(key), true);
    else
        (void)ti_buffer_text(&url, key);
    text = ti_buffer_string(&url) != NULL ? ti_slice_copy((ti_slice){url.data, url.size}) : NULL;
    ti_buffer_free(&url);
    return text;
}

/* The object under one of its names. */
static ticker_status open_name(ti_importer *self, object *what, const char *name, ticker_source **source)
{
    ticker_storage *storage;
    char *key = NULL;
    ticker_status status = ti_gear_storage(self->gear, &storage, &self->error);
    int holds;

    if (status != TICKER_OK)
        return status;
    holds = ticker_storage_holds(storage, what->bucket, name, &key);
    what->elsewhere = holds == 2;
    free(what->location);
    what->location = location_of(holds == 1 ? storage : NULL, holds == 1 ? key : name, what->bucket);
    if (holds < 0 || what->location == NULL)
        status = ti_fail_memory(&self->error);
    else if (holds == 1)
        status = ticker_storage_get(storage, key, what->version, source, &self->error);
    else if (holds == 2)
        status = ticker_s3_get(self->gear->aws, what->bucket, name, what->version[0] != '\0' ? what->version : NULL,
                               NULL, source, &self->error);
    else
        status = ti_fail(&self->error, TICKER_FAILED, TICKER_ERROR_INPUT,
                         "the object is in no bucket that is allowed here");
    if (holds == 0) {
        ti_error_file(&self->error, what->location);
        ti_error_hint(&self->error,
                      "events are imported of the storage's own bucket and prefix, and of allowed-buckets");
    }
    ticker_free(key);
    return status;
}

static bool is_missing(ticker_status status, const ticker_error *error)
{
    return status == TICKER_FAILED && error->http_status == HTTP_NOT_FOUND &&
           strcmp(error->aws_code, "NoSuchBucket") != 0;
}

/* The key within the storage of a file that is at `location`. False: it is not in this storage. */
static bool key_at(const ticker_storage *storage, const char *location, char key[TICKER_KEY_MAX])
{
    const char *url = ticker_storage_url(storage);
    size_t size = strlen(url);
    bool encoded = strcmp(ticker_storage_backend(storage), "s3") != 0, good;
    ti_buffer text;

    while (size > 0 && url[size - 1] == '/')
        size--;
    if (location == NULL || strncmp(location, url, size) != 0 || location[size] != '/')
        return false;
    ti_buffer_init(&text, TICKER_KEY_MAX);
    if (encoded)
        (void)ti_buffer_unpercent(&text, ti_slice_of(location + size + 1), false);
    else
        (void)ti_buffer_text(&text, location + size + 1);
    good = ti_buffer_string(&text) != NULL && text.size < TICKER_KEY_MAX && strlen(text.data) == text.size;
    if (good)
        memcpy(key, text.data, text.size + 1);
    ti_buffer_free(&text);
    return good;
}

static ticker_status open_location(ti_importer *self, const object *what, ticker_source **source)
{
    ticker_storage *storage;
    char key[TICKER_KEY_MAX];
    ticker_status status = ti_gear_storage(self->gear, &storage, &self->error);

    if (status != TICKER_OK)
        return status;
    if (!key_at(storage, what->location, key))
        return ti_fail(&self->error, TICKER_FAILED, TICKER_ERROR_INPUT,
                       "the file is not in the storage of this worker");
    return ticker_storage_get(storage, key, NULL, source, &self->error);
}

static ticker_status open_object(ti_importer *self, object *what, ticker_source **source)
{
    ticker_status status;

    if (what->bucket == NULL)
        return open_location(self, what, source);
    status = open_name(self, what, what->key, source);
    /* Some servers do not encode the keys of their events. */
    if (is_missing(status, &self->error) && strcmp(what->key, what->raw) != 0) {
        ticker_error_clear(&self->error);
        status = open_name(self, what, what->raw, source);
    }
    return status;
}

/* --- Importing ------------------------------------------------------------------------------------------------------------------ */

static int on_progress(uint64_t position, int64_t bytes, uint64_t records, void *payload)
{
    ti_importer *self = payload;

    atomic_store_explicit(&self->position, position, memory_order_relaxed);
    atomic_store_explicit(&self->bytes, bytes, memory_order_relaxed);
    atomic_store_explicit(&self->records, records, memory_order_relaxed);
    return ti_importer_must_end(self) ? 1 : 0;
}

static void on_begun(int64_t id, void *payload)
{
    ti_importer *self = payload;

    atomic_store_explicit(&self->row, id, memory_order_relaxed);
}

static void on_report(const ticker_report *report, void *payload)
{
    const ti_importer *self = payload;

    ti_tell_file(self->consumer, report);
}

static void show_file(ti_importer *self, const ticker_source *source)
{
    (void)pthread_mutex_lock(&self->consumer->lock);
    (void)snprintf(self->name, sizeof(self->name), "%s", source != NULL ? source->name : "");
    self->shown = source != NULL ? self->gear : NULL;
    atomic_store_explicit(&self->row, 0, memory_order_relaxed);
    (void)pthread_mutex_unlock(&self->consumer->lock);
    atomic_store_explicit(&self->position, 0, memory_order_relaxed);
    atomic_store_explicit(&self->records, 0, memory_order_relaxed);
    atomic_store_explicit(&self->bytes, source != NULL ? source->bytes : -1, memory_order_relaxed);
}

/* Without the storage's own bucket nothing goes; of another one that does not exist, this message alone is wrong. */
static bool is_lost_bucket(const object *what, ticker_status status, const ticker_error *error)
{
    return what->elsewhere && status == TICKER_FATAL &&
           (strcmp(error->aws_code, "NoSuchBucket") == 0 || strcmp(error->aws_code, "InvalidBucketName") == 0);
}

/* One try. *opened: the import itself tells the ledger why it failed. */
static ticker_status try_object(ti_importer *self, object *what, bool *opened)
{
    const ticker_import_events events = {.size = sizeof(events),
                                         .progress = on_progress,
                                         .report = on_report,
                                         .payload = self,
                                         .cache = self->consumer->cache,
                                         .begun = on_begun,
                                         .sequencer = what->sequencer,
                                         .object_version = what->version};
    ticker_source *source = NULL;
    ticker_status status = TICKER_OK;

    *opened = false;
    ticker_error_clear(&self->error);
    if (self->store == NULL)
        status = ticker_store_open(self->gear->options, &self->store, &self->error);
    atomic_store_explicit(&self->begun, ti_consumer_now(), memory_order_relaxed);
    ti_gauges_importing(self->consumer, 1);
    self->timed_out = false;
    if (status == TICKER_OK)
        status = open_object(self, what, &source);
    if (status == TICKER_OK) {
        show_file(self, source);
        *opened = true;
        status = ticker_upload_import(self->store, what->id, source, self->gear->options, &events, &self->error);
        show_file(self, NULL);
    }
    ti_gauges_importing(self->consumer, -1);
    atomic_store_explicit(&self->begun, 0, memory_order_relaxed);
    if (is_lost_bucket(what, status, &self->error)) {
        *opened = false; /* the import left the ledger's row to a next try */
        status = self->error.status = TICKER_FAILED;
    }
    return status;
}

/* Waits until the service is tried again. False: the consumer stops. */
static bool wait_for_service(ti_importer *self, int64_t pause)
{
    ticker_consumer *consumer = self->consumer;
    int64_t until = ti_consumer_now() + pause, now;
    bool stopping;

    ti_trouble_begin(consumer, TI_TROUBLE_IMPORTERS, &self->error, pause);
    (void)pthread_mutex_lock(&consumer->lock);
    consumer->holding++;
    while (!(stopping = ti_consumer_stopping(consumer)) && (now = ti_consumer_now()) < until &&
           consumer->gear == self->gear) { /* other options may be what mends it */
        atomic_store_explicit(&self->beat, now, memory_order_relaxed);
        ti_consumer_wait(consumer, &consumer->to_holders, until < now + LOOK_ALIVE ? until : now + LOOK_ALIVE);
    }
    consumer->holding--;
    (void)pthread_cond_signal(&consumer->to_receiver);
    (void)pthread_mutex_unlock(&consumer->lock);
    return !stopping;
}

/* Tries again for a while when a service is away, so that messages are not received in vain meanwhile. */
static ticker_status import_object(ti_importer *self, object *what, bool *opened)
{
    int64_t since = ti_consumer_now();
    unsigned tries = 0;

    for (;;) {
        ticker_status status = try_object(self, what, opened);
        bool keys, once = self->gear->once;
        int64_t pause;

        if (status == TICKER_RETRY || status == TICKER_FATAL)
            ti_importer_close(self); /* the connection may be broken */
        if ((status != TICKER_RETRY && status != TICKER_FATAL) || !ti_gear_is_away(self->gear, &self->error))
            return status;
        tries++;
        if (tries == 1 && status == TICKER_RETRY && !ti_consumer_stopping(self->consumer))
            continue; /* perhaps the old connection only */
        keys = ti_gear_wants_keys(self->gear, &self->error);
        pause = keys || status == TICKER_FATAL ? PAUSE_LAST : ti_doubled(PAUSE_FIRST, PAUSE_LAST, tries - 2);
        if (once)
            ti_consumer_fail(self->consumer, &self->error);
        if (once || ti_consumer_now() - since > HOLD_MAX || !wait_for_service(self, pause))
            return status;
        ti_importer_renew(self);
    }
}

/* --- One record ----------------------------------------------------------------------------------------------------------------- */

static bool is_last_attempt(const ti_importer *self)
{
    const ti_job *job = self->job;
    int64_t max = job->gear != NULL ? atomic_load_explicit(&job->gear->max_attempts, memory_order_relaxed) : 0;

    return job->message == NULL || (max > 0 && ticker_message_attempts(job->message) >= max);
}

/* Whether the ledger now says why. */
static bool refuse(ti_importer *self, const object *what)
{
    ticker_status status = TICKER_OK;

    if (self->store == NULL)
        status = ticker_store_open(self->gear->options, &self->store, NULL);
    if (status == TICKER_OK)
        status = ticker_upload_refuse(self->store, what->id, what->location, &self->error, NULL);
    if (status < TICKER_OK)
        ti_importer_close(self);
    return status == TICKER_OK;
}

static outcome missing_object(const ti_importer *self)
{
    if (self->gear->drop_missing)
        return MISSING;
    return self->gear->bury_missing || is_last_attempt(self) ? REFUSED : LATER;
}

/* What it is worth that an import ended with `status`; ->error says why it did. */
static outcome judge(ti_importer *self, ticker_status status)
{
    if (status >= TICKER_OK || status == TICKER_WARN) {
        ticker_error_clear(&self->error);
        return IMPORTED;
    }
    if (is_missing(status, &self->error))
        return missing_object(self);
    if (status == TICKER_FAILED)
        return REFUSED;
    if (self->timed_out) {
        ticker_error_clear(&self->error);
        (void)ti_fail(&self->error, TICKER_RETRY, TICKER_ERROR_LIMIT, "the import took longer than %lld seconds",
                      (long long)(self->gear->timeout / 1000));
        ti_error_hint(&self->error, "import-timeout allows it more");
        return is_last_attempt(self) ? REFUSED : LATER;
    }
    if (ti_consumer_stopping(self->consumer) && self->error.kind == TICKER_ERROR_CANCELLED)
        return STOPPED;
    if (ti_gear_is_away(self->gear, &self->error)) /* no fault of the message */
        return ti_consumer_stopping(self->consumer) ? STOPPED : LATER;
    return is_last_attempt(self) ? REFUSED : LATER;
}

static outcome work_on(ti_importer *self, object *what)
{
    bool opened;
    ticker_status status = import_object(self, what, &opened);
    outcome came = judge(self, status);

    if (came == IMPORTED || came == REFUSED)
        ti_trouble_end(self->consumer, TI_TROUBLE_IMPORTERS);
    if (came == REFUSED) {
        bool told = (opened && status == TICKER_FAILED) || refuse(self, what);

        self->job->recorded = told && (self->job->recorded || self->job->refused == 0);
        self->job->refused++;
    } else if (came == MISSING) {
        (void)refuse(self, what);
    }
    return came;
}

/* --- One message ---------------------------------------------------------------------------------------------------------------- */

/* What is known of a message's records from an earlier time; with `make` there is room for it. Under the lock. */
static ti_remembered *remember(ticker_consumer *consumer, const char *id, bool make)
{
    ti_remembered *place;

    if (strlen(id) >= TI_REMEMBERED_ID)
        return NULL;
    for (size_t i = 0; i < TI_REMEMBERED; i++)
        if (strcmp(consumer->remembered[i].id, id) == 0 && id[0] != '\0')
            return &consumer->remembered[i];
    if (!make)
        return NULL;
    place = &consumer->remembered[consumer->remember_next++ % TI_REMEMBERED];
    memset(place, 0, sizeof(*place));
    memcpy(place->id, id, strlen(id) + 1);
    return place;
}

static bool was_done(const ti_importer *self, size_t index)
{
    const ti_remembered *known = NULL;
    bool done;

    (void)pthread_mutex_lock(&self->consumer->lock);
    if (ti_gear_same_queue(self->job->gear, self->consumer->gear))
        known = remember(self->consumer, ticker_message_id(self->job->message), false);
    done = known != NULL && index / 8 < sizeof(known->done) && (known->done[index / 8] >> index % 8 & 1) != 0;
    (void)pthread_mutex_unlock(&self->consumer->lock);
    return done;
}

static void keep_done(const ti_importer *self, size_t index)
{
    ti_remembered *known = NULL;

    (void)pthread_mutex_lock(&self->consumer->lock);
    if (ti_gear_same_queue(self->job->gear, self->consumer->gear)) /* an id means something in its queue only */
        known = remember(self->consumer, ticker_message_id(self->job->message), true);
    if (known != NULL && index / 8 < sizeof(known->done))
        known->done[index / 8] |= (unsigned char)(1u << index % 8);
    (void)pthread_mutex_unlock(&self->consumer->lock);
}

static outcome work_on_record(ti_importer *self, const ticker_event *event, size_t index)
{
    object what = {.bucket = ticker_event_bucket(event, index),
                   .key = ticker_event_key(event, index),
                   .raw = ticker_event_raw_key(event, index),
                   .version = ticker_event_version(event, index),
                   .sequencer = ticker_event_sequencer(event, index)};
    bool several = ticker_event_count(event) > 1;
    outcome came;

    if (ticker_event_get_action(event, index) != TICKER_EVENT_IMPORT)
        return NOTHING;
    if (several && was_done(self, index))
        return IMPORTED;
    came = work_on(self, &what);
    if (several && came == IMPORTED)
        keep_done(self, index);
    free(what.location);
    return came;
}

static void conclude(ti_importer *self, outcome worst)
{
    static const ticker_consumed verdicts[] = {
        [NOTHING] = TICKER_CONSUMED_IGNORED, [MISSING] = TICKER_CONSUMED_MISSING, [IMPORTED] = TICKER_CONSUMED_DONE,
        [REFUSED] = TICKER_CONSUMED_DEAD,    [LATER] = TICKER_CONSUMED_RETRIED,   [STOPPED] = TICKER_CONSUMED_RELEASED};
    ti_job *job = self->job;

    job->what = verdicts[worst];
    if (job->what == TICKER_CONSUMED_RETRIED && job->message != NULL)
        job->delay = (int)ti_doubled(RELEASE_FIRST, RELEASE_LAST, ticker_message_attempts(job->message) - 1);
}

static void work_on_event(ti_importer *self, const ticker_event *event)
{
    outcome worst = NOTHING;

    for (size_t i = 0; i < ticker_event_count(event) && worst != STOPPED; i++) {
        outcome came = i > 0 && ti_consumer_late(self->consumer) ? STOPPED : work_on_record(self, event, i);

        if (came > worst) {
            worst = came;
            self->job->why = self->error; /* the first of the worst kind */
        }
        ticker_error_clear(&self->error);
    }
    conclude(self, worst);
}

/* An upload that no message tells of. */
static void work_on_left(ti_importer *self)
{
    object what = {.id = self->job->left, .location = self->job->location};

    if (self->job->hopeless) {
        (void)ti_fail(&self->error, TICKER_FAILED, TICKER_ERROR_LIMIT,
                      "the import was begun again and again, and never came to an end");
        ti_error_hint(&self->error, "look into the log of the workers of that time, then upload the file again");
        (void)refuse(self, &what);
    } else {
        (void)work_on(self, &what);
    }
    ticker_error_clear(&self->error);
}

void ti_importer_work(ti_importer *self)
{
    ti_job *job = self->job;
    ticker_event *event = NULL;
    size_t size = 0;
    const char *body;
    ticker_status status;

    if (job->message == NULL) {
        work_on_left(self);
        return;
    }
    body = ticker_message_body(job->message, &size);
    status = ticker_event_parse(body, size, &event, &job->why);
    if (status == TICKER_OK && ticker_event_get_kind(event) == TICKER_EVENT_OBJECTS)
        work_on_event(self, event);
    else
        conclude(self, status == TICKER_OK ? NOTHING : status == TICKER_FAILED ? REFUSED : LATER);
    ticker_event_free(event);
}
