/* S3 when memory runs out: each allocation of the library fails once. The call says so, nothing is lost, nothing is left
 * on the server. Linked so that the library's calls come through here. */
#include "support.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <tickerimport/s3.h>

#include "s3_server.h"
#include "small_parts.h"

#define KEY "key"

/* fail_at 0: never. */
static atomic_ulong allocations, fail_at;
static atomic_bool looking;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

/* The server has enough. */
static bool fails(void)
{
    return atomic_load(&looking) && !s3_server_within() &&
           atomic_fetch_add(&allocations, 1) + 1 == atomic_load(&fail_at);
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
    return fails() ? NULL : __real_strndup(text, size);
}

/* --- The calls ------------------------------------------------------------------------------------------------------------------ */

static s3_server *server;
static ticker_aws *aws;
static char *bytes;
static size_t put_size;

static ticker_status put(ticker_error *error)
{
    ticker_s3_object *object = NULL;
    ticker_status status = ticker_s3_put(aws, "bucket", KEY, ticker_source_open_memory(bytes, put_size, "bytes"), NULL,
                                         NULL, NULL, &object, error);

    ticker_s3_object_free(object);
    return status;
}

static ticker_status get(ticker_error *error)
{
    static char buffer[1 << 20];
    ticker_source *source = NULL;
    ticker_status status = ticker_s3_get(aws, "bucket", KEY, NULL, NULL, &source, error);
    size_t got = 0, at = 0;

    while (status == TICKER_OK) {
        status = ticker_source_read(source, buffer, sizeof(buffer), &got, error);
        if (memcmp(buffer, bytes + at, got) != 0)
            status = ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_INTERNAL, "other bytes");
        at += got;
    }
    ticker_source_free(source);
    return status == TICKER_DONE && at == put_size ? TICKER_OK : status;
}

static ticker_status head(ticker_error *error)
{
    ticker_s3_object *object = NULL;
    ticker_status status = ticker_s3_head(aws, "bucket", KEY, NULL, &object, error);

    ticker_s3_object_free(object);
    return status;
}

static ticker_status abort_all(ticker_error *error)
{
    int64_t count;

    return ticker_s3_abort_uploads(aws, "bucket", "", 0, &count, error);
}

static ticker_status make_form(ticker_error *error)
{
    char *text = NULL;
    ticker_status status = ticker_s3_presign_post(aws, "bucket", KEY, 1, 60, &text, error);

    ticker_free(text);
    return status;
}

static ticker_status make_url(ticker_error *error)
{
    char *text = NULL;
    ticker_status status = ticker_s3_presign(aws, "GET", "bucket", KEY, 60, &text, error);

    ticker_free(text);
    return status;
}

/* True: it never came to that many allocations. What fails says why, but for what only looks whether something is left. */
static bool failing(ticker_status (*call)(ticker_error *error), unsigned long n)
{
    ticker_status status;
    ticker_error error;

    ti_error_init(&error);
    atomic_store(&allocations, 0);
    atomic_store(&fail_at, n);
    atomic_store(&looking, true);
    status = call(&error);
    atomic_store(&looking, false);
    ck_assert_msg(status == TICKER_OK || error.message[0] != '\0', "allocation %lu: no message", n);
    ck_assert_msg(error.kind != TICKER_ERROR_INTERNAL, "allocation %lu: %s", n, error.message);
    ck_assert_msg(s3_server_uploads(server) == 0, "allocation %lu: an upload is left", n);
    if (atomic_load(&allocations) >= n)
        return false;
    ck_assert_msg(status == TICKER_OK, "%s", error.message);
    return true;
}

static void set_up(size_t size)
{
    server = s3_server_new();
    aws = s3_server_client(server, NULL, "s3-concurrency=1", NULL);
    put_size = size;
    bytes = malloc(size + 1);
    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'x', size);
}

static void tear_down(void)
{
    ticker_aws_free(aws);
    s3_server_free(server);
    free(bytes);
}

static unsigned long each(ticker_status (*call)(ticker_error *error), unsigned long step)
{
    unsigned long n = 1;

    while (!failing(call, n))
        n += step;
    return n;
}

START_TEST(small_objects)
{
    set_up(1000);
    ck_assert_uint_gt(each(put, 1), 10);
    ck_assert_uint_gt(each(get, 1), 10);
    ck_assert_uint_gt(each(head, 1), 10);
    ck_assert_uint_gt(each(abort_all, 1), 10);
    ck_assert_uint_gt(each(make_form, 1), 5);
    ck_assert_uint_gt(each(make_url, 1), 5);
    tear_down();
}
END_TEST

START_TEST(objects_in_parts)
{
    set_up(PART + 1000);
    ck_assert_uint_gt(each(put, 1), 20);
    ck_assert_uint_gt(each(get, 1), 20);
    tear_down();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {small_objects, objects_in_parts};

    return run_tests("s3 memory", tests, COUNT(tests));
}
