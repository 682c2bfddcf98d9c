/* Why PostgreSQL refused, or why there is no answer: what that means for who asked, and what can be done. */
#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/postgres_link.h"

#define SQLSTATE_SIZE 5
#define READ_ONLY "25006"
#define SCHEMA_HINT "the schema is missing or damaged: run \"ticker-cli db migrate\""

/* What to make of a SQLSTATE: the first one that begins like it. */
static const struct sqlstate_class {
    const char *prefix;
    ticker_status status;
    ticker_error_kind kind;
    const char *hint;
} classes[] = {
    {"08", TICKER_RETRY, TICKER_ERROR_SERVICE, NULL},
    {"57P01", TICKER_RETRY, TICKER_ERROR_SERVICE, NULL},
    {"57P02", TICKER_RETRY, TICKER_ERROR_SERVICE, NULL},
    {"57P03", TICKER_RETRY, TICKER_ERROR_SERVICE, NULL},
    {"57014", TICKER_RETRY, TICKER_ERROR_DATABASE,
     "a limit of the server or of its user, or somebody, ended the statement; try again"},
    {"53300", TICKER_RETRY, TICKER_ERROR_SERVICE,
     "the server takes no more connections; try again, or raise max_connections"},
    {"53100", TICKER_RETRY, TICKER_ERROR_DATABASE, "the server's disk is full"},
    {"53200", TICKER_RETRY, TICKER_ERROR_DATABASE,
     "the server is short of memory; when it names max_locks_per_transaction, raise that or split the file"},
    {"53", TICKER_RETRY, TICKER_ERROR_DATABASE, NULL},
    {"40", TICKER_RETRY, TICKER_ERROR_DATABASE, NULL}, /* rolled back: for another's sake, or nobody knows */
    {"58", TICKER_RETRY, TICKER_ERROR_DATABASE, "check the server's disks and its log"},
    {"55P03", TICKER_RETRY, TICKER_ERROR_DATABASE,
     "another import or a change of the tables holds the lock; try again"},
    {"28", TICKER_FATAL, TICKER_ERROR_USAGE, "check the user and the password of the database URL"},
    {"3D000", TICKER_FATAL, TICKER_ERROR_USAGE,
     "create the database (createdb), or correct its name in the database URL"},
    {"3F000", TICKER_FATAL, TICKER_ERROR_USAGE, "create the schema that search_path names first"},
    {"42501", TICKER_FATAL, TICKER_ERROR_DATABASE,
     "the user needs CREATE on the schema, must own the tables, and may use temporary tables"},
    {"42P07", TICKER_RETRY, TICKER_ERROR_DATABASE, "somebody else has just made it; try again"},
    {"XX001", TICKER_FATAL, TICKER_ERROR_DATABASE, "restore the server's database from a backup"},
    {"XX002", TICKER_FATAL, TICKER_ERROR_DATABASE, "an index is damaged: REINDEX it"},
    {"XX", TICKER_RETRY, TICKER_ERROR_DATABASE, "look at the server's log"},
    {"26000", TICKER_RETRY, TICKER_ERROR_DATABASE,
     NULL}, /* what was prepared is lost: the next time it is done without */
    {"42P05", TICKER_RETRY, TICKER_ERROR_DATABASE, NULL},
    {"42", TICKER_FATAL, TICKER_ERROR_DATABASE, SCHEMA_HINT}, /* no input is a part of a statement */
    {READ_ONLY, TICKER_FATAL, TICKER_ERROR_DATABASE,
     "default_transaction_read_only is on for this user or this database: set it to off, or connect as another user"},
};

/* A standby may become the primary server in a moment, and a name may be on its way to another server. */
static const struct sqlstate_class standby = {
    READ_ONLY, TICKER_RETRY, TICKER_ERROR_SERVICE,
    "this server is a standby: connect to the primary one, or add target_session_attrs=read-write to the database URL"};

/* What ends the session is nothing that the input can be blamed for. */
static const struct sqlstate_class lost = {"", TICKER_RETRY, TICKER_ERROR_SERVICE, NULL};
static const struct sqlstate_class unknown = {"", TICKER_FAILED, TICKER_ERROR_DATABASE, NULL};

static bool says(const ti_pg_link *link, const char *parameter, const char *value)
{
    const char *said = PQparameterStatus(link->conn, parameter);

    return said != NULL && strcmp(said, value) == 0;
}

static const struct sqlstate_class *class_of(const ti_pg_link *link, const char *sqlstate, bool ended)
{
    if (strcmp(sqlstate, READ_ONLY) == 0 && says(link, "in_hot_standby", "on"))
        return &standby;
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (strncmp(sqlstate, classes[i].prefix, strlen(classes[i].prefix)) == 0)
            return &classes[i];
    return ended || PQstatus(link->conn) != CONNECTION_OK ? &lost : &unknown;
}

/* `ended`: the server ends the session with it. */
static ticker_status fail_with(const ti_pg_link *link, const char *sqlstate, bool ended, const char *message,
                               ticker_error *error)
{
    const struct sqlstate_class *class = class_of(link, sqlstate, ended);

    ti_fail(error, class->status, class->kind, "PostgreSQL (%s): %s", link->where, message);
    ti_error_sqlstate(error, sqlstate);
    if (class->hint != NULL)
        ti_error_hint(error, "%s", class->hint);
    return class->status;
}

/* libpq's own text, its first line, for failures that the server did not put into a result. */
ticker_status ti_pg_fail_connection(const ti_pg_link *link, ticker_error *error)
{
    char text[TICKER_ERROR_MESSAGE_MAX];

    (void)snprintf(text, sizeof(text), "%s", PQerrorMessage(link->conn));
    text[strcspn(text, "\n")] = '\0';
    return fail_with(link, "", false, text[0] != '\0' ? text : "the connection was lost", error);
}

ticker_status ti_pg_fail_result(const ti_pg_link *link, const PGresult *result, ticker_error *error)
{
    char text[TICKER_ERROR_MESSAGE_MAX];
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (message == NULL)
        return ti_pg_fail_connection(link, error);
    (void)snprintf(text, sizeof(text), "%s%s%s", message, detail != NULL ? ": " : "", detail != NULL ? detail : "");
    return fail_with(link, sqlstate != NULL ? sqlstate : "", severity != NULL && strcmp(severity, "ERROR") != 0, text,
                     error);
}

/* A connection that failed has no result to ask for a SQLSTATE, but with verbose errors its text reads "FATAL:  28P01: why". */
ticker_status ti_pg_fail_connect(const ti_pg_link *link, ticker_error *error)
{
    const char *text = PQerrorMessage(link->conn);
    char sqlstate[SQLSTATE_SIZE + 1] = "", message[TICKER_ERROR_MESSAGE_MAX];
    ticker_status status;

    for (const char *at = strstr(text, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
        const char *code = at + 3;
        if (strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == SQLSTATE_SIZE && code[SQLSTATE_SIZE] == ':') {
            memcpy(sqlstate, code, SQLSTATE_SIZE);
            text = code + SQLSTATE_SIZE + 2;
            break;
        }
    }
    (void)snprintf(message, sizeof(message), "%s", text);
    message[strcspn(message, "\n")] = '\0';
    status = fail_with(link, sqlstate, true, message[0] != '\0' ? message : "cannot connect", error);
    ti_error_hint(error, "is the server running, and does the database URL name it?");
    return status;
}

ticker_status ti_pg_fail_late(const ti_pg_link *link, ticker_error *error)
{
    return fail_with(link, "", true, "no answer in time", error);
}

#endif
