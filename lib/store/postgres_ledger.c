#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <string.h>

#include "base/date.h"
#include "base/error.h"
#include "base/utf8.h"
#include "store/postgres.h"

#define SEND_BYTES ((size_t)64 * 1024)
#define TEXT_BYTES_MAX ((size_t)4 * 1024 * 1024)

static const char insert_sql[] =
    "INSERT INTO imports (file, member, format, sha256, bytes, status, records, imported, rejected, repaired, "
    "first_date, last_date,"
    " trades, volume, turnover, declared, forced, error, problems, seconds, location, content_type, duplicate_of,"
    " sequencer, object_version, updated_at, attempts, id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
    " $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $25, $26, clock_timestamp(),"
    " CASE $6::text WHEN 'queued' THEN 0 ELSE 1 END, coalesce($24, nextval(pg_get_serial_sequence(format('%I.imports', "
    "current_schema()), 'id')))) RETURNING id";

/* No row: it is at its end, and stays as it is. What was not read to its end has no hash: then what the upload was like stays known. */
static const char adopt_sql[] =
    "UPDATE imports SET file = $1, member = $2, format = coalesce(nullif($3, ''), format),"
    " sha256 = coalesce(nullif($4, ''), sha256), bytes = CASE $4::text WHEN '' THEN bytes ELSE $5 END,"
    " status = $6, records = $7,"
    " imported = $8, rejected = $9, repaired = $10, first_date = $11, last_date = $12, trades = $13, volume = $14,"
    " turnover = $15, declared = $16, forced = $17, error = $18, problems = $19, seconds = $20,"
    " location = coalesce($21, location), content_type = coalesce($22, content_type), duplicate_of = $23,"
    " sequencer = coalesce($25, sequencer), object_version = coalesce($26, object_version),"
    " progress_bytes = NULL, total_bytes = NULL, progress_records = NULL,"
    " updated_at = clock_timestamp() WHERE id = $24 AND status IN " TI_LEDGER_OPEN " RETURNING id";

static const char mark_sql[] =
    "UPDATE imports SET status = $1, error = $2, sequencer = coalesce($4, sequencer),"
    " object_version = coalesce($5, object_version),"
    " attempts = attempts + CASE $1::text WHEN 'running' THEN 1 ELSE 0 END, progress_bytes = NULL,"
    " total_bytes = NULL, progress_records = NULL, updated_at = clock_timestamp()"
    " WHERE id = $3 AND status IN " TI_LEDGER_OPEN " RETURNING id";

/* The later of two imports says what an instrument is called; a blank never takes the place of a name. */
static const char instruments_sql[] =
    "INSERT INTO instruments AS i (ticker, market, name, specification, isin, first_date, last_date)"
    " SELECT DISTINCT ON (ticker) ticker, market, name, specification, isin, min(first_date) OVER t, max(last_date) "
    "OVER t"
    " FROM ticker_instruments WINDOW t AS (PARTITION BY ticker) ORDER BY ticker, last_date DESC"
    " ON CONFLICT (ticker) DO UPDATE SET (market, name, specification, isin, first_date, last_date) ="
    " (SELECT CASE WHEN l THEN coalesce(EXCLUDED.market, i.market) ELSE coalesce(i.market, EXCLUDED.market) END,"
    " CASE WHEN l THEN coalesce(EXCLUDED.name, i.name) ELSE coalesce(i.name, EXCLUDED.name) END,"
    " CASE WHEN l THEN coalesce(EXCLUDED.specification, i.specification) ELSE coalesce(i.specification, "
    "EXCLUDED.specification) END,"
    " CASE WHEN l THEN coalesce(EXCLUDED.isin, i.isin) ELSE coalesce(i.isin, EXCLUDED.isin) END,"
    " least(i.first_date, EXCLUDED.first_date), greatest(i.last_date, EXCLUDED.last_date)"
    " FROM (SELECT EXCLUDED.last_date >= i.last_date AS l) AS later)";

