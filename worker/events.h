/* What the consumer tells, as lines of the log. */
#ifndef WORKER_EVENTS_H
#define WORKER_EVENTS_H

#include <tickerimport.h>

#include "console.h"
#include "state.h"

typedef struct events {
    worker_state *state;
    front_console *console;
} events;

/* `self` outlives the consumer. */
ticker_consumer_events events_table(events *self);
/* The first and the last line. */
void events_start(events *self, const ticker_options *options);
void events_stop(events *self);

#endif
