/* /health/live: the process answers. /health/ready: it can do its work, and if not, which part is missing. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "server.h"

#define FRESH_US                                                                                                       \
    INT64_C(1000000) /* a check that is younger than this is not made again: health checks come in swarms */

struct server_health {
    pthread_mutex_t lock;
    bool checking; /* somebody is at it */
    bool known;
    int64_t checked; /* when that was */
    ticker_status statuses[SERVER_PARTS_MAX];
};

struct server_health *health_new(void)
{
    struct server_health *health = calloc(1, sizeof *health);

    if (health != NULL)
        (void)pthread_mutex_init(&health->lock, NULL);
    return health;
}

void health_free(struct server_health *health)
{
    if (health == NULL)
        return;
    (void)pthread_mutex_destroy(&health->lock);
    free(health);
}

static server_step live(server *s, exchange *x, request *r)
{
    static const char body[] = "{\"status\":\"ok\"}";

    (void)s;
    (void)r;
    (void)exchange_put(x, "Cache-Control", "no-store");
    exchange_answer(x, 200, "application/json", body, sizeof body - 1, NULL, NULL);
    return SERVER_ANSWERED;
}

static void check_parts(server *s, ticker_status statuses[SERVER_PARTS_MAX])
{
    ticker_error *error = ticker_error_new();

    for (size_t i = 0; i < s->part_count; i++) {
        const server_part *part = &s->parts[i];
        char text[FRONT_MESSAGE_MAX];

        statuses[i] = error != NULL ? part->check(part->payload, error) : TICKER_RETRY;
        if (statuses[i] == TICKER_OK || error == NULL)
            continue;
        (void)ticker_error_format(error, text, sizeof text);
        front_warning(s->console, "not ready: %s: %s", part->name, text);
        ticker_error_clear(error);
    }
    ticker_error_free(error);
}

/* Fills `statuses` with what is known, from a check of now when none was made lately and nobody else makes one. False:
 * nothing is known yet. */
static bool look(server *s, ticker_status statuses[SERVER_PARTS_MAX])
{
    struct server_health *health = s->health;
    bool known, check;

    (void)pthread_mutex_lock(&health->lock);
    check = !health->checking && (!health->known || server_clock() - health->checked > FRESH_US);
    health->checking = health->checking || check;
    (void)pthread_mutex_unlock(&health->lock);
    if (check)
        check_parts(s, statuses);
    (void)pthread_mutex_lock(&health->lock);
    if (check) {
        memcpy(health->statuses, statuses, sizeof health->statuses);
        health->checked = server_clock();
        health->known = true;
        health->checking = false;
    }
    known = health->known;
    memcpy(statuses, health->statuses, sizeof health->statuses);
    (void)pthread_mutex_unlock(&health->lock);
    return known;
}

static void free_json(void *json)
{
    front_json_free(json);
}

static const char *word_of(ticker_status status)
{
    return status == TICKER_OK ? "ready" : status == TICKER_RETRY ? "unreachable" : "unusable";
}

/* {"status":"ready","parts":{"database":"ready","cache":"ready"}} */
static void ready(server *s, exchange *x, request *r)
{
    front_json *json = front_json_object(), *parts = front_json_object();
    ticker_status statuses[SERVER_PARTS_MAX] = {TICKER_OK};
    bool stopping = atomic_load(&s->stopping), good = !stopping && look(s, statuses);
    const char *line;

    (void)r;
    for (size_t i = 0; i < s->part_count; i++) {
        good = good && (statuses[i] == TICKER_OK || !s->parts[i].needed);
        front_json_text(parts, s->parts[i].name, word_of(statuses[i]));
    }
    front_json_text(json, "status", good ? "ready" : stopping ? "stopping" : "unavailable");
    if (stopping)
        front_json_free(parts);
    else
        front_json_put(json, "parts", parts);
    line = front_json_line(json);
    if (line == NULL) {
        front_json_free(json);
        problem_answer(x, 500, NULL);
        return;
    }
    (void)exchange_put(x, "Cache-Control", "no-store");
    if (!good)
        (void)exchange_set_format(x, "Retry-After", "%d", SERVER_RETRY_SECONDS);
    exchange_answer(x, good ? 200 : 503, "application/json", line, strlen(line), free_json, json);
}

const server_route routes_health[] = {
    {.method = "GET", .pattern = "/health/live", .begin = live},
    {.method = "GET", .pattern = "/health/ready", .work = ready},
    {.method = NULL},
};
