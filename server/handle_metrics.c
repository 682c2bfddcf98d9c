/* /metrics for Prometheus. */
#include <stdlib.h>

#include "metrics_text.h"
#include "server.h"

/* Reads /proc, and so is not for a thread with an event loop. */
static void metrics(server *s, exchange *x, request *r)
{
    size_t size = 0;
    char *text = front_metrics_text(s->metrics, &size);

    (void)r;
    if (text != NULL) {
        (void)exchange_put(x, "Cache-Control", "no-store");
        exchange_answer(x, 200, TICKER_METRICS_TYPE, text, size, free, text);
    } else {
        problem_answer(x, 500, NULL);
    }
}

const server_route routes_metrics[] = {
    {.method = "GET", .pattern = "/metrics", .scope = SERVER_READ, .work = metrics},
    {.method = NULL},
};
