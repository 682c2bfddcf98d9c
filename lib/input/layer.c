#include "input/layer.h"

#include <string.h>

ticker_status ti_layer_read(ti_layer *layer, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    size_t left = layer->head_size - layer->head_at;
    ticker_status status;

    *got = 0;
    if (left > 0) {
        *got = left < capacity ? left : capacity;
        memcpy(buffer, layer->head + layer->head_at, *got);
        layer->head_at += *got;
        return TICKER_OK;
    }
    status = layer->ops->read(layer, buffer, capacity, got, error);
    if (status == TICKER_OK)
        layer->produced += *got;
    return status;
}

ticker_status ti_layer_next(ti_layer *layer, ticker_error *error)
{
    ticker_status status;
    size_t got;

    layer->head_size = layer->head_at = 0;
    status = layer->ops->next(layer, error);
    while (status == TICKER_OK && layer->head_size < TI_LAYER_HEAD) {
        status = layer->ops->read(layer, layer->head + layer->head_size, TI_LAYER_HEAD - layer->head_size, &got, error);
        if (status == TICKER_DONE)
            return TICKER_OK; /* a short entry: what there is of it stands in the head */
        if (status == TICKER_OK) {
            layer->head_size += got;
            layer->produced += got;
        }
    }
    return status;
}
