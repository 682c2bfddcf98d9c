/* The storage suite: uploads whole or not at all, read again, deleted, and keys that lead nowhere. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "input/source.h"
#include "storage_suite.h"

#define THREADS 4
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HELLO_SHA256 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static const storage_backend *backend;
static ticker_storage *storage;
static ticker_error error;

/* --- Tools --------------------------------------------------------------------------------------------------------------------- */

void storage_suite_ok(ticker_status status, const ticker_error *of, const char *what)
{
    char text[1024];

    (void)ticker_error_format(of, text, sizeof(text));
    ck_assert_msg(status == TICKER_OK, "%s: %s: %s", what, ticker_status_name(status), text);
}

static void ok(ticker_status status, const char *what)
{
    storage_suite_ok(status, &error, what);
}

/* The call must fail like this; the error is empty again afterwards. */
static void fails(ticker_status status, ticker_status wanted, ticker_error_kind kind)
{
    ck_assert_str_eq(ticker_status_name(status), ticker_status_name(wanted));
    ck_assert_int_eq(ticker_error_get_kind(&error), kind);
    ck_assert_str_ne(ticker_error_message(&error), "");
    ti_error_init(&error);
}

static void is_missing(const char *key)
{
    ticker_source *source = NULL;
    ticker_status status = ticker_storage_get(storage, key, NULL, &source, &error);
    char byte;
    size_t got;

    /* Some storages find out when the first byte is asked for. */
    if (status == TICKER_OK) {
        status = ti_source_read(source, &byte, 1, &got, &error);
        ticker_source_free(source);
    }
    ck_assert_str_eq(ticker_status_name(status), "TICKER_FAILED");
    ck_assert_int_eq(ticker_error_http_status(&error), 404);
    fails(status, TICKER_FAILED, TICKER_ERROR_INPUT);
}

ticker_stored *storage_suite_put(ticker_storage *to, const char *name, const void *data, size_t size)
{
    ticker_source *source = ticker_source_open_memory(data, size, name);
    ticker_stored *stored = NULL;
    ticker_error failed;

    ti_error_init(&failed);
    ck_assert_ptr_nonnull(source);
    storage_suite_ok(ticker_storage_put(to, name, source, NULL, NULL, &stored, &failed), &failed, "put");
    ck_assert_ptr_nonnull(stored);
    return stored;
}

/* What a key holds must be these bytes. */
static void holds_bytes(const char *key, const void *data, size_t size)
{
    ticker_source *source = NULL;
    ticker_status status;
    char block[65536];
    size_t at = 0, got;

    ok(ticker_storage_get(storage, key, NULL, &source, &error), "get");
    ck_assert_int_eq(source->bytes, (int64_t)size);
    while ((status = ti_source_read(source, block, sizeof(block), &got, &error)) == TICKER_OK) {
        ck_assert_uint_le(got, size - at);
        ck_assert_mem_eq(block, (const char *)data + at, got);
        at += got;
    }
    ck_assert_msg(status == TICKER_DONE, "read: %s", ticker_error_message(&error));
    ck_assert_uint_eq(at, size);
    ticker_source_free(source);
}

static char *made_up(size_t size)
{
    char *data = malloc(size + 1);
    uint64_t state = 88172645463325252u;

    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        data[i] = (char)state;
    }
    return data;
}

/* --- Uploads ------------------------------------------------------------------------------------------------------------------- */

START_TEST(an_upload)
{
    ticker_stored *stored = storage_suite_put(storage, "COTAHIST_A2024.ZIP", "hello", 5);
    const char *key = ticker_stored_key(stored), *url = ticker_stored_url(stored);

    ck_assert_str_eq(ticker_storage_backend(storage), backend->name);
    ck_assert_uint_eq(strspn(key, "0123456789abcdef"), 16);
    ck_assert_str_eq(key + 16, "/COTAHIST_A2024.ZIP");
    ck_assert_mem_eq(url, ticker_storage_url(storage), strlen(ticker_storage_url(storage)));
    ck_assert_str_eq(url + strlen(ticker_storage_url(storage)) + 1, key);
    ck_assert_int_eq(ticker_stored_bytes(stored), 5);
    ck_assert_str_eq(ticker_stored_sha256(stored), HELLO_SHA256);
    ck_assert_ptr_nonnull(ticker_stored_version(stored));
    ck_assert_ptr_nonnull(ticker_stored_etag(stored));
    ck_assert_uint_eq(backend->count(), 1);
    holds_bytes(key, "hello", 5);
    ok(ticker_storage_delete(storage, key, &error), "delete");
    ck_assert_uint_eq(backend->count(), 0);
    is_missing(key);
    ok(ticker_storage_delete(storage, key, &error), "delete again");
    ticker_stored_free(stored);
    ticker_stored_free(NULL);
    ticker_storage_free(NULL);
}
END_TEST