/* PostgreSQL takes UTF-8 only, and no NUL; a file's name may hold any byte. */
bool ti_pg_clean_text(ti_buffer *clean, ti_slice text)
{
    for (size_t at = 0, length; at < text.size; at += length) {
        const char *from = text.data + at;

        length = ti_utf8_length((ti_slice){from, text.size - at});
        if (length > 0 && *from != '\0') {
            (void)ti_buffer_append(clean, from, length);
        } else {
            (void)ti_buffer_text(clean, TI_UTF8_REPLACEMENT);
            length = 1;
        }
    }
    return !ti_buffer_failed(clean);
}

/* jsonb takes every escape but that of NUL, which a bad row may have had. */
static bool clean_json(ti_buffer *clean, const char *json)
{
    ti_buffer text;
    bool done;

    ti_buffer_init(&text, TEXT_BYTES_MAX);
    for (const char *at = json; *at != '\0'; at++) {
        if (strncmp(at, "\\u0000", 6) == 0) {
            (void)ti_buffer_text(&text, "\\ufffd");
            at += 5;
        } else {
            (void)ti_buffer_byte(&text, *at);
            if (*at == '\\' && at[1] != '\0')
                (void)ti_buffer_byte(&text, *++at);
        }
    }
    done = !ti_buffer_failed(&text) && ti_pg_clean_text(clean, (ti_slice){text.data, text.size});
    ti_buffer_free(&text);
    return done;
}

/* The values of a statement: texts one after the other in a buffer, found by their offsets when all are there. */
typedef struct values {
    ti_buffer text;
    size_t offset[TI_PG_PARAMETERS_MAX];
    const char *value[TI_PG_PARAMETERS_MAX];
    bool null[TI_PG_PARAMETERS_MAX];
    int count;
} values;

static void add_text(values *list, const char *text)
{
    list->null[list->count] = text == NULL;
    list->offset[list->count++] = list->text.size;
    if (text != NULL)
        (void)ti_pg_clean_text(&list->text, ti_slice_of(text));
    (void)ti_buffer_byte(&list->text, '\0');
}

static void add_integer(values *list, int64_t value)
{
    char text[TI_NUMBER_TEXT_MAX];

    if (value != TICKER_NULL)
        (void)ti_format_integer(value, text);
    add_text(list, value != TICKER_NULL ? text : NULL);
}

static void add_date(values *list, int64_t value)
{
    char text[TI_DATE_TEXT_MAX];

    if (value != TICKER_NULL)
        (void)ti_format_date(value, text);
    add_text(list, value != TICKER_NULL ? text : NULL);
}

static void add_json(values *list, const char *json)
{
    list->null[list->count] = false;
    list->offset[list->count++] = list->text.size;
    (void)clean_json(&list->text, json[0] != '\0' ? json : "[]");
    (void)ti_buffer_byte(&list->text, '\0');
}

static bool end_values(values *list, ti_pg_parameters *parameters)
{
    for (int i = 0; i < list->count; i++)
        list->value[i] = list->null[i] || ti_buffer_failed(&list->text) ? NULL : list->text.data + list->offset[i];
    *parameters = (ti_pg_parameters){.count = list->count, .values = list->value};
    return !ti_buffer_failed(&list->text);
}

/* Null when there is nothing to say. */
static void add_known(values *list, const char *text)
{
    add_text(list, text != NULL && text[0] != '\0' ? text : NULL);
}

static void add_version(values *list, const ticker_store *store)
{
    add_known(list, store->sequencer);
    add_known(list, store->object_version);
}

static void add_ledger_row(values *list, const ti_ledger_row *row, int64_t id)
{
    char seconds[TI_NUMBER_TEXT_MAX];

    add_text(list, row->file);
    add_text(list, row->member);
    add_text(list, row->format);
    add_text(list, row->sha256);
    add_integer(list, row->bytes);
    add_text(list, row->status);
    add_integer(list, row->records);
    add_integer(list, row->imported);
    add_integer(list, row->rejected);
    add_integer(list, row->repaired);
    add_date(list, row->first_date);
    add_date(list, row->last_date);
    add_integer(list, row->trades);
    add_integer(list, row->volume);
    add_known(list, row->turnover);
    add_integer(list, row->declared);
    add_text(list, row->forced ? "t" : "f");
    add_text(list, row->error);
    add_json(list, row->problems);
    (void)ti_format_decimal(row->microseconds, 6, 3, seconds);
    add_text(list, seconds);
    add_known(list, row->location);
    add_known(list, row->content_type);
    add_integer(list, row->duplicate_of != 0 ? row->duplicate_of : TICKER_NULL);
    add_integer(list, id);
}

