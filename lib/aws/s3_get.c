/* An object as a source. The first ranged request tells how long it is and which version; the others ask for exactly
 * that one. Parts come ahead of the reader, several at once, and each goes on where it broke off. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport/limits.h>

#include "aws/parts.h"
#include "aws/s3.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/number.h"
#include "base/options.h"

#define TEXT_MAX 1024           /* of an ETag, a version */
#define WAKE_BYTES (256 * 1024) /* that are worth waking the reader for */
#define WAKE_TIME 100           /* milliseconds after which it takes what there is */
#define RESUMES_MAX 100         /* of one part */
#define PAUSE_FIRST 50          /* milliseconds before a part goes on, doubled each time … */
#define PAUSE_MAX 5000
#define PAUSE_FORGET (1024 * 1024) /* … unless so many bytes came in between */
#define WINDOW TI_PARTS_THREADS_MAX

typedef struct download {
    ticker_aws *aws;
    char *bucket, *key;
    bool verify;
    size_t part_size;
    ti_parts *parts;
    /* Set with the first answer, before other parts are asked for. */
    bool known;
    int64_t total;
    char *version;  /* "": the latest */
    char *match;    /* the ETag with its quotes; "": any */
    char *modified; /* Last-Modified, for servers without ETags */
    bool md5;       /* the ETag is the MD5 of the bytes */
    ti_s3_algorithm algorithm;
    char expected[TI_S3_CHECKSUM_MAX];
    /* The reader's. */
    ti_part *window[WINDOW]; /* parts in order, a ring */
    size_t first, count;
    int64_t next, delivered; /* offsets: of the next part to ask for, of the next byte to hand out */
    size_t taken;            /* bytes of the first part that were handed out */
    ti_s3_checksum checksum;
    ticker_status ended;
    ticker_error failure;
    /* What it waits for, under the pool's lock. */
    const ti_part *awaited;
    size_t awaited_bytes;
} download;

/* --- Answers -------------------------------------------------------------------------------------------------------------------- */

/* One request for the rest of a part. */
typedef struct attempt {
    download *get;
    ti_part *part;
    ti_s3_call call;
    char range[64];
    bool checked;
} attempt;

static ticker_status replaced(ticker_error *error)
{
    (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_INPUT, "the object was replaced while it was read");
    ti_error_hint(error, "read it again from the beginning");
    ti_error_http(error, 412, "PreconditionFailed");
    return TICKER_RETRY;
}

static ticker_status wrong_answer(ticker_error *error, const char *why)
{
    return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "GetObject: the server's answer makes no sense: %s", why);
}

/* "bytes 0-99/1000" */
static bool parse_content_range(ti_slice text, int64_t *from, int64_t *to, int64_t *total)
{
    static const char unit[] = "bytes ";
    const char *dash, *slash;
    ti_slice parts[3];

    if (text.size < sizeof(unit) || memcmp(text.data, unit, sizeof(unit) - 1) != 0)
        return false;
    text = (ti_slice){text.data + sizeof(unit) - 1, text.size - (sizeof(unit) - 1)};
    dash = memchr(text.data, '-', text.size);
    slash = memchr(text.data, '/', text.size);
    if (dash == NULL || slash == NULL || dash > slash)
        return false;
    parts[0] = (ti_slice){text.data, (size_t)(dash - text.data)};
    parts[1] = (ti_slice){dash + 1, (size_t)(slash - dash - 1)};
    parts[2] = (ti_slice){slash + 1, (size_t)(text.data + text.size - slash - 1)};
    return ti_parse_integer(parts[0], false, from) && ti_parse_integer(parts[1], false, to) &&
           ti_parse_integer(parts[2], false, total) && *from <= *to && *to < *total;
}

static bool is_md5(ti_slice etag)
{
    unsigned char digest[TI_MD5_BYTES];

    return ti_unhex(etag, digest, sizeof(digest));
}

