/* A server for the tests of the transports: server_begin(), server_work() and server_end() with answers of every kind, and nothing of
 * quotes. GET /stats tells what became of all requests. */
#ifndef TEST_SAMPLE_H
#define TEST_SAMPLE_H

#include "exchange.h"

server *sample_new(void);
void sample_free(server *server);

#endif
