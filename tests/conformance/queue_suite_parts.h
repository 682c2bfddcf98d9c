/* What the files of the queue suite share among themselves. */
#ifndef TI_TESTS_QUEUE_SUITE_PARTS_H
#define TI_TESTS_QUEUE_SUITE_PARTS_H

#include "queue_suite.h"

extern const queue_backend *queue_backend_of_suite;
/* Of the test that runs. */
extern ticker_queue *queue;
extern ticker_error queue_error;

void queue_ok(ticker_status status, const char *what);
void queue_fails(ticker_status status, ticker_status wanted, ticker_error_kind kind);
int64_t queue_now(void);

/* Several processes and threads at one queue, waiting, and being stopped. */
void queue_suite_add_many(TCase *group);

#endif
