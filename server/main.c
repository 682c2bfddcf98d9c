/* ticker-server: settings in, sockets open, signals heard; the work is done by the transports and the workers. */
#define _GNU_SOURCE /* ppoll */
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "help.h"
#include "interrupt.h"
#include "life.h"
#include "notify.h"
#include "output.h"
#include "program.h"
#include "server.h"
#include "settings.h"
#include "sockets.h"
#include "text.h"
#include "transport.h"

#define TRANSPORTS_MAX (SOCKETS_MAX + 2)
#define DEFAULT_LISTEN "127.0.0.1:4000"
#define WAITING_PER_THREAD 64 /* requests that wait for one; more get 503 */
#define DRAIN_STEP_MS 50

typedef struct program {
    front_console console;
    front_output output;
    front_args args;
    ticker_options *options;
    server *server;
    life *life;
    workers *workers;
    transport *transports[TRANSPORTS_MAX];
    size_t transport_count;
    const char *names[2]; /* of sockets that were made here */
    size_t name_count;
    sockets_inherited inherited[SOCKETS_MAX];
    size_t inherited_count;
    front_exit refused; /* the code when there is nothing to listen at */
} program;

static volatile sig_atomic_t hangup;

static void on_hangup(int number)
{
    (void)number;
    hangup = 1;
}

/* SIGHUP reaches this thread only, and only while it waits in ppoll(): threads made later inherit the mask. */
static void hear_hangup(sigset_t *while_waiting)
{
    struct sigaction action;
    sigset_t blocked;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_hangup;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGHUP, &action, NULL);
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &blocked, while_waiting);
    (void)sigdelset(while_waiting, SIGHUP);
}

static const char *option(const program *p, const char *name)
{
    const char *value = ticker_options_get(p->options, name);

    return value != NULL ? value : "";
}

static int64_t number_option(const program *p, const char *name)
{
    int64_t value = 0;

    return front_parse_number(option(p, name), 0, INT64_MAX, &value) ? value : 0;
}

/* --- Sockets. */

static bool serve(program *p, int listener, sockets_protocol protocol)
{
    transport_setup setup = {.server = p->server, .workers = p->workers, .console = &p->console};
    char name[SOCKETS_TEXT_MAX];
    transport *made;

    (void)sockets_name(listener, name);
    if (p->transport_count == TRANSPORTS_MAX) {
        front_error(&p->console, "%s: too many sockets", name);
        (void)close(listener);
        return false;
    }
    made = protocol == SOCKETS_FASTCGI ? fastcgi_open(&setup, listener) : http_open(&setup, listener);
    if (made == NULL)
        return false;
    p->transports[p->transport_count++] = made;
    front_note(&p->console, "%s on %s", protocol == SOCKETS_FASTCGI ? "FastCGI" : "HTTP", name);
    return true;
}

static bool listen_at(program *p, const char *name, const char *setting, sockets_protocol protocol)
{
    int listener = sockets_listen(name, setting, &p->console);

    if (listener == SOCKETS_NO_NAME)
        p->refused = FRONT_USAGE;
    if (listener < 0)
        return false;
    p->names[p->name_count++] = name;
    return serve(p, listener, protocol);
}

static bool open_transports(program *p)
{
    const char *http = option(p, "listen"), *fastcgi = option(p, "fastcgi");

    for (size_t i = 0; i < p->inherited_count; i++) {
        int listener = p->inherited[i].descriptor;

        p->inherited[i].descriptor = -1;
        if (!serve(p, listener, p->inherited[i].protocol))
            return false;
    }
    if (fastcgi[0] != '\0' && !listen_at(p, fastcgi, "--fastcgi", SOCKETS_FASTCGI))
        return false;
    /* Behind a web server a second way in, that goes around it, has to be asked for. */
    if (http[0] == '\0' && fastcgi[0] == '\0' && p->inherited_count == 0)
        http = DEFAULT_LISTEN;
    if (http[0] != '\0' && strcmp(http, "none") != 0 && !listen_at(p, http, "--listen", SOCKETS_HTTP))
        return false;
    if (p->transport_count > 0)
        return true;
    front_error(&p->console, "there is nothing to listen at: neither --listen nor --fastcgi names a place");
    p->refused = FRONT_USAGE;
    return false;
}

/* --- Running and stopping. */

