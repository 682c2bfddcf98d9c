/* Statements of an import go to the server one behind the other and are answered together: for a small file the time is in the round
 * trips. They are prepared when a connection first has them, as parsing and planning one may take longer than running it. */
#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/random.h"
#include "store/postgres_link.h"

#define NAME_MAX_BYTES 48

void ti_pg_pipe_forget(ti_pg_pipe *pipe)
{
    for (size_t i = 0; i < pipe->kept; i++)
        free(pipe->statements[i]);
    *pipe = (ti_pg_pipe){.refused = pipe->refused};
}

/* A pooler may hand our server process to another program, which must not find statements of its own names there. */
static bool name_statement(ti_pg_pipe *pipe, size_t number, char name[NAME_MAX_BYTES])
{
    if (pipe->tag[0] == '\0' && !ti_random_hex(TI_PG_TAG_BYTES, pipe->tag))
        return false;
    (void)snprintf(name, NAME_MAX_BYTES, "ticker_%s_%zu", pipe->tag, number);
    return true;
}

ticker_status ti_pg_pipe_begin(ti_pg_link *link, ticker_error *error)
{
    if (link->pipe.open || link->copying || link->streaming)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "the connection is busy with other statements");
    if (link->singly) /* libpq would go on so with the first statement of the pipe */
        PQclear(PQexec(link->conn, ""));
    link->singly = false;
    if (PQenterPipelineMode(link->conn) != 1)
        return ti_pg_fail_connection(link, error);
    link->pipe.open = true;
    link->pipe.sent = 0;
    link->pipe.kept_before = link->pipe.kept;
    return TICKER_OK;
}

static ticker_status has_sent(ti_pg_link *link, int sent, bool preparing, ticker_error *error)
{
    if (sent != 1)
        return ti_pg_fail_connection(link, error);
    link->pipe.preparing[link->pipe.sent++] = preparing;
    return TICKER_OK;
}

static ticker_status send_plain(ti_pg_link *link, const char *sql, const ti_pg_parameters *parameters, bool binary,
                                ticker_error *error)
{
    static const ti_pg_parameters none = {.count = 0};
    const ti_pg_parameters *list = parameters != NULL ? parameters : &none;

    return has_sent(link,
                    PQsendQueryParams(link->conn, sql, list->count, list->types, list->values, list->lengths,
                                      list->formats, binary ? 1 : 0),
                    false, error);
}

static ticker_status check_room(const ti_pg_link *link, ticker_error *error)
{
    if (!link->pipe.open || link->pipe.sent + 2 > TI_PG_SENT_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "statements were sent outside of their turn");
    return TICKER_OK;
}

/* A pipe that lacks a statement is of no use, and whoever comes next must not find it open. */
static ticker_status keep_or_abandon(ti_pg_link *link, ticker_status status)
{
    if (status != TICKER_OK)
        ti_pg_pipe_abandon(link);
    return status;
}

ticker_status ti_pg_pipe_once(ti_pg_link *link, const char *sql, const ti_pg_parameters *parameters, bool binary,
                              ticker_error *error)
{
    ticker_status status = check_room(link, error);

    if (status == TICKER_OK)
        status = send_plain(link, sql, parameters, binary, error);
    return keep_or_abandon(link, status);
}

/* The statement's number; the first free one when it is new; TI_PG_KEPT_MAX: it cannot be kept. */
static size_t find(const ti_pg_pipe *pipe, const char *sql)
{
    size_t number = 0;

    while (number < pipe->kept && strcmp(pipe->statements[number], sql) != 0)
        number++;
    return number;
}

static ticker_status put(ti_pg_link *link, const char *sql, const ti_pg_parameters *parameters, ticker_error *error)
{
    static const ti_pg_parameters none = {.count = 0};
    const ti_pg_parameters *list = parameters != NULL ? parameters : &none;
    ti_pg_pipe *pipe = &link->pipe;
    char name[NAME_MAX_BYTES];
    ticker_status status = check_room(link, error);
    size_t number;

    if (status != TICKER_OK)
        return status;
    number = pipe->refused ? TI_PG_KEPT_MAX : find(pipe, sql);
    if (number == TI_PG_KEPT_MAX || !name_statement(pipe, number, name))
        return send_plain(link, sql, parameters, false, error);
    if (number == pipe->kept) {
        char *copy = strdup(sql);

        if (copy == NULL)
            return ti_fail_memory(error);
        status = has_sent(link, PQsendPrepare(link->conn, name, sql, list->count, list->types), true, error);
        if (status != TICKER_OK) {
            free(copy);
            return status;
        }
        pipe->statements[pipe->kept++] = copy;
    }
    return has_sent(link,
                    PQsendQueryPrepared(link->conn, name, list->count, list->values, list->lengths, list->formats, 0),
                    false, error);
}

