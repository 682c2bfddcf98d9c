/* One exchange over curl with a server of the test's own, and what came of it. */
#ifndef TESTS_HTTP_TRY_H
#define TESTS_HTTP_TRY_H

#include "aws/http.h"
#include "base/error.h"
#include "http_server.h"

typedef struct attempt {
    ti_http_request request;
    ti_http_response response;
    ticker_error error;
    ti_http_header headers[4];
} attempt;

/* A GET with time-outs of five seconds. To be ended with drop_attempt(). */
void make_attempt(attempt *mine, const char *method, const char *url);
void drop_attempt(attempt *mine);
ticker_status try_attempt(const ti_http *http, attempt *mine);
/* Anything but this ends the test. */
void check_attempt(const ti_http *http, attempt *mine, int status, const char *body);
void check_failure(const ti_http *http, attempt *mine, ticker_status status, ticker_error_kind kind);

ti_http open_curl(bool (*interrupted)(void *payload), void *payload);
void close_curl(ti_http *http);

/* A body that is made up on the way: size bytes, in pieces of whatever size is asked for. */
typedef struct made_body {
    int64_t size, at, fail_at, end_at; /* 0: never */
    unsigned sum;
    unsigned reads, rewinds;
} made_body;
ti_http_body body_of(made_body *made, bool known);

/* A sink that keeps a checksum; fails at a byte (0: never). */
typedef struct kept_body {
    int64_t size, fail_at;
    unsigned sum;
} kept_body;
ti_http_sink sink_of(kept_body *kept);

#endif
