/* Works on a queue into which S3 puts its events, directly or through SNS: reads each new object while it is downloaded.
 *
 *   cc -o 07_consume_events 07_consume_events.c $(pkg-config --cflags --libs tickerimport)
 *   ./07_consume_events files my-bucket
 *
 * Ends when no message came for twenty seconds (or as many as a third argument says). Keys, region and endpoint come
 * from the environment or ~/.aws, as for other AWS tools. Shows: receiving, events, what to do with each kind of
 * message, an object as a source. To import, call ticker_import_source() where this inspects; ticker_queue_open() does
 * the same for a queue in the database. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport.h>

#define VISIBILITY 120 /* seconds that one object may take; see below */

typedef struct consumer {
    ticker_aws *aws;
    char *url;          /* of the queue */
    const char *bucket; /* the only one that is read, whatever a message says */
    ticker_error *error;
    unsigned messages, objects, left;
} consumer;

/* Prints the error and empties it for the next call. */
static void complain(consumer *self, const char *what)
{
    char line[2 * TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX];

    (void)ticker_error_format(self->error, line, sizeof line);
    fprintf(stderr, "07_consume_events: %s: %s\n", what, line);
    ticker_error_clear(self->error);
}

static void on_report(const ticker_report *report, void *payload)
{
    (void)payload;
    printf("  %s: %s, %" PRId64 " records, %" PRId64 " tickers\n", ticker_report_text(report, TICKER_REPORT_FORMAT),
           ticker_report_text(report, TICKER_REPORT_STATUS), ticker_report_integer(report, TICKER_REPORT_RECORDS),
           ticker_report_integer(report, TICKER_REPORT_TICKERS));
}

/* The version that the event speaks of, or the latest if it still has the event's ETag. Some servers send keys that are
 * not encoded: then the decoded one does not exist, and the key as it came does. */
static ticker_status open_object(consumer *self, const ticker_event *event, size_t index, ticker_source **source)
{
    const char *key = ticker_event_key(event, index), *raw = ticker_event_raw_key(event, index);
    const char *version = ticker_event_version(event, index), *etag = ticker_event_etag(event, index);
    ticker_status status;

    version = version[0] != '\0' ? version : NULL;
    etag = etag[0] != '\0' ? etag : NULL;
    status = ticker_s3_get(self->aws, self->bucket, key, version, etag, source, self->error);
    if (status == TICKER_FAILED && ticker_error_http_status(self->error) == 404 && strcmp(key, raw) != 0) {
        ticker_error_clear(self->error);
        status = ticker_s3_get(self->aws, self->bucket, raw, version, etag, source, self->error);
    }
    return status;
}

/* True: this record is done with, the message need not come again for it. */
static bool read_object(consumer *self, const ticker_event *event, size_t index)
{
    const ticker_import_events events = {.size = sizeof events, .report = on_report};
    const char *key = ticker_event_key(event, index);
    ticker_source *source = NULL;
    ticker_status status;

    if (ticker_event_get_action(event, index) != TICKER_EVENT_IMPORT) {
        printf("%s: %s, nothing to read\n", key, ticker_event_name(event, index));
        return true;
    }
    if (strcmp(ticker_event_bucket(event, index), self->bucket) != 0) {
        fprintf(stderr, "07_consume_events: %s is in bucket %s, which is not ours\n", key,
                ticker_event_bucket(event, index));
        return false;
    }
    printf("%s: %" PRId64 " bytes\n", key, ticker_event_bytes(event, index));
    status = open_object(self, event, index, &source);
    if (status == TICKER_OK)
        status = ticker_inspect_source(source, NULL, &events, self->error); /* frees the source */
    if (status == TICKER_OK || status == TICKER_WARN) {
        ticker_error_clear(self->error);
        self->objects++;
        return true;
    }
    /* Replaced since: there is another event for what it is now. */
    if (ticker_error_http_status(self->error) == 412) {
        complain(self, key);
        return true;
    }
    complain(self, key);
    return false;
}

/* A message is deleted when all of it is done. What is not deleted comes again after its time, and after some attempts
 * the queue's redrive policy puts it aside. */
static bool work_on(consumer *self, const char *receipt, const char *body, size_t size)
{
    ticker_event *event = NULL;
    bool done = true;

    if (ticker_event_parse(body, size, &event, self->error) != TICKER_OK) {
        complain(self, "a message that is no event");
        return false;
    }
    if (ticker_event_get_kind(event) != TICKER_EVENT_OBJECTS)
        printf("%s\n", ticker_event_get_kind(event) == TICKER_EVENT_TEST ? "test event" : "a message for others");
    for (size_t i = 0; i < ticker_event_count(event); i++) {
        /* The time of a message begins anew with each object; one that takes longer would call this now and then. */
        if (ticker_sqs_change_visibility(self->aws, self->url, receipt, VISIBILITY, self->error) != TICKER_OK) {
            complain(self, "the message is no longer ours");
            done = false;
            break;
        }
        done = read_object(self, event, i) && done;
    }
    ticker_event_free(event);
    return done;
}

/* One message, so that none waits while its time runs out; a program that works on several at once receives up to ten.
 * How many there were, or -1. */
static int receive(consumer *self, int wait)
{
    ticker_sqs_messages *messages = NULL;
    int count;

    if (ticker_sqs_receive(self->aws, self->url, 1, wait, VISIBILITY, &messages, self->error) != TICKER_OK) {
        complain(self, "receiving");
        return -1;
    }
    count = (int)ticker_sqs_messages_count(messages);
    for (size_t i = 0; i < (size_t)count; i++) {
        const char *receipt = ticker_sqs_message_receipt(messages, i);
        size_t size;
        const char *body = ticker_sqs_message_body(messages, i, &size);

        self->messages++;
        if (!work_on(self, receipt, body, size))
            self->left++;
        else if (ticker_sqs_delete(self->aws, self->url, receipt, self->error) != TICKER_OK)
            complain(self, "deleting"); /* it comes again: that does no harm to an import */
    }
    ticker_sqs_messages_free(messages);
    return count;
}

int main(int argc, char **argv)
{
    consumer self = {.error = ticker_error_new()};
    int wait = 20, count = -1;

    if (argc == 4)
        wait = strlen(argv[3]) == 1 ? argv[3][0] - '0' : -1;
    if (argc < 3 || argc > 4 || wait < 0 || wait > 20) {
        fprintf(stderr, "usage: 07_consume_events QUEUE BUCKET [0…9]\n");
        ticker_error_free(self.error);
        return 2;
    }
    self.bucket = argv[2];
    if (ticker_aws_new(NULL, NULL, &self.aws, self.error) != TICKER_OK ||
        ticker_sqs_queue_url(self.aws, argv[1], &self.url, self.error) != TICKER_OK)
        complain(&self, argv[1]);
    else
        do
            count = receive(&self, wait);
        while (count > 0);
    printf("%u messages, %u objects read, %u messages left\n", self.messages, self.objects, self.left);
    ticker_free(self.url);
    ticker_aws_free(self.aws);
    ticker_error_free(self.error);
    return count < 0 || self.left > 0 ? 1 : 0;
}
