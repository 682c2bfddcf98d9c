#include <config.h>

#include "scene.h"

#ifdef TI_WITH_POSTGRESQL
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"
#include "store/postgres.h"

#define WORK "torture_work"
#define PAUSE 1000000 /* nanoseconds */
#define PATIENCE 30000

static PGconn *conn; /* to the database that is worked on; before and behind that, to the server's own */
static char server[2048], address[2100];

static void run(const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        broken(sql, PQerrorMessage(conn));
    PQclear(result);
}

static const char *url(void)
{
    return address;
}

static void connect_to(const char *where)
{
    PQfinish(conn);
    conn = PQconnectdb(where);
    if (PQstatus(conn) != CONNECTION_OK)
        broken("the server", PQerrorMessage(conn));
    run("SET client_min_messages = warning; SET session_replication_role = replica");
}

/* TICKER_TEST_POSTGRES names a database; another one is made beside it. */
static void name_database(const char *database)
{
    size_t question = strcspn(server, "?"), slash = question;

    while (slash > 0 && server[slash] != '/')
        slash--;
    (void)snprintf(address, sizeof(address), "%.*s/%s%s", (int)slash, server, database, server + question);
}

static bool begin(void)
{
    const char *named = getenv("TICKER_TEST_POSTGRES");

    if (named == NULL || strlen(named) >= sizeof(server))
        return false;
    memcpy(server, named, strlen(named) + 1);
    connect_to(server);
    run("DROP DATABASE IF EXISTS " WORK " WITH (FORCE)");
    run("CREATE DATABASE " WORK " TEMPLATE template0");
    name_database(WORK);
    connect_to(address);
    return true;
}

static void end(void)
{
    connect_to(server);
    run("DROP DATABASE IF EXISTS " WORK " WITH (FORCE)");
    PQfinish(conn);
    conn = NULL;
}

/* A server whose client is gone may still be at work, on the end of its transaction or on noticing. */
static void wait_for_others(void)
{
    for (int i = 0; i < PATIENCE; i++) {
        PGresult *result = PQexec(
            conn, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <>"
                  " pg_backend_pid() AND backend_type = 'client backend' AND state IS DISTINCT FROM 'idle'");
        bool alone = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "0") == 0;

        PQclear(result);
        if (alone)
            return;
        (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE}, NULL);
    }
    broken(WORK, "is still in use");
}

static void clear(void)
{
    wait_for_others();
    run("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS kept CASCADE");
}

/* To make a database for each import would take most of the time: so what is new in it goes, and rows are put back. */
static void keep(void)
{
    wait_for_others();
    run("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept;"
        " DO $$DECLARE name text; BEGIN FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace ="
        " 'public'::regnamespace LOOP"
        " EXECUTE format('CREATE TABLE kept.%1$I AS TABLE public.%1$I', name); END LOOP; END$$");
}

static void reset(void)
{
    wait_for_others();
    run("DO $$DECLARE name text; BEGIN"
        " FOR name IN SELECT relname FROM pg_class AS c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
        "AND"
        " NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'kept'::regnamespace AND relname = c.relname) LOOP"
        " EXECUTE format('DROP TABLE public.%I', name); END LOOP;"
        " FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'kept'::regnamespace AND relkind = 'r' LOOP"
        " EXECUTE format('DELETE FROM public.%I', name);"
        " EXECUTE format('INSERT INTO public.%1$I TABLE kept.%1$I', name); END LOOP; END$$");
}

