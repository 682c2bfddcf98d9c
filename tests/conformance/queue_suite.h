/* What every queue must do, whichever it is. A backend's main program hands over its queue and runs this. */
#ifndef TI_TESTS_QUEUE_SUITE_H
#define TI_TESTS_QUEUE_SUITE_H

#include "base/error.h"
#include "queue/queue.h"
#include "unit/checked.h"

#define QUEUE_ATTEMPTS 3 /* after which a message is dead, in every queue of the suite */

typedef struct queue_backend {
    const char *name; /* what ticker_queue_backend() says */
    /* Before each test, in its process: makes an empty queue. After each test: removes it. */
    void (*set_up)(void);
    void (*tear_down)(void);
    /* Opens it, as often as wanted, also in other threads and in processes that the test forks. The test fails when that fails. */
    ticker_queue *(*open)(void);
    void (*close)(ticker_queue *queue);
    /* The queue keeps to more than every queue must: the order of messages, exact numbers, and that an old receipt is good for nothing. */
    bool exact;
    size_t many; /* messages of the test that drains */
} queue_backend;

/* The suite; `backend` must live as long as it runs. */
Suite *queue_suite(const queue_backend *backend);

/* --- For tests of one backend alone -------------------------------------------------------------------------------------------- */

void queue_suite_ok(ticker_status status, const ticker_error *error, const char *what);
void queue_suite_send(ticker_queue *queue, const char *body);
/* One message, waited for up to `wait` seconds; NULL: none came. */
ticker_message *queue_suite_receive(ticker_queue *queue, int wait, int visibility);
/* The same, but it must come. */
ticker_message *queue_suite_take(ticker_queue *queue, int visibility);
void queue_suite_sleep(int milliseconds);

#endif
