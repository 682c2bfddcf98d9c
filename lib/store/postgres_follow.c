/* Imports are followed: how far each is, and which versions of an object came in. */
#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include "base/error.h"
#include "base/number.h"
#include "store/postgres.h"

#define LOCATION_BYTES_MAX ((size_t)64 * 1024)

/* A row that is locked is that of an import that ends: its commit may take a while, and says more than this would. */
ticker_status ti_pg_progress(ticker_store *store, int64_t id, int64_t position, int64_t bytes, int64_t records,
                             ticker_error *error)
{
    static const char sql[] =
        "UPDATE imports SET progress_bytes = $2, total_bytes = $3, progress_records = $4,"
        " updated_at = clock_timestamp() WHERE id = (SELECT id FROM imports WHERE id = $1 AND status = 'running'"
        " FOR UPDATE SKIP LOCKED) AND " TI_PG_LAZY " RETURNING id";
    static const unsigned types[] = {TI_PG_OID_INT8, TI_PG_OID_INT8, TI_PG_OID_INT8, TI_PG_OID_INT8};
    ti_postgres *postgres = ti_pg_store(store);
    char texts[4][TI_NUMBER_TEXT_MAX];
    const char *const values[] = {texts[0], texts[1], bytes >= 0 ? texts[2] : NULL, texts[3]};
    const ti_pg_parameters parameters = {.count = 4, .types = types, .values = values};
    ti_pg_result *result = NULL;
    ticker_status status = ti_pg_idle(postgres, error);

    (void)ti_format_integer(id, texts[0]);
    (void)ti_format_integer(position, texts[1]);
    (void)ti_format_integer(bytes, texts[2]);
    (void)ti_format_integer(records, texts[3]);
    if (status == TICKER_OK)
        status = ti_pg_run(postgres->link, sql, &parameters, &result, error);
    if (status == TICKER_OK && ti_pg_rows(result) == 0)
        status = TICKER_DONE;
    ti_pg_free(result);
    return status;
}

/* Two statements, as below. A newer version of an object is another upload. */
ticker_status ti_pg_lock_upload(ti_pg_link *link, const ti_ledger_row *row, const char *sequencer, bool *there,
                                ticker_error *error)
{
    static const char lock_sql[] = "SELECT pg_advisory_xact_lock(" TI_PG_LOCK_KEY("'upload' || $1") ")";
    static const char find_sql[] = "SELECT id FROM imports WHERE location = $1 AND ($2 = '' OR"
                                   " coalesce(sequencer, $2) = $2) AND ($3 = 'running' OR status IN ('queued',"
                                   " 'running')) LIMIT 1";
    static const unsigned types[] = {TI_PG_OID_TEXT, TI_PG_OID_TEXT, TI_PG_OID_TEXT};
    const char *values[3] = {NULL, sequencer != NULL ? sequencer : "", row->status};
    const ti_pg_parameters one = {.count = 1, .types = types, .values = values},
                           all = {.count = 3, .types = types, .values = values};
    ti_pg_result *answers[3] = {NULL};
    ticker_status status;
    ti_buffer text;

    ti_buffer_init(&text, LOCATION_BYTES_MAX);
    (void)ti_pg_clean_text(&text, ti_slice_of(row->location));
    values[0] = ti_buffer_string(&text);
    status = values[0] != NULL ? ti_pg_pipe_begin(link, error) : ti_fail_memory(error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_put(link, "BEGIN ISOLATION LEVEL READ COMMITTED", NULL, error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_put(link, lock_sql, &one, error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_put(link, find_sql, &all, error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_end(link, answers, 3, NULL, error);
    *there = status == TICKER_OK && ti_pg_rows(answers[2]) > 0;
    for (size_t i = 0; i < 3; i++)
        ti_pg_free(answers[i]);
    ti_buffer_free(&text);
    return status;
}

/* Two statements: what a statement sees is settled before it waits for a lock. */
ticker_status ti_pg_versions(ticker_store *store, const char *location, ti_visit_version visit, void *payload,
                             ticker_error *error)
{
    static const char sql[] = "SELECT id, sequencer FROM imports WHERE location = $1 AND sequencer IS NOT NULL"
                              " AND status IN ('imported', 'duplicate')";
    static const unsigned types[] = {TI_PG_OID_TEXT};
    ti_postgres *postgres = ti_pg_store(store);
    const char *values[1];
    const ti_pg_parameters parameters = {.count = 1, .types = types, .values = values};
    ti_pg_result *result = NULL;
    ticker_status status;
    ti_buffer text;

    if (!postgres->importing)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "versions are asked for within an import");
    ti_buffer_init(&text, LOCATION_BYTES_MAX);
    (void)ti_pg_clean_text(&text, ti_slice_of(location));
    values[0] = ti_buffer_string(&text);
    status = values[0] != NULL ? ti_pg_lock(postgres->link, "object", values[0], false, error) : ti_fail_memory(error);
    if (status == TICKER_OK)
        status = ti_pg_run(postgres->link, sql, &parameters, &result, error);
    for (size_t row = 0; status == TICKER_OK && row < ti_pg_rows(result); row++)
        status = visit(payload, ti_pg_integer(result, row, 0), ti_pg_cell(result, row, 1), error);
    ti_pg_free(result);
    ti_buffer_free(&text);
    return status;
}

#endif
