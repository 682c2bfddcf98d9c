/* What a process does for the cache that others read: imports that could not tell Redis are made up for, also those of workers that
 * crashed. And it keeps ticker_db_up and ticker_cache_up. */
#ifndef WORKER_TEND_H
#define WORKER_TEND_H

#include <stdbool.h>

#include <tickerimport.h>

#include "console.h"
#include "exit.h"

typedef struct tend tend;

/* NULL after saying what is wrong: the program ends with *result. */
tend *tend_open(const ticker_options *options, ticker_metrics *metrics, front_console *console, front_exit *result);
/* Starts its thread. False after saying that there is none. */
bool tend_start(tend *self);
/* Lives as long as it does. */
ticker_cache *tend_cache(tend *self);
/* Accepts NULL. False: its thread waits for a service that does not answer, and goes on to use all it has: the process must end without
 * freeing anything. */
bool tend_free(tend *self);

#endif
