/* The queue of events in PostgreSQL. Each call is one statement, and so one transaction; times are the server's. Rows that another
 * session is taking are skipped, so nobody waits for anybody. */
#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include "base/error.h"
#include "base/number.h"
#include "store/postgres.h"

#define IDS_MAX 1024 /* bytes of a list of TI_QUEUE_BATCH_MAX numbers or receipts */

#define MILLISECONDS(column) "(extract(epoch FROM " column ") * 1000)::bigint"

/* The two tables as the caller of a dead letter leaves them. The lists are CTEs because a subquery with SKIP LOCKED may be run more than
 * once. Only now() may be compared with the index; it is the time when the statement began. */
static const char receive_sql[] =
    "WITH spent AS MATERIALIZED (SELECT id FROM queue_messages WHERE visible_at <= now() AND attempts >= $3"
    " ORDER BY visible_at, id LIMIT 100 FOR UPDATE SKIP LOCKED),"
    " gone AS (DELETE FROM queue_messages AS m USING spent WHERE m.id = spent.id"
    " RETURNING m.id, m.body, m.attempts, m.sent_at),"
    " dead AS (INSERT INTO queue_dead (id, body, reason, attempts, sent_at)"
    " SELECT id, body, format('received %s times without success', attempts), attempts, sent_at FROM gone),"
    " next AS MATERIALIZED (SELECT id, visible_at FROM queue_messages WHERE visible_at <= now() AND attempts < $3"
    " ORDER BY visible_at, id LIMIT $1 FOR UPDATE SKIP LOCKED),"
    " taken AS (UPDATE queue_messages AS m SET attempts = m.attempts + 1, receipt = $4,"
    " visible_at = now() + $2 * interval '1 millisecond' FROM next WHERE m.id = next.id"
    " RETURNING m.id, m.body, m.attempts, m.sent_at, next.visible_at AS due)"
    " SELECT id, attempts, " MILLISECONDS("sent_at") ", body, '' FROM taken ORDER BY due, id";

static const char send_sql[] =
    "INSERT INTO queue_messages (body, visible_at) VALUES ($1, now() + $2 * interval '1 millisecond')";
static const char hide_sql[] = "UPDATE queue_messages SET visible_at = now() + $3 * interval '1 millisecond'"
                               " WHERE id = $1 AND receipt = $2 RETURNING id";
static const char give_back_sql[] =
    "UPDATE queue_messages SET visible_at = now() + $3 * interval '1 millisecond', receipt = NULL"
    " WHERE id = $1 AND receipt = $2 RETURNING id";
static const char bury_sql[] =
    "WITH gone AS (DELETE FROM queue_messages WHERE id = $1 AND receipt = $2 RETURNING id, body, attempts, sent_at)"
    " INSERT INTO queue_dead (id, body, reason, attempts, sent_at) SELECT id, body, $3, attempts, sent_at FROM gone"
    " RETURNING id";
static const char done_sql[] =
    "DELETE FROM queue_messages WHERE (id, receipt) IN (SELECT * FROM unnest($1::bigint[], $2::text[])) RETURNING id";
static const char counts_sql[] =
    "SELECT count(*) FILTER (WHERE NOT held), count(*) FILTER (WHERE held), (SELECT count(*) FROM queue_dead)"
    " FROM (SELECT receipt IS NOT NULL AND visible_at > now() AS held FROM queue_messages) AS m";
static const char dead_sql[] = "SELECT id, attempts, " MILLISECONDS(
    "sent_at") ", body, reason FROM queue_dead WHERE id > $1 ORDER BY id LIMIT $2";
static const char revive_sql[] =
    "WITH gone AS (DELETE FROM queue_dead WHERE id = $1 OR $1 IS NULL RETURNING id, body, sent_at),"
    " back AS (INSERT INTO queue_messages (id, body, sent_at) SELECT id, body, sent_at FROM gone RETURNING id)"
    " SELECT count(*) FROM back";
static const char drop_sql[] = "WITH gone AS (DELETE FROM queue_dead WHERE id = $1 OR $1 IS NULL RETURNING id)"
                               " SELECT count(*) FROM gone";

