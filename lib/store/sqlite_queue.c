/* The queue of events in SQLite: what changes more than one row is a transaction that begins with the right to write. Times are the
 * machine's clock. */
#include <config.h>

#ifdef TI_WITH_SQLITE

#include "base/clock.h"
#include "base/error.h"
#include "store/sqlite.h"

/* Of messages that wait for their turn: the right to write is asked for only when there is something to take. */
typedef struct taken {
    int64_t id[TI_QUEUE_BATCH_MAX];
    size_t count;
} taken;

static int64_t now(void)
{
    return ti_clock_system.now(ti_clock_system.self);
}

static ticker_status check_idle(ti_sqlite *sqlite, ticker_error *error)
{
    ticker_status status;

    if (sqlite->importing)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "the queue was used within an import");
    status = ti_sq_finish_undo(sqlite->link, error);
    if (status == TICKER_OK)
        ti_sq_expect_small_writes(sqlite);
    return status;
}

/* A statement about one message, bound to its number and receipt. */
static ticker_status use_held(ti_sqlite *sqlite, ti_sq_text text, const ti_held *message, ti_sq_statement **statement,
                              ticker_error *error)
{
    ticker_status status = ti_sq_use(sqlite, text, statement, error);

    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, *statement, 1, message->id);
    ti_sq_bind_text(sqlite->link, *statement, 2, ti_slice_of(message->receipt));
    return TICKER_OK;
}

/* Runs a statement that is bound, and says how many rows it changed. */
static ticker_status change(ti_sqlite *sqlite, ti_sq_statement *statement, int64_t *changed, ticker_error *error)
{
    ticker_status status = ti_sq_finish(sqlite->link, statement, error);

    *changed = status == TICKER_OK ? ti_sq_changes(sqlite->link) : 0;
    return status;
}

static ticker_status begin(ti_sqlite *sqlite, ticker_error *error)
{
    ticker_status status = check_idle(sqlite, error);

    return status == TICKER_OK ? ti_sq_run(sqlite->link, "BEGIN IMMEDIATE", error) : status;
}

/* Commits what went well, undoes what did not. TICKER_DONE, for a message that was not there, has nothing to commit. */
static ticker_status end(ti_sqlite *sqlite, ticker_status status, ticker_error *error)
{
    if (status == TICKER_OK)
        status = ti_sq_run(sqlite->link, "COMMIT", error);
    if (status != TICKER_OK)
        ti_sq_undo(sqlite->link);
    return status;
}

static ticker_status visit_row(ti_sq_statement *statement, ti_visit_queue_row visit, void *payload, ticker_error *error)
{
    const ti_queue_row row = {.id = ti_sq_integer(statement, 0),
                              .attempts = ti_sq_integer(statement, 1),
                              .sent = ti_sq_integer(statement, 2),
                              .body = ti_sq_cell(statement, 3).text,
                              .reason = ti_sq_cell(statement, 4).text};

    return visit(payload, &row, error);
}

/* Steps through a statement that is bound; `into` may be NULL. */
static ticker_status visit_rows(ti_sqlite *sqlite, ti_sq_statement *statement, ti_visit_queue_row visit, void *payload,
                                taken *into, ticker_error *error)
{
    ticker_status status;

    while ((status = ti_sq_step(sqlite->link, statement, error)) == TICKER_OK) {
        if (into != NULL && into->count < TI_QUEUE_BATCH_MAX)
            into->id[into->count++] = ti_sq_integer(statement, 0);
        status = visit_row(statement, visit, payload, error);
        if (status != TICKER_OK) {
            ti_sq_reset(statement);
            return status;
        }
    }
    return status == TICKER_DONE ? TICKER_OK : status;
}

/* --- Sending and receiving ----------------------------------------------------------------------------------------------------- */

static ticker_status queue_send(ticker_store *store, const char *body, int64_t delay, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    int64_t sent = now();
    ti_sq_statement *statement;
    ticker_status status = check_idle(sqlite, error);

    if (status == TICKER_OK)
        status = ti_sq_use(sqlite, TI_SQ_QUEUE_SEND, &statement, error);
    if (status != TICKER_OK)
        return status;
    ti_sq_bind_text(sqlite->link, statement, 1, ti_slice_of(body));
    ti_sq_bind(sqlite->link, statement, 2, sent);
    ti_sq_bind(sqlite->link, statement, 3, sent + delay);
    return ti_sq_finish(sqlite->link, statement, error);
}

