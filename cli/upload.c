/* ticker-cli upload: files into the storage, so that a worker imports them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "inputs.h"
#include "interrupt.h"
#include "json.h"
#include "progress.h"
#include "remote.h"
#include "text.h"

typedef struct upload_run {
    cli_context *cli;
    ticker_error *error;
    ticker_aws *aws;
    ticker_storage *storage;
    ticker_store *store; /* of the database queue, when that is where events come from */
    ticker_queue *queue;
    front_progress *progress;
    bool json;
} upload_run;

static int on_progress(void *payload, int64_t bytes)
{
    upload_run *self = payload;

    front_progress_update(self->progress, 0, (uint64_t)bytes, 0);
    return front_interrupted() ? 1 : 0;
}

static int64_t now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void tell_json(upload_run *self, const cli_input *input, const ticker_stored *stored, int64_t microseconds)
{
    front_json *json = front_json_object();
    const char *line;

    front_json_text(json, "file", input->path);
    front_json_text(json, "status", stored != NULL ? "uploaded" : "failed");
    front_json_text_or_null(json, "key", stored != NULL ? ticker_stored_key(stored) : NULL);
    front_json_text_or_null(json, "url", stored != NULL ? ticker_stored_url(stored) : NULL);
    front_json_integer_or_null(json, "bytes", stored != NULL ? ticker_stored_bytes(stored) : TICKER_NULL);
    front_json_text_or_null(json, "sha256", stored != NULL ? ticker_stored_sha256(stored) : NULL);
    front_json_text_or_null(json, "etag", stored != NULL ? ticker_stored_etag(stored) : NULL);
    front_json_text_or_null(json, "version", stored != NULL ? ticker_stored_version(stored) : NULL);
    front_json_seconds(json, "seconds", microseconds);
    front_json_text_or_null(json, "error", stored != NULL ? NULL : ticker_error_message(self->error));
    line = front_json_line(json);
    if (line == NULL)
        front_error(&self->cli->console, "out of memory");
    else
        (void)front_output_line(&self->cli->output, line);
    front_json_free(json);
}

/* "uploaded FILE: s3://bucket/key, 12.3 MB in 0.5 s (24.6 MB/s)" */
static void tell(upload_run *self, const cli_input *input, const ticker_stored *stored, int64_t microseconds)
{
    uint64_t bytes = (uint64_t)ticker_stored_bytes(stored);
    char name[TICKER_NAME_MAX], size[FRONT_NUMBER_MAX], duration[FRONT_NUMBER_MAX], rate[FRONT_NUMBER_MAX], line[4096];

    if (microseconds < 1)
        microseconds = 1;
    (void)front_text_clean(input->path, name, sizeof name);
    (void)front_text_bytes(bytes, size);
    (void)front_text_duration((uint64_t)microseconds, duration);
    (void)front_text_bytes((uint64_t)((double)bytes * 1e6 / (double)microseconds), rate);
    (void)snprintf(line, sizeof line, "uploaded %s: %s, %s in %s (%s/s)", name, ticker_stored_url(stored), size,
                   duration, rate);
    (void)front_output_line(&self->cli->output, line);
}

/* The file's name without its folders; standard input has none. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (strcmp(path, "-") == 0)
        return "stdin";
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static ticker_status store_file(upload_run *self, const cli_input *input, ticker_stored **stored)
{
    ticker_source *source = NULL;
    ticker_status status;

    ticker_error_clear(self->error);
    status = cli_input_open(self->cli, input, &source, self->error);
    if (status == TICKER_OK)
        status = ticker_storage_put(self->storage, base_name(input->path), source, on_progress, self, stored,
                                    self->error);
    if (status == TICKER_OK && self->queue != NULL)
        status = ticker_queue_announce(self->queue, self->storage, *stored, self->error);
    return status;
}

static front_exit upload_one(upload_run *self, const cli_input *input)
{
    int64_t started = now();
    ticker_stored *stored = NULL;
    ticker_status status = store_file(self, input, &stored);
    front_exit result = FRONT_OK;

    if (status == TICKER_OK) {
        if (self->json)
            tell_json(self, input, stored, now() - started);
        else if (!self->cli->console.quiet)
            tell(self, input, stored, now() - started);
    } else {
        result = front_exit_of(self->error);
        if (result == FRONT_INTERRUPTED)
            front_error(&self->cli->console, "interrupted: nothing of %s was stored", input->path);
        else
            front_report(&self->cli->console, self->error, input->path);
        if (self->json)
            tell_json(self, input, NULL, now() - started);
    }
    ticker_stored_free(stored);
    return result;
}

/* Where S3 and SQS have it between them nobody else announces; in all other cases this does, in the queue in which a
 * worker looks. */
