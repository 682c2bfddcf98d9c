/* The dead letters of a queue in SQS: another queue, which the redrive policy names. To look at them is to receive them; those that
 * stay are made visible again at the end. */
#include <stdlib.h>
#include <string.h>

#include "aws/json.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/symbols.h"
#include "queue/sqs.h"

#define LOOK_SECONDS 60    /* that a dead letter is hidden from others while we look at the rest */
#define LOOK_WAIT 1        /* seconds: SQS asks all its servers only when it is to wait */
#define LETTERS_MAX 100000 /* looked at in one call, half as many sent again; SQS itself hands out 120,000 at most */
#define HOLD_SECONDS 60    /* that a message is held while it is moved to the dead letters */
#define RECEIPTS_BYTES_MAX ((size_t)64 << 20)

/* --- Where they are ------------------------------------------------------------------------------------------------------------ */

/* The target of {"deadLetterTargetArn": "arn:…", "maxReceiveCount": 5}. */
static ticker_status read_target(ti_sqs_queue *queue, const char *policy, char **url, ticker_error *error)
{
    ti_json *json = NULL;
    ti_slice arn;
    char *text;
    ticker_status status = ti_json_read(ti_slice_of(policy), &json, error);

    if (status != TICKER_OK)
        return status;
    arn = ti_json_text(ti_json_member(ti_json_root(json), "deadLetterTargetArn"));
    text = ti_slice_copy(arn);
    ti_json_free(json);
    if (text == NULL)
        return ti_fail_memory(error);
    status = ti_sqs_queue_by_arn(queue->aws, text, url, error);
    free(text);
    return status;
}

ticker_status ti_sqs_queue_dead_url(ti_sqs_queue *queue, char **url, ticker_error *error)
{
    char *policy = NULL;
    ticker_status status = ticker_sqs_attribute(queue->aws, queue->url, "RedrivePolicy", &policy, error);

    if (status == TICKER_OK)
        status = read_target(queue, policy, url, error);
    ticker_free(policy);
    return status;
}

int64_t ti_sqs_queue_max_attempts(ticker_queue *queue)
{
    const ti_sqs_queue *sqs = ti_sqs_queue_of(queue);
    char *policy = NULL;
    ti_json *json = NULL;
    int64_t max = 0;

    if (ticker_sqs_attribute(sqs->aws, sqs->url, "RedrivePolicy", &policy, NULL) == TICKER_OK &&
        ti_json_read(ti_slice_of(policy), &json, NULL) == TICKER_OK &&
        !ti_json_integer(ti_json_member(ti_json_root(json), "maxReceiveCount"), &max))
        max = 0;
    ti_json_free(json);
    ticker_free(policy);
    return max > 0 ? max : 0;
}

static ticker_status find_dead(ti_sqs_queue *queue, char **url, ticker_error *error)
{
    ticker_status status = ti_sqs_queue_dead_url(queue, url, error);

    if (status != TICKER_DONE)
        return status;
    status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "the queue %s has no queue for dead letters",
                     queue->url);
    ti_error_hint(error, "give it a redrive policy: \"ticker-cli aws setup\" does");
    return status;
}

/* Held for a while first: who no longer has the message must not bury what another works on. When the deletion at the end fails, the
 * message comes again: better twice than never. */
ticker_status ti_sqs_queue_bury(ticker_queue *queue, const ticker_message *message, const char *reason,
                                ticker_error *error)
{
    ti_sqs_queue *sqs = ti_sqs_queue_of(queue);
    char *url = NULL;
    ticker_status status = find_dead(sqs, &url, error);

    (void)reason; /* the body stays as it is, and there is no other place for it */
    if (status == TICKER_OK)
        status = ticker_sqs_change_visibility(sqs->aws, sqs->url, message->receipt, HOLD_SECONDS, error);
    if (status == TICKER_OK)
        status = ticker_sqs_send(sqs->aws, url, message->body, 0, NULL, error);
    if (status == TICKER_OK)
        status = ticker_sqs_delete(sqs->aws, sqs->url, message->receipt, error);
    free(url);
    return status;
}

/* --- Walking ------------------------------------------------------------------------------------------------------------------- */

typedef struct walk walk;
struct walk {
    ti_sqs_queue *queue;
    char *url; /* of the dead letters */
    /* Looks at one; *gone: it was deleted. */
    ticker_status (*visit)(walk *self, const ticker_message *letter, bool *gone, ticker_error *error);
    const char *id; /* the only one that is meant, or NULL */
    int64_t count, max;
    ti_symbols *seen;
    ti_buffer receipts; /* of those that stay, one after the other with their NUL */
    size_t kept;
    ti_queue_visit show;
    void *payload;
};

/* A letter that was looked at longer than LOOK_SECONDS ago comes again. */
static ticker_status look_at(walk *self, const ticker_message *letter, ticker_error *error)
{
    bool fresh = false, gone = false;
    uint32_t number = ti_symbols_add(self->seen, ti_slice_of(letter->id), &fresh);
    ticker_status status = TICKER_OK;

    if (number == TI_SYMBOL_NONE && ti_symbols_count(self->seen) < LETTERS_MAX)
        return ti_fail_memory(error);
    if (fresh)
        status = self->visit(self, letter, &gone, error);
    if (!gone && ti_buffer_append(&self->receipts, letter->receipt, strlen(letter->receipt) + 1))
        self->kept++;
    return status;
}

