/* Up to ten messages in one request. HTTP says 200 whatever became of them: each entry of the answer is looked at. */
#include <string.h>

#include <tickerimport/limits.h>

#include "aws/sqs.h"
#include "base/error.h"
#include "base/utf8.h"

#define VISIBILITY_MAX 43200
#define REASON_MAX 200
#define FIELDS_MAX 3

/* What is known of one entry. */
typedef struct entry {
    bool sent, answered;
    ticker_status status;
    char code[TI_SQS_CODE_MAX], reason[REASON_MAX];
} entry;

typedef struct batch {
    const char *operation;
    size_t count;
    const char *const *bodies; /* that were sent, for their MD5; else NULL */
    entry entries[TI_SQS_BATCH_MAX];
    ti_sqs_field fields[TI_SQS_BATCH_MAX * FIELDS_MAX];
    /* Of the entry of the answer that is being read. */
    int id; /* -1: none of ours */
    bool sender_fault;
    char code[TI_SQS_CODE_MAX], reason[REASON_MAX], md5[TI_SQS_CODE_MAX];
} batch;

static const char digits[] = "0123456789"; /* the entries' ids */

/* --- The answer ------------------------------------------------------------------------------------------------- */

static void forget_piece(batch *self)
{
    self->id = -1;
    self->sender_fault = false;
    self->code[0] = self->reason[0] = self->md5[0] = '\0';
}

static void take_field(batch *self, ti_slice name, ti_slice value)
{
    if (ti_slice_is(name, "Id"))
        self->id = value.size == 1 && *value.data >= '0' && *value.data <= '9' ? *value.data - '0' : -1;
    else if (ti_slice_is(name, "SenderFault"))
        self->sender_fault = ti_slice_is(value, "true");
    else if (ti_slice_is(name, "Code"))
        (void)ti_utf8_copy(self->code, sizeof(self->code), value);
    else if (ti_slice_is(name, "Message"))
        (void)ti_utf8_copy(self->reason, sizeof(self->reason), value);
    else if (ti_slice_is(name, "MD5OfMessageBody"))
        (void)ti_utf8_copy(self->md5, sizeof(self->md5), value);
}

static void end_done(const batch *self, entry *mine)
{
    if (mine->answered)
        return; /* a failure of the same entry counts */
    mine->answered = true;
    mine->status = TICKER_OK;
    if (self->bodies != NULL && !ti_sqs_md5_fits(ti_slice_of(self->bodies[self->id]), ti_slice_of(self->md5))) {
        mine->status = TICKER_RETRY;
        (void)ti_utf8_copy(mine->reason, sizeof(mine->reason),
                           ti_slice_of("the queue stored other bytes than were sent (their MD5 differs)"));
    }
}

static void end_failed(const batch *self, entry *mine)
{
    mine->answered = true;
    mine->status = ti_sqs_entry_status(self->code, self->sender_fault);
    (void)ti_utf8_copy(mine->code, sizeof(mine->code), ti_slice_of(ti_sqs_code(self->code)));
    memcpy(mine->reason, self->reason, sizeof(mine->reason));
}

static ticker_status take(void *payload, ti_sqs_piece piece, ti_slice name, ti_slice value, ticker_error *error)
{
    batch *self = payload;
    entry *mine = self->id >= 0 && (size_t)self->id < self->count ? &self->entries[self->id] : NULL;

    (void)error;
    if (piece == TI_SQS_FIELD) {
        take_field(self, name, value);
        return TICKER_OK;
    }
    if (mine != NULL && mine->sent && piece == TI_SQS_DONE)
        end_done(self, mine);
    if (mine != NULL && mine->sent && piece == TI_SQS_FAILED)
        end_failed(self, mine);
    if (piece == TI_SQS_DONE || piece == TI_SQS_FAILED)
        forget_piece(self);
    return TICKER_OK;
}

/* --- The request ------------------------------------------------------------------------------------------------ */

static ticker_status begin(batch *self, const char *operation, const ticker_aws *aws, const char *url,
                           const char *const *texts, size_t count, const ticker_status *results, ticker_error *error)
{
    ticker_status status = ti_sqs_check(aws, url, error);

    *self = (batch){.operation = operation, .count = count, .id = -1};
    if (status != TICKER_OK)
        return status;
    if (count > TI_SQS_BATCH_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a batch has at most %d entries, not %zu",
                       TI_SQS_BATCH_MAX, count);
    if (count > 0 && (texts == NULL || results == NULL))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "a batch needs its entries and a place for the results");
    for (size_t i = 0; i < count; i++)
        if (texts[i] == NULL || (texts[i][0] == '\0' && strcmp(operation, "SendMessageBatch") != 0))
            return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "entry %zu of a batch is empty", i + 1);
    return TICKER_OK;
}