static void notify_reloading(void)
{
    struct timespec now;
    char text[64];

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return;
    (void)snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                   (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    (void)front_notify(text);
}

static void run_until_stopped(program *p, const sigset_t *mask)
{
    struct pollfd wake = {.fd = front_interrupt_descriptor(), .events = POLLIN};
    struct timespec second = {1, 0};

    while (!front_interrupted()) {
        (void)ppoll(&wake, 1, &second, mask);
        if (!hangup)
            continue;
        hangup = 0;
        notify_reloading();
        server_reload(p->server);
        (void)front_notify("READY=1");
    }
}

static unsigned running(const program *p)
{
    unsigned count = 0;

    for (size_t i = 0; i < p->transport_count; i++)
        count += transport_running(p->transports[i]);
    return count;
}

/* Nobody new comes in; those who are there get their answers, for as long as the option says. */
static void drain(program *p)
{
    int64_t end = server_clock() + number_option(p, "stop-seconds") * 1000000;
    unsigned left;

    atomic_store(&p->server->stopping, true);
    (void)front_notify("STOPPING=1");
    for (size_t i = 0; i < p->transport_count; i++)
        transport_drain(p->transports[i]);
    front_note(&p->console, "stopping");
    while ((left = running(p)) > 0 && server_clock() < end) {
        struct timespec step = {0, DRAIN_STEP_MS * 1000000L};

        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &step, NULL);
    }
    if (left > 0)
        front_warning(&p->console, "%u requests had not ended after %s seconds and are cut", left,
                      option(p, "stop-seconds"));
}

static void take_down(program *p)
{
    for (size_t i = 0; i < p->transport_count; i++)
        transport_free(p->transports[i]);
    workers_free(p->workers);
    life_end(p->life);
    server_free(p->server);
    for (size_t i = 0; i < p->name_count; i++)
        sockets_forget(p->names[i]);
}

static front_exit serve_all(program *p)
{
    unsigned threads = (unsigned)number_option(p, "threads");
    front_exit result = FRONT_FAILED;
    sigset_t mask;

    p->refused = FRONT_FAILED;
    hear_hangup(&mask);
    p->server = server_new(p->options, &p->console, &result);
    if (p->server == NULL)
        return result;
    p->life = life_begin(p->server, &result);
    p->workers = p->life != NULL ? workers_new(threads, threads * WAITING_PER_THREAD) : NULL;
    if (p->workers != NULL && open_transports(p)) {
        (void)front_notify("READY=1");
        run_until_stopped(p, &mask);
        drain(p);
        result = FRONT_OK;
    } else if (result == FRONT_OK) {
        result = p->refused;
    }
    take_down(p);
    return result;
}

/* A CGI program answers one request. Its arguments come from whoever sent that request, so they are not looked at. */
static front_exit serve_cgi(program *p)
{
    front_exit result = FRONT_FAILED;
    life *cgi_life;

    if (!front_settings_load(p->options, &p->args, &p->console))
        return FRONT_USAGE;
    p->server = server_new(p->options, &p->console, &result);
    if (p->server == NULL)
        return result;
    cgi_life = life_begin_once(p->server, &result);
    if (cgi_life != NULL)
        result = cgi_run(p->server) == 0 ? FRONT_OK : FRONT_FAILED;
    life_end(cgi_life);
    server_free(p->server);
    return result;
}

static front_exit run(program *p, int argc, char **argv)
{
    server_flags(&p->args);
    p->options = ticker_options_new();
    if (p->options == NULL) {
        front_error(&p->console, "out of memory");
        return FRONT_FAILED;
    }
    if (cgi_wanted())
        return serve_cgi(p);
    if (front_args_parse(&p->args, argc, argv, 1, false, "try '" SERVER_PROGRAM " --help'", &p->console) < 0)
        return FRONT_USAGE;
    p->console.quiet = front_args_given(&p->args, "quiet");
    p->console.verbose = front_args_given(&p->args, "verbose") && !p->console.quiet;
    if (front_args_given(&p->args, "no-color"))
        p->console.color = false;
    if (front_args_given(&p->args, "help")) {
        server_help(&p->output, &p->args);
        return FRONT_OK;
    }
    if (front_args_given(&p->args, "version")) {
        front_program_version(&p->output);
        return FRONT_OK;
    }
    if (front_args_given(&p->args, "completion"))
        return front_program_completion(&p->output, &p->args, front_args_value(&p->args, "completion")) ? FRONT_OK
                                                                                                        : FRONT_USAGE;
    if (p->args.positional_count > 0) {
        front_error(&p->console, "unknown argument \"%s\"; try '" SERVER_PROGRAM " --help'", p->args.positional[0]);
        return FRONT_USAGE;
    }
    return front_settings_load(p->options, &p->args, &p->console) ? serve_all(p) : FRONT_USAGE;
}

int main(int argc, char **argv)
{
    static program p;
    front_exit result;

    p.inherited_count = cgi_wanted() ? 0 : sockets_inherit(p.inherited); /* before descriptors are opened */
    (void)setlocale(LC_CTYPE, "");
    front_console_init(&p.console, SERVER_PROGRAM);
    front_output_init(&p.output, &p.console);
    front_args_init(&p.args);
    front_interrupt_install();
    result = run(&p, argc, argv);
    result = front_exit_worse(result, front_output_end(&p.output));
    ticker_options_free(p.options);
    front_args_free(&p.args);
    front_console_free(&p.console);
    return (int)result;
}