/* Only reads, so it waits for nobody who writes. */
static ticker_status is_any(ti_sqlite *sqlite, int64_t time, bool *any, ticker_error *error)
{
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, TI_SQ_QUEUE_ANY, &statement, error);

    *any = false;
    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, time);
    status = ti_sq_step(sqlite->link, statement, error);
    if (status == TICKER_OK) {
        *any = ti_sq_integer(statement, 0) != 0;
        ti_sq_reset(statement);
    }
    return status == TICKER_DONE ? TICKER_OK : status;
}

/* Messages that were received too often become dead letters. */
static ticker_status bury_spent(ti_sqlite *sqlite, int64_t time, int64_t max_attempts, ticker_error *error)
{
    static const ti_sq_text texts[] = {TI_SQ_QUEUE_BURY_SPENT, TI_SQ_QUEUE_DROP_SPENT};
    ticker_status status = TICKER_OK;
    ti_sq_statement *statement;

    for (size_t i = 0; i < 2 && status == TICKER_OK && max_attempts > 0; i++) {
        status = ti_sq_use(sqlite, texts[i], &statement, error);
        if (status != TICKER_OK)
            break;
        ti_sq_bind(sqlite->link, statement, 1, time);
        ti_sq_bind(sqlite->link, statement, 2, max_attempts);
        status = ti_sq_finish(sqlite->link, statement, error);
    }
    return status;
}

static ticker_status hide_taken(ti_sqlite *sqlite, const taken *messages, int64_t until, const char *receipt,
                                ticker_error *error)
{
    ticker_status status = TICKER_OK;
    ti_sq_statement *statement;

    for (size_t i = 0; i < messages->count && status == TICKER_OK; i++) {
        status = ti_sq_use(sqlite, TI_SQ_QUEUE_TAKE, &statement, error);
        if (status != TICKER_OK)
            break;
        ti_sq_bind(sqlite->link, statement, 1, messages->id[i]);
        ti_sq_bind(sqlite->link, statement, 2, until);
        ti_sq_bind_text(sqlite->link, statement, 3, ti_slice_of(receipt));
        status = ti_sq_finish(sqlite->link, statement, error);
    }
    return status;
}

static ticker_status take_messages(ti_sqlite *sqlite, const ti_queue_take *take, ti_visit_queue_row visit,
                                   void *payload, ticker_error *error)
{
    taken messages = {.count = 0};
    int64_t time = now(); /* after waiting for the right to write */
    ti_sq_statement *statement;
    ticker_status status = bury_spent(sqlite, time, take->max_attempts, error);

    if (status == TICKER_OK)
        status = ti_sq_use(sqlite, TI_SQ_QUEUE_FIND, &statement, error);
    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, time);
    ti_sq_bind(sqlite->link, statement, 2, (int64_t)(take->max < TI_QUEUE_BATCH_MAX ? take->max : TI_QUEUE_BATCH_MAX));
    status = visit_rows(sqlite, statement, visit, payload, &messages, error);
    return status == TICKER_OK ? hide_taken(sqlite, &messages, time + take->visibility, take->receipt, error) : status;
}

static ticker_status queue_receive(ticker_store *store, const ti_queue_take *take, ti_visit_queue_row visit,
                                   void *payload, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    bool any = false, begun = false;
    ticker_error refused;
    ticker_status status = check_idle(sqlite, error);

    if (status != TICKER_OK)
        return status;
    ti_error_init(&refused);
    ti_sq_patience(sqlite->link, take->patience);
    status = is_any(sqlite, now(), &any, &refused);
    if (status == TICKER_OK && any) {
        status = ti_sq_run(sqlite->link, "BEGIN IMMEDIATE", &refused);
        begun = status == TICKER_OK;
    }
    ti_sq_patience(sqlite->link, -1);
    if (begun)
        return end(sqlite, take_messages(sqlite, take, visit, payload, error), error);
    if (status == TICKER_OK)
        return TICKER_OK;
    if (ti_sq_locked(sqlite->link)) /* a long import, for example */
        return TICKER_DONE;
    if (error != NULL)
        ti_error_copy(error, &refused);
    return status;
}

/* --- Messages that are held ---------------------------------------------------------------------------------------------------- */

static ticker_status queue_hide(ticker_store *store, const ti_held *message, int64_t time, bool give_back,
                                ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    int64_t changed = 0;
    ti_sq_statement *statement;
    ticker_status status = check_idle(sqlite, error);

    if (status == TICKER_OK)
        status = use_held(sqlite, give_back ? TI_SQ_QUEUE_GIVE_BACK : TI_SQ_QUEUE_HIDE, message, &statement, error);
    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 3, now() + time);
    status = change(sqlite, statement, &changed, error);
    return status == TICKER_OK && changed == 0 ? TICKER_DONE : status;
}

