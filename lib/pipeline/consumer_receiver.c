/* The receiver: as many messages as there are importers with nothing to do, one look after the other; a pause when services are away; and
 * uploads that no message tells of. */
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "pipeline/consumer.h"
#include "queue/queue.h"

#define RECEIVE_MAX 10
#define PAUSE_FIRST 500 /* milliseconds until services are asked again that are away; then twice that … */
#define PAUSE_LAST 10000
#define LOOK_ALIVE 1000
#define UPDATED_MAX 64 /* bytes of a time as text, NUL included */
#define BEGUN_MAX 10   /* how often an upload is tried that no message tells of, when the queue has no number */

/* A row of the ledger that no message may tell of. */
typedef struct waiting {
    int64_t id, begun;
    bool running;
    char updated[UPDATED_MAX];
    char *location;
} waiting;

typedef struct receiver {
    ticker_consumer *consumer;
    ti_services services;
    const ti_gear *asked; /* whose queue said how many attempts there are */
    ticker_error error;
    unsigned failures; /* in a row */
    int64_t left;      /* an upload that waited while the queue was empty; 0: none */
    int64_t still;     /* one that was said to run while nothing was in the queue; 0: none */
    int64_t since;     /* … as it is since then: whoever is at work on one says so now and then */
    char updated[UPDATED_MAX];
} receiver;

static void beat(ticker_consumer *consumer)
{
    atomic_store_explicit(&consumer->receiver_beat, ti_consumer_now(), memory_order_relaxed);
}

static bool interrupted(void *payload)
{
    ticker_consumer *consumer = payload;

    beat(consumer);
    return ti_consumer_stopping(consumer);
}

static void close_services(receiver *self)
{
    ti_services_close(&self->services);
    self->asked = NULL;
}

/* --- Room ----------------------------------------------------------------------------------------------------------------------- */

/* How many messages could be begun now; *busy: how many are not settled yet. Under the lock. */
static size_t room(const ticker_consumer *consumer, size_t *busy)
{
    size_t unsettled = 0, working = 0, most = consumer->gear->limit;

    if (most > consumer->threads)
        most = consumer->threads;
    for (size_t i = 0; i < TI_JOBS_MAX; i++) {
        unsettled += consumer->jobs[i].state != TI_JOB_FREE;
        working += consumer->jobs[i].state == TI_JOB_WAITING || consumer->jobs[i].state == TI_JOB_RUNNING;
    }
    *busy = unsettled;
    /* Where only one can write, the queue is told of one import before the next begins. */
    if (consumer->holding > 0 || (consumer->gear->serial && unsettled > 0) || working >= most ||
        unsettled >= most + TI_ENDED_MAX)
        return 0;
    if ((consumer->trouble & TI_TROUBLE_IMPORTERS) != 0) /* one shows whether it is over */
        return working == 0 ? 1 : 0;
    return most - working < RECEIVE_MAX ? most - working : RECEIVE_MAX;
}

/* Waits for room. 0: the consumer stops. */
static size_t wait_for_room(receiver *self)
{
    ticker_consumer *consumer = self->consumer;
    size_t found = 0, busy;

    (void)pthread_mutex_lock(&consumer->lock);
    while (!ti_consumer_stopping(consumer) && (found = room(consumer, &busy)) == 0) {
        beat(consumer);
        ti_consumer_wait(consumer, &consumer->to_receiver, ti_consumer_now() + LOOK_ALIVE);
    }
    if (ti_consumer_stopping(consumer))
        found = 0;
    (void)pthread_mutex_unlock(&consumer->lock);
    return found;
}

/* --- Jobs ----------------------------------------------------------------------------------------------------------------------- */

/* Under the lock. There is one: room() has seen to it. */
static ti_job *free_job(ticker_consumer *consumer)
{
    for (size_t i = 0; i < TI_JOBS_MAX; i++)
        if (consumer->jobs[i].state == TI_JOB_FREE)
            return &consumer->jobs[i];
    return NULL;
}

static bool add_job(ticker_consumer *consumer, const ti_job *made)
{
    ti_job *job;

    (void)pthread_mutex_lock(&consumer->lock);
    job = free_job(consumer);
    if (job != NULL) {
        *job = *made;
        ti_error_init(&job->why);
        job->state = TI_JOB_WAITING;
        if (job->gear != NULL)
            job->gear->users++;
        (void)pthread_cond_signal(&consumer->to_importers);
        (void)pthread_cond_signal(&consumer->to_keeper);
    }
    (void)pthread_mutex_unlock(&consumer->lock);
    return job != NULL;
}

static void hand_over(receiver *self, ticker_message **messages, size_t count, int64_t asked)
{
    ti_gear *gear = self->services.gear;

    for (size_t i = 0; i < count; i++) {
        /* Hidden since some time between the question and the answer: the earlier one counts. */
        const ti_job job = {.message = messages[i],
                            .gear = gear,
                            .received = ti_consumer_now(),
                            .visibility = gear->visibility,
                            .extend = asked + (int64_t)gear->visibility * 1000 / 3,
                            .extends = !(gear->serial && gear->database_queue)};

        ti_count_received(self->consumer, messages[i]);
        if (!add_job(self->consumer, &job)) {
            ti_count_in_flight(self->consumer, -1);
            ticker_message_free(messages[i]); /* comes again when its time is over */
        }
    }
}

