/* A connection from within: for postgres_link.c and postgres_pipe.c, which know libpq. */
#ifndef TI_STORE_POSTGRES_LINK_H
#define TI_STORE_POSTGRES_LINK_H

#include "store/postgres.h"

#define TI_PG_WHERE_MAX 256
#define TI_PG_KEPT_MAX 64 /* prepared statements: an import has a dozen, and some of them name a year */
#define TI_PG_TAG_BYTES 8
#define TI_PG_SQLSTATE_UNIQUE "23505"

/* Statements that were sent one behind the other, and those that are prepared. */
typedef struct ti_pg_pipe {
    bool open;
    bool refused;                      /* prepared statements get lost: no more of them */
    char tag[2 * TI_PG_TAG_BYTES + 1]; /* in the names of its statements; "": none was made yet */
    size_t kept, kept_before;          /* now, and when it was opened */
    char *statements[TI_PG_KEPT_MAX];
    size_t sent;
    bool preparing[TI_PG_SENT_MAX]; /* the answer will be that to a PREPARE */
} ti_pg_pipe;

struct ti_pg_link {
    struct pg_conn *conn; /* libpq's PGconn */
    char *url;
    ti_pg_patience patience; /* with the server */
    unsigned connection;     /* how often it has connected */
    bool copying;
    bool streaming;
    bool singly; /* rows of the last stream came one by one */
    char where[TI_PG_WHERE_MAX];
    ti_pg_pipe pipe;
};

/* Why the server refused, or why there is no answer. */
ticker_status ti_pg_fail_result(const ti_pg_link *link, const ti_pg_result *result, ticker_error *error);
ticker_status ti_pg_fail_connection(const ti_pg_link *link, ticker_error *error);
/* Why it cannot be connected; in time. */
ticker_status ti_pg_fail_connect(const ti_pg_link *link, ticker_error *error);
ticker_status ti_pg_fail_late(const ti_pg_link *link, ticker_error *error);
/* The connection is a new one: what the old one had prepared is gone. */
void ti_pg_pipe_forget(ti_pg_pipe *pipe);

#endif