/* With these the ETag is something else. */
static bool encrypted(const ti_http_response *response)
{
    ti_slice how = ti_http_response_header(response, "x-amz-server-side-encryption");

    return (how.size > 0 && !ti_slice_is(how, "AES256")) ||
           ti_http_response_header(response, "x-amz-server-side-encryption-customer-algorithm").size > 0;
}

/* A checksum of the whole object: those of objects uploaded in parts may be sums of sums ("…-12"), which say nothing
 * about the bytes unless the parts are known. */
static void choose_checksum(download *get, const ti_http_response *response)
{
    bool composite = ti_slice_is(ti_http_response_header(response, "x-amz-checksum-type"), "COMPOSITE");

    for (int i = 0; i < TI_S3_ALGORITHMS && !composite && get->algorithm == TI_S3_NO_CHECKSUM; i++) {
        ti_slice value = ti_http_response_header(response, ti_s3_algorithm_header((ti_s3_algorithm)i));

        if (value.size == 0 || value.size >= sizeof(get->expected) || memchr(value.data, '-', value.size) != NULL)
            continue;
        get->algorithm = (ti_s3_algorithm)i;
        (void)snprintf(get->expected, sizeof(get->expected), "%.*s", (int)value.size, value.data);
    }
}

static ticker_status set_text(char **text, const ti_http_response *response, const char *header, ticker_error *error)
{
    char *copy;

    if (ti_http_response_header(response, header).size > TEXT_MAX)
        return wrong_answer(error, "a header is too long");
    copy = ti_s3_header_text(response, header, TEXT_MAX);
    if (copy == NULL)
        return ti_fail_memory(error);
    free(*text);
    *text = copy;
    return TICKER_OK;
}

/* Whether the answer's version, when it names one, is the one that was asked for or came first. */
static bool same_version(const download *get, const ti_http_response *response)
{
    ti_slice found = ti_http_response_header(response, "x-amz-version-id");

    return *get->version == '\0' || found.size == 0 || ti_slice_is(found, get->version);
}

/* Servers without versions or preconditions send what they have, whatever was asked for. */
static ticker_status check_wanted(const download *get, const ti_http_response *response, ticker_error *error)
{
    ti_slice found = ti_s3_unquoted(ti_http_response_header(response, "ETag"));

    if (!same_version(get, response))
        return wrong_answer(error, "another version than was asked for");
    if (*get->match == '\0' || ti_slice_equal(found, ti_s3_unquoted(ti_slice_of(get->match))))
        return TICKER_OK;
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT,
                  "GetObject: the object has another ETag than was asked for");
    ti_error_hint(error, "it was replaced since: ask for the version, or for the latest one");
    ti_error_http(error, 412, "PreconditionFailed");
    return TICKER_FAILED;
}

/* The first answer: from now on it is this object and no other. */
static ticker_status learn(download *get, ti_part *part, const ti_http_response *response, int64_t total,
                           ticker_error *error)
{
    ti_slice version = ti_http_response_header(response, "x-amz-version-id");
    ticker_status status = check_wanted(get, response, error);

    if (status == TICKER_OK)
        status = set_text(&get->match, response, "ETag", error);
    if (status == TICKER_OK)
        status = set_text(&get->modified, response, "Last-Modified", error);
    if (status == TICKER_OK && version.size > 0 && !ti_slice_is(version, "null"))
        status = set_text(&get->version, response, "x-amz-version-id", error);
    if (status != TICKER_OK)
        return status;
    if (get->verify && total <= (int64_t)get->part_size) { /* the checksums of a range are not the object's */
        choose_checksum(get, response);
        get->md5 = get->algorithm == TI_S3_NO_CHECKSUM && !encrypted(response) &&
                   is_md5(ti_s3_unquoted(ti_slice_of(get->match)));
    }
    ti_parts_lock(get->parts);
    get->known = true;
    get->total = total;
    part->size = total < (int64_t)get->part_size ? (size_t)total : get->part_size;
    ti_parts_unlock(get->parts, true);
    return TICKER_OK;
}