START_TEST(equal_names_and_no_bytes)
{
    ticker_stored *first = storage_suite_put(storage, "a.csv", "1", 1);
    ticker_stored *second = storage_suite_put(storage, "a.csv", "", 0);

    ck_assert_str_ne(ticker_stored_key(first), ticker_stored_key(second));
    ck_assert_str_eq(ticker_stored_sha256(second), EMPTY_SHA256);
    ck_assert_int_eq(ticker_stored_bytes(second), 0);
    holds_bytes(ticker_stored_key(first), "1", 1);
    holds_bytes(ticker_stored_key(second), "", 0);
    ok(ticker_storage_delete(storage, ticker_stored_key(first), &error), "delete");
    holds_bytes(ticker_stored_key(second), "", 0);
    ticker_stored_free(first);
    ticker_stored_free(second);
}
END_TEST

/* Whatever a name is, what is stored under it can be read again, and the key says that it belongs to the storage. */
START_TEST(odd_names)
{
    static const char *const names[] = {"../../etc/passwd", "..", "",     "a b+c%20&=?#.csv", "ação 2024.zip",
                                        "\xff\xfe",         ".x", "a\nb", "C:\\temp\\x.zip",  "'\"<>|*"};
    char object_key[TICKER_KEY_MAX], *key = NULL;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ticker_stored *stored = storage_suite_put(storage, names[i], names[i], strlen(names[i]));
        const char *name = ticker_stored_key(stored) + 17;

        ck_assert_ptr_null(strchr(name, '/'));
        ck_assert_int_ne(name[0], '.');
        ck_assert_int_ne(name[0], '\0');
        for (ti_slice left = ti_slice_of(name); left.size > 0;) {
            size_t length = ti_utf8_length(left);

            ck_assert_uint_gt(length, 0);
            left = (ti_slice){left.data + length, left.size - length};
        }
        holds_bytes(ticker_stored_key(stored), names[i], strlen(names[i]));
        (void)snprintf(object_key, sizeof(object_key), "%s%s", backend->prefix, ticker_stored_key(stored));
        ck_assert_int_eq(ticker_storage_holds(storage, backend->bucket, object_key, &key), 1);
        ck_assert_str_eq(key, ticker_stored_key(stored));
        ticker_free(key);
        ok(ticker_storage_delete(storage, ticker_stored_key(stored), &error), "delete");
        ticker_stored_free(stored);
    }
    ck_assert_uint_eq(backend->count(), 0);
}
END_TEST

typedef struct watched {
    int64_t last;
    int calls, stop_at;
} watched;

static int watch(void *payload, int64_t bytes)
{
    watched *seen = payload;

    ck_assert_int_ge(bytes, seen->last);
    seen->last = bytes;
    return ++seen->calls == seen->stop_at;
}

START_TEST(a_large_upload)
{
    char *data = made_up(backend->large);
    watched seen = {0, 0, 0};
    ticker_source *source = ticker_source_open_memory(data, backend->large, "large");
    ticker_stored *stored = NULL;
    ti_sha256 *hash = ti_sha256_new();
    char sha256[TI_SHA256_TEXT_MAX];

    ok(ticker_storage_put(storage, "large", source, watch, &seen, &stored, &error), "put");
    ck_assert_int_gt(seen.calls, 0);
    ck_assert_int_eq(seen.last, (int64_t)backend->large);
    ck_assert_int_eq(ticker_stored_bytes(stored), (int64_t)backend->large);
    ck_assert(ti_sha256_update(hash, data, backend->large));
    ck_assert(ti_sha256_finish(hash, sha256));
    ck_assert_str_eq(ticker_stored_sha256(stored), sha256);
    holds_bytes(ticker_stored_key(stored), data, backend->large);
    ti_sha256_free(hash);
    ticker_stored_free(stored);
    free(data);
}
END_TEST

