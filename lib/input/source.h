/* Inside view of a source: the caller's functions and what progress and messages need to know. */
#ifndef TI_INPUT_SOURCE_H
#define TI_INPUT_SOURCE_H

#include <tickerimport/limits.h>
#include <tickerimport/source.h>

struct ticker_source {
    ticker_source_ops ops;
    void *self;
    int64_t bytes;              /* -1: unknown */
    int descriptor;             /* of a regular file that may be read twice, else -1 */
    char name[TICKER_NAME_MAX]; /* cut */
    char *whole_name;
};

/* As ops.read, with the source's name added to the error. */
ticker_status ti_source_read(ticker_source *source, void *buffer, size_t capacity, size_t *got, ticker_error *error);

/* As ticker_source_open_descriptor(), but the descriptor is closed with the source; on failure it stays the caller's. */
ticker_status ti_source_own(int descriptor, const char *name, ticker_source **source, ticker_error *error);

#endif