/* Runs a statement outside of an import. */
static ticker_status run(ticker_store *store, const char *sql, const ti_pg_parameters *parameters,
                         ti_pg_result **result, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    ticker_status status = ti_pg_idle(postgres, error);

    return status == TICKER_OK ? ti_pg_run(postgres->link, sql, parameters, result, error) : status;
}

/* The same for one that answers with a row when it found the message. */
static ticker_status run_held(ticker_store *store, const char *sql, const ti_pg_parameters *parameters,
                              ticker_error *error)
{
    ti_pg_result *result = NULL;
    ticker_status status = run(store, sql, parameters, &result, error);

    if (status == TICKER_OK && ti_pg_rows(result) == 0)
        status = TICKER_DONE;
    ti_pg_free(result);
    return status;
}

static ticker_status visit_rows(const ti_pg_result *result, ti_visit_queue_row visit, void *payload,
                                ticker_error *error)
{
    ticker_status status = TICKER_OK;

    for (size_t i = 0; i < ti_pg_rows(result) && status == TICKER_OK; i++) {
        const ti_queue_row row = {.id = ti_pg_integer(result, i, 0),
                                  .attempts = ti_pg_integer(result, i, 1),
                                  .sent = ti_pg_integer(result, i, 2),
                                  .body = ti_pg_cell(result, i, 3),
                                  .reason = ti_pg_cell(result, i, 4)};
        status = visit(payload, &row, error);
    }
    return status;
}

static ticker_status queue_send(ticker_store *store, const char *body, int64_t delay, ticker_error *error)
{
    static const unsigned types[] = {TI_PG_OID_TEXT, TI_PG_OID_INT8};
    char time[TI_NUMBER_TEXT_MAX];
    const char *const values[] = {body, time};
    const ti_pg_parameters parameters = {.count = 2, .types = types, .values = values};

    (void)ti_format_integer(delay, time);
    return run(store, send_sql, &parameters, NULL, error);
}

static ticker_status queue_receive(ticker_store *store, const ti_queue_take *take, ti_visit_queue_row visit,
                                   void *payload, ticker_error *error)
{
    static const unsigned types[] = {TI_PG_OID_INT8, TI_PG_OID_INT8, TI_PG_OID_INT8, TI_PG_OID_TEXT};
    char max[TI_NUMBER_TEXT_MAX], time[TI_NUMBER_TEXT_MAX], attempts[TI_NUMBER_TEXT_MAX];
    const char *const values[] = {max, time, attempts, take->receipt};
    const ti_pg_parameters parameters = {.count = 4, .types = types, .values = values};
    ti_pg_result *result = NULL;
    ticker_status status;

    (void)ti_format_integer((int64_t)take->max, max);
    (void)ti_format_integer(take->visibility, time);
    (void)ti_format_integer(take->max_attempts > 0 ? take->max_attempts : INT64_MAX, attempts);
    status = run(store, receive_sql, &parameters, &result, error);
    if (status == TICKER_OK)
        status = visit_rows(result, visit, payload, error);
    ti_pg_free(result);
    return status;
}

static ticker_status queue_hide(ticker_store *store, const ti_held *message, int64_t time, bool give_back,
                                ticker_error *error)
{
    static const unsigned types[] = {TI_PG_OID_INT8, TI_PG_OID_TEXT, TI_PG_OID_INT8};
    char id[TI_NUMBER_TEXT_MAX], hidden[TI_NUMBER_TEXT_MAX];
    const char *const values[] = {id, message->receipt, hidden};
    const ti_pg_parameters parameters = {.count = 3, .types = types, .values = values};

    (void)ti_format_integer(message->id, id);
    (void)ti_format_integer(time, hidden);
    return run_held(store, give_back ? give_back_sql : hide_sql, &parameters, error);
}

static ticker_status queue_bury(ticker_store *store, const ti_held *message, const char *reason, ticker_error *error)
{
    static const unsigned types[] = {TI_PG_OID_INT8, TI_PG_OID_TEXT, TI_PG_OID_TEXT};
    char id[TI_NUMBER_TEXT_MAX];
    const char *const values[] = {id, message->receipt, reason};
    const ti_pg_parameters parameters = {.count = 3, .types = types, .values = values};

    (void)ti_format_integer(message->id, id);
    return run_held(store, bury_sql, &parameters, error);
}