/* Without the numbers that every attempt takes, and the time. */
static void describe(ti_buffer *text)
{
    static const char *const questions[] = {
        "SELECT string_agg((to_jsonb(q) - 'import_id')::text, E'\\n' ORDER BY (to_jsonb(q) - 'import_id')::text "
        "COLLATE \"C\") "
        "FROM quotes q",
        "SELECT string_agg((to_jsonb(t) - 'import_id')::text, E'\\n' ORDER BY (to_jsonb(t) - 'import_id')::text "
        "COLLATE \"C\") "
        "FROM trades t",
        "SELECT string_agg(to_jsonb(i)::text, E'\\n' ORDER BY ticker) FROM instruments i",
        /* Of a file that is refused the hash and the sums may be missing: what matters was said before. */
        "SELECT string_agg(concat_ws('|', file, member, format, CASE status WHEN 'failed' THEN '' ELSE concat_ws('|', "
        "sha256, bytes, trades, volume, turnover) END, status, records, imported, rejected, superseded, error), E'\\n' "
        "ORDER BY status, sha256, member) FROM imports",
        "SELECT string_agg(concat_ws('|', i.member, i.format, b.member, b.format, rows), E'\\n' ORDER BY i.member, "
        "i.format, b.member, b.format, rows) FROM supersessions AS s LEFT JOIN imports AS i ON i.id = s.import_id LEFT "
        "JOIN imports AS b ON b.id = s.by_import_id",
        /* Each row is of an import that the ledger has. */
        "SELECT count(*) FROM (SELECT import_id FROM quotes UNION ALL SELECT import_id FROM trades) AS r LEFT JOIN "
        "imports AS i ON i.id = r.import_id WHERE i.status IS DISTINCT FROM 'imported'",
        "SELECT string_agg(relkind::text || ' ' || relname, E'\\n' ORDER BY relname) FROM pg_class WHERE relnamespace "
        "= "
        "'public'::regnamespace AND relname !~ '^" TI_PG_LOADING "'",
        "SELECT string_agg(c.relname || ' ' || conname, E'\\n' ORDER BY c.relname, conname) FROM pg_constraint JOIN "
        "pg_class AS c ON c.oid = conrelid WHERE connamespace = 'public'::regnamespace AND c.relname !~ "
        "'^" TI_PG_LOADING "'",
        /* Other databases of the server are others' business. */
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE "
        "datname = current_database())",
        "SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()"};

    wait_for_others();
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        PGresult *result = PQexec(conn, questions[i]);

        if (PQresultStatus(result) != PGRES_TUPLES_OK)
            broken(questions[i], PQerrorMessage(conn));
        (void)ti_buffer_printf(text, "-- %zu\n", i);
        (void)ti_buffer_text(text, PQgetvalue(result, 0, 0));
        (void)ti_buffer_byte(text, '\n');
        PQclear(result);
    }
}

static bool leftovers(void)
{
    PGresult *result = PQexec(
        conn, "SELECT EXISTS (SELECT FROM pg_class WHERE relkind = 'r' AND relname ~ '^" TI_PG_LOADING "')");
    bool any;

    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        broken("leftovers", PQerrorMessage(conn));
    any = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    return any;
}

static void tune(ticker_store *store, way how)
{
    ti_postgres *postgres = ti_pg_store(store);

    postgres->few_bytes = 0;
    if (how != WAY_SORTED)
        postgres->send_bytes = 1;
    if (how == WAY_SHARED)
        postgres->large_bytes = 0;
    if (how == WAY_SORTED)
        postgres->sort_bytes = 1; /* as little as there can be */
}

/* Not the memory of others: libpq (15) waits for ever when there is none for what says that a pipeline came to its end. */
const scene scene_postgres = {.name = "postgres",
                              .faults = 1u << FAULT_MEMORY | 1u << FAULT_READ | 1u << FAULT_WRITE | 1u << FAULT_SERVER |
                                        1u << FAULT_REFUSAL | 1u << FAULT_NETWORK | 1u << FAULT_ARCHIVE,
                              .begin = begin,
                              .end = end,
                              .url = url,
                              .clear = clear,
                              .keep = keep,
                              .reset = reset,
                              .describe = describe,
                              .leftovers = leftovers,
                              .tune = tune};
#else
const scene scene_postgres = {0};
#endif
