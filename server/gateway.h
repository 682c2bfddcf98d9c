/* What CGI and FastCGI have in common: a request as variables, and the head of an answer as text. */
#ifndef SERVER_GATEWAY_H
#define SERVER_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"

#define GATEWAY_HEAD_MAX 16384 /* bytes of the head of an answer */
#define GATEWAY_LENGTH_MAX INT64_C(4611686018427387904)

typedef struct gateway_request {
    exchange_header headers[EXCHANGE_HEADERS_MAX];
    size_t count;
    const char *method, *uri, *query, *script, *path_info, *remote, *scheme, *https, *length;
    bool too_many; /* headers */
} gateway_request;

void gateway_start(gateway_request *request);
/* One variable. Both texts live as long as the request; the name of a header is written over (lower case, '-' for '_'). */
void gateway_variable(gateway_request *request, char *name, const char *value);
/* Fills the request's part of `x`; writes over the texts. The status that refuses it, or 0: 400 when there is no method or path, or the
 * length is no number; 431 when there are too many headers. */
int gateway_finish(gateway_request *request, exchange *x);

/* "Status: …" with the headers of x, Content-Length when `length` is not negative and the status may have one, and the empty line.
 * Returns the size, 0 when it does not fit. */
size_t gateway_head(const exchange *x, int64_t length, char text[GATEWAY_HEAD_MAX]);
/* Whether answers of this status say how long they are. */
bool gateway_has_length(int status);
/* Whether a body goes out with the answer of x. */
bool gateway_has_body(const exchange *x);

#endif
