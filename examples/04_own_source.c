/* Bytes that come from the program itself: a source of its own, here a file that was read into memory before.
 *
 *   cc -o 04_own_source 04_own_source.c $(pkg-config --cflags --libs tickerimport)
 *   ./04_own_source < COTAHIST_D08112024.ZIP
 *
 * Shows: a table of functions that starts with its size, blocks of any length, failing from within a callback, and an
 * inspection: all totals of a file without a database. (For bytes in memory alone ticker_source_open_memory() is enough.) */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport.h>

#define BLOCK 1000                  /* as few as a network might deliver: blocks need not end where records end */
#define BYTES_MAX ((size_t)1 << 30) /* what this program takes */

typedef struct memory {
    unsigned char *data;
    size_t size, capacity, at;
    unsigned calls;
} memory;

static ticker_status read_memory(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    memory *bytes = self;
    size_t count = bytes->size - bytes->at;

    bytes->calls++;
    if (bytes->at > bytes->size)
        return ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "read past the end of the memory");
    if (count == 0)
        return TICKER_DONE;
    if (count > BLOCK)
        count = BLOCK;
    if (count > capacity)
        count = capacity;
    memcpy(buffer, bytes->data + bytes->at, count);
    bytes->at += count;
    *got = count;
    return TICKER_OK;
}

static void close_memory(void *self)
{
    const memory *bytes = self;

    printf("closed after %u calls and %zu bytes\n", bytes->calls, bytes->at);
}

static bool load(FILE *from, memory *bytes)
{
    for (;;) {
        size_t got;

        if (bytes->size == bytes->capacity) {
            size_t capacity = bytes->capacity > 0 ? bytes->capacity * 2 : 65536;
            unsigned char *data = capacity <= BYTES_MAX ? realloc(bytes->data, capacity) : NULL;

            if (data == NULL)
                return false;
            bytes->data = data;
            bytes->capacity = capacity;
        }
        got = fread(bytes->data + bytes->size, 1, bytes->capacity - bytes->size, from);
        if (got == 0)
            return ferror(from) == 0;
        bytes->size += got;
    }
}

static void on_report(const ticker_report *report, void *payload)
{
    (void)payload;
    printf("format %s, member \"%s\", %s\n", ticker_report_text(report, TICKER_REPORT_FORMAT),
           ticker_report_text(report, TICKER_REPORT_MEMBER), ticker_report_text(report, TICKER_REPORT_STATUS));
    printf("records %" PRId64 ", tickers %" PRId64 ", trades %" PRId64 ", volume %" PRId64 ", turnover %s\n",
           ticker_report_integer(report, TICKER_REPORT_RECORDS), ticker_report_integer(report, TICKER_REPORT_TICKERS),
           ticker_report_integer(report, TICKER_REPORT_TRADES), ticker_report_integer(report, TICKER_REPORT_VOLUME),
           ticker_report_text(report, TICKER_REPORT_TURNOVER));
    for (size_t i = 0; i < ticker_report_market_count(report); i++) {
        int64_t records;
        const char *code = ticker_report_market(report, i, &records);

        printf("market %s: %" PRId64 "\n", code, records);
    }
}

int main(void)
{
    const ticker_source_ops ops = {.size = sizeof ops, .read = read_memory, .close = close_memory};
    const ticker_import_events events = {.size = sizeof events, .report = on_report};
    ticker_error *error = ticker_error_new();
    memory bytes = {0};
    ticker_source *source;
    ticker_status status = TICKER_FATAL;
    char line[2 * TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX];

    if (!load(stdin, &bytes)) {
        (void)ticker_error_set(error, status, TICKER_ERROR_IO,
                               "standard input cannot be read, or is larger than 1 GiB");
    } else {
        source = ticker_source_new(&ops, &bytes, "standard input", (int64_t)bytes.size);
        status = source != NULL ? ticker_inspect_source(source, NULL, &events, error) /* frees the source */
                                : ticker_error_set(error, status, TICKER_ERROR_MEMORY, "out of memory");
    }
    printf("%s\n", ticker_status_name(status));
    if (status != TICKER_OK && status != TICKER_WARN) {
        (void)ticker_error_format(error, line, sizeof line);
        fprintf(stderr, "04_own_source: %s\n", line);
    }
    free(bytes.data); /* after the source is gone */
    ticker_error_free(error);
    return status == TICKER_OK || status == TICKER_WARN ? 0 : 1;
}
