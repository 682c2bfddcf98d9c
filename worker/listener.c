#include <config.h>

#include "listener.h"

#ifdef TI_WITH_MICROHTTPD

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "metrics_text.h"

#define CONNECTIONS_MAX 32 /* at once; scrapers and health checks are few */
#define MEMORY_MAX ((size_t)16384)
#define TIMEOUT_SECONDS 15
#define HEALTH_LIVE "/health/live"
#define HEALTH_READY "/health/ready"
#define TYPE_JSON "application/json"

/* What libmicrohttpd has after its first call for a request, until the second, which may answer. */
static int begun;

struct listener {
    struct MHD_Daemon *daemon;
    const worker_url *url;
    worker_state *state;
    ticker_metrics *metrics;
};

/* --- Answers. */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type, char *body,
                              size_t size, const char *allow)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result;

    if (response == NULL) {
        free(body);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (allow != NULL)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_status(struct MHD_Connection *connection, unsigned http_status, const char *word,
                                     const char *allow)
{
    front_json *json = front_json_object();
    const char *line;
    char *body = NULL;

    front_json_text(json, "status", word);
    line = front_json_line(json);
    if (line != NULL)
        body = strdup(line);
    front_json_free(json);
    return body != NULL ? answer(connection, http_status, TYPE_JSON, body, strlen(body), allow) : MHD_NO;
}

static enum MHD_Result answer_metrics(listener *self, struct MHD_Connection *connection)
{
    size_t size = 0;
    char *text = front_metrics_text(self->metrics, &size);

    if (text != NULL)
        return answer(connection, MHD_HTTP_OK, TICKER_METRICS_TYPE, text, size, NULL);
    return answer_status(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "failed", NULL);
}

static enum MHD_Result answer_live(listener *self, struct MHD_Connection *connection)
{
    bool live = state_is_live(self->state);

    return answer_status(connection, live ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, live ? "ok" : "stuck", NULL);
}

static enum MHD_Result answer_ready(listener *self, struct MHD_Connection *connection)
{
    bool ready = state_is_ready(self->state);

    return answer_status(connection, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
                         ready                            ? "ready"
                         : state_is_stopping(self->state) ? "stopping"
                                                          : "unavailable",
                         NULL);
}

static enum MHD_Result handle(void *payload, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **request)
{
    listener *self = payload;

    (void)version;
    (void)upload;
    if (*request == NULL) {
        *request = &begun;
        return MHD_YES;
    }
    if (*upload_size > 0) { /* nobody wants it */
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_status(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "method not allowed", "GET, HEAD");
    if (strcmp(url, HEALTH_LIVE) == 0)
        return answer_live(self, connection);
    if (strcmp(url, HEALTH_READY) == 0)
        return answer_ready(self, connection);
    if (strcmp(url, self->url->path) == 0)
        return answer_metrics(self, connection);
    return answer_status(connection, MHD_HTTP_NOT_FOUND, "not found", NULL);
}

/* --- The listener. */

static bool start(listener *self, int descriptor)
{
    self->daemon = MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, handle, self,
                                    MHD_OPTION_LISTEN_SOCKET, descriptor, MHD_OPTION_CONNECTION_LIMIT,
                                    (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_MAX,
                                    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_SECONDS,
                                    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    return self->daemon != NULL;
}

listener *listener_open(const worker_url *url, worker_state *state, ticker_metrics *metrics, front_console *console,
                        front_exit *result)
{
    listener *self;
    char name[SOCKETS_TEXT_MAX];
    int descriptor;

    *result = FRONT_OK;
    if (url->address[0] == '\0')
        return NULL;
    *result = FRONT_USAGE;
    descriptor = sockets_listen(url->address, "PROMETHEUS_URL (none: for none)", console);
    if (descriptor < 0)
        return NULL;
    self = calloc(1, sizeof *self);
    if (self != NULL) {
        self->url = url;
        self->state = state;
        self->metrics = metrics;
    }
    if (self == NULL || !start(self, descriptor)) {
        front_error(console, "the listener for metrics could not be started");
        *result = FRONT_FAILED;
        (void)close(descriptor);
        free(self);
        return NULL;
    }
    front_note(console, "metrics at http://%s%s", sockets_name(descriptor, name), url->path);
    *result = FRONT_OK;
    return self;
}

void listener_free(listener *self)
{
    if (self == NULL)
        return;
    MHD_stop_daemon(self->daemon); /* closes the socket too */
    free(self);
}

#else

listener *listener_open(const worker_url *url, worker_state *state, ticker_metrics *metrics, front_console *console,
                        front_exit *result)
{
    (void)state;
    (void)metrics;
    if (url->address[0] != '\0')
        front_detail(console, "this build has no HTTP: metrics are shown nowhere");
    *result = FRONT_OK;
    return NULL;
}

void listener_free(listener *self)
{
    (void)self;
}

#endif
