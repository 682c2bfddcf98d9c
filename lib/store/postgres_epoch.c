/* What caches follow: commits of imports, which are told to whoever listens, and those that no cache has been told of yet. */
#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include "base/error.h"
#include "base/number.h"
#include "store/postgres.h"

#define IDS_MAX ((size_t)1 << 20) /* bytes of a list of numbers */

/* A NOTIFY is part of the transaction: it comes when that has committed, and never when not. */
ticker_status ti_pg_put_announcement(ti_pg_link *link, int64_t import_id, ticker_error *error)
{
    static const char sql[] = "WITH bump AS (INSERT INTO cache_bumps (import_id) VALUES ($1) ON CONFLICT DO NOTHING)"
                              " SELECT pg_notify('" TI_PG_CHANNEL "', $1::text)";
    static const unsigned types[] = {TI_PG_OID_INT8};
    char id[TI_NUMBER_TEXT_MAX];
    const char *const values[] = {id};
    const ti_pg_parameters parameters = {.count = 1, .types = types, .values = values};

    (void)ti_format_integer(import_id, id);
    return ti_pg_pipe_put(link, sql, &parameters, error);
}

ticker_status ti_pg_pending_bumps(ticker_store *store, int64_t age, int64_t *ids, size_t max, size_t *count,
                                  ticker_error *error)
{
    static const char sql[] = "SELECT import_id FROM cache_bumps WHERE created_at <= clock_timestamp()"
                              " - $1 * interval '1 millisecond' ORDER BY created_at, import_id LIMIT $2";
    static const unsigned types[] = {TI_PG_OID_INT8, TI_PG_OID_INT8};
    ti_postgres *postgres = ti_pg_store(store);
    char old[TI_NUMBER_TEXT_MAX], limit[TI_NUMBER_TEXT_MAX];
    const char *const values[] = {old, limit};
    const ti_pg_parameters parameters = {.count = 2, .types = types, .values = values};
    ti_pg_result *result = NULL;
    ticker_status status = ti_pg_idle(postgres, error);

    *count = 0;
    (void)ti_format_integer(age, old);
    (void)ti_format_integer((int64_t)max, limit);
    if (status == TICKER_OK)
        status = ti_pg_run(postgres->link, sql, &parameters, &result, error);
    if (status == TICKER_OK)
        for (; *count < max && *count < ti_pg_rows(result); (*count)++)
            ids[*count] = ti_pg_integer(result, *count, 0);
    ti_pg_free(result);
    return status;
}

ticker_status ti_pg_confirm_bumps(ticker_store *store, const int64_t *ids, size_t count, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    const char *values[1];
    const ti_pg_parameters parameters = {.count = 1, .values = values};
    ticker_status status = ti_pg_idle(postgres, error);
    ti_buffer list;

    if (status != TICKER_OK || count == 0)
        return status;
    ti_buffer_init(&list, IDS_MAX);
    (void)ti_buffer_byte(&list, '{');
    for (size_t i = 0; i < count; i++)
        (void)ti_buffer_printf(&list, i > 0 ? ",%lld" : "%lld", (long long)ids[i]);
    (void)ti_buffer_byte(&list, '}');
    values[0] = ti_buffer_string(&list);
    status = values[0] != NULL
                 ? ti_pg_run(postgres->link,
                             "DELETE FROM cache_bumps WHERE import_id = ANY ($1::bigint[]) AND " TI_PG_LAZY,
                             &parameters, NULL, error)
                 : ti_fail_memory(error);
    ti_buffer_free(&list);
    return status;
}

/* The server tells a session what it has for it at the end of a statement, so each question is one that asks for nothing. What came
 * while nobody listened is unknown: then the number changes too. */
ticker_status ti_pg_epoch(ticker_store *store, int64_t *number, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    ticker_status status = ti_pg_idle(postgres, error);
    unsigned connection;
    bool anew;

    if (status != TICKER_OK)
        return status;
    connection = ti_pg_connection(postgres->link);
    anew = postgres->listening != connection;
    status = ti_pg_run(postgres->link, anew ? "LISTEN " TI_PG_CHANNEL : "SELECT", NULL, NULL, error);
    if (status != TICKER_OK)
        return status;
    postgres->listening = connection;
    if (ti_pg_notified(postgres->link) || anew)
        postgres->epoch++;
    *number = postgres->epoch;
    return TICKER_OK;
}

#endif
