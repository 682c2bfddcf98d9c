/* One level of the way from stored bytes to data: the source itself, a zip archive, a gzip stream. Each has entries, one after the
 * other, and reads the entry of the level below. */
#ifndef TI_INPUT_LAYER_H
#define TI_INPUT_LAYER_H

#include <stdbool.h>

#include <tickerimport/limits.h>

#include "input/stream.h"

#define TI_LAYER_HEAD 4 /* bytes that tell a zip or gzip from data */

typedef struct ti_layer ti_layer;

typedef struct ti_layer_ops {
    /* The next entry: TICKER_OK, TICKER_DONE, or a failure after which only free() makes sense. */
    ticker_status (*next)(ti_layer *layer, ticker_error *error);
    /* Bytes of the entry, as ti_fill. */
    ticker_status (*read)(ti_layer *layer, void *buffer, size_t capacity, size_t *got, ticker_error *error);
    void (*free)(ti_layer *layer);
} ti_layer_ops;

struct ti_layer {
    const ti_layer_ops *ops;
    ti_layer *below;                   /* NULL for the source */
    char name[TICKER_NAME_MAX];        /* of the entry; "" when it has none */
    unsigned char head[TI_LAYER_HEAD]; /* first bytes of the entry, read ahead to recognise it */
    size_t head_size, head_at;
    uint64_t produced; /* bytes all entries gave so far */
};

/* Bytes of the layer's entry: the head first, then the rest. */
ticker_status ti_layer_read(ti_layer *layer, void *buffer, size_t capacity, size_t *got, ticker_error *error);
/* Moves to the next entry and reads its head. */
ticker_status ti_layer_next(ti_layer *layer, ticker_error *error);

bool ti_zip_recognise(const unsigned char *head, size_t size);
ti_layer *ti_zip_new(ti_layer *below); /* NULL: no memory */
bool ti_gzip_recognise(const unsigned char *head, size_t size);
ti_layer *ti_gzip_new(ti_layer *below);

#endif
