/* ticker-s3: every S3 call of the library from a command line. The tests and the benchmark drive it. */
#include <tickerimport/aws.h>
#include <tickerimport/limits.h>
#include <tickerimport/s3.h>

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define EXIT_AGAIN 3
#define EXIT_INTERRUPTED 130
#define BLOCK (1024 * 1024)

static const char help[] =
    "usage: ticker-s3 [--option NAME=VALUE]... COMMAND ARGUMENT...\n"
    "\n"
    "  put BUCKET KEY FILE            store a file (-: standard input); prints bytes and ETag\n"
    "  get BUCKET KEY FILE            fetch an object into a file (-: standard output)\n"
    "  head BUCKET KEY                print bytes, ETag, version and time\n"
    "  list BUCKET PREFIX MAX         print bytes and key of the objects (MAX 0: all)\n"
    "  delete BUCKET KEY\n"
    "  fill BUCKET PREFIX COUNT       put so many objects of one byte: PREFIX000000 ...\n"
    "  empty BUCKET                   delete all objects\n"
    "  presign METHOD BUCKET KEY SECONDS\n"
    "  form BUCKET KEY BYTES SECONDS  print a form for an upload as JSON\n"
    "  make-bucket BUCKET | head-bucket BUCKET | delete-bucket BUCKET\n"
    "  notify BUCKET ID ARN PREFIX    print whether the bucket's configuration had to be changed\n"
    "  notifications BUCKET           print id, target, event and prefix of each\n"
    "  abort BUCKET PREFIX SECONDS    abort uploads older than this; prints how many\n"
    "\n"
    "Keys and endpoint come from the environment (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL_S3 ...).\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 3 may succeed later, 130 interrupted.\n";

static volatile sig_atomic_t stop;

static void ask_to_stop(int number)
{
    (void)number;
    stop = 1;
}

static int is_stopped(void *payload)
{
    (void)payload;
    return stop;
}

/* Digits only; -1 for anything else. */
static int64_t number_of(const char *text)
{
    int64_t number = 0;

    for (; *text >= '0' && *text <= '9' && number < INT64_MAX / 10 - 1; text++)
        number = number * 10 + (*text - '0');
    return *text == '\0' ? number : -1;
}

static ticker_status put_file(ticker_aws *aws, char **arguments, ticker_error *error)
{
    ticker_s3_object *object = NULL;
    ticker_source *source = NULL;
    ticker_status status;

    if (strcmp(arguments[2], "-") == 0)
        status = ticker_source_open_descriptor(STDIN_FILENO, "-", &source, error);
    else
        status = ticker_source_open_file(arguments[2], &source, error);
    if (status == TICKER_OK)
        status = ticker_s3_put(aws, arguments[0], arguments[1], source, NULL, NULL, NULL, &object, error);
    if (status == TICKER_OK)
        (void)printf("%" PRId64 " %s\n", ticker_s3_object_bytes(object), ticker_s3_object_etag(object));
    ticker_s3_object_free(object);
    return status;
}

static ticker_status write_block(int descriptor, const char *block, size_t size, ticker_error *error)
{
    for (size_t at = 0; at < size;) {
        ssize_t count = write(descriptor, block + at, size - at);

        if (count < 0)
            return ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_IO, "cannot write");
        at += (size_t)count;
    }
    return TICKER_OK;
}

static ticker_status get_file(ticker_aws *aws, char **arguments, ticker_error *error)
{
    bool to_stdout = strcmp(arguments[2], "-") == 0;
    int descriptor = to_stdout ? STDOUT_FILENO : open(arguments[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    char *block = malloc(BLOCK);
    ticker_source *source = NULL;
    ticker_status status = TICKER_OK;

    if (descriptor < 0 || block == NULL)
        status = ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_IO, "cannot open the file to write");
    if (status == TICKER_OK)
        status = ticker_s3_get(aws, arguments[0], arguments[1], NULL, NULL, &source, error);
    while (status == TICKER_OK) {
        size_t got = 0;

        status = ticker_source_read(source, block, BLOCK, &got, error);
        if (status == TICKER_OK)
            status = write_block(descriptor, block, got, error);
    }
    ticker_source_free(source);
    free(block);
    if (!to_stdout && descriptor >= 0 && close(descriptor) != 0 && status == TICKER_DONE)
        status = ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_IO, "cannot write");
    return status == TICKER_DONE ? TICKER_OK : status;
}