/* --- Uploads that come to nothing ---------------------------------------------------------------------------------------------- */

/* A source that looks whether anybody can see its upload, and fails or ends after some megabytes. */
typedef struct broken {
    size_t left;
    ticker_status end;
    unsigned closed, reads;
} broken;

static ticker_status broken_read(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *of)
{
    broken *source = self;
    size_t count = source->left < capacity ? source->left : capacity;

    if (source->reads++ == 0 || count == 0)
        ck_assert_uint_eq(backend->count(), 0);
    if (count == 0)
        return source->end == TICKER_DONE ? TICKER_DONE
                                          : ticker_error_set(of, source->end, TICKER_ERROR_INPUT, "the line is cut");
    memset(buffer, 'x', count);
    source->left -= count;
    *got = count;
    return TICKER_OK;
}

static void broken_close(void *self)
{
    ((broken *)self)->closed++;
}

static ticker_source *broken_source(broken *self)
{
    static const ticker_source_ops ops = {sizeof(ops), broken_read, broken_close};
    ticker_source *source = ticker_source_new(&ops, self, "broken", -1);

    ck_assert_ptr_nonnull(source);
    return source;
}

START_TEST(a_source_that_fails)
{
    static const ticker_status statuses[] = {TICKER_RETRY, TICKER_FAILED, TICKER_FATAL};
    ticker_stored *stored = NULL;

    for (size_t i = 0; i < 6; i++) {
        broken self = {i < 3 ? 1000 : backend->large / 2, statuses[i % 3], 0, 0};

        ck_assert_int_eq(ticker_storage_put(storage, "never.zip", broken_source(&self), NULL, NULL, &stored, &error),
                         statuses[i % 3]);
        ck_assert_ptr_nonnull(strstr(ticker_error_message(&error), "the line is cut"));
        ti_error_init(&error);
        ck_assert_ptr_null(stored);
        ck_assert_uint_eq(self.closed, 1);
        ck_assert_uint_eq(backend->count(), 0);
    }
}
END_TEST

START_TEST(nobody_sees_it_before_it_is_whole)
{
    broken self = {backend->large / 4, TICKER_DONE, 0, 0};
    ticker_stored *stored = NULL;

    ok(ticker_storage_put(storage, "x", broken_source(&self), NULL, NULL, &stored, &error), "put");
    ck_assert_uint_eq(backend->count(), 1);
    ck_assert_uint_eq(self.closed, 1);
    ck_assert_int_eq(ticker_stored_bytes(stored), (int64_t)(backend->large / 4));
    ticker_stored_free(stored);
}
END_TEST

START_TEST(an_upload_that_is_stopped)
{
    broken self = {backend->large, TICKER_DONE, 0, 0};
    watched seen = {0, 0, 1};
    ticker_stored *stored = NULL;

    fails(ticker_storage_put(storage, "x", broken_source(&self), watch, &seen, &stored, &error), TICKER_RETRY,
          TICKER_ERROR_CANCELLED);
    ck_assert_ptr_null(stored);
    ck_assert_uint_eq(self.closed, 1);
    ck_assert_uint_eq(backend->count(), 0);
}
END_TEST

