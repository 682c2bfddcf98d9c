#include "inputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tickerimport/limits.h>

#include "interrupt.h"
#include "remote.h"

void cli_inputs_free(cli_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++)
        free(inputs->list[i].path);
    free(inputs->list);
    memset(inputs, 0, sizeof *inputs);
}

static bool add(cli_context *cli, cli_inputs *inputs, const char *path, const struct stat *status)
{
    cli_input *input;

    if (inputs->count == inputs->capacity) {
        size_t capacity = inputs->capacity > 0 ? inputs->capacity * 2 : 64;
        cli_input *list = inputs->count < CLI_INPUTS_MAX ? realloc(inputs->list, capacity * sizeof *list) : NULL;

        if (list == NULL) {
            front_error(&cli->console, "%s: too many files for one call", path);
            return false;
        }
        inputs->list = list;
        inputs->capacity = capacity;
    }
    input = &inputs->list[inputs->count];
    *input = (cli_input){.path = strdup(path), .bytes = -1};
    if (input->path == NULL) {
        front_error(&cli->console, "out of memory");
        return false;
    }
    input->file = status != NULL && S_ISREG(status->st_mode);
    input->bytes = input->file ? (int64_t)status->st_size : -1;
    inputs->count++;
    return true;
}

static int by_name(const void *a, const void *b)
{
    const cli_input *left = a, *right = b;

    return strcmp(left->path, right->path);
}

static front_exit add_entries(cli_context *cli, cli_inputs *inputs, const char *folder, DIR *stream)
{
    size_t size = strlen(folder);
    const struct dirent *entry;

    while (size > 1 && folder[size - 1] == '/')
        size--;
    for (errno = 0; (entry = readdir(stream)) != NULL; errno = 0) {
        char path[8192];
        struct stat status;
        int length;

        if (entry->d_name[0] == '.')
            continue;
        length = snprintf(path, sizeof path, "%.*s%s%s", (int)size, folder, folder[size - 1] == '/' ? "" : "/",
                          entry->d_name);
        if (length < 0 || (size_t)length >= sizeof path || stat(path, &status) != 0 || !S_ISREG(status.st_mode))
            continue;
        if (!add(cli, inputs, path, &status))
            return FRONT_USAGE;
    }
    if (errno == 0)
        return FRONT_OK;
    front_error(&cli->console, "%s: %s", folder, strerror(errno));
    return FRONT_FAILED;
}

static front_exit add_folder(cli_context *cli, cli_inputs *inputs, const char *folder)
{
    size_t before = inputs->count;
    DIR *stream = opendir(folder);
    front_exit result;

    if (stream == NULL) {
        front_error(&cli->console, "%s: %s", folder, strerror(errno));
        return FRONT_FAILED;
    }
    result = add_entries(cli, inputs, folder, stream);
    (void)closedir(stream);
    if (result == FRONT_OK && inputs->count == before) {
        front_error(&cli->console, "%s: there is no file in this directory; directories within it are not entered",
                    folder);
        return FRONT_FAILED;
    }
    if (inputs->count > before)
        qsort(inputs->list + before, inputs->count - before, sizeof *inputs->list, by_name);
    return result;
}

static front_exit add_standard_input(cli_context *cli, cli_inputs *inputs)
{
    struct stat status;

    for (size_t i = 0; i < inputs->count; i++) {
        if (strcmp(inputs->list[i].path, "-") == 0) {
            front_error(&cli->console, "-: standard input can be read only once; name it once");
            return FRONT_USAGE;
        }
    }
    if (isatty(STDIN_FILENO)) {
        front_error(&cli->console, "-: standard input is the terminal; send a file into it: %s %s - < FILE",
                    CLI_PROGRAM, cli->command->name);
        return FRONT_USAGE;
    }
    if (!add(cli, inputs, "-", fstat(STDIN_FILENO, &status) == 0 ? &status : NULL))
        return FRONT_USAGE;
    inputs->list[inputs->count - 1].file = false;
    return FRONT_OK;
}

