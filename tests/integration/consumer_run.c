/* Runs a consumer for the tests: "consumer_run NAME=VALUE…" sets options and says on standard output what it hears, a line for each event.
 * Commands come on standard input, a line for each: "stop MILLISECONDS", "reload NAME=VALUE…", "files", "idle", "ready", "metrics". The
 * end of the input means nothing. Exit status: that of ticker_consumer_run(), without its sign.
 *
 * "consumer_run send NAME=VALUE…" puts each line of standard input into the queue instead; "consumer_run receive …" takes what is there
 * now, gives it back at once, and prints how much it was. */
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tickerimport.h>

#define LINE_BYTES 4096

static const char *const words[] = {"done", "retried", "dead", "ignored", "released", "missing", "lost"};

static ticker_options *options;
static ticker_metrics *metrics;
static ticker_consumer *consumer;
static atomic_bool ended;

static void on_file(void *payload, const ticker_report *report)
{
    (void)payload;
    printf("file %s %s %" PRId64 " %" PRId64 "\n", ticker_report_text(report, TICKER_REPORT_STATUS),
           ticker_report_text(report, TICKER_REPORT_FILE), ticker_report_integer(report, TICKER_REPORT_IMPORTED),
           ticker_report_integer(report, TICKER_REPORT_IMPORT_ID));
}

static void on_message(void *payload, const ticker_message *message, ticker_consumed what, const ticker_error *why,
                       int64_t microseconds)
{
    char reason[2 * TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX];

    (void)payload;
    (void)ticker_error_format(why, reason, sizeof reason);
    printf("message %s %s attempt %" PRId64 " %" PRId64 " ms: %s\n", words[what], ticker_message_id(message),
           ticker_message_attempts(message), microseconds / 1000, reason);
}

static void on_trouble(void *payload, const ticker_error *why, int64_t pause)
{
    (void)payload;
    if (why == NULL)
        printf("well\n");
    else
        printf("trouble %" PRId64 " ms: %s\n", pause, ticker_error_message(why));
}

static void on_left(void *payload, int64_t id)
{
    (void)payload;
    printf("left %" PRId64 "\n", id);
}

static void show_file(void *payload, const char *name, int64_t id, uint64_t position, int64_t bytes, uint64_t records,
                      int64_t milliseconds)
{
    (void)payload;
    printf("running %s row %" PRId64 " %" PRIu64 " of %" PRId64 " bytes, %" PRIu64 " records, %" PRId64 " ms\n", name,
           id, position, bytes, records, milliseconds);
}

static int write_metrics(const void *data, size_t size, void *payload)
{
    (void)payload;
    return fwrite(data, 1, size, stdout) == size ? 0 : 1;
}

/* "NAME=VALUE" */
static void set(char *argument)
{
    char *value = strchr(argument, '=');
    ticker_error *error = ticker_error_new();

    if (value != NULL)
        *value++ = '\0';
    if (value == NULL || ticker_options_set(options, argument, value, error) != TICKER_OK) {
        fprintf(stderr, "consumer_run: %s: %s\n", argument, ticker_error_message(error));
        exit(2);
    }
    ticker_error_free(error);
}

static void reload(char *arguments)
{
    ticker_error *error = ticker_error_new();
    ticker_status status;

    while (*arguments == ' ') {
        char *end, kept;

        arguments++;
        end = arguments + strcspn(arguments, " ");
        kept = *end;

        *end = '\0';
        set(arguments);
        *end = kept;
        arguments = end;
    }
    status = ticker_consumer_reload(consumer, options, error);
    printf("reloaded %d %s\n", status, ticker_error_message(error));
    ticker_error_free(error);
}

/* False: what is it? */
static bool obey(char *line)
{
    if (strncmp(line, "stop ", 5) == 0)
        ticker_consumer_stop(consumer, strtoimax(line + 5, NULL, 10));
    else if (strncmp(line, "reload", 6) == 0)
        reload(line + 6);
    else if (strcmp(line, "files") == 0)
        printf("%zu files\n", ticker_consumer_files(consumer, show_file, NULL));
    else if (strcmp(line, "idle") == 0)
        printf("idle %" PRId64 "\n", ticker_consumer_idle_ms(consumer));
    else if (strcmp(line, "ready") == 0)
        printf("ready %d\n", ticker_consumer_is_ready(consumer));
    else if (strcmp(line, "metrics") == 0 && ticker_metrics_write(metrics, write_metrics, NULL, NULL) == TICKER_OK)
        printf("metrics end\n");
    else
        return false;
    return true;
}

