/* Queues in a database, for the queue suite: each with a store of its own. */
#ifndef TI_TESTS_QUEUE_DATABASE_H
#define TI_TESTS_QUEUE_DATABASE_H

#include "queue_suite.h"
#include "store/store.h"

/* Opens a store and the queue in it, and frees both; from any thread. */
ticker_queue *queue_database_open(const char *url);
void queue_database_close(ticker_queue *queue);
/* The store alone. */
ticker_store *queue_database_store(const char *url);

/* Makes a database, takes it back to version 1, which had no queue, and checks that it is migrated from
 * there: by several at once, to a queue that works, without losing the one row that imports has. */
void queue_database_migrates(const char *url);

#endif
