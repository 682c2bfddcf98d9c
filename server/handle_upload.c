/* POST and PUT /api/quotes/upload: a file goes into the storage while it comes, then into the ledger, then its event into the queue. What
 * fails on the way takes back what was done before it: nothing is left of an upload that was not answered with 201. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "server.h"
#include "upload_body.h"
#include "uploads.h"

#define STORE_WAIT_MS 30000       /* for a connection, when the file is there */
#define ROW_MAX (1024 * 1024)     /* bytes of a ledger row as JSON; its problems alone may be 256 KiB */
#define UPLOAD_URL_BODY_MAX 16384 /* bytes of a request for a presigned upload */
#define UPLOAD_URL_SECONDS 3600   /* that it lives */

typedef struct upload_run {
    server *server;
    exchange *x;
    ticker_error *error;
    ticker_storage *storage;
    ticker_store *store;
    ticker_stored *stored;
    upload_body body;
} upload_run;

/* --- Failures. */

static void fault(upload_run *run)
{
    problem_of(run->server, run->x, run->error);
}

/* The file is stored and shall not be. */
static void take_back(upload_run *run)
{
    ticker_error *error = ticker_error_new();
    char text[FRONT_MESSAGE_MAX];

    if (ticker_storage_delete(run->storage, ticker_stored_key(run->stored), error) != TICKER_OK) {
        (void)ticker_error_format(error, text, sizeof text);
        front_warning(run->server->console, "request %s: %s was stored and cannot be removed: %s", run->x->id,
                      ticker_stored_url(run->stored), text);
    }
    ticker_error_free(error);
}

/* --- The answer. */

typedef struct text_buffer {
    char *data;
    size_t size;
} text_buffer;

static int append(const void *data, size_t size, void *payload)
{
    text_buffer *to = payload;
    char *grown = size <= ROW_MAX - to->size ? realloc(to->data, to->size + size + 1) : NULL;

    if (grown == NULL)
        return 1;
    memcpy(grown + to->size, data, size);
    to->data = grown;
    to->size += size;
    return 0;
}

/* The ledger's row. NULL: it cannot be read now. */
static front_json *read_row(upload_run *run, int64_t id)
{
    ticker_query *query = ticker_query_new("imports");
    text_buffer text = {NULL, 0};
    front_json *row = NULL;
    char number[24];

    (void)snprintf(number, sizeof number, "%" PRId64, id);
    if (query != NULL && ticker_query_set(query, "id", number, NULL) == TICKER_OK &&
        ticker_query_set(query, "location", "key", NULL) == TICKER_OK &&
        ticker_query_run(query, run->store, "json", append, &text, NULL, NULL, NULL) == TICKER_OK)
        row = front_json_read(text.data, text.size);
    ticker_query_free(query);
    free(text.data);
    return row;
}

static const char *text_of(const front_json *row, const char *key, const char *otherwise)
{
    const char *text = front_json_get_text(row, key);

    return text != NULL ? text : otherwise;
}

static void free_json(void *json)
{
    front_json_free(json);
}

/* What the ledger's row, which goes with it, says of the file; what it cannot say now, as it was recorded. */
static void answer_row(upload_run *run, int status, int64_t id, front_json *row)
{
    front_json *json = front_json_object(), *file = front_json_object();
    const char *line;

    front_json_integer(json, "id", id);
    front_json_text(json, "status", text_of(row, "status", "queued"));
    front_json_text(file, "name", text_of(row, "file", run->body.name));
    front_json_integer(file, "bytes", ticker_stored_bytes(run->stored));
    front_json_text(file, "sha256", ticker_stored_sha256(run->stored));
    front_json_text_or_null(file, "content_type", text_of(row, "content_type", run->body.type));
    front_json_text_or_null(file, "format", text_of(row, "format", run->body.format));
    front_json_put(json, "file", file);
    front_json_text_or_null(json, "location", text_of(row, "location", NULL));
    front_json_text_or_null(json, "created_at", text_of(row, "created_at", NULL));
    front_json_free(row);
    line = front_json_line(json);
    if (line == NULL) {
        front_json_free(json);
        problem_answer(run->x, 500, NULL);
        return;
    }
    exchange_answer(run->x, status, "application/json", line, strlen(line), free_json, json);
    (void)exchange_set_format(run->x, "Location", "/api/imports/%" PRId64, id);
    (void)exchange_put(run->x, "Cache-Control", "no-store");
}

/* --- The way of a file. */

