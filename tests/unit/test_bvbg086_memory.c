/* Price reports while memory runs out, in our own code and in libxml2: each allocation fails once. */
#include <libxml/parser.h>
#include <libxml/xmlmemory.h>
#include <stdlib.h>

#include "failing_memory.h"
#include "price_file.h"

/* What libxml2 allocates: it can be told with what, so it is counted apart. */
static _Atomic unsigned long theirs, their_fail_at;

static bool they_fail(void)
{
    return ++theirs == their_fail_at;
}

static void *their_malloc(size_t size)
{
    return they_fail() ? NULL : __real_malloc(size);
}

static void *their_realloc(void *memory, size_t size)
{
    return they_fail() ? NULL : __real_realloc(memory, size);
}

static char *their_strdup(const char *text)
{
    return they_fail() ? NULL : __real_strdup(text);
}

/* The rows that came, and why no more did. Nothing is asserted before memory is there again. */
static ticker_status read_all(const ti_buffer *document, ticker_error *error, size_t *rows)
{
    const ticker_batch *batch;
    ticker_source *source = ticker_source_open_memory(document->data, document->size, "memory");
    ticker_reader *reader = source != NULL ? ticker_reader_new(source, NULL) : NULL;
    ticker_status status;

    *rows = 0;
    if (reader == NULL)
        return ti_fail_memory(error);
    status = ticker_reader_next_member(reader, error);
    while (status == TICKER_OK && (status = ticker_reader_next_batch(reader, &batch, error)) == TICKER_OK)
        *rows += ticker_batch_rows(batch);
    ticker_reader_free(reader);
    return status;
}

static void make_document(ti_buffer *to)
{
    bytes_init(to);
    add(to, ENVELOPE("40"));
    for (int i = 0; i < 40; i++)
        add(to,
            BEFORE_REPORT
            "<PricRpt>" OF_TICKER("T%d") "<New%d a%d=\"&lt;%d\"/><FinInstrmAttrbts><LastPric Ccy=\"BRL\">%d"
                                         "</LastPric></FinInstrmAttrbts></PricRpt>" BEHIND_REPORT,
            i, i, i, i, i);
    add(to, END);
}

/* Fails one allocation after the other, until a reading gets by without. */
static void fail_each(_Atomic unsigned long *counter, _Atomic unsigned long *at)
{
    ti_buffer document;
    unsigned long failures = 0;

    make_document(&document);
    for (unsigned long k = 1;; k++) {
        ticker_error error;
        ticker_status status;
        size_t rows;
        bool reached;

        ti_error_init(&error);
        *counter = 0;
        *at = k;
        status = read_all(&document, &error, &rows);
        reached = *counter >= k;
        *at = 0;
        if (!reached)
            break;
        failures += status != TICKER_DONE;
        ck_assert_msg((status == TICKER_DONE && rows == 40) ||
                          (status == TICKER_FATAL && error.kind == TICKER_ERROR_MEMORY) ||
                          (status == TICKER_FAILED && error.message[0] != '\0'),
                      "allocation %lu: %d, %zu rows, %s", k, (int)status, rows, error.message);
    }
    ck_assert_uint_gt(failures, 3);
    ti_buffer_free(&document);
}

START_TEST(ours)
{
    fail_each(&allocations, &fail_at);
}
END_TEST

START_TEST(those_of_libxml2)
{
    fail_each(&theirs, &their_fail_at);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {ours, those_of_libxml2};

    if (xmlMemSetup(free, their_malloc, their_realloc, their_strdup) != 0)
        return EXIT_FAILURE;
    ti_sax_prepare(); /* what it takes once is not to fail */
    return run_tests("bvbg086_memory", tests, COUNT(tests));
}
