#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"
#include "text.h"

#define INTERVAL_MS 100
#define SMOOTHING_SECONDS 3.0 /* rates follow a change within about this time */
#define LINE_TEXT_MAX 2048
#define BAR_MIN 8
#define BAR_MAX 40

typedef struct slot {
    _Atomic uint64_t position, records;
    uint64_t member_records; /* of members of the same file that are done; the slot's own thread only */
    uint64_t last_records;
    char name[512]; /* under the console's lock; "" when idle */
} slot;

struct front_progress {
    front_console *console;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool stopping;
    size_t slots, files, files_begun;
    int64_t bytes;
    uint64_t done_bytes, done_records; /* of ended files; under the console's lock */
    uint64_t drawn;                    /* microseconds of the monotonic clock */
    double byte_rate, record_rate;
    uint64_t last_bytes, last_records;
    slot slot[FRONT_PROGRESS_SLOTS_MAX];
};

front_progress_when front_progress_word(const char *word)
{
    if (word != NULL && strcmp(word, "always") == 0)
        return FRONT_PROGRESS_ALWAYS;
    if (word != NULL && strcmp(word, "never") == 0)
        return FRONT_PROGRESS_NEVER;
    return FRONT_PROGRESS_AUTO;
}

static uint64_t now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static size_t terminal_columns(void)
{
    struct winsize size;
    const char *text = getenv("COLUMNS");
    int64_t columns;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return text != NULL && front_parse_number(text, 1, 1000, &columns) ? (size_t)columns : 80;
}

static void measure(front_progress *progress, uint64_t bytes, uint64_t records, uint64_t time)
{
    double seconds = (double)(time - progress->drawn) / 1e6, weight = seconds / (seconds + SMOOTHING_SECONDS);
    bool first = progress->last_bytes == 0 && progress->last_records == 0;

    if (seconds <= 0)
        return;
    if (first)
        weight = 1;
    progress->byte_rate += weight * ((double)(bytes - progress->last_bytes) / seconds - progress->byte_rate);
    progress->record_rate += weight * ((double)(records - progress->last_records) / seconds - progress->record_rate);
    progress->last_bytes = bytes;
    progress->last_records = records;
    progress->drawn = time;
}

/* "62%  12.3 MB/s  1,234,567 records/s  0:12 left" */
static void tell(const front_progress *progress, uint64_t bytes, unsigned percent, char *text, size_t size)
{
    char rate[FRONT_NUMBER_MAX], count[FRONT_NUMBER_MAX],
        records[FRONT_NUMBER_MAX + 16] = "", left[FRONT_NUMBER_MAX + 8] = "", amount[FRONT_NUMBER_MAX + 8] = "";
    uint64_t seconds;

    (void)front_text_bytes((uint64_t)progress->byte_rate, rate);
    (void)front_text_count((int64_t)progress->record_rate, count);
    if (progress->bytes < 0) {
        (void)front_text_bytes(bytes, amount);
    } else {
        (void)snprintf(amount, sizeof amount, "%3u%%", percent);
        if (front_interrupted()) {
            (void)snprintf(left, sizeof left, "  stopping");
        } else if (bytes >= (uint64_t)progress->bytes) {
            (void)snprintf(left, sizeof left, "  finishing");
        } else if (progress->byte_rate >= 1) {
            seconds = (uint64_t)((double)((uint64_t)progress->bytes - bytes) / progress->byte_rate);
            if (seconds < 360000)
                (void)snprintf(left, sizeof left, "  %" PRIu64 ":%02" PRIu64 " left", seconds / 60, seconds % 60);
        }
    }
    /* An upload has none. */
    if (progress->last_records > 0)
        (void)snprintf(records, sizeof records, "  %s records/s", count);
    (void)snprintf(text, size, "%s  %s/s%s%s", amount, rate, records, left);
}

/* What is being read: one name, or how many of how many. */
static void title(front_progress *progress, char *text, size_t size)
{
    const char *name = "";
    size_t busy = 0;

    for (size_t i = 0; i < progress->slots; i++) {
        if (progress->slot[i].name[0] == '\0')
            continue;
        busy++;
        name = progress->slot[i].name;
    }
    if (progress->files > 1 && busy == 1)
        (void)snprintf(text, size, "%zu/%zu %s", progress->files_begun, progress->files, name);
    else if (progress->files > 1)
        (void)snprintf(text, size, "%zu/%zu files", progress->files_begun, progress->files);
    else
        (void)snprintf(text, size, "%s", name);
}

static void compose(front_progress *progress, uint64_t bytes, size_t columns, char *line, size_t size)
{
    char name[640], cut[640], facts[160], bar[BAR_MAX + 1];
    unsigned percent = 100;
    size_t room, name_room, width, filled;
    const char *shown;

    if (progress->bytes > 0 && bytes < (uint64_t)progress->bytes)
        percent = (unsigned)(bytes * 100 / (uint64_t)progress->bytes);
    tell(progress, bytes, percent, facts, sizeof facts);
    title(progress, name, sizeof name);
    room = columns > strlen(facts) + 2 ? columns - strlen(facts) - 2 : 0; /* for name, bar and their blanks */
    name_room = progress->bytes >= 0 && room > BAR_MIN + 4 ? room - BAR_MIN - 4 : room;
    shown = name_room >= 4 ? front_text_tail(name, name_room, cut, sizeof cut) : "";
    width = room > front_text_width(shown) + 4 ? room - front_text_width(shown) - 4 : 0;
    if (width > BAR_MAX)
        width = BAR_MAX;
    if (progress->bytes < 0 || width < BAR_MIN) {
        (void)snprintf(line, size, "%s%s%s", shown, shown[0] != '\0' ? "  " : "", facts);
        return;
    }
    filled = width * percent / 100;
    memset(bar, '.', width);
    memset(bar, '=', filled);
    if (filled > 0 && filled < width)
        bar[filled - 1] = '>';
    bar[width] = '\0';
    (void)snprintf(line, size, "%s [%s] %s", shown, bar, facts);
}