static bool take_store(upload_run *run, int wait_ms)
{
    return ticker_pool_take(uploads_pool(run->server->uploads), wait_ms, &run->store, run->error) == TICKER_OK;
}

static void give_store(upload_run *run)
{
    if (run->store != NULL)
        ticker_pool_give(uploads_pool(run->server->uploads), run->store);
    run->store = NULL;
}

/* Before gigabytes are sent in vain. That all connections are busy does not matter yet. */
static bool is_ready(upload_run *run)
{
    bool ready = take_store(run, 0) || ticker_error_get_kind(run->error) == TICKER_ERROR_LIMIT;

    give_store(run);
    if (ready) {
        ticker_error_clear(run->error);
        ready = uploads_ready(run->server->uploads, &run->storage, run->error) == TICKER_OK;
    }
    if (!ready)
        fault(run);
    return ready;
}

static bool store_file(upload_run *run)
{
    ticker_source *source;
    ticker_status status;

    if (!upload_body_open(&run->body, run->server, run->x, run->x->route)) {
        problem_answer(run->x, run->body.status, run->body.detail);
        return false;
    }
    source = upload_body_source(&run->body);
    if (source == NULL) {
        problem_answer(run->x, 503, NULL);
        return false;
    }
    status = ticker_storage_put(run->storage, run->body.name, source, NULL, NULL, &run->stored, run->error);
    if (status == TICKER_OK)
        return true;
    if (run->body.status != 0)
        problem_answer(run->x, run->body.status, run->body.detail);
    else
        fault(run);
    return false;
}

/* These bytes are known: as another upload's; or as those of the file just stored, of which S3 told a worker who was quicker. False:
 * nothing is to be kept. */
static bool answer_known(upload_run *run, int64_t id)
{
    front_json *row = read_row(run, id);
    bool own = strcmp(text_of(row, "location", ""), ticker_stored_url(run->stored)) == 0;

    answer_row(run, own ? 201 : 200, id, row);
    return own || uploads_told(run->server->uploads, run->storage);
}

/* Into the ledger and the queue; or, when these bytes were there before, away with them. Not when S3 has told the queue of them: who is
 * sent for a file that is gone cannot know that nothing is lost; who finds it sees that it is a duplicate. False: nothing is to be kept. */
static bool record_file(upload_run *run)
{
    const upload_body *body = &run->body;
    ticker_status status;
    int64_t id = 0;

    status = ticker_upload_known(run->store, ticker_stored_sha256(run->stored), ticker_stored_bytes(run->stored), &id,
                                 run->error);
    if (status == TICKER_OK)
        return answer_known(run, id);
    if (status == TICKER_DONE)
        status = ticker_upload_record(run->store, run->stored, body->name, body->format, body->type, &id, run->error);
    if (status == TICKER_OK) {
        status = uploads_announce(run->server->uploads, run->store, run->stored, run->error);
        if (status != TICKER_OK && ticker_upload_refuse(run->store, id, NULL, run->error, NULL) != TICKER_OK)
            front_warning(run->server->console, "request %s: upload %" PRId64 " stays in the ledger", run->x->id, id);
    }
    if (status != TICKER_OK) {
        fault(run);
        return false;
    }
    answer_row(run, 201, id, read_row(run, id));
    return true;
}

static void upload(upload_run *run)
{
    if (!is_ready(run) || !store_file(run))
        return;
    if (!take_store(run, STORE_WAIT_MS)) {
        fault(run);
        take_back(run);
    } else if (!record_file(run)) {
        take_back(run);
    }
}

/* Who reads a body keeps a thread for as long as its client takes. False after answering; else leave() is due. */
static bool enter(server *s, exchange *x)
{
    if (atomic_fetch_add(&s->receiving, 1) + atomic_load(&s->streams) < s->long_max)
        return true;
    (void)atomic_fetch_sub(&s->receiving, 1);
    problem_answer(x, 503, "too many uploads are running; try again in a moment");
    return false;
}

static void leave(server *s)
{
    (void)atomic_fetch_sub(&s->receiving, 1);
}

static void work_upload(server *s, exchange *x, request *r)
{
    upload_run run = {.server = s, .x = x};

    (void)r;
    if (!enter(s, x))
        return;
    run.error = ticker_error_new();
    if (run.error == NULL)
        problem_answer(x, 503, NULL);
    else
        upload(&run);
    leave(s);
    give_store(&run);
    ticker_series_add(ticker_metrics_series(s->metrics, TICKER_METRIC_UPLOAD_BYTES, NULL, 0), run.body.taken);
    upload_body_close(&run.body);
    ticker_stored_free(run.stored);
    ticker_error_free(run.error);
}

