/* What a queue's message says: "these objects were created". Reads S3 event notifications, bare or inside an SNS
 * envelope, of any version 2.x, test events, and the notices of the database queue, which have the same form. Pure: no
 * network, no clock. */
#ifndef TICKERIMPORT_EVENT_H
#define TICKERIMPORT_EVENT_H

#include <tickerimport/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_event ticker_event;

typedef enum ticker_event_kind {
    TICKER_EVENT_FOREIGN = 0, /* well-formed, but no notification of S3: to be acknowledged and counted */
    TICKER_EVENT_TEST = 1,    /* s3:TestEvent, which S3 sends when a notification is configured */
    TICKER_EVENT_OBJECTS = 2  /* records of objects */
} ticker_event_kind;

/* What to do with a record. */
typedef enum ticker_event_action {
    TICKER_EVENT_IMPORT = 0,  /* an object was created */
    TICKER_EVENT_REMOVED = 1, /* it was removed or expired */
    TICKER_EVENT_EMPTY = 2,   /* it has no bytes */
    TICKER_EVENT_FOLDER = 3,  /* its key ends with '/' */
    TICKER_EVENT_OTHER = 4    /* another event: tagging, restore, replication … */
} ticker_event_action;

/* TICKER_OK and *event (ticker_event_free()); TICKER_FAILED with TICKER_ERROR_INPUT: not JSON, a record of another
 * version than 2.x, without bucket or key, or with a key that is no UTF-8 text, holds a NUL or is longer than
 * TICKER_KEY_MAX allows (poison: dead-letter it, do not delete it); with TICKER_ERROR_LIMIT: larger than
 * TICKER_EVENT_BYTES_MAX or more than TICKER_EVENT_RECORDS_MAX records; TICKER_FATAL with TICKER_ERROR_MEMORY or
 * TICKER_ERROR_USAGE. `body` need not stay. Any thread; so are all functions below. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_event_parse(const char *body, size_t size, ticker_event **event,
                                                              ticker_error *error);
TICKER_API void ticker_event_free(ticker_event *event); /* accepts NULL */
TICKER_API ticker_event_kind ticker_event_get_kind(const ticker_event *event);
TICKER_API size_t ticker_event_count(const ticker_event *event);

/* Of record `index`; "" (0, TICKER_EVENT_OTHER) outside the list, and "" for what the record does not say. Texts are
 * UTF-8 and live as long as the event. */
TICKER_API ticker_event_action ticker_event_get_action(const ticker_event *event, size_t index);
TICKER_API const char *ticker_event_name(const ticker_event *event, size_t index); /* "ObjectCreated:Put" */
TICKER_API const char *ticker_event_bucket(const ticker_event *event, size_t index);
/* The key decoded once ('+' is a blank, then %XX), and as it came: some servers send keys that are not encoded, so when
 * the first does not exist and the two differ, the second is to be tried. (When it came longer than a key can be, the
 * second is the first.) */
TICKER_API const char *ticker_event_key(const ticker_event *event, size_t index);
TICKER_API const char *ticker_event_raw_key(const ticker_event *event, size_t index);
TICKER_API int64_t ticker_event_bytes(const ticker_event *event, size_t index); /* -1: not said */
TICKER_API const char *ticker_event_etag(const ticker_event *event, size_t index);
TICKER_API const char *ticker_event_version(const ticker_event *event, size_t index);
TICKER_API const char *ticker_event_sequencer(const ticker_event *event, size_t index);
TICKER_API const char *ticker_event_region(const ticker_event *event, size_t index);
/* Milliseconds since 1970 UTC when S3 says it happened; 0: not said. */
TICKER_API int64_t ticker_event_time(const ticker_event *event, size_t index);

/* Compares two sequencers of one key as hex numbers padded to the same length: below 0 when `a` is older, above 0 when
 * newer, 0 when they are equal or cannot be compared: one is empty or no hex, or they differ in length so that it
 * matters on which side the zeros go, of which AWS's documentation has said both. Equal never means old. */
TICKER_API int ticker_event_compare_sequencers(const char *a, const char *b);

#ifdef __cplusplus
}
#endif
#endif
