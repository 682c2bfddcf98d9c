#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "store/postgres_link.h"

#define SERVER_VERSION 150000 /* UNIQUE NULLS NOT DISTINCT came with 15 */
#define SERVER_VERSION_TEXT "15"
#define ROLLBACK_MILLISECONDS 5000 /* the server has nothing to do but to forget */
#define PIECE_MAX (1 << 20)        /* of a COPY at a time: libpq copies it */

/* What every session of ours relies on, whatever the server's or the user's defaults are. A commit that a crash of the server may still
 * undo is none: whoever was told of it (a queue, a client) would never send the file again. */
static const char session_sql[] =
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'; "
    "SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; SET client_min_messages = warning; "
    "SET standard_conforming_strings = on; SET default_transaction_isolation = 'read committed'";

static void silence(void *unused, const PGresult *result)
{
    (void)unused;
    (void)result;
}

static ticker_status fail_url(const char *why, ticker_error *error)
{
    ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the database URL cannot be used: %s", why);
    ti_error_hint(
        error,
        "write postgres://USER:PASSWORD@HOST:PORT/DATABASE; in a password write @ as %%40, / as %%2F, : as %%3A");
    return TICKER_FATAL;
}

/* libpq reads a password with an unescaped '@' or '/' as a part of host, port or database, and would show it in messages. */
static const char *find_url_fault(const PQconninfoOption *options)
{
    for (; options->keyword != NULL; options++) {
        if (options->val == NULL)
            continue;
        bool host = strcmp(options->keyword, "host") == 0 || strcmp(options->keyword, "hostaddr") == 0;
        if ((host || strcmp(options->keyword, "dbname") == 0) && strchr(options->val, '@') != NULL)
            return "there is an @ in the host or the database";
        if (strcmp(options->keyword, "port") == 0 && options->val[strspn(options->val, "0123456789,")] != '\0')
            return "the port is no number";
    }
    return NULL;
}

static ticker_status check_url(const char *url, ticker_error *error)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    const char *fault = options != NULL ? find_url_fault(options) : "it has a part that libpq does not know";

    PQfreemem(message); /* not shown: it may quote the password */
    PQconninfoFree(options);
    return fault != NULL ? fail_url(fault, error) : TICKER_OK;
}

static void remember_where(ti_pg_link *link)
{
    const char *host = PQhost(link->conn), *port = PQport(link->conn), *database = PQdb(link->conn);

    (void)snprintf(link->where, sizeof(link->where), "%s:%s/%s", host != NULL ? host : "", port != NULL ? port : "",
                   database != NULL ? database : "");
}

static ticker_status check_server(const ti_pg_link *link, ticker_error *error)
{
    int version = PQserverVersion(link->conn);
    const char *encoding = PQparameterStatus(link->conn, "server_encoding");

    if (version < SERVER_VERSION)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED,
                       "PostgreSQL (%s) has version %d; " SERVER_VERSION_TEXT " or later is needed", link->where,
                       version / 10000);
    /* Others cannot hold all names, or would take bytes that are no text: files would be refused that nothing is wrong with. */
    if (encoding != NULL && strcmp(encoding, "UTF8") != 0) {
        ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the database (%s) has the encoding %s; UTF8 is needed",
                link->where, encoding);
        ti_error_hint(error, "make one with createdb --template=template0 --encoding=UTF8");
        return TICKER_FATAL;
    }
    return TICKER_OK;
}

/* A connection without its session is none: whoever asks next must not find one that looks well. */
static ticker_status set_up_session(ti_pg_link *link, ticker_error *error)
{
    ticker_status status;

    PQsetErrorVerbosity(link->conn, PQERRORS_DEFAULT);
    status = check_server(link, error);
    if (status == TICKER_OK)
        status = ti_pg_run(link, session_sql, NULL, NULL, error);
    if (status != TICKER_OK) {
        PQfinish(link->conn);
        link->conn = NULL;
    }
    return status;
}