/* Each result, and the error of the first that is not TICKER_OK. */
static ticker_status finish(const batch *self, ticker_status *results, ticker_error *error)
{
    const entry *first = NULL;
    size_t bad = 0;

    for (size_t i = 0; i < self->count; i++) {
        const entry *mine = &self->entries[i];

        results[i] = mine->sent && !mine->answered ? TICKER_RETRY : mine->status;
        bad += results[i] != TICKER_OK ? 1 : 0;
        if (first == NULL && results[i] != TICKER_OK)
            first = mine;
    }
    if (first == NULL)
        return TICKER_OK;
    (void)ti_fail(error, TICKER_WARN, first->status == TICKER_FAILED ? TICKER_ERROR_INPUT : TICKER_ERROR_SERVICE,
                  "%s: %zu of %zu entries failed, entry %zu first: %s%s%s", self->operation, bad, self->count,
                  (size_t)(first - self->entries) + 1, first->code, first->code[0] != '\0' ? ": " : "",
                  first->sent && !first->answered ? "the answer does not speak of it" : first->reason);
    ti_error_http(error, 200, first->code);
    return TICKER_WARN;
}

static ticker_status run(batch *self, ticker_aws *aws, const char *url, size_t entries, size_t entry_fields,
                         ticker_status *results, ticker_error *error)
{
    ti_sqs_request request = {.operation = self->operation,
                              .queue_url = url,
                              .entries = self->fields,
                              .entry_count = entries,
                              .entry_fields = entry_fields};
    ticker_status status = TICKER_OK;

    if (entries > 0)
        status = ti_sqs_call(aws, &request, take, self, error);
    if (status == TICKER_OK)
        return finish(self, results, error);
    for (size_t i = 0; i < self->count; i++)
        results[i] = self->entries[i].sent ? status : self->entries[i].status;
    return status;
}

static void set_id(ti_sqs_field *field, size_t index)
{
    *field = (ti_sqs_field){.name = "Id", .text = {digits + index, 1}};
}

ticker_status ticker_sqs_delete_batch(ticker_aws *aws, const char *url, const char *const *receipts, size_t count,
                                      ticker_status *results, ticker_error *error)
{
    batch self;
    ticker_status status = begin(&self, "DeleteMessageBatch", aws, url, receipts, count, results, error);

    if (status != TICKER_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        self.entries[i].sent = true;
        set_id(&self.fields[2 * i], i);
        self.fields[2 * i + 1] = (ti_sqs_field){.name = "ReceiptHandle", .text = ti_slice_of(receipts[i])};
    }
    return run(&self, aws, url, count, 2, results, error);
}

ticker_status ticker_sqs_change_visibility_batch(ticker_aws *aws, const char *url, const char *const *receipts,
                                                 const int *seconds, size_t count, ticker_status *results,
                                                 ticker_error *error)
{
    batch self;
    ticker_status status = begin(&self, "ChangeMessageVisibilityBatch", aws, url, receipts, count, results, error);

    if (status == TICKER_OK && count > 0 && seconds == NULL)
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a batch needs seconds for each message");
    for (size_t i = 0; status == TICKER_OK && i < count; i++) {
        status = ti_sqs_check_number("seconds until a message is seen", seconds[i], 0, VISIBILITY_MAX, error);
        self.entries[i].sent = true;
        set_id(&self.fields[3 * i], i);
        self.fields[3 * i + 1] = (ti_sqs_field){.name = "ReceiptHandle", .text = ti_slice_of(receipts[i])};
        self.fields[3 * i + 2] = (ti_sqs_field){.name = "VisibilityTimeout", .number = seconds[i]};
    }
    return status == TICKER_OK ? run(&self, aws, url, count, 3, results, error) : status;
}

/* Leaves out those that SQS would not take, or all others would fail with them. */
static size_t choose_bodies(batch *self, const char *const *bodies, size_t *bytes)
{
    size_t entries = 0;

    for (size_t i = 0; i < self->count; i++) {
        ticker_error own;

        ti_error_init(&own);
        self->entries[i].status = ti_sqs_check_body(bodies[i], &own);
        if (self->entries[i].status != TICKER_OK) {
            (void)ti_utf8_copy(self->entries[i].reason, REASON_MAX, ti_slice_of(own.message));
            continue;
        }
        self->entries[i].sent = true;
        *bytes += strlen(bodies[i]);
        set_id(&self->fields[2 * entries], i);
        self->fields[2 * entries + 1] = (ti_sqs_field){.name = "MessageBody", .text = ti_slice_of(bodies[i])};
        entries++;
    }
    return entries;
}

ticker_status ticker_sqs_send_batch(ticker_aws *aws, const char *url, const char *const *bodies, size_t count,
                                    ticker_status *results, ticker_error *error)
{
    batch self;
    ticker_status status = begin(&self, "SendMessageBatch", aws, url, bodies, count, results, error);
    size_t entries, bytes = 0;

    if (status != TICKER_OK)
        return status;
    self.bodies = bodies;
    entries = choose_bodies(&self, bodies, &bytes);
    if (bytes > TICKER_EVENT_BYTES_MAX) {
        for (size_t i = 0; i < count; i++)
            results[i] = TICKER_FAILED;
        (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT,
                      "the messages of the batch have %zu bytes, more than %d", bytes, TICKER_EVENT_BYTES_MAX);
        ti_error_hint(error, "send them in smaller batches");
        return TICKER_FAILED;
    }
    return run(&self, aws, url, entries, 2, results, error);
}
