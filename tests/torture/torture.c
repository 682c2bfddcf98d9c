/* Whole imports, and a stored upload, of which one call after the other fails: an allocation, a read, a statement, a write, the
 * connection. Whatever fails, the import says so with the right status and a text, or goes on all the same; the database is as before
 * or has all of a file, with its ledger row; nothing is left behind; and afterwards the same import succeeds.
 *
 * torture sqlite|postgres. Some calls of each kind fail, spread over all of them; with TICKER_TEST_TORTURE=all each one does. */
#include <config.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tickerimport.h>

#include "base/buffer.h"
#include "faults.h"
#include "scenarios.h"
#include "scene.h"

#define FEW 6         /* calls of each kind that fail, when not all do */
#define REPEATED 3    /* one in so many of these imports is tried again, when not all are */
#define STATES_MAX 8  /* of one import */
#define FAULTS_MAX 60 /* shown */
#define PATIENCE 100  /* seconds that an import may take, on a machine that does much else */
#define SKIPPED 77    /* as automake understands it */

static const scene *on;
static bool all;
static unsigned long few;
static unsigned wrong;
static unsigned long faults; /* of all scenarios */

void broken(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(2);
}

/* --- One import ----------------------------------------------------------------------------------------------------------------- */

typedef struct told {
    ti_buffer *states; /* NULL: nobody wants them */
    size_t count;
    ti_buffer *bytes; /* of the input, as a pipe has them */
    size_t at;
} told;

static ticker_status read_pipe(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    told *from = self;
    size_t count = from->bytes->size - from->at;

    (void)error;
    count = count < 700 ? count : 700;
    count = count < capacity ? count : capacity;
    if (count == 0)
        return TICKER_DONE;
    memcpy(buffer, from->bytes->data + from->at, count);
    from->at += count;
    *got = count;
    return TICKER_OK;
}

static void describe(ti_buffer *text)
{
    ti_buffer_init(text, TEXT_MAX);
    on->describe(text);
    if (ti_buffer_string(text) == NULL)
        broken("the database", "is too large to be described");
}

/* After a member: what is in now. */
static void keep_state(const ticker_report *report, void *payload)
{
    told *self = payload;

    (void)report;
    if (self->states != NULL && self->count < STATES_MAX)
        describe(&self->states[self->count++]);
}

static ticker_status open_source(const scenario *what, const char *path, told *self, ticker_source **source,
                                 ticker_error *error)
{
    static const ticker_source_ops ops = {sizeof(ops), read_pipe, NULL};

    if (!what->pipe)
        return ticker_source_open_file(path, source, error);
    *source = ticker_source_new(&ops, self, "pipe", -1);
    return *source != NULL ? TICKER_OK
                           : ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "no memory for the source");
}

/* The database is opened unless it is, the file imported. The store is left to be closed. */
static ticker_status import_into(ticker_store **store, const scenario *what, const char *path, ti_buffer *bytes,
                                 ticker_options *options, told *self, ticker_error *error)
{
    ticker_import_events events = {.size = sizeof(events), .report = keep_state, .payload = self};
    ticker_source *source = NULL;
    ticker_status status = *store == NULL ? ticker_store_open(options, store, error) : TICKER_OK;

    self->bytes = bytes;
    self->at = 0;
    if (status == TICKER_OK && what->way != WAY_USUAL)
        on->tune(*store, what->way);
    if (status == TICKER_OK)
        status = open_source(what, path, self, &source, error);
    if (status == TICKER_OK)
        status = ticker_import_source(*store, source, NULL, &events, error);
    return status;
}

static ticker_status import(const scenario *what, const char *path, ti_buffer *bytes, ticker_options *options,
                            told *self, ticker_error *error)
{
    ticker_store *store = NULL;
    ticker_status status = import_into(&store, what, path, bytes, options, self, error);

    ticker_store_free(store);
    return status;
}

/* --- What is left behind -------------------------------------------------------------------------------------------------------- */

static int open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    if (folder == NULL)
        return 0;
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

/* --- Each call in turn ---------------------------------------------------------------------------------------------------------- */

