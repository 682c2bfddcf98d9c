/* ticker-cli import: files into the database, several at once when asked. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "inputs.h"
#include "interrupt.h"
#include "progress.h"
#include "remote.h"
#include "report.h"
#include "text.h"

#define ATTEMPTS_MAX 4     /* one and three more */
#define FIRST_PAUSE_MS 250 /* before the second attempt; doubles */

typedef struct import_run {
    cli_context *cli;
    cli_inputs inputs;
    front_progress *progress;
    ticker_answers *answers; /* the cache that is told of imports; NULL: none is shared with others */
    bool json, dry_run;
    pthread_mutex_t lock; /* guards what follows */
    size_t next;
    bool stop;
    front_exit result;
    uint64_t imported, duplicate, checked, failed, records;
} import_run;

typedef struct worker {
    import_run *run;
    size_t slot;
    pthread_t thread;
    ticker_store *store;
    ticker_error *error;
    const cli_input *input;
    size_t seen,
        told;       /* reports of this attempt; of the file at all: a second attempt reports the first members again */
    size_t refused; /* members */
} worker;

static int on_progress(uint64_t position, int64_t bytes, uint64_t records, void *payload)
{
    worker *self = payload;

    (void)bytes;
    front_progress_update(self->run->progress, self->slot, position, records);
    return front_interrupted() ? 1 : 0;
}

static void count(import_run *run, const char *status, int64_t imported)
{
    (void)pthread_mutex_lock(&run->lock);
    if (strcmp(status, "imported") == 0) {
        run->imported++;
        run->records += imported > 0 ? (uint64_t)imported : 0;
    } else if (strcmp(status, "duplicate") == 0) {
        run->duplicate++;
    } else if (strcmp(status, "checked") == 0) {
        run->checked++;
    } else {
        run->failed++;
    }
    (void)pthread_mutex_unlock(&run->lock);
}

/* "imported FILE: 7518 records, 0 rejected, 2021-06-25 in 0.12 s (62,000 records/s)" */
static void tell(worker *self, const ticker_report *report, const char *status)
{
    int64_t records = ticker_report_integer(report, TICKER_REPORT_RECORDS);
    int64_t rejected = ticker_report_integer(report, TICKER_REPORT_REJECTED);
    int64_t microseconds = ticker_report_integer(report, TICKER_REPORT_MICROSECONDS);
    char name[2 * TICKER_NAME_MAX + 4], days[64], duration[FRONT_NUMBER_MAX], rate[FRONT_NUMBER_MAX], line[2048];

    cli_report_name(report, name, sizeof name);
    cli_report_days(report, days, sizeof days);
    if (microseconds < 1)
        microseconds = 1;
    (void)front_text_duration((uint64_t)microseconds, duration);
    (void)front_text_count((int64_t)((double)records * 1e6 / (double)microseconds), rate);
    if (strcmp(status, "duplicate") == 0)
        (void)snprintf(line, sizeof line, "duplicate %s: these bytes are already there, as import %" PRId64, name,
                       ticker_report_integer(report, TICKER_REPORT_IMPORT_ID));
    else
        (void)snprintf(line, sizeof line, "%s %s: %" PRId64 " records, %" PRId64 " rejected, %s%sin %s (%s records/s)",
                       status, name, records, rejected, days, days[0] != '\0' ? " " : "", duration, rate);
    (void)front_output_line(&self->run->cli->output, line);
}

static void on_report(const ticker_report *report, void *payload)
{
    worker *self = payload;
    cli_context *cli = self->run->cli;
    const char *status = ticker_report_text(report, TICKER_REPORT_STATUS);
    bool failed = strcmp(status, "failed") == 0;

    if (self->seen++ < self->told)
        return;
    self->told++;
    count(self->run, status, ticker_report_integer(report, TICKER_REPORT_IMPORTED));
    if (self->run->json)
        cli_report_import_json(cli, self->input, report, NULL);
    else if (!failed && !cli->console.quiet)
        tell(self, report, status);
    if (failed)
        cli_report_failure(cli, report);
    else if (strcmp(status, "duplicate") != 0)
        cli_report_problems(cli, report);
    if (strcmp(status, "imported") == 0)
        cli_report_superseded(cli, report);
}

