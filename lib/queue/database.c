/* The queue in a table of the database: "database:". The store's backend does the work in its own dialect; here is what it does not know:
 * waiting, receipts, and stopping. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/random.h"
#include "queue/queue.h"
#include "store/store.h"

#define RECEIPT_BYTES 16
#define PAUSE_FIRST 50    /* milliseconds between two looks at an empty queue; then twice as many each time */
#define PAUSE_LAST 1000   /* and no more than this: a message waits half a second on average for an idle worker */
#define PAUSE_PIECE 100   /* between two questions whether to stop */
#define PATIENCE_MIN 1000 /* for a lock that another connection holds, when the caller does not want to wait at all */

typedef struct database_queue {
    ticker_queue base;
    ticker_store *store;
    int64_t max_attempts;
    const ti_clock *clock;
} database_queue;

static database_queue *database_of(ticker_queue *queue)
{
    return (database_queue *)queue;
}

static const ti_store_queue_ops *ops_of(ticker_queue *queue)
{
    return database_of(queue)->store->ops->queue;
}

static ti_held held_of(const ticker_message *message)
{
    return (ti_held){.id = message->number, .receipt = message->receipt};
}

/* Nobody but us writes into a database. */
static bool told_by(const ticker_queue *queue, const char *storage_backend)
{
    (void)queue;
    (void)storage_backend;
    return false;
}

static void close_queue(ticker_queue *queue)
{
    free(queue);
}

static ticker_status queue_send(ticker_queue *queue, const char *body, int delay, ticker_error *error)
{
    return ops_of(queue)->send(database_of(queue)->store, body, (int64_t)delay * 1000, error);
}

/* --- Rows to messages ---------------------------------------------------------------------------------------------------------- */

typedef struct collected {
    const char *receipt;
    ticker_message **messages;
    size_t count, max;
} collected;

static ticker_status collect(void *payload, const ti_queue_row *row, ticker_error *error)
{
    collected *into = payload;
    char id[TI_NUMBER_TEXT_MAX], *reason;
    ticker_message *message;

    if (into->count == into->max)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "the database gave more messages than asked for");
    (void)ti_format_integer(row->id, id);
    reason = ti_slice_copy(row->reason);
    message = reason != NULL ? ti_message_new(id, into->receipt, row->body, reason) : NULL;
    free(reason);
    if (message == NULL)
        return ti_fail_memory(error);
    message->number = row->id;
    message->attempts = row->attempts;
    message->sent = row->sent;
    into->messages[into->count++] = message;
    return TICKER_OK;
}

static void drop_collected(collected *from)
{
    for (size_t i = 0; i < from->count; i++)
        ticker_message_free(from->messages[i]);
    from->count = 0;
}

/* --- Receiving ----------------------------------------------------------------------------------------------------------------- */

static bool wants_to_stop(void *payload)
{
    return ti_queue_interrupted(payload);
}

static ticker_status fail_stopped(ticker_error *error)
{
    return ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "waiting for messages was interrupted");
}

/* One look. The store hears of stopping only now: what ends a message must go through also when the caller wants to stop. */
static ticker_status look(database_queue *queue, const ti_queue_take *take, collected *into, ticker_error *error)
{
    bool (*interrupted)(void *) = queue->store->interrupted;
    void *payload = queue->store->interrupted_payload;
    ticker_error failed;
    ticker_status status;

    ti_error_init(&failed);
    queue->store->interrupted = wants_to_stop;
    queue->store->interrupted_payload = &queue->base;
    status = ops_of(&queue->base)->receive(queue->store, take, collect, into, &failed);
    queue->store->interrupted = interrupted;
    queue->store->interrupted_payload = payload;
    if (status == TICKER_OK || status == TICKER_DONE)
        return TICKER_OK;
    drop_collected(into);                   /* they were not taken, or come back when their time is over */
    if (ti_queue_interrupted(&queue->base)) /* whatever the database made of it */
        return fail_stopped(error);
    if (error != NULL)
        ti_error_copy(error, &failed);
    return status;
}

/* False: the caller wants to stop. */
static bool pause_for(const database_queue *queue, int64_t milliseconds)
{
    while (milliseconds > 0) {
        int64_t piece = milliseconds < PAUSE_PIECE ? milliseconds : PAUSE_PIECE;

        if (ti_queue_interrupted(&queue->base))
            return false;
        queue->clock->sleep(queue->clock->self, piece);
        milliseconds -= piece;
    }
    return !ti_queue_interrupted(&queue->base);
}

static ticker_status queue_receive(ticker_queue *queue, size_t max, int wait, int visibility, ticker_message **messages,
                                   size_t *count, ticker_error *error)
{
    database_queue *database = database_of(queue);
    const ti_clock *clock = database->clock;
    int64_t end = clock->monotonic(clock->self) + (int64_t)wait * 1000, pause = PAUSE_FIRST;
    char receipt[2 * RECEIPT_BYTES + 1];
    collected into = {.receipt = receipt, .messages = messages, .max = max};
    ti_queue_take take = {.max = max, .receipt = receipt, .max_attempts = database->max_attempts};

    take.visibility = (int64_t)visibility * 1000;
    if (!ti_random_hex(RECEIPT_BYTES, receipt))
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "the system has no random numbers for a receipt");
    for (;;) {
        int64_t left = end - clock->monotonic(clock->self);
        ticker_status status;

        take.patience = left > PATIENCE_MIN ? (int)left : PATIENCE_MIN;
        status = look(database, &take, &into, error);
        left = end - clock->monotonic(clock->self);
        *count = into.count;
        if (status != TICKER_OK || into.count > 0 || left <= 0)
            return status;
        if (!pause_for(database, pause < left ? pause : left))
            return fail_stopped(error);
        pause = pause * 2 < PAUSE_LAST ? pause * 2 : PAUSE_LAST;
    }
}

