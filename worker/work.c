#include "work.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events.h"
#include "listener.h"
#include "notify.h"
#include "signals.h"
#include "state.h"
#include "tend.h"
#include "text.h"
#include "url.h"

#define TICK_MS 1000
#define STATUS_MS 5000        /* how often systemd is told how it goes … */
#define STATUS_CHANGED_MS 500 /* … and when something changed, how often at most */
#define STOP_GRACE_MS 10000   /* for rolling back and giving back, after the time that files had */
#define STOP_EXTRA_MS 15000   /* the same and closing, as systemd is told */

typedef struct worker {
    front_console *console;
    const front_args *args;
    work_read read_again;
    int signals;
    worker_state state;
    events events;
    worker_url url;
    ticker_metrics *metrics;
    tend *tend;
    listener *listener;
    ticker_consumer *consumer;
    ticker_error *error; /* of the consumer's thread */
    pthread_t thread;
    bool running;
    atomic_bool ended;
    ticker_status status; /* what the consumer ended with */
    unsigned stops;       /* signals that asked for it */
    int64_t stop_ms;      /* how long files may go on then */
    int64_t watchdog_ms;  /* how often systemd wants to hear of it; 0: never */
    int64_t fed, told;    /* when that was done last, and when the status was told */
    size_t at_work;       /* files, when that was looked at last */
    bool changed;         /* the status would be another one now */
} worker;

static const char *option(const ticker_options *options, const char *name)
{
    const char *value = ticker_options_get(options, name);

    return value != NULL ? value : "";
}

/* --- systemd. */

static void read_watchdog(worker *self)
{
    const char *period = getenv("WATCHDOG_USEC"), *owner = getenv("WATCHDOG_PID");
    int64_t microseconds = 0, pid = 0;

    if (owner != NULL && (!front_parse_number(owner, 1, INT32_MAX, &pid) || pid != (int64_t)getpid()))
        return;
    if (period == NULL || !front_parse_number(period, 2000, INT64_MAX, &microseconds))
        return;
    self->watchdog_ms = microseconds / 1000;
    self->state.stuck_ms = self->watchdog_ms;
}

/* A thread that hangs is worth a restart: systemd hears nothing then, and does it. */
static void feed_watchdog(worker *self, int64_t now)
{
    if (self->watchdog_ms == 0 || now - self->fed < self->watchdog_ms / 2 || !state_is_live(&self->state))
        return;
    self->fed = now;
    (void)front_notify("WATCHDOG=1");
}

static void tell_status(worker *self, int64_t now)
{
    char text[STATE_TEXT_MAX], message[STATE_TEXT_MAX + 16];
    size_t at_work = ticker_consumer_files(self->consumer, NULL, NULL);

    self->changed = self->changed || at_work != self->at_work;
    self->at_work = at_work;
    if (now - self->told < (self->changed ? STATUS_CHANGED_MS : STATUS_MS))
        return;
    self->told = now;
    self->changed = false;
    (void)snprintf(message, sizeof message, "STATUS=%s", state_describe(&self->state, text));
    (void)front_notify(message);
}

static void notify_reloading(void)
{
    char text[64];

    (void)snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, state_clock() * 1000);
    (void)front_notify(text);
}

/* --- Signals. */

/* What the parts were made with stays until a restart. */
static void warn_of_fixed(worker *self, const ticker_options *before, const ticker_options *after)
{
    static const char *const fixed[] = {"redis-url", "cache-timeout", "cache-connect-timeout", "prometheus-url",
                                        "log-format"};

    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (strcmp(option(before, fixed[i]), option(after, fixed[i])) != 0)
            front_warning(self->console, "%s was changed; that needs a restart", fixed[i]);
}

static void read_stop_time(worker *self, const ticker_options *options)
{
    int64_t seconds = 0;

    if (front_parse_number(option(options, "stop-timeout"), 0, INT64_MAX / 1000, &seconds))
        self->stop_ms = seconds * 1000;
}

static void reload(worker *self, const ticker_options *before)
{
    ticker_options *after;

    notify_reloading();
    after = self->read_again(self->args, self->console);
    if (after != NULL) {
        ticker_error *error = ticker_error_new();

        if (ticker_consumer_reload(self->consumer, after, error) == TICKER_OK) {
            read_stop_time(self, after);
            front_note(self->console, "the configuration was read again");
            warn_of_fixed(self, before, after);
        } else {
            front_report(self->console, error, NULL);
            after = (ticker_options_free(after), NULL);
        }
        ticker_error_free(error);
    }
    if (after == NULL)
        front_warning(self->console, "the configuration stays as it was");
    ticker_options_free(after);
    (void)front_notify("READY=1");
}

static void stop(worker *self)
{
    int64_t allowed = self->stops == 0 ? self->stop_ms : 0;
    char text[96];

    if (self->stops > 1)
        _exit(FRONT_INTERRUPTED); /* whoever asks three times does not want to wait for a service */
    self->stops++;
    atomic_store(&self->state.stopping, true);
    self->state.stop_at = state_clock() + allowed;
    (void)snprintf(text, sizeof text, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRId64, (allowed + STOP_EXTRA_MS) * 1000);
    (void)front_notify(text);
    front_note(self->console, "%s", self->stops == 1 ? "stopping" : "stopping now: what runs is rolled back");
    ticker_consumer_stop(self->consumer, allowed);
    self->changed = true;
}

static void hear(worker *self, const ticker_options *options)
{
    worker_signal what;

    while ((what = worker_signals_next(self->signals)) != WORKER_NONE) {
        if (what == WORKER_STOP)
            stop(self);
        else if (self->stops == 0)
            reload(self, options);
    }
}

/* --- Running. */