static ticker_status connect_link(ti_pg_link *link, ticker_error *error)
{
    /* What stands before "dbname" is for URLs that do not say otherwise. A machine that is gone says nothing, and the system's own
     * patience is hours long. */
    static const char *const names[] = {
        "fallback_application_name", "keepalives_idle", "keepalives_interval", "keepalives_count",
        "tcp_user_timeout",          "dbname",          "client_encoding",     NULL};
    const char *const values[] = {"libtickerimport", "30", "10", "3", "60000", link->url, "UTF8", NULL};
    bool late = false;

    PQfinish(link->conn);
    link->copying = link->streaming = link->singly = false;
    ti_pg_pipe_forget(&link->pipe);
    link->conn = PQconnectStartParams(names, values, 1);
    if (link->conn == NULL)
        return ti_fail_memory(error);
    remember_where(link);
    PQsetNoticeReceiver(link->conn, silence, NULL);
    PQsetErrorVerbosity(link->conn, PQERRORS_VERBOSE);
    if (PQstatus(link->conn) == CONNECTION_BAD)
        return ti_pg_fail_connect(link, error);
    if (!ti_pg_wait_connected(link->conn, &late)) {
        if (!late)
            return ti_pg_fail_connect(link, error);
        PQfinish(link->conn);
        link->conn = NULL;
        return ti_pg_fail_late(link, error);
    }
    remember_where(link);
    link->connection++;
    return set_up_session(link, error);
}

ticker_status ti_pg_open(const char *url, ti_pg_link **link, ticker_error *error)
{
    ti_pg_link *made;
    ticker_status status = check_url(url, error);

    if (status != TICKER_OK)
        return status;
    made = calloc(1, sizeof(*made));
    if (made == NULL || (made->url = strdup(url)) == NULL) {
        free(made);
        return ti_fail_memory(error);
    }
    status = connect_link(made, error);
    if (status != TICKER_OK) {
        ti_pg_close(made);
        return status;
    }
    *link = made;
    return TICKER_OK;
}

ticker_status ti_pg_open_another(const ti_pg_link *like, ti_pg_link **link, ticker_error *error)
{
    return ti_pg_open(like->url, link, error);
}

void ti_pg_close(ti_pg_link *link)
{
    if (link == NULL)
        return;
    PQfinish(link->conn);
    ti_pg_pipe_forget(&link->pipe);
    free(link->url);
    free(link);
}

ticker_status ti_pg_ready(ti_pg_link *link, ticker_error *error)
{
    return PQstatus(link->conn) == CONNECTION_OK ? TICKER_OK : connect_link(link, error);
}

/* A server that stops says so and hangs up: the first call takes what it said, the second one notices that it is gone. */
bool ti_pg_usable(ti_pg_link *link)
{
    return PQconsumeInput(link->conn) != 0 && PQconsumeInput(link->conn) != 0 &&
           PQstatus(link->conn) == CONNECTION_OK && PQtransactionStatus(link->conn) == PQTRANS_IDLE;
}

unsigned ti_pg_connection(const ti_pg_link *link)
{
    return link->connection;
}

bool ti_pg_notified(ti_pg_link *link)
{
    PGnotify *notice;
    bool any = false;

    while ((notice = PQnotifies(link->conn)) != NULL) {
        any = true;
        PQfreemem(notice);
    }
    return any;
}

const char *ti_pg_where(const ti_pg_link *link)
{
    return link->where;
}

void ti_pg_watch(ti_pg_link *link, const ticker_store *store)
{
    link->patience.store = store;
}

