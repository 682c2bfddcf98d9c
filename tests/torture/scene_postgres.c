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

#define WORK "torture_work"
#define KEPT "torture_kept"

static PGconn *conn;
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

/* TICKER_TEST_POSTGRES names a database; another one is made beside it, and copied as a whole. */
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
    conn = PQconnectdb(server);
    if (PQstatus(conn) != CONNECTION_OK)
        broken("the server", PQerrorMessage(conn));
    run("SET client_min_messages = warning");
    name_database(WORK);
    return true;
}

static void drop(void)
{
    run("DROP DATABASE IF EXISTS " WORK " WITH (FORCE)");
}

static void end(void)
{
    drop();
    run("DROP DATABASE IF EXISTS " KEPT);
    PQfinish(conn);
}

static void clear(void)
{
    drop();
    run("CREATE DATABASE " WORK " TEMPLATE template0");
}

static void keep(void)
{
    run("DROP DATABASE IF EXISTS " KEPT);
    run("CREATE DATABASE " KEPT " TEMPLATE " WORK);
}

static void reset(void)
{
    drop();
    run("CREATE DATABASE " WORK " TEMPLATE " KEPT);
}

/* A server whose client is gone may still be at work, on the end of its transaction or on noticing. */
static void wait_for_others(void)
{
    for (int i = 0; i < 3000; i++) {
        PGresult *result = PQexec(conn, "SELECT count(*) FROM pg_stat_activity WHERE datname = '" WORK
                                        "' AND backend_type = 'client backend' AND state IS DISTINCT FROM 'idle'");
        bool alone = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "0") == 0;

        PQclear(result);
        if (alone)
            return;
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    broken(WORK, "is still in use");
}

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
        "SELECT string_agg(concat_ws('|', file, member, format, CASE status WHEN 'failed' THEN '' ELSE sha256 || bytes "
        "END, status, records, imported, rejected, "
        "trades, "
        "volume, turnover, error), E'\\n' ORDER BY sha256, member, status) FROM imports",
        "SELECT string_agg(relkind::text || ' ' || relname, E'\\n' ORDER BY relname) FROM pg_class WHERE relnamespace "
        "= "
        "'public'::regnamespace",
        "SELECT count(*) FROM pg_prepared_xacts"};
    PGconn *eye;

    wait_for_others();
    eye = PQconnectdb(address);
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        PGresult *result = PQexec(eye, questions[i]);

        if (PQresultStatus(result) != PGRES_TUPLES_OK)
            broken(questions[i], PQerrorMessage(eye));
        (void)ti_buffer_printf(text, "-- %zu\n", i);
        (void)ti_buffer_text(text, PQgetvalue(result, 0, 0));
        (void)ti_buffer_byte(text, '\n');
        PQclear(result);
    }
    PQfinish(eye);
}

/* Not the memory of others: libpq (15) waits for ever when there is none for what says that a pipeline came to its end. */
const scene scene_postgres = {
    "postgres", 1u << FAULT_MEMORY | 1u << FAULT_READ | 1u << FAULT_WRITE | 1u << FAULT_SERVER,
    begin,      end,
    url,        clear,
    keep,       reset,
    describe};
#else
const scene scene_postgres = {0};
#endif
