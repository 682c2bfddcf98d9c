#include "events.h"

#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "text.h"

static const char *const words[] = {[TICKER_CONSUMED_DONE] = "done",         [TICKER_CONSUMED_RETRIED] = "retried",
                                    [TICKER_CONSUMED_DEAD] = "dead",         [TICKER_CONSUMED_IGNORED] = "ignored",
                                    [TICKER_CONSUMED_RELEASED] = "released", [TICKER_CONSUMED_MISSING] = "missing",
                                    [TICKER_CONSUMED_LOST] = "lost"};

static front_json *begin(const char *event)
{
    front_json *json = front_json_object();

    front_json_text(json, "event", event);
    return json;
}

/* --- Files. */

static void file_as_json(events *self, const ticker_report *report, bool failed)
{
    front_json *json = begin("file");

    front_json_integer_or_null(json, "import_id", ticker_report_integer(report, TICKER_REPORT_IMPORT_ID));
    front_json_text(json, "file", ticker_report_text(report, TICKER_REPORT_FILE));
    front_json_text_or_null(json, "member", ticker_report_text(report, TICKER_REPORT_MEMBER));
    front_json_text_or_null(json, "format", ticker_report_text(report, TICKER_REPORT_FORMAT));
    front_json_text(json, "status", ticker_report_text(report, TICKER_REPORT_STATUS));
    front_json_integer(json, "rows", ticker_report_integer(report, TICKER_REPORT_IMPORTED));
    front_json_integer(json, "rejected", ticker_report_integer(report, TICKER_REPORT_REJECTED));
    front_json_integer(json, "superseded", ticker_report_integer(report, TICKER_REPORT_SUPERSEDED));
    front_json_integer(json, "replaced", ticker_report_integer(report, TICKER_REPORT_REPLACED));
    front_json_integer(json, "bytes", ticker_report_integer(report, TICKER_REPORT_BYTES));
    front_json_integer(json, "member_bytes", ticker_report_integer(report, TICKER_REPORT_MEMBER_BYTES));
    front_json_seconds(json, "seconds", ticker_report_integer(report, TICKER_REPORT_MICROSECONDS));
    front_json_stages(json, report);
    if (failed)
        front_json_text(json, "reason", ticker_report_text(report, TICKER_REPORT_ERROR));
    front_console_object(self->console, failed ? "warning" : "info", json);
}

static void file_as_text(events *self, const ticker_report *report, bool failed)
{
    int64_t rejected = ticker_report_integer(report, TICKER_REPORT_REJECTED);
    int64_t micros = ticker_report_integer(report, TICKER_REPORT_MICROSECONDS);
    const char *file = ticker_report_text(report, TICKER_REPORT_FILE);
    const char *member = ticker_report_text(report, TICKER_REPORT_MEMBER);
    /* Its own quotes, and those of others. */
    int64_t gave_way = ticker_report_integer(report, TICKER_REPORT_SUPERSEDED) +
                       ticker_report_integer(report, TICKER_REPORT_REPLACED);
    char rows[FRONT_NUMBER_MAX], refused[FRONT_NUMBER_MAX], superseded[FRONT_NUMBER_MAX], time[FRONT_NUMBER_MAX];

    if (failed) { /* what becomes of its message is said louder */
        front_detail(self->console, "%s%s%s: failed", file, member[0] != '\0' ? ": " : "", member);
        return;
    }
    (void)front_text_count(ticker_report_integer(report, TICKER_REPORT_IMPORTED), rows);
    (void)front_text_count(rejected, refused);
    (void)front_text_count(gave_way, superseded);
    (void)front_text_duration(micros > 0 ? (uint64_t)micros : 0, time);
    front_note(self->console, "%s%s%s: %s, %s rows%s%s%s%s, %s", file, member[0] != '\0' ? ": " : "", member,
               ticker_report_text(report, TICKER_REPORT_STATUS), rows, rejected > 0 ? ", rejected " : "",
               rejected > 0 ? refused : "", gave_way > 0 ? ", superseded " : "", gave_way > 0 ? superseded : "", time);
}

static void on_file(void *payload, const ticker_report *report)
{
    events *self = payload;
    bool failed = strcmp(ticker_report_text(report, TICKER_REPORT_STATUS), "failed") == 0;

    atomic_fetch_add(&self->state->files, 1);
    if (failed)
        atomic_fetch_add(&self->state->failed, 1);
    else
        atomic_fetch_add(&self->state->rows, ticker_report_integer(report, TICKER_REPORT_IMPORTED));
    if (self->console->json)
        file_as_json(self, report, failed);
    else
        file_as_text(self, report, failed);
    state_wake(self->state);
}

/* --- Messages. */

static void message_as_json(events *self, const char *level, const ticker_message *message, const char *word,
                            const char *reason, int64_t microseconds)
{
    front_json *json = begin("message");

    front_json_text(json, "id", ticker_message_id(message));
    front_json_integer(json, "attempt", ticker_message_attempts(message));
    front_json_text(json, "result", word);
    front_json_seconds(json, "seconds", microseconds);
    if (reason[0] != '\0')
        front_json_text(json, "reason", reason);
    front_console_object(self->console, level, json);
}

