/* The worker's metrics and health over HTTP, on a small listener with a thread of its own. */
#ifndef WORKER_LISTENER_H
#define WORKER_LISTENER_H

#include <tickerimport.h>

#include "console.h"
#include "exit.h"
#include "state.h"
#include "url.h"

typedef struct listener listener;

/* GET and HEAD of url->path, /health/live and /health/ready. Both outlive it. NULL with *result FRONT_OK: there is to be none (no
 * address, or this build has no HTTP). NULL after saying why otherwise: the program ends with *result. */
listener *listener_open(const worker_url *url, worker_state *state, ticker_metrics *metrics, front_console *console,
                        front_exit *result);
/* Accepts NULL. */
void listener_free(listener *self);

#endif