static void *read_commands(void *payload)
{
    static char line[LINE_BYTES];
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    size_t size = 0;

    while (!atomic_load(&ended) && size + 1 < sizeof line) {
        ssize_t got = 0;
        char *end;

        if (poll(&input, 1, 50) <= 0)
            continue;
        got = read(STDIN_FILENO, line + size, sizeof line - 1 - size);
        if (got <= 0)
            break;
        size += (size_t)got;
        line[size] = '\0';
        while ((end = strchr(line, '\n')) != NULL) {
            *end = '\0';
            if (!obey(line))
                printf("unknown command %s\n", line);
            size -= (size_t)(end + 1 - line);
            memmove(line, end + 1, size + 1);
        }
    }
    return payload;
}

/* What the environment says, then the arguments. */
static void read_options(int argc, char **argv)
{
    for (size_t i = 0; i < ticker_option_count(); i++) {
        const char *variable = ticker_option_environment(i), *value = variable != NULL ? getenv(variable) : NULL;

        if (value != NULL && ticker_options_set(options, ticker_option_name(i), value, NULL) != TICKER_OK)
            exit(2);
    }
    for (int i = 1; i < argc; i++)
        set(argv[i]);
}

/* --- The queue itself. */

static int fail(const ticker_error *error)
{
    fprintf(stderr, "consumer_run: %s; %s\n", ticker_error_message(error), ticker_error_hint(error));
    return 3;
}

static int send_lines(ticker_queue *queue, ticker_error *error)
{
    static char line[1 << 20];

    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (ticker_queue_send(queue, line, 0, error) != TICKER_OK)
            return fail(error);
    }
    return 0;
}

static int receive(ticker_queue *queue, ticker_error *error)
{
    ticker_message *messages[10];
    size_t count = 0;

    if (ticker_queue_receive(queue, 10, 0, 30, messages, &count, error) != TICKER_OK)
        return fail(error);
    for (size_t i = 0; i < count; i++) {
        if (ticker_queue_release(queue, messages[i], 0, error) != TICKER_OK)
            return fail(error);
        ticker_message_free(messages[i]);
    }
    printf("%zu messages\n", count);
    return 0;
}

static int use_queue(bool send)
{
    ticker_error *error = ticker_error_new();
    ticker_store *store = NULL;
    ticker_queue *queue = NULL;
    int result;

    if (ticker_store_open(options, &store, error) != TICKER_OK ||
        ticker_queue_open(options, NULL, store, &queue, error) != TICKER_OK)
        result = fail(error);
    else
        result = send ? send_lines(queue, error) : receive(queue, error);
    ticker_queue_free(queue);
    ticker_store_free(store);
    ticker_error_free(error);
    ticker_options_free(options);
    return result;
}

int main(int argc, char **argv)
{
    const ticker_consumer_events events = {
        .size = sizeof events, .file = on_file, .message = on_message, .trouble = on_trouble, .left = on_left};
    ticker_error *error = ticker_error_new();
    ticker_status status;
    pthread_t thread;

    bool send = argc > 1 && strcmp(argv[1], "send") == 0, take = argc > 1 && strcmp(argv[1], "receive") == 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    options = ticker_options_new();
    if (options != NULL && (send || take)) {
        ticker_error_free(error);
        read_options(argc - 1, argv + 1);
        return use_queue(send);
    }
    metrics = ticker_metrics_new();
    if (error == NULL || options == NULL || metrics == NULL)
        return 2;
    read_options(argc, argv);
    status = ticker_consumer_open(options, NULL, metrics, &events, &consumer, error);
    if (status == TICKER_OK && pthread_create(&thread, NULL, read_commands, NULL) == 0) {
        status = ticker_consumer_run(consumer, error);
        atomic_store(&ended, true);
        (void)pthread_join(thread, NULL);
    }
    printf("end %d %s\n", status, ticker_error_message(error));
    ticker_consumer_free(consumer);
    ticker_metrics_free(metrics);
    ticker_options_free(options);
    ticker_error_free(error);
    return -status;
}