/* TICKER_DONE: there are no more. */
static ticker_status look_at_some(walk *self, ticker_error *error)
{
    size_t before = ti_symbols_count(self->seen), count;
    ticker_sqs_messages *came = NULL;
    ticker_status status = ticker_sqs_receive(self->queue->aws, self->url, TI_QUEUE_MESSAGES_MAX, LOOK_WAIT,
                                              LOOK_SECONDS, &came, error);

    count = status == TICKER_OK ? ticker_sqs_messages_count(came) : 0;
    for (size_t i = 0; i < count; i++) {
        ticker_message *letter = ti_sqs_queue_message(came, i);
        ticker_status looked = letter != NULL ? TICKER_OK : ti_fail_memory(error);

        /* What came after the last one that is wanted only has to be given back. */
        if (looked == TICKER_OK && status == TICKER_OK && self->count < self->max)
            looked = look_at(self, letter, error);
        else if (looked == TICKER_OK && ti_buffer_append(&self->receipts, letter->receipt, strlen(letter->receipt) + 1))
            self->kept++;
        if (status == TICKER_OK)
            status = looked;
        ticker_message_free(letter);
    }
    ticker_sqs_messages_free(came);
    return status == TICKER_OK && ti_symbols_count(self->seen) == before ? TICKER_DONE : status;
}

/* So that others see them before their time is over; when it fails, they have to wait for it. */
static void give_back(const walk *self)
{
    static const int now[TI_QUEUE_MESSAGES_MAX];
    const char *receipts[TI_QUEUE_MESSAGES_MAX], *at = self->receipts.data;
    ticker_status results[TI_QUEUE_MESSAGES_MAX], status = TICKER_OK;
    size_t left = ti_buffer_failed(&self->receipts) ? 0 : self->kept;

    while (left > 0 && (status == TICKER_OK || status == TICKER_WARN)) {
        size_t count = 0;

        for (; count < TI_QUEUE_MESSAGES_MAX && left > 0; count++, left--) {
            receipts[count] = at;
            at += strlen(at) + 1;
        }
        status = ticker_sqs_change_visibility_batch(self->queue->aws, self->url, receipts, now, count, results, NULL);
    }
}

static ticker_status walk_dead(walk *self, ticker_error *error)
{
    ticker_status status = find_dead(self->queue, &self->url, error);

    if (status != TICKER_OK)
        return status;
    ti_buffer_init(&self->receipts, RECEIPTS_BYTES_MAX);
    self->seen = ti_symbols_new(LETTERS_MAX);
    if (self->seen == NULL)
        status = ti_fail_memory(error);
    while (status == TICKER_OK && self->count < self->max && ti_symbols_count(self->seen) < LETTERS_MAX)
        status = look_at_some(self, error);
    give_back(self);
    ti_symbols_free(self->seen);
    ti_buffer_free(&self->receipts);
    free(self->url);
    return status == TICKER_DONE ? TICKER_OK : status;
}

/* --- Listing, retrying, dropping ----------------------------------------------------------------------------------------------- */

static ticker_status show_letter(walk *self, const ticker_message *letter, bool *gone, ticker_error *error)
{
    *gone = false;
    self->count++;
    return self->show(self->payload, letter->id, letter->body, "", letter->attempts, letter->sent, error);
}

ticker_status ti_sqs_queue_dead(ticker_queue *queue, int64_t max, ti_queue_visit visit, void *payload,
                                ticker_error *error)
{
    walk self = {.queue = ti_sqs_queue_of(queue), .visit = show_letter, .max = max, .show = visit, .payload = payload};

    return walk_dead(&self, error);
}

static ticker_status drop_letter(walk *self, const ticker_message *letter, bool *gone, ticker_error *error)
{
    ticker_status status;

    if (self->id != NULL && strcmp(self->id, letter->id) != 0)
        return TICKER_OK;
    status = ticker_sqs_delete(self->queue->aws, self->url, letter->receipt, error);
    *gone = status == TICKER_OK;
    self->count += *gone;
    return status;
}

/* Sent before it is deleted: better twice than never. One that fails again while we walk is a dead letter with the id it is
 * sent under now: it is taken as seen, or the two queues would play ball with it. */
static ticker_status retry_letter(walk *self, const ticker_message *letter, bool *gone, ticker_error *error)
{
    ticker_status status;
    char *id = NULL;

    if (self->id != NULL && strcmp(self->id, letter->id) != 0)
        return TICKER_OK;
    status = ticker_sqs_send(self->queue->aws, self->queue->url, letter->body, 0, &id, error);
    if (status != TICKER_OK)
        return status;
    (void)ti_symbols_add(self->seen, ti_slice_of(id), NULL); /* without memory it may come once more */
    free(id);
    return drop_letter(self, letter, gone, error);
}

ticker_status ti_sqs_queue_retry(ticker_queue *queue, const char *id, int64_t *count, ticker_error *error)
{
    walk self = {.queue = ti_sqs_queue_of(queue), .visit = retry_letter, .id = id, .max = id != NULL ? 1 : INT64_MAX};
    ticker_status status = walk_dead(&self, error);

    *count = self.count;
    return status;
}

ticker_status ti_sqs_queue_drop(ticker_queue *queue, const char *id, int64_t *count, ticker_error *error)
{
    walk self = {.queue = ti_sqs_queue_of(queue), .visit = drop_letter, .id = id, .max = id != NULL ? 1 : INT64_MAX};
    ticker_status status = walk_dead(&self, error);

    *count = self.count;
    return status;
}
