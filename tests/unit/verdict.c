#include "verdict.h"

outcome *read_with(const ti_buffer *file, const char *option)
{
    static outcome result;
    ticker_options *options = make_options(option, NULL);

    read_bytes(&result, file->data, file->size, options);
    ticker_options_free(options);
    return &result;
}

void is_taken(const outcome *result, const char *format, size_t rows, int64_t rejected)
{
    ck_assert_msg(result->status == TICKER_OK, "%s", result->error.message);
    ck_assert_msg(result->rows == rows && result->report.rejected == rejected, "%zu rows, %lld rejected: %s",
                  result->rows, (long long)result->report.rejected,
                  result->report.problem_count > 0 ? result->report.problems[0].reason : "");
    ck_assert_str_eq(result->report.format, format);
}

void problem_is(const outcome *result, size_t index, uint64_t line, uint64_t column, const char *text)
{
    uint64_t l = 0, c = 0;
    const char *reason = ticker_report_problem(&result->report, index, &l, &c);

    ck_assert_ptr_nonnull(reason);
    ck_assert_msg(strstr(reason, text) != NULL, "%s", reason);
    ck_assert_msg(is_utf8(reason), "%s", reason);
    ck_assert_msg(l == line && c == column, "%s: %llu:%llu", reason, (unsigned long long)l, (unsigned long long)c);
}

void one_is_rejected(const outcome *result, size_t rows, uint64_t line, uint64_t column, const char *cell,
                     const char *why)
{
    ck_assert_msg(result->status == TICKER_OK, "%s", result->error.message);
    ck_assert_msg(result->rows == rows && result->report.rejected == 1, "%s: %zu rows, %lld rejected", cell,
                  result->rows, (long long)result->report.rejected);
    ck_assert_uint_eq(ticker_report_problem_count(&result->report), 1);
    problem_is(result, 0, line, column, why);
    ck_assert_msg(strncmp(result->report.problems[0].reason, cell, strlen(cell)) == 0, "%s: %s", cell,
                  result->report.problems[0].reason);
}

void long_line_is(const outcome *result, size_t before, size_t size)
{
    if (size > TICKER_LINE_MAX) {
        ck_assert_msg(result->status == TICKER_FAILED, "%zu bytes after %zu rows", size, before);
        ck_assert_int_eq(result->error.kind, TICKER_ERROR_LIMIT);
        ck_assert_uint_eq(result->error.line, before + 2);
    } else {
        ck_assert_msg(result->status == TICKER_OK, "%s", result->error.message);
        ck_assert_int_eq(result->report.rejected, 1);
        ck_assert_uint_eq(result->rows, before);
    }
}

void every_beginning(const ti_buffer *file, beginning (*expected)(size_t size))
{
    for (size_t size = 0; size < file->size; size++) {
        const ti_buffer cut = {.data = file->data, .size = size};
        const beginning is = expected(size);
        const outcome *result = read_with(&cut, "force=no");

        ck_assert_msg((result->status == TICKER_OK) == is.whole, "%zu of %zu bytes: %s", size, file->size,
                      result->error.message);
        if (is.whole) {
            ck_assert_uint_eq(result->rows, is.rows);
            ck_assert_int_eq(result->report.complete, 1);
            ck_assert_int_eq(result->report.rejected, 0);
        } else {
            ck_assert_int_eq(result->status, TICKER_FAILED);
            ck_assert_int_eq(result->error.kind, TICKER_ERROR_INPUT);
        }
        result = read_with(&cut, "force=yes");
        ck_assert_msg(result->status == (is.known ? TICKER_OK : TICKER_FAILED), "%zu bytes, forced: %s", size,
                      result->error.message);
        if (!is.known)
            continue;
        ck_assert_uint_eq(result->rows, is.rows);
        ck_assert_int_eq(result->report.complete, is.whole);
        ck_assert_msg(is.whole ? result->report.refusal[0] == '\0' : strstr(result->report.refusal, is.refusal) != NULL,
                      "%zu bytes, forced: %s", size, result->report.refusal);
    }
}