static ticker_status run(ti_pg_link *link, const char *sql, const ti_pg_parameters *parameters, int binary,
                         bool *duplicate, ti_pg_result **result, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    ExecStatusType answer;
    PGresult *made;
    int sent;

    if (duplicate != NULL)
        *duplicate = false;
    if (parameters == NULL && !binary)
        sent = PQsendQuery(link->conn, sql);
    else
        sent = PQsendQueryParams(
            link->conn, sql, parameters != NULL ? parameters->count : 0, parameters != NULL ? parameters->types : NULL,
            parameters != NULL ? parameters->values : NULL, parameters != NULL ? parameters->lengths : NULL,
            parameters != NULL ? parameters->formats : NULL, binary);
    if (sent == 0)
        return ti_pg_fail_connection(link, error);
    made = ti_pg_wait_result(link->conn, &link->patience);
    answer = PQresultStatus(made);
    if (answer != PGRES_TUPLES_OK && answer != PGRES_COMMAND_OK) {
        const char *sqlstate = PQresultErrorField(made, PG_DIAG_SQLSTATE);
        if (duplicate != NULL && sqlstate != NULL && strcmp(sqlstate, TI_PG_SQLSTATE_UNIQUE) == 0)
            *duplicate = true;
        else
            status = ti_pg_fail_result(link, made, error);
    }
    if (result != NULL && status == TICKER_OK)
        *result = made;
    else
        PQclear(made);
    return status;
}

ticker_status ti_pg_run(ti_pg_link *link, const char *sql, const ti_pg_parameters *parameters, ti_pg_result **result,
                        ticker_error *error)
{
    return run(link, sql, parameters, 0, NULL, result, error);
}

ticker_status ti_pg_run_unique(ti_pg_link *link, const char *sql, const ti_pg_parameters *parameters, bool *duplicate,
                               ti_pg_result **result, ticker_error *error)
{
    return run(link, sql, parameters, 0, duplicate, result, error);
}

ticker_status ti_pg_run_binary(ti_pg_link *link, const char *sql, ti_pg_result **result, ticker_error *error)
{
    return run(link, sql, NULL, 1, NULL, result, error);
}

ticker_status ti_pg_send(ti_pg_link *link, const char *sql, ticker_error *error)
{
    return PQsendQuery(link->conn, sql) == 1 ? TICKER_OK : ti_pg_fail_connection(link, error);
}

ticker_status ti_pg_take(ti_pg_link *link, ticker_error *error)
{
    PGresult *result = ti_pg_wait_result(link->conn, &link->patience);
    ExecStatusType answer = PQresultStatus(result);
    ticker_status status = TICKER_OK;

    if (answer != PGRES_TUPLES_OK && answer != PGRES_COMMAND_OK)
        status = ti_pg_fail_result(link, result, error);
    PQclear(result);
    return status;
}

ticker_status ti_pg_commit(ti_pg_link *link, ticker_error *error)
{
    PGresult *result = NULL;
    ticker_status status = ti_pg_run(link, "COMMIT", NULL, &result, error);

    if (status == TICKER_OK && strcmp(PQcmdStatus(result), "COMMIT") != 0)
        status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_DATABASE, "PostgreSQL (%s) rolled the import back",
                         link->where);
    PQclear(result);
    return status;
}

/* A server that takes nothing must not hold who wants to stop: sends all without blocking in libpq. */
static bool put_copy_end(ti_pg_link *link, const char *why)
{
    bool sent = PQsetnonblocking(link->conn, 1) == 0 && PQputCopyEnd(link->conn, why) > 0 &&
                ti_pg_flush(link->conn, &link->patience);

    return PQsetnonblocking(link->conn, 0) == 0 && sent;
}

static PGresult *next_result(ti_pg_link *link)
{
    ti_pg_await(link->conn, &link->patience);
    return PQgetResult(link->conn);
}