/* Servers may have no preconditions. */
static bool same_object(const download *get, const ti_http_response *response, int64_t total)
{
    if (total != get->total || !same_version(get, response))
        return false;
    if (*get->match != '\0')
        return ti_slice_is(ti_http_response_header(response, "ETag"), get->match);
    return ti_slice_is(ti_http_response_header(response, "Last-Modified"), get->modified);
}

/* Before the first byte is taken. */
static ticker_status check_answer(attempt *piece, ticker_error *error)
{
    const ti_http_response *response = &piece->call.response;
    download *get = piece->get;
    int64_t at = piece->part->offset + (int64_t)piece->part->filled, from = 0, to, total;

    piece->checked = true;
    if (response->status == 206) {
        if (!parse_content_range(ti_http_response_header(response, "Content-Range"), &from, &to, &total) || from != at)
            return wrong_answer(error, "not the range that was asked for");
    } else {
        if (!ti_parse_integer(ti_http_response_header(response, "Content-Length"), false, &total))
            return wrong_answer(error, "no length");
        if (at > 0 || total > (int64_t)get->part_size) {
            (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED,
                          "GetObject: the server sends whole objects only, not ranges of them");
            ti_error_hint(error, "raise s3-part-size above the size of the object");
            return TICKER_FATAL;
        }
    }
    if (!get->known)
        return learn(get, piece->part, response, total, error);
    return same_object(get, response, total) ? TICKER_OK : replaced(error);
}

static ticker_status take_bytes(void *self, const void *data, size_t size, ticker_error *error)
{
    attempt *piece = self;
    ti_part *part = piece->part;
    ticker_status status;
    bool wake;

    if (!piece->checked) {
        status = check_answer(piece, error);
        if (status != TICKER_OK)
            return status;
    }
    if (size > part->size - part->filled)
        return wrong_answer(error, "more bytes than were asked for");
    memcpy(part->data + part->filled, data, size);
    ti_parts_lock(piece->get->parts);
    part->filled += size;
    wake = piece->get->awaited == part && part->filled >= piece->get->awaited_bytes;
    ti_parts_unlock(piece->get->parts, wake);
    return TICKER_OK;
}

/* --- Requests ------------------------------------------------------------------------------------------------------------------- */

static void ask_for_object(const download *get, ti_s3_call *call, const char *operation, const char *method)
{
    ti_s3_call_begin(call, operation, method, get->bucket, get->key);
    if (*get->match != '\0')
        ti_s3_call_header(call, "If-Match", get->match);
    if (*get->version != '\0')
        ti_s3_call_query(call, "versionId", get->version);
    if (get->verify)
        ti_s3_call_header(call, "x-amz-checksum-mode", "ENABLED");
}

/* Asks for what the part has not got yet. */
static ticker_status ask_for_rest(download *get, ti_part *part, ticker_error *error)
{
    attempt piece = {.get = get, .part = part};
    int64_t at = part->offset + (int64_t)part->filled;
    ticker_status status;

    ask_for_object(get, &piece.call, "GetObject", "GET");
    (void)snprintf(piece.range, sizeof(piece.range), "bytes=%lld-%lld", (long long)at,
                   (long long)(part->offset + (int64_t)part->size - 1));
    ti_s3_call_header(&piece.call, "Range", piece.range);
    piece.call.request.sink = (ti_http_sink){.write = take_bytes, .self = &piece};
    piece.call.request.stop = ti_parts_stop(get->parts);
    status = ti_s3_call_perform(get->aws, &piece.call, error);
    if (status == TICKER_OK && !piece.checked)
        status = check_answer(&piece, error);
    ti_s3_call_end(&piece.call);
    return status;
}

