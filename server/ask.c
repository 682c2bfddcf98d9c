#include "ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 5000 /* for a connection to the database; after that the client is told to come back */
#define FIRST_BYTES ((size_t)64 * 1024)

struct ask {
    ticker_pool *pool;
};

ask *ask_open(const ticker_options *options, size_t threads, ticker_metrics *metrics, ticker_error *error)
{
    ask *a = calloc(1, sizeof *a);

    if (a == NULL) {
        (void)ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    if (ticker_pool_open(options, threads, &a->pool, error) != TICKER_OK) {
        free(a);
        return NULL;
    }
    ticker_pool_measure(a->pool, metrics);
    return a;
}

void ask_free(ask *a)
{
    if (a == NULL)
        return;
    ticker_pool_free(a->pool);
    free(a);
}

ticker_pool *ask_pool(ask *a)
{
    return a->pool;
}

bool ask_look(ask *a, ticker_query *query, const char *kind, const char *format, ask_answer *answer)
{
    (void)a;
    (void)query;
    (void)kind;
    (void)format;
    (void)answer;
    return false;
}

/* --- Bytes that are kept while there are few of them. */

typedef struct collected {
    char *data;
    size_t size, capacity;
    bool streaming, failed;
    const ask_sink *sink;
} collected;

static bool keep(collected *all, const void *data, size_t size)
{
    if (all->size + size > all->capacity) {
        size_t capacity = all->capacity == 0 ? FIRST_BYTES : all->capacity * 2;
        char *larger;

        while (capacity < all->size + size)
            capacity *= 2;
        larger = realloc(all->data, capacity);
        if (larger == NULL)
            return false;
        all->data = larger;
        all->capacity = capacity;
    }
    memcpy(all->data + all->size, data, size);
    all->size += size;
    return true;
}

static bool begin_streaming(collected *all)
{
    const ask_sink *sink = all->sink;

    all->streaming = true;
    if (!sink->begin(sink->payload) || (all->size > 0 && !sink->write(sink->payload, all->data, all->size)))
        return false;
    free(all->data);
    all->data = NULL;
    all->size = all->capacity = 0;
    return true;
}

static int collect(const void *data, size_t size, void *payload)
{
    collected *all = payload;

    if (!all->streaming && size <= ASK_ANSWER_MAX - all->size)
        return keep(all, data, size) ? 0 : 1;
    if (!all->streaming && !begin_streaming(all))
        return 1;
    return all->sink->write(all->sink->payload, data, size) ? 0 : 1;
}

/* --- Asking. */

/* FNV-1a of what was written: changes when the answer does. */
static void mark(ask_answer *answer)
{
    const unsigned char *data = answer->data;
    uint64_t first = UINT64_C(0xcbf29ce484222325), second = UINT64_C(0x9ae16a3b2f90404f);

    for (size_t i = 0; i < answer->size; i++) {
        first = (first ^ data[i]) * UINT64_C(0x100000001b3);
        second = (second + data[i]) * UINT64_C(0xd6e8feb86659fd93);
    }
    (void)snprintf(answer->etag, sizeof answer->etag, "\"%016" PRIx64 "%016" PRIx64 "\"", first, second);
}

static int nowhere(const void *data, size_t size, void *payload)
{
    (void)data;
    (void)size;
    (void)payload;
    return 0;
}

/* An answer without rows: is it that there is no such ticker, or only that nothing of it fits? */
static ticker_status look_for_ticker(ticker_store *store, const ticker_query *query, bool *found, ticker_error *error)
{
    const char *ticker = ticker_query_tickers(query, 0);
    ticker_query *tickers = ticker_query_new("tickers");
    uint64_t rows = 0;
    ticker_status status;

    if (tickers == NULL)
        return ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "out of memory");
    status = ticker_query_set(tickers, "ticker", ticker != NULL ? ticker : "", error);
    if (status == TICKER_OK)
        status = ticker_query_set(tickers, "limit", "1", error);
    if (status == TICKER_OK)
        status = ticker_query_run(tickers, store, "ndjson", nowhere, NULL, &rows, NULL, error);
    *found = rows > 0;
    ticker_query_free(tickers);
    return status;
}

static ticker_status run(ticker_store *store, ticker_query *query, const char *kind, const char *format, collected *all,
                         ask_answer *answer, ticker_error *error)
{
    int more = 0;
    ticker_status status = ticker_query_run(query, store, format, collect, all, &answer->rows, &more, error);

    if (status != TICKER_OK)
        return status;
    answer->more = more != 0;
    answer->cursor = ticker_query_cursor(query);
    answer->found = true;
    if (answer->rows > 0)
        return TICKER_OK;
    if (strcmp(kind, "quotes") == 0 || strcmp(kind, "trades") == 0)
        return look_for_ticker(store, query, &answer->found, error);
    answer->found = strcmp(kind, "summary") != 0 && strcmp(kind, "imports") != 0;
    return TICKER_OK;
}

static void release_data(void *data)
{
    free(data);
}

ticker_status ask_run(ask *a, ticker_query *query, const char *kind, const char *format, const ask_sink *sink,
                      ask_answer *answer, ticker_error *error)
{
    collected all = {.sink = sink};
    ticker_store *store = NULL;
    ticker_status status = ticker_pool_take(a->pool, WAIT_MS, &store, error);

    memset(answer, 0, sizeof *answer);
    if (status != TICKER_OK)
        return status;
    status = run(store, query, kind, format, &all, answer, error);
    ticker_pool_give(a->pool, store);
    if (status != TICKER_OK || all.streaming) {
        free(all.data);
        return status;
    }
    answer->data = all.data != NULL ? all.data : "";
    answer->size = all.size;
    answer->owner = all.data;
    answer->release = release_data;
    mark(answer);
    return TICKER_OK;
}

ticker_status ask_check_database(void *payload, ticker_error *error)
{
    ask *a = payload;
    ticker_store *store = NULL;
    int found = 0, wanted = 0;
    ticker_status status = ticker_pool_take(a->pool, 0, &store, error);

    /* All taken: there are that many connections, and they work. */
    if (status == TICKER_RETRY && ticker_error_get_kind(error) == TICKER_ERROR_LIMIT)
        return TICKER_OK;
    if (status != TICKER_OK)
        return status;
    status = ticker_store_version(store, &found, &wanted, error);
    ticker_pool_give(a->pool, store);
    return status;
}

void ask_tend(ask *a)
{
    (void)a;
}