/* --- Uploads that nobody tells of: who took them was killed before it did, or their message is dead. ------------------------------ */

static bool read_integer(const ti_cell *cell, int64_t *value)
{
    *value = cell->number;
    return cell->kind == TI_CELL_INTEGER || (cell->kind == TI_CELL_TEXT && ti_parse_integer(cell->text, true, value));
}

/* The first row of `sql`. False: there is none, or it cannot be told now. */
static bool read_row(receiver *self, const char *sql, waiting *row)
{
    ticker_store *store = self->services.store;
    ti_cursor *cursor = NULL;
    ti_cell cells[4];
    bool good = false;

    if (store->ops->query(store, sql, NULL, 0, &cursor, NULL) != TICKER_OK)
        return false;
    if (cursor->ops->next(cursor, cells, NULL) == TICKER_OK) {
        good = read_integer(&cells[0], &row->id) && read_integer(&cells[2], &row->begun);
        if (good && cells[1].kind == TI_CELL_TEXT)
            row->location = ti_slice_copy(cells[1].text);
        if (good && cells[3].kind == TI_CELL_TEXT && cells[3].text.size < UPDATED_MAX)
            memcpy(row->updated, cells[3].text.data, cells[3].text.size);
    }
    cursor->ops->close(cursor);
    return good;
}

/* The ledger's oldest row that waits; else the one that is said to run and was not touched for the longest. */
static bool oldest_open(receiver *self, waiting *row)
{
    static const char queued[] = "SELECT id, location, attempts, updated_at FROM {imports} AS i WHERE status = 'queued'"
                                 " ORDER BY id LIMIT 1";
    static const char running[] = "SELECT id, location, attempts, updated_at FROM {imports} AS i"
                                  " WHERE status = 'running' AND location IS NOT NULL ORDER BY updated_at, id LIMIT 1";

    *row = (waiting){.location = NULL};
    if (read_row(self, queued, row))
        return true;
    row->running = true;
    return read_row(self, running, row);
}

/* A row that waits twice in a row waits for ever; one that is said to run, when nobody has touched it for as long as a message may be
 * hidden. */
static bool is_left(receiver *self, const waiting *row)
{
    if (!row->running) {
        bool again = row->id == self->left;

        self->left = again ? 0 : row->id;
        return again;
    }
    if (row->id == self->still && strcmp(row->updated, self->updated) == 0)
        return ti_consumer_now() - self->since > (int64_t)self->services.gear->visibility * 1000;
    self->still = row->id;
    self->since = ti_consumer_now();
    memcpy(self->updated, row->updated, sizeof(self->updated));
    return false;
}

/* When there was nothing to do for a while: uploads that are not at their end while the queue is empty, and whatever is at work on one has
 * its message there. */
static void look_for_left(receiver *self)
{
    int64_t waits = 0, works = 0, max = atomic_load_explicit(&self->services.gear->max_attempts, memory_order_relaxed);
    waiting row;

    if (!oldest_open(self, &row) || ti_consumer_stopping(self->consumer) ||
        ticker_queue_counts(self->services.queue, &waits, &works, NULL, NULL) != TICKER_OK || waits + works > 0) {
        self->left = self->still = 0;
    } else if (is_left(self, &row)) {
        const ti_job job = {.left = row.id,
                            .location = row.location,
                            .hopeless = row.running && row.begun >= (max > 0 ? max : BEGUN_MAX),
                            .received = ti_consumer_now()};

        ti_tell_left(self->consumer, row.id);
        self->still = 0;
        if (add_job(self->consumer, &job))
            row.location = NULL;
    }
    free(row.location);
}

/* --- The loop ------------------------------------------------------------------------------------------------------------------- */

static void pause_for(ticker_consumer *consumer, int64_t milliseconds)
{
    int64_t until = ti_consumer_now() + milliseconds, now;

    (void)pthread_mutex_lock(&consumer->lock);
    while (!ti_consumer_stopping(consumer) && (now = ti_consumer_now()) < until) {
        beat(consumer);
        ti_consumer_wait(consumer, &consumer->to_receiver, until < now + LOOK_ALIVE ? until : now + LOOK_ALIVE);
    }
    (void)pthread_mutex_unlock(&consumer->lock);
}

