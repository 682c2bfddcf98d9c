/* What S3 and its relatives put into queues. Sources: "Event message structure" and "Using EventBridge" (Amazon S3 user
 * guide), "Parsing message formats" (Amazon SNS developer guide), and what Ceph, MinIO and LocalStack really send. */
#include <tickerimport/event.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport/limits.h>

#include "aws/json.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/utf8.h"

#define ENVELOPES_MAX 3                        /* envelopes within each other: forwarded from topic to topic */
#define RAW_KEY_MAX (3 * (TICKER_KEY_MAX - 1)) /* every byte as %XX */
#define TEXTS_MAX (2 * TICKER_EVENT_BYTES_MAX + TICKER_EVENT_RECORDS_MAX * TEXTS + 1)

enum { NAME, BUCKET, KEY, RAW_KEY, ETAG, VERSION, SEQUENCER, REGION, TEXTS };

static const char *const field_names[TEXTS] = {"event name", "bucket",  "key",       "key",
                                               "ETag",       "version", "sequencer", "region"};

typedef struct event_record {
    ticker_event_action action;
    size_t texts[TEXTS]; /* where they begin in ticker_event.texts; 0 is "" */
    int64_t bytes, time;
} event_record;

struct ticker_event {
    ticker_event_kind kind;
    event_record *records;
    size_t count;
    ti_buffer texts; /* each ends with a NUL */
};

/* Where the parts of one record stand, whichever form it has. */
typedef struct record_parts {
    ti_slice name, region, time;
    ti_json_value *bucket, *object;
    const char *etag, *version; /* what the object calls them */
    bool encoded;               /* its key is */
} record_parts;

static ticker_status read_value(ticker_event *event, ti_json_value *value, unsigned depth, ticker_error *error);

static ti_slice text_of(ti_json_value *value, const char *name)
{
    return ti_json_text(ti_json_member(value, name));
}

static bool starts_with(ti_slice text, const char *start)
{
    size_t size = strlen(start);

    return text.size >= size && memcmp(text.data, start, size) == 0;
}

static bool ends_with(ti_slice text, const char *end)
{
    size_t size = strlen(end);

    return text.size >= size && memcmp(text.data + text.size - size, end, size) == 0;
}

static ti_slice without(ti_slice text, size_t front, size_t back)
{
    return (ti_slice){text.data + front, text.size - front - back};
}

/* --- One record ------------------------------------------------------------------------------------------------- */

static ticker_status bad_record(const ticker_event *event, const char *what, ticker_error *error)
{
    ticker_status status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "record %zu of the event %s",
                                   event->count + 1, what);

    ti_error_hint(error, "it did not come from S3, or was changed on its way");
    return status;
}

static bool is_utf8_text(ti_slice text)
{
    for (size_t at = 0, length; at < text.size; at += length) {
        length = ti_utf8_length(without(text, at, 0));
        if (length == 0 || text.data[at] == '\0')
            return false;
    }
    return true;
}

static ticker_status keep(ticker_event *event, event_record *record, unsigned field, ti_slice text, size_t max,
                          ticker_error *error)
{
    char what[80];

    if (text.size == 0)
        return TICKER_OK;
    if (text.size > max) {
        (void)snprintf(what, sizeof(what), "has a longer %s than there can be", field_names[field]);
        return bad_record(event, what, error);
    }
    if (!is_utf8_text(text)) {
        (void)snprintf(what, sizeof(what), "has a %s that is no UTF-8 text", field_names[field]);
        return bad_record(event, what, error);
    }
    record->texts[field] = event->texts.size;
    if (!ti_buffer_slice(&event->texts, text) || !ti_buffer_byte(&event->texts, '\0'))
        return ti_fail_memory(error);
    return TICKER_OK;
}

/* The key decoded, and as it came. When the latter is too long for a key, nothing of that name exists anywhere. */
static ticker_status keep_key(ticker_event *event, event_record *record, ti_slice raw, bool encoded,
                              ticker_error *error)
{
    ti_buffer decoded;
    ticker_status status;

    ti_buffer_init(&decoded, RAW_KEY_MAX);
    status = keep(event, record, RAW_KEY, raw, encoded ? RAW_KEY_MAX : TICKER_KEY_MAX - 1, error);
    if (status != TICKER_OK || !encoded || raw.size == 0) {
        record->texts[KEY] = record->texts[RAW_KEY];
    } else if (!ti_buffer_unpercent(&decoded, raw, true)) {
        status = ti_fail_memory(error);
    } else {
        status = keep(event, record, KEY, (ti_slice){decoded.data, decoded.size}, TICKER_KEY_MAX - 1, error);
        if (raw.size >= TICKER_KEY_MAX)
            record->texts[RAW_KEY] = record->texts[KEY];
    }
    ti_buffer_free(&decoded);
    return status;
}

