/* ticker-cli queue: what waits, and what failed too often. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "remote.h"
#include "text.h"

#define LIST_DEFAULT 100
#define LIST_MAX 10000

typedef struct queue_run {
    cli_context *cli;
    ticker_error *error;
    ticker_aws *aws;
    ticker_store *store;
    ticker_queue *queue;
    bool json;
    int64_t shown;
} queue_run;

/* Takes bucket and key out of the message; it may hold anything, which is then shown as it is. */
static void describe(const char *body, char *text, size_t size)
{
    ticker_event *event = NULL;

    if (ticker_event_parse(body, strlen(body), &event, NULL) == TICKER_OK && ticker_event_count(event) > 0)
        (void)snprintf(text, size, "%s/%s%s", ticker_event_bucket(event, 0), ticker_event_key(event, 0),
                       ticker_event_count(event) > 1 ? " and others" : "");
    else
        (void)snprintf(text, size, "%.200s", body);
    ticker_event_free(event);
}

static ticker_status show_dead(void *payload, const char *id, const char *body, const char *reason, int64_t attempts,
                               int64_t sent, ticker_error *error)
{
    queue_run *self = payload;
    char what[2048], clean[2048], why[1024];
    front_json *json;
    const char *line;

    self->shown++;
    if (!self->json) {
        describe(body, what, sizeof what);
        (void)front_output_printf(&self->cli->output, "%s  %" PRId64 " %s  %s%s%s\n", id, attempts,
                                  attempts == 1 ? "attempt" : "attempts", front_text_clean(what, clean, sizeof clean),
                                  reason[0] != '\0' ? ": " : "", front_text_clean(reason, why, sizeof why));
        return TICKER_OK;
    }
    json = front_json_object();
    front_json_text(json, "id", id);
    front_json_integer(json, "attempts", attempts);
    front_json_integer_or_null(json, "sent", sent > 0 ? sent : TICKER_NULL);
    front_json_text_or_null(json, "reason", reason);
    front_json_text(json, "body", body);
    line = front_json_line(json);
    if (line != NULL)
        (void)front_output_line(&self->cli->output, line);
    front_json_free(json);
    return line != NULL ? TICKER_OK : ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "out of memory");
}

/* -1 is "not known". */
static const char *number(int64_t value, char text[FRONT_NUMBER_MAX])
{
    return value < 0 ? "?" : front_text_count(value, text);
}

static ticker_status list(queue_run *self, int64_t max)
{
    char texts[3][FRONT_NUMBER_MAX];
    int64_t waiting = -1, working = -1, dead = -1;
    ticker_status status = ticker_queue_counts(self->queue, &waiting, &working, &dead, self->error);

    if (status == TICKER_OK)
        status = ticker_queue_dead(self->queue, max, show_dead, self, self->error);
    if (status == TICKER_OK)
        front_note(&self->cli->console, "%s waiting, %s being worked on, %s dead%s", number(waiting, texts[0]),
                   number(working, texts[1]), number(dead, texts[2]),
                   dead > self->shown ? "; --limit shows more of them" : "");
    return status;
}

static ticker_status change(queue_run *self, bool retry, const char *id)
{
    int64_t count = 0;
    ticker_status status = retry ? ticker_queue_retry_dead(self->queue, id, &count, self->error)
                                 : ticker_queue_drop_dead(self->queue, id, &count, self->error);

    if (status != TICKER_OK)
        return status;
    if (id != NULL && count == 0)
        return ticker_error_set(self->error, TICKER_FAILED, TICKER_ERROR_INPUT, "there is no dead letter with this id");
    front_note(&self->cli->console, retry ? "%" PRId64 " put back into the queue" : "%" PRId64 " dropped", count);
    return TICKER_OK;
}

