/* Sources: files, descriptors, memory, the caller's own, and callers who get it wrong. */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "input/source.h"

static void read_whole(ticker_source *source, ti_buffer *to)
{
    char block[1000];
    size_t got;
    ticker_status status;

    while ((status = ti_source_read(source, block, sizeof(block), &got, NULL)) == TICKER_OK)
        add_bytes(to, block, got);
    ck_assert_int_eq(status, TICKER_DONE);
    ck_assert_uint_eq(got, 0);
}

static void holds(ticker_source *source, const char *text)
{
    ti_buffer bytes;

    bytes_init(&bytes);
    read_whole(source, &bytes);
    ck_assert_uint_eq(bytes.size, strlen(text));
    ck_assert_mem_eq(bytes.size > 0 ? bytes.data : "", text, bytes.size);
    ti_buffer_free(&bytes);
    ticker_source_free(source);
}

START_TEST(memory)
{
    ticker_source *source = ticker_source_open_memory("hello", 5, "greeting");

    ck_assert_ptr_nonnull(source);
    ck_assert_str_eq(source->name, "greeting");
    ck_assert_int_eq(source->bytes, 5);
    ck_assert_int_eq(source->descriptor, -1);
    holds(source, "hello");
    holds(ticker_source_open_memory(NULL, 0, NULL), "");
    ck_assert_ptr_null(ticker_source_open_memory(NULL, 1, "x"));
    ck_assert_ptr_null(ticker_source_open_memory("x", SIZE_MAX, "x"));
    ticker_source_free(NULL);
}
END_TEST

START_TEST(a_file)
{
    char *path = make_file("hello", 5);
    ticker_source *source = NULL;

    ck_assert_int_eq(ticker_source_open_file(path, &source, NULL), TICKER_OK);
    ck_assert_int_eq(source->bytes, 5);
    ck_assert_int_ge(source->descriptor, 0);
    ck_assert_str_eq(source->name, path);
    holds(source, "hello");
    drop_file(path);
}
END_TEST

START_TEST(what_cannot_be_opened)
{
    ticker_source *source = (ticker_source *)(uintptr_t)1;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_source_open_file("/nowhere/at/all", &source, &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_IO);
    ck_assert_str_eq(error.file, "/nowhere/at/all");
    ticker_error_clear(&error);
    ck_assert_int_eq(ticker_source_open_file("/tmp", &source, &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_IO);
    ck_assert_ptr_nonnull(strstr(error.message, "directory"));
    ck_assert_uint_eq((uintptr_t)source, 1);
    ck_assert_int_eq(ticker_source_open_file(NULL, &source, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_source_open_file("/tmp", NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_source_open_descriptor(-1, "x", &source, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_source_open_descriptor(0, "x", NULL, NULL), TICKER_FATAL);
}
END_TEST

START_TEST(a_descriptor_stays_the_callers)
{
    char *path = make_file("0123456789", 10);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ticker_source *source = NULL;
    char byte;

    ck_assert_int_ge(descriptor, 0);
    ck_assert_int_eq(ticker_source_open_descriptor(descriptor, "numbers", &source, NULL), TICKER_OK);
    ck_assert_int_eq(source->descriptor, descriptor);
    holds(source, "0123456789");
    /* From the middle: what stands before is not part of the input, so the file must not be read again from its start. */
    ck_assert_int_eq(lseek(descriptor, 4, SEEK_SET), 4);
    ck_assert_int_eq(ticker_source_open_descriptor(descriptor, "numbers", &source, NULL), TICKER_OK);
    ck_assert_int_eq(source->descriptor, -1);
    holds(source, "456789");
    ck_assert_int_eq(pread(descriptor, &byte, 1, 3), 1); /* still open */
    ck_assert_int_eq(byte, '3');
    ck_assert_int_eq(close(descriptor), 0);
    drop_file(path);
}
END_TEST

START_TEST(a_pipe)
{
    ticker_source *source = NULL;
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], "through the pipe", 16), 16);
    ck_assert_int_eq(close(ends[1]), 0);
    ck_assert_int_eq(ticker_source_open_descriptor(ends[0], "-", &source, NULL), TICKER_OK);
    ck_assert_int_eq(source->bytes, -1);
    ck_assert_int_eq(source->descriptor, -1);
    holds(source, "through the pipe");
    ck_assert_int_eq(close(ends[0]), 0);
}
END_TEST

START_TEST(a_descriptor_that_cannot_be_read)
{
    ticker_source *source = NULL;
    char *path = make_file("", 0), byte;
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    ticker_error error;
    size_t got;

    ck_assert_int_ge(descriptor, 0);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_source_open_descriptor(descriptor, "write only", &source, &error), TICKER_OK);
    ck_assert_int_eq(ti_source_read(source, &byte, 1, &got, &error), TICKER_RETRY);
    ck_assert_int_eq(error.kind, TICKER_ERROR_IO);
    ck_assert_str_eq(error.file, "write only");
    ticker_source_free(source);
    ck_assert_int_eq(close(descriptor), 0);
    drop_file(path);
}
END_TEST

START_TEST(an_own_source)
{
    pieces own = {.data = "abcdefgh", .size = 8, .piece = 3};

    holds(pieces_source(&own), "abcdefgh");
    ck_assert_uint_eq(own.closes, 1);
    ck_assert_uint_eq(own.reads, 4);
}
END_TEST

