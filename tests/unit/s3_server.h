/* A small S3 server behind the HTTP seam: it keeps objects and uploads in memory, checks what it is sent as the real one
 * does, and goes wrong when told to. Any number of threads. */
#ifndef TESTS_S3_SERVER_H
#define TESTS_S3_SERVER_H

#include "aws/client.h"
#include "support.h"

typedef struct s3_server s3_server;

/* The smallest that a part may be, but for the last one: less than S3's, see small_parts.h. */
#define S3_PART (1024 * 1024)

s3_server *s3_server_new(void);
void s3_server_free(s3_server *server);
/* A client of it with these options ("name=value", ends with NULL). Time moves only when it sleeps. */
ticker_aws *s3_server_client(s3_server *server, const ticker_aws_events *events, ...) __attribute__((sentinel));

/* What is wrong with a request. */
typedef enum s3_fault {
    S3_RIGHT,
    S3_ANSWER,   /* `status` and `code`; nothing is done */
    S3_UNHEARD,  /* the connection breaks before the server did anything */
    S3_UNSENT,   /* no connection: nothing was sent */
    S3_UNSAID,   /* the server does it, its answer is lost */
    S3_CUT,      /* the answer's body breaks off in its middle */
    S3_REPLACED, /* the object is replaced by another one just before */
    S3_DELETED,  /* … deleted */
    S3_INSIDE,   /* 200, but the body is an error with `code`; nothing is done */
    S3_SPOILED   /* a byte of the answer's body is another one */
} s3_fault;

/* The next `count` requests whose "METHOD /bucket/key?query range" contains `match` go wrong, after `skip` that do not. */
void s3_server_fault(s3_server *server, const char *match, s3_fault fault, int status, const char *code, int skip,
                     int count);
/* From now on any request fails by chance: about `percent` of them. */
void s3_server_chance(s3_server *server, unsigned percent, uint64_t seed);

/* Objects: put in from outside, looked at. NULL: there is none. `headers`: further ones of its answers. */
void s3_server_store(s3_server *server, const char *key, const void *data, size_t size, const char *etag,
                     const char *headers);
const char *s3_server_object(s3_server *server, const char *key, size_t *size);
const char *s3_server_etag(s3_server *server, const char *key);
/* Uploads that were begun and not ended; an upload that somebody else begins. */
size_t s3_server_uploads(const s3_server *server);
const char *s3_server_begin(s3_server *server, const char *key, int64_t age);

/* Requests so far whose line contains `match`; at most so many at once; the line of one. */
size_t s3_server_count(s3_server *server, const char *match);
unsigned s3_server_most(const s3_server *server);
/* A header that the last request which contains `match` had; "" without. */
const char *s3_server_header(s3_server *server, const char *match, const char *name);
/* Features that not all servers have. */
void s3_server_without_ranges(s3_server *server);
void s3_server_without_preconditions(s3_server *server);
/* Whether this thread is within the server just now: what it allocates is not the library's. */
bool s3_server_within(void);
/* Requests take so many real milliseconds. */
void s3_server_slow(s3_server *server, unsigned milliseconds);

#endif