static bool add_object(cli_context *cli, cli_inputs *inputs, const char *url, int64_t bytes)
{
    if (!add(cli, inputs, url, NULL))
        return false;
    inputs->list[inputs->count - 1].bytes = bytes;
    inputs->list[inputs->count - 1].file = true;
    inputs->list[inputs->count - 1].remote = true;
    return true;
}

typedef struct listing {
    cli_context *cli;
    cli_inputs *inputs;
    const char *bucket;
} listing;

static ticker_status visit_object(void *payload, const ticker_s3_object *object, ticker_error *error)
{
    listing *self = payload;
    const char *key = ticker_s3_object_key(object);
    char url[TICKER_BUCKET_MAX + TICKER_KEY_MAX + 8];
    size_t size = strlen(key);

    /* Folders are what some programs make of a '/' at the end. */
    if (size == 0 || key[size - 1] == '/' || ticker_s3_object_bytes(object) == 0)
        return TICKER_OK;
    (void)snprintf(url, sizeof url, "s3://%s/%s", self->bucket, key);
    if (!add_object(self->cli, self->inputs, url, ticker_s3_object_bytes(object)))
        return ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_LIMIT, "too many objects");
    return TICKER_OK;
}

static ticker_status list_objects(listing *self, const char *prefix, ticker_error *error)
{
    ticker_aws *aws;
    ticker_status status = cli_aws(self->cli, &aws, error);

    return status == TICKER_OK ? ticker_s3_list(aws, self->bucket, prefix, 0, visit_object, self, error) : status;
}

/* The objects below "s3://bucket/prefix/", in the order of their keys. */
static front_exit add_prefix(cli_context *cli, cli_inputs *inputs, const char *url, const char *bucket,
                             const char *prefix)
{
    listing self = {cli, inputs, bucket};
    size_t before = inputs->count;
    ticker_error *error = ticker_error_new();
    front_exit result = FRONT_OK;

    if (error == NULL) {
        front_error(&cli->console, "out of memory");
        return FRONT_FAILED;
    }
    if (list_objects(&self, prefix, error) != TICKER_OK) {
        front_report(&cli->console, error, url);
        result = front_exit_of(error);
    } else if (inputs->count == before) {
        front_error(&cli->console, "%s: there is no object below this prefix", url);
        result = FRONT_FAILED;
    }
    ticker_error_free(error);
    return result;
}

/* Before there are threads that share it. */
static bool make_client(cli_context *cli)
{
    ticker_error *error = ticker_error_new();
    ticker_aws *aws;
    bool made = error != NULL && cli_aws(cli, &aws, error) == TICKER_OK;

    if (error == NULL)
        front_error(&cli->console, "out of memory");
    else if (!made)
        front_report(&cli->console, error, NULL);
    ticker_error_free(error);
    return made;
}

static front_exit add_remote(cli_context *cli, cli_inputs *inputs, const char *url)
{
    char bucket[TICKER_BUCKET_MAX];
    const char *key;

    if (!cli_s3_url(url, bucket, &key) || strlen(key) >= TICKER_KEY_MAX) {
        front_error(&cli->console, "%s: write s3://bucket/key, or s3://bucket/prefix/ for all that is below it", url);
        return FRONT_USAGE;
    }
    if (!make_client(cli))
        return FRONT_USAGE;
    if (key[0] == '\0' || key[strlen(key) - 1] == '/')
        return add_prefix(cli, inputs, url, bucket, key);
    return add_object(cli, inputs, url, -1) ? FRONT_OK : FRONT_USAGE;
}

static front_exit add_argument(cli_context *cli, cli_inputs *inputs, const char *word)
{
    struct stat status;

    if (strcmp(word, "-") == 0)
        return add_standard_input(cli, inputs);
    if (strncmp(word, "s3://", 5) == 0)
        return add_remote(cli, inputs, word);
    /* What cannot be looked at fails when it is opened, and is reported like every other file. */
    if (stat(word, &status) != 0)
        return add(cli, inputs, word, NULL) ? FRONT_OK : FRONT_USAGE;
    if (S_ISDIR(status.st_mode))
        return add_folder(cli, inputs, word);
    return add(cli, inputs, word, &status) ? FRONT_OK : FRONT_USAGE;
}