typedef struct torment {
    const scenario *what;
    fault kind;
    bool lasting;
    unsigned long at, tried, survived;
    ti_buffer bytes;
    char path[64];
    ticker_options *options;
    ticker_error *error;
    bool dirty;                   /* the database is not as it was before */
    ti_buffer states[STATES_MAX]; /* [0]: before; the last one: all is in */
    size_t count;
    int files;
} torment;

static void complain(const torment *now, ticker_status status, const char *why)
{
    char text[1200];

    (void)ticker_error_format(now->error, text, sizeof(text));
    if (wrong++ < FAULTS_MAX)
        printf("# %s, %s, %s%s, call %lu: %s; the import said %s: %s\n", on->name, now->what->name,
               fault_names[now->kind], now->lasting ? " from there on" : "", now->at, why, ticker_status_name(status),
               text);
}

static bool is_state(const torment *now, const ti_buffer *state, size_t from)
{
    for (size_t i = from; i < now->count; i++)
        if (strcmp(state->data, now->states[i].data) == 0)
            return true;
    return false;
}

static void reset(torment *now)
{
    if (now->dirty)
        on->reset();
    now->dirty = false;
}

/* What the database has is what it had after one of the members. */
static void check_state(torment *now, ticker_status status, bool whole, const char *why)
{
    ti_buffer state;

    describe(&state);
    now->dirty = strcmp(state.data, now->states[0].data) != 0;
    if (!is_state(now, &state, whole ? now->count - 1 : 0)) {
        complain(now, status, why);
        if (getenv("TICKER_TEST_TORTURE_SHOW") != NULL)
            printf("has:\n%s\nbefore:\n%s\nwanted:\n%s\n", state.data, now->states[0].data,
                   now->states[now->count - 1].data);
    }
    ti_buffer_free(&state);
}

/* Whoever is cut off cannot clear up; the next import does. */
static void check_leftovers(torment *now, ticker_status status, bool cut_off)
{
    bool any = on->leftovers != NULL && on->leftovers();

    now->dirty |= any;
    if (any && !cut_off)
        complain(now, status, "a table is left");
}

static void check_status(torment *now, ticker_status status)
{
    ticker_error_kind kind = ticker_error_get_kind(now->error);
    const char *message = ticker_error_message(now->error);

    if (status == now->what->status)
        return;
    if (status != TICKER_RETRY && status != TICKER_FATAL)
        complain(now, status, "a wrong status");
    else if (message[0] == '\0' || kind == TICKER_ERROR_NONE)
        complain(now, status, "there is no reason");
    else if (now->kind == FAULT_MEMORY && (status != TICKER_FATAL || kind != TICKER_ERROR_MEMORY))
        complain(now, status, "this was memory");
    else if (status == TICKER_FATAL && kind != TICKER_ERROR_MEMORY)
        complain(now, status, "this may succeed later");
    else if (kind == TICKER_ERROR_INTERNAL || kind == TICKER_ERROR_USAGE || kind == TICKER_ERROR_INPUT)
        complain(now, status, "a wrong kind");
}

static char at_work[300];

static void hangs(int number)
{
    (void)number;
    faults_end();
    if (write(STDERR_FILENO, at_work, strlen(at_work)) > 0)
        abort();
    _exit(1);
}

/* Once with the fault; how many calls there were. `store` is kept for another import, when it could be opened. */
static unsigned long attempt(torment *now, ticker_store **store, ticker_status *status)
{
    told self = {0};

    *store = NULL;
    ticker_error_clear(now->error);
    (void)snprintf(at_work, sizeof(at_work), "%s, %s, %s, call %lu: it hangs\n", on->name, now->what->name,
                   fault_names[now->kind], now->at);
    (void)alarm(PATIENCE);
    faults_begin(now->kind, now->at, now->lasting);
    *status = import_into(store, now->what, now->path, &now->bytes, now->options, &self, now->error);
    (void)alarm(0);
    return faults_end();
}

/* What was left is a leak when it is left once more: libraries keep some things for the next time. What other libraries lose when they
 * are short of memory themselves is theirs (libcrypto 3.0 loses a little in one of some five thousand places). */
