#include "transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "transport_parts.h"

#define UNSENT_MAX 262144 /* bytes; writing goes on when half of them are on their way */

void transport_drain(transport *self)
{
    self->parts->drain(self);
}

unsigned transport_running(transport *self)
{
    return atomic_load(&self->running);
}

void transport_free(transport *self)
{
    if (self != NULL)
        self->parts->free(self);
}

/* Each connection is a descriptor, and the databases need some too: as many as the system lets this process have. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static unsigned or_default(unsigned value, unsigned otherwise)
{
    return value > 0 ? value : otherwise;
}

void transport_init(transport *self, const transport_parts *parts, const transport_setup *setup, unsigned processors)
{
    transport_limits *limits = &self->setup.limits;

    raise_limit();
    self->parts = parts;
    self->setup = *setup;
    limits->loops = or_default(limits->loops, processors < 1 ? 1 : processors > 4 ? 4 : processors);
    limits->loops = limits->loops > TRANSPORT_LOOPS_MAX ? TRANSPORT_LOOPS_MAX : limits->loops;
    limits->connections = or_default(limits->connections, 1024);
    limits->connections = limits->connections < limits->loops ? limits->loops : limits->connections;
    limits->head_ms = or_default(limits->head_ms, 10000);
    limits->idle_ms = or_default(limits->idle_ms, 60000);
    limits->stall_ms = or_default(limits->stall_ms, 30000);
    limits->rate = or_default(limits->rate, 1024);
    atomic_init(&self->running, 0);
    atomic_init(&self->draining, false);
    atomic_init(&self->stopping, false);
}

void transport_buffer_little(int listener)
{
    int bytes = UNSENT_MAX;

    (void)setsockopt(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes)); /* it may be no TCP */
}

int64_t transport_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t transport_patience_ms(const transport_limits *limits, uint64_t bytes)
{
    uint64_t seconds = bytes / limits->rate;

    return (int64_t)limits->stall_ms + (seconds > 86400 ? INT64_C(86400000) : (int64_t)seconds * 1000);
}

ticker_status transport_body_broken(ticker_error *error)
{
    return ticker_error_set(error, TICKER_RETRY, TICKER_ERROR_IO,
                            "the client's connection ended before the body of its request did");
}

ticker_status transport_body_late(ticker_error *error)
{
    return ticker_error_set(error, TICKER_RETRY, TICKER_ERROR_IO, "the client sent its body too slowly");
}

ticker_status transport_body_stopped(ticker_error *error)
{
    return ticker_error_set(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "the server stops");
}

ticker_status transport_body_length(ticker_error *error)
{
    return ticker_error_set(error, TICKER_RETRY, TICKER_ERROR_IO,
                            "the body of the request is not as long as its Content-Length says");
}

ticker_status transport_body_over(ticker_error *error)
{
    return ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the body of the request is too long");
}