static ticker_status open_all(upload_run *self)
{
    const ticker_options *options = self->cli->options;
    bool database = strncmp(ticker_options_get(options, "queue-url"), "database:", strlen("database:")) == 0;
    ticker_status status = cli_aws(self->cli, &self->aws, self->error);

    if (status == TICKER_OK)
        status = ticker_storage_open(options, self->aws, &self->storage, self->error);
    if (status != TICKER_OK || (!database && strcmp(ticker_storage_backend(self->storage), "s3") == 0))
        return status;
    if (database)
        status = ticker_store_open(options, &self->store, self->error);
    if (status == TICKER_OK && self->store != NULL)
        status = ticker_store_migrate(self->store, self->error);
    if (status == TICKER_OK)
        status = ticker_queue_open(options, self->aws, self->store, &self->queue, self->error);
    return status;
}

static front_exit upload_all(upload_run *self, const cli_inputs *inputs)
{
    front_exit result = FRONT_OK;

    for (size_t i = 0; i < inputs->count; i++) {
        front_exit one;

        if (front_interrupted())
            return FRONT_INTERRUPTED;
        front_progress_begin(self->progress, 0, inputs->list[i].path);
        one = upload_one(self, &inputs->list[i]);
        front_progress_end(self->progress, 0, inputs->list[i].bytes);
        result = front_exit_worse(result, one);
        /* Where one file cannot be helped, no other one can. */
        if (one > FRONT_FAILED)
            break;
    }
    return result;
}

static front_exit run(cli_context *cli)
{
    upload_run self = {.cli = cli, .json = front_args_given(&cli->args, "json")};
    cli_inputs inputs;
    front_exit result = cli_inputs_collect(cli, &inputs);

    self.error = ticker_error_new();
    if (self.error == NULL) {
        front_error(&cli->console, "out of memory");
        result = FRONT_FAILED;
    } else if (result != FRONT_USAGE && inputs.count > 0) {
        if (open_all(&self) != TICKER_OK) {
            front_report(&cli->console, self.error, NULL);
            result = front_exit_worse(result, front_exit_of(self.error));
        } else {
            self.progress = front_progress_new(&cli->console,
                                               front_progress_word(front_args_value(&cli->args, "progress")), 1,
                                               inputs.count, inputs.bytes);
            result = front_exit_worse(result, upload_all(&self, &inputs));
            front_progress_free(self.progress);
        }
    }
    ticker_queue_free(self.queue);
    ticker_store_free(self.store);
    ticker_storage_free(self.storage);
    ticker_error_free(self.error);
    cli_inputs_free(&inputs);
    return result;
}

static const char *const options[] = {"storage-url",  "queue-url",           "database-url", CLI_AWS_OPTIONS,
                                      CLI_S3_OPTIONS, "s3-request-checksum", "s3-checksum",  NULL};

static const front_flag flags[] = {
    {"json", 0, false, NULL, "print one JSON object a file, one a line, for scripts"},
    {"progress", 0, false, "auto|always|never", "the progress line on standard error; auto: only on a terminal"},
};

const cli_command cli_command_upload = {
    .name = "upload",
    .arguments = "FILE|DIR|- ...",
    .complete = "FILE",
    .summary = "put files into the storage, so that a worker imports them",
    .text = "Stores each file under a new key in the storage of STORAGE_URL: an S3 bucket, or a\n"
            "folder. A bucket tells a queue in SQS by itself ('" CLI_PROGRAM " aws setup' connects\n"
            "them); for a folder, or with the queue in the database, a message is put into the\n"
            "queue of QUEUE_URL.\n\n"
            "A file is there as a whole or not at all. Large files go to S3 in parts, several at\n"
            "once; when it fails or is interrupted, the parts are taken back.\n",
    .examples = "  " CLI_PROGRAM " upload COTAHIST_A2023.ZIP\n"
                "  STORAGE_URL=s3://my-bucket/b3 " CLI_PROGRAM " upload --json *.zip | jq -r .url\n"
                "  " CLI_PROGRAM
                " upload --storage-url s3://my-bucket --aws-endpoint-url http://localhost:4566 a.zip\n",
    .options = options,
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .min = 1,
    .max = CLI_ANY,
    .run = run,
};
