/* Statements that are asked again are prepared: parsing and planning them takes as long as finding a page of rows. */
#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/postgres.h"

#define PARAMETERS_MAX 16 /* longer lists of tickers are rarely of the same length */

void ti_pg_prepared_forget(ti_pg_prepared *prepared)
{
    for (size_t i = 0; i < prepared->count; i++)
        free(prepared->entry[i].sql);
    *prepared = (ti_pg_prepared){0};
}

/* The statement's place; -1: there is none left, or no memory. */
static int find(ti_pg_prepared *prepared, const char *sql)
{
    for (size_t i = 0; i < prepared->count; i++)
        if (strcmp(prepared->entry[i].sql, sql) == 0)
            return (int)i;
    if (prepared->count == TI_PG_PREPARED_MAX)
        return -1;
    prepared->entry[prepared->count].sql = strdup(sql);
    prepared->entry[prepared->count].uses = 0;
    return prepared->entry[prepared->count].sql != NULL ? (int)prepared->count++ : -1;
}

const char *ti_pg_prepared_name(ti_postgres *postgres, const char *sql, const ti_pg_parameters *parameters,
                                char name[24])
{
    ti_pg_prepared *prepared = &postgres->prepared;
    unsigned connection = ti_pg_connection(postgres->link);
    int place;

    if (prepared->connection != connection) { /* what another connection had is gone */
        ti_pg_prepared_forget(prepared);
        prepared->connection = connection;
    }
    if (prepared->refused || parameters->count > PARAMETERS_MAX)
        return NULL;
    place = find(prepared, sql);
    if (place < 0)
        return NULL;
    (void)snprintf(name, 24, "ticker_%d", place);
    prepared->entry[place].uses++;
    if (prepared->entry[place].uses == 1)
        return NULL;
    if (prepared->entry[place].uses == 2 && ti_pg_prepare(postgres->link, name, sql, parameters, NULL) != TICKER_OK) {
        prepared->refused = true;
        return NULL;
    }
    return name;
}

/* A pooler between us and the server may give each statement another connection; a schema may have changed. */
bool ti_pg_prepared_lost(ti_postgres *postgres, const ticker_error *error)
{
    static const char *const states[] = {"26000", "42P05", "0A000"};

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(error->sqlstate, states[i]) == 0) {
            postgres->prepared.refused = true;
            return true;
        }
    }
    return false;
}

#endif
