/* What the parts of the server share: the server itself, a request while it is worked on, a row of the routing table. */
#ifndef SERVER_H
#define SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tickerimport.h>

#include "console.h"
#include "exchange.h"
#include "exit.h"
#include "log.h"
#include "tokens.h"

#define SERVER_PROGRAM "ticker-server"
#define SERVER_PARAMETERS_MAX 32        /* of one query string; more: 400 */
#define SERVER_SEGMENTS_MAX 8           /* of one path; more: 404 */
#define SERVER_ROWS_DEFAULT_TEXT "1000" /* rows of a page when nothing is said */
#define SERVER_ROWS_MAX 10000           /* rows of a page */
#define SERVER_FORM_OVERHEAD 65536      /* bytes that a form may have around the file of an upload */
#define SERVER_LONG_ANSWER 262144       /* bytes from which on an answer counts as a long one */
#define SERVER_HELD_MAX                                                                                                \
    (INT64_C(256) * 1024 * 1024) /* bytes of long answers that may wait for their clients; more: 503 */
#define SERVER_RETRY_SECONDS 2   /* what Retry-After says while a service is away */

typedef enum server_scope { SERVER_OPEN = 0, SERVER_READ, SERVER_UPLOAD, SERVER_ADMIN } server_scope;

/* What an answer can be written as; bits. */
typedef enum server_format { SERVER_JSON = 1, SERVER_CSV = 2, SERVER_NDJSON = 4 } server_format;

typedef struct server_parameter {
    const char *name, *value; /* decoded */
} server_parameter;

typedef struct request request;

typedef struct server_route {
    const char *method;  /* GET serves HEAD too */
    const char *pattern; /* "/api/quotes/{ticker}"; {…} takes one segment. Also the label of metrics */
    server_scope scope;
    unsigned formats;              /* server_format; 0: what it answers with does not depend on the request */
    const char *const *parameters; /* of the query string, ends with NULL; NULL: none */
    const char *kind;              /* of the library's query, or what else the handler needs to know */
    bool body;                     /* takes one, up to the limit of uploads */
    /* Without waiting; NULL: all is left to work(). SERVER_WORK when that has to go on. */
    server_step (*begin)(server *server, exchange *x, request *r);
    void (*work)(server *server, exchange *x, request *r); /* may wait; may be NULL when begin() always answers */
} server_route;

struct request {
    const server_route *route; /* NULL: none was found */
    const char *segment;       /* what stands for {…} in the path, decoded; NULL: nothing does */
    server_parameter parameters[SERVER_PARAMETERS_MAX];
    size_t parameter_count;
    server_format format;
    bool known_query;                 /* all parameters are known ones, so that the log may show them */
    char token[FRONT_TOKEN_NAME_MAX]; /* the name of the token that came with it; "" none */
    size_t common;                    /* headers that every answer has; the first ones */
    void *state;                      /* the handler's own */
    void (*free_state)(void *state);  /* NULL: nothing to do */
};

/* Something the server cannot do without, or not do well without. */
typedef struct server_part {
    const char *name; /* "database" */
    bool needed;      /* without it the server is not ready */
    /* Whether it is there; the error goes to the console only. */
    ticker_status (*check)(void *payload, ticker_error *error);
    void *payload;
} server_part;

#define SERVER_PARTS_MAX 8

struct server {
    const ticker_options *options;
    front_console *console;
    const server_route *const *tables; /* of routes, each ends with a row without method; the list ends with NULL */
    server_log *log;                   /* NULL: none */
    ticker_answers *answers;           /* belongs to life.c */
    ticker_metrics *metrics;
    ticker_series *in_flight, *answer_bytes;
    front_tokens *tokens; /* NULL: none are asked for */
    bool private;         /* reading needs a token too */
    const char *cors;     /* "" off, "*", or origins with commas between them */
    int64_t upload_max;   /* bytes */
    atomic_uint streams;  /* downloads that run now */
    unsigned streams_max;
    atomic_uint receiving;    /* uploads that run now */
    atomic_int_fast64_t held; /* bytes of long answers whose clients have not taken all of them */
    unsigned long_max;        /* downloads and uploads together: a thread is left for those who ask for little */
    atomic_bool stopping;     /* no longer ready, but requests are answered */
    server_part parts[SERVER_PARTS_MAX]; /* of /health/ready */
    size_t part_count;
    struct server_health *health;
    struct uploads *uploads; /* where uploads go, see uploads.h */
    uint64_t id_begin;
    atomic_uint_fast64_t id_count;
};