/* One attempt at a file; the error is filled unless it is TICKER_OK or TICKER_WARN. */
static ticker_status attempt(worker *self)
{
    ticker_import_events events = {
        .size = sizeof events, .progress = on_progress, .report = on_report, .payload = self};
    const ticker_options *options = self->run->cli->options;
    ticker_source *source = NULL;
    ticker_status status;

    if (self->run->answers != NULL)
        events.cache = ticker_answers_cache(self->run->answers);
    ticker_error_clear(self->error);
    self->seen = 0;
    status = cli_input_open(self->run->cli, self->input, &source, self->error);
    if (status != TICKER_OK)
        return status;
    if (!self->run->dry_run && self->store == NULL) {
        status = ticker_store_open(options, &self->store, self->error);
        if (status != TICKER_OK) {
            ticker_source_free(source);
            return status;
        }
        front_detail(&self->run->cli->console, "connected to %s", ticker_store_backend(self->store));
    }
    return ticker_import_source(self->store, source, options, &events, self->error);
}

/* Waits before another attempt; false when the user wants an end instead. */
static bool pause_before(unsigned number)
{
    struct pollfd wake = {front_interrupt_descriptor(), POLLIN, 0};
    int milliseconds = FIRST_PAUSE_MS << number;

    (void)poll(&wake, 1, milliseconds);
    return !front_interrupted();
}

/* The database chose this transaction to give way to another one (a deadlock, a lock that was not got): a file can be
 * read again. */
static ticker_status attempts(worker *self)
{
    ticker_status status = TICKER_RETRY;

    for (unsigned i = 0; i < ATTEMPTS_MAX; i++) {
        status = attempt(self);
        if (status != TICKER_RETRY || ticker_error_get_kind(self->error) != TICKER_ERROR_DATABASE ||
            !self->input->file || i + 1 == ATTEMPTS_MAX)
            break;
        front_note(&self->run->cli->console, "%s: %s; trying again", self->input->path,
                   ticker_error_message(self->error));
        if (!pause_before(i))
            break;
    }
    return status;
}

/* Not the file's fault: its name would only mislead. */
static bool is_about_database(ticker_error_kind kind)
{
    return kind == TICKER_ERROR_SERVICE || kind == TICKER_ERROR_USAGE || kind == TICKER_ERROR_UNSUPPORTED;
}

/* Says how a file ended and what that means for the others. */
static void conclude(worker *self, ticker_status status)
{
    import_run *run = self->run;
    ticker_error_kind kind = ticker_error_get_kind(self->error);
    front_exit code = FRONT_OK;
    bool cancelled = front_interrupted() && status == TICKER_RETRY;

    if (status != TICKER_OK && status != TICKER_WARN) {
        code = cancelled ? FRONT_INTERRUPTED : front_exit_of(self->error);
        /* Members that were refused have been told of. */
        if (!cancelled && (self->told == 0 || status != TICKER_FAILED)) {
            front_report(&run->cli->console, self->error, is_about_database(kind) ? NULL : self->input->path);
            count(run, "failed", 0);
            if (run->json)
                cli_report_import_json(run->cli, self->input, NULL, self->error);
        }
    }
    (void)pthread_mutex_lock(&run->lock);
    run->result = front_exit_worse(run->result, code);
    /* Where one file cannot be helped, no other one can. */
    if (cancelled || status == TICKER_FATAL || (status == TICKER_RETRY && kind == TICKER_ERROR_SERVICE))
        run->stop = true;
    (void)pthread_mutex_unlock(&run->lock);
}

static const cli_input *next_input(import_run *run)
{
    const cli_input *input = NULL;

    (void)pthread_mutex_lock(&run->lock);
    if (front_interrupted() && run->next < run->inputs.count) {
        run->stop = true;
        run->result = FRONT_INTERRUPTED;
    }
    if (!run->stop && run->next < run->inputs.count)
        input = &run->inputs.list[run->next++];
    (void)pthread_mutex_unlock(&run->lock);
    return input;
}