/* Which of the messages the statement removed. */
static void mark_done(const ti_pg_result *result, const ti_held *messages, size_t count, bool *done)
{
    for (size_t i = 0; i < count; i++) {
        done[i] = false;
        for (size_t row = 0; row < ti_pg_rows(result); row++)
            done[i] = done[i] || ti_pg_integer(result, row, 0) == messages[i].id;
    }
}

static ticker_status queue_done(ticker_store *store, const ti_held *messages, size_t count, bool *done,
                                ticker_error *error)
{
    ti_buffer ids, receipts;
    const char *values[2];
    const ti_pg_parameters parameters = {.count = 2, .values = values};
    ti_pg_result *result = NULL;
    ticker_status status;

    ti_buffer_init(&ids, IDS_MAX);
    ti_buffer_init(&receipts, IDS_MAX);
    for (size_t i = 0; i < count; i++) {
        char id[TI_NUMBER_TEXT_MAX];

        (void)ti_format_integer(messages[i].id, id);
        (void)ti_buffer_printf(&ids, "%c%s", i == 0 ? '{' : ',', id);
        (void)ti_buffer_printf(&receipts, "%c%s", i == 0 ? '{' : ',', messages[i].receipt); /* hex digits */
    }
    (void)ti_buffer_byte(&ids, '}');
    (void)ti_buffer_byte(&receipts, '}');
    values[0] = ti_buffer_string(&ids);
    values[1] = ti_buffer_string(&receipts);
    if (values[0] == NULL || values[1] == NULL)
        status = ti_fail_memory(error);
    else
        status = run(store, done_sql, &parameters, &result, error);
    if (status == TICKER_OK)
        mark_done(result, messages, count, done);
    ti_pg_free(result);
    ti_buffer_free(&ids);
    ti_buffer_free(&receipts);
    return status;
}

static ticker_status queue_counts(ticker_store *store, int64_t *waiting, int64_t *working, int64_t *dead,
                                  ticker_error *error)
{
    ti_pg_result *result = NULL;
    ticker_status status = run(store, counts_sql, NULL, &result, error);

    if (status == TICKER_OK) {
        *waiting = ti_pg_integer(result, 0, 0);
        *working = ti_pg_integer(result, 0, 1);
        *dead = ti_pg_integer(result, 0, 2);
    }
    ti_pg_free(result);
    return status;
}

static ticker_status queue_dead(ticker_store *store, int64_t after, ti_visit_queue_row visit, void *payload,
                                ticker_error *error)
{
    static const unsigned types[] = {TI_PG_OID_INT8, TI_PG_OID_INT8};
    char from[TI_NUMBER_TEXT_MAX], max[TI_NUMBER_TEXT_MAX];
    const char *const values[] = {from, max};
    const ti_pg_parameters parameters = {.count = 2, .types = types, .values = values};
    ti_pg_result *result = NULL;
    ticker_status status;

    (void)ti_format_integer(after, from);
    (void)ti_format_integer(TI_QUEUE_BATCH_MAX, max);
    status = run(store, dead_sql, &parameters, &result, error);
    if (status == TICKER_OK)
        status = visit_rows(result, visit, payload, error);
    ti_pg_free(result);
    return status;
}

/* A statement about one dead letter or all, that answers with their number. */
static ticker_status run_counted(ticker_store *store, const char *sql, int64_t id, int64_t *count, ticker_error *error)
{
    static const unsigned types[] = {TI_PG_OID_INT8};
    char number[TI_NUMBER_TEXT_MAX];
    const char *const values[] = {id != TICKER_NULL ? number : NULL};
    const ti_pg_parameters parameters = {.count = 1, .types = types, .values = values};
    ti_pg_result *result = NULL;
    ticker_status status;

    if (id != TICKER_NULL)
        (void)ti_format_integer(id, number);
    status = run(store, sql, &parameters, &result, error);
    if (status == TICKER_OK)
        *count = ti_pg_integer(result, 0, 0);
    ti_pg_free(result);
    return status;
}

static ticker_status queue_revive(ticker_store *store, int64_t id, int64_t *count, ticker_error *error)
{
    return run_counted(store, revive_sql, id, count, error);
}

static ticker_status queue_drop(ticker_store *store, int64_t id, int64_t *count, ticker_error *error)
{
    return run_counted(store, drop_sql, id, count, error);
}

const ti_store_queue_ops ti_pg_queue = {
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