/* --- Memory of one request, freed in server_end() (memory.c). NULL when memory is short. */
void *exchange_memory(exchange *x, size_t size);
char *exchange_copy(exchange *x, const char *text, size_t size); /* with a NUL behind it */
char *exchange_printf(exchange *x, const char *format, ...) __attribute__((format(printf, 2, 3)));
void exchange_memory_free(exchange *x);

/* --- More about answers (exchange.c). */
/* As exchange_set() with texts that live as long as the exchange. */
bool exchange_put(exchange *x, const char *name, const char *value);
const char *exchange_answer_header(const exchange *x, const char *name); /* NULL: it has none */
/* Takes back the answer that was prepared, all but the headers that every answer has. */
void exchange_reset(exchange *x);
void exchange_release(exchange *x);
/* An answer without a body. */
void exchange_empty(exchange *x, int status);

/* --- What is wrong with a request, as application/problem+json (problem.c). `detail` is for the client's eyes: it says
 * nothing of the inside. NULL: the status alone says it all. */
void problem_answer(exchange *x, int status, const char *detail);
void problem_printf(exchange *x, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What a call of the library said, while the answer was made: a service is away (503 with Retry-After), or the server is not set up as it
 * must be (500). The client is told no more than that; the console is, with the request's id. */
void problem_of(server *server, exchange *x, const ticker_error *error);
/* What it said of the question itself: wrong usage is the client's (400) and told. */
void problem_of_question(server *server, exchange *x, const ticker_error *error);

/* --- The head of the request (decode.c). */
/* Undoes %XX (and '+' when `form`) in place. False: broken escapes, control characters, or no UTF-8. */
bool decode_text(char *text, bool form);
/* Fills r->parameters. False after answering 400. */
bool decode_query(exchange *x, request *r);
/* The value of a parameter; NULL: not given. */
const char *request_value(const request *r, const char *name);
/* Percent-encodes what is not unreserved. NULL: no memory. */
char *encode_text(exchange *x, const char *text);

/* --- Conditions and formats (negotiate.c). */
/* Whether If-None-Match names the ETag (with its quotes, as it is sent). */
bool etag_matches(const exchange *x, const char *etag);
/* Sets r->format. False after answering 400 or 406. */
bool negotiate_format(exchange *x, request *r);
const char *format_name(server_format format); /* "json" */
const char *format_type(server_format format); /* "application/json" */

/* --- Safety (guard.c). Each answers and returns false when the request must not go on. */
bool guard_token(server *server, exchange *x, request *r);
/* A page of somebody else must not make a browser upload. */
bool guard_origin(server *server, exchange *x);
/* Headers for other origins' scripts, when they are allowed to ask. */
void guard_cors(server *server, exchange *x);
bool guard_preflight(server *server, exchange *x, const char *allow);

/* --- Metrics of requests (count.c). */
void count_begin(server *server);
void count_end(server *server, const exchange *x, int64_t duration);

int64_t server_clock(void); /* monotonic microseconds */

/* --- The server (server.c). */
/* By the options, which outlive it. NULL after saying on the console what is wrong: the program ends with *result. */
server *server_new(const ticker_options *options, front_console *console, front_exit *result);
void server_free(server *server);
/* Names a part for /health/ready; before requests come. */
void server_add_part(server *server, const char *name, bool needed,
                     ticker_status (*check)(void *payload, ticker_error *error), void *payload);
/* What SIGHUP asks for: the tokens and the access log anew. */
void server_reload(server *server);
bool server_option_is_yes(const ticker_options *options, const char *name);
unsigned server_option_threads(const ticker_options *options);
int64_t server_option_bytes(const ticker_options *options, const char *name); /* "2GiB" */

/* The routes of handle_*.c, each list ends with a row without method; the list of lists with NULL (routes.c). */
extern const server_route *const server_tables[];
extern const server_route routes_health[];
extern const server_route routes_assets[];
extern const server_route routes_metrics[];
extern const server_route routes_data[];
extern const server_route routes_upload[];

/* --- handle_health.c */
struct server_health *health_new(void);
void health_free(struct server_health *health);

#endif
