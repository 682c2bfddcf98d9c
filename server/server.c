/* The server without its transports: made from options, taken down again. */
#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "text.h"

static const char *text_option(const ticker_options *options, const char *name)
{
    const char *value = ticker_options_get(options, name);

    return value != NULL ? value : "";
}

bool server_option_is_yes(const ticker_options *options, const char *name)
{
    static const char *const words[] = {"yes", "true", "1", "on", NULL};
    const char *value = ticker_options_get(options, name);

    for (size_t i = 0; value != NULL && words[i] != NULL; i++)
        if (strcmp(words[i], value) == 0)
            return true;
    return false;
}

unsigned server_option_threads(const ticker_options *options)
{
    int64_t threads = 1;

    (void)front_parse_number(text_option(options, "threads"), 1, 1000, &threads);
    return (unsigned)threads;
}

/* The library has checked the text already. */
int64_t server_option_bytes(const ticker_options *options, const char *name)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    const char *value = ticker_options_get(options, name);
    int64_t bytes = 0;

    for (; value != NULL && *value >= '0' && *value <= '9'; value++)
        if (__builtin_mul_overflow(bytes, 10, &bytes) || __builtin_add_overflow(bytes, *value - '0', &bytes))
            return INT64_MAX;
    for (unsigned i = 1; value != NULL && i < sizeof units / sizeof units[0]; i++)
        if (strcmp(value, units[i]) == 0 && __builtin_mul_overflow(bytes, INT64_C(1) << 10 * i, &bytes))
            return INT64_MAX;
    return bytes;
}

/* An origin that cannot match any would only look as if it were allowed. */
static bool valid_origins(const char *list, front_console *console)
{
    if (strcmp(list, "*") == 0)
        return true;
    while (*list != '\0') {
        size_t length;
        const char *scheme;

        list += strspn(list, ", ");
        length = strcspn(list, ", ");
        scheme = strstr(list, "://");
        if (length > 0 && (scheme == NULL || (size_t)(scheme - list) >= length ||
                           memchr(scheme + 3, '/', length - (size_t)(scheme + 3 - list)) != NULL)) {
            front_error(console, "cors-origin: \"%.*s\" is no origin; write https://host or https://host:port",
                        (int)length, list);
            return false;
        }
        list += length;
    }
    return true;
}

static bool open_log(server *s)
{
    const char *path = text_option(s->options, "access-log");

    if (path[0] == '\0' || strcmp(path, "none") == 0)
        return true;
    s->log = log_open(path, s->console);
    return s->log != NULL;
}

static bool load_tokens(server *s)
{
    const char *path = text_option(s->options, "tokens");

    s->private = server_option_is_yes(s->options, "private");
    if (path[0] != '\0') {
        s->tokens = front_tokens_load(path, s->console);
        return s->tokens != NULL;
    }
    if (s->private)
        front_error(s->console, "private: reading is to need a token, but there are none; say in TICKER_TOKENS "
                                "which file they are in");
    return !s->private;
}

server *server_new(const ticker_options *options, front_console *console, front_exit *result)
{
    /* At 0 from the start, so that the first one is seen as a rise. */
    static const ticker_metric shown[] = {TICKER_METRIC_UPLOAD_BYTES, TICKER_METRIC_QUEUE_IN_FLIGHT,
                                          TICKER_METRIC_QUEUE_MESSAGE_AGE};
    server *s = calloc(1, sizeof *s);

    *result = FRONT_FAILED;
    if (s == NULL || getrandom(&s->id_begin, sizeof s->id_begin, 0) != sizeof s->id_begin) {
        front_error(console, "out of memory");
        free(s);
        return NULL;
    }
    s->options = options;
    s->console = console;
    s->tables = server_tables;
    s->cors = text_option(options, "cors-origin");
    s->upload_max = server_option_bytes(options, "max-upload");
    s->streams_max = server_option_threads(options) / 2;
    s->streams_max = s->streams_max > 0 ? s->streams_max : 1;
    s->long_max = server_option_threads(options) > 1 ? server_option_threads(options) - 1 : 1;
    s->health = health_new();
    s->metrics = ticker_metrics_new();
    s->in_flight = ticker_metrics_series(s->metrics, TICKER_METRIC_HTTP_REQUESTS_IN_FLIGHT, NULL, 0);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        (void)ticker_metrics_series(s->metrics, shown[i], NULL, 0);
    s->answer_bytes = ticker_metrics_series(s->metrics, TICKER_METRIC_HTTP_RESPONSE_BYTES, NULL, 0);
    *result = FRONT_USAGE;
    if (s->health != NULL && s->metrics != NULL && valid_origins(s->cors, console) && load_tokens(s) && open_log(s)) {
        *result = FRONT_OK;
        return s;
    }
    server_free(s);
    return NULL;
}

void server_free(server *s)
{
    if (s == NULL)
        return;
    log_close(s->log);
    front_tokens_free(s->tokens);
    health_free(s->health);
    ticker_metrics_free(s->metrics);
    free(s);
}

void server_add_part(server *s, const char *name, bool needed,
                     ticker_status (*check)(void *payload, ticker_error *error), void *payload)
{
    if (s->part_count < SERVER_PARTS_MAX)
        s->parts[s->part_count++] = (server_part){name, needed, check, payload};
}

void server_reload(server *s)
{
    if (s->tokens != NULL && front_tokens_reload(s->tokens, s->console))
        front_note(s->console, "the tokens were read again");
    if (s->log != NULL && log_reopen(s->log, s->console))
        front_note(s->console, "the access log was opened anew");
}
