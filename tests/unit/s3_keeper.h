/* The inside of the made-up S3 server: what it keeps (s3_keeper.c) and how it is reached (s3_server.c). */
#ifndef TESTS_S3_KEEPER_H
#define TESTS_S3_KEEPER_H

#include <pthread.h>

#include "fake_http.h"
#include "s3_server.h"

#define OBJECTS_MAX 64
#define UPLOADS_MAX 64
#define PARTS_MAX 64
#define FAULTS_MAX 64
#define LINES_MAX 4096

typedef struct s3_stored {
    char *key, *headers;
    char etag[64];
    char *data;
    size_t size;
} s3_stored;

typedef struct s3_kept_upload {
    char id[32];
    char *key;
    int64_t begun;
    s3_stored parts[PARTS_MAX];
} s3_kept_upload;

typedef struct s3_plan {
    char match[128], code[64];
    s3_fault fault;
    int status, skip, count;
} s3_plan;

struct s3_server {
    pthread_mutex_t lock;
    fake_http *fake; /* for its clock */
    s3_stored objects[OBJECTS_MAX];
    s3_kept_upload uploads[UPLOADS_MAX];
    s3_plan faults[FAULTS_MAX];
    size_t fault_count;
    unsigned percent;
    uint64_t seed;
    char *lines[LINES_MAX], *headers[LINES_MAX];
    size_t line_count;
    unsigned now, most, ids, slow;
    bool no_ranges, no_preconditions;
};

/* A request taken apart. */
typedef struct s3_asked {
    const ti_http_request *request;
    char key[2048], query[4096];
    char line[8192];
    const char *body;
    size_t size;
} s3_asked;

/* An answer before it is sent. */
typedef struct s3_answer {
    int status;
    char headers[2048];
    ti_buffer body;
} s3_answer;

s3_stored *s3_keeper_find(s3_server *server, const char *key); /* NULL: no such object */
s3_stored *s3_keeper_make(s3_server *server, const char *key);
void s3_keeper_keep(s3_stored *object, const char *key, const void *data, size_t size, const char *etag);
void s3_keeper_drop(s3_stored *object);
s3_kept_upload *s3_keeper_begin(s3_server *server, const char *key, int64_t age);
void s3_keeper_end(s3_kept_upload *upload);

/* Of a header of the request; empty when it is not there. */
ti_slice s3_keeper_header(const s3_asked *asked, const char *name);
void s3_keeper_take_apart(s3_asked *asked, const ti_http_request *request);
void s3_keeper_refuse(s3_answer *answer, int status, const char *code);
/* Does what is asked for and makes the answer. */
void s3_keeper_serve(s3_server *server, const s3_asked *asked, s3_answer *answer);

#endif
