/* A put against the made-up S3 server and what is to be there afterwards. Part of the one program that includes it. */
#ifndef TESTS_S3_PUT_RUN_H
#define TESTS_S3_PUT_RUN_H

#include "support.h"

#include <tickerimport/s3.h>

#include "input/source.h"
#include "s3_server.h"
#include "small_parts.h"

#define KEY "in/a b+c%41.zip"

static s3_server *server;
static ticker_aws *aws;
static ticker_error error;
static ti_buffer bytes;
static ticker_s3_object *stored;

static inline void set_up_with(const ticker_aws_events *events, const char *option)
{
    server = s3_server_new();
    aws = s3_server_client(server, events, option != NULL ? option : "aws-max-attempts=3", NULL);
    ti_error_init(&error);
    bytes_init(&bytes);
    stored = NULL;
}

static inline void tear_down(void)
{
    ticker_s3_object_free(stored);
    ticker_aws_free(aws);
    s3_server_free(server);
    ti_buffer_free(&bytes);
}

static inline void make_bytes(size_t size)
{
    uint64_t state = 1 + size;
    char *at;

    ti_buffer_clear(&bytes);
    at = ti_buffer_reserve(&bytes, size + sizeof(state));
    ck_assert_ptr_nonnull(at);
    for (size_t i = 0; i < size; i += sizeof(state)) {
        uint64_t word = next_random(&state);

        memcpy(at + i, &word, sizeof(word));
    }
    bytes.size = size;
}

static inline ticker_status put_source(ticker_source *source, ticker_s3_progress progress, void *payload)
{
    ti_error_init(&error);
    ticker_s3_object_free(stored);
    stored = NULL;
    return ticker_s3_put(aws, "bucket", KEY, source, "application/zip", progress, payload, &stored, &error);
}

static inline ticker_status put_bytes(size_t size)
{
    make_bytes(size);
    return put_source(ticker_source_open_memory(bytes.data, bytes.size, "memory"), NULL, NULL);
}

static inline void check_stored(void)
{
    size_t size;
    const char *data = s3_server_object(server, KEY, &size);

    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(size, bytes.size);
    ck_assert(size == 0 || memcmp(data, bytes.data, size) == 0);
    ck_assert_uint_eq(s3_server_uploads(server), 0);
    ck_assert_str_eq(ticker_s3_object_key(stored), KEY);
    ck_assert_int_eq(ticker_s3_object_bytes(stored), (int64_t)bytes.size);
    ck_assert_str_eq(ticker_s3_object_etag(stored), s3_server_etag(server, KEY));
    ck_assert_str_eq(ticker_s3_object_version(stored), "");
}

#define check_put(call)                                                                                                \
    do {                                                                                                               \
        ticker_status status_ = call;                                                                                  \
        ck_assert_msg(status_ == TICKER_OK, "%d: %s", (int)status_, error.message);                                    \
        check_stored();                                                                                                \
    } while (0)

/* Nothing of it is there, and the error says where it happened. */
static inline void check_nothing(ticker_status expected, ticker_status status)
{
    size_t size;

    ck_assert_msg(status == expected, "%d: %s", (int)status, error.message);
    ck_assert_ptr_null(s3_server_object(server, KEY, &size));
    ck_assert_uint_eq(s3_server_uploads(server), 0);
    ck_assert_ptr_null(stored);
}

#endif