/* --- Messages that are held ---------------------------------------------------------------------------------------------------- */

static ticker_status queue_hide(ticker_queue *queue, const ticker_message *message, int seconds, bool give_back,
                                ticker_error *error)
{
    const ti_held held = held_of(message);

    return ops_of(queue)->hide(database_of(queue)->store, &held, (int64_t)seconds * 1000, give_back, error);
}

static ticker_status queue_done(ticker_queue *queue, const ticker_message *const *messages, size_t count,
                                ticker_status *results, ticker_error *error)
{
    ti_held held[TI_QUEUE_MESSAGES_MAX] = {{.id = 0}};
    bool done[TI_QUEUE_MESSAGES_MAX] = {false};
    ticker_status status;

    for (size_t i = 0; i < count; i++)
        held[i] = held_of(messages[i]);
    status = ops_of(queue)->done(database_of(queue)->store, held, count, done, error);
    for (size_t i = 0; i < count; i++)
        results[i] = done[i] ? TICKER_OK : TICKER_DONE;
    return status;
}

static int64_t queue_max_attempts(ticker_queue *queue)
{
    return database_of(queue)->max_attempts;
}

static ticker_status queue_dead_letter(ticker_queue *queue, const ticker_message *message, const char *reason,
                                       ticker_error *error)
{
    const ti_held held = held_of(message);

    return ops_of(queue)->bury(database_of(queue)->store, &held, reason, error);
}

/* --- Counts and dead letters --------------------------------------------------------------------------------------------------- */

static ticker_status queue_counts(ticker_queue *queue, int64_t *waiting, int64_t *working, int64_t *dead,
                                  ticker_error *error)
{
    return ops_of(queue)->counts(database_of(queue)->store, waiting, working, dead, error);
}

/* A page is read before the first one is shown: so the caller may use the queue while it looks at them. */
static ticker_status queue_dead(ticker_queue *queue, int64_t max, ti_queue_visit visit, void *payload,
                                ticker_error *error)
{
    ticker_message *page[TI_QUEUE_BATCH_MAX];
    int64_t after = 0, shown = 0;
    ticker_status status = TICKER_OK;

    while (status == TICKER_OK && shown < max) {
        collected into = {.receipt = "", .messages = page, .max = TI_QUEUE_BATCH_MAX};

        status = ops_of(queue)->dead(database_of(queue)->store, after, collect, &into, error);
        for (size_t i = 0; i < into.count && status == TICKER_OK && shown < max; i++, shown++) {
            const ticker_message *letter = page[i];

            after = letter->number;
            status = visit(payload, letter->id, letter->body, letter->reason, letter->attempts, letter->sent, error);
        }
        if (into.count == 0)
            break;
        drop_collected(&into);
    }
    return status;
}

/* The number that an id says; a text that is none can be no message's. */
static bool number_of(const char *id, int64_t *number)
{
    *number = TICKER_NULL;
    return id == NULL || (ti_parse_integer(ti_slice_of(id), false, number) && *number > 0);
}

static ticker_status queue_retry_dead(ticker_queue *queue, const char *id, int64_t *count, ticker_error *error)
{
    int64_t number;

    return number_of(id, &number) ? ops_of(queue)->revive(database_of(queue)->store, number, count, error) : TICKER_OK;
}

static ticker_status queue_drop_dead(ticker_queue *queue, const char *id, int64_t *count, ticker_error *error)
{
    int64_t number;

    return number_of(id, &number) ? ops_of(queue)->drop(database_of(queue)->store, number, count, error) : TICKER_OK;
}

/* --- Opening ------------------------------------------------------------------------------------------------------------------- */

static const ti_queue_ops ops = {
    .name = "database",
    .told_by = told_by,
    .close = close_queue,
    .send = queue_send,
    .receive = queue_receive,
    .hide = queue_hide,
    .done = queue_done,
    .max_attempts = queue_max_attempts,
    .dead_letter = queue_dead_letter,
    .counts = queue_counts,
    .dead = queue_dead,
    .retry_dead = queue_retry_dead,
    .drop_dead = queue_drop_dead,
};

ticker_status ti_queue_database_open(ticker_store *store, int64_t max_attempts, const ti_clock *clock,
                                     ticker_queue **queue, ticker_error *error)
{
    database_queue *made;
    ticker_status status;

    _Static_assert(TI_QUEUE_BATCH_MAX == TI_QUEUE_MESSAGES_MAX, "the store takes what the queue takes");
    if (store->ops->queue == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "a database of the kind \"%s\" holds no queue",
                       store->ops->name);
    status = ticker_store_migrate(store, error);
    if (status != TICKER_OK)
        return status;
    made = calloc(1, sizeof(*made));
    if (made == NULL)
        return ti_fail_memory(error);
    made->base.ops = &ops;
    made->store = store;
    made->max_attempts = max_attempts;
    made->clock = clock;
    *queue = &made->base;
    return TICKER_OK;
}
