/* Where uploads go, who is told of them, and who imports them when nobody else does. */
#ifndef SERVER_UPLOADS_H
#define SERVER_UPLOADS_H

#include <stdbool.h>

#include <tickerimport.h>

#include "console.h"

typedef struct uploads uploads;

/* Everything lives longer than it. Nothing is opened yet. NULL: no memory. */
uploads *uploads_new(const ticker_options *options, ticker_pool *pool, ticker_metrics *metrics);
void uploads_free(uploads *self); /* accepts NULL */

ticker_pool *uploads_pool(uploads *self);
/* Opened when it is first asked for, and asked for again when that failed. Any thread. */
ticker_status uploads_storage(uploads *self, ticker_storage **storage, ticker_error *error);
/* Whether the queue has a name of a known kind. It asks nobody: a queue that is away may come back. */
ticker_status uploads_queue_name(const uploads *self, ticker_error *error);
/* The same as uploads_storage(), and the queue is opened too when it is one for itself. */
ticker_status uploads_ready(uploads *self, ticker_storage **storage, ticker_error *error);
/* Whether S3 and SQS have events between them: whatever is stored, a worker is told of. */
bool uploads_told(const uploads *self, const ticker_storage *storage);
/* Puts the event into the queue, unless S3 does that itself. `store` is that of the database's queue. Any thread. */
ticker_status uploads_announce(uploads *self, ticker_store *store, const ticker_stored *stored, ticker_error *error);
/* For /health/ready: whether storage and queue are there. `payload` is the uploads. */
ticker_status uploads_check(void *payload, ticker_error *error);

#endif