/* --- POST /api/quotes/upload-url */

/* The whole body of a small request. False after answering. */
static bool read_all(exchange *x, char *text, size_t *size, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    size_t got;

    for (*size = 0; status == TICKER_OK; *size += status == TICKER_OK ? got : 0) {
        if (*size == UPLOAD_URL_BODY_MAX) {
            problem_printf(x, 413, "the body has at most %d bytes", UPLOAD_URL_BODY_MAX - 1);
            return false;
        }
        status = x->ops->read(x, text + *size, UPLOAD_URL_BODY_MAX - *size, &got, error);
    }
    if (status == TICKER_DONE)
        return true;
    problem_answer(x, ticker_error_get_kind(error) == TICKER_ERROR_CANCELLED ? 503 : 400,
                   "the body broke off before its end");
    return false;
}

/* A small one may be as slow as a large one. */
static bool read_small(server *s, exchange *x, char *text, size_t *size, ticker_error *error)
{
    bool whole = enter(s, x);

    if (!whole)
        return false;
    whole = read_all(x, text, size, error);
    leave(s);
    return whole;
}

static void free_request(void *text)
{
    explicit_bzero(text, strlen(text)); /* it is signed */
    ticker_free(text);
}

static void answer_presigned(server *s, exchange *x, const char *name, int64_t bytes, ticker_error *error)
{
    upload_run run = {.server = s, .x = x, .error = error};
    char clean[FILE_NAME_MAX], *text = NULL;
    ticker_status status = uploads_storage(s->uploads, &run.storage, error);

    clean_file_name(name, strlen(name), clean);
    if (status == TICKER_OK)
        status = ticker_storage_presign(run.storage, clean[0] != '\0' ? clean : "upload", bytes, UPLOAD_URL_SECONDS,
                                        &text, error);
    if (status == TICKER_OK) {
        exchange_answer(x, 201, "application/json", text, strlen(text), free_request, text);
        (void)exchange_put(x, "Cache-Control", "no-store");
    } else if (ticker_error_get_kind(error) == TICKER_ERROR_UNSUPPORTED) {
        problem_answer(x, 501,
                       "files cannot go straight into this server's storage, which is a folder; send them to "
                       "/api/quotes/upload, or let the server keep uploads in S3 (STORAGE_URL=s3://bucket)");
    } else {
        fault(&run);
    }
}

static void work_upload_url(server *s, exchange *x, request *r)
{
    const char *type = exchange_header_of(x, "content-type"), *name;
    char *text = exchange_memory(x, UPLOAD_URL_BODY_MAX);
    ticker_error *error = ticker_error_new();
    front_json *json = NULL;
    int64_t bytes = 0;
    size_t size = 0;

    (void)r;
    if (text == NULL || error == NULL) {
        problem_answer(x, 503, NULL);
    } else if (type != NULL && !header_is(type, strlen(type), "application/json")) {
        problem_answer(x, 415, "send {\"name\": …, \"bytes\": …} as application/json");
    } else if (read_small(s, x, text, &size, error)) {
        json = front_json_read(text, size);
        name = front_json_get_text(json, "name");
        if (name == NULL || !front_json_get_integer(json, "bytes", &bytes) || bytes < 1)
            problem_answer(x, 400, "send {\"name\": the file's name, \"bytes\": its length} as JSON");
        else if (bytes > s->upload_max)
            problem_printf(x, 413, "an upload has at most %" PRId64 " bytes", s->upload_max);
        else
            answer_presigned(s, x, name, bytes, error);
    }
    front_json_free(json);
    ticker_error_free(error);
}

static const char *const upload_parameters[] = {"name", NULL};

const server_route routes_upload[] = {
    {"POST", "/api/quotes/upload", SERVER_UPLOAD, 0, upload_parameters, NULL, true, NULL, work_upload},
    {"PUT", "/api/quotes/upload", SERVER_UPLOAD, 0, upload_parameters, NULL, true, NULL, work_upload},
    {"PUT", "/api/quotes/upload/{name}", SERVER_UPLOAD, 0, NULL, NULL, true, NULL, work_upload},
    {"POST", "/api/quotes/upload-url", SERVER_UPLOAD, 0, NULL, NULL, true, NULL, work_upload_url},
    {0},
};