static void *work(void *payload)
{
    worker *self = payload;

    while ((self->input = next_input(self->run)) != NULL) {
        ticker_status status;

        self->told = 0;
        front_progress_begin(self->run->progress, self->slot, self->input->path);
        status = attempts(self);
        front_progress_end(self->run->progress, self->slot, self->input->bytes);
        conclude(self, status);
    }
    return NULL;
}

static bool start_workers(import_run *run, worker *workers, size_t jobs)
{
    bool ready = true;

    for (size_t i = 0; i < jobs; i++) {
        workers[i].run = run;
        workers[i].slot = i;
        workers[i].error = ticker_error_new();
        ready = ready && workers[i].error != NULL;
    }
    return ready;
}

/* This thread is the first worker; the others get threads of their own. */
static void run_workers(import_run *run, size_t jobs)
{
    worker *workers = calloc(jobs, sizeof *workers);
    size_t started = 1;

    if (workers == NULL || !start_workers(run, workers, jobs)) {
        front_error(&run->cli->console, "out of memory");
        run->result = FRONT_FAILED;
    } else {
        while (started < jobs && pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0)
            started++;
        if (started < jobs)
            front_warning(&run->cli->console, "only %zu of %zu threads could be started", started, jobs);
        (void)work(&workers[0]);
        for (size_t i = 1; i < started; i++)
            (void)pthread_join(workers[i].thread, NULL);
    }
    for (size_t i = 0; workers != NULL && i < jobs; i++) {
        ticker_store_free(workers[i].store);
        ticker_error_free(workers[i].error);
    }
    free(workers);
}

static void summarize(const import_run *run, uint64_t microseconds)
{
    front_console *console = &run->cli->console;
    char records[FRONT_NUMBER_MAX], duration[FRONT_NUMBER_MAX];
    size_t left = run->inputs.count - run->next;

    if (run->result == FRONT_INTERRUPTED)
        front_error(console, "interrupted: %" PRIu64 " imported before, %zu not begun, nothing half done",
                    run->imported, left);
    else if (left > 0)
        front_error(console, "%zu more %s not tried", left, left == 1 ? "file was" : "files were");
    if (run->inputs.count < 2 || run->json)
        return;
    if (run->dry_run) {
        front_note(console, "%" PRIu64 " checked, %" PRIu64 " failed in %s", run->checked, run->failed,
                   front_text_duration(microseconds, duration));
        return;
    }
    front_note(console, "%" PRIu64 " imported, %" PRIu64 " duplicate, %" PRIu64 " failed; %s records in %s",
               run->imported, run->duplicate, run->failed, front_text_count((int64_t)run->records, records),
               front_text_duration(microseconds, duration));
}

/* A cache in this process' memory would be of no use to anybody. Imports of others that could not tell the cache are made up for. */
static bool open_cache(import_run *run)
{
    const char *url = ticker_options_get(run->cli->options, "redis-url");
    ticker_error *error;

    if (run->dry_run || strcmp(url, "memory:") == 0 || strcmp(url, "none:") == 0)
        return true;
    error = ticker_error_new();
    if (error == NULL || ticker_answers_open(run->cli->options, &run->answers, error) != TICKER_OK) {
        if (error != NULL)
            front_report(&run->cli->console, error, NULL);
        run->result = error != NULL ? front_exit_of(error) : FRONT_FAILED;
    } else if (ticker_answers_tend(run->answers, error) != TICKER_OK) {
        front_detail(&run->cli->console, "the cache: %s",
                     ticker_error_message(error)); /* or the database, which says so itself */
    }
    ticker_error_free(error);
    return run->answers != NULL;
}

static void close_cache(import_run *run)
{
    uint64_t missed = run->answers != NULL
                          ? ticker_cache_count(ticker_answers_cache(run->answers), TICKER_CACHE_UNBUMPED)
                          : 0;

    if (missed > 0)
        front_warning(
            &run->cli->console,
            "Redis did not answer: cached answers stay as they were until a server or another import reaches it");
    ticker_answers_free(run->answers);
}

