/* A database that quotes and trades are kept in: "sqlite:PATH" or "postgres://…" (any libpq URI).
 * One thread at a time; open one store a thread. */
#ifndef TICKERIMPORT_STORE_H
#define TICKERIMPORT_STORE_H

#include <tickerimport/options.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_store ticker_store;

/* Connects to options' database-url. Nothing is created or changed but the SQLite file itself (and its folder).
 * TICKER_RETRY with TICKER_ERROR_SERVICE: cannot be reached. TICKER_FATAL with TICKER_ERROR_USAGE: the URL is wrong; with
 * TICKER_ERROR_UNSUPPORTED: this build has no such backend. Passwords never appear in messages. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_store_open(const ticker_options *options, ticker_store **store,
                                                             ticker_error *error);
/* Rolls back what is open, disconnects, frees; accepts NULL. */
TICKER_API void ticker_store_free(ticker_store *store);

/* Brings the schema to the version this library knows; does nothing when it is there. Safe while others do the same.
 * Tables that crashed imports into PostgreSQL were loading are dropped, too.
 * TICKER_FATAL with TICKER_ERROR_DATABASE when the database's schema is newer than the library. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_store_migrate(ticker_store *store, ticker_error *error);
/* The schema version found in the database (0: none yet) and the one this library brings it to. Either may be NULL. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_store_version(ticker_store *store, int *found, int *wanted,
                                                                ticker_error *error);
/* Turns the tables quotes and trades of PostgreSQL into tables that Citus distributes by ticker over its workers; the rows go along. The
 * schema is migrated first. Imports wait meanwhile. Does nothing where it was done before, and goes on where it was broken off.
 * TICKER_OK: they are distributed. TICKER_FATAL with TICKER_ERROR_UNSUPPORTED: SQLite, or this database has no Citus. TICKER_FAILED with
 * TICKER_ERROR_DATABASE: they are distributed by something else, or Citus refused. TICKER_RETRY: the server cannot be reached, or a
 * worker. Also what ticker_store_migrate() says. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_store_distribute(ticker_store *store, ticker_error *error);
/* "sqlite" or "postgresql". */
TICKER_API const char *ticker_store_backend(const ticker_store *store);

#ifdef __cplusplus
}
#endif
#endif
