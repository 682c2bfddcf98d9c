/* Requests to a server without a transport: what goes in is text, what comes out is kept. Any failure ends the test. */
#ifndef TEST_SERVER_SCENE_H
#define TEST_SERVER_SCENE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server.h"
#include "unit/checked.h"

typedef struct scene {
    front_console console;
    ticker_options *options;
    server *server;
    struct life *life;
    char folder[64];
    char log[96];

    /* The last answer. */
    int status;
    size_t header_count;
    char names[EXCHANGE_ANSWER_HEADERS_MAX][64];
    char values[EXCHANGE_ANSWER_HEADERS_MAX][8192];
    char *body; /* with a NUL behind it */
    size_t body_size, body_capacity;
    bool streamed, failed, worked;
    int64_t body_max;
    size_t writes;
    size_t fail_after; /* writes after which the client is gone; 0: it stays */

    /* The body of the next request (scene_ask() forgets it): in pieces of `send_piece` bytes (0: as many as fit); with `send_fault`
     * it breaks off behind its last byte. Without the header content-length its length is not known. */
    const void *send;
    size_t send_size, send_at, send_piece;
    ticker_error_kind send_fault;
} scene;

/* A server by default options, its files in a folder of their own, with the access log in it. Options follow as pairs
 * of name and value, with NULL behind them. */
void scene_open(scene *s, ...);
void scene_close(scene *s);

/* Imports made-up quotes into the scene's database: T0, T1 … (tickers of them), each on `days` days from 2016-01-01 on, months
 * of 28. */
void scene_import(scene *s, unsigned tickers, unsigned days);

/* Runs the tests in Check's way and says what main() returns. */
int scene_run(const char *name, const TTest *const *tests, size_t count);
#define SCENE_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* "GET", "/path?query", and headers ("Name: value", names in lower case) with NULL behind them. Returns the status. */
int scene_ask(scene *s, const char *method, const char *target, ...);
/* Of the last answer; NULL: it has none. */
const char *scene_header(const scene *s, const char *name);
/* The access log so far: it closes and opens the log. */
char *scene_log(scene *s);

#endif
