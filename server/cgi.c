/* One request of the environment, for web servers that start a program for each. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway.h"
#include "transport.h"
#include "transport_parts.h"

#define VARIABLES_MAX 1000 /* of the environment that are looked at */
#define STALL_MS 30000     /* without a byte from the web server, which has limits of its own */
#define OUT_MAX 65536

extern char **environ;

typedef struct cgi {
    gateway_request request;
    exchange x;
    int64_t body_got;
    bool broken; /* standard output is of no use any more */
    size_t out_size;
    char head[GATEWAY_HEAD_MAX];
    char out[OUT_MAX];
} cgi;

bool cgi_wanted(void)
{
    const char *interface = getenv("GATEWAY_INTERFACE");

    return interface != NULL && strncmp(interface, "CGI/", 4) == 0;
}

/* At the end of the input nothing is announced any more, so all that came short broke off. */
static ticker_status read_body(exchange *x, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    cgi *self = (cgi *)x->transport;
    int64_t left = x->content_length - self->body_got;
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    *got = 0;
    if (left <= 0)
        return TICKER_DONE;
    if (self->body_got >= x->body_max)
        return transport_body_over(error);
    capacity = (int64_t)capacity < left ? capacity : (size_t)left;
    capacity = (int64_t)capacity < x->body_max - self->body_got ? capacity : (size_t)(x->body_max - self->body_got);
    for (;;) {
        int ready = poll(&input, 1, STALL_MS);
        ssize_t size = ready > 0 ? read(STDIN_FILENO, buffer, capacity) : -1;

        if (ready == 0)
            return transport_body_late(error);
        if (size > 0) {
            *got = (size_t)size;
            self->body_got += size;
            return TICKER_OK;
        }
        if (size == 0 || (errno != EINTR && errno != EAGAIN))
            return transport_body_broken(error);
    }
}

static bool send_all(cgi *self, const void *data, size_t size)
{
    const char *from = (const char *)data;
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};

    while (size > 0 && !self->broken) {
        ssize_t sent = write(STDOUT_FILENO, from, size);

        if (sent > 0) {
            from += sent;
            size -= (size_t)sent;
        } else if (sent < 0 && errno == EAGAIN) {
            self->broken = poll(&output, 1, STALL_MS) == 0;
        } else if (sent == 0 || errno != EINTR) {
            self->broken = true;
        }
    }
    return !self->broken;
}

static bool send_head(cgi *self, int64_t length)
{
    size_t size = gateway_head(&self->x, length, self->head);

    self->broken = self->broken || size == 0;
    return send_all(self, self->head, size);
}

static bool start_answer(exchange *x, int64_t length)
{
    x->streamed = true;
    return send_head((cgi *)x->transport, length);
}

static bool flush(cgi *self)
{
    bool good = send_all(self, self->out, self->out_size);

    self->out_size = 0;
    return good;
}

static bool write_body(exchange *x, const void *data, size_t size)
{
    cgi *self = (cgi *)x->transport;

    if (!gateway_has_body(x))
        return !self->broken;
    if (size > OUT_MAX - self->out_size && !flush(self))
        return false;
    if (size >= OUT_MAX) {
        if (!send_all(self, data, size))
            return false;
    } else {
        memcpy(self->out + self->out_size, data, size);
        self->out_size += size;
    }
    x->sent += size;
    return true;
}

static const exchange_ops cgi_ops = {read_body, start_answer, write_body};

/* Names are written over, so they are copies; they live until the process ends with the answer. False: no memory. */
static bool take_variables(cgi *self, char *copies[VARIABLES_MAX])
{
    gateway_start(&self->request);
    for (size_t i = 0; environ[i] != NULL && i < VARIABLES_MAX; i++) {
        char *mark;

        copies[i] = strdup(environ[i]);
        if (copies[i] == NULL)
            return false;
        mark = strchr(copies[i], '=');
        if (mark == NULL)
            continue;
        *mark = '\0';
        gateway_variable(&self->request, copies[i], mark + 1);
    }
    return true;
}

static void answer(cgi *self, server *app)
{
    int refused = gateway_finish(&self->request, &self->x);

    /* Where a body of no announced length ends, CGI cannot tell from where it broke off. */
    if (refused == 0 && self->x.content_length < 0)
        refused = 411;
    if (refused != 0)
        server_refuse(app, &self->x, refused);
    else if (server_begin(app, &self->x) == SERVER_WORK)
        server_work(app, &self->x);
    if (!self->x.streamed && send_head(self, (int64_t)self->x.body_size) && gateway_has_body(&self->x)) {
        (void)send_all(self, self->x.body, self->x.body_size);
        self->x.sent = self->broken ? 0 : self->x.body_size;
    }
    (void)flush(self);
    server_end(app, &self->x);
}

int cgi_run(server *app)
{
    cgi *self = (cgi *)calloc(1, sizeof(*self));
    char **copies = (char **)calloc(VARIABLES_MAX, sizeof(*copies));
    bool good = false;

    if (self != NULL && copies != NULL && take_variables(self, copies)) {
        self->x.ops = &cgi_ops;
        self->x.transport = self;
        answer(self, app);
        good = !self->broken && !self->x.failed;
    }
    for (size_t i = 0; copies != NULL && i < VARIABLES_MAX; i++)
        free(copies[i]);
    free(copies);
    free(self);
    return good ? 0 : 1;
}
