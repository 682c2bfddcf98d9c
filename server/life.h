/* What the server stands on while it runs: the answers (database and cache), and the thread that tends them. */
#ifndef SERVER_LIFE_H
#define SERVER_LIFE_H

#include "server.h"

typedef struct life life;

/* Opens the answers, names the parts for /health/ready, brings the schema to its version as soon as the database can be
 * reached, and tends all of it once a second. NULL after saying what is wrong with the configuration; a service that is
 * down is no reason to end. */
life *life_begin(server *server, front_exit *result);
/* Without a thread: for a process that answers one request. */
life *life_begin_once(server *server, front_exit *result);
/* When no request runs any more. NULL is accepted. */
void life_end(life *life);

#endif