static ticker_status open_queue(queue_run *self)
{
    const ticker_options *options = self->cli->options;
    ticker_status status = TICKER_OK;

    if (strncmp(ticker_options_get(options, "queue-url"), "database:", strlen("database:")) == 0) {
        status = ticker_store_open(options, &self->store, self->error);
        if (status == TICKER_OK)
            status = ticker_store_migrate(self->store, self->error);
    } else {
        status = cli_aws(self->cli, &self->aws, self->error);
    }
    return status == TICKER_OK ? ticker_queue_open(options, self->aws, self->store, &self->queue, self->error) : status;
}

/* "list" takes no id; the others one, or --all. */
static bool check_arguments(cli_context *cli, const char *what, const char **id, int64_t *max)
{
    const char *limit = front_args_value(&cli->args, "limit");
    bool all = front_args_given(&cli->args, "all");

    *id = cli->args.positional_count > 1 ? cli->args.positional[1] : NULL;
    if (strcmp(what, "list") != 0 && strcmp(what, "retry") != 0 && strcmp(what, "drop") != 0)
        front_error(&cli->console, "queue cannot do \"%s\"; use list, retry or drop", what);
    else if (strcmp(what, "list") == 0 && *id != NULL)
        front_error(&cli->console, "queue list takes no id");
    else if (strcmp(what, "list") != 0 && (*id == NULL) != all)
        front_error(&cli->console, "queue %s needs the id of a dead letter ('" CLI_PROGRAM " queue list'), or --all",
                    what);
    else if (limit != NULL && !front_parse_number(limit, 1, LIST_MAX, max))
        front_error(&cli->console, "--limit cannot be %s; use 1 to %d", limit, LIST_MAX);
    else
        return true;
    return false;
}

static front_exit run(cli_context *cli)
{
    queue_run self = {.cli = cli, .json = front_args_given(&cli->args, "json")};
    const char *what = cli->args.positional[0], *id;
    int64_t max = LIST_DEFAULT;
    ticker_status status;
    front_exit result = FRONT_OK;

    if (!check_arguments(cli, what, &id, &max))
        return FRONT_USAGE;
    self.error = ticker_error_new();
    if (self.error == NULL) {
        front_error(&cli->console, "out of memory");
        return FRONT_FAILED;
    }
    status = open_queue(&self);
    if (status == TICKER_OK)
        status = strcmp(what, "list") == 0 ? list(&self, max) : change(&self, strcmp(what, "retry") == 0, id);
    if (status != TICKER_OK) {
        front_report(&cli->console, self.error, id);
        result = front_exit_of(self.error);
    }
    ticker_queue_free(self.queue);
    ticker_store_free(self.store);
    ticker_error_free(self.error);
    return result;
}

static const char *const options[] = {"queue-url", "database-url", CLI_AWS_OPTIONS, "sqs-protocol", NULL};

static const front_flag flags[] = {
    {"all", 0, false, NULL, "retry, drop: every dead letter"},
    {"limit", 0, false, "N", "list: show at most N (default: 100)"},
    {"json", 0, false, NULL, "list: print one JSON object a message, one a line, for scripts"},
};

const cli_command cli_command_queue = {
    .name = "queue",
    .arguments = "list|retry|drop [ID]",
    .complete = "list|retry|drop",
    .summary = "show, retry or drop the messages that failed too often",
    .text = "A message that could not be done after several attempts, or that can never be done,\n"
            "becomes a dead letter. list shows them with the reason, oldest first, and counts what\n"
            "waits. retry puts one back into the queue, or all with --all; drop throws them away.\n\n"
            "With SQS a listed message is hidden from other readers of the dead-letter queue for\n"
            "some seconds.\n",
    .examples = "  " CLI_PROGRAM " queue list\n"
                "  " CLI_PROGRAM " queue retry --all\n"
                "  QUEUE_URL=sqs:ticker-imports " CLI_PROGRAM " queue list --json | jq -r .body\n",
    .options = options,
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .min = 1,
    .max = 2,
    .run = run,
};