static void on_message(void *payload, const ticker_message *message, ticker_consumed what, const ticker_error *why,
                       int64_t microseconds)
{
    bool normal = what == TICKER_CONSUMED_DONE || what == TICKER_CONSUMED_IGNORED || what == TICKER_CONSUMED_RELEASED;
    const char *word = (size_t)what < sizeof words / sizeof words[0] ? words[what] : "unknown";
    events *self = payload;
    char reason[FRONT_MESSAGE_MAX] = "";

    atomic_fetch_add(&self->state->messages, 1);
    if (why != NULL && ticker_error_status(why) != TICKER_OK)
        (void)ticker_error_format(why, reason, sizeof reason);
    if (self->console->json)
        message_as_json(self, normal ? "debug" : "warning", message, word, reason, microseconds);
    else if (normal)
        front_detail(self->console, "message %s: %s", ticker_message_id(message), word);
    else
        front_warning(self->console, "message %s, attempt %" PRId64 ": %s%s%s", ticker_message_id(message),
                      ticker_message_attempts(message), word, reason[0] != '\0' ? ": " : "", reason);
    state_wake(self->state);
}

/* --- Services. */

static void on_trouble(void *payload, const ticker_error *why, int64_t pause_ms)
{
    events *self = payload;
    char reason[FRONT_MESSAGE_MAX] = "";
    front_json *json;
    int64_t lasted;

    if (why != NULL)
        (void)ticker_error_format(why, reason, sizeof reason);
    lasted = state_trouble(self->state, why != NULL ? reason : NULL);
    if (!self->console->json) {
        if (why != NULL)
            front_error(self->console, "waiting for a service: %s", reason);
        else
            front_note(self->console, "all services are back after %" PRId64 " s", (lasted + 999) / 1000);
        return;
    }
    json = begin(why != NULL ? "trouble" : "recovered");
    if (why != NULL)
        front_json_text(json, "reason", reason);
    if (why != NULL)
        front_json_integer(json, "pause_ms", pause_ms);
    front_json_seconds(json, "seconds", lasted * 1000);
    front_console_object(self->console, why != NULL ? "error" : "info", json);
}

static void on_left(void *payload, int64_t import_id)
{
    events *self = payload;
    front_json *json;

    if (!self->console->json) {
        front_note(self->console, "upload %" PRId64 " was left behind: no message tells of it", import_id);
        return;
    }
    json = begin("left");
    front_json_integer(json, "import_id", import_id);
    front_console_object(self->console, "info", json);
}

ticker_consumer_events events_table(events *self)
{
    return (ticker_consumer_events){.size = sizeof(ticker_consumer_events),
                                    .payload = self,
                                    .file = on_file,
                                    .message = on_message,
                                    .trouble = on_trouble,
                                    .left = on_left};
}

/* --- The worker itself. */

/* Database URLs hold passwords: only their kind is told. */
static const char *database_kind(const ticker_options *options)
{
    const char *url = ticker_options_get(options, "database-url");

    return url != NULL && strncmp(url, "postgres", strlen("postgres")) == 0 ? "postgresql" : "sqlite";
}

static const char *text_of(const ticker_options *options, const char *name)
{
    const char *value = ticker_options_get(options, name);

    return value != NULL ? value : "";
}

void events_start(events *self, const ticker_options *options)
{
    front_json *json;

    if (!self->console->json) {
        front_note(self->console, "version %s; queue %s, storage %s, database %s", ticker_version(),
                   text_of(options, "queue-url"),
                   text_of(options, "storage-url")[0] != '\0' ? text_of(options, "storage-url") : "in the data folder",
                   database_kind(options));
        return;
    }
    json = begin("start");
    front_json_text(json, "version", ticker_version());
    front_json_text(json, "queue", text_of(options, "queue-url"));
    front_json_text_or_null(json, "storage", text_of(options, "storage-url"));
    front_json_text(json, "database", database_kind(options));
    front_json_text(json, "concurrency", text_of(options, "concurrency"));
    front_console_object(self->console, "info", json);
}

void events_stop(events *self)
{
    int64_t files = atomic_load(&self->state->files), failed = atomic_load(&self->state->failed);
    int64_t milliseconds = state_clock() - self->state->began;
    char text[FRONT_NUMBER_MAX], time[FRONT_NUMBER_MAX];
    front_json *json;

    if (!self->console->json) {
        (void)front_text_duration((uint64_t)milliseconds * 1000, time);
        front_note(self->console, "stopped after %s: %s files, %" PRId64 " of them failed", time,
                   front_text_count(files, text), failed);
        return;
    }
    json = begin("stop");
    front_json_integer(json, "files", files);
    front_json_integer(json, "failed", failed);
    front_json_integer(json, "rows", atomic_load(&self->state->rows));
    front_json_integer(json, "messages", atomic_load(&self->state->messages));
    front_json_seconds(json, "seconds", milliseconds * 1000);
    front_console_object(self->console, "info", json);
}