static void *consume(void *payload)
{
    worker *self = payload;

    self->status = ticker_consumer_run(self->consumer, self->error);
    atomic_store(&self->ended, true);
    state_wake(&self->state);
    return NULL;
}

static int wait_time(const worker *self)
{
    int64_t time = self->changed ? STATUS_CHANGED_MS : TICK_MS;

    if (self->watchdog_ms > 0 && self->watchdog_ms / 4 < time)
        time = self->watchdog_ms / 4;
    return (int)time;
}

/* A service that does not answer must not keep a worker from its end. The database rolls back what the process leaves, and messages come
 * again when their time is over. */
static bool is_overdue(const worker *self)
{
    return self->stops > 0 && state_clock() > self->state.stop_at + STOP_GRACE_MS;
}

/* False: it does not end. */
static bool run_until_ended(worker *self, const ticker_options *options)
{
    struct pollfd wake[2] = {{.fd = self->signals, .events = POLLIN}, {.fd = self->state.wake, .events = POLLIN}};
    uint64_t count;

    while (!atomic_load(&self->ended)) {
        int64_t now = state_clock();

        feed_watchdog(self, now);
        tell_status(self, now);
        (void)poll(wake, 2, wait_time(self));
        if (read(self->state.wake, &count, sizeof count) > 0)
            self->changed = true;
        hear(self, options);
        if (is_overdue(self) && !atomic_load(&self->ended))
            return false;
    }
    return true;
}

static front_exit result_of(const worker *self)
{
    switch (self->status) {
    case TICKER_OK:
        return FRONT_OK;
    case TICKER_WARN:
        return FRONT_FAILED;
    case TICKER_RETRY:
        return self->stops > 0 ? FRONT_OK : FRONT_UNREACHABLE;
    default:
        return front_exit_of(self->error);
    }
}

static front_exit run(worker *self, const ticker_options *options)
{
    self->running = pthread_create(&self->thread, NULL, consume, self) == 0;
    if (!self->running) {
        front_error(self->console, "no thread could be started");
        return FRONT_FAILED;
    }
    /* A service that is away keeps it from its work, but is no reason for systemd to give it up. */
    (void)front_notify("READY=1");
    if (!run_until_ended(self, options)) {
        front_warning(self->console, "a service does not answer; what was at work comes again when its time is over");
        events_stop(&self->events);
        _exit(FRONT_OK);
    }
    (void)pthread_join(self->thread, NULL);
    if (self->stops == 0)
        (void)front_notify("STOPPING=1");
    if (self->status < TICKER_WARN || self->status == TICKER_RETRY)
        front_report(self->console, self->error, NULL);
    events_stop(&self->events);
    return result_of(self);
}

/* --- Parts. */

static front_exit open_consumer(worker *self, const ticker_options *options)
{
    const ticker_consumer_events table = events_table(&self->events);
    ticker_error *error = ticker_error_new();
    front_exit result = FRONT_OK;

    if (ticker_consumer_open(options, tend_cache(self->tend), self->metrics, &table, &self->consumer, error) !=
        TICKER_OK) {
        front_report(self->console, error, NULL);
        result = error != NULL ? front_exit_of(error) : FRONT_FAILED;
    }
    ticker_error_free(error);
    self->state.consumer = self->consumer;
    return result;
}

/* Where the listener is to be. A worker that ends by itself may run beside one that does not: it has one only when that was asked for. */
static const char *listener_url(const ticker_options *options)
{
    const char *url = option(options, "prometheus-url"), *word = option(options, "once");
    bool once = word[0] == 'y' || word[0] == 't' || word[0] == '1' ||
                strcmp(word, "on") == 0; /* the library has checked the word */

    for (size_t i = 0; once && i < ticker_option_count(); i++)
        if (strcmp(ticker_option_name(i), "prometheus-url") == 0 && strcmp(ticker_option_default(i), url) == 0)
            return "";
    return url;
}

static front_exit open_parts(worker *self, const ticker_options *options)
{
    const char *url = listener_url(options);
    front_exit result;

    if (!worker_url_read(url, &self->url)) {
        front_error(self->console,
                    "PROMETHEUS_URL: \"%s\" is no place for metrics; it is http://HOST:PORT/PATH or none:", url);
        return FRONT_USAGE;
    }
    self->error = ticker_error_new();
    self->metrics = ticker_metrics_new();
    if (self->error == NULL || self->metrics == NULL) {
        front_error(self->console, "out of memory");
        return FRONT_FAILED;
    }
    self->tend = tend_open(options, self->metrics, self->console, &result);
    if (result == FRONT_OK)
        result = open_consumer(self, options);
    if (result == FRONT_OK)
        self->listener = listener_open(&self->url, &self->state, self->metrics, self->console, &result);
    if (result == FRONT_OK && !tend_start(self->tend))
        result = FRONT_FAILED;
    return result;
}

static void close_parts(worker *self, front_exit result)
{
    listener_free(self->listener);
    ticker_consumer_free(self->consumer);
    if (!tend_free(self->tend))
        _exit((int)result);
    ticker_metrics_free(self->metrics);
    ticker_error_free(self->error);
}

front_exit work(const ticker_options *options, const front_args *args, work_read read_again, int signals,
                front_console *console)
{
    worker self;
    front_exit result;

    memset(&self, 0, sizeof self);
    self.console = console;
    self.args = args;
    self.read_again = read_again;
    self.signals = signals;
    self.events = (events){&self.state, console};
    if (!state_init(&self.state)) {
        front_error(console, "out of memory");
        return FRONT_FAILED;
    }
    read_stop_time(&self, options);
    read_watchdog(&self);
    result = open_parts(&self, options);
    if (result == FRONT_OK) {
        events_start(&self.events, options);
        result = run(&self, options);
    }
    close_parts(&self, result);
    state_end(&self.state);
    return result;
}
