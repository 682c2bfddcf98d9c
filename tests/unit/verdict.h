/* What came of reading a file, said once for the tests of every format. Each function fails the test when it is otherwise. */
#ifndef TEST_VERDICT_H
#define TEST_VERDICT_H

#include "support.h"

/* Reads it with one option, "name=value". What came of it is good until the next call. */
outcome *read_with(const ti_buffer *file, const char *option);

/* A file of this format was taken, with so many rows, and so many rejected. */
void is_taken(const outcome *result, const char *format, size_t rows, int64_t rejected);
/* One problem of the report: its place, and a part of its reason. */
void problem_is(const outcome *result, size_t index, uint64_t line, uint64_t column, const char *text);
/* One row is rejected and the others are taken: for a reason that begins with the name of a cell and holds `why`. */
void one_is_rejected(const outcome *result, size_t rows, uint64_t line, uint64_t column, const char *cell,
                     const char *why);
/* A line of `size` bytes that is no row stands behind a first line and `before` rows: it is rejected, or it ends the file when it is
 * longer than TICKER_LINE_MAX. */
void long_line_is(const outcome *result, size_t before, size_t size);

/* What a file must give that was cut off somewhere. */
typedef struct beginning {
    bool whole;          /* nothing that can be noticed is missing: it is taken without force */
    bool known;          /* enough is there to know what it is: it is taken with force */
    size_t rows;         /* when taken */
    const char *refusal; /* a part of what is said when it is known and not whole */
} beginning;

/* Reads every beginning of the file, with and without force. */
void every_beginning(const ti_buffer *file, beginning (*expected)(size_t size));

#endif