static void check_left(torment *now, ticker_status status, long before)
{
    if (open_files() != now->files)
        complain(now, status, "a file stays open");
    for (int again = 0; again < 3 && now->kind != FAULT_OTHERS && live_allocations() > before; again++) {
        ticker_store *store;
        ticker_status repeated;

        now->dirty = true;
        reset(now);
        before = live_allocations();
        (void)attempt(now, &store, &repeated);
        ticker_store_free(store);
        now->dirty = true;
        if (again == 2 && live_allocations() > before)
            complain(now, status, "memory is left");
    }
}

/* With the store that saw the fault (which may have lost its connection), or with another one. */
static void check_again(torment *now, ticker_store *store, ticker_status status)
{
    told self = {0};
    ticker_status repeated;

    now->dirty = true;
    ticker_error_clear(now->error);
    repeated = import_into(&store, now->what, now->path, &now->bytes, now->options, &self, now->error);
    ticker_store_free(store);
    if (repeated != now->what->status && repeated != TICKER_OK)
        complain(now, repeated, "the import cannot be repeated");
    else if (repeated != TICKER_FAILED) /* each refusal stands in the ledger */
        check_state(now, status, true, "an import afterwards leaves something else than one alone");
    check_leftovers(now, status, false);
}

/* False: there is no such call any more. */
static bool torment_one(torment *now)
{
    ticker_store *store;
    ticker_status status;
    long before;
    bool reached, again = all || now->tried % REPEATED == 0;

    reset(now);
    before = live_allocations();
    reached = attempt(now, &store, &status) >= now->at;
    if (!reached || now->tried % 2 == 0 || !again) {
        ticker_store_free(store);
        store = NULL;
    }
    if (!reached && status != now->what->status)
        complain(now, status, "it fails without a fault");
    now->dirty |= !reached;
    if (!reached)
        return false;
    now->tried++;
    faults++;
    now->survived += status == now->what->status;
    check_status(now, status);
    check_state(now, status, status == now->what->status, "the database is neither as before nor complete");
    check_leftovers(now, status, now->kind == FAULT_SERVER || now->kind == FAULT_NETWORK);
    if (again)
        check_again(now, store, status);
    ticker_error_clear(now->error);
    check_left(now, status, before);
    return true;
}

/* All calls of a kind, or some of them: the first ones and the last ones among them. */
static void torment_kind(torment *now, fault kind, bool lasting)
{
    unsigned long calls, step;
    ticker_store *store;
    ticker_status status;

    now->kind = kind;
    now->lasting = lasting;
    now->tried = now->survived = now->at = 0;
    for (int i = 0; i < (kind == FAULT_MEMORY ? 2 : 1); i++) { /* the first time libraries set up what they keep */
        reset(now);
        calls = attempt(now, &store, &status);
        ticker_store_free(store);
        now->dirty = true;
    }
    if (status != now->what->status)
        complain(now, status, "it fails without a fault");
    now->files = open_files();
    step = all || calls <= few || kind == FAULT_ARCHIVE ? 1 : calls / few;
    for (now->at = step > 1 ? 1 + (unsigned)kind % step : 1; torment_one(now); now->at += step)
        if (now->at > 1000000)
            broken("torture", "there is no end");
    for (now->at = calls > 2 ? calls - 2 : 1; step > 1 && torment_one(now); now->at++)
        ;
    if (&__lsan_do_recoverable_leak_check != NULL && __lsan_do_recoverable_leak_check() != 0)
        complain(now, TICKER_OK, "memory is left");
    if (calls > 0)
        printf("# %s, %s: %lu calls of %s, %lu failed%s, in spite of %lu of these it went on\n", on->name,
               now->what->name, calls, fault_names[kind], now->tried, lasting ? " with all behind them" : "",
               now->survived);
    (void)fflush(stdout);
}

/* --- A scenario ----------------------------------------------------------------------------------------------------------------- */

static void write_file(char path[64], const ti_buffer *bytes)
{
    int file;

    (void)snprintf(path, 64, "/tmp/ticker-torture-input-XXXXXX");
    file = mkstemp(path);
    if (file < 0 || write(file, bytes->data, bytes->size) != (ssize_t)bytes->size || close(file) != 0)
        broken(path, "cannot be written");
}