/* --- Keys ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(keys_that_lead_nowhere)
{
    static const char *const wrong[] = {"", "..", "../x", "a/../../x", "a/..", "./a", "a/.", "a/./b"};
    ticker_source *source = NULL;
    char *key = NULL, *large = made_up(TICKER_KEY_MAX);
    char object_key[TICKER_KEY_MAX];

    memset(large, 'k', TICKER_KEY_MAX);
    large[TICKER_KEY_MAX] = '\0';
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        fails(ticker_storage_get(storage, wrong[i], NULL, &source, &error), TICKER_FATAL, TICKER_ERROR_USAGE);
        fails(ticker_storage_delete(storage, wrong[i], &error), TICKER_FATAL, TICKER_ERROR_USAGE);
        (void)snprintf(object_key, sizeof(object_key), "%s%s", backend->prefix, wrong[i]);
        ck_assert_int_eq(ticker_storage_holds(storage, backend->bucket, object_key, &key), 0);
        ck_assert_ptr_null(key);
    }
    fails(ticker_storage_get(storage, large, NULL, &source, &error), TICKER_FATAL, TICKER_ERROR_USAGE);
    fails(ticker_storage_get(storage, NULL, NULL, &source, &error), TICKER_FATAL, TICKER_ERROR_USAGE);
    ck_assert_int_eq(ticker_storage_holds(storage, backend->bucket, large, &key), 0);
    is_missing("0123456789abcdef/nothing");
    is_missing("nothing");
    ck_assert_ptr_null(source);
    free(large);
}
END_TEST

START_TEST(whose_object_it_is)
{
    char object_key[TICKER_KEY_MAX], *key = NULL;

    (void)snprintf(object_key, sizeof(object_key), "%sa/b", backend->prefix);
    ck_assert_int_eq(ticker_storage_holds(storage, backend->bucket, object_key, &key), 1);
    ck_assert_str_eq(key, "a/b");
    ticker_free(key);
    ck_assert_int_eq(ticker_storage_holds(storage, "foreign-bucket", object_key, &key), 0);
    ck_assert_ptr_null(key);
    ck_assert_int_eq(ticker_storage_holds(storage, "", object_key, &key), 0);
    ck_assert_int_eq(ticker_storage_holds(storage, NULL, object_key, &key), 0);
    ck_assert_int_eq(ticker_storage_holds(storage, backend->bucket, NULL, &key), 0);
    ck_assert_int_eq(ticker_storage_holds(storage, "allowed-bucket", "any/key", &key), 2);
    ck_assert_ptr_null(key);
    ck_assert_int_eq(ticker_storage_holds(storage, "other.allowed", "any/key", &key), 2);
    ck_assert_int_eq(ticker_storage_holds(storage, "allowed", "any/key", &key), 0);
    ck_assert_int_eq(ticker_storage_holds(storage, "allowed-bucket", "", &key), 0);
    if (backend->prefix[0] != '\0')
        ck_assert_int_eq(ticker_storage_holds(storage, backend->bucket, "other/a/b", &key), 0);
}
END_TEST

/* --- Many at once -------------------------------------------------------------------------------------------------------------- */

static void *use_in_thread(void *payload)
{
    char text[32];
    int number = *(const int *)payload;

    for (int i = 0; i < 5; i++) {
        int length = snprintf(text, sizeof(text), "thread %d, upload %d", number, i);
        ticker_stored *stored = storage_suite_put(storage, "same.csv", text, (size_t)length);
        ticker_source *source = NULL;
        char back[64];
        size_t got = 0;

        if (ticker_storage_get(storage, ticker_stored_key(stored), NULL, &source, NULL) != TICKER_OK ||
            ti_source_read(source, back, sizeof(back), &got, NULL) != TICKER_OK || got != (size_t)length ||
            memcmp(back, text, got) != 0)
            return payload;
        ticker_source_free(source);
        ticker_stored_free(stored);
    }
    return NULL;
}

START_TEST(from_several_threads)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];

    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_in_thread, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failed = &failed;

        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    ck_assert_uint_eq(backend->count(), (size_t)THREADS * 5);
}
END_TEST

/* --- The suite ----------------------------------------------------------------------------------------------------------------- */

static void set_up(void)
{
    ti_error_init(&error);
    backend->set_up();
    storage = backend->open();
}

static void tear_down(void)
{
    ticker_storage_free(storage);
    backend->tear_down();
}

Suite *storage_suite(const storage_backend *of)
{
    const TTest *const tests[] = {an_upload,
                                  equal_names_and_no_bytes,
                                  odd_names,
                                  a_large_upload,
                                  nobody_sees_it_before_it_is_whole,
                                  a_source_that_fails,
                                  keys_that_lead_nowhere,
                                  an_upload_that_is_stopped,
                                  whose_object_it_is,
                                  from_several_threads};
    Suite *made = suite_create(of->name);
    TCase *group = tcase_create("storage");

    backend = of;
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_set_timeout(group, 120);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tcase_add_test(group, tests[i]);
    suite_add_tcase(made, group);
    return made;
}