/* Writes the row as *id (TICKER_NULL: the next free one), or over the one that has this number. *duplicate: an import of the same
 * bytes is there; it may be NULL when the row cannot be one. TICKER_DONE: the row to write over is at its end. */
static ticker_status write_row(ti_postgres *postgres, const char *sql, const ti_ledger_row *row, int64_t *id,
                               bool *duplicate, ticker_error *error)
{
    values list = {.count = 0};
    ti_pg_parameters parameters;
    ti_pg_result *result = NULL;
    ticker_status status;

    ti_buffer_init(&list.text, 4 * TEXT_BYTES_MAX);
    add_ledger_row(&list, row, *id);
    add_version(&list, &postgres->base);
    if (end_values(&list, &parameters))
        status = ti_pg_run_unique(postgres->link, sql, &parameters, duplicate, &result, error);
    else
        status = ti_fail_memory(error);
    if (status == TICKER_OK && (duplicate == NULL || !*duplicate)) {
        if (ti_pg_rows(result) > 0)
            *id = ti_pg_integer(result, 0, 0);
        else
            status = TICKER_DONE;
    }
    ti_pg_free(result);
    ti_buffer_free(&list.text);
    return status;
}

ticker_status ti_pg_ask_import(ti_pg_link *link, int64_t bytes, const char *sha256, const char *member, int64_t *id,
                               ticker_error *error)
{
    values list = {.count = 0};
    ti_pg_parameters parameters;
    ti_pg_result *result = NULL;
    ticker_status status;

    ti_buffer_init(&list.text, TEXT_BYTES_MAX);
    add_integer(&list, bytes);
    if (sha256 != NULL) {
        add_text(&list, sha256);
        add_text(&list, member);
    }
    if (!end_values(&list, &parameters))
        status = ti_fail_memory(error);
    else if (sha256 != NULL)
        status = ti_pg_run(
            link,
            "SELECT id FROM imports WHERE status = 'imported' AND ($1::bigint < 0 OR bytes = $1) AND sha256 = $2"
            " AND member = $3",
            &parameters, &result, error);
    else
        status = ti_pg_run(link, "SELECT id FROM imports WHERE status = 'imported' AND bytes = $1 ORDER BY id LIMIT 1",
                           &parameters, &result, error);
    if (status == TICKER_OK && ti_pg_rows(result) > 0)
        *id = ti_pg_integer(result, 0, 0);
    else if (status == TICKER_OK)
        status = TICKER_DONE;
    ti_pg_free(result);
    ti_buffer_free(&list.text);
    return status;
}

ticker_status ti_pg_find_import(ticker_store *store, int64_t bytes, const char *sha256, const char *member, int64_t *id,
                                ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    ticker_status status = ti_pg_idle(postgres, error);

    return status == TICKER_OK ? ti_pg_ask_import(postgres->link, bytes, sha256, member, id, error) : status;
}

static char *put_optional(char *at, ti_slice text)
{
    return text.size > 0 ? ti_copy_text(at, text) : ti_copy_null(at);
}

static bool put_instrument(ti_buffer *rows, const ti_instrument *instrument)
{
    size_t texts = instrument->ticker.size + instrument->market.size + instrument->name.size +
                   instrument->specification.size + instrument->isin.size;
    char *start = ti_buffer_reserve(rows, 8 * TI_COPY_NUMBER_MAX + texts), *at;

    if (start == NULL)
        return false;
    at = ti_copy_text(ti_copy_fields(start, 7), instrument->ticker);
    at = put_optional(at, instrument->market);
    at = put_optional(at, instrument->name);
    at = put_optional(at, instrument->specification);
    at = put_optional(at, instrument->isin);
    at = ti_copy_date(ti_copy_date(at, instrument->first_date), instrument->last_date);
    rows->size += (size_t)(at - start);
    return true;
}