/* A COPY or a query ends only when libpq hands out no more results. */
static ticker_status drain(ti_pg_link *link, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    PGresult *result;

    while ((result = next_result(link)) != NULL) {
        ExecStatusType answer = PQresultStatus(result);
        if (answer == PGRES_COPY_IN) {
            PQclear(result);
            if (!put_copy_end(link, "abandoned"))
                return TICKER_RETRY;
            continue;
        }
        if (status == TICKER_OK && answer != PGRES_COMMAND_OK && answer != PGRES_TUPLES_OK &&
            answer != PGRES_SINGLE_TUPLE)
            status = ti_pg_fail_result(link, result, error);
        PQclear(result);
        if (PQstatus(link->conn) != CONNECTION_OK)
            break;
    }
    if (status == TICKER_OK && PQstatus(link->conn) != CONNECTION_OK)
        status = ti_pg_fail_connection(link, error);
    return status;
}

static void end_all(ti_pg_link *link)
{
    ticker_error unused;

    ti_error_init(&unused);
    if (link->streaming)
        ti_pg_stream_end(link);
    ti_pg_pipe_abandon(link);
    if (link->copying) {
        link->copying = false;
        if (!put_copy_end(link, "the import was given up"))
            return;
        (void)drain(link, &unused);
    }
    /* Whoever is told to stop waits for this all the same: a request to stop would only be refused the end of the transaction. */
    link->patience.store = NULL;
    if (PQtransactionStatus(link->conn) != PQTRANS_IDLE && PQsendQuery(link->conn, "ROLLBACK") == 1)
        PQclear(ti_pg_wait_result(link->conn, &link->patience));
}

void ti_pg_rollback(ti_pg_link *link)
{
    const ti_pg_patience patience = link->patience;

    if (PQstatus(link->conn) != CONNECTION_OK)
        return;
    link->patience.deadline = ti_pg_deadline(ROLLBACK_MILLISECONDS);
    end_all(link);
    link->patience = patience;
    if (PQstatus(link->conn) == CONNECTION_OK && PQtransactionStatus(link->conn) != PQTRANS_IDLE) {
        ti_pg_hang_up(link->conn); /* whoever comes next must not find it open */
        (void)ti_pg_usable(link);  /* libpq notices */
    }
}

ticker_status ti_pg_copy_begin(ti_pg_link *link, const char *sql, ticker_error *error)
{
    PGresult *result = PQsendQuery(link->conn, sql) == 1 ? ti_pg_wait_result(link->conn, &link->patience) : NULL;
    ticker_status status = TICKER_OK;

    if (PQresultStatus(result) != PGRES_COPY_IN)
        status = ti_pg_fail_result(link, result, error);
    else
        link->copying = true;
    PQclear(result);
    return status == TICKER_OK ? ti_pg_copy_send(link, ti_copy_header, TI_COPY_HEADER_SIZE, error) : status;
}

/* When the server has refused a row, its reason waits in the next result. */
static ticker_status fail_copy(ti_pg_link *link, ticker_error *error)
{
    ticker_status status;

    link->copying = false;
    status = drain(link, error);
    return status != TICKER_OK ? status : ti_pg_fail_connection(link, error);
}

ticker_status ti_pg_copy_send(ti_pg_link *link, const void *data, size_t size, ticker_error *error)
{
    bool sent = PQsetnonblocking(link->conn, 1) == 0;

    for (const char *at = data; sent && size > 0;) {
        int piece = size < PIECE_MAX ? (int)size : PIECE_MAX;

        sent = PQputCopyData(link->conn, at, piece) > 0 && ti_pg_flush(link->conn, &link->patience);
        at += piece;
        size -= (size_t)piece;
    }
    return PQsetnonblocking(link->conn, 0) == 0 && sent ? TICKER_OK : fail_copy(link, error);
}

ticker_status ti_pg_copy_end(ti_pg_link *link, ticker_error *error)
{
    ticker_status status = ti_pg_copy_send(link, ti_copy_trailer, TI_COPY_TRAILER_SIZE, error);

    if (status != TICKER_OK)
        return status;
    if (!put_copy_end(link, NULL))
        return fail_copy(link, error);
    link->copying = false;
    return drain(link, error);
}