static ticker_status remove_held(ti_sqlite *sqlite, const ti_held *message, int64_t *changed, ticker_error *error)
{
    ti_sq_statement *statement;
    ticker_status status = use_held(sqlite, TI_SQ_QUEUE_DONE, message, &statement, error);

    return status == TICKER_OK ? change(sqlite, statement, changed, error) : status;
}

static ticker_status bury_held(ti_sqlite *sqlite, const ti_held *message, const char *reason, ticker_error *error)
{
    int64_t changed = 0;
    ti_sq_statement *statement;
    ticker_status status = use_held(sqlite, TI_SQ_QUEUE_BURY, message, &statement, error);

    if (status != TICKER_OK)
        return status;
    ti_sq_bind_text(sqlite->link, statement, 3, ti_slice_of(reason));
    ti_sq_bind(sqlite->link, statement, 4, now());
    status = change(sqlite, statement, &changed, error);
    if (status == TICKER_OK && changed == 0)
        return TICKER_DONE;
    return status == TICKER_OK ? remove_held(sqlite, message, &changed, error) : status;
}

static ticker_status queue_bury(ticker_store *store, const ti_held *message, const char *reason, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ticker_status status = begin(sqlite, error);

    return status == TICKER_OK ? end(sqlite, bury_held(sqlite, message, reason, error), error) : status;
}

static ticker_status queue_done(ticker_store *store, const ti_held *messages, size_t count, bool *done,
                                ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ticker_status status = begin(sqlite, error);

    if (status != TICKER_OK)
        return status;
    for (size_t i = 0; i < count && status == TICKER_OK; i++) {
        int64_t changed = 0;

        status = remove_held(sqlite, &messages[i], &changed, error);
        done[i] = changed > 0;
    }
    return end(sqlite, status, error);
}

/* --- Counts and dead letters --------------------------------------------------------------------------------------------------- */

static ticker_status queue_counts(ticker_store *store, int64_t *waiting, int64_t *working, int64_t *dead,
                                  ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ti_sq_statement *statement;
    ticker_status status = check_idle(sqlite, error);

    if (status == TICKER_OK)
        status = ti_sq_use(sqlite, TI_SQ_QUEUE_COUNTS, &statement, error);
    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, now());
    status = ti_sq_step(sqlite->link, statement, error);
    if (status == TICKER_OK) {
        *waiting = ti_sq_integer(statement, 0);
        *working = ti_sq_integer(statement, 1);
        *dead = ti_sq_integer(statement, 2);
        ti_sq_reset(statement);
    }
    return status;
}

static ticker_status queue_dead(ticker_store *store, int64_t after, ti_visit_queue_row visit, void *payload,
                                ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ti_sq_statement *statement;
    ticker_status status = check_idle(sqlite, error);

    if (status == TICKER_OK)
        status = ti_sq_use(sqlite, TI_SQ_QUEUE_DEAD, &statement, error);
    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, after);
    ti_sq_bind(sqlite->link, statement, 2, TI_QUEUE_BATCH_MAX);
    return visit_rows(sqlite, statement, visit, payload, NULL, error);
}

static ticker_status drop_dead(ti_sqlite *sqlite, int64_t id, int64_t *count, ticker_error *error)
{
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, TI_SQ_QUEUE_DROP, &statement, error);

    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, id);
    return change(sqlite, statement, count, error);
}

static ticker_status queue_drop(ticker_store *store, int64_t id, int64_t *count, ticker_error *error)
{
    ticker_status status = check_idle(ti_sq_store(store), error);

    return status == TICKER_OK ? drop_dead(ti_sq_store(store), id, count, error) : status;
}

static ticker_status queue_revive(ticker_store *store, int64_t id, int64_t *count, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ti_sq_statement *statement;
    ticker_status status = begin(sqlite, error);

    if (status != TICKER_OK)
        return status;
    status = ti_sq_use(sqlite, TI_SQ_QUEUE_REVIVE, &statement, error);
    if (status == TICKER_OK) {
        ti_sq_bind(sqlite->link, statement, 1, id);
        ti_sq_bind(sqlite->link, statement, 2, now());
        status = ti_sq_finish(sqlite->link, statement, error);
    }
    if (status == TICKER_OK)
        status = drop_dead(sqlite, id, count, error);
    return end(sqlite, status, error);
}

const ti_store_queue_ops ti_sq_queue = {
    .size = sizeof(ti_store_queue_ops),
    .send = queue_send,
    .receive = queue_receive,
    .hide = queue_hide,
    .bury = queue_bury,
    .done = queue_done,
    .counts = queue_counts,
    .dead = queue_dead,
    .revive = queue_revive,
    .drop = queue_drop,
};

#endif
