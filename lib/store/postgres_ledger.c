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
    " sequencer, object_version, snapshot, updated_at, attempts, id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
    "$11, $12,"
    " $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $25, $26, $27, clock_timestamp(),"
    " CASE WHEN $6::text = 'queued' THEN 0 WHEN $6::text = 'running' AND " TI_PG_LAZY
    " THEN 1 ELSE 1 END, coalesce($24, nextval(pg_get_serial_sequence(format('%I.imports', "
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
    " snapshot = $27, progress_bytes = NULL, total_bytes = NULL, progress_records = NULL,"
    " updated_at = clock_timestamp() WHERE id = $24 AND status IN " TI_LEDGER_OPEN " RETURNING id";

static const char mark_sql[] =
    "UPDATE imports SET status = $1, error = $2, sequencer = coalesce($4, sequencer),"
    " object_version = coalesce($5, object_version),"
    " attempts = attempts + CASE $1::text WHEN 'running' THEN 1 ELSE 0 END, progress_bytes = NULL,"
    " total_bytes = NULL, progress_records = NULL, updated_at = clock_timestamp()"
    " WHERE id = $3 AND status IN " TI_LEDGER_OPEN " AND ($1::text <> 'running' OR " TI_PG_LAZY ") RETURNING id";

#define INSTRUMENT_COLUMNS "ticker, market, name, specification, isin, first_date, last_date"

/* The later of two imports says what an instrument is called; a blank never takes the place of a name. */
#define INSTRUMENTS_MERGE                                                                                              \
    " ON CONFLICT (ticker) DO UPDATE SET (market, name, specification, isin, first_date, last_date) ="                 \
    " (SELECT CASE WHEN l THEN coalesce(EXCLUDED.market, i.market) ELSE coalesce(i.market, EXCLUDED.market) END,"      \
    " CASE WHEN l THEN coalesce(EXCLUDED.name, i.name) ELSE coalesce(i.name, EXCLUDED.name) END,"                      \
    " CASE WHEN l THEN coalesce(EXCLUDED.specification, i.specification) ELSE coalesce(i.specification, "              \
    "EXCLUDED.specification) END,"                                                                                     \
    " CASE WHEN l THEN coalesce(EXCLUDED.isin, i.isin) ELSE coalesce(i.isin, EXCLUDED.isin) END,"                      \
    " least(i.first_date, EXCLUDED.first_date), greatest(i.last_date, EXCLUDED.last_date)"                             \
    " FROM (SELECT EXCLUDED.last_date >= i.last_date AS l) AS later)"

static const char instruments_sql[] =
    "INSERT INTO instruments AS i (" INSTRUMENT_COLUMNS ")"
    " SELECT DISTINCT ON (ticker) ticker, market, name, specification, isin, min(first_date) OVER t, max(last_date) "
    "OVER t"
    " FROM ticker_instruments WINDOW t AS (PARTITION BY ticker) ORDER BY ticker, last_date DESC" INSTRUMENTS_MERGE;

/* The same for few. What they would not change is left alone: the row that is there would be locked, and another import that has the same
 * ticker would wait for this one. Whoever changes it meanwhile has what these rows say, or something later. */
static const char few_instruments_sql[] =
    "INSERT INTO instruments AS i (" INSTRUMENT_COLUMNS ") SELECT n.* FROM (SELECT DISTINCT ON (ticker) ticker, market,"
    " name, specification, isin, min(first_date) OVER t AS first_date, max(last_date) OVER t AS last_date"
    " FROM (SELECT ticker COLLATE \"C\" AS ticker, market, name, specification, isin, first_date, last_date"
    " FROM unnest($1, $2, $3, $4, $5, $6, $7) AS r (" INSTRUMENT_COLUMNS ")) AS s WINDOW t AS (PARTITION BY ticker)"
    " ORDER BY ticker, last_date DESC) AS n LEFT JOIN instruments AS o ON o.ticker = n.ticker"
    " WHERE o.ticker IS NULL OR n.first_date < o.first_date OR n.last_date > o.last_date"
    " OR CASE WHEN n.last_date = o.last_date"
    " THEN (coalesce(n.market, o.market), coalesce(n.name, o.name), coalesce(n.specification, o.specification),"
    " coalesce(n.isin, o.isin)) ELSE (coalesce(o.market, n.market), coalesce(o.name, n.name),"
    " coalesce(o.specification, n.specification), coalesce(o.isin, n.isin)) END"
    " IS DISTINCT FROM (o.market, o.name, o.specification, o.isin)"
    " ORDER BY n.ticker" INSTRUMENTS_MERGE;

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
    if (!clean_json(&list->text, json[0] != '\0' ? json : "[]"))
        list->text.failed = true;
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

