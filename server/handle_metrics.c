/* /metrics for Prometheus. */
#include <stdlib.h>
#include <string.h>

#include "server.h"

#define METRICS_BYTES_MAX ((size_t)16 * 1024 * 1024)

typedef struct text {
    char *data;
    size_t size, capacity;
} text;

static int append(const void *data, size_t size, void *payload)
{
    text *to = payload;

    if (size > METRICS_BYTES_MAX - to->size)
        return 1;
    if (to->size + size > to->capacity) {
        size_t capacity = (to->size + size) * 2;
        char *larger = realloc(to->data, capacity);

        if (larger == NULL)
            return 1;
        to->data = larger;
        to->capacity = capacity;
    }
    memcpy(to->data + to->size, data, size);
    to->size += size;
    return 0;
}

/* Reads /proc, and so is not for a thread with an event loop. */
static void metrics(server *s, exchange *x, request *r)
{
    ticker_error *error = ticker_error_new();
    text all = {NULL, 0, 0};

    (void)r;
    if (error != NULL && ticker_metrics_write(s->metrics, append, &all, error) == TICKER_OK) {
        (void)exchange_put(x, "Cache-Control", "no-store");
        exchange_answer(x, 200, TICKER_METRICS_TYPE, all.data, all.size, free, all.data);
    } else {
        free(all.data);
        problem_answer(x, 500, NULL);
    }
    ticker_error_free(error);
}

const server_route routes_metrics[] = {
    {.method = "GET", .pattern = "/metrics", .scope = SERVER_READ, .work = metrics},
    {.method = NULL},
};
