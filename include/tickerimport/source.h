/* Where bytes come from: a file, a descriptor, memory, or a function of the caller's own. */
#ifndef TICKERIMPORT_SOURCE_H
#define TICKERIMPORT_SOURCE_H

#include <tickerimport/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_source ticker_source;

/* A source of the caller's own. `size` is sizeof(ticker_source_ops) as the caller was compiled; members added later count
 * as NULL. */
typedef struct ticker_source_ops {
    size_t size;
    /* Puts up to `capacity` (> 0) bytes at `buffer` and their number at `*got`. TICKER_OK with *got > 0; TICKER_DONE at the end
     * (*got 0); anything below TICKER_OK is a failure: fill `error` with ticker_error_set(). Called from one thread. */
    ticker_status (*read)(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error);
    /* Called once, when the source is freed. May be NULL. */
    void (*close)(void *self);
} ticker_source_ops;

/* `name` is what messages and the ledger call the input (copied); `bytes` its length, or -1 when unknown (it is used for progress
 * only). NULL when memory is short or `ops->read` is missing; then `close` is not called. */
TICKER_API ticker_source *ticker_source_new(const ticker_source_ops *ops, void *self, const char *name, int64_t bytes);

/* A file. TICKER_FAILED with TICKER_ERROR_IO when it cannot be opened or is a directory; TICKER_FATAL with
 * TICKER_ERROR_MEMORY. `*source` is set on TICKER_OK only. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_source_open_file(const char *path, ticker_source **source,
                                                                   ticker_error *error);
/* An open descriptor (0 is standard input). The descriptor stays the caller's and is not closed. Same statuses. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_source_open_descriptor(int descriptor, const char *name,
                                                                         ticker_source **source, ticker_error *error);
/* Bytes in memory, borrowed until the source is freed. NULL when memory is short. */
TICKER_API ticker_source *ticker_source_open_memory(const void *data, size_t size, const char *name);

/* For a program that wants the bytes themselves: puts up to `capacity` (> 0) of them at `buffer` and their number at
 * `*got`. TICKER_OK with *got > 0; TICKER_DONE at the end; else what the source failed with (an object of S3:
 * TICKER_RETRY, TICKER_FAILED …), or TICKER_FATAL with TICKER_ERROR_USAGE. What came before a failure is not to be
 * kept. A source that was handed on must not be read. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_source_read(ticker_source *source, void *buffer, size_t capacity,
                                                              size_t *got, ticker_error *error);

/* Closes and frees; accepts NULL. A source handed to a reader or an import is freed by it: see there. */
TICKER_API void ticker_source_free(ticker_source *source);

#ifdef __cplusplus
}
#endif
#endif