/* No range of an empty object can be satisfied. */
static void learn_empty(download *get, ti_part *part)
{
    ti_parts_lock(get->parts);
    part->size = 0;
    get->known = true;
    get->total = 0;
    ti_parts_unlock(get->parts, true);
}

/* What a failure means for a reader in the middle of the object. */
static ticker_status explain(const download *get, ticker_status status, const ticker_error *failed, ticker_error *error)
{
    if (get->known && failed->http_status == 412)
        return replaced(error);
    if (get->known && failed->http_status == 404) {
        (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the object was deleted while it was read");
        ti_error_http(error, failed->http_status, failed->aws_code);
        return TICKER_FAILED;
    }
    ti_error_copy(error, failed);
    /* One object that may not be read (or is not there: who may not list is told so) says nothing against the others. */
    if (failed->http_status == 403 && strcmp(failed->aws_code, "AccessDenied") == 0)
        error->status = status = TICKER_FAILED;
    return status;
}

static ticker_status check_md5(const download *get, const ti_part *part, ticker_error *error)
{
    ti_slice etag = ti_s3_unquoted(ti_slice_of(get->match));
    unsigned char said[TI_MD5_BYTES], found[TI_MD5_BYTES];

    if (!ti_unhex(etag, said, sizeof(said)) || !ti_md5_of(part->data, part->size, found))
        return ti_fail_memory(error);
    if (memcmp(said, found, sizeof(said)) == 0)
        return TICKER_OK;
    (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO,
                  "the bytes that came are not those of the object: their MD5 is not its ETag");
    ti_error_hint(error, "if this server's ETags are no MD5 sums, set s3-response-checksum to when_required");
    return TICKER_RETRY;
}

/* A connection that broke after it had brought something. The engine has repeated what brought nothing. */
static bool broke_off(ticker_status status, const ticker_error *failed, size_t gained)
{
    return gained > 0 && (status == TICKER_OK || (status == TICKER_RETRY && failed->kind == TICKER_ERROR_SERVICE));
}

/* One part, in a thread of the pool. A connection that breaks costs only what had not come yet. */
static ticker_status fetch(void *self, ti_part *part, ticker_error *error)
{
    download *get = self;
    const ti_aws_request waiting = {.stop = ti_parts_stop(get->parts)};
    int64_t pause = PAUSE_FIRST;

    for (unsigned resumed = 0;; resumed++) {
        size_t before = part->filled;
        ticker_status status;
        ticker_error failed;

        ti_error_init(&failed);
        status = ask_for_rest(get, part, &failed);
        if (status != TICKER_OK && failed.http_status == 416 && !get->known) {
            learn_empty(get, part);
            return TICKER_OK;
        }
        if (get->known && part->filled == part->size && status >= TICKER_RETRY)
            break;
        if (!broke_off(status, &failed, part->filled - before) || resumed == RESUMES_MAX) {
            if (status == TICKER_OK)
                status = wrong_answer(&failed, "fewer bytes than were asked for");
            return explain(get, status, &failed, error);
        }
        pause = part->filled - before >= PAUSE_FORGET ? PAUSE_FIRST : pause;
        if (!ti_s3_pause(get->aws, &waiting, pause))
            return ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "GetObject: stopped");
        pause = pause * 2 < PAUSE_MAX ? pause * 2 : PAUSE_MAX;
    }
    return get->md5 ? check_md5(get, part, error) : TICKER_OK;
}

/* --- The reader ----------------------------------------------------------------------------------------------------------------- */

/* Asks for as many parts ahead as there are buffers. */
static ticker_status ask_ahead(download *get, bool known, ticker_error *error)
{
    int64_t total = known ? get->total : (int64_t)get->part_size;
    ticker_status status = TICKER_OK;
    ti_part *part;

    while (status == TICKER_OK && get->next < total) {
        status = ti_parts_take(get->parts, get->part_size, &part, error);
        if (status != TICKER_OK)
            break;
        part->offset = get->next;
        part->size = total - get->next < (int64_t)get->part_size ? (size_t)(total - get->next) : get->part_size;
        get->next += (int64_t)part->size;
        get->window[(get->first + get->count++) % WINDOW] = part;
        status = ti_parts_submit(get->parts, part, error);
    }
    return status == TICKER_DONE ? TICKER_OK : status;
}

