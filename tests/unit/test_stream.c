/* Peek and consume: every byte once and in order, whatever sizes a source gives, with readable margins. */
#include "support.h"

#include "input/stream.h"

typedef struct counter {
    uint64_t at, size, seed;
    size_t piece;
    uint64_t fail_at; /* UINT64_MAX: never */
} counter;

static unsigned char byte_at(uint64_t at)
{
    return (unsigned char)(at * 2654435761u >> 13);
}

static ticker_status count_on(void *payload, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    counter *self = payload;
    size_t count = self->piece > 0 ? self->piece : 1 + next_random(&self->seed) % 70000;

    if (self->at >= self->fail_at)
        return ticker_error_set(error, TICKER_RETRY, TICKER_ERROR_IO, "gone");
    count = count < capacity ? count : capacity;
    count = count < self->size - self->at ? count : (size_t)(self->size - self->at);
    for (size_t i = 0; i < count; i++)
        ((unsigned char *)buffer)[i] = byte_at(self->at + i);
    self->at += count;
    *got = count;
    return count > 0 ? TICKER_OK : TICKER_DONE;
}

static void check_all(uint64_t size, size_t piece, size_t block, size_t min)
{
    counter from = {.size = size, .seed = 7 + size, .piece = piece, .fail_at = UINT64_MAX};
    ti_stream *stream = ti_stream_new(count_on, &from, block);
    uint64_t at = 0, seed = 11 + size;
    const unsigned char *data;
    size_t available, margin = 0;

    ck_assert_ptr_nonnull(stream);
    for (;;) {
        size_t take;

        ck_assert_int_eq(ti_stream_peek(stream, min, &data, &available, NULL), TICKER_OK);
        ck_assert(available >= min || at + available == size);
        for (size_t i = 1; i <= TI_STREAM_MARGIN; i++)
            margin += data[-(ptrdiff_t)i] + data[available + i - 1]; /* a sanitizer would say if it was not ours */
        for (size_t i = 0; i < available; i++)
            if (data[i] != byte_at(at + i))
                ck_abort_msg("byte %llu is wrong", (unsigned long long)(at + i));
        if (available == 0)
            break;
        take = 1 + next_random(&seed) % available;
        ti_stream_consume(stream, take);
        at += take;
        ck_assert_uint_eq(ti_stream_offset(stream), at);
    }
    ck_assert_uint_eq(at, size);
    ck_assert_uint_ne(margin + 1, 0);
    ck_assert(ti_stream_at_end(stream));
    ti_stream_free(stream);
    ti_stream_free(NULL);
}

START_TEST(every_byte_once)
{
    check_all(0, 1, 0, 100);
    check_all(1, 1, 0, 1);
    check_all(1000, 1, 0, 245);
    check_all(100000, 7, 1000, 4098);
    check_all(1000000, 0, 0, 4098);
    check_all(1000000, 1000000, 0, TI_STREAM_BLOCK / 2);
    check_all(700000, 0, 1, 300);
    check_all(TI_STREAM_BLOCK, TI_STREAM_BLOCK, 0, TI_STREAM_BLOCK / 2);
}
END_TEST

START_TEST(a_failure_comes_through)
{
    counter from = {.size = 1000, .piece = 100, .fail_at = 300};
    ti_stream *stream = ti_stream_new(count_on, &from, 0);
    const unsigned char *data;
    size_t available;
    ticker_error error;

    ck_assert_ptr_nonnull(stream);
    ti_error_init(&error);
    ck_assert_int_eq(ti_stream_peek(stream, 300, &data, &available, &error), TICKER_OK);
    ck_assert_uint_eq(available, 300);
    ck_assert_int_eq(ti_stream_peek(stream, 301, &data, &available, &error), TICKER_RETRY);
    ck_assert_str_eq(error.message, "gone");
    ti_stream_free(stream);
}
END_TEST

START_TEST(a_reset_forgets)
{
    counter from = {.size = 10, .piece = 4, .fail_at = UINT64_MAX};
    ti_stream *stream = ti_stream_new(count_on, &from, 0);
    const unsigned char *data;
    size_t available;

    ck_assert_ptr_nonnull(stream);
    ck_assert_int_eq(ti_stream_peek(stream, 20, &data, &available, NULL), TICKER_OK);
    ck_assert_uint_eq(available, 10);
    ti_stream_consume(stream, 3);
    ti_stream_reset(stream);
    ck_assert(!ti_stream_at_end(stream));
    ck_assert_uint_eq(ti_stream_offset(stream), 0);
    from.size = 15;
    ck_assert_int_eq(ti_stream_peek(stream, 20, &data, &available, NULL), TICKER_OK);
    ck_assert_uint_eq(available, 5);
    ck_assert_uint_eq(data[0], byte_at(10));
    ti_stream_free(stream);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_byte_once, a_failure_comes_through, a_reset_forgets};

    return run_tests("stream", tests, COUNT(tests));
}