static void draw(front_progress *progress)
{
    char line[LINE_TEXT_MAX];
    size_t columns = terminal_columns();
    uint64_t bytes, records;

    (void)pthread_mutex_lock(&progress->console->lock);
    bytes = progress->done_bytes;
    records = progress->done_records;
    for (size_t i = 0; i < progress->slots; i++) {
        bytes += atomic_load(&progress->slot[i].position);
        records += atomic_load(&progress->slot[i].records);
    }
    /* A file that is tried again starts anew: do not show rates below nothing. */
    if (bytes < progress->last_bytes)
        bytes = progress->last_bytes;
    if (records < progress->last_records)
        records = progress->last_records;
    measure(progress, bytes, records, now());
    compose(progress, bytes, columns > 1 ? columns - 1 : 1, line, sizeof line);
    /* Too narrow for even the figures: what fits of them. They are plain ASCII then. */
    if (front_text_width(line) >= columns)
        line[columns > 1 ? columns - 1 : 0] = '\0';
    (void)fprintf(stderr, "\r%s\033[K", line);
    (void)fflush(stderr);
    progress->console->bar = true;
    (void)pthread_mutex_unlock(&progress->console->lock);
}

static void *run(void *payload)
{
    front_progress *progress = payload;
    struct timespec until;

    (void)pthread_mutex_lock(&progress->lock);
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    while (!progress->stopping) {
        until.tv_nsec += INTERVAL_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        while (!progress->stopping && pthread_cond_timedwait(&progress->stop, &progress->lock, &until) == 0)
            continue;
        if (progress->stopping)
            break;
        (void)pthread_mutex_unlock(&progress->lock);
        draw(progress);
        (void)pthread_mutex_lock(&progress->lock);
        (void)clock_gettime(CLOCK_MONOTONIC, &until); /* a slow terminal is not caught up with */
    }
    (void)pthread_mutex_unlock(&progress->lock);
    return NULL;
}

/* Signals are for the threads that work. */
static bool start_thread(front_progress *progress)
{
    pthread_condattr_t attributes;
    sigset_t all, before;
    bool started;

    (void)pthread_mutex_init(&progress->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&progress->stop, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&progress->thread, NULL, run, progress) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

front_progress *front_progress_new(front_console *console, front_progress_when when, size_t slots, size_t files,
                                   int64_t bytes)
{
    front_progress *progress;

    if (when == FRONT_PROGRESS_NEVER || (when == FRONT_PROGRESS_AUTO && (!console->terminal || console->quiet)))
        return NULL;
    progress = calloc(1, sizeof *progress);
    if (progress == NULL)
        return NULL;
    progress->console = console;
    progress->slots = slots < FRONT_PROGRESS_SLOTS_MAX ? slots : FRONT_PROGRESS_SLOTS_MAX;
    progress->files = files;
    progress->bytes = bytes;
    progress->drawn = now();
    if (!start_thread(progress)) {
        free(progress);
        return NULL;
    }
    return progress;
}

void front_progress_free(front_progress *progress)
{
    if (progress == NULL)
        return;
    (void)pthread_mutex_lock(&progress->lock);
    progress->stopping = true;
    (void)pthread_cond_signal(&progress->stop);
    (void)pthread_mutex_unlock(&progress->lock);
    (void)pthread_join(progress->thread, NULL);
    (void)pthread_cond_destroy(&progress->stop);
    (void)pthread_mutex_destroy(&progress->lock);
    front_console_lock(progress->console);
    front_console_unlock(progress->console);
    free(progress);
}

void front_progress_begin(front_progress *progress, size_t index, const char *name)
{
    const char *base;

    if (progress == NULL || index >= progress->slots)
        return;
    base = strrchr(name, '/');
    (void)pthread_mutex_lock(&progress->console->lock);
    (void)front_text_clean(base != NULL && base[1] != '\0' ? base + 1 : name, progress->slot[index].name,
                           sizeof progress->slot[index].name);
    progress->files_begun++;
    (void)pthread_mutex_unlock(&progress->console->lock);
}

void front_progress_update(front_progress *progress, size_t index, uint64_t position, uint64_t records)
{
    slot *at;

    if (progress == NULL || index >= progress->slots)
        return;
    at = &progress->slot[index];
    /* An archive's members count from 0 each. */
    if (records < at->last_records)
        at->member_records += at->last_records;
    at->last_records = records;
    atomic_store(&at->position, position);
    atomic_store(&at->records, at->member_records + records);
}

void front_progress_end(front_progress *progress, size_t index, int64_t bytes)
{
    slot *at;

    if (progress == NULL || index >= progress->slots)
        return;
    at = &progress->slot[index];
    (void)pthread_mutex_lock(&progress->console->lock);
    /* The file counts as a whole, also when it was refused in its first line. */
    progress->done_bytes += bytes >= 0 ? (uint64_t)bytes : atomic_load(&at->position);
    progress->done_records += atomic_load(&at->records);
    atomic_store(&at->position, 0);
    atomic_store(&at->records, 0);
    at->member_records = at->last_records = 0;
    at->name[0] = '\0';
    (void)pthread_mutex_unlock(&progress->console->lock);
}