START_TEST(tables_of_another_size)
{
    pieces own = {.data = "x", .size = 1};
    ticker_source *model = pieces_source(&own);
    struct {
        ticker_source_ops ops;
        void *later[4];
    } newer = {.ops = model->ops};
    ticker_source_ops older = model->ops, none = {sizeof(none), NULL, NULL};

    newer.ops.size = sizeof(newer);
    newer.later[0] = &newer;
    holds(ticker_source_new(&newer.ops, &own, "newer", 5), "x");
    ck_assert_uint_eq(own.closes, 1);
    own.at = 0;
    older.size = offsetof(ticker_source_ops, close);
    holds(ticker_source_new(&older, &own, NULL, -7), "x");
    ck_assert_uint_eq(own.closes, 1); /* an older caller has no close */
    older.size = offsetof(ticker_source_ops, read);
    ck_assert_ptr_null(ticker_source_new(&older, &own, "x", -1));
    ck_assert_ptr_null(ticker_source_new(&none, &own, "x", -1));
    ck_assert_ptr_null(ticker_source_new(NULL, &own, "x", -1));
    ticker_source_free(model);
    ck_assert_uint_eq(own.closes, 2);
}
END_TEST

START_TEST(a_long_name_is_cut)
{
    char name[2 * TICKER_NAME_MAX];
    ticker_source *source;

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    source = ticker_source_open_memory("", 0, name);
    ck_assert_ptr_nonnull(source);
    ck_assert_uint_eq(strlen(source->name), TICKER_NAME_MAX - 1);
    ticker_source_free(source);
}
END_TEST

/* A read function that answers what it was told to. */
typedef struct answer {
    ticker_status status;
    size_t got;
} answer;

static ticker_status answer_read(void *payload, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    answer *self = payload;

    (void)error;
    memset(buffer, 'x', capacity);
    *got = self->got;
    return self->status;
}

static void answers(ticker_status status, size_t got, ticker_status expected)
{
    const ticker_source_ops ops = {sizeof(ops), answer_read, NULL};
    answer self = {status, got};
    ticker_source *source = ticker_source_new(&ops, &self, "own", -1);
    char block[10];
    ticker_error error;

    ck_assert_ptr_nonnull(source);
    ti_error_init(&error);
    ck_assert_int_eq(ti_source_read(source, block, sizeof(block), &got, &error), expected);
    ck_assert_uint_eq(got, expected == TICKER_OK ? self.got : 0);
    if (expected < TICKER_OK) {
        ck_assert_str_ne(error.message, "");
        ck_assert_str_eq(error.file, "own");
        ck_assert_int_eq(error.status, expected);
    } else {
        ck_assert_int_eq(error.kind, TICKER_ERROR_NONE);
    }
    ticker_source_free(source);
}

START_TEST(own_sources_that_get_it_wrong)
{
    answers(TICKER_OK, 10, TICKER_OK);
    answers(TICKER_DONE, 0, TICKER_DONE);
    answers(TICKER_OK, 0, TICKER_FATAL);
    answers(TICKER_OK, 11, TICKER_FATAL);
    answers(TICKER_OK, SIZE_MAX, TICKER_FATAL);
    answers(TICKER_RETRY, 0, TICKER_RETRY);
    answers(TICKER_FAILED, 0, TICKER_FAILED);
    answers(TICKER_FATAL, 0, TICKER_FATAL);
    answers(TICKER_DONE, 5, TICKER_DONE);
    answers((ticker_status)5, 5, TICKER_FATAL); /* neither more nor the end: would go on forever */
    answers((ticker_status)-1, 0, TICKER_RETRY);
    answers(TICKER_WARN, 0, TICKER_FAILED); /* a read has no rows to warn of */
    answers((ticker_status)-27, 0, TICKER_FATAL);
    answers((ticker_status)-99, 0, TICKER_FATAL);
}
END_TEST

START_TEST(read_by_a_program)
{
    pieces from = {.data = "abcdefgh", .size = 8, .piece = 3, .fail_at = 6, .fail_with = TICKER_RETRY};
    ticker_source *source = ticker_source_open_memory("abcdefgh", 8, "memory");
    ticker_error error;
    char buffer[5];
    size_t got = 99;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_source_read(source, buffer, sizeof(buffer), &got, &error), TICKER_OK);
    ck_assert_uint_eq(got, 5);
    ck_assert_int_eq(memcmp(buffer, "abcde", 5), 0);
    ck_assert_int_eq(ticker_source_read(source, buffer, sizeof(buffer), &got, &error), TICKER_OK);
    ck_assert_uint_eq(got, 3);
    ck_assert_int_eq(ticker_source_read(source, buffer, sizeof(buffer), &got, &error), TICKER_DONE);
    ck_assert_uint_eq(got, 0);
    ck_assert_int_eq(ticker_source_read(NULL, buffer, 1, &got, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_source_read(source, NULL, 1, &got, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_source_read(source, buffer, 0, &got, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_source_read(source, buffer, 1, NULL, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
    ticker_source_free(source);
    source = pieces_source(&from);
    ck_assert_int_eq(ticker_source_read(source, buffer, sizeof(buffer), &got, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_source_read(source, buffer, sizeof(buffer), &got, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_source_read(source, buffer, sizeof(buffer), &got, NULL), TICKER_RETRY);
    ck_assert_uint_eq(got, 0);
    ticker_source_free(source);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        read_by_a_program,
        memory,
        a_file,
        a_pipe,
        what_cannot_be_opened,
        an_own_source,
        a_descriptor_stays_the_callers,
        a_long_name_is_cut,
        a_descriptor_that_cannot_be_read,
        tables_of_another_size,
        own_sources_that_get_it_wrong,
    };

    return run_tests("source", tests, COUNT(tests));
}