static bool is_known(void *self)
{
    return ((download *)self)->known;
}

static bool first_is_done(void *self)
{
    const download *get = self;

    return get->window[get->first]->done;
}

static bool bytes_are_there(void *self)
{
    download *get = self;
    const ti_part *part = get->window[get->first];
    size_t wanted = part->size - get->taken;

    get->awaited = part;
    get->awaited_bytes = get->taken + (wanted < WAKE_BYTES ? wanted : WAKE_BYTES);
    return part->filled >= get->awaited_bytes;
}

/* Parts that were handed out whole make room for others. Only then is it known that nothing was wrong with them. */
static ticker_status move_on(download *get, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    while (get->count > 0 && get->taken == get->window[get->first]->size && status == TICKER_OK) {
        status = ti_parts_wait(get->parts, first_is_done, get, -1, error);
        if (status != TICKER_OK)
            return status;
        ti_parts_give(get->parts, get->window[get->first]);
        get->first = (get->first + 1) % WINDOW;
        get->count--;
        get->taken = 0;
    }
    return ask_ahead(get, true, error);
}

/* The end: a checksum that the server has of the whole object must be that of the bytes that went out. Damage on the way and damage of
 * the object look the same, so it is worth another try; who tries for ever has a limit of his own. */
static ticker_status finish(download *get, ticker_error *error)
{
    char found[TI_S3_CHECKSUM_MAX];

    if (get->algorithm == TI_S3_NO_CHECKSUM)
        return TICKER_DONE;
    if (!ti_s3_checksum_end(&get->checksum, found))
        return ti_fail_memory(error);
    if (strcmp(found, get->expected) == 0)
        return TICKER_DONE;
    (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO,
                  "the bytes that came are not those of the object: their %s is %s, the server's is %s",
                  ti_s3_algorithm_name(get->algorithm), found, get->expected);
    ti_error_hint(error, "read it again; when it stays so, the object is damaged: upload it anew");
    return TICKER_RETRY;
}

static ticker_status hand_out(download *get, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    const ti_part *part = get->window[get->first];
    ticker_status status;
    size_t filled;

    do {
        status = ti_parts_wait(get->parts, bytes_are_there, get, WAKE_TIME, error);
        if (status < TICKER_OK)
            return status;
        ti_parts_lock(get->parts);
        filled = part->filled;
        ti_parts_unlock(get->parts, false);
    } while (filled == get->taken);
    *got = filled - get->taken < capacity ? filled - get->taken : capacity;
    memcpy(buffer, part->data + get->taken, *got);
    get->taken += *got;
    get->delivered += (int64_t)*got;
    return ti_s3_checksum_add(&get->checksum, buffer, *got) ? TICKER_OK : ti_fail_memory(error);
}

static ticker_status download_read(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    download *get = self;

    if (get->ended == TICKER_OK) {
        get->ended = move_on(get, &get->failure);
        if (get->ended == TICKER_OK && get->count == 0)
            get->ended = finish(get, &get->failure);
    }
    if (get->ended == TICKER_OK)
        get->ended = hand_out(get, buffer, capacity, got, &get->failure);
    if (get->ended < TICKER_OK)
        ti_error_copy(error, &get->failure);
    return get->ended;
}

static void download_close(void *self)
{
    download *get = self;

    ti_parts_free(get->parts);
    ti_s3_checksum_drop(&get->checksum);
    free(get->bucket);
    free(get->key);
    free(get->version);
    free(get->match);
    free(get->modified);
    free(get);
}

/* --- Opening -------------------------------------------------------------------------------------------------------------------- */