static ticker_status send_instruments(ti_pg_link *link, ti_next_instrument next, void *payload, ticker_error *error)
{
    ticker_status status = ti_pg_run(
        link, "CREATE TEMPORARY TABLE ticker_instruments (LIKE instruments) ON COMMIT DROP", NULL, NULL, error);
    ti_instrument instrument;
    ti_buffer rows;

    ti_buffer_init(&rows, SEND_BYTES + TEXT_BYTES_MAX);
    if (status == TICKER_OK)
        status = ti_pg_copy_begin(
            link,
            "COPY ticker_instruments (ticker, market, name, specification, isin, first_date, last_date)"
            " FROM STDIN (FORMAT binary)",
            error);
    while (status == TICKER_OK && next(payload, &instrument)) {
        if (!put_instrument(&rows, &instrument)) {
            status = ti_fail_memory(error);
        } else if (rows.size >= SEND_BYTES) {
            status = ti_pg_copy_send(link, rows.data, rows.size, error);
            ti_buffer_clear(&rows);
        }
    }
    if (status == TICKER_OK)
        status = ti_pg_copy_send(link, rows.data, rows.size, error);
    if (status == TICKER_OK)
        status = ti_pg_copy_end(link, error);
    ti_buffer_free(&rows);
    return status == TICKER_OK ? ti_pg_run(link, instruments_sql, NULL, NULL, error) : status;
}

/* The ledger row first: when another import of the same bytes holds its place, the rest need not be done. */
ticker_status ti_pg_commit_import(ticker_store *store, const ti_ledger_row *row, ti_next_instrument next, void *payload,
                                  int64_t *id, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    ti_pg_link *link = postgres->link;
    bool duplicate = false;
    ticker_status status;

    *id = postgres->import_id;
    status = write_row(postgres, store->adopt != 0 ? adopt_sql : insert_sql, row, id, &duplicate, error);
    if (status == TICKER_DONE || duplicate) {
        ti_pg_rollback_import(store);
        status = ti_pg_ask_import(link, row->bytes, row->sha256, row->member, id, error);
        if (status == TICKER_OK)
            return TICKER_DONE;
        return status != TICKER_DONE ? status
                                     : ti_fail(error, TICKER_RETRY, TICKER_ERROR_DATABASE,
                                               "another import of the same bytes came and went");
    }
    if (status == TICKER_OK)
        status = ti_pg_apply_day_quotes(postgres, error);
    if (status == TICKER_OK && next != NULL)
        status = send_instruments(link, next, payload, error);
    if (status == TICKER_OK)
        status = ti_pg_announce(link, *id, error);
    if (status == TICKER_OK)
        status = ti_pg_commit(link, error);
    if (status == TICKER_OK)
        ti_pg_forget(postgres);
    return status;
}

void ti_pg_rollback_import(ticker_store *store)
{
    ti_postgres *postgres = ti_pg_store(store);

    ti_pg_rollback(postgres->link);
    ti_pg_forget(postgres);
}

ticker_status ti_pg_record(ticker_store *store, const ti_ledger_row *row, int64_t *id, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    ticker_status status = ti_pg_idle(postgres, error);

    if (status != TICKER_OK)
        return status;
    *id = store->adopt;
    status = store->adopt != 0 ? write_row(postgres, adopt_sql, row, id, NULL, error) : TICKER_DONE;
    if (status != TICKER_DONE)
        return status;
    *id = TICKER_NULL;
    return write_row(postgres, insert_sql, row, id, NULL, error);
}

ticker_status ti_pg_mark(ticker_store *store, int64_t id, const char *status_text, const char *why, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    values list = {.count = 0};
    ti_pg_parameters parameters;
    ti_pg_result *result = NULL;
    ticker_status status = ti_pg_idle(postgres, error);

    ti_buffer_init(&list.text, TEXT_BYTES_MAX);
    add_text(&list, status_text);
    add_text(&list, why);
    add_integer(&list, id);
    add_version(&list, store);
    if (status == TICKER_OK)
        status = end_values(&list, &parameters) ? ti_pg_run(postgres->link, mark_sql, &parameters, &result, error)
                                                : ti_fail_memory(error);
    if (status == TICKER_OK && ti_pg_rows(result) == 0)
        status = TICKER_DONE;
    ti_pg_free(result);
    ti_buffer_free(&list.text);
    return status;
}

#endif
