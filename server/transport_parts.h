/* What the transports share with each other only. */
#ifndef SERVER_TRANSPORT_PARTS_H
#define SERVER_TRANSPORT_PARTS_H

#include <stdatomic.h>

#include "transport.h"

#define TRANSPORT_LOOPS_MAX 64

typedef struct transport_parts {
    void (*drain)(transport *transport);
    void (*free)(transport *transport);
} transport_parts;

/* The first member of each transport. */
struct transport {
    const transport_parts *parts;
    transport_setup setup; /* with the defaults filled in */
    atomic_uint running;
    atomic_bool draining, stopping;
};

void transport_init(transport *transport, const transport_parts *parts, const transport_setup *setup,
                    unsigned processors);

/* Of connections accepted from here on: the kernel takes no more than a little that cannot be sent yet. With megabytes there, a client
 * that takes some all the time would look for minutes as if it took nothing. */
void transport_buffer_little(int listener);

int64_t transport_now_ms(void);
/* How long a client may take over so many bytes. */
int64_t transport_patience_ms(const transport_limits *limits, uint64_t bytes);

/* How reading the body of a request fails. */
ticker_status transport_body_broken(ticker_error *error);
ticker_status transport_body_late(ticker_error *error);
ticker_status transport_body_stopped(ticker_error *error);
ticker_status transport_body_length(ticker_error *error);
ticker_status transport_body_over(ticker_error *error);

#endif