/* Quotes around it, as the header wants them. */
static char *quoted(const char *etag)
{
    size_t size = etag != NULL ? strlen(etag) : 0;
    char *text;

    if (size == 0 || *etag == '"')
        return strdup(size > 0 ? etag : "");
    text = malloc(size + 3);
    if (text != NULL)
        (void)snprintf(text, size + 3, "\"%s\"", etag);
    return text;
}

static download *new_download(ticker_aws *aws, const char *bucket, const char *key, const char *version,
                              const char *etag)
{
    const ticker_options *options = ti_aws_options(aws);
    download *get = calloc(1, sizeof(*get));

    if (get == NULL)
        return NULL;
    get->aws = aws;
    get->bucket = strdup(bucket);
    get->key = strdup(key);
    get->version = strdup(version != NULL ? version : "");
    get->match = quoted(etag);
    get->modified = strdup("");
    get->verify = strcmp(ti_option_text(options, TI_OPTION_S3_RESPONSE_CHECKSUM), "when_supported") == 0;
    get->algorithm = get->checksum.algorithm = TI_S3_NO_CHECKSUM;
    get->part_size = (size_t)ti_option_number(options, TI_OPTION_S3_PART_SIZE);
    get->parts = ti_parts_new((unsigned)ti_option_number(options, TI_OPTION_S3_CONCURRENCY), true, fetch, get);
    ti_error_init(&get->failure);
    if (get->bucket == NULL || get->key == NULL || get->version == NULL || get->match == NULL ||
        get->modified == NULL || get->parts == NULL) {
        download_close(get);
        return NULL;
    }
    return get;
}

/* The checksum of an object that takes several requests: only a HEAD tells it for certain. The parts come meanwhile. */
static ticker_status ask_for_checksum(download *get, ticker_error *error)
{
    ticker_status status;
    ticker_error failed;
    ti_s3_call call;

    ti_error_init(&failed);
    ask_for_object(get, &call, "HeadObject", "HEAD");
    status = ti_s3_call_perform(get->aws, &call, &failed);
    if (status == TICKER_OK)
        choose_checksum(get, &call.response);
    else
        status = explain(get, status, &failed, error);
    ti_s3_call_end(&call);
    return status;
}

static ticker_status open_download(download *get, ticker_error *error)
{
    ticker_status status = ask_ahead(get, false, error);

    if (status == TICKER_OK)
        status = ti_parts_wait(get->parts, is_known, get, -1, error);
    if (status == TICKER_OK)
        status = ask_ahead(get, true, error);
    if (status == TICKER_OK && get->verify && get->total > (int64_t)get->part_size)
        status = ask_for_checksum(get, error);
    if (status == TICKER_OK && !ti_s3_checksum_begin(&get->checksum, get->algorithm))
        status = ti_fail_memory(error);
    return status;
}

ticker_status ticker_s3_get(ticker_aws *aws, const char *bucket, const char *key, const char *version, const char *etag,
                            ticker_source **source, ticker_error *error)
{
    static const ticker_source_ops ops = {sizeof(ops), download_read, download_close};
    ticker_status status = ti_s3_check_key(aws, bucket, key, error);
    char place[TICKER_NAME_MAX];
    download *get;

    if (status != TICKER_OK)
        return status;
    if (source == NULL || (etag != NULL && strlen(etag) > TEXT_MAX) || (version != NULL && strlen(version) > TEXT_MAX))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "S3 needs a place for the source, and short versions");
    get = new_download(aws, bucket, key, version, etag);
    if (get == NULL)
        return ti_fail_memory(error);
    ti_s3_place(place, sizeof(place), bucket, key);
    status = open_download(get, error);
    if (status == TICKER_OK) {
        *source = ticker_source_new(&ops, get, place, get->total);
        if (*source != NULL)
            return TICKER_OK;
        status = ti_fail_memory(error);
    }
    ti_error_file(error, place);
    download_close(get);
    return status;
}
