/* Works through a queue for as long as it is told to: receives messages, imports the files that they name, and tells the queue what
 * became of each. Several files at once; nothing is received that cannot be started; a message that is held stays hidden from
 * others; what may work later comes again later, what never will goes to the dead letters with its reason. */
#ifndef TICKERIMPORT_CONSUMER_H
#define TICKERIMPORT_CONSUMER_H

#include <stdbool.h>

#include <tickerimport/import.h>
#include <tickerimport/metrics.h>
#include <tickerimport/queue.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_consumer ticker_consumer;

/* What became of a message; behind each the word for it in ticker_queue_messages_total{result}. */
typedef enum ticker_consumed {
    TICKER_CONSUMED_DONE = 0,    /* done: its files are in, also those that were there before */
    TICKER_CONSUMED_RETRIED = 1, /* retried: given back, to come again after a while */
    TICKER_CONSUMED_DEAD = 2,    /* dead: it will never work, or failed too often; a dead letter */
    TICKER_CONSUMED_IGNORED =
        3, /* ignored: a test event, an event of others, or nothing in it to import; acknowledged */
    TICKER_CONSUMED_RELEASED =
        4,                       /* released: not begun or rolled back because the consumer stops; given back at once */
    TICKER_CONSUMED_MISSING = 5, /* missing: its object is gone, and by the option "missing-object" that is all right */
    TICKER_CONSUMED_LOST = 6 /* lost: it was no longer ours when that was to be told; whoever has it finds the import */
} ticker_consumed;

/* What the caller wants to hear; any function may be NULL. They are called from the consumer's threads, never two at once, and must not
 * take long: everything waits for them. `size` is sizeof(ticker_consumer_events). What is handed in is borrowed for the call. They may
 * call the functions below but ticker_consumer_run() and ticker_consumer_free(). */
typedef struct ticker_consumer_events {
    size_t size;
    void *payload;
    /* A file came to its end: as ticker_on_report, for each member. */
    void (*file)(void *payload, const ticker_report *report);
    /* The queue was told what became of a message. `why` is empty unless something failed; `microseconds` since it was received. */
    void (*message)(void *payload, const ticker_message *message, ticker_consumed what, const ticker_error *why,
                    int64_t microseconds);
    /* A service is away, or keys or rights are missing: nothing is received until it works again, and it is tried again after a pause.
     * Called when that begins, each minute while it lasts, and with `why` NULL when all is well again. */
    void (*trouble)(void *payload, const ticker_error *why, int64_t pause_ms);
    /* An upload that no message tells of any more is going to be imported; or refused, when it was begun too often. */
    void (*left)(void *payload, int64_t import_id);
} ticker_consumer_events;

/* Reads the options (copied); connects nothing. `cache` is told of what is imported, `metrics` counts (ticker_import_*, ticker_queue_*
 * and ticker_aws_*); both and `events` may be NULL, and what is given must outlive the consumer. The consumer has an AWS client of its
 * own, if it needs one. TICKER_FATAL with TICKER_ERROR_USAGE: an option or a profile of AWS is wrong, or the storage or queue URL is
 * of no known kind; with TICKER_ERROR_UNSUPPORTED: this build lacks what they name; with TICKER_ERROR_MEMORY. *consumer is NULL then.
 *
 * Options: "queue-url", "storage-url", "database-url", those of imports and of AWS, and
 *   concurrency      files that are imported at once (with SQLite it is one, whatever this says)
 *   visibility       seconds that a message is hidden at first and with each extension; extended at each third of it, for at most the
 *                    12 hours that SQS allows
 *   import-timeout   seconds that a file may take; then it is rolled back and comes again, and at the last attempt it is dead
 *   missing-object   what to do with a message whose object does not exist: retry (with back-off, dead at the last attempt), drop, dead
 *   queue-max-attempts  which attempt is the last one (SQS: as its redrive policy says)
 *   receive-wait     seconds of one look into the queue
 *   once             end when the queue is empty */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_consumer_open(const ticker_options *options, ticker_cache *cache,
                                                                ticker_metrics *metrics,
                                                                const ticker_consumer_events *events,
                                                                ticker_consumer **consumer, ticker_error *error);
TICKER_API void ticker_consumer_free(ticker_consumer *consumer); /* accepts NULL; not while it runs */

/* Starts the threads and returns when all of them have ended: after ticker_consumer_stop(), or with the option "once" when the queue is
 * empty and all is settled. Services that are away are waited for. To be called once.
 *
 * TICKER_OK: stopped, or drained. With "once" also TICKER_WARN: drained, but some messages were not done (dead, given back, lost);
 * TICKER_RETRY: a service cannot be reached. TICKER_FATAL: what no waiting mends was found before the first message could be received
 * (no such queue, a schema that is newer than this library, a wrong URL; keys and rights are waited for, unless with "once"), or there
 * were no threads or no memory. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_consumer_run(ticker_consumer *consumer, ticker_error *error);

/* These may be called by any thread at any time, also before ticker_consumer_run() and after it; none waits for a service or an import,
 * but all may wait for a function of the events that is running. None may be called by a signal's handler.
 *
 * Nothing is received any more, what was not begun is given back at once, and what runs may go on for `milliseconds`; what has not
 * ended then is rolled back and given back. Called again with a time that ends sooner: sooner. 0: rolled back now. */
TICKER_API void ticker_consumer_stop(ticker_consumer *consumer, int64_t milliseconds);
/* Other options (copied) for all that begins from now on; services are opened anew, and what runs goes on as it began. The number of
 * threads stays what it was: a larger "concurrency" counts from the next ticker_consumer_open() on, a smaller one at once. Statuses as
 * ticker_consumer_open(); then the old ones stay. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_consumer_reload(ticker_consumer *consumer,
                                                                  const ticker_options *options, ticker_error *error);
/* For watchdogs: milliseconds since that of its threads which was silent for the longest time showed life. Waiting for messages and for
 * services that are away is life; what grows without end is a thread that hangs. */
TICKER_API int64_t ticker_consumer_idle_ms(ticker_consumer *consumer);
/* Visits the files that are being imported now: name, ledger row (0: not known yet), `position` of `bytes` (-1: unknown) read, records
 * read, milliseconds since it was begun. `visit` must not call the consumer. Returns how many there are; `visit` may be NULL. */
TICKER_API size_t ticker_consumer_files(ticker_consumer *consumer,
                                        void (*visit)(void *payload, const char *name, int64_t import_id,
                                                      uint64_t position, int64_t bytes, uint64_t records,
                                                      int64_t milliseconds),
                                        void *payload);
/* Whether it does its work: false before the first successful look into the queue, while a service is away, and when it has ended. */
TICKER_API bool ticker_consumer_is_ready(ticker_consumer *consumer);

#ifdef __cplusplus
}
#endif
#endif