static uint64_t now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static front_exit run(cli_context *cli)
{
    import_run run = {.cli = cli, .lock = PTHREAD_MUTEX_INITIALIZER};
    uint64_t started = now();
    size_t jobs;
    int64_t wanted;

    if (!front_parse_number(ticker_options_get(cli->options, "jobs"), 1, INT64_MAX, &wanted))
        wanted = 1; /* cannot be: the library has looked at the value when it was set */
    run.json = front_args_given(&cli->args, "json");
    run.dry_run = cli_option_is_yes(cli, "dry-run");
    run.result = cli_inputs_collect(cli, &run.inputs);
    if (run.result != FRONT_USAGE && run.inputs.count > 0 && open_cache(&run)) {
        jobs = (size_t)wanted < run.inputs.count ? (size_t)wanted : run.inputs.count;
        run.progress = front_progress_new(&cli->console, front_progress_word(front_args_value(&cli->args, "progress")),
                                          jobs, run.inputs.count, run.inputs.bytes);
        run_workers(&run, jobs);
        front_progress_free(run.progress);
        summarize(&run, now() - started);
        close_cache(&run);
    }
    cli_inputs_free(&run.inputs);
    (void)pthread_mutex_destroy(&run.lock);
    return run.result;
}

static const char *const options[] = {"database-url",
                                      "format",
                                      "on-error",
                                      "force",
                                      "again",
                                      "dry-run",
                                      "jobs",
                                      "import-threads",
                                      "import-connections",
                                      "temporary-folder",
                                      "max-input-bytes",
                                      "max-expansion-ratio",
                                      "max-nesting",
                                      "redis-url",
                                      "cache-timeout",
                                      "cache-connect-timeout",
                                      CLI_AWS_OPTIONS,
                                      CLI_S3_OPTIONS,
                                      "s3-response-checksum",
                                      NULL};

static const front_flag flags[] = {
    {"json", 0, false, NULL, "print one JSON object a file, one a line, for scripts"},
    {"progress", 0, false, "auto|always|never", "the progress line on standard error; auto: only on a terminal"},
};

const cli_command cli_command_import = {
    .name = "import",
    .arguments = "FILE|DIR|s3://BUCKET/KEY|- ...",
    .complete = "FILE",
    .summary = "import B3's quote and trade files into the database",
    .text = "FILE is one of B3's files as downloaded: plain, .zip (also zip in zip) or .gz; its\n"
            "format is recognised from its bytes. DIR stands for the files in a directory, sorted\n"
            "by name, without hidden ones and without directories. - is standard input.\n"
            "s3://bucket/key is an object, s3://bucket/prefix/ all objects below it; what AWS needs\n"
            "to know comes from the environment and from ~/.aws ('man ticker-aws').\n\n"
            "A file goes in as a whole or not at all, and the same bytes only once: importing a\n"
            "file again is harmless (--again has it done all the same). Rows of the same days from\n"
            "another file replace those that have the same key. The database's tables are made when\n"
            "they are missing.\n\n"
            "Of several files that tell of the same ticker and day the best one's quotes stand:\n"
            "cotahist, then bvbg086, consolidated and trades, whatever the order of the imports.\n"
            "'" CLI_PROGRAM " imports ID' shows what gave way.\n\n"
            "Rows that cannot be read are counted, reported and left out; --on-error reject\n"
            "refuses the file instead. A file that is cut off is refused unless --force.\n\n"
            "When answers are cached in Redis, REDIS_URL has it forget those that the file changes.\n",
    .examples = "  " CLI_PROGRAM " import COTAHIST_A2023.ZIP\n"
                "  " CLI_PROGRAM " import --jobs 4 downloads/\n"
                "  curl -s https://example.org/COTAHIST_D25062021.ZIP | " CLI_PROGRAM " import -\n"
                "  " CLI_PROGRAM " import s3://my-bucket/2024/ --jobs 2\n"
                "  " CLI_PROGRAM " import --dry-run --json *.zip | jq -r .status\n"
                "  " CLI_PROGRAM
                " import --database-url postgres://ticker@localhost/ticker 10-09-2026_NEGOCIOSAVISTA.zip\n",
    .options = options,
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .min = 1,
    .max = CLI_ANY,
    .run = run,
};
