/* A worker of one's own: imports whatever a queue tells of, and does something with each file that came in.
 *
 *   cc -o 09_own_worker 09_own_worker.c $(pkg-config --cflags --libs tickerimport) -pthread
 *   QUEUE_URL=sqs:files STORAGE_URL=s3://my-bucket DATABASE_URL=postgres://localhost/b3 ./09_own_worker
 *   ./09_own_worker once
 *
 * With nothing set in the environment it works on the queue that ticker-server and "ticker-cli upload" put messages into. SIGINT and
 * SIGTERM end it: what runs has ten seconds to end, at the second signal none. "once" ends it when the queue is empty.
 * Shows: a consumer, its events, stopping it from another thread, and options from the environment. */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport.h>

#define STOP_MS 10000

typedef struct worker {
    ticker_consumer *consumer;
    sigset_t signals;
    int64_t rows; /* changed by events only, of which there is one at a time */
} worker;

/* Here a program of yours would tell others that there are new quotes. */
static void on_file(void *payload, const ticker_report *report)
{
    worker *self = payload;

    self->rows += ticker_report_integer(report, TICKER_REPORT_IMPORTED);
    printf("%s: %s, %" PRId64 " rows\n", ticker_report_text(report, TICKER_REPORT_FILE),
           ticker_report_text(report, TICKER_REPORT_STATUS), ticker_report_integer(report, TICKER_REPORT_IMPORTED));
}

static void print_error(const char *what, const ticker_error *error)
{
    char line[2 * TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX];

    (void)ticker_error_format(error, line, sizeof line);
    fprintf(stderr, "09_own_worker: %s: %s\n", what, line);
}

static void on_message(void *payload, const ticker_message *message, ticker_consumed what, const ticker_error *why,
                       int64_t microseconds)
{
    (void)payload;
    (void)microseconds;
    if (what == TICKER_CONSUMED_DEAD)
        print_error("a dead letter", why);
    else if (what == TICKER_CONSUMED_RETRIED)
        fprintf(stderr, "09_own_worker: message %s comes again, attempt %" PRId64 " failed\n",
                ticker_message_id(message), ticker_message_attempts(message));
}

static void on_trouble(void *payload, const ticker_error *why, int64_t pause_ms)
{
    (void)payload;
    (void)pause_ms;
    if (why != NULL)
        print_error("waiting", why);
    else
        fprintf(stderr, "09_own_worker: all is well again\n");
}

/* A thread that waits for signals, for no function of the library may be called by a handler. */
static void *wait_for_signals(void *payload)
{
    worker *self = payload;
    int64_t left = STOP_MS;
    int signal_number;

    while (sigwait(&self->signals, &signal_number) == 0 && signal_number != SIGUSR1) {
        ticker_consumer_stop(self->consumer, left);
        left = 0;
    }
    return NULL;
}

static ticker_status run(worker *self, ticker_error *error)
{
    pthread_t waiter;
    ticker_status status;

    (void)sigemptyset(&self->signals);
    (void)sigaddset(&self->signals, SIGINT);
    (void)sigaddset(&self->signals, SIGTERM);
    (void)sigaddset(&self->signals, SIGUSR1); /* ends the thread */
    (void)pthread_sigmask(SIG_BLOCK, &self->signals, NULL);
    if (pthread_create(&waiter, NULL, wait_for_signals, self) != 0)
        return ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "there is no thread for signals");
    status = ticker_consumer_run(self->consumer, error);
    (void)pthread_kill(waiter, SIGUSR1);
    (void)pthread_join(waiter, NULL);
    return status;
}

/* DATABASE_URL, QUEUE_URL and whatever else the library knows. */
static ticker_status read_environment(ticker_options *options, ticker_error *error)
{
    for (size_t i = 0; i < ticker_option_count(); i++) {
        const char *variable = ticker_option_environment(i), *value = variable != NULL ? getenv(variable) : NULL;
        ticker_status status = TICKER_OK;

        if (value != NULL)
            status = ticker_options_set(options, ticker_option_name(i), value, error);
        if (status != TICKER_OK)
            return status;
    }
    return TICKER_OK;
}

int main(int argc, char **argv)
{
    worker self = {.rows = 0};
    const ticker_consumer_events events = {
        .size = sizeof events, .payload = &self, .file = on_file, .message = on_message, .trouble = on_trouble};
    ticker_error *error = ticker_error_new();
    ticker_options *options = ticker_options_new();
    ticker_status status;

    if (argc > 2 || (argc == 2 && strcmp(argv[1], "once") != 0)) {
        fprintf(stderr, "usage: 09_own_worker [once]\n");
        ticker_options_free(options);
        ticker_error_free(error);
        return 2;
    }
    status = options != NULL ? read_environment(options, error) : TICKER_FATAL;
    if (status == TICKER_OK && argc == 2)
        status = ticker_options_set(options, "once", "yes", error);
    if (status == TICKER_OK)
        status = ticker_consumer_open(options, NULL, NULL, &events, &self.consumer, error);
    if (status == TICKER_OK)
        status = run(&self, error);
    if (ticker_error_get_kind(error) != TICKER_ERROR_NONE)
        print_error("ended", error);
    printf("%" PRId64 " rows\n", self.rows);
    ticker_consumer_free(self.consumer);
    ticker_options_free(options);
    ticker_error_free(error);
    return status == TICKER_OK ? 0 : 1;
}