front_exit cli_inputs_collect(cli_context *cli, cli_inputs *inputs)
{
    front_exit result = FRONT_OK;

    memset(inputs, 0, sizeof *inputs);
    for (size_t i = 0; i < cli->args.positional_count; i++) {
        front_exit one = add_argument(cli, inputs, cli->args.positional[i]);

        result = front_exit_worse(result, one);
        if (one == FRONT_USAGE)
            return result;
    }
    for (size_t i = 0; i < inputs->count && inputs->bytes >= 0; i++) {
        if (inputs->list[i].bytes < 0)
            inputs->bytes = -1;
        else
            inputs->bytes += inputs->list[i].bytes;
    }
    return result;
}

/* A pipe, a socket, a terminal. Waiting for its next bytes must not outlast an interruption. */
typedef struct waiting_source {
    int descriptor;
    bool own;
} waiting_source;

static ticker_status waiting_read(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    const waiting_source *source = self;
    struct pollfd both[2] = {{source->descriptor, POLLIN, 0}, {front_interrupt_descriptor(), POLLIN, 0}};
    char text[128];
    ssize_t count;

    do {
        count = poll(both, 2, -1);
        if (count > 0 && both[1].revents != 0)
            return ticker_error_set(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "interrupted");
        if (count > 0)
            count = read(source->descriptor, buffer, capacity);
    } while (count < 0 && (errno == EINTR || errno == EAGAIN));
    if (count < 0) {
        (void)snprintf(text, sizeof text, "cannot read: %s", strerror(errno));
        return ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_IO, text);
    }
    *got = (size_t)count;
    return count > 0 ? TICKER_OK : TICKER_DONE;
}

static void waiting_close(void *self)
{
    waiting_source *source = self;

    if (source->own)
        (void)close(source->descriptor);
    free(source);
}

static ticker_status open_waiting(int descriptor, bool own, const char *name, ticker_source **source,
                                  ticker_error *error)
{
    static const ticker_source_ops ops = {sizeof ops, waiting_read, waiting_close};
    waiting_source *waiting = malloc(sizeof *waiting);

    if (waiting != NULL) {
        waiting->descriptor = descriptor;
        waiting->own = own;
        *source = ticker_source_new(&ops, waiting, name, -1);
        if (*source != NULL)
            return TICKER_OK;
        free(waiting);
    }
    return ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "out of memory");
}

static ticker_status open_object(cli_context *cli, const char *url, ticker_source **source, ticker_error *error)
{
    char bucket[TICKER_BUCKET_MAX];
    const char *key = "";
    ticker_aws *aws = NULL;
    ticker_status status = cli_aws(cli, &aws, error);

    (void)cli_s3_url(url, bucket, &key); /* it was looked at when the list was made */
    return status == TICKER_OK ? ticker_s3_get(aws, bucket, key, NULL, NULL, source, error) : status;
}

ticker_status cli_input_open(cli_context *cli, const cli_input *input, ticker_source **source, ticker_error *error)
{
    struct stat status;
    ticker_status result;
    int descriptor;

    if (input->remote)
        return open_object(cli, input->path, source, error);
    if (strcmp(input->path, "-") == 0) {
        if (fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode))
            return ticker_source_open_descriptor(STDIN_FILENO, "-", source, error);
        return open_waiting(STDIN_FILENO, false, "-", source, error);
    }
    if (stat(input->path, &status) != 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
        return ticker_source_open_file(input->path, source, error);
    descriptor = open(input->path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return ticker_source_open_file(input->path, source, error); /* says why it cannot */
    result = open_waiting(descriptor, true, input->path, source, error);
    if (result != TICKER_OK)
        (void)close(descriptor);
    return result;
}