ticker_status ti_pg_pipe_put(ti_pg_link *link, const char *sql, const ti_pg_parameters *parameters, ticker_error *error)
{
    return keep_or_abandon(link, put(link, sql, parameters, error));
}

size_t ti_pg_pipe_count(const ti_pg_link *link)
{
    size_t count = 0;

    for (size_t i = 0; i < link->pipe.sent; i++)
        count += link->pipe.preparing[i] ? 0 : 1;
    return count;
}

/* What the first statement that failed said. */
static ticker_status look(ti_pg_link *link, const PGresult *result, bool first, bool *duplicate, ticker_error *error)
{
    ExecStatusType answer = PQresultStatus(result);
    const char *sqlstate;

    if (answer == PGRES_TUPLES_OK || answer == PGRES_COMMAND_OK)
        return TICKER_OK;
    sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (first && duplicate != NULL && sqlstate != NULL && strcmp(sqlstate, TI_PG_SQLSTATE_UNIQUE) == 0) {
        *duplicate = true;
        return TICKER_DONE;
    }
    if (sqlstate != NULL && (strcmp(sqlstate, "26000") == 0 || strcmp(sqlstate, "42P05") == 0))
        link->pipe.refused = true;
    return ti_pg_fail_result(link, result, error);
}

/* Those that were not prepared after all. */
static void keep_only(ti_pg_pipe *pipe, size_t count)
{
    while (pipe->kept > count)
        free(pipe->statements[--pipe->kept]);
}

/* Takes all answers; those of statements, not those to PREPARE, go to `results`. */
static ticker_status take_answers(ti_pg_link *link, ti_pg_result **results, size_t count, bool *duplicate,
                                  ticker_error *error)
{
    ti_pg_pipe *pipe = &link->pipe;
    size_t number = 0, kept = pipe->kept_before;
    ticker_status status = TICKER_OK;

    for (size_t i = 0; i < pipe->sent; i++) {
        PGresult *result = ti_pg_wait_result(link->conn, &link->patience);

        if (status == TICKER_OK)
            status = look(link, result, number == 0, duplicate, error);
        if (pipe->preparing[i]) {
            kept += status == TICKER_OK ? 1 : 0;
        } else if (number++ < count && status == TICKER_OK) {
            results[number - 1] = result;
            continue;
        }
        PQclear(result);
    }
    keep_only(pipe, kept);
    return status;
}

ticker_status ti_pg_pipe_end(ti_pg_link *link, ti_pg_result **results, size_t count, bool *duplicate,
                             ticker_error *error)
{
    ticker_status status = TICKER_OK;

    if (duplicate != NULL)
        *duplicate = false;
    for (size_t i = 0; i < count; i++)
        results[i] = NULL;
    if (!link->pipe.open)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "statements were to be answered that were not sent");
    link->pipe.open = false;
    if (PQpipelineSync(link->conn) != 1) {
        status = ti_pg_fail_connection(link, error);
        (void)shutdown(PQsocket(link->conn), SHUT_RDWR); /* it would wait for answers that nobody asked for */
    }
    if (status == TICKER_OK)
        status = take_answers(link, results, count, duplicate, error);
    PQclear(ti_pg_wait_result(link->conn, &link->patience));
    if (PQexitPipelineMode(link->conn) != 1 && status == TICKER_OK)
        status = ti_pg_fail_connection(link, error);
    for (size_t i = 0; i < count && status != TICKER_OK; i++) {
        PQclear(results[i]);
        results[i] = NULL;
    }
    return status == TICKER_DONE ? TICKER_OK : status;
}

void ti_pg_pipe_abandon(ti_pg_link *link)
{
    ticker_error unused;

    ti_error_init(&unused);
    if (link->pipe.open)
        (void)ti_pg_pipe_end(link, NULL, 0, NULL, &unused);
}

#endif
