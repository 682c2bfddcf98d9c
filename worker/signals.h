/* SIGTERM, SIGINT and SIGHUP, read from a descriptor by the main thread. */
#ifndef WORKER_SIGNALS_H
#define WORKER_SIGNALS_H

#include <stdbool.h>

typedef enum worker_signal { WORKER_NONE = 0, WORKER_STOP, WORKER_RELOAD } worker_signal;

/* Before any thread is made: all threads leave these signals to the descriptor, also when the parent had them ignored. SIGPIPE is
 * ignored. Returns the descriptor, or -1. */
int worker_signals_open(void);
/* The next signal that came, without waiting. */
worker_signal worker_signals_next(int descriptor);

#endif