static ticker_status head(ticker_aws *aws, char **arguments, ticker_error *error)
{
    ticker_s3_object *object = NULL;
    ticker_status status = ticker_s3_head(aws, arguments[0], arguments[1], NULL, &object, error);

    if (status == TICKER_OK)
        (void)printf("%" PRId64 " %s %s %" PRId64 "\n", ticker_s3_object_bytes(object), ticker_s3_object_etag(object),
                     ticker_s3_object_version(object), ticker_s3_object_modified(object));
    ticker_s3_object_free(object);
    return status;
}

static ticker_status show_object(void *payload, const ticker_s3_object *object, ticker_error *error)
{
    (void)payload;
    (void)error;
    (void)printf("%" PRId64 " %s\n", ticker_s3_object_bytes(object), ticker_s3_object_key(object));
    return TICKER_OK;
}

static ticker_status list(ticker_aws *aws, char **arguments, ticker_error *error)
{
    return ticker_s3_list(aws, arguments[0], arguments[1], number_of(arguments[2]), show_object, NULL, error);
}

static ticker_status delete_one(ticker_aws *aws, char **arguments, ticker_error *error)
{
    return ticker_s3_delete(aws, arguments[0], arguments[1], NULL, error);
}

static ticker_status fill(ticker_aws *aws, char **arguments, ticker_error *error)
{
    int64_t count = number_of(arguments[2]);
    ticker_status status = TICKER_OK;
    char key[TICKER_KEY_MAX];

    for (int64_t i = 0; status == TICKER_OK && i < count; i++) {
        (void)snprintf(key, sizeof(key), "%s%06" PRId64, arguments[1], i);
        status = ticker_s3_put(aws, arguments[0], key, ticker_source_open_memory("x", 1, key), NULL, NULL, NULL, NULL,
                               error);
    }
    return status;
}

/* The bucket and the client, for the visitor below. */
typedef struct emptying {
    ticker_aws *aws;
    const char *bucket;
} emptying;

static ticker_status delete_object(void *payload, const ticker_s3_object *object, ticker_error *error)
{
    const emptying *from = payload;

    return ticker_s3_delete(from->aws, from->bucket, ticker_s3_object_key(object), NULL, error);
}

static ticker_status empty(ticker_aws *aws, char **arguments, ticker_error *error)
{
    emptying from = {aws, arguments[0]};

    return ticker_s3_list(aws, arguments[0], "", 0, delete_object, &from, error);
}

static ticker_status show_text(ticker_status status, char *text)
{
    if (status == TICKER_OK)
        (void)puts(text);
    ticker_free(text);
    return status;
}

static ticker_status presign(ticker_aws *aws, char **arguments, ticker_error *error)
{
    char *url = NULL;
    ticker_status status = ticker_s3_presign(aws, arguments[0], arguments[1], arguments[2], number_of(arguments[3]),
                                             &url, error);

    return show_text(status, url);
}

static ticker_status form(ticker_aws *aws, char **arguments, ticker_error *error)
{
    char *json = NULL;
    ticker_status status = ticker_s3_presign_post(aws, arguments[0], arguments[1], number_of(arguments[2]),
                                                  number_of(arguments[3]), &json, error);

    return show_text(status, json);
}

static ticker_status make_bucket(ticker_aws *aws, char **arguments, ticker_error *error)
{
    int made = 0;
    ticker_status status = ticker_s3_create_bucket(aws, arguments[0], &made, error);

    if (status == TICKER_OK)
        (void)puts(made ? "made" : "there");
    return status;
}

static ticker_status head_bucket(ticker_aws *aws, char **arguments, ticker_error *error)
{
    return ticker_s3_head_bucket(aws, arguments[0], error);
}

static ticker_status delete_bucket(ticker_aws *aws, char **arguments, ticker_error *error)
{
    return ticker_s3_delete_bucket(aws, arguments[0], error);
}