/* Services are away: asked ever more rarely. What no waiting mends ends the run, unless it did work before. */
static void stumble(receiver *self)
{
    ticker_consumer *consumer = self->consumer;
    const ti_gear *gear = self->services.gear;
    bool keys = gear != NULL && ti_gear_wants_keys(gear, &self->error), looked;
    int64_t pause = keys || self->error.status == TICKER_FATAL ? PAUSE_LAST
                                                               : ti_doubled(PAUSE_FIRST, PAUSE_LAST, self->failures);

    if (ti_consumer_stopping(consumer))
        return;
    (void)pthread_mutex_lock(&consumer->lock);
    looked = consumer->looked;
    (void)pthread_mutex_unlock(&consumer->lock);
    if (gear == NULL || gear->once || (self->error.status == TICKER_FATAL && !keys && !looked)) {
        ti_consumer_fail(consumer, &self->error);
        return;
    }
    close_services(self);
    if (self->failures++ == 0 && looked && self->error.status == TICKER_RETRY) /* perhaps only an old connection */
        return;
    ti_trouble_begin(consumer, TI_TROUBLE_RECEIVER, &self->error, pause);
    pause_for(consumer, pause);
}

/* The importers had trouble, and gave back what they had: new connections show whether the database is there again. */
static void doubt(receiver *self)
{
    bool doubted;

    (void)pthread_mutex_lock(&self->consumer->lock);
    doubted = (self->consumer->trouble & TI_TROUBLE_IMPORTERS) != 0;
    (void)pthread_mutex_unlock(&self->consumer->lock);
    if (doubted)
        close_services(self);
}

/* Nothing came on new connections, and nobody waits for a service: so nothing is known to be wrong. */
static void end_doubt(ticker_consumer *consumer)
{
    bool over;

    (void)pthread_mutex_lock(&consumer->lock);
    over = consumer->holding == 0;
    (void)pthread_mutex_unlock(&consumer->lock);
    if (over)
        ti_trouble_end(consumer, TI_TROUBLE_IMPORTERS);
}

/* Nothing came. True: and nothing will, so this was all. */
static bool is_drained(receiver *self)
{
    ticker_consumer *consumer = self->consumer;
    size_t busy;

    (void)pthread_mutex_lock(&consumer->lock);
    (void)room(consumer, &busy);
    if (self->services.gear->once && busy > 0) /* something may be given back at once */
        ti_consumer_wait(consumer, &consumer->to_receiver, ti_consumer_now() + LOOK_ALIVE);
    (void)pthread_mutex_unlock(&consumer->lock);
    if (busy > 0)
        return false;
    if (self->services.gear->once)
        return true;
    look_for_left(self);
    return false;
}

/* Whether all is known to be well. If not, the next look does not wait for messages: it is to find out. */
static bool is_proven(ticker_consumer *consumer)
{
    bool proven;

    (void)pthread_mutex_lock(&consumer->lock);
    proven = consumer->looked && (consumer->trouble & ~(unsigned)TI_TROUBLE_KEEPER) == 0;
    (void)pthread_mutex_unlock(&consumer->lock);
    return proven;
}

static void looked(ticker_consumer *consumer)
{
    (void)pthread_mutex_lock(&consumer->lock);
    consumer->looked = true;
    (void)pthread_mutex_unlock(&consumer->lock);
    ti_trouble_end(consumer, TI_TROUBLE_RECEIVER);
}

/* Opens what is not open, and receives. */
static ticker_status ask(receiver *self, bool proven, ticker_message **messages, size_t max, size_t *count)
{
    ticker_status status = ti_services_open(self->consumer, &self->services, NULL, true, interrupted, &self->error);
    ti_gear *gear = self->services.gear;
    int wait = gear->wait;

    if (status != TICKER_OK)
        return status;
    if (self->asked != gear) {
        atomic_store_explicit(&gear->max_attempts, ti_queue_max_attempts(self->services.queue), memory_order_relaxed);
        self->asked = gear;
    }
    if (!proven || (gear->once && gear->database_queue))
        wait = 0;
    return ticker_queue_receive(self->services.queue, max, wait, gear->visibility, messages, count, &self->error);
}

/* Nothing came. True: there is no more to do. */
static bool rest(receiver *self, bool proven)
{
    end_doubt(self->consumer);
    if (!proven)
        return false;
    if (is_drained(self))
        return true;
    if (self->services.gear->wait == 0 && !self->services.gear->once) /* else it would ask without a break */
        pause_for(self->consumer, LOOK_ALIVE);
    return false;
}

/* True: there is no more to do. */
static bool receive(receiver *self, size_t max)
{
    ticker_consumer *consumer = self->consumer;
    ticker_message *messages[RECEIVE_MAX];
    bool proven = is_proven(consumer);
    size_t count = 0;
    int64_t asked = ti_consumer_now();
    ticker_status status;

    ticker_error_clear(&self->error);
    status = ask(self, proven, messages, max, &count);
    if (status != TICKER_OK) {
        stumble(self);
        return false;
    }
    self->failures = 0;
    looked(consumer);
    if (count == 0)
        return rest(self, proven);
    self->left = 0;
    hand_over(self, messages, count, asked);
    return false;
}

void ti_receiver_run(ticker_consumer *consumer)
{
    receiver self = {.consumer = consumer};
    size_t max;

    ti_error_init(&self.error);
    while ((max = wait_for_room(&self)) > 0) {
        beat(consumer);
        doubt(&self);
        if (receive(&self, max))
            break;
    }
    close_services(&self);
    atomic_store_explicit(&consumer->receiver_beat, TI_NEVER, memory_order_relaxed);
}