/* An empty database, with a file in it when the scenario wants one. */
static void prepare(torment *now)
{
    ticker_store *store = NULL;
    ti_buffer bytes;

    on->clear();
    ti_buffer_init(&bytes, TEXT_MAX);
    if (ticker_store_open(now->options, &store, now->error) != TICKER_OK ||
        ticker_store_migrate(store, now->error) != TICKER_OK)
        broken("the database", ticker_error_message(now->error));
    if (now->what->before != NULL) {
        now->what->before(&bytes);
        if (ticker_import_source(store, ticker_source_open_memory(bytes.data, bytes.size, "before"), NULL, NULL,
                                 now->error) != TICKER_WARN)
            broken("the file before", ticker_error_message(now->error));
    }
    ticker_store_free(store);
    ti_buffer_free(&bytes);
    on->keep();
}

/* What is in before, after each member, and in the end. */
static void learn_states(torment *now)
{
    told self = {.states = now->states + 1};
    ticker_status status;

    on->reset();
    describe(&now->states[0]);
    status = import(now->what, now->path, &now->bytes, now->options, &self, now->error);
    if (status != now->what->status)
        broken(now->what->name, ticker_error_message(now->error));
    now->count = 1 + self.count;
    describe(&now->states[now->count++]);
}

static void torment_all(const scenario *what)
{
    static const fault kinds[] = {FAULT_MEMORY, FAULT_OTHERS, FAULT_READ,    FAULT_WRITE,   FAULT_SQL,
                                  FAULT_DISK,   FAULT_SERVER, FAULT_REFUSAL, FAULT_NETWORK, FAULT_ARCHIVE};
    torment now = {.what = what, .options = ticker_options_new(), .error = ticker_error_new()};

    if (now.options == NULL || now.error == NULL ||
        ticker_options_set(now.options, "database-url", on->url(), now.error) != TICKER_OK)
        broken("options", "cannot be set");
    ti_buffer_init(&now.bytes, TEXT_MAX);
    what->make(&now.bytes);
    write_file(now.path, &now.bytes);
    prepare(&now);
    learn_states(&now);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!fault_possible(kinds[i]) || (on->faults & 1u << kinds[i]) == 0)
            continue;
        torment_kind(&now, kinds[i], false);
        if (kinds[i] == FAULT_DISK || kinds[i] == FAULT_SQL || (kinds[i] == FAULT_MEMORY && all))
            torment_kind(&now, kinds[i], true);
    }
    for (size_t i = 0; i < now.count; i++)
        ti_buffer_free(&now.states[i]);
    ti_buffer_free(&now.bytes);
    (void)unlink(now.path);
    ticker_error_free(now.error);
    ticker_options_free(now.options);
}

int main(int argc, char **argv)
{
    const char *wanted = getenv("TICKER_TEST_TORTURE"), *only = argc > 2 ? argv[2] : NULL;

    on = argc > 1 && strcmp(argv[1], "postgres") == 0 ? &scene_postgres : &scene_sqlite;
    all = wanted != NULL && strcmp(wanted, "all") == 0;
    (void)sigaction(SIGALRM, &(struct sigaction){.sa_handler = hangs}, NULL);
    few = getenv("TICKER_TEST_FEW") != NULL || on == &scene_postgres ? FEW / 2 : FEW;
    if (on->begin == NULL || !on->begin()) {
        printf("SKIPPED: this build has no such database, or there is none\n");
        return SKIPPED;
    }
    for (size_t i = 0; i < scenario_count; i++) {
        const scenario *what = &scenarios[i];
        bool fits = what->way == WAY_USUAL || on->tune != NULL;

        if (fits && (only == NULL ? all || !what->rare || on != &scene_postgres : strstr(what->name, only) != NULL))
            torment_all(what);
    }
    on->end();
    printf("# %lu imports with a fault\n", faults);
    printf("%s 1 - torture of imports into %s\n", wrong == 0 ? "ok" : "not ok", on->name);
    return wrong == 0 ? 0 : 1;
}
