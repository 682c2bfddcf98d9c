/* Threads that may wait: a fixed number, and a bounded queue before them. */
#ifndef SERVER_WORKERS_H
#define SERVER_WORKERS_H

#include <stdbool.h>

#define WORKERS_MAX 256
#define WORKERS_WAITING_MAX 65536

typedef struct workers workers;

/* NULL when threads cannot be made. 1 to WORKERS_MAX threads, up to WORKERS_WAITING_MAX jobs before them. */
workers *workers_new(unsigned threads, unsigned waiting);
/* Calls run(argument) on one of them, soon. False, and nothing happens, when the queue is full. Any thread. */
bool workers_put(workers *workers, void (*run)(void *argument), void *argument);
/* Jobs that wait or run now. */
unsigned workers_busy(workers *workers);
/* Waits until all jobs are done, those in the queue too. NULL is accepted. Nothing may be put any more. */
void workers_free(workers *workers);

#endif
