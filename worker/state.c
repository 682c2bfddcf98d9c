#include "state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

#define NAMES_SHOWN 4
#define NAME_COLUMNS 40

int64_t state_clock(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool state_init(worker_state *self)
{
    memset(self, 0, sizeof *self);
    self->stuck_ms = STATE_STUCK_MS;
    self->began = self->sampled = state_clock();
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return self->wake >= 0 && pthread_mutex_init(&self->lock, NULL) == 0;
}

void state_end(worker_state *self)
{
    if (self->wake < 0)
        return;
    (void)close(self->wake);
    (void)pthread_mutex_destroy(&self->lock);
}

void state_wake(worker_state *self)
{
    static const uint64_t one = 1;

    /* When it is full it is readable anyway. */
    if (write(self->wake, &one, sizeof one) < 0)
        return;
}

int64_t state_trouble(worker_state *self, const char *reason)
{
    int64_t now = state_clock(), lasted;

    (void)pthread_mutex_lock(&self->lock);
    lasted = self->trouble[0] != '\0' ? now - self->trouble_began : 0;
    if (self->trouble[0] == '\0')
        self->trouble_began = now;
    (void)front_text_clean(reason != NULL ? reason : "", self->trouble, sizeof self->trouble);
    (void)pthread_mutex_unlock(&self->lock);
    state_wake(self);
    return lasted;
}

bool state_is_stopping(worker_state *self)
{
    return atomic_load(&self->stopping);
}

bool state_is_live(worker_state *self)
{
    return ticker_consumer_idle_ms(self->consumer) <= self->stuck_ms;
}

bool state_is_ready(worker_state *self)
{
    return !state_is_stopping(self) && ticker_consumer_is_ready(self->consumer);
}

/* --- The line. */

typedef struct line {
    char *text;
    size_t used, shown, hidden;
    int64_t records;
} line;

static void add(line *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(line *to, const char *format, ...)
{
    size_t room = STATE_TEXT_MAX - to->used;
    va_list list;
    int size;

    va_start(list, format);
    size = vsnprintf(to->text + to->used, room, format, list);
    va_end(list);
    if (size > 0)
        to->used += (size_t)size < room ? (size_t)size : room - 1;
}

static void add_file(void *payload, const char *name, int64_t import_id, uint64_t position, int64_t bytes,
                     uint64_t records, int64_t milliseconds)
{
    line *to = payload;
    char clean[TICKER_NAME_MAX], cut[TICKER_NAME_MAX + 8];

    (void)import_id;
    (void)milliseconds;
    to->records += records < INT64_MAX ? (int64_t)records : 0;
    if (to->shown == NAMES_SHOWN) {
        to->hidden++;
        return;
    }
    (void)front_text_clean(name, clean, sizeof clean);
    add(to, "%s%s", to->shown++ > 0 ? ", " : " ", front_text_tail(clean, NAME_COLUMNS, cut, sizeof cut));
    if (bytes > 0 && position <= (uint64_t)bytes)
        add(to, " %" PRIu64 " %%", position / ((uint64_t)bytes / 100 + 1));
}

/* "950", "3.1 k", "2.1 M" */
static const char *short_count(int64_t value, char text[FRONT_NUMBER_MAX])
{
    if (value >= 1000000)
        (void)snprintf(text, FRONT_NUMBER_MAX, "%" PRId64 ".%" PRId64 " M", value / 1000000, value / 100000 % 10);
    else if (value >= 1000)
        (void)snprintf(text, FRONT_NUMBER_MAX, "%" PRId64 ".%" PRId64 " k", value / 1000, value / 100 % 10);
    else
        (void)snprintf(text, FRONT_NUMBER_MAX, "%" PRId64, value);
    return text;
}

/* Rows a minute over the last one, by samples of what was read. */
static int64_t rate(worker_state *self, int64_t total)
{
    int64_t now = state_clock(), span, rows;

    if (self->sample_count == 0 || now - self->sampled >= STATE_SAMPLE_MS) {
        if (self->sample_count == STATE_SAMPLES)
            memmove(self->samples, self->samples + 1, sizeof self->samples[0] * --self->sample_count);
        self->samples[self->sample_count++] = total;
        self->sampled = now;
    }
    span = (int64_t)(self->sample_count - 1) * STATE_SAMPLE_MS + (now - self->sampled);
    rows = total - self->samples[0];
    return span > 0 && rows > 0 && rows < INT64_MAX / 60000 ? rows * 60000 / span : 0;
}

static void add_trouble(worker_state *self, line *to)
{
    (void)pthread_mutex_lock(&self->lock);
    if (self->trouble[0] != '\0')
        add(to, "waiting for a service: %s; ", self->trouble);
    (void)pthread_mutex_unlock(&self->lock);
}

const char *state_describe(worker_state *self, char text[STATE_TEXT_MAX])
{
    char number[FRONT_NUMBER_MAX], names[STATE_TEXT_MAX] = "";
    line to = {text, 0, 0, 0, 0}, files = {names, 0, 0, 0, 0};
    size_t count = ticker_consumer_files(self->consumer, add_file, &files);
    int64_t left = self->stop_at - state_clock();

    text[0] = '\0';
    if (state_is_stopping(self))
        add(&to, "stopping, %" PRId64 " s left; ", left > 0 ? (left + 999) / 1000 : 0);
    else
        add_trouble(self, &to);
    if (count > 0)
        add(&to, "importing %zu:%s", count, names);
    else if (to.used == 0)
        add(&to, ticker_consumer_is_ready(self->consumer) ? "waiting for files" : "starting");
    else
        add(&to, "nothing at work");
    if (files.hidden > 0)
        add(&to, " and %zu more", files.hidden);
    add(&to, "; %" PRId64 " files", (int64_t)atomic_load(&self->files));
    if (atomic_load(&self->failed) > 0)
        add(&to, " (%" PRId64 " failed)", (int64_t)atomic_load(&self->failed));
    add(&to, ", %s rows/min", short_count(rate(self, (int64_t)atomic_load(&self->rows) + files.records), number));
    return text;
}
