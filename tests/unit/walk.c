#include "walk.h"

const ti_input_limits usual = {UINT64_C(64) << 30, 200, 3};

ticker_status walk_member(walk *seen, ti_input *input)
{
    char block[30000], first[41];
    size_t got, kept = 0;
    ticker_status status;

    while ((status = ti_input_read(input, block, sizeof(block), &got, &seen->error)) == TICKER_OK) {
        size_t more = got < 40 - kept ? got : 40 - kept;

        ck_assert_uint_gt(got, 0);
        memcpy(first + kept, block, more);
        kept += more;
        seen->bytes += got;
    }
    add(&seen->log, "%s=%.*s\n", ti_input_member(input), (int)kept, first);
    return status;
}

void walk_source(walk *seen, ticker_source *source, const ti_input_limits *limits)
{
    ti_input *input = ti_input_new(source, limits);

    memset(seen, 0, sizeof(*seen));
    bytes_init(&seen->log);
    add(&seen->log, "%s", "");
    ti_error_init(&seen->error);
    ck_assert_ptr_nonnull(input);
    while ((seen->status = ti_input_next(input, &seen->error)) == TICKER_OK) {
        seen->members++;
        seen->status = walk_member(seen, input);
        if (seen->status != TICKER_DONE)
            break;
    }
    if (seen->status < TICKER_OK) { /* nothing more comes of it, and nothing bad */
        ck_assert_int_ne(seen->error.kind, TICKER_ERROR_NONE);
        ck_assert_int_eq(ti_input_next(input, NULL), TICKER_DONE);
    } else {
        ck_assert_int_eq(seen->error.kind, TICKER_ERROR_NONE);
    }
    ti_input_free(input);
    ti_input_free(NULL);
}

void gives(const ti_buffer *bytes, const char *log)
{
    static const size_t sizes[] = {0, 1, 7, 4096};
    walk seen;

    for (size_t i = 0; i < COUNT(sizes); i++) {
        pieces from = {.data = bytes->data, .size = bytes->size, .piece = sizes[i]};

        walk_source(&seen, pieces_source(&from), &usual);
        ck_assert_msg(seen.status == TICKER_DONE, "%s", seen.error.message);
        ck_assert_str_eq(ti_buffer_string(&seen.log), log);
        ti_buffer_free(&seen.log);
        ck_assert_uint_eq(from.closes, 1);
    }
}

void refuses(const ti_buffer *bytes, ticker_error_kind kind, const char *message)
{
    walk seen;

    walk_source(&seen, ticker_source_open_memory(bytes->data, bytes->size, "memory"), &usual);
    ck_assert_int_eq(seen.status, TICKER_FAILED);
    ck_assert_int_eq(seen.error.kind, kind);
    ck_assert_msg(strstr(seen.error.message, message) != NULL, "%s", seen.error.message);
    ck_assert_str_eq(seen.error.file, "memory");
    ti_buffer_free(&seen.log);
}
