/* HTTP by script: the answers are written down beforehand, the requests that came are kept to be looked at. Also a
 * clock that only moves when told to. */
#ifndef TESTS_FAKE_HTTP_H
#define TESTS_FAKE_HTTP_H

#include "aws/client.h"
#include "aws/http.h"

typedef struct fake_http fake_http;

fake_http *fake_http_new(void);
void fake_http_free(fake_http *fake);
ti_http fake_http_seam(fake_http *fake);   /* its close() does not free the fake */
ti_clock fake_http_clock(fake_http *fake); /* begins at 2026-11-26T12:00:00Z; sleep() moves it and is counted */

/* Adds an answer. `headers`: "Name: value\n" lines, may be NULL. They are given in order; past the last one the request
 * fails the test. */
void fake_http_answer(fake_http *fake, int status, const char *headers, const char *body);
void fake_http_answer_bytes(fake_http *fake, int status, const char *headers, const void *body, size_t size);
/* The connection breaks: before an answer, or after `bytes` of the body of a 200 with this body. */
void fake_http_break(fake_http *fake);
void fake_http_cut(fake_http *fake, const char *headers, const void *body, size_t size, size_t bytes);
/* The server is not reached, so that it surely got nothing; it is silent until the time-out (and the clock moves by it). */
void fake_http_refuse(fake_http *fake);
void fake_http_time_out(fake_http *fake);
/* The exchange fails with this; `hint` may be "". */
void fake_http_fail(fake_http *fake, ticker_status status, ticker_error_kind kind, const char *message,
                    const char *hint);
/* An answer only for requests whose "METHOD URL" contains `match` (else the next one is tried): for threads, whose
 * order is open. */
void fake_http_answer_for(fake_http *fake, const char *match, int status, const char *headers, const char *body);

size_t fake_http_count(const fake_http *fake); /* requests so far */
const char *fake_http_method(const fake_http *fake, size_t index);
const char *fake_http_url(const fake_http *fake, size_t index);
const char *fake_http_header(const fake_http *fake, size_t index, const char *name); /* NULL: not sent */
const char *fake_http_body(const fake_http *fake, size_t index, size_t *size);       /* size may be NULL */
int64_t fake_http_slept(const fake_http *fake);                                      /* milliseconds in all */
void fake_http_advance(fake_http *fake, int64_t milliseconds);

/* Milliseconds that the answers from here on take. */
void fake_http_delay(fake_http *fake, int64_t milliseconds);
/* The last request as it was given but for its pointers: time-outs, caps, switches. */
const ti_http_request *fake_http_last(const fake_http *fake);

/* A client over it: keys AKIDEXAMPLE / "secret", region us-east-1, and these options ("name=value", ends with NULL).
 * Ends the test on failure. */
ticker_aws *fake_http_client(fake_http *fake, ...);

/* The same with an environment of its own ("NAME=value", ends with NULL; it must outlive the client) and events; all may
 * be NULL. Without keys but what they say. */
typedef struct fake_setup {
    const char *const *environment;
    const char *const *options;
    const ticker_aws_events *events;
} fake_setup;
ticker_status fake_http_setup(fake_http *fake, const fake_setup *setup, ticker_aws **aws, ticker_error *error);

#endif