/* MinIO calls these "created" though the object was there before. */
static bool only_described(ti_slice name)
{
    static const char *const names[] = {"ObjectCreated:PutTagging", "ObjectCreated:DeleteTagging",
                                        "ObjectCreated:PutRetention", "ObjectCreated:PutLegalHold"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (ti_slice_is(name, names[i]))
            return true;
    return false;
}

static ticker_event_action action_of(ti_slice name)
{
    if (starts_with(name, "ObjectRemoved:") || starts_with(name, "LifecycleExpiration:") ||
        starts_with(name, "ObjectLifecycle:Expiration:"))
        return TICKER_EVENT_REMOVED;
    return starts_with(name, "ObjectCreated:") && !only_described(name) ? TICKER_EVENT_IMPORT : TICKER_EVENT_OTHER;
}

static ti_slice unquoted(ti_slice text)
{
    return text.size >= 2 && text.data[0] == '"' && text.data[text.size - 1] == '"' ? without(text, 1, 1) : text;
}

static ticker_status add_record(ticker_event *event, const record_parts *parts, ticker_error *error)
{
    event_record *record = &event->records[event->count];
    ti_slice key = text_of(parts->object, "key");
    ticker_status status;

    record->action = action_of(parts->name);
    if (!ti_json_integer(ti_json_member(parts->object, "size"), &record->bytes) || record->bytes < 0)
        record->bytes = -1;
    if (!ti_time_parse_extended(parts->time, &record->time) || record->time < 0)
        record->time = 0;
    if ((status = keep(event, record, NAME, parts->name, TICKER_NAME_MAX, error)) != TICKER_OK ||
        (status = keep(event, record, BUCKET, text_of(parts->bucket, "name"), TICKER_BUCKET_MAX - 1, error)) !=
            TICKER_OK ||
        (status = keep_key(event, record, key, parts->encoded, error)) != TICKER_OK ||
        (status = keep(event, record, ETAG, unquoted(text_of(parts->object, parts->etag)), TICKER_NAME_MAX, error)) !=
            TICKER_OK ||
        (status = keep(event, record, VERSION, text_of(parts->object, parts->version), TICKER_KEY_MAX, error)) !=
            TICKER_OK ||
        (status = keep(event, record, SEQUENCER, text_of(parts->object, "sequencer"), TICKER_NAME_MAX, error)) !=
            TICKER_OK ||
        (status = keep(event, record, REGION, parts->region, TICKER_NAME_MAX, error)) != TICKER_OK)
        return status;
    /* Events of a bucket alone have no key; they ask for nothing. */
    if (record->action != TICKER_EVENT_OTHER && record->texts[BUCKET] == 0)
        return bad_record(event, "has no bucket", error);
    if (record->action != TICKER_EVENT_OTHER && record->texts[KEY] == 0)
        return bad_record(event, "has no key", error);
    if (record->action == TICKER_EVENT_IMPORT && record->bytes == 0)
        record->action = TICKER_EVENT_EMPTY;
    if ((record->action == TICKER_EVENT_IMPORT || record->action == TICKER_EVENT_EMPTY) &&
        ends_with(ti_slice_of(event->texts.data + record->texts[KEY]), "/"))
        record->action = TICKER_EVENT_FOLDER;
    event->count++;
    return TICKER_OK;
}

/* --- The forms of an event -------------------------------------------------------------------------------------- */

static ticker_status make_room(ticker_event *event, size_t count, ticker_error *error)
{
    event->kind = TICKER_EVENT_OBJECTS;
    event->records = calloc(count > 0 ? count : 1, sizeof(*event->records));
    return event->records != NULL ? TICKER_OK : ti_fail_memory(error);
}

/* "Records" is also what other services call theirs ("aws:ses"). */
static bool is_foreign(ti_json_value *value)
{
    ti_slice source = text_of(value, "eventSource");

    return ti_json_member(value, "s3") == NULL && source.size > 0 && !ends_with(source, ":s3");
}

static ticker_status read_record(ticker_event *event, ti_json_value *value, ticker_error *error)
{
    ti_json_value *s3 = ti_json_member(value, "s3");
    ti_slice version = text_of(value, "eventVersion");
    record_parts parts = {.name = text_of(value, "eventName"),
                          .region = text_of(value, "awsRegion"),
                          .time = text_of(value, "eventTime"),
                          .bucket = ti_json_member(s3, "bucket"),
                          .object = ti_json_member(s3, "object"),
                          .etag = "eTag",
                          .version = "versionId",
                          .encoded = true};

    if (!ti_json_is_object(value))
        return bad_record(event, "is no object", error);
    if (is_foreign(value))
        return TICKER_OK;
    if (version.size > 0 && !ti_slice_is(version, "2") && !starts_with(version, "2."))
        return bad_record(event, "has another version than 2.x, so its fields may mean something else", error);
    if (!ti_json_is_object(s3))
        return bad_record(event, "has no bucket and no key", error);
    if (starts_with(parts.name, "s3:"))
        parts.name = without(parts.name, 3, 0);
    return add_record(event, &parts, error);
}

static ticker_status read_records(ticker_event *event, ti_json_value *records, ticker_error *error)
{
    size_t count = ti_json_count(records), foreign = 0;
    ticker_status status;

    if (!ti_json_is_array(records))
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the event's \"Records\" are no list");
    if (count > TICKER_EVENT_RECORDS_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the event has %zu records, more than %d", count,
                       TICKER_EVENT_RECORDS_MAX);
    status = make_room(event, count, error);
    for (size_t i = 0; status == TICKER_OK && i < count; i++) {
        ti_json_value *record = ti_json_at(records, i);

        foreign += ti_json_is_object(record) && is_foreign(record) ? 1 : 0;
        status = read_record(event, record, error);
    }
    if (count > 0 && foreign == count)
        event->kind = TICKER_EVENT_FOREIGN;
    return status;
}

/* EventBridge names things differently and does not encode keys. */
static ticker_status read_bridge(ticker_event *event, ti_json_value *value, ticker_error *error)
{
    static const struct {
        const char *type, *reason, *name;
    } names[] = {
        {"Object Created", "PutObject", "ObjectCreated:Put"},
        {"Object Created", "POST Object", "ObjectCreated:Post"},
        {"Object Created", "CopyObject", "ObjectCreated:Copy"},
        {"Object Created", "CompleteMultipartUpload", "ObjectCreated:CompleteMultipartUpload"},
        {"Object Created", NULL, "ObjectCreated:Put"},
        {"Object Deleted", "Lifecycle Expiration", "LifecycleExpiration:Delete"},
        {"Object Deleted", NULL, "ObjectRemoved:Delete"},
    };
    ti_json_value *detail = ti_json_member(value, "detail");
    ti_slice type = text_of(value, "detail-type"), reason = text_of(detail, "reason");
    record_parts parts = {.name = type,
                          .region = text_of(value, "region"),
                          .time = text_of(value, "time"),
                          .bucket = ti_json_member(detail, "bucket"),
                          .object = ti_json_member(detail, "object"),
                          .etag = "etag",
                          .version = "version-id"};
    ticker_status status;

    if (!ti_slice_is(text_of(value, "source"), "aws.s3"))
        return TICKER_OK;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (ti_slice_is(type, names[i].type) && (names[i].reason == NULL || ti_slice_is(reason, names[i].reason))) {
            parts.name = ti_slice_of(names[i].name);
            break;
        }
    status = make_room(event, 1, error);
    return status == TICKER_OK ? add_record(event, &parts, error) : status;
}

static ticker_status read_text(ticker_event *event, ti_slice text, unsigned depth, ticker_error *error)
{
    ti_json *json = NULL;
    ticker_status status;
    size_t blanks = 0;

    /* The reader of JSON takes nothing for an empty object, as some services answer; an event it is not. */
    while (blanks < text.size && strchr(" \t\r\n", text.data[blanks]) != NULL && text.data[blanks] != '\0')
        blanks++;
    if (blanks == text.size)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the event is empty");
    status = ti_json_read(text, &json, error);
    if (status == TICKER_OK)
        status = read_value(event, ti_json_root(json), depth, error);
    ti_json_free(json);
    return status;
}

/* SNS wraps what is published: {"Type":"Notification","TopicArn":…,"Message":"…"}. */
static ticker_status read_envelope(ticker_event *event, ti_json_value *message, unsigned depth, ticker_error *error)
{
    if (depth >= ENVELOPES_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the event is wrapped more than %d times",
                       ENVELOPES_MAX);
    return ti_json_is_text(message) ? read_text(event, ti_json_text(message), depth + 1, error)
                                    : read_value(event, message, depth + 1, error);
}

static ticker_status read_value(ticker_event *event, ti_json_value *value, unsigned depth, ticker_error *error)
{
    ti_json_value *records = ti_json_member(value, "Records"), *message = ti_json_member(value, "Message");
    ti_slice type = text_of(value, "Type");

    if (records != NULL)
        return read_records(event, records, error);
    if (ti_slice_is(text_of(value, "Event"), "s3:TestEvent")) {
        event->kind = TICKER_EVENT_TEST;
        return TICKER_OK;
    }
    if (text_of(value, "detail-type").size > 0)
        return read_bridge(event, value, error);
    /* Other types say that a subscription began or ended. */
    if (message != NULL &&
        (ti_slice_is(type, "Notification") || (type.size == 0 && text_of(value, "TopicArn").size > 0)))
        return read_envelope(event, message, depth, error);
    return TICKER_OK;
}

/* --- Public ----------------------------------------------------------------------------------------------------- */

ticker_status ticker_event_parse(const char *body, size_t size, ticker_event **event, ticker_error *error)
{
    ticker_event *read;
    ticker_status status;

    if (event == NULL || (body == NULL && size > 0))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an event needs bytes and a place to go");
    if (size > TICKER_EVENT_BYTES_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the event has %zu bytes, more than %d", size,
                       TICKER_EVENT_BYTES_MAX);
    read = calloc(1, sizeof(*read));
    if (read == NULL)
        return ti_fail_memory(error);
    ti_buffer_init(&read->texts, TEXTS_MAX);
    status = ti_buffer_byte(&read->texts, '\0') ? read_text(read, (ti_slice){body, size}, 0, error)
                                                : ti_fail_memory(error);
    if (status == TICKER_OK)
        *event = read;
    else
        ticker_event_free(read);
    return status;
}

void ticker_event_free(ticker_event *event)
{
    if (event == NULL)
        return;
    ti_buffer_free(&event->texts);
    free(event->records);
    free(event);
}

ticker_event_kind ticker_event_get_kind(const ticker_event *event)
{
    return event != NULL ? event->kind : TICKER_EVENT_FOREIGN;
}

size_t ticker_event_count(const ticker_event *event)
{
    return event != NULL ? event->count : 0;
}

static const event_record *record_at(const ticker_event *event, size_t index)
{
    return event != NULL && index < event->count ? &event->records[index] : NULL;
}

static const char *text_at(const ticker_event *event, size_t index, unsigned field)
{
    const event_record *record = record_at(event, index);

    return record != NULL ? event->texts.data + record->texts[field] : "";
}

ticker_event_action ticker_event_get_action(const ticker_event *event, size_t index)
{
    const event_record *record = record_at(event, index);

    return record != NULL ? record->action : TICKER_EVENT_OTHER;
}

const char *ticker_event_name(const ticker_event *event, size_t index)
{
    return text_at(event, index, NAME);
}

const char *ticker_event_bucket(const ticker_event *event, size_t index)
{
    return text_at(event, index, BUCKET);
}

const char *ticker_event_key(const ticker_event *event, size_t index)
{
    return text_at(event, index, KEY);
}

const char *ticker_event_raw_key(const ticker_event *event, size_t index)
{
    return text_at(event, index, RAW_KEY);
}

int64_t ticker_event_bytes(const ticker_event *event, size_t index)
{
    const event_record *record = record_at(event, index);

    return record != NULL ? record->bytes : 0;
}

const char *ticker_event_etag(const ticker_event *event, size_t index)
{
    return text_at(event, index, ETAG);
}

const char *ticker_event_version(const ticker_event *event, size_t index)
{
    return text_at(event, index, VERSION);
}

const char *ticker_event_sequencer(const ticker_event *event, size_t index)
{
    return text_at(event, index, SEQUENCER);
}

const char *ticker_event_region(const ticker_event *event, size_t index)
{
    return text_at(event, index, REGION);
}

int64_t ticker_event_time(const ticker_event *event, size_t index)
{
    const event_record *record = record_at(event, index);

    return record != NULL ? record->time : 0;
}

/* --- Sequencers ------------------------------------------------------------------------------------------------- */

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

static bool is_hex(const char *text)
{
    const char *at = text;

    while (digit_value(*at) >= 0)
        at++;
    return at > text && *at == '\0';
}

/* Both as if they had `width` digits: zeros before the shorter one, or behind it. */
static int compare_padded(ti_slice a, ti_slice b, size_t width, bool before)
{
    for (size_t i = 0; i < width; i++) {
        size_t skip_a = before ? width - a.size : 0, skip_b = before ? width - b.size : 0;
        int left = i >= skip_a && i - skip_a < a.size ? digit_value(a.data[i - skip_a]) : 0;
        int right = i >= skip_b && i - skip_b < b.size ? digit_value(b.data[i - skip_b]) : 0;

        if (left != right)
            return left < right ? -1 : 1;
    }
    return 0;
}

/* AWS has told its users to put the zeros before the shorter one, and at other times behind it. Where that makes a
 * difference nothing can be said. */
int ticker_event_compare_sequencers(const char *a, const char *b)
{
    ti_slice left = ti_slice_of(a), right = ti_slice_of(b);
    size_t width = left.size > right.size ? left.size : right.size;
    int before;

    if (a == NULL || b == NULL || !is_hex(a) || !is_hex(b))
        return 0;
    before = compare_padded(left, right, width, true);
    return before == compare_padded(left, right, width, false) ? before : 0;
}