size_t ti_pg_choose(ti_pg_link *const *links, size_t count, size_t from)
{
    PGconn *conns[TI_PG_LOADERS_MAX];
    size_t which = from;

    for (size_t i = 0; i < count; i++)
        conns[i] = links[i]->conn;
    return ti_pg_wait_writable(conns, count, from, &which) ? which : from;
}

ticker_status ti_pg_prepare(ti_pg_link *link, const char *name, const char *sql, const ti_pg_parameters *parameters,
                            ticker_error *error)
{
    PGresult *result = PQprepare(link->conn, name, sql, parameters->count, parameters->types);
    ticker_status status = TICKER_OK;

    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        status = ti_pg_fail_result(link, result, error);
    PQclear(result);
    return status;
}

ticker_status ti_pg_stream_begin(ti_pg_link *link, const char *sql, const char *name,
                                 const ti_pg_parameters *parameters, bool few, ti_pg_result **first,
                                 ticker_error *error)
{
    int sent = name != NULL
                   ? PQsendQueryPrepared(link->conn, name, parameters->count, parameters->values, NULL, NULL, 0)
                   : PQsendQueryParams(link->conn, sql, parameters->count, parameters->types, parameters->values, NULL,
                                       NULL, 0);

    if (sent != 1)
        return ti_pg_fail_connection(link, error);
    link->streaming = true;
    link->singly = !few && PQsetSingleRowMode(link->conn) == 1; /* else the rows come all at once: slower, not wrong */
    return ti_pg_stream_next(link, first, error);
}

ticker_status ti_pg_stream_next(ti_pg_link *link, ti_pg_result **row, ticker_error *error)
{
    PGresult *result = PQgetResult(link->conn);
    ExecStatusType answer = PQresultStatus(result);
    ticker_status status;
    ticker_error unused;

    ti_error_init(&unused);
    if (result == NULL) {
        link->streaming = false;
        return TICKER_DONE;
    }
    if (answer == PGRES_SINGLE_TUPLE || answer == PGRES_TUPLES_OK) {
        *row = result;
        return TICKER_OK;
    }
    status = ti_pg_fail_result(link, result, error);
    PQclear(result);
    link->streaming = false;
    (void)drain(link, &unused);
    return status;
}

void ti_pg_stream_end(ti_pg_link *link)
{
    ticker_error unused;

    if (!link->streaming)
        return;
    link->streaming = false;
    ti_error_init(&unused);
    if (PQtransactionStatus(link->conn) == PQTRANS_ACTIVE && ti_pg_take_rest(link->conn))
        return;
    if (PQtransactionStatus(link->conn) == PQTRANS_ACTIVE)
        ti_pg_cancel(link->conn); /* when that fails, the rest of the rows is read and dropped */
    (void)drain(link, &unused);
}

void ti_pg_free(ti_pg_result *result)
{
    PQclear(result);
}

size_t ti_pg_rows(const ti_pg_result *result)
{
    return (size_t)PQntuples(result);
}

size_t ti_pg_affected(const ti_pg_result *result)
{
    int64_t rows = 0;

    (void)ti_parse_integer(ti_slice_of(PQcmdTuples((PGresult *)(uintptr_t)result)), true, &rows);
    return (size_t)rows;
}

size_t ti_pg_columns(const ti_pg_result *result)
{
    return (size_t)PQnfields(result);
}

bool ti_pg_null(const ti_pg_result *result, size_t row, size_t column)
{
    return PQgetisnull(result, (int)row, (int)column) != 0;
}

ti_slice ti_pg_cell(const ti_pg_result *result, size_t row, size_t column)
{
    return (ti_slice){PQgetvalue(result, (int)row, (int)column), (size_t)PQgetlength(result, (int)row, (int)column)};
}

int64_t ti_pg_integer(const ti_pg_result *result, size_t row, size_t column)
{
    int64_t value = 0;

    return ti_parse_integer(ti_pg_cell(result, row, column), true, &value) ? value : 0;
}

#endif
