/* A consumer of the library in a thread of the server, which says what it hears. */
#include "importer.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server.h"
#include "text.h"
#include "wake.h"

#define DATABASE_QUEUE "database:"
#define AGAIN_SECONDS 10 /* after what seemed hopeless: somebody may mend it meanwhile */

struct importer {
    importer_setup setup;
    ticker_options *options; /* the server's, for one file at once */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t wake;
    ticker_consumer *consumer;
    bool stopping;
};

/* --- What it hears. */

static void on_file(void *payload, const ticker_report *report)
{
    const importer *self = payload;
    const char *status = ticker_report_text(report, TICKER_REPORT_STATUS);
    char name[TICKER_NAME_MAX], rows[FRONT_NUMBER_MAX];

    (void)front_text_clean(ticker_report_text(report, TICKER_REPORT_FILE), name, sizeof name);
    if (strcmp(status, "failed") == 0) /* when the message is settled, it is said louder */
        front_detail(self->setup.console, "%s: failed: %s", name, ticker_report_text(report, TICKER_REPORT_ERROR));
    else
        front_note(self->setup.console, "%s: %s, %s rows", name, status,
                   front_text_count(ticker_report_integer(report, TICKER_REPORT_IMPORTED), rows));
}

static void on_message(void *payload, const ticker_message *message, ticker_consumed what, const ticker_error *why,
                       int64_t microseconds)
{
    const importer *self = payload;
    char reason[FRONT_MESSAGE_MAX];

    (void)microseconds;
    if (ticker_error_get_kind(why) == TICKER_ERROR_NONE || what == TICKER_CONSUMED_RELEASED)
        return;
    (void)ticker_error_format(why, reason, sizeof reason);
    front_warning(self->setup.console, "importer: message %s, attempt %" PRId64 ": %s", ticker_message_id(message),
                  ticker_message_attempts(message), reason);
}

static void on_trouble(void *payload, const ticker_error *why, int64_t pause)
{
    const importer *self = payload;

    (void)pause;
    if (why != NULL)
        front_report(self->setup.console, why, "importer");
    else
        front_note(self->setup.console, "importer: all is well again");
}

static void on_left(void *payload, int64_t id)
{
    const importer *self = payload;

    front_note(self->setup.console, "importer: upload %" PRId64 " was left behind", id);
}

/* --- The thread. */

/* Another consumer takes the place of one that ended. NULL: it was said why, or the server stops. */
static ticker_consumer *open_consumer(importer *self)
{
    const ticker_consumer_events events = {.size = sizeof events,
                                           .payload = self,
                                           .file = on_file,
                                           .message = on_message,
                                           .trouble = on_trouble,
                                           .left = on_left};
    ticker_error *error = ticker_error_new();
    ticker_consumer *made = NULL;

    if (ticker_consumer_open(self->options, self->setup.cache, self->setup.metrics, &events, &made, error) != TICKER_OK)
        front_report(self->setup.console, error, "importer");
    ticker_error_free(error);
    (void)pthread_mutex_lock(&self->lock);
    self->consumer = made;
    if (made != NULL && self->stopping)
        ticker_consumer_stop(made, 0);
    (void)pthread_mutex_unlock(&self->lock);
    return made;
}

/* False: the server stops. */
static bool pause_for(importer *self, int seconds)
{
    struct timespec until;
    bool stopping;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    (void)pthread_mutex_lock(&self->lock);
    while (!self->stopping && pthread_cond_timedwait(&self->wake, &self->lock, &until) == 0)
        ;
    stopping = self->stopping;
    (void)pthread_mutex_unlock(&self->lock);
    return !stopping;
}

static void *run(void *argument)
{
    importer *self = argument;

    do {
        ticker_consumer *consumer = open_consumer(self);
        ticker_error *error = ticker_error_new();

        if (consumer != NULL && ticker_consumer_run(consumer, error) != TICKER_OK)
            front_report(self->setup.console, error, "importer");
        (void)pthread_mutex_lock(&self->lock);
        self->consumer = NULL;
        (void)pthread_mutex_unlock(&self->lock);
        ticker_consumer_free(consumer);
        ticker_error_free(error);
    } while (pause_for(self, AGAIN_SECONDS));
    return NULL;
}

/* --- Starting and stopping. */

bool importer_wanted(const ticker_options *options)
{
    const char *queue = ticker_options_get(options, "queue-url");

    return queue != NULL && strcmp(queue, DATABASE_QUEUE) == 0 && server_option_is_yes(options, "importer");
}

/* One file at once: the server has other things to do. */
static ticker_options *own_options(const ticker_options *options)
{
    ticker_options *made = ticker_options_copy(options);

    if (made != NULL && ticker_options_set(made, "concurrency", "1", NULL) == TICKER_OK &&
        ticker_options_set(made, "once", "no", NULL) == TICKER_OK)
        return made;
    ticker_options_free(made);
    return NULL;
}

static void end(importer *self)
{
    front_wake_end(&self->lock, &self->wake);
    ticker_options_free(self->options);
    free(self);
}

importer *importer_start(const importer_setup *setup)
{
    importer *self = calloc(1, sizeof *self);

    if (self != NULL)
        self->options = own_options(setup->options);
    if (self == NULL || self->options == NULL || !front_wake_init(&self->lock, &self->wake)) {
        front_error(setup->console, "out of memory");
        if (self != NULL)
            ticker_options_free(self->options);
        free(self);
        return NULL;
    }
    self->setup = *setup;
    if (pthread_create(&self->thread, NULL, run, self) == 0)
        return self;
    front_error(setup->console, "there is no thread for the importer");
    end(self);
    return NULL;
}

void importer_stop(importer *self)
{
    if (self == NULL)
        return;
    (void)pthread_mutex_lock(&self->lock);
    self->stopping = true;
    if (self->consumer != NULL)
        ticker_consumer_stop(self->consumer, 0);
    (void)pthread_cond_broadcast(&self->wake);
    (void)pthread_mutex_unlock(&self->lock);
    (void)pthread_join(self->thread, NULL);
    end(self);
}
