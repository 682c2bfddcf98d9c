/* A file format: how sure it is that bytes are its own, and how to make batches of them. A new one is a file with such a table and a
 * line in registry.c. */
#ifndef TI_FORMAT_FORMAT_H
#define TI_FORMAT_FORMAT_H

#include <stdbool.h>

#include <tickerimport/error.h>

#include "input/stream.h"
#include "model/batch.h"
#include "model/report.h"

/* Bytes a bid is made on: fewer only when the member is shorter. */
#define TI_BID_BYTES 4096

/* What a parser works with. It sees no path, archive, database or clock. */
typedef struct ti_parse {
    ti_stream *stream;
    ticker_batch *batch;
    ticker_report *report;
    bool force;  /* take a file that is truncated or disagrees with its trailer */
    bool reject; /* a row that cannot be read fails the file */
} ti_parse;

typedef struct ti_format {
    const char *name;
    ticker_table table;
    uint32_t text_bytes; /* the most that the texts of one row take in UTF-8 */
    /* How many bits of evidence the first bytes hold; 0: not mine. Higher wins. */
    int (*bid)(const unsigned char *data, size_t size);
    /* Reads what stands before the first record. `*state` is the parser's own, freed by close() whatever open() returned. */
    ticker_status (*open)(ti_parse *parse, void **state, ticker_error *error);
    /* Fills the empty batch. TICKER_OK: the batch may be full or not, and may be empty; TICKER_DONE: the member ended well (the
     * batch may still hold rows); TICKER_FAILED: it did not. */
    ticker_status (*next)(ti_parse *parse, void *state, ticker_error *error);
    void (*close)(void *state);
} ti_format;

extern const ti_format ti_format_cotahist;
extern const ti_format ti_format_trades;
extern const ti_format ti_format_consolidated;
extern const ti_format ti_format_neg;
extern const ti_format ti_format_bvbg086;

/* The format with the highest bid, or NULL. */
const ti_format *ti_format_recognise(const unsigned char *data, size_t size);
/* The formats in turn, from 0 on; NULL behind the last one. */
const ti_format *ti_format_at(size_t number);
/* The format with this name, or NULL. */
const ti_format *ti_format_by_name(const char *name);

/* Counts a row that could not be read; TICKER_FAILED when the file is to be refused for it, TICKER_OK otherwise. */
ticker_status ti_parse_reject(ti_parse *parse, uint64_t line, uint64_t column, const char *reason, ticker_error *error);
/* A file that contradicts itself: TICKER_OK with force, when it is noted in the report, else TICKER_FAILED. */
ticker_status ti_parse_refuse(ti_parse *parse, uint64_t line, const char *reason, ticker_error *error);

#endif
