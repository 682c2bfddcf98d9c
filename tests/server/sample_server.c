/* The sample server as a program:
 *
 *   sample_server [--listen NAME] [--fastcgi NAME] [--workers N] [--waiting N] [--loops N] [--connections N] [--head-ms N] [--idle-ms N]
 *                 [--stall-ms N] [--rate N] [--grace-ms N]
 *
 * also as CGI, and with sockets from systemd or on standard input. It prints where it listens, a line each, and ends well with SIGTERM. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "interrupt.h"
#include "sample.h"
#include "sockets.h"
#include "text.h"
#include "transport.h"

typedef struct sample {
    transport_setup setup;
    front_console console;
    const char *names[SOCKETS_MAX];
    size_t name_count;
    transport *transports[SOCKETS_MAX * 2];
    size_t count;
    sockets_inherited inherited[SOCKETS_MAX];
    size_t inherited_count;
    unsigned workers, waiting, grace_ms;
} sample;

static bool open_one(sample *self, int descriptor, sockets_protocol protocol)
{
    char text[SOCKETS_TEXT_MAX];
    transport *opened;

    if (descriptor < 0 || self->count == SOCKETS_MAX * 2)
        return false;
    printf("%s %s\n", protocol == SOCKETS_HTTP ? "http" : "fastcgi", sockets_name(descriptor, text));
    opened = protocol == SOCKETS_HTTP ? http_open(&self->setup, descriptor) : fastcgi_open(&self->setup, descriptor);
    if (opened != NULL)
        self->transports[self->count++] = opened;
    return opened != NULL;
}

static bool open_named(sample *self, const char *name, sockets_protocol protocol)
{
    if (self->name_count < SOCKETS_MAX)
        self->names[self->name_count++] = name;
    return open_one(self, sockets_listen(name, NULL, &self->console), protocol);
}

static unsigned *number_of(sample *self, const char *flag)
{
    transport_limits *limits = &self->setup.limits;
    const struct {
        const char *flag;
        unsigned *place;
    } table[] = {{"--workers", &self->workers},
                 {"--waiting", &self->waiting},
                 {"--loops", &limits->loops},
                 {"--connections", &limits->connections},
                 {"--head-ms", &limits->head_ms},
                 {"--idle-ms", &limits->idle_ms},
                 {"--stall-ms", &limits->stall_ms},
                 {"--rate", &limits->rate},
                 {"--per-address", &limits->per_address},
                 {"--grace-ms", &self->grace_ms}};

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(flag, table[i].flag) == 0)
            return table[i].place;
    return NULL;
}

static bool read_numbers(sample *self, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        unsigned *place = number_of(self, argv[i]);
        int64_t value;

        if (place != NULL && !front_parse_number(argv[i + 1], 0, 1000000000, &value))
            return false;
        if (place != NULL)
            *place = (unsigned)value;
    }
    return argc % 2 == 1;
}

static bool open_all(sample *self, int argc, char **argv)
{
    for (size_t i = 0; i < self->inherited_count; i++)
        if (!open_one(self, self->inherited[i].descriptor, self->inherited[i].protocol))
            return false;
    for (int i = 1; i + 1 < argc; i += 2)
        if ((strcmp(argv[i], "--listen") == 0 && !open_named(self, argv[i + 1], SOCKETS_HTTP)) ||
            (strcmp(argv[i], "--fastcgi") == 0 && !open_named(self, argv[i + 1], SOCKETS_FASTCGI)))
            return false;
    return self->count > 0;
}

static void serve(sample *self)
{
    struct pollfd stop = {.fd = front_interrupt_descriptor(), .events = POLLIN};
    unsigned left = self->grace_ms / 10;

    (void)fflush(stdout);
    while (!front_interrupted())
        (void)poll(&stop, 1, 1000);
    for (size_t i = 0; i < self->count; i++)
        transport_drain(self->transports[i]);
    for (bool running = true; running && left > 0; left--) {
        running = false;
        for (size_t i = 0; i < self->count; i++)
            running = running || transport_running(self->transports[i]) > 0;
        if (running)
            (void)poll(NULL, 0, 10);
    }
}

int main(int argc, char **argv)
{
    sample self = {.workers = 4, .waiting = 16, .grace_ms = 2000};
    bool good = read_numbers(&self, argc, argv);

    self.inherited_count = cgi_wanted() ? 0 : sockets_inherit(self.inherited);
    front_console_init(&self.console, "sample_server");
    front_interrupt_install();
    self.setup.server = sample_new();
    self.setup.console = &self.console;
    if (self.setup.server == NULL)
        return 1;
    if (cgi_wanted()) {
        int status = cgi_run(self.setup.server);

        sample_free(self.setup.server);
        return status;
    }
    self.setup.workers = workers_new(self.workers, self.waiting);
    good = good && self.setup.workers != NULL && open_all(&self, argc, argv);
    if (good)
        serve(&self);
    for (size_t i = 0; i < self.count; i++)
        transport_free(self.transports[i]);
    for (size_t i = 0; i < self.name_count; i++)
        sockets_forget(self.names[i]);
    workers_free(self.setup.workers);
    sample_free(self.setup.server);
    front_console_free(&self.console);
    return good ? 0 : 1;
}