static void add_snapshot(values *list, int64_t snapshot)
{
    char text[TI_SNAPSHOT_TEXT_MAX];

    add_known(list, ti_snapshot_text(snapshot, text));
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

/* Into a pipe: the row as `id` (TICKER_NULL: the next free one), or over the one that has this number. */
static ticker_status put_row(ti_postgres *postgres, const char *sql, const ti_ledger_row *row, int64_t id,
                             ticker_error *error)
{
    values list = {.count = 0};
    ti_pg_parameters parameters;
    ticker_status status;

    ti_buffer_init(&list.text, 4 * TEXT_BYTES_MAX);
    add_ledger_row(&list, row, id);
    add_version(&list, &postgres->base);
    add_snapshot(&list, postgres->base.snapshot);
    status = end_values(&list, &parameters) ? ti_pg_pipe_put(postgres->link, sql, &parameters, error)
                                            : ti_fail_memory(error);
    ti_buffer_free(&list.text);
    return status;
}

/* Writes it at once. TICKER_DONE: the row to write over is at its end. */
static ticker_status write_row(ti_postgres *postgres, const char *sql, const ti_ledger_row *row, int64_t *id,
                               ticker_error *error)
{
    ti_pg_link *link = postgres->link;
    ti_pg_result *result = NULL;
    ticker_status status = ti_pg_pipe_begin(link, error);

    if (status == TICKER_OK)
        status = put_row(postgres, sql, row, *id, error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_end(link, &result, 1, NULL, error);
    else
        ti_pg_rollback(link);
    if (status == TICKER_OK)
        status = ti_pg_take_id(result, id);
    ti_pg_free(result);
    return status;
}

ticker_status ti_pg_put_question(ti_pg_link *link, int64_t bytes, const char *sha256, const char *member,
                                 ticker_error *error)
{
    static const unsigned types[] = {TI_PG_OID_INT8, TI_PG_OID_TEXT, TI_PG_OID_TEXT};
    values list = {.count = 0};
    ti_pg_parameters parameters;
    ticker_status status;

    ti_buffer_init(&list.text, TEXT_BYTES_MAX);
    add_integer(&list, bytes);
    if (sha256 != NULL) {
        add_text(&list, sha256);
        add_text(&list, member);
    }
    if (!end_values(&list, &parameters)) {
        status = ti_fail_memory(error);
    } else {
        parameters.types = types;
        status = ti_pg_pipe_put(link,
                                sha256 != NULL
                                    ? "SELECT id FROM imports WHERE status = 'imported' AND ($1 < 0 OR bytes = $1)"
                                      " AND sha256 = $2 AND member = $3"
                                    : "SELECT id FROM imports WHERE status = 'imported' AND bytes = $1"
                                      " ORDER BY id LIMIT 1",
                                &parameters, error);
    }
    ti_buffer_free(&list.text);
    return status;
}

ticker_status ti_pg_take_id(const ti_pg_result *result, int64_t *id)
{
    if (ti_pg_rows(result) == 0)
        return TICKER_DONE;
    *id = ti_pg_integer(result, 0, 0);
    return TICKER_OK;
}

ticker_status ti_pg_ask_import(ti_pg_link *link, int64_t bytes, const char *sha256, const char *member, int64_t *id,
                               ticker_error *error)
{
    ti_pg_result *result = NULL;
    ticker_status status = ti_pg_pipe_begin(link, error);

    if (status == TICKER_OK)
        status = ti_pg_put_question(link, bytes, sha256, member, error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_end(link, &result, 1, NULL, error);
    else
        ti_pg_pipe_abandon(link);
    if (status == TICKER_OK)
        status = ti_pg_take_id(result, id);
    ti_pg_free(result);
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

/* Up to about `bytes` of rows; none: there are no more. */
static ticker_status gather_instruments(ti_buffer *rows, size_t bytes, ti_next_instrument next, void *payload,
                                        ticker_error *error)
{
    ti_instrument instrument;

    while (rows->size < bytes && next(payload, &instrument))
        if (!put_instrument(rows, &instrument))
            return ti_fail_memory(error);
    return TICKER_OK;
}

/* Sends what has been gathered, all there is and the rest: of a file with many instruments. */
static ticker_status send_instruments(ti_pg_link *link, ti_buffer *rows, ti_next_instrument next, void *payload,
                                      ticker_error *error)
{
    ticker_status status = ti_pg_run(
        link, "CREATE TEMPORARY TABLE ticker_instruments (LIKE instruments) ON COMMIT DROP", NULL, NULL, error);

    if (status == TICKER_OK)
        status = ti_pg_copy_begin(link, "COPY ticker_instruments (" INSTRUMENT_COLUMNS ") FROM STDIN (FORMAT binary)",
                                  error);
    while (status == TICKER_OK && rows->size > 0) {
        status = ti_pg_copy_send(link, rows->data, rows->size, error);
        ti_buffer_clear(rows);
        if (status == TICKER_OK)
            status = gather_instruments(rows, SEND_BYTES, next, payload, error);
    }
    if (status == TICKER_OK)
        status = ti_pg_copy_end(link, error);
    return status == TICKER_OK ? ti_pg_run(link, instruments_sql, NULL, NULL, error) : status;
}

static ticker_status put_instruments(ti_pg_link *link, const ti_buffer *rows, ticker_error *error)
{
    static const ti_copy_kind kinds[] = {TI_COPY_TEXT, TI_COPY_TEXT, TI_COPY_TEXT, TI_COPY_TEXT,
                                         TI_COPY_TEXT, TI_COPY_DATE, TI_COPY_DATE};
    ti_pg_parameters parameters;
    ti_pg_arrays arrays;
    ticker_status status;

    if (rows->size == 0)
        return TICKER_OK;
    ti_pg_arrays_init(&arrays);
    if (ti_pg_arrays_rows(&arrays, kinds, 7, &rows, 1)) {
        parameters = ti_pg_arrays_end(&arrays);
        status = ti_pg_pipe_put(link, few_instruments_sql, &parameters, error);
    } else {
        status = ti_fail_memory(error);
    }
    ti_pg_arrays_free(&arrays);
    return status;
}

/* The ledger row into a pipe, as the first statement: when another import of the same bytes holds its place, the rest need not be done. */
static ticker_status begin_commit(ti_postgres *postgres, const ti_ledger_row *row, ticker_error *error)
{
    ticker_status status = ti_pg_pipe_begin(postgres->link, error);

    return status == TICKER_OK
               ? put_row(postgres, postgres->base.adopt != 0 ? adopt_sql : insert_sql, row, postgres->import_id, error)
               : status;
}

/* Whether quotes can have given way: there were some in a year of which there are new ones. */
static bool met_others(const ti_postgres *postgres)
{
    bool met = postgres->days.size > 0 || postgres->days_made;

    for (size_t i = 0; i < postgres->period_count && postgres->table == TICKER_QUOTES; i++)
        met = met || (!postgres->periods[i].fresh && !postgres->periods[i].attached);
    return met;
}

/* Into a pipe; *counted is the statement that says how many did. */
static ticker_status put_supersessions(ti_postgres *postgres, size_t *counted, ticker_error *error)
{
    ticker_status status;

    postgres->base.superseded = postgres->base.replaced = 0;
    *counted = 0;
    if (!met_others(postgres))
        return TICKER_OK;
    status = ti_pg_put_supersessions(postgres, error);
    *counted = ti_pg_pipe_count(postgres->link);
    return status;
}

/* Ends a pipe. TICKER_DONE, when it begins with the ledger row: there is another import of the same bytes, or of the row to take over. */
static ticker_status end_commit(ti_postgres *postgres, bool ledger, size_t counted, ticker_error *error)
{
    ti_pg_result *answers[TI_PG_SENT_MAX];
    size_t count = counted > 0 ? counted : 1;
    bool duplicate = false;
    ticker_status status = ti_pg_pipe_end(postgres->link, answers, count, &duplicate, error);

    if (status == TICKER_OK && ledger && (duplicate || ti_pg_rows(answers[0]) == 0))
        status = TICKER_DONE;
    if (status == TICKER_OK && counted > 0)
        ti_pg_take_supersessions(postgres, answers[counted - 1]);
    for (size_t i = 0; i < count; i++)
        ti_pg_free(answers[i]);
    return status;
}

/* Of a file that is not small: the ledger row, and what takes more than one statement. */
static ticker_status commit_much(ti_postgres *postgres, const ti_ledger_row *row, ti_buffer *instruments,
                                 ti_next_instrument next, void *payload, ticker_error *error)
{
    size_t counted = 0;
    ticker_status status = begin_commit(postgres, row, error);

    if (status == TICKER_OK)
        status = end_commit(postgres, true, 0, error);
    if (status == TICKER_OK)
        status = ti_pg_apply_day_quotes(postgres, error);
    if (status == TICKER_OK && next != NULL)
        status = send_instruments(postgres->link, instruments, next, payload, error);
    if (status == TICKER_OK)
        status = ti_pg_pipe_begin(postgres->link, error);
    if (status == TICKER_OK && postgres->later)
        status = ti_pg_put_rows(postgres, error);
    if (status == TICKER_OK)
        status = ti_pg_put_announcement(postgres->link, postgres->import_id, error);
    if (status == TICKER_OK)
        status = put_supersessions(postgres, &counted, error);
    return status == TICKER_OK ? end_commit(postgres, false, counted, error) : status;
}

/* All of it in one go. */
static ticker_status commit_few(ti_postgres *postgres, const ti_ledger_row *row, const ti_buffer *instruments,
                                ticker_error *error)
{
    size_t counted = 0;
    ticker_status status = ti_pg_claim_years(postgres, error);

    if (status == TICKER_OK)
        status = begin_commit(postgres, row, error);
    if (status == TICKER_OK)
        status = ti_pg_put_by_keys(postgres->link, error);
    if (status == TICKER_OK && postgres->later)
        status = ti_pg_put_rows(postgres, error);
    if (status == TICKER_OK)
        status = ti_pg_put_days(postgres, error);
    if (status == TICKER_OK)
        status = put_instruments(postgres->link, instruments, error);
    if (status == TICKER_OK)
        status = ti_pg_put_announcement(postgres->link, postgres->import_id, error);
    if (status == TICKER_OK)
        status = put_supersessions(postgres, &counted, error);
    /* A row to take over may turn out to be at its end, which is no failure: so the COMMIT waits. */
    if (status == TICKER_OK && postgres->base.adopt == 0) {
        status = ti_pg_pipe_put(postgres->link, "COMMIT", NULL, error);
        postgres->committed = true;
    }
    return status == TICKER_OK ? end_commit(postgres, true, counted, error) : status;
}

/* Another import of the same bytes was first: it is *id. */
static ticker_status give_way(ticker_store *store, const ti_ledger_row *row, int64_t *id, ticker_error *error)
{
    ticker_status status;

    ti_pg_rollback_import(store);
    status = ti_pg_ask_import(ti_pg_store(store)->link, row->bytes, row->sha256, row->member, id, error);
    if (status == TICKER_OK)
        return TICKER_DONE;
    return status != TICKER_DONE
               ? status
               : ti_fail(error, TICKER_RETRY, TICKER_ERROR_DATABASE, "another import of the same bytes came and went");
}

/* Who imported the same bytes before has not done it any more. */
static ticker_status repeat_import(ti_postgres *postgres, const ti_ledger_row *row, ticker_error *error)
{
    values list = {.count = 0};
    ti_pg_parameters parameters;
    ticker_status status;

    ti_buffer_init(&list.text, TEXT_BYTES_MAX);
    add_text(&list, row->sha256);
    add_text(&list, row->member);
    add_integer(&list, postgres->import_id);
    status = end_values(&list, &parameters)
                 ? ti_pg_run(
                       postgres->link,
                       "UPDATE imports SET status = 'duplicate', duplicate_of = $3, updated_at = clock_timestamp()"
                       " WHERE sha256 = $1 AND member = $2 AND status = 'imported'",
                       &parameters, NULL, error)
                 : ti_fail_memory(error);
    ti_buffer_free(&list.text);
    return status;
}

ticker_status ti_pg_commit_import(ticker_store *store, const ti_ledger_row *row, ti_next_instrument next, void *payload,
                                  int64_t *id, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    ticker_status status = TICKER_OK;
    ti_buffer instruments;

    *id = postgres->import_id;
    ti_buffer_init(&instruments, SEND_BYTES + TEXT_BYTES_MAX);
    if (store->again)
        status = repeat_import(postgres, row, error);
    if (status == TICKER_OK && next != NULL)
        status = gather_instruments(&instruments, SEND_BYTES, next, payload, error);
    if (status == TICKER_OK && instruments.size < SEND_BYTES && postgres->few_bytes > 0 &&
        ti_pg_few_day_quotes(postgres))
        status = commit_few(postgres, row, &instruments, error);
    else if (status == TICKER_OK)
        status = commit_much(postgres, row, &instruments, next, payload, error);
    ti_buffer_free(&instruments);
    if (status == TICKER_DONE)
        return give_way(store, row, id, error);
    if (status == TICKER_OK && !postgres->committed)
        status = ti_pg_commit(postgres->link, error);
    if (status == TICKER_OK) {
        ti_pg_share_forget(postgres, true);
        ti_pg_forget(postgres);
    }
    return status;
}

void ti_pg_rollback_import(ticker_store *store)
{
    ti_postgres *postgres = ti_pg_store(store);

    ti_pg_rollback(postgres->link);
    ti_pg_share_forget(postgres, false);
    ti_pg_forget(postgres);
}

/* A row that waits or runs, unless its location has one already. */
static ticker_status announce(ti_postgres *postgres, const ti_ledger_row *row, int64_t *id, ticker_error *error)
{
    bool there = false;
    ticker_status status = ti_pg_lock_upload(postgres->link, row, postgres->base.sequencer, &there, error);

    if (status == TICKER_OK)
        status = there ? TICKER_DONE : write_row(postgres, insert_sql, row, id, error);
    if (status == TICKER_OK)
        return ti_pg_commit(postgres->link, error);
    ti_pg_rollback(postgres->link);
    return status;
}

ticker_status ti_pg_record(ticker_store *store, const ti_ledger_row *row, int64_t *id, ticker_error *error)
{
    ti_postgres *postgres = ti_pg_store(store);
    ticker_status status = ti_pg_idle(postgres, error);

    if (status != TICKER_OK)
        return status;
    *id = store->adopt;
    status = store->adopt != 0 ? write_row(postgres, adopt_sql, row, id, error) : TICKER_DONE;
    if (status != TICKER_DONE)
        return status;
    *id = TICKER_NULL;
    return ti_ledger_waits(row) ? announce(postgres, row, id, error) : write_row(postgres, insert_sql, row, id, error);
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
