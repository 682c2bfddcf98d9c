/* The scanner of ';' files against its scalar twin, and cutting a line into cells with and without quotes: the same cells where there are
 * none, and what was cut in quotes gives the same again when it is written in quotes. */
#include <stdbool.h>
#include <string.h>

#include "format/csv.h"
#include "input/stream.h"

#include "fuzz.h"

static ti_csv_index fast, plain;

static void scan(const uint8_t *data, size_t size)
{
    unsigned char *copy = malloc(size + TI_STREAM_MARGIN);
    uint32_t marks;

    CHECK(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    memset(copy + size, size % 2 == 0 ? ';' : '\n', TI_STREAM_MARGIN); /* that does not count */
    ti_csv_scan(&fast, copy, size);
    ti_csv_scan_scalar(&plain, copy, size);
    CHECK(fast.rows == plain.rows);
    CHECK(memcmp(fast.row_end, plain.row_end, fast.rows * sizeof(fast.row_end[0])) == 0);
    marks = fast.rows > 0 ? fast.row_end[fast.rows - 1] : 0;
    CHECK(memcmp(fast.mark, plain.mark, (marks + 1) * sizeof(fast.mark[0])) == 0);
    for (uint32_t i = 1; i <= marks; i++)
        CHECK(fast.mark[i] < size && (copy[fast.mark[i]] == ';' || copy[fast.mark[i]] == '\n'));
    free(copy);
}

/* All cells in quotes. Returns the length. */
static size_t write_again(char *to, const ti_slice *cells, unsigned count)
{
    size_t size = 0;

    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            to[size++] = ';';
        to[size++] = '"';
        for (size_t k = 0; k < cells[i].size; k++) {
            if (cells[i].data[k] == '"')
                to[size++] = '"';
            to[size++] = cells[i].data[k];
        }
        to[size++] = '"';
    }
    return size;
}

static void split(ti_slice line)
{
    ti_slice cells[TICKER_CSV_COLUMNS_MAX], others[TICKER_CSV_COLUMNS_MAX];
    char *unquoted = malloc(line.size + 1), *again = malloc(2 * line.size + 3 * TICKER_CSV_COLUMNS_MAX);
    char *twice = malloc(2 * line.size + 3 * TICKER_CSV_COLUMNS_MAX);
    const char *why;
    unsigned count = ti_csv_split_quoted(line, unquoted, cells, &why);

    CHECK(unquoted != NULL && again != NULL && twice != NULL);
    CHECK(count == 0 || why == NULL);
    if (line.size == 0 || memchr(line.data, '"', line.size) == NULL) {
        CHECK(why == NULL && ti_csv_split(line, others) == count);
        for (unsigned i = 0; i < count; i++)
            CHECK(cells[i].data == others[i].data && cells[i].size == others[i].size);
    }
    if (count > 0) {
        size_t size = write_again(again, cells, count);

        CHECK(ti_csv_split_quoted((ti_slice){again, size}, twice, others, &why) == count);
        for (unsigned i = 0; i < count; i++)
            CHECK(ti_slice_equal(cells[i], others[i]));
    }
    free(unquoted);
    free(again);
    free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data, *end = at + size;

    if (size > TI_CSV_BLOCK)
        return 0;
    scan(data, size);
    while (at < end) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((next != NULL ? next : end) - at);

        split((ti_slice){at, length < TICKER_LINE_MAX ? length : TICKER_LINE_MAX});
        at += length + (next != NULL);
    }
    return 0;
}