static ticker_status notify(ticker_aws *aws, char **arguments, ticker_error *error)
{
    int changed = 0;
    ticker_status status = ticker_s3_notify(aws, arguments[0], arguments[1], arguments[2], arguments[3], &changed,
                                            error);

    if (status == TICKER_OK)
        (void)puts(changed ? "changed" : "as it was");
    return status;
}

static ticker_status show_notification(void *payload, const char *id, const char *arn, const char *event,
                                       const char *prefix, ticker_error *error)
{
    (void)payload;
    (void)error;
    (void)printf("%s %s %s %s\n", id, arn, event, prefix);
    return TICKER_OK;
}

static ticker_status notifications(ticker_aws *aws, char **arguments, ticker_error *error)
{
    return ticker_s3_notifications(aws, arguments[0], show_notification, NULL, error);
}

static ticker_status abort_uploads(ticker_aws *aws, char **arguments, ticker_error *error)
{
    int64_t count = 0;
    ticker_status status = ticker_s3_abort_uploads(aws, arguments[0], arguments[1], number_of(arguments[2]), &count,
                                                   error);

    (void)printf("%" PRId64 "\n", count);
    return status;
}

static const struct {
    const char *name;
    int arguments;
    ticker_status (*run)(ticker_aws *aws, char **arguments, ticker_error *error);
} commands[] = {{"put", 3, put_file},
                {"get", 3, get_file},
                {"head", 2, head},
                {"list", 3, list},
                {"delete", 2, delete_one},
                {"fill", 3, fill},
                {"empty", 1, empty},
                {"presign", 4, presign},
                {"form", 4, form},
                {"make-bucket", 1, make_bucket},
                {"head-bucket", 1, head_bucket},
                {"delete-bucket", 1, delete_bucket},
                {"notify", 4, notify},
                {"notifications", 1, notifications},
                {"abort", 3, abort_uploads}};

static int exit_status(ticker_status status)
{
    if (stop)
        return EXIT_INTERRUPTED;
    if (status == TICKER_OK)
        return EXIT_SUCCESS;
    return status >= TICKER_RETRY ? EXIT_AGAIN : status >= TICKER_FAILED ? EXIT_FAILURE : EXIT_USAGE;
}

static int run(size_t command, const ticker_options *options, char **arguments, ticker_error *error)
{
    ticker_aws_events events = {.size = sizeof(events), .interrupted = is_stopped};
    ticker_aws *aws = NULL;
    ticker_status status = ticker_aws_new(options, &events, &aws, error);
    char line[4 * TICKER_ERROR_MESSAGE_MAX];

    if (status == TICKER_OK)
        status = commands[command].run(aws, arguments, error);
    ticker_aws_free(aws);
    if (fflush(stdout) != 0 && status == TICKER_OK)
        status = ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_IO, "cannot write");
    if (status != TICKER_OK) {
        (void)ticker_error_format(error, line, sizeof(line));
        (void)fprintf(stderr, "ticker-s3: %s\n", line);
    }
    return exit_status(status);
}

/* "NAME=VALUE" */
static bool set_option(ticker_options *options, const char *setting, ticker_error *error)
{
    char name[64];
    const char *equals = strchr(setting, '=');

    if (equals == NULL || (size_t)(equals - setting) >= sizeof(name))
        return false;
    (void)snprintf(name, sizeof(name), "%.*s", (int)(equals - setting), setting);
    return ticker_options_set(options, name, equals + 1, error) == TICKER_OK;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = ask_to_stop};
    ticker_options *options = ticker_options_new();
    ticker_error *error = ticker_error_new();
    int at = 1, status = EXIT_USAGE;
    bool right = options != NULL && error != NULL;

    (void)sigaction(SIGINT, &action, NULL);
    while (right && at + 1 < argc && strcmp(argv[at], "--option") == 0) {
        right = set_option(options, argv[at + 1], error);
        at += 2;
    }
    for (size_t i = 0; right && at < argc && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[at], commands[i].name) == 0 && argc - at - 1 == commands[i].arguments) {
            status = run(i, options, argv + at + 1, error);
            right = false;
        }
    if (right)
        (void)fputs(help, stderr);
    ticker_options_free(options);
    ticker_error_free(error);
    return status;
}
